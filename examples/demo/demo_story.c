/* SPDX-License-Identifier: Apache-2.0
 *
 * demo_story.c: the honest request: Alice signs in, the orders service verifies her token, exchanges it for a narrower one, and
 * the ledger service sees who she is and who acts for her.
 */
#include "demo.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool said_no(const char *what, const apisec_error *err)
{
    screen_verdict(false, apisec_status_name(err->status), apisec_status_http(err->status), err->text);
    return expect(false, what);
}

/* make_service builds a service's verifier: whom it trusts, and that a token must be meant for it. */
static apisec_status make_service(const struct demo *demo, const char *audience, apisec_verifier **verifier, apisec_error *err)
{
    apisec_trust *trust = apisec_trust_new();
    apisec_trust_set_realm(trust, audience);
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, demo->issuer);
    apisec_issuer_add_audience(issuer, audience);
    apisec_issuer_allow_algorithm(issuer, "ES256");
    apisec_issuer_discover(issuer);

    char keys[1024];
    snprintf(keys, sizeof keys, "{\"keys\":[%s]}", apisec_signer_public_jwk(demo->partner));
    apisec_issuer *partner = apisec_trust_add_issuer(trust, PARTNER);
    apisec_issuer_add_audience(partner, audience);
    apisec_issuer_allow_algorithm(partner, "ES256");
    apisec_issuer_set_jwks(partner, keys, strlen(keys));

    apisec_status status = apisec_verifier_new(trust, demo->http, verifier, err);
    apisec_trust_free(trust);
    return status;
}

static apisec_status open_transport(struct demo *demo, apisec_error *err)
{
    char ca[512];
    snprintf(ca, sizeof ca, "%s/ca.pem", demo->folder);
    apisec_http_options *options = apisec_http_options_new();
    apisec_http_options_set_ca_file(options, ca);
    apisec_http_options_allow_loopback(options);
    apisec_status status = apisec_http_new(options, &demo->http, err);
    apisec_http_options_free(options);
    return status;
}

bool story_open(struct demo *demo)
{
    apisec_error err = {0};
    char log[512];
    snprintf(log, sizeof log, "%s/audit.jsonl", demo->folder);
    (void)remove(log); /* of an earlier run */
    if (open_transport(demo, &err) != APISEC_OK) return said_no("the transport opens", &err);
    if (apisec_audit_open_file(log, APISEC_AUDIT_WRITTEN, APISEC_AUDIT_STRICT, &demo->audit, &err) != APISEC_OK)
        return said_no("the audit log opens", &err);
    if (apisec_signer_generate("ES256", &demo->partner, &err) != APISEC_OK) return said_no("the partner makes a key", &err);
    if (make_service(demo, "orders", &demo->orders, &err) != APISEC_OK) return said_no("orders is set up", &err);
    if (make_service(demo, "ledger", &demo->ledger, &err) != APISEC_OK) return said_no("ledger is set up", &err);

    screen_step("An issuer, and two services that trust it");
    screen_pair("issuer", "%s, process %ld; its key was made there and stays", demo->issuer, (long)demo->issuer_pid);
    screen_pair("certificate", "made by openssl; its CA is %s/ca.pem", demo->folder);
    screen_pair("orders, ledger", "discover its keys over https; each accepts only tokens meant for itself");
    screen_pair("partner", PARTNER " is trusted as well, with a pinned key");
    return true;
}

/* exchange asks the issuer's token endpoint. subject NULL: raw is an opaque handle that only the issuer can judge. */
struct wish {
    const char *client, *secret;
    const apisec_token *subject;
    const char *raw, *audience, *scope;
};

static apisec_status exchange(const struct demo *demo, const struct wish *wish, apisec_issued **issued, apisec_error *err)
{
    char endpoint[128];
    snprintf(endpoint, sizeof endpoint, "%s/token", demo->issuer);
    apisec_client *client = apisec_client_new(demo->http);
    apisec_client_set_endpoint(client, endpoint);
    apisec_client_set_basic(client, wish->client, wish->secret, strlen(wish->secret));

    apisec_exchange *ask = apisec_exchange_new();
    if (wish->subject) apisec_exchange_set_subject(ask, wish->subject, wish->raw, strlen(wish->raw));
    else apisec_exchange_set_subject_unverified(ask, wish->raw, strlen(wish->raw), NULL);
    apisec_exchange_add_audience(ask, wish->audience);
    apisec_exchange_set_scope(ask, wish->scope);
    apisec_status status = apisec_exchange_run(client, ask, issued, err);
    apisec_exchange_free(ask);
    apisec_client_free(client);
    return status;
}

static char *copy_token(const apisec_issued *issued)
{
    size_t len = 0;
    const char *token = apisec_issued_token(issued, &len);
    char *copy = malloc(len + 1);
    if (copy == NULL) abort();
    memcpy(copy, token, len);
    copy[len] = '\0';
    return copy;
}

static bool sign_in(struct demo *demo)
{
    const struct wish alice = {.client = "web", .secret = demo->web_secret, .raw = demo->alice_session, .audience = "orders",
                               .scope = "orders:read orders:write"};
    const struct wish bob = {.client = "web", .secret = demo->web_secret, .raw = demo->bob_session, .audience = "orders",
                             .scope = "orders:read"};
    apisec_issued *issued = NULL;
    apisec_error err = {0};
    screen_step("Alice has signed in; the web gateway swaps her session for a token that orders accepts");
    if (exchange(demo, &alice, &issued, &err) != APISEC_OK) return said_no("the gateway gets Alice's token", &err);
    screen_pair("web -> issuer", "POST /token, client_secret_basic, an opaque session handle as subject token");
    screen_pair("issued", "%s for orders, scope \"%s\", %zu bytes", apisec_issued_token_type(issued), apisec_issued_scope(issued),
                strlen(apisec_issued_token(issued, NULL)));
    screen_say("The password stays between Alice and the issuer: the gateway never sees it.");
    demo->alice = copy_token(issued);
    apisec_issued_free(issued);

    if (exchange(demo, &bob, &issued, &err) != APISEC_OK) return said_no("the gateway gets Bob's token", &err);
    demo->bob = copy_token(issued);
    apisec_issued_free(issued);
    return true;
}

static void print_decision(const apisec_decision *decision)
{
    apisec_status status = apisec_decision_status(decision);
    screen_verdict(status == APISEC_OK, apisec_status_name(status), apisec_decision_http_status(decision),
                   status == APISEC_OK ? "allowed, and recorded" : apisec_decision_reason(decision));
}

/* print_checks names the checks that were made and passed, as the decision explains itself. */
static void print_checks(const apisec_decision *decision)
{
    char passed[512] = "";
    size_t used = 0;
    cJSON *explanation = cJSON_Parse(apisec_decision_explanation(decision));
    const cJSON *check = NULL;
    cJSON_ArrayForEach(check, cJSON_GetObjectItemCaseSensitive(explanation, "checks"))
    {
        const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(check, "id"));
        const char *verdict = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(check, "verdict"));
        if (id == NULL || verdict == NULL || strcmp(verdict, "pass") != 0 || used + strlen(id) + 3 > sizeof passed) continue;
        used += (size_t)snprintf(passed + used, sizeof passed - used, "%s%s", used ? ", " : "", id);
    }
    cJSON_Delete(explanation);
    screen_pair("checked", "%s", passed);
    expect(used > 0, "the decision names its checks");
}

/* ask_ledger_token is what the orders service does inside its handler: on behalf of the user, for the next service only. */
static bool ask_ledger_token(struct demo *demo, const apisec_token *user)
{
    const struct wish wish = {.client = "orders", .secret = demo->orders_secret, .subject = user, .raw = demo->alice,
                              .audience = "ledger", .scope = "ledger:read ledger:write"};
    apisec_issued *issued = NULL;
    apisec_error err = {0};
    screen_step("orders needs the ledger: it exchanges her token for a narrower one (RFC 8693)");
    if (exchange(demo, &wish, &issued, &err) != APISEC_OK) return said_no("orders gets a token for ledger", &err);
    const char *granted = apisec_issued_scope(issued);
    const char *reduced = apisec_issued_scope_reduced(issued);
    screen_pair("orders -> issuer", "POST /token, her token as subject, audience ledger, scope \"%s\"", wish.scope);
    screen_pair("granted", "scope \"%s\"; asked for and not granted: \"%s\"", granted ? granted : "", reduced ? reduced : "");
    bool told = expect(granted && strcmp(granted, "ledger:read") == 0, "the issuer grants ledger:read") &&
                expect(reduced && strcmp(reduced, "ledger:write") == 0, "the library says that ledger:write was not granted");
    demo->alice_at_ledger = copy_token(issued);
    apisec_issued_free(issued);

    static const struct wish elsewhere = {.client = "orders", .audience = "payroll", .scope = "payroll:read"};
    struct wish payroll = elsewhere;
    payroll.secret = demo->orders_secret;
    payroll.subject = user;
    payroll.raw = demo->alice;
    apisec_status status = exchange(demo, &payroll, &issued, &err);
    screen_pair("for payroll", "%s: %s", apisec_status_name(status), err.text);
    return expect(status == APISEC_E_INVALID_TARGET, "the issuer refuses a token for payroll") && told;
}

static bool visit_orders(struct demo *demo)
{
    const struct request request = {.service = demo->orders, .method = "POST", .target = "/orders", .token = demo->alice};
    screen_step("orders receives POST /orders with her token and decides");
    apisec_decision *decision = request_judge(demo, &request, "orders:write");
    const apisec_token *user = apisec_decision_token(decision);
    apisec_status status = apisec_decision_commit(decision, NULL);
    if (user) {
        screen_pair("who", "%s", apisec_token_principal(user));
        screen_pair("through", "client \"%s\", scope \"%s\"", apisec_token_client_id(user), apisec_token_scope(user));
    }
    print_checks(decision);
    print_decision(decision);
    bool told = expect(status == APISEC_OK, "orders allows Alice to write") && ask_ledger_token(demo, user);
    apisec_decision_free(decision);
    return told;
}

static bool visit_ledger(struct demo *demo)
{
    const struct request request = {
        .service = demo->ledger, .method = "GET", .target = "/accounts/4711", .token = demo->alice_at_ledger};
    screen_step("ledger receives GET /accounts/4711 from orders");
    apisec_decision *decision = request_judge(demo, &request, "ledger:read");
    apisec_status status = apisec_decision_commit(decision, NULL);
    const apisec_token *user = apisec_decision_token(decision);
    const char *subject = apisec_token_subject(user);
    const char *actor = apisec_token_actor(user, 0);
    screen_pair("on behalf of", "%s", subject ? subject : "nobody");
    screen_pair("acting", "%s", actor ? actor : "nobody");
    print_decision(decision);
    bool told = expect(status == APISEC_OK, "ledger allows it") &&
                expect(subject && strcmp(subject, "alice") == 0, "ledger knows that it is Alice") &&
                expect(actor && strcmp(actor, "orders") == 0, "ledger knows that orders acts for her");
    apisec_decision_free(decision);
    return told;
}

bool story_tell(struct demo *demo)
{
    return sign_in(demo) && visit_orders(demo) && visit_ledger(demo);
}
