/* SPDX-License-Identifier: Apache-2.0
 *
 * mbedtls_aes.c: AES in the modes that JWE has, and HMAC with a key that is used once. Key wrap (RFC 3394) is put together here
 * from single blocks, because Debian's mbedTLS 2.28 is built without its own.
 */
#include "crypto/mbedtls.h"

#include <mbedtls/aes.h>
#include <mbedtls/gcm.h>

#include <string.h>

enum { BLOCK = 16, HALF = 8, MAX_HALVES = CRYPTO_MAX_CONTENT_KEY / HALF };

static const unsigned char *bytes_of(struct text text)
{
    return (const unsigned char *)text.at;
}

/* ---- HMAC ---- */

apisec_status crypto_hmac(enum crypto_hash hash, struct text key, const struct text *texts, size_t num_texts, unsigned char *out)
{
    mbedtls_md_context_t md;
    mbedtls_md_init(&md);
    int code = mbedtls_md_setup(&md, mbed_md_info(hash), 1);
    if (code == 0) code = mbedtls_md_hmac_starts(&md, bytes_of(key), key.len);
    for (size_t i = 0; i < num_texts && code == 0; i++) {
        if (texts[i].len > 0) code = mbedtls_md_hmac_update(&md, bytes_of(texts[i]), texts[i].len);
    }
    if (code == 0) code = mbedtls_md_hmac_finish(&md, out);
    mbedtls_md_free(&md);
    return mbed_status(code, APISEC_E_CRYPTO);
}

/* ---- CBC ---- */

static apisec_status cbc(int mode, struct text key, const unsigned char *iv, struct text in, unsigned char *out)
{
    unsigned char chain[BLOCK]; /* mbedTLS leaves the last block here */
    mbedtls_aes_context aes;
    memcpy(chain, iv, sizeof chain);
    mbedtls_aes_init(&aes);
    const unsigned bits = (unsigned)key.len * 8;
    int code = mode == MBEDTLS_AES_ENCRYPT ? mbedtls_aes_setkey_enc(&aes, bytes_of(key), bits)
                                           : mbedtls_aes_setkey_dec(&aes, bytes_of(key), bits);
    if (code == 0) code = mbedtls_aes_crypt_cbc(&aes, mode, in.len, chain, bytes_of(in), out);
    mbedtls_aes_free(&aes);
    return code == 0 ? APISEC_OK : APISEC_E_CRYPTO;
}

apisec_status crypto_cbc_encrypt(struct text key, const unsigned char *iv, struct text in, unsigned char *out)
{
    return cbc(MBEDTLS_AES_ENCRYPT, key, iv, in, out);
}

apisec_status crypto_cbc_decrypt(struct text key, const unsigned char *iv, struct text in, unsigned char *out)
{
    return cbc(MBEDTLS_AES_DECRYPT, key, iv, in, out);
}

/* ---- GCM ---- */

static apisec_status gcm_status(int code)
{
    if (code == MBEDTLS_ERR_GCM_AUTH_FAILED) return APISEC_E_DECRYPTION;
    if (code == MBEDTLS_ERR_CIPHER_ALLOC_FAILED) return APISEC_E_MEMORY;
    return code == 0 ? APISEC_OK : APISEC_E_CRYPTO;
}

static int begin_gcm(mbedtls_gcm_context *gcm, struct text key)
{
    mbedtls_gcm_init(gcm);
    return mbedtls_gcm_setkey(gcm, MBEDTLS_CIPHER_ID_AES, bytes_of(key), (unsigned)key.len * 8);
}

apisec_status crypto_gcm_encrypt(struct text key, const unsigned char *iv, struct text aad, struct text in, unsigned char *out,
                                 unsigned char *tag)
{
    mbedtls_gcm_context gcm;
    int code = begin_gcm(&gcm, key);
    if (code == 0) {
        code = mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, in.len, iv, CRYPTO_GCM_IV, bytes_of(aad), aad.len, bytes_of(in),
                                         out, CRYPTO_GCM_TAG, tag);
    }
    mbedtls_gcm_free(&gcm);
    return gcm_status(code);
}

/* mbedtls_gcm_auth_decrypt compares the tags in constant time and wipes the output when they differ. */
apisec_status crypto_gcm_decrypt(struct text key, const unsigned char *iv, struct text aad, struct text in,
                                 const unsigned char *tag, unsigned char *out)
{
    mbedtls_gcm_context gcm;
    int code = begin_gcm(&gcm, key);
    if (code == 0) {
        code = mbedtls_gcm_auth_decrypt(&gcm, in.len, iv, CRYPTO_GCM_IV, bytes_of(aad), aad.len, tag, CRYPTO_GCM_TAG, bytes_of(in),
                                        out);
    }
    mbedtls_gcm_free(&gcm);
    return gcm_status(code);
}

/* ---- key wrap: RFC 3394 section 2.2, with the index arithmetic of its second descriptions ---- */

static const unsigned char wrap_iv[HALF] = {0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6}; /* section 2.2.3.1 */

/* A step takes A, the first half of the block, and one of the halves R. The step's number t fits its last byte: 6 * 8 at most. */
static int wrap_halves(mbedtls_aes_context *aes, unsigned char *a, unsigned char *halves, size_t num)
{
    unsigned char block[BLOCK];
    int code = 0;
    for (size_t t = 1; t <= 6 * num && code == 0; t++) {
        unsigned char *const half = halves + (t - 1) % num * HALF;
        memcpy(block, a, HALF);
        memcpy(block + HALF, half, HALF);
        code = mbedtls_aes_crypt_ecb(aes, MBEDTLS_AES_ENCRYPT, block, block);
        memcpy(a, block, HALF);
        a[HALF - 1] = (unsigned char)(a[HALF - 1] ^ t);
        memcpy(half, block + HALF, HALF);
    }
    mem_wipe(block, sizeof block);
    return code;
}

static int unwrap_halves(mbedtls_aes_context *aes, unsigned char *a, unsigned char *halves, size_t num)
{
    unsigned char block[BLOCK];
    int code = 0;
    for (size_t t = 6 * num; t >= 1 && code == 0; t--) {
        unsigned char *const half = halves + (t - 1) % num * HALF;
        memcpy(block, a, HALF);
        block[HALF - 1] = (unsigned char)(block[HALF - 1] ^ t);
        memcpy(block + HALF, half, HALF);
        code = mbedtls_aes_crypt_ecb(aes, MBEDTLS_AES_DECRYPT, block, block);
        memcpy(a, block, HALF);
        memcpy(half, block + HALF, HALF);
    }
    mem_wipe(block, sizeof block);
    return code;
}

static bool can_wrap(size_t len)
{
    return len % HALF == 0 && len >= 2 * HALF && len <= MAX_HALVES * HALF;
}

apisec_status crypto_wrap(struct text key, struct text in, unsigned char *out)
{
    if (!can_wrap(in.len)) return APISEC_E_ARGUMENT;
    mbedtls_aes_context aes;
    mbedtls_aes_init(&aes);
    memcpy(out, wrap_iv, HALF);
    memcpy(out + HALF, in.at, in.len);
    int code = mbedtls_aes_setkey_enc(&aes, bytes_of(key), (unsigned)key.len * 8);
    if (code == 0) code = wrap_halves(&aes, out, out + HALF, in.len / HALF);
    if (code != 0) mem_wipe(out, in.len + CRYPTO_WRAP_EXTRA);
    mbedtls_aes_free(&aes);
    return code == 0 ? APISEC_OK : APISEC_E_CRYPTO;
}

apisec_status crypto_unwrap(struct text key, struct text in, unsigned char *out)
{
    if (in.len < CRYPTO_WRAP_EXTRA || !can_wrap(in.len - CRYPTO_WRAP_EXTRA)) return APISEC_E_DECRYPTION;
    const size_t len = in.len - CRYPTO_WRAP_EXTRA;
    unsigned char a[HALF];
    mbedtls_aes_context aes;
    mbedtls_aes_init(&aes);
    memcpy(a, in.at, HALF);
    memcpy(out, in.at + HALF, len);
    const int code = mbedtls_aes_setkey_dec(&aes, bytes_of(key), (unsigned)key.len * 8);
    apisec_status status = code == 0 && unwrap_halves(&aes, a, out, len / HALF) == 0 ? APISEC_OK : APISEC_E_CRYPTO;
    if (status == APISEC_OK && !mem_equal(a, wrap_iv, HALF)) status = APISEC_E_DECRYPTION;
    if (status != APISEC_OK) mem_wipe(out, len);
    mem_wipe(a, sizeof a);
    mbedtls_aes_free(&aes);
    return status;
}
