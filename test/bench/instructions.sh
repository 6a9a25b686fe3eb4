#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# instructions.sh: instructions of one RS256 verification, and of it outside the crypto provider, counted by callgrind: the same number
# on a busy machine as on a quiet one. Only the repetitions themselves are counted.
set -eu
program=${BUILD:-build}/test/bench/bench_verify
command -v valgrind >/dev/null || { echo "instructions: valgrind is not installed: make deps DEPS=sanitizers" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

each() { # what
    total=$(valgrind --tool=callgrind --toggle-collect=collected --callgrind-out-file="$work/out" "$program" RS256 "$1" 50 2>&1 >/dev/null |
        sed -n 's/.*Collected : //p')
    echo $((total / 50))
}
whole=$(each verify)
provider=$(each provider)
printf 'instructions of one RS256 verification: %d, of them outside the provider: %d\n' "$whole" $((whole - provider))
