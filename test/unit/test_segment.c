/* SPDX-License-Identifier: Apache-2.0
 *
 * test_segment.c: where lines go: whole or not at all, and no signal reaches the host, whatever the disk or the reader does.
 */
#include "support/unit.h"
#include "audit/writer.h"
#include "support/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *folder, *path;

static int make_folder(void **state)
{
    (void)state;
    folder = folder_new();
    path = folder_path(folder, "log");
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    free(path);
    folder_free(folder);
    return 0;
}

static void assert_file(const char *expected)
{
    char *const bytes = file_read(path, NULL);
    assert_non_null(bytes);
    assert_string_equal(bytes, expected);
    free(bytes);
}

static volatile sig_atomic_t num_signals;

static void count_signal(int number)
{
    (void)number;
    num_signals++;
}

static void limit_file_size(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void test_a_file_is_made_private(void **state)
{
    (void)state;
    struct segment segment;
    struct stat info;
    const mode_t mask = umask(0);
    assert_int_equal(segment_open_path(&segment, path, true), SEGMENT_OPENED);
    umask(mask);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_true(fcntl(segment.fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(segment_write(&segment, text_of("one\n")), APISEC_OK);
    assert_int_equal(segment_write(&segment, text_of("two\n")), APISEC_OK);
    assert_int_equal(segment_finish_rest(&segment), APISEC_OK);
    segment_close(&segment);
    assert_file("one\ntwo\n");
    assert_int_equal(segment_write(&segment, text_of("three\n")), APISEC_E_AUDIT);
}

static void test_one_owner(void **state)
{
    (void)state;
    struct segment first, second;
    assert_int_equal(segment_open_path(&first, path, false), SEGMENT_OPENED);
    assert_int_equal(segment_open_path(&second, path, false), SEGMENT_BUSY);
    assert_int_equal(second.fd, -1);
    segment_close(&first);
    assert_int_equal(segment_open_path(&second, path, false), SEGMENT_OPENED);
    assert_int_equal(segment_create(&first, path, false), SEGMENT_FAILED); /* it must not exist */
    assert_string_equal(first.reason, "EEXIST");
    segment_close(&second);
}

static void test_what_cannot_be_opened(void **state)
{
    (void)state;
    struct segment segment;
    char *const deep = folder_path(folder, "no/log"), *const fifo = folder_path(folder, "fifo");
    assert_int_equal(segment_open_path(&segment, deep, false), SEGMENT_FAILED);
    assert_string_equal(segment.reason, "ENOENT");
    assert_int_equal(segment_open_path(&segment, folder, false), SEGMENT_FAILED);
    assert_string_equal(segment.reason, "EISDIR");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(segment_open_path(&segment, fifo, false), SEGMENT_FAILED);
    assert_string_equal(segment.reason, "a pipe: use apisec_audit_open_fd");
    free(deep);
    free(fifo);
}

static void test_a_full_device(void **state)
{
    (void)state;
    struct segment segment;
    assert_int_equal(segment_open_path(&segment, "/dev/full", false), SEGMENT_OPENED);
    assert_false(segment.is_file);
    assert_int_equal(segment_write(&segment, text_of("one\n")), APISEC_E_AUDIT);
    assert_string_equal(segment.reason, "ENOSPC");
    assert_int_equal(segment.rest.len, 0); /* nothing of it was written */
    segment_close(&segment);
    assert_int_equal(fcntl(segment.fd, F_GETFD), -1);
}

static void test_a_file_at_its_limit_keeps_whole_lines(void **state)
{
    (void)state;
    struct segment segment;
    struct sigaction counting = {.sa_handler = count_signal}, before;
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    sigaction(SIGXFSZ, &counting, &before);
    num_signals = 0;

    assert_int_equal(segment_open_path(&segment, path, false), SEGMENT_OPENED);
    assert_int_equal(segment_write(&segment, text_of("0123456\n")), APISEC_OK);
    limit_file_size(12);
    assert_int_equal(segment_write(&segment, text_of("abcdefg\n")), APISEC_E_AUDIT); /* 4 bytes of it fit */
    assert_string_equal(segment.reason, "EFBIG");
    assert_int_equal(segment.rest.len, 0);
    assert_false(segment.must_cut);
    assert_file("0123456\n");
    limit_file_size(limit.rlim_cur);
    assert_int_equal(segment_write(&segment, text_of("hij\n")), APISEC_OK);
    segment_close(&segment);
    assert_file("0123456\nhij\n");

    assert_int_equal(num_signals, 0);
    sigaction(SIGXFSZ, &before, NULL);
}

static void test_somebody_elses_cut_is_not_filled_with_zeros(void **state)
{
    (void)state;
    struct segment segment;
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    void (*const before)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(segment_open_path(&segment, path, false), SEGMENT_OPENED);
    assert_int_equal(segment_write(&segment, text_of("0123456789012345\n")), APISEC_OK);
    assert_int_equal(truncate(path, 0), 0); /* as logrotate's copytruncate does */
    limit_file_size(4);
    assert_int_equal(segment_write(&segment, text_of("abcdefg\n")), APISEC_E_AUDIT);
    limit_file_size(limit.rlim_cur);
    segment_close(&segment);
    assert_file("");
    signal(SIGXFSZ, before);
}

static void test_a_cut_that_failed_comes_first(void **state)
{
    (void)state;
    struct segment segment;
    assert_int_equal(segment_open_path(&segment, path, false), SEGMENT_OPENED);
    assert_int_equal(segment_write(&segment, text_of("one\nhal")), APISEC_OK);
    segment.must_cut = true; /* as if the cut after a failed write had failed too */
    segment.cut_to = 4;
    assert_int_equal(segment_write(&segment, text_of("two\n")), APISEC_OK);
    assert_false(segment.must_cut);

    const int good = segment.fd, readonly = open(path, O_RDONLY);
    segment.fd = readonly;
    segment.must_cut = true;
    assert_int_equal(segment_write(&segment, text_of("three\n")), APISEC_E_AUDIT); /* and again it cannot be cut */
    assert_true(segment.must_cut);
    assert_string_equal(segment.reason, "EINVAL");
    segment.fd = good;
    close(readonly);
    segment_close(&segment);
    assert_file("one\ntwo\n");
}

static void test_a_closed_pipe(void **state)
{
    (void)state;
    struct segment segment;
    struct sigaction counting = {.sa_handler = count_signal}, before;
    int ends[2];
    sigaction(SIGPIPE, &counting, &before);
    num_signals = 0;
    assert_int_equal(pipe(ends), 0);
    segment_open_fd(&segment, ends[1]);
    assert_int_equal(segment_write(&segment, text_of("one\n")), APISEC_OK);
    close(ends[0]);
    assert_int_equal(segment_write(&segment, text_of("two\n")), APISEC_E_AUDIT);
    assert_string_equal(segment.reason, "EPIPE");
    assert_int_equal(num_signals, 0);
    segment_close(&segment);
    assert_int_equal(close(ends[1]), 0); /* it stayed the caller's */
    sigaction(SIGPIPE, &before, NULL);
}

static void test_the_hosts_own_pending_signal_stays(void **state)
{
    (void)state;
    struct segment segment;
    sigset_t block, before, pending;
    int ends[2];
    sigemptyset(&block);
    sigaddset(&block, SIGPIPE);
    sigprocmask(SIG_BLOCK, &block, &before);
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    segment_open_fd(&segment, ends[1]);
    assert_int_equal(segment_write(&segment, text_of("one\n")), APISEC_E_AUDIT);
    sigpending(&pending);
    assert_int_equal(sigismember(&pending, SIGPIPE), 0); /* ours is taken away, */
    raise(SIGPIPE);
    assert_int_equal(segment_write(&segment, text_of("one\n")), APISEC_E_AUDIT);
    sigpending(&pending);
    assert_int_equal(sigismember(&pending, SIGPIPE), 1); /* the host's is not */
    const struct timespec at_once = {0, 0};
    sigtimedwait(&block, NULL, &at_once);
    sigprocmask(SIG_SETMASK, &before, NULL);
    segment_close(&segment);
    close(ends[1]);
}

/* The same for a file at its limit. */
static void test_the_hosts_own_pending_limit_stays(void **state)
{
    (void)state;
    struct segment segment;
    struct rlimit limit;
    sigset_t block, before, pending;
    const struct timespec at_once = {0, 0};
    sigemptyset(&block);
    sigaddset(&block, SIGXFSZ);
    sigprocmask(SIG_BLOCK, &block, &before);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(segment_open_path(&segment, path, false), SEGMENT_OPENED);
    limit_file_size(2);
    assert_int_equal(segment_write(&segment, text_of("one\n")), APISEC_E_AUDIT);
    sigpending(&pending);
    assert_int_equal(sigismember(&pending, SIGXFSZ), 0);
    raise(SIGXFSZ);
    assert_int_equal(segment_write(&segment, text_of("one\n")), APISEC_E_AUDIT);
    sigpending(&pending);
    assert_int_equal(sigismember(&pending, SIGXFSZ), 1);
    sigtimedwait(&block, NULL, &at_once);
    sigprocmask(SIG_SETMASK, &before, NULL);
    limit_file_size(limit.rlim_cur);
    segment_close(&segment);
}

static void test_the_mask_is_given_back(void **state)
{
    (void)state;
    struct segment segment;
    sigset_t after;
    assert_int_equal(segment_open_path(&segment, path, false), SEGMENT_OPENED);
    assert_int_equal(segment_write(&segment, text_of("one\n")), APISEC_OK);
    sigprocmask(SIG_SETMASK, NULL, &after);
    assert_int_equal(sigismember(&after, SIGPIPE), 0);
    assert_int_equal(sigismember(&after, SIGXFSZ), 0);
    segment_close(&segment);
}

static size_t drain(int fd, char *out, size_t max)
{
    size_t len = 0;
    for (ssize_t got; len < max && (got = read(fd, out + len, max - len)) > 0;) len += (size_t)got;
    return len;
}

/* A pipe that does not block takes the beginning of a line; the rest comes before anything else. */
static void test_a_line_that_was_begun_is_finished(void **state)
{
    (void)state;
    static char big[100001], got[300000];
    struct segment segment;
    int ends[2];
    memset(big, 'a', 99999);
    big[99999] = '\n';
    assert_int_equal(pipe(ends), 0);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    segment_open_fd(&segment, ends[1]);
    assert_int_equal(segment_write(&segment, text_of(big)), APISEC_E_AUDIT);
    assert_string_equal(segment.reason, "EAGAIN");
    const size_t missing = segment.rest.len;
    assert_true(missing > 0 && missing < 100000);
    assert_int_equal(segment_finish_rest(&segment), APISEC_E_AUDIT); /* still no room */
    assert_int_equal(segment.rest.len, missing);

    size_t len = drain(ends[0], got, sizeof got);
    assert_int_equal(len, 100000 - missing);
    assert_int_equal(segment_finish_rest(&segment), APISEC_OK);
    assert_int_equal(segment.rest.len, 0);
    assert_int_equal(segment_write(&segment, text_of("next\n")), APISEC_OK);
    len += drain(ends[0], got + len, sizeof got - len);
    assert_int_equal(len, 100005);
    assert_memory_equal(got, big, 100000);
    assert_memory_equal(got + 100000, "next\n", 5);
    segment_close(&segment);
    close(ends[0]);
    close(ends[1]);
}

static apisec_status sink_write(void *context, const char *line, size_t len)
{
    struct buffer *const out = context;
    if (len == 4) return APISEC_E_UNREACHABLE;
    return buffer_append(out, line, len);
}

static void test_a_sink(void **state)
{
    (void)state;
    struct segment segment;
    struct buffer out = BUFFER_MAX(100);
    segment_open_sink(&segment, &(apisec_audit_sink){&out, sink_write, NULL});
    assert_int_equal(segment_write(&segment, text_of("first\n")), APISEC_OK);
    assert_int_equal(segment_write(&segment, text_of("bad\n")), APISEC_E_AUDIT);
    assert_string_equal(segment.reason, "APISEC_E_UNREACHABLE");
    assert_int_equal(segment_finish_rest(&segment), APISEC_OK);
    assert_string_equal(out.bytes, "first\n");
    segment_close(&segment);
    buffer_free(&out);
}

static void test_reasons(void **state)
{
    (void)state;
    char reason[SEGMENT_REASON];
    segment_reason(reason, ENOSPC);
    assert_string_equal(reason, "ENOSPC");
    segment_reason(reason, 12345);
    assert_string_equal(reason, "errno 12345");
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_a_file_is_made_private),
        IN_FOLDER(test_one_owner),
        IN_FOLDER(test_what_cannot_be_opened),
        IN_FOLDER(test_a_full_device),
        IN_FOLDER(test_a_file_at_its_limit_keeps_whole_lines),
        IN_FOLDER(test_somebody_elses_cut_is_not_filled_with_zeros),
        IN_FOLDER(test_a_cut_that_failed_comes_first),
        IN_FOLDER(test_a_closed_pipe),
        IN_FOLDER(test_the_hosts_own_pending_signal_stays),
        IN_FOLDER(test_the_hosts_own_pending_limit_stays),
        IN_FOLDER(test_the_mask_is_given_back),
        IN_FOLDER(test_a_line_that_was_begun_is_finished),
        IN_FOLDER(test_a_sink),
        IN_FOLDER(test_reasons),
    };
    return cmocka_run_group_tests_name("segment", tests, NULL, NULL);
}
