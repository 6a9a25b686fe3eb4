/* SPDX-License-Identifier: Apache-2.0
 *
 * test_decision.c: a decision denies until it is committed; its first failure stands; what comes at the wrong moment changes
 * nothing; and there is one record of it, whatever happens to it.
 */
#include "support/unit.h"
#include "access/access.h"
#include "support/service.h"

#include <stdio.h>
#include <string.h>

static struct service service;
static const char *good; /* a token with scope "orders:read" and tenant "acme" */

static int begin_with(int32_t on_failure)
{
    service_begin(&service, on_failure);
    static const struct forge_change claims[] = {{"scope", "\"orders:read\""}, {"tenant", "\"acme\""}, {NULL, NULL}};
    good = service_token(&service, claims);
    return 0;
}

static int begin(void **state)
{
    (void)state;
    return begin_with(APISEC_AUDIT_STRICT);
}

static int begin_lenient(void **state)
{
    (void)state;
    return begin_with(APISEC_AUDIT_LENIENT);
}

static int end(void **state)
{
    (void)state;
    service_end(&service);
    return 0;
}

static size_t num_records(void)
{
    return service.lines.bytes ? line_count(service.lines.bytes) : 0;
}

static void assert_record(size_t index, const char *path, const char *expected)
{
    const char *const value = line_value(service_line(&service, index), path);
    if (strcmp(value, expected) != 0) fail_msg("record %zu: %s is %s, not %s", index, path, value, expected);
}

static void test_an_allow(void **state)
{
    (void)state;
    apisec_error err;
    apisec_decision *const decision = service_decide(&service, good);
    assert_int_equal(apisec_decision_status(decision), APISEC_OK);
    assert_int_equal(apisec_decision_http_status(decision), 500); /* nothing has failed yet is not a permission */
    assert_int_equal(apisec_decision_num_headers(decision), 0);
    assert_non_null(strstr(apisec_decision_explanation(decision), "\"verdict\":\"pending\""));
    assert_non_null(apisec_decision_token(decision));
    assert_int_equal(apisec_decision_require_scope(decision, "orders:read"), APISEC_OK);
    assert_int_equal(apisec_decision_require_scopes(decision, (const char *[]){"orders:read"}, 1), APISEC_OK);
    assert_int_equal(apisec_decision_require_any_scope(decision, (const char *[]){"x", "orders:read"}, 2), APISEC_OK);
    assert_int_equal(apisec_decision_require_claim(decision, "tenant", "acme"), APISEC_OK);
    assert_int_equal(num_records(), 0);

    assert_int_equal(apisec_decision_commit(decision, &err), APISEC_OK);
    assert_int_equal(err.status, APISEC_OK);
    assert_int_equal(apisec_decision_http_status(decision), 200);
    assert_string_equal(apisec_decision_reason(decision), "");
    assert_int_equal(apisec_decision_num_headers(decision), 0);
    assert_null(apisec_decision_header_name(decision, 0));
    assert_null(apisec_decision_header_value(decision, 0));
    assert_non_null(strstr(apisec_decision_explanation(decision), "\"verdict\":\"allowed\""));
    assert_int_equal(num_records(), 1);
    assert_record(0, "action_id", "1");
    apisec_decision_free(decision);
    assert_int_equal(num_records(), 1);
}

static void test_the_first_failure_stands(void **state)
{
    (void)state;
    apisec_error err;
    apisec_decision *const decision = service_decide(&service, good);
    assert_int_equal(apisec_decision_require_scope(decision, "orders:write"), APISEC_E_SCOPE);
    assert_int_equal(apisec_decision_status(decision), APISEC_E_SCOPE);
    assert_int_equal(apisec_decision_http_status(decision), 500); /* not before commit */
    assert_int_equal(apisec_decision_num_headers(decision), 0);
    assert_int_equal(apisec_decision_require_scope(decision, "orders:read"), APISEC_E_SCOPE); /* which it has */
    assert_int_equal(apisec_decision_require_claim(decision, "tenant", "other"), APISEC_E_SCOPE);
    assert_int_equal(apisec_decision_require_scopes(decision, NULL, 0), APISEC_E_SCOPE);
    assert_int_equal(apisec_decision_require_any_scope(decision, NULL, 0), APISEC_E_SCOPE);
    assert_int_equal(apisec_decision_deny(decision, APISEC_E_DENIED, "later"), APISEC_E_SCOPE);
    assert_int_equal(decision->num_checks, 1); /* later ones are not even made */
    assert_int_equal(apisec_decision_commit(decision, &err), APISEC_E_SCOPE);
    assert_int_equal(err.status, APISEC_E_SCOPE);
    assert_string_equal(err.text, apisec_decision_reason(decision));
    assert_int_equal(apisec_decision_http_status(decision), 403);
    assert_int_equal(apisec_decision_num_headers(decision), 1);
    assert_string_equal(apisec_decision_header_name(decision, 0), "WWW-Authenticate");
    assert_string_equal(apisec_decision_header_value(decision, 0),
                        "Bearer error=\"insufficient_scope\", error_description=\"The request requires a scope that the access "
                        "token does not have\", scope=\"orders:write\"");
    assert_null(apisec_decision_header_name(decision, 1));
    assert_non_null(apisec_decision_token(decision)); /* it was authenticated all the same */
    assert_record(0, "status_code", "\"APISEC_E_SCOPE\"");
    apisec_decision_free(decision);
}

static void test_the_challenge_names_all_scopes_so_far(void **state)
{
    (void)state;
    apisec_decision *const decision = service_decide(&service, good);
    apisec_decision_require_scope(decision, "orders:read");
    apisec_decision_require_scopes(decision, (const char *[]){"orders:read", "orders:write"}, 2);
    apisec_decision_require_scope(decision, "never");
    apisec_decision_commit(decision, NULL);
    assert_non_null(strstr(apisec_decision_header_value(decision, 0), "scope=\"orders:read orders:write\""));
    apisec_decision_free(decision);
}

static void test_what_cannot_be_required_denies(void **state)
{
    (void)state;
    static const char *const bad[] = {"orders:read", ""};
    for (int row = 0; row < 7; row++) {
        apisec_decision *const decision = service_decide(&service, good);
        apisec_status status = APISEC_OK, expected = APISEC_E_ARGUMENT;
        switch (row) {
        case 0: status = apisec_decision_require_scope(decision, NULL); break;
        case 1: status = apisec_decision_require_scope(decision, "two scopes"); break;
        case 2: status = apisec_decision_require_any_scope(decision, bad, 2); break;
        case 3: status = apisec_decision_require_claim(decision, NULL, "x"); break;
        case 4: status = apisec_decision_require_claim(decision, "tenant", NULL); break;
        case 5: status = apisec_decision_require_scopes(decision, bad, 0); expected = APISEC_E_MISUSE; break;
        case 6: status = apisec_decision_require_any_scope(decision, NULL, 1); expected = APISEC_E_MISUSE; break;
        }
        if (status != expected) fail_msg("row %d: %s", row, apisec_status_name(status));
        assert_int_equal(apisec_decision_commit(decision, NULL), expected);
        assert_int_equal(apisec_decision_http_status(decision), 500);
        apisec_decision_free(decision);
    }
}

static void test_deny(void **state)
{
    (void)state;
    static const struct {
        apisec_status given, stands;
        int32_t http;
        const char *why;
    } rows[] = {
        {APISEC_E_DENIED, APISEC_E_DENIED, 403, "the plain case"},
        {APISEC_E_ROLE, APISEC_E_ROLE, 403, "3xx"},
        {APISEC_E_SCOPE, APISEC_E_SCOPE, 403, ""},
        {APISEC_E_BODY, APISEC_E_BODY, 400, ""},
        {APISEC_E_STORE, APISEC_E_STORE, 503, "5xx"},
        {APISEC_E_RATE, APISEC_E_RATE, 429, "6xx"},
        {APISEC_OK, APISEC_E_DENIED, 403, "to deny with OK is to deny"},
        {APISEC_E_ARGUMENT, APISEC_E_DENIED, 403, "1xx is not the service's to say"},
        {APISEC_E_EXPIRED, APISEC_E_DENIED, 403, "nor what is wrong with a token"},
        {APISEC_E_NO_CREDENTIAL, APISEC_E_DENIED, 403, ""},
        {APISEC_E_TIMEOUT, APISEC_E_DENIED, 403, "nor another server's fault"},
        {-399, APISEC_E_DENIED, 403, "no such status"},
        {-1, APISEC_E_DENIED, 403, ""},
        {301, APISEC_E_DENIED, 403, "not negative"},
        {INT32_MIN, APISEC_E_DENIED, 403, ""},
        {INT32_MAX, APISEC_E_DENIED, 403, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_decision *const decision = service_decide(&service, good);
        const apisec_status status = apisec_decision_deny(decision, rows[i].given, "not\nthe owner");
        if (status != rows[i].stands) fail_msg("row %zu: %s: %s", i, apisec_status_name(status), rows[i].why);
        assert_int_equal(apisec_decision_commit(decision, NULL), rows[i].stands);
        assert_int_equal(apisec_decision_http_status(decision), rows[i].http);
        assert_string_equal(apisec_decision_reason(decision), "not?the owner");
        for (size_t n = 0; n < apisec_decision_num_headers(decision); n++) /* the reason is not for the client */
            assert_null(strstr(apisec_decision_header_value(decision, n), "owner"));
        apisec_decision_free(decision);
    }
    apisec_decision *const decision = service_decide(&service, good);
    assert_int_equal(apisec_decision_deny(decision, APISEC_E_DENIED, NULL), APISEC_E_DENIED);
    assert_string_equal(apisec_decision_reason(decision), "denied by the service");
    apisec_decision_free(decision);
}

static void test_after_commit_nothing_changes(void **state)
{
    (void)state;
    for (int denied = 0; denied < 2; denied++) {
        char before[8192];
        apisec_decision *const decision = service_decide(&service, good);
        if (denied) apisec_decision_deny(decision, APISEC_E_DENIED, "no");
        const apisec_status verdict = apisec_decision_commit(decision, NULL);
        const size_t records = num_records();
        snprintf(before, sizeof before, "%s", apisec_decision_explanation(decision));
        assert_int_equal(apisec_decision_require_scope(decision, "x"), APISEC_E_MISUSE);
        assert_int_equal(apisec_decision_require_scopes(decision, NULL, 0), APISEC_E_MISUSE);
        assert_int_equal(apisec_decision_require_any_scope(decision, NULL, 0), APISEC_E_MISUSE);
        assert_int_equal(apisec_decision_require_claim(decision, "tenant", "x"), APISEC_E_MISUSE);
        assert_int_equal(apisec_decision_deny(decision, APISEC_E_DENIED, "x"), APISEC_E_MISUSE);
        assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_E_MISUSE);
        assert_int_equal(apisec_decision_status(decision), verdict);
        assert_int_equal(apisec_decision_http_status(decision), denied ? 403 : 200);
        assert_string_equal(apisec_decision_explanation(decision), before);
        apisec_decision_free(decision);
        assert_int_equal(num_records(), records);
    }
}

static void test_abandoned(void **state)
{
    (void)state;
    apisec_decision *decision = service_decide(&service, good);
    apisec_decision_require_scope(decision, "orders:read");
    apisec_decision_free(decision);
    assert_int_equal(num_records(), 1);
    assert_record(0, "action_id", "2"); /* though nothing had failed */
    assert_record(0, "status_code", "\"APISEC_E_MISUSE\"");
    assert_record(0, "status_detail", "\"abandoned: freed without a commit\"");

    decision = service_decide(&service, good);
    apisec_decision_deny(decision, APISEC_E_RATE, "too many");
    apisec_decision_free(decision);
    assert_record(1, "status_code", "\"APISEC_E_RATE\"");
    assert_record(1, "status_detail", "\"abandoned: too many\"");

    apisec_decision_free(service_decide(&service, NULL));
    assert_record(2, "status_code", "\"APISEC_E_NO_CREDENTIAL\"");
    assert_int_equal(num_records(), 3);
}

static void test_strict_no_allow_without_a_record(void **state)
{
    (void)state;
    apisec_error err;
    apisec_decision *decision = service_decide(&service, good);
    service.log_refuses = true;
    assert_int_equal(apisec_decision_commit(decision, &err), APISEC_E_AUDIT);
    assert_int_equal(err.status, APISEC_E_AUDIT);
    assert_int_equal(apisec_decision_http_status(decision), 503);
    assert_non_null(strstr(apisec_decision_explanation(decision), "\"verdict\":\"denied\",\"status\":\"APISEC_E_AUDIT\""));
    apisec_decision_free(decision);

    decision = service_decide(&service, good); /* a denial is given in any case */
    apisec_decision_deny(decision, APISEC_E_DENIED, "no");
    assert_int_equal(apisec_decision_commit(decision, &err), APISEC_E_DENIED);
    assert_int_equal(apisec_decision_http_status(decision), 403);
    apisec_decision_free(decision);
    apisec_decision_free(service_decide(&service, good)); /* nor does an abandoned one wait */

    assert_int_equal(apisec_audit_num_lost(service.audit), 3);
    service.log_refuses = false;
    decision = service_decide(&service, good);
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_OK);
    apisec_decision_free(decision);
    assert_record(0, "unmapped.apisec.gap.to", "3");
    assert_record(1, "action_id", "1");
}

static void test_lenient_an_allow_stands(void **state)
{
    (void)state;
    apisec_decision *const decision = service_decide(&service, good);
    service.log_refuses = true;
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_OK);
    assert_int_equal(apisec_decision_http_status(decision), 200);
    assert_int_equal(apisec_audit_num_lost(service.audit), 1);
    apisec_decision_free(decision);
    service.log_refuses = false;
}

static void test_without_a_log(void **state)
{
    (void)state;
    apisec_audit *const audit = service.audit;
    service.audit = NULL;
    apisec_decision *decision = service_decide(&service, good);
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_OK);
    apisec_decision_free(decision);
    apisec_decision_free(service_decide(&service, good));
    service.audit = audit;
    assert_int_equal(num_records(), 0);
}

static void test_one_check_too_many(void **state)
{
    (void)state;
    for (int with_deny = 0; with_deny < 2; with_deny++) {
        apisec_decision *const decision = service_decide(&service, good);
        for (size_t i = 0; i < DECISION_MAX_CHECKS; i++)
            assert_int_equal(apisec_decision_require_claim(decision, "tenant", "acme"), APISEC_OK);
        if (with_deny) assert_int_equal(apisec_decision_deny(decision, APISEC_E_DENIED, "no"), APISEC_E_DENIED);
        else assert_int_equal(apisec_decision_require_claim(decision, "tenant", "acme"), APISEC_E_ARGUMENT);
        assert_int_equal(apisec_decision_commit(decision, NULL), with_deny ? APISEC_E_DENIED : APISEC_E_ARGUMENT);
        apisec_decision_free(decision);
    }
}

static void test_the_reason_names_what_was_required(void **state)
{
    (void)state;
    apisec_decision *decision = service_decide(&service, good);
    apisec_decision_require_claim(decision, "tenant", "other");
    assert_string_equal(apisec_decision_reason(decision), "claim tenant is not what is required");
    apisec_decision_free(decision);
    decision = service_decide(&service, good);
    apisec_decision_require_scopes(decision, (const char *[]){"orders:read", "x"}, 2);
    assert_string_equal(apisec_decision_reason(decision), "the token lacks what is required of its scope: orders:read x");
    apisec_decision_free(decision);
}

static void test_headers_without_memory_and_before_commit(void **state)
{
    (void)state;
    struct apisec_decision decision = {.phase = DECISION_COMMITTED, .status = APISEC_E_EXPIRED};
    decision.challenge.status = APISEC_E_MEMORY; /* a 401 has a challenge all the same */
    assert_int_equal(apisec_decision_num_headers(&decision), 1);
    assert_string_equal(apisec_decision_header_name(&decision, 0), "WWW-Authenticate");
    assert_string_equal(apisec_decision_header_value(&decision, 0), "Bearer");
    decision = (struct apisec_decision){.phase = DECISION_COMMITTED, .status = APISEC_E_KEYS_UNAVAILABLE};
    assert_string_equal(apisec_decision_header_name(&decision, 0), "Retry-After");
    decision.phase = DECISION_OPEN;
    assert_int_equal(apisec_decision_num_headers(&decision), 0);
}

/* Each header goes along where it is due, and nowhere else. */
static void test_which_headers(void **state)
{
    (void)state;
    static const struct {
        apisec_status status;
        const char *retry_after, *nonce;
        const char *retry; /* NULL: not there */
        const char *why;
    } rows[] = {
        {APISEC_E_KEYS_UNAVAILABLE, "", "", "10", "it may pass"},
        {APISEC_E_STORE, "", "", "10", "so may this"},
        {APISEC_E_BUSY, "", "", "10", "and this"},
        {APISEC_E_BUSY, "7", "", "10", "of no limit: another's time is not given"},
        {APISEC_E_MEMORY, "", "", NULL, "nobody knows when"},
        {APISEC_E_RATE, "7", "", "7", "the limit's own time"},
        {APISEC_E_RATE, "", "", NULL, "a limit that does not say when"},
        {APISEC_E_SCOPE, "7", "", NULL, "later is no better"},
        {APISEC_OK, "7", "", NULL, "allowed"},
        {APISEC_OK, "", "n1", NULL, "the next nonce goes along with an allow"},
        {APISEC_E_PROOF, "", "n1", NULL, "and with a denial"},
        {APISEC_E_BUSY, "", "n1", "10", "both"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct apisec_decision decision = {.phase = DECISION_COMMITTED, .status = rows[i].status};
        size_t num = 0;
        snprintf(decision.retry_after, sizeof decision.retry_after, "%s", rows[i].retry_after);
        snprintf(decision.dpop_nonce, sizeof decision.dpop_nonce, "%s", rows[i].nonce);
        if (rows[i].retry != NULL) {
            if (apisec_decision_num_headers(&decision) == 0) fail_msg("%s", rows[i].why);
            assert_string_equal(apisec_decision_header_name(&decision, num), "Retry-After");
            assert_string_equal(apisec_decision_header_value(&decision, num++), rows[i].retry);
        }
        if (rows[i].nonce[0] != '\0') {
            assert_string_equal(apisec_decision_header_name(&decision, num), "DPoP-Nonce");
            assert_string_equal(apisec_decision_header_value(&decision, num++), rows[i].nonce);
        }
        if (apisec_decision_num_headers(&decision) != num) fail_msg("%s", rows[i].why);
        assert_null(apisec_decision_header_name(&decision, num));
    }
}

/* What was not verified to the end is nobody's token, whatever there is of it; the status of a body is of that denial alone. */
static void test_what_is_not_said(void **state)
{
    (void)state;
    apisec_token *const any = (apisec_token *)&service; /* never looked into */
    struct apisec_decision decision = {.phase = DECISION_COMMITTED, .status = APISEC_E_BINDING, .token = any};
    assert_null(apisec_decision_token(&decision));
    decision.authenticated = true;
    assert_ptr_equal(apisec_decision_token(&decision), any);
    decision.body_http_status = 413;
    decision.status = APISEC_E_BODY;
    assert_int_equal(apisec_decision_http_status(&decision), 413);
    decision.status = APISEC_E_SCOPE;
    assert_int_equal(apisec_decision_http_status(&decision), 403);
    snprintf(decision.error.text, sizeof decision.error.text, "left over");
    assert_string_equal(apisec_decision_reason(&decision), "left over");
    decision.status = APISEC_OK;
    assert_string_equal(apisec_decision_reason(&decision), "");
    apisec_error err;
    assert_int_equal(decision_report(&decision, &err), APISEC_OK);
    assert_string_equal(err.text, "");
}

static void test_too_many_scopes(void **state)
{
    (void)state;
    static char names[200][101];
    const char *scopes[200];
    apisec_decision *const decision = service_decide(&service, good);
    for (size_t i = 0; i < 200; i++) {
        memset(names[i], 'a', 100);
        snprintf(names[i], 8, "s%zu", i);
        names[i][strlen(names[i])] = '_';
        scopes[i] = names[i];
    }
    assert_int_equal(apisec_decision_require_any_scope(decision, scopes, 200), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_E_ARGUMENT);
    apisec_decision_free(decision);
}

static void assert_denial(apisec_decision *decision, apisec_status status)
{
    apisec_error err;
    assert_int_equal(apisec_decision_status(decision), status);
    assert_int_equal(apisec_decision_http_status(decision), 500);
    assert_null(apisec_decision_token(decision));
    assert_true(strlen(apisec_decision_reason(decision)) > 0);
    assert_int_equal(apisec_decision_num_headers(decision), 0);
    assert_null(apisec_decision_header_name(decision, 0));
    assert_null(apisec_decision_header_value(decision, 0));
    const char *const explanation = apisec_decision_explanation(decision);
    assert_int_equal(apisec_json_scan(explanation, strlen(explanation), NULL, NULL, NULL), APISEC_OK);
    assert_non_null(strstr(explanation, "\"verdict\":\"denied\""));
    assert_non_null(strstr(explanation, apisec_status_name(status)));
    assert_int_equal(apisec_decision_require_scope(decision, "x"), status);
    assert_int_equal(apisec_decision_require_scopes(decision, (const char *[]){"x"}, 1), status);
    assert_int_equal(apisec_decision_require_any_scope(decision, (const char *[]){"x"}, 1), status);
    assert_int_equal(apisec_decision_require_claim(decision, "x", "y"), status);
    assert_int_equal(apisec_decision_deny(decision, APISEC_E_DENIED, "x"), status);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(apisec_decision_commit(decision, &err), status);
        assert_int_equal(err.status, status);
    }
    apisec_decision_free(decision);
}

static void test_no_decision_is_a_denial(void **state)
{
    (void)state;
    assert_denial(NULL, APISEC_E_MISUSE);
}

static void test_the_denial_without_memory(void **state)
{
    (void)state;
    assert_denial(decision_out_of_memory(), APISEC_E_MEMORY);
    assert_denial(decision_out_of_memory(), APISEC_E_MEMORY); /* freeing it did nothing */
}

static void test_a_decision_without_a_call(void **state)
{
    (void)state;
    apisec_decision *const decision = decision_new(NULL, service.audit, NULL);
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_E_MISUSE); /* nobody was authenticated */
    assert_int_equal(apisec_decision_http_status(decision), 500);
    apisec_decision_free(decision);
    assert_record(0, "action_id", "2");
    assert_record(0, "api.operation", "\"unknown\"");
    assert_record(0, "actor.app_name", "\"unknown\"");
    assert_record(0, "src_endpoint.name", "\"unknown\"");
    assert_record(0, "http_request", "");
}

static void test_the_token_outlives_the_decision(void **state)
{
    (void)state;
    apisec_decision *const decision = service_decide(&service, good);
    apisec_token *const token = apisec_token_ref(apisec_decision_token(decision));
    apisec_decision_commit(decision, NULL);
    apisec_decision_free(decision);
    assert_string_equal(apisec_token_issuer(token), FORGE_ISSUER);
    apisec_token_free(token);
}

static void test_the_verifier_may_go_first(void **state)
{
    (void)state;
    apisec_decision *const decision = service_decide(&service, good);
    apisec_verifier_free(service.verifier);
    service.verifier = NULL;
    apisec_decision_require_scope(decision, "x");
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_E_SCOPE);
    assert_int_equal(apisec_decision_num_headers(decision), 1);
    apisec_decision_free(decision);
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
        WITH(test_an_allow),
        WITH(test_the_first_failure_stands),
        WITH(test_the_challenge_names_all_scopes_so_far),
        WITH(test_what_cannot_be_required_denies),
        WITH(test_deny),
        WITH(test_after_commit_nothing_changes),
        WITH(test_abandoned),
        WITH(test_strict_no_allow_without_a_record),
        cmocka_unit_test_setup_teardown(test_lenient_an_allow_stands, begin_lenient, end),
        WITH(test_without_a_log),
        WITH(test_one_check_too_many),
        WITH(test_the_reason_names_what_was_required),
        WITH(test_headers_without_memory_and_before_commit),
        WITH(test_which_headers),
        WITH(test_what_is_not_said),
        WITH(test_too_many_scopes),
        WITH(test_no_decision_is_a_denial),
        WITH(test_the_denial_without_memory),
        WITH(test_a_decision_without_a_call),
        WITH(test_the_token_outlives_the_decision),
        WITH(test_the_verifier_may_go_first),
    };
    return cmocka_run_group_tests_name("decision", tests, NULL, end_all);
}
