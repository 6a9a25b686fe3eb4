/* SPDX-License-Identifier: Apache-2.0
 *
 * accounts.c: the service in the middle. GET /customers/{customer}/accounts, for the customer's own user; the balances come from
 * the ledger, for which it exchanges the user's token for a narrower one that names accounts as the actor (RFC 8693).
 *
 * It does not trust the gateway: who the user is and what she may do is read from a token that it has verified itself.
 */
#include "client.h"
#include "service.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ASSERTION_LIFETIME 60

struct accounts {
    struct service service;
    apisec_verifier *verifier;
    apisec_client *client;
    apisec_signer *signer; /* the key that the authorization server knows as ours */
};

/* sign_actor says who acts: this service, to the authorization server only, for a minute. */
static char *sign_actor(const struct accounts *accounts)
{
    char *token = NULL, id[WEB_TRACE_SIZE];
    long long now = (long long)time(NULL);
    web_random_hex(id, sizeof id);
    cJSON *claims = cJSON_CreateObject();
    cJSON_AddStringToObject(claims, "iss", "accounts");
    cJSON_AddStringToObject(claims, "sub", "accounts");
    cJSON_AddStringToObject(claims, "aud", service_setting(&accounts->service, "sts"));
    cJSON_AddStringToObject(claims, "jti", id);
    cJSON_AddNumberToObject(claims, "iat", (double)now);
    cJSON_AddNumberToObject(claims, "exp", (double)(now + ASSERTION_LIFETIME));
    char *text = cJSON_PrintUnformatted(claims);
    cJSON_Delete(claims);
    if (text) (void)apisec_signer_sign(accounts->signer, "JWT", text, strlen(text), &token, NULL);
    cJSON_free(text);
    return token;
}

/* exchange gets a token for the ledger, on behalf of the user of this decision. The library sees to it that no other token slips
 * in, that the answer grants no more than was asked, and that it names the actor. */
static apisec_status exchange(const struct accounts *accounts, const struct web_request *request,
                              const apisec_decision *decision, apisec_issued **issued, apisec_error *err)
{
    size_t len = 0;
    char traceparent[WEB_TRACEPARENT_SIZE];
    const char *raw = apisec_call_token(request->call, &len);
    char *actor = sign_actor(accounts);
    web_next_traceparent(request, traceparent);
    apisec_exchange *ask = apisec_exchange_new();
    apisec_exchange_set_subject(ask, apisec_decision_token(decision), raw, len);
    apisec_exchange_set_actor(ask, actor, actor ? strlen(actor) : 0, TYPE_JWT);
    apisec_exchange_add_audience(ask, "ledger");
    apisec_exchange_set_scope(ask, "ledger:read");
    apisec_exchange_set_traceparent(ask, traceparent);
    apisec_status status = apisec_exchange_run(accounts->client, ask, issued, err);
    apisec_exchange_free(ask);
    apisec_text_free(actor);
    return status;
}

/* ask_ledger carries the narrower token over mTLS, in the same trace. */
static bool ask_ledger(const struct accounts *accounts, const struct web_request *request, const char *customer,
                       const apisec_issued *issued, struct client_reply *answer)
{
    char url[256], trace[80] = "traceparent: ";
    size_t len = 0;
    const char *token = apisec_issued_token(issued, &len);
    char *bearer = malloc(len + 32);
    if (bearer == NULL) return false;
    snprintf(url, sizeof url, "%s/customers/%s/balances", service_setting(&accounts->service, "ledger"), customer);
    snprintf(bearer, len + 32, "Authorization: Bearer %.*s", (int)len, token);
    web_next_traceparent(request, trace + strlen(trace));
    const struct client_request ask = {.method = "GET", .url = url, .ca_folder = accounts->service.folder,
                                       .identity_folder = accounts->service.folder, .headers = {bearer, trace}};
    bool answered = client_send(&ask, answer);
    explicit_bzero(bearer, len + 32);
    free(bearer);
    return answered;
}

static const char *const own_checks[] = {"the caller has a certificate of this mesh", "the customer is the user's own", NULL};

/* reply_with puts our decision before those of the services behind us. */
static void reply_with(const struct accounts *accounts, const apisec_decision *decision, int status, cJSON *body,
                       struct web_reply *reply)
{
    cJSON *decisions = cJSON_DetachItemFromObjectCaseSensitive(body, "decisions");
    if (decisions == NULL) decisions = cJSON_CreateArray();
    cJSON_InsertItemInArray(decisions, 0, service_explain(&accounts->service, decision, own_checks));
    cJSON_AddItemToObject(body, "decisions", decisions);
    web_json(reply, status, body);
}

static void reply_failure(const struct accounts *accounts, const struct web_request *request, const apisec_decision *decision,
                          int status, const char *error, struct web_reply *reply)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "error", error);
    cJSON_AddStringToObject(body, "trace", request->trace);
    reply_with(accounts, decision, status, body, reply);
}

/* reply_balances passes on what the ledger said. */
static void reply_balances(const struct accounts *accounts, const struct web_request *request, const apisec_decision *decision,
                           const char *customer, const struct client_reply *answer, struct web_reply *reply)
{
    bool allowed = answer->status == 200;
    cJSON *body = cJSON_ParseWithLength(answer->body ? answer->body : "", answer->len);
    if (!cJSON_IsObject(body)) {
        cJSON_Delete(body);
        reply_failure(accounts, request, decision, 502, "ledger_failed", reply);
        return;
    }
    if (allowed) cJSON_AddStringToObject(body, "customer", customer);
    reply_with(accounts, decision, allowed ? 200 : answer->status == 503 ? 503 : 502, body, reply);
}

/* serve_accounts runs for a user who may: exchange, ask the ledger, reply. */
static void serve_accounts(const struct accounts *accounts, const struct web_request *request, const apisec_decision *decision,
                           const char *customer, struct web_reply *reply)
{
    apisec_issued *issued = NULL;
    apisec_error err = {0};
    struct client_reply answer = {0};
    apisec_status status = exchange(accounts, request, decision, &issued, &err);
    const struct event event = {.operation = "exchange", .status = status, .detail = err.text, .actor = "accounts",
                                .user = apisec_token_subject(apisec_decision_token(decision)), .client = "accounts",
                                .audience = "ledger", .scope = apisec_issued_scope(issued)};
    if (!service_record(&accounts->service, request, &event)) status = APISEC_E_AUDIT;
    if (status != APISEC_OK) reply_failure(accounts, request, decision, apisec_status_http(status), "exchange_failed", reply);
    else if (!ask_ledger(accounts, request, customer, issued, &answer))
        reply_failure(accounts, request, decision, 503, "ledger_unreachable", reply);
    else reply_balances(accounts, request, decision, customer, &answer, reply);
    client_free(&answer);
    apisec_issued_free(issued);
}

static void answer(void *context, const struct web_request *request, struct web_reply *reply)
{
    struct accounts *accounts = context;
    apisec_decision *decision = NULL;
    char customer[32] = "";
    bool known = service_customer(request->path, "/accounts", customer, sizeof customer) && strcmp(request->method, "GET") == 0;

    apisec_authenticate(accounts->verifier, accounts->service.audit, request->call, &decision, NULL);
    apisec_decision_require_scope(decision, "accounts:read");
    if (request->peer[0] == '\0')
        apisec_decision_deny(decision, APISEC_E_PEER, "the caller has no certificate of this mesh");
    if (known) service_require_own(decision, customer);
    if (apisec_decision_commit(decision, NULL) != APISEC_OK) service_reply_denied(&accounts->service, request, decision, reply);
    else if (known) serve_accounts(accounts, request, decision, customer, reply);
    else web_refuse(reply, request, 404, "not_found");
    apisec_decision_free(decision);
}

/* open_verifier: tokens for accounts can be revoked; whether one was stands in a list that is fetched every few seconds. */
static apisec_verifier *open_verifier(const struct service *service)
{
    char lists[256];
    apisec_issuer *sts = NULL;
    apisec_trust *trust = service_trust(service, &sts);
    snprintf(lists, sizeof lists, "%s/status/", service_setting(service, "sts"));
    apisec_issuer_allow_status_list(sts, lists);
    return service_freeze(service, trust);
}

static bool load_key(struct accounts *accounts)
{
    apisec_error err = {0};
    char *key = web_read_file(accounts->service.folder, "actor.jwk");
    if (key == NULL) return false;
    apisec_status status = apisec_signer_new(key, strlen(key), &accounts->signer, &err);
    if (status != APISEC_OK) fprintf(stderr, "accounts: %s\n", err.text);
    explicit_bzero(key, strlen(key));
    free(key);
    return status == APISEC_OK;
}

int main(int argc, char **argv)
{
    struct accounts accounts = {0};
    int exit_status = EXIT_FAILURE;
    if (service_open(&accounts.service, "accounts", argc, argv) && load_key(&accounts)) {
        accounts.verifier = open_verifier(&accounts.service);
        accounts.client = service_client(&accounts.service);
    }
    if (accounts.verifier) exit_status = service_serve(&accounts.service, true, answer, &accounts);
    apisec_client_free(accounts.client);
    apisec_verifier_free(accounts.verifier);
    apisec_signer_free(accounts.signer);
    service_close(&accounts.service);
    return exit_status;
}
