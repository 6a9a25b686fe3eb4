/* SPDX-License-Identifier: Apache-2.0
 *
 * test_utf8.c: every scalar value there and back, and every other sequence of up to three bytes refused.
 */
#include "support/unit.h"
#include "json/scan.h"
#include "support/guard.h"
#include "support/stride.h"

#include <string.h>

static bool is_scalar(uint32_t code)
{
    return code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
}

static void test_every_scalar_value(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        if (!is_scalar(code)) continue;
        char bytes[4];
        uint32_t back = 0;
        const size_t len = utf8_encode(code, bytes);
        assert_int_equal(len, code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4);
        assert_int_equal(utf8_decode(bytes, len, &back), len);
        assert_int_equal(back, code);
        for (size_t cut = 0; cut < len; cut++) assert_int_equal(utf8_decode(bytes, cut, &back), 0);
    }
}

/* What is accepted is the encoding of what it means: so nothing is accepted in two forms. All of 3 bytes, and the leads of 4. */
static void test_nothing_else(void **state)
{
    (void)state;
    static const unsigned char edges[] = {0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff};
    const uint32_t step = (uint32_t)stride(1, 7);
    for (uint32_t three = 0; three <= 0xffffff; three += step) {
        const unsigned char first = (unsigned char)(three >> 16);
        const size_t num_fourth = first >= 0xf0 ? sizeof edges : 1;
        for (size_t i = 0; i < num_fourth; i++) {
            const unsigned char bytes[4] = {first, (unsigned char)(three >> 8), (unsigned char)three, edges[i]};
            char again[4];
            uint32_t code;
            const size_t len = utf8_decode((const char *)bytes, sizeof bytes, &code);
            if (len == 0) continue;
            if (!is_scalar(code) || utf8_encode(code, again) != len || memcmp(again, bytes, len) != 0)
                fail_msg("%02x %02x %02x %02x is taken for U+%04X", bytes[0], bytes[1], bytes[2], bytes[3], (unsigned)code);
        }
    }
}

static void test_at_the_end_of_a_page(void **state)
{
    (void)state;
    static const char *const cut[] = {"", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xf0"};
    for (size_t i = 0; i < sizeof cut / sizeof cut[0]; i++) {
        const char *in = guarded_text(cut[i]);
        uint32_t code;
        assert_int_equal(utf8_decode(in, strlen(cut[i]), &code), 0);
        guard_free(in);
    }
}

static void test_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_utf8;
    } rows[] = {{"", true},          {"a", true},      {"a\xc3\xa9z", true},   {"\xf0\x9f\x98\x80", true}, {"a\xc3", false},
                {"\xc0\xaf", false}, {"\xe9z", false}, {"z\xed\xa0\x80", false}, {"\x80", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *const bytes = guarded(rows[i].text, strlen(rows[i].text));
        assert_int_equal(json_is_utf8((struct text){bytes, strlen(rows[i].text)}), rows[i].is_utf8);
        guard_free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_scalar_value),
        cmocka_unit_test(test_nothing_else),
        cmocka_unit_test(test_at_the_end_of_a_page),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
