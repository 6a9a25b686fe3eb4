/* SPDX-License-Identifier: Apache-2.0
 *
 * decision_call.c: what a decision keeps of its call: what rules, the reply and the record need of it, copied, since the call may
 * be used again before the decision ends. Whatever a caller may make as long as they like is cut here, and it is noted that it was.
 */
#include "access/access.h"

enum {
    MAX_PATH = 4096, /* a record has less of it */
    MAX_FORWARDED = 1024,
    MAX_TRACEPARENT = 128
};

/* keep copies the beginning of a text into the arena. false: no memory. */
static bool keep(apisec_decision *decision, struct text from, size_t max, struct text *to)
{
    *to = (struct text){NULL, 0};
    if (from.len == 0) return true;
    if (from.len > max) from.len = max;
    *to = (struct text){arena_text(&decision->arena, from), from.len};
    return to->at != NULL;
}

/* count_elements counts those between commas; *has_empty: one is nothing but white space. */
static size_t count_elements(struct text list, bool *has_empty)
{
    size_t num = 1;
    bool is_empty = true;
    for (size_t i = 0; i < list.len; i++) {
        if (list.at[i] == ',') {
            *has_empty = *has_empty || is_empty;
            is_empty = true;
            num++;
        } else if (list.at[i] != ' ' && list.at[i] != '\t') {
            is_empty = false;
        }
    }
    *has_empty = *has_empty || is_empty;
    return num;
}

/* Proxies add a field or lengthen the one that is there: all of them are one list (RFC 9110 section 5.3). Its end is what the
 * nearest ones wrote; the beginning may be anybody's, of any length. */
static bool keep_forwarded(apisec_decision *decision, const apisec_call *call)
{
    static const char name[] = "X-Forwarded-For";
    struct buffer joined = BUFFER_MAX(SIZE_MAX / 2); /* no longer than the call's headers */
    struct text first;
    size_t num = 0;
    bool has_empty = false;
    if (call_find_header(call, name, &first) == 0) return true;
    for (size_t i = 0; i < call_num_headers(call); i++) {
        const struct call_header header = call_header_at(call, i);
        if (!text_is_caseless(header.name, name)) continue;
        if (joined.len > 0) buffer_byte(&joined, ',');
        buffer_slice(&joined, header.value);
        num += count_elements(header.value, &has_empty);
    }
    decision->forwarded_is_partial = has_empty || num > DECISION_MAX_FORWARDED || joined.len > MAX_FORWARDED;
    struct text list = {joined.bytes, joined.len};
    while (list.len > MAX_FORWARDED) {
        const char *const comma = memchr(list.at, ',', list.len);
        const size_t used = comma ? (size_t)(comma - list.at) + 1 : list.len;
        list = (struct text){list.at + used, list.len - used};
    }
    const bool kept = joined.status == APISEC_OK && keep(decision, list, MAX_FORWARDED, &decision->forwarded_for);
    buffer_free(&joined);
    return kept;
}

static void keep_certificate(apisec_decision *decision, struct text der)
{
    unsigned char hash[CRYPTO_MAX_HASH];
    if (der.len == 0) return;
    const apisec_status status = crypto_hash_bytes(CRYPTO_SHA256, der.at, der.len, hash);
    if (status == APISEC_OK) base64url_encode(hash, CRYPTO_SHA256_LEN, decision->peer_sha256);
    else decision_fail(decision, status, "the peer's certificate cannot be hashed");
}

bool decision_keep_call(apisec_decision *decision, const apisec_call *call)
{
    struct text traceparent;
    const size_t num_traceparents = call_find_header(call, "traceparent", &traceparent);
    if (num_traceparents != 1 || traceparent.len > MAX_TRACEPARENT) traceparent.len = 0;
    call_status(call, &decision->call_error);
    keep_certificate(decision, call_peer_certificate(call));
    decision->path_is_cut = call_path(call).len > MAX_PATH;
    return keep(decision, call_method(call), SIZE_MAX, &decision->method) &&
           keep(decision, call_path(call), MAX_PATH, &decision->path) &&
           keep(decision, call_peer_address(call), SIZE_MAX, &decision->peer_address) &&
           keep(decision, traceparent, MAX_TRACEPARENT, &decision->traceparent) && keep_forwarded(decision, call);
}
