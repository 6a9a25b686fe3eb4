/* SPDX-License-Identifier: Apache-2.0
 *
 * base64url.c: RFC 4648 base64url without padding, strict; base64 and hex for output.
 * Keys pass through here, so no branch and no table index depends on what is coded: sixteen characters are decoded at a time.
 */
#include "base/base.h"

#include <string.h>

/* Sixteen lanes, in the order of memory; the compiler makes vector instructions of them where there are any. A comparison gives
 * all ones in the lanes where it holds. A character beyond ASCII is negative, and so in no range. */
typedef signed char lanes __attribute__((vector_size(16)));
typedef unsigned char unsigned_lanes __attribute__((vector_size(16)));
typedef uint16_t pairs __attribute__((vector_size(16)));
typedef uint32_t fours __attribute__((vector_size(16)));

enum { CHARACTERS = sizeof(lanes), BYTES = CHARACTERS / 4 * 3 };

static inline lanes all(int value)
{
    const signed char v = (signed char)value;
    return (lanes){v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v};
}

/* between takes one comparison: moved up so that highest is the largest number there is, what is above it wraps round to the
 * smallest. lowest > 0. */
static inline lanes between(lanes characters, char lowest, char highest)
{
    const lanes moved = (lanes)((unsigned_lanes)characters + (unsigned_lanes)all(INT8_MAX - highest));
    return moved > all(INT8_MAX - highest + lowest - 1);
}

/* values gives the six bits of each character, and sets lanes of *bad for foreign ones. */
static inline lanes values(lanes characters, lanes *bad)
{
    const lanes upper = between(characters, 'A', 'Z'), lower = between(characters, 'a', 'z');
    const lanes digit = between(characters, '0', '9');
    const lanes minus = characters == all('-'), line = characters == all('_');
    *bad |= ~(upper | lower | digit | minus | line);
    return characters + ((upper & all(0 - 'A')) | (lower & all(26 - 'a')) | (digit & all(52 - '0')) | (minus & all(62 - '-')) |
                         (line & all(63 - '_')));
}

/* join makes four numbers of 24 bits of sixteen of six, the first of each four on top: of neighbours first, then of their pairs.
 * Which of two neighbours is the upper half of both together depends on the machine. */
static inline void join(lanes six, uint32_t joined[4])
{
    const bool little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    const pairs two = (pairs)six;
    const pairs twelve = little ? (two << 6 & 0x0fc0) | two >> 8 : (two >> 2 & 0x0fc0) | (two & 0x003f);
    const fours four = (fours)twelve;
    const fours all24 = little ? (four << 12 & 0x00fff000) | four >> 16 : (four >> 4 & 0x00fff000) | (four & 0x00000fff);
    memcpy(joined, &all24, sizeof all24);
}

static inline void decode_block(const char *in, unsigned char out[BYTES], lanes *bad)
{
    lanes block;
    uint32_t joined[4];
    memcpy(&block, in, sizeof block);
    join(values(block, bad), joined);
    const uint64_t head = (uint64_t)joined[0] << 40 | (uint64_t)joined[1] << 16 | joined[2] >> 8; /* the bytes 0 to 7 */
    const uint64_t tail = (uint64_t)joined[2] << 56 | (uint64_t)joined[3] << 32;                  /* and 8 to 11 */
    const uint64_t head_bytes = word_be(&head), tail_bytes = word_be(&tail);
    memcpy(out, &head_bytes, 8);
    memcpy(out + 8, &tail_bytes, 4);
}

size_t base64url_decoded_len(size_t encoded_len)
{
    return encoded_len / 4 * 3 + encoded_len % 4 * 3 / 4;
}

size_t base64url_encoded_len(size_t len)
{
    return len / 3 * 4 + (len % 3 ? len % 3 + 1 : 0);
}

apisec_status base64url_decode(const char *encoded, size_t len, unsigned char *out, size_t *out_len)
{
    *out_len = 0;
    if (len % 4 == 1) return APISEC_E_MALFORMED; /* 6 bits are no byte */

    lanes bad = all(0);
    unsigned char trailing = 0; /* bits beyond the last byte: not zero, and two texts would mean the same bytes */
    unsigned char *at = out;
    size_t left = len;
    for (; left >= CHARACTERS; left -= CHARACTERS, encoded += CHARACTERS, at += BYTES) decode_block(encoded, at, &bad);
    if (left) {
        char last[CHARACTERS];
        unsigned char bytes[BYTES];
        memset(last, 'A', sizeof last); /* stands for zero bits */
        memcpy(last, encoded, left);
        decode_block(last, bytes, &bad);
        const size_t num = base64url_decoded_len(left);
        memcpy(at, bytes, num);
        for (size_t i = num; i < sizeof bytes; i++) trailing |= bytes[i];
        mem_wipe(last, sizeof last);
        mem_wipe(bytes, sizeof bytes);
    }

    uint64_t any[2];
    memcpy(any, &bad, sizeof any);
    if (any[0] | any[1] | trailing) return APISEC_E_MALFORMED;
    *out_len = base64url_decoded_len(len);
    return APISEC_OK;
}

/* ---- finding where it ends: of texts that are no secrets ---- */

static inline lanes load(const char *text)
{
    lanes characters;
    memcpy(&characters, text, sizeof characters);
    return characters;
}

/* letters: all ones in the lanes that hold one, in either case. */
static inline lanes letters(lanes characters)
{
    return between(characters | all('a' - 'A'), 'a', 'z');
}

/* fits: all ones in the lanes that hold a character of the alphabet. */
static inline lanes fits(lanes characters)
{
    return letters(characters) | between(characters, '0', '9') | (characters == all('-')) | (characters == all('_'));
}

/* num_ones: how many lanes from the front are all ones. */
static inline size_t num_ones(lanes ones)
{
    unsigned char bytes[2 * sizeof(uint64_t)];
    memcpy(bytes, &ones, sizeof bytes);
    const uint64_t front = ~word_le(bytes), back = ~word_le(bytes + 8);
    if (front != 0) return (size_t)__builtin_ctzll(front) / 8;
    return back != 0 ? 8 + (size_t)__builtin_ctzll(back) / 8 : CHARACTERS;
}

static bool is_character(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

size_t base64url_span(const char *text, size_t len)
{
    size_t at = 0;
    for (; len - at >= CHARACTERS; at += CHARACTERS) {
        const size_t num = num_ones(fits(load(text + at)));
        if (num < CHARACTERS) return at + num;
    }
    while (at < len && is_character(text[at])) at++;
    return at;
}

/* fits_plain: the same of the alphabet and the neighbours of "-" and "0" in ASCII, which are "." and "/". */
static inline lanes fits_plain(lanes characters)
{
    return letters(characters) | between(characters, '-', '9') | (characters == all('_'));
}

bool token68_is_plain(const char *text, size_t len)
{
    if (len < CHARACTERS) return false;
    lanes fit = fits_plain(load(text + len - CHARACTERS)); /* the last ones, some of which are looked at twice */
    for (size_t at = 0; at + CHARACTERS < len; at += CHARACTERS) fit &= fits_plain(load(text + at));
    return num_ones(fit) == CHARACTERS;
}

/* ---- encoding: every character is computed, because it may be a private key's ---- */

/* below: all ones if value < limit, else 0. Both are small. */
static unsigned below(unsigned value, unsigned limit)
{
    return 0u - ((value - limit) >> 31);
}

static char encode_six(unsigned value, char char62, char char63)
{
    const unsigned char last = (unsigned char)char63, before = (unsigned char)char62;
    unsigned code = last;
    code ^= below(value, 63) & (before ^ code);
    code ^= below(value, 62) & ((value - 52 + '0') ^ code);
    code ^= below(value, 52) & ((value - 26 + 'a') ^ code);
    code ^= below(value, 26) & ((value + 'A') ^ code);
    return (char)(unsigned char)code;
}

static char *encode(const unsigned char *bytes, size_t len, char char62, char char63, char *out)
{
    for (; len > 0;) {
        const size_t num = len < 3 ? len : 3;
        const unsigned bits = (unsigned)bytes[0] << 16 | (num > 1 ? (unsigned)bytes[1] << 8 : 0) | (num > 2 ? bytes[2] : 0u);
        for (size_t i = 0; i <= num; i++) *out++ = encode_six(bits >> (18 - 6 * i) & 0x3f, char62, char63);
        bytes += num;
        len -= num;
    }
    *out = '\0';
    return out;
}

void base64url_encode(const void *bytes, size_t len, char *out)
{
    encode(bytes, len, '-', '_', out);
}

void base64_encode(const void *bytes, size_t len, char *out)
{
    char *end = encode(bytes, len, '+', '/', out);
    for (; (end - out) % 4 != 0; end++) *end = '=';
    *end = '\0';
}

void hex_encode(const void *bytes, size_t len, char *out)
{
    const unsigned char *const byte = bytes;
    for (size_t i = 0; i < len; i++) {
        for (unsigned half = 0; half < 2; half++) {
            const unsigned value = half ? byte[i] & 0xfu : (unsigned)byte[i] >> 4;
            *out++ = (char)(value + '0' + (~below(value, 10) & ('a' - '0' - 10)));
        }
    }
    *out = '\0';
}
