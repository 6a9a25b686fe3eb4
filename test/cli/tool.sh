#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# tool.sh: the command-line tool without a network, all but verify: what each command prints, how it exits, and what it makes of
# hostile input. Each refusal stands beside the same call that passes.
set -u
. test/support/cli.sh

encode() { base64 | tr -d '=\n' | tr '+/' '-_'; }

# ---- help and usage ----
"$APISEC" --help >out 2>err
check 'the help of the tool' test $? -eq 0 -a -s out -a ! -s err
cp out help
for command in inspect verify exchange json 'audit verify' keygen sign decrypt encrypt dpop hash lint check replay; do
    # shellcheck disable=SC2086 # a command of two words
    "$APISEC" $command --help >out 2>err
    check "the help of $command" test $? -eq 0 -a ! -s err
    check "the help of $command says how to call it" has out "Usage: apisec $command"
    check "the help of $command fits 120 columns" awk 'length > 120 { exit 1 }' out
    check "the tool's help lists $command" grep -q "^  $command " help
done
"$APISEC" audit --help >out 2>err
check 'the help of a group' test $? -eq 0 -a -s out
"$APISEC" --version >out 2>err
check 'the version' grep -qE '^apisec [0-9]+\.[0-9]+\.[0-9]+$' out
for arguments in '' nonsense audit 'audit nonsense' verif --nonsense; do
    # shellcheck disable=SC2086
    "$APISEC" $arguments >out 2>err
    check "usage: apisec $arguments" test $? -eq 2 -a -s err
    check "usage: apisec $arguments: one object" grep -q "^{.*APISEC_E_ARGUMENT.*}$" out
done
usage='"status":"APISEC_E_ARGUMENT"'
run 'an unknown option' 2 "$usage" inspect --nonsense
run 'an option without its value' 2 "$usage" keygen --alg
run 'an option twice' 2 'given twice' keygen --alg ES256 --alg ES384
run 'an abbreviated option' 2 "$usage" keygen --al ES256
run 'a flag with a value' 2 'takes no value' verify --discover=yes
run 'a number that is none' 2 'whole number' verify --leeway 1s
run 'a negative number' 2 'whole number' verify --now -1
run 'a number out of range' 2 'whole number' json --max-depth 513
run 'two tokens' 2 'one token' inspect a b
echo hunter2-canary >canaries
run 'a secret on the command line' 2 "$usage" exchange --client-secret=hunter2-canary
run 'a secret behind an abbreviated option' 2 "$usage" exchange --client-secret hunter2-canary
run 'a secret as an argument' 2 "$usage" keygen --alg ES256 hunter2-canary
run 'a secret as an option' 2 "$usage" keygen -phunter2-canary
: >canaries

# ---- hash ----
echo hunter2-canary >canaries
form='"hash":"\$pbkdf2-sha256\$i=600000\$[A-Za-z0-9_-]{22}\$[A-Za-z0-9_-]{43}"'
printf 'hunter2-canary\n' >in
run 'a hash' 0 '"hash"' hash
check 'a hash: its form' grep -qE "^\{ *$form *\}$" out
: >in
run 'no secret' 2 'APISEC_E_CONFIG' hash
printf 'hunter2-canary\n\n' >in
run 'a secret with a newline' 2 'APISEC_E_ARGUMENT' hash
run 'a secret as an argument' 2 "$usage" hash hunter2-canary
: >canaries
: >in

# ---- keygen and sign ----
for alg in RS256 PS384 ES256 ES384 ES512 HS256; do
    run "a key for $alg" 0 "\"alg\":\"$alg\"" keygen --alg $alg
done
run 'a key for none' 2 '"error"' keygen --alg none
run 'a key without an algorithm' 2 "$usage" keygen
run 'a key set for a shared secret' 2 'no public half' keygen --alg HS256 --jwks none.json
check 'no key set was written' test ! -e none.json
run 'a key set in a folder that is not there' 2 'cannot write' keygen --alg ES256 --jwks nowhere/keys.json
run 'a key and its set' 0 '"kty":"EC"' keygen --alg ES256 --jwks keys.json
mv out key.json
check 'the key set is one' has keys.json '{"keys":[{'
check 'the key set has no private member' lacks keys.json '"d"'
sed -n 's/.*"d":"\([^"]*\)".*/\1/p' key.json >canaries # from here on no output may hold the private key
echo '{"sub":"alice"}' >claims.json
"$APISEC" sign --key key.json --claims claims.json >token 2>err
check 'a token is signed' test $? -eq 0 -a ! -s err
check 'a token is three parts and a newline' grep -qE '^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$' token
cp claims.json in
"$APISEC" sign --key key.json --claims - <in >out 2>err
check 'claims from standard input' test $? -eq 0 -a -s out
silent=yes
: >in
run 'sign: no claims' 2 '' sign --key key.json
run 'sign: a file that is not there' 2 '' sign --key key.json --claims nowhere.json
echo '[]' >bad.json
run 'sign: claims that are a list' 2 '' sign --key key.json --claims bad.json
echo '{"a":1,"a":2}' >bad.json
run 'sign: claims with a member twice' 2 '' sign --key key.json --claims bad.json
run 'sign: a public key' 2 '' sign --key keys.json --claims claims.json
sed 's/"d":"./"d":"!/' key.json >bad.json
run 'sign: a broken key' 2 '' sign --key bad.json --claims claims.json
run 'sign: an empty type' 2 '' sign --key key.json --claims claims.json --type ''
check 'it says what to do' has err 'leave it out'
run 'sign: a broken key again' 2 '' sign --key bad.json --claims claims.json
check 'it says which file' has err 'key, bad.json: '
run 'sign: both files from standard input' 2 '' sign --key - --claims -
silent=no

# ---- inspect ----
cp token in
run 'inspect standard input' 0 '"verified":false' inspect
check 'inspect shows the header' has out '"alg":"ES256"'
check 'inspect shows the claims' has out '"claims":{"sub":"alice"}'
: >in
run 'inspect an argument' 0 '"sub":"alice"' inspect "$(cat token)"
header=$(printf '{"alg":"ES256"}' | encode)
run 'inspect believes anything, and says so' 0 '{"verified":false,' inspect "$header.$(printf '{"sub":"mallory"}' | encode).AA"
refused() { run "inspect refuses $1" 1 '"verified":false,"error"' inspect -- "$2"; }
run 'the twin of what follows' 0 '"claims":{}' inspect "$header.e30.AA"
refused 'two parts' "$header.e30"
refused 'four parts' "$header.e30.AA.AA"
refused 'an encrypted token' "$header.AA.AA.AA.AA"
refused 'nothing' ''
refused 'padding' "$header.e30=.AA"
refused 'white space' "$header.e30.AA "
refused 'bits at the end that no encoder sets' "$header.e31.AA"
refused 'a lone digit' "$header.e30.A"
refused 'a header that is no object' "$(printf '[]' | encode).e30.AA"
refused 'claims that are no JSON' "$header.$(printf '{' | encode).AA"
refused 'a member twice' "$header.$(printf '{"sub":"a","sub":"b"}' | encode).AA"
refused 'U+0000' "$header.$(printf '{"sub":"a\\u0000"}' | encode).AA"
refused 'nesting' "$header.$(printf '{"a":[[[[[[[[]]]]]]]]}' | encode).AA"
printf '%s.e30.AA\n' "$header" >in
run 'inspect drops one newline of standard input' 0 '"claims":{}' inspect
printf '%s.e30.AA\n\n' "$header" >in
run 'inspect drops no second one' 1 '"verified":false' inspect
printf '%s.e30.AA\r\n' "$header" >in
run 'inspect drops no carriage return' 1 '"verified":false' inspect
printf '%s.e30.A\0A' "$header" >in
run 'inspect refuses a NUL' 1 '"verified":false' inspect
head -c 16385 /dev/zero | tr '\0' A >in
run 'inspect refuses a long token' 1 APISEC_E_TOO_LARGE inspect
head -c 3000000 /dev/zero | tr '\0' A >in
run 'inspect refuses a huge token' 1 APISEC_E_TOO_LARGE inspect
: >in
hostile=$(printf '{"sub":"\302\23331m\342\200\256\177"}' | encode)
run 'inspect shows no control character to a terminal' 0 '\u009b31m\u202e\u007f' inspect "$header.$hostile.AA"
check 'the raw bytes are not there' lacks out "$(printf '\302\233')"

# ---- json ----
scan() { # name, exit, text, JSON, further arguments
    name=$1 want=$2 text=$3
    printf "$4" >in
    shift 4
    run "$name" "$want" "$text" json "$@"
}
scan 'an object' 0 '{"valid":true,"status":"APISEC_OK","bytes":7}' '{"a":1}'
scan 'a member twice' 1 '"valid":false,"status":"APISEC_E_MALFORMED","position":7' '{"a":1,"a":2}'
scan 'a member twice, escaped' 1 APISEC_E_MALFORMED '{"a":1,"\\u0061":2}'
scan 'two different members' 0 '"valid":true' '{"a":1,"b":2}'
scan 'nothing' 1 '"valid":false' ''
scan 'a newline at the end is white space' 0 '"valid":true' '{}\n'
scan 'a NUL at the end is not' 1 '"position":2' '{}\0'
scan 'a byte order mark' 1 '"position":0' '\357\273\277{}'
scan 'bad UTF-8' 1 APISEC_E_MALFORMED '"\377"'
scan 'depth at the limit' 0 '"valid":true' '[[]]' --max-depth 2
scan 'depth above it' 1 APISEC_E_TOO_LARGE '[[]]' --max-depth 1
scan 'bytes at the limit' 0 '"valid":true' '[1,2]' --max-bytes 5
scan 'bytes above it' 1 APISEC_E_TOO_LARGE '[1,2]' --max-bytes 4
scan 'members at the limit' 0 '"valid":true' '{"a":1,"b":2}' --max-members 2
scan 'members above it' 1 APISEC_E_TOO_LARGE '{"a":1,"b":2}' --max-members=1
scan 'elements at the limit' 0 '"valid":true' '[1,2]' --max-elements 2
scan 'elements above it' 1 APISEC_E_TOO_LARGE '[1,2]' --max-elements 1
scan 'a string at the limit' 0 '"valid":true' '"ab"' --max-string 2
scan 'a string above it' 1 APISEC_E_TOO_LARGE '"ab"' --max-string 1
scan 'a limit of nothing' 2 'whole number' '{}' --max-depth 0
: >in
head -c 1048577 /dev/zero | tr '\0' ' ' >large
run 'more than a mebibyte' 1 APISEC_E_TOO_LARGE json large
head -c 100000 /dev/zero | tr '\0' '[' >deep
run 'a hundred thousand brackets' 1 APISEC_E_TOO_LARGE json deep
run 'a file' 0 '"valid":true' json claims.json
run 'a file that is not there' 2 'cannot read' json nowhere.json
run 'a folder' 2 'cannot read' json "$scratch"
run "a file's name cannot speak to the terminal" 2 'cannot read ?[31m' json "$(printf '\033[31m')"
run 'two files' 2 "$usage" json claims.json keys.json

# ---- standard output that cannot be written ----
if [ -c /dev/full ]; then
    "$APISEC" json claims.json >/dev/full 2>err
    check 'a full disk is not a yes' test $? -eq 2
    "$APISEC" keygen --alg ES256 >/dev/full 2>err
    check 'a full disk keeps no key' test $? -eq 2
    "$APISEC" sign --key key.json --claims claims.json >/dev/full 2>err
    check 'a full disk keeps no token' test $? -eq 2
    "$APISEC" --help >/dev/full 2>err
    check 'a full disk keeps no help' test $? -eq 2
fi
"$APISEC" json claims.json >&- 2>err
check 'a closed standard output is not a yes' test $? -eq 2

summary
