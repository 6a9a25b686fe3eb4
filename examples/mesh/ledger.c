/* SPDX-License-Identifier: Apache-2.0
 *
 * ledger.c: the last service of the chain: balances and transfers of a customer, for accounts only, and only on behalf of the
 * customer's own user. All of that stands in ledger.json; here is what is done for whom it lets in.
 *
 * Two trusts stand beside each other there: the service's (the caller has the certificate of accounts) and the user's (the token).
 * A certificate alone is never enough, and neither is a token alone.
 */
#include "service.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *customer, *account, *balance;
} entries[] = {
    {"1001", "DE02 1203 0000 0000 2020 51", "1,204.50"}, {"1001", "DE88 1001 0010 0000 1234 56", "18,930.00"},
    {"1002", "DE12 5001 0517 0648 4898 90", "312.07"},
};

static cJSON *write_balances(const char *customer)
{
    cJSON *body = cJSON_CreateObject();
    cJSON *balances = cJSON_AddArrayToObject(body, "balances");
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        if (strcmp(entries[i].customer, customer) != 0) continue;
        cJSON *entry = cJSON_CreateObject();
        cJSON_AddStringToObject(entry, "account", entries[i].account);
        cJSON_AddStringToObject(entry, "balance", entries[i].balance);
        cJSON_AddStringToObject(entry, "currency", "EUR");
        cJSON_AddItemToArray(balances, entry);
    }
    return body;
}

/* write_receipt: no money moves here, and each run begins with the same balances. */
static cJSON *write_receipt(const struct web_request *request)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddItemToObject(body, "transfer", cJSON_ParseWithLength(request->body, request->body_len));
    return body;
}

static void answer(void *context, const struct web_request *request, struct web_reply *reply)
{
    const struct service *service = context;
    const char *customer = "";
    apisec_decision *decision;
    if (apisec_guard_check(service->guard, request->call, &decision, NULL) != APISEC_OK) {
        service_reply_denied(service, request, decision, reply);
    } else {
        (void)apisec_token_claim_text(apisec_decision_token(decision), "customer", &customer); /* the path's: the rule says so */
        const bool is_transfer = strcmp(apisec_decision_rule(decision), "transfers") == 0;
        cJSON *body = is_transfer ? write_receipt(request) : write_balances(customer);
        service_reply(service, request, decision, 200, body, reply);
    }
    apisec_decision_free(decision);
}

int main(int argc, char **argv)
{
    struct service service = {0};
    int exit_status = EXIT_FAILURE;
    if (service_open(&service, "ledger", argc, argv) && service_guard(&service))
        exit_status = service_serve(&service, true, answer, &service);
    service_close(&service);
    return exit_status;
}
