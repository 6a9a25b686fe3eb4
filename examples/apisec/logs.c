/* SPDX-License-Identifier: Apache-2.0
 *
 * logs.c: reads audit logs line by line and checks that each record is bound to the one before. Files are read in the order given:
 * one may continue the one before, or begin a chain of its own, and the reading says which.
 */
#include "tool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_MAX 131072 /* bytes of a line without its newline: no record is longer */

/* refuse keeps the reason; a line that could not be looked at is not known to be broken. */
static bool refuse(struct log_reading *reading, apisec_status status, const char *reason)
{
    reading->status = status;
    snprintf(reading->reason, sizeof reading->reason, "%s", reason);
    return false;
}

/* begin_file takes a file's first line: as the next record of the chain so far, else as the first one of a new chain. */
static bool begin_file(struct log_reading *reading, const char *line, size_t len)
{
    apisec_error before = {0}, alone = {0};
    bool had_records = apisec_chain_num_records(reading->chain) > 0;
    apisec_status status = had_records ? apisec_chain_next(reading->chain, line, len, &before) : APISEC_E_AUDIT;
    reading->continues = status == APISEC_OK;
    if (status == APISEC_OK) return true;
    if (status != APISEC_E_AUDIT) return refuse(reading, status, before.text);

    apisec_chain_free(reading->chain);
    reading->chain = apisec_chain_new();
    status = reading->chain ? apisec_chain_next(reading->chain, line, len, &alone) : APISEC_E_MEMORY;
    return status == APISEC_OK || refuse(reading, status, reading->chain ? alone.text : "out of memory");
}

static bool check_line(struct log_reading *reading, const char *line, size_t len)
{
    apisec_error err = {0};
    if (reading->line == 1) return begin_file(reading, line, len);
    const apisec_status status = apisec_chain_next(reading->chain, line, len, &err);
    return status == APISEC_OK || refuse(reading, status, err.text);
}

static bool take_line(struct log_reading *reading, const char *line, size_t len, bool whole)
{
    apisec_error err = {0};
    reading->line++;
    if (!check_line(reading, line, len)) return false;
    if (!whole) return refuse(reading, APISEC_E_AUDIT, "the last line has no newline: it was not written to its end");
    reading->num_records++;
    const apisec_status status = reading->take ? reading->take(reading->context, line, len, &err) : APISEC_OK;
    return status == APISEC_OK || refuse(reading, status, err.text);
}

/* get_line reads bytes up to a newline, which is dropped; of a longer line only so much as shows the checker that it is too long.
 * Returns false at the end of the file. *whole: the newline was there. */
static bool get_line(FILE *file, char *line, size_t *len, bool *whole)
{
    *len = 0;
    *whole = false;
    int byte = EOF;
    while (*len <= RECORD_MAX && (byte = getc(file)) != EOF && byte != '\n') line[(*len)++] = (char)byte;
    *whole = byte == '\n';
    return *whole || *len > 0;
}

/* read_lines: true when every line is a record. */
static bool read_lines(FILE *file, char *line, struct log_reading *reading)
{
    size_t len = 0;
    bool whole = false;
    while (get_line(file, line, &len, &whole))
        if (!take_line(reading, line, len, whole)) return false;
    if (reading->line > 0) return true;
    return refuse(reading, APISEC_E_AUDIT, "there is no record: an emptied log cannot be told from a new one");
}

bool log_read(struct log_reading *reading, const char *path)
{
    reading->line = 0;
    char *line = malloc(RECORD_MAX + 1);
    if (line == NULL) return refuse(reading, APISEC_E_MEMORY, "out of memory");
    bool good = false;
    errno = 0;
    FILE *file = fopen(path, "rb");
    int error = file ? 0 : errno;
    if (file) {
        good = read_lines(file, line, reading);
        if (ferror(file)) error = errno ? errno : EIO; /* a folder, a failing disk: nothing was learnt of the records */
        (void)fclose(file);
    }
    free(line);
    if (error == 0) return good;
    reading->line = 0;
    return refuse(reading, APISEC_E_SYSTEM, strerror(error));
}

void log_reading_end(struct log_reading *reading)
{
    apisec_chain_free(reading->chain);
    reading->chain = NULL;
}
