/* SPDX-License-Identifier: Apache-2.0
 *
 * test_thumbprint.c: RFC 7638, and keys written as JWKs: what is public, what is private, and that they read back as themselves.
 */
#include "support/unit.h"
#include "jose/jose.h"
#include "support/keys.h"

#include <stdlib.h>
#include <string.h>

/* parsed reads a JWK text, or the key of that number in a JWK Set text. */
static struct jwk *parsed(const char *text, size_t number)
{
    struct json *document = NULL;
    struct jwk *jwk = NULL;
    apisec_error err;
    assert_int_equal(json_parse_object(text_of(text), &json_document_limits, &document, &err), APISEC_OK);
    const struct json *key = document;
    if (json_member(document, "keys")) {
        key = json_first(json_member(document, "keys"));
        while (number-- > 0) key = json_next(key);
    }
    if (jwk_parse(key, &jwk, &err) != APISEC_OK) fail_msg("%s", err.text);
    json_free(document);
    return jwk;
}

/* ---- thumbprints ---- */

/* RFC 7638 section 3.1. The key is the RSA key of RFC 7517 appendix A.1. */
static void test_rfc7638(void **state)
{
    (void)state;
    struct jwk *jwk = parsed(keys_public, 1);
    char thumbprint[44];
    assert_int_equal(jwk_thumbprint(jwk->key, thumbprint), APISEC_OK);
    assert_string_equal(thumbprint, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    jwk_free(jwk);
}

/* It is the public key's: the private half has the same, and other members of the JWK do not count. */
static void test_what_counts(void **state)
{
    (void)state;
    static const struct {
        const char *one;
        size_t number;
        const char *other;
        size_t other_number;
        bool same;
        const char *why;
    } rows[] = {
        {keys_public, 1, keys_private, 1, true, "private members do not count"},
        {keys_public, 0, keys_private, 0, true, "on a curve, neither"},
        {keys_public, 1, key_a2_rsa, 0, false, "another RSA key"},
        {keys_public, 0, key_a3_p256, 0, false, "another point"},
        {key_a1_oct, 0, keys_symmetric, 1, true, "the same secret, with a kid"},
        {key_a1_oct, 0, "{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr8\"}", 0, false, "another secret"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct jwk *one = parsed(rows[i].one, rows[i].number), *other = parsed(rows[i].other, rows[i].other_number);
        char first[44], second[44];
        assert_int_equal(jwk_thumbprint(one->key, first), APISEC_OK);
        assert_int_equal(jwk_thumbprint(other->key, second), APISEC_OK);
        assert_int_equal(strlen(first), 43);
        if ((strcmp(first, second) == 0) != rows[i].same) fail_msg("row %zu: %s", i, rows[i].why);
        jwk_free(one);
        jwk_free(other);
    }
}

/* ---- writing ---- */

static void test_written_halves(void **state)
{
    (void)state;
    static const struct {
        const char *jwk;
        const char *alg;
        const char *private_members[9];
        const char *why;
    } rows[] = {
        {key_a2_rsa, "RS256", {"\"d\":", "\"p\":", "\"q\":", "\"dp\":", "\"dq\":", "\"qi\":"}, "RFC 7518 section 6.3.2"},
        {key_a3_p256, "ES256", {"\"d\":"}, "section 6.2.2"},
        {key_a4_p521, "ES512", {"\"d\":"}, "a coordinate of 66 bytes that begins with a zero"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct jwk *jwk = parsed(rows[i].jwk, 0);
        const struct algorithm *algorithm = algorithm_find(text_of(rows[i].alg));
        struct buffer half = BUFFER_MAX(8192), whole = BUFFER_MAX(8192);
        assert_int_equal(jwk_write(jwk->key, "a \"kid\"", algorithm, JWK_PUBLIC, &half), APISEC_OK);
        assert_int_equal(jwk_write(jwk->key, NULL, NULL, JWK_PRIVATE, &whole), APISEC_OK);
        for (const char *const *name = rows[i].private_members; *name; name++) {
            assert_null(strstr(half.bytes, *name));
            assert_non_null(strstr(whole.bytes, *name));
        }
        struct jwk *again = parsed(half.bytes, 0), *all = parsed(whole.bytes, 0);
        assert_string_equal(again->kid, "a \"kid\"");
        assert_ptr_equal(again->algorithm, algorithm);
        assert_false(crypto_key_is_private(again->key));
        assert_true(crypto_key_is_private(all->key));
        assert_null(all->kid);
        assert_null(all->algorithm);

        unsigned char signature[CRYPTO_MAX_SIGNATURE];
        size_t len;
        assert_int_equal(crypto_sign(all->key, algorithm, "m", 1, signature, &len), APISEC_OK);
        assert_int_equal(crypto_verify(again->key, algorithm, "m", 1, signature, len), APISEC_OK);

        /* Of a public key there is no private half to write. */
        buffer_clear(&half);
        assert_int_equal(jwk_write(again->key, NULL, NULL, JWK_PRIVATE, &half), APISEC_E_KEY_UNFIT);
        assert_int_equal(half.len, 0);
        buffer_free(&half);
        buffer_free(&whole);
        jwk_free(jwk);
        jwk_free(again);
        jwk_free(all);
    }
}

/* The public half of a secret would be the secret. */
static void test_a_secret_has_no_public_half(void **state)
{
    (void)state;
    struct jwk *jwk = parsed(key_a1_oct, 0);
    struct buffer out = BUFFER_MAX(8192);
    assert_int_equal(jwk_write(jwk->key, "k", NULL, JWK_PUBLIC, &out), APISEC_E_KEY_UNFIT);
    assert_int_equal(out.len, 0);
    assert_int_equal(jwk_write(jwk->key, NULL, NULL, JWK_PRIVATE, &out), APISEC_OK);
    assert_string_equal(out.bytes,
                        "{\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow\","
                        "\"kty\":\"oct\"}");
    buffer_free(&out);
    jwk_free(jwk);
}

static void test_a_buffer_that_is_too_small(void **state)
{
    (void)state;
    struct jwk *jwk = parsed(key_a2_rsa, 0);
    struct buffer out = BUFFER_MAX(64);
    assert_int_equal(jwk_write(jwk->key, NULL, NULL, JWK_PUBLIC, &out), APISEC_E_TOO_LARGE);
    buffer_free(&out);
    jwk_free(jwk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc7638),
        cmocka_unit_test(test_what_counts),
        cmocka_unit_test(test_written_halves),
        cmocka_unit_test(test_a_secret_has_no_public_half),
        cmocka_unit_test(test_a_buffer_that_is_too_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
