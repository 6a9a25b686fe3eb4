/* SPDX-License-Identifier: Apache-2.0
 *
 * test_table.c: what was put is found, what was not is not, and nothing is put twice.
 */
#include "support/unit.h"
#include "base/base.h"
#include "support/guard.h"

#include <stdio.h>
#include <string.h>

static void test_many(void **state)
{
    (void)state;
    enum { NUM = 2000 };
    static char names[NUM][16];
    static int values[NUM];
    struct table table = {NULL, 0, 0};
    for (size_t i = 0; i < NUM; i++) {
        snprintf(names[i], sizeof names[i], "key-%zu", i);
        assert_null(table_get(&table, text_of(names[i])));
        assert_int_equal(table_put(&table, text_of(names[i]), &values[i]), APISEC_OK);
        assert_true(table.num < table.num_slots); /* a search ends at a free slot */
    }
    assert_int_equal(table.num, NUM);
    for (size_t i = 0; i < NUM; i++) {
        const char *key = guarded_text(names[i]);
        assert_ptr_equal(table_get(&table, (struct text){key, strlen(names[i])}), &values[i]);
        guard_free(key);
        assert_int_equal(table_put(&table, text_of(names[i]), &values[0]), APISEC_E_ARGUMENT);
        assert_ptr_equal(table_get(&table, text_of(names[i])), &values[i]);
    }
    assert_null(table_get(&table, text_of("key-2000")));
    assert_null(table_get(&table, text_of("Key-1")));
    table_free(&table);
    assert_null(table_get(&table, text_of("key-1")));
}

/* Up to six entries are looked at one by one, more are found by their hash: both find the same. */
static void test_few(void **state)
{
    (void)state;
    static const char *const names[] = {"orders", "order", "orders/", "", "Orders", "customers", "prices", "health"};
    enum { NUM = sizeof names / sizeof names[0], FEW = 6 };
    static int values[NUM];
    struct table table = {NULL, 0, 0};
    for (size_t num = 0; num < NUM; num++) {
        for (size_t i = 0; i < NUM; i++) {
            const char *const key = guarded_text(names[i]);
            assert_ptr_equal(table_get(&table, (struct text){key, strlen(names[i])}), i < num ? &values[i] : NULL);
            guard_free(key);
        }
        assert_null(table_get(&table, text_of("nobody")));
        assert_int_equal(table_put(&table, text_of(names[num]), &values[num]), APISEC_OK);
        assert_int_equal(table.num_slots == 8, table.num <= FEW); /* so both ways are taken */
        assert_int_equal(table_put(&table, text_of(names[num]), &values[0]), APISEC_E_ARGUMENT);
    }
    table_free(&table);
}

static void test_edges(void **state)
{
    (void)state;
    struct table table = {NULL, 0, 0};
    int value = 0;
    assert_null(table_get(&table, text_of("a")));
    assert_int_equal(table_put(&table, text_of("a"), NULL), APISEC_E_ARGUMENT);
    assert_int_equal(table_put(&table, text_of(""), &value), APISEC_OK);
    assert_ptr_equal(table_get(&table, text_of(NULL)), &value);
    assert_int_equal(table_put(&table, (struct text){"a\0b", 3}, &value), APISEC_OK);
    assert_null(table_get(&table, text_of("a")));
    table_free(&table);
    table_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_many), cmocka_unit_test(test_few), cmocka_unit_test(test_edges)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
