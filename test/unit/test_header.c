/* SPDX-License-Identifier: Apache-2.0
 *
 * test_header.c: what is read from Content-Type and Cache-Control; nonsense is read as what allows least.
 */
#include "http/http.h"
#include "support/guard.h"
#include "support/unit.h"

#include <string.h>

static void media_types(void **state)
{
    (void)state;
    static const struct {
        const char *value, *expected, *why;
    } rows[] = {
        {"application/json", "application/json", "the plain one"},
        {"APPLICATION/Json", "application/json", "in any case"},
        {"application/json;charset=utf-8", "application/json", "a parameter"},
        {"application/json \t; charset=utf-8", "application/json", "white space before it"},
        {"application/jwk-set+json", "application/jwk-set+json", "a suffix"},
        {"application/json, text/html", "?", "two joined by a proxy"},
        {"application/json text/html", "?", "two in one"},
        {"application/", "?", "no subtype"},
        {"/json", "?", "no type"},
        {"json", "?", "no slash"},
        {"application//json", "?", "two slashes"},
        {" application/json", "?", "untrimmed: the caller trims"},
        {"application/json\x01", "?", "a control"},
        {"", "?", "empty"},
        {";", "?", "only a parameter"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[128];
        const char *value = guarded_text(rows[i].value);
        header_media_type((struct text){value, strlen(rows[i].value)}, out, sizeof out);
        if (strcmp(out, rows[i].expected) != 0) fail_msg("row %zu: %s: \"%s\"", i, rows[i].why, out);
        guard_free(value);
    }
    char out[8];
    header_media_type(text_of("application/json"), out, sizeof out);
    assert_string_equal(out, "applica"); /* cut, never beyond its end */
}

static void max_ages(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int64_t expected;
        const char *why;
    } rows[] = {
        {"max-age=600", 600, "the plain one"},
        {"MAX-AGE=600", 600, "in any case"},
        {"public,max-age=600 , must-revalidate", 600, "among others"},
        {"max-age=\"600\"", 600, "RFC 9111 section 5.2: both forms are accepted"},
        {"max-age=0", 0, "none"},
        {",, max-age=5", 5, "empty elements of a list are allowed"},
        {"max-age=2147483648", 2147483648, "the most"},
        {"max-age=2147483649", 2147483648, "more is the most"},
        {"max-age=99999999999999999999999999", 2147483648, "no overflow"},
        {"public", -1, "not said"},
        {"", -1, "nothing"},
        {"s-maxage=600", -1, "for shared caches only"},
        {"x-max-age=600", -1, "another name"},
        {"max-age-x=600", -1, "another name"},
        {"a=\"max-age=600\"", -1, "within a quoted text"},
        {"a=\"\\\", max-age=600, \"", -1, "within a quoted text with an escaped quote"},
        {"a=\"\\\\\", max-age=600", 600, "behind a quoted text that ends with an escaped backslash"},
        {"no-store", 0, "not at all"},
        {"max-age=600, no-store", 0, "whatever else it says"},
        {"No-Cache", 0, "to be asked again each time"},
        {"no-cache=\"Set-Cookie\"", 0, "its narrow form is read as the wide one"},
        {"max-age", 0, "without a number it is nonsense, and that is stale"},
        {"max-age=", 0, "the same"},
        {"max-age=-1", 0, "the same"},
        {"max-age=1.5", 0, "the same"},
        {"max-age=0x10", 0, "the same"},
        {"max-age=600, max-age=700", 0, "two do not agree"},
        {"max-age=600; public", 0, "the wrong separator"},
        {"max-age=\"600", 0, "a quote that does not end"},
        {"max-age=\"600\\", 0, "an escape at the end"},
        {"max-age = 600", 0, "no white space around the sign"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *value = guarded_text(rows[i].value);
        const int64_t age = header_max_age((struct text){value, strlen(rows[i].value)});
        if (age != rows[i].expected) fail_msg("row %zu: %s: %lld", i, rows[i].why, (long long)age);
        guard_free(value);
    }
}

static void etags(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool expected;
        const char *why;
    } rows[] = {
        {"\"a\"", true, "strong"},
        {"W/\"a\"", true, "weak"},
        {"\"\"", true, "empty"},
        {"\"!#[]~\"", true, "the first and the last that may be"},
        {"w/\"a\"", false, "the W is upper case"},
        {"W/", false, "no tag"},
        {"", false, "nothing"},
        {"\"", false, "one quote"},
        {"a", false, "no quotes"},
        {"\"a", false, "no end"},
        {"a\"", false, "no beginning"},
        {"\"a\"b\"", false, "a quote within"},
        {"\"a\", \"b\"", false, "a list"},
        {"*", false, "that is for requests"},
        {"\"a b\"", false, "a space"},
        {"\"a\tb\"", false, "a tab"},
        {"\"a\x7f\"", false, "DEL"},
        {"\"a\x80\"", false, "beyond ASCII"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *value = guarded_text(rows[i].value);
        const bool found = header_is_etag((struct text){value, strlen(rows[i].value)});
        if (found != rows[i].expected) fail_msg("row %zu: %s", i, rows[i].why);
        guard_free(value);
    }
}

static void nonces(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool expected;
    } rows[] = {{"a", true},     {"!#[]~", true},  {"eyJ7S_zG.eyJH0-Z.HX4w-7v", true}, {"", false},        {"a b", false},
                {"a\"", false}, {"\\a", false}, {"a\x7f", false},                   {"a\x80", false}, {"a\t", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *value = guarded_text(rows[i].value);
        if (header_is_nonce((struct text){value, strlen(rows[i].value)}) != rows[i].expected) fail_msg("row %zu", i);
        guard_free(value);
    }
}

static void tokens(void **state)
{
    (void)state;
    assert_true(header_is_token(text_of("Content-Type")));
    assert_true(header_is_token(text_of("!#$%&'*+-.^_`|~09azAZ")));
    assert_false(header_is_token(text_of("")));
    assert_false(header_is_token((struct text){NULL, 0}));
    assert_false(header_is_token((struct text){"a\0b", 3}));
    for (const char *at = " \t\"(),/:;<=>?@[\\]{}\x7f\x80\xff"; *at != '\0'; at++)
        assert_false(header_is_token((struct text){at, 1}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(media_types),
        cmocka_unit_test(max_ages),
        cmocka_unit_test(etags),
        cmocka_unit_test(nonces),
        cmocka_unit_test(tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
