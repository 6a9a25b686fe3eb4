/* SPDX-License-Identifier: Apache-2.0
 *
 * test_content.c: encrypting and decrypting content with the values of RFC 7518 and RFC 7516; every byte that is changed, every
 * length that is wrong, and every padding that is none, refused.
 */
#include "support/unit.h"
#include "crypto/crypto.h"
#include "support/encrypted.h"
#include "support/guard.h"
#include "support/stride.h"

#include <string.h>

enum { MOST = 512 };

static const char p_cipher[] =
    "41206369706865722073797374656d206d757374206e6f7420626520726571756972656420746f206265207365637265"
    "742c20616e64206974206d7573742062652061626c6520746f2066616c6c20696e746f207468652068616e6473206f66"
    "2074686520656e656d7920776974686f757420696e636f6e76656e69656e6365";
static const char iv_b[] = "1af38c2dc2b96ffdd86694092341bc04";
static const char a_b[] =
    "546865207365636f6e64207072696e6369706c65206f662041756775737465204b6572636b686f666673";

static const struct {
    const char *name, *key, *plaintext, *iv, *aad, *ciphertext, *tag, *why;
} rows[] = {
    {"A128CBC-HS256", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
     p_cipher, iv_b, a_b,
     "c80edfa32ddf39d5ef00c0b468834279a2e46a1b8049f792f76bfe54b903a9c9a94ac9b47ad2655c5f10f9aef71427e2"
     "fc6f9b3f399a221489f16362c703233609d45ac69864e3321cf82935ac4096c86e133314c54019e8ca7980dfa4b9cf1b"
     "384c486f3a54c51078158ee5d79de59fbd34d848b3d69550a67646344427ade54b8851ffb598f7f80074b9473c82e2db",
     "652c3fa36b0a7c5b3219fab3a30bc1c4", "RFC 7518 appendix B.1"},
    {"A192CBC-HS384", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f",
     p_cipher, iv_b, a_b,
     "ea65da6b59e61edb419be62d19712ae5d303eeb50052d0dfd6697f77224c8edb000d279bdc14c1072654bd30944230c6"
     "57bed4ca0c9f4a8466f22b226d1746214bf8cfc2400add9f5126e479663fc90b3bed787a2f0ffcbf3904be2a641d5c21"
     "05bfe591bae23b1d7449e532eef60a9ac8bb6c6b01d35d49787bcd57ef484927f280adc91ac0c4e79c7b11efc60054e3",
     "8490ac0e58949bfe51875d733f93ac2075168039ccc733d7", "RFC 7518 appendix B.2"},
    {"A256CBC-HS512", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
     "303132333435363738393a3b3c3d3e3f",
     p_cipher, iv_b, a_b,
     "4affaaadb78c31c5da4b1b590d10ffbd3dd8d5d302423526912da037ecbcc7bd822c301dd67c373bccb584ad3e9279c2"
     "e6d12a1374b77f077553df829410446b36ebd97066296ae6427ea75c2e0846a11a09ccf5370dc80bfecbad28c73f09b3"
     "a3b75e662a2594410ae496b2e2e6609e31e6e02cc837f053d21f37ff4f51950bbe2638d09dd7a4930930806d0703b1f6",
     "4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5", "RFC 7518 appendix B.3"},
    {"A256GCM", "b1a1f480548fe1733fb403ff6b9ad4f68a076e5b702e22692f82cb2e7aea40fc",
     "5468652074727565207369676e206f6620696e74656c6c6967656e6365206973206e6f74206b6e6f776c656467652062"
     "757420696d6167696e6174696f6e2e",
     "e3c575fc02dbe944b4e14ddb",
     "65794a68624763694f694a53553045745430464655434973496d567559794936496b45794e545a48513030696651",
     "e5eca6f135bf73c4ae2b496d277ae9608cce783433ed300bbedbba506f68328e2fa73b3db57fc4152852f2207b8fa8e2"
     "49d8b0908af76a3c10cda06d403fc0",
     "5c5068318519a1d7ad65dbd3885bd291", "RFC 7516 appendix A.1"},
    {"A128CBC-HS256", "04d31fc5549dfcfe0b649dfa3faa6ace6b7cd42d6f6b09dbc8b100f08f9c2ccf",
     "4c697665206c6f6e6720616e642070726f737065722e", "03163c0c2b4368696c6c69636f746865",
     "65794a68624763694f694a424d544934533163694c434a6c626d4d694f694a424d54493451304a444c5568544d6a5532"
     "496e30",
     "283953b577218594c6b9f31898e6064b81df7f13d252b7e6a821d7688f703866",
     "5349bf6268cdd380c9bdc7852026c255", "RFC 7516 appendix B"},
};
enum { NUM_ROWS = sizeof rows / sizeof rows[0] };

static const char *const names[] = {"A128GCM", "A192GCM", "A256GCM", "A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512"};
enum { NUM_NAMES = sizeof names / sizeof names[0] };

static struct text text_at(const unsigned char *at, size_t len)
{
    return (struct text){(const char *)at, len};
}

/* A message, its inputs at the ends of guard pages. */
struct message {
    const struct content *content;
    unsigned char key[CRYPTO_MAX_CONTENT_KEY], iv[MOST], aad[MOST], ciphertext[MOST], tag[MOST];
    size_t iv_len, aad_len, ciphertext_len, tag_len;
};

static apisec_status open_message(const struct message *m, unsigned char *out, size_t *out_len)
{
    const char *const key = guarded(m->key, m->content->key_len), *const iv = guarded(m->iv, m->iv_len),
                      *const aad = guarded(m->aad, m->aad_len), *const ciphertext = guarded(m->ciphertext, m->ciphertext_len),
                      *const tag = guarded(m->tag, m->tag_len);
    const apisec_status status =
        content_decrypt(m->content, (const unsigned char *)key, (struct text){iv, m->iv_len}, (struct text){aad, m->aad_len},
                        (struct text){ciphertext, m->ciphertext_len}, (struct text){tag, m->tag_len}, out, out_len);
    guard_free(key);
    guard_free(iv);
    guard_free(aad);
    guard_free(ciphertext);
    guard_free(tag);
    return status;
}

static void expect(const struct message *m, apisec_status wanted, const char *why)
{
    unsigned char out[MOST];
    size_t len = 7;
    const apisec_status status = open_message(m, out, &len);
    if (status != wanted) fail_msg("%s: %d, %s", m->content->name, (int)status, why);
    if (status != APISEC_OK && len != 0) fail_msg("%s: a plaintext, %s", m->content->name, why);
}

static struct message read_row(size_t i)
{
    struct message m = {.content = content_find(text_of(rows[i].name))};
    assert_non_null(m.content);
    assert_int_equal(encrypted_hex(rows[i].key, m.key), m.content->key_len);
    m.iv_len = encrypted_hex(rows[i].iv, m.iv);
    m.aad_len = encrypted_hex(rows[i].aad, m.aad);
    m.ciphertext_len = encrypted_hex(rows[i].ciphertext, m.ciphertext);
    m.tag_len = encrypted_hex(rows[i].tag, m.tag);
    return m;
}

static struct message make(const char *name, size_t plaintext_len)
{
    static const unsigned char plaintext[MOST] = "a plaintext of whatever length";
    struct message m = {.content = content_find(text_of(name)), .aad = "header", .aad_len = 6};
    for (size_t i = 0; i < m.content->key_len; i++) m.key[i] = (unsigned char)(17 * i + 3);
    memset(m.iv, 9, m.content->iv_len);
    m.iv_len = m.content->iv_len;
    m.tag_len = m.content->tag_len;
    m.ciphertext_len = content_ciphertext_len(m.content, plaintext_len);
    assert_int_equal(content_encrypt(m.content, m.key, m.iv, text_at(m.aad, m.aad_len), text_at(plaintext, plaintext_len),
                                     m.ciphertext, m.tag),
                     APISEC_OK);
    return m;
}

static void test_names(void **state)
{
    (void)state;
    static const char *const unknown[] = {"", "A128CBC", "a128gcm", "A128GCM ", "A128CBC-HS512", "A512GCM", "A128KW", "dir"};
    static const size_t key_lens[] = {16, 24, 32, 32, 48, 64}, iv_lens[] = {12, 12, 12, 16, 16, 16};
    static const size_t tag_lens[] = {16, 16, 16, 16, 24, 32};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) assert_null(content_find(text_of(unknown[i])));
    for (size_t i = 0; i < NUM_NAMES; i++) {
        const struct content *const found = content_find(text_of(names[i]));
        assert_non_null(found);
        assert_string_equal(found->name, names[i]);
        assert_int_equal(found->key_len, key_lens[i]);
        assert_int_equal(found->iv_len, iv_lens[i]);
        assert_int_equal(found->tag_len, tag_lens[i]);
    }
}

static void test_rfc_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_ROWS; i++) {
        struct message m = read_row(i);
        unsigned char plaintext[MOST], out[MOST], tag[MOST];
        const size_t len = encrypted_hex(rows[i].plaintext, plaintext);
        size_t out_len = 0;
        assert_int_equal(open_message(&m, out, &out_len), APISEC_OK);
        assert_int_equal(out_len, len);
        assert_memory_equal(out, plaintext, len);

        assert_int_equal(content_ciphertext_len(m.content, len), m.ciphertext_len);
        assert_int_equal(content_encrypt(m.content, m.key, m.iv, text_at(m.aad, m.aad_len), text_at(plaintext, len), out, tag),
                         APISEC_OK);
        assert_memory_equal(out, m.ciphertext, m.ciphertext_len);
        assert_memory_equal(tag, m.tag, m.tag_len);
    }
}

static void test_all_lengths_come_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_NAMES; i++) {
        for (size_t len = 0; len <= 49; len++) {
            const struct message m = make(names[i], len);
            unsigned char out[MOST];
            size_t out_len = MOST;
            assert_int_equal(open_message(&m, out, &out_len), APISEC_OK);
            assert_int_equal(out_len, len);
            assert_memory_equal(out, "a plaintext of whatever length\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", len);
        }
    }
}

static void test_every_bit_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_NAMES; i++) {
        struct message m = make(names[i], 20);
        const struct {
            unsigned char *at;
            size_t len;
            const char *what;
        } parts[] = {{m.key, m.content->mode == CONTENT_GCM ? m.content->key_len : m.content->key_len / 2, "key"}, /* of the MAC */
                     {m.iv, m.iv_len, "iv"},
                     {m.aad, m.aad_len, "aad"},
                     {m.ciphertext, m.ciphertext_len, "ciphertext"},
                     {m.tag, m.tag_len, "tag"}};
        for (size_t part = 0; part < 5; part++) {
            for (size_t bit = 0; bit < 8 * parts[part].len; bit += stride(1, 5)) {
                parts[part].at[bit / 8] ^= (unsigned char)(1 << bit % 8);
                expect(&m, APISEC_E_DECRYPTION, parts[part].what);
                parts[part].at[bit / 8] ^= (unsigned char)(1 << bit % 8);
            }
        }
        expect(&m, APISEC_OK, "the twin");
    }
}

/* Each length on its own, from nothing to more than there is: one of them passes. A tag that is cut is a right one as far as it
 * goes. */
static void test_lengths(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_NAMES; i++) {
        const struct message whole = make(names[i], 20);
        for (size_t len = 0; len <= 40; len++) {
            struct message m = whole;
            m.tag_len = len;
            expect(&m, len == whole.tag_len ? APISEC_OK : APISEC_E_DECRYPTION, "tag");
            m = whole;
            m.iv_len = len;
            expect(&m, len == whole.iv_len ? APISEC_OK : APISEC_E_DECRYPTION, "iv");
            m = whole;
            m.ciphertext_len = len;
            expect(&m, len == whole.ciphertext_len ? APISEC_OK : APISEC_E_DECRYPTION, "ciphertext");
            m = whole;
            m.aad_len = len;
            expect(&m, len == whole.aad_len ? APISEC_OK : APISEC_E_DECRYPTION, "aad");
        }
    }
}

static void test_fits(void **state)
{
    (void)state;
    const struct content *const gcm = content_find(text_of("A128GCM")), *const cbc = content_find(text_of("A128CBC-HS256"));
    assert_true(content_fits(gcm, 12, 0, 16));
    assert_true(content_fits(gcm, 12, 1, 16));
    assert_false(content_fits(gcm, 16, 1, 16));
    assert_false(content_fits(gcm, 12, 1, 12));
    assert_true(content_fits(cbc, 16, 16, 16));
    assert_true(content_fits(cbc, 16, 32, 16));
    assert_false(content_fits(cbc, 16, 0, 16));
    assert_false(content_fits(cbc, 16, 17, 16));
    assert_false(content_fits(cbc, 16, 15, 16));
    assert_false(content_fits(cbc, 12, 16, 16));
    assert_false(content_fits(cbc, 16, 16, 32));
}

/* With the right MAC, which only a holder of the key can make, the padding is still looked at. */
static void test_paddings(void **state)
{
    (void)state;
    static const struct {
        unsigned char last[4]; /* the last bytes of two blocks; those before are 0x10 */
        apisec_status status;
        size_t len;
        const char *why;
    } paddings[] = {
        {{1, 2, 3, 1}, APISEC_OK, 31, "one byte"},
        {{0, 3, 3, 3}, APISEC_OK, 29, "three"},
        {{16, 16, 16, 16}, APISEC_OK, 16, "a whole block"},
        {{1, 2, 3, 0}, APISEC_E_DECRYPTION, 0, "none"},
        {{1, 3, 2, 3}, APISEC_E_DECRYPTION, 0, "one of its bytes differs"},
        {{2, 1, 3, 3}, APISEC_E_DECRYPTION, 0, "its first byte differs"},
        {{17, 17, 17, 17}, APISEC_E_DECRYPTION, 0, "longer than a block"},
        {{16, 16, 16, 32}, APISEC_E_DECRYPTION, 0, "as long as everything"},
        {{0xff, 0xff, 0xff, 0xff}, APISEC_E_DECRYPTION, 0, "longer than everything"},
    };
    for (size_t i = 0; i < sizeof paddings / sizeof paddings[0]; i++) {
        struct message m = make("A128CBC-HS256", 31);
        unsigned char blocks[32], mac[CRYPTO_MAX_HASH], out[MOST];
        static const unsigned char aad_bits[8] = {0, 0, 0, 0, 0, 0, 0, 48};
        size_t len = 0;
        memset(blocks, 0x10, sizeof blocks);
        memcpy(blocks + 28, paddings[i].last, 4);
        assert_int_equal(crypto_cbc_encrypt(text_at(m.key + 16, 16), m.iv, text_at(blocks, 32), m.ciphertext), APISEC_OK);
        const struct text texts[] = {text_at(m.aad, m.aad_len), text_at(m.iv, 16), text_at(m.ciphertext, 32), text_at(aad_bits, 8)};
        assert_int_equal(crypto_hmac(CRYPTO_SHA256, text_at(m.key, 16), texts, 4, mac), APISEC_OK);
        memcpy(m.tag, mac, 16);
        const apisec_status status = open_message(&m, out, &len);
        if (status != paddings[i].status || len != paddings[i].len) fail_msg("%d: %s", (int)status, paddings[i].why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_rfc_values),
        cmocka_unit_test(test_all_lengths_come_back),
        cmocka_unit_test(test_every_bit_counts),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_fits),
        cmocka_unit_test(test_paddings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
