/* SPDX-License-Identifier: Apache-2.0
 *
 * calls.h: lets one system call of a stretch of code fail, whoever makes it: the library, libcurl, the TLS or the C library. The
 * stretch runs in a child under a seccomp filter that asks its parent about each call (seccomp_unotify(2), Linux 5.5).
 *
 *     if (!calls_work()) skip();
 *     for (size_t nth = 1;; nth++) {
 *         calls_run(nth, CALLS_FAIL, stretch, context, &result);
 *         result.status                  what the stretch returned; 128 + its signal; -1: it took too long and was killed
 *         if (result.failed < 0) break;  it has made fewer than nth
 *     }
 *
 * Left alone are memory, locks, signals to oneself, the end of the process, what cannot fail, as getpid, and close: Linux closes,
 * whatever it says. Clocks are no system calls where the kernel can help it. The parent must have one thread.
 */
#ifndef TEST_SUPPORT_CALLS_H
#define TEST_SUPPORT_CALLS_H

#include <stdbool.h>
#include <stddef.h>

enum calls_how {
    CALLS_FAIL,      /* with what is to be expected of that call: a full disk, a lost connection, no descriptor left */
    CALLS_INTERRUPT  /* with EINTR */
};

struct calls_result {
    int status;
    long failed;     /* the number of the system call that failed; -1: none did */
    size_t num;      /* how many there were */
};

/* calls_work: this kernel and this process may do it. Not under ThreadSanitizer, whose own threads do not survive a fork. */
bool calls_work(void);
/* calls_run: the stretch returns 0 to 100. nth 0: none fails. */
void calls_run(size_t nth, enum calls_how how, int (*stretch)(void *context), void *context, struct calls_result *result);
/* calls_over: said within a stretch, no call fails from here on: to free what was made, and to look for what was not freed. */
void calls_over(void);

/* calls_program is the same for a program, whose output goes to the files out and err; argv[0] is its path. Calls are counted from
 * where the loader has done its work. */
void calls_program(size_t nth, enum calls_how how, char *const argv[], const char *in, const char *out, const char *err,
                   struct calls_result *result);

/* calls_descriptors counts the descriptors that are open, but for devices: a TLS library may keep /dev/urandom. */
size_t calls_descriptors(void);

#endif
