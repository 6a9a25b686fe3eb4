/* SPDX-License-Identifier: Apache-2.0
 *
 * sts_exchange.c: token exchange (RFC 8693): who gets which token, on whose behalf, for which service. Example code.
 *
 * What is issued is never wider than the policy's row, than what the subject token allows, and never outlives it. Who brings an
 * actor token must be that actor, and the subject token must name it in may_act: a service cannot appoint itself.
 */
#include "sts.h"

#include <string.h>
#include <time.h>

#define LIFETIME 300
#define MAX_ACTORS 512

/* Row: which client may exchange for which audience; the most that is granted; the scope that the subject must have for it; who
 * must act (NULL: nobody, the user is passed on by the client she logged in at); and who may act on what is issued. What is for the
 * ledger is closed: bound to the certificate of the client that gets it (RFC 8705), and encrypted to the ledger. What is for others
 * can be revoked by its entry in the status list. */
static const struct policy {
    const char *client, *audience, *scope, *needs, *actor, *may_act;
    bool closed;
} policies[] = {
    {"gateway", "accounts", "accounts:read accounts:transfer metrics:read profile:read", "", NULL, "accounts", false},
    {"accounts", "ledger", "ledger:read", "accounts:read", "accounts", NULL, true},
    {"accounts", "ledger", "ledger:transfer", "accounts:transfer", "accounts", NULL, true},
};

/* On whose behalf. */
struct subject {
    char user[64], customer[32], scope[256];
    char actors[MAX_ACTORS];  /* the `act` that it has already, or "" */
    char may_act[32];
    char role[16], acr[64];   /* "": nothing is known of it */
    int64_t logged_in_at;     /* 0: the same */
    int64_t expires_at;
};

/* find_policy: the row of client and audience that grants the first scope that was asked for, or else their first. */
static const struct policy *find_policy(const char *client, const char *audience, const char *asked)
{
    const struct policy *first = NULL;
    for (size_t i = 0; audience && i < sizeof policies / sizeof policies[0]; i++) {
        const struct policy *policy = &policies[i];
        if (strcmp(policy->client, client) != 0 || strcmp(policy->audience, audience) != 0) continue;
        if (asked && sts_has_scope(policy->scope, asked, strcspn(asked, " "))) return policy;
        if (first == NULL) first = policy;
    }
    return first;
}

static bool copy(char *to, size_t size, const char *from)
{
    int len = snprintf(to, size, "%s", from ? from : "");
    return len >= 0 && (size_t)len < size;
}

/* read_reference: the login of a user, known here only. */
static bool read_reference(struct sts *sts, const char *raw, const char *client, struct subject *subject, apisec_error *err)
{
    struct sts_reference found = {0};
    err->status = APISEC_E_INACTIVE;
    snprintf(err->text, sizeof err->text, "no such login at this client, or it has ended");
    if (!sts_find_reference(sts, raw, client, &found)) return false;
    subject->expires_at = found.expires_at;
    subject->logged_in_at = found.logged_in_at;
    return copy(subject->role, sizeof subject->role, found.user->role) &&
           copy(subject->acr, sizeof subject->acr, sts_acr(&found)) &&
           copy(subject->user, sizeof subject->user, found.user->name) &&
           copy(subject->customer, sizeof subject->customer, found.user->customer) &&
           copy(subject->scope, sizeof subject->scope, found.scope);
}

static void read_may_act(const apisec_token *token, struct subject *subject)
{
    size_t len = 0;
    const char *text = apisec_token_claim_json(token, "may_act", &len);
    cJSON *may_act = text ? cJSON_ParseWithLength(text, len) : NULL;
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(may_act, "sub"));
    if (!copy(subject->may_act, sizeof subject->may_act, name)) subject->may_act[0] = '\0';
    cJSON_Delete(may_act);
}

/* read_strength: what the token says of the login that it comes from is handed on (RFC 9470 section 6.1). */
static void read_strength(const apisec_token *token, struct subject *subject)
{
    const char *acr = NULL;
    if (apisec_token_claim_int64(token, "auth_time", &subject->logged_in_at) != APISEC_OK) subject->logged_in_at = 0;
    if (apisec_token_claim_text(token, "acr", &acr) != APISEC_OK || !copy(subject->acr, sizeof subject->acr, acr))
        subject->acr[0] = '\0';
}

/* read_token: one of our own tokens, brought back by the service that it was for. libapisec verifies it. */
static bool read_token(struct sts *sts, const char *raw, struct subject *subject, apisec_error *err)
{
    apisec_token *token = NULL;
    const char *customer = NULL;
    size_t len = 0;
    apisec_status status = apisec_verify(sts->subjects, raw, strlen(raw), (int64_t)time(NULL), &token, err);
    if (status != APISEC_OK) return false;
    if (sts_is_revoked(sts, token)) {
        apisec_token_free(token);
        *err = (apisec_error){APISEC_E_REVOKED, "the token was revoked"};
        return false;
    }
    const char *actors = apisec_token_claim_json(token, "act", &len);
    bool whole = apisec_token_claim_text(token, "customer", &customer) == APISEC_OK && len < MAX_ACTORS &&
                 copy(subject->user, sizeof subject->user, apisec_token_subject(token)) &&
                 copy(subject->customer, sizeof subject->customer, customer) &&
                 copy(subject->scope, sizeof subject->scope, apisec_token_scope(token));
    if (whole && actors) memcpy(subject->actors, actors, len);
    read_may_act(token, subject);
    read_strength(token, subject);
    subject->expires_at = apisec_token_expires_at(token);
    apisec_token_free(token);
    return whole;
}

/* actor_may: the actor token is genuine and its own, and the subject token lets that service act. */
static bool actor_may(struct sts *sts, const struct web_request *request, const struct policy *policy,
                      const struct subject *subject, apisec_error *err)
{
    apisec_token *token = NULL;
    const char *raw = web_value(&request->form, "actor_token");
    const char *type = web_value(&request->form, "actor_token_type");
    err->status = APISEC_E_ACTOR;
    if (policy->actor == NULL) {
        snprintf(err->text, sizeof err->text, "nobody may act here");
        return raw == NULL && type == NULL;
    }
    snprintf(err->text, sizeof err->text, "an actor token of type jwt is needed");
    if (raw == NULL || type == NULL || strcmp(type, TYPE_JWT) != 0) return false;
    if (apisec_verify(sts->actors, raw, strlen(raw), (int64_t)time(NULL), &token, err) != APISEC_OK) return false;
    const char *actor = apisec_token_subject(token);
    bool may = actor && strcmp(actor, apisec_token_issuer(token)) == 0 && strcmp(actor, policy->actor) == 0 &&
               strcmp(actor, subject->may_act) == 0;
    apisec_token_free(token);
    err->status = APISEC_E_ACTOR;
    snprintf(err->text, sizeof err->text, "the subject token does not let this actor act");
    return may;
}

/* grant_scope keeps what was asked for and may be granted; who asks for nothing gets nothing. */
static void grant_scope(const char *asked, const struct policy *policy, const struct subject *subject, char *granted, size_t size)
{
    size_t used = 0;
    granted[0] = '\0';
    if (policy->needs[0] && !sts_has_scope(subject->scope, policy->needs, strlen(policy->needs))) return;
    while (asked && *asked) {
        size_t word = strcspn(asked, " ");
        bool may = sts_has_scope(policy->scope, asked, word) && (policy->needs[0] || sts_has_scope(subject->scope, asked, word));
        if (may && used + word + 2 < size && !sts_has_scope(granted, asked, word))
            used += (size_t)snprintf(granted + used, size - used, "%s%.*s", used ? " " : "", (int)word, asked);
        asked += word + strspn(asked + word, " ");
    }
}

static char *write_claims(struct sts *sts, const struct policy *policy, const struct subject *subject, const char *scope,
                          int64_t now, int64_t expires_at)
{
    char id[WEB_TRACE_SIZE];
    web_random_hex(id, sizeof id);
    cJSON *claims = cJSON_CreateObject();
    cJSON_AddStringToObject(claims, "iss", sts->issuer);
    cJSON_AddStringToObject(claims, "sub", subject->user);
    cJSON_AddStringToObject(claims, "aud", policy->audience);
    cJSON_AddStringToObject(claims, "client_id", policy->client);
    cJSON_AddStringToObject(claims, "customer", subject->customer);
    cJSON_AddStringToObject(claims, "scope", scope);
    if (subject->acr[0]) cJSON_AddStringToObject(claims, "acr", subject->acr);
    if (subject->logged_in_at) cJSON_AddNumberToObject(claims, "auth_time", (double)subject->logged_in_at);
    if (subject->role[0])
        cJSON_AddItemToArray(cJSON_AddArrayToObject(claims, "roles"), cJSON_CreateString(subject->role));
    cJSON_AddStringToObject(claims, "jti", id);
    cJSON_AddNumberToObject(claims, "iat", (double)now);
    cJSON_AddNumberToObject(claims, "exp", (double)expires_at);
    if (policy->closed) {
        const cJSON *registered = cJSON_GetObjectItemCaseSensitive(sts_client(sts, policy->client), "x5t#S256");
        const char *certificate = cJSON_GetStringValue(registered);
        cJSON_AddStringToObject(cJSON_AddObjectToObject(claims, "cnf"), "x5t#S256", certificate ? certificate : "");
    } else {
        sts_add_status(sts, claims);
    }
    if (policy->may_act) cJSON_AddStringToObject(cJSON_AddObjectToObject(claims, "may_act"), "sub", policy->may_act);
    if (policy->actor) {
        cJSON *act = cJSON_AddObjectToObject(claims, "act");
        cJSON_AddStringToObject(act, "sub", policy->actor);
        if (subject->actors[0]) cJSON_AddRawToObject(act, "act", subject->actors);
    }
    char *text = cJSON_PrintUnformatted(claims);
    cJSON_Delete(claims);
    return text;
}

/* close_token encrypts a signed token to the service that it is for: who carries it cannot read it. */
static apisec_status close_token(const struct sts *sts, const struct policy *policy, char **token)
{
    char *closed = NULL;
    const cJSON *keys = cJSON_GetObjectItemCaseSensitive(sts->service.config, "encryption_keys");
    char *key = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(keys, policy->audience));
    if (key == NULL) return APISEC_E_CONFIG;
    const apisec_status status =
        apisec_encrypt(key, strlen(key), "ECDH-ES+A256KW", "A256GCM", "JWT", *token, strlen(*token), &closed, NULL);
    cJSON_free(key);
    apisec_text_free(*token);
    *token = closed;
    return status;
}

static void issue(struct sts *sts, const struct policy *policy, const struct subject *subject, const char *scope,
                  struct web_reply *reply)
{
    char *token = NULL;
    int64_t now = (int64_t)time(NULL);
    int64_t expires_at = subject->expires_at < now + LIFETIME ? subject->expires_at : now + LIFETIME;
    char *claims = write_claims(sts, policy, subject, scope, now, expires_at);
    apisec_status status = APISEC_E_MEMORY;
    if (claims) status = apisec_signer_sign(sts->signer, "at+jwt", claims, strlen(claims), &token, NULL);
    cJSON_free(claims);
    if (status == APISEC_OK && policy->closed) status = close_token(sts, policy, &token);
    if (status != APISEC_OK) {
        apisec_text_free(token);
        sts_error(reply, 500, "server_error", "the token could not be made");
        return;
    }
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "access_token", token);
    cJSON_AddStringToObject(body, "issued_token_type", TYPE_ACCESS_TOKEN);
    cJSON_AddStringToObject(body, "token_type", "Bearer");
    cJSON_AddNumberToObject(body, "expires_in", (double)(expires_at - now));
    cJSON_AddStringToObject(body, "scope", scope);
    web_json(reply, 200, body);
    apisec_text_free(token);
}

/* judge makes the one decision about an exchange: NULL, or the OAuth error to reply with; why goes to the record. */
static const char *judge(struct sts *sts, const struct web_request *request, const struct policy *policy, const char *client,
                         struct subject *subject, char *scope, size_t size, apisec_error *why)
{
    const char *raw = web_value(&request->form, "subject_token");
    const char *type = web_value(&request->form, "subject_token_type");
    why->status = APISEC_E_INVALID_REQUEST;
    snprintf(why->text, sizeof why->text, "a subject token is needed, and its type: no user, no token");
    if (!raw || !type || strcmp(type, TYPE_ACCESS_TOKEN) != 0) return "invalid_request";
    bool is_login = policy && policy->actor == NULL;
    why->status = APISEC_E_INVALID_TARGET;
    snprintf(why->text, sizeof why->text, "this client may not reach that audience");
    if (policy == NULL) return "invalid_target";
    if (is_login ? !read_reference(sts, raw, client, subject, why) : !read_token(sts, raw, subject, why)) return "invalid_request";
    if (!actor_may(sts, request, policy, subject, why)) return "invalid_request";
    grant_scope(web_value(&request->form, "scope"), policy, subject, scope, size);
    why->status = APISEC_E_INVALID_SCOPE;
    snprintf(why->text, sizeof why->text, "nothing of that scope can be granted");
    if (scope[0] == '\0') return "invalid_scope";
    *why = (apisec_error){0};
    return NULL;
}

void sts_exchange(struct sts *sts, const struct web_request *request, const char *client, struct web_reply *reply)
{
    struct subject subject = {0};
    char scope[256] = "";
    apisec_error why = {0};
    const char *audience = web_value(&request->form, "audience");
    const struct policy *policy = find_policy(client, audience, web_value(&request->form, "scope"));
    const char *error = judge(sts, request, policy, client, &subject, scope, sizeof scope, &why);
    const struct event event = {.operation = "issue", .status = why.status, .detail = error ? why.text : NULL,
                                .user = subject.user[0] ? subject.user : NULL, .client = client,
                                .actor = error || !policy ? NULL : policy->actor, .audience = audience,
                                .scope = error ? NULL : scope};
    bool recorded = service_record(&sts->service, request, &event);
    if (error) sts_error(reply, 400, error, why.text);
    else if (!recorded) sts_error(reply, 503, "temporarily_unavailable", "the record could not be written");
    else issue(sts, policy, &subject, scope, reply);
}
