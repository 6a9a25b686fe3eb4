/* SPDX-License-Identifier: Apache-2.0
 *
 * text.c: comparing, copying and splitting texts that are a pointer and a length.
 * Nothing here depends on the locale. For public bytes only: comparing stops at the first difference.
 */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

char text_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

int text_hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* A comparison with no text at all is false, even for an empty text: what is not there equals nothing. */
bool text_is(struct text a, const char *nul_terminated)
{
    return nul_terminated && text_equal(a, text_of(nul_terminated));
}

bool text_is_caseless(struct text a, const char *nul_terminated)
{
    if (!nul_terminated) return false;
    for (size_t i = 0; i < a.len; i++) {
        const char c = nul_terminated[i];
        if (c == '\0' || (a.at[i] != c && text_lower(a.at[i]) != text_lower(c))) return false;
    }
    return nul_terminated[a.len] == '\0';
}

bool text_starts(struct text a, const char *prefix)
{
    const struct text start = text_of(prefix);
    if (!prefix || a.len < start.len) return false;
    return text_equal((struct text){a.at, start.len}, start);
}

bool text_ends(struct text a, const char *suffix)
{
    const struct text end = text_of(suffix);
    if (!suffix || a.len < end.len) return false;
    return end.len == 0 || memcmp(a.at + (a.len - end.len), end.at, end.len) == 0;
}

bool text_has_byte(struct text a, char byte)
{
    return a.len > 0 && memchr(a.at, (unsigned char)byte, a.len) != NULL;
}

char *text_copy(struct text a)
{
    if (a.len == SIZE_MAX) return NULL;
    char *const copy = malloc(a.len + 1);
    if (!copy) return NULL;
    if (a.len) memcpy(copy, a.at, a.len);
    copy[a.len] = '\0';
    return copy;
}

bool text_is_printable(struct text a)
{
    for (size_t i = 0; i < a.len; i++) {
        const unsigned char byte = (unsigned char)a.at[i];
        if (byte < 0x20 || byte > 0x7e) return false;
    }
    return true;
}

bool text_has_control(struct text a)
{
    for (size_t i = 0; i < a.len; i++)
        if ((unsigned char)a.at[i] < 0x20 || a.at[i] == 0x7f) return true;
    return false;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

struct text text_trim(struct text a)
{
    while (a.len > 0 && is_space(a.at[0])) a = (struct text){a.at + 1, a.len - 1};
    while (a.len > 0 && is_space(a.at[a.len - 1])) a.len--;
    return a;
}

bool text_next_word(struct text *rest, struct text *word)
{
    *word = (struct text){NULL, 0};
    if (!rest->at) return false;

    const char *const space = rest->len ? memchr(rest->at, ' ', rest->len) : NULL;
    if (!space) {
        *word = *rest;
        *rest = (struct text){NULL, 0};
        return true;
    }
    const size_t len = (size_t)(space - rest->at);
    *word = (struct text){rest->at, len};
    *rest = (struct text){space + 1, rest->len - len - 1};
    return true;
}
