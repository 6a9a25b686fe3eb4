/* SPDX-License-Identifier: Apache-2.0
 *
 * test_record.c: the parts of a record and the line they make: strict JSON on one line, byte for byte what the header draws.
 */
#include "support/unit.h"
#include "audit/writer.h"

#include <string.h>

static void assert_line(const struct record *record, const char *expected)
{
    struct buffer line = BUFFER_MAX(AUDIT_MAX_RECORD);
    record_line(record, "s-1", 7, &line);
    assert_int_equal(line.status, APISEC_OK);
    assert_string_equal(line.bytes, expected);
    buffer_free(&line);
}

#define FRAME "{\"metadata\":{\"version\":\"1.8.0\",\"product\":{\"name\":\"libapisec\",\"vendor_name\":\"libapisec\"," \
    "\"version\":\"" APISEC_VERSION "\"},\"uid\":\"s-1\",\"sequence\":7,\"profiles\":[\"security_control\",\"trace\"]"
#define CLASS "\"class_uid\":6003,\"class_name\":\"API Activity\",\"category_uid\":6,"

static void test_the_smallest_line(void **state)
{
    (void)state;
    struct record record;
    record_init(&record, "event", 1700000000123);
    assert_line(&record, FRAME "},\"time\":1700000000123," CLASS "\"type_uid\":600300,\"activity_id\":0,"
                         "\"unmapped\":{\"apisec\":{\"kind\":\"event\"");
    record_free(&record);
}

static void test_all_parts(void **state)
{
    (void)state;
    struct record record;
    record_init(&record, "decision", 5);
    record.activity = 3;
    record.correlation = "txn\"\n";
    json_put_number(&record.members, "severity_id", 1);
    json_put_text(&record.members, "message", text_of("m"));
    json_put_text(&record.other, "own", text_of("o"));
    json_put_number(&record.unmapped, "latency_us", 9);
    assert_line(&record, FRAME ",\"correlation_uid\":\"txn\\\"\\u000a\"},\"time\":5," CLASS
                         "\"type_uid\":600303,\"activity_id\":3,\"severity_id\":1,\"message\":\"m\","
                         "\"unmapped\":{\"own\":\"o\",\"apisec\":{\"kind\":\"decision\",\"latency_us\":9");
    record_free(&record);
}

static void test_a_line_is_strict_json_when_sealed(void **state)
{
    (void)state;
    struct record record;
    char hash[AUDIT_HASH_HEX + 1];
    struct buffer line = BUFFER_MAX(AUDIT_MAX_RECORD);
    record_init(&record, "event", 1);
    json_put_text(&record.members, "message", (struct text){"\x1b[31m</script>\0\xff", 16});
    record_line(&record, "s-1", 1, &line);
    assert_int_equal(chain_seal(&line, "0123456789abcdef0123", CHAIN_GENESIS, hash), APISEC_OK);
    assert_int_equal(apisec_json_scan(line.bytes, line.len - 1, NULL, NULL, NULL), APISEC_OK);
    assert_ptr_equal(strchr(line.bytes, '\n'), line.bytes + line.len - 1);
    assert_null(strchr(line.bytes, '<'));
    assert_null(strchr(line.bytes, '\x1b'));
    buffer_free(&line);
    record_free(&record);
}

static void test_a_part_that_failed_fails_the_line(void **state)
{
    (void)state;
    for (size_t which = 0; which < 3; which++) {
        struct record record;
        struct buffer line = BUFFER_MAX(AUDIT_MAX_RECORD);
        record_init(&record, "event", 1);
        struct buffer *const parts[] = {&record.members_bytes, &record.unmapped_bytes, &record.other_bytes};
        parts[which]->status = APISEC_E_MEMORY;
        record_line(&record, "s-1", 1, &line);
        assert_int_equal(line.status, APISEC_E_MEMORY);
        buffer_free(&line);
        record_free(&record);
    }
}

static void test_a_record_has_an_end(void **state)
{
    (void)state;
    static char big[AUDIT_MAX_RECORD];
    struct record record;
    struct buffer line = BUFFER_MAX(AUDIT_MAX_RECORD);
    memset(big, 'a', sizeof big);
    record_init(&record, "event", 1);
    json_put_text(&record.members, "message", (struct text){big, sizeof big - 100});
    assert_int_equal(record.members_bytes.status, APISEC_OK);
    record_line(&record, "s-1", 1, &line);
    assert_int_equal(line.status, APISEC_E_TOO_LARGE);
    buffer_free(&line);
    record_free(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_smallest_line),
        cmocka_unit_test(test_all_parts),
        cmocka_unit_test(test_a_line_is_strict_json_when_sealed),
        cmocka_unit_test(test_a_part_that_failed_fails_the_line),
        cmocka_unit_test(test_a_record_has_an_end),
    };
    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
