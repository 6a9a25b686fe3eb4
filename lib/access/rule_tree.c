/* SPDX-License-Identifier: Apache-2.0
 *
 * rule_tree.c: the tree in which a path finds its rule, and which it is: filled by rule_document.c, then only read:
 *
 *     root ── "customers" ── {} ── "orders" ── the rules of ** below
 *                             └─ the rules of /customers/{customer}
 *
 * A node has its literal segments in a keyed hash table, at most one node for `{name}`, the rules that end here, and those of `**`.
 * So a decision costs the length of the path and not the number of rules.
 */
#include "access/rules.h"

struct node *node_new(apisec_rules *rules)
{
    struct node *node = arena_alloc(&rules->arena, sizeof *node);
    if (node == NULL) return NULL;
    node->next = rules->nodes;
    rules->nodes = node;
    return node;
}

void nodes_free(apisec_rules *rules)
{
    for (struct node *node = rules->nodes; node != NULL; node = node->next) table_free(&node->literals);
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

/* find_leaf: the rules of the most specific template. As deep as a path has segments: at most PATH_MAX_SEGMENTS. */
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
