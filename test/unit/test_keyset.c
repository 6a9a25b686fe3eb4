/* SPDX-License-Identifier: Apache-2.0
 *
 * test_keyset.c: an issuer's keys over time. Each test is a story: what is done when, and what keyset_get then says. Times are
 * milliseconds after an arbitrary start.
 */
#include "support/unit.h"
#include "support/stride.h"
#include "token/token.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define START ((int64_t)1750000000000)
#define HOUR 3600000

static const char set_text[] =
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k1\",\"alg\":\"ES256\","
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}"; /* RFC 7515 A.3 */

enum event { GET, EARLY, MISSING, OFFLINE, OFFLINE_MISSING, LAND, FAIL, ABANDON, UNSENT };
static const char *const event_names[] = {"GET",  "EARLY", "MISSING", "OFFLINE", "OFFLINE_MISSING",
                                          "LAND", "FAIL",  "ABANDON", "UNSENT"};

/* What keyset_get says, in one number: READY, FETCH, WAIT, or why it is exhausted. */
enum says { NOTHING, READY, FETCH, WAIT, UNKNOWN, UNAVAILABLE, NO_TRANSPORT, OTHER };
static const char *const says_names[] = {"NOTHING", "READY", "FETCH", "WAIT", "UNKNOWN", "UNAVAILABLE", "NO_TRANSPORT", "OTHER"};

struct step {
    int64_t at_ms;
    enum event event;
    enum says expected;
    int64_t max_age; /* of LAND */
    const char *why;
};

static struct keyset *fetched(void)
{
    struct keyset *keys = NULL;
    const struct keyset_config config = {
        .source = KEYS_URI, .issuer = text_of("https://id.example"), .uri = text_of("https://id.example/jwks")};
    assert_int_equal(keyset_new(&config, &keys, NULL), APISEC_OK);
    return keys;
}

static struct jwk_set *parse_set(void)
{
    struct jwk_set *set = NULL;
    assert_int_equal(jwk_set_parse(text_of(set_text), JWK_FETCHED, &set, NULL), APISEC_OK);
    return set;
}

static apisec_status land(struct keyset *keys, uint64_t ticket, int64_t max_age, int64_t now_ms)
{
    const struct landed landed = {parse_set(), "https://id.example/jwks", "", max_age};
    return keyset_land(keys, ticket, &landed, now_ms);
}

static enum says in_words(const struct keyset_reply *reply)
{
    if (reply->state == KEYSET_READY) return READY;
    if (reply->state == KEYSET_FETCH) return FETCH;
    if (reply->state == KEYSET_WAIT) return WAIT;
    if (reply->error.status == APISEC_E_KEY_UNKNOWN) return UNKNOWN;
    if (reply->error.status == APISEC_E_KEYS_UNAVAILABLE) return UNAVAILABLE;
    if (reply->error.status == APISEC_E_NO_TRANSPORT) return NO_TRANSPORT;
    return OTHER;
}

static enum says ask(struct keyset *keys, int64_t at_ms, enum event event, uint64_t *ticket, uint64_t *generation)
{
    const struct keyset_query query = {.now_ms = START + at_ms,
                                       .early = event == EARLY,
                                       .offline = event == OFFLINE || event == OFFLINE_MISSING,
                                       .missing_kid = event == MISSING || event == OFFLINE_MISSING,
                                       .seen = *generation};
    struct keyset_reply reply;
    keyset_get(keys, &query, &reply);
    if (reply.state == KEYSET_FETCH) *ticket = reply.flight;
    if (reply.state == KEYSET_WAIT) assert_true(reply.again_ms > query.now_ms && reply.again_ms <= query.now_ms + 1000);
    if (reply.state == KEYSET_READY) {
        assert_non_null(snapshot_keys(reply.snapshot));
        *generation = reply.generation;
        keyset_release(keys, reply.snapshot);
    } else {
        assert_null(reply.snapshot);
    }
    return in_words(&reply);
}

static void play(const struct step *steps, size_t num)
{
    struct keyset *keys = fetched();
    uint64_t ticket = 0, generation = 0;
    const apisec_error why = {APISEC_E_UNREACHABLE, "the server cannot be reached"};
    for (size_t i = 0; i < num; i++) {
        const struct step *step = &steps[i];
        enum says said = NOTHING;
        if (step->event == LAND) {
            assert_int_equal(land(keys, ticket, step->max_age, START + step->at_ms), APISEC_OK);
        } else if (step->event == FAIL) {
            keyset_fail(keys, ticket, &why, START + step->at_ms);
        } else if (step->event == ABANDON) {
            keyset_abandon(keys, ticket);
        } else if (step->event == UNSENT) {
            keyset_unsent(keys, ticket);
        } else {
            said = ask(keys, step->at_ms, step->event, &ticket, &generation);
        }
        if (said != step->expected)
            fail_msg("step %zu, at %lld %s: %s instead of %s (%s)", i, (long long)step->at_ms, event_names[step->event],
                     says_names[said], says_names[step->expected], step->why);
    }
    keyset_free(keys);
}
#define PLAY(steps) play(steps, sizeof(steps) / sizeof(steps)[0])

/* ---- lifetime ---- */

static void test_the_life_of_a_set(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {0, GET, FETCH, 0, "none yet, and the one who asks first fetches"},
        {0, GET, WAIT, 0, "others wait"},
        {5, LAND, NOTHING, -1, "600 s without a max-age"},
        {5, GET, READY, 0, ""},
        {480004, GET, READY, 0, "just below 80 %"},
        {480005, GET, FETCH, 0, "the one who notices refreshes ahead"},
        {480005, GET, READY, 0, "others go on with the old set"},
        {490000, GET, READY, 0, ""},
        {490000, LAND, NOTHING, -1, ""},
        {969999, GET, READY, 0, ""},
        {970000, GET, FETCH, 0, "80 % of the new one"},
        {970000, LAND, NOTHING, -1, ""},
    };
    PLAY(steps);
}

static void test_max_age_is_clamped(void **state)
{
    (void)state;
    static const struct {
        int64_t max_age, due_ms;
    } rows[] = {
        {-1, 480000}, {0, 48000}, {59, 48000}, {60, 48000}, {61, 48800}, {1000, 800000},
        {3600, 2880000}, {3601, 2880000}, {INT64_MAX, 2880000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct step steps[] = {
            {0, GET, FETCH, 0, ""},
            {0, LAND, NOTHING, rows[i].max_age, ""},
            {rows[i].due_ms - 1, GET, READY, 0, "before 80 %"},
            {rows[i].due_ms, GET, FETCH, 0, "at 80 %"},
        };
        PLAY(steps);
    }
}

static void test_ahead_of_those_who_need_them(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {0, EARLY, FETCH, 0, ""},
        {0, LAND, NOTHING, 600, ""},
        {299999, EARLY, READY, 0, "not half of the lifetime yet"},
        {300000, GET, READY, 0, "a request does not fetch so early"},
        {300000, EARLY, FETCH, 0, "who fetches ahead does"},
        {300000, GET, READY, 0, "and nobody waits"},
        {300000, LAND, NOTHING, 600, ""},
    };
    PLAY(steps);
}

static void test_past_its_lifetime(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {0, GET, FETCH, 0, ""},
        {0, LAND, NOTHING, 600, ""},
        {599999, GET, FETCH, 0, ""},
        {599999, GET, READY, 0, "still within the lifetime"},
        {600000, GET, WAIT, 0, "past it nobody uses it while it may be had anew"},
        {600500, FAIL, NOTHING, 0, ""},
        {600500, GET, READY, 0, "but when that fails the last good set serves"},
    };
    PLAY(steps);
}

static void test_the_hard_limit(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {0, GET, FETCH, 0, ""},
        {0, LAND, NOTHING, 3600, ""},
        {HOUR - 2000, GET, FETCH, 0, ""},
        {HOUR - 2000, FAIL, NOTHING, 0, ""},
        {HOUR - 1001, GET, READY, 0, "in back-off"},
        {HOUR - 1000, GET, FETCH, 0, ""},
        {HOUR - 1000, FAIL, NOTHING, 0, "the second failure: 2 s"},
        {HOUR - 1, GET, READY, 0, "one hour less a millisecond"},
        {HOUR, GET, UNAVAILABLE, 0, "one hour: a retired key is trusted no longer"},
        {HOUR, OFFLINE, NO_TRANSPORT, 0, "by nobody"},
        {HOUR + 1000, GET, FETCH, 0, ""},
        {HOUR + 1000, LAND, NOTHING, 600, ""},
        {HOUR + 1000, GET, READY, 0, "and it recovers"},
    };
    PLAY(steps);
}

static void test_back_off_doubles(void **state)
{
    (void)state;
    static const int64_t pauses[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000};
    struct keyset *keys = fetched();
    const apisec_error why = {APISEC_E_TIMEOUT, "no answer in time"};
    uint64_t ticket = 0, generation = 0;
    int64_t now = 0;
    for (size_t i = 0; i < sizeof pauses / sizeof pauses[0]; i++) {
        assert_int_equal(ask(keys, now, GET, &ticket, &generation), FETCH);
        keyset_fail(keys, ticket, &why, START + now);
        assert_int_equal(ask(keys, now, GET, &ticket, &generation), UNAVAILABLE);
        assert_int_equal(ask(keys, now + pauses[i] - 1, GET, &ticket, &generation), UNAVAILABLE);
        now += pauses[i];
    }
    assert_int_equal(ask(keys, now, GET, &ticket, &generation), FETCH);
    assert_int_equal(land(keys, ticket, 60, START + now), APISEC_OK);
    now += 48000;
    assert_int_equal(ask(keys, now, GET, &ticket, &generation), FETCH);
    keyset_fail(keys, ticket, &why, START + now);
    assert_int_equal(ask(keys, now + 999, GET, &ticket, &generation), READY);
    assert_int_equal(ask(keys, now + 1000, GET, &ticket, &generation), FETCH); /* a success starts the doubling anew */
    keyset_abandon(keys, ticket);
    keyset_free(keys);
}

static void test_the_reason_is_told(void **state)
{
    (void)state;
    struct keyset *keys = fetched();
    const apisec_error why = {APISEC_E_TLS, "certificate refused"};
    const struct keyset_query query = {.now_ms = START};
    struct keyset_reply reply;
    keyset_get(keys, &query, &reply);
    keyset_fail(keys, reply.flight, &why, START);
    keyset_get(keys, &query, &reply);
    assert_int_equal(reply.error.status, APISEC_E_KEYS_UNAVAILABLE);
    assert_non_null(strstr(reply.error.text, "certificate refused"));
    assert_non_null(strstr(reply.error.text, "https://id.example"));
    keyset_free(keys);
}

/* ---- unknown kids ---- */

static void test_an_unknown_kid(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {0, GET, FETCH, 0, ""},
        {0, LAND, NOTHING, 600, ""},
        {0, GET, READY, 0, ""},
        {0, MISSING, UNKNOWN, 0, "the set is not 30 s old: no other fetch"},
        {29999, MISSING, UNKNOWN, 0, ""},
        {30000, MISSING, FETCH, 0, "a newer set may have it"},
        {30000, MISSING, WAIT, 0, "others wait for that one fetch"},
        {30000, GET, READY, 0, "those whose kid is known do not"},
        {30100, LAND, NOTHING, 600, ""},
        {30100, MISSING, READY, 0, "a newer generation is there"},
        {30100, MISSING, UNKNOWN, 0, "and it lacks the kid too"},
        {59999, MISSING, UNKNOWN, 0, "30 s from the start of the fetch"},
        {60000, MISSING, FETCH, 0, ""},
        {60000, FAIL, NOTHING, 0, ""},
        {60000, MISSING, UNAVAILABLE, 0, "it may be known to the server, which cannot be asked"},
        {89999, MISSING, UNAVAILABLE, 0, "the cooldown was taken before the fetch"},
        {90000, MISSING, FETCH, 0, ""},
        {90000, LAND, NOTHING, 600, ""},
    };
    PLAY(steps);
}

static void test_abandoned_fetches(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {0, GET, FETCH, 0, ""},
        {0, GET, WAIT, 0, ""},
        {10, ABANDON, NOTHING, 0, "the leader's operation was freed"},
        {10, GET, FETCH, 0, "a follower takes over at once"},
        {10, GET, WAIT, 0, "one only"},
        {20, LAND, NOTHING, 600, ""},
        {40000, GET, READY, 0, ""},
        {40000, MISSING, FETCH, 0, ""},
        {40010, MISSING, WAIT, 0, ""},
        {40020, ABANDON, NOTHING, 0, ""},
        {40030, MISSING, FETCH, 0, "taken over, in spite of the cooldown"},
        {40040, ABANDON, NOTHING, 0, ""},
        {40050, MISSING, UNKNOWN, 0, "but once only: aborting requests is no way to make many fetches"},
        {70030, MISSING, FETCH, 0, "after the cooldown"},
        {70040, ABANDON, NOTHING, 0, ""},
        {70050, MISSING, FETCH, 0, "and then once more"},
        {70060, LAND, NOTHING, 600, ""},
    };
    PLAY(steps);
}

/* A service that frees the operations of clients who hang up must not fetch back to back for that; and nobody else is refused. */
static void test_fetches_abandoned_again_and_again(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {0, GET, FETCH, 0, ""},
        {0, ABANDON, NOTHING, 0, ""},
        {0, GET, FETCH, 0, "the first is taken over at once"},
        {0, ABANDON, NOTHING, 0, ""},
        {0, GET, WAIT, 0, "and then one in a second"},
        {999, GET, WAIT, 0, ""},
        {999, OFFLINE, NO_TRANSPORT, 0, ""},
        {1000, GET, FETCH, 0, ""},
        {1010, ABANDON, NOTHING, 0, ""},
        {1999, GET, WAIT, 0, "which is no failure"},
        {2000, GET, FETCH, 0, ""},
        {2010, LAND, NOTHING, 600, ""},
        {480000, GET, READY, 0, ""},
        {490000, GET, FETCH, 0, "refreshed ahead"},
        {490000, ABANDON, NOTHING, 0, ""},
        {490000, GET, FETCH, 0, "at once, once"},
        {490000, ABANDON, NOTHING, 0, ""},
        {490999, GET, READY, 0, "a set within its lifetime goes on serving"},
        {491000, GET, FETCH, 0, ""},
        {602010, ABANDON, NOTHING, 0, ""},
        {602010, GET, FETCH, 0, "a new turn"},
        {602010, ABANDON, NOTHING, 0, ""},
        {602010, GET, FETCH, 0, ""},
        {602010, ABANDON, NOTHING, 0, ""},
        {602500, GET, WAIT, 0, "past it nobody may stretch it by hanging up"},
        {603010, GET, FETCH, 0, ""},
        {603010, LAND, NOTHING, 600, ""},
    };
    PLAY(steps);
}

static void test_a_leader_that_is_not_driven(void **state)
{
    (void)state;
    struct keyset *keys = fetched();
    uint64_t slow = 0, quick = 0, generation = 0;
    assert_int_equal(ask(keys, 0, GET, &slow, &generation), FETCH);
    assert_int_equal(ask(keys, 19999, GET, &quick, &generation), WAIT);
    assert_int_equal(ask(keys, 20000, GET, &quick, &generation), FETCH);
    assert_int_not_equal(slow, quick);
    const apisec_error why = {APISEC_E_TIMEOUT, "no answer in time"};
    keyset_fail(keys, slow, &why, START + 20001); /* whatever the slow one says now changes nothing */
    keyset_abandon(keys, slow);
    keyset_unsent(keys, slow);
    assert_int_equal(land(keys, slow, 600, START + 20001), APISEC_OK);
    assert_int_equal(ask(keys, 20001, GET, &slow, &generation), WAIT);
    assert_int_equal(land(keys, quick, 600, START + 20002), APISEC_OK);
    assert_int_equal(ask(keys, 20002, GET, &slow, &generation), READY);
    assert_int_equal(generation, 1);
    keyset_free(keys);
}

static void test_an_undriven_fetch_for_an_unknown_kid(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {0, GET, FETCH, 0, ""},
        {0, LAND, NOTHING, 600, ""},
        {0, GET, READY, 0, ""},
        {40000, MISSING, FETCH, 0, ""},
        {59999, MISSING, WAIT, 0, ""},
        {60000, MISSING, FETCH, 0, "as good as abandoned: taken over, in spite of the cooldown"},
        {60000, LAND, NOTHING, 600, ""},
    };
    PLAY(steps);
}

static void test_back_off_counts_for_unknown_kids_too(void **state)
{
    (void)state;
    struct keyset *keys = fetched();
    const apisec_error why = {APISEC_E_TIMEOUT, "no answer in time"};
    uint64_t ticket = 0, generation = 0;
    int64_t now = 0;
    assert_int_equal(ask(keys, now, GET, &ticket, &generation), FETCH);
    land(keys, ticket, 3600, START);
    assert_int_equal(ask(keys, now, GET, &ticket, &generation), READY);
    now += 60000;
    for (int i = 0; i < 7; i++) { /* up to a back-off of 60 s, longer than the cooldown */
        assert_int_equal(ask(keys, now, MISSING, &ticket, &generation), FETCH);
        keyset_fail(keys, ticket, &why, START + now);
        now += i < 5 ? 30000 : 60000;
    }
    assert_int_equal(ask(keys, now - 1, MISSING, &ticket, &generation), UNAVAILABLE);
    assert_int_equal(ask(keys, now, MISSING, &ticket, &generation), FETCH);
    keyset_abandon(keys, ticket);
    keyset_free(keys);
}

static void test_a_leader_on_the_other_side_of_fork(void **state)
{
    (void)state;
    struct keyset *keys = fetched();
    uint64_t ticket = 0, generation = 0;
    assert_int_equal(ask(keys, 0, GET, &ticket, &generation), FETCH);
    const pid_t child = fork();
    if (child == 0) _exit(ask(keys, 1, GET, &ticket, &generation) == FETCH ? 0 : 1);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(ask(keys, 1, GET, &ticket, &generation), WAIT);
    keyset_free(keys);
}

static void *get_until_told(void *context)
{
    void *const *both = context;
    struct keyset *keys = both[0];
    _Atomic int *const stop = both[1];
    uint64_t ticket = 0, generation = 0;
    while (!atomic_load(stop)) ask(keys, 1, GET, &ticket, &generation);
    return NULL;
}

/* lives_on: in a child keys are read, fetched anew and read again, whatever the parent's threads were doing at the fork. */
static bool lives_on(struct keyset *keys)
{
    uint64_t ticket = 0, generation = 0;
    if (ask(keys, 1, GET, &ticket, &generation) != READY || generation != 1) return false;
    if (ask(keys, 480000, GET, &ticket, &generation) != FETCH) return false;
    if (land(keys, ticket, 600, START + 480000) != APISEC_OK) return false;
    return ask(keys, 480000, GET, &ticket, &generation) == READY && generation == 2;
}

/* num_served: how many of so many children get keys; one that waits for ever is killed. */
static int num_served(struct keyset *keys, int num_children)
{
    int num = 0;
    for (int i = 0; i < num_children; i++) {
        int status = -1;
        const pid_t child = fork();
        if (child == 0) {
            alarm(5);
            _exit(lives_on(keys) ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return num;
        num++;
    }
    return num;
}

/* At the fork some thread holds the lock: in the child it is held for ever, and must not be waited for. */
static void test_fork_under_load(void **state)
{
    (void)state;
    struct keyset *keys = fetched();
    uint64_t ticket = 0, generation = 0;
    _Atomic int stop = 0;
    void *both[] = {keys, &stop};
    pthread_t threads[2];
    assert_int_equal(ask(keys, 0, GET, &ticket, &generation), FETCH);
    assert_int_equal(land(keys, ticket, 600, START), APISEC_OK);
    assert_int_equal(num_served(keys, 3), 3); /* nobody else is there */
    for (size_t i = 0; i < 2; i++) assert_int_equal(pthread_create(&threads[i], NULL, get_until_told, both), 0);
    const int num_forks = (int)stride(100, 40);
    assert_int_equal(num_served(keys, num_forks), num_forks);
    atomic_store(&stop, 1);
    for (size_t i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    keyset_free(keys);
}

/* ---- without a network ---- */

static void test_offline(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {0, OFFLINE, NO_TRANSPORT, 0, "no set, and no way to one"},
        {0, GET, FETCH, 0, "which did not keep anybody else from it"},
        {0, OFFLINE, NO_TRANSPORT, 0, "one who cannot fetch does not wait either"},
        {0, LAND, NOTHING, 600, ""},
        {0, OFFLINE, READY, 0, ""},
        {500000, OFFLINE, READY, 0, "due, but not by this one"},
        {700000, OFFLINE, READY, 0, "past its lifetime: the last good one"},
        {700000, OFFLINE_MISSING, UNKNOWN, 0, ""},
        {700000, GET, FETCH, 0, ""},
        {700000, UNSENT, NOTHING, 0, "no request was made"},
        {700000, GET, FETCH, 0, "so nothing has failed"},
        {700001, LAND, NOTHING, 600, ""},
        {740000, GET, READY, 0, ""},
        {740000, MISSING, FETCH, 0, ""},
        {740000, UNSENT, NOTHING, 0, ""},
        {740000, MISSING, FETCH, 0, "and no cooldown has begun"},
        {740000, LAND, NOTHING, 600, ""},
    };
    PLAY(steps);
}

/* ---- the clock ---- */

static void test_the_clock_is_set_back(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {2 * HOUR, GET, FETCH, 0, ""},
        {2 * HOUR, LAND, NOTHING, 3600, ""},
        {2 * HOUR + 1000000, GET, READY, 0, "1000 s old"},
        {HOUR, GET, FETCH, 0, "set back: due at once"},
        {HOUR, FAIL, NOTHING, 0, ""},
        {HOUR + 500, GET, READY, 0, "1000 s old still"},
        {HOUR + 2599000, GET, FETCH, 0, ""},
        {HOUR + 2599000, FAIL, NOTHING, 0, ""},
        {HOUR + 2599999, GET, READY, 0, "3600 s of real time, less a millisecond"},
        {HOUR + 2600000, GET, UNAVAILABLE, 0, "it did not gain the hour"},
    };
    PLAY(steps);
}

static void test_the_clock_is_set_back_and_keys_can_be_had(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {HOUR, GET, FETCH, 0, ""},
        {HOUR, LAND, NOTHING, 600, ""},
        {0, GET, FETCH, 0, "set back by an hour"},
        {0, LAND, NOTHING, 600, ""},
        {479999, GET, READY, 0, "all is as if it had begun now"},
        {480000, GET, FETCH, 0, ""},
        {480000, LAND, NOTHING, 600, ""},
    };
    PLAY(steps);
}

static void test_waiting_does_not_grow_with_the_clock(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {HOUR, GET, FETCH, 0, ""},
        {HOUR, LAND, NOTHING, 3600, ""},
        {HOUR, GET, READY, 0, ""},
        {HOUR, MISSING, UNKNOWN, 0, "cooldown: 30 s"},
        {0, GET, FETCH, 0, ""},
        {0, FAIL, NOTHING, 0, "back-off: 1 s"},
        {-HOUR, GET, READY, 0, "set back again: not 1 s yet"},
        {-HOUR + 1000, GET, FETCH, 0, "1 s, not two hours"},
        {-HOUR + 1000, ABANDON, NOTHING, 0, ""},
    };
    PLAY(steps);
}

static void test_a_cooldown_does_not_grow_with_the_clock(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {HOUR, GET, FETCH, 0, ""},
        {HOUR, LAND, NOTHING, 3600, ""},
        {HOUR, GET, READY, 0, ""},
        {HOUR + 100000, MISSING, FETCH, 0, ""},
        {HOUR + 100000, FAIL, NOTHING, 0, ""},
        {0, MISSING, UNAVAILABLE, 0, "set back: 30 s to wait"},
        {29999, MISSING, UNAVAILABLE, 0, ""},
        {30000, MISSING, FETCH, 0, "30 s, not an hour more"},
        {30000, ABANDON, NOTHING, 0, ""},
    };
    PLAY(steps);
}

static void test_a_flight_does_not_grow_with_the_clock(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {HOUR, GET, FETCH, 0, ""},
        {0, GET, WAIT, 0, "set back while it is under way"},
        {19999, GET, WAIT, 0, ""},
        {20000, GET, FETCH, 0, "20 s: nobody drives it"},
        {20000, ABANDON, NOTHING, 0, ""},
    };
    PLAY(steps);
}

static void test_small_differences_are_no_jump(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {10000, GET, FETCH, 0, ""},
        {10000, LAND, NOTHING, 600, ""},
        {5000, GET, READY, 0, "a thread that was slow after it looked at the clock"},
        {489999, GET, READY, 0, ""},
        {484999, GET, READY, 0, "5000 ms"},
        {484998, GET, FETCH, 0, "5001 ms is one"},
        {484998, LAND, NOTHING, 600, ""},
    };
    PLAY(steps);
}

static void test_absurd_times(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {INT64_MAX - START, GET, FETCH, 0, ""},
        {INT64_MAX - START, LAND, NOTHING, 600, ""},
        {INT64_MAX - START, GET, READY, 0, ""},
        {INT64_MIN / 2, GET, FETCH, 0, "no sum overflows"},
        {INT64_MIN / 2, LAND, NOTHING, 600, ""},
        {INT64_MAX - START, GET, FETCH, 0, ""},
        {0, FAIL, NOTHING, 0, ""},
        {0, GET, UNAVAILABLE, 0, "what was so far ahead is too old now"},
    };
    PLAY(steps);
}

/* ---- pinned, snapshots, URLs ---- */

static void test_pinned(void **state)
{
    (void)state;
    struct keyset *keys = NULL;
    apisec_error err;
    const struct keyset_config config = {.source = KEYS_PINNED, .issuer = text_of("i"), .json = text_of(set_text)};
    assert_int_equal(keyset_new(&config, &keys, &err), APISEC_OK);
    assert_false(keyset_is_fetched(keys));
    assert_int_equal(keyset_generation(keys), 1);
    uint64_t ticket = 0, generation = 0;
    assert_int_equal(ask(keys, 0, GET, &ticket, &generation), READY);
    assert_int_equal(ask(keys, (int64_t)1000 * HOUR, OFFLINE, &ticket, &generation), READY); /* for ever */
    assert_int_equal(ask(keys, 0, MISSING, &ticket, &generation), UNKNOWN);
    assert_true(keyset_holds(keys, 1, START + (int64_t)1000 * HOUR));
    assert_false(keyset_holds(keys, 2, START));
    keyset_free(keys);
    keys = (struct keyset *)&err;
    const struct keyset_config broken = {.source = KEYS_PINNED, .issuer = text_of("i"), .json = text_of("{}")};
    assert_int_equal(keyset_new(&broken, &keys, &err), APISEC_E_MALFORMED);
    assert_null(keys);
    keyset_free(NULL);
}

static void test_a_snapshot_outlives_its_set(void **state)
{
    (void)state;
    struct keyset *keys = fetched();
    uint64_t ticket = 0, generation = 0;
    assert_int_equal(ask(keys, 0, GET, &ticket, &generation), FETCH);
    assert_int_equal(keyset_generation(keys), 0);
    land(keys, ticket, 60, START);
    assert_int_equal(keyset_generation(keys), 1);
    const struct keyset_query query = {.now_ms = START};
    struct keyset_reply first, second;
    keyset_get(keys, &query, &first);
    keyset_get(keys, &query, &second);
    assert_ptr_equal(first.snapshot, second.snapshot);
    assert_int_equal(ask(keys, 50000, GET, &ticket, &generation), FETCH);
    land(keys, ticket, 60, START + 50000);
    assert_int_equal(keyset_generation(keys), 2);
    assert_int_equal(first.generation, 1);
    assert_int_equal(snapshot_keys(first.snapshot)->num_keys, 1); /* under the address sanitizer: not freed */
    keyset_release(keys, first.snapshot);
    assert_int_equal(snapshot_keys(second.snapshot)->num_keys, 1);
    keyset_release(keys, second.snapshot);
    keyset_release(keys, NULL);
    keyset_free(keys);
}

/* What was verified before may be believed without asking for keys, exactly as long as asking would give these. */
static void test_a_generation_that_holds(void **state)
{
    (void)state;
    static const struct {
        int64_t at_ms;
        uint64_t generation;
        bool holds;
        const char *why;
    } rows[] = {
        {0, 1, true, ""},
        {479999, 1, true, "just below 80 %"},
        {480000, 1, false, "due: somebody must fetch"},
        {479000, 1, true, "a thread that is a little late"},
        {479000, 2, false, "a generation that is not there yet"},
        {479000, 0, false, "one that never was"},
        {474000, 1, false, "the clock is set back"},
    };
    struct keyset *keys = fetched();
    uint64_t ticket = 0, generation = 0;
    assert_false(keyset_holds(keys, 1, START));
    assert_int_equal(ask(keys, 0, GET, &ticket, &generation), FETCH);
    assert_false(keyset_holds(keys, 1, START));
    land(keys, ticket, 600, START);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (keyset_holds(keys, rows[i].generation, START + rows[i].at_ms) != rows[i].holds) fail_msg("%zu: %s", i, rows[i].why);
    assert_int_equal(ask(keys, 480000, GET, &ticket, &generation), FETCH);
    assert_true(keyset_holds(keys, 1, START + 480000)); /* somebody does */
    assert_true(keyset_holds(keys, 1, START + 500000 - 1));
    assert_false(keyset_holds(keys, 1, START + 500000)); /* and is driven no more */
    land(keys, ticket, 600, START + 480000);
    assert_false(keyset_holds(keys, 1, START + 480000));
    assert_true(keyset_holds(keys, 2, START + 480000));
    keyset_free(keys);
}

static void test_the_url(void **state)
{
    (void)state;
    struct keyset *keys = fetched();
    char *uri = NULL;
    assert_true(keyset_is_fetched(keys));
    assert_int_equal(keyset_known_uri(keys, &uri), APISEC_OK);
    assert_string_equal(uri, "https://id.example/jwks");
    free(uri);
    keyset_free(keys);
}

static void expect_uri(struct keyset *keys, const char *expected)
{
    char *uri = NULL;
    assert_int_equal(keyset_known_uri(keys, &uri), APISEC_OK);
    if (expected == NULL) assert_null(uri);
    if (expected != NULL) assert_string_equal(uri, expected);
    free(uri);
}

static void test_a_discovered_url(void **state)
{
    (void)state;
    struct keyset *keys = NULL;
    const struct keyset_config config = {.source = KEYS_DISCOVERED, .issuer = text_of("https://id.example")};
    const apisec_error why = {APISEC_E_UNREACHABLE, "the server cannot be reached"};
    uint64_t ticket = 0, generation = 0;
    assert_int_equal(keyset_new(&config, &keys, NULL), APISEC_OK);
    assert_true(text_is(keyset_issuer(keys), "https://id.example"));
    expect_uri(keys, NULL);
    assert_int_equal(ask(keys, 0, GET, &ticket, &generation), FETCH);
    keyset_learn_uri(keys, ticket + 1, text_copy(text_of("https://evil.example/"))); /* not the holder */
    expect_uri(keys, NULL);
    keyset_learn_uri(keys, ticket, text_copy(text_of("https://id.example/a")));
    land(keys, ticket, 3600, START);
    expect_uri(keys, "https://id.example/a");
    assert_int_equal(ask(keys, HOUR - 1, GET, &ticket, &generation), FETCH);
    expect_uri(keys, "https://id.example/a");
    land(keys, ticket, 60, START + HOUR - 1);
    assert_int_equal(ask(keys, HOUR + 48000, GET, &ticket, &generation), FETCH);
    expect_uri(keys, NULL); /* an hour old: forgotten */
    keyset_learn_uri(keys, ticket, text_copy(text_of("https://id.example/b")));
    keyset_fail(keys, ticket, &why, START + HOUR + 48000);
    expect_uri(keys, NULL); /* it did not work: forgotten */
    assert_int_equal(ask(keys, HOUR + 50000, GET, &ticket, &generation), FETCH);
    keyset_learn_uri(keys, ticket, text_copy(text_of("https://id.example/c")));
    land(keys, ticket, 60, START + HOUR + 50000);
    assert_int_equal(ask(keys, 0, GET, &ticket, &generation), FETCH); /* the clock is set back */
    expect_uri(keys, "https://id.example/c");
    land(keys, ticket, 3600, START);
    assert_int_equal(ask(keys, HOUR - 1, GET, &ticket, &generation), FETCH);
    expect_uri(keys, "https://id.example/c");
    land(keys, ticket, 60, START + HOUR - 1);
    assert_int_equal(ask(keys, HOUR + 48000, GET, &ticket, &generation), FETCH);
    expect_uri(keys, NULL); /* an hour of real time, not more */
    keyset_abandon(keys, ticket);
    keyset_free(keys);
}

/* ---- threads ---- */

static struct {
    struct keyset *keys;
    pthread_mutex_t lock;
    size_t num_fetches, num_ready;
} shared;

static void *ask_often(void *argument)
{
    (void)argument;
    for (int i = 0; i < 500; i++) {
        const struct keyset_query query = {.now_ms = START + i};
        struct keyset_reply reply;
        keyset_get(shared.keys, &query, &reply);
        if (reply.state == KEYSET_FETCH) land(shared.keys, reply.flight, 600, START + i);
        if (reply.state == KEYSET_READY && snapshot_keys(reply.snapshot)->num_keys != 1) abort();
        keyset_release(shared.keys, reply.snapshot);
        pthread_mutex_lock(&shared.lock);
        shared.num_fetches += reply.state == KEYSET_FETCH;
        shared.num_ready += reply.state == KEYSET_READY;
        pthread_mutex_unlock(&shared.lock);
    }
    return NULL;
}

static void test_one_fetch_for_many_threads(void **state)
{
    (void)state;
    pthread_t threads[8];
    shared.keys = fetched();
    pthread_mutex_init(&shared.lock, NULL);
    for (size_t i = 0; i < 8; i++) assert_int_equal(pthread_create(&threads[i], NULL, ask_often, NULL), 0);
    for (size_t i = 0; i < 8; i++) pthread_join(threads[i], NULL);
    assert_int_equal(shared.num_fetches, 1);
    assert_true(shared.num_ready > 0);
    pthread_mutex_destroy(&shared.lock);
    keyset_free(shared.keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_life_of_a_set),
        cmocka_unit_test(test_max_age_is_clamped),
        cmocka_unit_test(test_ahead_of_those_who_need_them),
        cmocka_unit_test(test_past_its_lifetime),
        cmocka_unit_test(test_the_hard_limit),
        cmocka_unit_test(test_back_off_doubles),
        cmocka_unit_test(test_the_reason_is_told),
        cmocka_unit_test(test_an_unknown_kid),
        cmocka_unit_test(test_abandoned_fetches),
        cmocka_unit_test(test_fetches_abandoned_again_and_again),
        cmocka_unit_test(test_a_leader_that_is_not_driven),
        cmocka_unit_test(test_an_undriven_fetch_for_an_unknown_kid),
        cmocka_unit_test(test_back_off_counts_for_unknown_kids_too),
        cmocka_unit_test(test_a_leader_on_the_other_side_of_fork),
        cmocka_unit_test(test_fork_under_load),
        cmocka_unit_test(test_offline),
        cmocka_unit_test(test_the_clock_is_set_back),
        cmocka_unit_test(test_the_clock_is_set_back_and_keys_can_be_had),
        cmocka_unit_test(test_waiting_does_not_grow_with_the_clock),
        cmocka_unit_test(test_a_cooldown_does_not_grow_with_the_clock),
        cmocka_unit_test(test_a_flight_does_not_grow_with_the_clock),
        cmocka_unit_test(test_small_differences_are_no_jump),
        cmocka_unit_test(test_absurd_times),
        cmocka_unit_test(test_pinned),
        cmocka_unit_test(test_a_snapshot_outlives_its_set),
        cmocka_unit_test(test_a_generation_that_holds),
        cmocka_unit_test(test_the_url),
        cmocka_unit_test(test_a_discovered_url),
        cmocka_unit_test(test_one_fetch_for_many_threads),
    };
    return cmocka_run_group_tests_name("keyset", tests, NULL, NULL);
}
