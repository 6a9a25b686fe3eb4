/* SPDX-License-Identifier: Apache-2.0
 *
 * test_warm.c: fetching ahead: every issuer whose set is due has its turn, and one that fails keeps no other from it.
 */
#include "support/unit.h"
#include "support/forge.h"
#include "support/script.h"
#include "token/token.h"

#include <stdlib.h>
#include <string.h>

#define START ((int64_t)FORGE_NOW * 1000)
#define JSON "Content-Type: application/json\n"
#define FIRST "https://first.example"
#define SECOND "https://second.example"
#define THIRD "https://third.example"

static char *set;

/* make trusts two issuers whose keys are fetched and, between them, one whose keys are pinned. */
static apisec_verifier *make(apisec_http *http)
{
    static const char *const names[] = {FIRST, SECOND, THIRD};
    apisec_verifier *verifier = NULL;
    apisec_trust *trust = apisec_trust_new();
    for (size_t i = 0; i < 3; i++) {
        apisec_issuer *issuer = apisec_trust_add_issuer(trust, names[i]);
        apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
        apisec_issuer_allow_algorithm(issuer, "ES256");
        if (i == 0) apisec_issuer_set_jwks_uri(issuer, FIRST "/jwks");
        if (i == 1) apisec_issuer_set_jwks(issuer, set, strlen(set));
        if (i == 2) apisec_issuer_discover(issuer);
    }
    assert_int_equal(apisec_verifier_new(trust, http, &verifier, NULL), APISEC_OK);
    apisec_trust_free(trust);
    return verifier;
}

#define GOOD(place) {.url = place, .status = 200, .headers = JSON, .body = set}
#define AWAY(place) {.url = place, .transport = APISEC_E_UNREACHABLE}
#define METADATA                                                                                                          \
    {.url = THIRD "/.well-known/openid-configuration", .status = 200, .headers = JSON,                                     \
     .body = "{\"issuer\":\"" THIRD "\",\"jwks_uri\":\"" THIRD "/jwks\"}"}

static apisec_status warm(apisec_verifier *verifier, const struct script_answer *answers, size_t num, int64_t now_ms,
                          apisec_error *err)
{
    struct script script;
    apisec_op *op = NULL;
    assert_int_equal(apisec_verifier_warm_start(verifier, &op, NULL), APISEC_OK);
    assert_int_equal(apisec_verifier_warm_finish(op, err), APISEC_E_MISUSE); /* unfinished */
    script_init(&script, answers, num);
    script_run(&script, op, &now_ms);
    const apisec_status status = apisec_verifier_warm_finish(op, err);
    assert_int_equal(apisec_verifier_warm_finish(op, NULL), status); /* nothing is handed over: ask as often as you like */
    apisec_op_free(op);
    script_end(&script);
    return status;
}

static void test_all_that_are_due(void **state)
{
    (void)state;
    apisec_error err;
    apisec_verifier *verifier = make(NULL);
    const struct script_answer all[] = {GOOD(FIRST "/jwks"), METADATA, GOOD(THIRD "/jwks")};
    assert_int_equal(warm(verifier, all, 3, START, &err), APISEC_OK);
    assert_int_equal(err.status, APISEC_OK);
    assert_int_equal(warm(verifier, NULL, 0, START + 299999, &err), APISEC_OK); /* nothing is due */
    const struct script_answer again[] = {GOOD(FIRST "/jwks"), GOOD(THIRD "/jwks")};
    assert_int_equal(warm(verifier, again, 2, START + 300000, &err), APISEC_OK); /* half of the lifetime */
    apisec_verifier_free(verifier);
}

static void test_the_first_failure_after_all_were_tried(void **state)
{
    (void)state;
    apisec_error err;
    apisec_verifier *verifier = make(NULL);
    const struct script_answer first[] = {AWAY(FIRST "/jwks"), METADATA, GOOD(THIRD "/jwks")};
    assert_int_equal(warm(verifier, first, 3, START, &err), APISEC_E_KEYS_UNAVAILABLE);
    assert_int_equal(err.status, APISEC_E_KEYS_UNAVAILABLE);
    assert_non_null(strstr(err.text, FIRST));
    assert_non_null(strstr(err.text, "reached"));
    assert_int_equal(warm(verifier, NULL, 0, START + 999, &err), APISEC_E_KEYS_UNAVAILABLE); /* in back-off: still none */
    const struct script_answer back[] = {GOOD(FIRST "/jwks")};
    assert_int_equal(warm(verifier, back, 1, START + 1000, &err), APISEC_OK);
    const struct script_answer both[] = {AWAY(FIRST "/jwks"), AWAY(THIRD "/jwks")};
    assert_int_equal(warm(verifier, both, 2, START + 500000, &err), APISEC_E_KEYS_UNAVAILABLE); /* old sets, but told */
    assert_non_null(strstr(err.text, FIRST));
    apisec_verifier_free(verifier);
}

static void test_it_waits_for_somebody_elses_fetch(void **state)
{
    (void)state;
    struct script script;
    apisec_op *first = NULL, *second = NULL;
    apisec_verifier *verifier = make(NULL);
    const struct script_answer all[] = {GOOD(FIRST "/jwks"), METADATA, GOOD(THIRD "/jwks")};
    script_init(&script, all, 3);
    assert_int_equal(apisec_verifier_warm_start(verifier, &first, NULL), APISEC_OK);
    assert_int_equal(apisec_verifier_warm_start(verifier, &second, NULL), APISEC_OK);
    assert_int_equal(apisec_op_next(first, START), APISEC_OP_HTTP);
    assert_int_equal(apisec_op_next(second, START), APISEC_OP_WAIT);
    apisec_op_free(first); /* whose place it takes */
    int64_t now_ms = START + 20;
    script_run(&script, second, &now_ms);
    assert_int_equal(apisec_verifier_warm_finish(second, NULL), APISEC_OK);
    apisec_op_free(second);
    script_end(&script);
    apisec_verifier_free(verifier);
}

static void test_blocking(void **state)
{
    (void)state;
    struct script script;
    apisec_error err;
    const struct script_answer all[] = {GOOD(FIRST "/jwks"), METADATA, GOOD(THIRD "/jwks")};
    script_init(&script, all, 3);
    apisec_verifier *verifier = make(&script.http);
    assert_int_equal(apisec_verifier_warm(verifier, &err), APISEC_OK);
    assert_int_equal(apisec_verifier_warm(verifier, &err), APISEC_OK);
    apisec_verifier_free(verifier);
    script_end(&script);
    verifier = make(NULL);
    assert_int_equal(apisec_verifier_warm(verifier, &err), APISEC_E_NO_TRANSPORT);
    assert_int_equal(err.status, APISEC_E_NO_TRANSPORT);
    apisec_op *op = NULL; /* nor does it wait for somebody else's fetch, which may be this very thread's to drive */
    assert_int_equal(apisec_verifier_warm_start(verifier, &op, NULL), APISEC_OK);
    assert_int_equal(apisec_op_next(op, clock_now_ms()), APISEC_OP_HTTP);
    const int64_t began_us = clock_elapsed_us();
    assert_int_equal(apisec_verifier_warm(verifier, &err), APISEC_E_NO_TRANSPORT);
    assert_true(clock_elapsed_us() - began_us < 5000000);
    apisec_op_free(op);
    apisec_verifier_free(verifier);
}

static void test_misused(void **state)
{
    (void)state;
    apisec_error err;
    apisec_op *op = (apisec_op *)&err;
    apisec_verifier *verifier = make(NULL);
    assert_int_equal(apisec_verifier_warm(NULL, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_verifier_warm_start(NULL, &op, &err), APISEC_E_ARGUMENT);
    assert_null(op);
    assert_int_equal(apisec_verifier_warm_start(verifier, NULL, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_verifier_warm_finish(NULL, &err), APISEC_E_MISUSE);
    assert_int_equal(apisec_verify_start(verifier, "a.b.c", 5, FORGE_NOW, &op, NULL), APISEC_OK);
    assert_int_equal(apisec_op_next(op, START), APISEC_OP_DONE);
    assert_int_equal(apisec_verifier_warm_finish(op, &err), APISEC_E_MISUSE); /* another kind */
    apisec_op_free(op);
    assert_int_equal(apisec_verifier_warm_start(verifier, &op, NULL), APISEC_OK);
    apisec_verifier_free(verifier);
    assert_int_equal(apisec_op_next(op, START), APISEC_OP_HTTP); /* it keeps the verifier alive */
    apisec_op_free(op);
}

static int begin(void **state)
{
    (void)state;
    set = forge_jwks((const apisec_signer *[]){forge_signer("ES256", 0), NULL});
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(set);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_that_are_due),
        cmocka_unit_test(test_the_first_failure_after_all_were_tried),
        cmocka_unit_test(test_it_waits_for_somebody_elses_fetch),
        cmocka_unit_test(test_blocking),
        cmocka_unit_test(test_misused),
    };
    return cmocka_run_group_tests_name("warm", tests, begin, end);
}
