/* SPDX-License-Identifier: Apache-2.0
 *
 * answered.c: what an introspection endpoint's answer must be: JSON (RFC 7662 section 2.2), or a JWT around it that the issuer
 * signed for us, just now (RFC 9701 section 5). `active` is true or it is not; whatever else is wrong is the server's fault, and
 * no verdict.
 */
#include "token/introspect.h"

#define SIGNED_TYPE "token-introspection+jwt"

static apisec_status check_content_type(const struct op_answer *answer, const struct sent *sent, const char *expected,
                                        apisec_error *err)
{
    if (!answer->repeated_content_type && text_is(text_of(answer->content_type), expected)) return APISEC_OK;
    if (sent_is_in(sent, text_of(answer->content_type))) return fail_unsaid(err, APISEC_E_RESPONSE);
    return fail(err, APISEC_E_RESPONSE, "the introspection answer's Content-Type is \"%s\"%s, not %s", answer->content_type,
                answer->repeated_content_type ? " and another" : "", expected);
}

/* bad says that something of an answer is not as it should be: never the token's fault. The readers' sentences have none of the
 * answer's own words. */
static apisec_status bad(const apisec_error *why, apisec_error *err)
{
    if (why->status == APISEC_E_MEMORY) return fail_memory(err);
    return fail(err, APISEC_E_RESPONSE, "the introspection answer: %.200s", why->text);
}

/* read_members makes the report of the members of RFC 7662 section 2.2: `text` is `object` as it stands. Of a token that is not
 * active nothing else is believed. */
static apisec_status read_members(const struct json *object, struct text text, struct report **report, apisec_error *err)
{
    bool active = false;
    int64_t exp = 0;
    switch (json_get_bool(object, "active", &active)) {
    case JSON_OK: break;
    case JSON_ABSENT: return fail(err, APISEC_E_RESPONSE, "the introspection answer has no `active`");
    case JSON_MISTYPED: return fail(err, APISEC_E_RESPONSE, "the introspection answer's `active` is neither true nor false");
    }
    if (active && json_get_date(object, "exp", &exp) != JSON_OK) exp = 0; /* judged later, and not kept until then */
    *report = report_new(active ? text : (struct text){NULL, 0}, exp);
    return *report == NULL ? fail_memory(err) : APISEC_OK;
}

apisec_status answered_plain(const struct op_answer *answer, const struct sent *sent, struct report **report, apisec_error *err)
{
    struct json *document = NULL;
    apisec_error why;
    *report = NULL;
    apisec_status status = check_content_type(answer, sent, "application/json", err);
    if (status != APISEC_OK) return status;
    if (json_parse_object(response_body(answer), &json_token_limits, &document, &why) != APISEC_OK) return bad(&why, err);
    status = read_members(document, response_body(answer), report, err);
    json_free(document);
    return status;
}

/* ---- signed ---- */

/* read_header: as for any signed token: the type that nothing else has, and an algorithm that is pinned for the issuer. */
static apisec_status read_header(struct inquiry *inquiry, struct text compact, apisec_error *err)
{
    apisec_error why;
    apisec_status status = jws_split(compact, &inquiry->jws, &why);
    if (status == APISEC_OK) status = jws_header_parse(inquiry->jws.header, &inquiry->header, &why);
    if (status == APISEC_OK) status = jws_decode_payload(&inquiry->jws, &inquiry->arena, &inquiry->payload, &why);
    if (status != APISEC_OK) return bad(&why, err);
    if (!jws_type_is(inquiry->header.typ, SIGNED_TYPE))
        return fail(err, APISEC_E_RESPONSE, "the introspection answer's typ is not " SIGNED_TYPE);
    return APISEC_OK;
}

apisec_status answered_open(struct inquiry *inquiry, const struct op_answer *answer, const struct sent *sent, apisec_error *err)
{
    const struct issuer *issuer = &inquiry->introspector->judged;
    apisec_status status = check_content_type(answer, sent, "application/" SIGNED_TYPE, err);
    if (status != APISEC_OK) return status;
    /* the answer is gone when the keys are asked for */
    const struct text compact = {arena_text(&inquiry->arena, response_body(answer)), answer->body.len};
    if (compact.at == NULL) return fail_memory(err);
    status = read_header(inquiry, compact, err);
    if (status != APISEC_OK) return status;
    const struct algorithm *algorithm = algorithm_find(inquiry->header.alg);
    if (algorithm == NULL || (issuer->algorithms >> algorithm_index(algorithm) & 1) == 0)
        return fail(err, APISEC_E_RESPONSE, "the introspection answer's alg is not one that the issuer may use");
    signature_init(&inquiry->signature, issuer->keys, &inquiry->jws, inquiry->header.kid, algorithm, inquiry->offline);
    return APISEC_OK;
}

static bool names_client(const struct json *document, const char *client_id)
{
    struct text name;
    bool found = false;
    const struct json *aud = json_member(document, "aud");
    if (aud != NULL && json_as_text(aud, &name)) return text_is(name, client_id);
    if (aud == NULL || json_kind(aud) != JSON_ARRAY) return false;
    for (const struct json *at = json_first(aud); at != NULL; at = json_next(at)) {
        if (!json_as_text(at, &name)) return false;
        if (text_is(name, client_id)) found = true;
    }
    return found;
}

/* check_freshness: an answer of another time is no answer to what was asked now. Nothing but `iat` says when it was given; where
 * it has `exp` and `nbf` as well they count (RFC 7519 section 4.1). */
static apisec_status check_freshness(const struct inquiry *inquiry, const struct json *document, apisec_error *err)
{
    const int64_t leeway = inquiry->introspector->judged.leeway, asked = inquiry->asked_ms / 1000;
    int64_t iat, exp, nbf;
    if (json_get_date(document, "iat", &iat) != JSON_OK)
        return fail(err, APISEC_E_RESPONSE, "the introspection answer has no `iat`, or it is no time");
    if (iat + leeway < asked || iat - leeway > asked + INTROSPECT_DEADLINE_MS / 1000)
        return fail(err, APISEC_E_RESPONSE, "the introspection answer is of %lld, asked was at %lld", (long long)iat,
                    (long long)asked);
    const enum json_found has_exp = json_get_date(document, "exp", &exp), has_nbf = json_get_date(document, "nbf", &nbf);
    if (has_exp == JSON_MISTYPED || (has_exp == JSON_OK && asked >= exp + leeway))
        return fail(err, APISEC_E_RESPONSE, "the introspection answer itself has expired, or its `exp` is no time");
    if (has_nbf == JSON_MISTYPED || (has_nbf == JSON_OK && nbf - leeway > asked + INTROSPECT_DEADLINE_MS / 1000))
        return fail(err, APISEC_E_RESPONSE, "the introspection answer itself is not valid yet, or its `nbf` is no time");
    return APISEC_OK;
}

/* check_envelope: whose answer it is, for whom, and of when. */
static apisec_status check_envelope(const struct inquiry *inquiry, const struct json *document, apisec_error *err)
{
    struct text iss;
    const struct introspector *introspector = inquiry->introspector;
    if (json_get_text(document, "iss", &iss) != JSON_OK || !text_is(iss, introspector->judged.name))
        return fail(err, APISEC_E_RESPONSE, "the introspection answer's `iss` is not the issuer");
    if (!names_client(document, introspector->credential.client_id))
        return fail(err, APISEC_E_RESPONSE, "the introspection answer's `aud` is not this client");
    return check_freshness(inquiry, document, err);
}

apisec_status answered_signed(const struct inquiry *inquiry, struct report **report, apisec_error *err)
{
    struct json *document = NULL;
    struct text text;
    apisec_error why;
    *report = NULL;
    if (json_parse_object(inquiry->payload, &json_token_limits, &document, &why) != APISEC_OK) return bad(&why, err);
    apisec_status status = check_envelope(inquiry, document, err);
    const struct json *members = json_member(document, "token_introspection");
    if (status == APISEC_OK && (members == NULL || json_kind(members) != JSON_OBJECT))
        status = fail(err, APISEC_E_RESPONSE, "the introspection answer has no object `token_introspection`");
    if (status == APISEC_OK && !json_member_span(inquiry->payload, "token_introspection", &text))
        status = fail(err, APISEC_E_RESPONSE, "the introspection answer has no object `token_introspection`");
    if (status == APISEC_OK) status = read_members(members, text, report, err);
    json_free(document);
    return status;
}
