/* SPDX-License-Identifier: Apache-2.0
 *
 * jwkset.c: a JWK Set, RFC 7517 section 5: what one issuer verifies with. Keys that cannot be used are counted and left out, so
 * that one bad key does not take the good ones away; what would make the choice of a key a guess is refused.
 */
#include "jose/jose.h"

#include <stdlib.h>

/* ---- reading ---- */

static bool is_asymmetric(const struct json *key)
{
    struct text kty;
    return json_get_text(key, "kty", &kty) == JSON_OK && (text_is(kty, "RSA") || text_is(kty, "EC"));
}

/* A private key among those that only verify is a key that has leaked: whatever is wrong with it otherwise. */
static bool has_private_member(const struct json *key)
{
    static const char *const names[] = {"d", "p", "q", "dp", "dq", "qi", "oth"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (json_member(key, names[i])) return true;
    }
    return false;
}

static bool is_usable(const struct jwk *jwk, enum jwk_source source)
{
    if (!jwk->may_verify) return false;
    return source == JWK_PINNED || crypto_key_type(jwk->key) != CRYPTO_KEY_OCT;
}

/* These say something about the key; any other failure is ours, and ends the reading. */
static bool is_fault_of_key(apisec_status status)
{
    return status == APISEC_E_MALFORMED || status == APISEC_E_UNSUPPORTED || status == APISEC_E_ALGORITHM ||
           status == APISEC_E_KEY_UNFIT;
}

/* enter puts a key where its kid finds it, behind those of other types with the same kid. */
static apisec_status enter(struct jwk_set *set, struct jwk *jwk)
{
    if (!jwk->kid) return APISEC_OK;
    struct jwk *same = table_get(&set->by_kid, text_of(jwk->kid));
    if (!same) return table_put(&set->by_kid, text_of(jwk->kid), jwk);
    for (;; same = same->next_same_kid) {
        if (crypto_key_type(same->key) == crypto_key_type(jwk->key)) {
            same->ambiguous = jwk->ambiguous = true;
            return APISEC_OK;
        }
        if (!same->next_same_kid) break;
    }
    same->next_same_kid = jwk;
    return APISEC_OK;
}

/* add_key: *broken says that it was left out for what is wrong with it, and not for what it is for. */
static apisec_status add_key(struct jwk_set *set, const struct json *key, enum jwk_source source, bool *broken, apisec_error *err)
{
    struct jwk *jwk = NULL;
    if (is_asymmetric(key) && has_private_member(key)) {
        return fail(err, APISEC_E_KEY_UNFIT, "the key set holds a private key: it has no place there");
    }
    apisec_status status = jwk_parse(key, &jwk, err);
    if (status != APISEC_OK && !is_fault_of_key(status)) return status;
    *broken = status == APISEC_E_MALFORMED || status == APISEC_E_KEY_UNFIT;
    if (status != APISEC_OK || !is_usable(jwk, source)) {
        jwk_free(jwk);
        set->num_skipped++;
        return APISEC_OK;
    }
    set->keys[set->num_keys++] = jwk; /* there is room: counted before */
    status = enter(set, jwk);
    return status == APISEC_OK ? APISEC_OK : fail(err, status, "the key set could not be indexed");
}

static bool has_type(const struct jwk *jwk, struct text kty)
{
    switch (crypto_key_type(jwk->key)) {
    case CRYPTO_KEY_RSA: return text_is(kty, "RSA");
    case CRYPTO_KEY_EC: return text_is(kty, "EC");
    case CRYPTO_KEY_OCT: return text_is(kty, "oct");
    }
    return false;
}

/* A broken key has a claim on its kid as well: which of the two the issuer means cannot be known. */
static void take_kid_from(struct jwk_set *set, const struct json *broken)
{
    struct text kid, kty;
    if (json_get_text(broken, "kid", &kid) != JSON_OK || json_get_text(broken, "kty", &kty) != JSON_OK) return;
    for (struct jwk *jwk = table_get(&set->by_kid, kid); jwk; jwk = jwk->next_same_kid) {
        if (has_type(jwk, kty)) jwk->ambiguous = true;
    }
}

static apisec_status add_keys(struct jwk_set *set, const struct json *document, enum jwk_source source, apisec_error *err)
{
    const struct json *const keys = json_member(document, "keys");
    if (!keys) return fail(err, APISEC_E_MALFORMED, "the key set has no `keys`");
    if (json_kind(keys) != JSON_ARRAY) return fail(err, APISEC_E_MALFORMED, "`keys` of the key set is not an array");
    const size_t num = json_count(keys);
    if (num > JOSE_MAX_KEYS) {
        return fail(err, APISEC_E_TOO_LARGE, "the key set has %zu keys; at most %d are accepted", num, JOSE_MAX_KEYS);
    }
    set->keys = mem_array(num, sizeof set->keys[0]);
    if (!set->keys) return fail_memory(err);
    bool broken[JOSE_MAX_KEYS] = {false};
    size_t i = 0;
    for (const struct json *key = json_first(keys); key; key = json_next(key)) {
        const apisec_status status = add_key(set, key, source, &broken[i++], err);
        if (status != APISEC_OK) return status;
    }
    i = 0;
    for (const struct json *key = json_first(keys); key; key = json_next(key)) {
        if (broken[i++]) take_kid_from(set, key);
    }
    for (i = 0; i < set->num_keys; i++) {
        if (!set->keys[i]->ambiguous) return APISEC_OK;
    }
    if (num == 1) return fail(err, APISEC_E_KEY_UNFIT, "the key set's only key cannot verify a signature here");
    return fail(err, APISEC_E_KEY_UNFIT, "none of the key set's %zu keys can verify a signature here", num);
}

apisec_status jwk_set_read(const struct json *document, enum jwk_source source, struct jwk_set **set, apisec_error *err)
{
    *set = NULL;
    struct jwk_set *made = mem_array(1, sizeof *made);
    const apisec_status status = made ? add_keys(made, document, source, err) : fail_memory(err);
    if (status != APISEC_OK) {
        jwk_set_free(made);
        return status;
    }
    *set = made;
    return succeed(err);
}

apisec_status jwk_set_parse(struct text text, enum jwk_source source, struct jwk_set **set, apisec_error *err)
{
    *set = NULL;
    if (text.len > JOSE_MAX_KEY_SET) {
        return fail(err, APISEC_E_TOO_LARGE, "the key set has %zu bytes; at most %d are accepted", text.len, JOSE_MAX_KEY_SET);
    }
    struct json *document = NULL;
    apisec_status status = json_parse_object(text, &json_document_limits, &document, err);
    if (status == APISEC_OK) status = jwk_set_read(document, source, set, err);
    json_free(document);
    return status;
}

void jwk_set_free(struct jwk_set *set)
{
    if (!set) return;
    table_free(&set->by_kid);
    for (size_t i = 0; i < set->num_keys; i++) jwk_free(set->keys[i]);
    free(set->keys);
    free(set);
}

/* ---- finding ---- */

static apisec_status find_by_kid(const struct jwk_set *set, struct text kid, const struct algorithm *algorithm,
                                 const struct jwk **jwk, apisec_error *err)
{
    const struct jwk *found = table_get(&set->by_kid, kid);
    if (!found) return fail(err, APISEC_E_KEY_UNKNOWN, "no key of the issuer has the token's `kid`");
    while (found->next_same_kid && crypto_key_type(found->key) != algorithm->key_type) found = found->next_same_kid;
    if (found->ambiguous && crypto_key_type(found->key) == algorithm->key_type) {
        return fail(err, APISEC_E_KEY_UNKNOWN, "several keys of the issuer have the token's `kid`");
    }
    const apisec_status status = jwk_fits(found, algorithm, err);
    if (status == APISEC_OK) *jwk = found;
    return status;
}

static apisec_status find_only(const struct jwk_set *set, const struct algorithm *algorithm, const struct jwk **jwk,
                               apisec_error *err)
{
    const struct jwk *only = NULL;
    for (size_t i = 0; i < set->num_keys; i++) {
        if (set->keys[i]->ambiguous || jwk_fits(set->keys[i], algorithm, NULL) != APISEC_OK) continue;
        if (only) return fail(err, APISEC_E_KEY_UNKNOWN, "the token has no `kid`, and several keys of the issuer fit");
        only = set->keys[i];
    }
    if (!only) return fail(err, APISEC_E_KEY_UNKNOWN, "the token has no `kid`, and no key of the issuer fits %s", algorithm->name);
    *jwk = only;
    return APISEC_OK;
}

apisec_status jwk_set_find(const struct jwk_set *set, struct text kid, const struct algorithm *algorithm, const struct jwk **jwk,
                           apisec_error *err)
{
    *jwk = NULL;
    const apisec_status status = kid.at ? find_by_kid(set, kid, algorithm, jwk, err) : find_only(set, algorithm, jwk, err);
    return status == APISEC_OK ? succeed(err) : status;
}
