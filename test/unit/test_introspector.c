/* SPDX-License-Identifier: Apache-2.0
 *
 * test_introspector.c: the set-up of introspection: what each setter takes and refuses, what an issuer lacks as a whole, and which
 * issuers may stand side by side.
 */
#include "support/unit.h"
#include "support/reference.h"
#include "token/introspect.h"

#include <stdlib.h>
#include <string.h>

static char *set;

/* What is set up; NULL and 0: it is not. */
struct row {
    const char *url, *id, *secret;
    const char *algorithm, *keys;
    bool is_signed, with_cache;
    uint32_t cache_s;
    const char *prefix;
    apisec_status expected;
    const char *says;
};

static apisec_status freeze(apisec_trust *trust, apisec_error *err)
{
    apisec_verifier *verifier = NULL;
    const apisec_status status = apisec_verifier_new(trust, NULL, &verifier, err);
    assert_int_equal(verifier != NULL, status == APISEC_OK);
    apisec_verifier_free(verifier);
    apisec_trust_free(trust);
    return status;
}

static void check_row(const struct row *row)
{
    apisec_error err;
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, FORGE_ISSUER);
    apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
    if (row->url != NULL) apisec_issuer_set_introspection(issuer, row->url);
    if (row->id != NULL) apisec_issuer_set_introspection_basic(issuer, row->id, row->secret, strlen(row->secret));
    if (row->algorithm != NULL) apisec_issuer_allow_algorithm(issuer, row->algorithm);
    if (row->keys != NULL) apisec_issuer_set_jwks(issuer, row->keys, strlen(row->keys));
    if (row->is_signed) apisec_issuer_require_signed_introspection(issuer);
    if (row->with_cache) apisec_issuer_set_introspection_cache(issuer, row->cache_s);
    if (row->prefix != NULL) apisec_issuer_set_opaque_prefix(issuer, row->prefix);
    const apisec_status status = freeze(trust, &err);
    if (status != row->expected || strstr(err.text, row->says) == NULL)
        fail_msg("%s, not \"%s\": %s", apisec_status_name(status), row->says, err.text);
    if (status != APISEC_OK) assert_non_null(strstr(err.text, FORGE_ISSUER));
    if (row->secret != NULL && row->secret[0] != '\0') assert_null(strstr(err.text, row->secret));
}

static void complete_or_not(void **state)
{
    (void)state;
    const char *url = REFERENCE_URL, *id = REFERENCE_CLIENT, *secret = REFERENCE_SECRET;
    const struct row rows[] = {
        {url, id, secret, NULL, NULL, false, false, 0, NULL, APISEC_OK, ""},
        {url, id, secret, "ES256", set, false, false, 0, NULL, APISEC_OK, ""},
        {url, id, secret, "ES256", set, true, false, 0, NULL, APISEC_OK, ""},
        {url, id, secret, NULL, NULL, true, false, 0, NULL, APISEC_E_CONFIG, "needs an algorithm and keys"},
        {url, id, secret, "ES256", NULL, false, false, 0, NULL, APISEC_E_CONFIG, "no source of keys"},
        {url, id, secret, NULL, set, false, false, 0, NULL, APISEC_E_CONFIG, "no algorithm"},
        {url, NULL, NULL, NULL, NULL, false, false, 0, NULL, APISEC_E_CONFIG, "no client authentication"},
        {NULL, id, secret, NULL, NULL, false, false, 0, NULL, APISEC_E_CONFIG, "no URL"},
        {NULL, NULL, NULL, "ES256", set, false, false, 0, NULL, APISEC_OK, ""},
        {NULL, NULL, NULL, "ES256", set, true, false, 0, NULL, APISEC_E_CONFIG, "no URL"},
        {NULL, NULL, NULL, "ES256", set, false, true, 10, NULL, APISEC_E_CONFIG, "no URL"},
        {NULL, NULL, NULL, "ES256", set, false, false, 0, "x", APISEC_E_CONFIG, "no URL"},
        {NULL, NULL, NULL, NULL, NULL, false, false, 0, NULL, APISEC_E_CONFIG, "no algorithm"},
        {"http://id.example/x", id, secret, NULL, NULL, false, false, 0, NULL, APISEC_E_CONFIG, "https"},
        {"https://u:p@id.example/x", id, secret, NULL, NULL, false, false, 0, NULL, APISEC_E_CONFIG, ""},
        {"https://id.example/x#f", id, secret, NULL, NULL, false, false, 0, NULL, APISEC_E_CONFIG, ""},
        {"https://id.example/x?tenant=1", id, secret, NULL, NULL, false, false, 0, NULL, APISEC_OK, ""},
        {"", id, secret, NULL, NULL, false, false, 0, NULL, APISEC_E_CONFIG, ""},
        {url, "", secret, NULL, NULL, false, false, 0, NULL, APISEC_E_CONFIG, "id is empty"},
        {url, id, "", NULL, NULL, false, false, 0, NULL, APISEC_E_CONFIG, "secret is empty"},
        {url, id, secret, NULL, NULL, false, true, 0, NULL, APISEC_OK, ""},
        {url, id, secret, NULL, NULL, false, true, 300, NULL, APISEC_OK, ""},
        {url, id, secret, NULL, NULL, false, true, 301, NULL, APISEC_E_CONFIG, "300"},
        {url, id, secret, NULL, NULL, false, false, 0, "gho_", APISEC_OK, ""},
        {url, id, secret, NULL, NULL, false, false, 0, "", APISEC_E_CONFIG, "prefix"},
        {url, id, secret, NULL, NULL, false, false, 0, "a b", APISEC_E_CONFIG, "prefix"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) check_row(&rows[i]);
}

static void the_other_ways_to_authenticate(void **state)
{
    (void)state;
    for (int way = 0; way < 6; way++) {
        apisec_error err;
        apisec_trust *trust = apisec_trust_new();
        apisec_issuer *issuer = reference_issuer(trust, &(struct reference){.no_secret = true});
        if (way == 0) apisec_issuer_set_introspection_post(issuer, "me", "shh", 3);
        if (way == 1) apisec_issuer_set_introspection_private_key_jwt(issuer, "me", forge_signer("ES256", 0), FORGE_ISSUER);
        if (way == 2) apisec_issuer_set_introspection_mtls(issuer, "me", "mesh");
        if (way == 3) apisec_issuer_set_introspection_post(issuer, "me", NULL, 3);
        if (way == 4) apisec_issuer_set_introspection_private_key_jwt(issuer, "me", NULL, FORGE_ISSUER);
        if (way == 5) apisec_issuer_set_introspection_mtls(issuer, "me", NULL);
        assert_int_equal(freeze(trust, &err), way < 3 ? APISEC_OK : APISEC_E_CONFIG);
    }
}

static void null_is_harmless(void **state)
{
    (void)state;
    apisec_issuer_set_introspection(NULL, REFERENCE_URL);
    apisec_issuer_set_introspection_basic(NULL, "a", "b", 1);
    apisec_issuer_set_introspection_post(NULL, "a", "b", 1);
    apisec_issuer_set_introspection_private_key_jwt(NULL, "a", forge_signer("ES256", 0), "b");
    apisec_issuer_set_introspection_mtls(NULL, "a", "b");
    apisec_issuer_require_signed_introspection(NULL);
    apisec_issuer_set_introspection_cache(NULL, 1);
    apisec_issuer_set_opaque_prefix(NULL, "a");
    apisec_issuer_allow_absent_audience(NULL);
    for (int setter = 0; setter < 2; setter++) {
        apisec_error err;
        apisec_trust *trust = apisec_trust_new();
        apisec_issuer *issuer = reference_issuer(trust, &(struct reference){.cache_s = 0});
        if (setter == 0) apisec_issuer_set_introspection(issuer, NULL);
        if (setter == 1) apisec_issuer_set_opaque_prefix(issuer, NULL);
        assert_int_equal(freeze(trust, &err), APISEC_E_CONFIG);
    }
}

static void a_setter_replaces(void **state)
{
    (void)state;
    apisec_verifier *verifier = NULL;
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *issuer = reference_issuer(trust, &(struct reference){.prefix = "a"});
    apisec_issuer_set_introspection(issuer, "https://id.example/other");
    apisec_issuer_set_introspection_post(issuer, "other", "other-secret", 12);
    apisec_issuer_set_opaque_prefix(issuer, "b");
    assert_int_equal(apisec_verifier_new(trust, NULL, &verifier, NULL), APISEC_OK);
    apisec_trust_free(trust);
    const struct introspector *in = verifier->issuers[0].introspector;
    assert_string_equal(in->url, "https://id.example/other");
    assert_int_equal(in->credential.method, OAUTH_AUTH_POST);
    assert_string_equal(in->credential.client_id, "other");
    assert_string_equal(in->prefix, "b");
    assert_true(in->keep_ms == 10000);
    assert_null(verifier->issuers[0].keys);
    apisec_verifier_free(verifier);
}

static void add(apisec_trust *trust, const char *name, const char *prefix)
{
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, name);
    apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
    apisec_issuer_set_introspection(issuer, REFERENCE_URL);
    apisec_issuer_set_introspection_basic(issuer, REFERENCE_CLIENT, REFERENCE_SECRET, strlen(REFERENCE_SECRET));
    if (prefix != NULL) apisec_issuer_set_opaque_prefix(issuer, prefix);
}

static void side_by_side(void **state)
{
    (void)state;
    static const struct {
        const char *one, *two;
        apisec_status expected;
    } rows[] = {
        {"a", "b", APISEC_OK}, {"a", "ab", APISEC_OK}, {"a", NULL, APISEC_OK}, {NULL, "a", APISEC_OK},
        {"a", "a", APISEC_E_CONFIG}, {NULL, NULL, APISEC_E_CONFIG},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_error err;
        apisec_trust *trust = apisec_trust_new();
        add(trust, "https://one.example", rows[i].one);
        add(trust, "https://two.example", rows[i].two);
        if (freeze(trust, &err) != rows[i].expected) fail_msg("row %zu: %s", i, err.text);
    }
}

/* A Txn-Token is no access token, and an opaque token is: an issuer's are the one or the other. */
static void not_of_an_issuer_of_txn_tokens(void **state)
{
    (void)state;
    for (int txn = 0; txn < 2; txn++) {
        apisec_error err;
        apisec_trust *trust = apisec_trust_new();
        apisec_issuer *issuer = reference_issuer(trust, &(struct reference){.is_signed = true});
        apisec_issuer_set_profile(issuer, txn == 1 ? "txntoken+jwt" : "jwt");
        assert_int_equal(freeze(trust, &err), txn == 1 ? APISEC_E_CONFIG : APISEC_OK);
    }
}

/* Warming leaves out who has no keys. */
static void nothing_to_warm(void **state)
{
    (void)state;
    apisec_verifier *verifier = reference_verifier(&(struct reference){.cache_s = 0}, NULL);
    assert_int_equal(apisec_verifier_warm(verifier, NULL), APISEC_OK);
    apisec_verifier_free(verifier);
}

/* A JWT of an issuer that has no keys is nobody's. */
static void a_jwt_is_not_opaque(void **state)
{
    (void)state;
    apisec_error err;
    apisec_token *token = NULL;
    char *jwt = forge_token(FORGE_SAME, FORGE_SAME, forge_signer("ES256", 0));
    apisec_verifier *verifier = reference_verifier(&(struct reference){.cache_s = 0}, NULL);
    assert_int_equal(apisec_verify(verifier, jwt, strlen(jwt), FORGE_NOW, &token, &err), APISEC_E_ALGORITHM);
    apisec_verifier_free(verifier);
    verifier = reference_verifier(&(struct reference){.is_signed = true}, NULL);
    assert_int_equal(apisec_verify(verifier, jwt, strlen(jwt), FORGE_NOW, &token, &err), APISEC_OK); /* the twin: it has keys */
    apisec_token_free(token);
    apisec_verifier_free(verifier);
    free(jwt);
}

int main(void)
{
    set = forge_jwks((const apisec_signer *[]){forge_signer("ES256", 0), NULL});
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(complete_or_not),
        cmocka_unit_test(the_other_ways_to_authenticate),
        cmocka_unit_test(null_is_harmless),
        cmocka_unit_test(a_setter_replaces),
        cmocka_unit_test(side_by_side),
        cmocka_unit_test(not_of_an_issuer_of_txn_tokens),
        cmocka_unit_test(nothing_to_warm),
        cmocka_unit_test(a_jwt_is_not_opaque),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(set);
    forge_end();
    return failed;
}
