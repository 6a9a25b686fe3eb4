/* SPDX-License-Identifier: Apache-2.0
 *
 * lint_paths.c: paths that say less than they seem to: beside which another rule lets in what this one keeps out, or that have no
 * parameter. The document was read before.
 */
#include "guard/guard.h"

struct paths {
    const struct shape *rules;
    const apisec_rules *compiled;
    struct findings *findings;
};

/* What a rule keeps out: nothing, who is nobody, who is not what it asks for, everybody. */
enum strictness { OPEN, ANY_USER, ASKING, CLOSED };

static enum strictness strictness_of(const struct json *rule)
{
    if (json_member(rule, "public") != NULL) return OPEN;
    if (json_member(rule, "deny") != NULL) return CLOSED;
    return json_first(json_member(rule, "require")) == NULL ? ANY_USER : ASKING;
}

static struct shape find_rule(const struct paths *paths, const char *id)
{
    struct text text;
    struct shape at = shape_first(paths->rules);
    for (; at.value != NULL; shape_next(&at))
        if (json_get_text(at.value, "id", &text) == JSON_OK && text_is(text, id)) break;
    return at;
}

static const char *path_of(const struct json *rule)
{
    struct text text;
    return json_get_text(rule, "path", &text) == JSON_OK ? text.at : "";
}

static bool ends_with(const char *text, const char *end)
{
    const size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* ---- what finds another rule: the same path with a slash behind it, and HEAD, which is answered as GET is ---- */

/* example writes a path that the template matches, with a slash behind it. */
static bool example(const char *template, struct buffer *out)
{
    for (const char *at = template; *at != '\0'; at++) {
        if (*at == '{') {
            buffer_text(out, "~any~");
            at += strcspn(at, "}");
            if (*at == '\0') return false;
        } else {
            buffer_byte(out, *at);
        }
    }
    buffer_byte(out, '/');
    return out->status == APISEC_OK;
}

/* looser is the id of the rule for this method and path, where it keeps out less than this one; NULL: it does not. */
static const char *looser(const struct paths *paths, const struct shape *rule, struct text method, struct text path)
{
    const char *const id = rules_which(paths->compiled, method, path);
    const struct shape other = id == NULL ? (struct shape){NULL, NULL, NULL, 0} : find_rule(paths, id);
    return other.value != NULL && strictness_of(other.value) < strictness_of(rule->value) ? id : NULL;
}

static void compare(const struct paths *paths, const struct shape *rule, const struct json *method, struct text path)
{
    struct text name = {"", 0};
    const struct shape at = shape_member(rule, "path");
    if (method != NULL) json_as_text(method, &name);
    const char *const id = looser(paths, rule, name, path);
    if (id == NULL) return;
    finding_add(paths->findings, &at, FINDING_WARNING, "with a slash behind it it is another path, which rule %.60s lets in", id);
}

static bool has_method(const struct shape *methods, const char *name)
{
    struct text text;
    for (struct shape at = shape_first(methods); at.value != NULL; shape_next(&at))
        if (json_as_text(at.value, &text) && text_is(text, name)) return true;
    return false;
}

static void lint_head(const struct paths *paths, const struct shape *rule)
{
    struct buffer path = BUFFER_MAX(PATH_MAX_LEN);
    const struct shape methods = shape_member(rule, "methods");
    if (has_method(&methods, "GET") && !has_method(&methods, "HEAD") && example(path_of(rule->value), &path)) {
        const char *const id = looser(paths, rule, text_of("HEAD"), (struct text){path.bytes, path.len - 1});
        if (id != NULL)
            finding_add(paths->findings, &methods, FINDING_WARNING, "HEAD is not among them, and rule %.60s lets it in", id);
    }
    buffer_free(&path);
}

static void lint_slash(const struct paths *paths, const struct shape *rule)
{
    struct buffer path = BUFFER_MAX(PATH_MAX_LEN);
    const char *const template = path_of(rule->value);
    const struct shape methods = shape_member(rule, "methods");
    const size_t before = paths->findings->num;
    if (strictness_of(rule->value) != OPEN && !ends_with(template, "/") && !ends_with(template, "/**") &&
        example(template, &path)) {
        const struct text text = {path.bytes, path.len};
        if (methods.value == NULL) compare(paths, rule, NULL, text);
        for (struct shape at = shape_first(&methods); at.value != NULL && paths->findings->num == before; shape_next(&at))
            compare(paths, rule, at.value, text);
    }
    buffer_free(&path);
}

/* ---- parameters as others write them ---- */

/* In other routers :name and <name> are parameters; here they are segments that no request has. */
static void lint_segments(const struct paths *paths, const struct shape *rule)
{
    const struct shape at = shape_member(rule, "path");
    for (const char *segment = path_of(rule->value); *segment == '/'; segment += strcspn(segment, "/")) {
        segment++;
        if (*segment != ':' && *segment != '<') continue;
        finding_add(paths->findings, &at, FINDING_WARNING, "%.*s is taken as it stands: a parameter is written {name}",
                    (int)strcspn(segment, "/"), segment);
        return;
    }
}

/* ---- what lies below a public path ---- */

static size_t segment_len(const char *at)
{
    return strcspn(at, "/");
}

/* lies_below: a template begins as another one does that ends with a double asterisk. */
static bool lies_below(const char *path, const char *above)
{
    while (*above == '/' && *path == '/') {
        above++;
        path++;
        const size_t above_len = segment_len(above), len = segment_len(path);
        if (strcmp(above, "**") == 0) return true;
        if (strcmp(path, "**") == 0) return false; /* it is the other way round */
        if (*above != '{' && (len != above_len || strncmp(above, path, len) != 0)) return false;
        above += above_len;
        path += len;
    }
    return strcmp(above, "/**") == 0;
}

static void lint_public(const struct paths *paths, const struct shape *rule)
{
    const char *const above = path_of(rule->value);
    const struct shape at = shape_member(rule, "path");
    if (strictness_of(rule->value) != OPEN || !ends_with(above, "/**")) return;
    for (struct shape other = shape_first(paths->rules); other.value != NULL; shape_next(&other)) {
        struct text id;
        if (strictness_of(other.value) == OPEN || !lies_below(path_of(other.value), above)) continue;
        json_get_text(other.value, "id", &id);
        finding_add(paths->findings, &at, FINDING_WARNING,
                    "public, and so is all below it that no other rule names, as %.60s does: a new path there is open", id.at);
        return;
    }
}

void lint_paths(const struct shape *top, const apisec_rules *compiled, struct findings *findings)
{
    const struct shape rules = shape_member(top, "rules");
    const struct paths paths = {&rules, compiled, findings};
    for (struct shape at = shape_first(&rules); at.value != NULL; shape_next(&at)) {
        lint_segments(&paths, &at);
        lint_slash(&paths, &at);
        lint_head(&paths, &at);
        lint_public(&paths, &at);
    }
}
