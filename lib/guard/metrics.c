/* SPDX-License-Identifier: Apache-2.0
 *
 * metrics.c: what is counted, written in the text format of Prometheus (0.0.4). Each decision of a guard is counted once, when it
 * has become final: committed, or freed without. No label is made of anything that a caller sent.
 */
#include "guard/guard.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
    int64_t us;
    const char *le;
} bounds[METRICS_BUCKETS] = {{10, "0.00001"}, {100, "0.0001"}, {1000, "0.001"},    {10000, "0.01"},
                             {100000, "0.1"}, {1000000, "1"},  {INT64_MAX, "+Inf"}};

static void add(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* ---- counting ---- */

/* Of the token: verified; refused; or not judged at all, for a fault that is not its own. */
static void count_authentication(struct metrics *metrics, const apisec_decision *decision)
{
    if (decision->authenticated) add(&metrics->authenticated);
    else if (!decision->trail_failed) return; /* it was never looked for */
    else if (apisec_status_http(decision->status) >= 500) add(&metrics->not_authenticated);
    else add(&metrics->unauthenticated);
}

static void count_verdict(struct metrics *metrics, apisec_status status)
{
    const size_t at = status > 0 || status <= -METRICS_STATUSES ? 0 : (size_t)-status;
    add(&metrics->by_status[at]);
    if (status == APISEC_OK) add(&metrics->allowed);
    else if (apisec_status_http(status) >= 500) add(&metrics->failed);
    else add(&metrics->denied);
}

static void count_time(struct metrics *metrics, const apisec_decision *decision)
{
    const int64_t elapsed = clock_elapsed_us() - decision->started_us, us = elapsed > 0 ? elapsed : 0;
    size_t bucket = 0;
    while (bucket + 1 < METRICS_BUCKETS && us > bounds[bucket].us) bucket++;
    add(&metrics->buckets[bucket]);
    atomic_fetch_add_explicit(&metrics->sum_us, (uint64_t)us, memory_order_relaxed);
}

static void ended(struct decision_watch *watch, const apisec_decision *decision)
{
    struct metrics *const metrics = (struct metrics *)watch;
    count_authentication(metrics, decision);
    count_verdict(metrics, decision->status);
    count_time(metrics, decision);
    if (decision->shadow.is_judged) add(decision->shadow.status == APISEC_OK ? &metrics->shadow_allowed : &metrics->shadow_denied);
}

void metrics_count_lost(struct metrics *metrics)
{
    count_verdict(metrics, APISEC_E_MEMORY);
}

static void take(struct decision_watch *watch)
{
    atomic_fetch_add_explicit(&((struct metrics *)watch)->references, 1, memory_order_relaxed);
}

static void give_back(struct decision_watch *watch)
{
    metrics_free((struct metrics *)watch);
}

struct metrics *metrics_new(void)
{
    struct metrics *const metrics = calloc(1, sizeof *metrics);
    if (metrics == NULL) return NULL;
    metrics->watch = (struct decision_watch){take, ended, give_back};
    atomic_init(&metrics->references, 1);
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    if (metrics == NULL || atomic_fetch_sub_explicit(&metrics->references, 1, memory_order_acq_rel) != 1) return;
    free(metrics);
}

/* ---- writing ---- */

static void put_head(struct buffer *out, const char *name, const char *kind, const char *help)
{
    buffer_text(out, "# HELP ");
    buffer_text(out, name);
    buffer_byte(out, ' ');
    buffer_text(out, help);
    buffer_text(out, "\n# TYPE ");
    buffer_text(out, name);
    buffer_byte(out, ' ');
    buffer_text(out, kind);
    buffer_byte(out, '\n');
}

/* put: one sample; label NULL: none. */
static void put(struct buffer *out, const char *name, const char *label, const char *value, uint64_t number)
{
    buffer_text(out, name);
    if (label != NULL) {
        buffer_byte(out, '{');
        buffer_text(out, label);
        buffer_text(out, "=\"");
        buffer_text(out, value);
        buffer_text(out, "\"}");
    }
    buffer_byte(out, ' ');
    buffer_number(out, number > INT64_MAX ? INT64_MAX : (int64_t)number);
    buffer_byte(out, '\n');
}

static void put_results(const struct metrics *metrics, struct buffer *out)
{
    static const char authentication[] = "apisec_authentication_attempts_total";
    static const char authorization[] = "apisec_authorization_attempts_total";
    static const char shadow[] = "apisec_shadow_decisions_total", reloads[] = "apisec_config_reloads_total";
    put_head(out, authentication, "counter", "Tokens that were looked at, by what came of it.");
    put(out, authentication, "result", "success", metrics->authenticated);
    put(out, authentication, "result", "failure", metrics->unauthenticated);
    put(out, authentication, "result", "error", metrics->not_authenticated);
    put_head(out, authorization, "counter", "Decisions, by what came of them.");
    put(out, authorization, "result", "allowed", metrics->allowed);
    put(out, authorization, "result", "denied", metrics->denied);
    put(out, authorization, "result", "error", metrics->failed);
    put_head(out, shadow, "counter", "Requirements that are only tried, by what would have come of them.");
    put(out, shadow, "result", "allowed", metrics->shadow_allowed);
    put(out, shadow, "result", "denied", metrics->shadow_denied);
    put_head(out, reloads, "counter", "Documents that were to replace the one in force.");
    put(out, reloads, "result", "success", metrics->reloaded);
    put(out, reloads, "result", "failure", metrics->not_reloaded);
}

static void put_statuses(const struct metrics *metrics, struct buffer *out)
{
    static const char name[] = "apisec_decisions_total";
    put_head(out, name, "counter", "Decisions, by their status.");
    for (int32_t i = 0; i < METRICS_STATUSES; i++)
        if (i == 0 || metrics->by_status[i] > 0) put(out, name, "status", apisec_status_name(-i), metrics->by_status[i]);
}

static void put_durations(const struct metrics *metrics, struct buffer *out)
{
    static const char bucket[] = "apisec_decision_duration_seconds_bucket";
    char sum[64];
    uint64_t total = 0;
    put_head(out, "apisec_decision_duration_seconds", "histogram", "From the call to its record.");
    for (size_t i = 0; i < METRICS_BUCKETS; i++) {
        total += metrics->buckets[i];
        put(out, bucket, "le", bounds[i].le, total);
    }
    const uint64_t us = metrics->sum_us;
    snprintf(sum, sizeof sum, "apisec_decision_duration_seconds_sum %llu.%06llu\n", (unsigned long long)(us / 1000000),
             (unsigned long long)(us % 1000000));
    buffer_text(out, sum);
    put(out, "apisec_decision_duration_seconds_count", NULL, NULL, total);
}

static void put_state(const apisec_guard *guard, const struct edition *edition, struct buffer *out)
{
    struct cache_counts cache;
    struct denylist_counts denials;
    cache_count(edition->verifier->cache, &cache);
    denylist_count(edition->verifier->denials, &denials);
    put_head(out, "apisec_config_info", "gauge", "The document in force, by its SHA-256.");
    put(out, "apisec_config_info", "version", rules_version(edition->rules), 1);
    put_head(out, "apisec_config_last_reload_success_timestamp_seconds", "gauge",
             "When it was put in force by a reload; 0: never.");
    put(out, "apisec_config_last_reload_success_timestamp_seconds", NULL, NULL, (uint64_t)guard->metrics->reloaded_at);
    put_head(out, "apisec_exchanges_total", "counter", "Tokens for other services that were asked for.");
    put(out, "apisec_exchanges_total", NULL, NULL, guard->metrics->exchanges);
    put_head(out, "apisec_cached_tokens", "gauge", "Verified tokens that are kept.");
    put(out, "apisec_cached_tokens", NULL, NULL, cache.num_tokens);
    put_head(out, "apisec_denials", "gauge", "Tokens, principals and sessions that are denied.");
    put(out, "apisec_denials", NULL, NULL, denials.num_denials);
    if (guard->audit == NULL) return;
    put_head(out, "apisec_audit_records_total", "counter", "Records that were to be written.");
    put(out, "apisec_audit_records_total", "result", "written", apisec_audit_num_written(guard->audit));
    put(out, "apisec_audit_records_total", "result", "lost", apisec_audit_num_lost(guard->audit));
}

apisec_status apisec_guard_metrics(apisec_guard *guard, char **text, apisec_error *err)
{
    struct buffer out = BUFFER_MAX(65536);
    if (text != NULL) *text = NULL;
    if (guard == NULL || text == NULL) return fail(err, APISEC_E_ARGUMENT, "an argument is NULL");
    struct edition *const edition = editions_take(&guard->editions);
    put_results(guard->metrics, &out);
    put_statuses(guard->metrics, &out);
    put_durations(guard->metrics, &out);
    put_state(guard, edition, &out);
    edition_free(edition);
    *text = buffer_take(&out);
    return *text != NULL ? succeed(err) : fail_memory(err);
}
