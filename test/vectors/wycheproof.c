/* SPDX-License-Identifier: Apache-2.0
 *
 * wycheproof.c: the JOSE files of Wycheproof through lib/jose, and its files for RSA, ECDSA and HMAC through lib/crypto.
 * Argument: the folder with them; without one, $VECTORS/wycheproof. Where a file and the standards disagree the table of waivers
 * says so, test by test; a waiver that is not needed fails as well.
 *
 * What this library refuses by decision, whatever the file says:
 *   PSS with a salt that is not as long as the hash, or another hash in MGF1: RFC 7518 section 3.5 has only the one form
 *   RSA signatures without the NULL of the DigestInfo ("acceptable" there); HMAC tags that are cut; HMAC keys shorter than the hash
 *   secp256k1: no such curve here
 * Encrypted tokens are only looked at for not being taken for signed ones; wycheproof_encryption.c decrypts them.
 */
#include "jose/jose.h"
#include "support/guard.h"
#include "support/vectors.h"

#include <stdio.h>
#include <string.h>

/* ---- waivers ---- */

static struct waiver {
    const char *file;
    int64_t id;
    const char *why;
    bool used;
} waivers[] = {
    /* The file says valid. */
    {"json_web_signature_test.json", 346, "the key is for PS256, the token for PS384 (RFC 7517 section 4.4)", false},
    {"json_web_signature_test.json", 350, "the same", false},
    {"json_web_signature_test.json", 347, "the key's alg ES521 is no registered one: a slip for ES512", false},
    {"json_web_signature_test.json", 351, "the same", false},
    {"json_web_signature_test.json", 372, "'?' in the header part (RFC 7515 section 2)", false},
    {"json_web_signature_test.json", 373, "'?' in the payload part", false},
    /* The file says invalid. */
    {"json_web_signature_test.json", 367, "the same bytes as test 357, which is valid", false},
    {"json_web_signature_test.json", 370, "the same", false},
    {"json_web_key_test.json", 1, "a pinned set may hold oct and EC keys; in a fetched one the oct key is refused", false},
    {"json_web_crypto_test.json", 47, "the same", false},
    {"json_web_key_test.json", 7, "a modulus with the ROCA fingerprint: there is no test for it here", false},
    {"json_web_crypto_test.json", 46, "the same", false},
    {"rsa_pss_2048_sha256_mgf1_0_test.json", 69, "its salt was made 32 bytes long, which makes it a PS256 signature", false},
};
enum { NUM_WAIVERS = sizeof waivers / sizeof waivers[0] };

static struct waiver *find_waiver(const char *file, int64_t id)
{
    for (size_t i = 0; i < NUM_WAIVERS; i++) {
        if (waivers[i].id == id && strcmp(waivers[i].file, file) == 0) return &waivers[i];
    }
    return NULL;
}

static void check_waivers(void)
{
    for (size_t i = 0; i < NUM_WAIVERS; i++) {
        if (waivers[i].used) {
            printf("waived  %s %lld: %s\n", waivers[i].file, (long long)waivers[i].id, waivers[i].why);
        } else {
            vectors_check(false, waivers[i].file, waivers[i].id, "this waiver is not needed");
        }
    }
}

/* expect counts a test: accepted must be what is wanted, or the opposite where there is a waiver. */
static void expect(const char *file, const struct json *test, bool want, bool accepted)
{
    const int64_t id = vectors_number(test, "tcId");
    struct waiver *const waiver = find_waiver(file, id);
    if (waiver) {
        waiver->used = accepted != want;
        want = !want;
    }
    vectors_check(accepted == want, file, id, accepted ? "accepted, and should not be" : "refused, and should not be");
}

/* judge expects what the file says. "acceptable" is refused. */
static void judge(const char *file, const struct json *test, bool accepted)
{
    expect(file, test, text_is(vectors_text(test, "result"), "valid"), accepted);
}

/* ---- JOSE ---- */

static apisec_status verify_with(const struct jwk *jwk, const struct jws *jws, const struct algorithm *algorithm)
{
    struct arena arena = {NULL};
    struct text payload;
    apisec_status status = jws_verify(jws, jwk, algorithm, NULL);
    if (status == APISEC_OK) status = jws_decode_payload(jws, &arena, &payload, NULL);
    arena_free(&arena);
    return status;
}

/* keys is one JWK or a set. */
static apisec_status verify_parsed(const struct json *keys, const struct jws *jws, const struct jws_header *header)
{
    const struct algorithm *const algorithm = algorithm_find(header->alg);
    if (!algorithm) return APISEC_E_ALGORITHM;
    struct arena arena = {NULL};
    struct jwk *one = NULL;
    struct jwk_set *set = NULL;
    const struct jwk *found = NULL;
    apisec_status status;
    if (json_member(keys, "keys")) {
        status = jwk_set_parse(vectors_write(keys, &arena), JWK_PINNED, &set, NULL);
        if (status == APISEC_OK) status = jwk_set_find(set, header->kid, algorithm, &found, NULL);
    } else {
        status = jwk_parse(keys, &one, NULL);
        found = one;
    }
    if (status == APISEC_OK) status = verify_with(found, jws, algorithm);
    jwk_free(one);
    jwk_set_free(set);
    arena_free(&arena);
    return status;
}

static apisec_status verify_token(const struct json *keys, struct text token)
{
    struct jws jws;
    struct jws_header header;
    apisec_status status = jws_split(token, &jws, NULL);
    if (status == APISEC_OK) status = jws_header_parse(jws.header, &header, NULL);
    if (status != APISEC_OK) return status;
    status = verify_parsed(keys, &jws, &header);
    jws_header_free(&header);
    return status;
}

/* A JWS in JSON serialisation stands in the file as an object: it is handed over as the text it would be. */
static struct text token_text(const struct json *test, const char *name, struct arena *arena)
{
    struct text text;
    const struct json *const value = json_member(test, name);
    return json_as_text(value, &text) ? text : vectors_write(value, arena);
}

static void run_jose(const char *folder, const char *file)
{
    struct json *const document = vectors_open(folder, file);
    for (const struct json *group = json_first(json_member(document, "testGroups")); group; group = json_next(group)) {
        const struct json *const keys = json_member(group, json_member(group, "public") ? "public" : "private");
        for (const struct json *test = json_first(json_member(group, "tests")); test; test = json_next(test)) {
            struct arena arena = {NULL};
            const bool encrypted = json_member(test, "jwe") != NULL;
            const struct text token = token_text(test, encrypted ? "jwe" : "jws", &arena);
            const char *const input = guarded(token.at, token.len);
            const bool accepted = verify_token(keys, (struct text){input, token.len}) == APISEC_OK;
            if (!encrypted) judge(file, test, accepted);
            if (encrypted && accepted) vectors_check(false, file, vectors_number(test, "tcId"), "encrypted, and taken for signed");
            guard_free(input);
            arena_free(&arena);
        }
    }
    json_free(document);
}

/* ---- primitives ---- */

static const struct algorithm *algorithm_for(const char *front, struct text sha)
{
    char name[16];
    if (!text_starts(sha, "SHA-")) return NULL;
    snprintf(name, sizeof name, "%s%s", front, sha.at + 4); /* NUL-terminated by the reader */
    return algorithm_find(text_of(name));
}

/* One test of a group: is its signature accepted? */
static bool accepts(const struct crypto_key *key, const struct algorithm *algorithm, struct text message, struct text signature)
{
    if (!key || !algorithm) return false;
    const char *const in = guarded(message.at, message.len), *const sig = guarded(signature.at, signature.len);
    const apisec_status status = crypto_verify(key, algorithm, in, message.len, (const unsigned char *)sig, signature.len);
    guard_free(in);
    guard_free(sig);
    return status == APISEC_OK;
}

static struct crypto_key *rsa_key(const struct json *group, struct arena *arena)
{
    const struct json *const given = json_member(group, "publicKey");
    struct crypto_rsa_parts parts = {.n = vectors_hex(given, "modulus", arena), .e = vectors_hex(given, "publicExponent", arena)};
    struct crypto_key *key = NULL;
    return crypto_key_rsa(&parts, &key, NULL) == APISEC_OK ? key : NULL;
}

static void run_pkcs1_group(const char *file, const struct json *group, struct arena *arena)
{
    struct crypto_key *const key = rsa_key(group, arena);
    const struct algorithm *const algorithm = algorithm_for("RS", vectors_text(group, "sha"));
    for (const struct json *test = json_first(json_member(group, "tests")); test; test = json_next(test)) {
        judge(file, test, accepts(key, algorithm, vectors_hex(test, "msg", arena), vectors_hex(test, "sig", arena)));
    }
    crypto_key_free(key);
}

/* With parameters that are not RFC 7518's, each of the three algorithms must refuse every signature. */
static void run_pss_group(const char *file, const struct json *group, struct arena *arena)
{
    struct crypto_key *const key = rsa_key(group, arena);
    const struct algorithm *const algorithm = algorithm_for("PS", vectors_text(group, "sha"));
    const bool ours = algorithm && text_equal(vectors_text(group, "sha"), vectors_text(group, "mgfSha")) &&
                      vectors_number(group, "sLen") == (int64_t)crypto_hash_len(algorithm->hash);
    for (const struct json *test = json_first(json_member(group, "tests")); test; test = json_next(test)) {
        const struct text message = vectors_hex(test, "msg", arena), signature = vectors_hex(test, "sig", arena);
        if (ours) {
            judge(file, test, accepts(key, algorithm, message, signature));
            continue;
        }
        const bool accepted = accepts(key, algorithm_find(text_of("PS256")), message, signature) ||
                              accepts(key, algorithm_find(text_of("PS384")), message, signature) ||
                              accepts(key, algorithm_find(text_of("PS512")), message, signature);
        expect(file, test, !key, accepted);
    }
    crypto_key_free(key);
}

static void run_ecdsa_group(const char *file, const struct json *group, struct arena *arena)
{
    const struct algorithm *const algorithm = algorithm_for("ES", vectors_text(group, "sha"));
    const size_t len = crypto_curve_len(algorithm->curve);
    const struct text point = vectors_hex(json_member(group, "publicKey"), "uncompressed", arena);
    struct crypto_key *key = NULL;
    if (point.len == 1 + 2 * len) {
        const struct crypto_ec_parts parts = {algorithm->curve, {point.at + 1, len}, {point.at + 1 + len, len}, {NULL, 0}};
        crypto_key_ec(&parts, &key, NULL);
    }
    for (const struct json *test = json_first(json_member(group, "tests")); test; test = json_next(test)) {
        judge(file, test, accepts(key, algorithm, vectors_hex(test, "msg", arena), vectors_hex(test, "sig", arena)));
    }
    crypto_key_free(key);
}

static void run_hmac_group(const char *file, const struct json *group, const struct algorithm *algorithm, struct arena *arena)
{
    const int64_t hash_bits = 8 * (int64_t)crypto_hash_len(algorithm->hash);
    const bool ours = vectors_number(group, "tagSize") == hash_bits && vectors_number(group, "keySize") >= hash_bits;
    for (const struct json *test = json_first(json_member(group, "tests")); test; test = json_next(test)) {
        struct crypto_key *key = NULL;
        const bool made = crypto_key_oct(vectors_hex(test, "key", arena), &key, NULL) == APISEC_OK;
        const bool accepted = accepts(key, algorithm, vectors_hex(test, "msg", arena), vectors_hex(test, "tag", arena));
        if (ours) {
            judge(file, test, accepted);
        } else {
            expect(file, test, !made, accepted);
        }
        crypto_key_free(key);
    }
}

static void run_primitive(const char *folder, const char *file)
{
    struct json *const document = vectors_open(folder, file);
    for (const struct json *group = json_first(json_member(document, "testGroups")); group; group = json_next(group)) {
        struct arena arena = {NULL};
        if (strncmp(file, "rsa_signature", 13) == 0) run_pkcs1_group(file, group, &arena);
        if (strncmp(file, "rsa_pss", 7) == 0) run_pss_group(file, group, &arena);
        if (strncmp(file, "ecdsa", 5) == 0) run_ecdsa_group(file, group, &arena);
        if (strcmp(file, "hmac_sha256_test.json") == 0) run_hmac_group(file, group, algorithm_find(text_of("HS256")), &arena);
        if (strcmp(file, "hmac_sha384_test.json") == 0) run_hmac_group(file, group, algorithm_find(text_of("HS384")), &arena);
        if (strcmp(file, "hmac_sha512_test.json") == 0) run_hmac_group(file, group, algorithm_find(text_of("HS512")), &arena);
        arena_free(&arena);
    }
    json_free(document);
}

/* ES256K has no code here: its keys must be refused by the name of their curve, so that its signatures never come into question. */
static void run_secp256k1(const char *folder, const char *file)
{
    struct json *const document = vectors_open(folder, file);
    size_t num = 0, num_keys = 0;
    for (const struct json *group = json_first(json_member(document, "testGroups")); group; group = json_next(group)) {
        const struct json *const given = json_member(group, "publicKeyJwk");
        struct jwk *jwk = NULL;
        num += json_count(json_member(group, "tests"));
        if (!given) continue;
        num_keys++;
        const bool refused = jwk_parse(given, &jwk, NULL) == APISEC_E_UNSUPPORTED;
        if (!refused) vectors_check(false, file, (int64_t)num_keys, "the key of this group was not refused");
        jwk_free(jwk);
    }
    if (algorithm_find(text_of("ES256K"))) vectors_check(false, file, 0, "ES256K was not refused");
    if (num_keys == 0) vectors_check(false, file, 0, "no key to refuse");
    vectors_skip(num, file, "secp256k1 is refused by name");
    json_free(document);
}

int main(int argc, char **argv)
{
    static const char *const jose[] = {"json_web_signature_test.json", "json_web_key_test.json", "json_web_crypto_test.json"};
    static const char *const primitives[] = {
        "rsa_signature_2048_sha256_test.json",
        "rsa_signature_2048_sha384_test.json",
        "rsa_signature_2048_sha512_test.json",
        "rsa_signature_3072_sha256_test.json",
        "rsa_signature_4096_sha512_test.json",
        "rsa_pss_2048_sha256_mgf1_32_test.json",
        "rsa_pss_2048_sha384_mgf1_48_test.json",
        "rsa_pss_3072_sha256_mgf1_32_test.json",
        "rsa_pss_4096_sha512_mgf1_64_test.json",
        "rsa_pss_2048_sha256_mgf1_0_test.json",
        "rsa_pss_2048_sha256_mgf1sha1_20_test.json",
        "rsa_pss_misc_test.json",
        "ecdsa_secp256r1_sha256_p1363_test.json",
        "ecdsa_secp384r1_sha384_p1363_test.json",
        "ecdsa_secp521r1_sha512_p1363_test.json",
        "hmac_sha256_test.json",
        "hmac_sha384_test.json",
        "hmac_sha512_test.json",
    };
    const char *const folder = vectors_folder(argc, argv, "wycheproof");
    for (size_t i = 0; i < sizeof jose / sizeof jose[0]; i++) run_jose(folder, jose[i]);
    for (size_t i = 0; i < sizeof primitives / sizeof primitives[0]; i++) run_primitive(folder, primitives[i]);
    run_secp256k1(folder, "ecdsa_secp256k1_sha256_p1363_test.json");
    check_waivers();
    return vectors_end();
}
