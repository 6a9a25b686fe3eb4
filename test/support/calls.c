/* SPDX-License-Identifier: Apache-2.0
 *
 * calls.c: see calls.h. The child sends the listener of its filter over a socket, whose descriptor the filter knows and lets
 * through; the parent then lets each call go on, but for one.
 */
#define _GNU_SOURCE
#include "support/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CONTROL 900        /* the descriptor of the child's end of the socket */
#define CHILD_SECONDS 30
#define LET_THROUGH(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "calls: %s: %s\n", what, strerror(errno));
    abort();
}

/* ---- the child ---- */

/* install returns the filter's listener, or -1. The lower half of a call's first argument is looked at: a descriptor is an int. */
static int install(void)
{
    enum { LITTLE = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ };
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + (LITTLE ? 0 : 4)),
        LET_THROUGH(CONTROL),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        LET_THROUGH(SYS_mmap), LET_THROUGH(SYS_munmap), LET_THROUGH(SYS_mprotect), LET_THROUGH(SYS_mremap),
        LET_THROUGH(SYS_madvise), LET_THROUGH(SYS_brk), LET_THROUGH(SYS_futex), LET_THROUGH(SYS_sched_yield),
        LET_THROUGH(SYS_rt_sigreturn), LET_THROUGH(SYS_kill), LET_THROUGH(SYS_tgkill), LET_THROUGH(SYS_exit),
        LET_THROUGH(SYS_exit_group), LET_THROUGH(SYS_close), LET_THROUGH(SYS_execve), LET_THROUGH(SYS_getpid),
        LET_THROUGH(SYS_gettid), LET_THROUGH(SYS_getuid), LET_THROUGH(SYS_geteuid), LET_THROUGH(SYS_getgid),
        LET_THROUGH(SYS_getegid),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
    };
    const struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static bool send_descriptor(int descriptor)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    char byte = 'l';
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.space};
    memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
    return sendmsg(CONTROL, &message, 0) == 1;
}

/* go_under: what the child does first. The listener stays the parent's only: it ends with the last of the child's threads. */
static bool go_under(int socket_fd)
{
    if (dup2(socket_fd, CONTROL) != CONTROL) return false;
    const int listener = install();
    return listener >= 0 && send_descriptor(listener) && close(listener) == 0;
}

void calls_over(void)
{
    char byte = 'o';
    if (write(CONTROL, &byte, 1) != 1 || read(CONTROL, &byte, 1) != 1) abort();
}

/* ---- the parent ---- */

static int receive_descriptor(int socket_fd)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    char byte;
    int descriptor = -1;
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.space};
    if (recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC) != 1 || message.msg_controllen < CMSG_LEN(sizeof(int))) return -1;
    memcpy(&descriptor, CMSG_DATA(&control.header), sizeof descriptor);
    return descriptor;
}

/* error_of: what is to be expected of a call that fails. */
static int error_of(long number)
{
    switch (number) {
#ifdef SYS_open
    case SYS_open:
#endif
    case SYS_openat:
    case SYS_socket: return EMFILE;
    case SYS_write:
    case SYS_pwrite64: return ENOSPC;
    case SYS_connect: return ECONNREFUSED;
    case SYS_sendto:
    case SYS_sendmsg:
    case SYS_recvfrom:
    case SYS_recvmsg: return ECONNRESET;
    case SYS_getrandom: return ENOSYS;
    case SYS_flock: return ENOLCK;
    default: return EIO;
    }
}

/* A run: which call is to fail, and how far it is. */
struct run {
    size_t nth;
    enum calls_how how;
    bool counts;         /* from the loader's last call to calls_over */
    struct calls_result *result;
};

static void answer_call(struct run *run, int listener)
{
    struct seccomp_notif call;
    memset(&call, 0, sizeof call);
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) return; /* the thread has ended */
    const long number = call.data.nr;
    struct seccomp_notif_resp reply = {.id = call.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    if (run->counts && ++run->result->num == run->nth) {
        run->result->failed = number;
        reply = (struct seccomp_notif_resp){.id = call.id, .error = run->how == CALLS_INTERRUPT ? -EINTR : -error_of(number)};
    }
    if (number == SYS_prlimit64) run->counts = run->counts || run->result->num == 0;
    (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
}

static long seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long)now.tv_sec;
}

/* watch answers the child's calls until it is gone, which its socket tells. */
static void watch(struct run *run, int socket_fd, pid_t child)
{
    const int listener = receive_descriptor(socket_fd);
    const long until = seconds_now() + CHILD_SECONDS;
    bool over = false;
    struct pollfd ends[] = {{.fd = socket_fd, .events = POLLIN}, {.fd = listener, .events = POLLIN}};
    while (listener >= 0) {
        if (poll(ends, 2, 100) < 0 && errno != EINTR) die("poll");
        if (ends[1].revents & POLLIN) answer_call(run, listener);
        else if (ends[1].revents != 0) break; /* nobody is left under the filter */
        char byte;
        if ((ends[0].revents & POLLIN) && !over && read(socket_fd, &byte, 1) == 1) {
            over = true;
            run->counts = false;
            run->nth = 0;
            if (write(socket_fd, &byte, 1) != 1) die("the child's socket");
        }
        if (ends[0].revents & POLLHUP) ends[0].fd = -1;
        if (seconds_now() <= until) continue;
        (void)kill(child, SIGKILL);
        run->result->status = -1;
        break;
    }
    if (listener >= 0) (void)close(listener);
}

/* Whoever is the child continues in `begin`, which does not return. */
static void supervise(struct run *run, void (*begin)(int socket_fd, void *context), void *context)
{
    int ends[2], status = 0;
    *run->result = (struct calls_result){.status = 0, .failed = -1};
    fflush(NULL);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) die("socketpair");
    const pid_t child = fork();
    if (child < 0) die("fork");
    if (child == 0) {
        (void)close(ends[0]);
        begin(ends[1], context);
        _exit(125);
    }
    (void)close(ends[1]);
    watch(run, ends[0], child);
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) die("waitpid");
    (void)close(ends[0]);
    if (run->result->status != -1) run->result->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- a stretch of code ---- */

struct stretch {
    int (*run)(void *context);
    void *context;
};

static void begin_stretch(int socket_fd, void *context)
{
    const struct stretch *stretch = context;
    if (!go_under(socket_fd)) _exit(126);
    (void)close(socket_fd);
    const int status = stretch->run(stretch->context);
    exit(status); /* not _exit: a leak checker looks for leaks there */
}

void calls_run(size_t nth, enum calls_how how, int (*stretch)(void *context), void *context, struct calls_result *result)
{
    struct stretch what = {stretch, context};
    struct run run = {.nth = nth, .how = how, .counts = true, .result = result};
    supervise(&run, begin_stretch, &what);
}

/* ---- a program ---- */

struct program {
    char *const *argv;
    const char *in, *out, *err;
};

static void begin_program(int socket_fd, void *context)
{
    const struct program *program = context;
    const int in = open(program->in, O_RDONLY), out = open(program->out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int err = open(program->err, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (dup2(in, 0) != 0 || dup2(out, 1) != 1 || dup2(err, 2) != 2 || !go_under(socket_fd)) _exit(126);
    for (int i = 3; i < CONTROL; i++) (void)close(i);
    execv(program->argv[0], program->argv);
    _exit(127);
}

void calls_program(size_t nth, enum calls_how how, char *const argv[], const char *in, const char *out, const char *err,
                   struct calls_result *result)
{
    struct program what = {argv, in, out, err};
    struct run run = {.nth = nth, .how = how, .counts = false, .result = result};
    supervise(&run, begin_program, &what);
}

/* ---- whether it can be done ---- */

static int read_nothing(void *context)
{
    (void)context;
    char bytes[1];
    const int random = (int)syscall(SYS_getrandom, bytes, sizeof bytes, 0);
    return random == 1 ? 1 : errno == ENOSYS ? 2 : 3;
}

bool calls_work(void)
{
#if defined(__SANITIZE_THREAD__)
    return false;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
    return false;
#endif
#endif
    struct calls_result with, without;
    calls_run(0, CALLS_FAIL, read_nothing, NULL, &without);
    calls_run(1, CALLS_FAIL, read_nothing, NULL, &with);
    return without.status == 1 && with.status == 2 && with.failed == SYS_getrandom;
}

size_t calls_descriptors(void)
{
    size_t num = 0;
    for (int i = 0; i < CONTROL; i++) {
        char path[64], target[64];
        snprintf(path, sizeof path, "/proc/self/fd/%d", i);
        const ssize_t len = readlink(path, target, sizeof target);
        num += len >= 0 && (len < 5 || memcmp(target, "/dev/", 5) != 0);
    }
    return num;
}
