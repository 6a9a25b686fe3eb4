/* SPDX-License-Identifier: Apache-2.0
 *
 * test_rule_read.c: a requirement that is written wrong is refused where it is wrong, beside the same one written right: none is
 * ever read as less than somebody meant.
 */
#include "support/unit.h"
#include "access/rules.h"

#include <stdio.h>
#include <string.h>

static apisec_status compile(const char *require, apisec_error *err)
{
    char json[8192];
    apisec_rules *rules = NULL;
    snprintf(json, sizeof json,
             "{\"policies\":{\"p\":{\"scopes\":[\"a\"]}},\"rules\":[{\"id\":\"r\",\"path\":\"/c/{customer}\",\"require\":%s}]}",
             require);
    const apisec_status status = apisec_rules_new(json, strlen(json), &rules, err);
    apisec_rules_free(rules);
    return status;
}

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *wrong, *sentence, *right;
    } rows[] = {
        {"[]", "rules[0].require: an object is wanted, not an array", "{}"},
        {"{\"scope\":[\"a\"]}", "rules[0].require.scope: unknown, did you mean \"scopes\"?", "{\"scopes\":[\"a\"]}"},
        {"{\"not\":{}}", "rules[0].require.not: unknown", "{\"all_of\":[{}]}"},
        {"{\"scopes\":[]}", "rules[0].require.scopes: an empty list can never be met", "{\"scopes\":[\"a\"]}"},
        {"{\"scopes\":\"a\"}", "rules[0].require.scopes: an array is wanted, not a string", "{\"scopes\":[\"a\"]}"},
        {"{\"scopes\":[\"a b\"]}", "rules[0].require.scopes: \"a b\" is not one scope (RFC 6749 section 3.3)",
         "{\"scopes\":[\"a\",\"b\"]}"},
        {"{\"any_scope\":[\"a\\\"\"]}", "rules[0].require.any_scope: \"a\"\" is not one scope (RFC 6749 section 3.3)",
         "{\"any_scope\":[\"a\"]}"},
        {"{\"roles\":[\"a\",\"a\"]}", "rules[0].require.roles[1]: is there twice", "{\"roles\":[\"a\",\"A\"]}"},
        {"{\"roles\":[1]}", "rules[0].require.roles[0]: a string is wanted, not a number", "{\"roles\":[\"1\"]}"},
        {"{\"clients\":[\"\"]}", "rules[0].require.clients[0]: empty", "{\"clients\":[\" \"]}"},
        {"{\"delegation\":\"maybe\"}", "rules[0].require.delegation: \"required\" or \"forbidden\" is wanted",
         "{\"delegation\":\"required\"}"},
        {"{\"delegation\":\"forbidden\",\"actors\":[\"a\"]}",
         "rules[0].require.delegation: actors are named and delegation is forbidden: that can never be met",
         "{\"actors\":[\"a\"]}"},
        {"{\"bound\":false}", "rules[0].require.bound: only true: leave it out where it is not wanted", "{\"bound\":true}"},
        {"{\"max_age\":-1}", "rules[0].require.max_age: a whole number from 0 to 31536000 is wanted", "{\"max_age\":0}"},
        {"{\"max_token_age\":\"60\"}", "rules[0].require.max_token_age: a number is wanted, not a string",
         "{\"max_token_age\":60}"},
        {"{\"policies\":[\"q\"]}", "rules[0].require.policies[0]: there is no policy q", "{\"policies\":[\"p\"]}"},
        {"{\"policies\":[]}", "rules[0].require.policies: an empty list can never be met", "{\"policies\":[\"p\"]}"},
        {"{\"any_of\":{}}", "rules[0].require.any_of: an array is wanted, not an object", "{\"any_of\":[{}]}"},
        {"{\"any_of\":[]}", "rules[0].require.any_of: an empty list can never be met", "{\"any_of\":[{}]}"},
        {"{\"all_of\":[{\"rolls\":[]}]}", "rules[0].require.all_of[0].rolls: unknown, did you mean \"roles\"?",
         "{\"all_of\":[{\"roles\":[\"a\"]}]}"},
        {"{\"claims\":{}}", "rules[0].require.claims: an array is wanted, not an object",
         "{\"claims\":[{\"claim\":\"k\",\"equals\":1}]}"},
        {"{\"claims\":[]}", "rules[0].require.claims: an empty list can never be met",
         "{\"claims\":[{\"claim\":\"k\",\"equals\":1}]}"},
        {"{\"claims\":[{\"claim\":\"k\"}]}", "rules[0].require.claims[0]: exactly one test of the claim is wanted",
         "{\"claims\":[{\"claim\":\"k\",\"exists\":true}]}"},
        {"{\"claims\":[{\"claim\":\"k\",\"equals\":1,\"exists\":true}]}",
         "rules[0].require.claims[0]: exactly one test of the claim is wanted",
         "{\"claims\":[{\"claim\":\"k\",\"min\":1,\"max\":2}]}"},
        {"{\"claims\":[{\"equals\":1}]}", "rules[0].require.claims[0].claim: missing",
         "{\"claims\":[{\"claim\":\"k\",\"equals\":1}]}"},
        {"{\"claims\":[{\"claim\":\"k\",\"equal\":1}]}", "rules[0].require.claims[0].equal: unknown, did you mean \"equals\"?",
         "{\"claims\":[{\"claim\":\"k\",\"equals\":1}]}"},
        {"{\"claims\":[{\"claim\":\"k\",\"equals\":null}]}",
         "rules[0].require.claims[0].equals: a string, a whole number, true or false is wanted",
         "{\"claims\":[{\"claim\":\"k\",\"equals\":false}]}"},
        {"{\"claims\":[{\"claim\":\"k\",\"equals\":1.5}]}",
         "rules[0].require.claims[0].equals: a whole number from -9007199254740991 to 9007199254740991 is wanted",
         "{\"claims\":[{\"claim\":\"k\",\"equals\":-1}]}"},
        {"{\"claims\":[{\"claim\":\"k\",\"equals_parameter\":\"order\"}]}",
         "rules[0].require.claims[0].equals_parameter: the path has no {order}",
         "{\"claims\":[{\"claim\":\"k\",\"equals_parameter\":\"customer\"}]}"},
        {"{\"claims\":[{\"claim\":\"k\",\"exists\":false}]}",
         "rules[0].require.claims[0].exists: only true: what is absent must never help",
         "{\"claims\":[{\"claim\":\"k\",\"exists\":true}]}"},
        {"{\"claims\":[{\"claim\":\"k\",\"min\":2,\"max\":1}]}", "rules[0].require.claims[0]: min is greater than max",
         "{\"claims\":[{\"claim\":\"k\",\"min\":1,\"max\":1}]}"},
        {"{\"claims\":[{\"claim\":\"k\",\"prefix\":\"/a/\"}]}",
         "rules[0].require.claims[0].prefix: ends with a slash: it is compared segment by segment",
         "{\"claims\":[{\"claim\":\"k\",\"prefix\":\"/a\"}]}"},
        {"{\"claims\":[{\"claim\":\"/a~2\",\"equals\":1}]}",
         "rules[0].require.claims[0].claim: not a JSON Pointer (RFC 6901) of names",
         "{\"claims\":[{\"claim\":\"/a~0\",\"equals\":1}]}"},
        {"{\"claims\":[{\"claim\":\"/\",\"equals\":1}]}",
         "rules[0].require.claims[0].claim: not a JSON Pointer (RFC 6901) of names",
         "{\"claims\":[{\"claim\":\"/a\",\"equals\":1}]}"},
        {"{\"claims\":[{\"claim\":\"/1/2/3/4/5/6/7/8/9\",\"equals\":1}]}", "rules[0].require.claims[0].claim: more than 8 steps",
         "{\"claims\":[{\"claim\":\"/1/2/3/4/5/6/7/8\",\"equals\":1}]}"},
        {"{\"any_of\":[{\"any_of\":[{\"any_of\":[{\"any_of\":[{\"any_of\":[{}]}]}]}]}]}",
         "rules[0].require.any_of[0].any_of[0].any_of[0].any_of[0].any_of[0]: groups are more than 4 deep",
         "{\"any_of\":[{\"any_of\":[{\"any_of\":[{\"any_of\":[{}]}]}]}]}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_error err = {0, ""};
        assert_int_equal(compile(rows[i].wrong, &err), APISEC_E_CONFIG);
        assert_string_equal(err.text, rows[i].sentence);
        if (compile(rows[i].right, &err) != APISEC_OK) fail_msg("%s: %s", rows[i].right, err.text);
    }
}

static void test_policies_stand_alone(void **state)
{
    (void)state;
    static const struct {
        const char *policy, *sentence;
    } rows[] = {
        {"{\"policies\":[\"p\"]}", "policies.p.policies[0]: a policy cannot name another"},
        {"{\"claims\":[{\"claim\":\"k\",\"equals_parameter\":\"x\"}]}",
         "policies.p.claims[0].equals_parameter: a policy has no path: a parameter can only be used in a rule"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char json[512];
        apisec_error err;
        apisec_rules *rules = NULL;
        snprintf(json, sizeof json, "{\"policies\":{\"p\":%s},\"rules\":[{\"id\":\"r\",\"path\":\"/{x}\",\"require\":{}}]}",
                 rows[i].policy);
        assert_int_equal(apisec_rules_new(json, strlen(json), &rules, &err), APISEC_E_CONFIG);
        assert_string_equal(err.text, rows[i].sentence);
    }
}

/* What a decision lists is bounded when the rule is read, policies counted wherever they are used. */
static void test_the_number_of_checks(void **state)
{
    (void)state;
    struct buffer require = BUFFER_MAX(8192);
    apisec_error err;
    buffer_text(&require, "{\"claims\":[");
    for (int i = 0; i < RULE_MAX_CHECKS; i++)
        buffer_text(&require, i > 0 ? ",{\"claim\":\"k\",\"equals\":1}" : "{\"claim\":\"k\",\"equals\":1}");
    const size_t len = require.len;
    buffer_text(&require, "]}");
    assert_int_equal(compile(require.bytes, &err), APISEC_OK);
    require.len = len;
    buffer_text(&require, "],\"policies\":[\"p\"]}");
    assert_int_equal(compile(require.bytes, &err), APISEC_E_CONFIG);
    buffer_free(&require);
    assert_string_equal(err.text, "rules[0].require: more than 48 checks");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_policies_stand_alone),
        cmocka_unit_test(test_the_number_of_checks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
