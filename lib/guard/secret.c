/* SPDX-License-Identifier: Apache-2.0
 *
 * secret.c: what a document only refers to: the bytes of a file, or of a variable of the environment. They are wiped when they were
 * handed on, and stand in no sentence.
 */
#include "guard/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void secret_free(struct secret *secret)
{
    mem_wipe_free(secret->bytes, secret->len);
    *secret = (struct secret){NULL, 0};
}

/* ---- a file ---- */

static const char *problem(int error)
{
    switch (error) {
    case ENOENT: return "there is no such file";
    case EACCES: return "permission denied";
    case ENOTDIR: return "a part of the path is no folder";
    default: return "it cannot be read";
    }
}

/* read_all reads until the end or until there are max bytes. -1: errno. */
static ssize_t read_all(int fd, char *bytes, size_t max)
{
    size_t len = 0;
    while (len < max) {
        const ssize_t got = read(fd, bytes + len, max - len);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) break;
        len += (size_t)got;
    }
    return (ssize_t)len;
}

static apisec_status read_descriptor(const struct shape *at, int fd, size_t max, struct secret *secret, apisec_error *err)
{
    struct stat about;
    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
        return shape_fail(at, err, "the file cannot be used: it is no regular file");
    if (about.st_size < 0 || (uintmax_t)about.st_size > max) return shape_fail(at, err, "the file has more than %zu bytes", max);
    const size_t room = max + 1; /* it may grow meanwhile: one byte more is seen */
    char *bytes = malloc(room);
    if (bytes == NULL) return fail_memory(err);
    const ssize_t len = read_all(fd, bytes, room);
    if (len < 0 || (size_t)len > max) {
        const int error = errno;
        mem_wipe_free(bytes, room);
        return len < 0 ? shape_fail(at, err, "the file cannot be used: %s", problem(error))
                       : shape_fail(at, err, "the file has more than %zu bytes", max);
    }
    secret->bytes = text_copy((struct text){bytes, (size_t)len});
    secret->len = (size_t)len;
    mem_wipe_free(bytes, room);
    return secret->bytes != NULL ? APISEC_OK : fail_memory(err);
}

/* A fifo would be waited for: it is opened without waiting, and then seen to be none. */
static apisec_status read_file(const struct shape *at, const char *path, size_t max, struct secret *secret, apisec_error *err)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return shape_fail(at, err, "the file cannot be used: %s", problem(errno));
    const apisec_status status = read_descriptor(at, fd, max, secret, err);
    close(fd);
    return status;
}

/* ---- either ---- */

static apisec_status read_variable(const struct shape *at, const char *name, size_t max, struct secret *secret, apisec_error *err)
{
    const char *value = getenv(name);
    if (value == NULL) return shape_fail(at, err, "the environment has no such variable");
    if (strlen(value) > max) return shape_fail(at, err, "the variable has more than %zu bytes", max);
    secret->bytes = text_copy(text_of(value));
    secret->len = strlen(value);
    return secret->bytes != NULL ? APISEC_OK : fail_memory(err);
}

static apisec_status take(struct secret *secret, const char *stand_in, apisec_error *err)
{
    secret->bytes = text_copy(text_of(stand_in));
    secret->len = secret->bytes == NULL ? 0 : strlen(stand_in);
    return secret->bytes != NULL ? APISEC_OK : fail_memory(err);
}

bool secret_is_reference(const char *text)
{
    if (strncmp(text, "file:", 5) == 0) return text[5] != '\0';
    return strncmp(text, "env:", 4) == 0 && text[4] != '\0';
}

apisec_status path_read(const struct shape *at, const char **path, apisec_error *err)
{
    const apisec_status status = shape_text(at, path, err);
    if (status != APISEC_OK || !secret_is_reference(*path)) return status;
    return shape_fail(at, err, "a path as it is, without \"file:\" or \"env:\", is wanted");
}

apisec_status secret_read(const struct shape *at, const struct reading *reading, size_t max, const char *stand_in,
                          struct secret *secret, apisec_error *err)
{
    const char *reference;
    *secret = (struct secret){NULL, 0};
    apisec_status status = shape_text(at, &reference, err);
    if (status != APISEC_OK) return status;
    const bool is_file = reference[0] == 'f';
    if (!secret_is_reference(reference))
        return shape_fail(at, err, "a secret does not stand in the document: \"file:PATH\" or \"env:NAME\" is wanted");
    if (reading->has_stand_ins) return take(secret, stand_in, err);
    status = is_file ? read_file(at, reference + 5, max, secret, err) : read_variable(at, reference + 4, max, secret, err);
    if (status != APISEC_OK) return status;
    if (secret->len > 0 && secret->bytes[secret->len - 1] == '\n') secret->bytes[--secret->len] = '\0';
    if (secret->len > 0) return APISEC_OK;
    secret_free(secret);
    return shape_fail(at, err, "what it refers to is empty");
}
