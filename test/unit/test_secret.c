/* SPDX-License-Identifier: Apache-2.0
 *
 * test_secret.c: what a document refers to: the bytes of files and variables, less one newline at the end; and what is refused
 * instead of taken for a secret.
 */
#include "support/unit.h"
#include "support/logfile.h"
#include "guard/guard.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char *folder;

/* read_reference reads it as the member "secret" of a document. */
static apisec_status read_reference(const char *reference, size_t max, bool has_stand_ins, struct secret *secret, apisec_error *err)
{
    struct json *document = NULL;
    struct buffer json = BUFFER_MAX(10000);
    struct json_writer writer = {&json, false};
    json_open_object(&writer, NULL);
    json_put_text(&writer, "secret", text_of(reference));
    json_close_object(&writer);
    assert_int_equal(json_parse((struct text){json.bytes, json.len}, NULL, &document, NULL), APISEC_OK);
    const struct shape top = {document, NULL, NULL, 0}, at = shape_member(&top, "secret");
    const struct reading reading = {.top = &top, .has_stand_ins = has_stand_ins};
    const apisec_status status = secret_read(&at, &reading, max, "stand-in", secret, err);
    json_free(document);
    buffer_free(&json);
    return status;
}

static const struct {
    const char *bytes;
    size_t len;
    const char *secret; /* NULL: refused */
    const char *sentence;
} contents[] = {
    {"s3cret", 6, "s3cret", NULL},
    {"s3cret\n", 7, "s3cret", NULL},
    {"s3cret\n\n", 8, "s3cret\n", NULL},
    {"s3cret\r\n", 8, "s3cret\r", NULL},
    {" s3cret ", 8, " s3cret ", NULL},
    {"", 0, NULL, "secret: what it refers to is empty"},
    {"\n", 1, NULL, "secret: what it refers to is empty"},
    {"0123456789abcdef", 16, "0123456789abcdef", NULL},
    {"0123456789abcdefg", 17, NULL, "secret: the file has more than 16 bytes"},
};

static void test_files(void **state)
{
    (void)state;
    char *const path = folder_path(folder, "secret");
    char reference[600];
    snprintf(reference, sizeof reference, "file:%s", path);
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        struct secret secret;
        apisec_error err;
        file_write(path, contents[i].bytes, contents[i].len);
        const apisec_status status = read_reference(reference, 16, false, &secret, &err);
        assert_int_equal(status, contents[i].secret != NULL ? APISEC_OK : APISEC_E_CONFIG);
        if (contents[i].secret != NULL) {
            assert_string_equal(secret.bytes, contents[i].secret);
            assert_int_equal(secret.len, strlen(contents[i].secret));
        } else {
            assert_string_equal(err.text, contents[i].sentence);
            assert_null(secret.bytes);
        }
        secret_free(&secret);
    }
    free(path);
}

/* Bytes that no text would have: a NUL among them is kept. */
static void test_any_bytes(void **state)
{
    (void)state;
    char *const path = folder_path(folder, "bytes"), reference[600];
    struct secret secret;
    snprintf(reference, sizeof reference, "file:%s", path);
    file_write(path, "a\0\xff", 3);
    assert_int_equal(read_reference(reference, 16, false, &secret, NULL), APISEC_OK);
    assert_int_equal(secret.len, 3);
    assert_memory_equal(secret.bytes, "a\0\xff", 4);
    secret_free(&secret);
    free(path);
}

static void test_what_is_no_file(void **state)
{
    (void)state;
    char *const fifo = folder_path(folder, "fifo"), *const path = folder_path(folder, "secret");
    char of_folder[600], of_fifo[600], below[700], missing[700];
    snprintf(of_folder, sizeof of_folder, "file:%s", folder);
    snprintf(of_fifo, sizeof of_fifo, "file:%s", fifo);
    snprintf(below, sizeof below, "file:%s/x", path);
    snprintf(missing, sizeof missing, "file:%s/missing", folder);
    file_write(path, "x", 1);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    const struct {
        const char *reference, *sentence;
    } rows[] = {
        {of_folder, "secret: the file cannot be used: it is no regular file"},
        {of_fifo, "secret: the file cannot be used: it is no regular file"},
        {"file:/dev/zero", "secret: the file cannot be used: it is no regular file"},
        {below, "secret: the file cannot be used: a part of the path is no folder"},
        {missing, "secret: the file cannot be used: there is no such file"},
        {"env:APISEC_TEST_MISSING", "secret: the environment has no such variable"},
        {"env:APISEC_TEST_EMPTY", "secret: what it refers to is empty"},
        {"env:APISEC_TEST_LONG", "secret: the variable has more than 16 bytes"},
        {"env:", "secret: a secret does not stand in the document: \"file:PATH\" or \"env:NAME\" is wanted"},
        {"file:", "secret: a secret does not stand in the document: \"file:PATH\" or \"env:NAME\" is wanted"},
        {"FILE:/x", "secret: a secret does not stand in the document: \"file:PATH\" or \"env:NAME\" is wanted"},
        {"hunter2-canary", "secret: a secret does not stand in the document: \"file:PATH\" or \"env:NAME\" is wanted"},
    };
    setenv("APISEC_TEST_EMPTY", "", 1);
    setenv("APISEC_TEST_LONG", "0123456789abcdefg", 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct secret secret;
        apisec_error err;
        if (read_reference(rows[i].reference, 16, false, &secret, &err) != APISEC_E_CONFIG) fail_msg("%s", rows[i].reference);
        assert_string_equal(err.text, rows[i].sentence);
        assert_null(secret.bytes);
    }
    unlink(fifo);
    free(fifo);
    free(path);
}

static void test_variables(void **state)
{
    (void)state;
    struct secret secret;
    setenv("APISEC_TEST_NAME", "0123456789abcde\n", 1);
    assert_int_equal(read_reference("env:APISEC_TEST_NAME", 16, false, &secret, NULL), APISEC_OK);
    assert_string_equal(secret.bytes, "0123456789abcde");
    secret_free(&secret);
}

/* lint opens nothing: what is not there is no finding of its own. */
static void test_lint(void **state)
{
    (void)state;
    static const char *const references[] = {"file:/nonexistent", "env:APISEC_TEST_MISSING"};
    for (size_t i = 0; i < 2; i++) {
        struct secret secret;
        assert_int_equal(read_reference(references[i], 16, true, &secret, NULL), APISEC_OK);
        assert_string_equal(secret.bytes, "stand-in");
        secret_free(&secret);
    }
}

static int begin(void **state)
{
    (void)state;
    folder = folder_new();
    return folder == NULL;
}

static int end(void **state)
{
    (void)state;
    folder_free(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),     cmocka_unit_test(test_any_bytes), cmocka_unit_test(test_what_is_no_file),
        cmocka_unit_test(test_variables), cmocka_unit_test(test_lint),
    };
    return cmocka_run_group_tests_name("secret", tests, begin, end);
}
