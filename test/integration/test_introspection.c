/* SPDX-License-Identifier: Apache-2.0
 *
 * test_introspection.c: opaque tokens of oidc-provider: asked about in JSON (RFC 7662) and in a JWT (RFC 9701), as clients that
 * authenticate with a secret and with a private key (RFC 7523); revoked; and beside the same issuer's JWTs.
 */
#include "integration.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPAQUE "https://opaque.test/"
/* RFC 7515 appendix A.3, whose public half the server has */
#define PRIVATE_KEY                                                                                                           \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"rs-key\",\"alg\":\"ES256\","                                                 \
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","                                                                   \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\",\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\"}"

static struct counted transport;
static apisec_signer *key;

static int open_transport(void **state)
{
    (void)state;
    counted_open(&transport, 0);
    return apisec_signer_new(PRIVATE_KEY, strlen(PRIVATE_KEY), &key, NULL);
}

static int close_transport(void **state)
{
    (void)state;
    apisec_signer_free(key);
    counted_close(&transport);
    return 0;
}

/* Who asks, and how. Zero is: rs-basic with its secret, JSON, no keys, an answer each time. */
struct asker {
    const char *client, *secret;
    enum { BASIC, POST, KEY, CERTIFICATE } way; /* the last: secret names it */
    const char *assertion_audience; /* NULL: the issuer */
    const char *audience;           /* NULL: OPAQUE */
    const char *issuer, *endpoint;  /* NULL: oidc-provider's */
    bool is_signed, with_keys;
    uint32_t cache_s;
};

static apisec_verifier *asking(const struct asker *asker)
{
    const char *client = asker->client == NULL ? "rs-basic" : asker->client;
    const char *secret = asker->secret == NULL ? "rs-secret" : asker->secret;
    const char *name = asker->issuer == NULL ? setting("OIDC") : asker->issuer;
    const char *endpoint = asker->endpoint == NULL ? setting_url("OIDC", "/token/introspection") : asker->endpoint;
    const char *for_whom = asker->assertion_audience == NULL ? name : asker->assertion_audience;
    apisec_verifier *verifier = NULL;
    apisec_error err;
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, name);
    apisec_issuer_add_audience(issuer, asker->audience == NULL ? OPAQUE : asker->audience);
    apisec_issuer_set_introspection(issuer, endpoint);
    apisec_issuer_set_introspection_cache(issuer, asker->cache_s);
    if (asker->way == BASIC) apisec_issuer_set_introspection_basic(issuer, client, secret, strlen(secret));
    if (asker->way == POST) apisec_issuer_set_introspection_post(issuer, client, secret, strlen(secret));
    if (asker->way == KEY) apisec_issuer_set_introspection_private_key_jwt(issuer, client, key, for_whom);
    if (asker->way == CERTIFICATE) apisec_issuer_set_introspection_mtls(issuer, client, secret);
    if (asker->is_signed) apisec_issuer_require_signed_introspection(issuer);
    if (asker->is_signed || asker->with_keys) {
        apisec_issuer_allow_algorithm(issuer, "ES256");
        apisec_issuer_discover(issuer);
    }
    if (apisec_verifier_new(trust, &transport.http, &verifier, &err) != APISEC_OK) fail_msg("%s", err.text);
    apisec_trust_free(trust);
    return verifier;
}

static char *opaque_token(void)
{
    const char *url = setting_url("OIDC", "/_test/user-token?sub=alice&scope=orders:read&resource=" OPAQUE);
    return fetch_text(url, NULL, NULL, "access_token");
}

static void who_may_ask(void **state)
{
    (void)state;
    static const struct {
        struct asker asker;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {{.way = BASIC}, APISEC_OK, "basic"},
        {{.way = BASIC, .is_signed = true}, APISEC_OK, "basic, signed"},
        {{.way = POST, .client = "rs-post"}, APISEC_OK, "post"},
        {{.way = POST, .client = "rs-post", .is_signed = true}, APISEC_OK, "post, signed"},
        {{.way = KEY, .client = "rs-key"}, APISEC_OK, "a private key"},
        {{.way = KEY, .client = "rs-key", .is_signed = true}, APISEC_OK, "a private key, signed"},
        {{.way = BASIC, .secret = "wrong"}, APISEC_E_INVALID_CLIENT, "a wrong secret"},
        {{.way = KEY, .client = "rs-key", .assertion_audience = "https://other.example"}, APISEC_E_INVALID_CLIENT,
         "an assertion for another server"},
        {{.way = KEY, .client = "rs-basic"}, APISEC_E_INVALID_CLIENT, "another client's key"},
        {{.way = BASIC, .audience = "https://other.test/"}, APISEC_E_AUDIENCE, "a token for another service"},
    };
    char *token = opaque_token();
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        apisec_error err;
        apisec_verifier *verifier = asking(&rows[row].asker);
        for (int i = 0; i < 2; i++) { /* and once more: no assertion serves twice */
            const apisec_status got = verify_now(verifier, token, &err);
            if (got != rows[row].expected) fail_msg("row %zu: %s: %s: %s", row, rows[row].why, apisec_status_name(got), err.text);
        }
        apisec_verifier_free(verifier);
    }
    free(token);
}

static void what_is_said(void **state)
{
    (void)state;
    for (int is_signed = 0; is_signed < 2; is_signed++) {
        char *raw = opaque_token();
        apisec_error err;
        apisec_token *token = NULL;
        apisec_verifier *verifier = asking(&(struct asker){.is_signed = is_signed == 1});
        if (apisec_verify(verifier, raw, strlen(raw), now_ms() / 1000, &token, &err) != APISEC_OK) fail_msg("%s", err.text);
        assert_string_equal(apisec_token_issuer(token), setting("OIDC"));
        assert_string_equal(apisec_token_subject(token), "alice");
        assert_string_equal(apisec_token_client_id(token), "svc-basic");
        assert_int_equal(apisec_token_has_scope(token, "orders:read"), APISEC_OK);
        assert_int_equal(apisec_token_has_scope(token, "orders:write"), APISEC_E_SCOPE);
        assert_true(apisec_token_expires_at(token) > now_ms() / 1000);
        apisec_token_free(token);
        assert_int_equal(verify_now(verifier, "nobody-issued-this", &err), APISEC_E_INACTIVE);
        apisec_verifier_free(verifier);
        free(raw);
    }
}

static void revoked(void **state)
{
    (void)state;
    char *raw = opaque_token(), form[512];
    apisec_error err;
    apisec_verifier *each = asking(&(struct asker){.cache_s = 0}), *kept = asking(&(struct asker){.cache_s = 300});
    assert_int_equal(verify_now(each, raw, &err), APISEC_OK);
    assert_int_equal(verify_now(kept, raw, &err), APISEC_OK);
    snprintf(form, sizeof form, "token=%s", raw);
    free(fetch_text(setting_url("OIDC", "/token/revocation"), "svc-basic:basic-secret", form, NULL));
    assert_int_equal(verify_now(each, raw, &err), APISEC_E_INACTIVE);
    assert_int_equal(verify_now(kept, raw, &err), APISEC_OK); /* for as long as it was told to keep answers */
    apisec_verifier_free(each);
    apisec_verifier_free(kept);
    free(raw);
}

static void beside_jwts(void **state)
{
    (void)state;
    apisec_error err;
    char *jwt = fetch_user_token("ES256", "sub=alice"), *opaque = opaque_token();
    apisec_verifier *verifier = asking(&(struct asker){.with_keys = true, .audience = resource_of("ES256")});
    assert_int_equal(verify_now(verifier, jwt, &err), APISEC_OK);
    assert_int_equal(verify_now(verifier, opaque, &err), APISEC_E_AUDIENCE);
    apisec_verifier_free(verifier);
    verifier = asking(&(struct asker){.with_keys = true});
    assert_int_equal(verify_now(verifier, jwt, &err), APISEC_E_AUDIENCE);
    assert_int_equal(verify_now(verifier, opaque, &err), APISEC_OK);
    apisec_verifier_free(verifier);
    free(opaque);
    free(jwt);
}

/* The exchange client authenticates in the same way. */
static void an_exchange_with_a_key(void **state)
{
    (void)state;
    for (int right = 0; right < 2; right++) {
        char *subject = fetch_user_token("ES256", "sub=alice");
        apisec_issued *issued = NULL;
        apisec_error err;
        apisec_client *client = apisec_client_new(&transport.http);
        apisec_client_set_endpoint(client, setting_url("OIDC", "/token"));
        apisec_client_set_private_key_jwt(client, "svc-key", key, right ? setting("OIDC") : "https://other.example");
        apisec_exchange *exchange = apisec_exchange_new();
        apisec_exchange_set_subject_unverified(exchange, subject, strlen(subject), NULL);
        apisec_exchange_add_audience(exchange, resource_of("ES256"));
        apisec_exchange_set_scope(exchange, "orders:read");
        const apisec_status status = apisec_exchange_run(client, exchange, &issued, &err);
        if (status != (right ? APISEC_OK : APISEC_E_INVALID_CLIENT)) fail_msg("%s", err.text);
        apisec_issued_free(issued);
        apisec_exchange_free(exchange);
        apisec_client_free(client);
        free(subject);
    }
}

/* glewlwyd issues JWTs only, about which nobody is asked: here is how clients authenticate to it (an assertion is for the endpoint
 * that it is sent to), and that its refresh tokens, which are opaque, open nothing. */
static void glewlwyd(void **state)
{
    (void)state;
    const char *name = setting_url("GLEWLWYD", "/api/oidc"), *endpoint = setting_url("GLEWLWYD", "/api/oidc/introspect");
    const char *token_endpoint = setting_url("GLEWLWYD", "/api/oidc/token");
    char *refresh = fetch_text(token_endpoint, "svc-es256:es256-secret",
                               "grant_type=password&username=alice&password=alice-password&scope=openid+orders:read",
                               "refresh_token");
    const struct {
        struct asker asker;
        const char *token;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {{.client = "svc-es256", .secret = "es256-secret"}, "nobody-issued-this", APISEC_E_INACTIVE, "basic"},
        {{.client = "svc-es256", .secret = "wrong"}, "nobody-issued-this", APISEC_E_RESPONSE, "a 401 that names no error"},
        {{.way = POST, .client = "svc-post", .secret = "post-secret"}, "nobody-issued-this", APISEC_E_INACTIVE, "post"},
        {{.way = KEY, .client = "svc-key", .assertion_audience = endpoint}, "nobody-issued-this", APISEC_E_INACTIVE, "a key"},
        {{.way = CERTIFICATE, .client = "svc-mtls", .secret = "client"}, "nobody-issued-this", APISEC_E_INACTIVE, "a certificate"},
        {{.way = CERTIFICATE, .client = "svc-mtls", .secret = "other"}, "nobody-issued-this", APISEC_E_RESPONSE, "another's"},
        {{.client = "svc-es256", .secret = "es256-secret"}, refresh, APISEC_E_INACTIVE, "a refresh token: no access token"},
        {{.client = "svc-es256", .secret = "es256-secret", .is_signed = true}, "nobody-issued-this", APISEC_E_RESPONSE,
         "it signs nothing about what it does not know, and says 400"},
    };
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        apisec_error err;
        struct asker asker = rows[row].asker;
        asker.issuer = name;
        asker.endpoint = endpoint;
        apisec_verifier *verifier = asking(&asker);
        const apisec_status got = verify_now(verifier, rows[row].token, &err);
        if (got != rows[row].expected) fail_msg("row %zu: %s: %s: %s", row, rows[row].why, apisec_status_name(got), err.text);
        apisec_verifier_free(verifier);
    }
    free(refresh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_may_ask),
        cmocka_unit_test(what_is_said),
        cmocka_unit_test(revoked),
        cmocka_unit_test(beside_jwts),
        cmocka_unit_test(an_exchange_with_a_key),
        cmocka_unit_test(glewlwyd),
    };
    return cmocka_run_group_tests(tests, open_transport, close_transport);
}
