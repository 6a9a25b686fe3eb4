/* SPDX-License-Identifier: Apache-2.0
 *
 * test_cache.c: what was put is found by the same key and no other, within its time; never more than there is room for; and threads
 * and children do not wait for each other.
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "support/failing.h"

#include "token/cache.h"
#include "support/guard.h"
#include "support/unit.h"
#include "support/verified.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW 1000000
#define AGE_S 300

static struct verified verified; /* the one token that all entries hold */

static int begin(void **state)
{
    (void)state;
    verified = verified_new("a");
    return 0;
}

static int end(void **state)
{
    (void)state;
    verified_free(&verified);
    return 0;
}

static struct cache *new_cache(size_t max_tokens)
{
    struct cache *cache;
    assert_int_equal(cache_new(max_tokens, AGE_S, &cache), APISEC_OK);
    return cache;
}

/* key_at: the set is chosen by rest's upper half: in a cache of one set every key has the same. */
static struct cache_key key_at(uint64_t tag)
{
    return (struct cache_key){tag, tag * 7};
}

static void put(struct cache *cache, uint64_t tag, int64_t now_ms)
{
    const struct cache_key key = key_at(tag);
    const struct cached value = {.token = verified.token, .keys = tag, .denials = tag + 1};
    cache_put(cache, &key, &value, now_ms);
}

static bool has_key(struct cache *cache, const struct cache_key *key, int64_t now_ms)
{
    struct cached found;
    const bool there = cache_get(cache, key, now_ms, &found);
    assert_int_equal(there, found.token != NULL);
    apisec_token_free(found.token);
    return there;
}

static bool has(struct cache *cache, uint64_t tag, int64_t now_ms)
{
    const struct cache_key key = key_at(tag);
    return has_key(cache, &key, now_ms);
}

static void test_the_same_is_found_again(void **state)
{
    (void)state;
    struct cache *cache = new_cache(64);
    const struct issuer *issuer = (const struct issuer *)(const void *)"an issuer";
    const struct cached value = {verified.token, issuer, 3, 4, true};
    struct cache_key key;
    struct cached found;
    assert_true(cache_key_of(cache, 0, text_of("a token"), &key));
    assert_false(cache_get(cache, &key, NOW, &found));
    cache_put(cache, &key, &value, NOW);
    assert_true(cache_get(cache, &key, NOW, &found));
    assert_ptr_equal(found.token, verified.token);
    assert_ptr_equal(found.issuer, issuer);
    assert_int_equal(found.keys, 3);
    assert_int_equal(found.denials, 4);
    assert_true(found.encrypted);
    cache_free(cache);
    assert_string_equal(apisec_token_subject(found.token), "user-7"); /* a reference of its own */
    apisec_token_free(found.token);
}

/* ---- keys ---- */

static void test_keys(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t way;
        const char *token;
        bool other_cache, same;
        const char *why;
    } rows[] = {
        {"the same", 1, "header.payload.signature", false, true, "the twin of all below"},
        {"another byte", 1, "header.payload.signaturE", false, false, "a token is all of its bytes"},
        {"one more byte", 1, "header.payload.signature.", false, false, "a token is all of its bytes"},
        {"nothing", 1, "", false, false, "a token is all of its bytes"},
        {"another way", 2, "header.payload.signature", false, false, "what came as an access token is none in Txn-Token"},
        {"another cache", 1, "header.payload.signature", true, false, "another verifier has another policy"},
    };
    struct cache *cache = new_cache(64), *other = new_cache(64);
    struct cache_key first;
    assert_true(cache_key_of(cache, 1, text_of("header.payload.signature"), &first));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cache_key key;
        const char *token = guarded_text(rows[i].token);
        const struct text text = {token, strlen(rows[i].token)};
        assert_true(cache_key_of(rows[i].other_cache ? other : cache, rows[i].way, text, &key));
        const bool same = key.tag == first.tag && key.rest == first.rest;
        if (same != rows[i].same) fail_msg("%s: %s", rows[i].name, rows[i].why);
        guard_free(token);
    }
    cache_free(cache);
    cache_free(other);
}

static void test_both_halves_of_a_key_count(void **state)
{
    (void)state;
    struct cache *cache = new_cache(8);
    const struct cached value = {.token = verified.token};
    const struct cache_key stored = {5, 6}, other_rest = {5, 7}, other_tag = {4, 6};
    cache_put(cache, &stored, &value, NOW);
    assert_true(has_key(cache, &stored, NOW));
    assert_false(has_key(cache, &other_rest, NOW));
    assert_false(has_key(cache, &other_tag, NOW));
    cache_put(cache, &other_rest, &value, NOW); /* both have their place */
    assert_true(has_key(cache, &other_rest, NOW));
    cache_free(cache);
}

/* ---- time ---- */

static void test_age(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t after_ms;
        bool there;
        const char *why;
    } rows[] = {
        {"at once", 0, true, "it is there"},
        {"just in time", AGE_S * 1000 - 1, true, "the twin of the next"},
        {"at its age", AGE_S * 1000, false, "not used for longer than was configured"},
        {"a year later", INT64_C(31536000000), false, "not used for longer than was configured"},
        {"a millisecond before", -1, false, "the clock was set back: nothing lives longer for it"},
        {"an hour before", -3600000, false, "the clock was set back: nothing lives longer for it"},
    };
    struct cache *cache = new_cache(8);
    put(cache, 1, NOW);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (has(cache, 1, NOW + rows[i].after_ms) != rows[i].there) fail_msg("%s: %s", rows[i].name, rows[i].why);
    cache_free(cache);
}

static void test_what_is_too_old_is_given_back(void **state)
{
    (void)state;
    struct cache *cache = new_cache(8);
    struct cache_counts counts;
    for (uint64_t tag = 1; tag <= 4; tag++) put(cache, tag, NOW);
    put(cache, 5, NOW + AGE_S * 1000); /* the others are too old now */
    cache_count(cache, &counts);
    assert_int_equal(counts.num_tokens, 1);
    assert_int_equal(counts.evicted, 0);
    put(cache, 6, NOW); /* and now that one is of a time to come */
    cache_count(cache, &counts);
    assert_int_equal(counts.num_tokens, 1);
    cache_free(cache);
}

/* ---- room ---- */

static void test_room(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 3, 8, 9, 64, 1000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct cache *cache = new_cache(sizes[i]);
        struct cache_counts counts;
        for (uint64_t n = 0; n < 4 * sizes[i]; n++) {
            struct cache_key key;
            assert_true(cache_key_of(cache, 0, (struct text){(const char *)&n, sizeof n}, &key));
            const struct cached value = {.token = verified.token};
            cache_put(cache, &key, &value, NOW);
            assert_true(has_key(cache, &key, NOW)); /* what was put last is there */
        }
        cache_count(cache, &counts);
        assert_true(counts.max_tokens <= sizes[i] && counts.max_tokens + 8 > sizes[i]);
        assert_true(counts.num_tokens <= counts.max_tokens && counts.num_tokens >= counts.max_tokens / 2);
        assert_int_equal(counts.stored, 4 * sizes[i]);
        assert_int_equal(counts.evicted, counts.stored - counts.num_tokens);
        cache_free(cache);
    }
}

static void test_the_longest_unused_gives_way(void **state)
{
    (void)state;
    struct cache *cache = new_cache(8);
    for (uint64_t tag = 1; tag <= 8; tag++) put(cache, tag, NOW + (int64_t)tag);
    for (uint64_t tag = 1; tag <= 8; tag++)
        if (tag != 3) assert_true(has(cache, tag, NOW + 100));
    put(cache, 9, NOW + 200);
    for (uint64_t tag = 1; tag <= 9; tag++) assert_int_equal(has(cache, tag, NOW + 200), tag != 3);
    put(cache, 5, NOW + 300); /* the same again takes its own place */
    for (uint64_t tag = 1; tag <= 9; tag++) assert_int_equal(has(cache, tag, NOW + 300), tag != 3);
    cache_free(cache);
}

/* ---- what does not hold any more ---- */

static void test_stale(void **state)
{
    (void)state;
    struct cache *cache = new_cache(8);
    struct verified other = verified_new("b");
    const struct cache_key key = key_at(1);
    put(cache, 1, NOW);
    put(cache, 2, NOW);
    cache_stale(cache, &key, other.token);
    assert_true(has(cache, 1, NOW)); /* another one was meant, which is there no more */
    cache_stale(cache, &key, verified.token);
    assert_false(has(cache, 1, NOW));
    assert_true(has(cache, 2, NOW));
    cache_free(cache);
    verified_free(&other);
}

static uint64_t denials_of(struct cache *cache, uint64_t tag)
{
    struct cached found;
    const struct cache_key key = key_at(tag);
    assert_true(cache_get(cache, &key, NOW, &found));
    apisec_token_free(found.token);
    return found.denials;
}

static void test_confirm(void **state)
{
    (void)state;
    struct cache *cache = new_cache(8);
    struct verified other = verified_new("b");
    const struct cache_key key = key_at(1);
    put(cache, 1, NOW);
    put(cache, 2, NOW);
    cache_confirm(cache, &key, other.token, 77);
    assert_int_equal(denials_of(cache, 1), 2);
    cache_confirm(cache, &key, verified.token, 77);
    assert_int_equal(denials_of(cache, 1), 77);
    assert_int_equal(denials_of(cache, 2), 3);
    cache_free(cache);
    verified_free(&other);
}

static void test_counts(void **state)
{
    (void)state;
    struct cache *cache = new_cache(8);
    struct cache_counts counts;
    const struct cache_key key = key_at(1);
    assert_false(has(cache, 1, NOW));
    put(cache, 1, NOW);
    for (int i = 0; i < 3; i++) assert_true(has(cache, 1, NOW));
    cache_stale(cache, &key, verified.token); /* the last of the three was none */
    assert_false(has(cache, 1, NOW));
    cache_count(cache, &counts);
    assert_int_equal(counts.hits, 2);
    assert_int_equal(counts.misses, 3);
    assert_int_equal(counts.stale, 1);
    assert_int_equal(counts.stored, 1);
    assert_int_equal(counts.evicted, 0);
    assert_int_equal(counts.num_tokens, 0);
    assert_int_equal(counts.max_tokens, 8);
    cache_free(cache);
}

static void test_none(void **state)
{
    (void)state;
    struct cache *cache = new_cache(0);
    struct cache_key key = {1, 1};
    struct cached found;
    struct cache_counts counts;
    assert_null(cache);
    assert_false(cache_key_of(cache, 0, text_of("a token"), &key));
    cache_put(cache, &key, &(struct cached){.token = verified.token}, NOW);
    cache_stale(cache, &key, verified.token);
    cache_confirm(cache, &key, verified.token, 1);
    assert_false(cache_get(cache, &key, NOW, &found));
    assert_null(found.token);
    cache_count(cache, &counts);
    assert_int_equal(counts.max_tokens, 0);
    cache_free(cache);
}

static void test_without_memory(void **state)
{
    (void)state;
    if (!failing_works()) skip();
    size_t nth = 1;
    for (;; nth++) {
        struct cache *cache;
        failing_begin(nth);
        const apisec_status status = cache_new(64, AGE_S, &cache);
        const long kept = failing_kept;
        const bool failed = failing_end();
        if (!failed) {
            assert_int_equal(status, APISEC_OK);
            cache_free(cache);
            break;
        }
        assert_int_equal(status, APISEC_E_MEMORY);
        assert_null(cache);
        assert_int_equal(kept, 0);
    }
    assert_true(nth > 1);
}

/* ---- threads: what is found is what was put with that key, whatever others do ---- */

#define THREADS 4
#define ROUNDS 20000

struct crowd {
    struct cache *cache;
    _Atomic bool stop;
};

static void one_round(struct cache *cache, unsigned *random)
{
    struct cached found;
    *random = *random * 1103515245u + 12345u;
    const uint64_t tag = 1 + (*random >> 16) % 12;
    const struct cache_key key = key_at(tag);
    if (!cache_get(cache, &key, NOW, &found)) {
        put(cache, tag, NOW);
        return;
    }
    if (found.keys != tag || found.token != verified.token) abort();
    if ((*random >> 8) % 16 == 0) cache_stale(cache, &key, found.token);
    if ((*random >> 8) % 16 == 1) cache_confirm(cache, &key, found.token, tag + 1);
    if (found.denials != tag + 1) abort();
    apisec_token_free(found.token);
}

static void *rounds(void *argument)
{
    struct crowd *const crowd = argument;
    unsigned random = (unsigned)(uintptr_t)&random;
    for (int i = 0; i < ROUNDS; i++) one_round(crowd->cache, &random);
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    struct crowd crowd = {.cache = new_cache(8)};
    struct cache_counts counts;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, rounds, &crowd), 0);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    cache_count(crowd.cache, &counts);
    assert_int_equal(counts.hits + counts.misses, THREADS * ROUNDS);
    assert_true(counts.num_tokens <= 8);
    cache_free(crowd.cache);
}

static void *rounds_until_stopped(void *argument)
{
    struct crowd *const crowd = argument;
    unsigned random = 1;
    while (!atomic_load(&crowd->stop)) one_round(crowd->cache, &random);
    return NULL;
}

/* A child may have a slot that a thread was at; all it does still ends, and nothing wrong is found. */
static void test_children(void **state)
{
    (void)state;
    struct crowd crowd = {.cache = new_cache(8)};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, rounds_until_stopped, &crowd), 0);
    for (int i = 0; i < 20; i++) {
        const pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            alarm(20);
            unsigned random = (unsigned)i;
            for (int k = 0; k < 1000; k++) one_round(crowd.cache, &random);
            _exit(0);
        }
        int how = 1;
        assert_int_equal(waitpid(pid, &how, 0), pid);
        assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
    }
    atomic_store(&crowd.stop, true);
    pthread_join(thread, NULL);
    cache_free(crowd.cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_is_found_again), cmocka_unit_test(test_keys),
        cmocka_unit_test(test_both_halves_of_a_key_count), cmocka_unit_test(test_age),
        cmocka_unit_test(test_what_is_too_old_is_given_back), cmocka_unit_test(test_room),
        cmocka_unit_test(test_the_longest_unused_gives_way), cmocka_unit_test(test_stale), cmocka_unit_test(test_confirm),
        cmocka_unit_test(test_counts), cmocka_unit_test(test_none), cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_threads), cmocka_unit_test(test_children)};
    return cmocka_run_group_tests(tests, begin, end);
}
