/* SPDX-License-Identifier: Apache-2.0
 *
 * profile.c: what each kind of token demands of itself: its `typ`, the way it may come, its required claims, how long it may live.
 * The rules of two kinds exclude each other (RFC 8725 section 3.12): no token passes in a place that is meant for another kind.
 */
#include "token/token.h"

struct rules {
    const char *name;            /* of the profile */
    const char *typ;             /* without "application/" */
    bool may_lack_typ;
    enum token_source source;    /* where it may come from in a call */
    int64_t max_lifetime;
};

static const struct rules profiles[] = {
    [PROFILE_AT_JWT] = {"at+jwt", "at+jwt", false, TOKEN_AUTHORIZATION, 86400},
    [PROFILE_JWT] = {"jwt", "JWT", true, TOKEN_AUTHORIZATION, 0},
    [PROFILE_TXN] = {"txntoken+jwt", "txntoken+jwt", false, TOKEN_TXN_HEADER, 360},
};

bool profile_find(struct text name, enum profile *profile)
{
    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
        if (!text_is(name, profiles[i].name)) continue;
        *profile = (enum profile)i;
        return true;
    }
    return false;
}

int64_t profile_max_lifetime(enum profile profile)
{
    return profiles[profile].max_lifetime;
}

apisec_status profile_check_type(enum profile profile, struct text typ, apisec_error *err)
{
    const struct rules *const rules = &profiles[profile];
    if (jws_type_is(typ, rules->typ) || (typ.at == NULL && rules->may_lack_typ)) return APISEC_OK;
    return fail(err, APISEC_E_TYPE, "typ is not %s", rules->typ);
}

apisec_status profile_check_source(enum profile profile, enum token_source source, apisec_error *err)
{
    if (source == TOKEN_BARE || source == profiles[profile].source) return APISEC_OK;
    if (source == TOKEN_TXN_HEADER) return fail(err, APISEC_E_TYPE, "what came in Txn-Token is another kind of token");
    return fail(err, APISEC_E_TYPE, "a Txn-Token came in Authorization: it is no access token");
}

/* ---- claims ---- */

static apisec_status require_text(struct text claim, enum claim name, apisec_error *err)
{
    return claim.len > 0 ? APISEC_OK : fail(err, APISEC_E_CLAIM, "claim %s is missing", claim_name(name));
}

static apisec_status require_issued_at(const struct claims *claims, apisec_error *err)
{
    return claims->has_iat ? APISEC_OK : fail(err, APISEC_E_CLAIM, "claim iat is missing");
}

/* check_at_jwt: RFC 9068 section 2.2. iss, aud and exp are there already. */
static apisec_status check_at_jwt(const struct claims *claims, apisec_error *err)
{
    apisec_status status = require_text(claims->sub, CLAIM_SUB, err);
    if (status == APISEC_OK) status = require_text(claims->client_id, CLAIM_CLIENT_ID, err);
    if (status == APISEC_OK) status = require_issued_at(claims, err);
    if (status == APISEC_OK) status = require_text(claims->jti, CLAIM_JTI, err);
    return status;
}

/* check_jwt: where `typ` says no more than JWT, claims that only other kinds of token carry give those away: `events` a security
 * event or logout token, `token_introspection` an answer about a token, the rest an ID token of OpenID Connect. An ID token with
 * none of them can only be told by its audience, the client. */
static apisec_status check_jwt(const struct claims *claims, apisec_error *err)
{
    static const enum claim marks[] = {CLAIM_EVENTS, CLAIM_NONCE,  CLAIM_AT_HASH,
                                       CLAIM_C_HASH, CLAIM_S_HASH, CLAIM_TOKEN_INTROSPECTION};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (claims->at[marks[i]] != NULL)
            return fail(err, APISEC_E_TYPE, "claim %s marks another kind of token", claim_name(marks[i]));
    return APISEC_OK;
}

static apisec_status check_context(const struct claims *claims, enum claim claim, apisec_error *err)
{
    if (claims->at[claim] == NULL || json_kind(claims->at[claim]) == JSON_OBJECT) return APISEC_OK;
    return fail(err, APISEC_E_CLAIM, "claim %s is not an object", claim_name(claim));
}

/* check_txn: draft-ietf-oauth-transaction-tokens-10, the claims of a Txn-Token. aud and exp are there already. */
static apisec_status check_txn(const struct claims *claims, apisec_error *err)
{
    struct text workload = {NULL, 0};
    const struct json *const req_wl = claims->at[CLAIM_REQ_WL];
    apisec_status status = require_issued_at(claims, err);
    if (status == APISEC_OK) status = require_text(claims->txn, CLAIM_TXN, err);
    if (status == APISEC_OK) status = require_text(claims->sub, CLAIM_SUB, err);
    if (status == APISEC_OK) status = require_text(claims->scope, CLAIM_SCOPE, err);
    if (status == APISEC_OK && req_wl != NULL && !json_as_text(req_wl, &workload))
        status = fail(err, APISEC_E_CLAIM, "claim req_wl is not a string");
    if (status == APISEC_OK) status = require_text(workload, CLAIM_REQ_WL, err);
    if (status == APISEC_OK) status = check_context(claims, CLAIM_TCTX, err);
    if (status == APISEC_OK) status = check_context(claims, CLAIM_RCTX, err);
    return status;
}

apisec_status profile_check_claims(enum profile profile, const struct claims *claims, apisec_error *err)
{
    switch (profile) {
    case PROFILE_AT_JWT: return check_at_jwt(claims, err);
    case PROFILE_JWT: return check_jwt(claims, err);
    case PROFILE_TXN: return check_txn(claims, err);
    }
    return fail(err, APISEC_E_TYPE, "the token is of no kind that is known");
}
