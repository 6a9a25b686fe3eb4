#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# status.sh: the tool asks a real https server on loopback for a token's status list: a bit is flipped, and the token is refused.
set -u
. test/support/cli.sh

make_certificates || { echo 'the openssl command makes no certificates'; exit 1; }
mkdir lists
start ready python3 -c 'import http.server, ssl, sys, threading
class Lists(http.server.SimpleHTTPRequestHandler):
    extensions_map = {"": "application/statuslist+jwt", ".html": "text/html"}
    def log_message(self, *words):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Lists)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("server.pem", "server.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()' || exit 1
lists=https://127.0.0.1:$(cat ready)/lists
trusted='--allow-loopback --cacert ca.pem --timeout 60000' # the machine may be busy

"$APISEC" keygen --alg ES256 --jwks keys.json >key.json && "$APISEC" keygen --alg ES256 >other.json || exit 1
now=$(date +%s)
make_token() { # file, status claim
    echo '{"iss":"https://id.example","sub":"alice","aud":"orders","client_id":"web","jti":"1","iat":'"$now"',"exp":'$((now + 600))"$2}" >claims.json
    "$APISEC" sign --key key.json --claims claims.json --type at+jwt >"$1" || exit 1
}
make_list() { # file, lst, key, sub
    echo '{"sub":"'"$4"'","iat":'"$now"',"ttl":300,"status_list":{"bits":1,"lst":"'"$2"'"}}' >list.json
    "$APISEC" sign --key "$3" --claims list.json --type statuslist+jwt | tr -d '\n' >"$1" || exit 1
}
before=eNrbuRgAAhcBXQ                                        # the bytes b9 a3, section 4.2 of the draft: entry 1 is 0
after=$(python3 -c 'import base64, zlib
print(base64.urlsafe_b64encode(zlib.compress(b"\xbb\xa3")).decode().rstrip("="))') # and now it is 1
make_token plain ''
make_token one ',"status":{"status_list":{"idx":1,"uri":"'"$lists"'/1"}}'
make_token far ',"status":{"status_list":{"idx":16,"uri":"'"$lists"'/1"}}'
make_token forged ',"status":{"status_list":{"idx":1,"uri":"'"$lists"'/forged"}}'
make_token mixed ',"status":{"status_list":{"idx":1,"uri":"'"$lists"'/mixed"}}'
make_token none ',"status":{"status_list":{"idx":1,"uri":"'"$lists"'/none"}}'
make_list lists/1 "$before" key.json "$lists/1"
make_list lists/forged "$before" other.json "$lists/forged"
make_list lists/mixed "$before" key.json "$lists/1"

verify() { # name, exit, text, token, further arguments
    name=$1 want=$2 text=$3
    cp "$4" in
    shift 4
    # shellcheck disable=SC2086 # words
    run "$name" "$want" "$text" verify --issuer https://id.example --audience orders --jwks keys.json $trusted "$@"
}
allowed='"verdict":"allowed"'
verify 'a token without a status' 0 "$allowed" plain
verify 'a status that nobody may look at' 1 '"status":"APISEC_E_CLAIM"' one
verify 'a status that is ignored' 0 "$allowed" one --ignore-status
verify 'a status that is good' 0 "$allowed" one --status-prefix "$lists/" --explain
check 'the check is told' has out '{"id":"status","verdict":"pass"'
verify 'the list by its whole name' 0 "$allowed" one --status-prefix "$lists/1"
verify 'an index behind the end' 1 '"status":"APISEC_E_CLAIM"' far --status-prefix "$lists/"
verify 'a list elsewhere' 1 '"status":"APISEC_E_CLAIM"' one --status-prefix "$lists/2"
verify 'no status is required' 0 "$allowed" plain --status-prefix "$lists/"
verify 'one is required' 1 '"status":"APISEC_E_CLAIM"' plain --status-prefix "$lists/" --require-status
verify 'a list that another has signed' 2 '"status":"APISEC_E_RESPONSE"' forged --status-prefix "$lists/"
verify 'a list in place of another' 2 '"status":"APISEC_E_RESPONSE"' mixed --status-prefix "$lists/"
verify 'no list' 2 '"status":"APISEC_E_RESPONSE"' none --status-prefix "$lists/"
verify 'lists without TLS' 2 '"status":"APISEC_E_CONFIG"' one --status-prefix "http://${lists#https://}/"
verify 'checked and ignored' 2 '"status":"APISEC_E_CONFIG"' one --status-prefix "$lists/" --ignore-status
run 'loopback is refused' 2 '"status":"APISEC_E_ADDRESS"' verify --issuer https://id.example --audience orders --jwks keys.json \
    --cacert ca.pem --status-prefix "$lists/" "$(cat one)"

make_list lists/1 "$after" key.json "$lists/1"
verify 'revoked' 1 '"status":"APISEC_E_REVOKED","http_status":401' one --status-prefix "$lists/"
check 'it says so' has err 'is revoked'
exec 9>&- # the server ends
sleep 0.3
verify 'the server is gone' 2 '"status":"APISEC_E_UNREACHABLE","http_status":503' one --status-prefix "$lists/"

summary
