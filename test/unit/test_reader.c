/* SPDX-License-Identifier: Apache-2.0
 *
 * test_reader.c: typed reading: what is there, what is not, and what is of the wrong type and therefore neither.
 */
#include "support/unit.h"
#include "json/json.h"
#include "support/guard.h"
#include "support/stride.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct json *parse(const char *text)
{
    struct json *document = NULL;
    const char *in = guarded_text(text);
    apisec_error err;
    const apisec_status status = json_parse((struct text){in, strlen(text)}, NULL, &document, &err);
    guard_free(in); /* nothing of the document lies in the input */
    if (status != APISEC_OK) fail_msg("%s: %s", text, err.text);
    return document;
}

static void test_what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        apisec_status status, object_status;
        const char *why;
    } rows[] = {
        {"{\"a\":1}", APISEC_OK, APISEC_OK, ""},
        {"[1]", APISEC_OK, APISEC_E_MALFORMED, "not an object"},
        {"\"{}\"", APISEC_OK, APISEC_E_MALFORMED, "not an object"},
        {"null", APISEC_OK, APISEC_E_MALFORMED, "not an object"},
        {"12", APISEC_OK, APISEC_E_MALFORMED, "a number at the very end"},
        {"{\"a\":1,\"a\":2}", APISEC_E_MALFORMED, APISEC_E_MALFORMED, "the scanner is asked first"},
        {"{} x", APISEC_E_MALFORMED, APISEC_E_MALFORMED, "trailing bytes"},
        {"", APISEC_E_MALFORMED, APISEC_E_MALFORMED, "nothing"},
        {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", APISEC_E_TOO_LARGE, APISEC_E_TOO_LARGE, "17 deep"},
        {"[0.12345678901234567890123456789012345678901234567890123456789012]", APISEC_E_MALFORMED, APISEC_E_MALFORMED,
         "a number of 64 characters"},
        {"[0.1234567890123456789012345678901234567890123456789012345678901]", APISEC_OK, APISEC_E_MALFORMED, "of 63"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json *document = (struct json *)&document;
        apisec_error err;
        const struct text in = {guarded_text(rows[i].in), strlen(rows[i].in)};
        assert_int_equal(json_parse(in, NULL, &document, &err), rows[i].status);
        assert_int_equal(document != NULL, rows[i].status == APISEC_OK);
        assert_int_equal(err.status, rows[i].status);
        json_free(document);
        assert_int_equal(json_parse_object(in, NULL, &document, &err), rows[i].object_status);
        assert_int_equal(document != NULL, rows[i].object_status == APISEC_OK);
        assert_int_equal(err.status, rows[i].object_status);
        json_free(document);
        guard_free(in.at);
    }
    json_free(NULL);
}

static void test_kinds_and_walking(void **state)
{
    (void)state;
    struct json *document = parse("{\"n\":null,\"f\":false,\"t\":true,\"i\":1,\"s\":\"x\",\"a\":[1,2,3],\"o\":{}}");
    static const struct {
        const char *name;
        enum json_kind kind;
        size_t count;
    } rows[] = {{"n", JSON_NULL, 0}, {"f", JSON_FALSE, 0}, {"t", JSON_TRUE, 0}, {"i", JSON_NUMBER, 0},
                {"s", JSON_STRING, 0}, {"a", JSON_ARRAY, 3}, {"o", JSON_OBJECT, 0}};
    const struct json *at = json_first(document);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++, at = json_next(at)) {
        assert_string_equal(json_name(at), rows[i].name);
        assert_int_equal(json_kind(at), rows[i].kind);
        assert_int_equal(json_count(at), rows[i].count);
        assert_ptr_equal(json_member(document, rows[i].name), at);
    }
    assert_null(at);
    assert_null(json_next(NULL));
    assert_null(json_name(NULL));
    assert_int_equal(json_count(document), 7);
    assert_null(json_member(document, "N"));
    assert_null(json_member(document, "x"));
    assert_null(json_member(json_member(document, "a"), "x"));
    assert_null(json_member(NULL, "x"));
    assert_null(json_first(json_member(document, "s")));
    assert_null(json_first(json_member(document, "o")));
    json_free(document);
}

static void test_texts(void **state)
{
    (void)state;
    struct json *document = parse("{\"s\":\"caf\\u00e9\",\"e\":\"\",\"n\":null,\"i\":1,\"a\":[\"s\"],\"o\":{\"s\":\"inner\"}}");
    static const struct {
        const char *name;
        enum json_found found;
        const char *text, *why;
    } rows[] = {
        {"s", JSON_OK, "caf\xc3\xa9", "unescaped"},
        {"e", JSON_OK, "", "empty is there"},
        {"S", JSON_ABSENT, NULL, "case"},
        {"x", JSON_ABSENT, NULL, ""},
        {"n", JSON_MISTYPED, NULL, "null is not absent"},
        {"i", JSON_MISTYPED, NULL, "a number is no text"},
        {"a", JSON_MISTYPED, NULL, "nor is an array of one text"},
        {"o", JSON_MISTYPED, NULL, "nor an object"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct text text = {"junk", 4};
        assert_int_equal(json_get_text(document, rows[i].name, &text), rows[i].found);
        if (rows[i].text) assert_string_equal(text.at, rows[i].text);
        else assert_null(text.at);
        assert_int_equal(text.len, rows[i].text ? strlen(rows[i].text) : 0);
    }
    struct text text;
    assert_int_equal(json_get_text(NULL, "s", &text), JSON_ABSENT);
    assert_int_equal(json_get_text(json_member(document, "s"), "s", &text), JSON_MISTYPED);
    assert_int_equal(json_get_text(json_member(document, "a"), "s", &text), JSON_MISTYPED);
    assert_false(json_as_text(NULL, &text));
    json_free(document);
}

static void test_bools(void **state)
{
    (void)state;
    struct json *document = parse("{\"t\":true,\"f\":false,\"s\":\"true\",\"i\":1,\"n\":null}");
    static const struct {
        const char *name;
        enum json_found found;
        bool value;
    } rows[] = {{"t", JSON_OK, true}, {"f", JSON_OK, false}, {"s", JSON_MISTYPED, false}, {"i", JSON_MISTYPED, false},
                {"n", JSON_MISTYPED, false}, {"x", JSON_ABSENT, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool value = true;
        assert_int_equal(json_get_bool(document, rows[i].name, &value), rows[i].found);
        assert_int_equal(value, rows[i].value);
    }
    json_free(document);
}

/* Each byte of some documents becomes each other byte, and is left out: what the scanner lets pass cJSON can read, to the same end
 * (a failure to read it would be MEMORY), and what it refuses is refused here. */
static void test_what_the_scanner_accepts_can_be_read(void **state)
{
    (void)state;
    static const char *const documents[] = {
        "{\"alg\":\"ES256\",\"kid\":\"k-1\",\"typ\":\"at+jwt\"}",
        "{\"iss\":\"https://id.example\",\"aud\":[\"a\",\"b\"],\"exp\":1735689600.5,\"act\":{\"sub\":\"\\u00e9\\ud83d\\ude00\"}}",
        "[-0.5e+10, 12, true, false, null, {}, [], \"\\\"\\\\\\n\\u20ac\xc3\xa9\xf0\x9f\x98\x80\"] ",
    };
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        const size_t len = strlen(documents[i]);
        for (size_t change = 0; change < len * 257; change += stride(1, 13)) {
            char changed[200];
            const size_t at = change / 257, byte = change % 257, left_out = byte == 256;
            memcpy(changed, documents[i], len);
            if (left_out) memmove(changed + at, changed + at + 1, len - at - 1);
            else changed[at] = (char)(unsigned char)byte;
            const struct text in = {guarded(changed, len - left_out), len - left_out};
            struct json *document;
            const apisec_status scanned = apisec_json_scan(in.at, in.len, NULL, NULL, NULL);
            if (json_parse(in, NULL, &document, NULL) != scanned) fail_msg("%.*s", (int)in.len, in.at);
            json_free(document);
            guard_free(in.at);
        }
    }
}

static const struct {
    const char *number;
    enum json_found integer, date;
    int64_t value, date_value;
    const char *why;
} numbers[] = {
    {"0", JSON_OK, JSON_OK, 0, 0, ""},
    {"-0", JSON_OK, JSON_OK, 0, 0, "is 0"},
    {"-0.0", JSON_OK, JSON_OK, 0, 0, "is 0"},
    {"1735689600", JSON_OK, JSON_OK, 1735689600, 1735689600, ""},
    {"1.0", JSON_OK, JSON_OK, 1, 1, "integral in value"},
    {"1e3", JSON_OK, JSON_OK, 1000, 1000, "integral in value"},
    {"12.5e1", JSON_OK, JSON_OK, 125, 125, "integral in value"},
    {"1.5", JSON_MISTYPED, JSON_OK, 0, 1, "a date's fraction is cut"},
    {"1735689600.999", JSON_MISTYPED, JSON_OK, 0, 1735689600, "cut, not rounded"},
    {"0.9", JSON_MISTYPED, JSON_OK, 0, 0, "cut"},
    {"-1", JSON_OK, JSON_MISTYPED, -1, 0, "no date lies before 1970"},
    {"-0.5", JSON_MISTYPED, JSON_MISTYPED, 0, 0, "not even by half a second"},
    {"9007199254740991", JSON_OK, JSON_OK, 9007199254740991, 9007199254740991, "2^53 - 1"},
    {"-9007199254740991", JSON_OK, JSON_MISTYPED, -9007199254740991, 0, ""},
    {"9007199254740992", JSON_MISTYPED, JSON_MISTYPED, 0, 0, "2^53, which 2^53 + 1 is rounded to"},
    {"9007199254740993", JSON_MISTYPED, JSON_MISTYPED, 0, 0, "2^53 + 1"},
    {"-9007199254740992", JSON_MISTYPED, JSON_MISTYPED, 0, 0, ""},
    {"9223372036854775808", JSON_MISTYPED, JSON_MISTYPED, 0, 0, "2^63"},
    {"1e300", JSON_MISTYPED, JSON_MISTYPED, 0, 0, ""},
    {"-1e300", JSON_MISTYPED, JSON_MISTYPED, 0, 0, ""},
    {"1e-300", JSON_MISTYPED, JSON_OK, 0, 0, "more than nothing, less than one"},
    {"\"1\"", JSON_MISTYPED, JSON_MISTYPED, 0, 0, "a text is no number"},
    {"null", JSON_MISTYPED, JSON_MISTYPED, 0, 0, ""},
    {"true", JSON_MISTYPED, JSON_MISTYPED, 0, 0, ""},
    {"[1]", JSON_MISTYPED, JSON_MISTYPED, 0, 0, ""},
    {"{}", JSON_MISTYPED, JSON_MISTYPED, 0, 0, ""},
};

static void test_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char text[80];
        snprintf(text, sizeof text, "{\"n\":%s}", numbers[i].number);
        struct json *document = parse(text);
        int64_t integer = 77, date = 77;
        if (json_get_int64(document, "n", &integer) != numbers[i].integer) fail_msg("integer %s", numbers[i].number);
        if (json_get_date(document, "n", &date) != numbers[i].date) fail_msg("date %s", numbers[i].number);
        if (json_as_date(json_member(document, "n"), &date) != (numbers[i].date == JSON_OK))
            fail_msg("as date %s", numbers[i].number);
        assert_true(integer == numbers[i].value);
        assert_true(date == numbers[i].date_value);
        assert_int_equal(json_get_int64(document, "x", &integer), JSON_ABSENT);
        assert_int_equal(json_get_date(document, "x", &date), JSON_ABSENT);
        json_free(document);
    }
}

/* A host that writes 1,5 for 1.5 must not change what a token means. */
static void test_numbers_under_a_locale_with_a_comma(void **state)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8", "fr_FR.utf8", "nl_NL.UTF-8"};
    const char *set = NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && !set; i++) set = setlocale(LC_ALL, names[i]);
    if (!set || strcmp(localeconv()->decimal_point, ",") != 0) {
        setlocale(LC_ALL, "C");
        skip();
    }
    test_numbers(state);
    setlocale(LC_ALL, "C");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_refused), cmocka_unit_test(test_kinds_and_walking),
        cmocka_unit_test(test_texts),           cmocka_unit_test(test_bools),
        cmocka_unit_test(test_numbers),         cmocka_unit_test(test_numbers_under_a_locale_with_a_comma),
        cmocka_unit_test(test_what_the_scanner_accepts_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
