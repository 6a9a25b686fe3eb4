/* SPDX-License-Identifier: Apache-2.0
 *
 * test_authenticate.c: from a call to a decision, blocking and as an operation: there always is one, it says what is wrong, and one
 * that nobody took is recorded.
 */
#include "support/unit.h"
#include "access/access.h"
#include "support/script.h"
#include "support/service.h"

#include <stdlib.h>
#include <string.h>

static struct service service;

static int begin(void **state)
{
    (void)state;
    service_begin_named(&service, "orders", "https://api.example/meta");
    return 0;
}

static int end(void **state)
{
    (void)state;
    service_end(&service);
    return 0;
}

static const char *good(void)
{
    return service_token(&service, FORGE_SAME);
}

static apisec_decision *finish_now(apisec_op *op, apisec_status *status, apisec_error *err)
{
    apisec_decision *decision;
    assert_int_equal(apisec_op_run(op, NULL), APISEC_OK);
    *status = apisec_authenticate_finish(op, &decision, err);
    apisec_op_free(op);
    return decision;
}

/* Both ways must come to the same. */
static void check(const apisec_call *call, apisec_verifier *verifier, apisec_status expected, int32_t http, const char *challenge,
                  const char *why)
{
    for (int as_operation = 0; as_operation < 2; as_operation++) {
        apisec_decision *decision = NULL;
        apisec_status status;
        apisec_error err;
        if (as_operation) {
            apisec_op *op;
            assert_int_equal(apisec_authenticate_start(verifier, service.audit, call, &op, &err), APISEC_OK);
            decision = finish_now(op, &status, &err);
        } else {
            status = apisec_authenticate(verifier, service.audit, call, &decision, &err);
        }
        assert_non_null(decision);
        if (status != expected) fail_msg("%s: %s: %s", why, apisec_status_name(status), err.text);
        assert_int_equal(err.status, status);
        assert_int_equal(apisec_decision_status(decision), status);
        assert_string_equal(apisec_decision_reason(decision), err.text);
        assert_int_equal(apisec_decision_token(decision) != NULL, status == APISEC_OK);
        assert_int_equal(apisec_decision_commit(decision, NULL), status);
        assert_int_equal(apisec_decision_http_status(decision), http);
        const char *const value = apisec_decision_header_value(decision, 0);
        if (strcmp(value ? value : "", challenge) != 0) fail_msg("%s: %s", why, value ? value : "no challenge");
        apisec_decision_free(decision);
    }
}

#define NAMED_BEFORE "Bearer realm=\"orders\", "
#define NAMED_AFTER ", resource_metadata=\"https://api.example/meta\""

static void test_tokens(void **state)
{
    (void)state;
    static const struct {
        struct forge_change claims[2];
        apisec_status expected;
        const char *challenge;
        const char *why;
    } rows[] = {
        {{{NULL, NULL}}, APISEC_OK, "", "an honest token"},
        {{{"exp", "1749999000"}},
         APISEC_E_EXPIRED,
         NAMED_BEFORE "error=\"invalid_token\", error_description=\"The access token expired\"" NAMED_AFTER,
         "too old"},
        {{{"aud", "\"other\""}},
         APISEC_E_AUDIENCE,
         NAMED_BEFORE "error=\"invalid_token\", error_description=\"The access token is meant for another audience\"" NAMED_AFTER,
         "another audience"},
        {{{"cnf", "{\"jkt\":\"x\"}"}},
         APISEC_E_BINDING,
         NAMED_BEFORE
         "error=\"invalid_token\", error_description=\"The access token must be bound to a key or certificate, and the "
         "request prove its possession\"" NAMED_AFTER,
         "a bound token without its proof"},
        {{{"iss", "\"https://evil.example\""}},
         APISEC_E_ISSUER,
         NAMED_BEFORE "error=\"invalid_token\", error_description=\"The access token is from an issuer that is not "
                      "accepted\"" NAMED_AFTER,
         "a stranger"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_call *const call = service_call(service_token(&service, rows[i].claims));
        check(call, service.verifier, rows[i].expected, rows[i].expected == APISEC_OK ? 200 : 401, rows[i].challenge, rows[i].why);
        apisec_call_free(call);
    }
}

static void test_calls(void **state)
{
    (void)state;
    static const char request[] = NAMED_BEFORE "error=\"invalid_request\", error_description=\"The request, or how its access "
                                               "token is sent, is not acceptable\"" NAMED_AFTER;
    apisec_call *call = service_call(NULL);
    check(call, service.verifier, APISEC_E_NO_CREDENTIAL, 401, NAMED_BEFORE "resource_metadata=\"https://api.example/meta\"",
          "nothing");
    apisec_call_free(call);

    call = service_call(good());
    apisec_call_add_header(call, "authorization", 13, "Bearer x", 8);
    check(call, service.verifier, APISEC_E_REQUEST, 400, request, "two headers");
    apisec_call_free(call);

    call = service_call(good());
    apisec_call_add_header(call, "X", 1, "y\r\n", 3);
    check(call, service.verifier, APISEC_E_REQUEST, 400, request, "bad bytes anywhere");
    apisec_call_free(call);

    call = service_call("not-a-token");
    check(call, service.verifier, APISEC_E_MALFORMED, 401,
          NAMED_BEFORE "error=\"invalid_token\", error_description=\"The access token is malformed\"" NAMED_AFTER, "not a token");
    apisec_call_free(call);

    check(NULL, service.verifier, APISEC_E_MEMORY, 500, "", "a call that had no memory");
    call = service_call(good());
    check(call, NULL, APISEC_E_ARGUMENT, 500, "", "no verifier");
    apisec_call_free(call);
}

static void test_a_huge_token(void **state)
{
    (void)state;
    static char token[20001];
    memset(token, 'a', 20000);
    apisec_call *const call = service_call(token);
    check(call, service.verifier, APISEC_E_TOO_LARGE, 401,
          NAMED_BEFORE "error=\"invalid_token\", error_description=\"The access token is too large\"" NAMED_AFTER, "20 kB");
    apisec_call_free(call);
}

static void test_the_calls_time_is_the_judges(void **state)
{
    (void)state;
    apisec_call *const call = service_call(good());
    check(call, service.verifier, APISEC_OK, 200, "", "at the time of the call");
    apisec_call_set_time(call, FORGE_NOW + 10000);
    check(call, service.verifier, APISEC_E_EXPIRED, 401,
          NAMED_BEFORE "error=\"invalid_token\", error_description=\"The access token expired\"" NAMED_AFTER, "later");
    apisec_call_set_time(call, -1);
    check(call, service.verifier, APISEC_E_ARGUMENT, 500, "", "before 1970");
    apisec_call_set_time(call, INT64_MAX);
    apisec_decision *decision;
    assert_int_equal(apisec_authenticate(service.verifier, service.audit, call, &decision, NULL), APISEC_E_EXPIRED);
    assert_int_equal(decision->time_ms, INT64_MAX); /* and no overflow */
    apisec_decision_free(decision);
    apisec_call_set_time(call, INT64_MIN);
    apisec_authenticate(service.verifier, service.audit, call, &decision, NULL);
    assert_int_equal(decision->time_ms, INT64_MIN);
    apisec_decision_free(decision);
    apisec_call_free(call);
}

static void test_wrong_arguments(void **state)
{
    (void)state;
    apisec_call *const call = service_call(NULL);
    assert_int_equal(apisec_authenticate(service.verifier, NULL, call, NULL, NULL), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_authenticate_start(service.verifier, NULL, call, NULL, NULL), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_authenticate_finish(NULL, NULL, NULL), APISEC_E_ARGUMENT);
    apisec_call_free(call);
}

/* ---- the operation's life ---- */

static apisec_op *start(const apisec_call *call)
{
    apisec_op *op;
    assert_int_equal(apisec_authenticate_start(service.verifier, service.audit, call, &op, NULL), APISEC_OK);
    return op;
}

static void assert_misuse(apisec_op *op)
{
    apisec_decision *decision = NULL;
    assert_int_equal(apisec_authenticate_finish(op, &decision, NULL), APISEC_E_MISUSE);
    assert_non_null(decision);
    assert_int_equal(apisec_decision_status(decision), APISEC_E_MISUSE);
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_E_MISUSE);
    assert_int_equal(apisec_decision_http_status(decision), 500);
    apisec_decision_free(decision);
}

static void test_finish_at_the_wrong_moment(void **state)
{
    (void)state;
    apisec_decision *decision;
    apisec_op *other;
    apisec_call *const call = service_call(good());
    apisec_op *const op = start(call);
    assert_misuse(NULL);
    assert_misuse(op); /* it has not run */
    assert_int_equal(apisec_op_run(op, NULL), APISEC_OK);
    assert_int_equal(apisec_authenticate_finish(op, &decision, NULL), APISEC_OK);
    assert_misuse(op); /* it gave its decision already */
    apisec_op_free(op);
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_OK);
    apisec_decision_free(decision);

    assert_int_equal(apisec_verifier_warm_start(service.verifier, &other, NULL), APISEC_OK);
    assert_misuse(other); /* of another kind */
    apisec_op_free(other);
    apisec_call_free(call);
    assert_int_equal(line_count(service.lines.bytes), 1); /* what never was a decision leaves no record */
}

static void test_an_operation_nobody_finished_is_recorded(void **state)
{
    (void)state;
    apisec_call *const call = service_call(good());
    apisec_op *op = start(call);
    apisec_op_free(op); /* never ran */
    op = start(call);
    assert_int_equal(apisec_op_run(op, NULL), APISEC_OK);
    apisec_op_free(op); /* ran, and the decision was not taken */
    apisec_call_free(call);

    assert_int_equal(line_count(service.lines.bytes), 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(line_value(service_line(&service, i), "action_id"), "2");
        assert_string_equal(line_value(service_line(&service, i), "status_code"), "\"APISEC_E_MISUSE\"");
        assert_string_equal(line_value(service_line(&service, i), "status_detail"), "\"abandoned: freed without a commit\"");
    }
    assert_string_equal(line_value(service_line(&service, 0), "unmapped.apisec.checks"), "[]");
    assert_string_equal(line_value(service_line(&service, 0), "actor.user"), "");
}

static void test_the_operation_keeps_what_it_needs(void **state)
{
    (void)state;
    apisec_decision *decision;
    apisec_call *const call = service_call(good());
    apisec_op *const op = start(call);
    apisec_call_reset(call);
    apisec_call_add_header(call, "Authorization", 13, "Bearer x", 8);
    apisec_verifier_free(service.verifier);
    service.verifier = NULL;
    assert_int_equal(apisec_op_run(op, NULL), APISEC_OK);
    assert_int_equal(apisec_authenticate_finish(op, &decision, NULL), APISEC_OK);
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_OK);
    apisec_decision_free(decision); /* before the operation */
    apisec_op_free(op);
    apisec_call_free(call);
    assert_string_equal(line_value(service_line(&service, 0), "api.operation"), "\"GET /orders/7\"");
}

/* ---- when keys must be fetched ---- */

#define JWKS_URL FORGE_ISSUER "/jwks"

static apisec_verifier *fetching(apisec_http *http)
{
    apisec_verifier *verifier;
    apisec_trust *const trust = apisec_trust_new();
    apisec_issuer *const issuer = apisec_trust_add_issuer(trust, FORGE_ISSUER);
    apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
    apisec_issuer_allow_algorithm(issuer, "ES256");
    apisec_issuer_set_jwks_uri(issuer, JWKS_URL);
    assert_int_equal(apisec_verifier_new(trust, http, &verifier, NULL), APISEC_OK);
    apisec_trust_free(trust);
    return verifier;
}

static void test_keys_are_fetched(void **state)
{
    (void)state;
    char *const set = forge_jwks((const apisec_signer *[]){forge_signer("ES256", 0), NULL});
    const struct script_answer answers[] = {
        {.url = JWKS_URL, .status = 200, .headers = "Content-Type: application/json\n", .body = set}};
    apisec_call *const call = service_call(good());
    struct script script;
    apisec_op *op;
    apisec_decision *decision;
    int64_t now_ms = (int64_t)FORGE_NOW * 1000;

    script_init(&script, answers, 1); /* blocking */
    apisec_verifier *verifier = fetching(&script.http);
    assert_int_equal(apisec_authenticate(verifier, service.audit, call, &decision, NULL), APISEC_OK);
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_OK);
    apisec_decision_free(decision);
    apisec_verifier_free(verifier);
    script_end(&script);

    script_init(&script, answers, 1); /* by hand */
    verifier = fetching(NULL);
    assert_int_equal(apisec_authenticate_start(verifier, service.audit, call, &op, NULL), APISEC_OK);
    assert_int_equal(apisec_op_next(op, now_ms), APISEC_OP_HTTP);
    assert_misuse(op); /* not in the middle */
    script_run(&script, op, &now_ms);
    assert_int_equal(apisec_authenticate_finish(op, &decision, NULL), APISEC_OK);
    apisec_op_free(op);
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_OK);
    apisec_decision_free(decision);

    script_end(&script);
    apisec_verifier_free(verifier);
    apisec_call_free(call);
    free(set);
}

static void test_no_keys_is_not_the_tokens_fault(void **state)
{
    (void)state;
    static const struct script_answer answers[] = {{.url = JWKS_URL, .transport = APISEC_E_UNREACHABLE}};
    apisec_decision *decision;
    struct script script;
    apisec_call *const call = service_call(good());
    script_init_routes(&script, answers, 1);
    apisec_verifier *const verifier = fetching(&script.http);
    assert_int_equal(apisec_authenticate(verifier, service.audit, call, &decision, NULL), APISEC_E_KEYS_UNAVAILABLE);
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_E_KEYS_UNAVAILABLE);
    assert_int_equal(apisec_decision_http_status(decision), 503);
    assert_int_equal(apisec_decision_num_headers(decision), 1);
    assert_string_equal(apisec_decision_header_name(decision, 0), "Retry-After");
    assert_string_equal(apisec_decision_header_value(decision, 0), "10");
    apisec_decision_free(decision);
    apisec_verifier_free(verifier);
    apisec_call_free(call);
    script_end(&script);
}

static void test_an_operation_freed_while_it_fetches(void **state)
{
    (void)state;
    apisec_op *op;
    apisec_call *const call = service_call(good());
    apisec_verifier *const verifier = fetching(NULL);
    assert_int_equal(apisec_authenticate_start(verifier, service.audit, call, &op, NULL), APISEC_OK);
    assert_int_equal(apisec_op_next(op, (int64_t)FORGE_NOW * 1000), APISEC_OP_HTTP);
    apisec_op_free(op);
    assert_string_equal(line_value(service_line(&service, 0), "action_id"), "2");
    assert_int_equal(apisec_authenticate_start(verifier, service.audit, call, &op, NULL), APISEC_OK);
    assert_int_equal(apisec_op_next(op, (int64_t)FORGE_NOW * 1000), APISEC_OP_HTTP); /* it takes the flight over */
    apisec_op_free(op);
    apisec_verifier_free(verifier);
    apisec_call_free(call);
}

static int end_all(void **state)
{
    (void)state;
    forge_end();
    return 0;
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_tokens),
        WITH(test_calls),
        WITH(test_a_huge_token),
        WITH(test_the_calls_time_is_the_judges),
        WITH(test_wrong_arguments),
        WITH(test_finish_at_the_wrong_moment),
        WITH(test_an_operation_nobody_finished_is_recorded),
        WITH(test_the_operation_keeps_what_it_needs),
        WITH(test_keys_are_fetched),
        WITH(test_no_keys_is_not_the_tokens_fault),
        WITH(test_an_operation_freed_while_it_fetches),
    };
    return cmocka_run_group_tests_name("authenticate", tests, NULL, end_all);
}
