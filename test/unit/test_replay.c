/* SPDX-License-Identifier: Apache-2.0
 *
 * test_replay.c: the memory of proofs: once and not again, full means no, and no clock makes it forget too early. A plain list that
 * never forgets is the judge of a long random run.
 */
#include "support/unit.h"
#include "token/dpop.h"

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct replay *new_replay(size_t capacity)
{
    struct replay *replay = NULL;
    assert_int_equal(replay_new(capacity, &replay, NULL), APISEC_OK);
    return replay;
}

static apisec_status put(struct replay *replay, uint32_t name, int64_t until, int64_t now)
{
    unsigned char id[REPLAY_ID_LEN] = {0};
    apisec_error err = {.status = APISEC_OK, .text = ""};
    memcpy(id + 7, &name, sizeof name);
    const apisec_status status = replay_put(replay, id, until, now, &err);
    assert_int_equal(err.status, status);
    return status;
}

static size_t count(struct replay *replay)
{
    struct replay_counts counts;
    replay_count(replay, &counts);
    return counts.num_proofs;
}

static void test_once(void **state)
{
    (void)state;
    struct replay *replay = new_replay(8);
    assert_int_equal(put(replay, 1, 1030, 1000), APISEC_OK);
    assert_int_equal(put(replay, 1, 1030, 1000), APISEC_E_REPLAY);
    assert_int_equal(put(replay, 2, 1030, 1000), APISEC_OK);
    assert_int_equal(put(replay, 1, 1030, 1030), APISEC_E_REPLAY);
    assert_int_equal(put(replay, 1, 1060, 1030), APISEC_E_REPLAY); /* the same jti with another iat */
    assert_int_equal(count(replay), 2);
    replay_free(replay);
}

static void test_full(void **state)
{
    (void)state;
    struct replay *replay = new_replay(4);
    for (uint32_t i = 0; i < 4; i++) assert_int_equal(put(replay, i, 1030 + i, 1000), APISEC_OK);
    assert_int_equal(put(replay, 9, 1030, 1000), APISEC_E_STORE);
    assert_int_equal(put(replay, 0, 1030, 1000), APISEC_E_REPLAY); /* a replay is one all the same */
    assert_int_equal(put(replay, 9, 1060, 1030), APISEC_E_STORE);  /* the first is still within its last second */
    assert_int_equal(put(replay, 9, 1061, 1031), APISEC_OK);       /* and now it is over */
    assert_int_equal(put(replay, 10, 1061, 1031), APISEC_E_STORE);
    assert_int_equal(put(replay, 9, 1061, 1031), APISEC_E_REPLAY);
    struct replay_counts counts;
    replay_count(replay, &counts);
    assert_int_equal(counts.num_proofs, 4);
    assert_int_equal(counts.max_proofs, 4);
    assert_int_equal(counts.seen, 2);
    assert_int_equal(counts.refused, 3);
    replay_free(replay);
}

/* A clock set back makes an old proof's time come again. */
static void test_a_clock_set_back(void **state)
{
    (void)state;
    struct replay *replay = new_replay(2);
    assert_int_equal(put(replay, 1, 1030, 1000), APISEC_OK);
    assert_int_equal(put(replay, 2, 4630, 4600), APISEC_OK);       /* an hour later there is still room for the first */
    assert_int_equal(put(replay, 1, 1030, 1000), APISEC_E_REPLAY);
    assert_int_equal(put(replay, 3, 4631, 4601), APISEC_OK);       /* and now there is not */
    assert_int_equal(put(replay, 1, 1030, 1000), APISEC_E_REPLAY); /* it is forgotten, and refused for that */
    assert_int_equal(put(replay, 4, 1030, 1000), APISEC_E_REPLAY); /* as is all of its time */
    assert_int_equal(put(replay, 4, 1031, 1001), APISEC_E_STORE);  /* but not what is later: that is only too much */
    assert_int_equal(put(replay, 4, 8300, 8270), APISEC_OK);
    assert_int_equal(put(replay, 5, 4631, 4601), APISEC_E_REPLAY); /* what is refused takes no room */
    assert_int_equal(count(replay), 1);
    assert_int_equal(put(replay, 5, 8300, 8270), APISEC_OK);
    replay_free(replay);
}

static void test_what_is_over_goes(void **state)
{
    (void)state;
    struct replay *replay = new_replay(100);
    for (uint32_t i = 0; i < 10; i++) assert_int_equal(put(replay, i, 1030 + i, 1000), APISEC_OK);
    assert_int_equal(put(replay, 10, 4700, 4635), APISEC_OK); /* 3600 s after 1035: 1030 to 1034 go */
    assert_int_equal(count(replay), 6);
    assert_int_equal(put(replay, 11, 9999, 9970), APISEC_OK);
    assert_int_equal(count(replay), 1);
    replay_free(replay);
}

static void test_far_times(void **state)
{
    (void)state;
    struct replay *replay = new_replay(4);
    assert_int_equal(put(replay, 1, 30, 0), APISEC_OK);
    assert_int_equal(put(replay, 1, 30, 0), APISEC_E_REPLAY);
    assert_int_equal(put(replay, 2, ((int64_t)1 << 53) + 30, (int64_t)1 << 53), APISEC_OK);
    assert_int_equal(count(replay), 1);
    replay_free(replay);
}

/* A random walk against a list that is asked in the simplest way. */
static void test_against_a_list(void **state)
{
    (void)state;
    enum { STEPS = 20000, CAPACITY = 64 };
    static struct {
        uint32_t name;
        int64_t until;
    } list[STEPS];
    size_t num = 0, accepted = 0, replays = 0, fulls = 0;
    uint64_t seed = 42;
    int64_t now = 1000000;
    struct replay *replay = new_replay(CAPACITY);
    for (size_t i = 0; i < STEPS; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        now += (int64_t)(seed >> 60 == 0);
        const uint32_t name = (uint32_t)(seed >> 40) % 600;
        const int64_t until = now + (int64_t)((seed >> 33) % 61);
        bool known = false;
        size_t live = 0;
        for (size_t k = 0; k < num; k++) {
            if (list[k].until < now) continue;
            live++;
            if (list[k].name == name) known = true;
        }
        const apisec_status status = put(replay, name, until, now);
        if (known) assert_int_equal(status, APISEC_E_REPLAY);
        if (!known && live == CAPACITY) assert_int_equal(status, APISEC_E_STORE);
        if (status == APISEC_OK) {
            list[num].name = name;
            list[num++].until = until;
        }
        accepted += status == APISEC_OK;
        replays += status == APISEC_E_REPLAY;
        fulls += status == APISEC_E_STORE;
    }
    assert_true(accepted > 500 && replays > 500 && fulls > 500);
    replay_free(replay);
}

/* ---- threads and processes ---- */

enum { THREADS = 4, NAMES = 4000 };

struct runner {
    struct replay *replay;
    size_t won;
};

static void *run(void *argument)
{
    struct runner *const runner = argument;
    for (uint32_t i = 0; i < NAMES; i++) {
        unsigned char id[REPLAY_ID_LEN] = {0};
        memcpy(id, &i, sizeof i);
        if (replay_put(runner->replay, id, 1030, 1000, NULL) == APISEC_OK) runner->won++;
    }
    return NULL;
}

static void test_one_thread_wins(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    struct runner runners[THREADS];
    size_t won = 0;
    struct replay *replay = new_replay(NAMES);
    for (size_t i = 0; i < THREADS; i++) {
        runners[i] = (struct runner){replay, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, run, &runners[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        won += runners[i].won;
    }
    assert_int_equal(won, NAMES);
    replay_free(replay);
}

static int in_child(int (*body)(struct replay *), struct replay *replay)
{
    int status = -1;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) _exit(body(replay));
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static int knows_and_learns(struct replay *replay)
{
    unsigned char id[REPLAY_ID_LEN] = {0};
    if (put(replay, 1, 1030, 1000) != APISEC_E_REPLAY) return 1;
    return replay_put(replay, id, 1030, 1000, NULL) == APISEC_OK ? 0 : 2;
}

/* A child remembers what its parent had seen. What it sees itself the parent does not know: for that there are stores. */
static void test_a_child_remembers(void **state)
{
    (void)state;
    struct replay *replay = new_replay(8);
    assert_int_equal(put(replay, 1, 1030, 1000), APISEC_OK);
    assert_int_equal(in_child(knows_and_learns, replay), 0);
    assert_int_equal(count(replay), 1);
    replay_free(replay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_once),
                                       cmocka_unit_test(test_full),
                                       cmocka_unit_test(test_a_clock_set_back),
                                       cmocka_unit_test(test_what_is_over_goes),
                                       cmocka_unit_test(test_far_times),
                                       cmocka_unit_test(test_against_a_list),
                                       cmocka_unit_test(test_one_thread_wins),
                                       cmocka_unit_test(test_a_child_remembers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
