#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# run.sh: runs each test named on the command line, TEST_JOBS at a time (three times as many as there are processors, because some
# mostly wait), whatever the others do: programs, shell scripts, Python scripts. Prints one line for each as it ends, all of its output
# only if it failed, and the sum as the last line. Exit status 1 if anything failed.
#
# What a test says of itself is counted: cmocka's lines, or "N passed, N failed" as its last one. One that says nothing counts
# as one; one that ends with another status than 0 has failed, whatever it said. One that takes longer than TEST_SECONDS (300) is
# stopped. TEST_RUNNER is a command that runs the programs, as "qemu-s390x".
set -u

count() { # of one log: passed, failed, skipped
    awk '/^\[  PASSED  \] [0-9]+ test/ { p += $4; said = 1 }
         /^\[  FAILED  \] [0-9]+ test/ { f += $4; said = 1 }
         /^\[  SKIPPED \] [0-9]+ test/ { s += $4; said = 1 }
         /^[0-9]+ passed, [0-9]+ failed/ { p = $1; f = $3 + 0; s = (NF > 5 ? $5 : 0); said = 1 }
         END { if (!said) p = 1; print p + 0, f + 0, s + 0 }' "$1"
}

run_one() { # folder for logs and results, test
    seconds=${TEST_SECONDS:-300}
    limit=
    if command -v timeout >/dev/null; then limit="timeout -k 10 $seconds"; fi
    log=$(mktemp "$1/log.XXXXXX") || exit 1
    began=$(date +%s%N)
    case $2 in
    *.sh) $limit sh "$2" >"$log" 2>&1 </dev/null ;;
    *.py) $limit python3 "$2" >"$log" 2>&1 </dev/null ;;
    *) $limit ${TEST_RUNNER-} "$2" >"$log" 2>&1 </dev/null ;;
    esac
    code=$?
    [ $code -ne 124 ] || echo "stopped: it took more than $seconds seconds" >>"$log"
    name=${2#"${BUILD:-build}"/}
    # shellcheck disable=SC2046 # three numbers
    set -- "$1" $(count "$log")
    if [ $code -ne 0 ] && [ "$3" -eq 0 ]; then # it died before it could say so
        if [ "$2" -eq 1 ]; then set -- "$1" 0 1 "$4"; else set -- "$1" "$2" 1 "$4"; fi
    fi
    if [ "$3" -eq 0 ]; then
        printf '  ok      %-42s %4d passed %6d ms\n' "$name" "$2" $((($(date +%s%N) - began) / 1000000))
    else
        printf '  FAILED  %-42s %4d failed, exit status %d\n' "$name" "$3" $code >>"$log"
        cat "$log"
    fi
    echo "$2 $3 $4" >"$log.result"
}

if [ "${1-}" = --one ]; then
    run_one "$2" "$3"
    exit 0
fi

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
# The longest first, so that none of them is left running alone at the end; a name that is not there today does no harm.
first='/attack_status$|/test_log$|/test_curl$|/test_recover$|/demo\.sh$|/loop\.sh$|/test_mesh$|/network\.sh$|/tool\.sh$|/verify\.sh$|/service\.sh$'
first="$first"'|/attack_replay$|/attack_requirements$|/test_rules$|/test_service_secret$|/attack_guard_document$|/replay\.sh$|/readme\.sh$'
{
    printf '%s\n' "$@" | grep -E "$first"
    printf '%s\n' "$@" | grep -vE "$first"
} | tr '\n' '\0' | xargs -0 -n 1 -P "${TEST_JOBS:-$(($(nproc 2>/dev/null || echo 2) * 3))}" sh "$0" --one "$work"
# Each test has left its result, or something went wrong with the running itself.
cat "$work"/*.result | awk -v wanted=$# '
    { passed += $1; failed += $2; skipped += $3 }
    END {
        if (NR < wanted) failed += wanted - NR
        printf "%d passed, %d failed%s\n", passed, failed, skipped ? ", " skipped " skipped" : ""
        exit failed > 0
    }'
