/* SPDX-License-Identifier: Apache-2.0
 *
 * proof.c: include/apisec/dpop.h: makes DPoP proofs (RFC 9449 section 4.2). Each is for one method, one URL, one token and one use.
 * Called by clients of services, and by exchange/ask.c for the token endpoint.
 */
#include "crypto/crypto.h"
#include "jose/jose.h"
#include "oauth/oauth.h"

#include <apisec/dpop.h>

#include <string.h>

#define PROOF_TYPE "dpop+jwt"
#define MAX_CLAIMS 8192

/* ---- what is asked ---- */

/* cut_url leaves out the query and the fragment, and looks whether the rest is a URL. */
static apisec_status cut_url(struct text *url, apisec_error *err)
{
    static const char scheme[] = "http://";
    struct buffer as_https = BUFFER_MAX(4096);
    for (size_t i = 0; i < url->len; i++)
        if (url->at[i] == '?' || url->at[i] == '#') url->len = i;
    struct text checked = *url;
    if (text_starts(*url, scheme)) {
        buffer_text(&as_https, "https://");
        buffer_slice(&as_https, (struct text){url->at + sizeof scheme - 1, url->len - (sizeof scheme - 1)});
        checked = (struct text){as_https.bytes, as_https.len};
    }
    apisec_error why;
    apisec_status status = as_https.status;
    if (status == APISEC_OK && url_check(checked, &why) != APISEC_OK)
        status = fail(err, APISEC_E_ARGUMENT, "the URL of a DPoP proof: %.160s", why.text);
    else if (status == APISEC_E_MEMORY) status = fail_memory(err);
    else if (status != APISEC_OK) status = fail(err, APISEC_E_ARGUMENT, "the URL of a DPoP proof is too long");
    buffer_free(&as_https);
    return status;
}

static apisec_status check_key(const apisec_signer *signer, apisec_error *err)
{
    if (signer == NULL) return fail(err, APISEC_E_ARGUMENT, "there is no key to prove");
    if (apisec_signer_public_jwk(signer) != NULL) return APISEC_OK;
    return fail(err, APISEC_E_KEY_UNFIT, "a DPoP key is an RSA or EC key: this one is a shared secret");
}

/* ---- making ---- */

static apisec_status put_identifier(struct json_writer *writer)
{
    unsigned char bytes[16];
    char id[23];
    const apisec_status status = random_bytes(bytes, sizeof bytes);
    if (status != APISEC_OK) return status;
    base64url_encode(bytes, sizeof bytes, id);
    json_put_text(writer, "jti", text_of(id));
    return APISEC_OK;
}

static apisec_status put_token(struct json_writer *writer, struct text token)
{
    unsigned char hash[CRYPTO_MAX_HASH];
    char ath[CRYPTO_SHA256_TEXT];
    if (token.at == NULL) return APISEC_OK;
    const apisec_status status = crypto_hash_bytes(CRYPTO_SHA256, token.at, token.len, hash);
    if (status != APISEC_OK) return status;
    base64url_encode(hash, CRYPTO_SHA256_LEN, ath);
    json_put_text(writer, "ath", text_of(ath));
    return APISEC_OK;
}

apisec_status proof_new(const apisec_signer *signer, const struct proof_subject *subject, char **proof, apisec_error *err)
{
    struct text url = subject->url;
    *proof = NULL;
    apisec_status status = check_key(signer, err);
    if (status == APISEC_OK) status = cut_url(&url, err);
    if (status != APISEC_OK) return status;
    if (!header_is_token(text_of(subject->method))) return fail(err, APISEC_E_ARGUMENT, "the method of a DPoP proof is none");
    if (subject->nonce.at != NULL && (!header_is_nonce(subject->nonce) || subject->nonce.len >= OP_MAX_NONCE))
        return fail(err, APISEC_E_ARGUMENT, "the nonce of a DPoP proof is none");
    if (subject->now < 0) return fail(err, APISEC_E_ARGUMENT, "the time of a DPoP proof is negative");

    struct buffer claims = BUFFER_MAX(MAX_CLAIMS);
    struct json_writer writer = {&claims, false};
    json_open_object(&writer, NULL);
    status = put_identifier(&writer);
    json_put_text(&writer, "htm", text_of(subject->method));
    json_put_text(&writer, "htu", url);
    json_put_number(&writer, "iat", subject->now);
    if (status == APISEC_OK) status = put_token(&writer, subject->token);
    if (subject->nonce.at != NULL) json_put_text(&writer, "nonce", subject->nonce);
    json_close_object(&writer);
    if (status == APISEC_OK) status = claims.status;
    if (status == APISEC_OK) status = signer_sign_showing_key(signer, PROOF_TYPE, (struct text){claims.bytes, claims.len}, proof);
    buffer_free(&claims);
    if (status == APISEC_OK) return succeed(err);
    return status == APISEC_E_MEMORY ? fail_memory(err) : fail(err, status, "the DPoP proof could not be made");
}

/* ---- the public functions ---- */

apisec_status apisec_dpop_proof(const apisec_signer *signer, const char *method, const char *url, const char *access_token,
                                const char *nonce, int64_t now, char **proof, apisec_error *err)
{
    if (proof == NULL) return fail(err, APISEC_E_ARGUMENT, "there is nowhere to put the proof");
    *proof = NULL;
    if (method == NULL || url == NULL) return fail(err, APISEC_E_ARGUMENT, "a DPoP proof is for a method and a URL");
    const struct proof_subject subject = {
        .method = method, .url = text_of(url), .token = text_of(access_token), .nonce = text_of(nonce), .now = now};
    return proof_new(signer, &subject, proof, err);
}

apisec_status apisec_dpop_thumbprint(const apisec_signer *signer, char *thumbprint, apisec_error *err)
{
    if (thumbprint == NULL) return fail(err, APISEC_E_ARGUMENT, "there is nowhere to put the thumbprint");
    thumbprint[0] = '\0';
    apisec_status status = check_key(signer, err);
    if (status != APISEC_OK) return status;
    status = signer_thumbprint(signer, thumbprint);
    return status == APISEC_OK ? succeed(err) : fail(err, status, "the thumbprint could not be computed");
}
