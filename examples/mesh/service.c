/* SPDX-License-Identifier: Apache-2.0
 *
 * service.c: what all services of the mesh do alike: see service.h. Here is how little it takes to enforce with libapisec.
 */
#include "service.h"

#include <stdlib.h>
#include <string.h>

/* ---- opening ---- */

static bool open_transport(struct service *service, apisec_error *err)
{
    char ca[512];
    snprintf(ca, sizeof ca, "%s/ca.pem", service->folder);
    apisec_http_options *options = apisec_http_options_new();
    apisec_http_options_set_ca_file(options, ca);
    apisec_http_options_allow_loopback(options);
    apisec_status status = apisec_http_new(options, &service->http, err);
    apisec_http_options_free(options);
    return status == APISEC_OK;
}

static bool open_audit(struct service *service, apisec_error *err)
{
    char path[512];
    snprintf(path, sizeof path, "%s/audit.jsonl", service->folder);
    return apisec_audit_open_file(path, APISEC_AUDIT_WRITTEN, APISEC_AUDIT_STRICT, &service->audit, err) == APISEC_OK;
}

bool service_open(struct service *service, const char *name, int argc, char **argv)
{
    apisec_error err = {0};
    *service = (struct service){.name = name};
    if (argc != 3) {
        fprintf(stderr, "Usage: mesh-%s FOLDER FD        (the demo starts it: see stage.c)\n", name);
        return false;
    }
    service->folder = argv[1];
    service->listener = (int)strtol(argv[2], NULL, 10);
    char *text = web_read_file(service->folder, "config.json");
    service->config = text ? cJSON_Parse(text) : NULL;
    if (text) explicit_bzero(text, strlen(text));
    free(text);
    if (service->config == NULL) {
        fprintf(stderr, "%s: cannot read %s/config.json\n", name, service->folder);
        return false;
    }
    if (open_transport(service, &err) && open_audit(service, &err)) return true;
    fprintf(stderr, "%s: %s\n", name, err.text);
    return false;
}

void service_close(struct service *service)
{
    apisec_audit_close(service->audit);
    apisec_http_free(service->http);
    cJSON_Delete(service->config);
}

int service_serve(const struct service *service, bool asks_for_certificate,
                  void (*answer)(void *, const struct web_request *, struct web_reply *), void *context)
{
    const struct web_server server = {.name = service->name, .listener = service->listener, .folder = service->folder,
                                      .asks_for_certificate = asks_for_certificate, .answer = answer, .service = context};
    return web_serve(&server);
}

const char *service_setting(const struct service *service, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(service->config, name));
    return text ? text : "";
}

apisec_trust *service_trust(const struct service *service, apisec_issuer **issuer)
{
    apisec_trust *trust = apisec_trust_new();
    apisec_trust_set_realm(trust, service->name);
    apisec_issuer *sts = apisec_trust_add_issuer(trust, service_setting(service, "sts"));
    apisec_issuer_add_audience(sts, service->name);
    apisec_issuer_allow_algorithm(sts, "RS256");
    apisec_issuer_discover(sts);
    apisec_issuer_require_claim(sts, "customer");
    apisec_issuer_set_leeway(sts, 5);
    apisec_issuer_set_max_lifetime(sts, 600);
    *issuer = sts;
    return trust;
}

apisec_verifier *service_freeze(const struct service *service, apisec_trust *trust)
{
    apisec_verifier *verifier = NULL;
    apisec_error err = {0};
    if (apisec_verifier_new(trust, service->http, &verifier, &err) != APISEC_OK)
        fprintf(stderr, "%s: %s\n", service->name, err.text);
    apisec_trust_free(trust);
    return verifier;
}

apisec_client *service_client(const struct service *service)
{
    char endpoint[256];
    const char *secret = service_setting(service, "secret");
    snprintf(endpoint, sizeof endpoint, "%s/token", service_setting(service, "sts"));
    apisec_client *client = apisec_client_new(service->http);
    apisec_client_set_endpoint(client, endpoint);
    apisec_client_set_basic(client, service->name, secret, strlen(secret));
    return client;
}

/* ---- deciding ---- */

bool service_customer(const char *path, const char *suffix, char *customer, size_t size)
{
    static const char prefix[] = "/customers/";
    if (strncmp(path, prefix, strlen(prefix)) != 0) return false;
    path += strlen(prefix);
    size_t len = strspn(path, "0123456789");
    if (len == 0 || len >= size || strcmp(path + len, suffix) != 0) return false;
    memcpy(customer, path, len);
    customer[len] = '\0';
    return true;
}

void service_require_own(apisec_decision *decision, const char *customer)
{
    const char *own = NULL;
    apisec_status status = apisec_token_claim_text(apisec_decision_token(decision), "customer", &own);
    if (status != APISEC_OK || strcmp(own, customer) != 0)
        apisec_decision_deny(decision, APISEC_E_DENIED, "the customer in the path is not the user's own");
}

static void add_own(cJSON *explained, const char *const *own)
{
    cJSON *checks = cJSON_GetObjectItemCaseSensitive(explained, "checks");
    for (; own && *own; own++) {
        cJSON *check = cJSON_CreateObject();
        cJSON_AddStringToObject(check, "id", "service");
        cJSON_AddStringToObject(check, "verdict", "pass");
        cJSON_AddStringToObject(check, "standard", "the service's own");
        cJSON_AddStringToObject(check, "detail", *own);
        cJSON_AddItemToArray(checks, check);
    }
}

cJSON *service_explain(const struct service *service, const apisec_decision *decision, const char *const *own)
{
    const apisec_token *token = apisec_decision_token(decision);
    cJSON *explained = cJSON_Parse(apisec_decision_explanation(decision));
    if (explained == NULL) return NULL;
    cJSON_AddStringToObject(explained, "service", service->name);
    if (apisec_decision_status(decision) == APISEC_OK) add_own(explained, own);
    if (token == NULL) return explained;
    cJSON_AddStringToObject(explained, "user", apisec_token_subject(token));
    cJSON_AddStringToObject(explained, "issuer", apisec_token_issuer(token));
    cJSON_AddStringToObject(explained, "client", apisec_token_client_id(token));
    cJSON_AddStringToObject(explained, "scope", apisec_token_scope(token) ? apisec_token_scope(token) : "");
    cJSON *actors = cJSON_AddArrayToObject(explained, "act");
    for (size_t i = 0; apisec_token_actor(token, i); i++)
        cJSON_AddItemToArray(actors, cJSON_CreateString(apisec_token_actor(token, i)));
    return explained;
}

void service_reply_denied(const struct service *service, const struct web_request *request, const apisec_decision *decision,
                          struct web_reply *reply)
{
    static const struct {
        int32_t status;
        const char *error;
    } words[] = {{400, "invalid_request"}, {401, "unauthorized"}, {403, "forbidden"}, {503, "temporarily_unavailable"}};
    const char *error = apisec_status_oauth_error(apisec_decision_status(decision));
    int32_t status = apisec_decision_http_status(decision);
    for (size_t i = 0; error == NULL && i < sizeof words / sizeof words[0]; i++)
        if (words[i].status == status) error = words[i].error;

    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "error", error ? error : "server_error");
    cJSON_AddStringToObject(body, "trace", request->trace);
    if (request->peer[0]) cJSON_AddItemToArray(cJSON_AddArrayToObject(body, "decisions"), service_explain(service, decision, NULL));
    web_json(reply, status, body);
    for (size_t i = 0; i < apisec_decision_num_headers(decision); i++)
        web_add_header(reply, apisec_decision_header_name(decision, i), apisec_decision_header_value(decision, i));
}

/* ---- recording ---- */

static void put(apisec_event *event, const char *path, const char *text)
{
    if (text) apisec_event_set_text(event, path, text, strlen(text));
}

bool service_record(const struct service *service, const struct web_request *request, const struct event *event)
{
    apisec_error err = {0};
    bool allowed = event->status == APISEC_OK;
    apisec_event *record = apisec_event_new();
    apisec_event_set_number(record, "action_id", allowed ? 1 : 2);
    apisec_event_set_number(record, "status_id", allowed ? 1 : 2);
    put(record, "status_code", apisec_status_name(event->status));
    put(record, "status_detail", event->detail);
    put(record, "api.operation", event->operation);
    put(record, "http_request.http_method", request->method);
    put(record, "http_request.url.path", request->path);
    put(record, "trace.uid", request->trace);
    put(record, "actor.user.uid", event->user);
    put(record, "actor.app_uid", event->client);
    put(record, "unmapped.apisec.act", event->actor);
    put(record, "unmapped.apisec.aud", event->audience);
    put(record, "unmapped.apisec.scope_granted", event->scope);
    apisec_status status = apisec_audit_write(service->audit, record, &err);
    apisec_event_free(record);
    if (status != APISEC_OK) fprintf(stderr, "%s: not recorded: %s\n", service->name, err.text);
    return status == APISEC_OK;
}
