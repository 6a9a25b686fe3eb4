/* SPDX-License-Identifier: Apache-2.0
 *
 * test_metadata.c: where an issuer's metadata is, and which documents are believed.
 */
#include "oauth/oauth.h"
#include "support/guard.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void where_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *issuer, *oidc, *oauth, *why;
    } rows[] = {
        {"https://id.example", "https://id.example/.well-known/openid-configuration",
         "https://id.example/.well-known/oauth-authorization-server", "no path"},
        {"https://id.example/", "https://id.example/.well-known/openid-configuration",
         "https://id.example/.well-known/oauth-authorization-server", "a slash at the end is dropped"},
        {"https://example.com/issuer1", "https://example.com/issuer1/.well-known/openid-configuration",
         "https://example.com/.well-known/oauth-authorization-server/issuer1", "RFC 8414 section 3.1"},
        {"https://example.com/realms/a/", "https://example.com/realms/a/.well-known/openid-configuration",
         "https://example.com/.well-known/oauth-authorization-server/realms/a", "both"},
        {"HTTPS://id.example:8443/a", "HTTPS://id.example:8443/a/.well-known/openid-configuration",
         "HTTPS://id.example:8443/.well-known/oauth-authorization-server/a", "a port"},
        {"http://id.example", NULL, NULL, "not https"},
        {"https://id.example?a=b", NULL, NULL, "a query, RFC 8414 section 2"},
        {"https://id.example/#a", NULL, NULL, "a fragment"},
        {"id.example", NULL, NULL, "no URL"},
        {"", NULL, NULL, "empty"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *issuer = guarded_text(rows[i].issuer);
        for (int form = 0; form < 2; form++) {
            const char *expected = form == 0 ? rows[i].oidc : rows[i].oauth;
            struct buffer url = BUFFER_MAX(2048);
            const struct text text = {issuer, strlen(rows[i].issuer)};
            const apisec_status status = metadata_url(text, form == 0 ? METADATA_OIDC : METADATA_OAUTH, &url);
            if (status != (expected == NULL ? APISEC_E_CONFIG : APISEC_OK)) fail_msg("row %zu: %s", i, rows[i].why);
            if (expected != NULL) assert_string_equal(url.bytes, expected);
            buffer_free(&url);
        }
        guard_free(issuer);
    }
    struct buffer small = BUFFER_MAX(20);
    assert_int_equal(metadata_url(text_of("https://id.example"), METADATA_OIDC, &small), APISEC_E_TOO_LARGE);
    buffer_free(&small);
}

static void which_documents_are_believed(void **state)
{
    (void)state;
    static const struct {
        const char *document;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {"{\"issuer\":\"https://id.example\",\"jwks_uri\":\"https://id.example/jwks\"}", APISEC_OK, "the twin"},
        {"{\"jwks_uri\":\"https://id.example/jwks\",\"x\":[1],\"issuer\":\"https://id.example\"}", APISEC_OK,
         "any order, more members"},
        {"{\"issuer\":\"https://id.example\",\"jwks_uri\":\"https://keys.example/j?x=1\"}", APISEC_OK, "keys on another host"},
        {"{\"issuer\":\"https://evil.example\",\"jwks_uri\":\"https://id.example/jwks\"}", APISEC_E_RESPONSE, "mix-up"},
        {"{\"issuer\":\"https://id.example/\",\"jwks_uri\":\"https://id.example/jwks\"}", APISEC_E_RESPONSE, "a slash more"},
        {"{\"issuer\":\"https://ID.example\",\"jwks_uri\":\"https://id.example/jwks\"}", APISEC_E_RESPONSE, "case"},
        {"{\"issuer\":\"https://id.exampl\",\"jwks_uri\":\"https://id.example/jwks\"}", APISEC_E_RESPONSE, "a prefix"},
        {"{\"Issuer\":\"https://id.example\",\"jwks_uri\":\"https://id.example/jwks\"}", APISEC_E_RESPONSE, "another member"},
        {"{\"issuer\":null,\"jwks_uri\":\"https://id.example/jwks\"}", APISEC_E_RESPONSE, "null"},
        {"{\"issuer\":[\"https://id.example\"],\"jwks_uri\":\"https://id.example/jwks\"}", APISEC_E_RESPONSE, "an array"},
        {"{\"jwks_uri\":\"https://id.example/jwks\"}", APISEC_E_RESPONSE, "no issuer"},
        {"{\"issuer\":\"https://id.example\"}", APISEC_E_RESPONSE, "no jwks_uri"},
        {"{\"issuer\":\"https://id.example\",\"jwks_uri\":1}", APISEC_E_RESPONSE, "a number"},
        {"{\"issuer\":\"https://id.example\",\"jwks_uri\":\"\"}", APISEC_E_RESPONSE, "empty"},
        {"{\"issuer\":\"https://id.example\",\"jwks_uri\":\"http://id.example/jwks\"}", APISEC_E_RESPONSE, "not https"},
        {"{\"issuer\":\"https://id.example\",\"jwks_uri\":\"file:///etc/passwd\"}", APISEC_E_RESPONSE, "a file"},
        {"{\"issuer\":\"https://id.example\",\"jwks_uri\":\"/jwks\"}", APISEC_E_RESPONSE, "relative"},
        {"{\"issuer\":\"https://id.example\",\"jwks_uri\":\"https://a@id.example/jwks\"}", APISEC_E_RESPONSE, "user info"},
        {"{\"issuer\":\"https://evil.example\",\"issuer\":\"https://id.example\",\"jwks_uri\":\"https://id.example/jwks\"}",
         APISEC_E_RESPONSE, "twice"},
        {"{\"issuer\":\"https://id.example\",\"jwks_uri\":\"https://id.example/jwks\"}x", APISEC_E_RESPONSE, "more behind it"},
        {"[\"issuer\"]", APISEC_E_RESPONSE, "no object"},
        {"<html>", APISEC_E_RESPONSE, "no JSON"},
        {"", APISEC_E_RESPONSE, "nothing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *uri = (char *)&rows; /* not NULL */
        apisec_error err;
        const char *document = guarded_text(rows[i].document);
        const struct text text = {document, strlen(rows[i].document)};
        const apisec_status status = metadata_read(text, text_of("https://id.example"), &uri, &err);
        if (status != rows[i].expected) fail_msg("row %zu: %s: %s", i, rows[i].why, err.text);
        assert_int_equal(err.status, status);
        assert_int_equal(uri != NULL, status == APISEC_OK);
        if (i == 0) assert_string_equal(uri, "https://id.example/jwks");
        free(uri);
        guard_free(document);
    }
}

static void large_servers_publish_many_members(void **state)
{
    (void)state;
    static char document[16384];
    for (int num = 254; num <= 255; num++) {
        size_t len = (size_t)snprintf(document, sizeof document, "%s",
                                      "{\"issuer\":\"https://a.example\",\"jwks_uri\":\"https://a.example/k\"");
        for (int i = 0; i < num; i++) len += (size_t)snprintf(document + len, sizeof document - len, ",\"m%d\":[]", i);
        snprintf(document + len, sizeof document - len, "}");
        char *uri = NULL;
        assert_int_equal(metadata_read(text_of(document), text_of("https://a.example"), &uri, NULL),
                         num == 254 ? APISEC_OK : APISEC_E_RESPONSE);
        free(uri);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_it_is),
        cmocka_unit_test(which_documents_are_believed),
        cmocka_unit_test(large_servers_publish_many_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
