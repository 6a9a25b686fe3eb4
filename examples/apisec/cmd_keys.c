/* SPDX-License-Identifier: Apache-2.0
 *
 * cmd_keys.c: keygen and sign: keys and tokens for tests and for trying things out. A real issuer keeps its keys elsewhere.
 */
#include "tool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MAX ((size_t)64 * 1024)
#define CLAIMS_MAX ((size_t)1024 * 1024)

/* write_key_set writes the public half as a JWK Set (RFC 7517 section 5). */
static int write_key_set(const char *path, const char *public_jwk)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL) return errno;
    errno = 0;
    bool written = fprintf(file, "{\"keys\":[%s]}\n", public_jwk) > 0;
    bool closed = fclose(file) == 0;
    if (written && closed) return 0;
    return errno ? errno : EIO;
}

static int print_key(const struct command *command, const char *private_jwk, const char *public_jwk, const char *jwks_path)
{
    if (jwks_path && public_jwk == NULL) return usage_fail(command, "this key has no public half to write to --jwks");
    int error = jwks_path ? write_key_set(jwks_path, public_jwk) : 0;
    if (error != 0) return failf(command, APISEC_E_SYSTEM, "cannot write %s: %s", jwks_path, strerror(error));
    return output_line(command, private_jwk);
}

/* make_key asks for a key that signs, or else one for encryption. */
static int make_key(const struct command *command, const char *alg, const char *jwks_path)
{
    apisec_signer *signer = NULL;
    char *private_jwk = NULL, *public_jwk = NULL;
    apisec_error err = {0}, other = {0};
    const apisec_status status = apisec_signer_generate(alg, &signer, &err);
    int exit_status = EXIT_FAILED;
    if (status == APISEC_OK)
        exit_status = print_key(command, apisec_signer_private_jwk(signer), apisec_signer_public_jwk(signer), jwks_path);
    else if (apisec_encryption_key_new(alg, &private_jwk, &public_jwk, &other) == APISEC_OK)
        exit_status = print_key(command, private_jwk, public_jwk, jwks_path);
    else fail(command, status, status == APISEC_E_ALGORITHM ? "there is no such algorithm" : err.text);
    apisec_signer_free(signer);
    apisec_text_free(private_jwk);
    apisec_text_free(public_jwk);
    return exit_status;
}

static int run_keygen(const struct command *command, int argc, char **argv)
{
    const char *alg = NULL, *jwks = NULL;
    const struct option options[] = {
        {.name = "alg", .argument = "ALG", .text = &alg,
         .help = "of a signature, as ES256, or of encryption, as ECDH-ES+A128KW; needed"},
        {.name = "jwks", .argument = "FILE", .text = &jwks, .help = "also write the public key set to FILE"},
    };
    int exit_status = EXIT_FAILED;
    struct operands operands;
    if (!options_read(command, options, NUM_OPTIONS(options), argc, argv, &operands, &exit_status)) return exit_status;
    if (operands.num > 0) return usage_fail(command, "no argument is wanted, and %zu are left", operands.num);
    if (alg == NULL) return usage_fail(command, "--alg is needed");

    return make_key(command, alg, jwks);
}

/* check_claims: a token's payload must be one strict JSON object, or no verifier would take it. */
static apisec_status check_claims(const struct bytes *claims, apisec_error *err)
{
    apisec_status status = apisec_json_scan(claims->at, claims->len, NULL, NULL, err);
    if (status != APISEC_OK) return status;
    if (claims->at[strspn(claims->at, " \t\r\n")] == '{') return APISEC_OK;
    *err = (apisec_error){.status = APISEC_E_MALFORMED, .text = "not a JSON object"};
    return APISEC_E_MALFORMED;
}

/* A key and claims, and the files they are from. */
struct sources {
    const char *key_path, *claims_path;
    struct bytes key, claims;
};

static int sign_claims(const struct command *command, const struct sources *from, const char *type)
{
    apisec_error err = {0};
    apisec_status status = check_claims(&from->claims, &err);
    if (status != APISEC_OK) return failf(command, status, "claims, %s: %s", from->claims_path, err.text);

    apisec_signer *signer = NULL;
    char *token = NULL;
    status = apisec_signer_new(from->key.at, from->key.len, &signer, &err);
    if (status != APISEC_OK) return failf(command, status, "key, %s: %s", from->key_path, err.text);

    status = apisec_signer_sign(signer, type, from->claims.at, from->claims.len, &token, &err);
    const int exit_status = status == APISEC_OK ? output_line(command, token) : fail(command, status, err.text);
    apisec_text_free(token);
    apisec_signer_free(signer);
    return exit_status;
}

static int run_sign(const struct command *command, int argc, char **argv)
{
    struct sources from = {0};
    const char *type = NULL;
    const struct option options[] = {
        {.name = "key",
         .argument = "FILE",
         .text = &from.key_path,
         .help = "private JSON Web Key with its alg, as of keygen; needed"},
        {.name = "claims", .argument = "FILE", .text = &from.claims_path, .help = "one JSON object, signed as it is; needed"},
        {.name = "type", .argument = "T", .text = &type, .help = "the header's typ, as at+jwt (default: none)"},
    };
    int exit_status = EXIT_FAILED;
    struct operands operands;
    if (!options_read(command, options, NUM_OPTIONS(options), argc, argv, &operands, &exit_status)) return exit_status;
    if (operands.num > 0) return usage_fail(command, "no argument is wanted, and %zu are left", operands.num);
    if (from.key_path == NULL || from.claims_path == NULL) return usage_fail(command, "--key and --claims are needed");
    if (strcmp(from.key_path, "-") == 0 && strcmp(from.claims_path, "-") == 0)
        return usage_fail(command, "only one of --key and --claims can be standard input");
    if (type && type[0] == '\0') return usage_fail(command, "--type is empty: leave it out for a token without one");

    if (input_file(command, from.key_path, KEY_MAX, &from.key) && input_file(command, from.claims_path, CLAIMS_MAX, &from.claims))
        exit_status = sign_claims(command, &from, type);
    bytes_free(&from.key);
    bytes_free(&from.claims);
    return exit_status;
}

const struct command command_keygen = {
    .name = "keygen",
    .synopsis = "--alg ALG [--jwks FILE]",
    .summary = "make a key for tests",
    .about = "Makes a new key and prints it as a private JSON Web Key (RFC 7517): a secret. Its kid is its thumbprint\n"
             "(RFC 7638). With --jwks the public half is written to FILE as a key set, for verify --jwks; a shared secret has\n"
             "none. ALG signs (RS, PS, ES or HS with 256, 384 or 512), or encrypts: as encrypt --alg takes it, but for dir, where\n"
             "the name of the content encryption stands, as A256GCM.",
    .failure = FAILURE_OBJECT,
    .run = run_keygen,
};

const struct command command_sign = {
    .name = "sign",
    .synopsis = "--key FILE --claims FILE [--type T]",
    .summary = "sign a token for tests",
    .about = "Signs the claims as a compact token (RFC 7515) and prints the token and a newline, no JSON. On\n"
             "failure nothing is printed there. One of the files may be \"-\", standard input.",
    .failure = FAILURE_SILENT,
    .run = run_sign,
};
