/* SPDX-License-Identifier: Apache-2.0
 *
 * cmd_hash.c: makes the hash of a service's secret: what a rules document holds in place of it.
 */
#include "tool.h"

static int run_hash(const struct command *command, int argc, char **argv)
{
    struct bytes secret = {0};
    struct operands operands;
    struct answer answer;
    char *hash = NULL;
    apisec_error err = {0};
    int exit_status = EXIT_FAILED;
    if (!options_read(command, NULL, 0, argc, argv, &operands, &exit_status)) return exit_status;
    if (operands.num > 0) return usage_fail(command, "no argument is wanted: the secret comes on standard input");
    if (!input_secret(command, "-", &secret)) return EXIT_FAILED;
    const apisec_status status = apisec_secret_hash(secret.at, secret.len, &hash, &err);
    bytes_free(&secret);
    if (status != APISEC_OK) return fail(command, status, err.text);
    answer_begin(&answer);
    answer_text(&answer, "hash", hash);
    apisec_text_free(hash);
    return answer_print(command, &answer, EXIT_ALLOWED);
}

const struct command command_hash = {
    .name = "hash",
    .synopsis = "",
    .summary = "hash a service's secret for a rules document",
    .about = "Reads a secret of 1 to 1024 bytes from standard input, less one newline at its end, and prints its hash\n"
             "(PBKDF2-HMAC-SHA256, salted, 600,000 iterations) as one JSON object: the value of a name under \"services\",\n"
             "\"secrets\". Each run prints another one; all of them are good.",
    .failure = FAILURE_OBJECT,
    .run = run_hash,
};
