/* SPDX-License-Identifier: Apache-2.0
 *
 * forge.c: tokens that should not exist: see forge.h.
 */
#include "forge.h"
#include "web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char *encode(const char *text, size_t len)
{
    const size_t size = len * 4 / 3 + 4;
    char *out = malloc(size);
    if (out == NULL || !web_base64url((const unsigned char *)text, len, out, size)) abort();
    return out;
}

static void write_claims(const struct stage *stage, const struct forgery *forgery, char *text, size_t size)
{
    long long now = (long long)time(NULL);
    char act[96] = "";
    long long issued_at = (forgery->expires_in < 0 ? now + forgery->expires_in : now) - 60;
    if (forgery->actor) snprintf(act, sizeof act, ",\"act\":{\"sub\":\"%s\"}", forgery->actor);
    snprintf(text, size,
             "{%s\"iss\":\"%s\",\"sub\":\"%s\",\"aud\":\"%s\",\"client_id\":\"gateway\",\"customer\":\"%s\",\"scope\":\"%s\","
             "\"jti\":\"forged\",\"iat\":%lld,\"exp\":%lld%s}",
             forgery->extra ? forgery->extra : "", stage->url[STS], forgery->user, forgery->audience, forgery->customer,
             forgery->scope, issued_at, now + forgery->expires_in, act);
}

static char *sign(const apisec_signer *signer, const char *type, const char *claims)
{
    char *token = NULL;
    if (apisec_signer_sign(signer, type, claims, strlen(claims), &token, NULL) != APISEC_OK) abort();
    char *copy = strdup(token);
    apisec_text_free(token);
    return copy;
}

char *forge_signed(const struct stage *stage, const struct forgery *forgery)
{
    char claims[1024];
    write_claims(stage, forgery, claims, sizeof claims);
    return sign(stage->signing_key, forgery->type ? forgery->type : "at+jwt", claims);
}

char *forge_encrypted(const struct stage *stage, const char *token)
{
    char *closed = NULL;
    const char *key = stage->ledger_public_key;
    if (token == NULL) abort();
    const apisec_status status =
        apisec_encrypt(key, strlen(key), "ECDH-ES+A256KW", "A256GCM", "JWT", token, strlen(token), &closed, NULL);
    if (status != APISEC_OK) abort();
    char *copy = strdup(closed);
    apisec_text_free(closed);
    return copy;
}

char *forge_closed(const struct stage *stage, const struct forgery *forgery)
{
    char *open = forge_signed(stage, forgery);
    char *closed = forge_encrypted(stage, open);
    free(open);
    return closed;
}

char *forge_bound(const struct stage *stage, const struct forgery *forgery, int service)
{
    char thumbprint[44], cnf[96];
    struct forgery bound = *forgery;
    if (!stage_thumbprint(stage, service, thumbprint)) abort();
    snprintf(cnf, sizeof cnf, "\"cnf\":{\"x5t#S256\":\"%s\"},", thumbprint);
    bound.extra = cnf;
    return forge_closed(stage, &bound);
}

char *forge_none(const struct stage *stage, const struct forgery *forgery)
{
    static const char header[] = "{\"alg\":\"none\",\"typ\":\"at+jwt\"}";
    char claims[1024];
    write_claims(stage, forgery, claims, sizeof claims);
    char *first = encode(header, strlen(header)), *second = encode(claims, strlen(claims));
    size_t size = strlen(first) + strlen(second) + 3;
    char *token = malloc(size);
    if (token) snprintf(token, size, "%s.%s.", first, second);
    free(second);
    free(first);
    return token;
}

char *forge_tampered(const struct stage *stage, const struct forgery *forgery, const char *genuine)
{
    char claims[1024];
    const char *signature = strrchr(genuine, '.');
    if (signature == NULL) return NULL;
    write_claims(stage, forgery, claims, sizeof claims);
    char *payload = encode(claims, strlen(claims));
    size_t size = strlen(genuine) + strlen(payload) + 2;
    char *token = malloc(size);
    if (token) snprintf(token, size, "%.*s.%s%s", (int)strcspn(genuine, "."), genuine, payload, signature);
    free(payload);
    return token;
}

char *forge_confused(const struct stage *stage, const struct forgery *forgery)
{
    char claims[1024], key[2048];
    apisec_signer *signer = NULL;
    const char *public_key = apisec_signer_public_jwk(stage->signing_key);
    char *secret = encode(public_key, strlen(public_key));
    snprintf(key, sizeof key, "{\"kty\":\"oct\",\"alg\":\"HS256\",\"kid\":\"%s\",\"k\":\"%s\"}",
             apisec_signer_key_id(stage->signing_key), secret);
    free(secret);
    if (apisec_signer_new(key, strlen(key), &signer, NULL) != APISEC_OK) abort();
    write_claims(stage, forgery, claims, sizeof claims);
    char *token = sign(signer, "at+jwt", claims);
    apisec_signer_free(signer);
    return token;
}

char *forge_actor(const struct stage *stage)
{
    char claims[512];
    long long now = (long long)time(NULL);
    snprintf(claims, sizeof claims,
             "{\"iss\":\"accounts\",\"sub\":\"accounts\",\"aud\":\"%s\",\"jti\":\"acting\",\"iat\":%lld,\"exp\":%lld}",
             stage->url[STS], now, now + 240);
    return sign(stage->actor_key, "JWT", claims);
}
