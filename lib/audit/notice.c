/* SPDX-License-Identifier: Apache-2.0
 *
 * notice.c: what the log says of itself: records that were lost, a half-written line that was cut, a file that continues another.
 * They are records like all others: numbered, chained, and in the same schema.
 */
#include "audit/writer.h"

static void put_gap(const struct notice *notice, struct json_writer *writer)
{
    json_open_object(writer, "gap");
    json_put_number(writer, "from", (int64_t)notice->from);
    json_put_number(writer, "to", (int64_t)notice->to);
    json_put_text(writer, "reason", text_of(notice->reason));
    if (notice->late > 0) json_put_number(writer, "late", (int64_t)notice->late);
    json_close_object(writer);
}

static void put_recovered(const struct notice *notice, struct json_writer *writer)
{
    json_open_object(writer, "recovered");
    json_put_number(writer, "bytes_cut", (int64_t)notice->bytes_cut);
    json_close_object(writer);
}

static void put_continues(const struct notice *notice, struct json_writer *writer)
{
    json_open_object(writer, "continues");
    json_put_text(writer, "stream", text_of(notice->stream));
    json_put_text(writer, "hash", text_of(notice->hash));
    json_put_text(writer, "reason", text_of(notice->reason));
    json_close_object(writer);
}

static const struct {
    const char *kind;
    const char *message;
    void (*put)(const struct notice *notice, struct json_writer *writer);
} notices[] = {
    [NOTICE_GAP] = {"gap", "records were lost", put_gap},
    [NOTICE_RECOVERED] = {"recovered", "a half-written record was cut off", put_recovered},
    [NOTICE_CONTINUES] = {"continues", "a file that could not be synced is continued", put_continues},
};

void notice_record(const struct notice *notice, struct record *record)
{
    record_init(record, notices[notice->kind].kind, clock_now_ms());
    record->activity = OCSF_ACTIVITY_OTHER;
    struct json_writer *const members = &record->members;
    json_put_number(members, "severity_id", OCSF_SEVERITY_HIGH);
    json_put_number(members, "status_id", OCSF_STATUS_FAILURE);
    json_put_text(members, "message", text_of(notices[notice->kind].message));
    json_open_object(members, "actor");
    json_put_text(members, "app_name", text_of("libapisec"));
    json_close_object(members);
    json_open_object(members, "api");
    json_put_text(members, "operation", text_of("audit"));
    json_close_object(members);
    json_open_object(members, "src_endpoint");
    json_put_text(members, "name", text_of("localhost"));
    json_close_object(members);
    notices[notice->kind].put(notice, &record->unmapped);
}
