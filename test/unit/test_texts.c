/* SPDX-License-Identifier: Apache-2.0
 *
 * test_texts.c: lists of strings in a document: never empty, each string once, and joined for the detail of a check.
 */
#include "support/unit.h"
#include "access/texts.h"

#include <string.h>

static apisec_status read_list(const char *json, struct arena *arena, struct texts *texts, apisec_error *err)
{
    struct json *document = NULL;
    assert_int_equal(json_parse(text_of(json), NULL, &document, err), APISEC_OK);
    const struct shape top = {document, NULL, NULL, 0}, list = shape_member(&top, "list");
    const apisec_status status = texts_read(&list, arena, texts, err);
    json_free(document); /* what was read stays: it was copied */
    return status;
}

static void test_reading(void **state)
{
    (void)state;
    static const struct {
        const char *json, *sentence, *joined; /* one of the two */
        size_t num;
    } rows[] = {
        {"{\"list\":[\"a\"]}", NULL, "a", 1},
        {"{\"list\":[\"a\",\"b\",\"A\"]}", NULL, "a b A", 3},
        {"{\"list\":[]}", "list: an empty list can never be met", NULL, 0},
        {"{}", "list: missing", NULL, 0},
        {"{\"list\":\"a\"}", "list: an array is wanted, not a string", NULL, 0},
        {"{\"list\":[\"a\",\"\"]}", "list[1]: empty", NULL, 0},
        {"{\"list\":[\"a\",1]}", "list[1]: a string is wanted, not a number", NULL, 0},
        {"{\"list\":[\"a\",\"b\",\"a\"]}", "list[2]: is there twice", NULL, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena = {NULL};
        struct texts texts;
        apisec_error err = {0, ""};
        const apisec_status status = read_list(rows[i].json, &arena, &texts, &err);
        assert_int_equal(status, rows[i].sentence == NULL ? APISEC_OK : APISEC_E_CONFIG);
        if (rows[i].sentence != NULL) {
            assert_string_equal(err.text, rows[i].sentence);
        } else {
            assert_int_equal(texts.num, rows[i].num);
            assert_string_equal(texts.joined, rows[i].joined);
        }
        arena_free(&arena);
    }
}

static void test_a_long_list_is_joined_in_part(void **state)
{
    (void)state;
    char json[400] = "{\"list\":[\"", longest[TEXTS_MAX_JOINED + 1];
    struct arena arena = {NULL};
    struct texts texts;
    apisec_error err;
    memset(longest, 'x', TEXTS_MAX_JOINED);
    longest[TEXTS_MAX_JOINED] = '\0';
    strncat(json, longest, sizeof json - strlen(json) - 1);
    strncat(json, "y\",\"z\"]}", sizeof json - strlen(json) - 1);
    assert_int_equal(read_list(json, &arena, &texts, &err), APISEC_OK);
    assert_int_equal(texts.num, 2);
    assert_int_equal(strlen(texts.at[0]), TEXTS_MAX_JOINED + 1); /* what is compared is whole */
    assert_string_equal(texts.joined, longest);
    arena_free(&arena);
}

static void test_who_is_in_it(void **state)
{
    (void)state;
    static const char *names[] = {"a", "bc", "d"};
    const struct texts texts = {names, 3, NULL}, none = {NULL, 0, NULL};
    assert_true(texts_have(&texts, text_of("a")));
    assert_true(texts_have(&texts, text_of("bc")));
    assert_false(texts_have(&texts, text_of("b")));
    assert_false(texts_have(&texts, text_of("bcd")));
    assert_false(texts_have(&texts, text_of("A")));
    assert_false(texts_have(&texts, text_of(""))); /* there, and in none */
    assert_false(texts_have(&texts, text_of(NULL)));
    assert_false(texts_have(&texts, (struct text){"a\0", 2}));
    assert_false(texts_have(&none, text_of("a")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_a_long_list_is_joined_in_part),
        cmocka_unit_test(test_who_is_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
