/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_guard.c: every allocation of a guard fails once, each in its own run: while it is made, while another document is put in
 * force, while a call is judged, and whatever else it is asked. Never a yes that is not true, never a yes without its record, never
 * half of another document, no leak.
 */
#define _GNU_SOURCE
#include "support/unit.h"
#include "support/failing.h"
#include "support/script.h"
#include "support/sentry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON  "Content-Type: application/json\n"
#define LOGIN "'authentication':{'method':'client_secret_basic','client_id':'orders','secret':'env:APISEC_TEST_SECRET'}"
#define TRUST                                                                                                                      \
    "'trust':{'realm':'orders','token_cache':{'max_tokens':8},'origins':['https://api.example'],"                                  \
    "'dpop':{'nonce_lifetime':60,'max_proofs':16},'issuers':[{" SENTRY_ISSUER                                                      \
    ",'algorithms':['HS256'],'jwks':'env:APISEC_TEST_HMAC'"                                                                        \
    "},{'issuer':'https://b.example','audiences':['orders'],'algorithms':['ES256'],'jwks_uri':'https://b.example/jwks',"           \
    "'introspection':{'endpoint':'https://b.example/i'," LOGIN "}}]}"
#define REST                                                                                                                       \
    ",'exchange':{'ledger':{'endpoint':'https://id.example/token'," LOGIN ",'audiences':['ledger'],'scope':'ledger:read',"         \
    "'actor':{'token':'env:APISEC_TEST_SECRET'}}},'audit':{'record_claims':['scope','/a/b']},"                                     \
    "'networks':{'office':['192.0.2.0/24']},'policies':{'clerk':{'scopes':['orders:read']}}"
#define READ                                                                                                                       \
    "{'id':'read','path':'/orders/{order}','require':{'policies':['clerk'],'networks':['office']},'shadow':{'roles':['x']}}"

static char *allowing, *denying, *good, *forged;
static size_t num_lines;
static apisec_guard *standing; /* one that was made while nothing failed */

typedef apisec_status (*stretch)(void);

static void fail_each(stretch run, apisec_status without_failure)
{
    if (!failing_works()) skip();
    assert_int_equal(run(), without_failure); /* once as it is: what a process allocates but once is there now */
    size_t nth = 1;
    for (;; nth++) {
        failing_begin(nth);
        const apisec_status status = run();
        const bool failed = failing_end();
        if (failing_kept != 0) fail_msg("allocation %zu: %ld leaked", nth, failing_kept);
        if (!failed) {
            assert_int_equal(status, without_failure);
            break;
        }
        if (status == without_failure) continue; /* it could do without, or had refused already */
        if (status / 100 != -5) fail_msg("allocation %zu: %s", nth, apisec_status_name(status));
    }
    assert_true(nth > 5);
}

static apisec_status count_line(void *context, const char *line, size_t len)
{
    static const char kind[] = "\"kind\":\"decision\"";
    (void)context;
    for (size_t at = 0; at + sizeof kind <= len; at++) num_lines += memcmp(line + at, kind, sizeof kind - 1) == 0;
    return APISEC_OK; /* and notices of what could not be written, in an earlier run */
}

static apisec_status never(apisec_http *http, apisec_op *op)
{
    (void)http;
    return apisec_op_answer_end(op, APISEC_E_UNREACHABLE);
}
static apisec_http nobody = {NULL, never, NULL};
static apisec_audit *audit;

/* ---- making one, and another document ---- */

static apisec_status make(void)
{
    apisec_guard *guard = (apisec_guard *)&guard;
    apisec_error err;
    const apisec_status status = apisec_guard_new_with(allowing, strlen(allowing), &nobody, audit, &guard, &err);
    if (err.status != status || (guard != NULL) != (status == APISEC_OK)) fail_msg("%s", err.text);
    apisec_guard_free(guard);
    return status;
}

static void test_making(void **state)
{
    (void)state;
    fail_each(make, APISEC_OK);
}

static apisec_status check(apisec_guard *guard, const char *token)
{
    apisec_decision *decision = NULL;
    apisec_call *call = sentry_call("GET", "/orders/7", token);
    num_lines = 0;
    const apisec_status status = apisec_guard_check(guard, call, &decision, NULL);
    apisec_call_free(call);
    if (decision == NULL || apisec_decision_status(decision) != status) fail_msg("no decision");
    if (status == APISEC_OK && num_lines != 1) fail_msg("allowed without a record");
    if ((apisec_decision_http_status(decision) == 200) != (status == APISEC_OK)) fail_msg("another reply");
    apisec_decision_free(decision);
    return status;
}

/* One document or the other, and never anything between: what the old one allows and the new one denies is what the status says. */
static apisec_status reload(void)
{
    apisec_status status = apisec_guard_reload(standing, denying, strlen(denying), NULL);
    const bool counts = failing_counts;
    failing_counts = false; /* to look is no part of it */
    const apisec_status verdict = check(standing, good);
    if (verdict != (status == APISEC_OK ? APISEC_E_DENIED : APISEC_OK)) fail_msg("%s", apisec_status_name(verdict));
    char *metrics = NULL;
    assert_int_equal(apisec_guard_metrics(standing, &metrics, NULL), APISEC_OK);
    if (strstr(metrics, "\napisec_denials 1\n") == NULL) fail_msg("who was denied is not so any more");
    apisec_text_free(metrics);
    failing_counts = counts;
    return status;
}

/* What a reload leaves behind stays allocated: only what becomes of it is looked at, not how much there is. */
static void test_reloading(void **state)
{
    (void)state;
    if (!failing_works()) skip();
    apisec_verifier *const verifier = apisec_guard_verifier(standing);
    const int64_t for_ever = INT64_C(1) << 40;
    assert_int_equal(apisec_verifier_deny_principal(verifier, FORGE_ISSUER "|mallory", FORGE_NOW, for_ever, NULL), APISEC_OK);
    apisec_verifier_free(verifier);
    for (size_t nth = 1;; nth++) {
        assert_int_equal(apisec_guard_reload(standing, allowing, strlen(allowing), NULL), APISEC_OK);
        failing_begin(nth);
        const apisec_status status = reload();
        if (!failing_end()) {
            assert_int_equal(status, APISEC_OK);
            break;
        }
        if (status != APISEC_OK && status / 100 != -5) fail_msg("allocation %zu: %s", nth, apisec_status_name(status));
    }
    assert_int_equal(apisec_guard_reload(standing, allowing, strlen(allowing), NULL), APISEC_OK);
}

/* ---- one call ---- */

static apisec_guard *fresh(void)
{
    apisec_guard *guard = NULL;
    assert_int_equal(apisec_guard_new_with(allowing, strlen(allowing), &nobody, audit, &guard, NULL), APISEC_OK);
    return guard;
}

static apisec_call *prepared;

static apisec_status judge(void)
{
    apisec_decision *decision = NULL;
    num_lines = 0;
    const apisec_status status = apisec_guard_check(standing, prepared, &decision, NULL);
    if (decision == NULL) fail_msg("no decision");
    if (status == APISEC_OK && num_lines != 1) fail_msg("allowed without a record");
    if ((apisec_decision_http_status(decision) == 200) != (status == APISEC_OK)) fail_msg("another reply");
    const bool says = strstr(apisec_decision_explanation(decision), "\"verdict\":\"allowed\"") != NULL;
    if (says && status != APISEC_OK) fail_msg("explained otherwise");
    apisec_decision_free(decision);
    return status;
}

/* Each time without the token cache's help, and then with it. */
static void judge_each(const char *token, apisec_status expected)
{
    prepared = sentry_call("GET", "/orders/7", token);
    fail_each(judge, expected);
    apisec_call_free(prepared);
}

static void test_judging(void **state)
{
    (void)state;
    if (!failing_works()) skip();
    judge_each(good, APISEC_OK);
    judge_each(forged, APISEC_E_SIGNATURE);
    judge_each(NULL, APISEC_E_NO_CREDENTIAL);
}

static apisec_status judge_as_operation(void)
{
    apisec_op *op = (apisec_op *)&num_lines;
    apisec_decision *decision = NULL;
    num_lines = 0;
    apisec_status status = apisec_guard_start(standing, prepared, &op, NULL);
    if ((op != NULL) != (status == APISEC_OK)) fail_msg("an operation and %s", apisec_status_name(status));
    if (op == NULL) return status;
    apisec_op_next(op, 1);
    status = apisec_guard_finish(op, &decision, NULL);
    if (decision == NULL) fail_msg("no decision");
    if (status == APISEC_OK && num_lines != 1) fail_msg("allowed without a record");
    apisec_decision_free(decision);
    apisec_op_free(op);
    return status;
}

static void test_judging_as_an_operation(void **state)
{
    (void)state;
    if (!failing_works()) skip();
    prepared = sentry_call("GET", "/orders/7", good);
    fail_each(judge_as_operation, APISEC_OK);
    apisec_call_free(prepared);
}

/* ---- and the rest ---- */

static apisec_decision *allowed;

static apisec_status start_exchange(void)
{
    apisec_op *op = NULL;
    const apisec_status status = apisec_guard_exchange_start(standing, allowed, prepared, "ledger", &op, NULL);
    if ((op != NULL) != (status == APISEC_OK)) fail_msg("an operation and %s", apisec_status_name(status));
    apisec_op_free(op);
    return status;
}

static void test_exchanging(void **state)
{
    (void)state;
    if (!failing_works()) skip();
    prepared = sentry_call("GET", "/orders/7", good);
    assert_int_equal(apisec_guard_check(standing, prepared, &allowed, NULL), APISEC_OK);
    fail_each(start_exchange, APISEC_OK);
    apisec_decision_free(allowed);
    apisec_call_free(prepared);
}

static apisec_status write_metrics(void)
{
    char *text = NULL;
    const apisec_status status = apisec_guard_metrics(standing, &text, NULL);
    if ((text != NULL) != (status == APISEC_OK)) fail_msg("a text and %s", apisec_status_name(status));
    apisec_text_free(text);
    return status;
}

static void test_metrics(void **state)
{
    (void)state;
    fail_each(write_metrics, APISEC_OK);
}

/* Findings are whole, or there are none. */
static char *found;

static apisec_status lint(void)
{
    char *text = NULL;
    const apisec_status status = apisec_guard_lint(allowing, strlen(allowing), &text, NULL);
    if ((text != NULL) != (status == APISEC_OK)) fail_msg("findings and %s", apisec_status_name(status));
    if (text != NULL && strcmp(text, found) != 0) fail_msg("other findings: %s", text);
    apisec_text_free(text);
    return status;
}

static void test_lint(void **state)
{
    (void)state;
    assert_int_equal(apisec_guard_lint(allowing, strlen(allowing), &found, NULL), APISEC_OK);
    fail_each(lint, APISEC_OK);
    apisec_text_free(found);
}

static int begin(void **state)
{
    (void)state;
    const apisec_audit_sink sink = {NULL, count_line, NULL};
    static const struct forge_change reads[] = {{"scope", "\"orders:read\""}, {NULL, NULL}};
    setenv("APISEC_TEST_SECRET", "s3cret", 1);
    char set[1024]; /* keys that need no long numbers: each run is one allocation of all, and these would be most of them */
    snprintf(set, sizeof set, "{\"keys\":[%s]}", apisec_signer_private_jwk(forge_signer("HS256", 0)));
    setenv("APISEC_TEST_HMAC", set, 1);
    allowing = sentry_json("{" TRUST ",'rules':[" READ "]" REST "}");
    denying = sentry_json("{" TRUST ",'rules':[{'id':'closed','path':'/**','deny':true}]" REST "}");
    good = forge_token(reads, FORGE_SAME, forge_signer("HS256", 0));
    forged = forge_token(reads, (const struct forge_change[]){{"kid", NULL}, {NULL, NULL}}, forge_signer("HS256", 1));
    assert_int_equal(apisec_audit_open_callback(&sink, APISEC_AUDIT_STRICT, &audit, NULL), APISEC_OK);
    standing = fresh();
    return 0;
}

static int end(void **state)
{
    (void)state;
    apisec_guard_free(standing);
    apisec_audit_close(audit);
    free(allowing);
    free(denying);
    free(good);
    free(forged);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_making),    cmocka_unit_test(test_judging),    cmocka_unit_test(test_judging_as_an_operation),
        cmocka_unit_test(test_reloading), cmocka_unit_test(test_exchanging), cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_lint),
    };
    return cmocka_run_group_tests_name("attack_guard", tests, begin, end);
}
