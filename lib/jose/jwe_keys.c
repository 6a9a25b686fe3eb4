/* SPDX-License-Identifier: Apache-2.0
 *
 * jwe_keys.c: what one recipient decrypts with: a JWK Set (RFC 7517 section 5), or a single JWK. It is the recipient's own: what is
 * wrong with it is told when it is read. New keys are put beside old ones, each under its kid, until no token names the old one.
 */
#include "jose/jose.h"

#include <stdlib.h>

struct jwe_keys {
    struct jwe_key **keys;
    size_t num;
};

/* ---- reading ---- */

/* For signatures by its own account: such keys may lie in the same set. */
static bool is_for_signatures(const struct json *object)
{
    struct text use, alg;
    if (json_get_text(object, "use", &use) == JSON_OK && text_is(use, "sig")) return true;
    return json_get_text(object, "alg", &alg) == JSON_OK && algorithm_find(alg);
}

static bool is_same_name(const struct jwe_key *a, const struct jwe_key *b)
{
    if (!a->kid || !b->kid || crypto_key_type(a->key) != crypto_key_type(b->key)) return false;
    return text_equal(text_of(a->kid), text_of(b->kid));
}

static apisec_status check_key(const struct jwe_keys *keys, const struct jwe_key *key, apisec_error *err)
{
    if (!crypto_key_is_private(key->key)) return fail(err, APISEC_E_KEY_UNFIT, "a public key cannot decrypt");
    for (size_t i = 0; i < keys->num; i++) {
        if (is_same_name(keys->keys[i], key)) return fail(err, APISEC_E_KEY_UNFIT, "two keys for decrypting have the same `kid`");
    }
    return crypto_key_type(key->key) == CRYPTO_KEY_RSA ? crypto_oaep_ready(err) : APISEC_OK;
}

/* add_key: there is room for one more. */
static apisec_status add_key(struct jwe_keys *keys, const struct json *object, apisec_error *err)
{
    struct jwe_key *key = NULL;
    if (is_for_signatures(object)) return APISEC_OK;
    apisec_status status = jwe_key_parse(object, &key, err);
    if (status == APISEC_E_UNSUPPORTED) return APISEC_OK;
    if (status == APISEC_OK) status = check_key(keys, key, err);
    if (status == APISEC_OK) {
        keys->keys[keys->num++] = key;
    } else {
        jwe_key_free(key);
    }
    return status;
}

static apisec_status add_keys(struct jwe_keys *keys, const struct json *document, apisec_error *err)
{
    const struct json *const list = json_member(document, "keys");
    if (list && json_kind(list) != JSON_ARRAY) return fail(err, APISEC_E_MALFORMED, "`keys` of the key set is not an array");
    const size_t num = list ? json_count(list) : 1;
    if (num > JOSE_MAX_KEYS) {
        return fail(err, APISEC_E_TOO_LARGE, "the key set has %zu keys; at most %d are accepted", num, JOSE_MAX_KEYS);
    }
    keys->keys = mem_array(num, sizeof keys->keys[0]);
    if (!keys->keys) return fail_memory(err);

    apisec_status status = list ? APISEC_OK : add_key(keys, document, err);
    for (const struct json *key = list ? json_first(list) : NULL; key && status == APISEC_OK; key = json_next(key)) {
        status = add_key(keys, key, err);
    }
    if (status != APISEC_OK || keys->num > 0) return status;
    if (num == 1) return fail(err, APISEC_E_KEY_UNFIT, "the only key cannot decrypt here");
    return fail(err, APISEC_E_KEY_UNFIT, "none of the %zu keys can decrypt here", num);
}

apisec_status jwe_keys_parse(struct text text, struct jwe_keys **keys, apisec_error *err)
{
    *keys = NULL;
    if (text.len > JOSE_MAX_KEY_SET) {
        return fail(err, APISEC_E_TOO_LARGE, "the key set has %zu bytes; at most %d are accepted", text.len, JOSE_MAX_KEY_SET);
    }
    struct json *document = NULL;
    apisec_status status = json_parse_object(text, &json_document_limits, &document, err);
    if (status != APISEC_OK) return status;
    struct jwe_keys *made = mem_array(1, sizeof *made);
    status = made ? add_keys(made, document, err) : fail_memory(err);
    json_free(document);
    if (status != APISEC_OK) {
        jwe_keys_free(made);
        return status;
    }
    *keys = made;
    return succeed(err);
}

void jwe_keys_free(struct jwe_keys *keys)
{
    if (!keys) return;
    for (size_t i = 0; i < keys->num; i++) jwe_key_free(keys->keys[i]);
    free(keys->keys);
    free(keys);
}

/* ---- finding ---- */

static const struct jwe_key *find_named(const struct jwe_keys *keys, struct text kid, enum crypto_key_type type)
{
    const struct jwe_key *found = NULL;
    for (size_t i = 0; i < keys->num; i++) {
        const struct jwe_key *const key = keys->keys[i];
        if (!key->kid || !text_equal(text_of(key->kid), kid)) continue;
        if (!found || crypto_key_type(key->key) == type) found = key;
    }
    return found;
}

static apisec_status find_only(const struct jwe_keys *keys, bool unnamed, const struct jwe_need *need, const struct jwe_key **key,
                               apisec_error *err)
{
    const struct jwe_key *only = NULL;
    for (size_t i = 0; i < keys->num; i++) {
        if ((unnamed && keys->keys[i]->kid) || jwe_key_fits(keys->keys[i], need, NULL) != APISEC_OK) continue;
        if (only) return fail(err, APISEC_E_KEY_UNKNOWN, "the token names no key, and several for decrypting fit");
        only = keys->keys[i];
    }
    if (!only) return fail(err, APISEC_E_KEY_UNKNOWN, "there is no key to decrypt the token with");
    *key = only;
    return APISEC_OK;
}

apisec_status jwe_keys_find(const struct jwe_keys *keys, struct text kid, const struct jwe_need *need, const struct jwe_key **key,
                            apisec_error *err)
{
    *key = NULL;
    const struct jwe_key *const named = kid.at ? find_named(keys, kid, need->management->key_type) : NULL;
    const apisec_status status = named ? jwe_key_fits(named, need, err) : find_only(keys, kid.at != NULL, need, key, err);
    if (status != APISEC_OK) return status;
    if (named) *key = named;
    return succeed(err);
}
