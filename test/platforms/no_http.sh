#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# no_http.sh: the library, the tool and the unit tests without libcurl and zlib (make HTTP=none): nothing asks for them, what needs no
# network works as ever, and what needs it says why it cannot. Builds in build/no-http.
set -u
cd "$(dirname "$0")/../.." || exit 1
mkdir -p build/no-http || exit 1
BUILD=build/no-http
. test/support/cli.sh
cd "$top" || exit 1
. test/platforms/platforms.sh

build HTTP=none BUILD=build/no-http core
count env BUILD=build/no-http APISEC="$APISEC" sh test/run.sh test/cli/verify.sh
cd "$scratch" || exit 1

for file in "$BUILD/libapisec.so.0" "$APISEC"; do
    readelf -d "$file" >needed || exit 1
    check "${file##*/} needs libcjson" has needed '[libcjson.'
    check "${file##*/} needs no libcurl" lacks needed '[libcurl'
    check "${file##*/} needs no zlib" lacks needed '[libz'
done
nm -A --undefined-only "$BUILD/libapisec.a" >needed 2>/dev/null
check 'libapisec.a needs the C library' has needed ' memcpy'
check 'libapisec.a names no function of libcurl' lacks needed ' curl_'
check 'libapisec.a names no function of zlib' lacks needed ' inflate'

"$APISEC" keygen --alg ES256 --jwks keys.json >key.json || exit 1
echo '{"iss":"https://id.example","sub":"alice","aud":"orders","client_id":"web","jti":"1","iat":1700000000,"exp":1700000300}' >claims.json
token=$("$APISEC" sign --key key.json --claims claims.json --type at+jwt)
judge() { # name, exit, text, where the keys are
    name=$1 want=$2 text=$3
    shift 3
    run "$name" "$want" "$text" verify --issuer https://id.example --audience orders --now 1700000001 "$@" "$token"
}
judge 'verify with a file of keys' 0 '"status":"APISEC_OK"' --jwks keys.json
judge 'verify with keys from a URL' 2 APISEC_E_UNSUPPORTED --jwks-uri https://id.example/keys
check 'it says what is missing' has err 'without libcurl'
judge 'verify with discovery' 2 APISEC_E_UNSUPPORTED --discover

"$APISEC" exchange --help >out
check 'exchange is there' has out '--endpoint'
printf secret >secret
echo "$token" >in
run 'exchange' 2 APISEC_E_UNSUPPORTED exchange --endpoint https://id.example/token --client-id orders --client-secret-file secret \
    --audience ledger
check 'it says what is missing' has err 'without libcurl'

summary
