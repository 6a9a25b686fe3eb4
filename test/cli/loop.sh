#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# loop.sh: many requests in one thread, examples/loop (a thousand with TEST_EVERY=1): with the issuer of the tool's tests, users and
# tokens of all kinds, and what comes of each; then the same when the one is given up that fetches the keys, and when exchanges are
# refused; then with an actor, against the authorization server of the mesh.
set -u
. test/support/cli.sh
. "$top/test/support/crowd.sh"

quarters=5 requests=40
[ "${TEST_EVERY-}" != 1 ] || quarters=21 requests=1000
crowd_begin ready
crowd "$BUILD/loop" $quarters
crowd_asked ready $((6 * quarters))

crowd_begin again
"$BUILD/loop" -f guard.json requests.txt ca.pem 96 >out 2>err </dev/null
check 'another fetches the keys' test $? -eq 0
check 'one more is given up, and one fewer allowed' has out '{"APISEC_OK":25,'
check 'which was given up early' has out '"given_up_early":17,"exchanged":12,"given_up_late":5,"wrong":0,'
check 'each has one record all the same' test "$(wc -l <audit.jsonl)" -eq 96
sed 's/ledger:read/ledger:write/' guard.json >wider.json
"$BUILD/loop" wider.json requests.txt ca.pem 12 >out 2>err </dev/null
check 'what is not granted is a failure' test $? -eq 1
check 'which is told' has err APISEC_E_INVALID_SCOPE
check 'and counted' test "$(number out exchanged)" -eq 0 -a $(($(number out wrong) + $(number out given_up_late))) -eq 3
printf 'GET /health -\n' >short.txt
"$BUILD/loop" guard.json short.txt ca.pem >out 2>err </dev/null
check 'a line that says too little' test $? -eq 2
check 'is told' has err 'short.txt: GET /health -'
crowd_end

"$BUILD/mesh-story" --loop mesh "$BUILD" "$requests" >out 2>err </dev/null
check "$requests with an actor" test $? -eq 0
check 'nothing is wrong with them' test ! -s err
check 'half are given up, and half are exchanged' has out \
    "\"given_up_early\":$((requests / 4)),\"exchanged\":$((requests / 2)),\"given_up_late\":$((requests / 4)),\"wrong\":0,"
check 'each has its record' test "$(wc -l <mesh/accounts/loop.jsonl)" -eq "$requests"
run 'the log is intact' 0 '"verdict":"intact"' audit verify mesh/accounts/loop.jsonl
run 'the log of the authorization server is intact' 0 '"verdict":"intact"' audit verify mesh/sts/audit.jsonl
# Those that were given up while they were being answered were issued a token too.
issued=$(grep '"operation":"issue"' mesh/sts/audit.jsonl | grep '"aud":"ledger"' | grep '"act":"accounts"' | grep -c '"status_code":"APISEC_OK"')
check "it has issued each token that came ($issued)" test "$issued" -ge $((requests / 2)) -a "$issued" -le $((requests * 3 / 4))
check 'for Alice' test "$(grep '"aud":"ledger"' mesh/sts/audit.jsonl | grep -c '"uid":"alice"')" -eq "$issued"
check 'no secret stays' test -z "$(find mesh/accounts -name 'loop*' ! -name loop.jsonl)"
summary
