/* SPDX-License-Identifier: Apache-2.0
 *
 * cmd_inspect.c: shows what a token says, without believing it: nothing is verified, and the answer says so. Only for people: the
 * library itself has no way to read the claims of a token that was not verified.
 */
#include "tool.h"

#include <stdlib.h>
#include <string.h>

#define TOKEN_MAX 16384
#define NUM_PARTS 3

static const apisec_json_limits token_limits = {.max_bytes = TOKEN_MAX, .max_depth = 8};

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* decode_part decodes base64url without padding (RFC 7515 section 2) and accepts only the one encoding that an encoder makes:
 * the unused bits at the end are zero. out has room for len bytes. */
static bool decode_part(const char *text, size_t len, char *out, size_t *out_len)
{
    uint32_t bits = 0;
    unsigned num_bits = 0;
    *out_len = 0;
    if (len % 4 == 1) return false;
    for (size_t i = 0; i < len; i++) {
        const char *found = text[i] ? strchr(alphabet, text[i]) : NULL;
        if (found == NULL) return false;
        bits = ((bits << 6) | (uint32_t)(found - alphabet)) & 0xffffu;
        num_bits += 6;
        if (num_bits < 8) continue;
        num_bits -= 8;
        out[(*out_len)++] = (char)(unsigned char)((bits >> num_bits) & 0xffu);
    }
    return (bits & ((1u << num_bits) - 1u)) == 0;
}

/* split finds the parts between the dots and returns how many there are; the first NUM_PARTS are kept. */
static size_t split(const struct bytes *token, const char *parts[NUM_PARTS], size_t lens[NUM_PARTS])
{
    size_t num = 0;
    const char *at = token->at;
    const char *end = token->at + token->len;
    for (;;) {
        const char *dot = memchr(at, '.', (size_t)(end - at));
        const char *stop = dot ? dot : end;
        if (num < NUM_PARTS) {
            parts[num] = at;
            lens[num] = (size_t)(stop - at);
        }
        num++;
        if (dot == NULL) return num;
        at = dot + 1;
    }
}

/* refuse says no to the token; a token that could not be looked at has failed instead. */
static int refuse(const struct command *command, apisec_status status, const char *reason)
{
    if (status != APISEC_E_MALFORMED && status != APISEC_E_TOO_LARGE) return fail(command, status, reason);
    say(command, reason);
    struct answer answer;
    answer_begin(&answer);
    answer_flag(&answer, "verified", false);
    answer_text(&answer, "error", reason);
    answer_text(&answer, "status", apisec_status_name(status));
    return answer_print(command, &answer, EXIT_DENIED);
}

/* read_object decodes a part into out and sees that it is a strict JSON object. */
static apisec_status read_object(const char *part, size_t len, char *out, size_t *out_len, apisec_error *err)
{
    *err = (apisec_error){.status = APISEC_E_MALFORMED, .text = "not base64url"};
    if (!decode_part(part, len, out, out_len)) return APISEC_E_MALFORMED;

    size_t position = 0;
    apisec_status status = apisec_json_scan(out, *out_len, &token_limits, &position, err);
    if (status != APISEC_OK) return status;

    size_t space = 0;
    while (space < *out_len && strchr(" \t\r\n", out[space])) space++;
    if (out[space] == '{') return APISEC_OK; /* a text that scans has a byte that is no space */
    *err = (apisec_error){.status = APISEC_E_MALFORMED, .text = "not a JSON object"};
    return APISEC_E_MALFORMED;
}

static int inspect_parts(const struct command *command, const char *const *parts, const size_t *lens, char *header, char *claims)
{
    apisec_error err;
    size_t header_len = 0;
    size_t claims_len = 0;
    char reason[sizeof err.text + 16];

    const char *part = "header";
    apisec_status status = read_object(parts[0], lens[0], header, &header_len, &err);
    if (status == APISEC_OK) {
        part = "claims";
        status = read_object(parts[1], lens[1], claims, &claims_len, &err);
    }
    if (status != APISEC_OK) {
        size_t used = strlen(part);
        memcpy(reason, part, used);
        memcpy(reason + used, ": ", 2);
        memcpy(reason + used + 2, err.text, strlen(err.text) + 1);
        return refuse(command, status, reason);
    }
    struct answer answer;
    answer_begin(&answer);
    answer_flag(&answer, "verified", false);
    answer_raw(&answer, "header", header, header_len);
    answer_raw(&answer, "claims", claims, claims_len);
    return answer_print(command, &answer, EXIT_ALLOWED);
}

static int inspect_token(const struct command *command, const struct bytes *token)
{
    const char *parts[NUM_PARTS] = {0};
    size_t lens[NUM_PARTS] = {0};
    if (token->len > TOKEN_MAX) return refuse(command, APISEC_E_TOO_LARGE, "the token is longer than 16384 bytes");

    size_t num_parts = split(token, parts, lens);
    if (num_parts == 5) return refuse(command, APISEC_E_MALFORMED, "the token is encrypted: only its receiver can read it");
    if (num_parts != NUM_PARTS) return refuse(command, APISEC_E_MALFORMED, "a token has three parts, joined by dots");

    char *room = malloc(token->len * 3);
    if (room == NULL) return fail(command, APISEC_E_MEMORY, "out of memory");
    int exit_status = EXIT_DENIED;
    size_t signature_len = 0;
    if (!decode_part(parts[2], lens[2], room + token->len * 2, &signature_len))
        exit_status = refuse(command, APISEC_E_MALFORMED, "signature: not base64url");
    else exit_status = inspect_parts(command, parts, lens, room, room + token->len);
    explicit_bzero(room, token->len * 3);
    free(room);
    return exit_status;
}

static int run_inspect(const struct command *command, int argc, char **argv)
{
    int exit_status = EXIT_FAILED;
    struct operands operands;
    struct bytes token = {0};
    if (!options_read(command, NULL, 0, argc, argv, &operands, &exit_status)) return exit_status;
    if (!input_token(command, &operands, &token)) return EXIT_FAILED;

    exit_status = inspect_token(command, &token);
    bytes_free(&token);
    return exit_status;
}

const struct command command_inspect = {
    .name = "inspect",
    .synopsis = "[TOKEN]",
    .summary = "show a token's header and claims, unverified",
    .about = "Decodes a signed token (RFC 7519) and prints its header and claims. Nothing is verified: whoever made the\n"
             "token can have written anything. A token that is not strict base64url and strict JSON is refused (exit 1).\n"
             "Without TOKEN it is read from standard input, where one newline at the end is dropped.\n"
             "\n"
             "Output: {\"verified\":false,\"header\":{...},\"claims\":{...}}",
    .failure = FAILURE_OBJECT,
    .run = run_inspect,
};
