#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# headers.sh: each public header compiles alone and twice, as C99 and as C++11, without a warning; has its guard, its C++ and
# visibility blocks; and is included by apisec.h. Without a C++ compiler the C++ half is left out, and said so.
set -u
cc=${CC:-cc} cxx=${CXX:-c++}
bad=0
wrong() { echo "$*"; bad=1; }
warnings='-Wall -Wextra -pedantic -Werror -fsyntax-only -Iinclude'
have_cxx=yes
command -v "$cxx" >/dev/null || { have_cxx=no; echo "headers.sh: no C++ compiler here: C only"; }

for header in include/apisec/*.h; do
    name=${header##*/}
    guard=APISEC_$(echo "${name%.h}" | tr 'a-z-' 'A-Z_')_H
    twice="#include <apisec/$name>
#include <apisec/$name>
extern int nothing;"
    # shellcheck disable=SC2086 # lists of words
    echo "$twice" | $cc -std=c99 $warnings -Wstrict-prototypes -x c - || wrong "$header: not C99 without warnings"
    # shellcheck disable=SC2086
    [ $have_cxx = no ] || echo "$twice" | $cxx -std=c++11 $warnings -x c++ - || wrong "$header: not C++11 without warnings"
    [ "$(grep -c "^#ifndef $guard\$" "$header")" = 1 ] && [ "$(grep -c "^#define $guard\$" "$header")" = 1 ] ||
        wrong "$header: no guard $guard"
    [ "$name" = apisec.h ] && continue
    grep -q "^#include <apisec/$name>\$" include/apisec/apisec.h || wrong "$header: apisec.h does not include it"
    grep -q '^extern "C" {$' "$header" || wrong "$header: no extern \"C\" block"
    [ "$(grep -c '^#pragma GCC visibility \(push(default)\|pop\)$' "$header")" = 2 ] || wrong "$header: no visibility block"
done
exit $bad
