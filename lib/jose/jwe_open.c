/* SPDX-License-Identifier: Apache-2.0
 *
 * jwe_open.c: decrypting a token, RFC 7516 section 5.2. What anybody can see of it, its header and its lengths, is judged first.
 * After that there is one answer to whatever is wrong, and one way to it: a content key that cannot be had, or is not as long as
 * `enc` wants it, is replaced by a random one (section 11.5), so that neither a sentence nor the calls that follow tell of it.
 */
#include "jose/jose.h"

#include <string.h>

/* The token's parts, decoded, and what decrypts them. */
struct opening {
    const struct jwe_header *header;
    const struct crypto_key *key;
    struct text encrypted_key, iv, ciphertext, tag;
    struct text aad;     /* the header as it came */
    struct arena *arena; /* ends with the opening: secrets and what is encrypted */
};

static apisec_status fail_decryption(apisec_error *err)
{
    return fail(err, APISEC_E_DECRYPTION, "the token could not be decrypted");
}

/* ---- what anybody can see ---- */

static apisec_status decode(struct arena *arena, struct text encoded, struct text *out)
{
    *out = (struct text){NULL, 0};
    unsigned char *const bytes = arena_alloc(arena, base64url_decoded_len(encoded.len));
    if (!bytes) return APISEC_E_MEMORY;
    out->at = (const char *)bytes;
    return base64url_decode(encoded.at, encoded.len, bytes, &out->len) == APISEC_OK ? APISEC_OK : APISEC_E_DECRYPTION;
}

static size_t encrypted_key_len(const struct opening *o)
{
    const struct management *const management = o->header->management;
    const size_t len = o->header->content->key_len;
    switch (management->mode) {
    case MANAGEMENT_OAEP: return crypto_key_len(o->key);
    case MANAGEMENT_ECDH: return management->wrap_len > 0 ? len + CRYPTO_WRAP_EXTRA : 0;
    case MANAGEMENT_AES_KW: return len + CRYPTO_WRAP_EXTRA;
    case MANAGEMENT_GCM_KW: return len;
    case MANAGEMENT_DIRECT: return 0;
    }
    return SIZE_MAX;
}

static apisec_status decode_parts(const struct jwe *jwe, struct opening *o)
{
    apisec_status status = decode(o->arena, jwe->encrypted_key, &o->encrypted_key);
    if (status == APISEC_OK) status = decode(o->arena, jwe->iv, &o->iv);
    if (status == APISEC_OK) status = decode(o->arena, jwe->ciphertext, &o->ciphertext);
    if (status == APISEC_OK) status = decode(o->arena, jwe->tag, &o->tag);
    if (status != APISEC_OK) return status;
    const bool fits = content_fits(o->header->content, o->iv.len, o->ciphertext.len, o->tag.len);
    return fits && o->encrypted_key.len == encrypted_key_len(o) ? APISEC_OK : APISEC_E_DECRYPTION;
}

/* ---- the content's key ---- */

static apisec_status agree(const struct opening *o, unsigned char *out)
{
    const struct jwe_header *const header = o->header;
    const struct management *const management = header->management;
    const size_t wrap_len = management->wrap_len, len = wrap_len > 0 ? wrap_len : header->content->key_len;
    const char *const id = wrap_len > 0 ? management->name : header->content->name;
    unsigned char z[CRYPTO_MAX_COORDINATE], derived[CRYPTO_MAX_CONTENT_KEY];
    apisec_status status = crypto_ecdh(o->key, header->epk, z);
    if (status == APISEC_OK) {
        const struct text secret = {(const char *)z, crypto_key_len(o->key)};
        status = kdf_concat(secret, text_of(id), header->apu, header->apv, derived, len);
    }
    if (status == APISEC_OK && wrap_len > 0) {
        status = crypto_unwrap((struct text){(const char *)derived, wrap_len}, o->encrypted_key, out);
    } else if (status == APISEC_OK) {
        memcpy(out, derived, len);
    }
    mem_wipe(z, sizeof z);
    mem_wipe(derived, sizeof derived);
    return status;
}

/* with_secret: the three ways that start from a secret that both sides have. */
static apisec_status with_secret(const struct opening *o, unsigned char *out)
{
    struct text secret;
    const apisec_status status = crypto_key_oct_bytes(o->key, o->arena, &secret);
    if (status != APISEC_OK) return status;
    switch (o->header->management->mode) {
    case MANAGEMENT_AES_KW: return crypto_unwrap(secret, o->encrypted_key, out);
    case MANAGEMENT_GCM_KW:
        return crypto_gcm_decrypt(secret, (const unsigned char *)o->header->iv.at, (struct text){NULL, 0}, o->encrypted_key,
                                  (const unsigned char *)o->header->tag.at, out);
    case MANAGEMENT_DIRECT: memcpy(out, secret.at, secret.len); return APISEC_OK;
    case MANAGEMENT_OAEP:
    case MANAGEMENT_ECDH: break;
    }
    return APISEC_E_KEY_UNFIT;
}

/* find_key gives what the sender meant as the content's key, of whatever length; out takes CRYPTO_MAX_SIGNATURE bytes. */
static apisec_status find_key(const struct opening *o, unsigned char *out, size_t *len)
{
    const struct management *const management = o->header->management;
    *len = o->header->content->key_len;
    switch (management->mode) {
    case MANAGEMENT_OAEP: return crypto_oaep_decrypt(o->key, management->oaep, o->encrypted_key, out, len);
    case MANAGEMENT_ECDH: return agree(o, out);
    case MANAGEMENT_AES_KW:
    case MANAGEMENT_GCM_KW:
    case MANAGEMENT_DIRECT: return with_secret(o, out);
    }
    return APISEC_E_KEY_UNFIT;
}

/* choose copies one of two keys without a branch that depends on which. */
static void choose(unsigned char *out, const unsigned char *found, const unsigned char *random, size_t len, bool good)
{
    unsigned mask = 0u - (unsigned)good;
    __asm__ __volatile__("" : "+r"(mask)); /* hides from the optimiser that it has two values */
    for (size_t i = 0; i < len; i++) out[i] = (unsigned char)((found[i] & mask) | (random[i] & ~mask));
}

/* get_key: always a key of the right length. MEMORY and CRYPTO are no answers to what was sent. */
static apisec_status get_key(const struct opening *o, unsigned char key[CRYPTO_MAX_CONTENT_KEY])
{
    const size_t len = o->header->content->key_len;
    unsigned char found[CRYPTO_MAX_SIGNATURE] = {0}, random[CRYPTO_MAX_CONTENT_KEY];
    size_t found_len = 0;
    if (random_bytes(random, len) != APISEC_OK) return APISEC_E_CRYPTO;
    const apisec_status status = find_key(o, found, &found_len);
    choose(key, found, random, len, (status == APISEC_OK) & (found_len == len));
    mem_wipe(found, sizeof found);
    return status == APISEC_E_MEMORY ? status : APISEC_OK;
}

/* ---- all of it ---- */

static apisec_status open_content(const struct opening *o, struct arena *arena, struct text *plaintext)
{
    unsigned char key[CRYPTO_MAX_CONTENT_KEY];
    unsigned char *const bytes = arena_alloc(arena, o->ciphertext.len + 1); /* zeroed: the NUL is there */
    if (!bytes) return APISEC_E_MEMORY;
    size_t len = 0;
    apisec_status status = get_key(o, key);
    if (status != APISEC_OK) return status;
    status = content_decrypt(o->header->content, key, o->iv, o->aad, o->ciphertext, o->tag, bytes, &len);
    mem_wipe(key, sizeof key);
    if (status != APISEC_OK) return status == APISEC_E_MEMORY ? status : APISEC_E_DECRYPTION;
    mem_wipe(bytes + len, o->ciphertext.len - len); /* the padding */
    *plaintext = (struct text){(const char *)bytes, len};
    return APISEC_OK;
}

static apisec_status open_parts(const struct jwe *jwe, const struct jwe_header *header, const struct jwe_key *key,
                                struct arena *arena, struct text *plaintext, apisec_error *err)
{
    struct arena own = {NULL};
    struct opening o = {.header = header, .key = key->key, .aad = jwe->header, .arena = &own};
    apisec_status status = decode_parts(jwe, &o);
    if (status == APISEC_OK) status = open_content(&o, arena, plaintext);
    arena_free(&own);
    switch (status) {
    case APISEC_OK: return APISEC_OK;
    case APISEC_E_MEMORY: return fail_memory(err);
    case APISEC_E_CRYPTO: return fail(err, status, "there is no randomness");
    default: return fail_decryption(err);
    }
}

static apisec_status open_token(const struct jwe_keys *keys, const struct jwe *jwe, const struct jwe_header *header,
                                struct arena *arena, struct jwe_opened *opened, apisec_error *err)
{
    const enum crypto_curve curve = header->epk ? crypto_key_curve(header->epk) : CRYPTO_P256;
    const struct jwe_need need = {header->management, header->content, curve, true};
    const struct jwe_key *key;
    struct jwe_opened made = {{NULL, 0}, {NULL, 0}};
    apisec_status status = jwe_keys_find(keys, header->kid, &need, &key, err);
    if (status == APISEC_OK) status = open_parts(jwe, header, key, arena, &made.plaintext, err);
    if (status != APISEC_OK) return status;
    if (header->cty.at) {
        made.cty = (struct text){arena_text(arena, header->cty), header->cty.len};
        if (!made.cty.at) return fail_memory(err);
    }
    *opened = made;
    return succeed(err);
}

apisec_status jwe_decrypt(const struct jwe_keys *keys, struct text token, struct arena *arena, struct jwe_opened *opened,
                          apisec_error *err)
{
    struct jwe jwe;
    struct jwe_header header;
    *opened = (struct jwe_opened){{NULL, 0}, {NULL, 0}};
    apisec_status status = jwe_split(token, &jwe, err);
    if (status == APISEC_OK) status = jwe_header_parse(jwe.header, &header, err);
    if (status != APISEC_OK) return status;
    status = open_token(keys, &jwe, &header, arena, opened, err);
    jwe_header_free(&header);
    return status;
}
