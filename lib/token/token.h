/* SPDX-License-Identifier: Apache-2.0
 *
 * token.h (private): call, trusted issuers, key sets, claims, verification.
 *
 *   trust.c    the builder                    issuer.c   one issuer, frozen
 *   keyset.c   an issuer's keys over time     fetch.c    the operation that refreshes them
 *   claims.c   the claims a token must have   token.c    the verified token
 *   verify.c   the checks in order            verifier.c the frozen trust, verify and warm as operations
 *   call.c     the request                    credential.c the one credential of a request
 *   scope.c    scope syntax and comparison    check.c    the checks by name
 */
#ifndef TOKEN_TOKEN_H
#define TOKEN_TOKEN_H

#include "base/base.h"
#include "crypto/crypto.h"
#include "http/http.h"
#include "jose/jose.h"
#include "json/json.h"

#include <apisec/call.h>
#include <apisec/token.h>
#include <apisec/trust.h>
#include <apisec/verifier.h>

#define TOKEN_MAX_ACTORS 4

/* ---- check.c: the checks by name, for explanations and records ---- */

enum check {
    CHECK_CREDENTIAL,   /* RFC 6750 section 2: exactly one, well-formed */
    CHECK_FORM,         /* RFC 7515 section 7.1, RFC 8725 */
    CHECK_ISSUER, CHECK_TYPE, CHECK_ALGORITHM, CHECK_AUDIENCE, CHECK_KEY, CHECK_SIGNATURE,
    CHECK_EXPIRY, CHECK_NOT_BEFORE, CHECK_ISSUED_AT, CHECK_LIFETIME, CHECK_CLAIMS, CHECK_BINDING,
    NUM_CHECKS
};
const char *check_id(enum check check);        /* "signature" */
const char *check_standard(enum check check);  /* "RFC 7515 section 5.2" */

/* A trail says how far the checks came: all below `at` passed, in the enum's order; `at` is the one that failed, or NUM_CHECKS. */
struct trail {
    enum check at;
};

/* ---- trust.c, issuer.c ---- */

enum profile { PROFILE_AT_JWT, PROFILE_JWT };
enum key_source { KEYS_NONE, KEYS_PINNED, KEYS_URI, KEYS_DISCOVERED };

struct keyset;

struct issuer {                 /* frozen; part of a verifier */
    char *name;
    char **audiences;
    size_t num_audiences;
    uint32_t algorithms;        /* bit set of algorithm_index */
    enum profile profile;
    char **required_claims;
    size_t num_required_claims;
    int64_t leeway;
    int64_t max_lifetime;       /* 0: no limit */
    struct keyset *keys;
};

/* ---- claims.c ---- */

/* claims_read takes the claims that every token has from a parsed payload. CLAIM: a registered claim of the wrong type (iss sub jti client_id azp
 * scope: string; aud: string or array of strings, not empty; exp nbf iat: NumericDate; act: chain of objects with string sub, at most 4;
 * cnf: object). Texts are borrowed from the document. */
struct claims {
    const struct json *document;
    struct text iss, sub, jti, client_id, azp, scope;
    const struct json *aud, *cnf;
    struct text actors[TOKEN_MAX_ACTORS];
    size_t num_actors;
    bool has_exp, has_nbf, has_iat;
    int64_t exp, nbf, iat;
};
apisec_status claims_read(const struct json *document, struct claims *claims, apisec_error *err);
/* claims_check_audience, claims_check_time: AUDIENCE; EXPIRED (now >= exp + leeway), NOT_YET_VALID (nbf or iat > now + leeway), LIFETIME. */
apisec_status claims_check_audience(const struct claims *claims, const struct issuer *issuer, apisec_error *err);
apisec_status claims_check_time(const struct claims *claims, const struct issuer *issuer, int64_t now, struct trail *trail,
                                apisec_error *err);
/* claims_check_required: those of the profile and of the issuer. CLAIM. */
apisec_status claims_check_required(const struct claims *claims, const struct issuer *issuer, apisec_error *err);

/* ---- token.c ---- */

/* token_new takes document, payload and arena over (on failure too). compact is only hashed. */
apisec_status token_new(struct arena *arena, struct json *document, struct text payload, const struct claims *claims,
                        struct text compact, apisec_token **token, apisec_error *err);
/* token_is_raw: the bytes hash to this token's SHA-256, in constant time. */
bool token_is_raw(const apisec_token *token, struct text raw);
const struct json *token_claims(const apisec_token *token);
size_t token_num_actors(const apisec_token *token);

/* ---- scope.c: RFC 6749 section 3.3 ---- */

bool scope_is_token(struct text scope);
/* scope_list_is_valid: scope-tokens separated by exactly one space, not empty. */
bool scope_list_is_valid(struct text list);
/* scope_list_has: byte for byte, split on 0x20; no hierarchy. */
bool scope_list_has(struct text list, struct text scope);

/* ---- keyset.c, fetch.c ---- */

struct keyset_config {
    enum key_source source;
    struct text issuer;         /* for discovery */
    struct text uri;            /* KEYS_URI */
    struct text json;           /* KEYS_PINNED */
};
apisec_status keyset_new(const struct keyset_config *config, struct keyset **keys, apisec_error *err);
void keyset_free(struct keyset *keys);

/* A snapshot is a parsed set that stays valid until it is released, whatever is fetched meanwhile. */
struct snapshot;
const struct jwk_set *snapshot_keys(const struct snapshot *snapshot);

enum keyset_state {
    KEYSET_READY,        /* *snapshot is to be used and released */
    KEYSET_FETCH,        /* the caller is the one to fetch now: keyset_fetch_start, and later end it */
    KEYSET_WAIT,         /* somebody else is fetching: ask again by *again_ms */
    KEYSET_EXHAUSTED     /* nothing more can be done now: *status says why */
};
/* keyset_get asks for keys at now_ms. missing_kid: the snapshot of generation *seen did not have the kid: is there, or may there be, a newer one? */
struct keyset_query {
    int64_t now_ms;
    bool missing_kid;
    uint64_t seen;               /* generation of the snapshot that lacked it */
};
struct keyset_reply {
    enum keyset_state state;
    struct snapshot *snapshot;
    uint64_t generation;
    int64_t again_ms;
    apisec_status status;        /* KEY_UNKNOWN or KEYS_UNAVAILABLE */
};
void keyset_get(struct keyset *keys, const struct keyset_query *query, struct keyset_reply *reply);
void keyset_release(struct keyset *keys, struct snapshot *snapshot);

/* A flight is the one fetch under way: steps of an operation. Exactly one holder between FETCH and flight_end. */
struct flight {
    struct keyset *keys;
    int32_t stage;
    apisec_status status;        /* after the last step */
    apisec_error error;
};
void flight_begin(struct flight *flight, struct keyset *keys);
/* flight_step makes the next request (APISEC_OP_HTTP) or ends (APISEC_OP_DONE: the set is replaced, or the failure is noted). */
int32_t flight_step(struct flight *flight, apisec_op *op, int64_t now_ms);
/* flight_abandon: the operation is freed mid-way; whoever waits takes over. */
void flight_abandon(struct flight *flight);

/* ---- verify.c: the checks of one token, in order, without I/O ---- */

struct verification {
    /* in */
    apisec_verifier *verifier;
    struct text compact;         /* borrowed until done */
    int64_t now;                 /* seconds: the token is judged at */
    /* out */
    apisec_token *token;         /* on APISEC_OK; the caller's */
    const char *cnf;             /* unused until sender constraint comes: NULL */
    struct trail trail;
    apisec_status status;
    apisec_error error;
    /* between the two */
    struct arena arena;
    struct jws jws;
    struct jws_header header;
    struct json *document;
    struct text payload;
    struct claims claims;
    const struct issuer *issuer;
    const struct algorithm *algorithm;
    struct keyset_query query;
    int32_t stage;
};
void verification_init(struct verification *verification, apisec_verifier *verifier, struct text compact, int64_t now);
/* verification_run goes as far as it can at now_ms. true: status says how it ended. false: keys are needed: *reply says FETCH or WAIT. */
bool verification_run(struct verification *verification, int64_t now_ms, struct keyset_reply *reply);
void verification_free(struct verification *verification);

/* verify_blocking: verification_run, fetching over the verifier's transport where it must. */
apisec_status verify_blocking(struct verification *verification);
/* verify_step: the same as steps of an operation of any kind; APISEC_OP_DONE: verification->status. */
int32_t verify_step(struct verification *verification, struct flight *flight, apisec_op *op, int64_t now_ms);

/* ---- verifier.c ---- */

struct apisec_verifier {
    _Atomic size_t references;
    struct issuer *issuers;
    size_t num_issuers;
    struct table by_name;
    char *realm;                 /* or NULL */
    char *resource_metadata;     /* or NULL */
    apisec_http *http;
};
apisec_verifier *verifier_ref(apisec_verifier *verifier);
const struct issuer *verifier_find_issuer(const apisec_verifier *verifier, struct text iss);

/* ---- call.c, credential.c ---- */

struct call_header {
    struct text name, value;
};
struct text call_method(const apisec_call *call);
struct text call_path(const apisec_call *call);             /* the target without its query */
struct text call_target(const apisec_call *call);
size_t call_num_headers(const apisec_call *call);
struct call_header call_header_at(const apisec_call *call, size_t index);
/* call_find_header: how many fields have the name (ASCII, any case); *value is the first's. */
size_t call_find_header(const apisec_call *call, const char *name, struct text *value);
struct text call_peer_certificate(const apisec_call *call); /* at NULL: none */
struct text call_peer_address(const apisec_call *call);
int64_t call_time(const apisec_call *call);                 /* clock_now() unless set */
bool call_has_time(const apisec_call *call);
apisec_status call_status(const apisec_call *call, apisec_error *err);

/* credential_find: the one bearer token (RFC 6750 section 2.1; scheme in any case, one or more spaces, b64token bytes). NO_CREDENTIAL: no
 * Authorization field, or one of another scheme (Basic). REQUEST: two fields, two tokens, an `access_token` in the query, bytes that no
 * b64token has, an empty token, the DPoP scheme (not in this build yet: APISEC_E_UNSUPPORTED is not for clients). */
apisec_status credential_find(const apisec_call *call, struct text *token, apisec_error *err);

#endif
