/* SPDX-License-Identifier: Apache-2.0
 *
 * test_glewlwyd.c: tokens of glewlwyd, an authorization server in C: clients and users, two algorithms, its key set, which changes;
 * and its ID tokens, which are for the client and open no service.
 */
#include "integration.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct counted transport;

static int open_transport(void **state)
{
    (void)state;
    counted_open(&transport, 0);
    return 0;
}

static int close_transport(void **state)
{
    (void)state;
    counted_close(&transport);
    return 0;
}

static const char *issuer(void)
{
    return setting_url("GLEWLWYD", "/api/oidc");
}

static char *fetch(const char *user, const char *form, const char *member)
{
    return fetch_text(setting_url("GLEWLWYD", "/api/oidc/token"), user, form, member);
}

#define RESOURCE "https://orders.test/"
#define CLIENT_FORM "grant_type=client_credentials&scope=orders:read&resource=" RESOURCE
#define USER_FORM "grant_type=password&username=alice&password=alice-password&scope=openid+orders:read"
#define USER_SCOPE "openid orders:read" /* and this is the `aud` of a user's token: glewlwyd puts the scope there */

static void access_tokens(void **state)
{
    (void)state;
    const struct {
        const char *user, *form, *algorithm, *audience, *why;
        bool is_client;
    } rows[] = {
        {"svc-es256:es256-secret", CLIENT_FORM, "ES256", RESOURCE, "a client", true},
        {"svc-rs256:rs256-secret", CLIENT_FORM, "RS256", RESOURCE, "a client", true},
        {NULL, CLIENT_FORM "&client_id=svc-post&client_secret=post-secret", "ES256", RESOURCE, "a client posts its secret", true},
        {"svc-es256:es256-secret", USER_FORM, "ES256", USER_SCOPE, "a user", false},
        {"svc-rs256:rs256-secret", USER_FORM, "RS256", USER_SCOPE, "a user", false},
    };
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        char *raw = fetch(rows[row].user, rows[row].form, "access_token");
        const struct demand demand = {.issuer = issuer(), .audience = rows[row].audience, .algorithm = rows[row].algorithm};
        struct demand other = demand;
        other.algorithm = strcmp(rows[row].algorithm, "RS256") == 0 ? "ES256" : "RS256";
        apisec_verifier *verifier = demand_verifier(&demand, &transport.http);
        apisec_token *token = NULL;
        apisec_error err;
        if (apisec_verify(verifier, raw, strlen(raw), now_ms() / 1000, &token, &err) != APISEC_OK)
            fail_msg("row %zu: %s: %s", row, rows[row].why, err.text);
        assert_int_equal(apisec_token_has_scope(token, "orders:read"), APISEC_OK);
        assert_int_equal(apisec_token_has_scope(token, "orders:write"), APISEC_E_SCOPE);
        assert_true((strcmp(apisec_token_subject(token), apisec_token_client_id(token)) == 0) == rows[row].is_client);
        apisec_token_free(token);
        apisec_verifier_free(verifier);

        verifier = demand_verifier(&other, &transport.http);
        assert_int_equal(verify_now(verifier, raw, &err), APISEC_E_ALGORITHM);
        apisec_verifier_free(verifier);
        free(raw);
    }
}

static void its_key_set(void **state)
{
    (void)state;
    const struct demand demand = {.issuer = issuer(), .audience = RESOURCE, .algorithm = "RS256",
                                  .jwks_uri = setting_url("GLEWLWYD", "/api/oidc/jwks")};
    char *raw = fetch("svc-rs256:rs256-secret", CLIENT_FORM, "access_token");
    apisec_verifier *verifier = demand_verifier(&demand, &transport.http);
    apisec_error err;
    atomic_store(&transport.num_requests, 0);
    assert_int_equal(verify_now(verifier, raw, &err), APISEC_OK);
    assert_int_equal(verify_now(verifier, raw, &err), APISEC_OK);
    assert_int_equal(atomic_load(&transport.num_requests), 1);
    apisec_verifier_free(verifier);
    free(raw);
}

/* An ID token tells the client who logged in. Whoever takes it for an access token lets every client in everywhere. */
static void id_tokens_are_refused(void **state)
{
    (void)state;
    const struct {
        const char *profile, *audience;
        apisec_status status;
        const char *why;
    } rows[] = {
        {NULL, RESOURCE, APISEC_E_TYPE, "its typ is JWT"},
        {NULL, "svc-es256", APISEC_E_TYPE, "even where the client's id is an audience"},
        {"jwt", RESOURCE, APISEC_E_AUDIENCE, "a plain JWT, and it is for the client"},
        {"jwt", "svc-es256", APISEC_E_TYPE, "at_hash says what it is"},
    };
    char *raw = fetch("svc-es256:es256-secret", USER_FORM, "id_token");
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        const struct demand demand = {
            .issuer = issuer(), .audience = rows[row].audience, .algorithm = "ES256", .profile = rows[row].profile};
        apisec_verifier *verifier = demand_verifier(&demand, &transport.http);
        apisec_error err;
        const apisec_status got = verify_now(verifier, raw, &err);
        if (got != rows[row].status) fail_msg("row %zu: %s: %s: %s", row, rows[row].why, apisec_status_name(got), err.text);
        apisec_verifier_free(verifier);
    }
    free(raw);
}

/* It knows no token exchange, and says so with a 400 without a body; a wrong secret is a 403 without one. */
static void an_exchange_fails_closed(void **state)
{
    (void)state;
    char *raw = fetch("svc-es256:es256-secret", USER_FORM, "access_token");
    static const char *const secrets[] = {"es256-secret", "wrong"};
    for (size_t i = 0; i < 2; i++) {
        apisec_client *client = apisec_client_new(&transport.http);
        apisec_client_set_endpoint(client, setting_url("GLEWLWYD", "/api/oidc/token"));
        apisec_client_set_basic(client, "svc-es256", secrets[i], strlen(secrets[i]));
        apisec_exchange *exchange = apisec_exchange_new();
        apisec_exchange_set_subject_unverified(exchange, raw, strlen(raw), NULL);
        apisec_exchange_add_audience(exchange, RESOURCE);
        apisec_issued *issued = NULL;
        apisec_error err;
        assert_int_equal(apisec_exchange_run(client, exchange, &issued, &err), APISEC_E_RESPONSE);
        assert_null(issued);
        apisec_exchange_free(exchange);
        apisec_client_free(client);
    }
    free(raw);
}

/* ---- keys over time, as in test_oidc.c: an administrator changes those of the issuer /api/keys ---- */

static void change_keys(const char *how)
{
    char command[1024];
    snprintf(command, sizeof command, "sh '%s' %s %s", setting("ADMIN"), how, setting("GLEWLWYD"));
    if (system(command) != 0) fail_msg("the administrator could not %s the keys", how);
}

static char *fetch_with_default_key(void)
{
    return fetch_text(setting_url("GLEWLWYD", "/api/keys/token"), NULL, CLIENT_FORM "&client_id=svc-post&client_secret=post-secret",
                      "access_token");
}

static void step(apisec_verifier *verifier, int64_t ahead_ms, const char *raw, apisec_status status, size_t num_requests,
                 const char *why)
{
    apisec_token *token = NULL;
    apisec_error err;
    atomic_store(&transport.num_requests, 0);
    const apisec_status got = verify_at(verifier, &transport.http, raw, ahead_ms, &token, &err);
    if (got != status) fail_msg("%s: %s, expected %s: %s", why, apisec_status_name(got), apisec_status_name(status), err.text);
    if (atomic_load(&transport.num_requests) != num_requests)
        fail_msg("%s: %zu requests", why, atomic_load(&transport.num_requests));
    apisec_token_free(token);
}

static void keys_rotate_and_retire(void **state)
{
    (void)state;
    const struct demand demand = {.issuer = setting_url("GLEWLWYD", "/api/keys"), .audience = RESOURCE, .algorithm = "ES256"};
    apisec_verifier *verifier = demand_verifier(&demand, &transport.http);
    char *old = fetch_with_default_key();
    step(verifier, 0, old, APISEC_OK, 2, "the first token: metadata and keys");
    change_keys("rotate");
    char *new = fetch_with_default_key();
    step(verifier, 0, new, APISEC_E_KEY_UNKNOWN, 0, "a new kid right after a fetch: no flood of fetches");
    step(verifier, 31000, new, APISEC_OK, 1, "a new kid after the pause: fetched, once");
    step(verifier, 31000, old, APISEC_OK, 0, "the old key is still in the set");
    change_keys("retire");
    step(verifier, 31000, old, APISEC_OK, 0, "retired, and not noticed yet: the set is fresh");
    step(verifier, 31000 + 601000, old, APISEC_E_KEY_UNKNOWN, 1, "fetched anew: the retired key is trusted no longer");
    step(verifier, 31000 + 601000, new, APISEC_OK, 0, "its successor is");
    free(new);
    free(old);
    apisec_verifier_free(verifier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(access_tokens), cmocka_unit_test(its_key_set), cmocka_unit_test(id_tokens_are_refused),
        cmocka_unit_test(an_exchange_fails_closed), cmocka_unit_test(keys_rotate_and_retire),
    };
    return cmocka_run_group_tests(tests, open_transport, close_transport);
}
