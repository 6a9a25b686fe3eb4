/* SPDX-License-Identifier: Apache-2.0
 *
 * warm.c: fetches every key set that is due, one issuer after the other, as a call and as an operation: so that no request has to.
 * One issuer's failure does not keep it from the others; the first is what it returns.
 */
#include "token/token.h"

#include <stdlib.h>

struct warm_op {
    apisec_op op;
    apisec_verifier *verifier;   /* a reference */
    size_t index;                /* of the issuer whose turn it is */
    struct flight flight;
    bool offline;                /* blocking, and there is no transport */
    apisec_error first;          /* the first failure */
};

static void note(struct warm_op *warm, const struct issuer *issuer, const apisec_error *why)
{
    if (warm->first.status != APISEC_OK) return;
    if (why->status == APISEC_E_KEYS_UNAVAILABLE) {
        warm->first = *why;
        return;
    }
    const apisec_status status = why->status == APISEC_E_NO_TRANSPORT ? why->status : APISEC_E_KEYS_UNAVAILABLE;
    fail(&warm->first, status, "the keys of %.80s cannot be had: %.120s", issuer->name, why->text);
}

/* turn asks for one issuer's keys. APISEC_OP_DONE: its turn is over; APISEC_OP_HTTP: a flight was begun. */
static int32_t turn(struct warm_op *warm, const struct issuer *issuer, int64_t now_ms)
{
    const struct keyset_query query = {.now_ms = now_ms, .offline = warm->offline, .early = true};
    struct keyset_reply reply;
    if (issuer->keys == NULL) return APISEC_OP_DONE;
    keyset_get(issuer->keys, &query, &reply);
    keyset_release(issuer->keys, reply.snapshot);
    switch (reply.state) {
    case KEYSET_FETCH:
        flight_begin(&warm->flight, issuer->keys, reply.flight);
        return APISEC_OP_HTTP;
    case KEYSET_WAIT:
        op_wait(&warm->op, reply.again_ms);
        return APISEC_OP_WAIT;
    case KEYSET_EXHAUSTED:
        note(warm, issuer, &reply.error);
        return APISEC_OP_DONE;
    default:
        return APISEC_OP_DONE;
    }
}

static int32_t warm_step(apisec_op *op, int64_t now_ms)
{
    struct warm_op *warm = (struct warm_op *)op;
    while (warm->index < warm->verifier->num_issuers) {
        const struct issuer *issuer = &warm->verifier->issuers[warm->index];
        if (warm->flight.keys != NULL) {
            const int32_t need = flight_step(&warm->flight, op, now_ms);
            if (need != APISEC_OP_DONE) return need;
            if (warm->flight.error.status != APISEC_OK) note(warm, issuer, &warm->flight.error);
            warm->index++;
            continue;
        }
        const int32_t need = turn(warm, issuer, now_ms);
        if (need == APISEC_OP_WAIT) return need;
        if (need == APISEC_OP_DONE) warm->index++;
    }
    return APISEC_OP_DONE;
}

static void warm_release(apisec_op *op)
{
    struct warm_op *warm = (struct warm_op *)op;
    flight_abandon(&warm->flight);
    apisec_verifier_free(warm->verifier);
}

static const struct op_kind warm_kind = {warm_step, warm_release};

apisec_status apisec_verifier_warm_start(apisec_verifier *verifier, apisec_op **op, apisec_error *err)
{
    if (op != NULL) *op = NULL;
    if (verifier == NULL || op == NULL) return fail(err, APISEC_E_ARGUMENT, "an argument is NULL");
    struct warm_op *made = calloc(1, sizeof *made);
    if (made == NULL) return fail_memory(err);
    op_init(&made->op, &warm_kind);
    made->verifier = verifier_ref(verifier);
    *op = &made->op;
    return succeed(err);
}

apisec_status apisec_verifier_warm_finish(apisec_op *op, apisec_error *err)
{
    if (!op_is(op, &warm_kind) || !op_is_done(op)) return fail(err, APISEC_E_MISUSE, "not a warming that is done");
    const struct warm_op *warm = (struct warm_op *)op;
    if (err != NULL) *err = warm->first;
    return warm->first.status;
}

apisec_status apisec_verifier_warm(apisec_verifier *verifier, apisec_error *err)
{
    apisec_op *op = NULL;
    apisec_status status = apisec_verifier_warm_start(verifier, &op, err);
    if (status != APISEC_OK) return status;
    ((struct warm_op *)op)->offline = verifier->http == NULL;
    apisec_op_run(op, verifier->http);
    status = apisec_verifier_warm_finish(op, err);
    apisec_op_free(op);
    return status;
}
