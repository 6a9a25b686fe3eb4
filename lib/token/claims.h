/* SPDX-License-Identifier: Apache-2.0
 *
 * claims.h (private, a part of token.h): what is in a token, and what each kind of token demands of it.
 *
 *   claims.c   the claims of every token      profile.c  what a profile demands
 *   domain.c   issuers of Txn-Tokens by trust domain
 */
#ifndef TOKEN_CLAIMS_H
#define TOKEN_CLAIMS_H

#include "base/base.h"
#include "json/json.h"
#include "token/present.h"

#define TOKEN_MAX_ACTORS 4

struct issuer;
struct trail;

enum profile { PROFILE_AT_JWT, PROFILE_JWT, PROFILE_TXN };

/* ---- claims.c: in the order in which a verification calls them; nothing of the content is judged before the signature but what it
 * takes to know whose token it is and for whom. A claim of the wrong type is CLAIM, never absent ---- */

/* The claims that this library knows. All others are only handed on. */
enum claim { /* by the length of their names */
    CLAIM_ISS, CLAIM_SUB, CLAIM_AUD, CLAIM_EXP, CLAIM_NBF, CLAIM_IAT, CLAIM_JTI, CLAIM_AZP, CLAIM_SID, CLAIM_ACT, CLAIM_CNF,
    CLAIM_TXN,
    CLAIM_TCTX, CLAIM_RCTX,
    CLAIM_SCOPE, CLAIM_NONCE,
    CLAIM_STATUS, CLAIM_REQ_WL, CLAIM_EVENTS, CLAIM_C_HASH, CLAIM_S_HASH,
    CLAIM_MAY_ACT, CLAIM_AT_HASH,
    CLAIM_CLIENT_ID,
    CLAIM_TOKEN_INTROSPECTION,
    NUM_CLAIMS
};

struct claims {
    const struct json *document;        /* the payload; all below is borrowed from it */
    const struct json *at[NUM_CLAIMS];  /* NULL: absent */
    struct text iss, sub, jti, client_id, azp, scope, sid, txn;
    struct text actors[TOKEN_MAX_ACTORS], actor_issuers[TOKEN_MAX_ACTORS];
    size_t num_actors;
    struct text may_act;                /* its `sub` */
    int64_t exp, nbf, iat;
    bool has_nbf, has_iat;
};

const char *claim_name(enum claim claim);
/* claims_read_issuer begins with a parsed payload: `iss`, a string (CLAIM); at NULL where it is absent. */
apisec_status claims_read_issuer(const struct json *document, struct claims *claims, apisec_error *err);
/* claims_read_audience: `aud` is a string or a not empty array of strings (CLAIM). After it, and only then, its elements may be
 * gone through with the next two. */
apisec_status claims_read_audience(const struct claims *claims, apisec_error *err);
const struct json *claims_first_audience(const struct claims *claims);
const struct json *claims_next_audience(const struct claims *claims, const struct json *audience); /* NULL: no more */
/* claims_check_audience: claims_read_audience, and one element is an audience of ours (AUDIENCE). */
apisec_status claims_check_audience(const struct claims *claims, const struct issuer *issuer, apisec_error *err);
/* claims_check_time reads and judges `exp` (CLAIM when absent; EXPIRED when now >= exp + leeway), `nbf` and `iat` (NOT_YET_VALID
 * when > now + leeway), and the lifetime (LIFETIME). The trail says which. */
apisec_status claims_check_time(struct claims *claims, const struct issuer *issuer, int64_t now, struct trail *trail,
                                apisec_error *err);
/* claims_read_names: sub jti client_id azp scope sid txn: strings, sub not empty; act: a chain of at most TOKEN_MAX_ACTORS objects,
 * each with a string `sub` that is not empty; may_act: such an object. An `iss` in either is a string that is not empty. */
apisec_status claims_read_names(struct claims *claims, apisec_error *err);
/* claims_check_required: what the profile and the issuer demand (CLAIM), and that it is no other kind of token (TYPE). */
apisec_status claims_check_required(const struct claims *claims, const struct issuer *issuer, apisec_error *err);

/* ---- profile.c: what each profile demands ---- */

/* profile_find: "at+jwt", "jwt", "txntoken+jwt". false: there is no such profile. */
bool profile_find(struct text name, enum profile *profile);
int64_t profile_max_lifetime(enum profile profile); /* the default; 0: none */
/* profile_check_type: the header's `typ` (at NULL: absent). TYPE. */
apisec_status profile_check_type(enum profile profile, struct text typ, apisec_error *err);
/* profile_check_source: a Txn-Token comes in its own header, and no other token does (TYPE). Bare tokens may be any. */
apisec_status profile_check_source(enum profile profile, enum token_source source, apisec_error *err);
/* profile_check_claims: what must be there (CLAIM), and what must not (TYPE). */
apisec_status profile_check_claims(enum profile profile, const struct claims *claims, apisec_error *err);

/* ---- domain.c: the issuers of Txn-Tokens, found by trust domain where a token has no `iss` ---- */

struct domain;
struct domains {
    struct domain *at;
    size_t num;
    struct table by_name;
};
/* domains_new: the issuers are borrowed. MEMORY, SYSTEM. domains_free after failure too; the struct itself is not freed. */
apisec_status domains_new(const struct issuer *issuers, size_t num_issuers, struct domains *domains, apisec_error *err);
void domains_free(struct domains *domains);
/* domains_find: the one issuer that the token's audience belongs to. ISSUER: there is none, or there are several. CLAIM: `aud`. */
apisec_status domains_find(const struct domains *domains, const struct claims *claims, const struct issuer **issuer,
                           apisec_error *err);

#endif
