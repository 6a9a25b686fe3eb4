/* SPDX-License-Identifier: Apache-2.0
 *
 * recorded.c: claims of a verified token that its record holds, because the configuration names them: what a changed rule would
 * have said of yesterday's calls is found out from them. A value is recorded whole or not at all: half of it would be another one.
 */
#include "access/rules.h"

enum { MAX_RECORDED = 32, MAX_VALUE = 2048, MAX_VALUES = 16384 }; /* all of them: the record must never be too long to be written */

apisec_status rules_record_claims(apisec_rules *rules, const struct shape *list, apisec_error *err)
{
    apisec_status status = list->value == NULL ? APISEC_OK : shape_kind(list, JSON_ARRAY, err);
    if (status != APISEC_OK || list->value == NULL) return status;
    const size_t num = json_count(list->value);
    if (num > MAX_RECORDED) return shape_fail(list, err, "more than %d claims", MAX_RECORDED);
    rules->recorded = arena_alloc(&rules->arena, (num + 1) * sizeof *rules->recorded);
    if (rules->recorded == NULL) return fail_memory(err);
    for (struct shape at = shape_first(list); at.value != NULL && status == APISEC_OK; shape_next(&at)) {
        struct claim_path *const path = &rules->recorded[rules->num_recorded];
        status = claim_path_read(&at, &rules->arena, path, err);
        for (size_t i = 0; i < rules->num_recorded && status == APISEC_OK; i++)
            if (strcmp(rules->recorded[i].written, path->written) == 0) status = shape_fail(&at, err, "there twice");
        if (status == APISEC_OK) rules->num_recorded++;
    }
    return status;
}

/* put takes what it writes off *room. */
static void put(const struct json *value, const char *name, size_t *room, struct json_writer *unmapped)
{
    struct buffer bytes = BUFFER_MAX(MAX_VALUE);
    struct json_writer writer = {&bytes, false};
    json_put_value(&writer, NULL, value);
    if (bytes.status == APISEC_OK && bytes.len <= *room) {
        json_put_raw(unmapped, name, (struct text){bytes.bytes, bytes.len});
        *room -= bytes.len;
    }
    if (bytes.status == APISEC_E_MEMORY && unmapped->out->status == APISEC_OK) unmapped->out->status = APISEC_E_MEMORY;
    buffer_free(&bytes);
}

static void put_claims(const apisec_decision *decision, struct json_writer *unmapped)
{
    const apisec_rules *const rules = decision->applied->rules;
    size_t room = MAX_VALUES;
    if (rules->num_recorded == 0 || decision->token == NULL) return;
    json_open_object(unmapped, "claims");
    for (size_t i = 0; i < rules->num_recorded; i++) {
        const struct json *const value = claim_path_find(token_claims(decision->token), &rules->recorded[i]);
        if (value != NULL) put(value, rules->recorded[i].written, &room, unmapped);
        else json_put_raw(unmapped, rules->recorded[i].written, (struct text){"null", 4});
    }
    json_close_object(unmapped);
}

void recorded_put(const apisec_decision *decision, struct json_writer *unmapped)
{
    if (decision->applied == NULL) return;
    put_claims(decision, unmapped);
    if (decision->applied->is_let_in && decision->status != APISEC_OK)
        json_put_text(unmapped, "rules", text_of("allowed")); /* what denies is the service's own */
}
