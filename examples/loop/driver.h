/* SPDX-License-Identifier: Apache-2.0
 *
 * driver.h: drives many operations at once over one curl_multi, in an event loop that it knows nothing of: the loop watches
 * descriptors for it and calls it when one is ready or time has passed. In short:
 *
 *     while ((timeout_ms = driver_timeout_ms(driver)) >= 0) {
 *         wait for the watched descriptors, timeout_ms at most
 *         driver_on_socket(driver, descriptor, what)           for each one that is ready
 *         driver_on_time(driver)
 *     }
 *
 * main.c does so with epoll, examples/libuv with libuv. Copy driver.c and bridge.c, with their headers, into a service that has
 * an event loop and libcurl. All of it belongs to the loop's one thread.
 */
#ifndef LOOP_DRIVER_H
#define LOOP_DRIVER_H

#include <apisec/op.h>

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

struct driver;
struct driver_task;

/* What the event loop does for the driver. */
struct driver_host {
    void *context;
    /* watch calls driver_on_socket from now on when the descriptor is ready: what is CURL_POLL_IN, CURL_POLL_OUT or
     * CURL_POLL_INOUT; or it no longer does: CURL_POLL_REMOVE. *slot is the loop's own for as long as the descriptor is watched,
     * NULL at first. false: it cannot. */
    bool (*watch)(void *context, curl_socket_t descriptor, int what, void **slot);
};

/* driver_new: ca_file, which is not copied, or NULL for the system's certificates. NULL: out of memory. */
struct driver *driver_new(const struct driver_host *host, const char *ca_file);
/* driver_free cancels what is left. */
void driver_free(struct driver *driver);

/* driver_add takes an operation over and drives it to its end; then done is called, which calls the operation's _finish and may
 * add further ones; then it is freed. An operation begins when there is room for a request of it: its deadline does not run while
 * it waits in line. NULL: out of memory, and the operation has been freed. */
struct driver_task *driver_add(struct driver *driver, apisec_op *op, void (*done)(void *context, apisec_op *op), void *context);
/* driver_cancel ends an operation whose done has not been called, wherever it stands. Not from within a done. */
void driver_cancel(struct driver *driver, struct driver_task *task);

/* driver_timeout_ms: call driver_on_time after that many milliseconds at the latest; ask again after each call of the others. -1:
 * nothing is left to do. */
int driver_timeout_ms(const struct driver *driver);
/* driver_on_socket: the descriptor is ready for what: CURL_CSELECT_IN, CURL_CSELECT_OUT, CURL_CSELECT_ERR. */
void driver_on_socket(struct driver *driver, curl_socket_t descriptor, int what);
/* driver_on_time does some of what is due, and not so much that the sockets would wait for it. */
void driver_on_time(struct driver *driver);

/* driver_num_requests: made so far. driver_max_requests: the most that were on their way at once. */
size_t driver_num_requests(const struct driver *driver);
size_t driver_max_requests(const struct driver *driver);

#endif
