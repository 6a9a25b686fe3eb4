#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# mbedtls.sh VERSION NAME CFLAGS [CC]: builds libmbedcrypto.a of Debian's mbedTLS source package, as 2.28.3 or 3.6, with these flags,
# into build/deps/mbedtls-VERSION-NAME (include/ and library/). Done before: does nothing. Cannot be had: says so, exit status 2.
#
# apt fetches it and checks the archive's signatures, with a configuration of its own below build/deps: the sources are those of this
# machine, as deb-src and for the releases that may hold the version; /etc/apt and the machine's lists stay as they are.
set -u
[ $# -ge 3 ] || { echo "usage: mbedtls.sh VERSION NAME CFLAGS [CC]" >&2; exit 2; }
version=$1 name=$2 cflags=$3 cc=${4:-${CC:-cc}}
deps=$(pwd)/build/deps
target=$deps/mbedtls-$version-$name
give_up() { echo "mbedtls.sh: $*" >&2; exit 2; }

want="$version|$cflags|$($cc --version 2>/dev/null | head -n 1)|$(cksum <"$0")"
[ "$(cat "$target/built" 2>/dev/null)" = "$want" ] && exit 0

# ---- the source, unpacked once into build/deps/mbedtls-VERSION ----
fetch() {
    for command in apt-get dpkg-source; do
        command -v $command >/dev/null || give_up "mbedTLS $version is built from Debian's source package, and there is no $command here"
    done
    apt=$deps/apt
    rm -rf "$apt" && mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/parts" || exit 2

    # One line for each archive and key of the machine, in both of apt's forms: URI, then the key file or "-".
    {
        cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | awk '$1 == "deb" {
            key = "-"; uri = ""
            for (i = 2; i <= NF; i++) {
                if (match($i, /signed-by=[^] ]*/)) key = substr($i, RSTART + 10, RLENGTH - 10)
                if ($i ~ /:\//) { uri = $i; break }
            }
            if (uri != "") print uri, key }'
        for file in /etc/apt/sources.list.d/*.sources; do
            [ -f "$file" ] && awk 'function flush() { if (uris != "" && types ~ /deb/) { n = split(uris, u, " "); for (i = 1; i <= n; i++) print u[i], key }
                                                     uris = types = ""; key = "-" }
                BEGIN { key = "-" } /^[ \t]*$/ { flush(); next } /^#/ { next }
                tolower($1) == "uris:" { sub(/^[^:]*:[ \t]*/, ""); uris = $0 }
                tolower($1) == "types:" { types = $0 }
                tolower($1) == "signed-by:" && $2 ~ /^\// { key = $2 }
                END { flush() }' "$file"
        done
    } | grep -v -- '-security/* ' | sort -u >"$apt/archives.txt"
    [ -s "$apt/archives.txt" ] || give_up "no archive is named below /etc/apt"

    case $version in 2.28*) suites='bookworm' ;; 3.*) suites='trixie' ;; *) give_up "no release is known to hold mbedTLS $version" ;; esac
    while read -r uri key; do
        for suite in $suites; do
            [ "$key" = - ] && option='' || option="[signed-by=$key] "
            echo "deb-src $option$uri $suite main"
        done
    done <"$apt/archives.txt" >"$apt/sources.list"
    cat >"$apt/apt.conf" <<CONF
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "$apt/parts";
Dir::State::Lists "$apt/lists";
Dir::Cache "$apt";
Dir::Cache::Archives "$apt/archives";
Acquire::Languages "none";
APT::Sandbox::User "root";
CONF
    export APT_CONFIG="$apt/apt.conf"
    echo "  FETCH   mbedTLS $version, Debian's source package"
    apt-get update -qq >"$apt/log" 2>&1 || { cat "$apt/log" >&2; give_up "the package lists cannot be had"; }
    exact=$(apt-cache showsrc mbedtls 2>/dev/null | awk -v want="$version" '
        $1 == "Package:" { ours = ($2 == "mbedtls") }
        $1 == "Version:" && ours && (index($2, want "-") == 1 || index($2, want ".") == 1) { print $2 }' | sort -V | tail -n 1)
    [ -n "$exact" ] || give_up "the archives of this machine hold no mbedTLS $version"
    rm -rf "$apt/source" && mkdir "$apt/source" || exit 2
    (cd "$apt/source" && apt-get source -qq --download-only "mbedtls=$exact" >"$apt/log" 2>&1) ||
        { cat "$apt/log" >&2; give_up "mbedTLS $exact cannot be had"; }
    # apt has compared every file with the signed list already; the .dsc's own signature would need Debian's developers' keys.
    dpkg-source --no-check --no-copy -x "$apt"/source/*.dsc "$deps/unpacked" >"$apt/log" 2>&1 || { cat "$apt/log" >&2; give_up "the source does not unpack"; }
    mv "$deps/unpacked" "$deps/mbedtls-$version" || exit 2
    rm -rf "$apt"
}
[ -d "$deps/mbedtls-$version" ] || { rm -rf "$deps/unpacked"; fetch; }

# ---- built with the flags, in a copy ----
echo "  BUILD   mbedTLS $version with $cflags"
rm -rf "$target" && cp -r "$deps/mbedtls-$version" "$target" || exit 2
# Debian's own choice of features, so that what is tested is what is deployed.
for option in $(sed -n 's/.*scripts\/config\.py set \([A-Z0-9_]*\)$/\1/p' "$target/debian/rules"); do
    (cd "$target" && python3 scripts/config.py set "$option") || give_up "the option $option cannot be set"
done
# The counters of its self-test are plain globals that every thread writes: harmless, and yet a race.
case $cflags in *fsanitize=thread*)
    (cd "$target" && python3 scripts/config.py unset MBEDTLS_SELF_TEST) || give_up "the self-test cannot be left out" ;;
esac
if ! make -C "$target/library" -j2 CC="$cc" CFLAGS="$cflags -fPIC" GEN_FILES= libmbedcrypto.a >"$deps/log" 2>&1; then
    tail -n 20 "$deps/log" >&2
    give_up "mbedTLS $version does not build with these flags"
fi
echo "$want" >"$target/built"
