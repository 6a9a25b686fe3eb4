/* SPDX-License-Identifier: Apache-2.0
 *
 * test_jwe_open.c: decrypting: the one answer to whatever is wrong with a token, and that the calls of the provider on the way to
 * it are the same. The linker hands the calls that are counted to this file (test.mk: --wrap).
 */
#include "support/unit.h"
#include "jose/jose.h"
#include "support/encrypted.h"
#include "support/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char sentence[] = "the token could not be decrypted";

/* ---- what was called ---- */

static char calls[256];
static bool inside; /* RSA and ECDH blind with as much randomness as they happen to need */

static void note(const char *what)
{
    const size_t len = strlen(calls);
    if (!inside) snprintf(calls + len, sizeof calls - len, "%s ", what);
}

apisec_status __real_random_bytes(void *out, size_t len);
apisec_status __wrap_random_bytes(void *out, size_t len);
apisec_status __wrap_random_bytes(void *out, size_t len)
{
    note("random");
    return __real_random_bytes(out, len);
}

apisec_status __real_crypto_oaep_decrypt(const struct crypto_key *key, enum crypto_oaep hash, struct text in, unsigned char *out,
                                         size_t *len);
apisec_status __wrap_crypto_oaep_decrypt(const struct crypto_key *key, enum crypto_oaep hash, struct text in, unsigned char *out,
                                         size_t *len);
apisec_status __wrap_crypto_oaep_decrypt(const struct crypto_key *key, enum crypto_oaep hash, struct text in, unsigned char *out,
                                         size_t *len)
{
    note("oaep");
    inside = true;
    const apisec_status status = __real_crypto_oaep_decrypt(key, hash, in, out, len);
    inside = false;
    return status;
}

apisec_status __real_crypto_ecdh(const struct crypto_key *key, const struct crypto_key *peer, unsigned char *z);
apisec_status __wrap_crypto_ecdh(const struct crypto_key *key, const struct crypto_key *peer, unsigned char *z);
apisec_status __wrap_crypto_ecdh(const struct crypto_key *key, const struct crypto_key *peer, unsigned char *z)
{
    note("ecdh");
    inside = true;
    const apisec_status status = __real_crypto_ecdh(key, peer, z);
    inside = false;
    return status;
}

apisec_status __real_crypto_unwrap(struct text key, struct text in, unsigned char *out);
apisec_status __wrap_crypto_unwrap(struct text key, struct text in, unsigned char *out);
apisec_status __wrap_crypto_unwrap(struct text key, struct text in, unsigned char *out)
{
    note("unwrap");
    return __real_crypto_unwrap(key, in, out);
}

apisec_status __real_crypto_gcm_decrypt(struct text key, const unsigned char *iv, struct text aad, struct text in,
                                        const unsigned char *tag, unsigned char *out);
apisec_status __wrap_crypto_gcm_decrypt(struct text key, const unsigned char *iv, struct text aad, struct text in,
                                        const unsigned char *tag, unsigned char *out);
apisec_status __wrap_crypto_gcm_decrypt(struct text key, const unsigned char *iv, struct text aad, struct text in,
                                        const unsigned char *tag, unsigned char *out)
{
    note("gcm");
    return __real_crypto_gcm_decrypt(key, iv, aad, in, tag, out);
}

apisec_status __real_crypto_hmac(enum crypto_hash hash, struct text key, const struct text *texts, size_t num, unsigned char *out);
apisec_status __wrap_crypto_hmac(enum crypto_hash hash, struct text key, const struct text *texts, size_t num, unsigned char *out);
apisec_status __wrap_crypto_hmac(enum crypto_hash hash, struct text key, const struct text *texts, size_t num, unsigned char *out)
{
    note("hmac");
    return __real_crypto_hmac(hash, key, texts, num, out);
}

apisec_status __real_crypto_cbc_decrypt(struct text key, const unsigned char *iv, struct text in, unsigned char *out);
apisec_status __wrap_crypto_cbc_decrypt(struct text key, const unsigned char *iv, struct text in, unsigned char *out);
apisec_status __wrap_crypto_cbc_decrypt(struct text key, const unsigned char *iv, struct text in, unsigned char *out)
{
    note("cbc");
    return __real_crypto_cbc_decrypt(key, iv, in, out);
}

/* ---- tokens ---- */

static apisec_status open_token(const char *jwk, const char *token, apisec_error *err)
{
    struct jwe_keys *keys = NULL;
    struct arena arena = {NULL};
    struct jwe_opened opened = {{"before", 6}, {"before", 6}};
    assert_int_equal(jwe_keys_parse(text_of(jwk), &keys, NULL), APISEC_OK);
    const char *const in = guarded_text(token);
    calls[0] = '\0';
    const apisec_status status = jwe_decrypt(keys, (struct text){in, strlen(token)}, &arena, &opened, err);
    assert_int_equal(opened.plaintext.at != NULL, status == APISEC_OK);
    if (status == APISEC_OK) assert_int_equal(opened.plaintext.at[opened.plaintext.len], '\0');
    if (status != APISEC_OK) assert_null(opened.cty.at);
    guard_free(in);
    arena_free(&arena);
    jwe_keys_free(keys);
    return status;
}

/* expect takes the token over. */
static void expect(const char *jwk, char *token, apisec_status wanted, const char *wanted_calls, const char *why)
{
    apisec_error err;
    const apisec_status status = open_token(jwk, token, &err);
    if (status != wanted) fail_msg("%s: %s", why, err.text);
    if (status == APISEC_E_DECRYPTION) assert_string_equal(err.text, sentence);
    if (strcmp(calls, wanted_calls) != 0) fail_msg("%s: called were %s", why, calls);
    free(token);
}

/* Of every algorithm: a key that is not there and a tag that is wrong are answered alike, and after the same calls. The right token
 * goes one step further only where the tag is checked before decrypting. */
static void test_the_same_calls(void **state)
{
    (void)state;
    static const struct {
        const char *alg, *enc, *calls, *further;
        bool has_key;
    } rows[] = {
        {"RSA-OAEP", "A256GCM", "random oaep gcm ", "", true},
        {"RSA-OAEP-256", "A128CBC-HS256", "random oaep hmac ", "cbc ", true},
        {"ECDH-ES", "A256GCM", "random ecdh gcm ", "", false},
        {"ECDH-ES+A128KW", "A192CBC-HS384", "random ecdh unwrap hmac ", "cbc ", true},
        {"A192KW", "A128GCM", "random unwrap gcm ", "", true},
        {"A256KW", "A256CBC-HS512", "random unwrap hmac ", "cbc ", true},
        {"A128GCMKW", "A192GCM", "random gcm gcm ", "", true},
        {"A256GCMKW", "A128CBC-HS256", "random gcm hmac ", "cbc ", true},
        {"dir", "A128GCM", "random gcm ", "", false},
        {"dir", "A128CBC-HS256", "random hmac ", "cbc ", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *jwk = NULL, right[64];
        char *token = encrypted_new(rows[i].alg, rows[i].enc, "a plaintext", &jwk);
        snprintf(right, sizeof right, "%s%s", rows[i].calls, rows[i].further);
        expect(jwk, strdup(token), APISEC_OK, right, rows[i].alg);
        for (size_t part = rows[i].has_key ? 1 : 2; part <= 4; part++) {
            expect(jwk, encrypted_flip(token, part, 0), APISEC_E_DECRYPTION, rows[i].calls, rows[i].alg);
            expect(jwk, encrypted_flip(token, part, SIZE_MAX), APISEC_E_DECRYPTION, rows[i].calls, rows[i].alg);
        }
        apisec_text_free(token);
        apisec_text_free(jwk);
    }
}

/* Lengths anybody can see: nothing is computed, and the answer is the same. */
static void test_lengths_come_first(void **state)
{
    (void)state;
    static const struct {
        size_t part, len;
        apisec_status status;
        const char *why;
    } rows[] = {
        {1, 0, APISEC_E_DECRYPTION, "no encrypted key"},
        {1, 8, APISEC_E_DECRYPTION, "a short one"},
        {1, 39, APISEC_E_DECRYPTION, "a byte less"},
        {1, 48, APISEC_E_DECRYPTION, "one for a longer key"},
        {2, 0, APISEC_E_DECRYPTION, "no iv"},
        {2, 12, APISEC_E_DECRYPTION, "that of GCM"},
        {2, 17, APISEC_E_DECRYPTION, "a byte more"},
        {3, 0, APISEC_E_DECRYPTION, "no ciphertext"},
        {3, 31, APISEC_E_DECRYPTION, "no whole block"},
        {4, 0, APISEC_E_DECRYPTION, "no tag"},
        {4, 1, APISEC_E_DECRYPTION, "one byte of it"},
        {4, 15, APISEC_E_DECRYPTION, "a byte less"},
        {4, 32, APISEC_E_DECRYPTION, "the whole hash"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned char bytes[512] = {0};
        encrypted_decode(encrypted_a3_token, rows[i].part, bytes);
        char *token = encrypted_bytes(encrypted_a3_token, rows[i].part, bytes, rows[i].len);
        expect(encrypted_a3_key, token, rows[i].status, "", rows[i].why);
    }
    expect(encrypted_a3_key, strdup(encrypted_a3_token), APISEC_OK, "random unwrap hmac cbc ", "the twin");
}

static void test_encodings(void **state)
{
    (void)state;
    static const struct {
        size_t part;
        const char *by;
        apisec_status status;
        const char *why;
    } rows[] = {
        {4, "U0m_YmjN04DJvceFICbCVQ", APISEC_OK, "the twin"},
        {4, "U0m_YmjN04DJvceFICbCVR", APISEC_E_DECRYPTION, "a trailing bit: the same bytes"},
        {4, "U0m_YmjN04DJvceFICbCVQ==", APISEC_E_MALFORMED, "padding"},
        {4, "U0m/YmjN04DJvceFICbCVQ", APISEC_E_MALFORMED, "the other alphabet"},
        {4, "U0m_YmjN04DJvceFICbCVQ\n", APISEC_E_MALFORMED, "a new line"},
        {4, "U0m_YmjN04DJvceFICbCVQA", APISEC_E_DECRYPTION, "a byte more"},
        {4, "U0m_YmjN04DJvceFICbCVQAAA", APISEC_E_DECRYPTION, "a length that no bytes have"},
        {2, "AxY8DCtDaGlsbGljb3RoZQ", APISEC_OK, "the twin"},
        {2, "AxY8DCtDaGlsbGljb3RoZR", APISEC_E_DECRYPTION, "a trailing bit"},
        {0, "eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In1", APISEC_E_MALFORMED, "a trailing bit in the header"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_error err;
        char *token = encrypted_part(encrypted_a3_token, rows[i].part, rows[i].by);
        const apisec_status status = open_token(encrypted_a3_key, token, &err);
        if (status != rows[i].status) fail_msg("%s: %s", rows[i].why, err.text);
        free(token);
    }
}

/* ---- a content key of the wrong length, inside of what is encrypted: it begins as the right one does ---- */

static void test_keys_of_the_wrong_length(void **state)
{
    (void)state;
    struct jwe_key *key = NULL;
    struct json *document = NULL;
    assert_int_equal(json_parse_object(text_of(encrypted_a1_key), &json_token_limits, &document, NULL), APISEC_OK);
    assert_int_equal(jwe_key_parse(document, &key, NULL), APISEC_OK);
    unsigned char content_key[256] = {0};
    encrypted_hex("b1a1f480548fe1733fb403ff6b9ad4f68a076e5b702e22692f82cb2e7aea40fc", content_key);
    static const size_t lens[] = {0, 1, 16, 31, 33, 64, 214};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        unsigned char sent[256];
        const struct text in = {(const char *)content_key, lens[i]};
        assert_int_equal(crypto_oaep_encrypt(key->key, CRYPTO_OAEP_SHA1, in, sent), APISEC_OK);
        expect(encrypted_a1_key, encrypted_bytes(encrypted_a1_token, 1, sent, sizeof sent), APISEC_E_DECRYPTION, "random oaep gcm ",
               "another length");
    }
    unsigned char same[256];
    assert_int_equal(encrypted_decode(encrypted_a1_token, 1, same), 256);
    expect(encrypted_a1_key, encrypted_bytes(encrypted_a1_token, 1, same, 256), APISEC_OK, "random oaep gcm ", "the twin");
    static const size_t cut[] = {0, 128, 255};
    for (size_t i = 0; i < 3; i++) {
        expect(encrypted_a1_key, encrypted_bytes(encrypted_a1_token, 1, same, cut[i]), APISEC_E_DECRYPTION, "", "not the modulus'");
    }
    json_free(document);
    jwe_key_free(key);
}

static void test_what_is_given_out(void **state)
{
    (void)state;
    char *jwk = NULL;
    char *token = encrypted_new("A128KW", "A128CBC-HS256", "a plaintext", &jwk);
    struct jwe_keys *keys = NULL;
    struct arena arena = {NULL};
    struct jwe_opened opened;
    apisec_error err;
    assert_int_equal(jwe_keys_parse(text_of(jwk), &keys, &err), APISEC_OK);
    assert_int_equal(jwe_decrypt(keys, text_of(token), &arena, &opened, &err), APISEC_OK);
    assert_true(text_is(opened.plaintext, "a plaintext"));
    assert_true(text_is(opened.cty, "JWT"));
    assert_int_equal(jwe_decrypt(keys, text_of("a.b.c"), &arena, &opened, &err), APISEC_E_MALFORMED);
    assert_null(opened.plaintext.at);
    jwe_keys_free(keys);
    assert_int_equal(jwe_keys_parse(text_of(encrypted_a3_key), &keys, &err), APISEC_OK);
    assert_int_equal(jwe_decrypt(keys, text_of(encrypted_a3_token), &arena, &opened, &err), APISEC_OK);
    assert_null(opened.cty.at);
    jwe_keys_free(keys);
    arena_free(&arena);
    apisec_text_free(token);
    apisec_text_free(jwk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_calls),
        cmocka_unit_test(test_lengths_come_first),
        cmocka_unit_test(test_encodings),
        cmocka_unit_test(test_keys_of_the_wrong_length),
        cmocka_unit_test(test_what_is_given_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
