/* SPDX-License-Identifier: Apache-2.0
 *
 * test_pool.c: a context is one thread's alone while it is taken, few are made, all are ended, and a fork loses no more than the
 * slots that were busy.
 */
#include "support/unit.h"
#include "base/base.h"
#include "crypto/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_uint num_made, num_ended, num_clashes;
static atomic_bool no_memory;

struct context {
    atomic_bool used;
    const void *from;
    unsigned long count; /* written without care for others: ThreadSanitizer would see two threads in here */
};

static void *make(const void *from)
{
    if (atomic_load(&no_memory)) return NULL;
    struct context *context = calloc(1, sizeof *context);
    if (!context) return NULL;
    context->from = from;
    atomic_fetch_add(&num_made, 1);
    return context;
}

static void unmake(void *context)
{
    atomic_fetch_add(&num_ended, 1);
    free(context);
}

static int reset(void **state)
{
    (void)state;
    atomic_store(&num_made, 0);
    atomic_store(&num_ended, 0);
    atomic_store(&num_clashes, 0);
    atomic_store(&no_memory, false);
    return 0;
}

/* ---- one thread ---- */

static void test_one_context_serves_one_thread(void **state)
{
    (void)state;
    const int origin = 0;
    struct pool *pool = pool_new(make, unmake, &origin);
    void *first = NULL;
    for (int i = 0; i < 100; i++) {
        struct pool_slot *slot;
        struct context *context = pool_take(pool, &slot);
        assert_non_null(context);
        assert_ptr_equal(context->from, &origin);
        if (!first) first = context;
        assert_ptr_equal(context, first);
        pool_give(pool, slot, context);
    }
    assert_int_equal(num_made, 1);
    pool_free(pool);
    assert_int_equal(num_ended, 1);
}

static void test_an_unused_pool_makes_nothing(void **state)
{
    (void)state;
    pool_free(pool_new(make, unmake, NULL));
    pool_free(NULL);
    assert_int_equal(num_made, 0);
}

/* One more than there are slots: the last is a temporary one, ended by giving it back; the slots' own stay. */
static void test_more_than_all_slots(void **state)
{
    (void)state;
    enum { NUM = POOL_SLOTS + 3 };
    struct pool *pool = pool_new(make, unmake, NULL);
    struct pool_slot *slots[NUM];
    void *contexts[NUM];
    for (size_t i = 0; i < NUM; i++) {
        contexts[i] = pool_take(pool, &slots[i]);
        assert_non_null(contexts[i]);
        for (size_t j = 0; j < i; j++) assert_ptr_not_equal(contexts[i], contexts[j]);
        assert_int_equal(slots[i] != NULL, i < POOL_SLOTS);
    }
    assert_int_equal(num_made, NUM);
    for (size_t i = 0; i < NUM; i++) pool_give(pool, slots[i], contexts[i]);
    assert_int_equal(num_ended, NUM - POOL_SLOTS);

    struct pool_slot *slot;
    void *again = pool_take(pool, &slot);
    assert_non_null(slot);
    pool_give(pool, slot, again);
    assert_int_equal(num_made, NUM);
    pool_free(pool);
    assert_int_equal(num_ended, NUM);
}

/* Without memory for a context nothing is taken: the slot is there again when there is some. */
static void test_without_memory(void **state)
{
    (void)state;
    struct pool *pool = pool_new(make, unmake, NULL);
    struct pool_slot *slot;
    atomic_store(&no_memory, true);
    for (int i = 0; i < 2 * POOL_SLOTS; i++) assert_null(pool_take(pool, &slot));
    atomic_store(&no_memory, false);
    void *context = pool_take(pool, &slot);
    assert_non_null(context);
    assert_non_null(slot);
    pool_give(pool, slot, context);
    pool_free(pool);
    assert_int_equal(num_ended, num_made);
}

/* ---- many threads ---- */

static struct pool *shared;
static pthread_barrier_t start;

static void *use(void *unused)
{
    pthread_barrier_wait(&start);
    for (int i = 0; i < 2000; i++) {
        struct pool_slot *slot;
        struct context *context = pool_take(shared, &slot);
        if (!context) abort();
        if (atomic_exchange(&context->used, true)) atomic_fetch_add(&num_clashes, 1);
        context->count++;
        atomic_store(&context->used, false);
        pool_give(shared, slot, context);
    }
    return unused;
}

static void run_threads(size_t num)
{
    pthread_t threads[4 * POOL_SLOTS];
    shared = pool_new(make, unmake, NULL);
    pthread_barrier_init(&start, NULL, (unsigned)num);
    for (size_t i = 0; i < num; i++) assert_int_equal(pthread_create(&threads[i], NULL, use, NULL), 0);
    for (size_t i = 0; i < num; i++) pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&start);
    pool_free(shared);
    assert_int_equal(num_clashes, 0);
    assert_int_equal(num_made, num_ended);
}

static void test_two_threads_have_one_context_each(void **state)
{
    (void)state;
    run_threads(2);
    assert_int_equal(num_made, 2);
}

static void test_more_threads_than_slots(void **state)
{
    (void)state;
    run_threads(4 * POOL_SLOTS);
}

/* ---- fork ---- */

static void test_a_child_loses_only_busy_slots(void **state)
{
    (void)state;
    struct pool *pool = pool_new(make, unmake, NULL);
    struct pool_slot *slot;
    void *busy = pool_take(pool, &slot);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        /* The child sees the slot as its parent left it, with a context in the middle of being used: it is never touched. */
        for (int i = 0; i < POOL_SLOTS; i++) {
            struct pool_slot *mine;
            void *context = pool_take(pool, &mine);
            if (!context || context == busy || mine == slot) _exit(1);
            pool_give(pool, mine, context);
        }
        const unsigned ended = atomic_load(&num_ended), made = atomic_load(&num_made);
        pool_free(pool);
        _exit(atomic_load(&num_ended) - ended == made - 1 ? 0 : 2); /* all but the busy one */
    }
    int result = -1;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    pool_give(pool, slot, busy);
    pool_free(pool);
    assert_int_equal(num_made, num_ended);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_one_context_serves_one_thread, reset),
        cmocka_unit_test_setup(test_an_unused_pool_makes_nothing, reset),
        cmocka_unit_test_setup(test_more_than_all_slots, reset),
        cmocka_unit_test_setup(test_without_memory, reset),
        cmocka_unit_test_setup(test_two_threads_have_one_context_each, reset),
        cmocka_unit_test_setup(test_more_threads_than_slots, reset),
        cmocka_unit_test_setup(test_a_child_loses_only_busy_slots, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
