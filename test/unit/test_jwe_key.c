/* SPDX-License-Identifier: Apache-2.0
 *
 * test_jwe_key.c: which JWKs are keys for encryption, and what each of them is for.
 */
#include "support/unit.h"
#include "jose/jose.h"
#include "support/encrypted.h"

#include <stdio.h>
#include <string.h>

#define OCT16 "\"kty\":\"oct\",\"k\":\"GawgguFyGrWKav7AX4VKUg\""
#define OCT32 "\"kty\":\"oct\",\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\""
#define EC "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ\"," \
           "\"y\":\"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck\""
#define D ",\"d\":\"VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw\""

static apisec_status parse(const char *jwk, struct jwe_key **key)
{
    struct json *document = NULL;
    assert_int_equal(json_parse(text_of(jwk), &json_token_limits, &document, NULL), APISEC_OK);
    apisec_error err;
    *key = (struct jwe_key *)&document;
    const apisec_status status = jwe_key_parse(document, key, &err);
    assert_int_equal(err.status, status);
    assert_int_equal(*key != NULL, status == APISEC_OK);
    json_free(document);
    return status;
}

static void test_reading(void **state)
{
    (void)state;
    static const struct {
        const char *jwk;
        apisec_status status;
        const char *why;
    } rows[] = {
        {"{" OCT16 "}", APISEC_OK, "the twin"},
        {"{" OCT16 ",\"use\":\"enc\",\"alg\":\"A128KW\",\"kid\":\"k\"}", APISEC_OK, "all that may be said"},
        {"{" OCT16 ",\"use\":\"sig\"}", APISEC_E_KEY_UNFIT, "for signatures"},
        {"{" OCT16 ",\"use\":\"other\"}", APISEC_E_KEY_UNFIT, "for something else"},
        {"{" OCT16 ",\"use\":1}", APISEC_E_MALFORMED, "use is no string"},
        {"{" OCT16 ",\"alg\":\"HS256\"}", APISEC_E_ALGORITHM, "signs"},
        {"{" OCT16 ",\"alg\":\"PBES2-HS256+A128KW\"}", APISEC_E_ALGORITHM, "no such code"},
        {"{" OCT16 ",\"alg\":\"A256KW\"}", APISEC_E_KEY_UNFIT, "too short for its own alg"},
        {"{" OCT16 ",\"alg\":\"A128GCM\"}", APISEC_OK, "an enc: for dir"},
        {"{" OCT16 ",\"alg\":\"A256GCM\"}", APISEC_E_KEY_UNFIT, "too short for it"},
        {"{" OCT16 ",\"alg\":\"dir\"}", APISEC_OK, "for any enc that it fits"},
        {"{" OCT16 ",\"alg\":\"ECDH-ES\"}", APISEC_E_KEY_UNFIT, "another type"},
        {"{" OCT16 ",\"alg\":7}", APISEC_E_MALFORMED, "alg is no string"},
        {"{" OCT16 ",\"key_ops\":[]}", APISEC_OK, "permits nothing, which is seen when it is used"},
        {"{" OCT16 ",\"key_ops\":\"decrypt\"}", APISEC_E_MALFORMED, "key_ops is no array"},
        {"{" OCT16 ",\"key_ops\":[\"decrypt\",\"decrypt\"]}", APISEC_E_MALFORMED, "one of them twice"},
        {"{" OCT16 ",\"kid\":7}", APISEC_E_MALFORMED, "kid is no string"},
        {"{" EC "}", APISEC_OK, "a public key"},
        {"{" EC D "}", APISEC_OK, "a private key"},
        {"{" EC D ",\"alg\":\"ECDH-ES+A256KW\"}", APISEC_OK, "with its alg"},
        {"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AA\"}", APISEC_E_UNSUPPORTED, "another kind of curve"},
        {"{\"kty\":\"oct\"}", APISEC_E_MALFORMED, "no k"},
        {"{}", APISEC_E_MALFORMED, "no kty"},
        {"[]", APISEC_E_MALFORMED, "no object"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct jwe_key *key;
        const apisec_status status = parse(rows[i].jwk, &key);
        if (status != rows[i].status) fail_msg("%s: %s, %s", rows[i].jwk, apisec_status_name(status), rows[i].why);
        jwe_key_free(key);
    }
    jwe_key_free(NULL);
}

static void test_fitting(void **state)
{
    (void)state;
    static const struct {
        const char *jwk, *alg, *enc;
        enum crypto_curve curve;
        bool decrypt, fits;
        const char *why;
    } rows[] = {
        {"{" OCT16 "}", "A128KW", "A128GCM", 0, true, true, ""},
        {"{" OCT16 "}", "A128KW", "A256CBC-HS512", 0, true, true, "whatever it wraps"},
        {"{" OCT16 "}", "A192KW", "A128GCM", 0, true, false, "another length"},
        {"{" OCT16 "}", "A128GCMKW", "A128GCM", 0, true, true, ""},
        {"{" OCT16 "}", "A256GCMKW", "A128GCM", 0, true, false, "another length"},
        {"{" OCT16 "}", "dir", "A128GCM", 0, true, true, ""},
        {"{" OCT16 "}", "dir", "A256GCM", 0, true, false, "another length"},
        {"{" OCT32 "}", "dir", "A256GCM", 0, true, true, ""},
        {"{" OCT32 "}", "dir", "A128CBC-HS256", 0, true, true, "32 bytes as well"},
        {"{" OCT32 ",\"alg\":\"A256GCM\"}", "dir", "A128CBC-HS256", 0, true, false, "for another enc"},
        {"{" OCT32 ",\"alg\":\"A256GCM\"}", "dir", "A256GCM", 0, true, true, ""},
        {"{" OCT32 ",\"alg\":\"A256GCM\"}", "A256KW", "A256GCM", 0, true, false, "for dir only"},
        {"{" OCT32 ",\"alg\":\"A256KW\"}", "A256KW", "A256GCM", 0, true, true, ""},
        {"{" OCT32 ",\"alg\":\"A256KW\"}", "A256GCMKW", "A256GCM", 0, true, false, "for another alg"},
        {"{" OCT16 "}", "ECDH-ES", "A128GCM", 0, true, false, "another type"},
        {"{" EC D "}", "ECDH-ES", "A128GCM", CRYPTO_P256, true, true, ""},
        {"{" EC D "}", "ECDH-ES", "A128GCM", CRYPTO_P384, true, false, "the sender is on another curve"},
        {"{" EC "}", "ECDH-ES", "A128GCM", CRYPTO_P256, true, false, "only the public half"},
        {"{" EC "}", "ECDH-ES", "A128GCM", CRYPTO_P384, false, true, "to encrypt to, the sender takes its curve"},
        {"{" EC D "}", "RSA-OAEP", "A128GCM", CRYPTO_P256, true, false, "another type"},
        {"{" EC D ",\"alg\":\"ECDH-ES\"}", "ECDH-ES+A128KW", "A128GCM", CRYPTO_P256, true, false, "for another alg"},
        {"{" OCT16 ",\"key_ops\":[\"unwrapKey\"]}", "A128KW", "A128GCM", 0, true, true, ""},
        {"{" OCT16 ",\"key_ops\":[\"wrapKey\"]}", "A128KW", "A128GCM", 0, true, false, "only the other direction"},
        {"{" OCT16 ",\"key_ops\":[\"wrapKey\"]}", "A128KW", "A128GCM", 0, false, true, "this one"},
        {"{" OCT16 ",\"key_ops\":[\"decrypt\"]}", "A128KW", "A128GCM", 0, true, false, "only what dir does"},
        {"{" OCT16 ",\"key_ops\":[\"decrypt\"]}", "dir", "A128GCM", 0, true, true, ""},
        {"{" OCT16 ",\"key_ops\":[\"sign\",\"verify\"]}", "dir", "A128GCM", 0, true, false, "signatures"},
        {"{" OCT16 ",\"key_ops\":[]}", "dir", "A128GCM", 0, true, false, "nothing"},
        {"{" EC D ",\"key_ops\":[\"deriveBits\"]}", "ECDH-ES", "A128GCM", CRYPTO_P256, true, true, ""},
        {"{" EC D ",\"key_ops\":[\"deriveKey\"]}", "ECDH-ES", "A128GCM", CRYPTO_P256, true, true, ""},
        {"{" EC D ",\"key_ops\":[\"sign\"]}", "ECDH-ES", "A128GCM", CRYPTO_P256, true, false, "signatures"},
        {"{" EC ",\"key_ops\":[]}", "ECDH-ES", "A128GCM", CRYPTO_P256, false, true, "a public key has no operations"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct jwe_key *key;
        const struct jwe_need need = {management_find(text_of(rows[i].alg)), content_find(text_of(rows[i].enc)), rows[i].curve,
                                      rows[i].decrypt};
        assert_int_equal(parse(rows[i].jwk, &key), APISEC_OK);
        const apisec_status status = jwe_key_fits(key, &need, NULL);
        if (status != (rows[i].fits ? APISEC_OK : APISEC_E_KEY_UNFIT)) fail_msg("row %zu, %s: %s", i, rows[i].alg, rows[i].why);
        jwe_key_free(key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_fitting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
