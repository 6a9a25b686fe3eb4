/* SPDX-License-Identifier: Apache-2.0
 *
 * table.c: a hash table from text to pointer with open addressing, at most three quarters full.
 * Built once by its owner, then only read, by any number of threads. Keys are borrowed.
 */
#include "base/base.h"

#include <stdlib.h>

struct table_slot {
    uint64_t hash;
    struct text key;
    void *value; /* NULL: the slot is free */
};

enum { TABLE_FIRST = 8 };

/* find gives the slot of the key, or the free one where it would go. There is always a free slot. */
static struct table_slot *find(const struct table *table, uint64_t hash, struct text key)
{
    const size_t mask = table->num_slots - 1;
    size_t at = (size_t)hash & mask;
    while (table->slots[at].value) {
        if (table->slots[at].hash == hash && text_equal(table->slots[at].key, key)) break;
        at = (at + 1) & mask;
    }
    return &table->slots[at];
}

static apisec_status grow(struct table *table)
{
    if (table->num_slots > SIZE_MAX / 2) return APISEC_E_MEMORY;
    struct table larger = {NULL, table->num_slots ? table->num_slots * 2 : TABLE_FIRST, table->num};
    larger.slots = mem_array(larger.num_slots, sizeof *larger.slots);
    if (!larger.slots) return APISEC_E_MEMORY;

    for (size_t i = 0; i < table->num_slots; i++) {
        const struct table_slot *const slot = &table->slots[i];
        if (slot->value) *find(&larger, slot->hash, slot->key) = *slot;
    }
    free(table->slots);
    *table = larger;
    return APISEC_OK;
}

apisec_status table_put(struct table *table, struct text key, void *value)
{
    const unsigned char *const secret = process_key();
    if (!secret) return APISEC_E_SYSTEM;
    if (!value) return APISEC_E_ARGUMENT;
    if (table->num >= table->num_slots / 4 * 3) {
        const apisec_status status = grow(table);
        if (status != APISEC_OK) return status;
    }
    const uint64_t hash = siphash64(secret, key.at, key.len);
    struct table_slot *const slot = find(table, hash, key);
    if (slot->value) return APISEC_E_ARGUMENT;
    *slot = (struct table_slot){hash, key, value};
    table->num++;
    return APISEC_OK;
}

/* Among so few all are looked at: that takes less time than a hash. */
static void *get_among_few(const struct table *table, struct text key)
{
    for (size_t i = 0; i < TABLE_FIRST; i++) {
        const struct table_slot *const slot = &table->slots[i];
        if (slot->value && text_equal(slot->key, key)) return slot->value;
    }
    return NULL;
}

void *table_get(const struct table *table, struct text key)
{
    if (table->num_slots == TABLE_FIRST) return get_among_few(table, key);
    const unsigned char *const secret = process_key();
    if (!secret || table->num == 0) return NULL;
    return find(table, siphash64(secret, key.at, key.len), key)->value;
}

void table_free(struct table *table)
{
    free(table->slots);
    *table = (struct table){NULL, 0, 0};
}
