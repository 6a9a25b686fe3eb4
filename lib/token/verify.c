/* SPDX-License-Identifier: Apache-2.0
 *
 * verify.c: the checks of one token, in the order of include/apisec/verifier.h, each naming itself in the trail before it is made.
 * The verification does no I/O: where keys are needed it says so, and goes on from there. verify_blocking and verify_step drive it.
 */
#include "token/token.h"

#include <stdlib.h>

enum { STAGE_FORM, STAGE_KEY, STAGE_DONE };

void verification_init(struct verification *v, apisec_verifier *verifier, struct text compact, int64_t now)
{
    *v = (struct verification){.verifier = verifier,
                               .compact = compact,
                               .now = now,
                               .trail = {CHECK_FORM},
                               .status = APISEC_E_MISUSE,
                               .stage = STAGE_FORM};
}

void verification_free(struct verification *v)
{
    apisec_token_free(v->token);
    v->token = NULL;
    jws_header_free(&v->header);
    json_free(v->document);
    v->document = NULL;
    arena_free(&v->arena);
}

/* ---- before the key ---- */

static apisec_status check_form(struct verification *v)
{
    v->trail.at = CHECK_FORM;
    apisec_error *err = &v->error;
    if (v->now < 0) return fail(err, APISEC_E_ARGUMENT, "the time is negative");
    apisec_status status = jws_split(v->compact, &v->jws, err);
    if (status == APISEC_OK) status = jws_header_parse(v->jws.header, &v->header, err);
    if (status == APISEC_OK) status = jws_decode_payload(&v->jws, &v->arena, &v->payload, err);
    if (status == APISEC_OK) status = json_parse_object(v->payload, &json_token_limits, &v->document, err);
    return status;
}

static apisec_status check_issuer(struct verification *v)
{
    v->trail.at = CHECK_ISSUER;
    const apisec_status status = claims_read_issuer(v->document, &v->claims, &v->error);
    if (status != APISEC_OK) return status;
    v->issuer = verifier_find_issuer(v->verifier, v->claims.iss);
    return v->issuer != NULL ? APISEC_OK : fail(&v->error, APISEC_E_ISSUER, "the token is from an issuer that is not trusted");
}

static apisec_status check_type(struct verification *v)
{
    v->trail.at = CHECK_TYPE;
    const struct text typ = v->header.typ;
    if (v->issuer->profile == PROFILE_AT_JWT)
        return jws_type_is(typ, "at+jwt") ? APISEC_OK : fail(&v->error, APISEC_E_TYPE, "typ is not at+jwt");
    if (typ.at == NULL || jws_type_is(typ, "JWT")) return APISEC_OK;
    return fail(&v->error, APISEC_E_TYPE, "typ is of another kind than JWT");
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

static apisec_status check_before_key(struct verification *v)
{
    apisec_status status = check_form(v);
    if (status == APISEC_OK) status = check_issuer(v);
    if (status == APISEC_OK) status = check_type(v);
    if (status == APISEC_OK) status = check_algorithm(v);
    if (status == APISEC_OK) status = check_audience(v);
    return status;
}

/* ---- with the key, and after ---- */

static apisec_status check_signature(struct verification *v, const struct jwk_set *set)
{
    const struct jwk *key = NULL;
    v->trail.at = CHECK_KEY;
    const apisec_status status = jwk_set_find(set, v->header.kid, v->algorithm, &key, &v->error);
    if (status != APISEC_OK) return status;
    v->trail.at = CHECK_SIGNATURE;
    return jws_verify(&v->jws, key, v->algorithm, &v->error);
}

static apisec_status check_claims(struct verification *v)
{
    apisec_status status = claims_check_time(&v->claims, v->issuer, v->now, &v->trail, &v->error);
    if (status != APISEC_OK) return status;
    v->trail.at = CHECK_CLAIMS;
    status = claims_read_names(&v->claims, &v->error);
    if (status == APISEC_OK) status = claims_check_required(&v->claims, v->issuer, &v->error);
    if (status != APISEC_OK) return status;
    v->trail.at = CHECK_BINDING;
    return claims_check_binding(&v->claims, &v->error);
}

/* make_token hands document and arena over, whatever comes of it. */
static apisec_status make_token(struct verification *v)
{
    struct json *document = v->document;
    v->document = NULL;
    const apisec_status status = token_new(&v->arena, document, v->payload, &v->claims, v->compact, &v->token, &v->error);
    v->claims = (struct claims){0};
    return status;
}

static apisec_status check_with_keys(struct verification *v, const struct jwk_set *set)
{
    apisec_status status = check_signature(v, set);
    if (status == APISEC_OK) status = check_claims(v);
    if (status != APISEC_OK) return status;
    v->trail.at = NUM_CHECKS;
    return make_token(v);
}

/* ---- driving ---- */

static bool end(struct verification *v, apisec_status status)
{
    v->stage = STAGE_DONE;
    v->status = status;
    if (status == APISEC_OK) succeed(&v->error);
    return true;
}

/* run_with_keys asks for keys until there is an answer or somebody must fetch. A kid that the set lacks may be in a newer one. */
static bool run_with_keys(struct verification *v, int64_t now_ms, struct keyset_reply *reply)
{
    v->query.now_ms = now_ms;
    v->trail.at = CHECK_KEY;
    for (;;) {
        keyset_get(v->issuer->keys, &v->query, reply);
        if (reply->state == KEYSET_FETCH || reply->state == KEYSET_WAIT) return false;
        if (reply->state == KEYSET_EXHAUSTED) {
            v->error = reply->error;
            return end(v, reply->error.status);
        }
        const apisec_status status = check_with_keys(v, snapshot_keys(reply->snapshot));
        keyset_release(v->issuer->keys, reply->snapshot);
        reply->snapshot = NULL;
        if (status != APISEC_E_KEY_UNKNOWN) return end(v, status);
        v->query.missing_kid = true;
        v->query.seen = reply->generation;
    }
}

bool verification_run(struct verification *v, int64_t now_ms, struct keyset_reply *reply)
{
    if (v->stage == STAGE_DONE) return true;
    if (v->stage == STAGE_FORM) {
        const apisec_status status = check_before_key(v);
        if (status != APISEC_OK) return end(v, status);
        v->stage = STAGE_KEY;
    }
    return run_with_keys(v, now_ms, reply);
}

int32_t verify_step(struct verification *v, struct flight *flight, apisec_op *op, int64_t now_ms)
{
    for (;;) {
        struct keyset_reply reply;
        if (flight->keys != NULL) {
            const int32_t need = flight_step(flight, op, now_ms);
            if (need != APISEC_OP_DONE) return need;
            if (flight->error.status == APISEC_E_NO_TRANSPORT) v->query.offline = true;
        }
        if (verification_run(v, now_ms, &reply)) return APISEC_OP_DONE;
        if (reply.state == KEYSET_WAIT) {
            op_wait(op, reply.again_ms);
            return APISEC_OP_WAIT;
        }
        flight_begin(flight, v->issuer->keys, reply.flight);
    }
}

/* ---- blocking: an operation of its own, but only once the network is needed ---- */

struct blocking {
    apisec_op op;
    struct verification *verification;
    struct flight flight;
};

static int32_t blocking_step(apisec_op *op, int64_t now_ms)
{
    struct blocking *blocking = (struct blocking *)op;
    return verify_step(blocking->verification, &blocking->flight, op, now_ms);
}

static void blocking_release(apisec_op *op)
{
    flight_abandon(&((struct blocking *)op)->flight);
}

static const struct op_kind blocking_kind = {blocking_step, blocking_release};

apisec_status verify_blocking(struct verification *v)
{
    struct keyset_reply reply;
    struct flight flight = {.keys = NULL};
    v->query.offline = v->verifier->http == NULL;
    if (verification_run(v, clock_now_ms(), &reply)) return v->status;
    if (reply.state == KEYSET_FETCH) flight_begin(&flight, v->issuer->keys, reply.flight);
    struct blocking *blocking = calloc(1, sizeof *blocking);
    if (blocking == NULL) {
        flight_abandon(&flight);
        end(v, fail_memory(&v->error));
        return v->status;
    }
    op_init(&blocking->op, &blocking_kind);
    blocking->verification = v;
    blocking->flight = flight;
    apisec_op_run(&blocking->op, v->verifier->http);
    apisec_op_free(&blocking->op);
    return v->status;
}
