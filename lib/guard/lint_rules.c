/* SPDX-License-Identifier: Apache-2.0
 *
 * lint_rules.c: what rules ask for that cannot be met or is met by everybody, and what is defined and not used. The document was
 * read before: every member is of the type it must be, and every name that is used is defined.
 */
#include "guard/guard.h"

#include <stdlib.h>

struct walk {
    const struct shape *top;
    struct findings *findings;
    struct table issuers, audiences;                          /* that are trusted */
    struct table networks, peers, services, policies, limits; /* that are used */
};

/* note keeps a name; without memory there are no findings at all rather than wrong ones. */
static void note(struct walk *walk, struct table *names, const struct json *name)
{
    struct text text;
    if (!json_as_text(name, &text)) return;
    if (table_put(names, text, walk) == APISEC_E_MEMORY) walk->findings->bytes.status = APISEC_E_MEMORY;
}

static void note_all(struct walk *walk, struct table *names, const struct shape *object, const char *member)
{
    const struct shape list = shape_member(object, member);
    if (list.value == NULL || json_kind(list.value) != JSON_ARRAY) return;
    for (struct shape at = shape_first(&list); at.value != NULL; shape_next(&at)) note(walk, names, at.value);
}

/* ---- one requirement, with all that is in it ---- */

static void lint_known(struct walk *walk, const struct shape *require, const char *member, const struct table *known,
                       const char *sentence)
{
    const struct shape list = shape_member(require, member);
    for (struct shape at = shape_first(&list); at.value != NULL; shape_next(&at)) {
        struct text text;
        if (json_as_text(at.value, &text) && table_get(known, text) == NULL)
            finding_add(walk->findings, &at, FINDING_ERROR, "%s", sentence);
    }
}

static void lint_requirement(struct walk *walk, const struct shape *require)
{
    static const char *const groups[] = {"all_of", "any_of"};
    const struct shape except = shape_member(require, "except_networks"), proxies = shape_member(walk->top, "trusted_proxies");
    note_all(walk, &walk->networks, require, "networks");
    note_all(walk, &walk->networks, require, "except_networks");
    note_all(walk, &walk->peers, require, "peers");
    note_all(walk, &walk->services, require, "services");
    note_all(walk, &walk->policies, require, "policies");
    lint_known(walk, require, "issuers", &walk->issuers, "no issuer of this name is trusted: it can never be met");
    lint_known(walk, require, "audiences", &walk->audiences, "no issuer's audience: tokens with it alone are refused before");
    if (except.value != NULL && proxies.value == NULL)
        finding_add(walk->findings, &except, FINDING_WARNING,
                    "without trusted_proxies it is the socket's peer that must not be there: behind a proxy always the proxy");
    for (size_t i = 0; i < 2; i++) {
        const struct shape group = shape_member(require, groups[i]);
        for (struct shape at = shape_first(&group); at.value != NULL; shape_next(&at)) {
            if (i == 1 && json_first(at.value) == NULL)
                finding_add(walk->findings, &at, FINDING_ERROR, "empty: the whole of any_of is always met");
            lint_requirement(walk, &at);
        }
    }
}

/* asks: the requirement, or one of its policies, has this member. */
static bool asks(const struct walk *walk, const struct shape *require, const char *member)
{
    const struct shape policies = shape_member(walk->top, "policies"), named = shape_member(require, "policies");
    if (json_member(require->value, member) != NULL) return true;
    for (struct shape at = shape_first(&named); at.value != NULL; shape_next(&at)) {
        struct text name;
        if (json_as_text(at.value, &name) && json_member(json_member(policies.value, name.at), member) != NULL) return true;
    }
    return false;
}

/* ---- one rule ---- */

static void lint_methods(struct walk *walk, const struct shape *rule)
{
    static const char *const known[] = {"GET",     "HEAD",  "POST",    "PUT",   "PATCH", "DELETE",
                                        "OPTIONS", "TRACE", "CONNECT", "QUERY", NULL};
    const struct shape list = shape_member(rule, "methods");
    for (struct shape at = shape_first(&list); at.value != NULL; shape_next(&at)) {
        struct text text;
        bool is_known = false;
        if (!json_as_text(at.value, &text)) continue;
        for (size_t i = 0; known[i] != NULL; i++) is_known = is_known || text_is(text, known[i]);
        const char *const meant = is_known ? NULL : shape_nearest(text.at, known);
        if (meant != NULL) finding_add(walk->findings, &at, FINDING_ERROR, "no such method: did you mean %s?", meant);
    }
}

/* asks_of_user: anywhere in it, be it in one alternative of several: who looks at no token takes all of it for not met. */
static bool asks_of_user(const struct walk *walk, const struct shape *require)
{
    static const char *const of_caller[] = {"networks", "except_networks", "peers", "services", NULL};
    const struct shape policies = shape_member(walk->top, "policies");
    bool asks = false;
    for (struct shape at = shape_first(require); at.value != NULL && !asks; shape_next(&at)) {
        const bool is_group = strcmp(at.name, "policies") == 0 || strcmp(at.name, "all_of") == 0 || strcmp(at.name, "any_of") == 0;
        asks = !is_group;
        for (size_t i = 0; of_caller[i] != NULL; i++) asks = asks && strcmp(at.name, of_caller[i]) != 0;
        for (struct shape part = shape_first(&at); is_group && part.value != NULL && !asks; shape_next(&part)) {
            struct text name;
            const struct shape policy = json_as_text(part.value, &name) ? shape_member(&policies, name.at) : part;
            asks = asks_of_user(walk, &policy);
        }
    }
    return asks;
}

static void lint_shadow(struct walk *walk, const struct shape *rule, const struct shape *shadow)
{
    if (shadow->value == NULL) return;
    lint_requirement(walk, shadow);
    if (json_first(shadow->value) == NULL)
        finding_add(walk->findings, shadow, FINDING_WARNING, "empty: it is always met, and nothing is tried");
    else if ((json_member(rule->value, "public") != NULL || json_member(rule->value, "user") != NULL) && asks_of_user(walk, shadow))
        finding_add(walk->findings, shadow, FINDING_WARNING,
                    "the rule looks at no token: what is asked of a user is never met, whoever calls");
}

static void lint_body(struct walk *walk, const struct shape *rule)
{
    const struct shape body = shape_member(rule, "body"), methods = shape_member(rule, "methods");
    if (body.value == NULL || json_kind(json_member(body.value, "optional")) == JSON_TRUE) return;
    for (struct shape at = shape_first(&methods); at.value != NULL; shape_next(&at)) {
        struct text method;
        if (!json_as_text(at.value, &method) || (!text_is(method, "GET") && !text_is(method, "HEAD"))) continue;
        finding_add(walk->findings, &body, FINDING_WARNING, "of %s too: without \"optional\" a request without a body is denied",
                    method.at);
        return;
    }
}

static void lint_rule(struct walk *walk, const struct shape *rule)
{
    const struct shape require = shape_member(rule, "require"), shadow = shape_member(rule, "shadow"),
                       user = shape_member(rule, "user");
    lint_methods(walk, rule);
    note_all(walk, &walk->limits, rule, "limits");
    if (require.value != NULL) lint_requirement(walk, &require);
    lint_shadow(walk, rule, &shadow);
    lint_body(walk, rule);
    if (require.value == NULL) return;
    if (asks(walk, &require, "services") && json_member(rule->value, "limits") == NULL)
        finding_add(walk->findings, rule, FINDING_WARNING,
                    "asks for a service's secret without a limit: it can be guessed at any rate");
    if (user.value != NULL && !asks(walk, &require, "peers") && !asks(walk, &require, "services"))
        finding_add(walk->findings, rule, FINDING_WARNING,
                    "no user, peer or service is asked for: an address lets in whoever has it");
}

/* ---- the document ---- */

static void lint_verdicts(struct walk *walk, const struct shape *rules)
{
    bool all_public = true, has_catch_all = false;
    for (struct shape at = shape_first(rules); at.value != NULL; shape_next(&at)) {
        struct text path;
        all_public = all_public && json_member(at.value, "public") != NULL;
        if (json_member(at.value, "methods") == NULL && json_get_text(at.value, "path", &path) == JSON_OK && text_is(path, "/**"))
            has_catch_all = true;
    }
    if (all_public) finding_add(walk->findings, rules, FINDING_ERROR, "every rule is public: nobody is asked for anything");
    if (!has_catch_all)
        finding_add(walk->findings, rules, FINDING_WARNING,
                    "no rule with the path /** for all methods says what becomes of all other requests: they are denied");
}

static void lint_proxies(struct walk *walk)
{
    const struct shape proxies = shape_member(walk->top, "trusted_proxies"), networks = shape_member(walk->top, "networks");
    note_all(walk, &walk->networks, walk->top, "trusted_proxies");
    for (struct shape at = shape_first(&proxies); at.value != NULL; shape_next(&at)) {
        struct text name, range;
        bool is_everybody = false;
        if (!json_as_text(at.value, &name)) continue;
        for (const struct json *one = json_first(json_member(networks.value, name.at)); one != NULL; one = json_next(one))
            is_everybody =
                is_everybody || (json_as_text(one, &range) && range.len > 2 && strcmp(range.at + range.len - 2, "/0") == 0);
        if (is_everybody)
            finding_add(walk->findings, &at, FINDING_ERROR, "everybody is a trusted proxy: whoever calls says from where");
    }
}

static void lint_unused(struct walk *walk, const char *section, const struct table *used, const char *sentence)
{
    const struct shape object = shape_member(walk->top, section);
    for (struct shape at = shape_first(&object); at.value != NULL; shape_next(&at))
        if (table_get(used, text_of(at.name)) == NULL) finding_add(walk->findings, &at, FINDING_WARNING, "%s", sentence);
}

static void lint_services(struct walk *walk)
{
    const struct shape services = shape_member(walk->top, "services"), header = shape_member(&services, "header"),
                       secrets = shape_member(&services, "secrets");
    struct text name;
    if (json_as_text(header.value, &name) && text_is_caseless(name, "Authorization"))
        finding_add(walk->findings, &header, FINDING_WARNING,
                    "where users' tokens are sent too: such a service can never be asked for beside a user");
    for (struct shape at = shape_first(&secrets); at.value != NULL; shape_next(&at))
        if (table_get(&walk->services, text_of(at.name)) == NULL)
            finding_add(walk->findings, &at, FINDING_WARNING, "no rule asks for this service");
}

static void note_trusted(struct walk *walk)
{
    const struct shape trust = shape_member(walk->top, "trust"), issuers = shape_member(&trust, "issuers");
    for (struct shape at = shape_first(&issuers); at.value != NULL; shape_next(&at)) {
        note(walk, &walk->issuers, json_member(at.value, "issuer"));
        note_all(walk, &walk->audiences, &at, "audiences");
    }
}

void lint_rules(const struct shape *top, struct findings *findings)
{
    struct walk walk = {.top = top, .findings = findings};
    const struct shape rules = shape_member(top, "rules"), policies = shape_member(top, "policies");
    note_trusted(&walk);
    for (struct shape at = shape_first(&rules); at.value != NULL; shape_next(&at)) lint_rule(&walk, &at);
    for (struct shape at = shape_first(&policies); at.value != NULL; shape_next(&at)) lint_requirement(&walk, &at);
    lint_verdicts(&walk, &rules);
    lint_proxies(&walk);
    lint_services(&walk);
    lint_unused(&walk, "networks", &walk.networks, "no rule asks for this network");
    lint_unused(&walk, "peers", &walk.peers, "no rule asks for this peer");
    lint_unused(&walk, "policies", &walk.policies, "no rule has this policy");
    lint_unused(&walk, "limits", &walk.limits, "no rule has this limit");
    struct table *const tables[] = {&walk.issuers,  &walk.audiences, &walk.networks, &walk.peers,
                                    &walk.services, &walk.policies,  &walk.limits};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) table_free(tables[i]);
}
