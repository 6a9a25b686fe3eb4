/* SPDX-License-Identifier: Apache-2.0
 *
 * opaque.c: tokens that only their issuer can read: which issuer to ask, and the stages that ask and judge what it says. What
 * comes of them is a token like any other, whose claims are the answer's members (RFC 7662 section 2.2).
 */
#include "token/introspect.h"

#include <stdlib.h>

/* ---- which issuer ---- */

bool opaque_prefix_is_valid(struct text prefix)
{
    for (size_t i = 0; i < prefix.len; i++)
        if (!credential_has_byte(prefix.at[i])) return false;
    return prefix.len > 0 && prefix.len <= OPAQUE_MAX_PREFIX;
}

/* is_opaque: b64token bytes (RFC 6750 section 2.1) that are neither the three parts of a JWS nor the five of a JWE. What is
 * neither is left to the checks of form. */
static bool is_opaque(struct text token)
{
    size_t dots = 0;
    if (token.len > JOSE_MAX_TOKEN || !credential_is_b64token(token)) return false;
    for (size_t i = 0; i < token.len; i++) dots += token.at[i] == '.';
    return dots != 2 && dots != 4;
}

static apisec_status add(struct opaque_routes *routes, const struct issuer *issuer, apisec_error *err)
{
    const struct text prefix = text_of(issuer->introspector->prefix);
    if (prefix.at == NULL) {
        if (routes->rest != NULL)
            return fail(err, APISEC_E_CONFIG, "issuer %.80s: a second one without a prefix of its opaque tokens", issuer->name);
        routes->rest = issuer;
        return APISEC_OK;
    }
    const apisec_status status = table_put(&routes->by_prefix, prefix, (void *)(uintptr_t)issuer);
    if (status == APISEC_E_MEMORY) return fail_memory(err);
    if (status != APISEC_OK)
        return fail(err, APISEC_E_CONFIG, "issuer %.80s: another one's opaque tokens have the same prefix", issuer->name);
    routes->lengths |= UINT64_C(1) << (prefix.len - 1);
    return APISEC_OK;
}

apisec_status opaque_routes_add(struct opaque_routes **routes, const struct issuer *issuer, apisec_error *err)
{
    if (issuer->introspector == NULL) return APISEC_OK;
    if (*routes == NULL) *routes = calloc(1, sizeof **routes);
    return *routes == NULL ? fail_memory(err) : add(*routes, issuer, err);
}

/* The work is that of the number of different lengths, not of the number of issuers. */
const struct issuer *opaque_routes_find(const struct opaque_routes *routes, struct text token)
{
    if (routes == NULL || !is_opaque(token)) return NULL;
    for (size_t len = token.len < OPAQUE_MAX_PREFIX ? token.len : OPAQUE_MAX_PREFIX; len > 0; len--) {
        if ((routes->lengths >> (len - 1) & 1) == 0) continue;
        const struct issuer *issuer = table_get(&routes->by_prefix, (struct text){token.at, len});
        if (issuer != NULL) return issuer;
    }
    return routes->rest;
}

void opaque_routes_free(struct opaque_routes *routes)
{
    if (routes == NULL) return;
    table_free(&routes->by_prefix);
    free(routes);
}

/* ---- asking ---- */

static void skip_checks_of_signed_tokens(struct trail *trail)
{
    trail_skip(trail, CHECK_ALGORITHM);
    trail_skip(trail, CHECK_KEY);
    trail_skip(trail, CHECK_SIGNATURE);
    trail_applies(trail, CHECK_INTROSPECTION);
}

/* begin: what came where no opaque token belongs is shown to nobody. */
static apisec_status begin(struct verification *v)
{
    const enum profile profile = v->issuer->introspector->judged.profile;
    const apisec_status status = profile_check_source(profile, v->presented.source, &v->error);
    if (status != APISEC_OK) return status;
    skip_checks_of_signed_tokens(&v->trail);
    v->inquiry = calloc(1, sizeof *v->inquiry);
    if (v->inquiry == NULL) return fail_memory(&v->error);
    inquiry_begin(v->inquiry, v->issuer->introspector, v->presented.token, v->now, v->offline);
    return APISEC_OK;
}

enum pass stage_introspect(struct verification *v, int64_t now_ms)
{
    const apisec_status status = v->inquiry == NULL ? begin(v) : APISEC_OK;
    if (status != APISEC_OK) return verification_end(v, status);
    const enum pass pass = inquiry_run(v->inquiry, now_ms);
    if (pass == PASS_WORK) v->work = &v->inquiry->work;
    if (pass != PASS_ENDED) return pass;
    v->error = v->inquiry->error;
    return verification_end(v, v->error.status);
}

void opaque_end(struct verification *v)
{
    if (v->inquiry == NULL) return;
    inquiry_end(v->inquiry);
    free(v->inquiry);
    v->inquiry = NULL;
}

/* ---- the judgement: the same types and the same order as for a JWT's claims ---- */

/* read_document gives the verification a copy of its own: the report may be another token's as well, by the time. */
static apisec_status read_document(struct verification *v)
{
    const struct report *report = v->inquiry->report;
    const char *copy = arena_text(&v->arena, (struct text){report->claims, report->len});
    if (copy == NULL) return fail_memory(&v->error);
    v->payload = (struct text){copy, report->len};
    return json_parse_object(v->payload, &json_token_limits, &v->document, &v->error);
}

/* check_issuer: `iss` may be absent, since it is known who was asked; another one's is refused. */
static apisec_status check_issuer(struct verification *v)
{
    v->trail.at = CHECK_ISSUER;
    const apisec_status status = claims_read_issuer(v->document, &v->claims, &v->error);
    if (status != APISEC_OK) return status;
    if (v->claims.iss.at != NULL && !text_is(v->claims.iss, v->issuer->name))
        return fail(&v->error, APISEC_E_ISSUER, "the token is from another issuer than the one that was asked");
    v->claims.iss = text_of(v->issuer->name);
    return APISEC_OK;
}

/* check_type: a refresh token is active too, and is nothing to get in with. `token_type` (RFC 6749 section 5.1) says what may be
 * sent to a resource; where it says DPoP, the key must be there. */
static apisec_status check_type(struct verification *v)
{
    v->trail.at = CHECK_TYPE;
    struct text type, thumbprint;
    const enum json_found found = json_get_text(v->document, "token_type", &type);
    if (found == JSON_ABSENT) return APISEC_OK;
    if (found == JSON_MISTYPED) return fail(&v->error, APISEC_E_CLAIM, "claim token_type is not a string");
    if (text_is_caseless(type, "Bearer")) return APISEC_OK;
    if (!text_is_caseless(type, "DPoP")) return fail(&v->error, APISEC_E_TYPE, "token_type is neither Bearer nor DPoP");
    if (json_get_text(json_member(v->document, "cnf"), "jkt", &thumbprint) == JSON_OK) return APISEC_OK;
    return fail(&v->error, APISEC_E_BINDING, "token_type is DPoP, and no key is named (cnf.jkt)");
}

static apisec_status check_audience(struct verification *v)
{
    v->trail.at = CHECK_AUDIENCE;
    const bool may_be_absent = v->issuer->introspector->without_audience;
    if (may_be_absent && json_member(v->document, "aud") == NULL) return APISEC_OK;
    return claims_check_audience(&v->claims, v->issuer, &v->error);
}

static apisec_status check_claims(struct verification *v)
{
    apisec_status status = check_issuer(v);
    if (status == APISEC_OK) status = check_type(v);
    if (status == APISEC_OK) status = check_audience(v);
    return status == APISEC_OK ? verification_check_claims(v, &v->issuer->introspector->judged) : status;
}

enum pass stage_reported(struct verification *v, int64_t now_ms)
{
    (void)now_ms;
    apisec_status status = read_document(v);
    if (status == APISEC_OK) status = check_claims(v);
    if (status == APISEC_OK) status = verification_make_token(v);
    opaque_end(v);
    if (status != APISEC_OK) return verification_end(v, status);
    v->stage = STAGE_TIMES;
    return PASS_JUMP;
}
