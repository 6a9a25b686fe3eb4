/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_limit.c: what it costs to count a request: of a caller who has a place, of a flood of newcomers, and of two threads beside
 * one, with a control in two processes as in bench_threads.c.
 *     bench_limit known|newcomer N    does just that N times, for callgrind
 */
#include "bench/bench.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__has_include)
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#define BENCH_WATCH() CALLGRIND_START_INSTRUMENTATION
#endif
#endif
#ifndef BENCH_WATCH
#define BENCH_WATCH() ((void)0)
#endif

#define TURNS     21
#define TIMES     400000
#define CALLERS   1024
#define KEYS      65536
#define NAME      48
#define MAX_NS    200.0
#define MAX_NEW   2000.0
#define MIN_RATIO 1.9

struct worker {
    apisec_limiter *limiter;
    char (*names)[NAME];
};

static struct gate {
    pthread_barrier_t start, end;
} * gate;

static char (*names_new(unsigned first, unsigned num))[NAME]
{
    char(*names)[NAME] = calloc(num, sizeof *names);
    if (names == NULL) exit(2);
    for (unsigned i = 0; i < num; i++) snprintf(names[i], NAME, "https://id.example/5ba552d67-%08u", first + i);
    return names;
}

/* What callgrind counts: it collects between entering this function and leaving it. */
__attribute__((noinline)) static void collected(apisec_limiter *limiter, const char *name, int64_t now_ms)
{
    uint32_t retry;
    const apisec_status status = apisec_limiter_take(limiter, name, strlen(name), now_ms, &retry);
    if (status != APISEC_OK && status != APISEC_E_RATE) exit(2);
}

static apisec_limiter *limiter_new(void)
{
    apisec_limiter *limiter;
    apisec_error err;
    bench_must(apisec_limiter_new(1000, 1, 1000, KEYS, &limiter, &err), &err, "limiter");
    return limiter;
}

static void *work(void *argument)
{
    const struct worker *worker = argument;
    pthread_barrier_wait(&gate->start);
    for (unsigned i = 0; i < TIMES; i++) collected(worker->limiter, worker->names[i % CALLERS], BENCH_NOW + i / 1000);
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
                for (unsigned w = 0; w < CALLERS; w++) collected(workers[i].limiter, workers[i].names[w], BENCH_NOW);
                work(&workers[i]);
                _exit(0);
            }
        } else if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0) exit(2);
    pthread_barrier_wait(&gate->start);
    const double begin = bench_wall_us();
    pthread_barrier_wait(&gate->end);
    const double us = bench_wall_us() - begin;
    for (unsigned i = 0; i < num; i++)
        if (processes) waitpid(pids[i], NULL, 0);
        else pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&gate->start);
    pthread_barrier_destroy(&gate->end);
    pthread_barrierattr_destroy(&shared);
    return us;
}

static void row_of_threads(void)
{
    struct worker workers[2];
    double ones[TURNS], ratios[TURNS], machine[TURNS];
    apisec_limiter *limiter = limiter_new();
    for (unsigned w = 0; w < 2; w++) workers[w] = (struct worker){limiter, names_new(w * CALLERS, CALLERS)};
    take_turn(workers, 2, false); /* all have a place */
    for (unsigned i = 0; i < TURNS; i++) {
        double one = take_turn(workers, 1, false), control = take_turn(workers, 1, true);
        const double two = take_turn(workers, 2, false), both = take_turn(workers, 2, true);
        one = (one + take_turn(workers, 1, false)) / 2;
        control = (control + take_turn(workers, 1, true)) / 2;
        ones[i] = one;
        ratios[i] = 2 * one / two;
        machine[i] = 2 * control / both;
    }
    const double ns = bench_median(ones, TURNS) * 1000 / TIMES, ratio = bench_median(ratios, TURNS),
                 most = bench_median(machine, TURNS);
    const double of_two = most < 2 ? 2 * ratio / most : ratio;
    printf("  %-10s %8.0f %8.2f %8.2f %12.2f\n", "known", ns, ratio, most, of_two);
    bench_bar("ns of a caller who has a place", ns, "<=", MAX_NS, ns <= MAX_NS);
    bench_bar("two threads beside one, where the machine gives 2", of_two, ">=", MIN_RATIO, of_two >= MIN_RATIO);
    for (unsigned w = 0; w < 2; w++) free(workers[w].names);
    apisec_limiter_free(limiter);
}

/* A flood of ever new names: the table is full before it begins. */
static void row_of_newcomers(void)
{
    double ns[TURNS];
    apisec_limiter *limiter = limiter_new();
    char(*names)[NAME] = names_new(0, 4 * KEYS);
    for (unsigned i = 0; i < 4 * KEYS; i++) collected(limiter, names[i], BENCH_NOW);
    for (unsigned turn = 0; turn < TURNS; turn++) {
        for (unsigned i = 0; i < 4 * KEYS; i++) names[i][1] = (char)('A' + turn);
        const double begin = bench_cpu_us();
        for (unsigned i = 0; i < 4 * KEYS; i++) collected(limiter, names[i], BENCH_NOW + turn);
        ns[turn] = (bench_cpu_us() - begin) * 1000 / (4 * KEYS);
    }
    const double each = bench_median(ns, TURNS);
    printf("  %-10s %8.0f\n", "newcomers", each);
    bench_bar("ns of a newcomer to a full table", each, "<=", MAX_NEW, each <= MAX_NEW);
    free(names);
    apisec_limiter_free(limiter);
}

static int repeat(const char *what, unsigned times)
{
    const bool is_known = strcmp(what, "known") == 0;
    apisec_limiter *limiter = limiter_new();
    char(*names)[NAME] = names_new(0, times);
    collected(limiter, names[0], BENCH_NOW);
    collected(limiter, names[0], BENCH_NOW);
    BENCH_WATCH();
    for (unsigned i = 0; i < times; i++) collected(limiter, names[is_known ? 0 : i], BENCH_NOW);
    free(names);
    apisec_limiter_free(limiter);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3) return repeat(argv[1], (unsigned)strtoul(argv[2], NULL, 10));
    gate = mmap(NULL, sizeof *gate, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (gate == MAP_FAILED) return 2;
    printf("one request counted by a limit for %d callers, median of %d turns\n", KEYS, TURNS);
    printf("  %-10s %8s %8s %8s %12s\n", "caller", "ns", "two", "control", "of the control");
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2) printf("threads: one processor only, nothing to compare\n");
    else row_of_threads();
    row_of_newcomers();
    return bench_missed;
}
