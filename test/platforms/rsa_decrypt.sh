#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# rsa_decrypt.sh: the library and the tool built with RSA_DECRYPT=old: RSA decrypts whatever the mbedTLS; no other word opens it.
# Builds in build/rsa-old.
set -u
cd "$(dirname "$0")/../.." || exit 1
mkdir -p build/rsa-old || exit 1
BUILD=build/rsa-old
. test/support/cli.sh
cd "$top" || exit 1
. test/platforms/platforms.sh

# shellcheck disable=SC2086 # the number of jobs
make --no-print-directory $jobs RSA_DECRYPT=old BUILD=build/rsa-old all >"$scratch/out" 2>&1 || { cat "$scratch/out"; exit 1; }
count env BUILD=build/rsa-old APISEC="$APISEC" sh test/run.sh test/cli/encryption.sh
make --no-print-directory RSA_DECRYPT=yes BUILD="$scratch/other" all >"$scratch/out" 2>&1
check 'another word is refused' test $? -ne 0
check 'it says which there are' has "$scratch/out" 'RSA_DECRYPT is old or nothing'
cd "$scratch" || exit 1

"$APISEC" keygen --alg RSA-OAEP >key.json || exit 1
echo 'a plaintext' | "$APISEC" encrypt --key key.json --alg RSA-OAEP >token || exit 1
silent=no
"$APISEC" decrypt --key key.json <token >out 2>err
check 'RSA decrypts' test $? -eq 0 -a "$(cat out)" = 'a plaintext'
summary
