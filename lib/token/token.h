/* SPDX-License-Identifier: Apache-2.0
 *
 * token.h (private): call, trusted issuers, key sets, claims, verification.
 *
 *   trust.c    the builder                    issuer.c   one issuer, frozen
 *   keyset.c   an issuer's keys over time     fetch.c    the operation that refreshes them
 *   snapshot.c the keys that readers see now  landing.c  what became of a fetch
 *   health.c   what is worth watching         keystore.c key sets as a document, for cold starts
 *   moment.h   how long to keep what was fetched, when to try again
 *   claims.h   what is in a token             token.c    the verified token
 *   verify.c   the stages in order            verifier.c the frozen trust, verifying as an operation
 *   signed.c   the stages of a signed token   signature.c a JWS and its issuer's keys, fetched where they must be
 *   recheck.c  what is judged on every use    present.h  the request, and how a token came with it
 *   warm.c     fetches keys ahead of requests headers.h  headers of genuine tokens, known by their bytes
 *   status_check.c  is it revoked by a list?  status_list.c, status_store.c, status_fetch.c  one list, all over time, how one comes
 *   status_none.c  in place of the last three: a library without zlib (make STATUS=none)
 *   opaque.c   tokens that only their issuer can read: introspect.h
 *   binding.c  is the token its sender's own? dpop.h     DPoP, for those in this folder
 *   decrypt.c  the stage of an encrypted token    inherit.c  what a verifier takes over: inherit.h
 *   cache.c    tokens that were verified      kept.c     the stages that find and keep them: cache.h
 *   denylist.c what was denied                deny.c     its public side: denylist.h
 *   scope.c    scope syntax and comparison    check.c    the checks by name
 */
#ifndef TOKEN_TOKEN_H
#define TOKEN_TOKEN_H

#include "base/base.h"
#include "crypto/crypto.h"
#include "http/http.h"
#include "jose/jose.h"
#include "json/json.h"
#include "token/cache.h"
#include "token/claims.h"
#include "token/denylist.h"
#include "token/headers.h"
#include "token/inherit.h"
#include "token/present.h"

#include <apisec/token.h>
#include <apisec/trust.h>
#include <apisec/verifier.h>

/* ---- check.c: the checks by name, for explanations and records ---- */

enum check {
    CHECK_CREDENTIAL,   /* RFC 6750 section 2: exactly one, well-formed */
    CHECK_FORM,         /* RFC 7515 section 7.1, RFC 8725 */
    CHECK_INTROSPECTION, CHECK_DECRYPTION,
    CHECK_ISSUER, CHECK_TYPE, CHECK_ALGORITHM, CHECK_AUDIENCE, CHECK_KEY, CHECK_SIGNATURE,
    CHECK_EXPIRY, CHECK_NOT_BEFORE, CHECK_ISSUED_AT, CHECK_LIFETIME, CHECK_CLAIMS,
    CHECK_BINDING, CHECK_REVOCATION, CHECK_STATUS, CHECK_REPLAY,
    NUM_CHECKS
};
const char *check_id(enum check check);        /* "signature" */
const char *check_standard(enum check check);  /* "RFC 7515 section 5.2" */
/* check_passed: the JSON that lists it where it passed: its id, the verdict "pass" and its standard. */
struct text check_passed(enum check check);

/* A trail says how far the checks came: all below `at` passed, in the enum's order, but those in the set `absent`, which had
 * nothing to judge; `at` is the one that failed, or NUM_CHECKS. */
struct trail {
    enum check at;
    uint32_t absent;
};
bool trail_passed(const struct trail *trail, enum check check);
/* trail_applies takes a check out of `absent`, and makes it the one that is under way. */
void trail_applies(struct trail *trail, enum check check);
/* trail_skip: there is nothing for this check to judge. */
void trail_skip(struct trail *trail, enum check check);
/* trail_begin: under way is the first check; absent are those that few tokens meet: INTROSPECTION, DECRYPTION, REVOCATION, STATUS
 * and REPLAY. */
struct trail trail_begin(enum check first);

/* ---- trust.c: the builder, as the setters left it ---- */

enum key_source { KEYS_NONE, KEYS_PINNED, KEYS_URI, KEYS_DISCOVERED };

struct name_list {
    char **at;
    size_t num;
};

struct apisec_issuer {
    struct apisec_trust *trust;
    struct apisec_issuer *next;
    char *name;
    struct name_list audiences;
    struct name_list required_claims;
    uint32_t algorithms;        /* bit set of algorithm_index */
    enum profile profile;
    enum key_source source;
    char *keys;                 /* the pinned set's text, or the URL */
    size_t keys_len;
    uint32_t leeway;
    bool has_max_lifetime;
    uint32_t max_lifetime;
    struct name_list status_prefixes;
    bool require_status, ignore_status;
    struct introspection_settings *introspection; /* NULL: none */
    bool require_binding;
    bool require_encryption;
};
/* trust_note keeps the first error of the issuer's trust. */
void trust_note(apisec_issuer *issuer, apisec_status status, const char *what);

/* trust_note_memory: the same of a failed allocation. */
void trust_note_memory(apisec_trust *trust);

struct dpop_settings;
void dpop_settings_free(struct dpop_settings *settings);

struct apisec_trust {
    apisec_error error;         /* the first thing a setter was given wrong; what is missing is seen by issuer_new */
    char *realm;
    char *resource_metadata;
    struct dpop_settings *dpop; /* NULL: nothing was said of it; see dpop.h */
    char *decryption_keys;      /* a JWK Set's text; NULL: encrypted tokens are refused */
    size_t decryption_keys_len;
    struct apisec_issuer *first, *last;
    struct table by_name;
    size_t cache_tokens;        /* 0: no cache */
    uint32_t cache_age;
};

/* ---- issuer.c: one issuer, frozen; part of a verifier ---- */

struct introspector;
struct keyset;
struct status_lists;

enum status_policy {
    STATUS_REFUSED,             /* a token with a status is refused: nobody said that it may be ignored */
    STATUS_CHECKED, STATUS_REQUIRED, STATUS_IGNORED
};

struct issuer {
    char *name;
    struct name_list audiences;
    struct name_list required_claims;
    uint32_t algorithms;
    enum profile profile;
    int64_t leeway;
    int64_t max_lifetime;       /* 0: no limit */
    bool require_binding;
    bool require_encryption;
    struct keyset *keys;        /* NULL: none of its JWTs is accepted, only opaque tokens */
    struct introspector *introspector; /* NULL: none of its opaque tokens is */
    enum status_policy status_policy;
    struct name_list status_prefixes;
    struct status_lists *status_lists; /* NULL unless CHECKED or REQUIRED */
};
/* issuer_new copies what the builder holds, judged as a whole: CONFIG with the issuer's name and what is missing or contradicts. */
apisec_status issuer_new(const apisec_issuer *from, struct issuer *issuer, apisec_error *err);
void issuer_free(struct issuer *issuer);  /* the struct itself is not freed */
/* name_list_add copies one name; name_list_free. false: no memory. */
bool name_list_add(struct name_list *list, const char *name);
void name_list_free(struct name_list *list);

/* ---- token.c ---- */

/* What a token needs in its arena beside its payload, unless its issuer and subject are long. */
#define TOKEN_ROOM 448
/* token_new takes document, payload and arena over (on failure too). compact is only hashed. */
apisec_status token_new(struct arena *arena, struct json *document, struct text payload, const struct claims *claims,
                        struct text compact, apisec_token **token, apisec_error *err);
/* token_check_times judges exp, nbf and iat again, by the issuer's leeway: for a token that is used after it was verified. */
apisec_status token_check_times(const apisec_token *token, int64_t leeway, int64_t now, struct trail *trail, apisec_error *err);
/* principal_is_of: the principal is of this issuer, and spelled as apisec_token_principal spells it. */
bool principal_is_of(struct text principal, struct text issuer);
/* token_is_raw: the bytes hash to this token's SHA-256, in constant time. */
bool token_is_raw(const apisec_token *token, struct text raw);
const struct json *token_claims(const apisec_token *token);
/* token_confirmation, token_status: the claims `cnf` and `status`, whatever they are, which each use of a token asks for; or
 * NULL. */
const struct json *token_confirmation(const apisec_token *token);
const struct json *token_status(const apisec_token *token);

/* ---- scope.c: RFC 6749 section 3.3 ---- */

bool scope_is_token(struct text scope);
/* scope_list_is_valid: scope-tokens separated by exactly one space, not empty. */
bool scope_list_is_valid(struct text list);
/* scope_list_has: byte for byte, split on 0x20; no hierarchy. */
bool scope_list_has(struct text list, struct text scope);

/* ---- keyset.c: an issuer's keys over time ---- */

struct keyset_config {
    enum key_source source;
    struct text issuer;         /* for discovery */
    struct text uri;            /* KEYS_URI */
    struct text json;           /* KEYS_PINNED */
};
apisec_status keyset_new(const struct keyset_config *config, struct keyset **keys, apisec_error *err);
void keyset_free(struct keyset *keys); /* gives one reference back; with the last one, no flight may be under way */

/* A snapshot is a parsed set, frozen, that stays valid until it is released, whatever is fetched meanwhile. Taking and releasing it
 * needs no lock and waits for nobody, but where a fetch is due or a kid is missing. */
struct snapshot;
const struct jwk_set *snapshot_keys(const struct snapshot *snapshot);

enum keyset_state {
    KEYSET_READY,        /* *snapshot is to be used and released */
    KEYSET_FETCH,        /* the caller is the one to fetch now: flight_begin, and later flight_step to its end or flight_abandon */
    KEYSET_WAIT,         /* somebody else is fetching: ask again by *again_ms */
    KEYSET_EXHAUSTED     /* nothing more can be done now: error says why */
};
/* keyset_get asks for keys at now_ms. missing_kid: the snapshot of generation seen did not have the kid: is there, or may there be,
 * a newer one? offline: the caller cannot fetch and will not wait. early: the caller fetches ahead of those who need the keys. */
struct keyset_query {
    int64_t now_ms;
    bool offline;
    bool early;
    bool missing_kid;
    uint64_t seen;
};
struct keyset_reply {
    enum keyset_state state;
    struct snapshot *snapshot;
    uint64_t generation;
    uint64_t flight;             /* with FETCH: the ticket for flight_begin */
    int64_t again_ms;
    apisec_error error;          /* with EXHAUSTED only: KEY_UNKNOWN, KEYS_UNAVAILABLE, NO_TRANSPORT */
};
void keyset_get(struct keyset *keys, const struct keyset_query *query, struct keyset_reply *reply);
void keyset_release(struct keyset *keys, struct snapshot *snapshot);
bool keyset_is_fetched(const struct keyset *keys);
/* keyset_generation: of the set that is there now; 0: none yet. It only grows, and takes no lock. What was verified with another
 * generation's keys is to be verified again. */
uint64_t keyset_generation(const struct keyset *keys);
/* keyset_holds: may what was verified with this generation's keys be believed now without asking for them: they are the current
 * ones, and neither too old nor due to be fetched. Takes no lock. false: keyset_get decides, and sees to the fetching. */
bool keyset_holds(struct keyset *keys, uint64_t generation, int64_t now_ms);

/* The rest of keyset.c is for the holder of a flight's ticket. A ticket that is no longer the keyset's own changes nothing: the
 * flight took so long that somebody else has taken over. */
struct text keyset_issuer(const struct keyset *keys);
/* keyset_known_uri: a copy of the URL to fetch from, to be freed; *uri NULL: it must be discovered first. MEMORY. */
apisec_status keyset_known_uri(struct keyset *keys, char **uri);
/* keyset_learn_uri remembers what discovery found; takes uri over. */
void keyset_learn_uri(struct keyset *keys, uint64_t ticket, char *uri);
/* keyset_land replaces the set; takes it over. MEMORY: then the flight has failed. */
struct landed {
    struct jwk_set *set;
    const char *uri;             /* where it was */
    const char *etag;            /* as in struct op_answer, as is max_age */
    int64_t max_age;
};
apisec_status keyset_land(struct keyset *keys, uint64_t ticket, const struct landed *landed, int64_t now_ms);
/* keyset_validator tells the generation of the set that came from this URL with an entity tag, and the tag. 0: none, or too old. */
uint64_t keyset_validator(struct keyset *keys, const char *uri, char etag[OP_MAX_ETAG]);
/* keyset_renew: the server says that the set of this generation is what it has now: it is as good as fetched. false: there is
 * another set by now, and the flight is still the caller's. */
bool keyset_renew(struct keyset *keys, uint64_t ticket, uint64_t generation, int64_t max_age, int64_t now_ms);
/* keyset_fail notes why there is no new set, and when to try again. */
void keyset_fail(struct keyset *keys, uint64_t ticket, const apisec_error *why, int64_t now_ms);
/* keyset_abandon: nobody flies any more; whoever asks next takes over. keyset_unsent: the same, and no request was ever made. */
void keyset_abandon(struct keyset *keys, uint64_t ticket);
void keyset_unsent(struct keyset *keys, uint64_t ticket);

/* ---- keystore.c: the sets as a document; keyset_stored and keyset_restore are landing.c's ---- */

/* A fetched set as it is kept. */
struct stored {
    struct snapshot *snapshot;   /* to be released; NULL: there is none */
    char *uri;
    int64_t fetched_ms, lifetime_ms;
};
/* keyset_stored tells what there is to keep; uri is to be freed. MEMORY. */
apisec_status keyset_stored(struct keyset *keys, struct stored *stored);
/* keyset_restore puts a set in that was fetched before, unless it is too old by now or what is there is not older; takes
 * landed->set over. max_age is its lifetime. MEMORY. */
apisec_status keyset_restore(struct keyset *keys, const struct landed *landed, int64_t fetched_ms, int64_t now_ms);
/* keyset_is_from: would the keys be fetched from this URL? What discovery will say is not known before. */
bool keyset_is_from(const struct keyset *keys, struct text uri);

/* ---- fetch.c: a flight is the one fetch under way: steps of an operation ---- */

struct flight {
    struct keyset *keys;         /* NULL: none under way */
    uint64_t ticket;
    int32_t stage;
    char *uri;                   /* of the key set */
    bool discovered;             /* the metadata said so, just now */
    uint64_t validated;          /* the generation that the server was asked about; 0: the whole set was asked for */
    apisec_error error;          /* after the last step; error.status is how it ended */
};
void flight_begin(struct flight *flight, struct keyset *keys, uint64_t ticket);
/* flight_step makes the next request (APISEC_OP_HTTP) or ends (APISEC_OP_DONE: the set is replaced, or the failure is noted, and
 * flight->keys is NULL again). */
int32_t flight_step(struct flight *flight, apisec_op *op, int64_t now_ms);
/* flight_abandon ends a flight mid-way, if one is under way. */
void flight_abandon(struct flight *flight);

/* ---- work: what a verification may have to do over the network, or wait for; one at a time ---- */

struct work;
struct work_kind {
    /* step is called as op_kind.step; APISEC_OP_DONE: the stage that began the work is run again and finds the outcome. */
    int32_t (*step)(struct work *work, apisec_op *op, int64_t now_ms);
    /* abandon ends a work mid-way. Nothing is freed that the stage's own owner frees. */
    void (*abandon)(struct work *work);
};
struct work {                    /* the first member of what a stage keeps for its work */
    const struct work_kind *kind;
};

/* What comes of a stage, or of a piece of one. */
enum pass {
    PASS_ON,                     /* the next */
    PASS_ENDED,                  /* it is decided: the status says how */
    PASS_WORK,                   /* the work is to be driven to its end, and the same called again */
    PASS_JUMP                    /* stages only: verification->stage names the next one */
};

/* ---- signature.c: a JWS checked with an issuer's keys, which are fetched where they must be ---- */

struct signature_check {
    struct work work;            /* after PASS_WORK */
    struct keyset *keys;
    const struct jws *jws;
    struct text kid;             /* at NULL: none */
    const struct algorithm *algorithm;
    struct keyset_query query;
    struct flight flight;
    int64_t again_ms;            /* not 0: somebody else fetches, ask again then */
    uint64_t generation;         /* of the set whose key verified */
    bool at_key;                 /* it failed for want of a key; otherwise because of the signature */
    apisec_error error;          /* error.status is the outcome */
};
/* signature_init: jws, kid and algorithm are borrowed. offline: never fetch, never wait. */
void signature_init(struct signature_check *check, struct keyset *keys, const struct jws *jws, struct text kid,
                    const struct algorithm *algorithm, bool offline);
/* signature_run: PASS_ON: genuine. PASS_ENDED: check->error. PASS_WORK: drive check->work. */
enum pass signature_run(struct signature_check *check, int64_t now_ms);

/* ---- status_store.c: the lists of one issuer over time; the rest of its face is in status.h ---- */

apisec_status status_lists_new(struct status_lists **lists, apisec_error *err);
void status_lists_free(struct status_lists *lists);
struct status_counts {
    size_t num_lists, num_bytes;             /* that are held */
    uint64_t fetches, failures, abandoned;   /* how many were begun, and how many of those came to nothing */
    int64_t success_ms, failure_ms;          /* when the last one ended so; 0: none has */
    apisec_error last_error;
};
void status_lists_counts(struct status_lists *lists, struct status_counts *counts);

/* ---- status_fetch.c: asks the store, and fetches the list where it must: the work of stage_status ---- */

struct status_flight;
struct status_check {
    struct work work;            /* after PASS_WORK */
    const struct issuer *issuer; /* NULL: not begun */
    struct text uri;             /* at NULL: the token has no status */
    int64_t index;
    bool offline;
    bool tried;                  /* its own flight has ended: what is there now must do */
    int64_t again_ms;            /* not 0: somebody else fetches, ask again then */
    int64_t patience_ms;         /* not 0: wait no longer than until then */
    struct status_flight *flight;/* NULL: none of its own */
};
/* status_run: PASS_ON: the token is valid. PASS_ENDED: *err says why not: REVOKED, CLAIM, or that there is no list. PASS_WORK:
 * drive check->work. */
enum pass status_run(struct status_check *check, int64_t now_ms, apisec_error *err);

/* ---- status_check.c ---- */

/* status_prefix_check: an https URL that ends in "/" and stands for all below it, or is one list's own. CONFIG. */
apisec_status status_prefix_check(struct text prefix, apisec_error *err);
bool status_uri_is_allowed(const struct name_list *prefixes, struct text uri);

/* ---- verify.c: the stages of one verification, without I/O, and what drives them ---- */

enum stage {
    STAGE_ROUTE,                 /* what kind of token is it? */
    STAGE_INTROSPECT, STAGE_REPORTED,                         /* opaque.c */
    STAGE_CACHED,                /* kept.c: was it verified before? */
    STAGE_DECRYPT,               /* decrypt.c */
    STAGE_FORM, STAGE_ISSUER, STAGE_SIGNATURE, STAGE_CLAIMS,  /* signed.c */
    STAGE_TIMES,                                              /* recheck.c: of each use of a token, from here on */
    STAGE_BINDING,                                            /* binding.c */
    STAGE_REVOCATION,                                         /* recheck.c */
    STAGE_STATUS,                                             /* status_check.c */
    STAGE_REPLAY,                                             /* binding.c */
    STAGE_KEEP,                                               /* kept.c: for the next time */
    NUM_STAGES
};

struct verification {
    /* in */
    apisec_verifier *verifier;
    struct presented presented;
    int64_t now;                 /* seconds: the token is judged at */
    bool offline;                /* nobody drives: what would need the network is refused */
    /* out */
    bool ended;
    apisec_token *token;         /* on APISEC_OK; the caller's */
    struct trail trail;
    apisec_status status;        /* MISUSE until it has ended */
    apisec_error error;
    /* between the two */
    int32_t stage;
    struct work *work;           /* under way, or NULL */
    struct text compact;         /* the JWS to verify: the token as it came, or what was inside of it */
    bool encrypted;              /* it was inside */
    struct arena decrypted;      /* where compact lies then */
    struct arena arena;
    struct jws jws;
    struct jws_header header;
    struct known_header known;   /* what header's texts are in, where it was known */
    struct json *document;
    struct text payload;
    struct claims claims;
    const struct issuer *issuer;
    const struct algorithm *algorithm;
    struct signature_check signature;
    struct status_check status_check;
    struct inquiry *inquiry;     /* of an opaque token; or NULL */
    struct proof_use *proof;     /* NULL: no DPoP proof was looked at */
    struct cache_key cache_key;
    bool may_be_kept;            /* it has a place in the cache, by that key */
    bool was_kept;               /* it was found there */
    uint64_t denials;            /* the deny-list's generation in which it was not found there; 0: not looked for yet */
};
void verification_init(struct verification *verification, apisec_verifier *verifier, const struct presented *presented,
                       int64_t now);
/* verification_run goes as far as it can at now_ms: PASS_ENDED: status says how it ended. PASS_WORK: verification->work is to be
 * driven to its end first. */
enum pass verification_run(struct verification *verification, int64_t now_ms);
/* verification_end is for stages: it is decided. */
enum pass verification_end(struct verification *verification, apisec_status status);
/* verification_check_claims, for stages too: all of the claims but issuer and audience, by what this issuer demands of them. */
apisec_status verification_check_claims(struct verification *verification, const struct issuer *issuer);
/* verification_make_token makes the token of the claims that were checked; document and arena are its own, whatever comes of it. */
apisec_status verification_make_token(struct verification *verification);
void verification_free(struct verification *verification);

/* verify_blocking: verification_run, with work done over the verifier's transport; without one there is none. */
apisec_status verify_blocking(struct verification *verification);
/* verify_step: the same as steps of an operation of any kind; APISEC_OP_DONE: verification->status. */
int32_t verify_step(struct verification *verification, apisec_op *op, int64_t now_ms);

/* ---- decrypt.c ---- */

enum pass stage_decrypt(struct verification *verification, int64_t now_ms);
/* decrypt_check_required: a token of an issuer that must encrypt did come encrypted. DECRYPTION. */
apisec_status decrypt_check_required(struct verification *verification);

/* ---- kept.c ---- */

enum pass stage_cached(struct verification *verification, int64_t now_ms);
enum pass stage_keep(struct verification *verification, int64_t now_ms);

/* ---- opaque.c (the rest of it is in introspect.h), signed.c, recheck.c, binding.c: the stages ---- */

enum pass stage_introspect(struct verification *verification, int64_t now_ms);
enum pass stage_reported(struct verification *verification, int64_t now_ms);
enum pass stage_form(struct verification *verification, int64_t now_ms);
enum pass stage_issuer(struct verification *verification, int64_t now_ms);
enum pass stage_signature(struct verification *verification, int64_t now_ms);
enum pass stage_claims(struct verification *verification, int64_t now_ms);
enum pass stage_times(struct verification *verification, int64_t now_ms);
enum pass stage_revocation(struct verification *verification, int64_t now_ms);
enum pass stage_binding(struct verification *verification, int64_t now_ms);
enum pass stage_status(struct verification *verification, int64_t now_ms);
enum pass stage_replay(struct verification *verification, int64_t now_ms);
void proof_use_free(struct proof_use *use);

/* ---- verifier.c ---- */

struct apisec_verifier {
    _Atomic size_t references;
    struct issuer *issuers;
    size_t num_issuers;
    struct table by_name;
    struct opaque_routes *opaque; /* NULL: nobody is asked about opaque tokens */
    struct domains domains;
    struct headers *headers;
    char *realm;                 /* or NULL */
    char *resource_metadata;     /* or NULL */
    struct dpop_policy *dpop;    /* NULL: DPoP is not allowed */
    bool txn_tokens;             /* an issuer's tokens are Transaction Tokens */
    struct jwe_keys *decryption_keys; /* NULL: none */
    struct cache *cache;         /* of verified tokens; NULL: none */
    struct denylist *denials;
    struct replay *idle_proofs;  /* taken over, and kept for whoever allows DPoP again; or NULL */
    apisec_http *http;
    struct verifier_belonging *belonging; /* ended after all else; or NULL */
};
/* verifier_dpop_algs: the algorithms for DPoP proofs, space-separated; NULL: DPoP is not allowed. */
const char *verifier_dpop_algs(const apisec_verifier *verifier);
/* verifier_nonce gives the client of a verification that has ended a nonce, where it needs one: it had none that is good, or one
 * that will soon be too old. "" otherwise. */
#define VERIFIER_NONCE_SIZE 24
void verifier_nonce(const struct verification *verification, char out[VERIFIER_NONCE_SIZE]);
apisec_verifier *verifier_ref(apisec_verifier *verifier);
const struct issuer *verifier_find_issuer(const apisec_verifier *verifier, struct text iss);

#endif
