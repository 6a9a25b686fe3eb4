/* SPDX-License-Identifier: Apache-2.0
 *
 * test_authorize.c: rules applied to decisions: the verdict, the reason, the challenge, the explanation and the record are the
 * rule's.
 */
#include "support/unit.h"
#include "support/service.h"
#include "access/rules.h"

#include <stdio.h>
#include <stdlib.h>

static struct service service;
static apisec_rules *rules;

static const char document[] =
    "{\"rules\":[{\"id\":\"read\",\"path\":\"/orders/"
    "{order}\",\"methods\":[\"GET\"],\"require\":{\"scopes\":[\"orders:read\",\"x\"],"
    "\"claims\":[{\"claim\":\"order\",\"equals_parameter\":\"order\"}]}},"
    "{\"id\":\"strong\",\"path\":\"/orders\",\"require\":{\"acr\":[\"gold\",\"platinum\"],\"max_age\":60}},"
    "{\"id\":\"closed\",\"path\":\"/closed/**\",\"deny\":true}]}";

static apisec_decision *decide(const char *method, const char *target, const struct forge_change *claims)
{
    apisec_decision *decision = NULL;
    apisec_call *call = service_call(service_token(&service, claims));
    apisec_call_set_method(call, method, strlen(method));
    apisec_call_set_target(call, target, strlen(target));
    apisec_authenticate(service.verifier, service.audit, call, &decision, NULL);
    apisec_call_free(call);
    return decision;
}

struct row {
    const char *method, *target;
    struct forge_change claims[3];
    apisec_status expected;
    const char *reason, *rule; /* rule: NULL where none was found */
};

static void test_verdicts(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"GET", "/orders/7?page=2", {{"scope", "\"orders:read x\""}, {"order", "\"7\""}, {NULL, NULL}}, APISEC_OK, "", "read"},
        {"GET",
         "/orders/8",
         {{"scope", "\"orders:read x\""}, {"order", "\"7\""}, {NULL, NULL}},
         APISEC_E_CONDITION,
         "claim is not what the rule requires: order",
         "read"},
        {"GET",
         "/orders/7",
         {{"scope", "\"orders:read\""}, {"order", "\"7\""}, {NULL, NULL}},
         APISEC_E_SCOPE,
         "scopes is not what the rule requires: orders:read x",
         "read"},
        {"POST", "/orders/7", {{NULL, NULL}}, APISEC_E_NO_RULE, "no rule for this path permits the method", NULL},
        {"GET", "/other", {{NULL, NULL}}, APISEC_E_NO_RULE, "no rule permits this path", NULL},
        {"GET", "/orders/../orders/7", {{NULL, NULL}}, APISEC_E_REQUEST, "the path has a segment . or ..", NULL},
        {"GET", "/closed/x", {{NULL, NULL}}, APISEC_E_DENIED, "the rule denies", "closed"},
        {"GET",
         "/orders",
         {{"acr", "\"gold\""}, {"auth_time", FORGE_ISSUED}, {NULL, NULL}},
         APISEC_E_STEP_UP,
         "max_age is not what the rule requires: 60 s",
         "strong"},
        {"GET", "/orders", {{"acr", "\"gold\""}, {"auth_time", "1749999980"}, {NULL, NULL}}, APISEC_OK, "", "strong"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_decision *decision = decide(rows[i].method, rows[i].target, rows[i].claims);
        assert_int_equal(apisec_decision_apply_rules(decision, rules), rows[i].expected);
        assert_int_equal(apisec_decision_commit(decision, NULL), rows[i].expected);
        assert_string_equal(apisec_decision_reason(decision), rows[i].reason);
        const struct text line = service_line(&service, i);
        char expected[128];
        snprintf(expected, sizeof expected,
                 rows[i].rule ? "\"policy\":{\"uid\":\"%s\",\"version\":\"" : "\"policy\":{\"version\":\"", rows[i].rule);
        char *copy = text_copy(line);
        if (strstr(copy, expected) == NULL) fail_msg("%s is not in %s", expected, copy);
        assert_non_null(strstr(copy, rules_version(rules)));
        free(copy);
        apisec_decision_free(decision);
    }
}

/* RFC 9470 section 3, and RFC 6750 section 3 for scopes: what the client must do is in the challenge. */
static void test_challenges(void **state)
{
    (void)state;
    apisec_decision *decision = decide("GET", "/orders", FORGE_SAME);
    apisec_decision_apply_rules(decision, rules);
    apisec_decision_commit(decision, NULL);
    assert_int_equal(apisec_decision_http_status(decision), 401);
    assert_string_equal(apisec_decision_header_value(decision, 0),
                        "Bearer error=\"insufficient_user_authentication\", error_description=\"A stronger or more recent "
                        "authentication is required\", acr_values=\"gold platinum\", max_age=\"60\"");
    apisec_decision_free(decision);

    decision = decide("GET", "/orders/7", (const struct forge_change[]){{"order", "\"7\""}, {"scope", "\"x\""}, {NULL, NULL}});
    apisec_decision_apply_rules(decision, rules);
    apisec_decision_commit(decision, NULL);
    assert_int_equal(apisec_decision_http_status(decision), 403);
    assert_string_equal(apisec_decision_header_value(decision, 0),
                        "Bearer error=\"insufficient_scope\", error_description=\"The request requires a scope that the access "
                        "token does not have\", scope=\"orders:read x\"");
    apisec_decision_free(decision);
}

static void test_the_explanation_lists_every_check(void **state)
{
    (void)state;
    apisec_decision *decision =
        decide("GET", "/orders/8", (const struct forge_change[]){{"scope", "\"orders:read x\""}, {"order", "\"7\""}, {NULL, NULL}});
    apisec_decision_apply_rules(decision, rules);
    const char *explanation = apisec_decision_explanation(decision);
    assert_non_null(strstr(explanation, "{\"id\":\"rule\",\"verdict\":\"pass\",\"standard\":\"RFC 9110 section 15.5.4\","
                                        "\"detail\":\"read\"},"
                                        "{\"id\":\"scopes\",\"verdict\":\"pass\",\"standard\":\"RFC 6749 section 3.3\","
                                        "\"detail\":\"orders:read x\"},{\"id\":\"claim\",\"verdict\":\"fail\","
                                        "\"standard\":\"RFC 7519 section 4\",\"detail\":\"order\"}]}"));
    apisec_decision_free(decision);
}

/* A rule never repairs a decision that has failed, and one without a token is not judged. */
static void test_only_open_decisions(void **state)
{
    (void)state;
    apisec_decision *decision = decide("GET", "/closed/x", (const struct forge_change[]){{"aud", "\"x\""}, {NULL, NULL}});
    assert_int_equal(apisec_decision_apply_rules(decision, rules), APISEC_E_AUDIENCE);
    apisec_decision_free(decision);

    static const struct forge_change good[] = {{"scope", "\"orders:read x\""}, {"order", "\"7\""}, {NULL, NULL}};
    decision = decide("GET", "/orders/7", good);
    assert_int_equal(apisec_decision_apply_rules(decision, NULL), APISEC_E_MISUSE);
    assert_int_equal(apisec_decision_apply_rules(decision, rules), APISEC_E_MISUSE); /* the first reason stands */
    apisec_decision_free(decision);

    decision = decide("GET", "/orders/7", good);
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_OK);
    assert_int_equal(apisec_decision_apply_rules(decision, rules), APISEC_E_MISUSE); /* too late */
    apisec_decision_free(decision);
    assert_int_equal(apisec_decision_apply_rules(NULL, rules), APISEC_E_MISUSE);
}

/* A path that was kept only in part finds no rule: its end may be what matters. */
static void test_a_path_that_was_cut(void **state)
{
    (void)state;
    static char target[6000];
    memset(target, 'a', sizeof target - 1);
    memcpy(target, "/closed/", 8);
    apisec_decision *decision = decide("GET", target, FORGE_SAME);
    assert_int_equal(apisec_decision_apply_rules(decision, rules), APISEC_E_REQUEST);
    assert_string_equal(apisec_decision_reason(decision), "the path is too long");
    apisec_decision_free(decision);
    target[4000] = '\0';
    decision = decide("GET", target, FORGE_SAME);
    assert_int_equal(apisec_decision_apply_rules(decision, rules), APISEC_E_DENIED);
    apisec_decision_free(decision);
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
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_challenges),
        cmocka_unit_test(test_the_explanation_lists_every_check),
        cmocka_unit_test(test_only_open_decisions),
        cmocka_unit_test(test_a_path_that_was_cut),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
