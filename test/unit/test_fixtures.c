/* SPDX-License-Identifier: Apache-2.0
 *
 * test_fixtures.c: tokens and key sets recorded from real authorization servers (test/fixtures/README.md), judged with the clock
 * set to the moment after they were issued. Each refused row differs from an accepted one in one thing.
 */
#include <apisec/apisec.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OIDC "https://localhost:9443"
#define GLEWLWYD "https://localhost:4593/api/oidc"
#define RECORDED 1795364336 /* 2026-11-22, one second after the last one was issued */

struct row {
    const char *file;
    const char *issuer;
    const char *audience;
    const char *algorithm;
    const char *profile;
    int64_t now;
    apisec_status expected;
    const char *why;
};

static const struct row rows[] = {
    {"oidc-provider/exchanged-rs256", OIDC, "https://rs256.test/", "RS256", "at+jwt", RECORDED, APISEC_OK, "exchanged, with act"},
    {"oidc-provider/access-rs256", OIDC, "https://rs256.test/", "RS256", "at+jwt", RECORDED, APISEC_OK, "a user's access token"},
    {"oidc-provider/access-es256", OIDC, "https://es256.test/", "ES256", "at+jwt", RECORDED, APISEC_OK, "a user's access token"},
    {"oidc-provider/access-ps256", OIDC, "https://ps256.test/", "PS256", "at+jwt", RECORDED, APISEC_OK, "a user's access token"},
    {"oidc-provider/service-rs256", OIDC, "https://rs256.test/", "RS256", "at+jwt", RECORDED, APISEC_OK, "client credentials"},
    {"oidc-provider/service-es256", OIDC, "https://es256.test/", "ES256", "at+jwt", RECORDED, APISEC_OK, "client credentials"},
    {"oidc-provider/service-ps256", OIDC, "https://ps256.test/", "PS256", "at+jwt", RECORDED, APISEC_OK, "client credentials"},
    {"glewlwyd/service-rs256", GLEWLWYD, "https://orders.test/", "RS256", "at+jwt", RECORDED, APISEC_OK, "client credentials"},
    {"glewlwyd/service-es256", GLEWLWYD, "https://orders.test/", "ES256", "at+jwt", RECORDED, APISEC_OK, "client credentials"},
    {"glewlwyd/access-rs256", GLEWLWYD, "orders:read orders:write", "RS256", "at+jwt", RECORDED, APISEC_OK, "aud is one string"},
    {"glewlwyd/access-es256", GLEWLWYD, "orders:read orders:write", "ES256", "at+jwt", RECORDED, APISEC_OK, "aud is one string"},

    {"oidc-provider/access-rs256", OIDC, "https://es256.test/", "RS256", "at+jwt", RECORDED, APISEC_E_AUDIENCE, "another audience"},
    {"glewlwyd/access-es256", GLEWLWYD, "orders:read", "ES256", "at+jwt", RECORDED, APISEC_E_AUDIENCE, "a part of the one string"},
    {"oidc-provider/access-rs256", OIDC "/", "https://rs256.test/", "RS256", "at+jwt", RECORDED, APISEC_E_ISSUER, "one slash more"},
    {"oidc-provider/access-rs256", OIDC, "https://rs256.test/", "PS256", "at+jwt", RECORDED, APISEC_E_ALGORITHM, "not pinned"},
    {"oidc-provider/access-es256", OIDC, "https://es256.test/", "ES256", "at+jwt", RECORDED + 3600, APISEC_E_EXPIRED,
     "an hour later"},
    {"oidc-provider/access-es256", OIDC, "https://es256.test/", "ES256", "at+jwt", RECORDED - 3600, APISEC_E_NOT_YET_VALID,
     "early"},
    {"oidc-provider/access-es256", OIDC, "https://es256.test/", "ES256", "jwt", RECORDED, APISEC_E_TYPE,
     "at+jwt where jwt is agreed"},
    {"oidc-provider/id-rs256", OIDC, "web-rs256", "RS256", "at+jwt", RECORDED, APISEC_E_TYPE, "an ID token has no typ"},
    {"oidc-provider/id-es256", OIDC, "https://es256.test/", "ES256", "jwt", RECORDED, APISEC_E_AUDIENCE, "it is for the client"},
    {"oidc-provider/id-ps256", OIDC, "https://ps256.test/", "PS256", "jwt", RECORDED, APISEC_E_AUDIENCE, "it is for the client"},
    {"glewlwyd/id-rs256", GLEWLWYD, "web-rs256", "RS256", "at+jwt", RECORDED, APISEC_E_TYPE, "an ID token has typ JWT"},
    {"glewlwyd/id-es256", GLEWLWYD, "https://orders.test/", "ES256", "jwt", RECORDED, APISEC_E_AUDIENCE, "it is for the client"},
};

static char *read_file(const char *name, const char *suffix, size_t *len)
{
    char path[256];
    const char *folder = getenv("FIXTURES");
    (void)snprintf(path, sizeof path, "%s/%s%s", folder != NULL ? folder : "test/fixtures", name, suffix);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *bytes = calloc(1, 65536);
    assert_non_null(bytes);
    *len = fread(bytes, 1, 65535, file);
    assert_int_equal(fclose(file), 0);
    return bytes;
}

static apisec_verifier *make_verifier(const struct row *row)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%.*s/jwks", (int)strcspn(row->file, "/"), row->file);
    size_t jwks_len = 0;
    char *jwks = read_file(name, ".json", &jwks_len);
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, row->issuer);
    apisec_issuer_add_audience(issuer, row->audience);
    apisec_issuer_allow_algorithm(issuer, row->algorithm);
    apisec_issuer_set_profile(issuer, row->profile);
    apisec_issuer_set_jwks(issuer, jwks, jwks_len);
    apisec_verifier *verifier = NULL;
    apisec_error err;
    if (apisec_verifier_new(trust, NULL, &verifier, &err) != APISEC_OK) fail_msg("%s: %s", row->file, err.text);
    apisec_trust_free(trust);
    free(jwks);
    return verifier;
}

static apisec_status verify_file(const struct row *row, apisec_token **token, apisec_error *err)
{
    apisec_verifier *verifier = make_verifier(row);
    size_t len = 0;
    char *text = read_file(row->file, ".jwt", &len);
    assert_true(len > 1 && text[len - 1] == '\n');
    apisec_status status = apisec_verify(verifier, text, len - 1, row->now, token, err);
    free(text);
    apisec_verifier_free(verifier);
    return status;
}

static void test_recorded_tokens(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        apisec_token *token = NULL;
        apisec_error err;
        apisec_status status = verify_file(&rows[i], &token, &err);
        if (status != rows[i].expected)
            fail_msg("%s (%s): %s, not %s: %s", rows[i].file, rows[i].why, apisec_status_name(status),
                     apisec_status_name(rows[i].expected), err.text);
        assert_true((token != NULL) == (status == APISEC_OK));
        apisec_token_free(token);
    }
}

static void test_exchanged_token_names_its_actor(void **state)
{
    (void)state;
    apisec_token *token = NULL;
    assert_int_equal(verify_file(&rows[0], &token, NULL), APISEC_OK);
    assert_string_equal(apisec_token_subject(token), "alice");
    assert_string_equal(apisec_token_actor(token, 0), "svc-basic");
    assert_null(apisec_token_actor(token, 1));
    assert_int_equal(apisec_token_has_scope(token, "orders:read"), APISEC_OK);
    assert_int_equal(apisec_token_has_scope(token, "orders:write"), APISEC_E_SCOPE);
    apisec_token_free(token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recorded_tokens),
        cmocka_unit_test(test_exchanged_token_names_its_actor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
