/* SPDX-License-Identifier: Apache-2.0
 *
 * test_span.c: the raw bytes of a member, and no byte outside the text whatever it holds.
 */
#include "support/unit.h"
#include "json/json.h"
#include "support/guard.h"

#include <stdlib.h>
#include <string.h>

static void test_rows(void **state)
{
    (void)state;
    static const struct {
        const char *in, *name, *value /* NULL: not found */, *why;
    } rows[] = {
        {"{\"a\":1,\"b\":2}", "a", "1", "the first"},
        {"{\"a\":1,\"b\":2}", "b", "2", "the last"},
        {"{\"a\":1,\"b\":2}", "c", NULL, "absent"},
        {"{\"a\":1,\"b\":2}", "A", NULL, "case"},
        {"{\"a\":1,\"b\":2}", "", NULL, "the empty name is a name"},
        {"{\"\":3}", "", "3", "the empty name is a name"},
        {" { \"a\" : { \"x\" : [ 1 , 2 ] } , \"b\" : 2 } ", "a", "{ \"x\" : [ 1 , 2 ] }", "as it stands, without what is around"},
        {" { \"a\" : 1 , \"b\" : \"x y\" } ", "b", "\"x y\"", "space in a string stays"},
        {"{\"x\":{\"a\":1},\"a\":2}", "a", "2", "top level only"},
        {"{\"x\":\"a\",\"y\":[\"a\"],\"a\":5}", "a", "5", "values are no names"},
        {"{\"x\":\"}],\\\",{[\",\"a\":{\"b\":\"}\"}}", "a", "{\"b\":\"}\"}", "brackets and quotes in strings"},
        {"{\"x\\\\\":1,\"a\":2}", "a", "2", "a backslash before the closing quote"},
        {"{\"\\u0061bc\":7}", "abc", "7", "names are compared unescaped"},
        {"{\"ab\":1,\"abc\":2}", "abc", "2", "a prefix is another name"},
        {"{\"abc\":1,\"ab\":2}", "ab", "2", "so is a longer one"},
        {"{\"\\u20ac\":1}", "\xe2\x82\xac", "1", "unescaped to UTF-8"},
        {"{\"a\":null}", "a", "null", "null is there"},
        {"{}", "a", NULL, "empty"},
        {"[\"a\",1]", "a", NULL, "not an object"},
        {"\"a\"", "a", NULL, "not an object"},
        {"", "a", NULL, "nothing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct text in = {guarded_text(rows[i].in), strlen(rows[i].in)};
        struct text value = {"junk", 4};
        const bool found = json_member_span(in, rows[i].name, &value);
        if (found != (rows[i].value != NULL)) fail_msg("%s in %s: %s", rows[i].name, rows[i].in, rows[i].why);
        if (found && !text_is(value, rows[i].value)) fail_msg("%s gives %.*s", rows[i].in, (int)value.len, value.at);
        if (!found) assert_null(value.at);
        guard_free(in.at);
    }
}

/* Cuts and single bytes changed, at the end of a page: what is found lies inside. */
static void test_texts_that_did_not_pass_the_scanner(void **state)
{
    (void)state;
    static const char text[] = "{\"x\":{\"y\":[1,\"\\u0061\\\\\"]},\"a\":\"b\"}";
    static const char bytes[] = "\"\\{}[],:u \xff";
    char changed[sizeof text];
    for (size_t len = 0; len < sizeof text; len++) {
        for (size_t i = 0; i < len * sizeof bytes; i++) {
            memcpy(changed, text, sizeof text);
            changed[i / sizeof bytes] = bytes[i % sizeof bytes];
            const struct text in = {guarded(changed, len), len};
            struct text value;
            if (json_member_span(in, "a", &value)) {
                assert_true(value.at >= in.at && value.at + value.len <= in.at + in.len);
                assert_true(value.len > 0);
            }
            guard_free(in.at);
        }
    }
}

static void test_several_at_once(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "abc", "none", "z"};
    struct text values[4] = {{"junk", 4}, {"junk", 4}, {"junk", 4}, {"junk", 4}};
    static const char object[] = " {\"z\" : [1,2] ,\"\\u0061bc\":\"x\",\"b\":{\"a\":0},\"a\":null}";
    const struct text in = {guarded_text(object), strlen(object)};
    json_member_spans(in, names, 4, values);
    assert_true(text_is(values[0], "null"));
    assert_true(text_is(values[1], "\"x\""));
    assert_null(values[2].at);
    assert_true(text_is(values[3], "[1,2]"));
    guard_free(in.at);
    json_member_spans((struct text){NULL, 0}, names, 4, values);
    for (size_t i = 0; i < 4; i++) assert_null(values[i].at);
    json_member_spans(text_of("[\"a\",1]"), names, 4, values);
    for (size_t i = 0; i < 4; i++) assert_null(values[i].at);
}

static void test_texts_in_place(void **state)
{
    (void)state;
    static const struct {
        const char *value, *text; /* NULL: not a string */
        size_t len;
    } rows[] = {
        {"\"\"", "", 0},
        {"\"abc\"", "abc", 3},
        {"\"a\\\"b\\\\\"", "a\"b\\", 4},
        {"\"\\u20ac\\ud83d\\ude00\\n\"", "\xe2\x82\xac\xf0\x9f\x98\x80\n", 8},
        {"\"\xe2\x82\xac\"", "\xe2\x82\xac", 3},
        {"1", NULL, 0},
        {"null", NULL, 0},
        {"[\"a\"]", NULL, 0},
        {"{}", NULL, 0},
        {"\"", NULL, 0},
        {"", NULL, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const size_t len = strlen(rows[i].value);
        char *const bytes = malloc(len + 1);
        struct text text;
        memcpy(bytes, rows[i].value, len + 1);
        assert_int_equal(json_text_in_place(bytes, len, &text), rows[i].text != NULL);
        if (rows[i].text == NULL) assert_null(text.at);
        if (rows[i].text != NULL) assert_int_equal(text.len, rows[i].len);
        if (rows[i].text != NULL) assert_memory_equal(text.at, rows[i].text, rows[i].len + 1); /* with its NUL */
        free(bytes);
    }
}

static void test_other_members(void **state)
{
    (void)state;
    static const char *const names[] = {"item", "a\"b", ""};
    static const struct {
        const char *in;
        size_t num; /* of the names */
        enum json_others expected;
        size_t position;
        const char *why;
    } rows[] = {
        {"{\"item\":1}", 3, JSON_NO_OTHERS, 0, "one of them"},
        {"{}", 3, JSON_NO_OTHERS, 0, "none at all"},
        {" { } ", 0, JSON_NO_OTHERS, 0, "none at all, with space"},
        {"{\"item\":1}", 0, JSON_OTHERS, 1, "no name is one of none"},
        {"{\"item\":{\"x\":1},\"\":[{\"y\":2}]}", 3, JSON_NO_OTHERS, 0, "what is further down is not looked at"},
        {"{\"item\":1, \"x\":2}", 3, JSON_OTHERS, 11, "the last is another"},
        {" {\n\"x\":2,\"item\":1}", 3, JSON_OTHERS, 3, "the first is another"},
        {"{\"it\\u0065m\":1}", 3, JSON_NO_OTHERS, 0, "names are compared unescaped"},
        {"{\"\\u0069tem\":1}", 3, JSON_NO_OTHERS, 0, "the first letter too"},
        {"{\"a\\\"b\":1}", 3, JSON_NO_OTHERS, 0, "a quote in a name"},
        {"{\"a\\\\b\":1}", 3, JSON_OTHERS, 1, "another one"},
        {"{\"Item\":1}", 3, JSON_OTHERS, 1, "case"},
        {"{\"items\":1}", 3, JSON_OTHERS, 1, "a longer name"},
        {"{\"ite\":1}", 3, JSON_OTHERS, 1, "a shorter one"},
        {"[\"item\"]", 3, JSON_NO_OBJECT, 0, "an array"},
        {"  \"item\"", 3, JSON_NO_OBJECT, 2, "a string"},
        {"", 3, JSON_NO_OBJECT, 0, "nothing"},
        {"{\"item\"", 3, JSON_OTHERS, 1, "cut off: it did not pass the scanner"},
    };
    size_t position;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct text in = {guarded_text(rows[i].in), strlen(rows[i].in)};
        position = 99;
        const enum json_others others = json_other_members(in, names, rows[i].num, &position);
        if (others != rows[i].expected || position != rows[i].position)
            fail_msg("%s: %d at %zu: %s", rows[i].in, (int)others, position, rows[i].why);
        guard_free(in.at);
    }
    assert_int_equal(json_other_members((struct text){NULL, 0}, names, 3, &position), JSON_NO_OBJECT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_other_members),
                                       cmocka_unit_test(test_several_at_once), cmocka_unit_test(test_texts_in_place),
                                       cmocka_unit_test(test_texts_that_did_not_pass_the_scanner)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
