/* SPDX-License-Identifier: Apache-2.0
 *
 * verifier.c: the frozen trust of include/apisec/verifier.h: issuers found by name, and verifying as a call and as an operation.
 * Immutable after apisec_verifier_new but for the key sets, which look after themselves. warm.c fetches ahead.
 */
#include "token/introspect.h"
#include "token/dpop.h"

#include <stdatomic.h>
#include <stdlib.h>

/* ---- the verifier ---- */

static void destroy(struct apisec_verifier *verifier)
{
    for (size_t i = 0; i < verifier->num_issuers; i++) issuer_free(&verifier->issuers[i]);
    free(verifier->issuers);
    table_free(&verifier->by_name);
    opaque_routes_free(verifier->opaque);
    domains_free(&verifier->domains);
    headers_free(verifier->headers);
    free(verifier->realm);
    free(verifier->resource_metadata);
    dpop_policy_free(verifier->dpop);
    jwe_keys_free(verifier->decryption_keys);
    cache_free(verifier->cache);
    denylist_free(verifier->denials);
    replay_free(verifier->idle_proofs);
    struct verifier_belonging *const belonging = verifier->belonging;
    free(verifier);
    if (belonging != NULL) belonging->end(belonging);
}

static size_t count_issuers(const apisec_trust *trust)
{
    size_t num = 0;
    for (const apisec_issuer *issuer = trust->first; issuer != NULL; issuer = issuer->next) num++;
    return num;
}

static apisec_status copy_text(const char *from, char **to, apisec_error *err)
{
    if (from == NULL) return APISEC_OK;
    *to = text_copy(text_of(from));
    return *to == NULL ? fail_memory(err) : APISEC_OK;
}

static apisec_status read_decryption_keys(const apisec_trust *trust, struct apisec_verifier *verifier, apisec_error *err)
{
    if (trust->decryption_keys == NULL) return APISEC_OK;
    apisec_error why;
    const struct text text = {trust->decryption_keys, trust->decryption_keys_len};
    const apisec_status status = jwe_keys_parse(text, &verifier->decryption_keys, &why);
    if (status == APISEC_OK) return APISEC_OK;
    if (status == APISEC_E_MEMORY) return fail_memory(err);
    return fail(err, status == APISEC_E_UNSUPPORTED ? status : APISEC_E_CONFIG, "keys to decrypt with: %s", why.text);
}

static apisec_status new_memory(const apisec_trust *trust, struct apisec_verifier *verifier, apisec_error *err)
{
    apisec_status status = cache_new(trust->cache_tokens, trust->cache_age, &verifier->cache);
    if (status == APISEC_OK) status = denylist_new(DENYLIST_MAX, &verifier->denials);
    if (status == APISEC_E_MEMORY) return fail_memory(err);
    return status == APISEC_OK ? APISEC_OK : fail(err, status, "the token cache: there is no randomness");
}

static apisec_status fill(struct apisec_verifier *verifier, const apisec_trust *trust, apisec_error *err)
{
    const size_t num = count_issuers(trust);
    if (num == 0) return fail(err, APISEC_E_CONFIG, "no issuer is trusted");
    apisec_status status = copy_text(trust->realm, &verifier->realm, err);
    if (status == APISEC_OK) status = copy_text(trust->resource_metadata, &verifier->resource_metadata, err);
    if (status == APISEC_OK) status = dpop_policy_new(trust->dpop, &verifier->dpop, err);
    if (status == APISEC_OK) status = read_decryption_keys(trust, verifier, err);
    if (status == APISEC_OK) status = new_memory(trust, verifier, err);
    if (status != APISEC_OK) return status;
    verifier->issuers = mem_array(num, sizeof *verifier->issuers);
    if (verifier->issuers == NULL) return fail_memory(err);
    for (const apisec_issuer *from = trust->first; from != NULL; from = from->next) {
        struct issuer *issuer = &verifier->issuers[verifier->num_issuers];
        status = issuer_new(from, issuer, err);
        if (status != APISEC_OK) return status;
        verifier->num_issuers++;
        status = table_put(&verifier->by_name, text_of(issuer->name), issuer);
        if (status == APISEC_E_MEMORY) return fail_memory(err);
        if (status != APISEC_OK) return fail(err, status, "issuer %.120s cannot be added", issuer->name);
        status = opaque_routes_add(&verifier->opaque, issuer, err);
        if (status != APISEC_OK) return status;
    }
    status = domains_new(verifier->issuers, verifier->num_issuers, &verifier->domains, err);
    verifier->txn_tokens = verifier->domains.num > 0;
    if (status != APISEC_OK) return status;
    return headers_new(num, &verifier->headers) == APISEC_OK ? APISEC_OK : fail_memory(err);
}

apisec_status apisec_verifier_new(const apisec_trust *trust, apisec_http *http, apisec_verifier **verifier, apisec_error *err)
{
    if (verifier == NULL) return fail(err, APISEC_E_ARGUMENT, "there is nowhere to put the verifier");
    *verifier = NULL;
    if (trust == NULL) return fail_memory(err); /* apisec_trust_new found none */
    if (trust->error.status != APISEC_OK) return fail(err, trust->error.status, "%s", trust->error.text);
    apisec_status status = crypto_ready(err);
    if (status != APISEC_OK) return status;
    struct apisec_verifier *made = calloc(1, sizeof *made);
    if (made == NULL) return fail_memory(err);
    atomic_init(&made->references, 1);
    made->http = http;
    status = fill(made, trust, err);
    if (status != APISEC_OK) {
        destroy(made);
        return status;
    }
    *verifier = made;
    return succeed(err);
}

apisec_verifier *verifier_ref(apisec_verifier *verifier)
{
    if (verifier != NULL) atomic_fetch_add_explicit(&verifier->references, 1, memory_order_relaxed);
    return verifier;
}

void apisec_verifier_free(apisec_verifier *verifier)
{
    if (verifier == NULL) return;
    if (atomic_fetch_sub_explicit(&verifier->references, 1, memory_order_acq_rel) == 1) destroy(verifier);
}

void verifier_own(apisec_verifier *verifier, struct verifier_belonging *belonging)
{
    verifier->belonging = belonging;
}

const struct issuer *verifier_find_issuer(const apisec_verifier *verifier, struct text iss)
{
    return table_get(&verifier->by_name, iss);
}

/* ---- verifying ---- */

/* give moves the token out of a verification that has ended. */
static apisec_status give(struct verification *v, apisec_token **verified, apisec_error *err)
{
    if (err != NULL) *err = v->error;
    *verified = v->token;
    v->token = NULL;
    return v->status;
}

apisec_status apisec_verify(apisec_verifier *verifier, const char *token, size_t len, int64_t now, apisec_token **verified,
                            apisec_error *err)
{
    if (verified != NULL) *verified = NULL;
    if (verifier == NULL || token == NULL || verified == NULL) return fail(err, APISEC_E_ARGUMENT, "an argument is NULL");
    struct verification v;
    const struct presented bare = present_bare((struct text){token, len});
    verification_init(&v, verifier, &bare, now);
    verify_blocking(&v);
    const apisec_status status = give(&v, verified, err);
    verification_free(&v);
    return status;
}

struct verify_op {
    apisec_op op;
    struct verification verification;
    struct arena arena;          /* of its own copy of the token */
    bool taken;
};

static int32_t verify_op_step(apisec_op *op, int64_t now_ms)
{
    struct verify_op *verify = (struct verify_op *)op;
    return verify_step(&verify->verification, op, now_ms);
}

static void verify_op_release(apisec_op *op)
{
    struct verify_op *verify = (struct verify_op *)op;
    apisec_verifier *verifier = verify->verification.verifier;
    verification_free(&verify->verification);
    arena_free(&verify->arena);
    apisec_verifier_free(verifier);
}

static const struct op_kind verify_kind = {verify_op_step, verify_op_release};

apisec_status apisec_verify_start(apisec_verifier *verifier, const char *token, size_t len, int64_t now, apisec_op **op,
                                  apisec_error *err)
{
    if (op != NULL) *op = NULL;
    if (verifier == NULL || token == NULL || op == NULL) return fail(err, APISEC_E_ARGUMENT, "an argument is NULL");
    const struct presented bare = present_bare((struct text){token, len});
    struct presented kept;
    struct verify_op *made = calloc(1, sizeof *made);
    if (made == NULL || !present_copy(&bare, &made->arena, &kept)) {
        if (made != NULL) arena_free(&made->arena);
        free(made);
        return fail_memory(err);
    }
    op_init(&made->op, &verify_kind);
    verification_init(&made->verification, verifier_ref(verifier), &kept, now);
    *op = &made->op;
    return succeed(err);
}

apisec_status apisec_verify_finish(apisec_op *op, apisec_token **verified, apisec_error *err)
{
    if (verified != NULL) *verified = NULL;
    if (verified == NULL) return fail(err, APISEC_E_ARGUMENT, "there is nowhere to put the token");
    if (!op_is(op, &verify_kind) || !op_is_done(op)) return fail(err, APISEC_E_MISUSE, "not a verification that is done");
    struct verify_op *verify = (struct verify_op *)op;
    if (verify->taken) return fail(err, APISEC_E_MISUSE, "the result was taken already");
    verify->taken = true;
    return give(&verify->verification, verified, err);
}
