/* SPDX-License-Identifier: Apache-2.0
 *
 * logfile.c: looking at audit logs in tests.
 */
#include "support/unit.h"
#include "support/logfile.h"

#include <apisec/audit.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *folder_new(void)
{
    const char *const base = getenv("TMPDIR");
    char *const folder = folder_path(base ? base : "/tmp", "apisec-test-XXXXXX");
    if (!mkdtemp(folder)) fail_msg("no temporary folder");
    return folder;
}

char *folder_path(const char *folder, const char *name)
{
    struct buffer path = BUFFER_MAX(4096);
    buffer_text(&path, folder);
    buffer_byte(&path, '/');
    buffer_text(&path, name);
    char *const taken = buffer_take(&path);
    assert_non_null(taken);
    return taken;
}

void folder_free(char *folder)
{
    DIR *const dir = opendir(folder);
    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] == '.') continue;
        char *const path = folder_path(folder, entry->d_name);
        unlink(path);
        free(path);
    }
    closedir(dir);
    rmdir(folder);
    free(folder);
}

char *folder_other(const char *folder, const char *name)
{
    char *found = NULL;
    size_t num = 0;
    DIR *const dir = opendir(folder);
    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (strncmp(entry->d_name, name, strlen(name)) != 0 || entry->d_name[strlen(name)] != '.') continue;
        free(found);
        found = folder_path(folder, entry->d_name);
        num++;
    }
    closedir(dir);
    if (num == 1) return found;
    free(found);
    return NULL;
}

char *file_read(const char *path, size_t *len)
{
    FILE *const file = fopen(path, "rb");
    if (!file) return NULL;
    struct buffer bytes = BUFFER_MAX(1 << 26);
    char block[4096];
    for (size_t got; (got = fread(block, 1, sizeof block, file)) > 0;) buffer_append(&bytes, block, got);
    fclose(file);
    buffer_append(&bytes, "", 0);
    if (len) *len = bytes.len;
    char *const taken = buffer_take(&bytes);
    assert_non_null(taken);
    return taken;
}

void file_write(const char *path, const char *bytes, size_t len)
{
    FILE *const file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

apisec_status chain_check(const char *bytes, size_t len, uint64_t *num, apisec_error *err)
{
    apisec_status status = succeed(err);
    apisec_chain *const chain = apisec_chain_new();
    const char *const end = bytes + len;
    while (bytes < end && status == APISEC_OK) {
        const char *const newline = memchr(bytes, '\n', (size_t)(end - bytes));
        const char *const stop = newline ? newline : end;
        status = apisec_chain_next(chain, bytes, (size_t)(stop - bytes), err);
        bytes = stop + 1;
    }
    if (num) *num = apisec_chain_num_records(chain);
    apisec_chain_free(chain);
    return status;
}

apisec_status file_chain(const char *path, uint64_t *num, apisec_error *err)
{
    size_t len;
    char *const bytes = file_read(path, &len);
    if (!bytes) fail_msg("no file %s", path);
    if (len > 0) assert_int_equal(bytes[len - 1], '\n');
    const apisec_status status = chain_check(bytes, len, num, err);
    free(bytes);
    return status;
}

struct text line_at(const char *bytes, size_t index)
{
    for (;;) {
        const char *const newline = strchr(bytes, '\n');
        if (!newline) return (struct text){NULL, 0};
        if (index-- == 0) return (struct text){bytes, (size_t)(newline - bytes)};
        bytes = newline + 1;
    }
}

size_t line_count(const char *bytes)
{
    size_t num = 0;
    while (line_at(bytes, num).at) num++;
    return num;
}

const char *line_value(struct text line, const char *path)
{
    static char values[8][8192];
    static size_t turn;
    char name[128];
    char *const value = values[turn++ % 8];
    value[0] = '\0';
    while (path[0]) {
        const size_t len = strcspn(path, ".");
        snprintf(name, sizeof name, "%.*s", (int)len, path);
        if (!json_member_span(line, name, &line)) return value;
        path += len + (path[len] == '.');
    }
    snprintf(value, sizeof values[0], "%.*s", (int)line.len, line.at);
    return value;
}
