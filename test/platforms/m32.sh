#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# m32.sh: the library without libcurl as a 32-bit program of this machine, with mbedTLS, cJSON and cmocka built the same way, and the
# unit tests. Builds in build/m32. Left out where the compiler's 32-bit half or a source package cannot be had.
#
# The headers of asm/ are the same for both halves, and on Debian only gcc-multilib, which makes every cross gcc go, puts them where
# -m32 looks.
set -u
cd "$(dirname "$0")/../.." || exit 1
. test/platforms/platforms.sh

cc="${CC:-cc} -m32 -idirafter /usr/include/x86_64-linux-gnu"
[ "$(uname -m)" = x86_64 ] || skip "m32.sh is for x86-64"
[ "${DEPS:-auto}" = none ] || sh test/deps/install.sh platforms
echo 'int main(void) { return 0; }' | $cc -x c - -o /dev/null 2>/dev/null ||
    skip 'm32.sh needs a compiler that knows -m32, and the 32-bit C library'
for source in 'mbedtls 2.28.3' 'cjson 1.7.15' 'cmocka 1.1.5'; do
    # shellcheck disable=SC2086 # two words
    sh test/deps/source.sh $source bookworm || skip "m32.sh needs the source package of $source"
done
sh test/deps/mbedtls.sh 2.28.3 m32 -O2 "$cc" && sh test/deps/small.sh m32 -O2 "$cc" || { echo '0 passed, 1 failed'; exit 1; }

small=$PWD/build/deps/small-m32 mbedtls=$PWD/build/deps/mbedtls-2.28.3-m32
# -Wno-psabi: vectors are passed between static functions only.
build HTTP=none BUILD=build/m32 CC="$cc" CPPFLAGS="-isystem $small/include -Wno-psabi" LDFLAGS="-L$small" \
    MBEDTLS_CFLAGS="-I$mbedtls/include" MBEDTLS_LIBS="$mbedtls/library/libmbedcrypto.a" core
if readelf -h build/m32/libapisec.so.0 | grep -q 'Class:.*ELF32'; then passed=$((passed + 1)); else failed=$((failed + 1)); echo 'the library is not of 32 bits'; fi
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
