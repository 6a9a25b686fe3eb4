/* SPDX-License-Identifier: Apache-2.0
 *
 * signed.c: the stages of a signed token, in the order of include/apisec/verifier.h, each check naming itself in the trail before
 * it is made. At the end of them there is a token; what is judged anew on every use is in recheck.c.
 */
#include "token/token.h"

/* ---- before the key ---- */

static apisec_status read_form(struct verification *v)
{
    apisec_error *err = &v->error;
    if (v->now < 0) return fail(err, APISEC_E_ARGUMENT, "the time is negative");
    apisec_status status = jws_split(v->compact, &v->jws, err);
    if (status == APISEC_OK && !headers_find(v->verifier->headers, v->jws.header, &v->known, &v->header))
        status = jws_header_parse(v->jws.header, &v->header, err);
    if (status == APISEC_OK && !arena_reserve(&v->arena, base64url_decoded_len(v->jws.payload.len) + 1 + TOKEN_ROOM))
        status = fail_memory(err);
    if (status == APISEC_OK) status = jws_decode_payload(&v->jws, &v->arena, &v->payload, err);
    if (status == APISEC_OK) status = json_parse_object(v->payload, &json_token_limits, &v->document, err);
    return status;
}

enum pass stage_form(struct verification *v, int64_t now_ms)
{
    (void)now_ms;
    v->trail.at = CHECK_FORM;
    const apisec_status status = read_form(v);
    return status == APISEC_OK ? PASS_ON : verification_end(v, status);
}

/* find_by_domain: only a Txn-Token may lack an `iss`. Its issuer's name stands in for it from here on. */
static apisec_status find_by_domain(struct verification *v)
{
    if (!jws_type_is(v->header.typ, "txntoken+jwt")) return fail(&v->error, APISEC_E_CLAIM, "claim iss is missing");
    const apisec_status status = domains_find(&v->verifier->domains, &v->claims, &v->issuer, &v->error);
    if (status == APISEC_OK) v->claims.iss = text_of(v->issuer->name);
    return status;
}

static apisec_status check_issuer(struct verification *v)
{
    v->trail.at = CHECK_ISSUER;
    const apisec_status status = claims_read_issuer(v->document, &v->claims, &v->error);
    if (status != APISEC_OK) return status;
    if (v->claims.iss.at == NULL) return find_by_domain(v);
    v->issuer = verifier_find_issuer(v->verifier, v->claims.iss);
    return v->issuer != NULL ? APISEC_OK : fail(&v->error, APISEC_E_ISSUER, "the token is from an issuer that is not trusted");
}

static apisec_status check_type(struct verification *v)
{
    v->trail.at = CHECK_TYPE;
    const apisec_status status = profile_check_type(v->issuer->profile, v->header.typ, &v->error);
    return status == APISEC_OK ? profile_check_source(v->issuer->profile, v->presented.source, &v->error) : status;
}

static apisec_status check_algorithm(struct verification *v)
{
    v->trail.at = CHECK_ALGORITHM;
    v->algorithm = algorithm_find(v->header.alg);
    const bool allowed = v->algorithm != NULL && (v->issuer->algorithms >> algorithm_index(v->algorithm) & 1) != 0;
    return allowed ? APISEC_OK : fail(&v->error, APISEC_E_ALGORITHM, "alg is not one that the issuer may use");
}

static apisec_status check_audience(struct verification *v)
{
    v->trail.at = CHECK_AUDIENCE;
    return claims_check_audience(&v->claims, v->issuer, &v->error);
}

enum pass stage_issuer(struct verification *v, int64_t now_ms)
{
    (void)now_ms;
    apisec_status status = check_issuer(v);
    if (status == APISEC_OK) status = decrypt_check_required(v);
    if (status == APISEC_OK) status = check_type(v);
    if (status == APISEC_OK) status = check_algorithm(v);
    if (status == APISEC_OK) status = check_audience(v);
    if (status != APISEC_OK) return verification_end(v, status);
    signature_init(&v->signature, v->issuer->keys, &v->jws, v->header.kid, v->algorithm, v->offline);
    return PASS_ON;
}

/* ---- with the key, and after ---- */

enum pass stage_signature(struct verification *v, int64_t now_ms)
{
    const enum pass pass = signature_run(&v->signature, now_ms);
    const bool is_new = v->header.bytes != NULL && !v->encrypted; /* what was encrypted stays with its token */
    if (pass == PASS_ON && is_new) headers_keep(v->verifier->headers, v->jws.header, &v->header);
    v->trail.at = v->signature.at_key ? CHECK_KEY : CHECK_SIGNATURE;
    if (pass == PASS_WORK) v->work = &v->signature.work;
    if (pass != PASS_ENDED) return pass;
    v->error = v->signature.error;
    return verification_end(v, v->error.status);
}

enum pass stage_claims(struct verification *v, int64_t now_ms)
{
    (void)now_ms;
    apisec_status status = verification_check_claims(v, v->issuer);
    if (status == APISEC_OK) status = verification_make_token(v);
    return status == APISEC_OK ? PASS_ON : verification_end(v, status);
}
