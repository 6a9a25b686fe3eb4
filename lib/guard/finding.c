/* SPDX-License-Identifier: Apache-2.0
 *
 * finding.c: what a lint finds, one by one, as JSON: where it is, how bad, and why. Called by lint.c and the files that look.
 */
#include "guard/guard.h"

#include <stdarg.h>
#include <stdio.h>

enum { MAX_FINDINGS = 1024 * 1024, MAX_SENTENCE = 200 };

void findings_init(struct findings *findings)
{
    *findings = (struct findings){.bytes = BUFFER_MAX(MAX_FINDINGS)};
    findings->writer = (struct json_writer){&findings->bytes, false};
}

static void put(struct findings *findings, struct text path, enum severity severity, struct text sentence)
{
    json_open_object(&findings->writer, NULL);
    json_put_text(&findings->writer, "path", path);
    json_put_text(&findings->writer, "severity", text_of(severity == FINDING_ERROR ? "error" : "warning"));
    json_put_text(&findings->writer, "sentence", sentence);
    json_close_object(&findings->writer);
    findings->num++;
}

void finding_add(struct findings *findings, const struct shape *at, enum severity severity, const char *format, ...)
{
    char path[SHAPE_MAX_PATH], sentence[MAX_SENTENCE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    shape_path(at, path);
    put(findings, text_of(path), severity, text_of(sentence));
}

/* What readers of documents say begins with a path; what the scanner says of their JSON has none, but may have a colon. */
void finding_add_refusal(struct findings *findings, const apisec_error *why)
{
    const char *const colon = strstr(why->text, ": "), *const space = strchr(why->text, ' ');
    const bool has_path = colon != NULL && (why->status == APISEC_E_CONFIG || space > colon);
    const struct text path = {why->text, has_path ? (size_t)(colon - why->text) : 0};
    put(findings, path, FINDING_ERROR, text_of(has_path ? colon + 2 : why->text));
}
