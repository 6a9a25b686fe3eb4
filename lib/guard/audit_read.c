/* SPDX-License-Identifier: Apache-2.0
 *
 * audit_read.c: the section "audit": where records go, and what of a token's claims they hold. To keep none is a decision that is
 * written down.
 */
#include "guard/guard.h"

#include <stdlib.h>

static const char *const audit_names[] = {"file", "level", "on_failure", "record_claims", NULL};

/* read_choice: one of two words, the first where it is absent. */
static apisec_status read_choice(const struct shape *object, const char *name, const char *zero, const char *one, int32_t *choice,
                                 apisec_error *err)
{
    const struct shape at = shape_member(object, name);
    const char *text;
    *choice = 0;
    if (at.value == NULL) return APISEC_OK;
    const apisec_status status = shape_text(&at, &text, err);
    if (status != APISEC_OK) return status;
    *choice = strcmp(text, one) == 0;
    return *choice == 1 || strcmp(text, zero) == 0 ? APISEC_OK : shape_fail(&at, err, "\"%s\" or \"%s\" is wanted", zero, one);
}

static apisec_status read_none(const struct shape *at, struct audit_settings *settings, apisec_error *err)
{
    struct text text;
    settings->is_none = json_as_text(at->value, &text) && text_is(text, "none");
    return settings->is_none ? APISEC_OK : shape_fail(at, err, "an object, or \"none\" for no records at all is wanted");
}

static apisec_status read_members(const struct shape *at, enum log_source log, struct audit_settings *settings, apisec_error *err)
{
    const bool has_audit = log == LOG_OF_SERVICE;
    const struct shape file_at = shape_member(at, "file");
    const char *file;
    apisec_status status = shape_object(at, audit_names, err);
    for (struct shape member = shape_first(at); has_audit && member.value != NULL && status == APISEC_OK; shape_next(&member))
        if (strcmp(member.name, "record_claims") != 0) status = shape_fail(&member, err, "the service brings its own audit log");
    if (status != APISEC_OK || has_audit || (log == LOG_NOWHERE && file_at.value == NULL)) return status;
    status = path_read(&file_at, &file, err);
    if (status == APISEC_OK) status = read_choice(at, "level", "written", "synced", &settings->level, err);
    if (status == APISEC_OK) status = read_choice(at, "on_failure", "strict", "lenient", &settings->on_failure, err);
    if (status != APISEC_OK) return status;
    settings->file = text_copy(text_of(file));
    return settings->file != NULL ? APISEC_OK : fail_memory(err);
}

apisec_status audit_read(const struct reading *reading, struct audit_settings *settings, apisec_rules *rules, apisec_error *err)
{
    const struct shape at = shape_member(reading->top, "audit"), claims = shape_member(&at, "record_claims");
    *settings = (struct audit_settings){.file = NULL};
    if (at.value == NULL && reading->log != LOG_OF_DOCUMENT) return APISEC_OK;
    if (at.value == NULL) return shape_fail(&at, err, "missing: a file for the records, or \"none\"");
    if (json_kind(at.value) != JSON_OBJECT && reading->log == LOG_OF_SERVICE)
        return shape_fail(&at, err, "the service brings its own audit log");
    if (json_kind(at.value) != JSON_OBJECT) return read_none(&at, settings, err);
    apisec_status status = read_members(&at, reading->log, settings, err);
    if (status == APISEC_OK) status = rules_record_claims(rules, &claims, err);
    if (reading->log == LOG_NOWHERE) audit_settings_free(settings); /* there is no file then */
    return status;
}

bool audit_settings_equal(const struct audit_settings *a, const struct audit_settings *b)
{
    const bool same_file = a->file == NULL || b->file == NULL ? a->file == b->file : strcmp(a->file, b->file) == 0;
    return same_file && a->is_none == b->is_none && a->level == b->level && a->on_failure == b->on_failure;
}

void audit_settings_free(struct audit_settings *settings)
{
    free(settings->file);
    settings->file = NULL;
}
