/* SPDX-License-Identifier: Apache-2.0
 *
 * service.c: a request begins, is decided, is exchanged: see service.h. The driver calls what comes next when an operation has
 * come to its end.
 */
#include "service.h"

static void drop(struct request *request)
{
    apisec_call_free(request->call); /* wipes the token */
    request->call = NULL;
    request->task = NULL;
}

static void on_exchanged(void *context, apisec_op *op)
{
    struct request *request = context;
    apisec_issued *issued = NULL;
    apisec_error err;
    request->exchanged = apisec_exchange_finish(op, &issued, &err);
    request->stage = ENDED; /* here the next service is called, with apisec_issued_token */
    request->service->num_exchanged++;
    apisec_issued_free(issued);
    drop(request);
}

/* exchange: on behalf of the user that was let in, and of nobody else. */
static apisec_status exchange(struct request *request, const apisec_decision *decision)
{
    apisec_op *op = NULL;
    apisec_error err;
    const apisec_status status =
        apisec_guard_exchange_start(request->service->guard, decision, request->call, request->next, &op, &err);
    if (status == APISEC_OK) request->task = driver_add(request->service->driver, op, on_exchanged, request);
    return request->task != NULL || status != APISEC_OK ? status : APISEC_E_MEMORY;
}

/* on_decided: the record has been written, and what to reply is ready. */
static void on_decided(void *context, apisec_op *op)
{
    struct request *request = context;
    apisec_decision *decision = NULL;
    apisec_error err;
    request->task = NULL;
    request->decided = apisec_guard_finish(op, &decision, &err);
    request->stage = ENDED; /* here it is served, or gets the decision's status and headers */
    request->service->num_decided++;
    if (request->decided == APISEC_OK && request->next != NULL) {
        request->exchanged = exchange(request, decision);
        if (request->task != NULL) request->stage = EXCHANGING;
    }
    if (request->task == NULL) drop(request);
    apisec_decision_free(decision);
}

void request_begin(struct request *request, struct service *service, apisec_call *call, const char *next)
{
    apisec_op *op = NULL;
    apisec_error err;
    *request = (struct request){.service = service, .call = call, .next = next, .decided = APISEC_E_MEMORY};
    if (apisec_guard_start(service->guard, call, &op, &err) == APISEC_OK)
        request->task = driver_add(service->driver, op, on_decided, request);
    if (request->task != NULL) return;
    request->stage = ENDED; /* without memory it is denied */
    service->num_decided++;
    drop(request);
}

void request_give_up(struct request *request)
{
    if (request->task == NULL) return;
    driver_cancel(request->service->driver, request->task);
    drop(request);
}
