#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# loop.sh: a thousand requests in one thread, examples/loop, with the issuer of the tool's tests: half of them cancelled on the way,
# and the counts that come out.
set -u
. test/support/cli.sh

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
loop ledger:read
check 'a thousand come out as they must' test $? -eq 0
check 'nothing is wrong' test ! -s err
check 'half are cancelled, half succeed' has out '500 cancelled, '
check 'half of them succeed' has out ', 500 exchanged, 0 failed'
check 'each has its record' has out 'audit records 1000, lost 0, chain intact'
check 'several requests at once' has out 'at most 8 at once'
loop ledger:read 7
check 'an odd number' test $? -eq 0
loop ledger:write 8
check 'what is not granted is a failure' test $? -eq 1
check 'which is told' has err APISEC_E_INVALID_SCOPE
exec 9>&-
summary
