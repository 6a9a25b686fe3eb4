/* SPDX-License-Identifier: Apache-2.0
 *
 * test_text.c: comparing, copying and splitting texts, each at the end of a guard page.
 */
#include "support/unit.h"
#include "base/base.h"
#include "support/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct text at_guard(const char *text)
{
    return (struct text){guarded_text(text), strlen(text)};
}

static void test_comparisons(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool is, caseless, starts;
        const char *why;
    } rows[] = {
        {"DPoP", "DPoP", true, true, true, "the same"},
        {"dpop", "DPoP", false, true, false, "case is told apart unless asked"},
        {"DPoP", "DPo", false, false, true, "a prefix is not the text"},
        {"DPo", "DPoP", false, false, false, "shorter"},
        {"", "", true, true, true, "empty is empty"},
        {"a", "", false, false, true, "anything starts with nothing"},
        {"", "a", false, false, false, ""},
        {"[", "{", false, false, false, "only letters have a case: 0x5b and 0x7b differ by the same bit"},
        {"@", "`", false, false, false, "so do 0x40 and 0x60"},
        {"\xc3\x84", "\xc3\xa4", false, false, false, "ASCII only"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct text a = at_guard(rows[i].a);
        assert_int_equal(text_is(a, rows[i].b), rows[i].is);
        assert_int_equal(text_equal(a, text_of(rows[i].b)), rows[i].is);
        assert_int_equal(text_is_caseless(a, rows[i].b), rows[i].caseless);
        assert_int_equal(text_starts(a, rows[i].b), rows[i].starts);
        guard_free(a.at);
    }
}

static void test_no_text_equals_nothing(void **state)
{
    (void)state;
    const struct text none = text_of(NULL);
    assert_null(none.at);
    assert_int_equal(none.len, 0);
    assert_false(text_is(none, NULL));
    assert_false(text_is_caseless(none, NULL));
    assert_false(text_starts(none, NULL));
    assert_false(text_ends(none, NULL));
    assert_true(text_ends(none, ""));
    assert_true(text_is(none, ""));
    assert_false(text_has_byte(none, 'a'));
    assert_true(text_is_printable(none));
}

static void test_single_characters(void **state)
{
    (void)state;
    for (int c = -128; c < 128; c++) {
        const char digits[] = "0123456789abcdefABCDEF";
        const char *const at = c == 0 ? NULL : strchr(digits, c);
        const int index = at ? (int)(at - digits) : -1;
        assert_int_equal(text_hex_digit((char)c), index > 15 ? index - 6 : index);
        assert_int_equal(text_lower((char)c), (char)(c >= 'A' && c <= 'Z' ? c + 32 : c));
    }
}

static void test_nul_bytes_count(void **state)
{
    (void)state;
    const struct text a = {guarded("ab\0c", 4), 4};
    assert_false(text_is(a, "ab"));
    assert_true(text_starts(a, "ab"));
    assert_true(text_ends(a, "c"));
    assert_false(text_ends(a, "bc"));
    assert_false(text_ends(a, "aab c"));
    assert_true(text_has_byte(a, '\0'));
    char *copy = text_copy(a);
    assert_memory_equal(copy, "ab\0c", 5);
    free(copy);
    assert_false(text_has_byte(text_of("ab"), '\0'));
    guard_free(a.at);
}

static void test_copy_refuses_an_impossible_length(void **state)
{
    (void)state;
    assert_null(text_copy((struct text){"", SIZE_MAX}));
    char *empty = text_copy(text_of(NULL));
    assert_string_equal(empty, "");
    free(empty);
}

static void test_printable(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        const char c = (char)(unsigned char)byte;
        assert_int_equal(text_is_printable((struct text){&c, 1}), byte >= 0x20 && byte <= 0x7e);
    }
}

static void test_controls(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        const char text[] = {'a', (char)(unsigned char)byte};
        assert_int_equal(text_has_control((struct text){text, 2}), byte < 0x20 || byte == 0x7f);
    }
    assert_false(text_has_control((struct text){NULL, 0}));
}

static void test_trimming(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out, *why;
    } rows[] = {
        {"10.0.0.1", "10.0.0.1", "nothing to leave out"},
        {" \t10.0.0.1 \t", "10.0.0.1", "spaces and tabs, at both ends"},
        {" a b ", "a b", "not those within"},
        {"\na\r", "\na\r", "nothing else is white space in a field"},
        {" \t ", "", "nothing but that"},
        {"", "", "nothing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct text whole = at_guard(rows[i].in), trimmed = text_trim(whole);
        assert_true(text_is(trimmed, rows[i].out));
        guard_free(whole.at);
    }
}

static void test_words(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out, *why;
    } rows[] = {
        {"read", "[read]", "one"},
        {"read write", "[read][write]", "two"},
        {"", "[]", "nothing is one empty word: refused by whoever asks for words"},
        {" read", "[][read]", "leading space"},
        {"read ", "[read][]", "trailing space"},
        {"a  b", "[a][][b]", "double space"},
        {"a\tb", "[a\tb]", "only 0x20 separates"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct text whole = at_guard(rows[i].in);
        struct text rest = whole, word;
        char seen[64] = "";
        int used = 0;
        while (text_next_word(&rest, &word))
            used += snprintf(seen + used, sizeof seen - (size_t)used, "[%.*s]", (int)word.len, word.at);
        assert_string_equal(seen, rows[i].out);
        assert_false(text_next_word(&rest, &word));
        guard_free(whole.at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_single_characters),
        cmocka_unit_test(test_comparisons),     cmocka_unit_test(test_no_text_equals_nothing),
        cmocka_unit_test(test_nul_bytes_count), cmocka_unit_test(test_copy_refuses_an_impossible_length),
        cmocka_unit_test(test_printable),       cmocka_unit_test(test_controls),
        cmocka_unit_test(test_trimming),        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
