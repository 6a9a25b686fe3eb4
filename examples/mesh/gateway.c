/* SPDX-License-Identifier: Apache-2.0
 *
 * gateway.c: the gateway's routes, and the way from an opaque reference token to the accounts service. Whether a program's token is
 * good it asks the authorization server, and gets a signed answer (RFC 7662, RFC 9701); a token that is bound to the program's key
 * must come with a proof of it (DPoP). What the gateway itself holds opens nothing: its certificate and its client secret are
 * worthless without a user's token.
 */
#include "gateway.h"
#include "page.h"

#include <stdlib.h>
#include <string.h>

/* What came of a request to accounts: a status, and a body or none. */
struct outcome {
    int status;
    const char *error;      /* where there is no body */
    apisec_status refused;  /* of the exchange */
    char challenge[512];
    cJSON *body;
};

/* What the gateway knows of a login: the reference token's bytes, and the verified token, or NULL in a browser's session, whose
 * reference token never left the gateway. */
struct reference {
    const char *raw;
    size_t len;
    const apisec_token *token;
};

/* swap exchanges the reference token for one that only accounts accepts. */
static apisec_status swap(const struct gateway *gateway, const struct web_request *request, const struct reference *reference,
                          apisec_issued **issued)
{
    char traceparent[WEB_TRACEPARENT_SIZE];
    apisec_error err = {0};
    web_next_traceparent(request, traceparent);
    apisec_exchange *ask = apisec_exchange_new();
    if (reference->token) apisec_exchange_set_subject(ask, reference->token, reference->raw, reference->len);
    else apisec_exchange_set_subject_unverified(ask, reference->raw, reference->len, NULL);
    apisec_exchange_add_audience(ask, "accounts");
    apisec_exchange_set_scope(ask, "accounts:read");
    apisec_exchange_set_traceparent(ask, traceparent);
    apisec_status status = apisec_exchange_run(gateway->client, ask, issued, &err);
    apisec_exchange_free(ask);
    const struct event event = {.operation = "swap", .status = status, .detail = err.text, .client = "gateway",
                                .user = apisec_token_subject(reference->token), .audience = "accounts",
                                .scope = apisec_issued_scope(*issued)};
    return service_record(&gateway->service, request, &event) ? status : APISEC_E_AUDIT;
}

/* forward calls accounts over mTLS, with the token, in the same trace. */
static void forward(const struct gateway *gateway, const struct web_request *request, const char *customer,
                    const apisec_issued *issued, struct outcome *outcome)
{
    char url[256], trace[80] = "traceparent: ";
    size_t len = 0;
    const char *token = apisec_issued_token(issued, &len);
    struct client_reply answer = {0};
    char *bearer = malloc(len + 32);
    if (bearer == NULL) return;
    snprintf(url, sizeof url, "%s/customers/%s/accounts", service_setting(&gateway->service, "accounts"), customer);
    snprintf(bearer, len + 32, "Authorization: Bearer %.*s", (int)len, token);
    web_next_traceparent(request, trace + strlen(trace));
    const struct client_request ask = {.method = "GET", .url = url, .ca_folder = gateway->service.folder,
                                       .identity_folder = gateway->service.folder, .headers = {bearer, trace}};
    if (client_send(&ask, &answer)) {
        const char *challenge = client_header(&answer, "WWW-Authenticate");
        outcome->status = answer.status;
        outcome->body = cJSON_ParseWithLength(answer.body ? answer.body : "", answer.len);
        snprintf(outcome->challenge, sizeof outcome->challenge, "%s", challenge ? challenge : "");
    } else {
        outcome->status = 503;
        outcome->error = "accounts_unreachable";
    }
    client_free(&answer);
    explicit_bzero(bearer, len + 32);
    free(bearer);
}

/* fetch swaps and forwards. The reference token is all that could be wrong with our exchange: its refusal is the caller's 401. */
static void fetch(const struct gateway *gateway, const struct web_request *request, const struct reference *reference,
                  const char *customer, struct outcome *outcome)
{
    apisec_issued *issued = NULL;
    *outcome = (struct outcome){.status = 500, .error = "server_error"};
    outcome->refused = swap(gateway, request, reference, &issued);
    if (outcome->refused == APISEC_OK) {
        forward(gateway, request, customer, issued, outcome);
    } else if (outcome->refused == APISEC_E_INVALID_REQUEST || outcome->refused == APISEC_E_INVALID_GRANT) {
        outcome->status = 401;
        outcome->error = "invalid_token";
        snprintf(outcome->challenge, sizeof outcome->challenge, "Bearer realm=\"gateway\", error=\"invalid_token\"");
    } else {
        outcome->status = apisec_status_http(outcome->refused);
        outcome->error = "temporarily_unavailable";
    }
    apisec_issued_free(issued);
}

/* reply_json passes on what accounts said, less the explanations: they are for operators. */
static void reply_json(const struct web_request *request, struct outcome *outcome, struct web_reply *reply)
{
    cJSON_DeleteItemFromObjectCaseSensitive(outcome->body, "decisions");
    if (outcome->body) web_json(reply, outcome->status, outcome->body);
    else web_refuse(reply, request, outcome->status, outcome->error ? outcome->error : "server_error");
    if (outcome->challenge[0]) web_add_header(reply, "WWW-Authenticate", outcome->challenge);
}

/* serve_program answers a caller with a reference token of its own, which the library asks the authorization server about. */
static void serve_program(const struct gateway *gateway, const struct web_request *request, const char *customer,
                          struct web_reply *reply)
{
    struct outcome outcome;
    apisec_decision *decision = NULL;
    struct reference reference = {0};
    apisec_authenticate(gateway->verifier, gateway->service.audit, request->call, &decision, NULL);
    apisec_decision_require_scope(decision, "accounts:read");
    if (apisec_decision_commit(decision, NULL) == APISEC_OK) {
        reference.raw = apisec_call_token(request->call, &reference.len);
        reference.token = apisec_decision_token(decision);
        fetch(gateway, request, &reference, customer, &outcome);
        reply_json(request, &outcome, reply);
    } else {
        service_reply_denied(&gateway->service, request, decision, reply);
    }
    apisec_decision_free(decision);
}

/* serve_browser answers a session. A login that has ended at the authorization server ends here, too. */
static void serve_browser(struct gateway *gateway, const struct web_request *request, const struct session *session,
                          const char *customer, struct web_reply *reply)
{
    struct outcome outcome;
    const struct reference reference = {session->reference, strlen(session->reference), NULL};
    fetch(gateway, request, &reference, customer, &outcome);
    if (outcome.refused != APISEC_OK && outcome.status == 401) {
        session_end(gateway, session->id);
        page_problem("You are logged out", "Your login has ended at the authorization server.", 401, reply);
    } else {
        page_accounts(session, request, outcome.status, outcome.body, reply);
    }
    cJSON_Delete(outcome.body);
}

static void answer(void *context, const struct web_request *request, struct web_reply *reply)
{
    struct gateway *gateway = context;
    struct session session = {0};
    char customer[32] = "";
    bool get = strcmp(request->method, "GET") == 0, post = strcmp(request->method, "POST") == 0;
    bool in_session = web_header(request, "Authorization") == NULL && session_find(gateway, request, &session);
    const char *accept = web_header(request, "Accept");
    bool is_browser = accept && strstr(accept, "text/html");

    if (get && strcmp(request->path, "/") == 0) page_welcome(gateway, in_session ? &session : NULL, reply);
    else if (get && strcmp(request->path, "/login") == 0) gateway_log_in(gateway, request, reply);
    else if (get && strcmp(request->path, "/callback") == 0) gateway_callback(gateway, request, reply);
    else if (post && strcmp(request->path, "/logout") == 0) gateway_log_out(gateway, request, reply);
    else if (get && strcmp(request->path, "/style.css") == 0) page_style(reply);
    else if (!get || !service_customer(request->path, "/accounts", customer, sizeof customer))
        web_refuse(reply, request, 404, "not_found");
    else if (in_session) serve_browser(gateway, request, &session, customer, reply);
    else if (is_browser) page_problem("You are not logged in", "Log in first.", 401, reply);
    else serve_program(gateway, request, customer, reply);
    explicit_bzero(&session, sizeof session);
}

/* open_verifier: reference tokens only. What the authorization server says of one is not kept: a login that has ended has ended. */
static apisec_verifier *open_verifier(const struct service *service)
{
    char endpoint[256];
    const char *secret = service_setting(service, "secret");
    apisec_issuer *sts = NULL;
    apisec_trust *trust = service_trust(service, &sts);
    snprintf(endpoint, sizeof endpoint, "%s/introspect", service_setting(service, "sts"));
    apisec_issuer_set_introspection(sts, endpoint);
    apisec_issuer_set_introspection_basic(sts, service->name, secret, strlen(secret));
    apisec_issuer_require_signed_introspection(sts);
    apisec_issuer_set_introspection_cache(sts, 0);
    apisec_issuer_set_max_lifetime(sts, 0); /* a login lasts an hour, and the answer does not say since when */
    apisec_trust_allow_dpop(trust);
    apisec_trust_add_origin(trust, service_setting(service, service->name));
    return service_freeze(service, trust);
}

int main(int argc, char **argv)
{
    static struct gateway gateway;
    int exit_status = EXIT_FAILURE;
    pthread_mutex_init(&gateway.lock, NULL);
    if (service_open(&gateway.service, "gateway", argc, argv)) {
        gateway.client = service_client(&gateway.service);
        gateway.verifier = open_verifier(&gateway.service);
    }
    if (gateway.verifier) exit_status = service_serve(&gateway.service, false, answer, &gateway);
    apisec_verifier_free(gateway.verifier);
    apisec_client_free(gateway.client);
    service_close(&gateway.service);
    return exit_status;
}
