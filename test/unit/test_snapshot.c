/* SPDX-License-Identifier: Apache-2.0
 *
 * test_snapshot.c: sets that are swapped under their readers. What must not be freed yet, and what must be, is seen by the address
 * sanitizer; what is read without order, by the thread sanitizer.
 */
#include "support/unit.h"
#include "token/keyset.h"

#include <stdlib.h>

static struct jwk_set *parse_set(void)
{
    static const char text[] = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k1\",\"alg\":\"ES256\","
                               "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
                               "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}"; /* RFC 7515 A.3 */
    struct jwk_set *set = NULL;
    assert_int_equal(jwk_set_parse(text_of(text), JWK_FETCHED, &set, NULL), APISEC_OK);
    return set;
}

static void swap_in(struct shelf *shelf, struct jwk_set *set, uint64_t generation)
{
    struct snapshot *const fresh = shelf_spare(shelf);
    assert_non_null(fresh);
    assert_null(fresh->set);
    fresh->set = set;
    fresh->generation = generation;
    shelf_swap(shelf, fresh);
}

/* num_sets: how many are still there, and in how many structs. */
static size_t num_sets(const struct shelf *shelf, size_t *num_structs)
{
    size_t num = 0;
    *num_structs = 0;
    for (const struct snapshot *at = shelf->all; at != NULL; at = at->next) {
        num += at->set != NULL;
        ++*num_structs;
    }
    return num;
}

static void test_taken_and_given_back(void **state)
{
    (void)state;
    struct shelf shelf = {NULL, NULL};
    size_t num_structs = 0;
    assert_null(shelf_take(&shelf));
    shelf_tidy(&shelf);
    swap_in(&shelf, parse_set(), 1);
    struct snapshot *const one = shelf_take(&shelf), *const same = shelf_take(&shelf);
    assert_ptr_equal(one, same);
    assert_int_equal(one->generation, 1);
    swap_in(&shelf, parse_set(), 2);
    struct snapshot *const two = shelf_take(&shelf);
    assert_ptr_not_equal(one, two);
    assert_int_equal(num_sets(&shelf, &num_structs), 2);
    assert_int_equal(one->set->num_keys, 1);
    shelf_give_back(one);
    shelf_tidy(&shelf);
    assert_int_equal(num_sets(&shelf, &num_structs), 2); /* one reader is left */
    assert_int_equal(same->set->num_keys, 1);
    shelf_give_back(same);
    shelf_tidy(&shelf);
    assert_int_equal(num_sets(&shelf, &num_structs), 1);
    assert_int_equal(num_structs, 2);
    swap_in(&shelf, parse_set(), 3); /* into the struct that was left */
    assert_int_equal(num_sets(&shelf, &num_structs), 2);
    assert_int_equal(num_structs, 2);
    shelf_give_back(two);
    shelf_free(&shelf);
    assert_null(shelf_take(&shelf));
}

static void test_without_readers_only_one_set_is_kept(void **state)
{
    (void)state;
    struct shelf shelf = {NULL, NULL};
    size_t num_structs = 0;
    for (uint64_t i = 1; i <= 100; i++) {
        swap_in(&shelf, parse_set(), i);
        assert_int_equal(num_sets(&shelf, &num_structs), 1);
        assert_in_range(num_structs, 1, 2);
    }
    shelf_free(&shelf);
}

/* ---- threads ---- */

#define NUM_SWAPS 400

static struct shelf shared;
static _Atomic bool over;
static _Atomic size_t num_taken;

static void *read_often(void *argument)
{
    (void)argument;
    uint64_t seen = 0;
    while (!atomic_load(&over)) {
        struct snapshot *const snapshot = shelf_take(&shared);
        if (snapshot->set->num_keys != 1 || snapshot->generation < seen) abort(); /* freed, or an older one than before */
        seen = snapshot->generation;
        shelf_give_back(snapshot);
        atomic_fetch_add_explicit(&num_taken, 1, memory_order_relaxed);
    }
    return NULL;
}

static void test_readers_while_sets_are_swapped(void **state)
{
    (void)state;
    pthread_t threads[4];
    size_t num_structs = 0;
    swap_in(&shared, parse_set(), 1);
    for (size_t i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, read_often, NULL), 0);
    for (uint64_t i = 2; i < NUM_SWAPS; i++) {
        swap_in(&shared, parse_set(), i);
        const size_t before = atomic_load(&num_taken);
        while (i % 8 == 0 && atomic_load(&num_taken) == before) clock_sleep_ms(0);
    }
    atomic_store(&over, true);
    for (size_t i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    shelf_tidy(&shared);
    assert_int_equal(num_sets(&shared, &num_structs), 1);
    assert_in_range(num_structs, 1, 1 + 4 + 1); /* one for each reader, at most */
    shelf_free(&shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken_and_given_back),
        cmocka_unit_test(test_without_readers_only_one_set_is_kept),
        cmocka_unit_test(test_readers_while_sets_are_swapped),
    };
    return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
