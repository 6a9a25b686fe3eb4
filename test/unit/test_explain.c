/* SPDX-License-Identifier: Apache-2.0
 *
 * test_explain.c: the explanation, byte by byte: every check that was made, none that was not, and nothing of an unverified token.
 */
#include "support/unit.h"
#include "access/access.h"
#include "support/service.h"

#include <string.h>

static struct service service;

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

#define PASS(id, standard) "{\"id\":\"" id "\",\"verdict\":\"pass\",\"standard\":\"" standard "\"}"
#define UP_TO_AUDIENCE PASS("credential", "RFC 6750 section 2") "," PASS("form", "RFC 7515 section 7.1") "," \
    PASS("issuer", "RFC 7519 section 4.1.1") "," PASS("type", "RFC 8725 section 3.11") "," \
    PASS("algorithm", "RFC 8725 section 3.1") "," PASS("audience", "RFC 7519 section 4.1.3")

static const char *without_trail_of_passes(const char *explanation)
{
    const char *const binding = strstr(explanation, "\"id\":\"binding\"");
    assert_non_null(binding);
    return strchr(binding, '}') + 1;
}

static void test_pending_then_allowed(void **state)
{
    (void)state;
    apisec_decision *const decision =
        service_decide(&service, service_token(&service, (const struct forge_change[]){{"scope", "\"a b\""}, {NULL, NULL}}));
    apisec_decision_require_scopes(decision, (const char *[]){"a", "b"}, 2);
    const char *explanation = apisec_decision_explanation(decision);
    static const char pending[] =
        "{\"verdict\":\"pending\",\"status\":\"APISEC_OK\",\"http_status\":500,\"reason\":\"\",\"checks\":[";
    assert_memory_equal(explanation, pending, sizeof pending - 1);
    apisec_decision_commit(decision, NULL);
    explanation = apisec_decision_explanation(decision);
    static const char allowed[] =
        "{\"verdict\":\"allowed\",\"status\":\"APISEC_OK\",\"http_status\":200,\"reason\":\"\",\"checks\":[";
    assert_memory_equal(explanation, allowed, sizeof allowed - 1);
    assert_non_null(strstr(explanation, UP_TO_AUDIENCE));
    assert_null(strstr(explanation, "\"fail\""));
    assert_string_equal(without_trail_of_passes(explanation),
                        ",{\"id\":\"scope\",\"verdict\":\"pass\",\"standard\":\"RFC 6749 section 3.3\",\"detail\":\"a b\"}]}");
    size_t num = 0;
    for (const char *at = explanation; (at = strstr(at, "\"id\":")) != NULL; at++) num++;
    assert_int_equal(num, NUM_CHECKS - 5 + 1); /* five are of tokens that are opaque, encrypted, revocable or proven */
    apisec_decision_free(decision);
}

static void test_where_authentication_ends(void **state)
{
    (void)state;
    apisec_decision *decision = service_decide(&service, NULL);
    apisec_decision_commit(decision, NULL);
    assert_string_equal(apisec_decision_explanation(decision),
                        "{\"verdict\":\"denied\",\"status\":\"APISEC_E_NO_CREDENTIAL\",\"http_status\":401,"
                        "\"reason\":\"the request has no Authorization header\",\"checks\":["
                        "{\"id\":\"credential\",\"verdict\":\"fail\",\"standard\":\"RFC 6750 section 2\"}]}");
    apisec_decision_free(decision);

    decision = service_decide(&service, service_token(&service, (const struct forge_change[]){{"aud", "\"x\""}, {NULL, NULL}}));
    apisec_decision_commit(decision, NULL);
    assert_non_null(strstr(apisec_decision_explanation(decision),
                           PASS("algorithm", "RFC 8725 section 3.1") ",{\"id\":\"audience\",\"verdict\":\"fail\",\"standard\":"
                                                                     "\"RFC 7519 section 4.1.3\"}]}"));
    apisec_decision_free(decision);
}

static void test_checks_of_the_service(void **state)
{
    (void)state;
    apisec_decision *const decision =
        service_decide(&service, service_token(&service, (const struct forge_change[]){{"tenant", "\"acme\""}, {NULL, NULL}}));
    apisec_decision_require_claim(decision, "tenant", "acme");
    apisec_decision_deny(decision, APISEC_E_DENIED, "not \"the\" owner");
    apisec_decision_commit(decision, NULL);
    const char *const explanation = apisec_decision_explanation(decision);
    assert_string_equal(without_trail_of_passes(explanation),
                        ",{\"id\":\"claim\",\"verdict\":\"pass\",\"standard\":\"RFC 7519 section 4\",\"detail\":\"tenant=acme\"}"
                        ",{\"id\":\"service\",\"verdict\":\"fail\",\"standard\":\"the service's own\"}]}");
    assert_non_null(strstr(explanation, "\"reason\":\"not \\\"the\\\" owner\""));
    apisec_decision_free(decision);
}

static void test_hostile_details_are_escaped_and_cut(void **state)
{
    (void)state;
    static char big[5000];
    memset(big, '<', sizeof big - 1);
    apisec_decision *const decision = service_decide(&service, service_token(&service, FORGE_SAME));
    assert_int_equal(apisec_decision_require_claim(decision, "a\"\n\x1b</script>", big), APISEC_E_CONDITION);
    apisec_decision_commit(decision, NULL);
    const char *const explanation = apisec_decision_explanation(decision);
    assert_int_equal(apisec_json_scan(explanation, strlen(explanation), NULL, NULL, NULL), APISEC_OK);
    assert_null(strpbrk(explanation, "<\n\x1b"));
    assert_true(strlen(explanation) < 5000);
    apisec_decision_free(decision);
}

static void test_the_largest_explanation_is_whole(void **state)
{
    (void)state;
    static char big[3000];
    memset(big, '<', sizeof big - 1);
    struct apisec_decision decision = {.phase = DECISION_COMMITTED, .trail = {NUM_CHECKS, 0}, .num_checks = DECISION_MAX_CHECKS};
    for (size_t i = 0; i < DECISION_MAX_CHECKS; i++) decision.checks[i] = (struct access_check){"claim", "s", big, true};
    decision.explanation_bytes = BUFFER_MAX(131072);
    decision.explanation = &decision.explanation_bytes;
    const char *const explanation = apisec_decision_explanation(&decision);
    assert_int_equal(apisec_json_scan(explanation, strlen(explanation), NULL, NULL, NULL), APISEC_OK);
    assert_non_null(strstr(explanation, "\"verdict\":\"allowed\""));
    buffer_free(&decision.explanation_bytes);
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
        WITH(test_pending_then_allowed),
        WITH(test_where_authentication_ends),
        WITH(test_checks_of_the_service),
        WITH(test_hostile_details_are_escaped_and_cut),
        WITH(test_the_largest_explanation_is_whole),
    };
    return cmocka_run_group_tests_name("explain", tests, NULL, end_all);
}
