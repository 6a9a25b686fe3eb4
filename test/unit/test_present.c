/* SPDX-License-Identifier: Apache-2.0
 *
 * test_present.c: a copy of what was presented is whole, and a token that is too large stays too large without being copied whole.
 */
#include "support/unit.h"
#include "token/token.h"

#include <stdlib.h>

static void test_bare(void **state)
{
    (void)state;
    const struct presented bare = present_bare((struct text){"a.b.c", 5});
    assert_int_equal(bare.source, TOKEN_BARE);
    assert_false(bare.dpop_scheme);
    assert_true(text_is(bare.token, "a.b.c"));
    assert_null(bare.proof.at);
    assert_null(bare.peer_certificate.at);
}

static void test_a_copy_stands_alone(void **state)
{
    (void)state;
    char token[] = "a.b.c", der[] = {0x30, 0, 1, 2};
    struct arena arena = {NULL};
    struct presented copy;
    const struct presented from = {.source = TOKEN_AUTHORIZATION,
                                   .dpop_scheme = true,
                                   .token = {token, 5},
                                   .method = {"GET", 3},
                                   .path = {"", 0},
                                   .peer_certificate = {der, sizeof der}};
    assert_true(present_copy(&from, &arena, &copy));
    memset(token, 'x', 5);
    assert_int_equal(copy.source, TOKEN_AUTHORIZATION);
    assert_true(copy.dpop_scheme);
    assert_true(text_is(copy.token, "a.b.c"));
    assert_true(text_is(copy.method, "GET"));
    assert_non_null(copy.path.at); /* empty is not absent */
    assert_int_equal(copy.path.len, 0);
    assert_null(copy.proof.at);
    assert_int_equal(copy.peer_certificate.len, sizeof der);
    assert_memory_equal(copy.peer_certificate.at, der, sizeof der);
    arena_free(&arena);
}

static void test_too_large_stays_too_large(void **state)
{
    (void)state;
    static char big[2 * JOSE_MAX_TOKEN];
    memset(big, 'a', sizeof big);
    struct arena arena = {NULL};
    struct presented copy, from = present_bare((struct text){big, sizeof big});
    assert_true(present_copy(&from, &arena, &copy));
    assert_int_equal(copy.token.len, JOSE_MAX_TOKEN + 1);
    from.token.len = JOSE_MAX_TOKEN;
    assert_true(present_copy(&from, &arena, &copy));
    assert_int_equal(copy.token.len, JOSE_MAX_TOKEN);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bare),
        cmocka_unit_test(test_a_copy_stands_alone),
        cmocka_unit_test(test_too_large_stays_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
