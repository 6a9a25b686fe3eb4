/* SPDX-License-Identifier: Apache-2.0
 *
 * op.h: operations: whatever might need the network, without doing any I/O itself.
 *
 * An operation says what it needs now: one HTTP request, or to wait. Whoever drives it (a loop of its own, an FFI runtime, a
 * test, or apisec_op_run) does that and hands back the answer as it arrives, in chunks of any size:
 *
 *     while ((need = apisec_op_next(op, now_ms)) != APISEC_OP_DONE) {
 *         if (need == APISEC_OP_WAIT)  call next again at the deadline, apisec_op_deadline_ms(op)
 *         if (need == APISEC_OP_HTTP)  send what method, url, header and body say; then
 *                                      answer_status, answer_header…, answer_body…, answer_end
 *     }
 *     apisec_<what>_finish(op, …);  apisec_op_free(op);
 *
 * An operation copies its inputs, keeps its parent alive and holds no lock between two calls.
 * Threads: one at a time; it may move between threads.
 */
#ifndef APISEC_OP_H
#define APISEC_OP_H

#include <apisec/status.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

typedef struct apisec_op apisec_op;

/* The transport an operation may be run over; see http.h. */
typedef struct apisec_http apisec_http;

enum {
    APISEC_OP_DONE = 0,  /* the result waits in the operation's _finish */
    APISEC_OP_HTTP = 1,  /* it needs the answer to one HTTP request */
    APISEC_OP_WAIT = 2   /* it needs time, or another operation's end, which nobody tells: call next again by its deadline */
};

/* apisec_op_next returns what the operation needs at now_ms, milliseconds since 1970 by the driver's clock. It may be called
 * as often as one likes. A request whose answer has not ended by its deadline is ended here with APISEC_E_TIMEOUT.
 * NULL: APISEC_OP_DONE. */
int32_t apisec_op_next(apisec_op *op, int64_t now_ms);

/* apisec_op_deadline_ms returns when to call next again at the latest: 0, which is long past, before the first next and when an
 * answer has ended; INT64_MAX when nothing is awaited. An operation that waits for another one's answer is told by nobody that it
 * has come: its deadline lies at most 20 ms ahead, again and again. A loop that calls next for its waiting operations whenever an
 * answer has ended makes them go on sooner. */
int64_t apisec_op_deadline_ms(const apisec_op *op);

/* The request to make while next says APISEC_OP_HTTP; otherwise NULL and 0. The texts live until the answer ends. Send these
 * headers, and of your own at most Host, Content-Length and Connection. Do not follow redirects. */
const char *apisec_op_method(const apisec_op *op);
/* apisec_op_url: absolute, https. Who sends it sees to which addresses are connected to: http.h says which ones the library's own
 * transport refuses. */
const char *apisec_op_url(const apisec_op *op);
/* apisec_op_num_headers: how many to send. */
size_t apisec_op_num_headers(const apisec_op *op);
/* apisec_op_header_name: NULL past the last. */
const char *apisec_op_header_name(const apisec_op *op, size_t index);
/* apisec_op_header_value: may hold a secret. */
const char *apisec_op_header_value(const apisec_op *op, size_t index);
/* apisec_op_body returns the body's bytes and their number, or NULL and 0 when there is none. It may hold a secret. */
const char *apisec_op_body(const apisec_op *op, size_t *len);
/* apisec_op_max_body returns how many body bytes the answer may have; one more and it is refused. */
size_t apisec_op_max_body(const apisec_op *op);
/* apisec_op_identity returns the name of the client certificate to use, or NULL for none. */
const char *apisec_op_identity(const apisec_op *op);

/* The answer, in the order of the wire, with every header: without its Content-Type a JSON answer is refused, and Cache-Control
 * says how long keys are kept. After the end call apisec_op_next at once: other operations may be waiting for this one.
 * APISEC_OK: go on. Anything else: stop reading, the answer is refused, and say apisec_op_answer_end. APISEC_E_MISUSE: no answer
 * is awaited now. */
apisec_status apisec_op_answer_status(apisec_op *op, int32_t http_status);
/* apisec_op_answer_header: one field, as received; repeated ones as often as they came. */
apisec_status apisec_op_answer_header(apisec_op *op, const char *name, size_t name_len, const char *value, size_t value_len);
/* apisec_op_answer_body: the next bytes; chunks of any size. */
apisec_status apisec_op_answer_body(apisec_op *op, const char *bytes, size_t len);

/* apisec_op_answer_end ends the answer: APISEC_OK when all of it arrived, or what went wrong: APISEC_E_UNREACHABLE,
 * APISEC_E_TIMEOUT, APISEC_E_TLS, APISEC_E_ADDRESS (any other status counts as APISEC_E_UNREACHABLE). */
apisec_status apisec_op_answer_end(apisec_op *op, apisec_status transport);

/* apisec_op_run drives the operation to its end over a transport, blocking. With a NULL transport an operation that needs the
 * network ends with APISEC_E_NO_TRANSPORT. APISEC_OK: it is done, and its result waits in its _finish. */
apisec_status apisec_op_run(apisec_op *op, apisec_http *http);

/* apisec_op_free ends the operation at any time; one that is not done is cancelled, and if others were waiting for its fetch,
 * one of them takes over. NULL does nothing. */
void apisec_op_free(apisec_op *op);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
