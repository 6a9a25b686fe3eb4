/* SPDX-License-Identifier: Apache-2.0
 *
 * need.c: requirements as if by chance, see need.h: drawn, and written as a document.
 */
#include "support/unit.h"
#include "support/draw.h"
#include "support/need.h"

#include <stdio.h>
#include <string.h>

bool need_add(struct need *need, bool of_user)
{
    const unsigned list = draw(of_user ? NUM_LISTS + 4 : NUM_LISTS_OF_CALLERS);
    if (list == NUM_LISTS && need->lists[ACTORS] == 0 && need->delegation == ANY) need->delegation = 1 + draw(2);
    else if (list == NUM_LISTS + 1 && need->max_age == 0) need->max_age = draw(2) ? 60 : 90;
    else if (list == NUM_LISTS + 2 && need->max_token_age == 0) need->max_token_age = draw(2) ? 50 : 100;
    else if (list == NUM_LISTS + 3 && !need->bound) need->bound = true;
    else if (list >= NUM_LISTS || need->lists[list] > 0 || (list == ACTORS && need->delegation != ANY)) return false;
    else need->lists[list] = 1 + draw(7);
    return true;
}

struct need *need_draw(struct arena *arena, unsigned depth, bool of_user)
{
    struct need *need = arena_alloc(arena, sizeof *need);
    assert_non_null(need);
    for (unsigned i = 0, num = draw(4); i < num; i++) need_add(need, of_user);
    need->service = draw(60) == 0;
    if (depth == 0) return need;
    for (unsigned i = 0, num = draw(3); i < num; i++) need->all[need->num_all++] = need_draw(arena, depth - 1, of_user);
    for (unsigned i = 0, num = draw(4); i < num; i++) need->any[need->num_any++] = need_draw(arena, depth - 1, of_user);
    return need;
}

/* ---- written down, each time in another order ---- */

/* An order in which all of `num` come once: from anywhere, onwards or back. */
struct order {
    unsigned at, step, num;
};

static struct order draw_order(size_t num)
{
    const unsigned count = (unsigned)num;
    return (struct order){draw(count), draw(2) ? 1 : count - 1, count};
}

static unsigned next_of(struct order *order)
{
    const unsigned at = order->at;
    order->at = (at + order->step) % order->num;
    return at;
}

/* begin_next writes what stands between elements or members. */
static void begin_next(struct buffer *out, bool *comma)
{
    if (*comma) buffer_byte(out, ',');
    *comma = true;
}

void need_letters(struct buffer *out, unsigned set, const char *before, const char *between)
{
    struct order order = draw_order(3);
    bool is_first = true;
    for (size_t i = 0; i < 3; i++) {
        const unsigned letter = next_of(&order);
        if ((set & 1U << letter) == 0) continue;
        if (!is_first) buffer_text(out, between);
        is_first = false;
        buffer_text(out, before);
        buffer_byte(out, (char)('a' + (char)letter));
    }
}

static void write_need(struct buffer *out, const struct need *need);

static void write_group(struct buffer *out, bool *comma, const char *name, struct need *const *group, size_t num)
{
    bool inner = false;
    if (num == 0) return;
    struct order order = draw_order(num);
    begin_next(out, comma);
    buffer_text(out, name);
    for (size_t i = 0; i < num; i++) {
        begin_next(out, &inner);
        write_need(out, group[next_of(&order)]);
    }
    buffer_byte(out, ']');
}

static void write_list(struct buffer *out, bool *comma, enum list list, unsigned set)
{
    static const struct {
        const char *name, *before, *behind;
    } forms[NUM_LISTS] = {[NETWORKS] = {"networks", "n", ""},
                          [EXCEPT_NETWORKS] = {"except_networks", "n", ""},
                          [PEERS] = {"peers", "p", ""},
                          [ISSUERS] = {"issuers", "https://id.example/", ""},
                          [AUDIENCES] = {"audiences", "", ""},
                          [CLIENTS] = {"clients", "", ""},
                          [EXCEPT_CLIENTS] = {"except_clients", "", ""},
                          [ACTORS] = {"actors", "", ""},
                          [ACR] = {"acr", "", ""},
                          [SCOPES] = {"scopes", "", ""},
                          [ANY_SCOPE] = {"any_scope", "", ""},
                          [ROLES] = {"roles", "", ""},
                          [ANY_ROLE] = {"any_role", "", ""},
                          [CLAIM] = {"claims\":[{\"claim\":\"k\",\"one_of", "", "}]"}};
    char before[32];
    if (set == 0) return;
    begin_next(out, comma);
    buffer_byte(out, '"');
    buffer_text(out, forms[list].name);
    buffer_text(out, "\":[");
    snprintf(before, sizeof before, "\"%s", forms[list].before);
    need_letters(out, set, before, "\",");
    buffer_text(out, "\"]");
    buffer_text(out, forms[list].behind);
}

static void write_age(struct buffer *out, bool *comma, const char *name, unsigned seconds)
{
    if (seconds == 0) return;
    begin_next(out, comma);
    buffer_text(out, name);
    buffer_number(out, seconds);
}

static void write_text(struct buffer *out, bool *comma, bool is_there, const char *text)
{
    if (!is_there) return;
    begin_next(out, comma);
    buffer_text(out, text);
}

static void write_need(struct buffer *out, const struct need *need)
{
    bool comma = false;
    struct order order = draw_order(NUM_LISTS + 7);
    buffer_byte(out, '{');
    for (unsigned i = 0; i < NUM_LISTS + 7; i++) {
        const unsigned member = next_of(&order);
        switch (member) {
        case NUM_LISTS: write_age(out, &comma, "\"max_age\":", need->max_age); break;
        case NUM_LISTS + 1: write_age(out, &comma, "\"max_token_age\":", need->max_token_age); break;
        case NUM_LISTS + 2: write_text(out, &comma, need->bound, "\"bound\":true"); break;
        case NUM_LISTS + 3: write_text(out, &comma, need->service, "\"services\":[\"batch\"]"); break;
        case NUM_LISTS + 4:
            write_text(out, &comma, need->delegation != ANY,
                       need->delegation == REQUIRED ? "\"delegation\":\"required\"" : "\"delegation\":\"forbidden\"");
            break;
        case NUM_LISTS + 5: write_group(out, &comma, "\"all_of\":[", need->all, need->num_all); break;
        case NUM_LISTS + 6: write_group(out, &comma, "\"any_of\":[", need->any, need->num_any); break;
        default: write_list(out, &comma, (enum list)member, need->lists[member]);
        }
    }
    buffer_byte(out, '}');
}

/* write_rules: the one that is judged, among others that have nothing to do with its path. */
static void write_rules(struct buffer *out, const struct need *need, bool wants_user)
{
    static const char *const others[] = {"{\"id\":\"open\",\"path\":\"/x/y\",\"public\":true}",
                                         "{\"id\":\"closed\",\"path\":\"/{a}/z/**\",\"deny\":true}"};
    struct order order = draw_order(3);
    bool comma = false;
    buffer_text(out, "\"rules\":[");
    for (unsigned i = 0; i < 3; i++) {
        const unsigned at = next_of(&order);
        begin_next(out, &comma);
        if (at < 2) buffer_text(out, others[at]);
        if (at < 2) continue;
        buffer_text(out, "{\"id\":\"r\",\"path\":\"/**\",");
        buffer_text(out, wants_user ? "\"require\":" : "\"user\":\"none\",\"require\":");
        write_need(out, need);
        buffer_byte(out, '}');
    }
    buffer_byte(out, ']');
}

apisec_rules *need_compile(const struct need *need, bool wants_user, struct buffer *json)
{
    static const char *const sections[] = {
        "\"networks\":{\"na\":[\"10.0.0.0/8\"],\"nb\":[\"10.1.0.0/16\",\"192.0.2.0/24\"],\"nc\":[\"2001:db8::/32\"]}",
        "\"peers\":{\"pa\":{\"uris\":[\"spiffe://m/p\"]},\"pb\":{\"dns\":[\"q.example\"]},"
        "\"pc\":{\"uris\":[\"urn:x:y\"],\"dns\":[\"r.example\"]}}",
        "\"services\":{\"header\":\"X-Service\",\"secrets\":{\"batch\":"
        "\"$pbkdf2-sha256$i=10001$S7JO_JZBr8Xe0cp36rtuLw$nc3MIHoF7J-sVR0mUtVgMFpy6xh-r4T8wkE5UJbY-tE\"}}"};
    apisec_rules *rules = NULL;
    apisec_error err = {0, ""};
    struct order order = draw_order(4);
    bool comma = false;
    buffer_clear(json);
    buffer_byte(json, '{');
    for (unsigned i = 0; i < 4; i++) {
        const unsigned at = next_of(&order);
        begin_next(json, &comma);
        if (at < 3) buffer_text(json, sections[at]);
        else write_rules(json, need, wants_user);
    }
    buffer_byte(json, '}');
    const apisec_status status = apisec_rules_new(json->bytes, json->len, &rules, &err);
    const bool may_fail = strstr(err.text, "more than") != NULL || (!wants_user && strstr(err.text, "must ask for") != NULL);
    if (status != APISEC_OK && !may_fail) fail_msg("%s: %s", json->bytes, err.text);
    return rules;
}
