/* SPDX-License-Identifier: Apache-2.0
 *
 * recover.c: what an existing file ends with: the record to continue from, and a half-written line to cut off.
 * Only what is certainly ours is cut: a wrong path must not cost anybody the end of another file.
 */
#include "audit/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Room for a whole last record and as long a part behind it. */
enum { RECOVER_WINDOW = 2 * (AUDIT_MAX_RECORD + 1) };

static apisec_status read_window(int fd, off_t from, char *window, size_t len, apisec_error *err)
{
    size_t have = 0;
    while (have < len) {
        const ssize_t got = pread(fd, window + have, len - have, from + (off_t)have);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return fail(err, APISEC_E_SYSTEM, "the audit file cannot be read");
        have += (size_t)got;
    }
    return APISEC_OK;
}

static const char *last_newline(const char *bytes, size_t len)
{
    while (len > 0)
        if (bytes[--len] == '\n') return bytes + len;
    return NULL;
}

/* A half-written line begins like every record, as far as it goes; after a loss of power it may be zeros that were never filled. */
static bool is_half_a_line(struct text part)
{
    static const char start[] = "{\"metadata\":{";
    const size_t len = part.len < sizeof start - 1 ? part.len : sizeof start - 1;
    if (memcmp(part.at, start, len) == 0) return true;
    for (size_t i = 0; i < part.len; i++)
        if (part.at[i] != '\0') return false;
    return true;
}

/* judge finds the last record and the part behind it in the file's last bytes. whole: they are the file. */
static apisec_status judge(struct text window, bool whole, struct recovery *recovery, apisec_error *err)
{
    struct chain_link link;
    apisec_error inner;
    const char *const newline = last_newline(window.at, window.len);
    const char *const after = newline ? newline + 1 : window.at;
    const struct text part = {after, window.len - (size_t)(after - window.at)};
    if (!newline && !whole) return fail(err, APISEC_E_AUDIT, "the file is not an audit log: it has no lines");
    if (part.len > AUDIT_MAX_RECORD || !is_half_a_line(part))
        return fail(err, APISEC_E_AUDIT, "the file is not an audit log: it does not end with a record");
    recovery->bytes_cut = part.len;
    if (!newline) return succeed(err);

    const size_t before = (size_t)(newline - window.at);
    const char *const previous = last_newline(window.at, before);
    if (!previous && !whole) return fail(err, APISEC_E_AUDIT, "the file is not an audit log: its last line is too long");
    const char *const line = previous ? previous + 1 : window.at;
    const apisec_status status = chain_read((struct text){line, (size_t)(newline - line)}, &link, &inner);
    if (status != APISEC_OK) return fail(err, status, "the file's last record is not one to continue: %s", inner.text);
    memcpy(recovery->head, link.hash, sizeof recovery->head);
    return succeed(err);
}

apisec_status recover_file(int fd, struct recovery *recovery, apisec_error *err)
{
    struct stat state;
    *recovery = (struct recovery){.head = CHAIN_GENESIS};
    if (fstat(fd, &state) != 0) return fail(err, APISEC_E_SYSTEM, "the audit file's size cannot be read");
    if (state.st_size <= 0) return succeed(err);

    const bool whole = state.st_size <= RECOVER_WINDOW;
    const size_t len = whole ? (size_t)state.st_size : RECOVER_WINDOW;
    char *const window = malloc(len);
    if (!window) return fail_memory(err);

    apisec_status status = read_window(fd, state.st_size - (off_t)len, window, len, err);
    if (status == APISEC_OK) status = judge((struct text){window, len}, whole, recovery, err);
    if (status == APISEC_OK && recovery->bytes_cut > 0 && ftruncate(fd, state.st_size - (off_t)recovery->bytes_cut) != 0)
        status = fail(err, APISEC_E_SYSTEM, "the audit file's half-written last line cannot be cut");
    free(window);
    return status;
}
