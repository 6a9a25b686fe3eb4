/* SPDX-License-Identifier: Apache-2.0
 *
 * base64url.c: RFC 4648 base64url without padding, strict; base64 and hex for output.
 * Keys pass through here, so no branch and no table index depends on what is coded: eight characters at a time in one word.
 */
#include "base/base.h"

#include <string.h>

#define EACH(byte) (0x0101010101010101u * (uint64_t)(byte)) /* the byte in all eight lanes */

/* at_least: 1 in each lane of eight ASCII characters that is >= lowest. A lane is below 0x80, so no sum reaches the next lane. */
static uint64_t at_least(uint64_t eight, unsigned lowest)
{
    return ((eight + EACH(0x80 - lowest)) >> 7) & EACH(1);
}

static uint64_t between(uint64_t eight, unsigned lowest, unsigned highest)
{
    return at_least(eight, lowest) ^ at_least(eight, highest + 1);
}

/* decode_eight gives the 48 bits of eight characters, the first of them on top, and sets bits of *bad for a foreign one. */
static uint64_t decode_eight(const unsigned char in[8], uint64_t *bad)
{
    uint64_t eight = 0;
    for (int i = 0; i < 8; i++) eight = eight << 8 | in[i];
    *bad |= eight & EACH(0x80);
    eight &= EACH(0x7f);

    const uint64_t upper = between(eight, 'A', 'Z'), lower = between(eight, 'a', 'z'), digit = between(eight, '0', '9');
    const uint64_t minus = between(eight, '-', '-'), line = between(eight, '_', '_');
    *bad |= (upper | lower | digit | minus | line) ^ EACH(1);

    /* What has to be added to the character to get its value, modulo 64: 'A' is 0, 'a' 26, '0' 52, '-' 62, '_' 63. */
    const uint64_t shift = upper * 63 + lower * 57 + digit * 4 + minus * 17 + line * 32;
    uint64_t bits = (eight + shift) & EACH(0x3f);

    bits = (bits >> 2 & 0x0fc00fc00fc00fc0u) | (bits & 0x003f003f003f003fu);   /* 8 times 6 bits become 4 times 12, */
    bits = (bits >> 4 & 0x00fff00000fff000u) | (bits & 0x00000fff00000fffu);   /* 2 times 24, */
    return (bits >> 8 & 0x0000ffffff000000u) | (bits & 0x0000000000ffffffu);   /* and 48 */
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

    const size_t decoded_len = base64url_decoded_len(len);
    uint64_t bad = 0;
    for (; len >= 8; len -= 8, encoded += 8, out += 6) {
        const uint64_t bits = decode_eight((const unsigned char *)encoded, &bad);
        for (int i = 0; i < 6; i++) out[i] = (unsigned char)(bits >> (40 - 8 * i));
    }
    if (len) {
        unsigned char last[8] = {'A', 'A', 'A', 'A', 'A', 'A', 'A', 'A'};
        memcpy(last, encoded, len);
        uint64_t bits = decode_eight(last, &bad);
        for (size_t i = 0; i < base64url_decoded_len(len); i++, bits <<= 8) out[i] = (unsigned char)(bits >> 40);
        bad |= bits & 0xffffffffffffu; /* bits beyond the last byte are zero, or two texts would mean the same bytes */
        mem_wipe(last, sizeof last);
    }
    if (bad) return APISEC_E_MALFORMED;
    *out_len = decoded_len;
    return APISEC_OK;
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
