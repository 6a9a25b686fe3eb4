/* SPDX-License-Identifier: Apache-2.0
 *
 * url.c: which URLs are acceptable: RFC 3986, narrowed to what all parsers read alike. Whatever two of them might read
 * differently (user info, backslashes, raw controls, percent signs in a host) is refused. Called wherever a URL is configured
 * or comes from a server's document.
 */
#include "http/http.h"

#include <arpa/inet.h>
#include <string.h>

#define MAX_URL 2048
#define MAX_HOST 253

static bool is_alpha(char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_unreserved(char byte)
{
    return is_alpha(byte) || is_digit(byte) || (byte != '\0' && strchr("-._~", byte) != NULL);
}

static struct text after(struct text text, size_t len)
{
    return (struct text){text.at + len, text.len - len};
}

/* escapes_are_whole: each percent sign is followed by two hexadecimal digits. */
static bool escapes_are_whole(struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] != '%') continue;
        if (text.len - i < 3 || text_hex_digit(text.at[i + 1]) < 0 || text_hex_digit(text.at[i + 2]) < 0) return false;
    }
    return true;
}

/* has_only_uri_bytes: unreserved, reserved, '%' (RFC 3986 section 2); in particular no space, control, backslash, quote. */
static bool has_only_uri_bytes(struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        const char byte = text.at[i];
        if (!is_unreserved(byte) && (byte == '\0' || strchr(":/?#[]@!$&'()*+,;=%", byte) == NULL)) return false;
    }
    return true;
}

/* cut_scheme cuts "scheme:" off; an empty scheme says that there is none. */
static struct text cut_scheme(struct text *rest)
{
    size_t len = 0;
    while (len < rest->len && (is_alpha(rest->at[len]) ||
                               (len > 0 && (is_digit(rest->at[len]) || rest->at[len] == '+' || rest->at[len] == '-' ||
                                            rest->at[len] == '.'))))
        len++;
    if (len == 0 || len == rest->len || rest->at[len] != ':') return (struct text){NULL, 0};
    const struct text scheme = {rest->at, len};
    *rest = after(*rest, len + 1);
    return scheme;
}

/* A name of letters, digits, '-', '_' in labels that are not empty; one dot may end it. An IPv4 address is such a name too. */
static bool is_host_name(struct text host)
{
    if (host.len > 0 && host.at[host.len - 1] == '.') host.len--;
    if (host.len == 0 || host.len > MAX_HOST) return false;
    char before = '.';
    for (size_t i = 0; i < host.len; i++) {
        const char byte = host.at[i];
        if (byte == '.' && before == '.') return false;
        if (!is_alpha(byte) && !is_digit(byte) && byte != '-' && byte != '_' && byte != '.') return false;
        before = byte;
    }
    return before != '.';
}

/* "[" IPv6address "]", without a zone */
static bool is_ipv6_literal(struct text host)
{
    char copy[INET6_ADDRSTRLEN];
    unsigned char address[16];
    if (host.len < 4 || host.at[0] != '[' || host.at[host.len - 1] != ']' || host.len - 2 >= sizeof copy) return false;
    memcpy(copy, host.at + 1, host.len - 2);
    copy[host.len - 2] = '\0';
    return strlen(copy) == host.len - 2 && inet_pton(AF_INET6, copy, address) == 1;
}

static bool is_port(struct text port)
{
    uint32_t number = 0;
    if (port.len == 0 || port.len > 5) return false;
    for (size_t i = 0; i < port.len; i++) {
        if (!is_digit(port.at[i])) return false;
        number = number * 10 + (uint32_t)(port.at[i] - '0');
    }
    return number >= 1 && number <= 65535;
}

/* authority = host [ ":" port ] */
static bool is_authority(struct text authority)
{
    struct text host = authority;
    size_t colon = 0;
    if (authority.len > 0 && authority.at[0] == '[') {
        while (colon < authority.len && authority.at[colon] != ']') colon++;
        if (colon < authority.len) colon++;
    } else {
        while (colon < authority.len && authority.at[colon] != ':') colon++;
    }
    host.len = colon;
    if (!is_host_name(host) && !is_ipv6_literal(host)) return false;
    if (colon == authority.len) return true;
    return authority.at[colon] == ':' && is_port(after(authority, colon + 1));
}

/* check_form makes the checks that any URL must pass, and cuts off the scheme. */
static apisec_status check_form(struct text url, apisec_status status, struct text *scheme, struct text *rest, apisec_error *err)
{
    *rest = url;
    if (url.at == NULL || url.len == 0) return fail(err, status, "the URL is empty");
    if (url.len > MAX_URL) return fail(err, status, "the URL is longer than %d bytes", MAX_URL);
    if (!has_only_uri_bytes(url)) return fail(err, status, "the URL has a byte that belongs in no URL");
    if (!escapes_are_whole(url)) return fail(err, status, "the URL has a percent sign without two hexadecimal digits");
    if (text_has_byte(url, '#')) return fail(err, status, "the URL has a fragment");
    *scheme = cut_scheme(rest);
    if (scheme->len == 0) return fail(err, status, "the URL has no scheme");
    return APISEC_OK;
}

apisec_status url_check(struct text url, apisec_error *err)
{
    struct text scheme, rest;
    const apisec_status status = check_form(url, APISEC_E_CONFIG, &scheme, &rest, err);
    if (status != APISEC_OK) return status;
    if (!text_is_caseless(scheme, "https")) return fail(err, APISEC_E_CONFIG, "the URL's scheme is not https");
    if (!text_starts(rest, "//")) return fail(err, APISEC_E_CONFIG, "the URL has no host");
    rest = after(rest, 2);
    size_t end = 0;
    while (end < rest.len && rest.at[end] != '/' && rest.at[end] != '?') end++;
    const struct text authority = {rest.at, end};
    if (text_has_byte(authority, '@')) return fail(err, APISEC_E_CONFIG, "the URL has user info");
    if (!is_authority(authority)) return fail(err, APISEC_E_CONFIG, "the URL's host or port is not one");
    rest = after(rest, end);
    if (text_has_byte(rest, '[') || text_has_byte(rest, ']'))
        return fail(err, APISEC_E_CONFIG, "the URL has a bracket outside its host");
    return succeed(err);
}

apisec_status url_check_proxy(struct text url, apisec_error *err)
{
    struct text scheme, rest;
    const apisec_status status = check_form(url, APISEC_E_CONFIG, &scheme, &rest, err);
    if (status != APISEC_OK) return status;
    if (!text_is_caseless(scheme, "http") || !text_starts(rest, "//") || !is_authority(after(rest, 2)))
        return fail(err, APISEC_E_CONFIG, "the proxy is not http://host:port");
    return succeed(err);
}

apisec_status uri_check(struct text uri, apisec_error *err)
{
    struct text scheme, rest;
    const apisec_status status = check_form(uri, APISEC_E_ARGUMENT, &scheme, &rest, err);
    if (status != APISEC_OK) return status;
    if (rest.len == 0 || text_is(rest, "//")) return fail(err, APISEC_E_ARGUMENT, "the URI has nothing behind its scheme");
    return succeed(err);
}
