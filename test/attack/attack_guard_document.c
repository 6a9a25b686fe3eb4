/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_guard_document.c: documents that somebody has damaged: bytes flipped, pieces gone or there twice, values of another type.
 * No such document crashes anything, and none lets in a request that the whole one keeps out: it is refused, or it denies.
 *
 * The request: a token that another key has signed, from an address that is in no network, without a certificate. The document has
 * no public rule, and damage does not write one.
 */
#include "support/unit.h"
#include "support/draw.h"
#include "support/guard.h"
#include "support/sentry.h"

#include <stdlib.h>
#include <string.h>

static const char whole[] =
    "{'trust':{'realm':'orders','token_cache':{'max_tokens':8,'max_age':60},'origins':['https://api.example'],"
    "'dpop':{'algorithms':['ES256'],'nonce_lifetime':60,'max_proofs':16},'issuers':["
    "{" SENTRY_ISSUER "," SENTRY_KEYS ",'profile':'at+jwt','leeway':10,'max_lifetime':3600,'require_claims':['scope']},"
    "{'issuer':'https://b.example','audiences':['orders'],'algorithms':['RS256'],'jwks_uri':'https://b.example/jwks'}]},"
    "'exchange':{'ledger':{'endpoint':'https://id.example/token','authentication':{'method':'client_secret_basic',"
    "'client_id':'orders','secret':'env:APISEC_TEST_SECRET'},'audiences':['ledger'],'scope':'ledger:read'}},"
    "'audit':{'record_claims':['scope']},'role_claims':['roles','/realm_access/roles'],"
    "'networks':{'office':['192.0.2.0/24','2001:db8::/32'],'proxies':['198.51.100.0/28']},'trusted_proxies':['proxies'],"
    "'peers':{'gateway':{'uris':['spiffe://example/gateway']}},"
    "'limits':{'many':{'by':'address','requests':1000000,'seconds':1,'max_keys':16}},"
    "'policies':{'clerk':{'scopes':['orders:read'],'any_role':['clerk']}},'rules':["
    "{'id':'read','path':'/orders/{order}','methods':['GET'],'require':{'policies':['clerk'],'claims':[{'claim':'order',"
    "'equals_parameter':'order'},{'claim':'level','min':1,'max':3}],'any_of':[{'acr':['gold']},{'max_age':60}]},"
    "'shadow':{'except_clients':['old']},'limits':['many'],'body':{'optional':true,'max_bytes':100,'members':['a']}},"
    "{'id':'prices','path':'/orders/prices','user':'none','require':{'peers':['gateway'],'networks':['office']}},"
    "{'id':'closed','path':'/admin/**','deny':true},{'id':'all','path':'/**','require':{}}]}";

enum { ROUNDS = 2400 };

static char *forged, *json;
static size_t json_len, num_taken, num_refused;

/* ---- damage ---- */

static size_t flip(char *bytes, size_t len)
{
    for (size_t num = 1 + draw(3); num > 0; num--) bytes[draw(len)] ^= (char)(1 << draw(7));
    return len;
}

static size_t cut(char *bytes, size_t len)
{
    const size_t at = draw(len), num = 1 + draw(len - at < 40 ? len - at : 40);
    memmove(bytes + at, bytes + at + num, len - at - num);
    return len - num;
}

static size_t repeat(char *bytes, size_t len)
{
    const size_t at = draw(len), num = 1 + draw(len - at < 40 ? len - at : 40);
    memmove(bytes + at + num, bytes + at, len - at);
    return len + num;
}

static size_t replace(char *bytes, size_t len, size_t at, size_t num, const char *by)
{
    const size_t by_len = strlen(by);
    memmove(bytes + at + by_len, bytes + at + num, len - at - num);
    memcpy(bytes + at, by, by_len);
    return len - num + by_len;
}

/* value_len: up to where the value ends that begins here: a string, a number, a word, or all between its brackets. */
static size_t value_len(const char *bytes, size_t len)
{
    size_t depth = 0, at = 0;
    bool in_text = false;
    for (; at < len; at++) {
        const char c = bytes[at];
        if (in_text && c == '\\') at++;
        else if (c == '"') in_text = !in_text;
        else if (in_text) continue;
        else if (c == '{' || c == '[') depth++;
        else if (depth == 0 && (c == ',' || c == '}' || c == ']' || c == ':')) break;
        else if (c == '}' || c == ']') depth--;
    }
    return at < len ? at : len;
}

static size_t another_type(char *bytes, size_t len)
{
    static const char *const others[] = {"null",
                                         "true",
                                         "false",
                                         "0",
                                         "-1",
                                         "1e9",
                                         "9007199254740993",
                                         "\"\"",
                                         "\"x\"",
                                         "[]",
                                         "{}",
                                         "[null]",
                                         "{\"a\":1}",
                                         "\"none\"",
                                         "[\"x\"]",
                                         "\"env:APISEC_TEST_SECRET\"",
                                         "\"file:/dev/null\""};
    size_t at = draw(len);
    while (at < len && bytes[at] != ':' && bytes[at] != '[' && bytes[at] != ',') at++;
    if (at >= len - 1) return flip(bytes, len);
    return replace(bytes, len, at + 1, value_len(bytes + at + 1, len - at - 1), DRAW_ONE_OF(others));
}

/* member_gone takes a member or an element out, with its comma. */
static size_t member_gone(char *bytes, size_t len)
{
    size_t at = draw(len);
    while (at < len && bytes[at] != ',') at++;
    if (at >= len - 1) return cut(bytes, len);
    size_t num = 1 + value_len(bytes + at + 1, len - at - 1);
    if (at + num < len && bytes[at + num] == ':') num += 1 + value_len(bytes + at + num + 1, len - at - num - 1);
    return replace(bytes, len, at, num, "");
}

static size_t damage(char *bytes, size_t len)
{
    switch (draw(5)) {
    case 0: return flip(bytes, len);
    case 1: return cut(bytes, len);
    case 2: return repeat(bytes, len);
    case 3: return another_type(bytes, len);
    default: return member_gone(bytes, len);
    }
}

/* ---- what becomes of it ---- */

static apisec_status ask(apisec_guard *guard, const char *method, const char *target)
{
    apisec_decision *decision = NULL;
    apisec_call *call = sentry_call(method, target, forged);
    apisec_call_set_peer_address(call, "10.9.8.7");
    const apisec_status status = apisec_guard_check(guard, call, &decision, NULL);
    assert_non_null(decision);
    apisec_decision_free(decision);
    apisec_call_free(call);
    return status;
}

static void expect_denials(apisec_guard *guard, const char *bytes, size_t len)
{
    static const char *const targets[] = {"/admin/secret", "/orders/7", "/orders/prices", "/", "/x"};
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++)
        if (ask(guard, "GET", targets[i]) == APISEC_OK) fail_msg("%s is let in by %.*s", targets[i], (int)len, bytes);
}

static apisec_status never(apisec_http *http, apisec_op *op)
{
    (void)http;
    return apisec_op_answer_end(op, APISEC_E_UNREACHABLE);
}
static apisec_http nobody = {NULL, never, NULL};
static struct sentry sentry;

static void try_document(const char *bytes, size_t len)
{
    apisec_guard *guard = (apisec_guard *)&guard;
    apisec_error err = {APISEC_E_MISUSE, ""};
    const char *const at_a_page = guarded(bytes, len);
    const apisec_status status = apisec_guard_new_with(at_a_page, len, &nobody, sentry.audit, &guard, &err);
    guard_free(at_a_page);
    assert_int_equal(err.status, status);
    assert_true((guard != NULL) == (status == APISEC_OK));
    if (status == APISEC_OK) expect_denials(guard, bytes, len);
    else if (err.text[0] == '\0') fail_msg("refused without a sentence: %.*s", (int)len, bytes);
    if (strstr(err.text, "canary") != NULL) fail_msg("a secret is told: %s", err.text);
    apisec_guard_free(guard);
    num_taken += status == APISEC_OK;
    num_refused += status != APISEC_OK;
}

static size_t damaged(char *bytes)
{
    size_t len = json_len;
    memcpy(bytes, json, len);
    for (size_t num = 1 + draw(3); num > 0; num--) len = damage(bytes, len);
    return len;
}

static void test_damaged_documents(void **state)
{
    (void)state;
    char *const bytes = malloc(json_len + 1000);
    for (size_t round = 0; round < ROUNDS; round++) try_document(bytes, damaged(bytes));
    free(bytes);
    assert_true(num_taken > ROUNDS / 50); /* otherwise nothing was tried but the reader */
    assert_true(num_refused > ROUNDS / 2);
}

/* The same, put in force in place of the whole one: whatever came, the guard goes on and denies. */
static void test_damaged_reloads(void **state)
{
    (void)state;
    char *const bytes = malloc(json_len + 1000);
    for (size_t round = 0; round < ROUNDS / 4; round++) {
        const size_t len = damaged(bytes);
        apisec_guard_reload(sentry.guard, bytes, len, NULL);
        if (ask(sentry.guard, "GET", "/admin/secret") == APISEC_OK) fail_msg("%.*s", (int)len, bytes);
    }
    free(bytes);
}

static void test_damaged_lint(void **state)
{
    (void)state;
    char *const bytes = malloc(json_len + 1000);
    for (size_t round = 0; round < ROUNDS / 4; round++) {
        char *text = NULL;
        assert_int_equal(apisec_guard_lint(bytes, damaged(bytes), &text, NULL), APISEC_OK);
        assert_int_equal(apisec_json_scan(text, strlen(text), &(const apisec_json_limits){.max_elements = 100000}, NULL, NULL),
                         APISEC_OK);
        apisec_text_free(text);
    }
    free(bytes);
}

/* And the whole one lets in whom it should: it is no document that denies everybody. */
static void test_the_whole_document(void **state)
{
    (void)state;
    static const struct forge_change claims[] = {{"scope", "\"orders:read\""}, {NULL, NULL}};
    char *const token = forge_token(claims, FORGE_SAME, forge_signer("ES256", 0));
    assert_int_equal(sentry_reload(&sentry, whole, NULL), APISEC_OK);
    assert_int_equal(sentry_check(&sentry, sentry_call("GET", "/x", token), NULL), APISEC_OK);
    assert_int_equal(ask(sentry.guard, "GET", "/x"), APISEC_E_SIGNATURE);
    assert_int_equal(ask(sentry.guard, "GET", "/admin/secret"), APISEC_E_DENIED);
    assert_int_equal(ask(sentry.guard, "GET", "/orders/prices"), APISEC_E_PEER);
    free(token);
}

static int begin(void **state)
{
    (void)state;
    setenv("APISEC_TEST_SECRET", "s3cret-canary", 1);
    static const struct forge_change claims[] = {{"scope", "\"orders:read\""}, {NULL, NULL}};
    forged = forge_token(claims, (const struct forge_change[]){{"kid", NULL}, {NULL, NULL}}, forge_signer("ES256", 1));
    json = sentry_json(whole);
    json_len = strlen(json);
    sentry_begin(&sentry, whole, &nobody);
    return 0;
}

static int end(void **state)
{
    (void)state;
    sentry_end(&sentry);
    free(json);
    free(forged);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_damaged_documents),
        cmocka_unit_test(test_damaged_reloads),
        cmocka_unit_test(test_damaged_lint),
        cmocka_unit_test(test_the_whole_document),
    };
    return cmocka_run_group_tests_name("attack_guard_document", tests, begin, end);
}
