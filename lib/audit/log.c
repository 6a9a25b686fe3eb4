/* SPDX-License-Identifier: Apache-2.0
 *
 * log.c: the handle of an audit log: opening, appending, counting; and noticing that the process was forked.
 * All writing is the writer's; a child gets one of its own, with its own stream and its own file, at its first record.
 */
#include "audit/writer.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct apisec_audit {
    struct target target;
    int32_t on_failure;
    _Atomic(struct writer *) writer;
    _Atomic int64_t process;         /* whose the writer is; negative: of a child that is making its own */
    _Atomic uint64_t num_written;
    _Atomic uint64_t num_lost;
};

/* ---- fork ---- */

static bool replace_writer(apisec_audit *audit)
{
    struct writer *const parents = atomic_load(&audit->writer);
    struct writer *fresh;
    if (writer_new(&audit->target, &fresh, NULL) != APISEC_OK) return false;
    const bool is_file = audit->target.path && !audit->target.is_device; /* it is the parent's; ours is made beside it */
    if (!is_file && writer_open(fresh, NULL) != APISEC_OK) {
        writer_close(fresh);
        return false;
    }
    if (!writer_leave(parents)) fresh->left = parents;
    atomic_store(&audit->writer, fresh);
    return true;
}

/* own_writer returns this process's writer: nothing of the parent's is used in a child. NULL without memory or randomness. */
static struct writer *own_writer(apisec_audit *audit)
{
    const int64_t self = (int64_t)getpid();
    for (;;) {
        int64_t owner = atomic_load(&audit->process);
        if (owner == self) return atomic_load(&audit->writer);
        if (owner == -self || !atomic_compare_exchange_strong(&audit->process, &owner, -self)) {
            sched_yield(); /* another thread of this child is at it */
            continue;
        }
        const bool replaced = replace_writer(audit);
        atomic_store(&audit->process, replaced ? self : owner);
        if (!replaced) return NULL;
    }
}

/* ---- opening ---- */

/* A service may change its folder after opening; the files beside this one belong where this one is. */
static char *absolute_path(const char *path)
{
    char folder[4096];
    struct buffer whole = BUFFER_MAX(8192);
    if (path[0] == '/' || !getcwd(folder, sizeof folder)) return text_copy(text_of(path));
    buffer_text(&whole, folder);
    buffer_byte(&whole, '/');
    buffer_text(&whole, path);
    return buffer_take(&whole);
}

static void audit_free(apisec_audit *audit)
{
    free(audit->target.path);
    free(audit);
}

static apisec_status open_target(const struct target *target, int32_t on_failure, apisec_audit **audit, apisec_error *err)
{
    struct writer *writer;
    apisec_audit *const fresh = calloc(1, sizeof *fresh);
    if (!fresh) {
        free(target->path);
        return fail_memory(err);
    }
    fresh->target = *target;
    fresh->on_failure = on_failure;
    apisec_status status = writer_new(&fresh->target, &writer, err);
    if (status == APISEC_OK) status = writer_open(writer, err);
    if (status != APISEC_OK) {
        writer_close(writer);
        audit_free(fresh);
        return status;
    }
    fresh->target.is_device = target->path && !writer->segment.is_file;
    atomic_init(&fresh->writer, writer);
    atomic_init(&fresh->process, (int64_t)getpid());
    *audit = fresh;
    return succeed(err);
}

static apisec_status check_modes(int32_t level, int32_t on_failure, apisec_error *err)
{
    if (level != APISEC_AUDIT_WRITTEN && level != APISEC_AUDIT_SYNCED)
        return fail(err, APISEC_E_ARGUMENT, "an audit log's level is APISEC_AUDIT_WRITTEN or APISEC_AUDIT_SYNCED");
    if (on_failure != APISEC_AUDIT_STRICT && on_failure != APISEC_AUDIT_LENIENT)
        return fail(err, APISEC_E_ARGUMENT, "on_failure is APISEC_AUDIT_STRICT or APISEC_AUDIT_LENIENT");
    return APISEC_OK;
}

apisec_status apisec_audit_open_file(const char *path, int32_t level, int32_t on_failure, apisec_audit **audit, apisec_error *err)
{
    if (!audit) return fail(err, APISEC_E_ARGUMENT, "nowhere to put the audit log");
    *audit = NULL;
    if (!path || !path[0]) return fail(err, APISEC_E_ARGUMENT, "an audit log needs a path");
    const apisec_status status = check_modes(level, on_failure, err);
    if (status != APISEC_OK) return status;

    const struct target target = {.path = absolute_path(path), .fd = -1, .is_synced = level == APISEC_AUDIT_SYNCED};
    if (!target.path) return fail_memory(err);
    return open_target(&target, on_failure, audit, err);
}

apisec_status apisec_audit_open_fd(int fd, int32_t level, int32_t on_failure, apisec_audit **audit, apisec_error *err)
{
    if (!audit) return fail(err, APISEC_E_ARGUMENT, "nowhere to put the audit log");
    *audit = NULL;
    if (fd < 0) return fail(err, APISEC_E_ARGUMENT, "the audit descriptor is not open");
    const apisec_status status = check_modes(level, on_failure, err);
    if (status != APISEC_OK) return status;

    const struct target target = {.fd = fd, .is_synced = level == APISEC_AUDIT_SYNCED};
    return open_target(&target, on_failure, audit, err);
}

apisec_status apisec_audit_open_callback(const apisec_audit_sink *sink, int32_t on_failure, apisec_audit **audit, apisec_error *err)
{
    if (!audit) return fail(err, APISEC_E_ARGUMENT, "nowhere to put the audit log");
    *audit = NULL;
    if (!sink || !sink->write) return fail(err, APISEC_E_ARGUMENT, "an audit sink needs its write function");
    const apisec_status status = check_modes(APISEC_AUDIT_WRITTEN, on_failure, err);
    if (status != APISEC_OK) return status;

    const struct target target = {.fd = -1, .sink = *sink};
    return open_target(&target, on_failure, audit, err);
}

void apisec_audit_close(apisec_audit *audit)
{
    if (!audit) return;
    struct writer *const writer = atomic_load(&audit->writer);
    const bool own = atomic_load(&audit->process) == (int64_t)getpid();
    if (own) writer_close(writer);
    else writer_leave(writer); /* a child that never wrote: what the parent has to say is the parent's to say */
    if (audit->target.sink.close) audit->target.sink.close(audit->target.sink.context);
    audit_free(audit);
}

/* ---- appending ---- */

apisec_status audit_append(apisec_audit *audit, const struct record *record, apisec_error *err)
{
    char reason[SEGMENT_REASON] = "no memory for a stream";
    if (!audit) return fail(err, APISEC_E_MISUSE, "no audit log");
    struct writer *const writer = own_writer(audit);
    if (writer && writer_append(writer, record, reason) == APISEC_OK) {
        atomic_fetch_add_explicit(&audit->num_written, 1, memory_order_relaxed);
        return succeed(err);
    }
    atomic_fetch_add_explicit(&audit->num_lost, 1, memory_order_relaxed);
    return fail(err, APISEC_E_AUDIT, "the audit record was not written: %s", reason);
}

bool audit_is_strict(const apisec_audit *audit)
{
    return audit && audit->on_failure != APISEC_AUDIT_LENIENT;
}

uint64_t apisec_audit_num_written(const apisec_audit *audit)
{
    return audit ? atomic_load_explicit(&audit->num_written, memory_order_relaxed) : 0;
}

uint64_t apisec_audit_num_lost(const apisec_audit *audit)
{
    return audit ? atomic_load_explicit(&audit->num_lost, memory_order_relaxed) : 0;
}
