/* SPDX-License-Identifier: Apache-2.0
 *
 * auth.c: how a client proves to an authorization server who it is: RFC 6749 section 2.3.1. Everything on the way to the request
 * is wiped; the request's own copy is wiped when the answer has ended.
 */
#include "oauth/oauth.h"

#include <stdlib.h>
#include <string.h>

#define MAX_BASIC 8192

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

apisec_status auth_apply(const struct oauth_credential *credential, apisec_op *op, struct buffer *form)
{
    switch (credential->method) {
    case OAUTH_AUTH_BASIC: return apply_basic(credential, op);
    case OAUTH_AUTH_POST: return apply_post(credential, form);
    case OAUTH_AUTH_NONE:
        if (credential->client_id != NULL) form_add(form, "client_id", text_of(credential->client_id));
        return form->status;
    }
    return APISEC_E_CONFIG;
}

void auth_redact(const struct oauth_credential *credential, apisec_error *err)
{
    char *value;
    size_t size;
    answer_redact(err, (struct text){credential->secret, credential->secret_len});
    if (credential->method != OAUTH_AUTH_BASIC) return;
    const apisec_status status = write_basic(credential, &value, &size);
    if (status == APISEC_OK) answer_redact(err, text_of(strchr(value, ' ') + 1));
    else answer_withhold(err); /* it cannot be known what they repeat */
    mem_wipe_free(value, size);
}

void auth_free(struct oauth_credential *credential)
{
    if (credential == NULL) return;
    free(credential->client_id);
    mem_wipe_free(credential->secret, credential->secret_len);
    *credential = (struct oauth_credential){OAUTH_AUTH_NONE, NULL, NULL, 0};
}
