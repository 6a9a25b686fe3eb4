/* SPDX-License-Identifier: Apache-2.0
 *
 * replay.c: the proofs that were seen in this process, each as a hash under a random key. There is room for a fixed number, had
 * from the start, and when it is full one more is refused: what may still be accepted is never forgotten to make room. What is over
 * is kept for an hour where there is room, so that a clock set back finds it again; further back all is refused. Called by
 * binding.c.
 *
 * The entries form chains by hash, and a heap by the end of their time.
 */
#include "token/dpop.h"

#include <stdatomic.h>
#include <stdlib.h>

#define KEPT_LONGER_S 3600

struct entry {
    unsigned char hash[16];
    int64_t until;
    uint32_t next;               /* in its chain, or of the free ones: an index + 1, or 0 */
};

struct replay {
    _Atomic size_t references;
    unsigned char key[16];
    struct lock lock;            /* held for a few assignments, and a few more for each entry that is dropped */
    bool busy;                   /* somebody is changing the rest */
    size_t capacity, num;
    uint32_t num_used;           /* of entries: those beyond were never used */
    uint32_t first_free;
    size_t mask;                 /* of chains */
    uint32_t *chains;            /* the first of each */
    uint32_t *heap;              /* indices; the one that ends first is on top */
    struct entry *entries;
    int64_t forgotten;           /* the latest `until` of those that were dropped */
    uint64_t num_seen, num_refused;
};

apisec_status replay_new(size_t capacity, struct replay **replay, apisec_error *err)
{
    *replay = NULL;
    struct replay *made = calloc(1, sizeof *made);
    if (made == NULL) return fail_memory(err);
    if (!lock_init(&made->lock)) {
        free(made);
        return fail_memory(err);
    }
    atomic_init(&made->references, 1);
    size_t num_chains = 16;
    while (num_chains < capacity) num_chains *= 2;
    made->capacity = capacity;
    made->mask = num_chains - 1;
    made->forgotten = INT64_MIN;
    made->chains = mem_array(num_chains, sizeof *made->chains);
    made->heap = mem_array(capacity, sizeof *made->heap);
    made->entries = mem_array(capacity, sizeof *made->entries);
    apisec_status status = APISEC_OK;
    if (made->chains == NULL || made->heap == NULL || made->entries == NULL) status = fail_memory(err);
    else if (random_bytes(made->key, sizeof made->key) != APISEC_OK)
        status = fail(err, APISEC_E_SYSTEM, "there is no randomness for the memory of DPoP proofs");
    if (status != APISEC_OK) {
        replay_free(made);
        return status;
    }
    *replay = made;
    return APISEC_OK;
}

struct replay *replay_ref(struct replay *replay)
{
    atomic_fetch_add_explicit(&replay->references, 1, memory_order_relaxed);
    return replay;
}

void replay_free(struct replay *replay)
{
    if (replay == NULL) return;
    if (atomic_fetch_sub_explicit(&replay->references, 1, memory_order_acq_rel) != 1) return;
    lock_end(&replay->lock);
    free(replay->chains);
    free(replay->heap);
    free(replay->entries);
    mem_wipe(replay->key, sizeof replay->key);
    free(replay);
}

/* ---- the lock ---- */

/* clear empties what a fork has caught half done. All of its time is refused from now on: it is forgotten. */
static void clear(struct replay *replay)
{
    for (uint32_t i = 0; i < replay->num_used; i++)
        if (replay->entries[i].until > replay->forgotten) replay->forgotten = replay->entries[i].until;
    memset(replay->chains, 0, (replay->mask + 1) * sizeof *replay->chains);
    replay->num = 0;
    replay->num_used = 0;
    replay->first_free = 0;
    replay->busy = false;
}

static void own(struct replay *replay)
{
    lock_take(&replay->lock);
    if (replay->busy) clear(replay); /* by a thread of the parent, which a fork has left behind */
    replay->busy = true;
}

static void disown(struct replay *replay)
{
    replay->busy = false;
    lock_release(&replay->lock);
}

/* ---- the heap ---- */

static int64_t until_at(const struct replay *replay, size_t place)
{
    return replay->entries[replay->heap[place]].until;
}

static void heap_swap(struct replay *replay, size_t a, size_t b)
{
    const uint32_t index = replay->heap[a];
    replay->heap[a] = replay->heap[b];
    replay->heap[b] = index;
}

static void heap_add(struct replay *replay, uint32_t index)
{
    size_t place = replay->num++;
    replay->heap[place] = index;
    while (place > 0 && until_at(replay, place) < until_at(replay, (place - 1) / 2)) {
        heap_swap(replay, place, (place - 1) / 2);
        place = (place - 1) / 2;
    }
}

static uint32_t heap_take(struct replay *replay)
{
    const uint32_t index = replay->heap[0];
    replay->heap[0] = replay->heap[--replay->num];
    for (size_t place = 0;;) {
        size_t least = place;
        for (size_t child = 2 * place + 1; child <= 2 * place + 2 && child < replay->num; child++)
            if (until_at(replay, child) < until_at(replay, least)) least = child;
        if (least == place) return index;
        heap_swap(replay, place, least);
        place = least;
    }
}

/* ---- the chains ---- */

static uint32_t *chain_of(struct replay *replay, const unsigned char hash[16])
{
    return &replay->chains[word_le(hash) & replay->mask];
}

static bool is_there(struct replay *replay, const unsigned char hash[16])
{
    for (uint32_t at = *chain_of(replay, hash); at != 0; at = replay->entries[at - 1].next)
        if (memcmp(replay->entries[at - 1].hash, hash, 16) == 0) return true;
    return false;
}

static void drop_first(struct replay *replay)
{
    const uint32_t index = heap_take(replay);
    struct entry *const entry = &replay->entries[index];
    uint32_t *link = chain_of(replay, entry->hash);
    while (*link != index + 1) link = &replay->entries[*link - 1].next;
    *link = entry->next;
    entry->next = replay->first_free;
    replay->first_free = index + 1;
    if (entry->until > replay->forgotten) replay->forgotten = entry->until;
}

static void add(struct replay *replay, const unsigned char hash[16], int64_t until)
{
    uint32_t index = replay->num_used;
    if (replay->first_free != 0) {
        index = replay->first_free - 1;
        replay->first_free = replay->entries[index].next;
    } else {
        replay->num_used++;
    }
    struct entry *const entry = &replay->entries[index];
    uint32_t *const chain = chain_of(replay, hash);
    memcpy(entry->hash, hash, sizeof entry->hash);
    entry->until = until;
    entry->next = *chain;
    *chain = index + 1;
    heap_add(replay, index);
}

/* ---- the whole ---- */

static void drop_before(struct replay *replay, int64_t moment)
{
    while (replay->num > 0 && until_at(replay, 0) < moment) drop_first(replay);
}

apisec_status replay_put(struct replay *replay, const unsigned char id[REPLAY_ID_LEN], int64_t until, int64_t now,
                         apisec_error *err)
{
    unsigned char hash[16];
    siphash128(replay->key, id, REPLAY_ID_LEN, hash);
    own(replay);
    drop_before(replay, now - KEPT_LONGER_S);
    if (replay->num == replay->capacity) drop_before(replay, now);
    const bool was_forgotten = until <= replay->forgotten;
    const bool was_there = is_there(replay, hash);
    const bool is_full = replay->num == replay->capacity;
    if (!was_forgotten && !was_there && !is_full) add(replay, hash, until);
    if (was_there || was_forgotten) replay->num_seen++;
    else if (is_full) replay->num_refused++;
    disown(replay);
    if (was_there) return fail(err, APISEC_E_REPLAY, "the DPoP proof was seen before");
    if (was_forgotten)
        return fail(err, APISEC_E_REPLAY, "the DPoP proof is of a time whose proofs are remembered no more: the clock went back");
    if (is_full) return fail(err, APISEC_E_STORE, "there is no room to remember one more DPoP proof");
    return APISEC_OK;
}

void replay_count(struct replay *replay, struct replay_counts *counts)
{
    own(replay);
    *counts = (struct replay_counts){replay->capacity, replay->num, replay->num_seen, replay->num_refused};
    disown(replay);
}
