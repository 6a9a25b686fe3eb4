/* SPDX-License-Identifier: Apache-2.0
 *
 * call.h: the inbound request, as the service received it: what a decision is made of.
 *
 * Hand over *all* headers, each as received: that a request has two Authorization headers is only seen by one who sees both.
 * The bytes are copied. Reset and reuse a call to handle the next request without allocating.
 * Threads: one.
 */
#ifndef APISEC_CALL_H
#define APISEC_CALL_H

#include <apisec/status.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

typedef struct apisec_call apisec_call;

/* apisec_call_new: a request of which nothing is known yet. NULL without memory. */
apisec_call *apisec_call_new(void);
/* apisec_call_reset makes it as new, and keeps its memory. */
void apisec_call_reset(apisec_call *call);
/* apisec_call_free wipes what it held. */
void apisec_call_free(apisec_call *call);

/* apisec_call_set_method: the request method, as "GET". */
void apisec_call_set_method(apisec_call *call, const char *method, size_t len);
/* apisec_call_set_target: the request target as on the request line, path and query. Always set it: a token in
 * the query is only seen, and refused, where it is. The query is never recorded. */
void apisec_call_set_target(apisec_call *call, const char *target, size_t len);

/* apisec_call_add_header adds one header field. Read are Authorization, DPoP and Txn-Token, and for the record traceparent (W3C
 * Trace Context) and X-Forwarded-For; and where rules want them (rules.h, limits.h) X-Forwarded-For, the header of services, and
 * Content-Type. CR, LF or NUL in it make the call a bad request (APISEC_E_REQUEST), and so do a name with anything but visible
 * ASCII, more than 128 fields, or 64 KiB in all. */
void apisec_call_add_header(apisec_call *call, const char *name, size_t name_len, const char *value, size_t value_len);

/* apisec_call_set_peer_certificate: the client certificate that the TLS layer verified, in DER; never one from a header. A token
 * may be bound to it (RFC 8705). The record names its SHA-256. */
void apisec_call_set_peer_certificate(apisec_call *call, const unsigned char *der, size_t len);
/* apisec_call_set_peer_address: the socket's peer, "192.0.2.1" or "2001:db8::1". With a port, or brackets, it is no address, and
 * in no network. */
void apisec_call_set_peer_address(apisec_call *call, const char *address);
/* apisec_call_set_body: the request's whole body, for rules that guard it (limits.h). The bytes are not copied: they stay where
 * they are until the check or start that is given the call has returned. A body of no bytes is one too. Never set: it is not
 * known. */
void apisec_call_set_body(apisec_call *call, const char *body, size_t len);
/* apisec_call_set_time: the moment to judge at, in seconds; without it the clock's. */
void apisec_call_set_time(apisec_call *call, int64_t now);

/* apisec_call_token returns the token of the Authorization header (Bearer or DPoP), or without one that of Txn-Token, to pass on
 * in an exchange: the bytes that apisec_authenticate verifies. NULL when the call has not exactly one. Borrowed until the call is
 * changed. A secret. */
const char *apisec_call_token(const apisec_call *call, size_t *len);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
