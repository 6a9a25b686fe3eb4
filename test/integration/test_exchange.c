/* SPDX-License-Identifier: Apache-2.0
 *
 * test_exchange.c: token exchange (RFC 8693) with oidc-provider: how the client authenticates, who acts and who acted before, less
 * scope, another audience; and each error of the server as its status.
 */
#include "integration.h"
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

#define ID_TOKEN_TYPE "urn:ietf:params:oauth:token-type:id_token"

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

/* What is asked for, and by whom. Zero is: svc-basic for https://es256.test/, no scope, no actor. */
struct wish {
    const char *client, *secret;
    bool post;
    const char *subject, *subject_type;
    const char *actor;
    const char *audience, *resource, *second_audience;
    const char *scope, *requested_type;
};

static apisec_status ask(const struct wish *wish, apisec_issued **issued, apisec_error *err)
{
    const char *id = wish->client == NULL ? "svc-basic" : wish->client;
    const char *secret = wish->secret == NULL ? "basic-secret" : wish->secret;
    apisec_client *client = apisec_client_new(&transport.http);
    apisec_client_set_endpoint(client, setting_url("OIDC", "/token"));
    if (wish->post) apisec_client_set_post(client, id, secret, strlen(secret));
    else apisec_client_set_basic(client, id, secret, strlen(secret));

    apisec_exchange *exchange = apisec_exchange_new();
    apisec_exchange_set_subject_unverified(exchange, wish->subject, strlen(wish->subject), wish->subject_type);
    if (wish->actor != NULL) apisec_exchange_set_actor(exchange, wish->actor, strlen(wish->actor), NULL);
    if (wish->resource != NULL) apisec_exchange_add_resource(exchange, wish->resource);
    else apisec_exchange_add_audience(exchange, wish->audience == NULL ? "https://es256.test/" : wish->audience);
    if (wish->second_audience != NULL) apisec_exchange_add_audience(exchange, wish->second_audience);
    if (wish->scope != NULL) apisec_exchange_set_scope(exchange, wish->scope);
    if (wish->requested_type != NULL) apisec_exchange_set_requested_type(exchange, wish->requested_type);

    const apisec_status status = apisec_exchange_run(client, exchange, issued, err);
    apisec_exchange_free(exchange);
    apisec_client_free(client);
    return status;
}

/* get asks for what must be granted, and verifies it as the service would that it is for. */
static apisec_token *get(const struct wish *wish, const char *alg, const char *why, apisec_issued **issued)
{
    const struct demand demand = {.issuer = setting("OIDC"), .audience = resource_of(alg), .algorithm = alg};
    apisec_error err;
    size_t len = 0;
    if (ask(wish, issued, &err) != APISEC_OK) fail_msg("%s: %s: %s", why, apisec_status_name(err.status), err.text);
    const char *raw = apisec_issued_token(*issued, &len);
    apisec_verifier *verifier = demand_verifier(&demand, &transport.http);
    apisec_token *token = NULL;
    if (apisec_verify(verifier, raw, len, now_ms() / 1000, &token, &err) != APISEC_OK) fail_msg("%s: %s", why, err.text);
    apisec_verifier_free(verifier);
    return token;
}

static void clients_authenticate(void **state)
{
    (void)state;
    static const struct {
        const char *client, *secret;
        bool post;
        apisec_status status;
        const char *why;
    } rows[] = {
        {"svc-basic", "basic-secret", false, APISEC_OK, "basic"},
        {"svc-post", "post-secret", true, APISEC_OK, "post"},
        {"svc:odd id", "p%3A+ss w:rd/~", false, APISEC_OK, "basic, with characters that mean something"},
        {"svc&post=odd", "p%26+ss w&rd=~", true, APISEC_OK, "post, with characters that mean something"},
        {"svc-basic", "wrong", false, APISEC_E_INVALID_CLIENT, "a wrong secret"},
        {"svc-post", "wrong", true, APISEC_E_INVALID_CLIENT, "a wrong secret"},
        {"svc-nobody", "basic-secret", false, APISEC_E_INVALID_CLIENT, "nobody"},
        {"svc-nobody", "post-secret", true, APISEC_E_INVALID_CLIENT, "nobody"},
    };
    char *subject = fetch_user_token("ES256", "sub=alice");
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        const struct wish wish = {
            .client = rows[row].client, .secret = rows[row].secret, .post = rows[row].post, .subject = subject};
        apisec_issued *issued = NULL;
        apisec_error err;
        const apisec_status got = ask(&wish, &issued, &err);
        if (got != rows[row].status) fail_msg("row %zu: %s: %s: %s", row, rows[row].why, apisec_status_name(got), err.text);
        assert_true((issued != NULL) == (got == APISEC_OK));
        if (strstr(err.text, rows[row].secret) != NULL) fail_msg("row %zu: the secret is told", row);
        apisec_issued_free(issued);
    }
    free(subject);
}

static void what_is_granted(void **state)
{
    (void)state;
    static const struct {
        const char *alg, *resource, *scope, *granted, *why;
    } rows[] = {
        {"ES256", NULL, NULL, "orders:read orders:write billing:read", "all of the subject's scope"},
        {"ES256", NULL, "orders:read", "orders:read", "less"},
        {"RS256", NULL, "orders:read billing:read", "orders:read billing:read", "for another audience"},
        {"PS256", "https://ps256.test/", "orders:read", "orders:read", "named as a resource"},
    };
    char *subject = fetch_user_token("ES256", "sub=alice");
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        const struct wish wish = {
            .subject = subject, .audience = resource_of(rows[row].alg), .resource = rows[row].resource, .scope = rows[row].scope};
        apisec_issued *issued = NULL;
        apisec_token *token = get(&wish, rows[row].alg, rows[row].why, &issued);
        const int64_t left = apisec_issued_expires_at(issued) - now_ms() / 1000;
        assert_string_equal(apisec_token_subject(token), "alice");
        assert_string_equal(apisec_token_client_id(token), "svc-basic");
        assert_string_equal(apisec_token_scope(token), rows[row].granted);
        assert_null(apisec_token_actor(token, 0));
        assert_string_equal(apisec_issued_scope(issued), rows[row].granted);
        assert_null(apisec_issued_scope_reduced(issued));
        assert_string_equal(apisec_issued_token_type(issued), "Bearer");
        assert_string_equal(apisec_issued_issued_type(issued), "urn:ietf:params:oauth:token-type:access_token");
        assert_true(left > 280 && left <= 300);
        apisec_token_free(token);
        apisec_issued_free(issued);
    }
    free(subject);
}

/* Two hops: first svc-basic acts for alice, then svc-post, and svc-basic has acted before. The scope shrinks on the way. */
static void actors_nest(void **state)
{
    (void)state;
    char *subject = fetch_user_token("ES256", "sub=alice");
    char *first_actor = fetch_client_token("ES256", "svc-basic");
    char *second_actor = fetch_client_token("ES256", "svc-post");
    apisec_issued *first = NULL, *second = NULL;

    const struct wish once = {
        .subject = subject, .actor = first_actor, .audience = "https://rs256.test/", .scope = "orders:read billing:read"};
    apisec_token *token = get(&once, "RS256", "the first hop", &first);
    assert_string_equal(apisec_token_subject(token), "alice");
    assert_string_equal(apisec_token_actor(token, 0), "svc-basic");
    assert_null(apisec_token_actor(token, 1));
    apisec_token_free(token);

    const struct wish twice = {.client = "svc-post", .secret = "post-secret", .post = true,
                               .subject = apisec_issued_token(first, NULL), .actor = second_actor,
                               .audience = "https://ps256.test/", .scope = "orders:read"};
    token = get(&twice, "PS256", "the second hop", &second);
    assert_string_equal(apisec_token_subject(token), "alice");
    assert_string_equal(apisec_token_actor(token, 0), "svc-post");
    assert_string_equal(apisec_token_actor(token, 1), "svc-basic");
    assert_null(apisec_token_actor(token, 2));
    assert_string_equal(apisec_token_scope(token), "orders:read");
    apisec_token_free(token);

    apisec_issued_free(second);
    apisec_issued_free(first);
    free(second_actor);
    free(first_actor);
    free(subject);
}

/* A service exchanges what it has verified, and nothing else slips in. */
static void a_verified_subject(void **state)
{
    (void)state;
    const struct demand demand = {.issuer = setting("OIDC"), .audience = resource_of("ES256"), .algorithm = "ES256"};
    char *subject = fetch_user_token("ES256", "sub=alice"), *other = fetch_user_token("ES256", "sub=bob");
    apisec_verifier *verifier = demand_verifier(&demand, &transport.http);
    apisec_token *token = NULL;
    apisec_error err;
    assert_int_equal(apisec_verify(verifier, subject, strlen(subject), now_ms() / 1000, &token, &err), APISEC_OK);
    for (int i = 0; i < 2; i++) {
        const char *raw = i == 0 ? subject : other;
        apisec_issued *issued = NULL;
        apisec_client *client = apisec_client_new(&transport.http);
        apisec_exchange *exchange = apisec_exchange_new();
        apisec_client_set_endpoint(client, setting_url("OIDC", "/token"));
        apisec_client_set_basic(client, "svc-basic", "basic-secret", strlen("basic-secret"));
        apisec_exchange_set_subject(exchange, token, raw, strlen(raw));
        apisec_exchange_add_audience(exchange, "https://rs256.test/");
        assert_int_equal(apisec_exchange_run(client, exchange, &issued, &err), i == 0 ? APISEC_OK : APISEC_E_MISUSE);
        apisec_issued_free(issued);
        apisec_exchange_free(exchange);
        apisec_client_free(client);
    }
    apisec_token_free(token);
    apisec_verifier_free(verifier);
    free(other);
    free(subject);
}

/* A user who may not, or something that is not to be had. */
struct refusal {
    struct wish wish;  /* its subject is the login's token unless set */
    const char *login; /* query of fetch_user_token */
    bool actor;
    apisec_status status;
    const char *why;
};

static const struct refusal refusals[] = {
    {{0}, "sub=alice", false, APISEC_OK, "the twin of all"},
    {{0}, "sub=alice&may_act=svc-basic", true, APISEC_OK, "the actor that the token allows"},
    {{0}, "sub=alice&may_act=svc-other", true, APISEC_E_INVALID_REQUEST, "an actor that it does not"},
    {{.audience = "https://nobody.test/"}, "sub=alice", false, APISEC_E_INVALID_TARGET, "no such service"},
    {{.resource = "https://nobody.test/"}, "sub=alice", false, APISEC_E_INVALID_TARGET, "no such resource"},
    {{.second_audience = "https://rs256.test/"}, "sub=alice", false, APISEC_E_INVALID_TARGET, "two services at once"},
    {{.scope = "orders:write"}, "sub=alice&scope=orders:read", false, APISEC_E_INVALID_SCOPE, "more than the subject has"},
    {{.scope = "orders:read"}, "sub=alice&scope=orders:read", false, APISEC_OK, "as much as it has"},
    {{.subject = "no.jws.atall"}, "sub=alice", false, APISEC_E_INVALID_REQUEST, "a subject that is no token"},
    {{.subject_type = ID_TOKEN_TYPE}, "sub=alice", false, APISEC_E_INVALID_REQUEST, "a subject of another type"},
    {{.requested_type = "saml2"}, "sub=alice", false, APISEC_E_INVALID_REQUEST, "a type that it does not issue"},
    {{.requested_type = "jwt"}, "sub=alice", false, APISEC_OK, "a type that it issues"},
    {{.client = "svc-no-exchange", .secret = "plain-secret"}, "sub=alice", false, APISEC_E_INVALID_REQUEST, "no such grant for it"},
    {{0}, "sub=locked", false, APISEC_E_INVALID_GRANT, "the account is locked"},
    {{0}, "sub=guest", false, APISEC_E_UNAUTHORIZED_CLIENT, "this client not for that user"},
    {{0}, "sub=robot", false, APISEC_E_UNSUPPORTED_GRANT, "no exchange for that user"},
    {{0}, "sub=minor", false, APISEC_E_OAUTH_OTHER, "access_denied is not an error of RFC 6749 section 5.2"},
};

static void each_error_is_its_status(void **state)
{
    (void)state;
    char *actor = fetch_client_token("ES256", "svc-basic");
    for (size_t row = 0; row < sizeof refusals / sizeof refusals[0]; row++) {
        const struct refusal *refusal = &refusals[row];
        char *subject = fetch_user_token("ES256", refusal->login);
        struct wish wish = refusal->wish;
        if (wish.subject == NULL) wish.subject = subject;
        if (refusal->actor) wish.actor = actor;
        apisec_issued *issued = NULL;
        apisec_error err;
        const apisec_status got = ask(&wish, &issued, &err);
        if (got != refusal->status) fail_msg("row %zu: %s: %s: %s", row, refusal->why, apisec_status_name(got), err.text);
        assert_int_equal(err.status, got);
        assert_true((issued != NULL) == (got == APISEC_OK));
        assert_true((strstr(err.text, "the authorization server says") != NULL) == (got != APISEC_OK));
        apisec_issued_free(issued);
        free(subject);
    }
    free(actor);
}

/* What answers here is no token endpoint. */
static void somewhere_else(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        apisec_status status;
        const char *why;
    } rows[] = {
        {"/token", APISEC_OK, "the twin"},
        {"/nothing", APISEC_E_RESPONSE, "404"},
        {"/jwks", APISEC_E_RESPONSE, "a POST is not for it"},
    };
    char *subject = fetch_user_token("ES256", "sub=alice");
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        apisec_issued *issued = NULL;
        apisec_error err;
        apisec_client *client = apisec_client_new(&transport.http);
        apisec_exchange *exchange = apisec_exchange_new();
        apisec_client_set_endpoint(client, setting_url("OIDC", rows[row].path));
        apisec_client_set_basic(client, "svc-basic", "basic-secret", strlen("basic-secret"));
        apisec_exchange_set_subject_unverified(exchange, subject, strlen(subject), NULL);
        apisec_exchange_add_audience(exchange, "https://es256.test/");
        const apisec_status got = apisec_exchange_run(client, exchange, &issued, &err);
        if (got != rows[row].status) fail_msg("row %zu: %s: %s: %s", row, rows[row].why, apisec_status_name(got), err.text);
        apisec_issued_free(issued);
        apisec_exchange_free(exchange);
        apisec_client_free(client);
    }
    free(subject);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_authenticate), cmocka_unit_test(what_is_granted), cmocka_unit_test(actors_nest),
        cmocka_unit_test(a_verified_subject), cmocka_unit_test(each_error_is_its_status), cmocka_unit_test(somewhere_else),
    };
    return cmocka_run_group_tests(tests, open_transport, close_transport);
}
