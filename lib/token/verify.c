/* SPDX-License-Identifier: Apache-2.0
 *
 * verify.c: a verification: its stages in their order, and what drives them. The stages do no I/O: one that needs the network
 * leaves a work, which is driven to its end before the stage is run again: by verify_blocking over the verifier's transport, by
 * verify_step as a part of somebody's operation.
 */
#include "token/introspect.h"

#include <stdlib.h>

/* ---- the stages ---- */

static enum pass stage_route(struct verification *v, int64_t now_ms)
{
    (void)now_ms;
    v->issuer = opaque_routes_find(v->verifier->opaque, v->presented.token);
    if (v->issuer != NULL && v->now < 0) return verification_end(v, fail(&v->error, APISEC_E_ARGUMENT, "the time is negative"));
    v->compact = v->presented.token;
    v->stage = v->issuer != NULL ? STAGE_INTROSPECT : STAGE_CACHED;
    return PASS_JUMP;
}

static enum pass (*const stages[NUM_STAGES])(struct verification *, int64_t) = {
    [STAGE_ROUTE] = stage_route,
    [STAGE_INTROSPECT] = stage_introspect,
    [STAGE_REPORTED] = stage_reported,
    [STAGE_CACHED] = stage_cached,
    [STAGE_DECRYPT] = stage_decrypt,
    [STAGE_FORM] = stage_form,
    [STAGE_ISSUER] = stage_issuer,
    [STAGE_SIGNATURE] = stage_signature,
    [STAGE_CLAIMS] = stage_claims,
    [STAGE_TIMES] = stage_times,
    [STAGE_BINDING] = stage_binding,
    [STAGE_REVOCATION] = stage_revocation,
    [STAGE_STATUS] = stage_status,
    [STAGE_REPLAY] = stage_replay,
    [STAGE_KEEP] = stage_keep,
};

/* ---- a verification ---- */

void verification_init(struct verification *v, apisec_verifier *verifier, const struct presented *presented, int64_t now)
{
    *v = (struct verification){.verifier = verifier,
                               .presented = *presented,
                               .now = now,
                               .trail = trail_begin(CHECK_FORM),
                               .status = APISEC_E_MISUSE,
                               .stage = STAGE_ROUTE};
}

void verification_free(struct verification *v)
{
    if (v->work != NULL) v->work->kind->abandon(v->work);
    v->work = NULL;
    opaque_end(v);
    proof_use_free(v->proof);
    v->proof = NULL;
    apisec_token_free(v->token);
    v->token = NULL;
    jws_header_free(&v->header);
    json_free(v->document);
    v->document = NULL;
    arena_free(&v->arena);
    arena_free(&v->decrypted);
}

enum pass verification_end(struct verification *v, apisec_status status)
{
    v->stage = NUM_STAGES;
    v->ended = true;
    v->status = status;
    if (status != APISEC_OK) { /* no token is left to be taken for a verified one */
        apisec_token_free(v->token);
        v->token = NULL;
    }
    return PASS_ENDED;
}

apisec_status verification_check_claims(struct verification *v, const struct issuer *issuer)
{
    apisec_status status = claims_check_time(&v->claims, issuer, v->now, &v->trail, &v->error);
    if (status != APISEC_OK) return status;
    v->trail.at = CHECK_CLAIMS;
    status = claims_read_names(&v->claims, &v->error);
    return status == APISEC_OK ? claims_check_required(&v->claims, issuer, &v->error) : status;
}

apisec_status verification_make_token(struct verification *v)
{
    struct json *const document = v->document;
    v->document = NULL;
    const apisec_status status = token_new(&v->arena, document, v->payload, &v->claims, v->presented.token, &v->token, &v->error);
    v->claims = (struct claims){0}; /* their texts went with the document */
    return status;
}

enum pass verification_run(struct verification *v, int64_t now_ms)
{
    if (v->work != NULL) return PASS_WORK;
    while (v->stage < NUM_STAGES) {
        const enum pass pass = stages[v->stage](v, now_ms);
        if (pass == PASS_ON) v->stage++;
        if (pass == PASS_WORK || pass == PASS_ENDED) return pass;
    }
    if (v->ended) return PASS_ENDED;
    v->trail.at = NUM_CHECKS;
    succeed(&v->error);
    return verification_end(v, APISEC_OK);
}

/* ---- driving ---- */

int32_t verify_step(struct verification *v, apisec_op *op, int64_t now_ms)
{
    for (;;) {
        if (v->work != NULL) {
            const int32_t need = v->work->kind->step(v->work, op, now_ms);
            if (need != APISEC_OP_DONE) return need;
            v->work = NULL;
        }
        if (verification_run(v, now_ms) == PASS_ENDED) return APISEC_OP_DONE;
    }
}

/* Blocking is an operation of its own, but only once the network is needed. */
struct blocking {
    apisec_op op;
    struct verification *verification;
};

static int32_t blocking_step(apisec_op *op, int64_t now_ms)
{
    return verify_step(((struct blocking *)op)->verification, op, now_ms);
}

static void blocking_release(apisec_op *op)
{
    (void)op; /* the verification is its caller's */
}

static const struct op_kind blocking_kind = {blocking_step, blocking_release};

apisec_status verify_blocking(struct verification *v)
{
    v->offline = v->verifier->http == NULL;
    if (verification_run(v, clock_now_ms()) == PASS_ENDED) return v->status;
    struct blocking *blocking = calloc(1, sizeof *blocking);
    if (blocking == NULL) {
        verification_end(v, fail_memory(&v->error));
        return v->status;
    }
    op_init(&blocking->op, &blocking_kind);
    blocking->verification = v;
    apisec_op_run(&blocking->op, v->verifier->http);
    apisec_op_free(&blocking->op);
    return v->status;
}
