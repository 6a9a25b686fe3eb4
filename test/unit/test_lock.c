/* SPDX-License-Identifier: Apache-2.0
 *
 * test_lock.c: one thread at a time; and a child can take the lock that a thread of its parent held at the fork.
 */
#include "base/base.h"
#include "support/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 20000

struct shared {
    struct lock lock;
    long count;          /* guarded */
    _Atomic int held;    /* 1: a thread holds the lock; 2: it may let go */
};

static void *count_up(void *argument)
{
    struct shared *const shared = argument;
    for (int i = 0; i < ROUNDS; i++) {
        lock_take(&shared->lock);
        shared->count++;
        lock_release(&shared->lock);
    }
    return NULL;
}

static void test_one_at_a_time(void **state)
{
    (void)state;
    struct shared shared = {.count = 0};
    pthread_t threads[4];
    assert_true(lock_init(&shared.lock));
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, count_up, &shared), 0);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    assert_int_equal(shared.count, 4 * ROUNDS);
    lock_end(&shared.lock);
}

static void *hold(void *argument)
{
    struct shared *const shared = argument;
    lock_take(&shared->lock);
    atomic_store(&shared->held, 1);
    while (atomic_load(&shared->held) == 1) usleep(1000);
    lock_release(&shared->lock);
    return NULL;
}

static void test_a_child_can_take_it(void **state)
{
    (void)state;
    static struct shared shared;
    pthread_t holder;
    assert_true(lock_init(&shared.lock));
    assert_int_equal(pthread_create(&holder, NULL, hold, &shared), 0);
    while (atomic_load(&shared.held) == 0) usleep(1000);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) { /* the holder is not here */
        alarm(20);
        count_up(&shared);
        _exit(shared.count == ROUNDS ? 0 : 1);
    }
    int ended = -1;
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_int_equal(ended, 0);
    atomic_store(&shared.held, 2);
    pthread_join(holder, NULL);
    lock_end(&shared.lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_at_a_time),
        cmocka_unit_test(test_a_child_can_take_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
