/* SPDX-License-Identifier: Apache-2.0
 *
 * issuer_read.c: one issuer of the section "trust", told to its builder member by member. Called by trust_read.c.
 */
#include "guard/guard.h"

#include <stdio.h>

static const char *const issuer_names[] = {"issuer",
                                           "audiences",
                                           "algorithms",
                                           "profile",
                                           "jwks",
                                           "jwks_uri",
                                           "discover",
                                           "require_claims",
                                           "leeway",
                                           "max_lifetime",
                                           "require_encryption",
                                           "require_binding",
                                           "status_lists",
                                           "require_status",
                                           "ignore_status",
                                           "introspection",
                                           NULL};
static const char *const introspection_names[] = {"endpoint", "authentication",        "signed", "cache",
                                                  "prefix",   "allow_absent_audience", NULL};

/* One issuer while it is read. */
struct builder {
    const struct shape *at;
    const struct reading *reading;
    apisec_trust *trust;
    apisec_issuer *issuer;
};

/* A setter's sentence begins with the issuer's name, which the path says already. */
apisec_status trust_noted(const struct shape *at, const apisec_trust *trust, apisec_error *err)
{
    apisec_error why = trust->error;
    if (why.status == APISEC_OK) return APISEC_OK;
    if (trust->last != NULL) {
        char prefix[sizeof why.text];
        const int len = snprintf(prefix, sizeof prefix, "issuer %.120s: ", trust->last->name);
        if (strncmp(why.text, prefix, (size_t)len) == 0) memmove(why.text, why.text + len, strlen(why.text + len) + 1);
    }
    return shape_fail_as(at, &why, err);
}

typedef void (*text_setter)(apisec_issuer *issuer, const char *text);
typedef void (*flag_setter)(apisec_issuer *issuer);

static apisec_status set_text(const struct builder *builder, const struct shape *object, const char *name, text_setter set,
                              apisec_error *err)
{
    const struct shape at = shape_member(object, name);
    const char *text;
    if (at.value == NULL) return APISEC_OK;
    const apisec_status status = shape_text(&at, &text, err);
    if (status != APISEC_OK) return status;
    set(builder->issuer, text);
    return trust_noted(&at, builder->trust, err);
}

static apisec_status set_texts(const struct builder *builder, const char *name, text_setter add, apisec_error *err)
{
    const struct shape list = shape_member(builder->at, name);
    if (list.value == NULL) return APISEC_OK;
    apisec_status status = shape_kind(&list, JSON_ARRAY, err);
    if (status == APISEC_OK && json_first(list.value) == NULL) status = shape_fail(&list, err, "empty");
    for (struct shape at = shape_first(&list); at.value != NULL && status == APISEC_OK; shape_next(&at)) {
        const char *text;
        status = shape_text(&at, &text, err);
        if (status != APISEC_OK) return status;
        add(builder->issuer, text);
        status = trust_noted(&at, builder->trust, err);
    }
    return status;
}

static apisec_status set_flag(const struct builder *builder, const struct shape *object, const char *name, flag_setter set,
                              apisec_error *err)
{
    const struct shape at = shape_member(object, name);
    bool flag;
    const apisec_status status = shape_flag(object, name, &flag, err);
    if (status != APISEC_OK || !flag) return status;
    set(builder->issuer);
    return trust_noted(&at, builder->trust, err);
}

/* ---- keys ---- */

static apisec_status check_is_public(const struct shape *keys, apisec_error *err)
{
    static const char *const private_members[] = {"d", "k", "p", "q", "dp", "dq", "qi", "oth"};
    for (struct shape key = shape_first(keys); key.value != NULL; shape_next(&key))
        for (size_t i = 0; i < sizeof private_members / sizeof private_members[0]; i++) {
            const struct shape member = shape_member(&key, private_members[i]);
            if (member.value != NULL)
                return shape_fail(&member, err, "a secret does not stand in the document: give the set as \"file:PATH\"");
        }
    return APISEC_OK;
}

static apisec_status take_inline(const struct builder *builder, const struct shape *at, apisec_error *err)
{
    const struct shape keys = shape_member(at, "keys");
    struct buffer json = BUFFER_MAX(JOSE_MAX_KEY_SET);
    struct json_writer writer = {&json, false};
    apisec_status status = check_is_public(&keys, err);
    if (status != APISEC_OK) return status;
    json_put_value(&writer, NULL, at->value);
    if (json.status == APISEC_OK) apisec_issuer_set_jwks(builder->issuer, json.bytes, json.len);
    if (json.status == APISEC_E_MEMORY) status = fail_memory(err);
    else if (json.status != APISEC_OK) status = shape_fail(at, err, "larger than 256 KiB");
    buffer_free(&json);
    return status;
}

static const char *first_algorithm(const struct builder *builder)
{
    struct text text = {NULL, 0};
    json_as_text(json_first(json_member(builder->at->value, "algorithms")), &text);
    return text.at == NULL ? "ES256" : text.at;
}

static apisec_status take_referred(const struct builder *builder, const struct shape *at, apisec_error *err)
{
    struct secret keys;
    const bool has_stand_ins = builder->reading->has_stand_ins;
    char *stand_in = has_stand_ins ? stand_in_keys(first_algorithm(builder)) : NULL;
    if (has_stand_ins && stand_in == NULL) return fail_memory(err);
    const apisec_status status = secret_read(at, builder->reading, JOSE_MAX_KEY_SET, stand_in, &keys, err);
    apisec_text_free(stand_in);
    if (status != APISEC_OK) return status;
    apisec_issuer_set_jwks(builder->issuer, keys.bytes, keys.len);
    secret_free(&keys);
    return APISEC_OK;
}

static apisec_status read_jwks(const struct builder *builder, apisec_error *err)
{
    const struct shape at = shape_member(builder->at, "jwks");
    struct text text;
    apisec_status status = APISEC_OK;
    if (at.value == NULL) return APISEC_OK;
    if (json_kind(at.value) == JSON_OBJECT) status = take_inline(builder, &at, err);
    else if (json_as_text(at.value, &text) && secret_is_reference(text.at)) status = take_referred(builder, &at, err);
    else return shape_fail(&at, err, "a JWK Set, or \"file:PATH\" or \"env:NAME\" of one is wanted; a URL is its \"jwks_uri\"");
    return status == APISEC_OK ? trust_noted(&at, builder->trust, err) : status;
}

/* ---- introspection ---- */

static apisec_status read_login(const struct builder *builder, const struct shape *object, apisec_error *err)
{
    const struct shape at = shape_member(object, "authentication");
    struct login login;
    apisec_issuer *const issuer = builder->issuer;
    const apisec_status status = login_read(&at, builder->reading, &login, err);
    if (status != APISEC_OK) return status;
    if (login.method == OAUTH_AUTH_BASIC)
        apisec_issuer_set_introspection_basic(issuer, login.client_id, login.secret.bytes, login.secret.len);
    if (login.method == OAUTH_AUTH_POST)
        apisec_issuer_set_introspection_post(issuer, login.client_id, login.secret.bytes, login.secret.len);
    if (login.method == OAUTH_AUTH_PRIVATE_KEY_JWT)
        apisec_issuer_set_introspection_private_key_jwt(issuer, login.client_id, login.signer, login.audience);
    if (login.method == OAUTH_AUTH_MTLS) apisec_issuer_set_introspection_mtls(issuer, login.client_id, login.identity);
    login_free(&login);
    return trust_noted(&at, builder->trust, err);
}

static apisec_status read_introspection(const struct builder *builder, apisec_error *err)
{
    const struct shape at = shape_member(builder->at, "introspection"), endpoint = shape_member(&at, "endpoint"),
                       cache = shape_member(&at, "cache");
    int64_t seconds = -1;
    if (at.value == NULL) return APISEC_OK;
    apisec_status status = shape_object(&at, introspection_names, err);
    if (status == APISEC_OK && endpoint.value == NULL) status = shape_fail(&endpoint, err, "missing");
    if (status == APISEC_OK) status = set_text(builder, &at, "endpoint", apisec_issuer_set_introspection, err);
    if (status == APISEC_OK) status = read_login(builder, &at, err);
    if (status == APISEC_OK) status = set_flag(builder, &at, "signed", apisec_issuer_require_signed_introspection, err);
    if (status == APISEC_OK) status = set_flag(builder, &at, "allow_absent_audience", apisec_issuer_allow_absent_audience, err);
    if (status == APISEC_OK) status = set_text(builder, &at, "prefix", apisec_issuer_set_opaque_prefix, err);
    if (status == APISEC_OK) status = shape_optional_number(&at, "cache", 0, 300, &seconds, err);
    if (status != APISEC_OK || seconds < 0) return status;
    apisec_issuer_set_introspection_cache(builder->issuer, (uint32_t)seconds);
    return trust_noted(&cache, builder->trust, err);
}

/* ---- the whole ---- */

static apisec_status read_numbers(const struct builder *builder, apisec_error *err)
{
    int64_t leeway = -1, lifetime = -1;
    apisec_status status = shape_optional_number(builder->at, "leeway", 0, 300, &leeway, err);
    if (status == APISEC_OK) status = shape_optional_number(builder->at, "max_lifetime", 0, UINT32_MAX, &lifetime, err);
    if (status == APISEC_OK && leeway >= 0) apisec_issuer_set_leeway(builder->issuer, (uint32_t)leeway);
    if (status == APISEC_OK && lifetime >= 0) apisec_issuer_set_max_lifetime(builder->issuer, (uint32_t)lifetime);
    return status == APISEC_OK ? trust_noted(builder->at, builder->trust, err) : status;
}

static apisec_status read_members(const struct builder *builder, apisec_error *err)
{
    const struct shape *at = builder->at, audiences = shape_member(at, "audiences");
    apisec_status status = audiences.value == NULL ? shape_fail(&audiences, err, "missing") : APISEC_OK;
    if (status == APISEC_OK) status = set_texts(builder, "audiences", apisec_issuer_add_audience, err);
    if (status == APISEC_OK) status = set_texts(builder, "algorithms", apisec_issuer_allow_algorithm, err);
    if (status == APISEC_OK) status = set_text(builder, at, "profile", apisec_issuer_set_profile, err);
    if (status == APISEC_OK) status = read_jwks(builder, err);
    if (status == APISEC_OK) status = set_text(builder, at, "jwks_uri", apisec_issuer_set_jwks_uri, err);
    if (status == APISEC_OK) status = set_flag(builder, at, "discover", apisec_issuer_discover, err);
    if (status == APISEC_OK) status = set_texts(builder, "require_claims", apisec_issuer_require_claim, err);
    if (status == APISEC_OK) status = read_numbers(builder, err);
    if (status == APISEC_OK) status = set_flag(builder, at, "require_encryption", apisec_issuer_require_encryption, err);
    if (status == APISEC_OK) status = set_flag(builder, at, "require_binding", apisec_issuer_require_binding, err);
    if (status == APISEC_OK) status = set_texts(builder, "status_lists", apisec_issuer_allow_status_list, err);
    if (status == APISEC_OK) status = set_flag(builder, at, "require_status", apisec_issuer_require_status, err);
    if (status == APISEC_OK) status = set_flag(builder, at, "ignore_status", apisec_issuer_ignore_status, err);
    return status == APISEC_OK ? read_introspection(builder, err) : status;
}

apisec_status issuer_read(const struct shape *at, const struct reading *reading, apisec_trust *trust, apisec_error *err)
{
    const struct shape issuer = shape_member(at, "issuer");
    const char *name;
    apisec_status status = shape_object(at, issuer_names, err);
    if (status == APISEC_OK) status = shape_text(&issuer, &name, err);
    if (status != APISEC_OK) return status;
    const struct builder builder = {at, reading, trust, apisec_trust_add_issuer(trust, name)};
    status = trust_noted(&issuer, trust, err);
    return status == APISEC_OK ? read_members(&builder, err) : status;
}
