/* SPDX-License-Identifier: Apache-2.0
 *
 * mbedtls_rsa.c: RSA keys: what is accepted as one, PKCS #1 v1.5 and PSS signatures (RFC 8017 sections 8.1 and 8.2). A context is
 * a copy of the key: mbedTLS keeps a mutex and its blinding values in it, so that threads sharing one would wait for each other.
 */
#include "crypto/mbedtls.h"

#include <stdlib.h>

/* ---- where 2.28 and 3.6 differ ---- */

#if MBEDTLS_VERSION_NUMBER < 0x03000000
void rsa_init(mbedtls_rsa_context *context)
{
    mbedtls_rsa_init(context, MBEDTLS_RSA_PKCS_V15, MBEDTLS_MD_NONE);
}

static int set_padding(mbedtls_rsa_context *context, int padding, mbedtls_md_type_t md)
{
    mbedtls_rsa_set_padding(context, padding, (int)md);
    return 0;
}

static int pkcs1_verify(mbedtls_rsa_context *context, mbedtls_md_type_t md, size_t hash_len, const unsigned char *hash,
                        const unsigned char *signature)
{
    return mbedtls_rsa_rsassa_pkcs1_v15_verify(context, NULL, NULL, MBEDTLS_RSA_PUBLIC, md, (unsigned)hash_len, hash, signature);
}

static int pkcs1_sign(mbedtls_rsa_context *context, mbedtls_md_type_t md, size_t hash_len, const unsigned char *hash,
                      unsigned char *signature)
{
    return mbedtls_rsa_rsassa_pkcs1_v15_sign(context, mbed_random, NULL, MBEDTLS_RSA_PRIVATE, md, (unsigned)hash_len, hash,
                                             signature);
}

static int pss_verify(mbedtls_rsa_context *context, mbedtls_md_type_t md, size_t hash_len, const unsigned char *hash,
                      const unsigned char *signature)
{
    return mbedtls_rsa_rsassa_pss_verify_ext(context, NULL, NULL, MBEDTLS_RSA_PUBLIC, md, (unsigned)hash_len, hash, md,
                                             (int)hash_len, signature);
}
#else
void rsa_init(mbedtls_rsa_context *context)
{
    mbedtls_rsa_init(context);
}

static int set_padding(mbedtls_rsa_context *context, int padding, mbedtls_md_type_t md)
{
    return mbedtls_rsa_set_padding(context, padding, md);
}

static int pkcs1_verify(mbedtls_rsa_context *context, mbedtls_md_type_t md, size_t hash_len, const unsigned char *hash,
                        const unsigned char *signature)
{
    return mbedtls_rsa_rsassa_pkcs1_v15_verify(context, md, (unsigned)hash_len, hash, signature);
}

static int pkcs1_sign(mbedtls_rsa_context *context, mbedtls_md_type_t md, size_t hash_len, const unsigned char *hash,
                      unsigned char *signature)
{
    return mbedtls_rsa_rsassa_pkcs1_v15_sign(context, mbed_random, NULL, md, (unsigned)hash_len, hash, signature);
}

static int pss_verify(mbedtls_rsa_context *context, mbedtls_md_type_t md, size_t hash_len, const unsigned char *hash,
                      const unsigned char *signature)
{
    return mbedtls_rsa_rsassa_pss_verify_ext(context, md, (unsigned)hash_len, hash, md, (int)hash_len, signature);
}
#endif

/* ---- keys ---- */

/* Zeros in front do not make a number another one; some writers of JWKs put one before a top bit. */
static struct text trim(struct text number)
{
    while (number.len > 0 && number.at[0] == 0) number = (struct text){number.at + 1, number.len - 1};
    return number;
}

static size_t number_bits(struct text number)
{
    if (number.len == 0) return 0;
    size_t bits = 8 * (number.len - 1);
    for (unsigned char top = (unsigned char)number.at[0]; top; top = (unsigned char)(top >> 1)) bits++;
    return bits;
}

static bool number_is_odd(struct text number)
{
    return number.len > 0 && ((unsigned char)number.at[number.len - 1] & 1) == 1;
}

static apisec_status check_public(const struct crypto_rsa_parts *parts, apisec_error *err)
{
    const size_t n_bits = number_bits(parts->n), e_bits = number_bits(parts->e);
    if (n_bits < CRYPTO_MIN_RSA_BITS || n_bits > CRYPTO_MAX_RSA_BITS) {
        return fail(err, APISEC_E_KEY_UNFIT, "the RSA modulus has %zu bits; %d to %d are accepted", n_bits, CRYPTO_MIN_RSA_BITS,
                    CRYPTO_MAX_RSA_BITS);
    }
    if (!number_is_odd(parts->n)) return fail(err, APISEC_E_KEY_UNFIT, "the RSA modulus is even");
    if (!number_is_odd(parts->e) || e_bits < 2 || e_bits > 32) {
        return fail(err, APISEC_E_KEY_UNFIT, "the RSA exponent is not an odd number from 3 to 2^32 - 1");
    }
    return APISEC_OK;
}

/* All of d, p and q, or no private part at all. A zero would count as absent for mbedTLS, which then computes one of its own. */
static apisec_status check_private(const struct crypto_rsa_parts *parts, apisec_error *err)
{
    const size_t n_bits = number_bits(parts->n);
    const struct text needed[] = {parts->d, parts->p, parts->q};
    for (size_t i = 0; i < 3; i++) {
        const size_t bits = number_bits(needed[i]);
        if (!needed[i].at) return fail(err, APISEC_E_KEY_UNFIT, "an RSA private key needs d, p and q");
        if (bits == 0 || bits > n_bits) return fail(err, APISEC_E_KEY_UNFIT, "d, p or q of the RSA key is out of range");
    }
    return APISEC_OK;
}

static int import_part(mbedtls_rsa_context *rsa, const struct crypto_rsa_parts *parts, bool with_private)
{
    const struct text none = {NULL, 0};
    const struct text n = parts->n, e = parts->e, d = with_private ? parts->d : none, p = with_private ? parts->p : none,
                      q = with_private ? parts->q : none;
    return mbedtls_rsa_import_raw(rsa, (const unsigned char *)n.at, n.len, (const unsigned char *)p.at, p.len,
                                  (const unsigned char *)q.at, q.len, (const unsigned char *)d.at, d.len,
                                  (const unsigned char *)e.at, e.len);
}

/* same_number compares a part that was given, if it was, with the one that was computed. */
static int same_number(const mbedtls_mpi *computed, struct text given, bool *same)
{
    if (!given.at) return 0;
    mbedtls_mpi number;
    mbedtls_mpi_init(&number);
    const int code = mbedtls_mpi_read_binary(&number, (const unsigned char *)given.at, given.len);
    if (code == 0 && mbedtls_mpi_cmp_mpi(computed, &number) != 0) *same = false;
    mbedtls_mpi_free(&number);
    return code;
}

static int check_remainders(const mbedtls_rsa_context *rsa, const struct crypto_rsa_parts *parts, bool *same)
{
    mbedtls_mpi dp, dq, qi;
    mbedtls_mpi_init(&dp);
    mbedtls_mpi_init(&dq);
    mbedtls_mpi_init(&qi);
    int code = mbedtls_rsa_export_crt(rsa, &dp, &dq, &qi);
    if (code == 0) code = same_number(&dp, parts->dp, same);
    if (code == 0) code = same_number(&dq, parts->dq, same);
    if (code == 0) code = same_number(&qi, parts->qi, same);
    mbedtls_mpi_free(&dp);
    mbedtls_mpi_free(&dq);
    mbedtls_mpi_free(&qi);
    return code;
}

static apisec_status load(struct crypto_key *key, const struct crypto_rsa_parts *parts, apisec_error *err)
{
    mbedtls_rsa_context *const rsa = &key->as.rsa;
    bool same = true;
    int code = import_part(rsa, parts, key->is_private);
    if (code == 0) code = mbedtls_rsa_complete(rsa);
    if (code == 0) code = key->is_private ? mbedtls_rsa_check_privkey(rsa) : mbedtls_rsa_check_pubkey(rsa);
    if (code == 0 && key->is_private) code = check_remainders(rsa, parts, &same);
    if (mbed_status(code, APISEC_E_KEY_UNFIT) == APISEC_E_MEMORY) return fail_memory(err);
    if (code != 0 || !same) return fail(err, APISEC_E_KEY_UNFIT, "the parts of the RSA key do not belong together");
    return APISEC_OK;
}

/* precompute does one public operation, which leaves the modulus' Montgomery constant in the key for all copies. */
static apisec_status precompute(struct crypto_key *key, apisec_error *err)
{
    unsigned char two[CRYPTO_MAX_SIGNATURE] = {0}, out[CRYPTO_MAX_SIGNATURE];
    two[mbedtls_rsa_get_len(&key->as.rsa) - 1] = 2;
    const int code = mbedtls_rsa_public(&key->as.rsa, two, out);
    if (code == 0) return APISEC_OK;
    return fail(err, mbed_status(code, APISEC_E_CRYPTO), "preparing the RSA key failed");
}

apisec_status crypto_key_rsa(const struct crypto_rsa_parts *parts, struct crypto_key **key, apisec_error *err)
{
    *key = NULL;
    const struct crypto_rsa_parts given = {trim(parts->n), trim(parts->e),  trim(parts->d),  trim(parts->p),
                                           trim(parts->q), trim(parts->dp), trim(parts->dq), trim(parts->qi)};
    const bool is_private = given.d.at || given.p.at || given.q.at || given.dp.at || given.dq.at || given.qi.at;
    apisec_status status = check_public(&given, err);
    if (status == APISEC_OK && is_private) status = check_private(&given, err);
    if (status != APISEC_OK) return status;

    struct crypto_key *made = NULL;
    status = key_begin(CRYPTO_KEY_RSA, &made, err);
    if (status != APISEC_OK) return status;
    made->is_private = is_private;
    status = load(made, &given, err);
    if (status == APISEC_OK) status = precompute(made, err);
    return key_finish(made, status, key, err);
}

apisec_status rsa_generate(struct crypto_key *key, apisec_error *err)
{
    key->is_private = true;
    const int code = mbedtls_rsa_gen_key(&key->as.rsa, mbed_random, NULL, CRYPTO_MIN_RSA_BITS, 65537);
    if (code != 0) return fail(err, mbed_status(code, APISEC_E_CRYPTO), "making an RSA key failed");
    return precompute(key, err);
}

static apisec_status write_private(const mbedtls_rsa_context *rsa, struct arena *arena, struct crypto_rsa_parts *parts)
{
    enum { D, P, Q, DP, DQ, QI, NUM };
    struct text *const texts[NUM] = {&parts->d, &parts->p, &parts->q, &parts->dp, &parts->dq, &parts->qi};
    mbedtls_mpi numbers[NUM];
    for (size_t i = 0; i < NUM; i++) mbedtls_mpi_init(&numbers[i]);
    int code = mbedtls_rsa_export(rsa, NULL, &numbers[P], &numbers[Q], &numbers[D], NULL);
    if (code == 0) code = mbedtls_rsa_export_crt(rsa, &numbers[DP], &numbers[DQ], &numbers[QI]);
    apisec_status status = mbed_status(code, APISEC_E_CRYPTO);
    for (size_t i = 0; i < NUM && status == APISEC_OK; i++) status = mbed_number_text(&numbers[i], 0, arena, texts[i]);
    for (size_t i = 0; i < NUM; i++) mbedtls_mpi_free(&numbers[i]); /* wipes */
    return status;
}

apisec_status crypto_key_rsa_parts(const struct crypto_key *key, struct arena *arena, struct crypto_rsa_parts *parts)
{
    *parts = (struct crypto_rsa_parts){{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}};
    if (key->type != CRYPTO_KEY_RSA) return APISEC_E_KEY_UNFIT;
    mbedtls_mpi n, e;
    mbedtls_mpi_init(&n);
    mbedtls_mpi_init(&e);
    apisec_status status = mbed_status(mbedtls_rsa_export(&key->as.rsa, &n, NULL, NULL, NULL, &e), APISEC_E_CRYPTO);
    if (status == APISEC_OK) status = mbed_number_text(&n, 0, arena, &parts->n);
    if (status == APISEC_OK) status = mbed_number_text(&e, 0, arena, &parts->e);
    if (status == APISEC_OK && key->is_private) status = write_private(&key->as.rsa, arena, parts);
    mbedtls_mpi_free(&n);
    mbedtls_mpi_free(&e);
    return status;
}

/* ---- contexts ---- */

void *rsa_context_new(const void *key)
{
    mbedtls_rsa_context *const context = mem_array(1, sizeof *context);
    if (!context) return NULL;
    rsa_init(context);
    if (mbedtls_rsa_copy(context, &((const struct crypto_key *)key)->as.rsa) == 0) return context;
    rsa_context_free(context);
    return NULL;
}

void rsa_context_free(void *context)
{
    mbedtls_rsa_free(context); /* wipes the numbers */
    free(context);
}

/* ---- signatures ---- */

/* The signature is as long as the modulus: the caller has checked. Whatever else mbedTLS refuses lies in the signature's bytes. */
apisec_status rsa_verify(mbedtls_rsa_context *context, const struct algorithm *algorithm, const unsigned char *hash,
                         const unsigned char *signature)
{
    const mbedtls_md_type_t md = mbed_md_type(algorithm->hash);
    const size_t hash_len = crypto_hash_len(algorithm->hash);
    const int code = algorithm->scheme == CRYPTO_RSA_PSS ? pss_verify(context, md, hash_len, hash, signature)
                                                         : pkcs1_verify(context, md, hash_len, hash, signature);
    return mbed_status(code, APISEC_E_SIGNATURE);
}

/* Both blind the private operation with mbed_random, and check the result before it leaves. */
apisec_status rsa_sign(mbedtls_rsa_context *context, const struct algorithm *algorithm, const unsigned char *hash,
                       unsigned char *signature)
{
    const mbedtls_md_type_t md = mbed_md_type(algorithm->hash);
    const size_t hash_len = crypto_hash_len(algorithm->hash);
    int code;
    if (algorithm->scheme == CRYPTO_RSA_PSS) {
        code = set_padding(context, MBEDTLS_RSA_PKCS_V21, md);
        if (code == 0) {
            code = mbedtls_rsa_rsassa_pss_sign_ext(context, mbed_random, NULL, md, (unsigned)hash_len, hash, (int)hash_len,
                                                   signature);
        }
    } else {
        code = set_padding(context, MBEDTLS_RSA_PKCS_V15, MBEDTLS_MD_NONE);
        if (code == 0) code = pkcs1_sign(context, md, hash_len, hash, signature);
    }
    return mbed_status(code, APISEC_E_CRYPTO);
}
