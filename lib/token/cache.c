/* SPDX-License-Identifier: Apache-2.0
 *
 * cache.c: the verified-token cache: an array of sets of eight slots, a slot a token. A set is chosen by the key's hash.
 *
 *     set    | tag tag tag tag tag tag tag tag |   one cache line, written when a token is stored
 *            | slot 0 | slot 1 | ... | slot 7  |   cache lines of its own each: threads on distinct tokens write to none in common
 *            | counters                        |
 *
 * Readers pin a slot for a few assignments and never wait; a writer claims a slot that nobody has pinned, or leaves it alone. So a
 * thread that stopped half-way, as one does that is not in the child after fork, costs one slot and nothing else.
 */
#include "token/cache.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { WAYS = 8, LINE = 64 };

/* What a slot's users are: how many have it pinned, and whether one has claimed it. */
#define PIN UINT32_C(1)
#define CLAIM (UINT32_C(1) << 31)

struct slot {
    _Alignas(LINE) _Atomic uint32_t users;
    _Atomic uint32_t used;       /* when it was last found: milliseconds, the lower half */
    uint64_t rest;               /* of the key. These and the token are read while pinned and written while claimed */
    apisec_token *token;         /* NULL: none */
    const struct issuer *issuer;
    uint64_t keys;
    int64_t since_ms;
    _Atomic uint64_t denials;
    _Atomic uint64_t found;      /* how often, whatever was in it */
    bool encrypted;
};

struct set {
    _Alignas(LINE) _Atomic uint64_t tags[WAYS]; /* 0: none */
    struct slot slots[WAYS];
    _Alignas(LINE) _Atomic uint64_t missed;
    _Atomic uint64_t stale, stored, evicted;
};

struct cache {
    struct set *sets;
    size_t num_sets;
    size_t ways;                 /* used of each set */
    int64_t max_age_ms;
    uint64_t number;             /* tells this cache's keys from any other's: its policy is its verifier's */
    void *memory;                /* where the sets are in */
};

apisec_status cache_new(size_t max_tokens, uint32_t max_age_s, struct cache **cache)
{
    *cache = NULL;
    if (max_tokens == 0) return APISEC_OK;
    struct cache *made = calloc(1, sizeof *made);
    if (made == NULL) return APISEC_E_MEMORY;
    made->ways = max_tokens < WAYS ? max_tokens : WAYS;
    made->num_sets = max_tokens < WAYS ? 1 : max_tokens / WAYS;
    made->max_age_ms = (int64_t)max_age_s * 1000;
    made->memory = mem_array(made->num_sets + 1, sizeof(struct set)); /* one more than there are: to begin on a cache line */
    apisec_status status = made->memory == NULL ? APISEC_E_MEMORY : APISEC_OK;
    if (status == APISEC_OK) status = random_bytes(&made->number, sizeof made->number);
    if (status != APISEC_OK) {
        free(made->memory);
        free(made);
        return status;
    }
    made->sets = (struct set *)(void *)((char *)made->memory + (LINE - (uintptr_t)made->memory % LINE));
    *cache = made;
    return APISEC_OK;
}

void cache_free(struct cache *cache)
{
    if (cache == NULL) return;
    for (size_t i = 0; i < cache->num_sets; i++)
        for (size_t way = 0; way < cache->ways; way++) apisec_token_free(cache->sets[i].slots[way].token);
    free(cache->memory);
    free(cache);
}

bool cache_key_of(const struct cache *cache, uint8_t way, struct text token, struct cache_key *key)
{
    const unsigned char *const secret = process_key();
    if (cache == NULL || secret == NULL) return false;
    unsigned char hash[16];
    siphash128_behind(secret, cache->number << 8 | way, token.at, token.len, hash);
    key->tag = word_le(hash);
    key->rest = word_le(hash + 8);
    if (key->tag == 0) key->tag = 1;
    return true;
}

/* set_of: by the upper half of what the tag does not tell, scaled to the number of sets. */
static struct set *set_of(const struct cache *cache, const struct cache_key *key)
{
    return &cache->sets[(key->rest >> 32) * cache->num_sets >> 32];
}

/* ---- users of a slot ---- */

static bool pin(struct slot *slot)
{
    if ((atomic_fetch_add_explicit(&slot->users, PIN, memory_order_acquire) & CLAIM) == 0) return true;
    atomic_fetch_sub_explicit(&slot->users, PIN, memory_order_relaxed);
    return false;
}

static void unpin(struct slot *slot)
{
    atomic_fetch_sub_explicit(&slot->users, PIN, memory_order_release);
}

static bool claim(struct slot *slot)
{
    uint32_t nobody = 0;
    return atomic_compare_exchange_strong_explicit(&slot->users, &nobody, CLAIM, memory_order_acquire, memory_order_relaxed);
}

static void unclaim(struct slot *slot)
{
    atomic_fetch_sub_explicit(&slot->users, CLAIM, memory_order_release);
}

static bool has_tag(struct set *set, size_t way, const struct cache_key *key)
{
    return atomic_load_explicit(&set->tags[way], memory_order_relaxed) == key->tag;
}

/* holds: what the key's slot had may have given way to another token before it was pinned or claimed. */
static bool holds(struct set *set, size_t way, const struct cache_key *key, const apisec_token *token)
{
    const struct slot *const slot = &set->slots[way];
    return has_tag(set, way, key) && slot->rest == key->rest && slot->token == token;
}

static void count(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* ---- finding ---- */

/* is_in_time: when the clock was set back, what was stored later than now is not used: nothing lives longer for it. */
static bool is_in_time(const struct cache *cache, const struct slot *slot, int64_t now_ms)
{
    return now_ms >= slot->since_ms && now_ms - slot->since_ms < cache->max_age_ms;
}

static bool take(const struct cache *cache, struct set *set, size_t way, const struct cache_key *key, int64_t now_ms,
                 struct cached *found)
{
    struct slot *const slot = &set->slots[way];
    if (!has_tag(set, way, key) || !pin(slot)) return false;
    const bool is_it = has_tag(set, way, key) && slot->rest == key->rest && is_in_time(cache, slot, now_ms);
    if (is_it) {
        found->token = apisec_token_ref(slot->token);
        found->issuer = slot->issuer;
        found->keys = slot->keys;
        found->encrypted = slot->encrypted;
        found->denials = atomic_load_explicit(&slot->denials, memory_order_relaxed);
        atomic_store_explicit(&slot->used, (uint32_t)now_ms, memory_order_relaxed);
        count(&slot->found);
    }
    unpin(slot);
    return is_it;
}

bool cache_get(struct cache *cache, const struct cache_key *key, int64_t now_ms, struct cached *found)
{
    *found = (struct cached){.token = NULL};
    if (cache == NULL) return false;
    struct set *const set = set_of(cache, key);
    for (size_t way = 0; way < cache->ways; way++)
        if (take(cache, set, way, key, now_ms, found)) return true;
    count(&set->missed);
    return false;
}

void cache_confirm(struct cache *cache, const struct cache_key *key, const apisec_token *token, uint64_t denials)
{
    if (cache == NULL) return;
    struct set *const set = set_of(cache, key);
    for (size_t way = 0; way < cache->ways; way++) {
        struct slot *const slot = &set->slots[way];
        if (!has_tag(set, way, key) || !pin(slot)) continue;
        if (holds(set, way, key, token)) atomic_store_explicit(&slot->denials, denials, memory_order_relaxed);
        unpin(slot);
    }
}

/* ---- storing and forgetting; a token is given back when its slot is free again, since its last user wipes it ---- */

static apisec_token *empty(struct set *set, size_t way)
{
    apisec_token *const token = set->slots[way].token;
    set->slots[way].token = NULL;
    atomic_store_explicit(&set->tags[way], 0, memory_order_relaxed);
    return token;
}

void cache_stale(struct cache *cache, const struct cache_key *key, const apisec_token *token)
{
    if (cache == NULL) return;
    struct set *const set = set_of(cache, key);
    count(&set->stale);
    for (size_t way = 0; way < cache->ways; way++) {
        struct slot *const slot = &set->slots[way];
        if (!has_tag(set, way, key) || !claim(slot)) continue;
        apisec_token *const old = holds(set, way, key, token) ? empty(set, way) : NULL;
        unclaim(slot);
        apisec_token_free(old);
    }
}

/* forget_old: what is too old is in nobody's way, but its claims need not stay in memory. */
static void forget_old(const struct cache *cache, struct set *set, int64_t now_ms)
{
    for (size_t way = 0; way < cache->ways; way++) {
        struct slot *const slot = &set->slots[way];
        if (atomic_load_explicit(&set->tags[way], memory_order_relaxed) == 0 || !claim(slot)) continue;
        apisec_token *const old = slot->token != NULL && !is_in_time(cache, slot, now_ms) ? empty(set, way) : NULL;
        unclaim(slot);
        apisec_token_free(old);
    }
}

/* best_way claims the slot to store in: the same token's, an empty one, or the one not used for longest. WAYS: others have them
 * all. */
static size_t best_way(const struct cache *cache, struct set *set, const struct cache_key *key, int64_t now_ms)
{
    bool tried[WAYS] = {false};
    for (size_t round = 0; round < cache->ways; round++) {
        size_t best = WAYS;
        uint64_t best_worth = 0;
        for (size_t way = 0; way < cache->ways; way++) {
            const bool same = has_tag(set, way, key);
            const bool is_free = atomic_load_explicit(&set->tags[way], memory_order_relaxed) == 0;
            const uint32_t unused_ms = (uint32_t)now_ms - atomic_load_explicit(&set->slots[way].used, memory_order_relaxed);
            const uint64_t worth = same ? UINT64_MAX : is_free ? UINT64_MAX - 1 : (uint64_t)unused_ms + 1;
            if (tried[way] || worth <= best_worth) continue;
            best = way;
            best_worth = worth;
        }
        if (claim(&set->slots[best])) return best;
        tried[best] = true;
    }
    return WAYS;
}

void cache_put(struct cache *cache, const struct cache_key *key, const struct cached *value, int64_t now_ms)
{
    if (cache == NULL) return;
    struct set *const set = set_of(cache, key);
    forget_old(cache, set, now_ms);
    const size_t way = best_way(cache, set, key, now_ms);
    if (way == WAYS) return;
    struct slot *const slot = &set->slots[way];
    if (slot->token != NULL && !has_tag(set, way, key)) count(&set->evicted);
    apisec_token *const old = empty(set, way);
    slot->rest = key->rest;
    slot->token = apisec_token_ref(value->token);
    slot->issuer = value->issuer;
    slot->keys = value->keys;
    slot->encrypted = value->encrypted;
    slot->since_ms = now_ms;
    atomic_store_explicit(&slot->denials, value->denials, memory_order_relaxed);
    atomic_store_explicit(&slot->used, (uint32_t)now_ms, memory_order_relaxed);
    atomic_store_explicit(&set->tags[way], key->tag, memory_order_relaxed);
    unclaim(slot);
    count(&set->stored);
    apisec_token_free(old);
}

/* ---- counting: each number is right, and all of them together nearly so while others are at work ---- */

static uint64_t read_counter(_Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void cache_count(struct cache *cache, struct cache_counts *counts)
{
    *counts = (struct cache_counts){0};
    if (cache == NULL) return;
    uint64_t found = 0, missed = 0;
    for (size_t i = 0; i < cache->num_sets; i++) {
        struct set *const set = &cache->sets[i];
        for (size_t way = 0; way < cache->ways; way++) {
            counts->num_tokens += read_counter(&set->tags[way]) != 0;
            found += read_counter(&set->slots[way].found);
        }
        missed += read_counter(&set->missed);
        counts->stale += read_counter(&set->stale);
        counts->stored += read_counter(&set->stored);
        counts->evicted += read_counter(&set->evicted);
    }
    counts->max_tokens = cache->num_sets * cache->ways;
    counts->hits = found > counts->stale ? found - counts->stale : 0;
    counts->misses = missed + counts->stale;
}
