/* SPDX-License-Identifier: Apache-2.0
 *
 * mbedtls_pbkdf2.c: PBKDF2 with HMAC-SHA256, RFC 8018 section 5.2: what makes guessing at a secret's hash slow.
 */
#include "crypto/mbedtls.h"

#include <mbedtls/pkcs5.h>

#if MBEDTLS_VERSION_MAJOR >= 3
static int derive(struct text secret, struct text salt, unsigned iterations, unsigned char *out)
{
    return mbedtls_pkcs5_pbkdf2_hmac_ext(MBEDTLS_MD_SHA256, (const unsigned char *)secret.at, secret.len,
                                         (const unsigned char *)salt.at, salt.len, iterations, CRYPTO_PBKDF2_LEN, out);
}
#else
static int derive(struct text secret, struct text salt, unsigned iterations, unsigned char *out)
{
    mbedtls_md_context_t md;
    mbedtls_md_init(&md);
    int code = mbedtls_md_setup(&md, mbed_md_info(CRYPTO_SHA256), 1);
    if (code == 0)
        code = mbedtls_pkcs5_pbkdf2_hmac(&md, (const unsigned char *)secret.at, secret.len, (const unsigned char *)salt.at,
                                         salt.len, iterations, CRYPTO_PBKDF2_LEN, out);
    mbedtls_md_free(&md);
    return code;
}
#endif

apisec_status crypto_pbkdf2(struct text secret, struct text salt, uint32_t iterations, unsigned char out[CRYPTO_PBKDF2_LEN])
{
    const apisec_status ready = crypto_ready(NULL);
    memset(out, 0, CRYPTO_PBKDF2_LEN);
    if (ready != APISEC_OK) return ready;
    if (secret.len == 0 || iterations == 0) return APISEC_E_ARGUMENT;
    const int code = derive(secret, salt, iterations, out);
    if (code == 0) return APISEC_OK;
    mem_wipe(out, CRYPTO_PBKDF2_LEN);
    return mbed_status(code, APISEC_E_CRYPTO);
}
