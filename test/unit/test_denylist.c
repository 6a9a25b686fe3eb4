/* SPDX-License-Identifier: Apache-2.0
 *
 * test_denylist.c: who is meant by a denial and who is not, until when, and what happens where there is no room.
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "support/failing.h"

#include "support/guard.h"
#include "support/unit.h"
#include "token/denylist.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define NOW 1000000
#define UNTIL (NOW + 600)
#define ISSUED (NOW - 100)
#define A "https://a.example"
#define B "https://b.example"

static struct denylist *new_list(size_t max)
{
    struct denylist *list;
    assert_int_equal(denylist_new(max, &list), APISEC_OK);
    return list;
}

static struct denial_subject honest(void)
{
    return (struct denial_subject){text_of(A), text_of("id-1"), text_of(A "|user-7"), text_of("session-1"), ISSUED};
}

static apisec_status deny(struct denylist *list, enum denial_kind kind, const char *issuer, const char *name, int64_t until,
                          int64_t issued_before)
{
    return denylist_add(list, &(struct denial){kind, text_of(issuer), text_of(name), until, issued_before}, NOW);
}

static enum denial_state find(struct denylist *list, struct denial_subject subject, int64_t now)
{
    enum denial_kind kind;
    return denylist_find(list, &subject, now, &kind);
}

/* ---- who is meant ---- */

static void test_who_is_meant(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum denial_kind kind;
        const char *issuer, *denied;
        int64_t issued_before;
        bool stands;
        const char *why;
    } rows[] = {
        {"its id", DENIAL_OF_ID, A, "id-1", 0, true, "the twin of the next ones"},
        {"another id", DENIAL_OF_ID, A, "id-2", 0, false, "all of its bytes"},
        {"the beginning of its id", DENIAL_OF_ID, A, "id-", 0, false, "all of its bytes"},
        {"the same id of another issuer", DENIAL_OF_ID, B, "id-1", 0, false, "an id is its issuer's own"},
        {"bytes moved from the id to the issuer", DENIAL_OF_ID, A "i", "d-1", 0, false, "issuer and id are two texts"},
        {"an id like its session", DENIAL_OF_ID, A, "session-1", 0, false, "an id is no session"},
        {"its session", DENIAL_OF_SESSION, A, "session-1", 0, true, "the twin of the next ones"},
        {"the same session of another issuer", DENIAL_OF_SESSION, B, "session-1", 0, false, "a session is its issuer's own"},
        {"a session like its id", DENIAL_OF_SESSION, A, "id-1", 0, false, "a session is no id"},
        {"its principal, issued before", DENIAL_OF_PRINCIPAL, NULL, A "|user-7", ISSUED + 1, true, "the twin of the next"},
        {"its principal, issued then", DENIAL_OF_PRINCIPAL, NULL, A "|user-7", ISSUED, false, "before is before"},
        {"another principal", DENIAL_OF_PRINCIPAL, NULL, A "|user-8", ISSUED + 1, false, "somebody else"},
        {"the same subject of another issuer", DENIAL_OF_PRINCIPAL, NULL, B "|user-7", ISSUED + 1, false, "somebody else"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct denylist *list = new_list(10);
        const struct denial_subject subject = honest();
        enum denial_kind kind;
        assert_int_equal(find(list, subject, NOW), DENIAL_NONE);
        assert_int_equal(deny(list, rows[i].kind, rows[i].issuer, rows[i].denied, UNTIL, rows[i].issued_before), APISEC_OK);
        const enum denial_state found = denylist_find(list, &subject, NOW, &kind);
        if (found != (rows[i].stands ? DENIAL_STANDS : DENIAL_NONE)) fail_msg("%s: %s", rows[i].name, rows[i].why);
        if (rows[i].stands) assert_int_equal(kind, rows[i].kind);
        denylist_free(list);
    }
}

static void test_what_a_token_does_not_have(void **state)
{
    (void)state;
    struct denylist *list = new_list(10);
    deny(list, DENIAL_OF_ID, A, "", UNTIL, 0);
    deny(list, DENIAL_OF_SESSION, A, "", UNTIL, 0);
    deny(list, DENIAL_OF_PRINCIPAL, NULL, "", UNTIL, NOW);
    struct denial_subject subject = {.issuer = text_of(A)};
    assert_int_equal(find(list, subject, NOW), DENIAL_NONE);
    subject.session = (struct text){"", 0}; /* there, and empty */
    assert_int_equal(find(list, subject, NOW), DENIAL_STANDS);
    denylist_free(list);
}

static void test_without_a_time_of_issue(void **state)
{
    (void)state;
    struct denylist *list = new_list(10);
    struct denial_subject subject = honest();
    subject.issued_at = 0;
    deny(list, DENIAL_OF_PRINCIPAL, NULL, A "|user-7", UNTIL, 1);
    assert_int_equal(find(list, subject, NOW), DENIAL_STANDS);
    denylist_free(list);
}

static void test_names_of_any_bytes(void **state)
{
    (void)state;
    struct denylist *list = new_list(10);
    const char *bytes = guarded("id\0-1", 5);
    const struct denial denial = {DENIAL_OF_ID, text_of(A), {bytes, 5}, UNTIL, 0};
    assert_int_equal(denylist_add(list, &denial, NOW), APISEC_OK);
    struct denial_subject subject = honest();
    subject.id = (struct text){bytes, 5};
    assert_int_equal(find(list, subject, NOW), DENIAL_STANDS);
    subject.id.len = 2;
    assert_int_equal(find(list, subject, NOW), DENIAL_NONE);
    guard_free(bytes);
    denylist_free(list);
}

/* ---- until when ---- */

static void test_until(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t now;
        enum denial_state expected;
        const char *why;
    } rows[] = {
        {"at once", NOW, DENIAL_STANDS, "it was asked for"},
        {"then", UNTIL, DENIAL_STANDS, "a token lives longer than its exp by the leeway"},
        {"just before the largest leeway is over", UNTIL + 299, DENIAL_STANDS, "the twin of the next"},
        {"when the largest leeway is over", UNTIL + 300, DENIAL_ENDED, "no token with this exp is accepted any more"},
        {"before it was made", NOW - 3600, DENIAL_STANDS, "the clock was set back: it stands all the more"},
    };
    struct denylist *list = new_list(10);
    deny(list, DENIAL_OF_ID, A, "id-1", UNTIL, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (find(list, honest(), rows[i].now) != rows[i].expected) fail_msg("%s: %s", rows[i].name, rows[i].why);
    denylist_free(list);
}

static void test_for_ever(void **state)
{
    (void)state;
    struct denylist *list = new_list(10);
    deny(list, DENIAL_OF_ID, A, "id-1", INT64_MAX, 0);
    assert_int_equal(find(list, honest(), INT64_C(1) << 53), DENIAL_STANDS);
    denylist_free(list);
}

/* Of two that end or stand, the one that stands counts. */
static void test_one_that_stands_beside_one_that_ended(void **state)
{
    (void)state;
    struct denylist *list = new_list(10);
    enum denial_kind kind;
    const struct denial_subject subject = honest();
    deny(list, DENIAL_OF_ID, A, "id-1", NOW - 1000, 0);
    assert_int_equal(find(list, subject, NOW), DENIAL_ENDED);
    deny(list, DENIAL_OF_SESSION, A, "session-1", UNTIL, 0);
    assert_int_equal(denylist_find(list, &subject, NOW, &kind), DENIAL_STANDS);
    assert_int_equal(kind, DENIAL_OF_SESSION);
    denylist_free(list);
}

static void test_again_only_widens(void **state)
{
    (void)state;
    struct denylist *list = new_list(10);
    struct denylist_counts counts;
    deny(list, DENIAL_OF_PRINCIPAL, NULL, A "|user-7", UNTIL, ISSUED);
    assert_int_equal(find(list, honest(), NOW), DENIAL_NONE);
    deny(list, DENIAL_OF_PRINCIPAL, NULL, A "|user-7", UNTIL - 500, ISSUED + 1);
    assert_int_equal(find(list, honest(), UNTIL), DENIAL_STANDS);
    deny(list, DENIAL_OF_PRINCIPAL, NULL, A "|user-7", UNTIL + 1000, ISSUED - 1);
    assert_int_equal(find(list, honest(), UNTIL + 1000), DENIAL_STANDS);
    denylist_count(list, &counts);
    assert_int_equal(counts.num_denials, 1);
    denylist_free(list);
}

/* ---- generation: what was not in the list is not, until it grows ---- */

static void test_generation(void **state)
{
    (void)state;
    struct denylist *list = new_list(2);
    assert_int_equal(denylist_generation(list), 0);
    assert_int_equal(denylist_generation(NULL), 0);
    deny(list, DENIAL_OF_ID, A, "id-1", UNTIL, 0);
    const uint64_t first = denylist_generation(list);
    assert_true(first > 0);
    find(list, honest(), NOW);
    assert_int_equal(denylist_generation(list), first);
    deny(list, DENIAL_OF_ID, A, "id-1", UNTIL + 1, 0);
    assert_true(denylist_generation(list) > first);
    deny(list, DENIAL_OF_ID, A, "id-2", UNTIL, 0);
    const uint64_t third = denylist_generation(list);
    assert_int_equal(deny(list, DENIAL_OF_ID, A, "id-3", UNTIL, 0), APISEC_E_STORE);
    assert_int_equal(denylist_generation(list), third);
    denylist_free(list);
}

/* ---- room ---- */

static const char *numbered(size_t n)
{
    static char name[32];
    snprintf(name, sizeof name, "id-%zu", n);
    return name;
}

static void test_room(void **state)
{
    (void)state;
    enum { MAX = 1000 };
    struct denylist *list = new_list(MAX);
    struct denylist_counts counts;
    for (size_t n = 1; n <= MAX; n++) assert_int_equal(deny(list, DENIAL_OF_ID, A, numbered(n), UNTIL, 0), APISEC_OK);
    assert_int_equal(deny(list, DENIAL_OF_ID, A, numbered(MAX + 1), UNTIL, 0), APISEC_E_STORE);
    assert_int_equal(deny(list, DENIAL_OF_ID, A, numbered(7), UNTIL + 5, 0), APISEC_OK); /* it is there already */
    denylist_count(list, &counts);
    assert_int_equal(counts.num_denials, MAX);
    assert_int_equal(counts.max_denials, MAX);
    struct denial_subject subject = honest();
    for (size_t n = 1; n <= MAX + 1; n++) {
        subject.id = text_of(numbered(n));
        assert_int_equal(find(list, subject, NOW), n <= MAX ? DENIAL_STANDS : DENIAL_NONE);
    }
    /* once they have ended there is room again, and only they are forgotten */
    const struct denial later = {DENIAL_OF_ID, text_of(A), text_of("id-1001"), UNTIL + 900, 0};
    assert_int_equal(denylist_add(list, &later, UNTIL + 300), APISEC_OK);
    denylist_count(list, &counts);
    assert_int_equal(counts.num_denials, 2); /* and number 7, which was to last longer */
    subject.id = text_of("id-7");
    assert_int_equal(find(list, subject, NOW), DENIAL_STANDS);
    denylist_free(list);
}

/* Many that end one after the other: the table stays as small as what stands. */
static void test_a_long_life(void **state)
{
    (void)state;
    struct denylist *list = new_list(100);
    struct denylist_counts counts;
    for (int64_t n = 0; n < 20000; n++) {
        const struct denial denial = {DENIAL_OF_ID, text_of(A), text_of(numbered((size_t)n)), NOW + n - 250, 0};
        assert_int_equal(denylist_add(list, &denial, NOW + n), APISEC_OK); /* fifty stand at a time */
    }
    denylist_count(list, &counts);
    assert_true(counts.num_denials >= 50 && counts.num_denials <= 100);
    denylist_free(list);
}

static void test_without_memory(void **state)
{
    (void)state;
    if (!failing_works()) skip();
    size_t failures = 0;
    for (size_t nth = 1;; nth++) {
        struct denylist *list = NULL;
        enum denial_state found = DENIAL_NONE;
        failing_begin(nth);
        apisec_status status = denylist_new(10, &list);
        if (status == APISEC_OK) status = deny(list, DENIAL_OF_ID, A, "id-1", UNTIL, 0);
        if (list != NULL) found = find(list, honest(), NOW);
        denylist_free(list);
        const long kept = failing_kept;
        if (!failing_end()) {
            assert_int_equal(found, DENIAL_STANDS);
            break;
        }
        failures++;
        assert_int_equal(status, APISEC_E_MEMORY);
        assert_int_equal(found, DENIAL_NONE);
        assert_int_equal(kept, 0);
    }
    assert_int_equal(failures, 2);
}

/* ---- threads ---- */

static void *deny_many(void *argument)
{
    char name[32];
    for (size_t n = 0; n < 2000; n++) {
        snprintf(name, sizeof name, "id-%zu", n);
        if (deny(argument, DENIAL_OF_ID, A, name, UNTIL, 0) != APISEC_OK) abort();
        struct denial_subject subject = {.issuer = text_of(A), .id = text_of(name)};
        if (find(argument, subject, NOW) != DENIAL_STANDS) abort(); /* the next look finds it, whoever is at it as well */
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    struct denylist *list = new_list(DENYLIST_MAX);
    struct denylist_counts counts;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, deny_many, list), 0);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    denylist_count(list, &counts);
    assert_int_equal(counts.num_denials, 2000);
    assert_int_equal(denylist_generation(list), 8000);
    denylist_free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_is_meant), cmocka_unit_test(test_what_a_token_does_not_have),
        cmocka_unit_test(test_without_a_time_of_issue), cmocka_unit_test(test_names_of_any_bytes), cmocka_unit_test(test_until),
        cmocka_unit_test(test_for_ever), cmocka_unit_test(test_one_that_stands_beside_one_that_ended),
        cmocka_unit_test(test_again_only_widens), cmocka_unit_test(test_generation), cmocka_unit_test(test_room),
        cmocka_unit_test(test_a_long_life), cmocka_unit_test(test_without_memory), cmocka_unit_test(test_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
