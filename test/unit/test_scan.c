/* SPDX-License-Identifier: Apache-2.0
 *
 * test_scan.c: the strict scanner: what it refuses, where, and the neighbour of each that it accepts.
 */
#include "support/unit.h"
#include "json/json.h"
#include "support/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALL = -1 }; /* the position is the length */

struct row {
    const char *in;
    apisec_status status;
    int position;
    const char *why;
};

static apisec_status scan(const char *in, size_t len, const apisec_json_limits *limits, size_t *position, apisec_error *err)
{
    const char *copy = guarded(in, len);
    const apisec_status status = apisec_json_scan(copy, len, limits, position, err);
    guard_free(copy);
    return status;
}

static void check(const struct row *row, size_t len, const apisec_json_limits *limits)
{
    size_t position = 12345;
    apisec_error err;
    const apisec_status status = scan(row->in, len, limits, &position, &err);
    const size_t want = row->position == ALL ? len : (size_t)row->position;
    if (status != row->status || position != want)
        fail_msg("%s (%s): %d at %zu, wanted %d at %zu: %s", row->in, row->why, (int)status, position, (int)row->status, want,
                 err.text);
    assert_int_equal(err.status, status);
    assert_int_equal(err.text[0] != '\0', status != APISEC_OK);
}

static void check_all(const struct row *rows, size_t num)
{
    for (size_t i = 0; i < num; i++) check(&rows[i], strlen(rows[i].in), NULL);
}

#define BAD APISEC_E_MALFORMED
#define BIG APISEC_E_TOO_LARGE
#define NUM(rows) (sizeof(rows) / sizeof(rows)[0])

static void test_structure(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"null", 0, ALL, "any value may be the text, RFC 8259 section 2"},
        {" \t\n\r{ \"a\" : [ 1 , true , false , null , \"\" ] } \t\n\r", 0, ALL, "all white space that there is"},
        {"[]", 0, ALL, "empty array"},
        {"{}", 0, ALL, "empty object"},
        {"[[],{},[{}]]", 0, ALL, "empty ones inside"},
        {"", BAD, 0, "no value"},
        {"  ", BAD, ALL, "only white space"},
        {"[1,]", BAD, 3, "comma before ]"},
        {"[,1]", BAD, 1, "comma after ["},
        {"[1 2]", BAD, 3, "no comma"},
        {"[1,,2]", BAD, 3, "two commas"},
        {"{\"a\":1,}", BAD, 7, "comma before }"},
        {"{,}", BAD, 1, "comma after {"},
        {"{\"a\"}", BAD, 4, "no colon"},
        {"{\"a\":}", BAD, 5, "no value"},
        {"{a:1}", BAD, 1, "a name without quotes"},
        {"{'a':1}", BAD, 1, "other quotes"},
        {"{1:1}", BAD, 1, "a number as name"},
        {"{\"a\":1 \"b\":2}", BAD, 7, "no comma"},
        {"[1}", BAD, 2, "the wrong bracket"},
        {"{\"a\":1]", BAD, 6, "the wrong bracket"},
        {"]", BAD, 0, "closing what is not open"},
        {"}", BAD, 0, "closing what is not open"},
        {"[", BAD, ALL, "ends early"},
        {"{", BAD, ALL, "ends early"},
        {"[1", BAD, ALL, "ends early"},
        {"[1,", BAD, ALL, "ends early"},
        {"{\"a\"", BAD, ALL, "ends early"},
        {"{\"a\":", BAD, ALL, "ends early"},
        {"{\"a\":1", BAD, ALL, "ends early"},
        {"{\"a\":1,", BAD, ALL, "ends early"},
        {"{} {}", BAD, 3, "a second value"},
        {"{}]", BAD, 2, "a byte after the text"},
        {"1 x", BAD, 2, "a byte after the text"},
        {"tru", BAD, ALL, "ends early"},
        {"truE", BAD, 3, "case"},
        {"True", BAD, 0, "case"},
        {"nul\"", BAD, 3, "not null"},
        {"truefalse", BAD, 4, "two literals"},
        {"NaN", BAD, 0, "no number of JSON"},
        {"/**/1", BAD, 0, "no comments"},
        {"\xef\xbb\xbf{}", BAD, 0, "byte order mark"},
        {"\xef\xbb", BAD, 0, "half of one"},
        {"\x0c{}", BAD, 0, "form feed is no white space"},
        {"[1\x0b]", BAD, 2, "nor is a vertical tab"},
        {"\xc2\xa0{}", BAD, 0, "nor a no-break space"},
    };
    check_all(rows, NUM(rows));
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"0", 0, ALL, ""},           {"-0", 0, ALL, ""},         {"10", 0, ALL, ""},
        {"-1.50", 0, ALL, ""},       {"1e5", 0, ALL, ""},        {"1E+05", 0, ALL, ""},
        {"0.0e-0", 0, ALL, ""},      {"0e999999999999999999999", 0, ALL, "nothing times anything is nothing"},
        {"-", BAD, ALL, "no digit"}, {"[-]", BAD, 2, "no digit"}, {"+1", BAD, 0, "no plus"},
        {".5", BAD, 0, "no digit before the point"},
        {"[1.]", BAD, 3, "no digit behind the point"},
        {"1.e5", BAD, 2, "no digit behind the point"},
        {"01", BAD, 1, "leading 0"},
        {"-01", BAD, 2, "leading 0"},
        {"00", BAD, 1, "leading 0"},
        {"0.", BAD, ALL, "ends early"},
        {"1e", BAD, ALL, "ends early"},
        {"[1e+]", BAD, 4, "no digit in the exponent"},
        {"1e1.5", BAD, 3, "no fraction in an exponent"},
        {"0x10", BAD, 1, "no other bases"},
        {"1_000", BAD, 1, "no separators"},
        {"- 1", BAD, 1, "no space inside"},
        {"1,5", BAD, 1, "a comma is never a decimal point"},
        {"--1", BAD, 1, "two signs"},
        {"Infinity", BAD, 0, ""},
        {"-Infinity", BAD, 1, ""},
        {"\xef\xbc\x91", BAD, 0, "a full-width digit"},
        {"9.99e307", 0, ALL, "the last power of ten that is allowed"},
        {"1e308", BAD, 0, "the first that is not"},
        {"-1e308", BAD, 0, "the sign changes nothing"},
        {"0.1e308", 0, ALL, "is 1e307"},
        {"0.1e309", BAD, 0, "is 1e308"},
        {"0.001e310", 0, ALL, "is 1e307"},
        {"0.001e311", BAD, 0, "is 1e308"},
        {"100e305", 0, ALL, "is 1e307"},
        {"100.5e306", BAD, 0, "is 1.005e308"},
        {"[1e99999999999999999999999999999]", BAD, 1, "the exponent does not overflow"},
        {"1e18446744073709551616", BAD, 0, "an exponent of 2^64, which would wrap to 0"},
        {"1e-99999999999999999999999999999", 0, ALL, "next to nothing is a number"},
        {"0.00e999999999999", 0, ALL, "zero has no magnitude"},
    };
    check_all(rows, NUM(rows));
}

/* 308 digits are less than 1e308, 309 are not; 400 of them behind the point are a small number. */
static void test_many_digits(void **state)
{
    (void)state;
    char text[800];
    memset(text, '9', sizeof text);
    size_t position;
    assert_int_equal(scan(text, 308, NULL, &position, NULL), APISEC_OK);
    assert_int_equal(scan(text, 309, NULL, &position, NULL), APISEC_E_MALFORMED);
    text[1] = '.';
    assert_int_equal(scan(text, 400, NULL, &position, NULL), APISEC_OK);
    memset(text + 2, '0', 600);
    text[0] = '0';
    memcpy(text + 602, "1e908", 5); /* 1e-601 times 1e908 is 1e307 */
    assert_int_equal(scan(text, 607, NULL, &position, NULL), APISEC_OK);
    text[606] = '9';
    assert_int_equal(scan(text, 607, NULL, &position, NULL), APISEC_E_MALFORMED);
}

static void test_strings(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"\"\"", 0, ALL, ""},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", 0, ALL, "all short escapes"},
        {"\"\\u00e9\\uABCD\\uabcd\"", 0, ALL, "hexadecimal digits in both cases"},
        {"\"\x7f\"", 0, ALL, "DEL is allowed raw, RFC 8259 section 7"},
        {"\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"", 0, ALL, "two, three and four bytes"},
        {"\"a", BAD, ALL, "ends early"},
        {"\"a\\\"", BAD, ALL, "the quote is escaped"},
        {"\"\\", BAD, ALL, "ends in an escape"},
        {"\"\\u12", BAD, ALL, "ends in an escape"},
        {"\"\\x41\"", BAD, 2, "no such escape"},
        {"\"\\'\"", BAD, 2, "no such escape"},
        {"\"\\a\"", BAD, 2, "no such escape"},
        {"\"\\U0041\"", BAD, 2, "case"},
        {"\"\\u12G4\"", BAD, 5, "no digit"},
        {"\"\\u+123\"", BAD, 3, "no sign"},
        {"\"\\u 123\"", BAD, 3, "no space"},
        {"\"a\nb\"", BAD, 2, "raw line feed"},
        {"\"a\tb\"", BAD, 2, "raw tab"},
        {"\"12345678\x1f\"", BAD, 9, "raw control behind a full word"},
        {"\"1234567\x1f\"", BAD, 8, "raw control as the last of a word"},
        {"\"\x1f" "2345678\"", BAD, 1, "raw control as the first of a word"},
        {"\"a\\u0000b\"", BAD, 2, "U+0000: C readers stop there"},
        {"\"a\\u0001b\"", 0, ALL, "its neighbour"},
        {"{\"a\\u0000b\":1}", BAD, 3, "in a name as well"},
        {"\"\\ud83d\\ude00\"", 0, ALL, "a surrogate pair"},
        {"\"\\uD83D\\uDE00\"", 0, ALL, "in capitals"},
        {"\"\\ud83d\"", BAD, 1, "half of it"},
        {"\"\\ude00\"", BAD, 1, "the other half"},
        {"\"\\ude00\\ud83d\"", BAD, 1, "the wrong way round"},
        {"\"\\ud83d\\ud83d\"", BAD, 1, "twice the first"},
        {"\"\\ud83dx\"", BAD, 1, "something else follows"},
        {"\"\\ud83d\\n\"", BAD, 1, "another escape follows"},
        {"\"\\ud83d\\u0041\"", BAD, 1, "another character follows"},
        {"\"\\udbff\\udfff\"", 0, ALL, "U+10FFFF"},
        {"\"\\ud7ff\\ue000\"", 0, ALL, "the neighbours of the surrogates"},
    };
    check_all(rows, NUM(rows));
    const struct row nul = {"\"a\0b\"", BAD, 2, "raw U+0000"};
    check(&nul, 5, NULL);
    const struct row nul_outside = {"{}\0", BAD, 2, "raw U+0000 behind the text"};
    check(&nul_outside, 3, NULL);
    const struct row nul_escape = {"\"\\\0\"", BAD, 2, "raw U+0000 as an escape"};
    check(&nul_escape, 4, NULL);
}

static void test_utf8(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"\"\xc2\x80\"", 0, ALL, "the first of two bytes"},
        {"\"\xc1\xbf\"", BAD, 1, "overlong"},
        {"\"\xc0\x80\"", BAD, 1, "overlong U+0000"},
        {"\"\xdf\xbf\"", 0, ALL, "the last of two bytes"},
        {"\"\xe0\xa0\x80\"", 0, ALL, "the first of three bytes"},
        {"\"\xe0\x9f\xbf\"", BAD, 1, "overlong"},
        {"\"\xed\x9f\xbf\"", 0, ALL, "the last before the surrogates"},
        {"\"\xed\xa0\x80\"", BAD, 1, "the first surrogate"},
        {"\"\xed\xbf\xbf\"", BAD, 1, "the last surrogate"},
        {"\"\xee\x80\x80\"", 0, ALL, "the first behind them"},
        {"\"\xef\xbf\xbf\"", 0, ALL, "U+FFFF"},
        {"\"\xf0\x90\x80\x80\"", 0, ALL, "the first of four bytes"},
        {"\"\xf0\x8f\xbf\xbf\"", BAD, 1, "overlong"},
        {"\"\xf4\x8f\xbf\xbf\"", 0, ALL, "U+10FFFF"},
        {"\"\xf4\x90\x80\x80\"", BAD, 1, "U+110000"},
        {"\"\xf5\x80\x80\x80\"", BAD, 1, "no such lead"},
        {"\"\xff\"", BAD, 1, "no such byte"},
        {"\"\x80\"", BAD, 1, "no lead"},
        {"\"\xc3\"", BAD, 1, "cut short by the quote"},
        {"\"\xe2\x82\"", BAD, 1, "cut short by the quote"},
        {"\"\xf0\x9f\x98\"", BAD, 1, "cut short by the quote"},
        {"\"\xe2\x82\xc3\"", BAD, 1, "third byte is no continuation"},
        {"\"\xf0\x9f\x98\xc3\"", BAD, 1, "fourth byte is no continuation"},
        {"\"ab\xe2\x82", BAD, 3, "cut short by the end"},
        {"{\"\xff\":1}", BAD, 2, "in a name"},
    };
    check_all(rows, NUM(rows));
}

static void test_names_once(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"{\"a\":1,\"b\":2}", 0, ALL, ""},
        {"{\"a\":1,\"a\":1}", BAD, 7, "twice, even with the same value"},
        {"{\"a\":1,\"A\":1}", 0, ALL, "case tells names apart"},
        {"{\"a\":1,\"\\u0061\":1}", BAD, 7, "another spelling"},
        {"{\"\\u0061\":1,\"a\":1}", BAD, 12, "the other way round"},
        {"{\"/\":1,\"\\/\":1}", BAD, 7, "another spelling"},
        {"{\"\\n\":1,\"\\u000A\":1}", BAD, 8, "another spelling"},
        {"{\"\xc3\xa9\":1,\"\\u00e9\":1}", BAD, 8, "raw and escaped"},
        {"{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":1}", BAD, 10, "raw and as a pair"},
        {"{\"\xc3\xa9\":1,\"e\xcc\x81\":1}", 0, ALL, "composed and decomposed are two names"},
        {"{\"\":1,\"\":1}", BAD, 6, "the empty name"},
        {"{\"a\":{\"a\":{\"a\":1}}}", 0, ALL, "each in its own object"},
        {"{\"a\":{\"b\":1,\"b\":1}}", BAD, 12, "twice in the inner one"},
        {"{\"a\":{\"b\":1},\"b\":1}", 0, ALL, "the inner one is closed"},
        {"{\"a\":{\"b\":1},\"a\":1}", BAD, 13, "after an object was closed"},
        {"{\"a\":[{\"b\":1},{\"b\":1}],\"a\":1}", BAD, 23, "after two were"},
        {"[{\"a\":1},{\"a\":1}]", 0, ALL, "brothers"},
        {"{\"a\":1,\"aa\":1,\"aaa\":1}", 0, ALL, "prefixes"},
        {"{\"a\":\"b\",\"b\":\"a\"}", 0, ALL, "values are no names"},
    };
    check_all(rows, NUM(rows));
}

/* Names around the 64 bytes of a block, with the difference at each place; the last member is the first once more. */
static void test_long_names_once(void **state)
{
    (void)state;
    for (size_t len = 60; len <= 132; len++) {
        char name[140], text[900];
        memset(name, 'n', len);
        name[len] = '\0';
        for (size_t at = 0; at < len; at++) {
            char spelled[8];
            snprintf(spelled, sizeof spelled, "\\u%04x", (unsigned)name[at]);
            char same[150];
            snprintf(same, sizeof same, "%.*s%s%s", (int)at, name, spelled, name + at + 1);
            char other[140];
            memcpy(other, name, len + 1);
            other[at] = 'o';
            snprintf(text, sizeof text, "{\"%s\":1,\"%s\":2}", name, other);
            assert_int_equal(scan(text, strlen(text), NULL, NULL, NULL), APISEC_OK);
            snprintf(text, sizeof text, "{\"%s\":1,\"%s\":2,\"%s\":3}", name, other, same);
            assert_int_equal(scan(text, strlen(text), NULL, NULL, NULL), APISEC_E_MALFORMED);
        }
    }
}

/* A euro sign across each place of the block's end: raw it comes byte by byte, escaped all at once. */
static void test_characters_across_a_block(void **state)
{
    (void)state;
    for (size_t before = 55; before < 70; before++) {
        char pad[80], text[400];
        memset(pad, 'p', before);
        pad[before] = '\0';
        snprintf(text, sizeof text, "{\"%s\xe2\x82\xac tail of the name\":1,\"%s\\u20ac tail of the name\":2}", pad, pad);
        assert_int_equal(scan(text, strlen(text), NULL, NULL, NULL), APISEC_E_MALFORMED);
        snprintf(text, sizeof text, "{\"%s\xe2\x82\xac tail of the name\":1,\"%s\\u20ad tail of the name\":2}", pad, pad);
        assert_int_equal(scan(text, strlen(text), NULL, NULL, NULL), APISEC_OK);
    }
}

/* num members, an inner object with as many after each 10th; then member `again` once more, if it is below num. */
static char *many_members(size_t num, size_t again, size_t *len)
{
    struct buffer text = BUFFER_MAX(100000000);
    buffer_byte(&text, '{');
    for (size_t i = 0; i <= num; i++) {
        char member[64];
        if (i == num && again >= num) break;
        snprintf(member, sizeof member, "%s\"%zu\":%s", i ? "," : "", i == num ? again : i,
                 i % 10 ? "0" : "{\"0\":0,\"1\":{\"1\":1}}");
        buffer_text(&text, member);
    }
    buffer_byte(&text, '}');
    *len = text.len;
    return buffer_take(&text);
}

static void test_many_names(void **state)
{
    (void)state;
    static const size_t nums[] = {1, 31, 32, 33, 63, 64, 65, 1000, 5000};
    const apisec_json_limits limits = {.max_members = 100000};
    for (size_t i = 0; i < NUM(nums); i++) {
        const size_t again[] = {0, nums[i] / 2, nums[i] - 1};
        size_t len;
        char *text = many_members(nums[i], nums[i], &len);
        assert_int_equal(scan(text, len, &limits, NULL, NULL), APISEC_OK);
        free(text);
        for (size_t k = 0; k < NUM(again); k++) {
            text = many_members(nums[i], again[k], &len);
            assert_int_equal(scan(text, len, &limits, NULL, NULL), APISEC_E_MALFORMED);
            free(text);
        }
    }
}

static void test_limits(void **state)
{
    (void)state;
    static const struct {
        apisec_json_limits limits;
        struct row row;
    } rows[] = {
        {{.max_bytes = 4}, {"1234", 0, ALL, ""}},
        {{.max_bytes = 4}, {"12345", BIG, 4, "one byte more"}},
        {{.max_bytes = 4}, {"{\"a\"x", BIG, 4, "size before anything else"}},
        {{.max_depth = 2}, {"[[1],{}]", 0, ALL, ""}},
        {{.max_depth = 2}, {"[[[1]]]", BIG, 2, "one deeper"}},
        {{.max_depth = 2}, {"{\"a\":[{}]}", BIG, 6, "objects and arrays count alike"}},
        {{.max_members = 2}, {"{\"a\":1,\"b\":{\"c\":1,\"d\":1}}", 0, ALL, "of one object"}},
        {{.max_members = 2}, {"{\"a\":1,\"b\":2,\"c\":3}", BIG, 13, "one more"}},
        {{.max_elements = 2}, {"[1,[1,2]]", 0, ALL, "of one array"}},
        {{.max_elements = 2}, {"[1,2,3]", BIG, 5, "one more"}},
        {{.max_elements = 2}, {"[[],[],[]]", BIG, 7, "arrays in it count too"}},
        {{.max_string = 3}, {"[\"abc\",\"def\"]", 0, ALL, "of one string"}},
        {{.max_string = 3}, {"\"abcd\"", BIG, 4, "one more"}},
        {{.max_string = 3}, {"\"abcdefghijklmnop\"", BIG, 4, "many more"}},
        {{.max_string = 3}, {"\"\\u0061\\u0062c\"", 0, ALL, "counted unescaped"}},
        {{.max_string = 3}, {"\"\\u0061\\u0062cd\"", BIG, 14, "one more"}},
        {{.max_string = 3}, {"\"ab\\u00e9\"", BIG, 3, "it would be two bytes"}},
        {{.max_string = 3}, {"\"\xe2\x82\xac\"", 0, ALL, "counted in bytes"}},
        {{.max_string = 3}, {"\"a\xe2\x82\xac\"", BIG, 2, "four"}},
        {{.max_string = 3}, {"{\"abcd\":1}", BIG, 5, "names too"}},
        {{.max_depth = 513}, {"1", APISEC_E_ARGUMENT, 0, "more than there is room for"}},
        {{.max_depth = 512}, {"1", 0, ALL, ""}},
        {{.reserved = {0, 0, 1}}, {"1", APISEC_E_ARGUMENT, 0, "a member of a later version is not ignored"}},
    };
    for (size_t i = 0; i < NUM(rows); i++) check(&rows[i].row, strlen(rows[i].row.in), &rows[i].limits);
}

static char *nested(size_t depth)
{
    char *text = malloc(2 * depth + 1);
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[2 * depth] = '\0';
    return text;
}

static void test_default_limits(void **state)
{
    (void)state;
    static const struct {
        uint32_t max_depth;
        size_t allowed;
    } rows[] = {{0, 16}, {512, 512}, {1, 1}};
    for (size_t i = 0; i < NUM(rows); i++) {
        const apisec_json_limits limits = {.max_depth = rows[i].max_depth};
        char *in = nested(rows[i].allowed), *out = nested(rows[i].allowed + 1);
        size_t position;
        assert_int_equal(scan(in, strlen(in), &limits, &position, NULL), APISEC_OK);
        assert_int_equal(scan(out, strlen(out), &limits, &position, NULL), APISEC_E_TOO_LARGE);
        assert_int_equal(position, rows[i].allowed);
        free(in);
        free(out);
    }
    size_t len;
    char *text = many_members(64, 64, &len);
    assert_int_equal(scan(text, len, NULL, NULL, NULL), APISEC_OK);
    free(text);
    text = many_members(65, 65, &len);
    assert_int_equal(scan(text, len, NULL, NULL, NULL), APISEC_E_TOO_LARGE);
    free(text);
    assert_int_equal(json_token_limits.max_depth, 8);
    assert_int_equal(json_token_limits.max_bytes, 16384);
    assert_int_equal(json_document_limits.max_bytes, 262144);
}

static void test_arguments(void **state)
{
    (void)state;
    size_t position = 9;
    apisec_error err;
    assert_int_equal(apisec_json_scan(NULL, 1, NULL, &position, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_json_scan(NULL, 0, NULL, &position, &err), APISEC_E_MALFORMED);
    assert_int_equal(apisec_json_scan("1", 1, NULL, NULL, NULL), APISEC_OK);
    assert_int_equal(apisec_json_scan("x", 1, NULL, NULL, NULL), APISEC_E_MALFORMED);
}

static void test_the_sentence_holds_no_content(void **state)
{
    (void)state;
    static const char text[] = "{\"k\":\"cavendish\",\"k\":\"cavendish\"}";
    apisec_error err;
    assert_int_equal(scan(text, sizeof text - 1, NULL, NULL, &err), APISEC_E_MALFORMED);
    assert_string_equal(err.text, "JSON, offset 17: a member name occurs twice in one object");
    assert_int_equal(scan("\xef\xbb\xbf{}", 5, NULL, NULL, &err), APISEC_E_MALFORMED);
    assert_string_equal(err.text, "JSON, offset 0: a byte order mark");
}

static void test_the_sentence_names_the_limit(void **state)
{
    (void)state;
    static const apisec_json_limits limits = {20, 2, 1, 3, 4, {0}};
    static const struct {
        const char *text, *sentence;
    } rows[] = {
        {"[[[1]]]", "JSON, offset 2: nested deeper than the limit of 2"},
        {"[1,2,3,4]", "JSON, offset 7: an array has more elements than the limit of 3"},
        {"{\"a\":1,\"b\":2}", "JSON, offset 7: an object has more members than the limit of 1"},
        {"\"abcde\"", "JSON, offset 5: a string is longer than the limit of 4"},
        {"{\"abcde\":1}", "JSON, offset 6: a string is longer than the limit of 4"},
        {"[1000000,10000000,1]  ", "JSON, offset 20: the text has more bytes than the limit of 20"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_error err;
        assert_int_equal(scan(rows[i].text, strlen(rows[i].text), &limits, NULL, &err), APISEC_E_TOO_LARGE);
        assert_string_equal(err.text, rows[i].sentence);
    }
}

/* Of a document that people write the line is what helps them; a token has but one. */
static void test_the_sentence_names_the_line(void **state)
{
    (void)state;
    static const apisec_json_limits limits = {.max_depth = 2};
    static const struct {
        const char *text, *sentence;
    } rows[] = {
        {"{\"a\":1,}", "JSON, offset 7: a member name is missing"},
        {"{\"a\":1,\n}", "JSON, offset 8 (line 2): a member name is missing"},
        {"{\r\n\"a\":1\r\n}\r\nx", "JSON, offset 13 (line 4): bytes follow the value"},
        {"[\n\n[[1]]]", "JSON, offset 4 (line 3): nested deeper than the limit of 2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_error err;
        assert_int_not_equal(scan(rows[i].text, strlen(rows[i].text), &limits, NULL, &err), APISEC_OK);
        assert_string_equal(err.text, rows[i].sentence);
    }
}

/* Every beginning of a text is refused at its end; the whole is accepted. */
static void test_every_cut(void **state)
{
    (void)state;
    static const char text[] = "{\"a\\u00e9\xc3\xa9\":[-1.5e+3,true,false,null,\"\\ud83d\\ude00\\n\",{\"\":{}}],"
                               "\"b\":\"\xf0\x9f\x98\x80\"}";
    for (size_t len = 0; len < sizeof text - 1; len++) {
        size_t position;
        assert_int_equal(scan(text, len, NULL, &position, NULL), APISEC_E_MALFORMED);
        assert_true(position <= len);
    }
    assert_int_equal(scan(text, sizeof text - 1, NULL, NULL, NULL), APISEC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_structure),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_many_digits),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_names_once),
        cmocka_unit_test(test_long_names_once),
        cmocka_unit_test(test_characters_across_a_block),
        cmocka_unit_test(test_many_names),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_default_limits),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_the_sentence_holds_no_content),
        cmocka_unit_test(test_the_sentence_names_the_limit),
        cmocka_unit_test(test_the_sentence_names_the_line),
        cmocka_unit_test(test_every_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
