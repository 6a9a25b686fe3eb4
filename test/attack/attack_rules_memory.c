/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_rules_memory.c: rules are compiled and applied while every allocation fails once, each in its own run: never half a
 * document, never a yes that would have been a no, no leak.
 */
#define _GNU_SOURCE
#include "support/unit.h"
#include "support/failing.h"
#include "access/rules.h"
#include "support/certificate.h"
#include "support/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char document[] =
    "{\"role_claims\":[\"/a/b\"],\"networks\":{\"inside\":[\"192.0.2.0/24\"],\"proxies\":[\"10.0.0.0/24\"]},"
    "\"trusted_proxies\":[\"proxies\"],\"peers\":{\"gateway\":{\"uris\":[\"spiffe://m/gateway\"],\"dns\":[\"gw.example\"]}},"
    "\"services\":{\"header\":\"X-Service\",\"secrets\":{\"gateway\":"
    "\"$pbkdf2-sha256$i=10000$TqXuaP6gVYYQaJDe1XM4IA$xKq2QDyHsbSnBTMoCjdITXCHclRegptgRHTVr3zGepo\"}},"
    "\"policies\":{\"p\":{\"scopes\":[\"a\"]}},"
    "\"rules\":[{\"id\":\"x\",\"path\":\"/x/{y}\",\"methods\":[\"GET\"],\"require\":{\"policies\":[\"p\"],"
    "\"networks\":[\"inside\"],\"peers\":[\"gateway\"],\"services\":[\"gateway\"],\"any_of\":[{\"roles\":[\"r\"]},"
    "{\"claims\":[{\"claim\":\"k\",\"equals_parameter\":\"y\"}]}]},\"shadow\":{\"acr\":[\"gold\"],\"max_age\":60}},"
    "{\"id\":\"open\",\"path\":\"/open\",\"public\":true},{\"id\":\"rest\",\"path\":\"/**\",\"deny\":true}]}";

static struct service service;
static char token[4096]; /* the header */
static unsigned char *der;
static size_t der_len;
static const char *target;

static apisec_status run_once(void)
{
    apisec_rules *rules = (apisec_rules *)&target;
    apisec_error err;
    const apisec_status made = apisec_rules_new(document, sizeof document - 1, &rules, &err);
    if (err.status != made || (rules != NULL) != (made == APISEC_OK)) fail_msg("%s", err.text);
    if (made != APISEC_OK) return made;
    apisec_status status = APISEC_E_MEMORY;
    apisec_call *call = apisec_call_new();
    apisec_call_set_method(call, "GET", 3);
    apisec_call_set_time(call, FORGE_NOW);
    apisec_call_add_header(call, "Authorization", 13, token, strlen(token));
    apisec_call_set_target(call, target, strlen(target));
    apisec_call_set_peer_address(call, "10.0.0.1");
    apisec_call_add_header(call, "X-Forwarded-For", 15, "192.0.2.9", 9);
    apisec_call_add_header(call, "X-Service", 9, "Basic Z2F0ZXdheTpnYXRld2F5LXNlY3JldC0x", 38);
    apisec_call_set_peer_certificate(call, der, der_len);
    apisec_decision *decision = decision_new(service.verifier, NULL, call);
    if (decision != NULL) {
        decision_route(decision, rules);
        apisec_rules_free(rules); /* the decision has them, or has failed */
        rules = NULL;
        decision_admit(decision, call);
        if (decision_wants_user(decision)) decision_authenticate(decision, call);
        decision_judge(decision);
        status = apisec_decision_commit(decision, NULL);
        if ((apisec_decision_http_status(decision) == 200) != (status == APISEC_OK)) fail_msg("another HTTP status");
        (void)apisec_decision_explanation(decision);
        apisec_decision_free(decision);
    }
    apisec_rules_free(rules);
    apisec_call_free(call);
    return status;
}

static void fail_each(const char *path, apisec_status without_failure)
{
    if (!failing_works()) skip();
    target = path;
    assert_int_equal(run_once(), without_failure);
    size_t nth = 1;
    for (;; nth++) {
        failing_begin(nth);
        const apisec_status status = run_once();
        const bool failed = failing_end();
        if (failing_kept != 0) fail_msg("allocation %zu: %ld leaked", nth, failing_kept);
        if (!failed) {
            assert_int_equal(status, without_failure);
            break;
        }
        if (status != without_failure && status / 100 != -5) fail_msg("allocation %zu: %s", nth, apisec_status_name(status));
    }
    assert_true(nth > 30);
}

static void test_a_user(void **state)
{
    (void)state;
    fail_each("/x/7", APISEC_OK);
}

static void test_a_user_who_may_not(void **state)
{
    (void)state;
    fail_each("/x/8", APISEC_E_ROLE);
}

static void test_the_public(void **state)
{
    (void)state;
    fail_each("/open", APISEC_OK);
    fail_each("/closed", APISEC_E_DENIED);
}

static int begin(void **state)
{
    (void)state;
    static const struct certificate_name names[] = {CERTIFICATE_NAME('U', "spiffe://m/gateway"), CERTIFICATE_NAME('D', "x")};
    static const struct forge_change claims[] = {{"scope", "\"a\""}, {"k", "\"7\""}, {NULL, NULL}};
    service_begin(&service, APISEC_AUDIT_STRICT);
    snprintf(token, sizeof token, "Bearer %s", service_token(&service, claims));
    der = certificate_with(names, 2, 1, &der_len);
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(der);
    service_end(&service);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_user),
        cmocka_unit_test(test_a_user_who_may_not),
        cmocka_unit_test(test_the_public),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
