/* SPDX-License-Identifier: Apache-2.0
 *
 * landing.c: what became of a fetch, told by the holder of its ticket (fetch.c): a new set, a failure, nobody who flies any more;
 * and the URL to fetch from. A ticket that is no longer the key set's own changes nothing.
 */
#include "token/keyset.h"
#include "token/moment.h"

#include <stdlib.h>
#include <string.h>

apisec_status keyset_known_uri(struct keyset *keys, char **uri)
{
    *uri = NULL;
    keyset_lock(keys);
    /* nothing that was learned from a server is believed for more than an hour */
    const bool old = atomic_load(&keys->latest_ms) - keys->uri_ms >= KEYSET_MAX_AGE_MS;
    char *const forgotten = keys->source == KEYS_DISCOVERED && old ? keys->uri : NULL;
    if (forgotten != NULL) keys->uri = NULL;
    const bool known = keys->uri != NULL;
    if (known) *uri = text_copy(text_of(keys->uri));
    keyset_unlock(keys);
    free(forgotten);
    return known && *uri == NULL ? APISEC_E_MEMORY : APISEC_OK;
}

void keyset_learn_uri(struct keyset *keys, uint64_t ticket, char *uri)
{
    keyset_lock(keys);
    if (keys->ticket == ticket) {
        char *old = keys->uri;
        keys->uri = uri;
        keys->uri_ms = atomic_load(&keys->latest_ms);
        uri = old;
    }
    keyset_unlock(keys);
    free(uri);
}

/* settle: the flight has brought the set that is current now. */
static void settle(struct keyset *keys, int64_t max_age, int64_t now_ms)
{
    keys->fetched_ms = keyset_follow_clock(keys, now_ms);
    keys->counts.success_ms = keys->fetched_ms;
    keys->lifetime_ms = moment_lifetime_s(max_age) * 1000;
    keys->due = false;
    keys->failures = 0;
    keys->next_try_ms = 0;
    keys->ticket = 0;
}

/* put swaps a set in; takes set and uri over on success, and leaves the old uri in *uri. The generation grows first: no two sets
 * ever have the same, and what was verified with the old one is asked about again too early rather than too late. */
static bool put(struct keyset *keys, const struct landed *landed, char **uri)
{
    struct snapshot *const fresh = shelf_spare(&keys->shelf);
    if (fresh == NULL) return false;
    fresh->set = landed->set;
    fresh->generation = atomic_load(&keys->generation) + 1;
    atomic_store(&keys->generation, fresh->generation);
    keys->etag[0] = '\0'; /* the old one's, if a fork comes now */
    shelf_swap(&keys->shelf, fresh);
    char *const old = keys->set_uri;
    keys->set_uri = *uri;
    *uri = old;
    memcpy(keys->etag, landed->etag, strlen(landed->etag) + 1);
    return true;
}

apisec_status keyset_land(struct keyset *keys, uint64_t ticket, const struct landed *landed, int64_t now_ms)
{
    bool taken = false;
    char *uri = text_copy(text_of(landed->uri));
    keyset_lock(keys);
    const bool valid = keys->ticket == ticket;
    if (valid && uri != NULL) taken = put(keys, landed, &uri);
    if (taken) settle(keys, landed->max_age, now_ms);
    keyset_unlock(keys);
    free(uri);
    if (!taken) jwk_set_free(landed->set);
    return valid && !taken ? APISEC_E_MEMORY : APISEC_OK;
}

uint64_t keyset_validator(struct keyset *keys, const char *uri, char etag[OP_MAX_ETAG])
{
    uint64_t generation = 0;
    keyset_lock(keys);
    const bool known = keys->etag[0] != '\0' && strcmp(keys->set_uri, uri) == 0;
    if (known && keyset_is_usable(keys, atomic_load(&keys->latest_ms))) {
        generation = atomic_load(&keys->generation);
        memcpy(etag, keys->etag, sizeof keys->etag);
    }
    keyset_unlock(keys);
    return generation;
}

bool keyset_renew(struct keyset *keys, uint64_t ticket, uint64_t generation, int64_t max_age, int64_t now_ms)
{
    keyset_lock(keys);
    const bool valid = keys->ticket == ticket;
    const bool same = generation == atomic_load(&keys->generation);
    if (valid && same) {
        settle(keys, max_age, now_ms);
        keys->counts.not_modified++;
    }
    keyset_unlock(keys);
    return !valid || same;
}

void keyset_fail(struct keyset *keys, uint64_t ticket, const apisec_error *why, int64_t now_ms)
{
    char *forgotten = NULL;
    keyset_lock(keys);
    if (keys->ticket == ticket) {
        const int64_t now = keyset_follow_clock(keys, now_ms);
        keys->next_try_ms = now + moment_backoff_ms(keys->failures);
        if (keys->failures < UINT32_MAX) keys->failures++;
        keys->last_error = *why;
        keys->counts.failures++;
        keys->counts.failure_ms = now;
        keys->ticket = 0;
        if (keys->source == KEYS_DISCOVERED) { /* the URL may be what was wrong: discover again */
            forgotten = keys->uri;
            keys->uri = NULL;
        }
    }
    keyset_unlock(keys);
    free(forgotten);
}

void keyset_abandon(struct keyset *keys, uint64_t ticket)
{
    keyset_lock(keys);
    if (keys->ticket == ticket) {
        keyset_orphan(keys);
    }
    keyset_unlock(keys);
}

void keyset_unsent(struct keyset *keys, uint64_t ticket)
{
    keyset_lock(keys);
    if (keys->ticket == ticket) {
        keys->ticket = 0;
        keys->cooldown_until_ms = atomic_load(&keys->latest_ms);
        keys->counts.fetches--;
    }
    keyset_unlock(keys);
}

/* ---- kept over a restart ---- */

apisec_status keyset_stored(struct keyset *keys, struct stored *stored)
{
    *stored = (struct stored){0};
    keyset_lock(keys);
    stored->snapshot = shelf_take(&keys->shelf);
    if (stored->snapshot != NULL) {
        stored->uri = text_copy(text_of(keys->set_uri));
        stored->fetched_ms = keys->fetched_ms;
        stored->lifetime_ms = keys->lifetime_ms;
    }
    keyset_unlock(keys);
    if (stored->snapshot == NULL || stored->uri != NULL) return APISEC_OK;
    keyset_release(keys, stored->snapshot);
    stored->snapshot = NULL;
    return APISEC_E_MEMORY;
}

/* A stored set has no entity tag: "not modified" would be said of the server's set, and these keys came from elsewhere. */
apisec_status keyset_restore(struct keyset *keys, const struct landed *landed, int64_t fetched_ms, int64_t now_ms)
{
    bool taken = false;
    char *uri = text_copy(text_of(landed->uri));
    keyset_lock(keys);
    const int64_t now = keyset_follow_clock(keys, now_ms);
    const bool newer = atomic_load(&keys->shelf.current) == NULL || keys->fetched_ms < fetched_ms;
    const bool wanted = newer && fetched_ms <= now && now - fetched_ms < KEYSET_MAX_AGE_MS;
    if (wanted && uri != NULL) taken = put(keys, landed, &uri);
    if (taken) {
        keys->fetched_ms = fetched_ms;
        keys->lifetime_ms = moment_lifetime_s(landed->max_age) * 1000;
    }
    keyset_unlock(keys);
    free(uri);
    if (!taken) jwk_set_free(landed->set);
    return wanted && !taken ? APISEC_E_MEMORY : APISEC_OK;
}

bool keyset_is_from(const struct keyset *keys, struct text uri)
{
    return keys->source == KEYS_DISCOVERED || (keys->source == KEYS_URI && text_is(uri, keys->uri));
}
