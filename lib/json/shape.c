/* SPDX-License-Identifier: Apache-2.0
 *
 * shape.c: reads documents that people write: configurations and rules. What a document may hold is closed: an unknown member is an
 * error, because it is a requirement that nobody would check. Every sentence begins with the path of what is wrong.
 */
#include "json/json.h"

#include <stdarg.h>
#include <stdio.h>

enum {
    MAX_DEPTH = 32, /* the scanner has bounded it further down */
    MAX_NAME = 48   /* longer names are not guessed at */
};

/* ---- saying where ---- */

static void append(char *path, size_t *len, const char *format, const char *name, size_t index)
{
    const int added = name != NULL ? snprintf(path + *len, SHAPE_MAX_PATH - *len, format, name)
                                   : snprintf(path + *len, SHAPE_MAX_PATH - *len, "[%zu]", index);
    if (added > 0) *len += (size_t)added < SHAPE_MAX_PATH - *len ? (size_t)added : SHAPE_MAX_PATH - 1 - *len;
}

void shape_path(const struct shape *at, char path[SHAPE_MAX_PATH])
{
    const struct shape *chain[MAX_DEPTH];
    size_t num = 0, len = 0;
    for (; at != NULL && at->parent != NULL && num < MAX_DEPTH; at = at->parent) chain[num++] = at;
    path[0] = '\0';
    while (num > 0) {
        const struct shape *step = chain[--num];
        append(path, &len, len > 0 ? ".%s" : "%s", step->name, step->index);
    }
}

apisec_status shape_fail(const struct shape *at, apisec_error *err, const char *format, ...)
{
    char path[SHAPE_MAX_PATH], sentence[sizeof err->text];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    shape_path(at, path);
    return path[0] != '\0' ? fail(err, APISEC_E_CONFIG, "%s: %s", path, sentence) : fail(err, APISEC_E_CONFIG, "%s", sentence);
}

apisec_status shape_fail_as(const struct shape *at, const apisec_error *why, apisec_error *err)
{
    char path[SHAPE_MAX_PATH];
    if (why->status == APISEC_E_MEMORY) return fail_memory(err);
    shape_path(at, path);
    return path[0] != '\0' ? fail(err, why->status, "%s: %s", path, why->text) : fail(err, why->status, "%s", why->text);
}

/* ---- what somebody may have meant: the Levenshtein distance, of short names ---- */

static size_t least(size_t a, size_t b, size_t c)
{
    const size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

static size_t distance(const char *a, const char *b)
{
    size_t row[MAX_NAME + 1];
    const size_t a_len = strlen(a), b_len = strlen(b);
    if (a_len > MAX_NAME || b_len > MAX_NAME) return SIZE_MAX;
    for (size_t k = 0; k <= b_len; k++) row[k] = k;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t k = 1; k <= b_len; k++) {
            const size_t above = row[k];
            row[k] = least(above + 1, row[k - 1] + 1, diagonal + (a[i - 1] != b[k - 1]));
            diagonal = above;
        }
    }
    return row[b_len];
}

const char *shape_nearest(const char *name, const char *const *names)
{
    const char *nearest = NULL;
    size_t best = strlen(name) / 3 + 1; /* farther off it is another word */
    for (; *names != NULL; names++) {
        const size_t far = distance(name, *names);
        if (far > best || (far == best && nearest != NULL)) continue;
        best = far;
        nearest = *names;
    }
    return nearest;
}

/* ---- reading ---- */

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strcmp(name, *names) == 0) return true;
    return false;
}

static apisec_status unknown_member(const struct shape *at, const char *const *names, apisec_error *err)
{
    const char *meant = shape_nearest(at->name, names);
    if (meant == NULL) return shape_fail(at, err, "unknown");
    return shape_fail(at, err, "unknown, did you mean \"%s\"?", meant);
}

apisec_status shape_object(const struct shape *at, const char *const *names, apisec_error *err)
{
    const apisec_status status = shape_kind(at, JSON_OBJECT, err);
    if (status != APISEC_OK) return status;
    for (struct shape member = shape_first(at); member.value != NULL; shape_next(&member))
        if (!is_one_of(member.name, names)) return unknown_member(&member, names, err);
    return APISEC_OK;
}

static const char *kind_name(enum json_kind kind)
{
    switch (kind) {
    case JSON_OBJECT: return "an object";
    case JSON_ARRAY: return "an array";
    case JSON_STRING: return "a string";
    case JSON_NUMBER: return "a number";
    case JSON_NULL: return "null";
    default: return "true or false";
    }
}

apisec_status shape_kind(const struct shape *at, enum json_kind kind, apisec_error *err)
{
    if (at->value == NULL) return shape_fail(at, err, "missing");
    if (json_kind(at->value) == kind) return APISEC_OK;
    return shape_fail(at, err, "%s is wanted, not %s", kind_name(kind), kind_name(json_kind(at->value)));
}

struct shape shape_member(const struct shape *object, const char *name)
{
    return (struct shape){json_member(object->value, name), object, name, 0};
}

struct shape shape_first(const struct shape *list)
{
    const struct json *first = json_first(list->value);
    const bool is_object = first != NULL && json_kind(list->value) == JSON_OBJECT;
    return (struct shape){first, list, is_object ? json_name(first) : NULL, 0};
}

void shape_next(struct shape *at)
{
    at->value = json_next(at->value);
    if (at->value != NULL && at->name != NULL) at->name = json_name(at->value);
    at->index++;
}

apisec_status shape_text(const struct shape *at, const char **text, apisec_error *err)
{
    struct text value;
    *text = NULL;
    const apisec_status status = shape_kind(at, JSON_STRING, err);
    if (status != APISEC_OK) return status;
    if (!json_as_text(at->value, &value) || value.len == 0) return shape_fail(at, err, "empty");
    *text = value.at;
    return APISEC_OK;
}

apisec_status shape_number(const struct shape *at, int64_t min, int64_t max, int64_t *number, apisec_error *err)
{
    *number = 0;
    const apisec_status status = shape_kind(at, JSON_NUMBER, err);
    if (status != APISEC_OK) return status;
    if (!json_as_int64(at->value, number) || *number < min || *number > max)
        return shape_fail(at, err, "a whole number from %lld to %lld is wanted", (long long)min, (long long)max);
    return APISEC_OK;
}

apisec_status shape_bool(const struct shape *at, bool *value, apisec_error *err)
{
    *value = false;
    if (at->value == NULL) return shape_fail(at, err, "missing");
    const enum json_kind kind = json_kind(at->value);
    if (kind != JSON_TRUE && kind != JSON_FALSE) return shape_fail(at, err, "true or false is wanted, not %s", kind_name(kind));
    *value = kind == JSON_TRUE;
    return APISEC_OK;
}

/* ---- reading what may be absent ---- */

apisec_status shape_optional_text(const struct shape *object, const char *name, const char **text, apisec_error *err)
{
    const struct shape at = shape_member(object, name);
    *text = NULL;
    return at.value == NULL ? APISEC_OK : shape_text(&at, text, err);
}

apisec_status shape_optional_number(const struct shape *object, const char *name, int64_t min, int64_t max, int64_t *number,
                                    apisec_error *err)
{
    const struct shape at = shape_member(object, name);
    return at.value == NULL ? APISEC_OK : shape_number(&at, min, max, number, err);
}

apisec_status shape_flag(const struct shape *object, const char *name, bool *flag, apisec_error *err)
{
    const struct shape at = shape_member(object, name);
    *flag = false;
    if (at.value == NULL) return APISEC_OK;
    const apisec_status status = shape_bool(&at, flag, err);
    if (status != APISEC_OK || *flag) return status;
    return shape_fail(&at, err, "only true: leave it out where it is not wanted");
}
