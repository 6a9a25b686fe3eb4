/* SPDX-License-Identifier: Apache-2.0
 *
 * mbedtls_ecdh.c: the shared secret of two keys on one curve (RFC 7518 section 4.6, NIST SP 800-56A section 5.7.1.2). The peer's
 * point was checked when its key was prepared; mbedTLS checks it again before it multiplies.
 */
#include "crypto/mbedtls.h"

#include <mbedtls/ecdh.h>

apisec_status crypto_ecdh(const struct crypto_key *key, const struct crypto_key *peer, unsigned char *z)
{
    if (key->type != CRYPTO_KEY_EC || peer->type != CRYPTO_KEY_EC) return APISEC_E_KEY_UNFIT;
    if (!key->is_private || key->curve != peer->curve) return APISEC_E_KEY_UNFIT;

    struct pool_slot *slot;
    void *const context = pool_take(key->pool, &slot);
    if (!context) return APISEC_E_MEMORY;
    mbedtls_mpi x;
    mbedtls_mpi_init(&x);
    int code = mbedtls_ecdh_compute_shared(context, &x, &peer->as.ec.q, &key->as.ec.d, mbed_random, NULL);
    if (code == 0) code = mbedtls_mpi_write_binary(&x, z, crypto_curve_len(key->curve));
    mbedtls_mpi_free(&x); /* wipes */
    pool_give(key->pool, slot, context);
    return mbed_status(code, APISEC_E_CRYPTO);
}
