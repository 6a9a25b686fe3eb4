/* SPDX-License-Identifier: Apache-2.0
 *
 * encrypted.h: keys and encrypted tokens for tests: those of the RFCs, as they stand there.
 */
#ifndef TEST_SUPPORT_ENCRYPTED_H
#define TEST_SUPPORT_ENCRYPTED_H

#include <stddef.h>

/* Private keys as JWK texts without alg and kid, and what was encrypted to them. */
extern const char encrypted_a1_key[];   /* RFC 7516 appendix A.1: RSA */
extern const char encrypted_a1_token[]; /* RSA-OAEP, A256GCM: "The true sign of intelligence is not knowledge but imagination." */
extern const char encrypted_a2_key[];   /* A.2: RSA */
extern const char encrypted_a2_token[]; /* RSA1_5, A128CBC-HS256 */
extern const char encrypted_a3_key[];   /* A.3: 16 bytes */
extern const char encrypted_a3_token[]; /* A128KW, A128CBC-HS256: "Live long and prosper." */
extern const char encrypted_alice[];    /* RFC 7518 appendix C: the sender's ephemeral key on P-256 */
extern const char encrypted_bob[];      /* the recipient's */

/* encrypted_hex reads a hexadecimal number in lower case, spaces between its bytes left out, and returns how many bytes it has. */
size_t encrypted_hex(const char *hex, unsigned char *out);

/* encrypted_new encrypts a text to a new key for alg (for dir too: of the length that enc wants), and gives the private JWK as
 * well. The key for RSA is always that of A.1, because making one takes long. Both are to be freed with apisec_text_free. */
char *encrypted_new(const char *alg, const char *enc, const char *plaintext, char **private_jwk);

/* Of these copies of a token each has one part, 0 to 4, changed; to be freed with free. encrypted_part puts another text there;
 * encrypted_bytes encodes bytes; encrypted_flip flips the lowest bit of one byte, the last one when byte is SIZE_MAX. */
char *encrypted_part(const char *token, size_t part, const char *by);
char *encrypted_bytes(const char *token, size_t part, const void *bytes, size_t len);
char *encrypted_flip(const char *token, size_t part, size_t byte);
/* encrypted_decode gives a part's bytes, and how many there are; out takes as many as the token is long. */
size_t encrypted_decode(const char *token, size_t part, unsigned char *out);

#endif
