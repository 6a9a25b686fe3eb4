/* SPDX-License-Identifier: Apache-2.0
 *
 * cmd_crypt.c: decrypt and encrypt: what is in an encrypted token, and tokens for trying it out. Decrypting shows what was said,
 * not who said it: verify --decrypt-key looks at the signature inside as well.
 */
#include "tool.h"

#include <string.h>

#define KEYS_MAX ((size_t)256 * 1024)
#define PLAINTEXT_MAX ((size_t)16 * 1024)

static int decrypt_token(const struct command *command, const struct bytes *keys, const struct bytes *token)
{
    apisec_error err = {0};
    apisec_decrypter *decrypter = NULL;
    apisec_status status = apisec_decrypter_new(keys->at, keys->len, &decrypter, &err);
    if (status != APISEC_OK) return failf(command, status, "key: %s", err.text);

    char *plaintext = NULL;
    size_t len = 0;
    status = apisec_decrypt(decrypter, token->at, token->len, &plaintext, &len, &err);
    int exit_status = EXIT_FAILED;
    if (status == APISEC_OK) exit_status = output_bytes(command, plaintext, len);
    else fail(command, status, err.text);
    if (status <= -200 && status > -300) exit_status = EXIT_DENIED; /* it is the token that is wrong */
    apisec_plaintext_free(plaintext, len);
    apisec_decrypter_free(decrypter);
    return exit_status;
}

static int run_decrypt(const struct command *command, int argc, char **argv)
{
    const char *key_path = NULL;
    const struct option options[] = {
        {.name = "key", .argument = "FILE", .text = &key_path, .help = "private JSON Web Key, or a set of them; needed"},
    };
    int exit_status = EXIT_FAILED;
    struct operands operands;
    struct bytes keys = {0}, token = {0};
    if (!options_read(command, options, NUM_OPTIONS(options), argc, argv, &operands, &exit_status)) return exit_status;
    if (key_path == NULL) return usage_fail(command, "--key is needed");
    if (operands.num == 0 && strcmp(key_path, "-") == 0)
        return usage_fail(command, "only one of key and token can be standard input");

    if (input_file(command, key_path, KEYS_MAX, &keys) && input_token(command, &operands, &token))
        exit_status = decrypt_token(command, &keys, &token);
    bytes_free(&keys);
    bytes_free(&token);
    return exit_status;
}

/* What is to be encrypted, and how. */
struct wishes {
    const char *key_file, *alg, *enc, *cty;
};

static int encrypt_text(const struct command *command, const struct wishes *wishes, const struct bytes *key,
                        const struct bytes *plaintext)
{
    apisec_error err = {0};
    char *token = NULL;
    const apisec_status status = apisec_encrypt(key->at, key->len, wishes->alg, wishes->enc, wishes->cty, plaintext->at,
                                                plaintext->len, &token, &err);
    if (status != APISEC_OK) return fail(command, status, err.text);
    const int exit_status = output_line(command, token);
    apisec_text_free(token);
    return exit_status;
}

static int run_encrypt(const struct command *command, int argc, char **argv)
{
    struct wishes wishes = {.enc = "A256GCM", .cty = "JWT"};
    const char *enc = NULL, *cty = NULL;
    const struct option options[] = {
        {.name = "key", .argument = "FILE", .text = &wishes.key_file,
         .help = "the recipient's public JSON Web Key, or a set with one for ALG; or the secret; needed"},
        {.name = "alg", .argument = "ALG", .text = &wishes.alg, .help = "as ECDH-ES+A128KW, RSA-OAEP-256, A256KW or dir; needed"},
        {.name = "enc", .argument = "ENC", .text = &enc, .help = "as A256CBC-HS512 (default A256GCM)"},
        {.name = "cty", .argument = "T", .text = &cty, .help = "what the plaintext is (default JWT; empty for none)"},
    };
    int exit_status = EXIT_FAILED;
    struct operands operands;
    struct bytes key = {0}, plaintext = {0};
    if (!options_read(command, options, NUM_OPTIONS(options), argc, argv, &operands, &exit_status)) return exit_status;
    if (wishes.key_file == NULL || wishes.alg == NULL) return usage_fail(command, "--key and --alg are needed");
    if (operands.num > 1) return usage_fail(command, "one file is wanted, and %zu arguments are left", operands.num);
    const char *path = operands.num == 1 ? operands.at[0] : "-";
    if (strcmp(wishes.key_file, "-") == 0 && strcmp(path, "-") == 0)
        return usage_fail(command, "only one of key and plaintext can be standard input");
    if (enc) wishes.enc = enc;
    if (cty) wishes.cty = cty[0] ? cty : NULL;

    if (input_file(command, wishes.key_file, KEYS_MAX, &key) && input_file(command, path, PLAINTEXT_MAX, &plaintext)) {
        if (operands.num == 0 && plaintext.len > 0 && plaintext.at[plaintext.len - 1] == '\n') plaintext.len--;
        exit_status = encrypt_text(command, &wishes, &key, &plaintext);
    }
    bytes_free(&key);
    bytes_free(&plaintext);
    return exit_status;
}

const struct command command_decrypt = {
    .name = "decrypt",
    .synopsis = "--key FILE [TOKEN]",
    .summary = "show what is in an encrypted token",
    .about = "Decrypts a compact token (JWE, RFC 7516) and prints the plaintext as it is: no newline, no JSON. It says nothing\n"
             "about who sent it: anybody can encrypt to a public key. verify --decrypt-key checks the signature inside.\n"
             "Without TOKEN it is read from standard input, where one newline at the end is dropped. Exit status 1: it cannot\n"
             "be decrypted, and nothing is printed; 2: the key or the call is wrong.",
    .failure = FAILURE_SILENT,
    .run = run_decrypt,
};

const struct command command_encrypt = {
    .name = "encrypt",
    .synopsis = "--key FILE --alg ALG [--enc ENC] [--cty T] [FILE]",
    .summary = "encrypt a token for tests",
    .about = "Encrypts a file, usually a signed token, and prints the token (JWE, RFC 7516) and a newline. Without FILE it is\n"
             "read from standard input, where one newline at the end is dropped; a file is taken as it is.",
    .failure = FAILURE_SILENT,
    .run = run_encrypt,
};
