/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_system.c: every system call fails once, each in its own run, and is interrupted once: a full disk, a lost connection, a
 * process without descriptors or randomness. What comes of it is what comes without, or an error; never a yes that is none, a
 * record that is missing, a crash, a hang, a descriptor or memory that is left behind. The tool: attack_system_tool.c. Each call:
 * with TEST_EVERY=1.
 */
#define _GNU_SOURCE
#include "support/unit.h"
#include "support/calls.h"
#include "support/far_server.h"
#include "support/logfile.h"
#include "support/stand.h"
#include "support/stride.h"

#include <apisec/apisec.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a stretch returns. */
enum { WHOLE, REFUSED, WRONG };

static struct far_server server;
static char *set, *token, *forged; /* pinned keys; tokens of FORGE_ISSUER */
static char *far_token, *far_forged; /* of the server */
static char *folder, *log_path;
static size_t descriptors; /* that a child has when it begins */

static int wrong(const char *what)
{
    fprintf(stderr, "%s\n", what);
    return WRONG;
}

/* over ends a stretch: nothing fails any more, all is freed, and all descriptors are closed again. */
static int over(int outcome)
{
    calls_over();
    return calls_descriptors() == descriptors ? outcome : wrong("a descriptor is left open");
}

static int count_descriptors(void *context)
{
    (void)context;
    calls_over();
    return (int)calls_descriptors();
}

/* fail_each: look (may be NULL) has a look at what a run has left behind; it is told whether that run was WHOLE. Those that are
 * interrupted lie between those that fail. The last run is one in which all is well. */
static void fail_each(int (*stretch)(void *), void (*look)(bool whole, size_t nth), size_t at_least, size_t usual)
{
    if (!calls_work()) skip();
    const size_t step = stride(1, usual);
    static const char *const names[] = {[CALLS_FAIL] = "failed", [CALLS_INTERRUPT] = "was interrupted"};
    for (int how = CALLS_FAIL; how <= CALLS_INTERRUPT; how++) {
        struct calls_result result;
        for (size_t nth = how == CALLS_FAIL ? 1 : 1 + step / 2;; nth += step) {
            calls_run(nth, (enum calls_how)how, stretch, NULL, &result);
            const bool reached = result.failed >= 0;
            if (result.status != WHOLE && (!reached || result.status != REFUSED))
                fail_msg("call %zu of %zu, system call %ld, %s: %d", nth, result.num, result.failed, names[how], result.status);
            if (look) look(result.status == WHOLE, nth);
            if (!reached) break;
        }
        if (result.num < at_least) fail_msg("only %zu calls", result.num);
    }
}

/* ---- decisions, and their records ---- */

static apisec_verifier *pinned_verifier(void)
{
    apisec_verifier *verifier = NULL;
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, FORGE_ISSUER);
    apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
    apisec_issuer_allow_algorithm(issuer, "ES256");
    apisec_issuer_set_jwks(issuer, set, strlen(set));
    (void)apisec_verifier_new(trust, NULL, &verifier, NULL);
    apisec_trust_free(trust);
    return verifier;
}

/* decide is one request, with whatever there is of verifier and log. */
static apisec_status decide(apisec_verifier *verifier, apisec_audit *audit, const char *bytes)
{
    char header[4096];
    apisec_decision *decision = NULL;
    apisec_call *call = apisec_call_new();
    const int len = snprintf(header, sizeof header, "Bearer %s", bytes);
    apisec_call_set_method(call, "GET", 3);
    apisec_call_set_target(call, "/orders/7", 9);
    apisec_call_add_header(call, "Authorization", 13, header, (size_t)len);
    apisec_call_set_time(call, FORGE_NOW);
    apisec_authenticate(verifier, audit, call, &decision, NULL);
    apisec_decision_require_scope(decision, "orders:read");
    const apisec_status status = apisec_decision_commit(decision, NULL);
    apisec_decision_free(decision);
    apisec_call_free(call);
    return status;
}

static int decide_and_record(int32_t level)
{
    apisec_audit *audit = NULL;
    apisec_verifier *verifier = pinned_verifier();
    int outcome = REFUSED;
    if (verifier && apisec_audit_open_file(log_path, level, APISEC_AUDIT_STRICT, &audit, NULL) == APISEC_OK) {
        const bool allowed = decide(verifier, audit, token) == APISEC_OK;
        if (decide(verifier, audit, forged) == APISEC_OK) outcome = wrong("a forged token is allowed");
        else if (apisec_audit_num_written(audit) + apisec_audit_num_lost(audit) != 2) outcome = wrong("a record is not counted");
        else if (allowed && apisec_audit_num_written(audit) < 1) outcome = wrong("allowed without a record");
        else if (allowed) outcome = WHOLE;
    }
    apisec_audit_close(audit);
    apisec_verifier_free(verifier);
    return over(outcome);
}

static int decide_written(void *context)
{
    (void)context;
    return decide_and_record(APISEC_AUDIT_WRITTEN);
}

static int decide_synced(void *context)
{
    (void)context;
    return decide_and_record(APISEC_AUDIT_SYNCED);
}

/* look_at_log: whatever has happened, the log is one that continues, holds the allow that was given, and is taken up again. */
static void look_at_log(bool whole, size_t nth)
{
    apisec_audit *audit = NULL;
    apisec_error err;
    apisec_event *event = apisec_event_new();
    apisec_event_set_text(event, "message", "afterwards", 10);
    if (apisec_audit_open_file(log_path, APISEC_AUDIT_WRITTEN, APISEC_AUDIT_STRICT, &audit, &err) != APISEC_OK ||
        apisec_audit_write(audit, event, &err) != APISEC_OK)
        fail_msg("call %zu: the log is not taken up again: %s", nth, err.text);
    apisec_event_free(event);
    apisec_audit_close(audit);

    char *const beside = folder_other(folder, "audit.jsonl"); /* where it went on after a disk's error */
    const char *const paths[] = {log_path, beside};
    size_t num_allowed = 0;
    for (size_t i = 0; i < 2 && paths[i]; i++) {
        if (file_chain(paths[i], NULL, &err) != APISEC_OK) fail_msg("call %zu: %s: %s", nth, paths[i], err.text);
        char *const text = file_read(paths[i], NULL);
        for (size_t n = 0; line_at(text, n).at; n++)
            num_allowed += strcmp(line_value(line_at(text, n), "status_code"), "\"APISEC_OK\"") == 0;
        free(text);
        (void)unlink(paths[i]);
    }
    free(beside);
    if (whole && num_allowed == 0) fail_msg("call %zu: an allow that is not in the log", nth);
}

/* ---- the network ---- */

static apisec_http *transport(void)
{
    apisec_http *http = NULL;
    apisec_http_options *options = apisec_http_options_new();
    apisec_http_options_set_ca_file(options, server.ca_file);
    apisec_http_options_allow_loopback(options);
    (void)apisec_http_new(options, &http, NULL);
    apisec_http_options_free(options);
    return http;
}

static apisec_verifier *discovering_verifier(apisec_http *http)
{
    apisec_verifier *verifier = NULL;
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, server.url);
    apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
    apisec_issuer_allow_algorithm(issuer, "ES256");
    apisec_issuer_discover(issuer);
    (void)apisec_verifier_new(trust, http, &verifier, NULL);
    apisec_trust_free(trust);
    return verifier;
}

static int discover_and_verify(void *context)
{
    (void)context;
    int outcome = REFUSED;
    apisec_token *verified = NULL, *none = NULL;
    apisec_http *http = transport();
    apisec_verifier *verifier = http ? discovering_verifier(http) : NULL;
    const bool good = apisec_verify(verifier, far_token, strlen(far_token), FORGE_NOW, &verified, NULL) == APISEC_OK;
    if (apisec_verify(verifier, far_forged, strlen(far_forged), FORGE_NOW, &none, NULL) == APISEC_OK || none != NULL)
        outcome = wrong("a forged token is verified");
    else if (good && strcmp(apisec_token_issuer(verified), server.url) != 0) outcome = wrong("a token that is not whole");
    else if (good) outcome = WHOLE;
    apisec_token_free(verified);
    apisec_verifier_free(verifier);
    apisec_http_free(http);
    return over(outcome);
}

static int exchange(void *context)
{
    (void)context;
    int outcome = REFUSED;
    char endpoint[96];
    size_t len = 0;
    apisec_issued *issued = NULL;
    apisec_http *http = transport();
    apisec_client *client = apisec_client_new(http);
    apisec_exchange *ask = apisec_exchange_new();
    snprintf(endpoint, sizeof endpoint, "%s/token", server.url);
    apisec_client_set_endpoint(client, endpoint);
    apisec_client_set_basic(client, "orders", "secret", 6);
    apisec_exchange_set_subject_unverified(ask, "opaque", 6, NULL);
    apisec_exchange_add_audience(ask, "ledger");
    apisec_exchange_set_scope(ask, "ledger:read");
    const apisec_status status = apisec_exchange_run(client, ask, &issued, NULL);
    if ((issued != NULL) != (status == APISEC_OK)) outcome = wrong("a token and an error");
    else if (issued && strcmp(apisec_issued_token(issued, &len), FAR_SERVER_TOKEN) != 0) outcome = wrong("another token");
    else if (issued) outcome = WHOLE;
    apisec_issued_free(issued);
    apisec_exchange_free(ask);
    apisec_client_free(client);
    apisec_http_free(http);
    return over(outcome);
}

/* ---- keys ---- */

/* A key of zeros, or the same again: what a generator makes that does without randomness. */
static bool is_weak(const apisec_signer *signer, const apisec_signer *other)
{
    static const char zeros[] = "AAAAAAAAAAAAAAAA";
    const char *key = apisec_signer_private_jwk(signer);
    return strstr(key, zeros) != NULL || strcmp(key, apisec_signer_private_jwk(other)) == 0;
}

static int make_two(const char *algorithm)
{
    int outcome = REFUSED;
    apisec_signer *one = NULL, *two = NULL;
    if (apisec_signer_generate(algorithm, &one, NULL) == APISEC_OK && apisec_signer_generate(algorithm, &two, NULL) == APISEC_OK)
        outcome = is_weak(one, two) || is_weak(two, one) ? wrong("a key that can be guessed") : WHOLE;
    apisec_signer_free(one);
    apisec_signer_free(two);
    return outcome;
}

static int make_keys(void *context)
{
    (void)context;
    int outcome = make_two("HS256");
    if (outcome == WHOLE) outcome = make_two("ES256");
    return over(outcome);
}

/* ---- the tests ---- */

static void test_decisions(void **state)
{
    (void)state;
    fail_each(decide_written, look_at_log, 5, 5);
}

static void test_decisions_that_are_synced(void **state)
{
    (void)state;
    fail_each(decide_synced, look_at_log, 8, 5);
}

static void test_discovery(void **state)
{
    (void)state;
    fail_each(discover_and_verify, NULL, 40, 37);
}

static void test_exchange(void **state)
{
    (void)state;
    fail_each(exchange, NULL, 40, 37);
}

static void test_keys(void **state)
{
    (void)state;
    fail_each(make_keys, NULL, 2, 1);
}

static int begin(void **state)
{
    (void)state;
    char issuer[80];
    struct calls_result result;
    const apisec_signer *ours = forge_signer("ES256", 0), *theirs = forge_signer("ES256", 1);
    set = forge_jwks((const apisec_signer *[]){ours, NULL});
    far_server_start(&server, set);
    snprintf(issuer, sizeof issuer, "\"%s\"", server.url);
    const struct forge_change far[] = {{"iss", issuer}, {NULL, NULL}}, same_key[] = {{"kid", NULL}, {NULL, NULL}};
    token = forge_token(FORGE_SAME, FORGE_SAME, ours);
    forged = forge_token(FORGE_SAME, same_key, theirs);
    far_token = forge_token(far, FORGE_SAME, ours);
    far_forged = forge_token(far, same_key, theirs);
    folder = folder_new();
    log_path = folder_path(folder, "audit.jsonl");
    if (!calls_work()) return 0;
    calls_run(0, CALLS_FAIL, count_descriptors, NULL, &result);
    descriptors = (size_t)result.status;
    return 0;
}

static int end(void **state)
{
    (void)state;
    far_server_stop(&server);
    free(set);
    free(token);
    free(forged);
    free(far_token);
    free(far_forged);
    free(log_path);
    folder_free(folder);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decisions), cmocka_unit_test(test_decisions_that_are_synced), cmocka_unit_test(test_discovery),
        cmocka_unit_test(test_exchange),  cmocka_unit_test(test_keys),
    };
    return cmocka_run_group_tests_name("attack_system", tests, begin, end);
}
