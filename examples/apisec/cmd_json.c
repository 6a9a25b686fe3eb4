/* SPDX-License-Identifier: Apache-2.0
 *
 * cmd_json.c: runs the library's strict JSON scanner over a text: what a service may run over its request bodies.
 */
#include "tool.h"

#define DEFAULT_MAX_BYTES 1048576

static int judge(const struct command *command, const struct bytes *text, const apisec_json_limits *limits)
{
    size_t position = 0;
    apisec_error err = {0};
    apisec_status status = apisec_json_scan(text->at, text->len, limits, &position, &err);
    const bool judged = status == APISEC_OK || status == APISEC_E_MALFORMED || status == APISEC_E_TOO_LARGE;
    if (!judged) return fail(command, status, err.text);

    struct answer answer;
    answer_begin(&answer);
    answer_flag(&answer, "valid", status == APISEC_OK);
    answer_text(&answer, "status", apisec_status_name(status));
    if (status == APISEC_OK) {
        answer_number(&answer, "bytes", (int64_t)text->len);
        return answer_print(command, &answer, EXIT_ALLOWED);
    }
    say(command, err.text);
    answer_number(&answer, "position", (int64_t)position);
    answer_text(&answer, "reason", err.text);
    return answer_print(command, &answer, EXIT_DENIED);
}

static int run_json(const struct command *command, int argc, char **argv)
{
    struct number bytes = {0}, depth = {0}, members = {0}, elements = {0}, string = {0};
    const struct option options[] = {
        {.name = "max-bytes", .argument = "N", .number = &bytes, .min = 1, .max = UINT32_MAX - 1,
         .help = "of the whole text (default 1048576)"},
        {.name = "max-depth", .argument = "N", .number = &depth, .min = 1, .max = 512,
         .help = "of arrays and objects within each other (default 16)"},
        {.name = "max-members", .argument = "N", .number = &members, .min = 1, .max = UINT32_MAX,
         .help = "of one object (default 64)"},
        {.name = "max-elements", .argument = "N", .number = &elements, .min = 1, .max = UINT32_MAX,
         .help = "of one array (default 1024)"},
        {.name = "max-string", .argument = "N", .number = &string, .min = 1, .max = UINT32_MAX,
         .help = "bytes of one string or name, unescaped (default 65536)"},
    };
    int exit_status = EXIT_FAILED;
    struct operands operands;
    if (!options_read(command, options, NUM_OPTIONS(options), argc, argv, &operands, &exit_status)) return exit_status;
    if (operands.num > 1) return usage_fail(command, "one file is wanted, and %zu arguments are left", operands.num);

    const apisec_json_limits limits = {
        .max_bytes = (uint32_t)(bytes.given ? bytes.value : DEFAULT_MAX_BYTES),
        .max_depth = (uint32_t)depth.value,
        .max_members = (uint32_t)members.value,
        .max_elements = (uint32_t)elements.value,
        .max_string = (uint32_t)string.value,
    };
    struct bytes text = {0};
    if (!input_part(command, operands.num == 1 ? operands.at[0] : "-", (size_t)limits.max_bytes + 1, &text)) return EXIT_FAILED;
    exit_status = judge(command, &text, &limits);
    bytes_free(&text);
    return exit_status;
}

const struct command command_json = {
    .name = "json",
    .synopsis = "[options] [FILE]",
    .summary = "check that a text is strict JSON within limits",
    .about = "Scans one JSON text: RFC 8259 in UTF-8, without what readers are known to disagree about: a member name\n"
             "twice, U+0000, lone surrogates, a byte order mark, numbers of 1e308 and more, bytes after the text.\n"
             "Without FILE, or with \"-\", it is read from standard input, byte for byte: nothing is dropped.\n"
             "\n"
             "Output: {\"valid\":true,\"status\":\"APISEC_OK\",\"bytes\":N}, or with exit status 1\n"
             "{\"valid\":false,\"status\":...,\"position\":N,\"reason\":...}: the offset of the first byte refused, and why.",
    .failure = FAILURE_OBJECT,
    .run = run_json,
};
