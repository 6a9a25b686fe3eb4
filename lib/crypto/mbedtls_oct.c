/* SPDX-License-Identifier: Apache-2.0
 *
 * mbedtls_oct.c: secret keys and HMAC. A context keeps the state after the key's first block for each hash it was used with, so
 * that a long key is not hashed again for each token.
 */
#include "crypto/mbedtls.h"

#include <stdlib.h>
#include <string.h>

enum { NUM_HASHES = CRYPTO_SHA512 + 1 };

struct oct_context {
    mbedtls_md_context_t md[NUM_HASHES];
    bool keyed[NUM_HASHES];
};

apisec_status crypto_key_oct(struct text secret, struct crypto_key **key, apisec_error *err)
{
    *key = NULL;
    if (secret.len < 1 || secret.len > CRYPTO_MAX_OCT) {
        return fail(err, APISEC_E_KEY_UNFIT, "the secret key has %zu bytes; 1 to %d are accepted", secret.len, CRYPTO_MAX_OCT);
    }
    struct crypto_key *made = NULL;
    apisec_status status = key_begin(CRYPTO_KEY_OCT, &made, err);
    if (status != APISEC_OK) return status;

    made->is_private = true;
    made->as.oct.secret = mem_array(secret.len, 1);
    if (made->as.oct.secret) {
        made->as.oct.len = secret.len;
        memcpy(made->as.oct.secret, secret.at, secret.len);
    } else {
        status = fail_memory(err);
    }
    return key_finish(made, status, key, err);
}

apisec_status crypto_key_oct_bytes(const struct crypto_key *key, struct arena *arena, struct text *secret)
{
    *secret = (struct text){NULL, 0};
    if (key->type != CRYPTO_KEY_OCT) return APISEC_E_KEY_UNFIT;
    char *const copy = arena_text(arena, (struct text){(const char *)key->as.oct.secret, key->as.oct.len});
    if (!copy) return APISEC_E_MEMORY;
    *secret = (struct text){copy, key->as.oct.len};
    return APISEC_OK;
}

/* ---- contexts ---- */

void *oct_context_new(const void *key)
{
    (void)key; /* a hash is keyed when it is first asked for: most keys are for one */
    struct oct_context *const context = mem_array(1, sizeof *context);
    if (!context) return NULL;
    for (size_t i = 0; i < NUM_HASHES; i++) mbedtls_md_init(&context->md[i]);
    return context;
}

void oct_context_free(void *context)
{
    struct oct_context *const oct = context;
    for (size_t i = 0; i < NUM_HASHES; i++) mbedtls_md_free(&oct->md[i]); /* wipes the key's blocks */
    free(oct);
}

static int begin_hmac(const struct crypto_key *key, struct oct_context *context, enum crypto_hash hash)
{
    mbedtls_md_context_t *const md = &context->md[hash];
    if (context->keyed[hash]) return mbedtls_md_hmac_reset(md);

    mbedtls_md_free(md); /* of a first try that failed half-way */
    mbedtls_md_init(md);
    int code = mbedtls_md_setup(md, mbed_md_info(hash), 1);
    if (code == 0) code = mbedtls_md_hmac_starts(md, key->as.oct.secret, key->as.oct.len);
    context->keyed[hash] = code == 0;
    return code;
}

apisec_status oct_hmac(const struct crypto_key *key, struct oct_context *context, enum crypto_hash hash, const void *message,
                       size_t len, unsigned char *out)
{
    mbedtls_md_context_t *const md = &context->md[hash];
    int code = begin_hmac(key, context, hash);
    if (code == 0) code = mbedtls_md_hmac_update(md, message, len);
    if (code == 0) code = mbedtls_md_hmac_finish(md, out);
    return mbed_status(code, APISEC_E_CRYPTO);
}
