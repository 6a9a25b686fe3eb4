/* SPDX-License-Identifier: Apache-2.0
 *
 * audit.h (private): a record is three growing texts of JSON members; the log puts them into one chained line and writes it. This
 * room knows no decision: access/record.c composes those, event.c the service's own.
 *
 *   record.c   the parts of a record          chain.c    the end of a line that chains it, and the checker
 *   log.c      the handle: append, fork       event.c    the service's own records
 *   and behind writer.h: writer.c, segment.c, recover.c, notice.c, stream.c
 *
 * A line: {"metadata":{"version":…,"product":{…},"uid":…,"sequence":n,"profiles":[…]},"time":ms,"class_uid":6003,…MEMBERS…,
 *          "unmapped":{…OTHER…,"apisec":{…UNMAPPED…,"stream":…,"prev":…,"hash":…}}}
 */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include "base/base.h"
#include "crypto/crypto.h"
#include "json/json.h"

#include <apisec/audit.h>

#define AUDIT_MAX_RECORD 131072
#define AUDIT_MAX_FIELD 1024
extern const apisec_json_limits audit_record_limits; /* chain.c: of a line */

/* Numbers of OCSF 1.8.0. */
enum {
    OCSF_CLASS = 6003,               /* class_uid: API Activity */
    OCSF_ACTIVITY_OTHER = 99,        /* activity_id */
    OCSF_SEVERITY_INFORMATIONAL = 1, /* severity_id */
    OCSF_SEVERITY_HIGH = 4,
    OCSF_STATUS_FAILURE = 2          /* status_id */
};

/* ---- record.c: what a line is made from ---- */

struct record {
    struct buffer members_bytes;
    struct buffer unmapped_bytes;
    struct buffer other_bytes;
    struct json_writer members;      /* OCSF's: write with json_put_… and names */
    struct json_writer unmapped;     /* ours: within unmapped.apisec */
    struct json_writer other;        /* the service's: within unmapped, beside apisec */
    int64_t time_ms;
    int32_t activity;                /* OCSF activity_id: 1 create, 2 read, 3 update, 4 delete, 99 other; 0 unknown */
    const char *correlation;         /* metadata.correlation_uid, or NULL; borrowed */
};
/* record_init begins a record. kind becomes unmapped.apisec.kind: "decision", "event", or a notice of the log's own. */
void record_init(struct record *record, const char *kind, int64_t time_ms);
void record_free(struct record *record);

/* ---- log.c ---- */

/* audit_append gives the record its sequence and chain and writes it. AUDIT: it is not in the log (counted as lost; the chain goes
 * on from the last record that is). Many threads at once: in one order, that of the sequence. */
apisec_status audit_append(apisec_audit *audit, const struct record *record, apisec_error *err);
/* audit_is_strict: on_failure is APISEC_AUDIT_STRICT. */
bool audit_is_strict(const apisec_audit *audit);

#endif
