/* SPDX-License-Identifier: Apache-2.0
 *
 * pool.h (of lib/crypto): contexts of one prepared key, each used by one thread at a time, taken without a lock.
 */
#ifndef CRYPTO_POOL_H
#define CRYPTO_POOL_H

#include <stddef.h>

enum { POOL_SLOTS = 16 };

struct pool;
struct pool_slot;

/* pool_new: make gives a new context from `from` (which outlives the pool and is only read), or NULL without memory; unmake ends
 * one. NULL without memory. */
struct pool *pool_new(void *(*make)(const void *from), void (*unmake)(void *context), const void *from);

/* pool_take gives a context that is the caller's alone until pool_give, which must follow in the same thread. NULL: no memory,
 * and nothing is to be given back. */
void *pool_take(struct pool *pool, struct pool_slot **slot);
void pool_give(struct pool *pool, struct pool_slot *slot, void *context);

/* pool_free: no other thread may be using the pool. */
void pool_free(struct pool *pool);

#endif
