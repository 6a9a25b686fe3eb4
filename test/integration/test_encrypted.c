/* SPDX-License-Identifier: Apache-2.0
 *
 * test_encrypted.c: access tokens that real servers signed and then encrypted (JWE, RFC 7516): each way to encrypt that they have,
 * whose keys open them, and what is refused beside them. The service's private keys lie in service.jwks, where oidc.mjs puts them.
 */
#include "integration.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct counted transport;
static char *service_keys, *other_keys; /* with the same names, and other keys */

static int open_transport(void **state)
{
    (void)state;
    counted_open(&transport, 0);
    service_keys = read_folder("service.jwks", NULL);
    other_keys = read_folder("other.jwks", NULL);
    return 0;
}

static int close_transport(void **state)
{
    (void)state;
    free(other_keys);
    free(service_keys);
    counted_close(&transport);
    return 0;
}

/* What the service is and has: an issuer's audience, keys (NULL: none), and whether tokens must be encrypted. */
struct service {
    const char *issuer, *audience, *keys;
    bool must;
};

static apisec_verifier *verifier_of(const struct service *service)
{
    apisec_verifier *verifier = NULL;
    apisec_error err;
    apisec_trust *trust = apisec_trust_new();
    if (service->keys != NULL) apisec_trust_set_decryption_jwks(trust, service->keys, strlen(service->keys));
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, service->issuer);
    apisec_issuer_add_audience(issuer, service->audience);
    apisec_issuer_allow_algorithm(issuer, "ES256");
    apisec_issuer_discover(issuer);
    if (service->must) apisec_issuer_require_encryption(issuer);
    if (apisec_verifier_new(trust, &transport.http, &verifier, &err) != APISEC_OK) fail_msg("%s", err.text);
    apisec_trust_free(trust);
    return verifier;
}

static void expect(const struct service *service, const char *token, apisec_status want, const char *which, const char *why)
{
    apisec_error err;
    apisec_verifier *verifier = verifier_of(service);
    const apisec_status got = verify_now(verifier, token, &err);
    if (got != want)
        fail_msg("%s: %s: %s, expected %s: %s", which, why, apisec_status_name(got), apisec_status_name(want), err.text);
    apisec_verifier_free(verifier);
}

/* in_part tells the first character of one of the five parts of a JWE, from 0. */
static char *in_part(char *token, int part)
{
    for (; part > 0; part--) token = strchr(token, '.') + 1;
    return token;
}

/* The token opens with the service's keys; with one thing changed, at the service or in its bytes, it does not. */
static void check_token(const struct service *right, char *token, const char *which)
{
    struct service with_none = *right, with_others = *right, elsewhere = *right, other_server = *right, must = *right;
    with_none.keys = NULL;
    with_others.keys = other_keys;
    elsewhere.audience = "https://elsewhere.test/";
    other_server.issuer = "https://issuer.example";
    must.must = true;
    expect(right, token, APISEC_OK, which, "with its key");
    expect(&must, token, APISEC_OK, which, "encrypted, as it must be");
    expect(&with_none, token, APISEC_E_MALFORMED, which, "nobody can open it");
    expect(&with_others, token, APISEC_E_DECRYPTION, which, "another service's key of the same name");
    expect(&elsewhere, token, APISEC_E_AUDIENCE, which, "opened, and for another service");
    expect(&other_server, token, APISEC_E_ISSUER, which, "opened, and from nobody we trust");
    for (int part = 2; part < 5; part++) { /* initialisation vector, ciphertext, tag */
        char *at = in_part(token, part);
        const char was = *at;
        *at = was == 'A' ? 'B' : 'A';
        expect(right, token, APISEC_E_DECRYPTION, which, "a bit is another one");
        *at = was;
    }
}

/* ---- oidc-provider: the resource says how ---- */

static char *fetch_for(const char *resource)
{
    char path[128];
    snprintf(path, sizeof path, "/_test/user-token?sub=alice&scope=orders:read&resource=%s", resource);
    for (char *plus = strchr(path, '+'); plus != NULL; plus = strchr(plus, '+')) { /* %2B */
        memmove(plus + 3, plus + 1, strlen(plus));
        memcpy(plus, "%2B", 3);
    }
    return fetch_text(setting_url("OIDC", path), NULL, NULL, "access_token");
}

static void oidc_provider(void **state)
{
    (void)state;
    static const char *const ways[] = {
        "rsa-oaep", "rsa-oaep-256", "ecdh-es", "ecdh-es+a128kw", "ecdh-es+a256kw", "a128kw",
        "a256kw", "a256gcmkw", "dir"};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        char resource[64];
        snprintf(resource, sizeof resource, "https://encrypted.test/%s", ways[i]);
        const struct service right = {.issuer = setting("OIDC"), .audience = resource, .keys = service_keys};
        char *token = fetch_for(resource);
        check_token(&right, token, ways[i]);
        free(token);
    }
}

static void what_it_says(void **state)
{
    (void)state;
    const struct service service = {.issuer = setting("OIDC"), .audience = "https://encrypted.test/ecdh-es", .keys = service_keys};
    char *raw = fetch_for(service.audience);
    apisec_verifier *verifier = verifier_of(&service);
    apisec_token *token = NULL;
    apisec_error err;
    if (apisec_verify(verifier, raw, strlen(raw), now_ms() / 1000, &token, &err) != APISEC_OK) fail_msg("%s", err.text);
    assert_string_equal(apisec_token_subject(token), "alice");
    assert_string_equal(apisec_token_client_id(token), "svc-basic");
    assert_int_equal(apisec_token_has_scope(token, "orders:read"), APISEC_OK);
    assert_int_equal(apisec_token_has_scope(token, "orders:write"), APISEC_E_SCOPE);
    apisec_token_free(token);
    apisec_verifier_free(verifier);
    free(raw);
}

/* Whoever has the key to which tokens are encrypted can encrypt: it says nothing about who sent them. */
static void nobody_signed_it(void **state)
{
    (void)state;
    const struct service unsigned_one = {.issuer = setting("OIDC"), .audience = "https://unsigned.test/dir", .keys = service_keys};
    const struct service signed_one = {.issuer = setting("OIDC"), .audience = "https://encrypted.test/dir", .keys = service_keys};
    char *token = fetch_for(unsigned_one.audience), *twin = fetch_for(signed_one.audience);
    expect(&unsigned_one, token, APISEC_E_TYPE, "dir", "claims that nobody signed");
    expect(&signed_one, twin, APISEC_OK, "dir", "signed, and then encrypted");
    free(twin);
    free(token);
}

static void in_the_open(void **state)
{
    (void)state;
    struct service service = {.issuer = setting("OIDC"), .audience = resource_of("ES256"), .keys = service_keys};
    char *token = fetch_user_token("ES256", "sub=alice");
    expect(&service, token, APISEC_OK, "in the open", "where it may be");
    service.must = true;
    expect(&service, token, APISEC_E_DECRYPTION, "in the open", "where it may not");
    free(token);
}

/* The service's own key changes: tokens for the old one open as long as it stays in the set. */
static void the_services_key_rotates(void **state)
{
    (void)state;
    char *old = NULL, *new = NULL;
    struct service service = {.issuer = setting("OIDC"), .audience = "https://encrypted.test/ecdh-es"};
    char *token = fetch_for(service.audience);
    assert_int_equal(apisec_encryption_key_new("ECDH-ES", &new, &old, NULL), APISEC_OK); /* its kid is another one */
    apisec_text_free(old);
    const size_t size = strlen(service_keys) + strlen(new) + 16;
    char *both = malloc(size);
    assert_non_null(both);
    snprintf(both, size, "{\"keys\":[%s,%s", new, strchr(service_keys, '[') + 1);
    service.keys = both;
    expect(&service, token, APISEC_OK, "rotation", "the new key beside the old ones");
    service.keys = new;
    expect(&service, token, APISEC_E_KEY_UNKNOWN, "rotation", "the old one is retired");
    free(both);
    apisec_text_free(new);
    free(token);
}

/* ---- glewlwyd: the client says how ---- */

static void glewlwyd(void **state)
{
    (void)state;
    static const char *const ways[] = {"rsa-oaep-256", "ecdh-es", "ecdh-es+a128kw"};
    const struct service right = {
        .issuer = setting_url("GLEWLWYD", "/api/oidc"), .audience = "https://orders.test/", .keys = service_keys};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        char user[64];
        snprintf(user, sizeof user, "svc-%s:encrypted-secret", ways[i]);
        char *token = fetch_text(setting_url("GLEWLWYD", "/api/oidc/token"), user,
                                 "grant_type=client_credentials&scope=orders:read&resource=https://orders.test/", "access_token");
        check_token(&right, token, ways[i]);
        free(token);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oidc_provider),   cmocka_unit_test(what_it_says),
        cmocka_unit_test(nobody_signed_it), cmocka_unit_test(in_the_open),
        cmocka_unit_test(the_services_key_rotates), cmocka_unit_test(glewlwyd),
    };
    return cmocka_run_group_tests(tests, open_transport, close_transport);
}
