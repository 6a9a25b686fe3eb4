#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# demo.sh: the demo comes out as it tells, fits a terminal, leaves its log and no process behind, and shows no secret.
set -u
. test/support/cli.sh

mkdir first killed
"$BUILD/demo-story" "$scratch/first" "$BUILD/demo-issuer" >out 2>err </dev/null
check 'the story comes out as told' test $? -eq 0
check 'nothing went wrong' test ! -s err
check 'nothing was otherwise' lacks out 'NOT AS TOLD'
check 'it fits 100 columns' awk 'length > 100 { print; exit 1 }' out
check 'no colours where nobody sees them' lacks out "$(printf '\033')"
check 'it shows no token' sh -c '! grep -qE "eyJ[A-Za-z0-9_-]{20}" out'
check 'its last line says what to try next' sh -c 'tail -n 1 out | grep -q "^Try next: .*apisec audit verify .*/audit.jsonl"'
for text in APISEC_E_ALGORITHM APISEC_E_SIGNATURE APISEC_E_EXPIRED APISEC_E_AUDIENCE APISEC_E_KEY_UNKNOWN APISEC_E_SCOPE \
    APISEC_E_MALFORMED APISEC_E_TYPE APISEC_E_REQUEST APISEC_E_DENIED APISEC_E_NO_CREDENTIAL 'WWW-Authenticate' 'insufficient_scope'; do
    check "it shows $text" has out "$text"
done
run 'its log is intact' 0 '"verdict":"intact"' audit verify first/audit.jsonl
run 'the tampered copy is not' 1 '"verdict":"broken"' audit verify first/audit-tampered.jsonl
check 'the log holds no token' sh -c '! grep -qE "eyJ[A-Za-z0-9_-]{20}" first/audit.jsonl'

# alive PATTERN: a process with this in its command line; the pattern has brackets, so that it does not find itself.
alive() { grep -qs -- "$1" /proc/[0-9]*/cmdline; }
gone() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        alive "$1" || return 0
        sleep 0.1
    done
    return 1
}
check 'the issuer has ended' gone "$scratch/firs[t]/"

# An issuer that never says it is ready keeps the story waiting; whatever ends the story ends the issuer.
printf '#!/bin/sh\nexec "%s" "$@" >/dev/null\n' "$BUILD/demo-issuer" >mute
chmod +x mute
for signal in INT TERM KILL; do
    "$BUILD/demo-story" "$scratch/killed" "$scratch/mute" >out 2>err </dev/null &
    story=$!
    until alive "$scratch/kille[d]/server.pem" || ! kill -0 $story 2>/dev/null; do sleep 0.05; done
    check "the story is under way" kill -$signal $story
    wait $story 2>/dev/null
    check "a story that was told $signal is no success" test $? -gt 128
    check "no issuer outlives $signal" gone "$scratch/kille[d]/"
done

"$BUILD/demo-story" "$scratch/nowhere" "$BUILD/demo-issuer" >out 2>err </dev/null
check 'a folder that is not there is a failure' test $? -eq 1
"$BUILD/demo-story" first "$scratch/nothing" >out 2>err </dev/null
check 'an issuer that does not start is a failure' test $? -eq 1

summary
