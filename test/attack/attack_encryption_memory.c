/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_encryption_memory.c: every allocation of decrypting, encrypting and verifying what was encrypted fails once, each in its
 * own run: never a yes, never a plaintext that is not whole, never the token's fault, no leak.
 */
#define _GNU_SOURCE
#include "support/unit.h"
#include "support/failing.h"
#include "support/encrypted.h"
#include "support/stand.h"
#include "support/stride.h"

#include <apisec/encryption.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *set, *signed_token, *token, *wrapped_token, *private_jwk, *public_jwk;

typedef apisec_status (*stretch)(void);

/* fail_each lets the first allocation fail, and then each that lies a stride further: arithmetic on curves makes thousands that are
 * all alike. */
static void fail_each(stretch run, size_t every, size_t usual, apisec_status without_failure)
{
    if (!failing_works()) skip();
    assert_int_equal(run(), without_failure); /* once as it is: what a process allocates but once is there now */
    size_t nth = 1;
    for (;; nth += stride(every, usual)) {
        failing_begin(nth);
        const apisec_status status = run();
        const bool failed = failing_end();
        if (failing_kept != 0) fail_msg("allocation %zu: %ld leaked", nth, failing_kept);
        if (!failed) {
            assert_int_equal(status, without_failure);
            break;
        }
        if (status != without_failure && status / 100 != -5) fail_msg("allocation %zu: %s", nth, apisec_status_name(status));
    }
    assert_true(nth > 10);
}

/* decrypt_as: what comes out must be all of it. */
static apisec_status decrypt_as(const char *jwk, const char *encrypted, const char *wanted)
{
    apisec_decrypter *decrypter = (apisec_decrypter *)&set;
    char *plaintext = NULL;
    size_t len = 0;
    apisec_status status = apisec_decrypter_new(jwk, strlen(jwk), &decrypter, NULL);
    if ((decrypter != NULL) != (status == APISEC_OK)) fail_msg("a decrypter, or none");
    if (status != APISEC_OK) return status;
    status = apisec_decrypt(decrypter, encrypted, strlen(encrypted), &plaintext, &len, NULL);
    if ((plaintext != NULL) != (status == APISEC_OK)) fail_msg("a plaintext, or none");
    if (plaintext != NULL && (len != strlen(wanted) || memcmp(plaintext, wanted, len) != 0)) fail_msg("not whole");
    apisec_plaintext_free(plaintext, len);
    apisec_decrypter_free(decrypter);
    return status;
}

static apisec_status decrypt_ecdh(void)
{
    return decrypt_as(private_jwk, token, signed_token);
}

static apisec_status decrypt_wrapped(void)
{
    return decrypt_as(encrypted_a3_key, encrypted_a3_token, "Live long and prosper.");
}

static apisec_status encrypt_to(const char *jwk, const char *alg)
{
    char *encrypted = NULL;
    const apisec_status status =
        apisec_encrypt(jwk, strlen(jwk), alg, "A128GCM", "JWT", signed_token, strlen(signed_token), &encrypted, NULL);
    if ((encrypted != NULL) != (status == APISEC_OK)) fail_msg("a token, or none");
    apisec_text_free(encrypted);
    return status;
}

static apisec_status encrypt_ecdh(void)
{
    return encrypt_to(public_jwk, "ECDH-ES+A128KW");
}

static apisec_status encrypt_wrapped(void)
{
    return encrypt_to(encrypted_a3_key, "A128KW");
}

static apisec_status make_key(void)
{
    char *whole = NULL, *half = NULL;
    const apisec_status status = apisec_encryption_key_new("ECDH-ES", &whole, &half, NULL);
    if ((whole != NULL) != (status == APISEC_OK) || (half != NULL) != (status == APISEC_OK)) fail_msg("keys, or none");
    apisec_text_free(whole);
    apisec_text_free(half);
    return status;
}

static apisec_status verify(void)
{
    apisec_verifier *verifier = NULL;
    apisec_token *verified = NULL;
    const struct stand_issuer issuer = {.algorithms = {"RS256"}, .keys = set, .decryption_keys = encrypted_a3_key,
                                        .requires_encryption = true};
    apisec_status status = stand_try(&issuer, 1, NULL, &verifier);
    if (status != APISEC_OK) return status;
    status = apisec_verify(verifier, wrapped_token, strlen(wrapped_token), FORGE_NOW, &verified, NULL);
    if ((verified != NULL) != (status == APISEC_OK)) fail_msg("a token, or none");
    apisec_token_free(verified);
    apisec_verifier_free(verifier);
    return status;
}

static void test_decrypting(void **state)
{
    (void)state;
    fail_each(decrypt_ecdh, 97, 389, APISEC_OK);
    fail_each(decrypt_wrapped, 1, 5, APISEC_OK);
}

static void test_encrypting(void **state)
{
    (void)state;
    fail_each(encrypt_ecdh, 97, 389, APISEC_OK);
    fail_each(encrypt_wrapped, 1, 5, APISEC_OK);
    fail_each(make_key, 97, 389, APISEC_OK);
}

static void test_verifying(void **state)
{
    (void)state;
    fail_each(verify, 1, 5, APISEC_OK);
}

static int begin(void **state)
{
    (void)state;
    const apisec_signer *signer = forge_signer("RS256", 0);
    set = forge_jwks((const apisec_signer *[]){signer, NULL});
    signed_token = forge_token(FORGE_SAME, FORGE_SAME, signer);
    if (apisec_encryption_key_new("ECDH-ES+A128KW", &private_jwk, &public_jwk, NULL) != APISEC_OK) return -1;
    const size_t len = strlen(signed_token);
    if (apisec_encrypt(encrypted_a3_key, strlen(encrypted_a3_key), "A128KW", "A128CBC-HS256", "JWT", signed_token, len,
                       &wrapped_token, NULL) != APISEC_OK) return -1;
    return apisec_encrypt(public_jwk, strlen(public_jwk), "ECDH-ES+A128KW", "A128GCM", "JWT", signed_token, len, &token, NULL);
}

static int end(void **state)
{
    (void)state;
    free(set);
    free(signed_token);
    apisec_text_free(token);
    apisec_text_free(wrapped_token);
    apisec_text_free(private_jwk);
    apisec_text_free(public_jwk);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decrypting),
        cmocka_unit_test(test_encrypting),
        cmocka_unit_test(test_verifying),
    };
    return cmocka_run_group_tests_name("attack_encryption_memory", tests, begin, end);
}
