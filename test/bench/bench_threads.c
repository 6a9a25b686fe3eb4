/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_threads.c: two threads on one verifier beside one thread: a shared lock, counter or cache line anywhere on the way shows
 * here. Each thread verifies tokens of its own. One thread and two take turns, and the ratio is the median of the turns, so that
 * drift cancels.
 *
 * Two processors that share a core or a memory bus, or that a host lends to others as well, do not give twice one. So a control
 * takes its turns between: the same work in two processes, which share no memory. What they gain is what this machine can give to
 * this work, and two threads must gain the same.
 */
#include "bench/bench.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define TURNS     41
#define TOKENS    8
#define MIN_RATIO 1.9

struct worker {
    const struct bench_service *service;
    char *tokens[TOKENS];
    size_t lens[TOKENS];
    unsigned times;
};

/* Where all wait for each other; in memory that processes share. */
static struct gate {
    pthread_barrier_t start, end;
} * gate;

static void *work(void *argument)
{
    const struct worker *worker = argument;
    pthread_barrier_wait(&gate->start);
    for (unsigned i = 0; i < worker->times; i++)
        bench_verify(worker->service, worker->tokens[i % TOKENS], worker->lens[i % TOKENS]);
    pthread_barrier_wait(&gate->end);
    return NULL;
}

/* Microseconds from the moment all are ready until all are done, in threads or in processes of their own. */
static double take_turn(struct worker *workers, unsigned num, bool processes)
{
    pthread_t threads[2];
    pid_t pids[2];
    pthread_barrierattr_t shared;
    pthread_barrierattr_init(&shared);
    pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
    pthread_barrier_init(&gate->start, &shared, num + 1);
    pthread_barrier_init(&gate->end, &shared, num + 1);
    for (unsigned i = 0; i < num; i++)
        if (processes) {
            if ((pids[i] = fork()) < 0) exit(2);
            if (pids[i] == 0) {
                for (unsigned w = 0; w < TOKENS; w++) bench_verify(workers[i].service, workers[i].tokens[w], workers[i].lens[w]);
                work(&workers[i]);
                _exit(0);
            }
        } else if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0) exit(2);
    pthread_barrier_wait(&gate->start);
    double begin = bench_wall_us();
    pthread_barrier_wait(&gate->end);
    double us = bench_wall_us() - begin;
    for (unsigned i = 0; i < num; i++)
        if (processes) waitpid(pids[i], NULL, 0);
        else pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&gate->start);
    pthread_barrier_destroy(&gate->end);
    pthread_barrierattr_destroy(&shared);
    return us;
}

static void row(const char *name, const char *alg, size_t max_cached, unsigned times)
{
    struct bench_service service;
    struct worker workers[2];
    double ones[TURNS], ratios[TURNS], machine[TURNS];
    bench_service_new(&service, alg, (struct bench_setup){.max_cached = max_cached});
    for (unsigned w = 0; w < 2; w++) {
        workers[w].service = &service;
        workers[w].times = times;
        for (unsigned i = 0; i < TOKENS; i++) {
            workers[w].tokens[i] = bench_token(&service, w * TOKENS + i);
            workers[w].lens[i] = strlen(workers[w].tokens[i]);
        }
    }
    take_turn(workers, 2, false); /* contexts are made, pages are there */
    for (unsigned i = 0; i < TURNS; i++) {
        double one = take_turn(workers, 1, false), control = take_turn(workers, 1, true);
        double two = take_turn(workers, 2, false), both = take_turn(workers, 2, true);
        one = (one + take_turn(workers, 1, false)) / 2;
        control = (control + take_turn(workers, 1, true)) / 2;
        ones[i] = one;
        ratios[i] = 2 * one / two;
        machine[i] = 2 * control / both;
    }
    double one = bench_median(ones, TURNS) / times, ratio = bench_median(ratios, TURNS), most = bench_median(machine, TURNS);
    double of_two = most < 2 ? 2 * ratio / most : ratio;
    printf("  %-6s %10.0f %10.0f %8.2f %8.2f %12.2f\n", name, 1e6 / one, ratio * 1e6 / one, ratio, most, of_two);
    char what[80];
    snprintf(what, sizeof what, "%s, two threads beside one, where the machine gives 2", name);
    bench_bar(what, of_two, ">=", MIN_RATIO, of_two >= MIN_RATIO);

    for (unsigned w = 0; w < 2; w++)
        for (unsigned i = 0; i < TOKENS; i++) apisec_text_free(workers[w].tokens[i]);
    bench_service_free(&service);
}

int main(void)
{
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
        printf("threads: one processor only, nothing to compare\n");
        return 0;
    }
    gate = mmap(NULL, sizeof *gate, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (gate == MAP_FAILED) return 2;
    printf("two threads beside one, the same verifier, distinct tokens, median of %d turns\n", TURNS);
    printf("  %-6s %10s %10s %8s %8s %12s\n", "alg", "one, 1/s", "two, 1/s", "ratio", "control", "of the control");
    row("RS256", "RS256", 0, 400);
    row("ES256", "ES256", 0, 20);
    row("HS256", "HS256", 0, 2000);
    row("cached", "RS256", 1024, 40000);
    return bench_missed;
}
