/* SPDX-License-Identifier: Apache-2.0
 *
 * header.c: the values of the header fields that matter to an operation: Content-Type, Cache-Control, ETag, DPoP-Nonce. Nothing
 * here fails: what cannot be understood is read as the value that allows least. Called by response.c, op.c and oauth/proof.c.
 */
#include "http/http.h"

#include <string.h>

#define MAX_AGE ((int64_t)1 << 31) /* RFC 9111 section 1.2.2 */

static bool is_token_byte(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
           (byte != '\0' && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

bool header_is_token(struct text text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_token_byte(text.at[i])) return false;
    return text.len > 0;
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t';
}

static struct text skip_spaces(struct text text)
{
    while (text.len > 0 && is_space(text.at[0])) text = (struct text){text.at + 1, text.len - 1};
    return text;
}

/* cut_token cuts the longest token off the front of rest; it may be empty. */
static struct text cut_token(struct text *rest)
{
    size_t len = 0;
    while (len < rest->len && is_token_byte(rest->at[len])) len++;
    const struct text token = {rest->at, len};
    *rest = (struct text){rest->at + len, rest->len - len};
    return token;
}

/* ---- Content-Type: type "/" subtype, then the end or a parameter (RFC 9110 section 8.3.1) ---- */

static bool is_media_type(struct text value, size_t *len)
{
    struct text rest = value;
    if (cut_token(&rest).len == 0) return false;
    if (rest.len == 0 || rest.at[0] != '/') return false;
    rest = (struct text){rest.at + 1, rest.len - 1};
    if (cut_token(&rest).len == 0) return false;
    *len = value.len - rest.len;
    rest = skip_spaces(rest);
    return rest.len == 0 || rest.at[0] == ';';
}

void header_media_type(struct text value, char *out, size_t size)
{
    size_t len = 0;
    if (!is_media_type(value, &len)) {
        value = text_of("?");
        len = 1;
    }
    if (len > size - 1) len = size - 1;
    for (size_t i = 0; i < len; i++) out[i] = text_lower(value.at[i]);
    out[len] = '\0';
}

/* ---- Cache-Control: directives separated by commas, name [ "=" ( token / quoted-string ) ] (RFC 9111 section 5.2) ---- */

struct directive {
    struct text name;
    struct text value; /* without quotes; at NULL: none */
};

/* cut_quoted takes the text within the quotes at the front of rest. Escapes stay as they are: no number has any. */
static bool cut_quoted(struct text *rest, struct text *value)
{
    size_t end = 1;
    while (end < rest->len && rest->at[end] != '"') end += rest->at[end] == '\\' ? 2 : 1;
    if (end >= rest->len) return false;
    *value = (struct text){rest->at + 1, end - 1};
    *rest = (struct text){rest->at + end + 1, rest->len - end - 1};
    return true;
}

/* cut_directive takes one directive and the comma behind it. false: what stands here is no directive. */
static bool cut_directive(struct text *rest, struct directive *directive)
{
    *directive = (struct directive){cut_token(rest), {NULL, 0}};
    if (rest->len > 0 && rest->at[0] == '=') {
        *rest = (struct text){rest->at + 1, rest->len - 1};
        if (rest->len > 0 && rest->at[0] == '"') {
            if (!cut_quoted(rest, &directive->value)) return false;
        } else {
            directive->value = cut_token(rest);
        }
    }
    *rest = skip_spaces(*rest);
    if (rest->len == 0) return true;
    if (rest->at[0] != ',') return false;
    *rest = (struct text){rest->at + 1, rest->len - 1};
    return true;
}

static int64_t read_seconds(struct text digits)
{
    int64_t seconds = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9') return 0;
        seconds = seconds * 10 + (digits.at[i] - '0');
        if (seconds > MAX_AGE) seconds = MAX_AGE;
    }
    return seconds;
}

int64_t header_max_age(struct text value)
{
    int64_t age = -1;
    struct text rest = skip_spaces(value);
    while (rest.len > 0) {
        struct directive directive;
        if (!cut_directive(&rest, &directive)) return 0;
        if (text_is_caseless(directive.name, "no-store") || text_is_caseless(directive.name, "no-cache")) return 0;
        if (text_is_caseless(directive.name, "max-age")) {
            if (age >= 0) return 0;
            age = read_seconds(directive.value);
        }
        rest = skip_spaces(rest);
    }
    return age;
}

/* ---- ETag: [ "W/" ] DQUOTE *( printable but DQUOTE and space ) DQUOTE. Bytes beyond ASCII, though allowed, are not kept ---- */

bool header_is_etag(struct text value)
{
    if (text_starts(value, "W/")) value = (struct text){value.at + 2, value.len - 2};
    if (value.len < 2 || value.at[0] != '"' || value.at[value.len - 1] != '"') return false;
    for (size_t i = 1; i < value.len - 1; i++)
        if (value.at[i] <= ' ' || value.at[i] > '~' || value.at[i] == '"') return false;
    return true;
}

/* NQCHAR of RFC 6749 appendix A */
bool header_is_nonce(struct text value)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.at[i] < 0x21 || value.at[i] > 0x7e || value.at[i] == '"' || value.at[i] == '\\') return false;
    return value.len > 0;
}
