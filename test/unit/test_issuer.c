/* SPDX-License-Identifier: Apache-2.0
 *
 * test_issuer.c: one issuer as a whole: what it lacks or contradicts, beside the complete one; and what its defaults are.
 */
#include "support/unit.h"
#include "support/forge.h"
#include "token/token.h"

#include <stdlib.h>
#include <string.h>

static const char hmac_set[] = "{\"keys\":[{\"kty\":\"oct\",\"alg\":\"HS256\",\"kid\":\"h\","
                               "\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}]}";

struct row {
    const char *audience, *algorithm, *keys; /* NULL: left out. keys: a set's text, a URL, or "discover" */
    apisec_status expected;
    const char *says;
};

static apisec_trust *build(const struct row *row)
{
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, FORGE_ISSUER);
    if (row->audience != NULL) apisec_issuer_add_audience(issuer, row->audience);
    if (row->algorithm != NULL) apisec_issuer_allow_algorithm(issuer, row->algorithm);
    if (row->keys == NULL) return trust;
    if (row->keys[0] == '{') apisec_issuer_set_jwks(issuer, row->keys, strlen(row->keys));
    if (row->keys[0] == 'h') apisec_issuer_set_jwks_uri(issuer, row->keys);
    if (row->keys[0] == 'd') apisec_issuer_discover(issuer);
    return trust;
}

static void test_complete_or_not(void **state)
{
    (void)state;
    char *ec = forge_jwks((const apisec_signer *[]){forge_signer("ES256", 0), NULL});
    char *private_ec = forge_replace("{\"keys\":[@]}", "@", apisec_signer_private_jwk(forge_signer("ES256", 0)));
    const struct row rows[] = {
        {"orders", "ES256", ec, APISEC_OK, ""},
        {"orders", "ES256", "https://id.example/jwks", APISEC_OK, ""},
        {"orders", "ES256", "discover", APISEC_OK, ""},
        {NULL, "ES256", ec, APISEC_E_CONFIG, "no audience"},
        {"orders", NULL, ec, APISEC_E_CONFIG, "no algorithm"},
        {"orders", "ES256", NULL, APISEC_E_CONFIG, "no source of keys"},
        {"orders", "HS256", hmac_set, APISEC_OK, ""},
        {"orders", "HS256", "https://id.example/jwks", APISEC_E_CONFIG, "pinned"},
        {"orders", "HS512", "discover", APISEC_E_CONFIG, "pinned"},
        {"orders", "HS512", hmac_set, APISEC_E_CONFIG, "no key"},   /* `alg` of the key says HS256 */
        {"orders", "RS256", ec, APISEC_E_CONFIG, "no key"},
        {"orders", "ES384", ec, APISEC_E_CONFIG, "no key"},
        {"orders", "HS256", ec, APISEC_E_CONFIG, "no key"},
        {"orders", "ES256", private_ec, APISEC_E_CONFIG, "key set"},
        {"orders", "ES256", "{\"keys\":[]}", APISEC_E_CONFIG, "key set"},
        {"orders", "ES256", "{}", APISEC_E_CONFIG, "key set"},
        {"orders", "ES256", "{\"keys\":", APISEC_E_CONFIG, "key set"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_error err = {APISEC_OK, ""};
        struct issuer issuer;
        apisec_trust *trust = build(&rows[i]);
        assert_int_equal(trust->error.status, APISEC_OK);
        const apisec_status status = issuer_new(trust->first, &issuer, &err);
        if (status != rows[i].expected) fail_msg("row %zu: %s: %s", i, apisec_status_name(status), err.text);
        if (status != APISEC_OK && strstr(err.text, rows[i].says) == NULL) fail_msg("row %zu says %s", i, err.text);
        if (status != APISEC_OK) assert_non_null(strstr(err.text, FORGE_ISSUER));
        if (status == APISEC_OK) issuer_free(&issuer);
        if (status != APISEC_OK) assert_null(issuer.keys);
        apisec_trust_free(trust);
    }
    free(private_ec);
    free(ec);
}

static void test_defaults(void **state)
{
    (void)state;
    static const struct row row = {"orders", "HS256", hmac_set, APISEC_OK, ""};
    static const struct {
        const char *profile;
        int64_t lifetime; /* -1: not set */
        int64_t expected;
        const char *why;
    } rows[] = {
        {NULL, -1, 86400, "at+jwt is the default"},
        {"at+jwt", -1, 86400, ""},
        {"jwt", -1, 0, "no limit"},
        {"txntoken+jwt", -1, 360, "6 min"},
        {"txntoken+jwt", 60, 60, ""},
        {"at+jwt", 0, 0, "0 takes the limit away"},
        {"at+jwt", 600, 600, ""},
        {"jwt", UINT32_MAX, UINT32_MAX, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct issuer issuer;
        apisec_trust *trust = build(&row);
        if (rows[i].profile != NULL) apisec_issuer_set_profile(trust->first, rows[i].profile);
        if (rows[i].lifetime >= 0) apisec_issuer_set_max_lifetime(trust->first, (uint32_t)rows[i].lifetime);
        assert_int_equal(issuer_new(trust->first, &issuer, NULL), APISEC_OK);
        apisec_trust_free(trust); /* the issuer keeps nothing of it */
        if (issuer.max_lifetime != rows[i].expected) fail_msg("row %zu: %s", i, rows[i].why);
        assert_int_equal(issuer.leeway, 60);
        assert_string_equal(issuer.name, FORGE_ISSUER);
        assert_int_equal(issuer.audiences.num, 1);
        assert_string_equal(issuer.audiences.at[0], "orders");
        issuer_free(&issuer);
    }
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
        cmocka_unit_test(test_complete_or_not),
        cmocka_unit_test(test_defaults),
    };
    return cmocka_run_group_tests_name("issuer", tests, NULL, end);
}
