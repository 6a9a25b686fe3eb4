/* SPDX-License-Identifier: Apache-2.0
 *
 * keyset.c: an issuer's keys over time: pinned for ever, or fetched, refreshed ahead, fetched again for an unknown kid, and dropped
 * after an hour without success. It decides who fetches when; it does no I/O itself (fetch.c does). Called by signature.c, warm.c.
 *
 *     age: 0             80 %            lifetime                 1 h
 *          | used           | used; who     | used only while         | gone
 *          |                | notices       | fetching fails; who     |
 *          |                | fetches       | notices fetches, others |
 *          |                |               | wait for the outcome    |
 *
 * Readers take no lock while the answer is sure to be "use this one": until the moment that the last change under the lock left in
 * quiet_until_ms. The lock is held for a few assignments, never across I/O or parsing.
 */
#include "token/keyset.h"
#include "token/moment.h"

#include <stdlib.h>
#include <unistd.h>

#define COOLDOWN_MS 30000        /* between two fetches for unknown kids, counted from the start of any fetch */
#define MAX_FLIGHT_MS 20000      /* three requests and some: whoever holds a ticket longer is no longer driven */
#define RESTART_MS 1000          /* between the starts of fetches that are abandoned again and again */
#define POLL_MS 20
#define CLOCK_SLACK_MS 5000      /* threads look at the clock before they look here */
#define CLOCK_GRAIN_MS 100       /* how far the time seen may lag: so that readers seldom write */
#define MAX_NOW_MS ((int64_t)1 << 53)

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
    if (!lock_init(&made->lock)) {
        free(made);
        return fail_memory(err);
    }
    atomic_init(&made->references, 1);
    atomic_init(&made->generation, config->source == KEYS_PINNED ? 1 : 0);
    atomic_init(&made->quiet_until_ms, INT64_MIN);
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

struct keyset *keyset_ref(struct keyset *keys)
{
    atomic_fetch_add_explicit(&keys->references, 1, memory_order_relaxed);
    return keys;
}

bool keyset_is_same(const struct keyset *a, const struct keyset *b)
{
    if (a->source != b->source || a->source == KEYS_PINNED || strcmp(a->issuer, b->issuer) != 0) return false;
    return a->source == KEYS_DISCOVERED || strcmp(a->uri, b->uri) == 0;
}

void keyset_free(struct keyset *keys)
{
    if (keys == NULL) return;
    if (atomic_fetch_sub_explicit(&keys->references, 1, memory_order_acq_rel) != 1) return;
    jwk_set_free(keys->pinned.set);
    shelf_free(&keys->shelf);
    lock_end(&keys->lock);
    free(keys->set_uri);
    free(keys->uri);
    free(keys->issuer);
    free(keys);
}

/* ---- time ---- */

/* When the clock is set back all moments go back with it: ages are counted on from where they stood, so that no set lives longer
 * and no waiting lasts longer; and the set is due. Readers who see the new time must not believe what they were told of the old. */
int64_t keyset_follow_clock(struct keyset *keys, int64_t now_ms)
{
    if (now_ms < 0) now_ms = 0;
    if (now_ms > MAX_NOW_MS) now_ms = MAX_NOW_MS;
    int64_t latest_ms = atomic_load(&keys->latest_ms);
    do {
        if (now_ms <= latest_ms && latest_ms - now_ms <= CLOCK_SLACK_MS) return latest_ms;
        if (now_ms < latest_ms) atomic_store(&keys->quiet_until_ms, INT64_MIN);
    } while (!atomic_compare_exchange_weak(&keys->latest_ms, &latest_ms, now_ms));
    if (now_ms > latest_ms) return now_ms;
    const int64_t back = latest_ms - now_ms;
    moment_shift(&keys->fetched_ms, back);
    moment_shift(&keys->cooldown_until_ms, back);
    moment_shift(&keys->next_try_ms, back);
    moment_shift(&keys->flight_ms, back);
    moment_shift(&keys->uri_ms, back);
    keys->due = true;
    return now_ms;
}

bool keyset_is_usable(struct keyset *keys, int64_t now_ms)
{
    return atomic_load(&keys->shelf.current) != NULL && now_ms - keys->fetched_ms < KEYSET_MAX_AGE_MS;
}

static bool is_fresh(struct keyset *keys, int64_t now_ms)
{
    return keyset_is_usable(keys, now_ms) && now_ms - keys->fetched_ms < keys->lifetime_ms;
}

/* due_at: at 80 % of the lifetime, so that the new set is there before the old one is too old; for who fetches ahead at half of it,
 * so that there is time to be the first. */
static int64_t due_at(const struct keyset *keys, bool early)
{
    if (keys->due) return INT64_MIN;
    return keys->fetched_ms + (early ? keys->lifetime_ms / 2 : keys->lifetime_ms / 5 * 4);
}

void keyset_orphan(struct keyset *keys)
{
    keys->ticket = 0;
    keys->orphaned = true;
    keys->counts.abandoned++;
}

/* is_flying also notices a flight that nobody drives any more, and, after fork, one that is not of this process. */
static bool is_flying(struct keyset *keys, int64_t now_ms)
{
    if (keys->ticket == 0) return false;
    if (now_ms - keys->flight_ms < MAX_FLIGHT_MS && keys->flight_pid == getpid()) return true;
    keyset_orphan(keys);
    return false;
}

/* restart_at: whoever abandons fetches again and again, because clients hang up, makes no more than one in so much time. Others
 * wait for their turn; that is no failure. */
static int64_t restart_at(const struct keyset *keys)
{
    return keys->orphaned && !keys->spare_start ? keys->flight_ms + RESTART_MS : INT64_MIN;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* quiet_until: before that get_current would say READY to everybody who is not early, whatever else happens. */
static int64_t quiet_until(struct keyset *keys)
{
    if (atomic_load(&keys->shelf.current) == NULL) return INT64_MIN;
    const int64_t stale_ms = keys->fetched_ms + keys->lifetime_ms;
    const int64_t due_ms = due_at(keys, false);
    if (keys->ticket != 0) return later(due_ms, sooner(stale_ms, keys->flight_ms + MAX_FLIGHT_MS));
    return later(due_ms, sooner(keys->fetched_ms + KEYSET_MAX_AGE_MS, keys->next_try_ms));
}

void keyset_lock(struct keyset *keys)
{
    lock_take(&keys->lock);
}

void keyset_unlock(struct keyset *keys)
{
    atomic_store(&keys->quiet_until_ms, quiet_until(keys));
    lock_release(&keys->lock);
}

/* is_quiet: the time lies where nothing is to be decided. It is looked at before the state: a clock that is set back takes the
 * state away first. */
static bool is_quiet(struct keyset *keys, int64_t now_ms)
{
    int64_t latest_ms = atomic_load(&keys->latest_ms);
    if (now_ms >= atomic_load(&keys->quiet_until_ms) || now_ms < latest_ms - CLOCK_SLACK_MS) return false;
    if (now_ms - latest_ms >= CLOCK_GRAIN_MS) atomic_compare_exchange_strong(&keys->latest_ms, &latest_ms, now_ms);
    return true;
}

bool keyset_holds(struct keyset *keys, uint64_t generation, int64_t now_ms)
{
    return generation == keyset_generation(keys) && (keys->source == KEYS_PINNED || is_quiet(keys, now_ms));
}

/* ---- who fetches ---- */

static void give(struct snapshot *snapshot, struct keyset_reply *reply)
{
    reply->state = KEYSET_READY;
    reply->snapshot = snapshot;
    reply->generation = snapshot->generation;
}

static void reply_wait(int64_t again_ms, struct keyset_reply *reply)
{
    reply->state = KEYSET_WAIT;
    reply->again_ms = again_ms;
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
    keys->counts.fetches++;
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

static void reply_unknown(struct keyset *keys, struct keyset_reply *reply)
{
    atomic_fetch_add_explicit(&keys->num_unknown, 1, memory_order_relaxed);
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
        reply_wait(now_ms + POLL_MS, reply);
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
    const bool usable = keyset_is_usable(keys, now_ms);
    const bool flying = is_flying(keys, now_ms);
    const bool resting = !flying && now_ms < keys->next_try_ms; /* the last fetch failed */
    const bool held = !flying && now_ms < restart_at(keys);
    if (usable && (offline || resting || now_ms < due_at(keys, query->early))) {
        give(shelf_take(&keys->shelf), reply);
    } else if ((flying || held) && is_fresh(keys, now_ms)) {
        give(shelf_take(&keys->shelf), reply);
    } else if (offline) {
        reply->state = KEYSET_EXHAUSTED;
        fail(&reply->error, APISEC_E_NO_TRANSPORT, "the keys of %.120s must be fetched and there is no transport", keys->issuer);
    } else if (flying) {
        reply_wait(now_ms + POLL_MS, reply);
    } else if (resting) {
        reply_unavailable(keys, reply);
    } else if (held) {
        reply_wait(restart_at(keys), reply);
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
    if (!query->missing_kid && !query->early && is_quiet(keys, query->now_ms)) {
        give(shelf_take(&keys->shelf), reply);
        return;
    }
    keyset_lock(keys);
    const int64_t now_ms = keyset_follow_clock(keys, query->now_ms);
    const bool seen = query->missing_kid && query->seen == keys->generation && keyset_is_usable(keys, now_ms);
    if (seen) {
        get_newer(keys, query->offline, now_ms, reply);
    } else {
        get_current(keys, query, now_ms, reply);
    }
    keyset_unlock(keys);
}

void keyset_release(struct keyset *keys, struct snapshot *snapshot)
{
    if (snapshot != NULL && keys->source != KEYS_PINNED) shelf_give_back(snapshot);
}
