/* SPDX-License-Identifier: Apache-2.0
 *
 * test_verifier.c: the verifier as programs see it: made, shared, freed; verifying as a call and as an operation; one fetch for
 * many.
 */
#include "support/unit.h"
#include "support/forge.h"
#include "support/guard.h"
#include "support/script.h"
#include "token/token.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define START ((int64_t)FORGE_NOW * 1000)
#define JWKS_URL FORGE_ISSUER "/jwks"
#define OTHER "https://other.example"
#define JSON "Content-Type: application/json\n"

static const apisec_signer *signer;
static char *set, *token;
static struct script_answer good;

static void add(apisec_trust *trust, const char *name, const char *jwks_uri)
{
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, name);
    apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
    apisec_issuer_allow_algorithm(issuer, "ES256");
    if (jwks_uri == NULL) apisec_issuer_set_jwks(issuer, set, strlen(set));
    if (jwks_uri != NULL) apisec_issuer_set_jwks_uri(issuer, jwks_uri);
}

static apisec_verifier *make(apisec_http *http, const char *jwks_uri)
{
    apisec_verifier *verifier = NULL;
    apisec_trust *trust = apisec_trust_new();
    add(trust, FORGE_ISSUER, jwks_uri);
    assert_int_equal(apisec_verifier_new(trust, http, &verifier, NULL), APISEC_OK);
    apisec_trust_free(trust);
    return verifier;
}

/* ---- making one ---- */

static void test_new(void **state)
{
    (void)state;
    apisec_error err = {APISEC_E_MISUSE, "x"};
    apisec_verifier *verifier = (apisec_verifier *)&err;
    apisec_trust *trust = apisec_trust_new();
    assert_int_equal(apisec_verifier_new(trust, NULL, &verifier, &err), APISEC_E_CONFIG);
    assert_null(verifier);
    assert_non_null(strstr(err.text, "no issuer"));
    add(trust, FORGE_ISSUER, NULL);
    add(trust, OTHER, JWKS_URL);
    assert_int_equal(apisec_verifier_new(trust, NULL, NULL, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_verifier_new(trust, NULL, &verifier, &err), APISEC_OK);
    assert_int_equal(err.status, APISEC_OK);
    assert_string_equal(err.text, "");
    apisec_verifier *again = NULL;
    assert_int_equal(apisec_verifier_new(trust, NULL, &again, NULL), APISEC_OK); /* a trust may be used twice */
    apisec_trust_free(trust);
    apisec_verifier_free(again);
    assert_int_equal(verifier->num_issuers, 2);
    assert_ptr_equal(verifier_find_issuer(verifier, text_of(OTHER)), &verifier->issuers[1]);
    static const char *const strangers[] = {"https://id.example/", "https://ID.example", "https://id.exampl", "",
                                            "https://id.example "};
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++)
        assert_null(verifier_find_issuer(verifier, text_of(strangers[i])));
    apisec_verifier_free(verifier);
    apisec_verifier_free(NULL);
}

static void test_one_broken_issuer_breaks_the_verifier(void **state)
{
    (void)state;
    apisec_error err;
    apisec_verifier *verifier = NULL;
    apisec_trust *trust = apisec_trust_new();
    add(trust, FORGE_ISSUER, NULL);
    apisec_trust_add_issuer(trust, OTHER);
    assert_int_equal(apisec_verifier_new(trust, NULL, &verifier, &err), APISEC_E_CONFIG);
    assert_null(verifier);
    assert_non_null(strstr(err.text, OTHER));
    apisec_trust_free(trust);
}

static void test_realm_and_metadata_are_kept(void **state)
{
    (void)state;
    apisec_verifier *verifier = NULL;
    apisec_trust *trust = apisec_trust_new();
    add(trust, FORGE_ISSUER, NULL);
    apisec_trust_set_realm(trust, "orders");
    apisec_trust_set_resource_metadata(trust, "https://orders.example/metadata");
    assert_int_equal(apisec_verifier_new(trust, NULL, &verifier, NULL), APISEC_OK);
    apisec_trust_free(trust);
    assert_string_equal(verifier->realm, "orders");
    assert_string_equal(verifier->resource_metadata, "https://orders.example/metadata");
    apisec_verifier_free(verifier);
}

/* ---- verifying, blocking ---- */

static void test_verify(void **state)
{
    (void)state;
    apisec_error err = {APISEC_E_MISUSE, "x"};
    apisec_token *verified = NULL;
    apisec_verifier *verifier = make(NULL, NULL);
    const char *bytes = guarded_text(token);
    assert_int_equal(apisec_verify(verifier, bytes, strlen(token), FORGE_NOW, &verified, &err), APISEC_OK);
    guard_free(bytes);
    apisec_verifier_free(verifier); /* the token needs neither of them */
    assert_int_equal(err.status, APISEC_OK);
    assert_string_equal(err.text, "");
    assert_string_equal(apisec_token_principal(verified), FORGE_ISSUER "|alice");
    assert_string_equal(apisec_token_client_id(verified), "shop");
    assert_int_equal(apisec_token_has_scope(verified, "orders:write"), APISEC_OK);
    assert_true(token_is_raw(verified, text_of(token)));
    apisec_token_free(verified);
}

static void test_verify_refuses(void **state)
{
    (void)state;
    apisec_error err;
    apisec_verifier *verifier = make(NULL, NULL);
    apisec_token *verified = (apisec_token *)&err;
    assert_int_equal(apisec_verify(verifier, token, strlen(token) - 1, FORGE_NOW, &verified, &err), APISEC_E_MALFORMED);
    assert_null(verified);
    assert_int_equal(err.status, APISEC_E_MALFORMED);
    assert_true(strlen(err.text) > 0);
    static const struct {
        size_t len;
        apisec_status expected;
    } sizes[] = {{0, APISEC_E_MALFORMED}, {JOSE_MAX_TOKEN, APISEC_E_MALFORMED}, {JOSE_MAX_TOKEN + 1, APISEC_E_TOO_LARGE}};
    static char dots[JOSE_MAX_TOKEN + 1];
    memset(dots, '.', sizeof dots);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const char *bytes = guarded(dots, sizes[i].len);
        verified = (apisec_token *)&err;
        assert_int_equal(apisec_verify(verifier, bytes, sizes[i].len, FORGE_NOW, &verified, NULL), sizes[i].expected);
        assert_null(verified);
        guard_free(bytes);
    }
    verified = (apisec_token *)&err;
    assert_int_equal(apisec_verify(NULL, token, 3, FORGE_NOW, &verified, &err), APISEC_E_ARGUMENT);
    assert_null(verified);
    assert_int_equal(apisec_verify(verifier, NULL, 0, FORGE_NOW, &verified, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_verify(verifier, token, 3, FORGE_NOW, NULL, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_verify(verifier, token, strlen(token), -1, &verified, &err), APISEC_E_ARGUMENT);
    assert_null(verified);
    apisec_verifier_free(verifier);
}

static void test_no_claim_of_a_refused_token_is_told(void **state)
{
    (void)state;
    apisec_error err;
    apisec_token *verified = NULL;
    apisec_verifier *verifier = make(NULL, NULL);
    static const struct {
        struct forge_change changes[2];
        apisec_status expected;
    } rows[] = {
        {{{"iss", "\"CANARY\""}}, APISEC_E_ISSUER},
        {{{"aud", "\"CANARY\""}}, APISEC_E_AUDIENCE},
        {{{"aud", "[\"CANARY\",1]"}}, APISEC_E_CLAIM},
        {{{"exp", "\"CANARY\""}}, APISEC_E_CLAIM},
        {{{"sub", "[\"CANARY\"]"}}, APISEC_E_CLAIM},
        {{{"act", "\"CANARY\""}}, APISEC_E_CLAIM},
        {{{"cnf", "{\"jkt\":\"CANARY\"}"}}, APISEC_E_BINDING},
        {{{"scope", "[\"CANARY\"]"}}, APISEC_E_CLAIM},
        {{{"name", "\"CANARY\""}}, APISEC_OK}, /* the twin: nothing else is wrong with them */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *forged = forge_token(rows[i].changes, FORGE_SAME, signer);
        assert_int_equal(apisec_verify(verifier, forged, strlen(forged), FORGE_NOW, &verified, &err), rows[i].expected);
        apisec_token_free(verified);
        assert_null(strstr(err.text, "CANARY"));
        free(forged);
    }
    apisec_verifier_free(verifier);
}

/* ---- verifying as an operation ---- */

static void test_operation(void **state)
{
    (void)state;
    apisec_error err;
    apisec_op *op = NULL;
    apisec_token *verified = (apisec_token *)&err;
    apisec_verifier *verifier = make(NULL, NULL);
    char *copy = text_copy(text_of(token));
    assert_int_equal(apisec_verify_start(verifier, copy, strlen(copy), FORGE_NOW, &op, &err), APISEC_OK);
    memset(copy, 'x', strlen(copy)); /* the operation has its own */
    free(copy);
    apisec_verifier_free(verifier);  /* and keeps the verifier alive */
    assert_int_equal(apisec_verify_finish(op, &verified, &err), APISEC_E_MISUSE); /* unfinished */
    assert_null(verified);
    assert_int_equal(apisec_op_next(op, START), APISEC_OP_DONE);
    assert_int_equal(apisec_verify_finish(op, NULL, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_verify_finish(op, &verified, &err), APISEC_OK);
    assert_string_equal(apisec_token_subject(verified), "alice");
    apisec_token_free(verified);
    verified = (apisec_token *)&err;
    assert_int_equal(apisec_verify_finish(op, &verified, &err), APISEC_E_MISUSE); /* given once */
    assert_null(verified);
    apisec_op_free(op);
}

static void test_operation_misused(void **state)
{
    (void)state;
    apisec_error err;
    apisec_op *op = (apisec_op *)&err;
    apisec_token *verified = (apisec_token *)&err;
    apisec_verifier *verifier = make(NULL, NULL);
    assert_int_equal(apisec_verify_start(NULL, token, 3, FORGE_NOW, &op, &err), APISEC_E_ARGUMENT);
    assert_null(op);
    assert_int_equal(apisec_verify_start(verifier, NULL, 0, FORGE_NOW, &op, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_verify_start(verifier, token, 3, FORGE_NOW, NULL, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_verify_finish(NULL, &verified, &err), APISEC_E_MISUSE);
    assert_null(verified);
    assert_int_equal(apisec_verifier_warm_start(verifier, &op, &err), APISEC_OK);
    assert_int_equal(apisec_op_next(op, START), APISEC_OP_DONE);
    assert_int_equal(apisec_verify_finish(op, &verified, &err), APISEC_E_MISUSE); /* another kind */
    apisec_op_free(op);
    char *large = malloc(JOSE_MAX_TOKEN + 100);
    assert_non_null(large);
    memset(large, 'a', JOSE_MAX_TOKEN + 100);
    assert_int_equal(apisec_verify_start(verifier, large, JOSE_MAX_TOKEN + 100, FORGE_NOW, &op, &err), APISEC_OK);
    assert_int_equal(apisec_op_next(op, START), APISEC_OP_DONE);
    assert_int_equal(apisec_verify_finish(op, &verified, &err), APISEC_E_TOO_LARGE);
    apisec_op_free(op);
    assert_int_equal(apisec_verify_start(verifier, token, strlen(token), FORGE_NOW, &op, NULL), APISEC_OK);
    apisec_op_free(op); /* never driven */
    assert_int_equal(apisec_verify_start(verifier, token, strlen(token), FORGE_NOW, &op, NULL), APISEC_OK);
    apisec_op_next(op, START);
    apisec_op_free(op); /* its token never taken */
    free(large);
    apisec_verifier_free(verifier);
}

static apisec_op *start(apisec_verifier *verifier, const char *bytes)
{
    apisec_op *op = NULL;
    assert_int_equal(apisec_verify_start(verifier, bytes, strlen(bytes), FORGE_NOW, &op, NULL), APISEC_OK);
    return op;
}

static apisec_status finish(apisec_op *op)
{
    apisec_token *verified = NULL;
    const apisec_status status = apisec_verify_finish(op, &verified, NULL);
    apisec_token_free(verified);
    apisec_op_free(op);
    return status;
}

static void test_leader_and_followers(void **state)
{
    (void)state;
    struct script script;
    script_init(&script, &good, 1);
    apisec_verifier *verifier = make(NULL, JWKS_URL);
    apisec_op *leader = start(verifier, token), *first = start(verifier, token), *second = start(verifier, token);
    assert_int_equal(apisec_op_next(leader, START), APISEC_OP_HTTP);
    assert_int_equal(apisec_op_next(first, START), APISEC_OP_WAIT);
    assert_int_equal(apisec_op_next(second, START + 5), APISEC_OP_WAIT);
    assert_true(apisec_op_deadline_ms(first) > START && apisec_op_deadline_ms(first) <= START + 50);
    script_answer_one(&script, leader);
    assert_int_equal(apisec_op_next(first, START + 10), APISEC_OP_WAIT); /* answered, but not yet seen by the leader's step */
    assert_int_equal(apisec_op_next(leader, START + 11), APISEC_OP_DONE);
    assert_int_equal(apisec_op_next(first, START + 20), APISEC_OP_DONE);
    assert_int_equal(apisec_op_next(second, START + 20), APISEC_OP_DONE);
    assert_int_equal(finish(leader), APISEC_OK);
    assert_int_equal(finish(first), APISEC_OK);
    assert_int_equal(finish(second), APISEC_OK);
    script_end(&script);
    apisec_verifier_free(verifier);
}

static void test_a_freed_leader_is_succeeded(void **state)
{
    (void)state;
    struct script script;
    script_init(&script, &good, 1);
    apisec_verifier *verifier = make(NULL, JWKS_URL);
    apisec_op *leader = start(verifier, token), *first = start(verifier, token), *second = start(verifier, token);
    assert_int_equal(apisec_op_next(leader, START), APISEC_OP_HTTP);
    assert_int_equal(apisec_op_next(first, START), APISEC_OP_WAIT);
    assert_int_equal(apisec_op_next(second, START), APISEC_OP_WAIT);
    apisec_op_free(leader);
    assert_int_equal(apisec_op_next(first, START + 20), APISEC_OP_HTTP);
    assert_int_equal(apisec_op_next(second, START + 20), APISEC_OP_WAIT);
    script_answer_one(&script, first);
    assert_int_equal(apisec_op_next(first, START + 30), APISEC_OP_DONE);
    assert_int_equal(apisec_op_next(second, START + 40), APISEC_OP_DONE);
    assert_int_equal(finish(first), APISEC_OK);
    assert_int_equal(finish(second), APISEC_OK);
    script_end(&script);
    apisec_verifier_free(verifier);
}

static void test_a_failed_fetch_fails_the_followers_too(void **state)
{
    (void)state;
    apisec_verifier *verifier = make(NULL, JWKS_URL);
    apisec_op *leader = start(verifier, token), *follower = start(verifier, token);
    assert_int_equal(apisec_op_next(leader, START), APISEC_OP_HTTP);
    assert_int_equal(apisec_op_next(follower, START), APISEC_OP_WAIT);
    assert_int_equal(apisec_op_next(leader, START + OP_TIMEOUT_MS), APISEC_OP_DONE); /* no answer in time */
    assert_int_equal(apisec_op_next(follower, START + OP_TIMEOUT_MS), APISEC_OP_DONE);
    assert_int_equal(finish(leader), APISEC_E_KEYS_UNAVAILABLE);
    assert_int_equal(finish(follower), APISEC_E_KEYS_UNAVAILABLE);
    apisec_op *later = start(verifier, token);
    assert_int_equal(apisec_op_next(later, START + OP_TIMEOUT_MS + 1000), APISEC_OP_HTTP);
    apisec_op_free(later);
    apisec_verifier_free(verifier);
}

static void test_rotation(void **state)
{
    (void)state;
    struct script script;
    const apisec_signer *next = forge_signer("ES256", 1);
    char *both = forge_jwks((const apisec_signer *[]){signer, next, NULL});
    char *new_token = forge_token(FORGE_SAME, FORGE_SAME, next);
    char *unknown = forge_token(FORGE_SAME, (const struct forge_change[]){{"kid", "\"no such\""}, {NULL, NULL}}, signer);
    const struct script_answer answers[] = {good, {.url = JWKS_URL, .status = 200, .headers = JSON, .body = both}};
    script_init(&script, answers, 2);
    apisec_verifier *verifier = make(NULL, JWKS_URL);
    int64_t now_ms = START;
    const struct {
        const char *token;
        int64_t later_ms;
        apisec_status expected;
        size_t num_requests;
    } steps[] = {
        {token, 0, APISEC_OK, 1},
        {new_token, 1000, APISEC_E_KEY_UNKNOWN, 1}, /* the set is too young to be asked for again */
        {new_token, 30000, APISEC_OK, 2},
        {token, 0, APISEC_OK, 2},
        {unknown, 0, APISEC_E_KEY_UNKNOWN, 2},
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        now_ms += steps[i].later_ms;
        apisec_op *op = start(verifier, steps[i].token);
        script_run(&script, op, &now_ms);
        assert_int_equal(finish(op), steps[i].expected);
        assert_int_equal(script.num_requests, steps[i].num_requests);
    }
    script_end(&script);
    apisec_verifier_free(verifier);
    free(unknown);
    free(new_token);
    free(both);
}

static void test_the_old_set_serves_while_the_server_is_down(void **state)
{
    (void)state;
    struct script script;
    const struct script_answer answers[] = {good,
                                            {.url = JWKS_URL, .status = 503, .headers = JSON, .body = "{}"},
                                            {.url = JWKS_URL, .transport = APISEC_E_UNREACHABLE}};
    script_init(&script, answers, 3);
    apisec_verifier *verifier = make(NULL, JWKS_URL);
    const struct {
        int64_t at_ms;
        apisec_status expected;
    } steps[] = {
        {0, APISEC_OK}, {480000, APISEC_OK}, {480999, APISEC_OK}, {3600001, APISEC_E_KEYS_UNAVAILABLE}};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        int64_t now_ms = START + steps[i].at_ms;
        apisec_op *op = start(verifier, token);
        script_run(&script, op, &now_ms);
        assert_int_equal(finish(op), steps[i].expected);
    }
    script_end(&script);
    apisec_verifier_free(verifier);
}

static void test_no_transport(void **state)
{
    (void)state;
    apisec_error err;
    apisec_token *verified = NULL;
    apisec_verifier *verifier = make(NULL, JWKS_URL);
    assert_int_equal(apisec_verify(verifier, token, strlen(token), FORGE_NOW, &verified, &err), APISEC_E_NO_TRANSPORT);
    /* nor does it wait for a fetch that is another operation's: that may be driven by this very thread */
    apisec_op *leader = start(verifier, token);
    assert_int_equal(apisec_op_next(leader, clock_now_ms()), APISEC_OP_HTTP);
    const int64_t began_us = clock_elapsed_us();
    assert_int_equal(apisec_verify(verifier, token, strlen(token), FORGE_NOW, &verified, &err), APISEC_E_NO_TRANSPORT);
    assert_true(clock_elapsed_us() - began_us < 5000000);
    apisec_op_free(leader);
    apisec_op *op = start(verifier, token);
    assert_int_equal(apisec_op_run(op, NULL), APISEC_OK);
    assert_int_equal(finish(op), APISEC_E_NO_TRANSPORT);
    /* keys that the caller's own loop has fetched are used by blocking calls as well */
    struct script script;
    int64_t now_ms = clock_now_ms();
    script_init(&script, &good, 1);
    op = start(verifier, token);
    script_run(&script, op, &now_ms);
    assert_int_equal(finish(op), APISEC_OK);
    script_end(&script);
    assert_int_equal(apisec_verify(verifier, token, strlen(token), FORGE_NOW, &verified, &err), APISEC_OK);
    apisec_token_free(verified);
    apisec_verifier_free(verifier);
}

/* ---- threads ---- */

struct crowd {
    apisec_verifier *verifier;
    apisec_status statuses[16];
};

struct one_of_many {
    struct crowd *crowd;
    size_t number;
};

static void *verify_one(void *argument)
{
    const struct one_of_many *me = argument;
    apisec_token *verified = NULL;
    me->crowd->statuses[me->number] =
        apisec_verify(me->crowd->verifier, token, strlen(token), FORGE_NOW, &verified, NULL);
    apisec_token_free(verified);
    return NULL;
}

/* slow_perform is a transport that takes a while, so that all threads meet at the fetch. */
static size_t num_slow_requests;
static apisec_status slow_perform(apisec_http *http, apisec_op *op)
{
    struct script *script = http->context;
    clock_sleep_ms(100);
    pthread_mutex_lock(&script->lock);
    num_slow_requests++;
    pthread_mutex_unlock(&script->lock);
    return script->http.perform(&script->http, op);
}

static void test_many_threads_and_one_fetch(void **state)
{
    (void)state;
    struct script script;
    script_init(&script, &good, 1);
    apisec_http slow = {.context = &script, .perform = slow_perform};
    struct crowd crowd = {.verifier = make(&slow, JWKS_URL)};
    struct one_of_many members[16];
    pthread_t threads[16];
    for (size_t i = 0; i < 16; i++) {
        members[i] = (struct one_of_many){&crowd, i};
        assert_int_equal(pthread_create(&threads[i], NULL, verify_one, &members[i]), 0);
    }
    for (size_t i = 0; i < 16; i++) pthread_join(threads[i], NULL);
    for (size_t i = 0; i < 16; i++) assert_int_equal(crowd.statuses[i], APISEC_OK);
    assert_int_equal(num_slow_requests, 1);
    apisec_verifier_free(crowd.verifier);
    script_end(&script);
}

static int begin(void **state)
{
    (void)state;
    signer = forge_signer("ES256", 0);
    set = forge_jwks((const apisec_signer *[]){signer, NULL});
    token = forge_token(FORGE_SAME, FORGE_SAME, signer);
    good = (struct script_answer){.url = JWKS_URL, .status = 200, .headers = JSON, .body = set};
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(token);
    free(set);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new),
        cmocka_unit_test(test_one_broken_issuer_breaks_the_verifier),
        cmocka_unit_test(test_realm_and_metadata_are_kept),
        cmocka_unit_test(test_verify),
        cmocka_unit_test(test_verify_refuses),
        cmocka_unit_test(test_no_claim_of_a_refused_token_is_told),
        cmocka_unit_test(test_operation),
        cmocka_unit_test(test_operation_misused),
        cmocka_unit_test(test_leader_and_followers),
        cmocka_unit_test(test_a_freed_leader_is_succeeded),
        cmocka_unit_test(test_a_failed_fetch_fails_the_followers_too),
        cmocka_unit_test(test_rotation),
        cmocka_unit_test(test_the_old_set_serves_while_the_server_is_down),
        cmocka_unit_test(test_no_transport),
        cmocka_unit_test(test_many_threads_and_one_fetch),
    };
    return cmocka_run_group_tests_name("verifier", tests, begin, end);
}
