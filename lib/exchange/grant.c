/* SPDX-License-Identifier: Apache-2.0
 *
 * grant.c: does the answer keep to what was asked (RFC 8693 section 2.2.1)? A server that grants more, or leaves the actor out, is
 * not believed: its token is dropped. The issued token itself is the next service's to verify; the one thing looked for in it is
 * the actor, and that only where it can be read: an opaque or encrypted token is taken on the server's word.
 */
#include "exchange/exchange.h"

/* What is known while the checks are made. */
struct grant {
    const struct sent *sent;     /* what no error may repeat */
    const char *token_type;
    struct text issued_type;
    struct text scope;           /* at NULL: neither asked nor told */
};

static apisec_status check_token_type(const struct asked *asked, const struct token_answer *answer, struct grant *grant,
                                      apisec_error *err)
{
    static const char *const types[] = {"Bearer", "DPoP", "N_A"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (text_is_caseless(answer->token_type, types[i])) grant->token_type = types[i];
    if (asked->dpop && grant->token_type == types[0])
        return fail(err, APISEC_E_RESPONSE, "a token bound to the client's key was asked for, and the answer's is not (Bearer)");
    if (grant->token_type != NULL) return APISEC_OK;
    if (sent_is_in(grant->sent, answer->token_type)) return fail_unsaid(err, APISEC_E_RESPONSE);
    return fail(err, APISEC_E_RESPONSE, "the answer's token_type \"%.40s\" is not known", answer->token_type.at);
}

/* An answer without issued_token_type is against the standard and seen in the wild. Where no type was asked for it does no harm;
 * where one was asked for, nobody could tell whether it was given. */
static apisec_status check_issued_type(const struct asked *asked, const struct token_answer *answer, struct grant *grant,
                                       apisec_error *err)
{
    grant->issued_type = answer->issued_token_type;
    if (asked->requested_type.at == NULL) {
        if (answer->issued_token_type.at == NULL) grant->issued_type = text_of("urn:ietf:params:oauth:token-type:access_token");
        if (type_is(grant->issued_type, "access_token") || type_is(grant->issued_type, "jwt")) return APISEC_OK;
        if (sent_is_in(grant->sent, grant->issued_type)) return fail_unsaid(err, APISEC_E_RESPONSE);
        return fail(err, APISEC_E_RESPONSE, "the answer's issued_token_type is \"%.80s\", not an access token",
                    grant->issued_type.at);
    }
    if (answer->issued_token_type.at == NULL)
        return fail(err, APISEC_E_RESPONSE, "the answer has no issued_token_type, and one was asked for");
    if (text_equal(answer->issued_token_type, asked->requested_type)) return APISEC_OK;
    if (sent_is_in(grant->sent, answer->issued_token_type)) return fail_unsaid(err, APISEC_E_RESPONSE);
    return fail(err, APISEC_E_RESPONSE, "the answer's issued_token_type is \"%.80s\", not the one asked for",
                answer->issued_token_type.at);
}

/* An absent scope means "as asked" (RFC 6749 section 5.1); an empty one, which some servers send, means none. */
static apisec_status check_scope(const struct asked *asked, const struct token_answer *answer, struct grant *grant,
                                 apisec_error *err)
{
    struct text rest = answer->scope, word;
    grant->scope = answer->scope.at == NULL ? asked->scope : answer->scope;
    if (answer->scope.at == NULL || answer->scope.len == 0) return APISEC_OK;
    if (!scope_list_is_valid(answer->scope))
        return fail(err, APISEC_E_RESPONSE, "the answer's scope is not scope-tokens separated by one space");
    if (asked->scope.at == NULL && !asked->bound) return APISEC_OK;
    const struct text limit = asked->scope.at != NULL ? asked->scope : asked->bound_scope;
    while (text_next_word(&rest, &word)) {
        if (scope_list_has(limit, word)) continue;
        if (sent_is_in(grant->sent, word)) return fail_unsaid(err, APISEC_E_SCOPE_WIDENED);
        return fail(err, APISEC_E_SCOPE_WIDENED, "the answer grants the scope \"%.*s\", which was not asked for",
                    word.len > 80 ? 80 : (int)word.len, word.at);
    }
    return APISEC_OK;
}

/* ---- the actor ---- */

/* names_actor: `act` is an object whose `sub` is a string that is not empty (RFC 8693 section 4.1). */
static bool names_actor(const struct json *claims)
{
    const struct json *act = claims == NULL ? NULL : json_member(claims, "act");
    struct text sub;
    return act != NULL && json_get_text(act, "sub", &sub) == JSON_OK && sub.len > 0;
}

/* read_claims parses the payload of what may be a compact JWS. *readable: its header or its payload says that it is one; then a
 * payload that is no strict JSON leaves *claims NULL, and nobody is named in it. */
static apisec_status read_claims(struct text token, struct json **claims, bool *readable)
{
    struct jws jws;
    struct jws_header header;
    struct arena arena = {NULL};
    struct text payload;
    *claims = NULL;
    *readable = false;
    if (jws_split(token, &jws, NULL) != APISEC_OK) return APISEC_OK;
    apisec_status status = jws_header_parse(jws.header, &header, NULL);
    if (status == APISEC_E_MEMORY) return status;
    if (status == APISEC_OK) {
        *readable = true;
        jws_header_free(&header);
    }
    status = jws_decode_payload(&jws, &arena, &payload, NULL);
    if (status == APISEC_OK) status = json_parse_object(payload, &json_token_limits, claims, NULL);
    arena_free(&arena);
    if (status == APISEC_OK) *readable = true;
    return status == APISEC_E_MEMORY ? status : APISEC_OK;
}

/* An actor was sent, so the token has to be one of delegation: servers are known to ignore the actor and to answer with a token of
 * plain impersonation. SAML has its own way to say so, and is not read here. */
static apisec_status check_actor(const struct asked *asked, const struct token_answer *answer, const struct grant *grant,
                                 apisec_error *err)
{
    struct json *claims = NULL;
    bool readable = false;
    if (!asked->actor || type_is(grant->issued_type, "saml1") || type_is(grant->issued_type, "saml2")) return APISEC_OK;
    if (answer->access_token.len > JOSE_MAX_TOKEN)
        return fail(err, APISEC_E_NOT_DELEGATED, "an actor was sent, and the issued token is too long to look for it");
    if (read_claims(answer->access_token, &claims, &readable) != APISEC_OK) return fail_memory(err);
    const bool named = names_actor(claims);
    json_free(claims);
    if (!readable || named) return APISEC_OK;
    return fail(err, APISEC_E_NOT_DELEGATED, "an actor was sent, and the issued token names none in `act`");
}

/* ---- the issued token ---- */

/* missing_scopes writes those asked for and not granted, in the order they were asked. */
static apisec_status missing_scopes(const struct asked *asked, struct text granted, struct buffer *missing)
{
    struct text rest = asked->scope, word;
    while (text_next_word(&rest, &word)) {
        if (scope_list_has(granted, word)) continue;
        if (missing->len > 0) buffer_byte(missing, ' ');
        buffer_slice(missing, word);
    }
    return missing->status;
}

static bool fill(apisec_issued *issued, const struct asked *asked, const struct token_answer *answer, const struct grant *grant)
{
    struct buffer missing = BUFFER_MAX(SIZE_MAX / 2);
    issued->token = (struct text){arena_text(&issued->arena, answer->access_token), answer->access_token.len};
    issued->token_type = grant->token_type;
    issued->issued_type = arena_text(&issued->arena, grant->issued_type);
    issued->expires_at = answer->expires_in < 0 ? 0 : asked->at + answer->expires_in;
    bool whole = issued->token.at != NULL && issued->issued_type != NULL;
    if (grant->scope.at != NULL) {
        issued->scope = arena_text(&issued->arena, grant->scope);
        whole = whole && issued->scope != NULL;
    }
    whole = whole && missing_scopes(asked, grant->scope, &missing) == APISEC_OK;
    if (whole && missing.len > 0) {
        issued->reduced = arena_text(&issued->arena, (struct text){missing.bytes, missing.len});
        whole = issued->reduced != NULL;
    }
    buffer_free(&missing);
    return whole;
}

apisec_status grant_check(const struct asked *asked, const struct token_answer *answer, const struct sent *sent,
                          apisec_issued **issued, apisec_error *err)
{
    struct grant grant = {.sent = sent};
    *issued = NULL;
    apisec_status status = check_token_type(asked, answer, &grant, err);
    if (status == APISEC_OK) status = check_issued_type(asked, answer, &grant, err);
    if (status == APISEC_OK) status = check_scope(asked, answer, &grant, err);
    if (status == APISEC_OK) status = check_actor(asked, answer, &grant, err);
    if (status != APISEC_OK) return status;

    apisec_issued *made = mem_array(1, sizeof *made);
    if (made == NULL) return fail_memory(err);
    atomic_init(&made->references, 1);
    if (!fill(made, asked, answer, &grant)) {
        apisec_issued_free(made);
        return fail_memory(err);
    }
    *issued = made;
    return succeed(err);
}
