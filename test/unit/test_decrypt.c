/* SPDX-License-Identifier: Apache-2.0
 *
 * test_decrypt.c: the stage of an encrypted token: where it stands among the checks, what is hashed and exchanged, and its keys.
 * What attackers do with encrypted tokens is in test/attack/attack_encryption.c.
 */
#include "support/unit.h"
#include "support/encrypted.h"
#include "support/forge.h"
#include "token/present.h"
#include "token/token.h"

#include <apisec/client.h>

#include <stdlib.h>
#include <string.h>

static const apisec_signer *signer;
static char *set, *private_jwk, *public_jwk;

static apisec_status make(const char *keys, size_t len, bool required, apisec_verifier **verifier, apisec_error *err)
{
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, FORGE_ISSUER);
    apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
    apisec_issuer_allow_algorithm(issuer, "ES256");
    apisec_issuer_set_jwks(issuer, set, strlen(set));
    if (required) apisec_issuer_require_encryption(issuer);
    if (keys) apisec_trust_set_decryption_jwks(trust, "{}", 2); /* the last one counts */
    if (keys) apisec_trust_set_decryption_jwks(trust, keys, len);
    const apisec_status status = apisec_verifier_new(trust, NULL, verifier, err);
    apisec_trust_free(trust);
    return status;
}

static apisec_verifier *verifier_with(const char *keys, bool required)
{
    apisec_verifier *verifier = NULL;
    apisec_error err;
    if (make(keys, keys ? strlen(keys) : 0, required, &verifier, &err) != APISEC_OK) fail_msg("%s", err.text);
    return verifier;
}

/* encrypt takes the plaintext over. */
static char *encrypt(const char *cty, char *plaintext)
{
    char *token = NULL;
    assert_int_equal(apisec_encrypt(public_jwk, strlen(public_jwk), "ECDH-ES", "A128GCM", cty, plaintext, strlen(plaintext), &token,
                                    NULL), APISEC_OK);
    free(plaintext);
    return token;
}

static char *honest(void)
{
    return forge_token(FORGE_SAME, FORGE_SAME, signer);
}

static void expect(apisec_verifier *verifier, char *token, apisec_status status, enum check at, bool decrypted, const char *why)
{
    struct verification v;
    const struct presented bare = present_bare(text_of(token));
    verification_init(&v, verifier, &bare, FORGE_NOW);
    verify_blocking(&v);
    if (v.status != status) fail_msg("%s: %s", why, v.error.text);
    if (v.trail.at != at) fail_msg("%s: stopped at %s", why, check_id(v.trail.at));
    if (trail_passed(&v.trail, CHECK_DECRYPTION) != decrypted) fail_msg("%s: decrypted, or not", why);
    if (v.token) assert_true(token_is_raw(v.token, text_of(token)));
    verification_free(&v);
    free(token);
}

static void test_the_trail(void **state)
{
    (void)state;
    apisec_verifier *with = verifier_with(private_jwk, false), *required = verifier_with(private_jwk, true),
                    *without = verifier_with(NULL, false);
    const struct forge_change other[] = {{"aud", "\"billing\""}, {NULL, NULL}};
    char *whole = encrypt("JWT", honest()), *changed = encrypted_flip(whole, 4, 0);
    expect(with, encrypt("JWT", honest()), APISEC_OK, NUM_CHECKS, true, "encrypted");
    expect(with, honest(), APISEC_OK, NUM_CHECKS, false, "in the open: there was nothing to decrypt");
    expect(required, encrypt("JWT", honest()), APISEC_OK, NUM_CHECKS, true, "encrypted, as it must be");
    expect(required, honest(), APISEC_E_DECRYPTION, CHECK_DECRYPTION, false, "in the open, where it must not");
    expect(without, encrypt("JWT", honest()), APISEC_E_MALFORMED, CHECK_FORM, false, "nobody can decrypt");
    expect(with, changed, APISEC_E_DECRYPTION, CHECK_DECRYPTION, false, "changed");
    expect(with, encrypt("at+jwt", honest()), APISEC_OK, NUM_CHECKS, true, "cty is the access token's own type");
    expect(with, encrypt("at+jwt", strdup("{\"iss\":\"x\"}")), APISEC_E_MALFORMED, CHECK_FORM, false, "and it lies: nobody signed");
    expect(with, encrypt("secevent+jwt", honest()), APISEC_E_TYPE, CHECK_DECRYPTION, false, "another cty");
    expect(with, encrypt(NULL, honest()), APISEC_E_TYPE, CHECK_DECRYPTION, false, "no cty");
    expect(with, encrypt("JWT", strdup("x")), APISEC_E_MALFORMED, CHECK_FORM, false, "no token inside");
    expect(with, encrypt("JWT", encrypt("JWT", honest())), APISEC_E_MALFORMED, CHECK_FORM, false, "twice");
    expect(with, encrypt("JWT", forge_token(other, FORGE_SAME, signer)), APISEC_E_AUDIENCE, CHECK_AUDIENCE, true, "another's");
    apisec_text_free(whole);
    apisec_verifier_free(with);
    apisec_verifier_free(required);
    apisec_verifier_free(without);
}

/* An exchange hands on the bytes that came, and takes no others for the token. */
static void test_the_subject_of_an_exchange(void **state)
{
    (void)state;
    apisec_verifier *verifier = verifier_with(private_jwk, false);
    apisec_client *client = apisec_client_new(NULL);
    apisec_client_set_endpoint(client, "https://id.example/token");
    apisec_client_set_basic(client, "orders", "secret", 6);
    char *inside = honest(), *outside = encrypt("JWT", strdup(inside));
    apisec_token *token = NULL;
    assert_int_equal(apisec_verify(verifier, outside, strlen(outside), FORGE_NOW, &token, NULL), APISEC_OK);
    for (int i = 0; i < 2; i++) {
        const char *raw = i == 0 ? outside : inside;
        apisec_exchange *exchange = apisec_exchange_new();
        apisec_op *op = NULL;
        size_t len;
        apisec_exchange_set_subject(exchange, token, raw, strlen(raw));
        apisec_exchange_add_audience(exchange, "ledger");
        assert_int_equal(apisec_exchange_start(client, exchange, &op, NULL), i == 0 ? APISEC_OK : APISEC_E_MISUSE);
        if (i == 0) {
            assert_int_equal(apisec_op_next(op, INT64_C(1000) * FORGE_NOW), APISEC_OP_HTTP);
            const char *body = apisec_op_body(op, &len);
            assert_non_null(strstr(body, outside));
            assert_null(strstr(body, inside));
        }
        apisec_op_free(op);
        apisec_exchange_free(exchange);
    }
    apisec_token_free(token);
    free(inside);
    free(outside);
    apisec_client_free(client);
    apisec_verifier_free(verifier);
}

static void test_keys(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *text, *why;
    } rows[] = {
        {"{\"keys\":[]}", "none of the 0 keys", "none"},
        {"{\"keys\":[{\"kty\":\"OKP\"},{\"kty\":\"OKP\"}]}", "none of the 2 keys", "of a kty that is not known here"},
        {"{\"keys\":[{\"kty\":\"OKP\"}]}", "the only key cannot", "one of them"},
        {"{}", "kty", "no key"},
        {"nonsense", "keys to decrypt with", "no JSON"},
        {"{\"kty\":\"oct\",\"k\":\"AAAA\",\"alg\":\"A128KW\"}", "A128KW", "not what it says"},
    };
    apisec_verifier *verifier = (apisec_verifier *)&rows;
    apisec_error err;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(make(rows[i].keys, strlen(rows[i].keys), false, &verifier, &err), APISEC_E_CONFIG);
        assert_null(verifier);
        if (!strstr(err.text, rows[i].text)) fail_msg("%s: %s", rows[i].why, err.text);
    }
    assert_int_equal(make(public_jwk, strlen(public_jwk), false, &verifier, &err), APISEC_E_CONFIG);
    assert_int_equal(make(private_jwk, strlen(private_jwk) - 1, false, &verifier, &err), APISEC_E_CONFIG);
    assert_null(strstr(err.text, "\"d\""));
    assert_int_equal(make(NULL, 0, true, &verifier, &err), APISEC_E_CONFIG);
    assert_non_null(strstr(err.text, "encryption is required"));
    assert_int_equal(make(private_jwk, strlen(private_jwk), true, &verifier, &err), APISEC_OK);
    apisec_verifier_free(verifier);
    apisec_trust_set_decryption_jwks(NULL, "{}", 2);
    apisec_issuer_require_encryption(NULL);
    apisec_trust *trust = apisec_trust_new();
    apisec_trust_set_decryption_jwks(trust, NULL, 0);
    assert_int_equal(apisec_verifier_new(trust, NULL, &verifier, &err), APISEC_E_CONFIG);
    assert_non_null(strstr(err.text, "NULL"));
    apisec_trust_free(trust);
}

static int begin(void **state)
{
    (void)state;
    signer = forge_signer("ES256", 0);
    set = forge_jwks((const apisec_signer *[]){signer, NULL});
    return apisec_encryption_key_new("ECDH-ES", &private_jwk, &public_jwk, NULL) == APISEC_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    free(set);
    apisec_text_free(private_jwk);
    apisec_text_free(public_jwk);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_trail),
        cmocka_unit_test(test_the_subject_of_an_exchange),
        cmocka_unit_test(test_keys),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
