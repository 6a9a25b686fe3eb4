/* SPDX-License-Identifier: Apache-2.0
 *
 * test_url.c: which URLs are acceptable. Beside each refused one stands a twin that passes.
 */
#include "http/http.h"
#include "support/guard.h"
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

struct row {
    const char *url;
    apisec_status expected;
    const char *why;
};

static void check_rows(const struct row *rows, size_t num, apisec_status (*check)(struct text, apisec_error *))
{
    for (size_t i = 0; i < num; i++) {
        apisec_error err;
        const char *url = guarded_text(rows[i].url);
        const struct text text = {url, strlen(rows[i].url)};
        const apisec_status status = check(text, &err);
        if (status != rows[i].expected) fail_msg("row %zu: %s: %s: %s", i, rows[i].url, rows[i].why, err.text);
        assert_int_equal(err.status, status);
        assert_int_equal(check(text, NULL), status);
        guard_free(url);
    }
}

static void https_urls(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"https://id.example", APISEC_OK, "a host is enough"},
        {"https://id.example/a/b;c=d?e=f&g=%2F", APISEC_OK, "path and query"},
        {"https://id.example?x", APISEC_OK, "a query without a path"},
        {"HTTPS://ID.EXAMPLE/", APISEC_OK, "in any case"},
        {"https://id.example.:443/", APISEC_OK, "a dot at the end, a port"},
        {"https://my_host-1/", APISEC_OK, "names as they are used inside"},
        {"https://10.0.0.1:8443/", APISEC_OK, "an address"},
        {"https://[2001:db8::1]/", APISEC_OK, "an IPv6 address"},
        {"https://[::ffff:10.0.0.1]:8443/x", APISEC_OK, "with a port"},
        {"", APISEC_E_CONFIG, "empty"},
        {"http://id.example/", APISEC_E_CONFIG, "not https"},
        {"file:///etc/passwd", APISEC_E_CONFIG, "not https"},
        {"gopher://id.example/", APISEC_E_CONFIG, "not https"},
        {"httpsx://id.example/", APISEC_E_CONFIG, "not https"},
        {"id.example/", APISEC_E_CONFIG, "no scheme"},
        {"//id.example/", APISEC_E_CONFIG, "no scheme"},
        {"https:id.example", APISEC_E_CONFIG, "no slashes"},
        {"https:/id.example", APISEC_E_CONFIG, "one slash"},
        {"https:///id.example", APISEC_E_CONFIG, "three slashes"},
        {"https://", APISEC_E_CONFIG, "no host"},
        {"https://:443/", APISEC_E_CONFIG, "no host"},
        {"https://?x", APISEC_E_CONFIG, "no host"},
        {"https://user@id.example/", APISEC_E_CONFIG, "user info"},
        {"https://user:pass@id.example/", APISEC_E_CONFIG, "user info"},
        {"https://id.example@evil.example/", APISEC_E_CONFIG, "user info that looks like a host"},
        {"https://id.example/@x", APISEC_OK, "an at sign in the path is none"},
        {"https://id.example/#top", APISEC_E_CONFIG, "a fragment"},
        {"https://id.example/#", APISEC_E_CONFIG, "an empty one is one"},
        {"https://evil.example\\@id.example/", APISEC_E_CONFIG, "a backslash is a slash to some"},
        {"https://id.example/a b", APISEC_E_CONFIG, "a space"},
        {"https://id.example/a\tb", APISEC_E_CONFIG, "a tab"},
        {"https://id.example/a\nb", APISEC_E_CONFIG, "a line feed"},
        {"https://id.example/a\r\nHost: b", APISEC_E_CONFIG, "a second header"},
        {" https://id.example/", APISEC_E_CONFIG, "white space in front"},
        {"https://id.example/\"x\"", APISEC_E_CONFIG, "quotes"},
        {"https://id.example/<x>", APISEC_E_CONFIG, "angle brackets"},
        {"https://id.example/{x}", APISEC_E_CONFIG, "braces, which curl's tool would expand"},
        {"https://id.example/[1-9]", APISEC_E_CONFIG, "brackets, too"},
        {"https://id.example/\xc3\xa9", APISEC_E_CONFIG, "beyond ASCII"},
        {"https://id.ex\xc3\xa4mple/", APISEC_E_CONFIG, "a host beyond ASCII"},
        {"https://id.example/%", APISEC_E_CONFIG, "an escape without digits"},
        {"https://id.example/%2", APISEC_E_CONFIG, "with one"},
        {"https://id.example/%zz", APISEC_E_CONFIG, "with others"},
        {"https://id%2eexample/", APISEC_E_CONFIG, "an escape in the host"},
        {"https://id..example/", APISEC_E_CONFIG, "an empty label"},
        {"https://.id.example/", APISEC_E_CONFIG, "an empty label"},
        {"https://./", APISEC_E_CONFIG, "nothing but it"},
        {"https://id,example/", APISEC_E_CONFIG, "a byte that no host has"},
        {"https://id.example:/", APISEC_E_CONFIG, "no port behind the colon"},
        {"https://id.example:0/", APISEC_E_CONFIG, "port 0"},
        {"https://id.example:65535/", APISEC_OK, "the last port"},
        {"https://id.example:65536/", APISEC_E_CONFIG, "beyond the last port"},
        {"https://id.example:44a/", APISEC_E_CONFIG, "letters"},
        {"https://id.example:443:443/", APISEC_E_CONFIG, "two ports"},
        {"https://2001:db8::1/", APISEC_E_CONFIG, "IPv6 without brackets"},
        {"https://[2001:db8::1/", APISEC_E_CONFIG, "one bracket"},
        {"https://[2001:db8::1]x/", APISEC_E_CONFIG, "more behind it"},
        {"https://[fe80::1%25eth0]/", APISEC_E_CONFIG, "a zone"},
        {"https://[v1.x]/", APISEC_E_CONFIG, "the future"},
        {"https://[]/", APISEC_E_CONFIG, "nothing in it"},
        {"https://[::1::]/", APISEC_E_CONFIG, "no address"},
        {"https://[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]/", APISEC_E_CONFIG, "too long for one"},
    };
    check_rows(rows, sizeof rows / sizeof rows[0], url_check);
    assert_int_equal(url_check((struct text){NULL, 0}, NULL), APISEC_E_CONFIG);
    assert_int_equal(url_check((struct text){"https://a\0b/", 12}, NULL), APISEC_E_CONFIG);
}

static void lengths(void **state)
{
    (void)state;
    char url[2049];
    memset(url, 'a', sizeof url);
    memcpy(url, "https://b/", 10);
    assert_int_equal(url_check((struct text){url, 2048}, NULL), APISEC_OK);
    assert_int_equal(url_check((struct text){url, 2049}, NULL), APISEC_E_CONFIG);
    memset(url, 'a', sizeof url);
    memcpy(url, "https://", 8);
    assert_int_equal(url_check((struct text){url, 8 + 253}, NULL), APISEC_OK);
    assert_int_equal(url_check((struct text){url, 8 + 254}, NULL), APISEC_E_CONFIG);
}

static void proxies(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"http://proxy.example:3128", APISEC_OK, "as documented"},
        {"http://10.0.0.1", APISEC_OK, "without a port"},
        {"https://proxy.example:3128", APISEC_E_CONFIG, "not http"},
        {"socks5://proxy.example:1080", APISEC_E_CONFIG, "not http"},
        {"proxy.example:3128", APISEC_E_CONFIG, "no scheme"},
        {"http://user:pass@proxy.example:3128", APISEC_E_CONFIG, "user info"},
        {"http://proxy.example:3128/", APISEC_E_CONFIG, "a path"},
        {"http://", APISEC_E_CONFIG, "no host"},
        {"", APISEC_E_CONFIG, "empty"},
    };
    check_rows(rows, sizeof rows / sizeof rows[0], url_check_proxy);
}

static void absolute_uris(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"https://backend.example.com/api", APISEC_OK, "RFC 8693 section 2.3"},
        {"https://a.example/?q=r", APISEC_OK, "may include a query"},
        {"urn:example:ledger", APISEC_OK, "any scheme"},
        {"spiffe://trust.example/ledger", APISEC_OK, "any scheme"},
        {"a+b-c.9:x", APISEC_OK, "what a scheme may hold"},
        {"https://a.example/#", APISEC_E_ARGUMENT, "must not include a fragment"},
        {"/api", APISEC_E_ARGUMENT, "relative"},
        {"ledger", APISEC_E_ARGUMENT, "a name, not a URI"},
        {"9a:x", APISEC_E_ARGUMENT, "a scheme begins with a letter"},
        {"urn:", APISEC_E_ARGUMENT, "nothing behind the scheme"},
        {"https://", APISEC_E_ARGUMENT, "nothing behind it"},
        {"urn:a b", APISEC_E_ARGUMENT, "a space"},
        {"urn:a%2", APISEC_E_ARGUMENT, "half an escape"},
        {"", APISEC_E_ARGUMENT, "empty"},
    };
    check_rows(rows, sizeof rows / sizeof rows[0], uri_check);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(https_urls),
        cmocka_unit_test(lengths),
        cmocka_unit_test(proxies),
        cmocka_unit_test(absolute_uris),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
