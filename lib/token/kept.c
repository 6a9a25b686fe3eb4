/* SPDX-License-Identifier: Apache-2.0
 *
 * kept.c: the two stages around the verified-token cache: the one that finds a token verified before, and so leaves out all that is
 * the same each time, and the one that keeps it for the next time. What may change is judged by the stages of recheck.c either way.
 */
#include "token/token.h"

static uint8_t way_of(const struct presented *presented)
{
    return (uint8_t)((unsigned)presented->source << 1 | (presented->dpop_scheme ? 1 : 0));
}

/* A token of a form that is refused is not looked for. */
static bool can_be_kept(const struct verification *v)
{
    return v->now >= 0 && v->presented.token.len <= JOSE_MAX_TOKEN;
}

enum pass stage_cached(struct verification *v, int64_t now_ms)
{
    struct cache *const cache = v->verifier->cache;
    struct cached found;
    if (!can_be_kept(v)) return PASS_ON;
    v->may_be_kept = cache_key_of(cache, way_of(&v->presented), v->presented.token, &v->cache_key);
    if (!v->may_be_kept || !cache_get(cache, &v->cache_key, now_ms, &found)) return PASS_ON;
    if (!keyset_holds(found.issuer->keys, found.keys, now_ms)) { /* other keys by now, or it is time to look for them */
        cache_stale(cache, &v->cache_key, found.token);
        apisec_token_free(found.token);
        return PASS_ON;
    }
    v->was_kept = true;
    v->token = found.token;
    v->issuer = found.issuer;
    v->denials = found.denials;
    v->encrypted = found.encrypted;
    if (found.encrypted) trail_applies(&v->trail, CHECK_DECRYPTION);
    v->stage = STAGE_TIMES;
    return PASS_JUMP;
}

enum pass stage_keep(struct verification *v, int64_t now_ms)
{
    if (!v->may_be_kept || v->was_kept) return PASS_ON;
    const struct cached value = {.token = v->token,
                                 .issuer = v->issuer,
                                 .keys = v->signature.generation,
                                 .denials = v->denials,
                                 .encrypted = v->encrypted};
    cache_put(v->verifier->cache, &v->cache_key, &value, now_ms);
    return PASS_ON;
}
