/* SPDX-License-Identifier: Apache-2.0
 *
 * denylist.c: the local deny-list: a hash table of 128-bit keyed hashes under one lock, at most half full. Nothing is taken out of
 * it but by making it anew, which happens when it has no room: then what has ended is left behind.
 */
#include "token/denylist.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { FIRST_SLOTS = 64 };

struct entry {
    uint64_t hash[2];            /* both 0: free */
    int64_t until;
    int64_t issued_before;       /* INT64_MAX where all are meant */
};

struct entries {
    size_t num_slots;            /* a power of two */
    size_t num;
    struct entry slots[];
};

struct denylist {
    _Atomic size_t references;
    struct lock lock;
    struct entries *entries;     /* NULL: none yet. Replaced in one assignment, so that it is whole in a child too */
    size_t max;
    _Atomic uint64_t generation;
    _Atomic uint64_t num;        /* as in entries, for who takes no lock */
};

apisec_status denylist_new(size_t max, struct denylist **list)
{
    *list = NULL;
    struct denylist *made = calloc(1, sizeof *made);
    if (made == NULL || !lock_init(&made->lock)) {
        free(made);
        return APISEC_E_MEMORY;
    }
    atomic_init(&made->references, 1);
    made->max = max;
    *list = made;
    return APISEC_OK;
}

struct denylist *denylist_ref(struct denylist *list)
{
    atomic_fetch_add_explicit(&list->references, 1, memory_order_relaxed);
    return list;
}

void denylist_free(struct denylist *list)
{
    if (list == NULL) return;
    if (atomic_fetch_sub_explicit(&list->references, 1, memory_order_acq_rel) != 1) return;
    lock_end(&list->lock);
    free(list->entries);
    free(list);
}

uint64_t denylist_generation(const struct denylist *list)
{
    return list == NULL ? 0 : atomic_load_explicit(&list->generation, memory_order_acquire);
}

/* ---- hashes ---- */

/* hash_of: of kind, issuer and name, each hashed for itself before, so that none can reach into the next. */
static bool hash_of(enum denial_kind kind, struct text issuer, struct text name, uint64_t hash[2])
{
    const unsigned char *const secret = process_key();
    unsigned char parts[32], whole[16];
    if (secret == NULL) return false;
    siphash128(secret, issuer.at, issuer.len, parts);
    siphash128(secret, name.at, name.len, parts + 16);
    siphash128_behind(secret, (uint64_t)kind, parts, sizeof parts, whole);
    hash[0] = word_le(whole);
    hash[1] = word_le(whole + 8);
    if ((hash[0] | hash[1]) == 0) hash[0] = 1;
    return true;
}

static bool is_free(const struct entry *entry)
{
    return (entry->hash[0] | entry->hash[1]) == 0;
}

/* find gives the entry with this hash, or the free one where it would go. There is always a free one. */
static struct entry *find(struct entries *entries, const uint64_t hash[2])
{
    const size_t mask = entries->num_slots - 1;
    size_t at = (size_t)hash[0] & mask;
    while (!is_free(&entries->slots[at])) {
        if (entries->slots[at].hash[0] == hash[0] && entries->slots[at].hash[1] == hash[1]) break;
        at = (at + 1) & mask;
    }
    return &entries->slots[at];
}

/* ---- adding ---- */

static bool has_ended(const struct entry *entry, int64_t now)
{
    return now >= entry->until;
}

static size_t count_standing(const struct entries *entries, int64_t now)
{
    size_t num = 0;
    for (size_t i = 0; entries != NULL && i < entries->num_slots; i++)
        num += !is_free(&entries->slots[i]) && !has_ended(&entries->slots[i], now);
    return num;
}

/* renew makes the table anew with what still stands, a quarter full at most: it is not made anew again so soon. */
static apisec_status renew(struct denylist *list, int64_t now)
{
    struct entries *const old = list->entries;
    const size_t num = count_standing(old, now);
    if (num >= list->max) return APISEC_E_STORE;
    size_t num_slots = FIRST_SLOTS;
    while (num_slots / 4 < num + 1) num_slots *= 2;
    struct entries *const fresh = calloc(1, sizeof *fresh + num_slots * sizeof fresh->slots[0]);
    if (fresh == NULL) return APISEC_E_MEMORY;
    fresh->num_slots = num_slots;
    for (size_t i = 0; old != NULL && i < old->num_slots; i++) {
        const struct entry *const entry = &old->slots[i];
        if (is_free(entry) || has_ended(entry, now)) continue;
        *find(fresh, entry->hash) = *entry;
        fresh->num++;
    }
    list->entries = fresh;
    free(old);
    return APISEC_OK;
}

static bool has_room(const struct denylist *list)
{
    return list->entries != NULL && list->entries->num < list->entries->num_slots / 2 && list->entries->num < list->max;
}

static apisec_status add(struct denylist *list, const struct entry *added, int64_t now)
{
    if (list->entries != NULL) {
        struct entry *const there = find(list->entries, added->hash);
        if (!is_free(there)) {
            if (there->until < added->until) there->until = added->until;
            if (there->issued_before < added->issued_before) there->issued_before = added->issued_before;
            return APISEC_OK;
        }
    }
    const apisec_status status = has_room(list) ? APISEC_OK : renew(list, now);
    if (status != APISEC_OK) return status;
    list->entries->num++;
    *find(list->entries, added->hash) = *added;
    return APISEC_OK;
}

apisec_status denylist_add(struct denylist *list, const struct denial *denial, int64_t now)
{
    struct entry added = {.issued_before = denial->kind == DENIAL_OF_PRINCIPAL ? denial->issued_before : INT64_MAX};
    added.until = denial->until > INT64_MAX - DENYLIST_GRACE ? INT64_MAX : denial->until + DENYLIST_GRACE;
    if (!hash_of(denial->kind, denial->issuer, denial->name, added.hash)) return APISEC_E_SYSTEM;
    lock_take(&list->lock);
    const apisec_status status = add(list, &added, now);
    if (status == APISEC_OK) atomic_fetch_add_explicit(&list->generation, 1, memory_order_release);
    atomic_store_explicit(&list->num, list->entries == NULL ? 0 : list->entries->num, memory_order_relaxed);
    lock_release(&list->lock);
    return status;
}

/* ---- finding ---- */

static enum denial_state look(struct denylist *list, enum denial_kind kind, struct text issuer, struct text name, int64_t issued_at,
                              int64_t now)
{
    uint64_t hash[2];
    enum denial_state state = DENIAL_NONE;
    if (name.at == NULL) return DENIAL_NONE;
    if (!hash_of(kind, issuer, name, hash)) return DENIAL_STANDS; /* it cannot be told: that is no yes */
    lock_take(&list->lock);
    if (list->entries != NULL) {
        const struct entry *const entry = find(list->entries, hash);
        const bool is_meant = !is_free(entry) && issued_at < entry->issued_before;
        if (is_meant) state = has_ended(entry, now) ? DENIAL_ENDED : DENIAL_STANDS;
    }
    lock_release(&list->lock);
    return state;
}

enum denial_state denylist_find(struct denylist *list, const struct denial_subject *subject, int64_t now, enum denial_kind *kind)
{
    const struct text none = {NULL, 0};
    const struct {
        enum denial_kind kind;
        struct text issuer, name;
    } names[] = {{DENIAL_OF_ID, subject->issuer, subject->id},
                 {DENIAL_OF_PRINCIPAL, none, subject->principal},
                 {DENIAL_OF_SESSION, subject->issuer, subject->session}};
    enum denial_state worst = DENIAL_NONE;
    *kind = DENIAL_OF_ID;
    if (denylist_generation(list) == 0) return DENIAL_NONE;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && worst != DENIAL_STANDS; i++) {
        const enum denial_state state = look(list, names[i].kind, names[i].issuer, names[i].name, subject->issued_at, now);
        if (state < worst) {
            worst = state;
            *kind = names[i].kind;
        }
    }
    return worst;
}

void denylist_count(const struct denylist *list, struct denylist_counts *counts)
{
    *counts = (struct denylist_counts){atomic_load_explicit(&list->num, memory_order_relaxed), list->max};
}
