/* SPDX-License-Identifier: Apache-2.0
 *
 * verified.c: signs a token and verifies it the way a service does; see verified.h.
 */
#include "support/verified.h"
#include "support/forge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct verified verified_new(const char *scope)
{
    struct verified verified = {NULL, NULL};
    apisec_verifier *verifier = NULL;
    apisec_error err = {APISEC_OK, ""};
    char quoted[256];
    const apisec_signer *signer = forge_signer("ES256", 0);
    snprintf(quoted, sizeof quoted, "\"%s\"", scope == NULL ? "" : scope);
    const struct forge_change changes[] = {
        {"iss", "\"" FORGE_ISSUER "\""}, {"sub", "\"user-7\""}, {"scope", scope == NULL ? NULL : quoted}, {NULL, NULL}};
    char *jwks = forge_jwks((const apisec_signer *const[]){signer, NULL});
    verified.raw = forge_token(changes, FORGE_SAME, signer);

    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, FORGE_ISSUER);
    apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
    apisec_issuer_allow_algorithm(issuer, "ES256");
    apisec_issuer_set_jwks(issuer, jwks, strlen(jwks));
    apisec_status status = apisec_verifier_new(trust, NULL, &verifier, &err);
    if (status == APISEC_OK)
        status = apisec_verify(verifier, verified.raw, strlen(verified.raw), FORGE_NOW, &verified.token, &err);
    if (status != APISEC_OK) {
        fprintf(stderr, "verified_new: %s\n", err.text);
        abort();
    }
    apisec_trust_free(trust);
    apisec_verifier_free(verifier);
    free(jwks);
    forge_end();
    return verified;
}

void verified_free(struct verified *verified)
{
    apisec_token_free(verified->token);
    free(verified->raw);
    *verified = (struct verified){NULL, NULL};
}
