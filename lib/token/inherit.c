/* SPDX-License-Identifier: Apache-2.0
 *
 * inherit.c: what a verifier takes over from the one it replaces, so that nothing is open again that was closed: denials, proofs
 * seen, the random key of nonces; and the fetched keys of issuers that are the same. Called before anybody uses the new one.
 */
#include "token/dpop.h"
#include "token/introspect.h"
#include "token/keyset.h"

/* Of one name, fetched in the same way: the set itself is shared, with its age, its failures, and a fetch that is under way. */
static void inherit_keys(struct issuer *issuer, const struct issuer *old)
{
    if (old == NULL || issuer->keys == NULL || old->keys == NULL || !keyset_is_same(issuer->keys, old->keys)) return;
    keyset_free(issuer->keys);
    issuer->keys = keyset_ref(old->keys);
    if (issuer->introspector != NULL) issuer->introspector->judged.keys = issuer->keys;
}

static void inherit_denials(apisec_verifier *verifier, const apisec_verifier *old)
{
    denylist_free(verifier->denials);
    verifier->denials = denylist_ref(old->denials);
}

static struct replay *proofs_of(const apisec_verifier *verifier)
{
    return verifier->dpop != NULL && verifier->dpop->replay != NULL ? verifier->dpop->replay : verifier->idle_proofs;
}

/* The memory of proofs is shared whole, with the room it has. Where DPoP is not allowed it is kept for whoever allows it again. */
static void inherit_proofs(apisec_verifier *verifier, const apisec_verifier *old)
{
    struct replay *const proofs = proofs_of(old);
    struct replay **const place =
        verifier->dpop != NULL && verifier->dpop->replay != NULL ? &verifier->dpop->replay : &verifier->idle_proofs;
    if (proofs == NULL) return;
    replay_free(*place);
    *place = replay_ref(proofs);
}

/* A random key goes on; a configured one was read with the document. */
static apisec_status inherit_nonces(apisec_verifier *verifier, const apisec_verifier *old, apisec_error *err)
{
    struct text key;
    struct arena arena = {NULL};
    if (verifier->dpop == NULL || old->dpop == NULL || !verifier->dpop->has_random_nonce_key || !old->dpop->has_random_nonce_key)
        return APISEC_OK;
    struct nonce_maker maker = {NULL, 0};
    apisec_status status = crypto_key_oct_bytes(old->dpop->nonce.key, &arena, &key);
    if (status != APISEC_OK) status = fail(err, status, "the key of nonces cannot be taken over");
    if (status == APISEC_OK) status = nonce_maker_init(&maker, key, verifier->dpop->nonce.lifetime, err);
    arena_free(&arena);
    if (status != APISEC_OK) return status;
    nonce_maker_free(&verifier->dpop->nonce);
    verifier->dpop->nonce = maker;
    return APISEC_OK;
}

apisec_status verifier_inherit(apisec_verifier *verifier, const apisec_verifier *old, apisec_error *err)
{
    const apisec_status status = inherit_nonces(verifier, old, err);
    if (status != APISEC_OK) return status;
    inherit_denials(verifier, old);
    inherit_proofs(verifier, old);
    for (size_t i = 0; i < verifier->num_issuers; i++) {
        struct issuer *const issuer = &verifier->issuers[i];
        inherit_keys(issuer, verifier_find_issuer(old, text_of(issuer->name)));
    }
    return APISEC_OK;
}
