/* SPDX-License-Identifier: Apache-2.0
 *
 * ledger.c: the last service of the chain. GET /customers/{customer}/balances, for accounts only, and only on behalf of a user.
 *
 * Two trusts stand beside each other here: the service's (the caller has the certificate of accounts) and the user's (the token). A
 * certificate alone is never enough, and neither is a token alone.
 */
#include "service.h"

#include <stdlib.h>
#include <string.h>

struct ledger {
    struct service service;
    apisec_verifier *verifier;
};

static const struct {
    const char *customer, *account, *balance;
} entries[] = {
    {"1001", "DE02 1203 0000 0000 2020 51", "1,204.50"}, {"1001", "DE88 1001 0010 0000 1234 56", "18,930.00"},
    {"1002", "DE12 5001 0517 0648 4898 90", "312.07"},
};

/* require_acting_service: the token must say that accounts acts for the user, and the certificate that accounts is calling. */
static void require_acting_service(apisec_decision *decision, const struct web_request *request)
{
    const char *actor = apisec_token_actor(apisec_decision_token(decision), 0);
    if (actor == NULL || strcmp(actor, "accounts") != 0)
        apisec_decision_deny(decision, APISEC_E_ACTOR, "the token does not say that accounts acts for the user");
    if (request->peer[0] == '\0')
        apisec_decision_deny(decision, APISEC_E_PEER, "the caller has no certificate of this mesh");
    if (strcmp(request->peer, "accounts") != 0)
        apisec_decision_deny(decision, APISEC_E_PEER, "the caller's certificate is not that of accounts");
}

static const char *const own_checks[] = {"accounts acts for the user", "the caller has the certificate of accounts",
                                         "the customer is the user's own", NULL};

static void reply_balances(const struct ledger *ledger, const char *customer, const apisec_decision *decision,
                           struct web_reply *reply)
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
    cJSON_AddItemToArray(cJSON_AddArrayToObject(body, "decisions"), service_explain(&ledger->service, decision, own_checks));
    web_json(reply, 200, body);
}

static void answer(void *context, const struct web_request *request, struct web_reply *reply)
{
    struct ledger *ledger = context;
    apisec_decision *decision = NULL;
    char customer[32] = "";
    bool known = service_customer(request->path, "/balances", customer, sizeof customer) && strcmp(request->method, "GET") == 0;

    apisec_authenticate(ledger->verifier, ledger->service.audit, request->call, &decision, NULL);
    apisec_decision_require_scope(decision, "ledger:read");
    require_acting_service(decision, request);
    if (known) service_require_own(decision, customer);
    if (apisec_decision_commit(decision, NULL) != APISEC_OK) service_reply_denied(&ledger->service, request, decision, reply);
    else if (known) reply_balances(ledger, customer, decision, reply);
    else web_refuse(reply, request, 404, "not_found");
    apisec_decision_free(decision);
}

/* open_verifier: tokens for the ledger are encrypted to it, and this is the only process that has the key. */
static apisec_verifier *open_verifier(const struct service *service)
{
    apisec_issuer *sts = NULL;
    char *key = web_read_file(service->folder, "decryption.jwk");
    if (key == NULL) return NULL;
    apisec_trust *trust = service_trust(service, &sts);
    apisec_trust_set_decryption_jwks(trust, key, strlen(key));
    apisec_issuer_require_encryption(sts);
    explicit_bzero(key, strlen(key));
    free(key);
    return service_freeze(service, trust);
}

int main(int argc, char **argv)
{
    struct ledger ledger = {0};
    int exit_status = EXIT_FAILURE;
    if (service_open(&ledger.service, "ledger", argc, argv)) ledger.verifier = open_verifier(&ledger.service);
    if (ledger.verifier) exit_status = service_serve(&ledger.service, true, answer, &ledger);
    apisec_verifier_free(ledger.verifier);
    service_close(&ledger.service);
    return exit_status;
}
