/* SPDX-License-Identifier: Apache-2.0
 *
 * test_mbedtls_aes.c: AES and HMAC with a key that is used once: values of RFC 3394, RFC 3602, RFC 4231 and of the specification of
 * GCM, and what is not right refused.
 */
#include "support/unit.h"
#include "crypto/crypto.h"
#include "support/encrypted.h"
#include "support/guard.h"

#include <string.h>

enum { MOST = 128 };

static struct text text_at(const unsigned char *at, size_t len)
{
    return (struct text){(const char *)at, len};
}

/* ---- key wrap ---- */

static const struct {
    const char *key, *in, *out, *why;
} wraps[] = {
    {"000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff", "1fa68b0a8112b447 aef34bd8fb5a7b82 9d3e862371d2cfe5",
     "RFC 3394 section 4.1"},
    {"000102030405060708090a0b0c0d0e0f1011121314151617", "00112233445566778899aabbccddeeff",
     "96778b25ae6ca435 f92b5b97c050aed2 468ab8a17ad84e5d", "4.2"},
    {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "00112233445566778899aabbccddeeff",
     "64e8c3f9ce0f5ba2 63e9777905818a2a 93c8191e7d6e8ae7", "4.3"},
    {"000102030405060708090a0b0c0d0e0f1011121314151617", "00112233445566778899aabbccddeeff0001020304050607",
     "031d33264e15d332 68f24ec260743edc e1c6c7ddee725a93 6ba814915c6762d2", "4.4"},
    {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "00112233445566778899aabbccddeeff0001020304050607",
     "a8f9bc1612c68b3f f6e6f4fbe30e71e4 769c8b80a32cb895 8cd5d17d6b254da1", "4.5"},
    {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
     "00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f",
     "28c9f404c4b810f4 cbccb35cfb87f826 3f5786e2d80ed326 cbc7f0e71a99f43b fb988b9b7a02dd21", "4.6"},
};
enum { NUM_WRAPS = sizeof wraps / sizeof wraps[0] };

static void test_rfc3394(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_WRAPS; i++) {
        unsigned char key[MOST], in[MOST], expected[MOST], out[MOST];
        const size_t key_len = encrypted_hex(wraps[i].key, key), in_len = encrypted_hex(wraps[i].in, in),
                     out_len = encrypted_hex(wraps[i].out, expected);
        assert_int_equal(out_len, in_len + CRYPTO_WRAP_EXTRA);
        const char *const plain = guarded(in, in_len), *const wrapped = guarded(expected, out_len);
        assert_int_equal(crypto_wrap(text_at(key, key_len), (struct text){plain, in_len}, out), APISEC_OK);
        assert_memory_equal(out, expected, out_len);
        assert_int_equal(crypto_unwrap(text_at(key, key_len), (struct text){wrapped, out_len}, out), APISEC_OK);
        assert_memory_equal(out, in, in_len);
        guard_free(plain);
        guard_free(wrapped);
    }
}

static void test_unwrapping_what_was_changed(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_WRAPS; i++) {
        unsigned char key[MOST], in[MOST], out[MOST];
        const size_t key_len = encrypted_hex(wraps[i].key, key), len = encrypted_hex(wraps[i].out, in);
        for (size_t bit = 0; bit < 8 * len; bit++) {
            in[bit / 8] ^= (unsigned char)(1 << bit % 8);
            memset(out, 1, sizeof out);
            assert_int_equal(crypto_unwrap(text_at(key, key_len), text_at(in, len), out), APISEC_E_DECRYPTION);
            for (size_t k = 0; k < len - CRYPTO_WRAP_EXTRA; k++) assert_int_equal(out[k], 0);
            in[bit / 8] ^= (unsigned char)(1 << bit % 8);
        }
        key[0] ^= 1;
        assert_int_equal(crypto_unwrap(text_at(key, key_len), text_at(in, len), out), APISEC_E_DECRYPTION);
    }
}

static void test_lengths_of_wrapped_keys(void **state)
{
    (void)state;
    static const unsigned char key[16] = {1}, in[MOST] = {2};
    unsigned char wrapped[MOST], out[MOST];
    for (size_t len = 0; len <= 80; len++) {
        const bool possible = len % 8 == 0 && len >= 16 && len <= CRYPTO_MAX_CONTENT_KEY;
        assert_int_equal(crypto_wrap(text_at(key, 16), text_at(in, len), wrapped), possible ? APISEC_OK : APISEC_E_ARGUMENT);
        if (!possible) memset(wrapped, 3, sizeof wrapped);
        const char *const copy = guarded(wrapped, len + 8);
        assert_int_equal(crypto_unwrap(text_at(key, 16), (struct text){copy, len + 8}, out),
                         possible ? APISEC_OK : APISEC_E_DECRYPTION);
        if (possible) assert_memory_equal(out, in, len);
        guard_free(copy);
    }
    for (size_t len = 0; len < 8; len++) {
        assert_int_equal(crypto_unwrap(text_at(key, 16), text_at(in, len), out), APISEC_E_DECRYPTION);
    }
}

/* ---- CBC ---- */

static void test_rfc3602(void **state)
{
    (void)state;
    static const struct {
        const char *key, *iv, *in, *out;
    } rows[] = {
        {"06a9214036b8a15b512e03d534120006", "3dafba429d9eb430b422da802c9fac41", "53696e676c6520626c6f636b206d7367",
         "e353779c1079aeb82708942dbe77181a"},
        {"c286696d887c9aa0611bbb3e2025a45a", "562e17996d093d28ddb3ba695a2e6f58",
         "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
         "d296cd94c2cccf8a3a863028b5e1dc0a7586602d253cfff91b8266bea6d61ab1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned char key[MOST], iv[MOST], in[MOST], expected[MOST], out[MOST];
        const size_t key_len = encrypted_hex(rows[i].key, key), len = encrypted_hex(rows[i].in, in);
        encrypted_hex(rows[i].iv, iv);
        encrypted_hex(rows[i].out, expected);
        assert_int_equal(crypto_cbc_encrypt(text_at(key, key_len), iv, text_at(in, len), out), APISEC_OK);
        assert_memory_equal(out, expected, len);
        assert_int_equal(crypto_cbc_decrypt(text_at(key, key_len), iv, text_at(out, len), out), APISEC_OK); /* in place */
        assert_memory_equal(out, in, len);
        assert_int_equal(crypto_cbc_encrypt(text_at(key, key_len), iv, text_at(in, len - 1), out), APISEC_E_CRYPTO);
        assert_int_equal(crypto_cbc_encrypt(text_at(key, 15), iv, text_at(in, len), out), APISEC_E_CRYPTO);
    }
}

/* ---- GCM: McGrew and Viega, appendix B, test cases 4, 10 and 16: one message under keys of each length ---- */

static const char gcm_in[] = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
                             "b16aedf5aa0de657ba637b39";
static const char gcm_aad[] = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
static const struct {
    const char *key, *out, *tag;
} gcms[] = {
    {"feffe9928665731c6d6a8f9467308308",
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa05"
     "1ba30b396a0aac973d58e091",
     "5bc94fbc3221a5db94fae95ae7121a47"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c",
     "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c7d773d00c144c525ac619d18c84a3f47"
     "18e2448b2fe324d9ccda2710",
     "2519498e80f1478f37ba55bd6d27618c"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
     "c5f61e6393ba7a0abcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

static void test_gcm(void **state)
{
    (void)state;
    unsigned char iv[MOST], in[MOST], aad[MOST];
    const size_t len = encrypted_hex(gcm_in, in), aad_len = encrypted_hex(gcm_aad, aad);
    assert_int_equal(encrypted_hex("cafebabefacedbaddecaf888", iv), CRYPTO_GCM_IV);
    for (size_t i = 0; i < sizeof gcms / sizeof gcms[0]; i++) {
        unsigned char key[MOST], expected[MOST], expected_tag[MOST], out[MOST], tag[CRYPTO_GCM_TAG];
        const struct text k = text_at(key, encrypted_hex(gcms[i].key, key));
        assert_int_equal(encrypted_hex(gcms[i].out, expected), len);
        assert_int_equal(encrypted_hex(gcms[i].tag, expected_tag), CRYPTO_GCM_TAG);
        assert_int_equal(crypto_gcm_encrypt(k, iv, text_at(aad, aad_len), text_at(in, len), out, tag), APISEC_OK);
        assert_memory_equal(out, expected, len);
        assert_memory_equal(tag, expected_tag, CRYPTO_GCM_TAG);
        assert_int_equal(crypto_gcm_decrypt(k, iv, text_at(aad, aad_len), text_at(expected, len), tag, out), APISEC_OK);
        assert_memory_equal(out, in, len);

        tag[15] ^= 1;
        assert_int_equal(crypto_gcm_decrypt(k, iv, text_at(aad, aad_len), text_at(expected, len), tag, out), APISEC_E_DECRYPTION);
        for (size_t b = 0; b < len; b++) assert_int_equal(out[b], 0);
        assert_int_equal(crypto_gcm_encrypt(text_at(key, 17), iv, text_at(aad, 0), text_at(in, len), out, tag), APISEC_E_CRYPTO);
    }
}

/* ---- HMAC: RFC 4231 test case 2, its text in parts ---- */

static void test_hmac(void **state)
{
    (void)state;
    static const struct {
        enum crypto_hash hash;
        const char *mac;
    } rows[] = {
        {CRYPTO_SHA256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {CRYPTO_SHA384,
         "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649"},
        {CRYPTO_SHA512, "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fd"
                        "caeab1a34d4a6b4b636e070a38bce737"},
    };
    const struct text parts[] = {text_of("what do ya "), {NULL, 0}, text_of("want for"), text_of(" nothing?")};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned char expected[MOST], mac[CRYPTO_MAX_HASH];
        const size_t len = encrypted_hex(rows[i].mac, expected);
        assert_int_equal(crypto_hmac(rows[i].hash, text_of("Jefe"), parts, 4, mac), APISEC_OK);
        assert_memory_equal(mac, expected, len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc3394),
        cmocka_unit_test(test_unwrapping_what_was_changed),
        cmocka_unit_test(test_lengths_of_wrapped_keys),
        cmocka_unit_test(test_rfc3602),
        cmocka_unit_test(test_gcm),
        cmocka_unit_test(test_hmac),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
