/* SPDX-License-Identifier: Apache-2.0
 *
 * test_scope.c: scope syntax and comparison, RFC 6749 section 3.3: exact words between single spaces, no hierarchy.
 */
#include "support/unit.h"
#include "support/guard.h"
#include "token/token.h"

#include <string.h>

static struct text at_guard(const char *text)
{
    return (struct text){guarded_text(text), strlen(text)};
}

static void test_scope_tokens(void **state)
{
    (void)state;
    static const struct {
        const char *scope;
        bool valid;
        const char *why;
    } rows[] = {
        {"orders:write", true, ""},
        {"!", true, "0x21 is the lowest character"},
        {"~", true, "0x7e is the highest"},
        {"https://api.example/orders.read", true, "a URL is a scope-token too"},
        {"..", true, "dots are only characters"},
        {"", false, "empty"},
        {" ", false, "0x20 separates"},
        {"a b", false, "two"},
        {"a\tb", false, "a tab is no separator and no character"},
        {"a\"b", false, "0x22 would end a quoted-string"},
        {"a\\b", false, "0x5c would escape in one"},
        {"a\x7f", false, "DEL"},
        {"a\x1f", false, "control"},
        {"\xc3\xa4", false, "beyond ASCII"},
        {"a\n", false, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct text scope = at_guard(rows[i].scope);
        if (scope_is_token(scope) != rows[i].valid) fail_msg("'%s': %s", rows[i].scope, rows[i].why);
        guard_free(scope.at);
    }
    assert_false(scope_is_token(text_of(NULL)));
    assert_false(scope_is_token((struct text){"a\0b", 3}));
}

static void test_scope_lists(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        bool valid;
        const char *why;
    } rows[] = {
        {"a", true, ""},           {"a b c", true, ""},
        {"", false, "empty"},      {" a", false, "leading space"},
        {"a ", false, "trailing"}, {"a  b", false, "double space"},
        {"a\tb", false, "tab"},    {"a \"", false, "one bad word among good ones"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct text list = at_guard(rows[i].list);
        if (scope_list_is_valid(list) != rows[i].valid) fail_msg("'%s': %s", rows[i].list, rows[i].why);
        guard_free(list.at);
    }
    assert_false(scope_list_is_valid(text_of(NULL)));
}

static void test_membership(void **state)
{
    (void)state;
    static const struct {
        const char *list, *scope;
        bool has;
        const char *why;
    } rows[] = {
        {"admin", "admin", true, ""},
        {"read admin write", "admin", true, "in the middle"},
        {"read admin", "admin", true, "at the end"},
        {"admin:read", "admin", false, "a prefix is not the scope"},
        {"admin", "admin:read", false, "the other way neither: there is no hierarchy"},
        {"xadmin", "admin", false, "a suffix"},
        {"Admin", "admin", false, "case counts"},
        {"read\tadmin", "admin", false, "a tab does not separate"},
        {"read,admin", "admin", false, "nor does a comma"},
        {"read  admin", "admin", true, "an empty word between two spaces is nobody's scope"},
        {"read  admin", "", false, "not even of one who asks for nothing"},
        {"", "", false, ""},
        {"a b", "a b", false, "two scopes are not one"},
        {"..", "a", false, "no path is walked"},
        {"*", "admin", false, "no wildcard"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct text list = at_guard(rows[i].list), scope = at_guard(rows[i].scope);
        if (scope_list_has(list, scope) != rows[i].has) fail_msg("'%s' has '%s': %s", rows[i].list, rows[i].scope, rows[i].why);
        guard_free(list.at);
        guard_free(scope.at);
    }
    assert_false(scope_list_has(text_of(NULL), text_of("a")));
    assert_false(scope_list_has(text_of("a"), text_of(NULL)));
    assert_false(scope_list_has((struct text){"a\0", 2}, text_of("a")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scope_tokens),
        cmocka_unit_test(test_scope_lists),
        cmocka_unit_test(test_membership),
    };
    return cmocka_run_group_tests_name("scope", tests, NULL, NULL);
}
