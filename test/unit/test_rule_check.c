/* SPDX-License-Identifier: Apache-2.0
 *
 * test_rule_check.c: each requirement of a rule beside the token that meets it and the one that differs in one thing; and what
 * holds of all of them: taking from a token never helps, asking for more never helps.
 */
#include "support/unit.h"
#include "support/forge.h"
#include "access/rules.h"

#include <stdio.h>
#include <stdlib.h>

static apisec_verifier *verifier;

struct row {
    const char *require;           /* of a rule at /c/{customer}/{order} */
    struct forge_change change[3]; /* of the honest token */
    apisec_status expected;
    const char *why;
};

static apisec_rules *compile(const char *require)
{
    struct buffer json = BUFFER_MAX(65536);
    apisec_rules *rules = NULL;
    apisec_error err = {0, ""};
    buffer_text(&json, "{\"role_claims\":[\"roles\",\"/realm_access/roles\",\"https://id.example/roles\"],"
                       "\"policies\":{\"reader\":{\"scopes\":[\"read\"]},\"clerk\":{\"any_role\":[\"clerk\",\"manager\"]}},"
                       "\"networks\":{\"here\":[\"192.0.2.0/24\"],\"there\":[\"198.51.100.0/24\"]},"
                       "\"rules\":[{\"id\":\"r\",\"path\":\"/c/{customer}/{order}\",\"require\":");
    buffer_text(&json, require);
    buffer_text(&json, "}]}");
    if (apisec_rules_new(json.bytes, json.len, &rules, &err) != APISEC_OK) fail_msg("%s: %s", json.bytes, err.text);
    buffer_free(&json);
    return rules;
}

static apisec_status judge(const apisec_rules *rules, const struct forge_change *changes, struct rule_finding *finding)
{
    struct arena arena = {NULL};
    struct path path;
    bool matched;
    apisec_token *token = NULL;
    char *raw = forge_token(changes, (const struct forge_change[]){{"typ", NULL}, {NULL, NULL}}, forge_signer("HS256", 0));
    assert_int_equal(apisec_verify(verifier, raw, strlen(raw), FORGE_NOW, &token, NULL), APISEC_OK);
    assert_int_equal(path_parse(text_of("/c/7/x%20y"), &arena, &path, NULL), APISEC_OK);
    const struct rule *rule = rules_find(rules, text_of("GET"), &path, &matched);
    assert_non_null(rule);
    struct rule_facts facts = {.token = token, .path = &path, .now = FORGE_NOW};
    facts.client.address = address_read(text_of("192.0.2.1"));
    facts.role_claims = rules_role_claims(rules, &facts.num_role_claims);
    rule_finding_init(finding);
    const apisec_status status = requirement_check(rule->require, PART_ALL, &facts, finding);
    assert_int_equal(status, finding->status);
    assert_null(finding->lacking.name); /* of a call everything is known */
    if (status != APISEC_OK) assert_true(finding->sentence[0] != '\0');
    apisec_token_free(token);
    free(raw);
    arena_free(&arena);
    return status;
}

static const struct row rows[] = {
    {"{}", {{NULL, NULL}}, APISEC_OK, "nothing is required"},
    {"{\"networks\":[\"there\",\"here\"]}", {{NULL, NULL}}, APISEC_OK, "one of them"},
    {"{\"networks\":[\"there\"]}", {{NULL, NULL}}, APISEC_E_PEER, "from elsewhere"},
    {"{\"except_networks\":[\"there\"]}", {{NULL, NULL}}, APISEC_OK, "from none of them"},
    {"{\"except_networks\":[\"there\",\"here\"]}", {{NULL, NULL}}, APISEC_E_PEER, "from one of them"},
    {"{\"networks\":[\"there\"],\"scopes\":[\"a\"]}", {{NULL, NULL}}, APISEC_E_PEER, "before the user"},
    {"{\"issuers\":[\"" FORGE_ISSUER "\"]}", {{NULL, NULL}}, APISEC_OK, "the issuer"},
    {"{\"issuers\":[\"https://other.example\"]}", {{NULL, NULL}}, APISEC_E_CONDITION, "another issuer"},
    {"{\"audiences\":[\"orders\"]}", {{NULL, NULL}}, APISEC_OK, "the only one"},
    {"{\"audiences\":[\"orders-eu\"]}", {{NULL, NULL}}, APISEC_E_CONDITION, "for us, and not for this part"},
    {"{\"audiences\":[\"orders-eu\"]}", {{"aud", "[\"orders\",\"orders-eu\"]"}, {NULL, NULL}}, APISEC_OK, "one element"},
    {"{\"clients\":[\"web\",\"app\"]}", {{"client_id", "\"app\""}, {NULL, NULL}}, APISEC_OK, "one of them"},
    {"{\"clients\":[\"web\",\"app\"]}", {{"client_id", "\"App\""}, {NULL, NULL}}, APISEC_E_CLIENT, "case"},
    {"{\"clients\":[\"web\"]}", {{"client_id", NULL}, {NULL, NULL}}, APISEC_E_CLIENT, "no client"},
    {"{\"except_clients\":[\"old\"]}", {{"client_id", "\"app\""}, {NULL, NULL}}, APISEC_OK, "another"},
    {"{\"except_clients\":[\"old\"]}", {{"client_id", "\"old\""}, {NULL, NULL}}, APISEC_E_CLIENT, "that one"},
    {"{\"except_clients\":[\"old\"]}", {{"client_id", NULL}, {NULL, NULL}}, APISEC_E_CLIENT, "nobody in particular is not let in"},
    {"{\"except_clients\":[\"old\"]}", {{"client_id", "\"\""}, {NULL, NULL}}, APISEC_E_CLIENT, "nor is nobody's name"},
    {"{\"delegation\":\"required\"}", {{"act", "{\"sub\":\"gw\"}"}, {NULL, NULL}}, APISEC_OK, "somebody acts"},
    {"{\"delegation\":\"required\"}", {{NULL, NULL}}, APISEC_E_ACTOR, "nobody acts"},
    {"{\"delegation\":\"forbidden\"}", {{NULL, NULL}}, APISEC_OK, "nobody acts"},
    {"{\"delegation\":\"forbidden\"}", {{"act", "{\"sub\":\"gw\"}"}, {NULL, NULL}}, APISEC_E_ACTOR, "somebody acts"},
    {"{\"actors\":[\"gw\"]}", {{"act", "{\"sub\":\"gw\"}"}, {NULL, NULL}}, APISEC_OK, "the outermost act"},
    {"{\"actors\":[\"gw\"]}",
     {{"act", "{\"sub\":\"x\",\"act\":{\"sub\":\"gw\"}}"}, {NULL, NULL}},
     APISEC_E_ACTOR,
     "only an inner act"},
    {"{\"actors\":[\"gw\"]}", {{NULL, NULL}}, APISEC_E_ACTOR, "nobody acts"},
    {"{\"actors\":[\"gw\"]}",
     {{"act", "{\"sub\":\"gw\",\"iss\":\"" FORGE_ISSUER "\"}"}, {NULL, NULL}},
     APISEC_OK,
     "the token's issuer's own"},
    {"{\"actors\":[\"gw\"]}",
     {{"act", "{\"sub\":\"gw\",\"iss\":\"https://other.example\"}"}, {NULL, NULL}},
     APISEC_E_ACTOR,
     "whom another issuer calls so"},
    {"{\"delegation\":\"required\",\"claims\":[{\"claim\":\"/act/iss\",\"equals\":\"https://other.example\"}]}",
     {{"act", "{\"sub\":\"gw\",\"iss\":\"https://other.example\"}"}, {NULL, NULL}},
     APISEC_OK,
     "asked for by both"},
    {"{\"delegation\":\"forbidden\"}",
     {{"act", "{\"sub\":\"gw\",\"iss\":\"https://other.example\"}"}, {NULL, NULL}},
     APISEC_E_ACTOR,
     "it acts all the same"},
    {"{\"max_token_age\":100}", {{NULL, NULL}}, APISEC_OK, "100 s old"},
    {"{\"max_token_age\":99}", {{NULL, NULL}}, APISEC_E_LIFETIME, "a second too old"},
    {"{\"max_token_age\":1000}", {{"iat", NULL}, {NULL, NULL}}, APISEC_E_LIFETIME, "age unknown"},
    {"{\"max_token_age\":0}", {{NULL, NULL}}, APISEC_E_LIFETIME, "0 is not without end"},
    {"{\"max_token_age\":0}", {{"iat", "1750000000"}, {NULL, NULL}}, APISEC_OK, "of this second"},
    {"{\"bound\":true}", {{NULL, NULL}}, APISEC_E_BINDING, "a bearer token; its twin is in test_authorize.c"},
    {"{\"acr\":[\"gold\",\"silver\"]}", {{"acr", "\"silver\""}, {NULL, NULL}}, APISEC_OK, "one of them"},
    {"{\"acr\":[\"gold\"]}", {{"acr", "\"silver\""}, {NULL, NULL}}, APISEC_E_STEP_UP, "another"},
    {"{\"acr\":[\"gold\"]}", {{"acr", "[\"gold\"]"}, {NULL, NULL}}, APISEC_E_STEP_UP, "of another type"},
    {"{\"acr\":[\"gold\"]}", {{NULL, NULL}}, APISEC_E_STEP_UP, "none"},
    {"{\"max_age\":60}", {{"auth_time", "1749999940"}, {NULL, NULL}}, APISEC_OK, "to the second"},
    {"{\"max_age\":60}", {{"auth_time", "1749999939"}, {NULL, NULL}}, APISEC_E_STEP_UP, "a second too long ago"},
    {"{\"max_age\":60}", {{"auth_time", "1750001000"}, {NULL, NULL}}, APISEC_E_STEP_UP, "in the future"},
    {"{\"max_age\":60}", {{"auth_time", "1750000060"}, {NULL, NULL}}, APISEC_OK, "by a clock that is a minute ahead"},
    {"{\"max_age\":60}", {{"auth_time", "1750000061"}, {NULL, NULL}}, APISEC_E_STEP_UP, "a second more than that"},
    {"{\"max_age\":0}", {{"auth_time", "1749999999"}, {NULL, NULL}}, APISEC_E_STEP_UP, "0 is not without end"},
    {"{\"max_age\":0}", {{"auth_time", "1750000000"}, {NULL, NULL}}, APISEC_OK, "in this second"},
    {"{\"max_age\":60}", {{"auth_time", "\"1749999990\""}, {NULL, NULL}}, APISEC_E_STEP_UP, "of another type"},
    {"{\"max_age\":60}", {{NULL, NULL}}, APISEC_E_STEP_UP, "unknown"},
    {"{\"scopes\":[\"read\",\"write\"]}", {{"scope", "\"write read\""}, {NULL, NULL}}, APISEC_OK, "in any order"},
    {"{\"scopes\":[\"read\",\"write\"]}", {{"scope", "\"read\""}, {NULL, NULL}}, APISEC_E_SCOPE, "all of them"},
    {"{\"any_scope\":[\"read\",\"write\"]}", {{"scope", "\"read\""}, {NULL, NULL}}, APISEC_OK, "one will do"},
    {"{\"any_scope\":[\"read\",\"write\"]}", {{"scope", "\"reader\""}, {NULL, NULL}}, APISEC_E_SCOPE, "no prefix"},
    {"{\"roles\":[\"a\",\"b\"]}", {{"roles", "[\"b\",\"c\",\"a\"]"}, {NULL, NULL}}, APISEC_OK, "in any order"},
    {"{\"roles\":[\"a\",\"b\"]}", {{"roles", "[\"b\"]"}, {NULL, NULL}}, APISEC_E_ROLE, "all of them"},
    {"{\"roles\":[\"a\",\"b\"]}",
     {{"roles", "[\"a\"]"}, {"realm_access", "{\"roles\":[\"b\"]}"}, {NULL, NULL}},
     APISEC_OK,
     "from two"},
    {"{\"any_role\":[\"a\"]}", {{"realm_access", "{\"roles\":[\"a\"]}"}, {NULL, NULL}}, APISEC_OK, "Keycloak's"},
    {"{\"any_role\":[\"a\"]}", {{"https://id.example/roles", "[\"a\"]"}, {NULL, NULL}}, APISEC_OK, "a name with slashes"},
    {"{\"any_role\":[\"a\"]}", {{"roles", "\"a\""}, {NULL, NULL}}, APISEC_OK, "a single one as a string"},
    {"{\"any_role\":[\"a\"]}", {{"groups", "[\"a\"]"}, {NULL, NULL}}, APISEC_E_ROLE, "a claim that is not configured"},
    {"{\"any_role\":[\"a\"]}", {{"roles", "[[\"a\"],1,{\"a\":1}]"}, {NULL, NULL}}, APISEC_E_ROLE, "not an element"},
    {"{\"any_role\":[\"a\"]}", {{"roles", "[\"A\"]"}, {NULL, NULL}}, APISEC_E_ROLE, "case"},
    {"{\"any_role\":[\"a\"]}", {{"roles", "{\"x\":\"a\"}"}, {NULL, NULL}}, APISEC_E_ROLE, "an object has no elements"},
    {"{\"roles\":[\"a\"],\"any_role\":[\"b\"]}", {{"roles", "[\"a\",\"b\"]"}, {NULL, NULL}}, APISEC_OK, "both demands"},
    {"{\"roles\":[\"a\"],\"any_role\":[\"b\"]}", {{"roles", "[\"b\"]"}, {NULL, NULL}}, APISEC_E_ROLE, "the second alone"},
#define CLAIM(test) "{\"claims\":[{\"claim\":\"k\"," test "}]}"
    {CLAIM("\"equals\":\"v\""), {{"k", "\"v\""}, {NULL, NULL}}, APISEC_OK, "the same string"},
    {CLAIM("\"equals\":\"v\""), {{"k", "\"V\""}, {NULL, NULL}}, APISEC_E_CONDITION, "case"},
    {CLAIM("\"equals\":\"1\""), {{"k", "1"}, {NULL, NULL}}, APISEC_E_CONDITION, "of another type"},
    {CLAIM("\"equals\":1"), {{"k", "1"}, {NULL, NULL}}, APISEC_OK, "the same number"},
    {CLAIM("\"equals\":1"), {{"k", "1.5"}, {NULL, NULL}}, APISEC_E_CONDITION, "no whole number"},
    {CLAIM("\"equals\":1"), {{"k", "2"}, {NULL, NULL}}, APISEC_E_CONDITION, "another"},
    {CLAIM("\"equals\":false"), {{"k", "false"}, {NULL, NULL}}, APISEC_OK, "the same"},
    {CLAIM("\"equals\":false"), {{"k", "true"}, {NULL, NULL}}, APISEC_E_CONDITION, "the other"},
    {CLAIM("\"equals\":true"), {{"k", "true"}, {NULL, NULL}}, APISEC_OK, "the same"},
    {CLAIM("\"equals\":true"), {{"k", "\"true\""}, {NULL, NULL}}, APISEC_E_CONDITION, "of another type"},
    {CLAIM("\"equals\":false"), {{NULL, NULL}}, APISEC_E_CONDITION, "absent is not false"},
    {CLAIM("\"equals\":false"), {{"k", "null"}, {NULL, NULL}}, APISEC_E_CONDITION, "nor is null"},
    {CLAIM("\"equals_parameter\":\"customer\""), {{"k", "\"7\""}, {NULL, NULL}}, APISEC_OK, "the same string"},
    {CLAIM("\"equals_parameter\":\"customer\""), {{"k", "7"}, {NULL, NULL}}, APISEC_OK, "a number, in decimal"},
    {CLAIM("\"equals_parameter\":\"customer\""), {{"k", "\"8\""}, {NULL, NULL}}, APISEC_E_CONDITION, "another customer"},
    {CLAIM("\"equals_parameter\":\"customer\""),
     {{"k", "\"07\""}, {NULL, NULL}},
     APISEC_E_CONDITION,
     "not what it counts, byte for byte"},
    {CLAIM("\"equals_parameter\":\"customer\""), {{"k", "[\"7\"]"}, {NULL, NULL}}, APISEC_E_CONDITION, "an array is no string"},
    {CLAIM("\"equals_parameter\":\"order\""), {{"k", "\"x y\""}, {NULL, NULL}}, APISEC_OK, "decoded"},
    {CLAIM("\"equals_parameter\":\"order\""), {{"k", "\"x%20y\""}, {NULL, NULL}}, APISEC_E_CONDITION, "as it stands in the path"},
    {CLAIM("\"one_of\":[\"a\",\"b\"]"), {{"k", "\"b\""}, {NULL, NULL}}, APISEC_OK, "one of them"},
    {CLAIM("\"one_of\":[\"a\",\"b\"]"), {{"k", "\"ab\""}, {NULL, NULL}}, APISEC_E_CONDITION, "none of them"},
    {CLAIM("\"contains\":\"a\""), {{"k", "[1,\"a\"]"}, {NULL, NULL}}, APISEC_OK, "an element"},
    {CLAIM("\"contains\":\"a\""), {{"k", "\"a\""}, {NULL, NULL}}, APISEC_E_CONDITION, "a string contains nothing"},
    {CLAIM("\"contains\":\"a\""), {{"k", "{\"a\":\"a\"}"}, {NULL, NULL}}, APISEC_E_CONDITION, "an object has no elements"},
    {CLAIM("\"contains_parameter\":\"customer\""), {{"k", "[\"6\",\"7\"]"}, {NULL, NULL}}, APISEC_OK, "an element"},
    {CLAIM("\"contains_parameter\":\"customer\""), {{"k", "[\"6\",\"77\"]"}, {NULL, NULL}}, APISEC_E_CONDITION, "no element"},
    {CLAIM("\"prefix\":\"/org/eu\""), {{"k", "\"/org/eu/sales\""}, {NULL, NULL}}, APISEC_OK, "below it"},
    {CLAIM("\"prefix\":\"/org/eu\""), {{"k", "\"/org/eu\""}, {NULL, NULL}}, APISEC_OK, "itself"},
    {CLAIM("\"prefix\":\"/org/eu\""), {{"k", "\"/org/europe\""}, {NULL, NULL}}, APISEC_E_CONDITION, "by segment"},
    {CLAIM("\"prefix\":\"/org/eu\""), {{"k", "\"/org/us/sales\""}, {NULL, NULL}}, APISEC_E_CONDITION, "beside it, as long"},
    {CLAIM("\"exists\":true"), {{"k", "0"}, {NULL, NULL}}, APISEC_OK, "of any type"},
    {CLAIM("\"exists\":true"), {{"k", "null"}, {NULL, NULL}}, APISEC_E_CONDITION, "null is absent"},
    {CLAIM("\"min\":1,\"max\":3"), {{"k", "3"}, {NULL, NULL}}, APISEC_OK, "the largest"},
    {CLAIM("\"min\":1,\"max\":3"), {{"k", "4"}, {NULL, NULL}}, APISEC_E_CONDITION, "one too many"},
    {CLAIM("\"min\":1"), {{"k", "0"}, {NULL, NULL}}, APISEC_E_CONDITION, "one too few"},
    {CLAIM("\"min\":1"), {{"k", "1"}, {NULL, NULL}}, APISEC_OK, "the smallest"},
    {CLAIM("\"min\":1"), {{"k", "\"2\""}, {NULL, NULL}}, APISEC_E_CONDITION, "of another type"},
    {"{\"claims\":[{\"claim\":\"/a/b~1c\",\"equals\":1}]}", {{"a", "{\"b/c\":1}"}, {NULL, NULL}}, APISEC_OK, "a pointer"},
    {"{\"claims\":[{\"claim\":\"/a/b\",\"equals\":1}]}",
     {{"a", "[1]"}, {NULL, NULL}},
     APISEC_E_CONDITION,
     "an array has no members"},
#define TWO_CLAIMS "{\"claims\":[{\"claim\":\"k\",\"equals\":1},{\"claim\":\"a\",\"equals\":2}]}"
    {TWO_CLAIMS, {{"k", "1"}, {"a", "2"}, {NULL, NULL}}, APISEC_OK, "two claims"},
    {TWO_CLAIMS, {{"k", "1"}, {"a", "3"}, {NULL, NULL}}, APISEC_E_CONDITION, "the first alone"},
    {TWO_CLAIMS, {{"k", "3"}, {"a", "2"}, {NULL, NULL}}, APISEC_E_CONDITION, "the second alone"},
    {"{\"policies\":[\"reader\",\"clerk\"]}", {{"scope", "\"read\""}, {"roles", "[\"manager\"]"}, {NULL, NULL}}, APISEC_OK, "both"},
    {"{\"policies\":[\"reader\",\"clerk\"]}", {{"scope", "\"read\""}, {NULL, NULL}}, APISEC_E_ROLE, "one of two"},
    {"{\"all_of\":[{\"scopes\":[\"read\"]},{\"roles\":[\"a\"]}]}",
     {{"scope", "\"read\""}, {NULL, NULL}},
     APISEC_E_ROLE,
     "one of two"},
    {"{\"any_of\":[{\"scopes\":[\"x\"]},{\"scopes\":[\"read\"]}]}", {{"scope", "\"read\""}, {NULL, NULL}}, APISEC_OK, "the second"},
    {"{\"any_of\":[{\"scopes\":[\"x\"]},{\"roles\":[\"a\"]}]}",
     {{"scope", "\"read\""}, {NULL, NULL}},
     APISEC_E_SCOPE,
     "the first's"},
    {"{\"any_of\":[{\"scopes\":[\"read\"],\"roles\":[\"a\"]},{\"acr\":[\"gold\"]}]}",
     {{"scope", "\"read\""}, {NULL, NULL}},
     APISEC_E_ROLE,
     "half of one is none"},
    {"{\"scopes\":[\"read\"],\"any_of\":[{\"any_of\":[{\"roles\":[\"a\"]},{\"roles\":[\"b\"]}]},{\"acr\":[\"gold\"]}]}",
     {{"scope", "\"read\""}, {"roles", "[\"b\"]"}, {NULL, NULL}},
     APISEC_OK,
     "groups in groups"},
};
enum { NUM_ROWS = sizeof rows / sizeof rows[0] };

/* judge_row judges a row's token, less one claim where one is named. The finding's texts live until the next one. */
static apisec_rules *of_the_last_row;

static apisec_status judge_row(const struct row *row, const char *without, struct rule_finding *finding)
{
    struct forge_change changes[8] = {{NULL, NULL}};
    size_t num = 0;
    apisec_rules *rules = compile(row->require);
    apisec_rules_free(of_the_last_row);
    of_the_last_row = rules;
    for (const struct forge_change *at = row->change; at->name != NULL; at++)
        if (without == NULL || strcmp(at->name, without) != 0) changes[num++] = *at;
    if (without != NULL) changes[num++] = (struct forge_change){without, NULL};
    return judge(rules, changes, finding);
}

static void test_requirements(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_ROWS; i++) {
        struct rule_finding finding;
        const apisec_status status = judge_row(&rows[i], NULL, &finding);
        if (status != rows[i].expected)
            fail_msg("%s with %s: %s (%s)", rows[i].require, rows[i].change[0].name ? rows[i].change[0].value : "",
                     apisec_status_name(status), rows[i].why);
        for (size_t k = 0; k + 1 < finding.num_entries; k++) assert_int_equal(finding.entries[k].status, APISEC_OK);
        for (size_t k = 0; k < finding.num_entries; k++) /* nothing is listed that is not asked for */
            if (!strstr(rows[i].require, "policies") && !strstr(rows[i].require, finding.entries[k].id))
                fail_msg("%s: %s", rows[i].require, finding.entries[k].id);
        assert_int_equal(finding.scopes != NULL, status == APISEC_E_SCOPE); /* for the challenge, and for no other one */
        assert_int_equal(finding.step_up != NULL, status == APISEC_E_STEP_UP);
    }
}

/* Taking a claim from a token never turns a denial into an allow; `act` alone may be forbidden. */
static void test_taking_away_never_helps(void **state)
{
    (void)state;
    static const char *const claims[] = {"client_id", "iat", "acr", "auth_time", "scope", "roles", "realm_access", "k", "a", "jti"};
    for (size_t i = 0; i < NUM_ROWS; i++)
        for (size_t k = 0; k < sizeof claims / sizeof claims[0]; k++) {
            struct rule_finding finding;
            const apisec_status less = judge_row(&rows[i], claims[k], &finding);
            if (rows[i].expected != APISEC_OK && less == APISEC_OK) fail_msg("%s is met without %s", rows[i].require, claims[k]);
        }
}

/* One requirement more never turns a denial into an allow, and one that cannot be met turns all allows into denials. */
static void test_asking_for_more_never_helps(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_ROWS; i++) {
        struct row more = rows[i];
        char require[1024];
        struct rule_finding finding;
        snprintf(require, sizeof require, "{\"all_of\":[%s,{\"issuers\":[\"" FORGE_ISSUER "\"]}]}", rows[i].require);
        more.require = require;
        assert_int_equal(judge_row(&more, NULL, &finding), rows[i].expected);
        snprintf(require, sizeof require, "{\"all_of\":[%s,{\"roles\":[\"never\"]}]}", rows[i].require);
        assert_int_not_equal(judge_row(&more, NULL, &finding), APISEC_OK);
    }
}

static void test_the_finding(void **state)
{
    (void)state;
    struct rule_finding finding;
    const struct row row = {"{\"clients\":[\"app\"],\"scopes\":[\"read\",\"write\"],\"roles\":[\"a\"]}",
                            {{"client_id", "\"app\""}, {"scope", "\"read\""}, {NULL, NULL}},
                            APISEC_E_SCOPE,
                            ""};
    assert_int_equal(judge_row(&row, NULL, &finding), APISEC_E_SCOPE);
    assert_int_equal(finding.num_entries, 2); /* what comes after the first failure is not judged */
    assert_string_equal(finding.entries[0].id, "clients");
    assert_string_equal(finding.entries[1].id, "scopes");
    assert_string_equal(finding.entries[1].detail, "read write");
    assert_string_equal(finding.sentence, "scopes are not what the rule requires: read write");
    assert_null(finding.step_up);

    const struct row step_up = {"{\"any_of\":[{\"acr\":[\"gold\"],\"max_age\":60},{\"roles\":[\"a\"]}]}", {{NULL, NULL}}, 0, ""};
    assert_int_equal(judge_row(&step_up, NULL, &finding), APISEC_E_STEP_UP);
    assert_non_null(finding.step_up); /* for the challenge */
}

/* Where nothing is known of a user, nothing that is asked of one is ever met: it is denied for that. */
static void test_what_is_not_known_is_not_met(void **state)
{
    (void)state;
    size_t num_lacking = 0;
    const struct recalled nothing = {.peer_sha256 = ""};
    for (size_t i = 0; i < NUM_ROWS; i++) {
        struct rule_finding finding;
        struct path path = {.num = 1};
        bool matched;
        apisec_rules *rules = compile(rows[i].require);
        const struct rule *rule = rules_find(rules, text_of("GET"), &(struct path){{{"c", 1}, {"7", 1}, {"x", 1}}, 3}, &matched);
        struct rule_facts facts = {.path = &path, .now = FORGE_NOW, .peer_sha256 = "", .recalled = &nothing};
        facts.client.is_unknown = true;
        facts.role_claims = rules_role_claims(rules, &facts.num_role_claims);
        rule_finding_init(&finding);
        const apisec_status status = requirement_check(rule->require, PART_ALL, &facts, &finding);
        assert_int_equal(status, strcmp(rows[i].require, "{}") == 0 ? APISEC_OK : APISEC_E_MISUSE);
        assert_int_equal(finding.lacking.name != NULL, status != APISEC_OK);
        if (status != APISEC_OK) assert_ptr_equal(strstr(finding.sentence, "undecidable: "), finding.sentence);
        num_lacking += status != APISEC_OK;
        apisec_rules_free(rules);
    }
    assert_int_equal(num_lacking, NUM_ROWS - 1);
}

/* A verifier of profile jwt, in which a token may be without client_id and others. */
static int begin(void **state)
{
    (void)state;
    char set[512]; /* HMAC, because many tokens are made */
    snprintf(set, sizeof set, "{\"keys\":[%s]}", apisec_signer_private_jwk(forge_signer("HS256", 0)));
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, FORGE_ISSUER);
    apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
    apisec_issuer_allow_algorithm(issuer, "HS256");
    apisec_issuer_set_profile(issuer, "jwt");
    apisec_issuer_set_jwks(issuer, set, strlen(set));
    const apisec_status status = apisec_verifier_new(trust, NULL, &verifier, NULL);
    apisec_trust_free(trust);
    return status;
}

static int end(void **state)
{
    (void)state;
    apisec_rules_free(of_the_last_row);
    apisec_verifier_free(verifier);
    forge_end();
    return 0;
}

/* What a record says of a certificate's names is known where it has them all, or where there was no certificate. */
static void test_names_that_a_record_has(void **state)
{
    (void)state;
    static const struct {
        const char *sha256;
        bool has_names, are_partial, is_known;
        const char *why;
    } certificates[] = {
        {"", false, false, true, "there was none"},
        {"x", true, false, true, "all of its names"},
        {"x", true, true, false, "some of its names"},
        {"x", false, false, false, "a certificate, and no names"},
    };
    struct json *names = NULL;
    assert_int_equal(json_parse_object(text_of("{\"names\":[]}"), NULL, &names, NULL), APISEC_OK);
    for (size_t i = 0; i < sizeof certificates / sizeof certificates[0]; i++) {
        const struct recalled recalled = {.peer_sha256 = certificates[i].sha256,
                                          .peer_names = certificates[i].has_names ? json_member(names, "names") : NULL,
                                          .peer_names_are_partial = certificates[i].are_partial};
        const struct rule_facts facts = {.recalled = &recalled};
        if (fact_peer_names(&facts) != certificates[i].is_known) fail_msg("%s", certificates[i].why);
    }
    json_free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_that_a_record_has),
        cmocka_unit_test(test_requirements),
        cmocka_unit_test(test_taking_away_never_helps),
        cmocka_unit_test(test_asking_for_more_never_helps),
        cmocka_unit_test(test_the_finding),
        cmocka_unit_test(test_what_is_not_known_is_not_met),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
