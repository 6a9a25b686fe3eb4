/* SPDX-License-Identifier: Apache-2.0
 *
 * token.h: a verified token. It exists only after verification; there is no other way to make one.
 *
 * It is immutable and reference-counted; nothing in it is computed lazily. Borrowed pointers live as long as the token.
 * NULL tokens: what returns a status returns APISEC_E_MISUSE, all else NULL or 0.
 * Threads: share.
 */
#ifndef APISEC_TOKEN_H
#define APISEC_TOKEN_H

#include <apisec/status.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

typedef struct apisec_token apisec_token;

/* apisec_token_ref takes one more reference, to be given back with apisec_token_free, and returns the same token. */
apisec_token *apisec_token_ref(const apisec_token *token);
/* apisec_token_free gives one reference back; the last wipes the claims. */
void apisec_token_free(apisec_token *token);

/* apisec_token_issuer: `iss`; of a Txn-Token without one, the name of the trusted issuer that its audience belongs to. */
const char *apisec_token_issuer(const apisec_token *token);
/* apisec_token_subject: `sub`, NULL when the token has none. */
const char *apisec_token_subject(const apisec_token *token);

/* apisec_token_principal is who this is: issuer and subject in one text, unambiguous: both are percent-encoded outside
 * RFC 3986's unreserved characters and "/" and ":", and joined by "|". NULL without a subject. Two issuers' equal subjects
 * differ. */
const char *apisec_token_principal(const apisec_token *token);

/* apisec_token_client_id: `client_id`, or in profile jwt `azp` where that is absent; NULL for none. */
const char *apisec_token_client_id(const apisec_token *token);
/* apisec_token_id: `jti`, or NULL. */
const char *apisec_token_id(const apisec_token *token);
/* apisec_token_session: `sid`, the session at the issuer that the token was issued in (OpenID Connect), or NULL. */
const char *apisec_token_session(const apisec_token *token);
/* apisec_token_transaction: `txn`, the transaction that the token belongs to (RFC 8417 section 2.2), or NULL. A Txn-Token has
 * one. */
const char *apisec_token_transaction(const apisec_token *token);

/* apisec_token_expires_at: `exp` in seconds. */
int64_t apisec_token_expires_at(const apisec_token *token);
/* apisec_token_issued_at: `iat` in seconds, or 0. */
int64_t apisec_token_issued_at(const apisec_token *token);

/* apisec_token_actor returns the `sub` of the actor at a depth of the `act` chain (RFC 8693 section 4.1): 0 is the current actor,
 * the only one to decide by; deeper ones inform. NULL where there is none. */
const char *apisec_token_actor(const apisec_token *token, size_t depth);
/* apisec_token_actor_issuer: the `iss` of that actor; NULL where it has none: then it is the token's own issuer that knows it. */
const char *apisec_token_actor_issuer(const apisec_token *token, size_t depth);
/* apisec_token_num_actors: how long the `act` chain is, at most 4; 0 for a token that nobody acts with for somebody else. */
size_t apisec_token_num_actors(const apisec_token *token);
/* apisec_token_may_act: the `sub` of `may_act` (RFC 8693 section 4.4): who may become the actor when this token is exchanged. NULL:
 * the token has no `may_act`. Its other members: apisec_token_claim_json. */
const char *apisec_token_may_act(const apisec_token *token);

/* apisec_token_confirmation: a member of `cnf` (RFC 7800) that is a string: "x5t#S256" or "jkt", the thumbprint of the certificate
 * or key that the token is bound to; NULL where there is none. That the caller holds that key was proved before there was a
 * token. */
const char *apisec_token_confirmation(const apisec_token *token, const char *member);

/* apisec_token_scope: the whole `scope`, space-separated, or NULL. */
const char *apisec_token_scope(const apisec_token *token);
/* apisec_token_has_scope: APISEC_OK if the scope is an element of the token's `scope`, byte for byte; else APISEC_E_SCOPE.
 * APISEC_E_ARGUMENT: it is not a scope-token (RFC 6749 section 3.3). */
apisec_status apisec_token_has_scope(const apisec_token *token, const char *scope);

/* apisec_token_claim_text: one top-level claim that is a string, borrowed. APISEC_E_CLAIM: absent, or no string. */
apisec_status apisec_token_claim_text(const apisec_token *token, const char *name, const char **text);
/* apisec_token_claim_int64: one that is an integer within ±(2^53 - 1). APISEC_E_CLAIM: absent, or no such number. */
apisec_status apisec_token_claim_int64(const apisec_token *token, const char *name, int64_t *number);
/* apisec_token_claim_json returns a top-level claim's JSON text as it stands in the token (not NUL-terminated); NULL if absent. */
const char *apisec_token_claim_json(const apisec_token *token, const char *name, size_t *len);
/* apisec_token_claims_json returns all claims, the token's payload as it was signed. It is strict JSON (json.h). */
const char *apisec_token_claims_json(const apisec_token *token, size_t *len);
/* apisec_token_sha256 returns the base64url SHA-256 of the token as it came: what DPoP calls `ath`, and what records hold. */
const char *apisec_token_sha256(const apisec_token *token);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
