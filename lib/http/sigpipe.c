/* SPDX-License-Identifier: Apache-2.0
 *
 * sigpipe.c: keeps SIGPIPE away from the host while this thread writes to connections: a peer that closes must not end the host's
 * process, and the host's signal handlers are not ours to replace. Called by curl.c.
 */
#include "http/http.h"

#include <pthread.h>
#include <time.h>

static bool is_pending(void)
{
    sigset_t pending;
    sigemptyset(&pending);
    sigpending(&pending);
    return sigismember(&pending, SIGPIPE) == 1;
}

void sigpipe_block(struct sigpipe *guard)
{
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    guard->was_pending = is_pending();
    guard->blocked = pthread_sigmask(SIG_BLOCK, &pipe, &guard->before) == 0;
}

/* What became pending meanwhile is ours and is taken away; what was pending before is the host's and stays. */
void sigpipe_release(const struct sigpipe *guard)
{
    const struct timespec at_once = {0, 0};
    sigset_t pipe;
    if (!guard->blocked) return;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    if (!guard->was_pending && is_pending()) (void)sigtimedwait(&pipe, NULL, &at_once);
    pthread_sigmask(SIG_SETMASK, &guard->before, NULL);
}
