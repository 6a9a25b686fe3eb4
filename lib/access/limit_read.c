/* SPDX-License-Identifier: Apache-2.0
 *
 * limit_read.c: one limit of a rules document as it is written, include/apisec/limits.h, and its buckets: made once, taken over
 * when the document is loaded anew, asked for each call.
 */
#include "access/limits.h"

#define DEFAULT_KEYS 65536
#define MAX_NAME     64

static const char *const kinds[] = {[LIMIT_BY_ADDRESS] = "address",
                                    [LIMIT_BY_SERVICE] = "service",
                                    [LIMIT_BY_PRINCIPAL] = "principal",
                                    [LIMIT_BY_CLIENT] = "client",
                                    [LIMIT_BY_CLAIM] = NULL};

static apisec_status read_name(const struct shape *at, struct arena *arena, struct limit *limit, apisec_error *err)
{
    const struct text name = text_of(at->name);
    if (name.len == 0 || name.len > MAX_NAME || !text_is_printable(name))
        return shape_fail(at, err, "a limit's name is of 1 to %d printable characters", MAX_NAME);
    limit->name = arena_text(arena, name);
    return limit->name != NULL ? APISEC_OK : fail_memory(err);
}

static apisec_status read_claim(const struct shape *at, struct arena *arena, struct limit *limit, apisec_error *err)
{
    static const char *const names[] = {"claim", NULL};
    const struct shape claim = shape_member(at, "claim");
    const apisec_status status = shape_object(at, names, err);
    limit->by = LIMIT_BY_CLAIM;
    return status == APISEC_OK ? claim_path_read(&claim, arena, &limit->claim, err) : status;
}

static apisec_status read_by(const struct shape *object, struct arena *arena, struct limit *limit, apisec_error *err)
{
    const struct shape at = shape_member(object, "by");
    const char *text;
    if (at.value != NULL && json_kind(at.value) == JSON_OBJECT) return read_claim(&at, arena, limit, err);
    const apisec_status status = shape_text(&at, &text, err);
    if (status != APISEC_OK) return status;
    for (size_t i = 0; kinds[i] != NULL; i++)
        if (strcmp(text, kinds[i]) == 0) {
            limit->by = (enum limit_by)i;
            return APISEC_OK;
        }
    const char *meant = shape_nearest(text, kinds);
    if (meant != NULL) return shape_fail(&at, err, "unknown, did you mean \"%s\"?", meant);
    return shape_fail(&at, err, "\"principal\", \"client\", \"service\", \"address\" or {\"claim\": ...} is wanted");
}

/* read_number: standard 0: it must be there. */
static apisec_status read_number(const struct shape *object, const char *name, int64_t max, int64_t standard, int64_t *number,
                                 apisec_error *err)
{
    const struct shape at = shape_member(object, name);
    *number = standard;
    return at.value == NULL && standard > 0 ? APISEC_OK : shape_number(&at, 1, max, number, err);
}

apisec_status limit_read(const struct shape *at, struct arena *arena, struct limit *limit, apisec_error *err)
{
    static const char *const names[] = {"by", "requests", "seconds", "burst", "max_keys", NULL};
    int64_t requests = 0, seconds = 0, burst = 0, max_keys = 0;
    *limit = (struct limit){.limiter = NULL};
    apisec_status status = shape_object(at, names, err);
    if (status == APISEC_OK) status = read_name(at, arena, limit, err);
    if (status == APISEC_OK) status = read_by(at, arena, limit, err);
    if (status == APISEC_OK) status = read_number(at, "requests", LIMIT_MAX_NUMBER, 0, &requests, err);
    if (status == APISEC_OK) status = read_number(at, "seconds", LIMIT_MAX_NUMBER, 0, &seconds, err);
    if (status == APISEC_OK) status = read_number(at, "burst", LIMIT_MAX_NUMBER, requests, &burst, err);
    if (status == APISEC_OK) status = read_number(at, "max_keys", LIMIT_MAX_KEYS, DEFAULT_KEYS, &max_keys, err);
    if (status != APISEC_OK) return status;
    limit->requests = (uint32_t)requests;
    limit->seconds = (uint32_t)seconds;
    limit->burst = (uint32_t)burst;
    limit->max_keys = (size_t)max_keys;
    return apisec_limiter_new(limit->requests, limit->seconds, limit->burst, limit->max_keys, &limit->limiter, err);
}

static bool is_same_claim(const struct claim_path *a, const struct claim_path *b)
{
    if (a->written == NULL || b->written == NULL) return a->written == b->written;
    return strcmp(a->written, b->written) == 0;
}

void limit_inherit(struct limit *limit, const struct limit *older)
{
    if (strcmp(limit->name, older->name) != 0 || limit->by != older->by || !is_same_claim(&limit->claim, &older->claim)) return;
    if (limit->requests != older->requests || limit->seconds != older->seconds) return;
    if (limit->burst != older->burst || limit->max_keys != older->max_keys) return;
    apisec_limiter_free(limit->limiter);
    limit->limiter = limiter_ref(older->limiter);
}

void limit_free(struct limit *limit)
{
    apisec_limiter_free(limit->limiter);
    limit->limiter = NULL;
}

apisec_status limit_take(const struct limit *limit, const struct text *key, size_t num, int64_t now_ms, uint32_t *retry_after_s)
{
    return limiter_take_texts(limit->limiter, (uint64_t)limit->by, key, num, now_ms, retry_after_s);
}
