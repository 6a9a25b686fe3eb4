/* SPDX-License-Identifier: Apache-2.0
 *
 * forge.h: makes tokens that no honest issuer would: any header, any payload, any signature, one thing changed at a time.
 * Whatever fails here ends the process: a forgery that was not made must not look like one that was refused.
 *
 *     char *token = forge_token((struct forge_change[]){{"exp", "1e999"}, {NULL, NULL}}, FORGE_SAME, signer);
 */
#ifndef TEST_SUPPORT_FORGE_H
#define TEST_SUPPORT_FORGE_H

#include "base/base.h"

#include <apisec/signer.h>
#include <apisec/token.h>
#include <apisec/trust.h>
#include <apisec/verifier.h>

/* The issuer, its audience, and the moment at which forged tokens are 100 s old and valid for 500 s more. */
#define FORGE_ISSUER "https://id.example"
#define FORGE_AUDIENCE "orders"
#define FORGE_NOW 1750000000
#define FORGE_ISSUED "1749999900"
#define FORGE_EXPIRES "1750000500"

/* One member in place of the honest one. value is raw JSON; NULL leaves the member out. A list ends with name NULL. */
struct forge_change {
    const char *name;
    const char *value;
};
extern const struct forge_change FORGE_SAME[]; /* no change */

/* forge_object writes an honest object with changes. Free with free. */
char *forge_object(const struct forge_change *honest, size_t num_honest, const struct forge_change *changes);
/* forge_claims writes the honest claims of an at+jwt with these changes; forge_header the header typ, alg and kid. Changed members
 * keep their place, new ones follow. Free with free. */
char *forge_claims(const struct forge_change *changes);
char *forge_header(const char *alg, const char *kid, const struct forge_change *changes);

/* forge_jws signs these very bytes with the signer's key and algorithm, whatever the header says. */
char *forge_jws(const char *header, const char *payload, const apisec_signer *signer);
char *forge_jws_bytes(struct text header, struct text payload, const apisec_signer *signer);
/* forge_jws_as signs with the signer's key by another algorithm of the same key type. */
char *forge_jws_as(const char *header, const char *payload, const apisec_signer *signer, const char *alg);
/* forge_jws_encoded signs these two parts as they stand, however they are encoded. */
char *forge_jws_encoded(const char *header_part, const char *payload_part, const apisec_signer *signer);
/* forge_hmac signs with an HMAC under any secret, an empty one too. */
char *forge_hmac(const char *header, const char *payload, const char *alg, struct text secret);
/* forge_parts puts a signature's bytes behind header and payload; forge_raw joins three parts as they stand. */
char *forge_parts(const char *header, const char *payload, const void *signature, size_t len);
char *forge_raw(const char *header_part, const char *payload_part, const char *signature_part);
/* forge_token is a whole token: changed claims, changed header, honestly signed. */
char *forge_token(const struct forge_change *claims, const struct forge_change *header, const apisec_signer *signer);

/* forge_transaction is a whole Txn-Token without `iss`, for the trust domain FORGE_DOMAIN and 360 s, changed in the same way. */
#define FORGE_DOMAIN "mesh.example"
char *forge_transaction(const struct forge_change *claims, const struct forge_change *header, const apisec_signer *signer);

/* forge_base64url encodes a text. */
char *forge_base64url(struct text text);
/* forge_jwks writes a JWK Set of the signers' public keys, and of the secrets of HS; NULL ends the list. */
char *forge_jwks(const apisec_signer *const *signers);
/* forge_replace returns text with the first occurrence of one part replaced; the part must be there. */
char *forge_replace(const char *text, const char *part, const char *by);

/* forge_signer is a new key, once per program and algorithm and number: forge_signer("ES256", 0) is always the same. */
const apisec_signer *forge_signer(const char *alg, size_t number);
void forge_end(void); /* frees the signers */

#endif
