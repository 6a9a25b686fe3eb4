/* SPDX-License-Identifier: Apache-2.0
 *
 * mbedtls_oaep.c: RSAES-OAEP (RFC 8017 section 7.1) without a label. That a ciphertext is wrong is all that is told of it; whoever
 * calls goes on with a random key in that case.
 */
#include "crypto/mbedtls.h"

static mbedtls_md_type_t oaep_md(enum crypto_oaep hash)
{
    return hash == CRYPTO_OAEP_SHA1 ? MBEDTLS_MD_SHA1 : MBEDTLS_MD_SHA256;
}

/* ---- where 2.28 and 3.6 differ ---- */

#if MBEDTLS_VERSION_NUMBER < 0x03000000
static int encrypt(mbedtls_rsa_context *rsa, enum crypto_oaep hash, const unsigned char *in, size_t len, unsigned char *out)
{
    mbedtls_rsa_set_padding(rsa, MBEDTLS_RSA_PKCS_V21, (int)oaep_md(hash));
    return mbedtls_rsa_rsaes_oaep_encrypt(rsa, mbed_random, NULL, MBEDTLS_RSA_PUBLIC, NULL, 0, len, in, out);
}

static int decrypt(mbedtls_rsa_context *rsa, enum crypto_oaep hash, const unsigned char *in, unsigned char *out, size_t *len)
{
    mbedtls_rsa_set_padding(rsa, MBEDTLS_RSA_PKCS_V21, (int)oaep_md(hash));
    return mbedtls_rsa_rsaes_oaep_decrypt(rsa, mbed_random, NULL, MBEDTLS_RSA_PRIVATE, NULL, 0, len, in, out,
                                          mbedtls_rsa_get_len(rsa));
}
#else
static int encrypt(mbedtls_rsa_context *rsa, enum crypto_oaep hash, const unsigned char *in, size_t len, unsigned char *out)
{
    const int code = mbedtls_rsa_set_padding(rsa, MBEDTLS_RSA_PKCS_V21, oaep_md(hash));
    return code != 0 ? code : mbedtls_rsa_rsaes_oaep_encrypt(rsa, mbed_random, NULL, NULL, 0, len, in, out);
}

static int decrypt(mbedtls_rsa_context *rsa, enum crypto_oaep hash, const unsigned char *in, unsigned char *out, size_t *len)
{
    const int code = mbedtls_rsa_set_padding(rsa, MBEDTLS_RSA_PKCS_V21, oaep_md(hash));
    if (code != 0) return code;
    return mbedtls_rsa_rsaes_oaep_decrypt(rsa, mbed_random, NULL, NULL, 0, len, in, out, mbedtls_rsa_get_len(rsa));
}
#endif

apisec_status crypto_oaep_encrypt(const struct crypto_key *key, enum crypto_oaep hash, struct text in, unsigned char *out)
{
    const size_t hash_len = hash == CRYPTO_OAEP_SHA1 ? 20 : 32;
    if (key->type != CRYPTO_KEY_RSA || in.len > crypto_key_len(key) - 2 * hash_len - 2) return APISEC_E_KEY_UNFIT;
    struct pool_slot *slot;
    void *const context = pool_take(key->pool, &slot);
    if (!context) return APISEC_E_MEMORY;
    const int code = encrypt(context, hash, (const unsigned char *)in.at, in.len, out);
    pool_give(key->pool, slot, context);
    return mbed_status(code, APISEC_E_CRYPTO);
}

/* The output has room for whatever the modulus can hold, so that a key that is too long is no other error than a wrong one. */
apisec_status crypto_oaep_decrypt(const struct crypto_key *key, enum crypto_oaep hash, struct text in, unsigned char *out,
                                  size_t *out_len)
{
    *out_len = 0;
    const apisec_status ready = crypto_oaep_ready(NULL);
    if (ready != APISEC_OK) return ready;
    if (key->type != CRYPTO_KEY_RSA || !key->is_private) return APISEC_E_KEY_UNFIT;
    if (in.len != crypto_key_len(key)) return APISEC_E_DECRYPTION;

    struct pool_slot *slot;
    void *const context = pool_take(key->pool, &slot);
    if (!context) return APISEC_E_MEMORY;
    const int code = decrypt(context, hash, (const unsigned char *)in.at, out, out_len);
    pool_give(key->pool, slot, context);
    if (code != 0) *out_len = 0;
    return mbed_status(code, APISEC_E_DECRYPTION);
}
