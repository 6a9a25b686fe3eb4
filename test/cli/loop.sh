#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# loop.sh: two hundred requests in one thread (a thousand with TEST_EVERY=1), examples/loop: against the authorization server of the
# mesh, with an actor, half of them cancelled on the way, and the counts that come out; then a few with the issuer of the tool's tests.
set -u
. test/support/cli.sh

requests=200
[ "${TEST_EVERY-}" != 1 ] || requests=1000
half=$((requests / 2))
"$BUILD/mesh-story" --loop mesh "$BUILD" $requests >out 2>err </dev/null
check 'all come out as they must' test $? -eq 0
check 'nothing is wrong' test ! -s err
check 'half are cancelled' has out " $half cancelled, "
check 'half of them succeed' has out ", $half exchanged, 0 failed"
check 'each has its record' has out "audit records $requests, lost 0, chain intact"
check 'several requests at once' has out 'at most 8 at once'
run 'the log of the authorization server is intact' 0 '"verdict":"intact"' audit verify mesh/sts/audit.jsonl
# Those that were cancelled while they were being answered were issued a token too.
issued=$(grep '"operation":"issue"' mesh/sts/audit.jsonl | grep '"aud":"ledger"' | grep '"act":"accounts"' | grep -c '"status_code":"APISEC_OK"')
check "it has issued each token that came ($issued)" test "$issued" -ge $half -a "$issued" -lt $((half * 3 / 2))
check 'for Alice' test "$(grep '"aud":"ledger"' mesh/sts/audit.jsonl | grep -c '"uid":"alice"')" -eq "$issued"
check 'no secret stays' test -d mesh/accounts -a -z "$(find mesh/accounts -name 'loop*')"

make_certificates || { echo 'the openssl command makes no certificates'; exit 1; }
start ready "$BUILD/test/cli/issuer" server.pem server.key || exit 1
issuer=$(member ready issuer)
for name in web_secret orders_secret alice_session; do member ready $name >$name; done
run 'a token to begin with' 0 '"token_type":"Bearer"' exchange --endpoint "$issuer/token" --client-id web \
    --client-secret-file web_secret --allow-loopback --cacert ca.pem --audience orders --scope 'orders:read orders:write' \
    "$(cat alice_session)"
member out access_token >alice

loop() { # target scope, number
    "$BUILD/loop" "$issuer" ca.pem orders orders:read alice orders orders_secret ledger "$@" >out 2>err
}
loop ledger:read 7
check 'an odd number, and nobody who acts' test $? -eq 0
check 'four of them succeed' has out ', 4 exchanged, 0 failed'
loop ledger:write 8
check 'what is not granted is a failure' test $? -eq 1
check 'which is told' has err APISEC_E_INVALID_SCOPE
exec 9>&-
summary
