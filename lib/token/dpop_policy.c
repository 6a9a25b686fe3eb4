/* SPDX-License-Identifier: Apache-2.0
 *
 * dpop_policy.c: what a verifier demands of DPoP proofs: made from what the trust was told, judged as a whole, then frozen. What is
 * missing or contradicts fails here, when the service starts. Called by verifier.c.
 */
#include "token/dpop.h"

#include <stdlib.h>

#define DEFAULT_CAPACITY 131072 /* two thousand proofs a second, for the minute in which each could be replayed */
#define MAX_ALGS 128

static bool is_asymmetric(const struct algorithm *algorithm)
{
    return algorithm->scheme != CRYPTO_HMAC;
}

static apisec_status check_settings(const struct dpop_settings *settings, apisec_error *err)
{
    const bool has_extras = settings->algorithms != 0 || settings->bases.num > 0 || settings->nonce_lifetime > 0 ||
                            settings->nonce_key != NULL || settings->has_store || settings->capacity > 0;
    if (!settings->allowed && has_extras)
        return fail(err, APISEC_E_CONFIG, "something of DPoP is set up, and DPoP is not allowed");
    if (settings->allowed && settings->bases.num == 0)
        return fail(err, APISEC_E_CONFIG, "DPoP needs an origin: without it nobody knows what URL a proof must be made for");
    if (settings->nonce_key != NULL && settings->nonce_lifetime == 0)
        return fail(err, APISEC_E_CONFIG, "there is a key for DPoP nonces, and none are demanded");
    if (settings->has_store && settings->capacity > 0)
        return fail(err, APISEC_E_CONFIG, "there are a store and a capacity for DPoP proofs: a store has its own");
    return APISEC_OK;
}

static apisec_status write_algs(const struct dpop_settings *settings, struct dpop_policy *policy, apisec_error *err)
{
    struct buffer names = BUFFER_MAX(MAX_ALGS);
    for (size_t i = 0; i < num_algorithms; i++) {
        if (!is_asymmetric(&algorithms[i])) continue;
        if (settings->algorithms != 0 && (settings->algorithms >> i & 1) == 0) continue;
        policy->algorithms |= UINT32_C(1) << i;
        if (names.len > 0) buffer_byte(&names, ' ');
        buffer_text(&names, algorithms[i].name);
    }
    policy->algs = buffer_take(&names);
    return policy->algs == NULL ? fail_memory(err) : APISEC_OK;
}

static apisec_status fill(const struct dpop_settings *settings, struct dpop_policy *policy, apisec_error *err)
{
    apisec_status status = write_algs(settings, policy, err);
    if (status != APISEC_OK) return status;
    for (size_t i = 0; i < settings->bases.num; i++)
        if (!name_list_add(&policy->bases, settings->bases.at[i])) return fail_memory(err);

    policy->store = settings->store;
    if (!settings->has_store)
        status = replay_new(settings->capacity > 0 ? settings->capacity : DEFAULT_CAPACITY, &policy->replay, err);
    if (status != APISEC_OK || settings->nonce_lifetime == 0) return status;

    const struct text key = {settings->nonce_key, settings->nonce_key_len};
    policy->wants_nonce = true;
    policy->has_random_nonce_key = key.at == NULL;
    return nonce_maker_init(&policy->nonce, key, settings->nonce_lifetime, err);
}

apisec_status dpop_policy_new(const struct dpop_settings *settings, struct dpop_policy **policy, apisec_error *err)
{
    *policy = NULL;
    if (settings == NULL) return APISEC_OK;
    apisec_status status = check_settings(settings, err);
    if (status != APISEC_OK || !settings->allowed) return status;
    struct dpop_policy *const made = calloc(1, sizeof *made);
    if (made == NULL) return fail_memory(err);
    status = fill(settings, made, err);
    if (status != APISEC_OK) {
        dpop_policy_free(made);
        return status;
    }
    *policy = made;
    return APISEC_OK;
}

void dpop_policy_free(struct dpop_policy *policy)
{
    if (policy == NULL) return;
    free(policy->algs);
    name_list_free(&policy->bases);
    nonce_maker_free(&policy->nonce);
    replay_free(policy->replay);
    free(policy);
}

const char *verifier_dpop_algs(const apisec_verifier *verifier)
{
    return verifier == NULL || verifier->dpop == NULL ? NULL : verifier->dpop->algs;
}

void verifier_nonce(const struct verification *v, char out[VERIFIER_NONCE_SIZE])
{
    const struct dpop_policy *const policy = v->verifier->dpop;
    out[0] = '\0';
    if (policy == NULL || !policy->wants_nonce) return;
    if (v->status == APISEC_E_NONCE || (v->proof != NULL && v->proof->result.old_nonce)) nonce_write(&policy->nonce, v->now, out);
}
