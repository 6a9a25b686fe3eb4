/* SPDX-License-Identifier: Apache-2.0
 *
 * signer.h: a private key that signs: client assertions, proofs, and the tokens of tests and demos.
 *
 * Algorithms: RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 HS256 HS384 HS512 (RFC 7518 section 3).
 * Threads: a signer is immutable and may be shared.
 */
#ifndef APISEC_SIGNER_H
#define APISEC_SIGNER_H

#include <apisec/status.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

typedef struct apisec_signer apisec_signer;

/* apisec_signer_new takes a private JSON Web Key (RFC 7517): kty RSA, EC or oct, with `alg`, and `kid` if it is to be named in
 * the header. APISEC_E_MALFORMED: not a JWK. APISEC_E_KEY_UNFIT: too small, public only, not on its curve, or `use`/`key_ops`
 * forbid signing. APISEC_E_ALGORITHM: `alg` is absent or not one of the list. */
apisec_status apisec_signer_new(const char *jwk, size_t len, apisec_signer **signer, apisec_error *err);

/* apisec_signer_generate makes a new key for an algorithm: RSA-2048, the curve of the ES algorithm, or an HMAC key as long as
 * the hash. Its `kid` is its RFC 7638 thumbprint. */
apisec_status apisec_signer_generate(const char *alg, apisec_signer **signer, apisec_error *err);

/* apisec_signer_free ends the handle. The key is wiped once no client that was given it needs it. */
void apisec_signer_free(apisec_signer *signer);

/* apisec_signer_algorithm returns the key's `alg`, as "ES256". */
const char *apisec_signer_algorithm(const apisec_signer *signer);
/* apisec_signer_key_id returns the key's `kid`, or NULL. */
const char *apisec_signer_key_id(const apisec_signer *signer);
/* apisec_signer_public_jwk returns the public half as a JWK text to publish; NULL for an HMAC key, which has none. */
const char *apisec_signer_public_jwk(const apisec_signer *signer);
/* apisec_signer_private_jwk returns the whole key as a JWK text: a secret. It is wiped when the signer is freed. */
const char *apisec_signer_private_jwk(const apisec_signer *signer);

/* apisec_signer_sign signs a payload as a compact JWS (RFC 7515 section 7.1). type becomes `typ`, NULL for none. The payload is
 * signed as it is; for a JWT it must be a JSON object, which is not checked here. End *token with apisec_text_free. */
apisec_status apisec_signer_sign(const apisec_signer *signer, const char *type, const char *payload, size_t len, char **token,
                                 apisec_error *err);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
