#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# small.sh NAME CFLAGS [CC]: builds libcjson.a and libcmocka.a, which are one C file each, of Debian's source packages, with these
# flags, into build/deps/small-NAME. AR is the archiver. Done before: does nothing. Cannot be had: says so, exit status 2.
set -u
[ $# -ge 2 ] || { echo "usage: small.sh NAME CFLAGS [CC]" >&2; exit 2; }
name=$1 cflags=$2 cc=${3:-${CC:-cc}}
deps=$(pwd)/build/deps
target=$deps/small-$name
give_up() { echo "small.sh: $*" >&2; exit 2; }

want="$cflags|$($cc --version 2>/dev/null | head -n 1)|$(cksum <"$0")"
[ "$(cat "$target/built" 2>/dev/null)" = "$want" ] && exit 0
sh test/deps/source.sh cjson 1.7.15 bookworm && sh test/deps/source.sh cmocka 1.1.5 bookworm || exit 2
cjson=$deps/cjson-1.7.15 cmocka=$deps/cmocka-1.1.5

echo "  BUILD   cJSON and cmocka with $cflags"
rm -rf "$target" && mkdir -p "$target/include/cjson" && cp "$cjson/cJSON.h" "$target/include/cjson" || exit 2
cp "$cmocka"/include/cmocka*.h "$target/include" || exit 2
# shellcheck disable=SC2086 # a list of flags
(cd "$target" && $cc $cflags -fPIC -c -o cjson.o "$cjson/cJSON.c" &&
    $cc $cflags -DHAVE_SIGNAL_H -DHAVE_STRUCT_TIMESPEC -DHAVE_MALLOC_H -I"$cmocka/include" -c -o cmocka.o "$cmocka/src/cmocka.c" &&
    "${AR:-ar}" rcs libcjson.a cjson.o && "${AR:-ar}" rcs libcmocka.a cmocka.o) || give_up 'they do not build with these flags'
echo "$want" >"$target/built"
