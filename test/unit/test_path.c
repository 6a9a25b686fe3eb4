/* SPDX-License-Identifier: Apache-2.0
 *
 * test_path.c: paths as rules see them: decoded once, and refused where two readers may disagree.
 */
#include "support/unit.h"
#include "support/guard.h"
#include "access/access.h"

#include <stdlib.h>

struct row {
    const char *path;
    const char *segments; /* joined by '|'; NULL: refused */
    const char *why;
};

static void check(const struct row *row)
{
    struct arena arena = {NULL};
    struct path path;
    struct buffer joined = BUFFER_MAX(65536);
    apisec_error err;
    const char *bytes = guarded_text(row->path);
    const apisec_status status = path_parse((struct text){bytes, strlen(row->path)}, &arena, &path, &err);
    if (status != (row->segments ? APISEC_OK : APISEC_E_REQUEST)) fail_msg("%s: %s", row->path, apisec_status_name(status));
    if (row->segments) {
        for (size_t i = 0; i < path.num; i++) {
            if (i > 0) buffer_byte(&joined, '|');
            buffer_slice(&joined, path.segments[i]);
        }
        if (!text_is((struct text){joined.bytes ? joined.bytes : "", joined.len}, row->segments))
            fail_msg("%s: %s", row->path, joined.bytes);
    }
    guard_free(bytes);
    buffer_free(&joined);
    arena_free(&arena);
}

/* Each byte at each place of a segment that is longer than what is looked at at once: it stands for itself, or the path is
 * refused. A slash and an escape are the rows' below. */
static void test_every_byte_of_a_segment(void **state)
{
    (void)state;
    enum { LEN = 40 };
    char text[1 + LEN];
    for (size_t at = 1; at < sizeof text; at++)
        for (int byte = 0; byte < 256; byte++) {
            struct arena arena = {NULL};
            struct path path;
            if (byte == '/' || byte == '%') continue;
            memset(text, 'a', sizeof text);
            text[0] = '/';
            text[at] = (char)byte;
            const apisec_status status = path_parse((struct text){text, sizeof text}, &arena, &path, NULL);
            const bool is_permitted = byte > ' ' && byte < 0x7f && byte != '\\' && byte != '#' && byte != '?' && byte != ';';
            if (status != (is_permitted ? APISEC_OK : APISEC_E_REQUEST)) fail_msg("byte %d at %zu", byte, at);
            if (is_permitted) assert_true(path.num == 1 && text_equal(path.segments[0], (struct text){text + 1, LEN}));
            arena_free(&arena);
        }
}

static void test_paths(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"/", "", "the root: one empty segment"},
        {"/orders", "orders", "one segment"},
        {"/orders/", "orders|", "a slash at the end is a segment of its own"},
        {"/customers/7/orders", "customers|7|orders", "three"},
        {"/a%20b/%C3%A9", "a b|\xc3\xa9", "decoded"},
        {"/%41", "A", "an unreserved character in disguise"},
        {"/100%25", "100%", "a percent sign"},
        {"/100%25/4", "100%|4", "and no escape with what is in the next segment"},
        {"/100%25%2B", "100%+", "what is decoded means itself"},
        {"/100%254%7A", "100%4z", "no hex digits behind it"},
        {"/a%3Bv=1/b", "a;v=1|b", "encoded, a semicolon is data"},
        {"/%E2%82%AC", "\xe2\x82\xac", "a character of three bytes"},
        {"/a.b/...", "a.b|...", "dots that are no dot segment"},
        {"/%3f%23", "?#", "encoded, they are data"},
        {"", NULL, "empty"},
        {"orders", NULL, "no slash"},
        {"*", NULL, "asterisk-form"},
        {"https://a.example/x", NULL, "absolute-form"},
        {"//orders", NULL, "empty segment in front"},
        {"/a//b", NULL, "empty segment"},
        {"/a//", NULL, "empty segment at the end"},
        {"/a/../b", NULL, "dot segment"},
        {"/a/..", NULL, "at the end"},
        {"/./b", NULL, "one dot"},
        {"/a/%2e%2e/b", NULL, "encoded dot segment"},
        {"/a/.%2E", NULL, "half encoded"},
        {"/a/..;/b", NULL, "dots with a parameter"},
        {"/a/..;x=1/b", NULL, "with a value"},
        {"/a/.;/b", NULL, "one dot"},
        {"/a/%2e%2e%3b/b", NULL, "all of it encoded"},
        {"/a/...%3b/b", "a|...;|b", "three dots are a name"},
        {"/a;v=1/b", NULL, "a parameter, which some servers cut off"},
        {"/a;", NULL, "an empty one"},
        {"/;a", NULL, "nothing but a parameter"},
        {"/%2541", NULL, "encoded twice"},
        {"/%2501", NULL, "a control"},
        {"/%25g1", "%g1", "no escape, whoever decodes it"},
        {"/%252fa", NULL, "a slash to who decodes twice"},
        {"/%25%32%66a", NULL, "its digits encoded too"},
        {"/a%25e9", NULL, ""},
        {"/a%c0%afb", NULL, "an overlong slash"},
        {"/a%e0%80%afb", NULL, ""},
        {"/a%c0%80", NULL, "an overlong NUL"},
        {"/%e9", NULL, "Latin-1"},
        {"/%e2%82/%ac", NULL, "half a character"},
        {"/%ed%a0%80", NULL, "a surrogate"},
        {"/a%2fb", NULL, "encoded slash"},
        {"/a%2Fb", NULL, "in capitals"},
        {"/a%5cb", NULL, "encoded backslash"},
        {"/a\\b", NULL, "backslash"},
        {"/a%00b", NULL, "NUL"},
        {"/a%0ab", NULL, "line feed"},
        {"/a%7fb", NULL, "DEL"},
        {"/a b", NULL, "raw space"},
        {"/\xc3\xa9", NULL, "raw bytes beyond ASCII"},
        {"/a?b", NULL, "the query is not of the path"},
        {"/a#b", NULL, "fragment"},
        {"/a%", NULL, "half an escape"},
        {"/a%4", NULL, "a digit less"},
        {"/a%4g", NULL, "no hex digit"},
        {"/a%4/", NULL, "before 0"},
        {"/a%4:", NULL, "behind 9"},
        {"/a%4@", NULL, "before A"},
        {"/a%4G", NULL, "behind F"},
        {"/a%4`", NULL, "before a"},
        {"/a%!1", NULL, "the first digit"},
        {"/a%4F/%4f", "aO|O", "the last ones that are"},
        {"/a\x7f", NULL, "a raw DEL"},
        {"/a%g4", NULL, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) check(&rows[i]);
}

static void test_limits(void **state)
{
    (void)state;
    struct arena arena = {NULL};
    struct path path;
    char deep[2 * PATH_MAX_SEGMENTS + 3] = "";
    for (size_t i = 0; i < PATH_MAX_SEGMENTS; i++) memcpy(deep + 2 * i, "/a", 3);
    assert_int_equal(path_parse(text_of(deep), &arena, &path, NULL), APISEC_OK);
    assert_int_equal(path.num, PATH_MAX_SEGMENTS);
    memcpy(deep + 2 * PATH_MAX_SEGMENTS, "/", 2);
    assert_int_equal(path_parse(text_of(deep), &arena, &path, NULL), APISEC_E_REQUEST);

    char *long_path = malloc(PATH_MAX_LEN + 2);
    assert_non_null(long_path);
    memset(long_path, 'a', PATH_MAX_LEN + 1);
    long_path[0] = '/';
    assert_int_equal(path_parse((struct text){long_path, PATH_MAX_LEN}, &arena, &path, NULL), APISEC_OK);
    assert_int_equal(path_parse((struct text){long_path, PATH_MAX_LEN + 1}, &arena, &path, NULL), APISEC_E_REQUEST);
    free(long_path);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths), cmocka_unit_test(test_every_byte_of_a_segment),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
