/* SPDX-License-Identifier: Apache-2.0
 *
 * decrypt.c: the stage of an encrypted token (RFC 7519 section 5.2: encrypted after it was signed). It puts the signed token that
 * was inside in the place of the one that came, and nothing more: encryption says nothing about who sent it, so that all that
 * follows judges what was inside as it would judge a token that came in the open.
 */
#include "token/token.h"

/* "JWT", as RFC 7519 section 5.2 demands; or "at+jwt", the access token's own media type (RFC 9068 section 2.1), which servers
 * write there that take `cty` for the type of the content as RFC 7516 section 4.1.12 has it. Neither is believed: that what was
 * inside is a signed token of the right type is seen by the stages that follow. */
static bool names_a_jwt(struct text cty)
{
    return jws_type_is(cty, "JWT") || jws_type_is(cty, "at+jwt");
}

/* What was inside must call itself a JWT. Another JWE is no signed token either: stage_form says so. */
static apisec_status open_token(struct verification *v)
{
    struct jwe_opened opened;
    const apisec_status status =
        jwe_decrypt(v->verifier->decryption_keys, v->presented.token, &v->decrypted, &opened, &v->error);
    if (status != APISEC_OK) return status;
    if (!names_a_jwt(opened.cty)) {
        return fail(&v->error, APISEC_E_TYPE, "what was encrypted does not call itself a JWT (cty): it is no signed token");
    }
    v->compact = opened.plaintext;
    v->encrypted = true;
    return APISEC_OK;
}

/* Without keys to decrypt with an encrypted token has the wrong form, which stage_form says. */
enum pass stage_decrypt(struct verification *v, int64_t now_ms)
{
    (void)now_ms;
    if (v->verifier->decryption_keys == NULL || !jwe_looks_like(v->presented.token)) return PASS_ON;
    trail_applies(&v->trail, CHECK_DECRYPTION);
    const apisec_status status = open_token(v);
    return status == APISEC_OK ? PASS_ON : verification_end(v, status);
}

apisec_status decrypt_check_required(struct verification *v)
{
    if (!v->issuer->require_encryption || v->encrypted) return APISEC_OK;
    trail_applies(&v->trail, CHECK_DECRYPTION);
    return fail(&v->error, APISEC_E_DECRYPTION, "the issuer's tokens must be encrypted, and this one came in the open");
}
