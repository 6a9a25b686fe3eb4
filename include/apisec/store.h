/* SPDX-License-Identifier: Apache-2.0
 *
 * store.h: a memory that several processes share, of what may be used only once: the DPoP proofs that were seen (RFC 9449 section
 * 11.1).
 *
 * A verifier remembers by itself, within its process. Where requests of one client may reach several processes, a proof could be
 * used once in each of them: give all their verifiers one store, apisec_trust_set_store. What is kept is a hash, 43 characters that
 * tell nothing of the token, the key or the client.
 *
 * It fails closed: what the store does not answer with APISEC_OK is refused.
 * Threads: any may call, several at once.
 */
#ifndef APISEC_STORE_H
#define APISEC_STORE_H

#include <apisec/status.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* apisec_store is filled in by the service. It is copied; what context points to must outlive the verifier.
 *
 * The answers of put_if_absent and poll:
 *   APISEC_OK        the key was not there, and is kept from now on, for ttl_s seconds at least
 *   APISEC_E_REPLAY  the key was there
 *   APISEC_E_BUSY    it is not known yet: poll is called, again and again, until it gives another answer
 *   anything else    it cannot be known: the request is refused with APISEC_E_STORE (503)
 * Whether the key is there and putting it must be one step: of two calls at the same time only one may be given APISEC_OK. */
typedef struct apisec_store {
    void *context;
    /* put_if_absent must not block. With APISEC_E_BUSY it sets *pending to what is to be asked about; otherwise it leaves it alone.
     * The key is NUL-terminated and valid during the call only. */
    apisec_status (*put_if_absent)(void *context, const char *key, uint32_t ttl_s, void **pending);
    /* poll says what is known by now. With APISEC_E_BUSY it may set *after_ms, which is 10: when to be asked again. With any other
     * answer it has ended pending. It may be NULL, and cancel with it, if put_if_absent never gives APISEC_E_BUSY. */
    apisec_status (*poll)(void *context, void *pending, uint32_t *after_ms);
    /* cancel ends pending without an answer: the operation was freed, or the store did not answer within five seconds. */
    void (*cancel)(void *context, void *pending);
} apisec_store;

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
