/* SPDX-License-Identifier: Apache-2.0
 *
 * test_limiter.c: token buckets: what each lets through, whatever the clock does; a naive model without bounds as the judge of long
 * random runs; and a table that is full, by threads, after a fork and without memory.
 */
#define _GNU_SOURCE /* support/failing.h */
#include "support/failing.h"
#include "support/draw.h"
#include "support/unit.h"
#include "access/limits.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define T0  INT64_C(1800000000000)
#define DAY INT64_C(86400000)

static apisec_limiter *new_limiter(uint32_t requests, uint32_t seconds, uint32_t burst, size_t max_keys)
{
    apisec_limiter *limiter = NULL;
    assert_int_equal(apisec_limiter_new(requests, seconds, burst, max_keys, &limiter, NULL), APISEC_OK);
    assert_non_null(limiter);
    return limiter;
}

/* take says in how many seconds there is a request again; 0: there was one. */
static uint32_t take(apisec_limiter *limiter, const char *key, int64_t now_ms)
{
    uint32_t retry = 12345;
    const apisec_status status = apisec_limiter_take(limiter, key, strlen(key), now_ms, &retry);
    assert_true(status == APISEC_OK ? retry == 0 : status == APISEC_E_RATE && retry >= 1);
    return retry;
}

static uint32_t take_number(apisec_limiter *limiter, size_t number, int64_t now_ms)
{
    char key[24];
    snprintf(key, sizeof key, "key-%zu", number);
    return take(limiter, key, now_ms);
}

static size_t drain(apisec_limiter *limiter, const char *key, int64_t now_ms)
{
    size_t num = 0;
    while (take(limiter, key, now_ms) == 0) num++;
    return num;
}

/* ---- arguments ---- */

static void test_arguments(void **state)
{
    (void)state;
    static const struct {
        uint32_t requests, seconds, burst;
        size_t max_keys;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {1, 1, 1, 1, APISEC_OK, "the least of all"},
        {0, 1, 1, 1, APISEC_E_ARGUMENT, "no requests is no limit but a closed door"},
        {1, 0, 1, 1, APISEC_E_ARGUMENT, "no time"},
        {1, 1, 0, 1, APISEC_E_ARGUMENT, "a bucket that holds nothing"},
        {1, 1, 1, 0, APISEC_E_ARGUMENT, "room for nobody"},
        {1000000, 1000000, 1000000, 1, APISEC_OK, "the most of the numbers"},
        {1000001, 1, 1, 1, APISEC_E_ARGUMENT, "one more"},
        {1, 1000001, 1, 1, APISEC_E_ARGUMENT, "one more"},
        {1, 1, 1000001, 1, APISEC_E_ARGUMENT, "one more"},
        {1, 1, 1, 16777217, APISEC_E_ARGUMENT, "one more"},
        {UINT32_MAX, 1, 1, 1, APISEC_E_ARGUMENT, "-1 as a number without sign"},
        {1, 1, 1, SIZE_MAX, APISEC_E_ARGUMENT, "-1 as a size"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_limiter *limiter = (apisec_limiter *)&limiter;
        apisec_error err = {.status = APISEC_OK, .text = ""};
        const apisec_status status =
            apisec_limiter_new(rows[i].requests, rows[i].seconds, rows[i].burst, rows[i].max_keys, &limiter, &err);
        if (status != rows[i].expected || err.status != status || (status == APISEC_OK) != (limiter != NULL))
            fail_msg("row %zu: %s", i, rows[i].why);
        apisec_limiter_free(limiter);
    }
    assert_int_equal(apisec_limiter_new(1, 1, 1, 1, NULL, NULL), APISEC_E_ARGUMENT);
    apisec_limiter_free(NULL);
    apisec_limiter *limiter = new_limiter(1, 1, 1, 1);
    uint32_t retry = 7;
    assert_int_equal(apisec_limiter_take(NULL, "a", 1, T0, &retry), APISEC_E_ARGUMENT);
    assert_int_equal(retry, 0);
    assert_int_equal(apisec_limiter_take(limiter, NULL, 1, T0, NULL), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_limiter_take(limiter, NULL, 0, T0, NULL), APISEC_OK); /* the empty key is one */
    assert_int_equal(apisec_limiter_take(limiter, "", 0, T0, NULL), APISEC_E_RATE);
    assert_int_equal(apisec_limiter_take(limiter, "a\0b", 3, T0, NULL), APISEC_OK); /* bytes, no text */
    assert_int_equal(apisec_limiter_take(limiter, "a\0c", 3, T0, NULL), APISEC_OK);
    apisec_limiter_free(limiter);
}

/* ---- one bucket ---- */

static void test_one_bucket(void **state)
{
    (void)state;
    static const struct {
        uint32_t requests, seconds, burst;
        struct {
            int64_t at;     /* milliseconds after the first */
            uint32_t retry; /* seconds; 0: let through */
        } takes[8];         /* to the first with at -1 */
        const char *why;
    } rows[] = {
        {1, 1, 1, {{0, 0}, {0, 1}, {999, 1}, {1000, 0}, {1999, 1}, {2000, 0}, {-1, 0}}, "to the millisecond"},
        {1, 60, 2, {{0, 0}, {0, 0}, {0, 60}, {59999, 1}, {60000, 0}, {60000, 60}, {180000, 0}, {-1, 0}}, "a minute for one"},
        {3, 1, 1, {{0, 0}, {333, 1}, {334, 0}, {667, 1}, {668, 0}, {-1, 0}}, "thirds are not rounded away"},
        {3, 1, 3, {{0, 0}, {0, 0}, {0, 0}, {0, 1}, {333, 1}, {334, 0}, {667, 0}, {-1, 0}}, "667 ms are two thirds, and a bit"},
        {1000000, 1, 1, {{0, 0}, {0, 1}, {1, 0}, {1, 1}, {2, 0}, {-1, 0}}, "the fastest: full after each millisecond"},
        {1, 1000000, 1, {{0, 0}, {0, 1000000}, {500000000, 500000}, {999999999, 1}, {1000000000, 0}, {-1, 0}}, "the slowest"},
        {1, 1, 2, {{0, 0}, {DAY, 0}, {DAY, 0}, {DAY, 1}, {-1, 0}}, "a day fills a bucket to its burst and no further"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static const int64_t starts[] = {T0, 0, 1, -1, -500, INT64_MIN, INT64_MIN + 1, INT64_MAX - 2000000000};
        for (size_t s = 0; s < sizeof starts / sizeof starts[0]; s++) {
            apisec_limiter *limiter = new_limiter(rows[i].requests, rows[i].seconds, rows[i].burst, 1);
            for (size_t k = 0; k < 8 && rows[i].takes[k].at >= 0; k++) {
                const uint32_t retry = take(limiter, "a", starts[s] + rows[i].takes[k].at);
                if (retry != rows[i].takes[k].retry) fail_msg("row %zu, start %zu, take %zu: %u: %s", i, s, k, retry, rows[i].why);
            }
            apisec_limiter_free(limiter);
        }
    }
}

static void test_clocks(void **state)
{
    (void)state;
    static const struct {
        int64_t before, after; /* the bucket of two is emptied at before, and asked at after, a second and two later */
        size_t at_once, later, last;
        const char *why;
    } rows[] = {
        {T0, T0, 0, 1, 1, "time stands still"},
        {T0, T0 - 1, 0, 0, 1, "a thread that was overtaken: time stands still until the clock has caught up"},
        {T0, T0 - 60000, 0, 0, 0, "a step back of a minute: the same"},
        {T0, T0 - 60001, 0, 1, 1, "farther back it was set: the bucket is empty and fills from there"},
        {T0, T0 - 365 * DAY, 0, 1, 1, "a year ahead by mistake locks nobody out for a year"},
        {T0, T0 + 365 * DAY, 2, 1, 1, "a year later"},
        {INT64_MAX, 0, 2, 1, 1, "so far back that the numbers go round: that is a long time, in which it was filled"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_limiter *limiter = new_limiter(1, 1, 2, 1);
        assert_int_equal(drain(limiter, "a", rows[i].before), 2);
        const size_t at_once = drain(limiter, "a", rows[i].after);
        const size_t later = drain(limiter, "a", rows[i].after + 1000);
        const size_t last = drain(limiter, "a", rows[i].after + 2000);
        if (at_once != rows[i].at_once || later != rows[i].later || last != rows[i].last)
            fail_msg("row %zu: %zu, %zu and %zu: %s", i, at_once, later, last, rows[i].why);
        apisec_limiter_free(limiter);
    }
}

/* The number of no bucket at all is no moment either: one unit is added, and nothing is forgotten. */
static void test_the_moment_that_is_none(void **state)
{
    (void)state;
    apisec_limiter *limiter = new_limiter(1, 1, 1, 1);
    assert_int_equal(take(limiter, "a", -1000), 0);
    assert_int_equal(take(limiter, "a", -1000), 2);
    assert_int_equal(take(limiter, "a", 0), 1);
    assert_int_equal(take(limiter, "a", 1), 0);
    apisec_limiter_free(limiter);
}

/* ---- against a model ---- */

#ifdef __SIZEOF_INT128__
__extension__ typedef __int128 wide;
#define HAS_WIDE 1
#else
typedef int64_t wide; /* enough for the times that are asked for then */
#define HAS_WIDE 0
#endif

#define MODEL_KEYS 64

/* The limiter as one would write it with all the room in the world. */
struct model {
    wide requests, cost, capacity;
    bool has_time;
    wide latest;
    bool was_used[MODEL_KEYS];
    wide full_at[MODEL_KEYS];
};

static wide model_now(struct model *model, int64_t now_ms)
{
    const wide now = now_ms;
    if (!model->has_time || now > model->latest || model->latest - now > 60000) model->latest = now;
    model->has_time = true;
    return model->latest * model->requests;
}

static wide model_debt(const struct model *model, size_t key, wide now)
{
    const wide debt = model->was_used[key] ? model->full_at[key] - now : 0;
    if (debt > model->capacity + 60000 * model->requests) return model->capacity;
    return debt > 0 ? debt : 0;
}

static uint32_t model_take(struct model *model, size_t key, int64_t now_ms)
{
    const wide now = model_now(model, now_ms), debt = model_debt(model, key, now), after = debt + model->cost;
    const wide per_second = model->requests * 1000;
    model->was_used[key] = true;
    model->full_at[key] = now + (after <= model->capacity ? after : debt);
    if (after <= model->capacity) return 0;
    return (uint32_t)((after - model->capacity + per_second - 1) / per_second);
}

/* next_time: mostly a little later, now and then the same, back, far on, or set. */
static int64_t next_time(int64_t now, const struct model *model)
{
    const uint64_t typical = (uint64_t)(model->cost / model->requests) + 2;
    switch (draw(16)) {
    case 0: return now - (int64_t)draw_wide(60000);
    case 1: return now + (int64_t)draw_wide(20 * typical);
    case 2: return draw_wide(100) > 0 ? now : now - (int64_t)draw_wide(1000000000);
    case 3:
    case 4: return now;
    default: return now + (int64_t)draw_wide(typical);
    }
}

static void run_model(uint32_t requests, uint32_t seconds, uint32_t burst, int64_t now, size_t num_takes)
{
    struct model model = {.requests = requests, .cost = (wide)seconds * 1000, .capacity = (wide)seconds * 1000 * burst};
    apisec_limiter *limiter = new_limiter(requests, seconds, burst, 8);
    size_t num_let = 0;
    for (size_t i = 0; i < num_takes; i++) {
        const size_t key = (size_t)draw_wide(6);
        now = next_time(now, &model);
        const uint32_t expected = model_take(&model, key, now), given = take_number(limiter, key, now);
        if (given != expected)
            fail_msg("%u in %u s, %u at once: take %zu: %u, not %u", requests, seconds, burst, i, given, expected);
        num_let += given == 0;
    }
    assert_in_range(num_let, num_takes / 100, num_takes - num_takes / 100); /* both happen */
    apisec_limiter_free(limiter);
}

static void test_model(void **state)
{
    (void)state;
    static const struct {
        uint32_t requests, seconds, burst;
        int64_t start;
        bool wants_wide;
    } rows[] = {
        {1, 1, 1, T0, false},
        {60, 60, 20, T0, false},
        {7, 3, 5, -T0, false},
        {999983, 7, 3, T0, false},
        {1, 86400, 3, T0, false},
        {1000000, 1000000, 1000000, T0, false},
        {13, 1, 2, INT64_C(1) << 62, true},
        {999983, 999979, 3, -(INT64_C(1) << 62), true},
    };
    const size_t num = sizeof rows / sizeof rows[0];
    for (size_t i = 0; i < num; i++) {
        if (rows[i].requests == 1000000) continue; /* nobody empties such a bucket; test_one_bucket has its rate */
        if (HAS_WIDE || !rows[i].wants_wide)
            run_model(rows[i].requests, rows[i].seconds, rows[i].burst, rows[i].start, 1000000 / (num - 1));
    }
}

/* However full the table is, nobody is let through who a table without bounds would have refused: here with sixteen places for
 * sixty-four callers. */
static void test_never_more_than_without_bounds(void **state)
{
    (void)state;
    static const uint32_t bursts[] = {1, 2, 10};
    for (size_t b = 0; b < 3; b++) {
        struct model model = {.requests = 1, .cost = 1000, .capacity = 1000 * (wide)bursts[b]};
        apisec_limiter *limiter = new_limiter(1, 1, bursts[b], 1);
        size_t num_let = 0, num_more = 0;
        int64_t now = T0;
        for (size_t i = 0; i < 200000; i++) {
            const size_t key = (size_t)draw_wide(draw_wide(4) == 0 ? MODEL_KEYS : 20);
            now += (int64_t)draw_wide(draw_wide(500) == 0 ? 30000 : 120);
            const wide before = model_debt(&model, key, model_now(&model, now));
            if (take_number(limiter, key, now) > 0) {
                num_more += before + model.cost <= model.capacity;
                continue;
            }
            num_let++;
            if (model_take(&model, key, now) > 0) fail_msg("burst %u, take %zu: key %zu gains by the flood", bursts[b], i, key);
        }
        assert_in_range(num_let, 10000, 190000);
        assert_true(num_more > 1000); /* the table was full indeed */
        apisec_limiter_free(limiter);
    }
}

/* ---- a full table ---- */

static void test_as_many_as_were_asked_for(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 8, 100, 4096, 20000};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        apisec_limiter *limiter = new_limiter(1, 1, 1, sizes[s]);
        size_t num_shared = 0;
        for (size_t i = 0; i < sizes[s]; i++) num_shared += take_number(limiter, i, T0) > 0;
        assert_true(num_shared <= sizes[s] / 200 + 8); /* chance may put a few too many into one set */
        apisec_limiter_free(limiter);
    }
}

/* fill takes all sixteen places of the one set, and empties the shared bucket. */
static void fill(apisec_limiter *limiter, size_t first, int64_t now)
{
    for (size_t i = 0; i < 16; i++) assert_int_equal(take_number(limiter, first + i, now), 0);
    assert_int_equal(take_number(limiter, first + 16, now), 0); /* alone in the shared one */
    assert_int_equal(take_number(limiter, first + 17, now), 1); /* which has one request at a time */
}

static void test_newcomers_share(void **state)
{
    (void)state;
    apisec_limiter *limiter = new_limiter(1, 1, 5, 1);
    fill(limiter, 0, T0);
    assert_int_equal(take_number(limiter, 100, T0), 1);
    assert_int_equal(take_number(limiter, 101, T0 + 999), 1);
    assert_int_equal(drain(limiter, "key-3", T0 + 999), 4); /* who has a place keeps all of it */
    /* The others are full again, and a newcomer has a place: but for the one request that the shared bucket lacks. */
    assert_int_equal(take_number(limiter, 102, T0 + 999 + 1), 0);
    assert_int_equal(drain(limiter, "key-102", T0 + 1000), 4);
    assert_int_equal(take_number(limiter, 103, T0 + 1000), 0);
    assert_int_equal(drain(limiter, "key-103", T0 + 1000), 4);
    apisec_limiter_free(limiter);

    limiter = new_limiter(1, 1, 5, 1);
    fill(limiter, 0, T0);
    assert_int_equal(take_number(limiter, 100, T0 + 500), 1);
    assert_int_equal(drain(limiter, "key-1", T0 + 500), 4);
    for (size_t i = 0; i < 16; i++) assert_int_equal(drain(limiter, "key-2", T0 + 500 + (int64_t)i), i == 0 ? 4 : 0);
    apisec_limiter_free(limiter);
}

static void test_what_was_shared_is_remembered(void **state)
{
    (void)state;
    apisec_limiter *limiter = new_limiter(1, 1, 2, 1);
    for (size_t i = 0; i < 16; i++) assert_int_equal(take_number(limiter, i, T0), 0);
    assert_int_equal(take(limiter, "late", T0 + 900), 0); /* of the shared one, which lacks it until T0 + 1900 */
    assert_int_equal(take(limiter, "late", T0 + 999), 1);
    assert_int_equal(take(limiter, "late", T0 + 1000), 0); /* there is a place, and a bucket of two that lacks the one of before */
    assert_int_equal(take(limiter, "late", T0 + 1000), 1);
    assert_int_equal(take(limiter, "late", T0 + 1899), 1);
    assert_int_equal(take(limiter, "late", T0 + 1900), 0);
    assert_int_equal(take(limiter, "late", T0 + 1900), 1);
    apisec_limiter_free(limiter);
}

/* A regular is asked for again after a flood: with a bucket of its own all of the burst is there, with a shared one nothing. */
static void test_regulars_keep_their_places(void **state)
{
    (void)state;
    static const struct {
        size_t num_before; /* takes of the one who is looked at */
        int64_t idle;      /* before the flood, which is at one moment */
        size_t expected;   /* requests after it */
        const char *why;
    } rows[] = {
        {1, 0, 4, "not full yet: nobody takes the place"},
        {1, 5000, 0, "came once, and is full again: a newcomer takes the place"},
        {2, 5000, 5, "came again: keeps it"},
        {2, 3600000, 5, "for an hour"},
        {2, 3700000, 0, "and no longer"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_limiter *limiter = new_limiter(1, 1, 5, 1);
        for (size_t k = 0; k < rows[i].num_before; k++) assert_int_equal(take(limiter, "regular", T0), 0);
        const int64_t now = T0 + rows[i].idle;
        for (size_t k = 0; k < 100; k++) take_number(limiter, k, now);
        const size_t num = drain(limiter, "regular", now);
        if (num != rows[i].expected) fail_msg("row %zu: %zu: %s", i, num, rows[i].why);
        apisec_limiter_free(limiter);
    }
}

static void test_regulars_are_half_of_all(void **state)
{
    (void)state;
    apisec_limiter *limiter = new_limiter(1, 1, 5, 1);
    for (size_t i = 0; i < 32; i++) take_number(limiter, i % 16, T0); /* all come twice */
    size_t num_kept = 0;
    int64_t now = T0 + 10000;
    for (size_t i = 100; i < 200; i++) take_number(limiter, i, now);
    for (size_t i = 0; i < 16; i++) num_kept += take_number(limiter, i, now) == 0;
    assert_int_equal(num_kept, 8);
    apisec_limiter_free(limiter);
}

/* Whose place nobody wants keeps it, but is counted no longer: others who come again are regulars in their stead. */
static void test_regulars_follow_regulars(void **state)
{
    (void)state;
    apisec_limiter *limiter = new_limiter(1, 1, 5, 1);
    for (size_t i = 0; i < 16; i++) assert_int_equal(take_number(limiter, i % 8, T0), 0);
    const int64_t now = T0 + 3700000;
    for (size_t i = 0; i < 16; i++) assert_int_equal(take_number(limiter, 300 + i % 8, now), 0);
    for (size_t i = 400; i < 500; i++) take_number(limiter, i, now + 10000);
    for (size_t i = 300; i < 308; i++) assert_int_equal(take_number(limiter, i, now + 10000), 0);
    apisec_limiter_free(limiter);
}

/* Of those that may go the one that nobody has come to for longest goes: who has just come has time to come again. */
static void test_the_longest_idle_goes(void **state)
{
    (void)state;
    apisec_limiter *limiter = new_limiter(1, 1, 5, 1);
    for (size_t i = 0; i < 16; i++) assert_int_equal(take_number(limiter, i, T0), 0);
    for (size_t i = 0; i < 8; i++) assert_int_equal(take_number(limiter, 100 + i, T0 + 10000 * ((int64_t)i + 1)), 0);
    for (size_t i = 0; i < 8; i++) assert_int_equal(take_number(limiter, 100 + i, T0 + 100000), 0); /* regulars by now */
    for (size_t i = 200; i < 300; i++) take_number(limiter, i, T0 + 200000);
    for (size_t i = 0; i < 8; i++) assert_int_equal(take_number(limiter, 100 + i, T0 + 200000), 0);
    apisec_limiter_free(limiter);
}

/* Places of before the clock was set back are had again after the time that an empty bucket needs. */
static void test_a_clock_set_back_leaves_room(void **state)
{
    (void)state;
    apisec_limiter *limiter = new_limiter(1, 1, 5, 1);
    fill(limiter, 0, T0);
    const int64_t now = T0 - 100 * DAY;
    assert_int_equal(take_number(limiter, 100, now), 1);
    assert_int_equal(take_number(limiter, 100, now + 1000), 0);
    assert_int_equal(drain(limiter, "key-200", now + 5000), 5);
    apisec_limiter_free(limiter);
}

/* ---- texts ---- */

static void test_no_two_texts_are_one(void **state)
{
    (void)state;
#define TEXT(literal)                                                                                                              \
    {                                                                                                                              \
        literal, sizeof literal - 1                                                                                                \
    }
    static const struct {
        uint64_t kind;
        struct text texts[3];
        size_t num;
    } rows[] = {
        {0, {TEXT("")}, 0},
        {1, {TEXT("")}, 0},
        {0, {TEXT("")}, 1},
        {0, {TEXT(""), TEXT("")}, 2},
        {0, {TEXT("ab"), TEXT("c")}, 2},
        {0, {TEXT("a"), TEXT("bc")}, 2},
        {0, {TEXT("abc")}, 1},
        {0, {TEXT("abc"), TEXT("")}, 2},
        {0, {TEXT(""), TEXT("abc")}, 2},
        {1, {TEXT("abc")}, 1},
        {0, {TEXT("a"), TEXT("b"), TEXT("c")}, 3},
        {0, {TEXT("b"), TEXT("a"), TEXT("c")}, 3},
        {0, {TEXT("a\0b")}, 1},
        {0, {TEXT("a")}, 1},
    };
    apisec_limiter *limiter = new_limiter(1, 1, 1, 100);
    uint32_t retry;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(limiter_take_texts(limiter, rows[i].kind, rows[i].texts, rows[i].num, T0, &retry), APISEC_OK);
        assert_int_equal(retry, 0);
        assert_int_equal(limiter_take_texts(limiter, rows[i].kind, rows[i].texts, rows[i].num, T0, &retry), APISEC_E_RATE);
        assert_int_equal(retry, 1);
    }
    apisec_limiter_free(limiter);
}

/* ---- threads ---- */

#define THREADS 8

struct crowd {
    apisec_limiter *limiter;
    pthread_barrier_t start;
    _Atomic int64_t now;
    _Atomic size_t num_let, num_done;
    size_t takes, keys;
};

static void *crowd_work(void *argument)
{
    struct crowd *crowd = argument;
    size_t num = 0;
    pthread_barrier_wait(&crowd->start);
    for (size_t i = 0; i < crowd->takes; i++) {
        const int64_t now = i % 16 == 0 ? atomic_fetch_add(&crowd->now, 1) + 1 : atomic_load(&crowd->now);
        num += take_number(crowd->limiter, i % crowd->keys, now) == 0;
    }
    atomic_fetch_add(&crowd->num_let, num);
    atomic_fetch_add(&crowd->num_done, 1);
    return NULL;
}

static void start_crowd(struct crowd *crowd, pthread_t threads[THREADS])
{
    assert_int_equal(pthread_barrier_init(&crowd->start, NULL, THREADS), 0);
    for (size_t i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, crowd_work, crowd), 0);
}

static void end_crowd(struct crowd *crowd, pthread_t threads[THREADS])
{
    for (size_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&crowd->start);
    apisec_limiter_free(crowd->limiter);
}

/* Each bucket lets through its burst and what its rate gives, from the first moment to the last; and no less: all ask often. */
static void test_threads_at_one_bucket(void **state)
{
    (void)state;
    for (size_t keys = 1; keys <= 3; keys += 2) {
        pthread_t threads[THREADS];
        struct crowd crowd = {.limiter = new_limiter(100, 1, 50, 4), .now = T0, .takes = 3200, .keys = keys};
        start_crowd(&crowd, threads);
        end_crowd(&crowd, threads);
        const size_t elapsed_ms = (size_t)(atomic_load(&crowd.now) - T0);
        const size_t most = keys * (50 + elapsed_ms / 10);
        assert_int_equal(elapsed_ms, THREADS * 3200 / 16);
        if (crowd.num_let > most || crowd.num_let < most - keys * 60)
            fail_msg("%zu keys: %zu let through, at most %zu", keys, (size_t)crowd.num_let, most);
    }
}

/* All come for the first time at the same moment, again and again: nobody has two places. */
static void *first_work(void *argument)
{
    struct crowd *crowd = argument;
    size_t num = 0;
    for (size_t i = 0; i < crowd->takes; i++) {
        pthread_barrier_wait(&crowd->start);
        num += take_number(crowd->limiter, i, T0) == 0;
    }
    atomic_fetch_add(&crowd->num_let, num);
    return NULL;
}

static void test_threads_at_a_first_time(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    struct crowd crowd = {.limiter = new_limiter(1, 1, 1, 4096), .takes = 400};
    assert_int_equal(pthread_barrier_init(&crowd.start, NULL, THREADS), 0);
    for (size_t i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, first_work, &crowd), 0);
    end_crowd(&crowd, threads);
    assert_int_equal(crowd.num_let, 400);
}

/* Places change hands all the time, and each caller is let through once in 20 ms at most, as if there were no others. */
#define OWN_KEYS 6
static void *full_work(void *argument)
{
    struct crowd *crowd = argument;
    int64_t let_at[OWN_KEYS];
    const size_t self = atomic_fetch_add(&crowd->num_done, 1);
    for (size_t i = 0; i < OWN_KEYS; i++) let_at[i] = T0 - 10000;
    pthread_barrier_wait(&crowd->start);
    for (size_t i = 0; i < crowd->takes; i++) {
        const size_t key = i / 4 % OWN_KEYS;
        const int64_t before = i % 4 == 0 ? atomic_fetch_add(&crowd->now, 1) + 1 : atomic_load(&crowd->now);
        if (take_number(crowd->limiter, self * OWN_KEYS + key, before) > 0) continue;
        if (atomic_load(&crowd->now) - let_at[key] < 20) return argument;
        let_at[key] = before;
        atomic_fetch_add(&crowd->num_let, 1);
    }
    return NULL;
}

static void test_threads_at_a_full_table(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    struct crowd crowd = {.limiter = new_limiter(50, 1, 1, 1), .now = T0, .takes = 40000};
    size_t num_wrong = 0;
    assert_int_equal(pthread_barrier_init(&crowd.start, NULL, THREADS), 0);
    for (size_t i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, full_work, &crowd), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        num_wrong += wrong != NULL;
    }
    pthread_barrier_destroy(&crowd.start);
    apisec_limiter_free(crowd.limiter);
    assert_int_equal(num_wrong, 0);
    assert_true(crowd.num_let > 1000);
}

/* A child goes on with its own copy, whatever the parent's threads were doing. */
static void test_fork(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    struct crowd crowd = {.limiter = new_limiter(1, 1, 1, 1), .now = T0, .takes = 20000, .keys = 5000};
    start_crowd(&crowd, threads);
    for (size_t i = 0; i < 20; i++) {
        const pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            alarm(20);
            size_t num = 0;
            for (size_t k = 0; k < 1000; k++) {
                char key[24];
                snprintf(key, sizeof key, "child-%zu", k % 100);
                num += apisec_limiter_take(crowd.limiter, key, strlen(key), T0 + DAY, NULL) == APISEC_OK;
            }
            _exit(num >= 15 && num <= 17 ? 0 : 1); /* the places of the one set, but for a claimed one, and the shared bucket */
        }
        int ended = -1;
        assert_int_equal(waitpid(pid, &ended, 0), pid);
        assert_int_equal(ended, 0);
    }
    end_crowd(&crowd, threads);
}

/* ---- memory ---- */

static void test_every_allocation(void **state)
{
    (void)state;
    if (!failing_works()) skip();
    size_t nth = 1;
    for (;; nth++) {
        apisec_limiter *limiter = (apisec_limiter *)&limiter;
        apisec_error err;
        failing_begin(nth);
        const apisec_status status = apisec_limiter_new(60, 60, 20, 1000, &limiter, &err);
        if (status == APISEC_OK) apisec_limiter_take(limiter, "a", 1, T0, NULL);
        apisec_limiter_free(limiter);
        const bool has_failed = failing_end();
        assert_int_equal(failing_kept, 0);
        assert_int_equal(status, has_failed ? APISEC_E_MEMORY : APISEC_OK);
        assert_true(!has_failed || limiter == NULL);
        if (!has_failed) break;
    }
    assert_int_equal(nth, 3); /* the limiter, and all of its table at once */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_one_bucket),
        cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_the_moment_that_is_none),
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_never_more_than_without_bounds),
        cmocka_unit_test(test_as_many_as_were_asked_for),
        cmocka_unit_test(test_newcomers_share),
        cmocka_unit_test(test_what_was_shared_is_remembered),
        cmocka_unit_test(test_regulars_keep_their_places),
        cmocka_unit_test(test_regulars_are_half_of_all),
        cmocka_unit_test(test_regulars_follow_regulars),
        cmocka_unit_test(test_the_longest_idle_goes),
        cmocka_unit_test(test_a_clock_set_back_leaves_room),
        cmocka_unit_test(test_no_two_texts_are_one),
        cmocka_unit_test(test_threads_at_one_bucket),
        cmocka_unit_test(test_threads_at_a_first_time),
        cmocka_unit_test(test_threads_at_a_full_table),
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_every_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
