#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# s390x.sh: the library without libcurl for s390x, which is big-endian, with mbedTLS, cJSON and cmocka built the same way, and the
# unit tests under qemu. Builds in build/s390x. Left out where qemu, the other machine's C library or a source package cannot be had.
#
# The compiler is clang, which compiles for every machine: Debian's cross gcc would make gcc-multilib go.
set -u
cd "$(dirname "$0")/../.." || exit 1
. test/platforms/platforms.sh

cc='clang --target=s390x-linux-gnu'
export AR=s390x-linux-gnu-ar NM=s390x-linux-gnu-nm OBJCOPY=s390x-linux-gnu-objcopy QEMU_LD_PREFIX=/usr/s390x-linux-gnu
export TEST_RUNNER=qemu-s390x
[ "${DEPS:-auto}" = none ] || sh test/deps/install.sh emulation
echo 'int main(void) { return 0; }' | $cc -x c - -o /dev/null 2>/dev/null && command -v qemu-s390x >/dev/null ||
    skip 's390x.sh needs clang, qemu-user, and the binutils, C library and libgcc of s390x'
for source in 'mbedtls 2.28.3' 'cjson 1.7.15' 'cmocka 1.1.5'; do
    # shellcheck disable=SC2086 # two words
    sh test/deps/source.sh $source bookworm || skip "s390x.sh needs the source package of $source"
done
sh test/deps/mbedtls.sh 2.28.3 s390x -O2 "$cc" && sh test/deps/small.sh s390x -O2 "$cc" || { echo '0 passed, 1 failed'; exit 1; }

small=$PWD/build/deps/small-s390x mbedtls=$PWD/build/deps/mbedtls-2.28.3-s390x
# Without the tool: the manual pages would ask it for its help.
build HTTP=none TOOL= BUILD=build/s390x CC="$cc" AR=$AR CPPFLAGS="-isystem $small/include" LDFLAGS="-L$small" \
    MBEDTLS_CFLAGS="-I$mbedtls/include" MBEDTLS_LIBS="$mbedtls/library/libmbedcrypto.a" core
if readelf -h build/s390x/libapisec.so.0 | grep -q 'big endian'; then passed=$((passed + 1)); else failed=$((failed + 1)); echo 'the library is not big-endian'; fi
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
