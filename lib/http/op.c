/* SPDX-License-Identifier: Apache-2.0
 *
 * op.c: the machine that all operations share: the request that is outstanding, its deadline, and the run to the end.
 * It does no I/O. The kind of operation decides in its step what comes next; response.c takes the answer in.
 */
#include "http/http.h"

#include <stdlib.h>
#include <string.h>

/* The longest sleep of apisec_op_run: a wall clock that is set back must not turn a short wait into a long one. */
#define MAX_SLEEP_MS 1000

static void clear_request(apisec_op *op)
{
    for (size_t i = 0; i < op->num_headers; i++) {
        free(op->headers[i].name);
        mem_wipe_free(op->headers[i].value, strlen(op->headers[i].value));
        op->headers[i] = (struct op_header){NULL, NULL};
    }
    op->num_headers = 0;
    buffer_free(&op->body);
    op->has_body = false;
    op->max_body = 0;
    op->method = NULL;
    free(op->url);
    op->url = NULL;
    free(op->identity);
    op->identity = NULL;
}

bool op_awaits_answer(const apisec_op *op)
{
    return op != NULL && op->need == APISEC_OP_HTTP && !op->answered;
}

/* The request's secrets go now, not when the operation is freed. */
void op_end_answer(apisec_op *op, apisec_status transport)
{
    response_end(op, transport);
    clear_request(op);
    op->deadline_ms = 0;
}

void op_init(apisec_op *op, const struct op_kind *kind)
{
    *op = (struct apisec_op){.kind = kind, .need = APISEC_OP_WAIT};
    response_clear(op);
}

bool op_is(const apisec_op *op, const struct op_kind *kind)
{
    return op != NULL && op->kind == kind;
}

bool op_is_done(const apisec_op *op)
{
    return op != NULL && op->started && op->need == APISEC_OP_DONE;
}

/* ---- what a step says ---- */

apisec_status op_request(apisec_op *op, const char *method, const char *url, size_t max_body, int64_t now_ms)
{
    /* url may point into the last answer: it is copied before that goes */
    char *copy = text_copy(text_of(url));
    clear_request(op);
    response_begin(op, max_body);
    if (copy == NULL) return APISEC_E_MEMORY;
    op->method = method;
    op->url = copy;
    op->max_body = max_body;
    op->deadline_ms = now_ms > INT64_MAX - OP_TIMEOUT_MS ? INT64_MAX : now_ms + OP_TIMEOUT_MS;
    return APISEC_OK;
}

apisec_status op_add_header(apisec_op *op, const char *name, const char *value)
{
    if (op->num_headers == OP_MAX_HEADERS || name == NULL || value == NULL) return APISEC_E_ARGUMENT;
    if (!header_is_token(text_of(name))) return APISEC_E_ARGUMENT;
    for (const char *at = value; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f) return APISEC_E_ARGUMENT;
    struct op_header header = {text_copy(text_of(name)), text_copy(text_of(value))};
    if (header.name == NULL || header.value == NULL) {
        free(header.name);
        if (header.value != NULL) mem_wipe_free(header.value, strlen(header.value));
        return APISEC_E_MEMORY;
    }
    op->headers[op->num_headers++] = header;
    return APISEC_OK;
}

apisec_status op_set_body(apisec_op *op, struct text body)
{
    buffer_free(&op->body);
    op->body = BUFFER_MAX(body.len);
    op->has_body = true;
    return buffer_slice(&op->body, body);
}

apisec_status op_set_identity(apisec_op *op, const char *name)
{
    free(op->identity);
    op->identity = name == NULL ? NULL : text_copy(text_of(name));
    return name != NULL && op->identity == NULL ? APISEC_E_MEMORY : APISEC_OK;
}

void op_wait(apisec_op *op, int64_t until_ms)
{
    op->deadline_ms = until_ms;
}

/* ---- what the driver asks ---- */

#define MAX_NOW_MS ((int64_t)1 << 53)

int32_t apisec_op_next(apisec_op *op, int64_t now_ms)
{
    if (op == NULL) return APISEC_OP_DONE;
    if (op->started && op->need == APISEC_OP_DONE) return APISEC_OP_DONE;
    if (now_ms < -MAX_NOW_MS) now_ms = -MAX_NOW_MS; /* so that no step's sum of times can overflow */
    if (now_ms > MAX_NOW_MS) now_ms = MAX_NOW_MS;
    if (op_awaits_answer(op) && now_ms < op->deadline_ms) return APISEC_OP_HTTP;
    if (op_awaits_answer(op)) {
        op_end_answer(op, APISEC_E_TIMEOUT);
    }
    op->started = true;
    op->need = op->kind->step(op, now_ms);
    if (op->need == APISEC_OP_HTTP) return op->need;
    clear_request(op);
    response_clear(op);
    if (op->need == APISEC_OP_DONE) op->deadline_ms = INT64_MAX;
    return op->need;
}

int64_t apisec_op_deadline_ms(const apisec_op *op)
{
    return op == NULL ? INT64_MAX : op->deadline_ms;
}

const char *apisec_op_method(const apisec_op *op)
{
    return op_awaits_answer(op) ? op->method : NULL;
}

const char *apisec_op_url(const apisec_op *op)
{
    return op_awaits_answer(op) ? op->url : NULL;
}

size_t apisec_op_num_headers(const apisec_op *op)
{
    return op_awaits_answer(op) ? op->num_headers : 0;
}

const char *apisec_op_header_name(const apisec_op *op, size_t index)
{
    return index < apisec_op_num_headers(op) ? op->headers[index].name : NULL;
}

const char *apisec_op_header_value(const apisec_op *op, size_t index)
{
    return index < apisec_op_num_headers(op) ? op->headers[index].value : NULL;
}

const char *apisec_op_body(const apisec_op *op, size_t *len)
{
    const bool there = op_awaits_answer(op) && op->has_body;
    if (len != NULL) *len = there ? op->body.len : 0;
    if (!there) return NULL;
    return op->body.bytes == NULL ? "" : op->body.bytes;
}

size_t apisec_op_max_body(const apisec_op *op)
{
    return op_awaits_answer(op) ? op->max_body : 0;
}

const char *apisec_op_identity(const apisec_op *op)
{
    return op_awaits_answer(op) ? op->identity : NULL;
}

/* ---- the end ---- */

apisec_status apisec_op_answer_end(apisec_op *op, apisec_status transport)
{
    if (!op_awaits_answer(op)) return APISEC_E_MISUSE;
    const bool known = transport == APISEC_OK || transport == APISEC_E_TIMEOUT || transport == APISEC_E_TLS ||
                       transport == APISEC_E_ADDRESS;
    op_end_answer(op, known ? transport : APISEC_E_UNREACHABLE);
    return APISEC_OK;
}

/* sleep_until sleeps a little at a time: next is asked again in any case. */
static void sleep_until(int64_t deadline_ms, int64_t now_ms)
{
    if (deadline_ms <= now_ms) return;
    const bool far = deadline_ms > INT64_MAX - MAX_SLEEP_MS || now_ms < deadline_ms - MAX_SLEEP_MS;
    clock_sleep_ms(far ? MAX_SLEEP_MS : deadline_ms - now_ms);
}

apisec_status apisec_op_run(apisec_op *op, apisec_http *http)
{
    if (op == NULL) return APISEC_E_MISUSE;
    for (;;) {
        const int64_t now_ms = clock_now_ms();
        const int32_t need = apisec_op_next(op, now_ms);
        if (need == APISEC_OP_DONE) return APISEC_OK;
        if (need == APISEC_OP_WAIT) {
            sleep_until(op->deadline_ms, now_ms);
        } else if (http == NULL || http->perform == NULL) {
            op_end_answer(op, APISEC_E_NO_TRANSPORT);
        } else {
            (void)http->perform(http, op);
            /* a transport that forgot to end the answer must not make this loop ask it for ever */
            if (op_awaits_answer(op)) op_end_answer(op, APISEC_E_UNREACHABLE);
        }
    }
}

void apisec_op_free(apisec_op *op)
{
    if (op == NULL) return;
    if (op->kind->release != NULL) op->kind->release(op);
    clear_request(op);
    response_clear(op);
    free(op);
}
