/* SPDX-License-Identifier: Apache-2.0
 *
 * compact.c: what the compact serialisations of JWS and JWE have in common (RFC 7515 and RFC 7516, section 7.1 of each): parts of
 * base64url characters between dots, the first of which is a JSON object.
 */
#include "jose/jose.h"

#include <stdlib.h>

apisec_status compact_split(struct text token, size_t max_len, struct text parts[COMPACT_MOST], size_t *num, apisec_error *err)
{
    *num = 0;
    if (token.len > max_len) {
        return fail(err, APISEC_E_TOO_LARGE, "the token has %zu bytes; at most %zu are accepted", token.len, max_len);
    }
    for (size_t from = 0;;) {
        const struct text rest = {from > 0 ? token.at + from : token.at, token.len - from};
        const size_t len = base64url_span(rest.at, rest.len);
        if (len < rest.len && rest.at[len] != '.')
            return fail(err, APISEC_E_MALFORMED, "byte %zu of the token is not base64url", from + len);
        if (*num < COMPACT_MOST) parts[*num] = (struct text){rest.at, len};
        ++*num;
        if (len == rest.len) return APISEC_OK;
        from += len + 1;
    }
}

static apisec_status parse_header(struct text encoded, unsigned char *bytes, struct json **document, apisec_error *err)
{
    size_t len = 0;
    if (base64url_decode(encoded.at, encoded.len, bytes, &len) != APISEC_OK) {
        return fail(err, APISEC_E_MALFORMED, "the token's header is not strict base64url");
    }
    return json_parse_object((struct text){(const char *)bytes, len}, &json_token_limits, document, err);
}

apisec_status compact_header(struct text encoded, struct json **document, apisec_error *err)
{
    enum { USUAL = 1024 }; /* more than a header without certificates needs */
    unsigned char usual[USUAL], *larger = NULL;
    *document = NULL;
    const size_t len = base64url_decoded_len(encoded.len);
    if (encoded.len > JOSE_MAX_TOKEN) return fail(err, APISEC_E_TOO_LARGE, "the token's header is too long");
    if (len > USUAL) {
        larger = mem_array(len, 1);
        if (!larger) return fail_memory(err);
    }
    const apisec_status status = parse_header(encoded, larger ? larger : usual, document, err);
    free(larger);
    return status;
}

apisec_status compact_append(struct buffer *out, const void *bytes, size_t len)
{
    if (len > out->max) return APISEC_E_TOO_LARGE;
    const size_t encoded_len = base64url_encoded_len(len);
    char *const encoded = mem_array(encoded_len + 1, 1);
    if (!encoded) return APISEC_E_MEMORY;
    base64url_encode(bytes, len, encoded);
    const apisec_status status = buffer_append(out, encoded, encoded_len);
    mem_wipe_free(encoded, encoded_len);
    return status;
}

apisec_status compact_text(const struct json *document, const char *name, struct text *out, apisec_error *err)
{
    *out = (struct text){NULL, 0};
    if (json_get_text(document, name, out) != JSON_MISTYPED) return APISEC_OK;
    return fail(err, APISEC_E_MALFORMED, "`%s` of the token's header is not a string", name);
}
