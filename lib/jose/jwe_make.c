/* SPDX-License-Identifier: Apache-2.0
 *
 * jwe_make.c: encrypting a token, RFC 7516 section 5.1: a key for the content, by what the algorithm says; a header that tells the
 * recipient how to come by it; and the content, bound to that header.
 */
#include "jose/jose.h"

#include <string.h>

enum { MAX_HEADER = 4096 };

/* What there is before the token is put together. */
struct making {
    const struct jwe_need *need;
    const struct jwe_key *recipient;
    unsigned char key[CRYPTO_MAX_CONTENT_KEY];           /* the content's */
    unsigned char encrypted_key[CRYPTO_MAX_SIGNATURE];
    size_t encrypted_key_len;
    struct crypto_key *epk;                              /* ECDH-ES */
    unsigned char wrap_iv[CRYPTO_GCM_IV], wrap_tag[CRYPTO_GCM_TAG]; /* AES-GCM key wrap */
};

static void making_end(struct making *m)
{
    crypto_key_free(m->epk);
    mem_wipe(m->key, sizeof m->key);
}

/* ---- the content's key ---- */

/* agree: RFC 7518 section 4.6. What is agreed on is the content's key, or wraps it. */
static apisec_status agree(struct making *m)
{
    const struct crypto_key *const peer = m->recipient->key;
    const struct management *const management = m->need->management;
    const struct text nobody = {NULL, 0}, key = {(const char *)m->key, m->need->content->key_len};
    const bool wraps = management->wrap_len > 0;
    unsigned char z[CRYPTO_MAX_COORDINATE], derived[CRYPTO_MAX_CONTENT_KEY];
    const struct text secret = {(const char *)z, crypto_key_len(peer)}, wrap_key = {(const char *)derived, management->wrap_len};
    apisec_status status = crypto_key_new_random(CRYPTO_KEY_EC, crypto_key_curve(peer), 0, &m->epk, NULL);
    if (status == APISEC_OK) status = crypto_ecdh(m->epk, peer, z);
    if (status == APISEC_OK) {
        status = wraps ? kdf_concat(secret, text_of(management->name), nobody, nobody, derived, wrap_key.len)
                       : kdf_concat(secret, text_of(m->need->content->name), nobody, nobody, m->key, key.len);
    }
    if (status == APISEC_OK && wraps) {
        status = crypto_wrap(wrap_key, key, m->encrypted_key);
        m->encrypted_key_len = key.len + CRYPTO_WRAP_EXTRA;
    }
    mem_wipe(z, sizeof z);
    mem_wipe(derived, sizeof derived);
    return status;
}

static apisec_status with_secret(struct making *m, struct text secret)
{
    const struct text nothing = {NULL, 0}, key = {(const char *)m->key, m->need->content->key_len};
    switch (m->need->management->mode) {
    case MANAGEMENT_DIRECT: memcpy(m->key, secret.at, secret.len); return APISEC_OK; /* jwe_key_fits: as long as the content's */
    case MANAGEMENT_AES_KW:
        m->encrypted_key_len = key.len + CRYPTO_WRAP_EXTRA;
        return crypto_wrap(secret, key, m->encrypted_key);
    case MANAGEMENT_GCM_KW:
        m->encrypted_key_len = key.len;
        if (random_bytes(m->wrap_iv, sizeof m->wrap_iv) != APISEC_OK) return APISEC_E_CRYPTO;
        return crypto_gcm_encrypt(secret, m->wrap_iv, nothing, key, m->encrypted_key, m->wrap_tag);
    case MANAGEMENT_OAEP:
    case MANAGEMENT_ECDH: break;
    }
    return APISEC_E_KEY_UNFIT;
}

static apisec_status make_key(struct making *m)
{
    const struct text key = {(const char *)m->key, m->need->content->key_len};
    if (random_bytes(m->key, key.len) != APISEC_OK) return APISEC_E_CRYPTO;
    if (m->need->management->mode == MANAGEMENT_ECDH) return agree(m);
    if (m->need->management->mode == MANAGEMENT_OAEP) {
        m->encrypted_key_len = crypto_key_len(m->recipient->key);
        return crypto_oaep_encrypt(m->recipient->key, m->need->management->oaep, key, m->encrypted_key);
    }
    struct arena arena = {NULL};
    struct text secret;
    apisec_status status = crypto_key_oct_bytes(m->recipient->key, &arena, &secret);
    if (status == APISEC_OK) status = with_secret(m, secret);
    arena_free(&arena);
    return status;
}

/* ---- the token ---- */

static void put_bytes(struct json_writer *writer, const char *name, const unsigned char *bytes, size_t len)
{
    char encoded[2 * CRYPTO_GCM_TAG];
    base64url_encode(bytes, len, encoded);
    json_put_text(writer, name, text_of(encoded));
}

static apisec_status write_header(const struct making *m, const char *cty, struct buffer *out)
{
    struct json_writer writer = {out, false};
    apisec_status status = APISEC_OK;
    json_open_object(&writer, NULL);
    json_put_text(&writer, "alg", text_of(m->need->management->name));
    json_put_text(&writer, "enc", text_of(m->need->content->name));
    if (m->recipient->kid) json_put_text(&writer, "kid", text_of(m->recipient->kid));
    if (cty) json_put_text(&writer, "cty", text_of(cty));
    if (m->epk) {
        json_open_object(&writer, "epk");
        status = jwk_write_key(m->epk, JWK_PUBLIC, &writer);
        json_close_object(&writer);
    }
    if (m->need->management->mode == MANAGEMENT_GCM_KW) {
        put_bytes(&writer, "iv", m->wrap_iv, sizeof m->wrap_iv);
        put_bytes(&writer, "tag", m->wrap_tag, sizeof m->wrap_tag);
    }
    json_close_object(&writer);
    return status == APISEC_OK ? out->status : status;
}

static apisec_status append_part(struct buffer *out, const void *bytes, size_t len)
{
    const apisec_status status = buffer_byte(out, '.');
    return status == APISEC_OK ? compact_append(out, bytes, len) : status;
}

/* append_content: the header that it is bound to begins at `from`. */
static apisec_status append_content(const struct making *m, size_t from, struct text plaintext, struct buffer *out)
{
    const struct content *const content = m->need->content;
    const size_t len = content_ciphertext_len(content, plaintext.len);
    unsigned char iv[CRYPTO_MAX_HASH], tag[CRYPTO_MAX_HASH];
    struct arena arena = {NULL};
    unsigned char *const ciphertext = arena_alloc(&arena, len);
    if (!ciphertext) return APISEC_E_MEMORY;

    const size_t header_len = out->len - from;
    apisec_status status = append_part(out, m->encrypted_key, m->encrypted_key_len);
    const struct text aad = {out->bytes + from, header_len};
    if (status == APISEC_OK && random_bytes(iv, content->iv_len) != APISEC_OK) status = APISEC_E_CRYPTO;
    if (status == APISEC_OK) status = content_encrypt(content, m->key, iv, aad, plaintext, ciphertext, tag);
    if (status == APISEC_OK) status = append_part(out, iv, content->iv_len);
    if (status == APISEC_OK) status = append_part(out, ciphertext, len);
    if (status == APISEC_OK) status = append_part(out, tag, content->tag_len);
    arena_free(&arena);
    return status;
}

static apisec_status append_token(const struct making *m, const char *cty, struct text plaintext, struct buffer *out)
{
    struct buffer header = BUFFER_MAX(MAX_HEADER);
    const size_t from = out->len;
    apisec_status status = write_header(m, cty, &header);
    if (status == APISEC_OK) status = compact_append(out, header.bytes, header.len);
    if (status == APISEC_OK) status = append_content(m, from, plaintext, out);
    buffer_free(&header);
    return status;
}

apisec_status jwe_encrypt(const struct jwe_key *key, const struct jwe_need *need, const char *cty, struct text plaintext,
                          struct buffer *out, apisec_error *err)
{
    struct making m = {.need = need, .recipient = key};
    apisec_status status = jwe_key_fits(key, need, err);
    if (status != APISEC_OK) return status;
    if (plaintext.len > out->max) return fail(err, APISEC_E_TOO_LARGE, "the plaintext is longer than a token may be");
    status = make_key(&m);
    if (status == APISEC_OK) status = append_token(&m, cty, plaintext, out);
    making_end(&m);
    switch (status) {
    case APISEC_OK: return succeed(err);
    case APISEC_E_MEMORY: return fail_memory(err);
    case APISEC_E_TOO_LARGE: return fail(err, status, "the token would be longer than is accepted");
    default: return fail(err, status, "encrypting with %s and %s failed", need->management->name, need->content->name);
    }
}
