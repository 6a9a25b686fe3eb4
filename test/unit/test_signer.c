/* SPDX-License-Identifier: Apache-2.0
 *
 * test_signer.c: which JWKs sign, what a signed token looks like, and that one signer serves many threads.
 */
#include "support/unit.h"
#include "jose/jose.h"
#include "support/guard.h"
#include "support/keys.h"
#include "support/stride.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* ---- which keys sign ---- */

#define EC_PUBLIC "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"," \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define EC EC_PUBLIC ",\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\""

static const struct {
    const char *jwk;
    apisec_status status;
    const char *why;
} rows[] = {
    {"{" EC ",\"alg\":\"ES256\"}", APISEC_OK, "the twin"},
    {"{" EC ",\"alg\":\"ES256\",\"kid\":\"k\",\"use\":\"sig\",\"key_ops\":[\"sign\"]}", APISEC_OK, "all members"},
    {"{" EC "}", APISEC_E_ALGORITHM, "no alg"},
    {"{" EC ",\"alg\":\"none\"}", APISEC_E_ALGORITHM, "no such alg"},
    {"{" EC ",\"alg\":\"ECDH-ES\"}", APISEC_E_ALGORITHM, "for encryption"},
    {"{" EC ",\"alg\":\"ES384\"}", APISEC_E_KEY_UNFIT, "of another curve"},
    {"{" EC ",\"alg\":\"RS256\"}", APISEC_E_KEY_UNFIT, "of another type"},
    {"{" EC_PUBLIC ",\"alg\":\"ES256\"}", APISEC_E_KEY_UNFIT, "public only"},
    {"{" EC ",\"alg\":\"ES256\",\"use\":\"enc\"}", APISEC_E_KEY_UNFIT, "for encryption"},
    {"{" EC ",\"alg\":\"ES256\",\"key_ops\":[\"verify\"]}", APISEC_E_KEY_UNFIT, "only for verifying"},
    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\",\"alg\":\"ES256\"}", APISEC_E_KEY_UNFIT, "of an unknown type"},
    {"{\"kty\":\"EC\",\"crv\":\"P-192\",\"x\":\"AA\",\"y\":\"AA\"}", APISEC_E_KEY_UNFIT, "on an unknown curve"},
    {"{\"kty\":\"oct\",\"k\":\"AA\",\"alg\":\"HS256\"}", APISEC_E_KEY_UNFIT, "too short"},
    {"{\"kty\":\"oct\",\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\",\"alg\":\"HS256\"}", APISEC_OK, "long enough"},
    {"{\"kty\":\"oct\",\"k\":\"AA=\",\"alg\":\"HS256\"}", APISEC_E_MALFORMED, "no base64url"},
    {"{\"alg\":\"ES256\"}", APISEC_E_MALFORMED, "no kty"},
    {"{\"keys\":[{" EC ",\"alg\":\"ES256\"}]}", APISEC_E_MALFORMED, "a set is no key"},
    {"[]", APISEC_E_MALFORMED, "no object"},
    {"", APISEC_E_MALFORMED, "nothing"},
    {"{" EC ",\"alg\":\"ES256\"", APISEC_E_MALFORMED, "cut"},
    {"{" EC ",\"alg\":\"ES256\",\"alg\":\"ES256\"}", APISEC_E_MALFORMED, "a member twice"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_signer *signer = (apisec_signer *)&signer; /* must be set to NULL when refused */
        apisec_error err;
        const size_t len = strlen(rows[i].jwk);
        const char *in = guarded(rows[i].jwk, len);
        const apisec_status status = apisec_signer_new(in, len, &signer, &err);
        guard_free(in);
        if (status != rows[i].status) fail_msg("%s: %d (%s), %s", rows[i].jwk, (int)status, err.text, rows[i].why);
        assert_int_equal(err.status, status);
        assert_int_equal(signer != NULL, status == APISEC_OK);
        assert_null(strstr(err.text, "jpsQ"));
        if (strcmp(rows[i].why, "public only") == 0) assert_non_null(strstr(err.text, "public key"));
        apisec_signer_free(signer);
    }
}

static void test_a_jwk_that_is_too_large(void **state)
{
    (void)state;
    struct buffer text = BUFFER_MAX(65536);
    apisec_signer *signer;
    buffer_text(&text, "{" EC ",\"alg\":\"ES256\",\"x5u\":\"");
    while (text.len < 20000) buffer_byte(&text, 'M');
    buffer_text(&text, "\"}");
    assert_int_equal(apisec_signer_new(text.bytes, text.len, &signer, NULL), APISEC_E_MALFORMED);
    assert_null(signer);
    buffer_free(&text);
}

static void test_arguments(void **state)
{
    (void)state;
    apisec_error err;
    apisec_signer *signer = (apisec_signer *)&signer;
    char *token = (char *)&token;
    assert_int_equal(apisec_signer_new(NULL, 0, &signer, &err), APISEC_E_ARGUMENT);
    assert_null(signer);
    assert_int_equal(apisec_signer_new("{}", 2, NULL, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_signer_generate("ES256", NULL, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_signer_generate(NULL, &signer, &err), APISEC_E_ALGORITHM);
    assert_int_equal(apisec_signer_generate("none", &signer, &err), APISEC_E_ALGORITHM);
    assert_int_equal(apisec_signer_generate("es256", &signer, &err), APISEC_E_ALGORITHM);
    assert_null(signer);
    assert_int_equal(apisec_signer_sign(NULL, NULL, "{}", 2, &token, &err), APISEC_E_ARGUMENT);
    assert_null(token);
    assert_int_equal(apisec_signer_sign(key_signer("ES256"), NULL, NULL, 2, &token, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_signer_sign(key_signer("ES256"), NULL, "{}", 2, NULL, &err), APISEC_E_ARGUMENT);
    assert_null(apisec_signer_algorithm(NULL));
    assert_null(apisec_signer_key_id(NULL));
    assert_null(apisec_signer_public_jwk(NULL));
    assert_null(apisec_signer_private_jwk(NULL));
    apisec_signer_free(NULL);
}

/* ---- what it signs ---- */

/* The header's members come in one order, so that HMAC and PKCS #1 v1.5 give the same token each time. */
static void test_a_known_token(void **state)
{
    (void)state;
    apisec_signer *signer;
    char *token;
    apisec_error err;
    static const char jwk[] = "{\"kty\":\"oct\",\"alg\":\"HS256\",\"kid\":\"a1\","
                              "\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow\"}";
    assert_int_equal(apisec_signer_new(jwk, strlen(jwk), &signer, &err), APISEC_OK);
    assert_string_equal(apisec_signer_algorithm(signer), "HS256");
    assert_string_equal(apisec_signer_key_id(signer), "a1");
    assert_null(apisec_signer_public_jwk(signer));
    assert_non_null(strstr(apisec_signer_private_jwk(signer), "AyM1SysPpbyD"));
    assert_int_equal(apisec_signer_sign(signer, "JWT", "{\"iss\":\"joe\"}", 13, &token, &err), APISEC_OK);
    /* {"alg":"HS256","typ":"JWT","kid":"a1"} . {"iss":"joe"} */
    assert_non_null(strstr(token, "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImExIn0.eyJpc3MiOiJqb2UifQ."));
    apisec_text_free(token);
    apisec_signer_free(signer);
}

static void check_signed(const apisec_signer *signer, const char *type, const char *payload, size_t len, const struct jwk *jwk)
{
    struct arena arena = {NULL};
    struct jws jws;
    struct jws_header header;
    struct text read;
    apisec_error err;
    char *token = NULL;
    assert_int_equal(apisec_signer_sign(signer, type, payload, len, &token, &err), APISEC_OK);
    assert_int_equal(jws_split(text_of(token), &jws, &err), APISEC_OK);
    assert_int_equal(jws_header_parse(jws.header, &header, &err), APISEC_OK);
    assert_true(text_is(header.alg, apisec_signer_algorithm(signer)));
    assert_true(type ? text_is(header.typ, type) : !header.typ.at);
    assert_true(apisec_signer_key_id(signer) ? text_is(header.kid, apisec_signer_key_id(signer)) : !header.kid.at);
    assert_int_equal(jws_verify(&jws, jwk, algorithm_find(header.alg), &err), APISEC_OK);
    assert_int_equal(jws_decode_payload(&jws, &arena, &read, &err), APISEC_OK);
    assert_int_equal(read.len, len);
    if (len) assert_memory_equal(read.at, payload, len);
    arena_free(&arena);
    jws_header_free(&header);
    apisec_text_free(token);
}

static struct jwk *jwk_of(const char *text)
{
    struct json *document = NULL;
    struct jwk *jwk = NULL;
    assert_int_equal(json_parse_object(text_of(text), &json_token_limits, &document, NULL), APISEC_OK);
    assert_int_equal(jwk_parse(document, &jwk, NULL), APISEC_OK);
    json_free(document);
    return jwk;
}

/* All 12 algorithms with a new key: its kid is its thumbprint, its halves read back, the public one verifies and does not sign. */
static void test_generated_signers(void **state)
{
    (void)state;
    for (size_t i = 0; i < num_algorithms; i++) {
        if (algorithms[i].key_type == CRYPTO_KEY_RSA && i % stride(1, 6) != 0) continue; /* they take long: one of the six */
        apisec_signer *signer = NULL, *again = NULL;
        apisec_error err;
        char thumbprint[44];
        assert_int_equal(apisec_signer_generate(algorithms[i].name, &signer, &err), APISEC_OK);
        assert_string_equal(apisec_signer_algorithm(signer), algorithms[i].name);
        const char *whole = apisec_signer_private_jwk(signer), *half = apisec_signer_public_jwk(signer);
        assert_int_equal(half == NULL, algorithms[i].key_type == CRYPTO_KEY_OCT);

        struct jwk *jwk = jwk_of(half ? half : whole);
        assert_int_equal(jwk_thumbprint(jwk->key, thumbprint), APISEC_OK);
        assert_string_equal(apisec_signer_key_id(signer), thumbprint);
        assert_string_equal(jwk->kid, thumbprint);
        assert_ptr_equal(jwk->algorithm, &algorithms[i]);
        check_signed(signer, "at+jwt", "{}", 2, jwk);
        check_signed(signer, NULL, "\0\xff", 2, jwk);
        check_signed(signer, NULL, NULL, 0, jwk);

        assert_int_equal(apisec_signer_new(whole, strlen(whole), &again, &err), APISEC_OK);
        assert_string_equal(apisec_signer_private_jwk(again), whole);
        check_signed(again, NULL, "{}", 2, jwk);
        apisec_signer_free(again);
        if (half) assert_int_equal(apisec_signer_new(half, strlen(half), &again, &err), APISEC_E_KEY_UNFIT);
        apisec_signer_free(signer);
        jwk_free(jwk);
    }
}

/* typ and kid are written as JSON strings, whatever is in them. */
static void test_names_are_escaped(void **state)
{
    (void)state;
    apisec_signer *signer;
    static const char jwk[] = "{" EC ",\"alg\":\"ES256\",\"kid\":\"a\\\"b\\\\\\n\\u00e9\"}";
    assert_int_equal(apisec_signer_new(jwk, strlen(jwk), &signer, NULL), APISEC_OK);
    assert_string_equal(apisec_signer_key_id(signer), "a\"b\\\n\xc3\xa9");
    struct jwk *half = jwk_of(apisec_signer_public_jwk(signer));
    assert_string_equal(half->kid, "a\"b\\\n\xc3\xa9");
    check_signed(signer, "\",\"alg\":\"none", "{}", 2, half);
    jwk_free(half);
    apisec_signer_free(signer);
}

static void test_a_signer_without_kid(void **state)
{
    (void)state;
    apisec_signer *signer;
    static const char jwk[] = "{" EC ",\"alg\":\"ES256\"}";
    assert_int_equal(apisec_signer_new(jwk, strlen(jwk), &signer, NULL), APISEC_OK);
    assert_null(apisec_signer_key_id(signer));
    struct jwk *half = jwk_of(apisec_signer_public_jwk(signer));
    check_signed(signer, "JWT", "{}", 2, half);
    jwk_free(half);
    apisec_signer_free(signer);
}

static void test_the_longest_payload(void **state)
{
    (void)state;
    enum { LARGE = 1024 * 1024 };
    char *payload = calloc(LARGE, 1), *token = NULL;
    assert_non_null(payload);
    assert_int_equal(apisec_signer_sign(key_signer("HS256"), NULL, payload, LARGE, &token, NULL), APISEC_E_TOO_LARGE);
    assert_null(token);
    assert_int_equal(apisec_signer_sign(key_signer("HS256"), NULL, payload, LARGE / 2, &token, NULL), APISEC_OK);
    apisec_text_free(token);
    free(payload);
}

/* ---- many threads ---- */

static atomic_uint num_wrong;

static void *sign_often(void *alg)
{
    const apisec_signer *signer = key_signer(alg); /* made before the threads */
    for (int i = 0; i < 5; i++) {
        char *token = NULL;
        if (apisec_signer_sign(signer, "JWT", "{}", 2, &token, NULL) != APISEC_OK) atomic_fetch_add(&num_wrong, 1);
        apisec_text_free(token);
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    static char algs[][6] = {"RS256", "PS256", "ES256", "HS256"};
    pthread_t threads[8];
    for (size_t i = 0; i < 4; i++) key_signer(algs[i]);
    for (size_t i = 0; i < 8; i++) assert_int_equal(pthread_create(&threads[i], NULL, sign_often, algs[i % 4]), 0);
    for (size_t i = 0; i < 8; i++) pthread_join(threads[i], NULL);
    assert_int_equal(num_wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_a_jwk_that_is_too_large),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_a_known_token),
        cmocka_unit_test(test_generated_signers),
        cmocka_unit_test(test_names_are_escaped),
        cmocka_unit_test(test_a_signer_without_kid),
        cmocka_unit_test(test_the_longest_payload),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
