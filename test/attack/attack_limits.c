/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_limits.c: floods of names against a limit, of callers who want their own bucket anew, another's place, or the machine's
 * memory; and bodies that a reader would take for something else than the guard did.
 */
#define _GNU_SOURCE /* support/failing.h */
#include "support/draw.h"
#include "support/failing.h"
#include "support/unit.h"
#include "access/limits.h"

#include <stdio.h>

#define T0       INT64_C(1800000000000)
#define REQUESTS 60
#define SECONDS  60
#define BURST    20
#define KEYS     4096
#define PLACES   (2 * KEYS)
#define SETS     (PLACES / 16)

static bool is_let(apisec_limiter *limiter, const char *kind, size_t number, int64_t now)
{
    char key[40];
    const int len = snprintf(key, sizeof key, "%s-%zu", kind, number);
    return apisec_limiter_take(limiter, key, (size_t)len, now, NULL) == APISEC_OK;
}

static size_t drain(apisec_limiter *limiter, const char *kind, size_t number, int64_t now)
{
    size_t num = 0;
    while (is_let(limiter, kind, number, now)) num++;
    return num;
}

static apisec_limiter *new_limiter(void)
{
    apisec_limiter *limiter = NULL;
    assert_int_equal(apisec_limiter_new(REQUESTS, SECONDS, BURST, KEYS, &limiter, NULL), APISEC_OK);
    return limiter;
}

#define HONEST 200
#define FLOOD  100000

/* flood: that many names, from one moment on so many of them a millisecond; how many are let through. */
static size_t flood(apisec_limiter *limiter, size_t first, size_t num, size_t per_ms, int64_t *now)
{
    size_t num_let = 0;
    for (size_t i = 0; i < num; i++) {
        num_let += is_let(limiter, "flood", first + i, *now);
        if ((i + 1) % per_ms == 0) ++*now;
    }
    return num_let;
}

/* Whose bucket is empty floods the table with names, at once or for seconds, and has no request more for it. */
static void test_own_bucket_is_not_reset(void **state)
{
    (void)state;
    static const size_t per_ms[] = {FLOOD, 100, 30};
    for (size_t i = 0; i < 3; i++) {
        apisec_limiter *limiter = new_limiter();
        int64_t now = T0;
        assert_int_equal(drain(limiter, "attacker", 0, now), BURST);
        flood(limiter, 0, FLOOD / 2, per_ms[i], &now);
        const size_t earned = (size_t)(now - T0) / 1000;
        assert_int_equal(drain(limiter, "attacker", 0, now), earned);
        apisec_limiter_free(limiter);
    }
}

/* However many names, no more is let through than of as many callers as there are places. */
static void test_names_are_no_budget(void **state)
{
    (void)state;
    static const size_t per_ms[] = {FLOOD, 1000, 30};
    for (size_t i = 0; i < 3; i++) {
        apisec_limiter *limiter = new_limiter();
        int64_t now = T0;
        const size_t num_let = flood(limiter, 0, FLOOD, per_ms[i], &now);
        const size_t elapsed = (size_t)(now - T0) / 1000;
        const size_t most =
            PLACES * (1 + elapsed) + SETS * (1 + elapsed); /* each name comes once: a place lets one a second through */
        if (num_let > most || num_let < PLACES) fail_msg("%zu a millisecond: %zu, at most %zu", per_ms[i], num_let, most);
        apisec_limiter_free(limiter);
    }
}

/* Callers who were there before keep their own buckets, also when they were idle and full; no memory is asked for. */
static void test_known_callers_are_not_locked_out(void **state)
{
    (void)state;
    apisec_limiter *limiter = new_limiter();
    int64_t now = T0;
    for (size_t i = 0; i < 2 * HONEST; i++) assert_true(is_let(limiter, "honest", i % HONEST, now));
    now += 60000; /* all are full again */
    const bool counts = failing_works();
    failing_begin(SIZE_MAX);
    const size_t num_let = flood(limiter, 0, FLOOD, 1000, &now);
    size_t num_honest = 0, num_newcomers = 0;
    for (size_t i = 0; i < HONEST; i++) num_honest += drain(limiter, "honest", i, now);
    failing_end();
    for (size_t i = 0; i < HONEST; i++) num_newcomers += is_let(limiter, "newcomer", i, now);
    assert_true(num_let < FLOOD / 2);        /* the table was full */
    assert_true(num_newcomers < HONEST / 2); /* and who was not known shares */
    assert_int_equal(num_honest, HONEST * BURST);
    assert_int_equal(failing_kept, 0);
#if FAILING_IS_POSSIBLE
    assert_true(counts && failing_left == SIZE_MAX); /* nothing was allocated at all */
#else
    assert_false(counts);
#endif
    /* When the flood is over, everybody has a bucket again. */
    now += 2000;
    for (size_t i = 0; i < HONEST; i++) assert_true(is_let(limiter, "later", i, now));
    apisec_limiter_free(limiter);
}

/* Names that come twice are regulars too: half of the places are theirs, the other half is for those who come later. */
static void test_regulars_leave_room(void **state)
{
    (void)state;
    apisec_limiter *limiter = new_limiter();
    int64_t now = T0;
    for (size_t i = 0; i < FLOOD / 2; i++) {
        is_let(limiter, "flood", i, now);
        is_let(limiter, "flood", i, now);
        now += i % 10 == 0;
    }
    now += 30000;
    size_t num_full = 0;
    for (size_t i = 0; i < HONEST; i++) num_full += drain(limiter, "honest", i, now) == BURST;
    assert_int_equal(num_full, HONEST);
    apisec_limiter_free(limiter);
}

/* ---- bodies ---- */

/* is_as_asked: what the rule below says, by another way: a parsed document. */
static bool is_as_asked(const struct json *document)
{
    if (json_kind(document) != JSON_OBJECT) return false;
    for (const struct json *at = json_first(document); at != NULL; at = json_next(at))
        if (strcmp(json_name(at), "item") != 0 && strcmp(json_name(at), "quantity") != 0) return false;
    return true;
}

/* Bodies put together of pieces, whole and broken: what passes is read by a reader as what was asked for, and what a strict reader
 * would have taken is not refused. */
static void test_bodies_beside_a_reader(void **state)
{
    (void)state;
    static const char *const pieces[] = {"{",
                                         "}",
                                         "[",
                                         "]",
                                         ",",
                                         ":",
                                         "\"item\"",
                                         "\"quantity\"",
                                         "\"is_admin\"",
                                         "\"\\u0069tem\"",
                                         "\"Item\"",
                                         "\"ite\\m\"",
                                         "1",
                                         "\"}\"",
                                         " ",
                                         "null",
                                         "\"item\":1",
                                         ",\"quantity\":[1,{\"x\":2}]",
                                         "\"__proto__\":{}",
                                         "\\",
                                         "\""};
    static const char rule[] = "{\"members\":[\"item\",\"quantity\"],\"max_depth\":3,\"max_bytes\":100}";
    const apisec_json_limits limits = {.max_bytes = 100, .max_depth = 3};
    struct json *document = NULL;
    struct arena arena = {NULL};
    const struct body_guard *guard;
    size_t num_passed = 0;
    assert_int_equal(json_parse(text_of(rule), NULL, &document, NULL), APISEC_OK);
    const struct shape at = {document, NULL, NULL, 0};
    assert_int_equal(body_read(&at, &arena, &guard, NULL), APISEC_OK);
    json_free(document);
    for (size_t i = 0; i < 50000; i++) {
        char body[512] = "";
        size_t len = 0;
        const size_t num = 1 + draw(8);
        if (i % 2 == 0) len = (size_t)snprintf(body, sizeof body, "{");
        for (size_t k = 0; k < num; k++)
            len += (size_t)snprintf(body + len, sizeof body - len, "%s", DRAW_ONE_OF(pieces));
        if (i % 2 == 0) len += (size_t)snprintf(body + len, sizeof body - len, "}");
        struct body_finding finding;
        body_check(guard, true, (struct text){body, len}, 1, text_of("application/json"), &finding);
        const bool is_read = json_parse((struct text){body, len}, &limits, &document, NULL) == APISEC_OK;
        const bool expected = is_read && is_as_asked(document);
        json_free(document);
        if ((finding.status == APISEC_OK) != expected) fail_msg("%s: %s", body, finding.sentence);
        if (strstr(finding.sentence, "admin") != NULL || strstr(finding.sentence, "proto") != NULL)
            fail_msg("%s: %s", body, finding.sentence);
        num_passed += expected;
    }
    assert_in_range(num_passed, 100, 40000);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_bucket_is_not_reset),          cmocka_unit_test(test_names_are_no_budget),
        cmocka_unit_test(test_known_callers_are_not_locked_out), cmocka_unit_test(test_regulars_leave_room),
        cmocka_unit_test(test_bodies_beside_a_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
