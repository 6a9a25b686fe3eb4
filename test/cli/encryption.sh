#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# encryption.sh: decrypt, encrypt and verify --decrypt-key without a network. Each refusal stands beside the same call that passes.
set -u
. test/support/cli.sh

now=1700000000
"$APISEC" keygen --alg ES256 --jwks keys.json >key.json
"$APISEC" keygen --alg ECDH-ES+A256KW --jwks recipients.json >private.json 2>err || { cat err; exit 1; }
sed 's/^{"keys":\[//; s/\]}$//' recipients.json >public.json
"$APISEC" keygen --alg A128KW >secret.json
"$APISEC" keygen --alg RSA-OAEP-256 >rsa.json
{ sed -n 's/.*"d":"\([^"]*\)".*/\1/p' private.json; sed -n 's/.*"k":"\([^"]*\)".*/\1/p' secret.json; } >canaries
printf '{"iss":"https://id.example","sub":"alice","aud":"orders","client_id":"web","jti":"1","scope":"orders:read","iat":%d,"exp":%d}' \
    $now $((now + 300)) >claims.json
"$APISEC" sign --key key.json --claims claims.json --type at+jwt >signed
"$APISEC" encrypt --key public.json --alg ECDH-ES+A256KW <signed >token 2>err
check 'a token is encrypted' test $? -eq 0 -a ! -s err -a "$(tr -cd . <token | wc -c)" -eq 4

# ---- keys ----
check 'a key set holds no private half' lacks recipients.json '"d":'
run 'a key for dir' 0 '"alg":"A256CBC-HS512"' keygen --alg A256CBC-HS512
run 'a key for no algorithm' 2 '"error"' keygen --alg RSA1_5
run 'a key set for a secret' 2 'no public half' keygen --alg A128KW --jwks none.json

# ---- decrypt ----
silent=yes
decrypt() { # name, exit, plaintext, arguments
    name=$1 want=$2 text=$3
    shift 3
    "$APISEC" decrypt "$@" <in >out 2>err
    check "$name" test $? -eq "$want" -a "$(cat out)" = "$text"
}
cp token in
decrypt 'from standard input' 0 "$(cat signed)" --key private.json
check 'nothing is added' test "$(wc -c <out)" -eq "$(($(wc -c <signed) - 1))"
decrypt 'as an argument' 0 "$(cat signed)" --key private.json "$(cat token)"
printf '{"keys":[%s,%s]}' "$(cat private.json)" "$(cat secret.json)" >all.json
decrypt 'with a set of keys' 0 "$(cat signed)" --key all.json
run 'with another key' 1 '' decrypt --key secret.json "$(cat token)"
run 'with a public key' 2 '' decrypt --key public.json "$(cat token)"
run 'a token that was changed' 1 '' decrypt --key private.json "$(sed 's/.$/A/; s/..$/AA/' token)"
check 'its answer says nothing more' grep -q 'could not be decrypted$' err
run 'a signed token' 1 '' decrypt --key private.json "$(cat signed)"
run 'no token' 1 '' decrypt --key private.json ''
run 'no key' 2 '' decrypt "$(cat token)"
run 'a key that is not there' 2 '' decrypt --key nowhere.json "$(cat token)"
run 'both from standard input' 2 '' decrypt --key -

# ---- encrypt ----
printf 'a plaintext\n' >plaintext
"$APISEC" encrypt --key secret.json --alg A128KW --enc A128CBC-HS256 --cty text plaintext >token2
decrypt 'a file is taken as it is' 0 'a plaintext' --key secret.json "$(cat token2)"
check 'with its newline' test "$(wc -c <out)" -eq 12
"$APISEC" encrypt --key secret.json --alg A128KW <plaintext >token2
decrypt 'of standard input the newline is dropped' 0 'a plaintext' --key secret.json "$(cat token2)"
check 'without it' test "$(wc -c <out)" -eq 11
"$APISEC" encrypt --key recipients.json --alg ECDH-ES+A256KW <signed >token2 2>err
check 'to the set that keygen wrote' test $? -eq 0 -a ! -s err
decrypt 'and so it is read' 0 "$(cat signed)" --key private.json "$(cat token2)"
printf '{"keys":[%s,%s]}' "$(sed 's/^{"keys":\[//; s/\]}$//' keys.json)" "$(cat public.json)" >mixed.json
"$APISEC" encrypt --key mixed.json --alg ECDH-ES+A256KW <signed >token2 2>err
check 'to a set with a key for signatures beside it' test $? -eq 0 -a ! -s err
printf '{"keys":[%s,%s]}' "$(cat public.json)" "$(cat public.json)" >two.json
run 'to a set with two' 2 '' encrypt --key two.json --alg ECDH-ES+A256KW plaintext
check 'which says so' grep -q 'several keys of the set are for ECDH-ES+A256KW: one JWK is wanted' err
run 'to a set with none' 2 '' encrypt --key keys.json --alg ECDH-ES+A256KW plaintext
run 'an alg that is not the key'"'"'s' 2 '' encrypt --key secret.json --alg A256KW plaintext
run 'no alg' 2 '' encrypt --key secret.json plaintext
run 'an enc that there is not' 2 '' encrypt --key secret.json --alg A128KW --enc A128CBC plaintext
run 'two files' 2 '' encrypt --key secret.json --alg A128KW plaintext plaintext
run 'both from standard input again' 2 '' encrypt --key - --alg A128KW
silent=no

# ---- verify ----
verify() { # name, exit, text, arguments
    name=$1 want=$2 text=$3
    shift 3
    run "$name" "$want" "$text" verify --issuer https://id.example --audience orders --jwks keys.json --now $now "$@"
}
verify 'an encrypted token' 0 '"verdict":"allowed"' --decrypt-key private.json "$(cat token)"
verify 'the same with its way explained' 0 '"id":"decryption"' --decrypt-key private.json --explain "$(cat token)"
verify 'the same without the key' 1 APISEC_E_MALFORMED "$(cat token)"
verify 'the same with another key' 1 APISEC_E_KEY_UNKNOWN --decrypt-key secret.json "$(cat token)"
verify 'where encryption is required' 0 '"verdict":"allowed"' --decrypt-key private.json --require-encryption "$(cat token)"
verify 'in the open, where encryption is required' 1 APISEC_E_DECRYPTION --decrypt-key private.json --require-encryption "$(cat signed)"
verify 'in the open, where it is not' 0 '"verdict":"allowed"' --decrypt-key private.json "$(cat signed)"
verify 'encryption required without a key' 2 APISEC_E_ARGUMENT --require-encryption "$(cat token)"
"$APISEC" encrypt --key public.json --alg ECDH-ES+A256KW <token >twice
verify 'encrypted twice' 1 APISEC_E_MALFORMED --decrypt-key private.json "$(cat twice)"
"$APISEC" encrypt --key public.json --alg ECDH-ES+A256KW claims.json >unsigned
verify 'encrypted and not signed' 1 APISEC_E_MALFORMED --decrypt-key private.json "$(cat unsigned)"

# ---- RSA: refused where the mbedTLS that is there leaks through time, unless the build says RSA_DECRYPT=old ----
"$APISEC" encrypt --key rsa.json --alg RSA-OAEP-256 <signed >rsa-token 2>err
check 'encrypting to an RSA key is always possible' test $? -eq 0
silent=yes
if "$APISEC" decrypt --key rsa.json <rsa-token >out 2>err; then
    decrypt 'RSA decrypts' 0 "$(cat signed)" --key rsa.json "$(cat rsa-token)"
    run 'RSA: a token that was changed' 1 '' decrypt --key rsa.json "$(sed 's/.$/A/; s/..$/AA/' rsa-token)"
else
    run 'RSA is refused' 2 '' decrypt --key rsa.json "$(cat rsa-token)"
    check 'with the reason' grep -q 'CVE-2024-23170.*RSA_DECRYPT=old' err
    silent=no
    verify 'and so when the verifier is made' 2 APISEC_E_UNSUPPORTED --decrypt-key rsa.json "$(cat rsa-token)"
fi
summary
