/* SPDX-License-Identifier: Apache-2.0
 *
 * rule_check.c: judges one requirement of include/apisec/rules.h. The order is fixed: from where, whose token and for whom, through
 * whom, how strong and how fresh, then scopes, roles and claims, then groups. What is absent, or of another type, is never met.
 */
#include "access/rules.h"

#include <stdio.h>

/* ---- the finding ---- */

void rule_finding_init(struct rule_finding *finding)
{
    finding->num_entries = 0; /* what is behind them is never read */
    finding->status = APISEC_OK;
    finding->sentence[0] = '\0';
    finding->step_up = NULL;
    finding->scopes = NULL;
}

static apisec_status note(struct rule_finding *finding, const char *id, const char *standard, const char *detail, bool met,
                          apisec_status otherwise)
{
    const apisec_status status = met ? APISEC_OK : otherwise;
    if (finding->num_entries < RULE_MAX_CHECKS) {
        struct rule_entry *entry = &finding->entries[finding->num_entries++];
        *entry = (struct rule_entry){id, standard, detail, status};
    }
    if (!met && finding->status == APISEC_OK) {
        finding->status = status;
        snprintf(finding->sentence, sizeof finding->sentence, "%s is not what the rule requires: %s", id, detail);
    }
    return status;
}

static bool has(const struct texts *texts, struct text text)
{
    if (text.at == NULL) return false;
    for (size_t i = 0; i < texts->num; i++)
        if (text_is(text, texts->at[i])) return true;
    return false;
}

/* ---- from where ---- */

static apisec_status check_origin(const struct requirement *r, const struct rule_facts *f, struct rule_finding *finding)
{
    static const char standard[] = "RFC 4632 section 3.1";
    const struct address *const client = &f->client.address;
    apisec_status status = APISEC_OK;
    if (r->networks.names.num > 0)
        status = note(finding, "networks", standard, r->networks.names.joined, networks_hold(&r->networks, client), APISEC_E_PEER);
    if (status == APISEC_OK && r->except_networks.names.num > 0)
        status = note(finding, "except_networks", standard, r->except_networks.names.joined,
                      client->len > 0 && !networks_hold(&r->except_networks, client), APISEC_E_PEER);
    if (status == APISEC_OK && r->peers.names.num > 0)
        status = note(finding, "peers", "RFC 5280 section 4.2.1.6", r->peers.names.joined,
                      peers_have(&r->peers, f->peer, f->peer_sha256), APISEC_E_PEER);
    return status;
}

/* Where it comes in Authorization and is not there, or is wrong, the client is told how to send it: RFC 9110 section 15.5.2. */
static apisec_status check_service(const struct requirement *r, const struct rule_facts *f, struct rule_finding *finding)
{
    if (r->services.num == 0) return APISEC_OK;
    return note(finding, "services", "RFC 7617 section 2", r->services.joined,
                f->service != NULL && has(&r->services, text_of(f->service->name)),
                f->service == NULL && f->is_authorization ? APISEC_E_NO_CREDENTIAL : APISEC_E_PEER);
}

/* ---- whose token, and for whom ---- */

/* any_element: `aud` and its like are a string or an array of strings. */
static bool any_element(const struct json *value, const struct texts *texts)
{
    struct text text;
    if (json_as_text(value, &text)) return has(texts, text);
    for (const struct json *at = json_kind(value) == JSON_ARRAY ? json_first(value) : NULL; at != NULL; at = json_next(at))
        if (json_as_text(at, &text) && has(texts, text)) return true;
    return false;
}

static apisec_status check_party(const struct requirement *r, const struct rule_facts *f, struct rule_finding *finding)
{
    const struct text client = text_of(apisec_token_client_id(f->token));
    apisec_status status = APISEC_OK;
    if (r->issuers.num > 0)
        status = note(finding, "issuers", "RFC 7519 section 4.1.1", r->issuers.joined,
                      has(&r->issuers, text_of(apisec_token_issuer(f->token))), APISEC_E_CONDITION);
    if (status == APISEC_OK && r->audiences.num > 0)
        status = note(finding, "audiences", "RFC 7519 section 4.1.3", r->audiences.joined,
                      any_element(json_member(token_claims(f->token), "aud"), &r->audiences), APISEC_E_CONDITION);
    if (status == APISEC_OK && r->clients.num > 0)
        status = note(finding, "clients", "RFC 8693 section 4.3", r->clients.joined, has(&r->clients, client), APISEC_E_CLIENT);
    if (status == APISEC_OK && r->except_clients.num > 0)
        status = note(finding, "except_clients", "RFC 8693 section 4.3", r->except_clients.joined,
                      client.at != NULL && !has(&r->except_clients, client), APISEC_E_CLIENT);
    return status;
}

static apisec_status check_actor(const struct requirement *r, const struct rule_facts *f, struct rule_finding *finding)
{
    const bool delegated = json_member(token_claims(f->token), "act") != NULL;
    apisec_status status = APISEC_OK;
    if (r->delegation == DELEGATION_REQUIRED)
        status = note(finding, "delegation", "RFC 8693 section 4.1", "required", delegated, APISEC_E_ACTOR);
    if (r->delegation == DELEGATION_FORBIDDEN)
        status = note(finding, "delegation", "RFC 8693 section 4.1", "forbidden", !delegated, APISEC_E_ACTOR);
    if (status == APISEC_OK && r->actors.num > 0)
        status = note(finding, "actors", "RFC 8693 section 4.1", r->actors.joined,
                      has(&r->actors, text_of(apisec_token_actor(f->token, 0))), APISEC_E_ACTOR);
    return status;
}

/* ---- how strong, and how fresh ---- */

/* is_recent: a date that is absent, of another type, or ahead of now by more than a minute is none. */
static bool is_recent(const struct json *claims, const char *name, int64_t now, int64_t age)
{
    int64_t date;
    if (json_get_date(claims, name, &date) != JSON_OK) return false;
    return date <= now + 60 && now - date <= age;
}

static apisec_status check_strength(const struct requirement *r, const struct rule_facts *f, struct rule_finding *finding)
{
    const struct json *claims = token_claims(f->token);
    struct text acr = {NULL, 0};
    apisec_status status = APISEC_OK;
    if (r->bound)
        status = note(finding, "bound", "RFC 7800 section 3", "to a key or certificate", json_member(claims, "cnf") != NULL,
                      APISEC_E_BINDING);
    if (status == APISEC_OK && r->max_token_age.seconds >= 0)
        status = note(finding, "max_token_age", "RFC 7519 section 4.1.6", r->max_token_age.written,
                      is_recent(claims, "iat", f->now, r->max_token_age.seconds), APISEC_E_LIFETIME);
    if (status == APISEC_OK && r->acr.num > 0) {
        if (json_get_text(claims, "acr", &acr) != JSON_OK) acr.at = NULL;
        status = note(finding, "acr", "RFC 9470 section 3", r->acr.joined, has(&r->acr, acr), APISEC_E_STEP_UP);
    }
    if (status == APISEC_OK && r->max_age.seconds >= 0)
        status = note(finding, "max_age", "RFC 9470 section 3", r->max_age.written,
                      is_recent(claims, "auth_time", f->now, r->max_age.seconds), APISEC_E_STEP_UP);
    if (status == APISEC_E_STEP_UP && finding->step_up == NULL) finding->step_up = r;
    return status;
}

/* ---- scopes and roles ---- */

static apisec_status check_scopes(const struct requirement *r, const struct rule_facts *f, struct rule_finding *finding)
{
    if (r->scopes.num > 0) {
        const bool met = apisec_require_scopes(f->token, r->scopes.at, r->scopes.num) == APISEC_OK;
        if (!met) finding->scopes = &r->scopes;
        note(finding, "scopes", "RFC 6749 section 3.3", r->scopes.joined, met, APISEC_E_SCOPE);
        if (!met) return APISEC_E_SCOPE;
    }
    if (r->any_scope.num == 0) return APISEC_OK;
    const bool met = apisec_require_any_scope(f->token, r->any_scope.at, r->any_scope.num) == APISEC_OK;
    if (!met) finding->scopes = &r->any_scope;
    return note(finding, "any_scope", "RFC 6749 section 3.3", r->any_scope.joined, met, APISEC_E_SCOPE);
}

const struct json *claim_path_find(const struct json *claims, const struct claim_path *path)
{
    for (size_t i = 0; i < path->num_steps && claims != NULL; i++) claims = json_member(claims, path->steps[i]);
    return claims;
}

static bool holds_role(const struct json *value, const char *role)
{
    const struct texts one = {&role, 1, NULL};
    return value != NULL && any_element(value, &one);
}

static bool has_role(const struct rule_facts *f, const char *role)
{
    for (size_t i = 0; i < f->num_role_claims; i++)
        if (holds_role(claim_path_find(token_claims(f->token), &f->role_claims[i]), role)) return true;
    return false;
}

static size_t count_roles(const struct rule_facts *f, const struct texts *roles)
{
    size_t num = 0;
    for (size_t i = 0; i < roles->num; i++) num += has_role(f, roles->at[i]);
    return num;
}

static apisec_status check_roles(const struct requirement *r, const struct rule_facts *f, struct rule_finding *finding)
{
    apisec_status status = APISEC_OK;
    if (r->roles.num > 0)
        status = note(finding, "roles", "RFC 9068 section 2.2.3", r->roles.joined, count_roles(f, &r->roles) == r->roles.num,
                      APISEC_E_ROLE);
    if (status == APISEC_OK && r->any_role.num > 0)
        status = note(finding, "any_role", "RFC 9068 section 2.2.3", r->any_role.joined, count_roles(f, &r->any_role) > 0,
                      APISEC_E_ROLE);
    return status;
}

/* ---- claims ---- */

static bool equals_parameter(const struct json *value, struct text parameter)
{
    struct text text;
    int64_t number;
    char decimal[24];
    if (json_as_text(value, &text)) return parameter.len > 0 && text_equal(text, parameter);
    if (!json_as_int64(value, &number)) return false;
    const int len = snprintf(decimal, sizeof decimal, "%lld", (long long)number);
    return text_equal(parameter, (struct text){decimal, (size_t)len});
}

static bool equals(const struct json *value, const struct operand *operand, const struct path *path)
{
    struct text text;
    int64_t number;
    switch (operand->kind) {
    case OPERAND_PARAMETER: return operand->segment < path->num && equals_parameter(value, path->segments[operand->segment]);
    case OPERAND_BOOL: return json_kind(value) == (operand->boolean ? JSON_TRUE : JSON_FALSE);
    case OPERAND_NUMBER: return json_as_int64(value, &number) && number == operand->number;
    case OPERAND_TEXT: return json_as_text(value, &text) && text_is(text, operand->text);
    }
    return false;
}

static bool contains(const struct json *value, const struct operand *operand, const struct path *path)
{
    if (json_kind(value) != JSON_ARRAY) return false;
    for (const struct json *at = json_first(value); at != NULL; at = json_next(at))
        if (equals(at, operand, path)) return true;
    return false;
}

static bool begins(const struct json *value, const char *prefix)
{
    struct text text;
    const size_t len = strlen(prefix);
    if (!json_as_text(value, &text) || !text_starts(text, prefix)) return false;
    return text.len == len || text.at[len] == '/';
}

static bool test_claim(const struct claim_test *test, const struct rule_facts *f)
{
    struct text text;
    int64_t number;
    const struct json *value = claim_path_find(token_claims(f->token), &test->claim);
    if (value == NULL || json_kind(value) == JSON_NULL) return false;
    switch (test->kind) {
    case CLAIM_EQUALS: return equals(value, &test->operand, f->path);
    case CLAIM_ONE_OF: return json_as_text(value, &text) && has(&test->values, text);
    case CLAIM_CONTAINS: return contains(value, &test->operand, f->path);
    case CLAIM_PREFIX: return begins(value, test->operand.text);
    case CLAIM_EXISTS: return true;
    case CLAIM_RANGE: return json_as_int64(value, &number) && number >= test->min && number <= test->max;
    }
    return false;
}

static apisec_status check_claims(const struct requirement *r, const struct rule_facts *f, struct rule_finding *finding)
{
    apisec_status status = APISEC_OK;
    for (size_t i = 0; i < r->num_claims && status == APISEC_OK; i++)
        status = note(finding, "claim", "RFC 7519 section 4", r->claims[i].claim.written, test_claim(&r->claims[i], f),
                      APISEC_E_CONDITION);
    return status;
}

/* ---- groups ---- */

/* check_choices: the alternatives that are not met leave no trace where one is; where none is, the first one's reason stands. */
static apisec_status check_choices(const struct requirement *r, const struct rule_facts *f, struct rule_finding *finding)
{
    const size_t num_entries = finding->num_entries;
    struct rule_entry first = {NULL, NULL, NULL, APISEC_OK};
    const struct requirement *step_up = NULL;
    const struct texts *scopes = NULL;
    if (r->num_choices == 0) return APISEC_OK;
    for (size_t i = 0; i < r->num_choices; i++) {
        if (requirement_check(r->choices[i], PART_ALL, f, finding) == APISEC_OK) return APISEC_OK;
        if (i == 0) {
            first = finding->entries[finding->num_entries - 1];
            step_up = finding->step_up;
            scopes = finding->scopes;
        }
        finding->num_entries = num_entries;
        finding->status = APISEC_OK;
        finding->step_up = NULL;
        finding->scopes = NULL;
    }
    finding->step_up = step_up;
    finding->scopes = scopes;
    return note(finding, "any_of", first.standard, first.detail, false, first.status);
}

static apisec_status check_user(const struct requirement *requirement, const struct rule_facts *facts, struct rule_finding *finding)
{
    apisec_status status = check_party(requirement, facts, finding);
    if (status == APISEC_OK) status = check_actor(requirement, facts, finding);
    if (status == APISEC_OK) status = check_strength(requirement, facts, finding);
    if (status == APISEC_OK) status = check_scopes(requirement, facts, finding);
    if (status == APISEC_OK) status = check_roles(requirement, facts, finding);
    if (status == APISEC_OK) status = check_claims(requirement, facts, finding);
    return status;
}

apisec_status requirement_check(const struct requirement *requirement, unsigned parts, const struct rule_facts *facts,
                                struct rule_finding *finding)
{
    apisec_status status = APISEC_OK;
    if ((parts & PART_ORIGIN) != 0) status = check_origin(requirement, facts, finding);
    if ((parts & PART_SERVICE) != 0 && status == APISEC_OK) status = check_service(requirement, facts, finding);
    if ((parts & PART_REST) != 0 && status == APISEC_OK) status = check_user(requirement, facts, finding);
    for (size_t i = 0; i < requirement->num_groups && status == APISEC_OK; i++)
        status = requirement_check(requirement->groups[i], parts, facts, finding);
    return status == APISEC_OK && (parts & PART_REST) != 0 ? check_choices(requirement, facts, finding) : status;
}
