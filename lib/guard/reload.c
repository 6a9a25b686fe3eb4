/* SPDX-License-Identifier: Apache-2.0
 *
 * reload.c: the edition in force, and another put in its place. A call takes a reference without a lock and without waiting for
 * anybody: it counts itself in at a slot, looks whether that is still the current one, takes its reference, and counts itself out.
 * A reload takes the slot away first and looks for readers then; all threads agree on the order of these four, so one sees the
 * other.
 */
#include "guard/guard.h"

#include <stdlib.h>

bool editions_init(struct editions *editions)
{
    atomic_init(&editions->current, NULL);
    editions->all = NULL;
    return lock_init(&editions->lock);
}

struct edition *editions_take(struct editions *editions)
{
    for (;;) { /* again only when a reload came between */
        struct slot *const slot = atomic_load(&editions->current);
        atomic_fetch_add(&slot->readers, 1);
        const bool is_current = atomic_load(&editions->current) == slot;
        struct edition *const taken = is_current ? edition_ref(slot->edition) : NULL;
        atomic_fetch_sub_explicit(&slot->readers, 1, memory_order_release);
        if (taken != NULL) return taken;
    }
}

/* tidy gives back the editions of slots that are neither current nor being looked at. Under the lock. */
static void tidy(struct editions *editions)
{
    for (struct slot *at = editions->all; at != NULL; at = at->next) {
        if (at->edition == NULL || at == atomic_load(&editions->current) || atomic_load(&at->readers) > 0) continue;
        struct edition *const left = at->edition;
        at->edition = NULL;
        edition_free(left);
    }
}

/* spare gives a slot that nobody has. Under the lock. NULL without memory. */
static struct slot *spare(struct editions *editions)
{
    tidy(editions);
    for (struct slot *at = editions->all; at != NULL; at = at->next)
        if (at->edition == NULL && atomic_load(&at->readers) == 0) return at;
    struct slot *const made = calloc(1, sizeof *made);
    if (made == NULL) return NULL;
    made->next = editions->all;
    editions->all = made;
    return made;
}

apisec_status editions_begin(struct editions *editions, struct edition *edition)
{
    struct slot *const slot = spare(editions);
    if (slot == NULL) return APISEC_E_MEMORY;
    slot->edition = edition;
    atomic_store(&editions->current, slot);
    return APISEC_OK;
}

void editions_free(struct editions *editions)
{
    for (struct slot *at = editions->all, *next; at != NULL; at = next) {
        next = at->next;
        edition_free(at->edition);
        free(at);
    }
    lock_end(&editions->lock);
}

/* ---- another document ---- */

/* swap puts it in force. Whoever reloads at the same time comes before or after: each takes over from the one it replaces. */
static apisec_status swap(struct editions *editions, struct edition *edition, apisec_error *err)
{
    struct slot *const slot = spare(editions);
    struct edition *const old = atomic_load(&editions->current)->edition;
    if (slot == NULL) return fail_memory(err);
    if (!audit_settings_equal(&edition->audit, &old->audit))
        return fail(err, APISEC_E_CONFIG, "audit: not what it was: the log stays open as it is until the guard is freed");
    const apisec_status status = edition_inherit(edition, old, err);
    if (status != APISEC_OK) return status;
    slot->edition = edition;
    atomic_store(&editions->current, slot);
    tidy(editions);
    return APISEC_OK;
}

apisec_status apisec_guard_reload(apisec_guard *guard, const char *json, size_t len, apisec_error *err)
{
    struct edition *edition = NULL;
    if (guard == NULL) return fail(err, APISEC_E_ARGUMENT, "there is no guard");
    apisec_status status = edition_new(json, len, guard->http, guard->log, &edition, err);
    if (status == APISEC_OK) {
        lock_take(&guard->editions.lock);
        status = swap(&guard->editions, edition, err);
        lock_release(&guard->editions.lock);
    }
    if (status != APISEC_OK) {
        edition_free(edition);
        atomic_fetch_add_explicit(&guard->metrics->not_reloaded, 1, memory_order_relaxed);
        return status;
    }
    atomic_store_explicit(&guard->metrics->reloaded_at, clock_now(), memory_order_relaxed);
    atomic_fetch_add_explicit(&guard->metrics->reloaded, 1, memory_order_relaxed);
    return succeed(err);
}
