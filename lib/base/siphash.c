/* SPDX-License-Identifier: Apache-2.0
 *
 * siphash.c: SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF"), with 64 and 128 bits of output.
 * The hash of tables and caches: whoever does not know the key can make no collisions.
 */
#include "base/base.h"

struct state {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void store(unsigned char *at, uint64_t word)
{
    const uint64_t little = word_le(&word); /* turning it round and back is the same */
    memcpy(at, &little, sizeof little);
}

static inline void round_of(struct state *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 = rotate(s->v2, 32);
}

static inline void compress(struct state *s, uint64_t word)
{
    s->v3 ^= word;
    round_of(s);
    round_of(s);
    s->v0 ^= word;
}

static struct state begin(const unsigned char key[16])
{
    const uint64_t k0 = word_le(key), k1 = word_le(key + 8);
    return (struct state){k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u, k1 ^ 0x7465646279746573u};
}

/* last_word holds the bytes that are left, fewer than eight, and on top the length modulo 256. */
static inline uint64_t last_word(const unsigned char *at, size_t left, size_t len)
{
    uint64_t word = (uint64_t)len << 56;
    for (size_t i = 0; i < left; i++) word |= (uint64_t)at[i] << (8 * i);
    return word;
}

/* absorb works on a copy, so that the four words stay in registers: a token of 1 kB is absorbed at each request. before: bytes that
 * were absorbed already, whole words. */
static inline void absorb(struct state *s, const unsigned char *at, size_t len, size_t before)
{
    struct state words = *s;
    size_t left = len;
    for (; left >= 8; left -= 8, at += 8) compress(&words, word_le(at));
    compress(&words, last_word(at, left, len + before));
    *s = words;
}

static inline uint64_t squeeze(struct state *s)
{
    for (int i = 0; i < 4; i++) round_of(s);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

static inline void squeeze_128(struct state *s, unsigned char out[16])
{
    s->v2 ^= 0xee;
    store(out, squeeze(s));
    s->v1 ^= 0xdd;
    store(out + 8, squeeze(s));
}

uint64_t siphash64(const unsigned char key[16], const void *bytes, size_t len)
{
    struct state s = begin(key);
    absorb(&s, bytes, len, 0);
    s.v2 ^= 0xff;
    return squeeze(&s);
}

void siphash128(const unsigned char key[16], const void *bytes, size_t len, unsigned char out[16])
{
    struct state s = begin(key);
    s.v1 ^= 0xee;
    absorb(&s, bytes, len, 0);
    squeeze_128(&s, out);
}

void siphash128_behind(const unsigned char key[16], uint64_t first, const void *bytes, size_t len, unsigned char out[16])
{
    struct state s = begin(key);
    s.v1 ^= 0xee;
    compress(&s, first);
    absorb(&s, bytes, len, sizeof first);
    squeeze_128(&s, out);
}
