/* SPDX-License-Identifier: Apache-2.0
 *
 * recall.c: reads what record.c has written of a decision: of the call, of the token that was verified, and how it ended. It takes
 * nothing for known that the record may have cut, or that nobody looked at then.
 */
#include "access/access.h"

enum { MAX_CUT = 3 }; /* bytes that a text may be short of its limit when it was cut: it is cut where a character begins */

static const struct json *find(const struct json *object, const char *const *names)
{
    for (; *names != NULL && object != NULL; names++) object = json_member(object, *names);
    return object;
}
#define FIND(object, ...) find(object, (const char *const[]){__VA_ARGS__, NULL})

static struct text text_at(const struct json *value)
{
    struct text text;
    json_as_text(value, &text);
    return text;
}

static bool is(const struct json *value, const char *expected)
{
    return text_is(text_at(value), expected);
}

static const struct json *array_at(const struct json *value)
{
    return json_kind(value) == JSON_ARRAY ? value : NULL;
}

static const struct json *object_at(const struct json *value)
{
    return json_kind(value) == JSON_OBJECT ? value : NULL;
}

bool recalled_text(const struct json *value, size_t max, struct text *text)
{
    json_as_text(value, text);
    return text->len < max - MAX_CUT;
}

/* ---- claims ---- */

/* covered says how many steps of a path are those that a name in "record_claims" has: a member's own name, or with a slash in front
 * a JSON Pointer. 0: it names something else. */
static size_t covered(const char *name, const char *const *steps, size_t num_steps)
{
    size_t num = 0;
    if (name[0] != '/') return strcmp(name, steps[0]) == 0 ? 1 : 0;
    while (*name == '/') {
        if (num == num_steps) return 0;
        const char *step = steps[num++];
        for (name++; *name != '\0' && *name != '/'; name++, step++) {
            if (*name != '~' ? *name != *step : *step != (name[1] == '1' ? '/' : '~')) return 0;
            if (*name == '~' && *++name == '\0') return 0;
        }
        if (*step != '\0') return 0;
    }
    return num;
}

/* What every record says: these are texts that are not empty, or absent. */
static bool find_common(const struct recalled *recalled, const char *name, const struct json **value)
{
    struct text text;
    if (strcmp(name, "sub") == 0) {
        *value = recalled->subject;
        return recalled_text(recalled->subject, AUDIT_MAX_FIELD, &text);
    }
    if (strcmp(name, "scope") != 0 || recalled->scope == NULL) return false; /* where there is none it may have been empty */
    *value = recalled->scope;
    return recalled_text(recalled->scope, AUDIT_MAX_FIELD, &text);
}

bool recalled_claim(const struct recalled *recalled, const char *const *steps, size_t num_steps, const struct json **value)
{
    *value = NULL;
    if (!recalled->has_token) return false;
    for (const struct json *at = json_first(recalled->claims); at != NULL; at = json_next(at)) {
        size_t i = covered(json_name(at), steps, num_steps);
        if (i == 0) continue;
        for (*value = at; i < num_steps && *value != NULL; i++) *value = json_member(*value, steps[i]);
        if (*value != NULL && json_kind(*value) == JSON_NULL) *value = NULL;
        return true;
    }
    return num_steps == 1 && find_common(recalled, steps[0], value);
}

/* ---- how it ended ---- */

static bool is_one_of(struct text id, const char *const *ids)
{
    for (; *ids != NULL; ids++)
        if (text_is(id, *ids)) return true;
    return false;
}

/* is_of_token: one of the checks that a token goes through. */
static bool is_of_token(struct text id)
{
    for (int i = 0; i < NUM_CHECKS; i++)
        if (text_is(id, check_id((enum check)i))) return true;
    return false;
}

static const struct json *failed_check(const struct json *ours)
{
    const struct json *at = json_first(array_at(json_member(ours, "checks")));
    while (at != NULL && !is(json_member(at, "verdict"), "fail")) at = json_next(at);
    return at;
}

static bool has_passed(const struct json *ours, const char *id)
{
    const struct json *at = json_first(array_at(json_member(ours, "checks")));
    while (at != NULL && !(is(json_member(at, "id"), id) && is(json_member(at, "verdict"), "pass"))) at = json_next(at);
    return at != NULL;
}

/* What fails behind the rules (they had let it in), or where none were applied, is the service's own. */
static enum recalled_end find_end(const struct recalled *recalled, const struct json *ours)
{
    static const char *const of_caller[] = {"networks", "except_networks", "peers", NULL};
    static const char *const of_rule[] = {"issuers", "audiences", "clients", "except_clients", "delegation", "actors",
                                          "bound",   "acr",       "max_age", "max_token_age",  "scopes",     "any_scope",
                                          "roles",   "any_role",  "claim",   "any_of",         NULL};
    const struct json *const failed = failed_check(ours);
    const struct text id = text_at(json_member(failed, "id")), status = recalled->status_name;
    if (text_is(status, "APISEC_OK")) return RECALLED_ALLOWED;
    if (is_of_token(id)) return RECALLED_TOKEN;
    if (FIND(recalled->document, "policy", "version") == NULL || is(json_member(ours, "rules"), "allowed")) return RECALLED_FACT;
    if (text_is(id, "rule")) return RECALLED_UNROUTED;
    if (is_one_of(id, of_caller)) return RECALLED_CALLER;
    if (text_is(id, "services"))
        return text_is(status, "APISEC_E_PEER") || text_is(status, "APISEC_E_NO_CREDENTIAL") ? RECALLED_CALLER : RECALLED_FACT;
    return is_one_of(id, of_rule) ? RECALLED_RULE : RECALLED_FACT;
}

static void read_end(struct recalled *recalled, const struct json *ours)
{
    recalled->end = find_end(recalled, ours);
    recalled->has_several_credentials = is(json_member(ours, "credentials"), "several");
    recalled->failed_at_credential = recalled->end == RECALLED_TOKEN && !text_is(recalled->status_name, "APISEC_E_NO_CREDENTIAL") &&
                                     is(json_member(failed_check(ours), "id"), check_id(CHECK_CREDENTIAL));
}

/* ---- the call, and the token ---- */

static bool is_partial(const struct json *ours, const char *name)
{
    const struct json *at = json_first(array_at(json_member(ours, "partial")));
    while (at != NULL && !is(at, name)) at = json_next(at);
    return at != NULL;
}

static void read_call(struct recalled *recalled, const struct json *ours)
{
    const struct json *const request = json_member(recalled->document, "http_request");
    const struct json *const service = json_member(ours, "service");
    const bool has_method = recalled_text(json_member(request, "http_method"), AUDIT_MAX_FIELD, &recalled->method);
    const bool has_path = recalled_text(FIND(request, "url", "path"), AUDIT_MAX_FIELD, &recalled->path);
    recalled->is_cut = !has_method || !has_path;
    recalled->peer_address = text_at(FIND(recalled->document, "src_endpoint", "ip"));
    recalled->forwarded = array_at(json_member(request, "x_forwarded_for"));
    recalled->forwarded_is_partial = is_partial(ours, "x_forwarded_for");
    recalled->peer_sha256 = text_at(json_member(ours, "peer_x5t_s256")).at;
    if (recalled->peer_sha256 == NULL) recalled->peer_sha256 = "";
    recalled->peer_names = array_at(json_member(ours, "peer_names"));
    recalled->peer_names_are_partial = is_partial(ours, "peer_names");
    recalled->service = text_at(service).at;
    recalled->service_is_known = service != NULL;
    recalled->has_good_body = has_passed(ours, "body");
}

static void read_token(struct recalled *recalled, const struct json *ours)
{
    recalled->has_token = json_member(ours, "token_sha256") != NULL;
    recalled->issuer = FIND(recalled->document, "actor", "idp", "name");
    recalled->subject = FIND(recalled->document, "actor", "user", "uid");
    recalled->client = FIND(recalled->document, "actor", "app_uid");
    recalled->scope = json_member(ours, "scope_granted");
    recalled->audiences = array_at(json_member(ours, "aud"));
    recalled->actors = array_at(json_member(ours, "act"));
    recalled->has_foreign_actor = json_member(ours, "act_issuer") != NULL;
    recalled->is_delegated = is(json_member(ours, "delegation"), "delegation");
    recalled->claims = object_at(json_member(ours, "claims")); /* elements of an array have no names */
}

/* ---- the record ---- */

static apisec_status read_record(struct recalled *recalled, const struct json *ours, apisec_error *err)
{
    const struct json *const metadata = json_member(recalled->document, "metadata");
    int64_t time_ms, action;
    recalled->uid = text_at(json_member(metadata, "uid"));
    recalled->stream = text_at(json_member(ours, "stream"));
    recalled->status_name = text_at(json_member(recalled->document, "status_code"));
    recalled->operation = text_at(FIND(recalled->document, "api", "operation"));
    recalled->rule = text_at(FIND(recalled->document, "policy", "uid"));
    const bool is_whole = json_get_int64(metadata, "sequence", &recalled->sequence) == JSON_OK &&
                          json_get_int64(recalled->document, "time", &time_ms) == JSON_OK &&
                          json_get_int64(recalled->document, "action_id", &action) == JSON_OK && recalled->uid.len > 0;
    if (!is_whole || (action == 1) != text_is(recalled->status_name, "APISEC_OK"))
        return fail(err, APISEC_E_AUDIT, "not a record as this library writes it");
    recalled->now = time_ms / 1000;
    read_end(recalled, ours);
    read_call(recalled, ours);
    read_token(recalled, ours);
    return APISEC_OK;
}

apisec_status recalled_read(struct text line, struct recalled *recalled, bool *found, apisec_error *err)
{
    apisec_error why;
    *found = false;
    *recalled = (struct recalled){.document = NULL};
    apisec_status status = json_parse_object(line, &audit_record_limits, &recalled->document, &why);
    if (status == APISEC_E_MEMORY || status == APISEC_E_SYSTEM) return fail(err, status, "%s", why.text);
    if (status != APISEC_OK) return fail(err, APISEC_E_AUDIT, "not a record: %.200s", why.text);
    const struct json *const ours = FIND(recalled->document, "unmapped", "apisec");
    if (ours == NULL) status = fail(err, APISEC_E_AUDIT, "not a record as this library writes it");
    else if (is(json_member(ours, "kind"), "decision")) status = read_record(recalled, ours, err);
    *found = status == APISEC_OK && ours != NULL && is(json_member(ours, "kind"), "decision");
    if (!*found) recalled_free(recalled);
    return status;
}

void recalled_free(struct recalled *recalled)
{
    json_free(recalled->document);
    *recalled = (struct recalled){.document = NULL};
}
