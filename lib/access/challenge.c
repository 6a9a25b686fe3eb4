/* SPDX-License-Identifier: Apache-2.0
 *
 * challenge.c: the WWW-Authenticate header of RFC 6750 section 3 and RFC 9449 section 7.1, with `resource_metadata` of RFC 9728
 * section 5.1; or of RFC 7617, where a service is wanted and no user.
 * It is made of the configuration, the scopes that the service asked for, and sentences from a table: nothing of the request.
 */
#include "access/access.h"

/* What the client is told. It knows its token; which check failed is in the record and in the explanation. */
static const struct {
    apisec_status status;
    const char *sentence;
} descriptions[] = {
    {APISEC_E_REQUEST, "The request, or how its access token is sent, is not acceptable"},
    {APISEC_E_MALFORMED, "The access token is malformed"},
    {APISEC_E_ALGORITHM, "The access token is signed with an algorithm that is not accepted"},
    {APISEC_E_KEY_UNKNOWN, "The access token is signed with an unknown key"},
    {APISEC_E_KEY_UNFIT, "The access token is signed with a key that is not accepted"},
    {APISEC_E_SIGNATURE, "The access token's signature is invalid"},
    {APISEC_E_DECRYPTION, "The access token cannot be decrypted"},
    {APISEC_E_TYPE, "The token is not an access token of the accepted type"},
    {APISEC_E_ISSUER, "The access token is from an issuer that is not accepted"},
    {APISEC_E_AUDIENCE, "The access token is meant for another audience"},
    {APISEC_E_EXPIRED, "The access token expired"},
    {APISEC_E_NOT_YET_VALID, "The access token is not yet valid"},
    {APISEC_E_CLAIM, "A claim of the access token is missing or not acceptable"},
    {APISEC_E_LIFETIME, "The access token is valid for too long, or too old"},
    {APISEC_E_INACTIVE, "The access token is not active"},
    {APISEC_E_REVOKED, "The access token was revoked"},
    {APISEC_E_BINDING, "The access token must be bound to a key or certificate, and the request prove its possession"},
    {APISEC_E_PROOF, "The DPoP proof is invalid"},
    {APISEC_E_REPLAY, "The DPoP proof was used before"},
    {APISEC_E_NONCE, "The DPoP proof needs a nonce"},
    {APISEC_E_STEP_UP, "A stronger or more recent authentication is required"},
    {APISEC_E_TOO_LARGE, "The access token is too large"},
    {APISEC_E_SCOPE, "The request requires a scope that the access token does not have"},
};

static const char *description(apisec_status status)
{
    for (size_t i = 0; i < sizeof descriptions / sizeof descriptions[0]; i++)
        if (descriptions[i].status == status) return descriptions[i].sentence;
    return NULL;
}

/* A quoted-string of RFC 9110 section 5.6.4; what no header may hold becomes '?'. */
static void put_parameter(struct buffer *out, const char **separator, const char *name, struct text value)
{
    buffer_text(out, *separator);
    *separator = ", ";
    buffer_text(out, name);
    buffer_text(out, "=\"");
    for (size_t i = 0; i < value.len; i++) {
        const char c = value.at[i];
        if (c == '"' || c == '\\') buffer_byte(out, '\\');
        buffer_byte(out, c < 0x20 || c >= 0x7f ? '?' : c);
    }
    buffer_byte(out, '"');
}

static bool is_dpop(const apisec_decision *decision)
{
    const apisec_status status = decision->status;
    const bool accepted = verifier_dpop_algs(decision->verifier) != NULL; /* what is not accepted is not asked for */
    return (decision->dpop_scheme && accepted) || status == APISEC_E_PROOF || status == APISEC_E_REPLAY || status == APISEC_E_NONCE;
}

/* begin writes a scheme with what is said of it whether it was used or not. */
static void begin(const apisec_decision *decision, const char *scheme, const char **separator, struct buffer *out)
{
    const apisec_verifier *const verifier = decision->verifier;
    *separator = " ";
    buffer_text(out, scheme);
    if (verifier && verifier->realm) put_parameter(out, separator, "realm", text_of(verifier->realm));
}

static void end(const apisec_decision *decision, const char *scheme, const char **separator, struct buffer *out)
{
    const apisec_verifier *const verifier = decision->verifier;
    const char *const algs = verifier_dpop_algs(verifier);
    if (algs && scheme[0] == 'D') put_parameter(out, separator, "algs", text_of(algs));
    if (verifier && verifier->resource_metadata)
        put_parameter(out, separator, "resource_metadata", text_of(verifier->resource_metadata));
}

/* RFC 9470 section 3: how the user must be authenticated, and how recently. */
static void put_step_up(const apisec_decision *decision, const char **separator, struct buffer *out)
{
    struct buffer seconds = BUFFER_MAX(32);
    if (decision->acr_values) put_parameter(out, separator, "acr_values", text_of(decision->acr_values));
    if (!decision->has_max_age) return;
    buffer_number(&seconds, decision->max_age);
    if (seconds.status != APISEC_OK) out->status = seconds.status;
    else put_parameter(out, separator, "max_age", (struct text){seconds.bytes, seconds.len});
    buffer_free(&seconds);
}

/* Where no user is wanted there is no token to be told about: only how a service says who it is (RFC 7617 section 2). */
static apisec_status put_basic(const apisec_decision *decision, struct buffer *out)
{
    const apisec_verifier *const verifier = decision->verifier;
    const char *separator = " ";
    if (apisec_status_http(decision->status) != 401) return out->status;
    buffer_text(out, "Basic");
    put_parameter(out, &separator, "realm", text_of(verifier && verifier->realm ? verifier->realm : "services"));
    put_parameter(out, &separator, "charset", text_of("UTF-8"));
    return out->status;
}

apisec_status challenge_write(const apisec_decision *decision, struct buffer *out)
{
    const apisec_status status = decision->status;
    if (status == APISEC_OK) return out->status;
    const char *const error = apisec_status_oauth_error(status), *const sentence = description(status);
    const char *const used = is_dpop(decision) ? "DPoP" : "Bearer", *const other = is_dpop(decision) ? "Bearer" : "DPoP";
    const char *separator;
    if (!decision_wants_user(decision)) return put_basic(decision, out);
    if (apisec_status_http(status) != 401 && !error) return out->status;

    begin(decision, used, &separator, out);
    if (error) put_parameter(out, &separator, "error", text_of(error));
    if (error && sentence) put_parameter(out, &separator, "error_description", text_of(sentence));
    if (status == APISEC_E_SCOPE && decision->required_scope.len > 0)
        put_parameter(out, &separator, "scope", (struct text){decision->required_scope.bytes, decision->required_scope.len});
    if (status == APISEC_E_STEP_UP) put_step_up(decision, &separator, out);
    end(decision, used, &separator, out);
    if (apisec_status_http(status) != 401 || !verifier_dpop_algs(decision->verifier)) return out->status;

    buffer_text(out, ", "); /* the other way to send a token, RFC 9449 section 7.2 */
    begin(decision, other, &separator, out);
    end(decision, other, &separator, out);
    return out->status;
}
