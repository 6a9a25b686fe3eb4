/* SPDX-License-Identifier: Apache-2.0
 *
 * test_random.c: all bytes asked for are filled, two fills differ, the process's key stays the same.
 */
#include "support/unit.h"
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

/* A byte that is not filled stays zero in all 64 turns; a filled one does so once in 2^512. */
static void test_every_byte_is_filled(void **state)
{
    (void)state;
    static unsigned char out[5001], any[5000];
    memset(any, 0, sizeof any);
    for (int turn = 0; turn < 64; turn++) {
        memset(out, 0, sizeof out);
        assert_int_equal(random_bytes(out, 5000), APISEC_OK);
        for (size_t i = 0; i < 5000; i++) any[i] |= out[i];
        assert_int_equal(out[5000], 0);
    }
    for (size_t i = 0; i < 5000; i++) assert_int_not_equal(any[i], 0);
}

/* Older kernels give at most 2^25 - 1 bytes at a time, so the rest takes another turn. */
static void test_more_than_one_turn(void **state)
{
    (void)state;
    const size_t once = 33554431, len = once + 64;
    unsigned char *const out = mem_array(len + 1, 1);
    assert_non_null(out);
    out[len] = 0xa5;
    assert_int_equal(random_bytes(out, len), APISEC_OK);
    for (size_t at = once - 64; at < len; at += 32) {
        unsigned any = 0;
        for (size_t i = 0; i < 32; i++) any |= out[at + i];
        assert_int_not_equal(any, 0);
    }
    assert_int_equal(out[len], 0xa5); /* and not one byte more */
    free(out);
}

static void test_two_fills_differ(void **state)
{
    (void)state;
    unsigned char a[16], b[16];
    assert_int_equal(random_bytes(a, sizeof a), APISEC_OK);
    assert_int_equal(random_bytes(b, sizeof b), APISEC_OK);
    assert_memory_not_equal(a, b, sizeof a);
    assert_int_equal(random_bytes(NULL, 0), APISEC_OK);
}

static void test_process_key(void **state)
{
    (void)state;
    static const unsigned char zero[16];
    const unsigned char *key = process_key();
    assert_non_null(key);
    assert_memory_not_equal(key, zero, 16);
    unsigned char before[16];
    memcpy(before, key, 16);
    assert_ptr_equal(process_key(), key);
    assert_memory_equal(before, key, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_byte_is_filled),
        cmocka_unit_test(test_more_than_one_turn),
        cmocka_unit_test(test_two_fills_differ),
        cmocka_unit_test(test_process_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
