/* SPDX-License-Identifier: Apache-2.0
 *
 * htu.c: URLs as DPoP compares them: normalised by RFC 3986 section 6.2.2 (case, escapes, dot segments) and 6.2.3 (default port,
 * empty path), without query and fragment (RFC 9449 section 4.3). Two URLs are the same when their normalised bytes are. Called by
 * trust_dpop.c for what is configured, and by dpop.c for what is claimed and what was requested.
 */
#include "token/dpop.h"

#define MAX_PATH 65536 /* while it is normalised; what is compared has limits of its own */

static bool is_alphanumeric(char byte)
{
    return (byte >= '0' && byte <= '9') || (text_lower(byte) >= 'a' && text_lower(byte) <= 'z');
}

/* RFC 3986 section 2.3 */
static bool is_unreserved(char byte)
{
    return is_alphanumeric(byte) || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

static struct text until(struct text text, char end)
{
    const char *const found = text.len > 0 ? memchr(text.at, end, text.len) : NULL;
    return found == NULL ? text : (struct text){text.at, (size_t)(found - text.at)};
}

static struct text after(struct text text, size_t len)
{
    return (struct text){text.at + len, text.len - len};
}

/* ---- the path ---- */

/* append_unescaped: section 6.2.2.1 and 6.2.2.2: escapes of unreserved characters are undone, the others get upper case digits. */
static apisec_status append_unescaped(struct text path, struct buffer *out)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < path.len; i++) {
        if (path.at[i] != '%') {
            buffer_byte(out, path.at[i]);
            continue;
        }
        if (path.len - i < 3 || text_hex_digit(path.at[i + 1]) < 0 || text_hex_digit(path.at[i + 2]) < 0) return APISEC_E_MALFORMED;
        const int value = text_hex_digit(path.at[i + 1]) * 16 + text_hex_digit(path.at[i + 2]);
        if (value < 0x80 && is_unreserved((char)value)) {
            buffer_byte(out, (char)value);
        } else {
            buffer_byte(out, '%');
            buffer_byte(out, digits[value / 16]);
            buffer_byte(out, digits[value % 16]);
        }
        i += 2;
    }
    return out->status;
}

/* append_segments: section 5.2.4, for a path that begins with '/'. What is in out already is never cut. */
static apisec_status append_segments(struct text path, struct buffer *out)
{
    const size_t root = out->len;
    while (path.len > 0) {
        path = after(path, 1);
        const struct text segment = until(path, '/');
        const bool is_last = segment.len == path.len;
        path = after(path, segment.len);
        if (text_is(segment, "..")) {
            while (out->len > root && out->bytes[out->len - 1] != '/') out->len--;
            if (out->len > root) out->len--;
        } else if (!text_is(segment, ".")) {
            buffer_byte(out, '/');
            buffer_slice(out, segment);
            continue;
        }
        if (is_last) buffer_byte(out, '/');
    }
    return out->status;
}

apisec_status htu_path(struct text path, struct buffer *out)
{
    if (path.len == 0 || path.at[0] != '/') return APISEC_E_MALFORMED;
    struct buffer plain = BUFFER_MAX(MAX_PATH);
    apisec_status status = append_unescaped(path, &plain);
    if (status == APISEC_OK) status = append_segments((struct text){plain.bytes, plain.len}, out);
    buffer_free(&plain);
    return status;
}

/* ---- what is before the path ---- */

/* split_port: the authority ends with ":" digits, and it is not a part of an IPv6 address. */
static struct text split_port(struct text *authority)
{
    for (size_t i = authority->len; i > 0; i--) {
        const char byte = authority->at[i - 1];
        if (byte >= '0' && byte <= '9') continue;
        if (byte != ':') break;
        const struct text port = after(*authority, i);
        authority->len = i - 1;
        return port;
    }
    return (struct text){NULL, 0};
}

static apisec_status append_authority(struct text authority, const char *default_port, struct buffer *out)
{
    const struct text port = split_port(&authority);
    if (authority.len == 0) return APISEC_E_MALFORMED;
    for (size_t i = 0; i < authority.len; i++) {
        const char byte = authority.at[i];
        if (!is_alphanumeric(byte) && byte != '-' && byte != '.' && byte != '_' && byte != ':' && byte != '[' && byte != ']')
            return APISEC_E_MALFORMED;
        buffer_byte(out, text_lower(byte));
    }
    if (port.len == 0 || text_is(port, default_port)) return out->status;
    buffer_byte(out, ':');
    return buffer_slice(out, port);
}

/* cut_origin writes scheme and authority, and leaves what follows them: an empty text, or "/...", "?...", "#...". */
static apisec_status cut_origin(struct text *url, struct buffer *out)
{
    static const struct {
        const char *scheme, *port;
    } known[] = {{"https", "443"}, {"http", "80"}};
    const struct text scheme = until(*url, ':');
    struct text rest = after(*url, scheme.len);
    if (!text_starts(rest, "://")) return APISEC_E_MALFORMED;
    rest = after(rest, 3);
    const struct text authority = until(until(until(rest, '/'), '?'), '#');
    *url = after(rest, authority.len);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (!text_is_caseless(scheme, known[i].scheme)) continue;
        buffer_text(out, known[i].scheme);
        buffer_text(out, "://");
        return append_authority(authority, known[i].port, out);
    }
    return APISEC_E_MALFORMED;
}

apisec_status htu_url(struct text url, struct buffer *out)
{
    const apisec_status status = cut_origin(&url, out);
    if (status != APISEC_OK) return status;
    const struct text path = until(until(url, '?'), '#');
    return htu_path(path.len > 0 ? path : text_of("/"), out);
}

/* ---- what is configured ---- */

/* Without TLS a token on the wire is anybody's; between a proxy and a service on one host it is not on a wire. */
static bool is_loopback(struct text origin)
{
    static const char *const hosts[] = {"http://localhost", "http://127.0.0.1", "http://[::1]"};
    split_port(&origin);
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++)
        if (text_is(origin, hosts[i])) return true;
    return false;
}

apisec_status htu_base(struct text url, struct buffer *out, apisec_error *err)
{
    const size_t start = out->len;
    struct text rest = url;
    if (text_starts(url, "https:") && url_check(url, err) != APISEC_OK) return APISEC_E_CONFIG;
    apisec_status status = cut_origin(&rest, out);
    const struct text origin = {out->bytes == NULL ? "" : out->bytes + start, out->len - start};
    if (status == APISEC_OK && text_starts(origin, "http:") && !is_loopback(origin))
        return fail(err, APISEC_E_CONFIG, "an origin for DPoP is neither https nor on a loopback host");
    if (text_has_byte(rest, '?') || text_has_byte(rest, '#'))
        return fail(err, APISEC_E_CONFIG, "an origin for DPoP has a query or a fragment");
    if (status == APISEC_OK && rest.len > 0) status = htu_path(rest, out);
    while (status == APISEC_OK && out->bytes[out->len - 1] == '/') out->bytes[--out->len] = '\0';
    if (status == APISEC_E_MEMORY) return fail_memory(err);
    if (status != APISEC_OK) return fail(err, APISEC_E_CONFIG, "an origin for DPoP is no https URL");
    return succeed(err);
}
