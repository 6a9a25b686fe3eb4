#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# libuv.sh: the requests of loop.sh in the loop of libuv, examples/libuv: the same counts, records and promises.
set -u
. test/support/cli.sh
. "$top/test/support/crowd.sh"

quarters=5
[ "${TEST_EVERY-}" != 1 ] || quarters=21
crowd_begin ready
crowd "$BUILD/loop-libuv" $quarters
crowd_asked ready $((6 * quarters))
summary
