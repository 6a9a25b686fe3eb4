#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# no_limits.sh: the library and the unit tests without rate limits and guards of bodies (make LIMITS=none): none of their code is in
# it, and who asks for them is told so. No other word leaves them out. Builds in build/no-limits.
set -u
cd "$(dirname "$0")/../.." || exit 1
mkdir -p build/no-limits || exit 1
BUILD=build/no-limits
. test/support/cli.sh
cd "$top" || exit 1
. test/platforms/platforms.sh

build LIMITS=none BUILD=build/no-limits core
nm --defined-only "$BUILD/libapisec.a" >"$scratch/names" 2>/dev/null
make --no-print-directory LIMITS=no BUILD="$scratch/other" all >"$scratch/out" 2>&1
check 'another word is refused' test $? -ne 0
cd "$scratch" || exit 1
check 'apisec_limiter_new is there all the same' has names ' apisec_limiter_new'
check 'no table is' lacks names 'limiter_take_texts'
summary
