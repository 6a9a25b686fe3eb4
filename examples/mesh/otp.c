/* SPDX-License-Identifier: Apache-2.0
 *
 * otp.c: one-time codes: see otp.h. Each counter gives one code, and each code is taken once.
 */
#include "otp.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>

/* Alice's is the key of RFC 4226 appendix D, so that its codes can be looked up there. */
static const struct {
    const char *user, *key;
} devices[] = {{"alice", "12345678901234567890"}, {"bob", "09876543210987654321"}};

bool otp_code(const char *user, uint64_t counter, char code[OTP_SIZE])
{
    unsigned char text[8], digest[20];
    const char *key = NULL;
    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++)
        if (strcmp(devices[i].user, user) == 0) key = devices[i].key;
    for (int i = 7; i >= 0; i--, counter >>= 8) text[i] = (unsigned char)(counter & 0xff);
    if (key == NULL || gnutls_hmac_fast(GNUTLS_MAC_SHA1, key, strlen(key), text, sizeof text, digest) != 0) return false;
    const unsigned char *at = digest + (digest[19] & 0x0f); /* section 5.3 */
    const uint32_t number = (uint32_t)(at[0] & 0x7f) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    snprintf(code, OTP_SIZE, "%06u", number % 1000000);
    return true;
}
