/* SPDX-License-Identifier: Apache-2.0
 *
 * test_jws.c: which bytes are a signed token, and when its signature is right. RFC 7515. Its header: test_jws_header.c.
 */
#include "support/unit.h"
#include "jose/jose.h"
#include "support/guard.h"
#include "support/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- splitting ---- */

static const struct {
    const char *token;
    apisec_status status;
    const char *says; /* part of the sentence */
    const char *why;
} splits[] = {
    {"aA0.bB9.-_c", APISEC_OK, "", "the twin"},
    {"aa..cc", APISEC_OK, "", "an empty payload is a payload (RFC 7515 has nothing against it)"},
    {"aa.b.cc", APISEC_OK, "", "lengths are looked at when a part is decoded"},
    {"", APISEC_E_MALFORMED, "1 part instead", "nothing"},
    {".", APISEC_E_MALFORMED, "2 parts", ""},
    {"..", APISEC_E_MALFORMED, "header is empty", ""},
    {"aa", APISEC_E_MALFORMED, "1 part instead", "one part"},
    {"aa.bb", APISEC_E_MALFORMED, "2 parts", "two parts"},
    {"aa.bb.cc.dd", APISEC_E_MALFORMED, "4 parts", "four parts"},
    {"aa.bb.cc.", APISEC_E_MALFORMED, "4 parts", "an empty part behind"},
    {"aa.bb.cc.dd.ee", APISEC_E_MALFORMED, "encrypted", "five parts"},
    {"aa....ee", APISEC_E_MALFORMED, "encrypted", "five parts, three of them empty"},
    {"aa.bb.cc.dd.ee.ff", APISEC_E_MALFORMED, "6 parts", "six parts"},
    {"aa.bb.", APISEC_OK, "", "an empty signature is a wrong one: alg comes before it, and none is refused by its name"},
    {"aa..", APISEC_OK, "", "the same"},
    {".bb.cc", APISEC_E_MALFORMED, "header is empty", "an empty header"},
    {"aa.bb.cc=", APISEC_E_MALFORMED, "byte 8", "padding"},
    {"aa=.bb.cc", APISEC_E_MALFORMED, "byte 2", "padding"},
    {"a+a.bb.cc", APISEC_E_MALFORMED, "byte 1", "the standard alphabet's +"},
    {"aa.b/b.cc", APISEC_E_MALFORMED, "byte 4", "and its /"},
    {"aa.bb.cc\n", APISEC_E_MALFORMED, "byte 8", "a line end behind"},
    {"aa.bb.cc\r\n", APISEC_E_MALFORMED, "byte 8", ""},
    {" aa.bb.cc", APISEC_E_MALFORMED, "byte 0", "a space in front"},
    {"aa. bb.cc", APISEC_E_MALFORMED, "byte 3", "a space inside"},
    {"aa.bb.cc ", APISEC_E_MALFORMED, "byte 8", "a space behind"},
    {"aa.b?b.cc", APISEC_E_MALFORMED, "byte 4", ""},
    {"aa.b%2eb.cc", APISEC_E_MALFORMED, "byte 4", "percent-encoding"},
    {"aa.bb.c\xc3\xa9", APISEC_E_MALFORMED, "byte 7", "beyond ASCII"},
    {"{\"payload\":\"\",\"signatures\":[]}", APISEC_E_MALFORMED, "byte 0", "JSON serialisation"},
    {"{\"protected\":\"aa\",\"payload\":\".bb.cc", APISEC_E_MALFORMED, "byte 0", "CVE-2022-39227: a polyglot"},
};

static void test_splits(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof splits / sizeof splits[0]; i++) {
        const size_t len = strlen(splits[i].token);
        const char *in = guarded(splits[i].token, len);
        struct jws jws;
        apisec_error err;
        const apisec_status status = jws_split((struct text){in, len}, &jws, &err);
        if (status != splits[i].status) fail_msg("%s: %d, %s", splits[i].token, (int)status, splits[i].why);
        if (!strstr(err.text, splits[i].says)) fail_msg("%s: says %s", splits[i].token, err.text);
        if (status != APISEC_OK) assert_null(jws.header.at);
        guard_free(in);
    }
}

static void test_the_spans(void **state)
{
    (void)state;
    struct jws jws;
    assert_int_equal(jws_split(text_of("he.pay.sign"), &jws, NULL), APISEC_OK);
    assert_true(text_is(jws.header, "he"));
    assert_true(text_is(jws.payload, "pay"));
    assert_true(text_is(jws.signature, "sign"));
    assert_true(text_is(jws.signing_input, "he.pay"));
    assert_int_equal(jws_split((struct text){"aa.bb.cc\0", 9}, &jws, NULL), APISEC_E_MALFORMED);
    assert_int_equal(jws_split((struct text){NULL, 0}, &jws, NULL), APISEC_E_MALFORMED);
}

static void test_the_longest_token(void **state)
{
    (void)state;
    char *token = malloc(JOSE_MAX_TOKEN + 1);
    struct jws jws;
    assert_non_null(token);
    memset(token, 'a', JOSE_MAX_TOKEN + 1);
    token[100] = token[200] = '.';
    assert_int_equal(jws_split((struct text){token, JOSE_MAX_TOKEN}, &jws, NULL), APISEC_OK);
    assert_int_equal(jws_split((struct text){token, JOSE_MAX_TOKEN + 1}, &jws, NULL), APISEC_E_TOO_LARGE);
    memset(token, '.', JOSE_MAX_TOKEN);
    assert_int_equal(jws_split((struct text){token, JOSE_MAX_TOKEN}, &jws, NULL), APISEC_E_MALFORMED);
    free(token);
}

/* ---- signatures ---- */

static struct jwk *jwk_of(const char *text)
{
    struct json *document = NULL;
    struct jwk *jwk = NULL;
    assert_int_equal(json_parse_object(text_of(text), &json_token_limits, &document, NULL), APISEC_OK);
    assert_int_equal(jwk_parse(document, &jwk, NULL), APISEC_OK);
    json_free(document);
    return jwk;
}

/* RFC 7515 appendices A.1 to A.4, as they stand there. */
static void test_rfc7515(void **state)
{
    (void)state;
    static const char claims[] = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
    static const struct {
        const char *token, *key, *alg, *payload;
    } rows[] = {
        {token_a1_hs256, key_a1_oct, "HS256", claims},
        {token_a2_rs256, key_a2_rsa, "RS256", claims},
        {token_a3_es256, key_a3_p256, "ES256", claims},
        {token_a4_es512, key_a4_p521, "ES512", "Payload"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct jws jws;
        struct jws_header header;
        struct arena arena = {NULL};
        struct text payload;
        apisec_error err;
        const size_t len = strlen(rows[i].token);
        const char *in = guarded(rows[i].token, len);
        struct jwk *jwk = jwk_of(rows[i].key);
        assert_int_equal(jws_split((struct text){in, len}, &jws, &err), APISEC_OK);
        assert_int_equal(jws_header_parse(jws.header, &header, &err), APISEC_OK);
        assert_true(text_is(header.alg, rows[i].alg));
        assert_int_equal(jws_verify(&jws, jwk, algorithm_find(header.alg), &err), APISEC_OK);
        assert_int_equal(jws_decode_payload(&jws, &arena, &payload, &err), APISEC_OK);
        assert_true(text_is(payload, rows[i].payload));
        assert_int_equal(payload.at[payload.len], '\0');
        arena_free(&arena);
        jws_header_free(&header);
        jwk_free(jwk);
        guard_free(in);
    }
}

/* Of each of the 12 algorithms: every part counts, another key does not do, and the sentence tells nothing. */
static void test_each_algorithm(void **state)
{
    (void)state;
    for (size_t i = 0; i < num_algorithms; i++) {
        char *token = key_token(algorithms[i].name, NULL, "{\"sub\":\"someone\"}");
        struct jwk *jwk = jwk_of(apisec_signer_private_jwk(key_signer(algorithms[i].name)));
        struct jwk *other = jwk_of(apisec_signer_private_jwk(key_other_signer(algorithms[i].name)));
        struct jws jws;
        apisec_error err;
        assert_int_equal(jws_split(text_of(token), &jws, &err), APISEC_OK);
        assert_int_equal(jws_verify(&jws, jwk, &algorithms[i], &err), APISEC_OK);
        assert_string_equal(err.text, "");
        assert_int_equal(jws_verify(&jws, other, &algorithms[i], &err), APISEC_E_SIGNATURE);
        assert_int_equal(jws_verify(&jws, jwk, &algorithms[(i + 1) % num_algorithms], &err), APISEC_E_KEY_UNFIT);

        const size_t places[] = {0, jws.header.len + 1, jws.signing_input.len + 1};
        for (size_t place = 0; place < 3; place++) {
            char *const at = token + places[place], before = *at;
            *at = before == 'B' ? 'C' : 'B';
            assert_int_equal(jws_verify(&jws, jwk, &algorithms[i], &err), APISEC_E_SIGNATURE);
            *at = before;
        }
        assert_null(strstr(err.text, "eyJ"));
        assert_int_equal(jws_verify(&jws, jwk, &algorithms[i], &err), APISEC_OK);
        apisec_text_free(token);
        jwk_free(jwk);
        jwk_free(other);
    }
}

static void test_encodings_of_the_signature(void **state)
{
    (void)state;
    struct jwk *jwk = jwk_of(key_a1_oct);
    const size_t signed_len = strlen(token_a1_hs256) - 43;
    static const struct {
        const char *signature;
        apisec_status status;
        const char *why;
    } rows[] = {
        {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", APISEC_OK, "the twin"},
        {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl", APISEC_E_MALFORMED, "a trailing bit: other bytes, the same signature"},
        {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjX", APISEC_E_MALFORMED, "cut, with trailing bits"},
        {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjQ", APISEC_E_SIGNATURE, "cut to 31 bytes"},
        {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXkA", APISEC_E_SIGNATURE, "a byte too many"},
        {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXkAA", APISEC_E_MALFORMED, "a length that no bytes have"},
        {"", APISEC_E_SIGNATURE, "nothing"},
        {"A", APISEC_E_MALFORMED, "a length that no bytes have"},
        {"AA", APISEC_E_SIGNATURE, "one byte"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char token[512];
        struct jws jws;
        snprintf(token, sizeof token, "%.*s%s", (int)signed_len, token_a1_hs256, rows[i].signature);
        const char *in = guarded_text(token);
        assert_int_equal(jws_split((struct text){in, strlen(token)}, &jws, NULL), APISEC_OK);
        apisec_error err;
        const apisec_status status = jws_verify(&jws, jwk, algorithm_find(text_of("HS256")), &err);
        assert_int_equal(strstr(err.text, "unsigned") != NULL, rows[i].signature[0] == '\0');
        if (status != rows[i].status) fail_msg("%s: %d, %s", rows[i].signature, (int)status, rows[i].why);
        guard_free(in);
    }
    jwk_free(jwk);
}

/* Longer than the longest there is: refused by its length, however long. */
static void test_a_signature_that_is_too_long(void **state)
{
    (void)state;
    struct jwk *jwk = jwk_of(key_a2_rsa);
    static const size_t lens[] = {683, 684, 686, 8000, 16000};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        char *token = malloc(lens[i] + 4);
        struct jws jws;
        assert_non_null(token);
        memcpy(token, "a.b.", 4);
        memset(token + 4, 'A', lens[i]);
        assert_int_equal(jws_split((struct text){token, lens[i] + 4}, &jws, NULL), APISEC_OK);
        assert_int_equal(jws_verify(&jws, jwk, algorithm_find(text_of("RS256")), NULL), APISEC_E_SIGNATURE);
        free(token);
    }
    jwk_free(jwk);
}

static void test_payloads(void **state)
{
    (void)state;
    static const struct {
        const char *token;
        apisec_status status;
        const char *payload;
        const char *why;
    } rows[] = {
        {"a.Zm9v.c", APISEC_OK, "foo", "the twin"},
        {"a..c", APISEC_OK, "", "an empty one"},
        {"a.AB.c", APISEC_E_MALFORMED, NULL, "trailing bits"},
        {"a.A.c", APISEC_E_MALFORMED, NULL, "a length that no bytes have"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct jws jws;
        struct arena arena = {NULL};
        struct text payload = {"before", 6};
        assert_int_equal(jws_split(text_of(rows[i].token), &jws, NULL), APISEC_OK);
        assert_int_equal(jws_decode_payload(&jws, &arena, &payload, NULL), rows[i].status);
        if (rows[i].payload) {
            assert_true(text_is(payload, rows[i].payload));
            assert_int_equal(payload.at[payload.len], '\0');
        } else {
            assert_null(payload.at);
        }
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_splits),
        cmocka_unit_test(test_the_spans),
        cmocka_unit_test(test_the_longest_token),
        cmocka_unit_test(test_rfc7515),
        cmocka_unit_test(test_each_algorithm),
        cmocka_unit_test(test_encodings_of_the_signature),
        cmocka_unit_test(test_a_signature_that_is_too_long),
        cmocka_unit_test(test_payloads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
