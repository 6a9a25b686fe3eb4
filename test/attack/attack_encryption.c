/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_encryption.c: attacks with and on encrypted tokens: encryption taken for a signature, tokens in tokens, points off the
 * curve, cut tags, changed bytes, keys of the wrong kind. Each stands beside a twin that differs in one thing and passes.
 */
#include "support/unit.h"
#include "support/encrypted.h"
#include "support/stand.h"
#include "support/stride.h"

#include "jose/jose.h"

#include <apisec/encryption.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A secret that the honest issuer shares with the service: A256GCM with dir. */
static const char secret_jwk[] = "{\"kty\":\"oct\",\"kid\":\"s\",\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}";
static const char dir_header[] = "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"JWT\"}";

static const apisec_signer *signer;
static char *set;
static char *ec_private, *ec_public, *rsa_private, *rsa_public, *all_keys;

/* ---- the stand, and tokens for it ---- */

static apisec_verifier *new_stand(const char *decryption_keys, bool required)
{
    return stand_new(&(struct stand_issuer){.algorithms = {"HS256"}, .keys = set, .decryption_keys = decryption_keys,
                                            .requires_encryption = required}, 1, NULL);
}

static char *honest(void)
{
    return forge_token(FORGE_SAME, FORGE_SAME, signer);
}

/* encrypt takes the plaintext over. */
static char *encrypt(const char *jwk, const char *alg, const char *enc, const char *cty, char *plaintext)
{
    char *token = NULL;
    apisec_error err;
    if (apisec_encrypt(jwk, strlen(jwk), alg, enc, cty, plaintext, strlen(plaintext), &token, &err) != APISEC_OK)
        fail_msg("%s", err.text);
    free(plaintext);
    return token;
}

static char *to_ec(const char *cty, char *plaintext)
{
    return encrypt(ec_public, "ECDH-ES+A128KW", "A128CBC-HS256", cty, plaintext);
}

/* changed gives a copy with one part changed, and frees the token. */
static char *changed(char *token, size_t part, size_t byte)
{
    char *copy = encrypted_flip(token, part, byte);
    free(token);
    return copy;
}

static char *cut(char *token, size_t part, size_t len)
{
    unsigned char bytes[JOSE_MAX_TOKEN];
    if (encrypted_decode(token, part, bytes) < len) fail_msg("nothing to cut");
    char *copy = encrypted_bytes(token, part, bytes, len);
    free(token);
    return copy;
}

/* forge_jwe encrypts with the shared secret under a header of any kind. It takes the plaintext over. */
static char *forge_jwe(const char *header, char *plaintext)
{
    static const unsigned char iv[CRYPTO_GCM_IV] = {1};
    unsigned char key[32], tag[CRYPTO_GCM_TAG], ciphertext[8192];
    for (unsigned char i = 0; i < 32; i++) key[i] = i;
    char *encoded = forge_base64url(text_of(header));
    const struct text text = text_of(plaintext);
    const struct content *content = content_find(text_of("A256GCM"));
    assert_int_equal(content_encrypt(content, key, iv, text_of(encoded), text, ciphertext, tag), APISEC_OK);
    char *parts[3] = {forge_base64url((struct text){(const char *)iv, sizeof iv}),
                      forge_base64url((struct text){(const char *)ciphertext, text.len}),
                      forge_base64url((struct text){(const char *)tag, sizeof tag})};
    const size_t size = strlen(encoded) + strlen(parts[0]) + strlen(parts[1]) + strlen(parts[2]) + 5;
    char *token = malloc(size);
    assert_non_null(token);
    snprintf(token, size, "%s..%s.%s.%s", encoded, parts[0], parts[1], parts[2]);
    for (size_t i = 0; i < 3; i++) free(parts[i]);
    free(encoded);
    free(plaintext);
    return token;
}

/* ---- encryption is not authentication ---- */

/* Anybody can encrypt to a public key. */
static void test_encrypted_and_not_signed(void **state)
{
    (void)state;
    apisec_verifier *at = new_stand(all_keys, true);
    stand_refuses(at, "claims, and no signature", to_ec("JWT", forge_claims(FORGE_SAME)), APISEC_E_MALFORMED);
    stand_refuses(at, "claims that say they are claims", to_ec("json", forge_claims(FORGE_SAME)), APISEC_E_TYPE);
    stand_refuses(at, "an empty plaintext", to_ec("JWT", strdup("")), APISEC_E_MALFORMED);
    char *claims = forge_claims(FORGE_SAME), *header = forge_header("none", NULL, FORGE_SAME);
    char *right = forge_header("HS256", apisec_signer_key_id(signer), FORGE_SAME);
    stand_refuses(at, "alg none inside", to_ec("JWT", forge_parts(header, claims, "", 0)), APISEC_E_ALGORITHM);
    stand_refuses(at, "a signature by another key", to_ec("JWT", forge_jws(right, claims, forge_signer("HS256", 1))),
                  APISEC_E_SIGNATURE);
    stand_refuses(at, "a signature with the recipient's public key as its secret",
                  to_ec("JWT", forge_hmac(header, claims, "HS256", text_of(ec_public))), APISEC_E_ALGORITHM);
    stand_accepts(at, "signed, and then encrypted", to_ec("JWT", honest()));
    stand_accepts(at, "the same with another way to write its type", to_ec("application/jwt", honest()));
    free(claims);
    free(header);
    free(right);
    apisec_verifier_free(at);
}

static void test_content_type(void **state)
{
    (void)state;
    apisec_verifier *at = new_stand(all_keys, false);
    static const char *const types[] = {NULL, "", "+jwt", "at+jwe", "secevent+jwt", "JWE", "text/plain", "JWT ", "application/"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        stand_refuses(at, types[i] == NULL ? "no cty" : types[i], to_ec(types[i], honest()), APISEC_E_TYPE);
    stand_accepts(at, "JWT", to_ec("JWT", honest()));
    stand_accepts(at, "jwt", to_ec("jwt", honest()));
    stand_accepts(at, "at+jwt, as oidc-provider has it", to_ec("at+jwt", honest()));
    stand_accepts(at, "application/at+jwt", to_ec("application/at+jwt", honest()));
    apisec_verifier_free(at);
}

static void test_jwe_within_jwe(void **state)
{
    (void)state;
    apisec_verifier *at = new_stand(all_keys, false);
    char *token = to_ec("JWT", honest());
    stand_accepts(at, "once", strdup(token));
    for (size_t depth = 2; depth <= 5; depth++) {
        token = to_ec("JWT", token);
        stand_refuses(at, "more than once", strdup(token), APISEC_E_MALFORMED);
    }
    free(token);
    apisec_verifier_free(at);
}

/* What is inside is judged as any token is. */
static void test_what_is_inside(void **state)
{
    (void)state;
    apisec_verifier *at = new_stand(all_keys, true);
    static const struct {
        struct forge_change claims[2], header[2];
        apisec_status expected;
        const char *why;
    } rows[] = {
        {{{"iss", "\"https://evil.example\""}}, {{NULL, NULL}}, APISEC_E_ISSUER, "another issuer"},
        {{{"aud", "\"billing\""}}, {{NULL, NULL}}, APISEC_E_AUDIENCE, "for somebody else"},
        {{{"exp", "1749999000"}}, {{NULL, NULL}}, APISEC_E_EXPIRED, "expired"},
        {{{"cnf", "{\"jkt\":\"x\"}"}}, {{NULL, NULL}}, APISEC_E_BINDING, "bound"},
        {{{NULL, NULL}}, {{"typ", "\"JWT\""}}, APISEC_E_TYPE, "another type"},
        {{{NULL, NULL}}, {{"crit", "[\"exp\"]"}}, APISEC_E_MALFORMED, "crit"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        stand_refuses(at, rows[i].why, to_ec("JWT", forge_token(rows[i].claims, rows[i].header, signer)), rows[i].expected);
    char *token = honest(), line[4096];
    snprintf(line, sizeof line, "%s\n", token);
    stand_refuses(at, "a new line behind it", to_ec("JWT", strdup(line)), APISEC_E_MALFORMED);
    snprintf(line, sizeof line, " %s", token);
    stand_refuses(at, "a space before it", to_ec("JWT", strdup(line)), APISEC_E_MALFORMED);
    stand_accepts(at, "the twin", to_ec("JWT", token));
    apisec_verifier_free(at);
}

/* ---- in the open, where encryption is required; encrypted, where nobody can decrypt ---- */

static void test_encryption_required(void **state)
{
    (void)state;
    apisec_verifier *required = new_stand(all_keys, true), *free_choice = new_stand(all_keys, false);
    apisec_verifier *none = new_stand(NULL, false);
    stand_refuses(required, "in the open", honest(), APISEC_E_DECRYPTION);
    stand_accepts(required, "encrypted", to_ec("JWT", honest()));
    stand_accepts(free_choice, "in the open", honest());
    stand_accepts(free_choice, "encrypted", to_ec("JWT", honest()));
    stand_refuses(none, "no keys to decrypt with", to_ec("JWT", honest()), APISEC_E_MALFORMED);
    stand_accepts(none, "in the open", honest());
    apisec_verifier_free(required);
    apisec_verifier_free(free_choice);
    apisec_verifier_free(none);
    apisec_verifier *verifier = NULL;
    const struct stand_issuer lost = {.algorithms = {"HS256"}, .keys = set, .requires_encryption = true};
    assert_int_equal(stand_try(&lost, 1, NULL, &verifier), APISEC_E_CONFIG);
    assert_null(verifier);
}

/* The same trust takes an encrypted token of one issuer; that another one must encrypt is no promise of the first. */
static void test_each_issuer_for_itself(void **state)
{
    (void)state;
    const struct stand_issuer issuers[] = {
        {.algorithms = {"HS256"}, .keys = set, .decryption_keys = all_keys},
        {.name = "https://strict.example", .algorithms = {"HS256"}, .keys = set, .requires_encryption = true},
    };
    const struct forge_change strict[] = {{"iss", "\"https://strict.example\""}, {NULL, NULL}};
    apisec_verifier *at = stand_new(issuers, 2, NULL);
    stand_accepts(at, "the one that need not", honest());
    stand_refuses(at, "the one that must, in the open", forge_token(strict, FORGE_SAME, signer), APISEC_E_DECRYPTION);
    apisec_token *token = stand_verified(at, "the one that must", to_ec("JWT", forge_token(strict, FORGE_SAME, signer)));
    assert_string_equal(apisec_token_issuer(token), "https://strict.example");
    apisec_token_free(token);
    apisec_verifier_free(at);
}

/* ---- algorithms ---- */

static void test_refused_by_name(void **state)
{
    (void)state;
    apisec_verifier *at = new_stand(secret_jwk, false);
    static const struct {
        const char *header;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {"{\"alg\":\"RSA1_5\",\"enc\":\"A256GCM\",\"cty\":\"JWT\"}", APISEC_E_ALGORITHM, "RSA1_5"},
        {"{\"alg\":\"PBES2-HS256+A128KW\",\"enc\":\"A256GCM\",\"p2s\":\"AAAAAAAAAAA\",\"p2c\":2147483647,\"cty\":\"JWT\"}",
         APISEC_E_ALGORITHM, "PBES2, two thousand million rounds"},
        {"{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"zip\":\"DEF\",\"cty\":\"JWT\"}", APISEC_E_ALGORITHM, "zip"},
        {"{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"zip\":null,\"cty\":\"JWT\"}", APISEC_E_ALGORITHM, "zip, whatever it says"},
        {"{\"alg\":\"none\",\"enc\":\"A256GCM\",\"cty\":\"JWT\"}", APISEC_E_ALGORITHM, "none"},
        {"{\"alg\":\"DIR\",\"enc\":\"A256GCM\",\"cty\":\"JWT\"}", APISEC_E_ALGORITHM, "another spelling"},
        {"{\"alg\":\"dir\",\"enc\":\"none\",\"cty\":\"JWT\"}", APISEC_E_ALGORITHM, "no encryption"},
        {"{\"alg\":\"dir\",\"enc\":\"A256CBC\",\"cty\":\"JWT\"}", APISEC_E_ALGORITHM, "no MAC"},
        {"{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"crit\":[\"exp\"],\"cty\":\"JWT\"}", APISEC_E_MALFORMED, "crit"},
        {"{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"crit\":[],\"cty\":\"JWT\"}", APISEC_E_MALFORMED, "an empty crit"},
        {"{\"alg\":\"dir\",\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"JWT\"}", APISEC_E_MALFORMED, "a member twice"},
        {"{\"alg\":[\"dir\"],\"enc\":\"A256GCM\",\"cty\":\"JWT\"}", APISEC_E_MALFORMED, "alg is no string"},
        {"{\"alg\":\"dir\",\"cty\":\"JWT\"}", APISEC_E_MALFORMED, "no enc"},
        {"{\"enc\":\"A256GCM\",\"cty\":\"JWT\"}", APISEC_E_MALFORMED, "no alg"},
        {"{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":[\"JWT\"]}", APISEC_E_MALFORMED, "cty is no string"},
        {"{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"JWT\",\"kid\":7}", APISEC_E_MALFORMED, "kid is no string"},
        {"[]", APISEC_E_MALFORMED, "no object"},
        {"", APISEC_E_MALFORMED, "no header"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        stand_refuses(at, rows[i].why, forge_jwe(rows[i].header, honest()), rows[i].expected);
    stand_accepts(at, "the twin", forge_jwe(dir_header, honest()));
    stand_accepts(at, "members that nobody knows",
                  forge_jwe("{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"JWT\",\"x\":1,\"p2c\":9}", honest()));
    apisec_verifier_free(at);
}

/* Nothing in the header says where keys come from. */
static void test_keys_in_the_header(void **state)
{
    (void)state;
    struct stand_counter counter;
    stand_count(&counter);
    apisec_verifier *at = stand_new(&(struct stand_issuer){.algorithms = {"HS256"}, .keys = set, .decryption_keys = secret_jwk}, 1,
                                    &counter.http);
    stand_accepts(at, "jku, x5u, x5c and jwk are not looked at",
                  forge_jwe("{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"JWT\",\"jku\":\"https://evil.example/k\",\"x5u\":7,"
                            "\"x5c\":[\"AA\"],\"jwk\":{\"kty\":\"oct\",\"k\":\"AA\"}}", honest()));
    stand_refuses(at, "a kid that nobody has",
                  forge_jwe("{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"JWT\",\"kid\":\"../s\"}", honest()),
                  APISEC_E_KEY_UNKNOWN);
    stand_refuses(at, "a kid with a NUL",
                  forge_jwe("{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"JWT\",\"kid\":\"s\\u0000\"}", honest()),
                  APISEC_E_MALFORMED);
    stand_accepts(at, "the right kid", forge_jwe("{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"JWT\",\"kid\":\"s\"}", honest()));
    assert_int_equal(counter.num_requests, 0);
    apisec_verifier_free(at);
}

/* A public key is no secret, whatever the header calls it. */
static void test_public_keys_as_secrets(void **state)
{
    (void)state;
    apisec_verifier *at = new_stand(rsa_private, false);
    stand_refuses(at, "dir with an RSA key", forge_jwe(dir_header, honest()), APISEC_E_KEY_UNKNOWN);
    struct json *document = NULL;
    struct text kid;
    char header[256];
    assert_int_equal(json_parse_object(text_of(rsa_private), &json_document_limits, &document, NULL), APISEC_OK);
    assert_int_equal(json_get_text(document, "kid", &kid), JSON_OK);
    snprintf(header, sizeof header, "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"JWT\",\"kid\":\"%s\"}", kid.at);
    stand_refuses(at, "the same by its kid", forge_jwe(header, honest()), APISEC_E_KEY_UNFIT);
    stand_refuses(at, "another alg than the key's", encrypt(encrypted_a1_key, "RSA-OAEP", "A128GCM", "JWT", honest()),
                  APISEC_E_KEY_UNKNOWN);
    stand_accepts(at, "the twin", encrypt(rsa_public, "RSA-OAEP-256", "A128GCM", "JWT", honest()));
    json_free(document);
    apisec_verifier_free(at);
}

/* ---- the sender's ephemeral key ---- */

static void test_points(void **state)
{
    (void)state;
    const char *const p384 = apisec_signer_public_jwk(forge_signer("ES384", 0));
    const struct {
        const char *epk;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0\","
         "\"y\":\"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps\"}", APISEC_E_DECRYPTION, "a point of the curve: goes on"},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0\","
         "\"y\":\"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFppo\"}", APISEC_E_MALFORMED, "beside the curve"},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
         "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}", APISEC_E_MALFORMED, "zeros, as for infinity"},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"\",\"y\":\"\"}", APISEC_E_MALFORMED, "nothing, as for infinity"},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"gTli65eTQ7z-Bh147ff8K3m7k2UiDiG2LpYkWAaFJCc\","
         "\"y\":\"cLAnjKa4bzjD7DJVPwa9EPrRzMG7rONgsiUD-kf30Fs\"}", APISEC_E_MALFORMED, "of a weak curve with the same field"},
        {"{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0\","
         "\"y\":\"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps\"}", APISEC_E_MALFORMED, "called by another curve's name"},
        {p384, APISEC_E_KEY_UNKNOWN, "of another curve than any key"},
        {"{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0\","
         "\"y\":\"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps\"}", APISEC_E_MALFORMED, "of a curve that is not ours"},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0\","
         "\"y\":\"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps\",\"d\":\"0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo\"}",
         APISEC_E_MALFORMED, "a private key"},
        {"{\"kty\":\"oct\",\"k\":\"AAECAwQFBgcICQoLDA0ODw\"}", APISEC_E_MALFORMED, "a secret"},
        {"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}", APISEC_E_MALFORMED,
         "X25519"},
        {"{}", APISEC_E_MALFORMED, "no key"},
        {"\"P-256\"", APISEC_E_MALFORMED, "no object"},
        {NULL, APISEC_E_MALFORMED, "none at all"},
    };
    apisec_verifier *at = new_stand(ec_private, false);
    char *const token = to_ec("JWT", honest());
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char header[1024];
        snprintf(header, sizeof header, "{\"alg\":\"ECDH-ES+A128KW\",\"enc\":\"A128CBC-HS256\",\"cty\":\"JWT\"%s%s}",
                 rows[i].epk == NULL ? "" : ",\"epk\":", rows[i].epk == NULL ? "" : rows[i].epk);
        stand_refuses(at, rows[i].why, encrypted_bytes(token, 0, header, strlen(header)), rows[i].expected);
    }
    char header[1024];
    stand_accepts(at, "the twin", strdup(token));
    struct jwe_header honest_header;
    struct jwe jwe;
    assert_int_equal(jwe_split(text_of(token), &jwe, NULL), APISEC_OK);
    assert_int_equal(jwe_header_parse(jwe.header, &honest_header, NULL), APISEC_OK);
    snprintf(header, sizeof header, "{\"alg\":\"ECDH-ES+A128KW\",\"enc\":\"A128CBC-HS256\",\"kid\":\"%s\",\"epk\":%s}",
             honest_header.kid.at, p384);
    stand_refuses(at, "of another curve than the key", encrypted_bytes(token, 0, header, strlen(header)), APISEC_E_KEY_UNFIT);
    jwe_header_free(&honest_header);
    apisec_text_free(token);
    apisec_verifier_free(at);
}

/* ---- bytes that are changed or cut ---- */

static void test_changed_bytes(void **state)
{
    (void)state;
    apisec_verifier *at = new_stand(all_keys, false);
    static const char *const algs[] = {"ECDH-ES+A128KW", "RSA-OAEP-256", "dir"};
    static const char *const encs[] = {"A128GCM", "A256CBC-HS512", "A256GCM"};
    const char *const keys[] = {ec_public, rsa_public, secret_jwk};
    for (size_t i = 0; i < 3; i++) {
        char *const token = encrypt(keys[i], algs[i], encs[i], "JWT", honest());
        for (size_t part = strcmp(algs[i], "dir") == 0 ? 2 : 1; part <= 4; part++) {
            stand_refuses(at, "its first byte", changed(strdup(token), part, 0), APISEC_E_DECRYPTION);
            stand_refuses(at, "its last byte", changed(strdup(token), part, SIZE_MAX), APISEC_E_DECRYPTION);
        }
        stand_accepts(at, "the twin", token);
    }
    apisec_verifier_free(at);
}

/* CVE-2023-37464: a tag of one byte is guessed in 256 tries. */
static void test_cut_tags(void **state)
{
    (void)state;
    apisec_verifier *at = new_stand(all_keys, false);
    char *const gcm = encrypt(secret_jwk, "dir", "A256GCM", "JWT", honest()), *const cbc = to_ec("JWT", honest());
    for (size_t len = 0; len < CRYPTO_GCM_TAG; len++) {
        stand_refuses(at, "a GCM tag", cut(strdup(gcm), 4, len), APISEC_E_DECRYPTION);
        stand_refuses(at, "a CBC tag", cut(strdup(cbc), 4, len), APISEC_E_DECRYPTION);
    }
    for (size_t len = 0; len < CRYPTO_GCM_IV; len++)
        stand_refuses(at, "a GCM iv", cut(strdup(gcm), 2, len), APISEC_E_DECRYPTION);
    for (size_t len = 0; len < 16; len++) stand_refuses(at, "a CBC iv", cut(strdup(cbc), 2, len), APISEC_E_DECRYPTION);
    for (size_t len = 0; len < 40; len += 8)
        stand_refuses(at, "a wrapped key", cut(strdup(cbc), 1, len), APISEC_E_DECRYPTION);
    stand_accepts(at, "all of it", cut(cbc, 4, 16));
    stand_accepts(at, "all of it", cut(gcm, 4, 16));
    apisec_verifier_free(at);
}

/* The attacker of a padding oracle tries all bytes before the last block, and listens. There is one answer. Those below 32
 * are all that can make the last byte the length of a padding. */
static void test_padding_oracle(void **state)
{
    (void)state;
    struct jwe_keys *keys = NULL;
    assert_int_equal(jwe_keys_parse(text_of(ec_private), &keys, NULL), APISEC_OK);
    char *token = to_ec("JWT", honest());
    unsigned char bytes[JOSE_MAX_TOKEN];
    const size_t len = encrypted_decode(token, 3, bytes);
    apisec_error first = {0}, err = {0};
    for (unsigned guess = 1; guess < 256; guess += guess < 32 ? 1 : (unsigned)stride(1, 17)) {
        struct arena arena = {NULL};
        struct jwe_opened opened;
        bytes[len - 17] ^= (unsigned char)guess;
        char *forged = encrypted_bytes(token, 3, bytes, len);
        assert_int_equal(jwe_decrypt(keys, text_of(forged), &arena, &opened, &err), APISEC_E_DECRYPTION);
        if (guess == 1) first = err;
        assert_memory_equal(&err, &first, sizeof err);
        bytes[len - 17] ^= (unsigned char)guess;
        arena_free(&arena);
        free(forged);
    }
    jwe_keys_free(keys);
    apisec_verifier *at = new_stand(ec_private, false);
    stand_accepts(at, "the twin", token);
    apisec_verifier_free(at);
}

/* ---- forms ---- */

static void test_forms(void **state)
{
    (void)state;
    apisec_verifier *at = new_stand(all_keys, false);
    char *token = to_ec("JWT", honest());
    const size_t size = strlen(token) + 64;
    char *other = malloc(size);
    static const struct {
        const char *format;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {"%s", APISEC_OK, "the twin"},
        {"%s.", APISEC_E_MALFORMED, "6 parts"},
        {"%s\n", APISEC_E_MALFORMED, "a new line behind it"},
        {" %s", APISEC_E_MALFORMED, "a space before it"},
        {"%s=", APISEC_E_MALFORMED, "padding"},
        {".%s", APISEC_E_MALFORMED, "6 parts, the first one empty"},
        {"%.40s", APISEC_E_MALFORMED, "a piece"},
        {"{\"ciphertext\":\"%s\"}", APISEC_E_MALFORMED, "the JSON serialisation"},
        {"....", APISEC_E_MALFORMED, "nothing but dots"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
        snprintf(other, size, rows[i].format, token);
#pragma GCC diagnostic pop
        if (rows[i].expected == APISEC_OK) stand_accepts(at, rows[i].why, strdup(other));
        if (rows[i].expected != APISEC_OK) stand_refuses(at, rows[i].why, strdup(other), rows[i].expected);
    }
    free(other);
    free(token);
    char *large = malloc(JOSE_MAX_TOKEN + 2);
    memset(large, 'A', JOSE_MAX_TOKEN + 1);
    for (size_t i = 1; i <= 4; i++) large[i * 100] = '.';
    large[JOSE_MAX_TOKEN + 1] = '\0';
    stand_refuses(at, "a byte more than 16 KiB", strdup(large), APISEC_E_TOO_LARGE);
    large[JOSE_MAX_TOKEN] = '\0';
    stand_refuses(at, "16 KiB", large, APISEC_E_MALFORMED);
    apisec_verifier_free(at);
}

/* ---- rotation ---- */

static void test_a_retired_key(void **state)
{
    (void)state;
    char *old_private = NULL, *old_public = NULL, both[4096];
    assert_int_equal(apisec_encryption_key_new("ECDH-ES+A128KW", &old_private, &old_public, NULL), APISEC_OK);
    snprintf(both, sizeof both, "{\"keys\":[%s,%s]}", ec_private, old_private);
    apisec_verifier *during = new_stand(both, false), *after = new_stand(ec_private, false);
    char *old = encrypt(old_public, "ECDH-ES+A128KW", "A128GCM", "JWT", honest());
    stand_accepts(during, "the old key, while both are there", strdup(old));
    stand_accepts(during, "the new key", to_ec("JWT", honest()));
    stand_refuses(after, "the old key, retired", old, APISEC_E_KEY_UNKNOWN);
    stand_accepts(after, "the new key", to_ec("JWT", honest()));
    apisec_verifier_free(during);
    apisec_verifier_free(after);
    apisec_text_free(old_private);
    apisec_text_free(old_public);
}

static int begin(void **state)
{
    (void)state;
    signer = forge_signer("HS256", 0); /* quick: what is inside is not what this is about */
    set = forge_jwks((const apisec_signer *[]){signer, NULL});
    assert_int_equal(apisec_encryption_key_new("ECDH-ES+A128KW", &ec_private, &ec_public, NULL), APISEC_OK);
    assert_int_equal(apisec_encryption_key_new("RSA-OAEP-256", &rsa_private, &rsa_public, NULL), APISEC_OK);
    const size_t size = strlen(ec_private) + strlen(rsa_private) + sizeof secret_jwk + 64;
    all_keys = malloc(size);
    snprintf(all_keys, size, "{\"keys\":[%s,%s,%s]}", ec_private, rsa_private, secret_jwk);
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(set);
    free(all_keys);
    apisec_text_free(ec_private);
    apisec_text_free(ec_public);
    apisec_text_free(rsa_private);
    apisec_text_free(rsa_public);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encrypted_and_not_signed),
        cmocka_unit_test(test_content_type),
        cmocka_unit_test(test_jwe_within_jwe),
        cmocka_unit_test(test_what_is_inside),
        cmocka_unit_test(test_encryption_required),
        cmocka_unit_test(test_each_issuer_for_itself),
        cmocka_unit_test(test_refused_by_name),
        cmocka_unit_test(test_keys_in_the_header),
        cmocka_unit_test(test_public_keys_as_secrets),
        cmocka_unit_test(test_points),
        cmocka_unit_test(test_changed_bytes),
        cmocka_unit_test(test_cut_tags),
        cmocka_unit_test(test_padding_oracle),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_a_retired_key),
    };
    return cmocka_run_group_tests_name("attack_encryption", tests, begin, end);
}
