/* SPDX-License-Identifier: Apache-2.0
 *
 * test_check.c: every check has a name of its own and a section of a standard, in the order in which the checks are made.
 */
#include "support/unit.h"
#include "token/token.h"

#include <string.h>

static void test_every_check_is_named(void **state)
{
    (void)state;
    for (int i = 0; i < NUM_CHECKS; i++) {
        assert_non_null(check_id((enum check)i));
        assert_true(strncmp(check_standard((enum check)i), "RFC ", 4) == 0);
        for (int k = 0; k < i; k++) assert_string_not_equal(check_id((enum check)i), check_id((enum check)k));
    }
}

static void test_order(void **state)
{
    (void)state;
    static const char *const order[NUM_CHECKS] = {
        "credential", "form",   "issuer",     "type",      "algorithm", "audience", "key",
        "signature",  "expiry", "not_before", "issued_at", "lifetime",  "claims",   "binding"};
    for (int i = 0; i < NUM_CHECKS; i++) assert_string_equal(check_id((enum check)i), order[i]);
}

static void test_no_check(void **state)
{
    (void)state;
    assert_string_equal(check_id(NUM_CHECKS), "unknown");
    assert_string_equal(check_standard(NUM_CHECKS), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_check_is_named),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_no_check),
    };
    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
