#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# reproducible.sh: the same source gives the same bytes, wherever it is built: two copies in two folders below build/reproducible, one
# after the other, with names of different length, the second with BUILD elsewhere, another time zone and several jobs at once.
set -u
cd "$(dirname "$0")/../.." || exit 1
. test/platforms/platforms.sh

rm -rf build/reproducible
make_copy() { # folder
    mkdir -p "$1" && cp -r Makefile README.md include lib examples pkgconfig test "$1"
}
make_copy build/reproducible/one && make_copy build/reproducible/another/folder || exit 1
made() { # folder, then what the environment and make get
    folder=$1
    shift
    said=$(env "$@" 2>&1) || { echo "$said"; echo "$folder does not build"; echo "0 passed, 1 failed"; exit 1; }
}
made one make -C build/reproducible/one -j1 all
made another LC_ALL=C.UTF-8 TZ=Asia/Tokyo make -C build/reproducible/another/folder "$jobs" BUILD="$PWD/build/reproducible/output" all

for file in libapisec.a libapisec.so.0 apisec man/man1/apisec.1 man/man3/apisec_status.3; do
    if cmp "build/reproducible/one/build/$file" "build/reproducible/output/$file"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
