/* SPDX-License-Identifier: Apache-2.0
 *
 * status_store.c: the status lists of one issuer over time: which one is held, until when, and who fetches it anew. It decides; it
 * does no I/O itself (status_fetch.c does). Number and size of the lists, and how often and how many are fetched, are bounded.
 *
 *     age: 0             80 %            lifetime: its ttl, or its exp where that is sooner
 *          | used           | used; who     | not used: who notices fetches, others wait for the outcome;
 *          |                | notices       | when fetching fails, nobody is let in
 *          |                | fetches       |
 *
 * The lock is held for a few assignments and reads, never across I/O or parsing.
 */
#include "token/moment.h"
#include "token/status.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TTL_S 86400          /* a list is asked for once a day at least */
#define MIN_INTERVAL_MS 1000     /* between the beginnings of two fetches of one list, whatever became of the first */
#define GROWTH_MS 30000          /* a list that is too short may have grown: fetched anew for that so often */
#define EVICTION_MS 10000        /* a list that was asked for just now does not make room for another */
#define MAX_FLIGHT_MS 25000      /* the list, and three requests for its key: whoever takes longer is no longer driven */
#define MAX_FLIGHTS 8            /* of one issuer at once */
#define POLL_MS 20
#define CLOCK_SLACK_MS 5000      /* threads look at the clock before they take the lock */
#define MAX_NOW_MS ((int64_t)1 << 53)

struct entry {
    char *uri;
    size_t uri_len;
    uint64_t used;               /* when it was last asked for, in turns */
    struct status_list *list;    /* NULL: none is held */
    int64_t newest;              /* the `iat` of the newest list there was: an older one would bring revoked tokens back */
    int64_t fetched_ms, lifetime_ms;
    int64_t started_ms;          /* when the last fetch began */
    int64_t next_try_ms;         /* when it failed: not before */
    uint32_t failures;           /* since the last success */
    apisec_error last_error;
    uint64_t ticket;             /* of the flight under way; 0: none */
    int64_t flight_process;      /* after fork the child has no such flight */
};

struct status_lists {
    struct lock lock;            /* of all below */
    struct entry *entries[STATUS_MAX_LISTS];
    uint64_t hashes[STATUS_MAX_LISTS]; /* of their URIs */
    size_t num;
    uint64_t turn;
    uint64_t last_ticket;
    int64_t latest_ms;           /* the latest time that was seen */
    struct status_counts counts; /* but for what is held */
};

apisec_status status_lists_new(struct status_lists **lists, apisec_error *err)
{
    *lists = NULL;
    if (process_key() == NULL) return fail(err, APISEC_E_SYSTEM, "there is no randomness for a table");
    struct status_lists *made = calloc(1, sizeof *made);
    if (made == NULL) return fail_memory(err);
    if (!lock_init(&made->lock)) {
        free(made);
        return fail_memory(err);
    }
    *lists = made;
    return APISEC_OK;
}

static void entry_free(struct entry *entry)
{
    if (entry == NULL) return;
    free(entry->list);
    free(entry->uri);
    free(entry);
}

void status_lists_free(struct status_lists *lists)
{
    if (lists == NULL) return;
    for (size_t i = 0; i < lists->num; i++) entry_free(lists->entries[i]);
    lock_end(&lists->lock);
    free(lists);
}

/* ---- time ---- */

/* follow_clock returns the time to judge by. When the clock is set back all moments go back with it: no list is used for longer,
 * and no waiting lasts longer. */
static int64_t follow_clock(struct status_lists *lists, int64_t now_ms)
{
    if (now_ms < 0) now_ms = 0;
    if (now_ms > MAX_NOW_MS) now_ms = MAX_NOW_MS;
    const int64_t back = lists->latest_ms - now_ms;
    for (size_t i = 0; back > CLOCK_SLACK_MS && i < lists->num; i++) {
        moment_shift(&lists->entries[i]->fetched_ms, back);
        moment_shift(&lists->entries[i]->started_ms, back);
        moment_shift(&lists->entries[i]->next_try_ms, back);
    }
    if (back < 0 || back > CLOCK_SLACK_MS) lists->latest_ms = now_ms;
    return lists->latest_ms;
}

/* is_flying also notices a flight that nobody drives any more, and, after fork, one that is not of this process. */
static bool is_flying(const struct status_lists *lists, struct entry *entry, int64_t now_ms)
{
    if (entry->ticket == 0) return false;
    const bool ours = entry->flight_process == atomic_load_explicit(&lists->lock.process, memory_order_relaxed);
    if (ours && now_ms - entry->started_ms < MAX_FLIGHT_MS) return true;
    entry->ticket = 0;
    return false;
}

static bool is_crowded(const struct status_lists *lists, int64_t now_ms)
{
    size_t num = 0;
    for (size_t i = 0; i < lists->num; i++) num += is_flying(lists, lists->entries[i], now_ms);
    return num >= MAX_FLIGHTS;
}

/* ---- finding one, or room for it ---- */

static uint64_t hash(struct text uri)
{
    return siphash64(process_key(), uri.at, uri.len);
}

static struct entry *find(const struct status_lists *lists, struct text uri, uint64_t key)
{
    for (size_t i = 0; i < lists->num; i++) {
        struct entry *entry = lists->entries[i];
        if (lists->hashes[i] == key && text_equal((struct text){entry->uri, entry->uri_len}, uri)) return entry;
    }
    return NULL;
}

static struct entry *find_ticket(const struct status_lists *lists, uint64_t ticket)
{
    for (size_t i = 0; i < lists->num; i++)
        if (ticket != 0 && lists->entries[i]->ticket == ticket) return lists->entries[i];
    return NULL;
}

/* find_oldest: the place of the entry that nobody has asked for longest, and that may go; STATUS_MAX_LISTS: none may. */
static size_t find_oldest(const struct status_lists *lists, const struct entry *but, bool with_list, int64_t now_ms)
{
    size_t oldest = STATUS_MAX_LISTS;
    for (size_t i = 0; i < lists->num; i++) {
        struct entry *entry = lists->entries[i];
        if (entry == but || (with_list && entry->list == NULL)) continue;
        if (is_flying(lists, entry, now_ms) || now_ms - entry->started_ms < EVICTION_MS) continue;
        if (oldest == STATUS_MAX_LISTS || entry->used < lists->entries[oldest]->used) oldest = i;
    }
    return oldest;
}

/* add: BUSY: there are too many lists. The new entry is whole before it is stored, in case of a fork. */
static apisec_status add(struct status_lists *lists, struct text uri, uint64_t key, int64_t now_ms, struct entry **added)
{
    const bool full = lists->num == STATUS_MAX_LISTS;
    const size_t place = full ? find_oldest(lists, NULL, false, now_ms) : lists->num;
    if (place == STATUS_MAX_LISTS) return APISEC_E_BUSY;
    struct entry *entry = calloc(1, sizeof *entry);
    char *copy = text_copy(uri);
    if (entry == NULL || copy == NULL) {
        free(entry);
        free(copy);
        return APISEC_E_MEMORY;
    }
    entry->uri = copy;
    entry->uri_len = uri.len;
    entry->started_ms = entry->next_try_ms = now_ms - MIN_INTERVAL_MS;
    struct entry *old = full ? lists->entries[place] : NULL;
    lists->hashes[place] = key;
    lists->entries[place] = entry;
    if (!full) lists->num++;
    entry_free(old);
    *added = entry;
    return APISEC_OK;
}

/* make_room lets lists go until one of this size fits in. */
static bool make_room(struct status_lists *lists, const struct entry *entry, size_t size, int64_t now_ms)
{
    size_t held = size;
    for (size_t i = 0; i < lists->num; i++)
        if (lists->entries[i] != entry && lists->entries[i]->list != NULL) held += lists->entries[i]->list->len;
    while (held > STATUS_MAX_BYTES) {
        const size_t place = find_oldest(lists, entry, true, now_ms);
        if (place == STATUS_MAX_LISTS) return false;
        struct status_list *old = lists->entries[place]->list;
        lists->entries[place]->list = NULL;
        held -= old->len;
        free(old);
    }
    return true;
}

/* ---- asking ---- */

static bool is_usable(const struct entry *entry, int64_t now_ms)
{
    return entry->list != NULL && now_ms - entry->fetched_ms < entry->lifetime_ms;
}

static void reply_value(const struct entry *entry, int64_t index, struct status_reply *reply)
{
    if (!status_list_has(entry->list, index)) {
        fail(&reply->error, APISEC_E_CLAIM, "the idx of the token's status lies behind the end of its list");
        return;
    }
    reply->state = STATUS_READY;
    reply->value = status_list_at(entry->list, index);
}

static void reply_wait(int64_t until_ms, struct status_reply *reply)
{
    reply->state = STATUS_WAIT;
    reply->again_ms = until_ms;
}

/* reply_fetch hands out the one ticket. The interval counts from here, before the fetch. */
static void reply_fetch(struct status_lists *lists, struct entry *entry, int64_t now_ms, struct status_reply *reply)
{
    entry->ticket = ++lists->last_ticket;
    entry->started_ms = now_ms;
    lists->counts.fetches++;
    entry->flight_process = atomic_load_explicit(&lists->lock.process, memory_order_relaxed);
    reply->state = STATUS_FETCH;
    reply->ticket = entry->ticket;
}

static void judge(struct status_lists *lists, struct entry *entry, const struct status_query *query, int64_t now_ms,
                  struct status_reply *reply)
{
    const bool usable = is_usable(entry, now_ms);
    const bool has_it = usable && status_list_has(entry->list, query->index);
    const bool due = !usable || now_ms - entry->fetched_ms >= entry->lifetime_ms / 5 * 4 ||
                     (!has_it && now_ms - entry->started_ms >= GROWTH_MS);
    const bool flying = is_flying(lists, entry, now_ms);
    const bool resting = now_ms < entry->next_try_ms; /* the last fetch failed */
    const int64_t soonest_ms = entry->started_ms + MIN_INTERVAL_MS;
    if (usable && (query->offline || (!flying && (resting || !due)))) {
        reply_value(entry, query->index, reply);
    } else if (has_it && (flying || now_ms < soonest_ms || is_crowded(lists, now_ms))) {
        reply_value(entry, query->index, reply);
    } else if (query->offline && entry->failures == 0) {
        fail(&reply->error, APISEC_E_NO_TRANSPORT, "a status list must be fetched and there is no transport");
    } else if (!flying && (resting || query->offline)) {
        reply->error = entry->last_error;
    } else if (flying || now_ms < soonest_ms) {
        reply_wait(flying ? now_ms + POLL_MS : soonest_ms, reply);
    } else if (is_crowded(lists, now_ms)) {
        reply_wait(now_ms + POLL_MS, reply);
    } else {
        reply_fetch(lists, entry, now_ms, reply);
    }
}

void status_lists_get(struct status_lists *lists, const struct status_query *query, struct status_reply *reply)
{
    const uint64_t key = hash(query->uri);
    *reply = (struct status_reply){.state = STATUS_EXHAUSTED};
    lock_take(&lists->lock);
    const int64_t now_ms = follow_clock(lists, query->now_ms);
    struct entry *entry = find(lists, query->uri, key);
    apisec_status status = APISEC_OK;
    if (entry == NULL && !query->allowed) {
        reply->state = STATUS_NEW;
    } else if (entry == NULL) {
        status = query->offline ? APISEC_E_NO_TRANSPORT : add(lists, query->uri, key, now_ms, &entry);
    }
    if (entry != NULL) {
        entry->used = ++lists->turn;
        judge(lists, entry, query, now_ms, reply);
    }
    lock_release(&lists->lock);
    switch (status) {
    case APISEC_OK:             return;
    case APISEC_E_MEMORY:       fail_memory(&reply->error); return;
    case APISEC_E_NO_TRANSPORT: fail(&reply->error, status, "a status list must be fetched and there is no transport"); return;
    default:                    fail(&reply->error, status, "the issuer's tokens refer to too many status lists at once"); return;
    }
}

/* ---- for the holder of a ticket ---- */

static void note_failure(struct status_lists *lists, struct entry *entry, const apisec_error *why, int64_t now_ms)
{
    entry->next_try_ms = now_ms + moment_backoff_ms(entry->failures);
    if (entry->failures < UINT32_MAX) entry->failures++;
    entry->last_error = *why;
    entry->ticket = 0;
    lists->counts.failures++;
    lists->counts.failure_ms = now_ms;
    lists->counts.last_error = *why;
}

/* lifetime_ms: what the list says counts before what HTTP says (section 8.2), and its exp before all. */
static int64_t lifetime_ms(const struct status_list *list, int64_t max_age, int64_t now_ms)
{
    int64_t seconds = list->ttl == 0 ? moment_lifetime_s(max_age) : list->ttl;
    if (seconds > MAX_TTL_S) seconds = MAX_TTL_S;
    const int64_t left_ms = list->expires_at < MAX_NOW_MS / 1000 ? list->expires_at * 1000 - now_ms : INT64_MAX;
    return left_ms < seconds * 1000 ? left_ms : seconds * 1000;
}

static apisec_status check_landing(struct status_lists *lists, const struct entry *entry, const struct status_list *list,
                                   int64_t now_ms, apisec_error *err)
{
    /* what was taken back once must not be valid again because an old list is shown anew */
    if (list->issued_at < entry->newest)
        return fail(err, APISEC_E_RESPONSE, "the status list is older than the one before");
    if (lifetime_ms(list, 0, now_ms) <= 0) return fail(err, APISEC_E_RESPONSE, "the status list has expired");
    if (!make_room(lists, entry, list->len, now_ms)) return fail(err, APISEC_E_BUSY, "there is no room for one more status list");
    return APISEC_OK;
}

void status_lists_land(struct status_lists *lists, uint64_t ticket, struct status_list *list, int64_t max_age, int64_t now_ms)
{
    struct status_list *unused = list;
    apisec_error why;
    lock_take(&lists->lock);
    struct entry *entry = find_ticket(lists, ticket);
    if (entry != NULL) {
        const int64_t now = follow_clock(lists, now_ms);
        if (check_landing(lists, entry, list, now, &why) == APISEC_OK) {
            unused = entry->list;
            entry->list = list;
            entry->newest = list->issued_at;
            entry->fetched_ms = now;
            entry->lifetime_ms = lifetime_ms(list, max_age, now);
            entry->failures = 0;
            entry->next_try_ms = now - MIN_INTERVAL_MS;
            entry->ticket = 0;
            lists->counts.success_ms = now;
        } else {
            note_failure(lists, entry, &why, now);
        }
    }
    lock_release(&lists->lock);
    free(unused);
}

void status_lists_fail(struct status_lists *lists, uint64_t ticket, const apisec_error *why, int64_t now_ms)
{
    lock_take(&lists->lock);
    struct entry *entry = find_ticket(lists, ticket);
    if (entry != NULL) note_failure(lists, entry, why, follow_clock(lists, now_ms));
    lock_release(&lists->lock);
}

void status_lists_abandon(struct status_lists *lists, uint64_t ticket)
{
    lock_take(&lists->lock);
    struct entry *entry = find_ticket(lists, ticket);
    if (entry != NULL) {
        entry->ticket = 0;
        lists->counts.abandoned++;
    }
    lock_release(&lists->lock);
}

void status_lists_unsent(struct status_lists *lists, uint64_t ticket)
{
    lock_take(&lists->lock);
    struct entry *entry = find_ticket(lists, ticket);
    if (entry != NULL) {
        entry->ticket = 0;
        entry->started_ms = lists->latest_ms - MIN_INTERVAL_MS;
        lists->counts.fetches--;
    }
    lock_release(&lists->lock);
}

void status_lists_counts(struct status_lists *lists, struct status_counts *counts)
{
    lock_take(&lists->lock);
    *counts = lists->counts;
    for (size_t i = 0; i < lists->num; i++) {
        if (lists->entries[i]->list == NULL) continue;
        counts->num_lists++;
        counts->num_bytes += lists->entries[i]->list->len;
    }
    lock_release(&lists->lock);
}
