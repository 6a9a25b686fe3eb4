/* SPDX-License-Identifier: Apache-2.0
 *
 * test_management.c: which names are key management algorithms of JWE, and what each of them takes.
 */
#include "support/unit.h"
#include "crypto/crypto.h"
#include "support/guard.h"

#include <string.h>

static const struct {
    const char *name;
    bool known;
    enum management_mode mode;
    enum crypto_key_type key_type;
    size_t wrap_len;
    const char *why;
} rows[] = {
    {"RSA-OAEP", true, MANAGEMENT_OAEP, CRYPTO_KEY_RSA, 0, "RFC 7518 section 4.3"},
    {"RSA-OAEP-256", true, MANAGEMENT_OAEP, CRYPTO_KEY_RSA, 0, ""},
    {"ECDH-ES", true, MANAGEMENT_ECDH, CRYPTO_KEY_EC, 0, "section 4.6"},
    {"ECDH-ES+A128KW", true, MANAGEMENT_ECDH, CRYPTO_KEY_EC, 16, ""},
    {"ECDH-ES+A192KW", true, MANAGEMENT_ECDH, CRYPTO_KEY_EC, 24, ""},
    {"ECDH-ES+A256KW", true, MANAGEMENT_ECDH, CRYPTO_KEY_EC, 32, ""},
    {"A128KW", true, MANAGEMENT_AES_KW, CRYPTO_KEY_OCT, 16, "section 4.4"},
    {"A192KW", true, MANAGEMENT_AES_KW, CRYPTO_KEY_OCT, 24, ""},
    {"A256KW", true, MANAGEMENT_AES_KW, CRYPTO_KEY_OCT, 32, ""},
    {"A128GCMKW", true, MANAGEMENT_GCM_KW, CRYPTO_KEY_OCT, 16, "section 4.7"},
    {"A192GCMKW", true, MANAGEMENT_GCM_KW, CRYPTO_KEY_OCT, 24, ""},
    {"A256GCMKW", true, MANAGEMENT_GCM_KW, CRYPTO_KEY_OCT, 32, ""},
    {"dir", true, MANAGEMENT_DIRECT, CRYPTO_KEY_OCT, 0, "section 4.5"},
    {"RSA1_5", false, 0, 0, 0, "an oracle"},
    {"PBES2-HS256+A128KW", false, 0, 0, 0, "the sender chooses the work"},
    {"PBES2-HS384+A192KW", false, 0, 0, 0, ""},
    {"PBES2-HS512+A256KW", false, 0, 0, 0, ""},
    {"RSA-OAEP-512", false, 0, 0, 0, "not of RFC 7518"},
    {"none", false, 0, 0, 0, ""},
    {"", false, 0, 0, 0, "no name"},
    {"DIR", false, 0, 0, 0, "names are case-sensitive"},
    {"ECDH-ES+A128K", false, 0, 0, 0, "a prefix"},
    {"A128KW ", false, 0, 0, 0, "a space behind"},
    {"A128GCM", false, 0, 0, 0, "an `enc`"},
    {"RS256", false, 0, 0, 0, "a signature"},
};

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *in = guarded_text(rows[i].name);
        const struct management *const found = management_find((struct text){in, strlen(rows[i].name)});
        if ((found != NULL) != rows[i].known) fail_msg("%s: %s", rows[i].name, rows[i].why);
        guard_free(in);
        if (!found) continue;
        assert_string_equal(found->name, rows[i].name);
        assert_int_equal(found->mode, rows[i].mode);
        assert_int_equal(found->key_type, rows[i].key_type);
        assert_int_equal(found->wrap_len, rows[i].wrap_len);
    }
    assert_int_equal(management_find(text_of("RSA-OAEP"))->oaep, CRYPTO_OAEP_SHA1);
    assert_int_equal(management_find(text_of("RSA-OAEP-256"))->oaep, CRYPTO_OAEP_SHA256);
    assert_null(management_find((struct text){"dir\0", 4}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
