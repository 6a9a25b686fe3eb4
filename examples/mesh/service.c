/* SPDX-License-Identifier: Apache-2.0
 *
 * service.c: what all services of the mesh do alike: see service.h. Here is how little it takes to enforce with libapisec.
 */
#include "service.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- opening ---- */

bool service_open(struct service *service, const char *name, int argc, char **argv)
{
    *service = (struct service){.name = name};
    if (argc != 3) {
        fprintf(stderr, "Usage: mesh-%s FOLDER FD        (the demo starts it: see stage.c)\n", name);
        return false;
    }
    service->listener = (int)strtol(argv[2], NULL, 10);
    char *text = chdir(argv[1]) == 0 ? web_read_file(".", "config.json") : NULL;
    service->config = text ? cJSON_Parse(text) : NULL;
    free(text);
    if (service->config == NULL) fprintf(stderr, "%s: cannot read %s/config.json\n", name, argv[1]);
    return service->config != NULL;
}

bool service_guard(struct service *service)
{
    apisec_error err = {APISEC_E_SYSTEM, "it cannot be read"};
    char *document = web_read_file(".", "guard.json");
    if (document) (void)apisec_guard_new(document, strlen(document), &service->guard, &err);
    free(document);
    service->audit = apisec_guard_audit(service->guard);
    if (service->guard == NULL) fprintf(stderr, "%s: guard.json: %s\n", service->name, err.text);
    return service->guard != NULL;
}

void service_close(struct service *service)
{
    apisec_guard_free(service->guard);
    cJSON_Delete(service->config);
}

int service_serve(const struct service *service, bool asks_for_certificate,
                  void (*answer)(void *, const struct web_request *, struct web_reply *), void *context)
{
    const struct web_server server = {.name = service->name, .listener = service->listener, .folder = ".",
                                      .asks_for_certificate = asks_for_certificate, .answer = answer, .service = context};
    return web_serve(&server);
}

const char *service_setting(const struct service *service, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(service->config, name));
    return text ? text : "";
}

/* ---- replying ---- */

/* explain is what was decided here, for people to read: the decision's explanation with service, user and actors. */
static cJSON *explain(const struct service *service, const apisec_decision *decision)
{
    const apisec_token *token = apisec_decision_token(decision);
    cJSON *explained = cJSON_Parse(apisec_decision_explanation(decision));
    if (explained == NULL) return NULL;
    cJSON_AddStringToObject(explained, "service", service->name);
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

void service_reply(const struct service *service, const struct web_request *request, const apisec_decision *decision, int status,
                   cJSON *body, struct web_reply *reply)
{
    cJSON *decisions = cJSON_DetachItemFromObjectCaseSensitive(body, "decisions");
    if (decisions == NULL) decisions = cJSON_CreateArray();
    if (request->is_service) {
        cJSON_InsertItemInArray(decisions, 0, explain(service, decision));
        cJSON_AddItemToObject(body, "decisions", decisions);
    } else {
        cJSON_Delete(decisions);
    }
    web_json(reply, status, body);
}

void service_add_headers(const apisec_decision *decision, struct web_reply *reply)
{
    for (size_t i = 0; i < apisec_decision_num_headers(decision); i++)
        web_add_header(reply, apisec_decision_header_name(decision, i), apisec_decision_header_value(decision, i));
}

static void reply_error(const struct service *service, const struct web_request *request, const apisec_decision *decision,
                        int status, const char *error, struct web_reply *reply)
{
    static const struct {
        int status;
        const char *error;
    } words[] = {{400, "invalid_request"},        {401, "unauthorized"},      {403, "forbidden"},
                 {413, "too_large"},              {415, "unsupported_type"},  {429, "too_many_requests"},
                 {502, "bad_gateway"},            {503, "temporarily_unavailable"}};
    for (size_t i = 0; error == NULL && i < sizeof words / sizeof words[0]; i++)
        if (words[i].status == status) error = words[i].error;
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "error", error ? error : "server_error");
    cJSON_AddStringToObject(body, "trace", request->trace);
    service_reply(service, request, decision, status, body, reply);
}

void service_reply_denied(const struct service *service, const struct web_request *request, const apisec_decision *decision,
                          struct web_reply *reply)
{
    const char *error = apisec_status_oauth_error(apisec_decision_status(decision));
    reply_error(service, request, decision, apisec_decision_http_status(decision), error, reply);
    service_add_headers(decision, reply);
}

void service_reply_failure(const struct service *service, const struct web_request *request, const apisec_decision *decision,
                           apisec_status status, struct web_reply *reply)
{
    reply_error(service, request, decision, apisec_status_http(status), NULL, reply);
}

/* ---- calling the next service ---- */

static bool send_on(const struct service *service, const struct web_request *request, const struct onward *onward,
                    const apisec_issued *issued, struct client_reply *answer)
{
    char url[512], trace[80] = "traceparent: ";
    const char *from = service_setting(service, "address");
    size_t len = 0;
    const char *token = apisec_issued_token(issued, &len);
    char *bearer = malloc(len + 32);
    if (bearer == NULL) return false;
    snprintf(url, sizeof url, "%s%s", service_setting(service, onward->service), onward->path);
    snprintf(bearer, len + 32, "Authorization: Bearer %.*s", (int)len, token);
    web_next_traceparent(request, trace + strlen(trace));
    const struct client_request ask = {.method = request->method, .url = url, .ca_folder = ".", .identity_folder = ".",
                                       .headers = {bearer, trace, onward->header},
                                       .json = request->body_len > 0 ? request->body : NULL, .from = from[0] ? from : NULL};
    bool answered = client_send(&ask, answer);
    explicit_bzero(bearer, len + 32);
    free(bearer);
    return answered;
}

apisec_status service_pass_on(const struct service *service, const struct web_request *request, const apisec_decision *decision,
                              const struct onward *onward, struct client_reply *answer)
{
    apisec_issued *issued = NULL;
    apisec_error err = {0};
    apisec_status status = apisec_guard_exchange(service->guard, decision, request->call, onward->exchange, &issued, &err);
    const struct event event = {.operation = "exchange", .status = status, .detail = err.text, .client = service->name,
                                .actor = onward->acts ? service->name : NULL, .audience = onward->service,
                                .user = apisec_token_subject(apisec_decision_token(decision)),
                                .scope = apisec_issued_scope(issued)};
    if (!service_record(service, request, &event)) status = APISEC_E_AUDIT;
    if (status == APISEC_OK && !send_on(service, request, onward, issued, answer)) status = APISEC_E_UNREACHABLE;
    apisec_issued_free(issued);
    return status;
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
