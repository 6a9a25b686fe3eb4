#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# demo.sh: the demo as a program: it comes out as it tells, fits a terminal, leaves its logs and no process behind, and shows no secret.
# What it tells is tested in test/mesh, on the replies themselves.
set -u
. test/support/cli.sh

"$BUILD/mesh-story" "$scratch/first" "$BUILD" >out 2>err </dev/null
check 'the story comes out as told' test $? -eq 0
cp out told
check 'nothing went wrong' test ! -s err
check 'nothing was otherwise' lacks out 'NOT AS TOLD'
check 'it fits 100 columns' awk 'length > 100 { print; exit 1 }' out
check 'no colours where nobody sees them' lacks out "$(printf '\033')"
check 'it shows no token' sh -c '! grep -qE "eyJ[A-Za-z0-9_-]{20}" out'
check 'it says what to try next' sh -c 'tail -n 2 out | grep -q "apisec audit verify .*/audit.jsonl"'
for service in sts gateway accounts ledger; do
    run "the log of $service is intact" 0 '"verdict":"intact"' audit verify "first/$service/audit.jsonl"
    check "the log of $service holds no token" sh -c "! grep -qE 'eyJ[A-Za-z0-9_-]{20}' first/$service/audit.jsonl"
done
# Every member of these records is in the table of audit.h, and the other way round but for what this demo has no use for.
python3 - "$top/include/apisec/audit.h" first/*/audit.jsonl >out 2>err <<'END'
import json, re, sys
table = set(re.findall(r"^ \*     ([a-z_]+(?:\.[a-z0-9_]+|\[\])*) ", open(sys.argv[1]).read(), re.M))
unused = {"src_endpoint.name", "metadata.correlation_uid"}
unused |= {"unmapped.apisec." + name for name in ("service", "partial", "credentials", "rules", "act_issuer")}
def paths(value, path):
    if isinstance(value, dict) and path != "unmapped.apisec.claims": # whose names are the issuer's
        for name, member in value.items(): yield from paths(member, path + "." + name if path else name)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for element in value: yield from paths(element, path + "[]")
    else: yield path
found = {p for log in sys.argv[2:] for line in open(log) for r in [json.loads(line)] if r["unmapped"]["apisec"]["kind"] == "decision"
         for p in paths(r, "")}
print("not in audit.h:", sorted(found - table), "not in any record:", sorted(table - found - unused))
sys.exit(not table or found - table != set() or table - found - unused != set())
END
check 'records and their table agree' test $? -eq 0
# A secret, reference token or key that was in use is in no log and not on the screen.
for secret in first/gateway/client.secret first/accounts/client.secret; do
    cat $secret
    echo
done | grep . >canaries
for key in first/sts/signing.jwk first/accounts/actor.jwk first/ledger/decryption.jwk; do
    sed -n 's/.*"d":"\([^"]*\)".*/\1/p' $key
    echo
done | grep . >>canaries
check 'there are secrets to look for' test "$(wc -l <canaries)" -eq 5
check 'no log, no document and no screen shows one' sh -c '! cat told first/*/audit.jsonl first/*/*.json | grep -qFf canaries'
check 'nobody else can read them' sh -c 'test -z "$(find first \( -name "*.jwk" -o -name "*.secret" -o -name "*.json" \) -perm /077)"'
: >canaries
run 'the tampered copy is not intact' 1 '"verdict":"broken"' audit verify first/ledger-tampered.jsonl

# alive PATTERN: a process with this in its command line; the pattern has brackets, so that it does not find itself.
alive() { grep -qs -- "$1" /proc/[0-9]*/cmdline; }
gone() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
        alive "$1" || return 0
        sleep 0.1
    done
    return 1
}
check 'all services have ended' gone "$scratch/firs[t]/"

# Whatever ends it in the middle, it leaves no service either; a signal to end is what Ctrl-C is.
for signal in INT TERM KILL; do
    "$BUILD/mesh-story" "$scratch/killed$signal" "$BUILD" >out 2>err </dev/null &
    story=$!
    until alive "$scratch/kille[d]$signal/ledger" || ! kill -0 $story 2>/dev/null; do sleep 0.01; done
    # A shell's background job ignores INT; the program has its own handler.
    check 'the story is under way' kill -$signal $story
    wait $story 2>/dev/null
    check "a story that was told $signal is no success" test $? -gt 128
    check "no service outlives a demo ended by $signal" gone "$scratch/kille[d]$signal/"
done

"$BUILD/mesh-story" "$scratch/no/where" "$BUILD" >out 2>err </dev/null
check 'a folder that cannot be made is a failure' test $? -eq 1
check 'it says so' has err 'cannot make folders'
"$BUILD/mesh-story" second "$scratch/nothing" >out 2>err </dev/null
check 'services that do not start are a failure' test $? -eq 1
check 'none is left' gone "secon[d]/"

summary
