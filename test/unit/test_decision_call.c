/* SPDX-License-Identifier: Apache-2.0
 *
 * test_decision_call.c: what a decision keeps of its call: whole, or known to be cut; and its own, when the call is used again.
 */
#include "support/unit.h"
#include "access/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(apisec_call *call, const char *name, const char *value)
{
    if (value != NULL) apisec_call_add_header(call, name, strlen(name), value, strlen(value));
}

static void assert_kept(struct text kept, const char *expected)
{
    if (!text_is(kept, expected)) fail_msg("kept \"%.*s\", not \"%s\"", (int)kept.len, kept.at != NULL ? kept.at : "", expected);
}

static void test_the_call_may_be_used_again(void **state)
{
    (void)state;
    apisec_call *const call = apisec_call_new();
    apisec_call_set_method(call, "GET", 3);
    apisec_call_set_target(call, "/orders/7?secret=1", 18);
    apisec_call_set_peer_address(call, "192.0.2.1");
    apisec_decision *const decision = decision_new(NULL, NULL, call);
    apisec_call_reset(call);
    apisec_call_set_method(call, "PUT", 3);
    apisec_call_set_target(call, "/others/8", 9);
    assert_kept(decision->method, "GET");
    assert_kept(decision->path, "/orders/7"); /* never the query */
    assert_kept(decision->peer_address, "192.0.2.1");
    assert_string_equal(decision->peer_sha256, "");
    assert_false(decision->path_is_cut);
    assert_false(decision->forwarded_is_partial);
    apisec_decision_free(decision);
    apisec_call_free(call);
}

static void test_a_path_that_is_too_long(void **state)
{
    (void)state;
    static const struct {
        size_t len, kept;
        bool is_cut;
    } rows[] = {{4096, 4096, false}, {4097, 4096, true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *const path = malloc(rows[i].len);
        memset(path, 'a', rows[i].len);
        path[0] = '/';
        apisec_call *const call = apisec_call_new();
        apisec_call_set_target(call, path, rows[i].len);
        apisec_decision *const decision = decision_new(NULL, NULL, call);
        assert_int_equal(decision->path.len, rows[i].kept);
        assert_int_equal(decision->path_is_cut, rows[i].is_cut);
        apisec_decision_free(decision);
        apisec_call_free(call);
        free(path);
    }
}

#define FIFTEEN                                                                                                                    \
    "10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5,10.0.0.6,10.0.0.7,10.0.0.8,10.0.0.9,10.0.0.10,10.0.0.11,10.0.0.12,"              \
    "10.0.0.13,10.0.0.14,10.0.0.15"

static void test_forwarded(void **state)
{
    (void)state;
    static const struct {
        const char *first, *second, *kept;
        bool is_partial;
        const char *why;
    } rows[] = {
        {NULL, NULL, "", false, "none"},
        {"10.0.0.1", NULL, "10.0.0.1", false, "one"},
        {"10.0.0.1", "10.0.0.2", "10.0.0.1,10.0.0.2", false, "two fields are one list, in their order"},
        {"10.0.0.1, 10.0.0.2", NULL, "10.0.0.1, 10.0.0.2", false, "as it was written"},
        {FIFTEEN, "10.0.0.16", FIFTEEN ",10.0.0.16", false, "as many as a record has"},
        {FIFTEEN, "10.0.0.16,10.0.0.17", FIFTEEN ",10.0.0.16,10.0.0.17", true, "one more"},
        {"10.0.0.1,,10.0.0.2", NULL, "10.0.0.1,,10.0.0.2", true, "an empty element, which a record leaves out"},
        {"10.0.0.1", " \t", "10.0.0.1,", true, "an empty field is an empty element"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_call *const call = apisec_call_new();
        add(call, "X-Forwarded-For", rows[i].first);
        add(call, "x-forwarded-for", rows[i].second);
        apisec_decision *const decision = decision_new(NULL, NULL, call);
        if (decision->forwarded_is_partial != rows[i].is_partial) fail_msg("%s", rows[i].why);
        assert_int_equal(decision->forwarded_for.len >= strlen(rows[i].kept), true);
        assert_kept((struct text){decision->forwarded_for.at, strlen(rows[i].kept)}, rows[i].kept);
        apisec_decision_free(decision);
        apisec_call_free(call);
    }
}

/* Of a list that is too long the beginning is left out, which may be anybody's, and never half an address is kept. */
static void test_forwarded_is_cut_in_front(void **state)
{
    (void)state;
    char list[1200];
    size_t len = 0;
    while (len + 9 < sizeof list) len += (size_t)snprintf(list + len, sizeof list - len, "%s198.51.0", len > 0 ? "," : "");
    apisec_call *const call = apisec_call_new();
    add(call, "X-Forwarded-For", list);
    apisec_decision *const decision = decision_new(NULL, NULL, call);
    assert_true(decision->forwarded_is_partial);
    assert_in_range(decision->forwarded_for.len, 1024 - 9, 1024);
    assert_memory_equal(decision->forwarded_for.at, "198.51.0,", 9);
    assert_memory_equal(decision->forwarded_for.at + decision->forwarded_for.len - 9, ",198.51.0", 9);
    apisec_decision_free(decision);
    apisec_call_free(call);
}

static void test_traceparent(void **state)
{
    (void)state;
    static const char trace[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for (size_t num = 0; num < 3; num++) {
        apisec_call *const call = apisec_call_new();
        for (size_t i = 0; i < num; i++) add(call, "traceparent", trace);
        apisec_decision *const decision = decision_new(NULL, NULL, call);
        assert_kept(decision->traceparent, num == 1 ? trace : ""); /* which of two is meant is anybody's guess */
        apisec_decision_free(decision);
        apisec_call_free(call);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_call_may_be_used_again),
        cmocka_unit_test(test_a_path_that_is_too_long),
        cmocka_unit_test(test_forwarded),
        cmocka_unit_test(test_forwarded_is_cut_in_front),
        cmocka_unit_test(test_traceparent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
