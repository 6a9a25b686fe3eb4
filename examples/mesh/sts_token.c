/* SPDX-License-Identifier: Apache-2.0
 *
 * sts_token.c: the token endpoint (RFC 6749 section 3.2) and what a client may ask or end afterwards: introspection (RFC 7662),
 * revocation (RFC 7009). Example code. Every one of them knows its client first.
 */
#include "sts.h"

#include <string.h>
#include <time.h>

#define SIGNED_TYPE "application/token-introspection+jwt"

/* know_client replies with invalid_client unless the request carries a registered client's secret. */
static bool know_client(struct sts *sts, const struct web_request *request, char *client, size_t size, struct web_reply *reply)
{
    char secret[128] = "";
    bool known = web_basic(request, client, size, secret, sizeof secret) && sts_client_secret_is(sts_client(sts, client), secret);
    explicit_bzero(secret, sizeof secret);
    if (known) return true;
    const struct event event = {.operation = "client authentication", .status = APISEC_E_INVALID_CLIENT,
                                .detail = "unknown client or wrong secret"};
    (void)service_record(&sts->service, request, &event);
    sts_error(reply, 401, "invalid_client", "unknown client or wrong secret");
    return false;
}

static void reply_reference(const char *reference, const char *scope, struct web_reply *reply)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "access_token", reference);
    cJSON_AddStringToObject(body, "token_type", "Bearer");
    cJSON_AddNumberToObject(body, "expires_in", STS_REFERENCE_LIFETIME);
    cJSON_AddStringToObject(body, "scope", scope);
    web_json(reply, 200, body);
}

/* grant_code redeems the code of a login for an opaque reference token. */
static void grant_code(struct sts *sts, const struct web_request *request, const char *client, struct web_reply *reply)
{
    struct sts_code code = {0};
    char reference[STS_SECRET_SIZE] = "";
    const char *given = web_value(&request->form, "code");
    const char *redirect_uri = web_value(&request->form, "redirect_uri");
    const char *verifier = web_value(&request->form, "code_verifier");
    if (!given || !redirect_uri || !verifier) {
        sts_error(reply, 400, "invalid_request", "code, redirect_uri and code_verifier are needed, once each");
        return;
    }
    bool redeemed = sts_redeem(sts, given, client, redirect_uri, verifier, &code, reference);
    const struct event event = {.operation = "redeem code", .status = redeemed ? APISEC_OK : APISEC_E_INVALID_GRANT,
                                .detail = redeemed ? NULL : "the code is not valid, or not for this client, redirect or verifier",
                                .user = redeemed ? code.user->name : NULL, .client = client,
                                .scope = redeemed ? code.ticket.scope : NULL};
    bool recorded = service_record(&sts->service, request, &event);
    if (!redeemed) sts_error(reply, 400, "invalid_grant", event.detail);
    else if (!recorded) sts_error(reply, 503, "temporarily_unavailable", "the record could not be written");
    else reply_reference(reference, code.ticket.scope, reply);
    explicit_bzero(reference, sizeof reference);
}

void sts_token(struct sts *sts, const struct web_request *request, struct web_reply *reply)
{
    char client[32];
    const char *grant = web_value(&request->form, "grant_type");
    if (!know_client(sts, request, client, sizeof client, reply)) return;
    if (grant == NULL) {
        sts_error(reply, 400, "invalid_request", "grant_type is needed, once");
    } else if (strcmp(grant, "authorization_code") == 0) {
        grant_code(sts, request, client, reply);
    } else if (strcmp(grant, "urn:ietf:params:oauth:grant-type:token-exchange") == 0) {
        sts_exchange(sts, request, client, reply);
    } else {
        const struct event event = {.operation = "token", .status = APISEC_E_UNSUPPORTED_GRANT, .client = client,
                                    .detail = "no token without a user is issued here"};
        (void)service_record(&sts->service, request, &event);
        sts_error(reply, 400, "unsupported_grant_type", event.detail);
    }
}

/* describe is what introspection says of a login; NULL: it is not active, and nothing more is said. */
static cJSON *describe(const struct sts *sts, const struct sts_reference *login)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddBoolToObject(body, "active", login != NULL);
    if (login == NULL) return body;
    cJSON_AddStringToObject(body, "iss", sts->issuer);
    cJSON_AddStringToObject(body, "aud", login->client);
    cJSON_AddStringToObject(body, "sub", login->user->name);
    cJSON_AddStringToObject(body, "customer", login->user->customer);
    cJSON_AddStringToObject(body, "client_id", login->client);
    cJSON_AddStringToObject(body, "scope", login->scope);
    cJSON_AddStringToObject(body, "token_type", login->key[0] ? "DPoP" : "Bearer");
    cJSON_AddNumberToObject(body, "iat", (double)login->logged_in_at);
    cJSON_AddNumberToObject(body, "exp", (double)login->expires_at);
    cJSON_AddStringToObject(body, "acr", sts_acr(login)); /* RFC 9470 section 6.2 */
    cJSON_AddNumberToObject(body, "auth_time", (double)login->logged_in_at);
    if (login->key[0]) cJSON_AddStringToObject(cJSON_AddObjectToObject(body, "cnf"), "jkt", login->key);
    return body;
}

/* reply_signed puts the answer into a JWT for the one who asked (RFC 9701 section 5): it can be held against us later. */
static void reply_signed(const struct sts *sts, const char *client, cJSON *body, struct web_reply *reply)
{
    char *token = NULL;
    cJSON *claims = cJSON_CreateObject();
    cJSON_AddStringToObject(claims, "iss", sts->issuer);
    cJSON_AddStringToObject(claims, "aud", client);
    cJSON_AddNumberToObject(claims, "iat", (double)time(NULL));
    cJSON_AddItemToObject(claims, "token_introspection", body);
    char *text = cJSON_PrintUnformatted(claims);
    cJSON_Delete(claims);
    if (text) (void)apisec_signer_sign(sts->signer, "token-introspection+jwt", text, strlen(text), &token, NULL);
    cJSON_free(text);
    reply->status = token ? 200 : 500;
    reply->content_type = SIGNED_TYPE;
    reply->body = token ? strdup(token) : NULL;
    reply->len = reply->body ? strlen(reply->body) : 0;
    apisec_text_free(token);
}

void sts_introspect(struct sts *sts, const struct web_request *request, struct web_reply *reply)
{
    char client[32];
    struct sts_reference found = {0};
    if (!know_client(sts, request, client, sizeof client, reply)) return;
    const char *token = web_value(&request->form, "token");
    if (token == NULL) {
        sts_error(reply, 400, "invalid_request", "token is needed, once");
        return;
    }
    bool active = sts_find_reference(sts, token, client, &found); /* of another client's tokens nothing is told */
    const struct event event = {.operation = "introspect", .status = active ? APISEC_OK : APISEC_E_INACTIVE, .client = client,
                                .user = active ? found.user->name : NULL};
    (void)service_record(&sts->service, request, &event);
    cJSON *body = describe(sts, active ? &found : NULL);
    const char *accept = web_header(request, "Accept");
    if (accept && strstr(accept, SIGNED_TYPE)) reply_signed(sts, client, body, reply);
    else web_json(reply, 200, body);
}

void sts_revoke(struct sts *sts, const struct web_request *request, struct web_reply *reply)
{
    char client[32];
    if (!know_client(sts, request, client, sizeof client, reply)) return;
    const char *token = web_value(&request->form, "token");
    if (token == NULL) {
        sts_error(reply, 400, "invalid_request", "token is needed, once");
        return;
    }
    bool revoked = strchr(token, '.') ? sts_revoke_status(sts, token, client) : sts_revoke_reference(sts, token, client);
    const struct event event = {.operation = "revoke", .status = APISEC_OK, .client = client,
                                .detail = revoked ? "revoked" : "unknown, or ended before"};
    (void)service_record(&sts->service, request, &event);
    web_json(reply, 200, cJSON_CreateObject());
}
