/* SPDX-License-Identifier: Apache-2.0
 *
 * test_jwkset.c: which texts are a key set, which of its keys are used, and which of them a token gets. RFC 7517 section 5.
 */
#include "support/unit.h"
#include "jose/jose.h"
#include "support/guard.h"
#include "support/keys.h"

#include <stdlib.h>
#include <string.h>

/* Keys of the rows, without their braces: two on P-256, one private, secrets, RSA. */
#define EC_A "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"," \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define EC_B "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\"," \
    "\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\""
#define EC_PRIVATE EC_A ",\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\""
#define EC_OFF "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"," \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a4\""
#define OCT "\"kty\":\"oct\",\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\""
#define RSA "\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"" \
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_" \
    "YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uD" \
    "Zlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ\""
#define OKP "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""
#define SMALL "\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"AQAB\""
#define SET(keys) "{\"keys\":[" keys "]}"

static apisec_status parse(const char *text, enum jwk_source source, struct jwk_set **set, apisec_error *err)
{
    const size_t len = strlen(text);
    const char *in = guarded(text, len);
    const apisec_status status = jwk_set_parse((struct text){in, len}, source, set, err);
    guard_free(in); /* nothing of the set lies in it */
    return status;
}

/* ---- reading ---- */

static const struct {
    const char *set;
    enum jwk_source source;
    apisec_status status;
    size_t num_keys, num_skipped;
    const char *why;
} rows[] = {
    {SET("{" EC_A "}"), JWK_FETCHED, APISEC_OK, 1, 0, "the twin"},
    {SET("{" EC_A ",\"kid\":\"a\"},{" EC_B ",\"kid\":\"b\"},{" RSA ",\"kid\":\"c\"}"), JWK_FETCHED, APISEC_OK, 3, 0, ""},
    {"{\"issuer\":1,\"keys\":[{" EC_A "}]}", JWK_FETCHED, APISEC_OK, 1, 0, "other members are not looked at"},

    /* no set */
    {"", JWK_FETCHED, APISEC_E_MALFORMED, 0, 0, "nothing"},
    {"<html><body>Login</body></html>", JWK_FETCHED, APISEC_E_MALFORMED, 0, 0, "a page"},
    {"[]", JWK_FETCHED, APISEC_E_MALFORMED, 0, 0, "no object"},
    {"{}", JWK_FETCHED, APISEC_E_MALFORMED, 0, 0, "no keys"},
    {"{\"error\":\"server_error\"}", JWK_FETCHED, APISEC_E_MALFORMED, 0, 0, "an error body"},
    {"{" EC_A "}", JWK_FETCHED, APISEC_E_MALFORMED, 0, 0, "a key is no set"},
    {"{\"keys\":{" EC_A "}}", JWK_FETCHED, APISEC_E_MALFORMED, 0, 0, "keys is no array"},
    {"{\"keys\":null}", JWK_FETCHED, APISEC_E_MALFORMED, 0, 0, ""},
    {SET("{" EC_A "}") " {}", JWK_FETCHED, APISEC_E_MALFORMED, 0, 0, "bytes behind the end"},
    {"{\"keys\":[{" EC_A "}],\"keys\":[{" EC_B "}]}", JWK_FETCHED, APISEC_E_MALFORMED, 0, 0, "keys twice"},
    {SET("{" EC_A ",\"kty\":\"EC\"}"), JWK_FETCHED, APISEC_E_MALFORMED, 0, 0, "a member twice within a key"},
    {SET("{" EC_A ",\"kid\":\"a\\u0000b\"}"), JWK_FETCHED, APISEC_E_MALFORMED, 0, 0, "a NUL within a kid"},

    /* no usable key */
    {SET(""), JWK_FETCHED, APISEC_E_KEY_UNFIT, 0, 0, "empty"},
    {SET("{" OKP "}"), JWK_FETCHED, APISEC_E_KEY_UNFIT, 0, 0, "none that is ours"},
    {SET("{" EC_A ",\"use\":\"enc\"}"), JWK_FETCHED, APISEC_E_KEY_UNFIT, 0, 0, "none for signatures"},

    /* one bad key among good ones */
    {SET("{" OKP "},{" EC_A "}"), JWK_FETCHED, APISEC_OK, 1, 1, "an unknown kty"},
    {SET("{" EC_A "},{\"kty\":\"EC\",\"crv\":\"secp256k1\"}"), JWK_FETCHED, APISEC_OK, 1, 1, "an unknown crv"},
    {SET("{" EC_A "},{" RSA ",\"alg\":\"RSA-OAEP\"}"), JWK_FETCHED, APISEC_OK, 1, 1, "alg is for encryption"},
    {SET("{" EC_A "},{" RSA ",\"use\":\"enc\"}"), JWK_FETCHED, APISEC_OK, 1, 1, "use is for encryption"},
    {SET("{" EC_A "},{" RSA ",\"key_ops\":[\"encrypt\"]}"), JWK_FETCHED, APISEC_OK, 1, 1, "key_ops, too"},
    {SET("{" EC_A "},{" EC_OFF "}"), JWK_FETCHED, APISEC_OK, 1, 1, "a point beside its curve"},
    {SET("{" EC_A "},{" SMALL "}"), JWK_FETCHED, APISEC_OK, 1, 1, "too small"},
    {SET("{" EC_A "},{" EC_B ",\"kid\":7}"), JWK_FETCHED, APISEC_OK, 1, 1, "a kid that is no string"},
    {SET("{" EC_A "},7,null,[],\"\""), JWK_FETCHED, APISEC_OK, 1, 4, "no keys at all"},
    {SET("{},{" EC_A "}"), JWK_FETCHED, APISEC_OK, 1, 1, "an empty key"},

    /* secrets only where the set is pinned */
    {SET("{" OCT "}"), JWK_PINNED, APISEC_OK, 1, 0, "pinned"},
    {SET("{" OCT "}"), JWK_FETCHED, APISEC_E_KEY_UNFIT, 0, 0, "fetched: a secret that anyone can fetch"},
    {SET("{" OCT "},{" EC_A "}"), JWK_FETCHED, APISEC_OK, 1, 1, "the others are used"},
    {SET("{" OCT "},{" EC_A "}"), JWK_PINNED, APISEC_OK, 2, 0, "both are used"},

    /* private keys have no place here, and the whole set is refused */
    {SET("{" EC_PRIVATE "}"), JWK_PINNED, APISEC_E_KEY_UNFIT, 0, 0, "pinned"},
    {SET("{" EC_PRIVATE "}"), JWK_FETCHED, APISEC_E_KEY_UNFIT, 0, 0, "fetched"},
    {SET("{" EC_B "},{" EC_PRIVATE "}"), JWK_FETCHED, APISEC_E_KEY_UNFIT, 0, 0, "not skipped"},
    {SET("{" EC_B "},{" EC_PRIVATE ",\"use\":\"enc\"}"), JWK_FETCHED, APISEC_E_KEY_UNFIT, 0, 0, "nor for encryption"},
    {SET("{" EC_B "},{" SMALL ",\"d\":\"AQAB\"}"), JWK_FETCHED, APISEC_E_KEY_UNFIT, 0, 0, "nor when it is too small"},
    {SET("{" EC_B "},{" RSA ",\"p\":\"AQAB\"}"), JWK_FETCHED, APISEC_E_KEY_UNFIT, 0, 0, "a prime is as bad as d"},
    {SET("{" EC_B "},{" OKP ",\"d\":\"AQAB\"}"), JWK_FETCHED, APISEC_OK, 1, 1, "of an unknown kty nothing is known"},

    /* kids */
    {SET("{" EC_A ",\"kid\":\"k\"},{" EC_B ",\"kid\":\"k\"}"), JWK_FETCHED, APISEC_E_KEY_UNFIT, 0, 0, "all are ambiguous"},
    {SET("{" EC_A ",\"kid\":\"k\"},{" EC_B ",\"kid\":\"k\"},{" RSA "}"), JWK_FETCHED, APISEC_OK, 3, 0, "not all"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct jwk_set *set = (struct jwk_set *)&set; /* must be set to NULL when refused */
        apisec_error err;
        const apisec_status status = parse(rows[i].set, rows[i].source, &set, &err);
        if (status != rows[i].status) fail_msg("%s: %d (%s), %s", rows[i].set, (int)status, err.text, rows[i].why);
        assert_int_equal(err.status, status);
        assert_int_equal(set != NULL, status == APISEC_OK);
        if (!set) continue;
        if (set->num_keys != rows[i].num_keys || set->num_skipped != rows[i].num_skipped) {
            fail_msg("%s: %zu keys, %zu skipped, %s", rows[i].set, set->num_keys, set->num_skipped, rows[i].why);
        }
        jwk_set_free(set);
    }
    jwk_set_free(NULL);
}

static void test_how_many_are_said(void **state)
{
    (void)state;
    struct jwk_set *set;
    apisec_error err;
    assert_int_equal(parse(SET("{" OKP "}"), JWK_FETCHED, &set, &err), APISEC_E_KEY_UNFIT);
    assert_string_equal(err.text, "the key set's only key cannot verify a signature here");
    assert_int_equal(parse(SET("{" OKP "},{" OKP "}"), JWK_FETCHED, &set, &err), APISEC_E_KEY_UNFIT);
    assert_string_equal(err.text, "none of the key set's 2 keys can verify a signature here");
}

static void test_limits(void **state)
{
    (void)state;
    struct buffer text = BUFFER_MAX(JOSE_MAX_KEY_SET + 2);
    struct jwk_set *set;
    for (size_t num = JOSE_MAX_KEYS; num <= JOSE_MAX_KEYS + 1; num++) {
        buffer_clear(&text);
        buffer_text(&text, "{\"keys\":[");
        for (size_t i = 0; i < num; i++) buffer_text(&text, i ? ",{" EC_A "}" : "{" EC_A "}");
        buffer_text(&text, "]}");
        assert_int_equal(parse(text.bytes, JWK_FETCHED, &set, NULL), num <= JOSE_MAX_KEYS ? APISEC_OK : APISEC_E_TOO_LARGE);
        jwk_set_free(set);
    }
    for (size_t len = JOSE_MAX_KEY_SET; len <= JOSE_MAX_KEY_SET + 1; len++) { /* filled with spaces */
        buffer_clear(&text);
        buffer_text(&text, SET("{" EC_A "}"));
        while (text.len < len) buffer_byte(&text, ' ');
        assert_int_equal(text.status, APISEC_OK);
        apisec_error err;
        assert_int_equal(parse(text.bytes, JWK_FETCHED, &set, &err), len <= JOSE_MAX_KEY_SET ? APISEC_OK : APISEC_E_TOO_LARGE);
        if (len > JOSE_MAX_KEY_SET) assert_string_equal(err.text, "the key set has 262145 bytes; at most 262144 are accepted");
        jwk_set_free(set);
    }
    buffer_free(&text);
}

/* ---- finding ---- */

#define THREE SET("{" EC_A ",\"kid\":\"ec\"},{" RSA ",\"kid\":\"rsa\",\"alg\":\"RS256\"},{" OCT ",\"kid\":\"oct\"}")
#define TWICE SET("{" RSA ",\"kid\":\"k\"},{" EC_A ",\"kid\":\"k\"},{" EC_B ",\"kid\":\"k\"}")

static const struct {
    const char *set;
    const char *kid; /* NULL: the token has none */
    const char *alg;
    apisec_status status;
    size_t number; /* of the key that is found */
    const char *why;
} finds[] = {
    {THREE, "ec", "ES256", APISEC_OK, 0, "by kid"},
    {THREE, "rsa", "RS256", APISEC_OK, 1, ""},
    {THREE, "oct", "HS256", APISEC_OK, 2, ""},
    {THREE, "rsa", "RS512", APISEC_E_KEY_UNFIT, 0, "there, and for RS256"},
    {THREE, "rsa", "HS256", APISEC_E_KEY_UNFIT, 0, "there, and public"},
    {THREE, "ec", "RS256", APISEC_E_KEY_UNFIT, 0, "there, and of another type"},
    {THREE, "other", "ES256", APISEC_E_KEY_UNKNOWN, 0, "not there"},
    {THREE, "", "ES256", APISEC_E_KEY_UNKNOWN, 0, "an empty kid is a kid"},
    {THREE, "EC", "ES256", APISEC_E_KEY_UNKNOWN, 0, "case-sensitive"},
    {THREE, "e", "ES256", APISEC_E_KEY_UNKNOWN, 0, "a prefix"},
    {THREE, "ec ", "ES256", APISEC_E_KEY_UNKNOWN, 0, "a space behind"},
    {THREE, "ec' OR '1'='1", "ES256", APISEC_E_KEY_UNKNOWN, 0, "opaque"},
    {THREE, "../../dev/null", "HS256", APISEC_E_KEY_UNKNOWN, 0, "opaque"},
    {SET("{" EC_A ",\"kid\":\"\"}"), "", "ES256", APISEC_OK, 0, "and is found where there is one"},

    {THREE, NULL, "ES256", APISEC_OK, 0, "no kid, and one key that fits"},
    {THREE, NULL, "RS256", APISEC_OK, 1, ""},
    {THREE, NULL, "RS384", APISEC_E_KEY_UNKNOWN, 0, "none that fits"},
    {THREE, NULL, "HS384", APISEC_E_KEY_UNKNOWN, 0, "none that is long enough"},
    {SET("{" EC_A "},{" EC_B "}"), NULL, "ES256", APISEC_E_KEY_UNKNOWN, 0, "two that fit"},
    {SET("{" EC_A ",\"kid\":\"a\"},{" EC_B ",\"kid\":\"b\"}"), NULL, "ES256", APISEC_E_KEY_UNKNOWN, 0, "two that fit, with names"},
    {SET("{" EC_A ",\"kid\":\"a\"},{" EC_B "}"), "a", "ES256", APISEC_OK, 0, "by kid among those without"},
    {SET("{" EC_A ",\"kid\":\"a\"},{" EC_B "}"), "b", "ES256", APISEC_E_KEY_UNKNOWN, 0, "one without kid is not tried"},

    /* one kid twice */
    {SET("{" EC_A ",\"kid\":\"k\"},{" EC_B ",\"kid\":\"k\"},{" RSA "}"), "k", "ES256", APISEC_E_KEY_UNKNOWN, 0, "of one type"},
    {SET("{" EC_A ",\"kid\":\"k\"},{" EC_B ",\"kid\":\"k\"},{" RSA "}"), "k", "RS256", APISEC_E_KEY_UNFIT, 0, "nor for another"},
    {SET("{" EC_A ",\"kid\":\"k\"},{" EC_B ",\"kid\":\"k\"},{" RSA "}"), NULL, "RS256", APISEC_OK, 2, "the others are used"},
    {SET("{" EC_A ",\"kid\":\"k\"},{" EC_A ",\"kid\":\"k\"},{" EC_B "}"), NULL, "ES256", APISEC_OK, 2, "those are not tried"},
    {SET("{" EC_A ",\"kid\":\"k\"},{" RSA ",\"kid\":\"k\"}"), "k", "ES256", APISEC_OK, 0, "of two types: RFC 7517 section 4.5"},
    {SET("{" EC_A ",\"kid\":\"k\"},{" RSA ",\"kid\":\"k\"}"), "k", "RS256", APISEC_OK, 1, "each is found"},
    {SET("{" RSA ",\"kid\":\"k\"},{" EC_A ",\"kid\":\"k\"},{" OCT ",\"kid\":\"k\"}"), "k", "HS256", APISEC_OK, 2, "of three types"},
    {TWICE, "k", "RS256", APISEC_OK, 0, "the RSA key is there once"},
    {TWICE, "k", "ES256", APISEC_E_KEY_UNKNOWN, 0, "the EC key twice"},
    {SET("{" EC_A ",\"kid\":\"k\"},{" EC_B ",\"kid\":\"k\",\"use\":\"enc\"}"), "k", "ES256", APISEC_OK, 0, "for another purpose"},
    {SET("{" RSA ",\"kid\":\"k\"},{" RSA ",\"kid\":\"k\",\"alg\":\"RSA-OAEP\"}"), "k", "RS256", APISEC_OK, 0, "by alg"},
    {SET("{" EC_A ",\"kid\":\"k\"},{" EC_OFF ",\"kid\":\"k\"},{" RSA "}"), "k", "ES256", APISEC_E_KEY_UNKNOWN, 0, "a broken twin"},
    {SET("{" EC_OFF ",\"kid\":\"k\"},{" EC_A ",\"kid\":\"k\"},{" RSA "}"), "k", "ES256", APISEC_E_KEY_UNKNOWN, 0, "the other way"},
    {SET("{" EC_A ",\"kid\":\"k\"},{" SMALL ",\"kid\":\"k\"}"), "k", "ES256", APISEC_OK, 0, "a broken key of another type"},
};

static void test_finds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof finds / sizeof finds[0]; i++) {
        struct jwk_set *set = NULL;
        const struct jwk *found = (const struct jwk *)&found; /* must be set to NULL when there is none */
        apisec_error err;
        const size_t kid_len = finds[i].kid ? strlen(finds[i].kid) : 0;
        const char *kid = finds[i].kid ? guarded(finds[i].kid, kid_len) : NULL;
        if (parse(finds[i].set, JWK_PINNED, &set, &err) != APISEC_OK) fail_msg("%s: %s", finds[i].set, err.text);
        const struct algorithm *algorithm = algorithm_find(text_of(finds[i].alg));
        const apisec_status status = jwk_set_find(set, (struct text){kid, kid_len}, algorithm, &found, &err);
        if (status != finds[i].status) fail_msg("row %zu: %d (%s), %s", i, (int)status, err.text, finds[i].why);
        assert_int_equal(err.status, status);
        assert_ptr_equal(found, status == APISEC_OK ? set->keys[finds[i].number] : NULL);
        if (finds[i].kid && finds[i].kid[0] == '.') assert_null(strstr(err.text, finds[i].kid));
        jwk_set_free(set);
        guard_free(kid);
    }
}

/* RFC 7517 appendix A.1 is for verifying; A.2 holds private keys; A.3 one secret for AES and one for HMAC. */
static void test_the_sets_of_rfc7517(void **state)
{
    (void)state;
    struct jwk_set *set;
    assert_int_equal(parse(keys_public, JWK_FETCHED, &set, NULL), APISEC_OK);
    assert_int_equal(set->num_keys, 1);
    assert_string_equal(set->keys[0]->kid, "2011-04-29");
    jwk_set_free(set);
    assert_int_equal(parse(keys_private, JWK_PINNED, &set, NULL), APISEC_E_KEY_UNFIT);
    assert_int_equal(parse(keys_symmetric, JWK_PINNED, &set, NULL), APISEC_OK);
    assert_int_equal(set->num_keys, 1);
    assert_int_equal(set->num_skipped, 1);
    jwk_set_free(set);
    assert_int_equal(parse(keys_symmetric, JWK_FETCHED, &set, NULL), APISEC_E_KEY_UNFIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_how_many_are_said),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_finds),
        cmocka_unit_test(test_the_sets_of_rfc7517),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
