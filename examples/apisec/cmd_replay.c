/* SPDX-License-Identifier: Apache-2.0
 *
 * cmd_replay.c: what a changed document's rules would have made of the calls that logs tell of. A log is taken only whole: where
 * its chain is broken nothing is said of its records.
 */
#include "tool.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#define SHOWN 100 /* of each list, without --all */

struct replaying {
    apisec_replay *replay;
    cJSON *differences, *undecidable;
    bool is_broken;              /* memory ran out */
    uint64_t num_same, num_differ, num_undecidable;
    bool shows_all;
};

/* add puts what was found into its list, while there is room. */
static void add(struct replaying *replaying, cJSON *list, uint64_t num)
{
    if (!replaying->shows_all && num > SHOWN) return;
    cJSON *finding = cJSON_Parse(apisec_replay_finding(replaying->replay));
    if (finding != NULL && cJSON_AddItemToArray(list, finding)) return;
    cJSON_Delete(finding);
    replaying->is_broken = true;
}

static apisec_status take(void *context, const char *line, size_t len, apisec_error *err)
{
    struct replaying *replaying = context;
    int32_t outcome;
    const apisec_status status = apisec_replay_next(replaying->replay, line, len, &outcome, err);
    if (status != APISEC_OK) return status;
    if (outcome == APISEC_REPLAY_SAME) replaying->num_same++;
    if (outcome == APISEC_REPLAY_DIFFERS) add(replaying, replaying->differences, ++replaying->num_differ);
    if (outcome == APISEC_REPLAY_UNDECIDABLE) add(replaying, replaying->undecidable, ++replaying->num_undecidable);
    return APISEC_OK;
}

static int report_unread(const struct command *command, const struct log_reading *reading, const char *path)
{
    if (reading->line == 0) return failf(command, reading->status, "cannot read %s: %s", path, reading->reason);
    return failf(command, reading->status, "%s, line %llu: %s", path, (unsigned long long)reading->line, reading->reason);
}

/* put_list hands a list over to the answer. */
static void put_list(struct answer *answer, const char *name, cJSON **list)
{
    if (cJSON_AddItemToObject(answer->object, name, *list)) *list = NULL;
    else answer->broken = true;
}

static void put_rest(struct answer *answer, const struct replaying *replaying, const char *name, uint64_t num)
{
    if (!replaying->shows_all && num > SHOWN) answer_number(answer, name, (int64_t)(num - SHOWN));
}

static int report(const struct command *command, struct replaying *replaying)
{
    const uint64_t same = replaying->num_same, differ = replaying->num_differ, undecidable = replaying->num_undecidable;
    char sentence[200];
    snprintf(sentence, sizeof sentence, "%llu verdicts differ, %llu are undecidable", (unsigned long long)differ,
             (unsigned long long)undecidable);
    if (differ + undecidable > 0) say(command, sentence);

    struct answer answer;
    answer_begin(&answer);
    if (replaying->is_broken) answer.broken = true;
    answer_number(&answer, "records", (int64_t)(same + differ + undecidable));
    answer_number(&answer, "same", (int64_t)same);
    answer_number(&answer, "differ", (int64_t)differ);
    answer_number(&answer, "undecidable", (int64_t)undecidable);
    put_list(&answer, "differences", &replaying->differences);
    put_rest(&answer, replaying, "more_differences", differ);
    put_list(&answer, "undecidable_records", &replaying->undecidable);
    put_rest(&answer, replaying, "more_undecidable_records", undecidable);
    return answer_print(command, &answer, differ + undecidable > 0 ? EXIT_DENIED : EXIT_ALLOWED);
}

static int replay_logs(const struct command *command, const struct operands *operands, struct replaying *replaying)
{
    struct log_reading reading = {.take = take, .context = replaying};
    int exit_status = EXIT_ALLOWED;
    replaying->differences = cJSON_CreateArray();
    replaying->undecidable = cJSON_CreateArray();
    for (size_t i = 1; i < operands->num && exit_status == EXIT_ALLOWED; i++)
        if (!log_read(&reading, operands->at[i])) exit_status = report_unread(command, &reading, operands->at[i]);
    if (exit_status == EXIT_ALLOWED) exit_status = report(command, replaying);
    cJSON_Delete(replaying->differences);
    cJSON_Delete(replaying->undecidable);
    log_reading_end(&reading);
    return exit_status;
}

static int run_replay(const struct command *command, int argc, char **argv)
{
    struct replaying replaying = {0};
    const struct option options[] = {
        {.name = "all", .flag = &replaying.shows_all, .help = "show all records that differ or are undecidable, not 100 of each"},
    };
    struct bytes config = {0};
    struct operands operands;
    apisec_error err = {0};
    int exit_status = EXIT_FAILED;
    if (!options_read(command, options, NUM_OPTIONS(options), argc, argv, &operands, &exit_status)) return exit_status;
    if (operands.num < 2) return usage_fail(command, "a document and a log are needed");
    if (!input_file(command, operands.at[0], DOCUMENT_MAX, &config)) return EXIT_FAILED;
    const apisec_status status = apisec_replay_new(config.at, config.len, &replaying.replay, &err);
    bytes_free(&config);
    if (status != APISEC_OK) return fail(command, status, err.text);
    exit_status = replay_logs(command, &operands, &replaying);
    apisec_replay_free(replaying.replay);
    return exit_status;
}

const struct command command_replay = {
    .name = "replay",
    .synopsis = "CONFIG LOG...",
    .summary = "try a guard's changed document on the records of a log",
    .about = "Judges again, by the rules of a guard's document (guard.h), the calls that audit logs tell of, and shows every\n"
             "verdict that would differ: how a change of rules is tested before deployment. The chains of the logs are\n"
             "checked as by audit verify; where one is broken nothing is shown. Nothing that the document refers to is opened.\n"
             "Claims are known as far as \"record_claims\" of the document then in force has named them; a verdict that hangs\n"
             "on another is undecidable, and so is one that hangs on what nobody looked at then. Whether tokens were good,\n"
             "limits, bodies and the service's own checks stay as they were. replay.h says it in full.\n"
             "\n"
             "Output: {\"records\":N,\"same\":N,\"differ\":N,\"undecidable\":N,\"differences\":[{\"sequence\":N,\n"
             "\"uid\":...,\"operation\":...,\"was\":{\"verdict\":...,\"status_code\":...,\"rule\":...},\n"
             "\"would_be\":{...,\"reason\":...}}...],\"undecidable_records\":[{...,\"reason\":\"undecidable: claim x\"}...]};\n"
             "of each list the first 100, then how many more there are.\n"
             "Exit status 0: all the same; 1: something differs or is undecidable; 2: a log or the document cannot be read.",
    .failure = FAILURE_OBJECT,
    .run = run_replay,
};
