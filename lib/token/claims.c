/* SPDX-License-Identifier: Apache-2.0
 *
 * claims.c: the claims that every token has, RFC 7519 section 4.1, and what RFC 9068 section 2.2 adds: read with exact types, and
 * judged. Wrong is never absent: a claim of the wrong type refuses the token. Called by verify.c in the order of token.h.
 */
#include "token/token.h"

/* ---- types ---- */

static apisec_status mistyped(const char *name, const char *type, apisec_error *err)
{
    return fail(err, APISEC_E_CLAIM, "claim %s is not %s", name, type);
}

static apisec_status missing(const char *name, apisec_error *err)
{
    return fail(err, APISEC_E_CLAIM, "claim %.80s is missing", name);
}

/* read_text leaves *out as it is, with at NULL, when the claim is absent. */
static apisec_status read_text(const struct json *document, const char *name, struct text *out, apisec_error *err)
{
    if (json_get_text(document, name, out) == JSON_MISTYPED) return mistyped(name, "a string", err);
    return APISEC_OK;
}

static apisec_status read_date(const struct json *document, const char *name, int64_t *out, bool *there, apisec_error *err)
{
    *there = false;
    const enum json_found found = json_get_date(document, name, out);
    if (found == JSON_MISTYPED) return mistyped(name, "a time", err);
    *there = found == JSON_OK;
    return APISEC_OK;
}

static bool is_there(struct text text)
{
    return text.at != NULL;
}

/* ---- whose token, and for whom ---- */

apisec_status claims_read_issuer(const struct json *document, struct claims *claims, apisec_error *err)
{
    *claims = (struct claims){.document = document};
    const apisec_status status = read_text(document, "iss", &claims->iss, err);
    if (status != APISEC_OK)     return status;
    if (!is_there(claims->iss))  return missing("iss", err);
    return APISEC_OK;
}

static bool is_ours(struct text audience, const struct issuer *issuer)
{
    for (size_t i = 0; i < issuer->audiences.num; i++)
        if (text_is(audience, issuer->audiences.at[i])) return true;
    return false;
}

/* match_element: an element that is no string refuses the whole array, even when another one matches. */
static apisec_status match_element(const struct json *element, const struct issuer *issuer, bool *ours, apisec_error *err)
{
    struct text audience;
    if (!json_as_text(element, &audience)) return mistyped("aud", "a string or an array of strings", err);
    if (is_ours(audience, issuer)) *ours = true;
    return APISEC_OK;
}

apisec_status claims_check_audience(const struct claims *claims, const struct issuer *issuer, apisec_error *err)
{
    const struct json *aud = json_member(claims->document, "aud");
    if (aud == NULL) return missing("aud", err);
    bool ours = false;
    apisec_status status = APISEC_OK;
    if (json_kind(aud) == JSON_ARRAY) {
        if (json_first(aud) == NULL) return mistyped("aud", "a string or a not empty array of strings", err);
        for (const struct json *at = json_first(aud); at != NULL && status == APISEC_OK; at = json_next(at))
            status = match_element(at, issuer, &ours, err);
    } else {
        status = match_element(aud, issuer, &ours, err);
    }
    if (status != APISEC_OK) return status;
    return ours ? APISEC_OK : fail(err, APISEC_E_AUDIENCE, "the token is not for an audience of ours");
}

/* ---- time; no sum can overflow: dates are below 2^53, leeway at most 300 ---- */

static apisec_status check_expiry(struct claims *claims, const struct issuer *issuer, int64_t now, apisec_error *err)
{
    bool there;
    const apisec_status status = read_date(claims->document, "exp", &claims->exp, &there, err);
    if (status != APISEC_OK) return status;
    if (!there)              return missing("exp", err);
    if (now >= claims->exp + issuer->leeway)
        return fail(err, APISEC_E_EXPIRED, "the token expired at %lld, now is %lld", (long long)claims->exp, (long long)now);
    return APISEC_OK;
}

static apisec_status check_not_ahead(const struct claims *claims, const char *name, const struct issuer *issuer, int64_t now,
                                     int64_t *date, bool *there, apisec_error *err)
{
    const apisec_status status = read_date(claims->document, name, date, there, err);
    if (status != APISEC_OK) return status;
    if (*there && *date - issuer->leeway > now)
        return fail(err, APISEC_E_NOT_YET_VALID, "%s is %lld, now is %lld", name, (long long)*date, (long long)now);
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
    status = check_not_ahead(claims, "nbf", issuer, now, &claims->nbf, &claims->has_nbf, err);
    if (status != APISEC_OK) return status;

    trail->at = CHECK_ISSUED_AT;
    status = check_not_ahead(claims, "iat", issuer, now, &claims->iat, &claims->has_iat, err);
    if (status != APISEC_OK) return status;

    trail->at = CHECK_LIFETIME;
    return check_lifetime(claims, issuer, err);
}

/* ---- the others ---- */

/* read_actors: RFC 8693 section 4.1. An actor that cannot be named refuses the token: it would vanish from decision and record. */
static apisec_status read_actors(struct claims *claims, apisec_error *err)
{
    const struct json *act = json_member(claims->document, "act");
    for (; act != NULL; act = json_member(act, "act")) {
        struct text subject = {NULL, 0};
        if (json_kind(act) != JSON_OBJECT)           return mistyped("act", "an object", err);
        if (claims->num_actors == TOKEN_MAX_ACTORS)  return fail(err, APISEC_E_CLAIM, "claim act is nested too deep");
        if (json_get_text(act, "sub", &subject) != JSON_OK || subject.len == 0)
            return fail(err, APISEC_E_CLAIM, "claim act has no sub");
        claims->actors[claims->num_actors++] = subject;
    }
    return APISEC_OK;
}

apisec_status claims_read_names(struct claims *claims, apisec_error *err)
{
    const struct json *document = claims->document;
    apisec_status status = read_text(document, "sub", &claims->sub, err);
    if (status == APISEC_OK) status = read_text(document, "jti", &claims->jti, err);
    if (status == APISEC_OK) status = read_text(document, "client_id", &claims->client_id, err);
    if (status == APISEC_OK) status = read_text(document, "azp", &claims->azp, err);
    if (status == APISEC_OK) status = read_text(document, "scope", &claims->scope, err);
    if (status != APISEC_OK) return status;
    if (is_there(claims->sub) && claims->sub.len == 0) return fail(err, APISEC_E_CLAIM, "claim sub is empty");
    return read_actors(claims, err);
}

/* ---- what must be there, and what must not ---- */

static apisec_status require_name(struct text claim, const char *name, apisec_error *err)
{
    return is_there(claim) && claim.len > 0 ? APISEC_OK : missing(name, err);
}

/* check_at_jwt: RFC 9068 section 2.2. iss, aud and exp are there already. */
static apisec_status check_at_jwt(const struct claims *claims, apisec_error *err)
{
    apisec_status status = require_name(claims->sub, "sub", err);
    if (status == APISEC_OK) status = require_name(claims->client_id, "client_id", err);
    if (status == APISEC_OK && !claims->has_iat) status = missing("iat", err);
    if (status == APISEC_OK) status = require_name(claims->jti, "jti", err);
    return status;
}

/* check_other_kinds: where `typ` says no more than JWT, claims that only other kinds of token carry give those away (RFC 8725
 * section 3.12): `events` a security event or logout token; the rest an ID token of OpenID Connect. An ID token with none of them
 * can only be told by its audience, the client. */
static apisec_status check_other_kinds(const struct claims *claims, apisec_error *err)
{
    static const char *const marks[] = {"events", "nonce", "at_hash", "c_hash", "s_hash"};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (json_member(claims->document, marks[i]) != NULL)
            return fail(err, APISEC_E_TYPE, "claim %s marks another kind of token", marks[i]);
    return APISEC_OK;
}

apisec_status claims_check_required(const struct claims *claims, const struct issuer *issuer, apisec_error *err)
{
    const apisec_status status = issuer->profile == PROFILE_AT_JWT ? check_at_jwt(claims, err) : check_other_kinds(claims, err);
    if (status != APISEC_OK) return status;
    for (size_t i = 0; i < issuer->required_claims.num; i++) {
        const struct json *claim = json_member(claims->document, issuer->required_claims.at[i]);
        if (claim == NULL || json_kind(claim) == JSON_NULL) return missing(issuer->required_claims.at[i], err);
    }
    return APISEC_OK;
}
