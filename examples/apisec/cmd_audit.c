/* SPDX-License-Identifier: Apache-2.0
 *
 * cmd_audit.c: audit verify: reads logs line by line and checks that each record is bound to the one before. Files are read in the
 * order given: one may continue the one before, or begin a chain of its own, and the answer says which.
 */
#include "tool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_MAX 131072 /* bytes of a line without its newline: no record is longer */

/* Where the reading is. */
struct reading {
    apisec_chain *chain;     /* of the file before, or of this one once its first line is taken */
    uint64_t num_records;    /* of all files */
    uint64_t line;           /* of this file, from 1 */
    bool continues;          /* this file goes on where the one before ended */
    char reason[300];        /* why it is broken, or why that could not be seen */
    apisec_status status;    /* APISEC_E_AUDIT: it is broken */
};

/* refuse keeps the reason; a line that could not be looked at is not known to be broken. */
static bool refuse(struct reading *reading, apisec_status status, const char *reason)
{
    reading->status = status;
    snprintf(reading->reason, sizeof reading->reason, "%s", reason);
    return false;
}

/* begin_file takes a file's first line: as the next record of the chain so far, else as the first one of a new chain. */
static bool begin_file(struct reading *reading, const char *line, size_t len)
{
    apisec_error before = {0}, alone = {0};
    bool had_records = apisec_chain_num_records(reading->chain) > 0;
    apisec_status status = had_records ? apisec_chain_next(reading->chain, line, len, &before) : APISEC_E_AUDIT;
    reading->continues = status == APISEC_OK;
    if (status == APISEC_OK) return true;
    if (status != APISEC_E_AUDIT) return refuse(reading, status, before.text);

    apisec_chain_free(reading->chain);
    reading->chain = apisec_chain_new();
    status = reading->chain ? apisec_chain_next(reading->chain, line, len, &alone) : APISEC_E_MEMORY;
    return status == APISEC_OK || refuse(reading, status, reading->chain ? alone.text : "out of memory");
}

static bool take_line(struct reading *reading, const char *line, size_t len)
{
    reading->line++;
    apisec_error err = {0};
    if (reading->line == 1) {
        if (!begin_file(reading, line, len)) return false;
    } else {
        const apisec_status status = apisec_chain_next(reading->chain, line, len, &err);
        if (status != APISEC_OK) return refuse(reading, status, err.text);
    }
    reading->num_records++;
    return true;
}

/* get_line reads bytes up to a newline, which is dropped; of a longer line only so much as shows the checker that it is too long.
 * Returns false at the end of the file. *whole: the newline was there. */
static bool get_line(FILE *file, char *line, size_t *len, bool *whole)
{
    *len = 0;
    *whole = false;
    int byte = EOF;
    while (*len <= RECORD_MAX && (byte = getc(file)) != EOF && byte != '\n') line[(*len)++] = (char)byte;
    *whole = byte == '\n';
    return *whole || *len > 0;
}

/* read_lines: true when every line is a record. */
static bool read_lines(FILE *file, char *line, struct reading *reading)
{
    size_t len = 0;
    bool whole = false;
    reading->line = 0;
    while (get_line(file, line, &len, &whole)) {
        if (!take_line(reading, line, len)) return false;
        if (whole) continue;
        reading->num_records--;
        return refuse(reading, APISEC_E_AUDIT, "the last line has no newline: it was not written to its end");
    }
    if (reading->line > 0) return true;
    return refuse(reading, APISEC_E_AUDIT, "there is no record: an emptied log cannot be told from a new one");
}

static int report_broken(const struct command *command, const struct reading *reading, const char *path)
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
static int verify_file(const struct command *command, const char *path, struct reading *reading)
{
    char *line = malloc(RECORD_MAX + 1);
    if (line == NULL) return fail(command, APISEC_E_MEMORY, "out of memory");
    bool good = false;
    errno = 0;
    FILE *file = fopen(path, "rb");
    int error = file ? 0 : errno;
    if (file) {
        good = read_lines(file, line, reading);
        if (ferror(file)) error = errno ? errno : EIO; /* a folder, a failing disk: nothing was learnt of the records */
        (void)fclose(file);
    }
    free(line);
    if (error != 0) return failf(command, APISEC_E_SYSTEM, "cannot read %s: %s", path, strerror(error));
    if (good) return EXIT_ALLOWED;
    if (reading->status == APISEC_E_AUDIT) return report_broken(command, reading, path);
    return failf(command, reading->status, "%s, line %llu: %s", path, (unsigned long long)reading->line, reading->reason);
}

/* missing_before is the head of the file that this one goes on from, when that was not read before it; else NULL. */
static const char *missing_before(const struct reading *reading)
{
    return reading->continues ? NULL : apisec_chain_continues(reading->chain);
}

static void add_file(const struct command *command, struct answer *answer, struct cJSON *files, const struct reading *reading,
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
    struct reading reading = {0};
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
    apisec_chain_free(reading.chain);
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
