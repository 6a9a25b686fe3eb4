/* SPDX-License-Identifier: Apache-2.0
 *
 * issuer.c: one trusted issuer, frozen. Here is judged what a builder leaves out: an audience, an algorithm, a source of keys, and
 * keys that the algorithms can use at all. So it fails at start-up and not on the first request. Called by verifier.c.
 */
#include "token/introspect.h"

#include <stdlib.h>

static apisec_status lacks(const apisec_issuer *from, apisec_error *err, const char *what)
{
    return fail(err, APISEC_E_CONFIG, "issuer %.120s: %s", from->name, what);
}

/* allows_hmac: a secret must never be looked for among keys that anyone may fetch. */
static bool allows_hmac(uint32_t bits)
{
    for (size_t i = 0; i < num_algorithms; i++)
        if ((bits >> i & 1) != 0 && algorithms[i].scheme == CRYPTO_HMAC) return true;
    return false;
}

/* has_keys: an issuer whose opaque tokens are introspected need not have keys as well. */
static bool has_keys(const apisec_issuer *from)
{
    return from->introspection == NULL || from->algorithms != 0 || from->source != KEYS_NONE;
}

static apisec_status check_keys(const apisec_issuer *from, apisec_error *err)
{
    if (from->algorithms == 0)     return lacks(from, err, "no algorithm");
    if (from->source == KEYS_NONE) return lacks(from, err, "no source of keys");
    if (from->source != KEYS_PINNED && allows_hmac(from->algorithms))
        return lacks(from, err, "an HS algorithm needs pinned keys");
    return APISEC_OK;
}

static apisec_status check_complete(const apisec_issuer *from, apisec_error *err)
{
    if (from->audiences.num == 0) return lacks(from, err, "no audience");
    const apisec_status status = has_keys(from) ? check_keys(from, err) : APISEC_OK;
    if (status != APISEC_OK) return status;
    if (from->status_prefixes.num > 0 && !has_keys(from))
        return lacks(from, err, "status lists are signed: they need an algorithm and keys");
    if (from->require_encryption && from->trust->decryption_keys == NULL)
        return lacks(from, err, "encryption is required and there are no keys to decrypt with");
    if (from->ignore_status && (from->require_status || from->status_prefixes.num > 0))
        return lacks(from, err, "status lists are both checked and ignored");
    if (from->require_status && from->status_prefixes.num == 0)
        return lacks(from, err, "a status is required and no status list is allowed");
    return APISEC_OK;
}

static apisec_status copy_names(struct name_list *to, const struct name_list *from)
{
    for (size_t i = 0; i < from->num; i++)
        if (!name_list_add(to, from->at[i])) return APISEC_E_MEMORY;
    return APISEC_OK;
}

/* check_pinned: a pinned set none of whose keys can verify anything is a mistake that would deny every request. */
static apisec_status check_pinned(const apisec_issuer *from, struct keyset *keys, apisec_error *err)
{
    const struct keyset_query query = {.now_ms = 0, .offline = true};
    struct keyset_reply reply;
    keyset_get(keys, &query, &reply);
    if (reply.state != KEYSET_READY) return lacks(from, err, "no key set");
    const struct jwk_set *set = snapshot_keys(reply.snapshot);
    bool fits = false;
    for (size_t i = 0; i < set->num_keys; i++)
        for (size_t k = 0; k < num_algorithms; k++)
            if ((from->algorithms >> k & 1) != 0 && jwk_fits(set->keys[i], &algorithms[k], NULL) == APISEC_OK) fits = true;
    keyset_release(keys, reply.snapshot);
    return fits ? APISEC_OK : lacks(from, err, "no key of the pinned set fits an allowed algorithm");
}

static apisec_status new_keys(const apisec_issuer *from, struct keyset **keys, apisec_error *err)
{
    const struct text bytes = {from->keys, from->keys_len};
    const struct keyset_config config = {.source = from->source, .issuer = text_of(from->name), .uri = bytes, .json = bytes};
    apisec_error why;
    const apisec_status status = keyset_new(&config, keys, &why);
    if (status == APISEC_E_MEMORY) return fail_memory(err);
    if (status != APISEC_OK) return fail(err, APISEC_E_CONFIG, "issuer %.100s: key set: %s", from->name, why.text);
    return from->source == KEYS_PINNED ? check_pinned(from, *keys, err) : APISEC_OK;
}

static enum status_policy status_policy(const apisec_issuer *from)
{
    if (from->ignore_status)             return STATUS_IGNORED;
    if (from->require_status)            return STATUS_REQUIRED;
    return from->status_prefixes.num > 0 ? STATUS_CHECKED : STATUS_REFUSED;
}

static apisec_status new_status_lists(const apisec_issuer *from, struct issuer *issuer, apisec_error *err)
{
    if (from->status_prefixes.num == 0) return APISEC_OK;
    if (copy_names(&issuer->status_prefixes, &from->status_prefixes) != APISEC_OK) return fail_memory(err);
    return status_lists_new(&issuer->status_lists, err);
}

static int64_t max_lifetime(const apisec_issuer *from)
{
    if (from->has_max_lifetime) return from->max_lifetime;
    return profile_max_lifetime(from->profile);
}

apisec_status issuer_new(const apisec_issuer *from, struct issuer *issuer, apisec_error *err)
{
    *issuer = (struct issuer){.algorithms = from->algorithms,
                              .profile = from->profile,
                              .leeway = from->leeway,
                              .max_lifetime = max_lifetime(from),
                              .require_encryption = from->require_encryption,
                              .status_policy = status_policy(from),
                              .require_binding = from->require_binding};
    apisec_status status = check_complete(from, err);
    if (status != APISEC_OK) return status;
    issuer->name = text_copy(text_of(from->name));
    if (issuer->name == NULL || copy_names(&issuer->audiences, &from->audiences) != APISEC_OK ||
        copy_names(&issuer->required_claims, &from->required_claims) != APISEC_OK)
        status = fail_memory(err);
    if (status == APISEC_OK && has_keys(from)) status = new_keys(from, &issuer->keys, err);
    if (status == APISEC_OK) status = new_status_lists(from, issuer, err);
    if (status == APISEC_OK) status = introspector_new(from, issuer, err);
    if (status != APISEC_OK) issuer_free(issuer);
    return status;
}

void issuer_free(struct issuer *issuer)
{
    free(issuer->name);
    name_list_free(&issuer->audiences);
    name_list_free(&issuer->required_claims);
    introspector_free(issuer->introspector);
    keyset_free(issuer->keys);
    name_list_free(&issuer->status_prefixes);
    status_lists_free(issuer->status_lists);
    *issuer = (struct issuer){0};
}
