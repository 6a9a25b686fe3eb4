/* SPDX-License-Identifier: Apache-2.0
 *
 * segment.c: where lines go: a file of our own, a descriptor of the caller's, or a sink. A line is there whole or not at all: what
 * was written of one that failed is cut off again; where that cannot be, the rest of it is written before anything else.
 * No write of ours raises a signal in the host: a file at its limit and a closed pipe are errors, no more.
 */
#include "audit/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void segment_reason(char out[SEGMENT_REASON], int error)
{
    static const struct {
        int error;
        const char *name;
    } names[] = {
        {ENOSPC, "ENOSPC"}, {EDQUOT, "EDQUOT"}, {EFBIG, "EFBIG"},   {EIO, "EIO"},       {EPIPE, "EPIPE"},   {EAGAIN, "EAGAIN"},
        {EBADF, "EBADF"},   {EACCES, "EACCES"}, {EPERM, "EPERM"},   {ENOENT, "ENOENT"}, {EISDIR, "EISDIR"}, {EROFS, "EROFS"},
        {EMFILE, "EMFILE"}, {ENFILE, "ENFILE"}, {ENOTDIR, "ENOTDIR"}, {EINVAL, "EINVAL"}, {EEXIST, "EEXIST"}, {ELOOP, "ELOOP"},
        {ENAMETOOLONG, "ENAMETOOLONG"},
    };
    snprintf(out, SEGMENT_REASON, "errno %d", error);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].error == error) snprintf(out, SEGMENT_REASON, "%s", names[i].name);
}

/* ---- no signals: SIGPIPE and SIGXFSZ are blocked around a write, and one that it raised is taken away again ---- */

struct quiet {
    sigset_t before;             /* the thread's mask */
    bool pipe_pending, size_pending;
};

static bool is_pending(int signal_number)
{
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, signal_number) == 1;
}

static void quiet_begin(struct quiet *quiet)
{
    sigset_t block;
    sigemptyset(&block);
    sigaddset(&block, SIGPIPE);
    sigaddset(&block, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &block, &quiet->before);
    /* Only a signal that the host has blocked itself can have been pending before; that one is the host's. */
    quiet->pipe_pending = sigismember(&quiet->before, SIGPIPE) == 1 && is_pending(SIGPIPE);
    quiet->size_pending = sigismember(&quiet->before, SIGXFSZ) == 1 && is_pending(SIGXFSZ);
}

static void quiet_end(const struct quiet *quiet, int error)
{
    sigset_t raised;
    const struct timespec at_once = {0, 0};
    sigemptyset(&raised);
    if (error == EPIPE && !quiet->pipe_pending) sigaddset(&raised, SIGPIPE);
    if (error == EFBIG && !quiet->size_pending) sigaddset(&raised, SIGXFSZ);
    if (error == EPIPE || error == EFBIG)
        while (sigtimedwait(&raised, NULL, &at_once) < 0 && errno == EINTR) continue;
    pthread_sigmask(SIG_SETMASK, &quiet->before, NULL);
}

/* write_all writes as much as it can; *written says how much that was. It returns 0 or the errno. */
static int write_all(int fd, struct text bytes, size_t *written)
{
    struct quiet quiet;
    int error = 0;
    *written = 0;
    quiet_begin(&quiet);
    while (*written < bytes.len && error == 0) {
        const ssize_t put = write(fd, bytes.at + *written, bytes.len - *written);
        if (put > 0) *written += (size_t)put;
        else if (put == 0) error = EIO;
        else if (errno != EINTR) error = errno;
    }
    quiet_end(&quiet, error);
    return error;
}

/* ---- opening ---- */

/* The name of a new file is safe only when its folder is. A folder that may not be read cannot be synced by anybody. */
static bool sync_folder(const char *path)
{
    char *folder = text_copy(text_of(path));
    if (!folder) return false;
    char *const slash = strrchr(folder, '/');
    if (slash) slash[slash == folder ? 1 : 0] = '\0';

    const int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool unreadable = fd < 0 && errno == EACCES;
    const bool synced = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL || errno == EROFS);
    if (fd >= 0) close(fd);
    free(folder);
    return synced || unreadable;
}

void segment_close(struct segment *segment)
{
    if (segment->owns_fd && segment->fd >= 0) close(segment->fd);
    buffer_free(&segment->rest);
    segment->is_open = segment->owns_fd = segment->is_file = segment->must_cut = false;
    segment->fd = -1;
}

static enum segment_open open_failed(struct segment *segment, int error)
{
    segment_reason(segment->reason, error);
    segment_close(segment);
    return error == EWOULDBLOCK ? SEGMENT_BUSY : SEGMENT_FAILED;
}

static enum segment_open open_file(struct segment *segment, const char *path, int flags, bool is_synced)
{
    struct stat state;
    *segment = (struct segment){.fd = -1, .owns_fd = true, .rest = BUFFER_MAX(AUDIT_MAX_RECORD)};
    segment->fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | flags, 0600);
    if (segment->fd < 0) return open_failed(segment, errno);
    if (fstat(segment->fd, &state) != 0) return open_failed(segment, errno);
    /* A pipe that was opened for reading too would never say that its reader is gone. */
    if (S_ISFIFO(state.st_mode)) {
        open_failed(segment, EPIPE);
        snprintf(segment->reason, SEGMENT_REASON, "a pipe: use apisec_audit_open_fd");
        return SEGMENT_FAILED;
    }
    segment->is_file = S_ISREG(state.st_mode);
    if (segment->is_file && flock(segment->fd, LOCK_EX | LOCK_NB) != 0) return open_failed(segment, errno);
    if (is_synced && segment->is_file && !sync_folder(path)) return open_failed(segment, EIO);
    segment->is_open = true;
    return SEGMENT_OPENED;
}

enum segment_open segment_open_path(struct segment *segment, const char *path, bool is_synced)
{
    return open_file(segment, path, 0, is_synced);
}

enum segment_open segment_create(struct segment *segment, const char *path, bool is_synced)
{
    return open_file(segment, path, O_EXCL, is_synced);
}

void segment_open_fd(struct segment *segment, int fd)
{
    *segment = (struct segment){.is_open = true, .fd = fd, .rest = BUFFER_MAX(AUDIT_MAX_RECORD)};
}

void segment_open_sink(struct segment *segment, const apisec_audit_sink *sink)
{
    *segment = (struct segment){.is_open = true, .fd = -1, .sink = *sink, .rest = BUFFER_MAX(AUDIT_MAX_RECORD)};
}

/* ---- writing ---- */

static apisec_status cut(struct segment *segment)
{
    if (ftruncate(segment->fd, (off_t)segment->cut_to) == 0) {
        segment->must_cut = false;
        return APISEC_OK;
    }
    segment_reason(segment->reason, errno);
    segment->must_cut = true;
    return APISEC_E_AUDIT;
}

/* Nobody else appends to this file, so what the failed write left is its last bytes. The size is asked for, not remembered:
 * somebody may have cut the file meanwhile, and cutting to an old size would fill it with zeros. false: it cannot be had. */
static bool take_back(struct segment *segment, size_t written)
{
    struct stat state;
    if (!segment->is_file || fstat(segment->fd, &state) != 0) return false;
    segment->cut_to = state.st_size > (off_t)written ? (int64_t)(state.st_size - (off_t)written) : 0;
    cut(segment);
    return true;
}

static apisec_status write_sink(struct segment *segment, struct text line)
{
    const apisec_status status = segment->sink.write(segment->sink.context, line.at, line.len);
    if (status == APISEC_OK) return APISEC_OK;
    snprintf(segment->reason, sizeof segment->reason, "%s", apisec_status_name(status));
    return APISEC_E_AUDIT;
}

apisec_status segment_write(struct segment *segment, struct text line)
{
    size_t written;
    if (!segment->is_open) return APISEC_E_AUDIT;
    if (segment->fd < 0) return write_sink(segment, line);
    if (segment->must_cut && cut(segment) != APISEC_OK) return APISEC_E_AUDIT;

    const int error = write_all(segment->fd, line, &written);
    if (error == 0) return APISEC_OK;
    if (written > 0 && !take_back(segment, written)) buffer_append(&segment->rest, line.at + written, line.len - written);
    segment_reason(segment->reason, error);
    return APISEC_E_AUDIT;
}

apisec_status segment_finish_rest(struct segment *segment)
{
    size_t written;
    const struct text rest = {segment->rest.bytes, segment->rest.len};
    if (segment->rest.status != APISEC_OK) return APISEC_E_AUDIT; /* the rest is lost: no line can follow the half one */
    if (rest.len == 0) return APISEC_OK;

    const int error = write_all(segment->fd, rest, &written);
    memmove(segment->rest.bytes, segment->rest.bytes + written, rest.len - written);
    segment->rest.len = rest.len - written;
    if (error == 0) return APISEC_OK;
    segment_reason(segment->reason, error);
    return APISEC_E_AUDIT;
}
