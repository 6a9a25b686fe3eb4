/* SPDX-License-Identifier: Apache-2.0
 *
 * test_status_check.c: which URIs a status list may have, what may be configured, and that a token with a status is never accepted
 * unheard, unless it was said that it is to be ignored. What needs a list is in test_status_fetch.c.
 */
#include "support/unit.h"
#include "support/guard.h"
#include "support/stand.h"
#include "token/token.h"

#include <stdlib.h>
#include <string.h>

#define REFERENCE "{\"status_list\":{\"idx\":1,\"uri\":\"https://id.example/lists/1\"}}"

static char *set;

/* ---- URIs ---- */

static void test_uris(void **state)
{
    (void)state;
    static const struct {
        const char *prefix, *uri;
        bool allowed;
        const char *why;
    } rows[] = {
        {"https://id.example/lists/", "https://id.example/lists/1", true, "below"},
        {"https://id.example/lists/", "https://id.example/lists/a/b?c=d", true, "further below"},
        {"https://id.example/lists/", "https://id.example/lists/", true, "itself"},
        {"https://id.example/", "https://id.example/lists/1", true, "all of the host"},
        {"https://id.example/lists/1", "https://id.example/lists/1", true, "the whole of one"},
        {"https://id.example/lists/1", "https://id.example/lists/10", false, "not below: the prefix does not end in a slash"},
        {"https://id.example/lists/1", "https://id.example/lists/1/2", false, "not below"},
        {"https://id.example/lists/1", "https://id.example/lists/1?x", false, "not the same"},
        {"https://id.example", "https://id.example", true, "the whole of one"},
        {"https://id.example", "https://id.example.evil/lists/1", false, "another host that begins the same"},
        {"https://id.example", "https://id.example@evil.example/", false, "user info"},
        {"https://id.example", "https://id.example:4443/", false, "another port"},
        {"https://id.example/", "https://id.example.evil/", false, "another host"},
        {"https://id.example/lists/", "https://id.example/list", false, "shorter"},
        {"https://id.example/lists/", "https://id.example/Lists/1", false, "byte for byte"},
        {"https://id.example/lists/", "HTTPS://id.example/lists/1", false, "byte for byte"},
        {"https://id.example/lists/", "http://id.example/lists/1", false, "not https"},
        {"https://id.example/lists/", "https://id.example/lists/1#x", false, "a fragment"},
        {"https://id.example/lists/", "https://id.example/lists/../evil", false, "a way out"},
        {"https://id.example/lists/", "https://id.example/lists/..", false, "a way out at the end"},
        {"https://id.example/lists/", "https://id.example/lists/a/../../evil", false, "a long way out"},
        {"https://id.example/lists/", "https://id.example/lists/%2e%2E/evil", false, "an escaped way out"},
        {"https://id.example/lists/", "https://id.example/lists/.%2e/evil", false, "half escaped"},
        {"https://id.example/lists/", "https://id.example/lists/..;a/evil", false, "as some servers read it"},
        {"https://id.example/lists/", "https://id.example/lists/..%2fevil", false, "an escaped slash"},
        {"https://id.example/lists/", "https://id.example/lists/..%5Cevil", false, "an escaped backslash"},
        {"https://id.example/lists/", "https://id.example/lists/./1", false, "a detour"},
        {"https://id.example/lists/", "https://id.example/lists/...", true, "three dots are a name"},
        {"https://id.example/lists/", "https://id.example/lists/.a", true, "a name"},
        {"https://id.example/lists/", "https://id.example/lists/1?a=../b", true, "a query is no path"},
        {"https://id.example/lists/", "https://id.example/lists/a b", false, "a byte that belongs in no URL"},
        {"https://id.example/lists/", "", false, "nothing"},
        {"https://id.example/lists/", "lists/1", false, "not absolute"},
        {"https://id.example/lists/", "file:///etc/passwd", false, "another scheme"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct name_list prefixes = {NULL, 0};
        const size_t len = strlen(rows[i].uri);
        const char *uri = guarded(rows[i].uri, len);
        assert_false(status_uri_is_allowed(&prefixes, (struct text){uri, len})); /* of none */
        assert_true(name_list_add(&prefixes, "https://other.example/"));
        assert_true(name_list_add(&prefixes, rows[i].prefix));
        if (status_uri_is_allowed(&prefixes, (struct text){uri, len}) != rows[i].allowed)
            fail_msg("%s in %s: %s", rows[i].uri, rows[i].prefix, rows[i].why);
        name_list_free(&prefixes);
        guard_free(uri);
    }
}

static void test_prefixes(void **state)
{
    (void)state;
    static const struct {
        const char *prefix;
        apisec_status expected;
    } rows[] = {
        {"https://id.example/lists/", APISEC_OK},
        {"https://id.example/", APISEC_OK},
        {"https://id.example/lists/1", APISEC_OK},
        {"https://id.example/lists?name=1", APISEC_OK},
        {"https://id.example", APISEC_OK},
        {"http://id.example/lists/", APISEC_E_CONFIG},
        {"https://user@id.example/lists/", APISEC_E_CONFIG},
        {"https://id.example/lists/#", APISEC_E_CONFIG},
        {"https://id.example/lists/../", APISEC_E_CONFIG},
        {"https://id.example/lists?a=/", APISEC_E_CONFIG}, /* everything that begins so would be below */
        {"https://", APISEC_E_CONFIG},
        {"id.example/lists/", APISEC_E_CONFIG},
        {"", APISEC_E_CONFIG},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (status_prefix_check(text_of(rows[i].prefix), NULL) != rows[i].expected) fail_msg("%s", rows[i].prefix);
        const struct stand_issuer issuer = {
            .algorithms = {"ES256"}, .keys = set, .status_lists = rows[i].prefix, .requires_status = true};
        apisec_verifier *verifier = NULL;
        const apisec_status status = stand_try(&issuer, 1, NULL, &verifier);
        if (status != rows[i].expected && status != APISEC_E_UNSUPPORTED) fail_msg("%s is configured", rows[i].prefix);
        apisec_verifier_free(verifier);
    }
}

/* ---- what contradicts itself ---- */

static void test_settings(void **state)
{
    (void)state;
    static const struct {
        const char *lists;
        bool requires_status, ignores;
        apisec_status expected;
    } rows[] = {
        {NULL, false, false, APISEC_OK},
        {NULL, false, true, APISEC_OK},
        {NULL, true, false, APISEC_E_CONFIG},
        {NULL, true, true, APISEC_E_CONFIG},
        {"https://id.example/", false, true, APISEC_E_CONFIG},
        {"https://id.example/", true, true, APISEC_E_CONFIG},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct stand_issuer issuer = {.algorithms = {"ES256"},
                                            .keys = set,
                                            .status_lists = rows[i].lists,
                                            .requires_status = rows[i].requires_status,
                                            .ignores_status = rows[i].ignores};
        apisec_verifier *verifier = NULL;
        assert_int_equal(stand_try(&issuer, 1, NULL, &verifier), rows[i].expected);
        apisec_verifier_free(verifier);
    }
    apisec_issuer_allow_status_list(NULL, "https://id.example/");
    apisec_issuer_require_status(NULL);
    apisec_issuer_ignore_status(NULL);
}

static void test_a_null_prefix(void **state)
{
    (void)state;
    apisec_error err;
    apisec_verifier *verifier = NULL;
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer_allow_status_list(apisec_trust_add_issuer(trust, FORGE_ISSUER), NULL);
    assert_int_equal(apisec_verifier_new(trust, NULL, &verifier, &err), APISEC_E_CONFIG);
    assert_non_null(strstr(err.text, "NULL"));
    apisec_trust_free(trust);
}

/* ---- without a list ---- */

static void test_unheard_means_refused(void **state)
{
    (void)state;
    static const char *const claims[] = {REFERENCE, "{}", "null", "\"active\"", "{\"identifier_list\":{\"id\":\"a\"}}"};
    const struct stand_issuer strict = {.algorithms = {"ES256"}, .keys = set};
    const struct stand_issuer careless = {.algorithms = {"ES256"}, .keys = set, .ignores_status = true};
    apisec_verifier *refusing = stand_new(&strict, 1, NULL), *ignoring = stand_new(&careless, 1, NULL);
    const apisec_signer *signer = forge_signer("ES256", 0);
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        const struct forge_change changes[] = {{"status", claims[i]}, {NULL, NULL}};
        stand_refuses(refusing, claims[i], forge_token(changes, FORGE_SAME, signer), APISEC_E_CLAIM);
        stand_accepts(ignoring, claims[i], forge_token(changes, FORGE_SAME, signer));
    }
    stand_accepts(refusing, "no status", forge_token(FORGE_SAME, FORGE_SAME, signer));
    stand_accepts(ignoring, "no status", forge_token(FORGE_SAME, FORGE_SAME, signer));
    apisec_verifier_free(refusing);
    apisec_verifier_free(ignoring);
}

static void test_the_trail(void **state)
{
    (void)state;
    const struct stand_issuer strict = {.algorithms = {"ES256"}, .keys = set};
    apisec_verifier *verifier = stand_new(&strict, 1, NULL);
    for (int with = 0; with < 2; with++) {
        const struct forge_change changes[] = {{"status", with ? REFERENCE : NULL}, {NULL, NULL}};
        char *token = forge_token(changes, FORGE_SAME, forge_signer("ES256", 0));
        struct verification v;
        const struct presented bare = present_bare(text_of(token));
        verification_init(&v, verifier, &bare, FORGE_NOW);
        verify_blocking(&v);
        assert_int_equal(v.trail.at, with ? CHECK_STATUS : NUM_CHECKS);
        assert_true(trail_passed(&v.trail, CHECK_BINDING));
        assert_false(trail_passed(&v.trail, CHECK_STATUS)); /* refused; or there was nothing to judge */
        verification_free(&v);
        free(token);
    }
    apisec_verifier_free(verifier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uris),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_a_null_prefix),
        cmocka_unit_test(test_unheard_means_refused),
        cmocka_unit_test(test_the_trail),
    };
    set = forge_jwks((const apisec_signer *[]){forge_signer("ES256", 0), NULL});
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(set);
    forge_end();
    return failed;
}
