/* SPDX-License-Identifier: Apache-2.0
 *
 * vectors.h: what the programs in test/vectors share: reading their files, and counting. The last line of their output is
 * "N passed, N failed" or "N passed, N failed, N skipped"; they end with 0 only when nothing failed.
 */
#ifndef TEST_SUPPORT_VECTORS_H
#define TEST_SUPPORT_VECTORS_H

#include "base/base.h"
#include "json/json.h"

/* vectors_folder: the first argument, or the folder of that name in $VECTORS. Ends the process when there is neither. */
const char *vectors_folder(int argc, char **argv, const char *name);
/* vectors_open reads a JSON file of the folder; to be freed with json_free. Ends the process when it cannot be read. */
struct json *vectors_open(const char *folder, const char *name);
/* vectors_read reads any file of the folder into the arena, as a text with a NUL behind it. */
struct text vectors_read(const char *folder, const char *name, struct arena *arena);

/* Members of a test; the process ends when one is not there. vectors_hex decodes it into the arena. */
struct text vectors_text(const struct json *object, const char *name);
int64_t vectors_number(const struct json *object, const char *name);
struct text vectors_hex(const struct json *object, const char *name, struct arena *arena);
/* vectors_write gives a value as a JSON text in the arena (objects, arrays, strings). */
struct text vectors_write(const struct json *value, struct arena *arena);

/* vectors_check counts one test, and says which one when it failed. */
void vectors_check(bool passed, const char *file, int64_t id, const char *what);
/* vectors_skip counts tests that are not for this library, and says why. */
void vectors_skip(size_t num, const char *file, const char *why);
/* vectors_end writes the last line and gives the exit status: nothing passed is a failure as well. */
int vectors_end(void);

#endif
