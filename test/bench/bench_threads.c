/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_threads.c: two threads on one verifier beside one thread: a shared lock anywhere on the way shows here. Each thread verifies
 * tokens of its own. One thread and two take turns, and the ratio is the median of the turns, so that drift cancels.
 */
#include "bench/bench.h"

#include <pthread.h>
#include <unistd.h>

#define TURNS 15
#define TOKENS 8
#define MIN_RATIO 1.9

struct worker {
    const struct bench_service *service;
    char *tokens[TOKENS];
    size_t lens[TOKENS];
    unsigned times;
    pthread_barrier_t *start;
};

static void work(const struct worker *worker)
{
    for (unsigned i = 0; i < worker->times; i++) bench_verify(worker->service, worker->tokens[i % TOKENS], worker->lens[i % TOKENS]);
}

static void *thread(void *argument)
{
    const struct worker *worker = argument;
    pthread_barrier_wait(worker->start);
    work(worker);
    return NULL;
}

/* Microseconds from the moment all are ready until all are done. */
static double time_threads(struct worker *workers, unsigned num)
{
    pthread_t threads[2];
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, num + 1);
    for (unsigned i = 0; i < num; i++) {
        workers[i].start = &start;
        if (pthread_create(&threads[i], NULL, thread, &workers[i]) != 0) exit(2);
    }
    pthread_barrier_wait(&start);
    double begin = bench_wall_us();
    for (unsigned i = 0; i < num; i++) pthread_join(threads[i], NULL);
    double took = bench_wall_us() - begin;
    pthread_barrier_destroy(&start);
    return took;
}

static void row(const char *alg, unsigned times)
{
    struct bench_service service;
    struct worker workers[2];
    double ones[TURNS], ratios[TURNS];
    bench_service_init(&service, alg);
    for (unsigned w = 0; w < 2; w++) {
        workers[w].service = &service;
        workers[w].times = times;
        for (unsigned i = 0; i < TOKENS; i++) {
            workers[w].tokens[i] = bench_token(&service, w * TOKENS + i);
            workers[w].lens[i] = strlen(workers[w].tokens[i]);
        }
    }
    time_threads(workers, 2); /* contexts are made, pages are there */
    for (unsigned turn = 0; turn < TURNS; turn++) {
        double before = time_threads(workers, 1);
        double two = time_threads(workers, 2);
        double after = time_threads(workers, 1);
        ones[turn] = (before + after) / 2;
        ratios[turn] = 2 * ones[turn] / two;
    }
    double ratio = bench_median(ratios, TURNS), one = bench_median(ones, TURNS) / times;
    printf("  %-6s %12.0f %12.0f %8.2f\n", alg, 1e6 / one, ratio * 1e6 / one, ratio);
    char what[64];
    snprintf(what, sizeof what, "%s, two threads beside one", alg);
    bench_bar(what, ratio, ">=", MIN_RATIO, ratio >= MIN_RATIO);

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
    printf("  %-6s %12s %12s %8s\n", "alg", "one, 1/s", "two, 1/s", "ratio");
    row("RS256", 800);
    row("ES256", 40);
    row("HS256", 4000);
    return bench_missed;
}
