/* SPDX-License-Identifier: Apache-2.0
 *
 * loop.c: see loop.h. A task is in one of three states, and one turn of the loop moves each of them on that can be moved:
 *
 *     IN_LINE ──▶ begun: apisec_op_next ──▶ REQUESTING: libcurl has its request ──▶ answered: apisec_op_next again …
 *                             │  ▲
 *                             ▼  │ at its deadline
 *                            WAITING: for time, or for another operation's answer                          … ──▶ done
 */
#include "loop.h"
#include "bridge.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define MAX_REQUESTS 8    /* on their way at once: one that is sent has five seconds, so no more than a server answers in that */
#define MAX_STEPS 16      /* a turn: verifying is work, and the sockets must not wait for all of it */
#define MAX_EVENTS 64
#define MAX_SLEEP_MS 1000

struct loop_task {
    struct loop_task *next, **link; /* link: what points here */
    enum { IN_LINE, WAITING, REQUESTING } state;
    apisec_op *op;
    struct bridge bridge;           /* while REQUESTING */
    void (*done)(void *context, apisec_op *op);
    void *context;
};

struct loop {
    struct loop_task *first, **last; /* in the order they came */
    CURLM *multi;
    int epoll;
    const char *ca_file;
    int64_t curl_at_ms;              /* when libcurl wants to be called, by the monotonic clock; -1: it does not */
    size_t num_requesting, max_requesting, num_requests;
};

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- what libcurl tells ---- */

/* on_socket: which events of a descriptor libcurl wants to know. known is set for one that epoll has already. */
static int on_socket(CURL *easy, curl_socket_t descriptor, int what, void *context, void *known)
{
    (void)easy;
    struct loop *loop = context;
    struct epoll_event event = {.data.fd = descriptor};
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, descriptor, &event);
        return 0;
    }
    if (what & CURL_POLL_IN) event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
    if (epoll_ctl(loop->epoll, known != NULL ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, descriptor, &event) != 0) return -1;
    curl_multi_assign(loop->multi, descriptor, loop);
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    struct loop *loop = context;
    loop->curl_at_ms = timeout_ms < 0 ? -1 : read_clock(CLOCK_MONOTONIC) + timeout_ms;
    return 0;
}

/* ---- one task ---- */

static void remove_task(struct loop *loop, struct loop_task *task)
{
    *task->link = task->next;
    if (task->next != NULL) task->next->link = task->link;
    else loop->last = task->link;
    apisec_op_free(task->op);
    free(task);
}

/* send_request: false when it could not be made; then the operation knows, and is to be asked again. */
static bool send_request(struct loop *loop, struct loop_task *task)
{
    if (!bridge_open(&task->bridge, task->op, loop->ca_file)) return false;
    curl_easy_setopt(task->bridge.easy, CURLOPT_PRIVATE, task);
    if (curl_multi_add_handle(loop->multi, task->bridge.easy) != CURLM_OK) {
        bridge_close(&task->bridge, CURLE_OUT_OF_MEMORY);
        return false;
    }
    task->state = REQUESTING;
    loop->num_requests++;
    loop->num_requesting++;
    if (loop->num_requesting > loop->max_requesting) loop->max_requesting = loop->num_requesting;
    return true;
}

/* step asks the operation what it needs now. The task may be gone afterwards. */
static void step(struct loop *loop, struct loop_task *task)
{
    for (;;) {
        switch (apisec_op_next(task->op, read_clock(CLOCK_REALTIME))) {
        case APISEC_OP_HTTP:
            if (send_request(loop, task)) return;
            break;
        case APISEC_OP_WAIT:
            task->state = WAITING;
            return;
        default:
            task->done(task->context, task->op);
            remove_task(loop, task);
            return;
        }
    }
}

/* end_request takes the transfer out and tells the operation, which decides at once what comes next: others may wait for it. */
static void end_request(struct loop *loop, struct loop_task *task, CURLcode code)
{
    curl_multi_remove_handle(loop->multi, task->bridge.easy);
    loop->num_requesting--;
    bridge_close(&task->bridge, code);
    step(loop, task);
}

/* ---- one turn ---- */

static void end_answered(struct loop *loop)
{
    int left = 0;
    for (CURLMsg *message; (message = curl_multi_info_read(loop->multi, &left)) != NULL;) {
        struct loop_task *task = NULL;
        const CURLcode code = message->data.result; /* read before the handle goes, and the message with it */
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &task);
        end_request(loop, task, code);
    }
}

static bool is_due(const struct loop *loop, const struct loop_task *task, int64_t now_ms)
{
    if (task->state == IN_LINE) return loop->num_requesting < MAX_REQUESTS;
    return apisec_op_deadline_ms(task->op) <= now_ms;
}

/* move_due moves some of the tasks on whose time has come, and returns when the next one's comes. */
static int64_t move_due(struct loop *loop, int64_t now_ms)
{
    int64_t next_ms = now_ms + MAX_SLEEP_MS;
    size_t num_steps = 0;
    for (struct loop_task *task = loop->first, *next; task != NULL; task = next) {
        next = task->next;
        const bool due = is_due(loop, task, now_ms);
        if (due && num_steps == MAX_STEPS) return now_ms;
        if (!due) {
            const int64_t deadline_ms = apisec_op_deadline_ms(task->op);
            if (task->state != IN_LINE && deadline_ms < next_ms) next_ms = deadline_ms;
            continue;
        }
        num_steps++;
        if (task->state == REQUESTING) end_request(loop, task, CURLE_OPERATION_TIMEDOUT);
        else step(loop, task);
    }
    return num_steps > 0 ? now_ms : next_ms; /* what was moved has a deadline of its own now */
}

static int sleep_ms(const struct loop *loop, int64_t until_ms, int64_t now_ms)
{
    int64_t sleep = until_ms - now_ms;
    if (loop->curl_at_ms >= 0) {
        const int64_t curl_sleep = loop->curl_at_ms - read_clock(CLOCK_MONOTONIC);
        if (curl_sleep < sleep) sleep = curl_sleep;
    }
    return sleep < 0 ? 0 : (int)sleep;
}

static void serve_sockets(struct loop *loop, int timeout_ms)
{
    struct epoll_event events[MAX_EVENTS];
    int running = 0;
    const int num = epoll_wait(loop->epoll, events, MAX_EVENTS, timeout_ms);
    for (int i = 0; i < num; i++) { /* none when a signal came */
        const int what = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                         (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
        curl_multi_socket_action(loop->multi, events[i].data.fd, what, &running);
    }
    if (loop->curl_at_ms >= 0 && loop->curl_at_ms <= read_clock(CLOCK_MONOTONIC)) {
        loop->curl_at_ms = -1;
        curl_multi_socket_action(loop->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
}

bool loop_turn(struct loop *loop)
{
    const int64_t now_ms = read_clock(CLOCK_REALTIME);
    const int64_t until_ms = move_due(loop, now_ms);
    serve_sockets(loop, sleep_ms(loop, until_ms, now_ms));
    end_answered(loop);
    return loop->first != NULL;
}

/* ---- the loop ---- */

struct loop *loop_new(const char *ca_file)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL) return NULL;
    loop->last = &loop->first;
    loop->ca_file = ca_file;
    loop->curl_at_ms = -1;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->multi = curl_multi_init();
    if (loop->epoll < 0 || loop->multi == NULL) {
        loop_free(loop);
        return NULL;
    }
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
    curl_multi_setopt(loop->multi, CURLMOPT_MAXCONNECTS, (long)MAX_REQUESTS);
    return loop;
}

void loop_free(struct loop *loop)
{
    if (loop == NULL) return;
    while (loop->first != NULL) loop_cancel(loop, loop->first);
    curl_multi_cleanup(loop->multi);
    if (loop->epoll >= 0) close(loop->epoll);
    free(loop);
}

struct loop_task *loop_add(struct loop *loop, apisec_op *op, void (*done)(void *context, apisec_op *op), void *context)
{
    struct loop_task *task = calloc(1, sizeof *task);
    if (task == NULL) {
        apisec_op_free(op);
        return NULL;
    }
    *task = (struct loop_task){.link = loop->last, .state = IN_LINE, .op = op, .done = done, .context = context};
    *loop->last = task;
    loop->last = &task->next;
    return task;
}

void loop_cancel(struct loop *loop, struct loop_task *task)
{
    if (task->state == REQUESTING) {
        curl_multi_remove_handle(loop->multi, task->bridge.easy);
        loop->num_requesting--;
        bridge_abandon(&task->bridge);
    }
    remove_task(loop, task);
}

size_t loop_num_requests(const struct loop *loop)
{
    return loop->num_requests;
}

size_t loop_max_requests(const struct loop *loop)
{
    return loop->max_requesting;
}
