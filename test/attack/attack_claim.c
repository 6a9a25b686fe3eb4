/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_claim.c: attacks with honestly signed claims: times that are no times or lie, audiences and issuers that nearly match,
 * other kinds of tokens in place of an access token, actors, sender constraint. A row changes one thing of the token that passes.
 */
#include "support/unit.h"
#include "support/stand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const apisec_signer *signer;
static char *set;
static apisec_verifier *access_tokens, *plain_tokens; /* profiles at+jwt and jwt */

struct row {
    const char *name, *value;
    apisec_status expected;
    const char *why;
};

static void throw_rows(apisec_verifier *at, const struct row *rows, size_t num, const struct forge_change *header)
{
    for (size_t i = 0; i < num; i++) {
        const struct forge_change change[] = {{rows[i].name, rows[i].value}, {NULL, NULL}};
        char what[256];
        const char *value = rows[i].value == NULL ? "(absent)" : rows[i].value;
        snprintf(what, sizeof what, "%s = %.100s: %s", rows[i].name, value, rows[i].why);
        char *token = forge_token(change, header, signer);
        if (rows[i].expected == APISEC_OK) stand_accepts(at, what, token);
        if (rows[i].expected != APISEC_OK) stand_refuses(at, what, token, rows[i].expected);
    }
}
#define THROW(rows) throw_rows(access_tokens, rows, sizeof(rows) / sizeof(rows)[0], FORGE_SAME)

/* ---- time ---- */

static void test_expiry_that_is_no_time(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"exp", "1e999", APISEC_E_MALFORMED, "infinity, to some"},
        {"exp", "1e400", APISEC_E_MALFORMED, ""},
        {"exp", "-1e400", APISEC_E_MALFORMED, ""},
        {"exp", "1e307", APISEC_E_CLAIM, "finite, but no time"},
        {"exp", "\"1750000500\"", APISEC_E_CLAIM, ""},
        {"exp", "\"123\"", APISEC_E_CLAIM, ""},
        {"exp", "-1", APISEC_E_CLAIM, ""},
        {"exp", "9007199254740993", APISEC_E_CLAIM, "2^53 + 1: rounded by some"},
        {"exp", "18446744073709551616", APISEC_E_CLAIM, "2^64"},
        {"exp", "9223372036854775808", APISEC_E_CLAIM, "2^63"},
        {"exp", NULL, APISEC_E_CLAIM, "valid for ever, to some"},
        {"exp", "true", APISEC_E_CLAIM, ""},
        {"exp", "null", APISEC_E_CLAIM, ""},
        {"exp", "[]", APISEC_E_CLAIM, ""},
        {"exp", "[1750000500]", APISEC_E_CLAIM, ""},
        {"exp", "{}", APISEC_E_CLAIM, ""},
        {"exp", "0", APISEC_E_EXPIRED, ""},
        {"exp", "-0", APISEC_E_EXPIRED, ""},
        {"Exp", "1", APISEC_OK, "another claim"},
        {"exp", "1750000500", APISEC_OK, ""},
        {"exp", "1750000500.0", APISEC_OK, ""},
        {"exp", "17500005e2", APISEC_OK, ""},
    };
    THROW(rows);
}

static void test_expiry_boundaries(void **state)
{
    (void)state;
    static const struct row rows[] = { /* now 1750000000, leeway 60 */
        {"exp", "1750000000", APISEC_OK, "now: within the leeway"},
        {"exp", "1749999941", APISEC_OK, "now - leeway + 1"},
        {"exp", "1749999940", APISEC_E_EXPIRED, "now - leeway"},
        {"exp", "1749999939", APISEC_E_EXPIRED, "now - leeway - 1"},
    };
    THROW(rows);
}

static void test_tokens_from_the_future(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"nbf", "1750000060", APISEC_OK, "now + leeway"},
        {"nbf", "1750000061", APISEC_E_NOT_YET_VALID, "now + leeway + 1"},
        {"nbf", "9007199254740991", APISEC_E_NOT_YET_VALID, "2^53 - 1"},
        {"nbf", "9007199254740993", APISEC_E_CLAIM, ""},
        {"nbf", "\"0\"", APISEC_E_CLAIM, ""},
        {"nbf", "null", APISEC_E_CLAIM, ""},
        {"iat", "1750000060", APISEC_OK, "now + leeway"},
        {"iat", "1750000061", APISEC_E_NOT_YET_VALID, "now + leeway + 1"},
        {"iat", "1e999", APISEC_E_MALFORMED, ""},
        {"iat", "\"1749999900\"", APISEC_E_CLAIM, ""},
        {"iat", "null", APISEC_E_CLAIM, ""},
        {"iat", NULL, APISEC_E_CLAIM, "RFC 9068 section 2.2"},
    };
    THROW(rows);
}

static void test_tokens_that_live_too_long(void **state)
{
    (void)state;
    static const struct row rows[] = { /* iat 1749999900 */
        {"exp", "1750086300", APISEC_OK, "24 h"},
        {"exp", "1750086301", APISEC_E_LIFETIME, "24 h and a second"},
        {"exp", "9007199254740991", APISEC_E_LIFETIME, "for ever"},
        {"iat", "0", APISEC_E_LIFETIME, ""},
    };
    THROW(rows);
}

/* Overflow: the latest moment of all, with any leeway, neither expires in the past nor lives for ever. */
static void test_the_last_moment(void **state)
{
    (void)state;
    apisec_token *verified = NULL;
    char *token = forge_token(FORGE_SAME, FORGE_SAME, signer);
    assert_int_equal(apisec_verify(access_tokens, token, strlen(token), INT64_MAX, &verified, NULL), APISEC_E_EXPIRED);
    assert_int_equal(apisec_verify(access_tokens, token, strlen(token), INT64_MIN, &verified, NULL), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_verify(access_tokens, token, strlen(token), -1, &verified, NULL), APISEC_E_ARGUMENT);
    assert_null(verified);
    stand_accepts(access_tokens, "now", token);
}

/* ---- for whom, and from whom ---- */

static void test_audiences(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"aud", "\"orders\"", APISEC_OK, ""},
        {"aud", "[\"billing\",\"orders\"]", APISEC_OK, "an exact element"},
        {"aud", "\"ord\\u0065rs\"", APISEC_OK, "the same text, escaped"},
        {"aud", "\"Orders\"", APISEC_E_AUDIENCE, "case"},
        {"aud", "\"order\"", APISEC_E_AUDIENCE, "a prefix of ours"},
        {"aud", "\"orders-admin\"", APISEC_E_AUDIENCE, "ours is a prefix"},
        {"aud", "\"orders/\"", APISEC_E_AUDIENCE, ""},
        {"aud", "\"orders \"", APISEC_E_AUDIENCE, ""},
        {"aud", "\"*\"", APISEC_E_AUDIENCE, "there is no pattern"},
        {"aud", "\"orders,billing\"", APISEC_E_AUDIENCE, ""},
        {"aud", "\"billing orders\"", APISEC_E_AUDIENCE, ""},
        {"aud", "\"\"", APISEC_E_AUDIENCE, "empty"},
        {"aud", "[\"\"]", APISEC_E_AUDIENCE, ""},
        {"aud", "[\"billing\"]", APISEC_E_AUDIENCE, ""},
        {"aud", "\"shop\"", APISEC_E_AUDIENCE, "the client, as in an ID token"},
        {"aud", "[]", APISEC_E_CLAIM, ""},
        {"aud", "[[\"orders\"]]", APISEC_E_CLAIM, ""},
        {"aud", "[\"orders\",0]", APISEC_E_CLAIM, ""},
        {"aud", "[null,\"orders\"]", APISEC_E_CLAIM, ""},
        {"aud", "0", APISEC_E_CLAIM, "a number"},
        {"aud", "true", APISEC_E_CLAIM, ""},
        {"aud", "null", APISEC_E_CLAIM, ""},
        {"aud", "{\"orders\":\"orders\"}", APISEC_E_CLAIM, "an object"},
        {"aud", NULL, APISEC_E_CLAIM, "absent"},
    };
    THROW(rows);
}

static void test_issuers(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"iss", "\"https://id.example\"", APISEC_OK, ""},
        {"iss", "\"https:\\/\\/id.example\"", APISEC_OK, "the same text, escaped"},
        {"iss", "\"https://id.example/\"", APISEC_E_ISSUER, "a trailing slash"},
        {"iss", "\"https://ID.example\"", APISEC_E_ISSUER, "case"},
        {"iss", "\"HTTPS://id.example\"", APISEC_E_ISSUER, ""},
        {"iss", "\"https://id.exampl\"", APISEC_E_ISSUER, "a prefix"},
        {"iss", "\"https://id.example.evil.example\"", APISEC_E_ISSUER, "ours is a prefix"},
        {"iss", "\"https://id.example:443\"", APISEC_E_ISSUER, "the same place, another text"},
        {"iss", "\"https://id.example\\n\"", APISEC_E_ISSUER, ""},
        {"iss", "\"\"", APISEC_E_ISSUER, ""},
        {"iss", "\"https://id.example\\u0000\"", APISEC_E_MALFORMED, ""},
        {"iss", "[\"https://id.example\"]", APISEC_E_CLAIM, "an array of one"},
        {"iss", "null", APISEC_E_CLAIM, ""},
        {"iss", "7", APISEC_E_CLAIM, ""},
        {"iss", NULL, APISEC_E_CLAIM, "absent"},
    };
    THROW(rows);
}

/* ---- other kinds of tokens ---- */

struct kind {
    const char *what;
    const char *typ; /* raw JSON; NULL: absent */
    struct forge_change claims[6];
    apisec_status as_access_token, as_plain_token;
};

static void test_other_kinds_of_tokens(void **state)
{
    (void)state;
    static const struct kind kinds[] = {
        {"access token", "\"at+jwt\"", {{0}}, APISEC_OK, APISEC_E_TYPE},
        {"access token with its full media type", "\"application/at+jwt\"", {{0}}, APISEC_OK, APISEC_E_TYPE},
        {"access token in another case", "\"AT+jwt\"", {{0}}, APISEC_OK, APISEC_E_TYPE},
        {"plain JWT", "\"JWT\"", {{0}}, APISEC_E_TYPE, APISEC_OK},
        {"plain JWT without typ", NULL, {{0}}, APISEC_E_TYPE, APISEC_OK},
        {"ID token, for the client", "\"JWT\"", {{"aud", "\"shop\""}, {"nonce", "\"n\""}}, APISEC_E_TYPE, APISEC_E_AUDIENCE},
        {"ID token, for us as well", "\"JWT\"", {{"aud", "[\"shop\",\"orders\"]"}, {"nonce", "\"n\""}},
         APISEC_E_TYPE, APISEC_E_TYPE},
        {"ID token with at_hash", NULL, {{"at_hash", "\"MTIzNDU2Nzg5MDEyMzQ1Ng\""}}, APISEC_E_TYPE, APISEC_E_TYPE},
        {"logout token", "\"logout+jwt\"", {{"events", "{\"http://schemas.openid.net/event/backchannel-logout\":{}}"}},
         APISEC_E_TYPE, APISEC_E_TYPE},
        {"old logout token", "\"JWT\"", {{"events", "{\"http://schemas.openid.net/event/backchannel-logout\":{}}"}},
         APISEC_E_TYPE, APISEC_E_TYPE},
        {"security event", "\"secevent+jwt\"", {{"events", "{}"}}, APISEC_E_TYPE, APISEC_E_TYPE},
        {"Txn-Token", "\"txntoken+jwt\"", {{"txn", "\"t\""}, {"req_wl", "\"w\""}}, APISEC_E_TYPE, APISEC_E_TYPE},
        {"client assertion, from the client", "\"client-authentication+jwt\"", {{"iss", "\"shop\""}, {"sub", "\"shop\""}},
         APISEC_E_ISSUER, APISEC_E_ISSUER},
        {"client assertion, as if from the issuer", "\"client-authentication+jwt\"", {{0}}, APISEC_E_TYPE, APISEC_E_TYPE},
        {"DPoP proof", "\"dpop+jwt\"", {{"htm", "\"GET\""}, {"htu", "\"https://orders.example/\""}}, APISEC_E_TYPE, APISEC_E_TYPE},
        {"introspection answer", "\"token-introspection+jwt\"", {{0}}, APISEC_E_TYPE, APISEC_E_TYPE},
        {"status list", "\"statuslist+jwt\"", {{0}}, APISEC_E_TYPE, APISEC_E_TYPE},
        {"request object", "\"oauth-authz-req+jwt\"", {{0}}, APISEC_E_TYPE, APISEC_E_TYPE},
        {"nearly", "\"at+jwt;v=1\"", {{0}}, APISEC_E_TYPE, APISEC_E_TYPE},
        {"nearly", "\"at jwt\"", {{0}}, APISEC_E_TYPE, APISEC_E_TYPE},
        {"nearly", "\"x/at+jwt\"", {{0}}, APISEC_E_TYPE, APISEC_E_TYPE},
        {"as long as application", "\"applicatioN2/at+jwt\"", {{0}}, APISEC_E_TYPE, APISEC_E_TYPE},
        {"exactly as long", "\"aaaaaaaaaaa/at+jwt\"", {{0}}, APISEC_E_TYPE, APISEC_E_TYPE},
        {"exactly as long", "\"aaaaaaaaaaa/JWT\"", {{0}}, APISEC_E_TYPE, APISEC_E_TYPE},
        {"nearly", "\"application/application/at+jwt\"", {{0}}, APISEC_E_TYPE, APISEC_E_TYPE},
        {"nothing", "\"\"", {{0}}, APISEC_E_TYPE, APISEC_E_TYPE},
        {"no text", "[\"at+jwt\"]", {{0}}, APISEC_E_MALFORMED, APISEC_E_MALFORMED},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct forge_change header[] = {{"typ", kinds[i].typ}, {NULL, NULL}};
        for (int k = 0; k < 2; k++) {
            apisec_verifier *at = k == 0 ? access_tokens : plain_tokens;
            const apisec_status expected = k == 0 ? kinds[i].as_access_token : kinds[i].as_plain_token;
            char *token = forge_token(kinds[i].claims, header, signer);
            if (expected == APISEC_OK) stand_accepts(at, kinds[i].what, token);
            if (expected != APISEC_OK) stand_refuses(at, kinds[i].what, token, expected);
        }
    }
}

/* ---- who ---- */

static void test_subjects(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"sub", "\"alice\"", APISEC_OK, ""},
        {"sub", "\"\"", APISEC_E_CLAIM, "nobody"},
        {"sub", NULL, APISEC_E_CLAIM, ""},
        {"sub", "null", APISEC_E_CLAIM, ""},
        {"sub", "0", APISEC_E_CLAIM, "a number, which some turn into a text"},
        {"sub", "[\"alice\"]", APISEC_E_CLAIM, ""},
        {"sub", "{\"alice\":1}", APISEC_E_CLAIM, ""},
        {"client_id", "7", APISEC_E_CLAIM, ""},
        {"client_id", NULL, APISEC_E_CLAIM, ""},
        {"jti", "[]", APISEC_E_CLAIM, ""},
        {"scope", "[\"orders:read\"]", APISEC_E_CLAIM, "an array"},
        {"scope", "null", APISEC_E_CLAIM, ""},
        {"scope", "{\"orders:read\":true}", APISEC_E_CLAIM, ""},
        {"scope", NULL, APISEC_OK, "no scope, no permission"},
    };
    THROW(rows);
}

static void test_actors(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"act", "{\"sub\":\"1\",\"act\":{\"sub\":\"2\",\"act\":{\"sub\":\"3\",\"act\":{\"sub\":\"4\"}}}}", APISEC_OK, "4 deep"},
        {"act", "{\"sub\":\"1\",\"act\":{\"sub\":\"2\",\"act\":{\"sub\":\"3\",\"act\":{\"sub\":\"4\",\"act\":{\"sub\":\"5\"}}}}}",
         APISEC_E_CLAIM, "5 deep"},
        {"act", "\"gateway\"", APISEC_E_CLAIM, "a string"},
        {"act", "[\"gateway\"]", APISEC_E_CLAIM, ""},
        {"act", "null", APISEC_E_CLAIM, ""},
        {"act", "{}", APISEC_E_CLAIM, "an actor without a name"},
        {"act", "{\"act\":{\"sub\":\"gateway\"}}", APISEC_E_CLAIM, "named only inside"},
        {"act", "{\"sub\":[\"gateway\"]}", APISEC_E_CLAIM, ""},
    };
    THROW(rows);
}

/* The outermost actor is the current one (RFC 8693 section 4.1): a name further in is not found where decisions look. */
static void test_an_actor_named_only_inside(void **state)
{
    (void)state;
    const struct forge_change inside[] = {{"act", "{\"sub\":\"evil\",\"act\":{\"sub\":\"gateway\"}}"}, {NULL, NULL}};
    const struct forge_change twin[] = {{"act", "{\"sub\":\"gateway\",\"act\":{\"sub\":\"evil\"}}"}, {NULL, NULL}};
    apisec_token *token = stand_verified(access_tokens, "inside", forge_token(inside, FORGE_SAME, signer));
    assert_string_equal(apisec_token_actor(token, 0), "evil");
    apisec_token_free(token);
    token = stand_verified(access_tokens, "outside", forge_token(twin, FORGE_SAME, signer));
    assert_string_equal(apisec_token_actor(token, 0), "gateway");
    apisec_token_free(token);
}

/* ---- bound tokens ---- */

static void test_bound_tokens_without_their_proof(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"cnf", "{\"jkt\":\"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I\"}", APISEC_E_BINDING, "DPoP"},
        {"cnf", "{\"x5t#S256\":\"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2\"}", APISEC_E_BINDING, "mTLS"},
        {"cnf", "{\"jwk\":{}}", APISEC_E_BINDING, ""},
        {"cnf", "{\"kid\":\"x\"}", APISEC_E_BINDING, ""},
        {"cnf", "{}", APISEC_E_BINDING, "nothing that could be proved"},
        {"cnf", "null", APISEC_E_CLAIM, "not absent"},
        {"cnf", "\"\"", APISEC_E_CLAIM, ""},
        {"cnf", "false", APISEC_E_CLAIM, ""},
        {"CNF", "{}", APISEC_OK, "another claim"},
        {"cnf", NULL, APISEC_OK, "a bearer token"},
    };
    THROW(rows);
}

static int begin(void **state)
{
    (void)state;
    signer = forge_signer("HS256", 0); /* quick: the algorithm is not what this is about */
    set = forge_jwks((const apisec_signer *[]){signer, NULL});
    access_tokens = stand_new(&(struct stand_issuer){.algorithms = {"HS256"}, .keys = set}, 1, NULL);
    plain_tokens = stand_new(&(struct stand_issuer){.algorithms = {"HS256"}, .keys = set, .profile = "jwt"}, 1, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    apisec_verifier_free(access_tokens);
    apisec_verifier_free(plain_tokens);
    free(set);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expiry_that_is_no_time),
        cmocka_unit_test(test_expiry_boundaries),
        cmocka_unit_test(test_tokens_from_the_future),
        cmocka_unit_test(test_tokens_that_live_too_long),
        cmocka_unit_test(test_the_last_moment),
        cmocka_unit_test(test_audiences),
        cmocka_unit_test(test_issuers),
        cmocka_unit_test(test_other_kinds_of_tokens),
        cmocka_unit_test(test_subjects),
        cmocka_unit_test(test_actors),
        cmocka_unit_test(test_an_actor_named_only_inside),
        cmocka_unit_test(test_bound_tokens_without_their_proof),
    };
    return cmocka_run_group_tests_name("attack_claim", tests, begin, end);
}
