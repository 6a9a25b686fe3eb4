/* SPDX-License-Identifier: Apache-2.0
 *
 * cache.h (private): the verified-token cache of one verifier: tokens that were verified already, found again by a keyed hash of
 * their bytes. What is found was true once: the caller judges all that may have changed since.
 * Threads: any. No lock is ever waited for, and after fork parent and child go on, each with its own.
 */
#ifndef TOKEN_CACHE_H
#define TOKEN_CACHE_H

#include "base/base.h"

#include <apisec/token.h>

#define CACHE_MAX_TOKENS ((size_t)1 << 20)

struct cache;
struct issuer;

/* cache_new: *cache is NULL when max_tokens is 0: then there is none, and all below do nothing. MEMORY, SYSTEM. */
apisec_status cache_new(size_t max_tokens, uint32_t max_age_s, struct cache **cache);
/* cache_free gives all tokens back. */
void cache_free(struct cache *cache);

/* A token's place: SipHash-2-4-128 under the process's key, over this cache's own number, the way the token came, and its bytes.
 * Neither the token nor anything it could be known by is kept. */
struct cache_key {
    uint64_t tag;    /* never 0 */
    uint64_t rest;
};
/* cache_key_of: way is any number below 256: a token that came another way is another token. false: there is no cache. */
bool cache_key_of(const struct cache *cache, uint8_t way, struct text token, struct cache_key *key);

struct cached {
    apisec_token *token;
    const struct issuer *issuer;
    uint64_t keys;       /* the generation of the issuer's key set that it was verified with */
    uint64_t denials;    /* the deny-list's generation in which it was looked for and not found */
    bool encrypted;      /* the token came as a JWE */
};

/* cache_get: true: found->token is a reference of the caller's own. Never older than max_age_s at now_ms, nor younger than now. */
bool cache_get(struct cache *cache, const struct cache_key *key, int64_t now_ms, struct cached *found);
/* cache_stale: what was found does not hold any more: it is forgotten, and was no hit. */
void cache_stale(struct cache *cache, const struct cache_key *key, const apisec_token *token);
/* cache_confirm: what was found was looked for in the deny-list again. */
void cache_confirm(struct cache *cache, const struct cache_key *key, const apisec_token *token, uint64_t denials);
/* cache_put takes a reference of its own. In place of the same token, of one that is too old, or of the one not used for longest.
 * It may be left undone when others are at the same place. */
void cache_put(struct cache *cache, const struct cache_key *key, const struct cached *value, int64_t now_ms);

struct cache_counts {
    uint64_t num_tokens;     /* now */
    uint64_t max_tokens;
    uint64_t hits, misses;   /* a stale one is a miss */
    uint64_t stale;
    uint64_t stored;
    uint64_t evicted;        /* to make room, before their time */
};
void cache_count(struct cache *cache, struct cache_counts *counts);

#endif
