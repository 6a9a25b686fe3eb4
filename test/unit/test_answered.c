/* SPDX-License-Identifier: Apache-2.0
 *
 * test_answered.c: what an introspection answer must be, in JSON and signed: each that is refused beside the one that is taken.
 * What is refused is the server's fault, whatever is wrong with it.
 */
#include "support/unit.h"
#include "support/reference.h"
#include "token/introspect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const apisec_signer *signer, *evil;

struct row {
    struct script_answer answer;
    apisec_status expected;
    const char *says; /* a part of the sentence */
    const char *why;
};

static void check_row(const struct reference *reference, const struct row *row)
{
    apisec_error err = {APISEC_OK, ""};
    struct script script;
    int64_t now_ms = REFERENCE_START;
    script_init(&script, &row->answer, 1);
    apisec_verifier *verifier = reference_verifier(reference, NULL);
    const apisec_status status = reference_verify(verifier, &script, REFERENCE_TOKEN, &now_ms, NULL, &err);
    if (status != row->expected) fail_msg("%s: %s: %s", row->why, apisec_status_name(status), err.text);
    if (strstr(err.text, row->says) == NULL) fail_msg("%s: says %s", row->why, err.text);
    apisec_verifier_free(verifier);
    script_end(&script);
}

/* ---- JSON ---- */

#define ACTIVE                                                                                                                \
    "{\"active\":true,\"sub\":\"alice\",\"aud\":\"orders\",\"exp\":1750000500,\"iss\":\"" FORGE_ISSUER "\",\"scope\":\"a b\"}"
#define BODY(text) {.status = 200, .headers = REFERENCE_JSON, .body = text}
#define TYPED(type, text) {.status = 200, .headers = type, .body = text}
#define STATUS(number, text) {.status = number, .headers = REFERENCE_JSON, .body = text}
#define TRANSPORT(code) {.transport = code, .status = 200, .headers = REFERENCE_JSON, .body = ACTIVE}

static void plain(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {BODY(ACTIVE), APISEC_OK, "", "the twin"},
        {BODY("{\"active\":false}"), APISEC_E_INACTIVE, "not active", ""},
        {BODY("{\"active\":false,\"sub\":7,\"exp\":\"x\"}"), APISEC_E_INACTIVE, "not active", "nothing else is looked at"},
        {BODY("{\"active\":\"true\"}"), APISEC_E_RESPONSE, "neither true nor false", ""},
        {BODY("{\"active\":\"false\"}"), APISEC_E_RESPONSE, "neither true nor false", ""},
        {BODY("{\"active\":1}"), APISEC_E_RESPONSE, "neither true nor false", ""},
        {BODY("{\"active\":0}"), APISEC_E_RESPONSE, "neither true nor false", ""},
        {BODY("{\"active\":null}"), APISEC_E_RESPONSE, "neither true nor false", ""},
        {BODY("{\"active\":[true]}"), APISEC_E_RESPONSE, "neither true nor false", ""},
        {BODY("{\"active\":{}}"), APISEC_E_RESPONSE, "neither true nor false", ""},
        {BODY("{\"Active\":true,\"sub\":\"a\"}"), APISEC_E_RESPONSE, "no `active`", "case counts"},
        {BODY("{\"token_introspection\":" ACTIVE "}"), APISEC_E_RESPONSE, "no `active`", "nested is for signed answers"},
        {BODY("{}"), APISEC_E_RESPONSE, "no `active`", ""},
        {BODY("{\"active\":true,\"active\":true,\"aud\":\"orders\",\"exp\":1750000500}"), APISEC_E_RESPONSE, "answer:",
         "a member twice"},
        {BODY("{\"active\":false,\"active\":true,\"aud\":\"orders\",\"exp\":1750000500}"), APISEC_E_RESPONSE, "answer:", "twice"},
        {BODY("{\"active\":true,\"act\\u0069ve\":false,\"aud\":\"orders\",\"exp\":1750000500}"), APISEC_E_RESPONSE, "answer:",
         "twice, once in disguise"},
        {BODY("{\"active\":true,\"sub\":\"a\",\"sub\":\"b\",\"aud\":\"orders\",\"exp\":1750000500}"), APISEC_E_RESPONSE, "answer:",
         "another"},
        {BODY("[" ACTIVE "]"), APISEC_E_RESPONSE, "answer:", "an array"},
        {BODY("true"), APISEC_E_RESPONSE, "answer:", ""},
        {BODY(""), APISEC_E_RESPONSE, "answer:", "nothing"},
        {BODY("{\"active\":true"), APISEC_E_RESPONSE, "answer:", "cut"},
        {BODY(ACTIVE "x"), APISEC_E_RESPONSE, "answer:", "bytes behind it"},
        {BODY(ACTIVE " \n"), APISEC_OK, "", "white space behind it"},
        {BODY("<html>active</html>"), APISEC_E_RESPONSE, "answer:", "HTML that says JSON"},
        {BODY("{\"active\":true,\"exp\":1e999,\"aud\":\"orders\"}"), APISEC_E_RESPONSE, "answer:", "no number"},
        {BODY("{\"active\":true,\"sub\":\"a\\u0000b\",\"aud\":\"orders\",\"exp\":1750000500}"), APISEC_E_RESPONSE, "answer:",
         "NUL"},
        {TYPED("Content-Type: application/json; charset=utf-8\n", ACTIVE), APISEC_OK, "", "a parameter"},
        {TYPED("Content-Type: Application/JSON\n", ACTIVE), APISEC_OK, "", "no case"},
        {TYPED("Content-Type: text/html\n", ACTIVE), APISEC_E_RESPONSE, "Content-Type", ""},
        {TYPED("Content-Type: text/json\n", ACTIVE), APISEC_E_RESPONSE, "Content-Type", ""},
        {TYPED("Content-Type: application/token-introspection+jwt\n", ACTIVE), APISEC_E_RESPONSE, "Content-Type", "not asked for"},
        {TYPED("Content-Type: application/json\nContent-Type: application/json\n", ACTIVE), APISEC_E_RESPONSE, "another", "twice"},
        {TYPED("", ACTIVE), APISEC_E_RESPONSE, "Content-Type", "none"},
    };
    const struct reference reference = {.cache_s = 0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) check_row(&reference, &rows[i]);
}

static void instead_of_an_answer(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {STATUS(200, ACTIVE), APISEC_OK, "", "the twin"},
        {STATUS(201, ACTIVE), APISEC_E_RESPONSE, "201", "another success"},
        {STATUS(204, ""), APISEC_E_RESPONSE, "204", ""},
        {STATUS(302, ACTIVE), APISEC_E_RESPONSE, "302", "redirects are not followed"},
        {STATUS(400, "{\"error\":\"invalid_request\"}"), APISEC_E_INVALID_REQUEST, "invalid_request", ""},
        {STATUS(401, "{\"error\":\"invalid_client\"}"), APISEC_E_INVALID_CLIENT, "invalid_client", "RFC 7662 section 2.3"},
        {STATUS(403, "{\"error\":\"unauthorized_client\"}"), APISEC_E_UNAUTHORIZED_CLIENT, "unauthorized_client", ""},
        {STATUS(401, ""), APISEC_E_RESPONSE, "401", "no error"},
        {STATUS(401, ACTIVE), APISEC_E_RESPONSE, "401", "a yes that is none"},
        {STATUS(404, ACTIVE), APISEC_E_RESPONSE, "404", ""},
        {STATUS(429, ACTIVE), APISEC_E_BUSY, "429", ""},
        {STATUS(500, ACTIVE), APISEC_E_UNREACHABLE, "500", ""},
        {STATUS(503, ACTIVE), APISEC_E_UNREACHABLE, "503", ""},
        {TRANSPORT(APISEC_E_UNREACHABLE), APISEC_E_UNREACHABLE, "reached", "cut off behind a whole yes"},
        {TRANSPORT(APISEC_E_TIMEOUT), APISEC_E_TIMEOUT, "in time", ""},
        {TRANSPORT(APISEC_E_TLS), APISEC_E_TLS, "TLS", ""},
        {TRANSPORT(APISEC_E_ADDRESS), APISEC_E_ADDRESS, "address", ""},
        {{.never = true}, APISEC_E_TIMEOUT, "in time", ""},
    };
    const struct reference reference = {.cache_s = 0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) check_row(&reference, &rows[i]);
}

static void sizes(void **state)
{
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        const size_t len = INTROSPECT_MAX_ANSWER + more;
        char *body = malloc(len + 1);
        assert_non_null(body);
        memset(body, ' ', len);
        body[len] = '\0';
        memcpy(body, ACTIVE, strlen(ACTIVE));
        const struct row row = {BODY(body), more == 0 ? APISEC_OK : APISEC_E_RESPONSE, "", "16 KiB"};
        check_row(&(struct reference){.cache_s = 0}, &row);
        free(body);
    }
}

/* ---- signed ---- */

struct signed_row {
    struct forge_change envelope[3];
    struct forge_change header[3];
    apisec_status expected;
    const char *says, *why;
};

static void check_signed(const struct reference *reference, const struct signed_row *row, const char *members,
                         const apisec_signer *by)
{
    char *body = reference_signed(members, row->envelope, row->header, by);
    const struct row plain_row = {TYPED(REFERENCE_JWT, body), row->expected, row->says, row->why};
    check_row(reference, &plain_row);
    free(body);
}

static void envelopes(void **state)
{
    (void)state;
    static const struct signed_row rows[] = {
        {{{NULL, NULL}}, {{NULL, NULL}}, APISEC_OK, "", "the twin"},
        {{{"iss", "\"https://other.example\""}}, {{NULL, NULL}}, APISEC_E_RESPONSE, "`iss`", ""},
        {{{"iss", "\"https://id.example/\""}}, {{NULL, NULL}}, APISEC_E_RESPONSE, "`iss`", "a slash"},
        {{{"iss", NULL}}, {{NULL, NULL}}, APISEC_E_RESPONSE, "`iss`", ""},
        {{{"iss", "[\"https://id.example\"]"}}, {{NULL, NULL}}, APISEC_E_RESPONSE, "`iss`", ""},
        {{{"aud", "\"other-api\""}}, {{NULL, NULL}}, APISEC_E_RESPONSE, "`aud`", "for another resource server"},
        {{{"aud", "\"orders\""}}, {{NULL, NULL}}, APISEC_E_RESPONSE, "`aud`", "the token's audience is not ours here"},
        {{{"aud", NULL}}, {{NULL, NULL}}, APISEC_E_RESPONSE, "`aud`", ""},
        {{{"aud", "[\"other-api\",\"orders-api\"]"}}, {{NULL, NULL}}, APISEC_OK, "", ""},
        {{{"aud", "[\"orders-api\",7]"}}, {{NULL, NULL}}, APISEC_E_RESPONSE, "`aud`", ""},
        {{{"aud", "[]"}}, {{NULL, NULL}}, APISEC_E_RESPONSE, "`aud`", ""},
        {{{"aud", "{\"orders-api\":1}"}}, {{NULL, NULL}}, APISEC_E_RESPONSE, "`aud`", ""},
        {{{"iat", NULL}}, {{NULL, NULL}}, APISEC_E_RESPONSE, "`iat`", ""},
        {{{"iat", "\"1750000000\""}}, {{NULL, NULL}}, APISEC_E_RESPONSE, "`iat`", ""},
        {{{"iat", "1749999940"}}, {{NULL, NULL}}, APISEC_OK, "", "60 s ago, the leeway"},
        {{{"iat", "1749999939"}}, {{NULL, NULL}}, APISEC_E_RESPONSE, "is of", "replayed"},
        {{{"iat", "1750000065"}}, {{NULL, NULL}}, APISEC_OK, "", "leeway, and the time that an answer may take"},
        {{{"iat", "1750000066"}}, {{NULL, NULL}}, APISEC_E_RESPONSE, "is of", ""},
        {{{"exp", "1749999941"}}, {{NULL, NULL}}, APISEC_OK, "", ""},
        {{{"exp", "1749999940"}}, {{NULL, NULL}}, APISEC_E_RESPONSE, "expired", ""},
        {{{"exp", "null"}}, {{NULL, NULL}}, APISEC_E_RESPONSE, "expired", ""},
        {{{"nbf", "1750000065"}}, {{NULL, NULL}}, APISEC_OK, "", ""},
        {{{"nbf", "1750000066"}}, {{NULL, NULL}}, APISEC_E_RESPONSE, "not valid yet", ""},
        {{{"nbf", "\"\""}}, {{NULL, NULL}}, APISEC_E_RESPONSE, "not valid yet", ""},
        {{{"token_introspection", NULL}}, {{NULL, NULL}}, APISEC_E_RESPONSE, "token_introspection", ""},
        {{{"token_introspection", "[]"}}, {{NULL, NULL}}, APISEC_E_RESPONSE, "token_introspection", ""},
        {{{"token_introspection", "\"{}\""}}, {{NULL, NULL}}, APISEC_E_RESPONSE, "token_introspection", ""},
        {{{"token_introspection", "{}"}, {"active", "true"}}, {{NULL, NULL}}, APISEC_E_RESPONSE, "no `active`", "outside"},
        {{{"token_introspection", "{\"active\":false}"}, {"active", "true"}}, {{NULL, NULL}}, APISEC_E_INACTIVE, "not active", ""},
        {{{"token_introspection", "{\"active\":\"true\"}"}}, {{NULL, NULL}}, APISEC_E_RESPONSE, "neither", ""},
    };
    char *members = reference_members(FORGE_SAME);
    const struct reference reference = {.is_signed = true};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) check_signed(&reference, &rows[i], members, signer);
    free(members);
}

static void headers(void **state)
{
    (void)state;
    static const struct signed_row rows[] = {
        {{{NULL, NULL}}, {{"typ", "\"application/token-introspection+jwt\""}}, APISEC_OK, "", "RFC 7515 section 4.1.9"},
        {{{NULL, NULL}}, {{"typ", "\"Token-Introspection+JWT\""}}, APISEC_OK, "", "no case"},
        {{{NULL, NULL}}, {{"typ", "\"JWT\""}}, APISEC_E_RESPONSE, "typ", "a JWT of another kind by the same issuer"},
        {{{NULL, NULL}}, {{"typ", "\"at+jwt\""}}, APISEC_E_RESPONSE, "typ", ""},
        {{{NULL, NULL}}, {{"typ", NULL}}, APISEC_E_RESPONSE, "typ", ""},
        {{{NULL, NULL}}, {{"alg", "\"none\""}}, APISEC_E_RESPONSE, "alg", ""},
        {{{NULL, NULL}}, {{"alg", "\"ES384\""}}, APISEC_E_RESPONSE, "alg", "not allowed"},
        {{{NULL, NULL}}, {{"alg", "\"HS256\""}}, APISEC_E_RESPONSE, "alg", ""},
        {{{NULL, NULL}}, {{"crit", "[\"x\"]"}}, APISEC_E_RESPONSE, "crit", ""},
        {{{NULL, NULL}}, {{"kid", "\"unknown\""}}, APISEC_E_RESPONSE, "kid", "no key of the issuer"},
        {{{NULL, NULL}}, {{"kid", NULL}}, APISEC_OK, "", "the only one that fits"},
    };
    char *members = reference_members(FORGE_SAME);
    const struct reference reference = {.is_signed = true};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) check_signed(&reference, &rows[i], members, signer);

    static const struct signed_row forged = {{{NULL, NULL}}, {{NULL, NULL}}, APISEC_E_RESPONSE, "signature", "another's key"};
    char *header = forge_header("ES256", apisec_signer_key_id(signer), (struct forge_change[]){
        {"typ", "\"token-introspection+jwt\""}, {NULL, NULL}});
    char *payload = forge_replace("{\"iss\":\"" FORGE_ISSUER "\",\"aud\":\"" REFERENCE_CLIENT "\",\"iat\":1750000000,"
                                  "\"token_introspection\":@}", "@", members);
    char *body = forge_jws(header, payload, evil);
    const struct row row = {TYPED(REFERENCE_JWT, body), forged.expected, forged.says, forged.why};
    check_row(&reference, &row);
    free(body);
    body = forge_raw("eyJhbGciOiJFUzI1NiJ9", "e30", "");
    const struct row rest[] = {
        {TYPED(REFERENCE_JWT, body), APISEC_E_RESPONSE, "typ", "unsigned"},
        {TYPED(REFERENCE_JWT, "a.b"), APISEC_E_RESPONSE, "parts", "two parts"},
        {TYPED(REFERENCE_JWT, ""), APISEC_E_RESPONSE, "1 part instead", "nothing"},
        {TYPED(REFERENCE_JWT, ACTIVE), APISEC_E_RESPONSE, "base64url", "JSON that says JWT"},
        {TYPED(REFERENCE_JSON, ACTIVE), APISEC_E_RESPONSE, "Content-Type", "an answer that is not signed"},
    };
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++) check_row(&reference, &rest[i]);
    free(body);
    free(payload);
    free(header);
    free(members);
}

/* What was signed is judged as what was not: a signature makes no claim truer. */
static void what_was_signed_is_judged(void **state)
{
    (void)state;
    static const struct {
        struct forge_change members[2];
        apisec_status expected;
        const char *why;
    } rows[] = {
        {{{NULL, NULL}}, APISEC_OK, "the twin"},
        {{{"aud", "\"billing\""}}, APISEC_E_AUDIENCE, ""},
        {{{"exp", "1749999940"}}, APISEC_E_EXPIRED, ""},
        {{{"iss", "\"https://other.example\""}}, APISEC_E_ISSUER, ""},
        {{{"token_type", "\"refresh_token\""}}, APISEC_E_TYPE, ""},
    };
    static const struct signed_row same = {{{NULL, NULL}}, {{NULL, NULL}}, APISEC_OK, "", ""};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct signed_row row = same;
        row.expected = rows[i].expected;
        row.why = rows[i].why;
        char *members = reference_members(rows[i].members);
        check_signed(&(struct reference){.is_signed = true}, &row, members, signer);
        free(members);
    }
}

static void a_leeway_of_zero(void **state)
{
    (void)state;
    static const struct signed_row rows[] = {
        {{{"iat", "1750000000"}}, {{NULL, NULL}}, APISEC_OK, "", "the same second"},
        {{{"iat", "1749999999"}}, {{NULL, NULL}}, APISEC_E_RESPONSE, "is of", "the one before"},
        {{{"iat", "1750000005"}}, {{NULL, NULL}}, APISEC_OK, "", "while it was waited for"},
        {{{"iat", "1750000006"}}, {{NULL, NULL}}, APISEC_E_RESPONSE, "is of", ""},
    };
    char *members = reference_members((struct forge_change[]){{"iat", "1749999900"}, {NULL, NULL}});
    const struct reference reference = {.is_signed = true, .has_leeway = true, .leeway = 0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) check_signed(&reference, &rows[i], members, signer);
    free(members);
}

int main(void)
{
    signer = forge_signer("ES256", 0);
    evil = forge_signer("ES256", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),
        cmocka_unit_test(instead_of_an_answer),
        cmocka_unit_test(sizes),
        cmocka_unit_test(envelopes),
        cmocka_unit_test(headers),
        cmocka_unit_test(what_was_signed_is_judged),
        cmocka_unit_test(a_leeway_of_zero),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    forge_end();
    return failed;
}
