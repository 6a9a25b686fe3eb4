/* SPDX-License-Identifier: Apache-2.0
 *
 * test_encryption.c: decrypting and encrypting through the public functions: all algorithms there and back, the tokens of RFC 7516,
 * rotation, and arguments that are none.
 */
#include "support/unit.h"
#include "support/encrypted.h"
#include "support/guard.h"

#include <apisec/encryption.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const algs[] = {"RSA-OAEP", "RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW",
                                   "A128KW", "A192KW", "A256KW", "A128GCMKW", "A192GCMKW", "A256GCMKW", "dir"};
static const char *const encs[] = {"A128GCM", "A192GCM", "A256GCM", "A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512"};
enum { NUM_ALGS = sizeof algs / sizeof algs[0], NUM_ENCS = sizeof encs / sizeof encs[0] };

static apisec_decrypter *decrypter_of(const char *jwks)
{
    apisec_decrypter *decrypter = NULL;
    apisec_error err;
    if (apisec_decrypter_new(jwks, strlen(jwks), &decrypter, &err) != APISEC_OK) fail_msg("%s", err.text);
    assert_string_equal(err.text, "");
    return decrypter;
}

static apisec_status decrypt_with(const char *jwks, const char *token, char *out, size_t room)
{
    apisec_decrypter *const decrypter = decrypter_of(jwks);
    const char *const in = guarded_text(token);
    char *plaintext = (char *)&out;
    size_t len = 7;
    apisec_error err;
    const apisec_status status = apisec_decrypt(decrypter, in, strlen(token), &plaintext, &len, &err);
    assert_int_equal(err.status, status);
    assert_int_equal(plaintext != NULL, status == APISEC_OK);
    if (plaintext) {
        assert_int_equal(plaintext[len], '\0');
        assert_int_equal(snprintf(out, room, "%s", plaintext), len);
    } else {
        assert_int_equal(len, 0);
        if (out) snprintf(out, room, "%s", err.text);
    }
    apisec_plaintext_free(plaintext, len);
    apisec_decrypter_free(decrypter);
    guard_free(in);
    return status;
}

static void test_all_there_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_ALGS; i++) {
        for (size_t k = 0; k < NUM_ENCS; k++) {
            char *jwk = NULL, out[256];
            char *token = encrypted_new(algs[i], encs[k], "a secret", &jwk);
            const apisec_status status = decrypt_with(jwk, token, out, sizeof out);
            if (status != APISEC_OK) fail_msg("%s %s: %s", algs[i], encs[k], out);
            assert_string_equal(out, "a secret");
            apisec_text_free(token);
            apisec_text_free(jwk);
        }
    }
}

static void test_rfc7516(void **state)
{
    (void)state;
    char out[256];
    assert_int_equal(decrypt_with(encrypted_a1_key, encrypted_a1_token, out, sizeof out), APISEC_OK);
    assert_string_equal(out, "The true sign of intelligence is not knowledge but imagination.");
    assert_int_equal(decrypt_with(encrypted_a3_key, encrypted_a3_token, out, sizeof out), APISEC_OK);
    assert_string_equal(out, "Live long and prosper.");
    assert_int_equal(decrypt_with(encrypted_a2_key, encrypted_a2_token, out, sizeof out), APISEC_E_ALGORITHM);
    assert_non_null(strstr(out, "RSA1_5"));
    assert_int_equal(decrypt_with(encrypted_a1_key, encrypted_a3_token, out, sizeof out), APISEC_E_KEY_UNKNOWN);
}

static void test_lengths(void **state)
{
    (void)state;
    char *jwk = NULL, *unused = NULL, *token = NULL;
    static char plaintext[20000];
    apisec_error err;
    memset(plaintext, 'a', sizeof plaintext);
    assert_int_equal(apisec_encryption_key_new("A128GCM", &jwk, &unused, &err), APISEC_OK);
    assert_null(unused);
    static const struct {
        size_t len;
        apisec_status status;
        const char *why;
    } rows[] = {
        {0, APISEC_OK, "nothing"},
        {1, APISEC_OK, "one byte"},
        {12000, APISEC_OK, "nearly as much as a token takes"},
        {12288, APISEC_E_TOO_LARGE, "16 KiB when encoded, and more with the rest"},
        {20000, APISEC_E_TOO_LARGE, "more than a token takes"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const apisec_status status =
            apisec_encrypt(jwk, strlen(jwk), "dir", "A128GCM", NULL, plaintext, rows[i].len, &token, &err);
        if (status != rows[i].status) fail_msg("%s: %s", rows[i].why, err.text);
        assert_int_equal(token != NULL, status == APISEC_OK);
        if (!token) continue;
        apisec_decrypter *const decrypter = decrypter_of(jwk);
        char *out = NULL;
        size_t len = 7;
        assert_int_equal(apisec_decrypt(decrypter, token, strlen(token), &out, &len, &err), APISEC_OK);
        assert_int_equal(len, rows[i].len);
        assert_memory_equal(out, plaintext, len);
        apisec_plaintext_free(out, len);
        apisec_text_free(token);
        apisec_decrypter_free(decrypter);
    }
    apisec_text_free(jwk);
}

#define SET(keys) "{\"keys\":[" keys "]}"
#define EC "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ\"," \
           "\"y\":\"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck\""
#define OCT "{\"kty\":\"oct\",\"k\":\"GawgguFyGrWKav7AX4VKUg\""
#define OKP "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AA\"}"

/* A recipient publishes a set: what is in it for others is passed over, and which of two is meant is not guessed. */
static void test_a_recipients_set(void **state)
{
    (void)state;
    static const struct {
        const char *set;
        apisec_status status;
        const char *text, *why;
    } rows[] = {
        {SET(EC "}"), APISEC_OK, "", "the only key"},
        {SET(EC "}," OCT "}"), APISEC_OK, "", "the only one of its type"},
        {SET(EC ",\"use\":\"sig\"}," EC ",\"use\":\"enc\"}"), APISEC_OK, "", "the other one is for signatures"},
        {SET(EC ",\"alg\":\"ES256\"}," EC ",\"alg\":\"ECDH-ES\"}"), APISEC_OK, "", "so it says by its alg"},
        {SET(EC ",\"alg\":\"ECDH-ES+A128KW\"}," EC "}"), APISEC_OK, "", "the other one is for another alg"},
        {SET(OKP "," EC "}"), APISEC_OK, "", "the other one is of no curve of ours"},
        {SET(EC "}," EC "}"), APISEC_E_KEY_UNFIT, "several keys of the set are for ECDH-ES", "which?"},
        {SET(OCT "}," OKP), APISEC_E_KEY_UNFIT, "none of the set's 2 keys is for ECDH-ES", "none"},
        {SET(""), APISEC_E_KEY_UNFIT, "none of the set's 0 keys is for ECDH-ES", "empty"},
        {SET(OCT "}"), APISEC_E_KEY_UNFIT, "type or length", "the only key is told what is wrong with it"},
        {SET(EC "},{}"), APISEC_E_MALFORMED, "kty", "broken"},
        {SET(EC "},7"), APISEC_E_MALFORMED, "not an object", "no key"},
        {"{\"keys\":" EC "}}", APISEC_E_MALFORMED, "not an array", "no list"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *token = (char *)&state;
        apisec_error err;
        const char *const set = guarded_text(rows[i].set);
        const apisec_status status =
            apisec_encrypt(set, strlen(rows[i].set), "ECDH-ES", "A128GCM", NULL, "text", 4, &token, &err);
        if (status != rows[i].status || !strstr(err.text, rows[i].text)) fail_msg("row %zu: %s, %s", i, err.text, rows[i].why);
        assert_int_equal(token != NULL, status == APISEC_OK);
        apisec_text_free(token);
        guard_free(set);
    }
    /* 64 keys, and one more */
    static char many[65 * 200];
    for (int num = 64; num <= 65; num++) {
        char *token;
        size_t len = (size_t)snprintf(many, sizeof many, "{\"keys\":[" EC "}");
        for (int i = 1; i < num; i++) len += (size_t)snprintf(many + len, sizeof many - len, "," OCT "}");
        len += (size_t)snprintf(many + len, sizeof many - len, "]}");
        assert_int_equal(apisec_encrypt(many, len, "ECDH-ES", "A128GCM", NULL, "text", 4, &token, NULL),
                         num == 64 ? APISEC_OK : APISEC_E_TOO_LARGE);
        apisec_text_free(token);
    }
}

/* The new key lies beside the old one until nobody names the old one any more. */
static void test_rotation(void **state)
{
    (void)state;
    char *old_key = NULL, *new_key = NULL, both[1024], out[256];
    char *old_token = encrypted_new("ECDH-ES+A256KW", "A256GCM", "old", &old_key);
    char *new_token = encrypted_new("ECDH-ES+A256KW", "A256GCM", "new", &new_key);
    snprintf(both, sizeof both, "{\"keys\":[%s,%s]}", old_key, new_key);
    assert_int_equal(decrypt_with(both, old_token, out, sizeof out), APISEC_OK);
    assert_string_equal(out, "old");
    assert_int_equal(decrypt_with(both, new_token, out, sizeof out), APISEC_OK);
    assert_string_equal(out, "new");
    snprintf(both, sizeof both, "{\"keys\":[%s]}", new_key);
    assert_int_equal(decrypt_with(both, new_token, out, sizeof out), APISEC_OK);
    assert_int_equal(decrypt_with(both, old_token, out, sizeof out), APISEC_E_KEY_UNKNOWN);
    apisec_text_free(old_key);
    apisec_text_free(new_key);
    apisec_text_free(old_token);
    apisec_text_free(new_token);
}

static void test_new_keys(void **state)
{
    (void)state;
    static const struct {
        const char *alg;
        apisec_status status;
        bool has_public;
        const char *member, *why;
    } rows[] = {
        {"RSA-OAEP-256", APISEC_OK, true, "\"kty\":\"RSA\"", ""},
        {"ECDH-ES", APISEC_OK, true, "\"crv\":\"P-256\"", ""},
        {"A128KW", APISEC_OK, false, "\"kty\":\"oct\"", ""},
        {"A256CBC-HS512", APISEC_OK, false, "\"alg\":\"A256CBC-HS512\"", "for dir"},
        {"dir", APISEC_E_ALGORITHM, false, NULL, "of what length?"},
        {"RSA1_5", APISEC_E_ALGORITHM, false, NULL, "refused everywhere"},
        {"RS256", APISEC_E_ALGORITHM, false, NULL, "signs"},
        {"", APISEC_E_ALGORITHM, false, NULL, "no name"},
        {NULL, APISEC_E_ALGORITHM, false, NULL, "no name"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *whole = (char *)&state, *half = (char *)&state;
        apisec_error err;
        const apisec_status status = apisec_encryption_key_new(rows[i].alg, &whole, &half, &err);
        if (status != rows[i].status) fail_msg("%s: %s, %s", rows[i].alg ? rows[i].alg : "NULL", err.text, rows[i].why);
        assert_int_equal(whole != NULL, status == APISEC_OK);
        assert_int_equal(half != NULL, rows[i].has_public);
        if (whole) assert_non_null(strstr(whole, rows[i].member));
        if (whole) assert_non_null(strstr(whole, "\"use\":\"enc\""));
        if (whole) assert_non_null(strstr(whole, "\"kid\":\""));
        if (half) assert_null(strstr(half, "\"d\":"));
        apisec_text_free(whole);
        apisec_text_free(half);
    }
}

static void test_what_encrypt_refuses(void **state)
{
    (void)state;
    static const char ec[] = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ\","
                             "\"y\":\"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck\"}";
    static const struct {
        const char *jwk, *alg, *enc;
        apisec_status status;
        const char *why;
    } rows[] = {
        {ec, "ECDH-ES", "A128GCM", APISEC_OK, "the twin"},
        {ec, "ECDH-ES+A128KW", "A128GCM", APISEC_OK, "another twin"},
        {ec, "RSA-OAEP", "A128GCM", APISEC_E_KEY_UNFIT, "another type"},
        {ec, "dir", "A128GCM", APISEC_E_KEY_UNFIT, "another type"},
        {ec, "ECDH-ES", "A128CTR", APISEC_E_ALGORITHM, "no such enc"},
        {ec, "ECDH-ES", NULL, APISEC_E_ALGORITHM, "no enc"},
        {ec, "RSA1_5", "A128GCM", APISEC_E_ALGORITHM, "no such alg"},
        {ec, NULL, "A128GCM", APISEC_E_ALGORITHM, "no alg"},
        {"{}", "ECDH-ES", "A128GCM", APISEC_E_MALFORMED, "no key"},
        {"[]", "ECDH-ES", "A128GCM", APISEC_E_MALFORMED, "no object"},
        {"", "ECDH-ES", "A128GCM", APISEC_E_MALFORMED, "nothing"},
        {"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AA\"}", "ECDH-ES", "A128GCM", APISEC_E_KEY_UNFIT, "another kind of curve"},
        {"{\"kty\":\"oct\",\"k\":\"GawgguFyGrWKav7AX4VKUg\"}", "A128KW", "A128GCM", APISEC_OK, "16 bytes"},
        {"{\"kty\":\"oct\",\"k\":\"GawgguFyGrWKav7AX4VKUg\"}", "A256KW", "A128GCM", APISEC_E_KEY_UNFIT, "too short"},
        {"{\"kty\":\"oct\",\"k\":\"GawgguFyGrWKav7AX4VKUg\"}", "dir", "A128GCM", APISEC_OK, "16 bytes"},
        {"{\"kty\":\"oct\",\"k\":\"GawgguFyGrWKav7AX4VKUg\"}", "dir", "A256GCM", APISEC_E_KEY_UNFIT, "too short"},
        {"{\"kty\":\"oct\",\"k\":\"GawgguFyGrWKav7AX4VKUg\",\"use\":\"sig\"}", "dir", "A128GCM", APISEC_E_KEY_UNFIT, "signs"},
        {"{\"kty\":\"oct\",\"k\":\"GawgguFyGrWKav7AX4VKUg\",\"alg\":\"HS256\"}", "dir", "A128GCM", APISEC_E_ALGORITHM, "signs"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *token = (char *)&state;
        apisec_error err;
        const char *const jwk = guarded_text(rows[i].jwk);
        const apisec_status status =
            apisec_encrypt(jwk, strlen(rows[i].jwk), rows[i].alg, rows[i].enc, NULL, "text", 4, &token, &err);
        if (status != rows[i].status) fail_msg("row %zu: %s, %s", i, err.text, rows[i].why);
        assert_int_equal(err.status, status);
        assert_int_equal(token != NULL, status == APISEC_OK);
        apisec_text_free(token);
        guard_free(jwk);
    }
}

static void test_arguments(void **state)
{
    (void)state;
    apisec_decrypter *decrypter = decrypter_of(encrypted_a3_key);
    char *text = NULL;
    size_t len = 0;
    apisec_error err;
    assert_int_equal(apisec_decrypter_new("{}", 2, NULL, &err), APISEC_E_ARGUMENT);
    apisec_decrypter *none = decrypter;
    assert_int_equal(apisec_decrypter_new(NULL, 0, &none, &err), APISEC_E_ARGUMENT);
    assert_null(none);
    assert_int_equal(apisec_decrypt(NULL, "a", 1, &text, &len, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_decrypt(decrypter, NULL, 1, &text, &len, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_decrypt(decrypter, NULL, 0, &text, &len, &err), APISEC_E_MALFORMED);
    assert_int_equal(apisec_decrypt(decrypter, "a", 1, NULL, &len, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_decrypt(decrypter, "a", 1, &text, NULL, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_decrypt(decrypter, encrypted_a3_token, strlen(encrypted_a3_token), &text, &len, NULL), APISEC_OK);
    apisec_plaintext_free(text, len);
    assert_int_equal(apisec_encrypt(NULL, 0, "dir", "A128GCM", NULL, "", 0, &text, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_encrypt("{}", 2, "dir", "A128GCM", NULL, NULL, 1, &text, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_encrypt("{}", 2, "dir", "A128GCM", NULL, "", 0, NULL, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_encryption_key_new("A128KW", NULL, &text, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_encryption_key_new("A128KW", &text, NULL, &err), APISEC_E_ARGUMENT);
    apisec_decrypter_free(decrypter);
    apisec_decrypter_free(NULL);
    apisec_plaintext_free(NULL, 0);
}

/* ---- one decrypter, several threads ---- */

enum { ROUNDS = 12 };

struct share {
    const apisec_decrypter *decrypter;
    const char *tokens[3];
    int num_right;
};

static void *decrypt_many(void *argument)
{
    struct share *share = argument;
    for (size_t i = 0; i < ROUNDS; i++) {
        const char *const token = share->tokens[i % 3];
        char *plaintext = NULL;
        size_t len = 0;
        if (apisec_decrypt(share->decrypter, token, strlen(token), &plaintext, &len, NULL) == APISEC_OK)
            share->num_right += len == 8;
        apisec_plaintext_free(plaintext, len);
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    static const char *const some[] = {"ECDH-ES+A128KW", "A256KW", "dir"};
    char *jwks[3], *tokens[3], set[4096];
    for (size_t i = 0; i < 3; i++) tokens[i] = encrypted_new(some[i], "A256GCM", "a secret", &jwks[i]);
    snprintf(set, sizeof set, "{\"keys\":[%s,%s,%s]}", jwks[0], jwks[1], jwks[2]);
    apisec_decrypter *const decrypter = decrypter_of(set);
    struct share shares[4];
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        shares[i] = (struct share){decrypter, {tokens[0], tokens[1], tokens[2]}, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, decrypt_many, &shares[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(shares[i].num_right, ROUNDS);
    }
    apisec_decrypter_free(decrypter);
    for (size_t i = 0; i < 3; i++) {
        apisec_text_free(tokens[i]);
        apisec_text_free(jwks[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_there_and_back),
        cmocka_unit_test(test_rfc7516),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_a_recipients_set),
        cmocka_unit_test(test_rotation),
        cmocka_unit_test(test_new_keys),
        cmocka_unit_test(test_what_encrypt_refuses),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
