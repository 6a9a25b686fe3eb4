/* SPDX-License-Identifier: Apache-2.0
 *
 * test_rule_tree.c: the tree itself, built by hand: a node is made once, and among the rules of one template the method decides.
 * Which template is the most specific one is in test_rules.c.
 */
#include "support/unit.h"
#include "access/rules.h"

static void test_nodes_are_made_once(void **state)
{
    (void)state;
    apisec_rules rules = {.root = NULL};
    rules.root = node_new(&rules);
    assert_non_null(rules.root);
    struct node *const literal = node_literal(&rules, rules.root, text_of("orders"));
    struct node *const parameter = node_parameter(&rules, rules.root);
    assert_non_null(literal);
    assert_non_null(parameter);
    assert_ptr_not_equal(literal, parameter);
    assert_ptr_equal(node_literal(&rules, rules.root, text_of("orders")), literal);
    assert_ptr_equal(node_parameter(&rules, rules.root), parameter);
    assert_ptr_not_equal(node_literal(&rules, rules.root, text_of("Orders")), literal);
    assert_ptr_not_equal(node_literal(&rules, literal, text_of("orders")), literal);
    nodes_free(&rules); /* all tables, below other nodes too: the sanitizers see to it */
    arena_free(&rules.arena);
}

static void test_the_method_decides(void **state)
{
    (void)state;
    static const char *reading[] = {"GET", "HEAD"}, *writing[] = {"PUT"};
    struct rule any = {.id = "any"}, write = {.id = "write", .methods = {writing, 1, NULL}, .next = &any},
                read = {.id = "read", .methods = {reading, 2, NULL}, .next = &write};
    assert_ptr_equal(rule_of_method(&read, text_of("HEAD")), &read);
    assert_ptr_equal(rule_of_method(&read, text_of("PUT")), &write);
    assert_ptr_equal(rule_of_method(&read, text_of("DELETE")), &any);
    assert_null(rule_of_method(&read, text_of("get"))); /* not the one for all: some servers would take it for GET */
    any.next = &read;
    write.next = NULL;
    assert_ptr_equal(rule_of_method(&any, text_of("GET")), &read); /* the one that names it, wherever it stands */
    assert_null(rule_of_method(&write, text_of("GET")));
    assert_null(rule_of_method(NULL, text_of("GET")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nodes_are_made_once),
        cmocka_unit_test(test_the_method_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
