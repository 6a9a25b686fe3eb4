/* SPDX-License-Identifier: Apache-2.0
 *
 * encryption.c: include/apisec/encryption.h: decrypting, encrypting and making keys for it, each in one call.
 */
#include "jose/jose.h"

#include <stdlib.h>

enum { MAX_JWK = 16 * 1024 };

struct apisec_decrypter {
    struct jwe_keys *keys;
};

/* ---- decrypting ---- */

apisec_status apisec_decrypter_new(const char *jwks, size_t len, apisec_decrypter **decrypter, apisec_error *err)
{
    if (!decrypter) return fail(err, APISEC_E_ARGUMENT, "no place for the decrypter");
    *decrypter = NULL;
    if (!jwks) return fail(err, APISEC_E_ARGUMENT, "no key set");
    apisec_decrypter *const made = mem_array(1, sizeof *made);
    if (!made) return fail_memory(err);
    const apisec_status status = jwe_keys_parse((struct text){jwks, len}, &made->keys, err);
    if (status != APISEC_OK) {
        free(made);
        return status;
    }
    *decrypter = made;
    return succeed(err);
}

void apisec_decrypter_free(apisec_decrypter *decrypter)
{
    if (!decrypter) return;
    jwe_keys_free(decrypter->keys);
    free(decrypter);
}

static apisec_status copy_out(struct text text, char **copy, size_t *len, apisec_error *err)
{
    *copy = text_copy(text);
    if (!*copy) return fail_memory(err);
    *len = text.len;
    return succeed(err);
}

apisec_status apisec_decrypt(const apisec_decrypter *decrypter, const char *token, size_t len, char **plaintext,
                             size_t *plaintext_len, apisec_error *err)
{
    if (!plaintext || !plaintext_len) return fail(err, APISEC_E_ARGUMENT, "no place for the plaintext");
    *plaintext = NULL;
    *plaintext_len = 0;
    if (!decrypter || (!token && len > 0)) return fail(err, APISEC_E_ARGUMENT, "no decrypter or no token");
    struct arena arena = {NULL};
    struct jwe_opened opened;
    apisec_status status = jwe_decrypt(decrypter->keys, (struct text){token, len}, &arena, &opened, err);
    if (status == APISEC_OK) status = copy_out(opened.plaintext, plaintext, plaintext_len, err);
    arena_free(&arena);
    return status;
}

void apisec_plaintext_free(char *plaintext, size_t len)
{
    if (plaintext) mem_wipe_free(plaintext, len);
}

/* ---- encrypting ---- */

static apisec_status find_algorithms(const char *alg, const char *enc, struct jwe_need *need, apisec_error *err)
{
    *need = (struct jwe_need){.management = management_find(text_of(alg)), .content = content_find(text_of(enc))};
    if (!need->management) return fail(err, APISEC_E_ALGORITHM, "there is no such key management algorithm (`alg`)");
    if (!need->content) return fail(err, APISEC_E_ALGORITHM, "there is no such content encryption algorithm (`enc`)");
    return APISEC_OK;
}

static apisec_status parse_key(const struct json *object, struct jwe_key **key, apisec_error *err)
{
    const apisec_status status = jwe_key_parse(object, key, err);
    if (status == APISEC_E_UNSUPPORTED) return fail(err, APISEC_E_KEY_UNFIT, "the JWK's `kty` or `crv` is none that encrypts here");
    return status;
}

/* take_fitting gives the key if it is for the need. One that is for something else is none, and no error. */
static apisec_status take_fitting(const struct json *object, const struct jwe_need *need, struct jwe_key **key, apisec_error *err)
{
    const apisec_status status = parse_key(object, key, err);
    if (status == APISEC_E_ALGORITHM || status == APISEC_E_KEY_UNFIT) return succeed(err);
    if (status != APISEC_OK || jwe_key_fits(*key, need, NULL) == APISEC_OK) return status;
    jwe_key_free(*key);
    *key = NULL;
    return succeed(err);
}

/* choose_key takes the one key of a recipient's set that is for the need. Of two none is guessed. */
static apisec_status choose_key(const struct json *list, const struct jwe_need *need, struct jwe_key **key, apisec_error *err)
{
    const size_t num = json_count(list);
    for (const struct json *at = json_first(list); at; at = json_next(at)) {
        struct jwe_key *fitting = NULL;
        apisec_status status = take_fitting(at, need, &fitting, err);
        if (status == APISEC_OK && fitting && *key) {
            status = fail(err, APISEC_E_KEY_UNFIT, "several keys of the set are for %s: one JWK is wanted, or a set with one",
                          need->management->name);
        }
        if (status != APISEC_OK) {
            jwe_key_free(fitting);
            return status;
        }
        if (fitting) *key = fitting;
    }
    if (*key) return succeed(err);
    return fail(err, APISEC_E_KEY_UNFIT, "none of the set's %zu keys is for %s", num, need->management->name);
}

/* read_key: of a set with a single key that one is taken as if it stood alone, so that what is wrong with it is told. */
static apisec_status read_key(const struct json *document, const struct jwe_need *need, struct jwe_key **key, apisec_error *err)
{
    const struct json *const list = json_member(document, "keys");
    if (!list) return parse_key(document, key, err);
    if (json_kind(list) != JSON_ARRAY) return fail(err, APISEC_E_MALFORMED, "`keys` of the key set is not an array");
    const size_t num = json_count(list);
    if (num == 1) return parse_key(json_first(list), key, err);
    if (num <= JOSE_MAX_KEYS) return choose_key(list, need, key, err);
    return fail(err, APISEC_E_TOO_LARGE, "the key set has %zu keys; at most %d are accepted", num, JOSE_MAX_KEYS);
}

/* find_key: the JWK, or the one of a JWK Set that is for the need. */
static apisec_status find_key(struct text jwk, const struct jwe_need *need, struct jwe_key **key, apisec_error *err)
{
    struct json *document = NULL;
    apisec_status status = json_parse_object(jwk, &json_document_limits, &document, err);
    if (status == APISEC_E_TOO_LARGE) return fail(err, APISEC_E_MALFORMED, "the JWK is larger than any key or key set");
    if (status != APISEC_OK) return status;
    status = read_key(document, need, key, err);
    json_free(document);
    if (status == APISEC_OK) return APISEC_OK;
    jwe_key_free(*key);
    *key = NULL;
    return status;
}

apisec_status apisec_encrypt(const char *jwk, size_t jwk_len, const char *alg, const char *enc, const char *cty,
                             const char *plaintext, size_t plaintext_len, char **token, apisec_error *err)
{
    if (!token) return fail(err, APISEC_E_ARGUMENT, "no place for the token");
    *token = NULL;
    if (!jwk || (!plaintext && plaintext_len > 0)) return fail(err, APISEC_E_ARGUMENT, "no JWK or no plaintext");
    struct jwe_need need;
    struct jwe_key *key = NULL;
    apisec_status status = find_algorithms(alg, enc, &need, err);
    if (status == APISEC_OK) status = find_key((struct text){jwk, jwk_len}, &need, &key, err);
    if (status != APISEC_OK) return status;

    struct buffer out = BUFFER_MAX(JOSE_MAX_TOKEN);
    status = jwe_encrypt(key, &need, cty, (struct text){plaintext, plaintext_len}, &out, err);
    if (status == APISEC_OK) {
        *token = buffer_take(&out);
        if (!*token) status = fail_memory(err);
    }
    buffer_free(&out);
    jwe_key_free(key);
    return status;
}

/* ---- new keys ---- */

static apisec_status write_key(const struct crypto_key *key, const char *alg, enum jwk_half half, char **text)
{
    char thumbprint[CRYPTO_SHA256_TEXT];
    struct buffer out = BUFFER_MAX(MAX_JWK);
    struct json_writer writer = {&out, false};
    apisec_status status = jwk_thumbprint(key, thumbprint);
    json_open_object(&writer, NULL);
    if (status == APISEC_OK) status = jwk_write_key(key, half, &writer);
    json_put_text(&writer, "kid", text_of(thumbprint));
    json_put_text(&writer, "use", text_of("enc"));
    json_put_text(&writer, "alg", text_of(alg));
    json_close_object(&writer);
    if (status == APISEC_OK) status = out.status;
    if (status == APISEC_OK) *text = buffer_take(&out);
    buffer_free(&out);
    return status == APISEC_OK && !*text ? APISEC_E_MEMORY : status;
}

static apisec_status write_halves(const struct crypto_key *key, const char *alg, char **private_jwk, char **public_jwk,
                                  apisec_error *err)
{
    char *whole = NULL, *half = NULL;
    apisec_status status = write_key(key, alg, JWK_PRIVATE, &whole);
    if (status == APISEC_OK && crypto_key_type(key) != CRYPTO_KEY_OCT) status = write_key(key, alg, JWK_PUBLIC, &half);
    if (status != APISEC_OK) {
        apisec_text_free(whole);
        return fail(err, status, "the key could not be written as a JWK");
    }
    *private_jwk = whole;
    *public_jwk = half;
    return succeed(err);
}

apisec_status apisec_encryption_key_new(const char *alg, char **private_jwk, char **public_jwk, apisec_error *err)
{
    if (!private_jwk || !public_jwk) return fail(err, APISEC_E_ARGUMENT, "no place for the keys");
    *private_jwk = *public_jwk = NULL;
    const struct management *const management = management_find(text_of(alg));
    const struct content *const content = content_find(text_of(alg));
    const bool is_direct = management && management->mode == MANAGEMENT_DIRECT;
    if ((!management && !content) || is_direct) {
        return fail(err, APISEC_E_ALGORITHM, "there is no such key management algorithm; for dir the `enc` is to be named");
    }
    struct crypto_key *key = NULL;
    const enum crypto_key_type type = management ? management->key_type : CRYPTO_KEY_OCT;
    const size_t len = management ? management->wrap_len : content->key_len;
    apisec_status status = crypto_key_new_random(type, CRYPTO_P256, len, &key, err);
    if (status == APISEC_OK) status = write_halves(key, alg, private_jwk, public_jwk, err);
    crypto_key_free(key);
    return status;
}
