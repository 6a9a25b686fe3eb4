/* SPDX-License-Identifier: Apache-2.0
 *
 * limits.h: how often, and how large: token buckets for callers, and what a request's JSON body may be.
 *
 * A rules document (rules.h) names limits and the rules use them:
 *
 *     "limits": { "per-user": { "by": "principal", "requests": 60, "seconds": 60, "burst": 20 } },
 *     "rules": [ { …, "limits": ["per-user"], "body": { "max_bytes": 4096, "members": ["item", "quantity"] } } ]
 *
 * A limit. "by": "principal" (the user: issuer and subject), "client" (`client_id` or `azp` of an issuer), "service", "address"
 * (the client's, see networks in rules.h; of IPv6 its first 64 bits), or { "claim": … } (of an issuer; a name or JSON Pointer).
 * "requests" in "seconds" is the rate; "burst" how many may come at once, default "requests". "max_keys": how many callers are told
 * apart, default 65536. By whom nothing is known all share one bucket. Limits by address and service are taken before a token is
 * looked at, the others once it is verified, and all before the rule's requirements: a denial counts too.
 *
 * More callers than max_keys. A caller has sixteen places to go to, chosen by a keyed hash. A bucket makes room for another
 * caller only once it is full again, when it remembers nothing; who finds no such place shares a bucket with the other newcomers
 * to those sixteen. That lets one request at a time through at the limit's rate, and what it lacks is lacking in the place that is
 * found later. So a flood of names lets nobody through more often than a table without bounds would. Who comes a second time keeps
 * the place while coming once an hour, full or not, as long as half of the sixteen are left for others: a flood locks out newcomers
 * while it lasts, and no caller who was known before. Each process counts for itself; after a fork a child goes on from a copy.
 *
 * A body. "content_types", default ["application/json"]: the one Content-Type is one of these, all of which end with "/json" or
 * "+json" (APISEC_E_BODY, which is then 415); of parameters it may have charset=utf-8. "max_bytes", "max_depth", "max_members",
 * "max_elements", "max_string": as in json.h, and of more than max_bytes the reply is 413 (RFC 9110 section 15.5.14). "members":
 * the only members, at most 256, that the object at the top may have; it is an object then. "optional": true: a body of no bytes
 * passes. A body that the call was not given (apisec_call_set_body) never does.
 *
 * A library made with LIMITS=none has none of this: a document that names limits or bodies is APISEC_E_UNSUPPORTED.
 */
#ifndef APISEC_LIMITS_H
#define APISEC_LIMITS_H

#include <apisec/status.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* apisec_limiter: the buckets of one limit, for a service that counts what no rule can. Threads: share. */
typedef struct apisec_limiter apisec_limiter;

/* apisec_limiter_new: requests in seconds, burst of them at once, and memory for max_keys keys (48 bytes or fewer each), all
 * allocated at once, and 8 KiB. requests, seconds and burst 1 to 1000000; max_keys 1 to 16777216. APISEC_E_ARGUMENT,
 * APISEC_E_MEMORY, APISEC_E_SYSTEM, APISEC_E_UNSUPPORTED. */
apisec_status apisec_limiter_new(uint32_t requests, uint32_t seconds, uint32_t burst, size_t max_keys, apisec_limiter **limiter,
                                 apisec_error *err);
/* apisec_limiter_free: NULL does nothing. */
void apisec_limiter_free(apisec_limiter *limiter);
/* apisec_limiter_take takes one request from the bucket of a key, at a time in milliseconds of a clock that never goes back: after
 * a step back of up to a minute time stands still until the clock has caught up; farther back the clock was set, and a bucket that
 * was used after that moment is empty then. APISEC_OK; APISEC_E_RATE: it is empty, and *retry_after_s (may be NULL; 0 otherwise)
 * says in how many whole seconds, at least 1, there will be one again. APISEC_E_ARGUMENT. */
apisec_status apisec_limiter_take(apisec_limiter *limiter, const char *key, size_t len, int64_t now_ms, uint32_t *retry_after_s);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
