/* SPDX-License-Identifier: Apache-2.0
 *
 * document.c: the one document as a whole: strict JSON of known sections. Each section is read by a file of its own.
 */
#include "guard/guard.h"

static const char *const sections[] = {"$schema", "trust", "http", "exchange", "audit", NULL};
enum { MAX_NAMES = 32 };

apisec_status document_parse(const char *json, size_t len, struct json **document, apisec_error *err)
{
    static const apisec_json_limits limits = {
        .max_bytes = GUARD_MAX_DOCUMENT, .max_depth = 16, .max_members = 1024, .max_elements = 16384};
    *document = NULL;
    if (json == NULL) return fail(err, APISEC_E_ARGUMENT, "there is no document");
    return json_parse((struct text){json, len}, &limits, document, err);
}

apisec_status document_check(const struct reading *reading, apisec_error *err)
{
    const char *schema; /* for editors, which look there */
    const char *names[MAX_NAMES + 1] = {NULL};
    size_t num = 0;
    for (size_t i = 0; sections[i] != NULL && num < MAX_NAMES; i++) names[num++] = sections[i];
    for (size_t i = 0; rules_members[i] != NULL && num < MAX_NAMES; i++) names[num++] = rules_members[i];
    const apisec_status status = shape_object(reading->top, names, err);
    return status == APISEC_OK ? shape_optional_text(reading->top, "$schema", &schema, err) : status;
}
