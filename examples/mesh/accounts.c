/* SPDX-License-Identifier: Apache-2.0
 *
 * accounts.c: the service in the middle: a customer's accounts and transfers, for the customer's own user, and its own counters,
 * for operators in the office. What is a customer's it gets from the ledger, for which it exchanges the user's token for a narrower
 * one that names accounts as the actor (RFC 8693).
 *
 * It does not trust the gateway: who the user is and what she may do is read from a token that it has verified itself, by what
 * accounts.json says.
 */
#include "service.h"

#include <stdlib.h>
#include <string.h>

/* reply_with passes on what the ledger said. Whatever it refused, it refused us. */
static void reply_with(const struct service *service, const struct web_request *request, const apisec_decision *decision,
                       const char *customer, const struct client_reply *answer, struct web_reply *reply)
{
    bool allowed = answer->status == 200;
    cJSON *body = cJSON_ParseWithLength(answer->body ? answer->body : "", answer->len);
    if (!cJSON_IsObject(body)) {
        cJSON_Delete(body);
        service_reply_failure(service, request, decision, APISEC_E_RESPONSE, reply);
        return;
    }
    if (allowed) cJSON_AddStringToObject(body, "customer", customer);
    service_reply(service, request, decision, allowed ? 200 : answer->status == 503 ? 503 : 502, body, reply);
}

static void serve_customer(const struct service *service, const struct web_request *request, const apisec_decision *decision,
                           struct web_reply *reply)
{
    const bool is_transfer = strcmp(apisec_decision_rule(decision), "transfers") == 0;
    const char *customer = "";
    char path[160];
    struct client_reply answer = {0};
    (void)apisec_token_claim_text(apisec_decision_token(decision), "customer", &customer); /* the path's: the rule says so */
    snprintf(path, sizeof path, "/customers/%.64s/%s", customer, is_transfer ? "transfers" : "balances");
    const struct onward onward = {
        .exchange = is_transfer ? "transfer" : "balances", .service = "ledger", .path = path, .acts = true};
    const apisec_status status = service_pass_on(service, request, decision, &onward, &answer);
    if (status == APISEC_OK) reply_with(service, request, decision, customer, &answer, reply);
    else service_reply_failure(service, request, decision, status, reply);
    client_free(&answer);
}

static void reply_metrics(const struct service *service, struct web_reply *reply)
{
    char *text = NULL;
    (void)apisec_guard_metrics(service->guard, &text, NULL);
    reply->status = text ? 200 : 500;
    reply->content_type = "text/plain; version=0.0.4";
    reply->body = text ? strdup(text) : NULL;
    reply->len = reply->body ? strlen(reply->body) : 0;
    apisec_text_free(text);
}

static void answer(void *context, const struct web_request *request, struct web_reply *reply)
{
    const struct service *service = context;
    apisec_decision *decision;
    const apisec_status status = apisec_guard_check(service->guard, request->call, &decision, NULL);
    if (status != APISEC_OK) service_reply_denied(service, request, decision, reply);
    else if (strcmp(apisec_decision_rule(decision), "metrics") == 0) reply_metrics(service, reply);
    else serve_customer(service, request, decision, reply);
    apisec_decision_free(decision);
}

int main(int argc, char **argv)
{
    struct service service = {0};
    int exit_status = EXIT_FAILURE;
    if (service_open(&service, "accounts", argc, argv) && service_guard(&service))
        exit_status = service_serve(&service, true, answer, &service);
    service_close(&service);
    return exit_status;
}
