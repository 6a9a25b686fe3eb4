/* SPDX-License-Identifier: Apache-2.0
 *
 * test_claims.c: each claim's type, presence and boundary, one table per rule: a row changes one thing of claims that pass.
 */
#include "support/unit.h"
#include "support/forge.h"
#include "token/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW ((int64_t)FORGE_NOW)

static char *audiences[] = {"orders", "https://orders.example/"};
static char *tenant[] = {"tenant"};
static const struct issuer at_jwt = {
    .name = FORGE_ISSUER, .audiences = {audiences, 2}, .profile = PROFILE_AT_JWT, .leeway = 60, .max_lifetime = 86400};
static const struct issuer plain_jwt = {.name = FORGE_ISSUER, .audiences = {audiences, 2}, .profile = PROFILE_JWT, .leeway = 60};

struct row {
    const char *name, *value; /* the claim that is changed, its raw JSON; NULL: left out */
    apisec_status expected;
    const char *why;
};

/* judge reads and judges all of the claims as a verification does. */
static apisec_status judge(const struct json *document, const struct issuer *issuer, struct trail *trail, apisec_error *err)
{
    struct claims claims;
    apisec_status status = claims_read_issuer(document, &claims, err);
    if (status == APISEC_OK) status = claims_check_audience(&claims, issuer, err);
    if (status == APISEC_OK) status = claims_check_time(&claims, issuer, NOW, trail, err);
    if (status == APISEC_OK) status = claims_read_names(&claims, err);
    if (status == APISEC_OK) status = claims_check_required(&claims, issuer, err);
    return status;
}

static struct json *parse(const char *text)
{
    struct json *document = NULL;
    assert_int_equal(json_parse_object(text_of(text), &json_token_limits, &document, NULL), APISEC_OK);
    return document;
}

static void check_row(const struct row *row, const struct issuer *issuer)
{
    apisec_error err = {APISEC_OK, ""};
    struct trail trail = {CHECK_FORM, 0};
    char *text = forge_claims((const struct forge_change[]){{row->name, row->value}, {NULL, NULL}});
    struct json *document = parse(text);
    const apisec_status status = judge(document, issuer, &trail, &err);
    if (status != row->expected)
        fail_msg("%s = %s (%s): %s: %s", row->name, row->value, row->why, apisec_status_name(status), err.text);
    if (status != APISEC_OK) assert_int_equal(err.status, status);
    json_free(document);
    free(text);
}

static void check_rows(const struct row *rows, size_t num, const struct issuer *issuer)
{
    for (size_t i = 0; i < num; i++) check_row(&rows[i], issuer);
}
#define CHECK(rows, issuer) check_rows(rows, sizeof(rows) / sizeof(rows)[0], issuer)

static void test_issuer(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"iss", "\"" FORGE_ISSUER "\"", APISEC_OK, ""},
        {"iss", NULL, APISEC_OK, "the issuer may be known otherwise: signed.c says where it must be there"},
        {"iss", "null", APISEC_E_CLAIM, "null is a wrong type, not absence"},
        {"iss", "1", APISEC_E_CLAIM, ""},
        {"iss", "true", APISEC_E_CLAIM, ""},
        {"iss", "[\"" FORGE_ISSUER "\"]", APISEC_E_CLAIM, "an array of one is no string"},
        {"iss", "{\"" FORGE_ISSUER "\":1}", APISEC_E_CLAIM, ""},
    };
    CHECK(rows, &at_jwt);
}

static void test_audience(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"aud", "\"orders\"", APISEC_OK, ""},
        {"aud", "[\"orders\"]", APISEC_OK, ""},
        {"aud", "[\"billing\",\"https://orders.example/\"]", APISEC_OK, "one element is enough"},
        {"aud", "[\"orders\",\"orders\"]", APISEC_OK, ""},
        {"aud", "\"order\"", APISEC_E_AUDIENCE, "a prefix"},
        {"aud", "\"orders2\"", APISEC_E_AUDIENCE, ""},
        {"aud", "\"Orders\"", APISEC_E_AUDIENCE, "case"},
        {"aud", "\"orders \"", APISEC_E_AUDIENCE, ""},
        {"aud", "\"orders billing\"", APISEC_E_AUDIENCE, "aud is no list of words"},
        {"aud", "\"https://orders.example\"", APISEC_E_AUDIENCE, "no trailing slash is added"},
        {"aud", "\"\"", APISEC_E_AUDIENCE, ""},
        {"aud", "[\"\"]", APISEC_E_AUDIENCE, ""},
        {"aud", "[\"billing\"]", APISEC_E_AUDIENCE, ""},
        {"aud", "[]", APISEC_E_CLAIM, "for nobody"},
        {"aud", NULL, APISEC_E_CLAIM, "required"},
        {"aud", "null", APISEC_E_CLAIM, ""},
        {"aud", "5", APISEC_E_CLAIM, ""},
        {"aud", "true", APISEC_E_CLAIM, ""},
        {"aud", "{\"orders\":true}", APISEC_E_CLAIM, ""},
        {"aud", "{\"0\":\"orders\"}", APISEC_E_CLAIM, ""},
        {"aud", "[[\"orders\"]]", APISEC_E_CLAIM, "nested"},
        {"aud", "[\"orders\",5]", APISEC_E_CLAIM, "a wrong element beside a right one"},
        {"aud", "[5,\"orders\"]", APISEC_E_CLAIM, ""},
        {"aud", "[\"orders\",null]", APISEC_E_CLAIM, ""},
    };
    CHECK(rows, &at_jwt);
}

static void test_expiry(void **state)
{
    (void)state;
    static const struct row rows[] = { /* now is 1750000000, the leeway 60 */
        {"exp", "1750000001", APISEC_OK, ""},
        {"exp", "1750000000", APISEC_OK, "within the leeway"},
        {"exp", "1749999941", APISEC_OK, "the last second of it"},
        {"exp", "1749999940", APISEC_E_EXPIRED, "now >= exp + leeway"},
        {"exp", "1749999939", APISEC_E_EXPIRED, ""},
        {"exp", "1749999941.5", APISEC_OK, "a fraction is cut off"},
        {"exp", "1749999940.9", APISEC_E_EXPIRED, "and never rounded up"},
        {"exp", "1.750000001e9", APISEC_OK, "the same number"},
        {"exp", "0", APISEC_E_EXPIRED, ""},
        {"exp", NULL, APISEC_E_CLAIM, "mandatory"},
        {"exp", "null", APISEC_E_CLAIM, ""},
        {"exp", "true", APISEC_E_CLAIM, ""},
        {"exp", "\"1750000500\"", APISEC_E_CLAIM, "a string"},
        {"exp", "[1750000500]", APISEC_E_CLAIM, ""},
        {"exp", "{}", APISEC_E_CLAIM, ""},
        {"exp", "-1", APISEC_E_CLAIM, "no NumericDate"},
        {"exp", "9007199254740993", APISEC_E_CLAIM, "2^53 + 1"},
        {"exp", "9007199254740992", APISEC_E_CLAIM, "2^53"},
        {"exp", "1e300", APISEC_E_CLAIM, ""},
    };
    CHECK(rows, &plain_jwt);
    static const struct row last = {"exp", "9007199254740991", APISEC_OK, "2^53 - 1: no sum overflows"};
    check_row(&last, &plain_jwt);
}

static void test_not_before_and_issued_at(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"nbf", NULL, APISEC_OK, "optional"},
        {"nbf", "1750000000", APISEC_OK, ""},
        {"nbf", "1750000060", APISEC_OK, "within the leeway"},
        {"nbf", "1750000061", APISEC_E_NOT_YET_VALID, "> now + leeway"},
        {"nbf", "9007199254740991", APISEC_E_NOT_YET_VALID, ""},
        {"nbf", "0", APISEC_OK, ""},
        {"nbf", "null", APISEC_E_CLAIM, ""},
        {"nbf", "\"0\"", APISEC_E_CLAIM, ""},
        {"nbf", "false", APISEC_E_CLAIM, ""},
        {"nbf", "-1", APISEC_E_CLAIM, ""},
        {"iat", NULL, APISEC_OK, "optional in this profile"},
        {"iat", "1750000060", APISEC_OK, "within the leeway"},
        {"iat", "1750000061", APISEC_E_NOT_YET_VALID, "from the future"},
        {"iat", "\"1749999900\"", APISEC_E_CLAIM, ""},
        {"iat", "null", APISEC_E_CLAIM, ""},
        {"iat", "-5", APISEC_E_CLAIM, ""},
    };
    CHECK(rows, &plain_jwt);
}

static void test_without_leeway(void **state)
{
    (void)state;
    struct issuer strict = plain_jwt;
    strict.leeway = 0;
    static const struct row rows[] = {
        {"exp", "1750000001", APISEC_OK, ""},
        {"exp", "1750000000", APISEC_E_EXPIRED, "before, not at, the time it says"},
        {"nbf", "1750000000", APISEC_OK, ""},
        {"nbf", "1750000001", APISEC_E_NOT_YET_VALID, ""},
        {"iat", "1750000000", APISEC_OK, ""},
        {"iat", "1750000001", APISEC_E_NOT_YET_VALID, ""},
    };
    CHECK(rows, &strict);
}

static void test_lifetime(void **state)
{
    (void)state;
    struct issuer limited = plain_jwt;
    limited.max_lifetime = 600;
    static const struct row rows[] = { /* iat is 1749999900 */
        {"exp", "1750000500", APISEC_OK, "600 s"},
        {"exp", "1750000501", APISEC_E_LIFETIME, "601 s"},
        {"exp", "9007199254740991", APISEC_E_LIFETIME, ""},
        {"iat", "0", APISEC_E_LIFETIME, ""},
        {"iat", NULL, APISEC_E_CLAIM, "nothing to count from"},
    };
    CHECK(rows, &limited);
    limited.max_lifetime = 0;
    static const struct row unlimited = {"exp", "9007199254740991", APISEC_OK, "no limit"};
    check_row(&unlimited, &limited);
}

static void test_names(void **state)
{
    (void)state;
    static const char *const names[] = {"sub", "jti", "client_id", "azp", "scope", "sid", "txn"};
    static const char *const wrong[] = {"1", "null", "true", "[\"a\"]", "{}"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++)
            check_row(&(struct row){names[i], wrong[k], APISEC_E_CLAIM, "not a string"}, &plain_jwt);
        check_row(&(struct row){names[i], "\"a\"", APISEC_OK, ""}, &plain_jwt);
        check_row(&(struct row){names[i], NULL, APISEC_OK, "optional in this profile"}, &plain_jwt);
    }
    check_row(&(struct row){"sub", "\"\"", APISEC_E_CLAIM, "nobody"}, &plain_jwt);
    check_row(&(struct row){"scope", "\"\"", APISEC_OK, "no scope at all"}, &plain_jwt);
}

static void test_required_by_at_jwt(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"sub", NULL, APISEC_E_CLAIM, "RFC 9068 section 2.2"},
        {"client_id", NULL, APISEC_E_CLAIM, ""},
        {"iat", NULL, APISEC_E_CLAIM, ""},
        {"jti", NULL, APISEC_E_CLAIM, ""},
        {"client_id", "\"\"", APISEC_E_CLAIM, "there, but says nothing"},
        {"jti", "\"\"", APISEC_E_CLAIM, ""},
        {"scope", NULL, APISEC_OK, "optional"},
        {"nonce", "\"n\"", APISEC_OK, "typ says what it is; nothing need be guessed"},
    };
    CHECK(rows, &at_jwt);
    struct issuer unlimited = at_jwt;
    unlimited.max_lifetime = 0;
    check_row(&(struct row){"iat", NULL, APISEC_E_CLAIM, "required without a limit as well"}, &unlimited);
}

static void test_other_kinds_in_profile_jwt(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"events", "{\"http://schemas.openid.net/event/backchannel-logout\":{}}", APISEC_E_TYPE, "a logout token"},
        {"events", "null", APISEC_E_TYPE, "present is enough"},
        {"nonce", "\"n\"", APISEC_E_TYPE, "an ID token"},
        {"at_hash", "\"aGFzaA\"", APISEC_E_TYPE, ""},
        {"c_hash", "\"aGFzaA\"", APISEC_E_TYPE, ""},
        {"s_hash", "\"aGFzaA\"", APISEC_E_TYPE, ""},
        {"token_introspection", "{\"active\":true}", APISEC_E_TYPE, "an answer about a token, RFC 9701"},
        {"event", "{}", APISEC_OK, "another name"},
        {"auth_time", "1749999000", APISEC_OK, "access tokens have it too, RFC 9068 section 2.2.1"},
        {"sid", "\"s\"", APISEC_OK, ""},
    };
    CHECK(rows, &plain_jwt);
}

static void test_required_by_the_issuer(void **state)
{
    (void)state;
    struct issuer issuer = plain_jwt;
    issuer.required_claims = (struct name_list){tenant, 1};
    static const struct row rows[] = {
        {"tenant", "\"acme\"", APISEC_OK, ""},
        {"tenant", "0", APISEC_OK, "any type"},
        {"tenant", "false", APISEC_OK, ""},
        {"tenant", NULL, APISEC_E_CLAIM, ""},
        {"tenant", "null", APISEC_E_CLAIM, "null is not there"},
        {"Tenant", "\"acme\"", APISEC_E_CLAIM, "another name"},
    };
    CHECK(rows, &issuer);
    struct issuer both = at_jwt;
    both.required_claims = (struct name_list){tenant, 1};
    check_row(&(struct row){"tenant", NULL, APISEC_E_CLAIM, "beside those of the profile"}, &both);
    check_row(&(struct row){"tenant", "1", APISEC_OK, ""}, &both);
}

static void test_actors(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"act", "{\"sub\":\"a\"}", APISEC_OK, ""},
        {"act", "{\"sub\":\"a\",\"iss\":\"b\",\"act\":{\"sub\":\"b\"}}", APISEC_OK, ""},
        {"act", "{\"sub\":\"a\",\"act\":{\"sub\":\"b\",\"act\":{\"sub\":\"c\",\"act\":{\"sub\":\"d\"}}}}", APISEC_OK, "four"},
        {"act", "{\"sub\":\"a\",\"act\":{\"sub\":\"b\",\"act\":{\"sub\":\"c\",\"act\":{\"sub\":\"d\",\"act\":{\"sub\":\"e\"}}}}}",
         APISEC_E_CLAIM, "five"},
        {"act", "\"a\"", APISEC_E_CLAIM, "a string"},
        {"act", "null", APISEC_E_CLAIM, ""},
        {"act", "[{\"sub\":\"a\"}]", APISEC_E_CLAIM, ""},
        {"act", "{}", APISEC_E_CLAIM, "names nobody"},
        {"act", "{\"sub\":\"\"}", APISEC_E_CLAIM, ""},
        {"act", "{\"sub\":1}", APISEC_E_CLAIM, ""},
        {"act", "{\"act\":{\"sub\":\"b\"}}", APISEC_E_CLAIM, "only an inner one is named"},
        {"act", "{\"sub\":\"a\",\"act\":\"b\"}", APISEC_E_CLAIM, "a wrong inner one"},
        {"act", "{\"sub\":\"a\",\"act\":null}", APISEC_E_CLAIM, ""},
        {"act", "{\"sub\":\"a\",\"iss\":1}", APISEC_E_CLAIM, "whose a?"},
        {"act", "{\"sub\":\"a\",\"iss\":null}", APISEC_E_CLAIM, ""},
        {"act", "{\"sub\":\"a\",\"iss\":\"\"}", APISEC_E_CLAIM, ""},
        {"act", "{\"sub\":\"a\",\"act\":{\"sub\":\"b\",\"iss\":{}}}", APISEC_E_CLAIM, "further in"},
        {"act", "{\"sub\":\"a\",\"client_id\":7,\"more\":[]}", APISEC_OK, "what is not known here is handed on"},
    };
    CHECK(rows, &at_jwt);
}

static void test_who_may_act(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"may_act", NULL, APISEC_OK, "nobody in particular"},
        {"may_act", "{\"sub\":\"a\"}", APISEC_OK, ""},
        {"may_act", "{\"sub\":\"a\",\"iss\":\"b\",\"email\":\"a@example\"}", APISEC_OK, ""},
        {"may_act", "\"a\"", APISEC_E_CLAIM, "a string"},
        {"may_act", "null", APISEC_E_CLAIM, "null is not absent"},
        {"may_act", "[\"a\"]", APISEC_E_CLAIM, ""},
        {"may_act", "[{\"sub\":\"a\"}]", APISEC_E_CLAIM, ""},
        {"may_act", "true", APISEC_E_CLAIM, ""},
        {"may_act", "{}", APISEC_E_CLAIM, "names nobody"},
        {"may_act", "{\"sub\":\"\"}", APISEC_E_CLAIM, ""},
        {"may_act", "{\"sub\":[\"a\"]}", APISEC_E_CLAIM, ""},
        {"may_act", "{\"sub\":\"a\",\"iss\":false}", APISEC_E_CLAIM, ""},
    };
    CHECK(rows, &at_jwt);
    CHECK(rows, &plain_jwt);
}

static void test_actors_in_order(void **state)
{
    (void)state;
    struct claims claims;
    struct json *document = parse("{\"iss\":\"i\",\"act\":{\"sub\":\"now\",\"iss\":\"s\",\"act\":{\"sub\":\"before\"}},"
                                  "\"may_act\":{\"iss\":\"s\",\"sub\":\"next\"}}");
    assert_int_equal(claims_read_issuer(document, &claims, NULL), APISEC_OK);
    assert_int_equal(claims_read_names(&claims, NULL), APISEC_OK);
    assert_int_equal(claims.num_actors, 2);
    assert_true(text_is(claims.actors[0], "now"));
    assert_true(text_is(claims.actors[1], "before"));
    assert_true(text_is(claims.actor_issuers[0], "s"));
    assert_null(claims.actor_issuers[1].at);
    assert_true(text_is(claims.may_act, "next"));
    json_free(document);
}

/* Each claim is found by its own name, and by no other. */
static void test_each_claim_is_found(void **state)
{
    (void)state;
    for (int i = 0; i < NUM_CLAIMS; i++) {
        struct claims claims;
        char text[80];
        snprintf(text, sizeof text, "{\"a\":1,\"%s\":\"x\",\"%s2\":2}", claim_name((enum claim)i), claim_name((enum claim)i));
        struct json *document = parse(text);
        assert_int_equal(claims_read_issuer(document, &claims, NULL), APISEC_OK);
        for (int k = 0; k < NUM_CLAIMS; k++)
            if ((claims.at[k] != NULL) != (k == i)) fail_msg("%s finds %s", claim_name((enum claim)i), claim_name((enum claim)k));
        assert_int_equal(json_kind(claims.at[i]), JSON_STRING);
        json_free(document);
    }
    assert_string_equal(claim_name(NUM_CLAIMS), "unknown");
}

static void test_audiences_one_by_one(void **state)
{
    (void)state;
    static const struct {
        const char *payload, *listed;
    } rows[] = {
        {"{\"aud\":\"a\",\"b\":\"b\"}", "a"}, /* and not the claim behind it */
        {"{\"aud\":[\"a\"],\"b\":\"b\"}", "a"},
        {"{\"aud\":[\"a\",\"b\",\"c\"]}", "abc"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct claims claims;
        char listed[8] = {0};
        size_t num = 0;
        struct json *document = parse(rows[i].payload);
        assert_int_equal(claims_read_issuer(document, &claims, NULL), APISEC_OK);
        assert_int_equal(claims_read_audience(&claims, NULL), APISEC_OK);
        for (const struct json *at = claims_first_audience(&claims); at != NULL; at = claims_next_audience(&claims, at)) {
            struct text text;
            assert_true(json_as_text(at, &text) && num < 7);
            listed[num++] = text.at[0];
        }
        assert_string_equal(listed, rows[i].listed);
        json_free(document);
    }
}

static void test_the_trail(void **state)
{
    (void)state;
    struct issuer limited = plain_jwt;
    limited.max_lifetime = 600;
    static const struct {
        const char *name, *value;
        enum check at;
    } rows[] = {
        {"exp", "1", CHECK_EXPIRY},          {"exp", "\"1\"", CHECK_EXPIRY},      {"nbf", "1760000000", CHECK_NOT_BEFORE},
        {"nbf", "null", CHECK_NOT_BEFORE},   {"iat", "1760000000", CHECK_ISSUED_AT}, {"iat", "{}", CHECK_ISSUED_AT},
        {"exp", "1760000000", CHECK_LIFETIME}, {"iat", NULL, CHECK_LIFETIME},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trail trail = {CHECK_FORM, 0};
        char *text = forge_claims((const struct forge_change[]){{rows[i].name, rows[i].value}, {NULL, NULL}});
        struct json *document = parse(text);
        assert_int_not_equal(judge(document, &limited, &trail, NULL), APISEC_OK);
        if (trail.at != rows[i].at) fail_msg("%s = %s stops at %s", rows[i].name, rows[i].value, check_id(trail.at));
        json_free(document);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_issuer),
        cmocka_unit_test(test_audience),
        cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_not_before_and_issued_at),
        cmocka_unit_test(test_without_leeway),
        cmocka_unit_test(test_lifetime),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_required_by_at_jwt),
        cmocka_unit_test(test_other_kinds_in_profile_jwt),
        cmocka_unit_test(test_required_by_the_issuer),
        cmocka_unit_test(test_actors),
        cmocka_unit_test(test_who_may_act),
        cmocka_unit_test(test_actors_in_order),
        cmocka_unit_test(test_each_claim_is_found),
        cmocka_unit_test(test_audiences_one_by_one),
        cmocka_unit_test(test_the_trail),
    };
    return cmocka_run_group_tests_name("claims", tests, NULL, NULL);
}
