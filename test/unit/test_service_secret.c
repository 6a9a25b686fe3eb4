/* SPDX-License-Identifier: Apache-2.0
 *
 * test_service_secret.c: hashes of secrets: one of another program, those made here, and each way to write one that is refused
 * beside the one that is taken.
 */
#include "support/unit.h"
#include "access/rules.h"
#include "support/guard.h"

#include <string.h>

#define SALT "TqXuaP6gVYYQaJDe1XM4IA"
#define KEY  "xKq2QDyHsbSnBTMoCjdITXCHclRegptgRHTVr3zGepo" /* of gateway-secret-1, by Python's hashlib */
#define HASH "$pbkdf2-sha256$i=10000$" SALT "$" KEY

/* 600,000 iterations take a second, and test/cli/tool.sh makes them: here no more than 10,000 are (test.mk: --wrap). */
static uint32_t num_iterations;

apisec_status __real_crypto_pbkdf2(struct text secret, struct text salt, uint32_t iterations, unsigned char out[CRYPTO_PBKDF2_LEN]);
apisec_status __wrap_crypto_pbkdf2(struct text secret, struct text salt, uint32_t iterations, unsigned char out[CRYPTO_PBKDF2_LEN]);
apisec_status __wrap_crypto_pbkdf2(struct text secret, struct text salt, uint32_t iterations, unsigned char out[CRYPTO_PBKDF2_LEN])
{
    num_iterations = iterations;
    return __real_crypto_pbkdf2(secret, salt, iterations < 10000 ? iterations : 10000, out);
}

static const char *read_guarded(const char *text, struct secret_hash *hash)
{
    const char *copy = guarded_text(text);
    const char *wrong = secret_hash_read((struct text){copy, strlen(text)}, hash);
    guard_free(copy);
    return wrong;
}

static void test_form(void **state)
{
    (void)state;
    static const char malformed[] = "not of the form of `apisec hash`", range[] = "10000 to 10000000 iterations are wanted";
    static const struct {
        const char *text, *sentence;
        const char *why;
    } rows[] = {
        {HASH, NULL, "the honest one"},
        {"$pbkdf2-sha256$i=10000000$" SALT "$" KEY, NULL, "the slowest"},
        {"$pbkdf2-sha256$i=10000001$" SALT "$" KEY, range, "slower"},
        {"$pbkdf2-sha256$i=9999$" SALT "$" KEY, range, "too fast"},
        {"$pbkdf2-sha256$i=1$" SALT "$" KEY, range, "one iteration"},
        {"$pbkdf2-sha256$i=0$" SALT "$" KEY, malformed, "none"},
        {"$pbkdf2-sha256$i=010000$" SALT "$" KEY, malformed, "a leading zero"},
        {"$pbkdf2-sha256$i=-10000$" SALT "$" KEY, malformed, "a sign"},
        {"$pbkdf2-sha256$i=100000000000000010000$" SALT "$" KEY, malformed, "more than a number holds"},
        {"$pbkdf2-sha256$i=$" SALT "$" KEY, malformed, "no number"},
        {"$pbkdf2-sha256$i=10000", malformed, "cut"},
        {"$pbkdf2-sha256$i=10000$" SALT, malformed, "no hash"},
        {"$pbkdf2-sha256$i=10000$" SALT "$", malformed, "an empty hash"},
        {"$pbkdf2-sha256$i=10000$$" KEY, malformed, "no salt"},
        {"$pbkdf2-sha256$i=10000$TqXuaP6gVYYQaJDe1XM4$" KEY, malformed, "15 bytes of salt"},
        {"$pbkdf2-sha256$i=10000$" SALT "$xKq2QDyHsbSnBTMoCjdITXCHclRegptgRHTVr3zGeg", malformed, "a hash of 31 bytes"},
        {"$pbkdf2-sha256$i=10000$" SALT "$" KEY "A", malformed, "a letter more"},
        {"$pbkdf2-sha256$i=10000$" SALT "$" KEY "$", malformed, "a part more"},
        {"$pbkdf2-sha256$i=10000$" SALT "==$" KEY, malformed, "padding"},
        {"$pbkdf2-sha1$i=10000$" SALT "$" KEY, malformed, "another hash"},
        {"$PBKDF2-sha256$i=10000$" SALT "$" KEY, malformed, "case"},
        {"gateway-secret-1", malformed, "the secret itself"},
        {"", malformed, "nothing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct secret_hash hash;
        const char *wrong = read_guarded(rows[i].text, &hash);
        if ((wrong == NULL) != (rows[i].sentence == NULL)) fail_msg("%s: %s", rows[i].why, wrong ? wrong : "taken");
        if (wrong != NULL) assert_string_equal(wrong, rows[i].sentence);
    }
}

static void test_secrets(void **state)
{
    (void)state;
    static const char *const others[] = {"gateway-secret-2", "gateway-secret-", "gateway-secret-11", "Gateway-secret-1"};
    struct secret_hash hash;
    assert_null(read_guarded(HASH, &hash));
    assert_int_equal(secret_hash_check(&hash, text_of("gateway-secret-1")), APISEC_OK);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(secret_hash_check(&hash, text_of(others[i])), APISEC_E_PEER);
    assert_int_not_equal(secret_hash_check(&hash, (struct text){"", 0}), APISEC_OK);
}

static void test_making_one(void **state)
{
    (void)state;
    char *one = NULL, *other = NULL;
    struct secret_hash hash;
    apisec_error err;
    assert_int_equal(apisec_secret_hash("s\xc3\xa9"
                                        "cret",
                                        7, &one, &err),
                     APISEC_OK);
    assert_memory_equal(one, "$pbkdf2-sha256$i=600000$", 24);
    assert_int_equal(num_iterations, 600000);
    assert_null(secret_hash_read(text_of(one), &hash));
    assert_int_equal(secret_hash_check(&hash, (struct text){"s\xc3\xa9"
                                                            "cret",
                                                            7}),
                     APISEC_OK);
    assert_int_equal(num_iterations, 600000);
    assert_int_equal(apisec_secret_hash("secret", 6, &other, &err), APISEC_OK);
    assert_memory_not_equal(one + 24, other + 24, 22); /* a salt of its own */
    apisec_text_free(one);
    apisec_text_free(other);

    static const struct {
        const char *secret;
        size_t len;
    } refused[] = {{"", 0}, {NULL, 3}, {"a\nb", 3}, {"a\0b", 3}, {"\x7f", 1}};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        char *made = (char *)&hash;
        assert_int_equal(apisec_secret_hash(refused[i].secret, refused[i].len, &made, &err), APISEC_E_ARGUMENT);
        assert_null(made);
    }
    static char long_secret[1025];
    memset(long_secret, 'a', sizeof long_secret);
    char *made = NULL;
    assert_int_equal(apisec_secret_hash(long_secret, 1025, &made, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_secret_hash("a", 1, NULL, &err), APISEC_E_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_making_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
