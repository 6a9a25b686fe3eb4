/* SPDX-License-Identifier: Apache-2.0
 *
 * failing.h: lets one allocation of a stretch of code fail. To be included by the one source file of a test program, because it
 * defines malloc and its kin for the whole of it; that file defines _GNU_SOURCE first. Not under the sanitizers and valgrind, which
 * have their own. One thread.
 *
 *     if (!failing_works()) skip();
 *     for (size_t nth = 1;; nth++) {
 *         failing_begin(nth);                   the nth allocation from here on fails, once
 *         ... the code under test ...
 *         if (!failing_end()) break;            it has made fewer than nth
 *         failing_kept                          how many allocations of the stretch were not freed within it
 *     }
 */
#ifndef TEST_SUPPORT_FAILING_H
#define TEST_SUPPORT_FAILING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FAILING_IS_POSSIBLE 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define FAILING_IS_POSSIBLE 0
#endif
#endif
#ifndef FAILING_IS_POSSIBLE
#define FAILING_IS_POSSIBLE 1
#endif

#if FAILING_IS_POSSIBLE

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* volatile: the compiler knows malloc, and that it changes nothing of the program's */
static volatile bool failing_counts;
static volatile size_t failing_left; /* allocations before the one that fails */
static volatile bool failing_reached;
static volatile long failing_kept;

static void failing_begin(size_t nth)
{
    failing_left = nth;
    failing_reached = false;
    failing_kept = 0;
    failing_counts = true;
}

/* failing_end says whether the allocation that was to fail was asked for. */
static bool failing_end(void)
{
    failing_counts = false;
    return failing_reached;
}

static bool failing_now(void)
{
    if (!failing_counts || failing_reached || --failing_left > 0) return false;
    failing_reached = true;
    errno = ENOMEM;
    return true;
}

static void *failing_keep(void *at)
{
    failing_kept += failing_counts && at != NULL;
    return at;
}

/* dlsym may allocate while it looks for the real functions: from here, and never given back. */
static _Alignas(16) unsigned char failing_early[16384];
static size_t failing_early_used;
static bool failing_looks;
static void *(*failing_malloc)(size_t);
static void *(*failing_calloc)(size_t, size_t);
static void *(*failing_realloc)(void *, size_t);
static void (*failing_free)(void *);

static void *failing_early_take(size_t size)
{
    void *at = failing_early + failing_early_used;
    failing_early_used += (size + 15) / 16 * 16;
    if (failing_early_used > sizeof failing_early) abort();
    return at;
}

static bool failing_is_early(const void *at)
{
    return (uintptr_t)at - (uintptr_t)failing_early < sizeof failing_early;
}

static void failing_look_up(void *pointer, const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    memcpy(pointer, &found, sizeof found);
}

static void failing_find(void)
{
    if (failing_free != NULL) return;
    failing_looks = true;
    failing_look_up(&failing_malloc, "malloc");
    failing_look_up(&failing_calloc, "calloc");
    failing_look_up(&failing_realloc, "realloc");
    failing_look_up(&failing_free, "free");
    failing_looks = false;
}

/* visible: the shared libraries are to find these too */
#pragma GCC visibility push(default)

void *malloc(size_t size)
{
    if (failing_looks) return failing_early_take(size);
    failing_find();
    return failing_now() ? NULL : failing_keep(failing_malloc(size));
}

void *calloc(size_t num, size_t size)
{
    if (failing_looks) return failing_early_take(num * size);
    failing_find();
    return failing_now() ? NULL : failing_keep(failing_calloc(num, size));
}

void *realloc(void *at, size_t size)
{
    failing_find();
    if (failing_is_early(at)) abort();
    if (failing_now()) return NULL;
    return at == NULL ? failing_keep(failing_realloc(at, size)) : failing_realloc(at, size);
}

void free(void *at)
{
    if (at == NULL || failing_is_early(at)) return;
    failing_find();
    failing_kept -= failing_counts;
    failing_free(at);
}

#pragma GCC visibility pop

/* failing_works: these are the functions that are called. */
static bool failing_works(void)
{
    failing_begin(1);
    void *volatile at = malloc(1);
    free(at);
    return failing_end();
}

#else

static volatile bool failing_counts __attribute__((unused));
static volatile long failing_kept;

static bool failing_works(void)
{
    return false;
}

static void failing_begin(size_t nth)
{
    (void)nth;
}

static bool failing_end(void)
{
    return false;
}

#endif
#endif
