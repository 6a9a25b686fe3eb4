/* SPDX-License-Identifier: Apache-2.0
 *
 * thumbprint.c: writing a prepared key: as a JWK text (RFC 7517), and as its thumbprint (RFC 7638), the name under which a key is
 * known that has no other. Both start from the key's own numbers, so that they do not depend on how its JWK was spelled.
 */
#include "jose/jose.h"

#include <string.h>

enum { MAX_NUMBER = CRYPTO_MAX_OCT, MAX_ENCODED = (MAX_NUMBER + 2) / 3 * 4 + 1, MAX_CANONICAL = 2048 };

static const char *curve_name(enum crypto_curve curve)
{
    switch (curve) {
    case CRYPTO_P256: return "P-256";
    case CRYPTO_P384: return "P-384";
    case CRYPTO_P521: return "P-521";
    }
    return "";
}

static void put_number(struct json_writer *writer, const char *name, struct text number)
{
    char encoded[MAX_ENCODED];
    if (!number.at) return; /* a public key */
    base64url_encode(number.at, number.len, encoded);
    json_put_text(writer, name, text_of(encoded));
    mem_wipe(encoded, sizeof encoded);
}

/* ---- the members that a thumbprint is made of, in the order of their names (RFC 7638 section 3.2) ---- */

static apisec_status put_public(const struct crypto_key *key, struct json_writer *writer, struct arena *arena)
{
    struct crypto_rsa_parts rsa;
    struct crypto_ec_parts ec;
    struct text secret;
    apisec_status status = APISEC_E_UNSUPPORTED;
    switch (crypto_key_type(key)) {
    case CRYPTO_KEY_RSA:
        status = crypto_key_rsa_parts(key, arena, &rsa);
        if (status != APISEC_OK) break;
        put_number(writer, "e", rsa.e);
        json_put_text(writer, "kty", text_of("RSA"));
        put_number(writer, "n", rsa.n);
        break;
    case CRYPTO_KEY_EC:
        status = crypto_key_ec_parts(key, arena, &ec);
        if (status != APISEC_OK) break;
        json_put_text(writer, "crv", text_of(curve_name(ec.curve)));
        json_put_text(writer, "kty", text_of("EC"));
        put_number(writer, "x", ec.x);
        put_number(writer, "y", ec.y);
        break;
    case CRYPTO_KEY_OCT:
        status = crypto_key_oct_bytes(key, arena, &secret);
        if (status != APISEC_OK) break;
        put_number(writer, "k", secret);
        json_put_text(writer, "kty", text_of("oct"));
        break;
    }
    return status;
}

static apisec_status put_private(const struct crypto_key *key, struct json_writer *writer, struct arena *arena)
{
    struct crypto_rsa_parts rsa;
    struct crypto_ec_parts ec;
    apisec_status status = APISEC_OK;
    if (crypto_key_type(key) == CRYPTO_KEY_RSA) {
        status = crypto_key_rsa_parts(key, arena, &rsa);
        if (status != APISEC_OK) return status;
        put_number(writer, "d", rsa.d);
        put_number(writer, "p", rsa.p);
        put_number(writer, "q", rsa.q);
        put_number(writer, "dp", rsa.dp);
        put_number(writer, "dq", rsa.dq);
        put_number(writer, "qi", rsa.qi);
    }
    if (crypto_key_type(key) == CRYPTO_KEY_EC) {
        status = crypto_key_ec_parts(key, arena, &ec);
        if (status != APISEC_OK) return status;
        put_number(writer, "d", ec.d);
    }
    return status;
}

apisec_status jwk_thumbprint(const struct crypto_key *key, char out[CRYPTO_SHA256_TEXT])
{
    unsigned char hash[CRYPTO_MAX_HASH];
    struct buffer canonical = BUFFER_MAX(MAX_CANONICAL);
    struct json_writer writer = {&canonical, false};
    struct arena arena = {NULL};
    out[0] = '\0';

    json_open_object(&writer, NULL);
    apisec_status status = put_public(key, &writer, &arena);
    json_close_object(&writer);
    if (status == APISEC_OK) status = canonical.status;
    if (status == APISEC_OK) status = crypto_hash_bytes(CRYPTO_SHA256, canonical.bytes, canonical.len, hash);
    if (status == APISEC_OK) base64url_encode(hash, crypto_hash_len(CRYPTO_SHA256), out);
    arena_free(&arena);
    buffer_free(&canonical);
    return status;
}

apisec_status jwk_write_key(const struct crypto_key *key, enum jwk_half half, struct json_writer *writer)
{
    struct arena arena = {NULL};
    apisec_status status = put_public(key, writer, &arena);
    if (status == APISEC_OK && half == JWK_PRIVATE) status = put_private(key, writer, &arena);
    arena_free(&arena);
    return status;
}

apisec_status jwk_write(const struct crypto_key *key, const char *kid, const struct algorithm *algorithm, enum jwk_half half,
                        struct buffer *out)
{
    struct json_writer writer = {out, false};
    if (half == JWK_PUBLIC && crypto_key_type(key) == CRYPTO_KEY_OCT) return APISEC_E_KEY_UNFIT; /* all of it is secret */
    if (half == JWK_PRIVATE && !crypto_key_is_private(key)) return APISEC_E_KEY_UNFIT;

    json_open_object(&writer, NULL);
    const apisec_status status = jwk_write_key(key, half, &writer);
    if (kid) json_put_text(&writer, "kid", text_of(kid));
    if (algorithm) json_put_text(&writer, "alg", text_of(algorithm->name));
    json_close_object(&writer);
    return status != APISEC_OK ? status : out->status;
}
