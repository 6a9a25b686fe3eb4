/* SPDX-License-Identifier: Apache-2.0
 *
 * cmd_lint.c: says what is unsafe in a guard's document or can never match, without opening anything that it refers to.
 */
#include "tool.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

/* say_findings says each of them in one line, as a compiler does. */
static void say_findings(const struct command *command, const char *path, const cJSON *findings)
{
    const cJSON *finding;
    cJSON_ArrayForEach(finding, findings) {
        char sentence[600];
        const char *where = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(finding, "path"));
        const char *severity = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(finding, "severity"));
        const char *what = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(finding, "sentence"));
        if (where == NULL || severity == NULL || what == NULL) continue;
        snprintf(sentence, sizeof sentence, "%.200s: %s: %s%s%s", path, severity, where, where[0] ? ": " : "", what);
        say(command, sentence);
    }
}

/* judge: 1 where anything was found, 2 where the document would not be taken. */
static int judge(const struct command *command, const char *path, const char *json)
{
    cJSON *document = cJSON_Parse(json);
    if (document == NULL) return fail(command, APISEC_E_MEMORY, "out of memory");
    const cJSON *findings = cJSON_GetObjectItemCaseSensitive(document, "findings");
    const bool accepted = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(document, "accepted"));
    const bool found = cJSON_GetArraySize(findings) > 0;
    say_findings(command, path, findings);
    struct answer answer = {.object = document};
    return answer_print(command, &answer, accepted ? found ? EXIT_DENIED : EXIT_ALLOWED : EXIT_FAILED);
}

static int print_schema(const struct command *command)
{
    struct answer answer = {.object = cJSON_Parse(apisec_guard_schema())};
    if (answer.object == NULL) return fail(command, APISEC_E_MEMORY, "out of memory");
    return answer_print(command, &answer, EXIT_ALLOWED);
}

static int run_lint(const struct command *command, int argc, char **argv)
{
    bool wants_schema = false;
    const struct option options[] = {
        {.name = "schema", .help = "print the JSON Schema of such documents instead, for editors", .flag = &wants_schema},
    };
    struct bytes config = {0};
    struct operands operands;
    char *findings = NULL;
    apisec_error err = {0};
    int exit_status = EXIT_FAILED;
    if (!options_read(command, options, NUM_OPTIONS(options), argc, argv, &operands, &exit_status)) return exit_status;
    if (wants_schema && operands.num == 0) return print_schema(command);
    if (wants_schema || operands.num != 1) return usage_fail(command, "one document is wanted");
    if (!input_file(command, operands.at[0], DOCUMENT_MAX, &config)) return EXIT_FAILED;
    const apisec_status status = apisec_guard_lint(config.at, config.len, &findings, &err);
    bytes_free(&config);
    if (status != APISEC_OK) return fail(command, status, err.text);
    exit_status = judge(command, operands.at[0], findings);
    apisec_text_free(findings);
    return exit_status;
}

const struct command command_lint = {
    .name = "lint",
    .synopsis = "CONFIG | --schema",
    .summary = "say what is unsafe or never matches in a guard's document",
    .about = "Looks at a guard's document (guard.h; \"-\" is standard input) and says what is unsafe in it, or can never match.\n"
             "Nothing that it refers to is opened: no secret, key, log or server.\n"
             "\n"
             "Output: {\"accepted\":true,\"findings\":[{\"path\":...,\"severity\":...,\"sentence\":...}...]}; severity is error\n"
             "or warning.\n"
             "Exit status 0: nothing was found; 1: something was; 2: the file cannot be read, or a guard would refuse the\n"
             "document, which is then not accepted, and has that as its only finding.",
    .failure = FAILURE_OBJECT,
    .run = run_lint,
};
