/* SPDX-License-Identifier: Apache-2.0
 *
 * vectors.c: files of test vectors, read with the library's own reader under limits that fit them, and the tally.
 */
#include "support/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t num_passed, num_failed, num_skipped;

static void give_up(const char *what, const char *where)
{
    fprintf(stderr, "%s: %s\n", where, what);
    exit(2);
}

/* ---- files ---- */

const char *vectors_folder(int argc, char **argv, const char *name)
{
    static char folder[1024];
    const char *const all = getenv("VECTORS");
    if (argc > 1) return argv[1];
    if (!all) give_up("give the folder as argument, or VECTORS in the environment", argv[0]);
    if (snprintf(folder, sizeof folder, "%s/%s", all, name) >= (int)sizeof folder) give_up("too long a name", all);
    return folder;
}

static struct buffer read_file(const char *path)
{
    enum { MAX_FILE = 16 * 1024 * 1024 };
    struct buffer bytes = BUFFER_MAX(MAX_FILE);
    char chunk[65536];
    FILE *const file = fopen(path, "rb");
    if (!file) give_up("cannot be opened", path);
    for (size_t got; (got = fread(chunk, 1, sizeof chunk, file)) > 0;) buffer_append(&bytes, chunk, got);
    if (ferror(file) || bytes.status != APISEC_OK) give_up("cannot be read", path);
    fclose(file);
    return bytes;
}

struct json *vectors_open(const char *folder, const char *name)
{
    static const apisec_json_limits limits = {.max_bytes = 16 * 1024 * 1024, .max_elements = 10000, .max_string = 1024 * 1024};
    char path[1024];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) give_up("too long a name", name);
    struct buffer bytes = read_file(path);
    struct json *document = NULL;
    apisec_error err;
    if (json_parse((struct text){bytes.bytes, bytes.len}, &limits, &document, &err) != APISEC_OK) give_up(err.text, path);
    buffer_free(&bytes);
    return document;
}

struct text vectors_read(const char *folder, const char *name, struct arena *arena)
{
    char path[1024];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) give_up("too long a name", name);
    struct buffer bytes = read_file(path);
    const struct text text = {arena_text(arena, (struct text){bytes.bytes, bytes.len}), bytes.len};
    if (!text.at) give_up("cannot be kept", path);
    buffer_free(&bytes);
    return text;
}

/* ---- members ---- */

struct text vectors_text(const struct json *object, const char *name)
{
    struct text text = {NULL, 0};
    if (json_get_text(object, name, &text) != JSON_OK) give_up("a test lacks it, or it is no string", name);
    return text;
}

int64_t vectors_number(const struct json *object, const char *name)
{
    int64_t number = 0;
    if (json_get_int64(object, name, &number) != JSON_OK) give_up("a test lacks it, or it is no number", name);
    return number;
}

static unsigned hex_digit(char digit)
{
    static const char digits[] = "0123456789abcdef";
    const char *const at = digit ? strchr(digits, digit) : NULL;
    if (!at) give_up("not a hexadecimal number", "a test");
    return (unsigned)(at - digits);
}

struct text vectors_hex(const struct json *object, const char *name, struct arena *arena)
{
    const struct text hex = vectors_text(object, name);
    char *const bytes = arena_alloc(arena, hex.len / 2);
    if (!bytes || hex.len % 2 != 0) give_up("not a hexadecimal number", name);
    for (size_t i = 0; i < hex.len / 2; i++) bytes[i] = (char)(hex_digit(hex.at[2 * i]) << 4 | hex_digit(hex.at[2 * i + 1]));
    return (struct text){bytes, hex.len / 2};
}

static void write_value(struct json_writer *writer, const char *name, const struct json *value)
{
    struct text text;
    if (json_as_text(value, &text)) {
        json_put_text(writer, name, text);
        return;
    }
    const bool is_object = json_kind(value) == JSON_OBJECT;
    if (!is_object && json_kind(value) != JSON_ARRAY) give_up("a value of an unexpected kind", name ? name : "an element");
    if (is_object) {
        json_open_object(writer, name);
    } else {
        json_open_array(writer, name);
    }
    for (const struct json *inner = json_first(value); inner; inner = json_next(inner)) {
        write_value(writer, is_object ? json_name(inner) : NULL, inner);
    }
    if (is_object) {
        json_close_object(writer);
    } else {
        json_close_array(writer);
    }
}

struct text vectors_write(const struct json *value, struct arena *arena)
{
    enum { MAX_VALUE = 1024 * 1024 };
    struct buffer out = BUFFER_MAX(MAX_VALUE);
    struct json_writer writer = {&out, false};
    write_value(&writer, NULL, value);
    const struct text text = {arena_text(arena, (struct text){out.bytes, out.len}), out.len};
    if (out.status != APISEC_OK || !text.at) give_up("too large to be written", "a value");
    buffer_free(&out);
    return text;
}

/* ---- the tally ---- */

void vectors_check(bool passed, const char *file, int64_t id, const char *what)
{
    if (passed) {
        num_passed++;
        return;
    }
    num_failed++;
    printf("FAILED  %s %lld: %s\n", file, (long long)id, what);
}

void vectors_skip(size_t num, const char *file, const char *why)
{
    num_skipped += num;
    printf("skipped %zu of %s: %s\n", num, file, why);
}

int vectors_end(void)
{
    printf("%zu passed, %zu failed", num_passed, num_failed);
    if (num_skipped) printf(", %zu skipped", num_skipped);
    printf("\n");
    return num_failed == 0 && num_passed > 0 ? 0 : 1;
}
