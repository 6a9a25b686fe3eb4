/* SPDX-License-Identifier: Apache-2.0
 *
 * flood.h: many threads that send tokens with kids that nobody has, while others send good ones: what that costs the key server,
 * and whether it keeps anybody waiting. Either for so long, by the wall's clock; or in rounds, each at a moment of its own, so
 * that a short flood sees several cooldowns.
 */
#ifndef TEST_SUPPORT_FLOOD_H
#define TEST_SUPPORT_FLOOD_H

#include <stddef.h>
#include <stdint.h>

struct flood_plan {
    unsigned num_threads;    /* that flood; two more send good tokens */
    int64_t real_ms;         /* how long; 0: in rounds */
    unsigned num_rounds;     /* of one token from each thread */
    int64_t round_ms;        /* from one round to the next, by the verifier's clock */
    int64_t pause_ms;        /* between two tokens of one flooding thread; 0: none */
    int64_t answer_ms;       /* how long the key server takes, by the wall */
};

struct flood_result {
    size_t num_unknown;      /* tokens that were refused with KEY_UNKNOWN */
    size_t num_else;         /* or came to anything else */
    size_t num_fetches;
    /* Good tokens of the flooded issuer, and of another. */
    size_t num_good[2];
    size_t num_bad[2];       /* were refused */
    size_t num_delayed[2];   /* were not answered at once: had to fetch, or to wait for a fetch */
    double median_us[2], most_us[2];
};

/* flood_run: whatever does not work ends the process. */
void flood_run(const struct flood_plan *plan, struct flood_result *result);

#endif
