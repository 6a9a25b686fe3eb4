/* SPDX-License-Identifier: Apache-2.0
 *
 * texts.c: lists of strings as a rules document has them, read by all that reads such a document. An empty list could never be met,
 * and what is there twice was meant to be something else: both are errors here, at start-up.
 */
#include "access/texts.h"

#include <stdio.h>

apisec_status texts_keep(struct arena *arena, const char *text, const char **kept, apisec_error *err)
{
    *kept = arena_text(arena, text_of(text));
    return *kept != NULL ? APISEC_OK : fail_memory(err);
}

apisec_status texts_list(const struct shape *at, size_t *num, apisec_error *err)
{
    *num = 0;
    const apisec_status status = shape_kind(at, JSON_ARRAY, err);
    if (status != APISEC_OK) return status;
    *num = json_count(at->value);
    return *num > 0 ? APISEC_OK : shape_fail(at, err, "an empty list can never be met");
}

bool texts_have(const struct texts *texts, struct text text)
{
    if (text.at == NULL) return false;
    for (size_t i = 0; i < texts->num; i++)
        if (text_is(text, texts->at[i])) return true;
    return false;
}

static apisec_status join(struct arena *arena, struct texts *texts, apisec_error *err)
{
    char joined[TEXTS_MAX_JOINED + 1];
    size_t len = 0;
    joined[0] = '\0';
    for (size_t i = 0; i < texts->num && len < TEXTS_MAX_JOINED; i++) {
        const int added = snprintf(joined + len, sizeof joined - len, i == 0 ? "%s" : " %s", texts->at[i]);
        if (added > 0) len += (size_t)added;
    }
    return texts_keep(arena, joined, &texts->joined, err);
}

apisec_status texts_read(const struct shape *at, struct arena *arena, struct texts *texts, apisec_error *err)
{
    size_t num;
    *texts = (struct texts){.num = 0};
    apisec_status status = texts_list(at, &num, err);
    if (status != APISEC_OK) return status;
    texts->at = arena_alloc(arena, num * sizeof *texts->at);
    if (texts->at == NULL) return fail_memory(err);
    for (struct shape element = shape_first(at); element.value != NULL; shape_next(&element)) {
        const char *text;
        status = shape_text(&element, &text, err);
        if (status != APISEC_OK) return status;
        if (texts_have(texts, text_of(text))) return shape_fail(&element, err, "is there twice");
        status = texts_keep(arena, text, &texts->at[texts->num], err);
        if (status != APISEC_OK) return status;
        texts->num++;
    }
    return join(arena, texts, err);
}
