/* SPDX-License-Identifier: Apache-2.0
 *
 * test_mesh.c: starts the mesh and holds every reply against what must come: status, challenge (taken apart into parameters), JSON
 * body, and the record in the service's log. Nothing here reads what the demo prints.
 */
#include "../../examples/mesh/forge.h"
#include "../../examples/mesh/page.h"
#include "../../examples/mesh/player.h"
#include "../../examples/mesh/trail.h"
#include "mesh/replies.h"
#include "support/unit.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ALICES "/customers/1001/accounts"
#define BOBS "/customers/1002/accounts"
#define ALICES_LEDGER "/customers/1001/balances"
#define BOBS_LEDGER "/customers/1002/balances"

static struct stage stage;
static char reference[PLAYER_SECRET_SIZE];

enum { NONE, REFERENCE, FOR_ACCOUNTS, FOR_LEDGER, ALG_NONE, CONFUSED, TAMPERED, EXPIRED, FORGED, NO_SCOPE, DUPLICATE, NUL, ID_TOKEN,
       NO_ACTOR, OTHER_ACTOR, NO_MAY_ACT, ACTOR_TOKEN, CLOSED, OPEN, UNBOUND, BOUND_ELSEWHERE, NUM_TOKENS };
static char *tokens[NUM_TOKENS];

/* ---- attacks on services ---- */

#define NO_CHALLENGE "-"
#define BARE NULL

struct row {
    const char *why;
    int service, identity; /* whose certificate is presented; -1: none */
    int token;
    const char *path;
    int http_status;
    const char *status, *body_error;
    const char *error;     /* of the challenge */
    const char *scope;     /* of the challenge; NULL: without */
};

static const struct row rows[] = {
    {"a token where it belongs", ACCOUNTS, GATEWAY, FOR_ACCOUNTS, ALICES, 200, "APISEC_OK", "", NO_CHALLENGE, NULL},
    {"a token where it belongs", LEDGER, ACCOUNTS, FOR_LEDGER, ALICES_LEDGER, 200, "APISEC_OK", "", NO_CHALLENGE, NULL},
    {"what is forged below passes when nothing is wrong with it", ACCOUNTS, GATEWAY, FORGED, ALICES, 200, "APISEC_OK", "",
     NO_CHALLENGE, NULL},

    {"no token", ACCOUNTS, GATEWAY, NONE, ALICES, 401, "APISEC_E_NO_CREDENTIAL", "unauthorized", BARE, NULL},
    {"no token and no certificate: who is no service is not asked for a user", ACCOUNTS, -1, NONE, ALICES, 403, "APISEC_E_PEER",
     "forbidden", NO_CHALLENGE, NULL},
    {"a service's certificate and no user", LEDGER, ACCOUNTS, NONE, ALICES_LEDGER, 401, "APISEC_E_NO_CREDENTIAL", "unauthorized",
     BARE, NULL},
    {"accounts' token replayed at ledger", LEDGER, ACCOUNTS, FOR_ACCOUNTS, ALICES_LEDGER, 401, "APISEC_E_DECRYPTION",
     "invalid_token", "invalid_token", NULL},
    {"the same, encrypted to ledger by the thief", LEDGER, ACCOUNTS, CLOSED, ALICES_LEDGER, 401, "APISEC_E_AUDIENCE",
     "invalid_token", "invalid_token", NULL},
    {"all right but for the encryption", LEDGER, ACCOUNTS, OPEN, ALICES_LEDGER, 401, "APISEC_E_DECRYPTION", "invalid_token",
     "invalid_token", NULL},
    {"the same, encrypted", LEDGER, ACCOUNTS, UNBOUND, ALICES_LEDGER, 200, "APISEC_OK", "", NO_CHALLENGE, NULL},
    {"ledger's token replayed at accounts, which cannot read it", ACCOUNTS, GATEWAY, FOR_LEDGER, ALICES, 401, "APISEC_E_MALFORMED",
     "invalid_token", "invalid_token", NULL},
    /* from which service it comes is judged before a token is looked at: what it is bound to is not come to */
    {"past the gateway, no certificate", LEDGER, -1, FOR_LEDGER, ALICES_LEDGER, 403, "APISEC_E_PEER", "forbidden", NO_CHALLENGE,
     NULL},
    {"past the gateway, its certificate", LEDGER, GATEWAY, FOR_LEDGER, ALICES_LEDGER, 403, "APISEC_E_PEER", "forbidden",
     NO_CHALLENGE, NULL},
    {"ledger's own certificate", LEDGER, LEDGER, FOR_LEDGER, ALICES_LEDGER, 403, "APISEC_E_PEER", "forbidden", NO_CHALLENGE, NULL},
    {"accounts' name, another CA", LEDGER, IMPOSTOR, FOR_LEDGER, ALICES_LEDGER, 403, "APISEC_E_PEER", "forbidden", NO_CHALLENGE,
     NULL},
    {"bound to the gateway's certificate, with that of accounts", LEDGER, ACCOUNTS, BOUND_ELSEWHERE, ALICES_LEDGER, 401,
     "APISEC_E_BINDING", "invalid_token", "invalid_token", NULL},
    {"bound to nothing, no certificate", LEDGER, -1, UNBOUND, ALICES_LEDGER, 403, "APISEC_E_PEER", "forbidden", NO_CHALLENGE, NULL},
    {"bound to nothing, the gateway's certificate", LEDGER, GATEWAY, UNBOUND, ALICES_LEDGER, 403, "APISEC_E_PEER", "forbidden",
     NO_CHALLENGE, NULL},
    {"accounts' name, another CA", ACCOUNTS, IMPOSTOR, FOR_ACCOUNTS, ALICES, 403, "APISEC_E_PEER", "forbidden", NO_CHALLENGE, NULL},
    {"accounts without a certificate", ACCOUNTS, -1, FOR_ACCOUNTS, ALICES, 403, "APISEC_E_PEER", "forbidden", NO_CHALLENGE, NULL},
    {"a reference token at a service", ACCOUNTS, GATEWAY, REFERENCE, ALICES, 401, "APISEC_E_MALFORMED", "invalid_token",
     "invalid_token", NULL},
    {"nobody acts", LEDGER, ACCOUNTS, NO_ACTOR, ALICES_LEDGER, 403, "APISEC_E_ACTOR", "forbidden", NO_CHALLENGE, NULL},
    {"somebody else acts", LEDGER, ACCOUNTS, OTHER_ACTOR, ALICES_LEDGER, 403, "APISEC_E_ACTOR", "forbidden", NO_CHALLENGE, NULL},
    {"alg none", ACCOUNTS, GATEWAY, ALG_NONE, ALICES, 401, "APISEC_E_ALGORITHM", "invalid_token", "invalid_token", NULL},
    {"RS256 made HS256", ACCOUNTS, GATEWAY, CONFUSED, ALICES, 401, "APISEC_E_ALGORITHM", "invalid_token", "invalid_token", NULL},
    {"other claims under a genuine signature", ACCOUNTS, GATEWAY, TAMPERED, BOBS, 401, "APISEC_E_SIGNATURE", "invalid_token",
     "invalid_token", NULL},
    {"expired beyond the leeway", ACCOUNTS, GATEWAY, EXPIRED, ALICES, 401, "APISEC_E_EXPIRED", "invalid_token", "invalid_token",
     NULL},
    {"another scope", ACCOUNTS, GATEWAY, NO_SCOPE, ALICES, 403, "APISEC_E_SCOPE", "insufficient_scope", "insufficient_scope",
     "accounts:read"},
    {"alice at bob's accounts", ACCOUNTS, GATEWAY, FOR_ACCOUNTS, BOBS, 403, "APISEC_E_CONDITION", "forbidden", NO_CHALLENGE, NULL},
    {"alice at bob's balances", LEDGER, ACCOUNTS, FOR_LEDGER, BOBS_LEDGER, 403, "APISEC_E_CONDITION", "forbidden", NO_CHALLENGE,
     NULL},
    {"sub twice", ACCOUNTS, GATEWAY, DUPLICATE, ALICES, 401, "APISEC_E_MALFORMED", "invalid_token", "invalid_token", NULL},
    {"U+0000 in sub", ACCOUNTS, GATEWAY, NUL, ALICES, 401, "APISEC_E_MALFORMED", "invalid_token", "invalid_token", NULL},
    {"an ID token", ACCOUNTS, GATEWAY, ID_TOKEN, ALICES, 401, "APISEC_E_TYPE", "invalid_token", "invalid_token", NULL},
    {"a service's own token", LEDGER, ACCOUNTS, ACTOR_TOKEN, ALICES_LEDGER, 401, "APISEC_E_ISSUER", "invalid_token",
     "invalid_token", NULL},
    /* what no rule permits is denied, whether it is there or not; and what services read in two ways is no request */
    {"a path that is not there", LEDGER, ACCOUNTS, FOR_LEDGER, "/customers/1001", 403, "APISEC_E_DENIED", "forbidden", NO_CHALLENGE,
     NULL},
    {"an encoded slash", ACCOUNTS, GATEWAY, FOR_ACCOUNTS, "/customers/1001%2f..%2f1002/accounts", 400, "APISEC_E_REQUEST",
     "invalid_request", "invalid_request", NULL},
    {"a digit, encoded: the same path", ACCOUNTS, GATEWAY, FOR_ACCOUNTS, "/customers/%31001/accounts", 200, "APISEC_OK", "",
     NO_CHALLENGE, NULL},
    {"bob's, encoded", ACCOUNTS, GATEWAY, FOR_ACCOUNTS, "/customers/%31002/accounts", 403, "APISEC_E_CONDITION", "forbidden",
     NO_CHALLENGE, NULL},
};

static void check_challenge(const struct row *row, const struct client_reply *reply)
{
    char scope[64] = "";
    if (row->scope) snprintf(scope, sizeof scope, ", scope=\"%s\"", row->scope);
    if (row->error && strcmp(row->error, NO_CHALLENGE) == 0) assert_null(client_header(reply, "WWW-Authenticate"));
    else expect_challenge(reply, "Bearer", row->service, row->status, row->error, scope);
}

static void check_body(const struct row *row, const struct player_call *call, const struct client_reply *reply)
{
    cJSON *body = read_body(reply);
    const cJSON *decision = decision_of(body, stage_name(row->service));
    assert_string_equal(text_of(body, "error"), row->body_error);
    if (row->http_status != 200) assert_string_equal(text_of(body, "trace"), call->trace);
    if (row->identity < 0 || row->identity == IMPOSTOR) { /* explanations are not for strangers */
        assert_null(cJSON_GetObjectItemCaseSensitive(body, "decisions"));
    } else {
        assert_non_null(decision);
        assert_string_equal(text_of(decision, "status"), row->status);
        assert_string_equal(text_of(decision, "verdict"), row->http_status == 200 ? "allowed" : "denied");
        assert_int_equal(cJSON_GetObjectItemCaseSensitive(decision, "http_status")->valueint, row->http_status);
    }
    cJSON_Delete(body);
}

static void check_record(const struct row *row, const struct player_call *call)
{
    struct trail trail;
    const struct trail_record *first = NULL;
    assert_true(trail_read(&stage, call->trace, &trail));
    for (size_t i = 0; i < trail.num && !first; i++)
        if (trail.records[i].service == row->service) first = &trail.records[i];
    assert_non_null(first);
    assert_string_equal(first->status, row->status);
    assert_int_equal(first->allowed, strcmp(row->status, "APISEC_OK") == 0);
    if (!first->allowed) assert_int_equal(trail.num, 1); /* nobody further was asked */
}

static void services_refuse_what_they_must(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        struct client_reply reply = {0};
        struct player_call call = {.service = row->service, .identity = row->identity, .path = row->path,
                                   .token = tokens[row->token]};
        assert_true(row->token == NONE || call.token != NULL);
        if (!player_send(&stage, &call, &reply)) fail_msg("%s: %s", row->why, reply.why);
        if (reply.status != row->http_status) fail_msg("%s: %d: %s", row->why, reply.status, reply.body);
        check_challenge(row, &reply);
        check_body(row, &call, &reply);
        check_record(row, &call);
        if (call.token) assert_null(strstr(reply.body, call.token));
        client_free(&reply);
    }
}

/* A credential that is sent in a way no client should; the same token, sent as it should be, passes above. */
static void one_token_in_one_place(void **state)
{
    (void)state;
    char in_query[8192], basic[160];
    snprintf(in_query, sizeof in_query, "%s?access_token=%s", ALICES, tokens[FOR_ACCOUNTS]);
    snprintf(basic, sizeof basic, "gateway:%s", stage.gateway_secret);
    const struct {
        struct player_call call;
        int http_status;
        const char *error, *why;
    } calls[] = {
        {{.path = ALICES, .token = tokens[FOR_ACCOUNTS]}, 200, NULL, "the twin"},
        {{.path = ALICES, .token = tokens[FOR_ACCOUNTS], .second_token = tokens[FOR_ACCOUNTS]}, 400, "invalid_request", "twice"},
        {{.path = ALICES, .token = tokens[FOR_ACCOUNTS], .second_token = tokens[TAMPERED]}, 400, "invalid_request", "two tokens"},
        {{.path = in_query}, 400, "invalid_request", "in the query, where logs keep it"},
        {{.path = ALICES, .basic = basic}, 401, NULL, "a stolen client secret is no user"},
    };
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        struct client_reply reply = {0};
        struct player_call call = calls[i].call;
        call.service = ACCOUNTS;
        call.identity = GATEWAY;
        if (!player_send(&stage, &call, &reply)) fail_msg("%s: %s", calls[i].why, reply.why);
        if (reply.status != calls[i].http_status) fail_msg("%s: %d", calls[i].why, reply.status);
        if (reply.status == 200) assert_null(client_header(&reply, "WWW-Authenticate"));
        else expect_challenge(&reply, "Bearer", ACCOUNTS, "APISEC_E_REQUEST", calls[i].error, "");
        client_free(&reply);
    }
}

/* ---- the authorization server ---- */

static void check_exchange(struct player_ask *ask, int http_status, const char *error, const char *why)
{
    struct client_reply reply = {0};
    if (!player_ask(&stage, ask, &reply)) fail_msg("%s: %s", why, reply.why);
    cJSON *body = read_body(&reply);
    if (reply.status != http_status || strcmp(text_of(body, "error"), error) != 0)
        fail_msg("%s: %d, error \"%s\"", why, reply.status, text_of(body, "error"));
    assert_string_equal(client_header(&reply, "Cache-Control"), "no-store");
    assert_true((text_of(body, "access_token")[0] != '\0') == (http_status == 200));
    cJSON_Delete(body);
    client_free(&reply);
}

#define FOR(t) .subject = tokens[t], .audience = "ledger", .scope = "ledger:read"
#define ACTS .actor = tokens[ACTOR_TOKEN]

static void a_client_secret_is_no_user(void **state)
{
    (void)state;
    struct {
        struct player_ask ask;
        int http_status;
        const char *error, *why;
    } asks[] = {
        {{.client = GATEWAY, .subject = reference, .audience = "accounts", .scope = "accounts:read"}, 200, "", "a login"},
        {{.client = GATEWAY, .audience = "accounts", .scope = "accounts:read"}, 400, "invalid_request", "no user"},
        {{.client = GATEWAY, .grant = "client_credentials", .scope = "accounts:read"}, 400, "unsupported_grant_type",
         "a token without a user"},
        {{.client = GATEWAY, .grant = "password", .scope = "accounts:read"}, 400, "unsupported_grant_type", "a password"},
        {{.client = GATEWAY, FOR(REFERENCE)}, 400, "invalid_target", "the gateway may not reach the ledger"},
        {{.client = GATEWAY, .subject = reference, .audience = "accounts", .scope = "admin"}, 400, "invalid_scope",
         "nobody's scope"},
        {{.client = GATEWAY, .subject = reference, .audience = "accounts"}, 400, "invalid_scope", "no scope"},
        {{.client = GATEWAY, .subject = tokens[FOR_ACCOUNTS], .audience = "accounts", .scope = "accounts:read"}, 400,
         "invalid_request", "a token is no login"},
        {{.client = GATEWAY, .subject = reference, ACTS, .audience = "accounts", .scope = "accounts:read"}, 400, "invalid_request",
         "an actor where nobody may act"},
        {{.client = ACCOUNTS, .subject = reference, .audience = "accounts", .scope = "accounts:read"}, 400, "invalid_target",
         "accounts does not exchange logins"},

        {{.client = ACCOUNTS, FOR(FOR_ACCOUNTS), ACTS}, 200, "", "what accounts got, and it acts"},
        {{.client = ACCOUNTS, FOR(FORGED), ACTS}, 200, "", "what is wrong below passes when it is right"},
        {{.client = ACCOUNTS, FOR(REFERENCE), ACTS}, 400, "invalid_request", "another client's login"},
        {{.client = ACCOUNTS, FOR(FOR_ACCOUNTS)}, 400, "invalid_request", "nobody acts"},
        {{.client = ACCOUNTS, FOR(FOR_ACCOUNTS), .actor = tokens[FOR_ACCOUNTS]}, 400, "invalid_request", "the user acts"},
        {{.client = ACCOUNTS, FOR(ACTOR_TOKEN), ACTS}, 400, "invalid_request", "a service as the user"},
        {{.client = ACCOUNTS, FOR(NO_SCOPE), ACTS}, 400, "invalid_scope", "the user's token lacks the scope for it"},
        {{.client = ACCOUNTS, FOR(NO_MAY_ACT), ACTS}, 400, "invalid_request", "the user's token lets nobody act"},
        {{.client = ACCOUNTS, FOR(EXPIRED), ACTS}, 400, "invalid_request", "the user's token has expired"},
        {{.client = ACCOUNTS, FOR(TAMPERED), ACTS}, 400, "invalid_request", "the user's token is not the user's"},
        {{.client = ACCOUNTS, FOR(FOR_LEDGER), ACTS}, 400, "invalid_request", "the user's token was for another service"},
    };
    for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++)
        check_exchange(&asks[i].ask, asks[i].http_status, asks[i].error, asks[i].why);
}

static void a_wrong_secret_is_told_nothing(void **state)
{
    (void)state;
    static const char *const paths[] = {"/token", "/introspect", "/revoke"};
    char url[128], form[512] = "";
    assert_true(client_encode(form, sizeof form, "token", reference));
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct client_reply reply = {0};
        snprintf(url, sizeof url, "%s%s", stage.url[STS], paths[i]);
        const struct client_request ask = {.method = "POST", .url = url, .ca_folder = stage.folder, .form = form,
                                           .basic = "gateway:0000000000000000000000000000000000000000000000000000000000000000"};
        assert_true(client_send(&ask, &reply));
        assert_int_equal(reply.status, 401);
        cJSON *body = read_body(&reply);
        assert_string_equal(text_of(body, "error"), "invalid_client");
        assert_null(cJSON_GetObjectItemCaseSensitive(body, "active"));
        assert_non_null(client_header(&reply, "WWW-Authenticate")); /* RFC 6749 section 5.2 */
        cJSON_Delete(body);
        client_free(&reply);
    }
}

static cJSON *get_json(const char *path)
{
    char url[160];
    struct client_reply reply = {0};
    snprintf(url, sizeof url, "%s%s", stage.url[STS], path);
    const struct client_request ask = {.method = "GET", .url = url, .ca_folder = stage.folder};
    assert_true(client_send(&ask, &reply));
    assert_int_equal(reply.status, 200);
    cJSON *body = cJSON_ParseWithLength(reply.body, reply.len);
    client_free(&reply);
    return body;
}

static void metadata_and_keys_are_public(void **state)
{
    (void)state;
    static const char *const urls[] = {"authorization_endpoint", "token_endpoint", "jwks_uri", "introspection_endpoint",
                                       "revocation_endpoint"};
    static const char *const secrets[] = {"d", "p", "q", "dp", "dq", "qi", "k"};
    cJSON *oauth = get_json("/.well-known/oauth-authorization-server"), *oidc = get_json("/.well-known/openid-configuration");
    cJSON *keys = get_json("/jwks");
    const cJSON *key = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(keys, "keys"), 0);
    assert_string_equal(text_of(oauth, "issuer"), stage.url[STS]);
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++)
        assert_ptr_equal(strstr(text_of(oauth, urls[i]), stage.url[STS]), text_of(oauth, urls[i]));
    assert_true(cJSON_Compare(oauth, oidc, true));
    assert_string_equal(text_of(key, "kid"), apisec_signer_key_id(stage.signing_key));
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) assert_null(cJSON_GetObjectItemCaseSensitive(key, secrets[i]));
    cJSON_Delete(keys);
    cJSON_Delete(oidc);
    cJSON_Delete(oauth);
}

/* ---- people ---- */

static void check_protected(const struct client_reply *page)
{
    const char *policy = client_header(page, "Content-Security-Policy");
    assert_non_null(policy);
    assert_non_null(strstr(policy, "default-src 'none'"));
    assert_non_null(strstr(policy, "frame-ancestors 'none'"));
    assert_null(strstr(policy, "unsafe"));
    assert_null(strstr(policy, "script-src"));
    assert_string_equal(client_header(page, "Cache-Control"), "no-store");
    assert_string_equal(client_header(page, "Referrer-Policy"), "no-referrer");
    assert_string_equal(client_header(page, "X-Content-Type-Options"), "nosniff");
}

/* check_journey: one trace, the records of all, and the chain of who acts for whom. Each service but the authorization server has
 * decided once; two have exchanged a token, which both sides have recorded. */
static void check_journey(const char *trace)
{
    struct trail trail;
    size_t num[NUM_SERVICES] = {0};
    assert_true(trail_read(&stage, trace, &trail));
    assert_int_equal(trail.num, 7);
    for (size_t i = 0; i < trail.num; i++) {
        assert_true(trail.records[i].allowed);
        num[trail.records[i].service]++;
    }
    assert_true(num[STS] == 2 && num[GATEWAY] == 2 && num[ACCOUNTS] == 2 && num[LEDGER] == 1);
    const struct trail_record *ledger = trail_of(&trail, LEDGER);
    assert_string_equal(ledger->user, "alice");
    assert_string_equal(ledger->actors, "accounts");
    assert_string_equal(ledger->client, "accounts");
    assert_string_equal(ledger->audience, "ledger");
    assert_string_equal(trail_of(&trail, GATEWAY)->user, "alice");
}

static void alice_sees_her_accounts_and_not_bobs(void **state)
{
    (void)state;
    static const char mark[] = "id=\"trace\">";
    struct browser browser;
    struct client_reply page = {0};
    char trace[PLAYER_TRACE_SIZE] = "";
    assert_true(browser_log_in(&stage, "alice", "wonderland", &browser));
    assert_ptr_equal(strstr(browser.login_url, stage.url[STS]), browser.login_url);
    assert_ptr_equal(strstr(browser.form_action, stage.url[STS]), browser.form_action); /* the password goes nowhere else */
    assert_non_null(strstr(browser.login_url, "code_challenge_method=S256"));
    assert_string_equal(browser.cookie_rules, "; Max-Age=3600; Path=/; Secure; HttpOnly; SameSite=Lax");

    assert_true(browser_get(&stage, &browser, ALICES, &page));
    assert_int_equal(page.status, 200);
    check_protected(&page);
    assert_non_null(strstr(page.body, "1,204.50"));
    assert_null(strstr(page.body, "eyJ")); /* no token on the page */
    const char *at = strstr(page.body, mark);
    assert_non_null(at);
    memcpy(trace, at + strlen(mark), PLAYER_TRACE_SIZE - 1);
    check_journey(trace);
    client_free(&page);

    assert_true(browser_get(&stage, &browser, BOBS, &page));
    assert_int_equal(page.status, 403);
    check_protected(&page);
    assert_non_null(strstr(page.body, "claim is not what the rule requires: customer"));
    assert_null(strstr(page.body, "312.07"));
    client_free(&page);
}

static void strangers_do_not_log_in(void **state)
{
    (void)state;
    static const struct {
        const char *user, *password;
    } strangers[] = {{"alice", "builder"}, {"alice", ""}, {"mallory", "wonderland"}, {"Alice", "wonderland"}};
    struct browser browser, nobody = {.session = "__Host-session=0000000000000000000000000000000000000000000000000000000000000000"};
    struct client_reply page = {0};
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        assert_false(browser_log_in(&stage, strangers[i].user, strangers[i].password, &browser));
        assert_string_equal(browser.session, "");
    }
    assert_true(browser_get(&stage, &nobody, ALICES, &page));
    assert_int_equal(page.status, 401);
    client_free(&page);
    assert_true(browser_get(&stage, &nobody, "/callback?code=1&state=2&iss=3", &page)); /* a login that nobody began */
    assert_int_equal(page.status, 403);
    assert_null(client_header(&page, "Set-Cookie"));
    client_free(&page);
    assert_true(browser_log_in(&stage, "bob", "builder", &browser)); /* the twin */
}

#define CHALLENGE "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

static void a_login_begins_at_its_own_client_only(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        int http_status;
        const char *why;
    } queries[] = {
        {CHALLENGE "&code_challenge_method=S256&response_type=code", 200, "the twin"},
        {"&response_type=code", 400, "no PKCE"},
        {CHALLENGE "&code_challenge_method=plain&response_type=code", 400, "a challenge in the clear"},
        {CHALLENGE "&code_challenge_method=S256&response_type=token", 400, "the implicit grant"},
        {CHALLENGE "&code_challenge_method=S256&response_type=code&redirect_uri=https%3A%2F%2Fevil.example%2F", 400,
         "two redirects"},
        {CHALLENGE "&code_challenge_method=S256&response_type=code&scope=admin", 400, "a scope that no user can give"},
    };
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        char url[1024];
        struct client_reply page = {0};
        snprintf(url, sizeof url, "%s/authorize?client_id=gateway&state=0123456789abcdef&redirect_uri=%s/callback%s",
                 stage.url[STS], stage.url[GATEWAY], queries[i].query);
        const struct client_request ask = {.method = "GET", .url = url, .ca_folder = stage.folder};
        assert_true(client_send(&ask, &page));
        if (page.status != queries[i].http_status) fail_msg("%s: %d", queries[i].why, page.status);
        check_protected(&page);
        assert_null(client_header(&page, "Location")); /* nobody is sent to a place that nobody vouches for */
        client_free(&page);
    }
}

/* check_redeem: the token, or "", is the caller's to free. */
static char *check_redeem(int client, const char *code, const char *verifier, int http_status, const char *why)
{
    struct client_reply reply = {0};
    if (!player_redeem(&stage, client, code, verifier, &reply)) fail_msg("%s: %s", why, reply.why);
    cJSON *body = read_body(&reply);
    if (reply.status != http_status) fail_msg("%s: %d", why, reply.status);
    if (http_status != 200) assert_string_equal(text_of(body, "error"), "invalid_grant");
    char *token = strdup(text_of(body, "access_token"));
    cJSON_Delete(body);
    client_free(&reply);
    return token;
}

/* RFC 6749 section 4.1.2: a code that comes twice was stolen once, so what it gave ends. */
static void a_code_is_redeemed_once_by_who_began(void **state)
{
    (void)state;
    char code[PLAYER_SECRET_SIZE];
    assert_true(player_get_code(&stage, "alice", "wonderland", code));
    free(check_redeem(GATEWAY, code, "another-verifier-of-as-many-characters-as-that", 400, "another verifier"));
    free(check_redeem(ACCOUNTS, code, PLAYER_VERIFIER, 400, "another client"));
    char *token = check_redeem(GATEWAY, code, PLAYER_VERIFIER, 200, "who began");
    struct player_ask swap = {.client = GATEWAY, .subject = token, .audience = "accounts", .scope = "accounts:read"};
    check_exchange(&swap, 200, "", "the token is good");
    free(check_redeem(GATEWAY, code, PLAYER_VERIFIER, 400, "the second time"));
    check_exchange(&swap, 400, "invalid_request", "the token has ended");
    free(token);
}

/* The same journey for a program, which is told no explanation. */
static void a_program_gets_her_accounts(void **state)
{
    (void)state;
    struct client_reply reply = {0};
    struct player_call call = {.service = GATEWAY, .identity = -1, .path = ALICES, .token = reference};
    assert_true(player_send(&stage, &call, &reply));
    assert_int_equal(reply.status, 200);
    cJSON *body = read_body(&reply);
    const cJSON *balances = cJSON_GetObjectItemCaseSensitive(body, "balances");
    assert_string_equal(text_of(body, "customer"), "1001");
    assert_int_equal(cJSON_GetArraySize(balances), 2);
    assert_string_equal(text_of(cJSON_GetArrayItem(balances, 0), "balance"), "1,204.50");
    assert_null(cJSON_GetObjectItemCaseSensitive(body, "decisions"));
    cJSON_Delete(body);
    client_free(&reply);
    check_journey(call.trace);

    struct player_call bobs = {.service = GATEWAY, .identity = -1, .path = BOBS, .token = reference};
    assert_true(player_send(&stage, &bobs, &reply));
    assert_int_equal(reply.status, 403);
    body = read_body(&reply);
    assert_string_equal(text_of(body, "error"), "forbidden");
    assert_null(cJSON_GetObjectItemCaseSensitive(body, "decisions"));
    cJSON_Delete(body);
    client_free(&reply);
}

/* check_gateway: how the gateway answers a program with this token. */
static void check_gateway(const char *token, int http_status, const char *status)
{
    struct client_reply reply = {0};
    struct player_call call = {.service = GATEWAY, .identity = -1, .path = ALICES, .token = token};
    assert_true(player_send(&stage, &call, &reply));
    assert_int_equal(reply.status, http_status);
    if (http_status == 200) assert_null(client_header(&reply, "WWW-Authenticate"));
    else expect_challenge(&reply, "Bearer", GATEWAY, status, token ? "invalid_token" : NULL, STRANGER);
    client_free(&reply);
}

static void a_killed_login_opens_nothing(void **state)
{
    (void)state;
    char killed[PLAYER_SECRET_SIZE];
    assert_true(player_log_in(&stage, "alice", "wonderland", killed));
    check_gateway(killed, 200, NULL);
    assert_true(player_revoke(&stage, killed));
    check_gateway(killed, 401, "APISEC_E_INACTIVE");
    assert_true(player_revoke(&stage, killed)); /* RFC 7009 section 2.2: unknown is as good as revoked */
    check_gateway(reference, 200, NULL);        /* her other login lives */
    check_gateway(NULL, 401, NULL);
    check_gateway(tokens[FOR_ACCOUNTS], 401, "APISEC_E_AUDIENCE"); /* only a login is taken there */
}

/* ---- tokens that are tied to a key, and tokens that are revoked ---- */

/* check_bound: how the gateway answers a token that is bound to a key; error is that of the challenge. */
static void check_bound(struct player_call *call, int http_status, const char *status, const char *error, const char *why)
{
    static const char own[] = ", algs=\"" ALGS "\", Bearer realm=\"gateway\""; /* RFC 9449 section 7.1, then the other way */
    struct client_reply reply = {0};
    struct trail trail;
    if (!player_send(&stage, call, &reply)) fail_msg("%s: %s", why, reply.why);
    if (reply.status != http_status) fail_msg("%s: %d: %s", why, reply.status, reply.body);
    if (error == NULL) assert_null(client_header(&reply, "WWW-Authenticate"));
    else if (call->proof) expect_challenge(&reply, "DPoP", GATEWAY, status, error, own);
    else expect_challenge(&reply, "Bearer", GATEWAY, status, error, STRANGER);
    assert_true(trail_read(&stage, call->trace, &trail));
    assert_string_equal(trail.records[0].status, status);
    assert_null(strstr(reply.body, call->token));
    client_free(&reply);
}

static void a_bound_token_is_worth_nothing_to_a_thief(void **state)
{
    (void)state;
    char bound[PLAYER_SECRET_SIZE];
    apisec_signer *own = NULL, *thiefs = NULL;
    assert_int_equal(apisec_signer_generate("ES256", &own, NULL), APISEC_OK);
    assert_int_equal(apisec_signer_generate("ES256", &thiefs, NULL), APISEC_OK);
    assert_true(player_log_in_bound(&stage, "alice", "wonderland", own, bound));
    struct player_call call = {.service = GATEWAY, .identity = -1, .path = ALICES, .token = bound}, bobs = call;
    bobs.path = BOBS;
    char *proof = player_prove(&stage, &call, own), *foreign = player_prove(&stage, &call, thiefs);
    char *elsewhere = player_prove(&stage, &bobs, own);
    call.proof = elsewhere;
    check_bound(&call, 401, "APISEC_E_PROOF", "invalid_dpop_proof", "a proof for another path");
    call.proof = foreign;
    check_bound(&call, 401, "APISEC_E_BINDING", "invalid_token", "another's key");
    call.proof = NULL;
    check_bound(&call, 401, "APISEC_E_BINDING", "invalid_token", "as Bearer");
    call.proof = proof;
    check_bound(&call, 200, "APISEC_OK", NULL, "its own proof");
    check_bound(&call, 401, "APISEC_E_REPLAY", "invalid_dpop_proof", "the same proof again");
    free(elsewhere);
    free(foreign);
    free(proof);
    apisec_signer_free(thiefs);
    apisec_signer_free(own);
}

static void a_revoked_token_is_refused_by_the_list(void **state)
{
    (void)state;
    const struct timespec moment = {0, 100000000};
    struct player_ask swap = {.client = GATEWAY, .subject = reference, .audience = "accounts", .scope = "accounts:read"};
    char *token = player_exchange(&stage, &swap);
    struct client_reply reply = {0};
    struct trail trail;
    struct player_call call = {.service = ACCOUNTS, .identity = GATEWAY, .path = ALICES, .token = token};
    assert_non_null(token);
    assert_true(player_send(&stage, &call, &reply));
    assert_int_equal(reply.status, 200); /* the twin: before */
    client_free(&reply);

    assert_true(player_revoke(&stage, token));
    int status = 200;
    for (int i = 0; i < 80 && status != 401; i++) { /* the list is fetched again after two seconds; until then the exchange fails */
        nanosleep(&moment, NULL);
        assert_true(player_send(&stage, &call, &reply));
        status = reply.status;
        assert_int_not_equal(status, 200);
        client_free(&reply);
    }
    assert_int_equal(status, 401);
    assert_true(trail_read(&stage, call.trace, &trail));
    assert_string_equal(trail.records[0].status, "APISEC_E_REVOKED");
    assert_true(player_send(&stage, &call, &reply));
    expect_challenge(&reply, "Bearer", ACCOUNTS, "APISEC_E_REVOKED", "invalid_token", "");
    client_free(&reply);
    struct player_ask narrow = {.client = ACCOUNTS, .subject = token, .actor = tokens[ACTOR_TOKEN], .audience = "ledger",
                                .scope = "ledger:read"};
    check_exchange(&narrow, 400, "invalid_request", "nor is it exchanged");
    call.token = tokens[FOR_ACCOUNTS];
    assert_true(player_send(&stage, &call, &reply));
    assert_int_equal(reply.status, 200); /* the twin: another bit */
    client_free(&reply);
    free(token);
}

/* What the gateway is told about a login is signed for it, and only on request. */
static void introspection_is_signed_for_who_asks(void **state)
{
    (void)state;
    static const struct {
        const char *accept, *type;
    } forms[] = {{"Accept: application/json", "application/json"},
                {"Accept: application/token-introspection+jwt", "application/token-introspection+jwt"}};
    char url[128], form[512] = "", basic[160];
    assert_true(client_encode(form, sizeof form, "token", reference));
    snprintf(url, sizeof url, "%s/introspect", stage.url[STS]);
    snprintf(basic, sizeof basic, "gateway:%s", stage.gateway_secret);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct client_reply reply = {0};
        const struct client_request ask = {.method = "POST", .url = url, .ca_folder = stage.folder, .form = form,
                                           .headers = {forms[i].accept}, .basic = basic};
        assert_true(client_send(&ask, &reply));
        assert_int_equal(reply.status, 200);
        assert_string_equal(client_header(&reply, "Content-Type"), forms[i].type);
        assert_true((strncmp(reply.body, "eyJ", 3) == 0) == (i == 1));
        client_free(&reply);
    }
}

/* ---- the page ---- */

static size_t num_found(const char *text, const char *part)
{
    size_t num = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++) num++;
    return num;
}

static void whatever_is_shown_is_escaped(void **state)
{
    (void)state;
    static const char hostile[] = "<script>alert(\"1\")</script>&'";
    static const char *const members[] = {"service", "verdict", "status", "reason", "user", "client", "scope"};
    struct page page;
    struct web_reply reply = {0};
    cJSON *decisions = cJSON_CreateArray(), *decision = cJSON_CreateObject(), *check = cJSON_CreateObject();
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) cJSON_AddStringToObject(decision, members[i], hostile);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(decision, "act"), cJSON_CreateString(hostile));
    cJSON_AddStringToObject(check, "id", hostile);
    cJSON_AddStringToObject(check, "detail", hostile);
    cJSON_AddStringToObject(check, "standard", hostile);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(decision, "checks"), check);
    cJSON_AddItemToArray(decisions, decision);
    page_begin(&page, hostile, hostile);
    page_hidden(&page, hostile, hostile);
    page_element(&page, "p", hostile, hostile);
    page_decisions(&page, decisions);
    page_end(&page, &reply, 200, NULL);
    assert_null(strstr(reply.body, "<script"));
    assert_null(strstr(reply.body, "(\"1\")"));
    /* title, heading and kicker; the hidden field; the element; the decision, its actor and its check */
    assert_int_equal(num_found(reply.body, "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;"), 3 + 2 + 2 + 7 + 1 + 3);
    free(reply.body);
    web_free_pairs(&reply.headers);
    cJSON_Delete(decisions);
}

/* ---- an outage, and the logs: the last two, because they change what the others need ---- */

static void check_shut(int service, int identity, const char *path, const char *token, const char *status)
{
    struct client_reply reply = {0};
    struct trail trail;
    struct player_call call = {.service = service, .identity = identity, .path = path, .token = token};
    assert_true(player_send(&stage, &call, &reply));
    assert_int_equal(reply.status, 503);
    assert_null(client_header(&reply, "WWW-Authenticate")); /* not the token's fault */
    assert_null(strstr(reply.body, "1,204.50"));
    assert_true(trail_read(&stage, call.trace, &trail));
    assert_non_null(trail_of(&trail, service));
    assert_string_equal(trail_of(&trail, service)->status, status);
    client_free(&reply);
}

static void without_the_authorization_server_it_stays_shut(void **state)
{
    (void)state;
    const struct timespec moment = {0, 50000000};
    char again[PLAYER_SECRET_SIZE];
    int status = 0;
    assert_true(stage_stop(&stage, STS));
    assert_true(stage_stop(&stage, LEDGER));
    assert_true(stage_start(&stage, LEDGER));
    check_shut(GATEWAY, -1, ALICES, reference, "APISEC_E_UNREACHABLE");
    check_shut(ACCOUNTS, GATEWAY, ALICES, tokens[FOR_ACCOUNTS], "APISEC_E_UNREACHABLE");
    check_shut(LEDGER, ACCOUNTS, ALICES_LEDGER, tokens[FOR_LEDGER], "APISEC_E_KEYS_UNAVAILABLE");

    assert_true(stage_start(&stage, STS));
    check_gateway(reference, 401, "APISEC_E_INACTIVE"); /* its logins were in memory */
    assert_true(player_log_in(&stage, "alice", "wonderland", again));
    for (int i = 0; i < 100 && status != 200; i++) {
        struct client_reply reply = {0};
        struct player_call call = {.service = GATEWAY, .identity = -1, .path = ALICES, .token = again};
        assert_true(player_send(&stage, &call, &reply));
        status = reply.status;
        assert_true(status == 200 || status == 503);
        client_free(&reply);
        if (status != 200) nanosleep(&moment, NULL);
    }
    assert_int_equal(status, 200);
}

static void logs_are_whole_and_tampering_is_found(void **state)
{
    (void)state;
    char log[600], copy[600], head[65];
    uint64_t line = 0;
    apisec_error err;
    for (int i = 0; i < NUM_SERVICES; i++) {
        trail_path(&stage, i, log, sizeof log);
        assert_int_equal(trail_check(log, &line, head, &err), APISEC_OK);
        assert_true(line > 5);
        snprintf(copy, sizeof copy, "%s/tampered.jsonl", stage.folder);
        uint64_t changed = trail_tamper(log, copy);
        assert_true(changed > 0);
        assert_int_equal(trail_check(copy, &line, head, &err), APISEC_E_AUDIT);
        assert_true(line == changed);
    }
}

/* ---- setting up ---- */

static void make_forgeries(void)
{
    const struct forgery good = {.audience = "accounts", .user = "alice", .customer = "1001", .scope = "accounts:read",
                                 .extra = "\"may_act\":{\"sub\":\"accounts\"},", .expires_in = 300};
    struct forgery odd = good;
    tokens[FORGED] = forge_signed(&stage, &good);
    tokens[ALG_NONE] = forge_none(&stage, &good);
    tokens[CONFUSED] = forge_confused(&stage, &good);
    odd.extra = "";
    tokens[NO_MAY_ACT] = forge_signed(&stage, &odd);
    odd = good;
    odd.customer = "1002";
    tokens[TAMPERED] = forge_tampered(&stage, &odd, tokens[FOR_ACCOUNTS]);
    odd = good;
    odd.expires_in = -7; /* the leeway is 5 s */
    tokens[EXPIRED] = forge_signed(&stage, &odd);
    odd = good;
    odd.extra = "\"sub\":\"bob\",";
    tokens[DUPLICATE] = forge_signed(&stage, &odd);
    odd = good;
    odd.user = "alice\\u0000";
    tokens[NUL] = forge_signed(&stage, &odd);
    odd = good;
    odd.type = "JWT";
    tokens[ID_TOKEN] = forge_signed(&stage, &odd);
    odd = good;
    odd.audience = "ledger";
    odd.scope = "ledger:read";
    tokens[NO_ACTOR] = forge_closed(&stage, &odd);
    odd.actor = "gateway";
    tokens[OTHER_ACTOR] = forge_closed(&stage, &odd);
    odd.actor = "accounts";
    tokens[OPEN] = forge_signed(&stage, &odd);
    tokens[UNBOUND] = forge_closed(&stage, &odd);
    tokens[BOUND_ELSEWHERE] = forge_bound(&stage, &odd, GATEWAY);
    tokens[CLOSED] = forge_encrypted(&stage, tokens[FOR_ACCOUNTS]);
}

static int open_mesh(void **state)
{
    (void)state;
    static char folder[512];
    const char *build = getenv("BUILD") ? getenv("BUILD") : "build";
    snprintf(folder, sizeof folder, "%s/mesh-test", build);
    if (!stage_open(&stage, folder, build)) {
        print_error("%s\n", stage.problem);
        stage_close(&stage);
        return -1;
    }
    if (!player_log_in(&stage, "alice", "wonderland", reference)) return -1;
    struct player_ask swap = {.client = GATEWAY, .subject = reference, .audience = "accounts", .scope = "accounts:read"};
    struct player_ask profile = {.client = GATEWAY, .subject = reference, .audience = "accounts", .scope = "profile:read"};
    tokens[REFERENCE] = strdup(reference);
    tokens[ACTOR_TOKEN] = forge_actor(&stage);
    tokens[FOR_ACCOUNTS] = player_exchange(&stage, &swap);
    tokens[NO_SCOPE] = player_exchange(&stage, &profile);
    struct player_ask narrow = {.client = ACCOUNTS, .subject = tokens[FOR_ACCOUNTS], .actor = tokens[ACTOR_TOKEN],
                                .audience = "ledger", .scope = "ledger:read"};
    tokens[FOR_LEDGER] = player_exchange(&stage, &narrow);
    if (!tokens[FOR_ACCOUNTS] || !tokens[NO_SCOPE] || !tokens[FOR_LEDGER]) return -1;
    make_forgeries();
    return 0;
}

static int close_mesh(void **state)
{
    (void)state;
    for (int i = 0; i < NUM_TOKENS; i++) free(tokens[i]);
    if (stage_close(&stage)) return 0;
    print_error("%s\n", stage.problem); /* a leak that a sanitizer found in a service is one of these */
    return -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alice_sees_her_accounts_and_not_bobs),
        cmocka_unit_test(a_program_gets_her_accounts),
        cmocka_unit_test(services_refuse_what_they_must),
        cmocka_unit_test(one_token_in_one_place),
        cmocka_unit_test(a_client_secret_is_no_user),
        cmocka_unit_test(a_wrong_secret_is_told_nothing),
        cmocka_unit_test(metadata_and_keys_are_public),
        cmocka_unit_test(strangers_do_not_log_in),
        cmocka_unit_test(a_login_begins_at_its_own_client_only),
        cmocka_unit_test(a_code_is_redeemed_once_by_who_began),
        cmocka_unit_test(a_killed_login_opens_nothing),
        cmocka_unit_test(a_bound_token_is_worth_nothing_to_a_thief),
        cmocka_unit_test(a_revoked_token_is_refused_by_the_list),
        cmocka_unit_test(introspection_is_signed_for_who_asks),
        cmocka_unit_test(whatever_is_shown_is_escaped),
        cmocka_unit_test(without_the_authorization_server_it_stays_shut),
        cmocka_unit_test(logs_are_whole_and_tampering_is_found),
    };
    return cmocka_run_group_tests_name("mesh", tests, open_mesh, close_mesh);
}
