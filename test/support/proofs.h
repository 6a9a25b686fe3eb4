/* SPDX-License-Identifier: Apache-2.0
 *
 * proofs.h: DPoP proofs for tests, with any one thing changed, and the claims of tokens that are bound.
 *
 * The honest proof is for GET https://api.example/orders/7 at FORGE_NOW. Whatever fails here ends the process.
 */
#ifndef TEST_SUPPORT_PROOFS_H
#define TEST_SUPPORT_PROOFS_H

#include "support/forge.h"

#define PROOF_ORIGIN "https://api.example"
#define PROOF_PATH "/orders/7"
#define PROOF_URL PROOF_ORIGIN PROOF_PATH

/* proof_forge makes a proof with a new `jti`; token NULL: without `ath`. Free with free. */
char *proof_forge(const apisec_signer *signer, const char *token, const struct forge_change *header,
                  const struct forge_change *claims);
/* proof_hash is the base64url SHA-256 of bytes: what `ath` and `x5t#S256` are. */
void proof_hash(const void *bytes, size_t len, char out[44]);
/* proof_jkt is the RFC 7638 thumbprint of a signer's key. */
void proof_jkt(const apisec_signer *signer, char out[44]);
/* proof_cnf writes the claim {"jkt":…} and the like; either may be NULL. Free with free. */
char *proof_cnf(const char *jkt, const char *x5t);

#endif
