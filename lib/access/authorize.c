/* SPDX-License-Identifier: Apache-2.0
 *
 * authorize.c: the steps by which rules are applied to a decision: finds the rule for its call, admits what needs no user, and
 * judges the rule's requirements. Each of them is listed among the decision's checks. What was not done in this order is a denial.
 */
#include "access/limits.h"

static const char of_routing[] = "RFC 9110 section 15.5.4";

/* deny notes the check that failed and why. */
static apisec_status deny(apisec_decision *decision, const char *id, const char *standard, apisec_status status,
                          const char *sentence)
{
    const apisec_status added = decision_add_check(decision, id, standard, NULL, false);
    return added != APISEC_OK ? added : decision_fail(decision, status, sentence);
}

static apisec_status out_of_order(apisec_decision *decision)
{
    return decision_fail(decision, APISEC_E_MISUSE, "rules are applied once, and step by step");
}

/* ---- which rule ---- */

static apisec_status find_rule(apisec_decision *decision, struct application *applied)
{
    apisec_error err;
    bool matched;
    const apisec_error *const broken = &decision->call_error; /* of such a call no part can be relied on */
    if (broken->status != APISEC_OK) return deny(decision, "call", "RFC 9112 section 2.2", broken->status, broken->text);
    if (decision->method.len == 0)
        return deny(decision, "call", "RFC 9112 section 2.2", APISEC_E_REQUEST, "the call has no method");
    if (decision->path.len == 0)
        return deny(decision, "path", "RFC 3986 section 3.3", APISEC_E_REQUEST, "the call has no target, or one without a path");
    const apisec_status status = decision->path_is_cut ? fail(&err, APISEC_E_REQUEST, "the path is too long")
                                                       : path_parse(decision->path, &decision->arena, &applied->path, &err);
    if (status != APISEC_OK) return deny(decision, "path", "RFC 3986 section 3.3", status, err.text);
    const struct rule *const rule = rules_find(applied->rules, decision->method, &applied->path, &matched);
    if (rule == NULL)
        return deny(decision, "rule", of_routing, APISEC_E_NO_RULE,
                    matched ? "no rule for this path permits the method" : "no rule permits this path");
    decision->rule_id = rule->id;
    if (rule->deny) return deny(decision, "rule", of_routing, APISEC_E_DENIED, "the rule denies");
    applied->rule = rule;
    return decision_add_check(decision, "rule", of_routing, rule->id, true);
}

apisec_status decision_route(apisec_decision *decision, const apisec_rules *rules)
{
    const apisec_status open = decision_open_status(decision);
    if (open != APISEC_OK) return open;
    if (rules == NULL) return decision_fail(decision, APISEC_E_MISUSE, "there are no rules");
    if (decision->applied != NULL) return out_of_order(decision);
    struct application *const applied = arena_alloc(&decision->arena, sizeof *applied);
    if (applied == NULL) return decision_fail(decision, APISEC_E_MEMORY, "out of memory");
    applied->rules = rules_ref(rules);
    applied->facts.path = &applied->path;
    applied->facts.peer_sha256 = "";
    applied->facts.now = decision->time_ms / 1000;
    applied->facts.role_claims = rules_role_claims(rules, &applied->facts.num_role_claims);
    decision->applied = applied;
    decision->rules_version = rules_version(rules);
    return find_rule(decision, applied);
}

void application_end(struct application *application)
{
    if (application != NULL) apisec_rules_free(application->rules);
}

/* ---- the requirements ---- */

static apisec_status list_entries(apisec_decision *decision, const struct rule_finding *finding)
{
    apisec_status status = APISEC_OK;
    for (size_t i = 0; i < finding->num_entries && status == APISEC_OK; i++) {
        const struct rule_entry *const entry = &finding->entries[i];
        status = decision_add_check(decision, entry->id, entry->standard, entry->detail, entry->status == APISEC_OK);
    }
    return status;
}

static apisec_status note_acr(apisec_decision *decision, const struct texts *acr)
{
    struct buffer values = BUFFER_MAX(4096);
    for (size_t i = 0; i < acr->num; i++) {
        if (i > 0) buffer_byte(&values, ' ');
        buffer_text(&values, acr->at[i]);
    }
    if (values.status != APISEC_E_MEMORY && values.len > 0)
        decision->acr_values = arena_text(&decision->arena, (struct text){values.bytes, values.len});
    const bool is_kept = values.status != APISEC_E_MEMORY && (values.len == 0 || decision->acr_values != NULL);
    buffer_free(&values);
    return is_kept ? APISEC_OK : decision_fail(decision, APISEC_E_MEMORY, "out of memory");
}

/* note_challenge keeps what the client must be told to do better: scopes, or a stronger authentication (RFC 9470 section 3). */
static apisec_status note_challenge(apisec_decision *decision, const struct rule_finding *finding)
{
    if (finding->scopes != NULL) return decision_note_scopes(decision, finding->scopes->at, finding->scopes->num);
    if (finding->step_up == NULL) return APISEC_OK;
    decision->has_max_age = finding->step_up->max_age.seconds >= 0;
    decision->max_age = finding->step_up->max_age.seconds;
    return note_acr(decision, &finding->step_up->acr);
}

static apisec_status judge_requirement(apisec_decision *decision, const struct application *applied, unsigned parts)
{
    struct rule_finding finding;
    rule_finding_init(&finding);
    const apisec_status verdict = requirement_check(applied->rule->require, parts, &applied->facts, &finding);
    apisec_status status = list_entries(decision, &finding);
    if (status == APISEC_OK && verdict != APISEC_OK) status = note_challenge(decision, &finding);
    if (status != APISEC_OK) return status;
    return verdict == APISEC_OK ? APISEC_OK : decision_fail(decision, verdict, finding.sentence);
}

/* ---- what needs no user ---- */

bool decision_wants_user(const apisec_decision *decision)
{
    const struct application *const applied = decision != NULL ? decision->applied : NULL;
    return applied == NULL || applied->rule == NULL || applied->rule->wants_user;
}

static apisec_status look_at_credentials(const apisec_decision *decision, const apisec_call *call, apisec_error *err)
{
    const apisec_verifier *const verifier = decision->verifier;
    const struct credential_rules rules = {verifier_dpop_algs(verifier) != NULL, verifier != NULL && verifier->txn_tokens};
    return credential_is_single(call, rules, err);
}

/* note_credentials: of a call that is denied before a token is looked at the record says whether other rules could let it in. */
static void note_credentials(apisec_decision *decision, const apisec_call *call)
{
    if (decision == NULL || call == NULL || decision->phase != DECISION_OPEN || decision->call_error.status != APISEC_OK) return;
    if (decision->status != APISEC_OK && !decision->authenticated && !decision->trail_failed)
        decision->has_several_credentials = look_at_credentials(decision, call, NULL) != APISEC_OK;
}

/* Where no user is wanted no token is looked at, but two of them are still a request that others may read differently. */
static apisec_status admit_anybody(apisec_decision *decision, const apisec_call *call)
{
    apisec_error err;
    const apisec_status status = look_at_credentials(decision, call, &err);
    if (status == APISEC_OK) return APISEC_OK;
    return deny(decision, check_id(CHECK_CREDENTIAL), check_standard(CHECK_CREDENTIAL), status, err.text);
}

static void find_client(apisec_decision *decision, const apisec_call *call, struct application *applied)
{
    struct client_address *const client = &applied->facts.client;
    if (((applied->rule->needs | applied->rule->tries) & NEEDS_ADDRESS) == 0 && applied->rules->trusted_proxies.names.num == 0)
        return;
    client_find(call, &applied->rules->trusted_proxies, client);
    if (!client->is_forwarded) return;
    address_write(&client->address, decision->client_address);
    if (client->address.len == 0) memcpy(decision->client_address, "unknown", sizeof "unknown");
}

static apisec_status find_peer(apisec_decision *decision, const apisec_call *call, struct application *applied)
{
    if (((applied->rule->needs | applied->rule->tries) & NEEDS_PEER) == 0) return APISEC_OK;
    if (!peer_find(call_peer_certificate(call), &decision->arena, &decision->peer))
        return decision_fail(decision, APISEC_E_MEMORY, "out of memory");
    applied->facts.peer = decision->peer;
    applied->facts.peer_sha256 = call_peer_certificate(call).len > 0 ? decision->peer_sha256 : "";
    return APISEC_OK;
}

static apisec_status deny_service(apisec_decision *decision, apisec_status status, const char *sentence)
{
    return deny(decision, "services", "RFC 7617 section 2", status, sentence);
}

/* A second credential is refused wherever services are configured; whose the one is, is found out where a rule asks. What it is not
 * worth is said by the requirement. */
static apisec_status find_service(apisec_decision *decision, const apisec_call *call, struct application *applied)
{
    struct text value;
    const struct services *const services = &applied->rules->services;
    if (services->header == NULL) return APISEC_OK;
    applied->facts.is_authorization = services->is_authorization;
    const size_t num = call_find_header(call, services->header, &value);
    applied->facts.has_service = num > 0;
    decision->service_is_known = num == 0 && ((applied->rule->needs | applied->rule->tries) & NEEDS_SERVICE) != 0;
    if (num > 1) return deny_service(decision, APISEC_E_REQUEST, "the request has more than one service credential");
    if (num == 0 || ((applied->rule->needs | applied->rule->tries) & NEEDS_SERVICE) == 0) return APISEC_OK;
    const apisec_status found = service_find(services, value, &applied->facts.service);
    if (found == APISEC_OK) decision->service = applied->facts.service->name;
    decision->service_is_known = found == APISEC_OK || found == APISEC_E_PEER;
    if (decision->service_is_known || (applied->rule->needs & NEEDS_SERVICE) == 0) return APISEC_OK;
    switch (found) {
    case APISEC_E_REQUEST: return deny_service(decision, APISEC_E_REQUEST, "the service's header holds two credentials");
    case APISEC_E_BUSY: return deny_service(decision, APISEC_E_BUSY, "too many services are being authenticated just now");
    default: return deny_service(decision, found, "the service's secret cannot be checked");
    }
}

static apisec_status admit(apisec_decision *decision, const apisec_call *call)
{
    const apisec_status open = decision_open_status(decision);
    if (open != APISEC_OK) return open;
    struct application *const applied = decision->applied;
    if (applied == NULL || applied->rule == NULL || applied->is_admitted) return out_of_order(decision);
    const struct rule *const rule = applied->rule;
    applied->is_admitted = true;
    if (!rule->wants_user && call != NULL && admit_anybody(decision, call) != APISEC_OK) return decision->status;
    find_client(decision, call, applied);
    if (limits_apply(decision, applied, LIMITS_OF_ADDRESS) != APISEC_OK) return decision->status;
    if (find_peer(decision, call, applied) != APISEC_OK) return decision->status;
    if (rule->require != NULL && judge_requirement(decision, applied, PART_ORIGIN) != APISEC_OK) return decision->status;
    if (find_service(decision, call, applied) != APISEC_OK) return decision->status;
    if (limits_apply(decision, applied, LIMITS_OF_SERVICE) != APISEC_OK) return decision->status;
    if (rule->require != NULL && judge_requirement(decision, applied, PART_SERVICE) != APISEC_OK) return decision->status;
    return body_look(decision, call, applied);
}

apisec_status decision_admit(apisec_decision *decision, const apisec_call *call)
{
    const apisec_status status = admit(decision, call);
    if (status != APISEC_OK) note_credentials(decision, call);
    return status;
}

/* ---- what does ---- */

/* try_out judges what is not enforced. It comes last: it says what would become of calls that are let in. */
static apisec_status try_out(apisec_decision *decision, const struct application *applied)
{
    struct rule_finding finding;
    const struct requirement *const shadow = applied->rule->shadow;
    rule_finding_init(&finding);
    if (shadow->asks_of_user && decision->token == NULL)
        decision->shadow = (struct shadow){true, APISEC_E_NO_CREDENTIAL, "there is no user whom it could be asked of"};
    else if (requirement_check(shadow, PART_ALL, &applied->facts, &finding) == APISEC_OK)
        decision->shadow = (struct shadow){true, APISEC_OK, ""};
    else decision->shadow = (struct shadow){true, finding.status, arena_text(&decision->arena, text_of(finding.sentence))};
    if (decision->shadow.reason != NULL) return APISEC_OK;
    decision->shadow.reason = "";
    return decision_fail(decision, APISEC_E_MEMORY, "out of memory");
}

apisec_status decision_judge(apisec_decision *decision)
{
    const apisec_status open = decision_open_status(decision);
    if (open != APISEC_OK) return open;
    struct application *const applied = decision->applied;
    if (applied == NULL || !applied->is_admitted || applied->is_judged) return out_of_order(decision);
    applied->is_judged = true;
    const struct rule *const rule = applied->rule;
    if (rule->wants_user && !decision->authenticated)
        return decision_fail(decision, APISEC_E_MISUSE, "the rule wants a user, and nobody was authenticated");
    applied->facts.token = decision->token;
    if (limits_apply(decision, applied, LIMITS_OF_USER) != APISEC_OK) return decision->status;
    apisec_status status = rule->require != NULL ? judge_requirement(decision, applied, PART_REST) : APISEC_OK;
    if (status == APISEC_OK) status = body_apply(decision, applied);
    if (status == APISEC_OK && rule->shadow != NULL) status = try_out(decision, applied);
    if (status == APISEC_OK && !rule->wants_user) decision->needs_no_user = true;
    applied->is_let_in = status == APISEC_OK;
    return status;
}

apisec_status apisec_decision_apply_rules(apisec_decision *decision, const apisec_rules *rules, const apisec_call *call)
{
    apisec_status status = decision_route(decision, rules);
    if (status == APISEC_OK) status = decision_admit(decision, call);
    return status == APISEC_OK ? decision_judge(decision) : status;
}
