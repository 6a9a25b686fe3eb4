/* SPDX-License-Identifier: Apache-2.0
 *
 * rule_facts.c: what requirements ask about, read from the token that was verified; or, where rules are tried on records, from what
 * the record of a call says. Where a record does not say, that is not known, which is never taken for absent.
 */
#include "access/rules.h"

const struct json *claim_path_find(const struct json *claims, const struct claim_path *path)
{
    for (size_t i = 0; i < path->num_steps && claims != NULL; i++) claims = json_member(claims, path->steps[i]);
    return claims;
}

/* recall_text: the text of a token that the record has. */
static bool recall_text(const struct recalled *recalled, const struct json *value, size_t max, struct text *text)
{
    *text = (struct text){NULL, 0};
    return recalled->has_token && recalled_text(value, max, text);
}

bool fact_issuer(const struct rule_facts *facts, struct text *issuer)
{
    const struct recalled *const recalled = facts->recalled;
    if (recalled != NULL) return recall_text(recalled, recalled->issuer, AUDIT_MAX_FIELD, issuer);
    *issuer = text_of(apisec_token_issuer(facts->token));
    return true;
}

bool fact_client(const struct rule_facts *facts, struct text *client)
{
    const struct recalled *const recalled = facts->recalled;
    if (recalled != NULL) return recall_text(recalled, recalled->client, AUDIT_MAX_FIELD, client);
    *client = text_of(apisec_token_client_id(facts->token));
    return true;
}

bool fact_scope(const struct rule_facts *facts, struct text *scope)
{
    const struct recalled *const recalled = facts->recalled;
    if (recalled != NULL) return recall_text(recalled, recalled->scope, AUDIT_MAX_FIELD, scope);
    *scope = text_of(apisec_token_scope(facts->token));
    return true;
}

const char *foreign_actor(const apisec_token *token)
{
    const char *const issuer = apisec_token_actor_issuer(token, 0);
    return issuer != NULL && !text_is(text_of(apisec_token_issuer(token)), issuer) ? issuer : NULL;
}

/* fact_actor: another issuer's is nobody whom a name alone stands for. */
bool fact_actor(const struct rule_facts *facts, struct text *actor)
{
    const struct recalled *const recalled = facts->recalled;
    *actor = (struct text){NULL, 0};
    if (recalled != NULL && !recalled->has_foreign_actor)
        return recall_text(recalled, json_first(recalled->actors), RECORD_MAX_SHORT, actor);
    if (recalled == NULL && foreign_actor(facts->token) == NULL) *actor = text_of(apisec_token_actor(facts->token, 0));
    return true;
}

bool fact_delegation(const struct rule_facts *facts, bool *is_delegated)
{
    const struct recalled *const recalled = facts->recalled;
    *is_delegated = recalled != NULL ? recalled->is_delegated : json_member(token_claims(facts->token), "act") != NULL;
    return recalled == NULL || recalled->has_token;
}

bool fact_audiences(const struct rule_facts *facts, const struct json **audiences, bool *is_whole)
{
    const struct recalled *const recalled = facts->recalled;
    struct text text;
    *is_whole = true;
    *audiences = recalled != NULL ? recalled->audiences : json_member(token_claims(facts->token), "aud");
    if (recalled == NULL) return true;
    for (const struct json *at = json_first(*audiences); at != NULL; at = json_next(at))
        *is_whole = recalled_text(at, RECORD_MAX_SHORT, &text) && *is_whole;
    *is_whole = *is_whole && json_count(*audiences) < RECORD_MAX_AUDIENCES;
    return recalled->has_token;
}

bool fact_claim(const struct rule_facts *facts, const struct claim_path *path, const struct json **value)
{
    const struct recalled *const recalled = facts->recalled;
    if (recalled != NULL) return recalled_claim(recalled, path->steps, path->num_steps, value);
    *value = claim_path_find(token_claims(facts->token), path);
    return true;
}

bool fact_named_claim(const struct rule_facts *facts, const char *name, const struct json **value)
{
    const struct recalled *const recalled = facts->recalled;
    if (recalled != NULL) return recalled_claim(recalled, &name, 1, value);
    *value = json_member(token_claims(facts->token), name);
    return true;
}

bool fact_address(const struct rule_facts *facts)
{
    return facts->recalled == NULL || !facts->client.is_unknown;
}

bool fact_peer_names(const struct rule_facts *facts)
{
    const struct recalled *const recalled = facts->recalled;
    if (recalled == NULL || recalled->peer_sha256[0] == '\0') return true;
    return recalled->peer_names != NULL && !recalled->peer_names_are_partial;
}

bool fact_service(const struct rule_facts *facts)
{
    return facts->recalled == NULL || facts->recalled->service_is_known;
}
