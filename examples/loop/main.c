/* SPDX-License-Identifier: Apache-2.0
 *
 * main.c: a thousand requests at once in one thread, over epoll: what an event loop has to do so that a guard and its exchanges
 * never block it. A service adds its own descriptors to the same epoll. Arguments and output: crowd.h.
 */
#include "crowd.h"
#include "driver.h"

#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#define MAX_EVENTS 64

/* watch: the slot says whether epoll has the descriptor already. */
static bool watch(void *context, curl_socket_t descriptor, int what, void **slot)
{
    const int epoll = *(const int *)context;
    struct epoll_event event = {.data.fd = descriptor};
    if (what == CURL_POLL_REMOVE) return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, &event) == 0;
    if (what & CURL_POLL_IN) event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
    const int operation = *slot != NULL ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    *slot = context;
    return epoll_ctl(epoll, operation, descriptor, &event) == 0;
}

static int what_of(uint32_t events)
{
    return (events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
           (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
}

static void run(int epoll, struct driver *driver, struct crowd *crowd)
{
    struct epoll_event events[MAX_EVENTS];
    for (int timeout_ms; (timeout_ms = driver_timeout_ms(driver)) >= 0;) {
        const int num = epoll_wait(epoll, events, MAX_EVENTS, timeout_ms);
        if (num < 0 && errno != EINTR) return; /* what is left is cancelled, and recorded as abandoned */
        for (int i = 0; i < num; i++)          /* none when a signal came */
            driver_on_socket(driver, events[i].data.fd, what_of(events[i].events));
        driver_on_time(driver);
        crowd_look(crowd);
    }
}

int main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_IGN); /* the TLS library writes to connections that are gone */
    curl_global_init(CURL_GLOBAL_DEFAULT);
    struct crowd *crowd = crowd_new(argc, argv);
    int epoll = crowd != NULL ? epoll_create1(EPOLL_CLOEXEC) : -1;
    const struct driver_host host = {.context = &epoll, .watch = watch};
    struct driver *driver = epoll >= 0 ? driver_new(&host, crowd_ca_file(crowd)) : NULL;
    if (driver != NULL && crowd_arrive(crowd, driver)) run(epoll, driver, crowd);
    driver_free(driver);
    if (epoll >= 0) (void)close(epoll);
    const int exit_status = crowd_end(crowd);
    curl_global_cleanup();
    return exit_status;
}
