/* SPDX-License-Identifier: Apache-2.0
 *
 * bound.h: what the tests of bound tokens share: a service that accepts them from real servers, the exchange client that obtains
 * them from oidc-provider, and the protected call.
 */
#ifndef TEST_INTEGRATION_BOUND_H
#define TEST_INTEGRATION_BOUND_H

#include "integration.h"

/* Zero is: JWTs signed with ES256, DPoP allowed. `is_signed`: introspection's answers must be (RFC 9701). */
struct bound_service {
    const char *issuer, *audience;
    bool without_dpop, nonces, opaque, is_signed, encrypted, must;
    const char *identity; /* asks about opaque tokens as rs-mtls, with this certificate; NULL: as rs-basic */
};
apisec_verifier *bound_verifier(const struct bound_service *service, apisec_http *http);

/* Who obtains: with a secret, or a certificate (identity), and with proofs where there is a signer. */
struct bound_client {
    const char *id, *secret, *identity;
    const apisec_signer *signer;
};
/* bound_exchange exchanges a token of alice at oidc-provider for one for this audience. */
apisec_status bound_exchange(const struct bound_client *who, const char *audience, apisec_http *http, apisec_issued **issued,
                             apisec_error *err);

/* ---- a protected call: GET https://api.example/orders/7 ---- */

#define ORIGIN "https://api.example"
#define TARGET "/orders/7"
struct bound_request {
    const char *scheme; /* NULL: Bearer */
    const char *token, *proof;
    const unsigned char *certificate; /* what the client showed, in DER; NULL: none */
    size_t certificate_len;
};
/* bound_send authenticates and commits. nonce gets the reply's DPoP-Nonce, "" when there is none; it may be NULL. */
apisec_status bound_send(apisec_verifier *verifier, const struct bound_request *request, char nonce[256], apisec_error *err);

/* bound_expect fails the test when it is not so. */
void bound_expect(apisec_status got, apisec_status want, const char *which, const char *why, const apisec_error *err);

#endif
