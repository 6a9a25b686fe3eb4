/* SPDX-License-Identifier: Apache-2.0
 *
 * claim_read.c: how rules name claims, and what they demand of one, as it is written: include/apisec/rules.h.
 */
#include "access/rules.h"

#define MAX_INTEGER ((INT64_C(1) << 53) - 1) /* readers agree on whole numbers up to here: RFC 8259 section 6 */

/* unescape_step undoes RFC 6901's "~1" and "~0" in place; false: another "~". */
static bool unescape_step(char *step)
{
    char *to = step;
    for (const char *from = step; *from != '\0'; from++) {
        if (*from != '~') {
            *to++ = *from;
            continue;
        }
        from++;
        if (*from != '0' && *from != '1') return false;
        *to++ = *from == '0' ? '~' : '/';
    }
    *to = '\0';
    return true;
}

static apisec_status split_pointer(const struct shape *at, char *pointer, struct claim_path *path, apisec_error *err)
{
    for (char *step = pointer + 1; step != NULL;) {
        char *end = strchr(step, '/');
        if (end != NULL) *end = '\0';
        if (path->num_steps == RULE_MAX_STEPS) return shape_fail(at, err, "more than %d steps", RULE_MAX_STEPS);
        if (step[0] == '\0' || !unescape_step(step)) return shape_fail(at, err, "not a JSON Pointer (RFC 6901) of names");
        path->steps[path->num_steps++] = step;
        step = end != NULL ? end + 1 : NULL;
    }
    return APISEC_OK;
}

apisec_status claim_path_read(const struct shape *at, struct arena *arena, struct claim_path *path, apisec_error *err)
{
    const char *text;
    apisec_status status = shape_text(at, &text, err);
    *path = (struct claim_path){NULL, {NULL}, 0};
    if (status == APISEC_OK) status = texts_keep(arena, text, &path->written, err);
    if (status != APISEC_OK) return status;
    char *copy = arena_text(arena, text_of(text));
    if (copy == NULL) return fail_memory(err);
    if (copy[0] == '/') return split_pointer(at, copy, path, err);
    path->steps[path->num_steps++] = copy;
    return APISEC_OK;
}

static apisec_status read_parameter(const struct shape *at, const struct rule_scope *scope, struct operand *operand,
                                    apisec_error *err)
{
    const char *name;
    const apisec_status status = shape_text(at, &name, err);
    if (status != APISEC_OK) return status;
    for (size_t i = 0; i < scope->num_parameters; i++)
        if (strcmp(scope->parameters[i], name) == 0) {
            *operand = (struct operand){.kind = OPERAND_PARAMETER, .text = scope->parameters[i], .segment = scope->segments[i]};
            return APISEC_OK;
        }
    if (scope->policies == NULL) return shape_fail(at, err, "a policy has no path: a parameter can only be used in a rule");
    return shape_fail(at, err, "the path has no {%.60s}", name);
}

static apisec_status read_constant(const struct shape *at, struct arena *arena, struct operand *operand, apisec_error *err)
{
    const char *text;
    switch (json_kind(at->value)) {
    case JSON_TRUE:
    case JSON_FALSE:
        *operand = (struct operand){.kind = OPERAND_BOOL, .boolean = json_kind(at->value) == JSON_TRUE};
        return APISEC_OK;
    case JSON_NUMBER: operand->kind = OPERAND_NUMBER; return shape_number(at, -MAX_INTEGER, MAX_INTEGER, &operand->number, err);
    case JSON_STRING: {
        operand->kind = OPERAND_TEXT;
        const apisec_status status = shape_text(at, &text, err);
        return status == APISEC_OK ? texts_keep(arena, text, &operand->text, err) : status;
    }
    default: return shape_fail(at, err, "a string, a whole number, true or false is wanted");
    }
}

static apisec_status read_range(const struct shape *object, struct claim_test *test, apisec_error *err)
{
    const struct shape min = shape_member(object, "min"), max = shape_member(object, "max");
    apisec_status status = APISEC_OK;
    test->kind = CLAIM_RANGE;
    test->min = -MAX_INTEGER;
    test->max = MAX_INTEGER;
    if (min.value != NULL) status = shape_number(&min, -MAX_INTEGER, MAX_INTEGER, &test->min, err);
    if (status == APISEC_OK && max.value != NULL) status = shape_number(&max, -MAX_INTEGER, MAX_INTEGER, &test->max, err);
    if (status == APISEC_OK && test->min > test->max) return shape_fail(object, err, "min is greater than max");
    return status;
}

static apisec_status read_prefix(const struct shape *at, struct arena *arena, struct claim_test *test, apisec_error *err)
{
    const char *text;
    apisec_status status = shape_text(at, &text, err);
    test->kind = CLAIM_PREFIX;
    if (status != APISEC_OK) return status;
    if (text[strlen(text) - 1] == '/') return shape_fail(at, err, "ends with a slash: it is compared segment by segment");
    return texts_keep(arena, text, &test->operand.text, err);
}

static apisec_status read_exists(const struct shape *at, struct claim_test *test, apisec_error *err)
{
    bool value;
    const apisec_status status = shape_bool(at, &value, err);
    test->kind = CLAIM_EXISTS;
    if (status != APISEC_OK) return status;
    return value ? APISEC_OK : shape_fail(at, err, "only true: what is absent must never help");
}

/* which_test finds the one member that says how the claim is tested; min and max count as one. */
static apisec_status which_test(const struct shape *object, struct shape *found, apisec_error *err)
{
    size_t num = 0;
    bool range = false;
    for (struct shape member = shape_first(object); member.value != NULL; shape_next(&member)) {
        if (strcmp(member.name, "claim") == 0) continue;
        const bool bound = strcmp(member.name, "min") == 0 || strcmp(member.name, "max") == 0;
        if (!bound || !range) num++;
        range = range || bound;
        *found = member;
    }
    return num == 1 ? APISEC_OK : shape_fail(object, err, "exactly one test of the claim is wanted");
}

static apisec_status read_test(const struct shape *object, struct rule_scope *scope, struct claim_test *test, apisec_error *err)
{
    static const char *const names[] = {
        "claim", "equals", "equals_parameter", "one_of", "contains", "contains_parameter", "prefix", "exists", "min", "max", NULL};
    struct shape how = {NULL, NULL, NULL, 0};
    const struct shape claim = shape_member(object, "claim");
    apisec_status status = shape_object(object, names, err);
    if (status == APISEC_OK) status = claim_path_read(&claim, scope->arena, &test->claim, err);
    if (status == APISEC_OK) status = which_test(object, &how, err);
    if (status != APISEC_OK) return status;
    scope->num_checks++;
    test->kind = strncmp(how.name, "contains", 8) == 0 ? CLAIM_CONTAINS : CLAIM_EQUALS;
    if (strcmp(how.name, "one_of") == 0) {
        test->kind = CLAIM_ONE_OF;
        return texts_read(&how, scope->arena, &test->values, err);
    }
    if (strcmp(how.name, "prefix") == 0) return read_prefix(&how, scope->arena, test, err);
    if (strcmp(how.name, "exists") == 0) return read_exists(&how, test, err);
    if (how.name[0] == 'm') return read_range(object, test, err);
    if (strchr(how.name, '_') != NULL) return read_parameter(&how, scope, &test->operand, err);
    return read_constant(&how, scope->arena, &test->operand, err);
}

apisec_status claims_read(const struct shape *object, struct rule_scope *scope, struct requirement *requirement, apisec_error *err)
{
    const struct shape list = shape_member(object, "claims");
    if (list.value == NULL) return APISEC_OK;
    size_t num;
    apisec_status status = texts_list(&list, &num, err);
    if (status != APISEC_OK) return status;
    requirement->claims = arena_alloc(scope->arena, num * sizeof *requirement->claims);
    if (requirement->claims == NULL) return fail_memory(err);
    for (struct shape at = shape_first(&list); at.value != NULL && status == APISEC_OK; shape_next(&at))
        status = read_test(&at, scope, &requirement->claims[requirement->num_claims++], err);
    return status;
}
