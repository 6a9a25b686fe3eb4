/* SPDX-License-Identifier: Apache-2.0
 *
 * introspector.c: whom to ask about an issuer's opaque tokens, and how: the setters of include/apisec/trust.h, and what they add
 * up to, judged as a whole when a verifier is made.
 */
#include "token/introspect.h"

#include <stdlib.h>
#include <unistd.h>

#define DEFAULT_KEEP_S 10
#define MAX_KEEP_S 300

/* ---- the setters ---- */

/* settings_of gives what is to be set, or NULL: without an issuer, or without memory, which the trust then knows. */
static struct introspection_settings *settings_of(apisec_issuer *issuer)
{
    if (issuer == NULL) return NULL;
    if (issuer->introspection == NULL) issuer->introspection = calloc(1, sizeof *issuer->introspection);
    if (issuer->introspection == NULL) trust_note_memory(issuer->trust);
    return issuer->introspection;
}

static void set_text(apisec_issuer *issuer, char **member, const char *text)
{
    free(*member);
    *member = text_copy(text_of(text));
    if (*member == NULL) trust_note_memory(issuer->trust);
}

void apisec_issuer_set_introspection(apisec_issuer *issuer, const char *url)
{
    apisec_error why;
    struct introspection_settings *settings = settings_of(issuer);
    if (settings == NULL) return;
    if (url == NULL || url_check(text_of(url), &why) != APISEC_OK) {
        trust_note(issuer, APISEC_E_CONFIG, url == NULL ? "the introspection URL is NULL" : why.text);
        return;
    }
    set_text(issuer, &settings->url, url);
}

static void set_secret(apisec_issuer *issuer, enum oauth_auth method, const char *client_id, struct text secret)
{
    apisec_error why;
    struct introspection_settings *settings = settings_of(issuer);
    if (settings == NULL) return;
    const apisec_status status = auth_set_secret(&settings->credential, method, client_id, secret, &why);
    if (status != APISEC_OK) trust_note(issuer, status, why.text);
}

void apisec_issuer_set_introspection_basic(apisec_issuer *issuer, const char *client_id, const char *secret, size_t len)
{
    set_secret(issuer, OAUTH_AUTH_BASIC, client_id, (struct text){secret, len});
}

void apisec_issuer_set_introspection_post(apisec_issuer *issuer, const char *client_id, const char *secret, size_t len)
{
    set_secret(issuer, OAUTH_AUTH_POST, client_id, (struct text){secret, len});
}

void apisec_issuer_set_introspection_private_key_jwt(apisec_issuer *issuer, const char *client_id, const apisec_signer *signer,
                                                     const char *audience)
{
    apisec_error why;
    struct introspection_settings *settings = settings_of(issuer);
    if (settings == NULL) return;
    const apisec_status status = auth_set_private_key_jwt(&settings->credential, client_id, signer, audience, &why);
    if (status != APISEC_OK) trust_note(issuer, status, why.text);
}

void apisec_issuer_set_introspection_mtls(apisec_issuer *issuer, const char *client_id, const char *identity)
{
    apisec_error why;
    struct introspection_settings *settings = settings_of(issuer);
    if (settings == NULL) return;
    const apisec_status status = auth_set_mtls(&settings->credential, client_id, identity, &why);
    if (status != APISEC_OK) trust_note(issuer, status, why.text);
}

void apisec_issuer_require_signed_introspection(apisec_issuer *issuer)
{
    struct introspection_settings *settings = settings_of(issuer);
    if (settings != NULL) settings->is_signed = true;
}

void apisec_issuer_allow_absent_audience(apisec_issuer *issuer)
{
    struct introspection_settings *settings = settings_of(issuer);
    if (settings != NULL) settings->without_audience = true;
}

void apisec_issuer_set_introspection_cache(apisec_issuer *issuer, uint32_t seconds)
{
    struct introspection_settings *settings = settings_of(issuer);
    if (settings == NULL) return;
    if (seconds > MAX_KEEP_S) {
        trust_note(issuer, APISEC_E_CONFIG, "introspection answers may be kept for 300 s at most");
        return;
    }
    settings->keep_s = seconds;
    settings->has_keep = true;
}

void apisec_issuer_set_opaque_prefix(apisec_issuer *issuer, const char *prefix)
{
    struct introspection_settings *settings = settings_of(issuer);
    if (settings == NULL) return;
    if (!opaque_prefix_is_valid(text_of(prefix))) {
        trust_note(issuer, APISEC_E_CONFIG, "a prefix of opaque tokens is 1 to 64 characters that a bearer token may have");
        return;
    }
    set_text(issuer, &settings->prefix, prefix);
}

void introspection_settings_free(struct introspection_settings *settings)
{
    if (settings == NULL) return;
    free(settings->url);
    auth_free(&settings->credential);
    free(settings->prefix);
    free(settings);
}

/* ---- frozen ---- */

static const char *what_lacks(const struct introspection_settings *from, const struct issuer *issuer)
{
    if (from->url == NULL)                          return "introspection is set up and has no URL";
    if (from->credential.method == OAUTH_AUTH_NONE) return "introspection has no client authentication";
    if (from->is_signed && issuer->keys == NULL)    return "signed introspection needs an algorithm and keys";
    if (issuer->profile == PROFILE_TXN)             return "opaque tokens are access tokens, and a Txn-Token is none";
    return NULL;
}

static bool copy(const char *from, char **to)
{
    *to = from == NULL ? NULL : text_copy(text_of(from));
    return from == NULL || *to != NULL;
}

/* as_judged: an opaque token is no JWT of a profile, and its issuer can end it at any time: it has a limit of its lifetime only
 * where one was set. */
static struct issuer as_judged(const struct issuer *issuer, const apisec_issuer *from)
{
    struct issuer judged = *issuer;
    judged.profile = PROFILE_JWT;
    judged.max_lifetime = from->has_max_lifetime ? from->max_lifetime : 0;
    return judged;
}

apisec_status introspector_new(const apisec_issuer *from, struct issuer *issuer, apisec_error *err)
{
    const struct introspection_settings *settings = from->introspection;
    if (settings == NULL) return APISEC_OK;
    const char *lacking = what_lacks(settings, issuer);
    if (lacking != NULL) return fail(err, APISEC_E_CONFIG, "issuer %.120s: %s", issuer->name, lacking);

    struct introspector *made = calloc(1, sizeof *made);
    if (made == NULL) return fail_memory(err);
    if (!lock_init(&made->lock)) {
        free(made);
        return fail_memory(err);
    }
    issuer->introspector = made;
    made->is_signed = settings->is_signed;
    made->without_audience = settings->without_audience;
    made->keep_ms = (int64_t)(settings->has_keep ? settings->keep_s : DEFAULT_KEEP_S) * 1000;
    made->judged = as_judged(issuer, from);
    made->process = (int64_t)getpid();
    if (!copy(settings->url, &made->url) || !copy(settings->prefix, &made->prefix) ||
        auth_copy(&settings->credential, &made->credential) != APISEC_OK)
        return fail_memory(err);
    const apisec_status status = random_bytes(made->key, sizeof made->key);
    return status == APISEC_OK ? status : fail(err, status, "issuer %.120s: there is no randomness", issuer->name);
}

void introspector_free(struct introspector *introspector)
{
    if (introspector == NULL) return;
    for (size_t i = 0; i < INTROSPECT_MAX_ASKING; i++) question_free(introspector->asking[i]);
    reports_free(&introspector->active);
    reports_free(&introspector->inactive);
    lock_end(&introspector->lock);
    auth_free(&introspector->credential);
    mem_wipe(introspector->key, sizeof introspector->key);
    free(introspector->url);
    free(introspector->prefix);
    free(introspector);
}
