/* SPDX-License-Identifier: Apache-2.0
 *
 * test_limit_none.c: a library made without limits (make LIMITS=none) takes no document that names limits or bodies, and lets
 * nothing through that was to be limited.
 */
#include "support/unit.h"
#include "access/limits.h"

static void test_nothing_is_made(void **state)
{
    (void)state;
    apisec_error err;
    apisec_limiter *limiter = (apisec_limiter *)&limiter;
    assert_int_equal(apisec_limiter_new(1, 1, 1, 1, &limiter, &err), APISEC_E_UNSUPPORTED);
    assert_null(limiter);
    assert_non_null(strstr(err.text, "without limits"));
    apisec_limiter_free(limiter);

    const struct shape at = {NULL, NULL, "per-user", 0};
    struct arena arena = {NULL};
    struct limit limit = {.limiter = (apisec_limiter *)&limiter};
    assert_int_equal(limit_read(&at, &arena, &limit, &err), APISEC_E_UNSUPPORTED);
    assert_null(limit.limiter);
    limit_inherit(&limit, &limit);
    limit_free(&limit);
    const struct body_guard *guard = (const struct body_guard *)&limiter;
    assert_int_equal(body_read(&at, &arena, &guard, &err), APISEC_E_UNSUPPORTED);
    assert_null(guard);
    arena_free(&arena);
}

static void test_nothing_is_let_through(void **state)
{
    (void)state;
    uint32_t retry = 7;
    const struct limit limit = {.limiter = NULL};
    struct body_finding finding = {APISEC_OK, 200, ""};
    assert_int_equal(apisec_limiter_take(NULL, "a", 1, 0, &retry), APISEC_E_ARGUMENT);
    assert_int_equal(retry, 0);
    assert_int_equal(apisec_limiter_take(NULL, "a", 1, 0, NULL), APISEC_E_ARGUMENT);
    assert_int_equal(limit_take(&limit, NULL, 0, 0, &retry), APISEC_E_UNSUPPORTED);
    body_check(NULL, true, text_of("{}"), 1, text_of("application/json"), &finding);
    assert_int_equal(finding.status, APISEC_E_UNSUPPORTED);
    assert_int_equal(finding.http_status, 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_made),
        cmocka_unit_test(test_nothing_is_let_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
