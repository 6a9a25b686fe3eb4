/* SPDX-License-Identifier: Apache-2.0
 *
 * web_text.c: the texts of requests and replies: forms, headers, cookies, HTTP Basic, and how a reply is put together.
 */
#include "web.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void web_free_pairs(struct web_pairs *pairs)
{
    for (size_t i = 0; i < pairs->num; i++) {
        explicit_bzero(pairs->pairs[i].value, strlen(pairs->pairs[i].value));
        free(pairs->pairs[i].name);
        free(pairs->pairs[i].value);
    }
    pairs->num = 0;
}

bool web_base64url(const unsigned char *bytes, size_t len, char *text, size_t size)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t used = 0;
    unsigned bits = 0, num_bits = 0;
    if (len > SIZE_MAX / 8 || (len * 8 + 5) / 6 >= size) return false;
    for (size_t i = 0; i < len; i++) {
        bits = ((bits << 8) | bytes[i]) & 0xffffu;
        for (num_bits += 8; num_bits >= 6; num_bits -= 6) text[used++] = alphabet[(bits >> (num_bits - 6)) & 63u];
    }
    if (num_bits > 0) text[used++] = alphabet[(bits << (6 - num_bits)) & 63u];
    text[used] = '\0';
    return true;
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

/* decode_part undoes form encoding; NULL for a bad escape, or one that makes a NUL. */
static char *decode_part(const char *text, size_t len)
{
    char *out = malloc(len + 1);
    size_t used = 0;
    for (size_t i = 0; out && i < len; i++) {
        int byte = text[i] == '+' ? ' ' : (unsigned char)text[i];
        if (byte == '%') {
            int high = len - i > 2 ? hex_value(text[i + 1]) : -1;
            int low = high >= 0 ? hex_value(text[i + 2]) : -1;
            byte = low >= 0 ? high * 16 + low : 0;
            i += 2;
        }
        if (byte == 0) {
            free(out);
            return NULL;
        }
        out[used++] = (char)byte;
    }
    if (out) out[used] = '\0';
    return out;
}

void web_decode_form(struct web_pairs *pairs, const char *text, size_t len)
{
    const char *end = text + len;
    while (text < end && !pairs->refused) {
        const char *stop = memchr(text, '&', (size_t)(end - text));
        if (stop == NULL) stop = end;
        const char *equals = memchr(text, '=', (size_t)(stop - text));
        const char *name_end = equals ? equals : stop;
        char *name = decode_part(text, (size_t)(name_end - text));
        char *value = equals ? decode_part(equals + 1, (size_t)(stop - equals - 1)) : strdup("");
        if (name == NULL || value == NULL || pairs->num == WEB_MAX_PAIRS) {
            free(name);
            free(value);
            pairs->refused = true;
            return;
        }
        pairs->pairs[pairs->num++] = (struct web_pair){name, value};
        text = stop + 1;
    }
}

static const char *find_one(const struct web_pairs *pairs, const char *name, int (*compare)(const char *, const char *))
{
    const char *found = NULL;
    for (size_t i = 0; i < pairs->num && !pairs->refused; i++) {
        if (compare(pairs->pairs[i].name, name) != 0) continue;
        if (found) return NULL; /* twice: who knows which one was meant */
        found = pairs->pairs[i].value;
    }
    return found;
}

const char *web_value(const struct web_pairs *pairs, const char *name)
{
    return find_one(pairs, name, strcmp);
}

const char *web_header(const struct web_request *request, const char *name)
{
    return find_one(&request->headers, name, strcasecmp);
}

bool web_cookie(const struct web_request *request, const char *name, char *value, size_t size)
{
    const char *at = web_header(request, "Cookie");
    size_t name_len = strlen(name);
    while (at && *at) {
        size_t len = strcspn(at, ";");
        if (len > name_len && memcmp(at, name, name_len) == 0 && at[name_len] == '=') {
            size_t value_len = len - name_len - 1;
            if (value_len == 0 || value_len >= size) return false;
            memcpy(value, at + name_len + 1, value_len);
            value[value_len] = '\0';
            return true;
        }
        at += len;
        at += strspn(at, "; ");
    }
    return false;
}

static bool copy_decoded(const char *text, size_t len, char *out, size_t size)
{
    char *decoded = decode_part(text, len);
    bool fits = decoded && strlen(decoded) < size;
    if (fits) memcpy(out, decoded, strlen(decoded) + 1);
    free(decoded);
    return fits;
}

bool web_basic(const struct web_request *request, char *user, size_t user_size, char *secret, size_t secret_size)
{
    const char *header = web_header(request, "Authorization");
    gnutls_datum_t decoded = {NULL, 0};
    if (header == NULL || strncasecmp(header, "Basic ", 6) != 0) return false;
    const gnutls_datum_t encoded = {(unsigned char *)(uintptr_t)(header + 6), (unsigned)strlen(header + 6)};
    if (gnutls_base64_decode2(&encoded, &decoded) != GNUTLS_E_SUCCESS) return false;
    const char *text = (const char *)decoded.data;
    const char *colon = decoded.size ? memchr(text, ':', decoded.size) : NULL;
    bool whole = colon && copy_decoded(text, (size_t)(colon - text), user, user_size) &&
                 copy_decoded(colon + 1, decoded.size - (size_t)(colon - text) - 1, secret, secret_size);
    gnutls_free(decoded.data);
    return whole;
}

/* ---- replies ---- */

void web_add_header(struct web_reply *reply, const char *name, const char *value)
{
    struct web_pair pair = {strdup(name), strdup(value)};
    if (pair.name && pair.value && reply->headers.num < WEB_MAX_PAIRS) {
        reply->headers.pairs[reply->headers.num++] = pair;
        return;
    }
    free(pair.name);
    free(pair.value);
    reply->status = 500; /* a reply that lacks a header is not the one that was meant */
}

void web_json(struct web_reply *reply, int status, cJSON *document)
{
    char *text = cJSON_PrintUnformatted(document);
    reply->status = text ? status : 500;
    reply->content_type = "application/json";
    reply->body = text;
    reply->len = text ? strlen(text) : 0;
    cJSON_Delete(document);
}

void web_redirect(struct web_reply *reply, const char *url)
{
    reply->status = 303;
    web_add_header(reply, "Location", url);
}

void web_refuse(struct web_reply *reply, const struct web_request *request, int status, const char *error)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "error", error);
    cJSON_AddStringToObject(body, "trace", request->trace);
    web_json(reply, status, body);
}

/* ---- small things ---- */

char *web_read_file(const char *folder, const char *name)
{
    enum { SIZE = 65536 };
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) return NULL;
    char *text = calloc(1, SIZE);
    size_t len = text ? fread(text, 1, SIZE - 1, file) : 0;
    (void)fclose(file);
    if (len > 0) return text;
    free(text);
    return NULL;
}

void web_random_hex(char *text, size_t size)
{
    unsigned char bytes[32];
    size_t num = (size - 1) / 2;
    if (num > sizeof bytes || gnutls_rnd(GNUTLS_RND_KEY, bytes, num) != GNUTLS_E_SUCCESS) abort(); /* no guessable secret */
    for (size_t i = 0; i < num; i++) snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    explicit_bzero(bytes, sizeof bytes);
}
