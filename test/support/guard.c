/* SPDX-License-Identifier: Apache-2.0
 *
 * guard.c: copies of inputs in front of an inaccessible page. A copy's pointer does not say where its mapping starts, so the
 * mappings are kept in a list.
 */
#include "support/guard.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct mapping {
    struct mapping *next;
    char *start;
    size_t size;
    const char *copy;
};

static struct mapping *mappings;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void give_up(const char *what)
{
    fprintf(stderr, "guard: %s\n", what);
    abort();
}

const char *guarded(const void *bytes, size_t len)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t room = (len + page - 1) / page * page;
    struct mapping *const mapping = malloc(sizeof *mapping);
    if (!mapping) give_up("out of memory");

    char *const start = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) give_up("no pages");
    char *const copy = start + room - len;
    if (len) memcpy(copy, bytes, len);
    if (room && mprotect(start, room, PROT_READ) != 0) give_up("a copy cannot be made read-only");
    if (mprotect(start + room, page, PROT_NONE) != 0) give_up("the page behind a copy cannot be closed");

    pthread_mutex_lock(&lock);
    *mapping = (struct mapping){mappings, start, room + page, copy};
    mappings = mapping;
    pthread_mutex_unlock(&lock);
    return copy;
}

const char *guarded_text(const char *nul_terminated)
{
    return guarded(nul_terminated, strlen(nul_terminated));
}

void guard_free(const char *copy)
{
    if (!copy) return;
    pthread_mutex_lock(&lock);
    struct mapping **at = &mappings;
    while (*at && (*at)->copy != copy) at = &(*at)->next;
    struct mapping *const mapping = *at;
    if (mapping) *at = mapping->next;
    pthread_mutex_unlock(&lock);
    if (!mapping) give_up("not one of its copies");
    munmap(mapping->start, mapping->size);
    free(mapping);
}
