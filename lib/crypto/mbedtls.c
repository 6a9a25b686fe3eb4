/* SPDX-License-Identifier: Apache-2.0
 *
 * mbedtls.c: the mbedTLS provider, 2.28 and 3.6 from one source: the library as a whole. Its version, our randomness as its
 * generator, its error codes, and hashes. The classic API: the PSA of 2.28 is not thread-safe, has 32 keys, and is slower.
 */
#include "crypto/mbedtls.h"

#include <stdlib.h>

/* ---- the library ---- */

apisec_status crypto_ready(apisec_error *err)
{
    const unsigned major = mbedtls_version_get_number() >> 24;
    if (major == MBEDTLS_VERSION_MAJOR) return APISEC_OK;
    return fail(err, APISEC_E_UNSUPPORTED, "compiled for mbedTLS %d, found mbedTLS %u", MBEDTLS_VERSION_MAJOR, major);
}

int mbed_random(void *unused, unsigned char *out, size_t len)
{
    (void)unused;
    return random_bytes(out, len) == APISEC_OK ? 0 : MBEDTLS_ERR_RSA_RNG_FAILED;
}

/* A code may be the sum of a module's code, in the high bits, and that of the bignum functions below it. */
apisec_status mbed_status(int code, apisec_status otherwise)
{
    const int low = -code & 0x7f, high = -code & ~0x7f;
    if (code == 0) return APISEC_OK;
    if (low == -MBEDTLS_ERR_MPI_ALLOC_FAILED) return APISEC_E_MEMORY;
    if (high == -MBEDTLS_ERR_ECP_ALLOC_FAILED || high == -MBEDTLS_ERR_MD_ALLOC_FAILED) return APISEC_E_MEMORY;
    return otherwise;
}

apisec_status mbed_number_text(const mbedtls_mpi *number, size_t len, struct arena *arena, struct text *text)
{
    if (len == 0) len = mbedtls_mpi_size(number);
    unsigned char *const bytes = arena_alloc(arena, len);
    if (!bytes) return APISEC_E_MEMORY;
    if (mbedtls_mpi_write_binary(number, bytes, len) != 0) return APISEC_E_CRYPTO;
    *text = (struct text){(const char *)bytes, len};
    return APISEC_OK;
}

/* ---- hashes ---- */

mbedtls_md_type_t mbed_md_type(enum crypto_hash hash)
{
    switch (hash) {
    case CRYPTO_SHA256: return MBEDTLS_MD_SHA256;
    case CRYPTO_SHA384: return MBEDTLS_MD_SHA384;
    case CRYPTO_SHA512: return MBEDTLS_MD_SHA512;
    }
    return MBEDTLS_MD_NONE;
}

const mbedtls_md_info_t *mbed_md_info(enum crypto_hash hash)
{
    return mbedtls_md_info_from_type(mbed_md_type(hash));
}

apisec_status crypto_hash_bytes(enum crypto_hash hash, const void *bytes, size_t len, unsigned char *out)
{
    const mbedtls_md_info_t *const info = mbed_md_info(hash);
    if (!info || mbedtls_md(info, bytes, len, out) != 0) return APISEC_E_CRYPTO;
    return APISEC_OK;
}

struct crypto_digest {
    mbedtls_md_context_t md;
};

struct crypto_digest *crypto_digest_new(enum crypto_hash hash)
{
    const mbedtls_md_info_t *const info = mbed_md_info(hash);
    struct crypto_digest *const digest = mem_array(1, sizeof *digest);
    if (!digest) return NULL;
    mbedtls_md_init(&digest->md);
    if (info && mbedtls_md_setup(&digest->md, info, 0) == 0 && mbedtls_md_starts(&digest->md) == 0) return digest;
    crypto_digest_free(digest);
    return NULL;
}

apisec_status crypto_digest_update(struct crypto_digest *digest, const void *bytes, size_t len)
{
    return mbedtls_md_update(&digest->md, bytes, len) == 0 ? APISEC_OK : APISEC_E_CRYPTO;
}

apisec_status crypto_digest_finish(struct crypto_digest *digest, unsigned char *out)
{
    if (mbedtls_md_finish(&digest->md, out) != 0) return APISEC_E_CRYPTO;
    return mbedtls_md_starts(&digest->md) == 0 ? APISEC_OK : APISEC_E_CRYPTO;
}

void crypto_digest_free(struct crypto_digest *digest)
{
    if (!digest) return;
    mbedtls_md_free(&digest->md);
    free(digest);
}
