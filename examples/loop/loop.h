/* SPDX-License-Identifier: Apache-2.0
 *
 * loop.h: an event loop of one thread for operations: epoll, and curl_multi for their requests. A service would add its own
 * descriptors to the same epoll; everything that has to do with operations stays as it is here.
 */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <apisec/op.h>

#include <stdbool.h>
#include <stddef.h>

struct loop;
struct loop_task;

/* loop_new: ca_file, which is not copied, or NULL for the system's certificates. NULL: out of memory or descriptors. */
struct loop *loop_new(const char *ca_file);
/* loop_free cancels what is left. */
void loop_free(struct loop *loop);

/* loop_add takes an operation over and drives it to its end; then done is called, which calls the operation's _finish and may add
 * further ones; then it is freed. An operation begins when there is room for a request of it: its deadline does not run while it
 * waits in line. NULL: out of memory, and the operation has been freed. */
struct loop_task *loop_add(struct loop *loop, apisec_op *op, void (*done)(void *context, apisec_op *op), void *context);
/* loop_cancel ends an operation whose done has not been called, wherever it stands. Between two turns, not from within a done. */
void loop_cancel(struct loop *loop, struct loop_task *task);

/* loop_turn waits until something can be done, and does some of it. false: nothing is left to do. */
bool loop_turn(struct loop *loop);

/* loop_num_requests: made so far. loop_max_requests: the most that were on their way at once. */
size_t loop_num_requests(const struct loop *loop);
size_t loop_max_requests(const struct loop *loop);

#endif
