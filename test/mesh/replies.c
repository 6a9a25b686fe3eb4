/* SPDX-License-Identifier: Apache-2.0
 *
 * replies.c: replies taken apart: see replies.h.
 */
#include "mesh/replies.h"
#include "../../examples/mesh/stage.h"
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

cJSON *read_body(const struct client_reply *reply)
{
    const char *type = client_header(reply, "Content-Type");
    assert_non_null(type);
    assert_string_equal(type, "application/json");
    assert_int_equal(apisec_json_scan(reply->body, reply->len, NULL, NULL, NULL), APISEC_OK); /* strict, too */
    cJSON *body = cJSON_ParseWithLength(reply->body, reply->len);
    assert_true(cJSON_IsObject(body));
    return body;
}

const char *text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text ? text : "";
}

const cJSON *decision_of(const cJSON *body, const char *service)
{
    const cJSON *decision;
    cJSON_ArrayForEach(decision, cJSON_GetObjectItemCaseSensitive(body, "decisions"))
    {
        if (strcmp(text_of(decision, "service"), service) == 0) return decision;
    }
    return NULL;
}

/* ---- challenges, byte for byte ---- */

/* What each denial tells the client, by its status. */
static const char *description_of(const char *status)
{
    static const struct {
        const char *status, *description;
    } rows[] = {
        {"APISEC_E_REQUEST", "The request, or how its access token is sent, is not acceptable"},
        {"APISEC_E_MALFORMED", "The access token is malformed"},
        {"APISEC_E_ALGORITHM", "The access token is signed with an algorithm that is not accepted"},
        {"APISEC_E_SIGNATURE", "The access token's signature is invalid"},
        {"APISEC_E_DECRYPTION", "The access token cannot be decrypted"},
        {"APISEC_E_TYPE", "The token is not an access token of the accepted type"},
        {"APISEC_E_ISSUER", "The access token is from an issuer that is not accepted"},
        {"APISEC_E_AUDIENCE", "The access token is meant for another audience"},
        {"APISEC_E_EXPIRED", "The access token expired"},
        {"APISEC_E_INACTIVE", "The access token is not active"},
        {"APISEC_E_REVOKED", "The access token was revoked"},
        {"APISEC_E_BINDING", "The access token must be bound to a key or certificate, and the request prove its possession"},
        {"APISEC_E_PROOF", "The DPoP proof is invalid"},
        {"APISEC_E_REPLAY", "The DPoP proof was used before"},
        {"APISEC_E_SCOPE", "The request requires a scope that the access token does not have"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].status, status) == 0) return rows[i].description;
    fail_msg("%s has no description here", status);
    return "";
}

void expect_challenge(const struct client_reply *reply, const char *scheme, int service, const char *status, const char *error,
                      const char *rest)
{
    char expected[1024], of_error[256] = "";
    const char *text = client_header(reply, "WWW-Authenticate");
    if (error)
        snprintf(of_error, sizeof of_error, ", error=\"%s\", error_description=\"%s\"", error, description_of(status));
    snprintf(expected, sizeof expected, "%s realm=\"%s\"%s%s", scheme, stage_name(service), of_error, rest);
    assert_non_null(text);
    assert_string_equal(text, expected);
}
