/* SPDX-License-Identifier: Apache-2.0
 *
 * lint.c: what is unsafe in a document, or can never match, said as JSON. It looks at the document as it is written; nothing that
 * it refers to is opened. A document that would be refused has that as its only finding.
 */
#include "guard/guard.h"

#include <stdarg.h>
#include <stdio.h>

enum { MAX_FINDINGS = 1024 * 1024 };

static void put(struct findings *findings, struct text path, enum severity severity, struct text sentence)
{
    json_open_object(&findings->writer, NULL);
    json_put_text(&findings->writer, "path", path);
    json_put_text(&findings->writer, "severity", text_of(severity == FINDING_ERROR ? "error" : "warning"));
    json_put_text(&findings->writer, "sentence", sentence);
    json_close_object(&findings->writer);
    findings->num++;
}

/* split cuts "path: sentence"; a path has no space. */
static void split(const char *text, struct text *path, struct text *sentence)
{
    const char *const colon = strstr(text, ": "), *const space = strchr(text, ' ');
    *path = (struct text){"", 0};
    *sentence = text_of(text);
    if (colon == NULL || space == NULL || space < colon) return;
    *path = (struct text){text, (size_t)(colon - text)};
    *sentence = text_of(colon + 2);
}

void finding_add(struct findings *findings, const struct shape *at, enum severity severity, const char *format, ...)
{
    apisec_error said;
    char text[200];
    struct text path, sentence;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    shape_fail(at, &said, "%s", text);
    split(said.text, &path, &sentence);
    put(findings, path, severity, sentence);
}

static apisec_status take(const struct shape *top, struct text json, enum log_source log, apisec_error *why)
{
    struct edition *edition = NULL;
    const apisec_status status = edition_of_stand_ins(top, json, log, &edition, why);
    edition_free(edition);
    return status;
}

/* judge: what would be refused is found alone: the rest would be about a document that nobody means. */
static apisec_status judge(const char *json, size_t len, struct findings *findings)
{
    struct json *document = NULL;
    struct text path, sentence;
    apisec_error why;
    apisec_status status = document_parse(json, len, &document, &why);
    const struct shape top = {document, NULL, NULL, 0};
    if (status == APISEC_OK) status = take(&top, (struct text){json, len}, LOG_OF_DOCUMENT, &why);
    if (document != NULL && status == APISEC_E_CONFIG) {
        const apisec_status with_log = take(&top, (struct text){json, len}, LOG_OF_SERVICE, NULL);
        if (with_log != APISEC_E_CONFIG) status = with_log; /* lint_audit says who can use it; without memory nobody knows */
    }
    if (status == APISEC_E_MEMORY || status == APISEC_E_ARGUMENT) {
        json_free(document);
        return status;
    }
    json_put_bool(&findings->writer, "accepted", status == APISEC_OK);
    json_open_array(&findings->writer, "findings");
    if (status != APISEC_OK) {
        split(why.text, &path, &sentence);
        put(findings, path, FINDING_ERROR, sentence);
    } else {
        lint_trust(&top, findings);
        lint_rules(&top, findings);
        lint_paths(&top, findings);
    }
    json_close_array(&findings->writer);
    json_free(document);
    return findings->bytes.status;
}

apisec_status apisec_guard_lint(const char *json, size_t len, char **findings, apisec_error *err)
{
    if (findings == NULL) return fail(err, APISEC_E_ARGUMENT, "there is nowhere to put the findings");
    *findings = NULL;
    if (json == NULL) return fail(err, APISEC_E_ARGUMENT, "there is no document");
    struct findings made = {.bytes = BUFFER_MAX(MAX_FINDINGS), .num = 0};
    made.writer = (struct json_writer){&made.bytes, false};
    json_open_object(&made.writer, NULL);
    apisec_status status = judge(json, len, &made);
    json_close_object(&made.writer);
    if (status == APISEC_OK) status = made.bytes.status;
    if (status == APISEC_OK) *findings = buffer_take(&made.bytes);
    buffer_free(&made.bytes);
    if (status == APISEC_OK) return succeed(err);
    return status == APISEC_E_MEMORY ? fail_memory(err) : fail(err, status, "there are too many findings");
}
