/* SPDX-License-Identifier: Apache-2.0
 *
 * test_mbedtls.c: the library as a whole: its version, hashes in one piece and in parts (values of FIPS 180-4), error codes.
 */
#include "support/unit.h"
#include "crypto/mbedtls.h"
#include "support/guard.h"

#include <string.h>

static const struct {
    enum crypto_hash hash;
    const char *message;
    const char *hex;
    const char *why;
} hashes[] = {
    {CRYPTO_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "nothing"},
    {CRYPTO_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "one block"},
    {CRYPTO_SHA256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1", "two blocks"},
    {CRYPTO_SHA384, "abc",
     "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7", ""},
    {CRYPTO_SHA512, "abc",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
     ""},
};

static void test_hashes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++) {
        const size_t len = strlen(hashes[i].message), hash_len = crypto_hash_len(hashes[i].hash);
        const char *in = guarded(hashes[i].message, len);
        unsigned char out[CRYPTO_MAX_HASH + 1];
        char hex[2 * CRYPTO_MAX_HASH + 1];
        memset(out, 0xa5, sizeof out);
        assert_int_equal(crypto_hash_bytes(hashes[i].hash, in, len, out), APISEC_OK);
        hex_encode(out, hash_len, hex);
        assert_string_equal(hex, hashes[i].hex);
        assert_int_equal(out[hash_len], 0xa5);
        guard_free(in);
    }
}

/* Cut at each place, twice with the same digest: finishing makes it ready for the next. */
static void test_digest_in_parts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++) {
        const size_t len = strlen(hashes[i].message);
        struct crypto_digest *digest = crypto_digest_new(hashes[i].hash);
        assert_non_null(digest);
        for (size_t cut = 0; cut <= len; cut++) {
            unsigned char out[CRYPTO_MAX_HASH];
            char hex[2 * CRYPTO_MAX_HASH + 1];
            assert_int_equal(crypto_digest_update(digest, hashes[i].message, cut), APISEC_OK);
            assert_int_equal(crypto_digest_update(digest, hashes[i].message + cut, len - cut), APISEC_OK);
            assert_int_equal(crypto_digest_finish(digest, out), APISEC_OK);
            hex_encode(out, crypto_hash_len(hashes[i].hash), hex);
            assert_string_equal(hex, hashes[i].hex);
        }
        crypto_digest_free(digest);
    }
    crypto_digest_free(NULL);
}

static void test_the_version_is_the_one_compiled_for(void **state)
{
    (void)state;
    apisec_error err;
    assert_int_equal(crypto_ready(&err), APISEC_OK);
    assert_int_equal(crypto_ready(NULL), APISEC_OK);
}

static void test_error_codes(void **state)
{
    (void)state;
    static const struct {
        int code;
        apisec_status status;
        const char *why;
    } rows[] = {
        {0, APISEC_OK, ""},
        {MBEDTLS_ERR_MPI_ALLOC_FAILED, APISEC_E_MEMORY, "a bignum"},
        {MBEDTLS_ERR_RSA_PUBLIC_FAILED + MBEDTLS_ERR_MPI_ALLOC_FAILED, APISEC_E_MEMORY, "a bignum within RSA"},
        {MBEDTLS_ERR_ECP_ALLOC_FAILED, APISEC_E_MEMORY, "a point"},
        {MBEDTLS_ERR_MD_ALLOC_FAILED, APISEC_E_MEMORY, "a hash"},
        {MBEDTLS_ERR_RSA_VERIFY_FAILED, APISEC_E_SIGNATURE, "wrong"},
        {MBEDTLS_ERR_RSA_INVALID_PADDING, APISEC_E_SIGNATURE, "wrong"},
        {MBEDTLS_ERR_RSA_PUBLIC_FAILED + MBEDTLS_ERR_MPI_BAD_INPUT_DATA, APISEC_E_SIGNATURE, "not below the modulus"},
        {MBEDTLS_ERR_ECP_VERIFY_FAILED, APISEC_E_SIGNATURE, "wrong"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(mbed_status(rows[i].code, APISEC_E_SIGNATURE), rows[i].status);
    }
}

/* The generator gives other bytes each time, and writes all of them and no more. */
static void test_randomness(void **state)
{
    (void)state;
    unsigned char first[33] = {0}, second[33] = {0}, seen[33] = {0};
    for (int i = 0; i < 64; i++) {
        assert_int_equal(mbed_random(NULL, first, 32), 0);
        assert_int_equal(mbed_random(NULL, second, 32), 0);
        assert_memory_not_equal(first, second, 32);
        for (size_t j = 0; j < sizeof seen; j++) seen[j] |= first[j];
    }
    for (size_t j = 0; j < 32; j++) assert_int_not_equal(seen[j], 0);
    assert_int_equal(seen[32], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hashes),
        cmocka_unit_test(test_digest_in_parts),
        cmocka_unit_test(test_the_version_is_the_one_compiled_for),
        cmocka_unit_test(test_error_codes),
        cmocka_unit_test(test_randomness),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
