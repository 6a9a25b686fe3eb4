/* SPDX-License-Identifier: Apache-2.0
 *
 * test_writer.c: the stream of records when the disk fails: what is lost is counted and said, the chain stays whole, a file that
 * could not be synced is finished and never asked again.
 */
#include "support/unit.h"
#include "audit/writer.h"
#include "support/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The library's fdatasync is this one: it fails the calls that a test names. */
static _Atomic int num_syncs;
static _Atomic int failing_from, failing_to; /* numbers of calls, from 1 */
static _Atomic int interrupted;              /* this call is interrupted once */
static _Atomic int slow_ms;                  /* how long each takes */
static _Atomic int num_at_once, max_at_once;

static int sync_now(int fd)
{
    const int number = ++num_syncs;
    if (slow_ms > 0) clock_sleep_ms(slow_ms);
    if (number == interrupted) {
        errno = EINTR;
        return -1;
    }
    if (number >= failing_from && number <= failing_to) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

int fdatasync(int fd)
{
    const int at_once = ++num_at_once;
    if (at_once > max_at_once) max_at_once = at_once;
    const int result = sync_now(fd);
    num_at_once--;
    return result;
}

static char *folder, *path;

static int make_folder(void **state)
{
    (void)state;
    folder = folder_new();
    path = folder_path(folder, "log");
    num_syncs = failing_from = failing_to = interrupted = slow_ms = num_at_once = max_at_once = 0;
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    free(path);
    folder_free(folder);
    return 0;
}

static apisec_status append(struct writer *writer, const char *message)
{
    char reason[SEGMENT_REASON];
    struct record record;
    record_init(&record, "event", 1);
    json_put_text(&record.members, "message", text_of(message));
    const apisec_status status = writer_append(writer, &record, reason);
    record_free(&record);
    return status;
}

static struct writer *open_writer(const struct target *target)
{
    struct writer *writer;
    apisec_error err;
    assert_int_equal(writer_new(target, &writer, &err), APISEC_OK);
    if (writer_open(writer, &err) != APISEC_OK) fail_msg("%s", err.text);
    return writer;
}

/* A sink that refuses what a test names. */
struct shelf {
    struct buffer lines;
    size_t num_calls;
    size_t refuse_from, refuse_to; /* numbers of calls, from 1 */
};

static apisec_status shelve(void *context, const char *line, size_t len)
{
    struct shelf *const shelf = context;
    shelf->num_calls++;
    if (shelf->num_calls >= shelf->refuse_from && shelf->num_calls <= shelf->refuse_to) return APISEC_E_STORE;
    return buffer_append(&shelf->lines, line, len);
}

static void assert_value(const char *lines, size_t index, const char *value_path, const char *expected)
{
    const char *const value = line_value(line_at(lines, index), value_path);
    if (strcmp(value, expected) != 0) fail_msg("line %zu: %s is %s, not %s", index, value_path, value, expected);
}

static void test_a_gap_is_said_when_room_returns(void **state)
{
    (void)state;
    struct shelf shelf = {BUFFER_MAX(100000), 0, 3, 6};
    const struct target target = {.fd = -1, .sink = {&shelf, shelve, NULL}};
    struct writer *const writer = open_writer(&target);
    static const apisec_status expected[] = {APISEC_OK,      APISEC_OK,      APISEC_E_AUDIT, APISEC_E_AUDIT, APISEC_E_AUDIT,
                                             APISEC_E_AUDIT, APISEC_OK,      APISEC_OK};
    for (size_t i = 0; i < 8; i++) assert_int_equal(append(writer, (const char[]){(char)('1' + i), '\0'}), expected[i]);

    const char *const lines = shelf.lines.bytes;
    assert_int_equal(chain_check(lines, shelf.lines.len, NULL, NULL), APISEC_OK);
    assert_int_equal(line_count(lines), 5); /* 1 2 gap 7 8 */
    for (size_t i = 0; i < 5; i++) assert_value(lines, i, "metadata.sequence", (const char[]){(char)('1' + i), '\0'});
    assert_value(lines, 2, "unmapped.apisec.gap", "{\"from\":3,\"to\":6,\"reason\":\"APISEC_E_STORE\"}");
    assert_value(lines, 3, "message", "\"7\"");
    assert_int_equal(shelf.num_calls, 9); /* while the gap could not be said, no record was tried: it would stand before it */

    char uid[64];
    snprintf(uid, sizeof uid, "\"%s-7\"", writer->stream); /* named after the attempt: 3 to 6 are the names that are missing */
    assert_value(lines, 3, "metadata.uid", uid);
    writer_close(writer);
    buffer_free(&shelf.lines);
}

static void test_a_gap_is_said_at_close(void **state)
{
    (void)state;
    struct shelf shelf = {BUFFER_MAX(100000), 0, 1, 1};
    const struct target target = {.fd = -1, .sink = {&shelf, shelve, NULL}};
    struct writer *const writer = open_writer(&target);
    assert_int_equal(append(writer, "lost"), APISEC_E_AUDIT);
    writer_close(writer);
    assert_int_equal(line_count(shelf.lines.bytes), 1);
    assert_value(shelf.lines.bytes, 0, "unmapped.apisec.gap.to", "1");
    assert_int_equal(chain_check(shelf.lines.bytes, shelf.lines.len, NULL, NULL), APISEC_OK);
    buffer_free(&shelf.lines);
}

static void test_a_record_that_is_too_large_is_a_loss(void **state)
{
    (void)state;
    static char big[AUDIT_MAX_RECORD];
    struct shelf shelf = {BUFFER_MAX(1 << 20), 0, 0, 0};
    const struct target target = {.fd = -1, .sink = {&shelf, shelve, NULL}};
    struct writer *const writer = open_writer(&target);
    memset(big, 'a', sizeof big - 1);
    assert_int_equal(append(writer, big), APISEC_E_AUDIT);
    assert_int_equal(append(writer, "small"), APISEC_OK);
    assert_value(shelf.lines.bytes, 0, "unmapped.apisec.gap.reason", "\"APISEC_E_TOO_LARGE\"");
    assert_value(shelf.lines.bytes, 1, "message", "\"small\"");
    writer_close(writer);
    buffer_free(&shelf.lines);
}

static size_t drain(int fd, char *out, size_t max)
{
    size_t len = 0;
    for (ssize_t got; len < max && (got = read(fd, out + len, max - len)) > 0;) len += (size_t)got;
    return len;
}

/* Half a line is in the pipe and cannot be taken back. It is completed, and the log says that its caller was told it is lost. */
static void test_a_late_record(void **state)
{
    (void)state;
    static char big[60001], got[400000];
    int ends[2];
    memset(big, 'b', 60000);
    assert_int_equal(pipe(ends), 0);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    const struct target target = {.fd = ends[1]};
    struct writer *const writer = open_writer(&target);

    assert_int_equal(append(writer, big), APISEC_OK);
    assert_int_equal(append(writer, big), APISEC_E_AUDIT); /* 64 KiB are the pipe's */
    assert_true(writer->has_rest);
    assert_int_equal(append(writer, "lost"), APISEC_E_AUDIT);
    size_t len = drain(ends[0], got, sizeof got - 1);
    assert_int_equal(append(writer, "after"), APISEC_OK);
    len += drain(ends[0], got + len, sizeof got - 1 - len);
    got[len] = '\0';

    assert_int_equal(chain_check(got, len, NULL, NULL), APISEC_OK);
    assert_int_equal(line_count(got), 4); /* big, big (late), gap, after */
    assert_value(got, 2, "unmapped.apisec.gap", "{\"from\":2,\"to\":3,\"reason\":\"EAGAIN\",\"late\":2}");
    assert_value(got, 3, "message", "\"after\"");
    writer_close(writer);
    close(ends[0]);
    close(ends[1]);
}

static void limit_file_size(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The notice itself may be what is torn: it is completed, and not said again. */
static void test_a_late_notice(void **state)
{
    (void)state;
    const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    const struct target target = {.fd = fd};
    struct writer *const writer = open_writer(&target);
    assert_int_equal(append(writer, "first"), APISEC_OK);
    const rlim_t size = (rlim_t)lseek(fd, 0, SEEK_END);
    limit_file_size(size);
    assert_int_equal(append(writer, "lost"), APISEC_E_AUDIT);
    assert_false(writer->has_rest);
    limit_file_size(size + 50);
    assert_int_equal(append(writer, "lost too"), APISEC_E_AUDIT);
    assert_true(writer->has_rest && writer->rest_is_notice);
    limit_file_size(RLIM_INFINITY);
    assert_int_equal(append(writer, "after"), APISEC_OK);
    writer_close(writer);
    close(fd);

    char *const lines = file_read(path, NULL);
    assert_int_equal(file_chain(path, NULL, NULL), APISEC_OK);
    assert_int_equal(line_count(lines), 4);
    assert_value(lines, 1, "unmapped.apisec.gap", "{\"from\":2,\"to\":2,\"reason\":\"EFBIG\"}");
    assert_value(lines, 2, "unmapped.apisec.gap", "{\"from\":3,\"to\":3,\"reason\":\"EFBIG\"}"); /* each loss once */
    assert_value(lines, 3, "message", "\"after\"");
    free(lines);
}

/* What a file ended with is said before the first record, whenever there is room for it, and at the close at the latest. */
static void test_a_recovery_is_said_late(void **state)
{
    (void)state;
    const struct target target = {.path = path, .fd = -1};
    for (int at_close = 0; at_close < 2; at_close++) {
        file_write(path, "{\"metadata\":{", 13);
        limit_file_size(1);
        struct writer *const writer = open_writer(&target);
        assert_int_equal(writer->bytes_cut, 13);
        limit_file_size(RLIM_INFINITY);
        if (!at_close) assert_int_equal(append(writer, "first"), APISEC_OK);
        writer_close(writer);
        char *const lines = file_read(path, NULL);
        assert_int_equal(line_count(lines), at_close ? 1 : 2);
        assert_value(lines, 0, "unmapped.apisec.recovered.bytes_cut", "13");
        assert_value(lines, 0, "metadata.sequence", "1");
        assert_int_equal(file_chain(path, NULL, NULL), APISEC_OK);
        free(lines);
    }
}

/* ---- synced ---- */

static void test_each_record_is_synced(void **state)
{
    (void)state;
    const struct target target = {.path = path, .fd = -1, .is_synced = true};
    struct writer *const writer = open_writer(&target);
    interrupted = 2;
    assert_int_equal(append(writer, "one"), APISEC_OK);
    assert_int_equal(num_syncs, 1);
    assert_int_equal(append(writer, "two"), APISEC_OK);
    assert_int_equal(num_syncs, 3); /* interrupted is not failed */
    writer_close(writer);
    assert_int_equal(num_syncs, 4); /* a notice may be the last record */
    assert_int_equal(file_chain(path, NULL, NULL), APISEC_OK);
}

static void test_a_failed_sync_finishes_the_file(void **state)
{
    (void)state;
    uint64_t num;
    const struct target target = {.path = path, .fd = -1, .is_synced = true};
    struct writer *const writer = open_writer(&target);
    assert_int_equal(append(writer, "one"), APISEC_OK);
    failing_from = failing_to = 2;
    assert_int_equal(append(writer, "two"), APISEC_OK); /* unconfirmed there, so written again here */
    assert_int_equal(num_syncs, 3);
    assert_int_equal(append(writer, "three"), APISEC_OK);
    writer_close(writer);

    char *const beside = folder_other(folder, "log");
    assert_non_null(beside);
    char *const first = file_read(path, NULL), *const second = file_read(beside, NULL);
    assert_int_equal(file_chain(path, &num, NULL), APISEC_OK);
    assert_int_equal(num, 2);
    assert_int_equal(file_chain(beside, &num, NULL), APISEC_OK); /* a chain by itself, */
    assert_int_equal(num, 3);
    struct buffer both = BUFFER_MAX(100000);
    buffer_text(&both, first);
    buffer_text(&both, second);
    assert_int_equal(chain_check(both.bytes, both.len, &num, NULL), APISEC_OK); /* and a continuation */
    assert_value(second, 0, "unmapped.apisec.continues.stream", line_value(line_at(first, 1), "unmapped.apisec.stream"));
    assert_value(second, 0, "unmapped.apisec.continues.hash", line_value(line_at(first, 1), "unmapped.apisec.hash"));
    assert_value(second, 0, "unmapped.apisec.continues.reason", "\"EIO\"");
    assert_value(second, 1, "metadata.uid", line_value(line_at(first, 1), "metadata.uid")); /* both copies are known as one */
    assert_value(second, 1, "message", "\"two\"");
    buffer_free(&both);
    free(first);
    free(second);
    free(beside);
}

static void test_a_disk_that_stays_broken(void **state)
{
    (void)state;
    const struct target target = {.path = path, .fd = -1, .is_synced = true};
    struct writer *const writer = open_writer(&target);
    failing_from = 1;
    failing_to = 4;
    assert_int_equal(append(writer, "one"), APISEC_E_AUDIT); /* neither file could be synced */
    assert_int_equal(num_syncs, 2);
    assert_int_equal(append(writer, "two"), APISEC_E_AUDIT);
    assert_int_equal(append(writer, "three"), APISEC_OK);
    assert_int_equal(writer->num_gap, 0);
    char reason[SEGMENT_REASON];
    memcpy(reason, writer->gap_reason, sizeof reason);
    assert_string_equal(reason, "EIO");
    writer_close(writer);
}

static void test_no_new_file_can_be_made(void **state)
{
    (void)state;
    char *const moved = folder_path(folder, "x");
    const struct target target = {.path = path, .fd = -1, .is_synced = true};
    struct writer *const writer = open_writer(&target);
    char *const before = writer->target->path;
    failing_from = failing_to = 1;
    ((struct target *)&target)->path = (char[]){"/nonexistent/apisec/log"};
    assert_int_equal(append(writer, "one"), APISEC_E_AUDIT);
    assert_int_equal(append(writer, "two"), APISEC_E_AUDIT);
    assert_string_equal(writer->gap_reason, "ENOENT");
    assert_int_equal(writer->num_gap, 2);
    ((struct target *)&target)->path = before;
    assert_int_equal(append(writer, "three"), APISEC_OK); /* tried anew each time */
    char *const beside = folder_other(folder, "log");
    assert_non_null(beside);
    char *const lines = file_read(beside, NULL);
    assert_value(lines, 1, "unmapped.apisec.gap", "{\"from\":1,\"to\":2,\"reason\":\"ENOENT\"}");
    assert_int_equal(file_chain(beside, NULL, NULL), APISEC_OK);
    writer_close(writer);
    free(lines);
    free(beside);
    free(moved);
}

static void test_a_descriptor_that_cannot_be_synced_is_dead(void **state)
{
    (void)state;
    const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    const struct target target = {.fd = fd, .is_synced = true};
    struct writer *const writer = open_writer(&target);
    assert_int_equal(append(writer, "one"), APISEC_OK);
    failing_from = failing_to = 2;
    assert_int_equal(append(writer, "two"), APISEC_E_AUDIT);
    assert_int_equal(append(writer, "three"), APISEC_E_AUDIT);
    assert_int_equal(num_syncs, 2); /* never asked again */
    writer_close(writer);
    assert_int_equal(num_syncs, 2);
    close(fd);
    uint64_t num;
    assert_int_equal(file_chain(path, &num, NULL), APISEC_OK);
    assert_int_equal(num, 2);
}

struct share {
    struct writer *writer;
    size_t num_ok;
};

static void *append_many(void *context)
{
    struct share *const share = context;
    for (size_t i = 0; i < 100; i++)
        if (append(share->writer, "x") == APISEC_OK) share->num_ok++;
    return NULL;
}

static void run_threads(const struct target *target, size_t expected_ok)
{
    pthread_t threads[8];
    struct share shares[8];
    struct writer *const writer = open_writer(target);
    for (size_t i = 0; i < 8; i++) {
        shares[i] = (struct share){writer, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, append_many, &shares[i]), 0);
    }
    size_t num_ok = 0;
    for (size_t i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        num_ok += shares[i].num_ok;
    }
    assert_int_equal(num_ok, expected_ok);
    writer_close(writer);
}

static void test_threads_share_a_sync(void **state)
{
    (void)state;
    uint64_t num;
    const struct target target = {.path = path, .fd = -1, .is_synced = true};
    slow_ms = 1;
    run_threads(&target, 800);
    assert_int_equal(file_chain(path, &num, NULL), APISEC_OK);
    assert_int_equal(num, 800);
    assert_int_equal(max_at_once, 1);
    assert_true(num_syncs < 600); /* while one waits for the disk the others write, and the next sync is for all of them */
}

static void test_threads_and_a_failing_sync(void **state)
{
    (void)state;
    uint64_t first, second;
    const struct target target = {.path = path, .fd = -1, .is_synced = true};
    failing_from = failing_to = 20;
    run_threads(&target, 800); /* each is confirmed in one file or the other */
    char *const beside = folder_other(folder, "log");
    assert_non_null(beside);
    assert_int_equal(file_chain(path, &first, NULL), APISEC_OK);
    assert_int_equal(file_chain(beside, &second, NULL), APISEC_OK);
    assert_true(first + second >= 801);
    free(beside);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_a_gap_is_said_when_room_returns),
        IN_FOLDER(test_a_gap_is_said_at_close),
        IN_FOLDER(test_a_record_that_is_too_large_is_a_loss),
        IN_FOLDER(test_a_late_record),
        IN_FOLDER(test_a_late_notice),
        IN_FOLDER(test_a_recovery_is_said_late),
        IN_FOLDER(test_each_record_is_synced),
        IN_FOLDER(test_a_failed_sync_finishes_the_file),
        IN_FOLDER(test_a_disk_that_stays_broken),
        IN_FOLDER(test_no_new_file_can_be_made),
        IN_FOLDER(test_a_descriptor_that_cannot_be_synced_is_dead),
        IN_FOLDER(test_threads_share_a_sync),
        IN_FOLDER(test_threads_and_a_failing_sync),
    };
    return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
