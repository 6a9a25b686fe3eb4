/* SPDX-License-Identifier: Apache-2.0
 *
 * test_mbedtls_pbkdf2.c: PBKDF2 with HMAC-SHA256 against the vectors of RFC 7914 section 11, the first half of each.
 */
#include "support/unit.h"
#include "crypto/crypto.h"
#include "support/guard.h"

#include <string.h>

static void test_vectors(void **state)
{
    (void)state;
    static const struct {
        const char *secret, *salt;
        uint32_t iterations;
        const char *hex;
    } rows[] = {
        {"passwd", "salt", 1, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"},
        {"Password", "NaCl", 80000, "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned char out[CRYPTO_PBKDF2_LEN];
        char hex[2 * CRYPTO_PBKDF2_LEN + 1];
        const char *secret = guarded_text(rows[i].secret), *salt = guarded_text(rows[i].salt);
        assert_int_equal(crypto_pbkdf2((struct text){secret, strlen(rows[i].secret)}, (struct text){salt, strlen(rows[i].salt)},
                                       rows[i].iterations, out),
                         APISEC_OK);
        hex_encode(out, sizeof out, hex);
        assert_string_equal(hex, rows[i].hex);
        guard_free(secret);
        guard_free(salt);
    }
}

static void test_nothing(void **state)
{
    (void)state;
    unsigned char out[CRYPTO_PBKDF2_LEN] = {1};
    assert_int_equal(crypto_pbkdf2((struct text){"", 0}, (struct text){"salt", 4}, 1, out), APISEC_E_ARGUMENT);
    assert_int_equal(out[0], 0);
    assert_int_equal(crypto_pbkdf2((struct text){"a", 1}, (struct text){"salt", 4}, 0, out), APISEC_E_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
