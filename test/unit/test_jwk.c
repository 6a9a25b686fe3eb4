/* SPDX-License-Identifier: Apache-2.0
 *
 * test_jwk.c: which texts are a JSON Web Key, what it may do, and which algorithm it fits. RFC 7517 section 4, RFC 7518 section 6.
 */
#include "support/unit.h"
#include "jose/jose.h"
#include "support/guard.h"
#include "support/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static apisec_status parse(const char *text, struct jwk **jwk, apisec_error *err)
{
    struct json *document = NULL;
    const size_t len = strlen(text);
    const char *in = guarded(text, len);
    assert_int_equal(json_parse((struct text){in, len}, &json_document_limits, &document, err), APISEC_OK);
    guard_free(in);
    const apisec_status status = jwk_parse(document, jwk, err);
    json_free(document); /* nothing of the key lies in it */
    return status;
}

/* The members that make the keys of the rows. */
#define EC_X "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\""
#define EC_Y "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define EC_D "\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\""
#define P256 "{\"kty\":\"EC\",\"crv\":\"P-256\","
#define EC "\"kty\":\"EC\",\"crv\":\"P-256\"," EC_X "," EC_Y
#define K32 "\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\""
#define OCT "\"kty\":\"oct\"," K32
#define K64 "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
#define KID256 K64 K64 K64 K64

enum { NEITHER = 0, VERIFY = 1, SIGN = 2, BOTH = 3 };

static const struct {
    const char *jwk;
    apisec_status status;
    int may;
    const char *why;
} rows[] = {
    {"{" EC "}", APISEC_OK, VERIFY, "the twin: a public key"},
    {"{" EC "," EC_D "}", APISEC_OK, BOTH, "a private key"},
    {"{" OCT "}", APISEC_OK, BOTH, "a secret"},

    /* not an object; kty */
    {"[]", APISEC_E_MALFORMED, NEITHER, "no object"},
    {"null", APISEC_E_MALFORMED, NEITHER, "no object"},
    {"\"EC\"", APISEC_E_MALFORMED, NEITHER, "no object"},
    {"{}", APISEC_E_MALFORMED, NEITHER, "no kty"},
    {"{\"crv\":\"P-256\"," EC_X "," EC_Y "}", APISEC_E_MALFORMED, NEITHER, "no kty"},
    {"{\"kty\":1}", APISEC_E_MALFORMED, NEITHER, "kty is no string"},
    {"{\"kty\":null}", APISEC_E_MALFORMED, NEITHER, "nor is null one"},
    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}", APISEC_E_UNSUPPORTED, NEITHER, "a kty that is not ours"},
    {"{\"kty\":\"ec\",\"crv\":\"P-256\"," EC_X "," EC_Y "}", APISEC_E_UNSUPPORTED, NEITHER, "kty is case-sensitive"},
    {"{\"kty\":\"\"}", APISEC_E_UNSUPPORTED, NEITHER, "an empty kty"},
    {"{\"KTY\":\"EC\",\"crv\":\"P-256\"," EC_X "," EC_Y "}", APISEC_E_MALFORMED, NEITHER, "member names are case-sensitive"},

    /* EC */
    {"{\"kty\":\"EC\"," EC_X "," EC_Y "}", APISEC_E_MALFORMED, NEITHER, "no crv"},
    {"{\"kty\":\"EC\",\"crv\":256," EC_X "," EC_Y "}", APISEC_E_MALFORMED, NEITHER, "crv is no string"},
    {"{\"kty\":\"EC\",\"crv\":\"secp256k1\"," EC_X "," EC_Y "}", APISEC_E_UNSUPPORTED, NEITHER, "a curve that is not ours"},
    {"{\"kty\":\"EC\",\"crv\":\"p-256\"," EC_X "," EC_Y "}", APISEC_E_UNSUPPORTED, NEITHER, "crv is case-sensitive"},
    {"{\"kty\":\"EC\",\"crv\":\"P-384\"," EC_X "," EC_Y "}", APISEC_E_KEY_UNFIT, NEITHER, "another curve than the point's"},
    {P256 EC_Y "}", APISEC_E_MALFORMED, NEITHER, "no x"},
    {P256 EC_X "}", APISEC_E_MALFORMED, NEITHER, "no y"},
    {P256 "\"x\":[]," EC_Y "}", APISEC_E_MALFORMED, NEITHER, "x is no string"},
    {P256 "\"x\":\"\"," EC_Y "}", APISEC_E_KEY_UNFIT, NEITHER, "x is empty"},
    {P256 "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU=\"," EC_Y "}", APISEC_E_MALFORMED, NEITHER, "padding"},
    {P256 "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEV\"," EC_Y "}", APISEC_E_MALFORMED, NEITHER, "trailing bits"},
    {P256 "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVE/\"," EC_Y "}", APISEC_E_MALFORMED, NEITHER, "the other alphabet"},
    {"{" EC ",\"d\":\"\"}", APISEC_E_KEY_UNFIT, NEITHER, "an empty d is no absent d"},
    {"{" EC ",\"d\":null}", APISEC_E_MALFORMED, NEITHER, "d is no string"},
    {"{" EC ",\"d\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}", APISEC_E_KEY_UNFIT, NEITHER, "d of another point"},

    /* oct */
    {"{\"kty\":\"oct\"}", APISEC_E_MALFORMED, NEITHER, "no k"},
    {"{\"kty\":\"oct\",\"k\":\"\"}", APISEC_E_KEY_UNFIT, NEITHER, "CVE-2026-44699: an empty secret"},
    {"{\"kty\":\"oct\",\"k\":\"AA==\"}", APISEC_E_MALFORMED, NEITHER, "padding"},
    {"{\"kty\":\"oct\",\"k\":32}", APISEC_E_MALFORMED, NEITHER, "k is no string"},
    {"{\"kty\":\"oct\",\"k\":\"AA\"}", APISEC_OK, BOTH, "short, for no algorithm in particular: it fits none"},
    {"{\"kty\":\"oct\",\"k\":\"AA\",\"alg\":\"HS256\"}", APISEC_E_KEY_UNFIT, NEITHER, "too short for its own algorithm"},
    {"{" OCT ",\"alg\":\"HS256\"}", APISEC_OK, BOTH, "just long enough"},
    {"{" OCT ",\"alg\":\"HS384\"}", APISEC_E_KEY_UNFIT, NEITHER, "RFC 7518 section 3.2"},

    /* RSA: the numbers are tested with lib/crypto */
    {"{\"kty\":\"RSA\",\"e\":\"AQAB\"}", APISEC_E_MALFORMED, NEITHER, "no n"},
    {"{\"kty\":\"RSA\",\"n\":\"AQAB\"}", APISEC_E_MALFORMED, NEITHER, "no e"},
    {"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":65537}", APISEC_E_MALFORMED, NEITHER, "e is no string"},
    {"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}", APISEC_E_KEY_UNFIT, NEITHER, "17 bits"},
    {"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\",\"oth\":[]}", APISEC_E_UNSUPPORTED, NEITHER, "RFC 7518 section 6.3.2.7"},

    /* alg */
    {"{" EC ",\"alg\":\"ES256\"}", APISEC_OK, VERIFY, ""},
    {"{" EC ",\"alg\":\"es256\"}", APISEC_E_ALGORITHM, NEITHER, "alg is case-sensitive"},
    {"{" EC ",\"alg\":\"ES521\"}", APISEC_E_ALGORITHM, NEITHER, "no such algorithm"},
    {"{" EC ",\"alg\":\"none\"}", APISEC_E_ALGORITHM, NEITHER, "nor this"},
    {"{" EC ",\"alg\":\"ECDH-ES\"}", APISEC_E_ALGORITHM, NEITHER, "for encryption"},
    {"{" EC ",\"alg\":\"ES384\"}", APISEC_E_KEY_UNFIT, NEITHER, "of another curve"},
    {"{" EC ",\"alg\":\"RS256\"}", APISEC_E_KEY_UNFIT, NEITHER, "of another type"},
    {"{" EC ",\"alg\":\"HS256\"}", APISEC_E_KEY_UNFIT, NEITHER, "of another type"},
    {"{" OCT ",\"alg\":\"RS256\"}", APISEC_E_KEY_UNFIT, NEITHER, "of another type"},
    {"{" EC ",\"alg\":null}", APISEC_E_MALFORMED, NEITHER, "alg is no string"},
    {"{" EC ",\"alg\":[\"ES256\"]}", APISEC_E_MALFORMED, NEITHER, "alg is no string"},

    /* use */
    {"{" EC ",\"use\":\"sig\"}", APISEC_OK, VERIFY, ""},
    {"{" EC "," EC_D ",\"use\":\"sig\"}", APISEC_OK, BOTH, ""},
    {"{" EC "," EC_D ",\"use\":\"enc\"}", APISEC_OK, NEITHER, "for encryption"},
    {"{" EC "," EC_D ",\"use\":\"Sig\"}", APISEC_OK, NEITHER, "use is case-sensitive; another value is another purpose"},
    {"{" EC "," EC_D ",\"use\":\"\"}", APISEC_OK, NEITHER, "an empty one, too"},
    {"{" EC ",\"use\":[\"sig\"]}", APISEC_E_MALFORMED, NEITHER, "use is no string"},
    {"{" EC ",\"use\":null}", APISEC_E_MALFORMED, NEITHER, "nor is null one"},

    /* key_ops */
    {"{" EC "," EC_D ",\"key_ops\":[\"sign\",\"verify\"]}", APISEC_OK, BOTH, ""},
    {"{" EC "," EC_D ",\"key_ops\":[\"sign\"]}", APISEC_OK, SIGN, "signs only"},
    {"{" EC "," EC_D ",\"key_ops\":[\"verify\"]}", APISEC_OK, VERIFY, "verifies only"},
    {"{" EC ",\"key_ops\":[\"sign\",\"verify\"]}", APISEC_OK, VERIFY, "a public key cannot sign, whatever it says"},
    {"{" EC "," EC_D ",\"key_ops\":[]}", APISEC_OK, NEITHER, "nothing is permitted"},
    {"{" EC "," EC_D ",\"key_ops\":[\"deriveKey\"]}", APISEC_OK, NEITHER, "other things are"},
    {"{" EC "," EC_D ",\"key_ops\":[\"sign, verify\"]}", APISEC_OK, NEITHER, "one operation of that name, which is none"},
    {"{" EC "," EC_D ",\"key_ops\":[\"verify\",\"vendor\"]}", APISEC_OK, VERIFY, "unknown ones stand beside"},
    {"{" EC "," EC_D ",\"use\":\"enc\",\"key_ops\":[\"verify\"]}", APISEC_OK, NEITHER, "both must permit it"},
    {"{" EC "," EC_D ",\"use\":\"sig\",\"key_ops\":[\"deriveKey\"]}", APISEC_OK, NEITHER, "both must permit it"},
    {"{" EC ",\"key_ops\":\"verify\"}", APISEC_E_MALFORMED, NEITHER, "no array"},
    {"{" EC ",\"key_ops\":null}", APISEC_E_MALFORMED, NEITHER, "no array"},
    {"{" EC ",\"key_ops\":[\"verify\",1]}", APISEC_E_MALFORMED, NEITHER, "not only strings"},
    {"{" EC ",\"key_ops\":[\"verify\",\"sign\",\"verify\"]}", APISEC_E_MALFORMED, NEITHER, "RFC 7517 section 4.3: none twice"},

    /* kid; the rest is ignored */
    {"{" EC ",\"kid\":\"" KID256 "\"}", APISEC_OK, VERIFY, "256 bytes"},
    {"{" EC ",\"kid\":\"" KID256 "k\"}", APISEC_E_MALFORMED, NEITHER, "257 bytes"},
    {"{" EC ",\"kid\":1}", APISEC_E_MALFORMED, NEITHER, "kid is no string"},
    {"{" EC ",\"kid\":null}", APISEC_E_MALFORMED, NEITHER, "nor is null one"},
    {"{" EC ",\"kid\":\"../../etc/passwd\"}", APISEC_OK, VERIFY, "opaque"},
    {"{" EC ",\"x5u\":\"file:///etc/passwd\",\"x5c\":7,\"x5t\":[],\"x5t#S256\":{},\"ext\":true}", APISEC_OK, VERIFY,
     "not looked at"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct jwk *jwk = (struct jwk *)&jwk; /* must be set to NULL when refused */
        apisec_error err;
        const apisec_status status = parse(rows[i].jwk, &jwk, &err);
        if (status != rows[i].status) fail_msg("%s: %d (%s), %s", rows[i].jwk, (int)status, err.text, rows[i].why);
        assert_int_equal(err.status, status);
        if (rows[i].jwk[0] != '{') assert_non_null(strstr(err.text, "not an object"));
        assert_int_equal(jwk != NULL, status == APISEC_OK);
        if (!jwk) continue;
        const int may = (jwk->may_verify ? VERIFY : 0) | (jwk->may_sign ? SIGN : 0);
        if (may != rows[i].may) fail_msg("%s: may %d, %s", rows[i].jwk, may, rows[i].why);
        jwk_free(jwk);
    }
    jwk_free(NULL);
}

/* What an operator reads about a key holds nothing of the key. */
static void test_errors_do_not_tell_the_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct jwk *jwk = NULL;
        apisec_error err;
        parse(rows[i].jwk, &jwk, &err);
        jwk_free(jwk);
        assert_null(strstr(err.text, "f83OJ3D2"));
        assert_null(strstr(err.text, "kkkk"));
        assert_null(strstr(err.text, "AAEC"));
    }
}

/* ---- jwk_fits ---- */

static void test_fits(void **state)
{
    (void)state;
    static const struct {
        const char *jwk;
        const char *alg;
        apisec_status status;
        const char *why;
    } fits[] = {
        {"{" EC "}", "ES256", APISEC_OK, "the type and the curve"},
        {"{" EC "}", "ES384", APISEC_E_KEY_UNFIT, "another curve"},
        {"{" EC "}", "ES512", APISEC_E_KEY_UNFIT, "another curve"},
        {"{" EC "}", "RS256", APISEC_E_KEY_UNFIT, "another type"},
        {"{" EC "}", "PS256", APISEC_E_KEY_UNFIT, "another type"},
        {"{" EC "}", "HS256", APISEC_E_KEY_UNFIT, "a public key as a secret"},
        {"{" EC ",\"alg\":\"ES256\"}", "ES256", APISEC_OK, "its alg"},
        {"{" EC ",\"use\":\"enc\"}", "ES256", APISEC_E_KEY_UNFIT, "for encryption"},
        {"{" EC ",\"key_ops\":[\"sign\"]}", "ES256", APISEC_E_KEY_UNFIT, "not for verifying"},
        {"{" OCT "}", "HS256", APISEC_OK, "long enough"},
        {"{" OCT "}", "HS384", APISEC_E_KEY_UNFIT, "too short"},
        {"{" OCT "}", "HS512", APISEC_E_KEY_UNFIT, "too short"},
        {"{" OCT "}", "ES256", APISEC_E_KEY_UNFIT, "another type"},
        {"{" OCT ",\"alg\":\"HS256\"}", "HS384", APISEC_E_KEY_UNFIT, "another alg"},
        {key_a1_oct, "HS512", APISEC_OK, "64 bytes"},
        {key_a2_rsa, "RS256", APISEC_OK, ""},
        {key_a2_rsa, "RS512", APISEC_OK, "an RSA key without alg fits all six"},
        {key_a2_rsa, "PS384", APISEC_OK, ""},
        {key_a2_rsa, "HS256", APISEC_E_KEY_UNFIT, "CVE-2015-9235"},
        {key_a2_rsa, "ES256", APISEC_E_KEY_UNFIT, "another type"},
        {key_a4_p521, "ES512", APISEC_OK, ""},
        {key_a4_p521, "ES256", APISEC_E_KEY_UNFIT, "another curve"},
    };
    for (size_t i = 0; i < sizeof fits / sizeof fits[0]; i++) {
        struct jwk *jwk = NULL;
        assert_int_equal(parse(fits[i].jwk, &jwk, NULL), APISEC_OK);
        const apisec_status status = jwk_fits(jwk, algorithm_find(text_of(fits[i].alg)), NULL);
        if (status != fits[i].status) fail_msg("row %zu: %d, %s", i, (int)status, fits[i].why);
        jwk_free(jwk);
    }
}

/* RSA with alg: the same type, and yet another algorithm is refused (libjwt issue 339). */
static void test_alg_binds_an_rsa_key(void **state)
{
    (void)state;
    static const char *const names[] = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"};
    for (size_t i = 0; i < 6; i++) {
        char text[4096];
        struct jwk *jwk = NULL;
        snprintf(text, sizeof text, "{\"alg\":\"%s\",%s", names[i], key_a2_rsa + 1);
        assert_int_equal(parse(text, &jwk, NULL), APISEC_OK);
        for (size_t j = 0; j < 6; j++) {
            const apisec_status want = i == j ? APISEC_OK : APISEC_E_KEY_UNFIT;
            assert_int_equal(jwk_fits(jwk, algorithm_find(text_of(names[j])), NULL), want);
        }
        jwk_free(jwk);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_errors_do_not_tell_the_key),
        cmocka_unit_test(test_fits),
        cmocka_unit_test(test_alg_binds_an_rsa_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
