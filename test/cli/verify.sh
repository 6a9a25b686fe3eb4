#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# verify.sh: apisec verify and audit verify without a network: verdicts, exit statuses, the token's way in, the log's way out. Each
# refusal stands beside the same call that passes.
set -u
. test/support/cli.sh

now=1700000000
claims() { # further members
    printf '{"iss":"https://id.example","sub":"alice","aud":"orders","client_id":"web","jti":"1","scope":"orders:read",'
    printf '"iat":%d,"exp":%d%s}' $now $((now + 300)) "${1:-}"
}
token() { # key, claims, typ
    echo "$2" >claims.json
    "$APISEC" sign --key "$1" --claims claims.json ${3:+--type "$3"}
}
issuer='--issuer https://id.example' audience='--audience orders' keys='--jwks keys.json' at="--now $now"
verify() { # name, exit, text, further arguments
    name=$1 want=$2 text=$3
    shift 3
    # shellcheck disable=SC2086 # words
    run "$name" "$want" "$text" verify $issuer $audience $keys $at "$@"
}
# with VARIABLE VALUE verify …: one thing differs
with() {
    variable=$1 value=$2
    shift 2
    eval "kept=\$$variable $variable=\$value"
    "$@"
    eval "$variable=\$kept"
}
allowed='{"verdict":"allowed","status":"APISEC_OK","http_status":200'
denied='{"verdict":"denied"'

"$APISEC" keygen --alg ES256 --jwks keys.json >key.json 2>err || { cat err; exit 1; }
"$APISEC" keygen --alg ES256 --jwks other-keys.json >other-key.json
"$APISEC" keygen --alg HS256 >secret.json
"$APISEC" keygen --alg RS256 --jwks rsa-keys.json >/dev/null
printf '{"keys":[%s]}' "$(cat secret.json)" >secret-keys.json
inner() { sed 's/^{"keys":\[//; s/\]}$//' "$1"; }
printf '{"keys":[%s,%s,%s]}' "$(inner keys.json)" "$(inner rsa-keys.json)" "$(cat secret.json)" >all-keys.json
honest=$(token key.json "$(claims)" at+jwt)
{ sed -n 's/.*"d":"\([^"]*\)".*/\1/p' key.json; sed -n 's/.*"k":"\([^"]*\)".*/\1/p' secret.json; echo "${honest##*.}"; } >canaries

# ---- verdicts ----
verify 'an honest token' 0 "$allowed" "$honest"
check 'nothing is said' test ! -s err
check 'its claims are shown' has out '"claims":{"iss":"https://id.example","sub":"alice"'
check 'its principal is shown' has out '"principal":"https://id.example|alice"'
check 'there is no challenge' lacks out '"challenge"'
verify 'a scope it has' 0 "$allowed" --scope orders:read "$honest"
verify 'a scope it lacks' 1 "$denied"',"status":"APISEC_E_SCOPE","http_status":403' --scope orders:read --scope orders:write "$honest"
check 'the challenge says so' has out 'insufficient_scope'
check 'a genuine token shows its claims' has out '"sub":"alice"'
verify 'two scopes in one' 2 '"--scope takes one scope' --scope 'orders:read orders:write' "$honest"
with at "--now $((now + 359))" verify 'its last second' 0 "$allowed" "$honest"
with at "--now $((now + 360))" verify 'one second later' 1 APISEC_E_EXPIRED "$honest"
check 'a token that is not genuine shows no claims' lacks out '"claims"'
with at "--now $((now + 300))" verify 'expired, without leeway' 1 APISEC_E_EXPIRED --leeway 0 "$honest"
with at "--now $((now + 299))" verify 'not expired, without leeway' 0 "$allowed" --leeway 0 "$honest"
with audience '--audience ledger' verify 'another audience' 1 APISEC_E_AUDIENCE "$honest"
with audience '--audience ledger' verify 'one of two audiences' 0 "$allowed" --audience orders "$honest"
with issuer '--issuer https://id.example/' verify 'another issuer' 1 APISEC_E_ISSUER "$honest"
with keys '--jwks other-keys.json' verify 'other keys' 1 APISEC_E_KEY_UNKNOWN "$honest"
verify 'a pinned algorithm' 0 "$allowed" --alg ES256 "$honest"
with keys '--jwks all-keys.json' verify 'another pinned algorithm' 1 APISEC_E_ALGORITHM --alg RS256 --alg HS256 "$honest"
with keys '--jwks all-keys.json' verify 'a pinned algorithm among others' 0 "$allowed" --alg RS256 --alg ES256 "$honest"
verify 'an algorithm that no key fits' 2 '"status":"APISEC_E_CONFIG"' --alg RS256 "$honest"
verify 'another profile' 1 APISEC_E_TYPE --profile jwt "$honest"
verify 'that profile' 0 "$allowed" --profile jwt "$(token key.json "$(claims)" JWT)"
transaction() { # further members
    printf '{"aud":"mesh.example","sub":"alice","scope":"orders:write","txn":"x-1","req_wl":"gateway","iat":%d,"exp":%d%s}' \
        $now $((now + 300)) "${1:-}"
}
txn=$(token key.json "$(transaction)" txntoken+jwt)
with audience '--audience mesh.example' verify 'a Transaction Token' 0 "$allowed" --profile txntoken+jwt --scope orders:write "$txn"
check 'its issuer is the trusted one' has out '"principal":"https://id.example|alice"'
with audience '--audience mesh.example' verify 'as an access token' 1 APISEC_E_ISSUER "$txn"
with audience '--audience mesh.example' verify 'an access token as that' 1 APISEC_E_TYPE --profile txntoken+jwt "$honest"
with audience '--audience other.example' verify 'another trust domain' 1 APISEC_E_ISSUER --profile txntoken+jwt "$txn"
with audience '--audience mesh.example' verify 'one that lacks what it is for' 1 APISEC_E_CLAIM --profile txntoken+jwt \
    "$(token key.json "$(transaction | sed 's/"scope":"[^"]*",//')" txntoken+jwt)"
verify 'a claim it must have' 1 APISEC_E_CLAIM --require-claim tenant "$honest"
verify 'a claim it has' 0 "$allowed" --require-claim tenant "$(token key.json "$(claims ',"tenant":"a"')" at+jwt)"
with keys '--jwks secret-keys.json' verify 'a shared secret, meant' 0 "$allowed" --alg HS256 "$(token secret.json "$(claims)" at+jwt)"
with keys '--jwks all-keys.json' verify 'a shared secret, not meant' 1 APISEC_E_ALGORITHM "$(token secret.json "$(claims)" at+jwt)"
verify 'the explanation' 0 '"explanation":{' --explain "$honest"
payload=$(claims ',"admin":true' | base64 | tr -d '=\n' | tr '+/' '-_')
verify 'a tampered token' 1 APISEC_E_SIGNATURE "${honest%%.*}.$payload.${honest##*.}"
verify 'a claim with control characters' 0 '\u009b' "$(token key.json "$(claims ',"name":"'"$(printf '\302\233')"'"')" at+jwt)"

# ---- the token's way in ----
printf '%s\n' "$honest" >in
verify 'standard input, with its newline' 0 "$allowed"
printf '%s' "$honest" >in
verify 'standard input, without' 0 "$allowed"
printf '%s\n\n' "$honest" >in
verify 'two newlines' 1 "$denied"
check 'it says that there were two' has err 'only one is dropped'
printf '%s\r\n' "$honest" >in
verify 'a carriage return' 1 "$denied"
check 'it says where such come from' has err 'as lines end on Windows'
printf '%s\0' "$honest" >in
verify 'a NUL at the end' 1 "$denied"
printf ' %s' "$honest" >in
verify 'a space in front' 1 "$denied"
: >in
verify 'nothing at all' 1 "$denied"
check 'it says that nothing came' has err 'nothing came on standard input'
verify 'an empty argument' 1 "$denied" ''
verify 'an argument with a space behind' 1 "$denied" "$honest "
verify 'an argument with a newline behind' 1 "$denied" "$honest
"
verify 'two tokens in one' 1 "$denied" "$honest, Bearer $honest"
verify 'a dash is a token, and no good one' 1 "$denied" -- -
head -c 16385 /dev/zero | tr '\0' A >in
verify 'a long token' 1 APISEC_E_TOO_LARGE
head -c 3000000 /dev/zero | tr '\0' A >in
verify 'a huge token' 1 "$denied"
: >in

# ---- usage and configuration: what cannot be judged is denied, with exit status 2 ----
with issuer '' verify 'no issuer' 2 "$denied" "$honest"
with audience '' verify 'no audience' 2 "$denied" "$honest"
with keys '' verify 'no keys' 2 'exactly one of' "$honest"
verify 'two sources of keys' 2 'exactly one of' --discover "$honest"
verify 'an unknown algorithm' 2 "$denied" --alg none "$honest"
verify 'an unknown profile' 2 "$denied" --profile at-jwt "$honest"
with keys '--jwks nowhere.json' verify 'a key set that is not there' 2 'cannot read' "$honest"
with keys '--jwks key.json' verify 'a private key for a key set' 2 "$denied" "$honest"
check 'it says which file' has err '(--jwks key.json)'
with keys '--jwks secret.json' verify 'a shared secret for a key set' 2 "$denied" --alg HS256 "$honest"
verify 'an audit log that cannot be written' 2 "$denied" --audit nowhere/audit.jsonl "$honest"
verify 'certificates that are not there' 2 "$denied" --cacert nowhere.pem "$honest"
has err 'without libcurl' || check 'it says which file, and why' has err 'the CA file nowhere.pem cannot be used: there is no such file'
verify 'a file that is no log' 2 'claims.json: the file' --audit claims.json "$honest"
if [ -c /dev/full ]; then
    # shellcheck disable=SC2086
    "$APISEC" verify $issuer $audience $keys $at "$honest" >/dev/full 2>err
    check 'a verdict that cannot be printed' test $? -eq 2
fi

# ---- the log's way out ----
verify 'an allow, recorded' 0 "$allowed" --audit audit.jsonl "$honest"
verify 'a denial, recorded' 1 "$denied" --audit audit.jsonl --scope orders:write "$honest"
verify 'another allow, recorded' 0 "$allowed" --audit audit.jsonl "$honest"
check 'the log holds no token' sh -c '! grep -qFf canaries audit.jsonl'
check 'the log says allowed' has audit.jsonl '"action_id":1'
check 'the log says why not' has audit.jsonl APISEC_E_SCOPE
records=$(wc -l <audit.jsonl)
run 'the log is intact' 0 "\"records\":$records" audit verify audit.jsonl
check 'its head is the last hash' has out "\"head\":\"$(tail -n 1 audit.jsonl | sed 's/.*"hash":"\([0-9a-f]*\)".*/\1/')\""
broken() { # name, line, file
    run "the log, $1" 1 '"verdict":"broken"' audit verify "$3"
    check "the log, $1: the line" has out "\"line\":$2"
}
sed '1s/"action_id":1/"action_id":2/' audit.jsonl >bad.jsonl
broken 'a record changed' 1 bad.jsonl
sed 1d audit.jsonl >bad.jsonl
broken 'its first record removed' 1 bad.jsonl
sed 1p audit.jsonl >bad.jsonl
broken 'a record repeated' 2 bad.jsonl
sed 2d audit.jsonl >bad.jsonl
broken 'a record removed' 2 bad.jsonl
{ cat audit.jsonl; printf '{}\n'; } >bad.jsonl
broken 'a line added' $((records + 1)) bad.jsonl
head -c -1 audit.jsonl >bad.jsonl
broken 'its last newline cut' "$records" bad.jsonl
head -c 200000 /dev/zero | tr '\0' x >bad.jsonl
broken 'a line without end' 1 bad.jsonl
head -c 100 /dev/zero >bad.jsonl
broken 'nothing but NULs' 1 bad.jsonl
: >bad.jsonl
run 'an emptied log' 1 '"verdict":"broken"' audit verify bad.jsonl
# What a record escapes grows to six times its length; all of it is still one record, and is read as one.
angles() { head -c "$1" /dev/zero | tr '\0' '<'; }
long=$(angles 1024) name=$(angles 256)
names=$(for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do printf '"%s",' "$name"; done)
long_claims=$(printf '{"iss":"https://id.example","sub":"%s","aud":[%s"orders"],"client_id":"%s","jti":"%s","txn":"%s","scope":"%s",' \
    "$long" "$names" "$long" "$long" "$long" "$long"
    printf '"act":{"sub":"%s","act":{"sub":"%s","act":{"sub":"%s"}}},"iat":%d,"exp":%d}' "$name" "$name" "$name" $now $((now + 300)))
verify 'claims that take much room' 0 "$allowed" --scope "$long" --audit long.jsonl "$(token key.json "$long_claims" at+jwt)"
check 'its record is long' test "$(wc -c <long.jsonl)" -gt 65536
run 'a long record is intact' 0 '"verdict":"intact"' audit verify long.jsonl
sed 's/"severity_id":1/"severity_id":2/' long.jsonl >bad.jsonl
run 'a long record changed' 1 'its hash differs' audit verify bad.jsonl
verify 'a second log' 0 "$allowed" --audit second.jsonl "$honest"
run 'two logs' 0 '"verdict":"intact"' audit verify audit.jsonl second.jsonl
check 'neither is a continuation' lacks out missing_before
# A log that continues another, as after a disk's error: what says so is put into the record of the second log, and its hash made anew.
head=$(tail -n 1 audit.jsonl | sed 's/.*"hash":"\([0-9a-f]*\)".*/\1/')
begun=$(sed "s/,\"stream\"/,\"continues\":{\"stream\":\"0123456789abcdef0123\",\"hash\":\"$head\",\"reason\":\"EIO\"}&/; s/,\"hash\":\"[0-9a-f]*\"}}}\$//" second.jsonl)
printf '%s,"hash":"%s"}}}\n' "$begun" "$(printf '%s' "$begun" | openssl dgst -sha256 -r | cut -d ' ' -f 1)" >third.jsonl
run 'a continuation behind what it continues' 0 '"continues":true' audit verify audit.jsonl third.jsonl
check 'nothing is missing' lacks out missing_before
check 'nothing is said' test ! -s err
run 'a continuation alone' 0 "\"missing_before\":\"$head\"" audit verify third.jsonl
check 'it is said' has err 'third.jsonl is only a continuation'
run 'a continuation behind another log' 0 "\"missing_before\":\"$head\"" audit verify second.jsonl third.jsonl
run 'two logs, one of them broken' 1 '"file":"bad.jsonl"' audit verify audit.jsonl bad.jsonl
run 'a log that is not there' 2 '"error"' audit verify nowhere.jsonl
run 'a folder' 2 '"error"' audit verify "$scratch"
run 'no log' 2 '"error"' audit verify

summary
