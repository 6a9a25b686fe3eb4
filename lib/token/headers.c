/* SPDX-License-Identifier: Apache-2.0
 *
 * headers.c: headers by their bytes, see headers.h. A place is a number of words and a turn: odd while somebody writes. A reader
 * compares all the bytes, copies, and looks at the turn again: what changed meanwhile was not found. There are no locks, and nobody
 * writes in a place but the one thread that made its turn odd; a thread that a fork has cut off there leaves a place unused.
 */
#include "token/headers.h"

#include <stdatomic.h>
#include <stdlib.h>

enum {
    KNOWN_WORDS = sizeof(struct known_header) / 8,
    ENCODED_WORDS = HEADERS_MAX_ENCODED / 8,
    FEWEST = 64,   /* places */
    MOST = 1 << 16,
    NOT_THERE = 255
};
_Static_assert(sizeof(struct known_header) % 8 == 0, "a known header is whole words");

struct place {
    _Atomic uint64_t turn;  /* 0: never written */
    _Atomic uint64_t known[KNOWN_WORDS];
    _Atomic uint64_t encoded[ENCODED_WORDS];
};

struct headers {
    size_t mask;
    struct place places[];
};

/* An encoded header as words, zero behind its end, and where it belongs: an issuer's own headers share the two places at most with
 * those of others who are trusted, so a plain sum will do. */
struct wanted {
    size_t num_words, first, second;
    uint64_t words[ENCODED_WORDS];
};

apisec_status headers_new(size_t num_issuers, struct headers **headers)
{
    size_t num = FEWEST;
    while (num < MOST && num < num_issuers * 2) num *= 2;
    *headers = calloc(1, sizeof **headers + num * sizeof (*headers)->places[0]);
    if (*headers == NULL) return APISEC_E_MEMORY;
    (*headers)->mask = num - 1;
    return APISEC_OK;
}

void headers_free(struct headers *headers)
{
    free(headers);
}

/* place_of: less than MOST. A product's low bits know nothing of its factors' high ones, so the high bits are what is used of each:
 * a difference in any letter is one in the place, whichever end of a word it is at. Machines of either byte order agree on it. */
static uint64_t place_of(const struct wanted *wanted)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < wanted->num_words; i++) {
        sum = (sum ^ word_le(&wanted->words[i])) * 0x9e3779b97f4a7c15u;
        sum ^= sum >> 32;
    }
    return sum * 0x9e3779b97f4a7c15u >> 48;
}

static bool want(const struct headers *headers, struct text encoded, struct wanted *wanted)
{
    if (headers == NULL || encoded.len == 0 || encoded.len > HEADERS_MAX_ENCODED) return false;
    wanted->num_words = (encoded.len + 7) / 8;
    wanted->words[wanted->num_words - 1] = 0;
    memcpy(wanted->words, encoded.at, encoded.len);
    wanted->first = (size_t)place_of(wanted) & headers->mask;
    wanted->second = wanted->first ^ 1;
    return true;
}

/* look_in copies what is known of the wanted header. The loads are in order, each an acquire: whoever sees a word of a later turn
 * sees that turn as well. */
static bool look_in(const struct place *place, const struct wanted *wanted, size_t encoded_len, struct known_header *known)
{
    uint64_t words[KNOWN_WORDS];
    const uint64_t turn = atomic_load_explicit(&place->turn, memory_order_acquire);
    if (turn == 0 || turn % 2 != 0) return false;
    for (size_t i = 0; i < wanted->num_words; i++)
        if (atomic_load_explicit(&place->encoded[i], memory_order_acquire) != wanted->words[i]) return false;
    for (size_t i = 0; i < KNOWN_WORDS; i++) words[i] = atomic_load_explicit(&place->known[i], memory_order_acquire);
    if (atomic_load_explicit(&place->turn, memory_order_relaxed) != turn) return false;
    memcpy(known, words, sizeof words);
    return known->encoded_len == encoded_len;
}

static struct text text_in(const char *bytes, uint8_t len)
{
    return len == NOT_THERE ? (struct text){NULL, 0} : (struct text){bytes, len};
}

bool headers_find(const struct headers *headers, struct text encoded, struct known_header *known, struct jws_header *header)
{
    struct wanted wanted;
    if (!want(headers, encoded, &wanted)) return false;
    if (!look_in(&headers->places[wanted.first], &wanted, encoded.len, known) &&
        !look_in(&headers->places[wanted.second], &wanted, encoded.len, known))
        return false;
    *header = (struct jws_header){.alg = text_in(known->alg, known->alg_len),
                                  .typ = text_in(known->typ, known->typ_len),
                                  .kid = text_in(known->kid, known->kid_len)};
    return true;
}

/* put copies one text. false: there is no room for it. */
static bool put(struct text from, char *to, size_t room, uint8_t *len)
{
    *len = NOT_THERE;
    if (from.at == NULL) return true;
    if (from.len > room) return false;
    memcpy(to, from.at, from.len);
    *len = (uint8_t)from.len;
    return true;
}

static void fill_in(struct place *place, uint64_t turn, const struct wanted *wanted, const struct known_header *known)
{
    uint64_t words[KNOWN_WORDS];
    memcpy(words, known, sizeof words);
    if (!atomic_compare_exchange_strong_explicit(&place->turn, &turn, turn + 1, memory_order_acquire, memory_order_relaxed)) return;
    for (size_t i = 0; i < wanted->num_words; i++)
        atomic_store_explicit(&place->encoded[i], wanted->words[i], memory_order_release);
    for (size_t i = 0; i < KNOWN_WORDS; i++) atomic_store_explicit(&place->known[i], words[i], memory_order_release);
    atomic_store_explicit(&place->turn, turn + 2, memory_order_release);
}

void headers_keep(struct headers *headers, struct text encoded, const struct jws_header *header)
{
    struct wanted wanted;
    struct known_header known = {0};
    if (!want(headers, encoded, &wanted)) return;
    if (header->cty.at != NULL || !put(header->alg, known.alg, sizeof known.alg, &known.alg_len) ||
        !put(header->typ, known.typ, sizeof known.typ, &known.typ_len) ||
        !put(header->kid, known.kid, sizeof known.kid, &known.kid_len))
        return;
    known.encoded_len = (uint8_t)encoded.len;

    struct place *const first = &headers->places[wanted.first], *const second = &headers->places[wanted.second];
    const uint64_t turn = atomic_load_explicit(&first->turn, memory_order_relaxed);
    const uint64_t other = atomic_load_explicit(&second->turn, memory_order_relaxed);
    /* the one that was written less often, so that new headers take the two places by turns; never one that is being written */
    const bool in_first = turn % 2 == 0 && (turn <= other || other % 2 != 0);
    if (in_first) fill_in(first, turn, &wanted, &known);
    if (!in_first && other % 2 == 0) fill_in(second, other, &wanted, &known);
}
