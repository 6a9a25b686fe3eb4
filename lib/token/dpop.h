/* SPDX-License-Identifier: Apache-2.0
 *
 * dpop.h (private to token/): what it takes to judge a DPoP proof, RFC 9449.
 *
 *   dpop.c   the checks of one proof, section 4.3  htu.c     the URL a proof is made for
 *   nonce.c  nonces that nobody has to remember    replay.c  the proofs that were seen
 *   dpop_policy.c  what a verifier demands of proofs, of which trust_dpop.c is told
 */
#ifndef TOKEN_DPOP_H
#define TOKEN_DPOP_H

#include "token/token.h"

#include <apisec/store.h>

#define DPOP_WINDOW_S 30           /* how far `iat` may lie from now, before and after */

/* ---- trust_dpop.c: what the trust was told ---- */

struct dpop_settings {
    bool allowed;
    uint32_t algorithms;        /* bit set of algorithm_index; 0: the defaults */
    struct name_list bases;     /* as of htu_base */
    uint32_t nonce_lifetime;    /* 0: no nonce is demanded */
    char *nonce_key;            /* NULL: a random one */
    size_t nonce_key_len;
    size_t capacity;            /* of the memory of proofs; 0: the default */
    bool has_store;
    apisec_store store;
};

#define REPLAY_ID_LEN CRYPTO_SHA256_LEN

/* ---- htu.c: RFC 3986 section 6.2.2 and 6.2.3; a query and a fragment are ignored (RFC 9449 section 4.3) ---- */

/* htu_base appends what a service's URLs begin with, normalised, without a slash at its end: "https://api.example" of
 * "HTTPS://API.example:443/". https, or http of a loopback host. CONFIG, MEMORY. */
apisec_status htu_base(struct text url, struct buffer *out, apisec_error *err);
/* htu_path appends the path of a request, normalised: what lies above the root is cut off. MALFORMED: it does not begin with '/',
 * or has a percent sign that is no escape. MEMORY. */
apisec_status htu_path(struct text path, struct buffer *out);
/* htu_url appends an absolute http or https URL, normalised. MALFORMED: it is none. MEMORY. */
apisec_status htu_url(struct text url, struct buffer *out);

/* ---- nonce.c: RFC 9449 section 8. A nonce is the HMAC of the number of its window of time under a key: whoever has the key knows
 * the nonces of now and of the window before; nobody else can tell the next one ---- */

#define NONCE_LEN 22               /* base64url of 128 bits */
#define NONCE_MIN_KEY 32
#define NONCE_MAX_KEY 64
#define NONCE_MAX_LIFETIME_S 86400

struct nonce_maker {
    struct crypto_key *key;
    int64_t lifetime;              /* of a window, in seconds */
};
enum nonce_age { NONCE_WRONG, NONCE_OLD, NONCE_FRESH };
/* nonce_maker_init: key at NULL: a random one. UNSUPPORTED, MEMORY, SYSTEM. */
apisec_status nonce_maker_init(struct nonce_maker *maker, struct text key, int64_t lifetime, apisec_error *err);
void nonce_maker_free(struct nonce_maker *maker);
/* nonce_write gives the nonce of now. CRYPTO, MEMORY. */
apisec_status nonce_write(const struct nonce_maker *maker, int64_t now, char out[NONCE_LEN + 1]);
/* nonce_judge: *age is NONCE_WRONG unless the status is APISEC_OK. */
apisec_status nonce_judge(const struct nonce_maker *maker, int64_t now, struct text nonce, enum nonce_age *age);

/* ---- replay.c: the store in this process: bounded, never forgetting what could still be accepted ---- */

struct replay;
apisec_status replay_new(size_t capacity, struct replay **replay, apisec_error *err);
struct replay *replay_ref(struct replay *replay);
void replay_free(struct replay *replay); /* gives one reference back */
/* replay_put keeps the id up to and including the second `until`. REPLAY: it is there, or it may have been there: an id that would
 * have been dropped by now, had it come in its time, is only offered when the clock went back. STORE: full. */
apisec_status replay_put(struct replay *replay, const unsigned char id[REPLAY_ID_LEN], int64_t until, int64_t now,
                         apisec_error *err);
struct replay_counts {
    size_t max_proofs, num_proofs;
    uint64_t seen, refused;        /* proofs that were there; proofs for which there was no room */
};
void replay_count(struct replay *replay, struct replay_counts *counts);

/* ---- dpop_policy.c: what a verifier demands of proofs; frozen ---- */

struct dpop_policy {
    uint32_t algorithms;           /* bit set of algorithm_index: asymmetric ones */
    char *algs;                    /* the same by name, space-separated, for the challenge */
    struct name_list bases;        /* as of htu_base */
    bool wants_nonce;
    bool has_random_nonce_key;
    struct nonce_maker nonce;
    struct replay *replay;         /* NULL: there is a store */
    apisec_store store;
};
/* dpop_policy_new: *policy stays NULL when DPoP is not allowed. CONFIG, MEMORY. */
apisec_status dpop_policy_new(const struct dpop_settings *settings, struct dpop_policy **policy, apisec_error *err);
void dpop_policy_free(struct dpop_policy *policy);

/* ---- dpop.c: RFC 9449 section 4.3 ---- */

struct dpop_context {              /* what a proof is judged by */
    const struct dpop_policy *policy;
    struct text method, path;      /* of the request */
    struct text ath;               /* base64url SHA-256 of the token */
    struct text jkt;               /* the thumbprint of the key the token is bound to */
    int64_t now;
};
struct dpop_result {
    unsigned char id[REPLAY_ID_LEN];  /* what is to be unseen: the hash of key and `jti` */
    int64_t until;               /* the last second at which the proof is accepted */
    bool old_nonce;              /* it is of the window before: the client should be given the next one */
};
/* dpop_check: PROOF, NONCE; BINDING: it is made with another key than the token is bound to. MEMORY, CRYPTO. The key is compared
 * before its signature is computed, so that nobody makes us work with a key of his own choosing. */
apisec_status dpop_check(struct text proof, const struct dpop_context *context, struct dpop_result *result, apisec_error *err);

/* ---- binding.c: a proof that was accepted, on its way to be remembered ---- */

struct proof_use {
    struct work work;            /* while the store has not answered */
    struct dpop_result result;
    const apisec_store *store;
    bool asked;
    void *pending;
    int64_t since_ms;
    apisec_status answer;
};

#endif
