/* SPDX-License-Identifier: Apache-2.0
 *
 * reference.c: opaque tokens in tests; see reference.h.
 */
#include "support/reference.h"
#include "support/stand.h"
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

apisec_issuer *reference_issuer(apisec_trust *trust, const struct reference *reference)
{
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, FORGE_ISSUER);
    apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
    apisec_issuer_set_introspection(issuer, REFERENCE_URL);
    if (!reference->no_secret)
        apisec_issuer_set_introspection_basic(issuer, REFERENCE_CLIENT, REFERENCE_SECRET, strlen(REFERENCE_SECRET));
    if (reference->without_audience) apisec_issuer_allow_absent_audience(issuer);
    if (reference->has_cache) apisec_issuer_set_introspection_cache(issuer, reference->cache_s);
    if (reference->has_leeway) apisec_issuer_set_leeway(issuer, reference->leeway);
    if (reference->prefix != NULL) apisec_issuer_set_opaque_prefix(issuer, reference->prefix);
    if (reference->required_claim != NULL) apisec_issuer_require_claim(issuer, reference->required_claim);
    if (reference->max_lifetime != 0) apisec_issuer_set_max_lifetime(issuer, reference->max_lifetime);
    if (!reference->is_signed) return issuer;
    apisec_issuer_require_signed_introspection(issuer);
    apisec_issuer_allow_algorithm(issuer, "ES256");
    char *set = forge_jwks((const apisec_signer *[]){forge_signer("ES256", 0), NULL});
    if (reference->jwks_uri != NULL) apisec_issuer_set_jwks_uri(issuer, reference->jwks_uri);
    if (reference->jwks_uri == NULL) apisec_issuer_set_jwks(issuer, set, strlen(set));
    free(set);
    return issuer;
}

apisec_verifier *reference_verifier(const struct reference *reference, apisec_http *http)
{
    apisec_error err;
    apisec_verifier *verifier = NULL;
    apisec_trust *trust = apisec_trust_new();
    reference_issuer(trust, reference);
    if (apisec_verifier_new(trust, http, &verifier, &err) != APISEC_OK) fail_msg("%s", err.text);
    apisec_trust_free(trust);
    return verifier;
}

/* with_defaults puts what the changes do not name in front of them. */
static void with_defaults(const struct forge_change *defaults, const struct forge_change *changes, struct forge_change all[16])
{
    size_t num = 0;
    for (; defaults->name != NULL; defaults++) {
        bool named = false;
        for (const struct forge_change *at = changes; at->name != NULL; at++) named |= strcmp(at->name, defaults->name) == 0;
        if (!named) all[num++] = *defaults;
    }
    for (; changes->name != NULL; changes++) all[num++] = *changes;
    all[num] = (struct forge_change){NULL, NULL};
}

char *reference_members(const struct forge_change *changes)
{
    static const struct forge_change defaults[] = {{"active", "true"}, {"token_type", "\"Bearer\""}, {NULL, NULL}};
    struct forge_change all[16];
    with_defaults(defaults, changes, all);
    return forge_claims(all);
}

char *reference_signed(const char *members, const struct forge_change *envelope, const struct forge_change *header,
                       const apisec_signer *signer)
{
    static const struct forge_change of_type[] = {{"typ", "\"token-introspection+jwt\""}, {NULL, NULL}};
    struct forge_change envelope_defaults[] = {{"iss", "\"" FORGE_ISSUER "\""}, {"aud", "\"" REFERENCE_CLIENT "\""},
                                               {"iat", "1750000000"}, {"token_introspection", members}, {NULL, NULL}};
    struct forge_change all[16];
    struct buffer payload = BUFFER_MAX(65536);
    with_defaults(envelope_defaults, envelope, all);
    buffer_byte(&payload, '{');
    for (const struct forge_change *at = all; at->name != NULL; at++) {
        if (at->value == NULL) continue;
        if (payload.len > 1) buffer_byte(&payload, ',');
        buffer_byte(&payload, '"');
        buffer_text(&payload, at->name);
        buffer_text(&payload, "\":");
        buffer_text(&payload, at->value);
    }
    buffer_byte(&payload, '}');
    with_defaults(of_type, header, all);
    char *head = forge_header(apisec_signer_algorithm(signer), apisec_signer_key_id(signer), all);
    char *token = forge_jws(head, payload.bytes, signer);
    free(head);
    buffer_free(&payload);
    return token;
}

apisec_status reference_verify(apisec_verifier *verifier, struct script *script, const char *token, int64_t *now_ms,
                               apisec_token **verified, apisec_error *err)
{
    return stand_verify(verifier, script, token, FORGE_NOW, now_ms, verified, err);
}
