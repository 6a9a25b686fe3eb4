/* SPDX-License-Identifier: Apache-2.0
 *
 * record.c: the parts of a record, and the line they make: OCSF API Activity (class 6003) with the profiles security_control and
 * trace. What every record has is written here, in one place; the rest is composed by whoever makes the record.
 */
#include "audit/writer.h"

enum { USUAL = 2048 }; /* bytes of a part: more make it grow */

#define OCSF_VERSION "1.8.0" /* of OCSF: the first in which `api` has a `token` */

void record_init(struct record *record, const char *kind, int64_t time_ms)
{
    *record = (struct record){.time_ms = time_ms};
    record->members_bytes = BUFFER_MAX(AUDIT_MAX_RECORD);
    record->unmapped_bytes = BUFFER_MAX(AUDIT_MAX_RECORD);
    record->other_bytes = BUFFER_MAX(AUDIT_MAX_RECORD);
    record->members.out = &record->members_bytes;
    record->unmapped.out = &record->unmapped_bytes;
    record->other.out = &record->other_bytes;
    buffer_reserve(&record->members_bytes, USUAL);
    buffer_reserve(&record->unmapped_bytes, USUAL);
    json_put_text(&record->unmapped, "kind", text_of(kind));
}

void record_free(struct record *record)
{
    buffer_free(&record->members_bytes);
    buffer_free(&record->unmapped_bytes);
    buffer_free(&record->other_bytes);
}

/* A part that failed to grow makes the whole line fail: half a record is none. */
static void append_part(struct buffer *line, const struct buffer *part, bool comma_before)
{
    if (part->status != APISEC_OK && line->status == APISEC_OK) line->status = part->status;
    if (part->len == 0) return;
    if (comma_before) buffer_byte(line, ',');
    buffer_append(line, part->bytes, part->len);
}

void record_line(const struct record *record, const char *uid, uint64_t sequence, struct buffer *line)
{
    buffer_text(line, "{\"metadata\":{\"version\":\"" OCSF_VERSION "\",\"product\":{\"name\":\"libapisec\","
                      "\"vendor_name\":\"libapisec\",\"version\":\"" APISEC_VERSION "\"},\"uid\":\"");
    buffer_text(line, uid);
    buffer_text(line, "\",\"sequence\":");
    buffer_number(line, (int64_t)sequence);
    buffer_text(line, ",\"profiles\":[\"security_control\",\"trace\"]");
    if (record->correlation) {
        struct json_writer writer = {line, true};
        json_put_text_capped(&writer, "correlation_uid", text_of(record->correlation), AUDIT_MAX_FIELD);
    }
    buffer_text(line, "},\"time\":");
    buffer_number(line, record->time_ms);
    buffer_text(line, ",\"class_uid\":");
    buffer_number(line, OCSF_CLASS);
    buffer_text(line, ",\"class_name\":\"API Activity\",\"category_uid\":6,\"type_uid\":");
    buffer_number(line, OCSF_CLASS * 100 + record->activity); /* so OCSF makes it */
    buffer_text(line, ",\"activity_id\":");
    buffer_number(line, record->activity);
    append_part(line, &record->members_bytes, true);
    buffer_text(line, ",\"unmapped\":{");
    append_part(line, &record->other_bytes, false);
    if (record->other_bytes.len > 0) buffer_byte(line, ',');
    buffer_text(line, "\"apisec\":{");
    append_part(line, &record->unmapped_bytes, false);
}
