/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_replay.c: what is said of records beside what is done with calls: random documents, tokens and requests. Whatever a replay
 * calls decided is what the guard of that document does with the very call: of the document that wrote the record, and of any
 * other. Where all claims were recorded it is never in doubt about its own; where few were it may be, and is never wrong.
 */
#include "support/unit.h"
#include "json/json.h"
#include "support/certificate.h"
#include "support/draw.h"
#include "support/guard.h"
#include "support/sentry.h"
#include "support/stand.h"
#include "support/stride.h"

#include <apisec/replay.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- documents ---- */

static const char *const recorded[] = {"iat",          "acr",    "auth_time", "cnf",   "roles", "groups",    "entitlements",
                                       "/realm/roles", "tenant", "deep",      "sub",   "scope", "client_id", "list",
                                       "org",          "flag",   "/deep/er",  "/a~1b", "aud",   "level"};

static void write_requirement(struct buffer *out, unsigned depth, bool of_user, bool has_parameter);

static void write_list(struct buffer *out, const char *name, unsigned depth, bool of_user, bool has_parameter)
{
    buffer_text(out, name);
    buffer_text(out, ":[");
    for (unsigned i = 0, num = 1 + draw(3); i < num; i++) {
        if (i > 0) buffer_byte(out, ',');
        write_requirement(out, depth, of_user, has_parameter);
    }
    buffer_byte(out, ']');
}

static void write_claim(struct buffer *out, bool has_parameter)
{
    static const char *const tests[] = {"'tenant','equals':'t1'",    "'level','min':1,'max':2",        "'/deep/er','exists':true",
                                        "'/deep/er/x','equals':1",   "'deep','exists':true",           "'sub','equals':'alice'",
                                        "'scope','exists':true",     "'client_id','one_of':['web']",   "'list','contains':'a'",
                                        "'org','prefix':'/eu'",      "'flag','equals':true",           "'/a~1b','exists':true",
                                        "'aud','contains':'orders'", "'tenant','equals_parameter':'x'"};
    const unsigned num = sizeof tests / sizeof tests[0];
    buffer_text(out, "'claims':[{'claim':");
    buffer_text(out, tests[draw(has_parameter ? num : num - 1)]);
    buffer_text(out, "}]");
}

static void write_member(struct buffer *out, unsigned member, unsigned depth, bool of_user, bool has_parameter)
{
    static const char *const members[][2] = {
        {"'networks':['office']", "'networks':['lab','proxies']"},
        {"'except_networks':['lab']", "'except_networks':['office','proxies']"},
        {"'peers':['gw']", "'peers':['dns','hash']"},
        {"'services':['batch']", "'services':['batch']"},
        {"'scopes':['r']", "'scopes':['r','w']"},
        {"'any_scope':['w','x']", "'any_scope':['r']"},
        {"'roles':['admin']", "'roles':['admin','clerk']"},
        {"'any_role':['admin','clerk']", "'any_role':['chief']"},
        {"'clients':['web','app']", "'clients':['app']"},
        {"'except_clients':['old']", "'except_clients':['web']"},
        {"'issuers':['" FORGE_ISSUER "']", "'issuers':['https://other.example']"},
        {"'audiences':['orders-eu']", "'audiences':['orders']"},
        {"'delegation':'required'", "'delegation':'forbidden'"},
        {"'actors':['gw']", "'actors':['other']"},
        {"'bound':true", "'max_token_age':50"},
        {"'max_token_age':100", "'max_token_age':99"},
        {"'acr':['gold','silver']", "'acr':['gold']"},
        {"'max_age':60", "'max_age':3600"},
    };
    enum { NUM = sizeof members / sizeof members[0] };
    if (member < NUM) buffer_text(out, members[member][draw(5) == 0]);
    else if (member == NUM) write_claim(out, has_parameter);
    else if (member == NUM + 1) write_list(out, "'any_of'", depth - 1, of_user, has_parameter);
    else write_list(out, "'all_of'", depth - 1, of_user, has_parameter);
}

/* One member or a few, none twice. */
static void write_requirement(struct buffer *out, unsigned depth, bool of_user, bool has_parameter)
{
    unsigned chosen[3], num = 0;
    buffer_byte(out, '{');
    for (unsigned i = 0, wanted = draw(4); i < wanted; i++) {
        const unsigned drawn = depth > 0 && draw(4) == 0 ? 19 + draw(2) : draw(of_user ? 19 : 4);
        bool is_new = true;
        for (unsigned k = 0; k < num; k++)
            if (chosen[k] / 2 == drawn / 2) is_new = false; /* those beside each other exclude each other, or have one name */
        if (!is_new) continue;
        if (num > 0) buffer_byte(out, ',');
        chosen[num++] = drawn;
        write_member(out, drawn, depth, of_user, has_parameter);
    }
    buffer_byte(out, '}');
}

static void write_rule(struct buffer *out, unsigned number)
{
    static const char *const paths[] = {"/a", "/a/{x}", "/a/{x}/b", "/**"};
    const unsigned kind = draw(10);
    char head[128];
    snprintf(head, sizeof head, "%s{'id':'%u','path':'%s'%s,", number > 0 ? "," : "", number, paths[number],
             draw(4) == 0 ? ",'methods':['GET']" : "");
    buffer_text(out, head);
    if (kind == 0) buffer_text(out, "'public':true");
    if (kind == 1) buffer_text(out, "'deny':true");
    if (kind == 2) {
        buffer_text(out, "'user':'none','require':{'networks':['office','lab'],'all_of':[");
        write_requirement(out, draw(2), false, false);
        buffer_text(out, "]}");
    }
    if (kind > 2) {
        buffer_text(out, "'require':");
        write_requirement(out, draw(3), true, number == 1 || number == 2);
    }
    if (kind > 2 && draw(8) == 0) buffer_text(out, ",'shadow':{'scopes':['w'],'any_of':[{'peers':['gw']},{'services':['batch']}]}");
    buffer_byte(out, '}');
}

static char *draw_document(bool records_all)
{
    struct buffer out = BUFFER_MAX(65536);
    bool comma = false;
    buffer_text(&out, "{'trust':{'issuers':[{'issuer':'" FORGE_ISSUER "','audiences':['orders'],'algorithms':['HS256'],"
                      "'profile':'jwt','max_lifetime':0,'jwks':'env:APISEC_TEST_KEYS'}]},"
                      "'networks':{'office':['192.0.2.0/24','2001:db8::/32'],'lab':['198.51.100.0/24'],'proxies':['10.0.0.0/8']},"
                      "'peers':{'gw':{'uris':['spiffe://m/p']},'dns':{'dns':['p.example','q.example']},"
                      "'hash':{'thumbprints':['47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU']}},"
                      "'services':{'header':'X-Service','secrets':{'batch':"
                      "'$pbkdf2-sha256$i=10001$S7JO_JZBr8Xe0cp36rtuLw$nc3MIHoF7J-sVR0mUtVgMFpy6xh-r4T8wkE5UJbY-tE'}},");
    if (draw(2) == 0) buffer_text(&out, "'trusted_proxies':['proxies'],");
    if (draw(2) == 0) buffer_text(&out, "'role_claims':['roles','/realm/roles'],");
    buffer_text(&out, "'rules':[");
    for (unsigned i = 0; i < 4; i++) write_rule(&out, i);
    buffer_text(&out, "],'audit':{'record_claims':[");
    for (size_t i = 0; i < sizeof recorded / sizeof recorded[0]; i++) {
        if (!records_all && draw(3) > 0) continue;
        buffer_text(&out, comma ? ",'" : "'");
        buffer_text(&out, recorded[i]);
        buffer_byte(&out, '\'');
        comma = true;
    }
    buffer_text(&out, "]}}");
    assert_int_equal(out.status, APISEC_OK);
    return buffer_take(&out);
}

/* ---- tokens ---- */

enum { NUM_TOKENS = 120, NUM_BAD = 3 };
static char *tokens[NUM_TOKENS + NUM_BAD]; /* the last ones are refused */

static char *draw_token(void)
{
    static const char *const
        subjects[] = {"\"alice\"", "\"bob\"", NULL},
        *const clients[] = {"\"web\"", "\"old\"", "\"app\"", NULL, "\"\""}, *const parties[] = {NULL, NULL, "\"web\"", "\"app\""},
        *const scopes[] = {"\"r\"", "\"r w\"", "\"w x\"", "\"r w x\"", NULL, "\"\""},
        *const audiences[] = {"\"orders\"", "[\"orders\",\"orders-eu\"]", "[\"orders\"]"},
        *const actors[] = {NULL, NULL, "{\"sub\":\"gw\"}", "{\"sub\":\"gw\",\"iss\":\"https://b.example\"}",
                         "{\"sub\":\"x\",\"act\":{\"sub\":\"gw\"}}"},
        *const issued[] = {FORGE_ISSUED, "1749999960", NULL}, *const acrs[] = {"\"gold\"", "\"tin\"", NULL, "7"},
        *const times[] = {"1749999990", "1749990000", NULL, "\"1749999990\""},
        *const roles[] = {"[\"admin\"]", "[\"admin\",\"clerk\"]", "\"clerk\"", NULL, "null"},
        *const realms[] = {NULL, "{\"roles\":[\"clerk\"]}", "{\"roles\":{}}", "[]"},
        *const tenants[] = {"\"t1\"", "\"7\"", "7", NULL, "[\"t1\"]"}, *const levels[] = {"1", "2.0", "5", "1.5", NULL},
        *const deeps[] = {"{\"er\":{\"x\":1}}", "{\"er\":null}", "7", NULL, "{\"er\":[1]}", "null"},
        *const lists[] = {"[\"a\",1]", "[1,{\"a\":\"a\"}]", "\"a\"", NULL},
        *const orgs[] = {"\"/eu\"", "\"/eu/de\"", "\"/europe\"", NULL}, *const flags[] = {"true", "\"true\"", "false", NULL};
    const struct forge_change changes[] = {{"sub", DRAW_ONE_OF(subjects)},
                                           {"client_id", DRAW_ONE_OF(clients)},
                                           {"azp", DRAW_ONE_OF(parties)},
                                           {"scope", DRAW_ONE_OF(scopes)},
                                           {"aud", DRAW_ONE_OF(audiences)},
                                           {"act", DRAW_ONE_OF(actors)},
                                           {"iat", DRAW_ONE_OF(issued)},
                                           {"acr", DRAW_ONE_OF(acrs)},
                                           {"auth_time", DRAW_ONE_OF(times)},
                                           {"roles", DRAW_ONE_OF(roles)},
                                           {"realm", DRAW_ONE_OF(realms)},
                                           {"tenant", DRAW_ONE_OF(tenants)},
                                           {"level", DRAW_ONE_OF(levels)},
                                           {"deep", DRAW_ONE_OF(deeps)},
                                           {"list", DRAW_ONE_OF(lists)},
                                           {"org", DRAW_ONE_OF(orgs)},
                                           {"flag", DRAW_ONE_OF(flags)},
                                           {"a/b", DRAW_ONE_OF(levels)},
                                           {NULL, NULL}};
    return forge_token(changes, (const struct forge_change[]){{"typ", NULL}, {NULL, NULL}}, forge_signer("HS256", 0));
}

static void make_tokens(void)
{
    static const struct forge_change untyped[] = {{"typ", NULL}, {NULL, NULL}}, expired[] = {{"exp", "1749990000"}, {NULL, NULL}};
    for (size_t i = 0; i < NUM_TOKENS; i++) tokens[i] = draw_token();
    tokens[NUM_TOKENS] = forge_token(FORGE_SAME, untyped, forge_signer("HS256", 1));
    tokens[NUM_TOKENS + 1] = forge_token(expired, untyped, forge_signer("HS256", 0));
    tokens[NUM_TOKENS + 2] = text_copy(text_of("{\"payload\":\"x, Bearer y\"}"));
}

/* ---- requests ---- */

struct request {
    const char *method, *target, *address, *forwarded, *also_forwarded, *service, *token, *other_token;
    unsigned paper;
};

static const struct {
    struct certificate_name names[9];
    size_t num;
} papers[] = {{{{0, NULL, 0}}, 0},
              {{CERTIFICATE_NAME('U', "spiffe://m/p")}, 1},
              {{CERTIFICATE_NAME('U', "spiffe://m/p"), CERTIFICATE_NAME('D', "Q.example")}, 2},
              {{CERTIFICATE_NAME('U', "spiffe://m/p"), CERTIFICATE_NAME('U', "urn:x:y")}, 2},
              {{CERTIFICATE_NAME('D', "p.example")}, 1},
              {{CERTIFICATE_NAME('D', "spiffe://m/p")}, 1},
              {{CERTIFICATE_NAME('U', "spiffe://m/p"), CERTIFICATE_NAME('U', "nothing")}, 2},
              {{CERTIFICATE_NAME('D', "a.example"), CERTIFICATE_NAME('D', "b.example"), CERTIFICATE_NAME('D', "c.example"),
                CERTIFICATE_NAME('D', "d.example"), CERTIFICATE_NAME('D', "e.example"), CERTIFICATE_NAME('D', "f.example"),
                CERTIFICATE_NAME('D', "g.example"), CERTIFICATE_NAME('D', "h.example"), CERTIFICATE_NAME('D', "p.example")},
               9}};

static struct request draw_request(void)
{
    static char padded[1200], long_path[1100];
    static const char *const methods[] = {"GET", "GET", "POST"}, *const targets[] = {"/a",     "/a/7",   "/a/t1?x=y", "/a/7/b",
                                                                                     "/z",     "/a/7/",  "/a//b",     "/a/%2e%2e",
                                                                                     "/a/%37", long_path},
                             *const addresses[] = {"192.0.2.9",    "192.0.2.9",   "10.0.0.1", "10.0.0.1",
                                                   "198.51.100.1", "2001:db8::1", ""},
                             *const lists[] =
                                 {NULL,
                                  NULL,
                                  "192.0.2.7",
                                  "192.0.2.7, 10.0.0.2",
                                  "203.0.113.1",
                                  "192.0.2.7,,10.0.0.2",
                                  "10.0.0.3,",
                                  "",
                                  "192.0.2.7:80",
                                  padded,
                                  "192.0.2.7,10.1,10.2,10.3,10.4,10.5,10.6,10.7,10.8,10.9,10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,"
                                  "10.0.0.5,10.0.0.6,10.0.0.7,10.0.0.8"},
                             *const services[] = {NULL, NULL, NULL, "Basic YmF0Y2g6YmF0Y2g6c2VjcmV0"};
    snprintf(padded, sizeof padded, "192.0.2.7,%1100s", "10.0.0.9");
    snprintf(long_path, sizeof long_path, "/a/%01050d", 0);
    struct request request = {.method = DRAW_ONE_OF(methods), .target = DRAW_ONE_OF(targets), .address = DRAW_ONE_OF(addresses)};
    request.forwarded = DRAW_ONE_OF(lists);
    request.also_forwarded = draw(4) == 0 ? DRAW_ONE_OF(lists) : NULL;
    request.service = draw(100) == 0 ? "Basic eDp5" : DRAW_ONE_OF(services); /* to refuse one takes time */
    request.paper = draw(2) == 0 ? 0 : draw(sizeof papers / sizeof papers[0]);
    request.token = draw(8) == 0 ? NULL : tokens[draw(12) == 0 ? NUM_TOKENS + draw(NUM_BAD) : draw(NUM_TOKENS)];
    request.other_token = draw(16) == 0 ? tokens[0] : NULL;
    return request;
}

static void add(apisec_call *call, const char *name, const char *value)
{
    if (value != NULL) apisec_call_add_header(call, name, strlen(name), value, strlen(value));
}

static apisec_call *call_of(const struct request *request)
{
    apisec_call *const call = sentry_call(request->method, request->target, request->token);
    struct buffer other = BUFFER_MAX(65536);
    size_t len = 0;
    apisec_call_set_peer_address(call, request->address);
    add(call, "X-Forwarded-For", request->forwarded);
    add(call, "X-Forwarded-For", request->also_forwarded);
    add(call, "X-Service", request->service);
    if (request->other_token != NULL) {
        buffer_text(&other, "Bearer ");
        buffer_text(&other, request->other_token);
        add(call, "Authorization", other.bytes);
    }
    buffer_free(&other);
    if (papers[request->paper].num == 0) return call;
    unsigned char *const der = certificate_with(papers[request->paper].names, papers[request->paper].num, 1, &len);
    apisec_call_set_peer_certificate(call, der, len);
    free(der);
    return call;
}

/* ---- records beside calls ---- */

static struct stand_counter nowhere; /* nothing is fetched */

static apisec_replay *replay_of(const char *quoted)
{
    apisec_replay *replay = NULL;
    apisec_error err;
    char *const json = sentry_json(quoted);
    if (apisec_replay_new(json, strlen(json), &replay, &err) != APISEC_OK) fail_msg("%s: %s", json, err.text);
    free(json);
    return replay;
}

static bool says(const apisec_replay *replay, const char *member, const char *name, const char *expected)
{
    struct json *finding = NULL;
    struct text text;
    assert_int_equal(json_parse(text_of(apisec_replay_finding(replay)), NULL, &finding, NULL), APISEC_OK);
    const bool is = json_get_text(json_member(finding, member), name, &text) == JSON_OK && text_is(text, expected);
    json_free(finding);
    return is;
}

struct count {
    size_t records, decided, differ, undecidable, own_undecidable;
};

static void compare(apisec_replay *replay, struct text line, apisec_status was, apisec_status is, const char *quoted,
                    struct count *count)
{
    int32_t outcome;
    apisec_error err;
    if (apisec_replay_next(replay, line.at, line.len, &outcome, &err) != APISEC_OK) fail_msg("%s", err.text);
    count->records++;
    assert_true(says(replay, "was", "status_code", apisec_status_name(was)));
    if (outcome == APISEC_REPLAY_UNDECIDABLE) {
        count->undecidable++;
        return;
    }
    const bool differs = (was == APISEC_OK) != (is == APISEC_OK);
    if (outcome != (differs ? APISEC_REPLAY_DIFFERS : APISEC_REPLAY_SAME) ||
        !says(replay, "would_be", "verdict", is == APISEC_OK ? "allowed" : "denied"))
        fail_msg("%s\n%.*s\n%s, and is %s", quoted, (int)line.len, line.at, apisec_replay_finding(replay), apisec_status_name(is));
    count->decided++;
    count->differ += differs;
}

/* compare_own: the record of a document beside itself. */
static void compare_own(apisec_replay *replay, struct text line, apisec_status was, bool records_all, const char *quoted,
                        struct count *count)
{
    const size_t before = count->undecidable;
    compare(replay, line, was, was, quoted, count);
    if (count->undecidable == before) return;
    const char *const finding = apisec_replay_finding(replay);
    const bool may_be =
        strstr(finding, "the whole path") != NULL || strstr(line_value(line, "unmapped.apisec.partial"), "_") != NULL;
    if (records_all && !may_be) fail_msg("%s\n%.*s\n%s", quoted, (int)line.len, line.at, finding);
    count->own_undecidable++;
}

static void try_documents(bool records_all, struct count *own, struct count *other)
{
    char *const quoted[] = {draw_document(records_all), draw_document(true)};
    apisec_replay *const replays[] = {replay_of(quoted[0]), replay_of(quoted[1])};
    struct sentry sentries[2];
    sentry_begin(&sentries[0], quoted[0], &nowhere.http);
    sentry_begin(&sentries[1], quoted[1], &nowhere.http);
    for (size_t i = 0; i < 12; i++) {
        const struct request request = draw_request();
        const apisec_status was = sentry_check(&sentries[0], call_of(&request), NULL);
        const apisec_status is = sentry_check(&sentries[1], call_of(&request), NULL);
        const struct text line = sentry_line(&sentries[0], i);
        compare_own(replays[0], line, was, records_all, quoted[0], own);
        compare(replays[1], line, was, is, quoted[1], other);
    }
    for (size_t i = 0; i < 2; i++) {
        sentry_end(&sentries[i]);
        apisec_replay_free(replays[i]);
        free(quoted[i]);
    }
}

enum { DOCUMENTS = 300 };

static void test_where_all_is_recorded(void **state)
{
    (void)state;
    struct count own = {0}, other = {0};
    for (size_t i = 0; i < DOCUMENTS; i += stride(1, 5)) try_documents(true, &own, &other);
    assert_true(own.decided > own.records * 4 / 5);
    assert_true(other.decided > other.records / 2 && other.differ > other.records / 20 && other.undecidable > 0);
}

static void test_where_little_is_recorded(void **state)
{
    (void)state;
    struct count own = {0}, other = {0};
    for (size_t i = 0; i < DOCUMENTS; i += stride(1, 5)) try_documents(false, &own, &other);
    assert_true(own.own_undecidable > own.records / 36 && own.decided > own.records / 2);
    assert_true(other.decided > other.records / 2 && other.differ > 0);
}

/* ---- what is no record of ours ---- */

/* A damaged line, at the end of a guard page, is taken for what it says or for no record; it never does harm. */
static void damage(apisec_replay *replay, struct text line)
{
    static const char spice[] = "\"{}[],:\\/~01nut\x80\xff";
    int32_t outcome;
    char *const copy = text_copy(line);
    size_t len = draw(8) == 0 ? draw((unsigned)line.len) : line.len;
    for (unsigned i = 0, num = 1 + draw(4); i < num && len > 0; i++) {
        const size_t at = draw((unsigned)len);
        if (draw(2) == 0) copy[at] = spice[draw(sizeof spice - 1)];
        else if (len - at > 8) memmove(copy + at, copy + at + 1 + draw(7), 1); /* a byte of what follows once more */
    }
    const char *const bytes = guarded(copy, len);
    const apisec_status status = apisec_replay_next(replay, bytes, len, &outcome, NULL);
    if (status != APISEC_OK && status != APISEC_E_AUDIT) fail_msg("%s", apisec_status_name(status));
    assert_int_equal(apisec_replay_finding(replay) != NULL, outcome != APISEC_REPLAY_NONE);
    guard_free(bytes);
    free(copy);
}

static void test_damaged_records(void **state)
{
    (void)state;
    for (size_t i = 0; i < 40; i++) {
        struct sentry sentry;
        char *const quoted = draw_document(true), *const other = draw_document(true);
        apisec_replay *const replay = replay_of(other);
        sentry_begin(&sentry, quoted, &nowhere.http);
        for (size_t k = 0; k < 4; k++) {
            const struct request request = draw_request();
            sentry_check(&sentry, call_of(&request), NULL);
            for (size_t n = 0; n < 40; n++) damage(replay, sentry_line(&sentry, k));
        }
        sentry_end(&sentry);
        apisec_replay_free(replay);
        free(quoted);
        free(other);
    }
}

static int begin(void **state)
{
    (void)state;
    char set[512];
    snprintf(set, sizeof set, "{\"keys\":[%s]}", apisec_signer_private_jwk(forge_signer("HS256", 0)));
    setenv("APISEC_TEST_KEYS", set, 1);
    stand_count(&nowhere);
    make_tokens();
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_TOKENS + NUM_BAD; i++) free(tokens[i]);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_where_all_is_recorded),
        cmocka_unit_test(test_where_little_is_recorded),
        cmocka_unit_test(test_damaged_records),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
