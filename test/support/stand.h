/* SPDX-License-Identifier: Apache-2.0
 *
 * stand.h: what attacks are thrown at: a verifier with one trusted issuer, and the two things a test of an attack says: this is
 * refused with that status, and its harmless twin is accepted. Each token lies at the end of a guard page, and the promises that
 * hold for any answer (no token without APISEC_OK, no bytes of the token in the sentence) are looked at each time.
 */
#ifndef TEST_SUPPORT_STAND_H
#define TEST_SUPPORT_STAND_H

#include "support/forge.h"
#include "support/script.h"

#include <apisec/http.h>

/* What one issuer is told to accept. Zero members are the defaults: FORGE_ISSUER, FORGE_AUDIENCE, at+jwt; algorithms end with NULL.
 * keys: a JWK Set's text, "https://..." to fetch it, or "discover". status_lists: where they may be, NULL: nowhere. */
struct stand_issuer {
    const char *name;
    const char *audience;
    const char *profile;
    const char *algorithms[8];
    const char *keys;
    const char *status_lists;
    bool requires_status, ignores_status;
    const char *decryption_keys; /* of the whole trust */
    bool requires_encryption;
};

/* stand_try makes a verifier, or says why there is none; stand_new must succeed. */
apisec_status stand_try(const struct stand_issuer *issuers, size_t num, apisec_http *http, apisec_verifier **verifier);
apisec_verifier *stand_new(const struct stand_issuer *issuers, size_t num, apisec_http *http);

/* stand_refuses, stand_accepts throw a token at the verifier at FORGE_NOW; what names the attack. They free the token. */
void stand_refuses(apisec_verifier *verifier, const char *what, char *token, apisec_status expected);
void stand_accepts(apisec_verifier *verifier, const char *what, char *token);
void stand_refuses_bytes(apisec_verifier *verifier, const char *what, const char *bytes, size_t len, apisec_status expected);
/* stand_verified is stand_accepts that hands over the token. */
apisec_token *stand_verified(apisec_verifier *verifier, const char *what, char *token);

/* stand_verify drives one verification as an operation, with a script's answers. The token is judged at now, in seconds; the clock
 * is at *now_ms and moves on. verified and err may be NULL. */
apisec_status stand_verify(apisec_verifier *verifier, struct script *script, const char *bytes, int64_t now, int64_t *now_ms,
                           apisec_token **verified, apisec_error *err);

/* stand_counter is a transport that answers nothing and counts what it is asked. */
struct stand_counter {
    apisec_http http;
    size_t num_requests;
};
void stand_count(struct stand_counter *counter);

#endif
