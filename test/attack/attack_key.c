/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_key.c: attacks on the choice of the key and on keys themselves: kids that mean something elsewhere, keys and URLs in the
 * header, keys that are weak, broken or of somebody else.
 */
#include "support/unit.h"
#include "support/stand.h"

#include "jose/jose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KID(text) (const struct forge_change[]) {{"kid", text}, {NULL, NULL}}

static const apisec_signer *ec, *evil;
static char *set;

/* named_key writes a signer's public key under another kid, given as JSON; named_set a set of that one. */
static char *named_key(const apisec_signer *signer, const char *kid)
{
    char old[80];
    snprintf(old, sizeof old, "\"kid\":\"%s\"", apisec_signer_key_id(signer));
    char *member = forge_replace("\"kid\":@", "@", kid);
    char *key = forge_replace(apisec_signer_public_jwk(signer), old, member);
    free(member);
    return key;
}

static char *named_set(const char *kid)
{
    char *key = named_key(ec, kid), *keys = forge_replace("{\"keys\":[@]}", "@", key);
    free(key);
    return keys;
}

/* ---- kid ---- */

static void test_kid_is_opaque(void **state)
{
    (void)state;
    static const char *const kids[] = {
        "\"../../../../dev/null\"",
        "\"/etc/passwd\"",
        "\"file:///dev/null\"",
        "\"x' UNION SELECT 'AAAA'--\"",
        "\"x\\\" OR 1=1 --\"",
        "\"| sleep 10\"",
        "\"$(id)\"",
        "\"%2e%2e%2fkey\"",
        "\"https://evil.example/key\"",
        "\"\"",
        "\"0\"",
        "\"\\n\"",
        "\"\\u0001\"",
        "\"\\ud83d\\ude00\"",
    };
    struct stand_counter counter;
    stand_count(&counter);
    apisec_verifier *at = stand_new(&(struct stand_issuer){.algorithms = {"ES256"}, .keys = set}, 1, &counter.http);
    for (size_t i = 0; i < sizeof kids / sizeof kids[0]; i++) {
        stand_refuses(at, kids[i], forge_token(FORGE_SAME, KID(kids[i]), ec), APISEC_E_KEY_UNKNOWN);
        /* the twin: an issuer that really names its key so */
        char *own = named_set(kids[i]);
        apisec_verifier *twin = stand_new(&(struct stand_issuer){.algorithms = {"ES256"}, .keys = own}, 1, NULL);
        stand_accepts(twin, kids[i], forge_token(FORGE_SAME, KID(kids[i]), ec));
        apisec_verifier_free(twin);
        free(own);
    }
    stand_accepts(at, "its own kid", forge_token(FORGE_SAME, FORGE_SAME, ec));
    assert_int_equal(counter.num_requests, 0);
    apisec_verifier_free(at);
}

static char *kid_of(size_t len)
{
    char *kid = malloc(len + 3);
    assert_non_null(kid);
    memset(kid, 'k', len + 2);
    kid[0] = kid[len + 1] = '"';
    kid[len + 2] = '\0';
    return kid;
}

static void test_kid_sizes(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        apisec_status expected;
    } rows[] = {{256, APISEC_E_KEY_UNKNOWN}, {257, APISEC_E_MALFORMED}, {10240, APISEC_E_MALFORMED}};
    apisec_verifier *at = stand_new(&(struct stand_issuer){.algorithms = {"ES256"}, .keys = set}, 1, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *kid = kid_of(rows[i].len);
        stand_refuses(at, "a long kid", forge_token(FORGE_SAME, KID(kid), ec), rows[i].expected);
        free(kid);
    }
    char *longest = kid_of(256), *own = named_set(longest);
    apisec_verifier *twin = stand_new(&(struct stand_issuer){.algorithms = {"ES256"}, .keys = own}, 1, NULL);
    stand_accepts(twin, "256 bytes", forge_token(FORGE_SAME, KID(longest), ec));
    apisec_verifier_free(twin);
    free(longest);
    free(own);
    apisec_verifier_free(at);
}

static void test_kid_that_is_no_text(void **state)
{
    (void)state;
    static const char *const kids[] = {"null", "0", "true", "[]", "{}", "\"a\\u0000b\"", "\"\\ud800\""};
    apisec_verifier *at = stand_new(&(struct stand_issuer){.algorithms = {"ES256"}, .keys = set}, 1, NULL);
    for (size_t i = 0; i < sizeof kids / sizeof kids[0]; i++)
        stand_refuses(at, kids[i], forge_token(FORGE_SAME, KID(kids[i]), ec), APISEC_E_MALFORMED);
    stand_accepts(at, "without a kid", forge_token(FORGE_SAME, KID(NULL), ec));
    apisec_verifier_free(at);
}

/* A NUL cuts C strings: the kid of the honest key, followed by one, must not be that kid. */
static void test_kid_with_nul_behind_the_right_one(void **state)
{
    (void)state;
    char nul[128];
    apisec_verifier *at = stand_new(&(struct stand_issuer){.algorithms = {"ES256"}, .keys = set}, 1, NULL);
    snprintf(nul, sizeof nul, "\"%s\\u0000x\"", apisec_signer_key_id(ec));
    stand_refuses(at, "NUL", forge_token(FORGE_SAME, KID(nul), ec), APISEC_E_MALFORMED);
    snprintf(nul, sizeof nul, "\"%sx\"", apisec_signer_key_id(ec));
    stand_refuses(at, "longer", forge_token(FORGE_SAME, KID(nul), ec), APISEC_E_KEY_UNKNOWN);
    snprintf(nul, sizeof nul, "\"%.20s\"", apisec_signer_key_id(ec));
    stand_refuses(at, "shorter", forge_token(FORGE_SAME, KID(nul), ec), APISEC_E_KEY_UNKNOWN);
    snprintf(nul, sizeof nul, "\"%s\"", apisec_signer_key_id(ec));
    stand_accepts(at, "as it is", forge_token(FORGE_SAME, KID(nul), ec));
    apisec_verifier_free(at);
}

/* ---- keys and URLs in the header ---- */

static void test_key_in_the_header(void **state)
{
    (void)state;
    char certificate[] = "[\"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\"]";
    const char *const own_key = apisec_signer_public_jwk(evil);
    const struct forge_change members[] = {
        {"jwk", own_key},
        {"jku", "\"https://evil.example/jwks\""},
        {"jku", "\"" FORGE_ISSUER "@evil.example/jwks\""},
        {"jku", "\"http://169.254.169.254/latest/meta-data/\""},
        {"jku", "\"file:///dev/null\""},
        {"x5u", "\"https://evil.example/certificate.pem\""},
        {"x5c", certificate},
        {"x5t", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAA\""},
        {"x5t#S256", "\"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2\""},
    };
    struct stand_counter counter;
    stand_count(&counter);
    apisec_verifier *at = stand_new(&(struct stand_issuer){.algorithms = {"ES256"}, .keys = set}, 1, &counter.http);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const struct forge_change alone[] = {members[i], {NULL, NULL}};
        const struct forge_change no_kid[] = {members[i], {"kid", NULL}, {NULL, NULL}};
        char honest_kid[80];
        snprintf(honest_kid, sizeof honest_kid, "\"%s\"", apisec_signer_key_id(ec));
        const struct forge_change stolen_kid[] = {members[i], {"kid", honest_kid}, {NULL, NULL}};
        stand_refuses(at, members[i].name, forge_token(FORGE_SAME, alone, evil), APISEC_E_KEY_UNKNOWN);
        stand_refuses(at, members[i].name, forge_token(FORGE_SAME, no_kid, evil), APISEC_E_SIGNATURE);
        stand_refuses(at, members[i].name, forge_token(FORGE_SAME, stolen_kid, evil), APISEC_E_SIGNATURE);
        stand_accepts(at, "ignored in an honest token", forge_token(FORGE_SAME, alone, ec));
    }
    assert_int_equal(counter.num_requests, 0);
    apisec_verifier_free(at);
}

/* ---- keys that are weak or broken ---- */

#define EC_KEY(crv, x, y) "{\"kty\":\"EC\",\"kid\":\"bad\",\"crv\":\"" crv "\",\"x\":\"" x "\",\"y\":\"" y "\"}"
#define X256 "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU" /* RFC 7515 A.3 */
#define Y256 "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define ZERO "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define ONES "__________________________________________8"
#define P256 "_____wAAAAEAAAAAAAAAAAAAAAD_______________8" /* the field's prime: zero, written another way */

/* with_bad: one key, alone and beside a good one. Alone there is nothing to verify with; beside a good one it is left out. */
static void with_bad(const char *what, const char *key)
{
    apisec_verifier *at = NULL;
    char *alone = forge_replace("{\"keys\":[@]}", "@", key);
    char *beside = forge_replace("{\"keys\":[@,#]}", "@", key), *both = forge_replace(beside, "#", apisec_signer_public_jwk(ec));
    const struct stand_issuer bad = {.algorithms = {"ES256", "RS256"}, .keys = alone};
    const struct stand_issuer mixed = {.algorithms = {"ES256", "RS256"}, .keys = both};
    const apisec_status status = stand_try(&bad, 1, NULL, &at);
    if (status != APISEC_E_CONFIG) fail_msg("%s: %s", what, apisec_status_name(status));
    at = stand_new(&mixed, 1, NULL);
    stand_refuses(at, what, forge_token(FORGE_SAME, KID("\"bad\""), ec), APISEC_E_KEY_UNKNOWN);
    stand_accepts(at, "the good key beside it", forge_token(FORGE_SAME, FORGE_SAME, ec));
    apisec_verifier_free(at);
    free(alone);
    free(beside);
    free(both);
}

static void test_ec_keys(void **state)
{
    (void)state;
    static const struct {
        const char *what, *key;
    } rows[] = {
        {"not on the curve", EC_KEY("P-256", X256, X256)},
        {"x and y exchanged", EC_KEY("P-256", Y256, X256)},
        {"infinity", EC_KEY("P-256", ZERO, ZERO)},
        {"coordinates beyond the field", EC_KEY("P-256", ONES, ONES)},
        {"x is the prime", EC_KEY("P-256", P256, Y256)},
        {"of another curve", EC_KEY("P-384", X256, Y256)},
        {"of no curve", EC_KEY("P-257", X256, Y256)},
        {"secp256k1", EC_KEY("secp256k1", X256, Y256)},
        {"x too short", EC_KEY("P-256", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVA", Y256)},
        {"x too long", EC_KEY("P-256", "AH_Nzidw9sRdQYPL7m_bS3tYBzM1e-nvE7rPbjx70VRF", Y256)},
        {"x empty", EC_KEY("P-256", "", Y256)},
        {"no y", "{\"kty\":\"EC\",\"kid\":\"bad\",\"crv\":\"P-256\",\"x\":\"" X256 "\"}"},
        {"padded", EC_KEY("P-256", X256 "=", Y256)},
        {"x is a number", "{\"kty\":\"EC\",\"kid\":\"bad\",\"crv\":\"P-256\",\"x\":7,\"y\":\"" Y256 "\"}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) with_bad(rows[i].what, rows[i].key);
    apisec_verifier *twin = NULL;
    const struct stand_issuer good = {.algorithms = {"ES256"}, .keys = "{\"keys\":[" EC_KEY("P-256", X256, Y256) "]}"};
    assert_int_equal(stand_try(&good, 1, NULL, &twin), APISEC_OK);
    apisec_verifier_free(twin);
}

/* rsa_key writes a public key whose modulus has that many bytes, all 0xC3 but the last, and that exponent. */
static char *rsa_key(size_t len, unsigned char last, const char *e)
{
    unsigned char modulus[1024];
    memset(modulus, 0xc3, sizeof modulus);
    modulus[len - 1] = last;
    char *n = forge_base64url((struct text){(const char *)modulus, len});
    char *with_n = forge_replace("{\"kty\":\"RSA\",\"kid\":\"bad\",\"n\":\"#\",\"e\":\"@\"}", "#", n);
    char *key = forge_replace(with_n, "@", e);
    free(n);
    free(with_n);
    return key;
}

static void test_rsa_keys(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        size_t len;
        unsigned char last;
        const char *e;
    } rows[] = {
        {"512 bits", 64, 0xc3, "AQAB"},        {"1024 bits", 128, 0xc3, "AQAB"},   {"2040 bits", 255, 0xc3, "AQAB"},
        {"4104 bits", 513, 0xc3, "AQAB"},      {"8192 bits", 1024, 0xc3, "AQAB"},  {"an even modulus", 256, 0xc4, "AQAB"},
        {"e = 0", 256, 0xc3, "AA"},            {"e = 1", 256, 0xc3, "AQ"},         {"e = 2", 256, 0xc3, "Ag"},
        {"e = 65536", 256, 0xc3, "AQAA"},      {"e > 2^32", 256, 0xc3, "AQAAAAE"}, {"no e", 256, 0xc3, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *key = rsa_key(rows[i].len, rows[i].last, rows[i].e);
        with_bad(rows[i].what, key);
        free(key);
    }
    apisec_verifier *twin = NULL;
    char *key = rsa_key(256, 0xc3, "AQAB"), *keys = forge_replace("{\"keys\":[@]}", "@", key);
    const struct stand_issuer good = {.algorithms = {"RS256"}, .keys = keys};
    assert_int_equal(stand_try(&good, 1, NULL, &twin), APISEC_OK);
    apisec_verifier_free(twin);
    free(key);
    free(keys);
}

static void test_a_key_for_something_else(void **state)
{
    (void)state;
    static const struct {
        const char *member;
        bool verifies;
    } rows[] = {
        {"\"use\":\"enc\"", false},
        {"\"use\":\"SIG\"", false},
        {"\"use\":7", false},
        {"\"use\":\"sig\"", true},
        {"\"key_ops\":[\"encrypt\"]", false},
        {"\"key_ops\":[\"sign\"]", false},
        {"\"key_ops\":[]", false},
        {"\"key_ops\":\"verify\"", false},
        {"\"key_ops\":[\"verify\"]", true},
        {"\"use\":\"sig\",\"key_ops\":[\"encrypt\"]", false},
        {"\"x\":0,\"use\":\"sig\"", false}, /* a member twice */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_verifier *at = NULL;
        char member[128];
        snprintf(member, sizeof member, "%s,\"kty\"", rows[i].member);
        char *keys = forge_replace(set, "\"kty\"", member);
        const struct stand_issuer issuer = {.algorithms = {"ES256"}, .keys = keys};
        const apisec_status status = stand_try(&issuer, 1, NULL, &at);
        if (status != (rows[i].verifies ? APISEC_OK : APISEC_E_CONFIG)) fail_msg("%s: %s", keys, apisec_status_name(status));
        if (rows[i].verifies) stand_accepts(at, rows[i].member, forge_token(FORGE_SAME, FORGE_SAME, ec));
        apisec_verifier_free(at);
        free(keys);
    }
}

static void test_a_private_key_among_the_pinned(void **state)
{
    (void)state;
    apisec_verifier *at = NULL;
    char *private_set = forge_replace("{\"keys\":[@]}", "@", apisec_signer_private_jwk(ec));
    const struct stand_issuer leaked = {.algorithms = {"ES256"}, .keys = private_set};
    assert_int_equal(stand_try(&leaked, 1, NULL, &at), APISEC_E_CONFIG);
    const struct stand_issuer twin = {.algorithms = {"ES256"}, .keys = set};
    assert_int_equal(stand_try(&twin, 1, NULL, &at), APISEC_OK);
    apisec_verifier_free(at);
    free(private_set);
}

static void test_the_same_kid_twice(void **state)
{
    (void)state;
    char *first = named_key(ec, "\"twice\""), *second = named_key(evil, "\"twice\"");
    char *half = forge_replace("{\"keys\":[@,#,%]}", "@", first), *most = forge_replace(half, "#", second);
    char *keys = forge_replace(most, "%", apisec_signer_public_jwk(ec));
    apisec_verifier *at = stand_new(&(struct stand_issuer){.algorithms = {"ES256"}, .keys = keys}, 1, NULL);
    stand_refuses(at, "whose?", forge_token(FORGE_SAME, KID("\"twice\""), ec), APISEC_E_KEY_UNKNOWN);
    stand_refuses(at, "the other's", forge_token(FORGE_SAME, KID("\"twice\""), evil), APISEC_E_KEY_UNKNOWN);
    stand_accepts(at, "a kid of its own", forge_token(FORGE_SAME, FORGE_SAME, ec));
    apisec_verifier_free(at);
    free(first);
    free(second);
    free(half);
    free(most);
    free(keys);
}

static void test_no_kid_and_several_keys(void **state)
{
    (void)state;
    char *keys = forge_jwks((const apisec_signer *[]){ec, evil, NULL});
    apisec_verifier *two = stand_new(&(struct stand_issuer){.algorithms = {"ES256"}, .keys = keys}, 1, NULL);
    stand_refuses(two, "a guess", forge_token(FORGE_SAME, KID(NULL), ec), APISEC_E_KEY_UNKNOWN);
    stand_accepts(two, "named", forge_token(FORGE_SAME, FORGE_SAME, ec));
    apisec_verifier_free(two);
    free(keys);
}

/* ---- keys belong to their issuer ---- */

static const struct forge_change partner[] = {{"iss", "\"https://partner.example\""}, {NULL, NULL}};

/* with_partner trusts two issuers, each with a key of its own. */
static apisec_verifier *with_partner(void)
{
    char *evil_set = forge_jwks((const apisec_signer *[]){evil, NULL});
    const struct stand_issuer issuers[] = {
        {.algorithms = {"ES256"}, .keys = set},
        {.name = "https://partner.example", .algorithms = {"ES256"}, .keys = evil_set},
    };
    apisec_verifier *at = stand_new(issuers, 2, NULL);
    free(evil_set);
    return at;
}

static void test_the_key_of_another_trusted_issuer(void **state)
{
    (void)state;
    apisec_verifier *at = with_partner();
    stand_refuses(at, "the partner speaks for us", forge_token(FORGE_SAME, FORGE_SAME, evil), APISEC_E_KEY_UNKNOWN);
    stand_refuses(at, "without a kid", forge_token(FORGE_SAME, KID(NULL), evil), APISEC_E_SIGNATURE);
    char kid[80];
    snprintf(kid, sizeof kid, "\"%s\"", apisec_signer_key_id(ec));
    stand_refuses(at, "with our kid", forge_token(FORGE_SAME, KID(kid), evil), APISEC_E_SIGNATURE);
    stand_refuses(at, "we speak for the partner", forge_token(partner, FORGE_SAME, ec), APISEC_E_KEY_UNKNOWN);
    stand_accepts(at, "the partner for itself", forge_token(partner, FORGE_SAME, evil));
    stand_accepts(at, "we for ourselves", forge_token(FORGE_SAME, FORGE_SAME, ec));
    apisec_verifier_free(at);
}

static void test_the_same_subject_of_two_issuers(void **state)
{
    (void)state;
    apisec_verifier *at = with_partner();
    apisec_token *ours = stand_verified(at, "ours", forge_token(FORGE_SAME, FORGE_SAME, ec));
    apisec_token *again = stand_verified(at, "ours again", forge_token(FORGE_SAME, FORGE_SAME, ec));
    apisec_token *theirs = stand_verified(at, "theirs", forge_token(partner, FORGE_SAME, evil));
    assert_string_equal(apisec_token_subject(ours), apisec_token_subject(theirs));
    assert_string_not_equal(apisec_token_principal(ours), apisec_token_principal(theirs));
    assert_string_equal(apisec_token_principal(ours), apisec_token_principal(again));
    apisec_token_free(ours);
    apisec_token_free(again);
    apisec_token_free(theirs);
    apisec_verifier_free(at);
}

static int begin(void **state)
{
    (void)state;
    ec = forge_signer("ES256", 0);
    evil = forge_signer("ES256", 1);
    set = forge_jwks((const apisec_signer *[]){ec, NULL});
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(set);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kid_is_opaque),
        cmocka_unit_test(test_kid_sizes),
        cmocka_unit_test(test_kid_that_is_no_text),
        cmocka_unit_test(test_kid_with_nul_behind_the_right_one),
        cmocka_unit_test(test_key_in_the_header),
        cmocka_unit_test(test_ec_keys),
        cmocka_unit_test(test_rsa_keys),
        cmocka_unit_test(test_a_key_for_something_else),
        cmocka_unit_test(test_a_private_key_among_the_pinned),
        cmocka_unit_test(test_the_same_kid_twice),
        cmocka_unit_test(test_no_kid_and_several_keys),
        cmocka_unit_test(test_the_key_of_another_trusted_issuer),
        cmocka_unit_test(test_the_same_subject_of_two_issuers),
    };
    return cmocka_run_group_tests_name("attack_key", tests, begin, end);
}
