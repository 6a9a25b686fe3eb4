/* SPDX-License-Identifier: Apache-2.0
 *
 * jwe.c: an encrypted token in its compact serialisation, RFC 7516 section 7.1: where its parts are, and what its header says. All
 * that a header can be refused for is refused here, before a key is looked for.
 */
#include "jose/jose.h"

#include <string.h>

/* ---- parts ---- */

bool jwe_looks_like(struct text token)
{
    size_t num_dots = 0;
    for (size_t i = 0; i < token.len; i++) num_dots += token.at[i] == '.';
    return num_dots == 4;
}

apisec_status jwe_split(struct text token, struct jwe *jwe, apisec_error *err)
{
    *jwe = (struct jwe){{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}};
    struct text parts[COMPACT_MOST];
    size_t num;
    const apisec_status status = compact_split(token, JOSE_MAX_TOKEN, parts, &num, err);
    if (status != APISEC_OK) return status;
    if (num != 5) return fail(err, APISEC_E_MALFORMED, "the token has %zu part%s instead of 5", num, num == 1 ? "" : "s");
    if (parts[0].len == 0) return fail(err, APISEC_E_MALFORMED, "the token's header is empty");
    *jwe = (struct jwe){parts[0], parts[1], parts[2], parts[3], parts[4]};
    return succeed(err);
}

/* ---- header: what every one has ---- */

static apisec_status find_algorithms(struct text alg, struct text enc, struct jwe_header *header, apisec_error *err)
{
    if (text_is(alg, "RSA1_5")) return fail(err, APISEC_E_ALGORITHM, "RSA1_5 is refused: its padding is an oracle");
    if (text_starts(alg, "PBES2-")) return fail(err, APISEC_E_ALGORITHM, "PBES2 is refused: its sender chooses the work");
    header->management = management_find(alg);
    header->content = content_find(enc);
    if (!header->management) return fail(err, APISEC_E_ALGORITHM, "`alg` is no key management algorithm that is accepted");
    if (!header->content) return fail(err, APISEC_E_ALGORITHM, "`enc` is no content encryption algorithm that is accepted");
    return APISEC_OK;
}

/* RFC 7516 section 4.1. The members that name a key or where to fetch one (jku, jwk, x5u, x5c, x5t) are not looked at. */
static apisec_status read_common(struct jwe_header *header, apisec_error *err)
{
    const struct json *const document = header->document;
    struct text alg, enc;
    if (json_member(document, "crit")) return fail(err, APISEC_E_MALFORMED, "the token has `crit`: no extension is understood");
    if (json_member(document, "zip")) return fail(err, APISEC_E_ALGORITHM, "`zip` is refused: what it holds could be of any size");
    apisec_status status = compact_text(document, "alg", &alg, err);
    if (status == APISEC_OK) status = compact_text(document, "enc", &enc, err);
    if (status == APISEC_OK) status = compact_text(document, "kid", &header->kid, err);
    if (status == APISEC_OK) status = compact_text(document, "cty", &header->cty, err);
    if (status != APISEC_OK) return status;
    if (!alg.at || !enc.at) return fail(err, APISEC_E_MALFORMED, "the token's header has no `alg` or no `enc`");
    if (header->kid.len > JOSE_MAX_KEY_ID) {
        return fail(err, APISEC_E_MALFORMED, "the token's `kid` has %zu bytes; at most %d are accepted", header->kid.len,
                    JOSE_MAX_KEY_ID);
    }
    return find_algorithms(alg, enc, header, err);
}

/* ---- header: what the key management needs ---- */

static apisec_status read_bytes(struct jwe_header *header, const char *name, struct text *out, apisec_error *err)
{
    struct text encoded;
    *out = (struct text){NULL, 0};
    const apisec_status status = compact_text(header->document, name, &encoded, err);
    if (status != APISEC_OK || !encoded.at) return status;
    unsigned char *const bytes = arena_alloc(&header->arena, base64url_decoded_len(encoded.len));
    if (!bytes) return fail_memory(err);
    if (base64url_decode(encoded.at, encoded.len, bytes, &out->len) != APISEC_OK) {
        return fail(err, APISEC_E_MALFORMED, "`%s` of the token's header is not strict base64url", name);
    }
    out->at = (const char *)bytes;
    return APISEC_OK;
}

/* The point is checked where every EC key is. What is no public EC key is not read as a key at all. */
static apisec_status read_ephemeral(struct jwe_header *header, apisec_error *err)
{
    const struct json *const epk = json_member(header->document, "epk");
    if (!epk) return fail(err, APISEC_E_MALFORMED, "the token's header has no `epk`");
    if (json_kind(epk) != JSON_OBJECT) return fail(err, APISEC_E_MALFORMED, "`epk` of the token's header is not an object");
    struct text kty;
    if (json_get_text(epk, "kty", &kty) != JSON_OK || !text_is(kty, "EC") || json_member(epk, "d")) {
        return fail(err, APISEC_E_MALFORMED, "`epk` of the token's header is no public EC key");
    }
    apisec_error why;
    const apisec_status status = jwk_parse_key(epk, &header->epk, &why);
    if (status == APISEC_E_MEMORY) return fail_memory(err);
    return status == APISEC_OK ? status : fail(err, APISEC_E_MALFORMED, "`epk` of the token's header: %s", why.text);
}

static apisec_status read_ecdh(struct jwe_header *header, apisec_error *err)
{
    apisec_status status = read_bytes(header, "apu", &header->apu, err);
    if (status == APISEC_OK) status = read_bytes(header, "apv", &header->apv, err);
    return status == APISEC_OK ? read_ephemeral(header, err) : status;
}

static apisec_status read_gcm_wrap(struct jwe_header *header, apisec_error *err)
{
    apisec_status status = read_bytes(header, "iv", &header->iv, err);
    if (status == APISEC_OK) status = read_bytes(header, "tag", &header->tag, err);
    if (status != APISEC_OK) return status;
    if (header->iv.len == CRYPTO_GCM_IV && header->tag.len == CRYPTO_GCM_TAG) return APISEC_OK;
    return fail(err, APISEC_E_MALFORMED, "`iv` and `tag` of the token's header do not have %d and %d bytes", CRYPTO_GCM_IV,
                CRYPTO_GCM_TAG);
}

static apisec_status read_header(struct jwe_header *header, apisec_error *err)
{
    const apisec_status status = read_common(header, err);
    if (status != APISEC_OK) return status;
    switch (header->management->mode) {
    case MANAGEMENT_ECDH: return read_ecdh(header, err);
    case MANAGEMENT_GCM_KW: return read_gcm_wrap(header, err);
    case MANAGEMENT_OAEP:
    case MANAGEMENT_AES_KW:
    case MANAGEMENT_DIRECT: return APISEC_OK;
    }
    return fail(err, APISEC_E_ALGORITHM, "`alg` is no key management algorithm that is accepted");
}

apisec_status jwe_header_parse(struct text encoded, struct jwe_header *header, apisec_error *err)
{
    *header = (struct jwe_header){.document = NULL};
    apisec_status status = compact_header(encoded, &header->document, err);
    if (status == APISEC_OK) status = read_header(header, err);
    if (status == APISEC_OK) return succeed(err);
    jwe_header_free(header);
    return status;
}

void jwe_header_free(struct jwe_header *header)
{
    crypto_key_free(header->epk);
    json_free(header->document);
    arena_free(&header->arena);
    *header = (struct jwe_header){.document = NULL};
}
