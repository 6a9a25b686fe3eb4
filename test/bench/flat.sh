#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# flat.sh: does it take more instructions to have more: 1, 64 and 10,000 keys in a set, issuers trusted, key sets fetched; counted by
# callgrind. Exit status 1 if 10,000 take over 5 % more than 64. One alone may take less: up to eight in a table are looked through.
set -eu
program=${BUILD:-build}/test/bench/bench_lookup
command -v valgrind >/dev/null || { echo "flat: valgrind is not installed: make deps DEPS=sanitizers" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

each() { # what, how many there are: instructions of one
    total=$(valgrind --tool=callgrind --toggle-collect=collected --callgrind-out-file="$work/out" "$program" "$1" "$2" 2>&1 >/dev/null |
        sed -n 's/.*Collected : //p')
    echo $((total / 256 / 15))
}

missed=0
printf 'instructions of one, among so many\n  %-32s %10s %10s %10s %8s\n' '' 1 64 10,000 more
for what in keys issuers snapshots; do
    one=$(each $what 1)
    few=$(each $what 64)
    many=$(each $what 10000)
    awk -v what=$what -v one="$one" -v few="$few" -v many="$many" 'BEGIN {
        more = (many - few) * 100 / few
        printf "  %-32s %10d %10d %10d %6.1f %%\n", what, one, few, many, more
        exit more > 5 || more < -5 || one > few * 1.05
    }' || missed=1
done
exit $missed
