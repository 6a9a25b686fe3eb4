/* SPDX-License-Identifier: Apache-2.0
 *
 * cookbook.c: RFC 7520: the keys of section 3, and the signed examples of section 4: verified, made again where the algorithm is
 * deterministic, and refused with a byte changed. Argument: the folder with jwk/ and jws/ in it; without one, $VECTORS/cookbook.
 */
#include "jose/jose.h"
#include "support/guard.h"
#include "support/vectors.h"

#include <stdio.h>
#include <string.h>

static apisec_status verify(const struct jwk *jwk, struct text token, struct text want_payload)
{
    struct jws jws;
    struct jws_header header;
    struct arena arena = {NULL};
    struct text payload;
    const char *const input = guarded(token.at, token.len);
    apisec_status status = jws_split((struct text){input, token.len}, &jws, NULL);
    if (status == APISEC_OK) status = jws_header_parse(jws.header, &header, NULL);
    if (status == APISEC_OK) {
        const struct algorithm *const algorithm = algorithm_find(header.alg);
        status = algorithm ? jws_verify(&jws, jwk, algorithm, NULL) : APISEC_E_ALGORITHM;
        jws_header_free(&header);
    }
    if (status == APISEC_OK) status = jws_decode_payload(&jws, &arena, &payload, NULL);
    if (status == APISEC_OK && !text_equal(payload, want_payload)) status = APISEC_E_MALFORMED;
    arena_free(&arena);
    guard_free(input);
    return status;
}

/* PSS and (in the cookbook) ECDSA signatures are random; the others come out the same. */
static bool signs_the_same(const struct jwk *jwk, const struct algorithm *algorithm, struct text token)
{
    unsigned char signature[CRYPTO_MAX_SIGNATURE];
    char encoded[(CRYPTO_MAX_SIGNATURE + 2) / 3 * 4 + 1];
    struct jws jws;
    size_t len;
    if (jws_split(token, &jws, NULL) != APISEC_OK) return false;
    if (crypto_sign(jwk->key, algorithm, jws.signing_input.at, jws.signing_input.len, signature, &len) != APISEC_OK) return false;
    if (algorithm->scheme == CRYPTO_RSA_PSS || algorithm->scheme == CRYPTO_ECDSA) return true;
    base64url_encode(signature, len, encoded);
    return text_is(jws.signature, encoded);
}

/* A changed byte of each part, still in the alphabet and not among the unused bits of a part's last character. */
static size_t num_changes_refused(const struct jwk *jwk, struct text token, struct text payload)
{
    size_t refused = 0;
    struct jws jws;
    char copy[4096];
    if (token.len > sizeof copy || jws_split(token, &jws, NULL) != APISEC_OK) return 0;
    const size_t places[3] = {0, jws.header.len + 1, jws.signing_input.len + 1};
    for (size_t i = 0; i < 3; i++) {
        memcpy(copy, token.at, token.len);
        copy[places[i]] = copy[places[i]] == 'A' ? 'B' : 'A';
        if (verify(jwk, (struct text){copy, token.len}, payload) != APISEC_OK) refused++;
    }
    return refused;
}

static void run_signed(const char *folder, const char *name, const char *want_algorithm)
{
    char file[256];
    snprintf(file, sizeof file, "jws/%s", name);
    struct json *const document = vectors_open(folder, file);
    const struct json *const input = json_member(document, "input");
    const struct text token = vectors_text(json_member(document, "output"), "compact");
    const struct text payload = vectors_text(input, "payload");
    const struct algorithm *const algorithm = algorithm_find(vectors_text(input, "alg"));
    struct jwk *jwk = NULL;
    const bool parsed = jwk_parse(json_member(input, "key"), &jwk, NULL) == APISEC_OK;

    vectors_check(algorithm && text_is(text_of(algorithm->name), want_algorithm), file, 1, "not the algorithm that was expected");
    vectors_check(parsed && jwk->may_sign && jwk->may_verify, file, 2, "the key is refused");
    if (parsed && algorithm) {
        vectors_check(verify(jwk, token, payload) == APISEC_OK, file, 3, "the example is refused");
        vectors_check(num_changes_refused(jwk, token, payload) == 3, file, 4, "a changed example is accepted");
        vectors_check(signs_the_same(jwk, algorithm, token), file, 5, "signing does not give the example");
    }
    jwk_free(jwk);
    json_free(document);
}

static bool token_is_refused(const struct json *input, struct text token)
{
    struct jwk *jwk = NULL;
    if (jwk_parse(json_member(input, "key"), &jwk, NULL) != APISEC_OK) return false;
    const bool refused = verify(jwk, token, vectors_text(input, "payload")) != APISEC_OK;
    jwk_free(jwk);
    return refused;
}

/* An example whose compact form, if it has one, is no token here. */
static void run_refused(const char *folder, const char *name, const char *why)
{
    char file[256];
    struct text token;
    snprintf(file, sizeof file, "jws/%s", name);
    struct json *const document = vectors_open(folder, file);
    if (json_get_text(json_member(document, "output"), "compact", &token) == JSON_OK) {
        vectors_check(token_is_refused(json_member(document, "input"), token), file, 1, why);
    } else {
        vectors_skip(1, file, why);
    }
    json_free(document);
}

/* Public and private halves of one key have one thumbprint. */
static void run_pair(const char *folder, const char *public_file, const char *private_file)
{
    struct json *const public_json = vectors_open(folder, public_file), *const private_json = vectors_open(folder, private_file);
    struct jwk *public_key = NULL, *private_key = NULL;
    char public_name[44] = "1", private_name[44] = "2";
    if (jwk_parse(public_json, &public_key, NULL) == APISEC_OK) jwk_thumbprint(public_key->key, public_name);
    if (jwk_parse(private_json, &private_key, NULL) == APISEC_OK) jwk_thumbprint(private_key->key, private_name);
    vectors_check(public_key && public_key->may_verify && !public_key->may_sign, public_file, 1, "no public key for signatures");
    vectors_check(private_key && private_key->may_sign, private_file, 1, "no private key for signatures");
    vectors_check(strcmp(public_name, private_name) == 0, public_file, 2, "another thumbprint than the private half's");
    jwk_free(public_key);
    jwk_free(private_key);
    json_free(public_json);
    json_free(private_json);
}

static void run_key(const char *folder, const char *file, apisec_status want)
{
    struct json *const document = vectors_open(folder, file);
    struct jwk *jwk = NULL;
    vectors_check(jwk_parse(document, &jwk, NULL) == want, file, 1, "not the status that was expected");
    jwk_free(jwk);
    json_free(document);
}

int main(int argc, char **argv)
{
    const char *const folder = vectors_folder(argc, argv, "cookbook");
    run_pair(folder, "jwk/3_1.ec_public_key.json", "jwk/3_2.ec_private_key.json");
    run_pair(folder, "jwk/3_3.rsa_public_key.json", "jwk/3_4.rsa_private_key.json");
    run_key(folder, "jwk/3_5.symmetric_key_mac_computation.json", APISEC_OK);
    run_key(folder, "jwk/3_6.symmetric_key_encryption.json", APISEC_E_ALGORITHM); /* A256GCM */
    run_signed(folder, "4_1.rsa_v15_signature.json", "RS256");
    run_signed(folder, "4_2.rsa-pss_signature.json", "PS384");
    run_signed(folder, "4_3.ecdsa_signature.json", "ES512");
    run_signed(folder, "4_4.hmac-sha2_integrity_protection.json", "HS256");
    run_refused(folder, "4_5.signature_with_detached_content.json", "a detached payload");
    run_refused(folder, "4_6.protecting_specific_header_fields.json", "only in JSON serialisation");
    run_refused(folder, "4_7.protecting_content_only.json", "only in JSON serialisation");
    run_refused(folder, "4_8.multiple_signatures.json", "only in JSON serialisation");
    return vectors_end();
}
