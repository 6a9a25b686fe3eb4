/* SPDX-License-Identifier: Apache-2.0
 *
 * test_mbedtls_rsa.c: numbers that are RSA keys and numbers that are none; PKCS #1 v1.5 and PSS signatures with the key of RFC 7515
 * appendix A.2, and every way of a signature to have the wrong size.
 */
#include "support/unit.h"
#include "crypto/crypto.h"
#include "support/guard.h"
#include "support/keys.h"

#include <stdlib.h>
#include <string.h>

static struct arena values;
static struct crypto_rsa_parts a2; /* of RFC 7515 appendix A.2 */

static int read_values(void **state)
{
    (void)state;
    a2 = (struct crypto_rsa_parts){
        key_member(&values, key_a2_rsa, "n"), key_member(&values, key_a2_rsa, "e"),  key_member(&values, key_a2_rsa, "d"),
        key_member(&values, key_a2_rsa, "p"), key_member(&values, key_a2_rsa, "q"),  key_member(&values, key_a2_rsa, "dp"),
        key_member(&values, key_a2_rsa, "dq"), key_member(&values, key_a2_rsa, "qi"),
    };
    return a2.n.len == 256 ? 0 : -1;
}

static int free_values(void **state)
{
    (void)state;
    arena_free(&values);
    return 0;
}

static struct crypto_key *private_key(void)
{
    struct crypto_key *key = NULL;
    assert_int_equal(crypto_key_rsa(&a2, &key, NULL), APISEC_OK);
    assert_true(crypto_key_is_private(key));
    return key;
}

/* A number with its last byte changed, and one with zeros in front. */
static struct text changed(struct text number, unsigned char by)
{
    char *copy = arena_text(&values, number);
    copy[number.len - 1] = (char)(copy[number.len - 1] ^ by);
    return (struct text){copy, number.len};
}

static struct text zeros_in_front(struct text number, size_t num)
{
    char *copy = arena_alloc(&values, number.len + num);
    memcpy(copy + num, number.at, number.len);
    return (struct text){copy, number.len + num};
}

/* ---- keys: the public numbers ---- */

static void test_modulus(void **state)
{
    (void)state;
    static const struct {
        size_t bits;
        bool odd;
        apisec_status status;
        const char *why;
    } rows[] = {
        {2048, true, APISEC_OK, "the smallest"},
        {2048, false, APISEC_E_KEY_UNFIT, "even"},
        {2047, true, APISEC_E_KEY_UNFIT, "one bit too few, in as many bytes"},
        {2040, true, APISEC_E_KEY_UNFIT, ""},
        {1024, true, APISEC_E_KEY_UNFIT, "what was usual once"},
        {512, true, APISEC_E_KEY_UNFIT, "what anyone can factor"},
        {1, true, APISEC_E_KEY_UNFIT, "n = 1"},
        {0, false, APISEC_E_KEY_UNFIT, "n = 0"},
        {2049, true, APISEC_OK, "no multiple of eight"},
        {3072, true, APISEC_OK, ""},
        {4096, true, APISEC_OK, "the largest"},
        {4096, false, APISEC_E_KEY_UNFIT, "even"},
        {4097, true, APISEC_E_KEY_UNFIT, "one bit too many"},
        {8192, true, APISEC_E_KEY_UNFIT, ""},
        {65536, true, APISEC_E_KEY_UNFIT, "a key that would take minutes"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const size_t len = rows[i].bits / 8 + 1;
        unsigned char *number = calloc(len, 1); /* with at least one zero bit in front, and often a zero byte */
        assert_non_null(number);
        for (size_t bit = 0; bit < rows[i].bits; bit++) number[len - 1 - bit / 8] |= (unsigned char)(1 << bit % 8);
        if (!rows[i].odd) number[len - 1] &= 0xfe;
        const char *in = guarded(number, len);
        struct crypto_rsa_parts parts = {.n = {in, len}, .e = a2.e};
        struct crypto_key *key = NULL;
        apisec_error err;
        const apisec_status status = crypto_key_rsa(&parts, &key, &err);
        if (status != rows[i].status) fail_msg("%zu bits: %d, %s", rows[i].bits, (int)status, rows[i].why);
        assert_int_equal(err.status, status);
        if (status != APISEC_OK) assert_non_null(strstr(err.text, "modulus")); /* refused for this, and before any arithmetic */
        assert_int_equal(key != NULL, status == APISEC_OK);
        crypto_key_free(key);
        guard_free(in);
        free(number);
    }
}

static void test_exponent(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        apisec_status status;
        const char *why;
    } rows[] = {
        {"\x01\x00\x01", 3, APISEC_OK, "65537"},
        {"\x03", 1, APISEC_OK, "the smallest"},
        {"\x05", 1, APISEC_OK, ""},
        {"\xff\xff\xff\xff", 4, APISEC_OK, "2^32 - 1, the largest"},
        {"\x00\x01\x00\x01", 4, APISEC_OK, "65537 with a zero in front"},
        {"\x01", 1, APISEC_E_KEY_UNFIT, "e = 1: every message is its own signature"},
        {"\x00", 1, APISEC_E_KEY_UNFIT, "e = 0"},
        {"", 0, APISEC_E_KEY_UNFIT, "empty"},
        {"\x02", 1, APISEC_E_KEY_UNFIT, "even"},
        {"\x04", 1, APISEC_E_KEY_UNFIT, "even"},
        {"\x01\x00\x00", 3, APISEC_E_KEY_UNFIT, "65536"},
        {"\x01\x00\x00\x00\x01", 5, APISEC_E_KEY_UNFIT, "2^32 + 1: an exponent this large only costs time"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *in = guarded(rows[i].bytes, rows[i].len);
        struct crypto_rsa_parts parts = {.n = a2.n, .e = {in, rows[i].len}};
        struct crypto_key *key = NULL;
        apisec_error err;
        const apisec_status status = crypto_key_rsa(&parts, &key, &err);
        if (status != rows[i].status) fail_msg("row %zu: %d, %s", i, (int)status, rows[i].why);
        if (status != APISEC_OK) assert_non_null(strstr(err.text, "exponent"));
        assert_int_equal(key != NULL, status == APISEC_OK);
        crypto_key_free(key);
        guard_free(in);
    }
}

/* Some writers of JWKs put a zero in front of a modulus with its top bit set: it is the same number, and the same key. */
static void test_zeros_in_front(void **state)
{
    (void)state;
    struct arena arena = {NULL};
    struct crypto_rsa_parts parts = {.n = zeros_in_front(a2.n, 300), .e = zeros_in_front(a2.e, 2)}, again;
    struct crypto_key *key = NULL;
    assert_int_equal(crypto_key_rsa(&parts, &key, NULL), APISEC_OK);
    assert_int_equal(crypto_key_rsa_parts(key, &arena, &again), APISEC_OK);
    assert_true(text_equal(again.n, a2.n));
    assert_true(text_equal(again.e, a2.e));
    assert_null(again.d.at);
    arena_free(&arena);
    crypto_key_free(key);
}

/* ---- keys: the private numbers ---- */

static void test_private_parts(void **state)
{
    (void)state;
    const struct text absent = {NULL, 0}, empty = {"", 0}, zero = {"\0", 1}, one = {"\x01", 1};
    const struct {
        struct crypto_rsa_parts parts;
        apisec_status status;
        const char *why;
    } rows[] = {
        {a2, APISEC_OK, "the twin"},
        {{a2.n, a2.e, a2.d, a2.p, a2.q, absent, absent, absent}, APISEC_OK, "the rest is computed"},
        {{a2.n, a2.e, a2.d, a2.q, a2.p, absent, absent, absent}, APISEC_OK, "p and q exchanged, with nothing that depends on it"},
        {{a2.n, a2.e, zeros_in_front(a2.d, 1), zeros_in_front(a2.p, 1), a2.q, a2.dp, a2.dq, a2.qi}, APISEC_OK, "zeros in front"},
        {{a2.n, a2.e, a2.d, a2.q, a2.p, a2.dp, a2.dq, a2.qi}, APISEC_E_KEY_UNFIT, "p and q exchanged, dp and dq not"},
        {{a2.n, a2.e, a2.d, absent, absent, absent, absent, absent}, APISEC_E_KEY_UNFIT, "d alone, though p and q follow from it"},
        {{a2.n, a2.e, a2.d, a2.p, absent, absent, absent, absent}, APISEC_E_KEY_UNFIT, "no q"},
        {{a2.n, a2.e, absent, a2.p, a2.q, absent, absent, absent}, APISEC_E_KEY_UNFIT, "no d"},
        {{a2.n, a2.e, absent, absent, absent, a2.dp, a2.dq, a2.qi}, APISEC_E_KEY_UNFIT, "what follows from them without them"},
        {{a2.n, a2.e, changed(a2.d, 2), a2.p, a2.q, absent, absent, absent}, APISEC_E_KEY_UNFIT, "another d"},
        {{a2.n, a2.e, a2.d, changed(a2.p, 2), a2.q, absent, absent, absent}, APISEC_E_KEY_UNFIT, "another p"},
        {{a2.n, a2.e, a2.d, a2.p, changed(a2.q, 2), absent, absent, absent}, APISEC_E_KEY_UNFIT, "another q"},
        {{changed(a2.n, 2), a2.e, a2.d, a2.p, a2.q, absent, absent, absent}, APISEC_E_KEY_UNFIT, "another n"},
        {{a2.n, {"\x03", 1}, a2.d, a2.p, a2.q, absent, absent, absent}, APISEC_E_KEY_UNFIT, "another e"},
        {{a2.n, a2.e, a2.d, a2.p, a2.q, changed(a2.dp, 2), a2.dq, a2.qi}, APISEC_E_KEY_UNFIT, "another dp"},
        {{a2.n, a2.e, a2.d, a2.p, a2.q, a2.dp, changed(a2.dq, 2), a2.qi}, APISEC_E_KEY_UNFIT, "another dq"},
        {{a2.n, a2.e, a2.d, a2.p, a2.q, a2.dp, a2.dq, changed(a2.qi, 2)}, APISEC_E_KEY_UNFIT, "another qi"},
        {{a2.n, a2.e, a2.d, a2.p, a2.q, a2.dp, a2.dq, empty}, APISEC_E_KEY_UNFIT, "an empty qi"},
        {{a2.n, a2.e, a2.d, a2.n, one, absent, absent, absent}, APISEC_E_KEY_UNFIT, "n * 1 = n"},
        {{a2.n, a2.e, zero, a2.p, a2.q, absent, absent, absent}, APISEC_E_KEY_UNFIT, "d = 0, which is no absent d"},
        {{a2.n, a2.e, a2.d, zero, zero, absent, absent, absent}, APISEC_E_KEY_UNFIT, "p = q = 0"},
        {{a2.n, a2.e, empty, a2.p, a2.q, absent, absent, absent}, APISEC_E_KEY_UNFIT, "an empty d"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct crypto_key *key = NULL;
        apisec_error err;
        const apisec_status status = crypto_key_rsa(&rows[i].parts, &key, &err);
        if (status != rows[i].status) fail_msg("row %zu: %d, %s", i, (int)status, rows[i].why);
        if (!rows[i].parts.p.at) assert_non_null(strstr(err.text, "needs d, p and q"));
        assert_int_equal(key != NULL, status == APISEC_OK);
        if (key) assert_true(crypto_key_is_private(key));
        crypto_key_free(key);
    }
}

static void test_parts_come_back(void **state)
{
    (void)state;
    struct arena arena = {NULL};
    struct crypto_key *key = private_key();
    struct crypto_rsa_parts parts;
    struct crypto_ec_parts ec;
    struct text secret;
    assert_int_equal(crypto_key_rsa_parts(key, &arena, &parts), APISEC_OK);
    assert_true(text_equal(parts.n, a2.n) && text_equal(parts.e, a2.e) && text_equal(parts.d, a2.d));
    assert_true(text_equal(parts.p, a2.p) && text_equal(parts.q, a2.q));
    assert_true(text_equal(parts.dp, a2.dp) && text_equal(parts.dq, a2.dq) && text_equal(parts.qi, a2.qi));
    assert_int_equal(crypto_key_ec_parts(key, &arena, &ec), APISEC_E_KEY_UNFIT);
    assert_int_equal(crypto_key_oct_bytes(key, &arena, &secret), APISEC_E_KEY_UNFIT);
    arena_free(&arena);
    crypto_key_free(key);
}

/* ---- signatures ---- */

static void test_sizes_and_values(void **state)
{
    (void)state;
    struct crypto_key *key = private_key();
    const struct algorithm *rs256 = algorithm_find(text_of("RS256")), *ps256 = algorithm_find(text_of("PS256"));
    unsigned char right[CRYPTO_MAX_SIGNATURE + 1] = {0}, zero[256] = {0}, one[256] = {0}, more[256];
    size_t len;
    assert_int_equal(crypto_sign(key, rs256, "m", 1, right, &len), APISEC_OK);
    assert_int_equal(len, 256);
    one[255] = 1;
    memcpy(more, a2.n.at, 256);
    const struct {
        const unsigned char *signature;
        size_t len;
        apisec_status status;
        const char *why;
    } rows[] = {
        {right, 256, APISEC_OK, "the twin"},
        {right, 255, APISEC_E_SIGNATURE, "a byte too few"},
        {right, 257, APISEC_E_SIGNATURE, "a byte too many"},
        {right, 0, APISEC_E_SIGNATURE, "nothing"},
        {right, 512, APISEC_E_SIGNATURE, "as long as a larger key's"},
        {right + 1, 256, APISEC_E_SIGNATURE, "moved by a byte"},
        {zero, 256, APISEC_E_SIGNATURE, "0, whose power is 0"},
        {one, 256, APISEC_E_SIGNATURE, "1, whose power is 1"},
        {more, 256, APISEC_E_SIGNATURE, "n: not below the modulus"},
        {(const unsigned char *)"\0", 1, APISEC_E_SIGNATURE, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *in = guarded(rows[i].signature, rows[i].len);
        const apisec_status status = crypto_verify(key, rs256, "m", 1, (const unsigned char *)in, rows[i].len);
        if (status != rows[i].status) fail_msg("row %zu: %d, %s", i, (int)status, rows[i].why);
        assert_int_equal(crypto_verify(key, ps256, "m", 1, (const unsigned char *)in, rows[i].len), APISEC_E_SIGNATURE);
        guard_free(in);
    }
    for (size_t i = 0; i < 256; i += 17) {
        right[i] ^= 0x10;
        assert_int_equal(crypto_verify(key, rs256, "m", 1, right, 256), APISEC_E_SIGNATURE);
        right[i] ^= 0x10;
    }
    assert_int_equal(crypto_verify(key, rs256, "m", 1, right, 256), APISEC_OK);
    crypto_key_free(key);
}

/* Each of the six algorithms accepts what it signed, and nothing that another one did. */
static void test_the_algorithms_exclude_each_other(void **state)
{
    (void)state;
    static const char *const names[] = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"};
    struct crypto_key *key = private_key();
    for (size_t i = 0; i < 6; i++) {
        unsigned char signature[CRYPTO_MAX_SIGNATURE];
        size_t len;
        assert_int_equal(crypto_sign(key, algorithm_find(text_of(names[i])), "m", 1, signature, &len), APISEC_OK);
        for (size_t j = 0; j < 6; j++) {
            const apisec_status want = i == j ? APISEC_OK : APISEC_E_SIGNATURE;
            assert_int_equal(crypto_verify(key, algorithm_find(text_of(names[j])), "m", 1, signature, len), want);
        }
        assert_int_equal(crypto_verify(key, algorithm_find(text_of(names[i])), "n", 1, signature, len), APISEC_E_SIGNATURE);
    }
    crypto_key_free(key);
}

/* PKCS #1 v1.5 signatures are the same each time, whatever the blinding; those of PSS have a fresh salt. */
static void test_pss_is_salted(void **state)
{
    (void)state;
    struct crypto_key *key = private_key();
    const struct algorithm *rs256 = algorithm_find(text_of("RS256")), *ps256 = algorithm_find(text_of("PS256"));
    unsigned char first[CRYPTO_MAX_SIGNATURE], second[CRYPTO_MAX_SIGNATURE];
    size_t len;
    assert_int_equal(crypto_sign(key, ps256, "m", 1, first, &len), APISEC_OK);
    assert_int_equal(crypto_sign(key, ps256, "m", 1, second, &len), APISEC_OK);
    assert_memory_not_equal(first, second, len);
    assert_int_equal(crypto_sign(key, rs256, "m", 1, first, &len), APISEC_OK);
    assert_int_equal(crypto_sign(key, rs256, "m", 1, second, &len), APISEC_OK);
    assert_memory_equal(first, second, len);
    crypto_key_free(key);
}

static void test_a_generated_key(void **state)
{
    (void)state;
    struct arena arena = {NULL};
    struct crypto_key *key = NULL, *copy = NULL;
    struct crypto_rsa_parts parts;
    apisec_error err;
    assert_int_equal(crypto_key_generate(algorithm_find(text_of("RS256")), &key, &err), APISEC_OK);
    assert_int_equal(crypto_key_rsa_parts(key, &arena, &parts), APISEC_OK);
    assert_int_equal(parts.n.len, 256);
    assert_true(text_equal(parts.e, (struct text){"\x01\x00\x01", 3}));
    assert_int_equal(crypto_key_rsa(&parts, &copy, &err), APISEC_OK);
    arena_free(&arena);
    crypto_key_free(key);
    crypto_key_free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modulus),
        cmocka_unit_test(test_exponent),
        cmocka_unit_test(test_zeros_in_front),
        cmocka_unit_test(test_private_parts),
        cmocka_unit_test(test_parts_come_back),
        cmocka_unit_test(test_sizes_and_values),
        cmocka_unit_test(test_the_algorithms_exclude_each_other),
        cmocka_unit_test(test_pss_is_salted),
        cmocka_unit_test(test_a_generated_key),
    };
    return cmocka_run_group_tests(tests, read_values, free_values);
}
