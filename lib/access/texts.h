/* SPDX-License-Identifier: Apache-2.0
 *
 * texts.h (of lib/access, a part of rules.h): lists of strings as a rules document has them.
 */
#ifndef ACCESS_TEXTS_H
#define ACCESS_TEXTS_H

#include "base/base.h"
#include "json/json.h"

#define TEXTS_MAX_JOINED 128

/* Texts in the rules' arena. */
struct texts {
    const char **at;
    size_t num;
    const char *joined; /* the first TEXTS_MAX_JOINED bytes of them, with spaces between: the detail of a check */
};
/* texts_read reads an array of strings that is not empty, each once. CONFIG, MEMORY. */
apisec_status texts_read(const struct shape *at, struct arena *arena, struct texts *texts, apisec_error *err);
bool texts_have(const struct texts *texts, struct text text); /* at NULL: it is in none */
/* texts_keep copies one text into the arena. texts_list counts what an array has, and demands that it is not empty. */
apisec_status texts_keep(struct arena *arena, const char *text, const char **kept, apisec_error *err);
apisec_status texts_list(const struct shape *at, size_t *num, apisec_error *err);

#endif
