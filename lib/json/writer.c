/* SPDX-License-Identifier: Apache-2.0
 *
 * writer.c: JSON on one line of pure ASCII, whatever bytes the values hold: nothing in a value can end a string, a line or
 * an HTML element around it. What it writes passes our own scanner.
 */
#include "json/scan.h"

#include <stdio.h>
#include <string.h>

/* put_code writes one character as it may stand in a string. U+0000 cannot: readers disagree about it, ours refuses it. */
static void put_code(struct buffer *out, uint32_t code)
{
    static const char digits[] = "0123456789abcdef";
    if (code >= 0x10000) {
        put_code(out, 0xd800 + ((code - 0x10000) >> 10));
        put_code(out, 0xdc00 + ((code - 0x10000) & 0x3ff));
        return;
    }
    if (code == 0) code = 0xfffd;
    if (code == '"' || code == '\\') {
        buffer_append(out, (const char[]){'\\', (char)code}, 2);
        return;
    }
    char escape[6] = {'\\', 'u'};
    for (int i = 0; i < 4; i++) escape[2 + i] = digits[code >> (12 - 4 * i) & 0xf];
    buffer_append(out, escape, sizeof escape);
}

/* The characters that stand for themselves: printable ASCII without " & < > and the backslash. */
static const bool plain[256] = {
    [' '] = 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, ['0'] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1,
    ['@'] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, ['P'] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1,
    ['`'] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, ['p'] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0,
};

/* plain_span: how many characters at the front are plain. */
static size_t plain_span(const char *text, size_t len)
{
    const unsigned char *const at = (const unsigned char *)text;
    size_t num = 0;
    while (len - num >= 4 && plain[at[num]] & plain[at[num + 1]] & plain[at[num + 2]] & plain[at[num + 3]]) num += 4;
    while (num < len && plain[at[num]]) num++;
    return num;
}

/* put_plain writes a string of plain characters, as nearly all are, at once, and the colon behind a name; false: it is not one. */
static inline bool put_plain(struct buffer *out, struct text text, bool is_name)
{
    if (text.len > SIZE_MAX / 2 || plain_span(text.at, text.len) < text.len) return false;
    char *const to = buffer_extend(out, text.len + (is_name ? 3 : 2));
    if (!to) return true; /* the buffer says why */
    to[0] = to[text.len + 1] = '"';
    if (text.len > 0) memcpy(to + 1, text.at, text.len);
    if (is_name) to[text.len + 2] = ':';
    return true;
}

static void put_string(struct buffer *out, struct text text, size_t max_len)
{
    const char *at = text.at ? text.at : "", *const end = at + text.len;
    size_t room = max_len; /* bytes of the text that may still be written */
    if (text.len <= max_len && put_plain(out, text, false)) return;
    buffer_byte(out, '"');
    while (at < end && room > 0) {
        const size_t left = (size_t)(end - at);
        size_t len = plain_span(at, left < room ? left : room);
        if (len > 0) {
            buffer_append(out, at, len);
        } else {
            uint32_t code;
            len = utf8_decode(at, left, &code);
            if (len > room) break;
            put_code(out, len ? code : 0xfffd);
            if (len == 0) len = 1;
        }
        at += len;
        room -= len;
    }
    buffer_byte(out, '"');
}

/* begin writes what stands before a value: a comma if one is due, and the member's name. */
static void begin(struct json_writer *writer, const char *name)
{
    if (writer->comma) buffer_byte(writer->out, ',');
    writer->comma = true;
    if (!name || put_plain(writer->out, text_of(name), true)) return;
    put_string(writer->out, text_of(name), SIZE_MAX);
    buffer_byte(writer->out, ':');
}

void json_open_object(struct json_writer *writer, const char *name)
{
    begin(writer, name);
    buffer_byte(writer->out, '{');
    writer->comma = false;
}

void json_close_object(struct json_writer *writer)
{
    buffer_byte(writer->out, '}');
    writer->comma = true;
}

void json_open_array(struct json_writer *writer, const char *name)
{
    begin(writer, name);
    buffer_byte(writer->out, '[');
    writer->comma = false;
}

void json_close_array(struct json_writer *writer)
{
    buffer_byte(writer->out, ']');
    writer->comma = true;
}

void json_put_text(struct json_writer *writer, const char *name, struct text text)
{
    json_put_text_capped(writer, name, text, SIZE_MAX);
}

void json_put_text_capped(struct json_writer *writer, const char *name, struct text text, size_t max_len)
{
    begin(writer, name);
    put_string(writer->out, text, max_len);
}

void json_put_number(struct json_writer *writer, const char *name, int64_t number)
{
    begin(writer, name);
    buffer_number(writer->out, number);
}

void json_put_bool(struct json_writer *writer, const char *name, bool value)
{
    begin(writer, name);
    buffer_text(writer->out, value ? "true" : "false");
}

void json_put_raw(struct json_writer *writer, const char *name, struct text json)
{
    begin(writer, name);
    buffer_slice(writer->out, json);
}

/* A double as JSON has it: printf writes the locale's sign in place of the point. A text below 1e308, beyond which the scanner
 * takes none, may be nearest to the double of 1e308: it is written from below, and read as the same. */
static void put_double(struct json_writer *writer, const char *name, double number)
{
    char digits[40];
    snprintf(digits, sizeof digits, "%.17g", number);
    if (number >= 1e308) snprintf(digits, sizeof digits, "9.9999999999999999e+307");
    if (number <= -1e308) snprintf(digits, sizeof digits, "-9.9999999999999999e+307");
    for (char *at = digits; *at != '\0'; at++)
        if ((*at < '0' || *at > '9') && *at != '-' && *at != '+' && *at != 'e') *at = '.';
    begin(writer, name);
    buffer_text(writer->out, digits);
}

void json_put_value(struct json_writer *writer, const char *name, const struct json *value)
{
    struct text text;
    int64_t integer;
    double number;
    const enum json_kind kind = json_kind(value);
    if (json_as_text(value, &text)) {
        json_put_text(writer, name, text);
    } else if (json_as_int64(value, &integer)) {
        json_put_number(writer, name, integer);
    } else if (json_as_double(value, &number)) {
        put_double(writer, name, number);
    } else if (kind == JSON_TRUE || kind == JSON_FALSE) {
        json_put_bool(writer, name, kind == JSON_TRUE);
    } else if (kind == JSON_NULL) {
        json_put_raw(writer, name, (struct text){"null", 4});
    } else {
        if (kind == JSON_OBJECT) json_open_object(writer, name);
        else json_open_array(writer, name);
        for (const struct json *at = json_first(value); at != NULL; at = json_next(at))
            json_put_value(writer, kind == JSON_OBJECT ? json_name(at) : NULL, at);
        if (kind == JSON_OBJECT) json_close_object(writer);
        else json_close_array(writer);
    }
}
