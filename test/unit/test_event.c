/* SPDX-License-Identifier: Apache-2.0
 *
 * test_event.c: the service's own records: paths become nested objects, and what does not belong there is refused before anything
 * is written.
 */
#include "support/unit.h"
#include "audit/audit.h"
#include "support/guard.h"
#include "support/logfile.h"

#include <stdio.h>
#include <string.h>

static struct buffer lines;
static apisec_audit *audit;

static apisec_status shelve(void *context, const char *line, size_t len)
{
    (void)context;
    return buffer_append(&lines, line, len);
}

static int open_log(void **state)
{
    (void)state;
    const apisec_audit_sink sink = {NULL, shelve, NULL};
    lines = BUFFER_MAX(1 << 20);
    return apisec_audit_open_callback(&sink, APISEC_AUDIT_STRICT, &audit, NULL);
}

static int close_log(void **state)
{
    (void)state;
    apisec_audit_close(audit);
    buffer_free(&lines);
    return 0;
}

/* A row's fields: path, text; a path with '#' before it takes a number. */
struct row {
    const char *fields[6][2];
    apisec_status expected;
    const char *find; /* in the line */
    const char *why;
};

static apisec_status write_row(const struct row *row)
{
    apisec_error err;
    apisec_event *const event = apisec_event_new();
    for (size_t i = 0; i < 6 && row->fields[i][0]; i++) {
        const char *const path = row->fields[i][0], *const value = row->fields[i][1];
        if (path[0] == '#') {
            apisec_event_set_number(event, path + 1, (int64_t)strlen(value));
            continue;
        }
        const char *const copy = guarded_text(value);
        apisec_event_set_text(event, path, copy, strlen(value));
        guard_free(copy);
    }
    const apisec_status status = apisec_audit_write(audit, event, &err);
    assert_int_equal(err.status, status);
    apisec_event_free(event);
    return status;
}

static void check_rows(const struct row *rows, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        const uint64_t before = apisec_audit_num_written(audit);
        lines.len = 0;
        const apisec_status status = write_row(&rows[i]);
        if (status != rows[i].expected) fail_msg("row %zu: %s: %s", i, apisec_status_name(status), rows[i].why);
        assert_int_equal(apisec_audit_num_written(audit) - before, status == APISEC_OK);
        assert_int_equal(apisec_audit_num_lost(audit), 0); /* a wrong event is the service's fault, not a loss */
        if (status == APISEC_OK && rows[i].find && !strstr(lines.bytes, rows[i].find))
            fail_msg("row %zu: '%s' is not in %s", i, rows[i].find, lines.bytes);
    }
}

static void test_nesting(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{{"message", "hello"}}, APISEC_OK, "\"severity_id\":1,\"message\":\"hello\",\"unmapped\"", "one value"},
        {{{"api.operation", "sell"}, {"actor.user.uid", "u"}, {"actor.app_uid", "a"}, {"actor.user.name", "n"}},
         APISEC_OK,
         "\"actor\":{\"app_uid\":\"a\",\"user\":{\"name\":\"n\",\"uid\":\"u\"}},\"api\":{\"operation\":\"sell\"}",
         "given in any order, grouped and sorted"},
        {{{"policy.a.b.c.d.e.f.g", "x"}, {"policy.a.b.c.d.z", "y"}},
         APISEC_OK,
         "\"policy\":{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":\"x\"}},\"z\":\"y\"}}}}}",
         "eight deep and back"},
        {{{"unmapped.apisec.order.id", "o7"}, {"#unmapped.apisec.amount", "12345"}, {"unmapped.shop", "s"}},
         APISEC_OK,
         "\"unmapped\":{\"shop\":\"s\",\"apisec\":{\"kind\":\"event\",\"amount\":5,\"order\":{\"id\":\"o7\"},\"stream\":",
         "ours and theirs"},
        {{{"policy.a", "x"}, {"policy.a_b", "y"}, {"policy.a0", "z"}},
         APISEC_OK,
         "{\"a\":\"x\",\"a0\":\"z\",\"a_b\":\"y\"}",
         "names that begin alike are no conflict"},
        {{{"#activity_id", "12"}, {"#action_id", "1"}, {"#status_id", "12"}, {"#severity_id", "123"}, {"status_code", "c"}},
         APISEC_OK,
         "\"type_uid\":600302,\"activity_id\":2,\"action_id\":1,\"severity_id\":3,\"status_code\":\"c\",\"status_id\":2,",
         "OCSF's own"},
        {{{"resource.uid", "r"}, {"trace.uid", "t"}, {"src_endpoint.ip", "1"}, {"dst_endpoint.ip", "2"}, {"http_request.uid", "3"}},
         APISEC_OK,
         "\"dst_endpoint\":{\"ip\":\"2\"},\"http_request\":{\"uid\":\"3\"},\"resource\":{\"uid\":\"r\"},"
         "\"src_endpoint\":{\"ip\":\"1\"},\"trace\":{\"uid\":\"t\"}",
         "all the others"},
        {{{"status_detail", ""}}, APISEC_OK, "\"status_detail\":\"\"", "an empty text"},
    };
    check_rows(rows, sizeof rows / sizeof rows[0]);
}

static void test_paths_that_are_refused(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{{"", "x"}}, APISEC_E_ARGUMENT, NULL, "empty"},
        {{{"api", "x"}}, APISEC_E_ARGUMENT, NULL, "an object is no value"},
        {{{"message.x", "x"}}, APISEC_E_ARGUMENT, NULL, "a value is no object"},
        {{{"time", "x"}}, APISEC_E_ARGUMENT, NULL, "the log's own"},
        {{{"metadata.uid", "x"}}, APISEC_E_ARGUMENT, NULL, ""},
        {{{"class_uid", "x"}}, APISEC_E_ARGUMENT, NULL, ""},
        {{{"apix.operation", "x"}}, APISEC_E_ARGUMENT, NULL, "a name that only begins like one"},
        {{{"api..operation", "x"}}, APISEC_E_ARGUMENT, NULL, "an empty name"},
        {{{".api.operation", "x"}}, APISEC_E_ARGUMENT, NULL, ""},
        {{{"api.operation.", "x"}}, APISEC_E_ARGUMENT, NULL, ""},
        {{{"api.Operation", "x"}}, APISEC_E_ARGUMENT, NULL, "upper case"},
        {{{"api.opera tion", "x"}}, APISEC_E_ARGUMENT, NULL, "a space"},
        {{{"api.opera\"tion", "x"}}, APISEC_E_ARGUMENT, NULL, "a quote"},
        {{{"policy.a.b.c.d.e.f.g.h", "x"}}, APISEC_E_ARGUMENT, NULL, "nine deep"},
        {{{"message", "x"}, {"message", "y"}}, APISEC_E_ARGUMENT, NULL, "twice"},
        {{{"actor.user", "x"}, {"actor.user.uid", "y"}}, APISEC_E_ARGUMENT, NULL, "a value and an object"},
        {{{"actor.user.uid", "y"}, {"actor.user_x", "z"}, {"actor.user", "x"}}, APISEC_E_ARGUMENT, NULL, "the other way round"},
        {{{"unmapped", "x"}}, APISEC_E_ARGUMENT, NULL, ""},
        {{{"unmapped.apisec", "x"}}, APISEC_E_ARGUMENT, NULL, "the log's own object"},
        {{{"unmapped.apisec.hash", "x"}}, APISEC_E_ARGUMENT, NULL, "the chain is the log's"},
        {{{"unmapped.apisec.prev", "x"}}, APISEC_E_ARGUMENT, NULL, ""},
        {{{"unmapped.apisec.stream.x", "x"}}, APISEC_E_ARGUMENT, NULL, ""},
        {{{"unmapped.apisec.kind", "decision"}}, APISEC_E_ARGUMENT, NULL, "an event is no decision"},
        {{{"unmapped.apisec.gap.from", "x"}}, APISEC_E_ARGUMENT, NULL, "a forged gap"},
        {{{"unmapped.apisec.recovered.bytes_cut", "x"}}, APISEC_E_ARGUMENT, NULL, ""},
        {{{"unmapped.apisec.continues.hash", "x"}}, APISEC_E_ARGUMENT, NULL, "a forged continuation"},
        {{{"unmapped.apisec.hashes", "x"}}, APISEC_OK, "\"hashes\":\"x\"", "the twin"},
        {{{"unmapped.apisecs", "x"}}, APISEC_OK, "\"apisecs\":\"x\"", "the twin"},
        {{{"status_id", "1"}}, APISEC_E_ARGUMENT, NULL, "a number's place"},
        {{{"#message", "1"}}, APISEC_E_ARGUMENT, NULL, "a text's place"},
    };
    check_rows(rows, sizeof rows / sizeof rows[0]);
}

static void test_activities(void **state)
{
    (void)state;
    static const struct {
        int64_t number;
        apisec_status expected;
    } rows[] = {{0, APISEC_OK},          {4, APISEC_OK},           {99, APISEC_OK},          {-1, APISEC_E_ARGUMENT},
                {5, APISEC_E_ARGUMENT}, {98, APISEC_E_ARGUMENT}, {100, APISEC_E_ARGUMENT}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_event *const event = apisec_event_new();
        apisec_event_set_number(event, "activity_id", rows[i].number);
        assert_int_equal(apisec_audit_write(audit, event, NULL), rows[i].expected);
        apisec_event_free(event);
    }
}

static void test_hostile_values_stay_on_one_line(void **state)
{
    (void)state;
    static const char hostile[] = "a\nb\"c\\d\x1b[31m</script>\0\xff\xe2\x80\xa8 \xf0\x9f\x98\x80";
    apisec_event *const event = apisec_event_new();
    const char *const copy = guarded(hostile, sizeof hostile - 1);
    apisec_event_set_text(event, "message", copy, sizeof hostile - 1);
    guard_free(copy);
    assert_int_equal(apisec_audit_write(audit, event, NULL), APISEC_OK);
    apisec_event_free(event);
    assert_int_equal(line_count(lines.bytes), 1);
    assert_int_equal(chain_check(lines.bytes, lines.len, NULL, NULL), APISEC_OK);
    for (size_t i = 0; i + 1 < lines.len; i++) assert_true(lines.bytes[i] >= 0x20 && lines.bytes[i] < 0x7f);
    assert_string_equal(line_value(line_at(lines.bytes, 0), "message"),
                        "\"a\\u000ab\\\"c\\\\d\\u001b[31m\\u003c/script\\u003e\\ufffd\\ufffd\\u2028 \\ud83d\\ude00\"");
}

static void test_values_have_a_cap(void **state)
{
    (void)state;
    static char big[3000];
    static const size_t lens[] = {1023, 1024, 1025, 3000};
    memset(big, 'a', sizeof big);
    big[1023] = '\xc3'; /* a character of two bytes that the cap would cut in two */
    big[1024] = '\xa4';
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        apisec_event *const event = apisec_event_new();
        const char *const copy = guarded(big, lens[i]);
        lines.len = 0;
        apisec_event_set_text(event, "message", copy, lens[i]);
        guard_free(copy);
        assert_int_equal(apisec_audit_write(audit, event, NULL), APISEC_OK);
        const char *const value = line_value(line_at(lines.bytes, 0), "message");
        const size_t written = strlen(value) - 2;
        if (lens[i] == 1024) assert_string_equal(value + 1 + 1023, "\\ufffd\""); /* half a character came: it is none */
        else assert_int_equal(written, 1023);
        apisec_event_free(event);
    }
}

static void test_too_many_values(void **state)
{
    (void)state;
    static const struct {
        unsigned num;
        apisec_status expected;
    } rows[] = {{64, APISEC_OK}, {65, APISEC_E_ARGUMENT}};
    for (size_t i = 0; i < 2; i++) {
        apisec_event *const event = apisec_event_new();
        char path[32];
        for (unsigned n = 0; n < rows[i].num; n++) {
            snprintf(path, sizeof path, "policy.p%u", n);
            apisec_event_set_number(event, path, INT64_MIN);
        }
        lines.len = 0;
        assert_int_equal(apisec_audit_write(audit, event, NULL), rows[i].expected);
        if (rows[i].expected == APISEC_OK)
            assert_int_equal(apisec_json_scan(lines.bytes, lines.len - 1, NULL, NULL, NULL), APISEC_OK);
        apisec_event_free(event);
    }
}

static void test_the_first_error_stays(void **state)
{
    (void)state;
    apisec_error err;
    apisec_event *const event = apisec_event_new();
    apisec_event_set_text(event, "nonsense", "x", 1);
    apisec_event_set_text(event, "message", NULL, 1);
    apisec_event_set_text(event, "message", "x", 1);
    assert_int_equal(apisec_audit_write(audit, event, &err), APISEC_E_ARGUMENT);
    assert_non_null(strstr(err.text, "nonsense"));
    apisec_event_free(event);
}

static void test_an_event_must_say_something(void **state)
{
    (void)state;
    apisec_error err;
    apisec_event *const event = apisec_event_new();
    assert_int_equal(apisec_audit_write(audit, event, &err), APISEC_E_ARGUMENT);
    assert_string_equal(err.text, "an event of which nothing is set");
    assert_int_equal(lines.len, 0);
    assert_int_equal(apisec_audit_num_lost(audit), 0); /* there was nothing to lose */
    apisec_event_set_number(event, "status_id", 1);
    assert_int_equal(apisec_audit_write(audit, event, NULL), APISEC_OK);
    apisec_event_free(event);
}

static void test_null_handles(void **state)
{
    (void)state;
    apisec_event *const event = apisec_event_new();
    apisec_event_set_text(NULL, "message", "x", 1);
    apisec_event_set_number(NULL, "status_id", 1);
    apisec_event_free(NULL);
    assert_int_equal(apisec_audit_write(audit, NULL, NULL), APISEC_E_MEMORY);
    assert_int_equal(apisec_audit_write(NULL, event, NULL), APISEC_E_MISUSE);
    apisec_event_set_text(event, "message", NULL, 0);
    assert_int_equal(apisec_audit_write(audit, event, NULL), APISEC_OK);
    apisec_event_set_text(event, NULL, "x", 1);
    assert_int_equal(apisec_audit_write(audit, event, NULL), APISEC_E_ARGUMENT);
    apisec_event_free(event);
}

#define WITH_LOG(test) cmocka_unit_test_setup_teardown(test, open_log, close_log)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LOG(test_nesting),
        WITH_LOG(test_paths_that_are_refused),
        WITH_LOG(test_activities),
        WITH_LOG(test_hostile_values_stay_on_one_line),
        WITH_LOG(test_values_have_a_cap),
        WITH_LOG(test_too_many_values),
        WITH_LOG(test_the_first_error_stays),
        WITH_LOG(test_an_event_must_say_something),
        WITH_LOG(test_null_handles),
    };
    return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
