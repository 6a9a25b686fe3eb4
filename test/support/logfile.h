/* SPDX-License-Identifier: Apache-2.0
 *
 * logfile.h: looking at audit logs in tests: a folder of one's own, the lines of a file, their chain, and values by path.
 */
#ifndef TEST_SUPPORT_LOGFILE_H
#define TEST_SUPPORT_LOGFILE_H

#include "base/base.h"
#include "json/json.h"

/* folder_new makes an empty folder and returns its path; folder_free removes it and the files in it. */
char *folder_new(void);
void folder_free(char *folder);
/* folder_path joins a name to the folder; to be freed. */
char *folder_path(const char *folder, const char *name);
/* folder_other returns the path of the only file in the folder whose name begins with name and a dot; NULL if there is not one. */
char *folder_other(const char *folder, const char *name);

/* file_read returns the file's bytes, NUL-terminated, to be freed; NULL without a file. file_write replaces them. */
char *file_read(const char *path, size_t *len);
void file_write(const char *path, const char *bytes, size_t len);

/* chain_check feeds all lines of the bytes to one chain and returns its last status; *num (may be NULL) is how many were good. */
apisec_status chain_check(const char *bytes, size_t len, uint64_t *num, apisec_error *err);
/* file_chain does that for a file, and demands that it ends with a newline. */
apisec_status file_chain(const char *path, uint64_t *num, apisec_error *err);

/* line_at returns the line with this index without its newline; at NULL: there is none. line_count counts whole lines. */
struct text line_at(const char *bytes, size_t index);
size_t line_count(const char *bytes);
/* line_value finds a value by its dotted path ("actor.user.uid", "unmapped.apisec.checks"): its JSON text, copied into one of a few
 * static buffers; "" when absent. */
const char *line_value(struct text line, const char *path);

#endif
