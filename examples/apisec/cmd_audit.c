/* SPDX-License-Identifier: Apache-2.0
 *
 * cmd_audit.c: audit verify: says of logs whether their chains are intact, and which record is the first that is not.
 */
#include "tool.h"

#include <stdio.h>

static int report_broken(const struct command *command, const struct log_reading *reading, const char *path)
{
    char sentence[600];
    char name[256];
    snprintf(name, sizeof name, "%s", path);
    output_clean(name);
    if (reading->line == 0) snprintf(sentence, sizeof sentence, "%s: %s", name, reading->reason);
    else snprintf(sentence, sizeof sentence, "%s, line %llu: %s", name, (unsigned long long)reading->line, reading->reason);
    say(command, sentence);

    struct answer answer;
    answer_begin(&answer);
    answer_text(&answer, "verdict", "broken");
    answer_number(&answer, "records", (int64_t)reading->num_records);
    answer_text(&answer, "file", name);
    answer_number(&answer, "line", (int64_t)reading->line);
    answer_text(&answer, "reason", reading->reason);
    return answer_print(command, &answer, EXIT_DENIED);
}

/* verify_file: EXIT_ALLOWED when the file is good; otherwise it has printed the answer. */
static int verify_file(const struct command *command, const char *path, struct log_reading *reading)
{
    if (log_read(reading, path)) return EXIT_ALLOWED;
    if (reading->status == APISEC_E_AUDIT) return report_broken(command, reading, path);
    if (reading->status == APISEC_E_SYSTEM && reading->line == 0)
        return failf(command, APISEC_E_SYSTEM, "cannot read %s: %s", path, reading->reason);
    return failf(command, reading->status, "%s, line %llu: %s", path, (unsigned long long)reading->line, reading->reason);
}

/* missing_before is the head of the file that this one goes on from, when that was not read before it; else NULL. */
static const char *missing_before(const struct log_reading *reading)
{
    return reading->continues ? NULL : apisec_chain_continues(reading->chain);
}

static void add_file(const struct command *command, struct answer *answer, struct cJSON *files, const struct log_reading *reading,
                     const char *path)
{
    char name[256], sentence[400];
    const char *before = missing_before(reading);
    snprintf(name, sizeof name, "%s", path);
    output_clean(name);
    snprintf(sentence, sizeof sentence, "%s is only a continuation: the file before it, whose head is %s, was not given", name,
             before ? before : "");
    if (before) say(command, sentence);
    struct answer file = answer_add(answer, files);
    answer_text(&file, "file", name);
    answer_number(&file, "records", (int64_t)reading->line);
    answer_text(&file, "head", apisec_chain_head(reading->chain));
    answer_flag(&file, "continues", reading->continues);
    answer_text(&file, "missing_before", before);
    if (file.broken) answer->broken = true;
}

static int verify_files(const struct command *command, const struct operands *operands)
{
    struct log_reading reading = {0};
    struct answer answer;
    answer_begin(&answer);
    answer_text(&answer, "verdict", "intact"); /* printed only if all files are */
    struct cJSON *files = answer_list(&answer, "files");
    int exit_status = EXIT_ALLOWED;
    for (size_t i = 0; i < operands->num && exit_status == EXIT_ALLOWED; i++) {
        exit_status = verify_file(command, operands->at[i], &reading);
        if (exit_status == EXIT_ALLOWED) add_file(command, &answer, files, &reading, operands->at[i]);
    }
    answer_number(&answer, "records", (int64_t)reading.num_records);
    answer_text(&answer, "head", apisec_chain_head(reading.chain));
    if (exit_status == EXIT_ALLOWED) exit_status = answer_print(command, &answer, EXIT_ALLOWED);
    answer_drop(&answer);
    log_reading_end(&reading);
    return exit_status;
}

static int run_audit_verify(const struct command *command, int argc, char **argv)
{
    int exit_status = EXIT_FAILED;
    struct operands operands;
    if (!options_read(command, NULL, 0, argc, argv, &operands, &exit_status)) return exit_status;
    if (operands.num == 0) return usage_fail(command, "a file is needed");
    return verify_files(command, &operands);
}

const struct command command_audit_verify = {
    .name = "audit verify",
    .synopsis = "FILE...",
    .summary = "check the chain of audit logs",
    .about = "Checks that no record of a log was changed, removed, inserted or moved, and names the first that was. Files\n"
             "are read in the order given; one may continue the one before (\"continues\":true). One that goes on from a file\n"
             "which was not given says so: \"missing_before\" is that file's head. A cut tail cannot be seen: keep the head\n"
             "elsewhere and compare it.\n"
             "\n"
             "Output: {\"verdict\":\"intact\",\"files\":[...],\"records\":N,\"head\":...}, or with exit status 1\n"
             "{\"verdict\":\"broken\",\"records\":N,\"file\":...,\"line\":N,\"reason\":...}; records are the good ones before it.",
    .failure = FAILURE_OBJECT,
    .run = run_audit_verify,
};
