/* SPDX-License-Identifier: Apache-2.0
 *
 * test_type.c: token type URIs and their short names, RFC 8693 section 3.
 */
#include "exchange/exchange.h"
#include "support/unit.h"

#include <stdlib.h>

static void names_and_uris(void **state)
{
    (void)state;
    static const struct {
        const char *type, *uri, *why;
    } rows[] = {
        {NULL, "urn:ietf:params:oauth:token-type:access_token", "the default"},
        {"access_token", "urn:ietf:params:oauth:token-type:access_token", "RFC 8693"},
        {"refresh_token", "urn:ietf:params:oauth:token-type:refresh_token", "RFC 8693"},
        {"id_token", "urn:ietf:params:oauth:token-type:id_token", "RFC 8693"},
        {"saml1", "urn:ietf:params:oauth:token-type:saml1", "RFC 8693"},
        {"saml2", "urn:ietf:params:oauth:token-type:saml2", "RFC 8693"},
        {"jwt", "urn:ietf:params:oauth:token-type:jwt", "RFC 7519 section 9"},
        {"txn_token", "urn:ietf:params:oauth:token-type:txn_token", "Transaction Tokens"},
        {"urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:jwt", "the URI itself"},
        {"https://types.example/a", "https://types.example/a", "other URIs may be used"},
        {"acces_token", NULL, "a typing error is not sent"},
        {"JWT", NULL, "names have no case"},
        {"", NULL, "empty"},
        {"urn:a b", NULL, "no URI"},
        {"urn:a#b", NULL, "a fragment"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *uri = (char *)&rows; /* not NULL */
        apisec_error err;
        const apisec_status status = type_expand(rows[i].type, &uri, &err);
        if (status != (rows[i].uri == NULL ? APISEC_E_ARGUMENT : APISEC_OK)) fail_msg("row %zu: %s", i, rows[i].why);
        if (rows[i].uri == NULL) assert_null(uri);
        else assert_string_equal(uri, rows[i].uri);
        free(uri);
    }
}

static void comparing(void **state)
{
    (void)state;
    assert_true(type_is(text_of("urn:ietf:params:oauth:token-type:jwt"), "jwt"));
    assert_false(type_is(text_of("urn:ietf:params:oauth:token-type:jwt"), "access_token"));
    assert_false(type_is(text_of("urn:ietf:params:oauth:token-type:JWT"), "jwt"));
    assert_false(type_is(text_of("urn:ietf:params:oauth:token-type:jwt2"), "jwt"));
    assert_false(type_is(text_of("urn:ietf:params:oauth:token-type:"), "jwt"));
    assert_false(type_is(text_of("jwt"), "jwt"));
    assert_false(type_is((struct text){NULL, 0}, "jwt"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names_and_uris), cmocka_unit_test(comparing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
