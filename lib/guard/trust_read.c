/* SPDX-License-Identifier: Apache-2.0
 *
 * trust_read.c: the section "trust", told to the builder of include/apisec/trust.h member by member, so that whatever that finds
 * wrong is said with the path of the member.
 */
#include "guard/guard.h"

#include <stdio.h>

static const char *const trust_names[] = {"realm", "resource_metadata", "token_cache", "decryption_keys", "origins",
                                          "dpop",  "issuers",           NULL};
static const char *const cache_names[] = {"max_tokens", "max_age", NULL};
static const char *const dpop_names[] = {"algorithms", "nonce_lifetime", "nonce_key", "max_proofs", NULL};

/* ---- the section's own ---- */

typedef void (*trust_setter)(apisec_trust *trust, const char *text);

static apisec_status read_text(const struct shape *object, const char *name, apisec_trust *trust, trust_setter set,
                               apisec_error *err)
{
    const struct shape at = shape_member(object, name);
    const char *text;
    if (at.value == NULL) return APISEC_OK;
    const apisec_status status = shape_text(&at, &text, err);
    if (status != APISEC_OK) return status;
    set(trust, text);
    return trust_noted(&at, trust, err);
}

static apisec_status read_texts(const struct shape *object, const char *name, apisec_trust *trust, trust_setter add,
                                apisec_error *err)
{
    const struct shape list = shape_member(object, name);
    if (list.value == NULL) return APISEC_OK;
    apisec_status status = shape_kind(&list, JSON_ARRAY, err);
    if (status == APISEC_OK && json_first(list.value) == NULL) status = shape_fail(&list, err, "empty");
    for (struct shape at = shape_first(&list); at.value != NULL && status == APISEC_OK; shape_next(&at)) {
        const char *text;
        status = shape_text(&at, &text, err);
        if (status != APISEC_OK) return status;
        add(trust, text);
        status = trust_noted(&at, trust, err);
    }
    return status;
}

static apisec_status read_cache(const struct shape *object, apisec_trust *trust, apisec_error *err)
{
    const struct shape at = shape_member(object, "token_cache");
    int64_t tokens = 1024, seconds = 300;
    if (at.value == NULL) return APISEC_OK;
    apisec_status status = shape_object(&at, cache_names, err);
    if (status == APISEC_OK) status = shape_optional_number(&at, "max_tokens", 0, CACHE_MAX_TOKENS, &tokens, err);
    if (status == APISEC_OK) status = shape_optional_number(&at, "max_age", 1, 3600, &seconds, err);
    if (status != APISEC_OK) return status;
    apisec_trust_set_token_cache(trust, (size_t)tokens, (uint32_t)seconds);
    return trust_noted(&at, trust, err);
}

static apisec_status read_decryption(const struct shape *object, const struct reading *reading, apisec_trust *trust,
                                     apisec_error *err)
{
    const struct shape at = shape_member(object, "decryption_keys");
    struct secret keys;
    apisec_decrypter *decrypter = NULL;
    apisec_error why;
    if (at.value == NULL) return APISEC_OK;
    char *stand_in = reading->has_stand_ins ? stand_in_decryption() : NULL;
    if (reading->has_stand_ins && stand_in == NULL) return fail_memory(err);
    apisec_status status = secret_read(&at, reading, JOSE_MAX_KEY_SET, stand_in, &keys, err);
    apisec_text_free(stand_in);
    if (status != APISEC_OK) return status;
    apisec_trust_set_decryption_jwks(trust, keys.bytes, keys.len);
    status = apisec_decrypter_new(keys.bytes, keys.len, &decrypter, &why); /* judged here, where its path is known */
    apisec_decrypter_free(decrypter);
    secret_free(&keys);
    if (status == APISEC_OK) return trust_noted(&at, trust, err);
    if (status != APISEC_E_UNSUPPORTED && status != APISEC_E_MEMORY) why.status = APISEC_E_CONFIG;
    return shape_fail_as(&at, &why, err);
}

static apisec_status read_nonce(const struct shape *object, const struct reading *reading, apisec_trust *trust, apisec_error *err)
{
    const struct shape lifetime = shape_member(object, "nonce_lifetime"), key = shape_member(object, "nonce_key");
    struct secret secret;
    int64_t seconds = 0;
    if (key.value != NULL && lifetime.value == NULL) return shape_fail(&key, err, "without nonce_lifetime no nonce is demanded");
    if (lifetime.value == NULL) return APISEC_OK;
    apisec_status status = shape_number(&lifetime, 1, 86400, &seconds, err);
    if (status != APISEC_OK) return status;
    apisec_trust_require_dpop_nonce(trust, (uint32_t)seconds);
    if (key.value == NULL) return trust_noted(&lifetime, trust, err);
    status = secret_read(&key, reading, SECRET_MAX, "stand-in for 32 to 64 bytes of it", &secret, err);
    if (status != APISEC_OK) return status;
    apisec_trust_set_dpop_nonce_key(trust, secret.bytes, secret.len);
    secret_free(&secret);
    return trust_noted(&key, trust, err);
}

static apisec_status read_dpop(const struct shape *object, const struct reading *reading, apisec_trust *trust, apisec_error *err)
{
    const struct shape at = shape_member(object, "dpop"), origins = shape_member(object, "origins");
    int64_t max_proofs = 0;
    if (at.value == NULL && origins.value != NULL)
        return shape_fail(&origins, err, "only asked for by DPoP, and there is no \"dpop\"");
    if (at.value == NULL) return APISEC_OK;
    apisec_status status = shape_object(&at, dpop_names, err);
    if (status == APISEC_OK && origins.value == NULL) status = shape_fail(&origins, err, "missing: what URLs are proofs made for?");
    if (status != APISEC_OK) return status;
    apisec_trust_allow_dpop(trust);
    status = read_texts(object, "origins", trust, apisec_trust_add_origin, err);
    if (status == APISEC_OK) status = read_texts(&at, "algorithms", trust, apisec_trust_allow_dpop_algorithm, err);
    if (status == APISEC_OK) status = read_nonce(&at, reading, trust, err);
    if (status == APISEC_OK) status = shape_optional_number(&at, "max_proofs", 1, 1 << 24, &max_proofs, err);
    if (status == APISEC_OK && max_proofs > 0) apisec_trust_set_replay_capacity(trust, (size_t)max_proofs);
    return status == APISEC_OK ? trust_noted(&at, trust, err) : status;
}

/* ---- the whole ---- */

static apisec_status read_issuers(const struct shape *object, const struct reading *reading, apisec_trust *trust, apisec_error *err)
{
    const struct shape list = shape_member(object, "issuers");
    apisec_status status = shape_kind(&list, JSON_ARRAY, err);
    if (status == APISEC_OK && json_first(list.value) == NULL) status = shape_fail(&list, err, "empty: nobody is trusted");
    for (struct shape at = shape_first(&list); at.value != NULL && status == APISEC_OK; shape_next(&at))
        status = issuer_read(&at, reading, trust, err);
    return status;
}

/* blame finds the issuer that the verifier's sentence is about. */
static apisec_status blame(const struct shape *object, const apisec_error *why, apisec_error *err)
{
    const struct shape list = shape_member(object, "issuers");
    for (struct shape at = shape_first(&list); at.value != NULL; shape_next(&at)) {
        char prefix[sizeof why->text];
        struct text name;
        apisec_error rest = *why;
        json_get_text(at.value, "issuer", &name);
        for (int width = 120; width >= 100; width -= 20) { /* sentences cut a long name at one or the other */
            const int len = snprintf(prefix, sizeof prefix, "issuer %.*s: ", width, name.at);
            if (strncmp(why->text, prefix, (size_t)len) != 0) continue;
            memmove(rest.text, why->text + len, strlen(why->text + len) + 1);
            return shape_fail_as(&at, &rest, err);
        }
    }
    return shape_fail_as(object, why, err);
}

static apisec_status fill(const struct shape *at, const struct reading *reading, apisec_trust *trust, apisec_error *err)
{
    apisec_status status = read_text(at, "realm", trust, apisec_trust_set_realm, err);
    if (status == APISEC_OK) status = read_text(at, "resource_metadata", trust, apisec_trust_set_resource_metadata, err);
    if (status == APISEC_OK) status = read_cache(at, trust, err);
    if (status == APISEC_OK) status = read_decryption(at, reading, trust, err);
    if (status == APISEC_OK) status = read_dpop(at, reading, trust, err);
    if (status == APISEC_OK) status = read_issuers(at, reading, trust, err);
    return status;
}

apisec_status trust_read(const struct reading *reading, apisec_http *http, apisec_verifier **verifier, apisec_error *err)
{
    const struct shape at = shape_member(reading->top, "trust");
    apisec_error why;
    *verifier = NULL;
    apisec_status status = shape_object(&at, trust_names, err);
    if (status != APISEC_OK) return status;
    apisec_trust *trust = apisec_trust_new();
    if (trust == NULL) return fail_memory(err);
    status = fill(&at, reading, trust, err);
    if (status == APISEC_OK && apisec_verifier_new(trust, http, verifier, &why) != APISEC_OK) status = blame(&at, &why, err);
    apisec_trust_free(trust);
    return status;
}
