/* SPDX-License-Identifier: Apache-2.0
 *
 * inquiry.c: one verification's part in asking an issuer about a token: the one request (RFC 7662 section 2.1) and, where the
 * answer is signed, the keys for it; or the wait for somebody else's answer. All of it within one deadline.
 */
#include "token/introspect.h"

#include <stdlib.h>

#define POLL_MS 20
#define MAX_FORM (4 * JOSE_MAX_TOKEN)

enum {
    INQUIRY_BEGIN,                 /* nothing is known yet */
    INQUIRY_REQUEST,               /* we lead */
    INQUIRY_ANSWER,
    INQUIRY_KEYS,                  /* the answer is signed, and being verified */
    INQUIRY_FOLLOW,
    INQUIRY_OVER                   /* report or error say how */
};

/* ---- the end of it ---- */

static int32_t over(struct inquiry *inquiry)
{
    inquiry->stage = INQUIRY_OVER;
    return APISEC_OP_DONE;
}

/* may_be_told: what came of this caller's own means, no memory or no transport, is no answer for those who follow. */
static bool may_be_told(apisec_status status)
{
    return status != APISEC_E_MEMORY && status != APISEC_E_NO_TRANSPORT;
}

static int32_t over_failed(struct inquiry *inquiry)
{
    if (may_be_told(inquiry->error.status))
        question_fail(inquiry->introspector, inquiry->question, &inquiry->error);
    else
        question_abandon(inquiry->introspector, inquiry->question);
    question_free(inquiry->question);
    inquiry->question = NULL;
    return over(inquiry);
}

/* take_report: INACTIVE is an outcome like any other, and the only one that a report can have beside yes. */
static void take_report(struct inquiry *inquiry, struct report *report)
{
    inquiry->stage = INQUIRY_OVER;
    if (report->active) {
        inquiry->report = report;
        return;
    }
    fail(&inquiry->error, APISEC_E_INACTIVE, "the issuer says that the token is not active");
    report_free(report);
}

/* keep_until: the time that is left of the token is counted by the clock that it is judged by, which may be the caller's own. */
static int64_t keep_until(const struct inquiry *inquiry, const struct report *report)
{
    if (!report->active) return inquiry->asked_ms + INTROSPECT_INACTIVE_MS;
    const int64_t keep_ms = inquiry->introspector->keep_ms;
    const int64_t left_s = report->exp - inquiry->now;
    if (left_s <= 0) return inquiry->asked_ms;
    return inquiry->asked_ms + (left_s < keep_ms / 1000 ? left_s * 1000 : keep_ms);
}

static int32_t over_answered(struct inquiry *inquiry, struct report *report, int64_t now_ms)
{
    question_answer(inquiry->introspector, inquiry->question, report, keep_until(inquiry, report), now_ms);
    question_free(inquiry->question);
    inquiry->question = NULL;
    take_report(inquiry, report);
    return APISEC_OP_DONE;
}

/* ---- we lead ---- */

static apisec_status add_all(struct inquiry *inquiry, apisec_op *op, struct buffer *form, int64_t now_ms)
{
    const struct introspector *introspector = inquiry->introspector;
    apisec_status status = op_request(op, "POST", introspector->url, INTROSPECT_MAX_ANSWER, now_ms);
    if (status == APISEC_OK)
        status = op_add_header(op, "Accept",
                               introspector->is_signed ? "application/token-introspection+jwt" : "application/json");
    if (status == APISEC_OK) status = op_add_header(op, "Content-Type", "application/x-www-form-urlencoded");
    form_add(form, "token", inquiry->token);
    form_add(form, "token_type_hint", text_of("access_token"));
    if (status == APISEC_OK) status = auth_apply(&introspector->credential, op, form, now_ms, &inquiry->assertion);
    if (status == APISEC_OK) status = form->status;
    return status == APISEC_OK ? op_set_body(op, (struct text){form->bytes, form->len}) : status;
}

static int32_t request(struct inquiry *inquiry, apisec_op *op, int64_t now_ms)
{
    struct buffer form = BUFFER_MAX(MAX_FORM);
    const apisec_status status = add_all(inquiry, op, &form, now_ms);
    buffer_free(&form);
    inquiry->asked_ms = now_ms;
    inquiry->stage = INQUIRY_ANSWER;
    if (status == APISEC_OK) return APISEC_OP_HTTP;
    if (status == APISEC_E_MEMORY) fail_memory(&inquiry->error);
    else if (status == APISEC_E_TOO_LARGE) fail(&inquiry->error, APISEC_E_CONFIG, "the client's id and secret are too long");
    else fail(&inquiry->error, status, "the client could not be authenticated to introspect");
    return over_failed(inquiry);
}

/* keys drives the signature's check, and reads what was signed. A signature that is wrong is the server's fault, as whatever else
 * is wrong with an answer; keys that cannot be had are nobody's. */
static int32_t keys(struct inquiry *inquiry, apisec_op *op, int64_t now_ms)
{
    struct report *report = NULL;
    struct signature_check *signature = &inquiry->signature;
    for (;;) {
        if (inquiry->fetching) {
            const int32_t need = signature->work.kind->step(&signature->work, op, now_ms);
            if (need != APISEC_OP_DONE) return need;
            inquiry->fetching = false;
        }
        const enum pass pass = signature_run(signature, now_ms);
        if (pass == PASS_ON) break;
        inquiry->fetching = pass == PASS_WORK;
        if (inquiry->fetching) continue;
        const apisec_status status = signature->error.status;
        const bool ours = status == APISEC_E_KEYS_UNAVAILABLE || status == APISEC_E_NO_TRANSPORT || status / 100 == -5;
        fail(&inquiry->error, ours ? status : APISEC_E_RESPONSE, "the introspection answer: %.200s", signature->error.text);
        return over_failed(inquiry);
    }
    if (answered_signed(inquiry, &report, &inquiry->error) == APISEC_OK) return over_answered(inquiry, report, now_ms);
    return over_failed(inquiry);
}

static int32_t answer(struct inquiry *inquiry, apisec_op *op, int64_t now_ms)
{
    struct report *report = NULL;
    const bool is_signed = inquiry->introspector->is_signed;
    const struct sent sent = {.tokens = {inquiry->token},
                              .credential = &inquiry->introspector->credential,
                              .assertion = inquiry->assertion};
    apisec_status status = answer_check(&op->answer, &sent, &inquiry->error);
    if (status == APISEC_OK && is_signed) status = answered_open(inquiry, &op->answer, &sent, &inquiry->error);
    if (status == APISEC_OK && !is_signed) status = answered_plain(&op->answer, &sent, &report, &inquiry->error);
    if (status != APISEC_OK) return over_failed(inquiry);
    if (!is_signed) return over_answered(inquiry, report, now_ms);
    inquiry->stage = INQUIRY_KEYS;
    return keys(inquiry, op, now_ms);
}

/* ---- somebody else does ---- */

static int32_t follow(struct inquiry *inquiry, apisec_op *op, int64_t now_ms)
{
    struct report *report;
    const enum question_state state = question_look(inquiry->introspector, inquiry->question, &report, &inquiry->error);
    if (state == QUESTION_OPEN) {
        op_wait(op, now_ms + POLL_MS);
        return APISEC_OP_WAIT;
    }
    question_free(inquiry->question);
    inquiry->question = NULL;
    if (state == QUESTION_ANSWERED) take_report(inquiry, report);
    else inquiry->stage = state == QUESTION_FAILED ? INQUIRY_OVER : INQUIRY_BEGIN;
    return APISEC_OP_DONE;
}

/* ---- as a work ---- */

static void let_go(struct inquiry *inquiry)
{
    if (inquiry->fetching) inquiry->signature.work.kind->abandon(&inquiry->signature.work);
    inquiry->fetching = false;
    const bool leads = inquiry->stage == INQUIRY_REQUEST || inquiry->stage == INQUIRY_ANSWER || inquiry->stage == INQUIRY_KEYS;
    if (leads && inquiry->question != NULL) question_abandon(inquiry->introspector, inquiry->question);
    question_free(inquiry->question);
    inquiry->question = NULL;
}

static int32_t too_late(struct inquiry *inquiry)
{
    fail(&inquiry->error, APISEC_E_TIMEOUT, "the issuer did not say in time whether the token is active");
    let_go(inquiry);
    return over(inquiry);
}

static int32_t proceed(struct inquiry *inquiry, apisec_op *op, int64_t now_ms)
{
    switch (inquiry->stage) {
    case INQUIRY_REQUEST: return request(inquiry, op, now_ms);
    case INQUIRY_ANSWER:  return answer(inquiry, op, now_ms);
    case INQUIRY_KEYS:    return keys(inquiry, op, now_ms);
    case INQUIRY_FOLLOW:  return follow(inquiry, op, now_ms);
    default:            return APISEC_OP_DONE;
    }
}

/* An answer that is there at the last moment still counts; what would go on after it does not. */
static int32_t step(struct work *work, apisec_op *op, int64_t now_ms)
{
    struct inquiry *inquiry = (struct inquiry *)work;
    const int64_t latest_ms = now_ms + INTROSPECT_DEADLINE_MS;
    if (inquiry->deadline_ms > latest_ms) inquiry->deadline_ms = latest_ms; /* the clock was set back: no wait gets longer */
    if (now_ms >= inquiry->deadline_ms && inquiry->stage != INQUIRY_ANSWER) return too_late(inquiry);
    const int32_t need = proceed(inquiry, op, now_ms);
    if (need == APISEC_OP_DONE) return need;
    if (now_ms >= inquiry->deadline_ms) return too_late(inquiry);
    if (op->deadline_ms > inquiry->deadline_ms) op->deadline_ms = inquiry->deadline_ms;
    return need;
}

static void abandon(struct work *work)
{
    let_go((struct inquiry *)work);
}

static const struct work_kind kind = {step, abandon};

void inquiry_begin(struct inquiry *inquiry, struct introspector *introspector, struct text token, int64_t now, bool offline)
{
    *inquiry = (struct inquiry){
        .work = {&kind}, .introspector = introspector, .token = token, .now = now, .offline = offline, .stage = INQUIRY_BEGIN};
    introspector_tag(introspector, token, &inquiry->tag);
}

/* begin finds out what is to be done. */
static void begin(struct inquiry *inquiry, int64_t now_ms)
{
    bool no_memory;
    struct report *report = introspector_find(inquiry->introspector, &inquiry->tag, now_ms);
    if (inquiry->deadline_ms == 0) inquiry->deadline_ms = now_ms + INTROSPECT_DEADLINE_MS;
    if (report == NULL && inquiry->offline) {
        fail(&inquiry->error, APISEC_E_NO_TRANSPORT, "the issuer must be asked about the token and there is no transport");
        inquiry->stage = INQUIRY_OVER;
        return;
    }
    enum asking asking = ASKING_KNOWN;
    if (report == NULL)
        asking = introspector_ask(inquiry->introspector, &inquiry->tag, now_ms, &report, &inquiry->question, &no_memory);
    switch (asking) {
    case ASKING_KNOWN:  take_report(inquiry, report); return;
    case ASKING_LEAD:   inquiry->stage = INQUIRY_REQUEST; return;
    case ASKING_FOLLOW: inquiry->stage = INQUIRY_FOLLOW; return;
    case ASKING_BUSY:   break;
    }
    inquiry->stage = INQUIRY_OVER;
    if (no_memory) fail_memory(&inquiry->error);
    else fail(&inquiry->error, APISEC_E_BUSY, "the issuer is asked about %d other tokens just now", INTROSPECT_MAX_ASKING);
}

enum pass inquiry_run(struct inquiry *inquiry, int64_t now_ms)
{
    if (inquiry->stage == INQUIRY_BEGIN) begin(inquiry, now_ms);
    if (inquiry->stage != INQUIRY_OVER) return PASS_WORK;
    return inquiry->report != NULL ? PASS_ON : PASS_ENDED;
}

void inquiry_end(struct inquiry *inquiry)
{
    let_go(inquiry);
    report_free(inquiry->report);
    inquiry->report = NULL;
    apisec_text_free(inquiry->assertion);
    inquiry->assertion = NULL;
    jws_header_free(&inquiry->header);
    arena_free(&inquiry->arena);
}
