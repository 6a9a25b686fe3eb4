/* SPDX-License-Identifier: Apache-2.0
 *
 * limit_none.c: what stands for limiter.c, limit_read.c and body.c in a library made with `make LIMITS=none`: a document that names
 * limits or bodies is no document for it, so that nothing which was to be limited is let through without.
 */
#include "access/limits.h"

#include <stdio.h>

static apisec_status refuse(const char *what, apisec_error *err)
{
    return fail(err, APISEC_E_UNSUPPORTED, "this library was built without limits: there %s", what);
}

apisec_status apisec_limiter_new(uint32_t requests, uint32_t seconds, uint32_t burst, size_t max_keys, apisec_limiter **limiter,
                                 apisec_error *err)
{
    (void)requests;
    (void)seconds;
    (void)burst;
    (void)max_keys;
    if (limiter != NULL) *limiter = NULL;
    return refuse("are no limiters", err);
}

void apisec_limiter_free(apisec_limiter *limiter)
{
    (void)limiter; /* there never was one */
}

apisec_status apisec_limiter_take(apisec_limiter *limiter, const char *key, size_t len, int64_t now_ms, uint32_t *retry_after_s)
{
    (void)limiter;
    (void)key;
    (void)len;
    (void)now_ms;
    if (retry_after_s != NULL) *retry_after_s = 0;
    return APISEC_E_ARGUMENT;
}

apisec_status limit_read(const struct shape *at, struct arena *arena, struct limit *limit, apisec_error *err)
{
    (void)at;
    (void)arena;
    *limit = (struct limit){.limiter = NULL};
    return refuse("is no \"limits\"", err);
}

void limit_inherit(struct limit *limit, const struct limit *older)
{
    (void)limit;
    (void)older;
}

void limit_free(struct limit *limit)
{
    (void)limit;
}

apisec_status limit_take(const struct limit *limit, const struct text *key, size_t num, int64_t now_ms, uint32_t *retry_after_s)
{
    (void)limit;
    (void)key;
    (void)num;
    (void)now_ms;
    *retry_after_s = 0;
    return APISEC_E_UNSUPPORTED;
}

apisec_status body_read(const struct shape *at, struct arena *arena, const struct body_guard **guard, apisec_error *err)
{
    (void)at;
    (void)arena;
    *guard = NULL;
    return refuse("is no \"body\"", err);
}

void body_check(const struct body_guard *guard, bool is_known, struct text body, size_t content_types, struct text content_type,
                struct body_finding *finding)
{
    (void)guard;
    (void)is_known;
    (void)body;
    (void)content_types;
    (void)content_type;
    finding->status = APISEC_E_UNSUPPORTED;
    finding->http_status = 500;
    snprintf(finding->sentence, sizeof finding->sentence, "this library was built without limits: it looks at no body");
}
