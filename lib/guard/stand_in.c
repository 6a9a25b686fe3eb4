/* SPDX-License-Identifier: Apache-2.0
 *
 * stand_in.c: keys in place of those that a document refers to, so that lint and replay can judge a document without reading any
 * file: of the right kind, made now, and nobody's.
 */
#include "guard/guard.h"

enum { RSA_2048 = 342 };

/* A public RSA key needs no factors to be one: any odd number of 2048 bits. */
static char *rsa_keys(void)
{
    struct buffer json = BUFFER_MAX(1024);
    buffer_text(&json, "{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"");
    for (size_t i = 0; i + 1 < RSA_2048; i++) buffer_byte(&json, 'w');
    buffer_text(&json, "Q\"}]}");
    return buffer_take(&json);
}

static char *in_a_set(const char *jwk)
{
    struct buffer json = BUFFER_MAX(4096);
    if (jwk == NULL) return NULL;
    buffer_text(&json, "{\"keys\":[");
    buffer_text(&json, jwk);
    buffer_text(&json, "]}");
    return buffer_take(&json);
}

char *stand_in_keys(const char *jws_alg)
{
    apisec_signer *signer = NULL;
    if (jws_alg[0] == 'R' || jws_alg[0] == 'P') return rsa_keys();
    if (apisec_signer_generate(jws_alg, &signer, NULL) != APISEC_OK) return NULL;
    const char *public = apisec_signer_public_jwk(signer);
    char *set = in_a_set(public != NULL ? public : apisec_signer_private_jwk(signer));
    apisec_signer_free(signer);
    return set;
}

char *stand_in_signer(void)
{
    apisec_signer *signer = NULL;
    if (apisec_signer_generate("ES256", &signer, NULL) != APISEC_OK) return NULL;
    char *jwk = text_copy(text_of(apisec_signer_private_jwk(signer)));
    apisec_signer_free(signer);
    return jwk;
}

char *stand_in_decryption(void)
{
    char *private_jwk = NULL, *public_jwk = NULL;
    if (apisec_encryption_key_new("ECDH-ES", &private_jwk, &public_jwk, NULL) != APISEC_OK) return NULL;
    char *set = in_a_set(private_jwk);
    apisec_text_free(private_jwk);
    apisec_text_free(public_jwk);
    return set;
}
