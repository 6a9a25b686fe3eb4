/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_flood.c: attacks on the key server through us, and on those who need its keys: floods of unknown kids from many threads,
 * and requests that are aborted again and again. The key server sees one fetch in a cooldown, and nobody with a good token is kept
 * waiting. test/bench/bench_flood.c runs the flood for ten seconds.
 */
#include "support/unit.h"
#include "support/flood.h"
#include "support/script.h"
#include "support/stand.h"

#include <stdlib.h>
#include <string.h>

#define START ((int64_t)FORGE_NOW * 1000)
#define URL FORGE_ISSUER "/jwks"

static char *set, *token;

static void test_many_threads_with_unknown_kids(void **state)
{
    (void)state;
    const struct flood_plan plan = {.num_threads = 200, .num_rounds = 13, .round_ms = 10000, .answer_ms = 2};
    struct flood_result result;
    flood_run(&plan, &result);
    assert_int_equal(result.num_unknown, 200 * 13);
    assert_int_equal(result.num_else, 0);
    assert_int_equal(result.num_fetches, 5); /* in two minutes: one at once, and one in each 30 s */
    for (size_t i = 0; i < 2; i++) {         /* the twins: good tokens, of the flooded issuer and of another */
        assert_int_equal(result.num_good[i], 13);
        assert_int_equal(result.num_bad[i], 0);
        assert_int_equal(result.num_delayed[i], 0);
    }
}

/* A client that hangs up makes its service free the operation. Where keys are due that must be no way to make the service fetch
 * without end, and nobody else may be refused for it. */
static void test_requests_that_are_aborted_while_keys_are_due(void **state)
{
    (void)state;
    struct script script;
    const struct script_answer routes[] = {
        {.url = URL, .status = 200, .headers = "Content-Type: application/json\n", .body = set}};
    apisec_verifier *verifier = stand_new(&(struct stand_issuer){.algorithms = {"ES256"}, .keys = URL}, 1, NULL);
    script_init_routes(&script, routes, 1);
    size_t num_begun = 0;
    for (int64_t ms = 0; ms < 10000; ms += 10) {
        apisec_op *op = NULL;
        assert_int_equal(apisec_verify_start(verifier, token, strlen(token), FORGE_NOW, &op, NULL), APISEC_OK);
        const int32_t need = apisec_op_next(op, START + ms);
        assert_true(need == APISEC_OP_HTTP || need == APISEC_OP_WAIT);
        num_begun += need == APISEC_OP_HTTP;
        apisec_op_free(op);
    }
    assert_in_range(num_begun, 2, 11); /* the first, one that takes over from it, and then one in a second */
    int64_t now_ms = START + 10000;
    assert_int_equal(stand_verify(verifier, &script, token, FORGE_NOW, &now_ms, NULL, NULL), APISEC_OK); /* who stays is served */
    assert_true(now_ms <= START + 11000);
    assert_int_equal(script.num_requests, 1);
    apisec_verifier_free(verifier);
    script_end(&script);
}

static int begin(void **state)
{
    (void)state;
    const apisec_signer *signer = forge_signer("ES256", 0);
    set = forge_jwks((const apisec_signer *[]){signer, NULL});
    token = forge_token(FORGE_SAME, FORGE_SAME, signer);
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(set);
    free(token);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_threads_with_unknown_kids),
        cmocka_unit_test(test_requests_that_are_aborted_while_keys_are_due),
    };
    return cmocka_run_group_tests_name("attack_flood", tests, begin, end);
}
