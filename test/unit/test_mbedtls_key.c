/* SPDX-License-Identifier: Apache-2.0
 *
 * test_mbedtls_key.c: which key fits which algorithm; one prepared key in many threads at once, and across a fork.
 */
#include "support/unit.h"
#include "crypto/crypto.h"
#include "crypto/pool.h"
#include "support/keys.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- one key of each kind ---- */

enum { RSA, P_256, P_384, P_521, OCT, NUM_KEYS };
static struct crypto_key *keys[NUM_KEYS];
static struct crypto_key *rsa_public;

static int make_keys(void **state)
{
    (void)state;
    struct arena arena = {NULL};
    struct crypto_rsa_parts parts = {.n = key_member(&arena, key_a2_rsa, "n"), .e = key_member(&arena, key_a2_rsa, "e")};
    apisec_status status = crypto_key_rsa(&parts, &rsa_public, NULL);
    parts.d = key_member(&arena, key_a2_rsa, "d");
    parts.p = key_member(&arena, key_a2_rsa, "p");
    parts.q = key_member(&arena, key_a2_rsa, "q");
    if (status == APISEC_OK) status = crypto_key_rsa(&parts, &keys[RSA], NULL);
    if (status == APISEC_OK) status = crypto_key_generate(algorithm_find(text_of("ES256")), &keys[P_256], NULL);
    if (status == APISEC_OK) status = crypto_key_generate(algorithm_find(text_of("ES384")), &keys[P_384], NULL);
    if (status == APISEC_OK) status = crypto_key_generate(algorithm_find(text_of("ES512")), &keys[P_521], NULL);
    if (status == APISEC_OK) status = crypto_key_generate(algorithm_find(text_of("HS512")), &keys[OCT], NULL);
    arena_free(&arena);
    return (int)status;
}

static int free_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_KEYS; i++) crypto_key_free(keys[i]);
    crypto_key_free(rsa_public);
    crypto_key_free(NULL);
    return 0;
}

static int key_for(const struct algorithm *algorithm)
{
    if (algorithm->key_type == CRYPTO_KEY_RSA) return RSA;
    if (algorithm->key_type == CRYPTO_KEY_OCT) return OCT;
    return algorithm->curve == CRYPTO_P256 ? P_256 : algorithm->curve == CRYPTO_P384 ? P_384 : P_521;
}

/* All 12 algorithms with all five keys: exactly one key fits each. */
static void test_which_key_fits(void **state)
{
    (void)state;
    for (size_t i = 0; i < num_algorithms; i++) {
        unsigned char signature[CRYPTO_MAX_SIGNATURE] = {0};
        size_t len;
        const int right = key_for(&algorithms[i]);
        assert_int_equal(crypto_sign(keys[right], &algorithms[i], "m", 1, signature, &len), APISEC_OK);
        for (int k = 0; k < NUM_KEYS; k++) {
            size_t other_len = 99;
            unsigned char other[CRYPTO_MAX_SIGNATURE];
            const apisec_status want = k == right ? APISEC_OK : APISEC_E_KEY_UNFIT;
            assert_int_equal(crypto_key_fits(keys[k], &algorithms[i]), k == right);
            assert_int_equal(crypto_verify(keys[k], &algorithms[i], "m", 1, signature, len), want);
            if (k == right) continue; /* it has signed */
            assert_int_equal(crypto_sign(keys[k], &algorithms[i], "m", 1, other, &other_len), want);
            assert_int_equal(other_len, 0);
        }
    }
}

/* CVE-2015-9235: an HMAC keyed with the bytes of the public key. There is no way to make it: the key is not an oct key. */
static void test_a_public_key_is_no_secret(void **state)
{
    (void)state;
    struct arena arena = {NULL};
    struct crypto_rsa_parts parts;
    struct crypto_key *secret = NULL;
    unsigned char tag[CRYPTO_MAX_SIGNATURE];
    size_t len;
    const struct algorithm *hs256 = algorithm_find(text_of("HS256"));
    assert_int_equal(crypto_key_rsa_parts(rsa_public, &arena, &parts), APISEC_OK);
    assert_int_equal(crypto_key_oct(parts.n, &secret, NULL), APISEC_OK);
    assert_int_equal(crypto_sign(secret, hs256, "m", 1, tag, &len), APISEC_OK);
    assert_int_equal(crypto_verify(secret, hs256, "m", 1, tag, len), APISEC_OK);
    assert_int_equal(crypto_verify(rsa_public, hs256, "m", 1, tag, len), APISEC_E_KEY_UNFIT);
    crypto_key_free(secret);
    arena_free(&arena);
}

static void test_a_public_key_does_not_sign(void **state)
{
    (void)state;
    unsigned char signature[CRYPTO_MAX_SIGNATURE];
    size_t len;
    const struct algorithm *rs256 = algorithm_find(text_of("RS256"));
    assert_false(crypto_key_is_private(rsa_public));
    assert_int_equal(crypto_sign(rsa_public, rs256, "m", 1, signature, &len), APISEC_E_KEY_UNFIT);
    assert_int_equal(crypto_sign(keys[RSA], rs256, "m", 1, signature, &len), APISEC_OK);
    assert_int_equal(crypto_verify(rsa_public, rs256, "m", 1, signature, len), APISEC_OK);
}

/* ---- many threads, one key ---- */

static struct job {
    const struct algorithm *algorithm;
    const struct crypto_key *key;
    unsigned char signature[CRYPTO_MAX_SIGNATURE];
    size_t len;
    int rounds;
} job;
static atomic_uint num_wrong;
static pthread_barrier_t start;

/* Right and wrong signatures in turns: a context that remembers the last one would be seen. Every fourth thread makes a new
 * signature: with RSA that takes much longer than to verify one. */
static void *work(void *number)
{
    const bool signs = *(const size_t *)number % 4 == 1;
    unsigned char wrong[CRYPTO_MAX_SIGNATURE], own[CRYPTO_MAX_SIGNATURE];
    size_t len;
    memcpy(wrong, job.signature, job.len);
    wrong[job.len / 2] ^= 1;
    pthread_barrier_wait(&start);
    for (int i = 0; i < job.rounds; i++) {
        if (crypto_verify(job.key, job.algorithm, "m", 1, job.signature, job.len) != APISEC_OK) atomic_fetch_add(&num_wrong, 1);
        if (crypto_verify(job.key, job.algorithm, "m", 1, wrong, job.len) != APISEC_E_SIGNATURE) atomic_fetch_add(&num_wrong, 1);
    }
    if (!signs) return number;
    if (crypto_sign(job.key, job.algorithm, "n", 1, own, &len) != APISEC_OK) atomic_fetch_add(&num_wrong, 1);
    if (crypto_verify(job.key, job.algorithm, "n", 1, own, len) != APISEC_OK) atomic_fetch_add(&num_wrong, 1);
    return number;
}

static void run_threads(const char *alg, size_t num, int rounds)
{
    pthread_t threads[2 * POOL_SLOTS];
    size_t numbers[2 * POOL_SLOTS];
    job.algorithm = algorithm_find(text_of(alg));
    job.key = keys[key_for(job.algorithm)];
    job.rounds = rounds;
    atomic_store(&num_wrong, 0);
    assert_int_equal(crypto_sign(job.key, job.algorithm, "m", 1, job.signature, &job.len), APISEC_OK);
    pthread_barrier_init(&start, NULL, (unsigned)num);
    for (size_t i = 0; i < num; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, work, &numbers[i]), 0);
    }
    for (size_t i = 0; i < num; i++) pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&start);
    assert_int_equal(num_wrong, 0);
}

static void test_two_threads(void **state)
{
    (void)state;
    run_threads("RS256", 2, 20);
    run_threads("PS256", 2, 20);
    run_threads("ES256", 2, 4);
    run_threads("HS256", 2, 500);
}

static void test_more_threads_than_contexts(void **state)
{
    (void)state;
    run_threads("RS256", 2 * POOL_SLOTS, 5);
    run_threads("PS512", 2 * POOL_SLOTS, 5);
    run_threads("ES256", 2 * POOL_SLOTS, 1);
    run_threads("HS512", 2 * POOL_SLOTS, 100);
}

/* ---- fork: the child verifies and signs with the key that its parent prepared, while the parent's threads use it ---- */

static atomic_bool stop;

static void *keep_using(void *unused)
{
    while (!atomic_load(&stop)) crypto_verify(job.key, job.algorithm, "m", 1, job.signature, job.len);
    return unused;
}

static void test_fork_under_load(void **state)
{
    (void)state;
    pthread_t threads[2];
    job.algorithm = algorithm_find(text_of("RS256"));
    job.key = keys[RSA];
    atomic_store(&stop, false);
    assert_int_equal(crypto_sign(job.key, job.algorithm, "m", 1, job.signature, &job.len), APISEC_OK);
    for (size_t i = 0; i < 2; i++) assert_int_equal(pthread_create(&threads[i], NULL, keep_using, NULL), 0);
    for (int i = 0; i < 4; i++) {
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            unsigned char own[CRYPTO_MAX_SIGNATURE];
            size_t len;
            alarm(60); /* a lock that nobody holds any more would hang here */
            for (int j = 0; j < 5; j++) {
                if (crypto_verify(job.key, job.algorithm, "m", 1, job.signature, job.len) != APISEC_OK) _exit(1);
            }
            if (crypto_sign(job.key, job.algorithm, "n", 1, own, &len) != APISEC_OK) _exit(2);
            crypto_key_free(keys[RSA]);
            _exit(0);
        }
        int result = -1;
        assert_int_equal(waitpid(child, &result, 0), child);
        assert_int_equal(result, 0);
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < 2; i++) pthread_join(threads[i], NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which_key_fits),
        cmocka_unit_test(test_a_public_key_is_no_secret),
        cmocka_unit_test(test_a_public_key_does_not_sign),
        cmocka_unit_test(test_two_threads),
        cmocka_unit_test(test_more_threads_than_contexts),
        cmocka_unit_test(test_fork_under_load),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
