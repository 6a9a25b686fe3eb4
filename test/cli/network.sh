#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# network.sh: the tool against a real https server on loopback, issuer.c: keys by URL and by discovery, token exchange, and
# what happens when the server is refused, away, or somebody else.
set -u
. test/support/cli.sh

make_certificates || { echo 'the openssl command makes no certificates'; exit 1; }
start ready "$BUILD/test/cli/issuer" server.pem server.key || exit 1
issuer=$(member ready issuer)
for name in web_secret orders_secret alice_session bob_session; do member ready $name >$name; done
cat web_secret orders_secret alice_session bob_session >canaries
trusted='--allow-loopback --cacert ca.pem --timeout 60000' # the machine may be busy

# ---- exchange: a session for a token, the token for a narrower one ----
exchange() { # name, exit, text, client, further arguments
    name=$1 want=$2 text=$3 client=$4
    shift 4
    # shellcheck disable=SC2086 # words
    run "$name" "$want" "$text" exchange --endpoint "$issuer/token" --client-id "$client" --client-secret-file "${client}_secret" $trusted "$@"
}
cp alice_session in
exchange 'a session for a token' 0 '"token_type":"Bearer"' web --audience orders --scope 'orders:read orders:write'
check 'its type' has out '"issued_token_type":"urn:ietf:params:oauth:token-type:access_token"'
check 'its scope' has out '"scope":"orders:read orders:write"'
check 'it expires' grep -qE '"expires_at":[0-9]{10}' out
check 'nothing was reduced' lacks out scope_reduced
check 'nothing is said' test ! -s err
member out access_token >alice
cp bob_session in
exchange 'less than was asked for' 0 '"scope_reduced":"orders:write"' web --audience orders --scope 'orders:read orders:write'
cp alice in
exchange 'the token for a narrower one' 0 '"scope":"ledger:read"' orders --audience ledger --scope ledger:read --requested-type access_token
member out access_token >ledger
exchange 'another audience' 1 '"status":"APISEC_E_INVALID_TARGET"' orders --audience payroll --scope ledger:read
exchange 'another scope' 1 '"status":"APISEC_E_INVALID_SCOPE"' orders --audience ledger --scope ledger:write
cp ledger in
exchange 'a token that was not for it' 1 '"status":"APISEC_E_INVALID_REQUEST"' orders --audience ledger --scope ledger:read
cp alice in
cp orders_secret kept && echo wrong >orders_secret
exchange 'a wrong secret' 1 '"status":"APISEC_E_INVALID_CLIENT"' orders --audience ledger --scope ledger:read
printf '\n' >orders_secret
exchange 'an empty secret' 2 'holds no secret' orders --audience ledger --scope ledger:read
printf '%s' "$(cat kept)" >orders_secret
exchange 'a secret without a newline' 0 '"scope":"ledger:read"' orders --audience ledger --scope ledger:read
printf '%s\n\n' "$(cat kept)" >orders_secret
exchange 'a secret with two newlines' 1 '"status":"APISEC_E_INVALID_CLIENT"' orders --audience ledger --scope ledger:read
cp kept orders_secret
exchange 'an actor, and no answer that names it' 0 '"scope":"ledger:read"' orders --audience ledger --scope ledger:read --actor-token-file ledger
exchange 'no target' 2 '"error"' orders --scope ledger:read
exchange 'a target that is no URI' 2 '"error"' orders --resource ledger
exchange 'standard input twice' 2 'only one input' orders --audience ledger --actor-token-file -
run 'no secret' 2 '"error"' exchange --endpoint "$issuer/token" --client-id orders --audience ledger
# shellcheck disable=SC2086
run 'an endpoint without TLS' 2 '"status":"APISEC_E_CONFIG"' exchange --endpoint "http://${issuer#https://}/token" --client-id orders \
    --client-secret-file orders_secret --audience ledger $trusted
# shellcheck disable=SC2086
run 'an endpoint that is none' 2 '"status":"APISEC_E_' exchange --endpoint "$issuer/jwks" --client-id orders \
    --client-secret-file orders_secret --audience ledger $trusted
run 'loopback is refused' 2 '"status":"APISEC_E_ADDRESS"' exchange --endpoint "$issuer/token" --client-id orders \
    --client-secret-file orders_secret --audience ledger --cacert ca.pem
run 'an unknown CA is refused' 2 '"status":"APISEC_E_TLS"' exchange --endpoint "$issuer/token" --client-id orders \
    --client-secret-file orders_secret --audience ledger --allow-loopback

# ---- verify: keys over the network ----
verify() { # name, exit, text, further arguments
    name=$1 want=$2 text=$3
    shift 3
    run "$name" "$want" "$text" verify --issuer "$issuer" --audience orders "$@"
}
allowed='"verdict":"allowed"' away='{"verdict":"denied","status":"APISEC_E_KEYS_UNAVAILABLE","http_status":503'
# shellcheck disable=SC2086
{
    verify 'keys by URL' 0 "$allowed" --jwks-uri "$issuer/jwks" $trusted
    verify 'keys by discovery' 0 "$allowed" --discover $trusted
    verify 'keys by discovery, with the default timeout' 0 "$allowed" --discover --allow-loopback --cacert ca.pem
    verify 'loopback is refused' 2 "$away" --jwks-uri "$issuer/jwks" --cacert ca.pem
    verify 'an unknown CA is refused' 2 "$away" --jwks-uri "$issuer/jwks" --allow-loopback
    verify 'a page that holds no keys' 2 "$away" --jwks-uri "$issuer/nowhere" $trusted
    verify 'nobody listens' 2 "$away" --jwks-uri https://127.0.0.1:1/jwks $trusted
    verify 'keys without TLS' 2 '"status":"APISEC_E_CONFIG"' --jwks-uri "http://${issuer#https://}/jwks" $trusted
    "$APISEC" keygen --alg ES256 >other.jwk
    printf '{"iss":"%s/","sub":"alice","aud":"orders","client_id":"web","jti":"1","iat":%d,"exp":%d}' \
        "$issuer" "$(date +%s)" $(($(date +%s) + 300)) >claims.json
    "$APISEC" sign --key other.jwk --claims claims.json --type at+jwt >in
    run 'the metadata of another issuer' 2 "$away" verify --issuer "$issuer/" --audience orders --discover $trusted
    check 'it says what is wrong with it' has err 'the metadata document is of another issuer'
    cp ledger in
    verify 'the narrower token is not for orders' 1 APISEC_E_AUDIENCE --discover $trusted
    run 'it is for ledger' 0 "$allowed" verify --issuer "$issuer" --audience ledger --scope ledger:read --discover $trusted
    check 'it names who acts' has out '"act":{"sub":"orders"}'
    check 'it names on whose behalf' has out '"sub":"alice"'
}

# ---- verify: opaque tokens, introspected ----
introspect() { # name, exit, text, token, further arguments
    name=$1 want=$2 text=$3
    cp "$4" in
    shift 4
    # shellcheck disable=SC2086 # words
    verify "$name" "$want" "$text" --introspect "$issuer/introspect" --client-id orders $trusted "$@"
}
by_secret='--client-secret-file orders_secret'
"$APISEC" keygen --alg ES256 >client.jwk 2>/dev/null
echo nobody >other
# shellcheck disable=SC2086
{
    introspect 'an opaque token' 0 "$allowed" alice_session $by_secret --scope orders:write
    check 'its claims' has out '"sub":"alice"'
    check 'and principal' has out "\"principal\":\"$issuer|alice\""
    introspect 'what was not granted' 1 '"status":"APISEC_E_SCOPE"' bob_session $by_secret --scope orders:write
    introspect 'one that nobody issued' 1 '"status":"APISEC_E_INACTIVE"' other $by_secret
    introspect 'a signed answer' 0 "$allowed" alice_session $by_secret --signed-answers --discover
    introspect 'signed by another' 2 '"status":"APISEC_E_RESPONSE"' alice_session $by_secret --signed-answers --alg RS256 --discover
    introspect 'a JWT beside it' 0 "$allowed" alice $by_secret --discover
    introspect 'a JWT of an issuer without keys' 1 '"status":"APISEC_E_ALGORITHM"' alice $by_secret
    introspect 'a wrong secret' 2 '"status":"APISEC_E_INVALID_CLIENT"' alice_session --client-secret-file web_secret
    introspect 'a key that the issuer does not know' 2 '"status":"APISEC_E_INVALID_CLIENT"' alice_session --client-key client.jwk
    introspect 'a secret that is no key' 2 '--client-key' alice_session --client-key orders_secret
    introspect 'two ways to authenticate' 2 'exactly one of' alice_session $by_secret --client-key client.jwk
    introspect 'no way to authenticate' 2 'exactly one of' alice_session
    introspect 'signed answers without keys' 2 '"status":"APISEC_E_CONFIG"' alice_session $by_secret --signed-answers
    verify 'a client for nothing' 2 '--introspect' --discover --client-id orders $trusted
    verify 'nobody to ask' 2 '"status":"APISEC_E_UNREACHABLE"' --introspect https://127.0.0.1:1/i --client-id orders $by_secret $trusted
    cp alice in
    run 'an exchange with a key' 1 '"status":"APISEC_E_INVALID_CLIENT"' exchange --endpoint "$issuer/token" --client-id orders \
        --client-key client.jwk --client-audience "$issuer" --audience ledger --scope ledger:read $trusted
    run 'a key without an audience' 2 '--client-audience' exchange --endpoint "$issuer/token" --client-id orders \
        --client-key client.jwk --audience ledger --scope ledger:read $trusted
}

# ---- a server that listens and never answers, and one that is gone ----
exec 9>&- # the issuer ends
start silent python3 -c 'import socket, sys
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
sys.stdin.read()' || exit 1
cp alice in
began=$(date +%s)
verify 'a silent server' 2 "$away" --jwks-uri "https://127.0.0.1:$(cat silent)/jwks" --allow-loopback --timeout 300
check 'it is not waited for' test $(($(date +%s) - began)) -lt 30
# shellcheck disable=SC2086
verify 'the server is gone' 2 "$away" --discover $trusted

summary
