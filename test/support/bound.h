/* SPDX-License-Identifier: Apache-2.0
 *
 * bound.h: a service that accepts bound tokens, and the requests that are sent to it: GET https://api.example/orders/7 at
 * FORGE_NOW, with what a row says in place of that.
 */
#ifndef TEST_SUPPORT_BOUND_H
#define TEST_SUPPORT_BOUND_H

#include "support/proofs.h"

#include <apisec/apisec.h>

/* bound_trust trusts FORGE_ISSUER with pinned ES256 keys, and allows DPoP for PROOF_ORIGIN; the caller may add to it. */
apisec_trust *bound_trust(void);
/* bound_verifier ends the trust. The test fails when there is none. */
apisec_verifier *bound_verifier(apisec_trust *trust, apisec_http *http);

/* bound_token makes a token with this `cnf` (raw JSON; NULL: none). bound_to_key, bound_to_certificate: the honest ones. Free. */
char *bound_token(const char *cnf);
char *bound_to_key(const apisec_signer *signer);
char *bound_to_certificate(const char *der);

struct bound_request {
    const char *token;
    const char *scheme;      /* NULL: DPoP */
    const char *proofs[2];   /* NULL: none */
    const char *method;      /* NULL: GET */
    const char *target;      /* NULL: PROOF_PATH and a query */
    const char *certificate; /* its bytes as a text; NULL: none */
    const char *header[2];   /* one more: name, value; NULL: none */
    int64_t at;              /* 0: FORGE_NOW */
};
apisec_call *bound_call(const struct bound_request *request);
/* bound_send authenticates and commits. *decision may be NULL. */
apisec_status bound_send(apisec_verifier *verifier, const struct bound_request *request, apisec_decision **decision);
/* bound_header is the value of the reply's one header of that name; NULL: none. More than one fails the test. */
const char *bound_header(const apisec_decision *decision, const char *name);

#endif
