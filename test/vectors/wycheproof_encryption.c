/* SPDX-License-Identifier: Apache-2.0
 *
 * wycheproof_encryption.c: the encrypted tokens of Wycheproof through lib/jose, and its files for RSA-OAEP and ECDH through
 * lib/crypto. Argument: the folder with them; without one, $VECTORS/wycheproof. Nothing is waived.
 *
 * What this library refuses by decision, whatever the file says: RSA-OAEP with a label, with another hash than SHA-1 and SHA-256,
 * with another hash in MGF1, with a modulus of less than 2048 or more than 4096 bits; curves other than P-256, P-384 and P-521.
 */
#include "jose/jose.h"
#include "support/guard.h"
#include "support/vectors.h"

#include <string.h>

static bool is_valid(const struct json *test)
{
    return text_is(vectors_text(test, "result"), "valid");
}

/* ---- tokens ---- */

static bool decrypts(const struct json *keys, struct text token)
{
    struct arena arena = {NULL};
    struct jwe_keys *parsed = NULL;
    struct jwe_opened opened;
    const char *const input = guarded(token.at, token.len);
    apisec_status status = jwe_keys_parse(vectors_write(keys, &arena), &parsed, NULL);
    if (status != APISEC_OK) vectors_check(false, "a key of json_web_crypto", 0, "was refused");
    if (status == APISEC_OK) status = jwe_decrypt(parsed, (struct text){input, token.len}, &arena, &opened, NULL);
    guard_free(input);
    jwe_keys_free(parsed);
    arena_free(&arena);
    return status == APISEC_OK;
}

static void run_tokens(const char *folder, const char *file)
{
    struct json *const document = vectors_open(folder, file);
    size_t num = 0;
    for (const struct json *group = json_first(json_member(document, "testGroups")); group; group = json_next(group)) {
        for (const struct json *test = json_first(json_member(group, "tests")); test; test = json_next(test)) {
            const struct json *const jwe = json_member(test, "jwe");
            struct arena arena = {NULL};
            struct text text;
            if (!jwe) continue;
            if (!json_as_text(jwe, &text)) text = vectors_write(jwe, &arena); /* in JSON serialisation: as the text it would be */
            const bool decrypted = decrypts(json_member(group, "private"), text);
            vectors_check(decrypted == is_valid(test), file, vectors_number(test, "tcId"), decrypted ? "decrypted" : "refused");
            num++;
            arena_free(&arena);
        }
    }
    if (num != 34) vectors_check(false, file, (int64_t)num, "not 34 encrypted tokens");
    json_free(document);
}

/* ---- RSA-OAEP ---- */

static struct crypto_key *rsa_key(const struct json *group, struct arena *arena)
{
    const struct json *const given = json_member(group, "privateKey");
    const struct crypto_rsa_parts parts = {
        .n = vectors_hex(given, "modulus", arena), .e = vectors_hex(given, "publicExponent", arena),
        .d = vectors_hex(given, "privateExponent", arena), .p = vectors_hex(given, "prime1", arena),
        .q = vectors_hex(given, "prime2", arena)};
    struct crypto_key *key = NULL;
    return crypto_key_rsa(&parts, &key, NULL) == APISEC_OK ? key : NULL;
}

static bool opens(const struct crypto_key *key, enum crypto_oaep hash, struct text ciphertext, struct text message)
{
    unsigned char out[CRYPTO_MAX_SIGNATURE];
    size_t len;
    const char *const in = guarded(ciphertext.at, ciphertext.len);
    const apisec_status status = crypto_oaep_decrypt(key, hash, (struct text){in, ciphertext.len}, out, &len);
    guard_free(in);
    return status == APISEC_OK && text_equal((struct text){(const char *)out, len}, message);
}

/* Of a group with our parameters the tests without a label must open with its hash, all others with neither of the two. */
static void run_oaep_group(const char *file, const struct json *group, struct arena *arena)
{
    const struct text sha = vectors_text(group, "sha");
    const int64_t bits = vectors_number(group, "keySize");
    const bool ours = text_equal(sha, vectors_text(group, "mgfSha")) && (text_is(sha, "SHA-1") || text_is(sha, "SHA-256"));
    struct crypto_key *const key = rsa_key(group, arena);
    const bool has_size = bits >= CRYPTO_MIN_RSA_BITS && bits <= CRYPTO_MAX_RSA_BITS;
    if ((key != NULL) != has_size) vectors_check(false, file, bits, "a key of this size was taken, or was not");
    for (const struct json *test = json_first(json_member(group, "tests")); test; test = json_next(test)) {
        const struct text ct = vectors_hex(test, "ct", arena), msg = vectors_hex(test, "msg", arena);
        const bool want = key && ours && vectors_text(test, "label").len == 0 && is_valid(test);
        const bool first = key && opens(key, CRYPTO_OAEP_SHA1, ct, msg), second = key && opens(key, CRYPTO_OAEP_SHA256, ct, msg);
        const bool right = want ? first == text_is(sha, "SHA-1") && second == text_is(sha, "SHA-256") : !first && !second;
        vectors_check(right, file, vectors_number(test, "tcId"), want ? "not opened with its hash alone" : "opened");
    }
    crypto_key_free(key);
}

static void run_oaep(const char *folder, const char *file)
{
    struct json *const document = vectors_open(folder, file);
    for (const struct json *group = json_first(json_member(document, "testGroups")); group; group = json_next(group)) {
        struct arena arena = {NULL};
        run_oaep_group(file, group, &arena);
        arena_free(&arena);
    }
    json_free(document);
}

/* ---- ECDH ---- */

static bool agrees(const struct json *test, struct arena *arena)
{
    struct crypto_key *key = NULL, *peer = NULL;
    unsigned char z[CRYPTO_MAX_COORDINATE];
    const struct text shared = vectors_hex(test, "shared", arena);
    apisec_status status = jwk_parse_key(json_member(test, "private"), &key, NULL);
    if (status != APISEC_OK) vectors_check(false, "ecdh", vectors_number(test, "tcId"), "the private key was refused");
    if (status == APISEC_OK) status = jwk_parse_key(json_member(test, "public"), &peer, NULL);
    if (status == APISEC_OK) status = crypto_ecdh(key, peer, z);
    const bool same = status == APISEC_OK && text_equal((struct text){(const char *)z, crypto_key_len(key)}, shared);
    crypto_key_free(key);
    crypto_key_free(peer);
    return same;
}

static void run_ecdh(const char *folder, const char *file)
{
    struct json *const document = vectors_open(folder, file);
    for (const struct json *group = json_first(json_member(document, "testGroups")); group; group = json_next(group)) {
        for (const struct json *test = json_first(json_member(group, "tests")); test; test = json_next(test)) {
            struct arena arena = {NULL};
            const bool agreed = agrees(test, &arena);
            vectors_check(agreed == is_valid(test), file, vectors_number(test, "tcId"), agreed ? "agreed" : "no secret");
            arena_free(&arena);
        }
    }
    json_free(document);
}

int main(int argc, char **argv)
{
    const char *const folder = vectors_folder(argc, argv, "wycheproof");
    run_tokens(folder, "json_web_crypto_test.json");
    run_oaep(folder, "rsa_oaep_misc_test.json");
    run_ecdh(folder, "ecdh_secp256r1_webcrypto_test.json");
    run_ecdh(folder, "ecdh_secp384r1_webcrypto_test.json");
    return vectors_end();
}
