/* SPDX-License-Identifier: Apache-2.0
 *
 * test_status_store.c: which list is held, until when, and who fetches: one at a time, not too often, and not too many. The clock
 * is the test's own.
 */
#include "support/unit.h"
#include "token/status.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define START ((int64_t)1750000000000)
#define URI "https://id.example/lists/1"

static struct status_lists *fresh(void)
{
    struct status_lists *lists = NULL;
    assert_int_equal(status_lists_new(&lists, NULL), APISEC_OK);
    return lists;
}

static struct status_reply get(struct status_lists *lists, const char *uri, int64_t index, int64_t now_ms)
{
    const struct status_query query = {text_of(uri), index, now_ms, false, true};
    struct status_reply reply;
    status_lists_get(lists, &query, &reply);
    return reply;
}

static struct status_reply get_offline(struct status_lists *lists, const char *uri, int64_t index, int64_t now_ms)
{
    const struct status_query query = {text_of(uri), index, now_ms, true, true};
    struct status_reply reply;
    status_lists_get(lists, &query, &reply);
    return reply;
}

/* list_of: a list of len bytes of one bit an entry, all of them `byte`. */
static struct status_list *list_of(size_t len, unsigned char byte, int64_t issued_at, int64_t ttl, int64_t expires_at)
{
    struct status_list *list = malloc(sizeof *list + len);
    assert_non_null(list);
    *list = (struct status_list){.issued_at = issued_at, .expires_at = expires_at, .ttl = ttl, .bits = 1, .len = len};
    memset(list->bytes, byte, len);
    return list;
}

static struct status_list *usual(unsigned char byte)
{
    return list_of(2, byte, START / 1000 - 100, 300, INT64_MAX);
}

/* put has the list fetched at now_ms. */
static void put(struct status_lists *lists, const char *uri, struct status_list *list, int64_t max_age, int64_t now_ms)
{
    const struct status_reply reply = get(lists, uri, 0, now_ms);
    assert_int_equal(reply.state, STATUS_FETCH);
    status_lists_land(lists, reply.ticket, list, max_age, now_ms);
}

static void fail_fetch(struct status_lists *lists, const char *uri, apisec_status status, int64_t now_ms)
{
    apisec_error why;
    const struct status_reply reply = get(lists, uri, 0, now_ms);
    assert_int_equal(reply.state, STATUS_FETCH);
    fail(&why, status, "for a test");
    status_lists_fail(lists, reply.ticket, &why, now_ms);
}

/* ---- one list ---- */

static void test_fetched_once_then_used(void **state)
{
    (void)state;
    struct status_lists *lists = fresh();
    struct status_query query = {text_of(URI), 0, START, false, false};
    struct status_reply reply;
    status_lists_get(lists, &query, &reply);
    assert_int_equal(reply.state, STATUS_NEW); /* may the issuer use it? */
    reply = get(lists, URI, 0, START);
    assert_int_equal(reply.state, STATUS_FETCH);
    assert_int_equal(get(lists, URI, 0, START).state, STATUS_WAIT); /* one at a time */
    status_lists_land(lists, reply.ticket, usual(0x02), -1, START + 10);
    status_lists_get(lists, &query, &reply);
    assert_int_equal(reply.state, STATUS_READY); /* known, and so allowed */
    for (int64_t ms = 0; ms < 240000; ms += 997) {
        assert_int_equal(get(lists, URI, 0, START + 10 + ms).value, 0);
        reply = get(lists, URI, 1, START + 10 + ms);
        assert_int_equal(reply.state, STATUS_READY);
        assert_int_equal(reply.value, 1);
    }
    status_lists_free(lists);
}

static void test_refreshed_ahead(void **state)
{
    (void)state;
    struct status_lists *lists = fresh();
    put(lists, URI, usual(0), -1, START);
    assert_int_equal(get(lists, URI, 0, START + 239999).state, STATUS_READY);
    const struct status_reply reply = get(lists, URI, 0, START + 240000); /* 80 % */
    assert_int_equal(reply.state, STATUS_FETCH);
    assert_int_equal(get(lists, URI, 0, START + 240001).state, STATUS_READY); /* others go on with what is there */
    assert_int_equal(get(lists, URI, 0, START + 299999 - 40000).state, STATUS_READY);
    status_lists_land(lists, reply.ticket, usual(1), -1, START + 241000);
    assert_int_equal(get(lists, URI, 0, START + 241000).value, 1);
    assert_int_equal(get(lists, URI, 0, START + 241000 + 239999).state, STATUS_READY);
    status_lists_free(lists);
}

static void test_lifetimes(void **state)
{
    (void)state;
    static const struct {
        int64_t ttl, expires_in, max_age, lifetime_s;
        const char *why;
    } rows[] = {
        {300, 0, -1, 300, "ttl"},
        {300, 0, 5, 300, "ttl counts before HTTP"},
        {300, 0, 0, 300, "also before no-store"},
        {1, 0, -1, 1, "the shortest ttl"},
        {100000, 0, -1, 86400, "a day at most"},
        {((int64_t)1 << 53) - 1, 0, -1, 86400, "no overflow"},
        {300, 120, -1, 120, "exp is sooner"},
        {300, 400, -1, 300, "ttl is sooner"},
        {0, 0, -1, 600, "neither, and HTTP is silent"},
        {0, 0, 0, 60, "HTTP's age has a floor"},
        {0, 0, 1200, 1200, "HTTP's age"},
        {0, 0, 86400, 3600, "HTTP's age has a ceiling"},
        {0, 30, 1200, 30, "exp over HTTP"},
        {0, 30, -1, 30, "exp alone"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct status_lists *lists = fresh();
        const int64_t expires_at = rows[i].expires_in == 0 ? INT64_MAX : START / 1000 + rows[i].expires_in;
        put(lists, URI, list_of(2, 0, 0, rows[i].ttl, expires_at), rows[i].max_age, START);
        const int64_t end_ms = START + rows[i].lifetime_s * 1000;
        if (get_offline(lists, URI, 0, end_ms - 1).state != STATUS_READY) fail_msg("%s: ends before", rows[i].why);
        if (get_offline(lists, URI, 0, end_ms).state != STATUS_EXHAUSTED) fail_msg("%s: ends after", rows[i].why);
        status_lists_free(lists);
    }
}

static void test_a_list_that_is_over_when_it_lands(void **state)
{
    (void)state;
    struct status_lists *lists = fresh();
    put(lists, URI, list_of(2, 0, 0, 300, START / 1000), -1, START);
    const struct status_reply reply = get(lists, URI, 0, START);
    assert_int_equal(reply.state, STATUS_EXHAUSTED);
    assert_int_equal(reply.error.status, APISEC_E_RESPONSE);
    status_lists_free(lists);
}

/* ---- when fetching fails ---- */

static void test_back_off(void **state)
{
    (void)state;
    static const int64_t rests_s[] = {1, 2, 4, 8, 16, 32, 60, 60};
    struct status_lists *lists = fresh();
    int64_t now_ms = START;
    for (size_t i = 0; i < sizeof rests_s / sizeof rests_s[0]; i++) {
        fail_fetch(lists, URI, APISEC_E_TIMEOUT, now_ms);
        const struct status_reply early = get(lists, URI, 0, now_ms + rests_s[i] * 1000 - 1);
        assert_int_equal(early.state, STATUS_EXHAUSTED);
        assert_int_equal(early.error.status, APISEC_E_TIMEOUT);
        now_ms += rests_s[i] * 1000;
    }
    put(lists, URI, usual(0), -1, now_ms);
    assert_int_equal(get(lists, URI, 0, now_ms).state, STATUS_READY);
    status_lists_free(lists);
}

static void test_the_last_good_list_only_while_its_ttl_permits(void **state)
{
    (void)state;
    struct status_lists *lists = fresh();
    put(lists, URI, usual(0), -1, START);
    fail_fetch(lists, URI, APISEC_E_UNREACHABLE, START + 240000);
    assert_int_equal(get(lists, URI, 0, START + 240000).state, STATUS_READY);
    for (int64_t at = START + 241000; at < START + 300000; at += 1000) {
        struct status_reply reply = get(lists, URI, 0, at);
        if (reply.state == STATUS_FETCH) {
            apisec_error why;
            fail(&why, APISEC_E_UNREACHABLE, "away");
            status_lists_fail(lists, reply.ticket, &why, at);
            reply = get(lists, URI, 0, at);
        }
        assert_int_equal(reply.state, STATUS_READY);
    }
    const struct status_reply reply = get(lists, URI, 0, START + 300000);
    assert_int_equal(reply.state, STATUS_EXHAUSTED); /* resting, and the list is over */
    assert_int_equal(reply.error.status, APISEC_E_UNREACHABLE);
    status_lists_free(lists);
}

static void test_an_older_list_is_no_news(void **state)
{
    (void)state;
    struct status_lists *lists = fresh();
    put(lists, URI, list_of(2, 1, 1000, 300, INT64_MAX), -1, START);
    put(lists, URI, list_of(2, 0, 999, 300, INT64_MAX), -1, START + 250000); /* from before it was revoked */
    assert_int_equal(get(lists, URI, 0, START + 250000).value, 1);
    put(lists, URI, list_of(2, 0, 1000, 300, INT64_MAX), -1, START + 252000); /* its twin of the same age */
    assert_int_equal(get(lists, URI, 0, START + 252000).value, 0);
    status_lists_free(lists);
}

static void test_offline(void **state)
{
    (void)state;
    struct status_lists *lists = fresh();
    assert_int_equal(get_offline(lists, URI, 0, START).error.status, APISEC_E_NO_TRANSPORT);
    put(lists, URI, usual(0), -1, START);
    assert_int_equal(get_offline(lists, URI, 16, START + 60000).error.status, APISEC_E_CLAIM);
    assert_int_equal(get_offline(lists, URI, 0, START + 299999).state, STATUS_READY); /* due, and cannot be had */
    assert_int_equal(get_offline(lists, URI, 0, START + 300000).error.status, APISEC_E_NO_TRANSPORT);
    status_lists_free(lists);
}

/* ---- an index behind the end ---- */

static void test_a_list_that_may_have_grown(void **state)
{
    (void)state;
    struct status_lists *lists = fresh();
    put(lists, URI, usual(0), -1, START);
    assert_int_equal(get(lists, URI, 16, START + 29999).error.status, APISEC_E_CLAIM);
    struct status_reply reply = get(lists, URI, 16, START + 30000);
    assert_int_equal(reply.state, STATUS_FETCH);
    assert_int_equal(get(lists, URI, 16, START + 30001).state, STATUS_WAIT);
    assert_int_equal(get(lists, URI, 15, START + 30001).state, STATUS_READY);
    status_lists_land(lists, reply.ticket, list_of(3, 0, START / 1000, 300, INT64_MAX), -1, START + 30100);
    assert_int_equal(get(lists, URI, 16, START + 30100).state, STATUS_READY);
    assert_int_equal(get(lists, URI, 24, START + 59999).error.status, APISEC_E_CLAIM); /* once in 30 s, whatever is asked for */
    assert_int_equal(get(lists, URI, 24, START + 60000).state, STATUS_FETCH);
    status_lists_free(lists);
}

/* ---- flights that do not end ---- */

static void test_an_abandoned_flight_passes_on(void **state)
{
    (void)state;
    struct status_lists *lists = fresh();
    struct status_reply reply = get(lists, URI, 0, START);
    status_lists_abandon(lists, reply.ticket);
    const struct status_reply waits = get(lists, URI, 0, START + 1);
    assert_int_equal(waits.state, STATUS_WAIT); /* a second between two beginnings */
    assert_true(waits.again_ms == START + 1000);
    const struct status_reply next = get(lists, URI, 0, START + 1000);
    assert_int_equal(next.state, STATUS_FETCH);
    status_lists_land(lists, reply.ticket, usual(0), -1, START + 1001); /* the former comes back: too late */
    assert_int_equal(get(lists, URI, 0, START + 1001).state, STATUS_WAIT);
    status_lists_abandon(lists, reply.ticket);
    assert_int_equal(get(lists, URI, 0, START + 1002).state, STATUS_WAIT);
    status_lists_land(lists, next.ticket, usual(0), -1, START + 1003);
    assert_int_equal(get(lists, URI, 0, START + 1003).state, STATUS_READY);
    status_lists_free(lists);
}

static void test_a_flight_that_nobody_drives(void **state)
{
    (void)state;
    struct status_lists *lists = fresh();
    const struct status_reply reply = get(lists, URI, 0, START);
    assert_int_equal(get(lists, URI, 0, START + 24999).state, STATUS_WAIT);
    assert_int_equal(get(lists, URI, 0, START + 25000).state, STATUS_FETCH);
    status_lists_land(lists, reply.ticket, usual(0), -1, START + 25001);
    assert_int_equal(get(lists, URI, 0, START + 25001).state, STATUS_WAIT);
    status_lists_free(lists);
}

static void test_a_flight_without_transport_costs_nothing(void **state)
{
    (void)state;
    struct status_lists *lists = fresh();
    const struct status_reply reply = get(lists, URI, 0, START);
    status_lists_unsent(lists, reply.ticket);
    assert_int_equal(get(lists, URI, 0, START).state, STATUS_FETCH); /* by who has one */
    status_lists_free(lists);
}

static void test_a_child_has_no_flight_of_its_parent(void **state)
{
    (void)state;
    struct status_lists *lists = fresh();
    assert_int_equal(get(lists, URI, 0, START).state, STATUS_FETCH);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) _exit(get(lists, URI, 0, START + 2000).state == STATUS_FETCH ? 0 : 1);
    int ended = -1;
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_int_equal(ended, 0);
    assert_int_equal(get(lists, URI, 0, START + 2000).state, STATUS_WAIT);
    status_lists_free(lists);
}

/* ---- the clock ---- */

static void test_a_clock_that_is_set_back(void **state)
{
    (void)state;
    struct status_lists *lists = fresh();
    put(lists, URI, usual(0), -1, START);
    assert_int_equal(get(lists, URI, 0, START + 200000).state, STATUS_READY);
    const int64_t back = START + 200000 - 3600000;
    assert_int_equal(get_offline(lists, URI, 0, back).state, STATUS_READY);
    assert_int_equal(get_offline(lists, URI, 0, back + 99999).state, STATUS_READY); /* 300 s in all, not an hour more */
    assert_int_equal(get_offline(lists, URI, 0, back + 100000).state, STATUS_EXHAUSTED);
    assert_int_equal(get(lists, URI, 0, back + 100000).state, STATUS_FETCH);
    status_lists_free(lists);
}

static void test_times_out_of_range(void **state)
{
    (void)state;
    static const int64_t times[] = {INT64_MIN, -1, 0, INT64_MAX};
    struct status_lists *lists = fresh();
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        const struct status_reply reply = get(lists, URI, 0, times[i]);
        if (reply.state == STATUS_FETCH) status_lists_land(lists, reply.ticket, usual(0), -1, times[i]);
    }
    assert_int_equal(get(lists, URI, 0, INT64_MAX).state, STATUS_READY);
    status_lists_free(lists);
}

/* ---- how many ---- */

static const char *uri_of(size_t number)
{
    static char uri[64];
    snprintf(uri, sizeof uri, "https://id.example/lists/%zu", number);
    return uri;
}

static void test_number_of_lists(void **state)
{
    (void)state;
    struct status_lists *lists = fresh();
    for (size_t i = 0; i < STATUS_MAX_LISTS; i++) put(lists, uri_of(i), usual(0), -1, START);
    assert_int_equal(get(lists, uri_of(0), 0, START + 9999).state, STATUS_READY); /* and so not the oldest */
    const struct status_reply full = get(lists, uri_of(1000), 0, START + 9999);
    assert_int_equal(full.state, STATUS_EXHAUSTED); /* each was fetched just now: there would be no end of fetching */
    assert_int_equal(full.error.status, APISEC_E_BUSY);
    put(lists, uri_of(1000), usual(1), -1, START + 10000);
    assert_int_equal(get(lists, uri_of(1000), 0, START + 10000).value, 1);
    assert_int_equal(get(lists, uri_of(0), 0, START + 10000).state, STATUS_READY);
    assert_int_equal(get(lists, uri_of(2), 0, START + 10000).state, STATUS_READY);
    assert_int_equal(get_offline(lists, uri_of(1), 0, START + 10000).error.status, APISEC_E_NO_TRANSPORT); /* it made room */
    status_lists_free(lists);
}

static void test_number_of_bytes(void **state)
{
    (void)state;
    const size_t num = STATUS_MAX_BYTES / STATUS_MAX_LIST;
    struct status_lists *lists = fresh();
    for (size_t i = 0; i < num; i++) put(lists, uri_of(i), list_of(STATUS_MAX_LIST, 0, 0, 300, INT64_MAX), -1, START);
    for (size_t i = 0; i < num; i++) assert_int_equal(get(lists, uri_of(i), 0, START + 5000).state, STATUS_READY);
    put(lists, uri_of(num), usual(1), -1, START + 5000);
    assert_int_equal(get(lists, uri_of(num), 0, START + 5000).error.status, APISEC_E_BUSY);
    put(lists, uri_of(num), usual(1), -1, START + 11000);
    assert_int_equal(get(lists, uri_of(num), 0, START + 11000).value, 1);
    assert_int_equal(get_offline(lists, uri_of(0), 0, START + 11000).state, STATUS_EXHAUSTED); /* the one least used made room */
    assert_int_equal(get_offline(lists, uri_of(1), 0, START + 11000).state, STATUS_READY);
    /* a list takes the place of its own predecessor */
    put(lists, uri_of(1), list_of(STATUS_MAX_LIST, 0xff, 0, 300, INT64_MAX), -1, START + 250000);
    assert_int_equal(get(lists, uri_of(1), 0, START + 250000).value, 1);
    assert_int_equal(get_offline(lists, uri_of(2), 0, START + 250000).state, STATUS_READY);
    status_lists_free(lists);
}

static void test_number_of_flights(void **state)
{
    (void)state;
    struct status_lists *lists = fresh();
    put(lists, uri_of(100), list_of(2, 0, 0, 10, INT64_MAX), -1, START - 9000);
    uint64_t ticket = 0;
    for (size_t i = 0; i < 8; i++) {
        const struct status_reply reply = get(lists, uri_of(i), 0, START);
        assert_int_equal(reply.state, STATUS_FETCH);
        ticket = reply.ticket;
    }
    assert_int_equal(get(lists, uri_of(8), 0, START).state, STATUS_WAIT);
    assert_int_equal(get(lists, uri_of(100), 0, START).state, STATUS_READY); /* due, but that can wait */
    status_lists_land(lists, ticket, usual(0), -1, START + 10);
    assert_int_equal(get(lists, uri_of(8), 0, START + 10).state, STATUS_FETCH);
    status_lists_free(lists);
}

/* ---- threads ---- */

struct crowd {
    struct status_lists *lists;
    pthread_mutex_t lock;
    size_t fetches;
};

static void *ask_often(void *argument)
{
    struct crowd *crowd = argument;
    for (int64_t i = 0; i < 2000; i++) {
        const struct status_reply reply = get(crowd->lists, i % 3 == 0 ? URI : URI "2", i % 16, START + i);
        if (reply.state != STATUS_FETCH) continue;
        pthread_mutex_lock(&crowd->lock);
        crowd->fetches++;
        pthread_mutex_unlock(&crowd->lock);
        usleep(1000);
        status_lists_land(crowd->lists, reply.ticket, usual(0), -1, START + i);
    }
    return NULL;
}

static void test_threads_fetch_once(void **state)
{
    (void)state;
    struct crowd crowd = {.lists = fresh()};
    pthread_t threads[8];
    pthread_mutex_init(&crowd.lock, NULL);
    for (size_t i = 0; i < 8; i++) assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &crowd), 0);
    for (size_t i = 0; i < 8; i++) pthread_join(threads[i], NULL);
    assert_int_equal(crowd.fetches, 2); /* of each list one */
    pthread_mutex_destroy(&crowd.lock);
    status_lists_free(crowd.lists);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fetched_once_then_used),
        cmocka_unit_test(test_refreshed_ahead),
        cmocka_unit_test(test_lifetimes),
        cmocka_unit_test(test_a_list_that_is_over_when_it_lands),
        cmocka_unit_test(test_back_off),
        cmocka_unit_test(test_the_last_good_list_only_while_its_ttl_permits),
        cmocka_unit_test(test_an_older_list_is_no_news),
        cmocka_unit_test(test_offline),
        cmocka_unit_test(test_a_list_that_may_have_grown),
        cmocka_unit_test(test_an_abandoned_flight_passes_on),
        cmocka_unit_test(test_a_flight_that_nobody_drives),
        cmocka_unit_test(test_a_flight_without_transport_costs_nothing),
        cmocka_unit_test(test_a_child_has_no_flight_of_its_parent),
        cmocka_unit_test(test_a_clock_that_is_set_back),
        cmocka_unit_test(test_times_out_of_range),
        cmocka_unit_test(test_number_of_lists),
        cmocka_unit_test(test_number_of_bytes),
        cmocka_unit_test(test_number_of_flights),
        cmocka_unit_test(test_threads_fetch_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
