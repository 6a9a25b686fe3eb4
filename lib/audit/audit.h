/* SPDX-License-Identifier: Apache-2.0
 *
 * audit.h (private): a record is two growing texts of JSON members; the log puts them into one chained line and writes it. This
 * room knows no decision: access/record.c composes those, event.c the service's own.
 *
 * A line: {"metadata":{"version":…,"product":{…},"uid":…,"sequence":n},"time":ms,"class_uid":6003,…MEMBERS…,
 *          "unmapped":{"apisec":{…UNMAPPED…,"stream":…,"prev":…,"hash":…}}}
 */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include "base/base.h"
#include "crypto/crypto.h"
#include "json/json.h"

#include <apisec/audit.h>

#define AUDIT_MAX_RECORD 65536
#define AUDIT_MAX_FIELD 1024
#define AUDIT_HASH_HEX 64

/* ---- record.h part: what a line is made from. Members of OCSF go through `members`, ours through `unmapped` ---- */

struct record {
    struct buffer members_bytes;
    struct buffer unmapped_bytes;
    struct json_writer members;      /* writes into members_bytes: call json_put_… with names */
    struct json_writer unmapped;
    int64_t time_ms;
    int32_t activity;                /* OCSF activity_id: 1 create, 2 read, 3 update, 4 delete, 99 other; 0 unknown */
    const char *correlation;         /* metadata.correlation_uid, or NULL; borrowed */
};
void record_init(struct record *record, int64_t time_ms);
void record_free(struct record *record);

/* ---- log.c ---- */

/* audit_append gives the record its sequence and chain and writes it. AUDIT: it is not in the log (counted as lost; the chain goes
 * on from the last record that is). Many threads at once: in one order, that of the sequence. */
apisec_status audit_append(apisec_audit *audit, const struct record *record, apisec_error *err);
/* audit_is_strict: on_failure is APISEC_AUDIT_STRICT. */
bool audit_is_strict(const apisec_audit *audit);

/* ---- chain.c: the line's frame, shared by log.c and the checker ---- */

/* chain_seal appends `,"stream":"…","prev":"…","hash":"…"}}}` and a newline to a line that is open inside unmapped.apisec, and
 * writes the new head. */
apisec_status chain_seal(struct buffer *line, const char *stream, const char prev[AUDIT_HASH_HEX + 1],
                         char hash[AUDIT_HASH_HEX + 1]);

#endif
