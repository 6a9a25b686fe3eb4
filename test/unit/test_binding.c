/* SPDX-License-Identifier: Apache-2.0
 *
 * test_binding.c: is a token its sender's own: each form of `cnf`, each way of sending the token, and every answer of a store that
 * remembers proofs. What is not understood, not answered or not there is a denial.
 */
#include "support/unit.h"
#include "support/bound.h"
#include "token/dpop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DER "a certificate in DER"

static const apisec_signer *ours;

static int set_up(void **state)
{
    (void)state;
    ours = forge_signer("ES256", 2);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    forge_end();
    return 0;
}

/* ---- what the token says ---- */

/* In a row's cnf, a J by itself stands for the thumbprint of our key and an X for that of our certificate. */
static char *expand(const char *cnf)
{
    char jkt[44], x5t[44];
    char *const copy = calloc(1, 512);
    assert_non_null(copy);
    proof_jkt(ours, jkt);
    proof_hash(DER, strlen(DER), x5t);
    for (; *cnf; cnf++) {
        const size_t len = strlen(copy);
        const bool is_lone = cnf[1] == '"' && len > 0 && copy[len - 1] == '"';
        const char *const piece = is_lone && *cnf == 'J' ? jkt : is_lone && *cnf == 'X' ? x5t : NULL;
        if (piece) snprintf(copy + len, 512 - len, "%s", piece);
        else copy[len] = *cnf;
    }
    return copy;
}

static void test_cnf(void **state)
{
    (void)state;
    static const struct {
        const char *cnf;
        const char *scheme;
        bool proof, certificate;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {NULL, "Bearer", false, false, APISEC_OK, "bound to nothing"},
        {NULL, "Bearer", true, true, APISEC_OK, "what is not asked for is not looked at"},
        {NULL, "DPoP", true, false, APISEC_E_BINDING, "DPoP is for bound tokens"},
        {"{\"jkt\":\"J\"}", "DPoP", true, false, APISEC_OK, "bound to a key"},
        {"{\"jkt\":\"J\"}", "DPoP", true, true, APISEC_OK, "and a certificate that nobody asks for"},
        {"{\"jkt\":\"J\"}", "Bearer", true, false, APISEC_E_BINDING, "sent as if it were bound to nothing"},
        {"{\"jkt\":\"J\"}", "Bearer", false, false, APISEC_E_BINDING, ""},
        {"{\"jkt\":\"J\"}", "DPoP", false, false, APISEC_E_BINDING, "no proof"},
        {"{\"jkt\":\"X\"}", "DPoP", true, false, APISEC_E_BINDING, "another key"},
        {"{\"x5t#S256\":\"X\"}", "Bearer", false, true, APISEC_OK, "bound to a certificate"},
        {"{\"x5t#S256\":\"X\"}", "Bearer", false, false, APISEC_E_BINDING, "no certificate"},
        {"{\"x5t#S256\":\"J\"}", "Bearer", false, true, APISEC_E_BINDING, "another certificate"},
        {"{\"x5t#S256\":\"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU\"}", "Bearer", false, false, APISEC_E_BINDING,
         "the hash of nothing"},
        {"{\"x5t#S256\":\"X\"}", "DPoP", true, true, APISEC_E_BINDING, "DPoP is for tokens bound to a key"},
        {"{\"jkt\":\"J\",\"x5t#S256\":\"X\"}", "DPoP", true, true, APISEC_OK, "bound to both"},
        {"{\"jkt\":\"J\",\"x5t#S256\":\"X\"}", "DPoP", true, false, APISEC_E_BINDING, "only the key"},
        {"{\"jkt\":\"J\",\"x5t#S256\":\"X\"}", "Bearer", false, true, APISEC_E_BINDING, "only the certificate"},
        {"{\"jkt\":\"J\",\"kid\":\"1\"}", "DPoP", true, false, APISEC_E_BINDING, "a member that is not understood"},
        {"{\"jwk\":{}}", "Bearer", false, true, APISEC_E_BINDING, ""},
        {"{\"x5t\":\"X\"}", "Bearer", false, true, APISEC_E_BINDING, "SHA-1 is none of ours"},
        {"{\"JKT\":\"J\"}", "DPoP", true, false, APISEC_E_BINDING, "names have case"},
        {"{}", "Bearer", true, true, APISEC_E_BINDING, "empty"},
        {"{\"jkt\":\"\"}", "DPoP", true, false, APISEC_E_CLAIM, ""},
        {"{\"jkt\":1}", "DPoP", true, false, APISEC_E_CLAIM, "no string"},
        {"{\"x5t#S256\":null}", "Bearer", false, true, APISEC_E_CLAIM, ""},
        {"{\"x5t#S256\":[\"X\"]}", "Bearer", false, true, APISEC_E_CLAIM, ""},
        {"[]", "Bearer", true, true, APISEC_E_CLAIM, "no object"},
        {"null", "Bearer", true, true, APISEC_E_CLAIM, ""},
        {"\"J\"", "DPoP", true, false, APISEC_E_CLAIM, ""},
    };
    apisec_verifier *const verifier = bound_verifier(bound_trust(), NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *const cnf = rows[i].cnf ? expand(rows[i].cnf) : NULL, *const token = bound_token(cnf);
        char *const proof = proof_forge(ours, token, FORGE_SAME, FORGE_SAME);
        const struct bound_request request = {.token = token,
                                              .scheme = rows[i].scheme,
                                              .proofs = {rows[i].proof ? proof : NULL},
                                              .certificate = rows[i].certificate ? DER : NULL};
        const apisec_status status = bound_send(verifier, &request, NULL);
        if (status != rows[i].expected) fail_msg("%s %s (%s): %s", rows[i].scheme, cnf, rows[i].why, apisec_status_name(status));
        free(proof);
        free(token);
        free(cnf);
    }
    apisec_verifier_free(verifier);
}

static void test_a_bare_token_proves_nothing(void **state)
{
    (void)state;
    apisec_verifier *const verifier = bound_verifier(bound_trust(), NULL);
    char *const bound = bound_to_certificate(DER), *const unbound = bound_token(NULL);
    apisec_token *token = NULL;
    assert_int_equal(apisec_verify(verifier, bound, strlen(bound), FORGE_NOW, &token, NULL), APISEC_E_BINDING);
    assert_null(token);
    assert_int_equal(apisec_verify(verifier, unbound, strlen(unbound), FORGE_NOW, &token, NULL), APISEC_OK);
    apisec_token_free(token);
    free(bound);
    free(unbound);
    apisec_verifier_free(verifier);
}

static void test_binding_required(void **state)
{
    (void)state;
    apisec_trust *const trust = apisec_trust_new();
    char *const set = forge_jwks((const apisec_signer *[]){forge_signer("ES256", 0), NULL});
    apisec_issuer *const issuer = apisec_trust_add_issuer(trust, FORGE_ISSUER);
    apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
    apisec_issuer_allow_algorithm(issuer, "ES256");
    apisec_issuer_set_jwks(issuer, set, strlen(set));
    apisec_issuer_require_binding(issuer);
    apisec_verifier *const verifier = bound_verifier(trust, NULL);
    char *const unbound = bound_token(NULL), *const by_certificate = bound_to_certificate(DER), *const by_key = bound_to_key(ours);
    const struct bound_request requests[] = {
        {.token = unbound, .scheme = "Bearer", .certificate = DER},
        {.token = by_certificate, .scheme = "Bearer", .certificate = DER},
        {.token = by_key, .scheme = "Bearer"},
        {.token = by_key, .scheme = "DPoP"},
    };
    assert_int_equal(bound_send(verifier, &requests[0], NULL), APISEC_E_BINDING);
    assert_int_equal(bound_send(verifier, &requests[1], NULL), APISEC_OK);
    assert_int_equal(bound_send(verifier, &requests[2], NULL), APISEC_E_BINDING); /* DPoP is not allowed here */
    assert_int_equal(bound_send(verifier, &requests[3], NULL), APISEC_E_REQUEST);
    free(unbound);
    free(by_certificate);
    free(by_key);
    free(set);
    apisec_verifier_free(verifier);
}

/* ---- the store ---- */

struct fake_store {
    apisec_status put, polled[4]; /* its answers; polled: the last is repeated */
    size_t num_puts, num_polls, num_cancels;
    uint32_t after_ms;
    char key[64];
    uint32_t ttl_s;
};

static apisec_status fake_put(void *context, const char *key, uint32_t ttl_s, void **pending)
{
    struct fake_store *const fake = context;
    fake->num_puts++;
    fake->ttl_s = ttl_s;
    snprintf(fake->key, sizeof fake->key, "%s", key);
    if (fake->put == APISEC_E_BUSY) *pending = &fake->num_polls;
    return fake->put;
}

static apisec_status fake_poll(void *context, void *pending, uint32_t *after_ms)
{
    struct fake_store *const fake = context;
    assert_ptr_equal(pending, &fake->num_polls);
    if (fake->after_ms > 0) *after_ms = fake->after_ms;
    const size_t at = fake->num_polls < 3 ? fake->num_polls : 3;
    fake->num_polls++;
    return fake->polled[at];
}

static void fake_cancel(void *context, void *pending)
{
    struct fake_store *const fake = context;
    assert_ptr_equal(pending, &fake->num_polls);
    fake->num_cancels++;
}

static apisec_verifier *with_store(struct fake_store *fake, bool can_wait)
{
    const apisec_store store = {fake, fake_put, can_wait ? fake_poll : NULL, can_wait ? fake_cancel : NULL};
    apisec_trust *const trust = bound_trust();
    apisec_trust_set_store(trust, &store);
    return bound_verifier(trust, NULL);
}

static apisec_status send_honest(apisec_verifier *verifier, const struct forge_change *claims)
{
    char *const token = bound_to_key(ours), *const proof = proof_forge(ours, token, FORGE_SAME, claims);
    const struct bound_request request = {.token = token, .proofs = {proof}};
    const apisec_status status = bound_send(verifier, &request, NULL);
    free(token);
    free(proof);
    return status;
}

static void test_answers_at_once(void **state)
{
    (void)state;
    static const struct {
        apisec_status answer, expected;
    } rows[] = {{APISEC_OK, APISEC_OK},
                {APISEC_E_REPLAY, APISEC_E_REPLAY},
                {APISEC_E_BUSY, APISEC_E_STORE}, /* and there is no poll */
                {APISEC_E_UNREACHABLE, APISEC_E_STORE},
                {APISEC_E_TIMEOUT, APISEC_E_STORE},
                {1, APISEC_E_STORE},
                {-1, APISEC_E_STORE}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fake_store fake = {.put = rows[i].answer};
        apisec_verifier *const verifier = with_store(&fake, false);
        const apisec_status status = send_honest(verifier, FORGE_SAME);
        if (status != rows[i].expected) fail_msg("%d: %s", (int)rows[i].answer, apisec_status_name(status));
        assert_int_equal(fake.num_puts, 1);
        apisec_verifier_free(verifier);
    }
}

static void test_what_the_store_is_told(void **state)
{
    (void)state;
    struct fake_store fake = {.put = APISEC_OK};
    apisec_verifier *const verifier = with_store(&fake, false);
    const struct forge_change old[] = {{"iat", "1749999970"}, {"jti", "\"one\""}, {NULL, NULL}};
    const struct forge_change ahead[] = {{"iat", "1750000030"}, {"jti", "\"one\""}, {NULL, NULL}};
    char jkt[44], both[64], expected[44];
    proof_jkt(ours, jkt);
    snprintf(both, sizeof both, "%s.one", jkt);
    proof_hash(both, strlen(both), expected);

    assert_int_equal(send_honest(verifier, old), APISEC_OK);
    assert_string_equal(fake.key, expected);
    assert_int_equal(fake.ttl_s, 61); /* its last second, and a minute for clocks that differ */
    assert_int_equal(send_honest(verifier, ahead), APISEC_OK);
    assert_string_equal(fake.key, expected);
    assert_int_equal(fake.ttl_s, 121);
    apisec_verifier_free(verifier);
}

/* What is wrong without the store never reaches it: nobody fills it with proofs that are none. */
static void test_only_good_proofs_reach_the_store(void **state)
{
    (void)state;
    struct fake_store fake = {.put = APISEC_OK};
    apisec_verifier *const verifier = with_store(&fake, false);
    const struct forge_change other[] = {{"htm", "\"PUT\""}, {NULL, NULL}};
    assert_int_equal(send_honest(verifier, other), APISEC_E_PROOF);
    assert_int_equal(fake.num_puts, 0);
    assert_int_equal(send_honest(verifier, FORGE_SAME), APISEC_OK);
    assert_int_equal(fake.num_puts, 1);
    apisec_verifier_free(verifier);
}

static void test_a_store_that_waits(void **state)
{
    (void)state;
    static const struct {
        apisec_status polled[4], expected;
        size_t num_polls, num_cancels;
    } rows[] = {
        {{APISEC_OK}, APISEC_OK, 1, 0},
        {{APISEC_E_BUSY, APISEC_E_BUSY, APISEC_OK}, APISEC_OK, 3, 0},
        {{APISEC_E_BUSY, APISEC_E_REPLAY}, APISEC_E_REPLAY, 2, 0},
        {{APISEC_E_UNREACHABLE}, APISEC_E_STORE, 1, 0},
        {{APISEC_E_TIMEOUT}, APISEC_E_STORE, 1, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fake_store fake = {.put = APISEC_E_BUSY, .after_ms = 1};
        memcpy(fake.polled, rows[i].polled, sizeof fake.polled);
        apisec_verifier *const verifier = with_store(&fake, true);
        assert_int_equal(send_honest(verifier, FORGE_SAME), rows[i].expected); /* blocking, and without a transport */
        assert_int_equal(fake.num_puts, 1);
        assert_int_equal(fake.num_polls, rows[i].num_polls);
        assert_int_equal(fake.num_cancels, rows[i].num_cancels);
        apisec_verifier_free(verifier);
    }
}

static apisec_op *start(apisec_verifier *verifier)
{
    apisec_op *op = NULL;
    char *const token = bound_to_key(ours), *const proof = proof_forge(ours, token, FORGE_SAME, FORGE_SAME);
    const struct bound_request request = {.token = token, .proofs = {proof}};
    apisec_call *const call = bound_call(&request);
    assert_int_equal(apisec_authenticate_start(verifier, NULL, call, &op, NULL), APISEC_OK);
    apisec_call_free(call);
    free(token);
    free(proof);
    return op;
}

static void test_a_store_that_never_answers(void **state)
{
    (void)state;
    const int64_t begun = (int64_t)FORGE_NOW * 1000;
    struct fake_store fake = {
        .put = APISEC_E_BUSY, .polled = {APISEC_E_BUSY, APISEC_E_BUSY, APISEC_E_BUSY, APISEC_E_BUSY}, .after_ms = 2000};
    apisec_verifier *const verifier = with_store(&fake, true);
    apisec_decision *decision = NULL;
    apisec_op *const op = start(verifier);
    assert_int_equal(apisec_op_next(op, begun), APISEC_OP_WAIT);
    assert_true(apisec_op_deadline_ms(op) == begun + 2000);
    assert_int_equal(apisec_op_next(op, begun + 4000), APISEC_OP_WAIT);
    assert_true(apisec_op_deadline_ms(op) == begun + 5000);
    assert_int_equal(apisec_op_next(op, begun + 4999), APISEC_OP_WAIT);
    assert_int_equal(fake.num_cancels, 0);
    assert_int_equal(apisec_op_next(op, begun + 5000), APISEC_OP_DONE);
    assert_int_equal(fake.num_cancels, 1);
    assert_int_equal(apisec_authenticate_finish(op, &decision, NULL), APISEC_E_STORE);
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_E_STORE);
    assert_int_equal(apisec_decision_http_status(decision), 503);
    assert_string_equal(bound_header(decision, "Retry-After"), "10");
    assert_null(bound_header(decision, "WWW-Authenticate"));
    apisec_decision_free(decision);
    apisec_op_free(op);
    assert_int_equal(fake.num_cancels, 1);
    apisec_verifier_free(verifier);
}

static void test_a_cancelled_wait(void **state)
{
    (void)state;
    const int64_t begun = (int64_t)FORGE_NOW * 1000;
    struct fake_store fake = {.put = APISEC_E_BUSY, .polled = {APISEC_E_BUSY}};
    apisec_verifier *const verifier = with_store(&fake, true);
    apisec_op *op = start(verifier);
    assert_int_equal(apisec_op_next(op, begun), APISEC_OP_WAIT);
    assert_true(apisec_op_deadline_ms(op) == begun + 10);
    apisec_op_free(op);
    assert_int_equal(fake.num_cancels, 1);

    op = start(verifier); /* before it asked there is nothing to cancel */
    apisec_op_free(op);
    assert_int_equal(fake.num_cancels, 1);
    apisec_verifier_free(verifier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cnf),
                                       cmocka_unit_test(test_a_bare_token_proves_nothing),
                                       cmocka_unit_test(test_binding_required),
                                       cmocka_unit_test(test_answers_at_once),
                                       cmocka_unit_test(test_what_the_store_is_told),
                                       cmocka_unit_test(test_only_good_proofs_reach_the_store),
                                       cmocka_unit_test(test_a_store_that_waits),
                                       cmocka_unit_test(test_a_store_that_never_answers),
                                       cmocka_unit_test(test_a_cancelled_wait)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
