/* SPDX-License-Identifier: Apache-2.0
 *
 * test_mtls.c: tokens of real servers that are bound to the certificate that the client showed them in TLS (RFC 8705): accepted
 * with that certificate, refused with another; and how a certificate authenticates a client, and a service that asks about tokens.
 */
#include "bound.h"
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

static struct counted transport;
static char *client_der, *other_der; /* both from the CA that the servers trust */
static size_t client_len, other_len;

static int open_transport(void **state)
{
    (void)state;
    counted_open(&transport, 0);
    client_der = read_folder("client.der", &client_len);
    other_der = read_folder("other.der", &other_len);
    return 0;
}

static int close_transport(void **state)
{
    (void)state;
    free(other_der);
    free(client_der);
    counted_close(&transport);
    return 0;
}

static void check_token(const struct bound_service *service, const char *token, const char *which)
{
    const unsigned char *client = (const unsigned char *)client_der, *other = (const unsigned char *)other_der;
    const struct {
        struct bound_request request;
        apisec_status status;
        const char *why;
    } rows[] = {
        {{.certificate = client, .certificate_len = client_len}, APISEC_OK, "its owner"},
        {{.certificate = client, .certificate_len = client_len}, APISEC_OK, "and again"},
        {{.certificate = other, .certificate_len = other_len}, APISEC_E_BINDING, "stolen, by one with a certificate of his own"},
        {{.certificate = NULL}, APISEC_E_BINDING, "stolen, by one without"},
        {{.certificate = client, .certificate_len = client_len - 1}, APISEC_E_BINDING, "not the whole certificate"},
    };
    apisec_error err;
    apisec_verifier *verifier = bound_verifier(service, &transport.http);
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        struct bound_request request = rows[row].request;
        request.token = token;
        bound_expect(bound_send(verifier, &request, NULL, &err), rows[row].status, which, rows[row].why, &err);
    }
    bound_expect(verify_now(verifier, token, &err), APISEC_E_BINDING, which, "the bare token", &err);
    apisec_verifier_free(verifier);
}

static void clients_authenticate(void **state)
{
    (void)state;
    static const struct {
        struct bound_client who;
        apisec_status status;
        const char *why;
    } rows[] = {
        {{.id = "svc-mtls", .identity = "client"}, APISEC_OK, "its certificate"},
        {{.id = "svc-mtls", .identity = "other"}, APISEC_E_INVALID_CLIENT, "another's certificate"},
        {{.id = "svc-mtls", .secret = "basic-secret"}, APISEC_E_INVALID_CLIENT, "a secret in its place"},
        {{.id = "svc-basic", .identity = "client"}, APISEC_E_INVALID_CLIENT, "a certificate in place of a secret"},
        {{.id = "svc-basic", .secret = "basic-secret"}, APISEC_OK, "which it has"},
    };
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        apisec_issued *issued = NULL;
        apisec_error err;
        const apisec_status got = bound_exchange(&rows[row].who, resource_of("ES256"), &transport.http, &issued, &err);
        bound_expect(got, rows[row].status, rows[row].who.id, rows[row].why, &err);
        assert_true((issued != NULL) == (got == APISEC_OK));
        apisec_issued_free(issued);
    }
}

static void tokens_of_oidc_provider(void **state)
{
    (void)state;
    static const struct {
        const char *which;
        struct bound_service service;
    } rows[] = {
        {"a JWT", {.audience = "https://es256.test/"}},
        {"a JWT, where no other is taken", {.audience = "https://es256.test/", .must = true, .without_dpop = true}},
        {"encrypted", {.audience = "https://encrypted.test/rsa-oaep-256", .encrypted = true}},
        {"opaque", {.audience = "https://opaque.test/", .opaque = true}},
        {"opaque, signed", {.audience = "https://opaque.test/", .opaque = true, .is_signed = true}},
        {"opaque, asked with a certificate", {.audience = "https://opaque.test/", .opaque = true, .identity = "client"}},
        {"opaque, so and signed", {.audience = "https://opaque.test/", .opaque = true, .identity = "client", .is_signed = true}},
    };
    const struct bound_client who = {.id = "svc-mtls", .identity = "client"};
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        apisec_issued *issued = NULL;
        apisec_error err;
        size_t len = 0;
        struct bound_service service = rows[row].service;
        service.issuer = setting("OIDC");
        bound_expect(bound_exchange(&who, service.audience, &transport.http, &issued, &err), APISEC_OK, rows[row].which,
                     "exchanged", &err);
        assert_string_equal(apisec_issued_token_type(issued), "Bearer");
        check_token(&service, apisec_issued_token(issued, &len), rows[row].which);
        apisec_issued_free(issued);
    }
}

/* A token that is bound to nothing needs no certificate, unless the service demands it of all. */
static void bound_to_nothing(void **state)
{
    (void)state;
    const unsigned char *client = (const unsigned char *)client_der;
    struct bound_service service = {.issuer = setting("OIDC"), .audience = resource_of("ES256")};
    char *token = fetch_user_token("ES256", "sub=alice");
    const struct bound_request request = {.token = token, .certificate = client, .certificate_len = client_len};
    for (int must = 0; must < 2; must++) {
        apisec_error err;
        service.must = must == 1;
        apisec_verifier *verifier = bound_verifier(&service, &transport.http);
        bound_expect(bound_send(verifier, &request, NULL, &err), must == 1 ? APISEC_E_BINDING : APISEC_OK, "a bearer token",
                     must == 1 ? "refused" : "taken", &err);
        apisec_verifier_free(verifier);
    }
    free(token);
}

/* Who asks about an opaque token may show another's certificate. */
static void who_may_ask(void **state)
{
    (void)state;
    const char *url = setting_url("OIDC", "/_test/user-token?sub=alice&resource=https://opaque.test/");
    char *token = fetch_text(url, NULL, NULL, "access_token");
    static const char *const identities[] = {"client", "other"};
    for (size_t i = 0; i < 2; i++) {
        const struct bound_service service = {
            .issuer = setting("OIDC"), .audience = "https://opaque.test/", .opaque = true, .identity = identities[i]};
        apisec_error err;
        apisec_verifier *verifier = bound_verifier(&service, &transport.http);
        const apisec_status want = i == 0 ? APISEC_OK : APISEC_E_INVALID_CLIENT;
        bound_expect(verify_now(verifier, token, &err), want, "rs-mtls", identities[i], &err);
        apisec_verifier_free(verifier);
    }
    free(token);
}

/* glewlwyd knows no exchange, so that a plain HTTP client asks. */
static void tokens_of_glewlwyd(void **state)
{
    (void)state;
    struct answer answer;
    struct question question = {
        .url = setting_url("GLEWLWYD", "/api/oidc/token"), .identity = "client",
        .form = "grant_type=client_credentials&client_id=svc-mtls&scope=orders:read&resource=https://orders.test/"};
    const struct bound_service service = {.issuer = setting_url("GLEWLWYD", "/api/oidc"), .audience = "https://orders.test/"};
    http_ask(&question, &answer);
    char *token = answer_member(&answer, "access_token");
    if (token == NULL) fail_msg("%ld: %s", answer.status, answer.body);
    check_token(&service, token, "glewlwyd");
    free(token);

    question.identity = "other";
    http_ask(&question, &answer);
    assert_int_equal(answer.status, 403);
    question.identity = NULL;
    http_ask(&question, &answer);
    assert_int_equal(answer.status, 403);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_authenticate), cmocka_unit_test(tokens_of_oidc_provider), cmocka_unit_test(bound_to_nothing),
        cmocka_unit_test(who_may_ask),          cmocka_unit_test(tokens_of_glewlwyd),
    };
    return cmocka_run_group_tests(tests, open_transport, close_transport);
}
