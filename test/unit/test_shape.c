/* SPDX-License-Identifier: Apache-2.0
 *
 * test_shape.c: documents that people write: each mistake is found where it is, and said with its path.
 */
#include "support/unit.h"
#include "json/json.h"

#include <string.h>

static const char *const rule_names[] = {"id", "path", "require", "age", "open", NULL};
static const char *const require_names[] = {"scopes", "roles", NULL};

/* The reader of a small document: {"rules":[{"id":…,"path":…,"require":{"scopes":[…]},"age":0..9,"open":bool}]}. */
static apisec_status read_rule(const struct shape *rule, apisec_error *err)
{
    const char *text;
    int64_t number;
    bool value;
    const struct shape id = shape_member(rule, "id"), require = shape_member(rule, "require"), age = shape_member(rule, "age"),
                       open = shape_member(rule, "open");
    apisec_status status = shape_object(rule, rule_names, err);
    if (status == APISEC_OK) status = shape_text(&id, &text, err);
    if (status == APISEC_OK && require.value) status = shape_object(&require, require_names, err);
    const struct shape scopes = shape_member(&require, "scopes");
    if (status == APISEC_OK && scopes.value) status = shape_kind(&scopes, JSON_ARRAY, err);
    for (struct shape scope = shape_first(&scopes); status == APISEC_OK && scope.value; shape_next(&scope))
        status = shape_text(&scope, &text, err);
    if (status == APISEC_OK && age.value) status = shape_number(&age, 0, 9, &number, err);
    if (status == APISEC_OK && open.value) status = shape_bool(&open, &value, err);
    return status;
}

static apisec_status read_rules(const char *json, apisec_error *err)
{
    static const char *const names[] = {"rules", NULL};
    struct json *document = NULL;
    assert_int_equal(json_parse(text_of(json), NULL, &document, err), APISEC_OK);
    const struct shape top = {document, NULL, NULL, 0}, rules = shape_member(&top, "rules");
    apisec_status status = shape_object(&top, names, err);
    if (status == APISEC_OK) status = shape_kind(&rules, JSON_ARRAY, err);
    for (struct shape rule = shape_first(&rules); status == APISEC_OK && rule.value; shape_next(&rule))
        status = read_rule(&rule, err);
    json_free(document);
    return status;
}

static void test_sentences(void **state)
{
    (void)state;
    static const struct {
        const char *json, *sentence; /* NULL: accepted */
    } rows[] = {
        {"{\"rules\":[{\"id\":\"a\"},{\"id\":\"b\",\"require\":{\"scopes\":[\"x\",\"y\"]},\"age\":9,\"open\":true}]}", NULL},
        {"{\"rules\":[]}", NULL},
        {"[]", "an object is wanted, not an array"},
        {"{}", "rules: missing"},
        {"{\"rules\":{}}", "rules: an array is wanted, not an object"},
        {"{\"rulse\":[]}", "rulse: unknown, did you mean \"rules\"?"},
        {"{\"rules\":[],\"elsewhere\":1}", "elsewhere: unknown"},
        {"{\"rules\":[{\"id\":\"a\"},{\"id\":\"\"}]}", "rules[1].id: empty"},
        {"{\"rules\":[{\"id\":7}]}", "rules[0].id: a string is wanted, not a number"},
        {"{\"rules\":[{}]}", "rules[0].id: missing"},
        {"{\"rules\":[{\"id\":\"a\",\"require\":{\"scope\":[]}}]}", "rules[0].require.scope: unknown, did you mean \"scopes\"?"},
        {"{\"rules\":[{\"id\":\"a\",\"require\":{\"scopes\":\"x\"}}]}",
         "rules[0].require.scopes: an array is wanted, not a string"},
        {"{\"rules\":[{\"id\":\"a\",\"require\":{\"scopes\":[\"x\",null]}}]}",
         "rules[0].require.scopes[1]: a string is wanted, not null"},
        {"{\"rules\":[{\"id\":\"a\",\"age\":10}]}", "rules[0].age: a whole number from 0 to 9 is wanted"},
        {"{\"rules\":[{\"id\":\"a\",\"age\":-1}]}", "rules[0].age: a whole number from 0 to 9 is wanted"},
        {"{\"rules\":[{\"id\":\"a\",\"age\":1.5}]}", "rules[0].age: a whole number from 0 to 9 is wanted"},
        {"{\"rules\":[{\"id\":\"a\",\"age\":\"1\"}]}", "rules[0].age: a number is wanted, not a string"},
        {"{\"rules\":[{\"id\":\"a\",\"open\":1}]}", "rules[0].open: true or false is wanted, not a number"},
        {"{\"rules\":[{\"ID\":\"a\"}]}", "rules[0].ID: unknown"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_error err = {0, ""};
        const apisec_status status = read_rules(rows[i].json, &err);
        if (rows[i].sentence == NULL) {
            assert_int_equal(status, APISEC_OK);
            continue;
        }
        assert_int_equal(status, APISEC_E_CONFIG);
        assert_int_equal(err.status, APISEC_E_CONFIG);
        assert_string_equal(err.text, rows[i].sentence);
    }
}

static void test_a_long_path_is_cut(void **state)
{
    (void)state;
    char name[400];
    apisec_error err;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    const struct shape top = {NULL, NULL, NULL, 0}, member = {NULL, &top, name, 0}, deeper = {NULL, &member, name, 0};
    assert_int_equal(shape_fail(&deeper, &err, "missing"), APISEC_E_CONFIG);
    assert_non_null(strstr(err.text, ": missing")); /* what is wrong is said all the same */
    char path[SHAPE_MAX_PATH];
    shape_path(&deeper, path);
    assert_int_equal(strlen(path), SHAPE_MAX_PATH - 1);
    shape_path(&top, path);
    assert_string_equal(path, "");
}

/* A failure that somebody else has put into words keeps its status; what is out of memory has no path. */
static void test_the_failure_of_another(void **state)
{
    (void)state;
    apisec_error err;
    const struct shape top = {NULL, NULL, NULL, 0}, member = {NULL, &top, "keys", 0};
    const apisec_error unsupported = {APISEC_E_UNSUPPORTED, "RSA is not supported"}, memory = {APISEC_E_MEMORY, "out of memory"};
    assert_int_equal(shape_fail_as(&member, &unsupported, &err), APISEC_E_UNSUPPORTED);
    assert_string_equal(err.text, "keys: RSA is not supported");
    assert_int_equal(shape_fail_as(&top, &unsupported, &err), APISEC_E_UNSUPPORTED);
    assert_string_equal(err.text, "RSA is not supported");
    assert_int_equal(shape_fail_as(&member, &memory, &err), APISEC_E_MEMORY);
    assert_string_equal(err.text, "out of memory");
}

/* What may be absent has a value then, and is read as strictly as the rest where it is there. */
static void test_what_may_be_absent(void **state)
{
    (void)state;
    static const struct {
        const char *json, *sentence; /* NULL: accepted */
        const char *text;
        int64_t number;
        bool flag;
    } rows[] = {
        {"{}", NULL, NULL, 7, false},
        {"{\"text\":\"a\",\"number\":3,\"flag\":true}", NULL, "a", 3, true},
        {"{\"text\":\"\"}", "text: empty", NULL, 7, false},
        {"{\"text\":null}", "text: a string is wanted, not null", NULL, 7, false},
        {"{\"number\":10}", "number: a whole number from 1 to 9 is wanted", NULL, 10, false},
        {"{\"number\":null}", "number: a number is wanted, not null", NULL, 0, false},
        {"{\"flag\":false}", "flag: only true: leave it out where it is not wanted", NULL, 7, false},
        {"{\"flag\":1}", "flag: true or false is wanted, not a number", NULL, 7, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_error err = {0, ""};
        struct json *document = NULL;
        const char *text = "before";
        int64_t number = 7;
        bool flag = true;
        assert_int_equal(json_parse(text_of(rows[i].json), NULL, &document, &err), APISEC_OK);
        const struct shape top = {document, NULL, NULL, 0};
        const apisec_status statuses[] = {shape_optional_text(&top, "text", &text, &err),
                                          shape_optional_number(&top, "number", 1, 9, &number, &err),
                                          shape_flag(&top, "flag", &flag, &err)};
        for (size_t k = 0; k < 3; k++) assert_true(statuses[k] == APISEC_OK || statuses[k] == APISEC_E_CONFIG);
        assert_int_equal(err.status, rows[i].sentence == NULL ? APISEC_OK : APISEC_E_CONFIG);
        if (rows[i].sentence != NULL) assert_string_equal(err.text, rows[i].sentence);
        assert_int_equal(number, rows[i].number);
        assert_int_equal(flag, rows[i].flag);
        if (rows[i].text == NULL) assert_null(text);
        else assert_string_equal(text, rows[i].text);
        json_free(document);
    }
}

static void test_the_nearest_name(void **state)
{
    (void)state;
    static const char *const names[] = {"scopes", "any_scope", "roles", "clients", NULL};
    assert_string_equal(shape_nearest("scope", names), "scopes");
    assert_string_equal(shape_nearest("role", names), "roles");
    assert_string_equal(shape_nearest("client", names), "clients");
    assert_string_equal(shape_nearest("anyscope", names), "any_scope");
    assert_null(shape_nearest("networks", names));
    assert_null(shape_nearest("x", names));
    static const char *const none[] = {NULL};
    assert_null(shape_nearest("scopes", none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_a_long_path_is_cut),
        cmocka_unit_test(test_the_failure_of_another),
        cmocka_unit_test(test_what_may_be_absent),
        cmocka_unit_test(test_the_nearest_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
