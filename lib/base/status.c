/* SPDX-License-Identifier: Apache-2.0
 *
 * status.c: the one table of statuses: number, name, HTTP reply, OAuth error; and the sentences that go with a failure.
 * Everything that answers a client or writes a record takes its numbers from here, so they cannot disagree.
 */
#include "base/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
    apisec_status status;
    int32_t http;
    const char *name;
    const char *oauth_error; /* of the challenge, or NULL */
};

static const struct row rows[] = {
    {APISEC_OK, 200, "APISEC_OK", NULL},

    {APISEC_E_ARGUMENT, 500, "APISEC_E_ARGUMENT", NULL},
    {APISEC_E_MISUSE, 500, "APISEC_E_MISUSE", NULL},
    {APISEC_E_CONFIG, 500, "APISEC_E_CONFIG", NULL},
    {APISEC_E_UNSUPPORTED, 500, "APISEC_E_UNSUPPORTED", NULL},
    {APISEC_E_NO_TRANSPORT, 500, "APISEC_E_NO_TRANSPORT", NULL},

    {APISEC_E_NO_CREDENTIAL, 401, "APISEC_E_NO_CREDENTIAL", NULL}, /* RFC 6750 section 3.1: no code when nothing was sent */
    {APISEC_E_REQUEST, 400, "APISEC_E_REQUEST", "invalid_request"},
    {APISEC_E_MALFORMED, 401, "APISEC_E_MALFORMED", "invalid_token"},
    {APISEC_E_ALGORITHM, 401, "APISEC_E_ALGORITHM", "invalid_token"},
    {APISEC_E_KEY_UNKNOWN, 401, "APISEC_E_KEY_UNKNOWN", "invalid_token"},
    {APISEC_E_KEY_UNFIT, 401, "APISEC_E_KEY_UNFIT", "invalid_token"},
    {APISEC_E_SIGNATURE, 401, "APISEC_E_SIGNATURE", "invalid_token"},
    {APISEC_E_DECRYPTION, 401, "APISEC_E_DECRYPTION", "invalid_token"},
    {APISEC_E_TYPE, 401, "APISEC_E_TYPE", "invalid_token"},
    {APISEC_E_ISSUER, 401, "APISEC_E_ISSUER", "invalid_token"},
    {APISEC_E_AUDIENCE, 401, "APISEC_E_AUDIENCE", "invalid_token"},
    {APISEC_E_EXPIRED, 401, "APISEC_E_EXPIRED", "invalid_token"},
    {APISEC_E_NOT_YET_VALID, 401, "APISEC_E_NOT_YET_VALID", "invalid_token"},
    {APISEC_E_CLAIM, 401, "APISEC_E_CLAIM", "invalid_token"},
    {APISEC_E_LIFETIME, 401, "APISEC_E_LIFETIME", "invalid_token"},
    {APISEC_E_INACTIVE, 401, "APISEC_E_INACTIVE", "invalid_token"},
    {APISEC_E_REVOKED, 401, "APISEC_E_REVOKED", "invalid_token"},
    {APISEC_E_BINDING, 401, "APISEC_E_BINDING", "invalid_token"},
    {APISEC_E_PROOF, 401, "APISEC_E_PROOF", "invalid_dpop_proof"},
    {APISEC_E_REPLAY, 401, "APISEC_E_REPLAY", "invalid_dpop_proof"},
    {APISEC_E_NONCE, 401, "APISEC_E_NONCE", "use_dpop_nonce"},
    {APISEC_E_STEP_UP, 401, "APISEC_E_STEP_UP", "insufficient_user_authentication"},
    {APISEC_E_TOO_LARGE, 401, "APISEC_E_TOO_LARGE", "invalid_token"},

    {APISEC_E_SCOPE, 403, "APISEC_E_SCOPE", "insufficient_scope"},
    {APISEC_E_ROLE, 403, "APISEC_E_ROLE", NULL},
    {APISEC_E_CONDITION, 403, "APISEC_E_CONDITION", NULL},
    {APISEC_E_CLIENT, 403, "APISEC_E_CLIENT", NULL},
    {APISEC_E_ACTOR, 403, "APISEC_E_ACTOR", NULL},
    {APISEC_E_PEER, 403, "APISEC_E_PEER", NULL},
    {APISEC_E_NO_RULE, 403, "APISEC_E_NO_RULE", NULL},
    {APISEC_E_DENIED, 403, "APISEC_E_DENIED", NULL},
    {APISEC_E_BODY, 400, "APISEC_E_BODY", NULL},

    {APISEC_E_UNREACHABLE, 503, "APISEC_E_UNREACHABLE", NULL},
    {APISEC_E_TIMEOUT, 504, "APISEC_E_TIMEOUT", NULL},
    {APISEC_E_TLS, 502, "APISEC_E_TLS", NULL},
    {APISEC_E_ADDRESS, 502, "APISEC_E_ADDRESS", NULL},
    {APISEC_E_RESPONSE, 502, "APISEC_E_RESPONSE", NULL},
    {APISEC_E_KEYS_UNAVAILABLE, 503, "APISEC_E_KEYS_UNAVAILABLE", NULL},
    {APISEC_E_BREAKER, 503, "APISEC_E_BREAKER", NULL},
    {APISEC_E_INVALID_REQUEST, 502, "APISEC_E_INVALID_REQUEST", NULL},
    {APISEC_E_INVALID_CLIENT, 502, "APISEC_E_INVALID_CLIENT", NULL},
    {APISEC_E_INVALID_GRANT, 502, "APISEC_E_INVALID_GRANT", NULL},
    {APISEC_E_UNAUTHORIZED_CLIENT, 502, "APISEC_E_UNAUTHORIZED_CLIENT", NULL},
    {APISEC_E_UNSUPPORTED_GRANT, 502, "APISEC_E_UNSUPPORTED_GRANT", NULL},
    {APISEC_E_INVALID_SCOPE, 502, "APISEC_E_INVALID_SCOPE", NULL},
    {APISEC_E_INVALID_TARGET, 502, "APISEC_E_INVALID_TARGET", NULL},
    {APISEC_E_OAUTH_OTHER, 502, "APISEC_E_OAUTH_OTHER", NULL},
    {APISEC_E_SCOPE_WIDENED, 502, "APISEC_E_SCOPE_WIDENED", NULL},
    {APISEC_E_NOT_DELEGATED, 502, "APISEC_E_NOT_DELEGATED", NULL},

    {APISEC_E_MEMORY, 500, "APISEC_E_MEMORY", NULL},
    {APISEC_E_CRYPTO, 500, "APISEC_E_CRYPTO", NULL},
    {APISEC_E_AUDIT, 503, "APISEC_E_AUDIT", NULL},
    {APISEC_E_STORE, 503, "APISEC_E_STORE", NULL},
    {APISEC_E_SYSTEM, 500, "APISEC_E_SYSTEM", NULL},

    {APISEC_E_RATE, 429, "APISEC_E_RATE", NULL},
    {APISEC_E_BUSY, 503, "APISEC_E_BUSY", NULL},
};

/* A number that is none of ours is answered like a fault of this process: never like a success. */
static const struct row unknown = {APISEC_E_SYSTEM, 500, "APISEC_E_UNKNOWN", NULL};

static const struct row *find(apisec_status status)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].status == status) return &rows[i];
    return &unknown;
}

const char *apisec_status_name(apisec_status status)
{
    return find(status)->name;
}

int32_t apisec_status_http(apisec_status status)
{
    return find(status)->http;
}

const char *apisec_status_oauth_error(apisec_status status)
{
    return find(status)->oauth_error;
}

const char *apisec_version(void)
{
    return APISEC_VERSION;
}

void apisec_text_free(char *text)
{
    if (text) mem_wipe_free(text, strlen(text));
}

apisec_status fail(apisec_error *err, apisec_status status, const char *format, ...)
{
    if (!err) return status;

    /* Formatted apart first: an argument may be err->text itself, when a caller puts its own words before a lower layer's. */
    char text[sizeof err->text] = {0};
    va_list arguments;
    va_start(arguments, format);
    const int formatted = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (formatted < 0) text[0] = '\0';

    for (size_t i = 0; text[i]; i++) {
        const unsigned char byte = (unsigned char)text[i];
        if (byte < 0x20 || byte > 0x7e) text[i] = '?';
    }
    err->status = status;
    memcpy(err->text, text, sizeof text);
    return status;
}

apisec_status succeed(apisec_error *err)
{
    if (err) {
        err->status = APISEC_OK;
        err->text[0] = '\0';
    }
    return APISEC_OK;
}

apisec_status fail_memory(apisec_error *err)
{
    return fail(err, APISEC_E_MEMORY, "out of memory");
}
