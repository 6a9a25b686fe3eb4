/* SPDX-License-Identifier: Apache-2.0
 *
 * authenticate.c: from a call to a decision whose token is verified, or which says why not: as a blocking call, step by step, and
 * as an operation. Whatever happens, there is a decision, and it denies.
 */
#include "access/access.h"

#include <stdlib.h>

/* find_token says whether there is one token to verify; otherwise the decision has failed. */
static bool find_token(apisec_decision *decision, const apisec_call *call, struct presented *presented)
{
    apisec_error err;
    decision->num_checks_before = decision->num_checks;
    if (decision->authenticated) {
        decision_fail(decision, APISEC_E_MISUSE, "the decision's user was authenticated before");
        return false;
    }
    if (!decision->verifier) {
        decision_fail(decision, APISEC_E_ARGUMENT, "no verifier");
        return false;
    }
    const struct credential_rules rules = {verifier_dpop_algs(decision->verifier) != NULL, decision->verifier->txn_tokens};
    const apisec_status status = credential_find(call, rules, presented, &err);
    decision->dpop_scheme = presented->dpop_scheme;
    decision->trail = trail_begin(CHECK_CREDENTIAL);
    decision->trail_failed = status != APISEC_OK;
    if (status != APISEC_OK) decision_fail(decision, status, err.text);
    return status == APISEC_OK;
}

static int64_t now_of(const apisec_decision *decision, const apisec_call *call)
{
    return call_has_time(call) ? call_time(call) : decision->time_ms / 1000;
}

/* conclude moves the end of a verification into the decision. */
static void conclude(apisec_decision *decision, struct verification *verification)
{
    decision->trail = verification->trail;
    verifier_nonce(verification, decision->dpop_nonce);
    if (verification->status != APISEC_OK || !verification->token) {
        decision->trail_failed = true;
        decision_fail(decision, verification->status != APISEC_OK ? verification->status : APISEC_E_MISUSE,
                      verification->error.text);
        return;
    }
    decision->token = verification->token;
    decision->authenticated = true;
    verification->token = NULL;
}

apisec_status decision_authenticate(apisec_decision *decision, const apisec_call *call)
{
    struct presented presented;
    const apisec_status open = decision_open_status(decision);
    if (open != APISEC_OK || !find_token(decision, call, &presented)) return open != APISEC_OK ? open : decision->status;
    struct verification verification;
    verification_init(&verification, decision->verifier, &presented, now_of(decision, call));
    verify_blocking(&verification);
    conclude(decision, &verification);
    verification_free(&verification);
    return decision->status;
}

apisec_status apisec_authenticate(apisec_verifier *verifier, apisec_audit *audit, const apisec_call *call,
                                  apisec_decision **decision, apisec_error *err)
{
    if (!decision) return fail(err, APISEC_E_ARGUMENT, "nowhere to put the decision");
    *decision = decision_out_of_memory();
    apisec_decision *const fresh = decision_new(verifier, audit, call);
    if (!fresh) return fail_memory(err);
    *decision = fresh;
    decision_authenticate(fresh, call);
    return decision_report(fresh, err);
}

/* ---- step by step ---- */

struct authentication {
    apisec_decision *decision; /* borrowed until it is done */
    apisec_verifier *verifier; /* a reference: the decision may be gone before this */
    bool has_token;
    bool is_concluded;
    struct verification verification;
    struct arena arena; /* of its own copy of what was presented: the call may change meanwhile */
};

struct authentication *authentication_new(apisec_decision *decision, const apisec_call *call)
{
    struct presented borrowed, kept;
    if (!decision) return NULL;
    struct authentication *const made = calloc(1, sizeof *made);
    if (!made) return NULL;
    made->decision = decision;
    if (decision_open_status(decision) != APISEC_OK || !find_token(decision, call, &borrowed)) return made;
    if (!present_copy(&borrowed, &made->arena, &kept)) {
        authentication_free(made);
        return NULL;
    }
    made->verifier = verifier_ref(decision->verifier);
    verification_init(&made->verification, made->verifier, &kept, now_of(decision, call));
    made->has_token = true;
    return made;
}

int32_t authentication_step(struct authentication *authentication, apisec_op *op, int64_t now_ms)
{
    if (!authentication->has_token || authentication->is_concluded) return APISEC_OP_DONE;
    const int32_t need = verify_step(&authentication->verification, op, now_ms);
    if (need != APISEC_OP_DONE) return need;
    authentication->is_concluded = true;
    conclude(authentication->decision, &authentication->verification);
    return APISEC_OP_DONE;
}

void authentication_free(struct authentication *authentication)
{
    if (!authentication) return;
    if (authentication->has_token) verification_free(&authentication->verification);
    arena_free(&authentication->arena);
    apisec_verifier_free(authentication->verifier);
    free(authentication);
}

/* ---- as an operation ---- */

struct authenticate_op {
    apisec_op op;
    apisec_decision *decision; /* NULL once given away */
    struct authentication *authentication;
};

static int32_t authenticate_step(apisec_op *op, int64_t now_ms)
{
    return authentication_step(((struct authenticate_op *)op)->authentication, op, now_ms);
}

static void authenticate_release(apisec_op *op)
{
    struct authenticate_op *const self = (struct authenticate_op *)op;
    authentication_free(self->authentication);
    apisec_decision_free(self->decision); /* recorded as abandoned if nobody took it */
}

static const struct op_kind authenticate_kind = {authenticate_step, authenticate_release};

apisec_status apisec_authenticate_start(apisec_verifier *verifier, apisec_audit *audit, const apisec_call *call, apisec_op **op,
                                        apisec_error *err)
{
    if (!op) return fail(err, APISEC_E_ARGUMENT, "nowhere to put the operation");
    *op = NULL;
    struct authenticate_op *const self = calloc(1, sizeof *self);
    if (!self) return fail_memory(err);
    op_init(&self->op, &authenticate_kind);
    self->decision = decision_new(verifier, audit, call);
    self->authentication = authentication_new(self->decision, call);
    if (!self->authentication) {
        apisec_op_free(&self->op);
        return fail_memory(err);
    }
    *op = &self->op;
    return succeed(err);
}

apisec_status apisec_authenticate_finish(apisec_op *op, apisec_decision **decision, apisec_error *err)
{
    if (!decision) return fail(err, APISEC_E_ARGUMENT, "nowhere to put the decision");
    *decision = decision_out_of_memory();
    struct authenticate_op *const self = op_is(op, &authenticate_kind) ? (struct authenticate_op *)op : NULL;
    if (!self || !op_is_done(op) || !self->decision) {
        apisec_decision *const denial = decision_new(NULL, NULL, NULL);
        if (!denial) return fail_memory(err);
        decision_fail(denial, APISEC_E_MISUSE, "the operation is not a finished authentication, or gave its decision before");
        *decision = denial;
        return decision_report(denial, err);
    }
    *decision = self->decision;
    self->decision = NULL;
    return decision_report(*decision, err);
}
