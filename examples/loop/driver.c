/* SPDX-License-Identifier: Apache-2.0
 *
 * driver.c: see driver.h. A task is in one of three states, and each call moves some of those on that can be moved:
 *
 *     IN_LINE ──▶ begun: apisec_op_next ──▶ REQUESTING: libcurl has its request ──▶ answered: apisec_op_next again …
 *                             │  ▲
 *                             ▼  │ at its deadline, or when any answer has come
 *                            WAITING: for time, or for another operation's answer                          … ──▶ done
 */
#include "driver.h"
#include "bridge.h"

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#define MAX_REQUESTS 8    /* on their way at once: one that is sent has five seconds, so no more than a server answers in that */
#define MAX_STEPS 16      /* a call: verifying is work, and the sockets must not wait for all of it */
#define MAX_SLEEP_MS 1000 /* deadlines are times of a clock that can be set */

struct driver_task {
    struct driver_task *next, **link; /* link: what points here */
    enum { IN_LINE, WAITING, REQUESTING } state;
    size_t num_answers;               /* while WAITING: how many had come when it was asked last */
    apisec_op *op;
    struct bridge bridge;             /* while REQUESTING */
    void (*done)(void *context, apisec_op *op);
    void *context;
};

struct driver {
    struct driver_host host;
    const char *ca_file;
    struct driver_task *first, **last; /* in the order they came */
    CURLM *multi;
    int64_t curl_at_ms;                /* when libcurl wants to be called, by the monotonic clock; -1: it does not */
    size_t num_requesting, max_requesting, num_requests, num_answers;
};

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- what libcurl tells ---- */

static int on_watch(CURL *easy, curl_socket_t descriptor, int what, void *context, void *slot)
{
    (void)easy;
    struct driver *driver = context;
    if (!driver->host.watch(driver->host.context, descriptor, what, &slot)) return -1;
    if (what != CURL_POLL_REMOVE) curl_multi_assign(driver->multi, descriptor, slot);
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    struct driver *driver = context;
    driver->curl_at_ms = timeout_ms < 0 ? -1 : read_clock(CLOCK_MONOTONIC) + timeout_ms;
    return 0;
}

/* ---- one task ---- */

static void remove_task(struct driver *driver, struct driver_task *task)
{
    *task->link = task->next;
    if (task->next != NULL) task->next->link = task->link;
    else driver->last = task->link;
    apisec_op_free(task->op);
    free(task);
}

/* send_request: false when it could not be made; then the operation knows, and is to be asked again. */
static bool send_request(struct driver *driver, struct driver_task *task)
{
    if (!bridge_open(&task->bridge, task->op, driver->ca_file)) return false;
    curl_easy_setopt(task->bridge.easy, CURLOPT_PRIVATE, task);
    if (curl_multi_add_handle(driver->multi, task->bridge.easy) != CURLM_OK) {
        bridge_close(&task->bridge, CURLE_OUT_OF_MEMORY);
        return false;
    }
    task->state = REQUESTING;
    driver->num_requests++;
    driver->num_requesting++;
    if (driver->num_requesting > driver->max_requesting) driver->max_requesting = driver->num_requesting;
    return true;
}

/* step asks the operation what it needs now. The task may be gone afterwards. */
static void step(struct driver *driver, struct driver_task *task)
{
    for (;;) {
        switch (apisec_op_next(task->op, read_clock(CLOCK_REALTIME))) {
        case APISEC_OP_HTTP:
            if (send_request(driver, task)) return;
            break;
        case APISEC_OP_WAIT:
            task->state = WAITING;
            task->num_answers = driver->num_answers;
            return;
        default:
            task->done(task->context, task->op);
            remove_task(driver, task);
            return;
        }
    }
}

/* end_request takes the transfer out and tells the operation, which decides at once what comes next: others may wait for it. */
static void end_request(struct driver *driver, struct driver_task *task, CURLcode code)
{
    curl_multi_remove_handle(driver->multi, task->bridge.easy);
    driver->num_requesting--;
    bridge_close(&task->bridge, code);
    driver->num_answers++;
    step(driver, task);
}

/* due_ms: when the task is to be moved on. One that waits for another's answer is not told of it: any answer may be the one. */
static int64_t due_ms(const struct driver *driver, const struct driver_task *task)
{
    if (task->state == IN_LINE) return driver->num_requesting < MAX_REQUESTS ? 0 : INT64_MAX;
    if (task->state == WAITING && task->num_answers != driver->num_answers) return 0;
    return apisec_op_deadline_ms(task->op);
}

/* ---- all of them ---- */

static void end_answered(struct driver *driver)
{
    int left = 0;
    for (CURLMsg *message; (message = curl_multi_info_read(driver->multi, &left)) != NULL;) {
        struct driver_task *task = NULL;
        const CURLcode code = message->data.result; /* read before the handle goes, and the message with it */
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &task);
        end_request(driver, task, code);
    }
}

static void move_due(struct driver *driver)
{
    const int64_t now_ms = read_clock(CLOCK_REALTIME);
    size_t num_steps = 0;
    for (struct driver_task *task = driver->first, *next; task != NULL && num_steps < MAX_STEPS; task = next) {
        next = task->next;
        if (due_ms(driver, task) > now_ms) continue;
        num_steps++;
        if (task->state == REQUESTING) end_request(driver, task, CURLE_OPERATION_TIMEDOUT);
        else step(driver, task);
    }
}

void driver_on_socket(struct driver *driver, curl_socket_t descriptor, int what)
{
    int running = 0;
    curl_multi_socket_action(driver->multi, descriptor, what, &running);
    end_answered(driver);
}

void driver_on_time(struct driver *driver)
{
    int running = 0;
    if (driver->curl_at_ms >= 0 && driver->curl_at_ms <= read_clock(CLOCK_MONOTONIC)) {
        driver->curl_at_ms = -1;
        curl_multi_socket_action(driver->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        end_answered(driver);
    }
    move_due(driver);
}

int driver_timeout_ms(const struct driver *driver)
{
    const int64_t now_ms = read_clock(CLOCK_REALTIME);
    int64_t sleep_ms = MAX_SLEEP_MS;
    if (driver->first == NULL) return -1;
    if (driver->curl_at_ms >= 0) {
        const int64_t curl_sleep_ms = driver->curl_at_ms - read_clock(CLOCK_MONOTONIC);
        if (curl_sleep_ms < sleep_ms) sleep_ms = curl_sleep_ms;
    }
    for (const struct driver_task *task = driver->first; task != NULL && sleep_ms > 0; task = task->next) {
        const int64_t task_sleep_ms = due_ms(driver, task) - now_ms;
        if (task_sleep_ms < sleep_ms) sleep_ms = task_sleep_ms;
    }
    return sleep_ms < 0 ? 0 : (int)sleep_ms;
}

/* ---- the driver ---- */

struct driver *driver_new(const struct driver_host *host, const char *ca_file)
{
    struct driver *driver = calloc(1, sizeof *driver);
    if (driver == NULL) return NULL;
    *driver = (struct driver){.host = *host, .ca_file = ca_file, .multi = curl_multi_init(), .curl_at_ms = -1};
    driver->last = &driver->first;
    if (driver->multi == NULL) {
        driver_free(driver);
        return NULL;
    }
    curl_multi_setopt(driver->multi, CURLMOPT_SOCKETFUNCTION, on_watch);
    curl_multi_setopt(driver->multi, CURLMOPT_SOCKETDATA, driver);
    curl_multi_setopt(driver->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(driver->multi, CURLMOPT_TIMERDATA, driver);
    curl_multi_setopt(driver->multi, CURLMOPT_MAXCONNECTS, (long)MAX_REQUESTS);
    return driver;
}

void driver_free(struct driver *driver)
{
    if (driver == NULL) return;
    while (driver->first != NULL) driver_cancel(driver, driver->first);
    curl_multi_cleanup(driver->multi);
    free(driver);
}

struct driver_task *driver_add(struct driver *driver, apisec_op *op, void (*done)(void *context, apisec_op *op), void *context)
{
    struct driver_task *task = calloc(1, sizeof *task);
    if (task == NULL) {
        apisec_op_free(op);
        return NULL;
    }
    *task = (struct driver_task){.link = driver->last, .state = IN_LINE, .op = op, .done = done, .context = context};
    *driver->last = task;
    driver->last = &task->next;
    return task;
}

void driver_cancel(struct driver *driver, struct driver_task *task)
{
    if (task->state == REQUESTING) {
        curl_multi_remove_handle(driver->multi, task->bridge.easy);
        driver->num_requesting--;
        bridge_abandon(&task->bridge);
    }
    remove_task(driver, task);
}

size_t driver_num_requests(const struct driver *driver)
{
    return driver->num_requests;
}

size_t driver_max_requests(const struct driver *driver)
{
    return driver->max_requesting;
}
