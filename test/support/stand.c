/* SPDX-License-Identifier: Apache-2.0
 *
 * stand.c: a verifier to throw tokens at, see stand.h.
 */
#include "support/stand.h"
#include "support/guard.h"
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

static void add(apisec_trust *trust, const struct stand_issuer *from)
{
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, from->name == NULL ? FORGE_ISSUER : from->name);
    apisec_issuer_add_audience(issuer, from->audience == NULL ? FORGE_AUDIENCE : from->audience);
    for (size_t i = 0; from->algorithms[i] != NULL; i++) apisec_issuer_allow_algorithm(issuer, from->algorithms[i]);
    if (from->profile != NULL) apisec_issuer_set_profile(issuer, from->profile);
    if (from->status_lists != NULL) apisec_issuer_allow_status_list(issuer, from->status_lists);
    const char *own = from->decryption_keys;
    if (own != NULL) apisec_trust_set_decryption_jwks(trust, own, strlen(own));
    if (from->requires_encryption) apisec_issuer_require_encryption(issuer);
    if (from->requires_status) apisec_issuer_require_status(issuer);
    if (from->ignores_status) apisec_issuer_ignore_status(issuer);
    if (strcmp(from->keys, "discover") == 0) {
        apisec_issuer_discover(issuer);
    } else if (strstr(from->keys, "://") != NULL && from->keys[0] != '{') {
        apisec_issuer_set_jwks_uri(issuer, from->keys);
    } else {
        apisec_issuer_set_jwks(issuer, from->keys, strlen(from->keys));
    }
}

apisec_status stand_try(const struct stand_issuer *issuers, size_t num, apisec_http *http, apisec_verifier **verifier)
{
    apisec_trust *trust = apisec_trust_new();
    for (size_t i = 0; i < num; i++) add(trust, &issuers[i]);
    const apisec_status status = apisec_verifier_new(trust, http, verifier, NULL);
    apisec_trust_free(trust);
    return status;
}

apisec_verifier *stand_new(const struct stand_issuer *issuers, size_t num, apisec_http *http)
{
    apisec_verifier *verifier = NULL;
    assert_int_equal(stand_try(issuers, num, http, &verifier), APISEC_OK);
    return verifier;
}

/* tells_bytes: does the sentence hold a piece of the token? Eight characters in a row are one. */
static bool tells_bytes(const char *sentence, const char *token, size_t len)
{
    for (size_t at = 0; at + 8 <= len; at++) {
        char piece[9] = {0};
        memcpy(piece, token + at, 8);
        if (strlen(piece) == 8 && strstr(sentence, piece) != NULL) return true;
    }
    return false;
}

static apisec_status throw_at(apisec_verifier *verifier, const char *what, const char *token, size_t len, apisec_token **verified)
{
    apisec_error err = {APISEC_E_MISUSE, "untouched"};
    const char *bytes = guarded(token, len);
    *verified = (apisec_token *)&err;
    const apisec_status status = apisec_verify(verifier, bytes, len, FORGE_NOW, verified, &err);
    guard_free(bytes);
    if (err.status != status) fail_msg("%s: the error says %s", what, apisec_status_name(err.status));
    if ((*verified != NULL) != (status == APISEC_OK)) fail_msg("%s: a token and %s", what, apisec_status_name(status));
    if (status != APISEC_OK && err.text[0] == '\0') fail_msg("%s: no sentence", what);
    if (tells_bytes(err.text, token, len)) fail_msg("%s: the sentence tells bytes of the token: %s", what, err.text);
    return status;
}

void stand_refuses_bytes(apisec_verifier *verifier, const char *what, const char *bytes, size_t len, apisec_status expected)
{
    apisec_token *verified = NULL;
    const apisec_status status = throw_at(verifier, what, bytes, len, &verified);
    if (status != expected) fail_msg("%s: %s instead of %s", what, apisec_status_name(status), apisec_status_name(expected));
}

void stand_refuses(apisec_verifier *verifier, const char *what, char *token, apisec_status expected)
{
    stand_refuses_bytes(verifier, what, token, strlen(token), expected);
    free(token);
}

apisec_token *stand_verified(apisec_verifier *verifier, const char *what, char *token)
{
    apisec_token *verified = NULL;
    const apisec_status status = throw_at(verifier, what, token, strlen(token), &verified);
    if (status != APISEC_OK) fail_msg("%s: the twin is refused with %s", what, apisec_status_name(status));
    free(token);
    return verified;
}

void stand_accepts(apisec_verifier *verifier, const char *what, char *token)
{
    apisec_token_free(stand_verified(verifier, what, token));
}

apisec_status stand_verify(apisec_verifier *verifier, struct script *script, const char *bytes, int64_t now, int64_t *now_ms,
                           apisec_token **verified, apisec_error *err)
{
    apisec_op *op = NULL;
    apisec_token *token = NULL;
    apisec_error own;
    if (err == NULL) err = &own;
    assert_int_equal(apisec_verify_start(verifier, bytes, strlen(bytes), now, &op, NULL), APISEC_OK);
    script_run(script, op, now_ms);
    const apisec_status status = apisec_verify_finish(op, &token, err);
    assert_int_equal(err->status, status);
    assert_int_equal(token != NULL, status == APISEC_OK);
    apisec_op_free(op);
    if (verified != NULL) *verified = token;
    else apisec_token_free(token);
    return status;
}

static apisec_status count(apisec_http *http, apisec_op *op)
{
    struct stand_counter *counter = http->context;
    counter->num_requests++;
    return apisec_op_answer_end(op, APISEC_E_UNREACHABLE);
}

void stand_count(struct stand_counter *counter)
{
    *counter = (struct stand_counter){.http = {.context = counter, .perform = count}};
}
