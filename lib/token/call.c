/* SPDX-License-Identifier: Apache-2.0
 *
 * call.c: the inbound request: all its bytes in one buffer that a reset empties without freeing it.
 * Parts are kept as offsets, because the buffer moves while it grows. The first thing wrong with the request stays.
 */
#include "token/token.h"

#include <stdlib.h>
#include <string.h>

enum {
    CALL_MAX_HEADERS = 128,
    CALL_MAX_HEADER_BYTES = 65536, /* of all names and values together */
    CALL_MAX_METHOD = 32,
    CALL_MAX_TARGET = 16384,
    CALL_MAX_CERTIFICATE = 65536,
    CALL_MAX_ADDRESS = 64, /* "2001:db8::1%interface" */
    CALL_MAX_BYTES =
        CALL_MAX_HEADER_BYTES + CALL_MAX_METHOD + CALL_MAX_TARGET + 1 /* a path */ + CALL_MAX_CERTIFICATE + CALL_MAX_ADDRESS
};

struct span {
    size_t at, len;
};

struct header_span {
    struct span name, value;
};

struct apisec_call {
    struct buffer bytes;
    struct header_span headers[CALL_MAX_HEADERS];
    size_t num_headers;
    size_t header_bytes;
    struct span method, target, path, certificate, address;
    bool has_time;
    int64_t time;
    bool has_body;
    struct text body; /* borrowed */
    apisec_error error;
};

static void refuse(apisec_call *call, apisec_status status, const char *sentence)
{
    if (call->error.status == APISEC_OK) fail(&call->error, status, "%s", sentence);
}

apisec_call *apisec_call_new(void)
{
    apisec_call *const call = calloc(1, sizeof *call);
    if (!call) return NULL;
    call->bytes = BUFFER_MAX(CALL_MAX_BYTES);
    return call;
}

void apisec_call_reset(apisec_call *call)
{
    if (!call) return;
    if (call->bytes.bytes) mem_wipe(call->bytes.bytes, call->bytes.len); /* it held a token */
    buffer_clear(&call->bytes);
    call->num_headers = 0;
    call->header_bytes = 0;
    call->method = call->target = call->path = call->certificate = call->address = (struct span){0, 0};
    call->has_time = false;
    call->time = 0;
    call->has_body = false;
    call->body = (struct text){NULL, 0};
    succeed(&call->error);
}

void apisec_call_free(apisec_call *call)
{
    if (!call) return;
    buffer_free(&call->bytes);
    free(call);
}

static struct text part(const apisec_call *call, struct span span)
{
    if (span.len == 0) return (struct text){NULL, 0};
    return (struct text){call->bytes.bytes + span.at, span.len};
}

static struct span keep(apisec_call *call, const void *bytes, size_t len)
{
    const struct span span = {call->bytes.len, len};
    if (len == 0 || call->error.status != APISEC_OK) return (struct span){0, 0};
    const apisec_status status = buffer_append(&call->bytes, bytes, len);
    if (status == APISEC_OK) return span;
    if (status == APISEC_E_MEMORY) refuse(call, status, "out of memory");
    else refuse(call, APISEC_E_REQUEST, "the request is too large");
    return (struct span){0, 0};
}

/* Visible ASCII: what a header's name and a method are made of at most, and a target too (RFC 9112 section 3). */
static bool is_visible(struct text text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] <= 0x20 || text.at[i] >= 0x7f) return false;
    return text.len > 0;
}

static bool has_line_break(struct text text)
{
    return text_has_byte(text, '\r') || text_has_byte(text, '\n') || text_has_byte(text, '\0');
}

/* What came is there, and is not longer than it may be. */
static bool is_given(apisec_call *call, const void *bytes, size_t len, size_t max, const char *too_long)
{
    if (!call) return false;
    if (!bytes && len > 0) {
        refuse(call, APISEC_E_ARGUMENT, "a part of the request is NULL with a length");
        return false;
    }
    if (len <= max) return true;
    refuse(call, APISEC_E_REQUEST, too_long);
    return false;
}

void apisec_call_set_method(apisec_call *call, const char *method, size_t len)
{
    if (!is_given(call, method, len, CALL_MAX_METHOD, "the method is too long")) return;
    if (!is_visible((struct text){method, len})) refuse(call, APISEC_E_REQUEST, "the method is not a token");
    call->method = keep(call, method, len);
}

static bool is_of_scheme(struct text target, const char *prefix)
{
    const size_t len = strlen(prefix);
    return target.len >= len && text_is_caseless((struct text){target.at, len}, prefix);
}

static struct text before(struct text text, char byte)
{
    const char *const found = text.len > 0 ? memchr(text.at, byte, text.len) : NULL;
    return found ? (struct text){text.at, (size_t)(found - text.at)} : text;
}

/* is_authority: RFC 9110 section 4.2.1 refuses an empty host, for which some readers take the path's first segment; a backslash
 * they take for a slash, where the path begins then. */
static bool is_authority(struct text text)
{
    return is_visible(text) && !text_has_byte(text, '\\');
}

/* find_path: the four forms of RFC 9112 section 3.2: "/path?query", "http://host/path?query", "host:port" of CONNECT, which has no
 * path, "*". Whatever is before the path of a URL may hold a password and is left out. */
static struct span find_path(apisec_call *call)
{
    const struct text path = before(before(part(call, call->target), '?'), '#');
    if (path.len == 0 || path.at[0] == '/' || text_is(path, "*")) return (struct span){call->target.at, path.len};

    /* RFC 9112 section 3.2.2: the absolute form, of a scheme that is HTTP's; anything else has no path */
    const size_t scheme = is_of_scheme(path, "https://") ? 8 : is_of_scheme(path, "http://") ? 7 : 0;
    if (scheme == 0) return (struct span){0, 0};
    const struct text rest = {path.at + scheme, path.len - scheme}, authority = before(rest, '/');
    if (!is_authority(authority)) return (struct span){0, 0};
    if (authority.len == rest.len) return keep(call, "/", 1);
    return (struct span){call->target.at + scheme + authority.len, rest.len - authority.len};
}

void apisec_call_set_target(apisec_call *call, const char *target, size_t len)
{
    if (!is_given(call, target, len, CALL_MAX_TARGET, "the request target is too long")) return;
    const struct text text = {target, len};
    if (len == 0 || has_line_break(text) || text_has_byte(text, ' '))
        refuse(call, APISEC_E_REQUEST, "the request target is empty, or has a space, CR, LF or NUL in it");
    if (text_has_byte(text, '#')) /* RFC 9112 section 3.2: none has; what is behind it some read and others do not */
        refuse(call, APISEC_E_REQUEST, "the request target has a fragment");
    call->target = keep(call, target, len);
    call->path = find_path(call); /* now, because it is asked for more than once */
}

void apisec_call_add_header(apisec_call *call, const char *name, size_t name_len, const char *value, size_t value_len)
{
    if (!is_given(call, name, name_len, CALL_MAX_HEADER_BYTES, "a header's name is too long")) return;
    if (!is_given(call, value, value_len, CALL_MAX_HEADER_BYTES, "a header is too long")) return;
    /* "Authorization :" is another name to one reader and the same to the next: RFC 9112 section 5.1 refuses it. */
    if (!is_visible((struct text){name, name_len})) refuse(call, APISEC_E_REQUEST, "a header's name is empty or has bad bytes");
    if (has_line_break((struct text){value, value_len})) refuse(call, APISEC_E_REQUEST, "a header has CR, LF or NUL in it");
    if (call->num_headers == CALL_MAX_HEADERS) refuse(call, APISEC_E_REQUEST, "the request has too many headers");
    call->header_bytes += name_len + value_len;
    if (call->header_bytes > CALL_MAX_HEADER_BYTES) refuse(call, APISEC_E_REQUEST, "the request's headers are too large");

    const struct text text = text_trim((struct text){value, value_len});
    struct header_span header;
    header.name = keep(call, name, name_len);
    header.value = keep(call, text.at, text.len);
    if (call->error.status == APISEC_OK) call->headers[call->num_headers++] = header;
}

void apisec_call_set_peer_certificate(apisec_call *call, const unsigned char *der, size_t len)
{
    if (!is_given(call, der, len, CALL_MAX_CERTIFICATE, "the peer's certificate is too long")) return;
    call->certificate = keep(call, der, len);
}

void apisec_call_set_peer_address(apisec_call *call, const char *address)
{
    const struct text text = text_of(address);
    if (!is_given(call, text.at, text.len, CALL_MAX_ADDRESS, "the peer's address is too long")) return;
    if (!text_is_printable(text)) refuse(call, APISEC_E_ARGUMENT, "the peer's address has bytes that no address has");
    call->address = keep(call, text.at, text.len);
}

void apisec_call_set_body(apisec_call *call, const char *body, size_t len)
{
    if (!is_given(call, body, len, SIZE_MAX, "")) return;
    call->has_body = true;
    call->body = (struct text){body, len};
}

void apisec_call_set_time(apisec_call *call, int64_t now)
{
    if (!call) return;
    call->has_time = true;
    call->time = now;
}

const char *apisec_call_token(const apisec_call *call, size_t *len)
{
    struct presented presented;
    struct text unused;
    struct credential_rules any = {.dpop = true, .txn_tokens = call_find_header(call, "Authorization", &unused) == 0};
    apisec_status status = credential_find(call, any, &presented, NULL);
    any.dpop = false; /* where nobody accepts proofs it does not matter how many there are */
    if (status != APISEC_OK) status = credential_find(call, any, &presented, NULL);
    if (len) *len = status == APISEC_OK ? presented.token.len : 0;
    return status == APISEC_OK ? presented.token.at : NULL;
}

/* ---- for the rest of the library; a NULL call is one that had no memory ---- */

struct text call_method(const apisec_call *call)
{
    return call ? part(call, call->method) : (struct text){NULL, 0};
}

struct text call_target(const apisec_call *call)
{
    return call ? part(call, call->target) : (struct text){NULL, 0};
}

struct text call_path(const apisec_call *call)
{
    return call ? part(call, call->path) : (struct text){NULL, 0};
}

size_t call_num_headers(const apisec_call *call)
{
    return call ? call->num_headers : 0;
}

struct call_header call_header_at(const apisec_call *call, size_t index)
{
    if (index >= call_num_headers(call)) return (struct call_header){{NULL, 0}, {NULL, 0}};
    return (struct call_header){part(call, call->headers[index].name), part(call, call->headers[index].value)};
}

size_t call_find_header(const apisec_call *call, const char *name, struct text *value)
{
    const size_t name_len = strlen(name), num_headers = call_num_headers(call);
    size_t num = 0;
    *value = (struct text){NULL, 0};
    for (size_t i = 0; i < num_headers; i++) {
        const struct header_span *const header = &call->headers[i];
        if (header->name.len != name_len || !text_is_caseless(part(call, header->name), name)) continue;
        if (num++ == 0) *value = part(call, header->value);
    }
    return num;
}

struct text call_peer_certificate(const apisec_call *call)
{
    return call ? part(call, call->certificate) : (struct text){NULL, 0};
}

struct text call_peer_address(const apisec_call *call)
{
    return call ? part(call, call->address) : (struct text){NULL, 0};
}

bool call_body(const apisec_call *call, struct text *body)
{
    const bool is_known = call && call->has_body;
    *body = is_known ? call->body : (struct text){NULL, 0};
    return is_known;
}

bool call_has_time(const apisec_call *call)
{
    return call && call->has_time;
}

int64_t call_time(const apisec_call *call)
{
    return call_has_time(call) ? call->time : clock_now();
}

apisec_status call_status(const apisec_call *call, apisec_error *err)
{
    if (!call) return fail_memory(err);
    if (call->error.status == APISEC_OK) return succeed(err);
    return fail(err, call->error.status, "%s", call->error.text);
}
