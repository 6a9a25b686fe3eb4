/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_memory.c: every allocation fails once, each in its own run: whoever can make a host run out of memory gets no further than
 * a refusal. Never a yes, never a token or a verifier that is not whole, never a verdict about the token that is not true, no leak.
 */
#define _GNU_SOURCE
#include "support/unit.h"
#include "support/failing.h"
#include "support/script.h"
#include "support/service.h"
#include "support/stand.h"
#include "support/stride.h"

#include <stdlib.h>
#include <string.h>

#define URL FORGE_ISSUER "/jwks"

static char *set, *token, *forged;
static size_t most; /* the number of allocations of the longest run */

/* A stretch of code that begins and ends with nothing allocated. It says what came of it. */
typedef apisec_status (*stretch)(void);

/* is_fault_of_ours: out of memory is never the caller's, the token's or a client's fault. */
static bool is_fault_of_ours(apisec_status status)
{
    return status / 100 == -5 || status == APISEC_E_KEYS_UNAVAILABLE;
}

static void fail_each(stretch run, apisec_status without_failure)
{
    if (!failing_works()) skip();
    assert_int_equal(run(), without_failure); /* once as it is: what a process allocates but once is there now */
    size_t nth = 1;
    for (;; nth += stride(1, 7)) {
        failing_begin(nth);
        const apisec_status status = run();
        const bool failed = failing_end();
        if (failing_kept != 0) fail_msg("allocation %zu: %ld leaked", nth, failing_kept);
        if (!failed) {
            assert_int_equal(status, without_failure);
            break;
        }
        if (status == without_failure) continue; /* it could do without, or had refused already */
        if (!is_fault_of_ours(status)) fail_msg("allocation %zu: %s", nth, apisec_status_name(status));
    }
    if (nth > most) most = nth;
    assert_true(nth > 10);
}

static apisec_verifier *make(const char *jwks_uri, apisec_http *http, apisec_status *status)
{
    apisec_verifier *verifier = (apisec_verifier *)&most;
    apisec_error err;
    apisec_trust *trust = apisec_trust_new();
    apisec_trust_set_realm(trust, "orders");
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, FORGE_ISSUER);
    apisec_issuer_add_audience(issuer, "billing");
    apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
    apisec_issuer_allow_algorithm(issuer, "RS256");
    apisec_issuer_allow_algorithm(issuer, "ES256");
    apisec_issuer_require_claim(issuer, "scope");
    if (jwks_uri == NULL) apisec_issuer_set_jwks(issuer, set, strlen(set));
    if (jwks_uri != NULL) apisec_issuer_set_jwks_uri(issuer, jwks_uri);
    *status = apisec_verifier_new(trust, http, &verifier, &err);
    apisec_trust_free(trust);
    if (err.status != *status || (verifier != NULL) != (*status == APISEC_OK)) fail_msg("%s", err.text);
    return verifier;
}

static apisec_status verify(apisec_verifier *verifier, const char *bytes)
{
    apisec_error err;
    apisec_token *verified = (apisec_token *)&most;
    const apisec_status status = apisec_verify(verifier, bytes, strlen(bytes), FORGE_NOW, &verified, &err);
    if (err.status != status || (verified != NULL) != (status == APISEC_OK)) fail_msg("%s", err.text);
    if (verified != NULL && strcmp(apisec_token_principal(verified), FORGE_ISSUER "|alice") != 0) fail_msg("not whole");
    if (verified != NULL && strlen(apisec_token_sha256(verified)) != 43) fail_msg("not whole");
    apisec_token_free(verified);
    return status;
}

static apisec_status make_and_verify_pinned(void)
{
    apisec_status status;
    apisec_verifier *verifier = make(NULL, NULL, &status);
    if (status == APISEC_OK) status = verify(verifier, token);
    apisec_verifier_free(verifier);
    return status;
}

static apisec_status make_and_refuse(void)
{
    apisec_status status;
    apisec_verifier *verifier = make(NULL, NULL, &status);
    if (status == APISEC_OK) status = verify(verifier, forged);
    apisec_verifier_free(verifier);
    return status;
}

static apisec_status fetch_and_verify(void)
{
    apisec_status status;
    struct script script;
    const struct script_answer answers[] = {
        {.url = URL, .status = 200, .headers = "Content-Type: application/json\n", .body = set}};
    script_init_routes(&script, answers, 1);
    apisec_verifier *verifier = make(URL, &script.http, &status);
    if (status == APISEC_OK) status = verify(verifier, token);
    apisec_verifier_free(verifier);
    script_end(&script);
    return status;
}

/* The whole life of a key set over a restart: fetched, reported, written, and taken back into a verifier that cannot fetch. */
static apisec_status keep_keys(void)
{
    apisec_status status;
    apisec_error err;
    char *report = NULL, *kept = NULL;
    struct script script;
    const struct script_answer answers[] = {
        {.url = URL, .status = 200, .headers = "Content-Type: application/json\nETag: \"v1\"\n", .body = set}};
    script_init_routes(&script, answers, 1);
    apisec_verifier *first = make(URL, &script.http, &status), *second = NULL;
    if (status == APISEC_OK) status = verify(first, token);
    if (status == APISEC_OK) status = apisec_verifier_health(first, &report, &err);
    if (status == APISEC_OK) status = apisec_verifier_export_keys(first, &kept, &err);
    if (status == APISEC_OK) second = make(URL, NULL, &status);
    if (status == APISEC_OK) status = apisec_verifier_import_keys(second, kept, strlen(kept), clock_now(), &err);
    if (status == APISEC_OK) status = verify(second, token);
    apisec_text_free(report);
    apisec_text_free(kept);
    apisec_verifier_free(second);
    apisec_verifier_free(first);
    script_end(&script);
    return status;
}

static apisec_status verify_as_operation(void)
{
    apisec_status status;
    apisec_op *op = (apisec_op *)&most;
    apisec_token *verified = NULL;
    apisec_verifier *verifier = make(NULL, NULL, &status);
    if (status == APISEC_OK) {
        status = apisec_verify_start(verifier, token, strlen(token), FORGE_NOW, &op, NULL);
        if ((op != NULL) != (status == APISEC_OK)) fail_msg("an operation and %s", apisec_status_name(status));
        if (status == APISEC_OK) {
            apisec_op_run(op, NULL);
            status = apisec_verify_finish(op, &verified, NULL);
            apisec_token_free(verified);
            apisec_op_free(op);
        }
    }
    apisec_verifier_free(verifier);
    return status;
}

/* A request from its first byte to the verdict: without memory for a record, for a decision even, it is a denial. */
static size_t num_lines;
static apisec_status count_line(void *context, const char *line, size_t len)
{
    (void)context;
    (void)line;
    num_lines += len > 0;
    return APISEC_OK;
}

static apisec_status decide(void)
{
    apisec_status status;
    apisec_audit *audit = NULL;
    const apisec_audit_sink sink = {NULL, count_line, NULL};
    apisec_verifier *verifier = make(NULL, NULL, &status);
    if (status == APISEC_OK) status = apisec_audit_open_callback(&sink, APISEC_AUDIT_STRICT, &audit, NULL);
    if (status == APISEC_OK) {
        apisec_decision *decision = NULL;
        apisec_call *call = apisec_call_new();
        char header[4096] = "Bearer ";
        memcpy(header + 7, token, strlen(token));
        apisec_call_set_method(call, "GET", 3);
        apisec_call_set_target(call, "/orders/7", 9);
        apisec_call_add_header(call, "Authorization", 13, header, 7 + strlen(token));
        apisec_call_set_time(call, FORGE_NOW);
        num_lines = 0;
        apisec_authenticate(verifier, audit, call, &decision, NULL);
        if (decision == NULL) fail_msg("no decision");
        apisec_decision_require_scope(decision, "orders:read");
        status = apisec_decision_commit(decision, NULL);
        if (status == APISEC_OK && num_lines != 1) fail_msg("allowed without a record");
        if ((apisec_decision_http_status(decision) == 200) != (status == APISEC_OK)) fail_msg("another HTTP status");
        if (strstr(apisec_decision_explanation(decision), status == APISEC_OK ? "\"allowed\"" : "\"denied\"") == NULL &&
            status != APISEC_OK) fail_msg("explained otherwise: %s", apisec_decision_explanation(decision));
        apisec_decision_free(decision);
        apisec_call_free(call);
    }
    apisec_audit_close(audit);
    apisec_verifier_free(verifier);
    return status;
}

static void test_verification(void **state)
{
    (void)state;
    fail_each(make_and_verify_pinned, APISEC_OK);
}

static void test_a_token_that_is_refused_anyway(void **state)
{
    (void)state;
    fail_each(make_and_refuse, APISEC_E_SIGNATURE);
}

static void test_fetching(void **state)
{
    (void)state;
    fail_each(fetch_and_verify, APISEC_OK);
}

static void test_key_sets_that_are_kept(void **state)
{
    (void)state;
    fail_each(keep_keys, APISEC_OK);
}

static void test_operations(void **state)
{
    (void)state;
    fail_each(verify_as_operation, APISEC_OK);
}

static void test_decisions(void **state)
{
    (void)state;
    fail_each(decide, APISEC_OK);
}

static int begin(void **state)
{
    (void)state;
    const apisec_signer *rsa = forge_signer("RS256", 0);
    char *claims = forge_claims(FORGE_SAME), *header = forge_header("RS256", apisec_signer_key_id(rsa), FORGE_SAME);
    set = forge_jwks((const apisec_signer *[]){rsa, forge_signer("ES256", 0), NULL});
    token = forge_jws(header, claims, rsa);
    forged = forge_jws(header, claims, forge_signer("RS256", 1));
    free(claims);
    free(header);
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(set);
    free(token);
    free(forged);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verification),
        cmocka_unit_test(test_a_token_that_is_refused_anyway),
        cmocka_unit_test(test_fetching),
        cmocka_unit_test(test_key_sets_that_are_kept),
        cmocka_unit_test(test_operations),
        cmocka_unit_test(test_decisions),
    };
    return cmocka_run_group_tests_name("attack_memory", tests, begin, end);
}
