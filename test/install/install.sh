#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# install.sh: the library as its users get it: installed to a PREFIX and through a DESTDIR, found with pkg-config, linked with C99 and
# C++11 programs outside the tree, shared and static, and taken away again without a trace. Needs a finished `make`.
set -u
build=${BUILD:-build}
cc=${CC:-cc} cxx=${CXX:-c++}
here=$(pwd)
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
passed=0 failed=0
check() { # what is true, then the command that says so
    what=$1
    shift
    if "$@" >"$work/log" 2>&1; then passed=$((passed + 1)); else
        failed=$((failed + 1))
        echo "not true: $what"
        sed 's/^/    /' "$work/log"
    fi
}
run_make() { make -C "$here" --no-print-directory BUILD="$build" CC="$cc" "$@"; }
not() { ! "$@"; }

# ---- what is there ----
check 'make install PREFIX' run_make install PREFIX="$prefix"
check 'the soname is a link to the version' [ "$(readlink "$prefix/lib/libapisec.so.0")" = "$(cd "$prefix/lib" && echo libapisec.so.0.*)" ]
check 'the name to link with is a link to the soname' [ "$(readlink "$prefix/lib/libapisec.so")" = libapisec.so.0 ]
check 'the shared library is a file' [ -f "$prefix/lib/libapisec.so.0" ]
for header in "$here"/include/apisec/*.h; do
    check "${header##*/} is installed as it is" cmp "$header" "$prefix/include/apisec/${header##*/}"
done
if [ -d "$here/examples/apisec" ]; then
    check 'the tool is installed' [ -x "$prefix/bin/apisec" ]
    check 'the tool runs' "$prefix/bin/apisec" --help
fi
for header in "$here"/include/apisec/*.h; do
    part=${header##*/} part=${part%.h} page=apisec_$part
    [ "$part" != apisec ] || page=apisec
    check "$page.3 is installed" [ -s "$prefix/share/man/man3/$page.3" ]
done
check 'a function leads to its page' grep -qx '.so man3/apisec_verifier.3' "$prefix/share/man/man3/apisec_verify.3"
[ ! -d "$here/examples/apisec" ] || check 'the page of the tool is installed' [ -s "$prefix/share/man/man1/apisec.1" ]
if command -v man >/dev/null; then
    check 'man finds a function' sh -c "man -M '$prefix/share/man' apisec_verify | grep -q 'End \*verified with apisec_token_free'"
fi

# ---- programs outside the tree ----
cd "$work" || exit 2
cat >verify.c <<'SOURCE'
#include <apisec/apisec.h>
#include <stdio.h>
#include <string.h>

/* Signs a token, verifies it with a pinned key, and refuses it once one character is another. No transport. */
int main(void)
{
    static const char claims[] = "{\"iss\":\"https://id.example\",\"sub\":\"alice\",\"aud\":\"orders\",\"exp\":2000000000,"
                                 "\"iat\":1999999900,\"jti\":\"1\",\"client_id\":\"web\",\"scope\":\"orders:read\"}";
    char jwks[1024];
    apisec_signer *signer;
    apisec_trust *trust;
    apisec_issuer *issuer;
    apisec_verifier *verifier;
    apisec_token *verified = NULL;
    apisec_error err;
    char *token = NULL;
    int allowed, refused;

    if (apisec_signer_generate("ES256", &signer, &err) != APISEC_OK) return printf("%s\n", err.text), 1;
    if (apisec_signer_sign(signer, "at+jwt", claims, strlen(claims), &token, &err) != APISEC_OK) return printf("%s\n", err.text), 1;
    snprintf(jwks, sizeof jwks, "{\"keys\":[%s]}", apisec_signer_public_jwk(signer));

    trust = apisec_trust_new();
    issuer = apisec_trust_add_issuer(trust, "https://id.example");
    apisec_issuer_add_audience(issuer, "orders");
    apisec_issuer_allow_algorithm(issuer, "ES256");
    apisec_issuer_set_jwks(issuer, jwks, strlen(jwks));
    if (apisec_verifier_new(trust, NULL, &verifier, &err) != APISEC_OK) return printf("%s\n", err.text), 1;
    apisec_trust_free(trust);

    allowed = apisec_verify(verifier, token, strlen(token), 1999999950, &verified, &err) == APISEC_OK &&
              apisec_require_scope(verified, "orders:read") == APISEC_OK;
    apisec_token_free(verified);
    token[strlen(token) - 10] = token[strlen(token) - 10] == 'A' ? 'B' : 'A';
    refused = apisec_verify(verifier, token, strlen(token), 1999999950, &verified, &err) == APISEC_E_SIGNATURE && verified == NULL;

    apisec_text_free(token);
    apisec_verifier_free(verifier);
    apisec_signer_free(signer);
    printf("apisec %s: allowed %d, refused %d\n", apisec_version(), allowed, refused);
    return allowed && refused ? 0 : 1;
}
SOURCE
cp verify.c verify.cpp
cat >fetch.c <<'SOURCE'
#include <apisec/apisec.h>

/* Makes the libcurl transport, and so needs libcurl. */
int main(void)
{
    apisec_http *http = NULL;
    apisec_error err;
    apisec_status status = apisec_http_new(NULL, &http, &err);
    apisec_http_free(http);
    return status == APISEC_OK ? 0 : 1;
}
SOURCE

export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
version=$(sed -n 's/^VERSION := //p' "$here/Makefile")
check "pkg-config says version $version" [ "$(pkg-config --modversion apisec)" = "$version" ]
c99='-std=c99 -Wall -Wextra -pedantic -Werror'
cxx11='-std=c++11 -Wall -Wextra -pedantic -Werror'
cflags=$(pkg-config --cflags apisec) libs=$(pkg-config --libs apisec) static=$(pkg-config --static --libs apisec)
export LD_LIBRARY_PATH="$prefix/lib"

# shellcheck disable=SC2086 # lists of words, here and below
{
    check 'C99, shared' $cc $c99 $cflags -o shared-c verify.c $libs
    check 'C99, shared: runs' ./shared-c
    check 'C99, shared: uses the soname' sh -c 'readelf -d shared-c | grep -q "NEEDED.*\[libapisec.so.0\]"'
    check 'C99, shared: needs nothing of the library underneath' not sh -c 'readelf -d shared-c | grep -qE "NEEDED.*(mbedcrypto|cjson|curl|libz)"'
    check 'C99, shared, with the transport' $cc $c99 $cflags -o shared-fetch fetch.c $libs
    check 'C99, shared, with the transport: runs' ./shared-fetch
    cp verify.c service.c # what README.md says to do, and what it says is enough for the archive
    check 'the command of README.md' sh -ec "$(sed -n 's/^    \(cc service\.c .*\)$/\1/p' "$here/README.md" | grep .)"
    check 'the command of README.md: its program runs' ./a.out
    archive=$(sed -n 's/^`\(-lapisec [-a-z ]*\)` is all of it.*/\1/p' "$here/README.md")
    check 'the libraries of README.md' $cc $cflags -o readme-static verify.c -Wl,-Bstatic -L"$prefix/lib" ${archive%% *} -Wl,-Bdynamic ${archive#* }
    check 'the libraries of README.md: its program runs' env -u LD_LIBRARY_PATH ./readme-static
    check 'pkg-config --static' $cc $c99 $cflags -o both verify.c $static
    check 'pkg-config --static: runs' ./both
    check 'C99, static' $cc $c99 $cflags -o static-c verify.c -Wl,-Bstatic -lapisec -Wl,-Bdynamic -L"$prefix/lib" \
        $(echo "$static" | sed 's/-lapisec//')
    check 'C99, the archive by its name' $cc $c99 $cflags -o static-name verify.c "$prefix/lib/libapisec.a" $static
    check 'C99, static, with the transport' $cc $c99 $cflags -o static-fetch fetch.c "$prefix/lib/libapisec.a" $(echo "$static" | sed 's/-lapisec//')
    if command -v "$cxx" >/dev/null; then
        check 'C++11, shared' $cxx $cxx11 $cflags -o shared-cxx verify.cpp $libs
        check 'C++11, shared: runs' ./shared-cxx
        check 'C++11, static' $cxx $cxx11 $cflags -o static-cxx verify.cpp "$prefix/lib/libapisec.a" $(echo "$static" | sed 's/-lapisec//')
    fi
}
unset LD_LIBRARY_PATH
for program in static-c static-name static-fetch static-cxx; do
    [ $program != static-cxx ] || command -v "$cxx" >/dev/null || continue
    check "$program: needs no libapisec.so" not sh -c "readelf -d $program | grep -q 'NEEDED.*apisec'"
    check "$program: runs" ./$program
done
check 'a static program that only verifies does not need libcurl' not sh -c 'readelf -d static-c | grep -q "NEEDED.*curl"'
check 'one with the transport does' sh -c 'readelf -d static-fetch | grep -q "NEEDED.*curl"'

# ---- and taken away ----
cd "$here" || exit 2
check 'make uninstall PREFIX' run_make uninstall PREFIX="$prefix"
check 'uninstall leaves no file' [ -z "$(find "$prefix" ! -type d)" ]
check 'uninstall leaves no folder of its own' [ ! -e "$prefix/include/apisec" ]

# A packager's install: other folders, below a DESTDIR that no installed file knows.
dirs="PREFIX=/usr LIBDIR=/usr/lib/x86_64-linux-gnu INCLUDEDIR=/usr/include BINDIR=/usr/libexec MANDIR=/usr/man"
# shellcheck disable=SC2086
check 'make install DESTDIR' run_make install DESTDIR="$work/root" $dirs
check 'LIBDIR is honoured' [ -f "$work/root/usr/lib/x86_64-linux-gnu/libapisec.a" ]
check 'INCLUDEDIR is honoured' [ -f "$work/root/usr/include/apisec/apisec.h" ]
[ ! -d examples/apisec ] || check 'BINDIR is honoured' [ -x "$work/root/usr/libexec/apisec" ]
check 'MANDIR is honoured' [ -f "$work/root/usr/man/man3/apisec.3" ]
check 'pkg-config is told of it' [ -f "$work/root/usr/lib/x86_64-linux-gnu/pkgconfig/apisec.pc" ]
check 'no installed text knows DESTDIR' not grep -rqF "$work" "$work/root/usr/man" "$work/root/usr/include" "$work/root/usr/lib/x86_64-linux-gnu/pkgconfig"
# shellcheck disable=SC2086
check 'make uninstall DESTDIR' run_make uninstall DESTDIR="$work/root" $dirs
check 'uninstall leaves no file below DESTDIR' [ -z "$(find "$work/root" ! -type d)" ]

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
