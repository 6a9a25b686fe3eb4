/* SPDX-License-Identifier: Apache-2.0
 *
 * test_mbedtls_oaep.c: RSAES-OAEP: the value of RFC 7516 appendix A.1, what comes back, and every ciphertext that is wrong.
 */
#include "support/unit.h"
#include "crypto/crypto.h"
#include "support/encrypted.h"
#include "support/guard.h"
#include "support/keys.h"

#include <string.h>

enum { MODULUS = 256 };

static struct crypto_key *private_key, *public_key;

static int read_keys(void **state)
{
    (void)state;
    struct arena arena = {NULL};
    const char *const jwk = encrypted_a1_key;
    struct crypto_rsa_parts parts = {.n = key_member(&arena, jwk, "n"), .e = key_member(&arena, jwk, "e")};
    assert_int_equal(crypto_key_rsa(&parts, &public_key, NULL), APISEC_OK);
    parts.d = key_member(&arena, jwk, "d");
    parts.p = key_member(&arena, jwk, "p");
    parts.q = key_member(&arena, jwk, "q");
    assert_int_equal(crypto_key_rsa(&parts, &private_key, NULL), APISEC_OK);
    arena_free(&arena);
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    crypto_key_free(private_key);
    crypto_key_free(public_key);
    return 0;
}

static apisec_status decrypt(enum crypto_oaep hash, const unsigned char *in, size_t len, unsigned char *out, size_t *out_len)
{
    const char *const copy = guarded(in, len);
    const apisec_status status = crypto_oaep_decrypt(private_key, hash, (struct text){copy, len}, out, out_len);
    guard_free(copy);
    return status;
}

static void test_rfc7516_appendix_a1(void **state)
{
    (void)state;
    unsigned char in[MODULUS], out[MODULUS], expected[32];
    size_t len = 0;
    const char *const part = strchr(encrypted_a1_token, '.') + 1;
    assert_int_equal(base64url_decode(part, (size_t)(strchr(part, '.') - part), in, &len), APISEC_OK);
    assert_int_equal(len, MODULUS);
    assert_int_equal(crypto_key_len(private_key), MODULUS);
    encrypted_hex("b1a1f480548fe1733fb403ff6b9ad4f68a076e5b702e22692f82cb2e7aea40fc", expected);
    assert_int_equal(decrypt(CRYPTO_OAEP_SHA1, in, MODULUS, out, &len), APISEC_OK);
    assert_int_equal(len, 32);
    assert_memory_equal(out, expected, 32);
    assert_int_equal(decrypt(CRYPTO_OAEP_SHA256, in, MODULUS, out, &len), APISEC_E_DECRYPTION);
    assert_int_equal(len, 0);
}

static void test_all_lengths_come_back(void **state)
{
    (void)state;
    static const unsigned char in[MODULUS] = {1, 2, 3};
    static const struct {
        enum crypto_oaep hash;
        size_t most;
    } rows[] = {{CRYPTO_OAEP_SHA1, MODULUS - 42}, {CRYPTO_OAEP_SHA256, MODULUS - 66}};
    for (size_t i = 0; i < 2; i++) {
        const size_t lens[] = {0, 1, 16, 32, 64, rows[i].most};
        for (size_t k = 0; k < 6; k++) {
            unsigned char sent[MODULUS], out[MODULUS];
            size_t len = 7;
            const struct text text = {(const char *)in, lens[k]};
            assert_int_equal(crypto_oaep_encrypt(public_key, rows[i].hash, text, sent), APISEC_OK);
            assert_int_equal(decrypt(rows[i].hash, sent, MODULUS, out, &len), APISEC_OK);
            assert_int_equal(len, lens[k]);
            assert_memory_equal(out, in, len);
        }
        unsigned char sent[MODULUS];
        const struct text longer = {(const char *)in, rows[i].most + 1};
        assert_int_equal(crypto_oaep_encrypt(public_key, rows[i].hash, longer, sent), APISEC_E_KEY_UNFIT);
    }
}

static void test_wrong_ciphertexts(void **state)
{
    (void)state;
    unsigned char sent[MODULUS + 1] = {0}, out[MODULUS];
    size_t len;
    assert_int_equal(crypto_oaep_encrypt(public_key, CRYPTO_OAEP_SHA256, text_of("a key"), sent), APISEC_OK);
    assert_int_equal(decrypt(CRYPTO_OAEP_SHA256, sent, MODULUS, out, &len), APISEC_OK);
    static const size_t lens[] = {0, 1, MODULUS - 1, MODULUS + 1};
    for (size_t i = 0; i < 4; i++) assert_int_equal(decrypt(CRYPTO_OAEP_SHA256, sent, lens[i], out, &len), APISEC_E_DECRYPTION);
    static const size_t places[] = {0, 1, 100, MODULUS - 1};
    for (size_t i = 0; i < 4; i++) {
        sent[places[i]] ^= 1;
        assert_int_equal(decrypt(CRYPTO_OAEP_SHA256, sent, MODULUS, out, &len), APISEC_E_DECRYPTION);
        assert_int_equal(len, 0);
        sent[places[i]] ^= 1;
    }
    assert_int_equal(decrypt(CRYPTO_OAEP_SHA256, sent, MODULUS, out, &len), APISEC_OK);
    memset(sent, 0, MODULUS);
    assert_int_equal(decrypt(CRYPTO_OAEP_SHA256, sent, MODULUS, out, &len), APISEC_E_DECRYPTION);
    memset(sent, 0xff, MODULUS); /* more than the modulus */
    assert_int_equal(decrypt(CRYPTO_OAEP_SHA256, sent, MODULUS, out, &len), APISEC_E_DECRYPTION);
}

/* The same key signs and verifies in between: its contexts are shared by all that it does. */
static void test_between_signatures(void **state)
{
    (void)state;
    unsigned char sent[MODULUS], out[MODULUS], signature[CRYPTO_MAX_SIGNATURE];
    size_t len;
    static const char *const algs[] = {"RS256", "PS256", "PS512"};
    for (size_t i = 0; i < 3; i++) {
        const struct algorithm *const algorithm = algorithm_find(text_of(algs[i]));
        assert_int_equal(crypto_oaep_encrypt(private_key, CRYPTO_OAEP_SHA1, text_of("a key"), sent), APISEC_OK);
        assert_int_equal(crypto_sign(private_key, algorithm, "message", 7, signature, &len), APISEC_OK);
        assert_int_equal(decrypt(CRYPTO_OAEP_SHA1, sent, MODULUS, out, &len), APISEC_OK);
        assert_int_equal(crypto_verify(private_key, algorithm, "message", 7, signature, MODULUS), APISEC_OK);
    }
}

static void test_keys_that_do_not_fit(void **state)
{
    (void)state;
    struct crypto_key *ec = NULL;
    unsigned char bytes[MODULUS] = {0}, out[MODULUS];
    size_t len;
    const struct text in = {(const char *)bytes, MODULUS};
    assert_int_equal(crypto_key_new_random(CRYPTO_KEY_EC, CRYPTO_P256, 0, &ec, NULL), APISEC_OK);
    assert_int_equal(crypto_oaep_decrypt(public_key, CRYPTO_OAEP_SHA1, in, out, &len), APISEC_E_KEY_UNFIT);
    assert_int_equal(crypto_oaep_decrypt(ec, CRYPTO_OAEP_SHA1, in, out, &len), APISEC_E_KEY_UNFIT);
    assert_int_equal(crypto_oaep_encrypt(ec, CRYPTO_OAEP_SHA1, text_of("a key"), out), APISEC_E_KEY_UNFIT);
    crypto_key_free(ec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc7516_appendix_a1),
        cmocka_unit_test(test_all_lengths_come_back),
        cmocka_unit_test(test_wrong_ciphertexts),
        cmocka_unit_test(test_between_signatures),
        cmocka_unit_test(test_keys_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, read_keys, free_keys);
}
