/* SPDX-License-Identifier: Apache-2.0
 *
 * rejudge.c: what rules make of a call that is over, by what its record says: the steps of authorize.c, in their order, with the
 * same requirement_check. A denial that is certain decides, whatever else is not known; what hangs on that otherwise is no verdict.
 * What rules do not decide stays as it was.
 */
#include "access/rules.h"

#include <stdio.h>

struct rejudging {
    const struct recalled *recalled;
    struct rejudged *out;
    const struct rule *rule;
    struct path path;
    struct arena arena;
    struct rule_facts facts;
    struct service_login service;
    struct peer_names names;
    struct lacking lacking;          /* the first thing that the record does not say */
    bool is_out_of_memory;
};

/* Each step returns false once it is decided. */
static bool deny(struct rejudging *r, apisec_status status, const char *sentence)
{
    r->out->is_decided = true;
    r->out->status_name = text_of(apisec_status_name(status));
    snprintf(r->out->sentence, sizeof r->out->sentence, "%s", sentence);
    return false;
}

static bool stays(struct rejudging *r, const char *sentence)
{
    r->out->is_decided = true;
    r->out->is_allowed = r->recalled->end == RECALLED_ALLOWED;
    r->out->status_name = r->recalled->status_name;
    snprintf(r->out->sentence, sizeof r->out->sentence, "%s", sentence);
    return false;
}

static bool give_up(struct rejudging *r)
{
    r->is_out_of_memory = true;
    return false;
}

static bool lack(struct rejudging *r, const char *name)
{
    if (r->lacking.name == NULL) r->lacking = (struct lacking){"", name};
    return true;
}

/* ---- which rule ---- */

static bool find_rule(struct rejudging *r, const apisec_rules *rules)
{
    apisec_error err;
    bool matched;
    if (r->recalled->is_cut) {
        lack(r, "the whole path");
        return false;
    }
    if (r->recalled->method.len == 0) return deny(r, APISEC_E_REQUEST, "the call has no method");
    const apisec_status status = path_parse(r->recalled->path, &r->arena, &r->path, &err);
    if (status == APISEC_E_MEMORY) return give_up(r);
    if (status != APISEC_OK) return deny(r, status, err.text);
    r->rule = rules_find(rules, r->recalled->method, &r->path, &matched);
    if (r->rule == NULL)
        return deny(r, APISEC_E_NO_RULE, matched ? "no rule for this path permits the method" : "no rule permits this path");
    r->out->rule_id = r->rule->id;
    return r->rule->deny ? deny(r, APISEC_E_DENIED, "the rule denies") : true;
}

/* ---- who called ---- */

/* find_client walks as client_find does, over what the record has of X-Forwarded-For. */
static void find_client(struct rejudging *r, const struct networks *proxies)
{
    struct client_address *const client = &r->facts.client;
    struct text elements[DECISION_MAX_FORWARDED];
    size_t num = 0;
    client->address = address_read(r->recalled->peer_address);
    client->is_unknown = r->recalled->forwarded_is_partial && networks_hold(proxies, &client->address);
    for (const struct json *at = json_first(r->recalled->forwarded); at != NULL && num < DECISION_MAX_FORWARDED; at = json_next(at))
        json_as_text(at, &elements[num++]);
    while (num > 0 && networks_hold(proxies, &client->address)) client->address = address_read(elements[--num]);
}

/* find_peer: a URI has a colon, and a DNS name none: where one of a certificate is not so, its names are told in part. */
static bool find_peer(struct rejudging *r)
{
    const struct recalled *const recalled = r->recalled;
    const size_t num = json_count(recalled->peer_names);
    size_t num_uris = 0;
    r->facts.peer_sha256 = recalled->peer_sha256;
    if (recalled->peer_names == NULL || recalled->peer_names_are_partial) return true;
    r->names.names = arena_alloc(&r->arena, (num + 1) * sizeof *r->names.names);
    if (r->names.names == NULL) return give_up(r);
    for (const struct json *at = json_first(recalled->peer_names); at != NULL; at = json_next(at)) {
        struct peer_name *const name = &r->names.names[r->names.num];
        if (!json_as_text(at, &name->text)) continue;
        name->is_uri = text_has_byte(name->text, ':');
        num_uris += name->is_uri;
        r->names.num++;
    }
    r->names.has_one_uri = num_uris == 1;
    r->facts.peer = &r->names;
    return true;
}

static bool find_facts(struct rejudging *r, const apisec_rules *rules)
{
    struct rule_facts *const facts = &r->facts;
    facts->recalled = r->recalled;
    facts->path = &r->path;
    facts->now = r->recalled->now;
    facts->is_authorization = rules->services.is_authorization;
    facts->role_claims = rules_role_claims(rules, &facts->num_role_claims);
    r->service.name = r->recalled->service;
    if (r->recalled->service != NULL) facts->service = &r->service;
    find_client(r, &rules->trusted_proxies);
    return find_peer(r);
}

/* ---- what is asked ---- */

static bool judge(struct rejudging *r, unsigned part)
{
    struct rule_finding finding;
    if (r->rule->require == NULL) return true;
    rule_finding_init(&finding);
    const apisec_status status = requirement_check(r->rule->require, part, &r->facts, &finding);
    if (status == APISEC_OK) return true;
    if (finding.lacking.name == NULL) return deny(r, status, finding.sentence);
    if (r->lacking.name == NULL) r->lacking = finding.lacking;
    return true;
}

static bool deny_several(struct rejudging *r)
{
    return deny(r, APISEC_E_REQUEST, "the request has more than one credential");
}

/* Where no user is wanted no token is looked at, and what was wrong with it is of no consequence. */
static bool judge_anybody(struct rejudging *r)
{
    if (r->rule->wants_user) return true;
    if (r->recalled->has_several_credentials) return deny_several(r);
    return r->recalled->failed_at_credential ? lack(r, "whether there is one credential") : true;
}

static bool judge_token(struct rejudging *r)
{
    if (!r->rule->wants_user || r->recalled->has_token) return true;
    if (r->recalled->has_several_credentials) return deny_several(r);
    if (r->recalled->end == RECALLED_TOKEN) return stays(r, "the token was refused then, or could not be judged");
    return lack(r, "the token, which nobody looked at");
}

/* A body is no fact of a call that was denied before, or let in by a rule that had nothing to say of it. */
static bool judge_body(struct rejudging *r)
{
    return r->rule->body == NULL || r->recalled->has_good_body || lack(r, "the body, which nobody judged");
}

static bool judge_all(struct rejudging *r, const apisec_rules *rules)
{
    if (r->recalled->end == RECALLED_FACT) return stays(r, "it was denied by what is not for these rules to decide");
    if (!find_rule(r, rules) || !find_facts(r, rules)) return false;
    if (!judge_anybody(r) || !judge(r, PART_ORIGIN) || !judge(r, PART_SERVICE) || !judge_token(r)) return false;
    return judge(r, PART_REST) && judge_body(r) && r->lacking.name == NULL;
}

apisec_status rules_rejudge(const struct apisec_rules *rules, const struct recalled *recalled, struct rejudged *rejudged)
{
    struct rejudging r = {.recalled = recalled, .out = rejudged};
    *rejudged = (struct rejudged){.is_decided = false};
    if (judge_all(&r, rules)) {
        rejudged->is_decided = rejudged->is_allowed = true;
        rejudged->status_name = text_of(apisec_status_name(APISEC_OK));
    }
    if (!rejudged->is_decided && r.lacking.name != NULL)
        snprintf(rejudged->sentence, sizeof rejudged->sentence, "undecidable: %s%s", r.lacking.kind, r.lacking.name);
    arena_free(&r.arena);
    return r.is_out_of_memory ? APISEC_E_MEMORY : APISEC_OK;
}
