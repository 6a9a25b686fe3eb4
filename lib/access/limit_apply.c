/* SPDX-License-Identifier: Apache-2.0
 *
 * limit_apply.c: the limits and the body of a rule, applied to one decision: whose bucket it is, what the reply says, and the check
 * that is listed.
 */
#include "access/limits.h"

#include <stdio.h>

enum { MAX_PARTS = 3 };

/* Whose bucket. The parts are told apart by their lengths and places; of whom nothing is known there are none. */
struct limit_key {
    struct text parts[MAX_PARTS];
    size_t num;
    char decimal[24];
};

/* Of an IPv6 address the first 64 bits: the rest is the caller's own to choose (RFC 4291 section 2.5.1). */
static void key_of_address(const struct address *address, struct limit_key *key)
{
    if (address->len == 0) return;
    key->parts[key->num++] = (struct text){(const char *)address->bytes, address->len == 4 ? 4 : 8};
}

/* A user, a client and a claim are an issuer's. */
static void key_of_issuer(const apisec_token *token, struct text kind, struct text value, struct limit_key *key)
{
    if (value.at == NULL || apisec_token_issuer(token) == NULL) return;
    key->parts[key->num++] = text_of(apisec_token_issuer(token));
    key->parts[key->num++] = kind;
    key->parts[key->num++] = value;
}

/* A number and the string of the same digits are two. What is neither is nothing that is known. */
static void key_of_claim(const apisec_token *token, const struct claim_path *path, struct limit_key *key)
{
    struct text text;
    int64_t number;
    const struct json *value = claim_path_find(token_claims(token), path);
    if (json_as_text(value, &text)) {
        key_of_issuer(token, text_of("text"), text, key);
    } else if (json_as_int64(value, &number)) {
        const int len = snprintf(key->decimal, sizeof key->decimal, "%lld", (long long)number);
        key_of_issuer(token, text_of("number"), (struct text){key->decimal, (size_t)len}, key);
    }
}

static void find_key(const struct limit *limit, const struct rule_facts *facts, struct limit_key *key)
{
    static const struct text same = {"", 0};
    key->num = 0;
    switch (limit->by) {
    case LIMIT_BY_ADDRESS: key_of_address(&facts->client.address, key); break;
    case LIMIT_BY_SERVICE:
        if (facts->service != NULL) key->parts[key->num++] = text_of(facts->service->name);
        break;
    case LIMIT_BY_PRINCIPAL: key_of_issuer(facts->token, same, text_of(apisec_token_subject(facts->token)), key); break;
    case LIMIT_BY_CLIENT: key_of_issuer(facts->token, same, text_of(apisec_token_client_id(facts->token)), key); break;
    case LIMIT_BY_CLAIM: key_of_claim(facts->token, &limit->claim, key); break;
    }
}

static apisec_status take(apisec_decision *decision, const struct limit *limit, const struct rule_facts *facts)
{
    static const char standard[] = "RFC 6585 section 4";
    struct limit_key key;
    char sentence[128];
    find_key(limit, facts, &key);
    const apisec_status taken = limit_take(limit, key.parts, key.num, clock_elapsed_us() / 1000, &decision->retry_after_s);
    const apisec_status added = decision_add_check(decision, "limit", standard, limit->name, taken == APISEC_OK);
    if (added != APISEC_OK || taken == APISEC_OK) return added;
    snprintf(decision->retry_after, sizeof decision->retry_after, "%lu", (unsigned long)decision->retry_after_s);
    snprintf(sentence, sizeof sentence, "the limit %s is reached", limit->name);
    return decision_fail(decision, taken, sentence);
}

apisec_status limits_apply(apisec_decision *decision, const struct application *applied, unsigned kinds)
{
    apisec_status status = APISEC_OK;
    for (size_t i = 0; i < applied->rule->num_limits && status == APISEC_OK; i++) {
        const struct limit *const limit = applied->rule->limits[i];
        if ((kinds & 1U << limit->by) != 0) status = take(decision, limit, &applied->facts);
    }
    return status;
}

/* ---- the body ---- */

apisec_status body_look(apisec_decision *decision, const apisec_call *call, struct application *applied)
{
    struct text body, content_type;
    if (applied->rule->body == NULL) return APISEC_OK;
    applied->body = arena_alloc(&decision->arena, sizeof *applied->body);
    if (applied->body == NULL) return decision_fail(decision, APISEC_E_MEMORY, "out of memory");
    const bool is_known = call_body(call, &body);
    const size_t num_types = call_find_header(call, "Content-Type", &content_type);
    body_check(applied->rule->body, is_known, body, num_types, content_type, applied->body);
    return APISEC_OK;
}

apisec_status body_apply(apisec_decision *decision, const struct application *applied)
{
    const struct body_finding *const found = applied->body;
    if (found == NULL) return APISEC_OK;
    const apisec_status added = decision_add_check(decision, "body", "RFC 8259 section 9", NULL, found->status == APISEC_OK);
    if (added != APISEC_OK || found->status == APISEC_OK) return added;
    decision->body_http_status = found->http_status;
    return decision_fail(decision, found->status, found->sentence);
}
