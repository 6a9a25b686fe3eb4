/* SPDX-License-Identifier: Apache-2.0
 *
 * assertion.c: the JWT with which a client proves to an authorization server that it holds its private key: RFC 7523 section 3. It
 * names one server and is good for one use within a minute, so that a server that is shown it can do nothing with it elsewhere. The
 * types are apart (rfc7523bis), so that one kind is not taken for the other.
 */
#include "oauth/oauth.h"

#define MAX_CLAIMS 8192

static apisec_status random_id(char id[23])
{
    unsigned char bytes[16];
    const apisec_status status = random_bytes(bytes, sizeof bytes);
    if (status == APISEC_OK) base64url_encode(bytes, sizeof bytes, id);
    return status;
}

apisec_status assertion_new(const apisec_signer *signer, const char *type, const char *client_id, const char *audience, int64_t now,
                            char **assertion)
{
    char id[23];
    *assertion = NULL;
    apisec_status status = random_id(id);
    if (status != APISEC_OK) return status;

    struct buffer claims = BUFFER_MAX(MAX_CLAIMS);
    struct json_writer writer = {&claims, false};
    json_open_object(&writer, NULL);
    json_put_text(&writer, "iss", text_of(client_id));
    json_put_text(&writer, "sub", text_of(client_id));
    json_put_text(&writer, "aud", text_of(audience)); /* one string: with a list each server in it could use this at the others */
    json_put_text(&writer, "jti", text_of(id));
    json_put_number(&writer, "iat", now);
    json_put_number(&writer, "exp", now + ASSERTION_LIFETIME_S);
    json_close_object(&writer);
    status = claims.status;
    if (status == APISEC_OK) status = apisec_signer_sign(signer, type, claims.bytes, claims.len, assertion, NULL);
    buffer_free(&claims);
    return status;
}
