/* SPDX-License-Identifier: Apache-2.0
 *
 * buffer.c: a buffer that grows up to its maximum, then fails and stays failed.
 * Appends need no checks of their own: the one look at the status is at the end. Memory left behind is wiped.
 */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

enum { BUFFER_FIRST = 64 };

/* cap counts the bytes before the NUL: the block is always one larger. Doubling, but never beyond the maximum. */
static apisec_status reserve(struct buffer *buffer, size_t need)
{
    if (buffer->bytes && need <= buffer->cap) return APISEC_OK;
    if (need > buffer->max || need == SIZE_MAX) return APISEC_E_TOO_LARGE;

    size_t cap = buffer->cap > SIZE_MAX / 4 ? buffer->max : buffer->cap * 2;
    if (cap < BUFFER_FIRST) cap = BUFFER_FIRST;
    if (cap < need) cap = need;
    if (cap > buffer->max) cap = buffer->max;

    char *const bytes = malloc(cap + 1);
    if (!bytes) return APISEC_E_MEMORY;
    if (buffer->len) memcpy(bytes, buffer->bytes, buffer->len);
    bytes[buffer->len] = '\0';
    if (buffer->bytes) mem_wipe_free(buffer->bytes, buffer->cap + 1);
    buffer->bytes = bytes;
    buffer->cap = cap;
    return APISEC_OK;
}

/* make_room is for the few appends that find none. */
static apisec_status make_room(struct buffer *buffer, size_t len)
{
    if (buffer->status != APISEC_OK) return buffer->status;
    if (len > buffer->max || buffer->len > buffer->max - len) return buffer->status = APISEC_E_TOO_LARGE;
    return buffer->status = reserve(buffer, buffer->len + len);
}

/* has_room: the block is one larger than cap, and len is never above it. */
static inline bool has_room(const struct buffer *buffer, size_t len)
{
    return buffer->bytes && buffer->status == APISEC_OK && len <= buffer->cap - buffer->len;
}

static inline char *extend(struct buffer *buffer, size_t len)
{
    if (!has_room(buffer, len) && make_room(buffer, len) != APISEC_OK) return NULL;
    char *const at = buffer->bytes + buffer->len;
    buffer->len += len;
    at[len] = '\0';
    return at;
}

char *buffer_extend(struct buffer *buffer, size_t len)
{
    return extend(buffer, len);
}

void buffer_reserve(struct buffer *buffer, size_t len)
{
    if (!has_room(buffer, len)) make_room(buffer, len);
}

apisec_status buffer_append(struct buffer *buffer, const void *bytes, size_t len)
{
    char *const at = extend(buffer, len);
    if (at && len) memcpy(at, bytes, len);
    return buffer->status;
}

apisec_status buffer_text(struct buffer *buffer, const char *nul_terminated)
{
    return buffer_slice(buffer, text_of(nul_terminated));
}

apisec_status buffer_slice(struct buffer *buffer, struct text text)
{
    return buffer_append(buffer, text.at, text.len);
}

apisec_status buffer_byte(struct buffer *buffer, char byte)
{
    char *const at = extend(buffer, 1);
    if (at) *at = byte;
    return buffer->status;
}

apisec_status buffer_number(struct buffer *buffer, int64_t number)
{
    char digits[20]; /* 19 digits and a sign */
    size_t at = sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number; /* also right for INT64_MIN */
    do digits[--at] = (char)('0' + rest % 10);
    while ((rest /= 10) != 0);
    if (number < 0) digits[--at] = '-';
    return buffer_append(buffer, digits + at, sizeof digits - at);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->len = 0;
    buffer->status = APISEC_OK;
    if (buffer->bytes) buffer->bytes[0] = '\0';
}

void buffer_free(struct buffer *buffer)
{
    if (buffer->bytes) mem_wipe_free(buffer->bytes, buffer->cap + 1);
    *buffer = BUFFER_MAX(buffer->max);
}

char *buffer_take(struct buffer *buffer)
{
    if (buffer->status == APISEC_OK) buffer->status = reserve(buffer, buffer->len);
    if (buffer->status != APISEC_OK) {
        buffer_free(buffer);
        return NULL;
    }
    char *const bytes = buffer->bytes;
    /* Behind the text may lie what was there before a clear; the new owner knows only of the text. */
    mem_wipe(bytes + buffer->len, buffer->cap + 1 - buffer->len);
    *buffer = BUFFER_MAX(buffer->max);
    return bytes;
}
