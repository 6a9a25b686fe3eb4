/* SPDX-License-Identifier: Apache-2.0
 *
 * trust.c: the builder of include/apisec/trust.h. Setters copy what they are given and note the first thing that is wrong in
 * itself; what is missing or contradicts is seen by issuer_new, when a verifier is made of it.
 */
#include "token/introspect.h"

#include <stdlib.h>
#include <string.h>

#define MAX_LEEWAY 300
#define DEFAULT_LEEWAY 60
#define DEFAULT_CACHE_TOKENS 1024
#define DEFAULT_CACHE_AGE 300
#define MAX_CACHE_AGE 3600 /* as long as keys are trusted at most */

/* note keeps the first error of the whole trust. */
static void note(struct apisec_trust *trust, apisec_status status, const char *what, const char *about)
{
    if (trust->error.status != APISEC_OK) return;
    fail(&trust->error, status, "%s: %.120s", what, about);
}

void trust_note_memory(struct apisec_trust *trust)
{
    if (trust->error.status == APISEC_OK) fail_memory(&trust->error);
}

static bool is_empty(const char *text)
{
    return text == NULL || text[0] == '\0';
}

/* ---- lists of names ---- */

bool name_list_add(struct name_list *list, const char *name)
{
    char **longer = mem_array(list->num + 1, sizeof *longer);
    char *copy = text_copy(text_of(name));
    if (longer == NULL || copy == NULL) {
        free(longer);
        free(copy);
        return false;
    }
    if (list->num > 0) memcpy(longer, list->at, list->num * sizeof *longer);
    longer[list->num] = copy;
    free(list->at);
    list->at = longer;
    list->num++;
    return true;
}

void name_list_free(struct name_list *list)
{
    for (size_t i = 0; i < list->num; i++) free(list->at[i]);
    free(list->at);
    *list = (struct name_list){NULL, 0};
}

/* ---- the trust ---- */

apisec_trust *apisec_trust_new(void)
{
    struct apisec_trust *trust = calloc(1, sizeof *trust);
    if (trust == NULL) return NULL;
    trust->cache_tokens = DEFAULT_CACHE_TOKENS;
    trust->cache_age = DEFAULT_CACHE_AGE;
    return trust;
}

static void builder_free(struct apisec_issuer *issuer)
{
    free(issuer->name);
    name_list_free(&issuer->audiences);
    name_list_free(&issuer->required_claims);
    name_list_free(&issuer->status_prefixes);
    introspection_settings_free(issuer->introspection);
    mem_wipe_free(issuer->keys, issuer->keys_len); /* a pinned set may hold HMAC keys */
    free(issuer);
}

void apisec_trust_free(apisec_trust *trust)
{
    if (trust == NULL) return;
    for (struct apisec_issuer *issuer = trust->first; issuer != NULL;) {
        struct apisec_issuer *next = issuer->next;
        builder_free(issuer);
        issuer = next;
    }
    table_free(&trust->by_name);
    free(trust->realm);
    free(trust->resource_metadata);
    dpop_settings_free(trust->dpop);
    mem_wipe_free(trust->decryption_keys, trust->decryption_keys_len);
    free(trust);
}

void apisec_trust_set_realm(apisec_trust *trust, const char *realm)
{
    if (trust == NULL) return;
    if (realm == NULL || !text_is_printable(text_of(realm))) {
        note(trust, APISEC_E_CONFIG, "the realm is not printable ASCII", realm == NULL ? "NULL" : realm);
        return;
    }
    free(trust->realm);
    trust->realm = text_copy(text_of(realm));
    if (trust->realm == NULL) trust_note_memory(trust);
}

void apisec_trust_set_resource_metadata(apisec_trust *trust, const char *url)
{
    if (trust == NULL) return;
    apisec_error why;
    if (url == NULL || url_check(text_of(url), &why) != APISEC_OK) {
        note(trust, APISEC_E_CONFIG, "resource metadata", url == NULL ? "the URL is NULL" : why.text);
        return;
    }
    free(trust->resource_metadata);
    trust->resource_metadata = text_copy(text_of(url));
    if (trust->resource_metadata == NULL) trust_note_memory(trust);
}

void apisec_trust_set_token_cache(apisec_trust *trust, size_t max_tokens, uint32_t max_age_s)
{
    if (trust == NULL) return;
    if (max_tokens > CACHE_MAX_TOKENS) note(trust, APISEC_E_CONFIG, "the token cache", "more than 1048576 tokens");
    if (max_tokens > 0 && (max_age_s < 1 || max_age_s > MAX_CACHE_AGE))
        note(trust, APISEC_E_CONFIG, "the token cache", "an age that is not 1 to 3600 s");
    trust->cache_tokens = max_tokens;
    trust->cache_age = max_age_s;
}

apisec_issuer *apisec_trust_add_issuer(apisec_trust *trust, const char *name)
{
    if (trust == NULL) return NULL;
    if (is_empty(name) || !text_is_printable(text_of(name))) {
        note(trust, APISEC_E_CONFIG, "an issuer's name is not printable ASCII", is_empty(name) ? "it is empty" : name);
        return NULL;
    }
    if (table_get(&trust->by_name, text_of(name)) != NULL) {
        note(trust, APISEC_E_CONFIG, "the issuer is added twice", name);
        return NULL;
    }
    struct apisec_issuer *issuer = calloc(1, sizeof *issuer);
    char *copy = text_copy(text_of(name));
    apisec_status status = issuer == NULL || copy == NULL ? APISEC_E_MEMORY : APISEC_OK;
    if (status == APISEC_OK) status = table_put(&trust->by_name, text_of(copy), issuer);
    if (status != APISEC_OK) {
        free(issuer);
        free(copy);
        if (status == APISEC_E_MEMORY) trust_note_memory(trust);
        else note(trust, status, "an issuer cannot be added", name);
        return NULL;
    }
    issuer->trust = trust;
    issuer->name = copy;
    issuer->leeway = DEFAULT_LEEWAY;
    if (trust->last == NULL) trust->first = issuer;
    if (trust->last != NULL) trust->last->next = issuer;
    trust->last = issuer;
    return issuer;
}

void apisec_trust_set_decryption_jwks(apisec_trust *trust, const char *json, size_t len)
{
    if (trust == NULL) return;
    char *copy = json == NULL ? NULL : text_copy((struct text){json, len});
    if (json == NULL) note(trust, APISEC_E_CONFIG, "keys to decrypt with", "the key set is NULL");
    if (json != NULL && copy == NULL) trust_note_memory(trust);
    mem_wipe_free(trust->decryption_keys, trust->decryption_keys_len);
    trust->decryption_keys = copy;
    trust->decryption_keys_len = len;
}

/* ---- one issuer ---- */

void trust_note(apisec_issuer *issuer, apisec_status status, const char *what)
{
    if (issuer->trust->error.status != APISEC_OK) return;
    fail(&issuer->trust->error, status, "issuer %.120s: %s", issuer->name, what);
}

static void add_name(struct apisec_issuer *issuer, struct name_list *list, const char *name, const char *empty)
{
    if (is_empty(name)) {
        trust_note(issuer, APISEC_E_CONFIG, empty);
        return;
    }
    if (!name_list_add(list, name)) trust_note_memory(issuer->trust);
}

void apisec_issuer_add_audience(apisec_issuer *issuer, const char *audience)
{
    if (issuer == NULL) return;
    add_name(issuer, &issuer->audiences, audience, "an audience is empty");
}

void apisec_issuer_require_claim(apisec_issuer *issuer, const char *name)
{
    if (issuer == NULL) return;
    add_name(issuer, &issuer->required_claims, name, "a required claim's name is empty");
}

void apisec_issuer_allow_algorithm(apisec_issuer *issuer, const char *jws_alg)
{
    if (issuer == NULL) return;
    const struct algorithm *algorithm = jws_alg == NULL ? NULL : algorithm_find(text_of(jws_alg));
    if (algorithm == NULL) {
        trust_note(issuer, APISEC_E_CONFIG, "an algorithm is not one of RS, PS, ES or HS with 256, 384 or 512");
        return;
    }
    issuer->algorithms |= (uint32_t)1 << algorithm_index(algorithm);
}

void apisec_issuer_set_profile(apisec_issuer *issuer, const char *profile)
{
    if (issuer == NULL) return;
    if (!profile_find(text_of(profile), &issuer->profile))
        trust_note(issuer, APISEC_E_CONFIG, "the profile is not one of at+jwt, jwt, txntoken+jwt");
}

/* set_source is the only way to a source of keys, so that there is never a second one. */
static void set_source(struct apisec_issuer *issuer, enum key_source source, const char *bytes, size_t len)
{
    if (issuer->source != KEYS_NONE) {
        trust_note(issuer, APISEC_E_CONFIG, "there are two sources of keys");
        return;
    }
    char *copy = text_copy((struct text){bytes, len});
    if (copy == NULL) {
        trust_note_memory(issuer->trust);
        return;
    }
    issuer->source = source;
    issuer->keys = copy;
    issuer->keys_len = len;
}

void apisec_issuer_set_jwks(apisec_issuer *issuer, const char *json, size_t len)
{
    if (issuer == NULL) return;
    if (json == NULL || len > JOSE_MAX_KEY_SET) {
        trust_note(issuer, APISEC_E_CONFIG, json == NULL ? "the key set is NULL" : "the key set is larger than 256 KiB");
        return;
    }
    set_source(issuer, KEYS_PINNED, json, len);
}

void apisec_issuer_set_jwks_uri(apisec_issuer *issuer, const char *url)
{
    if (issuer == NULL) return;
    apisec_error why;
    if (url == NULL || url_check(text_of(url), &why) != APISEC_OK) {
        trust_note(issuer, APISEC_E_CONFIG, url == NULL ? "the key set's URL is NULL" : why.text);
        return;
    }
    set_source(issuer, KEYS_URI, url, strlen(url));
}

void apisec_issuer_discover(apisec_issuer *issuer)
{
    if (issuer == NULL) return;
    apisec_error why;
    if (url_check(text_of(issuer->name), &why) != APISEC_OK || strchr(issuer->name, '?') != NULL) {
        trust_note(issuer, APISEC_E_CONFIG, "discovery needs a name that is an https URL without query and fragment");
        return;
    }
    set_source(issuer, KEYS_DISCOVERED, "", 0);
}

void apisec_issuer_set_leeway(apisec_issuer *issuer, uint32_t seconds)
{
    if (issuer == NULL) return;
    if (seconds > MAX_LEEWAY) {
        trust_note(issuer, APISEC_E_CONFIG, "the leeway is more than 300 s");
        return;
    }
    issuer->leeway = seconds;
}

void apisec_issuer_set_max_lifetime(apisec_issuer *issuer, uint32_t seconds)
{
    if (issuer == NULL) return;
    issuer->has_max_lifetime = true;
    issuer->max_lifetime = seconds;
}

void apisec_issuer_require_encryption(apisec_issuer *issuer)
{
    if (issuer != NULL) issuer->require_encryption = true;
}

/* ---- status lists ---- */

void apisec_issuer_allow_status_list(apisec_issuer *issuer, const char *uri_prefix)
{
    if (issuer == NULL) return;
    apisec_error why;
    if (uri_prefix == NULL || status_prefix_check(text_of(uri_prefix), &why) != APISEC_OK) {
        trust_note(issuer, APISEC_E_CONFIG, uri_prefix == NULL ? "a status list's URI is NULL" : why.text);
        return;
    }
    if (!name_list_add(&issuer->status_prefixes, uri_prefix)) trust_note_memory(issuer->trust);
}

void apisec_issuer_require_status(apisec_issuer *issuer)
{
    if (issuer != NULL) issuer->require_status = true;
}

void apisec_issuer_ignore_status(apisec_issuer *issuer)
{
    if (issuer != NULL) issuer->ignore_status = true;
}
