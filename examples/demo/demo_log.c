/* SPDX-License-Identifier: Apache-2.0
 *
 * demo_log.c: the audit log of this run: its chain is checked, then a copy in which one record was changed. The log stays as it is.
 */
#include "demo.h"

#include <stdio.h>
#include <string.h>

#define LINE_MAX_BYTES 70000

/* check_chain feeds a file to the library's checker. *line is the first bad one, or how many there are. */
static apisec_status check_chain(const char *path, uint64_t *line, char head[65], apisec_error *err)
{
    static char text[LINE_MAX_BYTES];
    apisec_status status = APISEC_E_SYSTEM;
    apisec_chain *chain = apisec_chain_new();
    FILE *file = fopen(path, "rb");
    *line = 0;
    head[0] = '\0';
    while (file && fgets(text, sizeof text, file)) {
        (*line)++;
        status = apisec_chain_next(chain, text, strcspn(text, "\n"), err);
        if (status != APISEC_OK) break;
    }
    if (status == APISEC_OK && apisec_chain_head(chain)) snprintf(head, 65, "%s", apisec_chain_head(chain));
    if (file) (void)fclose(file);
    apisec_chain_free(chain);
    return status;
}

/* copy_tampered copies a log and turns the first denial into an allow. Returns the line that was changed, 0 for none. */
static uint64_t copy_tampered(const char *from, const char *to)
{
    static char text[LINE_MAX_BYTES];
    static const char denied[] = "\"action_id\":2";
    uint64_t line = 0, changed = 0;
    FILE *in = fopen(from, "rb");
    FILE *out = in ? fopen(to, "wb") : NULL;
    while (out && fgets(text, sizeof text, in)) {
        line++;
        char *found = changed ? NULL : strstr(text, denied);
        if (found) {
            found[sizeof denied - 2] = '1'; /* allowed */
            changed = line;
        }
        fputs(text, out);
    }
    if (out) (void)fclose(out);
    if (in) (void)fclose(in);
    return changed;
}

void log_tell(struct demo *demo)
{
    char log[512], copy[512], head[65];
    uint64_t line = 0;
    apisec_error err = {0};
    snprintf(log, sizeof log, "%s/audit.jsonl", demo->folder);
    snprintf(copy, sizeof copy, "%s/audit-tampered.jsonl", demo->folder);

    screen_step("Every decision above is one record of the audit log, each bound to the one before");
    apisec_status status = check_chain(log, &line, head, &err);
    screen_pair("log", "%s", log);
    screen_pair("intact", "%llu records, the last one's hash is %.16s...", (unsigned long long)line, head);
    expect(status == APISEC_OK, "the log's chain is intact");
    expect(line == apisec_audit_num_written(demo->audit) && apisec_audit_num_lost(demo->audit) == 0, "no record is missing");

    uint64_t changed = copy_tampered(log, copy);
    status = check_chain(copy, &line, head, &err);
    screen_pair("a copy, tampered", "record %llu: \"denied\" was made \"allowed\"", (unsigned long long)changed);
    screen_pair("found", "line %llu: %s", (unsigned long long)line, err.text);
    expect(changed > 0 && status == APISEC_E_AUDIT && line == changed, "the tampered record is found");
}
