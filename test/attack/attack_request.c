/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_request.c: attacks on the way from a request to a decision: credentials sent twice or elsewhere, headers with foreign
 * bytes, scopes that nearly match, and decisions that are misused or forgotten. What is not plainly allowed is denied.
 */
#include "support/unit.h"
#include "support/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct service service;
static const char *honest;

/* ---- one credential ---- */

struct sent {
    const char *what;
    const char *target;
    const char *names[3];   /* of headers; NULL: no more */
    const char *values[3];  /* "@" is an honest token */
    apisec_status expected;
    int32_t http;
};

static apisec_call *make_call(const struct sent *sent)
{
    apisec_call *call = apisec_call_new();
    apisec_call_set_method(call, "GET", 3);
    apisec_call_set_target(call, sent->target, strlen(sent->target));
    apisec_call_set_time(call, FORGE_NOW);
    for (size_t i = 0; i < 3 && sent->names[i] != NULL; i++) {
        char *value = strchr(sent->values[i], '@') == NULL ? text_copy(text_of(sent->values[i]))
                                                           : forge_replace(sent->values[i], "@", honest);
        while (strchr(value, '@') != NULL) {
            char *more = forge_replace(value, "@", honest);
            free(value);
            value = more;
        }
        apisec_call_add_header(call, sent->names[i], strlen(sent->names[i]), value, strlen(value));
        free(value);
    }
    return call;
}

static void send(const struct sent *sent)
{
    apisec_decision *decision = NULL;
    apisec_call *call = make_call(sent);
    const apisec_status status = apisec_authenticate(service.verifier, service.audit, call, &decision, NULL);
    apisec_call_free(call);
    if (status != sent->expected) fail_msg("%s: %s", sent->what, apisec_status_name(status));
    assert_int_equal(apisec_decision_http_status(decision), 500); /* before commit nothing is allowed */
    assert_int_equal(apisec_decision_commit(decision, NULL), status);
    if (apisec_decision_http_status(decision) != sent->http)
        fail_msg("%s: HTTP %d", sent->what, (int)apisec_decision_http_status(decision));
    if (sent->http == 400)
        assert_string_equal(apisec_decision_header_value(decision, 0),
                            "Bearer error=\"invalid_request\", error_description=\"The request, or how its access token is sent, "
                            "is not acceptable\"");
    if (status == APISEC_E_NO_CREDENTIAL) assert_string_equal(apisec_decision_header_value(decision, 0), "Bearer");
    assert_int_equal(apisec_decision_num_headers(decision), sent->http == 400 || sent->http == 401);
    apisec_decision_free(decision);
}

#define A "Authorization"

static void test_credentials(void **state)
{
    (void)state;
    static const struct sent rows[] = {
        {"one bearer token", "/", {A}, {"Bearer @"}, APISEC_OK, 200},
        {"in another case", "/", {"authorization"}, {"bEARER @"}, APISEC_OK, 200},
        {"beside other headers", "/", {"Accept", A, "Cookie"}, {"*/*", "Bearer @", "a=b"}, APISEC_OK, 200},
        {"none", "/", {NULL}, {NULL}, APISEC_E_NO_CREDENTIAL, 401},
        {"another scheme: a client's own credential is no user", "/", {A}, {"Basic c2hvcDpzZWNyZXQ="}, APISEC_E_NO_CREDENTIAL, 401},
        {"twice", "/", {A, A}, {"Bearer @", "Bearer @"}, APISEC_E_REQUEST, 400},
        {"twice, another case", "/", {A, "AUTHORIZATION"}, {"Bearer @", "Bearer x.y.z"}, APISEC_E_REQUEST, 400},
        {"twice in one field", "/", {A}, {"Bearer @, Bearer @"}, APISEC_E_REQUEST, 400},
        {"Bearer and DPoP", "/", {A, A}, {"Bearer @", "DPoP @"}, APISEC_E_REQUEST, 400},
        {"Bearer and Basic", "/", {A, A}, {"Basic c2hvcDpzZWNyZXQ=", "Bearer @"}, APISEC_E_REQUEST, 400},
        {"DPoP, which nothing here can prove", "/", {A}, {"DPoP @"}, APISEC_E_REQUEST, 400},
        {"in the query", "/?access_token=x", {NULL}, {NULL}, APISEC_E_REQUEST, 400},
        {"in the query as well", "/?a=b&access_token=x", {A}, {"Bearer @"}, APISEC_E_REQUEST, 400},
        {"in the query, escaped", "/?acc%65ss_token=x", {A}, {"Bearer @"}, APISEC_E_REQUEST, 400},
        {"a name that only begins so", "/?access_tokens=x", {A}, {"Bearer @"}, APISEC_OK, 200},
        {"in another header", "/", {"X-Access-Token"}, {"@"}, APISEC_E_NO_CREDENTIAL, 401},
        {"in a cookie", "/", {"Cookie"}, {"access_token=@"}, APISEC_E_NO_CREDENTIAL, 401},
        {"in the proxy's header", "/", {"Proxy-Authorization"}, {"Bearer @"}, APISEC_E_NO_CREDENTIAL, 401},
        {"no token behind the scheme", "/", {A}, {"Bearer "}, APISEC_E_REQUEST, 400},
        {"quoted", "/", {A}, {"Bearer \"@\""}, APISEC_E_MALFORMED, 401},
        {"with a parameter", "/", {A}, {"Bearer @, realm=x"}, APISEC_E_REQUEST, 400},
        {"with a space inside", "/", {A}, {"Bearer @ x"}, APISEC_E_REQUEST, 400},
        {"with a line end", "/", {A}, {"Bearer @\n"}, APISEC_E_REQUEST, 400},
        {"with a header behind it", "/", {A}, {"Bearer @\r\nX-Admin: 1"}, APISEC_E_REQUEST, 400},
        {"with a line end elsewhere", "/", {A, "X"}, {"Bearer @", "a\rb"}, APISEC_E_REQUEST, 400},
        {"with a name that is none", "/", {A, "X Y"}, {"Bearer @", "z"}, APISEC_E_REQUEST, 400},
        {"beyond ASCII", "/", {A}, {"Bearer \xc3\xa9"}, APISEC_E_MALFORMED, 401},
        {"a refused token", "/", {A}, {"Bearer @x"}, APISEC_E_MALFORMED, 401},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) send(&rows[i]);
}

static void test_nul_in_headers(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) {
        apisec_decision *decision = NULL;
        apisec_call *call = service_call(honest);
        if (k == 0) apisec_call_add_header(call, "X", 1, "a\0b", 3);
        if (k == 1) apisec_call_add_header(call, "X\0Authorization", 15, "b", 1);
        if (k == 2) apisec_call_add_header(call, "X", 1, "a0b", 3);
        const apisec_status status = apisec_authenticate(service.verifier, service.audit, call, &decision, NULL);
        assert_int_equal(status, k == 2 ? APISEC_OK : APISEC_E_REQUEST);
        apisec_decision_commit(decision, NULL);
        apisec_decision_free(decision);
        apisec_call_free(call);
    }
}

/* What smuggles a request past a front server: sizes and numbers beyond what is looked at. */
static void test_floods_of_headers(void **state)
{
    (void)state;
    static const struct {
        size_t num, len;
        apisec_status expected;
    } rows[] = {{127, 10, APISEC_OK}, {128, 10, APISEC_E_REQUEST}, {1, 60000, APISEC_OK}, {1, 66000, APISEC_E_REQUEST}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_decision *decision = NULL;
        apisec_call *call = service_call(honest);
        char *value = malloc(rows[i].len);
        assert_non_null(value);
        memset(value, 'x', rows[i].len);
        for (size_t k = 0; k < rows[i].num; k++) apisec_call_add_header(call, "X", 1, value, rows[i].len);
        assert_int_equal(apisec_authenticate(service.verifier, service.audit, call, &decision, NULL), rows[i].expected);
        apisec_decision_commit(decision, NULL);
        apisec_decision_free(decision);
        apisec_call_free(call);
        free(value);
    }
}

static void test_a_bound_token_as_bearer(void **state)
{
    (void)state;
    const struct forge_change bound[] = {{"cnf", "{\"jkt\":\"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I\"}"}, {NULL, NULL}};
    apisec_decision *decision = service_decide(&service, service_token(&service, bound));
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_E_BINDING);
    assert_int_equal(apisec_decision_http_status(decision), 401);
    assert_null(apisec_decision_token(decision));
    apisec_decision_free(decision);
    decision = service_decide(&service, honest);
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_OK);
    apisec_decision_free(decision);
}

/* ---- scopes ---- */

static void test_scopes(void **state)
{
    (void)state;
    static const struct {
        const char *granted; /* raw JSON */
        const char *required;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {"\"admin\"", "admin", APISEC_OK, ""},
        {"\"read admin write\"", "admin", APISEC_OK, "one of several"},
        {"\"admin\"", "admin:read", APISEC_E_SCOPE, "no hierarchy downwards"},
        {"\"admin:read\"", "admin", APISEC_E_SCOPE, "a prefix"},
        {"\"admin:*\"", "admin:read", APISEC_E_SCOPE, "no pattern in the token"},
        {"\"*\"", "admin", APISEC_E_SCOPE, ""},
        {"\"admin\"", "adm", APISEC_E_SCOPE, ""},
        {"\"superadmin\"", "admin", APISEC_E_SCOPE, "a suffix"},
        {"\"Admin\"", "admin", APISEC_E_SCOPE, "case"},
        {"\"read\\tadmin\"", "admin", APISEC_E_SCOPE, "a tab separates nothing"},
        {"\"read\\nadmin\"", "admin", APISEC_E_SCOPE, "nor a line end"},
        {"\"read,admin\"", "admin", APISEC_E_SCOPE, "nor a comma"},
        {"\"read\xc2\xa0" "admin\"", "admin", APISEC_E_SCOPE, "nor any other space"},
        {"\"read  admin\"", "admin", APISEC_OK, "an empty element is none, the others are what they are"},
        {"\" admin\"", "admin", APISEC_OK, ""},
        {"\"data/../admin\"", "admin", APISEC_E_SCOPE, "no path: CVE-2026-32726"},
        {"\"..\"", "admin", APISEC_E_SCOPE, "CVE-2026-32725"},
        {"\"admin/..\"", "admin", APISEC_E_SCOPE, ""},
        {"\"read\"", "..", APISEC_E_SCOPE, ""},
        {"\"admin\"", "admin read", APISEC_E_ARGUMENT, "two in one"},
        {"\"admin\"", "", APISEC_E_ARGUMENT, "nothing"},
        {"\"admin\"", " ", APISEC_E_ARGUMENT, ""},
        {"\"admin\"", "adm\"in", APISEC_E_ARGUMENT, "no scope-token"},
        {"\"admin\"", "admin\n", APISEC_E_ARGUMENT, ""},
        {"\"\"", "admin", APISEC_E_SCOPE, "no scopes"},
        {NULL, "admin", APISEC_E_SCOPE, "no claim"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct forge_change change[] = {{"scope", rows[i].granted}, {NULL, NULL}};
        char *token = forge_token(change, FORGE_SAME, forge_signer("ES256", 0));
        apisec_decision *decision = service_decide(&service, token);
        apisec_status bare = apisec_require_scope(apisec_decision_token(decision), rows[i].required);
        const apisec_status status = apisec_decision_require_scope(decision, rows[i].required);
        if (status != rows[i].expected) fail_msg("%s, %s: %s", rows[i].granted, rows[i].required, apisec_status_name(status));
        assert_int_equal(bare, rows[i].expected);
        assert_int_equal(apisec_decision_commit(decision, NULL), rows[i].expected);
        if (status == APISEC_E_SCOPE) {
            assert_int_equal(apisec_decision_http_status(decision), 403);
            char challenge[200];
            snprintf(challenge, sizeof challenge,
                     "Bearer error=\"insufficient_scope\", error_description=\"The request requires a scope that the access token "
                     "does not have\", scope=\"%s\"",
                     rows[i].required);
            assert_string_equal(apisec_decision_header_value(decision, 0), challenge);
        }
        apisec_decision_free(decision);
        free(token);
    }
}

/* ---- decisions ---- */

static void deny_all(apisec_decision *decision, apisec_status expected, const char *why)
{
    const apisec_status status = apisec_decision_commit(decision, NULL);
    if (status != expected) fail_msg("%s: %s", why, apisec_status_name(status));
    assert_true(apisec_decision_http_status(decision) >= 400);
    assert_non_null(strstr(apisec_decision_explanation(decision), "\"verdict\":\"denied\""));
    apisec_decision_free(decision);
}

static void test_lists_that_are_vacuously_true(void **state)
{
    (void)state;
    static const char *const read[] = {"orders:read"}, *const hole[] = {"orders:read", NULL};
    apisec_decision *decision = service_decide(&service, honest);
    assert_int_equal(apisec_decision_require_scopes(decision, NULL, 0), APISEC_E_MISUSE);
    deny_all(decision, APISEC_E_MISUSE, "no list");
    decision = service_decide(&service, honest);
    assert_int_equal(apisec_decision_require_scopes(decision, read, 0), APISEC_E_MISUSE);
    deny_all(decision, APISEC_E_MISUSE, "an empty list");
    decision = service_decide(&service, honest);
    assert_int_equal(apisec_decision_require_any_scope(decision, read, 0), APISEC_E_MISUSE);
    deny_all(decision, APISEC_E_MISUSE, "any of none");
    decision = service_decide(&service, honest);
    assert_int_equal(apisec_decision_require_scopes(decision, hole, 2), APISEC_E_ARGUMENT);
    deny_all(decision, APISEC_E_ARGUMENT, "a list with a hole");
    decision = service_decide(&service, honest);
    assert_int_equal(apisec_decision_require_scope(decision, NULL), APISEC_E_ARGUMENT);
    deny_all(decision, APISEC_E_ARGUMENT, "no scope");
    decision = service_decide(&service, honest);
    assert_int_equal(apisec_decision_require_claim(decision, NULL, "x"), APISEC_E_ARGUMENT);
    deny_all(decision, APISEC_E_ARGUMENT, "no claim");
    decision = service_decide(&service, honest);
    assert_int_equal(apisec_decision_require_scopes(decision, read, 1), APISEC_OK);
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_OK);
    assert_int_equal(apisec_decision_http_status(decision), 200);
    apisec_decision_free(decision);
}

static void test_a_null_token(void **state)
{
    (void)state;
    static const char *const read[] = {"orders:read"};
    assert_int_equal(apisec_require_scope(NULL, "orders:read"), APISEC_E_MISUSE);
    assert_int_equal(apisec_require_scopes(NULL, read, 1), APISEC_E_MISUSE);
    assert_int_equal(apisec_require_any_scope(NULL, read, 1), APISEC_E_MISUSE);
    assert_int_equal(apisec_require_claim(NULL, "sub", "alice"), APISEC_E_MISUSE);
    assert_int_equal(apisec_token_has_scope(NULL, "orders:read"), APISEC_E_MISUSE);
    apisec_token *token = NULL;
    assert_int_equal(apisec_verify(service.verifier, honest, strlen(honest), FORGE_NOW, &token, NULL), APISEC_OK);
    assert_int_equal(apisec_require_scope(token, "orders:read"), APISEC_OK);
    assert_int_equal(apisec_require_claim(token, "sub", "alice"), APISEC_OK);
    assert_int_equal(apisec_require_claim(token, "sub", "bob"), APISEC_E_CONDITION);
    assert_int_equal(apisec_require_claim(token, "exp", FORGE_EXPIRES), APISEC_E_CONDITION); /* a number is no text */
    apisec_token_free(token);
}

static void test_a_null_decision(void **state)
{
    (void)state;
    assert_int_equal(apisec_decision_status(NULL), APISEC_E_MISUSE);
    assert_int_equal(apisec_decision_commit(NULL, NULL), APISEC_E_MISUSE);
    assert_int_equal(apisec_decision_require_scope(NULL, "orders:read"), APISEC_E_MISUSE);
    assert_int_equal(apisec_decision_deny(NULL, APISEC_E_DENIED, "x"), APISEC_E_MISUSE);
    assert_int_equal(apisec_decision_http_status(NULL), 500);
    assert_null(apisec_decision_token(NULL));
    apisec_decision_free(NULL);
}

static void test_a_decision_that_nobody_asked_for(void **state)
{
    (void)state;
    apisec_error err;
    apisec_decision *decision = NULL;
    apisec_call *call = service_call(honest);
    assert_int_equal(apisec_authenticate(NULL, service.audit, call, &decision, &err), APISEC_E_ARGUMENT);
    assert_non_null(decision);
    assert_int_equal(apisec_decision_require_scope(decision, "orders:read"), APISEC_E_ARGUMENT);
    deny_all(decision, err.status, "no verifier");
    assert_int_equal(apisec_authenticate(service.verifier, service.audit, NULL, &decision, &err), APISEC_E_MEMORY);
    deny_all(decision, err.status, "no call");
    apisec_call_free(call);
}

static void test_the_first_failure_stands(void **state)
{
    (void)state;
    apisec_decision *decision = service_decide(&service, honest);
    assert_int_equal(apisec_decision_require_scope(decision, "orders:delete"), APISEC_E_SCOPE);
    assert_int_equal(apisec_decision_require_scope(decision, "orders:read"), APISEC_E_SCOPE); /* a later success heals nothing */
    assert_int_equal(apisec_decision_deny(decision, APISEC_E_DENIED, "later"), APISEC_E_SCOPE);
    deny_all(decision, APISEC_E_SCOPE, "the first");
    decision = service_decide(&service, service_token(&service, (const struct forge_change[]){{"exp", "1"}, {NULL, NULL}}));
    assert_int_equal(apisec_decision_require_scope(decision, "orders:read"), APISEC_E_EXPIRED);
    deny_all(decision, APISEC_E_EXPIRED, "not authenticated");
}

static void test_a_denial_cannot_be_made_a_yes(void **state)
{
    (void)state;
    static const apisec_status statuses[] = {APISEC_OK, APISEC_E_EXPIRED, 1, 200, -1, -399, INT32_MIN, INT32_MAX, APISEC_E_DENIED};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        apisec_decision *decision = service_decide(&service, honest);
        assert_int_equal(apisec_decision_deny(decision, statuses[i], NULL), APISEC_E_DENIED);
        deny_all(decision, APISEC_E_DENIED, "a strange status");
    }
}

static void test_committed_twice(void **state)
{
    (void)state;
    apisec_decision *decision = service_decide(&service, honest);
    const size_t before = service.lines.len;
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_OK);
    const size_t after = service.lines.len;
    assert_true(after > before);
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_E_MISUSE);
    assert_int_equal(apisec_decision_require_scope(decision, "orders:read"), APISEC_E_MISUSE);
    assert_int_equal(apisec_decision_deny(decision, APISEC_E_DENIED, "too late"), APISEC_E_MISUSE);
    assert_int_equal(service.lines.len, after); /* one record */
    apisec_decision_free(decision);
    assert_int_equal(service.lines.len, after);
}

static void test_ignored_and_freed(void **state)
{
    (void)state;
    apisec_decision *decision = service_decide(&service, honest);
    assert_int_equal(apisec_decision_require_scope(decision, "orders:read"), APISEC_OK);
    assert_int_equal(apisec_decision_http_status(decision), 500); /* all checks passed, and still no yes without commit */
    const size_t before = service.lines.len;
    apisec_decision_free(decision);
    const char *record = service.lines.bytes + before;
    assert_non_null(strstr(record, "\"action_id\":2"));
    assert_non_null(strstr(record, "abandoned"));
    assert_null(strstr(record, "\"action_id\":1"));
}

static void test_operations_that_are_not_done(void **state)
{
    (void)state;
    apisec_error err;
    apisec_op *op = NULL;
    apisec_decision *decision = NULL;
    apisec_call *call = service_call(honest);
    assert_int_equal(apisec_authenticate_start(service.verifier, service.audit, call, &op, NULL), APISEC_OK);
    assert_int_equal(apisec_authenticate_finish(op, &decision, &err), APISEC_E_MISUSE); /* not driven yet */
    deny_all(decision, APISEC_E_MISUSE, "unfinished");
    assert_int_equal(apisec_op_next(op, FORGE_NOW * (int64_t)1000), APISEC_OP_DONE);
    assert_int_equal(apisec_authenticate_finish(op, &decision, &err), APISEC_OK);
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_OK);
    apisec_decision_free(decision);
    assert_int_equal(apisec_authenticate_finish(op, &decision, &err), APISEC_E_MISUSE); /* twice */
    deny_all(decision, APISEC_E_MISUSE, "twice");
    apisec_op_free(op);
    assert_int_equal(apisec_authenticate_finish(NULL, &decision, &err), APISEC_E_MISUSE);
    deny_all(decision, APISEC_E_MISUSE, "no operation");
    assert_int_equal(apisec_verify_start(service.verifier, honest, strlen(honest), FORGE_NOW, &op, NULL), APISEC_OK);
    assert_int_equal(apisec_op_next(op, FORGE_NOW * (int64_t)1000), APISEC_OP_DONE);
    assert_int_equal(apisec_authenticate_finish(op, &decision, &err), APISEC_E_MISUSE); /* another kind of operation */
    deny_all(decision, APISEC_E_MISUSE, "another kind");
    apisec_op_free(op);
    apisec_call_free(call);
}

static void test_a_call_that_changes_meanwhile(void **state)
{
    (void)state;
    apisec_op *op = NULL;
    apisec_decision *decision = NULL;
    apisec_call *call = service_call(service_token(&service, (const struct forge_change[]){{"exp", "1"}, {NULL, NULL}}));
    assert_int_equal(apisec_authenticate_start(service.verifier, service.audit, call, &op, NULL), APISEC_OK);
    apisec_call_reset(call);
    apisec_call_free(call);
    assert_int_equal(apisec_op_next(op, FORGE_NOW * (int64_t)1000), APISEC_OP_DONE);
    assert_int_equal(apisec_authenticate_finish(op, &decision, NULL), APISEC_E_EXPIRED); /* what was sent is what is judged */
    deny_all(decision, APISEC_E_EXPIRED, "");
    apisec_op_free(op);
}

static int begin(void **state)
{
    (void)state;
    service_begin(&service, APISEC_AUDIT_STRICT);
    honest = service_token(&service, FORGE_SAME);
    return 0;
}

static int end(void **state)
{
    (void)state;
    service_end(&service);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_credentials),
        cmocka_unit_test(test_nul_in_headers),
        cmocka_unit_test(test_floods_of_headers),
        cmocka_unit_test(test_a_bound_token_as_bearer),
        cmocka_unit_test(test_scopes),
        cmocka_unit_test(test_lists_that_are_vacuously_true),
        cmocka_unit_test(test_a_null_token),
        cmocka_unit_test(test_a_null_decision),
        cmocka_unit_test(test_a_decision_that_nobody_asked_for),
        cmocka_unit_test(test_the_first_failure_stands),
        cmocka_unit_test(test_a_denial_cannot_be_made_a_yes),
        cmocka_unit_test(test_committed_twice),
        cmocka_unit_test(test_ignored_and_freed),
        cmocka_unit_test(test_operations_that_are_not_done),
        cmocka_unit_test(test_a_call_that_changes_meanwhile),
    };
    return cmocka_run_group_tests_name("attack_request", tests, begin, end);
}
