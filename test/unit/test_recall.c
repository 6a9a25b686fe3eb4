/* SPDX-License-Identifier: Apache-2.0
 *
 * test_recall.c: what a record is taken to say of a claim, and what it does not say: never absent for not known, never what was cut
 * for whole. What becomes of whole records is in test_guard_replay.c.
 */
#include "support/unit.h"
#include "access/access.h"


#define CLAIMS                                                                                                                     \
    "{\"claims\":{\"tenant\":\"acme\",\"/realm_access/roles\":[\"clerk\"],\"/a~1b/c~0d\":1,\"gone\":null,\"address\":"             \
    "{\"country\":\"DE\",\"city\":null}},\"sub\":\"u1\",\"scope\":\"read\"}"

static void test_claims(void **state)
{
    (void)state;
    static const struct {
        const char *steps[3];
        bool is_known;
        enum json_kind kind; /* JSON_NULL: absent */
        const char *why;
    } rows[] = {
        {{"tenant"}, true, JSON_STRING, "one that is named"},
        {{"Tenant"}, false, JSON_NULL, "not the same name"},
        {{"gone"}, true, JSON_NULL, "it was absent, and that is known"},
        {{"other"}, false, JSON_NULL, "nobody recorded it: that is not absent"},
        {{"realm_access", "roles"}, true, JSON_ARRAY, "named by a pointer"},
        {{"realm_access"}, false, JSON_NULL, "only a part of it was recorded"},
        {{"realm_access", "groups"}, false, JSON_NULL, "beside what was recorded"},
        {{"a/b", "c~d"}, true, JSON_NUMBER, "a pointer's escapes"},
        {{"a", "b", "c~d"}, false, JSON_NULL, "an escaped slash is no step"},
        {{"address", "country"}, true, JSON_STRING, "within what was recorded whole"},
        {{"address", "city"}, true, JSON_NULL, "null is absent"},
        {{"address", "street"}, true, JSON_NULL, "absent within what is there whole"},
        {{"sub"}, true, JSON_STRING, "every record has it"},
        {{"sub", "x"}, false, JSON_NULL, "a text has no members: another claim"},
        {{"scope"}, true, JSON_STRING, "and this, where there was one"},
    };
    struct json *document = NULL;
    assert_int_equal(json_parse_object(text_of(CLAIMS), NULL, &document, NULL), APISEC_OK);
    struct recalled recalled = {.has_token = true,
                                .claims = json_member(document, "claims"),
                                .subject = json_member(document, "sub"),
                                .scope = json_member(document, "scope")};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct json *value = document;
        size_t num = 1;
        while (num < 3 && rows[i].steps[num] != NULL) num++;
        if (recalled_claim(&recalled, rows[i].steps, num, &value) != rows[i].is_known) fail_msg("%s", rows[i].why);
        if (rows[i].kind == JSON_NULL) assert_null(value);
        else assert_int_equal(json_kind(value), rows[i].kind);
    }
    static const char *const scope[] = {"scope"}, *const tenant[] = {"tenant"};
    const struct json *value;
    recalled.scope = NULL;
    assert_false(recalled_claim(&recalled, scope, 1, &value)); /* it may have been empty */
    recalled.has_token = false;
    assert_false(recalled_claim(&recalled, tenant, 1, &value));
    json_free(document);
}

/* A text is cut where a character begins, at most three bytes before its limit. */
static void test_what_may_have_been_cut(void **state)
{
    (void)state;
    static const char document[] = "{\"seven\":\"1234567\",\"four\":\"1234\"}";
    struct json *parsed = NULL;
    struct text text;
    assert_int_equal(json_parse_object(text_of(document), NULL, &parsed, NULL), APISEC_OK);
    assert_true(recalled_text(json_member(parsed, "four"), 8, &text));
    assert_true(text_is(text, "1234"));
    assert_false(recalled_text(json_member(parsed, "four"), 7, &text));
    assert_false(recalled_text(json_member(parsed, "seven"), 8, &text));
    assert_true(recalled_text(json_member(parsed, "seven"), 11, &text));
    assert_true(recalled_text(NULL, 8, &text)); /* absent, and known to be */
    assert_null(text.at);
    json_free(parsed);
}

static void test_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        apisec_status status;
    } rows[] = {
        {"", APISEC_E_AUDIT},
        {"{}", APISEC_E_AUDIT},
        {"{\"unmapped\":{\"apisec\":{\"kind\":\"event\"}}}", APISEC_OK}, /* a record, of no decision */
        {"{\"unmapped\":{\"apisec\":{\"kind\":\"decision\"}}}", APISEC_E_AUDIT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct recalled recalled;
        bool found = true;
        assert_int_equal(recalled_read(text_of(rows[i].line), &recalled, &found, NULL), rows[i].status);
        assert_false(found);
        assert_null(recalled.document); /* nothing to free */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_claims),
        cmocka_unit_test(test_what_may_have_been_cut),
        cmocka_unit_test(test_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
