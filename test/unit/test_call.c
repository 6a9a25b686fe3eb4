/* SPDX-License-Identifier: Apache-2.0
 *
 * test_call.c: the request as the service hands it over: what is kept, what is refused, and that a reset leaves nothing behind.
 */
#include "support/unit.h"
#include "support/guard.h"
#include "token/token.h"

#include <stdlib.h>
#include <string.h>

static void add(apisec_call *call, const char *name, const char *value)
{
    const char *const n = guarded_text(name), *const v = guarded_text(value);
    apisec_call_add_header(call, n, strlen(name), v, strlen(value));
    guard_free(n); /* the call has its own copy */
    guard_free(v);
}

static void assert_text(struct text text, const char *expected)
{
    if (!text_is(text, expected)) fail_msg("expected '%s', found '%.*s'", expected, (int)text.len, text.at ? text.at : "");
}

static void test_all_parts_are_kept(void **state)
{
    (void)state;
    apisec_call *const call = apisec_call_new();
    struct text value;
    const unsigned char der[] = {0x30, 0x00, 0x0a, 0x0d};

    apisec_call_set_method(call, "GETxx", 3);
    apisec_call_set_target(call, "/orders/7?page=2", 16);
    add(call, "X-One", " \t first \t");
    add(call, "x-one", "second");
    add(call, "Empty", "");
    apisec_call_set_peer_certificate(call, der, sizeof der);
    apisec_call_set_peer_address(call, "2001:db8::1");

    assert_int_equal(call_status(call, NULL), APISEC_OK);
    assert_text(call_method(call), "GET");
    assert_text(call_target(call), "/orders/7?page=2");
    assert_text(call_path(call), "/orders/7");
    assert_int_equal(call_num_headers(call), 3);
    assert_text(call_header_at(call, 1).name, "x-one");
    assert_text(call_header_at(call, 1).value, "second");
    assert_null(call_header_at(call, 3).name.at);
    assert_int_equal(call_find_header(call, "X-ONE", &value), 2);
    assert_text(value, "first");
    assert_int_equal(call_find_header(call, "empty", &value), 1);
    assert_int_equal(value.len, 0);
    assert_int_equal(call_find_header(call, "X-On", &value), 0);
    assert_int_equal(call_peer_certificate(call).len, sizeof der);
    assert_memory_equal(call_peer_certificate(call).at, der, sizeof der);
    assert_text(call_peer_address(call), "2001:db8::1");
    apisec_call_free(call);
}

static void test_the_path_has_no_query_and_no_authority(void **state)
{
    (void)state;
    static const struct {
        const char *target, *path, *why;
    } rows[] = {
        {"/a/b", "/a/b", ""},
        {"/a?x=1?y", "/a", "the first question mark counts"},
        {"/?", "/", ""},
        {"https://user:secret@api.example/a/b?x", "/a/b", "the absolute form may hold a password"},
        {"https://user:secret@api.example", "/", "a URL without a path means the root"},
        {"https://user:secret@api.example?x=/y", "/", "the query's slash is not the path's"},
        {"*", "*", "OPTIONS *"},
        {"user:secret@api.example:443", "", "CONNECT has no path"},
        {"HTTP://api.example/a", "/a", "a scheme has no case"},
        {"x/admin://h/health", "", "no scheme in front"},
        {"http:/admin/x://h/health", "", "nor here"},
        {"http://h/health/admin", "/health/admin", "the twin of the next ones"},
        {"http:///health/admin", "", "of no host: others read /admin at the host health"},
        {"http://?/health", "", "nor here"},
        {"http://h\\admin/health", "", "others read /admin/health"},
        {"http://h\\admin", "", "others read /admin"},
        {"http://\t/health/admin", "", "others pass over the tab"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_call *const call = apisec_call_new();
        const char *const target = guarded_text(rows[i].target);
        apisec_call_set_target(call, target, strlen(rows[i].target));
        guard_free(target);
        if (!text_is(call_path(call), rows[i].path)) fail_msg("%s: %s", rows[i].target, rows[i].why);
        apisec_call_free(call);
    }
}

/* Some cut a fragment off, others do not: the twin has its sign encoded. */
static void test_a_target_has_no_fragment(void **state)
{
    (void)state;
    apisec_call *call = apisec_call_new();
    apisec_call_set_target(call, "/health#/../admin", 17);
    assert_int_equal(call_status(call, NULL), APISEC_E_REQUEST);
    apisec_call_reset(call);
    apisec_call_set_target(call, "/health%23/../admin", 19);
    assert_int_equal(call_status(call, NULL), APISEC_OK);
    apisec_call_free(call);
}

static void test_bad_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t name_len;
        const char *value;
        size_t value_len;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {"A", 1, "b", 1, APISEC_OK, "the twin"},
        {"A", 1, "\xc3\xa4\x01", 3, APISEC_OK, "ugly, and harmless"},
        {"A", 1, "b\r", 2, APISEC_E_REQUEST, "CR"},
        {"A", 1, "b\n", 2, APISEC_E_REQUEST, "LF"},
        {"A", 1, "b\0c", 3, APISEC_E_REQUEST, "NUL"},
        {"A", 1, "b\r\n\tc", 5, APISEC_E_REQUEST, "obs-fold"},
        {"A\r", 2, "b", 1, APISEC_E_REQUEST, "CR in the name"},
        {"A\0", 2, "b", 1, APISEC_E_REQUEST, "NUL in the name"},
        {"", 0, "b", 1, APISEC_E_REQUEST, "no name"},
        {"Authorization ", 14, "b", 1, APISEC_E_REQUEST, "a space before the colon is another name to some"},
        {"A\xc3\xa4", 3, "b", 1, APISEC_E_REQUEST, "beyond ASCII"},
        {"A\x7f", 2, "b", 1, APISEC_E_REQUEST, "DEL"},
        {":authority", 10, "b", 1, APISEC_OK, "as HTTP/2 hands it over"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_call *const call = apisec_call_new();
        apisec_error err;
        apisec_call_add_header(call, rows[i].name, rows[i].name_len, rows[i].value, rows[i].value_len);
        if (call_status(call, &err) != rows[i].expected) fail_msg("row %d: %s", (int)i, rows[i].why);
        assert_int_equal(err.status, rows[i].expected);
        assert_int_equal(err.text[0] == '\0', rows[i].expected == APISEC_OK);
        apisec_call_free(call);
    }
}

static void test_bad_methods_and_targets(void **state)
{
    (void)state;
    static const struct {
        const char *method, *target;
        size_t target_len;
        apisec_status expected;
    } rows[] = {
        {"GET", "/a", 2, APISEC_OK},
        {"G T", "/a", 2, APISEC_E_REQUEST},
        {"", "/a", 2, APISEC_E_REQUEST},
        {"GET\r", "/a", 2, APISEC_E_REQUEST},
        {"GET", "", 0, APISEC_E_REQUEST},
        {"GET", "/a b", 4, APISEC_E_REQUEST},
        {"GET", "/a\r", 3, APISEC_E_REQUEST},
        {"GET", "/a\n", 3, APISEC_E_REQUEST},
        {"GET", "/\0a", 3, APISEC_E_REQUEST},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF", "/", 1, APISEC_OK},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG", "/", 1, APISEC_E_REQUEST},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_call *const call = apisec_call_new();
        apisec_call_set_method(call, rows[i].method, strlen(rows[i].method));
        apisec_call_set_target(call, rows[i].target, rows[i].target_len);
        if (call_status(call, NULL) != rows[i].expected) fail_msg("row %d", (int)i);
        apisec_call_free(call);
    }
}

static void test_limits(void **state)
{
    (void)state;
    static char big[65537];
    memset(big, 'a', sizeof big);
    const struct {
        size_t num_headers, value_len, target_len;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {128, 0, 1, APISEC_OK, "as many as there may be"},
        {129, 0, 1, APISEC_E_REQUEST, "one more"},
        {1, 65535, 1, APISEC_OK, "64 KiB with the name"},
        {1, 65536, 1, APISEC_E_REQUEST, "one byte more"},
        {2, 32768, 1, APISEC_E_REQUEST, "in all, not each"},
        {1, 65535, 16384, APISEC_OK, "the target has its own room"},
        {0, 0, 16385, APISEC_E_REQUEST, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_call *const call = apisec_call_new();
        for (size_t n = 0; n < rows[i].num_headers; n++) apisec_call_add_header(call, "A", 1, big, rows[i].value_len);
        apisec_call_set_target(call, big, rows[i].target_len);
        if (call_status(call, NULL) != rows[i].expected) fail_msg("row %d: %s", (int)i, rows[i].why);
        apisec_call_free(call);
    }
}

static void test_a_flood_ends(void **state)
{
    (void)state;
    apisec_call *const call = apisec_call_new();
    for (size_t i = 0; i < 100000; i++) apisec_call_set_method(call, "GET", 3);
    assert_int_equal(call_status(call, NULL), APISEC_E_REQUEST);
    apisec_call_free(call);
}

static void test_the_first_error_stays_until_reset(void **state)
{
    (void)state;
    apisec_call *const call = apisec_call_new();
    apisec_error first, later;
    apisec_call_add_header(call, NULL, 1, "b", 1);
    assert_int_equal(call_status(call, &first), APISEC_E_ARGUMENT);
    add(call, "A", "b\n");
    assert_int_equal(call_status(call, &later), APISEC_E_ARGUMENT);
    assert_string_equal(first.text, later.text);
    apisec_call_reset(call);
    assert_int_equal(call_status(call, &later), APISEC_OK);
    apisec_call_free(call);
}

static void test_the_path_is_that_of_the_last_target(void **state)
{
    (void)state;
    apisec_call *const call = apisec_call_new();
    apisec_call_set_target(call, "/orders/7?x", 11);
    assert_text(call_path(call), "/orders/7");
    apisec_call_set_target(call, "http://h", 8);
    assert_text(call_path(call), "/");
    for (size_t i = 0; i < 64; i++) add(call, "Padding", "so that the bytes before it move"); /* the buffer grows */
    assert_text(call_path(call), "/");
    assert_text(call_target(call), "http://h");
    apisec_call_set_target(call, "h:443", 5);
    assert_null(call_path(call).at);
    apisec_call_set_target(call, "/a b", 4); /* refused */
    assert_null(call_path(call).at);
    apisec_call_free(call);
}

static void test_reset_leaves_nothing(void **state)
{
    (void)state;
    apisec_call *const call = apisec_call_new();
    size_t len = 1;
    add(call, "Authorization", "Bearer canary.canary.canary");
    apisec_call_set_method(call, "GET", 3);
    apisec_call_set_target(call, "/x", 2);
    apisec_call_set_peer_address(call, "192.0.2.1");
    apisec_call_set_peer_certificate(call, (const unsigned char *)"x", 1);
    apisec_call_set_time(call, 1);
    const char *const before = apisec_call_token(call, &len);
    const char *const bytes = call_header_at(call, 0).name.at;
    assert_non_null(before);

    apisec_call_reset(call);
    assert_null(apisec_call_token(call, &len));
    assert_int_equal(len, 0);
    assert_int_equal(call_num_headers(call), 0);
    assert_null(call_method(call).at);
    assert_null(call_target(call).at);
    assert_null(call_path(call).at);
    assert_null(call_peer_address(call).at);
    assert_null(call_peer_certificate(call).at);
    assert_false(call_has_time(call));

    add(call, "A", "b");
    assert_ptr_equal(call_header_at(call, 0).name.at, bytes); /* the same memory, used again, */
    assert_memory_not_equal(before, "canary", 6);             /* and the token is no longer in it */
    apisec_call_free(call);
}

static void test_time(void **state)
{
    (void)state;
    apisec_call *const call = apisec_call_new();
    const int64_t before = clock_now();
    assert_false(call_has_time(call));
    assert_true(call_time(call) >= before && call_time(call) <= clock_now());
    apisec_call_set_time(call, -5);
    assert_true(call_has_time(call));
    assert_int_equal(call_time(call), -5);
    apisec_call_free(call);
}

/* It is borrowed, one of no bytes is one too, and a reset forgets it. */
static void test_body(void **state)
{
    (void)state;
    static const char bytes[] = "{}";
    struct text body;
    apisec_call *call = apisec_call_new();
    assert_false(call_body(call, &body));
    apisec_call_set_body(call, bytes, 2);
    assert_true(call_body(call, &body));
    assert_ptr_equal(body.at, bytes);
    assert_int_equal(body.len, 2);
    apisec_call_set_body(call, NULL, 0);
    assert_true(call_body(call, &body));
    assert_int_equal(body.len, 0);
    apisec_call_reset(call);
    assert_false(call_body(call, &body));
    assert_int_equal(call_status(call, NULL), APISEC_OK);
    apisec_call_set_body(call, NULL, 1);
    assert_int_equal(call_status(call, NULL), APISEC_E_ARGUMENT);
    assert_false(call_body(NULL, &body));
    apisec_call_set_body(NULL, bytes, 2);
    apisec_call_free(call);
}

static void test_null_calls(void **state)
{
    (void)state;
    struct text value;
    size_t len = 1;
    apisec_call_set_method(NULL, "GET", 3);
    apisec_call_set_target(NULL, "/", 1);
    apisec_call_add_header(NULL, "A", 1, "b", 1);
    apisec_call_set_peer_certificate(NULL, (const unsigned char *)"x", 1);
    apisec_call_set_peer_address(NULL, "192.0.2.1");
    apisec_call_set_time(NULL, 1);
    apisec_call_reset(NULL);
    apisec_call_free(NULL);
    assert_int_equal(call_status(NULL, NULL), APISEC_E_MEMORY);
    assert_null(apisec_call_token(NULL, &len));
    assert_int_equal(len, 0);
    assert_int_equal(call_num_headers(NULL), 0);
    assert_int_equal(call_find_header(NULL, "A", &value), 0);
    assert_null(call_path(NULL).at);

    apisec_call *const call = apisec_call_new();
    apisec_call_set_peer_address(call, NULL);
    apisec_call_set_peer_certificate(call, NULL, 0);
    assert_int_equal(call_status(call, NULL), APISEC_OK);
    apisec_call_free(call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_parts_are_kept),
        cmocka_unit_test(test_the_path_has_no_query_and_no_authority),
        cmocka_unit_test(test_a_target_has_no_fragment),
        cmocka_unit_test(test_bad_bytes),
        cmocka_unit_test(test_bad_methods_and_targets),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_a_flood_ends),
        cmocka_unit_test(test_the_first_error_stays_until_reset),
        cmocka_unit_test(test_the_path_is_that_of_the_last_target),
        cmocka_unit_test(test_reset_leaves_nothing),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_body),
        cmocka_unit_test(test_null_calls),
    };
    return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
