/* SPDX-License-Identifier: Apache-2.0
 *
 * health.c: apisec_verifier_health: what is worth watching of a verifier, as one JSON object. Each part writes an object of its
 * own; numbers are read where they stand, so that nobody waits for whoever watches.
 */
#include "token/dpop.h"
#include "token/introspect.h"
#include "token/keyset.h"

#define MAX_HEALTH (64 * 1024 * 1024)

/* put_seconds writes a moment, or null: it has not come yet. */
static void put_seconds(struct json_writer *out, const char *name, int64_t ms)
{
    if (ms > 0) {
        json_put_number(out, name, ms / 1000);
    } else {
        json_put_raw(out, name, text_of("null"));
    }
}

static void put_count(struct json_writer *out, const char *name, uint64_t count)
{
    json_put_number(out, name, (int64_t)count);
}

static void put_fetching(struct keyset *keys, struct json_writer *out)
{
    keyset_lock(keys);
    const struct keyset_counts counts = keys->counts;
    const apisec_error last = keys->last_error;
    const int64_t good_until_ms = atomic_load(&keys->shelf.current) == NULL ? 0 : keys->fetched_ms + KEYSET_MAX_AGE_MS;
    keyset_unlock(keys);
    put_seconds(out, "last_success", counts.success_ms);
    put_seconds(out, "last_failure", counts.failure_ms);
    put_seconds(out, "good_until", good_until_ms);
    json_put_text(out, "last_error", text_of(last.text));
    put_count(out, "fetches", counts.fetches);
    put_count(out, "not_modified", counts.not_modified);
    put_count(out, "failures", counts.failures);
    put_count(out, "abandoned", counts.abandoned);
}

static size_t count_usable(const struct jwk_set *set)
{
    size_t num = 0;
    for (size_t i = 0; i < set->num_keys; i++) num += !set->keys[i]->ambiguous;
    return num;
}

static void put_keys(struct keyset *keys, struct json_writer *out)
{
    static const char *const sources[] = {
        [KEYS_NONE] = "none", [KEYS_PINNED] = "pinned", [KEYS_URI] = "uri", [KEYS_DISCOVERED] = "discovered"};
    struct snapshot *const taken = keyset_is_fetched(keys) ? shelf_take(&keys->shelf) : NULL;
    const struct jwk_set *const set = keyset_is_fetched(keys) ? (taken == NULL ? NULL : taken->set) : keys->pinned.set;
    const size_t num_usable = set == NULL ? 0 : count_usable(set);
    json_put_text(out, "source", text_of(sources[keys->source]));
    put_count(out, "num_keys", num_usable);
    put_count(out, "num_skipped", set == NULL ? 0 : set->num_skipped + set->num_keys - num_usable);
    put_count(out, "generation", keyset_generation(keys));
    put_count(out, "unknown_kid", atomic_load_explicit(&keys->num_unknown, memory_order_relaxed));
    if (keyset_is_fetched(keys)) put_fetching(keys, out);
    keyset_release(keys, taken);
}

static void put_status_lists(struct status_lists *lists, struct json_writer *out)
{
    struct status_counts counts;
    status_lists_counts(lists, &counts);
    put_count(out, "num_lists", counts.num_lists);
    put_count(out, "num_bytes", counts.num_bytes);
    put_seconds(out, "last_success", counts.success_ms);
    put_seconds(out, "last_failure", counts.failure_ms);
    json_put_text(out, "last_error", text_of(counts.last_error.text));
    put_count(out, "fetches", counts.fetches);
    put_count(out, "failures", counts.failures);
    put_count(out, "abandoned", counts.abandoned);
}

static void put_issuer(const struct issuer *issuer, struct json_writer *out)
{
    json_open_object(out, NULL);
    json_put_text(out, "issuer", text_of(issuer->name));
    if (issuer->keys != NULL) {
        json_open_object(out, "keys");
        put_keys(issuer->keys, out);
        json_close_object(out);
    }
    if (issuer->introspector != NULL) {
        json_open_object(out, "introspection");
        introspector_health(issuer->introspector, out);
        json_close_object(out);
    }
    if (issuer->status_lists != NULL) {
        json_open_object(out, "status_lists");
        put_status_lists(issuer->status_lists, out);
        json_close_object(out);
    }
    json_close_object(out);
}

static void put_cache(struct cache *cache, struct json_writer *out)
{
    struct cache_counts counts;
    cache_count(cache, &counts);
    json_open_object(out, "token_cache");
    put_count(out, "max_tokens", counts.max_tokens);
    put_count(out, "num_tokens", counts.num_tokens);
    put_count(out, "hits", counts.hits);
    put_count(out, "misses", counts.misses);
    put_count(out, "stale", counts.stale);
    put_count(out, "stored", counts.stored);
    put_count(out, "evicted", counts.evicted);
    json_close_object(out);
}

static void put_denials(const struct denylist *denials, struct json_writer *out)
{
    struct denylist_counts counts;
    denylist_count(denials, &counts);
    json_open_object(out, "denials");
    put_count(out, "max_denials", counts.max_denials);
    put_count(out, "num_denials", counts.num_denials);
    json_close_object(out);
}

static void put_proofs(struct replay *replay, struct json_writer *out)
{
    struct replay_counts counts;
    replay_count(replay, &counts);
    json_open_object(out, "proofs");
    put_count(out, "max_proofs", counts.max_proofs);
    put_count(out, "num_proofs", counts.num_proofs);
    put_count(out, "seen", counts.seen);
    put_count(out, "refused", counts.refused);
    json_close_object(out);
}

apisec_status apisec_verifier_health(apisec_verifier *verifier, char **json, apisec_error *err)
{
    if (json != NULL) *json = NULL;
    if (verifier == NULL || json == NULL) return fail(err, APISEC_E_ARGUMENT, "an argument is NULL");
    struct buffer bytes = BUFFER_MAX(MAX_HEALTH);
    struct json_writer out = {&bytes, false};
    json_open_object(&out, NULL);
    json_open_array(&out, "issuers");
    for (size_t i = 0; i < verifier->num_issuers; i++) put_issuer(&verifier->issuers[i], &out);
    json_close_array(&out);
    put_cache(verifier->cache, &out);
    put_denials(verifier->denials, &out);
    if (verifier->dpop != NULL && verifier->dpop->replay != NULL) put_proofs(verifier->dpop->replay, &out);
    json_close_object(&out);
    const apisec_status status = bytes.status;
    *json = buffer_take(&bytes);
    if (*json != NULL) return succeed(err);
    return status == APISEC_E_TOO_LARGE ? fail(err, status, "the report is longer than %d bytes", MAX_HEALTH) : fail_memory(err);
}
