/* SPDX-License-Identifier: Apache-2.0
 *
 * jws.c: a signed token in its compact serialisation, RFC 7515 section 7.1: where its parts are, what its header says, whether its
 * signature is right. The bytes that are verified are the bytes that came. Nothing in the header says where keys come from.
 */
#include "jose/jose.h"

#include <stdlib.h>
#include <string.h>

/* ---- parts ---- */

apisec_status jws_split(struct text token, struct jws *jws, apisec_error *err)
{
    return jws_split_within(token, JOSE_MAX_TOKEN, jws, err);
}

apisec_status jws_split_within(struct text token, size_t max_len, struct jws *jws, apisec_error *err)
{
    *jws = (struct jws){{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}};
    struct text parts[COMPACT_MOST];
    size_t num;
    const apisec_status status = compact_split(token, max_len, parts, &num, err);
    if (status != APISEC_OK) return status;
    if (num == 5) return fail(err, APISEC_E_MALFORMED, "the token has 5 parts: encrypted tokens are not accepted here");
    if (num != 3) return fail(err, APISEC_E_MALFORMED, "the token has %zu part%s instead of 3", num, num == 1 ? "" : "s");
    if (parts[0].len == 0) return fail(err, APISEC_E_MALFORMED, "the token's header is empty");

    jws->header = parts[0];
    jws->payload = parts[1];
    jws->signature = parts[2];
    jws->signing_input = (struct text){token.at, parts[0].len + 1 + parts[1].len};
    return succeed(err);
}

/* ---- header ---- */

enum { CRIT, B64, ALG, KID, TYP, CTY, JWK, NUM_MEMBERS };
static const char *const members[NUM_MEMBERS] = {"crit", "b64", "alg", "kid", "typ", "cty", "jwk"};

static apisec_status read_text(struct jws_header *header, const struct text *values, int member, struct text *out,
                               apisec_error *err)
{
    const struct text value = values[member];
    if (value.at == NULL || json_text_in_place(header->bytes + (value.at - header->bytes), value.len, out)) return APISEC_OK;
    return fail(err, APISEC_E_MALFORMED, "`%s` of the token's header is not a string", members[member]);
}

/* RFC 7515 section 4.1. The members that name a key or where to fetch one (jku, x5u, x5c, x5t) are not looked at. */
static apisec_status read_header(struct jws_header *header, size_t len, apisec_error *err)
{
    struct text values[NUM_MEMBERS];
    json_member_spans((struct text){header->bytes, len}, members, NUM_MEMBERS, values);
    if (values[CRIT].at) return fail(err, APISEC_E_MALFORMED, "the token has `crit`: no extension is understood");
    if (values[B64].at) return fail(err, APISEC_E_MALFORMED, "the token has `b64`: its payload is always encoded");

    apisec_status status = read_text(header, values, ALG, &header->alg, err);
    if (status == APISEC_OK) status = read_text(header, values, KID, &header->kid, err);
    if (status == APISEC_OK) status = read_text(header, values, TYP, &header->typ, err);
    if (status == APISEC_OK) status = read_text(header, values, CTY, &header->cty, err);
    if (status != APISEC_OK) return status;
    header->jwk = values[JWK];
    if (!header->alg.at) return fail(err, APISEC_E_MALFORMED, "the token's header has no `alg`");
    if (header->kid.len > JOSE_MAX_KEY_ID) {
        return fail(err, APISEC_E_MALFORMED, "the token's `kid` has %zu bytes; at most %d are accepted", header->kid.len,
                    JOSE_MAX_KEY_ID);
    }
    return APISEC_OK;
}

static apisec_status parse_header(struct text encoded, struct jws_header *header, apisec_error *err)
{
    size_t len = 0;
    if (encoded.len > JOSE_MAX_TOKEN) return fail(err, APISEC_E_TOO_LARGE, "the token's header is too long");
    header->bytes = malloc(base64url_decoded_len(encoded.len) + 1);
    if (!header->bytes) return fail_memory(err);
    if (base64url_decode(encoded.at, encoded.len, (unsigned char *)header->bytes, &len) != APISEC_OK)
        return fail(err, APISEC_E_MALFORMED, "the token's header is not strict base64url");
    const apisec_status status = json_check_object((struct text){header->bytes, len}, &json_token_limits, err);
    return status == APISEC_OK ? read_header(header, len, err) : status;
}

apisec_status jws_header_parse(struct text encoded, struct jws_header *header, apisec_error *err)
{
    *header = (struct jws_header){.bytes = NULL};
    const apisec_status status = parse_header(encoded, header, err);
    if (status == APISEC_OK) return succeed(err);
    jws_header_free(header);
    return status;
}

void jws_header_free(struct jws_header *header)
{
    free(header->bytes);
    *header = (struct jws_header){.bytes = NULL};
}

bool jws_type_is(struct text typ, const char *type)
{
    static const char front[] = "application/";
    const size_t front_len = sizeof front - 1;
    if (!typ.at) return false;
    if (text_has_byte(typ, '/')) {
        if (typ.len < front_len || !text_is_caseless((struct text){typ.at, front_len}, front)) return false;
        typ = (struct text){typ.at + front_len, typ.len - front_len};
    }
    return text_is_caseless(typ, type);
}

/* ---- signature and payload ---- */

apisec_status jws_verify(const struct jws *jws, const struct jwk *jwk, const struct algorithm *algorithm, apisec_error *err)
{
    unsigned char signature[CRYPTO_MAX_SIGNATURE];
    size_t len = 0;
    apisec_status status = jwk_fits(jwk, algorithm, err);
    if (status != APISEC_OK) return status;
    if (jws->signature.len == 0) return fail(err, APISEC_E_SIGNATURE, "the token is unsigned: its signature is empty");
    if (base64url_decoded_len(jws->signature.len) > sizeof signature) {
        return fail(err, APISEC_E_SIGNATURE, "the signature is longer than any of %s", algorithm->name);
    }
    if (base64url_decode(jws->signature.at, jws->signature.len, signature, &len) != APISEC_OK) {
        return fail(err, APISEC_E_MALFORMED, "the token's signature is not strict base64url");
    }
    status = crypto_verify(jwk->key, algorithm, jws->signing_input.at, jws->signing_input.len, signature, len);
    switch (status) {
    case APISEC_OK: return succeed(err);
    case APISEC_E_SIGNATURE: return fail(err, status, "the %s signature is wrong", algorithm->name);
    case APISEC_E_MEMORY: return fail_memory(err);
    default: return fail(err, status, "checking the %s signature failed", algorithm->name);
    }
}

apisec_status jws_decode_payload(const struct jws *jws, struct arena *arena, struct text *payload, apisec_error *err)
{
    *payload = (struct text){NULL, 0};
    unsigned char *const bytes = arena_alloc(arena, base64url_decoded_len(jws->payload.len) + 1); /* zeroed: the NUL is there */
    if (!bytes) return fail_memory(err);
    size_t len = 0;
    if (base64url_decode(jws->payload.at, jws->payload.len, bytes, &len) != APISEC_OK) {
        return fail(err, APISEC_E_MALFORMED, "the token's payload is not strict base64url");
    }
    *payload = (struct text){(const char *)bytes, len};
    return succeed(err);
}
