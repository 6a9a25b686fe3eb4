#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# cppcheck.sh: the static checker over the library and the tool, where it is installed. Part of make lint, not of make check.
set -u
command -v cppcheck >/dev/null || { echo "cppcheck is not installed: left out"; echo "0 passed, 0 failed, 1 skipped"; exit 0; }
exec cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 -j 2 \
    --suppress=missingIncludeSystem --suppress=unmatchedSuppression -DAPISEC_VERSION='""' -Iinclude -Ilib lib examples
