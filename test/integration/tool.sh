#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# tool.sh: the command-line tool with oidc-provider, as a script would use it: verify a token by discovery, exchange it, verify what
# came; and what each says when it is refused. Run by run.sh.
set -u
apisec=${APISEC:-build/apisec}
secret=$INTEGRATION_FOLDER/secret
network="--cacert $INTEGRATION_CA --allow-loopback"
passed=0 failed=0

expect() { # why, exit status, what the output must hold, command...
    why=$1 code=$2 piece=$3
    shift 3
    output=$("$@" 2>"$INTEGRATION_FOLDER/tool.err")
    got=$?
    if [ $got -eq "$code" ] && printf '%s' "$output" | grep -qF "$piece"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$why: exit status $got, expected $code with $piece: $output"
        cat "$INTEGRATION_FOLDER/tool.err"
    fi
}
member() { sed 's/.*"'"$1"'":"\([^"]*\)".*/\1/'; }
user_token() { curl -s --noproxy '*' --cacert "$INTEGRATION_CA" "$INTEGRATION_OIDC/_test/user-token?$1" | member access_token; }
# shellcheck disable=SC2086 # words
verify() { "$apisec" verify --issuer "$INTEGRATION_OIDC" --discover $network "$@"; }
exchange() {
    # shellcheck disable=SC2086 # words
    "$apisec" exchange --endpoint "$INTEGRATION_OIDC/token" --client-id svc-basic --client-secret-file "$secret" $network "$@"
}

printf 'basic-secret' >"$secret"
token=$(user_token 'sub=alice&resource=https://es256.test/')
es256='--audience https://es256.test/'
rs256='--audience https://rs256.test/'

# shellcheck disable=SC2086 # words
{
    expect 'a genuine token' 0 '"verdict":"allowed"' verify $es256 --scope orders:read "$token"
    expect 'a scope it lacks' 1 APISEC_E_SCOPE verify $es256 --scope orders:delete "$token"
    expect 'another audience' 1 APISEC_E_AUDIENCE verify $rs256 "$token"
    expect 'another issuer' 1 APISEC_E_ISSUER "$apisec" verify --issuer "$INTEGRATION_GLEWLWYD/api/oidc" --discover $network \
        $es256 "$token"
    expect 'loopback is not allowed' 2 APISEC_E_KEYS_UNAVAILABLE "$apisec" verify --issuer "$INTEGRATION_OIDC" --discover \
        --cacert "$INTEGRATION_CA" $es256 "$token"

    expect 'an exchange' 0 '"scope":"orders:read"' exchange $rs256 --scope orders:read "$token"
    issued=$(printf '%s' "$output" | member access_token)
    expect 'what it gave' 0 '"scope":"orders:read"' verify $rs256 "$issued"
    expect 'no such target' 1 APISEC_E_INVALID_TARGET exchange --audience https://nobody.test/ "$token"
    expect 'more than there is' 1 APISEC_E_INVALID_SCOPE exchange $rs256 --scope orders:write "$issued"

    # not the tool, but the event loop of examples/loop: its operations with a server that nobody here wrote
    printf '%s\n' "$token" >"$INTEGRATION_FOLDER/token"
    cat >"$INTEGRATION_FOLDER/loop.json" <<END
{ "trust": { "issuers": [{ "issuer": "$INTEGRATION_OIDC", "audiences": ["https://es256.test/"], "algorithms": ["ES256"],
                           "discover": true }] },
  "rules": [{ "id": "all", "path": "/**", "require": { "scopes": ["orders:read"] } }],
  "exchange": { "next": { "endpoint": "$INTEGRATION_OIDC/token", "audiences": ["https://rs256.test/"], "scope": "orders:read",
      "authentication": { "method": "client_secret_basic", "client_id": "svc-basic", "secret": "file:$secret" } } },
  "audit": "none" }
END
    echo "GET /orders $INTEGRATION_FOLDER/token APISEC_OK next" >"$INTEGRATION_FOLDER/loop.list"
    expect 'two hundred requests in one thread' 0 '"given_up_early":50,"exchanged":100,"given_up_late":50,"wrong":0,' \
        "${BUILD:-build}/loop" "$INTEGRATION_FOLDER/loop.json" "$INTEGRATION_FOLDER/loop.list" "$INTEGRATION_CA" 200
    rm -f "$INTEGRATION_FOLDER/token"

    printf 'wrong' >"$secret"
    expect 'a wrong secret' 1 APISEC_E_INVALID_CLIENT exchange $rs256 "$token"
}
rm -f "$secret"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
