/* SPDX-License-Identifier: Apache-2.0
 *
 * test_notice.c: the log's own records: in the same schema as all others, each with what it has to say.
 */
#include "support/unit.h"
#include "audit/writer.h"

static void test_notices(void **state)
{
    (void)state;
    static const struct {
        struct notice notice;
        const char *unmapped;
    } rows[] = {
        {{.kind = NOTICE_GAP, .from = 3, .to = 5, .reason = "ENOSPC"},
         "\"kind\":\"gap\",\"gap\":{\"from\":3,\"to\":5,\"reason\":\"ENOSPC\"}"},
        {{.kind = NOTICE_GAP, .from = 3, .to = 3, .reason = "EAGAIN", .late = 7},
         "\"kind\":\"gap\",\"gap\":{\"from\":3,\"to\":3,\"reason\":\"EAGAIN\",\"late\":7}"},
        {{.kind = NOTICE_RECOVERED, .bytes_cut = 99}, "\"kind\":\"recovered\",\"recovered\":{\"bytes_cut\":99}"},
        {{.kind = NOTICE_CONTINUES, .stream = "s", .hash = "h", .reason = "EIO"},
         "\"kind\":\"continues\",\"continues\":{\"stream\":\"s\",\"hash\":\"h\",\"reason\":\"EIO\"}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct record record;
        const int64_t before = clock_now_ms();
        notice_record(&rows[i].notice, &record);
        assert_string_equal(record.unmapped_bytes.bytes, rows[i].unmapped);
        assert_int_equal(record.activity, 99);
        assert_true(record.time_ms >= before && record.time_ms <= clock_now_ms());
        record_free(&record);
    }
}

static void test_the_schema_is_kept(void **state)
{
    (void)state;
    struct record record;
    notice_record(&(struct notice){.kind = NOTICE_RECOVERED, .bytes_cut = 1}, &record);
    /* OCSF demands of an API Activity: severity_id, actor, api.operation, src_endpoint. */
    assert_string_equal(record.members_bytes.bytes,
                        "\"severity_id\":4,\"status_id\":2,\"message\":\"a half-written record was cut off\","
                        "\"actor\":{\"app_name\":\"libapisec\"},\"api\":{\"operation\":\"audit\"},"
                        "\"src_endpoint\":{\"name\":\"localhost\"}");
    record_free(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_notices),
        cmocka_unit_test(test_the_schema_is_kept),
    };
    return cmocka_run_group_tests_name("notice", tests, NULL, NULL);
}
