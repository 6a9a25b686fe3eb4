/* SPDX-License-Identifier: Apache-2.0
 *
 * test_access_record.c: the record of a decision, lib/access/record.c: what it says of who, what and why; that hostile values stay
 * on one line; and that no token, signature or query is in anything a decision gives out.
 */
#include "support/unit.h"
#include "access/access.h"
#include "support/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct service service;

static int begin(void **state)
{
    (void)state;
    service_begin(&service, APISEC_AUDIT_STRICT);
    return 0;
}

static int end(void **state)
{
    (void)state;
    service_end(&service);
    return 0;
}

static void assert_record(size_t index, const char *path, const char *expected)
{
    const char *const value = line_value(service_line(&service, index), path);
    if (strcmp(value, expected) != 0) fail_msg("record %zu: %s is %s, not %s", index, path, value, expected);
}

/* decide_call authenticates, requires, commits and frees; returns the commit's status. */
static apisec_status decide_call(apisec_call *call, const char *scope)
{
    apisec_decision *decision;
    apisec_authenticate(service.verifier, service.audit, call, &decision, NULL);
    if (scope) apisec_decision_require_scope(decision, scope);
    const apisec_status status = apisec_decision_commit(decision, NULL);
    apisec_decision_free(decision);
    apisec_call_free(call);
    return status;
}

static const char *full_token(void)
{
    return service_token(&service, (const struct forge_change[]){{"sub", "\"user-1\""},
                                                                 {"client_id", "\"app-1\""},
                                                                 {"jti", "\"id-1\""},
                                                                 {"scope", "\"orders:read orders:write\""},
                                                                 {"aud", "[\"billing\",\"orders\"]"},
                                                                 {"txn", "\"transaction-1\""},
                                                                 {"act", "{\"sub\":\"svc-a\",\"iss\":\"https://b.example\","
                                                                         "\"act\":{\"sub\":\"svc-b\"}}"},
                                                                 {NULL, NULL}});
}

static void test_an_allow(void **state)
{
    (void)state;
    const char *const token = full_token();
    unsigned char hash[CRYPTO_MAX_HASH];
    char encoded[64], quoted[80];
    apisec_call *const call = service_call(token);
    apisec_call_add_header(call, "traceparent", 11, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", 55);
    apisec_call_add_header(call, "X-Forwarded-For", 15, "203.0.113.5, 10.0.0.1", 21);
    apisec_call_set_peer_certificate(call, (const unsigned char *)"certificate", 11);
    assert_int_equal(decide_call(call, "orders:read"), APISEC_OK);

    assert_record(0, "metadata.sequence", "1");
    assert_record(0, "metadata.correlation_uid", "\"transaction-1\"");
    assert_record(0, "time", "1750000000000");
    assert_record(0, "class_uid", "6003");
    assert_record(0, "category_uid", "6");
    assert_record(0, "type_uid", "600302");
    assert_record(0, "activity_id", "2");
    assert_record(0, "severity_id", "1");
    assert_record(0, "action_id", "1");
    assert_record(0, "disposition_id", "1");
    assert_record(0, "status_id", "1");
    assert_record(0, "status_code", "\"APISEC_OK\"");
    assert_record(0, "status_detail", "");
    assert_record(0, "actor", "{\"user\":{\"uid\":\"user-1\"},\"idp\":{\"name\":\"https://id.example\"},\"app_uid\":\"app-1\","
                              "\"authorizations\":[{\"decision\":\"allowed\"}]}");
    assert_record(0, "api", "{\"operation\":\"GET /orders/7\",\"token\":{\"uid\":\"id-1\"}}");
    assert_record(0, "src_endpoint", "{\"ip\":\"192.0.2.1\"}");
    assert_record(0, "http_request", "{\"http_method\":\"GET\",\"url\":{\"path\":\"/orders/7\"},"
                                     "\"x_forwarded_for\":[\"203.0.113.5\",\"10.0.0.1\"]}");
    assert_record(0, "trace", "{\"uid\":\"0af7651916cd43dd8448eb211c80319c\",\"span\":{\"uid\":\"b7ad6b7169203331\"}}");
    assert_record(0, "unmapped.apisec.kind", "\"decision\"");
    assert_record(0, "unmapped.apisec.delegation", "\"delegation\"");
    assert_record(0, "unmapped.apisec.act", "[\"svc-a\",\"svc-b\"]");
    assert_record(0, "unmapped.apisec.act_issuer", "\"https://b.example\"");
    assert_record(0, "unmapped.apisec.aud", "[\"billing\",\"orders\"]");
    assert_record(0, "unmapped.apisec.scope_required", "\"orders:read\"");
    assert_record(0, "unmapped.apisec.scope_granted", "\"orders:read orders:write\"");

    crypto_hash_bytes(CRYPTO_SHA256, token, strlen(token), hash);
    base64url_encode(hash, 32, encoded);
    snprintf(quoted, sizeof quoted, "\"%s\"", encoded);
    assert_record(0, "unmapped.apisec.token_sha256", quoted);
    crypto_hash_bytes(CRYPTO_SHA256, "certificate", 11, hash);
    base64url_encode(hash, 32, encoded);
    snprintf(quoted, sizeof quoted, "\"%s\"", encoded);
    assert_record(0, "unmapped.apisec.peer_x5t_s256", quoted);
    const char *const latency = line_value(service_line(&service, 0), "unmapped.apisec.latency_us");
    assert_true(latency[0] >= '0' && latency[0] <= '9');
    assert_true(strtol(latency, NULL, 10) < 60 * 1000000);
    assert_non_null(strstr(line_value(service_line(&service, 0), "unmapped.apisec.checks"),
                           "{\"id\":\"signature\",\"verdict\":\"pass\",\"standard\":\"RFC 7515 section 5.2\"}"));
}

static void test_a_denial(void **state)
{
    (void)state;
    assert_int_equal(decide_call(service_call(full_token()), "orders:delete"), APISEC_E_SCOPE);
    assert_record(0, "severity_id", "2");
    assert_record(0, "action_id", "2");
    assert_record(0, "disposition_id", "2");
    assert_record(0, "status_id", "2");
    assert_record(0, "status_code", "\"APISEC_E_SCOPE\"");
    assert_record(0, "status_detail", "\"the token lacks what is required of its scope: orders:delete\"");
    assert_record(0, "actor.user.uid", "\"user-1\""); /* who it was is known, and is the point */
    assert_record(0, "actor.authorizations", "[{\"decision\":\"denied\"}]");
    assert_record(0, "unmapped.apisec.scope_required", "\"orders:delete\"");
    const char *const checks = line_value(service_line(&service, 0), "unmapped.apisec.checks");
    assert_non_null(strstr(checks, "{\"id\":\"scope\",\"verdict\":\"fail\""));
}

static void test_the_plainest_token(void **state)
{
    (void)state;
    apisec_call *const call = apisec_call_new();
    struct buffer value = BUFFER_MAX(10000);
    buffer_text(&value, "Bearer ");
    buffer_text(&value, service_token(&service, (const struct forge_change[]){{"scope", NULL}, {NULL, NULL}}));
    apisec_call_add_header(call, "Authorization", 13, value.bytes, value.len);
    apisec_call_set_time(call, FORGE_NOW);
    buffer_free(&value);
    assert_int_equal(decide_call(call, NULL), APISEC_OK);
    assert_record(0, "metadata.correlation_uid", "");
    assert_record(0, "type_uid", "600300");
    assert_record(0, "api.operation", "\"unknown\"");
    assert_record(0, "src_endpoint", "{\"name\":\"unknown\"}"); /* OCSF demands one */
    assert_record(0, "http_request", "");
    assert_record(0, "trace", "");
    assert_record(0, "unmapped.apisec.act", "");
    assert_record(0, "unmapped.apisec.delegation", "\"none\"");
    assert_record(0, "unmapped.apisec.aud", "[\"orders\"]");
    assert_record(0, "unmapped.apisec.scope_granted", "");
    assert_record(0, "unmapped.apisec.scope_required", "");
    assert_record(0, "unmapped.apisec.peer_x5t_s256", "");
}

static void test_nobody(void **state)
{
    (void)state;
    static const char nobody[] = "{\"app_name\":\"unknown\",\"authorizations\":[{\"decision\":\"denied\"}]}";
    static const struct {
        const char *method, *target, *operation, *request;
    } rows[] = {
        {"GET", "/a?b", "\"GET /a\"", "{\"http_method\":\"GET\",\"url\":{\"path\":\"/a\"}}"},
        {"GET", NULL, "\"GET\"", "{\"http_method\":\"GET\"}"},
        {NULL, "/a", "\"/a\"", "{\"url\":{\"path\":\"/a\"}}"},
        {NULL, NULL, "\"unknown\"", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_call *const call = apisec_call_new();
        if (rows[i].method) apisec_call_set_method(call, rows[i].method, strlen(rows[i].method));
        if (rows[i].target) apisec_call_set_target(call, rows[i].target, strlen(rows[i].target));
        assert_int_equal(decide_call(call, NULL), APISEC_E_NO_CREDENTIAL);
        assert_record(i, "actor", nobody);
        assert_record(i, "api.operation", rows[i].operation);
        assert_record(i, "api.token", "");
        assert_record(i, "http_request", rows[i].request);
        assert_record(i, "unmapped.apisec.token_sha256", "");
        assert_record(i, "unmapped.apisec.delegation", "");
    }
    apisec_call *const call = apisec_call_new();
    apisec_call_add_header(call, "X-Forwarded-For", 15, "a", 1);
    decide_call(call, NULL);
    assert_record(4, "http_request", "{\"x_forwarded_for\":[\"a\"]}");
}

static void test_activities(void **state)
{
    (void)state;
    static const struct {
        const char *method, *activity, *type;
    } rows[] = {{"POST", "1", "600301"},  {"GET", "2", "600302"},    {"HEAD", "2", "600302"},    {"OPTIONS", "2", "600302"},
                {"PUT", "3", "600303"},   {"PATCH", "3", "600303"},  {"DELETE", "4", "600304"},  {"TRACE", "99", "600399"},
                {"get", "99", "600399"},  {"GETX", "99", "600399"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_call *const call = service_call(NULL);
        apisec_call_set_method(call, rows[i].method, strlen(rows[i].method));
        decide_call(call, NULL);
        assert_record(i, "activity_id", rows[i].activity);
        assert_record(i, "type_uid", rows[i].type);
    }
}

static void test_traceparents(void **state)
{
    (void)state;
#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"
    static const struct {
        const char *header;
        bool valid;
        const char *why;
    } rows[] = {
        {"00-" TRACE "-" SPAN "-01", true, ""},
        {"00-" TRACE "-" SPAN "-00", true, "not sampled is traced all the same"},
        {"01-" TRACE "-" SPAN "-01", true, "a later version"},
        {"01-" TRACE "-" SPAN "-01-more", true, "… may say more"},
        {"00-" TRACE "-" SPAN "-01-more", false, "this one may not"},
        {"01-" TRACE "-" SPAN "-01more", false, "more begins with a dash"},
        {"ff-" TRACE "-" SPAN "-01", false, "no version"},
        {"00-" TRACE "-" SPAN "-0", false, "too short"},
        {"00-" TRACE "-" SPAN, false, ""},
        {"00-00000000000000000000000000000000-" SPAN "-01", false, "no trace"},
        {"00-" TRACE "-0000000000000000-01", false, "no span"},
        {"00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01", false, "upper case"},
        {"00-" TRACE "-" SPAN "-0g", false, "not hex"},
        {"0A-" TRACE "-" SPAN "-01", false, ""},
        {"00-" TRACE "-B7ad6b7169203331-01", false, ""},
        {"00-" TRACE "-b7ad6b716920333/-01", false, ""},
        {"00_" TRACE "-" SPAN "-01", false, ""},
        {"00-" TRACE "_" SPAN "-01", false, ""},
        {"00-" TRACE "-" SPAN "_01", false, ""},
        {"00-\"},\"forged\":{\"a\":\"aaaaaaaaaaaa-" SPAN "-01", false, "an attempt at the record"},
        {"", false, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_call *const call = service_call(NULL);
        apisec_call_add_header(call, "Traceparent", 11, rows[i].header, strlen(rows[i].header));
        decide_call(call, NULL);
        const char *const trace = line_value(service_line(&service, i), "trace.uid");
        if ((trace[0] != '\0') != rows[i].valid) fail_msg("%s: %s", rows[i].header, rows[i].why);
        if (rows[i].valid) assert_string_equal(trace, "\"" TRACE "\"");
    }
    apisec_call *const call = service_call(NULL);
    apisec_call_add_header(call, "traceparent", 11, rows[0].header, 55);
    apisec_call_add_header(call, "traceparent", 11, rows[0].header, 55);
    decide_call(call, NULL);
    assert_record(sizeof rows / sizeof rows[0], "trace", ""); /* two are none */
}

static void test_forwarded_addresses(void **state)
{
    (void)state;
    static char many[4000], huge[3000];
    memset(many, 0, sizeof many);
    for (int i = 0; i < 200; i++) snprintf(many + strlen(many), 24, "10.0.0.%d,", i);
    memset(huge, 'a', sizeof huge - 1);
    static const struct {
        const char *first, *second;
        const char *expected;
        const char *why;
        bool is_partial; /* and the record says so */
    } rows[] = {
        {"203.0.113.5", NULL, "[\"203.0.113.5\"]", "", false},
        {" a ,, b\t,", NULL, "[\"a\",\"b\"]", "space and empty elements are none", true},
        {"a", "b, c", "[\"a\",\"b\",\"c\"]", "two fields are one list", false},
        {"\"\x01<", NULL, "[\"\\\"\\u0001\\u003c\"]", "whatever it is, it is escaped", false},
        {",", NULL, "[]", "", true},
        {"", NULL, "", "nothing", true},
        {"a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", "r",
         "[\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\",\"j\",\"k\",\"l\",\"m\",\"n\",\"o\",\"p\",\"q\",\"r\"]",
         "the nearest proxies wrote the end: that is what is kept", true},
        {"a,b,c,d,e,f,g,h,i,j,k,l,m,n,o", "p",
         "[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\",\"j\",\"k\",\"l\",\"m\",\"n\",\"o\",\"p\"]", "all of them", false},
        {many, "192.0.2.9", NULL, "long lists too", true},
        {huge, "192.0.2.9", "[\"192.0.2.9\"]", "one that is too long falls away", true},
        {"192.0.2.9", " ", "[\"192.0.2.9\"]", "an empty field is an empty element", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_call *const call = service_call(NULL);
        apisec_call_add_header(call, "X-Forwarded-For", 15, rows[i].first, strlen(rows[i].first));
        if (rows[i].second) apisec_call_add_header(call, "x-forwarded-for", 15, rows[i].second, strlen(rows[i].second));
        decide_call(call, NULL);
        const char *const value = line_value(service_line(&service, i), "http_request.x_forwarded_for");
        if (rows[i].expected && strcmp(value, rows[i].expected) != 0) fail_msg("row %zu: %s: %s", i, value, rows[i].why);
        if (!rows[i].expected) assert_non_null(strstr(value, "\"10.0.0.199\",\"192.0.2.9\"]"));
        assert_string_equal(line_value(service_line(&service, i), "unmapped.apisec.partial"),
                            rows[i].is_partial ? "[\"x_forwarded_for\"]" : "");
    }
}

static void test_hostile_claims_stay_on_one_line(void **state)
{
    (void)state;
    const char *const hostile = "\"a\\nb\\\"c\\u001b[31m</script>\\u2028\\ud83d\\ude00\"";
    const char *const token = service_token(
        &service, (const struct forge_change[]){{"sub", hostile},
                                                {"client_id", hostile},
                                                {"jti", hostile},
                                                {"scope", hostile},
                                                {"txn", hostile},
                                                {"aud", "[\"orders\",\"\\n</script>\"]"},
                                                {"act", "{\"sub\":\"\\r\\n{}\"}"},
                                                {NULL, NULL}});
    assert_int_equal(decide_call(service_call(token), NULL), APISEC_OK);
    assert_int_equal(line_count(service.lines.bytes), 1);
    for (size_t i = 0; i + 1 < service.lines.len; i++)
        if (service.lines.bytes[i] < 0x20 || service.lines.bytes[i] >= 0x7f || service.lines.bytes[i] == '<')
            fail_msg("byte %zu is %d", i, service.lines.bytes[i]);
    static const char *const paths[] = {"actor.user.uid", "actor.app_uid", "api.token.uid", "metadata.correlation_uid",
                                        "unmapped.apisec.scope_granted"};
    for (size_t i = 0; i < 5; i++)
        assert_record(0, paths[i], "\"a\\u000ab\\\"c\\u001b[31m\\u003c/script\\u003e\\u2028\\ud83d\\ude00\"");
    assert_record(0, "unmapped.apisec.act", "[\"\\u000d\\u000a{}\"]");
}

static void test_hostile_requests_stay_on_one_line(void **state)
{
    (void)state;
    static const char target[] = "/a\x1b\x01<b>\"\\\xff\x7f?q=secret-query";
    apisec_call *const call = service_call(NULL);
    apisec_call_set_method(call, "X\"\\<", 4);
    apisec_call_set_target(call, target, sizeof target - 1);
    apisec_call_set_peer_address(call, "\"fe80::1%<x>\"");
    decide_call(call, NULL);
    assert_int_equal(line_count(service.lines.bytes), 1);
    assert_record(0, "http_request.url.path", "\"/a\\u001b\\u0001\\u003cb\\u003e\\\"\\\\\\ufffd\\u007f\"");
    assert_record(0, "http_request.http_method", "\"X\\\"\\\\\\u003c\"");
    assert_record(0, "src_endpoint.ip", "\"\\\"fe80::1%\\u003cx\\u003e\\\"\"");
    assert_null(strstr(service.lines.bytes, "secret-query"));
}

/* All that a token and a request can be stuffed with, escaped sixfold, still is a record. */
static void test_the_largest_record_is_written(void **state)
{
    (void)state;
    static char text[1500], path[16384], forwarded[16384];
    struct buffer value = BUFFER_MAX(10000), list = BUFFER_MAX(10000);
    memset(text, '<', 1400);
    buffer_byte(&value, '"');
    buffer_text(&value, text);
    buffer_byte(&value, '"');
    buffer_text(&list, "[\"orders\",");
    buffer_slice(&list, (struct text){value.bytes, value.len});
    buffer_text(&list, "]");
    memset(path, '<', sizeof path - 1);
    path[0] = '/';
    memset(forwarded, '<', sizeof forwarded - 1);
    for (size_t i = 60; i < sizeof forwarded - 1; i += 60) forwarded[i] = ',';
    const char *const token =
        service_token(&service, (const struct forge_change[]){{"sub", value.bytes},
                                                              {"client_id", value.bytes},
                                                              {"jti", value.bytes},
                                                              {"scope", value.bytes},
                                                              {"txn", value.bytes},
                                                              {"aud", list.bytes},
                                                              {NULL, NULL}});
    apisec_call *const call = service_call(token);
    apisec_call_set_target(call, path, strlen(path));
    apisec_call_add_header(call, "X-Forwarded-For", 15, forwarded, strlen(forwarded));
    apisec_decision *decision;
    apisec_authenticate(service.verifier, service.audit, call, &decision, NULL);
    for (size_t i = 1; i < DECISION_MAX_CHECKS; i++) apisec_decision_require_claim(decision, "sub", text);
    apisec_decision_require_claim(decision, text, text);
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_E_CONDITION);
    apisec_decision_free(decision);
    apisec_call_free(call);
    assert_int_equal(apisec_audit_num_lost(service.audit), 0);
    assert_int_equal(line_count(service.lines.bytes), 1);
    buffer_free(&value);
    buffer_free(&list);
}

/* ---- the canary: no part of a token, and nothing that an unverified one says ---- */

static void assert_absent(const char *where, const char *text, const char *needle)
{
    if (needle[0] && text && strstr(text, needle)) fail_msg("'%s' is in the %s: %s", needle, where, text);
}

static void look_for(const char *token, const char *const *words, apisec_status expected)
{
    char *const copy = text_copy(text_of(token));
    const char *parts[4] = {copy, NULL, NULL, NULL};
    size_t num_parts = 1;
    for (char *at = copy; num_parts < 3 && (at = strchr(at, '.')) != NULL; at++) {
        *at = '\0';
        parts[num_parts++] = at + 1;
    }
    apisec_decision *decision;
    apisec_error err;
    apisec_call *const call = service_call(token);
    apisec_authenticate(service.verifier, service.audit, call, &decision, &err);
    if (err.status != expected) fail_msg("%s: %s", apisec_status_name(err.status), err.text);
    apisec_decision_commit(decision, NULL);
    const char *const line = service.lines.bytes;
    for (size_t i = 0; i < num_parts + 8; i++) {
        const char *const needle = i < num_parts ? parts[i] : words[i - num_parts];
        if (!needle) break;
        assert_absent("record", line, needle);
        assert_absent("explanation", apisec_decision_explanation(decision), needle);
        assert_absent("reason", apisec_decision_reason(decision), needle);
        assert_absent("error", err.text, needle);
        for (size_t n = 0; n < apisec_decision_num_headers(decision); n++)
            assert_absent("reply", apisec_decision_header_value(decision, n), needle);
    }
    assert_absent("record", line, "page=2");
    apisec_decision_free(decision);
    apisec_call_free(call);
    free(copy);
    service.lines.len = 0;
    service.lines.bytes[0] = '\0';
}

static void test_canary(void **state)
{
    (void)state;
    static const char *const words[] = {"canary", NULL};
    static const struct {
        struct forge_change claims[3];
        struct forge_change header[2];
        apisec_status expected;
    } rows[] = {
        {{{"iss", "\"https://canary.example\""}}, {{NULL, NULL}}, APISEC_E_ISSUER},
        {{{"aud", "\"canary\""}}, {{NULL, NULL}}, APISEC_E_AUDIENCE},
        {{{"aud", "{\"canary\":1}"}}, {{NULL, NULL}}, APISEC_E_CLAIM},
        {{{"sub", "\"canary\""}}, {{"typ", "\"canary\""}}, APISEC_E_TYPE},
        {{{"sub", "\"canary\""}}, {{"alg", "\"canary\""}}, APISEC_E_ALGORITHM},
        {{{"sub", "\"canary\""}}, {{"kid", "\"canary\""}}, APISEC_E_KEY_UNKNOWN},
        {{{"sub", "\"canary\""}}, {{"kid", "5"}}, APISEC_E_MALFORMED},
        {{{"sub", "\"canary\""}}, {{"crit", "[\"canary\"]"}}, APISEC_E_MALFORMED},
        {{{"sub", "\"canary\""}, {"exp", "\"canary\""}}, {{NULL, NULL}}, APISEC_E_CLAIM},
        {{{"sub", "\"canary\""}, {"exp", "1"}}, {{NULL, NULL}}, APISEC_E_EXPIRED},
        {{{"canary", "canary"}}, {{NULL, NULL}}, APISEC_E_MALFORMED},
        {{{"canary", "1}, \"canary\": {"}}, {{NULL, NULL}}, APISEC_E_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *const token = forge_token(rows[i].claims, rows[i].header, forge_signer("ES256", 0));
        look_for(token, words, rows[i].expected);
        free(token);
    }
    static const char *const none[] = {NULL};
    look_for(service_token(&service, FORGE_SAME), none, APISEC_OK); /* of a good token no part either */
    static const struct forge_change stranger[] = {{"sub", "\"canary\""}, {NULL, NULL}};
    char *const forged = forge_token(stranger, FORGE_SAME, forge_signer("ES256", 1));
    look_for(forged, words, APISEC_E_KEY_UNKNOWN);
    free(forged);
    look_for("canary", words, APISEC_E_MALFORMED);
    look_for("canary.canary.canary", words, APISEC_E_MALFORMED);
    look_for("canary,canary", words, APISEC_E_REQUEST);
}

static int end_all(void **state)
{
    (void)state;
    forge_end();
    return 0;
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_an_allow),
        WITH(test_a_denial),
        WITH(test_the_plainest_token),
        WITH(test_nobody),
        WITH(test_activities),
        WITH(test_traceparents),
        WITH(test_forwarded_addresses),
        WITH(test_hostile_claims_stay_on_one_line),
        WITH(test_hostile_requests_stay_on_one_line),
        WITH(test_the_largest_record_is_written),
        WITH(test_canary),
    };
    return cmocka_run_group_tests_name("access_record", tests, NULL, end_all);
}
