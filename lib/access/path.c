/* SPDX-License-Identifier: Apache-2.0
 *
 * path.c: the path of a request as the segments that rules are matched with: split at "/" and then percent-decoded, once (RFC 3986
 * sections 2.4 and 3.3). What services and proxies are known to read in two ways is refused here, before any rule is asked.
 */
#include "access/access.h"

static apisec_status refuse(apisec_error *err, const char *why)
{
    return fail(err, APISEC_E_REQUEST, "the path %s", why);
}

/* A raw byte of a path: visible ASCII, and none that some servers take for a separator or for the end. Behind a ";" are parameters
 * (RFC 3986 section 3.3) that some cut off, and then serve "/admin" where "/admin;x" was asked for. */
static bool is_path_byte(char c)
{
    return c > ' ' && c < 0x7f && c != '\\' && c != '#' && c != '?' && c != ';';
}

/* An encoded slash or backslash would be a separator for the next reader, a control character the end of a line or a text. */
static bool may_be_encoded(int byte)
{
    return byte >= ' ' && byte != 0x7f && byte != '/' && byte != '\\';
}

/* next_byte decodes one byte off the front; -1: it must not be there. */
static int next_byte(struct text *rest)
{
    const char c = rest->at[0];
    size_t used = 1;
    int byte = (unsigned char)c;
    if (!is_path_byte(c)) return -1;
    if (c == '%') {
        const bool is_whole = rest->len >= 3;
        const int high = is_whole ? text_hex_digit(rest->at[1]) : -1, low = is_whole ? text_hex_digit(rest->at[2]) : -1;
        if (high < 0 || low < 0) return -1;
        byte = high * 16 + low;
        if (!may_be_encoded(byte)) return -1;
        used = 3;
    }
    *rest = (struct text){rest->at + used, rest->len - used};
    return byte;
}

/* take_plain takes the bytes off the front that stand for themselves, and most do. */
static size_t take_plain(struct text *rest, char *out)
{
    size_t len = base64url_span(rest->at, rest->len); /* many at a time; mostly it ends where the segment does */
    while (len < rest->len && rest->at[len] != '/' && rest->at[len] != '%' && is_path_byte(rest->at[len])) len++;
    if (len > 0) memcpy(out, rest->at, len);
    *rest = (struct text){rest->at + len, rest->len - len};
    return len;
}

/* is_final: nothing is left in it that a reader who decodes once more would find, and no bytes that one takes for another text than
 * the next: an overlong slash, half a character. */
static bool is_final(struct text segment)
{
    for (size_t i = 0; i + 2 < segment.len; i++)
        if (segment.at[i] == '%' && text_hex_digit(segment.at[i + 1]) >= 0 && text_hex_digit(segment.at[i + 2]) >= 0) return false;
    return json_is_utf8(segment);
}

/* read_segment decodes up to the next "/" into out, and says how long it is; NULL, or what is wrong. */
static const char *read_segment(struct text *rest, char *out, size_t *len)
{
    *len = take_plain(rest, out);
    if (rest->len == 0 || rest->at[0] == '/') return NULL;
    while (rest->len > 0 && rest->at[0] != '/') {
        const int byte = next_byte(rest);
        if (byte < 0) return "has a byte that is not permitted, or badly encoded";
        out[(*len)++] = (char)byte;
        *len += take_plain(rest, out + *len);
    }
    return is_final((struct text){out, *len}) ? NULL : "is encoded twice, or is no UTF-8";
}

/* is_dots: some servers cut off a segment what follows an encoded ";" too, and then see the dots. */
static bool is_dots(struct text segment)
{
    if (segment.len == 0 || segment.at[0] != '.') return false;
    const char *const parameter = memchr(segment.at, ';', segment.len);
    if (parameter != NULL) segment.len = (size_t)(parameter - segment.at);
    return text_is(segment, ".") || text_is(segment, "..");
}

apisec_status path_parse(struct text path, struct arena *arena, struct path *out, apisec_error *err)
{
    out->num = 0;
    if (path.len == 0 || path.at[0] != '/') return refuse(err, "does not begin with a slash");
    if (path.len > PATH_MAX_LEN) return refuse(err, "is too long");
    char *room = arena_alloc(arena, path.len);
    if (room == NULL) return fail_memory(err);
    for (struct text rest = path; rest.len > 0;) {
        size_t len;
        rest = (struct text){rest.at + 1, rest.len - 1};
        if (out->num == PATH_MAX_SEGMENTS) return refuse(err, "has too many segments");
        const char *const wrong = read_segment(&rest, room, &len);
        if (wrong != NULL) return refuse(err, wrong);
        const struct text segment = {room, len};
        if (len == 0 && rest.len > 0) return refuse(err, "has two slashes in a row");
        if (is_dots(segment)) return refuse(err, "has a segment . or ..");
        out->segments[out->num++] = segment;
        room += len;
    }
    return APISEC_OK;
}
