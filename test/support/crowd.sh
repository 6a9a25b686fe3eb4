# SPDX-License-Identifier: Apache-2.0
#
# crowd.sh: what the tests of examples/loop and examples/libuv share, which are held against the same promises; they read it after
# cli.sh.

# crowd_begin NAME: an issuer of its own, and for it the example's document, its list, and the files that these name.
crowd_begin() {
    [ -s server.pem ] || make_certificates || { echo 'the openssl command makes no certificates'; exit 1; }
    start "$1" "$BUILD/test/cli/issuer" server.pem server.key || exit 1
    issuer=$(member "$1" issuer)
    printf %s "$(member "$1" web_secret)" >web_secret
    printf %s "$(member "$1" orders_secret)" >orders_secret
    member "$1" expired_token >expired
    for user in alice bob; do
        run "a token for $user" 0 '"token_type":"Bearer"' exchange --endpoint "$issuer/token" --client-id web \
            --client-secret-file web_secret --allow-loopback --cacert ca.pem --audience orders --scope 'orders:read orders:write' \
            "$(member "$1" ${user}_session)"
        member out access_token >$user
    done
    # another first character of the signature: one that was there before, and is not at the last place, where not all are canonical
    sed 's/\.A\([^.]*\)$/.B\1/; t
        s/\.[^.]\([^.]*\)$/.A\1/' alice >altered
    sed "s|https://id.example|$issuer|" "$top/examples/loop/guard.json" >guard.json
    cp "$top/examples/loop/requests.txt" .
    rm -f audit.jsonl
}

# crowd_end: the issuer ends, and says in the file of its name how often it was asked.
crowd_end() {
    exec 9>&-
    wait
}

number() { sed -n "s/.*\"$2\":\([0-9]*\).*/\1/p" "$1"; } # file, name of a number
records() { grep -c "$1" audit.jsonl; }

# crowd PROGRAM QUARTERS: 48 requests for each of the quarters: four rounds of the list, of which one is given up early.
crowd() {
    q=$2
    "$1" guard.json requests.txt ca.pem $((48 * q)) >out 2>err </dev/null
    check "$((48 * q)) come out as they must" test $? -eq 0
    check 'nothing is wrong' test ! -s err
    "$APISEC" json out >valid 2>&1
    check 'it prints one JSON object' test $? -eq 0 -a "$(wc -l <out)" -eq 1
    check 'each kind is decided as the list says, and as often' has out "{\"requests\":$((48 * q)),\"decided\":{\"APISEC_OK\":$((13 * q)),\
\"APISEC_E_SCOPE\":$((3 * q)),\"APISEC_E_CONDITION\":$((6 * q)),\"APISEC_E_EXPIRED\":$((3 * q)),\"APISEC_E_SIGNATURE\":$((3 * q)),\
\"APISEC_E_NO_CREDENTIAL\":$((4 * q)),\"APISEC_E_REQUEST\":$((4 * q)),\"APISEC_E_DENIED\":$((4 * q))},\"given_up_early\":$((8 * q)),"
    check 'a third of the exchanges are given up, and all others succeed' has out \
        ",\"exchanged\":$((6 * q)),\"given_up_late\":$((3 * q)),\"wrong\":0,"
    check 'several requests at once' test "$(number out most_at_once)" -gt 1 -a "$(number out most_at_once)" -le 8
    check 'one thread' has out '"most_threads":1,'
    check 'no descriptor is left' has out '"descriptors_left":0}'

    check 'each has one record' test "$(wc -l <audit.jsonl)" -eq $((48 * q))
    check 'of its own' test "$(grep -o '"trace":{"uid":"[0-9a-f]*"' audit.jsonl | sort -u | wc -l)" -eq $((48 * q))
    check 'those that were given up early are abandoned' test "$(records '"abandoned: ')" -eq $((8 * q))
    check 'allows are recorded as allows' test "$(records '"status_code":"APISEC_OK"')" -eq $((13 * q))
    check 'and denials as what they are' test "$(records '"status_code":"APISEC_E_CONDITION"')" -eq $((6 * q))
    check "Bob's are Bob's" test "$(grep '"status_code":"APISEC_E_CONDITION"' audit.jsonl | grep -c '"uid":"bob"')" -eq $((3 * q))
    run 'the log is intact' 0 '"verdict":"intact"' audit verify audit.jsonl
}

# crowd_asked NAME EXCHANGES: what the issuer says of a crowd of which so many were exchanged.
crowd_asked() {
    crowd_end
    check 'metadata and keys are fetched once, for all' has "$1" '"metadata_fetches":1,"key_fetches":1,'
    # Two are those of crowd_begin; those that are given up late may have been asked for.
    asked=$(($(number "$1" token_requests) - 2))
    check "each exchange is asked for once ($asked)" test "$asked" -ge "$2" -a "$asked" -le $(($2 + $2 / 2))
}
