/* SPDX-License-Identifier: Apache-2.0
 *
 * writer.c: one process's stream of records: their order, their chain, what was lost, and that they are synced together.
 * What the log has to say of itself (a notice) comes before the next record; a record that cannot be written is counted and said.
 */
#include "audit/writer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { UID_MAX = AUDIT_STREAM_LEN + 2 + 20 + 1 };

/* ---- one line, with the lock ---- */

/* advance: the line with this hash is in the log. */
static void advance(struct writer *writer, const char hash[AUDIT_HASH_HEX + 1])
{
    writer->sequence++;
    memcpy(writer->head, hash, AUDIT_HASH_HEX + 1);
}

static apisec_status write_line(struct writer *writer, const struct record *record, const char *uid)
{
    char hash[AUDIT_HASH_HEX + 1];
    buffer_clear(&writer->line);
    record_line(record, uid, writer->sequence + 1, &writer->line);
    const apisec_status sealed = chain_seal(&writer->line, writer->stream, writer->head, hash);
    if (sealed != APISEC_OK) {
        snprintf(writer->segment.reason, SEGMENT_REASON, "%s", apisec_status_name(sealed));
        return APISEC_E_AUDIT;
    }
    const apisec_status status = segment_write(&writer->segment, (struct text){writer->line.bytes, writer->line.len});
    if (status == APISEC_OK) {
        advance(writer, hash);
        return APISEC_OK;
    }
    writer->has_rest = writer->segment.rest.len > 0;
    writer->rest_is_notice = false;
    memcpy(writer->rest_hash, hash, sizeof hash);
    return status;
}

/* A record is named after the attempt that it was, so that a gap says which names are missing; a notice, which is none, after its
 * sequence. */
static void name_record(const struct writer *writer, char uid[UID_MAX])
{
    snprintf(uid, UID_MAX, "%s-%llu", writer->stream, (unsigned long long)writer->attempts + 1);
}

static void name_notice(const struct writer *writer, char uid[UID_MAX])
{
    snprintf(uid, UID_MAX, "%s-n%llu", writer->stream, (unsigned long long)writer->sequence + 1);
}

/* ---- notices ---- */

/* said: the notice last tried is in the log. More may have been lost since it was tried. */
static void said(struct writer *writer)
{
    switch (writer->notice) {
    case NOTICE_GAP:
        writer->num_gap -= writer->num_gap_tried;
        writer->late = 0;
        break;
    case NOTICE_RECOVERED: writer->bytes_cut = 0; break;
    case NOTICE_CONTINUES: writer->old_stream[0] = '\0'; break;
    }
}

static apisec_status say(struct writer *writer, const struct notice *notice)
{
    struct record record;
    char uid[UID_MAX];
    name_notice(writer, uid);
    notice_record(notice, &record);
    const apisec_status status = write_line(writer, &record, uid);
    record_free(&record);
    writer->notice = notice->kind;
    writer->num_gap_tried = writer->num_gap;
    writer->rest_is_notice = true;
    if (status == APISEC_OK) said(writer);
    return status;
}

/* A line that was half written and could not be cut off is completed now. It counts as lost, because its caller was told so. */
static apisec_status finish_rest(struct writer *writer)
{
    const apisec_status status = segment_finish_rest(&writer->segment);
    if (status != APISEC_OK || !writer->has_rest) return status;
    writer->has_rest = false;
    advance(writer, writer->rest_hash);
    if (writer->rest_is_notice) said(writer);
    else writer->late = writer->sequence;
    return APISEC_OK;
}

static apisec_status open_beside(struct writer *writer);

/* settle does and says what has to come before the next record. */
static apisec_status settle(struct writer *writer)
{
    apisec_status status = writer->is_dead ? APISEC_E_AUDIT : finish_rest(writer);
    if (status == APISEC_OK && !writer->segment.is_open) status = open_beside(writer);
    if (status == APISEC_OK && writer->old_stream[0])
        status = say(writer, &(struct notice){.kind = NOTICE_CONTINUES, .stream = writer->old_stream, .hash = writer->old_head,
                                              .reason = writer->old_reason});
    if (status == APISEC_OK && writer->bytes_cut > 0)
        status = say(writer, &(struct notice){.kind = NOTICE_RECOVERED, .bytes_cut = writer->bytes_cut});
    if (status == APISEC_OK && writer->num_gap > 0)
        status = say(writer, &(struct notice){.kind = NOTICE_GAP, .from = writer->attempts - writer->num_gap + 1,
                                              .to = writer->attempts, .late = writer->late, .reason = writer->gap_reason});
    return status;
}

static void lose(struct writer *writer, char reason[SEGMENT_REASON])
{
    writer->attempts++;
    writer->num_gap++;
    memcpy(writer->gap_reason, writer->segment.reason, SEGMENT_REASON);
    memcpy(reason, writer->segment.reason, SEGMENT_REASON);
}

/* ---- synced: whoever comes first syncs for all who have written by then ---- */

/* finish_file: a sync failed, so nobody knows what of the file is safe, and asking again would get a wrong answer: the kernel
 * reports the error once. Nothing more is written to it; what was not confirmed is written again, to a new file. */
static void finish_file(struct writer *writer, int error)
{
    segment_reason(writer->old_reason, error);
    segment_reason(writer->segment.reason, error);
    writer->generation++;
    writer->finished_mark = writer->synced_mark;
    if (!writer->target->path) {
        writer->is_dead = true;
        return;
    }
    segment_close(&writer->segment);
    memcpy(writer->old_stream, writer->stream, sizeof writer->stream);
    memcpy(writer->old_head, writer->head, sizeof writer->head);
    writer->stream[0] = '\0';
}

/* sync lets others write while it waits for the disk. */
static void sync_file(struct writer *writer)
{
    const uint64_t mark = writer->written_mark;
    const int fd = writer->segment.fd;
    int error = 0;
    writer->is_syncing = true;
    pthread_mutex_unlock(&writer->lock);
    while (fdatasync(fd) != 0) {
        error = errno;
        if (error != EINTR) break; /* interrupted is not failed: nothing was reported yet */
        error = 0;
    }
    pthread_mutex_lock(&writer->lock);
    writer->is_syncing = false;
    if (error == 0) writer->synced_mark = mark;
    else finish_file(writer, error);
    pthread_cond_broadcast(&writer->synced);
}

/* wait_synced: true when the record just written is synced; false when its file was finished before it was. */
static bool wait_synced(struct writer *writer)
{
    const uint64_t mark = ++writer->written_mark;
    const uint64_t generation = writer->generation;
    while (writer->generation == generation && writer->synced_mark < mark) {
        if (writer->is_syncing) pthread_cond_wait(&writer->synced, &writer->lock);
        else sync_file(writer);
    }
    if (writer->generation == generation) return true;
    return writer->generation == generation + 1 && writer->finished_mark >= mark;
}

/* append_once: APISEC_E_BUSY: the record was written, but its file was finished before it was synced. */
static apisec_status append_once(struct writer *writer, const struct record *record, char uid[UID_MAX])
{
    apisec_status status = settle(writer);
    if (status != APISEC_OK) return status;
    if (!uid[0]) name_record(writer, uid); /* kept if it has to be written again: that is how the two copies are known as one */
    status = write_line(writer, record, uid);
    if (status != APISEC_OK) return status;
    writer->attempts++;
    if (writer->target->is_synced && !wait_synced(writer)) return APISEC_E_BUSY;
    return APISEC_OK;
}

apisec_status writer_append(struct writer *writer, const struct record *record, char reason[SEGMENT_REASON])
{
    char uid[UID_MAX] = "";
    pthread_mutex_lock(&writer->lock);
    apisec_status status = append_once(writer, record, uid);
    if (status == APISEC_E_BUSY) status = append_once(writer, record, uid);
    if (status != APISEC_OK) lose(writer, reason);
    pthread_mutex_unlock(&writer->lock);
    return status == APISEC_OK ? APISEC_OK : APISEC_E_AUDIT;
}

/* ---- opening and closing ---- */

/* begin_stream: a new chain in a new file. Losses not yet said become its first attempts. */
static apisec_status begin_stream(struct writer *writer)
{
    if (stream_id(writer->stream) != APISEC_OK) {
        writer->stream[0] = '\0';
        snprintf(writer->segment.reason, SEGMENT_REASON, "no randomness");
        return APISEC_E_AUDIT;
    }
    memcpy(writer->head, CHAIN_GENESIS, sizeof writer->head);
    writer->sequence = 0;
    writer->attempts = writer->num_gap;
    return APISEC_OK;
}

static apisec_status open_beside(struct writer *writer)
{
    struct buffer path = BUFFER_MAX(8192);
    if (!writer->stream[0] && begin_stream(writer) != APISEC_OK) return APISEC_E_AUDIT;
    buffer_text(&path, writer->target->path);
    buffer_byte(&path, '.');
    buffer_text(&path, writer->stream);
    const enum segment_open opened =
        path.status == APISEC_OK ? segment_create(&writer->segment, path.bytes, writer->target->is_synced) : SEGMENT_FAILED;
    buffer_free(&path);
    return opened == SEGMENT_OPENED ? APISEC_OK : APISEC_E_AUDIT;
}

apisec_status writer_new(const struct target *target, struct writer **writer, apisec_error *err)
{
    *writer = NULL;
    struct writer *const fresh = calloc(1, sizeof *fresh);
    if (!fresh) return fail_memory(err);
    fresh->target = target;
    fresh->line = BUFFER_MAX(AUDIT_MAX_RECORD + 1); /* and the newline */
    fresh->segment.fd = -1;
    if (begin_stream(fresh) != APISEC_OK) {
        free(fresh);
        return fail(err, APISEC_E_SYSTEM, "the audit stream has no name: no randomness");
    }
    pthread_mutex_init(&fresh->lock, NULL);
    pthread_cond_init(&fresh->synced, NULL);
    *writer = fresh;
    return succeed(err);
}

static apisec_status open_descriptor(struct writer *writer, apisec_error *err)
{
    struct stat state;
    const int fd = writer->target->fd;
    if (fstat(fd, &state) != 0) return fail(err, APISEC_E_ARGUMENT, "the audit descriptor is not open");
    if (writer->target->is_synced && !S_ISREG(state.st_mode))
        return fail(err, APISEC_E_CONFIG, "only a regular file can be synced after each record");
    segment_open_fd(&writer->segment, fd);
    return succeed(err);
}

static apisec_status open_path(struct writer *writer, apisec_error *err)
{
    struct recovery recovery;
    apisec_error inner;
    const struct target *const target = writer->target;
    const enum segment_open opened = segment_open_path(&writer->segment, target->path, target->is_synced);
    if (opened == SEGMENT_BUSY && open_beside(writer) == APISEC_OK) return succeed(err);
    if (!writer->segment.is_open)
        return fail(err, APISEC_E_SYSTEM, "the audit file %.150s cannot be opened: %s", target->path, writer->segment.reason);
    if (!writer->segment.is_file) {
        if (target->is_synced) return fail(err, APISEC_E_CONFIG, "only a regular file can be synced after each record");
        return succeed(err);
    }
    const apisec_status status = recover_file(writer->segment.fd, &recovery, &inner);
    if (status != APISEC_OK) return fail(err, status, "%.100s: %s", target->path, inner.text);
    memcpy(writer->head, recovery.head, sizeof writer->head);
    writer->bytes_cut = recovery.bytes_cut;
    settle(writer); /* what it cannot say now it says before the first record */
    return succeed(err);
}

apisec_status writer_open(struct writer *writer, apisec_error *err)
{
    if (writer->target->path) return open_path(writer, err);
    if (!writer->target->sink.write) return open_descriptor(writer, err);
    segment_open_sink(&writer->segment, &writer->target->sink);
    return succeed(err);
}

void writer_close(struct writer *writer)
{
    if (!writer) return;
    pthread_mutex_lock(&writer->lock);
    if (writer->num_gap > 0 || writer->bytes_cut > 0 || writer->has_rest) settle(writer);
    if (writer->target->is_synced && writer->segment.fd >= 0 && !writer->is_dead) fdatasync(writer->segment.fd);
    segment_close(&writer->segment);
    buffer_free(&writer->line);
    pthread_mutex_unlock(&writer->lock);
    pthread_cond_destroy(&writer->synced);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
}

/* At the fork another thread may have been in the midst of changing the writer; then it held the lock, and the child's copy of the
 * lock stays held for ever. The lock and the condition are not destroyed: that may wait for threads that do not exist here. */
bool writer_leave(struct writer *writer)
{
    if (!writer) return true;
    if (pthread_mutex_trylock(&writer->lock) != 0) return false;
    segment_close(&writer->segment);
    buffer_free(&writer->line);
    free(writer);
    return true;
}
