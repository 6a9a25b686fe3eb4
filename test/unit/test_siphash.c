/* SPDX-License-Identifier: Apache-2.0
 *
 * test_siphash.c: the vector of the SipHash paper (appendix A: key 00..0f, input 00..0e) and outputs of an independent
 * implementation for the other lengths around a word.
 */
#include "support/unit.h"
#include "base/base.h"
#include "support/guard.h"

static const struct {
    size_t len;
    uint64_t short_hash;
    const char *long_hash;
    const char *why;
} rows[] = {
    {0, 0x726fdb47dd0e0e31, "a3817f04ba25a8e66df67214c7550293", "nothing but the length"},
    {1, 0x74f839c593dc67fd, "da87c1d86b99af44347659119b22fc45", "one byte in the last word"},
    {7, 0xab0200f58b01d137, "a1f1ebbed8dbc153c0b84aa61ff08239", "the last word is full"},
    {8, 0x93f5f5799a932462, "3b62a9ba6258f5610f83e264f31497b4", "one word, nothing over"},
    {15, 0xa129ca6149be45e5, "5493e99933b0a8117e08ec0f97cfc3d9", "the vector of the paper"},
    {16, 0x3f2acc7f57c29bdb, "6ee2a4ca67b054bbfd3315bf85230577", "two words"},
    {63, 0x958a324ceb064572, "5150d1772f50834a503e069a973fbd7c", "many words and seven bytes"},
};

static void test_vectors(void **state)
{
    (void)state;
    unsigned char bytes[64], out[16];
    char hex[33];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)i;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *in = guarded(bytes, rows[i].len);
        assert_true(siphash64(bytes, in, rows[i].len) == rows[i].short_hash);
        siphash128(bytes, in, rows[i].len, out);
        hex_encode(out, sizeof out, hex);
        assert_string_equal(hex, rows[i].long_hash);
        guard_free(in);
    }
}

/* The first word in front is the same as its bytes in front. */
static void test_behind(void **state)
{
    (void)state;
    unsigned char bytes[64], out[16], expected[16];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)i;
    for (size_t len = 8; len <= sizeof bytes; len++) {
        const char *in = guarded(bytes + 8, len - 8);
        siphash128(bytes, bytes, len, expected);
        siphash128_behind(bytes, 0x0706050403020100, in, len - 8, out);
        assert_memory_equal(out, expected, sizeof out);
        siphash128_behind(bytes, 0x0706050403020101, in, len - 8, out);
        assert_memory_not_equal(out, expected, sizeof out);
        guard_free(in);
    }
}

static void test_every_bit_of_the_key_counts(void **state)
{
    (void)state;
    unsigned char key[16] = {0};
    const uint64_t plain = siphash64(key, "abc", 3);
    for (unsigned bit = 0; bit < 128; bit++) {
        key[bit / 8] = (unsigned char)(1u << bit % 8);
        assert_true(siphash64(key, "abc", 3) != plain);
        key[bit / 8] = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors), cmocka_unit_test(test_behind),
                                       cmocka_unit_test(test_every_bit_of_the_key_counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
