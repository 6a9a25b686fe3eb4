/* SPDX-License-Identifier: Apache-2.0
 *
 * test_jwe.c: the parts of an encrypted token and what its header may say.
 */
#include "support/unit.h"
#include "jose/jose.h"
#include "support/encrypted.h"
#include "support/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EPK "\"epk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0\"," \
            "\"y\":\"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps\"}"
#define ECDH "\"alg\":\"ECDH-ES\",\"enc\":\"A128GCM\""
#define WRAP "\"alg\":\"A128GCMKW\",\"enc\":\"A128GCM\""
#define IV "\"iv\":\"AAECAwQFBgcICQoL\""
#define TAG "\"tag\":\"AAECAwQFBgcICQoLDA0ODw\""

static void test_parts(void **state)
{
    (void)state;
    static const struct {
        const char *token;
        apisec_status status;
        bool looks;
        const char *why;
    } rows[] = {
        {"a.b.c.d.e", APISEC_OK, true, "the twin"},
        {"a....", APISEC_OK, true, "empty parts are judged later"},
        {"....", APISEC_E_MALFORMED, true, "no header"},
        {".b.c.d.e", APISEC_E_MALFORMED, true, "no header"},
        {"a.b.c.d", APISEC_E_MALFORMED, false, "4 parts"},
        {"a.b.c", APISEC_E_MALFORMED, false, "a JWS"},
        {"a.b.c.d.e.f", APISEC_E_MALFORMED, false, "6 parts"},
        {"a.b.c.d.e.", APISEC_E_MALFORMED, false, "6 parts"},
        {"a.b.c.d.e=", APISEC_E_MALFORMED, true, "padding"},
        {"a.b.c.d.e\n", APISEC_E_MALFORMED, true, "a new line"},
        {"", APISEC_E_MALFORMED, false, "nothing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct jwe jwe;
        const char *in = guarded_text(rows[i].token);
        const struct text token = {in, strlen(rows[i].token)};
        const apisec_status status = jwe_split(token, &jwe, NULL);
        if (status != rows[i].status) fail_msg("%s: %d", rows[i].why, (int)status);
        if (jwe_looks_like(token) != rows[i].looks) fail_msg("%s: looks like one, or not", rows[i].why);
        if (status != APISEC_OK) assert_null(jwe.header.at);
        guard_free(in);
    }
    struct jwe jwe;
    apisec_error err;
    assert_int_equal(jwe_split(text_of("aa"), &jwe, &err), APISEC_E_MALFORMED);
    assert_string_equal(err.text, "the token has 1 part instead of 5");
    assert_int_equal(jwe_split(text_of("aa.bb.cc.dd"), &jwe, &err), APISEC_E_MALFORMED);
    assert_string_equal(err.text, "the token has 4 parts instead of 5");
    assert_int_equal(jwe_split(text_of("aa.bb.cc.dd.ee"), &jwe, NULL), APISEC_OK);
    assert_true(text_is(jwe.header, "aa") && text_is(jwe.encrypted_key, "bb") && text_is(jwe.iv, "cc"));
    assert_true(text_is(jwe.ciphertext, "dd") && text_is(jwe.tag, "ee"));
}

static const struct {
    const char *header;
    apisec_status status;
    const char *text; /* in the sentence */
    const char *why;
} headers[] = {
    {"{\"alg\":\"dir\",\"enc\":\"A128GCM\"}", APISEC_OK, "", "the twin"},
    {"{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"kid\":\"k\",\"cty\":\"JWT\",\"typ\":\"JWT\"}", APISEC_OK, "", "all that is read"},
    {"{\"enc\":\"A128GCM\"}", APISEC_E_MALFORMED, "alg", "no alg"},
    {"{\"alg\":\"dir\"}", APISEC_E_MALFORMED, "enc", "no enc"},
    {"{\"alg\":null,\"enc\":\"A128GCM\"}", APISEC_E_MALFORMED, "alg", "alg is no string"},
    {"{\"alg\":\"dir\",\"enc\":5}", APISEC_E_MALFORMED, "enc", "enc is no string"},
    {"{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"kid\":[]}", APISEC_E_MALFORMED, "kid", "kid is no string"},
    {"{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"cty\":7}", APISEC_E_MALFORMED, "cty", "cty is no string"},
    {"{\"alg\":\"RSA1_5\",\"enc\":\"A128GCM\"}", APISEC_E_ALGORITHM, "RSA1_5", "refused by name"},
    {"{\"alg\":\"PBES2-HS512+A256KW\",\"enc\":\"A128GCM\",\"p2c\":1,\"p2s\":\"AA\"}", APISEC_E_ALGORITHM, "PBES2",
     "refused by name"},
    {"{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"zip\":\"DEF\"}", APISEC_E_ALGORITHM, "zip", "refused by name"},
    {"{\"alg\":\"ES256\",\"enc\":\"A128GCM\"}", APISEC_E_ALGORITHM, "alg", "a signature"},
    {"{\"alg\":\"dir\",\"enc\":\"dir\"}", APISEC_E_ALGORITHM, "enc", "no enc"},
    {"{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"crit\":[\"x\"]}", APISEC_E_MALFORMED, "crit", "crit"},
    {"{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"epk\":7,\"apu\":7,\"iv\":7}", APISEC_OK, "", "members of other algorithms"},
    {"{" ECDH "," EPK "}", APISEC_OK, "", "the twin with ECDH-ES"},
    {"{" ECDH "," EPK ",\"apu\":\"QWxpY2U\",\"apv\":\"Qm9i\"}", APISEC_OK, "", "who they are"},
    {"{" ECDH "," EPK ",\"apu\":\"QWxpY2V\"}", APISEC_E_MALFORMED, "apu", "a trailing bit"},
    {"{" ECDH "," EPK ",\"apv\":7}", APISEC_E_MALFORMED, "apv", "apv is no string"},
    {"{" ECDH "}", APISEC_E_MALFORMED, "epk", "no epk"},
    {"{" ECDH ",\"epk\":\"x\"}", APISEC_E_MALFORMED, "epk", "epk is no object"},
    {"{" ECDH ",\"epk\":{\"kty\":\"RSA\",\"n\":\"AA\",\"e\":\"AQAB\"}}", APISEC_E_MALFORMED, "epk", "an RSA key"},
    {"{" WRAP "," IV "," TAG "}", APISEC_OK, "", "the twin with AES-GCM key wrap"},
    {"{" WRAP "," TAG "}", APISEC_E_MALFORMED, "iv", "no iv"},
    {"{" WRAP "," IV "}", APISEC_E_MALFORMED, "tag", "no tag"},
    {"{" WRAP "," IV ",\"tag\":\"AAEC\"}", APISEC_E_MALFORMED, "tag", "a short tag"},
    {"{" WRAP ",\"iv\":\"AAEC\"," TAG "}", APISEC_E_MALFORMED, "iv", "a short iv"},
    {"{" WRAP ",\"iv\":\"AAECAwQFBgcICQoLDA0ODw\"," TAG "}", APISEC_E_MALFORMED, "iv", "a long iv"},
    {"{" WRAP ",\"iv\":7," TAG "}", APISEC_E_MALFORMED, "iv", "iv is no string"},
};

static apisec_status parse(const char *header, struct jwe_header *parsed, apisec_error *err)
{
    char *const encoded = malloc(base64url_encoded_len(strlen(header)) + 1);
    base64url_encode(header, strlen(header), encoded);
    const char *const in = guarded_text(encoded);
    const apisec_status status = jwe_header_parse((struct text){in, strlen(encoded)}, parsed, err);
    guard_free(in);
    free(encoded);
    return status;
}

static void test_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        struct jwe_header header;
        apisec_error err;
        const apisec_status status = parse(headers[i].header, &header, &err);
        if (status != headers[i].status) fail_msg("%s: %s", headers[i].why, err.text);
        if (!strstr(err.text, headers[i].text)) fail_msg("%s: it says: %s", headers[i].why, err.text);
        if (status != APISEC_OK) assert_null(header.document);
        jwe_header_free(&header);
    }
}

static void test_what_is_read(void **state)
{
    (void)state;
    struct jwe_header header;
    assert_int_equal(parse("{" ECDH "," EPK ",\"apu\":\"QWxpY2U\",\"apv\":\"Qm9i\",\"kid\":\"k\",\"cty\":\"JWT\"}", &header, NULL),
                     APISEC_OK);
    assert_string_equal(header.management->name, "ECDH-ES");
    assert_string_equal(header.content->name, "A128GCM");
    assert_true(text_is(header.apu, "Alice") && text_is(header.apv, "Bob"));
    assert_true(text_is(header.kid, "k") && text_is(header.cty, "JWT"));
    assert_int_equal(crypto_key_curve(header.epk), CRYPTO_P256);
    jwe_header_free(&header);
    assert_int_equal(parse("{" WRAP "," IV "," TAG "}", &header, NULL), APISEC_OK);
    assert_int_equal(header.iv.len, CRYPTO_GCM_IV);
    assert_int_equal(header.tag.len, CRYPTO_GCM_TAG);
    assert_null(header.kid.at);
    assert_null(header.cty.at);
    jwe_header_free(&header);
}

static void test_long_names(void **state)
{
    (void)state;
    for (int len = JOSE_MAX_KEY_ID; len <= JOSE_MAX_KEY_ID + 1; len++) {
        char text[512];
        struct jwe_header header;
        snprintf(text, sizeof text, "{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"kid\":\"%0*d\"}", len, 0);
        assert_int_equal(parse(text, &header, NULL), len == JOSE_MAX_KEY_ID ? APISEC_OK : APISEC_E_MALFORMED);
        jwe_header_free(&header);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_what_is_read),
        cmocka_unit_test(test_long_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
