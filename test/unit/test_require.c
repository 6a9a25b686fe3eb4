/* SPDX-License-Identifier: Apache-2.0
 *
 * test_require.c: scopes and claims demanded of a bare token: exactly these, and never vacuously true.
 */
#include "support/unit.h"
#include "access/access.h"
#include "support/service.h"

static struct service service;
static apisec_token *token, *without_scope;

static apisec_token *verified(const struct forge_change *claims)
{
    apisec_token *made;
    apisec_error err;
    const char *const raw = service_token(&service, claims);
    if (apisec_verify(service.verifier, raw, text_of(raw).len, FORGE_NOW, &made, &err) != APISEC_OK) fail_msg("%s", err.text);
    return made;
}

static int begin(void **state)
{
    (void)state;
    service_begin(&service, APISEC_AUDIT_STRICT);
    token = verified((const struct forge_change[]){{"scope", "\"orders:read orders:write admin:read\""},
                                                   {"tenant", "\"acme\""},
                                                   {"empty", "\"\""},
                                                   {"number", "5"},
                                                   {"list", "[\"acme\"]"},
                                                   {"nothing", "null"},
                                                   {"object", "{\"tenant\":\"acme\"}"},
                                                   {NULL, NULL}});
    without_scope = verified((const struct forge_change[]){{"scope", NULL}, {NULL, NULL}});
    return 0;
}

static int end(void **state)
{
    (void)state;
    apisec_token_free(token);
    apisec_token_free(without_scope);
    service_end(&service);
    forge_end();
    return 0;
}

static void test_one_scope(void **state)
{
    (void)state;
    static const struct {
        const char *scope;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {"orders:read", APISEC_OK, "the first"},
        {"orders:write", APISEC_OK, ""},
        {"admin:read", APISEC_OK, "the last"},
        {"admin", APISEC_E_SCOPE, "a prefix of one that is there"},
        {"orders:read:all", APISEC_E_SCOPE, "a longer one"},
        {"Orders:read", APISEC_E_SCOPE, "case"},
        {"*", APISEC_E_SCOPE, "no wildcard"},
        {"..", APISEC_E_SCOPE, ""},
        {"", APISEC_E_ARGUMENT, "nobody has the empty scope"},
        {"orders:read orders:write", APISEC_E_ARGUMENT, "two are not one"},
        {"a\tb", APISEC_E_ARGUMENT, ""},
        {NULL, APISEC_E_ARGUMENT, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (apisec_require_scope(token, rows[i].scope) != rows[i].expected) fail_msg("row %zu: %s", i, rows[i].why);
    assert_int_equal(apisec_require_scope(without_scope, "orders:read"), APISEC_E_SCOPE);
    assert_int_equal(apisec_require_scope(NULL, "orders:read"), APISEC_E_MISUSE);
}

static void test_several_scopes(void **state)
{
    (void)state;
    static const struct {
        const char *scopes[3];
        size_t num;
        apisec_status all, any;
        const char *why;
    } rows[] = {
        {{"orders:read", "orders:write"}, 2, APISEC_OK, APISEC_OK, "both"},
        {{"orders:read", "x"}, 2, APISEC_E_SCOPE, APISEC_OK, "one of them"},
        {{"x", "orders:read"}, 2, APISEC_E_SCOPE, APISEC_OK, "in either order"},
        {{"x", "y"}, 2, APISEC_E_SCOPE, APISEC_E_SCOPE, "none"},
        {{"orders:read", ""}, 2, APISEC_E_ARGUMENT, APISEC_E_ARGUMENT, "a good one does not hide a bad one"},
        {{"orders:read", NULL}, 2, APISEC_E_ARGUMENT, APISEC_E_ARGUMENT, ""},
        {{"orders:read", "orders:read"}, 2, APISEC_OK, APISEC_OK, "the same twice"},
        {{"orders:read"}, 0, APISEC_E_MISUSE, APISEC_E_MISUSE, "an empty list is not true"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (apisec_require_scopes(token, rows[i].scopes, rows[i].num) != rows[i].all) fail_msg("all, row %zu: %s", i, rows[i].why);
        if (apisec_require_any_scope(token, rows[i].scopes, rows[i].num) != rows[i].any)
            fail_msg("any, row %zu: %s", i, rows[i].why);
        assert_int_equal(apisec_require_scopes(NULL, rows[i].scopes, rows[i].num), APISEC_E_MISUSE);
        assert_int_equal(apisec_require_any_scope(NULL, rows[i].scopes, rows[i].num), APISEC_E_MISUSE);
    }
    assert_int_equal(apisec_require_scopes(token, NULL, 0), APISEC_E_MISUSE);
    assert_int_equal(apisec_require_scopes(token, NULL, 1), APISEC_E_MISUSE);
    assert_int_equal(apisec_require_any_scope(token, NULL, 1), APISEC_E_MISUSE);
}

static void test_claims(void **state)
{
    (void)state;
    static const struct {
        const char *name, *equals;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {"tenant", "acme", APISEC_OK, ""},
        {"tenant", "acm", APISEC_E_CONDITION, "a prefix"},
        {"tenant", "acmes", APISEC_E_CONDITION, ""},
        {"tenant", "Acme", APISEC_E_CONDITION, "case"},
        {"Tenant", "acme", APISEC_E_CONDITION, "the name's case"},
        {"absent", "acme", APISEC_E_CONDITION, ""},
        {"absent", "", APISEC_E_CONDITION, "absent is not empty"},
        {"empty", "", APISEC_OK, "empty is empty"},
        {"tenant", "", APISEC_E_CONDITION, ""},
        {"number", "5", APISEC_E_CONDITION, "a number is no string"},
        {"nothing", "null", APISEC_E_CONDITION, "nor is null"},
        {"nothing", "", APISEC_E_CONDITION, ""},
        {"list", "acme", APISEC_E_CONDITION, "nor a list of one"},
        {"object", "acme", APISEC_E_CONDITION, ""},
        {"object.tenant", "acme", APISEC_E_CONDITION, "names are no paths"},
        {"iss", FORGE_ISSUER, APISEC_OK, ""},
        {"", "acme", APISEC_E_ARGUMENT, ""},
        {NULL, "acme", APISEC_E_ARGUMENT, ""},
        {"tenant", NULL, APISEC_E_ARGUMENT, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (apisec_require_claim(token, rows[i].name, rows[i].equals) != rows[i].expected) fail_msg("row %zu: %s", i, rows[i].why);
        assert_int_equal(apisec_require_claim(NULL, rows[i].name, rows[i].equals), APISEC_E_MISUSE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_scope),
        cmocka_unit_test(test_several_scopes),
        cmocka_unit_test(test_claims),
    };
    return cmocka_run_group_tests_name("require", tests, begin, end);
}
