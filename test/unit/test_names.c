/* SPDX-License-Identifier: Apache-2.0
 *
 * test_names.c: the set of member names forgets what an object held when it ends, so that its size follows the open objects only.
 */
#include "support/unit.h"
#include "json/scan.h"

#include <stdio.h>

static const unsigned char key[16] = "sixteen bytes...";

/* add: names stay where they are until the end. */
static apisec_status add(struct names *names, uint32_t object, size_t number)
{
    static char kept[1000][8];
    assert_true(number < sizeof kept / sizeof kept[0]);
    snprintf(kept[number], sizeof kept[number], "%zu", number);
    return names_add(names, object, text_of(kept[number]), false);
}

/* Few or many, with escapes or without: what is told apart and what is not is the same. */
static void test_few_and_many_agree(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool escaped;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {"abc", false, APISEC_OK, "the first"},         {"abd", false, APISEC_OK, "another byte"},
        {"ab", false, APISEC_OK, "the beginning of it"}, {"", false, APISEC_OK, "nothing"},
        {"abc", false, APISEC_E_MALFORMED, "again"},     {"", false, APISEC_E_MALFORMED, "again"},
        {"\\u0061b\\u0063", true, APISEC_E_MALFORMED, "again, spelled otherwise"},
        {"\\u0061e", true, APISEC_OK, "a new one with escapes"},
        {"ae", false, APISEC_E_MALFORMED, "again, without them"},
        {"abd", false, APISEC_E_MALFORMED, "still there"},
    };
    for (size_t others = 0; others < 100; others++) { /* of an object around: few, and so many that hashes are kept */
        struct names names;
        names_begin(&names, key);
        for (size_t i = 0; i < others; i++) assert_int_equal(add(&names, 1, i), APISEC_OK);
        assert_int_equal(names.hashed, others > NAMES_FEW);
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            const apisec_status status = names_add(&names, 2, text_of(rows[i].name), rows[i].escaped);
            if (status != rows[i].expected) fail_msg("beside %zu: %s", others, rows[i].why);
        }
        assert_true(names.hashed);
        assert_int_equal(names_add(&names, 1, text_of("abc"), false), APISEC_OK); /* another object's */
        names_drop(&names, 6);
        for (size_t i = 0; i < others; i++) assert_int_equal(add(&names, 1, i), APISEC_E_MALFORMED);
        names_end(&names);
    }
}

static void test_few_are_dropped(void **state)
{
    (void)state;
    struct names names;
    names_begin(&names, key);
    for (size_t i = 0; i < 5; i++) assert_int_equal(add(&names, 1, i), APISEC_OK);
    for (uint32_t object = 2; object < 100; object++) {
        for (size_t i = 0; i < 12; i++) assert_int_equal(add(&names, object, i), APISEC_OK);
        for (size_t i = 0; i < 12; i++) assert_int_equal(add(&names, object, i), APISEC_E_MALFORMED);
        names_drop(&names, 12);
    }
    assert_false(names.hashed);
    for (size_t i = 0; i < 5; i++) assert_int_equal(add(&names, 1, i), APISEC_E_MALFORMED);
    names_drop(&names, 6); /* one more than there are */
    assert_int_equal(names.num, 0);
    names_end(&names);
}

static void test_what_is_dropped_can_be_added_again(void **state)
{
    (void)state;
    struct names names;
    names_begin(&names, key);
    for (size_t i = 0; i < 20; i++) assert_int_equal(add(&names, 1, i), APISEC_OK);
    for (uint32_t object = 2; object < 2000; object++) {
        for (size_t i = 0; i < 12; i++) assert_int_equal(add(&names, object % 2 ? 2 : 3, i), APISEC_OK);
        assert_int_equal(names.num, 32);
        names_drop(&names, 12);
    }
    assert_ptr_equal(names.slots, names.inline_slots); /* no memory was needed */
    for (size_t i = 0; i < 20; i++) assert_int_equal(add(&names, 1, i), APISEC_E_MALFORMED);
    names_drop(&names, 20);
    for (size_t i = 0; i < 2 * NAMES_INLINE; i++) assert_int_equal(names.slots[i], 0);
    names_end(&names);
}

/* Growing happens in the middle of an inner object; both it and the outer one are taken over, and can be dropped. */
static void test_growing_keeps_the_order(void **state)
{
    (void)state;
    struct names names;
    names_begin(&names, key);
    for (size_t i = 0; i < 25; i++) assert_int_equal(add(&names, 1, i), APISEC_OK);
    for (size_t i = 0; i < 1000; i++) assert_int_equal(add(&names, 2, i), APISEC_OK);
    assert_ptr_not_equal(names.slots, names.inline_slots);
    assert_true(names.num <= names.num_slots / 2);
    for (size_t i = 0; i < 1000; i++) assert_int_equal(add(&names, 2, i), APISEC_E_MALFORMED);
    names_drop(&names, 1000);
    for (size_t i = 0; i < 25; i++) assert_int_equal(add(&names, 1, i), APISEC_E_MALFORMED);
    for (size_t i = 0; i < 1000; i++) assert_int_equal(add(&names, 2, i), APISEC_OK);
    names_drop(&names, 1025);
    for (size_t i = 0; i < names.num_slots; i++) assert_int_equal(names.slots[i], 0);
    names_drop(&names, 1); /* there is nothing left to drop */
    assert_int_equal(names.num, 0);
    names_end(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_few_and_many_agree),
        cmocka_unit_test(test_few_are_dropped),
        cmocka_unit_test(test_what_is_dropped_can_be_added_again),
        cmocka_unit_test(test_growing_keeps_the_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
