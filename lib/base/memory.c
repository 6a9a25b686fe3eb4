/* SPDX-License-Identifier: Apache-2.0
 *
 * memory.c: wiping, comparing in constant time, allocating with checked sizes, and the arena.
 * Whatever an arena held is wiped when it ends, so that claims and keys do not stay behind in freed memory.
 */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

void mem_wipe(void *bytes, size_t len)
{
    if (!bytes || len == 0) return;
    memset(bytes, 0, len);
    /* The compiler must assume that this reads the bytes, so the memset before it is never dead. */
    __asm__ __volatile__("" : : "r"(bytes) : "memory");
}

void mem_wipe_free(void *bytes, size_t len)
{
    mem_wipe(bytes, len);
    free(bytes);
}

bool mem_equal(const void *a, const void *b, size_t len)
{
    const unsigned char *const left = a, *const right = b;
    unsigned difference = 0;
    for (size_t i = 0; i < len; i++) {
        difference |= (unsigned)(left[i] ^ right[i]);
        /* Hides the value from the optimiser, which could otherwise leave the loop at the first difference. */
        __asm__ __volatile__("" : "+r"(difference));
    }
    return difference == 0;
}

void *mem_array(size_t num, size_t size)
{
    if (size != 0 && num > SIZE_MAX / size) return NULL;
    if (num == 0 || size == 0) return calloc(1, 1); /* NULL means out of memory and nothing else */
    return calloc(num, size);
}

/* ---- the arena ---- */

struct arena_block {
    struct arena_block *before;
    size_t size;
    size_t used;
    _Alignas(max_align_t) unsigned char bytes[];
};

enum { ARENA_FIRST = 1024 - sizeof(struct arena_block), ARENA_LARGEST = 64 * 1024 };

/* A new block is twice the last one, and never smaller than what is asked for. */
static struct arena_block *grow(struct arena *arena, size_t need)
{
    size_t size = ARENA_FIRST;
    if (arena->last) size = arena->last->size >= ARENA_LARGEST / 2 ? ARENA_LARGEST : arena->last->size * 2;
    if (size < need) size = need;

    /* Not calloc, of glibc, which does not reuse what was freed last; nor what a compiler would make a calloc of. */
    struct arena_block *const block = malloc(sizeof *block + size);
    if (!block) return NULL;
    memset(block->bytes, 0, size);
    block->used = 0;
    block->before = arena->last;
    block->size = size;
    arena->last = block;
    return block;
}

bool arena_reserve(struct arena *arena, size_t size)
{
    const struct arena_block *const block = arena->last;
    if (size > PTRDIFF_MAX - sizeof(struct arena_block)) return false;
    return (block && block->size - block->used >= size) || grow(arena, size);
}

void *arena_alloc(struct arena *arena, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    if (size > PTRDIFF_MAX - sizeof(struct arena_block) - align) return NULL; /* no sum below wraps */
    size_t rounded = (size + align - 1) / align * align;
    if (rounded == 0) rounded = align;

    struct arena_block *block = arena->last;
    if (!block || block->size - block->used < rounded) block = grow(arena, rounded);
    if (!block) return NULL;
    void *const bytes = block->bytes + block->used;
    block->used += rounded;
    return bytes;
}

char *arena_text(struct arena *arena, struct text text)
{
    if (text.len == SIZE_MAX) return NULL;
    char *const copy = arena_alloc(arena, text.len + 1);
    if (copy && text.len) memcpy(copy, text.at, text.len);
    return copy;
}

void arena_free(struct arena *arena)
{
    struct arena_block *block = arena->last;
    arena->last = NULL;
    while (block) {
        struct arena_block *const before = block->before;
        mem_wipe_free(block, sizeof *block + block->used);
        block = before;
    }
}
