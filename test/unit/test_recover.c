/* SPDX-License-Identifier: Apache-2.0
 *
 * test_recover.c: what a file ends with: cut at every byte it is continued after the last whole record; a file that is not ours
 * is refused and keeps every byte.
 */
#include "support/unit.h"
#include "audit/writer.h"
#include "support/logfile.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
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

/* Two records, as a log writes them. heads[i] is the head after i of them. */
static void two_records(struct buffer *bytes, size_t ends[3], char heads[3][AUDIT_HASH_HEX + 1])
{
    *bytes = BUFFER_MAX(100000);
    ends[0] = 0;
    memcpy(heads[0], CHAIN_GENESIS, AUDIT_HASH_HEX + 1);
    for (size_t i = 0; i < 2; i++) {
        struct record record;
        struct buffer line = BUFFER_MAX(AUDIT_MAX_RECORD);
        record_init(&record, "event", 1);
        record_line(&record, "uid", i + 1, &line);
        assert_int_equal(chain_seal(&line, "aaaaaaaaaaaaaaaaaaaa", heads[i], heads[i + 1]), APISEC_OK);
        buffer_append(bytes, line.bytes, line.len);
        ends[i + 1] = bytes->len;
        buffer_free(&line);
        record_free(&record);
    }
}

static apisec_status recover(const char *bytes, size_t len, struct recovery *recovery, size_t *len_after, apisec_error *err)
{
    file_write(path, bytes, len);
    const int fd = open(path, O_RDWR | O_APPEND);
    assert_true(fd >= 0);
    const apisec_status status = recover_file(fd, recovery, err);
    *len_after = (size_t)lseek(fd, 0, SEEK_END);
    close(fd);
    return status;
}

static void test_cut_at_every_byte(void **state)
{
    (void)state;
    struct buffer bytes;
    size_t ends[3], after;
    char heads[3][AUDIT_HASH_HEX + 1];
    two_records(&bytes, ends, heads);
    for (size_t len = 0; len <= bytes.len; len++) {
        struct recovery recovery;
        apisec_error err;
        const size_t whole = len == ends[2] ? 2 : len >= ends[1] ? 1 : 0;
        if (recover(bytes.bytes, len, &recovery, &after, &err) != APISEC_OK) fail_msg("cut at %zu: %s", len, err.text);
        assert_int_equal(after, ends[whole]);
        assert_int_equal(recovery.bytes_cut, len - ends[whole]);
        assert_string_equal(recovery.head, heads[whole]);
    }
    buffer_free(&bytes);
}

static void test_any_flipped_bit_of_the_last_record_is_refused(void **state)
{
    (void)state;
    struct buffer bytes;
    size_t ends[3], after;
    char heads[3][AUDIT_HASH_HEX + 1];
    two_records(&bytes, ends, heads);
    for (size_t at = ends[1]; at + 1 < bytes.len; at++) {
        struct recovery recovery;
        bytes.bytes[at] ^= 1;
        assert_int_equal(recover(bytes.bytes, bytes.len, &recovery, &after, NULL), APISEC_E_AUDIT);
        assert_int_equal(after, bytes.len); /* the evidence stays */
        bytes.bytes[at] ^= 1;
    }
    buffer_free(&bytes);
}

static void test_other_files_are_left_alone(void **state)
{
    (void)state;
    struct buffer good, with;
    size_t ends[3], after;
    char heads[3][AUDIT_HASH_HEX + 1];
    static char big[3 * AUDIT_MAX_RECORD];
    memset(big, 'a', sizeof big);
    two_records(&good, ends, heads);
    const struct {
        const char *bytes;
        size_t len;
        bool after_records;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {"root:x:0:0", 10, false, APISEC_E_AUDIT, "a file without a newline at its end"},
        {"root:x:0:0\n", 11, false, APISEC_E_AUDIT, "a text file"},
        {"{}\n", 3, false, APISEC_E_AUDIT, "JSON, but not ours"},
        {"\n", 1, false, APISEC_E_AUDIT, "an empty line"},
        {big, 2 * AUDIT_MAX_RECORD + 3, false, APISEC_E_AUDIT, "a big file with no line at all"},
        {big, AUDIT_MAX_RECORD + 1, false, APISEC_E_AUDIT, "longer than a half record can be"},
        {"{\"metadat", 9, false, APISEC_OK, "the beginning of a first record: it may be cut"},
        {"{\"metadatA", 10, false, APISEC_E_AUDIT, "one letter is not ours"},
        {"root:x:0:0\n{\"metadata", 21, false, APISEC_E_AUDIT, "what looks like a half record behind somebody else's line"},
        {"root:x:0:0", 10, true, APISEC_E_AUDIT, "somebody else's text behind our records"},
        {"{}\n", 3, true, APISEC_E_AUDIT, ""},
        {"\0\0\0\0", 4, true, APISEC_OK, "a tail that was never written to the disk"},
        {"\0\0a\0", 4, true, APISEC_E_AUDIT, "… and one that was"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct recovery recovery;
        with = BUFFER_MAX(1 << 20);
        if (rows[i].after_records) buffer_append(&with, good.bytes, good.len);
        buffer_append(&with, rows[i].bytes, rows[i].len);
        const apisec_status status = recover(with.bytes, with.len, &recovery, &after, NULL);
        if (status != rows[i].expected) fail_msg("row %zu: %s", i, rows[i].why);
        assert_int_equal(after, status == APISEC_OK ? with.len - rows[i].len : with.len);
        buffer_free(&with);
    }
    buffer_free(&good);
}

static void test_a_large_file_is_read_from_its_end(void **state)
{
    (void)state;
    struct buffer good, large = BUFFER_MAX(1 << 24);
    size_t ends[3], after;
    char heads[3][AUDIT_HASH_HEX + 1];
    struct recovery recovery;
    static char line[1001];
    two_records(&good, ends, heads);
    memset(line, 'x', 1000);
    line[1000] = '\n';
    for (size_t i = 0; i < 2000; i++) buffer_append(&large, line, sizeof line);
    buffer_append(&large, good.bytes, good.len - 3);
    assert_int_equal(recover(large.bytes, large.len, &recovery, &after, NULL), APISEC_OK);
    assert_string_equal(recovery.head, heads[1]);
    assert_int_equal(after, large.len - recovery.bytes_cut);
    assert_int_equal(recovery.bytes_cut, good.len - 3 - ends[1]);
    buffer_free(&good);
    buffer_free(&large);
}

static void test_errors_of_the_system(void **state)
{
    (void)state;
    struct recovery recovery;
    assert_int_equal(recover_file(-1, &recovery, NULL), APISEC_E_SYSTEM);
    assert_string_equal(recovery.head, CHAIN_GENESIS);
    file_write(path, "{\"metadata", 10);
    int fd = open(path, O_WRONLY); /* cannot be read */
    assert_int_equal(recover_file(fd, &recovery, NULL), APISEC_E_SYSTEM);
    close(fd);
    fd = open(path, O_RDONLY); /* cannot be cut */
    assert_int_equal(recover_file(fd, &recovery, NULL), APISEC_E_SYSTEM);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cut_at_every_byte, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_any_flipped_bit_of_the_last_record_is_refused, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_other_files_are_left_alone, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_a_large_file_is_read_from_its_end, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_errors_of_the_system, make_folder, remove_folder),
    };
    return cmocka_run_group_tests_name("recover", tests, NULL, NULL);
}
