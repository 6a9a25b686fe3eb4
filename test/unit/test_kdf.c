/* SPDX-License-Identifier: Apache-2.0
 *
 * test_kdf.c: the Concat KDF: the value of RFC 7518 appendix C, and that each of its inputs counts.
 */
#include "support/unit.h"
#include "crypto/crypto.h"
#include "support/encrypted.h"
#include "support/guard.h"

#include <string.h>

static const char z_hex[] = "9e56d91d817135d372834283bf84269cfb316ea3da806a48f6daa7798cfe90c4";

static apisec_status derive(struct text z, const char *id, const char *u, const char *v, unsigned char *out, size_t out_len)
{
    const char *const in[] = {guarded(z.at, z.len), guarded_text(id), guarded_text(u), guarded_text(v)};
    const apisec_status status = kdf_concat((struct text){in[0], z.len}, (struct text){in[1], strlen(id)},
                                            (struct text){in[2], strlen(u)}, (struct text){in[3], strlen(v)}, out, out_len);
    for (size_t i = 0; i < 4; i++) guard_free(in[i]);
    return status;
}

static void test_rfc7518_appendix_c(void **state)
{
    (void)state;
    unsigned char z[32], out[16];
    static const unsigned char expected[] = {86, 170, 141, 234, 248, 35, 109, 32, 92, 34, 40, 205, 113, 167, 16, 26};
    encrypted_hex(z_hex, z);
    assert_int_equal(derive((struct text){(const char *)z, 32}, "A128GCM", "Alice", "Bob", out, 16), APISEC_OK);
    assert_memory_equal(out, expected, 16);
}

/* Two rounds for a key of 64 bytes: each round is the hash of its number and the rest. */
static void test_two_rounds(void **state)
{
    (void)state;
    unsigned char z[32], out[64], round[CRYPTO_MAX_HASH];
    encrypted_hex(z_hex, z);
    assert_int_equal(derive((struct text){(const char *)z, 32}, "A256CBC-HS512", "", "", out, 64), APISEC_OK);
    for (unsigned char i = 1; i <= 2; i++) {
        unsigned char input[4 + 32 + 4 + 13 + 4 + 4 + 4] = {0, 0, 0, i};
        memcpy(input + 4, z, 32);
        input[39] = 13;
        memcpy(input + 40, "A256CBC-HS512", 13);
        input[63] = 2; /* 512 bits */
        assert_int_equal(crypto_hash_bytes(CRYPTO_SHA256, input, sizeof input, round), APISEC_OK);
        assert_memory_equal(out + 32 * (i - 1), round, 32);
    }
}

static void test_each_input_counts(void **state)
{
    (void)state;
    unsigned char z[32], first[16], out[32];
    encrypted_hex(z_hex, z);
    const struct text whole = {(const char *)z, 32}, shorter = {(const char *)z, 31};
    assert_int_equal(derive(whole, "A128GCM", "Alice", "Bob", first, 16), APISEC_OK);
    const struct {
        struct text z;
        const char *id, *u, *v;
        size_t len;
        bool same;
        const char *why;
    } rows[] = {
        {whole, "A128GCM", "Alice", "Bob", 16, true, "the twin"},
        {shorter, "A128GCM", "Alice", "Bob", 16, false, "another secret"},
        {whole, "A128KW", "Alice", "Bob", 16, false, "for another algorithm"},
        {whole, "A128GCM", "", "Bob", 16, false, "no apu"},
        {whole, "A128GCM", "Alice", "", 16, false, "no apv"},
        {whole, "A128GCM", "Bob", "Alice", 16, false, "the other way round"},
        {whole, "A128GCM", "AliceBob", "", 16, false, "the border moved"},
        {whole, "A128GCM", "Alice", "Bob", 32, false, "the length is part of it"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(derive(rows[i].z, rows[i].id, rows[i].u, rows[i].v, out, rows[i].len), APISEC_OK);
        if ((memcmp(out, first, 16) == 0) != rows[i].same) fail_msg("%s", rows[i].why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc7518_appendix_c),
        cmocka_unit_test(test_two_rounds),
        cmocka_unit_test(test_each_input_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
