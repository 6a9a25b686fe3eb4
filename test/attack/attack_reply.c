/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_reply.c: what users without the right to a resource are told, for each kind of requirement: the whole reply, byte for
 * byte, beside the request that differs in one thing and is let in.
 */
#include "support/unit.h"
#include "access/rules.h"
#include "support/proofs.h"
#include "support/service.h"

#include <stdlib.h>
#include <string.h>

static struct service service;
static apisec_rules *rules;

static const char document[] =
    "{\"rules\":[{\"id\":\"own\",\"path\":\"/orders/{order}\",\"require\":{\"scopes\":[\"orders:read\",\"x\"],"
    "\"claims\":[{\"claim\":\"order\",\"equals_parameter\":\"order\"}]}},"
    "{\"id\":\"strong\",\"path\":\"/orders\",\"require\":{\"acr\":[\"gold\",\"platinum\"],\"max_age\":60}},"
    "{\"id\":\"this-second\",\"path\":\"/this-second\",\"require\":{\"max_age\":0}},"
    "{\"id\":\"young\",\"path\":\"/young\",\"require\":{\"max_token_age\":60}},"
    "{\"id\":\"bound\",\"path\":\"/bound\",\"require\":{\"bound\":true}},"
    "{\"id\":\"either\",\"path\":\"/either\",\"require\":{\"any_scope\":[\"a\",\"b\"]}},"
    "{\"id\":\"grouped\",\"path\":\"/grouped\",\"require\":{\"any_of\":[{\"scopes\":[\"a\",\"b\"]},{\"acr\":[\"gold\"]}]}},"
    "{\"id\":\"client\",\"path\":\"/client\",\"require\":{\"clients\":[\"web\"]}},"
    "{\"id\":\"actor\",\"path\":\"/actor\",\"require\":{\"actors\":[\"gw\"]}},"
    "{\"id\":\"clerk\",\"path\":\"/clerk\",\"require\":{\"scopes\":[\"a\"],\"roles\":[\"clerk\"]}},"
    "{\"id\":\"closed\",\"path\":\"/closed/**\",\"deny\":true}]}";

/* One header, byte for byte: what the client must do is in the challenge (RFC 6750 section 3, RFC 9470 section 3), and where
 * nothing but another user would do there is none. */
#define DESCRIBED(error, sentence) "Bearer error=\"" error "\", error_description=\"" sentence "\""
#define INVALID_TOKEN(sentence)    DESCRIBED("invalid_token", sentence)
#define STEP_UP                                                                                                                    \
    DESCRIBED("insufficient_user_authentication", "A stronger or more recent authentication is required")
#define LACKS_SCOPE DESCRIBED("insufficient_scope", "The request requires a scope that the access token does not have")

static void test_replies(void **state)
{
    (void)state;
    static const char certificate[] = "a certificate";
    char x5t[44];
    proof_hash(certificate, sizeof certificate - 1, x5t);
    char *const cnf = proof_cnf(NULL, x5t);
    const struct {
        const char *target;
        struct forge_change claims[3];
        apisec_status expected;
        int32_t http_status;
        const char *challenge, *why;
    } rows[] = {
        {"/orders/7", {{"order", "\"7\""}, {"scope", "\"x orders:read\""}}, APISEC_OK, 200, "", "the twin"},
        {"/orders/7", {{"order", "\"7\""}, {"scope", "\"x\""}}, APISEC_E_SCOPE, 403,
         LACKS_SCOPE ", scope=\"orders:read x\"", "one scope of two"},
        {"/either", {{"scope", "\"b\""}}, APISEC_OK, 200, "", "the twin"},
        {"/either", {{"scope", "\"c\""}}, APISEC_E_SCOPE, 403, LACKS_SCOPE ", scope=\"a b\"", "none of two scopes"},
        {"/grouped", {{"acr", "\"gold\""}}, APISEC_OK, 200, "", "the twin, by the second alternative"},
        {"/grouped", {{"scope", "\"a\""}}, APISEC_E_SCOPE, 403, LACKS_SCOPE ", scope=\"a b\"", "no alternative: the first one's"},
        {"/clerk", {{"scope", "\"a\""}, {"roles", "[\"clerk\"]"}}, APISEC_OK, 200, "", "the twin"},
        {"/clerk", {{"scope", "\"a\""}}, APISEC_E_ROLE, 403, "", "a role is not asked for in a challenge, and the scope is there"},
        {"/orders", {{"acr", "\"gold\""}, {"auth_time", "1749999940"}}, APISEC_OK, 200, "", "the twin"},
        {"/orders", {{"auth_time", "1749999940"}}, APISEC_E_STEP_UP, 401, STEP_UP ", acr_values=\"gold platinum\", max_age=\"60\"",
         "a weaker login"},
        {"/this-second", {{"auth_time", "1750000000"}}, APISEC_OK, 200, "", "the twin"},
        {"/this-second", {{"auth_time", "1749999999"}}, APISEC_E_STEP_UP, 401, STEP_UP ", max_age=\"0\"", "an older login"},
        {"/young", {{"iat", "1749999940"}}, APISEC_OK, 200, "", "the twin"},
        {"/young", {{"iat", "1749999939"}}, APISEC_E_LIFETIME, 401,
         INVALID_TOKEN("The access token is valid for too long, or too old"), "an older token"},
        {"/bound", {{"cnf", cnf}}, APISEC_OK, 200, "", "the twin: bound to the connection's certificate"},
        {"/bound", {{NULL, NULL}}, APISEC_E_BINDING, 401,
         INVALID_TOKEN("The access token must be bound to a key or certificate, and the request prove its possession"),
         "a bearer token"},
        {"/client", {{"client_id", "\"web\""}}, APISEC_OK, 200, "", "the twin"},
        {"/client", {{"client_id", "\"app\""}}, APISEC_E_CLIENT, 403, "", "another client"},
        {"/actor", {{"act", "{\"sub\":\"gw\"}"}}, APISEC_OK, 200, "", "the twin"},
        {"/actor", {{"act", "{\"sub\":\"x\"}"}}, APISEC_E_ACTOR, 403, "", "another actor"},
        {"/orders/8", {{"order", "\"7\""}, {"scope", "\"x orders:read\""}}, APISEC_E_CONDITION, 403, "", "another's order"},
        {"/closed/x", {{NULL, NULL}}, APISEC_E_DENIED, 403, "", "the rule denies"},
        {"/nowhere", {{NULL, NULL}}, APISEC_E_NO_RULE, 403, "", "no rule"},
        {"/orders//7", {{NULL, NULL}}, APISEC_E_REQUEST, 400,
         DESCRIBED("invalid_request", "The request, or how its access token is sent, is not acceptable"), "two slashes"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_call *call = service_call(service_token(&service, rows[i].claims));
        apisec_call_set_target(call, rows[i].target, strlen(rows[i].target));
        apisec_call_set_peer_certificate(call, (const unsigned char *)certificate, sizeof certificate - 1);
        apisec_decision *decision = service_judge(&service, rules, call);
        if (apisec_decision_commit(decision, NULL) != rows[i].expected)
            fail_msg("%s: %s", rows[i].why, apisec_decision_reason(decision));
        assert_int_equal(apisec_decision_http_status(decision), rows[i].http_status);
        const char *const challenge = apisec_decision_header_value(decision, 0);
        if (strcmp(challenge ? challenge : "", rows[i].challenge) != 0) fail_msg("%s: %s", rows[i].why, challenge);
        assert_int_equal(apisec_decision_num_headers(decision), rows[i].challenge[0] != '\0');
        apisec_decision_free(decision);
    }
    free(cnf);
}

static int begin(void **state)
{
    (void)state;
    service_begin(&service, APISEC_AUDIT_STRICT);
    return apisec_rules_new(document, sizeof document - 1, &rules, NULL);
}

static int end(void **state)
{
    (void)state;
    apisec_rules_free(rules);
    service_end(&service);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replies),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
