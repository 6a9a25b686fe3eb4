/* SPDX-License-Identifier: Apache-2.0
 *
 * test_jwe_keys.c: what one recipient decrypts with: which sets are taken, and which key of them a token gets.
 */
#include "support/unit.h"
#include "jose/jose.h"
#include "support/encrypted.h"
#include "support/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define A "{\"kty\":\"oct\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"kid\":\"a\"}"
#define B "{\"kty\":\"oct\",\"k\":\"AQEBAQEBAQEBAQEBAQEBAQ\",\"kid\":\"b\"}"
#define NAMELESS "{\"kty\":\"oct\",\"k\":\"AgICAgICAgICAgICAgICAg\"}"
#define LONG "{\"kty\":\"oct\",\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}"
#define EC "{\"kty\":\"EC\",\"kid\":\"a\",\"crv\":\"P-256\",\"x\":\"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ\"," \
           "\"y\":\"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck\",\"d\":\"VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw\"}"
#define PUBLIC "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ\"," \
               "\"y\":\"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck\"}"
#define SIGNS "{\"kty\":\"oct\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"kid\":\"a\",\"use\":\"sig\"}"
#define OKP "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AA\",\"d\":\"AA\"}"

static void test_reading(void **state)
{
    (void)state;
    static const struct {
        const char *set;
        apisec_status status;
        const char *why;
    } rows[] = {
        {"{\"keys\":[" A "]}", APISEC_OK, "the twin"},
        {A, APISEC_OK, "one key by itself"},
        {"{\"keys\":[" A "," B "," EC "," NAMELESS "," NAMELESS "]}", APISEC_OK, "many, some without a kid"},
        {"{\"keys\":[" A "," SIGNS "]}", APISEC_OK, "one that signs is left out, with the same kid"},
        {"{\"keys\":[" SIGNS "]}", APISEC_E_KEY_UNFIT, "none is left"},
        {SIGNS, APISEC_E_KEY_UNFIT, "none is left"},
        {"{\"keys\":[" A "," OKP "]}", APISEC_OK, "a kind that is not known is left out"},
        {"{\"keys\":[" OKP "]}", APISEC_E_KEY_UNFIT, "none is left"},
        {"{\"keys\":[" A "," A "]}", APISEC_E_KEY_UNFIT, "a kid twice"},
        {"{\"keys\":[" PUBLIC "]}", APISEC_E_KEY_UNFIT, "a public key"},
        {"{\"keys\":[" A "," PUBLIC "]}", APISEC_E_KEY_UNFIT, "a public key beside a good one"},
        {"{\"keys\":[" A ",{\"kty\":\"oct\"}]}", APISEC_E_MALFORMED, "a broken key beside a good one"},
        {"{\"keys\":[" A ",{\"kty\":\"oct\",\"k\":\"AA\",\"alg\":\"A128KW\"}]}", APISEC_E_KEY_UNFIT, "not what it says"},
        {"{\"keys\":[" A ",7]}", APISEC_E_MALFORMED, "no object"},
        {"{\"keys\":[]}", APISEC_E_KEY_UNFIT, "none"},
        {"{\"keys\":{}}", APISEC_E_MALFORMED, "no array"},
        {"{}", APISEC_E_MALFORMED, "neither set nor key"},
        {"", APISEC_E_MALFORMED, "nothing"},
        {"{\"keys\":[" A "],\"keys\":[" B "]}", APISEC_E_MALFORMED, "a member twice"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct jwe_keys *keys = (struct jwe_keys *)&rows;
        apisec_error err;
        const char *in = guarded_text(rows[i].set);
        const apisec_status status = jwe_keys_parse((struct text){in, strlen(rows[i].set)}, &keys, &err);
        if (status != rows[i].status) fail_msg("%s: %s", rows[i].why, err.text);
        assert_int_equal(keys != NULL, status == APISEC_OK);
        jwe_keys_free(keys);
        guard_free(in);
    }
    jwe_keys_free(NULL);
}

static void test_how_many(void **state)
{
    (void)state;
    for (size_t num = JOSE_MAX_KEYS; num <= JOSE_MAX_KEYS + 1; num++) {
        struct buffer set = BUFFER_MAX(65536);
        struct jwe_keys *keys = NULL;
        buffer_text(&set, "{\"keys\":[");
        for (size_t i = 0; i < num; i++) buffer_text(&set, i == 0 ? NAMELESS : "," NAMELESS);
        buffer_text(&set, "]}");
        assert_int_equal(set.status, APISEC_OK);
        const apisec_status status = jwe_keys_parse((struct text){set.bytes, set.len}, &keys, NULL);
        assert_int_equal(status, num == JOSE_MAX_KEYS ? APISEC_OK : APISEC_E_TOO_LARGE);
        jwe_keys_free(keys);
        buffer_free(&set);
    }
    struct jwe_keys *keys = NULL;
    char *large = calloc(1, JOSE_MAX_KEY_SET + 1);
    assert_int_equal(jwe_keys_parse((struct text){large, JOSE_MAX_KEY_SET + 1}, &keys, NULL), APISEC_E_TOO_LARGE);
    free(large);
}

static void test_finding(void **state)
{
    (void)state;
    static const struct {
        const char *set, *kid, *alg;
        apisec_status status;
        const char *k; /* what the key begins with */
        const char *why;
    } rows[] = {
        {"{\"keys\":[" A "," B "]}", "a", "A128KW", APISEC_OK, "\0", "by its kid"},
        {"{\"keys\":[" A "," B "]}", "b", "A128KW", APISEC_OK, "\1", "by its kid"},
        {"{\"keys\":[" A "," B "]}", "c", "A128KW", APISEC_E_KEY_UNKNOWN, NULL, "no such kid"},
        {"{\"keys\":[" A "," B "]}", "", "A128KW", APISEC_E_KEY_UNKNOWN, NULL, "an empty kid is none of theirs"},
        {"{\"keys\":[" A "," B "]}", "A", "A128KW", APISEC_E_KEY_UNKNOWN, NULL, "names are case-sensitive"},
        {"{\"keys\":[" A "," B "]}", NULL, "A128KW", APISEC_E_KEY_UNKNOWN, NULL, "no kid, and two fit"},
        {"{\"keys\":[" A "," LONG "]}", NULL, "A128KW", APISEC_OK, "\0", "no kid, and one fits"},
        {"{\"keys\":[" A "," LONG "]}", NULL, "A192KW", APISEC_E_KEY_UNKNOWN, NULL, "no kid, and none fits"},
        {"{\"keys\":[" A "," B "," NAMELESS "]}", "c", "A128KW", APISEC_OK, "\2", "one that has no kid may be meant"},
        {"{\"keys\":[" A "," NAMELESS "," NAMELESS "]}", "c", "A128KW", APISEC_E_KEY_UNKNOWN, NULL, "but not one of two"},
        {"{\"keys\":[" A "," NAMELESS "]}", "a", "A128KW", APISEC_OK, "\0", "a name goes before none"},
        {"{\"keys\":[" A "," LONG "]}", "a", "A256KW", APISEC_E_KEY_UNFIT, NULL, "named, and too short"},
        {"{\"keys\":[" EC "," A "]}", "a", "A128KW", APISEC_OK, "\0", "two types with one kid"},
        {"{\"keys\":[" EC "]}", "a", "A128KW", APISEC_E_KEY_UNFIT, NULL, "named, and of another type"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct jwe_keys *keys = NULL;
        struct arena arena = {NULL};
        const struct jwe_key *key = (const struct jwe_key *)&rows;
        struct text secret;
        const struct jwe_need need = {management_find(text_of(rows[i].alg)), content_find(text_of("A128GCM")), CRYPTO_P256, true};
        assert_int_equal(jwe_keys_parse(text_of(rows[i].set), &keys, NULL), APISEC_OK);
        const apisec_status status = jwe_keys_find(keys, text_of(rows[i].kid), &need, &key, NULL);
        if (status != rows[i].status) fail_msg("row %zu: %s: %s", i, rows[i].why, apisec_status_name(status));
        assert_int_equal(key != NULL, status == APISEC_OK);
        if (key) assert_int_equal(crypto_key_oct_bytes(key->key, &arena, &secret), APISEC_OK);
        if (key && secret.at[0] != rows[i].k[0]) fail_msg("row %zu: another key: %s", i, rows[i].why);
        jwe_keys_free(keys);
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_how_many),
        cmocka_unit_test(test_finding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
