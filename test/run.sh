#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# run.sh: runs each test named on the command line, whatever the one before did: programs, shell scripts, Python scripts. Prints one
# line for each, all of its output only if it failed, and the sum as the last line. Exit status 1 if anything failed.
#
# What a test says of itself is counted: cmocka's lines, or "N passed, N failed" as its last one. One that says nothing counts
# as one; one that ends with another status than 0 has failed, whatever it said. One that takes longer than TEST_SECONDS (300) is
# stopped.
set -u
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
passed=0 failed=0 skipped=0
seconds=${TEST_SECONDS:-300}
limit=
if command -v timeout >/dev/null; then limit="timeout -k 10 $seconds"; fi

count() { # of one log: passed, failed, skipped
    awk '/^\[  PASSED  \] [0-9]+ test/ { p += $4; said = 1 }
         /^\[  FAILED  \] [0-9]+ test/ { f += $4; said = 1 }
         /^\[  SKIPPED \] [0-9]+ test/ { s += $4; said = 1 }
         /^[0-9]+ passed, [0-9]+ failed/ { p = $1; f = $3 + 0; s = (NF > 5 ? $5 : 0); said = 1 }
         END { if (!said) p = 1; print p + 0, f + 0, s + 0 }' "$1"
}

for test in "$@"; do
    began=$(date +%s%N)
    case $test in
    *.sh) $limit sh "$test" >"$log" 2>&1 </dev/null ;;
    *.py) $limit python3 "$test" >"$log" 2>&1 </dev/null ;;
    *) $limit "$test" >"$log" 2>&1 </dev/null ;;
    esac
    code=$?
    [ $code -ne 124 ] || echo "stopped: it took more than $seconds seconds" >>"$log"
    # shellcheck disable=SC2046 # three numbers
    set -- $(count "$log") "$began"
    p=$1 f=$2 s=$3 ms=$((($(date +%s%N) - began) / 1000000))
    if [ $code -ne 0 ] && [ "$f" -eq 0 ]; then
        f=1 # it died before it could say so
        [ "$p" -eq 1 ] && p=0
    fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    if [ "$f" -eq 0 ]; then
        printf '  ok      %-42s %4d passed %6d ms\n' "${test#"${BUILD:-build}"/}" "$p" "$ms"
    else
        cat "$log"
        printf '  FAILED  %-42s %4d failed, exit status %d\n' "${test#"${BUILD:-build}"/}" "$f" $code
    fi
done
if [ $skipped -gt 0 ]; then echo "$passed passed, $failed failed, $skipped skipped"; else echo "$passed passed, $failed failed"; fi
[ $failed -eq 0 ]
