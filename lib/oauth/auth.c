/* SPDX-License-Identifier: Apache-2.0
 *
 * auth.c: how a client proves to an authorization server who it is: with a secret (RFC 6749 section 2.3.1), with a private key (RFC
 * 7523) or with its TLS certificate (RFC 8705 section 2). Everything on the way to the request is wiped; the request's own copy is
 * wiped when the answer has ended.
 */
#include "oauth/oauth.h"

#include <stdlib.h>
#include <string.h>

#define MAX_BASIC 8192
#define ASSERTION_FORM_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" /* RFC 7523 section 2.2 */

/* ---- setting up ---- */

static bool is_empty(const char *text)
{
    return text == NULL || text[0] == '\0';
}

/* begin replaces what the credential was by one of this method that has its client's id. */
static apisec_status begin(struct oauth_credential *credential, enum oauth_auth method, const char *client_id, apisec_error *err)
{
    auth_free(credential);
    if (is_empty(client_id)) return fail(err, APISEC_E_CONFIG, "the client's id is empty");
    credential->method = method;
    credential->client_id = text_copy(text_of(client_id));
    return credential->client_id == NULL ? fail_memory(err) : APISEC_OK;
}

static apisec_status give_up(struct oauth_credential *credential, apisec_status status)
{
    auth_free(credential);
    return status;
}

apisec_status auth_set_secret(struct oauth_credential *credential, enum oauth_auth method, const char *client_id,
                              struct text secret, apisec_error *err)
{
    apisec_status status = begin(credential, method, client_id, err);
    if (status == APISEC_OK && (secret.at == NULL || secret.len == 0))
        status = fail(err, APISEC_E_CONFIG, "the client's secret is empty");
    if (status != APISEC_OK) return give_up(credential, status);
    credential->secret = text_copy(secret);
    if (credential->secret == NULL) return give_up(credential, fail_memory(err));
    credential->secret_len = secret.len;
    return APISEC_OK;
}

/* A secret that both sides hold proves less than a private key, and is another method with rules of its own (client_secret_jwt). */
static bool is_private_key(const apisec_signer *signer)
{
    return apisec_signer_public_jwk(signer) != NULL;
}

apisec_status auth_set_private_key_jwt(struct oauth_credential *credential, const char *client_id, const apisec_signer *signer,
                                       const char *audience, apisec_error *err)
{
    apisec_status status = begin(credential, OAUTH_AUTH_PRIVATE_KEY_JWT, client_id, err);
    if (status == APISEC_OK && signer == NULL) status = fail(err, APISEC_E_CONFIG, "the client has no key to sign with");
    if (status == APISEC_OK && !is_private_key(signer))
        status = fail(err, APISEC_E_CONFIG, "the client's key is a shared secret: private_key_jwt needs an RSA or EC key");
    if (status == APISEC_OK && is_empty(audience))
        status = fail(err, APISEC_E_CONFIG, "the client's assertions have no audience: the server's issuer name");
    if (status != APISEC_OK) return give_up(credential, status);
    credential->signer = signer_ref(signer);
    credential->audience = text_copy(text_of(audience));
    return credential->audience == NULL ? give_up(credential, fail_memory(err)) : APISEC_OK;
}

apisec_status auth_set_mtls(struct oauth_credential *credential, const char *client_id, const char *identity, apisec_error *err)
{
    apisec_status status = begin(credential, OAUTH_AUTH_MTLS, client_id, err);
    if (status == APISEC_OK && is_empty(identity))
        status = fail(err, APISEC_E_CONFIG, "the client's certificate has no name: see apisec_http_options_add_identity");
    if (status != APISEC_OK) return give_up(credential, status);
    credential->identity = text_copy(text_of(identity));
    return credential->identity == NULL ? give_up(credential, fail_memory(err)) : APISEC_OK;
}

static bool copy(const char *from, char **to)
{
    *to = from == NULL ? NULL : text_copy(text_of(from));
    return from == NULL || *to != NULL;
}

apisec_status auth_copy(const struct oauth_credential *from, struct oauth_credential *to)
{
    *to = (struct oauth_credential){.method = from->method};
    const bool whole = copy(from->client_id, &to->client_id) && copy(from->audience, &to->audience) &&
                       copy(from->identity, &to->identity);
    if (whole && from->secret != NULL) to->secret = text_copy((struct text){from->secret, from->secret_len});
    if (!whole || (to->secret == NULL && from->secret != NULL)) return give_up(to, APISEC_E_MEMORY);
    to->secret_len = from->secret_len;
    to->signer = signer_ref(from->signer);
    return APISEC_OK;
}

void auth_free(struct oauth_credential *credential)
{
    if (credential == NULL) return;
    free(credential->client_id);
    mem_wipe_free(credential->secret, credential->secret_len);
    apisec_signer_free(credential->signer);
    free(credential->audience);
    free(credential->identity);
    *credential = (struct oauth_credential){.method = OAUTH_AUTH_NONE};
}

/* ---- what goes along with a request ---- */

/* Both parts are form-encoded before base64 (RFC 6749 section 2.3.1 and appendix B): so a colon in either splits nothing. */
static apisec_status write_basic(const struct oauth_credential *credential, char **value, size_t *size)
{
    static const char scheme[] = "Basic ";
    struct buffer pair = BUFFER_MAX(MAX_BASIC);
    form_append_encoded(&pair, text_of(credential->client_id));
    buffer_byte(&pair, ':');
    form_append_encoded(&pair, (struct text){credential->secret, credential->secret_len});
    apisec_status status = pair.status;
    *value = NULL;
    *size = sizeof scheme + 4 * ((pair.len + 2) / 3);
    if (status == APISEC_OK) {
        *value = mem_array(1, *size);
        status = *value == NULL ? APISEC_E_MEMORY : APISEC_OK;
    }
    if (status == APISEC_OK) {
        memcpy(*value, scheme, sizeof scheme);
        base64_encode(pair.bytes, pair.len, *value + sizeof scheme - 1);
    }
    buffer_free(&pair);
    return status;
}

static apisec_status apply_basic(const struct oauth_credential *credential, apisec_op *op)
{
    char *value;
    size_t size;
    apisec_status status = write_basic(credential, &value, &size);
    if (status == APISEC_OK) status = op_add_header(op, "Authorization", value);
    mem_wipe_free(value, size);
    return status;
}

/* Members of the form, encoded as all of it is. */
static apisec_status apply_post(const struct oauth_credential *credential, struct buffer *form)
{
    form_add(form, "client_id", text_of(credential->client_id));
    form_add(form, "client_secret", (struct text){credential->secret, credential->secret_len});
    return form->status;
}

/* The client_id is not needed beside an assertion (RFC 7521 section 4.2), but servers that look the client up by it exist. */
static apisec_status apply_assertion(const struct oauth_credential *credential, struct buffer *form, int64_t now_ms,
                                     char **assertion)
{
    const apisec_status status =
        assertion_new(credential->signer, ASSERTION_CLIENT, credential->client_id, credential->audience, now_ms / 1000, assertion);
    if (status != APISEC_OK) return status;
    form_add(form, "client_id", text_of(credential->client_id));
    form_add(form, "client_assertion_type", text_of(ASSERTION_FORM_TYPE));
    form_add(form, "client_assertion", text_of(*assertion));
    return form->status;
}

/* The certificate proves, the client_id says of whom (RFC 8705 section 2). */
static apisec_status apply_mtls(const struct oauth_credential *credential, apisec_op *op, struct buffer *form)
{
    form_add(form, "client_id", text_of(credential->client_id));
    return form->status == APISEC_OK ? op_set_identity(op, credential->identity) : form->status;
}

apisec_status auth_apply(const struct oauth_credential *credential, apisec_op *op, struct buffer *form, int64_t now_ms,
                         char **assertion)
{
    *assertion = NULL;
    switch (credential->method) {
    case OAUTH_AUTH_BASIC: return apply_basic(credential, op);
    case OAUTH_AUTH_POST: return apply_post(credential, form);
    case OAUTH_AUTH_PRIVATE_KEY_JWT: return apply_assertion(credential, form, now_ms, assertion);
    case OAUTH_AUTH_MTLS: return apply_mtls(credential, op, form);
    case OAUTH_AUTH_NONE:
        if (credential->client_id != NULL) form_add(form, "client_id", text_of(credential->client_id));
        return form->status;
    }
    return APISEC_E_CONFIG;
}

/* The header's form is made anew: where there is no memory for it, nobody can tell what the words repeat. */
bool auth_is_in(const struct oauth_credential *credential, const char *assertion, struct text words)
{
    char *value;
    size_t size;
    const struct text secret = {credential->secret, credential->secret_len};
    if (words.len == 0) return false;
    if (secret_is_in(text_of(assertion), words) || secret_is_in(secret, words)) return true;
    if (credential->method != OAUTH_AUTH_BASIC) return false;
    const bool is_in = write_basic(credential, &value, &size) != APISEC_OK || secret_is_in(text_of(strchr(value, ' ') + 1), words);
    mem_wipe_free(value, size);
    return is_in;
}
