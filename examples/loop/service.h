/* SPDX-License-Identifier: Apache-2.0
 *
 * service.h: the way of one request through a service: judged by a guard, then, if it is let in and needs the next service, given
 * a token for that one. Two operations, one after the other; nothing here waits, and nothing knows the event loop.
 */
#ifndef LOOP_SERVICE_H
#define LOOP_SERVICE_H

#include "driver.h"

#include <apisec/apisec.h>

struct service {
    apisec_guard *guard;
    struct driver *driver;
    size_t num_decided, num_exchanged; /* requests that are beyond it */
};

struct request {
    struct service *service;
    apisec_call *call;        /* as it came, with the token that is exchanged; NULL: it is over */
    const char *next;         /* which of the document's exchanges it needs; NULL: none */
    struct driver_task *task; /* of the operation under way; NULL: none */
    enum { DECIDING, EXCHANGING, ENDED } stage; /* where it stands, or was given up */
    apisec_status decided;    /* beyond DECIDING */
    apisec_status exchanged;  /* beyond EXCHANGING, where there was one */
};

/* request_begin takes the call over. */
void request_begin(struct request *request, struct service *service, apisec_call *call, const char *next);
/* request_give_up: the client has hung up. What is under way ends, and its record is written if it has not been yet. Not from
 * within the driver. */
void request_give_up(struct request *request);

#endif
