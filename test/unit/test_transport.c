/* SPDX-License-Identifier: Apache-2.0
 *
 * test_transport.c: the options of the libcurl transport keep their first error, and NULL is harmless.
 */
#include "http/http.h"
#include "support/unit.h"

#include <stdio.h>

static void defaults_are_strict(void **state)
{
    (void)state;
    apisec_http_options *options = apisec_http_options_new();
    assert_non_null(options);
    assert_int_equal(options->error.status, APISEC_OK);
    assert_int_equal(options->total_ms, 5000);
    assert_int_equal(options->connect_ms, 2000);
    assert_false(options->loopback);
    assert_false(options->private_networks);
    assert_null(options->ca_file);
    assert_null(options->proxy);
    assert_int_equal(options->num_identities, 0);
    apisec_http_options_free(options);
}

static void null_is_harmless(void **state)
{
    (void)state;
    apisec_http_options_set_ca_file(NULL, "a");
    apisec_http_options_set_timeouts_ms(NULL, 1, 1);
    apisec_http_options_allow_loopback(NULL);
    apisec_http_options_allow_private(NULL);
    apisec_http_options_add_identity(NULL, "a", "b", "c");
    apisec_http_options_set_proxy(NULL, "http://a");
    apisec_http_options_free(NULL);
    apisec_http_free(NULL);
    apisec_http nothing = {NULL, NULL, NULL};
    apisec_http_free(&nothing);
}

static void setters_set(void **state)
{
    (void)state;
    apisec_http_options *options = apisec_http_options_new();
    apisec_http_options_set_ca_file(options, "a.pem");
    apisec_http_options_set_ca_file(options, "b.pem");
    apisec_http_options_set_timeouts_ms(options, 300000, 1);
    apisec_http_options_allow_loopback(options);
    apisec_http_options_allow_private(options);
    apisec_http_options_add_identity(options, "me", "me.pem", "me.key");
    apisec_http_options_add_identity(options, "you", "you.pem", "you.key");
    apisec_http_options_set_proxy(options, "http://proxy.example:3128");
    for (int copied = 0; copied < 2; copied++) {
        assert_int_equal(options->error.status, APISEC_OK);
        assert_string_equal(options->ca_file, "b.pem");
        assert_int_equal(options->total_ms, 300000);
        assert_int_equal(options->connect_ms, 1);
        assert_true(options->loopback);
        assert_true(options->private_networks);
        assert_int_equal(options->num_identities, 2);
        assert_string_equal(options->identities[1].name, "you");
        assert_string_equal(options->identities[1].cert_file, "you.pem");
        assert_string_equal(options->identities[1].key_file, "you.key");
        assert_string_equal(options->proxy, "http://proxy.example:3128");
        apisec_http_options *copy = options_copy(options);
        apisec_http_options_free(options);
        options = copy;
    }
    apisec_http_options_free(options);
    options = options_copy(NULL);
    assert_int_equal(options->total_ms, 5000);
    assert_false(options->loopback);
    apisec_http_options_free(options);
}

enum setter { CA, TIMEOUTS, IDENTITY, PROXY };

static void wrong_options_stick(void **state)
{
    (void)state;
    static const struct {
        enum setter setter;
        const char *a, *b, *c;
        uint32_t total, connect;
        bool good;
        const char *why;
    } rows[] = {
        {CA, "ca.pem", NULL, NULL, 0, 0, true, "the twin"},
        {CA, NULL, NULL, NULL, 0, 0, false, "no path is not the system's certificates"},
        {CA, "", NULL, NULL, 0, 0, false, "nor is an empty one"},
        {TIMEOUTS, NULL, NULL, NULL, 1, 300000, true, "both ends"},
        {TIMEOUTS, NULL, NULL, NULL, 0, 1, false, "0 would be no limit"},
        {TIMEOUTS, NULL, NULL, NULL, 1, 0, false, "0 would be libcurl's default"},
        {TIMEOUTS, NULL, NULL, NULL, 300001, 1, false, "too long"},
        {TIMEOUTS, NULL, NULL, NULL, 1, 300001, false, "too long"},
        {IDENTITY, "me", "c", "k", 0, 0, true, "the twin"},
        {IDENTITY, "taken", "c", "k", 0, 0, false, "a name twice"},
        {IDENTITY, NULL, "c", "k", 0, 0, false, "no name"},
        {IDENTITY, "", "c", "k", 0, 0, false, "an empty name"},
        {IDENTITY, "me", NULL, "k", 0, 0, false, "no certificate"},
        {IDENTITY, "me", "c", NULL, 0, 0, false, "no key"},
        {PROXY, "http://p:1", NULL, NULL, 0, 0, true, "the twin"},
        {PROXY, "https://p:1", NULL, NULL, 0, 0, false, "not http"},
        {PROXY, "", NULL, NULL, 0, 0, false, "empty"},
        {PROXY, NULL, NULL, NULL, 0, 0, false, "none"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_http_options *options = apisec_http_options_new();
        apisec_http_options_add_identity(options, "taken", "c", "k");
        switch (rows[i].setter) {
        case CA: apisec_http_options_set_ca_file(options, rows[i].a); break;
        case TIMEOUTS: apisec_http_options_set_timeouts_ms(options, rows[i].total, rows[i].connect); break;
        case IDENTITY: apisec_http_options_add_identity(options, rows[i].a, rows[i].b, rows[i].c); break;
        case PROXY: apisec_http_options_set_proxy(options, rows[i].a); break;
        }
        if (options->error.status != (rows[i].good ? APISEC_OK : APISEC_E_CONFIG)) fail_msg("row %zu: %s", i, rows[i].why);
        const apisec_error first = options->error;
        if (!rows[i].good) {
            apisec_http_options_allow_loopback(options);
            apisec_http_options_set_proxy(options, "ftp://x");
            assert_false(options->loopback); /* after the first error nothing is set */
            assert_string_equal(options->error.text, first.text);
        }
        apisec_http_options_free(options);
    }
}

static void identities_have_a_limit(void **state)
{
    (void)state;
    apisec_http_options *options = apisec_http_options_new();
    for (int i = 0; i <= HTTP_MAX_IDENTITIES; i++) {
        char name[16];
        snprintf(name, sizeof name, "id%d", i);
        assert_int_equal(options->error.status, APISEC_OK);
        apisec_http_options_add_identity(options, name, "c", "k");
    }
    assert_int_equal(options->error.status, APISEC_E_CONFIG);
    apisec_http_options_free(options);
}

static int freed;

static void count_free(apisec_http *http)
{
    (void)http;
    freed++;
}

static void free_is_the_transports_own(void **state)
{
    (void)state;
    apisec_http http = {NULL, NULL, count_free};
    apisec_http_free(&http);
    assert_int_equal(freed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_strict), cmocka_unit_test(null_is_harmless),
        cmocka_unit_test(setters_set),         cmocka_unit_test(wrong_options_stick),
        cmocka_unit_test(identities_have_a_limit), cmocka_unit_test(free_is_the_transports_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
