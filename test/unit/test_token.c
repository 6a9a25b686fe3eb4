/* SPDX-License-Identifier: Apache-2.0
 *
 * test_token.c: what is read from a verified token: every reader, the ones that refuse, the principal, and the token's own hash.
 */
#include "support/unit.h"
#include "support/guard.h"
#include "token/token.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const char payload_text[] =
    "{\"iss\":\"https://id.example/a\",\"sub\":\"al|ice %\xc3\xa9\",\"aud\":\"orders\",\"exp\":1750000500,\"iat\":1749999900,"
    "\"jti\":\"t-1\",\"client_id\":\"shop\",\"azp\":\"other\",\"scope\":\"orders:read orders:write\","
    "\"act\":{\"sub\":\"gateway\",\"act\":{\"sub\":\"front\",\"iss\":\"https://edge.example\"}},\"may_act\":{\"sub\":\"batch\"},"
    "\"sid\":\"s-1\",\"txn\":\"x-1\",\"cnf\":{\"jkt\":\"thumb\",\"x5t#S256\":7,\"jwk\":{\"kty\":\"EC\"}},"
    "\"n\":-9007199254740991,\"big\":9007199254740992,\"half\":1.5,"
    "\"list\": [1, 2] ,\"null\":null,\"esc\\u0061ped\":\"v\\u00e9\"}";

/* make builds a token of a payload without any signature: what verify.c does when all checks have passed. */
static apisec_token *make(const char *text, const char *compact)
{
    struct arena arena = {NULL};
    struct json *document = NULL;
    struct claims claims;
    struct trail trail;
    apisec_token *token = NULL;
    static char *any[] = {"orders"};
    const struct issuer issuer = {.audiences = {any, 1}, .profile = PROFILE_JWT};
    const char *copy = arena_text(&arena, text_of(text));
    assert_non_null(copy);
    const struct text payload = text_of(copy);
    assert_int_equal(json_parse_object(payload, &json_token_limits, &document, NULL), APISEC_OK);
    assert_int_equal(claims_read_issuer(document, &claims, NULL), APISEC_OK);
    assert_int_equal(claims_check_time(&claims, &issuer, 1750000000, &trail, NULL), APISEC_OK);
    assert_int_equal(claims_read_names(&claims, NULL), APISEC_OK);
    assert_int_equal(token_new(&arena, document, payload, &claims, text_of(compact), &token, NULL), APISEC_OK);
    assert_null(arena.last); /* taken over */
    return token;
}

#define MINIMAL "{\"iss\":\"https://id.example\",\"exp\":1750000500,\"iat\":0}"

static void test_readers(void **state)
{
    (void)state;
    apisec_token *token = make(payload_text, "a.b.c");
    assert_string_equal(apisec_token_issuer(token), "https://id.example/a");
    assert_string_equal(apisec_token_subject(token), "al|ice %\xc3\xa9");
    assert_string_equal(apisec_token_principal(token), "https://id.example/a|al%7Cice%20%25%C3%A9");
    assert_string_equal(apisec_token_client_id(token), "shop");
    assert_string_equal(apisec_token_id(token), "t-1");
    assert_int_equal(apisec_token_expires_at(token), 1750000500);
    assert_int_equal(apisec_token_issued_at(token), 1749999900);
    assert_string_equal(apisec_token_scope(token), "orders:read orders:write");
    assert_int_equal(apisec_token_num_actors(token), 2);
    assert_string_equal(apisec_token_actor(token, 0), "gateway");
    assert_string_equal(apisec_token_actor(token, 1), "front");
    assert_null(apisec_token_actor(token, 2));
    assert_null(apisec_token_actor_issuer(token, 0));
    assert_string_equal(apisec_token_actor_issuer(token, 1), "https://edge.example");
    assert_null(apisec_token_actor_issuer(token, 2));
    assert_null(apisec_token_actor_issuer(token, SIZE_MAX));
    assert_string_equal(apisec_token_may_act(token), "batch");
    assert_string_equal(apisec_token_session(token), "s-1");
    assert_string_equal(apisec_token_transaction(token), "x-1");
    assert_string_equal(apisec_token_confirmation(token, "jkt"), "thumb");
    static const char *const no_confirmation[] = {"JKT", "x5t#S256", "jwk", "kid", "", NULL}; /* absent, or no string */
    for (size_t i = 0; i < sizeof no_confirmation / sizeof no_confirmation[0]; i++)
        assert_null(apisec_token_confirmation(token, no_confirmation[i]));
    assert_null(apisec_token_actor(token, SIZE_MAX));
    assert_int_equal(json_kind(token_claims(token)), JSON_OBJECT);
    apisec_token_free(token);
    token = make("{\"iss\":\"i\",\"exp\":1750000500,\"act\":{\"sub\":\"1\",\"act\":{\"sub\":\"2\","
                 "\"act\":{\"sub\":\"3\",\"act\":{\"sub\":\"4\"}}}}}", "a.b.c");
    assert_string_equal(apisec_token_actor(token, TOKEN_MAX_ACTORS - 1), "4");
    assert_null(apisec_token_actor(token, TOKEN_MAX_ACTORS));
    apisec_token_free(token);
}

static void test_readers_of_what_is_absent(void **state)
{
    (void)state;
    apisec_token *token = make(MINIMAL, "a.b.c");
    assert_null(apisec_token_subject(token));
    assert_null(apisec_token_principal(token));
    assert_null(apisec_token_client_id(token));
    assert_null(apisec_token_id(token));
    assert_null(apisec_token_scope(token));
    assert_null(apisec_token_actor(token, 0));
    assert_null(apisec_token_actor_issuer(token, 0));
    assert_int_equal(apisec_token_num_actors(token), 0);
    assert_null(apisec_token_may_act(token));
    assert_null(apisec_token_session(token));
    assert_null(apisec_token_transaction(token));
    assert_null(apisec_token_confirmation(token, "jkt"));
    assert_int_equal(apisec_token_issued_at(token), 0);
    assert_int_equal(apisec_token_has_scope(token, "orders:read"), APISEC_E_SCOPE);
    apisec_token_free(token);
    token = make("{\"iss\":\"i\",\"exp\":1750000500,\"azp\":\"shop\"}", "a.b.c");
    assert_string_equal(apisec_token_client_id(token), "shop"); /* azp stands in */
    apisec_token_free(token);
}

#define WHO(iss, sub) "{\"iss\":\"" iss "\",\"sub\":\"" sub "\",\"exp\":1750000500}"

static void test_principals_never_collide(void **state)
{
    (void)state;
    static const struct {
        const char *first, *second, *why;
    } rows[] = {
        {WHO("https://a", "s"), WHO("https://b", "s"), "another issuer"},
        {WHO("a|b", "c"), WHO("a", "b|c"), "the separator"},
        {WHO("a", "%7C"), WHO("a", "|"), "the escape"},
        {WHO("a", "S"), WHO("a", "s"), "case"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_token *first = make(rows[i].first, "a.b.c"), *second = make(rows[i].second, "a.b.c");
        if (strcmp(apisec_token_principal(first), apisec_token_principal(second)) == 0) fail_msg("%s", rows[i].why);
        apisec_token_free(first);
        apisec_token_free(second);
    }
}

static void test_scopes(void **state)
{
    (void)state;
    apisec_token *token = make(payload_text, "a.b.c");
    static const struct {
        const char *scope;
        apisec_status expected;
    } rows[] = {
        {"orders:read", APISEC_OK},       {"orders:write", APISEC_OK},     {"orders", APISEC_E_SCOPE},
        {"orders:rea", APISEC_E_SCOPE},   {"Orders:read", APISEC_E_SCOPE}, {"orders:read:all", APISEC_E_SCOPE},
        {"", APISEC_E_ARGUMENT},          {NULL, APISEC_E_ARGUMENT},       {"orders:read orders:write", APISEC_E_ARGUMENT},
        {" orders:read", APISEC_E_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(apisec_token_has_scope(token, rows[i].scope), rows[i].expected);
    assert_int_equal(apisec_token_has_scope(NULL, "orders:read"), APISEC_E_MISUSE);
    apisec_token_free(token);
}

static void test_one_claim(void **state)
{
    (void)state;
    apisec_token *token = make(payload_text, "a.b.c");
    const char *text = "x";
    int64_t number = 7;
    assert_int_equal(apisec_token_claim_text(token, "jti", &text), APISEC_OK);
    assert_string_equal(text, "t-1");
    assert_int_equal(apisec_token_claim_text(token, "escaped", &text), APISEC_OK);
    assert_string_equal(text, "v\xc3\xa9");
    static const char *const no_text[] = {"exp", "absent", "list", "null", "act", "JTI", ""};
    for (size_t i = 0; i < sizeof no_text / sizeof no_text[0]; i++) {
        text = "x";
        assert_int_equal(apisec_token_claim_text(token, no_text[i], &text), APISEC_E_CLAIM);
        assert_null(text);
    }
    assert_int_equal(apisec_token_claim_int64(token, "exp", &number), APISEC_OK);
    assert_int_equal(number, 1750000500);
    assert_int_equal(apisec_token_claim_int64(token, "n", &number), APISEC_OK);
    assert_true(number == -9007199254740991);
    static const char *const no_number[] = {"jti", "absent", "big", "half", "null", "list"};
    for (size_t i = 0; i < sizeof no_number / sizeof no_number[0]; i++) {
        number = 7;
        assert_int_equal(apisec_token_claim_int64(token, no_number[i], &number), APISEC_E_CLAIM);
        assert_int_equal(number, 0);
    }
    assert_int_equal(apisec_token_claim_text(token, NULL, &text), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_token_claim_text(token, "jti", NULL), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_token_claim_int64(token, NULL, &number), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_token_claim_int64(token, "exp", NULL), APISEC_E_ARGUMENT);
    apisec_token_free(token);
}

static void test_claims_as_json(void **state)
{
    (void)state;
    apisec_token *token = make(payload_text, "a.b.c");
    size_t len = 0;
    const char *json = apisec_token_claim_json(token, "list", &len);
    assert_int_equal(len, strlen("[1, 2]"));
    assert_memory_equal(json, "[1, 2]", len);
    json = apisec_token_claim_json(token, "escaped", &len);
    assert_int_equal(len, strlen("\"v\\u00e9\""));
    assert_memory_equal(json, "\"v\\u00e9\"", len);
    assert_null(apisec_token_claim_json(token, "absent", &len));
    assert_int_equal(len, 0);
    assert_null(apisec_token_claim_json(token, NULL, &len));
    assert_non_null(apisec_token_claim_json(token, "null", NULL));
    json = apisec_token_claims_json(token, &len);
    assert_int_equal(len, strlen(payload_text));
    assert_memory_equal(json, payload_text, len);
    apisec_token_free(token);
}

static void test_hash(void **state)
{
    (void)state;
    /* SHA-256 of "abc", FIPS 180-4: ba7816bf 8f01cfea 414140de 5dae2223 b00361a3 96177a9c b410ff61 f20015ad */
    apisec_token *token = make(MINIMAL, "abc");
    assert_string_equal(apisec_token_sha256(token), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
    const char *same = guarded_text("abc"), *other = guarded_text("abd");
    assert_true(token_is_raw(token, (struct text){same, 3}));
    assert_false(token_is_raw(token, (struct text){same, 2}));
    assert_false(token_is_raw(token, (struct text){other, 3}));
    assert_false(token_is_raw(token, (struct text){NULL, 0}));
    assert_false(token_is_raw(NULL, (struct text){same, 3}));
    guard_free(same);
    guard_free(other);
    apisec_token_free(token);
}

static void test_null(void **state)
{
    (void)state;
    const char *text = "x";
    int64_t number = 7;
    size_t len = 7;
    assert_null(apisec_token_ref(NULL));
    apisec_token_free(NULL);
    assert_null(apisec_token_issuer(NULL));
    assert_null(apisec_token_subject(NULL));
    assert_null(apisec_token_principal(NULL));
    assert_null(apisec_token_client_id(NULL));
    assert_null(apisec_token_id(NULL));
    assert_int_equal(apisec_token_expires_at(NULL), 0);
    assert_int_equal(apisec_token_issued_at(NULL), 0);
    assert_null(apisec_token_actor(NULL, 0));
    assert_null(apisec_token_scope(NULL));
    assert_null(apisec_token_sha256(NULL));
    assert_null(token_claims(NULL));
    assert_int_equal(apisec_token_num_actors(NULL), 0);
    assert_null(apisec_token_actor_issuer(NULL, 0));
    assert_null(apisec_token_may_act(NULL));
    assert_null(apisec_token_session(NULL));
    assert_null(apisec_token_transaction(NULL));
    assert_null(apisec_token_confirmation(NULL, "jkt"));
    assert_int_equal(apisec_token_claim_text(NULL, "a", &text), APISEC_E_MISUSE);
    assert_null(text);
    assert_int_equal(apisec_token_claim_int64(NULL, "a", &number), APISEC_E_MISUSE);
    assert_int_equal(number, 0);
    assert_null(apisec_token_claim_json(NULL, "a", &len));
    assert_int_equal(len, 0);
    len = 7;
    assert_null(apisec_token_claims_json(NULL, &len));
    assert_int_equal(len, 0);
}

static void *hold_and_drop(void *argument)
{
    for (int i = 0; i < 2000; i++) {
        apisec_token *mine = apisec_token_ref(argument);
        if (strcmp(apisec_token_id(mine), "t-1") != 0) abort();
        apisec_token_free(mine);
    }
    return NULL;
}

static void test_references(void **state)
{
    (void)state;
    apisec_token *token = make(payload_text, "a.b.c");
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, hold_and_drop, token), 0);
    for (size_t i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    apisec_token *again = apisec_token_ref(token);
    assert_ptr_equal(again, token);
    apisec_token_free(token);
    assert_string_equal(apisec_token_id(again), "t-1");
    apisec_token_free(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_readers),
        cmocka_unit_test(test_readers_of_what_is_absent),
        cmocka_unit_test(test_principals_never_collide),
        cmocka_unit_test(test_scopes),
        cmocka_unit_test(test_one_claim),
        cmocka_unit_test(test_claims_as_json),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_null),
        cmocka_unit_test(test_references),
    };
    return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}
