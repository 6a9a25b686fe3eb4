#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# binding.sh: apisec dpop, and apisec verify of bound tokens: with the key or certificate they are bound to, and as a thief would
# send them. Each refusal stands beside the same call that passes.
set -u
. test/support/cli.sh

now=1700000000
url=https://api.example/orders/7
claims() { # cnf
    printf '{"iss":"https://id.example","sub":"alice","aud":"orders","client_id":"web","jti":"1","iat":%d,"exp":%d%s}' \
        $now $((now + 300)) "$1"
}
token() { # cnf
    claims "$1" >claims.json
    "$APISEC" sign --key key.json --claims claims.json --type at+jwt
}
proof() { # key, further arguments
    key=$1
    shift
    "$APISEC" dpop --key "$key" --url $url --now $now "$@" >proof
}
verify() { # name, exit, text, further arguments
    name=$1 want=$2 text=$3
    shift 3
    run "$name" "$want" "$text" verify --issuer https://id.example --audience orders --jwks keys.json --now $now "$@"
}
allowed='{"verdict":"allowed"'

"$APISEC" keygen --alg ES256 --jwks keys.json >key.json || exit 1
"$APISEC" keygen --alg ES256 >owner.json
"$APISEC" keygen --alg ES256 >thief.json
"$APISEC" keygen --alg HS256 >secret.json
for key in owner thief secret; do sed -n 's/.*"[dk]":"\([^"]*\)".*/\1/p' $key.json; done >canaries

# ---- apisec dpop ----
silent=yes
run 'no key' 2 '' dpop --url $url
run 'no URL' 2 '' dpop --key owner.json
run 'a thumbprint of a URL' 2 '' dpop --key owner.json --thumbprint --url $url
run 'a shared secret' 2 '' dpop --key secret.json --url $url
run 'a URL that is none' 2 '' dpop --key owner.json --url /orders/7
run 'a nonce that is none' 2 '' dpop --key owner.json --url $url --nonce 'a b'
run 'a key that is not there' 2 '' dpop --key nowhere.json --url $url
silent=no
jkt=$("$APISEC" dpop --key owner.json --thumbprint)
check 'a thumbprint is 43 characters' test ${#jkt} -eq 43
check 'a generated key is named by it' has owner.json "\"kid\":\"$jkt\""

# ---- a token bound to a key ----
bound=$(token ",\"cnf\":{\"jkt\":\"$jkt\"}")
echo "$bound" >bound
proof owner.json --token-file bound
verify 'its owner' 0 "$allowed" --dpop-proof-file proof --url "$url?page=2" "$bound"
verify 'in another spelling' 0 "$allowed" --dpop-proof-file proof --url HTTPS://API.example:443/./orders/%37 "$bound"
verify 'without a proof' 1 APISEC_E_BINDING "$bound"
verify 'another URL' 1 APISEC_E_PROOF --dpop-proof-file proof --url https://api.example/orders/8 "$bound"
check 'the challenge says so' has out 'DPoP error=\"invalid_dpop_proof\"'
verify 'another host' 1 APISEC_E_PROOF --dpop-proof-file proof --url https://evil.example/orders/7 "$bound"
verify 'another method' 1 APISEC_E_PROOF --dpop-proof-file proof --url $url --method DELETE "$bound"
proof owner.json --token-file bound --method DELETE
verify 'the method it was made for' 0 "$allowed" --dpop-proof-file proof --url $url --method DELETE "$bound"
proof owner.json
verify 'a proof for no token' 1 APISEC_E_PROOF --dpop-proof-file proof --url $url "$bound"
proof thief.json --token-file bound
verify 'the key of a thief' 1 APISEC_E_BINDING --dpop-proof-file proof --url $url "$bound"
"$APISEC" dpop --key owner.json --url $url --now $((now - 31)) --token-file bound >proof
verify 'an old proof' 1 APISEC_E_PROOF --dpop-proof-file proof --url $url "$bound"
"$APISEC" dpop --key owner.json --url $url --now $((now - 30)) --token-file bound >proof
verify 'the oldest that is good' 0 "$allowed" --dpop-proof-file proof --url $url "$bound"
verify 'a proof without a URL' 2 'APISEC_E_ARGUMENT' --dpop-proof-file proof "$bound"
verify 'an origin without TLS' 2 'APISEC_E_CONFIG' --dpop-proof-file proof --url http://api.example/ "$bound"
verify 'an empty proof' 2 'APISEC_E_CONFIG' --dpop-proof-file /dev/null --url $url "$bound"

# ---- a token bound to a certificate: its hash is all that is looked at ----
printf 'the bytes of a certificate' >cert.der
printf 'the bytes of another one..' >other.der
printf '%s\n' 'a comment' '-----BEGIN CERTIFICATE-----' 'dGhlIGJ5dGVzIG9mIGEgY2Vy' 'dGlmaWNhdGU=' '-----END CERTIFICATE-----' >cert.pem
printf -- '-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n' >bad.pem
certified=$(token ',"cnf":{"x5t#S256":"7lVVeNhL8naxhI5gorPuJ9j-veHreUnXDlWCPyz-x3Y"}')
verify 'its certificate' 0 "$allowed" --peer-cert cert.der "$certified"
verify 'the same in PEM' 0 "$allowed" --peer-cert cert.pem "$certified"
verify 'another certificate' 1 APISEC_E_BINDING --peer-cert other.der "$certified"
verify 'no certificate' 1 APISEC_E_BINDING "$certified"
verify 'a file that holds none' 2 APISEC_E_CONFIG --peer-cert bad.pem "$certified"
verify 'an empty file' 2 APISEC_E_CONFIG --peer-cert /dev/null "$certified"
verify 'a token bound to nothing' 0 "$allowed" --peer-cert cert.der "$(token '')"

summary
