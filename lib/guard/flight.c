/* SPDX-License-Identifier: Apache-2.0
 *
 * flight.c: one call as an operation: what needs no network is decided when it starts, the token step by step, the rest when that
 * is done. It ends by the document it began with. Its record is written when the decision is taken from it; freed before, it is
 * recorded as abandoned.
 */
#include "guard/guard.h"

#include <stdlib.h>

struct flight_op {
    apisec_op op;
    struct edition *edition;
    apisec_decision *decision;             /* NULL once given away */
    struct authentication *authentication; /* NULL: no user is asked for */
    bool is_judged;
};

static int32_t flight_op_step(apisec_op *op, int64_t now_ms)
{
    struct flight_op *const flight = (struct flight_op *)op;
    if (flight->is_judged) return APISEC_OP_DONE;
    const int32_t need = flight->authentication == NULL ? APISEC_OP_DONE : authentication_step(flight->authentication, op, now_ms);
    if (need != APISEC_OP_DONE) return need;
    flight->is_judged = true;
    decision_judge(flight->decision);
    return APISEC_OP_DONE;
}

static void flight_op_release(apisec_op *op)
{
    struct flight_op *const flight = (struct flight_op *)op;
    authentication_free(flight->authentication);
    apisec_decision_free(flight->decision);
    edition_free(flight->edition);
}

static const struct op_kind flight_kind = {flight_op_step, flight_op_release};

apisec_status apisec_guard_start(apisec_guard *guard, const apisec_call *call, apisec_op **op, apisec_error *err)
{
    if (op == NULL) return fail(err, APISEC_E_ARGUMENT, "there is nowhere to put the operation");
    *op = NULL;
    if (guard == NULL) return fail(err, APISEC_E_ARGUMENT, "there is no guard");
    struct flight_op *const flight = calloc(1, sizeof *flight);
    if (flight == NULL) {
        metrics_count_lost(guard->metrics);
        return fail_memory(err);
    }
    op_init(&flight->op, &flight_kind);
    flight->decision = guard_begin(guard, call, &flight->edition);
    bool is_whole = flight->decision != NULL;
    if (is_whole && decision_wants_user(flight->decision)) {
        flight->authentication = authentication_new(flight->decision, call);
        is_whole = flight->authentication != NULL;
    }
    if (!is_whole) {
        if (flight->decision != NULL) decision_fail(flight->decision, APISEC_E_MEMORY, "out of memory");
        apisec_op_free(&flight->op);
        return fail_memory(err);
    }
    *op = &flight->op;
    return succeed(err);
}

apisec_status apisec_guard_finish(apisec_op *op, apisec_decision **decision, apisec_error *err)
{
    if (decision == NULL) return fail(err, APISEC_E_ARGUMENT, "there is nowhere to put the decision");
    struct flight_op *const flight = op_is(op, &flight_kind) ? (struct flight_op *)op : NULL;
    if (flight == NULL || !op_is_done(op) || flight->decision == NULL) {
        *decision = guard_refuse(APISEC_E_MISUSE, "the operation is not a finished call of a guard, or gave its decision before");
        return apisec_decision_commit(*decision, err);
    }
    *decision = flight->decision;
    flight->decision = NULL;
    return apisec_decision_commit(*decision, err);
}
