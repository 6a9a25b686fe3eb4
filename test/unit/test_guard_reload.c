/* SPDX-License-Identifier: Apache-2.0
 *
 * test_guard_reload.c: another document put in force: at once for the calls that begin, never for those under way; a bad one
 * changes nothing; and nothing is open again that was closed.
 */
#include "support/unit.h"
#include "guard/guard.h"
#include "support/bound.h"
#include "support/script.h"
#include "support/sentry.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JWKS_URI FORGE_ISSUER "/jwks"
#define JSON     "Content-Type: application/json\n"
#define UNTIL    (INT64_C(1) << 40)

#define DPOP ",'origins':['https://api.example'],'dpop':{}"
static const char reading[] = "{'trust':{'issuers':[{" SENTRY_ISSUER "," SENTRY_KEYS "}]" DPOP
                              "},'rules':[{'id':'read','path':'/**','methods':['GET'],'require':{}}]}";
static const char closed[] =
    "{'trust':{'issuers':[{" SENTRY_ISSUER "," SENTRY_KEYS "}]" DPOP "},'rules':[{'id':'closed','path':'/**','deny':true}]}";
static const char fetching[] = "{'trust':{'issuers':[{" SENTRY_ISSUER ",'algorithms':['ES256'],'jwks_uri':'" JWKS_URI "'}]},"
                               "'rules':[{'id':'read','path':'/**','require':{}}]}";
static const char fetching_closed[] = "{'trust':{'issuers':[{" SENTRY_ISSUER ",'algorithms':['ES256'],'jwks_uri':'" JWKS_URI "'}]},"
                                      "'rules':[{'id':'closed','path':'/**','deny':true}]}";

static char *token;

static apisec_status get(struct sentry *sentry)
{
    return sentry_check(sentry, sentry_call("GET", "/x", token), NULL);
}

static void test_another_document(void **state)
{
    (void)state;
    struct sentry sentry;
    apisec_error err;
    char first[100], second[100];
    sentry_begin(&sentry, reading, NULL);
    assert_int_equal(get(&sentry), APISEC_OK);
    assert_int_equal(sentry_reload(&sentry, closed, &err), APISEC_OK);
    assert_int_equal(get(&sentry), APISEC_E_DENIED);
    assert_int_equal(sentry_reload(&sentry, reading, &err), APISEC_OK);
    assert_int_equal(get(&sentry), APISEC_OK);
    snprintf(first, sizeof first, "%s", line_value(sentry_line(&sentry, 0), "policy.version"));
    snprintf(second, sizeof second, "%s", line_value(sentry_line(&sentry, 1), "policy.version"));
    assert_int_equal(strlen(first), 45);
    assert_string_not_equal(first, second);
    assert_string_equal(line_value(sentry_line(&sentry, 2), "policy.version"), first);
    sentry_end(&sentry);
}

static void test_a_bad_document(void **state)
{
    (void)state;
    static const struct {
        const char *quoted;
        apisec_status status;
        const char *sentence;
    } rows[] = {
        {"", APISEC_E_MALFORMED, NULL},
        {"{'trust':1,'trust':2}", APISEC_E_MALFORMED, NULL},
        {"{}", APISEC_E_CONFIG, "trust: missing"},
        {"{" SENTRY_TRUST ",'rules':[{'id':'a','path':'/**','public':'yes'}]}", APISEC_E_CONFIG,
         "rules[0].public: true or false is wanted, not a string"},
        {"{" SENTRY_TRUST "," SENTRY_RULES ",'audit':'none'}", APISEC_E_CONFIG, "audit: the service brings its own audit log"},
        {"{" SENTRY_TRUST "," SENTRY_RULES ",'exchange':{'x':{}}}", APISEC_E_CONFIG, "exchange.x.endpoint: missing"},
    };
    struct sentry sentry;
    sentry_begin(&sentry, reading, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_error err;
        assert_int_equal(sentry_reload(&sentry, rows[i].quoted, &err), rows[i].status);
        assert_int_equal(err.status, rows[i].status);
        if (rows[i].sentence != NULL) assert_string_equal(err.text, rows[i].sentence);
        assert_int_equal(get(&sentry), APISEC_OK);
    }
    sentry_end(&sentry);
}

/* The log that was opened stays open: a document that wants another one is refused. */
static void test_the_audit_stays(void **state)
{
    (void)state;
    static const struct {
        const char *audit;
        apisec_status status;
    } rows[] = {
        {"{'file':'/dev/null'}", APISEC_OK},
        {"{'file':'/dev/null','record_claims':['x']}", APISEC_OK},
        {"{'file':'/dev/null','level':'written','on_failure':'strict'}", APISEC_OK},
        {"{'file':'/dev/null','on_failure':'lenient'}", APISEC_E_CONFIG},
        {"{'file':'/dev/null','level':'synced'}", APISEC_E_CONFIG},
        {"{'file':'/dev/zero'}", APISEC_E_CONFIG},
        {"'none'", APISEC_E_CONFIG},
    };
    apisec_guard *guard;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char quoted[1000];
        apisec_error err;
        snprintf(quoted, sizeof quoted, "{" SENTRY_TRUST "," SENTRY_RULES ",'audit':%s}", rows[i].audit);
        char *const json = sentry_json(quoted);
        if (i == 0) assert_int_equal(apisec_guard_new(json, strlen(json), &guard, NULL), APISEC_OK);
        assert_int_equal(apisec_guard_reload(guard, json, strlen(json), &err), rows[i].status);
        if (rows[i].status != APISEC_OK)
            assert_string_equal(err.text, "audit: not what it was: the log stays open as it is until the guard is freed");
        free(json);
    }
    apisec_guard_free(guard);
}

/* ---- calls under way ---- */

static void test_a_call_under_way(void **state)
{
    (void)state;
    char *const set = forge_jwks((const apisec_signer *[]){forge_signer("ES256", 0), NULL});
    const struct script_answer answers[] = {{.url = JWKS_URI, .status = 200, .headers = JSON, .body = set}};
    struct script script;
    struct sentry sentry;
    apisec_op *op;
    apisec_decision *decision;
    const int64_t now_ms = clock_now_ms();
    script_init(&script, answers, 1);
    sentry_begin(&sentry, fetching, NULL);
    apisec_call *call = sentry_call("GET", "/x", token);
    assert_int_equal(apisec_guard_start(sentry.guard, call, &op, NULL), APISEC_OK);
    assert_int_equal(apisec_op_next(op, now_ms), APISEC_OP_HTTP);
    assert_int_equal(sentry_reload(&sentry, fetching_closed, NULL), APISEC_OK);
    assert_int_equal(sentry_reload(&sentry, fetching_closed, NULL), APISEC_OK);
    assert_int_equal(get(&sentry), APISEC_E_DENIED);
    script_answer_one(&script, op);
    assert_int_equal(apisec_op_next(op, now_ms), APISEC_OP_DONE);
    assert_int_equal(apisec_guard_finish(op, &decision, NULL), APISEC_OK); /* by the document it began with */
    apisec_decision_free(decision);
    apisec_op_free(op);
    apisec_call_free(call);
    /* what it fetched serves the documents after it too */
    assert_int_equal(sentry_reload(&sentry, fetching, NULL), APISEC_OK);
    assert_int_equal(get(&sentry), APISEC_OK);
    sentry_end(&sentry);
    script_end(&script);
    free(set);
}

/* ---- what is left behind ---- */

static size_t num_slots(const struct sentry *sentry, size_t *num_editions)
{
    size_t num = 0;
    *num_editions = 0;
    for (const struct slot *at = sentry->guard->editions.all; at != NULL; at = at->next, num++)
        *num_editions += at->edition != NULL;
    return num;
}

/* What was in force is given back at once when nobody uses it, and the places are used again. */
static void test_nothing_piles_up(void **state)
{
    (void)state;
    struct sentry sentry;
    sentry_begin(&sentry, reading, NULL);
    for (int i = 0; i < 8; i++) {
        size_t num_editions;
        assert_int_equal(get(&sentry), APISEC_OK);
        assert_int_equal(sentry_reload(&sentry, reading, NULL), APISEC_OK);
        assert_int_equal(num_slots(&sentry, &num_editions), 2);
        assert_int_equal(num_editions, 1);
        assert_int_equal(sentry_reload(&sentry, "{}", NULL), APISEC_E_CONFIG);
        const struct edition *const current = atomic_load(&sentry.guard->editions.current)->edition;
        assert_int_equal(current->references, 1); /* the guard's own: each call has given back what it took */
    }
    sentry_end(&sentry);
}

/* Whoever has counted itself in at a place, and has taken no reference yet, keeps what is there, and the place. */
static void test_a_reader_at_a_place(void **state)
{
    (void)state;
    struct sentry sentry;
    size_t num_editions;
    sentry_begin(&sentry, reading, NULL);
    struct slot *const first = atomic_load(&sentry.guard->editions.current);
    const struct edition *const edition = first->edition;
    atomic_fetch_add(&first->readers, 1);
    for (int i = 0; i < 3; i++) assert_int_equal(sentry_reload(&sentry, closed, NULL), APISEC_OK);
    assert_ptr_equal(first->edition, edition);
    assert_int_equal(num_slots(&sentry, &num_editions), 3);
    assert_int_equal(num_editions, 2);
    atomic_fetch_sub(&first->readers, 1);
    assert_int_equal(sentry_reload(&sentry, closed, NULL), APISEC_OK);
    assert_int_equal(num_slots(&sentry, &num_editions), 3);
    assert_int_equal(num_editions, 1);
    /* and one who has come too late finds nothing there, but nobody puts another document there meanwhile */
    for (struct slot *at = sentry.guard->editions.all; at != NULL; at = at->next)
        if (at->edition == NULL) atomic_fetch_add(&at->readers, 1);
    assert_int_equal(sentry_reload(&sentry, reading, NULL), APISEC_OK);
    assert_int_equal(num_slots(&sentry, &num_editions), 4);
    assert_int_equal(get(&sentry), APISEC_OK);
    sentry_end(&sentry);
}

/* ---- what was closed ---- */

static void test_denials_stay(void **state)
{
    (void)state;
    struct sentry sentry;
    sentry_begin(&sentry, reading, NULL);
    apisec_verifier *before = apisec_guard_verifier(sentry.guard);
    assert_int_equal(sentry_reload(&sentry, reading, NULL), APISEC_OK);
    assert_int_equal(get(&sentry), APISEC_OK);
    /* said of a verifier that is out of force by now, all the same */
    assert_int_equal(apisec_verifier_deny_principal(before, FORGE_ISSUER "|alice", FORGE_NOW, UNTIL, NULL), APISEC_OK);
    assert_int_equal(get(&sentry), APISEC_E_REVOKED);
    apisec_verifier_free(before);
    for (int i = 0; i < 3; i++) assert_int_equal(sentry_reload(&sentry, reading, NULL), APISEC_OK);
    assert_int_equal(get(&sentry), APISEC_E_REVOKED);
    sentry_end(&sentry);
}

static apisec_status send(struct sentry *sentry, const char *bound, const char *proof)
{
    const struct bound_request request = {.token = bound, .proofs = {proof, NULL}};
    return sentry_check(sentry, bound_call(&request), NULL);
}

static void test_proofs_stay(void **state)
{
    (void)state;
    struct sentry sentry;
    const apisec_signer *key = forge_signer("ES256", 5);
    char *const bound = bound_to_key(key), *const proof = proof_forge(key, bound, FORGE_SAME, FORGE_SAME);
    sentry_begin(&sentry, reading, NULL);
    assert_int_equal(send(&sentry, bound, proof), APISEC_OK);
    assert_int_equal(sentry_reload(&sentry, "{" SENTRY_TRUST "," SENTRY_RULES "}", NULL), APISEC_OK); /* without DPoP */
    assert_int_equal(sentry_reload(&sentry, reading, NULL), APISEC_OK);
    assert_int_equal(send(&sentry, bound, proof), APISEC_E_REPLAY);
    sentry_end(&sentry);
    free(proof);
    free(bound);
}

/* Who has used a limit up has used it up, unless it is another limit now. */
static void test_buckets_stay(void **state)
{
    (void)state;
#define LIMITED(requests)                                                                                                          \
    "{" SENTRY_TRUST ",'rules':[{'id':'read','path':'/**','require':{},'limits':['per']}],"                                        \
    "'limits':{'per':{'by':'address','requests':" requests ",'seconds':100000,'max_keys':16}}}"
    struct sentry sentry;
    apisec_limiter *limiter = NULL;
    const bool has_limits = apisec_limiter_new(1, 1, 1, 1, &limiter, NULL) == APISEC_OK;
    apisec_limiter_free(limiter);
    if (!has_limits) skip();
    sentry_begin(&sentry, LIMITED("1"), NULL);
    assert_int_equal(get(&sentry), APISEC_OK);
    assert_int_equal(get(&sentry), APISEC_E_RATE);
    assert_int_equal(sentry_reload(&sentry, LIMITED("1"), NULL), APISEC_OK);
    assert_int_equal(get(&sentry), APISEC_E_RATE);
    assert_int_equal(sentry_reload(&sentry, LIMITED("2"), NULL), APISEC_OK);
    assert_int_equal(get(&sentry), APISEC_OK);
    sentry_end(&sentry);
}

/* A token that was verified and kept is judged by the new document all the same. */
static void test_kept_tokens_do_not_stay(void **state)
{
    (void)state;
    struct sentry sentry;
    sentry_begin(&sentry, reading, NULL);
    assert_int_equal(get(&sentry), APISEC_OK);
    assert_int_equal(get(&sentry), APISEC_OK);
    assert_int_equal(sentry_reload(&sentry,
                                   "{'trust':{'issuers':[{'issuer':'https://id.example','audiences':['billing']," SENTRY_KEYS
                                   "}]}," SENTRY_RULES "}",
                                   NULL),
                     APISEC_OK);
    assert_int_equal(get(&sentry), APISEC_E_AUDIENCE);
    sentry_end(&sentry);
}

/* ---- threads ---- */

enum { THREADS = 4, RELOADS = 40, MAX_RELOADS = 100000 };
struct crowd {
    struct sentry sentry;
    atomic_bool over;
    atomic_uint allowed, denied, others;
};

static void *check_all_the_time(void *context)
{
    struct crowd *const crowd = context;
    do {
        const apisec_status status = get(&crowd->sentry);
        atomic_fetch_add(status == APISEC_OK ? &crowd->allowed : status == APISEC_E_DENIED ? &crowd->denied : &crowd->others, 1);
    } while (!atomic_load(&crowd->over));
    return NULL;
}

/* It goes on until both documents were met by somebody: which threads run is not said by anybody. */
static void *reload_all_the_time(void *context)
{
    struct crowd *const crowd = context;
    for (int i = 0; i < MAX_RELOADS; i++) {
        if (i >= RELOADS && atomic_load(&crowd->allowed) > 0 && atomic_load(&crowd->denied) > 0) break;
        const apisec_status good = sentry_reload(&crowd->sentry, i % 2 == 0 ? closed : reading, NULL);
        const apisec_status bad = sentry_reload(&crowd->sentry, "{}", NULL);
        if (good != APISEC_OK || bad != APISEC_E_CONFIG) atomic_fetch_add(&crowd->others, 1);
    }
    return NULL;
}

/* Whoever checks gets the one document's verdict or the other's, and one record each time. */
static void test_threads(void **state)
{
    (void)state;
    static struct crowd crowd;
    pthread_t checking[THREADS], reloading[2];
    sentry_begin(&crowd.sentry, reading, NULL);
    for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&checking[i], NULL, check_all_the_time, &crowd), 0);
    for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&reloading[i], NULL, reload_all_the_time, &crowd), 0);
    for (int i = 0; i < 2; i++) pthread_join(reloading[i], NULL);
    atomic_store(&crowd.over, true);
    for (int i = 0; i < THREADS; i++) pthread_join(checking[i], NULL);
    assert_int_equal(crowd.others, 0);
    assert_true(crowd.allowed > 0);
    assert_true(crowd.denied > 0);
    assert_int_equal(sentry_num_lines(&crowd.sentry), crowd.allowed + crowd.denied);
    sentry_end(&crowd.sentry);
}

static int begin(void **state)
{
    (void)state;
    token = bound_token(NULL);
    free(forge_token(FORGE_SAME, FORGE_SAME, forge_signer("ES256", 0)));
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(token);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_another_document), cmocka_unit_test(test_a_bad_document),
        cmocka_unit_test(test_the_audit_stays),  cmocka_unit_test(test_a_call_under_way),
        cmocka_unit_test(test_denials_stay),     cmocka_unit_test(test_proofs_stay),
        cmocka_unit_test(test_buckets_stay),     cmocka_unit_test(test_kept_tokens_do_not_stay),
        cmocka_unit_test(test_nothing_piles_up), cmocka_unit_test(test_a_reader_at_a_place),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests_name("guard_reload", tests, begin, end);
}
