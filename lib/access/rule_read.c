/* SPDX-License-Identifier: Apache-2.0
 *
 * rule_read.c: reads one requirement of include/apisec/rules.h into memory of the rules' arena. What is written twice, cannot be
 * met, or names what is not there is an error here, at start-up, and never a rule that means less than it says.
 */
#include "access/rules.h"

#include <stdio.h>

enum { MAX_AGE_S = 365 * 24 * 3600 };

/* read_texts reads a member that may be absent, and counts the one check that it is. */
static apisec_status read_texts(const struct shape *object, const char *name, struct rule_scope *scope, struct texts *texts,
                                apisec_error *err)
{
    const struct shape at = shape_member(object, name);
    if (at.value == NULL) return APISEC_OK;
    scope->num_checks++;
    return texts_read(&at, scope->arena, texts, err);
}

static apisec_status read_scopes(const struct shape *object, const char *name, struct rule_scope *scope, struct texts *texts,
                                 apisec_error *err)
{
    const apisec_status status = read_texts(object, name, scope, texts, err);
    const struct shape at = shape_member(object, name);
    for (size_t i = 0; status == APISEC_OK && i < texts->num; i++)
        if (!scope_is_token(text_of(texts->at[i])))
            return shape_fail(&at, err, "\"%.60s\" is not one scope (RFC 6749 section 3.3)", texts->at[i]);
    return status;
}

/* ---- groups ---- */

static apisec_status read_list(const struct shape *list, struct rule_scope *scope, size_t depth, struct requirement **into,
                               size_t *num, apisec_error *err)
{
    apisec_status status = APISEC_OK;
    for (struct shape at = shape_first(list); at.value != NULL && status == APISEC_OK; shape_next(&at))
        status = requirement_read(&at, scope, depth + 1, &into[(*num)++], err);
    return status;
}

static apisec_status read_policies(const struct shape *list, struct rule_scope *scope, struct requirement *requirement,
                                   apisec_error *err)
{
    for (struct shape at = shape_first(list); at.value != NULL; shape_next(&at)) {
        const char *name;
        const apisec_status status = shape_text(&at, &name, err);
        if (status != APISEC_OK) return status;
        if (scope->policies == NULL) return shape_fail(&at, err, "a policy cannot name another");
        struct requirement *policy = table_get(scope->policies, text_of(name));
        if (policy == NULL) return shape_fail(&at, err, "there is no policy %.60s", name);
        requirement->groups[requirement->num_groups++] = policy;
        scope->num_checks += policy->num_checks;
    }
    return APISEC_OK;
}

/* room_for counts a list that may be absent. */
static apisec_status room_for(const struct shape *list, size_t *num, apisec_error *err)
{
    *num = 0;
    return list->value == NULL ? APISEC_OK : texts_list(list, num, err);
}

static apisec_status read_groups(const struct shape *object, struct rule_scope *scope, size_t depth,
                                 struct requirement *requirement, apisec_error *err)
{
    const struct shape policies = shape_member(object, "policies"), all = shape_member(object, "all_of"),
                       any = shape_member(object, "any_of");
    size_t num_policies, num_all, num_any;
    apisec_status status = room_for(&policies, &num_policies, err);
    if (status == APISEC_OK) status = room_for(&all, &num_all, err);
    if (status == APISEC_OK) status = room_for(&any, &num_any, err);
    if (status != APISEC_OK) return status;
    requirement->groups = arena_alloc(scope->arena, (num_policies + num_all + 1) * sizeof *requirement->groups);
    requirement->choices = arena_alloc(scope->arena, (num_any + 1) * sizeof *requirement->choices);
    if (requirement->groups == NULL || requirement->choices == NULL) return fail_memory(err);
    status = read_policies(&policies, scope, requirement, err);
    if (status == APISEC_OK) status = read_list(&all, scope, depth, requirement->groups, &requirement->num_groups, err);
    if (status == APISEC_OK) status = read_list(&any, scope, depth, requirement->choices, &requirement->num_choices, err);
    return status;
}

/* ---- the rest ---- */

static apisec_status read_delegation(const struct shape *object, struct rule_scope *scope, struct requirement *requirement,
                                     apisec_error *err)
{
    const struct shape at = shape_member(object, "delegation");
    const char *text;
    if (at.value == NULL) return APISEC_OK;
    const apisec_status status = shape_text(&at, &text, err);
    if (status != APISEC_OK) return status;
    scope->num_checks++;
    if (strcmp(text, "required") == 0) requirement->delegation = DELEGATION_REQUIRED;
    else if (strcmp(text, "forbidden") == 0) requirement->delegation = DELEGATION_FORBIDDEN;
    else return shape_fail(&at, err, "\"required\" or \"forbidden\" is wanted");
    if (requirement->delegation == DELEGATION_FORBIDDEN && requirement->actors.num > 0)
        return shape_fail(&at, err, "actors are named and delegation is forbidden: that can never be met");
    return APISEC_OK;
}

static apisec_status read_bound(const struct shape *object, struct rule_scope *scope, struct requirement *requirement,
                                apisec_error *err)
{
    const apisec_status status = shape_flag(object, "bound", &requirement->bound, err);
    scope->num_checks += requirement->bound;
    return status;
}

static apisec_status read_age(const struct shape *object, const char *name, struct rule_scope *scope, struct age *age,
                              apisec_error *err)
{
    char written[32];
    const struct shape at = shape_member(object, name);
    age->seconds = -1;
    if (at.value == NULL) return APISEC_OK;
    scope->num_checks++;
    const apisec_status status = shape_number(&at, 0, MAX_AGE_S, &age->seconds, err);
    snprintf(written, sizeof written, "%lld s", (long long)age->seconds);
    return status == APISEC_OK ? texts_keep(scope->arena, written, &age->written, err) : status;
}

static apisec_status read_networks(const struct shape *object, const char *name, struct rule_scope *scope,
                                   struct networks *networks, apisec_error *err)
{
    const struct shape at = shape_member(object, name);
    if (at.value == NULL) return APISEC_OK;
    scope->num_checks++;
    return networks_named(&at, scope->rules, networks, err);
}

static apisec_status read_peers(const struct shape *object, struct rule_scope *scope, struct peers *peers, apisec_error *err)
{
    const struct shape at = shape_member(object, "peers");
    if (at.value == NULL) return APISEC_OK;
    scope->num_checks++;
    return peers_named(&at, scope->rules, peers, err);
}

static apisec_status read_services(const struct shape *object, struct rule_scope *scope, struct texts *names, apisec_error *err)
{
    const struct shape at = shape_member(object, "services");
    if (at.value == NULL) return APISEC_OK;
    scope->num_checks++;
    return services_named(&at, scope->rules, names, err);
}

static apisec_status read_caller(const struct shape *at, struct rule_scope *scope, struct requirement *made, apisec_error *err)
{
    apisec_status status = read_networks(at, "networks", scope, &made->networks, err);
    if (status == APISEC_OK) status = read_networks(at, "except_networks", scope, &made->except_networks, err);
    if (status == APISEC_OK) status = read_peers(at, scope, &made->peers, err);
    if (status == APISEC_OK) status = read_services(at, scope, &made->services, err);
    return status;
}

static apisec_status read_members(const struct shape *at, struct rule_scope *scope, size_t depth, struct requirement *made,
                                  apisec_error *err)
{
    apisec_status status = read_caller(at, scope, made, err);
    if (status == APISEC_OK) status = read_texts(at, "issuers", scope, &made->issuers, err);
    if (status == APISEC_OK) status = read_texts(at, "audiences", scope, &made->audiences, err);
    if (status == APISEC_OK) status = read_texts(at, "clients", scope, &made->clients, err);
    if (status == APISEC_OK) status = read_texts(at, "except_clients", scope, &made->except_clients, err);
    if (status == APISEC_OK) status = read_texts(at, "actors", scope, &made->actors, err);
    if (status == APISEC_OK) status = read_delegation(at, scope, made, err);
    if (status == APISEC_OK) status = read_bound(at, scope, made, err);
    if (status == APISEC_OK) status = read_age(at, "max_token_age", scope, &made->max_token_age, err);
    if (status == APISEC_OK) status = read_texts(at, "acr", scope, &made->acr, err);
    if (status == APISEC_OK) status = read_age(at, "max_age", scope, &made->max_age, err);
    if (status == APISEC_OK) status = read_scopes(at, "scopes", scope, &made->scopes, err);
    if (status == APISEC_OK) status = read_scopes(at, "any_scope", scope, &made->any_scope, err);
    if (status == APISEC_OK) status = read_texts(at, "roles", scope, &made->roles, err);
    if (status == APISEC_OK) status = read_texts(at, "any_role", scope, &made->any_role, err);
    if (status == APISEC_OK) status = claims_read(at, scope, made, err);
    if (status == APISEC_OK) status = read_groups(at, scope, depth, made, err);
    return status;
}

static bool asks_of_user(const struct requirement *r)
{
    bool asks = r->issuers.num + r->audiences.num + r->clients.num + r->except_clients.num + r->actors.num + r->acr.num > 0 ||
                r->scopes.num + r->any_scope.num + r->roles.num + r->any_role.num + r->num_claims > 0 || r->bound ||
                r->delegation != DELEGATION_ANY || r->max_token_age.seconds >= 0 || r->max_age.seconds >= 0;
    for (size_t i = 0; i < r->num_groups; i++) asks = asks || r->groups[i]->asks_of_user;
    for (size_t i = 0; i < r->num_choices; i++) asks = asks || r->choices[i]->asks_of_user;
    return asks;
}

/* Of several choices each must ask: the one that does not would be the way in. */
static bool asks_of_caller(const struct requirement *r)
{
    bool asks = r->num_choices > 0;
    for (size_t i = 0; i < r->num_choices; i++) asks = asks && r->choices[i]->asks_of_caller;
    for (size_t i = 0; i < r->num_groups; i++) asks = asks || r->groups[i]->asks_of_caller;
    return asks || r->networks.names.num + r->peers.names.num + r->services.num > 0;
}

static unsigned needs(const struct requirement *r)
{
    unsigned needed = r->networks.names.num + r->except_networks.names.num > 0 ? NEEDS_ADDRESS : 0;
    if (r->peers.names.num > 0) needed |= NEEDS_PEER;
    if (r->services.num > 0) needed |= NEEDS_SERVICE;
    for (size_t i = 0; i < r->num_choices; i++) needed |= r->choices[i]->needs;
    for (size_t i = 0; i < r->num_groups; i++) needed |= r->groups[i]->needs;
    return needed;
}

apisec_status requirement_read(const struct shape *at, struct rule_scope *scope, size_t depth, struct requirement **requirement,
                               apisec_error *err)
{
    static const char *const names[] = {"networks", "except_networks", "peers",  "services",   "issuers", "audiences",
                                        "clients",  "except_clients",  "actors", "delegation", "bound",   "max_token_age",
                                        "acr",      "max_age",         "scopes", "any_scope",  "roles",   "any_role",
                                        "claims",   "policies",        "all_of", "any_of",     NULL};
    *requirement = NULL;
    apisec_status status = shape_object(at, names, err);
    if (status != APISEC_OK) return status;
    if (depth > RULE_MAX_DEPTH) return shape_fail(at, err, "groups are more than %d deep", RULE_MAX_DEPTH);
    struct requirement *made = arena_alloc(scope->arena, sizeof *made);
    if (made == NULL) return fail_memory(err);
    const size_t before = scope->num_checks;
    status = read_members(at, scope, depth, made, err);
    made->num_checks = scope->num_checks - before;
    if (status == APISEC_OK && scope->num_checks > RULE_MAX_CHECKS)
        status = shape_fail(at, err, "more than %d checks", RULE_MAX_CHECKS);
    if (status != APISEC_OK) return status;
    made->needs = needs(made);
    made->asks_of_user = asks_of_user(made);
    made->asks_of_caller = asks_of_caller(made);
    *requirement = made;
    return APISEC_OK;
}
