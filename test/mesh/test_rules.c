/* SPDX-License-Identifier: Apache-2.0
 *
 * test_rules.c: the mesh again, for what its documents demand of genuine users: a stronger login, bodies of the agreed form, no
 * more than so often, from the right place; and a rule that is only tried. Each reply is held against what must come.
 */
#include "../../examples/mesh/forge.h"
#include "../../examples/mesh/otp.h"
#include "../../examples/mesh/player.h"
#include "../../examples/mesh/trail.h"
#include "../../examples/mesh/web.h"
#include "mesh/replies.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ALICES "/customers/1001/accounts"
#define ALICES_TRANSFERS "/customers/1001/transfers"
#define BOBS_TRANSFERS "/customers/1002/transfers"
#define TRANSFER "{\"to\":\"DE12 5001 0517 0648 4898 90\",\"amount\":\"25.00\",\"currency\":\"EUR\"}"

static struct stage stage;
static char reference[PLAYER_SECRET_SIZE];

/* How a call must end. */
struct outcome {
    int http_status, judge;      /* who refuses, or is the last to allow */
    const char *status, *error;  /* in that service's record; in the body, "" for none */
    const char *challenge;       /* byte for byte, or NULL */
    size_t num_records;          /* of all services under this trace; 0: not said */
};

/* expect_outcome gives the body, to be freed, where it is JSON. */
static cJSON *expect_outcome(const char *why, struct player_call *call, const struct outcome *outcome)
{
    struct client_reply reply = {0};
    struct trail trail;
    if (!player_send(&stage, call, &reply)) fail_msg("%s: %s", why, reply.why);
    if (reply.status != outcome->http_status) fail_msg("%s: %d: %s", why, reply.status, reply.body);
    const char *challenge = client_header(&reply, "WWW-Authenticate"), *wait = client_header(&reply, "Retry-After");
    if (outcome->challenge && challenge) assert_string_equal(challenge, outcome->challenge);
    if ((outcome->challenge == NULL) != (challenge == NULL)) fail_msg("%s: %s", why, challenge ? challenge : "no challenge");
    assert_int_equal(wait != NULL, outcome->http_status == 429);
    if (wait) assert_true(strspn(wait, "123456") == 1 && wait[1] == '\0'); /* one attempt in six seconds */
    assert_true(trail_read(&stage, call->trace, &trail));
    const struct trail_record *record = trail_of(&trail, outcome->judge);
    if (record == NULL || strcmp(record->status, outcome->status) != 0) fail_msg("%s: %s", why, record ? record->status : "none");
    assert_int_equal(record->allowed, outcome->http_status == 200);
    if (outcome->num_records) assert_int_equal(trail.num, outcome->num_records);
    const bool is_json = strcmp(client_header(&reply, "Content-Type"), "application/json") == 0;
    cJSON *body = is_json ? read_body(&reply) : NULL;
    assert_string_equal(text_of(body, "error"), outcome->error);
    client_free(&reply);
    return body;
}

/* forge_login is a token that says of its login what `claims` does. */
static char *forge_login(int service, const char *claims)
{
    char extra[256];
    snprintf(extra, sizeof extra, "%s\"may_act\":{\"sub\":\"accounts\"},", claims);
    const struct forgery forgery = {.audience = stage_name(service), .user = "alice", .customer = "1001", .extra = extra,
                                    .scope = service == ACCOUNTS ? "accounts:transfer" : "ledger:transfer",
                                    .actor = service == LEDGER ? "accounts" : NULL, .expires_in = 300};
    return service == LEDGER ? forge_closed(&stage, &forgery) : forge_signed(&stage, &forgery);
}

/* RFC 9470 section 3: the service says what it wants; section 6: what the token says of the login. */
static void a_service_judges_how_its_user_logged_in(void **state)
{
    (void)state;
    static const struct {
        const char *acr, *why;
        long long age;           /* of auth_time; NO_TIME: none */
        bool is_text;            /* auth_time is a string */
        int http_status;
    } logins[] = {
#define NO_TIME -999
        {PLAYER_ACR_OTP, "now", 0, false, 200},
        {PLAYER_ACR_OTP, "in time", 290, false, 200},
        {PLAYER_ACR_OTP, "too long ago", 302, false, 401},
        {PLAYER_ACR_OTP, "in the future", -120, false, 401},
        {PLAYER_ACR_OTP, "nobody knows when", NO_TIME, false, 401},
        {PLAYER_ACR_OTP, "a time that is no number", 0, true, 401},
        {"https://mesh.example/acr/password", "a password alone", 0, false, 401},
        {PLAYER_ACR_OTP "x", "another", 0, false, 401},
        {NULL, "nobody knows how", 0, false, 401},
    };
    for (size_t i = 0; i < 2 * (sizeof logins / sizeof logins[0]); i++) {
        const int service = i % 2 ? LEDGER : ACCOUNTS;
        char acr[96] = "", when[64] = "", claims[160], challenge[512];
        const char *quote = logins[i / 2].is_text ? "\"" : "";
        const long long now = (long long)time(NULL);
        if (logins[i / 2].acr) snprintf(acr, sizeof acr, "\"acr\":\"%s\",", logins[i / 2].acr);
        if (logins[i / 2].age != NO_TIME)
            snprintf(when, sizeof when, "\"auth_time\":%s%lld%s,", quote, now - logins[i / 2].age, quote);
        snprintf(claims, sizeof claims, "%s%s", acr, when);
        char *token = forge_login(service, claims);
        struct player_call call = {.service = service, .identity = service == LEDGER ? ACCOUNTS : GATEWAY, .token = token,
                                   .path = ALICES_TRANSFERS, .json = TRANSFER};
        snprintf(challenge, sizeof challenge, "Bearer realm=\"%s\"" STEP_UP, stage_name(service));
        const struct outcome allowed = {200, service, "APISEC_OK", "", NULL, 0};
        const struct outcome refused = {401, service, "APISEC_E_STEP_UP", "insufficient_user_authentication", challenge, 1};
        cJSON_Delete(expect_outcome(logins[i / 2].why, &call, logins[i / 2].http_status == 200 ? &allowed : &refused));
        free(token);
    }
}

static void a_stronger_login_passes(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "000000", "755224", "287082 ", "28708"};
    char strong[PLAYER_SECRET_SIZE];
    struct player_call call = {.service = GATEWAY, .identity = -1, .path = ALICES_TRANSFERS, .token = reference, .json = TRANSFER};
    const struct outcome refused = {401, GATEWAY, "APISEC_E_STEP_UP", "insufficient_user_authentication",
                                    "Bearer realm=\"gateway\"" STEP_UP STRANGER, 1};
    const struct outcome allowed = {200, LEDGER, "APISEC_OK", "", NULL, 7};
    const struct outcome not_hers = {403, ACCOUNTS, "APISEC_E_CONDITION", "forbidden", NULL, 0};
    cJSON_Delete(expect_outcome("a password was enough for this login", &call, &refused));
    assert_true(player_log_in_strong(&stage, "alice", "wonderland", strong)); /* its device has shown 755224 */
    call.token = strong;
    cJSON *body = expect_outcome("a code as well", &call, &allowed);
    assert_string_equal(text_of(cJSON_GetObjectItemCaseSensitive(body, "transfer"), "amount"), "25.00");
    cJSON_Delete(body);
    call.path = BOBS_TRANSFERS;
    cJSON_Delete(expect_outcome("a strong login, another's money", &call, &not_hers));

    struct player_login login = {.user = "alice", .password = "wonderland", .acr = PLAYER_ACR_OTP};
    char none[PLAYER_SECRET_SIZE];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        login.code = wrong[i];
        assert_false(player_log_in_as(&stage, &login, none));
    }
    login = (struct player_login){.user = "alice", .password = "wonderland", .acr = "https://mesh.example/acr/blood"};
    assert_false(player_log_in_as(&stage, &login, none));
    login.acr = "https://mesh.example/acr/password";
    assert_true(player_log_in_as(&stage, &login, none)); /* the twin */
}

/* RFC 4226 appendix D. */
static void one_time_codes_are_the_standards(void **state)
{
    (void)state;
    static const char *const codes[] = {"755224", "287082", "359152", "969429", "338314",
                                        "254676", "287922", "162583", "399871", "520489"};
    char code[OTP_SIZE];
    for (uint64_t i = 0; i < 10; i++) {
        assert_true(otp_code("alice", i, code));
        assert_string_equal(code, codes[i]);
    }
    assert_false(otp_code("carol", 0, code));
}

static void bodies_are_judged_before_they_are_read(void **state)
{
    (void)state;
    static char bomb[2048], large[6000];
    char strong[PLAYER_SECRET_SIZE];
    memset(bomb, '[', 1000);
    memset(bomb + 1000, ']', 1000);
    snprintf(large, sizeof large, "{\"to\":\"%04075d\",\"amount\":\"1\"}", 0); /* 4097 bytes */
    const struct {
        const char *json, *form, *why;
        int http_status;
        const char *error;
    } bodies[] = {
        {TRANSFER, NULL, "the twin", 200, ""},
        {bomb, NULL, "a thousand arrays within each other", 400, "invalid_request"},
        {large, NULL, "one byte too many", 413, "too_large"},
        {"{\"amount\":\"1\",\"approved\":true}", NULL, "a member that nobody knows", 400, "invalid_request"},
        {"{\"amount\":\"1\",\"amount\":\"9\"}", NULL, "a member twice", 400, "invalid_request"},
        {"{\"to\":{\"a\":{}}}", NULL, "one level too many", 400, "invalid_request"},
        {"", NULL, "nothing", 400, "invalid_request"},
        {NULL, TRANSFER, "no JSON, it says", 415, "unsupported_type"},
    };
    assert_int_equal(strlen(large), 4097);
    assert_true(player_log_in_strong(&stage, "bob", "builder", strong));
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct player_call call = {.service = GATEWAY, .identity = -1, .path = BOBS_TRANSFERS, .token = strong,
                                   .json = bodies[i].json, .form = bodies[i].form};
        const struct outcome refused = {bodies[i].http_status, GATEWAY, "APISEC_E_BODY", bodies[i].error, NULL, 1};
        const struct outcome allowed = {200, LEDGER, "APISEC_OK", "", NULL, 7};
        cJSON_Delete(expect_outcome(bodies[i].why, &call, bodies[i].http_status == 200 ? &allowed : &refused));
    }
    large[4090] = '\0'; /* and one that just fits, but is none: it is read */
    struct player_call call = {.service = GATEWAY, .identity = -1, .path = BOBS_TRANSFERS, .token = strong, .json = large};
    const struct outcome refused = {400, GATEWAY, "APISEC_E_BODY", "invalid_request", NULL, 1};
    cJSON_Delete(expect_outcome("cut off", &call, &refused));
}

static void a_limit_is_each_users_own(void **state)
{
    (void)state;
    enum { MOST = 100 };
    char carols[PLAYER_SECRET_SIZE];
    struct player_call call = {.service = GATEWAY, .identity = -1, .path = ALICES_TRANSFERS, .token = reference, .json = TRANSFER};
    const struct outcome refused = {429, GATEWAY, "APISEC_E_RATE", "too_many_requests", NULL, 1};
    const struct outcome weak = {401, GATEWAY, "APISEC_E_STEP_UP", "insufficient_user_authentication",
                                 "Bearer realm=\"gateway\"" STEP_UP STRANGER, 1};
    const struct outcome allowed = {200, LEDGER, "APISEC_OK", "", NULL, 7};
    int status = 401;
    for (int i = 0; i < MOST && status == 401; i++) { /* refused all of them, and counted all the same */
        struct client_reply reply = {0};
        assert_true(player_send(&stage, &call, &reply));
        status = reply.status;
        client_free(&reply);
    }
    assert_int_equal(status, 429);
    cJSON_Delete(expect_outcome("the next", &call, &refused));
    call.json = NULL;
    call.path = ALICES;
    cJSON_Delete(expect_outcome("what has no limit", &call, &allowed));
    assert_true(player_log_in(&stage, "carol", "lookingglass", carols));
    call = (struct player_call){.service = GATEWAY, .identity = -1, .path = ALICES_TRANSFERS, .token = carols, .json = TRANSFER};
    cJSON_Delete(expect_outcome("another user is judged as ever", &call, &weak));
}

/* Whose word counts for where a request comes from: the socket's, and that of the one proxy that is known. */
static void an_operators_route_is_for_the_office(void **state)
{
    (void)state;
    char carols[PLAYER_SECRET_SIZE];
    assert_true(player_log_in(&stage, "carol", "lookingglass", carols));
    struct player_ask swap = {.client = GATEWAY, .subject = carols, .audience = "accounts", .scope = "metrics:read"};
    char *for_accounts = player_exchange(&stage, &swap);
    const struct {
        const char *why, *token, *from, *forwarded_for;
        int service, http_status;
        const char *status, *peer, *asks_for;
    } places[] = {
        {"the office", carols, STAGE_OFFICE_ADDRESS, NULL, GATEWAY, 200, "APISEC_OK", STAGE_GATEWAY_ADDRESS, STAGE_OFFICE_ADDRESS},
        {"the office, whatever it says", carols, STAGE_OFFICE_ADDRESS, "192.0.2.1", GATEWAY, 200, "APISEC_OK",
         STAGE_GATEWAY_ADDRESS, STAGE_OFFICE_ADDRESS},
        {"elsewhere", carols, NULL, NULL, GATEWAY, 403, "APISEC_E_PEER", STAGE_GATEWAY_ADDRESS, "127.0.0.1"},
        {"elsewhere, spoofed", carols, NULL, STAGE_OFFICE_ADDRESS, GATEWAY, 403, "APISEC_E_PEER", STAGE_GATEWAY_ADDRESS,
         "127.0.0.1"},
        {"elsewhere, a spoofed chain", carols, NULL, STAGE_OFFICE_ADDRESS ", " STAGE_GATEWAY_ADDRESS, GATEWAY, 403,
         "APISEC_E_PEER", STAGE_GATEWAY_ADDRESS, "127.0.0.1"},
        {"past the gateway, spoofed", for_accounts, NULL, STAGE_OFFICE_ADDRESS, ACCOUNTS, 403, "APISEC_E_PEER", "127.0.0.1", ""},
        {"past the gateway, in the office", for_accounts, STAGE_OFFICE_ADDRESS, "192.0.2.1", ACCOUNTS, 200, "APISEC_OK",
         STAGE_OFFICE_ADDRESS, ""},
        {"in the office, and no operator", reference, STAGE_OFFICE_ADDRESS, NULL, GATEWAY, 403, "APISEC_E_ROLE",
         STAGE_GATEWAY_ADDRESS, STAGE_OFFICE_ADDRESS},
    };
    assert_non_null(for_accounts);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct trail trail;
        struct player_call call = {.service = places[i].service, .identity = places[i].service == ACCOUNTS ? GATEWAY : -1,
                                   .path = "/admin/metrics", .token = places[i].token, .from = places[i].from,
                                   .forwarded_for = places[i].forwarded_for};
        const struct outcome outcome = {places[i].http_status, ACCOUNTS, places[i].status,
                                        places[i].http_status == 200 ? "" : "forbidden", NULL, 0};
        cJSON_Delete(expect_outcome(places[i].why, &call, &outcome));
        assert_true(trail_read(&stage, call.trace, &trail));
        assert_string_equal(trail_of(&trail, ACCOUNTS)->peer, places[i].peer);
        assert_string_equal(trail_of(&trail, ACCOUNTS)->asks_for, places[i].asks_for);
    }
    free(for_accounts);
}

static void counters_name_nobody(void **state)
{
    (void)state;
    static const char *const names[] = {"alice", "bob", "carol", "1001", "gateway", "/customers"};
    char carols[PLAYER_SECRET_SIZE];
    struct client_reply reply = {0};
    assert_true(player_log_in(&stage, "carol", "lookingglass", carols));
    struct player_call call = {.service = GATEWAY, .identity = -1, .path = "/admin/metrics", .token = carols,
                               .from = STAGE_OFFICE_ADDRESS};
    assert_true(player_send(&stage, &call, &reply));
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.body, "apisec_authorization_attempts_total{result=\"allowed\"} "));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strstr(reply.body, names[i])) fail_msg("%s is in %s", names[i], reply.body);
    client_free(&reply);
}

/* expect_shadow: let in, and the record says what would have become of it. */
static void expect_shadow(const char *why, struct player_call *call, const char *verdict, const char *status)
{
    struct trail trail;
    const struct outcome allowed = {200, LEDGER, "APISEC_OK", "", NULL, 7};
    cJSON_Delete(expect_outcome(why, call, &allowed));
    assert_true(trail_read(&stage, call->trace, &trail));
    size_t num = 0;
    for (size_t i = 0; i < trail.num; i++) {
        const struct trail_record *record = &trail.records[i];
        if (record->shadow[0] == '\0') continue;
        num++;
        assert_int_equal(record->service, GATEWAY);
        assert_true(record->allowed);
        assert_string_equal(record->shadow, verdict);
        assert_string_equal(record->shadow_status, status);
    }
    assert_int_equal(num, 1);
}

static void a_rule_that_is_tried_refuses_nobody(void **state)
{
    (void)state;
    char bound[PLAYER_SECRET_SIZE];
    apisec_signer *key = NULL;
    struct player_call call = {.service = GATEWAY, .identity = -1, .path = ALICES, .token = reference};
    expect_shadow("a bearer token", &call, "denied", "APISEC_E_BINDING");
    assert_int_equal(apisec_signer_generate("ES256", &key, NULL), APISEC_OK);
    assert_true(player_log_in_bound(&stage, "alice", "wonderland", key, bound));
    call.token = bound;
    char *proof = player_prove(&stage, &call, key);
    call.proof = proof;
    expect_shadow("a token that is bound", &call, "allowed", "APISEC_OK");
    free(proof);
    apisec_signer_free(key);
}

/* ---- a changed document, and yesterday's calls ---- */

/* change_rule is the gateway's document with what its rule "accounts" tries among what it demands, or with something that no record
 * says anything about. */
static char *change_rule(bool is_recorded)
{
    static const char before[] = "\"require\": { \"scopes\": [\"accounts:read\"] },";
    static const char *const after[] = {"\"require\": { \"scopes\": [\"accounts:read\"], \"roles\": [\"teller\"] },",
                                        "\"require\": { \"scopes\": [\"accounts:read\"], \"bound\": true },"};
    char *document = web_read_file(stage.path[GATEWAY], "guard.json"), *changed = NULL;
    assert_non_null(document);
    char *at = strstr(document, before);
    assert_non_null(at);
    *at = '\0';
    const size_t size = strlen(document) + strlen(at + strlen(before)) + strlen(after[is_recorded]) + 1;
    changed = malloc(size);
    assert_non_null(changed);
    snprintf(changed, size, "%s%s%s", document, after[is_recorded], at + strlen(before));
    free(document);
    return changed;
}

struct replayed {
    size_t same, differ, undecidable;
    size_t tried;                /* records that the shadow would have denied */
};

/* replay judges the gateway's log by a document; each finding must have this part. */
static void replay_log(const char *document, const char *part, struct replayed *replayed)
{
    char path[600];
    apisec_replay *replay = NULL;
    static char line[70000];
    *replayed = (struct replayed){0};
    assert_int_equal(apisec_replay_new(document, strlen(document), &replay, NULL), APISEC_OK);
    trail_path(&stage, GATEWAY, path, sizeof path);
    FILE *log = fopen(path, "rb");
    assert_non_null(log);
    while (fgets(line, sizeof line, log)) {
        int32_t outcome;
        assert_int_equal(apisec_replay_next(replay, line, strcspn(line, "\n"), &outcome, NULL), APISEC_OK);
        replayed->same += outcome == APISEC_REPLAY_SAME;
        replayed->differ += outcome == APISEC_REPLAY_DIFFERS;
        replayed->undecidable += outcome == APISEC_REPLAY_UNDECIDABLE;
        replayed->tried += strstr(line, "\"shadow\":{\"verdict\":\"denied\"") != NULL;
        if (outcome != APISEC_REPLAY_DIFFERS && outcome != APISEC_REPLAY_UNDECIDABLE) continue;
        assert_non_null(strstr(apisec_replay_finding(replay), part));
        assert_non_null(strstr(apisec_replay_finding(replay), "\"operation\":\"GET " ALICES "\""));
    }
    (void)fclose(log);
    apisec_replay_free(replay);
}

/* What a rule only tried, and what a replay says of it in force, are the same calls. */
static void a_changed_document_is_replayed(void **state)
{
    (void)state;
    struct replayed replayed;
    char *same = web_read_file(stage.path[GATEWAY], "guard.json"), *stricter = change_rule(true), *unknown = change_rule(false);
    replay_log(same, "", &replayed);
    assert_true(replayed.same > 20 && replayed.differ == 0 && replayed.undecidable == 0);
    const size_t all = replayed.same, tried = replayed.tried;
    replay_log(stricter, "\"status_code\":\"APISEC_E_BINDING\"", &replayed);
    assert_true(tried > 0 && replayed.differ == tried);
    assert_true(replayed.undecidable == 0 && replayed.same == all - tried);
    replay_log(unknown, "undecidable: claim roles", &replayed);
    assert_true(replayed.differ == 0 && replayed.undecidable == tried + 1); /* and the one that is bound */
    free(unknown);
    free(stricter);
    free(same);
}

/* Lint finds nothing in the documents but that this demo is on one machine. */
static void the_documents_are_safe(void **state)
{
    (void)state;
    static const char expected[] = "{\"accepted\":true,\"findings\":[{\"path\":\"http.allow_loopback\",\"severity\":\"warning\","
                                   "\"sentence\":\"for tests, and for a sidecar on this host: keys may come from it\"}]}";
    for (int i = GATEWAY; i <= LEDGER; i++) {
        char *findings = NULL, *document = web_read_file(stage.path[i], "guard.json");
        assert_non_null(document);
        assert_int_equal(apisec_guard_lint(document, strlen(document), &findings, NULL), APISEC_OK);
        assert_string_equal(findings, expected);
        apisec_text_free(findings);
        free(document);
    }
}

static int open_mesh(void **state)
{
    (void)state;
    static char folder[512];
    const char *build = getenv("BUILD") ? getenv("BUILD") : "build";
    snprintf(folder, sizeof folder, "%s/rules-test", build);
    if (stage_open(&stage, folder, build)) return player_log_in(&stage, "alice", "wonderland", reference) ? 0 : -1;
    print_error("%s\n", stage.problem);
    stage_close(&stage);
    return -1;
}

static int close_mesh(void **state)
{
    (void)state;
    if (stage_close(&stage)) return 0;
    print_error("%s\n", stage.problem); /* a leak that a sanitizer found in a service is one of these */
    return -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_judges_how_its_user_logged_in),
        cmocka_unit_test(a_stronger_login_passes),
        cmocka_unit_test(one_time_codes_are_the_standards),
        cmocka_unit_test(bodies_are_judged_before_they_are_read),
        cmocka_unit_test(a_limit_is_each_users_own),
        cmocka_unit_test(an_operators_route_is_for_the_office),
        cmocka_unit_test(counters_name_nobody),
        cmocka_unit_test(a_rule_that_is_tried_refuses_nobody),
        cmocka_unit_test(a_changed_document_is_replayed),
        cmocka_unit_test(the_documents_are_safe),
    };
    return cmocka_run_group_tests_name("rules", tests, open_mesh, close_mesh);
}
