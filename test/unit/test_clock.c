/* SPDX-License-Identifier: Apache-2.0
 *
 * test_clock.c: the clocks agree with the system's and with each other.
 */
#include "support/unit.h"
#include "base/base.h"

#include <time.h>

static void test_units_agree(void **state)
{
    (void)state;
    const int64_t before = (int64_t)time(NULL);
    const int64_t now = clock_now(), now_ms = clock_now_ms();
    const int64_t after = (int64_t)time(NULL) + 1; /* time may read a coarser clock that lags */
    assert_true(before <= now && now <= after);
    assert_true(before <= now_ms / 1000 && now_ms / 1000 <= after);
}

static void test_sleep(void **state)
{
    (void)state;
    const int64_t start = clock_elapsed_us();
    clock_sleep_ms(20);
    const int64_t slept = clock_elapsed_us() - start;
    assert_true(slept >= 20000);
    clock_sleep_ms(0);
    clock_sleep_ms(-5);
    clock_sleep_ms(INT64_MIN); /* would be an endless sleep if it were taken for unsigned */
    assert_true(clock_elapsed_us() >= start + slept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_units_agree), cmocka_unit_test(test_sleep)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
