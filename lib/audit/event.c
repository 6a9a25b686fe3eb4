/* SPDX-License-Identifier: Apache-2.0
 *
 * event.c: the service's own records: values under dotted paths, written as nested objects. Paths are sorted, so what belongs
 * into one object stands together, and a path that is there twice, or is also another's object, is its neighbour's.
 */
#include "audit/audit.h"

#include <stdlib.h>
#include <string.h>

enum { EVENT_MAX_FIELDS = 64, EVENT_MAX_PATH = 128, EVENT_MAX_DEPTH = 8 };

struct field {
    const char *path;
    const char *text;          /* NULL: a number */
    size_t len;
    int64_t number;
};

struct apisec_event {
    struct arena arena;
    struct field fields[EVENT_MAX_FIELDS];
    size_t num_fields;
    apisec_error error;        /* the first one */
};

/* ---- which paths there are ---- */

enum value_kind { VALUE_ANY, VALUE_TEXT, VALUE_NUMBER };

static const struct {
    const char *name;
    bool is_object;            /* names below it are the service's to choose */
    enum value_kind kind;
} roots[] = {
    {"action_id", false, VALUE_NUMBER}, {"activity_id", false, VALUE_NUMBER}, {"actor", true, VALUE_ANY},
    {"api", true, VALUE_ANY},           {"dst_endpoint", true, VALUE_ANY},    {"http_request", true, VALUE_ANY},
    {"message", false, VALUE_TEXT},     {"policy", true, VALUE_ANY},          {"resource", true, VALUE_ANY},
    {"severity_id", false, VALUE_NUMBER}, {"src_endpoint", true, VALUE_ANY},  {"status_code", false, VALUE_TEXT},
    {"status_detail", false, VALUE_TEXT}, {"status_id", false, VALUE_NUMBER}, {"trace", true, VALUE_ANY},
    {"unmapped", true, VALUE_ANY},
};

/* Members of unmapped.apisec that are the log's. */
static const char *const reserved[] = {"kind", "stream", "prev", "hash", "gap", "recovered", "continues"};

static struct text first_name(struct text path)
{
    const char *const dot = path.len ? memchr(path.at, '.', path.len) : NULL;
    return (struct text){path.at, dot ? (size_t)(dot - path.at) : path.len};
}

static struct text after(struct text path, struct text name)
{
    const size_t used = name.len < path.len ? name.len + 1 : name.len;
    return (struct text){path.at + used, path.len - used};
}

/* Names of a-z, 0-9 and _, joined by single dots. */
static bool is_well_formed(struct text path)
{
    size_t depth = 1;
    for (size_t i = 0; i < path.len; i++) {
        const char c = path.at[i];
        const bool at_edge = i == 0 || i + 1 == path.len || path.at[i + 1] == '.';
        if (c == '.' && at_edge) return false;
        if (c == '.') depth++;
        else if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_') return false;
    }
    return path.len > 0 && path.len < EVENT_MAX_PATH && depth <= EVENT_MAX_DEPTH;
}

static bool is_reserved(struct text path)
{
    if (text_is(path, "unmapped.apisec")) return true;
    if (!text_starts(path, "unmapped.apisec.")) return false;
    const struct text ours = {path.at + strlen("unmapped.apisec."), path.len - strlen("unmapped.apisec.")};
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (text_is(first_name(ours), reserved[i])) return true;
    return false;
}

static bool is_path(struct text path, enum value_kind kind)
{
    if (!is_well_formed(path) || is_reserved(path)) return false;
    const struct text root = first_name(path);
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
        if (!text_is(root, roots[i].name)) continue;
        if (roots[i].is_object != (root.len < path.len)) return false;
        return roots[i].kind == VALUE_ANY || roots[i].kind == kind;
    }
    return false;
}

/* ---- building ---- */

apisec_event *apisec_event_new(void)
{
    return calloc(1, sizeof(apisec_event));
}

void apisec_event_free(apisec_event *event)
{
    if (!event) return;
    arena_free(&event->arena);
    free(event);
}

static void refuse(apisec_event *event, apisec_status status, const char *sentence, const char *path)
{
    if (event->error.status == APISEC_OK) fail(&event->error, status, "%s: %.64s", sentence, path ? path : "NULL");
}

/* add_field gives the next free field, its path set; NULL when there is an error now. */
static struct field *add_field(apisec_event *event, const char *path, enum value_kind kind)
{
    if (!path || !is_path(text_of(path), kind)) refuse(event, APISEC_E_ARGUMENT, "not a path of an event", path);
    else if (event->num_fields == EVENT_MAX_FIELDS) refuse(event, APISEC_E_ARGUMENT, "too many values in an event", path);
    if (event->error.status != APISEC_OK) return NULL;

    struct field *const field = &event->fields[event->num_fields];
    field->path = arena_text(&event->arena, text_of(path));
    if (field->path) return field;
    refuse(event, APISEC_E_MEMORY, "out of memory", path);
    return NULL;
}

void apisec_event_set_text(apisec_event *event, const char *path, const char *text, size_t len)
{
    if (!event) return;
    if (!text && len > 0) refuse(event, APISEC_E_ARGUMENT, "a value is NULL with a length", path);
    struct field *const field = add_field(event, path, VALUE_TEXT);
    if (!field) return;
    /* One character more than the cap: whoever writes it cuts at a character, not at a byte. */
    field->len = len < AUDIT_MAX_FIELD + 4 ? len : AUDIT_MAX_FIELD + 4;
    field->text = arena_text(&event->arena, (struct text){text ? text : "", field->len});
    if (field->text) event->num_fields++;
    else refuse(event, APISEC_E_MEMORY, "out of memory", path);
}

void apisec_event_set_number(apisec_event *event, const char *path, int64_t number)
{
    if (!event) return;
    struct field *const field = add_field(event, path, VALUE_NUMBER);
    if (!field) return;
    field->text = NULL;
    field->number = number;
    event->num_fields++;
}

/* ---- writing ---- */

static int compare_paths(const void *a, const void *b)
{
    return strcmp((*(const struct field *const *)a)->path, (*(const struct field *const *)b)->path);
}

/* '.' sorts below every character of a name: the names within an object follow its own path at once. */
static bool conflict(const char *path, const char *next)
{
    const size_t len = strlen(path);
    return strncmp(path, next, len) == 0 && (next[len] == '\0' || next[len] == '.');
}

static size_t num_common(struct text a, struct text b)
{
    size_t num = 0;
    while (a.len > 0 && b.len > 0) {
        const struct text name_a = first_name(a), name_b = first_name(b);
        if (!text_equal(name_a, name_b)) break;
        a = after(a, name_a);
        b = after(b, name_b);
        num++;
    }
    return num;
}

static size_t num_names(struct text path)
{
    size_t num = 0;
    for (; path.len > 0; num++) path = after(path, first_name(path));
    return num;
}

static void put_value(struct json_writer *writer, const struct field *field, const char *name)
{
    if (field->text) json_put_text_capped(writer, name, (struct text){field->text, field->len}, AUDIT_MAX_FIELD);
    else json_put_number(writer, name, field->number);
}

/* put_names opens the objects of a path that are not open yet, and writes the value under the last name. */
static void put_names(struct json_writer *writer, const struct field *field, struct text path, size_t num_open)
{
    char name[EVENT_MAX_PATH];
    for (size_t depth = 0; path.len > 0; depth++) {
        const struct text first = first_name(path);
        memcpy(name, first.at, first.len);
        name[first.len] = '\0';
        path = after(path, first);
        if (path.len == 0) put_value(writer, field, name);
        else if (depth >= num_open) json_open_object(writer, name);
    }
}

/* put_tree writes the sorted fields that begin with a prefix, without it, as nested objects. */
static void put_tree(struct json_writer *writer, const struct field *const *fields, size_t num, const char *prefix,
                     const char *but_not)
{
    struct text open = {NULL, 0}; /* the path last written; its objects are open */
    size_t num_open = 0;
    for (size_t i = 0; i < num; i++) {
        const struct text whole = text_of(fields[i]->path);
        if (!text_starts(whole, prefix) || (but_not && text_starts(whole, but_not))) continue;
        const struct text path = {whole.at + strlen(prefix), whole.len - strlen(prefix)};
        const size_t common = num_common(open, path);
        for (; num_open > common; num_open--) json_close_object(writer);
        put_names(writer, fields[i], path, num_open);
        open = path;
        num_open = num_names(path) - 1;
    }
    for (; num_open > 0; num_open--) json_close_object(writer);
}

static const struct field *find_field(const apisec_event *event, const char *path)
{
    for (size_t i = 0; i < event->num_fields; i++)
        if (strcmp(event->fields[i].path, path) == 0) return &event->fields[i];
    return NULL;
}

static apisec_status sort_fields(const apisec_event *event, const struct field **sorted, apisec_error *err)
{
    for (size_t i = 0; i < event->num_fields; i++) sorted[i] = &event->fields[i];
    qsort(sorted, event->num_fields, sizeof sorted[0], compare_paths);
    for (size_t i = 1; i < event->num_fields; i++)
        if (conflict(sorted[i - 1]->path, sorted[i]->path))
            return fail(err, APISEC_E_ARGUMENT, "a path of the event is there twice, or is also an object: %.64s", sorted[i]->path);
    return APISEC_OK;
}

/* is_activity: an activity_id of API Activity: 0 unknown, 1 to 4, 99 another. */
static bool is_activity(int64_t number)
{
    return (number >= 0 && number <= 4) || number == OCSF_ACTIVITY_OTHER;
}

static apisec_status compose(const apisec_event *event, struct record *record, apisec_error *err)
{
    const struct field *sorted[EVENT_MAX_FIELDS] = {NULL};
    const struct field *const activity = find_field(event, "activity_id");
    const apisec_status status = sort_fields(event, sorted, err);
    if (status != APISEC_OK) return status;

    if (activity && !is_activity(activity->number))
        return fail(err, APISEC_E_ARGUMENT, "activity_id is one of OCSF's API Activity: 0 to 4, or 99");
    record->activity = activity ? (int32_t)activity->number : OCSF_ACTIVITY_OTHER;
    if (!find_field(event, "severity_id")) json_put_number(&record->members, "severity_id", OCSF_SEVERITY_INFORMATIONAL);
    put_tree(&record->other, sorted, event->num_fields, "unmapped.", "unmapped.apisec.");
    put_tree(&record->unmapped, sorted, event->num_fields, "unmapped.apisec.", NULL);

    const struct field *members[EVENT_MAX_FIELDS];
    size_t num = 0;
    for (size_t i = 0; i < event->num_fields; i++)
        if (sorted[i] != activity && !text_starts(text_of(sorted[i]->path), "unmapped.")) members[num++] = sorted[i];
    put_tree(&record->members, members, num, "", NULL);
    return APISEC_OK;
}

apisec_status apisec_audit_write(apisec_audit *audit, const apisec_event *event, apisec_error *err)
{
    struct record record;
    if (!audit) return fail(err, APISEC_E_MISUSE, "no audit log");
    if (!event) return fail_memory(err);
    if (event->error.status != APISEC_OK) return fail(err, event->error.status, "%s", event->error.text);
    if (event->num_fields == 0) return fail(err, APISEC_E_ARGUMENT, "an event of which nothing is set");

    record_init(&record, "event", clock_now_ms());
    apisec_status status = compose(event, &record, err);
    if (status == APISEC_OK) status = audit_append(audit, &record, err);
    record_free(&record);
    return status;
}
