/* SPDX-License-Identifier: Apache-2.0
 *
 * claim_test.c: one test of one claim, as include/apisec/rules.h has them: byte for byte, and of the same type. What is absent,
 * null or of another type meets none.
 */
#include "access/rules.h"

#include <stdio.h>

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

bool claim_test_is_met(const struct claim_test *test, const struct json *value, const struct path *path)
{
    struct text text;
    int64_t number;
    if (value == NULL || json_kind(value) == JSON_NULL) return false;
    switch (test->kind) {
    case CLAIM_EQUALS: return equals(value, &test->operand, path);
    case CLAIM_ONE_OF: return json_as_text(value, &text) && texts_have(&test->values, text);
    case CLAIM_CONTAINS: return contains(value, &test->operand, path);
    case CLAIM_PREFIX: return begins(value, test->operand.text);
    case CLAIM_EXISTS: return true;
    case CLAIM_RANGE: return json_as_int64(value, &number) && number >= test->min && number <= test->max;
    }
    return false;
}
