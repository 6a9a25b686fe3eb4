/* SPDX-License-Identifier: Apache-2.0
 *
 * test_recheck.c: what is judged on every use of a token: its time, to the second, and that a bound token is refused where nothing
 * proves possession.
 */
#include "support/unit.h"
#include "support/forge.h"
#include "token/token.h"

#include <stdlib.h>

static const apisec_signer *signer;

static apisec_verifier *pinned(void)
{
    char *set = forge_jwks((const apisec_signer *[]){signer, NULL});
    apisec_verifier *verifier = NULL;
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, FORGE_ISSUER);
    apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
    apisec_issuer_allow_algorithm(issuer, "ES256");
    apisec_issuer_set_leeway(issuer, 10);
    apisec_issuer_set_jwks(issuer, set, strlen(set));
    assert_int_equal(apisec_verifier_new(trust, NULL, &verifier, NULL), APISEC_OK);
    apisec_trust_free(trust);
    free(set);
    return verifier;
}

static void test_binding(void **state)
{
    (void)state;
    static const struct {
        struct forge_change change;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {{"cnf", NULL}, APISEC_OK, "bound to nothing"},
        {{"cnf", "{\"jkt\":\"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I\"}"}, APISEC_E_BINDING, "DPoP"},
        {{"cnf", "{\"x5t#S256\":\"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2\"}"}, APISEC_E_BINDING, "mTLS"},
        {{"cnf", "{\"unknown\":1}"}, APISEC_E_BINDING, "a way of proof that nobody knows"},
        {{"cnf", "{}"}, APISEC_E_BINDING, "even an empty one"},
        {{"cnf", "null"}, APISEC_E_CLAIM, ""},
        {{"cnf", "\"a\""}, APISEC_E_CLAIM, ""},
        {{"cnf", "[]"}, APISEC_E_CLAIM, ""},
        {{"Cnf", "{}"}, APISEC_OK, "another name"},
    };
    apisec_verifier *verifier = pinned();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *bytes = forge_token((const struct forge_change[]){rows[i].change, {NULL, NULL}}, FORGE_SAME, signer);
        struct verification v;
        const struct presented bare = present_bare(text_of(bytes));
        verification_init(&v, verifier, &bare, FORGE_NOW);
        const apisec_status status = verify_blocking(&v);
        if (status != rows[i].expected) fail_msg("%s: %s", rows[i].change.value, apisec_status_name(status));
        if (status == APISEC_OK) assert_non_null(v.token);
        else assert_null(v.token); /* nobody can use it by mistake */
        assert_int_equal(v.trail.at, status == APISEC_OK ? NUM_CHECKS : CHECK_BINDING);
        verification_free(&v);
        free(bytes);
    }
    apisec_verifier_free(verifier);
}

static void test_times(void **state)
{
    (void)state;
    static const struct {
        int64_t now;
        apisec_status expected;
        enum check at;
    } rows[] = {
        {1000, APISEC_OK, CHECK_FORM},          {1509, APISEC_OK, CHECK_FORM}, {1510, APISEC_E_EXPIRED, CHECK_EXPIRY},
        {1600, APISEC_E_EXPIRED, CHECK_EXPIRY}, {940, APISEC_OK, CHECK_FORM},  {939, APISEC_E_NOT_YET_VALID, CHECK_NOT_BEFORE},
    };
    apisec_verifier *verifier = pinned();
    apisec_token *token = NULL;
    char *bytes = forge_token((const struct forge_change[]){{"exp", "1500"}, {"iat", "900"}, {"nbf", "950"}, {NULL, NULL}},
                              FORGE_SAME, signer);
    assert_int_equal(apisec_verify(verifier, bytes, strlen(bytes), 1000, &token, NULL), APISEC_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trail trail = {CHECK_FORM, 0};
        assert_int_equal(token_check_times(token, 10, rows[i].now, &trail, NULL), rows[i].expected);
        assert_int_equal(trail.at, rows[i].at);
    }
    apisec_token_free(token);
    free(bytes);

    bytes = forge_token((const struct forge_change[]){{"exp", "1500"}, {"iat", "900"}, {NULL, NULL}}, FORGE_SAME, signer);
    assert_int_equal(apisec_verify(verifier, bytes, strlen(bytes), 1000, &token, NULL), APISEC_OK);
    struct trail trail = {CHECK_FORM, 0};
    assert_int_equal(token_check_times(token, 10, 890, &trail, NULL), APISEC_OK);
    assert_int_equal(token_check_times(token, 10, 889, &trail, NULL), APISEC_E_NOT_YET_VALID); /* issued in the future */
    assert_int_equal(trail.at, CHECK_ISSUED_AT);
    apisec_token_free(token);
    free(bytes);
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
        cmocka_unit_test(test_binding),
        cmocka_unit_test(test_times),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
