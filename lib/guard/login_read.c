/* SPDX-License-Identifier: Apache-2.0
 *
 * login_read.c: how a client of ours authenticates to an endpoint, by the names that OAuth has for it (RFC 8414, RFC 8705). Called
 * for introspection and for exchanges.
 */
#include "guard/guard.h"

const char *const login_names[] = {"method", "client_id", "secret", "key", "audience", "identity", NULL};

/* What each method needs, by member. */
static const struct method {
    const char *name;
    enum oauth_auth method;
    bool secret, key, audience, identity;
} methods[] = {
    {"client_secret_basic", OAUTH_AUTH_BASIC, .secret = true},
    {"client_secret_post", OAUTH_AUTH_POST, .secret = true},
    {"private_key_jwt", OAUTH_AUTH_PRIVATE_KEY_JWT, .key = true, .audience = true},
    {"tls_client_auth", OAUTH_AUTH_MTLS, .identity = true},
    {"self_signed_tls_client_auth", OAUTH_AUTH_MTLS, .identity = true},
};

static apisec_status find_method(const struct shape *object, const struct method **method, apisec_error *err)
{
    const struct shape at = shape_member(object, "method");
    const char *name;
    const apisec_status status = shape_text(&at, &name, err);
    if (status != APISEC_OK) return status;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        *method = &methods[i];
        if (strcmp(name, methods[i].name) == 0) return APISEC_OK;
    }
    return shape_fail(
        &at, err,
        "client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth or self_signed_tls_client_auth is wanted");
}

/* check_presence: what a method does not use is a mistake about the method. */
static apisec_status check_presence(const struct shape *object, const char *name, bool wanted, apisec_error *err)
{
    const struct shape at = shape_member(object, name);
    if (wanted && at.value == NULL) return shape_fail(&at, err, "missing");
    return wanted || at.value == NULL ? APISEC_OK : shape_fail(&at, err, "not used by this method");
}

apisec_status signer_read(const struct shape *at, const struct reading *reading, apisec_signer **signer, apisec_error *err)
{
    struct secret jwk;
    apisec_error why;
    *signer = NULL;
    char *stand_in = reading->has_stand_ins ? stand_in_signer() : NULL;
    if (reading->has_stand_ins && stand_in == NULL) return fail_memory(err);
    apisec_status status = secret_read(at, reading, SECRET_MAX, stand_in, &jwk, err);
    apisec_text_free(stand_in);
    if (status != APISEC_OK) return status;
    status = apisec_signer_new(jwk.bytes, jwk.len, signer, &why);
    secret_free(&jwk);
    if (status == APISEC_OK || status == APISEC_E_MEMORY) return status == APISEC_OK ? APISEC_OK : fail_memory(err);
    return shape_fail(at, err, "not a private key that signs: %.100s", why.text);
}

/* find_identity: a certificate that no transport of this document has would be missed on the first request. */
static apisec_status find_identity(const struct shape *at, const struct reading *reading, const char *name, apisec_error *err)
{
    const struct shape http = shape_member(reading->top, "http"), identities = shape_member(&http, "identities");
    if (reading->has_transport || json_member(identities.value, name) != NULL) return APISEC_OK;
    return shape_fail(at, err, "http.identities has none of this name");
}

static apisec_status read_rest(const struct shape *object, const struct reading *reading, const struct method *method,
                               struct login *login, apisec_error *err)
{
    const struct shape secret = shape_member(object, "secret"), key = shape_member(object, "key"),
                       audience = shape_member(object, "audience"), identity = shape_member(object, "identity");
    apisec_status status = APISEC_OK;
    if (method->secret) status = secret_read(&secret, reading, SECRET_MAX, "stand-in", &login->secret, err);
    if (status == APISEC_OK && method->key) status = signer_read(&key, reading, &login->signer, err);
    if (status == APISEC_OK && method->audience) status = shape_text(&audience, &login->audience, err);
    if (status == APISEC_OK && method->identity) status = shape_text(&identity, &login->identity, err);
    if (status == APISEC_OK && method->identity) status = find_identity(&identity, reading, login->identity, err);
    return status;
}

apisec_status login_read(const struct shape *at, const struct reading *reading, struct login *login, apisec_error *err)
{
    const struct method *method = NULL;
    const struct shape client_id = shape_member(at, "client_id");
    *login = (struct login){.method = OAUTH_AUTH_NONE};
    apisec_status status = shape_object(at, login_names, err);
    if (status == APISEC_OK) status = find_method(at, &method, err);
    if (status == APISEC_OK) status = shape_text(&client_id, &login->client_id, err);
    if (status == APISEC_OK) status = check_presence(at, "secret", method->secret, err);
    if (status == APISEC_OK) status = check_presence(at, "key", method->key, err);
    if (status == APISEC_OK) status = check_presence(at, "audience", method->audience, err);
    if (status == APISEC_OK) status = check_presence(at, "identity", method->identity, err);
    if (status == APISEC_OK) status = read_rest(at, reading, method, login, err);
    if (status != APISEC_OK) {
        login_free(login);
        return status;
    }
    login->method = method->method;
    return APISEC_OK;
}

void login_free(struct login *login)
{
    secret_free(&login->secret);
    apisec_signer_free(login->signer);
    login->signer = NULL;
}
