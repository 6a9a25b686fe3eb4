/* SPDX-License-Identifier: Apache-2.0
 *
 * test_mbedtls_marvin.c: which versions of mbedTLS must not decrypt with RSA. The tests themselves are built with RSA_DECRYPT=old;
 * test/cli/encryption.sh sees what the tool says without it.
 */
#include "support/unit.h"
#include "crypto/mbedtls.h"

static void test_versions(void **state)
{
    (void)state;
    static const struct {
        unsigned version;
        bool leaks;
        const char *why;
    } rows[] = {
        {0x021c0300, true, "2.28.3, of Debian 12"},
        {0x021c0600, true, "2.28.6"},
        {0x021c0700, false, "2.28.7 has the repair"},
        {0x021c0a00, false, "2.28.10"},
        {0x02100000, true, "2.16.0"},
        {0x03000000, true, "3.0.0"},
        {0x03050100, true, "3.5.1"},
        {0x03050200, false, "3.5.2 has the repair"},
        {0x03060600, false, "3.6.6, of Debian 13"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (mbed_is_marvin(rows[i].version) != rows[i].leaks) fail_msg("%08x: %s", rows[i].version, rows[i].why);
    }
    assert_int_equal(crypto_oaep_ready(NULL), APISEC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
