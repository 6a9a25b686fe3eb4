/* SPDX-License-Identifier: Apache-2.0
 *
 * audit.h: the audit log: one JSON object a line, in the schema OCSF API Activity (class 6003), hash-chained.
 *
 * Each record is a line that ends with
 *     "stream":"…","prev":"<64 hex>","hash":"<64 hex>"}}}
 * where `hash` is the SHA-256 of the line's bytes before `,"hash":` and `prev` the hash of the record before: a changed, removed,
 * inserted or reordered record breaks the chain. A cut tail is not seen by the chain alone, and who owns the host can write a new
 * one: ship the records elsewhere. No record ever holds a token, key or secret, nor a request's query.
 *
 * One writer a file. A file that another process holds, or that was open across fork, is left alone: the log then writes
 * `<path>.<stream>`. Reopening a file cuts a last line that is the beginning of a record and no more, says so in a record,
 * and continues the chain.
 *
 * metadata.sequence counts 1, 2, 3, … within a stream: no number is left out. metadata.uid names a record; "<stream>-7" is the
 * seventh that was to be written. unmapped.apisec.kind says what a record is: "decision"; "event"; or a notice of the log's own:
 *     "gap":{"from":7,"to":9,"reason":"ENOSPC"}     these were lost. With "late":n, the record of sequence n is one of them: it had
 *                                                   been begun where nothing can be taken back, and was completed later
 *     "recovered":{"bytes_cut":n}                   the file ended with half a line
 *     "continues":{"stream":…,"hash":…,"reason":…}  that file could not be synced and is finished; what was not confirmed in it
 *                                                   is written again here, under the same uid
 *
 * What a record holds, each member a path into its JSON. Every one has
 *     metadata.version                  of OCSF, "1.8.0"
 *     metadata.product.name             "libapisec"
 *     metadata.product.vendor_name      "libapisec"
 *     metadata.product.version          of the library, as "0.1.0"
 *     metadata.uid                      the record's name
 *     metadata.sequence                 its number within the stream
 *     metadata.profiles                 ["security_control","trace"]
 *     time                              in milliseconds since 1970; of a decision, when it was made
 *     class_uid                         6003
 *     class_name                        "API Activity"
 *     category_uid                      6
 *     type_uid                          600300 and activity_id
 *     activity_id                       1 POST, 2 GET, HEAD or OPTIONS, 3 PUT or PATCH, 4 DELETE, 99 another, 0 unknown
 *     severity_id                       1 informational, 2 low: a denial, 4 high: records were lost
 *     unmapped.apisec.kind              what it is, as above
 *     unmapped.apisec.stream            20 hex digits: one opening of a log by one process
 *     unmapped.apisec.prev              the hash of the record before; of the first of all 64 zeros
 *     unmapped.apisec.hash              this record's
 * A decision's has these too, as far as they are known: of the token only once it was verified. Texts are cut at 1024 bytes.
 *     action_id                         1 allowed, 2 denied
 *     disposition_id                    the same
 *     status_id                         the same: 1 success, 2 failure
 *     status_code                       the status's name, "APISEC_E_EXPIRED"
 *     status_detail                     the reason, a sentence for the operator
 *     actor.user.uid                    claim `sub`
 *     actor.idp.name                    claim `iss`
 *     actor.app_uid                     claim `client_id`
 *     actor.app_name                    where there is neither user nor client: the service that was authenticated, or the first
 *                                       name of the client certificate, where a rule asked for it; otherwise "unknown"
 *     actor.authorizations[].decision   "allowed" or "denied"
 *     api.operation                     method and path, "GET /orders/7", or "unknown"
 *     api.token.uid                     claim `jti`
 *     src_endpoint.ip                   the socket's peer
 *     src_endpoint.name                 "unknown" where that was not said
 *     http_request.http_method          the method
 *     http_request.url.path             the path, never the query
 *     http_request.x_forwarded_for      what proxies say of where it came from, the last 16: anybody can write that
 *     trace.uid                         the trace of the header traceparent (W3C)
 *     trace.span.uid                    its span
 *     policy.uid                        the rule that was applied
 *     policy.version                    the SHA-256 of the document it stood in
 *     metadata.correlation_uid          claim `txn`
 *     unmapped.apisec.token_sha256      of the token as it came, base64url: what DPoP calls `ath`
 *     unmapped.apisec.delegation        "delegation" where the token names an actor, else "none"
 *     unmapped.apisec.act               the actors, the current one first
 *     unmapped.apisec.act_issuer        that of the current one, where it is another than the token's
 *     unmapped.apisec.aud               claim `aud`
 *     unmapped.apisec.scope_granted     claim `scope`
 *     unmapped.apisec.scope_required    the scopes that were demanded
 *     unmapped.apisec.service           the service whose secret was verified; null where a rule asked for one and there was none
 *     unmapped.apisec.client_address    for whom trusted proxies ask, where it is not the socket's peer; "unknown" where what they
 *                                       say is no address
 *     unmapped.apisec.peer_x5t_s256     the SHA-256 of the client certificate, base64url
 *     unmapped.apisec.peer_names        its URIs and DNS names, the first 8, where a rule asked for them
 *     unmapped.apisec.partial           which of x_forwarded_for and peer_names are not told whole, or not as they were
 *     unmapped.apisec.credentials       "several" where a call had more than one and was denied before a token was looked at
 *     unmapped.apisec.latency_us        microseconds from authentication to this record
 *     unmapped.apisec.checks[].id       each check that was made, in order
 *     unmapped.apisec.checks[].verdict  "pass" or "fail"
 *     unmapped.apisec.checks[].standard the section that asks for it
 *     unmapped.apisec.checks[].detail   the scope or claim in question
 *     unmapped.apisec.claims            of a verified token, those that "record_claims" of a guard's document names: as they are,
 *                                       null where one is absent; left out where it is over 2048 bytes, or
 *                                       with those before it over 16384
 *     unmapped.apisec.rules             "allowed" where the rules had let in what was denied then, by the service's own checks
 *     unmapped.apisec.shadow.verdict    of a requirement that the rule only tries: "allowed" or "denied", had it been enforced
 *     unmapped.apisec.shadow.status_code  its status's name
 *     unmapped.apisec.shadow.reason     what is not met
 * An event has what the service set.
 * Threads: a log may be shared; an event belongs to one.
 */
#ifndef APISEC_AUDIT_H
#define APISEC_AUDIT_H

#include <apisec/status.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

typedef struct apisec_audit apisec_audit;
typedef struct apisec_event apisec_event;

enum {                          /* level: what has happened when a record counts as written */
    APISEC_AUDIT_WRITTEN = 0,   /* write returned: it survives the death of the process */
    APISEC_AUDIT_SYNCED = 1     /* fdatasync returned as well: it survives the loss of power; files only */
};
enum {                          /* on_failure: what an allow does whose record could not be written */
    APISEC_AUDIT_STRICT = 0,    /* it becomes a denial, APISEC_E_AUDIT */
    APISEC_AUDIT_LENIENT = 1    /* it stands; the loss is counted and a gap record follows when writing works again */
};

/* apisec_audit_sink takes finished lines, each with its newline, one call at a time. write returns APISEC_OK once the line is kept;
 * anything else: not a byte of it is. It must not call the log. close may be NULL. */
typedef struct apisec_audit_sink {
    void *context;
    apisec_status (*write)(void *context, const char *line, size_t len);
    void (*close)(void *context);
} apisec_audit_sink;

/* apisec_audit_open_file appends to a file, made with mode 0600 if absent.
 * APISEC_E_CONFIG, APISEC_E_ARGUMENT, APISEC_E_SYSTEM, APISEC_E_AUDIT (the file's last record is not one of ours). */
apisec_status apisec_audit_open_file(const char *path, int32_t level, int32_t on_failure, apisec_audit **audit,
                                     apisec_error *err);
/* apisec_audit_open_fd writes to a descriptor that stays the caller's, and starts a new chain. */
apisec_status apisec_audit_open_fd(int fd, int32_t level, int32_t on_failure, apisec_audit **audit, apisec_error *err);
/* apisec_audit_open_callback hands lines to a sink, which is copied, and starts a new chain. */
apisec_status apisec_audit_open_callback(const apisec_audit_sink *sink, int32_t on_failure, apisec_audit **audit,
                                         apisec_error *err);
/* apisec_audit_close: no decision may still be using the log. */
void apisec_audit_close(apisec_audit *audit);

/* apisec_audit_num_written, apisec_audit_num_lost count since opening: attempted = written + lost. */
uint64_t apisec_audit_num_written(const apisec_audit *audit);
/* apisec_audit_num_lost: records that are not in the log. */
uint64_t apisec_audit_num_lost(const apisec_audit *audit);

/* apisec_event_new begins an event of the service's own, for what no decision records. NULL without memory: apisec_audit_write then
 * says APISEC_E_MEMORY. */
apisec_event *apisec_event_new(void);
/* apisec_event_set_text sets one member of the record. The path names it, "api.operation" or "unmapped.apisec.order": lower-case
 * names joined by dots, under actor, api, http_request, policy, resource, trace, src_endpoint, dst_endpoint or unmapped, or
 * message, status_code, status_detail, activity_id, action_id, status_id, severity_id. The text is cut at 1024 bytes and escaped.
 * A wrong or repeated path fails the write with APISEC_E_ARGUMENT, and so does an event of which nothing is set. */
void apisec_event_set_text(apisec_event *event, const char *path, const char *text, size_t len);
/* apisec_event_set_number: the same with an integer. */
void apisec_event_set_number(apisec_event *event, const char *path, int64_t number);
/* apisec_event_free: it may have been written any number of times, or never. */
void apisec_event_free(apisec_event *event);

/* apisec_audit_write appends one event's record. APISEC_E_AUDIT: it is not in the log. */
apisec_status apisec_audit_write(apisec_audit *audit, const apisec_event *event, apisec_error *err);

/* apisec_chain checks records line by line: what `apisec audit verify` does. One per file, or one for files that continue each
 * other. */
typedef struct apisec_chain apisec_chain;

/* apisec_chain_new: no record was seen yet. A chain that does not begin with a stream's first record has lost its beginning. NULL
 * without memory. */
apisec_chain *apisec_chain_new(void);
/* apisec_chain_next takes one line without its newline. APISEC_E_AUDIT says in err what is wrong with it; APISEC_E_CRYPTO,
 * APISEC_E_MEMORY, APISEC_E_SYSTEM: it could not be looked at. Every later call repeats that. */
apisec_status apisec_chain_next(apisec_chain *chain, const char *line, size_t len, apisec_error *err);
/* apisec_chain_num_records: how many were good. */
uint64_t apisec_chain_num_records(const apisec_chain *chain);
/* apisec_chain_head returns the hash of the last good record in hex: to be kept elsewhere, and compared. NULL before the first. */
const char *apisec_chain_head(const apisec_chain *chain);
/* apisec_chain_continues: the head that the chain's first record says it goes on from, that of a file which could not be synced; it
 * is not among the records checked. NULL where the chain begins by itself. */
const char *apisec_chain_continues(const apisec_chain *chain);
/* apisec_chain_free: NULL does nothing. */
void apisec_chain_free(apisec_chain *chain);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
