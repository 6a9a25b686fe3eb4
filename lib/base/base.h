/* SPDX-License-Identifier: Apache-2.0
 *
 * base.h: the ground: statuses, text, memory, the capped buffer, base64url, inflate, clock, lock, random, keyed hash, table.
 * Includes nothing of the library but the public status.h; everything else may include it.
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <apisec/status.h>

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* ---- status.c ---- */

/* fail sets *err (may be NULL) to status and the formatted sentence, cut to fit, and returns status. Bytes outside printable
 * ASCII become '?', whatever the arguments held. Never pass bytes of a token, key or secret. */
apisec_status fail(apisec_error *err, apisec_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* succeed clears *err (may be NULL) and returns APISEC_OK. */
apisec_status succeed(apisec_error *err);
/* fail_memory is the sentence for a failed allocation. */
apisec_status fail_memory(apisec_error *err);

/* ---- text.c: bytes with a length, not NUL-terminated, borrowed ---- */

struct text {
    const char *at;
    size_t len;
};

/* text_of: NULL is an empty text whose at is NULL. */
static inline struct text text_of(const char *nul_terminated)
{
    return (struct text){nul_terminated, nul_terminated ? strlen(nul_terminated) : 0};
}
static inline bool text_equal(struct text a, struct text b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}
bool text_is(struct text a, const char *nul_terminated);
bool text_is_caseless(struct text a, const char *nul_terminated); /* ASCII only */
bool text_starts(struct text a, const char *prefix);
bool text_ends(struct text a, const char *suffix);
bool text_has_byte(struct text a, char byte);
char text_lower(char c);    /* ASCII only */
int text_hex_digit(char c); /* its value in either case, or -1 */
/* text_copy returns a NUL-terminated copy to be freed with free, or NULL without memory. */
char *text_copy(struct text a);
/* text_is_printable: every byte is 0x20..0x7E. text_has_control: some byte is below 0x20, or 0x7F. */
bool text_is_printable(struct text a);
bool text_has_control(struct text a);
/* text_trim leaves out the spaces and tabs at both ends: OWS of RFC 9110 section 5.6.3. */
struct text text_trim(struct text a);
/* text_next_word cuts the next element off a text separated by single 0x20. An empty element (a leading, trailing or double
 * space) is returned as such, so that the caller can refuse it. false: no more. Start with *rest = the text, *rest.at != NULL. */
bool text_next_word(struct text *rest, struct text *word);

/* ---- words: eight bytes as one number, wherever they lie ---- */

static inline uint64_t word_le(const void *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? word : __builtin_bswap64(word);
}

static inline uint64_t word_be(const void *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? word : __builtin_bswap64(word);
}

/* ---- memory.c ---- */

/* mem_wipe overwrites bytes in a way that is not optimised away. mem_wipe_free wipes, then frees; NULL does nothing. */
void mem_wipe(void *bytes, size_t len);
void mem_wipe_free(void *bytes, size_t len);
/* mem_equal compares in time that depends on len only. */
bool mem_equal(const void *a, const void *b, size_t len);
/* mem_array allocates num zeroed elements, NULL on overflow or without memory. Freed with free. */
void *mem_array(size_t num, size_t size);

/* An arena: many small blocks with one lifetime, in few allocations. Zeroed struct = empty arena. Aligned for any type. */
struct arena_block;
struct arena {
    struct arena_block *last;
};
void *arena_alloc(struct arena *arena, size_t size);            /* zeroed; NULL without memory */
/* arena_reserve: blocks of this size in sum, each rounded up, will need no further allocation. false: no memory. */
bool arena_reserve(struct arena *arena, size_t size);
char *arena_text(struct arena *arena, struct text text);        /* NUL-terminated copy */
void arena_free(struct arena *arena);                           /* wipes and frees all; the arena is empty again */

/* ---- buffer.c: grows up to its maximum, then fails and stays failed ---- */

struct buffer {
    char *bytes;   /* always NUL-terminated behind len once not NULL */
    size_t len;
    size_t cap;
    size_t max;
    apisec_status status; /* APISEC_OK, APISEC_E_TOO_LARGE, APISEC_E_MEMORY: sticky; later appends do nothing */
};

#define BUFFER_MAX(maximum) ((struct buffer){NULL, 0, 0, (maximum), APISEC_OK})
apisec_status buffer_append(struct buffer *buffer, const void *bytes, size_t len);
apisec_status buffer_text(struct buffer *buffer, const char *nul_terminated);
apisec_status buffer_slice(struct buffer *buffer, struct text text);
apisec_status buffer_byte(struct buffer *buffer, char byte);
apisec_status buffer_number(struct buffer *buffer, int64_t number); /* decimal */
/* buffer_extend makes it so many bytes longer and gives the place where the caller writes all of them; NULL: it failed.
 * buffer_reserve makes room for so many without writing any; it fails as an append of them would. */
char *buffer_extend(struct buffer *buffer, size_t len);
void buffer_reserve(struct buffer *buffer, size_t len);
void buffer_clear(struct buffer *buffer); /* len 0, status OK, keeps the memory */
/* buffer_free wipes and frees; growing wipes the memory that is left behind, so a buffer may hold secrets. */
void buffer_free(struct buffer *buffer);
/* buffer_take gives the NUL-terminated bytes away (to mem_wipe_free/free) and empties the buffer; NULL if it failed. */
char *buffer_take(struct buffer *buffer);

/* ---- base64url.c: RFC 4648 section 5 without padding; decoding is strict: alphabet, length, canonical trailing bits ---- */

size_t base64url_decoded_len(size_t encoded_len); /* exact for a valid length; upper bound otherwise */
size_t base64url_encoded_len(size_t len);
/* base64url_decode writes at most base64url_decoded_len(len) bytes. APISEC_E_MALFORMED: not strict. */
apisec_status base64url_decode(const char *encoded, size_t len, unsigned char *out, size_t *out_len);
/* base64url_span: how many bytes at the front of a text are of the alphabet. */
size_t base64url_span(const char *text, size_t len);
/* token68_is_plain: true: nothing but letters, digits and "-._/", as most of what RFC 9110 section 11.2 calls token68 is, and at
 * least 16 of them. false says nothing. */
bool token68_is_plain(const char *text, size_t len);
/* base64url_encode writes base64url_encoded_len(len) characters and a NUL. */
void base64url_encode(const void *bytes, size_t len, char *out);
/* base64_encode: the standard alphabet with padding (RFC 4648 section 4), for HTTP Basic. out holds 4*((len+2)/3)+1. */
void base64_encode(const void *bytes, size_t len, char *out);
/* hex_encode writes 2*len lower-case digits and a NUL. */
void hex_encode(const void *bytes, size_t len, char *out);

/* ---- inflate.c: the only user of zlib; not in a library made with STATUS=none ---- */

/* inflate_append decompresses one whole ZLIB stream (RFC 1950) behind what is in out. No more is ever inflated than what out's
 * maximum leaves room for. MALFORMED: not exactly one whole stream. TOO_LARGE: it needs more room. MEMORY. out->status sticks. */
apisec_status inflate_append(struct text packed, struct buffer *out);

/* ---- clock.c ---- */

int64_t clock_now(void);       /* seconds since 1970 */
int64_t clock_now_ms(void);    /* milliseconds since 1970 */
int64_t clock_elapsed_us(void);/* microseconds of a clock that never steps */
void clock_sleep_ms(int64_t ms);

/* ---- lock.c: a mutex that a child process can take though a thread of its parent held it at the fork ---- */

struct lock {
    pthread_mutex_t mutex;
    _Atomic int64_t process; /* whose it is; negative: of a child that is making it anew */
};
/* lock_init: false: no memory. lock_end only where no thread of this process holds it. */
bool lock_init(struct lock *lock);
void lock_end(struct lock *lock);
/* lock_take: what the lock guards must be whole after each single assignment: a thread that is not in the child may have stopped
 * between any two. */
void lock_take(struct lock *lock);
void lock_release(struct lock *lock);

/* ---- random.c ---- */

/* random_bytes fills from getrandom(2) or fails with APISEC_E_SYSTEM. */
apisec_status random_bytes(void *out, size_t len);
/* process_key is 16 random bytes made once per process, or NULL when there was no randomness. After fork the child keeps it. */
const unsigned char *process_key(void);

/* ---- siphash.c: SipHash-2-4 with 64-bit and 128-bit output ---- */

uint64_t siphash64(const unsigned char key[16], const void *bytes, size_t len);
void siphash128(const unsigned char key[16], const void *bytes, size_t len, unsigned char out[16]);
/* siphash128_behind hashes the eight bytes of first, the lowest in front, and the bytes behind them: a label in front of a text. */
void siphash128_behind(const unsigned char key[16], uint64_t first, const void *bytes, size_t len, unsigned char out[16]);

/* ---- table.c: a hash table from text to pointer, keyed with process_key: built once, then only read ---- */

struct table {
    struct table_slot *slots;
    size_t num_slots; /* a power of two, or 0 */
    size_t num;
};
/* table_put adds; the key's bytes are borrowed. APISEC_E_ARGUMENT: the key is there already, or value is NULL. APISEC_E_MEMORY;
 * APISEC_E_SYSTEM: there is no process_key. */
apisec_status table_put(struct table *table, struct text key, void *value);
void *table_get(const struct table *table, struct text key); /* NULL: none */
void table_free(struct table *table);

#endif
