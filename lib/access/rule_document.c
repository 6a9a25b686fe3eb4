/* SPDX-License-Identifier: Apache-2.0
 *
 * rule_document.c: reads the document of include/apisec/rules.h: what its rules refer to, then rule by rule. What is written wrong
 * is an error with its path, here, at start-up.
 */
#include "access/limits.h"

enum { MAX_ID = 64 };

/* ---- a template ---- */

static bool is_parameter(struct text segment, struct text *name)
{
    if (segment.len < 2 || segment.at[0] != '{' || segment.at[segment.len - 1] != '}') return false;
    *name = (struct text){segment.at + 1, segment.len - 2};
    return true;
}

static bool is_name(struct text name)
{
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.at[i];
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9')) return false;
    }
    return name.len > 0;
}

static apisec_status add_parameter(const struct shape *at, struct text name, size_t segment, struct rule_scope *scope,
                                   apisec_error *err)
{
    if (!is_name(name)) return shape_fail(at, err, "a parameter's name is of letters, digits and _");
    if (scope->num_parameters == RULE_MAX_PARAMETERS) return shape_fail(at, err, "more than %d parameters", RULE_MAX_PARAMETERS);
    for (size_t i = 0; i < scope->num_parameters; i++)
        if (text_is(name, scope->parameters[i])) return shape_fail(at, err, "a parameter is there twice");
    const char *kept = arena_text(scope->arena, name);
    if (kept == NULL) return fail_memory(err);
    scope->parameters[scope->num_parameters] = kept;
    scope->segments[scope->num_parameters++] = segment;
    return APISEC_OK;
}

static apisec_status read_literal(const struct shape *at, apisec_rules *rules, struct text segment, struct node **node,
                                  apisec_error *err)
{
    if (text_has_byte(segment, '{') || text_has_byte(segment, '}') || text_has_byte(segment, '*'))
        return shape_fail(at, err, "{name} and ** are whole segments, and ** is the last one");
    *node = node_literal(rules, *node, segment);
    return *node != NULL ? APISEC_OK : fail_memory(err);
}

/* find_place walks and makes the tree along a template. *list is where its rules are kept. */
static apisec_status find_place(const struct shape *at, apisec_rules *rules, const struct path *path, struct rule_scope *scope,
                                struct rule ***list, apisec_error *err)
{
    struct node *node = rules->root;
    for (size_t i = 0; i < path->num; i++) {
        const struct text segment = path->segments[i];
        struct text name;
        apisec_status status = APISEC_OK;
        if (text_is(segment, "**") && i + 1 == path->num) {
            *list = &node->below;
            return APISEC_OK;
        }
        if (is_parameter(segment, &name)) {
            status = add_parameter(at, name, i, scope, err);
            node = node_parameter(rules, node);
            if (status == APISEC_OK && node == NULL) return fail_memory(err);
        } else {
            status = read_literal(at, rules, segment, &node, err);
        }
        if (status != APISEC_OK) return status;
    }
    *list = &node->here;
    return APISEC_OK;
}

/* ---- a rule ---- */

static bool share_a_method(const struct rule *a, const struct rule *b)
{
    if (a->methods.num == 0 || b->methods.num == 0) return a->methods.num == b->methods.num;
    for (size_t i = 0; i < a->methods.num; i++)
        for (size_t k = 0; k < b->methods.num; k++)
            if (strcmp(a->methods.at[i], b->methods.at[k]) == 0) return true;
    return false;
}

static apisec_status add_rule(const struct shape *at, struct rule **list, struct rule *rule, apisec_error *err)
{
    for (const struct rule *other = *list; other != NULL; other = other->next)
        if (share_a_method(other, rule)) return shape_fail(at, err, "the same path and method as rule %.60s", other->id);
    rule->next = *list;
    *list = rule;
    return APISEC_OK;
}

static apisec_status read_methods(const struct shape *object, struct arena *arena, struct rule *rule, apisec_error *err)
{
    const struct shape at = shape_member(object, "methods");
    if (at.value == NULL) return APISEC_OK;
    const apisec_status status = texts_read(&at, arena, &rule->methods, err);
    if (status != APISEC_OK) return status;
    if (rule->methods.num > RULE_MAX_METHODS) return shape_fail(&at, err, "more than %d methods", RULE_MAX_METHODS);
    for (size_t i = 0; i < rule->methods.num; i++)
        for (const char *c = rule->methods.at[i]; *c != '\0'; c++)
            if (*c < 'A' || *c > 'Z') return shape_fail(&at, err, "a method is of capital letters");
    return APISEC_OK;
}

static apisec_status read_id(const struct shape *object, apisec_rules *rules, struct rule *rule, apisec_error *err)
{
    const struct shape at = shape_member(object, "id");
    const char *id;
    apisec_status status = shape_text(&at, &id, err);
    if (status != APISEC_OK) return status;
    if (strlen(id) > MAX_ID || !text_is_printable(text_of(id)))
        return shape_fail(&at, err, "at most %d printable characters", MAX_ID);
    rule->id = arena_text(&rules->arena, text_of(id));
    if (rule->id == NULL) return fail_memory(err);
    status = table_put(&rules->ids, text_of(rule->id), rule);
    if (status == APISEC_E_ARGUMENT) return shape_fail(&at, err, "another rule has this id");
    return status == APISEC_OK ? APISEC_OK : fail_memory(err);
}

static apisec_status read_verdict(const struct shape *object, struct rule_scope *scope, struct rule *rule, apisec_error *err)
{
    const struct shape require = shape_member(object, "require"), public = shape_member(object, "public"),
                       deny = shape_member(object, "deny");
    if ((require.value != NULL) + (public.value != NULL) + (deny.value != NULL) != 1)
        return shape_fail(object, err, "exactly one of \"require\", \"public\" and \"deny\" is wanted");
    if (public.value != NULL) return shape_flag(object, "public", &rule->is_public, err);
    if (deny.value != NULL) return shape_flag(object, "deny", &rule->deny, err);
    return requirement_read(&require, scope, 0, &rule->require, err);
}

/* Nobody at all is let in by leaving something out: no user must be said, and then who else it is that comes. */
static apisec_status read_user(const struct shape *object, struct rule *rule, apisec_error *err)
{
    const struct shape at = shape_member(object, "user");
    struct text text;
    rule->wants_user = !rule->is_public;
    if (at.value == NULL) return APISEC_OK;
    if (!json_as_text(at.value, &text) || !text_is(text, "none"))
        return shape_fail(&at, err, "only \"none\": leave it out where a user is wanted");
    if (rule->require == NULL) return shape_fail(&at, err, "goes with \"require\" only");
    if (rule->require->asks_of_user) return shape_fail(&at, err, "\"require\" asks for something of a user");
    if (!rule->require->asks_of_caller) return shape_fail(&at, err, "\"require\" must ask for networks, peers or services then");
    rule->wants_user = false;
    return APISEC_OK;
}

static apisec_status read_shadow(const struct shape *object, struct rule_scope *scope, struct rule *rule, apisec_error *err)
{
    const struct shape at = shape_member(object, "shadow");
    if (at.value == NULL) return APISEC_OK;
    if (rule->deny) return shape_fail(&at, err, "the rule denies: there is nothing to be tried");
    scope->num_checks = 0; /* its checks are not listed */
    return requirement_read(&at, scope, 0, &rule->shadow, err);
}

/* What nobody can be told apart by would be one bucket for all: that is never meant. */
static apisec_status add_limit(const struct shape *at, const apisec_rules *rules, const char *name, struct rule *rule,
                               apisec_error *err)
{
    const struct limit *limit = NULL;
    for (size_t i = 0; i < rules->num_limits && limit == NULL; i++)
        if (strcmp(rules->limits[i].name, name) == 0) limit = &rules->limits[i];
    if (limit == NULL) return shape_fail(at, err, "there is no limit %.60s", name);
    if (limit->by == LIMIT_BY_SERVICE && rules->services.header == NULL)
        return shape_fail(at, err, "%.60s is by service, and there are no \"services\"", name);
    if (limit->by > LIMIT_BY_SERVICE && !rule->wants_user)
        return shape_fail(at, err, "%.60s is by what is known of a user, and the rule wants none", name);
    if (limit->by == LIMIT_BY_SERVICE) rule->needs |= NEEDS_SERVICE;
    if (limit->by == LIMIT_BY_ADDRESS) rule->needs |= NEEDS_ADDRESS;
    rule->limits[rule->num_limits++] = limit;
    return APISEC_OK;
}

static apisec_status read_rule_limits(const struct shape *object, apisec_rules *rules, struct rule *rule, apisec_error *err)
{
    const struct shape at = shape_member(object, "limits");
    struct texts names = {.num = 0};
    if (at.value == NULL) return APISEC_OK;
    if (rule->deny) return shape_fail(&at, err, "the rule denies: there is nothing to be limited");
    apisec_status status = texts_read(&at, &rules->arena, &names, err);
    if (status == APISEC_OK && names.num > RULE_MAX_LIMITS) return shape_fail(&at, err, "more than %d limits", RULE_MAX_LIMITS);
    for (size_t i = 0; i < names.num && status == APISEC_OK; i++) status = add_limit(&at, rules, names.at[i], rule, err);
    return status;
}

static apisec_status read_body(const struct shape *object, apisec_rules *rules, struct rule *rule, apisec_error *err)
{
    const struct shape at = shape_member(object, "body");
    if (at.value == NULL) return APISEC_OK;
    if (rule->deny) return shape_fail(&at, err, "the rule denies: there is nothing to be looked at");
    return body_read(&at, &rules->arena, &rule->body, err);
}

/* A template's own signs are written as they stand: decoded from an escape they would look the same. */
static bool hides_signs(const char *template)
{
    static const char *const escapes[] = {"%2A", "%2a", "%7B", "%7b", "%7D", "%7d"};
    for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++)
        if (strstr(template, escapes[i]) != NULL) return true;
    return false;
}

static apisec_status read_template(const struct shape *at, apisec_rules *rules, struct rule *rule, struct path *path,
                                   apisec_error *err)
{
    const char *template;
    apisec_error why;
    apisec_status status = shape_text(at, &template, err);
    if (status == APISEC_OK) status = texts_keep(&rules->arena, template, &rule->path, err);
    if (status != APISEC_OK) return status;
    status = path_parse(text_of(template), &rules->arena, path, &why);
    if (status == APISEC_E_MEMORY) return fail_memory(err);
    if (status != APISEC_OK) return shape_fail(at, err, "%s", why.text);
    if (hides_signs(template)) return shape_fail(at, err, "an encoded *, { or } cannot be told from a template's own");
    return APISEC_OK;
}

/* read_demands reads what is asked of a call, once it is known which parameters the path has. */
static apisec_status read_demands(const struct shape *object, struct rule_scope *scope, struct rule *rule, apisec_error *err)
{
    apisec_rules *const rules = scope->rules;
    apisec_status status = read_verdict(object, scope, rule, err);
    if (status == APISEC_OK) status = read_user(object, rule, err);
    if (status == APISEC_OK) status = read_shadow(object, scope, rule, err);
    if (status != APISEC_OK) return status;
    rule->needs = rule->require != NULL ? rule->require->needs : 0;
    rule->tries = rule->shadow != NULL ? rule->shadow->needs : 0;
    status = read_rule_limits(object, rules, rule, err);
    if (status == APISEC_OK) status = read_body(object, rules, rule, err);
    if (status != APISEC_OK) return status;
    if (rule->wants_user && ((rule->needs | rule->tries) & NEEDS_SERVICE) != 0 && rules->services.is_authorization)
        return shape_fail(object, err, "Authorization is the user's here: services need a header of their own");
    return APISEC_OK;
}

static apisec_status read_rule(const struct shape *object, apisec_rules *rules, apisec_error *err)
{
    static const char *const names[] = {"id",   "path",   "methods", "user", "require", "public",
                                        "deny", "shadow", "limits",  "body", NULL};
    struct rule_scope scope = {.rules = rules, .arena = &rules->arena, .policies = &rules->policies};
    struct rule **list = NULL;
    struct path path;
    const struct shape at = shape_member(object, "path");
    struct rule *rule = arena_alloc(&rules->arena, sizeof *rule);
    if (rule == NULL) return fail_memory(err);
    apisec_status status = shape_object(object, names, err);
    if (status == APISEC_OK) status = read_id(object, rules, rule, err);
    if (status == APISEC_OK) status = read_template(&at, rules, rule, &path, err);
    if (status == APISEC_OK) status = read_methods(object, &rules->arena, rule, err);
    if (status == APISEC_OK) status = find_place(&at, rules, &path, &scope, &list, err);
    if (status == APISEC_OK) status = read_demands(object, &scope, rule, err);
    return status == APISEC_OK ? add_rule(&at, list, rule, err) : status;
}

/* ---- the document ---- */

static apisec_status read_role_claims(const struct shape *top, apisec_rules *rules, apisec_error *err)
{
    static const char *const defaults[] = {"roles", "groups", "entitlements"};
    const struct shape list = shape_member(top, "role_claims");
    apisec_status status = list.value == NULL ? APISEC_OK : shape_kind(&list, JSON_ARRAY, err);
    if (status != APISEC_OK) return status;
    const size_t num = list.value == NULL ? 3 : json_count(list.value);
    rules->role_claims = arena_alloc(&rules->arena, (num + 1) * sizeof *rules->role_claims);
    if (rules->role_claims == NULL) return fail_memory(err);
    for (size_t i = 0; list.value == NULL && i < num; i++)
        rules->role_claims[rules->num_role_claims++] = (struct claim_path){defaults[i], {defaults[i]}, 1};
    for (struct shape at = shape_first(&list); at.value != NULL && status == APISEC_OK; shape_next(&at))
        status = claim_path_read(&at, &rules->arena, &rules->role_claims[rules->num_role_claims++], err);
    return status;
}

static apisec_status read_policies(const struct shape *top, apisec_rules *rules, apisec_error *err)
{
    const struct shape list = shape_member(top, "policies");
    apisec_status status = list.value == NULL ? APISEC_OK : shape_kind(&list, JSON_OBJECT, err);
    for (struct shape at = shape_first(&list); at.value != NULL && status == APISEC_OK; shape_next(&at)) {
        struct rule_scope scope = {.rules = rules, .arena = &rules->arena};
        struct requirement *policy;
        status = requirement_read(&at, &scope, 0, &policy, err);
        if (status != APISEC_OK) return status;
        const char *name = arena_text(&rules->arena, text_of(at.name));
        if (name == NULL || table_put(&rules->policies, text_of(name), policy) != APISEC_OK) return fail_memory(err);
    }
    return status;
}

static apisec_status read_limits(const struct shape *top, apisec_rules *rules, apisec_error *err)
{
    const struct shape list = shape_member(top, "limits");
    if (list.value == NULL) return APISEC_OK;
    apisec_status status = shape_kind(&list, JSON_OBJECT, err);
    if (status != APISEC_OK) return status;
    rules->limits = arena_alloc(&rules->arena, (json_count(list.value) + 1) * sizeof *rules->limits);
    if (rules->limits == NULL) return fail_memory(err);
    for (struct shape at = shape_first(&list); at.value != NULL && status == APISEC_OK; shape_next(&at)) {
        status = limit_read(&at, &rules->arena, &rules->limits[rules->num_limits], err);
        rules->num_limits++; /* what it made of a limit is freed with the rest */
    }
    return status;
}

apisec_status rule_document_read(const struct shape *top, apisec_rules *rules, apisec_error *err)
{
    const struct shape list = shape_member(top, "rules");
    apisec_status status = read_role_claims(top, rules, err);
    if (status == APISEC_OK) status = networks_read(top, rules, err);
    if (status == APISEC_OK) status = peers_read(top, rules, err);
    if (status == APISEC_OK) status = services_read(top, rules, err);
    if (status == APISEC_OK) status = read_limits(top, rules, err);
    if (status == APISEC_OK) status = read_policies(top, rules, err);
    if (status == APISEC_OK) status = shape_kind(&list, JSON_ARRAY, err);
    if (status == APISEC_OK && json_first(list.value) == NULL) status = shape_fail(&list, err, "no rule: everything is denied");
    for (struct shape at = shape_first(&list); at.value != NULL && status == APISEC_OK; shape_next(&at))
        status = read_rule(&at, rules, err);
    if (status != APISEC_OK) return status;
    if (rule_of_method(rules->root->below, (struct text){"", 0}) == NULL)
        rules->notice = "no rule with the path /** for all methods says what becomes of all other requests: they are denied";
    return APISEC_OK;
}
