/* SPDX-License-Identifier: Apache-2.0
 *
 * report.c: what an issuer said of a token, and the reports that are kept for a few seconds: found by a keyed hash of the token,
 * so that no token is in memory longer than its request, and nobody outside can choose which set a token falls into.
 */
#include "token/introspect.h"

#include <stdlib.h>

enum { WAYS = 4, SETS = REPORTS_MAX / WAYS };

struct kept_report {
    struct token_tag tag;
    int64_t until_ms;
    struct report *report;       /* NULL: free */
};

/* ---- one ---- */

struct report *report_new(struct text claims, int64_t exp)
{
    struct report *report = calloc(1, sizeof *report + claims.len + 1);
    if (report == NULL) return NULL;
    atomic_init(&report->references, 1);
    report->active = claims.at != NULL;
    report->exp = exp;
    report->len = claims.len;
    if (claims.len > 0) memcpy(report->claims, claims.at, claims.len);
    return report;
}

struct report *report_ref(struct report *report)
{
    if (report != NULL) atomic_fetch_add_explicit(&report->references, 1, memory_order_relaxed);
    return report;
}

void report_free(struct report *report)
{
    if (report == NULL || atomic_fetch_sub_explicit(&report->references, 1, memory_order_acq_rel) != 1) return;
    mem_wipe_free(report, sizeof *report + report->len);
}

/* ---- those that are kept ---- */

static bool is_of(const struct kept_report *kept, const struct token_tag *tag)
{
    return kept->report != NULL && memcmp(&kept->tag, tag, sizeof *tag) == 0;
}

static struct kept_report *set_of(const struct reports *reports, const struct token_tag *tag)
{
    return &reports->kept[word_le(tag->bytes) % SETS * WAYS];
}

struct report *reports_find(const struct reports *reports, const struct token_tag *tag, int64_t now_ms)
{
    if (reports->kept == NULL) return NULL;
    const struct kept_report *set = set_of(reports, tag);
    for (size_t i = 0; i < WAYS; i++)
        if (is_of(&set[i], tag)) return now_ms < set[i].until_ms ? report_ref(set[i].report) : NULL;
    return NULL;
}

/* place_for: this token's own place, else a free one, else the one that ends first. */
static struct kept_report *place_for(struct kept_report *set, const struct token_tag *tag)
{
    struct kept_report *best = &set[0];
    for (size_t i = 0; i < WAYS; i++)
        if (is_of(&set[i], tag)) return &set[i];
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].report == NULL) return &set[i];
        if (set[i].until_ms < best->until_ms) best = &set[i];
    }
    return best;
}

struct report *reports_keep(struct reports *reports, const struct token_tag *tag, struct report *report, int64_t until_ms)
{
    if (reports->kept == NULL) reports->kept = mem_array(REPORTS_MAX, sizeof *reports->kept);
    if (reports->kept == NULL) return NULL;
    struct kept_report *place = place_for(set_of(reports, tag), tag);
    struct report *old = place->report;
    *place = (struct kept_report){*tag, until_ms, report_ref(report)};
    return old;
}

void reports_free(struct reports *reports)
{
    for (size_t i = 0; reports->kept != NULL && i < REPORTS_MAX; i++) report_free(reports->kept[i].report);
    free(reports->kept);
    reports->kept = NULL;
}

void reports_forget(struct reports *reports)
{
    reports->kept = NULL;
}
