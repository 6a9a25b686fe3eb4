/* SPDX-License-Identifier: Apache-2.0
 *
 * test_mbedtls_ec.c: points that are keys and points that are none; ECDSA with the values of RFC 6979 and RFC 7515, and every way
 * of r and s to be wrong.
 */
#include "support/unit.h"
#include "crypto/crypto.h"
#include "support/guard.h"
#include "support/keys.h"

#include <string.h>

enum { P256 = 32 };

static void from_hex(const char *hex, unsigned char *out)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; hex[2 * i]; i++) {
        out[i] = (unsigned char)((strchr(digits, hex[2 * i]) - digits) << 4 | (strchr(digits, hex[2 * i + 1]) - digits));
    }
}

/* ---- RFC 6979 appendix A.2.5: P-256 ---- */

static const char x_hex[] = "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6";
static const char y_hex[] = "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299";
static const char d_hex[] = "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721";
static const char n_hex[] = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
static const char p_hex[] = "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF";
static const char sample_hex[] = "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
                                 "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8";

static unsigned char x[P256], y[P256], d[P256], n[P256], p[P256], sample[2 * P256];

static int read_values(void **state)
{
    (void)state;
    from_hex(x_hex, x);
    from_hex(y_hex, y);
    from_hex(d_hex, d);
    from_hex(n_hex, n);
    from_hex(p_hex, p);
    from_hex(sample_hex, sample);
    return 0;
}

static struct text bytes(const unsigned char *at, size_t len)
{
    return (struct text){(const char *)at, len};
}

static struct crypto_key *sample_key(void)
{
    struct crypto_key *key = NULL;
    const struct crypto_ec_parts parts = {CRYPTO_P256, bytes(x, P256), bytes(y, P256), bytes(d, P256)};
    assert_int_equal(crypto_key_ec(&parts, &key, NULL), APISEC_OK);
    return key;
}

static void test_rfc6979(void **state)
{
    (void)state;
    struct crypto_key *key = sample_key();
    const struct algorithm *es256 = algorithm_find(text_of("ES256"));
    unsigned char signature[CRYPTO_MAX_SIGNATURE];
    size_t len;
    for (int round = 0; round < 2; round++) {
        assert_int_equal(crypto_sign(key, es256, "sample", 6, signature, &len), APISEC_OK);
        assert_int_equal(len, sizeof sample);
        assert_memory_equal(signature, sample, sizeof sample);
        assert_int_equal(crypto_verify(key, es256, "sample", 6, sample, sizeof sample), APISEC_OK);
        assert_int_equal(crypto_verify(key, es256, "simple", 6, sample, sizeof sample), APISEC_E_SIGNATURE);
    }
    crypto_key_free(key);
}

/* ---- r and s ---- */

/* out = n - value: the other s of the same signature. */
static void negate(const unsigned char *value, unsigned char *out)
{
    int borrow = 0;
    for (size_t i = P256; i-- > 0;) {
        const int difference = n[i] - value[i] - borrow;
        borrow = difference < 0;
        out[i] = (unsigned char)(difference + 256 * borrow);
    }
}

static void test_range_of_r_and_s(void **state)
{
    (void)state;
    unsigned char zero[P256] = {0}, one[P256] = {0}, n_less_1[P256], n_more_1[P256], ones[P256], other_s[P256];
    one[P256 - 1] = 1;
    memcpy(n_less_1, n, P256);
    n_less_1[P256 - 1]--;
    memcpy(n_more_1, n, P256);
    n_more_1[P256 - 1]++;
    memset(ones, 0xff, P256);
    negate(sample + P256, other_s);
    const unsigned char *const r = sample, *const s = sample + P256;
    const struct {
        const unsigned char *r, *s;
        apisec_status status;
        const char *why;
    } rows[] = {
        {r, s, APISEC_OK, "the twin of all below"},
        {r, other_s, APISEC_OK, "n - s is as right: ECDSA signatures are no identifiers"},
        {zero, zero, APISEC_E_SIGNATURE, "CVE-2022-21449"},
        {zero, s, APISEC_E_SIGNATURE, ""},
        {r, zero, APISEC_E_SIGNATURE, ""},
        {n, s, APISEC_E_SIGNATURE, "r = n"},
        {r, n, APISEC_E_SIGNATURE, "s = n"},
        {n, n, APISEC_E_SIGNATURE, "both are 0 modulo n"},
        {n_more_1, n_more_1, APISEC_E_SIGNATURE, ""},
        {ones, s, APISEC_E_SIGNATURE, "the largest that fits"},
        {r, ones, APISEC_E_SIGNATURE, ""},
        {n_less_1, n_less_1, APISEC_E_SIGNATURE, "in range, and wrong"},
        {one, one, APISEC_E_SIGNATURE, "in range, and wrong"},
        {s, r, APISEC_E_SIGNATURE, "exchanged"},
    };
    struct crypto_key *key = sample_key();
    const struct algorithm *es256 = algorithm_find(text_of("ES256"));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned char signature[2 * P256];
        memcpy(signature, rows[i].r, P256);
        memcpy(signature + P256, rows[i].s, P256);
        const char *in = guarded(signature, sizeof signature);
        const apisec_status status = crypto_verify(key, es256, "sample", 6, (const unsigned char *)in, sizeof signature);
        if (status != rows[i].status) fail_msg("row %zu: %d, %s", i, (int)status, rows[i].why);
        guard_free(in);
    }
    crypto_key_free(key);
}

/* Exactly 2n bytes: DER, a leading zero, a cut end are not taken for another way to write it. */
static void test_length(void **state)
{
    (void)state;
    struct crypto_key *key = sample_key();
    const struct algorithm *es256 = algorithm_find(text_of("ES256"));
    unsigned char der[72] = {0x30, 70, 0x02, 33, 0}, longer[133] = {0};
    memcpy(der + 5, sample, P256);
    memcpy(der + 5 + P256, (const unsigned char[]){0x02, 33, 0}, 3);
    memcpy(der + 8 + P256, sample + P256, P256);
    assert_int_equal(crypto_verify(key, es256, "sample", 6, der, sizeof der), APISEC_E_SIGNATURE);

    memcpy(longer, sample, sizeof sample);
    for (size_t len = 0; len <= sizeof longer; len++) {
        const char *in = guarded(longer, len);
        const apisec_status want = len == sizeof sample ? APISEC_OK : APISEC_E_SIGNATURE;
        assert_int_equal(crypto_verify(key, es256, "sample", 6, (const unsigned char *)in, len), want);
        guard_free(in);
    }
    crypto_key_free(key);
}

/* ---- keys ---- */

static void test_points(void **state)
{
    (void)state;
    unsigned char zero[66] = {0}, one[66] = {0}, off[P256], negative[P256], longer[P256 + 1] = {0};
    one[0] = 1;
    memcpy(off, y, P256);
    off[P256 - 1] ^= 1;
    int borrow = 0; /* p - y is the point's mirror image, which is on the curve */
    for (size_t i = P256; i-- > 0;) {
        const int difference = p[i] - y[i] - borrow;
        borrow = difference < 0;
        negative[i] = (unsigned char)(difference + 256 * borrow);
    }
    memcpy(longer + 1, x, P256);
    const struct {
        enum crypto_curve curve;
        struct text x, y;
        apisec_status status;
        const char *why;
    } rows[] = {
        {CRYPTO_P256, bytes(x, P256), bytes(y, P256), APISEC_OK, "the twin"},
        {CRYPTO_P256, bytes(x, P256), bytes(negative, P256), APISEC_OK, "on the curve, another point"},
        {CRYPTO_P256, bytes(x, P256), bytes(off, P256), APISEC_E_KEY_UNFIT, "one bit beside the curve"},
        {CRYPTO_P256, bytes(y, P256), bytes(x, P256), APISEC_E_KEY_UNFIT, "exchanged"},
        {CRYPTO_P256, bytes(zero, P256), bytes(zero, P256), APISEC_E_KEY_UNFIT, "the origin is not infinity, and not on the curve"},
        {CRYPTO_P256, bytes(p, P256), bytes(y, P256), APISEC_E_KEY_UNFIT, "x = p is not below p"},
        {CRYPTO_P256, bytes(x, P256), bytes(p, P256), APISEC_E_KEY_UNFIT, "nor y"},
        {CRYPTO_P256, bytes(x, P256 - 1), bytes(y, P256), APISEC_E_KEY_UNFIT, "a byte too few"},
        {CRYPTO_P256, bytes(x, P256), bytes(y, P256 - 1), APISEC_E_KEY_UNFIT, ""},
        {CRYPTO_P256, bytes(longer, P256 + 1), bytes(y, P256), APISEC_E_KEY_UNFIT, "a zero in front: RFC 7518 6.2.1.2"},
        {CRYPTO_P256, {NULL, 0}, bytes(y, P256), APISEC_E_KEY_UNFIT, "no x"},
        {CRYPTO_P256, bytes(x, P256), {NULL, 0}, APISEC_E_KEY_UNFIT, "no y"},
        {CRYPTO_P384, bytes(x, P256), bytes(y, P256), APISEC_E_KEY_UNFIT, "another curve's lengths"},
        {CRYPTO_P384, bytes(one, 48), bytes(one, 48), APISEC_E_KEY_UNFIT, "of the right length"},
        {CRYPTO_P521, bytes(one, 66), bytes(zero, 66), APISEC_E_KEY_UNFIT, "beyond 521 bits"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct crypto_key *key = (struct crypto_key *)&key; /* must be set to NULL when refused */
        apisec_error err;
        const struct crypto_ec_parts parts = {rows[i].curve, rows[i].x, rows[i].y, {NULL, 0}};
        const apisec_status status = crypto_key_ec(&parts, &key, &err);
        if (status != rows[i].status) fail_msg("row %zu: %d, %s", i, (int)status, rows[i].why);
        assert_int_equal(err.status, status);
        assert_int_equal(key != NULL, status == APISEC_OK);
        if (key) assert_false(crypto_key_is_private(key));
        crypto_key_free(key);
    }
}

static void test_private_parts(void **state)
{
    (void)state;
    unsigned char zero[P256] = {0}, other[P256], n_less_1[P256], longer[P256 + 1] = {0};
    memcpy(other, d, P256);
    other[P256 - 1] ^= 1;
    memcpy(n_less_1, n, P256);
    n_less_1[P256 - 1]--;
    memcpy(longer + 1, d, P256);
    const struct {
        struct text d;
        apisec_status status;
        const char *why;
    } rows[] = {
        {bytes(d, P256), APISEC_OK, "the twin"},
        {bytes(other, P256), APISEC_E_KEY_UNFIT, "of another point"},
        {bytes(zero, P256), APISEC_E_KEY_UNFIT, "d = 0"},
        {bytes(n, P256), APISEC_E_KEY_UNFIT, "d = n"},
        {bytes(n_less_1, P256), APISEC_E_KEY_UNFIT, "in range, and of another point"},
        {bytes(d, P256 - 1), APISEC_E_KEY_UNFIT, "a byte too few"},
        {bytes(longer, P256 + 1), APISEC_E_KEY_UNFIT, "a zero in front"},
        {{"", 0}, APISEC_E_KEY_UNFIT, "there, and empty"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct crypto_key *key = NULL;
        const struct crypto_ec_parts parts = {CRYPTO_P256, bytes(x, P256), bytes(y, P256), rows[i].d};
        const apisec_status status = crypto_key_ec(&parts, &key, NULL);
        if (status != rows[i].status) fail_msg("row %zu: %d, %s", i, (int)status, rows[i].why);
        assert_int_equal(key != NULL && crypto_key_is_private(key), status == APISEC_OK);
        crypto_key_free(key);
    }
}

/* ---- the other curves: RFC 7515 appendix A.4, and keys made here ---- */

static void test_each_curve(void **state)
{
    (void)state;
    static const char *const names[] = {"ES256", "ES384", "ES512"};
    for (size_t i = 0; i < 3; i++) {
        const struct algorithm *algorithm = algorithm_find(text_of(names[i]));
        const size_t len = crypto_curve_len(algorithm->curve);
        struct crypto_key *key = NULL, *copy = NULL, *half = NULL;
        struct crypto_ec_parts parts, again;
        struct arena arena = {NULL};
        unsigned char signature[CRYPTO_MAX_SIGNATURE];
        size_t signature_len;
        assert_int_equal(crypto_key_generate(algorithm, &key, NULL), APISEC_OK);
        assert_int_equal(crypto_key_curve(key), algorithm->curve);
        assert_int_equal(crypto_key_ec_parts(key, &arena, &parts), APISEC_OK);
        assert_true(parts.x.len == len && parts.y.len == len && parts.d.len == len);
        assert_int_equal(crypto_key_ec(&parts, &copy, NULL), APISEC_OK);
        parts.d = (struct text){NULL, 0};
        assert_int_equal(crypto_key_ec(&parts, &half, NULL), APISEC_OK);
        assert_int_equal(crypto_key_ec_parts(half, &arena, &again), APISEC_OK);
        assert_true(text_equal(again.x, parts.x) && text_equal(again.y, parts.y) && !again.d.at);

        assert_int_equal(crypto_sign(copy, algorithm, "m", 1, signature, &signature_len), APISEC_OK);
        assert_int_equal(signature_len, 2 * len);
        assert_int_equal(crypto_verify(half, algorithm, "m", 1, signature, signature_len), APISEC_OK);
        assert_int_equal(crypto_verify(half, algorithm, "n", 1, signature, signature_len), APISEC_E_SIGNATURE);
        assert_int_equal(crypto_sign(half, algorithm, "m", 1, signature, &signature_len), APISEC_E_KEY_UNFIT);
        arena_free(&arena);
        crypto_key_free(key);
        crypto_key_free(copy);
        crypto_key_free(half);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc6979),        cmocka_unit_test(test_range_of_r_and_s), cmocka_unit_test(test_length),
        cmocka_unit_test(test_points),         cmocka_unit_test(test_private_parts),    cmocka_unit_test(test_each_curve),
    };
    return cmocka_run_group_tests(tests, read_values, NULL);
}
