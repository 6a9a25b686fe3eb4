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
        const char *standard = check_standard((enum check)i);
        assert_true(strncmp(standard, "RFC ", 4) == 0 || strncmp(standard, "draft-", 6) == 0);
        for (int k = 0; k < i; k++) assert_string_not_equal(check_id((enum check)i), check_id((enum check)k));
    }
}

static void test_order(void **state)
{
    (void)state;
    static const char *const order[NUM_CHECKS] = {"credential", "form",       "introspection", "decryption", "issuer",
                                                  "type",       "algorithm",  "audience",      "key",        "signature",
                                                  "expiry",     "not_before", "issued_at",     "lifetime",   "claims",
                                                  "binding",    "revocation", "status",        "replay"};
    for (int i = 0; i < NUM_CHECKS; i++) assert_string_equal(check_id((enum check)i), order[i]);
}

static void test_no_check(void **state)
{
    (void)state;
    assert_string_equal(check_id(NUM_CHECKS), "unknown");
    assert_string_equal(check_standard(NUM_CHECKS), "unknown");
}

/* What few tokens meet has not passed where it had nothing to judge. */
static void test_a_trail_names_what_was_judged(void **state)
{
    (void)state;
    struct trail trail = trail_begin(CHECK_FORM);
    assert_true(trail_passed(&trail, CHECK_CREDENTIAL));
    assert_false(trail_passed(&trail, CHECK_FORM)); /* under way */
    trail_applies(&trail, CHECK_DECRYPTION);
    assert_false(trail_passed(&trail, CHECK_DECRYPTION));
    trail.at = NUM_CHECKS;
    for (int i = 0; i < NUM_CHECKS; i++) {
        const bool absent = i == CHECK_INTROSPECTION || i == CHECK_REVOCATION || i == CHECK_STATUS || i == CHECK_REPLAY;
        if (trail_passed(&trail, (enum check)i) == absent) fail_msg("%s", check_id((enum check)i));
    }
    assert_false(trail_passed(&trail, NUM_CHECKS));
}

/* As the writer would write it: none of the texts needs an escape. */
static void test_what_is_listed_of_one_that_passed(void **state)
{
    (void)state;
    for (int i = 0; i < NUM_CHECKS; i++) {
        struct buffer expected = BUFFER_MAX(1024);
        struct json_writer writer = {&expected, false};
        json_open_object(&writer, NULL);
        json_put_text(&writer, "id", text_of(check_id((enum check)i)));
        json_put_text(&writer, "verdict", text_of("pass"));
        json_put_text(&writer, "standard", text_of(check_standard((enum check)i)));
        json_close_object(&writer);
        if (!text_is(check_passed((enum check)i), expected.bytes)) fail_msg("%s", expected.bytes);
        buffer_free(&expected);
    }
    assert_null(check_passed(NUM_CHECKS).at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_check_is_named),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_what_is_listed_of_one_that_passed),
        cmocka_unit_test(test_a_trail_names_what_was_judged),
        cmocka_unit_test(test_no_check),
    };
    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
