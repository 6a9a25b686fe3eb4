/* SPDX-License-Identifier: Apache-2.0
 *
 * claims.c: the claims that every token has, RFC 7519 section 4.1, and what RFC 9068 section 2.2 adds: read with exact types, and
 * judged. Wrong is never absent: a claim of the wrong type refuses the token. Called by signed.c, and by opaque.c of what
 * an issuer says of a token, in the order of claims.h.
 */
#include "token/token.h"

/* ---- finding them: one pass over the payload, because a token has few claims and this library asks for many ---- */

static const char names[NUM_CLAIMS][24] = { /* side by side, to be passed over quickly */
    [CLAIM_ISS] = "iss",         [CLAIM_SUB] = "sub",         [CLAIM_AUD] = "aud",
    [CLAIM_EXP] = "exp",         [CLAIM_NBF] = "nbf",         [CLAIM_IAT] = "iat",
    [CLAIM_JTI] = "jti",         [CLAIM_AZP] = "azp",         [CLAIM_SID] = "sid",
    [CLAIM_ACT] = "act",         [CLAIM_CNF] = "cnf",         [CLAIM_TXN] = "txn",
    [CLAIM_TCTX] = "tctx",       [CLAIM_RCTX] = "rctx",       [CLAIM_SCOPE] = "scope",
    [CLAIM_NONCE] = "nonce",     [CLAIM_STATUS] = "status",   [CLAIM_REQ_WL] = "req_wl",
    [CLAIM_EVENTS] = "events",   [CLAIM_C_HASH] = "c_hash",   [CLAIM_S_HASH] = "s_hash",
    [CLAIM_MAY_ACT] = "may_act", [CLAIM_AT_HASH] = "at_hash", [CLAIM_CLIENT_ID] = "client_id",
    [CLAIM_TOKEN_INTROSPECTION] = "token_introspection",
};

/* Which of them have names of one length. */
static const struct {
    enum claim first, behind;
} of_length[] = {
    [3] = {CLAIM_ISS, CLAIM_TCTX},          [4] = {CLAIM_TCTX, CLAIM_SCOPE},
    [5] = {CLAIM_SCOPE, CLAIM_STATUS},      [6] = {CLAIM_STATUS, CLAIM_MAY_ACT},
    [7] = {CLAIM_MAY_ACT, CLAIM_CLIENT_ID}, [9] = {CLAIM_CLIENT_ID, CLAIM_TOKEN_INTROSPECTION},
    [19] = {CLAIM_TOKEN_INTROSPECTION, NUM_CLAIMS},
};

const char *claim_name(enum claim claim)
{
    return (size_t)claim < NUM_CLAIMS ? names[claim] : "unknown";
}

/* No name is there twice: the scanner refuses that. */
static void find_claims(struct claims *claims)
{
    for (const struct json *at = json_first(claims->document); at != NULL; at = json_next(at)) {
        const char *const name = json_name(at);
        const size_t len = strlen(name);
        if (len >= sizeof of_length / sizeof of_length[0]) continue;
        for (size_t i = of_length[len].first; i < (size_t)of_length[len].behind; i++)
            if (names[i][0] == name[0] && memcmp(names[i], name, len) == 0) claims->at[i] = at;
    }
}

/* ---- types ---- */

static apisec_status mistyped(enum claim claim, const char *type, apisec_error *err)
{
    return fail(err, APISEC_E_CLAIM, "claim %s is not %s", names[claim], type);
}

static apisec_status missing(const char *name, apisec_error *err)
{
    return fail(err, APISEC_E_CLAIM, "claim %.80s is missing", name);
}

/* read_text leaves *out as it is, with at NULL, when the claim is absent. */
static apisec_status read_text(const struct claims *claims, enum claim claim, struct text *out, apisec_error *err)
{
    if (claims->at[claim] == NULL || json_as_text(claims->at[claim], out)) return APISEC_OK;
    return mistyped(claim, "a string", err);
}

static apisec_status read_date(const struct claims *claims, enum claim claim, int64_t *out, bool *there, apisec_error *err)
{
    *there = claims->at[claim] != NULL;
    if (!*there || json_as_date(claims->at[claim], out)) return APISEC_OK;
    *there = false;
    return mistyped(claim, "a time", err);
}

/* ---- whose token, and for whom ---- */

apisec_status claims_read_issuer(const struct json *document, struct claims *claims, apisec_error *err)
{
    *claims = (struct claims){.document = document};
    find_claims(claims);
    return read_text(claims, CLAIM_ISS, &claims->iss, err);
}

const struct json *claims_first_audience(const struct claims *claims)
{
    const struct json *const aud = claims->at[CLAIM_AUD];
    return json_kind(aud) == JSON_ARRAY ? json_first(aud) : aud;
}

const struct json *claims_next_audience(const struct claims *claims, const struct json *audience)
{
    return audience == claims->at[CLAIM_AUD] ? NULL : json_next(audience); /* behind a string comes another claim */
}

/* claims_read_audience: an element that is no string refuses the whole array, even when another one matches. */
apisec_status claims_read_audience(const struct claims *claims, apisec_error *err)
{
    if (claims->at[CLAIM_AUD] == NULL) return missing("aud", err);
    const struct json *at = claims_first_audience(claims);
    if (at == NULL) return mistyped(CLAIM_AUD, "a string or a not empty array of strings", err);
    for (; at != NULL; at = claims_next_audience(claims, at))
        if (json_kind(at) != JSON_STRING) return mistyped(CLAIM_AUD, "a string or an array of strings", err);
    return APISEC_OK;
}

static bool is_ours(const struct json *audience, const struct issuer *issuer)
{
    struct text name;
    if (!json_as_text(audience, &name)) return false;
    for (size_t i = 0; i < issuer->audiences.num; i++)
        if (text_is(name, issuer->audiences.at[i])) return true;
    return false;
}

apisec_status claims_check_audience(const struct claims *claims, const struct issuer *issuer, apisec_error *err)
{
    const apisec_status status = claims_read_audience(claims, err);
    if (status != APISEC_OK) return status;
    for (const struct json *at = claims_first_audience(claims); at != NULL; at = claims_next_audience(claims, at))
        if (is_ours(at, issuer)) return APISEC_OK;
    return fail(err, APISEC_E_AUDIENCE, "the token is not for an audience of ours");
}

/* ---- time; no sum can overflow: dates are below 2^53, leeway at most 300 ---- */

static apisec_status check_expiry(struct claims *claims, const struct issuer *issuer, int64_t now, apisec_error *err)
{
    bool there;
    const apisec_status status = read_date(claims, CLAIM_EXP, &claims->exp, &there, err);
    if (status != APISEC_OK) return status;
    if (!there)              return missing("exp", err);
    if (now >= claims->exp + issuer->leeway)
        return fail(err, APISEC_E_EXPIRED, "the token expired at %lld, now is %lld", (long long)claims->exp, (long long)now);
    return APISEC_OK;
}

static apisec_status check_not_ahead(const struct claims *claims, enum claim claim, const struct issuer *issuer, int64_t now,
                                     int64_t *date, bool *there, apisec_error *err)
{
    const apisec_status status = read_date(claims, claim, date, there, err);
    if (status != APISEC_OK) return status;
    if (*there && *date - issuer->leeway > now)
        return fail(err, APISEC_E_NOT_YET_VALID, "%s is %lld, now is %lld", names[claim], (long long)*date, (long long)now);
    return APISEC_OK;
}

static apisec_status check_lifetime(const struct claims *claims, const struct issuer *issuer, apisec_error *err)
{
    if (issuer->max_lifetime == 0) return APISEC_OK;
    if (!claims->has_iat)          return missing("iat", err);
    if (claims->exp - claims->iat > issuer->max_lifetime)
        return fail(err, APISEC_E_LIFETIME, "the token is valid for %lld s, at most %lld are allowed",
                    (long long)(claims->exp - claims->iat), (long long)issuer->max_lifetime);
    return APISEC_OK;
}

apisec_status claims_check_time(struct claims *claims, const struct issuer *issuer, int64_t now, struct trail *trail,
                                apisec_error *err)
{
    trail->at = CHECK_EXPIRY;
    apisec_status status = check_expiry(claims, issuer, now, err);
    if (status != APISEC_OK) return status;

    trail->at = CHECK_NOT_BEFORE;
    status = check_not_ahead(claims, CLAIM_NBF, issuer, now, &claims->nbf, &claims->has_nbf, err);
    if (status != APISEC_OK) return status;

    trail->at = CHECK_ISSUED_AT;
    status = check_not_ahead(claims, CLAIM_IAT, issuer, now, &claims->iat, &claims->has_iat, err);
    if (status != APISEC_OK) return status;

    trail->at = CHECK_LIFETIME;
    return check_lifetime(claims, issuer, err);
}

/* ---- the others ---- */

/* read_party reads who acts, or may act: RFC 8693 sections 4.1 and 4.4. Whoever cannot be named refuses the token: a party would
 * vanish from decision and record. */
static apisec_status read_party(const struct json *party, enum claim claim, struct text *subject, struct text *issuer,
                                apisec_error *err)
{
    if (json_kind(party) != JSON_OBJECT) return mistyped(claim, "an object", err);
    if (json_get_text(party, "sub", subject) != JSON_OK || subject->len == 0)
        return fail(err, APISEC_E_CLAIM, "claim %s has no sub", names[claim]);
    const enum json_found found = json_get_text(party, "iss", issuer);
    if (found == JSON_MISTYPED || (found == JSON_OK && issuer->len == 0))
        return fail(err, APISEC_E_CLAIM, "claim %s has an iss that is no name", names[claim]);
    return APISEC_OK;
}

static apisec_status read_actors(struct claims *claims, apisec_error *err)
{
    for (const struct json *act = claims->at[CLAIM_ACT]; act != NULL; act = json_member(act, "act")) {
        const size_t depth = claims->num_actors;
        if (depth == TOKEN_MAX_ACTORS) return fail(err, APISEC_E_CLAIM, "claim act is nested too deep");
        const apisec_status status = read_party(act, CLAIM_ACT, &claims->actors[depth], &claims->actor_issuers[depth], err);
        if (status != APISEC_OK) return status;
        claims->num_actors++;
    }
    return APISEC_OK;
}

static apisec_status read_may_act(struct claims *claims, apisec_error *err)
{
    struct text issuer;
    const struct json *const may_act = claims->at[CLAIM_MAY_ACT];
    return may_act == NULL ? APISEC_OK : read_party(may_act, CLAIM_MAY_ACT, &claims->may_act, &issuer, err);
}

apisec_status claims_read_names(struct claims *claims, apisec_error *err)
{
    apisec_status status = read_text(claims, CLAIM_SUB, &claims->sub, err);
    if (status == APISEC_OK) status = read_text(claims, CLAIM_JTI, &claims->jti, err);
    if (status == APISEC_OK) status = read_text(claims, CLAIM_CLIENT_ID, &claims->client_id, err);
    if (status == APISEC_OK) status = read_text(claims, CLAIM_AZP, &claims->azp, err);
    if (status == APISEC_OK) status = read_text(claims, CLAIM_SCOPE, &claims->scope, err);
    if (status == APISEC_OK) status = read_text(claims, CLAIM_SID, &claims->sid, err);
    if (status == APISEC_OK) status = read_text(claims, CLAIM_TXN, &claims->txn, err);
    if (status != APISEC_OK) return status;
    if (claims->sub.at != NULL && claims->sub.len == 0) return fail(err, APISEC_E_CLAIM, "claim sub is empty");
    status = read_actors(claims, err);
    return status == APISEC_OK ? read_may_act(claims, err) : status;
}

/* ---- what must be there, and what must not ---- */

apisec_status claims_check_required(const struct claims *claims, const struct issuer *issuer, apisec_error *err)
{
    const apisec_status status = profile_check_claims(issuer->profile, claims, err);
    if (status != APISEC_OK) return status;
    for (size_t i = 0; i < issuer->required_claims.num; i++) {
        const struct json *claim = json_member(claims->document, issuer->required_claims.at[i]);
        if (claim == NULL || json_kind(claim) == JSON_NULL) return missing(issuer->required_claims.at[i], err);
    }
    return APISEC_OK;
}
