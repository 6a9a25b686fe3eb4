/* SPDX-License-Identifier: Apache-2.0
 *
 * test_opaque.c: which tokens are opaque and whose they are, and the judgement of what their issuer says: each refusal with its
 * status and its place in the trail, beside the answer that differs in one thing and is taken.
 */
#include "support/unit.h"
#include "support/guard.h"
#include "support/reference.h"
#include "token/introspect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- whose token ---- */

static void what_is_opaque_and_whose(void **state)
{
    (void)state;
    static struct issuer issuers[4] = {
        {.name = (char *)"none"}, {.name = (char *)"gh"}, {.name = (char *)"gho"}, {.name = (char *)"x"}};
    static struct introspector introspectors[4] = {{.prefix = NULL}, {.prefix = (char *)"gh"}, {.prefix = (char *)"gho_"},
        {.prefix = (char *)"0123456789012345678901234567890123456789012345678901234567890123"}};
    static const struct {
        const char *token;
        int with_rest, without;  /* index of the issuer; -1: nobody */
        const char *why;
    } rows[] = {
        {"2YotnFZFEjr1zCsicMWpAA", 0, -1, "no prefix fits"},
        {"ghp_1", 1, 1, "a prefix"},
        {"gho_1", 2, 2, "the longest prefix"},
        {"gho_", 2, 2, "nothing behind it"},
        {"gho", 1, 1, "a shorter one"},
        {"gh", 1, 1, ""},
        {"g", 0, -1, "a part of a prefix is none"},
        {"Gho_1", 0, -1, "case counts"},
        {"0123456789012345678901234567890123456789012345678901234567890123", 3, 3, "64 characters"},
        {"012345678901234567890123456789012345678901234567890123456789012", 0, -1, "63 of them"},
        {"gho_a.b", 2, 2, "one dot"},
        {"gho_a.b.c", -1, -1, "a JWS's three parts"},
        {"gho_a.b.c.d", 2, 2, "four"},
        {"gho_a.b.c.d.e", -1, -1, "a JWE's five"},
        {"gho_a.b.c.d.e.f", 2, 2, "six"},
        {"..", -1, -1, "three empty parts"},
        {".", 0, -1, "two empty parts"},
        {"", -1, -1, "nothing"},
        {"=", -1, -1, "nothing but padding"},
        {"ab==", 0, -1, "padding at the end"},
        {"a=b", -1, -1, "padding elsewhere"},
        {"a b", -1, -1, "no bearer token has this byte"},
        {"a\tb", -1, -1, ""},
        {"a\nb", -1, -1, ""},
        {"a\n", -1, -1, ""},
        {"a\x80z", -1, -1, ""},
        {"a,b", -1, -1, ""},
        {"{\"a\":1}", -1, -1, "JSON"},
        {"a%00", -1, -1, ""},
        {"a-._~+/z", 0, -1, "all the others (RFC 6750 section 2.1)"},
    };
    for (int with_rest = 0; with_rest < 2; with_rest++) {
        struct opaque_routes *routes = NULL;
        for (int i = with_rest ? 0 : 1; i < 4; i++) {
            issuers[i].introspector = &introspectors[i];
            assert_int_equal(opaque_routes_add(&routes, &issuers[i], NULL), APISEC_OK);
        }
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            const char *token = guarded_text(rows[i].token);
            const int want = with_rest ? rows[i].with_rest : rows[i].without;
            const struct issuer *found = opaque_routes_find(routes, (struct text){token, strlen(rows[i].token)});
            guard_free(token);
            if (found != (want < 0 ? NULL : &issuers[want]))
                fail_msg("%s (%s): %s", rows[i].token, rows[i].why, found == NULL ? "nobody" : found->name);
        }
        opaque_routes_free(routes);
    }
}

static void a_token_has_a_limit(void **state)
{
    (void)state;
    struct issuer issuer = {.name = (char *)"a"};
    struct introspector introspector = {.prefix = NULL};
    struct opaque_routes *routes = NULL;
    char *token = malloc(JOSE_MAX_TOKEN + 1);
    assert_non_null(token);
    memset(token, 'a', JOSE_MAX_TOKEN + 1);
    issuer.introspector = &introspector;
    assert_int_equal(opaque_routes_add(&routes, &issuer, NULL), APISEC_OK);
    assert_ptr_equal(opaque_routes_find(routes, (struct text){token, JOSE_MAX_TOKEN}), &issuer);
    assert_null(opaque_routes_find(routes, (struct text){token, JOSE_MAX_TOKEN + 1}));
    opaque_routes_free(routes);
    free(token);
}

static void prefixes(void **state)
{
    (void)state;
    static const struct {
        const char *prefix;
        bool valid;
    } rows[] = {
        {"gho_", true}, {"a", true}, {"a.b", true}, {"-._~+/", true}, {"", false}, {"a b", false}, {"a=", false}, {"a\n", false},
        {"0123456789012345678901234567890123456789012345678901234567890123", true},
        {"01234567890123456789012345678901234567890123456789012345678901234", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (opaque_prefix_is_valid(text_of(rows[i].prefix)) != rows[i].valid) fail_msg("\"%s\"", rows[i].prefix);
    assert_false(opaque_prefix_is_valid((struct text){NULL, 0}));
}

/* ---- the judgement ---- */

struct row {
    struct forge_change members[4];
    apisec_status expected;
    enum check at;
    const char *why;
};

/* judge verifies with one answer; the issuer is set up as reference says. */
static void judge(const struct reference *reference, const struct row *row)
{
    char *members = reference_members(row->members);
    const struct script_answer answer = {.status = 200, .headers = REFERENCE_JSON, .body = members};
    struct script script;
    struct verification v;
    script_init(&script, &answer, 1);
    apisec_verifier *verifier = reference_verifier(reference, &script.http);
    const struct presented bare = present_bare(text_of(REFERENCE_TOKEN));
    verification_init(&v, verifier, &bare, FORGE_NOW);
    const apisec_status status = verify_blocking(&v);
    if (status != row->expected) fail_msg("%s: %s: %s", row->why, apisec_status_name(status), v.error.text);
    if (v.trail.at != row->at) fail_msg("%s: stops at %s", row->why, check_id(v.trail.at));
    assert_int_equal(v.error.status, status);
    assert_int_equal(v.token != NULL, status == APISEC_OK);
    assert_true(v.trail.at == CHECK_INTROSPECTION || trail_passed(&v.trail, CHECK_INTROSPECTION));
    assert_false(trail_passed(&v.trail, CHECK_SIGNATURE) || trail_passed(&v.trail, CHECK_KEY)); /* nobody looked */
    assert_false(trail_passed(&v.trail, CHECK_ALGORITHM));
    assert_true(trail_passed(&v.trail, CHECK_FORM));
    verification_free(&v);
    apisec_verifier_free(verifier);
    script_end(&script);
    free(members);
}
#define JUDGE(reference, rows)                                                                                                 \
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows)[0]; i++) judge(&(reference), &(rows)[i])

static const struct reference usual = {.cache_s = 0};

static void who_and_for_whom(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{{NULL, NULL}}, APISEC_OK, NUM_CHECKS, "the twin"},
        {{{"active", "false"}}, APISEC_E_INACTIVE, CHECK_INTROSPECTION, ""},
        {{{"active", "\"true\""}}, APISEC_E_RESPONSE, CHECK_INTROSPECTION, ""},
        {{{"iss", NULL}}, APISEC_OK, NUM_CHECKS, "it is known who was asked"},
        {{{"iss", "\"https://id.example/\""}}, APISEC_E_ISSUER, CHECK_ISSUER, "a slash"},
        {{{"iss", "\"https://other.example\""}}, APISEC_E_ISSUER, CHECK_ISSUER, ""},
        {{{"iss", "\"\""}}, APISEC_E_ISSUER, CHECK_ISSUER, "empty is not absent"},
        {{{"iss", "null"}}, APISEC_E_CLAIM, CHECK_ISSUER, "nor is null"},
        {{{"iss", "[\"https://id.example\"]"}}, APISEC_E_CLAIM, CHECK_ISSUER, ""},
        {{{"token_type", NULL}}, APISEC_OK, NUM_CHECKS, ""},
        {{{"token_type", "\"bearer\""}}, APISEC_OK, NUM_CHECKS, "RFC 6749 section 5.1: no case"},
        {{{"token_type", "\"refresh_token\""}}, APISEC_E_TYPE, CHECK_TYPE, ""},
        {{{"token_type", "\"N_A\""}}, APISEC_E_TYPE, CHECK_TYPE, "no access token"},
        {{{"token_type", "\"\""}}, APISEC_E_TYPE, CHECK_TYPE, ""},
        {{{"token_type", "null"}}, APISEC_E_CLAIM, CHECK_TYPE, ""},
        {{{"token_type", "\"DPoP\""}}, APISEC_E_BINDING, CHECK_TYPE, "bound, and nobody says to what"},
        {{{"token_type", "\"DPoP\""}, {"cnf", "{}"}}, APISEC_E_BINDING, CHECK_TYPE, ""},
        {{{"token_type", "\"DPoP\""}, {"cnf", "\"jkt\""}}, APISEC_E_BINDING, CHECK_TYPE, ""},
        {{{"token_type", "\"DPoP\""}, {"cnf", "{\"jkt\":\"x\"}"}}, APISEC_E_BINDING, CHECK_BINDING, "no proof came with it"},
        {{{"cnf", "{\"x5t#S256\":\"x\"}"}}, APISEC_E_BINDING, CHECK_BINDING, "nor a certificate"},
        {{{"aud", NULL}}, APISEC_E_CLAIM, CHECK_AUDIENCE, "for nobody in particular"},
        {{{"aud", "\"billing\""}}, APISEC_E_AUDIENCE, CHECK_AUDIENCE, ""},
        {{{"aud", "\"order\""}}, APISEC_E_AUDIENCE, CHECK_AUDIENCE, "a prefix"},
        {{{"aud", "[\"billing\",\"orders\"]"}}, APISEC_OK, NUM_CHECKS, ""},
        {{{"aud", "[\"orders\",7]"}}, APISEC_E_CLAIM, CHECK_AUDIENCE, ""},
        {{{"aud", "[]"}}, APISEC_E_CLAIM, CHECK_AUDIENCE, ""},
        {{{"aud", "null"}}, APISEC_E_CLAIM, CHECK_AUDIENCE, ""},
    };
    JUDGE(usual, rows);
}

static void when(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{{"exp", "1749999941"}}, APISEC_OK, NUM_CHECKS, "59 s ago, within the leeway"},
        {{{"exp", "1749999940"}}, APISEC_E_EXPIRED, CHECK_EXPIRY, "expired but active"},
        {{{"exp", NULL}}, APISEC_E_CLAIM, CHECK_EXPIRY, "for ever"},
        {{{"exp", "null"}}, APISEC_E_CLAIM, CHECK_EXPIRY, ""},
        {{{"exp", "\"1750000500\""}}, APISEC_E_CLAIM, CHECK_EXPIRY, "a string"},
        {{{"exp", "0"}}, APISEC_E_EXPIRED, CHECK_EXPIRY, "what some servers mean by never"},
        {{{"exp", "-1"}}, APISEC_E_CLAIM, CHECK_EXPIRY, ""},
        {{{"nbf", "1750000060"}}, APISEC_OK, NUM_CHECKS, ""},
        {{{"nbf", "1750000061"}}, APISEC_E_NOT_YET_VALID, CHECK_NOT_BEFORE, ""},
        {{{"nbf", "true"}}, APISEC_E_CLAIM, CHECK_NOT_BEFORE, ""},
        {{{"iat", "1750000061"}}, APISEC_E_NOT_YET_VALID, CHECK_ISSUED_AT, ""},
        {{{"iat", NULL}}, APISEC_OK, NUM_CHECKS, "RFC 7662: optional"},
        {{{"iat", "\"\""}}, APISEC_E_CLAIM, CHECK_ISSUED_AT, ""},
        {{{"exp", "1900000000"}}, APISEC_OK, NUM_CHECKS, "years: its issuer can end it at any time"},
    };
    JUDGE(usual, rows);
    static const struct row limited[] = {
        {{{NULL, NULL}}, APISEC_OK, NUM_CHECKS, "600 s"},
        {{{"exp", "1750000501"}}, APISEC_E_LIFETIME, CHECK_LIFETIME, "601 s"},
        {{{"iat", NULL}}, APISEC_E_CLAIM, CHECK_LIFETIME, "where a limit is set"},
    };
    const struct reference reference = {.max_lifetime = 600};
    JUDGE(reference, limited);
}

static void names(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{{"sub", NULL}, {"client_id", NULL}, {"jti", NULL}}, APISEC_OK, NUM_CHECKS, "RFC 7662: all optional"},
        {{{"sub", "null"}}, APISEC_E_CLAIM, CHECK_CLAIMS, "seen in the wild"},
        {{{"sub", "\"\""}}, APISEC_E_CLAIM, CHECK_CLAIMS, ""},
        {{{"sub", "7"}}, APISEC_E_CLAIM, CHECK_CLAIMS, ""},
        {{{"client_id", "7"}}, APISEC_E_CLAIM, CHECK_CLAIMS, ""},
        {{{"scope", "[\"orders:read\"]"}}, APISEC_E_CLAIM, CHECK_CLAIMS, "a string, RFC 7662 section 2.2"},
        {{{"act", "\"svc\""}}, APISEC_E_CLAIM, CHECK_CLAIMS, ""},
        {{{"act", "{\"sub\":\"svc\"}"}}, APISEC_OK, NUM_CHECKS, ""},
        {{{"nonce", "\"n\""}}, APISEC_E_TYPE, CHECK_CLAIMS, "an ID token"},
    };
    JUDGE(usual, rows);
    static const struct row demanding[] = {
        {{{"acr", "\"2\""}}, APISEC_OK, NUM_CHECKS, ""},
        {{{NULL, NULL}}, APISEC_E_CLAIM, CHECK_CLAIMS, "without what the issuer's tokens must have"},
    };
    const struct reference reference = {.required_claim = "acr"};
    JUDGE(reference, demanding);
}

static void without_audience(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{{"aud", NULL}}, APISEC_OK, NUM_CHECKS, "allowed"},
        {{{NULL, NULL}}, APISEC_OK, NUM_CHECKS, "and one that is there"},
        {{{"aud", "\"billing\""}}, APISEC_E_AUDIENCE, CHECK_AUDIENCE, "is judged all the same"},
        {{{"aud", "null"}}, APISEC_E_CLAIM, CHECK_AUDIENCE, "null is not absent"},
        {{{"aud", "[]"}}, APISEC_E_CLAIM, CHECK_AUDIENCE, ""},
    };
    const struct reference reference = {.without_audience = true};
    JUDGE(reference, rows);
}

/* The token that comes out is like any other, and outlives its verifier. */
static void the_token(void **state)
{
    (void)state;
    char *members = reference_members((struct forge_change[]){{"iss", NULL}, {"act", "{\"sub\":\"svc\"}"}, {NULL, NULL}});
    const struct script_answer answer = {.status = 200, .headers = REFERENCE_JSON, .body = members};
    struct script script;
    apisec_token *token = NULL;
    size_t len;
    script_init(&script, &answer, 1);
    apisec_verifier *verifier = reference_verifier(&(struct reference){.cache_s = 0}, &script.http);
    assert_int_equal(apisec_verify(verifier, REFERENCE_TOKEN, strlen(REFERENCE_TOKEN), FORGE_NOW, &token, NULL), APISEC_OK);
    apisec_verifier_free(verifier);
    assert_string_equal(apisec_token_issuer(token), FORGE_ISSUER);
    assert_string_equal(apisec_token_subject(token), "alice");
    assert_string_equal(apisec_token_principal(token), FORGE_ISSUER "|alice");
    assert_string_equal(apisec_token_client_id(token), "shop");
    assert_string_equal(apisec_token_actor(token, 0), "svc");
    assert_int_equal(apisec_token_has_scope(token, "orders:read"), APISEC_OK);
    assert_int_equal(apisec_token_has_scope(token, "orders"), APISEC_E_SCOPE);
    assert_true(apisec_token_expires_at(token) == 1750000500);
    assert_true(token_is_raw(token, text_of(REFERENCE_TOKEN)));
    const char *claims = apisec_token_claims_json(token, &len);
    assert_int_equal(len, strlen(members));
    assert_memory_equal(claims, members, len);
    const char *active = apisec_token_claim_json(token, "active", &len);
    assert_memory_equal(active, "true", 4);
    apisec_token_free(token);
    script_end(&script);
    free(members);
}

static void a_time_before_all_time(void **state)
{
    (void)state;
    struct script script;
    apisec_token *token = NULL;
    script_init(&script, NULL, 0);
    apisec_verifier *verifier = reference_verifier(&(struct reference){.cache_s = 0}, &script.http);
    assert_int_equal(apisec_verify(verifier, REFERENCE_TOKEN, strlen(REFERENCE_TOKEN), -1, &token, NULL), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_verify(verifier, "a b", 3, FORGE_NOW, &token, NULL), APISEC_E_MALFORMED); /* and nobody is asked */
    assert_int_equal(apisec_verify(verifier, "", 0, FORGE_NOW, &token, NULL), APISEC_E_MALFORMED);
    assert_int_equal(script.num_requests, 0);
    apisec_verifier_free(verifier);
    script_end(&script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_opaque_and_whose),
        cmocka_unit_test(a_token_has_a_limit),
        cmocka_unit_test(prefixes),
        cmocka_unit_test(who_and_for_whom),
        cmocka_unit_test(when),
        cmocka_unit_test(names),
        cmocka_unit_test(without_audience),
        cmocka_unit_test(the_token),
        cmocka_unit_test(a_time_before_all_time),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    forge_end();
    return failed;
}
