/* SPDX-License-Identifier: Apache-2.0
 *
 * forge.c: forged tokens, see forge.h. It works with the library's own private parts, because its public ones refuse to do this.
 */
#include "support/forge.h"

#include "crypto/crypto.h"
#include "jose/jose.h"
#include "json/json.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_MEMBERS 64
#define MAX_SIGNERS 32
#define MAX_READ 8
#define MAX_FORGERY (4 * 1024 * 1024)

const struct forge_change FORGE_SAME[] = {{NULL, NULL}};

static void must(bool done, const char *what)
{
    if (done) return;
    fprintf(stderr, "forge: %s failed\n", what);
    abort();
}

/* ---- JSON objects with one thing changed ---- */

static char *write_object(const struct forge_change *members, size_t num)
{
    struct buffer out = BUFFER_MAX(MAX_FORGERY);
    const char *separator = "{";
    for (size_t i = 0; i < num; i++) {
        if (members[i].value == NULL) continue;
        buffer_text(&out, separator);
        buffer_byte(&out, '"');
        buffer_text(&out, members[i].name);
        buffer_text(&out, "\":");
        buffer_text(&out, members[i].value);
        separator = ",";
    }
    buffer_text(&out, separator[0] == '{' ? "{}" : "}");
    char *object = buffer_take(&out);
    must(object != NULL, "an object");
    return object;
}

char *forge_object(const struct forge_change *honest, size_t num_honest, const struct forge_change *changes)
{
    struct forge_change members[MAX_MEMBERS];
    size_t num = num_honest;
    if (num_honest > 0) memcpy(members, honest, num_honest * sizeof *honest);
    for (; changes->name != NULL; changes++) {
        size_t at = 0;
        while (at < num && strcmp(members[at].name, changes->name) != 0) at++;
        if (at == num) num++;
        must(num <= MAX_MEMBERS, "so many changes");
        members[at] = *changes;
    }
    return write_object(members, num);
}

char *forge_claims(const struct forge_change *changes)
{
    static const struct forge_change honest[] = {
        {"iss", "\"" FORGE_ISSUER "\""}, {"sub", "\"alice\""},   {"aud", "\"" FORGE_AUDIENCE "\""},
        {"exp", FORGE_EXPIRES},          {"iat", FORGE_ISSUED},  {"jti", "\"t-1\""},
        {"client_id", "\"shop\""},       {"scope", "\"orders:read orders:write\""},
    };
    return forge_object(honest, sizeof honest / sizeof honest[0], changes);
}

static char *quote(const char *text)
{
    if (text == NULL) return NULL;
    const size_t size = strlen(text) + 3;
    char *quoted = malloc(size);
    must(quoted != NULL, "memory");
    snprintf(quoted, size, "\"%s\"", text);
    return quoted;
}

char *forge_header(const char *alg, const char *kid, const struct forge_change *changes)
{
    char *quoted_alg = quote(alg), *quoted_kid = quote(kid);
    const struct forge_change honest[] = {{"typ", "\"at+jwt\""}, {"alg", quoted_alg}, {"kid", quoted_kid}};
    char *header = forge_object(honest, sizeof honest / sizeof honest[0], changes);
    free(quoted_alg);
    free(quoted_kid);
    return header;
}

/* ---- parts and signatures ---- */

char *forge_base64url(struct text text)
{
    char *encoded = malloc(base64url_encoded_len(text.len) + 1);
    must(encoded != NULL, "memory");
    base64url_encode(text.at, text.len, encoded);
    return encoded;
}

char *forge_raw(const char *header_part, const char *payload_part, const char *signature_part)
{
    const size_t size = strlen(header_part) + strlen(payload_part) + strlen(signature_part) + 3;
    char *token = malloc(size);
    must(token != NULL, "memory");
    snprintf(token, size, "%s.%s.%s", header_part, payload_part, signature_part);
    return token;
}

static char *signing_input(struct text header, struct text payload)
{
    char *first = forge_base64url(header), *second = forge_base64url(payload);
    const size_t size = strlen(first) + strlen(second) + 2;
    char *input = malloc(size);
    must(input != NULL, "memory");
    snprintf(input, size, "%s.%s", first, second);
    free(first);
    free(second);
    return input;
}

static char *join(char *input, const void *signature, size_t len)
{
    char *last = forge_base64url((struct text){signature, len});
    const size_t size = strlen(input) + strlen(last) + 2;
    char *token = malloc(size);
    must(token != NULL, "memory");
    snprintf(token, size, "%s.%s", input, last);
    free(last);
    free(input);
    return token;
}

/* The keys that have signed, by the JWKs they were read from: reading a private EC key takes as long as signing with it. The oldest
 * gives way. */
static struct read_key {
    char *text;
    struct jwk *jwk;
} read_keys[MAX_READ];
static size_t num_read;
static pthread_mutex_t reading = PTHREAD_MUTEX_INITIALIZER;

static void forget(struct read_key *key)
{
    free(key->text);
    jwk_free(key->jwk);
    *key = (struct read_key){NULL, NULL};
}

static const struct jwk *read_key(const char *text)
{
    for (size_t i = 0; i < MAX_READ; i++)
        if (read_keys[i].text && strcmp(read_keys[i].text, text) == 0) return read_keys[i].jwk;
    struct read_key *const key = &read_keys[num_read++ % MAX_READ];
    struct json *document = NULL;
    forget(key);
    must(json_parse_object(text_of(text), NULL, &document, NULL) == APISEC_OK, "reading the signer");
    must(jwk_parse(document, &key->jwk, NULL) == APISEC_OK, "parsing the signer");
    json_free(document);
    key->text = text_copy(text_of(text));
    must(key->text != NULL, "memory");
    return key->jwk;
}

/* sign takes the signing input over. */
static char *sign(char *input, const apisec_signer *signer, const char *alg)
{
    unsigned char signature[CRYPTO_MAX_SIGNATURE];
    size_t len = 0;
    const struct algorithm *algorithm = algorithm_find(text_of(alg));
    must(algorithm != NULL, alg);
    pthread_mutex_lock(&reading);
    const struct jwk *const jwk = read_key(apisec_signer_private_jwk(signer));
    must(crypto_sign(jwk->key, algorithm, input, strlen(input), signature, &len) == APISEC_OK, "signing");
    pthread_mutex_unlock(&reading);
    return join(input, signature, len);
}

char *forge_jws_bytes(struct text header, struct text payload, const apisec_signer *signer)
{
    return sign(signing_input(header, payload), signer, apisec_signer_algorithm(signer));
}

char *forge_jws(const char *header, const char *payload, const apisec_signer *signer)
{
    return forge_jws_bytes(text_of(header), text_of(payload), signer);
}

char *forge_jws_as(const char *header, const char *payload, const apisec_signer *signer, const char *alg)
{
    return sign(signing_input(text_of(header), text_of(payload)), signer, alg);
}

char *forge_jws_encoded(const char *header_part, const char *payload_part, const apisec_signer *signer)
{
    const size_t size = strlen(header_part) + strlen(payload_part) + 2;
    char *input = malloc(size);
    must(input != NULL, "memory");
    snprintf(input, size, "%s.%s", header_part, payload_part);
    return sign(input, signer, apisec_signer_algorithm(signer));
}

/* HMAC by RFC 2104, of the hash alone: the library's own refuses secrets that are too short or too long. */
static size_t hmac(enum crypto_hash hash, struct text secret, const char *message, unsigned char *out)
{
    const size_t block = hash == CRYPTO_SHA256 ? 64 : 128, len = crypto_hash_len(hash);
    unsigned char key[128] = {0}, pad[128], inner[CRYPTO_MAX_HASH];
    if (secret.len > block) must(crypto_hash_bytes(hash, secret.at, secret.len, key) == APISEC_OK, "hashing");
    if (secret.len > 0 && secret.len <= block) memcpy(key, secret.at, secret.len);
    struct crypto_digest *digest = crypto_digest_new(hash);
    must(digest != NULL, "memory");
    for (size_t i = 0; i < block; i++) pad[i] = key[i] ^ 0x36;
    crypto_digest_update(digest, pad, block);
    crypto_digest_update(digest, message, strlen(message));
    must(crypto_digest_finish(digest, inner) == APISEC_OK, "hashing");
    for (size_t i = 0; i < block; i++) pad[i] = key[i] ^ 0x5c;
    crypto_digest_update(digest, pad, block);
    crypto_digest_update(digest, inner, len);
    must(crypto_digest_finish(digest, out) == APISEC_OK, "hashing");
    crypto_digest_free(digest);
    return len;
}

char *forge_hmac(const char *header, const char *payload, const char *alg, struct text secret)
{
    const struct algorithm *algorithm = algorithm_find(text_of(alg));
    must(algorithm != NULL && algorithm->scheme == CRYPTO_HMAC, alg);
    unsigned char mac[CRYPTO_MAX_HASH];
    char *input = signing_input(text_of(header), text_of(payload));
    const size_t len = hmac(algorithm->hash, secret, input, mac);
    return join(input, mac, len);
}

char *forge_parts(const char *header, const char *payload, const void *signature, size_t len)
{
    return join(signing_input(text_of(header), text_of(payload)), signature, len);
}

char *forge_token(const struct forge_change *claims, const struct forge_change *header, const apisec_signer *signer)
{
    char *payload = forge_claims(claims);
    char *head = forge_header(apisec_signer_algorithm(signer), apisec_signer_key_id(signer), header);
    char *token = forge_jws(head, payload, signer);
    free(head);
    free(payload);
    return token;
}

char *forge_transaction(const struct forge_change *claims, const struct forge_change *header, const apisec_signer *signer)
{
    static const struct forge_change honest[] = {
        {"aud", "\"" FORGE_DOMAIN "\""}, {"exp", "1750000260"},      {"iat", FORGE_ISSUED},
        {"txn", "\"x-1\""},              {"sub", "\"alice\""},       {"scope", "\"orders:write\""},
        {"req_wl", "\"gateway\""},       {"tctx", "{\"limit\":25}"}, {"rctx", "{\"req_ip\":\"192.0.2.1\"}"},
    };
    char *const alg = quote(apisec_signer_algorithm(signer)), *const kid = quote(apisec_signer_key_id(signer));
    const struct forge_change head[] = {{"typ", "\"txntoken+jwt\""}, {"alg", alg}, {"kid", kid}};
    char *const payload = forge_object(honest, sizeof honest / sizeof honest[0], claims);
    char *const header_text = forge_object(head, sizeof head / sizeof head[0], header);
    char *const token = forge_jws(header_text, payload, signer);
    free(header_text);
    free(payload);
    free(alg);
    free(kid);
    return token;
}

/* ---- keys and texts ---- */

char *forge_jwks(const apisec_signer *const *signers)
{
    struct buffer out = BUFFER_MAX(MAX_FORGERY);
    buffer_text(&out, "{\"keys\":[");
    for (size_t i = 0; signers[i] != NULL; i++) {
        if (i > 0) buffer_byte(&out, ',');
        const char *const public_jwk = apisec_signer_public_jwk(signers[i]);
        buffer_text(&out, public_jwk != NULL ? public_jwk : apisec_signer_private_jwk(signers[i]));
    }
    buffer_text(&out, "]}");
    char *set = buffer_take(&out);
    must(set != NULL, "a key set");
    return set;
}

char *forge_replace(const char *text, const char *part, const char *by)
{
    const char *at = strstr(text, part);
    must(at != NULL, part);
    const size_t size = strlen(text) + strlen(by) + 1;
    char *changed = malloc(size);
    must(changed != NULL, "memory");
    snprintf(changed, size, "%.*s%s%s", (int)(at - text), text, by, at + strlen(part));
    return changed;
}

static struct {
    const char *alg;
    size_t number;
    apisec_signer *signer;
} made[MAX_SIGNERS];
static size_t num_made;

const apisec_signer *forge_signer(const char *alg, size_t number)
{
    for (size_t i = 0; i < num_made; i++)
        if (strcmp(made[i].alg, alg) == 0 && made[i].number == number) return made[i].signer;
    must(num_made < MAX_SIGNERS, "so many signers");
    must(apisec_signer_generate(alg, &made[num_made].signer, NULL) == APISEC_OK, "generating a key");
    made[num_made].alg = alg;
    made[num_made].number = number;
    return made[num_made++].signer;
}

void forge_end(void)
{
    while (num_made > 0) apisec_signer_free(made[--num_made].signer);
    for (size_t i = 0; i < MAX_READ; i++) forget(&read_keys[i]);
}
