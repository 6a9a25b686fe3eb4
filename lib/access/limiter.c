/* SPDX-License-Identifier: Apache-2.0
 *
 * limiter.c: token buckets of as many callers as there is room for, in a table of fixed size: sets of sixteen places, a place a
 * caller, found by the caller's keyed hash. Nobody is ever let more through than a table without bounds would: a bucket makes room
 * only once it is full again, when it remembers nothing, and who finds no place shares a bucket with the others of that set.
 *
 *     set    | 16 tags                     |   of the hash; the lowest bit: a regular, who came again and keeps the place
 *            | 16 moments of being full    |
 *            | the shared bucket           |
 *
 * A bucket is one number: when it will be full again. It counts in units of which a millisecond has as many as there are requests,
 * so that nothing is ever rounded, and goes round like a clock: only differences are looked at. Who has a place takes no lock. A
 * place changes hands under the set's lock, and is claimed meanwhile: a thread that is not in the child after a fork leaves a
 * claimed place, which is then a free one.
 */
#include "access/limits.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { WAYS = 16, MAX_REGULARS = WAYS / 2, LINE = 64, NUM_LOCKS = 64 };

#define SET_BACK_MS 60000       /* a clock that is farther back has been set: threads that overtake each other differ by less */
#define KEPT_MS     3600000     /* how long a regular keeps the place without coming */
#define REGULAR     UINT64_C(1) /* in a tag */
#define NEVER       UINT64_C(0) /* a bucket that nothing was taken from */
#define CLAIMED     UINT64_MAX  /* a bucket that is changing hands */

struct set {
    _Alignas(LINE) _Atomic uint64_t tags[WAYS]; /* 0: never used */
    _Atomic uint64_t full_at[WAYS];
    uint64_t shared_full_at; /* under the lock */
};

struct apisec_limiter {
    unsigned char key[16];
    uint64_t requests, cost, capacity; /* units of a millisecond, of one request, of the burst */
    uint64_t num_sets;
    struct set *sets;
    void *memory; /* where the sets are in */
    _Atomic uint32_t references;
    size_t num_locks; /* that were made */
    struct lock locks[NUM_LOCKS];
    _Atomic int64_t latest; /* milliseconds */
};

/* One call: whose, when, and how long until there is a request again, in units. */
struct take {
    uint64_t tag, now, wait;
};

enum outcome { TAKEN, EMPTY, GONE };

/* ---- the whole ---- */

static apisec_status make(apisec_limiter *made, size_t max_keys)
{
    made->num_sets = (max_keys + MAX_REGULARS - 1) / MAX_REGULARS; /* two places for each: chance spreads them unevenly */
    made->memory = mem_array((size_t)made->num_sets + 1, sizeof(struct set)); /* one more, to begin on a cache line */
    if (made->memory == NULL) return APISEC_E_MEMORY;
    made->sets = (struct set *)(void *)((char *)made->memory + (LINE - (uintptr_t)made->memory % LINE));
    for (; made->num_locks < NUM_LOCKS; made->num_locks++)
        if (!lock_init(&made->locks[made->num_locks])) return APISEC_E_MEMORY;
    return random_bytes(made->key, sizeof made->key);
}

apisec_status apisec_limiter_new(uint32_t requests, uint32_t seconds, uint32_t burst, size_t max_keys, apisec_limiter **limiter,
                                 apisec_error *err)
{
    if (limiter == NULL) return fail(err, APISEC_E_ARGUMENT, "there is nowhere to put the limiter");
    *limiter = NULL;
    if (requests - 1 >= LIMIT_MAX_NUMBER || seconds - 1 >= LIMIT_MAX_NUMBER || burst - 1 >= LIMIT_MAX_NUMBER)
        return fail(err, APISEC_E_ARGUMENT, "requests, seconds and burst are from 1 to %d", LIMIT_MAX_NUMBER);
    if (max_keys - 1 >= LIMIT_MAX_KEYS) return fail(err, APISEC_E_ARGUMENT, "max_keys is from 1 to %d", LIMIT_MAX_KEYS);
    apisec_limiter *made = calloc(1, sizeof *made);
    if (made == NULL) return fail_memory(err);
    made->requests = requests;
    made->cost = (uint64_t)seconds * 1000;
    made->capacity = made->cost * burst;
    atomic_init(&made->references, 1);
    atomic_init(&made->latest, INT64_MIN);
    const apisec_status status = make(made, max_keys);
    if (status != APISEC_OK) {
        apisec_limiter_free(made);
        return status == APISEC_E_MEMORY ? fail_memory(err) : fail(err, status, "there is no randomness for a limit's table");
    }
    *limiter = made;
    return succeed(err);
}

apisec_limiter *limiter_ref(apisec_limiter *limiter)
{
    atomic_fetch_add_explicit(&limiter->references, 1, memory_order_relaxed);
    return limiter;
}

void apisec_limiter_free(apisec_limiter *limiter)
{
    if (limiter == NULL || atomic_fetch_sub_explicit(&limiter->references, 1, memory_order_acq_rel) != 1) return;
    for (size_t i = 0; i < limiter->num_locks; i++) lock_end(&limiter->locks[i]);
    free(limiter->memory);
    mem_wipe(limiter->key, sizeof limiter->key);
    free(limiter);
}

/* ---- time ---- */

/* units_of gives a moment in units. Time stands still until a clock that has stepped back a little catches up. */
static uint64_t units_of(apisec_limiter *limiter, int64_t now_ms)
{
    int64_t latest = atomic_load_explicit(&limiter->latest, memory_order_relaxed);
    for (;;) {
        if (now_ms <= latest && (uint64_t)latest - (uint64_t)now_ms <= SET_BACK_MS) return (uint64_t)latest * limiter->requests;
        if (atomic_compare_exchange_weak_explicit(&limiter->latest, &latest, now_ms, memory_order_relaxed, memory_order_relaxed))
            return (uint64_t)now_ms * limiter->requests;
    }
}

static bool is_full(uint64_t full_at, uint64_t now)
{
    return full_at == NEVER || full_at - now - 1 >= UINT64_MAX / 2;
}

/* debt_of: what a bucket lacks. Where it lacks far more than it can hold, the clock was set back: it is empty then. */
static uint64_t debt_of(const apisec_limiter *limiter, uint64_t full_at, uint64_t capacity, uint64_t now, bool *set_back)
{
    *set_back = !is_full(full_at, now) && full_at - now > capacity + SET_BACK_MS * limiter->requests;
    if (is_full(full_at, now)) return 0;
    return *set_back ? capacity : full_at - now;
}

/* moment avoids the two numbers with a meaning of their own. */
static uint64_t moment(uint64_t units)
{
    return units == NEVER || units == CLAIMED ? 1 : units;
}

/* ---- one bucket ---- */

/* judge takes one request from a bucket if it has one; *next is what the bucket is afterwards. */
static enum outcome judge(const apisec_limiter *limiter, uint64_t full_at, uint64_t capacity, struct take *take, uint64_t *next)
{
    bool set_back;
    const uint64_t debt = debt_of(limiter, full_at, capacity, take->now, &set_back);
    if (debt + limiter->cost <= capacity) {
        *next = moment(take->now + debt + limiter->cost);
        return TAKEN;
    }
    take->wait = debt + limiter->cost - capacity;
    *next = set_back ? moment(take->now + debt) : full_at;
    return EMPTY;
}

static bool has_tag(const struct set *set, size_t way, uint64_t tag)
{
    return (atomic_load_explicit(&set->tags[way], memory_order_relaxed) & ~REGULAR) == tag;
}

/* draw takes from the caller's own bucket. The tag is looked at between two looks at the bucket, and changes only while that is
 * claimed. GONE: the place is somebody else's by now. */
static enum outcome draw(const apisec_limiter *limiter, struct set *set, size_t way, struct take *take)
{
    _Atomic uint64_t *const bucket = &set->full_at[way];
    uint64_t full_at = atomic_load_explicit(bucket, memory_order_acquire), next;
    for (;;) {
        if (full_at == CLAIMED || !has_tag(set, way, take->tag)) return GONE;
        const enum outcome outcome = judge(limiter, full_at, limiter->capacity, take, &next);
        if (next == full_at) return outcome;
        if (atomic_compare_exchange_weak_explicit(bucket, &full_at, next, memory_order_acq_rel, memory_order_acquire))
            return outcome;
    }
}

/* ---- places ---- */

static size_t find(const struct set *set, uint64_t tag)
{
    size_t way = 0;
    while (way < WAYS && !has_tag(set, way, tag)) way++;
    return way;
}

/* has_lapsed: a regular's place, when the bucket has been full for so long that others may have it. */
static bool has_lapsed(const apisec_limiter *limiter, uint64_t full_at, uint64_t now)
{
    return is_full(full_at, now) && now - full_at > KEPT_MS * limiter->requests;
}

/* promote makes a regular of who came again, if there are not too many in the set, or one of them does not come any more. That it
 * is overtaken by another thread costs nobody more than the privilege. */
static void promote(const apisec_limiter *limiter, struct set *set, size_t way, const struct take *take)
{
    uint64_t tag = atomic_load_explicit(&set->tags[way], memory_order_relaxed), other;
    size_t num = 0, lapsed = WAYS;
    if (tag != take->tag) return; /* a regular already, or gone */
    for (size_t i = 0; i < WAYS; i++) {
        if ((atomic_load_explicit(&set->tags[i], memory_order_relaxed) & REGULAR) == 0) continue;
        num++;
        if (has_lapsed(limiter, atomic_load_explicit(&set->full_at[i], memory_order_relaxed), take->now)) lapsed = i;
    }
    if (num >= MAX_REGULARS && lapsed == WAYS) return;
    if (num >= MAX_REGULARS) {
        other = atomic_load_explicit(&set->tags[lapsed], memory_order_relaxed) | REGULAR;
        if (!atomic_compare_exchange_strong(&set->tags[lapsed], &other, other & ~REGULAR)) return;
    }
    atomic_compare_exchange_strong(&set->tags[way], &tag, tag | REGULAR);
}

/* may_go: whether a place can be given to another without loss. A bucket of before the clock was set back begins to fill anew. */
static bool may_go(const apisec_limiter *limiter, struct set *set, size_t way, uint64_t now, uint64_t *full_at)
{
    bool set_back;
    *full_at = atomic_load_explicit(&set->full_at[way], memory_order_acquire);
    const uint64_t debt = debt_of(limiter, *full_at, limiter->capacity, now, &set_back);
    if (set_back) atomic_compare_exchange_strong(&set->full_at[way], full_at, moment(now + debt));
    if (debt > 0) return false;
    const bool is_regular = (atomic_load_explicit(&set->tags[way], memory_order_relaxed) & REGULAR) != 0;
    return !is_regular || has_lapsed(limiter, *full_at, now);
}

static bool is_free(const struct set *set, size_t way)
{
    return atomic_load_explicit(&set->tags[way], memory_order_relaxed) == 0 ||
           atomic_load_explicit(&set->full_at[way], memory_order_relaxed) == CLAIMED;
}

/* make_room claims a place: a free one, or else of those that may go the one that has been full for longest. WAYS: none. */
static size_t make_room(const apisec_limiter *limiter, struct set *set, uint64_t now)
{
    size_t found = WAYS;
    uint64_t full_at, first = 0;
    for (size_t way = 0; way < WAYS; way++) {
        if (is_free(set, way)) {
            atomic_store_explicit(&set->full_at[way], CLAIMED, memory_order_relaxed);
            return way;
        }
        if (!may_go(limiter, set, way, now, &full_at)) continue;
        if (found != WAYS && now - full_at <= now - first) continue;
        found = way;
        first = full_at;
    }
    if (found == WAYS || atomic_compare_exchange_strong(&set->full_at[found], &first, CLAIMED)) return found;
    return WAYS; /* its caller came just now */
}

/* admit gives a newcomer a place, with what was taken from the shared bucket before: otherwise who was let through there would now
 * be let through once more. */
static enum outcome admit(const apisec_limiter *limiter, struct set *set, struct take *take)
{
    bool set_back;
    uint64_t full_at;
    const size_t way = make_room(limiter, set, take->now);
    if (way == WAYS) return judge(limiter, set->shared_full_at, limiter->cost, take, &set->shared_full_at);
    const uint64_t debt = debt_of(limiter, set->shared_full_at, limiter->cost, take->now, &set_back);
    const enum outcome outcome = judge(limiter, debt > 0 ? moment(take->now + debt) : NEVER, limiter->capacity, take, &full_at);
    atomic_store_explicit(&set->tags[way], take->tag, memory_order_relaxed);
    atomic_store_explicit(&set->full_at[way], full_at, memory_order_release);
    return outcome;
}

/* enter is for who was not found without the lock. */
static enum outcome enter(apisec_limiter *limiter, struct set *set, struct take *take)
{
    struct lock *const lock = &limiter->locks[(size_t)(set - limiter->sets) % NUM_LOCKS];
    lock_take(lock);
    const size_t way = find(set, take->tag);
    enum outcome outcome = way < WAYS ? draw(limiter, set, way, take) : GONE;
    if (outcome == GONE) outcome = admit(limiter, set, take);
    lock_release(lock);
    return outcome;
}

/* ---- one call ---- */

static apisec_status take_hashed(apisec_limiter *limiter, const unsigned char hash[16], int64_t now_ms, uint32_t *retry_after_s)
{
    struct take take = {.tag = word_le(hash + 8) & ~REGULAR, .now = units_of(limiter, now_ms)};
    struct set *const set = &limiter->sets[(word_le(hash) >> 32) * limiter->num_sets >> 32];
    if (take.tag == 0) take.tag = 2; /* 0 is a place that was never used */
    const size_t way = find(set, take.tag);
    enum outcome outcome = way < WAYS ? draw(limiter, set, way, &take) : GONE;
    if (outcome != GONE) promote(limiter, set, way, &take);
    else outcome = enter(limiter, set, &take);
    if (outcome == TAKEN) return APISEC_OK;
    const uint64_t per_second = limiter->requests * 1000;
    if (retry_after_s != NULL) *retry_after_s = (uint32_t)((take.wait + per_second - 1) / per_second);
    return APISEC_E_RATE;
}

apisec_status apisec_limiter_take(apisec_limiter *limiter, const char *key, size_t len, int64_t now_ms, uint32_t *retry_after_s)
{
    unsigned char hash[16];
    if (retry_after_s != NULL) *retry_after_s = 0;
    if (limiter == NULL || (key == NULL && len > 0)) return APISEC_E_ARGUMENT;
    siphash128(limiter->key, key, len, hash);
    return take_hashed(limiter, hash, now_ms, retry_after_s);
}

apisec_status limiter_take_texts(apisec_limiter *limiter, uint64_t kind, const struct text *texts, size_t num, int64_t now_ms,
                                 uint32_t *retry_after_s)
{
    unsigned char chain[32], hash[16];
    *retry_after_s = 0;
    siphash128_behind(limiter->key, kind, "", 0, hash);
    for (size_t i = 0; i < num; i++) {
        memcpy(chain, hash, sizeof hash);
        siphash128(limiter->key, texts[i].at, texts[i].len, chain + 16);
        siphash128(limiter->key, chain, sizeof chain, hash);
    }
    return take_hashed(limiter, hash, now_ms, retry_after_s);
}
