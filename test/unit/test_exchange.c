/* SPDX-License-Identifier: Apache-2.0
 *
 * test_exchange.c: what to ask for, as a builder, and the form that it becomes (RFC 8693 section 2.1).
 */
#include "exchange/exchange.h"
#include "support/verified.h"
#include "support/guard.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URN "urn:ietf:params:oauth:token-type:"
#define URN_ENCODED "urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3A"
#define GRANT "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange"

static void expect_form(const apisec_exchange *exchange, const char *expected)
{
    struct buffer form = BUFFER_MAX(EXCHANGE_MAX_FORM);
    exchange_form(exchange, &form);
    assert_int_equal(form.status, APISEC_OK);
    assert_string_equal(form.bytes, expected);
    buffer_free(&form);
}

static void null_is_harmless(void **state)
{
    (void)state;
    apisec_exchange_set_subject(NULL, NULL, "a", 1);
    apisec_exchange_set_subject_unverified(NULL, "a", 1, NULL);
    apisec_exchange_set_actor(NULL, "a", 1, NULL);
    apisec_exchange_add_audience(NULL, "a");
    apisec_exchange_add_resource(NULL, "urn:a");
    apisec_exchange_set_scope(NULL, "a");
    apisec_exchange_set_requested_type(NULL, "jwt");
    apisec_exchange_set_traceparent(NULL, "00");
    apisec_exchange_free(NULL);
    assert_int_equal(exchange_check(NULL, NULL), APISEC_E_MEMORY); /* the one check at the end */
}

static void the_form_of_the_standards_example(void **state)
{
    (void)state;
    apisec_exchange *exchange = apisec_exchange_new(); /* RFC 8693 figure 2 */
    apisec_exchange_set_subject_unverified(exchange, "accVkjcJyb4BWCxGsndESCJQbdFMogUC5PbRDqceLTC", 43, NULL);
    apisec_exchange_add_resource(exchange, "https://backend.example.com/api");
    assert_int_equal(exchange_check(exchange, NULL), APISEC_OK);
    expect_form(exchange, GRANT "&resource=https%3A%2F%2Fbackend.example.com%2Fapi"
                                "&subject_token=accVkjcJyb4BWCxGsndESCJQbdFMogUC5PbRDqceLTC"
                                "&subject_token_type=" URN_ENCODED "access_token");
    apisec_exchange_free(exchange);
}

static void the_order_of_the_form_is_the_standards(void **state)
{
    (void)state;
    apisec_exchange *exchange = apisec_exchange_new();
    const char *subject = guarded_text("sub+ject"), *actor = guarded_text("act&or");
    apisec_exchange_set_actor(exchange, actor, 6, "jwt"); /* in whatever order they were set */
    apisec_exchange_set_requested_type(exchange, "txn_token");
    apisec_exchange_set_scope(exchange, "ledger:read ledger:list");
    apisec_exchange_add_audience(exchange, "ledger");
    apisec_exchange_add_audience(exchange, "a&b=c");
    apisec_exchange_add_resource(exchange, "https://a.example/x?y=z");
    apisec_exchange_add_resource(exchange, "urn:b");
    apisec_exchange_set_subject_unverified(exchange, subject, 8, "saml2");
    guard_free(subject);
    guard_free(actor);
    assert_int_equal(exchange_check(exchange, NULL), APISEC_OK);
    expect_form(exchange, GRANT "&resource=https%3A%2F%2Fa.example%2Fx%3Fy%3Dz&resource=urn%3Ab"
                                "&audience=ledger&audience=a%26b%3Dc"
                                "&scope=ledger%3Aread+ledger%3Alist"
                                "&requested_token_type=" URN_ENCODED "txn_token"
                                "&subject_token=sub%2Bject&subject_token_type=" URN_ENCODED "saml2"
                                "&actor_token=act%26or&actor_token_type=" URN_ENCODED "jwt");
    apisec_exchange_free(exchange);
}

/* A copy asks for the same with the same actor; on whose behalf is its own. */
static void a_copy_of_a_plan(void **state)
{
    (void)state;
    apisec_exchange *plan = apisec_exchange_new(), *copy = apisec_exchange_new(), *empty = apisec_exchange_new();
    apisec_exchange_set_subject_unverified(plan, "another", 7, NULL);
    apisec_exchange_set_actor(plan, "actor", 5, "jwt");
    apisec_exchange_add_audience(plan, "ledger");
    apisec_exchange_add_resource(plan, "urn:b");
    apisec_exchange_set_scope(plan, "a");
    apisec_exchange_set_requested_type(plan, "jwt");
    assert_true(exchange_copy(plan, copy));
    apisec_exchange_free(plan);
    assert_int_equal(exchange_check(copy, NULL), APISEC_E_CONFIG); /* no subject */
    apisec_exchange_set_subject_unverified(copy, "subject", 7, NULL);
    expect_form(copy, GRANT "&resource=urn%3Ab&audience=ledger&scope=a&requested_token_type=" URN_ENCODED "jwt"
                            "&subject_token=subject&subject_token_type=" URN_ENCODED "access_token"
                            "&actor_token=actor&actor_token_type=" URN_ENCODED "jwt");
    apisec_exchange_free(copy);
    copy = apisec_exchange_new();
    assert_true(exchange_copy(empty, copy));
    expect_form(copy, GRANT);
    apisec_exchange_free(copy);
    apisec_exchange_free(empty);
}

static void which_text_is_a_traceparent(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", APISEC_OK, "the standard's example"},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", APISEC_OK, "not sampled"},
        {"00-00000000000000000000000000000001-0000000000000001-00", APISEC_OK, "the smallest"},
        {"00-00000000000000000000000000000000-00f067aa0ba902b7-01", APISEC_E_ARGUMENT, "no trace"},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", APISEC_E_ARGUMENT, "no parent"},
        {"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", APISEC_E_ARGUMENT, "another version"},
        {"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", APISEC_E_ARGUMENT, "upper case"},
        {"00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01", APISEC_E_ARGUMENT, "a dash too early"},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g", APISEC_E_ARGUMENT, "not hex"},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0", APISEC_E_ARGUMENT, "one byte short"},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r", APISEC_E_ARGUMENT, "one byte more"},
        {"", APISEC_E_ARGUMENT, "empty"},
        {NULL, APISEC_E_ARGUMENT, "NULL"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_exchange *exchange = apisec_exchange_new();
        apisec_exchange_set_subject_unverified(exchange, "a", 1, NULL);
        apisec_exchange_add_audience(exchange, "a");
        apisec_exchange_set_traceparent(exchange, rows[i].text);
        const apisec_status status = exchange_check(exchange, NULL);
        if (status != rows[i].expected) fail_msg("%s: %d", rows[i].why, status);
        apisec_exchange_free(exchange);
    }
}

static void what_is_set_again_is_replaced(void **state)
{
    (void)state;
    apisec_exchange *exchange = apisec_exchange_new();
    for (int i = 1; i <= 2; i++) {
        const char *which = i == 1 ? "first" : "second";
        apisec_exchange_set_subject_unverified(exchange, which, strlen(which), i == 1 ? "jwt" : NULL);
        apisec_exchange_set_actor(exchange, which, strlen(which), i == 1 ? "jwt" : NULL);
        apisec_exchange_set_scope(exchange, which);
        apisec_exchange_set_requested_type(exchange, i == 1 ? "jwt" : "access_token");
    }
    apisec_exchange_add_audience(exchange, "a");
    expect_form(exchange, GRANT "&audience=a&scope=second&requested_token_type=" URN_ENCODED "access_token"
                                "&subject_token=second&subject_token_type=" URN_ENCODED "access_token"
                                "&actor_token=second&actor_token_type=" URN_ENCODED "access_token");
    apisec_exchange_free(exchange);
}

enum setter { NONE, SUBJECT, ACTOR, AUDIENCE, RESOURCE, SCOPE, TYPE };

static void set(apisec_exchange *exchange, enum setter setter, const char *value, const char *type)
{
    const size_t len = value == NULL ? 1 : strlen(value);
    switch (setter) {
    case NONE: break;
    case SUBJECT: apisec_exchange_set_subject_unverified(exchange, value, len, type); break;
    case ACTOR: apisec_exchange_set_actor(exchange, value, len, type); break;
    case AUDIENCE: apisec_exchange_add_audience(exchange, value); break;
    case RESOURCE: apisec_exchange_add_resource(exchange, value); break;
    case SCOPE: apisec_exchange_set_scope(exchange, value); break;
    case TYPE: apisec_exchange_set_requested_type(exchange, value); break;
    }
}

static void wrong_values_stick(void **state)
{
    (void)state;
    static const struct {
        enum setter setter;
        const char *value, *type;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {SUBJECT, "t", "jwt", APISEC_OK, "the twin"},
        {SUBJECT, "", NULL, APISEC_E_ARGUMENT, "empty"},
        {SUBJECT, NULL, NULL, APISEC_E_ARGUMENT, "none"},
        {SUBJECT, "t", "token", APISEC_E_ARGUMENT, "no type"},
        {ACTOR, "t", URN "id_token", APISEC_OK, "the twin"},
        {ACTOR, "", NULL, APISEC_E_ARGUMENT, "empty: an actor that is wanted must not be left out"},
        {ACTOR, NULL, NULL, APISEC_E_ARGUMENT, "none"},
        {ACTOR, "t", "", APISEC_E_ARGUMENT, "no type"},
        {AUDIENCE, "ledger", NULL, APISEC_OK, "the twin"},
        {AUDIENCE, "", NULL, APISEC_E_ARGUMENT, "empty"},
        {AUDIENCE, NULL, NULL, APISEC_E_ARGUMENT, "none"},
        {RESOURCE, "https://a.example/", NULL, APISEC_OK, "the twin"},
        {RESOURCE, "https://a.example/#x", NULL, APISEC_E_ARGUMENT, "a fragment"},
        {RESOURCE, "ledger", NULL, APISEC_E_ARGUMENT, "not absolute"},
        {RESOURCE, NULL, NULL, APISEC_E_ARGUMENT, "none"},
        {SCOPE, "a b", NULL, APISEC_OK, "the twin"},
        {SCOPE, "a  b", NULL, APISEC_E_ARGUMENT, "two spaces"},
        {SCOPE, " a", NULL, APISEC_E_ARGUMENT, "a space in front"},
        {SCOPE, "a\tb", NULL, APISEC_E_ARGUMENT, "a tab"},
        {SCOPE, "", NULL, APISEC_E_ARGUMENT, "empty is not \"none\""},
        {SCOPE, NULL, NULL, APISEC_E_ARGUMENT, "none"},
        {TYPE, "jwt", NULL, APISEC_OK, "the twin"},
        {TYPE, "wt", NULL, APISEC_E_ARGUMENT, "no type"},
        {TYPE, NULL, NULL, APISEC_E_ARGUMENT, "none"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_error err;
        apisec_exchange *exchange = apisec_exchange_new();
        apisec_exchange_set_subject_unverified(exchange, "s", 1, NULL);
        apisec_exchange_add_audience(exchange, "a");
        set(exchange, rows[i].setter, rows[i].value, rows[i].type);
        const apisec_status status = exchange_check(exchange, &err);
        if (status != rows[i].expected) fail_msg("row %zu: %s: %s", i, rows[i].why, err.text);
        const apisec_error first = err;
        set(exchange, SUBJECT, "t", NULL); /* nothing mends it */
        set(exchange, SCOPE, "", NULL);
        if (rows[i].expected != APISEC_OK) {
            assert_int_equal(exchange_check(exchange, &err), rows[i].expected);
            assert_string_equal(err.text, first.text);
        }
        apisec_exchange_free(exchange);
    }
}

static void what_is_missing_is_said_at_the_start(void **state)
{
    (void)state;
    static const struct {
        enum setter first, second;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {SUBJECT, AUDIENCE, APISEC_OK, "the twin"},
        {SUBJECT, RESOURCE, APISEC_OK, "a resource is a target too"},
        {SUBJECT, NONE, APISEC_E_CONFIG, "for nobody in particular"},
        {SUBJECT, SCOPE, APISEC_E_CONFIG, "for nobody in particular"},
        {AUDIENCE, NONE, APISEC_E_CONFIG, "on nobody's behalf"},
        {AUDIENCE, ACTOR, APISEC_E_CONFIG, "on nobody's behalf"},
        {NONE, NONE, APISEC_E_CONFIG, "nothing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_exchange *exchange = apisec_exchange_new();
        set(exchange, rows[i].first, "urn:a", NULL);
        set(exchange, rows[i].second, "urn:a", NULL);
        if (exchange_check(exchange, NULL) != rows[i].expected) fail_msg("row %zu: %s", i, rows[i].why);
        apisec_exchange_free(exchange);
    }
}

static void there_are_limits(void **state)
{
    (void)state;
    for (int setter = AUDIENCE; setter <= RESOURCE; setter++) {
        apisec_exchange *exchange = apisec_exchange_new();
        set(exchange, SUBJECT, "t", NULL);
        for (int i = 0; i < EXCHANGE_MAX_TARGETS; i++) set(exchange, (enum setter)setter, "urn:a", NULL);
        assert_int_equal(exchange_check(exchange, NULL), APISEC_OK);
        set(exchange, (enum setter)setter, "urn:a", NULL);
        assert_int_equal(exchange_check(exchange, NULL), APISEC_E_ARGUMENT);
        apisec_exchange_free(exchange);
    }
    char *long_token = calloc(1, EXCHANGE_MAX_TOKEN + 1);
    assert_non_null(long_token);
    memset(long_token, 't', EXCHANGE_MAX_TOKEN + 1);
    for (size_t over = 0; over < 2; over++) {
        apisec_exchange *exchange = apisec_exchange_new();
        set(exchange, AUDIENCE, "a", NULL);
        apisec_exchange_set_subject_unverified(exchange, long_token, EXCHANGE_MAX_TOKEN + over, NULL);
        assert_int_equal(exchange_check(exchange, NULL), over == 0 ? APISEC_OK : APISEC_E_ARGUMENT);
        apisec_exchange_free(exchange);
    }
    free(long_token);
}

static void a_verified_subject_is_those_bytes_and_no_others(void **state)
{
    (void)state;
    static const struct {
        bool token;
        int change; /* to the raw bytes */
        apisec_status expected;
        const char *why;
    } rows[] = {
        {true, 0, APISEC_OK, "the twin"},
        {true, 'x', APISEC_E_MISUSE, "one byte is another"},
        {true, -1, APISEC_E_MISUSE, "one byte is missing"},
        {true, -2, APISEC_E_MISUSE, "none at all"},
        {false, 0, APISEC_E_MISUSE, "no token: nobody verified it"},
    };
    struct verified verified = verified_new("orders:read orders:write");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_error err;
        apisec_exchange *exchange = apisec_exchange_new();
        char *raw = text_copy(text_of(verified.raw));
        assert_non_null(raw);
        size_t len = strlen(raw);
        if (rows[i].change > 0) raw[len - 1] = (char)(raw[len - 1] == 'x' ? 'y' : 'x');
        if (rows[i].change == -1) len--;
        set(exchange, AUDIENCE, "ledger", NULL);
        apisec_exchange_set_subject(exchange, rows[i].token ? verified.token : NULL, rows[i].change == -2 ? NULL : raw, len);
        const apisec_status status = exchange_check(exchange, &err);
        if (status != rows[i].expected) fail_msg("row %zu: %s: %s", i, rows[i].why, err.text);
        if (status == APISEC_OK) {
            char expected[4096];
            assert_string_equal(exchange->subject_scope, "orders:read orders:write");
            snprintf(expected, sizeof expected, "%s%s%s", GRANT "&audience=ledger&subject_token=", verified.raw,
                     "&subject_token_type=" URN_ENCODED "access_token");
            expect_form(exchange, expected);
            set(exchange, SUBJECT, "opaque", NULL); /* from now on nobody verified it */
            assert_false(exchange->verified);
        }
        free(raw);
        apisec_exchange_free(exchange);
    }
    verified_free(&verified);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_is_harmless),
        cmocka_unit_test(the_form_of_the_standards_example), cmocka_unit_test(which_text_is_a_traceparent),
        cmocka_unit_test(a_copy_of_a_plan),
        cmocka_unit_test(the_order_of_the_form_is_the_standards),
        cmocka_unit_test(what_is_set_again_is_replaced),
        cmocka_unit_test(wrong_values_stick),
        cmocka_unit_test(what_is_missing_is_said_at_the_start),
        cmocka_unit_test(there_are_limits),
        cmocka_unit_test(a_verified_subject_is_those_bytes_and_no_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
