#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# optional.sh: make check-integration where its servers can be had; where they cannot, for want of a network, a package or root, it
# is left out and says so. Only the packages may be wanting: a server that does not start or a test that fails is a failure.
set -u
cd "$(dirname "$0")/../.." || exit 1
. test/platforms/platforms.sh

sh test/deps/install.sh base test sanitizers integration || skip 'check-integration needs packages that cannot be installed here'
sh test/integration/run.sh --install || skip 'check-integration needs what npm cannot fetch here'
exec make --no-print-directory check-integration
