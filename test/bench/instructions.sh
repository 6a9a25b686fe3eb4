#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# instructions.sh: instructions of one RS256 verification, of it outside the crypto provider, and of one served from the cache;
# and the same beside ten thousand issuers, with as many keys in the set as there may be; of one request counted by a limit; of one
# decision of a guard, by ten rules and by ten thousand. Counted by callgrind: the same number on a busy machine as on a quiet one.
# Only the repetitions themselves are counted.
set -eu
program=${BUILD:-build}/test/bench/bench_verify
command -v valgrind >/dev/null || { echo "instructions: valgrind is not installed: make deps DEPS=sanitizers" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
missed=0

each() { # what
    total=$(valgrind --tool=callgrind --instr-atstart=no --toggle-collect=collected --callgrind-out-file="$work/out" \
        "$program" RS256 "$1" 50 2>&1 >/dev/null | sed -n 's/.*Collected : //p')
    test "${total:-0}" -gt 0 || { echo "instructions: nothing was counted: is valgrind/callgrind.h there?" >&2; exit 2; }
    echo $((total / 50))
}
bar() { # sentence, value, most
    if [ "$2" -le "$3" ]; then verdict='ok     '; else verdict='MISSED '; missed=1; fi
    printf '  %s %s: %d, wanted <= %d\n' "$verdict" "$1" "$2" "$3"
}
whole=$(each verify) provider=$(each provider) hit=$(each hit) many=$(each many) many_hit=$(each many-hit)
printf 'instructions of one RS256 verification: %d\n' "$whole"
bar 'outside the provider' $((whole - provider)) 60000
bar 'served from the cache' "$hit" 8000
bar 'beside 10,000 issuers, with 64 keys, outside the provider' $((many - provider)) $(((whole - provider) * 105 / 100))
bar 'the same, served from the cache' "$many_hit" $((hit * 105 / 100))

if [ "${LIMITS:-all}" = none ]; then exit $missed; fi # what follows has limits in it

counted() { # what
    total=$(valgrind --tool=callgrind --instr-atstart=no --toggle-collect=collected --callgrind-out-file="$work/out" \
        "${BUILD:-build}/test/bench/bench_limit" "$1" 1000 2>&1 >/dev/null | sed -n 's/.*Collected : //p')
    test "${total:-0}" -gt 0 || { echo "instructions: nothing was counted" >&2; exit 2; }
    echo $((total / 1000))
}
bar 'of one request counted by a limit' "$(counted known)" 800
bar 'the same, of a newcomer' "$(counted newcomer)" 1600

decided() { # what, how many rules
    total=$(valgrind --tool=callgrind --instr-atstart=no --toggle-collect=collected --callgrind-out-file="$work/out" \
        "${BUILD:-build}/test/bench/bench_decide" "$1" "$2" 512 2>&1 >/dev/null | sed -n 's/.*Collected : //p')
    test "${total:-0}" -gt 0 || { echo "instructions: nothing was counted" >&2; exit 2; }
    echo $((total / 512))
}
few=$(decided plain 10) many=$(decided plain 10000)
bar 'of one decision by 10 rules' "$few" 13000
bar 'the same, by 10,000 rules' "$many" $((few * 105 / 100))
bar 'of one by 10 rules with a network and a limit' "$(decided full 10)" 16500
bar 'of one by 10 rules and its record, with the hash' "$(decided record 10)" 225000
exit $missed
