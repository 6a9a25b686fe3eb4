/* SPDX-License-Identifier: Apache-2.0
 *
 * issuer_grant.c: the token endpoint: who asks, on whose behalf, for whom, and how much of it is granted. A grant is never wider
 * than the policy below, and a token that was exchanged names in `act` the service that acts.
 */
#include "issuer.h"

#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LIFETIME 300
#define TYPE_ACCESS_TOKEN "urn:ietf:params:oauth:token-type:access_token"
#define GRANT_EXCHANGE "urn:ietf:params:oauth:grant-type:token-exchange"

/* Which client may ask for which audience, and for how much at most. */
static const struct policy {
    const char *client, *audience, *scope;
} policies[] = {
    {"web", "orders", "orders:read orders:write"},
    {"orders", "ledger", "ledger:read"},
};

/* On whose behalf, and what that user may do at most. */
struct subject {
    char name[128];
    const char *scope;  /* NULL: whatever the policy says */
    char actors[512];   /* the `act` of the token that is exchanged, or "" */
    int64_t expires_at; /* what is issued does not outlive it; 0 for a session */
};

void random_hex(char text[SECRET_SIZE])
{
    unsigned char bytes[SECRET_SIZE / 2];
    if (getentropy(bytes, sizeof bytes) != 0) abort(); /* no secret is better than a guessable one */
    for (size_t i = 0; i < sizeof bytes; i++) snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

static struct reply refuse(int status, const char *error, const char *description)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "error", error);
    cJSON_AddStringToObject(body, "error_description", description);
    struct reply reply = {.status = status, .body = cJSON_PrintUnformatted(body)};
    cJSON_Delete(body);
    return reply;
}

/* same_secret takes the same time whatever differs. */
static bool same_secret(const char *given, const char *expected)
{
    if (strlen(given) != strlen(expected)) return false;
    unsigned difference = 0;
    for (size_t i = 0; expected[i]; i++) difference |= (unsigned char)given[i] ^ (unsigned char)expected[i];
    return difference == 0;
}

static bool client_is_genuine(const struct issuer *issuer, const char *client, const char *secret)
{
    if (client == NULL || secret == NULL) return false;
    if (strcmp(client, "web") == 0) return same_secret(secret, issuer->web_secret);
    if (strcmp(client, "orders") == 0) return same_secret(secret, issuer->orders_secret);
    return false;
}

/* find_session: the web gateway holds an opaque handle of the user's login; here the login itself is only claimed to have been. */
static bool find_session(const struct issuer *issuer, const char *handle, struct subject *subject)
{
    if (same_secret(handle, issuer->alice_session)) {
        snprintf(subject->name, sizeof subject->name, "alice");
        subject->scope = "orders:read orders:write";
        return true;
    }
    if (same_secret(handle, issuer->bob_session)) {
        snprintf(subject->name, sizeof subject->name, "bob");
        subject->scope = "orders:read";
        return true;
    }
    return false;
}

/* read_token verifies a token that a service received: ours, for that service, not expired. */
static bool read_token(const struct issuer *issuer, const char *raw, struct subject *subject)
{
    apisec_token *token = NULL;
    apisec_status status = apisec_verify(issuer->verifier, raw, strlen(raw), (int64_t)time(NULL), &token, NULL);
    const char *name = apisec_token_subject(token);
    size_t len = 0;
    const char *actors = apisec_token_claim_json(token, "act", &len);
    bool fits = status == APISEC_OK && name != NULL && strlen(name) < sizeof subject->name && len < sizeof subject->actors;
    if (fits) {
        snprintf(subject->name, sizeof subject->name, "%s", name);
        if (actors) memcpy(subject->actors, actors, len);
        subject->actors[actors ? len : 0] = '\0';
        subject->expires_at = apisec_token_expires_at(token);
    }
    apisec_token_free(token);
    return fits;
}

static bool has_scope(const char *list, const char *scope, size_t len)
{
    while (*list) {
        size_t word = strcspn(list, " ");
        if (word == len && memcmp(list, scope, len) == 0) return true;
        list += word + strspn(list + word, " ");
    }
    return false;
}

/* grant_scope keeps what was asked for and is allowed to client and user. Who asks for nothing in particular gets nothing. */
static void grant_scope(const char *asked, const struct policy *policy, const struct subject *subject, char *granted, size_t size)
{
    size_t used = 0;
    granted[0] = '\0';
    while (asked && *asked) {
        size_t word = strcspn(asked, " ");
        bool allowed = has_scope(policy->scope, asked, word) && (!subject->scope || has_scope(subject->scope, asked, word));
        if (allowed && used + word + 2 < size && !has_scope(granted, asked, word))
            used += (size_t)snprintf(granted + used, size - used, "%s%.*s", used ? " " : "", (int)word, asked);
        asked += word + strspn(asked + word, " ");
    }
}

static char *write_claims(const struct issuer *issuer, const struct subject *subject, const struct policy *policy,
                          const char *scope, int64_t now, int64_t expires_at)
{
    char id[SECRET_SIZE];
    random_hex(id);
    cJSON *claims = cJSON_CreateObject();
    cJSON_AddStringToObject(claims, "iss", issuer->name);
    cJSON_AddStringToObject(claims, "sub", subject->name);
    cJSON_AddStringToObject(claims, "aud", policy->audience);
    cJSON_AddStringToObject(claims, "client_id", policy->client);
    cJSON_AddStringToObject(claims, "scope", scope);
    cJSON_AddNumberToObject(claims, "iat", (double)now);
    cJSON_AddNumberToObject(claims, "exp", (double)expires_at);
    cJSON_AddStringToObject(claims, "jti", id);
    if (subject->expires_at != 0) { /* a service acts for the user: RFC 8693 section 4.1 */
        cJSON *act = cJSON_AddObjectToObject(claims, "act");
        cJSON_AddStringToObject(act, "sub", policy->client);
        if (subject->actors[0]) cJSON_AddRawToObject(act, "act", subject->actors);
    }
    char *text = cJSON_PrintUnformatted(claims);
    cJSON_Delete(claims);
    return text;
}

static struct reply issue(const struct issuer *issuer, const struct subject *subject, const struct policy *policy,
                          const char *scope)
{
    int64_t now = (int64_t)time(NULL);
    int64_t expires_at = now + LIFETIME;
    if (subject->expires_at != 0 && subject->expires_at < expires_at) expires_at = subject->expires_at;

    char *token = NULL;
    char *claims = write_claims(issuer, subject, policy, scope, now, expires_at);
    apisec_status status = APISEC_E_MEMORY;
    if (claims) status = apisec_signer_sign(issuer->signer, "at+jwt", claims, strlen(claims), &token, NULL);
    cJSON_free(claims);
    if (status != APISEC_OK) return refuse(500, "server_error", "signing failed");

    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "access_token", token);
    cJSON_AddStringToObject(body, "issued_token_type", TYPE_ACCESS_TOKEN);
    cJSON_AddStringToObject(body, "token_type", "Bearer");
    cJSON_AddNumberToObject(body, "expires_in", (double)(expires_at - now));
    cJSON_AddStringToObject(body, "scope", scope);
    struct reply reply = {.status = 200, .body = cJSON_PrintUnformatted(body)};
    cJSON_Delete(body);
    apisec_text_free(token);
    return reply;
}

char *expired_token(const struct issuer *issuer)
{
    const struct subject alice = {.name = "alice"};
    const int64_t expired_at = (int64_t)time(NULL) - 3600;
    char *token = NULL;
    char *claims = write_claims(issuer, &alice, &policies[0], policies[0].scope, expired_at - LIFETIME, expired_at);
    if (claims) (void)apisec_signer_sign(issuer->signer, "at+jwt", claims, strlen(claims), &token, NULL);
    cJSON_free(claims);
    return token;
}

static const struct policy *find_policy(const char *client, const char *audience)
{
    for (size_t i = 0; audience && i < sizeof policies / sizeof policies[0]; i++) {
        if (strcmp(policies[i].client, client) == 0 && strcmp(policies[i].audience, audience) == 0) return &policies[i];
    }
    return NULL;
}

/* ---- introspection ---- */

#define SIGNED_TYPE "application/token-introspection+jwt"

static cJSON *describe(const struct issuer *issuer, const struct subject *subject)
{
    cJSON *members = cJSON_CreateObject();
    cJSON_AddBoolToObject(members, "active", subject != NULL);
    if (subject == NULL) return members;
    cJSON_AddStringToObject(members, "iss", issuer->name);
    cJSON_AddStringToObject(members, "sub", subject->name);
    cJSON_AddStringToObject(members, "aud", "orders");
    cJSON_AddStringToObject(members, "scope", subject->scope);
    cJSON_AddNumberToObject(members, "exp", (double)(time(NULL) + LIFETIME));
    return members;
}

static struct reply sign_members(const struct issuer *issuer, const char *client, cJSON *members)
{
    struct reply reply = {.status = 200, .type = SIGNED_TYPE};
    char *token = NULL;
    cJSON *envelope = cJSON_CreateObject();
    cJSON_AddStringToObject(envelope, "iss", issuer->name);
    cJSON_AddStringToObject(envelope, "aud", client);
    cJSON_AddNumberToObject(envelope, "iat", (double)time(NULL));
    cJSON_AddItemToObject(envelope, "token_introspection", members);
    char *text = cJSON_PrintUnformatted(envelope);
    if (text) (void)apisec_signer_sign(issuer->signer, "token-introspection+jwt", text, strlen(text), &token, NULL);
    if (token) reply.body = strdup(token);
    apisec_text_free(token);
    cJSON_free(text);
    cJSON_Delete(envelope);
    return reply;
}

struct reply introspect_answer(const struct issuer *issuer, const char *client, const char *secret, const struct form *form,
                               const char *accepted)
{
    struct subject subject = {0};
    const char *handle = form_get(form, "token");
    if (!client_is_genuine(issuer, client, secret)) return refuse(401, "invalid_client", "unknown client or wrong secret");
    if (handle == NULL) return refuse(400, "invalid_request", "one token is needed");
    cJSON *members = describe(issuer, find_session(issuer, handle, &subject) ? &subject : NULL);
    if (accepted != NULL && strcmp(accepted, SIGNED_TYPE) == 0) return sign_members(issuer, client, members);
    struct reply reply = {.status = 200, .body = cJSON_PrintUnformatted(members)};
    cJSON_Delete(members);
    return reply;
}

/* ---- the token endpoint ---- */

struct reply grant_answer(const struct issuer *issuer, const char *client, const char *secret, const struct form *form)
{
    const char *grant = form_get(form, "grant_type");
    const char *raw = form_get(form, "subject_token");
    const char *type = form_get(form, "subject_token_type");
    struct subject subject = {0};
    char scope[256];
    if (!client_is_genuine(issuer, client, secret)) return refuse(401, "invalid_client", "unknown client or wrong secret");
    if (!grant || strcmp(grant, GRANT_EXCHANGE) != 0) return refuse(400, "unsupported_grant_type", "only token exchange");
    if (!raw || !type || strcmp(type, TYPE_ACCESS_TOKEN) != 0)
        return refuse(400, "invalid_request", "one subject token is needed");

    bool known = strcmp(client, "web") == 0 ? find_session(issuer, raw, &subject) : read_token(issuer, raw, &subject);
    if (!known) return refuse(400, "invalid_request", "the subject token is not valid");
    const struct policy *policy = find_policy(client, form_get(form, "audience"));
    if (policy == NULL) return refuse(400, "invalid_target", "this client may not reach that audience");
    grant_scope(form_get(form, "scope"), policy, &subject, scope, sizeof scope);
    if (scope[0] == '\0') return refuse(400, "invalid_scope", "nothing of that scope can be granted");
    return issue(issuer, &subject, policy, scope);
}
