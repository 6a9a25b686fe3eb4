/* SPDX-License-Identifier: Apache-2.0
 *
 * delegate.c: the token for the next service, on behalf of the user that was let in: what the document's "exchange" has under a
 * name, with the call's own token as the subject.
 */
#include "guard/guard.h"

static apisec_status check(const apisec_decision *decision, const apisec_call *call, apisec_error *err)
{
    if (call == NULL) return fail(err, APISEC_E_ARGUMENT, "there is no call");
    if (decision == NULL || decision->phase != DECISION_COMMITTED || decision->status != APISEC_OK)
        return fail(err, APISEC_E_MISUSE, "the decision is not an allow");
    if (apisec_decision_token(decision) == NULL) return fail(err, APISEC_E_MISUSE, "the decision has no user to ask on behalf of");
    return APISEC_OK;
}

/* set_actor makes what says who acts, where the document gives a key for it: for this server, for a minute, used once. */
static apisec_status set_actor(const struct exchange_plan *plan, apisec_exchange *exchange, apisec_error *err)
{
    char *token = NULL;
    if (plan->actor_key == NULL) return APISEC_OK;
    const apisec_status status = assertion_new(plan->actor_key, ASSERTION_ACTOR, plan->actor_name, plan->actor_audience,
                                               clock_now_ms() / 1000, &token);
    if (status != APISEC_OK) return fail(err, status, "the actor's token was not made");
    apisec_exchange_set_actor(exchange, token, strlen(token), "jwt");
    apisec_text_free(token);
    return APISEC_OK;
}

/* fill makes a plan an exchange of this user's. A trace goes along where it is one of a version that is known. */
static apisec_status fill(const struct exchange_plan *plan, const apisec_decision *decision, const apisec_call *call,
                          apisec_exchange *exchange, apisec_error *err)
{
    size_t len = 0;
    const char *raw = apisec_call_token(call, &len);
    if (raw == NULL) return fail(err, APISEC_E_MISUSE, "the call has no token, or more than one");
    if (!exchange_copy(plan->exchange, exchange)) return fail_memory(err);
    apisec_exchange_set_subject(exchange, apisec_decision_token(decision), raw, len);
    if (exchange_is_traceparent(decision->traceparent)) apisec_exchange_set_traceparent(exchange, decision->traceparent.at);
    return set_actor(plan, exchange, err);
}

static apisec_status start(const struct edition *edition, const apisec_decision *decision, const apisec_call *call,
                           const char *name, apisec_op **op, apisec_error *err)
{
    const struct exchange_plan *plan = table_get(&edition->exchanges.by_name, text_of(name));
    if (plan == NULL) return fail(err, APISEC_E_ARGUMENT, "the document has no exchange of this name");
    apisec_exchange *exchange = apisec_exchange_new();
    if (exchange == NULL) return fail_memory(err);
    apisec_status status = fill(plan, decision, call, exchange, err);
    if (status == APISEC_OK) status = apisec_exchange_start(plan->client, exchange, op, err);
    apisec_exchange_free(exchange);
    return status;
}

/* begin gives the transport too, for who blocks; *edition is a reference that keeps it. */
static apisec_status begin(apisec_guard *guard, const apisec_decision *decision, const apisec_call *call, const char *name,
                           apisec_op **op, struct edition **edition, apisec_error *err)
{
    *edition = NULL;
    if (guard == NULL || name == NULL) return fail(err, APISEC_E_ARGUMENT, "an argument is NULL");
    const apisec_status status = check(decision, call, err);
    if (status != APISEC_OK) return status;
    atomic_fetch_add_explicit(&guard->metrics->exchanges, 1, memory_order_relaxed);
    *edition = editions_take(&guard->editions);
    return start(*edition, decision, call, name, op, err);
}

apisec_status apisec_guard_exchange_start(apisec_guard *guard, const apisec_decision *decision, const apisec_call *call,
                                          const char *name, apisec_op **op, apisec_error *err)
{
    struct edition *edition;
    if (op == NULL) return fail(err, APISEC_E_ARGUMENT, "there is nowhere to put the operation");
    *op = NULL;
    const apisec_status status = begin(guard, decision, call, name, op, &edition, err);
    edition_free(edition);
    return status;
}

apisec_status apisec_guard_exchange(apisec_guard *guard, const apisec_decision *decision, const apisec_call *call, const char *name,
                                    apisec_issued **issued, apisec_error *err)
{
    struct edition *edition;
    apisec_op *op = NULL;
    if (issued == NULL) return fail(err, APISEC_E_ARGUMENT, "there is nowhere to put the issued token");
    *issued = NULL;
    apisec_status status = begin(guard, decision, call, name, &op, &edition, err);
    if (status == APISEC_OK) {
        (void)apisec_op_run(op, edition->http); /* whatever became of it is said by finish */
        status = apisec_exchange_finish(op, issued, err);
    }
    apisec_op_free(op);
    edition_free(edition);
    return status;
}
