/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_algorithm.c: attacks on the choice of the algorithm and on the signature itself: none, confusion of public keys with
 * secrets, downgrades, degenerate and mangled ECDSA signatures. Each stands beside a twin that differs in one thing and passes.
 */
#include "support/unit.h"
#include "support/stand.h"

#include "crypto/crypto.h"
#include "jose/jose.h"
#include "json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const apisec_signer *rsa, *ec;
static char *rsa_set, *ec_set;

static char *header_of(const apisec_signer *signer, const char *alg)
{
    return forge_header(alg, apisec_signer_key_id(signer), FORGE_SAME);
}

static char *replaced_signature(char *token, const char *by)
{
    char *dot = strrchr(token, '.');
    const size_t size = (size_t)(dot - token) + strlen(by) + 2;
    char *changed = malloc(size);
    assert_non_null(changed);
    snprintf(changed, size, "%.*s.%s", (int)(dot - token), token, by);
    free(token);
    return changed;
}

/* ---- alg none ---- */

static void test_alg_none(void **state)
{
    (void)state;
    static const char *const names[] = {"none", "None", "NONE", "nOnE", "noNe", "", " none", "none ", "NoNe\\t", "null", "HSnone"};
    apisec_verifier *at = stand_new(&(struct stand_issuer){.algorithms = {"ES256"}, .keys = ec_set}, 1, NULL);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *header = header_of(ec, names[i]), *claims = forge_claims(FORGE_SAME);
        stand_refuses(at, names[i], forge_parts(header, claims, "", 0), APISEC_E_ALGORITHM);
        stand_refuses(at, "with a signature that is right", forge_jws(header, claims, ec), APISEC_E_ALGORITHM);
        free(header);
        free(claims);
    }
    stand_accepts(at, "the same claims, signed", forge_token(FORGE_SAME, FORGE_SAME, ec));
    apisec_verifier_free(at);
}

static void test_alg_that_is_no_name(void **state)
{
    (void)state;
    static const char *const values[] = {NULL, "null", "0", "[\"ES256\"]", "{\"ES256\":1}", "true", "\"ES256\\u0000\""};
    apisec_verifier *at = stand_new(&(struct stand_issuer){.algorithms = {"ES256"}, .keys = ec_set}, 1, NULL);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        const struct forge_change change[] = {{"alg", values[i]}, {NULL, NULL}};
        stand_refuses(at, values[i] == NULL ? "absent" : values[i], forge_token(FORGE_SAME, change, ec), APISEC_E_MALFORMED);
    }
    const struct forge_change escaped[] = {{"alg", "\"ES\\u0032\\u00356\""}, {NULL, NULL}};
    stand_accepts(at, "the same name, escaped", forge_token(FORGE_SAME, escaped, ec));
    apisec_verifier_free(at);
}

static void test_signature_stripped(void **state)
{
    (void)state;
    apisec_verifier *at = stand_new(&(struct stand_issuer){.algorithms = {"ES256", "RS256"}, .keys = ec_set}, 1, NULL);
    char *header = header_of(ec, "ES256"), *claims = forge_claims(FORGE_SAME);
    stand_refuses(at, "nothing", forge_parts(header, claims, "", 0), APISEC_E_SIGNATURE);
    stand_refuses(at, "a byte", forge_parts(header, claims, "\0", 1), APISEC_E_SIGNATURE);
    stand_refuses(at, "somebody else's", forge_jws(header, claims, forge_signer("ES256", 1)), APISEC_E_SIGNATURE);
    stand_accepts(at, "its own", forge_jws(header, claims, ec));
    char *other = forge_claims((const struct forge_change[]){{"sub", "\"bob\""}, {NULL, NULL}});
    char *honest = forge_jws(header, claims, ec);
    stand_refuses(at, "of other claims", replaced_signature(forge_jws(header, other, ec), strrchr(honest, '.') + 1),
                  APISEC_E_SIGNATURE);
    free(honest);
    free(other);
    free(header);
    free(claims);
    apisec_verifier_free(at);
}

/* ---- RS256 to HS256: the public key, which all the world has, as the secret ---- */

/* The public key in the forms in which a program might hold it. */
struct public_forms {
    char *jwk, *modulus_base64url;
    unsigned char modulus[256];
    unsigned char der[294];
    char pem[512], pem_without_newline[512];
};

static void write_der(struct public_forms *forms)
{
    static const unsigned char front[] = {0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48,
                                          0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x82, 0x01,
                                          0x0f, 0x00, 0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00};
    static const unsigned char exponent[] = {0x02, 0x03, 0x01, 0x00, 0x01};
    memcpy(forms->der, front, sizeof front);
    memcpy(forms->der + sizeof front, forms->modulus, sizeof forms->modulus);
    memcpy(forms->der + sizeof front + sizeof forms->modulus, exponent, sizeof exponent);
}

static void write_pem(struct public_forms *forms)
{
    char base64[400];
    base64_encode(forms->der, sizeof forms->der, base64);
    size_t used = (size_t)snprintf(forms->pem, sizeof forms->pem, "-----BEGIN PUBLIC KEY-----\n");
    for (size_t at = 0; at < strlen(base64); at += 64)
        used += (size_t)snprintf(forms->pem + used, sizeof forms->pem - used, "%.64s\n", base64 + at);
    snprintf(forms->pem + used, sizeof forms->pem - used, "-----END PUBLIC KEY-----\n");
    memcpy(forms->pem_without_newline, forms->pem, strlen(forms->pem));
    forms->pem_without_newline[strlen(forms->pem) - 1] = '\0';
}

static void write_forms(struct public_forms *forms)
{
    struct json *document = NULL;
    struct text n;
    size_t len = 0;
    memset(forms, 0, sizeof *forms);
    forms->jwk = text_copy(text_of(apisec_signer_public_jwk(rsa)));
    assert_int_equal(json_parse_object(text_of(forms->jwk), NULL, &document, NULL), APISEC_OK);
    assert_int_equal(json_get_text(document, "n", &n), JSON_OK);
    assert_int_equal(n.len, 342);
    forms->modulus_base64url = text_copy(n);
    assert_int_equal(base64url_decode(n.at, n.len, forms->modulus, &len), APISEC_OK);
    json_free(document);
    write_der(forms);
    write_pem(forms);
}

static void confuse(apisec_verifier *at, apisec_status with_kid, apisec_status without_kid)
{
    struct public_forms forms;
    write_forms(&forms);
    const struct {
        const char *what;
        struct text secret;
    } rows[] = {
        {"PEM", text_of(forms.pem)},
        {"PEM without its last newline", text_of(forms.pem_without_newline)},
        {"DER", {(const char *)forms.der, sizeof forms.der}},
        {"JWK", text_of(forms.jwk)},
        {"JWK Set", text_of(rsa_set)},
        {"modulus", {(const char *)forms.modulus, sizeof forms.modulus}},
        {"modulus in base64url", text_of(forms.modulus_base64url)},
        {"exponent", {"\x01\x00\x01", 3}},
        {"kid", text_of(apisec_signer_key_id(rsa))},
        {"nothing: a key without bytes", {"", 0}},
    };
    static const char *const hmacs[] = {"HS256", "HS384", "HS512"};
    char *claims = forge_claims(FORGE_SAME);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t k = 0; k < 3; k++) {
            char *header = header_of(rsa, hmacs[k]), *no_kid = forge_header(hmacs[k], NULL, FORGE_SAME);
            stand_refuses(at, rows[i].what, forge_hmac(header, claims, hmacs[k], rows[i].secret), with_kid);
            stand_refuses(at, rows[i].what, forge_hmac(no_kid, claims, hmacs[k], rows[i].secret), without_kid);
            free(header);
            free(no_kid);
        }
    }
    stand_accepts(at, "honest", forge_token(FORGE_SAME, FORGE_SAME, rsa));
    free(claims);
    free(forms.jwk);
    free(forms.modulus_base64url);
}

static void test_public_key_as_hmac_secret(void **state)
{
    (void)state;
    apisec_verifier *at = stand_new(&(struct stand_issuer){.algorithms = {"RS256"}, .keys = rsa_set}, 1, NULL);
    confuse(at, APISEC_E_ALGORITHM, APISEC_E_ALGORITHM);
    apisec_verifier_free(at);
}

static void test_public_key_as_hmac_secret_where_both_are_allowed(void **state)
{
    (void)state;
    const struct stand_issuer both = {.algorithms = {"RS256", "HS256", "HS384", "HS512"}, .keys = rsa_set};
    apisec_verifier *at = stand_new(&both, 1, NULL);
    confuse(at, APISEC_E_KEY_UNFIT, APISEC_E_KEY_UNKNOWN);
    apisec_verifier_free(at);
}

static void test_public_key_without_alg_as_hmac_secret(void **state)
{
    (void)state;
    char *bare = forge_replace(rsa_set, "\"alg\":\"RS256\"", "\"x\":0");
    const struct stand_issuer both = {.algorithms = {"RS256", "HS256", "HS384", "HS512"}, .keys = bare};
    apisec_verifier *at = stand_new(&both, 1, NULL);
    confuse(at, APISEC_E_KEY_UNFIT, APISEC_E_KEY_UNKNOWN);
    apisec_verifier_free(at);
    free(bare);
}

static void test_hmac_twin(void **state)
{
    (void)state;
    const apisec_signer *secret = forge_signer("HS256", 0);
    char *set = forge_replace("{\"keys\":[@]}", "@", apisec_signer_private_jwk(secret));
    apisec_verifier *at = stand_new(&(struct stand_issuer){.algorithms = {"HS256"}, .keys = set}, 1, NULL);
    stand_accepts(at, "a pinned secret", forge_token(FORGE_SAME, FORGE_SAME, secret));
    stand_refuses(at, "another secret", forge_token(FORGE_SAME, (const struct forge_change[]){
        {"kid", NULL}, {NULL, NULL}}, forge_signer("HS256", 1)), APISEC_E_SIGNATURE);
    apisec_verifier_free(at);
    free(set);
}

static void test_hmac_with_keys_that_anyone_can_fetch(void **state)
{
    (void)state;
    apisec_verifier *at = NULL;
    static const char *const hmacs[] = {"HS256", "HS384", "HS512"};
    for (size_t i = 0; i < 3; i++) {
        const struct stand_issuer uri = {.algorithms = {"RS256", hmacs[i]}, .keys = "https://id.example/jwks"};
        assert_int_equal(stand_try(&uri, 1, NULL, &at), APISEC_E_CONFIG);
        const struct stand_issuer discovered = {.algorithms = {hmacs[i]}, .keys = "discover"};
        assert_int_equal(stand_try(&discovered, 1, NULL, &at), APISEC_E_CONFIG);
    }
    const struct stand_issuer twin = {.algorithms = {"RS256"}, .keys = "https://id.example/jwks"};
    assert_int_equal(stand_try(&twin, 1, NULL, &at), APISEC_OK);
    apisec_verifier_free(at);
}

static void test_short_hmac_secret(void **state)
{
    (void)state;
    static const char keys[] = "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"s\",\"k\":\"%\"}]}";
    static const struct {
        size_t len;
        apisec_status expected;
    } rows[] = {{1, APISEC_E_CONFIG}, {31, APISEC_E_CONFIG}, {32, APISEC_OK}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_verifier *at = NULL;
        char bytes[32] = "0123456789abcdef0123456789abcde";
        char *k = forge_base64url((struct text){bytes, rows[i].len});
        char *set = forge_replace(keys, "%", k);
        const struct stand_issuer issuer = {.algorithms = {"HS256"}, .keys = set};
        assert_int_equal(stand_try(&issuer, 1, NULL, &at), rows[i].expected);
        apisec_verifier_free(at);
        free(set);
        free(k);
    }
}

/* ---- another algorithm of the same key ---- */

static void test_allowed_rs256_but_says_another(void **state)
{
    (void)state;
    static const char *const others[] = {"RS384", "RS512", "PS256", "PS384", "PS512"};
    char *bare = forge_replace(rsa_set, "\"alg\":\"RS256\"", "\"x\":0");
    apisec_verifier *one = stand_new(&(struct stand_issuer){.algorithms = {"RS256"}, .keys = bare}, 1, NULL);
    char *claims = forge_claims(FORGE_SAME);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        apisec_verifier *both = stand_new(&(struct stand_issuer){.algorithms = {"RS256", others[i]}, .keys = bare}, 1, NULL);
        apisec_verifier *pinned = stand_new(&(struct stand_issuer){.algorithms = {"RS256", others[i]}, .keys = rsa_set}, 1, NULL);
        char *header = header_of(rsa, others[i]), *rs256 = header_of(rsa, "RS256");
        stand_refuses(one, others[i], forge_jws_as(header, claims, rsa, others[i]), APISEC_E_ALGORITHM);
        stand_accepts(both, "where it is allowed", forge_jws_as(header, claims, rsa, others[i]));
        stand_refuses(pinned, "`alg` of the key", forge_jws_as(header, claims, rsa, others[i]), APISEC_E_KEY_UNFIT);
        stand_refuses(both, "signed otherwise than it says", forge_jws_as(rs256, claims, rsa, others[i]), APISEC_E_SIGNATURE);
        stand_refuses(both, "and the other way round", forge_jws_as(header, claims, rsa, "RS256"), APISEC_E_SIGNATURE);
        free(header);
        free(rs256);
        apisec_verifier_free(both);
        apisec_verifier_free(pinned);
    }
    free(claims);
    free(bare);
    apisec_verifier_free(one);
}

static void test_algorithm_of_another_curve_or_type(void **state)
{
    (void)state;
    static const char *const others[] = {"ES384", "ES512", "RS256", "PS256", "HS256"};
    char *bare = forge_replace(ec_set, "\"alg\":\"ES256\"", "\"a\":0"), *claims = forge_claims(FORGE_SAME);
    for (int with_alg = 0; with_alg < 2; with_alg++) { /* what the key is must do as well as what it says it is for */
        const struct stand_issuer all = {.algorithms = {"ES256", "ES384", "ES512", "RS256", "PS256", "HS256"},
                                         .keys = with_alg ? ec_set : bare};
        apisec_verifier *at = stand_new(&all, 1, NULL);
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
            char *header = header_of(ec, others[i]);
            stand_refuses(at, others[i], forge_jws(header, claims, ec), APISEC_E_KEY_UNFIT);
            free(header);
        }
        stand_accepts(at, "ES256", forge_token(FORGE_SAME, FORGE_SAME, ec));
        apisec_verifier_free(at);
    }
    free(claims);
    free(bare);
}

static void test_algorithms_that_are_none_of_ours(void **state)
{
    (void)state;
    static const char *const names[] = {"RSA1_5", "RSA-OAEP", "RSA-OAEP-256", "dir", "A128KW", "ECDH-ES", "PBES2-HS256+A128KW",
                                        "A128GCMKW", "EdDSA", "Ed25519", "ES256K", "HS1", "RS1", "MD5", "es256", "ES256,RS256",
                                        "ES256 "};
    apisec_verifier *at = stand_new(&(struct stand_issuer){.algorithms = {"ES256"}, .keys = ec_set}, 1, NULL);
    char *claims = forge_claims(FORGE_SAME);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct forge_change bomb[] = {{"enc", "\"A128GCM\""}, {"zip", "\"DEF\""}, {"p2c", "2147483647"}, {NULL, NULL}};
        char *header = forge_header(names[i], apisec_signer_key_id(ec), bomb);
        stand_refuses(at, names[i], forge_jws(header, claims, ec), APISEC_E_ALGORITHM);
        free(header);
    }
    stand_accepts(at, "ES256", forge_token(FORGE_SAME, FORGE_SAME, ec));
    free(claims);
    apisec_verifier_free(at);
}

/* ---- ECDSA: degenerate, out of range, another encoding, another length ---- */

/* The order of P-256, SEC 2 section 2.4.2. */
static const unsigned char order[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
                                        0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                                        0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};

static void take_signature(const char *token, unsigned char out[64])
{
    size_t len = 0;
    const char *part = strrchr(token, '.') + 1;
    assert_int_equal(base64url_decode(part, strlen(part), out, &len), APISEC_OK);
    assert_int_equal(len, 64);
}

/* der_integer appends one INTEGER, minimally encoded. */
static size_t der_integer(unsigned char *out, const unsigned char *bytes, size_t len)
{
    while (len > 1 && bytes[0] == 0) {
        bytes++;
        len--;
    }
    const size_t pad = (bytes[0] & 0x80) != 0;
    out[0] = 0x02;
    out[1] = (unsigned char)(len + pad);
    out[2] = 0;
    memcpy(out + 2 + pad, bytes, len);
    return 2 + pad + len;
}

static void test_ecdsa_signatures(void **state)
{
    (void)state;
    apisec_verifier *at = stand_new(&(struct stand_issuer){.algorithms = {"ES256"}, .keys = ec_set}, 1, NULL);
    char *header = header_of(ec, "ES256"), *claims = forge_claims(FORGE_SAME);
    char *honest = forge_jws(header, claims, ec);
    unsigned char good[64], bad[129], der[80];
    take_signature(honest, good);
    const size_t r_len = der_integer(der + 2, good, 32), s_len = der_integer(der + 2 + r_len, good + 32, 32);
    der[0] = 0x30;
    der[1] = (unsigned char)(r_len + s_len);
    const unsigned char zero[32] = {0}, one[32] = {[31] = 1};
    const struct {
        const char *what;
        const unsigned char *r, *s;
    } rows[] = {
        {"r = s = 0", zero, zero}, {"r = 0", zero, good + 32}, {"s = 0", good, zero},     {"r = n", order, good + 32},
        {"s = n", good, order},    {"r = s = n", order, order}, {"r = s = 1", one, one},  {"r and s exchanged", good + 32, good},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memcpy(bad, rows[i].r, 32);
        memcpy(bad + 32, rows[i].s, 32);
        stand_refuses(at, rows[i].what, forge_parts(header, claims, bad, 64), APISEC_E_SIGNATURE);
    }
    memset(bad, 0xff, sizeof bad);
    stand_refuses(at, "r = s = 2^256 - 1", forge_parts(header, claims, bad, 64), APISEC_E_SIGNATURE);
    stand_refuses(at, "DER", forge_parts(header, claims, der, 2 + r_len + s_len), APISEC_E_SIGNATURE);
    static const size_t lengths[] = {1, 32, 63, 65, 66, 96, 128, 129};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        memset(bad, 0, sizeof bad);
        memcpy(bad, good, lengths[i] < 64 ? lengths[i] : 64);
        stand_refuses(at, "a wrong length", forge_parts(header, claims, bad, lengths[i]), APISEC_E_SIGNATURE);
    }
    memset(bad, 0, sizeof bad); /* each half with a zero in front */
    memcpy(bad + 1, good, 32);
    memcpy(bad + 34, good + 32, 32);
    stand_refuses(at, "66 octets", forge_parts(header, claims, bad, 66), APISEC_E_SIGNATURE);
    stand_accepts(at, "64 octets, r and s as they were", forge_parts(header, claims, good, 64));
    free(honest);
    free(header);
    free(claims);
    apisec_verifier_free(at);
}

static void test_rsa_signatures(void **state)
{
    (void)state;
    apisec_verifier *at = stand_new(&(struct stand_issuer){.algorithms = {"RS256"}, .keys = rsa_set}, 1, NULL);
    char *header = header_of(rsa, "RS256"), *claims = forge_claims(FORGE_SAME);
    char *honest = forge_jws(header, claims, rsa);
    unsigned char signature[600] = {0};
    size_t len = 0;
    assert_int_equal(base64url_decode(strrchr(honest, '.') + 1, strlen(strrchr(honest, '.') + 1), signature, &len), APISEC_OK);
    assert_int_equal(len, 256);
    static const size_t lengths[] = {1, 255, 257, 512, 513, 600};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        stand_refuses(at, "a wrong length", forge_parts(header, claims, signature, lengths[i]), APISEC_E_SIGNATURE);
    stand_accepts(at, "256 octets", forge_parts(header, claims, signature, 256));
    memset(signature, 0, 256);
    stand_refuses(at, "0", forge_parts(header, claims, signature, 256), APISEC_E_SIGNATURE);
    signature[255] = 1;
    stand_refuses(at, "1", forge_parts(header, claims, signature, 256), APISEC_E_SIGNATURE);
    memset(signature, 0xff, 256);
    stand_refuses(at, "more than the modulus", forge_parts(header, claims, signature, 256), APISEC_E_SIGNATURE);
    free(honest);
    free(header);
    free(claims);
    apisec_verifier_free(at);
}

static int begin(void **state)
{
    (void)state;
    rsa = forge_signer("RS256", 0);
    ec = forge_signer("ES256", 0);
    rsa_set = forge_jwks((const apisec_signer *[]){rsa, NULL});
    ec_set = forge_jwks((const apisec_signer *[]){ec, NULL});
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(rsa_set);
    free(ec_set);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alg_none),
        cmocka_unit_test(test_alg_that_is_no_name),
        cmocka_unit_test(test_signature_stripped),
        cmocka_unit_test(test_public_key_as_hmac_secret),
        cmocka_unit_test(test_public_key_as_hmac_secret_where_both_are_allowed),
        cmocka_unit_test(test_public_key_without_alg_as_hmac_secret),
        cmocka_unit_test(test_hmac_twin),
        cmocka_unit_test(test_hmac_with_keys_that_anyone_can_fetch),
        cmocka_unit_test(test_short_hmac_secret),
        cmocka_unit_test(test_allowed_rs256_but_says_another),
        cmocka_unit_test(test_algorithm_of_another_curve_or_type),
        cmocka_unit_test(test_algorithms_that_are_none_of_ours),
        cmocka_unit_test(test_ecdsa_signatures),
        cmocka_unit_test(test_rsa_signatures),
    };
    return cmocka_run_group_tests_name("attack_algorithm", tests, begin, end);
}
