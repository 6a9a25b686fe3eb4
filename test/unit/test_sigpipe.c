/* SPDX-License-Identifier: Apache-2.0
 *
 * test_sigpipe.c: no SIGPIPE of ours reaches the host, and none of the host's is swallowed.
 */
#include "http/http.h"
#include "support/unit.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t delivered;

static void count(int number)
{
    (void)number;
    delivered++;
}

static void write_to_nobody(void)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    assert_true(write(ends[1], "x", 1) < 0);
    close(ends[1]);
}

static int set_up(void **state)
{
    (void)state;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = count;
    delivered = 0;
    return sigaction(SIGPIPE, &action, NULL);
}

static void ours_is_taken_away(void **state)
{
    (void)state;
    struct sigpipe guard;
    write_to_nobody();
    assert_int_equal(delivered, 1); /* the twin: without the guard it is delivered */
    sigpipe_block(&guard);
    write_to_nobody();
    sigpipe_release(&guard);
    assert_int_equal(delivered, 1);
    write_to_nobody();
    assert_int_equal(delivered, 2); /* and afterwards all is as before */
}

static void a_pending_one_of_the_host_stays(void **state)
{
    (void)state;
    struct sigpipe guard;
    sigset_t pipe, before, pending;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    write_to_nobody();
    sigpipe_block(&guard);
    sigpipe_release(&guard);
    sigemptyset(&pending);
    sigpending(&pending);
    assert_int_equal(sigismember(&pending, SIGPIPE), 1);
    assert_int_equal(delivered, 0); /* still blocked, as the host wants it */
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    assert_int_equal(delivered, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(ours_is_taken_away, set_up),
        cmocka_unit_test_setup(a_pending_one_of_the_host_stays, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
