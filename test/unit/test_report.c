/* SPDX-License-Identifier: Apache-2.0
 *
 * test_report.c: what is kept of answers: found by its own tag only, until its time, and never more of them than there is room
 * for.
 */
#include "support/unit.h"
#include "token/introspect.h"

#include <string.h>

static struct token_tag tag_of(uint64_t set, uint64_t rest)
{
    struct token_tag tag = {{0}};
    for (size_t i = 0; i < 8; i++) tag.bytes[i] = (unsigned char)(set >> 8 * i);
    for (size_t i = 0; i < 8; i++) tag.bytes[8 + i] = (unsigned char)(rest >> 8 * i);
    return tag;
}

static void keep(struct reports *reports, struct token_tag tag, const char *claims, int64_t until_ms)
{
    struct report *report = report_new(text_of(claims), 0);
    assert_non_null(report);
    report_free(reports_keep(reports, &tag, report, until_ms));
    report_free(report);
}

/* expect: claims NULL: nothing is found. */
static void expect(const struct reports *reports, struct token_tag tag, int64_t now_ms, const char *claims)
{
    struct report *report = reports_find(reports, &tag, now_ms);
    if ((report != NULL) != (claims != NULL)) fail_msg("%s is %s", claims, report == NULL ? "not found" : "found");
    if (claims != NULL) assert_string_equal(report->claims, claims);
    report_free(report);
}

static void a_report(void **state)
{
    (void)state;
    struct report *active = report_new(text_of("{\"active\":true}"), 7), *inactive = report_new((struct text){NULL, 0}, 0);
    assert_true(active->active);
    assert_int_equal(active->exp, 7);
    assert_int_equal(active->len, strlen(active->claims));
    assert_false(inactive->active);
    assert_int_equal(inactive->len, 0);
    assert_ptr_equal(report_ref(active), active);
    report_free(active);
    assert_string_equal(active->claims, "{\"active\":true}"); /* one reference is left */
    report_free(active);
    report_free(inactive);
    report_free(NULL);
    assert_null(report_ref(NULL));
}

static void only_its_own_and_until_its_time(void **state)
{
    (void)state;
    struct reports reports = {NULL};
    const struct token_tag tag = tag_of(5, 1);
    expect(&reports, tag, 0, NULL); /* of none at all */
    keep(&reports, tag, "a", 100);
    expect(&reports, tag, 99, "a");
    expect(&reports, tag, 100, NULL);
    expect(&reports, tag_of(5, 2), 99, NULL);        /* the same set */
    expect(&reports, tag_of(5 + 256, 1), 99, NULL);  /* differs in the half that chooses the set, and falls into the same */
    expect(&reports, tag_of(6, 1), 99, NULL);
    for (size_t bit = 0; bit < 128; bit++) {
        struct token_tag other = tag;
        other.bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        expect(&reports, other, 99, NULL);
    }
    keep(&reports, tag, "b", 200); /* in the place of the older */
    expect(&reports, tag, 99, "b");
    expect(&reports, tag, 199, "b");
    reports_free(&reports);
    expect(&reports, tag, 99, NULL);
    reports_free(&reports);
}

static void the_one_that_ends_first_makes_room(void **state)
{
    (void)state;
    struct reports reports = {NULL};
    static const int64_t until[] = {400, 200, 300, 500};
    for (uint64_t i = 0; i < 4; i++) keep(&reports, tag_of(9, i), "old", until[i]);
    keep(&reports, tag_of(10, 0), "neighbour", 1);
    for (uint64_t i = 0; i < 4; i++) expect(&reports, tag_of(9, i), 100, "old"); /* four have room */
    keep(&reports, tag_of(9, 4), "new", 600);
    expect(&reports, tag_of(9, 4), 100, "new");
    expect(&reports, tag_of(9, 1), 100, NULL);
    expect(&reports, tag_of(9, 0), 100, "old");
    expect(&reports, tag_of(9, 2), 100, "old");
    expect(&reports, tag_of(9, 3), 100, "old");
    expect(&reports, tag_of(10, 0), 0, "neighbour"); /* other sets are not touched */
    reports_free(&reports);
}

/* A flood keeps no more than there is room for: what had to go is given back each time, and the leak checker sees the rest. */
static void a_flood(void **state)
{
    (void)state;
    struct reports reports = {NULL};
    size_t found = 0;
    for (uint64_t i = 0; i < 10000; i++) keep(&reports, tag_of(i * 2654435761u, i), "x", 100);
    for (uint64_t i = 0; i < 10000; i++) {
        const struct token_tag tag = tag_of(i * 2654435761u, i);
        struct report *report = reports_find(&reports, &tag, 0);
        found += report != NULL;
        report_free(report);
    }
    assert_int_equal(found, REPORTS_MAX);
    reports_free(&reports);
}

static void forgetting_touches_nothing(void **state)
{
    (void)state;
    struct reports reports = {NULL};
    keep(&reports, tag_of(1, 1), "a", 100);
    struct reports parents = reports; /* what a child leaves alone, the parent still has */
    reports_forget(&reports);
    expect(&reports, tag_of(1, 1), 0, NULL);
    expect(&parents, tag_of(1, 1), 0, "a");
    reports_free(&parents);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report),
        cmocka_unit_test(only_its_own_and_until_its_time),
        cmocka_unit_test(the_one_that_ends_first_makes_room),
        cmocka_unit_test(a_flood),
        cmocka_unit_test(forgetting_touches_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
