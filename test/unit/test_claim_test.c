/* SPDX-License-Identifier: Apache-2.0
 *
 * test_claim_test.c: one test of one claim: byte for byte, of the same type, and never met by what is absent or null. Beside each
 * row that is met stand those with one thing changed that are not.
 */
#include "support/unit.h"
#include "access/rules.h"

#include <stdio.h>

/* The path is /customers/7: its second segment is the parameter. */
static const struct path path = {.segments = {{"customers", 9}, {"7", 1}}, .num = 2};

#define TEXT(value)   {.kind = OPERAND_TEXT, .text = (value)}
#define NUMBER(value) {.kind = OPERAND_NUMBER, .number = (value)}
#define BOOL(value)   {.kind = OPERAND_BOOL, .boolean = (value)}
#define SEGMENT(at)   {.kind = OPERAND_PARAMETER, .text = "customer", .segment = (at)}

static const char *one_of[] = {"gold", "silver"};

static const struct {
    struct claim_test test;
    const char *value; /* JSON; NULL: absent */
    bool is_met;
} rows[] = {
    {{.kind = CLAIM_EQUALS, .operand = TEXT("acme")}, "\"acme\"", true},
    {{.kind = CLAIM_EQUALS, .operand = TEXT("acme")}, "\"Acme\"", false},
    {{.kind = CLAIM_EQUALS, .operand = TEXT("acme")}, "\"acme \"", false},
    {{.kind = CLAIM_EQUALS, .operand = TEXT("acme")}, "[\"acme\"]", false},
    {{.kind = CLAIM_EQUALS, .operand = TEXT("acme")}, NULL, false},
    {{.kind = CLAIM_EQUALS, .operand = TEXT("7")}, "7", false},
    {{.kind = CLAIM_EQUALS, .operand = NUMBER(7)}, "7", true},
    {{.kind = CLAIM_EQUALS, .operand = NUMBER(7)}, "7.0", true},
    {{.kind = CLAIM_EQUALS, .operand = NUMBER(7)}, "7.5", false},
    {{.kind = CLAIM_EQUALS, .operand = NUMBER(7)}, "\"7\"", false},
    {{.kind = CLAIM_EQUALS, .operand = NUMBER(0)}, "null", false},
    {{.kind = CLAIM_EQUALS, .operand = NUMBER(0)}, "false", false},
    {{.kind = CLAIM_EQUALS, .operand = BOOL(true)}, "true", true},
    {{.kind = CLAIM_EQUALS, .operand = BOOL(true)}, "1", false},
    {{.kind = CLAIM_EQUALS, .operand = BOOL(false)}, "false", true},
    {{.kind = CLAIM_EQUALS, .operand = BOOL(false)}, NULL, false},
    {{.kind = CLAIM_EQUALS, .operand = BOOL(false)}, "null", false},
    {{.kind = CLAIM_EQUALS, .operand = SEGMENT(1)}, "\"7\"", true},
    {{.kind = CLAIM_EQUALS, .operand = SEGMENT(1)}, "7", true},
    {{.kind = CLAIM_EQUALS, .operand = SEGMENT(1)}, "\"07\"", false},
    {{.kind = CLAIM_EQUALS, .operand = SEGMENT(1)}, "\"\"", false},
    {{.kind = CLAIM_EQUALS, .operand = SEGMENT(0)}, "7", false},
    {{.kind = CLAIM_EQUALS, .operand = SEGMENT(2)}, "\"7\"", false}, /* the path has no such segment */
    {{.kind = CLAIM_EQUALS, .operand = SEGMENT(2)}, "\"\"", false},
    {{.kind = CLAIM_ONE_OF, .values = {one_of, 2, NULL}}, "\"silver\"", true},
    {{.kind = CLAIM_ONE_OF, .values = {one_of, 2, NULL}}, "\"bronze\"", false},
    {{.kind = CLAIM_ONE_OF, .values = {one_of, 2, NULL}}, "[\"gold\"]", false},
    {{.kind = CLAIM_CONTAINS, .operand = TEXT("a")}, "[\"b\",\"a\"]", true},
    {{.kind = CLAIM_CONTAINS, .operand = TEXT("a")}, "[\"b\",[\"a\"]]", false},
    {{.kind = CLAIM_CONTAINS, .operand = TEXT("a")}, "[]", false},
    {{.kind = CLAIM_CONTAINS, .operand = TEXT("a")}, "\"a\"", false},
    {{.kind = CLAIM_CONTAINS, .operand = TEXT("a")}, "{\"a\":\"a\"}", false},
    {{.kind = CLAIM_CONTAINS, .operand = SEGMENT(1)}, "[6,7]", true},
    {{.kind = CLAIM_CONTAINS, .operand = SEGMENT(1)}, "[6,77]", false},
    {{.kind = CLAIM_PREFIX, .operand = TEXT("/eu/de")}, "\"/eu/de\"", true},
    {{.kind = CLAIM_PREFIX, .operand = TEXT("/eu/de")}, "\"/eu/de/berlin\"", true},
    {{.kind = CLAIM_PREFIX, .operand = TEXT("/eu/de")}, "\"/eu/denmark\"", false},
    {{.kind = CLAIM_PREFIX, .operand = TEXT("/eu/de")}, "\"/eu\"", false},
    {{.kind = CLAIM_EXISTS}, "false", true},
    {{.kind = CLAIM_EXISTS}, "\"\"", true},
    {{.kind = CLAIM_EXISTS}, "null", false},
    {{.kind = CLAIM_EXISTS}, NULL, false},
    {{.kind = CLAIM_RANGE, .min = -1, .max = 3}, "-1", true},
    {{.kind = CLAIM_RANGE, .min = -1, .max = 3}, "3", true},
    {{.kind = CLAIM_RANGE, .min = -1, .max = 3}, "4", false},
    {{.kind = CLAIM_RANGE, .min = -1, .max = 3}, "-2", false},
    {{.kind = CLAIM_RANGE, .min = -1, .max = 3}, "2.5", false},
    {{.kind = CLAIM_RANGE, .min = -1, .max = 3}, "\"2\"", false},
    {{.kind = CLAIM_RANGE, .min = -1, .max = 3}, NULL, false},
};

static void test_one_claim(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char json[64];
        struct json *claims = NULL;
        if (rows[i].value != NULL) snprintf(json, sizeof json, "{\"claim\":%s}", rows[i].value);
        else snprintf(json, sizeof json, "{}");
        assert_int_equal(json_parse_object(text_of(json), NULL, &claims, NULL), APISEC_OK);
        if (claim_test_is_met(&rows[i].test, json_member(claims, "claim"), &path) != rows[i].is_met)
            fail_msg("row %zu: %s", i, json);
        json_free(claims);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_claim)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
