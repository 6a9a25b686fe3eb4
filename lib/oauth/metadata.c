/* SPDX-License-Identifier: Apache-2.0
 *
 * metadata.c: where an issuer's metadata document is, and what is taken from it. A document that names another issuer than the
 * one that was asked for is refused: else one issuer could hand out another's keys (the mix-up attack).
 */
#include "oauth/oauth.h"

#include <stdlib.h>

/* Servers publish up to a hundred members; the limit of other documents is below that. */
static const apisec_json_limits limits = {256 * 1024, 16, 256, 1024, 64 * 1024, {0, 0, 0}};

apisec_status metadata_url(struct text issuer, enum metadata_form form, struct buffer *url)
{
    const apisec_status status = url_check(issuer, NULL);
    if (status != APISEC_OK) return status;
    if (text_has_byte(issuer, '?')) return APISEC_E_CONFIG;
    if (issuer.at[issuer.len - 1] == '/') issuer.len--;
    if (form == METADATA_OIDC) {
        buffer_slice(url, issuer);
        return buffer_text(url, "/.well-known/openid-configuration");
    }
    size_t host_end = sizeof "https://" - 1;
    while (host_end < issuer.len && issuer.at[host_end] != '/') host_end++;
    buffer_slice(url, (struct text){issuer.at, host_end});
    buffer_text(url, "/.well-known/oauth-authorization-server");
    return buffer_slice(url, (struct text){issuer.at + host_end, issuer.len - host_end});
}

/* A server's broken document is the server's fault, whatever the scanner calls it. */
static apisec_status parse(struct text bytes, struct json **document, apisec_error *err)
{
    apisec_error why;
    const apisec_status status = json_parse_object(bytes, &limits, document, &why);
    if (status == APISEC_OK) return APISEC_OK;
    if (status == APISEC_E_MEMORY) return fail_memory(err);
    return fail(err, APISEC_E_RESPONSE, "the metadata document: %s", why.text);
}

apisec_status metadata_read(struct text document, struct text issuer, char **jwks_uri, apisec_error *err)
{
    struct json *json = NULL;
    struct text named = {NULL, 0}, uri = {NULL, 0};
    apisec_error why;
    *jwks_uri = NULL;
    apisec_status status = parse(document, &json, err);
    if (status != APISEC_OK) return status;

    if (json_get_text(json, "issuer", &named) != JSON_OK)
        status = fail(err, APISEC_E_RESPONSE, "the metadata document has no `issuer`, or it is no string");
    else if (!text_equal(named, issuer))
        status = fail(err, APISEC_E_RESPONSE, "the metadata document is of another issuer: \"%.100s\"", named.at);
    else if (json_get_text(json, "jwks_uri", &uri) != JSON_OK)
        status = fail(err, APISEC_E_RESPONSE, "the metadata document has no `jwks_uri`, or it is no string");
    else if (url_check(uri, &why) != APISEC_OK)
        status = fail(err, APISEC_E_RESPONSE, "the metadata document's `jwks_uri`: %s", why.text);
    if (status == APISEC_OK) {
        *jwks_uri = text_copy(uri);
        status = *jwks_uri == NULL ? fail_memory(err) : succeed(err);
    }
    json_free(json);
    return status;
}
