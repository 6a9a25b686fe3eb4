/* SPDX-License-Identifier: Apache-2.0
 *
 * test_moment.c: how long what was fetched is kept, when a failed fetch is tried again, and moments when the clock is set back.
 */
#include "support/unit.h"
#include "token/moment.h"

static void test_lifetimes(void **state)
{
    (void)state;
    static const struct {
        int64_t max_age, expected;
        const char *why;
    } rows[] = {
        {-1, 600, "the server does not say"}, {0, 60, "no-store: not asked again for each token"},
        {59, 60, "less than the least"},      {60, 60, "the least"},
        {61, 61, "as the server says"},       {3600, 3600, "the most"},
        {3601, 3600, "more than the most"},   {INT64_MAX, 3600, "any number"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (moment_lifetime_s(rows[i].max_age) != rows[i].expected) fail_msg("%s", rows[i].why);
}

static void test_backoff(void **state)
{
    (void)state;
    static const int64_t expected_ms[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
    for (uint32_t i = 0; i < sizeof expected_ms / sizeof expected_ms[0]; i++)
        assert_int_equal(moment_backoff_ms(i), expected_ms[i]);
    assert_int_equal(moment_backoff_ms(UINT32_MAX), 60000);
}

static void test_shifting(void **state)
{
    (void)state;
    int64_t moment = 5000;
    moment_shift(&moment, 7000);
    assert_int_equal(moment, -2000);
    for (int i = 0; i < 2000; i++) moment_shift(&moment, (int64_t)1 << 53); /* however often: it does not wrap */
    assert_true(moment == -((int64_t)1 << 60));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lifetimes),
        cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_shifting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
