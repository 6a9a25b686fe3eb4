/* SPDX-License-Identifier: Apache-2.0
 *
 * introspect.c: who asks an issuer about a token: one for each token, all others wait for the same answer; and only so many at
 * once, so that a flood of tokens that nobody issued is no flood of requests. It decides; it does no I/O (inquiry.c does).
 *
 *     ask ──▶ kept: KNOWN
 *         ──▶ asked about now: FOLLOW ──▶ answered, failed: the same for all ──▶ abandoned: ask again
 *         ──▶ room: LEAD ──▶ answer: kept      fail: never kept      abandon: whoever asks next leads
 *         ──▶ none: BUSY
 */
#include "token/introspect.h"

#include <stdlib.h>
#include <unistd.h>

#define MAX_ASKING_MS (2 * INTROSPECT_DEADLINE_MS) /* whoever leads longer is no longer driven */

struct question {
    _Atomic size_t references;
    struct token_tag tag;
    int64_t asked_ms;
    /* under the introspector's lock */
    enum question_state state;
    struct report *report;
    apisec_error why;
};

void question_free(struct question *question)
{
    if (question == NULL || atomic_fetch_sub_explicit(&question->references, 1, memory_order_acq_rel) != 1) return;
    report_free(question->report);
    free(question);
}

static struct question *question_ref(struct question *question)
{
    atomic_fetch_add_explicit(&question->references, 1, memory_order_relaxed);
    return question;
}

static struct question *question_new(const struct token_tag *tag, int64_t now_ms)
{
    struct question *question = calloc(1, sizeof *question);
    if (question == NULL) return NULL;
    atomic_init(&question->references, 1);
    question->tag = *tag;
    question->asked_ms = now_ms;
    question->state = QUESTION_OPEN;
    return question;
}

/* ---- under the lock ---- */

/* take also notices a fork: the child leaves alone what another thread of the parent may have been changing just then. Its memory
 * is the price. */
static void take(struct introspector *introspector)
{
    lock_take(&introspector->lock);
    const int64_t self = (int64_t)getpid();
    if (introspector->process == self) return;
    for (size_t i = 0; i < INTROSPECT_MAX_ASKING; i++) introspector->asking[i] = NULL;
    reports_forget(&introspector->active);
    reports_forget(&introspector->inactive);
    introspector->process = self;
}

/* follow_clock: when the clock is set back, what is kept would be kept for longer: it goes. */
static void follow_clock(struct introspector *introspector, int64_t now_ms)
{
    const int64_t latest_ms = introspector->latest_ms;
    if (now_ms > latest_ms) introspector->latest_ms = now_ms;
    if (now_ms >= latest_ms || latest_ms - now_ms <= INTROSPECT_CLOCK_SLACK_MS) return;
    introspector->latest_ms = now_ms;
    reports_free(&introspector->active);
    reports_free(&introspector->inactive);
}

static struct report *find(struct introspector *introspector, const struct token_tag *tag, int64_t now_ms)
{
    struct report *report = reports_find(&introspector->inactive, tag, now_ms);
    return report != NULL ? report : reports_find(&introspector->active, tag, now_ms);
}

static bool is_stuck(const struct question *question, int64_t now_ms)
{
    return now_ms - question->asked_ms >= MAX_ASKING_MS || question->asked_ms - now_ms > INTROSPECT_CLOCK_SLACK_MS;
}

/* end takes a question out of those under way. Its place holds a reference, which becomes the caller's to free without the lock. */
static struct question *end(struct introspector *introspector, struct question *question, enum question_state state)
{
    if (question->state == QUESTION_OPEN) question->state = state;
    for (size_t i = 0; i < INTROSPECT_MAX_ASKING; i++) {
        if (introspector->asking[i] != question) continue;
        introspector->asking[i] = NULL;
        return question;
    }
    return NULL;
}

/* find_question looks for one about this token; *room is a free place, or one whose leader is stuck; NULL: none. */
static struct question *find_question(struct introspector *introspector, const struct token_tag *tag, int64_t now_ms,
                                      struct question ***room)
{
    *room = NULL;
    for (size_t i = 0; i < INTROSPECT_MAX_ASKING; i++) {
        struct question **place = &introspector->asking[i];
        const bool stuck = *place != NULL && is_stuck(*place, now_ms);
        if (*place == NULL || stuck) *room = place;
        if (*place != NULL && !stuck && memcmp(&(*place)->tag, tag, sizeof *tag) == 0) return *place;
    }
    return NULL;
}

/* ---- for all ---- */

static void count(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

void introspector_tag(const struct introspector *introspector, struct text token, struct token_tag *tag)
{
    siphash128(introspector->key, token.at, token.len, tag->bytes);
}

struct report *introspector_find(struct introspector *introspector, const struct token_tag *tag, int64_t now_ms)
{
    take(introspector);
    follow_clock(introspector, now_ms);
    struct report *report = find(introspector, tag, now_ms);
    lock_release(&introspector->lock);
    if (report != NULL) count(&introspector->num_kept);
    return report;
}

/* ask_locked gives fresh away, or leaves it to the caller; *stuck is to be freed without the lock. */
static enum asking ask_locked(struct introspector *introspector, const struct token_tag *tag, int64_t now_ms,
                              struct question *fresh, struct report **report, struct question **question, struct question **stuck)
{
    struct question **room;
    follow_clock(introspector, now_ms);
    *report = find(introspector, tag, now_ms);
    if (*report != NULL) return ASKING_KNOWN;
    struct question *other = find_question(introspector, tag, now_ms, &room);
    if (other != NULL) {
        *question = question_ref(other);
        return ASKING_FOLLOW;
    }
    if (room == NULL || fresh == NULL) return ASKING_BUSY;
    *stuck = *room;
    if (*stuck != NULL) (*stuck)->state = QUESTION_ABANDONED;
    *room = question_ref(fresh);
    *question = fresh;
    return ASKING_LEAD;
}

enum asking introspector_ask(struct introspector *introspector, const struct token_tag *tag, int64_t now_ms,
                             struct report **report, struct question **question, bool *no_memory)
{
    struct question *stuck = NULL, *fresh = question_new(tag, now_ms);
    *report = NULL;
    *question = NULL;
    *no_memory = fresh == NULL;
    take(introspector);
    const enum asking asking = ask_locked(introspector, tag, now_ms, fresh, report, question, &stuck);
    lock_release(&introspector->lock);
    switch (asking) {
    case ASKING_KNOWN:  count(&introspector->num_kept); break;
    case ASKING_LEAD:   count(&introspector->num_asked); break;
    case ASKING_FOLLOW: count(&introspector->num_waited); break;
    case ASKING_BUSY:   count(&introspector->num_busy); break;
    }
    if (asking != ASKING_LEAD) question_free(fresh);
    question_free(stuck);
    return asking;
}

enum question_state question_look(struct introspector *introspector, struct question *question, struct report **report,
                                  apisec_error *why)
{
    take(introspector);
    const enum question_state state = question->state;
    *report = state == QUESTION_ANSWERED ? report_ref(question->report) : NULL;
    if (state == QUESTION_FAILED) *why = question->why;
    lock_release(&introspector->lock);
    return state;
}

static void put_count(struct json_writer *out, const char *name, _Atomic uint64_t *counter)
{
    json_put_number(out, name, (int64_t)atomic_load_explicit(counter, memory_order_relaxed));
}

void introspector_health(struct introspector *introspector, struct json_writer *out)
{
    put_count(out, "asked", &introspector->num_asked);
    put_count(out, "kept", &introspector->num_kept);
    put_count(out, "waited", &introspector->num_waited);
    put_count(out, "busy", &introspector->num_busy);
    put_count(out, "failures", &introspector->num_failed);
}

/* ---- for the one who leads ---- */

void question_answer(struct introspector *introspector, struct question *question, struct report *report, int64_t keep_until_ms,
                     int64_t now_ms)
{
    struct reports *reports = report->active ? &introspector->active : &introspector->inactive;
    struct report *old = NULL;
    take(introspector);
    follow_clock(introspector, now_ms);
    const bool is_open = question->state == QUESTION_OPEN;
    if (is_open) question->report = report_ref(report);
    if (is_open && !is_stuck(question, now_ms) && keep_until_ms > now_ms)
        old = reports_keep(reports, &question->tag, report, keep_until_ms);
    struct question *ended = end(introspector, question, QUESTION_ANSWERED);
    lock_release(&introspector->lock);
    report_free(old);
    question_free(ended);
}

void question_fail(struct introspector *introspector, struct question *question, const apisec_error *why)
{
    take(introspector);
    if (question->state == QUESTION_OPEN) question->why = *why;
    struct question *ended = end(introspector, question, QUESTION_FAILED);
    lock_release(&introspector->lock);
    count(&introspector->num_failed);
    question_free(ended);
}

void question_abandon(struct introspector *introspector, struct question *question)
{
    take(introspector);
    struct question *ended = end(introspector, question, QUESTION_ABANDONED);
    lock_release(&introspector->lock);
    question_free(ended);
}
