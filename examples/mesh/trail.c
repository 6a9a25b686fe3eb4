/* SPDX-License-Identifier: Apache-2.0
 *
 * trail.c: reads the audit logs of all services: see trail.h. A log is one JSON object a line; `trace.uid` joins them.
 */
#include "trail.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SIZE 70000

/* at follows a path of names, "actor.user.uid". */
static const cJSON *at(const cJSON *object, const char *path)
{
    char name[64];
    while (object && *path) {
        size_t len = strcspn(path, ".");
        if (len >= sizeof name) return NULL;
        memcpy(name, path, len);
        name[len] = '\0';
        object = cJSON_GetObjectItemCaseSensitive(object, name);
        path += len + (path[len] == '.');
    }
    return object;
}

static void take(const cJSON *record, const char *path, char *to, size_t size)
{
    const cJSON *value = at(record, path), *element;
    size_t used = 0;
    if (cJSON_IsString(value)) snprintf(to, size, "%s", value->valuestring);
    if (!cJSON_IsArray(value)) return;
    cJSON_ArrayForEach(element, value)
    {
        if (!cJSON_IsString(element) || used + strlen(element->valuestring) + 3 > size) continue;
        used += (size_t)snprintf(to + used, size - used, "%s%s", used ? ", " : "", element->valuestring);
    }
}

static void read_record(const cJSON *json, int service, uint64_t line, struct trail_record *record)
{
    *record = (struct trail_record){.service = service, .line = line};
    const cJSON *time = at(json, "time"), *action = at(json, "action_id");
    record->time_ms = cJSON_IsNumber(time) ? (int64_t)time->valuedouble : 0;
    record->allowed = cJSON_IsNumber(action) && action->valueint == 1;
    take(json, "api.operation", record->operation, sizeof record->operation);
    take(json, "actor.user.uid", record->user, sizeof record->user);
    take(json, "actor.app_uid", record->client, sizeof record->client);
    take(json, "unmapped.apisec.act", record->actors, sizeof record->actors);
    take(json, "unmapped.apisec.aud", record->audience, sizeof record->audience);
    take(json, "status_code", record->status, sizeof record->status);
    take(json, "status_detail", record->reason, sizeof record->reason);
    take(json, "src_endpoint.ip", record->peer, sizeof record->peer);
    take(json, "unmapped.apisec.client_address", record->asks_for, sizeof record->asks_for);
    take(json, "unmapped.apisec.shadow.verdict", record->shadow, sizeof record->shadow);
    take(json, "unmapped.apisec.shadow.status_code", record->shadow_status, sizeof record->shadow_status);
}

void trail_path(const struct stage *stage, int service, char *path, size_t size)
{
    snprintf(path, size, "%s/audit.jsonl", stage->path[service]);
}

static bool read_log(const struct stage *stage, int service, const char *trace, struct trail *trail)
{
    char path[600], uid[64];
    uint64_t number = 0;
    bool fits = true;
    trail_path(stage, service, path, sizeof path);
    FILE *file = fopen(path, "rb");
    char *line = malloc(LINE_SIZE);
    while (file && line && fgets(line, LINE_SIZE, file)) {
        number++;
        if (strstr(line, trace) == NULL) continue;
        cJSON *json = cJSON_Parse(line);
        uid[0] = '\0';
        take(json, "trace.uid", uid, sizeof uid);
        if (strcmp(uid, trace) == 0 && trail->num == TRAIL_MAX) fits = false;
        else if (strcmp(uid, trace) == 0) read_record(json, service, number, &trail->records[trail->num++]);
        cJSON_Delete(json);
    }
    bool read = file && line && !ferror(file);
    free(line);
    if (file) (void)fclose(file);
    return read && fits;
}

static int by_time(const void *a, const void *b)
{
    const struct trail_record *first = a, *second = b;
    if (first->time_ms != second->time_ms) return first->time_ms < second->time_ms ? -1 : 1;
    if (first->service != second->service) return first->service - second->service;
    return first->line < second->line ? -1 : 1;
}

bool trail_read(const struct stage *stage, const char *trace, struct trail *trail)
{
    bool read = true;
    trail->num = 0;
    for (int i = 0; i < NUM_SERVICES; i++) read = read_log(stage, i, trace, trail) && read;
    qsort(trail->records, trail->num, sizeof trail->records[0], by_time);
    return read;
}

const struct trail_record *trail_of(const struct trail *trail, int service)
{
    const struct trail_record *found = NULL;
    for (size_t i = 0; i < trail->num; i++)
        if (trail->records[i].service == service) found = &trail->records[i];
    return found;
}

apisec_status trail_check(const char *path, uint64_t *line, char head[65], apisec_error *err)
{
    apisec_status status = APISEC_E_SYSTEM;
    apisec_chain *chain = apisec_chain_new();
    FILE *file = fopen(path, "rb");
    char *text = malloc(LINE_SIZE);
    *line = 0;
    head[0] = '\0';
    while (file && text && fgets(text, LINE_SIZE, file)) {
        (*line)++;
        status = apisec_chain_next(chain, text, strcspn(text, "\n"), err);
        if (status != APISEC_OK) break;
    }
    if (status == APISEC_OK && apisec_chain_head(chain)) snprintf(head, 65, "%s", apisec_chain_head(chain));
    free(text);
    if (file) (void)fclose(file);
    apisec_chain_free(chain);
    return status;
}

uint64_t trail_tamper(const char *from, const char *to)
{
    static const char denied[] = "\"action_id\":2";
    uint64_t number = 0, changed = 0;
    FILE *in = fopen(from, "rb");
    FILE *out = in ? fopen(to, "wb") : NULL;
    char *line = malloc(LINE_SIZE);
    while (out && line && fgets(line, LINE_SIZE, in)) {
        number++;
        char *found = changed ? NULL : strstr(line, denied);
        if (found) {
            found[sizeof denied - 2] = '1'; /* allowed */
            changed = number;
        }
        fputs(line, out);
    }
    free(line);
    if (out) (void)fclose(out);
    if (in) (void)fclose(in);
    return changed;
}
