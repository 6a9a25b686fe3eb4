/* SPDX-License-Identifier: Apache-2.0
 *
 * scan.h: what the files of lib/json share among themselves: UTF-8, strings with their escapes, the set of member names.
 * Other folders include json.h only.
 */
#ifndef JSON_SCAN_H
#define JSON_SCAN_H

#include "json/json.h"

/* ---- utf8.c: Unicode 15, table 3-7; nothing but shortest forms, no surrogates, nothing above U+10FFFF ---- */

/* utf8_decode returns the length of the character at the start of len bytes, or 0 if there is none. *code is its number. */
size_t utf8_decode(const char *at, size_t len, uint32_t *code);
/* utf8_encode writes 1 to 4 bytes and returns their number. The code is a Unicode scalar value. */
size_t utf8_encode(uint32_t code, char out[4]);

/* ---- string.c ---- */

/* string_scan checks a string whose opening quote lies before *at. APISEC_OK: *at is behind the closing quote, *escaped says
 * whether a backslash was in it. Otherwise *at is the first byte that was refused and *why the reason. max: bytes, unescaped. */
apisec_status string_scan(const char **at, const char *end, size_t max, bool *escaped, const char **why);
/* string_unescape reads the escape at *at of a string that was checked, writes its 1 to 4 bytes and moves *at behind it.
 * 0: no escape after all; *at stays. */
size_t string_unescape(const char **at, const char *end, char out[4]);

/* ---- names.c: the names of all objects that are open: few as they stand, many as keyed hashes ---- */

enum { NAMES_FEW = 24, NAMES_INLINE = 32 };

struct names {
    const unsigned char *key;
    bool hashed;     /* there were many, or one with escapes: from then on hashes are compared */
    struct {
        uint32_t object;
        uint32_t len;
        const char *at;
    } few[NAMES_FEW];
    uint64_t *slots; /* open addressing, at most half full; 0: free */
    uint32_t *order; /* the slots in the order they were taken, which they are given back against */
    size_t num_slots;
    size_t num;
    uint64_t inline_slots[2 * NAMES_INLINE];
    uint32_t inline_order[NAMES_INLINE];
};

void names_begin(struct names *names, const unsigned char key[16]);
/* names_add takes the inside of a checked string, which stays where it is to the end, and whether it has escapes. object tells the
 * objects of one text apart. APISEC_E_MALFORMED: the object has this name already. APISEC_E_MEMORY. */
apisec_status names_add(struct names *names, uint32_t object, struct text inside, bool escaped);
/* names_drop forgets the num names that were added last. */
void names_drop(struct names *names, size_t num);
void names_end(struct names *names);

/* ---- scan.c ---- */

/* scan_text is apisec_json_scan that also tells the length of the longest number. */
apisec_status scan_text(struct text text, const apisec_json_limits *limits, size_t *longest_number, size_t *position,
                        apisec_error *err);

#endif
