/* SPDX-License-Identifier: Apache-2.0
 *
 * keystore.c: the key sets that were fetched as one document, so that a service that starts again has them at once.
 *
 *     {"apisec_keys":1,"issuers":[{"issuer":…,"jwks_uri":…,"fetched_at":…,"lifetime":…,"keys":[…]}, …]}
 *
 * Taking it back trusts it no more than the key server: each set passes all that a fetched one must, and gains no time. All of the
 * document is judged before any of it is used.
 */
#include "token/token.h"

#include <stdlib.h>

#define VERSION 1
#define MAX_STORE (16 * 1024 * 1024)
#define MAX_ISSUERS 65536

/* ---- out ---- */

static apisec_status put_keys(const struct jwk_set *set, struct json_writer *out)
{
    apisec_status status = APISEC_OK;
    json_open_array(out, "keys");
    for (size_t i = 0; i < set->num_keys && status == APISEC_OK; i++) {
        const struct jwk *const jwk = set->keys[i];
        if (jwk->ambiguous) continue; /* of no use; and what it was in doubt with may not be here */
        struct buffer bytes = BUFFER_MAX(JOSE_MAX_KEY_SET);
        status = jwk_write(jwk->key, jwk->kid, jwk->algorithm, JWK_PUBLIC, &bytes);
        if (status == APISEC_OK) json_put_raw(out, NULL, (struct text){bytes.bytes, bytes.len});
        buffer_free(&bytes);
    }
    json_close_array(out);
    return status;
}

static apisec_status put_issuer(const struct issuer *issuer, struct json_writer *out)
{
    struct stored stored;
    if (issuer->keys == NULL || !keyset_is_fetched(issuer->keys)) return APISEC_OK;
    apisec_status status = keyset_stored(issuer->keys, &stored);
    if (stored.snapshot == NULL) return status;
    if (stored.fetched_ms >= 0) { /* otherwise the clock was set back to before that */
        json_open_object(out, NULL);
        json_put_text(out, "issuer", text_of(issuer->name));
        json_put_text(out, "jwks_uri", text_of(stored.uri));
        json_put_number(out, "fetched_at", stored.fetched_ms / 1000);
        json_put_number(out, "lifetime", stored.lifetime_ms / 1000);
        status = put_keys(snapshot_keys(stored.snapshot), out);
        json_close_object(out);
    }
    keyset_release(issuer->keys, stored.snapshot);
    free(stored.uri);
    return status;
}

apisec_status apisec_verifier_export_keys(apisec_verifier *verifier, char **json, apisec_error *err)
{
    if (json != NULL) *json = NULL;
    if (verifier == NULL || json == NULL) return fail(err, APISEC_E_ARGUMENT, "an argument is NULL");
    struct buffer bytes = BUFFER_MAX(MAX_STORE);
    struct json_writer out = {&bytes, false};
    apisec_status status = APISEC_OK;
    json_open_object(&out, NULL);
    json_put_number(&out, "apisec_keys", VERSION);
    json_open_array(&out, "issuers");
    for (size_t i = 0; i < verifier->num_issuers && status == APISEC_OK; i++) status = put_issuer(&verifier->issuers[i], &out);
    json_close_array(&out);
    json_close_object(&out);
    if (status == APISEC_OK) status = bytes.status;
    if (status == APISEC_OK) *json = buffer_take(&bytes);
    buffer_free(&bytes);
    return status == APISEC_OK ? succeed(err) : fail(err, status, "the key sets cannot be written");
}

/* ---- back ---- */

/* What one entry says, judged. */
struct entry {
    const struct issuer *issuer; /* NULL: of no use any more */
    struct text uri;
    int64_t fetched_at, lifetime;
    struct jwk_set *set;
};

static apisec_status lacks(apisec_error *err, const char *what)
{
    return fail(err, APISEC_E_CONFIG, "the stored key sets: %s", what);
}

static apisec_status read_members(const struct json *object, int64_t now, struct entry *entry, struct text *name, apisec_error *err)
{
    apisec_error why;
    if (json_get_text(object, "issuer", name) != JSON_OK) return lacks(err, "an entry names no issuer");
    if (json_get_text(object, "jwks_uri", &entry->uri) != JSON_OK) return lacks(err, "an entry has no jwks_uri");
    if (url_check(entry->uri, &why) != APISEC_OK)          return lacks(err, "a jwks_uri is not an https URL");
    if (json_get_date(object, "fetched_at", &entry->fetched_at) != JSON_OK) return lacks(err, "an entry has no fetched_at");
    if (entry->fetched_at > now)                           return lacks(err, "a set is said to be fetched later than now");
    if (json_get_int64(object, "lifetime", &entry->lifetime) != JSON_OK || entry->lifetime < 0)
        return lacks(err, "an entry has no lifetime");
    return APISEC_OK;
}

static apisec_status read_entry(const apisec_verifier *verifier, const struct json *object, int64_t now, struct entry *entry,
                                apisec_error *err)
{
    struct text name;
    apisec_error why;
    if (json_kind(object) != JSON_OBJECT) return lacks(err, "an entry is not an object");
    apisec_status status = read_members(object, now, entry, &name, err);
    if (status != APISEC_OK) return status;
    status = jwk_set_read(object, JWK_FETCHED, &entry->set, &why);
    if (status == APISEC_E_MEMORY) return fail_memory(err);
    if (status != APISEC_OK) return lacks(err, why.text);
    const struct issuer *const issuer = verifier_find_issuer(verifier, name);
    if (issuer != NULL && issuer->keys != NULL && keyset_is_from(issuer->keys, entry->uri)) entry->issuer = issuer;
    return APISEC_OK;
}

static apisec_status restore(struct entry *entry, int64_t now, apisec_error *err)
{
    if (entry->issuer == NULL) return APISEC_OK;
    const struct landed landed = {entry->set, entry->uri.at, "", entry->lifetime};
    entry->set = NULL;
    const apisec_status status = keyset_restore(entry->issuer->keys, &landed, entry->fetched_at * 1000, now * 1000);
    return status == APISEC_OK ? APISEC_OK : fail_memory(err);
}

static apisec_status import(const apisec_verifier *verifier, const struct json *issuers, int64_t now, apisec_error *err)
{
    size_t num = 0;
    apisec_status status = APISEC_OK;
    struct entry *const entries = mem_array(json_count(issuers) + 1, sizeof *entries);
    if (entries == NULL) return fail_memory(err);
    for (const struct json *at = json_first(issuers); at != NULL && status == APISEC_OK; at = json_next(at))
        status = read_entry(verifier, at, now, &entries[num++], err);
    for (size_t i = 0; i < num && status == APISEC_OK; i++) status = restore(&entries[i], now, err);
    for (size_t i = 0; i < num; i++) jwk_set_free(entries[i].set);
    free(entries);
    return status;
}

apisec_status apisec_verifier_import_keys(apisec_verifier *verifier, const char *json, size_t len, int64_t now, apisec_error *err)
{
    static const apisec_json_limits limits = {MAX_STORE, 8, 64, MAX_ISSUERS, 64 * 1024, {0, 0, 0}};
    if (verifier == NULL || json == NULL) return fail(err, APISEC_E_ARGUMENT, "an argument is NULL");
    if (now < 0 || now > INT64_MAX / 1000) return fail(err, APISEC_E_ARGUMENT, "the time is out of range");
    struct json *document = NULL;
    apisec_error why;
    int64_t version = 0;
    apisec_status status = json_parse_object((struct text){json, len}, &limits, &document, &why);
    if (status == APISEC_E_MALFORMED) return lacks(err, why.text);
    if (status != APISEC_OK) return fail(err, status, "the stored key sets: %s", why.text);
    const struct json *const issuers = json_member(document, "issuers");
    if (json_get_int64(document, "apisec_keys", &version) != JSON_OK || version != VERSION)
        status = lacks(err, "not a document of apisec_verifier_export_keys");
    else if (issuers == NULL || json_kind(issuers) != JSON_ARRAY)
        status = lacks(err, "no array of issuers");
    else
        status = import(verifier, issuers, now, err);
    json_free(document);
    return status == APISEC_OK ? succeed(err) : status;
}
