/* SPDX-License-Identifier: Apache-2.0
 *
 * mbedtls_key.c: a prepared key of any type, and verifying and signing with it: what fits is asked first, then the signature's
 * length, then a context is taken from the key's pool for as long as the one operation.
 */
#include "crypto/mbedtls.h"

#include <stdlib.h>

/* ---- making and ending ---- */

apisec_status key_begin(enum crypto_key_type type, struct crypto_key **key, apisec_error *err)
{
    *key = NULL;
    const apisec_status status = crypto_ready(err);
    if (status != APISEC_OK) return status;
    struct crypto_key *const made = mem_array(1, sizeof *made);
    if (!made) return fail_memory(err);

    made->type = type;
    switch (type) {
    case CRYPTO_KEY_RSA: rsa_init(&made->as.rsa); break;
    case CRYPTO_KEY_EC:
        mbedtls_ecp_group_init(&made->as.ec.group);
        mbedtls_ecp_point_init(&made->as.ec.q);
        mbedtls_mpi_init(&made->as.ec.d);
        break;
    case CRYPTO_KEY_OCT: break;
    }
    *key = made;
    return APISEC_OK;
}

static struct pool *new_pool(const struct crypto_key *key)
{
    switch (key->type) {
    case CRYPTO_KEY_RSA: return pool_new(rsa_context_new, rsa_context_free, key);
    case CRYPTO_KEY_EC: return pool_new(ec_context_new, ec_context_free, key);
    case CRYPTO_KEY_OCT: return pool_new(oct_context_new, oct_context_free, key);
    }
    return NULL;
}

apisec_status key_finish(struct crypto_key *made, apisec_status status, struct crypto_key **key, apisec_error *err)
{
    if (status == APISEC_OK) {
        made->pool = new_pool(made);
        if (!made->pool) status = fail_memory(err);
    }
    if (status != APISEC_OK) {
        crypto_key_free(made);
        return status;
    }
    *key = made;
    return succeed(err);
}

void crypto_key_free(struct crypto_key *key)
{
    if (!key) return;
    pool_free(key->pool);
    switch (key->type) {
    case CRYPTO_KEY_RSA: mbedtls_rsa_free(&key->as.rsa); break;
    case CRYPTO_KEY_EC:
        mbedtls_ecp_group_free(&key->as.ec.group);
        mbedtls_ecp_point_free(&key->as.ec.q);
        mbedtls_mpi_free(&key->as.ec.d);
        break;
    case CRYPTO_KEY_OCT: mem_wipe_free(key->as.oct.secret, key->as.oct.len); break;
    }
    mem_wipe_free(key, sizeof *key);
}

static apisec_status generate_oct(struct crypto_key *key, size_t len, apisec_error *err)
{
    key->as.oct.secret = mem_array(len, 1);
    if (!key->as.oct.secret) return fail_memory(err);
    key->as.oct.len = len;
    key->is_private = true;
    if (random_bytes(key->as.oct.secret, len) != APISEC_OK) return fail(err, APISEC_E_CRYPTO, "no randomness for a new key");
    return APISEC_OK;
}

apisec_status crypto_key_new_random(enum crypto_key_type type, enum crypto_curve curve, size_t len, struct crypto_key **key,
                                    apisec_error *err)
{
    *key = NULL;
    struct crypto_key *made = NULL;
    apisec_status status = key_begin(type, &made, err);
    if (status != APISEC_OK) return status;
    switch (type) {
    case CRYPTO_KEY_RSA: status = rsa_generate(made, err); break;
    case CRYPTO_KEY_EC: status = ec_generate(made, curve, err); break;
    case CRYPTO_KEY_OCT: status = generate_oct(made, len, err); break;
    }
    return key_finish(made, status, key, err);
}

apisec_status crypto_key_generate(const struct algorithm *algorithm, struct crypto_key **key, apisec_error *err)
{
    return crypto_key_new_random(algorithm->key_type, algorithm->curve, crypto_hash_len(algorithm->hash), key, err);
}

/* ---- asking ---- */

enum crypto_key_type crypto_key_type(const struct crypto_key *key)
{
    return key->type;
}

enum crypto_curve crypto_key_curve(const struct crypto_key *key)
{
    return key->curve;
}

bool crypto_key_is_private(const struct crypto_key *key)
{
    return key->is_private;
}

size_t crypto_key_len(const struct crypto_key *key)
{
    switch (key->type) {
    case CRYPTO_KEY_RSA: return mbedtls_rsa_get_len(&key->as.rsa);
    case CRYPTO_KEY_EC: return crypto_curve_len(key->curve);
    case CRYPTO_KEY_OCT: return key->as.oct.len;
    }
    return 0;
}

bool crypto_key_fits(const struct crypto_key *key, const struct algorithm *algorithm)
{
    if (key->type != algorithm->key_type) return false;
    if (key->type == CRYPTO_KEY_EC) return key->curve == algorithm->curve;
    if (key->type == CRYPTO_KEY_OCT) return key->as.oct.len >= crypto_hash_len(algorithm->hash);
    return true;
}

/* ---- using ---- */

static size_t signature_len_of(const struct crypto_key *key, const struct algorithm *algorithm)
{
    switch (key->type) {
    case CRYPTO_KEY_RSA: return crypto_key_len(key);
    case CRYPTO_KEY_EC: return 2 * crypto_key_len(key);
    case CRYPTO_KEY_OCT: return crypto_hash_len(algorithm->hash);
    }
    return 0;
}

static apisec_status verify_hmac(const struct crypto_key *key, struct oct_context *context, enum crypto_hash hash,
                                 const void *message, size_t len, const unsigned char *signature)
{
    unsigned char expected[CRYPTO_MAX_HASH];
    apisec_status status = oct_hmac(key, context, hash, message, len, expected);
    if (status == APISEC_OK && !mem_equal(expected, signature, crypto_hash_len(hash))) status = APISEC_E_SIGNATURE;
    mem_wipe(expected, sizeof expected); /* it is the right answer to a forged token */
    return status;
}

apisec_status crypto_verify(const struct crypto_key *key, const struct algorithm *algorithm, const void *message, size_t len,
                            const unsigned char *signature, size_t signature_len)
{
    if (!crypto_key_fits(key, algorithm)) return APISEC_E_KEY_UNFIT;
    if (signature_len != signature_len_of(key, algorithm)) return APISEC_E_SIGNATURE;

    unsigned char hash[CRYPTO_MAX_HASH];
    if (key->type != CRYPTO_KEY_OCT && crypto_hash_bytes(algorithm->hash, message, len, hash) != APISEC_OK) return APISEC_E_CRYPTO;

    struct pool_slot *slot;
    void *const context = pool_take(key->pool, &slot);
    if (!context) return APISEC_E_MEMORY;
    apisec_status status = APISEC_E_SIGNATURE;
    switch (key->type) {
    case CRYPTO_KEY_RSA: status = rsa_verify(context, algorithm, hash, signature); break;
    case CRYPTO_KEY_EC: status = ec_verify(key, context, algorithm, hash, signature); break;
    case CRYPTO_KEY_OCT: status = verify_hmac(key, context, algorithm->hash, message, len, signature); break;
    }
    pool_give(key->pool, slot, context);
    return status;
}

apisec_status crypto_sign(const struct crypto_key *key, const struct algorithm *algorithm, const void *message, size_t len,
                          unsigned char *signature, size_t *signature_len)
{
    *signature_len = 0;
    if (!key->is_private || !crypto_key_fits(key, algorithm)) return APISEC_E_KEY_UNFIT;

    unsigned char hash[CRYPTO_MAX_HASH];
    if (key->type != CRYPTO_KEY_OCT && crypto_hash_bytes(algorithm->hash, message, len, hash) != APISEC_OK) return APISEC_E_CRYPTO;

    struct pool_slot *slot;
    void *const context = pool_take(key->pool, &slot);
    if (!context) return APISEC_E_MEMORY;
    apisec_status status = APISEC_E_CRYPTO;
    switch (key->type) {
    case CRYPTO_KEY_RSA: status = rsa_sign(context, algorithm, hash, signature); break;
    case CRYPTO_KEY_EC: status = ec_sign(key, context, algorithm, hash, signature); break;
    case CRYPTO_KEY_OCT: status = oct_hmac(key, context, algorithm->hash, message, len, signature); break;
    }
    pool_give(key->pool, slot, context);
    if (status == APISEC_OK) *signature_len = signature_len_of(key, algorithm);
    return status;
}
