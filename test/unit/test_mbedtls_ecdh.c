/* SPDX-License-Identifier: Apache-2.0
 *
 * test_mbedtls_ecdh.c: the shared secret of RFC 7518 appendix C from both sides, of new keys on each curve; keys that have none.
 */
#include "support/unit.h"
#include "crypto/crypto.h"
#include "support/encrypted.h"
#include "support/keys.h"

static struct crypto_key *read_key(const char *jwk, bool with_private)
{
    struct arena arena = {NULL};
    struct crypto_key *key = NULL;
    struct crypto_ec_parts parts = {CRYPTO_P256, key_member(&arena, jwk, "x"), key_member(&arena, jwk, "y"), {NULL, 0}};
    if (with_private) parts.d = key_member(&arena, jwk, "d");
    assert_int_equal(crypto_key_ec(&parts, &key, NULL), APISEC_OK);
    arena_free(&arena);
    return key;
}

static struct crypto_key *new_key(enum crypto_key_type type, enum crypto_curve curve)
{
    struct crypto_key *key = NULL;
    assert_int_equal(crypto_key_new_random(type, curve, 32, &key, NULL), APISEC_OK);
    return key;
}

static void test_rfc7518_appendix_c(void **state)
{
    (void)state;
    struct crypto_key *alice = read_key(encrypted_alice, true), *bob = read_key(encrypted_bob, true);
    struct crypto_key *public_alice = read_key(encrypted_alice, false), *public_bob = read_key(encrypted_bob, false);
    unsigned char expected[32], z[CRYPTO_MAX_COORDINATE];
    encrypted_hex("9e56d91d817135d372834283bf84269cfb316ea3da806a48f6daa7798cfe90c4", expected);
    assert_int_equal(crypto_ecdh(bob, public_alice, z), APISEC_OK);
    assert_memory_equal(z, expected, 32);
    assert_int_equal(crypto_ecdh(alice, public_bob, z), APISEC_OK);
    assert_memory_equal(z, expected, 32);
    assert_int_equal(crypto_ecdh(public_bob, public_alice, z), APISEC_E_KEY_UNFIT); /* who has no private key has no secret */
    crypto_key_free(alice);
    crypto_key_free(bob);
    crypto_key_free(public_alice);
    crypto_key_free(public_bob);
}

static void test_both_sides_of_each_curve(void **state)
{
    (void)state;
    static const enum crypto_curve curves[] = {CRYPTO_P256, CRYPTO_P384, CRYPTO_P521};
    for (size_t i = 0; i < 3; i++) {
        struct crypto_key *a = new_key(CRYPTO_KEY_EC, curves[i]), *b = new_key(CRYPTO_KEY_EC, curves[i]);
        struct crypto_key *other = new_key(CRYPTO_KEY_EC, curves[(i + 1) % 3]);
        unsigned char one[CRYPTO_MAX_COORDINATE], two[CRYPTO_MAX_COORDINATE];
        assert_int_equal(crypto_key_len(a), crypto_curve_len(curves[i]));
        assert_int_equal(crypto_ecdh(a, b, one), APISEC_OK);
        assert_int_equal(crypto_ecdh(b, a, two), APISEC_OK);
        assert_memory_equal(one, two, crypto_curve_len(curves[i]));
        assert_int_equal(crypto_ecdh(a, a, two), APISEC_OK);
        assert_memory_not_equal(one, two, crypto_curve_len(curves[i]));
        assert_int_equal(crypto_ecdh(a, other, two), APISEC_E_KEY_UNFIT);
        crypto_key_free(a);
        crypto_key_free(b);
        crypto_key_free(other);
    }
}

static void test_keys_of_other_types(void **state)
{
    (void)state;
    struct crypto_key *ec = new_key(CRYPTO_KEY_EC, CRYPTO_P256), *oct = new_key(CRYPTO_KEY_OCT, CRYPTO_P256);
    unsigned char z[CRYPTO_MAX_COORDINATE];
    assert_int_equal(crypto_ecdh(ec, oct, z), APISEC_E_KEY_UNFIT);
    assert_int_equal(crypto_ecdh(oct, ec, z), APISEC_E_KEY_UNFIT);
    assert_int_equal(crypto_key_len(oct), 32);
    crypto_key_free(ec);
    crypto_key_free(oct);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc7518_appendix_c),
        cmocka_unit_test(test_both_sides_of_each_curve),
        cmocka_unit_test(test_keys_of_other_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
