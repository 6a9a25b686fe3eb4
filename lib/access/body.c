/* SPDX-License-Identifier: Apache-2.0
 *
 * body.c: what a request's JSON body may be, include/apisec/limits.h: its type, its size, its shape, and the names of the members
 * at its top. The cheapest is looked at first, and nothing is built of it.
 */
#include "access/limits.h"

#include "http/http.h"

#include <stdio.h>

enum { MAX_MEMBERS = 256, MAX_TYPES = 16, MAX_BYTES = 1 << 30, MAX_NUMBER = 1000000, MAX_DEPTH = 512 };

struct body_guard {
    apisec_json_limits limits;
    struct texts content_types;
    struct texts members; /* none: any, and it need not be an object */
    bool is_optional;
};

/* ---- as written ---- */

/* is_json_type: two tokens (RFC 9110 section 8.3.1), the second one JSON's (RFC 8259 section 11, RFC 6839 section 3.1). */
static bool is_json_type(struct text type)
{
    static const char suffix[] = "+json";
    const size_t suffix_len = sizeof suffix - 1;
    const char *const slash = memchr(type.at, '/', type.len);
    if (slash == NULL) return false;
    const struct text top = {type.at, (size_t)(slash - type.at)}, subtype = {slash + 1, type.len - top.len - 1};
    if (!header_is_token(top) || !header_is_token(subtype)) return false;
    if (subtype.len <= suffix_len) return text_is_caseless(subtype, "json");
    return text_is_caseless((struct text){subtype.at + subtype.len - suffix_len, suffix_len}, suffix);
}

static apisec_status read_types(const struct shape *object, struct arena *arena, struct texts *types, apisec_error *err)
{
    static const char *const standard[] = {"application/json"};
    const struct shape list = shape_member(object, "content_types");
    *types = (struct texts){.at = NULL};
    if (list.value == NULL) {
        types->at = arena_alloc(arena, sizeof standard);
        if (types->at == NULL) return fail_memory(err);
        types->at[types->num++] = standard[0];
        return APISEC_OK;
    }
    const apisec_status status = texts_read(&list, arena, types, err);
    if (status != APISEC_OK) return status;
    if (types->num > MAX_TYPES) return shape_fail(&list, err, "more than %d types", MAX_TYPES);
    struct shape at = shape_first(&list);
    for (size_t i = 0; i < types->num; i++, shape_next(&at))
        if (!is_json_type(text_of(types->at[i])))
            return shape_fail(&at, err, "not a type of JSON, as \"application/json\" or \"a/b+json\"");
    return APISEC_OK;
}

static apisec_status read_limits(const struct shape *object, apisec_json_limits *limits, apisec_error *err)
{
    const struct {
        const char *name;
        int64_t max;
        uint32_t *limit, standard;
    } rows[] = {
        {"max_bytes", MAX_BYTES, &limits->max_bytes, 1024 * 1024}, {"max_depth", MAX_DEPTH, &limits->max_depth, 0},
        {"max_members", MAX_NUMBER, &limits->max_members, 0},      {"max_elements", MAX_NUMBER, &limits->max_elements, 0},
        {"max_string", MAX_BYTES, &limits->max_string, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct shape at = shape_member(object, rows[i].name);
        int64_t number;
        *rows[i].limit = rows[i].standard;
        if (at.value == NULL) continue;
        const apisec_status status = shape_number(&at, 1, rows[i].max, &number, err);
        if (status != APISEC_OK) return status;
        *rows[i].limit = (uint32_t)number;
    }
    return APISEC_OK;
}

static apisec_status read_members(const struct shape *object, struct arena *arena, struct texts *members, apisec_error *err)
{
    const struct shape list = shape_member(object, "members");
    if (list.value == NULL) return APISEC_OK;
    const apisec_status status = texts_read(&list, arena, members, err);
    if (status != APISEC_OK) return status;
    return members->num <= MAX_MEMBERS ? APISEC_OK : shape_fail(&list, err, "more than %d members", MAX_MEMBERS);
}

apisec_status body_read(const struct shape *at, struct arena *arena, const struct body_guard **guard, apisec_error *err)
{
    static const char *const names[] = {"content_types", "max_bytes", "max_depth", "max_members", "max_elements",
                                        "max_string",    "members",   "optional",  NULL};
    *guard = NULL;
    apisec_status status = shape_object(at, names, err);
    if (status != APISEC_OK) return status;
    struct body_guard *const made = arena_alloc(arena, sizeof *made);
    if (made == NULL) return fail_memory(err);
    const struct shape optional = shape_member(at, "optional");
    status = read_types(at, arena, &made->content_types, err);
    if (status == APISEC_OK) status = read_limits(at, &made->limits, err);
    if (status == APISEC_OK) status = read_members(at, arena, &made->members, err);
    if (status == APISEC_OK && optional.value != NULL) status = shape_bool(&optional, &made->is_optional, err);
    if (status == APISEC_OK) *guard = made;
    return status;
}

/* ---- the content type ---- */

/* cut takes what is before the next ";" off the front of *rest. */
static struct text cut(struct text *rest)
{
    const char *const semicolon = rest->len > 0 ? memchr(rest->at, ';', rest->len) : NULL;
    const struct text first = {rest->at, semicolon != NULL ? (size_t)(semicolon - rest->at) : rest->len};
    const size_t used = semicolon != NULL ? first.len + 1 : first.len;
    *rest = (struct text){rest->at + used, rest->len - used};
    return text_trim(first);
}

static bool is_utf8(struct text parameter)
{
    return text_is_caseless(parameter, "charset=utf-8") || text_is_caseless(parameter, "charset=\"utf-8\"");
}

/* has_only_utf8: charset=utf-8 once or not at all; RFC 9110 section 5.6.6 lets a parameter be empty. */
static bool has_only_utf8(struct text parameters)
{
    size_t num = 0;
    while (parameters.len > 0) {
        const struct text parameter = cut(&parameters);
        if (parameter.len == 0) continue;
        if (!is_utf8(parameter) || num++ > 0) return false;
    }
    return true;
}

static bool is_listed(const struct texts *types, struct text type)
{
    for (size_t i = 0; i < types->num; i++)
        if (text_is_caseless(type, types->at[i])) return true;
    return false;
}

/* ---- the body ---- */

static void refuse(struct body_finding *finding, int32_t http_status, const char *sentence)
{
    finding->status = APISEC_E_BODY;
    finding->http_status = http_status;
    snprintf(finding->sentence, sizeof finding->sentence, "%s", sentence);
}

static void check_type(const struct body_guard *guard, size_t num, struct text type, struct body_finding *finding)
{
    struct text rest = type;
    if (num != 1) {
        refuse(finding, 415, num == 0 ? "the request has no Content-Type" : "the request has more than one Content-Type");
        return;
    }
    if (!is_listed(&guard->content_types, cut(&rest))) refuse(finding, 415, "the Content-Type is none of those that are accepted");
    else if (!has_only_utf8(rest)) refuse(finding, 415, "the Content-Type has a parameter other than charset=utf-8");
}

static void refuse_json(struct body_finding *finding, apisec_status status, const apisec_error *why)
{
    const bool is_fault = status != APISEC_E_MALFORMED && status != APISEC_E_TOO_LARGE;
    char sentence[sizeof finding->sentence];
    snprintf(sentence, sizeof sentence, "the body: %.140s", why->text);
    refuse(finding, is_fault ? 500 : 400, sentence);
    if (is_fault) finding->status = status;
}

static void check_members(const struct body_guard *guard, struct text body, struct body_finding *finding)
{
    char sentence[sizeof finding->sentence];
    size_t position;
    const enum json_others others = json_other_members(body, guard->members.at, guard->members.num, &position);
    if (others == JSON_NO_OTHERS) return;
    const char *const what = others == JSON_NO_OBJECT ? "not an object" : "a member that is not accepted";
    snprintf(sentence, sizeof sentence, "the body: JSON, offset %zu: %s", position, what);
    refuse(finding, 400, sentence);
}

static void check_json(const struct body_guard *guard, struct text body, struct body_finding *finding)
{
    apisec_error why;
    char sentence[sizeof finding->sentence];
    if (body.len > guard->limits.max_bytes) {
        snprintf(sentence, sizeof sentence, "the body has %zu bytes, more than the limit of %lu", body.len,
                 (unsigned long)guard->limits.max_bytes);
        refuse(finding, 413, sentence);
        return;
    }
    const apisec_status status = apisec_json_scan(body.at, body.len, &guard->limits, NULL, &why);
    if (status != APISEC_OK) refuse_json(finding, status, &why);
    else if (guard->members.num > 0) check_members(guard, body, finding);
}

void body_check(const struct body_guard *guard, bool is_known, struct text body, size_t content_types, struct text content_type,
                struct body_finding *finding)
{
    refuse(finding, 400, "the request's body is not known: apisec_call_set_body was not called");
    if (!is_known) return;
    const bool is_empty = body.len == 0;
    if (is_empty) refuse(finding, 400, "the request has no body");
    if (is_empty && !guard->is_optional) return;
    *finding = (struct body_finding){APISEC_OK, 200, ""};
    if (is_empty) return;
    check_type(guard, content_types, content_type, finding);
    if (finding->status == APISEC_OK) check_json(guard, body, finding);
}
