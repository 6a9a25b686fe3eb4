/* SPDX-License-Identifier: Apache-2.0
 *
 * test_proof.c: the DPoP proofs that a client makes: each is one that a service of ours accepts, and nothing else is made.
 */
#include "support/unit.h"
#include "support/keys.h"
#include "support/proofs.h"
#include "token/dpop.h"

#include <apisec/dpop.h>

#include <stdlib.h>
#include <string.h>

#define NOW 1750000000
#define TOKEN "an.access.token"

static struct dpop_policy *new_policy(const char *base)
{
    struct dpop_policy *policy = NULL;
    struct dpop_settings settings = {.allowed = true, .capacity = 4};
    assert_true(name_list_add(&settings.bases, base));
    assert_int_equal(dpop_policy_new(&settings, &policy, NULL), APISEC_OK);
    name_list_free(&settings.bases);
    return policy;
}

static apisec_status judge(const char *base, const apisec_signer *signer, const char *proof, struct dpop_result *result)
{
    char jkt[44], ath[44];
    struct dpop_policy *const policy = new_policy(base);
    assert_int_equal(apisec_dpop_thumbprint(signer, jkt, NULL), APISEC_OK);
    proof_hash(TOKEN, strlen(TOKEN), ath);
    const struct dpop_context context = {.policy = policy,
                                         .method = text_of("PATCH"),
                                         .path = text_of("/orders/7"),
                                         .ath = text_of(ath),
                                         .jkt = text_of(jkt),
                                         .now = NOW};
    const apisec_status status = dpop_check(text_of(proof), &context, result, NULL);
    dpop_policy_free(policy);
    return status;
}

static void test_what_is_made_is_accepted(void **state)
{
    (void)state;
    static const char *const algs[] = {"RS256", "RS512", "PS256", "PS384", "ES256", "ES384", "ES512"};
    for (size_t i = 0; i < sizeof algs / sizeof algs[0]; i++) {
        struct dpop_result one, two;
        char *proof = NULL, *again = NULL;
        const apisec_signer *const signer = key_signer(algs[i]);
        assert_int_equal(apisec_dpop_proof(signer, "PATCH", "https://api.example/orders/7?a=b#c", TOKEN, NULL, NOW, &proof, NULL),
                         APISEC_OK);
        assert_int_equal(apisec_dpop_proof(signer, "PATCH", "https://api.example/orders/7", TOKEN, "n", NOW, &again, NULL),
                         APISEC_OK);
        assert_int_equal(judge("https://api.example", signer, proof, &one), APISEC_OK);
        assert_int_equal(judge("https://api.example", signer, again, &two), APISEC_OK);
        assert_memory_not_equal(one.id, two.id, REPLAY_ID_LEN); /* each for one use */
        apisec_text_free(proof);
        apisec_text_free(again);
    }
}

/* The header and the claims, byte by byte but for what is random. */
static void test_its_bytes(void **state)
{
    (void)state;
    char *proof = NULL;
    struct jws jws;
    struct jws_header header;
    struct arena arena = {NULL};
    struct text payload, text;
    int64_t iat;
    struct json *claims = NULL;
    const apisec_signer *const signer = key_signer("ES256");
    assert_int_equal(apisec_dpop_proof(signer, "POST", "http://localhost:8080/t?q#f", NULL, "the-nonce", NOW, &proof, NULL), 0);
    assert_int_equal(jws_split(text_of(proof), &jws, NULL), APISEC_OK);
    assert_int_equal(jws_header_parse(jws.header, &header, NULL), APISEC_OK);
    assert_true(text_is(header.typ, "dpop+jwt"));
    assert_null(header.kid.at);
    struct json *jwk = NULL;
    assert_int_equal(json_parse_object(header.jwk, &json_token_limits, &jwk, NULL), APISEC_OK);
    assert_int_equal(json_count(jwk), 4); /* crv kty x y: neither a private member nor a name */
    assert_null(json_member(jwk, "d"));
    json_free(jwk);

    assert_int_equal(jws_decode_payload(&jws, &arena, &payload, NULL), APISEC_OK);
    assert_int_equal(json_parse_object(payload, &json_token_limits, &claims, NULL), APISEC_OK);
    assert_int_equal(json_count(claims), 5);
    assert_int_equal(json_get_text(claims, "jti", &text), JSON_OK);
    assert_int_equal(text.len, 22);
    assert_int_equal(json_get_text(claims, "htm", &text), JSON_OK);
    assert_true(text_is(text, "POST"));
    assert_int_equal(json_get_text(claims, "htu", &text), JSON_OK);
    assert_true(text_is(text, "http://localhost:8080/t"));
    assert_int_equal(json_get_text(claims, "nonce", &text), JSON_OK);
    assert_true(text_is(text, "the-nonce"));
    assert_int_equal(json_get_int64(claims, "iat", &iat), JSON_OK);
    assert_true(iat == NOW);
    json_free(claims);
    jws_header_free(&header);
    arena_free(&arena);
    apisec_text_free(proof);
}

static void test_what_is_not_made(void **state)
{
    (void)state;
    char long_nonce[258];
    memset(long_nonce, 'n', 257);
    long_nonce[257] = '\0';
    const struct {
        const char *alg, *method, *url, *nonce;
        int64_t now;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {"ES256", "GET", "https://api.example/", NULL, NOW, APISEC_OK, "the twin"},
        {"ES256", "M-SEARCH", "https://api.example", "~!#", 0, APISEC_OK, ""},
        {"ES256", "GET", "https://api.example/", long_nonce + 1, NOW, APISEC_OK, "the longest nonce"},
        {"HS256", "GET", "https://api.example/", NULL, NOW, APISEC_E_KEY_UNFIT, "a shared secret"},
        {"ES256", "", "https://api.example/", NULL, NOW, APISEC_E_ARGUMENT, "no method"},
        {"ES256", "GET /", "https://api.example/", NULL, NOW, APISEC_E_ARGUMENT, ""},
        {"ES256", NULL, "https://api.example/", NULL, NOW, APISEC_E_ARGUMENT, ""},
        {"ES256", "GET", NULL, NULL, NOW, APISEC_E_ARGUMENT, "no URL"},
        {"ES256", "GET", "", NULL, NOW, APISEC_E_ARGUMENT, ""},
        {"ES256", "GET", "/orders/7", NULL, NOW, APISEC_E_ARGUMENT, "relative"},
        {"ES256", "GET", "ftp://api.example/", NULL, NOW, APISEC_E_ARGUMENT, "another scheme"},
        {"ES256", "GET", "https://user@api.example/", NULL, NOW, APISEC_E_ARGUMENT, "user info"},
        {"ES256", "GET", "http://user@api.example/", NULL, NOW, APISEC_E_ARGUMENT, ""},
        {"ES256", "GET", "https://api.example/ x", NULL, NOW, APISEC_E_ARGUMENT, ""},
        {"ES256", "GET", "https://api.example/", "", NOW, APISEC_E_ARGUMENT, "an empty nonce"},
        {"ES256", "GET", "https://api.example/", "a b", NOW, APISEC_E_ARGUMENT, "a space"},
        {"ES256", "GET", "https://api.example/", "a\"b", NOW, APISEC_E_ARGUMENT, ""},
        {"ES256", "GET", "https://api.example/", "a\\b", NOW, APISEC_E_ARGUMENT, ""},
        {"ES256", "GET", "https://api.example/", long_nonce, NOW, APISEC_E_ARGUMENT, "a nonce too long"},
        {"ES256", "GET", "https://api.example/", NULL, -1, APISEC_E_ARGUMENT, "before 1970"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *proof = (char *)&long_nonce;
        apisec_error err;
        const apisec_status status = apisec_dpop_proof(key_signer(rows[i].alg), rows[i].method, rows[i].url, NULL, rows[i].nonce,
                                                       rows[i].now, &proof, &err);
        if (status != rows[i].expected) fail_msg("row %zu (%s): %s", i, rows[i].why, apisec_status_name(status));
        assert_int_equal(err.status, status);
        assert_true((proof != NULL) == (status == APISEC_OK));
        apisec_text_free(proof);
    }
    char *proof = (char *)&long_nonce, thumbprint[44] = "x";
    assert_int_equal(apisec_dpop_proof(NULL, "GET", "https://a.example", NULL, NULL, NOW, &proof, NULL), APISEC_E_ARGUMENT);
    assert_null(proof);
    assert_int_equal(apisec_dpop_proof(key_signer("ES256"), "GET", "https://a.example", NULL, NULL, NOW, NULL, NULL),
                     APISEC_E_ARGUMENT);
    assert_int_equal(apisec_dpop_thumbprint(NULL, thumbprint, NULL), APISEC_E_ARGUMENT);
    assert_string_equal(thumbprint, "");
    assert_int_equal(apisec_dpop_thumbprint(key_signer("HS256"), thumbprint, NULL), APISEC_E_KEY_UNFIT);
    assert_int_equal(apisec_dpop_thumbprint(key_signer("ES256"), NULL, NULL), APISEC_E_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_is_made_is_accepted), cmocka_unit_test(test_its_bytes),
                                       cmocka_unit_test(test_what_is_not_made)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
