/* SPDX-License-Identifier: Apache-2.0
 *
 * binding.c: the stages that say whether a token is its sender's own: what its `cnf` demands is met by this very request, by the
 * certificate of its connection (RFC 8705 section 3) or by a DPoP proof (RFC 9449 section 7), and the proof was not used before.
 * They are run on every use of a token, wherever it was kept meanwhile. What a `cnf` says and nobody here understands is not met.
 */
#include "token/dpop.h"

#include <stdlib.h>

#define STORE_TIMEOUT_MS 5000
#define STORE_POLL_MS 10
#define STORE_SKEW_S 60          /* processes that share a store may have clocks that differ by so much */

/* ---- what the token demands ---- */

struct demands {
    struct text jkt, x5t;        /* at NULL: not demanded */
};

static apisec_status refuse(struct verification *v, const char *why)
{
    return fail(&v->error, APISEC_E_BINDING, "%s", why);
}

/* read_demands: a member that is not understood may be the one that matters. */
static apisec_status read_demands(struct verification *v, const struct json *cnf, struct demands *demands)
{
    *demands = (struct demands){{NULL, 0}, {NULL, 0}};
    if (json_kind(cnf) != JSON_OBJECT) return fail(&v->error, APISEC_E_CLAIM, "claim cnf is not an object");
    if (json_first(cnf) == NULL) return refuse(v, "the token's cnf is empty");
    for (const struct json *member = json_first(cnf); member != NULL; member = json_next(member)) {
        const struct text name = text_of(json_name(member));
        struct text *const demand = text_is(name, "jkt") ? &demands->jkt : text_is(name, "x5t#S256") ? &demands->x5t : NULL;
        if (demand == NULL) return refuse(v, "the token's cnf has a member that is not understood here");
        if (!json_as_text(member, demand) || demand->len == 0)
            return fail(&v->error, APISEC_E_CLAIM, "a member of claim cnf is not a string, or empty");
    }
    return APISEC_OK;
}

/* ---- what the request shows ---- */

static apisec_status check_certificate(struct verification *v, struct text x5t)
{
    unsigned char hash[CRYPTO_MAX_HASH];
    char thumbprint[CRYPTO_SHA256_TEXT];
    const struct text der = v->presented.peer_certificate;
    if (der.at == NULL) return refuse(v, "the token is bound to a certificate, and the connection has none");
    const apisec_status status = crypto_hash_bytes(CRYPTO_SHA256, der.at, der.len, hash);
    if (status != APISEC_OK) return fail(&v->error, status, "the peer's certificate cannot be hashed");
    base64url_encode(hash, CRYPTO_SHA256_LEN, thumbprint);
    if (text_is(x5t, thumbprint)) return APISEC_OK;
    return refuse(v, "the token is bound to another certificate than that of the connection");
}

static apisec_status check_proof(struct verification *v, struct text jkt)
{
    const struct dpop_policy *const policy = v->verifier->dpop;
    const struct presented *const presented = &v->presented;
    if (policy == NULL) return refuse(v, "the token is bound to a key (jkt), and DPoP is not set up here");
    if (!presented->dpop_scheme) return refuse(v, "the token is bound to a key (jkt), and sent as if it were not");
    if (presented->proof.at == NULL) return refuse(v, "the token is bound to a key (jkt), and there is no DPoP proof");
    const struct dpop_context context = {.policy = policy,
                                         .method = presented->method,
                                         .path = presented->path,
                                         .ath = text_of(apisec_token_sha256(v->token)),
                                         .jkt = jkt,
                                         .now = v->now};
    v->proof = calloc(1, sizeof *v->proof);
    if (v->proof == NULL) return fail_memory(&v->error);
    return dpop_check(presented->proof, &context, &v->proof->result, &v->error);
}

static apisec_status check_binding(struct verification *v)
{
    struct demands demands;
    const struct json *const cnf = token_confirmation(v->token);
    if (cnf == NULL) {
        if (v->issuer->require_binding) return refuse(v, "the token is bound to no key, and this issuer's have to be");
        if (v->presented.dpop_scheme) return refuse(v, "the token is sent with DPoP, and bound to no key");
        return APISEC_OK;
    }
    apisec_status status = read_demands(v, cnf, &demands);
    if (status != APISEC_OK) return status;
    if (v->presented.source == TOKEN_BARE) return refuse(v, "the token is bound to a key (cnf), and there is no proof of it");
    if (v->presented.dpop_scheme && demands.jkt.at == NULL)
        return refuse(v, "the token is sent with DPoP, and bound to something else");
    if (demands.x5t.at != NULL) status = check_certificate(v, demands.x5t);
    if (status == APISEC_OK && demands.jkt.at != NULL) status = check_proof(v, demands.jkt);
    return status;
}

enum pass stage_binding(struct verification *v, int64_t now_ms)
{
    (void)now_ms;
    v->trail.at = CHECK_BINDING;
    const apisec_status status = check_binding(v);
    return status == APISEC_OK ? PASS_ON : verification_end(v, status);
}

/* ---- was it used before? ---- */

static int32_t look_step(struct work *work, apisec_op *op, int64_t now_ms)
{
    struct proof_use *const use = (struct proof_use *)work;
    const apisec_store *const store = use->store;
    uint32_t after_ms = STORE_POLL_MS;
    if (now_ms < use->since_ms) use->since_ms = now_ms; /* the clock was set back */
    if (now_ms - use->since_ms >= STORE_TIMEOUT_MS) {
        store->cancel(store->context, use->pending);
        use->answer = APISEC_E_TIMEOUT;
        return APISEC_OP_DONE;
    }
    use->answer = store->poll(store->context, use->pending, &after_ms);
    if (use->answer != APISEC_E_BUSY) return APISEC_OP_DONE;
    const int64_t left_ms = use->since_ms + STORE_TIMEOUT_MS - now_ms;
    op_wait(op, now_ms + (after_ms < left_ms ? after_ms : left_ms));
    return APISEC_OP_WAIT;
}

static void look_abandon(struct work *work)
{
    struct proof_use *const use = (struct proof_use *)work;
    use->store->cancel(use->store->context, use->pending);
}

static const struct work_kind look_kind = {look_step, look_abandon};

/* ask_store: waiting needs no transport, so that a store may be slow where a verification is offline. */
static enum pass ask_store(struct verification *v, int64_t now_ms)
{
    char key[CRYPTO_SHA256_TEXT];
    struct proof_use *const use = v->proof;
    const int64_t ttl = use->result.until + 1 + STORE_SKEW_S - v->now;
    base64url_encode(use->result.id, REPLAY_ID_LEN, key);
    use->asked = true;
    use->work.kind = &look_kind;
    use->store = &v->verifier->dpop->store;
    use->since_ms = now_ms;
    use->answer = use->store->put_if_absent(use->store->context, key, (uint32_t)ttl, &use->pending);
    if (use->answer != APISEC_E_BUSY || use->store->poll == NULL) return PASS_ON;
    v->work = &use->work;
    return PASS_WORK;
}

static apisec_status judge_answer(struct verification *v)
{
    switch (v->proof->answer) {
    case APISEC_OK: return APISEC_OK;
    case APISEC_E_REPLAY: return fail(&v->error, APISEC_E_REPLAY, "the DPoP proof was seen before");
    case APISEC_E_TIMEOUT: return fail(&v->error, APISEC_E_STORE, "the store of DPoP proofs does not answer");
    default: return fail(&v->error, APISEC_E_STORE, "the store of DPoP proofs is full or away");
    }
}

enum pass stage_replay(struct verification *v, int64_t now_ms)
{
    struct proof_use *const use = v->proof;
    if (use == NULL) return PASS_ON;
    trail_applies(&v->trail, CHECK_REPLAY);
    struct replay *const replay = v->verifier->dpop->replay;
    apisec_status status = APISEC_OK;
    if (replay != NULL) {
        status = replay_put(replay, use->result.id, use->result.until, v->now, &v->error);
    } else {
        if (!use->asked && ask_store(v, now_ms) == PASS_WORK) return PASS_WORK;
        status = judge_answer(v);
    }
    return status == APISEC_OK ? PASS_ON : verification_end(v, status);
}

void proof_use_free(struct proof_use *use)
{
    free(use);
}
