/* SPDX-License-Identifier: Apache-2.0
 *
 * test_trust.c: the builder: each setter given something wrong, beside the same setter given something right; NULL everywhere; and
 * that the first error is the one that apisec_verifier_new reports, with the issuer's name.
 */
#include "support/unit.h"
#include "support/forge.h"
#include "token/token.h"

#include <stdlib.h>
#include <string.h>

#define URL "https://id.example/jwks"

/* complete makes an issuer that lacks nothing but its keys. */
static apisec_issuer *complete(apisec_trust *trust, const char *name)
{
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, name);
    apisec_issuer_add_audience(issuer, "orders");
    apisec_issuer_allow_algorithm(issuer, "ES256");
    return issuer;
}

static apisec_status freeze(apisec_trust *trust, apisec_error *err)
{
    apisec_verifier *verifier = (apisec_verifier *)trust; /* anything but NULL */
    const apisec_status status = apisec_verifier_new(trust, NULL, &verifier, err);
    assert_int_equal(err->status, status);
    if (status == APISEC_OK) assert_non_null(verifier);
    if (status != APISEC_OK) assert_null(verifier);
    apisec_verifier_free(verifier);
    return status;
}

struct row {
    const char *value;
    apisec_status expected;
    const char *says; /* part of the sentence */
};

static void check_rows(void (*set)(apisec_issuer *, const char *), const struct row *rows, size_t num, bool with_keys)
{
    for (size_t i = 0; i < num; i++) {
        apisec_error err;
        apisec_trust *trust = apisec_trust_new();
        apisec_issuer *issuer = complete(trust, FORGE_ISSUER);
        set(issuer, rows[i].value);
        if (with_keys) apisec_issuer_set_jwks_uri(issuer, URL);
        const apisec_status status = freeze(trust, &err);
        if (status != rows[i].expected)
            fail_msg("%s: %s: %s", rows[i].value, apisec_status_name(status), err.text);
        if (status != APISEC_OK) {
            assert_non_null(strstr(err.text, FORGE_ISSUER));
            if (strstr(err.text, rows[i].says) == NULL) fail_msg("%s: says %s", rows[i].value, err.text);
        }
        apisec_trust_free(trust);
    }
}

static void test_algorithms(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"RS256", APISEC_OK, ""}, {"RS384", APISEC_OK, ""}, {"RS512", APISEC_OK, ""},
        {"PS256", APISEC_OK, ""}, {"PS384", APISEC_OK, ""}, {"PS512", APISEC_OK, ""},
        {"ES256", APISEC_OK, ""}, {"ES384", APISEC_OK, ""}, {"ES512", APISEC_OK, ""},
        {"none", APISEC_E_CONFIG, "algorithm"},
        {"None", APISEC_E_CONFIG, "algorithm"},
        {"", APISEC_E_CONFIG, "algorithm"},
        {NULL, APISEC_E_CONFIG, "algorithm"},
        {"es256", APISEC_E_CONFIG, "algorithm"},
        {"ES256 ", APISEC_E_CONFIG, "algorithm"},
        {"RSA-OAEP", APISEC_E_CONFIG, "algorithm"},
        {"HS256", APISEC_E_CONFIG, "pinned"}, /* with fetched keys */
        {"HS384", APISEC_E_CONFIG, "pinned"},
        {"HS512", APISEC_E_CONFIG, "pinned"},
    };
    check_rows(apisec_issuer_allow_algorithm, rows, sizeof rows / sizeof rows[0], true);
}

static void test_profiles(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"at+jwt", APISEC_OK, ""},
        {"jwt", APISEC_OK, ""},
        {"txntoken+jwt", APISEC_OK, ""},
        {"txntoken", APISEC_E_CONFIG, "profile"},
        {"id", APISEC_E_CONFIG, "profile"},
        {"AT+JWT", APISEC_E_CONFIG, "profile"},
        {"", APISEC_E_CONFIG, "profile"},
        {NULL, APISEC_E_CONFIG, "profile"},
    };
    check_rows(apisec_issuer_set_profile, rows, sizeof rows / sizeof rows[0], true);
}

static void test_audiences(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"billing", APISEC_OK, ""},
        {"orders", APISEC_OK, ""}, /* twice the same does no harm */
        {"", APISEC_E_CONFIG, "audience"},
        {NULL, APISEC_E_CONFIG, "audience"},
    };
    check_rows(apisec_issuer_add_audience, rows, sizeof rows / sizeof rows[0], true);
}

static void test_required_claims(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"tenant", APISEC_OK, ""},
        {"", APISEC_E_CONFIG, "claim"},
        {NULL, APISEC_E_CONFIG, "claim"},
    };
    check_rows(apisec_issuer_require_claim, rows, sizeof rows / sizeof rows[0], true);
}

static void test_key_set_urls(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {URL, APISEC_OK, ""},
        {"HTTPS://id.example/jwks", APISEC_OK, ""},
        {"http://id.example/jwks", APISEC_E_CONFIG, ""},
        {"file:///etc/jwks", APISEC_E_CONFIG, ""},
        {"https://user@id.example/jwks", APISEC_E_CONFIG, ""},
        {"https://id.example/jwks#a", APISEC_E_CONFIG, ""},
        {"https:///jwks", APISEC_E_CONFIG, ""},
        {"id.example/jwks", APISEC_E_CONFIG, ""},
        {"https://id.example/a b", APISEC_E_CONFIG, ""},
        {"", APISEC_E_CONFIG, ""},
        {NULL, APISEC_E_CONFIG, "NULL"},
    };
    check_rows(apisec_issuer_set_jwks_uri, rows, sizeof rows / sizeof rows[0], false);
}

static void test_names_of_issuers(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"https://id.example", APISEC_OK, ""},
        {"urn:example:issuer", APISEC_OK, ""}, /* RFC 7519: any string */
        {"", APISEC_E_CONFIG, "name"},
        {NULL, APISEC_E_CONFIG, "name"},
        {"https://id.example\n", APISEC_E_CONFIG, "name"},
        {"https://\xc3\xbc.example", APISEC_E_CONFIG, "name"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_error err;
        apisec_trust *trust = apisec_trust_new();
        apisec_issuer *issuer = complete(trust, rows[i].value);
        assert_int_equal(issuer != NULL, rows[i].expected == APISEC_OK);
        apisec_issuer_set_jwks_uri(issuer, URL);
        assert_int_equal(freeze(trust, &err), rows[i].expected);
        assert_non_null(strstr(err.text, rows[i].says));
        apisec_trust_free(trust);
    }
}

static void test_discovery_needs_a_url(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"https://id.example", APISEC_OK, ""},
        {"https://id.example/tenant/", APISEC_OK, ""},
        {"http://id.example", APISEC_E_CONFIG, "https"},
        {"https://id.example/?tenant=1", APISEC_E_CONFIG, "query"},
        {"https://id.example/#a", APISEC_E_CONFIG, "fragment"},
        {"urn:example:issuer", APISEC_E_CONFIG, "https"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_error err;
        apisec_trust *trust = apisec_trust_new();
        apisec_issuer_discover(complete(trust, rows[i].value));
        assert_int_equal(freeze(trust, &err), rows[i].expected);
        assert_non_null(strstr(err.text, rows[i].says));
        apisec_trust_free(trust);
    }
}

static void test_one_source_of_keys(void **state)
{
    (void)state;
    const apisec_signer *signer = forge_signer("ES256", 0);
    char *set = forge_jwks((const apisec_signer *[]){signer, NULL});
    for (int first = 0; first < 3; first++) {
        for (int second = -1; second < 3; second++) {
            apisec_error err;
            apisec_trust *trust = apisec_trust_new();
            apisec_issuer *issuer = complete(trust, FORGE_ISSUER);
            for (int k = 0; k < 2; k++) {
                const int source = k == 0 ? first : second;
                if (source == 0) apisec_issuer_set_jwks(issuer, set, strlen(set));
                if (source == 1) apisec_issuer_set_jwks_uri(issuer, URL);
                if (source == 2) apisec_issuer_discover(issuer);
            }
            assert_int_equal(freeze(trust, &err), second < 0 ? APISEC_OK : APISEC_E_CONFIG);
            if (second >= 0) assert_non_null(strstr(err.text, "two sources"));
            apisec_trust_free(trust);
        }
    }
    free(set);
}

static void test_key_set_text(void **state)
{
    (void)state;
    apisec_error err;
    static char large[JOSE_MAX_KEY_SET + 1];
    memset(large, ' ', sizeof large);
    for (int i = 0; i < 2; i++) {
        apisec_trust *trust = apisec_trust_new();
        apisec_issuer_set_jwks(complete(trust, FORGE_ISSUER), i == 0 ? NULL : large, sizeof large);
        assert_int_equal(freeze(trust, &err), APISEC_E_CONFIG);
        assert_non_null(strstr(err.text, i == 0 ? "NULL" : "256 KiB"));
        apisec_trust_free(trust);
    }
}

static void test_token_cache(void **state)
{
    (void)state;
    static const struct {
        size_t max_tokens;
        uint32_t max_age_s;
        apisec_status expected;
    } rows[] = {
        {1, 1, APISEC_OK},        {1048576, 3600, APISEC_OK}, {0, 0, APISEC_OK},
        {1, 0, APISEC_E_CONFIG},  {1, 3601, APISEC_E_CONFIG}, {1048577, 300, APISEC_E_CONFIG},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_error err;
        apisec_trust *trust = apisec_trust_new();
        apisec_issuer_set_jwks_uri(complete(trust, FORGE_ISSUER), URL);
        apisec_trust_set_token_cache(trust, rows[i].max_tokens, rows[i].max_age_s);
        const apisec_status status = freeze(trust, &err);
        if (status != rows[i].expected) fail_msg("row %zu: %s: %s", i, apisec_status_name(status), err.text);
        if (status != APISEC_OK) assert_non_null(strstr(err.text, "token cache"));
        apisec_trust_free(trust);
    }
    apisec_trust_set_token_cache(NULL, 1, 1);
}

static void test_leeway(void **state)
{
    (void)state;
    static const struct {
        uint32_t seconds;
        apisec_status expected;
    } rows[] = {{0, APISEC_OK}, {60, APISEC_OK}, {300, APISEC_OK}, {301, APISEC_E_CONFIG}, {UINT32_MAX, APISEC_E_CONFIG}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_error err;
        apisec_trust *trust = apisec_trust_new();
        apisec_issuer *issuer = complete(trust, FORGE_ISSUER);
        apisec_issuer_set_jwks_uri(issuer, URL);
        apisec_issuer_set_leeway(issuer, rows[i].seconds);
        assert_int_equal(freeze(trust, &err), rows[i].expected);
        apisec_trust_free(trust);
    }
}

static void test_realm_and_metadata(void **state)
{
    (void)state;
    static const struct {
        const char *realm, *metadata;
        apisec_status expected;
    } rows[] = {
        {"orders", "https://orders.example/.well-known/oauth-protected-resource", APISEC_OK},
        {"", "https://orders.example/", APISEC_OK},
        {"a\"b\\c", "https://orders.example/", APISEC_OK}, /* the challenge escapes it */
        {"a\nb", "https://orders.example/", APISEC_E_CONFIG},
        {NULL, "https://orders.example/", APISEC_E_CONFIG},
        {"orders", "http://orders.example/", APISEC_E_CONFIG},
        {"orders", NULL, APISEC_E_CONFIG},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_error err;
        apisec_trust *trust = apisec_trust_new();
        apisec_issuer_set_jwks_uri(complete(trust, FORGE_ISSUER), URL);
        apisec_trust_set_realm(trust, "first"); /* a later one replaces it */
        apisec_trust_set_realm(trust, rows[i].realm);
        apisec_trust_set_resource_metadata(trust, rows[i].metadata);
        assert_int_equal(freeze(trust, &err), rows[i].expected);
        apisec_trust_free(trust);
    }
}

static void test_the_same_issuer_twice(void **state)
{
    (void)state;
    apisec_error err;
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer_set_jwks_uri(complete(trust, FORGE_ISSUER), URL);
    apisec_issuer_set_jwks_uri(complete(trust, FORGE_ISSUER "/"), URL); /* another name */
    assert_int_equal(freeze(trust, &err), APISEC_OK);
    assert_null(apisec_trust_add_issuer(trust, FORGE_ISSUER));
    assert_int_equal(freeze(trust, &err), APISEC_E_CONFIG);
    assert_non_null(strstr(err.text, "twice"));
    assert_non_null(strstr(err.text, FORGE_ISSUER));
    apisec_trust_free(trust);
}

static void test_the_first_error_stands(void **state)
{
    (void)state;
    apisec_error err;
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *issuer = complete(trust, FORGE_ISSUER);
    apisec_issuer_set_leeway(issuer, 301);
    apisec_issuer_set_leeway(issuer, 60); /* making it right again does not help: the program is wrong */
    apisec_issuer_set_profile(issuer, "logout+jwt");
    apisec_issuer_set_jwks_uri(issuer, URL);
    assert_int_equal(freeze(trust, &err), APISEC_E_CONFIG);
    assert_non_null(strstr(err.text, "leeway"));
    apisec_trust_set_realm(trust, "a\nb");
    assert_int_equal(freeze(trust, &err), APISEC_E_CONFIG);
    assert_non_null(strstr(err.text, "leeway"));
    apisec_trust_free(trust);
}

static void test_null(void **state)
{
    (void)state;
    apisec_error err;
    assert_null(apisec_trust_add_issuer(NULL, FORGE_ISSUER));
    apisec_trust_set_realm(NULL, "a");
    apisec_trust_set_resource_metadata(NULL, URL);
    apisec_issuer_add_audience(NULL, "a");
    apisec_issuer_allow_algorithm(NULL, "ES256");
    apisec_issuer_set_profile(NULL, "jwt");
    apisec_issuer_set_jwks(NULL, "{}", 2);
    apisec_issuer_set_jwks_uri(NULL, URL);
    apisec_issuer_discover(NULL);
    apisec_issuer_require_claim(NULL, "a");
    apisec_issuer_set_leeway(NULL, 1);
    apisec_issuer_set_max_lifetime(NULL, 1);
    apisec_trust_free(NULL);
    assert_int_equal(freeze(NULL, &err), APISEC_E_MEMORY);
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
        cmocka_unit_test(test_algorithms),
        cmocka_unit_test(test_profiles),
        cmocka_unit_test(test_audiences),
        cmocka_unit_test(test_required_claims),
        cmocka_unit_test(test_key_set_urls),
        cmocka_unit_test(test_names_of_issuers),
        cmocka_unit_test(test_discovery_needs_a_url),
        cmocka_unit_test(test_one_source_of_keys),
        cmocka_unit_test(test_key_set_text),
        cmocka_unit_test(test_leeway),
        cmocka_unit_test(test_token_cache),
        cmocka_unit_test(test_realm_and_metadata),
        cmocka_unit_test(test_the_same_issuer_twice),
        cmocka_unit_test(test_the_first_error_stands),
        cmocka_unit_test(test_null),
    };
    return cmocka_run_group_tests_name("trust", tests, NULL, end);
}
