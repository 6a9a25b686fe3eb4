/* SPDX-License-Identifier: Apache-2.0
 *
 * test_verify.c: the checks of one token in their order: each refusal with its status and the place in the trail, that an earlier
 * check hides a later one, and how a verification waits for keys. What attackers do with tokens is in test/attack.
 */
#include "support/unit.h"
#include "support/forge.h"
#include "support/guard.h"
#include "support/script.h"
#include "token/token.h"

#include <stdlib.h>
#include <string.h>

#define START    ((int64_t)FORGE_NOW * 1000)
#define JWKS_URL FORGE_ISSUER "/jwks"
#define JSON     "Content-Type: application/json\n"

static const apisec_signer *signer;

static apisec_verifier *pinned(const char *profile)
{
    char *set = forge_jwks((const apisec_signer *[]){signer, NULL});
    apisec_verifier *verifier = NULL;
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, FORGE_ISSUER);
    apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
    apisec_issuer_allow_algorithm(issuer, "ES256");
    apisec_issuer_set_profile(issuer, profile);
    apisec_issuer_set_jwks(issuer, set, strlen(set));
    assert_int_equal(apisec_verifier_new(trust, NULL, &verifier, NULL), APISEC_OK);
    apisec_trust_free(trust);
    free(set);
    return verifier;
}

static apisec_verifier *fetching(apisec_http *http)
{
    apisec_verifier *verifier = NULL;
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, FORGE_ISSUER);
    apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
    apisec_issuer_allow_algorithm(issuer, "ES256");
    apisec_issuer_set_jwks_uri(issuer, JWKS_URL);
    assert_int_equal(apisec_verifier_new(trust, http, &verifier, NULL), APISEC_OK);
    apisec_trust_free(trust);
    return verifier;
}

/* ---- one check after the other ---- */

struct row {
    struct forge_change header[3];
    struct forge_change claims[3];
    apisec_status expected;
    enum check at;
    const char *why;
};

static void begin_verification(struct verification *v, apisec_verifier *verifier, struct text token, int64_t now)
{
    const struct presented bare = present_bare(token);
    verification_init(v, verifier, &bare, now);
}

static void check_row(apisec_verifier *verifier, const struct row *row)
{
    struct verification v;
    char *token = forge_token(row->claims, row->header, signer);
    const char *bytes = guarded_text(token);
    begin_verification(&v, verifier, (struct text){bytes, strlen(token)}, FORGE_NOW);
    assert_int_equal(v.status, APISEC_E_MISUSE); /* a denial until it has run */
    const apisec_status status = verify_blocking(&v);
    if (status != row->expected) fail_msg("%s: %s: %s", row->why, apisec_status_name(status), v.error.text);
    if (v.trail.at != row->at) fail_msg("%s: stops at %s", row->why, check_id(v.trail.at));
    assert_int_equal(v.error.status, status);
    assert_int_equal(v.token != NULL, status == APISEC_OK);
    verification_free(&v);
    guard_free(bytes);
    free(token);
}

static void check_rows(const char *profile, const struct row *rows, size_t num)
{
    apisec_verifier *verifier = pinned(profile);
    for (size_t i = 0; i < num; i++) check_row(verifier, &rows[i]);
    apisec_verifier_free(verifier);
}
#define CHECK(profile, rows) check_rows(profile, rows, sizeof(rows) / sizeof(rows)[0])

static void test_each_check(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{{0}}, {{0}}, APISEC_OK, NUM_CHECKS, "the honest token"},
        {{{"crit", "[]"}}, {{0}}, APISEC_E_MALFORMED, CHECK_FORM, ""},
        {{{0}}, {{"sub", "\"a\",\"sub\":\"b\""}}, APISEC_E_MALFORMED, CHECK_FORM, "a name twice"},
        {{{0}}, {{"iss", "\"https://evil.example\""}}, APISEC_E_ISSUER, CHECK_ISSUER, ""},
        {{{0}}, {{"iss", "7"}}, APISEC_E_CLAIM, CHECK_ISSUER, ""},
        {{{"typ", "\"JWT\""}}, {{0}}, APISEC_E_TYPE, CHECK_TYPE, ""},
        {{{"alg", "\"ES384\""}}, {{0}}, APISEC_E_ALGORITHM, CHECK_ALGORITHM, "not allowed to this issuer"},
        {{{0}}, {{"aud", "\"billing\""}}, APISEC_E_AUDIENCE, CHECK_AUDIENCE, ""},
        {{{0}}, {{"aud", "7"}}, APISEC_E_CLAIM, CHECK_AUDIENCE, ""},
        {{{"kid", "\"other\""}}, {{0}}, APISEC_E_KEY_UNKNOWN, CHECK_KEY, ""},
        {{{"kid", NULL}}, {{0}}, APISEC_OK, NUM_CHECKS, "without a kid the only key that fits"},
        {{{0}}, {{"exp", "1"}}, APISEC_E_EXPIRED, CHECK_EXPIRY, ""},
        {{{0}}, {{"nbf", "1760000000"}}, APISEC_E_NOT_YET_VALID, CHECK_NOT_BEFORE, ""},
        {{{0}}, {{"iat", "1760000000"}}, APISEC_E_NOT_YET_VALID, CHECK_ISSUED_AT, ""},
        {{{0}}, {{"exp", "1760000000"}}, APISEC_E_LIFETIME, CHECK_LIFETIME, ""},
        {{{0}}, {{"jti", NULL}}, APISEC_E_CLAIM, CHECK_CLAIMS, ""},
        {{{0}}, {{"act", "\"a\""}}, APISEC_E_CLAIM, CHECK_CLAIMS, ""},
        {{{0}}, {{"cnf", "{}"}}, APISEC_E_BINDING, CHECK_BINDING, ""},
    };
    CHECK("at+jwt", rows);
}

static void test_an_earlier_check_hides_a_later_one(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{{"typ", "\"JWT\""}}, {{"iss", "\"https://evil.example\""}}, APISEC_E_ISSUER, CHECK_ISSUER, "issuer, type"},
        {{{"typ", "\"JWT\""}, {"alg", "\"none\""}}, {{0}}, APISEC_E_TYPE, CHECK_TYPE, "type, algorithm"},
        {{{"alg", "\"none\""}}, {{"aud", "\"billing\""}}, APISEC_E_ALGORITHM, CHECK_ALGORITHM, "algorithm, audience"},
        {{{"kid", "\"other\""}}, {{"aud", "\"billing\""}}, APISEC_E_AUDIENCE, CHECK_AUDIENCE, "audience, key"},
        {{{"kid", "\"other\""}}, {{"exp", "1"}}, APISEC_E_KEY_UNKNOWN, CHECK_KEY, "key, expiry"},
        {{{0}}, {{"exp", "1"}, {"nbf", "\"x\""}}, APISEC_E_EXPIRED, CHECK_EXPIRY, "expiry, not before"},
        {{{0}}, {{"nbf", "1760000000"}, {"iat", "1760000000"}}, APISEC_E_NOT_YET_VALID, CHECK_NOT_BEFORE, "not before, issued at"},
        {{{0}}, {{"iat", "1"}, {"sub", NULL}}, APISEC_E_LIFETIME, CHECK_LIFETIME, "lifetime, claims"},
        {{{0}}, {{"sub", "7"}, {"cnf", "{}"}}, APISEC_E_CLAIM, CHECK_CLAIMS, "claims, binding"},
    };
    CHECK("at+jwt", rows);
}

/* Nothing but iss and aud is judged before the signature: whoever cannot sign learns nothing of what the claims would have done. */
static void test_the_signature_before_the_claims(void **state)
{
    (void)state;
    static const struct forge_change changes[][2] = {
        {{"exp", "1"}}, {{"exp", "\"x\""}}, {{"nbf", "null"}}, {{"sub", "7"}}, {{"act", "7"}}, {{"cnf", "{}"}}, {{"jti", NULL}},
    };
    apisec_verifier *verifier = pinned("at+jwt");
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct verification v;
        char *claims = forge_claims(changes[i]);
        char *header = forge_header("ES256", apisec_signer_key_id(signer), FORGE_SAME);
        char *token = forge_jws(header, claims, forge_signer("ES256", 1)); /* another key */
        begin_verification(&v, verifier, text_of(token), FORGE_NOW);
        assert_int_equal(verify_blocking(&v), APISEC_E_SIGNATURE);
        assert_int_equal(v.trail.at, CHECK_SIGNATURE);
        verification_free(&v);
        free(token);
        free(header);
        free(claims);
    }
    apisec_verifier_free(verifier);
}

static void test_types(void **state)
{
    (void)state;
    static const struct row access_token[] = {
        {{{"typ", "\"at+jwt\""}}, {{0}}, APISEC_OK, NUM_CHECKS, ""},
        {{{"typ", "\"AT+JWT\""}}, {{0}}, APISEC_OK, NUM_CHECKS, "no case"},
        {{{"typ", "\"application/at+jwt\""}}, {{0}}, APISEC_OK, NUM_CHECKS, ""},
        {{{"typ", "\"Application/At+Jwt\""}}, {{0}}, APISEC_OK, NUM_CHECKS, ""},
        {{{"typ", "\"text/at+jwt\""}}, {{0}}, APISEC_E_TYPE, CHECK_TYPE, ""},
        {{{"typ", "\"at+jwt \""}}, {{0}}, APISEC_E_TYPE, CHECK_TYPE, ""},
        {{{"typ", "\"\""}}, {{0}}, APISEC_E_TYPE, CHECK_TYPE, ""},
        {{{"typ", NULL}}, {{0}}, APISEC_E_TYPE, CHECK_TYPE, ""},
        {{{"typ", "7"}}, {{0}}, APISEC_E_MALFORMED, CHECK_FORM, ""},
    };
    CHECK("at+jwt", access_token);
    static const struct row plain[] = {
        {{{"typ", "\"JWT\""}}, {{0}}, APISEC_OK, NUM_CHECKS, ""},
        {{{"typ", "\"jwt\""}}, {{0}}, APISEC_OK, NUM_CHECKS, "no case"},
        {{{"typ", NULL}}, {{0}}, APISEC_OK, NUM_CHECKS, ""},
        {{{"typ", "\"at+jwt\""}}, {{0}}, APISEC_E_TYPE, CHECK_TYPE, "kinds exclude each other"},
        {{{"typ", "\"logout+jwt\""}}, {{0}}, APISEC_E_TYPE, CHECK_TYPE, ""},
        {{{"typ", "\"\""}}, {{0}}, APISEC_E_TYPE, CHECK_TYPE, ""},
        {{{"typ", NULL}}, {{"nonce", "\"n\""}}, APISEC_E_TYPE, CHECK_CLAIMS, "an ID token"},
        {{{"typ", "\"JWT\""}}, {{"jti", NULL}, {"client_id", NULL}}, APISEC_OK, NUM_CHECKS, "no more than iss, aud, exp"},
    };
    CHECK("jwt", plain);
}

static void test_the_time(void **state)
{
    (void)state;
    static const struct {
        int64_t now;
        apisec_status expected;
    } rows[] = {
        {FORGE_NOW, APISEC_OK},       {1749999900 - 60, APISEC_OK},        {1749999900 - 61, APISEC_E_NOT_YET_VALID},
        {1750000500 + 59, APISEC_OK}, {1750000500 + 60, APISEC_E_EXPIRED}, {0, APISEC_E_NOT_YET_VALID},
        {-1, APISEC_E_ARGUMENT},      {INT64_MIN, APISEC_E_ARGUMENT},      {INT64_MAX, APISEC_E_EXPIRED},
    };
    apisec_verifier *verifier = pinned("at+jwt");
    char *token = forge_token(FORGE_SAME, FORGE_SAME, signer);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct verification v;
        begin_verification(&v, verifier, text_of(token), rows[i].now);
        assert_int_equal(verify_blocking(&v), rows[i].expected);
        verification_free(&v);
    }
    free(token);
    apisec_verifier_free(verifier);
}

/* ---- waiting for keys ---- */

static void test_run_stops_where_keys_are_needed(void **state)
{
    (void)state;
    struct verification first, second;
    apisec_verifier *verifier = fetching(NULL);
    char *token = forge_token(FORGE_SAME, FORGE_SAME, signer);
    begin_verification(&first, verifier, text_of(token), FORGE_NOW);
    begin_verification(&second, verifier, text_of(token), FORGE_NOW);
    assert_int_equal(verification_run(&first, START), PASS_WORK);
    assert_non_null(first.signature.flight.keys); /* the one that fetches */
    assert_int_equal(first.trail.at, CHECK_KEY);
    assert_int_equal(first.status, APISEC_E_MISUSE);
    assert_int_equal(verification_run(&first, START), PASS_WORK); /* nothing goes on before the work has ended */
    assert_int_equal(verification_run(&second, START), PASS_WORK);
    assert_null(second.signature.flight.keys); /* the one that waits */
    assert_true(second.signature.again_ms > START);

    verification_free(&first); /* given up: the other takes over */
    second.work = NULL;
    assert_int_equal(verification_run(&second, START), PASS_WORK);
    assert_non_null(second.signature.flight.keys);
    const apisec_error why = {APISEC_E_TIMEOUT, "no answer in time"};
    keyset_fail(second.issuer->keys, second.signature.flight.ticket, &why, START);
    second.signature.flight.keys = NULL;
    second.work = NULL;
    assert_int_equal(verification_run(&second, START), PASS_ENDED);
    assert_int_equal(second.status, APISEC_E_KEYS_UNAVAILABLE);
    assert_int_equal(verification_run(&second, START + 100000), PASS_ENDED); /* ended is ended */
    assert_int_equal(second.status, APISEC_E_KEYS_UNAVAILABLE);
    verification_free(&second);
    free(token);
    apisec_verifier_free(verifier);
}

static void test_no_key_is_fetched_for_a_token_that_is_refused_before(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{{"alg", "\"none\""}}, {{0}}, APISEC_E_ALGORITHM, CHECK_ALGORITHM, ""},
        {{{0}}, {{"aud", "\"billing\""}}, APISEC_E_AUDIENCE, CHECK_AUDIENCE, ""},
        {{{0}}, {{"iss", "\"https://evil.example\""}}, APISEC_E_ISSUER, CHECK_ISSUER, ""},
        {{{"crit", "[\"x\"]"}}, {{0}}, APISEC_E_MALFORMED, CHECK_FORM, ""},
    };
    struct script script;
    script_init(&script, NULL, 0); /* any request fails the test */
    apisec_verifier *verifier = fetching(&script.http);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) check_row(verifier, &rows[i]);
    apisec_verifier_free(verifier);
    script_end(&script);
}

static void test_blocking_fetches_and_goes_on(void **state)
{
    (void)state;
    struct verification v;
    struct script script;
    char *set = forge_jwks((const apisec_signer *[]){signer, NULL});
    const struct script_answer answers[] = {{.url = JWKS_URL, .status = 200, .headers = JSON, .body = set}};
    script_init(&script, answers, 1);
    apisec_verifier *verifier = fetching(&script.http);
    char *token = forge_token(FORGE_SAME, FORGE_SAME, signer);
    for (int i = 0; i < 3; i++) { /* the first fetches */
        begin_verification(&v, verifier, text_of(token), FORGE_NOW);
        assert_int_equal(verify_blocking(&v), APISEC_OK);
        verification_free(&v);
    }
    free(token);
    apisec_verifier_free(verifier);
    script_end(&script);
    free(set);
}

static void test_blocking_without_a_transport(void **state)
{
    (void)state;
    struct verification v;
    apisec_verifier *verifier = fetching(NULL);
    char *token = forge_token(FORGE_SAME, FORGE_SAME, signer);
    begin_verification(&v, verifier, text_of(token), FORGE_NOW);
    assert_int_equal(verify_blocking(&v), APISEC_E_NO_TRANSPORT);
    assert_int_equal(v.trail.at, CHECK_KEY);
    verification_free(&v);
    free(token);
    apisec_verifier_free(verifier);
}

static int begin(void **state)
{
    (void)state;
    signer = forge_signer("ES256", 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_check),
        cmocka_unit_test(test_an_earlier_check_hides_a_later_one),
        cmocka_unit_test(test_the_signature_before_the_claims),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_the_time),
        cmocka_unit_test(test_run_stops_where_keys_are_needed),
        cmocka_unit_test(test_no_key_is_fetched_for_a_token_that_is_refused_before),
        cmocka_unit_test(test_blocking_fetches_and_goes_on),
        cmocka_unit_test(test_blocking_without_a_transport),
    };
    return cmocka_run_group_tests_name("verify", tests, begin, end);
}
