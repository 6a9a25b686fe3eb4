/* SPDX-License-Identifier: Apache-2.0
 *
 * test_body.c: what a body may be: each that is refused beside the one that differs in one thing and passes. What is said of it has
 * the position and the limit, and nothing that was sent.
 */
#define _GNU_SOURCE /* support/failing.h */
#include "support/failing.h"
#include "support/guard.h"
#include "support/unit.h"
#include "access/limits.h"

#include <stdio.h>
#include <stdlib.h>

#define JSON_TYPE "application/json"

/* read_body reads the member "body" of a rule. */
static apisec_status read_body(const char *json, struct arena *arena, const struct body_guard **guard, apisec_error *err)
{
    struct json *document = NULL;
    assert_int_equal(json_parse(text_of(json), NULL, &document, NULL), APISEC_OK);
    const struct shape top = {NULL, NULL, NULL, 0}, at = {document, &top, "body", 0};
    const apisec_status status = body_read(&at, arena, guard, err);
    json_free(document);
    return status;
}

/* ---- as written ---- */

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *wrong, *sentence, *right;
    } rows[] = {
        {"[]", "body: an object is wanted, not an array", "{}"},
        {"{\"max_byte\":1}", "body.max_byte: unknown, did you mean \"max_bytes\"?", "{\"max_bytes\":1}"},
        {"{\"max_bytes\":0}", "body.max_bytes: a whole number from 1 to 1073741824 is wanted", "{\"max_bytes\":1073741824}"},
        {"{\"max_bytes\":\"1\"}", "body.max_bytes: a number is wanted, not a string", "{\"max_bytes\":1}"},
        {"{\"max_depth\":513}", "body.max_depth: a whole number from 1 to 512 is wanted", "{\"max_depth\":512}"},
        {"{\"max_members\":0}", "body.max_members: a whole number from 1 to 1000000 is wanted", "{\"max_members\":1000000}"},
        {"{\"max_elements\":1000001}", "body.max_elements: a whole number from 1 to 1000000 is wanted", "{\"max_elements\":1}"},
        {"{\"max_string\":-1}", "body.max_string: a whole number from 1 to 1073741824 is wanted", "{\"max_string\":1}"},
        {"{\"members\":[]}", "body.members: an empty list can never be met", "{\"members\":[\"a\"]}"},
        {"{\"members\":[\"a\",\"a\"]}", "body.members[1]: is there twice", "{\"members\":[\"a\",\"b\"]}"},
        {"{\"members\":{}}", "body.members: an array is wanted, not an object", "{\"members\":[\"a b\"]}"},
        {"{\"optional\":1}", "body.optional: true or false is wanted, not a number", "{\"optional\":false}"},
        {"{\"content_types\":\"" JSON_TYPE "\"}", "body.content_types: an array is wanted, not a string",
         "{\"content_types\":[\"" JSON_TYPE "\"]}"},
        {"{\"content_types\":[]}", "body.content_types: an empty list can never be met", "{}"},
        {"{\"content_types\":[\"" JSON_TYPE "\",\"text/plain\"]}",
         "body.content_types[1]: not a type of JSON, as \"application/json\" or \"a/b+json\"",
         "{\"content_types\":[\"" JSON_TYPE "\",\"application/merge-patch+json\"]}"},
        {"{\"content_types\":[\"application/*\"]}",
         "body.content_types[0]: not a type of JSON, as \"application/json\" or \"a/b+json\"",
         "{\"content_types\":[\"text/json\"]}"},
        {"{\"content_types\":[\"application/json; charset=utf-8\"]}",
         "body.content_types[0]: not a type of JSON, as \"application/json\" or \"a/b+json\"",
         "{\"content_types\":[\"Application/JSON\"]}"},
        {"{\"content_types\":[\"/json\"]}", "body.content_types[0]: not a type of JSON, as \"application/json\" or \"a/b+json\"",
         "{\"content_types\":[\"a/json\"]}"},
        {"{\"content_types\":[\"a/b/json\"]}", "body.content_types[0]: not a type of JSON, as \"application/json\" or \"a/b+json\"",
         "{\"content_types\":[\"a/b.json+json\"]}"},
        {"{\"content_types\":[\"a/+json\"]}", "body.content_types[0]: not a type of JSON, as \"application/json\" or \"a/b+json\"",
         "{\"content_types\":[\"a/b+JSON\"]}"},
        {"{\"content_types\":[\"json\"]}", "body.content_types[0]: not a type of JSON, as \"application/json\" or \"a/b+json\"",
         "{\"content_types\":[\"json/json\"]}"},
    };
    struct arena arena = {NULL};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct body_guard *guard = (const struct body_guard *)&guard;
        apisec_error err = {.status = APISEC_OK, .text = ""};
        const apisec_status status = read_body(rows[i].wrong, &arena, &guard, &err);
        if (status != APISEC_E_CONFIG || guard != NULL || strcmp(err.text, rows[i].sentence) != 0)
            fail_msg("%s: %d %s", rows[i].wrong, status, err.text);
        if (read_body(rows[i].right, &arena, &guard, &err) != APISEC_OK || guard == NULL)
            fail_msg("%s: %s", rows[i].right, err.text);
    }
    arena_free(&arena);
}

/* list_of writes {"name":[…]} with num elements, each another type, which any member's name can be as well. */
static const char *list_of(const char *name, size_t num)
{
    static char json[8192];
    size_t len = (size_t)snprintf(json, sizeof json, "{\"%s\":[", name);
    for (size_t i = 0; i < num; i++)
        len += (size_t)snprintf(json + len, sizeof json - len, "%s\"a/%zu+json\"", i == 0 ? "" : ",", i);
    snprintf(json + len, sizeof json - len, "]}");
    return json;
}

static void test_too_many(void **state)
{
    (void)state;
    struct arena arena = {NULL};
    const struct body_guard *guard;
    apisec_error err;
    assert_int_equal(read_body(list_of("members", 256), &arena, &guard, &err), APISEC_OK);
    assert_int_equal(read_body(list_of("members", 257), &arena, &guard, &err), APISEC_E_CONFIG);
    assert_string_equal(err.text, "body.members: more than 256 members");
    assert_int_equal(read_body(list_of("content_types", 16), &arena, &guard, &err), APISEC_OK);
    assert_int_equal(read_body(list_of("content_types", 17), &arena, &guard, &err), APISEC_E_CONFIG);
    assert_string_equal(err.text, "body.content_types: more than 16 types");
    arena_free(&arena);
}

/* ---- as judged ---- */

struct sent {
    const char *body;  /* NULL: not known */
    const char *type;  /* NULL: no header */
    size_t more_types; /* headers beside it */
};

static void check(const struct body_guard *guard, const struct sent *sent, struct body_finding *finding)
{
    const size_t len = sent->body != NULL ? strlen(sent->body) : 0, type_len = sent->type != NULL ? strlen(sent->type) : 0;
    const struct text body = {guarded(sent->body, len), len}, type = {guarded(sent->type, type_len), type_len};
    memset(finding, 0x5a, sizeof *finding);
    body_check(guard, sent->body != NULL, body, (sent->type != NULL) + sent->more_types, type, finding);
    guard_free(body.at);
    guard_free(type.at);
}

/* expect: http 200 is a body that passes; otherwise the sentence must be this one. */
static void expect(const char *rule, const struct sent *sent, int32_t http, const char *sentence)
{
    struct arena arena = {NULL};
    const struct body_guard *guard;
    struct body_finding finding;
    assert_int_equal(read_body(rule, &arena, &guard, NULL), APISEC_OK);
    check(guard, sent, &finding);
    const apisec_status status = http == 200 ? APISEC_OK : APISEC_E_BODY;
    if (finding.status != status || finding.http_status != http || strcmp(finding.sentence, sentence) != 0)
        fail_msg("%s, %s, %s: %d, %d: %s", rule, sent->body, sent->type, finding.status, (int)finding.http_status,
                 finding.sentence);
    arena_free(&arena);
}

static void test_types(void **state)
{
    (void)state;
    static const char none[] = "the request has no Content-Type", other[] = "the Content-Type is none of those that are accepted",
                      many[] = "the request has more than one Content-Type",
                      parameter[] = "the Content-Type has a parameter other than charset=utf-8";
    static const struct {
        const char *type;
        size_t more_types;
        const char *sentence, *why;
    } rows[] = {
        {JSON_TYPE, 0, "", "the type"},
        {"Application/Json", 0, "", "caseless (RFC 9110 section 8.3.1)"},
        {JSON_TYPE ";charset=utf-8", 0, "", "the one that it may have"},
        {" " JSON_TYPE " \t; \tcharset=UTF-8 ", 0, "", "space around"},
        {JSON_TYPE ";Charset=\"utf-8\"", 0, "", "quoted"},
        {JSON_TYPE ";", 0, "", "an empty parameter is none (RFC 9110 section 5.6.6)"},
        {JSON_TYPE ";;charset=utf-8;", 0, "", "nor are several"},
        {NULL, 0, none, "nobody said what it is"},
        {"", 0, other, "a header without a value"},
        {JSON_TYPE, 1, many, "which of them did the next one read?"},
        {NULL, 2, many, "two of them"},
        {"text/plain", 0, other, "what a browser sends to another site without asking"},
        {"application/jsonp", 0, other, "longer"},
        {"application/jso", 0, other, "shorter"},
        {"application/problem+json", 0, other, "not listed"},
        {JSON_TYPE ", text/plain", 0, other, "two in one header"},
        {"application /json", 0, other, "space within"},
        {JSON_TYPE ";charset=utf-16", 0, parameter, "JSON is UTF-8 (RFC 8259 section 8.1)"},
        {JSON_TYPE ";charset=latin1", 0, parameter, "another charset"},
        {JSON_TYPE ";charset=\"utf-8", 0, parameter, "half a quote"},
        {JSON_TYPE ";charset = utf-8", 0, parameter, "space around the equals sign is none of HTTP"},
        {JSON_TYPE ";charset=utf-8;charset=utf-8", 0, parameter, "twice"},
        {JSON_TYPE ";charset=utf-8;q=1", 0, parameter, "one more"},
        {JSON_TYPE ";boundary=x", 0, parameter, "one of another type"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct sent sent = {"{}", rows[i].type, rows[i].more_types};
        expect("{}", &sent, rows[i].sentence[0] == '\0' ? 200 : 415, rows[i].sentence);
    }
    static const char listed[] = "{\"content_types\":[\"application/merge-patch+json\",\"application/problem+json\"]}";
    expect(listed, &(struct sent){"{}", "application/problem+json; charset=utf-8", 0}, 200, "");
    expect(listed, &(struct sent){"{}", "APPLICATION/Merge-Patch+JSON", 0}, 200, "");
    expect(listed, &(struct sent){"{}", JSON_TYPE, 0}, 415, other);
}

static void test_no_body(void **state)
{
    (void)state;
    static const char unknown[] = "the request's body is not known: apisec_call_set_body was not called";
    expect("{}", &(struct sent){"", NULL, 0}, 400, "the request has no body");
    expect("{}", &(struct sent){"", JSON_TYPE, 0}, 400, "the request has no body");
    expect("{\"optional\":false}", &(struct sent){"", NULL, 0}, 400, "the request has no body");
    expect("{\"optional\":true}", &(struct sent){"", NULL, 0}, 200, "");
    expect("{\"optional\":true}", &(struct sent){"", "text/plain", 0}, 200, "");
    expect("{\"optional\":true}", &(struct sent){" ", JSON_TYPE, 0}, 400, "the body: JSON, offset 1: the text ends too early");
    expect("{\"optional\":true}", &(struct sent){"{", JSON_TYPE, 0}, 400, "the body: JSON, offset 1: the text ends too early");
    expect("{\"optional\":true}", &(struct sent){"{}", NULL, 0}, 415, "the request has no Content-Type");
    expect("{}", &(struct sent){NULL, JSON_TYPE, 0}, 400, unknown);
    expect("{\"optional\":true}", &(struct sent){NULL, NULL, 0}, 400, unknown); /* what nobody has looked at is not empty */
}

static void test_shapes(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *wrong;
        int32_t http;
        const char *sentence, *right;
    } rows[] = {
        {"{\"max_bytes\":4}", "[1,2]", 413, "the body has 5 bytes, more than the limit of 4", "[12]"},
        {"{\"max_bytes\":4}", "[[[[", 400, "the body: JSON, offset 4: the text ends too early", "[[]]"},
        {"{\"max_depth\":2}", "[{\"a\":[]}]", 400, "the body: JSON, offset 6: nested deeper than the limit of 2", "[{\"a\":1}]"},
        {"{\"max_members\":1}", "{\"a\":1,\"b\":2}", 400,
         "the body: JSON, offset 7: an object has more members than the limit of 1", "{\"a\":1}"},
        {"{\"max_elements\":2}", "[1,2,3]", 400, "the body: JSON, offset 5: an array has more elements than the limit of 2",
         "[[1,2],2]"},
        {"{\"max_string\":3}", "\"abcd\"", 400, "the body: JSON, offset 4: a string is longer than the limit of 3", "\"abc\""},
        {"{\"max_string\":3}", "{\"abcd\":1}", 400, "the body: JSON, offset 5: a string is longer than the limit of 3",
         "{\"abc\":1}"},
        {"{}", "{\"a\":1,\"a\":2}", 400, "the body: JSON, offset 7: a member name occurs twice in one object", "{\"a\":1,\"A\":2}"},
        {"{}", "{\"a\":1,\"\\u0061\":2}", 400, "the body: JSON, offset 7: a member name occurs twice in one object",
         "{\"a\":1,\"\\u0062\":2}"},
        {"{}", "\xef\xbb\xbf{}", 400, "the body: JSON, offset 0: a byte order mark", " {}"},
        {"{}", "{} {}", 400, "the body: JSON, offset 3: bytes follow the value", "{} "},
        {"{}", "{\"a\":1e999}", 400, "the body: JSON, offset 5: a number of 1e308 or more", "{\"a\":1e99}"},
        {"{}", "{\"a\":NaN}", 400, "the body: JSON, offset 5: a value is missing", "{\"a\":null}"},
        {"{}", "{'a':1}", 400, "the body: JSON, offset 1: a member name is missing", "{\"a\":1}"},
        {"{}", "\"\xff\"", 400, "the body: JSON, offset 1: bytes that are not UTF-8", "\"\xc3\xbf\""},
        {"{}", "\"\\u0000\"", 400, "the body: JSON, offset 1: U+0000 in a string", "\"\\u0001\""},
        {"{}", "a=1&b=2", 400, "the body: JSON, offset 0: a value is missing", "1"},
        {"{\"members\":[\"item\"]}", "[]", 400, "the body: JSON, offset 0: not an object", "{}"},
        {"{\"members\":[\"item\"]}", " \"item\"", 400, "the body: JSON, offset 1: not an object", " {\"item\":1}"},
        {"{\"members\":[\"item\"]}", "null", 400, "the body: JSON, offset 0: not an object", "{\"item\":null}"},
        {"{\"members\":[\"item\",\"quantity\"]}", "{\"item\":1,\"is_admin\":true}", 400,
         "the body: JSON, offset 10: a member that is not accepted", "{\"item\":{\"is_admin\":true},\"quantity\":1}"},
        {"{\"members\":[\"item\"]}", "{\"Item\":1}", 400, "the body: JSON, offset 1: a member that is not accepted",
         "{\"item\":1}"},
        {"{\"members\":[\"item\"]}", "{\"item\\u0020\":1}", 400, "the body: JSON, offset 1: a member that is not accepted",
         "{\"\\u0069tem\":1}"},
        {"{\"members\":[\"item\"]}", "{\"__proto__\":{}}", 400, "the body: JSON, offset 1: a member that is not accepted", "{ }"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect(rows[i].rule, &(struct sent){rows[i].wrong, JSON_TYPE, 0}, rows[i].http, rows[i].sentence);
        expect(rows[i].rule, &(struct sent){rows[i].right, JSON_TYPE, 0}, 200, "");
    }
}

/* large: num times opening, and as many times closing. */
static char *large(size_t num, char opening, char closing)
{
    char *text = malloc(2 * num + 1);
    assert_non_null(text);
    memset(text, opening, num);
    memset(text + num, closing, num);
    text[2 * num] = '\0';
    return text;
}

static void test_bombs(void **state)
{
    (void)state;
    char *deep = large(200000, '[', ']'), *whole = large(16, '[', ']'), *one_more = large(17, '[', ']');
    expect("{}", &(struct sent){deep, JSON_TYPE, 0}, 400, "the body: JSON, offset 16: nested deeper than the limit of 16");
    expect("{}", &(struct sent){one_more, JSON_TYPE, 0}, 400, "the body: JSON, offset 16: nested deeper than the limit of 16");
    expect("{}", &(struct sent){whole, JSON_TYPE, 0}, 200, "");
    free(deep);
    free(whole);
    free(one_more);

    char *text = large((1024 * 1024) / 2, 'a', 'a'); /* 1 MiB: with its quotes within what is the default, without too much */
    text[0] = text[1024 * 1024 - 1] = '"';
    expect("{}", &(struct sent){text, JSON_TYPE, 0}, 400,
           "the body: JSON, offset 65537: a string is longer than the limit of 65536");
    expect("{\"max_string\":1048576}", &(struct sent){text, JSON_TYPE, 0}, 200, "");
    text[65537] = '"';
    text[65538] = '\0';
    expect("{}", &(struct sent){text, JSON_TYPE, 0}, 200, "");
    free(text);

    char *big = large(1024 * 1024 / 2 + 1, ' ', ' ');
    big[0] = '1';
    expect("{}", &(struct sent){big, JSON_TYPE, 0}, 413, "the body has 1048578 bytes, more than the limit of 1048576");
    big[1024 * 1024] = '\0';
    expect("{}", &(struct sent){big, JSON_TYPE, 0}, 200, "");
    free(big);
}

static void test_every_allocation(void **state)
{
    (void)state;
    if (!failing_works()) skip();
    static const char text[] = "{\"content_types\":[\"a/json\"],\"members\":[\"a\",\"b\"],\"optional\":true}";
    char many[4096];
    struct json *documents[2] = {NULL, NULL};
    assert_int_equal(json_parse(text_of(text), NULL, &documents[0], NULL), APISEC_OK);
    assert_int_equal(json_parse(text_of("{}"), NULL, &documents[1], NULL), APISEC_OK);
    size_t nth = 1, len = (size_t)snprintf(many, sizeof many, "{\"a\":{");
    for (size_t i = 0; i < 60; i++)
        len += (size_t)snprintf(many + len, sizeof many - len, "%s\"name-%zu\":1", i == 0 ? "" : ",", i);
    snprintf(many + len, sizeof many - len, "}}"); /* so many names that the scanner needs memory */
    for (size_t i = 0; i < 2; i++) {
        for (nth = 1;; nth++) {
            const struct shape at = {documents[i], NULL, NULL, 0};
            struct arena arena = {NULL};
            const struct body_guard *guard;
            struct body_finding finding = {APISEC_OK, 200, ""};
            apisec_error err;
            failing_begin(nth);
            const apisec_status status = body_read(&at, &arena, &guard, &err);
            if (status == APISEC_OK)
                body_check(guard, true, text_of(many), 1, i == 0 ? text_of("a/json") : text_of(JSON_TYPE), &finding);
            arena_free(&arena);
            const bool has_failed = failing_end();
            assert_int_equal(failing_kept, 0);
            assert_true(status == (has_failed ? APISEC_E_MEMORY : APISEC_OK) || finding.status == APISEC_E_MEMORY);
            if (finding.status == APISEC_E_MEMORY) assert_int_equal(finding.http_status, 500);
            else assert_int_equal(finding.status, APISEC_OK);
            if (!has_failed) break;
        }
        assert_true(nth > 2);
        json_free(documents[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mistakes),         cmocka_unit_test(test_too_many), cmocka_unit_test(test_types),
        cmocka_unit_test(test_no_body),          cmocka_unit_test(test_shapes),   cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_every_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
