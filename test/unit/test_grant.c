/* SPDX-License-Identifier: Apache-2.0
 *
 * test_grant.c: does the answer keep to what was asked? Beside each answer that is refused stands one that passes.
 */
#include "exchange/exchange.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URN "urn:ietf:params:oauth:token-type:"

static struct text text_or_none(const char *text)
{
    return text == NULL ? (struct text){NULL, 0} : text_of(text);
}

static struct token_answer answer_of(const char *token, const char *token_type)
{
    return (struct token_answer){.access_token = text_of(token), .token_type = text_of(token_type), .expires_in = -1};
}

static void token_types(void **state)
{
    (void)state;
    static const struct {
        const char *token_type, *expected, *why;
    } rows[] = {
        {"Bearer", "Bearer", "the twin"},   {"bearer", "Bearer", "in the wild: lower case"},
        {"BEARER", "Bearer", "any case"},   {"dpop", "DPoP", "any case"},
        {"N_A", "N_A", "RFC 8693"},         {"n_a", "N_A", "any case"},
        {"mac", NULL, "not known"},         {"Bearer ", NULL, "not known"},
        {"Bearerx", NULL, "not known"},     {"Bear", NULL, "not known"},
        {"pop", NULL, "not known"},         {"N/A", NULL, "not known"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct asked asked = {.at = 0};
        const struct token_answer answer = answer_of("t", rows[i].token_type);
        apisec_issued *issued = (apisec_issued *)&rows; /* not NULL */
        apisec_error err;
        const apisec_status status = grant_check(&asked, &answer, NULL, &issued, &err);
        if (status != (rows[i].expected == NULL ? APISEC_E_RESPONSE : APISEC_OK)) fail_msg("row %zu: %s", i, rows[i].why);
        assert_int_equal(err.status, status);
        if (rows[i].expected == NULL) assert_null(issued);
        else assert_string_equal(apisec_issued_token_type(issued), rows[i].expected);
        apisec_issued_free(issued);
    }
}

static void issued_types(void **state)
{
    (void)state;
    static const struct {
        const char *requested, *issued, *expected, *why;
    } rows[] = {
        {NULL, URN "access_token", URN "access_token", "the twin"},
        {NULL, URN "jwt", URN "jwt", "interchangeable, because nothing was asked for"},
        {NULL, NULL, URN "access_token", "in the wild: not said; then it is what is expected"},
        {NULL, URN "refresh_token", NULL, "nobody asked for one"},
        {NULL, URN "id_token", NULL, "an id token is for the client, not for another service"},
        {NULL, URN "saml2", NULL, "nobody asked for one"},
        {NULL, "access_token", NULL, "a short name is ours, not the standard's"},
        {NULL, URN "ACCESS_TOKEN", NULL, "byte for byte"},
        {URN "access_token", URN "access_token", URN "access_token", "as asked"},
        {URN "access_token", URN "jwt", NULL, "something else was asked for"},
        {URN "jwt", URN "jwt", URN "jwt", "as asked"},
        {URN "jwt", URN "access_token", NULL, "something else was asked for"},
        {URN "access_token", NULL, NULL, "asked for, and not said"},
        {URN "saml2", URN "saml2", URN "saml2", "as asked"},
        {URN "txn_token", URN "txn_token", URN "txn_token", "as asked"},
        {URN "txn_token", URN "access_token", NULL, "something else was asked for"},
        {"https://types.example/a", "https://types.example/a", "https://types.example/a", "any URI"},
        {"https://types.example/a", "https://types.example/A", NULL, "byte for byte"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct asked asked = {.requested_type = text_or_none(rows[i].requested)};
        struct token_answer answer = answer_of("t", "Bearer");
        answer.issued_token_type = text_or_none(rows[i].issued);
        apisec_issued *issued = NULL;
        const apisec_status status = grant_check(&asked, &answer, NULL, &issued, NULL);
        if (status != (rows[i].expected == NULL ? APISEC_E_RESPONSE : APISEC_OK)) fail_msg("row %zu: %s", i, rows[i].why);
        if (rows[i].expected != NULL) assert_string_equal(apisec_issued_issued_type(issued), rows[i].expected);
        apisec_issued_free(issued);
    }
}

static void scopes(void **state)
{
    (void)state;
    static const struct {
        const char *asked;
        bool bound;
        const char *bound_scope, *told;
        apisec_status expected;
        const char *scope, *reduced, *why;
    } rows[] = {
        {"a b", false, NULL, "a b", APISEC_OK, "a b", NULL, "the twin"},
        {"a b", false, NULL, "b a", APISEC_OK, "b a", NULL, "in any order"},
        {"a b", false, NULL, NULL, APISEC_OK, "a b", NULL, "not said: as asked"},
        {"a b", false, NULL, "b", APISEC_OK, "b", "a", "reduced, and said so"},
        {"a b c", false, NULL, "b", APISEC_OK, "b", "a c", "reduced by two, in the order they were asked"},
        {"a b", false, NULL, "", APISEC_OK, "", "a b", "reduced to none"},
        {"a b", false, NULL, "a b c", APISEC_E_SCOPE_WIDENED, NULL, NULL, "one more"},
        {"a b", false, NULL, "c", APISEC_E_SCOPE_WIDENED, NULL, NULL, "another"},
        {"a:read", false, NULL, "a", APISEC_E_SCOPE_WIDENED, NULL, NULL, "a prefix is another"},
        {"a", false, NULL, "a:read", APISEC_E_SCOPE_WIDENED, NULL, NULL, "there is no hierarchy"},
        {"a", false, NULL, "A", APISEC_E_SCOPE_WIDENED, NULL, NULL, "case"},
        {"a b", false, NULL, "a  b", APISEC_E_RESPONSE, NULL, NULL, "two spaces"},
        {"a b", false, NULL, "a\tb", APISEC_E_RESPONSE, NULL, NULL, "a tab"},
        {"a b", false, NULL, " a", APISEC_E_RESPONSE, NULL, NULL, "a space in front"},
        {"a b", false, NULL, "a ", APISEC_E_RESPONSE, NULL, NULL, "a space behind"},
        {"a b", false, NULL, "a,b", APISEC_E_SCOPE_WIDENED, NULL, NULL, "a comma separates nothing"},
        {"a", false, "a b", "b", APISEC_E_SCOPE_WIDENED, NULL, NULL, "what was asked is the limit, not what the subject has"},
        {NULL, false, NULL, NULL, APISEC_OK, NULL, NULL, "neither asked nor told"},
        {NULL, false, NULL, "a", APISEC_OK, "a", NULL, "not asked, and the subject was not verified: nothing to compare with"},
        {NULL, true, "a b", "a", APISEC_OK, "a", NULL, "within the subject's"},
        {NULL, true, "a b", "a b", APISEC_OK, "a b", NULL, "all of the subject's"},
        {NULL, true, "a b", NULL, APISEC_OK, NULL, NULL, "not told"},
        {NULL, true, "a b", "", APISEC_OK, "", NULL, "none"},
        {NULL, true, "a b", "c", APISEC_E_SCOPE_WIDENED, NULL, NULL, "more than the user's own token allows"},
        {NULL, true, NULL, "a", APISEC_E_SCOPE_WIDENED, NULL, NULL, "the user's own token allows none"},
        {NULL, true, NULL, NULL, APISEC_OK, NULL, NULL, "none of none"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct asked asked = {
            .scope = text_or_none(rows[i].asked), .bound = rows[i].bound, .bound_scope = text_or_none(rows[i].bound_scope)};
        struct token_answer answer = answer_of("t", "Bearer");
        answer.scope = text_or_none(rows[i].told);
        apisec_issued *issued = NULL;
        apisec_error err;
        const apisec_status status = grant_check(&asked, &answer, NULL, &issued, &err);
        if (status != rows[i].expected) fail_msg("row %zu: %s: %s", i, rows[i].why, err.text);
        const char *scope = apisec_issued_scope(issued), *reduced = apisec_issued_scope_reduced(issued);
        assert_int_equal(scope == NULL, rows[i].scope == NULL);
        assert_int_equal(reduced == NULL, rows[i].reduced == NULL);
        if (scope != NULL) assert_string_equal(scope, rows[i].scope);
        if (reduced != NULL) assert_string_equal(reduced, rows[i].reduced);
        apisec_issued_free(issued);
    }
}

/* jws_of writes "header.payload.signature" with the two texts encoded. */
static void jws_of(const char *header, const char *payload, char *out, size_t size)
{
    char encoded[2][1024];
    assert_true(strlen(header) < 700 && strlen(payload) < 700);
    base64url_encode(header, strlen(header), encoded[0]);
    base64url_encode(payload, strlen(payload), encoded[1]);
    snprintf(out, size, "%s.%s.c2lnbmF0dXJl", encoded[0], encoded[1]);
}

static void actors(void **state)
{
    (void)state;
    static const char es256[] = "{\"alg\":\"ES256\"}";
    static const struct {
        const char *header, *payload;
        bool delegated;
        const char *why;
    } rows[] = {
        {es256, "{\"sub\":\"user\",\"act\":{\"sub\":\"service\"}}", true, "the twin"},
        {es256, "{\"act\":{\"sub\":\"a\",\"act\":{\"sub\":\"b\"}}}", true, "a chain"},
        {es256, "{\"sub\":\"user\"}", false, "in the wild: the actor is ignored"},
        {es256, "{\"sub\":\"user\",\"act\":\"service\"}", false, "a string"},
        {es256, "{\"sub\":\"user\",\"act\":null}", false, "null"},
        {es256, "{\"sub\":\"user\",\"act\":[{\"sub\":\"service\"}]}", false, "an array"},
        {es256, "{\"sub\":\"user\",\"act\":{}}", false, "nobody"},
        {es256, "{\"sub\":\"user\",\"act\":{\"sub\":\"\"}}", false, "nobody"},
        {es256, "{\"sub\":\"user\",\"act\":{\"sub\":7}}", false, "a number"},
        {es256, "{\"sub\":\"user\",\"act\":{\"sub\":null}}", false, "null"},
        {es256, "{\"sub\":\"user\",\"act\":{\"client_id\":\"service\"}}", false, "no sub"},
        {es256, "{\"sub\":\"user\",\"act\":{\"act\":{\"sub\":\"service\"}}}", false, "only in an inner one"},
        {es256, "{\"sub\":\"user\",\"Act\":{\"sub\":\"service\"}}", false, "another claim"},
        {es256, "{\"sub\":\"user\",\"may_act\":{\"sub\":\"service\"}}", false, "who may is not who does"},
        {es256, "{\"act\":{\"sub\":\"service\"},\"act\":{\"sub\":\"service\"}}", false,
         "twice: not strict JSON, so nothing is said"},
        {es256, "{\"act\":{\"sub\":\"service\"}}x", false, "more behind it"},
        {es256, "[]", false, "no claims"},
        {es256, "not JSON", false, "a JWS of something else names nobody"},
        {es256, "", false, "a JWS of nothing names nobody"},
        {"{\"alg\":\"none\"}", "{\"sub\":\"user\"}", false, "whatever the algorithm"},
        {"{\"alg\":\"ES256\",\"crit\":[\"x\"]}", "{\"sub\":\"user\"}", false, "a header that is not understood hides nothing"},
        {"not JSON", "{\"sub\":\"user\"}", false, "nor does a broken one"},
        {"not JSON", "{\"act\":{\"sub\":\"service\"}}", true, "its twin"},
        {"not JSON", "not JSON either", true, "three opaque parts"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char token[4096];
        jws_of(rows[i].header, rows[i].payload, token, sizeof token);
        for (int sent = 0; sent < 2; sent++) {
            const struct asked asked = {.actor = sent == 1};
            const struct token_answer answer = answer_of(token, "Bearer");
            apisec_issued *issued = NULL;
            const apisec_status status = grant_check(&asked, &answer, NULL, &issued, NULL);
            const bool passes = rows[i].delegated || sent == 0; /* without an actor nobody looks */
            if (status != (passes ? APISEC_OK : APISEC_E_NOT_DELEGATED)) fail_msg("row %zu: %s", i, rows[i].why);
            assert_int_equal(issued != NULL, passes);
            apisec_issued_free(issued);
        }
    }
}

static void tokens_that_cannot_be_read(void **state)
{
    (void)state;
    static const struct {
        const char *token, *why;
    } rows[] = {
        {"2YotnFZFEjr1zCsicMWpAA", "opaque"},
        {"v1.opaque.token", "opaque in three parts"},
        {"a.b.c.d.e", "encrypted: five parts"},
        {"eyJhbGciOiJub25lIn0", "one part"},
        {"eyJhbGciOiJFUzI1NiJ9.e30", "two parts"},
        {"a b c", "whatever"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct asked asked = {.actor = true};
        const struct token_answer answer = answer_of(rows[i].token, "Bearer");
        apisec_issued *issued = NULL;
        if (grant_check(&asked, &answer, NULL, &issued, NULL) != APISEC_OK) fail_msg("row %zu: %s", i, rows[i].why);
        apisec_issued_free(issued);
    }
    /* SAML says who acts in its own way */
    char token[1024];
    jws_of("{\"alg\":\"ES256\"}", "{}", token, sizeof token);
    struct token_answer answer = answer_of(token, "N_A");
    apisec_issued *issued = NULL;
    for (int saml = 0; saml < 3; saml++) {
        static const char *const types[] = {URN "jwt", URN "saml1", URN "saml2"};
        const struct asked asked = {.actor = true, .requested_type = text_of(types[saml])};
        answer.issued_token_type = text_of(types[saml]);
        assert_int_equal(grant_check(&asked, &answer, NULL, &issued, NULL), saml == 0 ? APISEC_E_NOT_DELEGATED : APISEC_OK);
        apisec_issued_free(issued);
    }
}

static void a_token_too_long_to_read_is_not_believed(void **state)
{
    (void)state;
    char *token = calloc(1, JOSE_MAX_TOKEN + 2);
    assert_non_null(token);
    memset(token, 't', JOSE_MAX_TOKEN);
    const struct asked asked = {.actor = true};
    apisec_issued *issued = NULL;
    for (int over = 0; over < 2; over++) {
        const struct token_answer answer = answer_of(token, "Bearer");
        assert_int_equal(grant_check(&asked, &answer, NULL, &issued, NULL), over == 0 ? APISEC_OK : APISEC_E_NOT_DELEGATED);
        apisec_issued_free(issued);
        token[JOSE_MAX_TOKEN] = 't';
    }
    free(token);
}

static void when_it_expires(void **state)
{
    (void)state;
    static const struct {
        int64_t at, in, expected;
    } rows[] = {{1000, 60, 1060}, {1000, 0, 1000}, {1000, -1, 0}, {1000, (int64_t)1 << 31, 2147484648}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct asked asked = {.at = rows[i].at};
        struct token_answer answer = answer_of("t", "Bearer");
        answer.expires_in = rows[i].in;
        apisec_issued *issued = NULL;
        assert_int_equal(grant_check(&asked, &answer, NULL, &issued, NULL), APISEC_OK);
        assert_true(apisec_issued_expires_at(issued) == rows[i].expected);
        apisec_issued_free(issued);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(token_types),
        cmocka_unit_test(issued_types),
        cmocka_unit_test(scopes),
        cmocka_unit_test(actors),
        cmocka_unit_test(tokens_that_cannot_be_read),
        cmocka_unit_test(a_token_too_long_to_read_is_not_believed),
        cmocka_unit_test(when_it_expires),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
