/* SPDX-License-Identifier: Apache-2.0
 *
 * signature.c: a JWS checked with the keys of its issuer. Asks the key set until there is an answer; where somebody must fetch,
 * that is a work: a flight of its own, or a wait for another's. Used for tokens, and for whatever else an issuer signs.
 */
#include "token/token.h"

static int32_t step(struct work *work, apisec_op *op, int64_t now_ms)
{
    struct signature_check *check = (struct signature_check *)work;
    if (check->flight.keys != NULL) {
        const int32_t need = flight_step(&check->flight, op, now_ms);
        if (need == APISEC_OP_DONE && check->flight.error.status == APISEC_E_NO_TRANSPORT) check->query.offline = true;
        return need;
    }
    if (check->again_ms == 0) return APISEC_OP_DONE;
    op_wait(op, check->again_ms);
    check->again_ms = 0;
    return APISEC_OP_WAIT;
}

static void abandon(struct work *work)
{
    flight_abandon(&((struct signature_check *)work)->flight);
}

static const struct work_kind kind = {step, abandon};

void signature_init(struct signature_check *check, struct keyset *keys, const struct jws *jws, struct text kid,
                    const struct algorithm *algorithm, bool offline)
{
    *check =
        (struct signature_check){.work = {&kind}, .keys = keys, .jws = jws, .kid = kid, .algorithm = algorithm, .at_key = true};
    check->query.offline = offline;
}

static apisec_status verify(struct signature_check *check, const struct jwk_set *set)
{
    const struct jwk *key = NULL;
    check->at_key = true;
    const apisec_status status = jwk_set_find(set, check->kid, check->algorithm, &key, &check->error);
    if (status != APISEC_OK) return status;
    check->at_key = false;
    return jws_verify(check->jws, key, check->algorithm, &check->error);
}

enum pass signature_run(struct signature_check *check, int64_t now_ms)
{
    struct keyset_reply reply;
    check->query.now_ms = now_ms;
    for (;;) {
        keyset_get(check->keys, &check->query, &reply);
        if (reply.state == KEYSET_FETCH) flight_begin(&check->flight, check->keys, reply.flight);
        if (reply.state == KEYSET_WAIT) check->again_ms = reply.again_ms;
        if (reply.state == KEYSET_FETCH || reply.state == KEYSET_WAIT) return PASS_WORK;
        if (reply.state == KEYSET_EXHAUSTED) {
            check->error = reply.error;
            return PASS_ENDED;
        }
        const apisec_status status = verify(check, snapshot_keys(reply.snapshot));
        keyset_release(check->keys, reply.snapshot);
        check->generation = reply.generation;
        if (status == APISEC_OK) return PASS_ON;
        if (status != APISEC_E_KEY_UNKNOWN) return PASS_ENDED;
        check->query.missing_kid = true; /* it may be in a newer set */
        check->query.seen = reply.generation;
    }
}
