/* SPDX-License-Identifier: Apache-2.0
 *
 * cmd_dpop.c: makes a DPoP proof (RFC 9449 section 4.2): what a client sends along with a token that is bound to its key.
 */
#include "tool.h"

#include <string.h>
#include <time.h>

#define KEY_MAX ((size_t)64 * 1024)

struct wanted {
    const char *key_file, *token_file, *method, *url, *nonce;
    bool thumbprint;
    struct number now;
};

static int print_thumbprint(const struct command *command, const apisec_signer *signer)
{
    char thumbprint[44];
    apisec_error err = {0};
    const apisec_status status = apisec_dpop_thumbprint(signer, thumbprint, &err);
    return status == APISEC_OK ? output_line(command, thumbprint) : fail(command, status, err.text);
}

static int print_proof(const struct command *command, const struct wanted *wanted, const apisec_signer *signer,
                       const struct bytes *token)
{
    char *proof = NULL;
    apisec_error err = {0};
    const char *const method = wanted->method ? wanted->method : "GET";
    const int64_t now = wanted->now.given ? wanted->now.value : (int64_t)time(NULL);
    const apisec_status status =
        apisec_dpop_proof(signer, method, wanted->url, wanted->token_file ? token->at : NULL, wanted->nonce, now, &proof, &err);
    const int exit_status = status == APISEC_OK ? output_line(command, proof) : fail(command, status, err.text);
    apisec_text_free(proof);
    return exit_status;
}

static int read_and_print(const struct command *command, const struct wanted *wanted)
{
    struct bytes key = {0}, token = {0};
    apisec_signer *signer = NULL;
    apisec_error err = {0};
    int exit_status = EXIT_FAILED;
    if (!input_file(command, wanted->key_file, KEY_MAX, &key)) goto done;
    if (wanted->token_file && !input_secret(command, wanted->token_file, &token)) goto done;
    const apisec_status status = apisec_signer_new(key.at, key.len, &signer, &err);
    if (status != APISEC_OK) failf(command, status, "key: %s", err.text);
    else exit_status = wanted->thumbprint ? print_thumbprint(command, signer) : print_proof(command, wanted, signer, &token);
done:
    apisec_signer_free(signer);
    bytes_free(&key);
    bytes_free(&token);
    return exit_status;
}

static int run_dpop(const struct command *command, int argc, char **argv)
{
    struct wanted wanted = {0};
    const struct option options[] = {
        {.name = "key", .argument = "FILE", .text = &wanted.key_file,
         .help = "private JSON Web Key with its alg, as of keygen; needed"},
        {.name = "url", .argument = "URL", .text = &wanted.url, .help = "what is asked for; query and fragment are left out"},
        {.name = "method", .argument = "M", .text = &wanted.method, .help = "how it is asked for (default GET)"},
        {.name = "token-file", .argument = "FILE", .text = &wanted.token_file,
         .help = "the access token that is sent along; without it the proof is for a token endpoint"},
        {.name = "nonce", .argument = "N", .text = &wanted.nonce, .help = "the last DPoP-Nonce of the server"},
        {.name = "now", .argument = "T", .number = &wanted.now, .min = 0, .max = 9007199254740991,
         .help = "made at this time, in seconds since 1970"},
        {.name = "thumbprint", .flag = &wanted.thumbprint,
         .help = "print the key's thumbprint instead: cnf.jkt of a token bound to it"},
    };
    int exit_status = EXIT_FAILED;
    struct operands operands;
    if (!options_read(command, options, NUM_OPTIONS(options), argc, argv, &operands, &exit_status)) return exit_status;
    if (operands.num > 0) return usage_fail(command, "no argument is wanted, and %zu are left", operands.num);
    if (wanted.key_file == NULL) return usage_fail(command, "--key is needed");
    if (wanted.thumbprint && (wanted.url || wanted.token_file || wanted.method || wanted.nonce || wanted.now.given))
        return usage_fail(command, "--thumbprint goes with --key only");
    if (!wanted.thumbprint && wanted.url == NULL) return usage_fail(command, "--url is needed");
    if (wanted.token_file && strcmp(wanted.key_file, "-") == 0 && strcmp(wanted.token_file, "-") == 0)
        return usage_fail(command, "only one of --key and --token-file can be standard input");
    return read_and_print(command, &wanted);
}

const struct command command_dpop = {
    .name = "dpop",
    .synopsis = "--key FILE (--url URL [--method M] [--token-file FILE] [--nonce N] | --thumbprint)",
    .summary = "make a DPoP proof (RFC 9449)",
    .about = "Makes a proof that whoever sends a token has the key it is bound to, and prints it and a newline: the value of\n"
             "the DPoP header. It is for one request with this method, URL and token, once, within half a minute.\n"
             "verify --dpop-proof-file judges it as a service would. On failure nothing is printed there.",
    .failure = FAILURE_SILENT,
    .run = run_dpop,
};
