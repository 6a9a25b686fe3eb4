#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# symbols.sh: what the built libraries show to the outside: only apisec_ names, the soname, four needed libraries, and no state of
# its own that is not listed here. Needs a finished `make`; BUILD names its folder.
set -u
export LC_ALL=C
build=${BUILD:-build}
shared=$build/libapisec.so.0 static=$build/libapisec.a
bad=0
wrong() { echo "$*"; bad=1; }

[ -f "$shared" ] && [ -f "$static" ] || { echo "symbols.sh: run make first"; exit 2; }

# ---- the shared library ----
stray=$(nm -D --defined-only "$shared" | awk '$2 != "A" { sub(/@.*/, "", $3); if ($3 !~ /^apisec_/) print $3 }')
[ -z "$stray" ] || wrong "$shared exports names that are not apisec_: $stray"
private=$(nm -D --defined-only "$shared" | awk '$3 ~ /^apisec__/ { print $3 }')
[ -z "$private" ] || wrong "$shared exports private names: $private"

readelf -d "$shared" | grep -q 'SONAME.*\[libapisec\.so\.0\]' || wrong "$shared has another soname than libapisec.so.0"
needed=$(readelf -d "$shared" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
    grep -vE '^(libmbedcrypto|libcjson|libcurl|libz|libpthread|libc|ld-linux[^.]*|libgcc_s)\.(so|musl).*$')
[ -z "$needed" ] || wrong "$shared needs more than it should: $needed"
! readelf -d "$shared" | grep -q TEXTREL || wrong "$shared has text relocations"
readelf -dW "$shared" | grep -qE 'BIND_NOW|FLAGS_1.*NOW' || wrong "$shared is not bound at start (-z now)"
! readelf -lW "$shared" | grep -qE 'GNU_STACK.*RWE' || wrong "$shared wants an executable stack"

# ---- the static library ----
stray=$(nm --defined-only -g "$static" 2>/dev/null | awk 'NF == 3 && $3 !~ /^apisec_/ { print $3 }' | sort -u)
[ -z "$stray" ] || wrong "$static has global names without the prefix: $stray"
# Only apisec_http_new's file may ask for libcurl: a program that never names it does not need libcurl.
users=$(nm -A --undefined-only "$static" 2>/dev/null | awk '$NF ~ /^curl_/ { n = split($1, part, ":"); print part[n - 1] }' | sort -u)
case $users in '' | http_curl.o) ;; *) wrong "libcurl is used by: $users" ;; esac

# ---- state: what is written to and outlives a call: what was found out once, and numbers that threads are given. ----
allowed='
base_random.o    once key have_key    the key of hash tables, made once
crypto_pool.o    num_threads          numbers for threads, to spread them over the slots of a pool
access_decision.o out_of_memory       never written: the denial that stands for one that could not be allocated
http_curl.o      once global_code     libcurl, set up once per process
http_transport.o no_memory            never written: what stands for options that could not be allocated
'
objects=$(find "$build/lib" -name '*.o' 2>/dev/null | sort)
[ -n "$objects" ] || wrong "$build/lib holds no objects"
# Both tools name each file before what they say of it. Lines of: object, state.
# shellcheck disable=SC2086 # a list of files
states=$(objdump -t $objects | awk '
    /: +file format / { object = $1; sub(/:$/, "", object) }
    $3 == "O" && $4 ~ /^\.t?(data|bss)/ && $4 !~ /rel\.ro/ { sub(/\.[0-9]+$/, "", $NF); print object, $NF }
    $2 == "O" && $3 == "*COM*" { print object, $NF }')
while read -r object state; do
    [ -n "$state" ] || continue
    name=$(echo "${object#"$build"/lib/}" | tr / _)
    echo "$allowed" | grep -qE "^$name( .*)? $state( |\$)" || wrong "$object keeps state: $state (only once-guards may; the list is in symbols.sh)"
done <<END
$states
END
# shellcheck disable=SC2086
early=$(readelf -SW $objects |
    awk '/^File: / { object = $2 } /\.(init_array|ctors)/ && !seen[object]++ { print object ? object : "the only object" }')
[ -z "$early" ] || wrong "code that runs when the library is loaded: $early"
exit $bad
