/* SPDX-License-Identifier: Apache-2.0
 *
 * test_names.c: the set of member names forgets what an object held when it ends, so that its size follows the open objects only.
 */
#include "support/unit.h"
#include "json/scan.h"

#include <stdio.h>

static const unsigned char key[16] = "sixteen bytes...";

static apisec_status add(struct names *names, uint32_t object, size_t number)
{
    char name[24];
    snprintf(name, sizeof name, "%zu", number);
    return names_add(names, object, text_of(name), false);
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
        cmocka_unit_test(test_what_is_dropped_can_be_added_again),
        cmocka_unit_test(test_growing_keeps_the_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
