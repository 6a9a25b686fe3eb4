/* SPDX-License-Identifier: Apache-2.0
 *
 * lint.c: what is unsafe in a document, or can never match, said as JSON. It looks at the document as it is written; nothing that
 * it refers to is opened. A document that would be refused has that as its only finding.
 */
#include "guard/guard.h"

/* After these it is not known whether the document would be refused. */
static bool is_trouble(apisec_status status)
{
    return status == APISEC_E_MEMORY || status == APISEC_E_SYSTEM || status == APISEC_E_ARGUMENT;
}

/* compile makes of the document what a guard would. What only a service with a log of its own can use is accepted: lint_trust says
 * who can use it. */
static apisec_status compile(const struct shape *top, struct text json, struct edition **edition, apisec_error *why)
{
    const apisec_status status = edition_of_stand_ins(top, json, LOG_OF_DOCUMENT, edition, why);
    if (status != APISEC_E_CONFIG) return status;
    apisec_error with_log;
    const apisec_status again = edition_of_stand_ins(top, json, LOG_OF_SERVICE, edition, &with_log);
    if (is_trouble(again)) *why = with_log;
    return again;
}

/* judge: what would be refused is found alone: the rest would be about a document that nobody means. */
static apisec_status judge(struct text json, struct findings *findings, apisec_error *why)
{
    struct json *document = NULL;
    struct edition *edition = NULL;
    apisec_status status = document_parse(json.at, json.len, &document, why);
    const struct shape top = {document, NULL, NULL, 0};
    if (status == APISEC_OK) status = compile(&top, json, &edition, why);
    if (is_trouble(status)) goto done;
    json_put_bool(&findings->writer, "accepted", status == APISEC_OK);
    json_open_array(&findings->writer, "findings");
    if (status != APISEC_OK) {
        finding_add_refusal(findings, why);
    } else {
        lint_trust(&top, findings);
        lint_rules(&top, findings);
        lint_paths(&top, edition->rules, findings);
    }
    json_close_array(&findings->writer);
    status = APISEC_OK;
done:
    edition_free(edition);
    json_free(document);
    return status;
}

apisec_status apisec_guard_lint(const char *json, size_t len, char **findings, apisec_error *err)
{
    apisec_error why;
    struct findings made;
    if (findings == NULL) return fail(err, APISEC_E_ARGUMENT, "there is nowhere to put the findings");
    *findings = NULL;
    if (json == NULL) return fail(err, APISEC_E_ARGUMENT, "there is no document");
    findings_init(&made);
    json_open_object(&made.writer, NULL);
    apisec_status status = judge((struct text){json, len}, &made, &why);
    json_close_object(&made.writer);
    if (status != APISEC_OK) {
        buffer_free(&made.bytes);
        return fail(err, status, "%s", why.text);
    }
    status = made.bytes.status;
    *findings = buffer_take(&made.bytes);
    if (*findings != NULL) return succeed(err);
    return status == APISEC_E_TOO_LARGE ? fail(err, status, "there are too many findings") : fail_memory(err);
}
