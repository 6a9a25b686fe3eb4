/* SPDX-License-Identifier: Apache-2.0
 *
 * limits.h (of lib/access): limits and bodies as a rules document has them: read once, asked for each call.
 *
 *   limiter.c  apisec_limiter: buckets in a table of fixed size     limit_read.c  one limit, as written
 *   limit_apply.c  both applied to a decision
 *   body.c     a body judged                                        limit_none.c  all of it where LIMITS=none
 */
#ifndef ACCESS_LIMITS_H
#define ACCESS_LIMITS_H

#include "access/rules.h"

#include <apisec/limits.h>

#define LIMIT_MAX_NUMBER 1000000  /* of requests, seconds and burst */
#define LIMIT_MAX_KEYS 16777216

/* Whose bucket: ADDRESS and SERVICE are known before a token is looked at. */
enum limit_by { LIMIT_BY_ADDRESS, LIMIT_BY_SERVICE, LIMIT_BY_PRINCIPAL, LIMIT_BY_CLIENT, LIMIT_BY_CLAIM };

struct limit {
    const char *name;
    enum limit_by by;
    struct claim_path claim;      /* BY_CLAIM */
    uint32_t requests, seconds, burst;
    size_t max_keys;
    apisec_limiter *limiter;      /* a reference: rules loaded anew take over the buckets of one that is the same */
};

/* ---- limit_read.c ---- */

/* limit_read reads `name: {…}` of "limits" and makes its limiter. CONFIG with its path, MEMORY, SYSTEM, UNSUPPORTED. */
apisec_status limit_read(const struct shape *at, struct arena *arena, struct limit *limit, apisec_error *err);
/* limit_inherit takes over the buckets of older where all of it is the same, its name too. */
void limit_inherit(struct limit *limit, const struct limit *older);
void limit_free(struct limit *limit);
/* limit_take: the key is composed of the limit's kind and the texts (issuer and client id, issuer and claim's value, …) so that no
 * two callers have the same one; num 0: the bucket of those nothing is known of. OK or RATE. now_ms is of a clock that never steps,
 * as clock_elapsed_us is: not the moment that a token is judged at. */
apisec_status limit_take(const struct limit *limit, const struct text *key, size_t num, int64_t now_ms, uint32_t *retry_after_s);

/* ---- limit_apply.c ---- */

/* limits_apply takes from the buckets of the rule's limits of these kinds, bits of 1 << limit_by. RATE. */
enum { LIMITS_OF_ADDRESS = 1U << LIMIT_BY_ADDRESS, LIMITS_OF_SERVICE = 1U << LIMIT_BY_SERVICE,
       LIMITS_OF_USER = 1U << LIMIT_BY_PRINCIPAL | 1U << LIMIT_BY_CLIENT | 1U << LIMIT_BY_CLAIM };
apisec_status limits_apply(apisec_decision *decision, const struct application *applied, unsigned kinds);
/* body_look judges the call's body, where the rule says what it may be; body_apply lets it count. */
apisec_status body_look(apisec_decision *decision, const apisec_call *call, struct application *applied);
apisec_status body_apply(apisec_decision *decision, const struct application *applied);

/* ---- limiter.c ---- */

/* limiter_ref: one more reference, ended by apisec_limiter_free. limiter_take_texts takes from the bucket of kind and texts. */
apisec_limiter *limiter_ref(apisec_limiter *limiter);
apisec_status limiter_take_texts(apisec_limiter *limiter, uint64_t kind, const struct text *texts, size_t num, int64_t now_ms,
                                 uint32_t *retry_after_s);

/* ---- body.c ---- */

struct body_guard;
/* body_read reads "body" of a rule into memory of the arena. CONFIG with its path, MEMORY, UNSUPPORTED. */
apisec_status body_read(const struct shape *at, struct arena *arena, const struct body_guard **guard, apisec_error *err);
/* What is wrong with a body: status BODY or OK, MEMORY, SYSTEM; http_status 400, 413 or 415, and 200 or 500 with the others; a
 * sentence with the position and the limit, never bytes of it. */
struct body_finding {
    apisec_status status;
    int32_t http_status;
    char sentence[160];
};
/* body_check: is_known false: the call has none set, which is never enough. content_types: how many Content-Type headers there are,
 * and the first. */
void body_check(const struct body_guard *guard, bool is_known, struct text body, size_t content_types, struct text content_type,
                struct body_finding *finding);

#endif
