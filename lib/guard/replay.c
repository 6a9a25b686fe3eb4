/* SPDX-License-Identifier: Apache-2.0
 *
 * replay.c: the handle of include/apisec/replay.h: a document's rules, and records that are put to them one by one. What the
 * document refers to is not opened.
 */
#include "guard/guard.h"

#include <apisec/replay.h>

#include <stdlib.h>

enum { MAX_FINDING = 65536, NUM_KEPT = 256, MAX_UID = 48 };

struct apisec_replay {
    struct edition *edition;       /* of stand-ins */
    struct buffer finding;         /* of the last line */
    bool has_finding;
    char kept[NUM_KEPT][MAX_UID];  /* names of the records that were judged last */
    size_t num_judged;
};

apisec_status apisec_replay_new(const char *json, size_t len, apisec_replay **replay, apisec_error *err)
{
    struct json *document;
    if (replay == NULL) return fail(err, APISEC_E_ARGUMENT, "there is nowhere to put what replays");
    *replay = NULL;
    apisec_status status = document_parse(json, len, &document, err);
    if (status != APISEC_OK) return status;
    apisec_replay *const made = calloc(1, sizeof *made);
    const struct shape top = {document, NULL, NULL, 0};
    if (made == NULL) status = fail_memory(err);
    else status = edition_of_stand_ins(&top, (struct text){json, len}, LOG_NOWHERE, &made->edition, err);
    json_free(document);
    if (status != APISEC_OK) {
        apisec_replay_free(made);
        return status;
    }
    made->finding = BUFFER_MAX(MAX_FINDING);
    *replay = made;
    return succeed(err);
}

void apisec_replay_free(apisec_replay *replay)
{
    if (replay == NULL) return;
    buffer_free(&replay->finding);
    edition_free(replay->edition);
    free(replay);
}

/* ---- what is said of a line ---- */

static void put_verdict(struct json_writer *writer, const char *name, bool is_allowed, struct text status_name, struct text rule)
{
    json_open_object(writer, name);
    json_put_text(writer, "verdict", text_of(is_allowed ? "allowed" : "denied"));
    json_put_text(writer, "status_code", status_name);
    if (rule.len > 0) json_put_text(writer, "rule", rule);
}

static void write_finding(const struct recalled *recalled, const struct rejudged *rejudged, struct buffer *out)
{
    struct json_writer writer = {out, false};
    json_open_object(&writer, NULL);
    json_put_number(&writer, "sequence", recalled->sequence);
    json_put_text(&writer, "uid", recalled->uid);
    json_put_text(&writer, "operation", recalled->operation);
    put_verdict(&writer, "was", recalled->end == RECALLED_ALLOWED, recalled->status_name, recalled->rule);
    json_close_object(&writer);
    if (rejudged->is_decided) {
        put_verdict(&writer, "would_be", rejudged->is_allowed, rejudged->status_name, text_of(rejudged->rule_id));
        json_put_text(&writer, "reason", text_of(rejudged->sentence));
        json_close_object(&writer);
    } else {
        json_put_text(&writer, "reason", text_of(rejudged->sentence));
    }
    json_close_object(&writer);
}

static int32_t outcome_of(const struct recalled *recalled, const struct rejudged *rejudged)
{
    if (!rejudged->is_decided) return APISEC_REPLAY_UNDECIDABLE;
    return rejudged->is_allowed == (recalled->end == RECALLED_ALLOWED) ? APISEC_REPLAY_SAME : APISEC_REPLAY_DIFFERS;
}

/* ---- one call, one verdict ---- */

/* is_copy: what could not be synced is written again to another file, under the same name (audit.h): its last records, no more than
 * were waiting for the disk. A record that was not begins with its own stream's name. */
static bool is_copy(const apisec_replay *replay, const struct recalled *recalled)
{
    if (recalled->stream.len == 0 || text_starts(recalled->uid, recalled->stream.at)) return false;
    for (size_t i = 0; i < NUM_KEPT && i < replay->num_judged; i++)
        if (text_is(recalled->uid, replay->kept[i])) return true;
    return false;
}

static void keep_name(apisec_replay *replay, struct text uid)
{
    if (uid.len >= MAX_UID) return; /* none that this library gives */
    char *const kept = replay->kept[replay->num_judged++ % NUM_KEPT];
    memcpy(kept, uid.at, uid.len);
    kept[uid.len] = '\0';
}

static apisec_status judge(apisec_replay *replay, const struct recalled *recalled, int32_t *outcome, apisec_error *err)
{
    struct rejudged rejudged;
    const apisec_status status = rules_rejudge(replay->edition->rules, recalled, &rejudged);
    if (status == APISEC_OK) write_finding(recalled, &rejudged, &replay->finding);
    if (status != APISEC_OK || replay->finding.status == APISEC_E_MEMORY) return fail_memory(err);
    if (replay->finding.status != APISEC_OK) return fail(err, APISEC_E_AUDIT, "not a record as this library writes it");
    replay->has_finding = true;
    keep_name(replay, recalled->uid);
    *outcome = outcome_of(recalled, &rejudged);
    return succeed(err);
}

apisec_status apisec_replay_next(apisec_replay *replay, const char *line, size_t len, int32_t *outcome, apisec_error *err)
{
    struct recalled recalled;
    bool found;
    if (outcome == NULL) return fail(err, APISEC_E_ARGUMENT, "there is nowhere to put the outcome");
    *outcome = APISEC_REPLAY_NONE;
    if (replay == NULL) return fail(err, APISEC_E_MISUSE, "there are no rules");
    replay->has_finding = false;
    buffer_clear(&replay->finding);
    if (line == NULL) return fail(err, APISEC_E_ARGUMENT, "there is no line");
    apisec_status status = recalled_read((struct text){line, len}, &recalled, &found, err);
    if (status != APISEC_OK || !found) return status == APISEC_OK ? succeed(err) : status;
    status = is_copy(replay, &recalled) ? succeed(err) : judge(replay, &recalled, outcome, err);
    recalled_free(&recalled);
    return status;
}

const char *apisec_replay_finding(const apisec_replay *replay)
{
    return replay != NULL && replay->has_finding ? replay->finding.bytes : NULL;
}
