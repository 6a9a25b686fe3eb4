/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_rules.c: rules beside a naive reference: some thousand random sets of rules, and paths made to fall between them. Whatever
 * the tree finds, the reference finds by trying every rule. And what has been used elsewhere to walk around path rules: each beside
 * the request that differs in one thing and finds its rule.
 */
#include "support/unit.h"
#include "access/rules.h"
#include "support/draw.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- the reference: all rules are tried, the most specific template is kept ---- */

#define MAX_RULES    12
#define MAX_SEGMENTS 5

struct template
{
    const char *segments[MAX_SEGMENTS]; /* "a", "{x}", "**" */
    size_t num;
    const char *method; /* NULL: all */
};

/* rank: how specific a segment of a template is; less is more. */
static int rank(const char *segment)
{
    return segment[0] == '*' ? 2 : segment[0] == '{' ? 1 : 0;
}

static bool matches(const struct template *rule, const struct path *path)
{
    for (size_t i = 0; i < rule->num; i++) {
        if (rank(rule->segments[i]) == 2) return true;
        if (i == path->num) return false;
        if (rank(rule->segments[i]) == 1 && path->segments[i].len == 0) return false;
        if (rank(rule->segments[i]) == 0 && !text_is(path->segments[i], rule->segments[i])) return false;
    }
    return rule->num == path->num;
}

/* is_more_specific: from the left; where one has ended, that which ends beats that which goes on with **. */
static bool is_more_specific(const struct template *a, const struct template *b)
{
    for (size_t i = 0; i < MAX_SEGMENTS; i++) {
        const int left = i < a->num ? rank(a->segments[i]) : 0, right = i < b->num ? rank(b->segments[i]) : 0;
        if (left != right) return left < right;
    }
    return false;
}

/* reference: the index of the rule, -1 where nothing or no method matches. */
static int reference(const struct template *rules, size_t num, const char *method, const struct path *path)
{
    const struct template *best = NULL;
    int named = -1, any = -1;
    for (size_t i = 0; i < num; i++)
        if (matches(&rules[i], path) && (best == NULL || is_more_specific(&rules[i], best))) best = &rules[i];
    for (size_t i = 0; best != NULL && i < num; i++) {
        if (!matches(&rules[i], path) || is_more_specific(best, &rules[i])) continue;
        if (rules[i].method == NULL) any = (int)i;
        else if (strcmp(rules[i].method, method) == 0) named = (int)i;
    }
    return named >= 0 ? named : any;
}

/* ---- random rules and paths ---- */

static struct template draw_template(void)
{
    static const char *const words[] = {"a", "b", "c", "{x}", "{x}"};
    static const char *const methods[] = {NULL, NULL, "GET", "PUT"};
    static const char *const names[] = {"{p}", "{q}", "{r}", "{s}", "{t}"};
    struct template rule = {.num = 1 + draw(MAX_SEGMENTS), .method = methods[draw(4)]};
    for (size_t i = 0; i < rule.num; i++) {
        rule.segments[i] = words[draw(5)];
        if (rule.segments[i][0] == '{') rule.segments[i] = names[i];
    }
    if (draw(3) == 0) rule.segments[rule.num - 1] = "**";
    return rule;
}

static char *write_rules(const struct template *rules, size_t num)
{
    struct buffer out = BUFFER_MAX(65536);
    buffer_text(&out, "{\"rules\":[");
    for (size_t i = 0; i < num; i++) {
        buffer_text(&out, i > 0 ? ",{\"id\":\"" : "{\"id\":\"");
        buffer_number(&out, (int64_t)i);
        buffer_text(&out, "\",\"path\":\"");
        for (size_t k = 0; k < rules[i].num; k++) {
            buffer_byte(&out, '/');
            buffer_text(&out, rules[i].segments[k]);
        }
        buffer_text(&out, "\",\"require\":{}");
        if (rules[i].method != NULL) {
            buffer_text(&out, ",\"methods\":[\"");
            buffer_text(&out, rules[i].method);
            buffer_text(&out, "\"]");
        }
        buffer_text(&out, "}");
    }
    buffer_text(&out, "]}");
    return buffer_take(&out);
}

static void draw_path(char out[64])
{
    static const char *const words[] = {"a", "b", "c", "d", "%61", "a"};
    const size_t num = 1 + draw(MAX_SEGMENTS);
    out[0] = '\0';
    for (size_t i = 0, len = 0; i < num; i++)
        len += (size_t)snprintf(out + len, 64 - len, "/%s", i + 1 == num && draw(6) == 0 ? "" : words[draw(6)]);
}

static void compare(const apisec_rules *compiled, const struct template *rules, size_t num, const char *json)
{
    static const char *const methods[] = {"GET", "PUT", "DELETE"};
    struct arena arena = {NULL};
    char target[64];
    struct path path;
    bool matched;
    for (size_t i = 0; i < 40; i++) {
        draw_path(target);
        assert_int_equal(path_parse(text_of(target), &arena, &path, NULL), APISEC_OK);
        const char *method = methods[draw(3)];
        const struct rule *rule = rules_find(compiled, text_of(method), &path, &matched);
        const int expected = reference(rules, num, method, &path), found = rule != NULL ? (int)strtol(rule->id, NULL, 10) : -1;
        if (found != expected) fail_msg("%s %s: %d, the reference %d: %s", method, target, found, expected, json);
    }
    arena_free(&arena);
}

static void test_random_rules_beside_the_reference(void **state)
{
    (void)state;
    size_t compiled = 0, found = 0;
    for (size_t i = 0; i < 3000; i++) {
        struct template rules[MAX_RULES];
        const size_t num = 1 + draw(MAX_RULES);
        for (size_t k = 0; k < num; k++) rules[k] = draw_template();
        char *json = write_rules(rules, num);
        apisec_rules *made = NULL;
        apisec_error err;
        found++;
        if (apisec_rules_new(json, strlen(json), &made, &err) == APISEC_OK) {
            compare(made, rules, num, json);
            compiled++;
        } else if (strstr(err.text, "the same path and method") == NULL) {
            fail_msg("%s: %s", json, err.text);
        }
        apisec_rules_free(made);
        free(json);
    }
    assert_true(compiled > found / 3); /* the rest has the same template twice */
}

/* ---- around a rule ---- */

static void test_ways_around_a_path(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        apisec_status parsed;
        const char *id; /* of the rule that is found */
        const char *why;
    } rows[] = {
        {"/admin/users", APISEC_OK, "admin", "the honest request"},
        {"/open/x", APISEC_OK, "open", "the honest request"},
        {"/open/../admin/users", APISEC_E_REQUEST, NULL, "dot segments"},
        {"/open/%2e%2e/admin/users", APISEC_E_REQUEST, NULL, "encoded"},
        {"/open/..%2fadmin", APISEC_E_REQUEST, NULL, "encoded slash"},
        {"/open/..;/admin", APISEC_E_REQUEST, NULL, "dots with a parameter: some servers cut it off"},
        {"//admin/users", APISEC_E_REQUEST, NULL, "an empty segment"},
        {"/./admin/users", APISEC_E_REQUEST, NULL, ""},
        {"/admin\\users", APISEC_E_REQUEST, NULL, "a backslash"},
        {"/%61dmin/users", APISEC_OK, "admin", "an encoded letter is that letter"},
        {"/ADMIN/users", APISEC_OK, "rest", "another path: what the service makes of it, it is denied"},
        {"/admin/users/", APISEC_OK, "admin", "a slash at the end"},
        {"/admin", APISEC_OK, "admin", "nothing below"},
        {"/admin%00/users", APISEC_E_REQUEST, NULL, "NUL"},
        {"/open/x?y=/../admin", APISEC_E_REQUEST, NULL, "no query may come here"},
        {"/open/%61dmin", APISEC_OK, "open", "encoded once"},
        {"/open/..%252fadmin", APISEC_E_REQUEST, NULL, "encoded twice: some servers decode again"},
        {"/%2561dmin/users", APISEC_E_REQUEST, NULL, ""},
        {"/open%2520/x", APISEC_E_REQUEST, NULL, ""},
        {"/open/100%25", APISEC_OK, "open", "a percent sign, encoded as it must be"},
        {"/open/..%c0%afadmin", APISEC_E_REQUEST, NULL, "an overlong slash"},
        {"/open/%c3%a9", APISEC_OK, "open", "a letter beyond ASCII"},
        {"/admin;x/users", APISEC_E_REQUEST, NULL, "a parameter, which some servers cut off"},
        {"/admin;/users", APISEC_E_REQUEST, NULL, "an empty one"},
        {"/open/admin%3bx", APISEC_OK, "open", "an encoded semicolon is data"},
    };
    static const char json[] = "{\"rules\":[{\"id\":\"open\",\"path\":\"/open/**\",\"require\":{}},"
                               "{\"id\":\"admin\",\"path\":\"/admin/**\",\"require\":{\"roles\":[\"admin\"]}},"
                               "{\"id\":\"rest\",\"path\":\"/**\",\"deny\":true}]}";
    apisec_rules *rules = NULL;
    assert_int_equal(apisec_rules_new(json, sizeof json - 1, &rules, NULL), APISEC_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena = {NULL};
        struct path path;
        bool matched;
        const apisec_status status = path_parse(text_of(rows[i].target), &arena, &path, NULL);
        if (status != rows[i].parsed) fail_msg("%s: %s", rows[i].target, apisec_status_name(status));
        if (status == APISEC_OK) assert_string_equal(rules_find(rules, text_of("GET"), &path, &matched)->id, rows[i].id);
        arena_free(&arena);
    }
    apisec_rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_rules_beside_the_reference),
        cmocka_unit_test(test_ways_around_a_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
