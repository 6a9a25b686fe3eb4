/* SPDX-License-Identifier: Apache-2.0
 *
 * trust_dpop.c: the builder of include/apisec/trust.h, of what makes a token its sender's own. Setters copy what they are given and
 * note the first thing that is wrong in itself; dpop_policy_new judges the whole.
 */
#include "token/dpop.h"

#include <stdlib.h>

#define MAX_CAPACITY ((size_t)1 << 24)

static void note(struct apisec_trust *trust, const char *what)
{
    if (trust->error.status == APISEC_OK) fail(&trust->error, APISEC_E_CONFIG, "%s", what);
}

/* settings_of gives what the setters write to, from the first one on. NULL: no trust, or no memory. */
static struct dpop_settings *settings_of(struct apisec_trust *trust)
{
    if (trust == NULL) return NULL;
    if (trust->dpop == NULL) trust->dpop = calloc(1, sizeof *trust->dpop);
    if (trust->dpop == NULL) trust_note_memory(trust);
    return trust->dpop;
}

void apisec_trust_allow_dpop(apisec_trust *trust)
{
    struct dpop_settings *const settings = settings_of(trust);
    if (settings != NULL) settings->allowed = true;
}

void apisec_trust_add_origin(apisec_trust *trust, const char *url)
{
    struct dpop_settings *const settings = settings_of(trust);
    if (settings == NULL) return;
    apisec_error why;
    struct buffer base = BUFFER_MAX(4096);
    const apisec_status status = htu_base(text_of(url == NULL ? "" : url), &base, &why);
    if (status == APISEC_E_MEMORY) trust_note_memory(trust);
    else if (status != APISEC_OK) note(trust, why.text);
    else if (!name_list_add(&settings->bases, base.bytes)) trust_note_memory(trust);
    buffer_free(&base);
}

void apisec_trust_allow_dpop_algorithm(apisec_trust *trust, const char *jws_alg)
{
    struct dpop_settings *const settings = settings_of(trust);
    if (settings == NULL) return;
    const struct algorithm *const algorithm = jws_alg == NULL ? NULL : algorithm_find(text_of(jws_alg));
    if (algorithm == NULL || algorithm->scheme == CRYPTO_HMAC)
        note(trust, "an algorithm for DPoP is not one of RS, PS or ES with 256, 384 or 512");
    else
        settings->algorithms |= UINT32_C(1) << algorithm_index(algorithm);
}

void apisec_trust_require_dpop_nonce(apisec_trust *trust, uint32_t lifetime_s)
{
    struct dpop_settings *const settings = settings_of(trust);
    if (settings == NULL) return;
    if (lifetime_s == 0 || lifetime_s > NONCE_MAX_LIFETIME_S) note(trust, "the lifetime of DPoP nonces is not 1 to 86400 s");
    else settings->nonce_lifetime = lifetime_s;
}

void apisec_trust_set_dpop_nonce_key(apisec_trust *trust, const char *key, size_t len)
{
    struct dpop_settings *const settings = settings_of(trust);
    if (settings == NULL) return;
    if (key == NULL || len < NONCE_MIN_KEY || len > NONCE_MAX_KEY) {
        note(trust, "the key for DPoP nonces is not 32 to 64 bytes long");
        return;
    }
    char *const copy = text_copy((struct text){key, len});
    if (copy == NULL) {
        trust_note_memory(trust);
        return;
    }
    mem_wipe_free(settings->nonce_key, settings->nonce_key_len);
    settings->nonce_key = copy;
    settings->nonce_key_len = len;
}

void apisec_trust_set_replay_capacity(apisec_trust *trust, size_t max_proofs)
{
    struct dpop_settings *const settings = settings_of(trust);
    if (settings == NULL) return;
    if (max_proofs == 0 || max_proofs > MAX_CAPACITY) note(trust, "the capacity for DPoP proofs is not 1 to 16777216");
    else settings->capacity = max_proofs;
}

void apisec_trust_set_store(apisec_trust *trust, const apisec_store *store)
{
    struct dpop_settings *const settings = settings_of(trust);
    if (settings == NULL) return;
    if (store == NULL || store->put_if_absent == NULL) {
        note(trust, "a store has no put_if_absent");
        return;
    }
    if ((store->poll == NULL) != (store->cancel == NULL)) {
        note(trust, "a store has poll without cancel, or cancel without poll");
        return;
    }
    settings->store = *store;
    settings->has_store = true;
}

void dpop_settings_free(struct dpop_settings *settings)
{
    if (settings == NULL) return;
    name_list_free(&settings->bases);
    mem_wipe_free(settings->nonce_key, settings->nonce_key_len);
    free(settings);
}

void apisec_issuer_require_binding(apisec_issuer *issuer)
{
    if (issuer != NULL) issuer->require_binding = true;
}
