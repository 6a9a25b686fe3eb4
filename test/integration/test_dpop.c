/* SPDX-License-Identifier: Apache-2.0
 *
 * test_dpop.c: tokens of real servers that are bound to a key (DPoP, RFC 9449): obtained with proofs of the library, with and
 * without the server's nonces; used at a protected call with a proof and our nonce; and stolen.
 */
#include "bound.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct counted transport;
static apisec_signer *key, *thief; /* a key of each */

static int open_transport(void **state)
{
    (void)state;
    counted_open(&transport, 0);
    if (apisec_signer_generate("ES256", &thief, NULL) != APISEC_OK) return -1;
    return apisec_signer_generate("ES256", &key, NULL);
}

static int close_transport(void **state)
{
    (void)state;
    apisec_signer_free(thief);
    apisec_signer_free(key);
    counted_close(&transport);
    return 0;
}

/* ---- proofs ---- */

struct proof {
    const apisec_signer *signer; /* NULL: key */
    const char *method, *url;    /* NULL: those of the call */
    const char *token;           /* NULL: the one that is sent */
    const char *nonce;
    int64_t later;
};

static char *prove(const struct proof *proof, const char *token)
{
    char *text = NULL;
    apisec_error err;
    const char *method = proof->method == NULL ? "GET" : proof->method;
    const char *url = proof->url == NULL ? ORIGIN TARGET : proof->url;
    if (apisec_dpop_proof(proof->signer == NULL ? key : proof->signer, method, url, proof->token == NULL ? token : proof->token,
                          proof->nonce, now_ms() / 1000 + proof->later, &text, &err) != APISEC_OK)
        fail_msg("%s", err.text);
    return text;
}

/* The token serves its owner; whoever stole it, with or without one of the owner's proofs, has nothing. */
static void check_token(const struct bound_service *service, const char *token, const char *which)
{
    const struct {
        const char *scheme;
        bool without_proof;
        struct proof proof;
        apisec_status status;
        const char *why;
    } rows[] = {
        {"DPoP", false, {.signer = key}, APISEC_OK, "its owner"},
        {"DPoP", false, {.later = -20}, APISEC_OK, "a proof of just now"},
        {"Bearer", true, {.signer = key}, APISEC_E_BINDING, "stolen, as a bearer token"},
        {"DPoP", true, {.signer = key}, APISEC_E_BINDING, "stolen, without a proof"},
        {"DPoP", false, {.signer = thief}, APISEC_E_BINDING, "stolen, with the thief's own key"},
        {"DPoP", false, {.method = "POST"}, APISEC_E_PROOF, "a proof for another method"},
        {"DPoP", false, {.url = ORIGIN "/orders/8"}, APISEC_E_PROOF, "a proof for another resource"},
        {"DPoP", false, {.url = "https://other.example" TARGET}, APISEC_E_PROOF, "a proof for another service"},
        {"DPoP", false, {.token = "another"}, APISEC_E_PROOF, "a proof for another token"},
        {"DPoP", false, {.later = -120}, APISEC_E_PROOF, "an old proof"},
    };
    apisec_verifier *verifier = bound_verifier(service, &transport.http);
    apisec_error err;
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        char *proof = rows[row].without_proof ? NULL : prove(&rows[row].proof, token);
        const struct bound_request request = {.scheme = rows[row].scheme, .token = token, .proof = proof};
        bound_expect(bound_send(verifier, &request, NULL, &err), rows[row].status, which, rows[row].why, &err);
        if (rows[row].status == APISEC_OK)
            bound_expect(bound_send(verifier, &request, NULL, &err), APISEC_E_REPLAY, which, "the same proof again", &err);
        apisec_text_free(proof);
    }
    apisec_verifier_free(verifier);
}

/* We give a nonce to who has none, and take no other than ours. */
static void check_nonces(struct bound_service service, const char *token, const char *which)
{
    char nonce[256], next[256];
    apisec_error err;
    service.nonces = true;
    apisec_verifier *verifier = bound_verifier(&service, &transport.http);
    char *proof = prove(&(struct proof){.signer = key}, token);
    struct bound_request request = {.scheme = "DPoP", .token = token, .proof = proof};
    bound_expect(bound_send(verifier, &request, nonce, &err), APISEC_E_NONCE, which, "no nonce", &err);
    assert_true(nonce[0] != '\0');
    apisec_text_free(proof);

    request.proof = proof = prove(&(struct proof){.nonce = nonce}, token);
    bound_expect(bound_send(verifier, &request, next, &err), APISEC_OK, which, "our nonce", &err);
    bound_expect(bound_send(verifier, &request, next, &err), APISEC_E_REPLAY, which, "once", &err);
    apisec_text_free(proof);

    nonce[10] = nonce[10] == 'A' ? 'B' : 'A';
    request.proof = proof = prove(&(struct proof){.nonce = nonce}, token);
    bound_expect(bound_send(verifier, &request, next, &err), APISEC_E_NONCE, which, "a nonce that is not ours", &err);
    apisec_text_free(proof);
    apisec_verifier_free(verifier);
}

/* ---- oidc-provider: the exchange client ---- */

static apisec_status exchange(const char *id, const char *secret, const apisec_signer *signer, const char *audience,
                              apisec_issued **issued, apisec_error *err)
{
    const struct bound_client who = {.id = id, .secret = secret, .signer = signer};
    return bound_exchange(&who, audience, &transport.http, issued, err);
}

static void the_exchange_client(void **state)
{
    (void)state;
    const struct {
        const char *id, *secret;
        const apisec_signer *signer;
        size_t num_requests;
        apisec_status status;
        const char *type, *why;
    } rows[] = {
        {"svc-dpop", "dpop-secret", key, 1, APISEC_OK, "DPoP", "a proof"},
        {"svc-nonce", "nonce-secret", key, 2, APISEC_OK, "DPoP", "and once more, with the nonce that the server wants"},
        {"svc-basic", "basic-secret", key, 1, APISEC_OK, "DPoP", "a client that need not"},
        {"svc-basic", "basic-secret", NULL, 1, APISEC_OK, "Bearer", "and does not"},
        {"svc-dpop", "dpop-secret", NULL, 1, APISEC_E_INVALID_GRANT, NULL, "a client that must, and does not"},
        {"svc-dpop", "wrong", key, 1, APISEC_E_INVALID_CLIENT, NULL, "a proof is no secret"},
    };
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        apisec_issued *issued = NULL;
        apisec_error err;
        atomic_store(&transport.num_requests, 0);
        const apisec_status got =
            exchange(rows[row].id, rows[row].secret, rows[row].signer, resource_of("ES256"), &issued, &err);
        bound_expect(got, rows[row].status, rows[row].id, rows[row].why, &err);
        assert_int_equal(atomic_load(&transport.num_requests), rows[row].num_requests);
        if (got == APISEC_OK) assert_string_equal(apisec_issued_token_type(issued), rows[row].type);
        else assert_null(issued);
        apisec_issued_free(issued);
    }
}

static void tokens_of_oidc_provider(void **state)
{
    (void)state;
    const struct {
        const char *id, *secret, *which;
        struct bound_service service;
    } rows[] = {
        {"svc-dpop", "dpop-secret", "a JWT", {.audience = resource_of("ES256")}},
        {"svc-nonce", "nonce-secret", "a JWT, with a nonce of the server", {.audience = resource_of("ES256"), .must = true}},
        {"svc-dpop", "dpop-secret", "encrypted", {.audience = "https://encrypted.test/ecdh-es", .encrypted = true}},
        {"svc-dpop", "dpop-secret", "opaque", {.audience = "https://opaque.test/", .opaque = true}},
        {"svc-dpop", "dpop-secret", "opaque, signed", {.audience = "https://opaque.test/", .opaque = true, .is_signed = true}},
    };
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        apisec_issued *issued = NULL;
        apisec_error err;
        size_t len = 0;
        struct bound_service service = rows[row].service;
        service.issuer = setting("OIDC");
        bound_expect(exchange(rows[row].id, rows[row].secret, key, service.audience, &issued, &err), APISEC_OK, rows[row].which,
               "exchanged", &err);
        const char *token = apisec_issued_token(issued, &len);
        check_token(&service, token, rows[row].which);
        check_nonces(service, token, rows[row].which);
        apisec_issued_free(issued);
    }
}

/* What a bound token is at a service that knows no DPoP, and a bearer token at one that does. */
static void the_wrong_service(void **state)
{
    (void)state;
    apisec_issued *issued = NULL;
    apisec_error err;
    size_t len = 0;
    const struct bound_service knows = {.issuer = setting("OIDC"), .audience = resource_of("ES256")};
    struct bound_service knows_not = knows, demands = knows;
    knows_not.without_dpop = true;
    demands.must = true;
    bound_expect(exchange("svc-dpop", "dpop-secret", key, knows.audience, &issued, &err), APISEC_OK, "bound", "exchanged", &err);
    const char *bound = apisec_issued_token(issued, &len);
    char *bearer = fetch_user_token("ES256", "sub=alice");
    const struct {
        const struct bound_service *service;
        const char *scheme, *token;
        apisec_status status;
        const char *why;
    } rows[] = {
        {&knows, "DPoP", bound, APISEC_OK, "a bound token"},
        {&knows, "Bearer", bearer, APISEC_OK, "a bearer token"},
        {&knows, "DPoP", bearer, APISEC_E_BINDING, "a bearer token that pretends"},
        {&knows_not, "DPoP", bound, APISEC_E_REQUEST, "DPoP is not allowed"},
        {&knows_not, "Bearer", bound, APISEC_E_BINDING, "nor does it become a bearer token"},
        {&knows_not, "Bearer", bearer, APISEC_OK, "which others are"},
        {&demands, "DPoP", bound, APISEC_OK, "bound, as it must be"},
        {&demands, "Bearer", bearer, APISEC_E_BINDING, "a bearer token where it must not"},
    };
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        apisec_verifier *verifier = bound_verifier(rows[row].service, &transport.http);
        const bool with_proof = strcmp(rows[row].scheme, "DPoP") == 0;
        char *proof = with_proof ? prove(&(struct proof){.signer = key}, rows[row].token) : NULL;
        const struct bound_request request = {.scheme = rows[row].scheme, .token = rows[row].token, .proof = proof};
        bound_expect(bound_send(verifier, &request, NULL, &err), rows[row].status, rows[row].scheme, rows[row].why, &err);
        apisec_text_free(proof);
        apisec_verifier_free(verifier);
    }
    free(bearer);
    apisec_issued_free(issued);
}

/* ---- glewlwyd: it knows no exchange, so that a plain HTTP client asks, with proofs of ours ---- */

static char *ask_glewlwyd(const char *issuer, const struct proof *proof, struct answer *answer)
{
    char url[256];
    snprintf(url, sizeof url, "%s/token", issuer);
    char *text = NULL;
    const apisec_signer *signer = proof->signer == NULL ? key : proof->signer;
    assert_int_equal(apisec_dpop_proof(signer, "POST", proof->url == NULL ? url : proof->url, NULL, proof->nonce, now_ms() / 1000,
                                       &text, NULL), APISEC_OK);
    http_ask(&(struct question){.url = url, .user = "svc-dpop:dpop-secret", .proof = text,
                           .form = "grant_type=client_credentials&scope=orders:read&resource=https://orders.test/"}, answer);
    apisec_text_free(text);
    return answer_member(answer, "access_token");
}

static void tokens_of_glewlwyd(void **state)
{
    (void)state;
    struct answer answer;
    const struct bound_service service = {.issuer = setting_url("GLEWLWYD", "/api/oidc"), .audience = "https://orders.test/"};
    char *token = ask_glewlwyd(service.issuer, &(struct proof){.signer = key}, &answer);
    if (token == NULL) fail_msg("%ld: %s", answer.status, answer.body);
    check_token(&service, token, "glewlwyd");
    check_nonces(service, token, "glewlwyd");
    free(token);
    assert_null(ask_glewlwyd(service.issuer, &(struct proof){.url = "https://other.example/token"}, &answer));
    assert_int_equal(answer.status, 403);
}

static void nonces_of_glewlwyd(void **state)
{
    (void)state;
    struct answer answer;
    const struct bound_service service = {.issuer = setting_url("GLEWLWYD", "/api/nonce"), .audience = "https://orders.test/"};
    assert_null(ask_glewlwyd(service.issuer, &(struct proof){.signer = key}, &answer));
    assert_true(answer.nonce[0] != '\0');
    char nonce[256];
    snprintf(nonce, sizeof nonce, "%s", answer.nonce);
    char *token = ask_glewlwyd(service.issuer, &(struct proof){.nonce = nonce}, &answer);
    if (token == NULL) fail_msg("%ld: %s", answer.status, answer.body);
    check_token(&service, token, "glewlwyd, with its nonce");
    free(token);

    nonce[0] = nonce[0] == 'A' ? 'B' : 'A';
    assert_null(ask_glewlwyd(service.issuer, &(struct proof){.nonce = nonce}, &answer)); /* not one that it gave */
    http_ask(&(struct question){.url = setting_url("GLEWLWYD", "/api/nonce/token"), .user = "svc-dpop:dpop-secret",
                           .form = "grant_type=client_credentials&scope=orders:read"}, &answer);
    assert_int_equal(answer.status, 403); /* and this client does not get a token without a proof */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_exchange_client), cmocka_unit_test(tokens_of_oidc_provider), cmocka_unit_test(the_wrong_service),
        cmocka_unit_test(tokens_of_glewlwyd),  cmocka_unit_test(nonces_of_glewlwyd),
    };
    return cmocka_run_group_tests(tests, open_transport, close_transport);
}
