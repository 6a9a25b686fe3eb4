/* SPDX-License-Identifier: Apache-2.0
 *
 * test_mbedtls_oct.c: secret keys and HMAC, with the values of RFC 4231 whose keys are long enough for RFC 7518 section 3.2.
 */
#include "support/unit.h"
#include "crypto/crypto.h"
#include "support/guard.h"

#include <string.h>

static struct crypto_key *key_of(const char *secret, size_t len)
{
    struct crypto_key *key = NULL;
    apisec_error err;
    const char *in = guarded(secret, len);
    assert_int_equal(crypto_key_oct((struct text){in, len}, &key, &err), APISEC_OK);
    guard_free(in);
    return key;
}

/* ---- RFC 4231 section 4.7: a key longer than a block ---- */

static const struct {
    const char *alg;
    const char *hex;
} rows[] = {
    {"HS256", "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {"HS384", "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952"},
    {"HS512", "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
              "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"},
};
static const char message[] = "Test Using Larger Than Block-Size Key - Hash Key First";

static void test_rfc4231(void **state)
{
    (void)state;
    char secret[131];
    memset(secret, 0xaa, sizeof secret);
    struct crypto_key *key = key_of(secret, sizeof secret);
    for (int round = 0; round < 3; round++) { /* the kept state is the same each time */
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            unsigned char tag[CRYPTO_MAX_SIGNATURE];
            char hex[2 * CRYPTO_MAX_HASH + 1];
            size_t len;
            const struct algorithm *algorithm = algorithm_find(text_of(rows[i].alg));
            assert_int_equal(crypto_sign(key, algorithm, message, strlen(message), tag, &len), APISEC_OK);
            assert_int_equal(len, crypto_hash_len(algorithm->hash));
            hex_encode(tag, len, hex);
            assert_string_equal(hex, rows[i].hex);
        }
    }
    crypto_key_free(key);
}

/* ---- tags ---- */

static void test_each_byte_of_the_tag_counts(void **state)
{
    (void)state;
    struct crypto_key *key = key_of("0123456789abcdef0123456789abcdef", 32);
    const struct algorithm *hs256 = algorithm_find(text_of("HS256"));
    unsigned char tag[CRYPTO_MAX_SIGNATURE];
    size_t len;
    assert_int_equal(crypto_sign(key, hs256, "m", 1, tag, &len), APISEC_OK);
    assert_int_equal(crypto_verify(key, hs256, "m", 1, tag, 32), APISEC_OK);
    for (size_t bit = 0; bit < 256; bit++) {
        tag[bit / 8] ^= (unsigned char)(1 << bit % 8);
        assert_int_equal(crypto_verify(key, hs256, "m", 1, tag, 32), APISEC_E_SIGNATURE);
        tag[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < 32; cut++) {
        const char *in = guarded(tag, cut);
        assert_int_equal(crypto_verify(key, hs256, "m", 1, (const unsigned char *)in, cut), APISEC_E_SIGNATURE);
        guard_free(in);
    }
    tag[32] = 0;
    assert_int_equal(crypto_verify(key, hs256, "m", 1, tag, 33), APISEC_E_SIGNATURE);
    assert_int_equal(crypto_verify(key, hs256, "n", 1, tag, 32), APISEC_E_SIGNATURE);
    assert_int_equal(crypto_verify(key, hs256, "m", 0, tag, 32), APISEC_E_SIGNATURE);
    assert_int_equal(crypto_verify(key, hs256, "m", 1, tag, 32), APISEC_OK);
    crypto_key_free(key);
}

/* ---- lengths of the key, RFC 7518 section 3.2 ---- */

static void test_a_key_is_as_long_as_the_hash(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        apisec_status hs256, hs384, hs512;
    } lengths[] = {
        {1, APISEC_E_KEY_UNFIT, APISEC_E_KEY_UNFIT, APISEC_E_KEY_UNFIT},
        {31, APISEC_E_KEY_UNFIT, APISEC_E_KEY_UNFIT, APISEC_E_KEY_UNFIT},
        {32, APISEC_OK, APISEC_E_KEY_UNFIT, APISEC_E_KEY_UNFIT},
        {47, APISEC_OK, APISEC_E_KEY_UNFIT, APISEC_E_KEY_UNFIT},
        {48, APISEC_OK, APISEC_OK, APISEC_E_KEY_UNFIT},
        {63, APISEC_OK, APISEC_OK, APISEC_E_KEY_UNFIT},
        {64, APISEC_OK, APISEC_OK, APISEC_OK},
        {1024, APISEC_OK, APISEC_OK, APISEC_OK},
    };
    static const char secret[1024] = "k";
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct crypto_key *key = key_of(secret, lengths[i].len);
        const apisec_status want[] = {lengths[i].hs256, lengths[i].hs384, lengths[i].hs512};
        for (size_t j = 0; j < 3; j++) {
            const struct algorithm *algorithm = algorithm_find(text_of(rows[j].alg));
            unsigned char tag[CRYPTO_MAX_SIGNATURE] = {0};
            size_t len = 99;
            assert_int_equal(crypto_key_fits(key, algorithm), want[j] == APISEC_OK);
            assert_int_equal(crypto_sign(key, algorithm, "m", 1, tag, &len), want[j]);
            assert_int_equal(len, want[j] == APISEC_OK ? crypto_hash_len(algorithm->hash) : 0);
            assert_int_equal(crypto_verify(key, algorithm, "m", 1, tag, crypto_hash_len(algorithm->hash)), want[j]);
        }
        crypto_key_free(key);
    }
}

static void test_sizes_that_are_no_key(void **state)
{
    (void)state;
    static const char secret[CRYPTO_MAX_OCT + 1] = "k";
    struct crypto_key *key = NULL;
    apisec_error err;
    assert_int_equal(crypto_key_oct((struct text){secret, CRYPTO_MAX_OCT}, &key, &err), APISEC_OK);
    assert_string_equal(err.text, "");
    crypto_key_free(key);
    assert_int_equal(crypto_key_oct((struct text){secret, CRYPTO_MAX_OCT + 1}, &key, &err), APISEC_E_KEY_UNFIT);
    assert_null(key);
    assert_int_equal(crypto_key_oct((struct text){secret, 0}, &key, &err), APISEC_E_KEY_UNFIT);
    assert_null(key);
}

static void test_parts(void **state)
{
    (void)state;
    struct arena arena = {NULL};
    struct crypto_key *key = key_of("a secret of some length", 23);
    struct text secret;
    struct crypto_rsa_parts rsa;
    struct crypto_ec_parts ec;
    assert_int_equal(crypto_key_type(key), CRYPTO_KEY_OCT);
    assert_true(crypto_key_is_private(key));
    assert_int_equal(crypto_key_oct_bytes(key, &arena, &secret), APISEC_OK);
    assert_true(text_is(secret, "a secret of some length"));
    assert_int_equal(crypto_key_rsa_parts(key, &arena, &rsa), APISEC_E_KEY_UNFIT);
    assert_int_equal(crypto_key_ec_parts(key, &arena, &ec), APISEC_E_KEY_UNFIT);
    arena_free(&arena);
    crypto_key_free(key);
}

static void test_generated_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct algorithm *algorithm = algorithm_find(text_of(rows[i].alg));
        struct arena arena = {NULL};
        struct crypto_key *one = NULL, *two = NULL;
        struct text first, second;
        assert_int_equal(crypto_key_generate(algorithm, &one, NULL), APISEC_OK);
        assert_int_equal(crypto_key_generate(algorithm, &two, NULL), APISEC_OK);
        assert_int_equal(crypto_key_oct_bytes(one, &arena, &first), APISEC_OK);
        assert_int_equal(crypto_key_oct_bytes(two, &arena, &second), APISEC_OK);
        assert_int_equal(first.len, crypto_hash_len(algorithm->hash));
        assert_false(text_equal(first, second));
        arena_free(&arena);
        crypto_key_free(one);
        crypto_key_free(two);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc4231),
        cmocka_unit_test(test_each_byte_of_the_tag_counts),
        cmocka_unit_test(test_a_key_is_as_long_as_the_hash),
        cmocka_unit_test(test_sizes_that_are_no_key),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_generated_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
