/* SPDX-License-Identifier: Apache-2.0
 *
 * story_trail.c: Alice's journey, read back from four audit logs; then each log's chain, and a copy in which one record was
 * changed.
 */
#include "story.h"

#include <stdio.h>
#include <string.h>

static void tell_record(const struct trail_record *record, int64_t began_ms)
{
    char when[24], what[128];
    snprintf(when, sizeof when, "+%lld ms", (long long)(record->time_ms - began_ms));
    snprintf(what, sizeof what, "%s%s%s", record->operation, strchr(record->operation, '/') ? "" : " for ",
             strchr(record->operation, '/') ? "" : record->audience);
    const char *const cells[6] = {when, stage_name(record->service), what, record->user[0] ? record->user : "-",
                                  record->actors[0] ? record->actors : "-", record->allowed ? "allowed" : "denied"};
    screen_row(cells, record->allowed);
}

static void tell_journey(const struct story *story)
{
    static const char *const heads[6] = {"when", "service", "what", "user", "acting", "verdict"};
    bool seen[NUM_SERVICES] = {false};
    struct trail trail;
    screen_step("One journey, from the audit logs of all four services");
    screen_pair("trace", "%s", story->trace);
    if (!expect(trail_read(&story->stage, story->trace, &trail) && trail.num > 0, "the journey is found by its trace")) return;
    screen_row(heads, true);
    for (size_t i = 0; i < trail.num; i++) {
        tell_record(&trail.records[i], trail.records[0].time_ms);
        seen[trail.records[i].service] = true;
    }
    expect(seen[STS] && seen[GATEWAY] && seen[ACCOUNTS] && seen[LEDGER], "all four services have recorded it");
    expect(trail.num == 7, "two exchanges, each recorded by both sides, and three decisions");
}

static void tell_tampered(const struct story *story)
{
    char log[600], copy[600], head[65];
    uint64_t line = 0;
    apisec_error err = {0};
    trail_path(&story->stage, LEDGER, log, sizeof log);
    snprintf(copy, sizeof copy, "%s/ledger-tampered.jsonl", story->stage.folder);
    uint64_t changed = trail_tamper(log, copy);
    apisec_status status = trail_check(copy, &line, head, &err);
    screen_pair("a copy, tampered", "record %llu of ledger: \"denied\" was made \"allowed\"", (unsigned long long)changed);
    screen_pair("found", "line %llu: %s", (unsigned long long)line, err.text);
    expect(changed > 0 && status == APISEC_E_AUDIT && line == changed, "the tampered record is found");
}

void story_trail(const struct story *story)
{
    char log[600], head[65];
    tell_journey(story);
    screen_step("Each record is bound to the one before");
    for (int i = 0; i < NUM_SERVICES; i++) {
        uint64_t line = 0;
        apisec_error err = {0};
        trail_path(&story->stage, i, log, sizeof log);
        apisec_status status = trail_check(log, &line, head, &err);
        screen_pair(stage_name(i), "%3llu records, intact; the last one's hash is %.16s...", (unsigned long long)line, head);
        expect(status == APISEC_OK && line > 0, "the log's chain is intact");
    }
    tell_tampered(story);
}
