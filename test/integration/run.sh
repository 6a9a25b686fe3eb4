#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# run.sh PROGRAM...: starts real authorization servers on free ports of localhost, runs the programs against them with test/run.sh,
# and ends the servers. Certificates, logs and what npm brings lie in $BUILD/integration. `make check-integration` calls it.
# run.sh --install: only has npm bring it.
#
#   oidc-provider   from npm, with the Node.js it needs       glewlwyd   Debian's, with a fresh SQLite database
#   faultproxy      in front of the former: see faultproxy.mjs
set -u
here=test/integration
work=$(pwd)/${BUILD:-build}/integration
server=$work/server
node=$work/npm/node_modules/.bin/node
pids=

stop() {
    # shellcheck disable=SC2086 # a list of process ids
    [ -z "$pids" ] || { kill $pids && wait $pids; } 2>/dev/null
}
trap stop EXIT
trap 'exit 1' HUP INT TERM

die() { # sentence, log file
    echo "check-integration: $1" >&2
    [ ! -f "${2-}" ] || tail -n 20 "$2" >&2
    exit 1
}

# ---- what npm brings: once, and again when package.json has changed ----
install_from_npm() {
    mkdir -p "$work/npm" || exit 1
    if [ ! -x "$node" ] || ! cmp -s $here/package.json "$work/npm/package.json"; then
        what=$(sed -n 's/.*"dependencies": { \(.*\) }.*/\1/p' $here/package.json)
        echo "check-integration: installing $what with npm into $work/npm"
        cp $here/package.json "$work/npm/"
        options='--no-audit --no-fund --no-package-lock --loglevel=error --fetch-retries=1 --fetch-timeout=60000'
        # shellcheck disable=SC2086 # a list of options
        if ! (cd "$work/npm" && npm install $options) >"$work/npm.log" 2>&1; then
            rm -f "$work/npm/package.json" # not done
            die 'npm install failed' "$work/npm.log"
        fi
    fi
    cp $here/*.mjs "$work/npm/" # beside its node_modules, where the modules are looked for
}

# ---- certificates ----
make_certificates() {
    printf '%s\n' '[req]' 'distinguished_name = name' 'prompt = no' '[name]' 'CN = unused' \
        '[ca]' 'basicConstraints = critical, CA:TRUE' 'keyUsage = critical, keyCertSign, cRLSign' \
        '[server]' 'subjectAltName = DNS:localhost' 'extendedKeyUsage = serverAuth' \
        '[client]' 'subjectAltName = DNS:svc-mtls.test' 'extendedKeyUsage = clientAuth' \
        '[other]' 'subjectAltName = DNS:svc-other.test' 'extendedKeyUsage = clientAuth' >"$server/openssl.cnf"
    new_key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
    (
        cd "$server" || exit 1
        # shellcheck disable=SC2086 # words
        openssl req -x509 -config openssl.cnf -extensions ca $new_key -days 2 -subj '/CN=tests' -keyout ca.key -out ca.pem &&
            for name in server client other; do
                openssl req -new -config openssl.cnf $new_key -subj "/CN=$name" -keyout $name.key -out $name.csr &&
                    openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile openssl.cnf \
                        -extensions $name -days 2 -out $name.pem &&
                    openssl x509 -in $name.pem -outform der -out $name.der || exit 1
            done
    ) >"$server/openssl.log" 2>&1 || die 'no certificates' "$server/openssl.log"
}

# ---- servers ----
start_module() { # name, arguments: one that prints its URL when it is ready
    name=$1
    shift
    "$node" "$work/npm/$name.mjs" "$@" >"$server/$name.url" 2>"$server/$name.log" &
    pids="$pids $!"
    tries=0
    until [ -s "$server/$name.url" ]; do
        tries=$((tries + 1))
        if [ $tries -eq 300 ] || ! kill -0 $! 2>/dev/null; then die "$name does not start" "$server/$name.log"; fi
        sleep 0.1
    done
}

glewlwyd_tables() { # minimal systems leave the documentation out, and the tables with it
    tables=/usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz
    if [ ! -f $tables ]; then
        (cd "$server" && apt-get download glewlwyd && dpkg-deb -x glewlwyd_*.deb package) >"$server/package.log" 2>&1
        tables=$server/package$tables
    fi
    gzip -dc "$tables" | sqlite3 "$server/glewlwyd.db" || die 'glewlwyd has no tables' "$server/package.log"
}

start_glewlwyd() {
    glewlwyd_tables
    free_port='const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'
    for attempt in 1 2 3; do # another program may be faster to take the port
        port=$("$node" -e "$free_port")
        "$node" "$work/npm/glewlwyd.mjs" config "$server" "$port"
        glewlwyd --config-file="$server/glewlwyd.conf" >"$server/glewlwyd.log" 2>&1 &
        pid=$!
        tries=0
        while kill -0 $pid 2>/dev/null && [ $tries -lt 100 ]; do
            # any answer will do; without a session it is a 401
            if curl -s --noproxy '*' --cacert "$server/ca.pem" -o "$server/curl.out" "https://localhost:$port/api/auth/"; then
                pids="$pids $pid"
                NODE_EXTRA_CA_CERTS=$server/ca.pem "$node" "$work/npm/glewlwyd.mjs" provision "https://localhost:$port" \
                    "$server" >>"$server/glewlwyd.log" 2>&1 || die 'glewlwyd is not provisioned' "$server/glewlwyd.log"
                INTEGRATION_GLEWLWYD=https://localhost:$port
                return
            fi
            tries=$((tries + 1))
            sleep 0.1
        done
        kill $pid 2>/dev/null
        echo "check-integration: glewlwyd did not start on port $port, attempt $attempt"
    done
    die 'glewlwyd does not start' "$server/glewlwyd.log"
}

install_from_npm
[ "${1-}" != --install ] || exit 0
rm -rf "$server"
mkdir -p "$server" || exit 1
make_certificates
start_module oidc "$server"
INTEGRATION_OIDC=$(cat "$server/oidc.url")
start_module faultproxy "$INTEGRATION_OIDC" "$server"
INTEGRATION_PROXY=$(cat "$server/faultproxy.url")
start_glewlwyd
INTEGRATION_CA=$server/ca.pem INTEGRATION_FOLDER=$server
# what an administrator of glewlwyd does in the middle of a test: sh "$INTEGRATION_ADMIN" rotate "$INTEGRATION_GLEWLWYD"
INTEGRATION_ADMIN=$server/admin.sh
echo "NODE_EXTRA_CA_CERTS='$server/ca.pem' exec '$node' '$work/npm/glewlwyd.mjs' \"\$@\"" >"$INTEGRATION_ADMIN"
export INTEGRATION_ADMIN INTEGRATION_OIDC INTEGRATION_PROXY INTEGRATION_GLEWLWYD INTEGRATION_CA INTEGRATION_FOLDER
echo "check-integration: oidc-provider $INTEGRATION_OIDC, glewlwyd $INTEGRATION_GLEWLWYD, fault proxy $INTEGRATION_PROXY"
TEST_JOBS=1 sh test/run.sh "$@" # one at a time: keys rotate, and there is one fault proxy
