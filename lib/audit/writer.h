/* SPDX-License-Identifier: Apache-2.0
 *
 * writer.h: the inside of the log: one process's stream of records into one file, descriptor or sink.
 *
 *   writer.c   one order, the chain, losses and what is said of them, group commit
 *   segment.c  where lines go: open, write whole or not at all          recover.c  what an existing file ends with
 *   notice.c   the log's own records                                    stream.c   who writes
 */
#ifndef AUDIT_WRITER_H
#define AUDIT_WRITER_H

#include "audit/audit.h"

#include <pthread.h>

#define AUDIT_HASH_HEX 64
#define AUDIT_STREAM_LEN 20

/* ---- record.c ---- */

/* record_line appends the whole line but its end, open inside unmapped.apisec: chain_seal closes it. */
void record_line(const struct record *record, const char *uid, uint64_t sequence, struct buffer *line);

/* ---- chain.c: the line's end, shared by writer.c, recover.c and the checker ---- */

#define CHAIN_GENESIS "0000000000000000000000000000000000000000000000000000000000000000" /* prev of the first record of all */

/* chain_seal appends `,"stream":"…","prev":"…","hash":"…"}}}` and a newline to a line that is open inside unmapped.apisec, and
 * writes the new head. */
apisec_status chain_seal(struct buffer *line, const char *stream, const char prev[AUDIT_HASH_HEX + 1],
                         char hash[AUDIT_HASH_HEX + 1]);

/* chain_read checks one line (without its newline) by itself: strict JSON, our end, and the hash is that of its bytes. AUDIT. */
struct chain_link {
    char stream[AUDIT_STREAM_LEN + 1];
    char prev[AUDIT_HASH_HEX + 1];
    char hash[AUDIT_HASH_HEX + 1];
    char continues[AUDIT_HASH_HEX + 1]; /* the head that a notice of continuation names, or "" */
    uint64_t sequence;
};
apisec_status chain_read(struct text line, struct chain_link *link, apisec_error *err);

/* ---- stream.c ---- */

/* stream_id makes the name of a new stream: 20 hex digits from boot id, process, time and randomness. SYSTEM, CRYPTO. */
apisec_status stream_id(char out[AUDIT_STREAM_LEN + 1]);

/* ---- recover.c ---- */

struct recovery {
    char head[AUDIT_HASH_HEX + 1];   /* CHAIN_GENESIS when there is no record */
    uint64_t bytes_cut;              /* of a half-written last line */
};
/* recover_file looks at the end of a file that is ours alone, and cuts a half-written last line. AUDIT: what is there is no log. */
apisec_status recover_file(int fd, struct recovery *recovery, apisec_error *err);

/* ---- segment.c: one file, descriptor or sink that takes lines; used under the writer's lock ---- */

#define SEGMENT_REASON 40

struct segment {
    bool is_open;
    int fd;                          /* -1: a sink */
    apisec_audit_sink sink;
    bool owns_fd;                    /* opened here, not the caller's */
    bool is_file;                    /* a regular file of our own, held with flock: a line's part can be cut off again */
    bool must_cut;                   /* … and could not be, the last time: before anything else the file is cut to cut_to */
    int64_t cut_to;
    struct buffer rest;              /* otherwise: what is missing of a line that was begun */
    char reason[SEGMENT_REASON];     /* of the last failure: "ENOSPC" */
};

enum segment_open { SEGMENT_OPENED, SEGMENT_BUSY, SEGMENT_FAILED };
/* segment_open_path opens and locks a file that exists or not; segment_create one that must not exist. is_synced: the folder is
 * synced as well. BUSY: somebody else holds it. */
enum segment_open segment_open_path(struct segment *segment, const char *path, bool is_synced);
enum segment_open segment_create(struct segment *segment, const char *path, bool is_synced);
void segment_open_fd(struct segment *segment, int fd);
void segment_open_sink(struct segment *segment, const apisec_audit_sink *sink);
/* segment_write: APISEC_OK when all of the line is there. AUDIT: it is not, or rest is not empty and it may be one day. */
apisec_status segment_write(struct segment *segment, struct text line);
/* segment_finish_rest writes what is missing of a line that was begun. APISEC_OK: nothing is missing now. */
apisec_status segment_finish_rest(struct segment *segment);
/* segment_reason names an errno for records and sentences. */
void segment_reason(char out[SEGMENT_REASON], int error);
/* segment_close closes what was opened here; a descriptor of the caller's stays open, a sink is left alone. */
void segment_close(struct segment *segment);

/* ---- notice.c: what the log says of itself ---- */

enum notice_kind { NOTICE_GAP, NOTICE_RECOVERED, NOTICE_CONTINUES };
struct notice {
    enum notice_kind kind;
    uint64_t from, to, late;         /* gap: the attempts lost; late: the sequence of one that was completed afterwards, or 0 */
    const char *reason;              /* gap, continues */
    uint64_t bytes_cut;              /* recovered */
    const char *stream, *hash;       /* continues: what is continued, and its head */
};
void notice_record(const struct notice *notice, struct record *record);

/* ---- writer.c ---- */

/* What a log was opened with; it does not change any more. */
struct target {
    char *path;                      /* NULL: a descriptor or a sink */
    int fd;                          /* -1: none */
    apisec_audit_sink sink;          /* write NULL: none */
    bool is_synced;
    bool is_device;                  /* the path is no regular file: nobody owns it, a child opens it too */
};

struct writer {
    pthread_mutex_t lock;            /* of everything below */
    pthread_cond_t synced;
    const struct target *target;
    struct writer *left;             /* of the process that this one was forked from, if it could not be freed */

    struct segment segment;
    bool is_dead;                    /* a descriptor that could not be synced: nothing is written to it any more */
    char stream[AUDIT_STREAM_LEN + 1];
    char head[AUDIT_HASH_HEX + 1];   /* of the last record */
    uint64_t sequence;               /* of the last record */
    uint64_t attempts;               /* to append a record to this stream: written and lost */
    struct buffer line;

    uint64_t num_gap;                /* the last so many attempts were lost, and no notice says so yet */
    char gap_reason[SEGMENT_REASON];
    uint64_t late;                   /* … and this sequence was completed afterwards */
    uint64_t bytes_cut;              /* to say in a notice; 0: nothing */
    char old_stream[AUDIT_STREAM_LEN + 1]; /* to be continued in a new file, to say in a notice; "": nothing */
    char old_head[AUDIT_HASH_HEX + 1];
    char old_reason[SEGMENT_REASON];
    enum notice_kind notice;         /* the last that was tried, and how much of num_gap it said */
    uint64_t num_gap_tried;
    bool has_rest;                   /* segment.rest is the rest of a line with this hash; that notice, or a record */
    bool rest_is_notice;
    char rest_hash[AUDIT_HASH_HEX + 1];

    bool is_syncing;                 /* somebody is in fdatasync, without the lock */
    uint64_t generation;             /* of the file: one more for each that was finished because a sync failed */
    uint64_t written_mark;           /* records written to any file so far */
    uint64_t synced_mark;            /* … and up to which they are synced in this file */
    uint64_t finished_mark;          /* … and were in the file before this one */
};

/* writer_new begins a stream; nothing is opened yet. MEMORY, SYSTEM. target must outlive it. */
apisec_status writer_new(const struct target *target, struct writer **writer, apisec_error *err);
/* writer_open opens what the target says, and recovers a file. Called before anybody else knows the writer; one that is not opened
 * writes to `<path>.<stream>`. */
apisec_status writer_open(struct writer *writer, apisec_error *err);
/* writer_append writes one record: AUDIT, and why, when it is not as safe as the target demands. */
apisec_status writer_append(struct writer *writer, const struct record *record, char reason[SEGMENT_REASON]);
/* writer_close says what is still to be said, and frees. */
void writer_close(struct writer *writer);
/* writer_leave is for a forked child: frees the parent's writer without writing, if its state can be trusted; false: it cannot. */
bool writer_leave(struct writer *writer);

#endif
