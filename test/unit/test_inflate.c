/* SPDX-License-Identifier: Apache-2.0
 *
 * test_inflate.c: exactly one whole ZLIB stream is taken, and never more bytes than there is room for, whatever it would grow to.
 */
#include "base/base.h"
#include "support/guard.h"
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* The example of draft-ietf-oauth-status-list, section 4.2: the bytes b9 a3. */
#define EXAMPLE "\x78\xda\xdb\xb9\x18\x00\x02\x17\x01\x5d"

static apisec_status inflate_bytes(const void *bytes, size_t len, struct buffer *out)
{
    const char *const packed = guarded(bytes, len);
    const apisec_status status = inflate_append((struct text){packed, len}, out);
    guard_free(packed);
    return status;
}

static void test_streams(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct text packed;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {"the example", {EXAMPLE, 10}, APISEC_OK, "a whole stream"},
        {"no bytes", {"", 0}, APISEC_E_MALFORMED, "nothing is no stream"},
        {"the header alone", {"\x78\xda", 2}, APISEC_E_MALFORMED, "only the beginning"},
        {"less its last byte", {EXAMPLE, 9}, APISEC_E_MALFORMED, "the checksum is not whole"},
        {"a byte behind it", {EXAMPLE "\x00", 11}, APISEC_E_MALFORMED, "two parsers might differ"},
        {"two streams", {EXAMPLE EXAMPLE, 20}, APISEC_E_MALFORMED, "one is asked for"},
        {"another checksum", {"\x78\xda\xdb\xb9\x18\x00\x02\x17\x01\x5c", 10}, APISEC_E_MALFORMED, "Adler-32 does not match"},
        {"DEFLATE without header", {"\xdb\xb9\x18\x00", 4}, APISEC_E_MALFORMED, "RFC 1951 alone is not RFC 1950"},
        {"gzip", {"\x1f\x8b\x08\0\0\0\0\0\x02\x03\xdb\xb9\x18\0", 14}, APISEC_E_MALFORMED, "RFC 1952 is not RFC 1950"},
        {"a dictionary", {"\x78\xf9\0\0\0\x01\xdb\xb9\x18\0\x02\x17\x01\x5d", 14}, APISEC_E_MALFORMED, "there is none"},
        {"a reserved block type", {"\x78\xda\x07\x00\x00\x00\x00\x00", 8}, APISEC_E_MALFORMED, "BTYPE 11"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buffer out = BUFFER_MAX(100);
        if (inflate_bytes(rows[i].packed.at, rows[i].packed.len, &out) != rows[i].expected || out.status != rows[i].expected)
            fail_msg("%s: %d (%s)", rows[i].name, (int)out.status, rows[i].why);
        if (rows[i].expected == APISEC_OK) {
            assert_int_equal(out.len, 2);
            assert_memory_equal(out.bytes, "\xb9\xa3", 2);
        }
        buffer_free(&out);
    }
}

/* packed_zeros is what becomes of so many zeros: a thousandth of them. */
static unsigned char *packed_zeros(size_t num, size_t *len)
{
    unsigned char *const zeros = calloc(1, num);
    uLongf size = compressBound(num);
    unsigned char *const packed = malloc(size);
    assert_non_null(zeros);
    assert_non_null(packed);
    assert_int_equal(compress2(packed, &size, zeros, num, 9), Z_OK);
    free(zeros);
    *len = size;
    return packed;
}

static void test_maximum(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 4095, 4096, 4097, 8192, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t len;
        unsigned char *const packed = packed_zeros(sizes[i], &len);
        struct buffer fits = BUFFER_MAX(sizes[i]), tight = BUFFER_MAX(sizes[i] - 1);
        assert_int_equal(inflate_bytes(packed, len, &fits), APISEC_OK);
        assert_int_equal(fits.len, sizes[i]);
        assert_int_equal(inflate_bytes(packed, len, &tight), APISEC_E_TOO_LARGE);
        assert_int_equal(tight.status, APISEC_E_TOO_LARGE);
        buffer_free(&fits);
        buffer_free(&tight);
        free(packed);
    }
}

static void test_a_bomb_stays_small(void **state)
{
    (void)state;
    size_t len;
    unsigned char *const packed = packed_zeros((size_t)8 << 20, &len);
    assert_true(len < 9000);
    struct buffer out = BUFFER_MAX(10000);
    assert_int_equal(inflate_bytes(packed, len, &out), APISEC_E_TOO_LARGE);
    assert_true(out.cap <= 10000);
    buffer_free(&out);
    free(packed);
}

static void test_behind_what_is_there(void **state)
{
    (void)state;
    struct buffer out = BUFFER_MAX(5);
    buffer_text(&out, "abc");
    assert_int_equal(inflate_bytes(EXAMPLE, 10, &out), APISEC_OK);
    assert_int_equal(out.len, 5);
    assert_memory_equal(out.bytes, "abc\xb9\xa3", 5);
    assert_int_equal(inflate_bytes(EXAMPLE, 10, &out), APISEC_E_TOO_LARGE);
    assert_int_equal(inflate_bytes("", 0, &out), APISEC_E_TOO_LARGE); /* the first failure stays */
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_maximum),
        cmocka_unit_test(test_a_bomb_stays_small),
        cmocka_unit_test(test_behind_what_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
