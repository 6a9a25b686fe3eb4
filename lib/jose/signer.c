/* SPDX-License-Identifier: Apache-2.0
 *
 * signer.c: include/apisec/signer.h: a private key that signs. Everything it can be asked for is made at its creation, so that it
 * is immutable and any thread may use it.
 */
#include "jose/jose.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_JWK = 16 * 1024, MAX_HEADER = 8 * 1024, MAX_SIGNED = 1024 * 1024 };

struct apisec_signer {
    _Atomic size_t references;
    struct jwk *jwk;
    char *public_jwk;  /* NULL: an HMAC key */
    char *private_jwk;
};

/* ---- making ---- */

static apisec_status write_jwk(const struct jwk *jwk, enum jwk_half half, char **text, apisec_error *err)
{
    struct buffer out = BUFFER_MAX(MAX_JWK);
    const apisec_status status = jwk_write(jwk->key, jwk->kid, jwk->algorithm, half, &out);
    if (status == APISEC_OK) *text = buffer_take(&out);
    buffer_free(&out);
    if (status != APISEC_OK) return fail(err, status, "the key could not be written as a JWK");
    return *text ? APISEC_OK : fail_memory(err);
}

/* new_signer takes the key over, also when it fails. */
static apisec_status new_signer(struct jwk *jwk, apisec_signer **signer, apisec_error *err)
{
    apisec_status status = APISEC_OK;
    apisec_signer *const made = mem_array(1, sizeof *made);
    if (!made) {
        jwk_free(jwk);
        return fail_memory(err);
    }
    atomic_init(&made->references, 1);
    made->jwk = jwk;
    if (crypto_key_type(jwk->key) != CRYPTO_KEY_OCT) status = write_jwk(jwk, JWK_PUBLIC, &made->public_jwk, err);
    if (status == APISEC_OK) status = write_jwk(jwk, JWK_PRIVATE, &made->private_jwk, err);
    if (status != APISEC_OK) {
        apisec_signer_free(made);
        return status;
    }
    *signer = made;
    return succeed(err);
}

static apisec_status check_signs(const struct jwk *jwk, apisec_error *err)
{
    if (!jwk->algorithm) return fail(err, APISEC_E_ALGORITHM, "the JWK has no `alg`: what it signs with must be said");
    if (!crypto_key_is_private(jwk->key)) return fail(err, APISEC_E_KEY_UNFIT, "the JWK is a public key");
    if (!jwk->may_sign) return fail(err, APISEC_E_KEY_UNFIT, "the key's `use` or `key_ops` does not permit signing");
    return APISEC_OK;
}

static apisec_status parse_private(struct text text, struct jwk **jwk, apisec_error *err)
{
    struct json *document = NULL;
    apisec_status status = json_parse_object(text, &json_token_limits, &document, err);
    if (status == APISEC_E_TOO_LARGE) return fail(err, APISEC_E_MALFORMED, "the JWK is larger than any key");
    if (status != APISEC_OK) return status;
    status = jwk_parse(document, jwk, err);
    json_free(document);
    if (status == APISEC_E_UNSUPPORTED) return fail(err, APISEC_E_KEY_UNFIT, "the JWK's `kty` or `crv` is none that signs here");
    return status;
}

apisec_status apisec_signer_new(const char *jwk, size_t len, apisec_signer **signer, apisec_error *err)
{
    if (!signer) return fail(err, APISEC_E_ARGUMENT, "no place for the signer");
    *signer = NULL;
    if (!jwk) return fail(err, APISEC_E_ARGUMENT, "no JWK");

    struct jwk *parsed = NULL;
    apisec_status status = parse_private((struct text){jwk, len}, &parsed, err);
    if (status == APISEC_OK) status = check_signs(parsed, err);
    if (status != APISEC_OK) {
        jwk_free(parsed);
        return status;
    }
    return new_signer(parsed, signer, err);
}

apisec_status apisec_signer_generate(const char *alg, apisec_signer **signer, apisec_error *err)
{
    if (!signer) return fail(err, APISEC_E_ARGUMENT, "no place for the signer");
    *signer = NULL;
    const struct algorithm *const algorithm = algorithm_find(text_of(alg));
    if (!algorithm) return fail(err, APISEC_E_ALGORITHM, "no such signature algorithm: RS, PS, ES or HS with 256, 384 or 512");

    char thumbprint[CRYPTO_SHA256_TEXT];
    struct jwk *const jwk = mem_array(1, sizeof *jwk);
    if (!jwk) return fail_memory(err);
    *jwk = (struct jwk){.algorithm = algorithm, .may_verify = true, .may_sign = true};
    apisec_status status = crypto_key_generate(algorithm, &jwk->key, err);
    if (status == APISEC_OK) {
        status = jwk_thumbprint(jwk->key, thumbprint);
        jwk->kid = status == APISEC_OK ? text_copy(text_of(thumbprint)) : NULL;
        if (!jwk->kid) status = fail_memory(err);
    }
    if (status != APISEC_OK) {
        jwk_free(jwk);
        return status;
    }
    return new_signer(jwk, signer, err);
}

/* The signer is immutable but for this. */
apisec_signer *signer_ref(const apisec_signer *signer)
{
    apisec_signer *const shared = (apisec_signer *)(uintptr_t)signer;
    if (shared) atomic_fetch_add_explicit(&shared->references, 1, memory_order_relaxed);
    return shared;
}

void apisec_signer_free(apisec_signer *signer)
{
    if (!signer) return;
    if (atomic_fetch_sub_explicit(&signer->references, 1, memory_order_acq_rel) != 1) return;
    if (signer->private_jwk) mem_wipe_free(signer->private_jwk, strlen(signer->private_jwk));
    free(signer->public_jwk);
    jwk_free(signer->jwk);
    free(signer);
}

/* ---- asking ---- */

const char *apisec_signer_algorithm(const apisec_signer *signer)
{
    return signer ? signer->jwk->algorithm->name : NULL;
}

const char *apisec_signer_key_id(const apisec_signer *signer)
{
    return signer ? signer->jwk->kid : NULL;
}

const char *apisec_signer_public_jwk(const apisec_signer *signer)
{
    return signer ? signer->public_jwk : NULL;
}

const char *apisec_signer_private_jwk(const apisec_signer *signer)
{
    return signer ? signer->private_jwk : NULL;
}

/* ---- signing ---- */

enum shown { SHOW_NAME, SHOW_KEY }; /* what of the key is in the header: `kid`, or all of its public half */

static apisec_status put_key(struct json_writer *writer, const struct jwk *jwk, enum shown shown)
{
    struct buffer key = BUFFER_MAX(MAX_JWK);
    if (shown == SHOW_NAME) {
        if (jwk->kid) json_put_text(writer, "kid", text_of(jwk->kid));
        return APISEC_OK;
    }
    const apisec_status status = jwk_write(jwk->key, NULL, NULL, JWK_PUBLIC, &key);
    if (status == APISEC_OK) json_put_raw(writer, "jwk", (struct text){key.bytes, key.len});
    buffer_free(&key);
    return status;
}

static apisec_status append_header(struct buffer *out, const struct jwk *jwk, const char *type, enum shown shown)
{
    struct buffer header = BUFFER_MAX(MAX_HEADER);
    struct json_writer writer = {&header, false};
    json_open_object(&writer, NULL);
    json_put_text(&writer, "alg", text_of(jwk->algorithm->name));
    if (type) json_put_text(&writer, "typ", text_of(type));
    apisec_status status = put_key(&writer, jwk, shown);
    json_close_object(&writer);
    if (status == APISEC_OK) status = header.status;
    if (status == APISEC_OK) status = compact_append(out, header.bytes, header.len);
    buffer_free(&header);
    return status;
}

static apisec_status append_signature(struct buffer *out, const struct jwk *jwk)
{
    unsigned char signature[CRYPTO_MAX_SIGNATURE];
    size_t len;
    apisec_status status = crypto_sign(jwk->key, jwk->algorithm, out->bytes, out->len, signature, &len);
    if (status != APISEC_OK) return status;
    status = buffer_byte(out, '.');
    return status == APISEC_OK ? compact_append(out, signature, len) : status;
}

static apisec_status sign(const apisec_signer *signer, const char *type, enum shown shown, struct text payload, char **token)
{
    struct buffer out = BUFFER_MAX(MAX_SIGNED);
    apisec_status status = append_header(&out, signer->jwk, type, shown);
    if (status == APISEC_OK) status = buffer_byte(&out, '.');
    if (status == APISEC_OK) status = compact_append(&out, payload.at, payload.len);
    if (status == APISEC_OK) status = append_signature(&out, signer->jwk);
    if (status == APISEC_OK) {
        *token = buffer_take(&out);
        if (!*token) status = APISEC_E_MEMORY;
    }
    buffer_free(&out);
    return status;
}

apisec_status apisec_signer_sign(const apisec_signer *signer, const char *type, const char *payload, size_t len, char **token,
                                 apisec_error *err)
{
    if (!token) return fail(err, APISEC_E_ARGUMENT, "no place for the token");
    *token = NULL;
    if (!signer || (!payload && len > 0)) return fail(err, APISEC_E_ARGUMENT, "no signer or no payload");
    const apisec_status status = sign(signer, type, SHOW_NAME, (struct text){payload, len}, token);
    return status == APISEC_OK ? succeed(err) : fail(err, status, "the payload could not be signed");
}

apisec_status signer_sign_showing_key(const apisec_signer *signer, const char *type, struct text payload, char **token)
{
    *token = NULL;
    return sign(signer, type, SHOW_KEY, payload, token);
}

apisec_status signer_thumbprint(const apisec_signer *signer, char out[CRYPTO_SHA256_TEXT])
{
    return jwk_thumbprint(signer->jwk->key, out);
}
