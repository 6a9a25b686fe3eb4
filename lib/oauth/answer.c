/* SPDX-License-Identifier: Apache-2.0
 *
 * answer.c: reads the answer of a token endpoint: RFC 6749 section 5.1 for a token, 5.2 for an error, which other endpoints share.
 * Types are exact; a member of the wrong type is never taken for an absent one. What the standard has no word for is RESPONSE.
 */
#include "oauth/oauth.h"

#include <string.h>

#define MAX_EXPIRES_IN ((int64_t)1 << 31)

/* ---- what the transport says ---- */

static apisec_status read_transport(apisec_status transport, apisec_error *err)
{
    switch (transport) {
    case APISEC_OK: return APISEC_OK;
    case APISEC_E_TIMEOUT: return fail(err, transport, "the authorization server did not answer in time");
    case APISEC_E_TLS: return fail(err, transport, "no TLS with the authorization server: its certificate, its name, or ours");
    case APISEC_E_ADDRESS:
        return fail(err, transport,
                    "the authorization server's address is one that is refused: loopback and private ones must be allowed");
    case APISEC_E_NO_TRANSPORT: return fail(err, transport, "a request has to be made and no transport was given");
    case APISEC_E_TOO_LARGE: return fail(err, APISEC_E_RESPONSE, "the authorization server's answer is too large");
    case APISEC_E_RESPONSE: return fail(err, transport, "the authorization server's answer is not HTTP as it should be");
    case APISEC_E_MEMORY: return fail_memory(err);
    default: return fail(err, APISEC_E_UNREACHABLE, "the authorization server cannot be reached");
    }
}

/* A server's broken JSON is the server's fault, whatever the scanner calls it. */
static apisec_status parse(const struct op_answer *answer, struct json **document, apisec_error *err)
{
    apisec_error why;
    const apisec_status status = json_parse_object(response_body(answer), &json_document_limits, document, &why);
    if (status == APISEC_OK) return APISEC_OK;
    if (status == APISEC_E_MEMORY) return fail_memory(err);
    return fail(err, APISEC_E_RESPONSE, "the authorization server answered %d: %s", (int)answer->http_status, why.text);
}

/* ---- an error, RFC 6749 section 5.2, RFC 8693 section 2.2.2 ---- */

static apisec_status status_of_error(struct text error)
{
    static const struct {
        const char *name;
        apisec_status status;
    } errors[] = {
        {"invalid_request", APISEC_E_INVALID_REQUEST},
        {"invalid_client", APISEC_E_INVALID_CLIENT},
        {"invalid_grant", APISEC_E_INVALID_GRANT},
        {"unauthorized_client", APISEC_E_UNAUTHORIZED_CLIENT},
        {"unsupported_grant_type", APISEC_E_UNSUPPORTED_GRANT},
        {"invalid_scope", APISEC_E_INVALID_SCOPE},
        {"invalid_target", APISEC_E_INVALID_TARGET},
    };
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (text_is(error, errors[i].name)) return errors[i].status;
    return APISEC_E_OAUTH_OTHER;
}

static apisec_status read_error(const struct op_answer *answer, const struct sent *sent, apisec_error *err)
{
    struct json *document = NULL;
    struct text error, description;
    apisec_status status = parse(answer, &document, err);
    if (status != APISEC_OK) return status;
    const bool is_error = json_get_text(document, "error", &error) == JSON_OK && error.len > 0;
    const bool is_described = json_get_text(document, "error_description", &description) == JSON_OK && description.len > 0;
    if (!is_error)
        status =
            fail(err, APISEC_E_RESPONSE, "the authorization server answered %d without an OAuth error", (int)answer->http_status);
    else if (sent_is_in(sent, error) || (is_described && sent_is_in(sent, description)))
        status = fail_unsaid(err, status_of_error(error));
    else if (is_described)
        status = fail(err, status_of_error(error), "the authorization server says %.64s: %.128s", error.at, description.at);
    else
        status = fail(err, status_of_error(error), "the authorization server says %.64s", error.at);
    json_free(document);
    return status;
}

/* ---- a token, RFC 6749 section 5.1 ---- */

/* take_text reads a string that, where it is there, is not empty. */
static bool take_text(const struct json *document, const char *name, bool required, struct text *out)
{
    const enum json_found found = json_get_text(document, name, out);
    if (found == JSON_ABSENT) *out = (struct text){NULL, 0};
    return found == JSON_OK ? out->len > 0 : found == JSON_ABSENT && !required;
}

static apisec_status read_members(struct token_answer *out, apisec_error *err)
{
    const struct json *document = out->document;
    if (json_member(document, "error") != NULL) return fail(err, APISEC_E_RESPONSE, "the token answer is 200 and has an `error`");
    if (!take_text(document, "access_token", true, &out->access_token) || !text_is_printable(out->access_token))
        return fail(err, APISEC_E_RESPONSE, "the token answer's `access_token` is missing, empty, or no printable string");
    if (!take_text(document, "token_type", true, &out->token_type))
        return fail(err, APISEC_E_RESPONSE, "the token answer's `token_type` is missing, empty, or no string");
    if (!take_text(document, "issued_token_type", false, &out->issued_token_type))
        return fail(err, APISEC_E_RESPONSE, "the token answer's `issued_token_type` is empty or no string");
    /* an empty scope is against RFC 6749 section 3.3, and is what some servers say for "none": it is taken for that */
    const enum json_found scope = json_get_text(document, "scope", &out->scope);
    if (scope == JSON_ABSENT) out->scope = (struct text){NULL, 0};
    if (scope == JSON_MISTYPED)
        return fail(err, APISEC_E_RESPONSE, "the token answer's `scope` is no string");
    const enum json_found expires = json_get_int64(document, "expires_in", &out->expires_in);
    if (expires == JSON_ABSENT) out->expires_in = -1;
    else if (expires != JSON_OK || out->expires_in < 0 || out->expires_in > MAX_EXPIRES_IN)
        return fail(err, APISEC_E_RESPONSE, "the token answer's `expires_in` is no number of seconds from 0 to 2^31");
    return APISEC_OK;
}

static apisec_status read_token(const struct op_answer *answer, const struct sent *sent, struct token_answer *out,
                                apisec_error *err)
{
    const bool is_json = !answer->repeated_content_type && strcmp(answer->content_type, "application/json") == 0;
    if (!is_json && sent_is_in(sent, text_of(answer->content_type))) return fail_unsaid(err, APISEC_E_RESPONSE);
    if (!is_json)
        return fail(err, APISEC_E_RESPONSE, "the token answer's Content-Type is \"%s\"%s, not application/json",
                    answer->content_type, answer->repeated_content_type ? " and another" : "");
    apisec_status status = parse(answer, &out->document, err);
    if (status == APISEC_OK) status = read_members(out, err);
    if (status == APISEC_OK) return succeed(err);
    answer_free(out);
    return status;
}

apisec_status answer_check(const struct op_answer *answer, const struct sent *sent, apisec_error *err)
{
    const apisec_status status = read_transport(answer->transport, err);
    if (status != APISEC_OK) return status;
    const int http = (int)answer->http_status;
    if (http == 200) return APISEC_OK;
    if (http == 400 || http == 401 || http == 403) return read_error(answer, sent, err);
    if (http == 429) return fail(err, APISEC_E_BUSY, "the authorization server answered 429: too many requests");
    if (http >= 500) return fail(err, APISEC_E_UNREACHABLE, "the authorization server answered %d", http);
    return fail(err, APISEC_E_RESPONSE, "the authorization server answered %d, which is no answer to this request", http);
}

apisec_status answer_read(const struct op_answer *answer, const struct sent *sent, struct token_answer *out, apisec_error *err)
{
    *out = (struct token_answer){.expires_in = -1};
    const apisec_status status = answer_check(answer, sent, err);
    return status == APISEC_OK ? read_token(answer, sent, out, err) : status;
}

bool answer_wants_nonce(const struct op_answer *answer)
{
    struct json *document = NULL;
    struct text error;
    if (answer->transport != APISEC_OK || answer->dpop_nonce[0] == '\0') return false;
    if (answer->http_status != 400 && answer->http_status != 401) return false;
    if (parse(answer, &document, NULL) != APISEC_OK) return false;
    const bool wants = json_get_text(document, "error", &error) == JSON_OK && text_is(error, "use_dpop_nonce");
    json_free(document);
    return wants;
}

void answer_free(struct token_answer *answer)
{
    if (answer == NULL) return;
    json_free(answer->document);
    *answer = (struct token_answer){.expires_in = -1};
}
