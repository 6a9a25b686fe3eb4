#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# dist.sh: the source archive as its users get it: unpacked where there is no git, it builds, passes tests of its own, and makes itself
# again to the byte. Needs nothing built.
set -u
cc=${CC:-cc}
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
# The make that runs this test is not the one that is tested.
unset MAKEFLAGS MFLAGS MAKELEVEL BUILD
passed=0 failed=0
check() { # what is true, then the command that says so
    what=$1
    shift
    if "$@" >"$work/log" 2>&1; then passed=$((passed + 1)); else
        failed=$((failed + 1))
        echo "not true: $what"
        tail -n 40 "$work/log" | sed 's/^/    /'
    fi
}
not() { ! "$@"; }

name=apisec-$(sed -n 's/^VERSION := //p' Makefile)
check 'make dist' make --no-print-directory BUILD="$work/one" dist
check 'make dist, once more, with another umask' sh -c "umask 077; make --no-print-directory BUILD='$work/two' dist"
check 'both are the same bytes' cmp "$work/one/$name.tar.gz" "$work/two/$name.tar.gz"

mkdir "$work/away" && cd "$work/away" || exit 2
# With the time of now, which must not come back in the archive made from it.
check 'it unpacks' tar -xmzf "$work/one/$name.tar.gz"
check 'all of it lies in one folder' [ "$(ls -A)" = "$name" ]
check 'it belongs to nobody in particular' not sh -c "tar -tvzf '$work/one/$name.tar.gz' | grep -qv '^[-l][rwx-]* 0/0 '"
cd "$name" || { echo "$passed passed, $((failed + 1)) failed"; exit 1; }
for file in README.md COPYING CHANGELOG.md SECURITY.md .ci/run test/run.sh; do check "$file is in it" [ -f "$file" ]; done
check 'what was built is not in it' [ ! -e build ]
check 'git is not in it' [ ! -e .git ]

tests='build/test/unit/test_url build/test/unit/test_jws'
# shellcheck disable=SC2086 # a list of files
check 'make' make --no-print-directory -j"$(nproc 2>/dev/null || echo 2)" DEPS=none CC="$cc" all $tests
check 'the tool says its version' [ "$(build/apisec --version)" = "apisec ${name#apisec-}" ]
check 'the manual pages are made' [ -s build/man/man1/apisec.1 ]
for test in $tests; do check "$test" "$test"; done
check 'make dist from what was unpacked' make --no-print-directory dist
check 'it is the same bytes again' cmp "build/$name.tar.gz" "$work/one/$name.tar.gz"

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
