/* SPDX-License-Identifier: Apache-2.0
 *
 * test_log.c: the audit log as a service uses it: what is acknowledged is in the file, through threads, forks, kills, second
 * processes and full disks.
 */
#include "support/unit.h"
#include "audit/audit.h"
#include "support/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
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

static apisec_status append(apisec_audit *audit, const char *message)
{
    struct record record;
    record_init(&record, "event", 1);
    json_put_text(&record.members, "message", text_of(message));
    const apisec_status status = audit_append(audit, &record, NULL);
    record_free(&record);
    return status;
}

static apisec_audit *open_log(int32_t level, int32_t on_failure)
{
    apisec_audit *audit;
    apisec_error err;
    if (apisec_audit_open_file(path, level, on_failure, &audit, &err) != APISEC_OK) fail_msg("%s", err.text);
    assert_non_null(audit);
    return audit;
}

static apisec_audit *open_plain(void)
{
    return open_log(APISEC_AUDIT_WRITTEN, APISEC_AUDIT_STRICT);
}

static uint64_t good_records(const char *file)
{
    uint64_t num;
    apisec_error err;
    if (file_chain(file, &num, &err) != APISEC_OK) fail_msg("%s", err.text);
    return num;
}

static void assert_value(const char *lines, size_t index, const char *value_path, const char *expected)
{
    const char *const value = line_value(line_at(lines, index), value_path);
    if (strcmp(value, expected) != 0) fail_msg("line %zu: %s is %s, not %s", index, value_path, value, expected);
}

static void test_a_normal_run(void **state)
{
    (void)state;
    static const int32_t levels[] = {APISEC_AUDIT_WRITTEN, APISEC_AUDIT_SYNCED};
    for (size_t i = 0; i < 2; i++) {
        apisec_audit *const audit = open_log(levels[i], APISEC_AUDIT_STRICT);
        assert_true(audit_is_strict(audit));
        assert_int_equal(append(audit, "one"), APISEC_OK);
        char *lines = file_read(path, NULL);
        assert_int_equal(line_count(lines), 2 * i + 1); /* there before the call returns, not at close */
        free(lines);
        assert_int_equal(append(audit, "two"), APISEC_OK);
        assert_int_equal(apisec_audit_num_written(audit), 2);
        assert_int_equal(apisec_audit_num_lost(audit), 0);
        apisec_audit_close(audit);
        assert_int_equal(good_records(path), 2 * i + 2); /* continued when opened again, in a stream of its own */
        lines = file_read(path, NULL);
        assert_value(lines, 2 * i, "metadata.sequence", "1");
        assert_value(lines, 2 * i + 1, "metadata.sequence", "2");
        free(lines);
    }
}

static void test_wrong_arguments(void **state)
{
    (void)state;
    const apisec_audit_sink none = {NULL, NULL, NULL};
    char *const not_ours = folder_path(folder, "hosts");
    apisec_audit *audit = (apisec_audit *)1;
    apisec_error err;
    int ends[2];
    file_write(not_ours, "127.0.0.1 localhost\n", 20);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(apisec_audit_open_file(NULL, 0, 0, &audit, &err), APISEC_E_ARGUMENT);
    assert_null(audit);
    assert_int_equal(apisec_audit_open_file("", 0, 0, &audit, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_audit_open_file(path, 2, 0, &audit, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_audit_open_file(path, 0, 2, &audit, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_audit_open_file(path, 0, 0, NULL, &err), APISEC_E_ARGUMENT);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(apisec_audit_open_file(not_ours, 0, 0, &audit, &err), APISEC_E_AUDIT);
    assert_memory_equal(err.text, not_ours, strlen(not_ours) < 100 ? strlen(not_ours) : 100); /* it says which file */
    assert_int_equal(apisec_audit_open_file("/nonexistent/log", 0, 0, &audit, &err), APISEC_E_SYSTEM);
    assert_non_null(strstr(err.text, "ENOENT"));
    assert_int_equal(apisec_audit_open_file("/dev/null", APISEC_AUDIT_SYNCED, 0, &audit, &err), APISEC_E_CONFIG);
    assert_int_equal(apisec_audit_open_fd(-1, 0, 0, &audit, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_audit_open_fd(1 << 20, 0, 0, &audit, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_audit_open_fd(ends[1], APISEC_AUDIT_SYNCED, 0, &audit, &err), APISEC_E_CONFIG);
    assert_int_equal(apisec_audit_open_callback(NULL, 0, &audit, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_audit_open_callback(&none, 0, &audit, &err), APISEC_E_ARGUMENT);
    assert_null(audit);
    assert_int_equal(append(NULL, "x"), APISEC_E_MISUSE);
    assert_int_equal(apisec_audit_num_written(NULL) + apisec_audit_num_lost(NULL), 0);
    assert_false(audit_is_strict(NULL));
    apisec_audit_close(NULL);
    free(not_ours);
    close(ends[0]);
    close(ends[1]);
}

static void test_a_file_cut_at_every_byte_is_continued(void **state)
{
    (void)state;
    apisec_audit *audit = open_plain();
    assert_int_equal(append(audit, "one"), APISEC_OK);
    assert_int_equal(append(audit, "two"), APISEC_OK);
    apisec_audit_close(audit);
    size_t len;
    char *const whole = file_read(path, &len);
    const size_t first = line_at(whole, 0).len + 1;
    for (size_t cut = 0; cut <= len; cut++) {
        const uint64_t kept = cut == len ? 2 : cut >= first ? 1 : 0;
        const size_t bytes_cut = cut - (kept == 2 ? len : kept == 1 ? first : 0);
        file_write(path, whole, cut);
        audit = open_plain();
        assert_int_equal(append(audit, "next"), APISEC_OK);
        apisec_audit_close(audit);

        char *const lines = file_read(path, NULL);
        char expected[32];
        snprintf(expected, sizeof expected, "%zu", bytes_cut);
        assert_int_equal(good_records(path), kept + (bytes_cut > 0) + 1);
        if (bytes_cut > 0) {
            assert_value(lines, (size_t)kept, "unmapped.apisec.recovered.bytes_cut", expected);
            assert_value(lines, (size_t)kept, "metadata.sequence", "1");
        }
        assert_value(lines, (size_t)kept + (bytes_cut > 0), "message", "\"next\"");
        free(lines);
    }
    free(whole);
}

static void test_a_relative_path_stays_where_it_was(void **state)
{
    (void)state;
    char before[4096];
    apisec_audit *first, *second;
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(apisec_audit_open_file("log", 0, 0, &first, NULL), APISEC_OK);
    assert_int_equal(apisec_audit_open_file("log", 0, 0, &second, NULL), APISEC_OK);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(append(first, "one"), APISEC_OK);
    assert_int_equal(append(second, "two"), APISEC_OK);
    char *const beside = folder_other(folder, "log");
    assert_non_null(beside);
    assert_int_equal(good_records(path) + good_records(beside), 2);
    apisec_audit_close(first);
    apisec_audit_close(second);
    free(beside);
}

/* ---- threads ---- */

enum { NUM_THREADS = 16, EACH = 200 };

static void *append_many(void *context)
{
    for (size_t i = 0; i < EACH; i++)
        if (append(context, "x") != APISEC_OK) return context;
    return NULL;
}

static void test_sixteen_threads_make_one_order(void **state)
{
    (void)state;
    pthread_t threads[NUM_THREADS];
    void *failed;
    apisec_audit *const audit = open_plain();
    for (size_t i = 0; i < NUM_THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, append_many, audit), 0);
    for (size_t i = 0; i < NUM_THREADS; i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(apisec_audit_num_written(audit), NUM_THREADS * EACH);
    apisec_audit_close(audit);
    assert_int_equal(good_records(path), NUM_THREADS * EACH); /* the chain demands 1, 2, 3, … in this order */
}

/* ---- other processes ---- */

/* in_child runs a body in a forked child and returns its exit status. */
static int in_child(void (*body)(void *), void *context)
{
    int status;
    const pid_t child = fork();
    if (child == 0) {
        body(context);
        _exit(0);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void append_in_child(void *audit)
{
    if (append(audit, "child") != APISEC_OK) _exit(1);
    if (append(audit, "child") != APISEC_OK) _exit(2);
    apisec_audit_close(audit);
}

static void test_a_forked_child_writes_beside(void **state)
{
    (void)state;
    apisec_audit *const audit = open_plain();
    assert_int_equal(append(audit, "parent"), APISEC_OK);
    assert_int_equal(in_child(append_in_child, audit), 0);
    assert_int_equal(append(audit, "parent"), APISEC_OK);
    char *const beside = folder_other(folder, "log");
    assert_non_null(beside);
    assert_int_equal(good_records(path), 2);
    assert_int_equal(good_records(beside), 2);
    char *const lines = file_read(beside, NULL);
    assert_value(lines, 0, "message", "\"child\"");
    free(lines);
    free(beside);
    apisec_audit_close(audit);
}

static void close_in_child(void *audit)
{
    apisec_audit_close(audit);
}

static void test_a_child_that_writes_nothing_changes_nothing(void **state)
{
    (void)state;
    apisec_audit *const audit = open_plain();
    assert_int_equal(append(audit, "parent"), APISEC_OK);
    assert_int_equal(in_child(close_in_child, audit), 0);
    assert_int_equal(append(audit, "parent"), APISEC_OK);
    apisec_audit_close(audit);
    assert_null(folder_other(folder, "log"));
    assert_int_equal(good_records(path), 2);
}

static void *append_until_told(void *context)
{
    void *const *const both = context;
    while (!atomic_load((_Atomic int *)both[1]))
        if (append(both[0], "x") != APISEC_OK) return context;
    return NULL;
}

/* At the fork some thread holds the log's lock: in the child it is held for ever, and must not be waited for. */
static void test_fork_under_load(void **state)
{
    (void)state;
    _Atomic int stop = 0;
    pthread_t threads[4];
    void *failed;
    apisec_audit *const audit = open_plain();
    void *both[] = {audit, &stop};
    for (size_t i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, append_until_told, both), 0);
    for (size_t i = 0; i < 20; i++) assert_int_equal(in_child(append_in_child, audit), 0);
    atomic_store(&stop, 1);
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    const uint64_t written = apisec_audit_num_written(audit);
    apisec_audit_close(audit);
    assert_int_equal(good_records(path), written);
}

static void open_in_child(void *context)
{
    apisec_audit *audit;
    (void)context;
    if (apisec_audit_open_file(path, 0, 0, &audit, NULL) != APISEC_OK) _exit(1);
    if (append(audit, "second") != APISEC_OK) _exit(2);
    apisec_audit_close(audit);
}

static void test_a_second_process_writes_beside(void **state)
{
    (void)state;
    apisec_audit *const audit = open_plain();
    assert_int_equal(append(audit, "first"), APISEC_OK);
    assert_int_equal(in_child(open_in_child, NULL), 0);
    assert_int_equal(append(audit, "first"), APISEC_OK);
    apisec_audit_close(audit);
    char *const beside = folder_other(folder, "log");
    assert_non_null(beside);
    assert_int_equal(good_records(path), 2);
    assert_int_equal(good_records(beside), 1);
    free(beside);

    assert_int_equal(in_child(open_in_child, NULL), 0); /* nobody holds it now */
    assert_int_equal(good_records(path), 3);
}

/* Acknowledges each record through the pipe, until it is killed. */
static void append_and_acknowledge(int fd)
{
    apisec_audit *audit;
    if (apisec_audit_open_file(path, APISEC_AUDIT_WRITTEN, APISEC_AUDIT_STRICT, &audit, NULL) != APISEC_OK) _exit(1);
    for (uint32_t number = 1;; number++) {
        char message[16];
        snprintf(message, sizeof message, "n%u", number);
        if (append(audit, message) != APISEC_OK) _exit(2);
        if (write(fd, &number, sizeof number) != sizeof number) _exit(3);
    }
}

static void test_killed_writers_lose_nothing_acknowledged(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 25; round++) {
        int ends[2], status;
        uint32_t number = 0, last = 0;
        char message[32];
        assert_int_equal(pipe(ends), 0);
        const pid_t child = fork();
        if (child == 0) append_and_acknowledge(ends[1]);
        assert_true(child > 0); /* or the kill below would be for everybody */
        close(ends[1]);
        const uint32_t enough = 1 + round * 7;
        while (last < enough && read(ends[0], &number, sizeof number) == sizeof number) last = number;
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        while (read(ends[0], &number, sizeof number) == sizeof number) last = number;
        close(ends[0]);
        assert_true(last >= enough);

        apisec_audit_close(open_plain()); /* cuts a half-written line, if there is one */
        const uint64_t num = good_records(path);
        char *const lines = file_read(path, NULL);
        snprintf(message, sizeof message, "\"message\":\"n%u\"", last);
        const char *const found = strstr(lines, message);
        assert_non_null(found);
        assert_true(num >= last);
        free(lines);
        unlink(path);
    }
}

/* ---- where nothing can be written ---- */

static void test_a_full_disk(void **state)
{
    (void)state;
    static const int32_t modes[] = {APISEC_AUDIT_STRICT, APISEC_AUDIT_LENIENT};
    for (size_t i = 0; i < 2; i++) {
        apisec_audit *audit;
        apisec_error err;
        struct record record;
        assert_int_equal(apisec_audit_open_file("/dev/full", APISEC_AUDIT_WRITTEN, modes[i], &audit, &err), APISEC_OK);
        record_init(&record, "event", 1);
        assert_int_equal(audit_append(audit, &record, &err), APISEC_E_AUDIT); /* what an allow makes of it is the decision's */
        record_free(&record);
        assert_non_null(strstr(err.text, "ENOSPC"));
        assert_int_equal(append(audit, "two"), APISEC_E_AUDIT);
        assert_int_equal(apisec_audit_num_lost(audit), 2);
        assert_int_equal(apisec_audit_num_written(audit), 0);
        assert_int_equal(audit_is_strict(audit), i == 0);
        apisec_audit_close(audit);
    }
}

static void append_to_device_in_child(void *audit)
{
    if (append(audit, "child") != APISEC_OK) _exit(1);
    apisec_audit_close(audit);
}

static void test_a_device_is_nobodys(void **state)
{
    (void)state;
    apisec_audit *audit;
    char *const link_path = folder_path(folder, "null");
    assert_int_equal(symlink("/dev/null", link_path), 0);
    assert_int_equal(apisec_audit_open_file(link_path, 0, 0, &audit, NULL), APISEC_OK);
    assert_int_equal(append(audit, "parent"), APISEC_OK);
    assert_int_equal(in_child(append_to_device_in_child, audit), 0);
    assert_null(folder_other(folder, "null")); /* a child opens it too, and makes no file beside it */
    apisec_audit_close(audit);
    free(link_path);
}

static void fill_to_the_limit(void *context)
{
    (void)context;
    const struct rlimit limit = {20000, 20000};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(1);
    apisec_audit *const audit = open_plain();
    size_t num_ok = 0, num_lost = 0;
    for (size_t i = 0; i < 100; i++) append(audit, "filling") == APISEC_OK ? num_ok++ : num_lost++;
    if (num_ok == 0 || num_lost == 0) _exit(2);
    if (apisec_audit_num_written(audit) != num_ok || apisec_audit_num_lost(audit) != num_lost) _exit(3);
    apisec_audit_close(audit);
    if (good_records(path) != num_ok) _exit(4);
}

static void test_the_limit_of_a_files_size(void **state)
{
    (void)state;
    assert_int_equal(in_child(fill_to_the_limit, NULL), 0); /* not killed by SIGXFSZ either */
    apisec_audit *const audit = open_plain();
    const uint64_t before = good_records(path);
    assert_int_equal(append(audit, "after"), APISEC_OK);
    apisec_audit_close(audit);
    assert_int_equal(good_records(path), before + 1); /* the last line was whole: nothing had to be cut */
}

static void test_counters_and_gap_agree(void **state)
{
    (void)state;
    struct rlimit limit, tight;
    apisec_audit *const audit = open_log(APISEC_AUDIT_WRITTEN, APISEC_AUDIT_LENIENT);
    struct stat info;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(append(audit, "one"), APISEC_OK);
    assert_int_equal(stat(path, &info), 0);
    tight = limit;
    tight.rlim_cur = (rlim_t)info.st_size + 100;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    for (size_t i = 0; i < 3; i++) assert_int_equal(append(audit, "lost"), APISEC_E_AUDIT);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(append(audit, "five"), APISEC_OK);
    assert_int_equal(apisec_audit_num_written(audit), 2);
    assert_int_equal(apisec_audit_num_lost(audit), 3);
    apisec_audit_close(audit);

    char *const lines = file_read(path, NULL);
    assert_int_equal(good_records(path), 3);
    assert_value(lines, 1, "unmapped.apisec.gap", "{\"from\":2,\"to\":4,\"reason\":\"EFBIG\"}");
    assert_value(lines, 2, "message", "\"five\"");
    free(lines);
}

/* ---- descriptors and callbacks ---- */

static void append_through_descriptor(void *audit)
{
    if (append(audit, "child") != APISEC_OK) _exit(1);
    apisec_audit_close(audit);
}

static void test_a_descriptor(void **state)
{
    (void)state;
    apisec_audit *audit;
    const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    assert_int_equal(apisec_audit_open_fd(fd, APISEC_AUDIT_SYNCED, APISEC_AUDIT_STRICT, &audit, NULL), APISEC_OK);
    assert_int_equal(append(audit, "one"), APISEC_OK);
    assert_int_equal(append(audit, "two"), APISEC_OK);
    assert_int_equal(good_records(path), 2);
    assert_int_equal(in_child(append_through_descriptor, audit), 0);
    apisec_audit_close(audit);
    assert_int_equal(close(fd), 0); /* it stayed the caller's */

    char *const lines = file_read(path, NULL);
    assert_int_equal(line_count(lines), 3);
    assert_value(lines, 2, "metadata.sequence", "1"); /* the child's own stream and chain */
    assert_string_not_equal(line_value(line_at(lines, 2), "unmapped.apisec.stream"),
                            line_value(line_at(lines, 0), "unmapped.apisec.stream"));
    free(lines);
}

struct shelf {
    struct buffer lines;
    bool refuses;
    size_t num_closed;
};

static apisec_status shelve(void *context, const char *line, size_t len)
{
    struct shelf *const shelf = context;
    if (shelf->refuses) return APISEC_E_UNREACHABLE;
    return buffer_append(&shelf->lines, line, len);
}

static void close_shelf(void *context)
{
    ((struct shelf *)context)->num_closed++;
}

static void test_a_callback(void **state)
{
    (void)state;
    struct shelf shelf = {BUFFER_MAX(100000), false, 0};
    apisec_audit *audit;
    {
        const apisec_audit_sink sink = {&shelf, shelve, close_shelf}; /* copied: it need not live on */
        assert_int_equal(apisec_audit_open_callback(&sink, APISEC_AUDIT_LENIENT, &audit, NULL), APISEC_OK);
    }
    assert_int_equal(append(audit, "one"), APISEC_OK);
    shelf.refuses = true;
    assert_int_equal(append(audit, "lost"), APISEC_E_AUDIT);
    shelf.refuses = false;
    assert_int_equal(append(audit, "two"), APISEC_OK);
    assert_int_equal(shelf.num_closed, 0);
    apisec_audit_close(audit);
    assert_int_equal(shelf.num_closed, 1);
    assert_int_equal(line_count(shelf.lines.bytes), 3);
    assert_int_equal(chain_check(shelf.lines.bytes, shelf.lines.len, NULL, NULL), APISEC_OK);
    assert_value(shelf.lines.bytes, 1, "unmapped.apisec.gap.reason", "\"APISEC_E_UNREACHABLE\"");
    buffer_free(&shelf.lines);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_a_normal_run),
        IN_FOLDER(test_wrong_arguments),
        IN_FOLDER(test_a_file_cut_at_every_byte_is_continued),
        IN_FOLDER(test_a_relative_path_stays_where_it_was),
        IN_FOLDER(test_sixteen_threads_make_one_order),
        IN_FOLDER(test_a_forked_child_writes_beside),
        IN_FOLDER(test_a_child_that_writes_nothing_changes_nothing),
        IN_FOLDER(test_fork_under_load),
        IN_FOLDER(test_a_second_process_writes_beside),
        IN_FOLDER(test_killed_writers_lose_nothing_acknowledged),
        IN_FOLDER(test_a_full_disk),
        IN_FOLDER(test_a_device_is_nobodys),
        IN_FOLDER(test_the_limit_of_a_files_size),
        IN_FOLDER(test_counters_and_gap_agree),
        IN_FOLDER(test_a_descriptor),
        IN_FOLDER(test_a_callback),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
