/* SPDX-License-Identifier: Apache-2.0
 *
 * pool.c: contexts of one prepared key. A crypto library writes into a context that it uses, so that two threads cannot share one;
 * a lock around it would make them wait. Here each thread starts at a slot of its own, and mostly finds its own context there.
 *
 *   slot 0           slot 1           slot 2     ...   slot 15        each in cache lines of its own
 *   busy | context   busy | context   busy | -         busy | -       a context is made when its slot is first taken
 *
 * When all slots are busy a temporary context is made and ended after its one use: more threads than slots are slow, not wrong.
 *
 * Fork: a slot that was busy in the parent stays busy in the child for ever, where the thread that would give it back does not
 * exist. Nothing waits for it, and its context, which may be half-written, is never touched again.
 */
#include "crypto/pool.h"

#include "base/base.h"

#include <stdatomic.h>
#include <stdlib.h>

/* The gap keeps the flags of two slots at least 128 bytes apart, wherever the array lies: two cache lines, because processors
 * fetch them in pairs. */
struct pool_slot {
    unsigned char gap[128 - 2 * sizeof(void *)];
    atomic_bool busy;
    void *context; /* written and read only by the thread that set busy */
};

struct pool {
    void *(*make)(const void *from);
    void (*unmake)(void *context);
    const void *from;
    struct pool_slot slots[POOL_SLOTS];
};

struct pool *pool_new(void *(*make)(const void *from), void (*unmake)(void *context), const void *from)
{
    struct pool *const pool = mem_array(1, sizeof *pool);
    if (!pool) return NULL;
    pool->make = make;
    pool->unmake = unmake;
    pool->from = from;
    for (size_t i = 0; i < POOL_SLOTS; i++) atomic_init(&pool->slots[i].busy, false);
    return pool;
}

/* Threads are numbered as they come; the number only spreads them over the slots. */
static size_t first_slot(void)
{
    static atomic_uint num_threads;
    static _Thread_local unsigned my_number; /* 0: not numbered yet */
    if (my_number == 0) my_number = atomic_fetch_add_explicit(&num_threads, 1, memory_order_relaxed) % POOL_SLOTS + 1;
    return my_number - 1;
}

static struct pool_slot *free_slot(struct pool *pool)
{
    const size_t first = first_slot();
    for (size_t i = 0; i < POOL_SLOTS; i++) {
        struct pool_slot *const slot = &pool->slots[(first + i) % POOL_SLOTS];
        /* Looking first leaves the cache line with its owner when the slot is busy. */
        if (atomic_load_explicit(&slot->busy, memory_order_relaxed)) continue;
        if (!atomic_exchange_explicit(&slot->busy, true, memory_order_acquire)) return slot;
    }
    return NULL;
}

void *pool_take(struct pool *pool, struct pool_slot **slot)
{
    *slot = free_slot(pool);
    if (!*slot) return pool->make(pool->from);
    if (!(*slot)->context) (*slot)->context = pool->make(pool->from);
    if ((*slot)->context) return (*slot)->context;

    pool_give(pool, *slot, NULL);
    *slot = NULL;
    return NULL;
}

void pool_give(struct pool *pool, struct pool_slot *slot, void *context)
{
    if (!slot) {
        pool->unmake(context);
        return;
    }
    atomic_store_explicit(&slot->busy, false, memory_order_release);
}

void pool_free(struct pool *pool)
{
    if (!pool) return;
    for (size_t i = 0; i < POOL_SLOTS; i++) {
        struct pool_slot *const slot = &pool->slots[i];
        if (atomic_load_explicit(&slot->busy, memory_order_acquire)) continue; /* lost in a fork */
        if (slot->context) pool->unmake(slot->context);
    }
    free(pool);
}
