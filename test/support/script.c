/* SPDX-License-Identifier: Apache-2.0
 *
 * script.c: plays scripted answers to an operation; see script.h.
 */
#include "support/script.h"
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

static apisec_status perform(apisec_http *http, apisec_op *op)
{
    struct script *script = http->context;
    pthread_mutex_lock(&script->lock);
    script_answer_one(script, op);
    pthread_mutex_unlock(&script->lock);
    return APISEC_OK;
}

void script_init(struct script *script, const struct script_answer *answers, size_t num_answers)
{
    memset(script, 0, sizeof *script);
    script->answers = answers;
    script->num_answers = num_answers;
    script->http.context = script;
    script->http.perform = perform;
    pthread_mutex_init(&script->lock, NULL);
}

void script_init_routes(struct script *script, const struct script_answer *answers, size_t num_answers)
{
    script_init(script, answers, num_answers);
    script->by_url = true;
}

/* pick finds the row for a request. */
static const struct script_answer *pick(struct script *script, const char *url)
{
    if (!script->by_url) {
        if (script->at >= script->num_answers) fail_msg("a request more than the script's %zu: %s", script->num_answers, url);
        return &script->answers[script->at++];
    }
    for (size_t i = 0; i < script->num_answers; i++)
        if (script->answers[i].url != NULL && strcmp(script->answers[i].url, url) == 0) return &script->answers[i];
    fail_msg("no row has this url: %s", url);
    return NULL;
}

static void record(struct script *script, apisec_op *op)
{
    size_t len = 0;
    const char *body = apisec_op_body(op, &len);
    if (len >= sizeof script->last_body) fail_msg("a request body of %zu bytes", len);
    if (body != NULL) memcpy(script->last_body, body, len);
    script->last_body[len] = '\0';
    script->last_headers[0] = '\0';
    size_t used = 0;
    for (size_t i = 0; i < apisec_op_num_headers(op); i++) {
        const int more = snprintf(script->last_headers + used, sizeof script->last_headers - used, "%s: %s\n",
                                  apisec_op_header_name(op, i), apisec_op_header_value(op, i));
        used += (size_t)more;
        if (used >= sizeof script->last_headers) fail_msg("request headers of more than %zu bytes", used);
    }
    script->num_requests++;
}

static void expect_parts(size_t row, const char *what, const char *whole, const char *const *needles, bool present)
{
    for (size_t i = 0; i < SCRIPT_MAX_NEEDLES && needles[i] != NULL; i++)
        if ((strstr(whole, needles[i]) != NULL) != present)
            fail_msg("row %zu: the %s %s \"%s\":\n%s", row, what, present ? "lack" : "have", needles[i], whole);
}

static void expect(const struct script *script, const struct script_answer *answer, apisec_op *op)
{
    const size_t row = (size_t)(answer - script->answers);
    const char *method = apisec_op_method(op);
    const char *url = apisec_op_url(op);
    if (answer->method != NULL && strcmp(answer->method, method) != 0) fail_msg("row %zu: the method is %s", row, method);
    if (answer->url != NULL && strcmp(answer->url, url) != 0) fail_msg("row %zu: the url is %s", row, url);
    expect_parts(row, "headers", script->last_headers, answer->headers_have, true);
    expect_parts(row, "headers", script->last_headers, answer->headers_lack, false);
    expect_parts(row, "body's bytes", script->last_body, answer->body_has, true);
    expect_parts(row, "body's bytes", script->last_body, answer->body_lacks, false);
    if (answer->body_is != NULL && strcmp(answer->body_is, script->last_body) != 0)
        fail_msg("row %zu: the body is:\n%s\nnot:\n%s", row, script->last_body, answer->body_is);
}

/* answer_headers hands over the "Name: value\n" lines; false once the operation refuses one. */
static bool answer_headers(apisec_op *op, const char *headers)
{
    while (headers != NULL && *headers != '\0') {
        const char *colon = strchr(headers, ':');
        const char *end = strchr(headers, '\n');
        if (colon == NULL || end == NULL || colon > end) fail_msg("a header of the script is no \"Name: value\\n\": %s", headers);
        const char *value = colon + 1;
        const size_t name_len = (size_t)(colon - headers), value_len = (size_t)(end - value);
        if (apisec_op_answer_header(op, headers, name_len, value, value_len) != APISEC_OK) return false;
        headers = end + 1;
    }
    return true;
}

static void answer_body(const struct script *script, apisec_op *op, const char *body, size_t len)
{
    size_t size = 1, next = 2;
    for (size_t at = 0; at < len;) {
        size_t chunk = size > len - at ? len - at : size;
        if (script->max_chunk != 0 && chunk > script->max_chunk) chunk = script->max_chunk;
        if (apisec_op_answer_body(op, body + at, chunk) != APISEC_OK) return;
        at += chunk;
        const size_t sum = size + next;
        size = next;
        next = sum;
    }
}

void script_answer_one(struct script *script, apisec_op *op)
{
    const struct script_answer *answer = pick(script, apisec_op_url(op));
    record(script, op);
    expect(script, answer, op);
    const size_t len = answer->body == NULL ? 0 : answer->body_len != 0 ? answer->body_len : strlen(answer->body);
    if (answer->status != 0 && apisec_op_answer_status(op, answer->status) == APISEC_OK && answer_headers(op, answer->headers))
        answer_body(script, op, answer->body, len);
    assert_int_equal(apisec_op_answer_end(op, answer->never ? APISEC_E_TIMEOUT : answer->transport), APISEC_OK);
}

void script_run(struct script *script, apisec_op *op, int64_t *now_ms)
{
    for (size_t turns = 0;; turns++) {
        if (turns == 10000) fail_msg("the operation does not end");
        const int32_t need = apisec_op_next(op, *now_ms);
        if (need == APISEC_OP_DONE) return;
        if (need == APISEC_OP_WAIT) {
            if (apisec_op_deadline_ms(op) > *now_ms) *now_ms = apisec_op_deadline_ms(op);
            continue;
        }
        const struct script_answer *answer = script->at < script->num_answers ? &script->answers[script->at] : NULL;
        if (!script->by_url && answer != NULL && answer->never) {
            script->at++;
            record(script, op);
            expect(script, answer, op);
            *now_ms = apisec_op_deadline_ms(op);
            continue;
        }
        if (!script->by_url && answer != NULL) *now_ms += answer->takes_ms;
        script_answer_one(script, op);
    }
}

void script_end(struct script *script)
{
    pthread_mutex_destroy(&script->lock);
    if (!script->by_url && script->at < script->num_answers)
        fail_msg("%zu of %zu rows were used", script->at, script->num_answers);
}
