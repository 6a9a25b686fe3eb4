/* SPDX-License-Identifier: Apache-2.0
 *
 * span.c: the raw bytes of one member's value, for what has to be handed on exactly as it came.
 * Works on texts that passed the scanner; on anything else it finds something or nothing, but stays within the bytes.
 */
#include "json/scan.h"

#include <string.h>

struct cursor {
    const char *at;
    const char *end;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct cursor *cursor)
{
    while (cursor->at < cursor->end && is_space(*cursor->at)) cursor->at++;
}

static bool skip_byte(struct cursor *cursor, char byte)
{
    skip_space(cursor);
    if (cursor->at == cursor->end || *cursor->at != byte) return false;
    cursor->at++;
    return true;
}

/* take_string gives the inside of the string at the cursor. */
static bool take_string(struct cursor *cursor, struct text *inside)
{
    if (!skip_byte(cursor, '"')) return false;
    const char *const start = cursor->at;
    for (; cursor->at < cursor->end; cursor->at++) {
        if (*cursor->at == '"') {
            *inside = (struct text){start, (size_t)(cursor->at - start)};
            cursor->at++;
            return true;
        }
        if (*cursor->at == '\\' && cursor->end - cursor->at > 1) cursor->at++;
    }
    return false;
}

/* take_value moves over one value: to the comma or bracket behind it that belongs to the object around. */
static bool take_value(struct cursor *cursor, struct text *value)
{
    skip_space(cursor);
    const char *const start = cursor->at;
    size_t depth = 0;
    struct text inside;
    while (cursor->at < cursor->end) {
        const char c = *cursor->at;
        if (depth == 0 && (c == ',' || c == '}' || c == ']')) break;
        if (c == '"') {
            if (!take_string(cursor, &inside)) return false;
            continue;
        }
        if (c == '{' || c == '[') depth++;
        if (c == '}' || c == ']') depth--;
        cursor->at++;
    }
    const char *end = cursor->at;
    while (end > start && is_space(end[-1])) end--;
    *value = (struct text){start, (size_t)(end - start)};
    return depth == 0 && end > start;
}

static bool same_name(struct text raw, const char *name)
{
    const char *at = raw.at, *const end = raw.at + raw.len;
    size_t left = strlen(name);
    while (at < end) {
        char bytes[4];
        size_t len = *at == '\\' ? string_unescape(&at, end, bytes) : 0;
        if (len == 0) {
            bytes[0] = *at++;
            len = 1;
        }
        if (len > left || memcmp(bytes, name, len) != 0) return false;
        name += len;
        left -= len;
    }
    return left == 0;
}

static bool take_member(struct cursor *cursor, struct text *name, struct text *value)
{
    return take_string(cursor, name) && skip_byte(cursor, ':') && take_value(cursor, value);
}

bool json_member_span(struct text object, const char *name, struct text *value)
{
    *value = (struct text){NULL, 0};
    struct text raw_name, raw_value;
    if (!object.at) return false;
    struct cursor cursor = {object.at, object.at + object.len};
    if (!skip_byte(&cursor, '{')) return false;
    do {
        if (!take_member(&cursor, &raw_name, &raw_value)) return false;
        if (same_name(raw_name, name)) {
            *value = raw_value;
            return true;
        }
    } while (skip_byte(&cursor, ','));
    return false;
}

void json_member_spans(struct text object, const char *const *names, size_t num, struct text *values)
{
    struct text raw_name, raw_value;
    for (size_t i = 0; i < num; i++) values[i] = (struct text){NULL, 0};
    if (!object.at) return;
    struct cursor cursor = {object.at, object.at + object.len};
    if (!skip_byte(&cursor, '{')) return;
    do {
        if (!take_member(&cursor, &raw_name, &raw_value)) return;
        const char first = raw_name.len > 0 ? raw_name.at[0] : '\0';
        for (size_t i = 0; i < num; i++)
            if ((first == names[i][0] || first == '\\') && same_name(raw_name, names[i])) values[i] = raw_value;
    } while (skip_byte(&cursor, ','));
}

static bool is_one_of(struct text raw, const char *const *names, size_t num)
{
    const char first = raw.len > 0 ? raw.at[0] : '\0';
    for (size_t i = 0; i < num; i++)
        if ((first == names[i][0] || first == '\\') && same_name(raw, names[i])) return true;
    return false;
}

enum json_others json_other_members(struct text object, const char *const *names, size_t num, size_t *position)
{
    struct text raw_name, raw_value;
    *position = 0;
    if (!object.at) return JSON_NO_OBJECT;
    struct cursor cursor = {object.at, object.at + object.len};
    skip_space(&cursor);
    const char *const start = cursor.at;
    if (!skip_byte(&cursor, '{')) {
        *position = (size_t)(start - object.at);
        return JSON_NO_OBJECT;
    }
    if (skip_byte(&cursor, '}')) return JSON_NO_OTHERS;
    do {
        skip_space(&cursor);
        const char *const quote = cursor.at;
        if (take_member(&cursor, &raw_name, &raw_value) && is_one_of(raw_name, names, num)) continue;
        *position = (size_t)(quote - object.at);
        return JSON_OTHERS;
    } while (skip_byte(&cursor, ','));
    return JSON_NO_OTHERS;
}

bool json_text_in_place(char *at, size_t len, struct text *out)
{
    *out = (struct text){NULL, 0};
    if (len < 2 || at[0] != '"' || at[len - 1] != '"') return false;
    const char *from = at + 1, *const end = at + len - 1;
    char *to = at;
    while (from < end) { /* no escape is shorter than what it stands for */
        const size_t num = *from == '\\' ? string_unescape(&from, end, to) : 0;
        if (num == 0) *to++ = *from++;
        to += num;
    }
    *to = '\0';
    *out = (struct text){at, (size_t)(to - at)};
    return true;
}
