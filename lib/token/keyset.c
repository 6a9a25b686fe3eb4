/* SPDX-License-Identifier: Apache-2.0
 *
 * keyset.c: an issuer's keys over time: pinned for ever, or fetched, refreshed ahead, fetched again for an unknown kid, and dropped
 * after an hour without success. It decides who fetches when; it does no I/O itself (fetch.c does). Called by verify.c, verifier.c.
 *
 *     age: 0             80 %            lifetime                 1 h
 *          | used           | used; who     | used only while         | gone
 *          |                | notices       | fetching fails; who     |
 *          |                | fetches       | notices fetches, others |
 *          |                |               | wait for the outcome    |
 *
 * Pinned sets take no lock. Of fetched ones the lock is held for a few assignments, never across I/O or parsing.
 */
#include "token/token.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define DEFAULT_LIFETIME_S 600
#define MIN_LIFETIME_S 60
#define MAX_LIFETIME_S 3600
#define MAX_AGE_MS 3600000       /* the hard limit: a retired key is trusted no longer than this */
#define COOLDOWN_MS 30000        /* between two fetches for unknown kids, counted from the start of any fetch */
#define FIRST_BACKOFF_MS 1000
#define MAX_BACKOFF_MS 60000
#define MAX_FLIGHT_MS 20000      /* three requests and some: whoever holds a ticket longer is no longer driven */
#define POLL_MS 20
#define CLOCK_SLACK_MS 5000      /* threads look at the clock before they take the lock */
#define MAX_NOW_MS ((int64_t)1 << 53)

struct snapshot {
    size_t references;
    struct jwk_set *set;
};

struct keyset {
    enum key_source source;
    char *issuer;
    struct snapshot pinned;      /* the rest is for fetched sets, under the lock */
    pthread_mutex_t lock;
    _Atomic int64_t process;     /* whose the lock is; negative: of a child that is making it anew */
    struct snapshot *current;    /* NULL: none was ever fetched */
    _Atomic uint64_t generation; /* of current; 0: none; changed under the lock, read by anybody */
    int64_t fetched_ms;
    int64_t lifetime_ms;
    int64_t latest_ms;           /* the latest time that was seen */
    bool due;                    /* the clock was set back: fetch, whatever the age says */
    int64_t cooldown_until_ms;
    bool spare_start;            /* in this cooldown, one abandoned fetch may be started anew */
    bool orphaned;               /* the last flight was abandoned and nobody has taken over */
    uint32_t failures;           /* since the last success */
    int64_t next_try_ms;
    apisec_error last_error;
    uint64_t ticket;             /* of the flight under way; 0: none */
    uint64_t last_ticket;
    int64_t flight_ms;           /* when it began */
    pid_t flight_pid;            /* after fork the child has no such flight */
    char *uri;                   /* configured, or discovered */
    int64_t uri_ms;              /* when it was discovered */
};

const struct jwk_set *snapshot_keys(const struct snapshot *snapshot)
{
    return snapshot->set;
}

bool keyset_is_fetched(const struct keyset *keys)
{
    return keys->source != KEYS_PINNED;
}

uint64_t keyset_generation(const struct keyset *keys)
{
    return atomic_load_explicit(&keys->generation, memory_order_acquire);
}

struct text keyset_issuer(const struct keyset *keys)
{
    return text_of(keys->issuer);
}

apisec_status keyset_new(const struct keyset_config *config, struct keyset **keys, apisec_error *err)
{
    *keys = NULL;
    struct keyset *made = calloc(1, sizeof *made);
    if (made == NULL) return fail_memory(err);
    if (pthread_mutex_init(&made->lock, NULL) != 0) {
        free(made);
        return fail_memory(err);
    }
    atomic_init(&made->process, (int64_t)getpid());
    atomic_init(&made->generation, config->source == KEYS_PINNED ? 1 : 0);
    made->source = config->source;
    made->issuer = text_copy(config->issuer);
    apisec_status status = made->issuer == NULL ? fail_memory(err) : APISEC_OK;
    if (status == APISEC_OK && config->source == KEYS_URI) {
        made->uri = text_copy(config->uri);
        if (made->uri == NULL) status = fail_memory(err);
    }
    if (status == APISEC_OK && config->source == KEYS_PINNED)
        status = jwk_set_parse(config->json, JWK_PINNED, &made->pinned.set, err);
    if (status != APISEC_OK) {
        keyset_free(made);
        return status;
    }
    *keys = made;
    return APISEC_OK;
}

static void snapshot_free(struct snapshot *snapshot)
{
    if (snapshot == NULL) return;
    jwk_set_free(snapshot->set);
    free(snapshot);
}

void keyset_free(struct keyset *keys)
{
    if (keys == NULL) return;
    jwk_set_free(keys->pinned.set);
    snapshot_free(keys->current);
    pthread_mutex_destroy(&keys->lock);
    free(keys->uri);
    free(keys->issuer);
    free(keys);
}

/* ---- the lock ---- */

/* own_lock takes the lock. At a fork a thread that is not in the child may have held it: then the child's copy stays held for ever,
 * and is made anew. Whatever that thread left half done is safe: each moment only moves back, and each pointer is good before it is
 * stored and until another is. */
static void own_lock(struct keyset *keys)
{
    const int64_t self = (int64_t)getpid();
    for (int64_t owner = atomic_load(&keys->process); owner != self; owner = atomic_load(&keys->process)) {
        if (owner == -self || !atomic_compare_exchange_strong(&keys->process, &owner, -self)) {
            sched_yield(); /* another thread of this child is at it */
            continue;
        }
        pthread_mutex_init(&keys->lock, NULL);
        atomic_store(&keys->process, self);
    }
    pthread_mutex_lock(&keys->lock);
}

/* ---- time ---- */

static void shift(int64_t *moment, int64_t back)
{
    const int64_t least = -((int64_t)1 << 60);
    *moment = *moment < least + back ? least : *moment - back;
}

/* follow_clock returns the time to judge by. When the clock is set back all moments go back with it: ages are counted on from where
 * they stood, so that no set lives longer and no waiting lasts longer; and the set is due. */
static int64_t follow_clock(struct keyset *keys, int64_t now_ms)
{
    if (now_ms < 0) now_ms = 0;
    if (now_ms > MAX_NOW_MS) now_ms = MAX_NOW_MS;
    const int64_t back = keys->latest_ms - now_ms;
    if (back > CLOCK_SLACK_MS) {
        shift(&keys->fetched_ms, back);
        shift(&keys->cooldown_until_ms, back);
        shift(&keys->next_try_ms, back);
        shift(&keys->flight_ms, back);
        shift(&keys->uri_ms, back);
        keys->due = true;
    }
    if (back < 0 || back > CLOCK_SLACK_MS) keys->latest_ms = now_ms;
    return keys->latest_ms;
}

static bool is_usable(const struct keyset *keys, int64_t now_ms)
{
    return keys->current != NULL && now_ms - keys->fetched_ms < MAX_AGE_MS;
}

static bool is_fresh(const struct keyset *keys, int64_t now_ms)
{
    return is_usable(keys, now_ms) && now_ms - keys->fetched_ms < keys->lifetime_ms;
}

/* is_due: at 80 % of the lifetime, so that the new set is there before the old one is too old; for who fetches ahead at half of it,
 * so that there is time to be the first. */
static bool is_due(const struct keyset *keys, int64_t now_ms, bool early)
{
    const int64_t due_ms = early ? keys->lifetime_ms / 2 : keys->lifetime_ms / 5 * 4;
    return keys->due || now_ms - keys->fetched_ms >= due_ms;
}

/* is_flying also notices a flight that nobody drives any more, and, after fork, one that is not of this process. */
static bool is_flying(struct keyset *keys, int64_t now_ms)
{
    if (keys->ticket == 0) return false;
    if (now_ms - keys->flight_ms < MAX_FLIGHT_MS && keys->flight_pid == getpid()) return true;
    keys->ticket = 0;
    keys->orphaned = true;
    return false;
}

/* ---- who fetches ---- */

static void reply_ready(struct keyset *keys, struct keyset_reply *reply)
{
    keys->current->references++;
    reply->state = KEYSET_READY;
    reply->snapshot = keys->current;
    reply->generation = keys->generation;
}

static void reply_wait(int64_t now_ms, struct keyset_reply *reply)
{
    reply->state = KEYSET_WAIT;
    reply->again_ms = now_ms + POLL_MS;
}

/* reply_fetch hands out the one ticket. The cooldown is taken here, before the fetch: a flood of unknown kids meets it at once. */
static void reply_fetch(struct keyset *keys, int64_t now_ms, struct keyset_reply *reply)
{
    const bool takes_over = keys->orphaned && now_ms < keys->cooldown_until_ms;
    keys->spare_start = !takes_over;
    keys->orphaned = false;
    keys->cooldown_until_ms = now_ms + COOLDOWN_MS;
    keys->ticket = ++keys->last_ticket;
    keys->flight_ms = now_ms;
    keys->flight_pid = getpid();
    reply->state = KEYSET_FETCH;
    reply->flight = keys->ticket;
}

static void reply_unavailable(const struct keyset *keys, struct keyset_reply *reply)
{
    const bool tried = keys->failures > 0;
    reply->state = KEYSET_EXHAUSTED;
    fail(&reply->error, APISEC_E_KEYS_UNAVAILABLE, "the keys of %.80s cannot be had: %.120s", keys->issuer,
         tried ? keys->last_error.text : "not fetched yet");
}

static void reply_unknown(const struct keyset *keys, struct keyset_reply *reply)
{
    reply->state = KEYSET_EXHAUSTED;
    fail(&reply->error, APISEC_E_KEY_UNKNOWN, "no key of %.120s has this kid, or several would fit", keys->issuer);
}

/* get_newer: the set that was seen lacks the kid. */
static void get_newer(struct keyset *keys, bool offline, int64_t now_ms, struct keyset_reply *reply)
{
    const bool flying = is_flying(keys, now_ms);
    const bool cooled = now_ms >= keys->cooldown_until_ms || (keys->orphaned && keys->spare_start);
    if (offline) {
        reply_unknown(keys, reply);
    } else if (flying) {
        reply_wait(now_ms, reply);
    } else if (cooled && now_ms >= keys->next_try_ms) {
        reply_fetch(keys, now_ms, reply);
    } else if (keys->failures > 0) {
        reply_unavailable(keys, reply);
    } else {
        reply_unknown(keys, reply);
    }
}

static void get_current(struct keyset *keys, const struct keyset_query *query, int64_t now_ms, struct keyset_reply *reply)
{
    const bool offline = query->offline;
    const bool usable = is_usable(keys, now_ms);
    const bool flying = is_flying(keys, now_ms);
    const bool resting = !flying && now_ms < keys->next_try_ms; /* the last fetch failed */
    if (usable && (offline || resting || !is_due(keys, now_ms, query->early))) {
        reply_ready(keys, reply);
    } else if (flying && is_fresh(keys, now_ms)) {
        reply_ready(keys, reply);
    } else if (offline) {
        reply->state = KEYSET_EXHAUSTED;
        fail(&reply->error, APISEC_E_NO_TRANSPORT, "the keys of %.120s must be fetched and there is no transport", keys->issuer);
    } else if (flying) {
        reply_wait(now_ms, reply);
    } else if (resting) {
        reply_unavailable(keys, reply);
    } else {
        reply_fetch(keys, now_ms, reply);
    }
}

static void get_pinned(struct keyset *keys, const struct keyset_query *query, struct keyset_reply *reply)
{
    if (query->missing_kid) {
        reply_unknown(keys, reply);
        return;
    }
    reply->state = KEYSET_READY;
    reply->snapshot = &keys->pinned;
    reply->generation = keyset_generation(keys);
}

void keyset_get(struct keyset *keys, const struct keyset_query *query, struct keyset_reply *reply)
{
    reply->state = KEYSET_EXHAUSTED;
    reply->snapshot = NULL;
    reply->generation = 0;
    reply->flight = 0;
    reply->again_ms = 0;
    if (keys->source == KEYS_PINNED) {
        get_pinned(keys, query, reply);
        return;
    }
    own_lock(keys);
    const int64_t now_ms = follow_clock(keys, query->now_ms);
    const bool seen = query->missing_kid && query->seen == keys->generation && is_usable(keys, now_ms);
    if (seen) {
        get_newer(keys, query->offline, now_ms, reply);
    } else {
        get_current(keys, query, now_ms, reply);
    }
    pthread_mutex_unlock(&keys->lock);
}

void keyset_release(struct keyset *keys, struct snapshot *snapshot)
{
    if (snapshot == NULL || keys->source == KEYS_PINNED) return;
    own_lock(keys);
    snapshot->references--;
    const bool last = snapshot->references == 0 && snapshot != keys->current;
    pthread_mutex_unlock(&keys->lock);
    if (last) snapshot_free(snapshot);
}

/* ---- for the holder of a ticket ---- */

apisec_status keyset_known_uri(struct keyset *keys, char **uri)
{
    *uri = NULL;
    own_lock(keys);
    /* nothing that was learned from a server is believed for more than an hour */
    char *const forgotten = keys->source == KEYS_DISCOVERED && keys->latest_ms - keys->uri_ms >= MAX_AGE_MS ? keys->uri : NULL;
    if (forgotten != NULL) keys->uri = NULL;
    const bool known = keys->uri != NULL;
    if (known) *uri = text_copy(text_of(keys->uri));
    pthread_mutex_unlock(&keys->lock);
    free(forgotten);
    return known && *uri == NULL ? APISEC_E_MEMORY : APISEC_OK;
}

void keyset_learn_uri(struct keyset *keys, uint64_t ticket, char *uri)
{
    own_lock(keys);
    if (keys->ticket == ticket) {
        char *old = keys->uri;
        keys->uri = uri;
        keys->uri_ms = keys->latest_ms;
        uri = old;
    }
    pthread_mutex_unlock(&keys->lock);
    free(uri);
}

static int64_t lifetime_ms(int64_t max_age)
{
    const int64_t seconds = max_age < 0                ? DEFAULT_LIFETIME_S
                            : max_age < MIN_LIFETIME_S ? MIN_LIFETIME_S
                            : max_age > MAX_LIFETIME_S ? MAX_LIFETIME_S
                                                       : max_age;
    return seconds * 1000;
}

apisec_status keyset_land(struct keyset *keys, uint64_t ticket, struct jwk_set *set, int64_t max_age, int64_t now_ms)
{
    struct snapshot *fresh = calloc(1, sizeof *fresh);
    if (fresh == NULL) {
        jwk_set_free(set);
        return APISEC_E_MEMORY;
    }
    fresh->set = set;
    struct snapshot *old = fresh;
    own_lock(keys);
    if (keys->ticket == ticket) {
        const int64_t now = follow_clock(keys, now_ms);
        old = keys->current != NULL && keys->current->references == 0 ? keys->current : NULL;
        keys->current = fresh;
        keys->generation++;
        keys->fetched_ms = now;
        keys->lifetime_ms = lifetime_ms(max_age);
        keys->due = false;
        keys->failures = 0;
        keys->next_try_ms = 0;
        keys->ticket = 0;
    }
    pthread_mutex_unlock(&keys->lock);
    snapshot_free(old);
    return APISEC_OK;
}

void keyset_fail(struct keyset *keys, uint64_t ticket, const apisec_error *why, int64_t now_ms)
{
    char *forgotten = NULL;
    own_lock(keys);
    if (keys->ticket == ticket) {
        const int64_t now = follow_clock(keys, now_ms);
        const uint32_t doublings = keys->failures < 6 ? keys->failures : 6;
        const int64_t backoff = (int64_t)FIRST_BACKOFF_MS << doublings;
        keys->next_try_ms = now + (backoff < MAX_BACKOFF_MS ? backoff : MAX_BACKOFF_MS);
        if (keys->failures < UINT32_MAX) keys->failures++;
        keys->last_error = *why;
        keys->ticket = 0;
        if (keys->source == KEYS_DISCOVERED) { /* the URL may be what was wrong: discover again */
            forgotten = keys->uri;
            keys->uri = NULL;
        }
    }
    pthread_mutex_unlock(&keys->lock);
    free(forgotten);
}

void keyset_abandon(struct keyset *keys, uint64_t ticket)
{
    own_lock(keys);
    if (keys->ticket == ticket) {
        keys->ticket = 0;
        keys->orphaned = true;
    }
    pthread_mutex_unlock(&keys->lock);
}

void keyset_unsent(struct keyset *keys, uint64_t ticket)
{
    own_lock(keys);
    if (keys->ticket == ticket) {
        keys->ticket = 0;
        keys->cooldown_until_ms = keys->latest_ms;
    }
    pthread_mutex_unlock(&keys->lock);
}
