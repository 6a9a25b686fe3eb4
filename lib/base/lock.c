/* SPDX-License-Identifier: Apache-2.0
 *
 * lock.c: a mutex that survives fork. In the child, a mutex that another thread of the parent held is held for ever: the first to
 * take it there makes it anew. For locks that are held for a few assignments, never across I/O.
 */
#include "base/base.h"

#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

bool lock_init(struct lock *lock)
{
    atomic_init(&lock->process, (int64_t)getpid());
    return pthread_mutex_init(&lock->mutex, NULL) == 0;
}

void lock_end(struct lock *lock)
{
    pthread_mutex_destroy(&lock->mutex);
}

void lock_take(struct lock *lock)
{
    const int64_t self = (int64_t)getpid();
    for (int64_t owner = atomic_load(&lock->process); owner != self; owner = atomic_load(&lock->process)) {
        if (owner == -self || !atomic_compare_exchange_strong(&lock->process, &owner, -self)) {
            sched_yield(); /* another thread of this child is at it */
            continue;
        }
        pthread_mutex_init(&lock->mutex, NULL);
        atomic_store(&lock->process, self);
    }
    pthread_mutex_lock(&lock->mutex);
}

void lock_release(struct lock *lock)
{
    pthread_mutex_unlock(&lock->mutex);
}
