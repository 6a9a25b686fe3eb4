/* SPDX-License-Identifier: Apache-2.0
 *
 * test_compact.c: where the parts of a compact serialisation are, and what is no header. What JWS and JWE make of them is in their
 * tests.
 */
#include "support/unit.h"
#include "jose/jose.h"
#include "support/guard.h"

#include <stdio.h>
#include <string.h>

static void test_parts(void **state)
{
    (void)state;
    static const struct {
        const char *token;
        apisec_status status;
        size_t num;
        const char *parts[COMPACT_MOST];
        const char *why;
    } rows[] = {
        {"a.b.c", APISEC_OK, 3, {"a", "b", "c"}, "a JWS"},
        {"a.b.c.d.e", APISEC_OK, 5, {"a", "b", "c", "d", "e"}, "a JWE"},
        {"a..c..e", APISEC_OK, 5, {"a", "", "c", "", "e"}, "empty parts"},
        {"....", APISEC_OK, 5, {"", "", "", "", ""}, "nothing else"},
        {"", APISEC_OK, 1, {""}, "nothing is one empty part"},
        {"abc", APISEC_OK, 1, {"abc"}, "no dot"},
        {"a.b.c.d.e.f", APISEC_OK, 6, {"a", "b", "c", "d", "e"}, "of more the first are given"},
        {"a.b=.c", APISEC_E_MALFORMED, 0, {NULL}, "padding"},
        {"a.b+.c", APISEC_E_MALFORMED, 0, {NULL}, "the other alphabet"},
        {"a.b.c\n", APISEC_E_MALFORMED, 0, {NULL}, "a new line"},
        {"a.\x80.c", APISEC_E_MALFORMED, 0, {NULL}, "beyond ASCII"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct text parts[COMPACT_MOST];
        size_t num = 7;
        const char *in = guarded_text(rows[i].token);
        const apisec_status status = compact_split((struct text){in, strlen(rows[i].token)}, 64, parts, &num, NULL);
        if (status != rows[i].status) fail_msg("%s: %d", rows[i].why, (int)status);
        if (status == APISEC_OK && num != rows[i].num) fail_msg("%s: %zu", rows[i].why, num);
        for (size_t k = 0; status == APISEC_OK && k < num && k < COMPACT_MOST; k++) {
            if (!text_is(parts[k], rows[i].parts[k])) fail_msg("%s: part %zu", rows[i].why, k);
        }
        guard_free(in);
    }
}

static void test_the_longest(void **state)
{
    (void)state;
    struct text parts[COMPACT_MOST];
    size_t num;
    assert_int_equal(compact_split(text_of("a.b.c"), 5, parts, &num, NULL), APISEC_OK);
    assert_int_equal(compact_split(text_of("a.b.c"), 4, parts, &num, NULL), APISEC_E_TOO_LARGE);
    assert_int_equal(compact_split((struct text){NULL, 0}, 4, parts, &num, NULL), APISEC_OK);
    assert_int_equal(parts[0].len, 0);
}

static void test_headers(void **state)
{
    (void)state;
    static const struct {
        const char *encoded;
        apisec_status status;
        const char *why;
    } rows[] = {
        {"eyJhIjoiYiJ9", APISEC_OK, "{\"a\":\"b\"}"},
        {"e30", APISEC_OK, "{}"},
        {"e31", APISEC_E_MALFORMED, "a trailing bit"},
        {"W10", APISEC_E_MALFORMED, "[]"},
        {"", APISEC_E_MALFORMED, "nothing"},
        {"eyJhIjoiYiIsImEiOiJiIn0", APISEC_E_MALFORMED, "a member twice"},
        {"eyJhIjoiYiJ9IA", APISEC_OK, "white space behind"},
        {"eyJhIjoiYiJ9eA", APISEC_E_MALFORMED, "something behind"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json *document = (struct json *)&rows;
        const char *in = guarded_text(rows[i].encoded);
        const apisec_status status = compact_header((struct text){in, strlen(rows[i].encoded)}, &document, NULL);
        if (status != rows[i].status) fail_msg("%s: %d", rows[i].why, (int)status);
        assert_int_equal(document != NULL, status == APISEC_OK);
        json_free(document);
        guard_free(in);
    }
    static char large[JOSE_MAX_TOKEN + 2];
    struct json *document = NULL;
    memset(large, 'A', JOSE_MAX_TOKEN + 1);
    assert_int_equal(compact_header((struct text){large, JOSE_MAX_TOKEN + 1}, &document, NULL), APISEC_E_TOO_LARGE);
    assert_int_equal(compact_header((struct text){large, JOSE_MAX_TOKEN}, &document, NULL), APISEC_E_MALFORMED);
}

static void test_members(void **state)
{
    (void)state;
    struct json *document = NULL;
    struct text out;
    const struct text text = text_of("{\"a\":\"b\",\"n\":1,\"e\":\"\",\"z\":null}");
    assert_int_equal(json_parse_object(text, &json_token_limits, &document, NULL), APISEC_OK);
    assert_int_equal(compact_text(document, "a", &out, NULL), APISEC_OK);
    assert_true(text_is(out, "b"));
    assert_int_equal(compact_text(document, "e", &out, NULL), APISEC_OK);
    assert_non_null(out.at);
    assert_int_equal(compact_text(document, "absent", &out, NULL), APISEC_OK);
    assert_null(out.at);
    assert_int_equal(compact_text(document, "n", &out, NULL), APISEC_E_MALFORMED);
    assert_int_equal(compact_text(document, "z", &out, NULL), APISEC_E_MALFORMED);
    json_free(document);
}

static void test_appending(void **state)
{
    (void)state;
    struct buffer out = BUFFER_MAX(8);
    assert_int_equal(compact_append(&out, "\xfb\xff", 2), APISEC_OK);
    assert_string_equal(out.bytes, "-_8");
    assert_int_equal(compact_append(&out, NULL, 0), APISEC_OK);
    assert_int_equal(out.len, 3);
    assert_int_equal(compact_append(&out, "123456789", 9), APISEC_E_TOO_LARGE); /* as it stands already */
    assert_int_equal(compact_append(&out, "123", 3), APISEC_OK);
    assert_int_equal(compact_append(&out, "1", 1), APISEC_E_TOO_LARGE); /* encoded */
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_the_longest),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_appending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
