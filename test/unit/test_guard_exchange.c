/* SPDX-License-Identifier: Apache-2.0
 *
 * test_guard_exchange.c: the token for the next service: asked for as the document says, on behalf of the user that was let in and
 * of nobody else.
 */
#include "support/unit.h"
#include "support/script.h"
#include "support/sentry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENDPOINT FORGE_ISSUER "/token"
#define JSON     "Content-Type: application/json\n"
#define ANSWER                                                                                                                     \
    "{\"access_token\":\"issued\",\"issued_token_type\":\"urn:ietf:params:oauth:token-type:access_token\",\"token_type\":"         \
    "\"Bearer\",\"expires_in\":60,\"scope\":\"ledger:read\"}"
#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

#define PLAN(endpoint)                                                                                                             \
    "{'endpoint':'" endpoint "','authentication':{'method':'client_secret_basic','client_id':'orders-api',"                        \
    "'secret':'env:APISEC_TEST_SECRET'},'audiences':['ledger'],'scope':'ledger:read'}"
#define DOCUMENT(exchange)                                                                                                         \
    "{" SENTRY_TRUST ",'rules':[{'id':'all','path':'/orders/**','require':{}},{'id':'open','path':'/open','public':true}],"        \
    "'exchange':" exchange "}"

static const char document[] = DOCUMENT("{'ledger':" PLAN(ENDPOINT) "}");
static char *token;

static const struct script_answer honest = {.method = "POST",
                                            .url = ENDPOINT,
                                            .headers_have = {"Authorization: Basic b3JkZXJzLWFwaTpzM2NyZXQ=\n"},
                                            .headers_lack = {"traceparent"},
                                            .body_has = {"audience=ledger", "scope=ledger%3Aread", "subject_token=ey"},
                                            .status = 200,
                                            .headers = JSON,
                                            .body = ANSWER};

static void expect_issued(const apisec_issued *issued)
{
    size_t len;
    assert_string_equal(apisec_issued_token(issued, &len), "issued");
    assert_string_equal(apisec_issued_scope(issued), "ledger:read");
}

static void test_the_next_services_token(void **state)
{
    (void)state;
    struct script_answer answers[] = {honest, honest};
    struct script script;
    struct sentry sentry;
    apisec_decision *decision;
    apisec_issued *issued;
    apisec_error err;
    answers[1].headers_lack[0] = NULL;
    answers[1].headers_have[1] = "traceparent: " TRACE "\n";
    script_init(&script, answers, 2);
    sentry_begin(&sentry, document, &script.http);
    for (int traced = 0; traced < 2; traced++) {
        apisec_call *call = sentry_call("GET", "/orders/7", token);
        if (traced) apisec_call_add_header(call, "traceparent", 11, TRACE, strlen(TRACE));
        else apisec_call_add_header(call, "traceparent", 11, "00-nonsense", 11);
        assert_int_equal(apisec_guard_check(sentry.guard, call, &decision, NULL), APISEC_OK);
        assert_int_equal(apisec_guard_exchange(sentry.guard, decision, call, "ledger", &issued, &err), APISEC_OK);
        expect_issued(issued);
        apisec_issued_free(issued);
        apisec_decision_free(decision);
        apisec_call_free(call);
    }
    char *metrics = NULL;
    assert_int_equal(apisec_guard_metrics(sentry.guard, &metrics, NULL), APISEC_OK);
    assert_non_null(strstr(metrics, "\napisec_exchanges_total 2\n"));
    apisec_text_free(metrics);
    sentry_end(&sentry);
    script_end(&script);
}

/* The operation has the client that it began with, whatever document comes meanwhile. */
static void test_as_an_operation(void **state)
{
    (void)state;
    const struct script_answer answers[] = {honest};
    struct script script;
    struct sentry sentry;
    apisec_decision *decision;
    apisec_issued *issued;
    apisec_op *op;
    int64_t now_ms = clock_now_ms();
    script_init(&script, answers, 1);
    sentry_begin(&sentry, document, NULL);
    apisec_call *call = sentry_call("GET", "/orders/7", token);
    assert_int_equal(apisec_guard_check(sentry.guard, call, &decision, NULL), APISEC_OK);
    assert_int_equal(apisec_guard_exchange_start(sentry.guard, decision, call, "ledger", &op, NULL), APISEC_OK);
    assert_int_equal(sentry_reload(&sentry, DOCUMENT("{'ledger':" PLAN(FORGE_ISSUER "/other") "}"), NULL), APISEC_OK);
    apisec_call_free(call);
    apisec_decision_free(decision);
    script_run(&script, op, &now_ms);
    assert_int_equal(apisec_exchange_finish(op, &issued, NULL), APISEC_OK);
    expect_issued(issued);
    apisec_issued_free(issued);
    apisec_op_free(op);
    sentry_end(&sentry);
    script_end(&script);
}

/* take_actor copies the actor token of the request that was made last. */
static void take_actor(const struct script *script, char *actor, size_t size)
{
    static const char name[] = "&actor_token=";
    const char *const from = strstr(script->last_body, name);
    assert_non_null(from);
    const size_t len = strcspn(from + strlen(name), "&");
    assert_true(len < size);
    memcpy(actor, from + strlen(name), len);
    actor[len] = '\0';
    assert_non_null(strstr(script->last_body, "&actor_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt"));
}

/* trust_actors: what the server does with it: the key that it knows, itself as the audience, a minute. */
static apisec_verifier *trust_actors(void)
{
    char keys[1024];
    apisec_verifier *verifier;
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *actor = apisec_trust_add_issuer(trust, "orders");
    snprintf(keys, sizeof keys, "{\"keys\":[%s]}", apisec_signer_public_jwk(forge_signer("ES256", 1)));
    apisec_issuer_set_profile(actor, "jwt");
    apisec_issuer_add_audience(actor, FORGE_ISSUER);
    apisec_issuer_allow_algorithm(actor, "ES256");
    apisec_issuer_set_jwks(actor, keys, strlen(keys));
    apisec_issuer_require_claim(actor, "jti");
    apisec_issuer_set_leeway(actor, 0);
    apisec_issuer_set_max_lifetime(actor, 60);
    assert_int_equal(apisec_verifier_new(trust, NULL, &verifier, NULL), APISEC_OK);
    apisec_trust_free(trust);
    return verifier;
}

/* Where the document has the actor's key, each exchange carries a token of its own, which names the actor and nothing else. */
static void test_an_actor_that_signs(void **state)
{
    (void)state;
    static const char acting[] = DOCUMENT("{'ledger':{'endpoint':'" ENDPOINT "','authentication':{'method':'client_secret_basic',"
                                          "'client_id':'orders-api','secret':'env:APISEC_TEST_SECRET'},'audiences':['ledger'],"
                                          "'scope':'ledger:read','actor':{'key':'env:APISEC_TEST_ACTOR','name':'orders',"
                                          "'audience':'" FORGE_ISSUER "'}}}");
    const struct script_answer answers[] = {honest, honest};
    char actors[2][2048];
    struct script script;
    struct sentry sentry;
    apisec_decision *decision;
    setenv("APISEC_TEST_ACTOR", apisec_signer_private_jwk(forge_signer("ES256", 1)), 1);
    script_init(&script, answers, 2);
    sentry_begin(&sentry, acting, &script.http);
    apisec_call *call = sentry_call("GET", "/orders/7", token);
    apisec_verifier *verifier = trust_actors();
    assert_int_equal(apisec_guard_check(sentry.guard, call, &decision, NULL), APISEC_OK);
    for (int i = 0; i < 2; i++) {
        apisec_issued *issued;
        apisec_token *actor;
        assert_int_equal(apisec_guard_exchange(sentry.guard, decision, call, "ledger", &issued, NULL), APISEC_OK);
        expect_issued(issued);
        apisec_issued_free(issued);
        take_actor(&script, actors[i], sizeof actors[i]);
        assert_int_equal(apisec_verify(verifier, actors[i], strlen(actors[i]), clock_now_ms() / 1000, &actor, NULL), APISEC_OK);
        assert_string_equal(apisec_token_subject(actor), "orders");
        assert_int_equal(apisec_token_expires_at(actor) - apisec_token_issued_at(actor), 60);
        apisec_token_free(actor);
    }
    assert_string_not_equal(actors[0], actors[1]); /* jti: to be used once */
    apisec_verifier_free(verifier);
    apisec_decision_free(decision);
    apisec_call_free(call);
    sentry_end(&sentry);
    script_end(&script);
}

/* Nothing is asked for where nobody was let in, where there is no user, or with another token than was verified. */
static void test_refusals(void **state)
{
    (void)state;
    static const struct script_answer none[1];
    struct script script;
    struct sentry sentry;
    apisec_decision *allowed, *denied, *open, *no_user;
    apisec_issued *issued = NULL;
    apisec_error err;
    script_init(&script, none, 0);
    sentry_begin(&sentry, document, &script.http);
    apisec_call *call = sentry_call("GET", "/orders/7", token), *other = sentry_call("GET", "/orders/7", "abc"),
                *bare = sentry_call("GET", "/open", NULL);
    apisec_guard_check(sentry.guard, call, &allowed, NULL);
    apisec_guard_check(sentry.guard, other, &denied, NULL);
    apisec_guard_decide(sentry.guard, call, &open, NULL);
    apisec_guard_check(sentry.guard, bare, &no_user, NULL);
    const struct {
        const apisec_decision *decision;
        const apisec_call *call;
        const char *name;
        apisec_status status;
        const char *sentence;
    } rows[] = {
        {allowed, call, "Ledger", APISEC_E_ARGUMENT, "the document has no exchange of this name"},
        {allowed, call, NULL, APISEC_E_ARGUMENT, "an argument is NULL"},
        {allowed, NULL, "ledger", APISEC_E_ARGUMENT, "there is no call"},
        {denied, other, "ledger", APISEC_E_MISUSE, "the decision is not an allow"},
        {open, call, "ledger", APISEC_E_MISUSE, "the decision is not an allow"},
        {NULL, call, "ledger", APISEC_E_MISUSE, "the decision is not an allow"},
        {no_user, bare, "ledger", APISEC_E_MISUSE, "the decision has no user to ask on behalf of"},
        {allowed, bare, "ledger", APISEC_E_MISUSE, "the call has no token, or more than one"},
        {allowed, other, "ledger", APISEC_E_MISUSE, "the exchange: the subject token's bytes are not those that were verified"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_op *op = (apisec_op *)&err;
        assert_int_equal(apisec_guard_exchange(sentry.guard, rows[i].decision, rows[i].call, rows[i].name, &issued, &err),
                         rows[i].status);
        assert_string_equal(err.text, rows[i].sentence);
        assert_null(issued);
        assert_int_equal(apisec_guard_exchange_start(sentry.guard, rows[i].decision, rows[i].call, rows[i].name, &op, &err),
                         rows[i].status);
        assert_null(op);
    }
    assert_int_equal(apisec_guard_exchange(NULL, allowed, call, "ledger", &issued, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_guard_exchange(sentry.guard, allowed, call, "ledger", NULL, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_guard_exchange_start(sentry.guard, allowed, call, "ledger", NULL, &err), APISEC_E_ARGUMENT);
    apisec_decision_free(allowed);
    apisec_decision_free(denied);
    apisec_decision_free(open);
    apisec_decision_free(no_user);
    apisec_call_free(call);
    apisec_call_free(other);
    apisec_call_free(bare);
    sentry_end(&sentry);
    script_end(&script);
}

static int begin(void **state)
{
    (void)state;
    setenv("APISEC_TEST_SECRET", "s3cret", 1);
    token = forge_token(FORGE_SAME, FORGE_SAME, forge_signer("ES256", 0));
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(token);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_next_services_token),
        cmocka_unit_test(test_as_an_operation),
        cmocka_unit_test(test_an_actor_that_signs),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests_name("guard_exchange", tests, begin, end);
}
