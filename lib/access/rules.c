/* SPDX-License-Identifier: Apache-2.0
 *
 * rules.c: the handle of include/apisec/rules.h, and the tree in which a path finds its rule:
 *
 *     root ── "customers" ── {} ── "orders" ── the rules of ** below
 *                             └─ the rules of /customers/{customer}
 *
 * A node has its literal segments in a keyed hash table, at most one node for `{name}`, the rules that end here, and those of `**`.
 * So a decision costs the length of the path and not the number of rules.
 */
#include "access/limits.h"

#include <stdlib.h>

/* ---- the tree ---- */

static struct node *node_new(apisec_rules *rules)
{
    struct node *node = arena_alloc(&rules->arena, sizeof *node);
    if (node == NULL) return NULL;
    node->all = rules->all;
    rules->all = node;
    return node;
}

struct node *node_literal(apisec_rules *rules, struct node *node, struct text segment)
{
    struct node *next = table_get(&node->literals, segment);
    if (next != NULL) return next;
    next = node_new(rules);
    const char *kept = arena_text(&rules->arena, segment);
    if (next == NULL || kept == NULL) return NULL;
    return table_put(&node->literals, (struct text){kept, segment.len}, next) == APISEC_OK ? next : NULL;
}

struct node *node_parameter(apisec_rules *rules, struct node *node)
{
    if (node->parameter == NULL) node->parameter = node_new(rules);
    return node->parameter;
}

const struct rule *rule_of_method(const struct rule *first, struct text method)
{
    const struct rule *any = NULL;
    bool is_other_case = false; /* to a service that takes no notice of case it is the method that a rule names */
    for (; first != NULL; first = first->next) {
        if (first->methods.num == 0) any = first;
        for (size_t i = 0; i < first->methods.num; i++) {
            if (text_is(method, first->methods.at[i])) return first;
            is_other_case = is_other_case || text_is_caseless(method, first->methods.at[i]);
        }
    }
    return is_other_case ? NULL : any;
}

/* find_leaf: the rules of the most specific template. At most 32 deep, as paths are. */
static const struct rule *find_leaf(const struct node *node, const struct path *path, size_t at)
{
    const struct rule *leaf = NULL;
    if (at == path->num) return node->here != NULL ? node->here : node->below;
    const struct text segment = path->segments[at];
    const struct node *literal = table_get(&node->literals, segment);
    if (literal != NULL) leaf = find_leaf(literal, path, at + 1);
    if (leaf == NULL && node->parameter != NULL && segment.len > 0) leaf = find_leaf(node->parameter, path, at + 1);
    return leaf != NULL ? leaf : node->below;
}

const struct rule *rules_find(const apisec_rules *rules, struct text method, const struct path *path, bool *template_matched)
{
    const struct rule *leaf = find_leaf(rules->root, path, 0);
    *template_matched = leaf != NULL;
    return rule_of_method(leaf, method);
}

const char *rules_which(const apisec_rules *rules, struct text method, struct text path)
{
    struct arena arena = {NULL};
    struct path parsed;
    bool matched;
    const struct rule *rule = NULL;
    if (path_parse(path, &arena, &parsed, NULL) == APISEC_OK) rule = rules_find(rules, method, &parsed, &matched);
    arena_free(&arena);
    return rule != NULL ? rule->id : NULL;
}

apisec_rules *rules_ref(const apisec_rules *rules)
{
    apisec_rules *const counted = (apisec_rules *)rules; /* nothing else of them changes */
    counted->references++;
    return counted;
}

const char *rules_version(const apisec_rules *rules)
{
    return rules->version;
}

const struct claim_path *rules_role_claims(const apisec_rules *rules, size_t *num)
{
    *num = rules->num_role_claims;
    return rules->role_claims;
}

/* ---- the handle ---- */

static apisec_status read_version(apisec_rules *rules, struct text json, apisec_error *err)
{
    unsigned char hash[CRYPTO_MAX_HASH];
    const apisec_status status = crypto_hash_bytes(CRYPTO_SHA256, json.at, json.len, hash);
    if (status != APISEC_OK) return fail(err, status, "the document cannot be hashed");
    base64url_encode(hash, 32, rules->version);
    return APISEC_OK;
}

const char *const rules_members[] = {"role_claims", "networks", "trusted_proxies", "peers", "services",
                                     "limits",      "policies", "rules",           NULL};

apisec_status rules_read(const struct shape *top, struct text document, apisec_rules **rules, apisec_error *err)
{
    *rules = NULL;
    apisec_rules *const made = calloc(1, sizeof *made);
    if (made == NULL) return fail_memory(err);
    made->references = 1;
    made->root = node_new(made);
    apisec_status status = made->root == NULL ? fail_memory(err) : rule_document_read(top, made, err);
    if (status == APISEC_OK) status = read_version(made, document, err);
    if (status == APISEC_OK) *rules = made;
    else apisec_rules_free(made);
    return status;
}

apisec_status apisec_rules_new(const char *json, size_t len, apisec_rules **rules, apisec_error *err)
{
    static const apisec_json_limits limits = {
        .max_bytes = 8 << 20, .max_depth = 16, .max_members = 1024, .max_elements = RULES_MAX};
    struct json *document = NULL;
    if (rules == NULL) return fail(err, APISEC_E_ARGUMENT, "there is nowhere to put the rules");
    *rules = NULL;
    if (json == NULL) return fail(err, APISEC_E_ARGUMENT, "there is no document");
    apisec_status status = json_parse((struct text){json, len}, &limits, &document, err);
    const struct shape top = {document, NULL, NULL, 0};
    if (status == APISEC_OK) status = shape_object(&top, rules_members, err);
    if (status == APISEC_OK) status = rules_read(&top, (struct text){json, len}, rules, err);
    json_free(document);
    return status == APISEC_OK ? succeed(err) : status;
}

void apisec_rules_free(apisec_rules *rules)
{
    if (rules == NULL || --rules->references > 0) return;
    for (struct node *node = rules->all; node != NULL; node = node->all) table_free(&node->literals);
    table_free(&rules->policies);
    table_free(&rules->ids);
    table_free(&rules->networks);
    table_free(&rules->peers);
    service_memory_free(rules->services.memory);
    for (size_t i = 0; i < rules->num_limits; i++) limit_free(&rules->limits[i]);
    arena_free(&rules->arena);
    free(rules);
}

void rules_inherit(apisec_rules *rules, const apisec_rules *older)
{
    for (size_t i = 0; i < rules->num_limits; i++)
        for (size_t k = 0; k < older->num_limits; k++) limit_inherit(&rules->limits[i], &older->limits[k]);
}

const char *apisec_rules_notice(const apisec_rules *rules, size_t index)
{
    return rules != NULL && index < rules->num_notices ? rules->notices[index] : NULL;
}
