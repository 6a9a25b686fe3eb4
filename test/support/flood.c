/* SPDX-License-Identifier: Apache-2.0
 *
 * flood.c: a flood of unknown kids; see flood.h.
 */
#include "support/flood.h"
#include "support/forge.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START ((int64_t)FORGE_NOW * 1000)
#define OTHER "https://other.example"
#define NUM_UNKNOWN 64
#define COOLED_MS 40000 /* the first fetch was so long ago */
#define MAX_SAMPLES 65536

struct flood {
    const struct flood_plan *plan;
    apisec_verifier *verifier;
    char *set;
    char *unknown[NUM_UNKNOWN];
    char *good[2];
    int64_t began_us;
    pthread_barrier_t round;
    _Atomic size_t num_begun, num_unknown, num_else, num_fetches;
};

struct good_thread {
    struct flood *flood;
    size_t which;
    size_t num, num_bad, num_delayed;
    double us[MAX_SAMPLES];
    size_t num_samples;
};

static void must(bool holds, const char *what)
{
    if (holds) return;
    fprintf(stderr, "flood: %s\n", what);
    abort();
}

static int64_t real_ms(const struct flood *flood)
{
    return (clock_elapsed_us() - flood->began_us) / 1000;
}

/* Where one thread stands: all that are in a round have the same time. */
struct place {
    struct flood *flood;
    unsigned round;
};

static int64_t now_ms(const struct place *place)
{
    const struct flood_plan *plan = place->flood->plan;
    return START + COOLED_MS + (plan->real_ms > 0 ? real_ms(place->flood) : place->round * plan->round_ms);
}

/* goes_on waits for the others at the end of a round. */
static bool goes_on(struct place *place)
{
    const struct flood_plan *plan = place->flood->plan;
    if (plan->real_ms > 0) return real_ms(place->flood) < plan->real_ms;
    pthread_barrier_wait(&place->flood->round);
    return ++place->round < plan->num_rounds;
}

/* answer is the key server. */
static void answer(struct flood *flood, apisec_op *op)
{
    static const char name[] = "Content-Type", type[] = "application/json";
    if (strncmp(apisec_op_url(op), FORGE_ISSUER, strlen(FORGE_ISSUER)) == 0) atomic_fetch_add(&flood->num_fetches, 1);
    clock_sleep_ms(flood->plan->answer_ms);
    must(apisec_op_answer_status(op, 200) == APISEC_OK, "status");
    must(apisec_op_answer_header(op, name, strlen(name), type, strlen(type)) == APISEC_OK, "header");
    must(apisec_op_answer_body(op, flood->set, strlen(flood->set)) == APISEC_OK, "body");
    must(apisec_op_answer_end(op, APISEC_OK) == APISEC_OK, "end");
}

static apisec_status send_token(const struct place *place, const char *token, bool *at_once)
{
    struct flood *flood = place->flood;
    apisec_op *op = NULL;
    apisec_token *verified = NULL;
    must(apisec_verify_start(flood->verifier, token, strlen(token), FORGE_NOW, &op, NULL) == APISEC_OK, "start");
    int32_t need = apisec_op_next(op, now_ms(place));
    *at_once = need == APISEC_OP_DONE;
    for (size_t turns = 0; need != APISEC_OP_DONE; need = apisec_op_next(op, now_ms(place))) {
        must(turns++ < 20000, "a token gets no answer");
        if (need == APISEC_OP_HTTP) answer(flood, op);
        if (need == APISEC_OP_WAIT) clock_sleep_ms(1);
    }
    const apisec_status status = apisec_verify_finish(op, &verified, NULL);
    apisec_token_free(verified);
    apisec_op_free(op);
    return status;
}

static void *send_unknown(void *argument)
{
    struct flood *flood = argument;
    struct place place = {flood, 0};
    size_t i = atomic_fetch_add(&flood->num_begun, 1);
    bool at_once;
    do {
        const bool unknown = send_token(&place, flood->unknown[i++ % NUM_UNKNOWN], &at_once) == APISEC_E_KEY_UNKNOWN;
        atomic_fetch_add_explicit(unknown ? &flood->num_unknown : &flood->num_else, 1, memory_order_relaxed);
        if (flood->plan->pause_ms > 0) clock_sleep_ms(flood->plan->pause_ms);
    } while (goes_on(&place));
    return NULL;
}

static void *send_good(void *argument)
{
    struct good_thread *self = argument;
    struct flood *flood = self->flood;
    struct place place = {flood, 0};
    do {
        bool at_once;
        const int64_t began_us = clock_elapsed_us();
        const apisec_status status = send_token(&place, flood->good[self->which], &at_once);
        if (self->num_samples < MAX_SAMPLES) self->us[self->num_samples++] = (double)(clock_elapsed_us() - began_us);
        self->num++;
        self->num_bad += status != APISEC_OK;
        self->num_delayed += !at_once;
        clock_sleep_ms(1);
    } while (goes_on(&place));
    return NULL;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void trust_issuer(apisec_trust *trust, const char *name, const char *jwks_uri)
{
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, name);
    apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
    apisec_issuer_allow_algorithm(issuer, "ES256");
    apisec_issuer_set_jwks_uri(issuer, jwks_uri);
}

static void set_up(struct flood *flood)
{
    static const struct forge_change other[] = {{"iss", "\"" OTHER "\""}, {NULL, NULL}};
    const apisec_signer *signer = forge_signer("ES256", 0);
    apisec_trust *trust = apisec_trust_new();
    apisec_trust_set_token_cache(trust, 0, 0); /* each token is verified anew */
    trust_issuer(trust, FORGE_ISSUER, FORGE_ISSUER "/jwks");
    trust_issuer(trust, OTHER, OTHER "/jwks");
    must(apisec_verifier_new(trust, NULL, &flood->verifier, NULL) == APISEC_OK, "verifier");
    apisec_trust_free(trust);
    flood->set = forge_jwks((const apisec_signer *[]){signer, NULL});
    flood->good[0] = forge_token(FORGE_SAME, FORGE_SAME, signer);
    flood->good[1] = forge_token(other, FORGE_SAME, signer);
    for (size_t i = 0; i < NUM_UNKNOWN; i++) {
        char kid[32];
        snprintf(kid, sizeof kid, "\"unknown-%zu\"", i);
        flood->unknown[i] = forge_token(FORGE_SAME, (const struct forge_change[]){{"kid", kid}, {NULL, NULL}}, signer);
    }
}

/* warm fetches both sets, so long before that another fetch for a kid is permitted. */
static void warm(struct flood *flood)
{
    apisec_op *op = NULL;
    must(apisec_verifier_warm_start(flood->verifier, &op, NULL) == APISEC_OK, "warm");
    while (apisec_op_next(op, START) == APISEC_OP_HTTP) answer(flood, op);
    must(apisec_verifier_warm_finish(op, NULL) == APISEC_OK, "warm");
    apisec_op_free(op);
    flood->num_fetches = 0;
}

static void tear_down(struct flood *flood)
{
    apisec_verifier_free(flood->verifier);
    free(flood->set);
    for (size_t i = 0; i < 2; i++) free(flood->good[i]);
    for (size_t i = 0; i < NUM_UNKNOWN; i++) free(flood->unknown[i]);
}

static void tell(struct good_thread *good, struct flood_result *result)
{
    const size_t which = good->which;
    must(good->num_samples > 0, "no good token was sent");
    qsort(good->us, good->num_samples, sizeof good->us[0], compare);
    result->num_good[which] = good->num;
    result->num_bad[which] = good->num_bad;
    result->num_delayed[which] = good->num_delayed;
    result->median_us[which] = good->us[good->num_samples / 2];
    result->most_us[which] = good->us[good->num_samples - 1];
}

void flood_run(const struct flood_plan *plan, struct flood_result *result)
{
    struct flood flood = {.plan = plan};
    struct good_thread *good = calloc(2, sizeof *good);
    pthread_t *threads = calloc(plan->num_threads + 2, sizeof *threads);
    must(good != NULL && threads != NULL, "no memory");
    set_up(&flood);
    warm(&flood);
    must(pthread_barrier_init(&flood.round, NULL, plan->num_threads + 2) == 0, "no barrier");
    flood.began_us = clock_elapsed_us();
    for (unsigned i = 0; i < plan->num_threads + 2; i++) {
        const bool floods = i >= 2;
        if (!floods) good[i] = (struct good_thread){.flood = &flood, .which = i};
        const int made = pthread_create(&threads[i], NULL, floods ? send_unknown : send_good, floods ? (void *)&flood : &good[i]);
        must(made == 0, "no thread");
    }
    for (unsigned i = 0; i < plan->num_threads + 2; i++) pthread_join(threads[i], NULL);
    *result = (struct flood_result){.num_unknown = flood.num_unknown,
                                    .num_else = flood.num_else,
                                    .num_fetches = flood.num_fetches};
    for (size_t i = 0; i < 2; i++) tell(&good[i], result);
    pthread_barrier_destroy(&flood.round);
    tear_down(&flood);
    free(threads);
    free(good);
}
