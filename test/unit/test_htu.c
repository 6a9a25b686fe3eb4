/* SPDX-License-Identifier: Apache-2.0
 *
 * test_htu.c: URLs as DPoP compares them: RFC 3986 section 6.2.2 and 6.2.3, RFC 9449 section 4.3. What is the same becomes the
 * same, and nothing else does.
 */
#include "support/unit.h"
#include "support/guard.h"
#include "token/dpop.h"

#include <string.h>

struct row {
    const char *url;
    const char *expected; /* NULL: refused */
    const char *why;
};

static void check(const struct row *row, apisec_status (*normalise)(struct text, struct buffer *))
{
    struct buffer out = BUFFER_MAX(4096);
    const char *const url = guarded_text(row->url);
    buffer_text(&out, "before");
    const apisec_status status = normalise((struct text){url, strlen(row->url)}, &out);
    if (status != (row->expected == NULL ? APISEC_E_MALFORMED : APISEC_OK))
        fail_msg("%s (%s): %s", row->url, row->why, apisec_status_name(status));
    if (row->expected != NULL && !text_is((struct text){out.bytes + 6, out.len - 6}, row->expected))
        fail_msg("%s (%s): %.*s", row->url, row->why, (int)out.len - 6, out.bytes + 6);
    assert_memory_equal(out.bytes, "before", 6);
    buffer_free(&out);
    guard_free(url);
}

static void test_paths(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"/", "/", ""},
        {"/a/b", "/a/b", "as it is"},
        {"/a/b/", "/a/b/", "a slash at the end is another resource"},
        {"//a//b", "//a//b", "empty segments are segments"},
        {"/A/b", "/A/b", "a path has case"},
        {"/%7Ea%2dB", "/~a-B", "escapes of unreserved characters"},
        {"/%41%5a%30", "/AZ0", ""},
        {"/%2f%3a%c3%a9", "/%2F%3A%C3%A9", "others only in upper case"},
        {"/%2F", "/%2F", "an escaped slash is no slash"},
        {"/a/./b", "/a/b", "dot segments"},
        {"/a/../b", "/b", ""},
        {"/a/%2e%2E/b", "/b", "escaped ones"},
        {"/a/.%2e", "/", ""},
        {"/a/b/..", "/a/", ""},
        {"/a/b/.", "/a/b/", ""},
        {"/.", "/", ""},
        {"/..", "/", "nothing is above the root"},
        {"/../../a", "/a", ""},
        {"/a//../b", "/a/b", "an empty segment is one to go back from"},
        {"/...", "/...", "three dots are a name"},
        {"/.a/..b/c.", "/.a/..b/c.", ""},
        {"/%252e%252e/", "/%252e%252e/", "decoded once"},
        {"/a;b=c,d/e:@!$&'()*+=", "/a;b=c,d/e:@!$&'()*+=", "reserved characters stay"},
        {"/%00", "/%00", ""},
        {"", NULL, "nothing"},
        {"a/b", NULL, "relative"},
        {"*", NULL, "OPTIONS *"},
        {"/%", NULL, "no escape"},
        {"/%4", NULL, ""},
        {"/%4g", NULL, ""},
        {"/%g4", NULL, ""},
        {"/a%", NULL, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) check(&rows[i], htu_path);
}

static void test_urls(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"https://api.example/a", "https://api.example/a", "as it is"},
        {"HTTPS://API.Example/A", "https://api.example/A", "scheme and host have no case"},
        {"https://api.example", "https://api.example/", "an empty path"},
        {"https://api.example:443/a", "https://api.example/a", "the default port"},
        {"https://api.example:/a", "https://api.example/a", "an empty port"},
        {"https://api.example:80/a", "https://api.example:80/a", "another port"},
        {"http://api.example:80/a", "http://api.example/a", ""},
        {"http://api.example:443/a", "http://api.example:443/a", ""},
        {"https://api.example:8443", "https://api.example:8443/", ""},
        {"https://[2001:DB8::1]/a", "https://[2001:db8::1]/a", ""},
        {"https://[2001:db8::1]:443/a", "https://[2001:db8::1]/a", ""},
        {"https://api.example/a?b=c", "https://api.example/a", "a query is ignored"},
        {"https://api.example/a#b", "https://api.example/a", "so is a fragment"},
        {"https://api.example?b=c/d", "https://api.example/", ""},
        {"https://api.example#b?c", "https://api.example/", ""},
        {"https://api.example/a?", "https://api.example/a", ""},
        {"https://api.example/a/../b?c#d", "https://api.example/b", ""},
        {"https://api.example?@evil.example/", "https://api.example/", "the host ends at the query"},
        {"https://user@api.example/a", NULL, "user info"},
        {"https://api.example@evil.example/a", NULL, ""},
        {"https://api.example\\@evil.example/a", NULL, "what browsers read differently"},
        {"https://api.example\\a", NULL, ""},
        {"https:///a", NULL, "no host"},
        {"https://:443/a", NULL, ""},
        {"https:/a", NULL, ""},
        {"https:a", NULL, ""},
        {"//api.example/a", NULL, "no scheme"},
        {"/a", NULL, "relative"},
        {"", NULL, ""},
        {":", NULL, ""},
        {"://", NULL, ""},
        {"ftp://api.example/a", NULL, "another scheme"},
        {" https://api.example/a", NULL, "white space"},
        {"https://api.example /a", NULL, ""},
        {"https://api%2eexample/a", NULL, "no escapes in a host"},
        {"https://api.ex\xc3\xa4mple/a", NULL, "beyond ASCII"},
        {"https://api.example/%zz", NULL, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) check(&rows[i], htu_url);
}

static void test_bases(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"https://api.example", "https://api.example", ""},
        {"https://api.example/", "https://api.example", "a slash at the end"},
        {"https://API.example:443", "https://api.example", "normalised"},
        {"https://api.example:8443", "https://api.example:8443", ""},
        {"https://api.example/orders", "https://api.example/orders", "what a proxy cuts off"},
        {"https://api.example/orders/", "https://api.example/orders", ""},
        {"https://api.example/a/../%62//", "https://api.example/b", ""},
        {"http://localhost:8080", "http://localhost:8080", "a loopback host needs no TLS"},
        {"http://127.0.0.1", "http://127.0.0.1", ""},
        {"http://[::1]:80/", "http://[::1]", ""},
        {"http://api.example", NULL, "no TLS"},
        {"http://localhost.example", NULL, ""},
        {"http://localhost@evil.example", NULL, ""},
        {"https://api.example?a", NULL, "a query"},
        {"https://api.example/#a", NULL, "a fragment"},
        {"http://localhost?a", NULL, ""},
        {"http://localhost#a", NULL, ""},
        {"https://user@api.example", NULL, ""},
        {"https://api.example:0", NULL, "no port"},
        {"api.example", NULL, ""},
        {"", NULL, ""},
        {"https://", NULL, ""},
        {"https://api..example", NULL, "an empty label"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buffer out = BUFFER_MAX(4096);
        apisec_error err;
        const char *const url = guarded_text(rows[i].url);
        const apisec_status status = htu_base((struct text){url, strlen(rows[i].url)}, &out, &err);
        if (status != (rows[i].expected == NULL ? APISEC_E_CONFIG : APISEC_OK))
            fail_msg("%s: %s", rows[i].url, apisec_status_name(status));
        assert_int_equal(err.status, status);
        if (rows[i].expected != NULL) assert_string_equal(out.bytes, rows[i].expected);
        buffer_free(&out);
        guard_free(url);
    }
}

static void test_room(void **state)
{
    (void)state;
    struct buffer small = BUFFER_MAX(8);
    assert_int_equal(htu_path(text_of("/12345678"), &small), APISEC_E_TOO_LARGE);
    buffer_free(&small);
    small = BUFFER_MAX(8);
    assert_int_equal(htu_path(text_of("/1234567"), &small), APISEC_OK);
    buffer_free(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_paths), cmocka_unit_test(test_urls), cmocka_unit_test(test_bases),
                                       cmocka_unit_test(test_room)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
