/* SPDX-License-Identifier: Apache-2.0
 *
 * test_jwe_make.c: what an encrypted token is made of: its header, the lengths of its parts, and that nothing of it comes twice.
 * That it can be decrypted again is in test_encryption.c.
 */
#include "support/unit.h"
#include "jose/jose.h"
#include "support/encrypted.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *alg, *enc;
    size_t key_len, iv_len, ciphertext_len, tag_len;
} rows[] = {
    {"RSA-OAEP-256", "A128GCM", 256, 12, 11, 16},     {"ECDH-ES", "A256GCM", 0, 12, 11, 16},
    {"ECDH-ES+A192KW", "A256GCM", 40, 12, 11, 16},    {"A256KW", "A128CBC-HS256", 40, 16, 16, 16},
    {"A128KW", "A256CBC-HS512", 72, 16, 16, 32},      {"A192GCMKW", "A192CBC-HS384", 48, 16, 16, 24},
    {"dir", "A192GCM", 0, 12, 11, 16},                {"dir", "A128CBC-HS256", 0, 16, 16, 16},
};

static void test_lengths(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *jwk = NULL;
        char *token = encrypted_new(rows[i].alg, rows[i].enc, "a plaintext", &jwk);
        unsigned char bytes[2048];
        assert_int_equal(encrypted_decode(token, 1, bytes), rows[i].key_len);
        assert_int_equal(encrypted_decode(token, 2, bytes), rows[i].iv_len);
        assert_int_equal(encrypted_decode(token, 3, bytes), rows[i].ciphertext_len);
        assert_int_equal(encrypted_decode(token, 4, bytes), rows[i].tag_len);
        apisec_text_free(token);
        apisec_text_free(jwk);
    }
}

static void test_header(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *jwk = NULL;
        char *token = encrypted_new(rows[i].alg, rows[i].enc, "a plaintext", &jwk);
        struct jwe jwe;
        struct jwe_header header;
        assert_int_equal(jwe_split(text_of(token), &jwe, NULL), APISEC_OK);
        assert_int_equal(jwe_header_parse(jwe.header, &header, NULL), APISEC_OK);
        assert_string_equal(header.management->name, rows[i].alg);
        assert_string_equal(header.content->name, rows[i].enc);
        assert_true(text_is(header.cty, "JWT"));
        assert_non_null(strstr(jwk, header.kid.at));
        assert_int_equal(json_member(header.document, "epk") != NULL, header.management->mode == MANAGEMENT_ECDH);
        assert_null(json_member(json_member(header.document, "epk"), "d"));
        assert_int_equal(json_member(header.document, "tag") != NULL, header.management->mode == MANAGEMENT_GCM_KW);
        jwe_header_free(&header);
        apisec_text_free(token);
        apisec_text_free(jwk);
    }
}

/* The same to the same recipient: key, iv, and so the ciphertext are new each time. */
static void test_nothing_comes_twice(void **state)
{
    (void)state;
    static const struct {
        const char *alg;
        bool has_key;
    } algs[] = {{"A128KW", true}, {"A128GCMKW", true}, {"dir", false}};
    for (size_t i = 0; i < 3; i++) {
        char *tokens[2] = {NULL, NULL};
        for (size_t k = 0; k < 2; k++) {
            const apisec_status status = apisec_encrypt(encrypted_a3_key, strlen(encrypted_a3_key), algs[i].alg, "A128GCM", NULL,
                                                        "a plaintext", 11, &tokens[k], NULL);
            assert_int_equal(status, APISEC_OK);
        }
        for (size_t part = algs[i].has_key ? 1 : 2; part <= 4; part++) {
            unsigned char one[256], two[256];
            const size_t len = encrypted_decode(tokens[0], part, one);
            assert_int_equal(encrypted_decode(tokens[1], part, two), len);
            assert_memory_not_equal(one, two, len);
        }
        apisec_text_free(tokens[0]);
        apisec_text_free(tokens[1]);
    }
}

static void test_keys_and_room(void **state)
{
    (void)state;
    struct json *document = NULL;
    struct jwe_key *key = NULL;
    struct buffer small = BUFFER_MAX(100), room = BUFFER_MAX(1000);
    assert_int_equal(json_parse_object(text_of(encrypted_a3_key), &json_token_limits, &document, NULL), APISEC_OK);
    assert_int_equal(jwe_key_parse(document, &key, NULL), APISEC_OK);
    const struct jwe_need need = {management_find(text_of("A128KW")), content_find(text_of("A128GCM")), CRYPTO_P256, false};
    const struct jwe_need other = {management_find(text_of("A256KW")), content_find(text_of("A128GCM")), CRYPTO_P256, false};
    assert_int_equal(jwe_encrypt(key, &need, NULL, text_of("a plaintext"), &small, NULL), APISEC_E_TOO_LARGE);
    assert_int_equal(jwe_encrypt(key, &other, NULL, text_of("a plaintext"), &room, NULL), APISEC_E_KEY_UNFIT);
    assert_int_equal(room.len, 0);
    assert_int_equal(jwe_encrypt(key, &need, NULL, text_of("a plaintext"), &room, NULL), APISEC_OK);
    assert_true(jwe_looks_like((struct text){room.bytes, room.len}));
    buffer_free(&small);
    buffer_free(&room);
    jwe_key_free(key);
    json_free(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_nothing_comes_twice),
        cmocka_unit_test(test_keys_and_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
