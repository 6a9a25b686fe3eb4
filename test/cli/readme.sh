#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# readme.sh: README.md against the truth: its example compiles, its commands work, its links lead somewhere, and what it names exists.
set -u
. test/support/cli.sh

readme=$top/README.md
# blocks MARK: the code blocks below a comment <!-- test: MARK -->, each into a file MARK.1, MARK.2 …
blocks() {
    awk -v mark="<!-- test: $1 -->" -v name="$1" '
        $0 == mark { armed = 1; next }
        armed && /^```/ { armed = 0; inside = 1; file = name "." ++count; printf "" >file; next }
        inside && /^```/ { inside = 0; next }
        inside { print >file }' "$readme"
}

blocks example.c # the blocks are one file
check 'there is an example' test -s example.c.1 -a -s example.c.3
cat example.c.1 example.c.2 example.c.3 >example.c
for compiler in "${CC:-cc} -std=c11" "${CC:-cc} -std=c99 -pedantic" "${CC:-cc} -x c++ -std=c++11"; do
    case $compiler in *c++*) printf '#include <string>\n' | ${CC:-cc} -x c++ -fsyntax-only - 2>/dev/null || continue ;; esac
    # shellcheck disable=SC2086 # words
    $compiler -Wall -Wextra -Werror -I"$top/include" -c -o example.o example.c >out 2>err
    check "the example compiles with $compiler" test $? -eq 0
done
check 'the example links' sh -c "printf '%s\n' '#include <apisec/apisec.h>' 'struct order; struct service;' \
    'int owns(const apisec_token *user, const struct order *order) { (void)order; return user != 0; }' \
    'void place_order(struct service *service, const apisec_decision *decision, const apisec_call *call, struct order *order)' \
    '{ (void)service, (void)decision, (void)call, (void)order; }' \
    'apisec_status send_order(const char *scheme, const char *token, size_t len, const struct order *order)' \
    '{ (void)scheme, (void)token, (void)len, (void)order; return APISEC_OK; }' \
    'void reply(const apisec_decision *decision) { (void)decision; }' 'int main(void) { return 0; }' >main.c &&
    ${CC:-cc} ${CFLAGS-} ${LDFLAGS-} -pthread -I'$top/include' main.c example.c '$BUILD/libapisec.a' \
    ${MBEDTLS_LIBS:--lmbedcrypto} -lcjson -lz ${CURL_LIBS:--lcurl} -o example"

blocks guard.c
blocks guard.json
check 'there is a document' test -s guard.c.1 -a -s guard.json.1
cat >lint.c <<'C'
#include <apisec/apisec.h>
#include <stdio.h>
void serve(const apisec_decision *decision) { (void)decision; }
void reply(const apisec_decision *decision) { (void)decision; }
int main(void)
{
    static char json[65536];
    char *findings = NULL;
    const size_t len = fread(json, 1, sizeof json, stdin);
    if (apisec_guard_lint(json, len, &findings, NULL) != APISEC_OK) return 1;
    puts(findings);
    apisec_text_free(findings);
    return 0;
}
C
cp guard.c.1 guard.c
# shellcheck disable=SC2086 # words
${CC:-cc} -Wall -Wextra -Werror ${CFLAGS-} ${LDFLAGS-} -pthread -I"$top/include" lint.c guard.c "$BUILD/libapisec.a" \
    ${MBEDTLS_LIBS:--lmbedcrypto} -lcjson -lz ${CURL_LIBS:--lcurl} -o lint >out 2>err
check 'the call by a document compiles' test $? -eq 0
./lint <guard.json.1 >out 2>err
check 'nothing is wrong with the document' has out '"accepted":true,"findings":[]'

blocks loop.c
for compiler in "${CC:-cc} -x c -std=c11" "${CC:-cc} -x c++ -std=c++11"; do
    case $compiler in *c++*) printf '#include <string>\n' | ${CC:-cc} -x c++ -fsyntax-only - 2>/dev/null || continue ;; esac
    # shellcheck disable=SC2086 # words
    $compiler -Wall -Wextra -Werror -I"$top/include" -c -o loop.o loop.c.1 >out 2>err
    check "the event loop compiles with $compiler" test $? -eq 0
done
blocks rules.json
check 'there is a document of rules' test -s rules.json.1
cat >rules.c <<END
#include <apisec/rules.h>
#include <stdio.h>
int main(void)
{
    static char json[65536];
    apisec_rules *rules;
    apisec_error err;
    const size_t len = fread(json, 1, sizeof json, stdin);
    if (apisec_rules_new(json, len, &rules, &err) != APISEC_OK) return puts(err.text), 1;
    if (apisec_rules_notice(rules, 0)) return puts(apisec_rules_notice(rules, 0)), 1;
    apisec_rules_free(rules);
    return 0;
}
END
# shellcheck disable=SC2086 # words
${CC:-cc} ${CFLAGS-} ${LDFLAGS-} -pthread -I"$top/include" rules.c "$BUILD/libapisec.a" ${MBEDTLS_LIBS:--lmbedcrypto} -lcjson -lz \
    ${CURL_LIBS:--lcurl} -o rules >out 2>err
check 'the reader of rules links' test $? -eq 0
check 'the rules compile' sh -c './rules <rules.json.1'

# All blocks of commands are one session, in one folder, with the tool in the path. Each block must end well.
blocks commands
mkdir session bin
ln -s "$APISEC" bin/apisec
n=0
for block in commands.*; do
    [ -s "$block" ] || continue
    n=$((n + 1))
    (cd session && PATH=$scratch/bin:$PATH sh -eu "../$block") >out 2>err </dev/null
    check "the commands of block $n" test $? -eq 0
    cp out "printed.$n"
done
check 'there are commands' test $n -ge 4
check 'the first block ends with an allow' has printed.1 '"verdict":"allowed"'
check 'the second says why not' has printed.2 APISEC_E_SCOPE
check 'the second shows the exit status' has printed.2 'exit status 1'
check 'its log is intact' has printed.2 '"verdict":"intact"'
check 'the third takes an encrypted token' has printed.3 '"verdict":"allowed"'
check 'the fourth names the place' has printed.4 '"position":'
check 'the fifth finds nothing wrong with the document' has printed.5 '{"accepted":true,"findings":[]}'
check 'it lets in whom it should' has printed.5 '{"verdict":"allowed"'
check 'and denies the rest' has printed.5 'exit status 1'
check 'it writes no log' test ! -e session/orders.jsonl
check 'the sixth finds the same verdicts' has printed.6 '"same":1,"differ":0,"undecidable":0'
check 'and those that differ' has printed.6 '"same":0,"differ":1,"undecidable":0'

# The commands for a server are run against one of ours: other names, and a CA and a loopback address to be let through.
blocks server
check 'there are commands for a server' test -s server.1
make_certificates && start ready "$BUILD/test/cli/issuer" server.pem server.key || exit 1
issuer=$(member ready issuer)
mkdir server remote
cp ca.pem server
member ready orders_secret >server/secret
member ready alice_session >server/opaque
member ready web_secret >web_secret
run 'a token to begin with' 0 '"token_type":"Bearer"' exchange --endpoint "$issuer/token" --client-id web --client-secret-file web_secret \
    --allow-loopback --cacert ca.pem --audience orders --scope orders:read "$(member ready alice_session)"
member out access_token >server/token
printf '#!/bin/sh\ncommand=$1\nshift\nexec "%s" "$command" --allow-loopback --cacert ca.pem "$@"\n' "$APISEC" >remote/apisec
chmod +x remote/apisec
sed "s|https://id.example.com|$issuer|g" server.1 >commands
(cd server && PATH=$scratch/remote:$PATH sh -eu ../commands) >out 2>err </dev/null
check 'the commands for a server' test $? -eq 0
check 'three tokens are allowed' test "$(grep -c '"verdict":"allowed"' out)" -eq 3
check 'one is issued' has out '"scope":"ledger:read"'
exec 9>&-

grep -oE '\]\([^)#]+\)' "$readme" | tr -d ')' | cut -c3- | grep -v '^https\{0,1\}:' >links
while read -r link; do check "the link to $link" test -e "$top/$link"; done <links
check 'there are links' test -s links
grep -oE '(^|[^A-Za-z0-9_])apisec_[a-z0-9_]*[a-z0-9](\(\))?`' "$readme" | grep -oE 'apisec_[a-z0-9_]+' | sort -u >names
while read -r name; do check "the name $name" grep -qrw "$name" "$top/include/apisec"; done <names
grep -oE '^    (.*&& )?(sudo )?make [a-z-]+|`make [a-z-]+' "$readme" | awk '{ print $NF }' | sort -u >targets
check 'there are targets' test -s targets
while read -r target; do
    check "the target $target" grep -qE "^([a-z-]+ )*$target( [a-z-]+)*:" "$top/Makefile" "$top/test/test.mk" "$top/examples/examples.mk" "$top/examples/mesh/mesh.mk"
done <targets
awk '/^```sh$/ { inside = 1 } /^```$/ { inside = 0 } inside' "$readme" | grep -oE -- ' --[a-z-]+' | tr -d ' ' | sort -u >options
check 'there are options' test -s options
while read -r option; do check "the option $option" grep -rqF "\"${option#--}\"" "$top/examples/apisec"; done <options

summary
