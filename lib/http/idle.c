/* SPDX-License-Identifier: Apache-2.0
 *
 * idle.c: what waits between two requests: connections, on one shelf for each client identity, taken last in, first out. The lock
 * covers taking and giving back only. After a fork the child begins with empty shelves. Called by curl.c.
 */
#include "http/http.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

struct shelf {
    struct idle_item *first;
    size_t num;
};

/* What belongs to one process. */
struct generation {
    pid_t pid;
    pthread_mutex_t lock;
    struct generation *inherited; /* the parent's: never touched again, and not lost from sight */
    struct shelf shelves[];
};

struct idle {
    size_t num_shelves;
    void (*end)(struct idle_item *);
    _Atomic(struct generation *) now;
};

static struct generation *generation_new(size_t num_shelves, struct generation *inherited)
{
    if (num_shelves > (SIZE_MAX - sizeof(struct generation)) / sizeof(struct shelf)) return NULL;
    struct generation *generation = calloc(1, sizeof *generation + num_shelves * sizeof generation->shelves[0]);
    if (generation == NULL) return NULL;
    if (pthread_mutex_init(&generation->lock, NULL) != 0) {
        free(generation);
        return NULL;
    }
    generation->pid = getpid();
    generation->inherited = inherited;
    return generation;
}

/* A thread that is not in the child may have held the parent's lock: the pid is looked at before any lock. */
static struct generation *generation_now(struct idle *idle)
{
    struct generation *now = atomic_load(&idle->now);
    while (now->pid != getpid()) {
        struct generation *fresh = generation_new(idle->num_shelves, now);
        if (fresh == NULL) return NULL;
        if (atomic_compare_exchange_strong(&idle->now, &now, fresh)) return fresh;
        pthread_mutex_destroy(&fresh->lock); /* another thread was faster, and `now` is what it stored */
        free(fresh);
    }
    return now;
}

struct idle *idle_new(size_t num_shelves, void (*end)(struct idle_item *))
{
    struct idle *idle = calloc(1, sizeof *idle);
    if (idle == NULL) return NULL;
    struct generation *first = generation_new(num_shelves, NULL);
    if (first == NULL) {
        free(idle);
        return NULL;
    }
    idle->num_shelves = num_shelves;
    idle->end = end;
    atomic_init(&idle->now, first);
    return idle;
}

struct idle_item *idle_take(struct idle *idle, size_t shelf)
{
    struct generation *now = generation_now(idle);
    if (now == NULL) return NULL;
    pthread_mutex_lock(&now->lock);
    struct idle_item *item = now->shelves[shelf].first;
    if (item != NULL) {
        now->shelves[shelf].first = item->next;
        now->shelves[shelf].num--;
    }
    pthread_mutex_unlock(&now->lock);
    return item;
}

void idle_give(struct idle *idle, size_t shelf, struct idle_item *item)
{
    struct generation *now = generation_now(idle);
    if (now != NULL) {
        pthread_mutex_lock(&now->lock);
        if (now->shelves[shelf].num < IDLE_MAX) {
            item->next = now->shelves[shelf].first;
            now->shelves[shelf].first = item;
            now->shelves[shelf].num++;
            item = NULL;
        }
        pthread_mutex_unlock(&now->lock);
    }
    if (item != NULL) idle->end(item);
}

void idle_free(struct idle *idle)
{
    if (idle == NULL) return;
    struct generation *now = atomic_load(&idle->now);
    if (now->pid == getpid()) {
        for (size_t i = 0; i < idle->num_shelves; i++) {
            while (now->shelves[i].first != NULL) {
                struct idle_item *item = now->shelves[i].first;
                now->shelves[i].first = item->next;
                idle->end(item);
            }
        }
        pthread_mutex_destroy(&now->lock);
        free(now);
    }
    free(idle);
}
