/* SPDX-License-Identifier: Apache-2.0
 *
 * gateway_login.c: a browser's login: authorization code with PKCE, bound to the browser by a cookie, `state` and `iss` (RFC 9700);
 * and logging out, which ends the reference token itself. The password is typed elsewhere.
 */
#include "gateway.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#define COOKIE_RULES "; Path=/; Secure; HttpOnly; SameSite=Lax"

/* challenge_of: BASE64URL(SHA256(verifier)), RFC 7636 section 4.2. */
static bool challenge_of(const char *verifier, char challenge[44])
{
    unsigned char digest[32];
    if (gnutls_hash_fast(GNUTLS_DIG_SHA256, verifier, strlen(verifier), digest) != 0) return false;
    return web_base64url(digest, sizeof digest, challenge, 44);
}

static void redirect_uri(const struct gateway *gateway, char *url, size_t size)
{
    snprintf(url, size, "%s/callback", service_setting(&gateway->service, "gateway"));
}

void gateway_log_in(struct gateway *gateway, const struct web_request *request, struct web_reply *reply)
{
    (void)request;
    struct login login = {0};
    char challenge[44], back[256], query[768] = "", url[1024], cookie[256];
    redirect_uri(gateway, back, sizeof back);
    bool begun = login_add(gateway, &login) && challenge_of(login.verifier, challenge) &&
                 client_encode(query, sizeof query, "response_type", "code") &&
                 client_encode(query, sizeof query, "client_id", "gateway") &&
                 client_encode(query, sizeof query, "redirect_uri", back) &&
                 client_encode(query, sizeof query, "scope", "accounts:read") &&
                 client_encode(query, sizeof query, "state", login.state) &&
                 client_encode(query, sizeof query, "code_challenge", challenge) &&
                 client_encode(query, sizeof query, "code_challenge_method", "S256");
    if (!begun) {
        page_problem("No login now", "Too many logins at once. Try again later.", 503, reply);
        return;
    }
    snprintf(url, sizeof url, "%s/authorize?%s", service_setting(&gateway->service, "sts"), query);
    snprintf(cookie, sizeof cookie, LOGIN_COOKIE "=%s; Max-Age=%d" COOKIE_RULES, login.id, LOGIN_LIFETIME);
    web_redirect(reply, url);
    web_add_header(reply, "Set-Cookie", cookie);
    explicit_bzero(&login, sizeof login);
}

/* ask_sts posts a form to the authorization server as this client; NULL: it did not say yes. */
static cJSON *ask_sts(const struct gateway *gateway, const struct web_request *request, const char *path, const char *form)
{
    char url[256], basic[160], trace[80] = "traceparent: ";
    struct client_reply answer = {0};
    cJSON *body = NULL;
    char *secret = web_read_file(".", "client.secret");
    web_next_traceparent(request, trace + strlen(trace));
    snprintf(url, sizeof url, "%s%s", service_setting(&gateway->service, "sts"), path);
    snprintf(basic, sizeof basic, "gateway:%s", secret ? secret : "");
    const struct client_request ask = {.method = "POST", .url = url, .ca_folder = ".", .headers = {trace},
                                       .form = form, .basic = basic};
    if (client_send(&ask, &answer) && answer.status == 200) body = cJSON_ParseWithLength(answer.body, answer.len);
    explicit_bzero(basic, sizeof basic);
    if (secret) explicit_bzero(secret, strlen(secret));
    free(secret);
    client_free(&answer);
    return body;
}

static bool take_text(const cJSON *object, const char *name, char *to, size_t size)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    if (text == NULL || text[0] == '\0' || strlen(text) >= size) return false;
    memcpy(to, text, strlen(text) + 1);
    return true;
}

/* redeem swaps the code for the reference token, and asks who logged in: for the page's sake only. Nobody behind takes our word. */
static bool redeem(const struct gateway *gateway, const struct web_request *request, const struct login *login, const char *code,
                   struct session *session)
{
    char form[1024] = "", back[256];
    redirect_uri(gateway, back, sizeof back);
    if (!client_encode(form, sizeof form, "grant_type", "authorization_code") || !client_encode(form, sizeof form, "code", code) ||
        !client_encode(form, sizeof form, "redirect_uri", back) ||
        !client_encode(form, sizeof form, "code_verifier", login->verifier))
        return false;
    cJSON *tokens = ask_sts(gateway, request, "/token", form);
    bool got = take_text(tokens, "access_token", session->reference, sizeof session->reference);
    cJSON_Delete(tokens);
    form[0] = '\0';
    if (!got || !client_encode(form, sizeof form, "token", session->reference)) return false;
    cJSON *about = ask_sts(gateway, request, "/introspect", form);
    bool known = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(about, "active")) &&
                 take_text(about, "sub", session->user, sizeof session->user) &&
                 take_text(about, "customer", session->customer, sizeof session->customer);
    cJSON_Delete(about);
    explicit_bzero(form, sizeof form);
    return known;
}

void gateway_callback(struct gateway *gateway, const struct web_request *request, struct web_reply *reply)
{
    struct login login = {0};
    struct session session = {0};
    char cookie[256], url[96];
    const char *code = web_value(&request->query, "code");
    const char *iss = web_value(&request->query, "iss");
    bool ours = login_take(gateway, request, &login) && same_secret(web_value(&request->query, "state"), login.state);
    bool issuer = iss && strcmp(iss, service_setting(&gateway->service, "sts")) == 0;
    bool logged_in = ours && issuer && code && redeem(gateway, request, &login, code, &session);
    const struct event event = {.operation = "log in", .status = logged_in ? APISEC_OK : APISEC_E_DENIED, .client = "gateway",
                                .detail = logged_in ? NULL
                                          : !ours   ? "this browser did not begin that login"
                                                    : "the authorization server did not confirm the login",
                                .user = logged_in ? session.user : NULL};
    bool recorded = service_record(&gateway->service, request, &event);
    explicit_bzero(&login, sizeof login);
    if (!logged_in || !recorded || !session_add(gateway, &session)) {
        page_problem("You are not logged in", logged_in ? "No room or no record: try again later." : event.detail,
                     logged_in ? 503 : 403, reply);
        return;
    }
    snprintf(url, sizeof url, "/customers/%s/accounts", session.customer);
    snprintf(cookie, sizeof cookie, SESSION_COOKIE "=%s; Max-Age=%d" COOKIE_RULES, session.id, SESSION_LIFETIME);
    web_redirect(reply, url);
    web_add_header(reply, "Set-Cookie", cookie);
    web_add_header(reply, "Set-Cookie", LOGIN_COOKIE "=; Max-Age=0" COOKIE_RULES);
    explicit_bzero(&session, sizeof session);
}

void gateway_log_out(struct gateway *gateway, const struct web_request *request, struct web_reply *reply)
{
    struct session session = {0};
    char form[128] = "";
    if (!session_find(gateway, request, &session) ||
        !same_secret(web_value(&request->form, "form_secret"), session.form_secret)) {
        page_problem("Nothing was done", "This form is not one of your session.", 403, reply);
        return;
    }
    (void)client_encode(form, sizeof form, "token", session.reference);
    cJSON *revoked = ask_sts(gateway, request, "/revoke", form);
    const struct event event = {.operation = "log out", .status = revoked ? APISEC_OK : APISEC_E_UNREACHABLE, .client = "gateway",
                                .user = session.user};
    (void)service_record(&gateway->service, request, &event);
    session_end(gateway, session.id);
    if (revoked) web_redirect(reply, "/");
    else page_problem("Logged out here", "The authorization server was not reached: your login there ends by itself.", 503, reply);
    web_add_header(reply, "Set-Cookie", SESSION_COOKIE "=; Max-Age=0" COOKIE_RULES);
    cJSON_Delete(revoked);
    explicit_bzero(form, sizeof form);
    explicit_bzero(&session, sizeof session);
}
