/* SPDX-License-Identifier: Apache-2.0
 *
 * test_assertion.c: the client assertion: every member of RFC 7523 section 3, a signature that verifies, and never the same twice.
 */
#include "oauth/oauth.h"
#include "support/keys.h"
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

#define NOW 1750000000

/* An assertion taken apart, and checked with the public key of its signer. */
struct opened {
    struct arena arena;
    struct jws jws;
    struct jws_header header;
    struct json *claims;
};

static void open_assertion(struct opened *opened, const char *assertion, const char *alg)
{
    struct text payload;
    struct jwk_set *set = NULL;
    const struct jwk *key = NULL;
    const struct algorithm *algorithm = algorithm_find(text_of(alg));
    *opened = (struct opened){.claims = NULL};
    assert_int_equal(jws_split(text_of(assertion), &opened->jws, NULL), APISEC_OK);
    assert_int_equal(jws_header_parse(opened->jws.header, &opened->header, NULL), APISEC_OK);
    assert_int_equal(jws_decode_payload(&opened->jws, &opened->arena, &payload, NULL), APISEC_OK);
    assert_int_equal(json_parse_object(payload, &json_token_limits, &opened->claims, NULL), APISEC_OK);
    assert_int_equal(jwk_set_parse(text_of(key_set(alg)), JWK_PINNED, &set, NULL), APISEC_OK);
    assert_int_equal(jwk_set_find(set, opened->header.kid, algorithm, &key, NULL), APISEC_OK);
    assert_int_equal(jws_verify(&opened->jws, key, algorithm, NULL), APISEC_OK);
    jwk_set_free(set);
}

static void close_assertion(struct opened *opened)
{
    jws_header_free(&opened->header);
    json_free(opened->claims);
    arena_free(&opened->arena);
}

static void assert_claim(const struct opened *opened, const char *name, const char *value)
{
    struct text text;
    assert_int_equal(json_get_text(opened->claims, name, &text), JSON_OK);
    if (!text_is(text, value)) fail_msg("%s is %s", name, text.at);
}

static void members(void **state)
{
    (void)state;
    static const char *const algorithms_to_try[] = {"RS256", "PS256", "ES256", "ES512"};
    static const char *const ids[] = {"svc", "https://client.example/?a=<b>&c=\"d\"", "caf\xc3\xa9"};
    for (size_t i = 0; i < 4 * 3; i++) {
        const char *alg = algorithms_to_try[i % 4], *id = ids[i / 4];
        char *assertion = NULL;
        struct opened opened;
        int64_t iat, exp;
        struct text jti;
        assert_int_equal(assertion_new(key_signer(alg), ASSERTION_CLIENT, id, "https://id.example", NOW, &assertion), APISEC_OK);
        open_assertion(&opened, assertion, alg);
        assert_true(text_is(opened.header.alg, alg));
        assert_true(text_is(opened.header.kid, alg)); /* so that the server finds the key */
        assert_true(text_is(opened.header.typ, "client-authentication+jwt"));
        assert_claim(&opened, "iss", id);
        assert_claim(&opened, "sub", id);
        assert_claim(&opened, "aud", "https://id.example"); /* a string, not a list */
        assert_int_equal(json_get_text(opened.claims, "jti", &jti), JSON_OK);
        assert_int_equal(jti.len, 22); /* 128 bits */
        assert_int_equal(json_get_date(opened.claims, "iat", &iat), JSON_OK);
        assert_int_equal(json_get_date(opened.claims, "exp", &exp), JSON_OK);
        assert_int_equal(iat, NOW);
        assert_int_equal(exp, NOW + 60);
        assert_int_equal(json_count(opened.claims), 6);
        close_assertion(&opened);
        apisec_text_free(assertion);
    }
}

static void no_two_are_the_same(void **state)
{
    (void)state;
    char *one = NULL, *two = NULL;
    struct opened first, second;
    struct text a, b;
    assert_int_equal(assertion_new(key_signer("RS256"), ASSERTION_CLIENT, "svc", "https://id.example", NOW, &one), APISEC_OK);
    assert_int_equal(assertion_new(key_signer("RS256"), ASSERTION_CLIENT, "svc", "https://id.example", NOW, &two), APISEC_OK);
    open_assertion(&first, one, "RS256");
    open_assertion(&second, two, "RS256");
    assert_int_equal(json_get_text(first.claims, "jti", &a), JSON_OK);
    assert_int_equal(json_get_text(second.claims, "jti", &b), JSON_OK);
    assert_false(text_equal(a, b));
    close_assertion(&first);
    close_assertion(&second);
    apisec_text_free(one);
    apisec_text_free(two);
}

/* An id that is longer than any server would give is refused, not cut. */
static void a_client_id_has_a_limit(void **state)
{
    (void)state;
    for (size_t len = 3500; len <= 5000; len += 1500) {
        char *id = calloc(1, len + 1), *assertion = (char *)state;
        assert_non_null(id);
        memset(id, 'a', len);
        const apisec_status status =
            assertion_new(key_signer("ES256"), ASSERTION_CLIENT, id, "https://id.example", NOW, &assertion);
        assert_int_equal(status, len == 3500 ? APISEC_OK : APISEC_E_TOO_LARGE);
        assert_true((assertion != NULL) == (status == APISEC_OK));
        apisec_text_free(assertion);
        free(id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members),
        cmocka_unit_test(no_two_are_the_same),
        cmocka_unit_test(a_client_id_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
