/* SPDX-License-Identifier: Apache-2.0
 *
 * sts_login.c: the login form of the demo's authorization server, and the code that it ends with (RFC 6749 section 4.1, with PKCE,
 * RFC 7636, and `iss`, RFC 9207). Example code. The password is seen here and nowhere else.
 */
#include "client.h"
#include "page.h"
#include "sts.h"

#include <string.h>

/* read_ticket takes the parameters of the request; NULL, or what is wrong with it. Client and redirect are checked first: before
 * they are known nobody is sent anywhere. */
static const char *read_ticket(const struct sts *sts, const struct web_request *request, struct sts_ticket *ticket)
{
    const struct web_pairs *query = &request->query;
    const char *client = web_value(query, "client_id"), *redirect_uri = web_value(query, "redirect_uri");
    const char *type = web_value(query, "response_type"), *method = web_value(query, "code_challenge_method");
    const char *challenge = web_value(query, "code_challenge"), *state = web_value(query, "state");
    const char *scope = web_value(query, "scope");
    const cJSON *known = client ? sts_client(sts, client) : NULL;
    const char *registered = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(known, "redirect_uri"));
    if (!registered || !redirect_uri || strcmp(registered, redirect_uri) != 0) return "Unknown client, or not its own redirect.";
    if (!type || strcmp(type, "code") != 0) return "Only the authorization code is given out here.";
    if (!method || strcmp(method, "S256") != 0 || !challenge || strlen(challenge) != 43) return "It needs a code challenge (S256).";
    const char *acr = web_value(query, "acr_values"); /* max_age is met by any login: each begins with the password */
    ticket->is_strong = acr && sts_has_scope(acr, STS_ACR_OTP, strlen(STS_ACR_OTP));
    if (acr && !ticket->is_strong && !sts_has_scope(acr, STS_ACR_PASSWORD, strlen(STS_ACR_PASSWORD)))
        return "No way to log in that was asked for is known here.";
    const char *key = web_value(query, "dpop_jkt");
    if (key && strlen(key) != 43) return "dpop_jkt is no thumbprint.";
    if (!state || strlen(state) < 16 || strlen(state) >= sizeof ticket->state) return "A state of 16 to 128 characters is needed.";
    if (!scope) scope = STS_USER_SCOPE;
    for (const char *at = scope; *at; at += strcspn(at, " "), at += strspn(at, " "))
        if (!sts_has_scope(STS_USER_SCOPE, at, strcspn(at, " "))) return "A scope that no user can give.";
    snprintf(ticket->client, sizeof ticket->client, "%s", client);
    snprintf(ticket->redirect_uri, sizeof ticket->redirect_uri, "%s", redirect_uri);
    snprintf(ticket->challenge, sizeof ticket->challenge, "%s", challenge);
    snprintf(ticket->state, sizeof ticket->state, "%s", state);
    snprintf(ticket->scope, sizeof ticket->scope, "%s", scope);
    snprintf(ticket->key, sizeof ticket->key, "%s", key ? key : "");
    return NULL;
}

static void show_problem(const char *problem, struct web_reply *reply)
{
    struct page page;
    page_begin(&page, "sts, the demo's authorization server", "This login cannot begin");
    page_html(&page, "<div class=\"card denied\">");
    page_element(&page, "p", "reason", problem);
    page_html(&page, "</div>");
    page_end(&page, reply, 400, NULL);
}

/* show_form: the redirect after the form leads to the client, which the policy has to allow. */
static void show_form(const struct sts *sts, const struct sts_ticket *ticket, const char *ticket_id, const char *problem,
                      int status, struct web_reply *reply)
{
    struct page page;
    page_begin(&page, "sts, the demo's authorization server", "Log in");
    page_html(&page, "<p class=\"soft\">The gateway sent you here. Your password stays between you and this server: the gateway "
                     "only learns that you logged in.</p><div class=\"card narrow\">");
    if (problem) page_element(&page, "p", "reason", problem);
    page_html(&page, "<form class=\"login\" method=\"post\" action=\"/login\">");
    page_hidden(&page, "ticket", ticket_id);
    page_html(&page, "<label for=\"username\">User</label>"
                     "<input id=\"username\" name=\"username\" autocomplete=\"username\" required autofocus>"
                     "<label for=\"password\">Password</label>"
                     "<input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" "
                     "required>");
    if (ticket->is_strong)
        page_html(&page, "<label for=\"code\">Code of your device</label>"
                         "<input id=\"code\" name=\"code\" autocomplete=\"one-time-code\" inputmode=\"numeric\" required>");
    page_html(&page, "<button class=\"main\" id=\"login\">Log in</button></form></div>"
                     "<p class=\"warning\">Example code, for demonstration only. Users: <code>alice</code> / "
                     "<code>wonderland</code>, <code>bob</code> / <code>builder</code>.</p>");
    page_end(&page, reply, status, service_setting(&sts->service, "gateway"));
}

void sts_authorize(struct sts *sts, const struct web_request *request, struct web_reply *reply)
{
    struct sts_ticket ticket = {0};
    char id[STS_SECRET_SIZE] = "";
    const char *problem = read_ticket(sts, request, &ticket);
    if (problem) show_problem(problem, reply);
    else if (!sts_add_ticket(sts, &ticket, id)) show_problem("Too many logins at once. Try again later.", reply);
    else show_form(sts, &ticket, id, NULL, 200, reply);
}

static void send_back(const struct sts *sts, const struct sts_ticket *ticket, const char *code, struct web_reply *reply)
{
    char query[512] = "", url[800];
    if (!client_encode(query, sizeof query, "code", code) || !client_encode(query, sizeof query, "state", ticket->state) ||
        !client_encode(query, sizeof query, "iss", sts->issuer)) {
        show_problem("The answer does not fit.", reply);
        return;
    }
    snprintf(url, sizeof url, "%s?%s", ticket->redirect_uri, query);
    web_redirect(reply, url);
}

void sts_login(struct sts *sts, const struct web_request *request, struct web_reply *reply)
{
    struct sts_ticket ticket = {0};
    char code[STS_SECRET_SIZE] = "";
    const char *id = web_value(&request->form, "ticket");
    const char *name = web_value(&request->form, "username");
    const char *password = web_value(&request->form, "password");
    if (!id || !sts_try_ticket(sts, id, &ticket)) {
        show_problem("This form has expired. Begin again at the gateway.", reply);
        return;
    }
    const struct sts_user *user = name && password ? sts_log_in(name, password) : NULL;
    const char *shown = web_value(&request->form, "code");
    bool proven = user && (!ticket.is_strong || (shown && sts_code_is(sts, user, shown)));
    bool logged_in = proven && sts_add_code(sts, id, user, code);
    const struct event event = {.operation = "log in", .status = logged_in ? APISEC_OK : APISEC_E_DENIED, .client = ticket.client,
                                .detail = logged_in ? NULL : "unknown user, wrong password or wrong code",
                                .user = logged_in ? user->name : NULL, .scope = logged_in ? ticket.scope : NULL};
    bool recorded = service_record(&sts->service, request, &event);
    if (!logged_in) show_form(sts, &ticket, id, "Unknown user or wrong password.", 401, reply);
    else if (!recorded) show_problem("The login could not be recorded.", reply);
    else send_back(sts, &ticket, code, reply);
    explicit_bzero(code, sizeof code);
}
