/* SPDX-License-Identifier: Apache-2.0
 *
 * mbedtls_ec.c: keys on P-256, P-384 and P-521, and ECDSA with raw r || s (RFC 7518 section 3.4). A context is a curve: mbedTLS
 * computes the table of its base point when it is first used, and keeps it there. The key itself is only read.
 */
#include "crypto/mbedtls.h"

#include <mbedtls/ecdsa.h>

#include <stdlib.h>
#include <string.h>

static mbedtls_ecp_group_id group_id(enum crypto_curve curve)
{
    switch (curve) {
    case CRYPTO_P256: return MBEDTLS_ECP_DP_SECP256R1;
    case CRYPTO_P384: return MBEDTLS_ECP_DP_SECP384R1;
    case CRYPTO_P521: return MBEDTLS_ECP_DP_SECP521R1;
    }
    return MBEDTLS_ECP_DP_NONE;
}

/* ---- keys ---- */

static apisec_status load_group(struct crypto_key *key, enum crypto_curve curve, apisec_error *err)
{
    key->curve = curve;
    const int code = mbedtls_ecp_group_load(&key->as.ec.group, group_id(curve));
    if (code == 0) return APISEC_OK;
    return fail(err, mbed_status(code, APISEC_E_UNSUPPORTED), "the curve cannot be loaded");
}

/* mbedtls_ecp_check_pubkey: both coordinates below the prime, the point on the curve and not infinity. The cofactor is 1. */
static apisec_status load_point(struct crypto_key *key, const struct crypto_ec_parts *parts, apisec_error *err)
{
    const size_t len = crypto_curve_len(parts->curve);
    unsigned char point[1 + 2 * CRYPTO_MAX_COORDINATE] = {4}; /* uncompressed: 04 x y (SEC 1 section 2.3.3) */
    memcpy(point + 1, parts->x.at, len);
    memcpy(point + 1 + len, parts->y.at, len);
    int code = mbedtls_ecp_point_read_binary(&key->as.ec.group, &key->as.ec.q, point, 1 + 2 * len);
    if (code == 0) code = mbedtls_ecp_check_pubkey(&key->as.ec.group, &key->as.ec.q);
    if (code == 0) return APISEC_OK;
    return fail(err, mbed_status(code, APISEC_E_KEY_UNFIT), "the point is not on its curve");
}

static apisec_status load_private(struct crypto_key *key, struct text d, apisec_error *err)
{
    mbedtls_ecp_group *const group = &key->as.ec.group;
    int code = mbedtls_mpi_read_binary(&key->as.ec.d, (const unsigned char *)d.at, d.len);
    if (code == 0) code = mbedtls_ecp_check_privkey(group, &key->as.ec.d);
    if (code != 0) return fail(err, mbed_status(code, APISEC_E_KEY_UNFIT), "d is out of its range");

    mbedtls_ecp_point point;
    mbedtls_ecp_point_init(&point);
    code = mbedtls_ecp_mul(group, &point, &key->as.ec.d, &group->G, mbed_random, NULL);
    const bool same = code == 0 && mbedtls_ecp_point_cmp(&point, &key->as.ec.q) == 0;
    mbedtls_ecp_point_free(&point);
    if (code != 0) return fail(err, mbed_status(code, APISEC_E_CRYPTO), "computing the public key failed");
    if (!same) return fail(err, APISEC_E_KEY_UNFIT, "d does not belong to the point");
    key->is_private = true;
    return APISEC_OK;
}

apisec_status crypto_key_ec(const struct crypto_ec_parts *parts, struct crypto_key **key, apisec_error *err)
{
    *key = NULL;
    const size_t len = crypto_curve_len(parts->curve);
    if (parts->x.len != len || parts->y.len != len || (parts->d.at && parts->d.len != len)) {
        return fail(err, APISEC_E_KEY_UNFIT, "x, y and d of this curve have exactly %zu bytes", len);
    }
    struct crypto_key *made = NULL;
    apisec_status status = key_begin(CRYPTO_KEY_EC, &made, err);
    if (status != APISEC_OK) return status;
    status = load_group(made, parts->curve, err);
    if (status == APISEC_OK) status = load_point(made, parts, err);
    if (status == APISEC_OK && parts->d.at) status = load_private(made, parts->d, err);
    return key_finish(made, status, key, err);
}

apisec_status ec_generate(struct crypto_key *key, enum crypto_curve curve, apisec_error *err)
{
    const apisec_status status = load_group(key, curve, err);
    if (status != APISEC_OK) return status;
    key->is_private = true;
    const int code = mbedtls_ecp_gen_keypair(&key->as.ec.group, &key->as.ec.d, &key->as.ec.q, mbed_random, NULL);
    if (code == 0) return APISEC_OK;
    return fail(err, mbed_status(code, APISEC_E_CRYPTO), "making an EC key failed");
}

apisec_status crypto_key_ec_parts(const struct crypto_key *key, struct arena *arena, struct crypto_ec_parts *parts)
{
    *parts = (struct crypto_ec_parts){key->curve, {NULL, 0}, {NULL, 0}, {NULL, 0}};
    if (key->type != CRYPTO_KEY_EC) return APISEC_E_KEY_UNFIT;
    const size_t len = crypto_curve_len(key->curve);
    unsigned char point[1 + 2 * CRYPTO_MAX_COORDINATE];
    size_t point_len = 0;
    const int code = mbedtls_ecp_point_write_binary(&key->as.ec.group, &key->as.ec.q, MBEDTLS_ECP_PF_UNCOMPRESSED, &point_len,
                                                    point, sizeof point);
    if (code != 0) return mbed_status(code, APISEC_E_CRYPTO);
    if (point_len != 1 + 2 * len) return APISEC_E_CRYPTO;

    const char *const x = arena_text(arena, (struct text){(const char *)point + 1, len});
    const char *const y = arena_text(arena, (struct text){(const char *)point + 1 + len, len});
    if (!x || !y) return APISEC_E_MEMORY;
    parts->x = (struct text){x, len};
    parts->y = (struct text){y, len};
    return key->is_private ? mbed_number_text(&key->as.ec.d, len, arena, &parts->d) : APISEC_OK;
}

/* ---- contexts ---- */

void *ec_context_new(const void *key)
{
    mbedtls_ecp_group *const group = mem_array(1, sizeof *group);
    if (!group) return NULL;
    mbedtls_ecp_group_init(group);
    if (mbedtls_ecp_group_load(group, group_id(((const struct crypto_key *)key)->curve)) == 0) return group;
    ec_context_free(group);
    return NULL;
}

void ec_context_free(void *context)
{
    mbedtls_ecp_group_free(context);
    free(context);
}

/* ---- signatures ---- */

/* The signature has exactly twice the curve's bytes: the caller has checked. mbedtls_ecdsa_verify refuses r and s outside
 * [1, n-1] before anything else. */
apisec_status ec_verify(const struct crypto_key *key, mbedtls_ecp_group *context, const struct algorithm *algorithm,
                        const unsigned char *hash, const unsigned char *signature)
{
    const size_t len = crypto_curve_len(key->curve);
    mbedtls_mpi r, s;
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    int code = mbedtls_mpi_read_binary(&r, signature, len);
    if (code == 0) code = mbedtls_mpi_read_binary(&s, signature + len, len);
    if (code == 0) code = mbedtls_ecdsa_verify(context, hash, crypto_hash_len(algorithm->hash), &key->as.ec.q, &r, &s);
    mbedtls_mpi_free(&r);
    mbedtls_mpi_free(&s);
    return mbed_status(code, APISEC_E_SIGNATURE);
}

/* The nonce is that of RFC 6979: it depends on key and message only, so that no failure of randomness can repeat it for another
 * message. mbed_random blinds the computation. */
apisec_status ec_sign(const struct crypto_key *key, mbedtls_ecp_group *context, const struct algorithm *algorithm,
                      const unsigned char *hash, unsigned char *signature)
{
    const size_t len = crypto_curve_len(key->curve);
    mbedtls_mpi r, s;
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    int code = mbedtls_ecdsa_sign_det_ext(context, &r, &s, &key->as.ec.d, hash, crypto_hash_len(algorithm->hash),
                                          mbed_md_type(algorithm->hash), mbed_random, NULL);
    if (code == 0) code = mbedtls_mpi_write_binary(&r, signature, len);
    if (code == 0) code = mbedtls_mpi_write_binary(&s, signature + len, len);
    mbedtls_mpi_free(&r);
    mbedtls_mpi_free(&s);
    return mbed_status(code, APISEC_E_CRYPTO);
}
