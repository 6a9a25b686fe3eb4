/* SPDX-License-Identifier: Apache-2.0
 *
 * player.c: browsers, programs and thieves: see player.h.
 */
#include "player.h"
#include "otp.h"
#include "web.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The challenge of PLAYER_VERIFIER. */
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
#define STATE "0123456789abcdef0123456789abcdef"

static bool get(const struct stage *stage, const char *url, const char *cookie, struct client_reply *reply)
{
    char line[256];
    struct client_request request = {.method = "GET", .url = url, .ca_folder = stage->folder, .headers = {"Accept: text/html"}};
    snprintf(line, sizeof line, "Cookie: %s", cookie ? cookie : "");
    if (cookie) request.headers[1] = line;
    return client_send(&request, reply);
}

static bool copy(char *to, size_t size, const char *from, size_t len)
{
    if (from == NULL || len >= size) return false;
    memcpy(to, from, len);
    to[len] = '\0';
    return true;
}

/* cut copies what stands between two texts. */
static bool cut(const char *text, const char *before, const char *after, char *to, size_t size)
{
    const char *from = text ? strstr(text, before) : NULL;
    const char *end = from ? strstr(from + strlen(before), after) : NULL;
    return end && copy(to, size, from + strlen(before), (size_t)(end - from) - strlen(before));
}

/* take_cookie finds the Set-Cookie of a name among several. */
static bool take_cookie(const struct client_reply *reply, const char *name, char *cookie, size_t size, char *rules,
                        size_t rules_size)
{
    static const char header[] = "Set-Cookie: ";
    for (size_t i = 0; i < reply->num_headers; i++) {
        const char *line = reply->headers[i];
        if (strncmp(line, header, strlen(header)) != 0 || strncmp(line + strlen(header), name, strlen(name)) != 0) continue;
        line += strlen(header);
        size_t len = strcspn(line, ";");
        if (rules && !copy(rules, rules_size, line + len, strlen(line + len))) return false;
        return copy(cookie, size, line, len);
    }
    return false;
}

/* press gives the next code of a user's device; "" when there is none. */
static void press(const char *user, char code[OTP_SIZE])
{
    static uint64_t pressed[2];
    code[0] = '\0';
    (void)otp_code(user, pressed[strcmp(user, "alice") == 0]++, code);
}

/* submit fills in the login form at a URL and sends it to where it says; location is where the answer leads. */
static bool submit(const struct stage *stage, const char *url, const struct player_login *login, char *action, size_t action_size,
                   char *location, size_t size)
{
    char code[OTP_SIZE] = "", ticket[80] = "", path[128] = "", form[512] = "";
    struct client_reply page = {0}, answer = {0};
    bool shown = get(stage, url, NULL, &page) && page.status == 200 &&
                 cut(page.body, "name=\"ticket\" value=\"", "\"", ticket, sizeof ticket) &&
                 cut(page.body, " action=\"", "\"", path, sizeof path);
    if (shown && strstr(page.body, "name=\"code\"") && login->code == NULL) press(login->user, code);
    client_free(&page);
    const char *host = strstr(url, "://");
    size_t origin = host ? (size_t)(host - url) + 3 + strcspn(host + 3, "/?") : 0;
    snprintf(action, action_size, "%.*s%s", (int)origin, url, path);
    if (!shown || !client_encode(form, sizeof form, "ticket", ticket) ||
        !client_encode(form, sizeof form, "username", login->user) ||
        !client_encode(form, sizeof form, "password", login->password) ||
        !client_encode(form, sizeof form, "code", login->code ? login->code : code))
        return false;
    const struct client_request request = {.method = "POST", .url = action, .ca_folder = stage->folder, .form = form};
    const char *to = client_send(&request, &answer) && answer.status == 303 ? client_header(&answer, "Location") : NULL;
    bool sent = to && copy(location, size, to, strlen(to));
    client_free(&answer);
    explicit_bzero(form, sizeof form);
    return sent;
}

bool browser_log_in(const struct stage *stage, const char *user, const char *password, struct browser *browser)
{
    char url[1024], back[1024], cookie[160];
    const struct player_login login = {.user = user, .password = password};
    struct client_reply reply = {0};
    *browser = (struct browser){0};
    snprintf(url, sizeof url, "%s/login", stage->url[GATEWAY]);
    const char *to = get(stage, url, NULL, &reply) && reply.status == 303 ? client_header(&reply, "Location") : NULL;
    bool sent = to && copy(browser->login_url, sizeof browser->login_url, to, strlen(to)) &&
                take_cookie(&reply, "__Host-login=", cookie, sizeof cookie, NULL, 0);
    client_free(&reply);
    if (!sent) return false;
    if (!submit(stage, browser->login_url, &login, browser->form_action, sizeof browser->form_action, back, sizeof back))
        return false;
    bool logged_in = get(stage, back, cookie, &reply) && reply.status == 303 &&
                     take_cookie(&reply, "__Host-session=", browser->session, sizeof browser->session, browser->cookie_rules,
                                 sizeof browser->cookie_rules);
    client_free(&reply);
    return logged_in;
}

bool browser_get(const struct stage *stage, const struct browser *browser, const char *path, struct client_reply *reply)
{
    char url[256];
    snprintf(url, sizeof url, "%s%s", stage->url[GATEWAY], path);
    return get(stage, url, browser->session[0] ? browser->session : NULL, reply);
}

/* ---- programs ---- */

/* begin_trace makes a new trace and the header that says so. */
static void begin_trace(char trace[PLAYER_TRACE_SIZE], char header[96])
{
    char span[17];
    web_random_hex(trace, PLAYER_TRACE_SIZE);
    web_random_hex(span, sizeof span);
    snprintf(header, 96, "traceparent: 00-%s-%s-01", trace, span);
}

static bool post(const struct stage *stage, int client, const char *path, const char *form, char trace[PLAYER_TRACE_SIZE],
                 struct client_reply *reply)
{
    char url[256], basic[128], traceparent[96];
    begin_trace(trace, traceparent);
    snprintf(url, sizeof url, "%s%s", stage->url[STS], path);
    snprintf(basic, sizeof basic, "%s:%s", stage_name(client),
             client == GATEWAY ? stage->gateway_secret : stage->accounts_secret);
    const struct client_request request = {.method = "POST", .url = url, .ca_folder = stage->folder, .headers = {traceparent},
                                           .form = form, .basic = basic};
    bool answered = client_send(&request, reply);
    explicit_bzero(basic, sizeof basic);
    return answered;
}

static char *take_token(const struct client_reply *reply)
{
    cJSON *body = cJSON_ParseWithLength(reply->body ? reply->body : "", reply->len);
    const char *token = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, "access_token"));
    char *copied = reply->status == 200 && token ? strdup(token) : NULL;
    cJSON_Delete(body);
    return copied;
}

static bool get_code(const struct stage *stage, const struct player_login *login, char code[PLAYER_SECRET_SIZE])
{
    char back[128], url[1024], action[256], location[1024], query[512] = "";
    snprintf(back, sizeof back, "%s/callback", stage->url[GATEWAY]);
    if (!client_encode(query, sizeof query, "redirect_uri", back) ||
        (login->key && !client_encode(query, sizeof query, "dpop_jkt", login->key)) ||
        (login->acr && !client_encode(query, sizeof query, "acr_values", login->acr)))
        return false;
    snprintf(url, sizeof url,
             "%s/authorize?response_type=code&client_id=gateway&%s&state=" STATE "&code_challenge=" CHALLENGE
             "&code_challenge_method=S256",
             stage->url[STS], query);
    return submit(stage, url, login, action, sizeof action, location, sizeof location) &&
           cut(location, "?code=", "&", code, PLAYER_SECRET_SIZE);
}

bool player_get_code(const struct stage *stage, const char *user, const char *password, char code[PLAYER_SECRET_SIZE])
{
    const struct player_login login = {.user = user, .password = password};
    return get_code(stage, &login, code);
}

bool player_redeem(const struct stage *stage, int client, const char *code, const char *verifier, struct client_reply *reply)
{
    char back[128], form[768] = "", trace[PLAYER_TRACE_SIZE];
    snprintf(back, sizeof back, "%s/callback", stage->url[GATEWAY]);
    return client_encode(form, sizeof form, "grant_type", "authorization_code") &&
           client_encode(form, sizeof form, "redirect_uri", back) && client_encode(form, sizeof form, "code", code) &&
           client_encode(form, sizeof form, "code_verifier", verifier) && post(stage, client, "/token", form, trace, reply);
}

bool player_log_in_as(const struct stage *stage, const struct player_login *login, char reference[PLAYER_SECRET_SIZE])
{
    char code[PLAYER_SECRET_SIZE];
    struct client_reply reply = {0};
    if (!get_code(stage, login, code)) return false;
    char *token = player_redeem(stage, GATEWAY, code, PLAYER_VERIFIER, &reply) ? take_token(&reply) : NULL;
    bool got = token && copy(reference, PLAYER_SECRET_SIZE, token, strlen(token));
    free(token);
    client_free(&reply);
    return got;
}

bool player_log_in(const struct stage *stage, const char *user, const char *password, char reference[PLAYER_SECRET_SIZE])
{
    const struct player_login login = {.user = user, .password = password};
    return player_log_in_as(stage, &login, reference);
}

bool player_log_in_strong(const struct stage *stage, const char *user, const char *password, char reference[PLAYER_SECRET_SIZE])
{
    const struct player_login login = {.user = user, .password = password, .acr = PLAYER_ACR_OTP};
    return player_log_in_as(stage, &login, reference);
}

bool player_log_in_bound(const struct stage *stage, const char *user, const char *password, const apisec_signer *key,
                         char reference[PLAYER_SECRET_SIZE])
{
    char thumbprint[44];
    const struct player_login login = {.user = user, .password = password, .key = thumbprint};
    return apisec_dpop_thumbprint(key, thumbprint, NULL) == APISEC_OK && player_log_in_as(stage, &login, reference);
}

bool player_ask(const struct stage *stage, struct player_ask *ask, struct client_reply *reply)
{
    static const char types[] = "urn:ietf:params:oauth:token-type:";
    char form[8192] = "", access_token[64], jwt[64];
    const char *grant = ask->grant ? ask->grant : "urn:ietf:params:oauth:grant-type:token-exchange";
    snprintf(access_token, sizeof access_token, "%saccess_token", types);
    snprintf(jwt, sizeof jwt, "%sjwt", types);
    const struct {
        const char *name, *value;
    } fields[] = {{"grant_type", grant},
                  {"subject_token", ask->subject},
                  {"subject_token_type", ask->subject ? access_token : NULL},
                  {"actor_token", ask->actor},
                  {"actor_token_type", ask->actor ? jwt : NULL},
                  {"audience", ask->audience},
                  {"scope", ask->scope}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (fields[i].value && !client_encode(form, sizeof form, fields[i].name, fields[i].value)) return false;
    return post(stage, ask->client, "/token", form, ask->trace, reply);
}

char *player_exchange(const struct stage *stage, struct player_ask *ask)
{
    struct client_reply reply = {0};
    char *token = player_ask(stage, ask, &reply) ? take_token(&reply) : NULL;
    client_free(&reply);
    return token;
}

bool player_revoke(const struct stage *stage, const char *token)
{
    char form[4096] = "", trace[PLAYER_TRACE_SIZE];
    struct client_reply reply = {0};
    bool revoked = client_encode(form, sizeof form, "token", token) &&
                   post(stage, GATEWAY, "/revoke", form, trace, &reply) && reply.status == 200;
    client_free(&reply);
    return revoked;
}

char *player_prove(const struct stage *stage, const struct player_call *call, const apisec_signer *key)
{
    char url[256], *proof = NULL;
    snprintf(url, sizeof url, "%s%s", stage->url[call->service], call->path);
    if (apisec_dpop_proof(key, "GET", url, call->token, NULL, (int64_t)time(NULL), &proof, NULL) != APISEC_OK) return NULL;
    char *copied = strdup(proof);
    apisec_text_free(proof);
    return copied;
}

bool player_send(const struct stage *stage, struct player_call *call, struct client_reply *reply)
{
    char url[256], first[8192], second[8192], third[2048], fourth[256], trace[96];
    size_t num = 0;
    begin_trace(call->trace, trace);
    snprintf(url, sizeof url, "%s%s", stage->url[call->service], call->path);
    struct client_request request = {.method = call->json || call->form ? "POST" : "GET", .url = url, .ca_folder = stage->folder,
                                     .basic = call->basic, .json = call->json, .form = call->form, .from = call->from};
    if (call->identity >= 0) request.identity_folder = stage->path[call->identity];
    request.headers[num++] = trace;
    snprintf(first, sizeof first, "Authorization: %s %s", call->proof ? "DPoP" : "Bearer", call->token ? call->token : "");
    snprintf(third, sizeof third, "DPoP: %s", call->proof ? call->proof : "");
    snprintf(second, sizeof second, "Authorization: Bearer %s", call->second_token ? call->second_token : "");
    if (call->token) request.headers[num++] = first;
    if (call->second_token) request.headers[num++] = second;
    snprintf(fourth, sizeof fourth, "X-Forwarded-For: %s", call->forwarded_for ? call->forwarded_for : "");
    if (call->proof) request.headers[num++] = third;
    if (call->forwarded_for) request.headers[num++] = fourth;
    return client_send(&request, reply);
}
