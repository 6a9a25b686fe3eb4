/* SPDX-License-Identifier: Apache-2.0
 *
 * utf8.c: one character of UTF-8 to its number and back, as strict as the Unicode standard, table 3-7.
 * What is not well-formed is nothing: no replacement happens here.
 */
#include "json/scan.h"

/* The second byte's range depends on the first: that is what refuses overlong forms, surrogates and numbers too large. */
static bool second_fits(unsigned first, unsigned second)
{
    if (first == 0xe0) return second >= 0xa0 && second <= 0xbf;
    if (first == 0xed) return second >= 0x80 && second <= 0x9f;
    if (first == 0xf0) return second >= 0x90 && second <= 0xbf;
    if (first == 0xf4) return second >= 0x80 && second <= 0x8f;
    return second >= 0x80 && second <= 0xbf;
}

size_t utf8_decode(const char *at, size_t len, uint32_t *code)
{
    const unsigned char *const byte = (const unsigned char *)at;
    *code = 0;
    if (len == 0) return 0;

    const unsigned first = byte[0];
    if (first < 0x80) {
        *code = first;
        return 1;
    }
    if (first < 0xc2 || first > 0xf4) return 0;

    const size_t size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (len < size || !second_fits(first, byte[1])) return 0;
    uint32_t number = first & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((byte[i] & 0xc0) != 0x80) return 0;
        number = number << 6 | (byte[i] & 0x3fu);
    }
    *code = number;
    return size;
}

bool json_is_utf8(struct text text)
{
    uint32_t code;
    for (size_t at = 0, len; at < text.len; at += len) {
        len = utf8_decode(text.at + at, text.len - at, &code);
        if (len == 0) return false;
    }
    return true;
}

size_t utf8_encode(uint32_t code, char out[4])
{
    const size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char marks[] = {0, 0x00, 0xc0, 0xe0, 0xf0};
    for (size_t i = size - 1; i > 0; i--, code >>= 6) out[i] = (char)(unsigned char)(0x80 | (code & 0x3f));
    out[0] = (char)(unsigned char)(marks[size] | code);
    return size;
}
