/* SPDX-License-Identifier: Apache-2.0
 *
 * cmd_check.c: one decision by a guard's document, explained: the request is put together from options, and judged as the service
 * would judge it. The service's log is not touched.
 */
#include "tool.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define BODY_MAX ((size_t)64 * 1024 * 1024)
#define HEADER_FILE_MAX ((size_t)128 * 1024)
#define HEADERS_MAX 128

struct header {
    const char *name, *value;
    size_t name_len, value_len;
};
struct headers {
    struct header at[HEADERS_MAX];
    size_t num;
    bool has_proof;               /* one is DPoP */
};

struct request {
    const char *config, *method, *target, *address, *certificate_file, *body_file, *header_file;
    struct list header_lines;
    struct number now;
    bool has_no_token;
};

/* What a verdict is made with; ended in the reverse order. */
struct bench {
    struct bytes config, token, certificate, body, header_file;
    struct headers headers;
    apisec_guard *guard;
    apisec_call *call;
    apisec_decision *decision;
};

static void clear_bench(struct bench *bench)
{
    apisec_decision_free(bench->decision);
    apisec_call_free(bench->call);
    apisec_guard_free(bench->guard);
    bytes_free(&bench->header_file);
    bytes_free(&bench->body);
    bytes_free(&bench->certificate);
    bytes_free(&bench->token);
    bytes_free(&bench->config);
}

/* ---- the request ---- */

/* split_header: "Name: value"; false: it is none, or there are too many. */
static bool split_header(const char *line, size_t len, struct headers *headers)
{
    const char *colon = memchr(line, ':', len);
    if (colon == NULL || colon == line || headers->num == HEADERS_MAX) return false;
    const char *value = colon + 1, *end = line + len;
    while (value < end && (*value == ' ' || *value == '\t')) value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t')) end--;
    const size_t name_len = (size_t)(colon - line);
    headers->at[headers->num++] = (struct header){line, value, name_len, (size_t)(end - value)};
    if (name_len == 4 && strncasecmp(line, "DPoP", 4) == 0) headers->has_proof = true;
    return true;
}

/* split_headers: those of the options, and a line each of the file. false: it has said what is wrong, and not with what. */
static bool split_headers(const struct command *command, const struct request *request, struct bench *bench)
{
    for (size_t i = 0; i < request->header_lines.num; i++) {
        const char *line = request->header_lines.at[i];
        if (split_header(line, strlen(line), &bench->headers)) continue;
        usage_fail(command, "--header wants 'Name: value'");
        return false;
    }
    const char *line = bench->header_file.at;
    const char *end = line ? line + bench->header_file.len : NULL;
    while (line < end) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        const char *stop = newline ? newline : end;
        size_t len = (size_t)(stop - line);
        if (len > 0 && line[len - 1] == '\r') len--;
        if (len > 0 && !split_header(line, len, &bench->headers)) {
            fail(command, APISEC_E_CONFIG, "--header-file: a line is not 'Name: value', or there are more than 128");
            return false;
        }
        line = newline ? newline + 1 : end;
    }
    return true;
}

static bool build_call(const struct request *request, struct bench *bench)
{
    apisec_call *call = bench->call = apisec_call_new();
    if (call == NULL) return false;
    apisec_call_set_method(call, request->method, strlen(request->method));
    apisec_call_set_target(call, request->target, strlen(request->target));
    if (request->address) apisec_call_set_peer_address(call, request->address);
    if (request->now.given) apisec_call_set_time(call, request->now.value);
    if (request->body_file) apisec_call_set_body(call, bench->body.at, bench->body.len);
    if (request->certificate_file)
        apisec_call_set_peer_certificate(call, (const unsigned char *)bench->certificate.at, bench->certificate.len);
    for (size_t i = 0; i < bench->headers.num; i++) {
        const struct header *header = &bench->headers.at[i];
        apisec_call_add_header(call, header->name, header->name_len, header->value, header->value_len);
    }
    return bench->token.len == 0 || binding_add_token(call, bench->headers.has_proof ? "DPoP " : "Bearer ", &bench->token);
}

/* ---- the verdict ---- */

static int print_verdict(const struct command *command, const apisec_decision *decision)
{
    const apisec_status status = apisec_decision_status(decision);
    const char *explanation = apisec_decision_explanation(decision);
    if (status != APISEC_OK) say(command, apisec_decision_reason(decision));

    struct answer answer;
    answer_begin(&answer);
    answer_text(&answer, "verdict", status == APISEC_OK ? "allowed" : "denied");
    answer_text(&answer, "status", apisec_status_name(status));
    answer_number(&answer, "http_status", apisec_decision_http_status(decision));
    answer_text(&answer, "reason", apisec_decision_reason(decision));
    struct cJSON *headers = answer_list(&answer, "headers");
    for (size_t i = 0; i < apisec_decision_num_headers(decision); i++) {
        struct answer header = answer_add(&answer, headers);
        answer_text(&header, "name", apisec_decision_header_name(decision, i));
        answer_text(&header, "value", apisec_decision_header_value(decision, i));
        if (header.broken) answer.broken = true;
    }
    answer_raw(&answer, "explanation", explanation, strlen(explanation));
    return answer_print(command, &answer, exit_of(status));
}

static int judge(const struct command *command, const struct request *request, struct bench *bench)
{
    apisec_error err = {0};
    const apisec_status status = apisec_guard_new_unrecorded(bench->config.at, bench->config.len, NULL, &bench->guard, &err);
    if (status != APISEC_OK) return fail(command, status, err.text);
    if (!build_call(request, bench)) return fail(command, APISEC_E_MEMORY, "out of memory");
    apisec_guard_check(bench->guard, bench->call, &bench->decision, &err);
    return print_verdict(command, bench->decision);
}

/* ---- the command ---- */

static int is_stdin(const char *path)
{
    return path != NULL && strcmp(path, "-") == 0 ? 1 : 0;
}

static int num_stdin(const struct request *request)
{
    return is_stdin(request->config) + is_stdin(request->certificate_file) + is_stdin(request->body_file) +
           is_stdin(request->header_file);
}

/* read_token: the operand; else standard input, where that is neither a terminal nor spoken for. Nothing there is no token. */
static bool read_token(const struct command *command, const struct request *request, const struct operands *operands,
                       struct bytes *token)
{
    const struct operands rest = {operands->at + 1, operands->num - 1};
    if (request->has_no_token) return true;
    if (rest.num == 0 && (num_stdin(request) > 0 || isatty(STDIN_FILENO))) return true;
    return input_token(command, &rest, token);
}

static bool read_files(const struct command *command, const struct request *request, struct bench *bench)
{
    if (!input_file(command, request->config, DOCUMENT_MAX, &bench->config)) return false;
    if (request->body_file && !input_file(command, request->body_file, BODY_MAX, &bench->body)) return false;
    if (request->header_file && !input_file(command, request->header_file, HEADER_FILE_MAX, &bench->header_file)) return false;
    if (request->certificate_file && !certificate_read(command, "certificate", request->certificate_file, &bench->certificate))
        return false;
    return split_headers(command, request, bench);
}

static bool check_request(const struct command *command, const struct request *request, const struct operands *operands)
{
    if (operands->num == 0) usage_fail(command, "a document is needed");
    else if (operands->num > 2) usage_fail(command, "one document and one token are wanted, no more");
    else if (request->method == NULL) usage_fail(command, "--method is needed");
    else if (request->target == NULL) usage_fail(command, "--target is needed");
    else if (request->has_no_token && operands->num == 2) usage_fail(command, "there is a token, and --no-token");
    else if (num_stdin(request) > 1) usage_fail(command, "only one of the files can be standard input");
    else return true;
    return false;
}

static int run_check(const struct command *command, int argc, char **argv)
{
    struct request request = {0};
    const struct option options[] = {
        {.name = "method", .argument = "M", .text = &request.method, .help = "of the request; needed"},
        {.name = "target", .argument = "T", .text = &request.target, .help = "its path, and query; needed"},
        {.name = "header", .argument = "H", .list = &request.header_lines, .help = "'Name: value'"},
        {.name = "header-file", .argument = "FILE", .text = &request.header_file,
         .help = "one in each line: for those that are secret"},
        {.name = "address", .argument = "IP", .text = &request.address, .help = "from where the connection comes"},
        {.name = "certificate", .argument = "FILE", .text = &request.certificate_file,
         .help = "the client's, that TLS has verified, DER or PEM"},
        {.name = "body", .argument = "FILE", .text = &request.body_file, .help = "the request's whole body"},
        {.name = "now", .argument = "T", .number = &request.now, .min = 0, .max = 9007199254740991,
         .help = "judge at this time, in seconds since 1970"},
        {.name = "no-token", .flag = &request.has_no_token, .help = "the request has none: standard input is not read"},
    };
    int exit_status = EXIT_FAILED;
    struct operands operands;
    if (!options_read(command, options, NUM_OPTIONS(options), argc, argv, &operands, &exit_status)) return exit_status;
    request.config = operands.num > 0 ? operands.at[0] : NULL;
    if (!check_request(command, &request, &operands)) return EXIT_FAILED;

    struct bench *bench = calloc(1, sizeof *bench);
    if (bench == NULL) return fail(command, APISEC_E_MEMORY, "out of memory");
    if (read_files(command, &request, bench) && read_token(command, &request, &operands, &bench->token))
        exit_status = judge(command, &request, bench);
    clear_bench(bench);
    free(bench);
    return exit_status;
}

const struct command command_check = {
    .name = "check",
    .synopsis = "CONFIG --method M --target T [options] [TOKEN]",
    .summary = "explain one decision of a guard's document",
    .about = "Judges one request by a guard's document (guard.h) as the service would, and says why. Its log is neither\n"
             "opened nor written to; limits are as if nobody had called before. Keys are fetched where the document says so,\n"
             "over the transport of its \"http\".\n"
             "Without TOKEN it is read from standard input, unless that is a terminal or one of the files (\"-\"), or\n"
             "--no-token is given; one newline at the end is dropped. It is sent as Authorization: Bearer, or as DPoP where a\n"
             "header DPoP has its proof; a Transaction Token goes into a header of its own, with --no-token.\n"
             "\n"
             "Output: {\"verdict\":\"allowed\",\"status\":\"APISEC_OK\",\"http_status\":200,\"reason\":\"\",\"headers\":[],\n"
             "\"explanation\":{...}}, or \"denied\" with why, and the headers to reply with as {\"name\":...,\"value\":...}. The\n"
             "explanation lists every check with its standard. Exit status 1: denied for the request, its token or its rule;\n"
             "2: it could not be judged (the document is refused, a server is out of reach): denied as well.",
    .failure = FAILURE_VERDICT,
    .run = run_check,
};
