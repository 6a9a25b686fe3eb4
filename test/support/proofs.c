/* SPDX-License-Identifier: Apache-2.0
 *
 * proofs.c: DPoP proofs for tests, see proofs.h.
 */
#include "support/proofs.h"

#include "crypto/crypto.h"
#include "jose/jose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(bool done, const char *what)
{
    if (done) return;
    fprintf(stderr, "proofs: %s failed\n", what);
    abort();
}

void proof_hash(const void *bytes, size_t len, char out[44])
{
    unsigned char hash[CRYPTO_MAX_HASH];
    must(crypto_hash_bytes(CRYPTO_SHA256, bytes, len, hash) == APISEC_OK, "hashing");
    base64url_encode(hash, 32, out);
}

void proof_jkt(const apisec_signer *signer, char out[44])
{
    struct json *document = NULL;
    struct jwk *jwk = NULL;
    const char *const half = apisec_signer_public_jwk(signer); /* a private EC key takes a multiplication to read */
    const struct text text = text_of(half ? half : apisec_signer_private_jwk(signer));
    must(json_parse_object(text, NULL, &document, NULL) == APISEC_OK, "reading the signer");
    must(jwk_parse(document, &jwk, NULL) == APISEC_OK, "parsing the signer");
    must(jwk_thumbprint(jwk->key, out) == APISEC_OK, "the thumbprint");
    jwk_free(jwk);
    json_free(document);
}

char *proof_cnf(const char *jkt, const char *x5t)
{
    char *const cnf = malloc(256);
    must(cnf != NULL, "memory");
    snprintf(cnf, 256, "{%s%s%s%s%s%s%s}", jkt ? "\"jkt\":\"" : "", jkt ? jkt : "", jkt ? "\"" : "", jkt && x5t ? "," : "",
             x5t ? "\"x5t#S256\":\"" : "", x5t ? x5t : "", x5t ? "\"" : "");
    return cnf;
}

char *proof_forge(const apisec_signer *signer, const char *token, const struct forge_change *header,
                  const struct forge_change *claims)
{
    static unsigned number;
    char alg[16], jti[32], iat[32], hash[44], ath[48] = "";
    snprintf(alg, sizeof alg, "\"%s\"", apisec_signer_algorithm(signer));
    snprintf(jti, sizeof jti, "\"proof-%u\"", number++);
    snprintf(iat, sizeof iat, "%d", FORGE_NOW);
    if (token != NULL) {
        proof_hash(token, strlen(token), hash);
        snprintf(ath, sizeof ath, "\"%s\"", hash);
    }
    const struct forge_change honest_header[] = {
        {"typ", "\"dpop+jwt\""}, {"alg", alg}, {"jwk", apisec_signer_public_jwk(signer)}};
    const struct forge_change honest_claims[] = {{"jti", jti},
                                                 {"htm", "\"GET\""},
                                                 {"htu", "\"" PROOF_URL "\""},
                                                 {"iat", iat},
                                                 {"ath", token == NULL ? NULL : ath}};
    char *const head = forge_object(honest_header, 3, header), *const body = forge_object(honest_claims, 5, claims);
    char *const proof = forge_jws(head, body, signer);
    free(head);
    free(body);
    return proof;
}
