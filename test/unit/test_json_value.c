/* SPDX-License-Identifier: Apache-2.0
 *
 * test_json_value.c: a parsed value written again (lib/json/writer.c): it says the same, on one line of pure ASCII.
 */
#include "support/unit.h"
#include "json/json.h"

#include <locale.h>

static void check(const char *json, const char *expected)
{
    struct json *document = NULL;
    struct buffer out = BUFFER_MAX(1000);
    struct json_writer writer = {&out, false};
    if (json_parse(text_of(json), NULL, &document, NULL) != APISEC_OK) fail_msg("%s", json);
    json_put_value(&writer, NULL, document);
    assert_int_equal(out.status, APISEC_OK);
    assert_string_equal(out.bytes, expected);
    assert_int_equal(apisec_json_scan(out.bytes, out.len, NULL, NULL, NULL), APISEC_OK);
    buffer_free(&out);
    json_free(document);
}

static void test_values(void **state)
{
    (void)state;
    static const struct {
        const char *json, *expected;
    } rows[] = {
        {"null", "null"},
        {" true ", "true"},
        {"false", "false"},
        {"\"a\\u0022\\n\xc3\xa9\"", "\"a\\\"\\u000a\\u00e9\""},
        {"0", "0"},
        {"-12", "-12"},
        {"9007199254740991", "9007199254740991"},
        {"1e3", "1000"},
        {"1.5", "1.5"},
        {"-1.5e-7", "-1.4999999999999999e-07"},
        {"1e300", "1.0000000000000001e+300"},
        {"9.9999999999999985e307", "9.9999999999999981e+307"},
        {"9.99999999999999999999e307", "9.9999999999999999e+307"}, /* nearest to 1e308, which the scanner refuses */
        {"-9.99999999999999999999e307", "-9.9999999999999999e+307"},
        {"[]", "[]"},
        {"{ }", "{}"},
        {"[1, [\"x\"], {\"a\": null, \"b\\\"\": [false]}]", "[1,[\"x\"],{\"a\":null,\"b\\\"\":[false]}]"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) check(rows[i].json, rows[i].expected);
}

/* Where the locale has a comma for the point, JSON has the point all the same. */
static void test_the_locale(void **state)
{
    (void)state;
    if (setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL && setlocale(LC_NUMERIC, "fr_FR.UTF-8") == NULL) skip();
    check("[1.5]", "[1.5]");
    setlocale(LC_NUMERIC, "C");
}

static void test_a_member(void **state)
{
    (void)state;
    struct json *document = NULL;
    struct buffer out = BUFFER_MAX(1000);
    struct json_writer writer = {&out, false};
    assert_int_equal(json_parse(text_of("{\"a\":[1]}"), NULL, &document, NULL), APISEC_OK);
    json_open_object(&writer, NULL);
    json_put_value(&writer, "x", json_member(document, "a"));
    json_put_value(&writer, "y", document);
    json_close_object(&writer);
    assert_string_equal(out.bytes, "{\"x\":[1],\"y\":{\"a\":[1]}}");
    buffer_free(&out);
    json_free(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_the_locale),
        cmocka_unit_test(test_a_member),
    };
    return cmocka_run_group_tests_name("json_value", tests, NULL, NULL);
}
