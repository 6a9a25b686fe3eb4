/* SPDX-License-Identifier: Apache-2.0
 *
 * test_guard_replay.c: what a changed document makes of records: each row is a call that was judged by one document and is replayed
 * by another, and beside what is decided stands what cannot be.
 */
#define _GNU_SOURCE
#include "support/unit.h"
#include "support/failing.h"
#include "support/sentry.h"
#include "support/service.h"
#include "support/stand.h"

#include <apisec/replay.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct stand_counter nowhere; /* nothing is fetched */

static const char around[] = "{" SENTRY_TRUST ",'networks':{'office':['192.0.2.0/24'],'lab':['198.51.100.0/24'],"
                             "'proxies':['10.0.0.0/8']},'peers':{'gw':{'dns':['gw.example']}},%s'rules':[%s]%s}";
#define RECORDS "'audit':{'record_claims':['acr','/realm/roles','iat']}"

/* document_of puts rules into a document; to be freed. */
static char *document_of(const char *members, const char *rules, const char *audit)
{
    char *quoted = NULL;
    assert_true(asprintf(&quoted, around, members, rules, audit) > 0);
    return quoted;
}

static apisec_replay *replay_of(const char *members, const char *rules)
{
    apisec_replay *replay = NULL;
    apisec_error err;
    char *const quoted = document_of(members, rules, ""), *const json = sentry_json(quoted);
    if (apisec_replay_new(json, strlen(json), &replay, &err) != APISEC_OK) fail_msg("%s: %s", json, err.text);
    free(quoted);
    free(json);
    return replay;
}

static int32_t outcome_of(apisec_replay *replay, struct text line)
{
    int32_t outcome;
    apisec_error err;
    if (apisec_replay_next(replay, line.at, line.len, &outcome, &err) != APISEC_OK) fail_msg("%s", err.text);
    assert_int_equal(apisec_replay_finding(replay) != NULL, outcome != APISEC_REPLAY_NONE);
    return outcome;
}

/* ---- rules ---- */

#define USER(requirement)   "{'id':'a','path':'/**','require':{" requirement "}}"
#define NOBODY(requirement) "{'id':'a','path':'/**','user':'none','require':{" requirement "}}"
#define PUBLIC              "{'id':'a','path':'/**','public':true}"
#define DENIED              "{'id':'a','path':'/**','deny':true}"
#define SAME                APISEC_REPLAY_SAME
#define DIFFERS             APISEC_REPLAY_DIFFERS
#define UNDECIDABLE         APISEC_REPLAY_UNDECIDABLE

struct row {
    const char *was, *would_be; /* rules */
    struct forge_change claim;  /* of an honest token; value "none": there is no token */
    int32_t outcome;
    const char *part; /* of the finding */
};
#define HONEST                                                                                                                     \
    {                                                                                                                              \
        NULL, NULL                                                                                                                 \
    }
#define NO_TOKEN                                                                                                                   \
    {                                                                                                                              \
        "none", NULL                                                                                                               \
    }
#define BAD_TOKEN                                                                                                                  \
    {                                                                                                                              \
        "exp", "1749990000"                                                                                                        \
    }

static const struct row rows[] = {
    {USER(""), USER(""), HONEST, SAME, "\"verdict\":\"allowed\""},
    {USER(""), USER("'scopes':['orders:read']"), HONEST, SAME, ""},
    {USER(""), USER("'scopes':['admin']"), HONEST, DIFFERS,
     "\"would_be\":{\"verdict\":\"denied\",\"status_code\":\"APISEC_E_SCOPE\",\"rule\":\"a\",\"reason\":\"scopes are not"},
    {USER("'scopes':['admin']"), USER(""), HONEST, DIFFERS, "\"would_be\":{\"verdict\":\"allowed\",\"status_code\":\"APISEC_OK\""},
    {USER("'scopes':['admin']"), USER("'clients':['other']"), HONEST, SAME, "APISEC_E_CLIENT"},
    {USER(""), DENIED, HONEST, DIFFERS, "APISEC_E_DENIED"},
    {USER(""), "{'id':'b','path':'/other','require':{}}", HONEST, DIFFERS, "\"status_code\":\"APISEC_E_NO_RULE\",\"reason\""},
    {USER(""), "{'id':'a','path':'/**','methods':['POST'],'require':{}}", HONEST, DIFFERS, "permits the method"},
    /* claims that are recorded, and those that are not */
    {USER(""), USER("'acr':['gold']"), {"acr", "\"gold\""}, SAME, ""},
    {USER(""), USER("'acr':['gold']"), HONEST, DIFFERS, "APISEC_E_STEP_UP"},
    {USER(""), USER("'max_token_age':100"), HONEST, SAME, ""},
    {USER(""), USER("'max_token_age':99"), HONEST, DIFFERS, "APISEC_E_LIFETIME"},
    {USER(""), USER("'max_age':60"), {"auth_time", "1749999990"}, UNDECIDABLE, "\"reason\":\"undecidable: claim auth_time\""},
    {USER(""), USER("'bound':true"), HONEST, UNDECIDABLE, "claim cnf"},
    {USER(""), USER("'roles':['clerk']"), {"roles", "[\"clerk\"]"}, UNDECIDABLE, "claim roles"},
    {USER(""), USER("'claims':[{'claim':'tenant','equals':'t'}]"), {"tenant", "\"t\""}, UNDECIDABLE, "claim tenant"},
    {USER(""), USER("'claims':[{'claim':'sub','equals':'alice'}]"), HONEST, SAME, ""},
    {USER(""), USER("'claims':[{'claim':'sub','equals':'bob'}]"), HONEST, DIFFERS, "APISEC_E_CONDITION"},
    {USER(""), USER("'claims':[{'claim':'scope','exists':true}]"), HONEST, SAME, ""},
    {USER(""), USER("'claims':[{'claim':'scope','exists':true}]"), {"scope", NULL}, UNDECIDABLE, "claim scope"},
    {USER(""), USER("'scopes':['orders:read']"), {"scope", NULL}, DIFFERS, "APISEC_E_SCOPE"},
    {USER(""), USER("'claims':[{'claim':'realm','exists':true}]"), {"realm", "{\"roles\":[]}"}, UNDECIDABLE, "claim realm"},
    {USER(""), USER("'claims':[{'claim':'/realm/roles','contains':'x'}]"), {"realm", "{\"roles\":[\"x\"]}"}, SAME, ""},
    {USER(""), USER("'claims':[{'claim':'/realm/roles/y','equals':1}]"), {"realm", "{\"roles\":{\"y\":1}}"}, SAME, ""},
    {USER(""), USER("'claims':[{'claim':'/realm/roles/y','equals':1}]"), HONEST, DIFFERS, "APISEC_E_CONDITION"},
    /* who acts */
    {USER(""), USER("'delegation':'required'"), {"act", "{\"sub\":\"gw\"}"}, SAME, ""},
    {USER(""), USER("'delegation':'required'"), HONEST, DIFFERS, "APISEC_E_ACTOR"},
    {USER(""), USER("'delegation':'forbidden'"), {"act", "{\"sub\":\"gw\"}"}, DIFFERS, "APISEC_E_ACTOR"},
    {USER(""), USER("'delegation':'forbidden'"), HONEST, SAME, ""},
    {USER(""), USER("'actors':['gw']"), {"act", "{\"sub\":\"gw\"}"}, SAME, ""},
    {USER(""), USER("'actors':['gw']"), {"act", "{\"sub\":\"gw\",\"iss\":\"https://other.example\"}"}, DIFFERS, "APISEC_E_ACTOR"},
    /* what is not known does not matter where another decides */
    {USER(""), USER("'bound':true,'scopes':['admin']"), HONEST, DIFFERS, "APISEC_E_SCOPE"},
    {USER(""), USER("'all_of':[{'bound':true},{'clients':['other']}]"), HONEST, DIFFERS, "APISEC_E_CLIENT"},
    {USER(""), USER("'any_of':[{'bound':true},{'clients':['shop']}]"), HONEST, SAME, ""},
    {USER(""), USER("'any_of':[{'clients':['other']},{'bound':true}]"), HONEST, UNDECIDABLE, "claim cnf"},
    {USER(""), USER("'any_of':[{'bound':true,'clients':['other']},{'scopes':['admin']}]"), HONEST, DIFFERS, "APISEC_E_CLIENT"},
    {USER(""), USER("'bound':true,'any_of':[{'clients':['shop']}]"), HONEST, UNDECIDABLE, "claim cnf"},
    {USER("'scopes':['admin']"), USER("'bound':true"), HONEST, UNDECIDABLE, "claim cnf"},
    /* from where */
    {USER(""), USER("'networks':['office']"), HONEST, SAME, ""},
    {USER(""), USER("'networks':['lab']"), HONEST, DIFFERS, "APISEC_E_PEER"},
    {USER(""), USER("'peers':['gw']"), HONEST, DIFFERS, "APISEC_E_PEER"}, /* there was no certificate */
    {USER(""), NOBODY("'networks':['office']"), HONEST, SAME, ""},
    {NOBODY("'networks':['office']"), USER(""), HONEST, UNDECIDABLE, "the token, which nobody looked at"},
    {NOBODY("'networks':['office']"), USER("'networks':['lab']"), HONEST, DIFFERS, "APISEC_E_PEER"},
    {NOBODY("'networks':['lab']"), USER("'networks':['lab']"), HONEST, SAME, ""},
    {NOBODY("'networks':['lab']"), USER(""), HONEST, UNDECIDABLE, "the token"},
    /* what is no user's */
    {PUBLIC, PUBLIC, NO_TOKEN, SAME, ""},
    {PUBLIC, USER(""), HONEST, UNDECIDABLE, "the token"},
    {DENIED, PUBLIC, NO_TOKEN, DIFFERS, "\"was\":{\"verdict\":\"denied\",\"status_code\":\"APISEC_E_DENIED\",\"rule\":\"a\"}"},
    {DENIED, USER(""), HONEST, UNDECIDABLE, "the token"},
    {"{'id':'b','path':'/other','require':{}}", PUBLIC, HONEST, DIFFERS,
     "\"was\":{\"verdict\":\"denied\",\"status_code\":\"APISEC_E_NO_RULE\"},"},
    /* tokens are what they were */
    {USER(""), USER("'networks':['office']"), BAD_TOKEN, SAME,
     "\"status_code\":\"APISEC_E_EXPIRED\",\"rule\":\"a\",\"reason\":\"the token was refused"},
    {USER(""), PUBLIC, BAD_TOKEN, DIFFERS, "APISEC_OK"},
    {USER(""), USER(""), NO_TOKEN, SAME, "APISEC_E_NO_CREDENTIAL"},
    {USER(""), PUBLIC, NO_TOKEN, DIFFERS, "APISEC_OK"},
    {USER("'networks':['lab']"), USER("'networks':['office']"), BAD_TOKEN, UNDECIDABLE, "the token"},
};

static apisec_call *call_of(const struct row *row)
{
    const struct forge_change changes[] = {row->claim, {NULL, NULL}};
    if (row->claim.name != NULL && strcmp(row->claim.name, "none") == 0) return sentry_call("GET", "/orders/7", NULL);
    char *const token = forge_token(changes, FORGE_SAME, forge_signer("ES256", 0));
    apisec_call *const call = sentry_call("GET", "/orders/7", token);
    free(token);
    return call;
}

static void test_outcomes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *const row = &rows[i];
        struct sentry sentry;
        char *const quoted = document_of("", row->was, "," RECORDS);
        apisec_replay *const replay = replay_of("", row->would_be);
        sentry_begin(&sentry, quoted, &nowhere.http);
        sentry_check(&sentry, call_of(row), NULL);
        const int32_t outcome = outcome_of(replay, sentry_line(&sentry, 0));
        const char *const finding = apisec_replay_finding(replay);
        if (outcome != row->outcome || strstr(finding, row->part) == NULL)
            fail_msg("row %zu, %s, then %s: %d, %s", i, row->was, row->would_be, outcome, finding);
        apisec_replay_free(replay);
        sentry_end(&sentry);
        free(quoted);
    }
}

/* ---- addresses ---- */

static void test_forwarded(void **state)
{
    (void)state;
    static const struct {
        const char *address, *forwarded, *members;
        int32_t outcome;
        const char *part;
    } calls[] = {
        {"192.0.2.1", NULL, "", SAME, ""},
        {"10.0.0.1", "192.0.2.1", "", DIFFERS, "APISEC_E_PEER"}, /* nobody is trusted to say so */
        {"10.0.0.1", "192.0.2.1", "'trusted_proxies':['proxies'],", SAME, ""},
        {"10.0.0.1", "192.0.2.1, 10.0.0.2", "'trusted_proxies':['proxies'],", SAME, ""},
        {"10.0.0.1", "192.0.2.1, 203.0.113.9", "'trusted_proxies':['proxies'],", DIFFERS, "APISEC_E_PEER"},
        {"10.0.0.1", "192.0.2.1,, 10.0.0.2", "'trusted_proxies':['proxies'],", UNDECIDABLE, "the client's address"},
        {"10.0.0.1", "192.0.2.1,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,10.0.0.2", "'trusted_proxies':['proxies'],", UNDECIDABLE,
         "the client's address"},
        {"192.0.2.1", "192.0.2.1,, 10.0.0.2", "'trusted_proxies':['proxies'],", SAME, ""},
        {"", NULL, "", DIFFERS, "APISEC_E_PEER"},
    };
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        struct sentry sentry;
        char *const quoted = document_of("", PUBLIC, ""), *const forwarded = text_copy(text_of(calls[i].forwarded));
        apisec_replay *const replay = replay_of(calls[i].members, NOBODY("'networks':['office']"));
        apisec_call *const call = sentry_call("GET", "/", NULL);
        sentry_begin(&sentry, quoted, &nowhere.http);
        apisec_call_set_peer_address(call, calls[i].address);
        if (calls[i].forwarded != NULL) apisec_call_add_header(call, "X-Forwarded-For", 15, forwarded, strlen(forwarded));
        sentry_check(&sentry, call, NULL);
        const int32_t outcome = outcome_of(replay, sentry_line(&sentry, 0));
        if (outcome != calls[i].outcome || strstr(apisec_replay_finding(replay), calls[i].part) == NULL)
            fail_msg("row %zu: %s", i, apisec_replay_finding(replay));
        apisec_replay_free(replay);
        sentry_end(&sentry);
        free(quoted);
        free(forwarded);
    }
}

/* ---- what rules do not decide ---- */

enum own { ALLOWED, DENIED_BY_SERVICE, SCOPE_BY_SERVICE, CLAIM_BY_SERVICE, ABANDONED, NUM_OWN };

static void decide(struct sentry *sentry, enum own own)
{
    static const char *const scope = "admin";
    apisec_decision *decision;
    apisec_call *const call = call_of(&rows[0]);
    assert_int_equal(apisec_guard_decide(sentry->guard, call, &decision, NULL), APISEC_OK);
    if (own == DENIED_BY_SERVICE) apisec_decision_deny(decision, APISEC_E_DENIED, "not the owner");
    if (own == SCOPE_BY_SERVICE) apisec_decision_require_any_scope(decision, &scope, 1);
    if (own == CLAIM_BY_SERVICE) apisec_decision_require_claim(decision, "sub", "bob");
    if (own != ABANDONED) apisec_decision_commit(decision, NULL);
    apisec_decision_free(decision);
    apisec_call_free(call);
}

/* The service's own checks stay as they were, though some have the names of those of rules. */
static void test_what_the_service_denied(void **state)
{
    (void)state;
    struct sentry sentry;
    char *const quoted = document_of("", USER(""), "");
    apisec_replay *const replay = replay_of("", USER("")), *const stricter = replay_of("", USER("'scopes':['admin']"));
    sentry_begin(&sentry, quoted, &nowhere.http);
    for (int own = ALLOWED; own < NUM_OWN; own++) {
        decide(&sentry, (enum own)own);
        const struct text line = sentry_line(&sentry, (size_t)own);
        assert_string_equal(line_value(line, "unmapped.apisec.rules"), own == ALLOWED ? "" : "\"allowed\"");
        assert_int_equal(outcome_of(replay, line), SAME);
        assert_int_equal(outcome_of(stricter, line), own == ALLOWED ? DIFFERS : SAME);
    }
    assert_non_null(strstr(apisec_replay_finding(stricter), "not for these rules to decide"));
    apisec_replay_free(replay);
    apisec_replay_free(stricter);
    sentry_end(&sentry);
    free(quoted);
}

/* Limits and bodies are what they were; where the library has none there is nothing to be seen. */
static void test_limits_and_bodies(void **state)
{
    (void)state;
    static const char rules[] = "{'id':'a','path':'/**','public':true,'limits':['l'],'body':{'optional':true}}";
    struct sentry sentry;
    apisec_limiter *limiter = NULL;
    if (apisec_limiter_new(1, 1, 1, 1, &limiter, NULL) == APISEC_E_UNSUPPORTED) skip();
    apisec_limiter_free(limiter);
    char *const quoted = document_of("'limits':{'l':{'by':'address','requests':2,'seconds':1000}},", rules, "");
    apisec_replay *const replay = replay_of("", PUBLIC);
    sentry_begin(&sentry, quoted, &nowhere.http);
    for (size_t i = 0; i < 3; i++) {
        apisec_call *const call = sentry_call("POST", "/", NULL);
        apisec_call_set_body(call, i == 0 ? "" : "x", i == 0 ? 0 : 1);
        const apisec_status status = sentry_check(&sentry, call, NULL);
        assert_int_equal(status, i == 0 ? APISEC_OK : i == 1 ? APISEC_E_BODY : APISEC_E_RATE);
        assert_int_equal(outcome_of(replay, sentry_line(&sentry, i)), SAME);
    }
    apisec_replay_free(replay);
    sentry_end(&sentry);
    free(quoted);
}

/* A body that nobody judged is not known to be a good one; nor is it asked for where another thing denies. */
static void test_bodies_that_nobody_judged(void **state)
{
    (void)state;
    static const char with_body[] = ",'body':{'max_bytes':9}";
    static const struct {
        const char *was, *was_body, *would_be, *now_body;
        int32_t outcome;
        const char *part;
    } calls[] = {
        {"'require':{}", with_body, "'require':{}", with_body, SAME, "\"would_be\":{\"verdict\":\"allowed\""},
        {"'require':{}", "", "'require':{}", with_body, UNDECIDABLE, "\"undecidable: the body, which nobody judged\""},
        {"'require':{'scopes':['admin']}", with_body, "'require':{}", "", DIFFERS, "APISEC_OK"},
        {"'require':{'scopes':['admin']}", with_body, "'require':{}", with_body, UNDECIDABLE, "the body"},
        {"'require':{}", "", "'require':{'scopes':['admin']}", with_body, DIFFERS, "APISEC_E_SCOPE"},
        {"'user':'none','require':{'networks':['lab']}", with_body, "'user':'none','require':{'networks':['office']}", "", DIFFERS,
         "APISEC_OK"},
        {"'user':'none','require':{'networks':['lab']}", with_body, "'user':'none','require':{'networks':['office']}", with_body,
         UNDECIDABLE, "the body"},
        {"'deny':true", "", "'public':true", with_body, UNDECIDABLE, "the body"},
    };
    apisec_limiter *limiter = NULL;
    if (apisec_limiter_new(1, 1, 1, 1, &limiter, NULL) == APISEC_E_UNSUPPORTED) skip();
    apisec_limiter_free(limiter);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        struct sentry sentry;
        char was[200], would_be[200];
        snprintf(was, sizeof was, "{'id':'a','path':'/**',%s%s}", calls[i].was, calls[i].was_body);
        snprintf(would_be, sizeof would_be, "{'id':'a','path':'/**',%s%s}", calls[i].would_be, calls[i].now_body);
        char *const quoted = document_of("", was, "");
        apisec_replay *const replay = replay_of("", would_be);
        apisec_call *const call = call_of(&rows[0]);
        sentry_begin(&sentry, quoted, &nowhere.http);
        apisec_call_add_header(call, "Content-Type", 12, "application/json", 16);
        apisec_call_set_body(call, "{}", 2);
        sentry_check(&sentry, call, NULL);
        const int32_t outcome = outcome_of(replay, sentry_line(&sentry, 0));
        if (outcome != calls[i].outcome || strstr(apisec_replay_finding(replay), calls[i].part) == NULL)
            fail_msg("row %zu: %d, %s", i, outcome, apisec_replay_finding(replay));
        apisec_replay_free(replay);
        sentry_end(&sentry);
        free(quoted);
    }
}

/* A service that has no rules yet has records all the same. */
static void test_records_without_rules(void **state)
{
    (void)state;
    static const char *const scope = "admin";
    struct service service;
    apisec_replay *const replay = replay_of("", USER("'scopes':['orders:read']")), *const stricter = replay_of("", DENIED);
    service_begin(&service, APISEC_AUDIT_STRICT);
    for (size_t i = 0; i < 3; i++) {
        apisec_decision *const decision = service_decide(&service, i == 2 ? NULL : service_token(&service, FORGE_SAME));
        if (i == 1) apisec_decision_require_any_scope(decision, &scope, 1);
        apisec_decision_commit(decision, NULL);
        apisec_decision_free(decision);
        assert_int_equal(outcome_of(replay, service_line(&service, i)), SAME);
        assert_null(
            strstr(apisec_replay_finding(replay), "\"was\":{\"verdict\":\"allowed\",\"status_code\":\"APISEC_OK\",\"rule\""));
        assert_int_equal(outcome_of(stricter, service_line(&service, i)), i == 0 ? DIFFERS : SAME);
    }
    apisec_replay_free(replay);
    apisec_replay_free(stricter);
    service_end(&service);
}

/* ---- what is not told whole ---- */

static void test_what_was_cut(void **state)
{
    (void)state;
    static char text[1200], target[1300];
    static const struct {
        const char *claim, *require;
    } cuts[] = {{"sub", "'claims':[{'claim':'sub','exists':true}]"},
                {"client_id", "'clients':['shop']"},
                {"scope", "'scopes':['orders:read']"},
                {"aud", "'audiences':['orders']"},
                {"act", "'actors':['gw']"},
                {"aud", "'audiences':['orders-eu']"}}; /* the one that was cut may be it */
    struct sentry sentry;
    char *const quoted = document_of("", USER(""), "");
    sentry_begin(&sentry, quoted, &nowhere.http);
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        char rules[200], value[1300];
        memset(text, 'x', 1100);
        snprintf(value, sizeof value, i == 3 || i == 5 ? "[\"%s\",\"orders\"]" : i == 4 ? "{\"sub\":\"%s\"}" : "\"%s\"", text);
        const struct row row = {NULL, NULL, {cuts[i].claim, value}, 0, NULL};
        snprintf(rules, sizeof rules, "{'id':'a','path':'/**','require':{%s}}", cuts[i].require);
        apisec_replay *const replay = replay_of("", rules);
        assert_int_equal(sentry_check(&sentry, call_of(&row), NULL), APISEC_OK);
        assert_int_equal(outcome_of(replay, sentry_line(&sentry, i)), i == 3 ? SAME : UNDECIDABLE);
        apisec_replay_free(replay);
    }
    apisec_replay *const replay = replay_of("", "{'id':'a','path':'/{x}','require':{}}");
    snprintf(target, sizeof target, "/%s", text);
    sentry_check(&sentry, sentry_call("GET", target, NULL), NULL);
    assert_int_equal(outcome_of(replay, sentry_line(&sentry, sizeof cuts / sizeof cuts[0])), UNDECIDABLE);
    assert_non_null(strstr(apisec_replay_finding(replay), "undecidable: the whole path"));
    apisec_replay_free(replay);
    sentry_end(&sentry);
    free(quoted);
}

/* A record that could not be synced is written again to another file, under its name: one call, judged once. */
static void test_a_record_that_was_written_again(void **state)
{
    (void)state;
    static const char stream[] = "\"stream\":\"", other[] = "0123456789abcdef0123";
    struct sentry sentry;
    char *const quoted = document_of("", USER(""), "");
    apisec_replay *const replay = replay_of("", USER("'scopes':['admin']")), *const fresh = replay_of("", USER(""));
    sentry_begin(&sentry, quoted, &nowhere.http);
    for (size_t i = 0; i < 3; i++) {
        sentry_check(&sentry, call_of(&rows[0]), NULL);
        const struct text line = sentry_line(&sentry, i);
        char *const copy = text_copy(line);
        memcpy(strstr(copy, stream) + sizeof stream - 1, other, sizeof other - 1);
        assert_int_equal(outcome_of(fresh, text_of(copy)), SAME); /* the first that is seen of it is judged, whichever it is */
        assert_int_equal(outcome_of(replay, line), DIFFERS);
        assert_int_equal(outcome_of(replay, text_of(copy)), APISEC_REPLAY_NONE);
        free(copy);
    }
    apisec_replay_free(replay);
    apisec_replay_free(fresh);
    sentry_end(&sentry);
    free(quoted);
}

/* ---- other lines, other documents ---- */

static void test_other_lines(void **state)
{
    (void)state;
    struct service service;
    apisec_event *const event = apisec_event_new();
    apisec_replay *const replay = replay_of("", PUBLIC);
    int32_t outcome = 7;
    service_begin(&service, APISEC_AUDIT_STRICT);
    apisec_event_set_text(event, "message", "hello", 5);
    assert_int_equal(apisec_audit_write(service.audit, event, NULL), APISEC_OK);
    assert_int_equal(outcome_of(replay, service_line(&service, 0)), APISEC_REPLAY_NONE);
    static const char *const wrong[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"unmapped\":{\"apisec\":{\"kind\":\"decision\"}}}",
        ("{\"metadata\":{\"sequence\":1,\"uid\":\"x\"},\"time\":1,\"action_id\":1,\"status_code\":\"APISEC_E_SCOPE\","
        "\"unmapped\":{\"apisec\":{\"kind\":\"decision\"}}}")};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(apisec_replay_next(replay, wrong[i], strlen(wrong[i]), &outcome, NULL), APISEC_E_AUDIT);
        assert_int_equal(outcome, APISEC_REPLAY_NONE);
        assert_null(apisec_replay_finding(replay));
    }
    assert_int_equal(apisec_replay_next(replay, NULL, 0, &outcome, NULL), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_replay_next(replay, "", 0, NULL, NULL), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_replay_next(NULL, "", 0, &outcome, NULL), APISEC_E_MISUSE);
    assert_null(apisec_replay_finding(NULL));
    apisec_event_free(event);
    apisec_replay_free(replay);
    apisec_replay_free(NULL);
    service_end(&service);
}

/* A line that somebody made: claims without names say of no claim what it was. */
static void test_claims_that_have_no_names(void **state)
{
    (void)state;
    static const struct {
        const char *claims;
        int32_t outcome;
    } lines[] = {{"{\"acr\":\"gold\"}", SAME}, {"[\"gold\"]", UNDECIDABLE}, {"\"gold\"", UNDECIDABLE}};
    apisec_replay *const replay = replay_of("", USER("'acr':['gold']"));
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char line[400];
        const int len = snprintf(line, sizeof line,
                                 "{\"metadata\":{\"sequence\":1,\"uid\":\"x\"},\"time\":1,\"action_id\":1,"
                                 "\"status_code\":\"APISEC_OK\",\"http_request\":{\"http_method\":\"GET\","
                                 "\"url\":{\"path\":\"/\"}},\"unmapped\":"
                                 "{\"apisec\":{\"kind\":\"decision\",\"token_sha256\":\"x\",\"claims\":%s}}}",
                                 lines[i].claims);
        assert_int_equal(outcome_of(replay, (struct text){line, (size_t)len}), lines[i].outcome);
    }
    apisec_replay_free(replay);
}

static void test_documents(void **state)
{
    (void)state;
    apisec_replay *replay = (apisec_replay *)&replay;
    apisec_error err;
    assert_int_equal(apisec_replay_new("{}", 2, NULL, NULL), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_replay_new(NULL, 0, &replay, NULL), APISEC_E_ARGUMENT);
    assert_null(replay);
    assert_int_equal(apisec_replay_new("{", 1, &replay, NULL), APISEC_E_MALFORMED);
    static const struct {
        const char *audit, *wrong;
    } rows_of_audit[] = {{",'audit':'none'", NULL},
                         {",'audit':{'file':'/nonexistent/a'}", NULL},
                         {"," RECORDS, NULL},
                         {",'audit':7", "audit"},
                         {",'audit':{'fil':'x'}", "audit.fil"},
                         {",'audit':{'file':'x','level':'none'}", "audit.level"}};
    for (size_t i = 0; i < sizeof rows_of_audit / sizeof rows_of_audit[0]; i++) {
        char *const quoted = document_of("", PUBLIC, rows_of_audit[i].audit), *const json = sentry_json(quoted);
        const char *const wrong = rows_of_audit[i].wrong;
        assert_int_equal(apisec_replay_new(json, strlen(json), &replay, &err), wrong == NULL ? APISEC_OK : APISEC_E_CONFIG);
        if (wrong != NULL) assert_int_equal(strncmp(err.text, wrong, strlen(wrong)), 0);
        apisec_replay_free(replay);
        free(quoted);
        free(json);
    }
}

/* ---- no memory ---- */

static void test_each_allocation_fails(void **state)
{
    (void)state;
    if (!failing_works()) skip();
    struct sentry sentry;
    char *const quoted = document_of("", USER("'peers':['gw']"), ""), *const json = sentry_json(quoted);
    sentry_begin(&sentry, quoted, &nowhere.http);
    sentry_check(&sentry, call_of(&rows[0]), NULL);
    const struct text line = sentry_line(&sentry, 0);
    size_t nth = 1;
    for (bool is_reached = true; is_reached; nth++) {
        apisec_replay *replay = NULL;
        int32_t outcome = APISEC_REPLAY_NONE;
        failing_begin(nth);
        apisec_status status = apisec_replay_new(json, strlen(json), &replay, NULL);
        if (status == APISEC_OK) status = apisec_replay_next(replay, line.at, line.len, &outcome, NULL);
        apisec_replay_free(replay);
        is_reached = failing_end();
        if (failing_kept != 0) fail_msg("allocation %zu: %ld leaked", nth, failing_kept);
        if (status == APISEC_OK) assert_int_equal(outcome, SAME);
        else assert_int_equal(outcome, APISEC_REPLAY_NONE);
        if (!is_reached) assert_int_equal(status, APISEC_OK);
    }
    assert_true(nth > 20);
    sentry_end(&sentry);
    free(quoted);
    free(json);
}

static int begin(void **state)
{
    (void)state;
    stand_count(&nowhere);
    return 0;
}

static int end(void **state)
{
    (void)state;
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_forwarded),
        cmocka_unit_test(test_what_the_service_denied),
        cmocka_unit_test(test_limits_and_bodies),
        cmocka_unit_test(test_bodies_that_nobody_judged),
        cmocka_unit_test(test_records_without_rules),
        cmocka_unit_test(test_what_was_cut),
        cmocka_unit_test(test_a_record_that_was_written_again),
        cmocka_unit_test(test_other_lines),
        cmocka_unit_test(test_claims_that_have_no_names),
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_each_allocation_fails),
    };
    return cmocka_run_group_tests_name("guard_replay", tests, begin, end);
}
