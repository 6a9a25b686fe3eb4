/* SPDX-License-Identifier: Apache-2.0
 *
 * dpop.c: the checks of one DPoP proof, all of RFC 9449 section 4.3 but the first, that there is one header (credential.c), and the
 * last, that it is unseen (binding.c). Every failure of the proof itself is PROOF. Called by binding.c.
 */
#include "token/dpop.h"

#define MAX_URL 32768 /* normalised */

struct proof {
    const struct dpop_context *context;
    struct arena arena;
    struct jws jws;
    struct jws_header header;
    const struct algorithm *algorithm;
    struct json *shown;          /* the key in the header */
    struct jwk *key;
    char thumbprint[CRYPTO_SHA256_TEXT];
    struct json *claims;
    struct text jti, htm, htu, ath, nonce; /* at NULL: absent */
    int64_t iat;
};

static apisec_status wrong(apisec_error *err, const char *what)
{
    return fail(err, APISEC_E_PROOF, "the DPoP proof %s", what);
}

/* as_proof turns what a part said of its input into what is wrong with the proof. What is this process's own trouble stays that. */
static apisec_status as_proof(apisec_status status, apisec_error *err)
{
    if (status == APISEC_OK || status == APISEC_E_MEMORY || status == APISEC_E_CRYPTO || status == APISEC_E_SYSTEM) return status;
    apisec_error why = *err;
    return fail(err, APISEC_E_PROOF, "the DPoP proof: %.200s", why.text);
}

/* ---- the header ---- */

static apisec_status parse(struct text text, struct proof *proof, apisec_error *err)
{
    struct text payload;
    apisec_status status = jws_split(text, &proof->jws, err);
    if (status == APISEC_OK) status = jws_header_parse(proof->jws.header, &proof->header, err);
    if (status == APISEC_OK) status = jws_decode_payload(&proof->jws, &proof->arena, &payload, err);
    if (status == APISEC_OK) status = json_parse_object(payload, &json_token_limits, &proof->claims, err);
    return as_proof(status, err);
}

static apisec_status check_kind(struct proof *proof, apisec_error *err)
{
    const uint32_t allowed = proof->context->policy->algorithms;
    if (!jws_type_is(proof->header.typ, "dpop+jwt")) return wrong(err, "has another typ than dpop+jwt");
    proof->algorithm = algorithm_find(proof->header.alg);
    if (proof->algorithm == NULL || (allowed >> algorithm_index(proof->algorithm) & 1) == 0)
        return wrong(err, "is signed with an algorithm that is not accepted");
    return APISEC_OK;
}

/* read_key: a private key that is shown to a server is nobody's own any more. */
static apisec_status read_key(struct proof *proof, apisec_error *err)
{
    static const char *const private_members[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
    const struct text shown = proof->header.jwk;
    if (shown.at == NULL || shown.at[0] != '{') return wrong(err, "has no jwk in its header, or one that is no object");
    apisec_status status = json_parse_object(shown, &json_token_limits, &proof->shown, err);
    if (status != APISEC_OK) return as_proof(status, err);
    const struct json *const jwk = proof->shown;
    for (size_t i = 0; i < sizeof private_members / sizeof private_members[0]; i++)
        if (json_member(jwk, private_members[i]) != NULL) return wrong(err, "shows a private or a symmetric key");
    status = jwk_parse(jwk, &proof->key, err);
    if (status != APISEC_OK) return as_proof(status, err);
    status = jwk_thumbprint(proof->key->key, proof->thumbprint);
    return status == APISEC_OK ? status : fail(err, status, "the thumbprint of a DPoP key cannot be computed");
}

static apisec_status check_key(const struct proof *proof, apisec_error *err)
{
    if (text_equal(text_of(proof->thumbprint), proof->context->jkt)) return APISEC_OK;
    return fail(err, APISEC_E_BINDING, "the DPoP proof is made with another key than the token is bound to");
}

/* ---- the claims ---- */

static apisec_status read_claims(struct proof *proof, apisec_error *err)
{
    const struct json *const claims = proof->claims;
    if (json_get_text(claims, "jti", &proof->jti) != JSON_OK) return wrong(err, "has no jti, or one that is no string");
    if (proof->jti.len == 0) return wrong(err, "has an empty jti");
    if (json_get_text(claims, "htm", &proof->htm) != JSON_OK) return wrong(err, "has no htm, or one that is no string");
    if (json_get_text(claims, "htu", &proof->htu) != JSON_OK) return wrong(err, "has no htu, or one that is no string");
    if (json_get_date(claims, "iat", &proof->iat) != JSON_OK) return wrong(err, "has no iat, or one that is no date");
    if (json_get_text(claims, "ath", &proof->ath) == JSON_MISTYPED) return wrong(err, "has an ath that is no string");
    if (json_get_text(claims, "nonce", &proof->nonce) == JSON_MISTYPED) return wrong(err, "has a nonce that is no string");
    return APISEC_OK;
}

/* is_htu: the claim names one of the URLs that the request may have been sent to. */
static bool is_htu(const struct name_list *bases, struct text path, struct text claimed)
{
    for (size_t i = 0; i < bases->num; i++) {
        const struct text base = text_of(bases->at[i]);
        if (claimed.len != base.len + path.len || !text_starts(claimed, base.at)) continue;
        if (text_equal((struct text){claimed.at + base.len, path.len}, path)) return true;
    }
    return false;
}

static apisec_status check_htu(const struct proof *proof, apisec_error *err)
{
    struct buffer path = BUFFER_MAX(MAX_URL), claimed = BUFFER_MAX(MAX_URL);
    const struct name_list *const bases = &proof->context->policy->bases;
    apisec_status status = htu_path(proof->context->path, &path);
    if (status == APISEC_OK) status = htu_url(proof->htu, &claimed);
    const bool is_same = status == APISEC_OK &&
                         is_htu(bases, (struct text){path.bytes, path.len}, (struct text){claimed.bytes, claimed.len});
    buffer_free(&path);
    buffer_free(&claimed);
    if (status == APISEC_E_MEMORY) return fail_memory(err);
    return is_same ? APISEC_OK : wrong(err, "is made for another URL (htu)");
}

static apisec_status check_nonce(const struct proof *proof, bool *is_old, apisec_error *err)
{
    enum nonce_age age;
    const struct dpop_policy *const policy = proof->context->policy;
    if (!policy->wants_nonce) return APISEC_OK;
    const apisec_status status = nonce_judge(&policy->nonce, proof->context->now, proof->nonce, &age);
    if (status != APISEC_OK) return fail(err, status, "a DPoP nonce cannot be computed");
    *is_old = age == NONCE_OLD;
    if (age != NONCE_WRONG) return APISEC_OK;
    return fail(err, APISEC_E_NONCE, "the DPoP proof has no nonce of ours, or one that is too old");
}

/* check_times: `iat`, and what a JWT may say of itself besides (RFC 7519 section 4.1.4, 4.1.5). */
static apisec_status check_times(const struct proof *proof, apisec_error *err)
{
    int64_t exp, nbf;
    const int64_t now = proof->context->now;
    if (now - proof->iat > DPOP_WINDOW_S) return wrong(err, "is too old (iat)");
    if (proof->iat - now > DPOP_WINDOW_S) return wrong(err, "is from the future (iat)");
    const enum json_found has_exp = json_get_date(proof->claims, "exp", &exp), has_nbf = json_get_date(proof->claims, "nbf", &nbf);
    if (has_exp == JSON_MISTYPED || has_nbf == JSON_MISTYPED) return wrong(err, "has an exp or nbf that is no date");
    if (has_exp == JSON_OK && now - exp >= DPOP_WINDOW_S) return wrong(err, "is expired (exp)");
    if (has_nbf == JSON_OK && nbf - now > DPOP_WINDOW_S) return wrong(err, "is not yet valid (nbf)");
    return APISEC_OK;
}

static apisec_status check_claims(const struct proof *proof, struct dpop_result *result, apisec_error *err)
{
    const struct dpop_context *const context = proof->context;
    if (context->method.len == 0 || !text_equal(proof->htm, context->method)) return wrong(err, "is made for another method (htm)");
    apisec_status status = check_htu(proof, err);
    if (status == APISEC_OK) status = check_times(proof, err);
    if (status != APISEC_OK) return status;
    if (proof->ath.at == NULL || !text_equal(proof->ath, context->ath)) return wrong(err, "is made for another token (ath)");
    return check_nonce(proof, &result->old_nonce, err);
}

/* identify: a `jti` is unique for its key at most (section 11.1): with the key in it nobody can use up another's. */
static apisec_status identify(struct proof *proof, struct dpop_result *result, apisec_error *err)
{
    const size_t thumbprint_len = strlen(proof->thumbprint), len = thumbprint_len + 1 + proof->jti.len;
    char *const both = arena_alloc(&proof->arena, len);
    if (both == NULL) return fail_memory(err);
    memcpy(both, proof->thumbprint, thumbprint_len);
    both[thumbprint_len] = '.';
    memcpy(both + thumbprint_len + 1, proof->jti.at, proof->jti.len);
    const apisec_status status = crypto_hash_bytes(CRYPTO_SHA256, both, len, result->id);
    if (status != APISEC_OK) return fail(err, status, "a DPoP proof cannot be hashed");
    result->until = proof->iat + DPOP_WINDOW_S;
    return succeed(err);
}

apisec_status dpop_check(struct text text, const struct dpop_context *context, struct dpop_result *result, apisec_error *err)
{
    struct proof proof = {.context = context};
    apisec_error unread;
    if (err == NULL) err = &unread;
    *result = (struct dpop_result){.until = 0};
    apisec_status status = parse(text, &proof, err);
    if (status == APISEC_OK) status = check_kind(&proof, err);
    if (status == APISEC_OK) status = read_claims(&proof, err);
    if (status == APISEC_OK) status = read_key(&proof, err);
    if (status == APISEC_OK) status = check_key(&proof, err);
    if (status == APISEC_OK) status = as_proof(jws_verify(&proof.jws, proof.key, proof.algorithm, err), err);
    if (status == APISEC_OK) status = check_claims(&proof, result, err);
    if (status == APISEC_OK) status = identify(&proof, result, err);
    jws_header_free(&proof.header);
    json_free(proof.claims);
    json_free(proof.shown);
    jwk_free(proof.key);
    arena_free(&proof.arena);
    return status;
}
