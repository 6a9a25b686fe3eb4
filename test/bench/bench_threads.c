/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_threads.c: two threads on one verifier beside one thread: a shared lock anywhere on the way shows here. Each thread
 * verifies tokens of its own. One thread and two take turns, and the ratio is the median of the turns, so that drift cancels.
 *
 * On a machine that others use, the wall's clock tells of them and not of the library. Then the processor's clock is judged (memory
 * that two threads fight for costs time there too), and how often a thread went to sleep, which is what waiting for a lock is.
 */
#define _GNU_SOURCE /* RUSAGE_THREAD */
#include "bench/bench.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#define TURNS 15
#define TOKENS 8
#define MIN_RATIO 1.9
#define ALONE 0.97     /* two threads that get less than this share of two processors are not alone, unless they slept */
#define MAX_SLEEPS 1.0 /* in a thousand verifications */

struct worker {
    const struct bench_service *service;
    char *tokens[TOKENS];
    size_t lens[TOKENS];
    unsigned times;
    pthread_barrier_t *start;
    double cpu_us;
    double sleeps;
};

struct turn {
    double wall_us, cpu_us, sleeps; /* cpu_us and sleeps: of all threads */
};

static double sleeps_so_far(void)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return (double)usage.ru_nvcsw;
}

static void *thread(void *argument)
{
    struct worker *worker = argument;
    pthread_barrier_wait(worker->start);
    double cpu = bench_cpu_us(), sleeps = sleeps_so_far();
    for (unsigned i = 0; i < worker->times; i++)
        bench_verify(worker->service, worker->tokens[i % TOKENS], worker->lens[i % TOKENS]);
    worker->cpu_us = bench_cpu_us() - cpu;
    worker->sleeps = sleeps_so_far() - sleeps;
    return NULL;
}

/* From the moment all are ready until all are done. */
static struct turn take_turn(struct worker *workers, unsigned num)
{
    pthread_t threads[2];
    pthread_barrier_t start;
    struct turn turn = {0, 0, 0};
    pthread_barrier_init(&start, NULL, num + 1);
    for (unsigned i = 0; i < num; i++) {
        workers[i].start = &start;
        if (pthread_create(&threads[i], NULL, thread, &workers[i]) != 0) exit(2);
    }
    pthread_barrier_wait(&start);
    double begin = bench_wall_us();
    for (unsigned i = 0; i < num; i++) pthread_join(threads[i], NULL);
    turn.wall_us = bench_wall_us() - begin;
    for (unsigned i = 0; i < num; i++) {
        turn.cpu_us += workers[i].cpu_us;
        turn.sleeps += workers[i].sleeps;
    }
    pthread_barrier_destroy(&start);
    return turn;
}

static void judge(const char *alg, double wall_ratio, double cpu_ratio, double share, double sleeps)
{
    char what[80];
    if (share >= ALONE || wall_ratio >= MIN_RATIO || sleeps > MAX_SLEEPS) {
        snprintf(what, sizeof what, "%s, two threads beside one", alg);
        bench_bar(what, wall_ratio, ">=", MIN_RATIO, wall_ratio >= MIN_RATIO);
        return;
    }
    snprintf(what, sizeof what, "%s, two beside one, by processor time: this machine is busy", alg);
    bench_bar(what, cpu_ratio, ">=", MIN_RATIO, cpu_ratio >= MIN_RATIO);
}

static void row(const char *alg, unsigned times)
{
    struct bench_service service;
    struct worker workers[2];
    double ones[TURNS], wall[TURNS], cpu[TURNS], shares[TURNS], sleeps[TURNS];
    bench_service_init(&service, alg);
    for (unsigned w = 0; w < 2; w++) {
        workers[w].service = &service;
        workers[w].times = times;
        for (unsigned i = 0; i < TOKENS; i++) {
            workers[w].tokens[i] = bench_token(&service, w * TOKENS + i);
            workers[w].lens[i] = strlen(workers[w].tokens[i]);
        }
    }
    take_turn(workers, 2); /* contexts are made, pages are there */
    for (unsigned i = 0; i < TURNS; i++) {
        struct turn before = take_turn(workers, 1), two = take_turn(workers, 2), after = take_turn(workers, 1);
        ones[i] = (before.wall_us + after.wall_us) / 2;
        wall[i] = 2 * ones[i] / two.wall_us;
        cpu[i] = 2 * (before.cpu_us + after.cpu_us) / two.cpu_us;
        shares[i] = two.cpu_us / (2 * two.wall_us);
        sleeps[i] = two.sleeps * 1000 / (2 * times);
    }
    double one = bench_median(ones, TURNS) / times, wall_ratio = bench_median(wall, TURNS), cpu_ratio = bench_median(cpu, TURNS);
    printf("  %-6s %10.0f %10.0f %8.2f %14.2f\n", alg, 1e6 / one, wall_ratio * 1e6 / one, wall_ratio, cpu_ratio);
    judge(alg, wall_ratio, cpu_ratio, bench_median(shares, TURNS), bench_median(sleeps, TURNS));

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
    printf("two threads beside one, the same verifier, distinct tokens, median of %d turns\n", TURNS);
    printf("  %-6s %10s %10s %8s %14s\n", "alg", "one, 1/s", "two, 1/s", "ratio", "by processor");
    row("RS256", 800);
    row("ES256", 40);
    row("HS256", 4000);
    return bench_missed;
}
