/* SPDX-License-Identifier: Apache-2.0
 *
 * authorize.c: applies rules to a decision: finds the rule for its call, judges the rule's requirements of its token, and lists
 * each of them among the decision's checks.
 */
#include "access/rules.h"

/* deny notes the check that failed and why. */
static apisec_status deny(apisec_decision *decision, const char *id, const char *standard, apisec_status status,
                          const char *sentence)
{
    const apisec_status added = decision_add_check(decision, id, standard, NULL, false);
    return added != APISEC_OK ? added : decision_fail(decision, status, sentence);
}

/* find_rule: NULL: the decision has failed. */
static const struct rule *find_rule(apisec_decision *decision, const apisec_rules *rules, struct path *path)
{
    static const char standard[] = "RFC 9110 section 15.5.4";
    apisec_error err;
    bool matched;
    apisec_status status = decision->path_is_cut ? fail(&err, APISEC_E_REQUEST, "the path is too long")
                                                 : path_parse(decision->path, &decision->arena, path, &err);
    if (status != APISEC_OK) {
        deny(decision, "path", "RFC 3986 section 3.3", status, err.text);
        return NULL;
    }
    const struct rule *rule = rules_find(rules, decision->method, path, &matched);
    if (rule != NULL) return rule;
    deny(decision, "rule", standard, APISEC_E_NO_RULE,
         matched ? "no rule for this path permits the method" : "no rule permits this path");
    return NULL;
}

static apisec_status keep_text(apisec_decision *decision, const char *text, const char **kept)
{
    *kept = arena_text(&decision->arena, text_of(text));
    return *kept != NULL ? APISEC_OK : decision_fail(decision, APISEC_E_MEMORY, "out of memory");
}

static apisec_status list_entries(apisec_decision *decision, const struct rule_finding *finding)
{
    apisec_status status = APISEC_OK;
    for (size_t i = 0; i < finding->num_entries && status == APISEC_OK; i++) {
        const struct rule_entry *entry = &finding->entries[i];
        const char *detail;
        status = keep_text(decision, entry->detail, &detail);
        if (status == APISEC_OK)
            status = decision_add_check(decision, entry->id, entry->standard, detail, entry->status == APISEC_OK);
    }
    return status;
}

/* note_challenge keeps what the client must be told to do better: scopes, or a stronger authentication (RFC 9470 section 3). */
static apisec_status note_challenge(apisec_decision *decision, const struct rule_finding *finding)
{
    if (finding->scopes != NULL) return decision_note_scopes(decision, finding->scopes->at, finding->scopes->num);
    const struct requirement *step_up = finding->step_up;
    if (step_up == NULL) return APISEC_OK;
    decision->has_max_age = step_up->max_age >= 0;
    decision->max_age = step_up->max_age;
    struct buffer values = BUFFER_MAX(4096);
    for (size_t i = 0; i < step_up->acr.num; i++) {
        if (i > 0) buffer_byte(&values, ' ');
        buffer_text(&values, step_up->acr.at[i]);
    }
    apisec_status status = values.status == APISEC_E_MEMORY ? decision_fail(decision, APISEC_E_MEMORY, "out of memory") : APISEC_OK;
    if (status == APISEC_OK && values.len > 0) status = keep_text(decision, values.bytes, &decision->acr_values);
    buffer_free(&values);
    return status;
}

apisec_status apisec_decision_apply_rules(apisec_decision *decision, const apisec_rules *rules)
{
    const apisec_status open = decision_open_status(decision);
    if (open != APISEC_OK) return open;
    if (rules == NULL) return decision_fail(decision, APISEC_E_MISUSE, "there are no rules");
    apisec_status status = keep_text(decision, rules_version(rules), &decision->rules_version);
    if (status != APISEC_OK) return status;
    struct path path;
    const struct rule *rule = find_rule(decision, rules, &path);
    if (rule == NULL) return decision->status;
    status = keep_text(decision, rule->id, &decision->rule_id);
    if (status == APISEC_OK && !rule->deny)
        status = decision_add_check(decision, "rule", "RFC 9110 section 15.5.4", decision->rule_id, true);
    if (status != APISEC_OK) return status;
    if (rule->deny) return deny(decision, "rule", "RFC 9110 section 15.5.4", APISEC_E_DENIED, "the rule denies");

    struct rule_facts facts = {.token = decision->token, .path = &path, .now = decision->time_ms / 1000};
    struct rule_finding finding = {.status = APISEC_OK};
    facts.role_claims = rules_role_claims(rules, &facts.num_role_claims);
    const apisec_status verdict = requirement_check(rule->require, &facts, &finding);
    status = list_entries(decision, &finding);
    if (status == APISEC_OK && verdict != APISEC_OK) status = note_challenge(decision, &finding);
    if (status != APISEC_OK) return status;
    return verdict == APISEC_OK ? APISEC_OK : decision_fail(decision, verdict, finding.sentence);
}
