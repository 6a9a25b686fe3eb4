#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# lint.sh: apisec lint: what is found in a guard's document, and that nothing which it refers to is opened. Each finding stands beside
# the document that has none.
set -u
. test/support/cli.sh

document() { # rules, further members
    printf '{"trust":{"issuers":[{"issuer":"https://id.example","audiences":["orders"],"algorithms":["ES256"],"jwks":"file:nowhere"}]},'
    printf '"rules":[%s],"audit":{"file":"audit.jsonl"}%s}' "$1" "${2:-}"
}
all='{"id":"all","path":"/**","require":{}}'

document "$all" >good.json
run 'nothing is found' 0 '{"accepted":true,"findings":[]}' lint good.json
check 'nothing is said' test ! -s err
check 'nothing is opened' test ! -e audit.jsonl
cp good.json in
run 'standard input' 0 '{"accepted":true,"findings":[]}' lint -
: >in
document '{"id":"a","path":"/a","require":{}}' >warning.json
run 'a warning' 1 '{"accepted":true,"findings":[{"path":"rules","severity":"warning"' lint warning.json
check 'it is said as a compiler would' grep -q '^apisec lint: warning.json: warning: rules: ' err
document "$all,{\"id\":\"b\",\"path\":\"/b\",\"methods\":[\"GETT\"],\"require\":{}}" >error.json
run 'an error' 1 '"path":"rules[1].methods[0]","severity":"error"' lint error.json
document '{"id":"a","path":"/a","require":{}},{"id":"b","path":"/b","methods":["GETT"],"require":{}}' >both.json
run 'two' 1 '"severity":"error"' lint both.json
check 'each is said' test "$(wc -l <err)" -eq 2

document '{"id":"all","path":"/**","require":{"scope":["a"]}}' >refused.json
run 'a document that would be refused' 2 '{"accepted":false,"findings":[{"path":"rules[0].require.scope","severity":"error"' lint refused.json
check 'it says what was meant' has err 'did you mean'
echo '{"a":1,"a":2}' >twice.json
run 'no strict JSON' 2 '{"accepted":false,"findings":[{"path":"","severity":"error"' lint twice.json
: >empty.json
run 'an empty file' 2 '{"accepted":false' lint empty.json
run 'a file that is not there' 2 '"status":"APISEC_E_SYSTEM"' lint nowhere.json
run 'a folder' 2 'cannot read' lint "$scratch"
head -c 8388609 /dev/zero | tr '\0' ' ' >large.json
run 'a file that is too large' 2 'larger than' lint large.json
run 'no document' 2 '"status":"APISEC_E_ARGUMENT"' lint
run 'the schema' 0 '{"$schema":"https://json-schema.org/draft/2020-12/schema",' lint --schema
check 'it is one line' test "$(wc -l < out)" -eq 1
run 'the schema of nothing else' 2 '"status":"APISEC_E_ARGUMENT"' lint --schema good.json
run 'two documents' 2 '"status":"APISEC_E_ARGUMENT"' lint good.json warning.json
hostile=$(printf 'a\033[31m\342\200\256')
document "$all,{\"id\":\"b\",\"path\":\"/b\",\"require\":{\"issuers\":[\"https://id.example/\"]}}" >"$hostile.json"
run 'a name that speaks to terminals' 1 'issuers' lint "$hostile.json"
check 'it does not' lacks err "$(printf '\033')"

summary
