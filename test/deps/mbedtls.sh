#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# mbedtls.sh VERSION NAME CFLAGS [CC]: builds libmbedcrypto.a of Debian's mbedTLS source package, as 2.28.3 or 3.6, with these flags,
# into build/deps/mbedtls-VERSION-NAME (include/ and library/). AR is the archiver. Done before: does nothing. Cannot be had: says
# so, exit status 2.
set -u
[ $# -ge 3 ] || { echo "usage: mbedtls.sh VERSION NAME CFLAGS [CC]" >&2; exit 2; }
version=$1 name=$2 cflags=$3 cc=${4:-${CC:-cc}}
deps=$(pwd)/build/deps
target=$deps/mbedtls-$version-$name
give_up() { echo "mbedtls.sh: $*" >&2; exit 2; }

want="$version|$cflags|$($cc --version 2>/dev/null | head -n 1)|$(cksum <"$0")"
[ "$(cat "$target/built" 2>/dev/null)" = "$want" ] && exit 0

case $version in 2.28*) suite=bookworm ;; 3.*) suite=trixie ;; *) give_up "no release is known to hold mbedTLS $version" ;; esac
sh test/deps/source.sh mbedtls "$version" $suite || exit 2

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
if ! make -C "$target/library" -j2 CC="$cc" AR="${AR:-ar}" CFLAGS="$cflags -fPIC" GEN_FILES= libmbedcrypto.a >"$deps/log" 2>&1; then
    tail -n 20 "$deps/log" >&2
    give_up "mbedTLS $version does not build with these flags"
fi
echo "$want" >"$target/built"
