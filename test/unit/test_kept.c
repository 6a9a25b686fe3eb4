/* SPDX-License-Identifier: Apache-2.0
 *
 * test_kept.c: what a verification finds in the cache and leaves there: only whole verdicts, by the way they came, with the keys
 * that are still there; and that an operation is served from it too.
 */
#include "support/script.h"
#include "support/stand.h"
#include "support/unit.h"
#include "token/token.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define START ((int64_t)FORGE_NOW * 1000)
#define URL FORGE_ISSUER "/jwks"
#define JSON "Content-Type: application/json\n"

static char *keys, *other_keys, *both_keys, *token;

static apisec_verifier *verifier_of(const char *key_set, size_t max_tokens)
{
    apisec_verifier *verifier = NULL;
    apisec_trust *trust = apisec_trust_new();
    apisec_trust_set_token_cache(trust, max_tokens, 300);
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, FORGE_ISSUER);
    apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
    apisec_issuer_allow_algorithm(issuer, "ES256");
    if (key_set == NULL) apisec_issuer_set_jwks_uri(issuer, URL);
    if (key_set != NULL) apisec_issuer_set_jwks(issuer, key_set, strlen(key_set));
    assert_int_equal(apisec_verifier_new(trust, NULL, &verifier, NULL), APISEC_OK);
    apisec_trust_free(trust);
    return verifier;
}

struct outcome {
    apisec_status status;
    enum check at;
    bool was_kept;
};

static struct outcome run(apisec_verifier *verifier, const struct presented *presented, int64_t now, int64_t now_ms)
{
    struct verification v;
    verification_init(&v, verifier, presented, now);
    v.offline = true;
    assert_int_equal(verification_run(&v, now_ms), PASS_ENDED);
    assert_int_equal(v.token != NULL, v.status == APISEC_OK);
    const struct outcome outcome = {v.status, v.trail.at, v.was_kept};
    verification_free(&v);
    return outcome;
}

static struct outcome run_bare(apisec_verifier *verifier, const char *bytes, int64_t now_ms)
{
    const struct presented presented = present_bare(text_of(bytes));
    return run(verifier, &presented, FORGE_NOW, now_ms);
}

static uint64_t num_kept(apisec_verifier *verifier)
{
    struct cache_counts counts;
    cache_count(verifier->cache, &counts);
    return counts.num_tokens;
}

/* ---- what is kept ---- */

static void test_only_what_was_accepted_is_kept(void **state)
{
    (void)state;
    static const struct {
        const char *name, *claim, *value;
        apisec_status expected;
    } rows[] = {
        {"an honest token", "extra", "1", APISEC_OK},
        {"another audience", "aud", "\"ledger\"", APISEC_E_AUDIENCE},
        {"expired", "exp", "1749999000", APISEC_E_EXPIRED},
        {"bound", "cnf", "{\"jkt\":\"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I\"}", APISEC_E_BINDING},
        {"no subject", "sub", NULL, APISEC_E_CLAIM},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_verifier *verifier = verifier_of(keys, 64);
        const struct forge_change changes[] = {{rows[i].claim, rows[i].value}, {NULL, NULL}};
        char *forged = forge_token(changes, FORGE_SAME, forge_signer("ES256", 0));
        for (int time = 0; time < 2; time++) {
            const struct outcome outcome = run_bare(verifier, forged, START);
            if (outcome.status != rows[i].expected) fail_msg("%s: %s", rows[i].name, apisec_status_name(outcome.status));
            assert_int_equal(outcome.was_kept, rows[i].expected == APISEC_OK && time == 1);
            if (outcome.status == APISEC_OK) assert_int_equal(outcome.at, NUM_CHECKS);
        }
        assert_int_equal(num_kept(verifier), rows[i].expected == APISEC_OK ? 1 : 0);
        free(forged);
        apisec_verifier_free(verifier);
    }
}

static void test_a_wrong_signature_is_not_kept(void **state)
{
    (void)state;
    char *forged = strdup(token);
    char *const signed_at = strrchr(forged, '.') + 1;
    signed_at[0] = signed_at[0] == 'A' ? 'B' : 'A';
    apisec_verifier *verifier = verifier_of(keys, 64), *stranger = verifier_of(other_keys, 64);
    assert_int_equal(run_bare(verifier, forged, START).status, APISEC_E_SIGNATURE);
    assert_int_equal(run_bare(stranger, token, START).status, APISEC_E_KEY_UNKNOWN);
    assert_int_equal(num_kept(verifier), 0);
    assert_int_equal(num_kept(stranger), 0);
    apisec_verifier_free(stranger);
    apisec_verifier_free(verifier);
    free(forged);
}

static void test_what_is_too_large_or_too_early_to_judge(void **state)
{
    (void)state;
    apisec_verifier *verifier = verifier_of(keys, 64);
    const struct presented presented = present_bare(text_of(token));
    assert_int_equal(run_bare(verifier, token, START).status, APISEC_OK);
    assert_int_equal(run(verifier, &presented, -1, START).status, APISEC_E_ARGUMENT);
    char *large = malloc(JOSE_MAX_TOKEN + 2);
    memset(large, 'a', JOSE_MAX_TOKEN + 1);
    large[JOSE_MAX_TOKEN + 1] = '\0';
    assert_int_equal(run_bare(verifier, large, START).status, APISEC_E_TOO_LARGE);
    free(large);
    apisec_verifier_free(verifier);
}

static void test_no_cache(void **state)
{
    (void)state;
    apisec_verifier *verifier = verifier_of(keys, 0);
    for (int i = 0; i < 2; i++) {
        const struct outcome outcome = run_bare(verifier, token, START);
        assert_int_equal(outcome.status, APISEC_OK);
        assert_false(outcome.was_kept);
    }
    apisec_verifier_free(verifier);
}

/* ---- what is found ---- */

static void test_the_way_it_came(void **state)
{
    (void)state;
    static const struct {
        enum token_source source;
        bool dpop_scheme;
    } ways[] = {{TOKEN_BARE, false}, {TOKEN_AUTHORIZATION, false}};
    apisec_verifier *verifier = verifier_of(keys, 64);
    for (int time = 0; time < 2; time++)
        for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
            struct presented presented = present_bare(text_of(token));
            presented.source = ways[i].source;
            presented.dpop_scheme = ways[i].dpop_scheme;
            const struct outcome outcome = run(verifier, &presented, FORGE_NOW, START);
            assert_int_equal(outcome.status, APISEC_OK);
            assert_int_equal(outcome.was_kept, time == 1); /* each way for itself */
        }
    apisec_verifier_free(verifier);
}

static void test_times_are_judged_again(void **state)
{
    (void)state;
    static const struct {
        int64_t now;
        apisec_status expected;
        enum check at;
    } rows[] = {
        {FORGE_NOW, APISEC_OK, NUM_CHECKS},
        {1750000500 + 59, APISEC_OK, NUM_CHECKS},
        {1750000500 + 60, APISEC_E_EXPIRED, CHECK_EXPIRY},
        {1749999900 - 60, APISEC_OK, NUM_CHECKS},
        {1749999900 - 61, APISEC_E_NOT_YET_VALID, CHECK_ISSUED_AT},
    };
    apisec_verifier *verifier = verifier_of(keys, 64);
    run_bare(verifier, token, START);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct presented presented = present_bare(text_of(token));
        const struct outcome outcome = run(verifier, &presented, rows[i].now, START);
        assert_int_equal(outcome.status, rows[i].expected);
        assert_int_equal(outcome.at, rows[i].at);
        assert_true(outcome.was_kept);
    }
    apisec_verifier_free(verifier);
}

static void test_denials_are_looked_for_again(void **state)
{
    (void)state;
    apisec_verifier *verifier = verifier_of(keys, 64);
    struct outcome outcome = run_bare(verifier, token, START);
    const int64_t until = INT64_C(1) << 40;
    assert_int_equal(apisec_verifier_deny_id(verifier, FORGE_ISSUER, "another-id", until, NULL), APISEC_OK);
    for (int i = 0; i < 2; i++) { /* looked for, and then known not to be there */
        outcome = run_bare(verifier, token, START);
        assert_int_equal(outcome.status, APISEC_OK);
        assert_true(outcome.was_kept);
    }
    assert_int_equal(apisec_verifier_deny_principal(verifier, FORGE_ISSUER "|alice", FORGE_NOW, until, NULL), APISEC_OK);
    for (int i = 0; i < 2; i++) {
        outcome = run_bare(verifier, token, START);
        assert_int_equal(outcome.status, APISEC_E_REVOKED);
        assert_int_equal(outcome.at, CHECK_REVOCATION);
        assert_true(outcome.was_kept);
    }
    apisec_verifier_free(verifier);
}

/* Behind a denial's end the token is accepted, but not for good: the moment may be one that a clock was set to by mistake. */
static void test_a_denial_that_ended_is_looked_for_each_time(void **state)
{
    (void)state;
    apisec_verifier *verifier = verifier_of(keys, 64);
    const struct presented presented = present_bare(text_of(token));
    assert_int_equal(run_bare(verifier, token, START).status, APISEC_OK);
    /* by this process's clock it is over as it is made; it is kept while there is room */
    assert_int_equal(apisec_verifier_deny_session(verifier, FORGE_ISSUER, "s", FORGE_NOW - 300, NULL), APISEC_OK);
    const struct forge_change changes[] = {{"sid", "\"s\""}, {NULL, NULL}};
    char *of_session = forge_token(changes, FORGE_SAME, forge_signer("ES256", 0));
    const struct presented bound = present_bare(text_of(of_session));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(run(verifier, &bound, FORGE_NOW, START).status, APISEC_OK);
        assert_int_equal(run(verifier, &bound, FORGE_NOW - 1, START).status, APISEC_E_REVOKED);
        assert_int_equal(run(verifier, &presented, FORGE_NOW - 1, START).status, APISEC_OK);
    }
    free(of_session);
    apisec_verifier_free(verifier);
}

/* ---- fetched keys, and operations ---- */

static apisec_token *verify_op(apisec_verifier *verifier, struct script *script, const char *bytes, int64_t now_ms,
                               apisec_status expected)
{
    apisec_token *verified = NULL;
    assert_int_equal(stand_verify(verifier, script, bytes, FORGE_NOW, &now_ms, &verified, NULL), expected);
    return verified;
}

static void test_fetched_keys(void **state)
{
    (void)state;
    const struct script_answer answers[] = {{.url = URL, .status = 200, .headers = JSON, .body = keys},
                                            {.url = URL, .status = 200, .headers = JSON, .body = both_keys}};
    struct script script;
    script_init(&script, answers, 2);
    apisec_verifier *verifier = verifier_of(NULL, 64);
    apisec_token *first = verify_op(verifier, &script, token, START, APISEC_OK);
    apisec_token *second = verify_op(verifier, &script, token, START + 1000, APISEC_OK);
    assert_ptr_equal(first, second);
    assert_int_equal(script.num_requests, 1);
    /* at 80 % of ten minutes the set is due: whoever is served from the cache does not miss that. Another set: verified anew */
    apisec_token *third = verify_op(verifier, &script, token, START + 290000, APISEC_OK);
    assert_ptr_equal(third, first);
    apisec_token *fourth = verify_op(verifier, &script, token, START + 480000, APISEC_OK);
    assert_ptr_not_equal(fourth, first);
    assert_int_equal(script.num_requests, 2);
    apisec_token_free(first);
    apisec_token_free(second);
    apisec_token_free(third);
    apisec_token_free(fourth);
    apisec_verifier_free(verifier);
    script_end(&script);
}

/* ---- threads: who begins to verify after a denial was made meets it, while all others are served from the cache ---- */

enum { THREADS = 4, TOKENS = 4, ROUNDS = 3000 };

struct crowd {
    apisec_verifier *verifier;
    char *tokens[TOKENS];
    _Atomic bool denied;     /* the last of them */
};

static void *use_tokens(void *argument)
{
    struct crowd *const crowd = argument;
    for (unsigned i = 0; i < ROUNDS; i++) {
        const unsigned which = i % TOKENS;
        const bool denied = atomic_load(&crowd->denied);
        apisec_token *verified = NULL;
        const char *bytes = crowd->tokens[which];
        const apisec_status status = apisec_verify(crowd->verifier, bytes, strlen(bytes), FORGE_NOW, &verified, NULL);
        const bool may_pass = which < TOKENS - 1 || !denied, may_fail = which == TOKENS - 1;
        if (status == APISEC_OK ? !may_pass : !(may_fail && status == APISEC_E_REVOKED)) abort();
        apisec_token_free(verified);
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    const int64_t until = INT64_C(1) << 40;
    struct crowd crowd = {.verifier = verifier_of(keys, 64)};
    pthread_t threads[THREADS];
    char id[32];
    for (int i = 0; i < TOKENS; i++) {
        snprintf(id, sizeof id, "\"id-%d\"", i);
        crowd.tokens[i] = forge_token((struct forge_change[]){{"jti", id}, {NULL, NULL}}, FORGE_SAME, forge_signer("ES256", 0));
        apisec_token *verified = NULL; /* by this process's clock, as the threads do */
        const size_t len = strlen(crowd.tokens[i]);
        assert_int_equal(apisec_verify(crowd.verifier, crowd.tokens[i], len, FORGE_NOW, &verified, NULL), APISEC_OK);
        apisec_token_free(verified);
    }
    for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, use_tokens, &crowd), 0);
    for (int i = 0; i < 300; i++) {
        snprintf(id, sizeof id, "other-%d", i);
        assert_int_equal(apisec_verifier_deny_id(crowd.verifier, FORGE_ISSUER, id, until, NULL), APISEC_OK);
    }
    assert_int_equal(apisec_verifier_deny_id(crowd.verifier, FORGE_ISSUER, "id-3", until, NULL), APISEC_OK);
    atomic_store(&crowd.denied, true);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < TOKENS; i++) free(crowd.tokens[i]);
    apisec_verifier_free(crowd.verifier);
}

static int begin(void **state)
{
    (void)state;
    const apisec_signer *signer = forge_signer("ES256", 0), *other = forge_signer("ES256", 1);
    keys = forge_jwks((const apisec_signer *[]){signer, NULL});
    other_keys = forge_jwks((const apisec_signer *[]){other, NULL});
    both_keys = forge_jwks((const apisec_signer *[]){signer, other, NULL});
    token = forge_token(FORGE_SAME, FORGE_SAME, signer);
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(keys);
    free(other_keys);
    free(both_keys);
    free(token);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_what_was_accepted_is_kept), cmocka_unit_test(test_a_wrong_signature_is_not_kept),
        cmocka_unit_test(test_what_is_too_large_or_too_early_to_judge), cmocka_unit_test(test_no_cache),
        cmocka_unit_test(test_the_way_it_came), cmocka_unit_test(test_times_are_judged_again),
        cmocka_unit_test(test_denials_are_looked_for_again),
        cmocka_unit_test(test_a_denial_that_ended_is_looked_for_each_time), cmocka_unit_test(test_fetched_keys),
        cmocka_unit_test(test_threads)};
    return cmocka_run_group_tests(tests, begin, end);
}
