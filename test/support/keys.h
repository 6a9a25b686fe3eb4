/* SPDX-License-Identifier: Apache-2.0
 *
 * keys.h: keys for tests. The ones of the RFCs, as they stand there, and one signer per algorithm, made when first asked for.
 * Not for several threads at once: ask before they start. Nothing here is ever to be freed.
 */
#ifndef TEST_SUPPORT_KEYS_H
#define TEST_SUPPORT_KEYS_H

#include "base/base.h"

#include <apisec/signer.h>

/* Private keys as JWK texts, without alg and kid, and the tokens that were made with them. */
extern const char key_a1_oct[];   /* RFC 7515 appendix A.1: 64 bytes */
extern const char key_a2_rsa[];   /* A.2: 2048 bits */
extern const char key_a3_p256[];  /* A.3 */
extern const char key_a4_p521[];  /* A.4 */
extern const char token_a1_hs256[];
extern const char token_a2_rs256[];
extern const char token_a3_es256[];
extern const char token_a4_es512[];

/* JWK Sets: RFC 7517 appendices A.1 (an EC key for encryption, an RSA key "2011-04-29" for RS256), A.2 (the same with their private
 * members), A.3 (an oct key for A128KW, and that of A.1 above). */
extern const char keys_public[];
extern const char keys_private[];
extern const char keys_symmetric[];

/* key_signer gives the signer of an algorithm: "RS256" .. "HS512"; its kid is the algorithm's name. RS and PS share the key of A.2,
 * because making an RSA key takes long; the others are new in each process. key_other_signer: another key of the same type, with
 * the same kid: a forger's. */
const apisec_signer *key_signer(const char *alg);
const apisec_signer *key_other_signer(const char *alg);
/* key_set is the JWK Set that verifies what key_signer signs: public, but for HS. */
const char *key_set(const char *alg);
/* key_token signs claims (a JSON text) with key_signer(alg); type NULL: no `typ`. To be freed with apisec_text_free. */
char *key_token(const char *alg, const char *type, const char *claims);

/* key_member decodes a base64url member of a JWK text into the arena; {NULL, 0} if there is none. */
struct text key_member(struct arena *arena, const char *jwk, const char *name);

#endif
