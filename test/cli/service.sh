#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# service.sh: examples/verify.c as a running service, asked over http: who gets in, and what the others are told.
set -u
. test/support/cli.sh

"$APISEC" keygen --alg ES256 --jwks keys.json >key.json 2>err || { cat err; exit 1; }
now=$(date +%s)
token() { # scope, seconds to live
    printf '{"iss":"https://id.example","sub":"alice","aud":"hello","client_id":"web","jti":"1","scope":"%s","iat":%d,"exp":%d}' \
        "$1" $((now - 1000)) $((now + $2)) >claims.json
    "$APISEC" sign --key key.json --claims claims.json --type at+jwt
}
start ready "$BUILD/examples/verify" 0 https://id.example hello audit.jsonl keys.json || exit 1
port=$(sed -n 's|^http://127.0.0.1:\([0-9]*\) .*|\1|p' ready)

# get TARGET HEADER…: one request over a socket, so that every header is sent as written. The reply is the file `out`.
asked=0
get() {
    asked=$((asked + 1))
    python3 - "$port" "$@" >out 2>err <<'END'
import socket, sys
port, target, headers = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
with socket.create_connection(("127.0.0.1", port), 5) as s:
    s.sendall("\r\n".join(["GET %s HTTP/1.1" % target, "Host: localhost", "Connection: close", *headers, "", ""]).encode())
    while chunk := s.recv(4096):
        sys.stdout.write(chunk.decode())
END
}
replied() { head -n 1 out | grep -q "^HTTP/1.1 $1 "; } # status

good=$(token hello 300)
get / "Authorization: Bearer $good"
check 'a valid token gets in' replied 200
check 'it is greeted' has out hello
get / "authorization: bearer $good"
check 'names of headers and schemes have no case' replied 200
get /
check 'no token' replied 401
check 'a bare challenge' grep -q '^WWW-Authenticate: Bearer.\{0,1\}$' out
get / "Authorization: Basic YTpi"
check 'another scheme' replied 401
get / "Authorization: Bearer $(token hello -200)"
check 'an expired token' replied 401
check 'the challenge says so' has out 'error="invalid_token"'
get / "Authorization: Bearer $(token 'hello:world hell' 300)"
check 'another scope' replied 403
check 'the challenge names the scope' has out 'scope="hello"'
get / "Authorization: Bearer $good" "Authorization: Bearer $good"
check 'two headers' replied 400
get "/?access_token=$good"
check 'the token in the query' replied 400
get "/?access_token=$good" "Authorization: Bearer $good"
check 'the token in both' replied 400
check 'the reply shows no token' lacks out "$good"
check 'what it says shows no token' lacks ready.err "$good"
check 'each request has its record' test "$(grep -c '"kind":"decision"' audit.jsonl)" -eq "$asked"
check 'the log says who was let in' has audit.jsonl '"status_code":"APISEC_OK","actor":{"user":{"uid":"alice"}'
check 'the log says why others were not' has audit.jsonl '"status_code":"APISEC_E_EXPIRED"'
check 'the log shows no token' lacks audit.jsonl "$good"
run 'the log is intact' 0 '"verdict":"intact"' audit verify audit.jsonl

summary
