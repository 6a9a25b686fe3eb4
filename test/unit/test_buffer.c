/* SPDX-License-Identifier: Apache-2.0
 *
 * test_buffer.c: the buffer grows to its maximum and not one byte more, and its first failure stays.
 */
#include "support/unit.h"
#include "base/base.h"
#include "support/guard.h"

#include <stdlib.h>
#include <string.h>

static void test_maximum(void **state)
{
    (void)state;
    static const size_t maxima[] = {0, 1, 63, 64, 65, 127, 1000};
    for (size_t i = 0; i < sizeof maxima / sizeof maxima[0]; i++) {
        struct buffer buffer = BUFFER_MAX(maxima[i]);
        for (size_t n = 0; n < maxima[i]; n++) {
            assert_int_equal(buffer_byte(&buffer, (char)('a' + n % 26)), APISEC_OK);
            assert_int_equal(buffer.bytes[n + 1], 0);
        }
        assert_int_equal(buffer.len, maxima[i]);
        assert_int_equal(buffer_byte(&buffer, '!'), APISEC_E_TOO_LARGE);
        assert_int_equal(buffer.len, maxima[i]);
        for (size_t n = 0; n < maxima[i]; n++) assert_int_equal(buffer.bytes[n], 'a' + n % 26);
        buffer_free(&buffer);
        assert_null(buffer.bytes);
    }
}

static void test_failure_is_sticky(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_MAX(4);
    assert_int_equal(buffer_text(&buffer, "abc"), APISEC_OK);
    assert_int_equal(buffer_text(&buffer, "de"), APISEC_E_TOO_LARGE);
    assert_int_equal(buffer_text(&buffer, "d"), APISEC_E_TOO_LARGE); /* would fit, and would hide that "de" is missing */
    assert_int_equal(buffer_text(&buffer, ""), APISEC_E_TOO_LARGE);
    assert_null(buffer_take(&buffer));
    assert_null(buffer.bytes);
}

static void test_clear_starts_anew(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_MAX(4);
    buffer_text(&buffer, "abcde");
    assert_int_equal(buffer.status, APISEC_E_TOO_LARGE);
    buffer_clear(&buffer);
    assert_int_equal(buffer_text(&buffer, "xy"), APISEC_OK);
    assert_string_equal(buffer.bytes, "xy");
    buffer_free(&buffer);
}

static void test_a_length_that_wraps(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_MAX(SIZE_MAX);
    assert_int_equal(buffer_text(&buffer, "abc"), APISEC_OK);
    assert_int_equal(buffer_append(&buffer, "", SIZE_MAX - 1), APISEC_E_TOO_LARGE);
    assert_int_equal(buffer.len, 3);
    buffer_free(&buffer);
    assert_int_equal(buffer_append(&buffer, "", SIZE_MAX), APISEC_E_TOO_LARGE);
    buffer_free(&buffer);
}

static void test_extending(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_MAX(100);
    char *at = buffer_extend(&buffer, 3);
    assert_non_null(at);
    memcpy(at, "abc", 3);
    assert_int_equal(buffer.len, 3);
    assert_string_equal(buffer.bytes, "abc"); /* with its NUL, before anybody appends again */
    at = buffer_extend(&buffer, 97);
    assert_ptr_equal(at, buffer.bytes + 3); /* behind what was there, wherever that is now */
    memset(at, 'z', 97);
    assert_memory_equal(buffer.bytes, "abcz", 4);
    assert_int_equal(buffer.bytes[100], 0);
    assert_null(buffer_extend(&buffer, 1)); /* one byte more than the maximum */
    assert_int_equal(buffer.status, APISEC_E_TOO_LARGE);
    assert_int_equal(buffer.len, 100);
    assert_null(buffer_extend(&buffer, 0)); /* and it stays failed, even for nothing */
    buffer_free(&buffer);

    assert_non_null(buffer_extend(&buffer, 0)); /* nothing is a text too */
    assert_string_equal(buffer.bytes, "");
    assert_null(buffer_extend(&buffer, SIZE_MAX));
    assert_int_equal(buffer.status, APISEC_E_TOO_LARGE);
    buffer_free(&buffer);
}

static void test_reserving(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_MAX(5000);
    buffer_reserve(&buffer, 4000);
    assert_int_equal(buffer.status, APISEC_OK);
    assert_int_equal(buffer.len, 0);
    assert_string_equal(buffer.bytes, "");
    const char *const before = buffer.bytes;
    for (size_t i = 0; i < 4000; i++) assert_int_equal(buffer_byte(&buffer, 'x'), APISEC_OK);
    assert_ptr_equal(buffer.bytes, before); /* what was reserved needs no other memory */
    buffer_reserve(&buffer, 1000);
    assert_int_equal(buffer.status, APISEC_OK);
    assert_int_equal(buffer.len, 4000);
    assert_int_equal(buffer.bytes[3999], 'x');
    buffer_reserve(&buffer, 1001); /* as an append of so many would */
    assert_int_equal(buffer.status, APISEC_E_TOO_LARGE);
    assert_int_equal(buffer_byte(&buffer, 'x'), APISEC_E_TOO_LARGE);
    buffer_free(&buffer);
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        int64_t number;
        const char *text;
    } rows[] = {
        {0, "0"}, {-1, "-1"}, {10, "10"}, {1735689600, "1735689600"},
        {INT64_MAX, "9223372036854775807"}, {INT64_MIN, "-9223372036854775808"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buffer buffer = BUFFER_MAX(20);
        assert_int_equal(buffer_number(&buffer, rows[i].number), APISEC_OK);
        assert_string_equal(buffer.bytes, rows[i].text);
        buffer_free(&buffer);
    }
}

static void test_take(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_MAX(100);
    char *empty = buffer_take(&buffer);
    assert_string_equal(empty, "");
    free(empty);

    buffer_text(&buffer, "a longer secret");
    buffer_clear(&buffer);
    const char *in = guarded("b\0c", 3);
    buffer_slice(&buffer, (struct text){in, 3});
    const size_t cap = buffer.cap;
    char *bytes = buffer_take(&buffer);
    assert_memory_equal(bytes, "b\0c", 4);
    for (size_t i = 3; i <= cap; i++) assert_int_equal(bytes[i], 0); /* of the secret nothing is handed on */
    assert_null(buffer.bytes);
    assert_int_equal(buffer.max, 100);
    free(bytes);
    guard_free(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_maximum),             cmocka_unit_test(test_failure_is_sticky),
        cmocka_unit_test(test_clear_starts_anew),   cmocka_unit_test(test_a_length_that_wraps),
        cmocka_unit_test(test_extending),           cmocka_unit_test(test_reserving),
        cmocka_unit_test(test_numbers),             cmocka_unit_test(test_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
