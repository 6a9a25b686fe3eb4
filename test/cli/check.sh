#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# check.sh: apisec check: one request judged by a guard's document: each refusal beside the same call that passes, the reply that a
# service would give, and that the service's log is left alone.
set -u
. test/support/cli.sh

now=1700000000
"$APISEC" keygen --alg ES256 --jwks keys.json >key.json 2>err || { cat err; exit 1; }
"$APISEC" keygen --alg ES256 >other.json
token() { # key, further claims
    printf '{"iss":"https://id.example","sub":"alice","aud":"orders","client_id":"web","jti":"1","scope":"orders:read",' >claims.json
    printf '"iat":%d,"exp":%d%s}' $now $((now + 300)) "${2:-}" >>claims.json
    "$APISEC" sign --key "$1" --claims claims.json --type at+jwt
}
good=$(token key.json)
forged=$(token other.json)
# Of secret-canary-1234, made by Python's hashlib; `apisec hash` would make it sixty times slower.
# shellcheck disable=SC2016 # no variables
hash='$pbkdf2-sha256$i=10000$TqXuaP6gVYYQaJDe1XM4IA$Gwiz-_YK9ORHIGUl-Qm3HVp1Ir8i7yIpxx0xzzC0AKU'
: >in
cat >guard.json <<END
{"trust":{"realm":"orders","dpop":{},"origins":["https://orders.example"],
  "issuers":[{"issuer":"https://id.example","audiences":["orders"],"algorithms":["ES256"],"jwks":"file:keys.json"}]},
 "networks":{"office":["192.0.2.0/24"],"proxies":["10.0.0.0/8"]},"trusted_proxies":["proxies"],
 "peers":{"server":{"dns":["server.example"]}},
 "services":{"header":"X-Service","secrets":{"batch":"$hash"}},
 "rules":[{"id":"read","path":"/orders/{order}","methods":["GET"],"require":{"scopes":["orders:read"]}},
  {"id":"write","path":"/orders/{order}","methods":["PUT"],"require":{"scopes":["orders:write"]}},
  {"id":"strong","path":"/strong","require":{"acr":["gold"]}},
  {"id":"health","path":"/health","public":true},
  {"id":"office","path":"/office","user":"none","require":{"networks":["office"]}},
  {"id":"peer","path":"/peer","user":"none","require":{"peers":["server"]}},
  {"id":"batch","path":"/batch","user":"none","require":{"services":["batch"]}},
  {"id":"rest","path":"/**","deny":true}],
 "audit":{"file":"audit.jsonl","record_claims":["acr"]}}
END
{ echo "${good##*.}"; echo "${forged##*.}"; echo secret-canary; sed -n 's/.*"d":"\([^"]*\)".*/\1/p' key.json; } >canaries
allowed='{"verdict":"allowed","status":"APISEC_OK","http_status":200,"reason":"","headers":[],"explanation":{"verdict":"allowed"'
judge() { # name, exit, text, method, target, further arguments
    name=$1 want=$2 text=$3 method=$4 target=$5
    shift 5
    run "$name" "$want" "$text" check guard.json --now $now --method "$method" --target "$target" "$@"
}

# ---- verdicts ----
judge 'a call that is allowed' 0 "$allowed" GET /orders/7 "$good"
check 'nothing is said' test ! -s err
check 'the rule is named' has out '"id":"rule","verdict":"pass","standard":"RFC 9110 section 15.5.4","detail":"read"'
check 'each check has its standard' has out '{"id":"signature","verdict":"pass","standard":"RFC 7515 section 5.2"}'
judge 'a scope it lacks' 1 '{"verdict":"denied","status":"APISEC_E_SCOPE","http_status":403' PUT /orders/7 "$good"
check 'the challenge is shown' has out '"headers":[{"name":"WWW-Authenticate","value":"Bearer realm=\"orders\", error=\"insufficient_scope\"'
judge 'a step-up' 1 'insufficient_user_authentication' GET /strong "$good"
judge 'no rule for the method' 1 '"status":"APISEC_E_NO_RULE","http_status":403' DELETE /orders/7 "$good"
judge 'another path' 1 '"status":"APISEC_E_DENIED"' GET /other "$good"
judge 'a path that is read in two ways' 1 '"status":"APISEC_E_REQUEST","http_status":400' GET //orders/7 "$good"
judge 'a forged token' 1 '"status":"APISEC_E_KEY_UNKNOWN","http_status":401' GET /orders/7 "$forged"
judge 'a token in the query' 1 '"status":"APISEC_E_REQUEST"' GET '/orders/7?access_token=x' --no-token
run 'it has expired by now' 1 '"status":"APISEC_E_EXPIRED"' check guard.json --method GET --target /orders/7 "$good"

# ---- the token's way in ----
echo "$good" >in
judge 'a token from standard input' 0 "$allowed" GET /orders/7
judge 'it is not read' 1 '"status":"APISEC_E_NO_CREDENTIAL"' GET /orders/7 --no-token
printf '%s\n\n' "$good" >in
judge 'a second newline' 1 '"status":"APISEC_E_' GET /orders/7
: >in
judge 'nothing there' 1 '"status":"APISEC_E_NO_CREDENTIAL","http_status":401' GET /orders/7
check 'the challenge has no error' has out '"value":"Bearer realm=\"orders\", DPoP realm=\"orders\", algs='
judge 'nothing is needed' 0 "$allowed" GET /health
judge 'a second credential' 1 '"status":"APISEC_E_REQUEST"' GET /health --header 'authorization: Basic eDp5' "$good"
judge 'a proof makes it DPoP' 1 '"status":"APISEC_E_' GET /orders/7 --header 'DPoP: x.y.z' "$good"
check 'the challenge is that of DPoP' has out '"name":"WWW-Authenticate","value":"DPoP'

# ---- from where it comes ----
judge 'a network' 0 "$allowed" GET /office --address 192.0.2.7
judge 'another' 1 '"status":"APISEC_E_PEER"' GET /office --address 198.51.100.7
judge 'no address' 1 '"status":"APISEC_E_PEER"' GET /office
judge 'behind a proxy' 0 "$allowed" GET /office --address 10.0.0.1 --header 'X-Forwarded-For: 192.0.2.7'
judge 'behind nobody known' 1 '"status":"APISEC_E_PEER"' GET /office --address 198.51.100.7 --header 'X-Forwarded-For: 192.0.2.7'
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout server.key -out server.pem -subj /CN=x \
    -addext subjectAltName=DNS:server.example >/dev/null 2>&1
openssl x509 -in server.pem -outform DER -out server.der 2>/dev/null
judge 'a certificate' 0 "$allowed" GET /peer --certificate server.pem
judge 'in DER' 0 "$allowed" GET /peer --certificate server.der
judge 'none' 1 '"status":"APISEC_E_PEER"' GET /peer
printf '%s\n' '-----BEGIN CERTIFICATE-----' '!' '-----END CERTIFICATE-----' >bad.pem
judge 'one that is none' 2 '"status":"APISEC_E_CONFIG"' GET /peer --certificate bad.pem
printf 'X-Service: Basic %s\n' "$(printf 'batch:secret-canary-1234' | base64)" >secret.txt
judge 'the secret of a service, from a file' 0 "$allowed" GET /batch --header-file secret.txt
judge 'without' 1 '"status":"APISEC_E_PEER"' GET /batch
printf 'X-Service: Basic eDp5\r\n\r\n' >secret.txt
judge 'another' 1 '"status":"APISEC_E_PEER"' GET /batch --header-file secret.txt

# ---- what cannot be judged ----
denied='{"verdict":"denied","error":'
judge 'a header that is none' 2 "$denied" GET /health --header nonsense
echo nonsense >secret.txt
judge 'a line that is none' 2 "$denied" GET /health --header-file secret.txt
run 'no method' 2 "$denied" check guard.json --target /health
run 'no target' 2 "$denied" check guard.json --method GET
run 'no document' 2 "$denied" check --method GET --target /health
judge 'three arguments' 2 "$denied" GET /health a b
judge 'a token and none' 2 "$denied" GET /health --no-token a
judge 'two files from standard input' 2 "$denied" GET /health --body - --header-file -
sed 's/"scopes"/"scope"/' guard.json >bad.json
run 'a document that is refused' 2 'did you mean' check bad.json --method GET --target /health
sed 's/keys.json/nowhere.json/' guard.json >bad.json
run 'a secret that is not there' 2 '"status":"APISEC_E_CONFIG"' check bad.json --method GET --target /health
sed 's/"jwks":"file:keys.json"/"jwks_uri":"https:\/\/127.0.0.1:1\/keys"/' guard.json >remote.json
run 'keys out of reach' 2 '{"verdict":"denied","status":"APISEC_E_' check remote.json --now $now --method GET \
    --target /orders/7 "$good"
run 'which nobody needs' 0 "$allowed" check remote.json --method GET --target /health --no-token
check 'no record was written' test ! -e audit.jsonl

# ---- bodies ----
sed 's/"public":true/"public":true,"body":{"max_bytes":8}/' guard.json >body.json
"$APISEC" check body.json --method POST --target /health --no-token >out 2>err
if ! has out APISEC_E_UNSUPPORTED; then
    body() { # name, exit, text, body
        printf '%s' "$4" >body
        run "$1" "$2" "$3" check body.json --method POST --target /health --no-token --body body --header 'Content-Type: application/json'
    }
    body 'a body' 0 "$allowed" '{"a":1}'
    body 'one that is too large' 1 '"status":"APISEC_E_BODY","http_status":413' '{"a":1000}'
    body 'one that is no JSON' 1 '"status":"APISEC_E_BODY","http_status":400' '{"a"}'
fi

summary
