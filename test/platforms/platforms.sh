# SPDX-License-Identifier: Apache-2.0
#
# platforms.sh: what the scripts of this folder share; they read it first, in the project's folder. A build for another platform whose
# results are counted, and the way out when a platform cannot be had here.

jobs=-j$(nproc 2>/dev/null || echo 2)
passed=0 failed=0

# skip WHY: the packages cannot be had. Never for a test that fails.
skip() {
    echo "$1: skipped"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
}

# count COMMAND…: runs it and adds its last line's sum to ours; all of its output only when it fails.
count() {
    said=$("$@" 2>&1 </dev/null)
    ended=$?
    sum=$(echo "$said" | tail -n 1 | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed.*/\1 \2/p')
    [ -n "$sum" ] || sum='0 0'
    passed=$((passed + ${sum% *})) failed=$((failed + ${sum#* }))
    [ "$sum" != '0 0' ] || ended=1 # no test has run
    [ $ended -eq 0 ] && return
    echo "$said"
    [ "${sum#* }" -gt 0 ] || failed=$((failed + 1))
}

# build ARGUMENT…: make with them, for a target that ends with a sum.
build() { count make --no-print-directory "$jobs" "$@"; }
