#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# replay.sh: apisec replay: what a changed document makes of a log. The records are those of apisec verify, whose requests no rules
# judged; what rules have judged is replayed by test/unit/test_guard_replay.c and test/attack/attack_replay.c.
set -u
. test/support/cli.sh

now=1700000000
"$APISEC" keygen --alg ES256 --jwks keys.json >key.json 2>err || { cat err; exit 1; }
"$APISEC" keygen --alg ES256 >other.json
token() { # key, sub
    printf '{"iss":"https://id.example","sub":"%s","aud":"orders","client_id":"web","jti":"1","scope":"orders:read",' "$2" >claims.json
    printf '"iat":%d,"exp":%d}' $now $((now + 300)) >>claims.json
    "$APISEC" sign --key "$1" --claims claims.json --type at+jwt
}
called() { # log, method, path, token, further arguments
    log=$1 method=$2 path=$3 token=$4
    shift 4
    "$APISEC" verify --issuer https://id.example --audience orders --jwks keys.json --now $now --audit "$log" --method "$method" \
        --url "https://orders.example$path" "$@" "$token" >/dev/null 2>&1
}
document() { # rules
    printf '{"trust":{"issuers":[{"issuer":"https://id.example","audiences":["orders"],"algorithms":["ES256"],"jwks":"env:NOWHERE"}]},'
    printf '"rules":[%s],"audit":{"file":"new.jsonl"}}' "$1"
}
alice=$(token key.json alice) bob=$(token key.json bob) forged=$(token other.json alice)
called log GET /users/alice "$alice"
called log GET /users/bob "$bob"
called log GET /users/alice "$bob"
called log GET /users/alice "$forged"
called log GET /users/alice "$alice" --scope orders:write
called log POST /users/alice "$alice"
{ echo "${alice##*.}"; echo "${forged##*.}"; } >canaries

document '{"id":"all","path":"/**","require":{}}' >same.json
run 'the same verdicts' 0 '{"records":6,"same":6,"differ":0,"undecidable":0,"differences":[],"undecidable_records":[]}' replay same.json log
check 'nothing is said' test ! -s err
check 'nothing is opened' test ! -e new.jsonl

document '{"id":"own","path":"/users/{user}","methods":["GET"],"require":{"claims":[{"claim":"sub","equals_parameter":"user"}]}}' >own.json
run 'a change' 1 '{"records":6,"same":4,"differ":2,"undecidable":0,"differences":[{"sequence":1,"uid":' replay own.json log
check 'what it is' has out '"operation":"GET /users/alice","was":{"verdict":"allowed","status_code":"APISEC_OK"},"would_be":{"verdict":"denied","status_code":"APISEC_E_CONDITION","rule":"own","reason":'
check 'the other' has out '"operation":"POST /users/alice","was":{"verdict":"allowed","status_code":"APISEC_OK"},"would_be":{"verdict":"denied","status_code":"APISEC_E_NO_RULE","reason":'
check 'it is said' has err '2 verdicts differ, 0 are undecidable'

document '{"id":"all","path":"/**","require":{"roles":["clerk"]}}' >roles.json
run 'a claim that was not recorded' 1 '"same":2,"differ":0,"undecidable":4,"differences":[],"undecidable_records":[{"sequence":1' replay roles.json log
check 'it is named' has out '"reason":"undecidable: claim roles"'
document '{"id":"all","path":"/**","require":{"roles":["clerk"],"clients":["app"]}}' >roles.json
run 'where another requirement decides' 1 '"same":2,"differ":4,"undecidable":0' replay roles.json log
document '{"id":"all","path":"/**","public":true}' >public.json
run 'where no token is looked at' 1 '"same":5,"differ":1,"undecidable":0' replay public.json log
check 'a refused token refuses nobody' has out '"was":{"verdict":"denied","status_code":"APISEC_E_KEY_UNKNOWN"},"would_be":{"verdict":"allowed"'

# ---- many ----
i=0
while [ $i -lt 103 ]; do
    called many GET /users/alice "$bob"
    i=$((i + 1))
done
run 'many differences' 1 '"differ":103' replay own.json many
check 'the first hundred' test "$(grep -o '"sequence"' out | wc -l)" -eq 100
check 'and how many more' has out '"more_differences":3'
run 'all of them' 1 '"differ":103' replay own.json --all many
check 'are shown' test "$(grep -o '"sequence"' out | wc -l)" -eq 103
check 'and there are no more' lacks out more_
run 'several logs' 1 '"records":109,"same":4,"differ":105' replay own.json log many

# ---- what cannot be read ----
sed '3s/GET/PUT/' log >broken
run 'a changed record' 2 '"status":"APISEC_E_AUDIT"' replay same.json broken
check 'its place' has err 'broken, line 3: '
check 'nothing else is said' lacks out records\"
sed 3d log >broken
run 'a record is missing' 2 'line 3: ' replay same.json broken
sed 1d log >broken
run 'the first is missing' 2 'line 1: ' replay same.json broken
head -c 2000 log >broken
run 'half a record' 2 'line ' replay same.json broken
: >broken
run 'an empty log' 2 '"status":"APISEC_E_AUDIT"' replay same.json broken
run 'a log that is not there' 2 'cannot read nowhere: ' replay same.json nowhere
run 'a folder' 2 'cannot read' replay same.json "$scratch"
run 'one good and one broken' 2 'APISEC_E_AUDIT' replay same.json log broken
document '{"id":"all","path":"/**","require":{"scope":["a"]}}' >refused.json
run 'a document that is refused' 2 'did you mean' replay refused.json log
run 'a document that is not there' 2 'cannot read' replay nowhere.json log
run 'no log' 2 '"status":"APISEC_E_ARGUMENT"' replay same.json
run 'nothing' 2 '"status":"APISEC_E_ARGUMENT"' replay

summary
