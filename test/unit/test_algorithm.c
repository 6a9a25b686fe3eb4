/* SPDX-License-Identifier: Apache-2.0
 *
 * test_algorithm.c: which names are algorithms, and what each of them takes.
 */
#include "support/unit.h"
#include "crypto/crypto.h"
#include "support/guard.h"

#include <string.h>

static const struct {
    const char *name;
    bool known;
    enum crypto_scheme scheme;
    enum crypto_key_type key_type;
    size_t hash_len, curve_len;
    const char *why;
} rows[] = {
    {"RS256", true, CRYPTO_RSA_PKCS1, CRYPTO_KEY_RSA, 32, 0, "RFC 7518 section 3.3"},
    {"RS384", true, CRYPTO_RSA_PKCS1, CRYPTO_KEY_RSA, 48, 0, ""},
    {"RS512", true, CRYPTO_RSA_PKCS1, CRYPTO_KEY_RSA, 64, 0, ""},
    {"PS256", true, CRYPTO_RSA_PSS, CRYPTO_KEY_RSA, 32, 0, "section 3.5"},
    {"PS384", true, CRYPTO_RSA_PSS, CRYPTO_KEY_RSA, 48, 0, ""},
    {"PS512", true, CRYPTO_RSA_PSS, CRYPTO_KEY_RSA, 64, 0, ""},
    {"ES256", true, CRYPTO_ECDSA, CRYPTO_KEY_EC, 32, 32, "section 3.4"},
    {"ES384", true, CRYPTO_ECDSA, CRYPTO_KEY_EC, 48, 48, ""},
    {"ES512", true, CRYPTO_ECDSA, CRYPTO_KEY_EC, 64, 66, "P-521, not a curve of 512 bits"},
    {"HS256", true, CRYPTO_HMAC, CRYPTO_KEY_OCT, 32, 0, "section 3.2"},
    {"HS384", true, CRYPTO_HMAC, CRYPTO_KEY_OCT, 48, 0, ""},
    {"HS512", true, CRYPTO_HMAC, CRYPTO_KEY_OCT, 64, 0, ""},
    {"none", false, 0, 0, 0, 0, "RFC 7518 section 3.6: no signature at all, and never accepted"},
    {"None", false, 0, 0, 0, 0, "nor in another spelling"},
    {"NONE", false, 0, 0, 0, 0, ""},
    {"nOnE", false, 0, 0, 0, 0, ""},
    {"", false, 0, 0, 0, 0, "no name"},
    {"rs256", false, 0, 0, 0, 0, "names are case-sensitive"},
    {"RS25", false, 0, 0, 0, 0, "a prefix"},
    {"RS2560", false, 0, 0, 0, 0, "a longer name"},
    {"RS256 ", false, 0, 0, 0, 0, "a space behind"},
    {" RS256", false, 0, 0, 0, 0, "a space in front"},
    {"RS1", false, 0, 0, 0, 0, "SHA-1"},
    {"ES521", false, 0, 0, 0, 0, "a frequent slip for ES512"},
    {"ES256K", false, 0, 0, 0, 0, "no secp256k1"},
    {"EdDSA", false, 0, 0, 0, 0, "mbedTLS has none"},
    {"RSA1_5", false, 0, 0, 0, 0, "for encryption"},
    {"RSA-OAEP", false, 0, 0, 0, 0, ""},
    {"dir", false, 0, 0, 0, 0, ""},
    {"A256GCM", false, 0, 0, 0, 0, ""},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *in = guarded_text(rows[i].name);
        const struct algorithm *found = algorithm_find((struct text){in, strlen(rows[i].name)});
        guard_free(in);
        assert_int_equal(found != NULL, rows[i].known);
        if (!found) continue;
        assert_string_equal(found->name, rows[i].name);
        assert_int_equal(found->scheme, rows[i].scheme);
        assert_int_equal(found->key_type, rows[i].key_type);
        assert_int_equal(crypto_hash_len(found->hash), rows[i].hash_len);
        if (found->key_type == CRYPTO_KEY_EC) assert_int_equal(crypto_curve_len(found->curve), rows[i].curve_len);
        assert_ptr_equal(&algorithms[algorithm_index(found)], found);
    }
}

/* The rows above are all there are: nothing was added that they do not know. */
static void test_all_are_tested(void **state)
{
    (void)state;
    size_t known = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) known += rows[i].known;
    assert_int_equal(num_algorithms, known);
    assert_true(num_algorithms <= 32); /* an index fits a bit set */
}

static void test_a_nul_is_part_of_the_name(void **state)
{
    (void)state;
    assert_non_null(algorithm_find((struct text){"RS256", 5}));
    assert_null(algorithm_find((struct text){"RS256\0", 6}));
    assert_null(algorithm_find((struct text){NULL, 0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_all_are_tested),
        cmocka_unit_test(test_a_nul_is_part_of_the_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
