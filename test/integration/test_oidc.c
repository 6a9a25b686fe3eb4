/* SPDX-License-Identifier: Apache-2.0
 *
 * test_oidc.c: access tokens of oidc-provider, a certified OpenID provider: each algorithm, for users and for clients; discovery,
 * key sets over TLS, new keys, and keys that are retired.
 */
#include "integration.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const algorithms[] = {"RS256", "PS256", "ES256"};
#define NUM_ALGORITHMS (sizeof algorithms / sizeof algorithms[0])

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

static struct demand demand_of(const char *alg)
{
    return (struct demand){.issuer = setting("OIDC"), .audience = resource_of(alg), .algorithm = alg};
}

static void expect(const char *name, const char *why, apisec_status got, apisec_status want, const apisec_error *err)
{
    if (got != want)
        fail_msg("%s: %s: %s, expected %s: %s", name, why, apisec_status_name(got), apisec_status_name(want), err->text);
}

/* ---- each algorithm ---- */

static void check_token(const char *alg, const char *raw, const char *subject)
{
    const struct demand demand = demand_of(alg);
    apisec_verifier *verifier = demand_verifier(&demand, &transport.http);
    apisec_token *token = NULL;
    apisec_error err;
    expect(alg, "genuine", apisec_verify(verifier, raw, strlen(raw), now_ms() / 1000, &token, &err), APISEC_OK, &err);
    assert_string_equal(apisec_token_issuer(token), setting("OIDC"));
    assert_string_equal(apisec_token_subject(token), subject);
    assert_string_equal(apisec_token_client_id(token), "svc-basic");
    assert_int_equal(apisec_token_has_scope(token, "orders:write"), APISEC_OK);
    assert_int_equal(apisec_token_has_scope(token, "orders"), APISEC_E_SCOPE);
    assert_int_equal(apisec_token_expires_at(token) - apisec_token_issued_at(token), 300);
    assert_null(apisec_token_actor(token, 0));
    apisec_token_free(token);
    apisec_verifier_free(verifier);
}

static void tokens_of_users_and_clients(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_ALGORITHMS; i++) {
        char *user = fetch_user_token(algorithms[i], "sub=alice");
        char *client = fetch_client_token(algorithms[i], "svc-basic");
        check_token(algorithms[i], user, "alice");
        check_token(algorithms[i], client, "svc-basic");
        free(client);
        free(user);
    }
}

/* what_is_wrong: the token passes; with one thing changed it does not. */
static void what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_ALGORITHMS; i++) {
        const char *alg = algorithms[i];
        const struct demand right = demand_of(alg);
        struct demand other_audience = right, other_algorithm = right, other_profile = right;
        other_audience.audience = resource_of(algorithms[(i + 1) % NUM_ALGORITHMS]);
        other_algorithm.algorithm = algorithms[(i + 1) % NUM_ALGORITHMS];
        other_profile.profile = "jwt";
        const struct {
            const struct demand *demand;
            int64_t later;
            bool flip;
            apisec_status status;
            const char *why;
        } rows[] = {
            {&right, 0, false, APISEC_OK, "as it came"},
            {&right, 340, false, APISEC_OK, "expired, and within the leeway"},
            {&right, 362, false, APISEC_E_EXPIRED, "expired beyond it"},
            {&right, -90, false, APISEC_E_NOT_YET_VALID, "issued in the future"},
            {&right, 0, true, APISEC_E_SIGNATURE, "one bit of the signature"},
            {&other_audience, 0, false, APISEC_E_AUDIENCE, "for another service"},
            {&other_algorithm, 0, false, APISEC_E_ALGORITHM, "an algorithm that is not pinned"},
            {&other_profile, 0, false, APISEC_E_TYPE, "an access token is no plain JWT"},
        };
        char *token = fetch_user_token(alg, "sub=alice");
        for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
            apisec_verifier *verifier = demand_verifier(rows[row].demand, &transport.http);
            apisec_token *verified = NULL;
            apisec_error err;
            char *in_signature = strrchr(token, '.') + 10;
            const char was = *in_signature;
            if (rows[row].flip) *in_signature = was == 'A' ? 'B' : 'A';
            const int64_t now = now_ms() / 1000 + rows[row].later;
            const apisec_status got = apisec_verify(verifier, token, strlen(token), now, &verified, &err);
            expect(alg, rows[row].why, got, rows[row].status, &err);
            assert_true((verified != NULL) == (got == APISEC_OK));
            *in_signature = was;
            apisec_token_free(verified);
            apisec_verifier_free(verifier);
        }
        free(token);
    }
}

/* ---- where keys come from ---- */

static void keys_are_fetched_once(void **state)
{
    (void)state;
    const struct {
        const char *jwks_uri;
        size_t num_requests;
        const char *why;
    } rows[] = {
        {NULL, 2, "discovered: metadata, then keys"},
        {setting_url("OIDC", "/jwks"), 1, "keys"},
    };
    char *token = fetch_user_token("ES256", "sub=alice");
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        struct demand demand = demand_of("ES256");
        demand.jwks_uri = rows[row].jwks_uri;
        apisec_verifier *verifier = demand_verifier(&demand, &transport.http);
        apisec_error err;
        atomic_store(&transport.num_requests, 0);
        for (int i = 0; i < 3; i++) expect("ES256", rows[row].why, verify_now(verifier, token, &err), APISEC_OK, &err);
        assert_int_equal(atomic_load(&transport.num_requests), rows[row].num_requests);
        apisec_verifier_free(verifier);
    }
    free(token);
}

static void keys_that_cannot_be_had(void **state)
{
    (void)state;
    char by_address[64];
    const char *port = strrchr(setting("OIDC"), ':');
    snprintf(by_address, sizeof by_address, "https://127.0.0.1%s/jwks", port);
    const struct {
        const char *jwks_uri, *text, *why;
    } rows[] = {
        {setting_url("OIDC", "/nothing"), "HTTP status 404", "nothing there"},
        {setting_url("OIDC", "/.well-known/openid-configuration"), "key set:", "JSON, and no key set"},
        {by_address, "TLS", "the certificate is for localhost"},
        {"https://localhost:1/jwks", "reached", "nobody listens"},
        {"https://nobody.invalid/jwks", "reached", "no such name"},
    };
    char *token = fetch_user_token("ES256", "sub=alice");
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        struct demand demand = demand_of("ES256");
        demand.jwks_uri = rows[row].jwks_uri;
        apisec_verifier *verifier = demand_verifier(&demand, &transport.http);
        apisec_error err;
        expect("ES256", rows[row].why, verify_now(verifier, token, &err), APISEC_E_KEYS_UNAVAILABLE, &err);
        if (strstr(err.text, rows[row].text) == NULL) fail_msg("%s: %s", rows[row].why, err.text);
        apisec_verifier_free(verifier);
    }
    free(token);
}

/* refusing: a transport that trusts another CA, or that is not allowed to speak to this host. */
static void a_transport_that_refuses(void **state)
{
    (void)state;
    const struct {
        bool loopback, ca;
        apisec_status status;
        const char *text, *why;
    } rows[] = {
        {true, true, APISEC_OK, "", "both are right"},
        {true, false, APISEC_E_KEYS_UNAVAILABLE, "TLS", "nobody vouches for the server"},
        {false, true, APISEC_E_KEYS_UNAVAILABLE, "address", "loopback is refused by default"},
    };
    const struct demand demand = demand_of("ES256");
    char *token = fetch_user_token("ES256", "sub=alice");
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        apisec_error err;
        apisec_http *http = NULL;
        apisec_http_options *options = apisec_http_options_new();
        if (rows[row].loopback) apisec_http_options_allow_loopback(options);
        if (rows[row].ca) apisec_http_options_set_ca_file(options, setting("CA"));
        assert_int_equal(apisec_http_new(options, &http, &err), APISEC_OK);
        apisec_verifier *verifier = demand_verifier(&demand, http);
        expect("ES256", rows[row].why, verify_now(verifier, token, &err), rows[row].status, &err);
        if (strstr(err.text, rows[row].text) == NULL) fail_msg("%s: %s", rows[row].why, err.text);
        apisec_verifier_free(verifier);
        apisec_http_free(http);
        apisec_http_options_free(options);
    }
    free(token);
}

/* The fault proxy hands out the true server's metadata under another name. */
static void metadata_of_another_issuer(void **state)
{
    (void)state;
    struct demand demand = demand_of("ES256");
    apisec_error err;
    apisec_verifier *verifier = demand_verifier(&demand, &transport.http);
    expect("ES256", "its own", apisec_verifier_warm(verifier, &err), APISEC_OK, &err);
    apisec_verifier_free(verifier);

    demand.issuer = setting("PROXY");
    verifier = demand_verifier(&demand, &transport.http);
    expect("ES256", "another's", apisec_verifier_warm(verifier, &err), APISEC_E_KEYS_UNAVAILABLE, &err);
    if (strstr(err.text, "issuer") == NULL) fail_msg("%s", err.text);
    apisec_verifier_free(verifier);
}

/* ---- keys over time. The operation's clock is set ahead; the server's keys really change ---- */

struct rotation {
    apisec_verifier *verifier;
    int64_t ahead_ms;
};

/* step verifies and holds status and number of requests against what is expected. */
static void step(const struct rotation *at, const char *token, apisec_status status, size_t num_requests, const char *why)
{
    apisec_token *verified = NULL;
    apisec_error err;
    atomic_store(&transport.num_requests, 0);
    expect("rotation", why, verify_at(at->verifier, &transport.http, token, at->ahead_ms, &verified, &err), status, &err);
    if (atomic_load(&transport.num_requests) != num_requests)
        fail_msg("%s: %zu requests, expected %zu", why, atomic_load(&transport.num_requests), num_requests);
    apisec_token_free(verified);
}

static void keys_rotate_and_retire(void **state)
{
    (void)state;
    const struct demand demand = demand_of("ES256");
    struct rotation at = {.verifier = demand_verifier(&demand, &transport.http)};
    char *old = fetch_user_token("ES256", "sub=alice");
    step(&at, old, APISEC_OK, 2, "the first token: metadata and keys");

    fetch_text(setting_url("OIDC", "/_test/rotate"), NULL, NULL, NULL);
    char *new = fetch_user_token("ES256", "sub=alice");
    step(&at, new, APISEC_E_KEY_UNKNOWN, 0, "a new kid right after a fetch: no flood of fetches");
    at.ahead_ms = 31000;
    step(&at, new, APISEC_OK, 1, "a new kid after the pause: fetched, once");
    step(&at, new, APISEC_OK, 0, "and known from now on");
    step(&at, old, APISEC_OK, 0, "the old key is still in the set");

    fetch_text(setting_url("OIDC", "/_test/retire"), NULL, NULL, NULL);
    step(&at, old, APISEC_OK, 0, "retired, and not noticed yet: the set is fresh");
    at.ahead_ms += 601000;
    step(&at, old, APISEC_E_KEY_UNKNOWN, 1, "the set is fetched anew: the retired key is trusted no longer");
    step(&at, new, APISEC_OK, 0, "its successor is");

    fetch_text(setting_url("OIDC", "/_test/rotate"), NULL, NULL, NULL);
    fetch_text(setting_url("OIDC", "/_test/retire"), NULL, NULL, NULL);
    at.ahead_ms += 3601000;
    step(&at, new, APISEC_E_KEY_UNKNOWN, 2, "after an hour the URL is discovered anew as well");
    char *newest = fetch_user_token("ES256", "sub=alice");
    step(&at, newest, APISEC_OK, 0, "and the newest key came with it");
    free(newest);
    free(new);
    free(old);
    apisec_verifier_free(at.verifier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_of_users_and_clients), cmocka_unit_test(what_is_wrong), cmocka_unit_test(keys_are_fetched_once),
        cmocka_unit_test(keys_that_cannot_be_had), cmocka_unit_test(a_transport_that_refuses),
        cmocka_unit_test(metadata_of_another_issuer), cmocka_unit_test(keys_rotate_and_retire),
    };
    return cmocka_run_group_tests(tests, open_transport, close_transport);
}
