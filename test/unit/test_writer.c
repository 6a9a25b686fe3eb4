/* SPDX-License-Identifier: Apache-2.0
 *
 * test_writer.c: what is written is one line of ASCII that passes our own scanner, whatever bytes went in.
 */
#include "support/unit.h"
#include "json/json.h"
#include "support/guard.h"

#include <stdio.h>
#include <string.h>

static void test_structure(void **state)
{
    (void)state;
    struct buffer out = BUFFER_MAX(1000);
    struct json_writer writer = {&out, false};
    json_open_object(&writer, NULL);
    json_put_text(&writer, "text", text_of("a"));
    json_put_number(&writer, "number", -5);
    json_open_array(&writer, "array");
    json_put_bool(&writer, NULL, true);
    json_open_object(&writer, NULL);
    json_close_object(&writer);
    json_open_array(&writer, NULL);
    json_close_array(&writer);
    json_put_number(&writer, NULL, INT64_MIN);
    json_close_array(&writer);
    json_open_object(&writer, "object");
    json_put_bool(&writer, "no", false);
    json_put_raw(&writer, "raw", text_of("{\"x\": 1}"));
    json_close_object(&writer);
    json_put_text(&writer, "quote\"name", text_of(NULL));
    json_close_object(&writer);
    assert_string_equal(out.bytes, "{\"text\":\"a\",\"number\":-5,\"array\":[true,{},[],-9223372036854775808],"
                                   "\"object\":{\"no\":false,\"raw\":{\"x\": 1}},\"quote\\\"name\":\"\"}");
    assert_int_equal(apisec_json_scan(out.bytes, out.len, NULL, NULL, NULL), APISEC_OK);
    buffer_free(&out);
}

static void test_escapes(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
        size_t max_len;
        const char *why;
    } rows[] = {
        {"plain ~!/'", "plain ~!/'", SIZE_MAX, "stays"},
        {"\"\\", "\\\"\\\\", SIZE_MAX, "what would end the string"},
        {"\n\r\t\x01\x1f", "\\u000a\\u000d\\u0009\\u0001\\u001f", SIZE_MAX, "what would end the line"},
        {"\x7f", "\\u007f", SIZE_MAX, "DEL"},
        {"</script>&", "\\u003c/script\\u003e\\u0026", SIZE_MAX, "what would end an HTML element"},
        {"\xc3\xa9\xe2\x82\xac", "\\u00e9\\u20ac", SIZE_MAX, "beyond ASCII"},
        {"\xe2\x80\xa8", "\\u2028", SIZE_MAX, "a line separator of JavaScript"},
        {"\xf0\x9f\x98\x80", "\\ud83d\\ude00", SIZE_MAX, "as a pair"},
        {"\xf4\x8f\xbf\xbf", "\\udbff\\udfff", SIZE_MAX, "the last one"},
        {"a\xff" "b\xc0\x80", "a\\ufffdb\\ufffd\\ufffd", SIZE_MAX, "not UTF-8"},
        {"\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd", SIZE_MAX, "a surrogate is not UTF-8"},
        {"\xe2\x82", "\\ufffd\\ufffd", SIZE_MAX, "cut short"},
        {"abcdef", "abc", 3, "cut"},
        {"abc", "abc", 3, "fits"},
        {"abc", "", 0, "nothing fits"},
        {"a\xe2\x82\xac", "a", 3, "cut on a character's boundary"},
        {"a\xe2\x82\xac", "a\\u20ac", 4, "fits"},
        {"\"\"\"", "\\\"\\\"", 2, "the cut counts bytes of the text, not of the JSON"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buffer out = BUFFER_MAX(200), want = BUFFER_MAX(200);
        struct json_writer writer = {&out, false};
        const struct text in = {guarded_text(rows[i].in), strlen(rows[i].in)};
        json_put_text_capped(&writer, NULL, in, rows[i].max_len);
        buffer_byte(&want, '"');
        buffer_text(&want, rows[i].out);
        buffer_byte(&want, '"');
        assert_string_equal(out.bytes, want.bytes);
        assert_int_equal(apisec_json_scan(out.bytes, out.len, NULL, NULL, NULL), APISEC_OK);
        guard_free(in.at);
        buffer_free(&out);
        buffer_free(&want);
    }
}

/* All pairs of bytes: ASCII, one line, accepted by the scanner; and a cut text is a beginning of the whole one. */
static void test_any_bytes(void **state)
{
    (void)state;
    struct buffer out = BUFFER_MAX(200);
    for (unsigned pair = 0; pair < 65536; pair++) {
        const char bytes[4] = {(char)(unsigned char)(pair >> 8), (char)(unsigned char)pair, '\xa9', 'x'};
        struct json_writer writer = {&out, false};
        buffer_clear(&out);
        json_put_text(&writer, NULL, (struct text){bytes, sizeof bytes});
        assert_true(text_is_printable((struct text){out.bytes, out.len}));
        if (apisec_json_scan(out.bytes, out.len, NULL, NULL, NULL) != APISEC_OK) fail_msg("%04x: %s", pair, out.bytes);
    }
    buffer_free(&out);
}

static void test_reads_back(void **state)
{
    (void)state;
    static const char text[] = "a\"b\\c\nd\te\x01/<\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
    struct buffer out = BUFFER_MAX(200);
    struct json_writer writer = {&out, false};
    json_open_object(&writer, NULL);
    json_put_text(&writer, text, text_of(text));
    json_close_object(&writer);
    struct json *document;
    struct text back;
    assert_int_equal(json_parse((struct text){out.bytes, out.len}, NULL, &document, NULL), APISEC_OK);
    assert_int_equal(json_get_text(document, text, &back), JSON_OK);
    assert_string_equal(back.at, text);
    json_free(document);
    buffer_free(&out);
}

static void test_nul_and_a_full_buffer(void **state)
{
    (void)state;
    struct buffer out = BUFFER_MAX(12);
    struct json_writer writer = {&out, false};
    json_put_text(&writer, NULL, (struct text){"a\0b", 3});
    assert_string_equal(out.bytes, "\"a\\ufffdb\"");
    json_put_text(&writer, NULL, text_of("more"));
    assert_int_equal(out.status, APISEC_E_TOO_LARGE);
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_structure),  cmocka_unit_test(test_escapes), cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_reads_back), cmocka_unit_test(test_nul_and_a_full_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
