#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# selftest.sh: the lints must be able to fail. Lays out a small project that passes each of them, breaks one rule at a time in a copy,
# and expects the lint to fail and to name the file.
set -u
lints=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cc=${CC:-cc}
passed=0 failed=0
spdx='/* SPDX-License-Identifier: Apache-2.0 */'

good() { # a fresh small project in $work/p
    rm -rf "$work/p" && mkdir -p "$work/p/lib/base" "$work/p/lib/json" "$work/p/lib/crypto" "$work/p/lib/token" "$work/p/include/apisec" "$work/p/test" &&
        cd "$work/p" || exit 2
    cat >include/apisec/status.h <<HEADER
$spdx
#ifndef APISEC_STATUS_H
#define APISEC_STATUS_H
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif
enum { APISEC_OK = 0,
    APISEC_E_SCOPE = -301 /* 403  … */
};
/* apisec_name is a name. */
const char *apisec_name(int32_t status);

typedef struct apisec_thing apisec_thing;
void apisec_thing_free(apisec_thing *thing);
#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
HEADER
    printf '%s\n#ifndef APISEC_APISEC_H\n#define APISEC_APISEC_H\n#include <apisec/status.h>\n#endif\n' "$spdx" >include/apisec/apisec.h
    printf '%s\n#include <apisec/status.h>\n' "$spdx" >lib/base/base.h
    printf '%s\n#include "base/base.h"\n#include <cjson/cJSON.h>\n' "$spdx" >lib/json/json.h
    printf '%s\n#include "json/json.h"\n' "$spdx" >lib/token/token.h
    printf '%s\n#include "base/base.h"\n\nint name_none;\n\nconst char *apisec_name(int32_t status)\n{\n    return status == 0 ? "APISEC_OK" : "APISEC_E_SCOPE";\n}\nstatic const struct row rows[] = {\n    {APISEC_E_SCOPE, 403, "APISEC_E_SCOPE", 0},\n};\n' "$spdx" >lib/base/status.c
    echo 'APISEC_E_SCOPE is what `apisec_name(status)` is asked for.' >README.md
}

expect() { # lint, file named in the complaint ("-" for: it passes), what was broken
    output=$(sh "$lints/$1" 2>&1 </dev/null)
    code=$?
    if [ "$2" = - ]; then [ $code -eq 0 ]; else [ $code -ne 0 ] && echo "$output" | grep -qF -- "$2"; fi
    if [ $? -eq 0 ]; then passed=$((passed + 1)); else
        failed=$((failed + 1))
        printf '%s: %s: exit status %s\n%s\n' "$1" "$3" $code "$output"
    fi
}
breaks() { # lint, file, line to add to it, why
    good
    printf '%s\n' "$3" >>"$2"
    expect "$1" "$2" "$4"
}

good
for lint in layers.sh banned.sh docs.sh headers.sh; do expect $lint - 'the small project as it is'; done

while IFS='|' read -r lint file line why; do
    [ -z "$lint" ] || breaks "$lint" "$file" "$line" "$why"
done <<'ROWS'
layers.sh|lib/base/base.h|#include "json/json.h"|an arrow up
layers.sh|lib/json/json.h|#include "crypto/crypto.h"|an arrow sideways
layers.sh|lib/token/token.h|#include "json/reader.h"|another folder's inside
layers.sh|lib/token/token.h|#include <cjson/cJSON.h>|cJSON outside its room
layers.sh|lib/json/json.h|#include <mbedtls/md.h>|mbedTLS outside its room
layers.sh|lib/json/json.h|#include <zlib.h>|zlib outside its room
layers.sh|lib/json/json.h|#include <curl/curl.h>|libcurl outside its room
layers.sh|lib/json/json.h|#include <apisec/token.h>|a public header of a layer above
layers.sh|lib/json/json.h|#include "../token/token.h"|a path that climbs
layers.sh|include/apisec/status.h|#include <stdio.h>|a public header that drags in stdio
layers.sh|include/apisec/status.h|#include "base/base.h"|a public header that includes a private one
banned.sh|lib/base/status.c|static void f(char *a, const char *b) { strcpy(a, b); }|strcpy
banned.sh|test/t.c|int f(const char *a); int x = atoi("1");|atoi in a test
banned.sh|lib/base/status.c|void f(void) { printf("x"); }|printing
banned.sh|lib/base/status.c|void f(void) { goto out; out:; }|goto elsewhere
banned.sh|lib/json/json.h|int f(void) { return cJSON_GetObjectItem(0, "a") != 0; }|case-insensitive look-up
banned.sh|lib/base/status.c|struct f { int recalled; }; static void g(struct f *f) { f->recalled = 1; }|a record where calls are judged
banned.sh|lib/base/status.c|static int apisec_x(void) { return 0; }|static with a prefix
banned.sh|lib/base/status.c|/* TODO: later */|a note for later
banned.sh|lib/base/status.c|/* for now */|a note for later in prose
banned.sh|lib/base/status.c|	int tab;|a tab
banned.sh|lib/base/status.c|int blank; |a blank at the end
banned.sh|lib/base/status.c|/* 12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901 */|a long line
banned.sh|include/apisec/status.h|long f(void);|long
banned.sh|include/apisec/status.h|int32_t f(const char *format, ...);|varargs
banned.sh|include/apisec/status.h|#define APISEC_MACRO 1|a macro
banned.sh|include/apisec/status.h|enum apisec_color { RED };|an enum type
banned.sh|include/apisec/status.h|struct s { unsigned a : 3; };|a bit-field
docs.sh|include/apisec/status.h|int32_t apisec_silent(int32_t a);|a function without a comment
docs.sh|README.md|It answers APISEC_E_WHATEVER.|a status that does not exist
docs.sh|README.md|Call `apisec_frobnicate(x)`.|a function that does not exist
docs.sh|include/apisec/status.h|    APISEC_E_ROLE = -302,|a status without a row
headers.sh|include/apisec/status.h|size_t f(void);|a header that does not compile alone
headers.sh|include/apisec/status.h|int32_t f();|no prototype
headers.sh|include/apisec/status.h|enum { A, };;|a warning
ROWS

good && printf 'int x;\n' >lib/base/x.c && expect banned.sh lib/base/x.c 'no SPDX line'
good && { printf '%s\nvoid f(void)\n{\n' "$spdx" && yes '    ;' | head -n 61 && echo '}'; } >lib/base/x.c && expect banned.sh lib/base/x.c 'a function of 61 lines'
good && { printf '%s\nvoid f(void)\n{\n' "$spdx" && yes '    ;' | head -n 60 && echo '}'; } >lib/base/x.c && expect banned.sh - 'a function of 60 lines'
good && { echo "$spdx" && yes '' | head -n 500; } >lib/base/x.c && expect banned.sh lib/base/x.c 'a file of 501 lines'
good && sed -i 's/_STATUS_H/_STATE_H/' include/apisec/status.h && expect headers.sh include/apisec/status.h 'a guard with another name'
good && sed -i '/status\.h/d' include/apisec/apisec.h && expect headers.sh include/apisec/status.h 'a header that apisec.h leaves out'
good && sed -i 's|/\* 403|/* 401|' include/apisec/status.h && expect docs.sh 'replied to with 401' 'an HTTP status that is not that of the table'
good && printf '%s\n/* strcpy(a, b) and TO DO */\nconst char *f = "strcpy(a)";\n' "$spdx" >test/x.c && expect banned.sh - 'names in comments and texts'

# symbols.sh looks at what was built.
library() { # C text, more linker arguments: build/ as make would leave it
    good
    mkdir -p build/lib/base
    printf '%s\n' "$1" >x.c
    $cc -O1 -fPIC -c x.c -o build/lib/base/x.o && ar rcs build/libapisec.a build/lib/base/x.o || exit 2
    # shellcheck disable=SC2086
    $cc -shared -Wl,-soname,"${2:-libapisec.so.0}" -Wl,-z,relro,-z,now -o build/libapisec.so.0 build/lib/base/x.o ${3:-} || exit 2
}
unset BUILD
library 'int apisec_x(void) { return 1; }' && expect symbols.sh - 'a library as it should be'
library 'int x(void) { return 1; }' && expect symbols.sh libapisec.so.0 'a name without prefix'
library 'int apisec_x(void) { return 1; }' libother.so && expect symbols.sh soname 'another soname'
library 'int apisec_x(void) { return 1; }' libapisec.so.0 '-Wl,--no-as-needed -lm' && expect symbols.sh libm.so 'one more library needed'
library 'static int calls; int apisec_x(void) { return ++calls; }' && expect symbols.sh 'keeps state: calls' 'a counter that outlives a call'
library 'int curl_easy_init(void); int apisec_x(void) { return curl_easy_init(); }' && expect symbols.sh libcurl 'libcurl used elsewhere'
library '__attribute__((constructor)) static void go(void) { __asm__ volatile(""); } int apisec_x(void) { return 1; }' &&
    expect symbols.sh 'when the library is loaded' 'a constructor'

# man.sh looks at the pages made from the headers.
pages() { good && cp -r "$lints/../../lib/man" lib/man && sh lib/man/make.sh build/man 0.0.1; }
if command -v groff >/dev/null; then
    pages && expect man.sh - 'pages as they should be'
    pages && rm build/man/man3/apisec_name.3 && expect man.sh apisec_name 'a function without a page'
    pages && rm build/man/man3/apisec_status.3 && expect man.sh apisec_status.3 'a header without a page'
    pages && sed -i '/^\.SS.*apisec_name/d' build/man/man3/apisec_status.3 && expect man.sh 'apisec_name has no paragraph' 'a function without a paragraph'
    pages && sed -i 's/\\-301/\\-302/' build/man/man3/apisec_status.3 && expect man.sh 'APISEC_E_SCOPE = -301' 'a constant with another number'
    pages && sed -i 's/ is a name\.//' build/man/man3/apisec_status.3 && expect man.sh 'lost from include/apisec/status.h: a is' 'a lost sentence'
    pages && echo '.XY' >>build/man/man3/apisec_status.3 && expect man.sh XY 'an unknown request'
    pages && echo 'a \(gab\(ga' >>build/man/man3/apisec_status.3 && expect man.sh 'a backtick is shown' 'markup that is left'
    pages && echo 'ä' >>build/man/man3/apisec_status.3 && expect man.sh ASCII 'a byte that is not ASCII'
fi

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
