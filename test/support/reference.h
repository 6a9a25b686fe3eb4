/* SPDX-License-Identifier: Apache-2.0
 *
 * reference.h: opaque tokens in tests: an issuer that is asked about them, FORGE_ISSUER at REFERENCE_URL, and what it says.
 *
 *     struct script_answer answer = reference_answer((struct forge_change[]){{"active", "\"true\""}, {NULL, NULL}});
 *     apisec_verifier *verifier = reference_verifier(&(struct reference){.cache_s = 10}, NULL);
 *     status = reference_verify(verifier, &script, REFERENCE_TOKEN, &now_ms, &token, &err);
 */
#ifndef TEST_SUPPORT_REFERENCE_H
#define TEST_SUPPORT_REFERENCE_H

#include "support/forge.h"
#include "support/script.h"

#define REFERENCE_URL FORGE_ISSUER "/introspect"
#define REFERENCE_CLIENT "orders-api"
#define REFERENCE_SECRET "secret-canary-0123456789"
#define REFERENCE_TOKEN "2YotnFZFEjr1zCsicMWpAA" /* RFC 6749 section 4.1.4 */
#define REFERENCE_START ((int64_t)FORGE_NOW * 1000)
#define REFERENCE_JSON "Content-Type: application/json\nCache-Control: no-store\n"
#define REFERENCE_JWT "Content-Type: application/token-introspection+jwt\n"

/* How the issuer is set up. Zero members are the defaults. */
struct reference {
    bool is_signed;              /* ES256 with forge_signer("ES256", 0), pinned; or from jwks_uri, where that is set */
    const char *jwks_uri;
    bool without_audience;
    bool has_cache;
    uint32_t cache_s;
    bool has_leeway;
    uint32_t leeway;
    const char *prefix;
    const char *required_claim;
    uint32_t max_lifetime;
    bool no_secret;              /* the caller sets the authentication */
};
/* reference_issuer adds it to a trust. */
apisec_issuer *reference_issuer(apisec_trust *trust, const struct reference *reference);
apisec_verifier *reference_verifier(const struct reference *reference, apisec_http *http);

/* reference_members writes an honest answer's members with these changes; free with free. */
char *reference_members(const struct forge_change *changes);
/* reference_signed wraps members as RFC 9701 does, with these changes of the envelope and of the header; free with free. */
char *reference_signed(const char *members, const struct forge_change *envelope, const struct forge_change *header,
                       const apisec_signer *signer);

/* reference_verify drives one verification as an operation; the token is judged at FORGE_NOW. */
apisec_status reference_verify(apisec_verifier *verifier, struct script *script, const char *token, int64_t *now_ms,
                               apisec_token **verified, apisec_error *err);

#endif
