/* SPDX-License-Identifier: Apache-2.0
 *
 * snapshot.c: the set that readers see now. They take it and give it back without a lock and without waiting for anybody, while one
 * writer at a time swaps in another. A set is frozen once it is swapped in, and freed when it is out and nobody has it.
 *
 *     reader:  load current → count itself in → is it still current? use it : count itself out, again
 *     writer:  make another current → is nobody counted in? free the set : leave it for the next tidying
 *
 * The reader counts before it looks, the writer takes away before it looks, and the four accesses have one order that all threads
 * agree on: so either the reader sees that it is too late, or the writer sees the reader. The struct with the counter outlives its
 * set and is used again, so counting oneself in too late touches nothing that is gone.
 */
#include "token/keyset.h"

#include <stdlib.h>

struct snapshot *shelf_take(struct shelf *shelf)
{
    for (;;) { /* again only when a swap came between: a reader is never held up by another reader */
        struct snapshot *const snapshot = atomic_load(&shelf->current);
        if (snapshot == NULL) return NULL;
        atomic_fetch_add(&snapshot->readers, 1);
        if (atomic_load(&shelf->current) == snapshot) return snapshot;
        shelf_give_back(snapshot);
    }
}

void shelf_give_back(struct snapshot *snapshot)
{
    atomic_fetch_sub_explicit(&snapshot->readers, 1, memory_order_release);
}

/* is_left: neither current nor had by anybody. */
static bool is_left(struct shelf *shelf, struct snapshot *snapshot)
{
    return snapshot != atomic_load(&shelf->current) && atomic_load(&snapshot->readers) == 0;
}

void shelf_tidy(struct shelf *shelf)
{
    for (struct snapshot *at = shelf->all; at != NULL; at = at->next) {
        if (at->set == NULL || !is_left(shelf, at)) continue;
        struct jwk_set *const set = at->set;
        at->set = NULL; /* first: a fork may come at any moment */
        jwk_set_free(set);
    }
}

struct snapshot *shelf_spare(struct shelf *shelf)
{
    shelf_tidy(shelf);
    for (struct snapshot *at = shelf->all; at != NULL; at = at->next) {
        if (at->set == NULL) return at;
    }
    struct snapshot *const made = calloc(1, sizeof *made);
    if (made == NULL) return NULL;
    made->next = shelf->all;
    shelf->all = made;
    return made;
}

void shelf_swap(struct shelf *shelf, struct snapshot *fresh)
{
    atomic_store(&shelf->current, fresh);
    shelf_tidy(shelf);
}

void shelf_free(struct shelf *shelf)
{
    for (struct snapshot *at = shelf->all, *next; at != NULL; at = next) {
        next = at->next;
        jwk_set_free(at->set);
        free(at);
    }
    *shelf = (struct shelf){NULL, NULL};
}
