/* SPDX-License-Identifier: Apache-2.0
 *
 * main.c: the requests of examples/loop in the loop of libuv: one uv_poll_t for each descriptor that the driver watches, and one
 * uv_timer_t for its time. A service has its own handles in the same loop. Arguments and output: examples/loop/crowd.h.
 */
#include "crowd.h"
#include "driver.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <uv.h>

struct host {
    uv_loop_t loop;
    uv_timer_t timer;
    struct driver *driver;
    struct crowd *crowd;
};

struct watched {
    uv_poll_t poll;
    curl_socket_t descriptor;
    struct host *host;
};

static void on_time(uv_timer_t *timer);

/* go_on after each call of the driver: it may want to be called at another time now. */
static void go_on(struct host *host)
{
    crowd_look(host->crowd);
    const int timeout_ms = driver_timeout_ms(host->driver);
    if (timeout_ms >= 0) uv_timer_start(&host->timer, on_time, (uint64_t)timeout_ms, 0);
    else uv_timer_stop(&host->timer); /* nothing is left to do */
}

static void on_time(uv_timer_t *timer)
{
    struct host *host = timer->data;
    driver_on_time(host->driver);
    go_on(host);
}

/* on_ready: what became due by it is done by the timer, which is set to now. */
static void on_ready(uv_poll_t *poll, int status, int events)
{
    const struct watched *watched = poll->data;
    struct host *host = watched->host;
    const int what = (events & UV_READABLE ? CURL_CSELECT_IN : 0) | (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
    driver_on_socket(host->driver, watched->descriptor, status == 0 ? what : CURL_CSELECT_ERR);
    go_on(host);
}

/* ---- what the driver watches ---- */

static void on_closed(uv_handle_t *poll)
{
    free(poll->data);
}

static struct watched *watched_new(struct host *host, curl_socket_t descriptor)
{
    struct watched *watched = calloc(1, sizeof *watched);
    if (watched == NULL) return NULL;
    *watched = (struct watched){.descriptor = descriptor, .host = host};
    if (uv_poll_init_socket(&host->loop, &watched->poll, descriptor) != 0) {
        free(watched);
        return NULL;
    }
    watched->poll.data = watched;
    return watched;
}

/* watch: libcurl closes a descriptor once it is no longer watched; the handle itself lives until libuv lets it go. */
static bool watch(void *context, curl_socket_t descriptor, int what, void **slot)
{
    struct watched *watched = *slot;
    if (what == CURL_POLL_REMOVE) {
        if (watched != NULL) uv_close((uv_handle_t *)&watched->poll, on_closed);
        return true;
    }
    if (watched == NULL) *slot = watched = watched_new(context, descriptor);
    const int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    return watched != NULL && uv_poll_start(&watched->poll, events, on_ready) == 0;
}

/* ---- the loop ---- */

/* run: uv_run returns when neither a descriptor is watched nor the timer set. */
static void run(struct host *host)
{
    if (!crowd_arrive(host->crowd, host->driver)) return;
    go_on(host);
    uv_run(&host->loop, UV_RUN_DEFAULT);
}

/* close_loop runs it until the handles that the driver has left are closed. false: one is still open. */
static bool close_loop(struct host *host)
{
    uv_close((uv_handle_t *)&host->timer, NULL);
    uv_run(&host->loop, UV_RUN_DEFAULT);
    return uv_loop_close(&host->loop) == 0;
}

int main(int argc, char **argv)
{
    struct host host = {.driver = NULL};
    const struct driver_host of_driver = {.context = &host, .watch = watch};
    (void)signal(SIGPIPE, SIG_IGN); /* the TLS library writes to connections that are gone */
    curl_global_init(CURL_GLOBAL_DEFAULT);
    host.crowd = crowd_new(argc, argv);
    bool closed = true;
    if (host.crowd != NULL && uv_loop_init(&host.loop) == 0) {
        uv_timer_init(&host.loop, &host.timer);
        host.timer.data = &host;
        host.driver = driver_new(&of_driver, crowd_ca_file(host.crowd));
        if (host.driver != NULL) run(&host);
        driver_free(host.driver);
        closed = close_loop(&host);
        uv_library_shutdown(); /* what all its loops share are descriptors too */
    }
    const int exit_status = crowd_end(host.crowd);
    curl_global_cleanup();
    return closed ? exit_status : 1;
}
