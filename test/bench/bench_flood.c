/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_flood.c: ten seconds of unknown kids from 200 threads: what the key server sees of it, and how long good tokens take
 * meanwhile, of the flooded issuer and of another, beside the same without a flood.
 *     bench_flood [SECONDS]
 */
#include "bench/bench.h"
#include "support/flood.h"

#define THREADS 200
#define PAUSE_MS 10 /* of each thread, so that the processors are not all that there is to wait for */

int main(int argc, char **argv)
{
    const double seconds = argc > 1 ? strtod(argv[1], NULL) : 10;
    struct flood_plan plan = {.real_ms = 1000, .pause_ms = PAUSE_MS, .answer_ms = 50};
    struct flood_result quiet, flooded;
    flood_run(&plan, &quiet);
    plan.num_threads = THREADS;
    plan.real_ms = (int64_t)(seconds * 1000);
    flood_run(&plan, &flooded);
    printf("%d threads with unknown kids for %.0f s: %zu tokens refused, %zu fetches\n", THREADS, seconds, flooded.num_unknown,
           flooded.num_fetches);
    printf("  %-28s %10s %14s %14s %16s\n", "good tokens", "sent", "median, us", "longest, us", "without a flood");
    static const char *const names[] = {"of the flooded issuer", "of another"};
    for (size_t i = 0; i < 2; i++)
        printf("  %-28s %10zu %14.0f %14.0f %16.0f\n", names[i], flooded.num_good[i], flooded.median_us[i], flooded.most_us[i],
               quiet.median_us[i]);
    const double cooldowns = 1 + (seconds > 30 ? (seconds - 30) / 30 + 1 : 0);
    bench_bar("fetches", (double)flooded.num_fetches, "<=", cooldowns, (double)flooded.num_fetches <= cooldowns);
    const double late = (double)(flooded.num_delayed[0] + flooded.num_delayed[1] + flooded.num_bad[0] + flooded.num_bad[1]);
    bench_bar("good tokens that had to wait for keys, or were refused", late, "<=", 0, late <= 0);
    bench_bar("unknown kids that came to anything but KEY_UNKNOWN", (double)flooded.num_else, "<=", 0, flooded.num_else == 0);
    return bench_missed;
}
