/* SPDX-License-Identifier: Apache-2.0
 *
 * test_jose_memory.c: each allocation of reading keys, verifying and signing fails once. A right token is then refused for want of
 * memory, a forged one stays refused whatever fails, and what comes out is all or nothing.
 */
#define _GNU_SOURCE
#include "support/unit.h"
#include "jose/jose.h"
#include "support/failing.h"
#include "support/keys.h"
#include "support/stride.h"

#include <stdlib.h>
#include <string.h>

static const char *set_text, *private_jwk;
static char *token;
static const struct algorithm *algorithm;

/* ---- the operations ---- */

static apisec_status verify_once(const struct jwk_set *set)
{
    struct jws jws;
    struct jws_header header;
    const struct jwk *jwk;
    struct arena arena = {NULL};
    struct text payload;
    apisec_error err;
    apisec_status status = jws_split(text_of(token), &jws, &err);
    if (status == APISEC_OK) status = jws_header_parse(jws.header, &header, &err);
    if (status != APISEC_OK) return status;
    status = jwk_set_find(set, header.kid, algorithm, &jwk, &err);
    if (status == APISEC_OK) status = jws_verify(&jws, jwk, algorithm, &err);
    if (status == APISEC_OK) status = jws_decode_payload(&jws, &arena, &payload, &err);
    if (status == APISEC_OK && !text_is(payload, "{\"sub\":\"someone\"}")) abort();
    jws_header_free(&header);
    arena_free(&arena);
    return status;
}

/* Twice, because the first use makes a context that the second finds. */
static apisec_status verify(void)
{
    struct jwk_set *set = NULL;
    apisec_error err;
    apisec_status status = jwk_set_parse(text_of(set_text), JWK_PINNED, &set, &err);
    if (status != APISEC_OK) return set ? APISEC_OK : status; /* a set in spite of a failure would be wrong */
    status = verify_once(set);
    if (status == APISEC_OK) status = verify_once(set);
    jwk_set_free(set);
    return status;
}

static apisec_status sign(void)
{
    apisec_signer *signer = NULL;
    char *made = NULL;
    apisec_error err;
    apisec_status status = apisec_signer_new(private_jwk, strlen(private_jwk), &signer, &err);
    if (status == APISEC_OK) status = apisec_signer_sign(signer, "JWT", "{}", 2, &made, &err);
    if ((status == APISEC_OK) != (made != NULL)) abort();
    apisec_text_free(made);
    apisec_signer_free(signer);
    return status;
}

static apisec_status generate(void)
{
    apisec_signer *signer = NULL;
    const apisec_status status = apisec_signer_generate(algorithm->name, &signer, NULL);
    if ((status == APISEC_OK) != (signer != NULL)) abort();
    apisec_signer_free(signer);
    return status;
}

/* ---- failing ---- */

/* For each nth allocation of the operation, in steps (with TEST_EVERY=1 in smaller ones): what it gives. mbedTLS says no more of a
 * private RSA key that it had no memory to check than that it is none, so that KEY_UNFIT is right as well. A failure that mbedTLS
 * can do without does no harm. */
static void fail_each(apisec_status (*operation)(void), size_t step, apisec_status without)
{
    size_t num_memory = 0;
    assert_int_equal(operation(), without);
    for (size_t nth = 1;; nth += step) {
        failing_begin(nth);
        const apisec_status status = operation();
        if (!failing_end()) {
            assert_int_equal(status, without);
            break;
        }
        if (status == APISEC_E_MEMORY) num_memory++;
        if (status != APISEC_E_MEMORY && status != APISEC_E_KEY_UNFIT && status != APISEC_E_CRYPTO && status != without) {
            fail_msg("%s, allocation %zu: %s", algorithm->name, nth, apisec_status_name(status));
        }
    }
    if (failing_works()) assert_true(num_memory > 0);
}

static const struct {
    const char *alg;
    size_t step, usual; /* mbedTLS allocates thousands of times for one ECDSA signature */
} rows[] = {{"RS256", 1, 5}, {"PS256", 1, 5}, {"ES256", 211, 1009}, {"HS256", 1, 1}};

static size_t step_of(size_t row)
{
    return stride(rows[row].step, rows[row].usual);
}

static void prepare(const char *alg)
{
    algorithm = algorithm_find(text_of(alg));
    set_text = key_set(alg);
    private_jwk = apisec_signer_private_jwk(key_signer(alg));
    token = key_token(alg, NULL, "{\"sub\":\"someone\"}");
}

static void test_verifying(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prepare(rows[i].alg);
        fail_each(verify, step_of(i), APISEC_OK);
        apisec_text_free(token);
    }
}

static void test_a_forged_token(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prepare(rows[i].alg);
        char *const at = strrchr(token, '.') + 1;
        *at = *at == 'A' ? 'B' : 'A';
        fail_each(verify, step_of(i), APISEC_E_SIGNATURE); /* OK is not among what is taken */
        apisec_text_free(token);
    }
}

static void test_signing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prepare(rows[i].alg);
        fail_each(sign, step_of(i), APISEC_OK);
        if (algorithm->key_type != CRYPTO_KEY_RSA) fail_each(generate, step_of(i), APISEC_OK);
        apisec_text_free(token);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verifying),
        cmocka_unit_test(test_a_forged_token),
        cmocka_unit_test(test_signing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
