/* SPDX-License-Identifier: Apache-2.0
 *
 * test_limit_apply.c: limits and bodies of rules in decisions: whose bucket it is, what comes before what, and the reply.
 */
#include "support/unit.h"
#include "access/limits.h"
#include "support/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct service service;

#define ONCE "\"requests\":1,\"seconds\":1000000"
#define LIMITS                                                                                                                     \
    "\"services\":{\"header\":\"X-Service\",\"secrets\":{\"batch\":"                                                               \
    "\"$pbkdf2-sha256$i=10001$S7JO_JZBr8Xe0cp36rtuLw$nc3MIHoF7J-sVR0mUtVgMFpy6xh-r4T8wkE5UJbY-tE\"}},"                             \
    "\"limits\":{\"address\":{\"by\":\"address\"," ONCE "},\"service\":{\"by\":\"service\"," ONCE "},"                             \
    "\"principal\":{\"by\":\"principal\"," ONCE "},\"client\":{\"by\":\"client\"," ONCE "},"                                       \
    "\"claim\":{\"by\":{\"claim\":\"/org/id\"}," ONCE "},\"two\":{\"by\":\"principal\"," ONCE ",\"burst\":2}},"

static apisec_rules *compile(const char *rule, apisec_error *err)
{
    struct buffer json = BUFFER_MAX(65536);
    apisec_rules *rules = NULL;
    buffer_text(&json, "{" LIMITS "\"rules\":[{\"id\":\"r\",\"path\":\"/**\",");
    buffer_text(&json, rule);
    buffer_text(&json, "}]}");
    apisec_rules_new(json.bytes, json.len, &rules, err);
    buffer_free(&json);
    return rules;
}

static apisec_decision *walk(const apisec_rules *rules, apisec_call *call)
{
    apisec_decision *decision = service_judge(&service, rules, call);
    apisec_decision_commit(decision, NULL);
    return decision;
}

struct caller {
    const char *address, *service;
    struct forge_change claims[3];
};

static apisec_status ask(const apisec_rules *rules, const struct caller *caller)
{
    apisec_call *call = service_call(service_token(&service, caller->claims));
    apisec_call_set_peer_address(call, caller->address ? caller->address : "");
    if (caller->service) apisec_call_add_header(call, "X-Service", 9, caller->service, strlen(caller->service));
    apisec_decision *decision = walk(rules, call);
    const apisec_status status = apisec_decision_status(decision);
    apisec_decision_free(decision);
    return status;
}

#define BATCH "Basic YmF0Y2g6YmF0Y2g6c2VjcmV0"

/* Two callers after each other: the second one is let in where it has a bucket of its own. */
static void test_whose_bucket(void **state)
{
    (void)state;
    static const struct {
        const char *limit;
        struct caller one, two;
        bool same;
        const char *why;
    } rows[] = {
        {"address", {.address = "192.0.2.1"}, {.address = "192.0.2.1"}, true, "the same address"},
        {"address", {.address = "192.0.2.1"}, {.address = "192.0.2.2"}, false, "another"},
        {"address", {.address = "192.0.2.1"}, {.address = "::ffff:192.0.2.1"}, true, "IPv4-mapped"},
        {"address", {.address = "2001:db8::1"}, {.address = "2001:db8::ffff:2"}, true, "the same 64 bits"},
        {"address", {.address = "2001:db8::1"}, {.address = "2001:db8:0:1::1"}, false, "others"},
        {"address", {.address = "nonsense"}, {.address = ""}, true, "of whom nothing is known"},
        {"service", {.service = BATCH}, {.service = BATCH}, true, "the same service"},
        {"service", {.service = BATCH}, {.service = NULL}, false, "and none"},
        {"service", {.service = "Basic YTpi"}, {.service = NULL}, true, "what is not verified is nobody"},
        {"principal", {.claims = {{"sub", "\"a\""}}}, {.claims = {{"sub", "\"a\""}}}, true, "the same user"},
        {"principal", {.claims = {{"sub", "\"a\""}}}, {.claims = {{"sub", "\"b\""}}}, false, "another"},
        {"client",
         {.claims = {{"client_id", "\"a\""}}},
         {.claims = {{"client_id", "\"a\""}, {"sub", "\"b\""}}},
         true,
         "one client"},
        {"client", {.claims = {{"client_id", "\"a\""}}}, {.claims = {{"client_id", "\"b\""}}}, false, "another"},
        {"claim", {.claims = {{"org", "{\"id\":7}"}}}, {.claims = {{"org", "{\"id\":7}"}}}, true, "the same number"},
        {"claim", {.claims = {{"org", "{\"id\":7}"}}}, {.claims = {{"org", "{\"id\":\"7\"}"}}}, false, "and its string"},
        {"claim", {.claims = {{"org", "{\"id\":7}"}}}, {.claims = {{"org", "{\"id\":8}"}}}, false, "another number"},
        {"claim", {.claims = {{"org", "{\"id\":\"a\"}"}}}, {.claims = {{"org", "{\"id\":\"a\"}"}}}, true, "the same string"},
        {"claim", {.claims = {{"org", "{\"id\":\"a\"}"}}}, {.claims = {{"org", "{\"id\":\"b\"}"}}}, false, "another string"},
        {"claim", {.claims = {{"org", "{\"id\":7}"}}}, {.claims = {{"sub", "\"b\""}}}, false, "one, and none"},
        {"claim", {.claims = {{"org", "{\"id\":[7]}"}}}, {.claims = {{"sub", "\"b\""}}}, true, "none of both"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char rule[128];
        apisec_error err = {0, ""};
        snprintf(rule, sizeof rule, "\"limits\":[\"%s\"],\"require\":{}", rows[i].limit);
        apisec_rules *rules = compile(rule, &err);
        if (rules == NULL) fail_msg("%s", err.text);
        assert_int_equal(ask(rules, &rows[i].one), APISEC_OK);
        const apisec_status status = ask(rules, &rows[i].two);
        if (status != (rows[i].same ? APISEC_E_RATE : APISEC_OK)) fail_msg("%s: %s", rows[i].why, apisec_status_name(status));
        apisec_rules_free(rules);
    }
}

/* A user, a client and a claim of another issuer are others. */
static void test_of_two_issuers(void **state)
{
    (void)state;
    static const char *const limits[] = {"principal", "client", "claim"}, *const issuers[] = {FORGE_ISSUER, "https://b.example"};
    static const struct forge_change claims[2][3] = {{{"iss", "\"" FORGE_ISSUER "\""}, {"org", "{\"id\":7}"}},
                                                     {{"iss", "\"https://b.example\""}, {"org", "{\"id\":7}"}}};
    const char *const tokens[] = {service_token(&service, claims[0]), service_token(&service, claims[1])};
    struct service both = service;
    char *const set = forge_jwks((const apisec_signer *[]){forge_signer("ES256", 0), NULL});
    apisec_trust *trust = apisec_trust_new();
    for (size_t i = 0; i < 2; i++) {
        apisec_issuer *issuer = apisec_trust_add_issuer(trust, issuers[i]);
        apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
        apisec_issuer_allow_algorithm(issuer, "ES256");
        apisec_issuer_set_jwks(issuer, set, strlen(set));
    }
    assert_int_equal(apisec_verifier_new(trust, NULL, &both.verifier, NULL), APISEC_OK);
    apisec_trust_free(trust);
    free(set);
    for (size_t i = 0; i < 3; i++) {
        char rule[64];
        snprintf(rule, sizeof rule, "\"limits\":[\"%s\"],\"require\":{}", limits[i]);
        apisec_rules *rules = compile(rule, NULL);
        for (size_t k = 0; k < 4; k++) { /* the first of each issuer is let in */
            apisec_decision *decision = service_judge(&both, rules, service_call(tokens[k % 2]));
            const apisec_status status = apisec_decision_commit(decision, NULL);
            if (status != (k < 2 ? APISEC_OK : APISEC_E_RATE)) fail_msg("%s: %s", limits[i], apisec_decision_reason(decision));
            apisec_decision_free(decision);
        }
        apisec_rules_free(rules);
    }
    apisec_verifier_free(both.verifier);
}

static void test_the_reply(void **state)
{
    (void)state;
    apisec_rules *rules = compile("\"limits\":[\"two\",\"principal\"],\"require\":{}", NULL);
    const struct caller caller = {.address = "192.0.2.1"};
    assert_int_equal(ask(rules, &caller), APISEC_OK);
    apisec_decision *decision = walk(rules, service_call(service_token(&service, FORGE_SAME)));
    assert_int_equal(apisec_decision_status(decision), APISEC_E_RATE);
    assert_int_equal(apisec_decision_http_status(decision), 429);
    assert_int_equal(apisec_decision_num_headers(decision), 1);
    assert_string_equal(apisec_decision_header_name(decision, 0), "Retry-After");
    const long seconds = strtol(apisec_decision_header_value(decision, 0), NULL, 10);
    assert_in_range(seconds, 999990, 1000000);
    assert_string_equal(apisec_decision_reason(decision), "the limit principal is reached");
    assert_non_null(
        strstr(apisec_decision_explanation(decision),
               "{\"id\":\"limit\",\"verdict\":\"pass\",\"standard\":\"RFC 6585 section 4\",\"detail\":\"two\"},"
               "{\"id\":\"limit\",\"verdict\":\"fail\",\"standard\":\"RFC 6585 section 4\",\"detail\":\"principal\"}]"));
    apisec_decision_free(decision);
    apisec_rules_free(rules);

    decision = service_decide(&service, service_token(&service, FORGE_SAME)); /* of the service's own denial nothing is known */
    apisec_decision_deny(decision, APISEC_E_RATE, "enough");
    apisec_decision_commit(decision, NULL);
    assert_int_equal(apisec_decision_num_headers(decision), 0);
    apisec_decision_free(decision);
}

/* What is denied counts too, and by address before a token is looked at. */
static void test_the_order(void **state)
{
    (void)state;
    const struct caller caller = {.address = "192.0.2.1"};
    apisec_rules *rules = compile("\"limits\":[\"principal\"],\"require\":{\"scopes\":[\"none\"]}", NULL);
    assert_int_equal(ask(rules, &caller), APISEC_E_SCOPE);
    assert_int_equal(ask(rules, &caller), APISEC_E_RATE);
    apisec_rules_free(rules);

    rules = compile("\"limits\":[\"address\"],\"require\":{}", NULL);
    const struct caller bad = {.address = "192.0.2.1", .claims = {{"aud", "\"x\""}}};
    assert_int_equal(ask(rules, &bad), APISEC_E_AUDIENCE);
    assert_int_equal(ask(rules, &bad), APISEC_E_RATE);
    apisec_rules_free(rules);

    rules = compile("\"limits\":[\"address\"],\"public\":true", NULL);
    assert_int_equal(ask(rules, &caller), APISEC_OK);
    assert_int_equal(ask(rules, &caller), APISEC_E_RATE);
    apisec_rules_free(rules);
}

static void test_rules_loaded_anew(void **state)
{
    (void)state;
    static const char rule[] = "\"limits\":[\"principal\"],\"require\":{}";
    const struct caller caller = {.address = NULL};
    apisec_rules *older = compile(rule, NULL), *newer = compile(rule, NULL), *other = compile(rule, NULL);
    rules_inherit(newer, older);
    assert_int_equal(ask(older, &caller), APISEC_OK);
    apisec_rules_free(older);
    assert_int_equal(ask(newer, &caller), APISEC_E_RATE);
    assert_int_equal(ask(other, &caller), APISEC_OK); /* which inherited nothing */
    apisec_rules_free(newer);
    apisec_rules_free(other);
}

static void test_bodies(void **state)
{
    (void)state;
    static const struct {
        const char *type, *body; /* body NULL: not known */
        const char *scope;
        apisec_status expected;
        int32_t http_status;
        const char *why;
    } rows[] = {
        {"application/json", "{\"a\":1}", "\"a\"", APISEC_OK, 200, "an honest one"},
        {"application/json; charset=utf-8", "{\"a\":1}", "\"a\"", APISEC_OK, 200, "a parameter"},
        {"text/plain", "{\"a\":1}", "\"a\"", APISEC_E_BODY, 415, "another type"},
        {NULL, "{\"a\":1}", "\"a\"", APISEC_E_BODY, 415, "no type"},
        {"application/json", "{\"a\":\"01234567890123456789\"}", "\"a\"", APISEC_E_BODY, 413, "too large"},
        {"application/json", "{\"a\":1", "\"a\"", APISEC_E_BODY, 400, "no JSON"},
        {"application/json", "{\"b\":1}", "\"a\"", APISEC_E_BODY, 400, "a member that is not known"},
        {"application/json", NULL, "\"a\"", APISEC_E_BODY, 400, "not known"},
        {"application/json", "{\"b\":1}", "\"b\"", APISEC_E_SCOPE, 403, "who may not is not told of the body"},
    };
    apisec_error err = {0, ""};
    apisec_rules *rules = compile("\"body\":{\"max_bytes\":20,\"members\":[\"a\"]},\"require\":{\"scopes\":[\"a\"]}", &err);
    if (rules == NULL) fail_msg("%s", err.text);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct forge_change claims[] = {{"scope", rows[i].scope}, {NULL, NULL}};
        apisec_call *call = service_call(service_token(&service, claims));
        if (rows[i].type) apisec_call_add_header(call, "Content-Type", 12, rows[i].type, strlen(rows[i].type));
        if (rows[i].body) apisec_call_set_body(call, rows[i].body, strlen(rows[i].body));
        apisec_decision *decision = walk(rules, call);
        if (apisec_decision_status(decision) != rows[i].expected) fail_msg("%s: %s", rows[i].why, apisec_decision_reason(decision));
        assert_int_equal(apisec_decision_http_status(decision), rows[i].http_status);
        char member[64];
        snprintf(member, sizeof member, "\"http_status\":%d,", (int)rows[i].http_status);
        assert_non_null(strstr(apisec_decision_explanation(decision), member));
        if (rows[i].expected == APISEC_E_BODY) {
            assert_int_equal(apisec_decision_num_headers(decision), 0);
            assert_non_null(strstr(apisec_decision_explanation(decision), "{\"id\":\"body\",\"verdict\":\"fail\""));
        }
        apisec_decision_free(decision);
    }
    apisec_rules_free(rules);

    apisec_decision *decision = service_decide(&service, service_token(&service, FORGE_SAME));
    apisec_decision_deny(decision, APISEC_E_BODY, "the service's own");
    apisec_decision_commit(decision, NULL);
    assert_int_equal(apisec_decision_http_status(decision), 400);
    apisec_decision_free(decision);
}

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *sentence; /* NULL: it is taken */
    } rows[] = {
        {"\"limits\":[\"address\",\"principal\"],\"require\":{}", NULL},
        {"\"limits\":[\"adress\"],\"require\":{}", "rules[0].limits: there is no limit adress"},
        {"\"limits\":[],\"require\":{}", "rules[0].limits: an empty list can never be met"},
        {"\"limits\":[\"address\",\"address\"],\"require\":{}", "rules[0].limits[1]: is there twice"},
        {"\"limits\":[\"address\"],\"deny\":true", "rules[0].limits: the rule denies: there is nothing to be limited"},
        {"\"limits\":[\"principal\"],\"public\":true",
         "rules[0].limits: principal is by what is known of a user, and the rule wants none"},
        {"\"limits\":[\"address\",\"service\"],\"public\":true", NULL},
        {"\"body\":{},\"deny\":true", "rules[0].body: the rule denies: there is nothing to be looked at"},
        {"\"body\":{\"max_byte\":1},\"require\":{}", "rules[0].body.max_byte: unknown, did you mean \"max_bytes\"?"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_error err = {0, ""};
        apisec_rules *rules = compile(rows[i].rule, &err);
        if ((rules != NULL) != (rows[i].sentence == NULL)) fail_msg("%s: %s", rows[i].rule, err.text);
        if (rules == NULL) assert_string_equal(err.text, rows[i].sentence);
        apisec_rules_free(rules);
    }
    static const char none[] = "{\"limits\":{\"s\":{\"by\":\"service\"," ONCE "}},\"rules\":[{\"id\":\"r\",\"path\":\"/\","
                               "\"require\":{},\"limits\":[\"s\"]}]}";
    apisec_rules *rules = NULL;
    apisec_error err = {0, ""};
    assert_int_equal(apisec_rules_new(none, sizeof none - 1, &rules, &err), APISEC_E_CONFIG);
    assert_string_equal(err.text, "rules[0].limits: s is by service, and there are no \"services\"");
}

static int begin(void **state)
{
    (void)state;
    service_begin(&service, APISEC_AUDIT_STRICT);
    return 0;
}

static int end(void **state)
{
    (void)state;
    service_end(&service);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whose_bucket), cmocka_unit_test(test_of_two_issuers),    cmocka_unit_test(test_the_reply),
        cmocka_unit_test(test_the_order),    cmocka_unit_test(test_rules_loaded_anew), cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
