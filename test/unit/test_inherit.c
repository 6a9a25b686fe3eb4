/* SPDX-License-Identifier: Apache-2.0
 *
 * test_inherit.c: a verifier that replaces another: what was denied stays denied, a proof that was seen stays seen, a nonce stays
 * good, and the keys of an issuer that is the same need not be fetched again. What is not the same is not taken over.
 */
#include "support/unit.h"
#include "support/bound.h"
#include "support/script.h"
#include "token/dpop.h"

#include <stdlib.h>
#include <string.h>

#define UNTIL    (INT64_C(1) << 40)
#define JWKS_URI FORGE_ISSUER "/jwks"
#define JSON     "Content-Type: application/json\n"

static void inherit(apisec_verifier *fresh, const apisec_verifier *old)
{
    apisec_error err;
    if (verifier_inherit(fresh, old, &err) != APISEC_OK) fail_msg("%s", err.text);
}

static apisec_verifier *plain(uint32_t nonce_lifetime, const char *nonce_key, size_t capacity)
{
    apisec_trust *trust = bound_trust();
    if (nonce_lifetime > 0) apisec_trust_require_dpop_nonce(trust, nonce_lifetime);
    if (nonce_key != NULL) apisec_trust_set_dpop_nonce_key(trust, nonce_key, strlen(nonce_key));
    if (capacity > 0) apisec_trust_set_replay_capacity(trust, capacity);
    return bound_verifier(trust, NULL);
}

/* One list for both: a denial made of either holds for either, and lives as long as the last one. */
static void test_denials(void **state)
{
    (void)state;
    apisec_verifier *old = plain(0, NULL, 0), *fresh = plain(0, NULL, 0), *other = plain(0, NULL, 0);
    char *token = bound_token(NULL);
    apisec_token *verified = NULL;
    assert_int_equal(apisec_verifier_deny_principal(old, FORGE_ISSUER "|alice", FORGE_NOW, UNTIL, NULL), APISEC_OK);
    inherit(fresh, old);
    apisec_verifier_free(old);
    assert_int_equal(apisec_verify(fresh, token, strlen(token), FORGE_NOW, &verified, NULL), APISEC_E_REVOKED);
    assert_int_equal(apisec_verify(other, token, strlen(token), FORGE_NOW, &verified, NULL), APISEC_OK);
    apisec_token_free(verified);
    free(token);
    apisec_verifier_free(fresh);
    apisec_verifier_free(other);
}

static apisec_status send(apisec_verifier *verifier, const char *token, const char *proof)
{
    const struct bound_request request = {.token = token, .proofs = {proof, NULL}};
    return bound_send(verifier, &request, NULL);
}

static void test_proofs(void **state)
{
    (void)state;
    const apisec_signer *key = forge_signer("ES256", 7);
    char *token = bound_to_key(key), *proof = proof_forge(key, token, FORGE_SAME, FORGE_SAME);
    apisec_verifier *old = plain(0, NULL, 0), *fresh = plain(0, NULL, 5), *other = plain(0, NULL, 0);
    assert_int_equal(send(old, token, proof), APISEC_OK);
    inherit(fresh, old);
    apisec_verifier_free(old);
    assert_int_equal(send(fresh, token, proof), APISEC_E_REPLAY);
    assert_int_equal(send(other, token, proof), APISEC_OK); /* it is the memory that refuses it */
    free(proof);
    free(token);
    apisec_verifier_free(fresh);
    apisec_verifier_free(other);
}

/* Between the two there is one that does not allow DPoP at all: the proof is remembered past it. */
static void test_proofs_past_a_pause(void **state)
{
    (void)state;
    const apisec_signer *key = forge_signer("ES256", 7);
    char *token = bound_to_key(key), *proof = proof_forge(key, token, FORGE_SAME, FORGE_SAME);
    char *const set = forge_jwks((const apisec_signer *[]){forge_signer("ES256", 0), NULL});
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, FORGE_ISSUER);
    apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
    apisec_issuer_allow_algorithm(issuer, "ES256");
    apisec_issuer_set_jwks(issuer, set, strlen(set));
    apisec_verifier *first = plain(0, NULL, 0), *pause = bound_verifier(trust, NULL), *last = plain(0, NULL, 0);
    assert_int_equal(send(first, token, proof), APISEC_OK);
    inherit(pause, first);
    apisec_verifier_free(first);
    inherit(last, pause);
    apisec_verifier_free(pause);
    assert_int_equal(send(last, token, proof), APISEC_E_REPLAY);
    apisec_verifier_free(last);
    free(set);
    free(proof);
    free(token);
}

static void nonce_of(const apisec_verifier *verifier, char nonce[NONCE_LEN + 1])
{
    assert_int_equal(nonce_write(&verifier->dpop->nonce, FORGE_NOW, nonce), APISEC_OK);
}

static void test_nonces(void **state)
{
    (void)state;
    static const char key[] = "0123456789abcdef0123456789abcdef", key_2[] = "fedcba9876543210fedcba9876543210";
    static const struct {
        const char *what, *old_key, *fresh_key;
        uint32_t old_lifetime, fresh_lifetime;
        bool same;
    } rows[] = {
        {"both random", NULL, NULL, 60, 60, true},           {"another lifetime", NULL, NULL, 60, 61, false},
        {"a key of its own now", NULL, key, 60, 60, false},  {"a random one now", key, NULL, 60, 60, false},
        {"the same key of its own", key, key, 60, 60, true}, {"another key of its own", key, key_2, 60, 60, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char before[NONCE_LEN + 1], after[NONCE_LEN + 1];
        apisec_verifier *old = plain(rows[i].old_lifetime, rows[i].old_key, 0);
        apisec_verifier *fresh = plain(rows[i].fresh_lifetime, rows[i].fresh_key, 0);
        nonce_of(old, before);
        inherit(fresh, old);
        apisec_verifier_free(old);
        nonce_of(fresh, after);
        if ((strcmp(before, after) == 0) != rows[i].same) fail_msg("%s", rows[i].what);
        apisec_verifier_free(fresh);
    }
}

/* ---- key sets ---- */

static apisec_verifier *fetching(const char *jwks_uri, apisec_http *http)
{
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, FORGE_ISSUER);
    apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
    apisec_issuer_allow_algorithm(issuer, "ES256");
    apisec_issuer_set_jwks_uri(issuer, jwks_uri);
    return bound_verifier(trust, http);
}

static void test_key_sets(void **state)
{
    (void)state;
    static const struct {
        const char *uri;
        apisec_status expected;
    } rows[] = {{JWKS_URI, APISEC_OK}, {FORGE_ISSUER "/other", APISEC_E_NO_TRANSPORT}};
    char *token = bound_token(NULL), *set = forge_jwks((const apisec_signer *[]){forge_signer("ES256", 0), NULL});
    for (size_t i = 0; i < 2; i++) {
        const struct script_answer answers[] = {{.url = JWKS_URI, .status = 200, .headers = JSON, .body = set}};
        struct script script;
        apisec_token *verified = NULL;
        script_init(&script, answers, 1);
        apisec_verifier *old = fetching(JWKS_URI, &script.http), *fresh = fetching(rows[i].uri, NULL);
        assert_int_equal(apisec_verify(old, token, strlen(token), FORGE_NOW, &verified, NULL), APISEC_OK);
        apisec_token_free(verified);
        inherit(fresh, old);
        apisec_verifier_free(old);
        assert_int_equal(apisec_verify(fresh, token, strlen(token), FORGE_NOW, &verified, NULL), rows[i].expected);
        apisec_token_free(verified);
        apisec_verifier_free(fresh);
        script_end(&script);
    }
    free(set);
    free(token);
}

/* A fetch that is under way with the old one's operation lands for both. */
static void test_a_fetch_under_way(void **state)
{
    (void)state;
    char *token = bound_token(NULL), *set = forge_jwks((const apisec_signer *[]){forge_signer("ES256", 0), NULL});
    const struct script_answer answers[] = {{.url = JWKS_URI, .status = 200, .headers = JSON, .body = set}};
    struct script script;
    apisec_op *op = NULL;
    apisec_token *verified = NULL;
    const int64_t now_ms = clock_now_ms();
    script_init(&script, answers, 1);
    apisec_verifier *old = fetching(JWKS_URI, NULL), *fresh = fetching(JWKS_URI, NULL);
    assert_int_equal(apisec_verify_start(old, token, strlen(token), FORGE_NOW, &op, NULL), APISEC_OK);
    assert_int_equal(apisec_op_next(op, now_ms), APISEC_OP_HTTP);
    inherit(fresh, old);
    apisec_verifier_free(old);
    script_answer_one(&script, op);
    assert_int_equal(apisec_op_next(op, now_ms), APISEC_OP_DONE);
    assert_int_equal(apisec_verify_finish(op, &verified, NULL), APISEC_OK);
    apisec_token_free(verified);
    apisec_op_free(op);
    assert_int_equal(apisec_verify(fresh, token, strlen(token), FORGE_NOW, &verified, NULL), APISEC_OK);
    apisec_token_free(verified);
    apisec_verifier_free(fresh);
    script_end(&script);
    free(set);
    free(token);
}

/* ---- what goes along with a verifier ---- */

struct counted {
    struct verifier_belonging belonging;
    int num_ended;
};

static void count_end(struct verifier_belonging *belonging)
{
    ((struct counted *)belonging)->num_ended++;
}

static void test_a_belonging(void **state)
{
    (void)state;
    struct counted counted = {{count_end}, 0};
    apisec_verifier *verifier = plain(0, NULL, 0);
    verifier_own(verifier, &counted.belonging);
    verifier_ref(verifier);
    apisec_verifier_free(verifier);
    assert_int_equal(counted.num_ended, 0);
    apisec_verifier_free(verifier);
    assert_int_equal(counted.num_ended, 1);
}

static int end(void **state)
{
    (void)state;
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_denials),     cmocka_unit_test(test_proofs),   cmocka_unit_test(test_proofs_past_a_pause),
        cmocka_unit_test(test_nonces),      cmocka_unit_test(test_key_sets), cmocka_unit_test(test_a_fetch_under_way),
        cmocka_unit_test(test_a_belonging),
    };
    return cmocka_run_group_tests_name("inherit", tests, NULL, end);
}
