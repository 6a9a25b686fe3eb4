/* SPDX-License-Identifier: Apache-2.0
 *
 * test_rules.c: which rule a request finds: the most specific template, whatever the order of the rules; and that a document with a
 * mistake is refused where the mistake is.
 */
#include "support/unit.h"
#include "access/rules.h"

#include <stdio.h>
#include <stdlib.h>

#define RULE(id, path, rest) "{\"id\":\"" id "\",\"path\":\"" path "\"" rest ",\"require\":{}}"
#define ON(methods)          ",\"methods\":[" methods "]"

static apisec_rules *compile(const char *json)
{
    apisec_rules *rules = NULL;
    apisec_error err = {0, ""};
    if (apisec_rules_new(json, strlen(json), &rules, &err) != APISEC_OK) fail_msg("%s: %s", json, err.text);
    return rules;
}

/* found is the id of the rule, "-" where a template matched and no method, NULL where none did. */
static const char *found(const apisec_rules *rules, const char *method, const char *target)
{
    struct arena arena = {NULL};
    struct path path;
    bool matched;
    assert_int_equal(path_parse(text_of(target), &arena, &path, NULL), APISEC_OK);
    const struct rule *rule = rules_find(rules, text_of(method), &path, &matched);
    arena_free(&arena);
    if (rule != NULL) return rule->id;
    return matched ? "-" : NULL;
}

struct row {
    const char *method, *path, *id;
};

static void check(const apisec_rules *rules, const struct row *rows, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        const char *id = found(rules, rows[i].method, rows[i].path);
        if (rows[i].id == NULL ? id != NULL : id == NULL || strcmp(id, rows[i].id) != 0)
            fail_msg("%s %s finds %s, not %s", rows[i].method, rows[i].path, id ? id : "none", rows[i].id ? rows[i].id : "none");
    }
}

static const char *const specific[] = {
    RULE("root", "/", ""),
    RULE("orders", "/orders", ""),
    RULE("orders-slash", "/orders/", ""),
    RULE("one", "/orders/{id}", ""),
    RULE("new", "/orders/new", ""),
    RULE("items", "/orders/{id}/items/**", ""),
    RULE("new-items", "/orders/new/items", ""),
    RULE("below-new", "/orders/new/**", ""),
    RULE("encoded", "/a%20b/{x}", ""),
    RULE("back", "/x/{a}/{b}/deep", ""),
    RULE("trap", "/x/y/z", ""),
    RULE("all", "/**", ""),
};
enum { NUM_SPECIFIC = sizeof specific / sizeof specific[0] };

static const struct row specific_rows[] = {
    {"GET", "/", "root"},
    {"GET", "/orders", "orders"},
    {"GET", "/orders/", "orders-slash"},
    {"GET", "/orders/7", "one"},
    {"GET", "/orders/new", "new"},
    {"GET", "/orders/%6eew", "new"},
    {"GET", "/orders/7/items", "items"},
    {"GET", "/orders/7/items/", "items"},
    {"GET", "/orders/7/items/a/b/c", "items"},
    {"GET", "/orders/new/items", "new-items"},
    {"GET", "/orders/new/items/1", "below-new"},
    {"GET", "/orders/new/", "below-new"},
    {"GET", "/orders/7/other", "all"},
    {"GET", "/Orders", "all"},
    {"GET", "/ordersx", "all"},
    {"GET", "/a%20b/1", "encoded"},
    {"GET", "/a%20b/", "all"},
    {"GET", "/x/y/w/deep", "back"},
    {"GET", "/x/y/z/deep", "back"},
    {"GET", "/x/y/z", "trap"},
    {"GET", "/x/y", "all"},
    {"DELETE", "/anything/at/all", "all"},
};

/* document writes the rules in an order that the number chooses. */
static char *document(const char *const *rules, size_t num, size_t shift)
{
    struct buffer out = BUFFER_MAX(1 << 20);
    buffer_text(&out, "{\"rules\":[");
    for (size_t i = 0; i < num; i++) {
        if (i > 0) buffer_byte(&out, ',');
        buffer_text(&out, rules[shift % 2 ? (num - 1 - i + shift) % num : (i + shift) % num]);
    }
    buffer_text(&out, "]}");
    return buffer_take(&out);
}

static void test_the_most_specific_in_any_order(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 2 * NUM_SPECIFIC; shift++) {
        char *json = document(specific, NUM_SPECIFIC, shift);
        apisec_rules *rules = compile(json);
        check(rules, specific_rows, sizeof specific_rows / sizeof specific_rows[0]);
        assert_null(apisec_rules_notice(rules, 0));
        apisec_rules_free(rules);
        free(json);
    }
}

static void test_methods(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"GET", "/admin/x", "read"},   {"POST", "/admin/x", "write"}, {"PUT", "/admin/x", "write"}, {"DELETE", "/admin/x", "-"},
        {"get", "/admin/x", "-"},      {"", "/admin/x", "-"},         {"DELETE", "/other", "rest"}, {"GET", "/mixed", "get"},
        {"PATCH", "/mixed", "others"}, {"GETX", "/admin/x", "-"},     {"get", "/mixed", "-"},       {"Get", "/mixed", "-"},
        {"patch", "/mixed", "others"}, {"GE", "/mixed", "others"},
    };
    apisec_rules *rules = compile(
        "{\"rules\":[" RULE("read", "/admin/**", ON("\"GET\"")) "," RULE("write", "/admin/**", ON("\"POST\",\"PUT\"")) "," RULE(
            "get", "/mixed", ON("\"GET\"")) "," RULE("others", "/mixed", "") "," RULE("rest", "/**", "") "]}");
    check(rules, rows, sizeof rows / sizeof rows[0]); /* a method that is not named falls into no looser rule */
    apisec_rules_free(rules);
}

static void test_nothing_matches_by_default(void **state)
{
    (void)state;
    static const struct row rows[] = {{"GET", "/a", "a"}, {"GET", "/b", NULL}, {"GET", "/", NULL}, {"GET", "/a/b", NULL}};
    apisec_rules *rules = compile("{\"rules\":[" RULE("a", "/a", "") "]}");
    check(rules, rows, sizeof rows / sizeof rows[0]);
    assert_non_null(apisec_rules_notice(rules, 0)); /* and the document's author is told */
    assert_null(apisec_rules_notice(rules, 1));
    apisec_rules_free(rules);

    rules = compile("{\"rules\":[" RULE("only-get", "/**", ON("\"GET\"")) "]}");
    assert_non_null(apisec_rules_notice(rules, 0)); /* not for all methods */
    apisec_rules_free(rules);
}

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *json, *sentence;
    } rows[] = {
        {"[]", "an object is wanted, not an array"},
        {"{}", "rules: missing"},
        {"{\"rules\":[]}", "rules: no rule: everything is denied"},
        {"{\"rules\":[],\"rule\":1}", "rule: unknown, did you mean \"rules\"?"},
        {"{\"rules\":[{\"id\":\"a\",\"path\":\"/\",\"requires\":{}}]}", "rules[0].requires: unknown, did you mean \"require\"?"},
        {"{\"rules\":[{\"path\":\"/\",\"require\":{}}]}", "rules[0].id: missing"},
        {"{\"rules\":[{\"id\":\"a\",\"require\":{}}]}", "rules[0].path: missing"},
        {"{\"rules\":[{\"id\":\"a\",\"path\":\"/\"}]}", "rules[0]: exactly one of \"require\", \"public\" and \"deny\" is wanted"},
        {"{\"rules\":[{\"id\":\"a\",\"path\":\"/\",\"require\":{},\"deny\":true}]}",
         "rules[0]: exactly one of \"require\", \"public\" and \"deny\" is wanted"},
        {"{\"rules\":[{\"id\":\"a\",\"path\":\"/\",\"deny\":false}]}",
         "rules[0].deny: only true: leave it out where it is not wanted"},
        {"{\"rules\":[{\"id\":\"a\",\"path\":\"/\",\"public\":false}]}",
         "rules[0].public: only true: leave it out where it is not wanted"},
        {"{\"rules\":[{\"id\":\"a\",\"path\":\"/\",\"public\":true,\"require\":{}}]}",
         "rules[0]: exactly one of \"require\", \"public\" and \"deny\" is wanted"},
        {"{\"rules\":[{\"id\":\"a\",\"path\":\"/\",\"public\":true,\"user\":\"none\"}]}",
         "rules[0].user: goes with \"require\" only"},
        {"{\"rules\":[" RULE("a", "/", ",\"shadow\":{\"rolls\":[]}") "]}",
         "rules[0].shadow.rolls: unknown, did you mean \"roles\"?"},
        {"{\"rules\":[{\"id\":\"a\",\"path\":\"/\",\"deny\":true,\"shadow\":{}}]}",
         "rules[0].shadow: the rule denies: there is nothing to be tried"},
        {"{\"rules\":[" RULE("a", "/", ",\"user\":\"any\"") "]}",
         "rules[0].user: only \"none\": leave it out where a user is wanted"},
        {"{\"rules\":[" RULE("a", "/", ",\"user\":false") "]}",
         "rules[0].user: only \"none\": leave it out where a user is wanted"},
        {"{\"rules\":[" RULE("a", "/", ",\"user\":\"none\"") "]}",
         "rules[0].user: \"require\" must ask for networks, peers or services then"},
        {"{\"rules\":[{\"id\":\"a\",\"path\":\"/\",\"user\":\"none\",\"require\":{\"any_of\":[{\"scopes\":[\"a\"]}]}}]}",
         "rules[0].user: \"require\" asks for something of a user"},
        {"{\"rules\":[" RULE("a", "x", "") "]}", "rules[0].path: the path does not begin with a slash"},
        {"{\"rules\":[" RULE("a", "/a//b", "") "]}", "rules[0].path: the path has two slashes in a row"},
        {"{\"rules\":[" RULE("a", "/a/../b", "") "]}", "rules[0].path: the path has a segment . or .."},
        {"{\"rules\":[" RULE("a", "/a*", "") "]}", "rules[0].path: {name} and ** are whole segments, and ** is the last one"},
        {"{\"rules\":[" RULE("a", "/**/b", "") "]}", "rules[0].path: {name} and ** are whole segments, and ** is the last one"},
        {"{\"rules\":[" RULE("a", "/a{b}", "") "]}", "rules[0].path: {name} and ** are whole segments, and ** is the last one"},
        {"{\"rules\":[" RULE("a", "/files/%2A%2a", "") "]}",
         "rules[0].path: an encoded *, { or } cannot be told from a template's own"},
        {"{\"rules\":[" RULE("a", "/{}", "") "]}", "rules[0].path: a parameter's name is of letters, digits and _"},
        {"{\"rules\":[" RULE("a", "/{7}", "") "]}", "rules[0].path: a parameter's name is of letters, digits and _"},
        {"{\"rules\":[" RULE("a", "/{x}/{x}", "") "]}", "rules[0].path: a parameter is there twice"},
        {"{\"rules\":[" RULE("a", "/a", "") "," RULE("a", "/b", "") "]}", "rules[1].id: another rule has this id"},
        {"{\"rules\":[" RULE("a", "/a", "") "," RULE("b", "/a", "") "]}", "rules[1].path: the same path and method as rule a"},
        {"{\"rules\":[" RULE("a", "/{x}", "") "," RULE("b", "/{y}", "") "]}", "rules[1].path: the same path and method as rule a"},
        {"{\"rules\":[" RULE("a", "/a", ON("\"GET\",\"PUT\"")) "," RULE("b", "/%61", ON("\"PUT\"")) "]}",
         "rules[1].path: the same path and method as rule a"},
        {"{\"rules\":[" RULE("a", "/a", ON("")) "]}", "rules[0].methods: an empty list can never be met"},
        {"{\"rules\":[" RULE("a", "/a", ON("\"get\"")) "]}", "rules[0].methods: a method is of capital letters"},
        {"{\"rules\":[" RULE("a", "/a", ON("\"GET\",\"GET\"")) "]}", "rules[0].methods[1]: is there twice"},
        {"{\"policies\":{\"p\":{\"scope\":[\"a\"]}},\"rules\":[]}", "policies.p.scope: unknown, did you mean \"scopes\"?"},
        {"{\"role_claims\":\"roles\",\"rules\":[]}", "role_claims: an array is wanted, not a string"},
        {"{\"role_claims\":[\"/a//b\"],\"rules\":[]}", "role_claims[0]: not a JSON Pointer (RFC 6901) of names"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_rules *rules = (apisec_rules *)&rows;
        apisec_error err = {0, ""};
        assert_int_equal(apisec_rules_new(rows[i].json, strlen(rows[i].json), &rules, &err), APISEC_E_CONFIG);
        assert_null(rules);
        assert_string_equal(err.text, rows[i].sentence);
    }
    apisec_rules *rules = NULL;
    assert_int_equal(apisec_rules_new("{\"rules\":[],\"rules\":[]}", 23, &rules, NULL), APISEC_E_MALFORMED);
    assert_int_equal(apisec_rules_new(NULL, 0, &rules, NULL), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_rules_new("{}", 2, NULL, NULL), APISEC_E_ARGUMENT);
    apisec_rules_free(NULL);
    assert_null(apisec_rules_notice(NULL, 0));
}

static void test_many_rules(void **state)
{
    (void)state;
    struct buffer json = BUFFER_MAX(8 << 20);
    char rule[128], path[32], id[16];
    buffer_text(&json, "{\"rules\":[");
    for (int i = 0; i < RULES_MAX; i++) {
        snprintf(rule, sizeof rule, "%s{\"id\":\"r%d\",\"path\":\"/s%d/{x}\",\"require\":{}}", i > 0 ? "," : "", i, i);
        buffer_text(&json, rule);
    }
    buffer_text(&json, "]}");
    apisec_rules *rules = compile(json.bytes);
    for (int i = 0; i < RULES_MAX; i += 101) {
        snprintf(path, sizeof path, "/s%d/7", i);
        snprintf(id, sizeof id, "r%d", i);
        assert_string_equal(found(rules, "GET", path), id);
    }
    assert_null(found(rules, "GET", "/s/7"));
    apisec_rules_free(rules);
    buffer_free(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_most_specific_in_any_order),
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_nothing_matches_by_default),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_many_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
