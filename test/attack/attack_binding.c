/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_binding.c: attacks with stolen tokens: whoever has a bound token and not the key or the certificate it is bound to has
 * nothing; who overhears a proof has nothing either. Beside each stands the twin that differs in one thing and passes.
 */
#define _GNU_SOURCE /* RTLD_NEXT, in failing.h */
#include "support/unit.h"
#include "support/bound.h"
#include "support/failing.h"
#include "support/stride.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CERTIFICATE "the DER bytes of the client's certificate"

static const apisec_signer *owner, *thief; /* their keys for proofs */
static apisec_verifier *verifier;
static char *token, *certified;            /* bound to the owner's key, and to the owner's certificate */

static int set_up(void **state)
{
    (void)state;
    owner = forge_signer("ES256", 2);
    thief = forge_signer("ES256", 3);
    verifier = bound_verifier(bound_trust(), NULL);
    token = bound_to_key(owner);
    certified = bound_to_certificate(CERTIFICATE);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(token);
    free(certified);
    apisec_verifier_free(verifier);
    forge_end();
    return 0;
}

static void expect(const char *what, const struct bound_request *request, apisec_status expected)
{
    const apisec_status status = bound_send(verifier, request, NULL);
    if (status != expected) fail_msg("%s: %s", what, apisec_status_name(status));
}

/* expect_proof sends the owner's token with a proof of its own making; it frees the proof. */
static void expect_proof(const char *what, char *proof, apisec_status expected)
{
    const struct bound_request request = {.token = token, .proofs = {proof}};
    expect(what, &request, expected);
    free(proof);
}

static char *changed(const char *name, const char *value)
{
    const struct forge_change change[] = {{name, value}, {NULL, NULL}};
    return proof_forge(owner, token, FORGE_SAME, change);
}

static char *honest(void)
{
    return proof_forge(owner, token, FORGE_SAME, FORGE_SAME);
}

/* ---- DPoP ---- */

static void test_a_replayed_proof(void **state)
{
    (void)state;
    char *const proof = honest();
    const struct bound_request request = {.token = token, .proofs = {proof}};
    struct bound_request later = request;
    expect("the twin: a proof's first use", &request, APISEC_OK);
    expect("the same request again", &request, APISEC_E_REPLAY);
    later.at = FORGE_NOW + 30;
    expect("in the last second of its window", &later, APISEC_E_REPLAY);
    later.at = FORGE_NOW + 31;
    expect("after it", &later, APISEC_E_PROOF);
    later.at = FORGE_NOW - 30;
    expect("with the clock set back", &later, APISEC_E_REPLAY);
    free(proof);

    /* The same jti signed anew: ECDSA makes another signature each time, and the bytes are not what is remembered. */
    expect_proof("the twin: a jti", changed("jti", "\"again\""), APISEC_OK);
    expect_proof("the same jti in other bytes", changed("jti", "\"again\""), APISEC_E_REPLAY);
    expect_proof("another jti", changed("jti", "\"again2\""), APISEC_OK);
}

/* A clock that jumps back an hour must not make an hour-old proof new. */
static void test_a_clock_that_jumps_back(void **state)
{
    (void)state;
    char *const proof = honest();
    struct bound_request request = {.token = token, .proofs = {proof}};
    apisec_trust *const trust = bound_trust();
    apisec_trust_set_replay_capacity(trust, 2);
    apisec_verifier *const small = bound_verifier(trust, NULL);
    assert_int_equal(bound_send(small, &request, NULL), APISEC_OK);

    /* Meanwhile others make the memory turn over. */
    for (int64_t i = 1; i <= 4; i++) {
        char iat[32];
        snprintf(iat, sizeof iat, "%lld", (long long)FORGE_NOW + i * 100);
        char *const other = changed("iat", iat);
        const struct bound_request next = {.token = token, .proofs = {other}, .at = FORGE_NOW + i * 100};
        assert_int_equal(bound_send(small, &next, NULL), APISEC_OK);
        free(other);
    }
    assert_int_equal(bound_send(small, &request, NULL), APISEC_E_REPLAY);
    free(proof);
    apisec_verifier_free(small);
}

static void test_a_full_memory_denies(void **state)
{
    (void)state;
    apisec_decision *decision;
    apisec_trust *const trust = bound_trust();
    apisec_trust_set_replay_capacity(trust, 3);
    apisec_verifier *const small = bound_verifier(trust, NULL);
    char *proofs[4];
    for (size_t i = 0; i < 4; i++) {
        proofs[i] = honest();
        const struct bound_request request = {.token = token, .proofs = {proofs[i]}};
        assert_int_equal(bound_send(small, &request, &decision), i < 3 ? APISEC_OK : APISEC_E_STORE);
        assert_int_equal(apisec_decision_http_status(decision), i < 3 ? 200 : 503);
        apisec_decision_free(decision);
    }
    const struct bound_request first = {.token = token, .proofs = {proofs[0]}};
    assert_int_equal(bound_send(small, &first, NULL), APISEC_E_REPLAY); /* nothing was forgotten to make room */
    for (size_t i = 0; i < 4; i++) free(proofs[i]);
    apisec_verifier_free(small);
}

static void test_a_stolen_token(void **state)
{
    (void)state;
    char *const own = honest();
    char *const theirs = proof_forge(thief, token, FORGE_SAME, FORGE_SAME);
    const struct forge_change shown[] = {{"jwk", apisec_signer_public_jwk(owner)}, {NULL, NULL}};
    char *const pretended = proof_forge(thief, token, shown, FORGE_SAME);
    const struct {
        const char *what;
        struct bound_request request;
        apisec_status expected;
    } rows[] = {
        {"the twin: its owner", {.token = token, .proofs = {own}}, APISEC_OK},
        {"as a bearer token", {.token = token, .scheme = "Bearer"}, APISEC_E_BINDING},
        {"as a bearer token, with the thief's proof", {.token = token, .scheme = "Bearer", .proofs = {theirs}}, APISEC_E_BINDING},
        {"without a proof", {.token = token}, APISEC_E_BINDING},
        {"with an empty proof", {.token = token, .proofs = {""}}, APISEC_E_BINDING},
        {"with the thief's own key", {.token = token, .proofs = {theirs}}, APISEC_E_BINDING},
        {"with the owner's key shown, and the thief's used", {.token = token, .proofs = {pretended}}, APISEC_E_PROOF},
        {"with the thief's certificate", {.token = token, .scheme = "Bearer", .certificate = "another"}, APISEC_E_BINDING},
        {"in another scheme", {.token = token, .scheme = "Basic", .proofs = {own}}, APISEC_E_NO_CREDENTIAL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) expect(rows[i].what, &rows[i].request, rows[i].expected);
    free(own);
    free(theirs);
    free(pretended);
}

static void test_two_proofs_and_two_schemes(void **state)
{
    (void)state;
    char *const one = honest(), *const two = honest(), *const both = malloc(strlen(one) + strlen(two) + 3);
    char *const bearer = malloc(strlen(token) + 8);
    assert_non_null(both);
    assert_non_null(bearer);
    snprintf(both, strlen(one) + strlen(two) + 3, "%s, %s", one, two);
    snprintf(bearer, strlen(token) + 8, "Bearer %s", token);
    const struct {
        const char *what;
        struct bound_request request;
        apisec_status expected;
    } rows[] = {
        {"two proofs", {.token = token, .proofs = {one, two}}, APISEC_E_REQUEST},
        {"one proof twice", {.token = token, .proofs = {one, one}}, APISEC_E_REQUEST},
        {"two in one field", {.token = token, .proofs = {both}}, APISEC_E_PROOF},
        {"DPoP and Bearer", {.token = token, .proofs = {one}, .header = {"Authorization", bearer}}, APISEC_E_REQUEST},
        {"a token in the query as well", {.token = token, .proofs = {one}, .target = "/orders/7?access_token=x"}, APISEC_E_REQUEST},
        {"the twin: one", {.token = token, .proofs = {one}}, APISEC_OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) expect(rows[i].what, &rows[i].request, rows[i].expected);
    free(one);
    free(two);
    free(both);
    free(bearer);
}

static void test_a_proof_for_something_else(void **state)
{
    (void)state;
    expect_proof("the twin", honest(), APISEC_OK);
    expect_proof("another method", changed("htm", "\"DELETE\""), APISEC_E_PROOF);
    expect_proof("another path", changed("htu", "\"https://api.example/orders/8\""), APISEC_E_PROOF);
    expect_proof("another host", changed("htu", "\"https://evil.example/orders/7\""), APISEC_E_PROOF);
    expect_proof("no TLS", changed("htu", "\"http://api.example/orders/7\""), APISEC_E_PROOF);
    expect_proof("another spelling of the same", changed("htu", "\"HTTPS://api.example:443/./orders/%37?x#y\""), APISEC_OK);
    expect_proof("no token", changed("ath", NULL), APISEC_E_PROOF);
    expect_proof("another token", proof_forge(owner, certified, FORGE_SAME, FORGE_SAME), APISEC_E_PROOF);
    expect_proof("old", changed("iat", "1749999969"), APISEC_E_PROOF);
    expect_proof("as old as it may be", changed("iat", "1749999970"), APISEC_OK);
    expect_proof("from the future", changed("iat", "1750000031"), APISEC_E_PROOF);
    expect_proof("as far ahead as it may be", changed("iat", "1750000030"), APISEC_OK);

    char *const proof = honest();
    const struct bound_request put = {.token = token, .proofs = {proof}, .method = "PUT"};
    const struct bound_request elsewhere = {.token = token, .proofs = {proof}, .target = "/admin"};
    const struct bound_request host = {.token = token, .proofs = {proof}, .target = "https://evil.example/orders/7"};
    expect("used for another method", &put, APISEC_E_PROOF);
    expect("used for another path", &elsewhere, APISEC_E_PROOF);
    expect("the twin: only the path of an absolute target counts", &host, APISEC_OK);
    free(proof);
}

/* A proof made for a host that only the Host header names. */
static void test_the_host_header_is_not_asked(void **state)
{
    (void)state;
    char *const proof = changed("htu", "\"https://evil.example/orders/7\""), *const good = honest();
    const struct bound_request evil = {.token = token, .proofs = {proof}, .header = {"Host", "evil.example"}};
    const struct bound_request twin = {.token = token, .proofs = {good}, .header = {"Host", "evil.example"}};
    expect("the attacker's host", &evil, APISEC_E_PROOF);
    expect("the twin", &twin, APISEC_OK);
    free(proof);
    free(good);
}

static void test_keys_and_algorithms_of_proofs(void **state)
{
    (void)state;
    const struct forge_change private[] = {{"jwk", apisec_signer_private_jwk(owner)}, {NULL, NULL}};
    expect_proof("a private key", proof_forge(owner, token, private, FORGE_SAME), APISEC_E_PROOF);
    const struct forge_change none[] = {{"alg", "\"none\""}, {NULL, NULL}};
    expect_proof("alg none", proof_forge(owner, token, none, FORGE_SAME), APISEC_E_PROOF);
    const struct forge_change symmetric[] = {{"alg", "\"HS256\""}, {NULL, NULL}};
    expect_proof("HS256 with the public key shown", proof_forge(owner, token, symmetric, FORGE_SAME), APISEC_E_PROOF);
    const struct forge_change typ[] = {{"typ", "\"JWT\""}, {NULL, NULL}};
    expect_proof("another typ", proof_forge(owner, token, typ, FORGE_SAME), APISEC_E_PROOF);
    const struct forge_change kid[] = {{"kid", "\"owner\""}, {"jwk", NULL}, {NULL, NULL}};
    expect_proof("a key by name only", proof_forge(owner, token, kid, FORGE_SAME), APISEC_E_PROOF);
    const struct forge_change url[] = {{"jku", "\"https://evil.example/keys\""}, {"jwk", NULL}, {NULL, NULL}};
    expect_proof("a key elsewhere", proof_forge(owner, token, url, FORGE_SAME), APISEC_E_PROOF);
    expect_proof("the twin", honest(), APISEC_OK);

    /* HS256 whose secret is the public key's text, as RS256 was once taken for HS256 */
    const struct forge_change header[] = {
        {"typ", "\"dpop+jwt\""}, {"alg", "\"HS256\""}, {"jwk", apisec_signer_public_jwk(owner)}, {NULL, NULL}};
    char hash[44], ath[48];
    proof_hash(token, strlen(token), hash);
    snprintf(ath, sizeof ath, "\"%s\"", hash);
    const struct forge_change claims[] = {{"jti", "\"h\""}, {"htm", "\"GET\""}, {"htu", "\"" PROOF_URL "\""},
                                          {"iat", "1750000000"}, {"ath", ath}, {NULL, NULL}};
    char *const head = forge_object(NULL, 0, header), *const body = forge_object(NULL, 0, claims);
    expect_proof("HMAC with the public key", forge_hmac(head, body, "HS256", text_of(apisec_signer_public_jwk(owner))),
                 APISEC_E_PROOF);
    expect_proof("the twin: the same, signed", proof_forge(owner, token, FORGE_SAME, claims), APISEC_OK);
    free(head);
    free(body);
}

/* A proof and an access token are two things, whichever is sent as the other. */
static void test_one_kind_for_the_other(void **state)
{
    (void)state;
    char *const proof = honest();
    const struct bound_request as_token = {.token = proof, .proofs = {proof}};
    const struct bound_request as_bearer = {.token = proof, .scheme = "Bearer"};
    const struct bound_request as_proof = {.token = token, .proofs = {token}};
    const struct bound_request twin = {.token = token, .proofs = {proof}};
    expect("a proof as a token", &as_token, APISEC_E_CLAIM); /* it has no issuer */
    expect("a proof as a bearer token", &as_bearer, APISEC_E_CLAIM);
    expect("a token as a proof", &as_proof, APISEC_E_PROOF);
    expect("the twin", &twin, APISEC_OK);
    free(proof);
}

static char *with_nonce(const char *nonce)
{
    char quoted[80];
    snprintf(quoted, sizeof quoted, "\"%s\"", nonce);
    return changed("nonce", quoted);
}

/* Proofs made ahead, on a machine that the attacker had for a while: a nonce of today was not known then. */
static void test_a_proof_made_ahead(void **state)
{
    (void)state;
    apisec_decision *decision;
    apisec_trust *const trust = bound_trust();
    apisec_trust_require_dpop_nonce(trust, 60);
    apisec_verifier *const strict = bound_verifier(trust, NULL);
    char *proof = honest(), first[64], second[64];
    struct bound_request request = {.token = token, .proofs = {proof}};
    assert_int_equal(bound_send(strict, &request, &decision), APISEC_E_NONCE);
    assert_int_equal(apisec_decision_http_status(decision), 401);
    assert_non_null(strstr(bound_header(decision, "WWW-Authenticate"), "DPoP error=\"use_dpop_nonce\""));
    snprintf(first, sizeof first, "%s", bound_header(decision, "DPoP-Nonce"));
    apisec_decision_free(decision);
    free(proof);

    request.proofs[0] = proof = with_nonce(first);
    assert_int_equal(bound_send(strict, &request, &decision), APISEC_OK);
    assert_null(bound_header(decision, "DPoP-Nonce"));
    apisec_decision_free(decision);
    free(proof);

    /* In the next window it is still good, and the next one comes with the answer; in the window after that it is not. */
    for (int i = 1; i <= 2; i++) {
        char iat[32], quoted[80];
        snprintf(iat, sizeof iat, "%d", FORGE_NOW + 60 * i);
        snprintf(quoted, sizeof quoted, "\"%s\"", first);
        const struct forge_change change[] = {{"nonce", quoted}, {"iat", iat}, {NULL, NULL}};
        request.proofs[0] = proof = proof_forge(owner, token, FORGE_SAME, change);
        request.at = FORGE_NOW + 60 * i;
        assert_int_equal(bound_send(strict, &request, &decision), i == 1 ? APISEC_OK : APISEC_E_NONCE);
        assert_non_null(bound_header(decision, "DPoP-Nonce"));
        snprintf(second, sizeof second, "%s", bound_header(decision, "DPoP-Nonce"));
        assert_string_not_equal(first, second);
        apisec_decision_free(decision);
        free(proof);
    }
    apisec_verifier_free(strict);
}

/* ---- certificates ---- */

static void test_certificates(void **state)
{
    (void)state;
    const struct {
        const char *what;
        struct bound_request request;
        apisec_status expected;
    } rows[] = {
        {"the twin: its own certificate", {.token = certified, .scheme = "Bearer", .certificate = CERTIFICATE}, APISEC_OK},
        {"no certificate", {.token = certified, .scheme = "Bearer"}, APISEC_E_BINDING},
        {"another certificate", {.token = certified, .scheme = "Bearer", .certificate = "the thief's"}, APISEC_E_BINDING},
        {"one byte more", {.token = certified, .scheme = "Bearer", .certificate = CERTIFICATE " "}, APISEC_E_BINDING},
        {"from a header",
         {.token = certified, .scheme = "Bearer", .header = {"X-Client-Cert", CERTIFICATE}},
         APISEC_E_BINDING},
        {"from a header, in the form of RFC 9440",
         {.token = certified, .scheme = "Bearer", .header = {"Client-Cert", ":dGhlIERFUg==:"}},
         APISEC_E_BINDING},
        {"the twin again, after all these", {.token = certified, .scheme = "Bearer", .certificate = CERTIFICATE}, APISEC_OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) expect(rows[i].what, &rows[i].request, rows[i].expected);
}

/* The thumbprint itself is no secret: it stands in the token. */
static void test_a_thumbprint_is_no_certificate(void **state)
{
    (void)state;
    char thumbprint[44];
    proof_hash(CERTIFICATE, strlen(CERTIFICATE), thumbprint);
    const struct bound_request shown = {.token = certified, .scheme = "Bearer", .certificate = thumbprint};
    const struct bound_request header = {
        .token = certified, .scheme = "Bearer", .certificate = "the thief's", .header = {"X-SSL-Client-SHA256", thumbprint}};
    const struct bound_request twin = {
        .token = certified, .scheme = "Bearer", .certificate = CERTIFICATE, .header = {"X-SSL-Client-SHA256", "nothing"}};
    expect("instead of the certificate", &shown, APISEC_E_BINDING);
    expect("in a header", &header, APISEC_E_BINDING);
    expect("the twin: what a header says does not matter", &twin, APISEC_OK);
}

/* ---- what the reply and the error tell ---- */

static void test_nothing_is_told(void **state)
{
    (void)state;
    apisec_decision *decision;
    char *const theirs = proof_forge(thief, token, FORGE_SAME, FORGE_SAME), *const wrong = changed("htm", "\"canary\"");
    char *const proofs[] = {theirs, wrong};
    for (size_t i = 0; i < 2; i++) {
        const struct bound_request request = {.token = token, .proofs = {proofs[i]}};
        assert_int_not_equal(bound_send(verifier, &request, &decision), APISEC_OK);
        const char *const told[] = {apisec_decision_reason(decision), apisec_decision_explanation(decision),
                                    bound_header(decision, "WWW-Authenticate")};
        for (size_t k = 0; k < 3; k++) {
            char piece[13] = {0};
            assert_null(strstr(told[k], "canary"));
            for (size_t at = 0; at + 12 <= strlen(proofs[i]); at++) {
                memcpy(piece, proofs[i] + at, 12);
                assert_null(strstr(told[k], piece));
            }
        }
        apisec_decision_free(decision);
    }
    free(theirs);
    free(wrong);
}

static void test_challenges(void **state)
{
    (void)state;
#define ALGS "algs=\"RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512\""
#define UNBOUND "error=\"invalid_token\", error_description=\"The access token must be bound to a key or certificate, and the " \
                "request prove its possession\""
    static const struct {
        const char *scheme;
        bool has_token, has_proof;
        apisec_status expected;
        const char *challenge;
    } rows[] = {
        {"Bearer", false, false, APISEC_E_NO_CREDENTIAL, "Bearer, DPoP " ALGS},
        {"Bearer", true, false, APISEC_E_BINDING,
         "Bearer " UNBOUND ", DPoP " ALGS},
        {"DPoP", true, false, APISEC_E_BINDING,
         "DPoP " UNBOUND ", " ALGS ", Bearer"},
        {"DPoP", true, true, APISEC_E_PROOF,
         "DPoP error=\"invalid_dpop_proof\", error_description=\"The DPoP proof is invalid\", " ALGS ", Bearer"},
    };
    char *const proof = changed("htm", "\"PUT\"");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_decision *decision;
        const struct bound_request request = {.token = rows[i].has_token ? token : NULL,
                                              .scheme = rows[i].scheme,
                                              .proofs = {rows[i].has_proof ? proof : NULL}};
        assert_int_equal(bound_send(verifier, &request, &decision), rows[i].expected);
        assert_string_equal(bound_header(decision, "WWW-Authenticate"), rows[i].challenge);
        apisec_decision_free(decision);
    }
    free(proof);
}

/* ---- memory ---- */

/* A curve's arithmetic allocates thousands of times, all alike: of those every 61st is enough, and even fewer in `make check`. */
static size_t next_step(size_t nth)
{
    return nth < 300 ? stride(1, 5) : stride(61, 307);
}

/* Whoever makes a host run out of memory gets no further with a stolen token; its owner is refused for no fault of his. */
static void test_every_allocation_fails_once(void **state)
{
    (void)state;
    if (!failing_works()) skip();
    char *const theirs = proof_forge(thief, token, FORGE_SAME, FORGE_SAME);
    for (int is_stolen = 0; is_stolen < 2; is_stolen++) {
        const apisec_status without_failure = is_stolen ? APISEC_E_BINDING : APISEC_OK;
        for (size_t nth = 0;; nth += next_step(nth)) {
            char *const own = honest();
            const struct bound_request request = {.token = token, .proofs = {is_stolen ? theirs : own}};
            apisec_call *const call = bound_call(&request);
            apisec_decision *decision = NULL;
            if (nth > 0) failing_begin(nth);
            const apisec_status status = apisec_authenticate(verifier, NULL, call, &decision, NULL);
            const apisec_status committed = apisec_decision_commit(decision, NULL);
            apisec_decision_free(decision);
            const bool failed = nth > 0 && failing_end();
            apisec_call_free(call);
            free(own);
            assert_int_equal(committed, status);
            if (nth > 0 && failing_kept > 0) fail_msg("allocation %zu: %ld kept", nth, failing_kept);
            if (nth > 0 && !failed) {
                assert_int_equal(status, without_failure);
                assert_true(nth > 40);
                break;
            }
            if (status != without_failure && status / 100 != -5) fail_msg("allocation %zu: %s", nth, apisec_status_name(status));
        }
    }
    free(theirs);
}

static apisec_status make_strict(const char *set, size_t nth, bool *failed)
{
    apisec_verifier *made = NULL;
    failing_begin(nth);
    apisec_trust *const trust = apisec_trust_new();
    apisec_issuer *const issuer = apisec_trust_add_issuer(trust, FORGE_ISSUER);
    apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
    apisec_issuer_allow_algorithm(issuer, "ES256");
    apisec_issuer_set_jwks(issuer, set, strlen(set));
    apisec_trust_allow_dpop(trust);
    apisec_trust_add_origin(trust, PROOF_ORIGIN);
    apisec_trust_require_dpop_nonce(trust, 60);
    apisec_trust_set_dpop_nonce_key(trust, "0123456789abcdef0123456789abcdef", 32);
    apisec_trust_set_replay_capacity(trust, 4);
    const apisec_status status = apisec_verifier_new(trust, NULL, &made, NULL);
    assert_true((made != NULL) == (status == APISEC_OK));
    apisec_trust_free(trust);
    apisec_verifier_free(made);
    *failed = failing_end();
    return status;
}

/* A verifier that could not be made whole is none. */
static void test_a_verifier_without_memory(void **state)
{
    (void)state;
    if (!failing_works()) skip();
    bool failed = true;
    size_t nth = 1;
    char *const set = forge_jwks((const apisec_signer *[]){forge_signer("ES256", 0), NULL});
    for (; failed; nth += next_step(nth)) {
        const apisec_status status = make_strict(set, nth, &failed);
        if (failing_kept != 0) fail_msg("allocation %zu: %ld kept", nth, failing_kept);
        if (status != (failed ? APISEC_E_MEMORY : APISEC_OK)) fail_msg("allocation %zu: %s", nth, apisec_status_name(status));
    }
    assert_true(nth > 40);
    free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_replayed_proof),
                                       cmocka_unit_test(test_a_clock_that_jumps_back),
                                       cmocka_unit_test(test_a_full_memory_denies),
                                       cmocka_unit_test(test_a_stolen_token),
                                       cmocka_unit_test(test_two_proofs_and_two_schemes),
                                       cmocka_unit_test(test_a_proof_for_something_else),
                                       cmocka_unit_test(test_the_host_header_is_not_asked),
                                       cmocka_unit_test(test_keys_and_algorithms_of_proofs),
                                       cmocka_unit_test(test_one_kind_for_the_other),
                                       cmocka_unit_test(test_a_proof_made_ahead),
                                       cmocka_unit_test(test_certificates),
                                       cmocka_unit_test(test_a_thumbprint_is_no_certificate),
                                       cmocka_unit_test(test_nothing_is_told),
                                       cmocka_unit_test(test_challenges),
                                       cmocka_unit_test(test_every_allocation_fails_once),
                                       cmocka_unit_test(test_a_verifier_without_memory)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
