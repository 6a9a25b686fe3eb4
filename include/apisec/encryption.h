/* SPDX-License-Identifier: Apache-2.0
 *
 * encryption.h: encrypted tokens by themselves (JWE, RFC 7516, compact serialisation): decrypting what was encrypted to one's own
 * keys, and encrypting to others. A service that receives encrypted access tokens gives its keys to the verifier instead
 * (apisec_trust_set_decryption_jwks in trust.h): that something could be decrypted says nothing about who sent it.
 *
 *   alg   RSA-OAEP RSA-OAEP-256 ECDH-ES ECDH-ES+A128KW ECDH-ES+A192KW ECDH-ES+A256KW A128KW A192KW A256KW A128GCMKW A192GCMKW
 *         A256GCMKW dir (RFC 7518 section 4); ECDH-ES on P-256, P-384 and P-521
 *   enc   A128GCM A192GCM A256GCM A128CBC-HS256 A192CBC-HS384 A256CBC-HS512 (RFC 7518 section 5)
 *
 * There is no RSA1_5, no PBES2 and no `zip`. RSA decrypts only where mbedTLS does so in constant time, from 2.28.7 and 3.5.2 on
 * (CVE-2024-23170), unless the library was built with RSA_DECRYPT=old; elsewhere RSA keys are APISEC_E_UNSUPPORTED, with the
 * reason. Encrypting to them works everywhere.
 */
#ifndef APISEC_ENCRYPTION_H
#define APISEC_ENCRYPTION_H

#include <apisec/status.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* apisec_decrypter is a recipient's private keys. Threads: it is immutable and may be shared. */
typedef struct apisec_decrypter apisec_decrypter;

/* apisec_decrypter_new takes a JWK Set of private keys (RFC 7517 section 5), or one JWK. Keys for signatures (`use` sig, or `alg`
 * of a signature) and of an unknown kty are left out. To rotate, put the new key beside the old one, each with a `kid`, publish the
 * new one, and take the old one out when no token that was encrypted to it can be valid any more. APISEC_E_MALFORMED,
 * APISEC_E_TOO_LARGE (over 256 KiB or 64 keys), APISEC_E_ALGORITHM (an `alg` that is none of the above), APISEC_E_KEY_UNFIT
 * (public, too small, not for its own `alg`, the same kid twice, or no key at all), APISEC_E_UNSUPPORTED (RSA, see above). */
apisec_status apisec_decrypter_new(const char *jwks, size_t len, apisec_decrypter **decrypter, apisec_error *err);
/* apisec_decrypter_free wipes the keys. */
void apisec_decrypter_free(apisec_decrypter *decrypter);

/* apisec_decrypt decrypts a token with the key that its `kid` names, or else the only key that fits it. The plaintext may hold any
 * bytes; a NUL follows it. End it with apisec_plaintext_free. What the header says is told apart: APISEC_E_MALFORMED,
 * APISEC_E_TOO_LARGE (over 16 KiB), APISEC_E_ALGORITHM, APISEC_E_KEY_UNKNOWN, APISEC_E_KEY_UNFIT. All else is APISEC_E_DECRYPTION,
 * with one sentence and after the same work, so that nobody can learn from answers or their time what was wrong. */
apisec_status apisec_decrypt(const apisec_decrypter *decrypter, const char *token, size_t len, char **plaintext,
                             size_t *plaintext_len, apisec_error *err);
/* apisec_plaintext_free wipes and frees what apisec_decrypt gave. NULL does nothing. */
void apisec_plaintext_free(char *plaintext, size_t len);

/* apisec_encrypt encrypts a plaintext to the recipient whose public key the JWK is; with AES key wrap and dir it is the secret that
 * both have. A JWK Set of the recipient's will do where just one of its keys is for this alg: others are passed over, of two none
 * is chosen (APISEC_E_KEY_UNFIT). The key's `kid` goes into the header. cty says what the plaintext is: "JWT" when it is a signed
 * token, which is how access tokens are encrypted (RFC 7519 section 5.2); NULL for none. One secret serves for at most 2^32 tokens
 * with a GCMKW algorithm, or with dir and GCM (RFC 7518 section 8.4). End *token with apisec_text_free.
 * APISEC_E_ALGORITHM: alg or enc is none of the above. APISEC_E_MALFORMED: not a JWK or JWK Set. APISEC_E_KEY_UNFIT: it is not for
 * this alg. APISEC_E_TOO_LARGE: over 64 keys, or the token would be longer than 16 KiB, which is what is decrypted here. */
apisec_status apisec_encrypt(const char *jwk, size_t jwk_len, const char *alg, const char *enc, const char *cty,
                             const char *plaintext, size_t plaintext_len, char **token, apisec_error *err);

/* apisec_encryption_key_new makes a new key for tests and demos: for an alg of the above; for dir the enc is named instead. RSA has
 * 2048 bits, ECDH-ES is on P-256. The JWKs say `use` enc, that alg, and a `kid` that is the RFC 7638 thumbprint. *private_jwk is a
 * secret; *public_jwk is NULL for a shared secret, which has no public half. End both with apisec_text_free. APISEC_E_ALGORITHM. */
apisec_status apisec_encryption_key_new(const char *alg, char **private_jwk, char **public_jwk, apisec_error *err);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
