/* SPDX-License-Identifier: Apache-2.0
 *
 * names.c: tells whether an object has a member name already, for all objects of a text that are open at the moment.
 * Few names, as tokens have, are compared with each other. Of many, 64-bit hashes under the process's key are kept: nobody outside
 * can make two names collide, and chance does not.
 */
#include "json/scan.h"

#include <stdlib.h>
#include <string.h>

enum { CHAIN = 8, BLOCK = 64 };

/* hash_long: of names that are long or have escapes: in blocks of 64 unescaped bytes, each behind the hash of those before it.
 * Where a block ends depends on the unescaped bytes only, so that all spellings of a name hash alike. */
static uint64_t hash_long(const unsigned char key[16], const char *at, const char *end)
{
    char bytes[CHAIN + BLOCK + 4];
    size_t from = CHAIN, used = CHAIN; /* the first block has none before it */
    while (at < end) {
        const size_t more = *at == '\\' ? string_unescape(&at, end, bytes + used) : 0;
        if (more == 0) bytes[used++] = *at++;
        used += more;
        if (used <= CHAIN + BLOCK) continue;

        const uint64_t hash = siphash64(key, bytes + from, CHAIN + BLOCK - from);
        memcpy(bytes, &hash, CHAIN);
        memmove(bytes + CHAIN, bytes + CHAIN + BLOCK, used - CHAIN - BLOCK);
        used -= BLOCK;
        from = 0;
    }
    return siphash64(key, bytes + from, used - from);
}

static uint64_t hash_name(const unsigned char key[16], uint32_t object, struct text inside, bool escaped)
{
    const bool plain = !escaped && inside.len <= BLOCK;
    const uint64_t name = plain ? siphash64(key, inside.at, inside.len) : hash_long(key, inside.at, inside.at + inside.len);
    const uint64_t hash = name ^ object * 0x9e3779b97f4a7c15u;
    return hash ? hash : 1; /* 0 marks a free slot */
}

/* find gives the slot of a hash, or the free one where it goes. At most half of them are taken. */
static size_t find(const struct names *names, uint64_t hash)
{
    const size_t mask = names->num_slots - 1;
    size_t at = (size_t)hash & mask;
    while (names->slots[at] != 0 && names->slots[at] != hash) at = (at + 1) & mask;
    return at;
}

static void take(struct names *names, size_t slot, uint64_t hash)
{
    names->slots[slot] = hash;
    names->order[names->num++] = (uint32_t)slot;
}

static void release(struct names *names)
{
    if (names->slots == names->inline_slots) return;
    mem_wipe_free(names->slots, names->num_slots * sizeof *names->slots);
    free(names->order);
}

/* grow takes all names over in the order they came, so that the larger table is one in which they were put from the start. */
static apisec_status grow(struct names *names)
{
    if (names->num_slots > UINT32_MAX / 2) return APISEC_E_MEMORY;
    const size_t num_slots = names->num_slots * 2;
    struct names larger = {.slots = mem_array(num_slots, sizeof *larger.slots), .num_slots = num_slots};
    larger.order = mem_array(num_slots / 2, sizeof *larger.order);
    if (!larger.slots || !larger.order) {
        free(larger.slots);
        free(larger.order);
        return APISEC_E_MEMORY;
    }
    for (size_t i = 0; i < names->num; i++) {
        const uint64_t hash = names->slots[names->order[i]];
        take(&larger, find(&larger, hash), hash);
    }
    release(names);
    names->slots = larger.slots;
    names->order = larger.order;
    names->num_slots = num_slots;
    return APISEC_OK;
}

void names_begin(struct names *names, const unsigned char key[16])
{
    names->key = key;
    names->hashed = false;
    names->slots = names->inline_slots;
    names->order = names->inline_order;
    names->num_slots = 2 * NAMES_INLINE;
    names->num = 0;
}

/* ---- few ---- */

static bool is_among_few(const struct names *names, uint32_t object, struct text inside)
{
    for (size_t i = 0; i < names->num; i++)
        if (names->few[i].len == inside.len && names->few[i].object == object &&
            memcmp(names->few[i].at, inside.at, inside.len) == 0) return true;
    return false;
}

/* hash_few goes over to hashes. They have room: there are more inline slots than few names. */
static void hash_few(struct names *names)
{
    const size_t num = names->num;
    memset(names->inline_slots, 0, sizeof names->inline_slots);
    names->hashed = true;
    names->num = 0;
    for (size_t i = 0; i < num; i++) {
        const struct text name = {names->few[i].at, names->few[i].len};
        const uint64_t hash = hash_name(names->key, names->few[i].object, name, false);
        take(names, find(names, hash), hash);
    }
}

/* ---- any number ---- */

static apisec_status add_hash(struct names *names, uint32_t object, struct text inside, bool escaped)
{
    const uint64_t hash = hash_name(names->key, object, inside, escaped);
    if (names->num == names->num_slots / 2) {
        const apisec_status status = grow(names);
        if (status != APISEC_OK) return status;
    }
    const size_t slot = find(names, hash);
    if (names->slots[slot] != 0) return APISEC_E_MALFORMED;
    take(names, slot, hash);
    return APISEC_OK;
}

apisec_status names_add(struct names *names, uint32_t object, struct text inside, bool escaped)
{
    if (!names->hashed && (escaped || names->num == NAMES_FEW || inside.len > UINT32_MAX)) hash_few(names);
    if (names->hashed) return add_hash(names, object, inside, escaped);
    if (is_among_few(names, object, inside)) return APISEC_E_MALFORMED;
    names->few[names->num].object = object;
    names->few[names->num].len = (uint32_t)inside.len;
    names->few[names->num].at = inside.at;
    names->num++;
    return APISEC_OK;
}

/* Given back in the reverse order, a slot can simply be emptied: no name that is left was put after it, so none passed over it. */
void names_drop(struct names *names, size_t num)
{
    if (!names->hashed) {
        names->num -= num < names->num ? num : names->num;
        return;
    }
    for (; num > 0 && names->num > 0; num--) names->slots[names->order[--names->num]] = 0;
}

void names_end(struct names *names)
{
    release(names);
    names_begin(names, names->key);
}
