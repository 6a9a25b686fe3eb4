/* SPDX-License-Identifier: Apache-2.0
 *
 * sts.c: the demo's authorization server. EXAMPLE CODE, not for production: see sts.h. Here are its routes, its metadata (RFC 8414)
 * and its key set; subject and actor tokens that come back to it are verified with libapisec, like everywhere else in the mesh.
 */
#include "page.h"
#include "sts.h"

#include <stdlib.h>
#include <string.h>

void sts_error(struct web_reply *reply, int status, const char *error, const char *description)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "error", error);
    cJSON_AddStringToObject(body, "error_description", description);
    web_json(reply, status, body);
    if (status == 401) web_add_header(reply, "WWW-Authenticate", "Basic realm=\"sts\"");
}

bool sts_has_scope(const char *list, const char *scope, size_t len)
{
    while (*list) {
        size_t word = strcspn(list, " ");
        if (word == len && memcmp(list, scope, len) == 0) return true;
        list += word + strspn(list + word, " ");
    }
    return false;
}

static void add_url(cJSON *document, const struct sts *sts, const char *name, const char *path)
{
    char url[320];
    snprintf(url, sizeof url, "%s%s", sts->issuer, path);
    cJSON_AddStringToObject(document, name, url);
}

static void add_list(cJSON *document, const char *name, const char *first, const char *second)
{
    cJSON *list = cJSON_AddArrayToObject(document, name);
    cJSON_AddItemToArray(list, cJSON_CreateString(first));
    if (second) cJSON_AddItemToArray(list, cJSON_CreateString(second));
}

static void reply_metadata(const struct sts *sts, struct web_reply *reply)
{
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "issuer", sts->issuer);
    add_url(document, sts, "authorization_endpoint", "/authorize");
    add_url(document, sts, "token_endpoint", "/token");
    add_url(document, sts, "introspection_endpoint", "/introspect");
    add_url(document, sts, "revocation_endpoint", "/revoke");
    add_url(document, sts, "jwks_uri", "/jwks");
    add_list(document, "response_types_supported", "code", NULL);
    add_list(document, "grant_types_supported", "authorization_code", "urn:ietf:params:oauth:grant-type:token-exchange");
    add_list(document, "code_challenge_methods_supported", "S256", NULL);
    add_list(document, "token_endpoint_auth_methods_supported", "client_secret_basic", NULL);
    add_list(document, "acr_values_supported", STS_ACR_PASSWORD, STS_ACR_OTP);
    add_list(document, "scopes_supported", "accounts:read", "accounts:transfer");
    cJSON_AddTrueToObject(document, "authorization_response_iss_parameter_supported");
    web_json(reply, 200, document);
}

static char *write_keys(const struct sts *sts)
{
    const char *key = apisec_signer_public_jwk(sts->signer);
    size_t size = strlen(key) + 16;
    char *keys = malloc(size);
    if (keys) snprintf(keys, size, "{\"keys\":[%s]}", key);
    return keys;
}

static void reply_keys(const struct sts *sts, struct web_reply *reply)
{
    reply->status = 200;
    reply->content_type = "application/jwk-set+json";
    reply->body = write_keys(sts);
    reply->len = reply->body ? strlen(reply->body) : 0;
}

static void answer(void *context, const struct web_request *request, struct web_reply *reply)
{
    static const struct {
        const char *method, *path;
        void (*answer)(struct sts *, const struct web_request *, struct web_reply *);
    } routes[] = {
        {"GET", "/authorize", sts_authorize},    {"POST", "/login", sts_login},   {"POST", "/token", sts_token},
        {"POST", "/introspect", sts_introspect}, {"POST", "/revoke", sts_revoke},
    };
    struct sts *sts = context;
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (strcmp(request->path, routes[i].path) != 0 || strcmp(request->method, routes[i].method) != 0) continue;
        routes[i].answer(sts, request, reply);
        return;
    }
    bool get = strcmp(request->method, "GET") == 0;
    if (get && strcmp(request->path, "/jwks") == 0) reply_keys(sts, reply);
    else if (get && strcmp(request->path, "/status/1") == 0) sts_status_list(sts, reply);
    else if (get && strcmp(request->path, "/.well-known/oauth-authorization-server") == 0) reply_metadata(sts, reply);
    else if (get && strcmp(request->path, "/.well-known/openid-configuration") == 0) reply_metadata(sts, reply);
    else if (get && strcmp(request->path, "/style.css") == 0) page_style(reply);
    else web_refuse(reply, request, 404, "not_found");
}

/* ---- opening ---- */

static apisec_verifier *freeze(apisec_trust *trust)
{
    apisec_verifier *verifier = NULL;
    apisec_error err = {0};
    if (apisec_verifier_new(trust, NULL, &verifier, &err) != APISEC_OK) fprintf(stderr, "sts: %s\n", err.text);
    apisec_trust_free(trust);
    return verifier;
}

/* open_subjects trusts our own tokens, when the service that they were for brings them back. */
static bool open_subjects(struct sts *sts)
{
    char *keys = write_keys(sts);
    if (keys == NULL) return false;
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *self = apisec_trust_add_issuer(trust, sts->issuer);
    apisec_issuer_add_audience(self, "accounts");
    apisec_issuer_allow_algorithm(self, "RS256");
    apisec_issuer_set_jwks(self, keys, strlen(keys));
    apisec_issuer_set_leeway(self, 5);
    apisec_issuer_ignore_status(self); /* the list is ours: sts_exchange.c looks at the bit itself */
    sts->subjects = freeze(trust);
    free(keys);
    return sts->subjects != NULL;
}

/* open_actors trusts each service that registered a key, for tokens that it signed itself, for us, within the last minutes. */
static bool open_actors(struct sts *sts)
{
    const cJSON *client;
    apisec_trust *trust = apisec_trust_new();
    cJSON_ArrayForEach(client, cJSON_GetObjectItemCaseSensitive(sts->service.config, "clients"))
    {
        const cJSON *id = cJSON_GetObjectItemCaseSensitive(client, "id");
        char *keys = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(client, "jwks"));
        if (keys == NULL) continue;
        apisec_issuer *actor = apisec_trust_add_issuer(trust, id->valuestring);
        apisec_issuer_set_profile(actor, "jwt");
        apisec_issuer_add_audience(actor, sts->issuer);
        apisec_issuer_allow_algorithm(actor, "ES256");
        apisec_issuer_set_jwks(actor, keys, strlen(keys));
        apisec_issuer_require_claim(actor, "jti");
        apisec_issuer_set_leeway(actor, 5);
        apisec_issuer_set_max_lifetime(actor, 300);
        cJSON_free(keys);
    }
    sts->actors = freeze(trust);
    return sts->actors != NULL;
}

static bool open_audit(struct service *service)
{
    apisec_error err = {0};
    if (apisec_audit_open_file("audit.jsonl", APISEC_AUDIT_WRITTEN, APISEC_AUDIT_STRICT, &service->audit, &err) == APISEC_OK)
        return true;
    fprintf(stderr, "sts: %s\n", err.text);
    return false;
}

static bool load_key(struct sts *sts)
{
    apisec_error err = {0};
    char *key = web_read_file(".", "signing.jwk");
    if (key == NULL) return false;
    apisec_status status = apisec_signer_new(key, strlen(key), &sts->signer, &err);
    if (status != APISEC_OK) fprintf(stderr, "sts: %s\n", err.text);
    explicit_bzero(key, strlen(key));
    free(key);
    return status == APISEC_OK;
}

int main(int argc, char **argv)
{
    static struct sts sts;
    int exit_status = EXIT_FAILURE;
    pthread_mutex_init(&sts.lock, NULL);
    if (service_open(&sts.service, "sts", argc, argv)) {
        sts.issuer = service_setting(&sts.service, "sts");
        if (open_audit(&sts.service) && load_key(&sts) && open_subjects(&sts) && open_actors(&sts))
            exit_status = service_serve(&sts.service, false, answer, &sts);
    }
    apisec_verifier_free(sts.actors);
    apisec_verifier_free(sts.subjects);
    apisec_signer_free(sts.signer);
    apisec_audit_close(sts.service.audit);
    service_close(&sts.service);
    return exit_status;
}
