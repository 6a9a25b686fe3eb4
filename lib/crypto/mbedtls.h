/* SPDX-License-Identifier: Apache-2.0
 *
 * mbedtls.h (of lib/crypto): what the files of the mbedTLS provider share. Nothing else includes it.
 *
 *   mbedtls.c       the library as a whole: version, randomness, errors, hashes
 *   mbedtls_key.c   a prepared key, verifying and signing with it: what is common to the three types
 *   mbedtls_rsa.c   mbedtls_ec.c   mbedtls_oct.c   the three types
 *   mbedtls_oaep.c  mbedtls_ecdh.c mbedtls_aes.c   encryption with each of them
 *   mbedtls_san.c   the names of a certificate      mbedtls_pbkdf2.c  slow hashes of secrets
 *   mbedtls_marvin.c whether this mbedTLS may decrypt with RSA
 */
#ifndef CRYPTO_MBEDTLS_H
#define CRYPTO_MBEDTLS_H

#include "crypto/crypto.h"
#include "crypto/pool.h"

#include <mbedtls/bignum.h>
#include <mbedtls/ecp.h>
#include <mbedtls/md.h>
#include <mbedtls/rsa.h>
#include <mbedtls/version.h>

/* A key is written while it is prepared; afterwards it is only read, by any number of threads. What mbedTLS writes to when it
 * verifies or signs are contexts made from it, in the pool. */
struct crypto_key {
    enum crypto_key_type type;
    enum crypto_curve curve;
    bool is_private;
    struct pool *pool;
    union {
        mbedtls_rsa_context rsa;
        struct {
            mbedtls_ecp_group group;
            mbedtls_ecp_point q;
            mbedtls_mpi d;
        } ec;
        struct {
            unsigned char *secret;
            size_t len;
        } oct;
    } as;
};

/* ---- mbedtls.c ---- */

/* mbed_random is mbedTLS's idea of a random number generator over random_bytes: no state, nothing that a fork could copy. */
int mbed_random(void *unused, unsigned char *out, size_t len);
/* mbed_status of an error code: MEMORY if an allocation failed, else the given one. */
apisec_status mbed_status(int code, apisec_status otherwise);
mbedtls_md_type_t mbed_md_type(enum crypto_hash hash);
const mbedtls_md_info_t *mbed_md_info(enum crypto_hash hash); /* NULL: this mbedTLS is built without it */
/* mbed_number_text writes a number big-endian into the arena; len 0: as short as it goes. */
apisec_status mbed_number_text(const mbedtls_mpi *number, size_t len, struct arena *arena, struct text *text);

/* ---- mbedtls_marvin.c ---- */

/* mbed_is_marvin: this version's RSA decryption leaks through time. version as of mbedtls_version_get_number. */
bool mbed_is_marvin(unsigned version);

/* ---- mbedtls_key.c ---- */

/* key_begin gives an empty key of a type, everything in it initialised; key_finish gives it its pool and hands it out, or frees
 * it when status is not APISEC_OK. */
apisec_status key_begin(enum crypto_key_type type, struct crypto_key **key, apisec_error *err);
apisec_status key_finish(struct crypto_key *made, apisec_status status, struct crypto_key **key, apisec_error *err);

/* ---- the types: contexts for the pool, and the operations on a context ---- */

void *rsa_context_new(const void *key);
void rsa_context_free(void *context);
apisec_status rsa_verify(mbedtls_rsa_context *context, const struct algorithm *algorithm, const unsigned char *hash,
                         const unsigned char *signature);
apisec_status rsa_sign(mbedtls_rsa_context *context, const struct algorithm *algorithm, const unsigned char *hash,
                       unsigned char *signature);
void rsa_init(mbedtls_rsa_context *context);
apisec_status rsa_generate(struct crypto_key *key, apisec_error *err);

void *ec_context_new(const void *key);
void ec_context_free(void *context);
apisec_status ec_verify(const struct crypto_key *key, mbedtls_ecp_group *context, const struct algorithm *algorithm,
                        const unsigned char *hash, const unsigned char *signature);
apisec_status ec_sign(const struct crypto_key *key, mbedtls_ecp_group *context, const struct algorithm *algorithm,
                      const unsigned char *hash, unsigned char *signature);
apisec_status ec_generate(struct crypto_key *key, enum crypto_curve curve, apisec_error *err);

struct oct_context;
void *oct_context_new(const void *key);
void oct_context_free(void *context);
apisec_status oct_hmac(const struct crypto_key *key, struct oct_context *context, enum crypto_hash hash, const void *message,
                       size_t len, unsigned char *out);

#endif
