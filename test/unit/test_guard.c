/* SPDX-License-Identifier: Apache-2.0
 *
 * test_guard.c: one call of a guard: the verdict, the reply, and exactly one record, however the call ends; at once and as an
 * operation, which say the same.
 */
#include "support/unit.h"
#include "support/script.h"
#include "support/sentry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DISCOVERY FORGE_ISSUER "/.well-known/openid-configuration"
#define JWKS_URI  FORGE_ISSUER "/jwks"
#define JSON      "Content-Type: application/json\n"

static const char document[] = "{'trust':{'realm':'orders','issuers':[{" SENTRY_ISSUER "," SENTRY_KEYS "}]},'rules':["
                               "{'id':'read','path':'/orders/{order}','methods':['GET'],'require':{'scopes':['orders:read']}},"
                               "{'id':'health','path':'/health','public':true},"
                               "{'id':'prices','path':'/prices','user':'none','require':{'networks':['office']}},"
                               "{'id':'tried','path':'/tried','require':{},'shadow':{'scopes':['orders:write']}},"
                               "{'id':'closed','path':'/closed','deny':true}],"
                               "'networks':{'office':['192.0.2.0/24']},'audit':{'record_claims':['scope','/deep/er','missing']}}";

static char *good, *forged, *narrow;

/* How a call is put: at once, or as an operation. */
enum way { AT_ONCE, AS_OPERATION, NUM_WAYS };

static apisec_status put(struct sentry *sentry, enum way way, apisec_call *call, apisec_decision **decision)
{
    apisec_op *op = NULL;
    apisec_error err;
    if (way == AT_ONCE) return sentry_check(sentry, call, decision);
    assert_int_equal(apisec_guard_start(sentry->guard, call, &op, &err), APISEC_OK);
    apisec_call_free(call); /* the operation has what it needs */
    assert_int_equal(apisec_op_next(op, 1), APISEC_OP_DONE);
    const apisec_status status = apisec_guard_finish(op, decision, &err);
    assert_int_equal(err.status, status);
    apisec_op_free(op);
    return status;
}

struct row {
    const char *method, *target;
    char **token;
    apisec_status expected;
    int32_t http_status;
    const char *rule;
    const char *challenge; /* byte for byte; NULL: none */
    const char *why;
};

static const struct row rows[] = {
    {"GET", "/orders/7?page=2", &good, APISEC_OK, 200, "read", NULL, "the honest request"},
    {"GET", "/orders/7", &narrow, APISEC_E_SCOPE, 403, "read",
     "Bearer realm=\"orders\", error=\"insufficient_scope\", error_description=\"The request requires a scope that the "
     "access token does not have\", scope=\"orders:read\"", "a scope it lacks"},
    {"GET", "/orders/7", &forged, APISEC_E_SIGNATURE, 401, "read",
     "Bearer realm=\"orders\", error=\"invalid_token\", error_description=\"The access token's signature is invalid\"",
     "another key"},
    {"GET", "/orders/7", NULL, APISEC_E_NO_CREDENTIAL, 401, "read", "Bearer realm=\"orders\"", "nobody"},
    {"POST", "/orders/7", &good, APISEC_E_NO_RULE, 403, NULL, NULL, "a method that no rule permits"},
    {"GET", "/other", &good, APISEC_E_NO_RULE, 403, NULL, NULL, "a path that no rule permits"},
    {"GET", "/orders//7", &good, APISEC_E_REQUEST, 400, NULL,
     "Bearer realm=\"orders\", error=\"invalid_request\", error_description=\"The request, or how its access token is sent, "
     "is not acceptable\"", "two slashes"},
    {"GET", "/health", NULL, APISEC_OK, 200, "health", NULL, "public"},
    {"GET", "/health", &forged, APISEC_OK, 200, "health", NULL, "public, and the token is not looked at"},
    {"GET", "/prices", NULL, APISEC_OK, 200, "prices", NULL, "from the office, no user is wanted"},
    {"GET", "/tried", &narrow, APISEC_OK, 200, "tried", NULL, "what is only tried"},
    {"GET", "/closed", &good, APISEC_E_DENIED, 403, "closed", NULL, "denied"},
};

static void test_verdicts(void **state)
{
    (void)state;
    for (int way = AT_ONCE; way < NUM_WAYS; way++) {
        struct sentry sentry;
        sentry_begin(&sentry, document, NULL);
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            const struct row *row = &rows[i];
            apisec_decision *decision = NULL;
            apisec_call *call = sentry_call(row->method, row->target, row->token == NULL ? NULL : *row->token);
            const apisec_status status = put(&sentry, (enum way)way, call, &decision);
            if (status != row->expected) fail_msg("%s: %s", row->why, apisec_decision_reason(decision));
            assert_int_equal(apisec_decision_http_status(decision), row->http_status);
            assert_int_equal(apisec_decision_num_headers(decision), row->challenge != NULL);
            if (row->challenge != NULL) assert_string_equal(sentry_header(decision, "WWW-Authenticate"), row->challenge);
            if (row->rule == NULL) assert_null(apisec_decision_rule(decision));
            else assert_string_equal(apisec_decision_rule(decision), row->rule);
            assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_E_MISUSE); /* it is committed */
            apisec_decision_free(decision);
            assert_int_equal(sentry_num_lines(&sentry), i + 1);
            const struct text line = sentry_line(&sentry, i);
            char expected[64];
            snprintf(expected, sizeof expected, "\"%s\"", apisec_status_name(row->expected));
            assert_string_equal(line_value(line, "status_code"), expected);
            snprintf(expected, sizeof expected, "\"%s\"", row->rule == NULL ? "" : row->rule);
            assert_string_equal(line_value(line, "policy.uid"), row->rule == NULL ? "" : expected);
        }
        sentry_end(&sentry);
    }
}

/* ---- claims that are recorded ---- */

static void test_recorded_claims(void **state)
{
    (void)state;
    struct sentry sentry;
    char big[3000];
    memset(big, 'x', sizeof big);
    big[0] = big[sizeof big - 2] = '"';
    big[sizeof big - 1] = '\0';
    static const struct {
        const char *name, *value, *claims;
    } tokens[] = {
        {"deep", "{\"er\":[1,{\"a\":null}],\"x\":2}", "{\"scope\":\"orders:read\",\"/deep/er\":[1,{\"a\":null}],\"missing\":null}"},
        {"deep", "7", "{\"scope\":\"orders:read\",\"/deep/er\":null,\"missing\":null}"},
        {"missing", "true", "{\"scope\":\"orders:read\",\"/deep/er\":null,\"missing\":true}"},
        {"missing", NULL, "{\"scope\":\"orders:read\",\"/deep/er\":null}"}, /* too long to be told */
    };
    sentry_begin(&sentry, document, NULL);
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        const struct forge_change changes[] = {
            {tokens[i].name, tokens[i].value == NULL ? big : tokens[i].value}, {"scope", "\"orders:read\""}, {NULL, NULL}};
        char *const token = forge_token(changes, FORGE_SAME, forge_signer("ES256", 0));
        assert_int_equal(sentry_check(&sentry, sentry_call("GET", "/orders/7", token), NULL), APISEC_OK);
        assert_string_equal(line_value(sentry_line(&sentry, i), "unmapped.apisec.claims"), tokens[i].claims);
        free(token);
    }
    /* nothing is told of a token that was not verified, nor where none was asked for */
    assert_int_equal(sentry_check(&sentry, sentry_call("GET", "/orders/7", forged), NULL), APISEC_E_SIGNATURE);
    assert_int_equal(sentry_check(&sentry, sentry_call("GET", "/health", good), NULL), APISEC_OK);
    for (size_t i = 4; i < 6; i++) assert_string_equal(line_value(sentry_line(&sentry, i), "unmapped.apisec.claims"), "");
    sentry_end(&sentry);
}

/* ---- a record that is as large as hostile values make it ---- */

enum { LEVELS = 6, NESTS = 5 };

/* fill writes so many signs of which a record has six for each. */
static char *fill(char *to, size_t num)
{
    memset(to, '<', num);
    to[num] = '\0';
    return to;
}

/* Whoever has a token with the largest claims, recorded under as many names as may be, is not let in without a record, and is not
 * denied without one either: claims are left out then, and nothing else. */
static void test_the_largest_record(void **state)
{
    (void)state;
    struct sentry sentry;
    struct buffer quoted = BUFFER_MAX(8192);
    char text[1100], names[NESTS][4], nests[NESTS][500], values[4][1100], path[1100], audiences[6000], actors[2000];
    buffer_text(&quoted, "{" SENTRY_TRUST ",'audit':{'record_claims':['scope'");
    for (size_t i = 0; i < NESTS; i++)
        for (size_t k = 0; k < LEVELS; k++) {
            snprintf(text, sizeof text, ",'/n%zu%.*s'", i, (int)(2 * k), "/b/b/b/b/b");
            buffer_text(&quoted, text);
        }
    buffer_text(&quoted, "]},'rules':[{'id':'in','path':'/in/**','require':{}},"
                         "{'id':'out','path':'/**','require':{'roles':['x']}}]}");
    sentry_begin(&sentry, quoted.bytes, NULL);

    struct forge_change changes[NESTS + 8] = {{NULL, NULL}};
    fill(text, 330);
    for (size_t i = 0; i < NESTS; i++) {
        snprintf(names[i], sizeof names[i], "n%zu", i);
        snprintf(nests[i], sizeof nests[i], "{\"b\":{\"b\":{\"b\":{\"b\":{\"b\":\"%.330s\"}}}}}", text);
        changes[i] = (struct forge_change){names[i], nests[i]};
    }
    for (size_t i = 0; i < 4; i++) snprintf(values[i], sizeof values[i], "\"%s\"", fill(text, 1020));
    fill(text, 254);
    snprintf(audiences, sizeof audiences, "[\"orders\"");
    for (size_t i = 0; i < 15; i++) snprintf(audiences + strlen(audiences), 300, ",\"%.254s\"", text);
    strncat(audiences, "]", 2);
    snprintf(actors, sizeof actors, "{\"sub\":\"%.254s\",\"act\":{\"sub\":\"%.254s\",\"act\":{\"sub\":\"%.254s\"}}}", text, text,
             text);
    changes[NESTS] = (struct forge_change){"sub", values[0]};
    changes[NESTS + 1] = (struct forge_change){"jti", values[1]};
    changes[NESTS + 2] = (struct forge_change){"txn", values[2]};
    changes[NESTS + 3] = (struct forge_change){"aud", audiences};
    changes[NESTS + 4] = (struct forge_change){"act", actors};
    changes[NESTS + 5] = (struct forge_change){"client_id", values[3]};
    char *const token = forge_token(changes, FORGE_SAME, forge_signer("ES256", 0));
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s%s", i == 0 ? "/in/" : "/out/", fill(text, 1020));
        apisec_call *const call = sentry_call("GET", path, token);
        for (size_t k = 0; k < 16; k++) apisec_call_add_header(call, "X-Forwarded-For", 15, fill(text, 64), 64);
        assert_int_equal(sentry_check(&sentry, call, NULL), i == 0 ? APISEC_OK : APISEC_E_ROLE);
        assert_int_equal(sentry_num_lines(&sentry), i + 1);
    }
    free(token);
    buffer_free(&quoted);
    sentry_end(&sentry);
}

/* ---- credentials ---- */

static void test_a_second_credential(void **state)
{
    (void)state;
    static const char *const targets[] = {"/orders/7", "/health", "/other"}; /* with and without a user, and without a rule */
    for (int way = AT_ONCE; way < NUM_WAYS; way++) {
        struct sentry sentry;
        sentry_begin(&sentry, document, NULL);
        for (size_t i = 0; i < 3; i++) {
            apisec_decision *decision = NULL;
            apisec_call *call = sentry_call("GET", targets[i], good);
            apisec_call_add_header(call, "authorization", 13, "Bearer abc", 10);
            assert_int_equal(put(&sentry, (enum way)way, call, &decision), i == 2 ? APISEC_E_NO_RULE : APISEC_E_REQUEST);
            assert_int_equal(apisec_decision_http_status(decision), i == 2 ? 403 : 400);
            apisec_decision_free(decision);
            /* where no token was looked at, the record says what other rules would have met */
            assert_string_equal(line_value(sentry_line(&sentry, i), "unmapped.apisec.credentials"), i == 0 ? "" : "\"several\"");
        }
        assert_int_equal(sentry_num_lines(&sentry), 3);
        sentry_end(&sentry);
    }
}

/* ---- without a log ---- */

/* Nothing is opened or written, whatever the document says of its log, and what it says is judged all the same. */
static void test_unrecorded(void **state)
{
    (void)state;
    static const struct {
        const char *audit;
        apisec_status expected;
    } documents[] = {{",'audit':{'file':'%s','record_claims':['acr']}", APISEC_OK},
                     {"", APISEC_OK},
                     {",'audit':'none'", APISEC_OK},
                     {",'audit':{'record_claims':['acr']}", APISEC_OK},
                     {",'audit':{'file':'%s','level':'often'}", APISEC_E_CONFIG},
                     {",'audit':'nowhere'", APISEC_E_CONFIG}};
    char *const folder = folder_new(), *const path = folder_path(folder, "audit.jsonl");
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        struct buffer quoted = BUFFER_MAX(4096);
        apisec_guard *guard = NULL;
        apisec_decision *decision = NULL;
        apisec_call *const call = sentry_call("GET", "/x", good);
        buffer_text(&quoted, "{" SENTRY_TRUST "," SENTRY_RULES);
        char *const audit = strstr(documents[i].audit, "%s") != NULL ? forge_replace(documents[i].audit, "%s", path)
                                                                   : text_copy(text_of(documents[i].audit));
        buffer_text(&quoted, audit);
        buffer_text(&quoted, "}");
        char *const json = sentry_json(quoted.bytes);
        assert_int_equal(apisec_guard_new_unrecorded(json, strlen(json), NULL, &guard, NULL), documents[i].expected);
        assert_int_equal(guard != NULL, documents[i].expected == APISEC_OK);
        if (guard != NULL) {
            assert_int_equal(apisec_guard_check(guard, call, &decision, NULL), APISEC_OK);
            assert_int_equal(apisec_guard_reload(guard, json, strlen(json), NULL), APISEC_OK);
        }
        assert_null(file_read(path, &(size_t){0}));
        apisec_decision_free(decision);
        apisec_guard_free(guard);
        apisec_call_free(call);
        free(audit);
        free(json);
        buffer_free(&quoted);
    }
    free(path);
    folder_free(folder);
}

/* ---- how an operation can end ---- */

static const char discovering[] = "{'trust':{'issuers':[{" SENTRY_ISSUER ",'algorithms':['ES256'],'discover':true}]},"
                                  "'rules':[{'id':'all','path':'/**','require':{}},{'id':'open','path':'/open','public':true}]}";

static void test_discovery(void **state)
{
    (void)state;
    char *const set = forge_jwks((const apisec_signer *[]){forge_signer("ES256", 0), NULL});
    const struct script_answer answers[] = {
        {.url = DISCOVERY,
         .status = 200,
         .headers = JSON,
         .body = "{\"issuer\":\"" FORGE_ISSUER "\",\"jwks_uri\":\"" JWKS_URI "\"}"},
        {.url = JWKS_URI, .status = 200, .headers = JSON, .body = set},
    };
    for (int way = AT_ONCE; way < NUM_WAYS; way++) {
        struct script script;
        struct sentry sentry;
        apisec_decision *decision = NULL;
        script_init(&script, answers, 2);
        sentry_begin(&sentry, discovering, &script.http);
        if (way == AT_ONCE) {
            assert_int_equal(sentry_check(&sentry, sentry_call("GET", "/x", good), &decision), APISEC_OK);
        } else {
            apisec_op *op;
            int64_t now_ms = clock_now_ms();
            apisec_call *call = sentry_call("GET", "/x", good);
            assert_int_equal(apisec_guard_start(sentry.guard, call, &op, NULL), APISEC_OK);
            apisec_call_reset(call);
            apisec_call_free(call);
            script_run(&script, op, &now_ms);
            assert_int_equal(apisec_guard_finish(op, &decision, NULL), APISEC_OK);
            apisec_op_free(op);
        }
        assert_string_equal(apisec_token_subject(apisec_decision_token(decision)), "alice");
        apisec_decision_free(decision);
        assert_int_equal(sentry_num_lines(&sentry), 1);
        /* the keys are there now */
        assert_int_equal(sentry_check(&sentry, sentry_call("GET", "/y", good), NULL), APISEC_OK);
        sentry_end(&sentry);
        script_end(&script);
    }
    free(set);
}

static void test_a_server_that_is_away(void **state)
{
    (void)state;
    static const struct script_answer answers[] = {{.url = DISCOVERY, .transport = APISEC_E_UNREACHABLE}};
    struct script script;
    struct sentry sentry;
    apisec_decision *decision;
    script_init_routes(&script, answers, 1);
    sentry_begin(&sentry, discovering, &script.http);
    assert_int_equal(sentry_check(&sentry, sentry_call("GET", "/x", good), &decision), APISEC_E_KEYS_UNAVAILABLE);
    assert_int_equal(apisec_decision_http_status(decision), 503);
    assert_string_equal(sentry_header(decision, "Retry-After"), "10");
    apisec_decision_free(decision);
    assert_int_equal(sentry_check(&sentry, sentry_call("GET", "/open", NULL), NULL), APISEC_OK); /* nobody is asked about it */
    sentry_end(&sentry);
    script_end(&script);
}

/* An operation that is given up is a denial with its one record, wherever it had come to. */
static void test_an_operation_given_up(void **state)
{
    (void)state;
    for (int stage = 0; stage < 3; stage++) {
        struct sentry sentry;
        apisec_op *op;
        sentry_begin(&sentry, stage == 2 ? document : discovering, NULL);
        apisec_call *call = sentry_call("GET", "/orders/7", good);
        assert_int_equal(apisec_guard_start(sentry.guard, call, &op, NULL), APISEC_OK);
        if (stage == 1) assert_int_equal(apisec_op_next(op, clock_now_ms()), APISEC_OP_HTTP);
        if (stage == 2) assert_int_equal(apisec_op_next(op, clock_now_ms()), APISEC_OP_DONE); /* allowed, and nobody took it */
        apisec_op_free(op);
        apisec_call_free(call);
        assert_int_equal(sentry_num_lines(&sentry), 1);
        assert_string_equal(line_value(sentry_line(&sentry, 0), "status_id"), "2");
        assert_string_equal(line_value(sentry_line(&sentry, 0), "status_detail"), "\"abandoned: freed without a commit\"");
        sentry_end(&sentry);
    }
}

/* A service's own events stand in the same chain as the decisions. */
static void test_events_of_the_service(void **state)
{
    (void)state;
    static const char unrecorded[] = "{'trust':{'issuers':[{" SENTRY_ISSUER "," SENTRY_KEYS "}]}," SENTRY_RULES ",'audit':'none'}";
    struct sentry sentry;
    apisec_guard *silent;
    sentry_begin(&sentry, document, NULL);
    apisec_event *event = apisec_event_new();
    apisec_event_set_text(event, "api.operation", "close the day", 13);
    assert_int_equal(sentry_check(&sentry, sentry_call("GET", "/orders/7", good), NULL), APISEC_OK);
    assert_int_equal(apisec_audit_write(apisec_guard_audit(sentry.guard), event, NULL), APISEC_OK);
    assert_int_equal(sentry_num_lines(&sentry), 2);
    assert_string_equal(line_value(sentry_line(&sentry, 1), "api.operation"), "\"close the day\"");
    assert_string_equal(line_value(sentry_line(&sentry, 1), "unmapped.apisec.prev"),
                        line_value(sentry_line(&sentry, 0), "unmapped.apisec.hash"));
    apisec_event_free(event);
    sentry_end(&sentry);

    char *const json = sentry_json(unrecorded);
    assert_int_equal(apisec_guard_new(json, strlen(json), &silent, NULL), APISEC_OK);
    assert_null(apisec_guard_audit(silent));
    assert_null(apisec_guard_audit(NULL));
    apisec_guard_free(silent);
    free(json);
}

/* What is not a finished call of a guard gives a denial, and so does the second taking. */
static void test_finishing_wrongly(void **state)
{
    (void)state;
    struct sentry sentry;
    apisec_op *op, *other;
    apisec_decision *decision;
    sentry_begin(&sentry, document, NULL);
    apisec_call *call = sentry_call("GET", "/orders/7", good);
    assert_int_equal(apisec_guard_finish(NULL, &decision, NULL), APISEC_E_MISUSE);
    assert_int_equal(apisec_decision_http_status(decision), 500);
    apisec_decision_free(decision);
    assert_int_equal(apisec_guard_start(sentry.guard, call, &op, NULL), APISEC_OK);
    assert_int_equal(apisec_guard_finish(op, &decision, NULL), APISEC_E_MISUSE); /* not done */
    apisec_decision_free(decision);
    apisec_op_next(op, 1);
    assert_int_equal(apisec_guard_finish(op, NULL, NULL), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_guard_finish(op, &decision, NULL), APISEC_OK);
    apisec_decision_free(decision);
    assert_int_equal(apisec_guard_finish(op, &decision, NULL), APISEC_E_MISUSE); /* taken */
    apisec_decision_free(decision);
    apisec_op_free(op);
    apisec_verifier *verifier = apisec_guard_verifier(sentry.guard);
    assert_int_equal(apisec_authenticate_start(verifier, NULL, call, &other, NULL), APISEC_OK);
    apisec_op_next(other, 1);
    assert_int_equal(apisec_guard_finish(other, &decision, NULL), APISEC_E_MISUSE); /* of another kind */
    apisec_decision_free(decision);
    apisec_op_free(other);
    apisec_verifier_free(verifier);
    apisec_call_free(call);
    assert_int_equal(sentry_num_lines(&sentry), 1);
    sentry_end(&sentry);
}

/* A service with checks of its own: the record is the commit's. */
static void test_deciding(void **state)
{
    (void)state;
    struct sentry sentry;
    apisec_decision *decision;
    sentry_begin(&sentry, document, NULL);
    apisec_call *call = sentry_call("GET", "/orders/7", good);
    assert_int_equal(apisec_guard_decide(sentry.guard, call, &decision, NULL), APISEC_OK);
    assert_int_equal(sentry_num_lines(&sentry), 0);
    assert_int_equal(apisec_decision_http_status(decision), 500);
    assert_int_equal(apisec_decision_deny(decision, APISEC_E_DENIED, "not the owner"), APISEC_E_DENIED);
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_E_DENIED);
    apisec_decision_free(decision);
    assert_int_equal(sentry_num_lines(&sentry), 1);
    assert_int_equal(apisec_guard_decide(sentry.guard, call, &decision, NULL), APISEC_OK);
    apisec_decision_free(decision); /* without a commit */
    assert_int_equal(sentry_num_lines(&sentry), 2);
    assert_string_equal(line_value(sentry_line(&sentry, 1), "status_id"), "2");
    apisec_call_free(call);
    sentry_end(&sentry);
}

/* Where nothing can be recorded nothing is allowed. */
static void test_a_log_that_refuses(void **state)
{
    (void)state;
    struct sentry sentry;
    apisec_decision *decision;
    sentry_begin(&sentry, document, NULL);
    sentry.log_refuses = true;
    assert_int_equal(sentry_check(&sentry, sentry_call("GET", "/health", NULL), &decision), APISEC_E_AUDIT);
    assert_int_equal(apisec_decision_http_status(decision), 503);
    apisec_decision_free(decision);
    assert_int_equal(sentry_check(&sentry, sentry_call("GET", "/orders/7", forged), NULL), APISEC_E_SIGNATURE);
    sentry.log_refuses = false;
    sentry_end(&sentry);
}

static void test_nothing_given(void **state)
{
    (void)state;
    struct sentry sentry;
    apisec_decision *decision = NULL;
    apisec_op *op = (apisec_op *)&decision;
    apisec_call *call = sentry_call("GET", "/health", NULL);
    sentry_begin(&sentry, document, NULL);
    assert_int_equal(apisec_guard_check(NULL, call, &decision, NULL), APISEC_E_ARGUMENT);
    assert_non_null(decision);
    apisec_decision_free(decision);
    assert_int_equal(apisec_guard_check(sentry.guard, NULL, &decision, NULL), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_decision_http_status(decision), 500);
    apisec_decision_free(decision);
    assert_int_equal(apisec_guard_check(sentry.guard, call, NULL, NULL), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_guard_decide(sentry.guard, call, NULL, NULL), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_guard_start(NULL, call, &op, NULL), APISEC_E_ARGUMENT);
    assert_null(op);
    assert_int_equal(apisec_guard_start(sentry.guard, call, NULL, NULL), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_guard_warm(NULL, NULL), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_guard_reload(NULL, "{}", 2, NULL), APISEC_E_ARGUMENT);
    assert_null(apisec_guard_verifier(NULL));
    apisec_call_free(call);
    sentry_end(&sentry);
}

/* A call without method, target or headers is one that no rule permits. */
static void test_an_empty_call(void **state)
{
    (void)state;
    struct sentry sentry;
    sentry_begin(&sentry, document, NULL);
    assert_int_equal(sentry_check(&sentry, apisec_call_new(), NULL), APISEC_E_REQUEST);
    assert_int_equal(sentry_num_lines(&sentry), 1);
    sentry_end(&sentry);
}

/* What outlives the guard: a decision, a token, a verifier, an operation; with no log, which must not be gone before. */
static void test_what_outlives_it(void **state)
{
    (void)state;
    apisec_guard *guard;
    apisec_decision *decision, *open;
    apisec_op *op;
    char *const json = sentry_json("{" SENTRY_TRUST "," SENTRY_RULES ",'audit':'none'}");
    assert_int_equal(apisec_guard_new(json, strlen(json), &guard, NULL), APISEC_OK);
    free(json);
    apisec_call *call = sentry_call("GET", "/x", good);
    apisec_verifier *verifier = apisec_guard_verifier(guard);
    assert_int_equal(apisec_guard_check(guard, call, &decision, NULL), APISEC_OK);
    assert_int_equal(apisec_guard_decide(guard, call, &open, NULL), APISEC_OK);
    assert_int_equal(apisec_guard_start(guard, call, &op, NULL), APISEC_OK);
    apisec_guard_free(guard);
    assert_string_equal(apisec_token_subject(apisec_decision_token(decision)), "alice");
    assert_non_null(strstr(apisec_decision_explanation(decision), "\"detail\":\"all\""));
    apisec_decision_free(decision);
    assert_int_equal(apisec_decision_commit(open, NULL), APISEC_OK);
    apisec_decision_free(open);
    assert_int_equal(apisec_op_next(op, 1), APISEC_OP_DONE);
    assert_int_equal(apisec_guard_finish(op, &decision, NULL), APISEC_OK);
    apisec_decision_free(decision);
    apisec_op_free(op);
    apisec_token *token = NULL;
    assert_int_equal(apisec_verify(verifier, good, strlen(good), FORGE_NOW, &token, NULL), APISEC_OK);
    apisec_token_free(token);
    apisec_verifier_free(verifier);
    apisec_call_free(call);
}

/* The document's own log. */
static void test_the_documents_log(void **state)
{
    (void)state;
    char *const folder = folder_new(), *const path = folder_path(folder, "audit.log");
    char quoted[2000];
    apisec_guard *guard;
    apisec_error err;
    uint64_t num;
    snprintf(quoted, sizeof quoted, "{" SENTRY_TRUST "," SENTRY_RULES ",'audit':{'file':'%s/no/such.log'}}", folder);
    char *json = sentry_json(quoted);
    assert_int_equal(apisec_guard_new(json, strlen(json), &guard, &err), APISEC_E_SYSTEM);
    assert_int_equal(strncmp(err.text, "audit.file: ", 12), 0);
    free(json);
    snprintf(quoted, sizeof quoted, "{" SENTRY_TRUST "," SENTRY_RULES ",'audit':{'file':'%s','level':'synced'}}", path);
    json = sentry_json(quoted);
    assert_int_equal(apisec_guard_new(json, strlen(json), &guard, NULL), APISEC_OK);
    apisec_call *call = sentry_call("GET", "/x", good);
    apisec_decision *decision;
    assert_int_equal(apisec_guard_check(guard, call, &decision, NULL), APISEC_OK);
    apisec_decision_free(decision);
    apisec_call_free(call);
    apisec_guard_free(guard);
    assert_int_equal(file_chain(path, &num, NULL), APISEC_OK);
    assert_int_equal(num, 1);
    free(json);
    free(path);
    folder_free(folder);
}

static int begin(void **state)
{
    (void)state;
    static const struct forge_change reads[] = {{"scope", "\"orders:read\""}, {NULL, NULL}},
                                     lists[] = {{"scope", "\"orders:list\""}, {NULL, NULL}};
    good = forge_token(reads, FORGE_SAME, forge_signer("ES256", 0));
    narrow = forge_token(lists, FORGE_SAME, forge_signer("ES256", 0));
    char *const payload = forge_claims(reads), *const header = forge_header("ES256", apisec_signer_key_id(forge_signer("ES256", 0)),
                                                                            FORGE_SAME);
    forged = forge_jws(header, payload, forge_signer("ES256", 1));
    free(payload);
    free(header);
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(good);
    free(forged);
    free(narrow);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_recorded_claims),
        cmocka_unit_test(test_the_largest_record),
        cmocka_unit_test(test_a_second_credential),
        cmocka_unit_test(test_unrecorded),
        cmocka_unit_test(test_discovery),
        cmocka_unit_test(test_a_server_that_is_away),
        cmocka_unit_test(test_an_operation_given_up),
        cmocka_unit_test(test_events_of_the_service),
        cmocka_unit_test(test_finishing_wrongly),
        cmocka_unit_test(test_deciding),
        cmocka_unit_test(test_a_log_that_refuses),
        cmocka_unit_test(test_nothing_given),
        cmocka_unit_test(test_an_empty_call),
        cmocka_unit_test(test_what_outlives_it),
        cmocka_unit_test(test_the_documents_log),
    };
    return cmocka_run_group_tests_name("guard", tests, begin, end);
}
