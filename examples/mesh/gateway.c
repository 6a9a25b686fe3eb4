/* SPDX-License-Identifier: Apache-2.0
 *
 * gateway.c: what is served to whom gateway.json lets in, and the way from an opaque reference token to the accounts service.
 * Whether a token is good the guard asks the authorization server, and gets a signed answer (RFC 7662, RFC 9701); one that is bound
 * to a program's key must come with a proof of it (DPoP). What the gateway itself holds opens nothing: its certificate and its
 * client secret are worthless without a user's token.
 */
#include "gateway.h"
#include "page.h"

#include <stdlib.h>
#include <string.h>

/* take_session puts the reference token of a browser's session in place of its cookie. Who sends a token is no browser. */
static bool take_session(struct gateway *gateway, const struct web_request *request, struct session *session)
{
    char bearer[SECRET_SIZE + 8];
    if (web_header(request, "Authorization") != NULL || !session_find(gateway, request, session)) return false;
    snprintf(bearer, sizeof bearer, "Bearer %s", session->reference);
    apisec_call_add_header(request->call, "Authorization", 13, bearer, strlen(bearer));
    explicit_bzero(bearer, sizeof bearer);
    return true;
}

/* write_forwarded says for whom we ask: behind what the caller said of that, as proxies do. Who believes us knows our address. */
static void write_forwarded(const struct web_request *request, char *line, size_t size)
{
    static const char name[] = "X-Forwarded-For: ";
    const char *given = web_header(request, "X-Forwarded-For");
    bool fits = given && strlen(given) + strlen(request->address) + sizeof name + 2 <= size;
    snprintf(line, size, "%s%s%s%s", name, fits ? given : "", fits ? ", " : "", request->address);
}

/* reply_program passes on what accounts said, less the explanations: they are for operators. */
static void reply_program(struct client_reply *answer, struct web_reply *reply)
{
    const char *challenge = client_header(answer, "WWW-Authenticate");
    cJSON *body = cJSON_ParseWithLength(answer->body ? answer->body : "", answer->len);
    cJSON_DeleteItemFromObjectCaseSensitive(body, "decisions");
    if (body) {
        web_json(reply, answer->status, body);
    } else {
        reply->status = answer->status;
        reply->content_type = "text/plain; charset=utf-8";
        reply->body = answer->body;
        reply->len = answer->len;
        answer->body = NULL;
    }
    if (challenge) web_add_header(reply, "WWW-Authenticate", challenge);
}

static void reply_browser(const struct web_request *request, const struct session *session, const struct client_reply *answer,
                          struct web_reply *reply)
{
    cJSON *body = cJSON_ParseWithLength(answer->body ? answer->body : "", answer->len);
    page_accounts(session, request, answer->status, body, reply);
    cJSON_Delete(body);
}

/* pass_on asks accounts for the same, with a token that is exchanged for the caller's. */
static void pass_on(const struct gateway *gateway, const struct web_request *request, const struct session *session,
                    const apisec_decision *decision, const char *exchange, struct web_reply *reply)
{
    char forwarded[512];
    struct client_reply answer = {0};
    write_forwarded(request, forwarded, sizeof forwarded);
    const struct onward onward = {.exchange = exchange, .service = "accounts", .path = request->path, .header = forwarded};
    const apisec_status status = service_pass_on(&gateway->service, request, decision, &onward, &answer);
    if (status != APISEC_OK && session) page_accounts(session, request, apisec_status_http(status), NULL, reply);
    else if (status != APISEC_OK) service_reply_failure(&gateway->service, request, decision, status, reply);
    else if (session) reply_browser(request, session, &answer, reply);
    else reply_program(&answer, reply);
    client_free(&answer);
}

/* serve does what the rule that let the request in is there for. */
static void serve(struct gateway *gateway, const struct web_request *request, const struct session *session,
                  const apisec_decision *decision, struct web_reply *reply)
{
    static const struct {
        const char *rule, *exchange;
    } onward[] = {{"accounts", "read"}, {"transfers", "transfer"}, {"metrics", "metrics"}};
    const char *rule = apisec_decision_rule(decision);
    for (size_t i = 0; i < sizeof onward / sizeof onward[0]; i++)
        if (strcmp(rule, onward[i].rule) == 0) pass_on(gateway, request, session, decision, onward[i].exchange, reply);
    if (strcmp(rule, "welcome") == 0) page_welcome(gateway, session, reply);
    if (strcmp(rule, "login") == 0) gateway_log_in(gateway, request, reply);
    if (strcmp(rule, "callback") == 0) gateway_callback(gateway, request, reply);
    if (strcmp(rule, "logout") == 0) gateway_log_out(gateway, request, reply);
    if (strcmp(rule, "style") == 0) page_style(reply);
}

/* refuse_browser shows a page. A login that has ended at the authorization server ends here, too. */
static void refuse_browser(struct gateway *gateway, const struct session *session, const apisec_decision *decision,
                           struct web_reply *reply)
{
    const int status = apisec_decision_http_status(decision);
    if (session && status == 401) {
        session_end(gateway, session->id);
        page_problem("You are logged out", "Your login has ended at the authorization server.", status, reply);
    } else if (status == 401) {
        page_problem("You are not logged in", "Log in first.", status, reply);
    } else {
        page_problem("Refused", status == 503 ? "The authorization server is not reached." : "This is not for you.", status, reply);
    }
    service_add_headers(decision, reply);
}

static void answer(void *context, const struct web_request *request, struct web_reply *reply)
{
    struct gateway *gateway = context;
    struct session found = {0};
    apisec_decision *decision;
    const struct session *session = take_session(gateway, request, &found) ? &found : NULL;
    const char *accept = web_header(request, "Accept");
    if (apisec_guard_check(gateway->service.guard, request->call, &decision, NULL) == APISEC_OK)
        serve(gateway, request, session, decision, reply);
    else if (accept && strstr(accept, "text/html")) refuse_browser(gateway, session, decision, reply);
    else service_reply_denied(&gateway->service, request, decision, reply);
    apisec_decision_free(decision);
    explicit_bzero(&found, sizeof found);
}

int main(int argc, char **argv)
{
    static struct gateway gateway;
    int exit_status = EXIT_FAILURE;
    pthread_mutex_init(&gateway.lock, NULL);
    if (service_open(&gateway.service, "gateway", argc, argv) && service_guard(&gateway.service))
        exit_status = service_serve(&gateway.service, false, answer, &gateway);
    service_close(&gateway.service);
    return exit_status;
}
