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
    "{\"id\":\"health\",\"path\":\"/health\",\"public\":true},"
    "{\"id\":\"tried\",\"path\":\"/tried\",\"require\":{\"scopes\":[\"a\"]},\"shadow\":{\"scopes\":[\"b\"],\"acr\":[\"gold\"]}},"
    "{\"id\":\"opened\",\"path\":\"/opened\",\"public\":true,\"shadow\":{\"scopes\":[\"a\"]}},"
    "{\"id\":\"half\",\"path\":\"/half\",\"public\":true,\"shadow\":{\"any_of\":[{},{\"scopes\":[\"a\"]}]}},"
    "{\"id\":\"known\",\"path\":\"/known\",\"public\":true,\"shadow\":{}},"
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

/* A service that forgets to say what the request is reads that, and not that it is a strange one. */
static void test_what_was_not_set(void **state)
{
    (void)state;
    static const struct {
        const char *method, *target, *reason;
    } rows[] = {
        {"GET", NULL, "the call has no target, or one without a path"},
        {"GET", "?page=2", "the call has no target, or one without a path"},
        {NULL, "/orders/7", "the call has no method"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_call *call = apisec_call_new();
        if (rows[i].method != NULL) apisec_call_set_method(call, rows[i].method, strlen(rows[i].method));
        if (rows[i].target != NULL) apisec_call_set_target(call, rows[i].target, strlen(rows[i].target));
        apisec_decision *decision = decision_new(service.verifier, service.audit, call);
        assert_int_equal(decision_route(decision, rules), APISEC_E_REQUEST);
        assert_string_equal(apisec_decision_reason(decision), rows[i].reason);
        apisec_decision_free(decision);
        apisec_call_free(call);
    }
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
         "scopes are not what the rule requires: orders:read x",
         "read"},
        {"POST", "/orders/7", {{NULL, NULL}}, APISEC_E_NO_RULE, "no rule for this path permits the method", NULL},
        {"GET", "?page=2", {{NULL, NULL}}, APISEC_E_REQUEST, "the call has no target, or one without a path", NULL},
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
        assert_int_equal(apisec_decision_apply_rules(decision, rules, NULL), rows[i].expected);
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

static void test_the_explanation_lists_every_check(void **state)
{
    (void)state;
    apisec_decision *decision =
        decide("GET", "/orders/8", (const struct forge_change[]){{"scope", "\"orders:read x\""}, {"order", "\"7\""}, {NULL, NULL}});
    apisec_decision_apply_rules(decision, rules, NULL);
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
    assert_int_equal(apisec_decision_apply_rules(decision, rules, NULL), APISEC_E_AUDIENCE);
    apisec_decision_free(decision);

    static const struct forge_change good[] = {{"scope", "\"orders:read x\""}, {"order", "\"7\""}, {NULL, NULL}};
    decision = decide("GET", "/orders/7", good);
    assert_int_equal(apisec_decision_apply_rules(decision, NULL, NULL), APISEC_E_MISUSE);
    assert_int_equal(apisec_decision_apply_rules(decision, rules, NULL), APISEC_E_MISUSE); /* the first reason stands */
    apisec_decision_free(decision);

    decision = decide("GET", "/orders/7", good);
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_OK);
    assert_int_equal(apisec_decision_apply_rules(decision, rules, NULL), APISEC_E_MISUSE); /* too late */
    apisec_decision_free(decision);
    assert_int_equal(apisec_decision_apply_rules(NULL, rules, NULL), APISEC_E_MISUSE);
}

/* A path that was kept only in part finds no rule: its end may be what matters. */
static void test_a_path_that_was_cut(void **state)
{
    (void)state;
    static char target[6000];
    memset(target, 'a', sizeof target - 1);
    memcpy(target, "/closed/", 8);
    apisec_decision *decision = decide("GET", target, FORGE_SAME);
    assert_int_equal(apisec_decision_apply_rules(decision, rules, NULL), APISEC_E_REQUEST);
    assert_string_equal(apisec_decision_reason(decision), "the path is too long");
    apisec_decision_free(decision);
    target[4000] = '\0';
    decision = decide("GET", target, FORGE_SAME);
    assert_int_equal(apisec_decision_apply_rules(decision, rules, NULL), APISEC_E_DENIED);
    apisec_decision_free(decision);
}

/* ---- step by step, as lib/guard does ---- */

static apisec_call *call_for(const char *target, const char *token)
{
    apisec_call *call = service_call(token);
    apisec_call_set_target(call, target, strlen(target));
    return call;
}

static void test_steps(void **state)
{
    (void)state;
    static const struct forge_change good[] = {{"scope", "\"orders:read x\""}, {"order", "\"7\""}, {NULL, NULL}};
    static const struct {
        const char *target;
        const struct forge_change *claims; /* NULL: no token */
        apisec_status expected;
        bool wants_user;
        const char *why;
    } walks[] = {
        {"/orders/7", good, APISEC_OK, true, "an honest user"},
        {"/orders/7", NULL, APISEC_E_NO_CREDENTIAL, true, "nobody"},
        {"/orders/7", FORGE_SAME, APISEC_E_SCOPE, true, "a user without the scope"},
        {"/closed/x", NULL, APISEC_E_DENIED, true, "denied before anybody is asked who it is"},
        {"/nowhere", good, APISEC_E_NO_RULE, true, "no rule"},
        {"/health", NULL, APISEC_OK, false, "public"},
        {"/health", good, APISEC_OK, false, "public, and the token is not looked at"},
    };
    for (size_t i = 0; i < sizeof walks / sizeof walks[0]; i++) {
        const char *const token = walks[i].claims ? service_token(&service, walks[i].claims) : NULL;
        apisec_decision *decision = service_judge(&service, rules, call_for(walks[i].target, token));
        assert_int_equal(decision_wants_user(decision), walks[i].wants_user);
        assert_int_equal(apisec_decision_http_status(decision), 500); /* until commit */
        const apisec_status status = apisec_decision_commit(decision, NULL);
        if (status != walks[i].expected) fail_msg("%s: %s", walks[i].why, apisec_decision_reason(decision));
        assert_int_equal(apisec_decision_token(decision) != NULL, walks[i].wants_user && status != APISEC_E_NO_CREDENTIAL &&
                                                                      status != APISEC_E_DENIED && status != APISEC_E_NO_RULE);
        apisec_decision_free(decision);
    }
    assert_true(decision_wants_user(NULL));
}

static char *last_line(void)
{
    size_t num = 0;
    for (size_t at = 0; at < service.lines.len; at++) num += service.lines.bytes[at] == '\n';
    return text_copy(service_line(&service, num - 1));
}

/* What lets anybody in says so: the record has the rule and no user, the explanation what was looked at. */
static void test_public(void **state)
{
    (void)state;
    apisec_decision *decision = service_judge(&service, rules, call_for("/health", service_token(&service, FORGE_SAME)));
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_OK);
    assert_null(apisec_decision_token(decision));
    assert_int_equal(apisec_decision_http_status(decision), 200);
    assert_int_equal(apisec_decision_num_headers(decision), 0);
    assert_string_equal(apisec_decision_explanation(decision),
                        "{\"verdict\":\"allowed\",\"status\":\"APISEC_OK\",\"http_status\":200,\"reason\":\"\",\"checks\":["
                        "{\"id\":\"rule\",\"verdict\":\"pass\",\"standard\":\"RFC 9110 section 15.5.4\","
                        "\"detail\":\"health\"}]}");
    apisec_decision_free(decision);
    char *line = last_line();
    assert_non_null(strstr(line, "\"actor\":{\"app_name\":\"unknown\",\"authorizations\":[{\"decision\":\"allowed\"}]}"));
    assert_non_null(strstr(line, "\"policy\":{\"uid\":\"health\""));
    assert_null(strstr(line, "token_sha256"));
    free(line);

    decision = service_judge(&service, rules, call_for("/health", NULL)); /* nothing can be asked of a user that there is not */
    assert_int_equal(apisec_decision_require_scope(decision, "a"), APISEC_E_MISUSE);
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_E_MISUSE);
    apisec_decision_free(decision);
    decision = service_judge(&service, rules, call_for("/health", NULL)); /* and the service may still refuse */
    assert_int_equal(apisec_decision_deny(decision, APISEC_E_DENIED, "closed"), APISEC_E_DENIED);
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_E_DENIED);
    apisec_decision_free(decision);
}

/* At most one credential of each kind, though none is looked at. */
static void test_public_and_two_credentials(void **state)
{
    (void)state;
    static const struct {
        const char *first, *second; /* NULL: not sent */
        apisec_status expected;
        const char *why;
    } fields[] = {
        {"Bearer a", NULL, APISEC_OK, "one"},
        {"Bearer a", "Bearer a", APISEC_E_REQUEST, "the same twice"},
        {"Basic YTpi", "Bearer a", APISEC_E_REQUEST, "of two kinds"},
        {"Basic YTpi, Bearer a", NULL, APISEC_E_REQUEST, "in one field"},
        {"nonsense of any kind", NULL, APISEC_OK, "one, whatever it is"},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        apisec_call *call = call_for("/health", NULL);
        apisec_call_add_header(call, "Authorization", 13, fields[i].first, strlen(fields[i].first));
        if (fields[i].second) apisec_call_add_header(call, "Authorization", 13, fields[i].second, strlen(fields[i].second));
        apisec_decision *decision = decision_new(service.verifier, service.audit, call);
        assert_int_equal(decision_route(decision, rules), APISEC_OK);
        if (decision_admit(decision, call) != fields[i].expected)
            fail_msg("%s: %s", fields[i].why, apisec_decision_reason(decision));
        assert_int_equal(decision_judge(decision), fields[i].expected);
        assert_int_equal(apisec_decision_commit(decision, NULL), fields[i].expected);
        apisec_decision_free(decision);
        apisec_call_free(call);
    }
}

/* Of a call that is broken, or had no memory, that is the reason, and not what follows from it. */
static void test_broken_calls(void **state)
{
    (void)state;
    apisec_call *call = call_for("/health", NULL);
    apisec_call_add_header(call, "X", 1, "a\nb", 3);
    apisec_decision *decision = decision_new(service.verifier, service.audit, call);
    assert_int_equal(decision_route(decision, rules), APISEC_E_REQUEST);
    assert_string_equal(apisec_decision_reason(decision), "a header has CR, LF or NUL in it");
    apisec_decision_free(decision);
    apisec_call_free(call);
    decision = decision_new(service.verifier, service.audit, NULL);
    assert_int_equal(decision_route(decision, rules), APISEC_E_MEMORY);
    apisec_decision_free(decision);
}

/* What is only tried changes neither verdict nor reply; the record and the explanation have what it would have come to. */
static void test_shadow(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        struct forge_change claims[3];
        apisec_status expected;
        const char *shadow, *challenge; /* shadow NULL: it is not judged where the rest is not met */
    } tried[] = {
        {"/tried",
         {{"scope", "\"a b\""}, {"acr", "\"gold\""}, {NULL, NULL}},
         APISEC_OK,
         "\"shadow\":{\"verdict\":\"allowed\",\"status_code\":\"APISEC_OK\",\"reason\":\"\"}",
         ""},
        {"/tried",
         {{"scope", "\"a\""}, {"acr", "\"gold\""}, {NULL, NULL}},
         APISEC_OK,
         "\"shadow\":{\"verdict\":\"denied\",\"status_code\":\"APISEC_E_SCOPE\","
         "\"reason\":\"scopes are not what the rule requires: b\"}",
         ""},
        {"/tried",
         {{"scope", "\"a\""}, {NULL, NULL}},
         APISEC_OK,
         "\"shadow\":{\"verdict\":\"denied\",\"status_code\":\"APISEC_E_STEP_UP\","
         "\"reason\":\"acr is not what the rule requires: gold\"}",
         ""},
        {"/tried",
         {{"scope", "\"b\""}, {"acr", "\"gold\""}, {NULL, NULL}},
         APISEC_E_SCOPE,
         NULL,
         "Bearer error=\"insufficient_scope\", error_description=\"The request requires a scope that the access token does not "
         "have\", scope=\"a\""},
        {"/opened",
         {{"scope", "\"a\""}, {NULL, NULL}},
         APISEC_OK,
         "\"shadow\":{\"verdict\":\"denied\",\"status_code\":\"APISEC_E_NO_CREDENTIAL\","
         "\"reason\":\"there is no user whom it could be asked of\"}",
         ""},
        {"/half",
         {{"scope", "\"a\""}, {NULL, NULL}},
         APISEC_OK,
         "\"shadow\":{\"verdict\":\"denied\",\"status_code\":\"APISEC_E_NO_CREDENTIAL\","
         "\"reason\":\"there is no user whom it could be asked of\"}",
         ""},
        {"/known",
         {{NULL, NULL}},
         APISEC_OK,
         "\"shadow\":{\"verdict\":\"allowed\",\"status_code\":\"APISEC_OK\",\"reason\":\"\"}",
         ""},
    };
    for (size_t i = 0; i < sizeof tried / sizeof tried[0]; i++) {
        apisec_call *call = call_for(tried[i].target, service_token(&service, tried[i].claims));
        apisec_decision *decision = service_judge(&service, rules, call);
        assert_int_equal(apisec_decision_commit(decision, NULL), tried[i].expected);
        assert_int_equal(apisec_decision_http_status(decision), apisec_status_http(tried[i].expected));
        const char *const challenge = apisec_decision_header_value(decision, 0), *const shadow = tried[i].shadow;
        assert_string_equal(challenge ? challenge : "", tried[i].challenge);
        const char *const explanation = apisec_decision_explanation(decision);
        char *const line = last_line();
        if (strstr(explanation, shadow ? shadow : "\"shadow\"") ? !shadow : !!shadow) fail_msg("%zu: %s", i, explanation);
        if (strstr(line, shadow ? shadow : "\"shadow\"") ? !shadow : !!shadow) fail_msg("%zu: %s", i, line);
        assert_null(strstr(explanation, "\"detail\":\"b\"")); /* it is no check */
        free(line);
        apisec_decision_free(decision);
    }
}

/* A step that is left out, or taken twice, denies. */
static void test_the_order_of_steps(void **state)
{
    (void)state;
    const char *steps[] = {"", "r", "ra", "j", "a", "rj", "rr", "raa", "raj", "rajr", "rajj", "R"};
    const size_t num = sizeof steps / sizeof steps[0];
    for (size_t i = 0; i < 2 * num; i++) {
        const bool is_public = i >= num && strcmp(steps[i % num], "raj") != 0; /* which is the order, where no user is wanted */
        apisec_call *call = call_for(is_public ? "/health" : "/orders/7", NULL);
        apisec_decision *decision = decision_new(service.verifier, service.audit, call);
        for (const char *step = steps[i % num]; *step != '\0'; step++) {
            if (*step == 'r') decision_route(decision, rules);
            if (*step == 'R') decision_route(decision, NULL);
            if (*step == 'a') decision_admit(decision, call);
            if (*step == 'j') decision_judge(decision);
        }
        if (apisec_decision_commit(decision, NULL) != APISEC_E_MISUSE) fail_msg("%s", steps[i % num]);
        apisec_decision_free(decision);
        apisec_call_free(call);
    }
    assert_int_equal(decision_route(NULL, rules), APISEC_E_MISUSE);
    assert_int_equal(decision_admit(NULL, NULL), APISEC_E_MISUSE);
    assert_int_equal(decision_judge(NULL), APISEC_E_MISUSE);
    assert_int_equal(decision_route(decision_out_of_memory(), rules), APISEC_E_MEMORY);
    assert_int_equal(decision_authenticate(decision_out_of_memory(), NULL), APISEC_E_MEMORY);
    assert_null(authentication_new(NULL, NULL));

    apisec_decision *decision = decide("GET", "/health", FORGE_SAME);
    assert_int_equal(apisec_decision_apply_rules(decision, rules, NULL), APISEC_OK); /* nobody is wanted, and somebody is there */
    assert_int_equal(apisec_decision_apply_rules(decision, rules, NULL), APISEC_E_MISUSE);
    apisec_decision_free(decision);
    apisec_call *call = call_for("/health", service_token(&service, FORGE_SAME));
    decision = decision_new(service.verifier, NULL, call);
    assert_int_equal(decision_authenticate(decision, call), APISEC_OK);
    assert_int_equal(decision_authenticate(decision, call), APISEC_E_MISUSE);
    apisec_decision_free(decision);
    apisec_call_free(call);
}

/* Rules that are freed while a decision is under way, as by a reload, stay until it ends. */
static void test_rules_freed_meanwhile(void **state)
{
    (void)state;
    apisec_rules *own = NULL;
    assert_int_equal(apisec_rules_new(document, sizeof document - 1, &own, NULL), APISEC_OK);
    apisec_decision *decision = decide("GET", "/orders", (const struct forge_change[]){{"acr", "\"x\""}, {NULL, NULL}});
    apisec_call *call = call_for("/orders", NULL);
    assert_int_equal(decision_route(decision, own), APISEC_OK);
    apisec_rules_free(own);
    assert_int_equal(decision_admit(decision, call), APISEC_OK);
    assert_int_equal(decision_judge(decision), APISEC_E_STEP_UP);
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_E_STEP_UP);
    assert_non_null(strstr(apisec_decision_explanation(decision), "\"detail\":\"gold platinum\""));
    assert_non_null(strstr(apisec_decision_header_value(decision, 0), "acr_values=\"gold platinum\""));
    apisec_decision_free(decision);
    apisec_call_free(call);
}

/* As an operation, and checks before authentication stand before it in the explanation. */
static void test_authentication_in_steps(void **state)
{
    (void)state;
    apisec_call *call = call_for("/orders/7", service_token(&service, FORGE_SAME));
    apisec_decision *decision = decision_new(service.verifier, service.audit, call);
    assert_int_equal(decision_route(decision, rules), APISEC_OK);
    assert_int_equal(decision_admit(decision, call), APISEC_OK);
    struct authentication *authentication = authentication_new(decision, call);
    apisec_call_free(call);
    apisec_op op; /* pinned keys: nothing is asked of it */
    memset(&op, 0, sizeof op);
    assert_int_equal(authentication_step(authentication, &op, 0), APISEC_OP_DONE);
    assert_int_equal(authentication_step(authentication, &op, 0), APISEC_OP_DONE);
    authentication_free(authentication);
    authentication_free(NULL);
    assert_int_equal(decision_judge(decision), APISEC_E_SCOPE);
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_E_SCOPE);
    const char *explanation = apisec_decision_explanation(decision);
    const char *rule = strstr(explanation, "\"id\":\"rule\""), *credential = strstr(explanation, "\"id\":\"credential\"");
    const char *scopes = strstr(explanation, "\"id\":\"scopes\"");
    assert_true(rule != NULL && credential > rule && scopes > credential);
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
        cmocka_unit_test(test_what_was_not_set),
        cmocka_unit_test(test_the_explanation_lists_every_check),
        cmocka_unit_test(test_only_open_decisions),
        cmocka_unit_test(test_a_path_that_was_cut),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_public),
        cmocka_unit_test(test_public_and_two_credentials),
        cmocka_unit_test(test_broken_calls),
        cmocka_unit_test(test_shadow),
        cmocka_unit_test(test_the_order_of_steps),
        cmocka_unit_test(test_rules_freed_meanwhile),
        cmocka_unit_test(test_authentication_in_steps),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
