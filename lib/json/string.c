/* SPDX-License-Identifier: Apache-2.0
 *
 * string.c: the strings of JSON: RFC 8259 section 7, without U+0000 and without lone surrogates in either form.
 * Plain bytes pass eight at a time; everything else is looked at one by one.
 */
#include "json/scan.h"

#include <string.h>

#define EACH(byte) (0x0101010101010101u * (uint64_t)(byte))

/* zeros: the top bit of each lane that is 0. Above the lowest such lane a borrow may set others as well. */
static uint64_t zeros(uint64_t eight)
{
    return (eight - EACH(1)) & ~eight & EACH(0x80);
}

/* first_special: how many of eight bytes stand before the first quote, backslash, control or byte beyond ASCII; 8: no such byte. */
static unsigned first_special(const char *at)
{
    const uint64_t eight = word_le(at);
    const uint64_t controls = (eight - EACH(0x20)) & ~eight;
    const uint64_t special = (eight | controls | zeros(eight ^ EACH('"')) | zeros(eight ^ EACH('\\'))) & EACH(0x80);
    return special ? (unsigned)__builtin_ctzll(special) / 8 : 8;
}

static const char *skip_plain(const char *at, const char *end)
{
    while (end - at >= 8) {
        const unsigned num = first_special(at);
        at += num;
        if (num < 8) return at;
    }
    for (; at < end; at++) {
        const unsigned char byte = (unsigned char)*at;
        if (byte < 0x20 || byte > 0x7f || byte == '"' || byte == '\\') break;
    }
    return at;
}

/* ---- escapes ---- */

/* read_unit reads the \uXXXX at *at. false: *at is the byte that is wrong, or the end. */
static bool read_unit(const char **at, const char *end, uint32_t *unit)
{
    *unit = 0;
    for (const char want[] = "\\u", *w = want; *w; w++, ++*at)
        if (*at == end || **at != *w) return false;
    for (int i = 0; i < 4; i++, ++*at) {
        const int value = *at == end ? -1 : text_hex_digit(**at);
        if (value < 0) return false;
        *unit = *unit << 4 | (uint32_t)value;
    }
    return true;
}

static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";

/* read_escape reads one escape, or the two of a surrogate pair. false: *at is the byte that was refused, *why the reason. */
static bool read_escape(const char **at, const char *end, uint32_t *code, const char **why)
{
    const char *const start = *at;
    const char *const letter = end - start < 2 || start[1] == '\0' ? NULL : strchr(letters, start[1]);
    if (letter) {
        *code = (unsigned char)meanings[letter - letters];
        *at = start + 2;
        return true;
    }

    *why = "an escape that JSON does not have";
    if (!read_unit(at, end, code)) return false;
    const bool high = *code >= 0xd800 && *code <= 0xdbff, low = *code >= 0xdc00 && *code <= 0xdfff;
    if (high) {
        uint32_t second;
        if (read_unit(at, end, &second) && second >= 0xdc00 && second <= 0xdfff) {
            *code = 0x10000 + ((*code - 0xd800) << 10) + (second - 0xdc00);
            return true;
        }
    }
    if (!high && !low && *code != 0) return true;
    *why = *code == 0 ? "U+0000 in a string" : "half a surrogate pair in a string";
    *at = start;
    return false;
}

size_t string_unescape(const char **at, const char *end, char out[4])
{
    const char *rest = *at, *why;
    uint32_t code;
    if (!read_escape(&rest, end, &code, &why)) return 0;
    *at = rest;
    return utf8_encode(code, out);
}

/* ---- the whole string ---- */

static const char *reason_for(const char *at, const char *end)
{
    if (at == end) return "the text ends inside a string";
    if (*at == '\0') return "U+0000 in a string";
    if ((unsigned char)*at < 0x20) return "a control character in a string";
    return "bytes that are not UTF-8";
}

/* take_character moves *at over one character or escape and tells its bytes, unescaped. false: *at is what was refused. */
static bool take_character(const char **at, const char *end, size_t *num_bytes, const char **why)
{
    uint32_t code = 0;
    char bytes[4];
    if (*at < end && **at == '\\') {
        if (!read_escape(at, end, &code, why)) {
            if (*at == end) *why = reason_for(end, end);
            return false;
        }
        *num_bytes = utf8_encode(code, bytes);
        return true;
    }
    *num_bytes = utf8_decode(*at, (size_t)(end - *at), &code);
    if (*num_bytes == 0 || code < 0x20) {
        *why = reason_for(*at, end);
        return false;
    }
    *at += *num_bytes;
    return true;
}

apisec_status string_scan(const char **at, const char *end, size_t max, bool *escaped, const char **why)
{
    size_t left = max;
    *escaped = false;
    for (;;) {
        const char *const start = *at;
        *at = skip_plain(start, end);
        const size_t num_plain = (size_t)(*at - start);
        if (num_plain > left) {
            *at = start + left;
            break;
        }
        left -= num_plain;
        if (*at < end && **at == '"') {
            ++*at;
            return APISEC_OK;
        }

        const char *const special = *at;
        size_t num_bytes;
        if (!take_character(at, end, &num_bytes, why)) return APISEC_E_MALFORMED;
        if (*special == '\\') *escaped = true;
        if (num_bytes > left) {
            *at = special;
            break;
        }
        left -= num_bytes;
    }
    *why = "a string is longer";
    return APISEC_E_TOO_LARGE;
}
