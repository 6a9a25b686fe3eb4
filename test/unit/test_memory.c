/* SPDX-License-Identifier: Apache-2.0
 *
 * test_memory.c: wiping, comparing, checked sizes, the arena.
 */
#include "support/unit.h"
#include "base/base.h"
#include "support/guard.h"

#include <stdlib.h>
#include <string.h>

static void test_wipe(void **state)
{
    (void)state;
    char secret[8];
    memcpy(secret, "12345678", 8);
    mem_wipe(secret + 1, 6);
    assert_memory_equal(secret, "1\0\0\0\0\0\0" "8", 8);
    mem_wipe(NULL, 0);
    mem_wipe_free(NULL, 5);
}

/* One difference at each place, in each bit, of each length. */
static void test_equal(void **state)
{
    (void)state;
    unsigned char a[40], b[40];
    for (size_t i = 0; i < sizeof a; i++) a[i] = (unsigned char)(i * 37);
    for (size_t len = 0; len <= sizeof a; len++) {
        const char *left = guarded(a, len);
        memcpy(b, a, sizeof a);
        const char *right = guarded(b, len);
        assert_true(mem_equal(left, right, len));
        guard_free(right);
        for (size_t at = 0; at < len * 8; at++) {
            b[at / 8] ^= (unsigned char)(1u << at % 8);
            right = guarded(b, len);
            assert_false(mem_equal(left, right, len));
            guard_free(right);
            b[at / 8] = a[at / 8];
        }
        guard_free(left);
    }
}

static void test_array(void **state)
{
    (void)state;
    assert_null(mem_array(SIZE_MAX / 2, 3));
    assert_null(mem_array(3, SIZE_MAX / 2));
    uint32_t *numbers = mem_array(5, sizeof *numbers);
    for (size_t i = 0; i < 5; i++) assert_int_equal(numbers[i], 0);
    free(numbers);
    void *none = mem_array(0, 8);
    assert_non_null(none); /* NULL would read as out of memory */
    free(none);
}

static void test_arena(void **state)
{
    (void)state;
    struct arena arena = {NULL};
    for (int turn = 0; turn < 2; turn++) {
        unsigned char *blocks[300];
        size_t sizes[300];
        for (size_t i = 0; i < 300; i++) {
            sizes[i] = i == 150 ? 100000 : i % 61;
            blocks[i] = arena_alloc(&arena, sizes[i]);
            assert_non_null(blocks[i]);
            assert_int_equal((uintptr_t)blocks[i] % _Alignof(max_align_t), 0);
            for (size_t k = 0; k < sizes[i]; k++) assert_int_equal(blocks[i][k], 0);
            memset(blocks[i], (int)(i % 251), sizes[i]);
        }
        for (size_t i = 0; i < 300; i++)
            for (size_t k = 0; k < sizes[i]; k++) assert_int_equal(blocks[i][k], i % 251);
        arena_free(&arena);
        assert_null(arena.last);
    }
}

/* dirty leaves memory behind that is not zero, for whoever allocates next. */
static void dirty(void)
{
    void *blocks[64];
    for (size_t i = 0; i < 64; i++) {
        blocks[i] = malloc(64 * (i + 1));
        assert_non_null(blocks[i]);
        memset(blocks[i], 0xa5, 64 * (i + 1));
        __asm__ __volatile__("" : : "r"(blocks[i]) : "memory");
    }
    for (size_t i = 0; i < 64; i++) free(blocks[i]);
}

static void test_arena_is_zeroed_whatever_was_there(void **state)
{
    (void)state;
    struct arena arena = {NULL};
    dirty();
    for (size_t size = 1; size < 3000; size += 97) {
        const unsigned char *const bytes = arena_alloc(&arena, size);
        for (size_t i = 0; i < size; i++) assert_int_equal(bytes[i], 0);
    }
    arena_free(&arena);
}

static void test_arena_reserve(void **state)
{
    (void)state;
    struct arena arena = {NULL};
    assert_true(arena_reserve(&arena, 5000));
    const struct arena_block *const reserved = arena.last;
    for (int i = 0; i < 5; i++) assert_non_null(arena_alloc(&arena, 1001)); /* rounded up: 1008 do not fit five times */
    assert_ptr_not_equal(arena.last, reserved);
    arena_free(&arena);

    assert_true(arena_reserve(&arena, 5120));
    const struct arena_block *const enough = arena.last;
    for (int i = 0; i < 5; i++) assert_non_null(arena_alloc(&arena, 1024));
    assert_ptr_equal(arena.last, enough);
    assert_true(arena_reserve(&arena, 0)); /* is there always */
    assert_ptr_equal(arena.last, enough);
    assert_true(arena_reserve(&arena, 1));
    assert_ptr_not_equal(arena.last, enough);
    assert_false(arena_reserve(&arena, SIZE_MAX));
    arena_free(&arena);
}

static void test_arena_refuses_an_impossible_size(void **state)
{
    (void)state;
    struct arena arena = {NULL};
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_alloc(&arena, SIZE_MAX - 64));
    assert_null(arena_text(&arena, (struct text){"", SIZE_MAX}));
    const char *in = guarded("abc", 3);
    assert_string_equal(arena_text(&arena, (struct text){in, 3}), "abc");
    assert_string_equal(arena_text(&arena, text_of(NULL)), "");
    guard_free(in);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wipe),  cmocka_unit_test(test_equal), cmocka_unit_test(test_array),
        cmocka_unit_test(test_arena), cmocka_unit_test(test_arena_refuses_an_impossible_size),
        cmocka_unit_test(test_arena_reserve), cmocka_unit_test(test_arena_is_zeroed_whatever_was_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
