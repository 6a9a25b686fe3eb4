/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_introspection.c: attacks with opaque tokens and on the answers about them: answers that are no yes, answers about other
 * tokens, for other services, of other times; floods of tokens that nobody issued; tokens that were revoked; confusion of the two
 * kinds of token and of issuers. Beside each stands its harmless twin.
 */
#include "support/unit.h"
#include "support/reference.h"
#include "support/stand.h"

#include "crypto/crypto.h"

#include <apisec/apisec.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START REFERENCE_START

static const apisec_signer *signer, *evil;
static char *members;

struct attack {
    const char *body;
    const char *headers;     /* NULL: REFERENCE_JSON */
    apisec_status expected;
    const char *what;
};

/* throw asks a new verifier about a token, with this one answer. */
static void throw(const struct reference *reference, const struct attack *attack)
{
    const struct script_answer answer = {
        .status = 200, .headers = attack->headers == NULL ? REFERENCE_JSON : attack->headers, .body = attack->body};
    struct script script;
    apisec_error err;
    int64_t now_ms = START;
    script_init(&script, &answer, 1);
    apisec_verifier *verifier = reference_verifier(reference, NULL);
    const apisec_status status = reference_verify(verifier, &script, REFERENCE_TOKEN, &now_ms, NULL, &err);
    if (status != attack->expected) fail_msg("%s: %s: %s", attack->what, apisec_status_name(status), err.text);
    if (strstr(err.text, "2YotnFZF") != NULL) fail_msg("%s: the sentence tells bytes of the token", attack->what);
    apisec_verifier_free(verifier);
    script_end(&script);
}
#define THROW(reference, attacks)                                                                                             \
    for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks)[0]; i++) throw(&(reference), &(attacks)[i])

static const struct reference usual = {.cache_s = 0};

#define REST "\"sub\":\"alice\",\"aud\":\"orders\",\"exp\":1750000500}"

static void test_what_is_not_exactly_true_is_not_active(void **state)
{
    (void)state;
    static const struct attack attacks[] = {
        {"{\"active\":true," REST, NULL, APISEC_OK, "the twin"},
        {"{\"active\":\"true\"," REST, NULL, APISEC_E_RESPONSE, "a string"},
        {"{\"active\":\"false\"," REST, NULL, APISEC_E_RESPONSE, "a string that C takes for true"},
        {"{\"active\":1," REST, NULL, APISEC_E_RESPONSE, "a number"},
        {"{\"active\":[true]," REST, NULL, APISEC_E_RESPONSE, "an array"},
        {"{\"active\":null," REST, NULL, APISEC_E_RESPONSE, "null"},
        {"{" REST, NULL, APISEC_E_RESPONSE, "missing"},
        {"{\"ACTIVE\":true," REST, NULL, APISEC_E_RESPONSE, "another case"},
        {"{\"active\":false," REST, NULL, APISEC_E_INACTIVE, "false"},
        {"{\"active\":false,\"active\":true," REST, NULL, APISEC_E_RESPONSE, "no, then yes"},
        {"{\"active\":true,\"active\":false," REST, NULL, APISEC_E_RESPONSE, "yes, then no"},
        {"{\"active\":false,\"\\u0061ctive\":true," REST, NULL, APISEC_E_RESPONSE, "yes in disguise"},
        {"{\"active\":true," REST, "Content-Type: text/html\n", APISEC_E_RESPONSE, "a page that looks like a yes"},
        {"<html>{\"active\":true}</html>", NULL, APISEC_E_RESPONSE, "not JSON"},
        {"active=true&sub=alice", NULL, APISEC_E_RESPONSE, "a form"},
        {"{\"active\":true," REST "{\"active\":false}", NULL, APISEC_E_RESPONSE, "two answers"},
    };
    THROW(usual, attacks);
}

static void test_an_answer_for_another_service_of_another_issuer_or_another_time(void **state)
{
    (void)state;
    static const struct attack attacks[] = {
        {"{\"active\":true," REST, NULL, APISEC_OK, "the twin"},
        {"{\"active\":true,\"aud\":\"billing\",\"exp\":1750000500}", NULL, APISEC_E_AUDIENCE, "another service's token"},
        {"{\"active\":true,\"aud\":[\"orders2\",\"Orders\",\"orders/\"],\"exp\":1750000500}", NULL, APISEC_E_AUDIENCE, "nearly"},
        {"{\"active\":true,\"exp\":1750000500}", NULL, APISEC_E_CLAIM, "for nobody in particular"},
        {"{\"active\":true,\"aud\":\"orders\",\"exp\":1749999940}", NULL, APISEC_E_EXPIRED, "expired but active"},
        {"{\"active\":true,\"aud\":\"orders\"}", NULL, APISEC_E_CLAIM, "without an end"},
        {"{\"active\":true,\"aud\":\"orders\",\"exp\":\"1750000500\"}", NULL, APISEC_E_CLAIM, "an end that is a string"},
        {"{\"active\":true,\"aud\":\"orders\",\"exp\":1e400}", NULL, APISEC_E_RESPONSE, "an end that is no number"},
        {"{\"active\":true,\"nbf\":1750000061," REST, NULL, APISEC_E_NOT_YET_VALID, "not yet"},
        {"{\"active\":true,\"iss\":\"https://evil.example\"," REST, NULL, APISEC_E_ISSUER, "another issuer"},
        {"{\"active\":true,\"iss\":\"https://id.example.evil.example\"," REST, NULL, APISEC_E_ISSUER, "a prefix of it"},
        {"{\"active\":true,\"token_type\":\"refresh_token\"," REST, NULL, APISEC_E_TYPE, "a refresh token is active too"},
        {"{\"active\":true,\"token_type\":\"N_A\"," REST, NULL, APISEC_E_TYPE, "and so is what is no access token"},
        {"{\"active\":true,\"cnf\":{\"x5t#S256\":\"AA\"}," REST, NULL, APISEC_E_BINDING, "bound to a certificate, sent without it"},
        {"{\"active\":true,\"token_type\":\"DPoP\"," REST, NULL, APISEC_E_BINDING, "bound, and nobody says to what"},
        {"{\"active\":true,\"cnf\":null," REST, NULL, APISEC_E_CLAIM, "bound to nothing"},
    };
    THROW(usual, attacks);
}

static void test_a_signed_answer_that_is_forged_stale_or_of_another_kind(void **state)
{
    (void)state;
    static const struct forge_change none[] = {{NULL, NULL}};
    static const struct forge_change stale[] = {{"iat", "1749999900"}, {NULL, NULL}};
    static const struct forge_change others[] = {{"aud", "\"billing-api\""}, {NULL, NULL}};
    static const struct forge_change jwt[] = {{"typ", "\"at+jwt\""}, {NULL, NULL}};
    static const struct forge_change evil_key[] = {{"kid", NULL}, {NULL, NULL}};
    const struct reference signing = {.is_signed = true};
    struct attack attacks[] = {
        {reference_signed(members, none, none, signer), REFERENCE_JWT, APISEC_OK, "the twin"},
        {reference_signed(members, none, evil_key, evil), REFERENCE_JWT, APISEC_E_RESPONSE, "by another key"},
        {reference_signed(members, none, jwt, signer), REFERENCE_JWT, APISEC_E_RESPONSE, "a JWT of another kind"},
        {reference_signed(members, stale, none, signer), REFERENCE_JWT, APISEC_E_RESPONSE, "a yes of before, replayed"},
        {reference_signed(members, others, none, signer), REFERENCE_JWT, APISEC_E_RESPONSE, "a yes that another service was given"},
        {forge_token(FORGE_SAME, FORGE_SAME, signer), REFERENCE_JWT, APISEC_E_RESPONSE, "an access token of the issuer"},
        {forge_hmac("{\"typ\":\"token-introspection+jwt\",\"alg\":\"HS256\"}", members, "HS256", text_of("")), REFERENCE_JWT,
         APISEC_E_RESPONSE, "an HMAC"},
        {forge_raw("eyJ0eXAiOiJ0b2tlbi1pbnRyb3NwZWN0aW9uK2p3dCIsImFsZyI6Im5vbmUifQ", "e30", ""), REFERENCE_JWT, APISEC_E_RESPONSE,
         "alg none"},
    };
    THROW(signing, attacks);
    const struct attack unsigned_yes = {members, NULL, APISEC_E_RESPONSE, "an answer that is not signed"};
    throw(&signing, &unsigned_yes);
    for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++) free((char *)(uintptr_t)attacks[i].body);
}

/* ---- floods ---- */

/* A server that counts how many ask it at once, and says no after a while. */
struct slow_server {
    apisec_http http;
    atomic_int now, most, total;
};

static apisec_status slow(apisec_http *http, apisec_op *op)
{
    static const char body[] = "{\"active\":false}";
    struct slow_server *server = http->context;
    const int now = atomic_fetch_add(&server->now, 1) + 1;
    for (int most = atomic_load(&server->most); now > most && !atomic_compare_exchange_weak(&server->most, &most, now);) continue;
    atomic_fetch_add(&server->total, 1);
    clock_sleep_ms(20);
    atomic_fetch_sub(&server->now, 1);
    apisec_op_answer_status(op, 200);
    apisec_op_answer_header(op, "Content-Type", 12, "application/json", 16);
    apisec_op_answer_body(op, body, sizeof body - 1);
    return apisec_op_answer_end(op, APISEC_OK);
}

static apisec_verifier *flooded;
static atomic_int num_busy, num_inactive;

static void *flood(void *context)
{
    for (int i = 0; i < 20; i++) {
        char token[64];
        apisec_token *verified = NULL;
        snprintf(token, sizeof token, "random-%d-%d", *(const int *)context, i);
        const apisec_status status = apisec_verify(flooded, token, strlen(token), FORGE_NOW, &verified, NULL);
        if (verified != NULL) return "a token";
        atomic_fetch_add(status == APISEC_E_BUSY ? &num_busy : &num_inactive, 1);
        if (status != APISEC_E_BUSY && status != APISEC_E_INACTIVE) return "another status";
    }
    return NULL;
}

/* One issuer with keys, and one that is asked: the flood is the latter's alone. */
static apisec_verifier *two_issuers(apisec_http *http, const char *set)
{
    apisec_verifier *verifier = NULL;
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *partner = apisec_trust_add_issuer(trust, "https://partner.example");
    apisec_issuer_add_audience(partner, FORGE_AUDIENCE);
    apisec_issuer_allow_algorithm(partner, "ES256");
    apisec_issuer_set_jwks(partner, set, strlen(set));
    reference_issuer(trust, &usual);
    assert_int_equal(apisec_verifier_new(trust, http, &verifier, NULL), APISEC_OK);
    apisec_trust_free(trust);
    return verifier;
}

static void test_a_flood_of_random_opaque_tokens(void **state)
{
    (void)state;
    struct slow_server server = {.http = {.context = &server, .perform = slow}};
    char *set = forge_jwks((const apisec_signer *[]){signer, NULL});
    char *good = forge_token((struct forge_change[]){{"iss", "\"https://partner.example\""}, {NULL, NULL}}, FORGE_SAME, signer);
    pthread_t threads[40];
    int numbers[40];
    flooded = two_issuers(&server.http, set);
    for (int i = 0; i < 40; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, flood, &numbers[i]), 0);
    }
    for (int i = 0; i < 100; i++) { /* the other issuer's tokens pass meanwhile */
        apisec_token *verified = NULL;
        assert_int_equal(apisec_verify(flooded, good, strlen(good), FORGE_NOW, &verified, NULL), APISEC_OK);
        apisec_token_free(verified);
    }
    for (size_t i = 0; i < 40; i++) {
        void *wrong = NULL;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        if (wrong != NULL) fail_msg("%s", (const char *)wrong);
    }
    assert_true(atomic_load(&server.most) <= 16);
    assert_int_equal(atomic_load(&num_busy) + atomic_load(&num_inactive), 800);
    assert_int_equal(atomic_load(&server.total), atomic_load(&num_inactive));
    assert_true(atomic_load(&num_busy) > 0 && atomic_load(&num_inactive) > 0);
    apisec_verifier_free(flooded);
    free(good);
    free(set);
}

/* The same token, wherever it comes from: asked once. */
static void *stampede(void *context)
{
    apisec_token *verified = NULL;
    (void)context;
    const apisec_status status = apisec_verify(flooded, "the-same", 8, FORGE_NOW, &verified, NULL);
    apisec_token_free(verified);
    return status == APISEC_E_INACTIVE ? NULL : "another status";
}

static void test_a_stampede_with_one_token_is_one_question(void **state)
{
    (void)state;
    struct slow_server server = {.http = {.context = &server, .perform = slow}};
    pthread_t threads[40];
    flooded = reference_verifier(&usual, &server.http);
    for (size_t i = 0; i < 40; i++) assert_int_equal(pthread_create(&threads[i], NULL, stampede, NULL), 0);
    for (size_t i = 0; i < 40; i++) {
        void *wrong = NULL;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        if (wrong != NULL) fail_msg("%s", (const char *)wrong);
    }
    assert_int_equal(atomic_load(&server.total), 1);
    assert_null(stampede(NULL)); /* a no is kept as well */
    assert_int_equal(atomic_load(&server.total), 1);
    apisec_verifier_free(flooded);
}

/* ---- what was true a moment ago ---- */

static void test_a_revoked_token_passes_no_longer_than_the_answer_is_kept(void **state)
{
    (void)state;
    const struct script_answer answers[] = {{.status = 200, .headers = REFERENCE_JSON, .body = members},
                                            {.status = 200, .headers = REFERENCE_JSON, .body = "{\"active\":false}"}};
    static const struct {
        int64_t at_ms;
        apisec_status expected;
    } moments[] = {{0, APISEC_OK}, {9999, APISEC_OK}, {10000, APISEC_E_INACTIVE}, {10001, APISEC_E_INACTIVE}};
    struct script script;
    script_init(&script, answers, 2);
    apisec_verifier *verifier = reference_verifier(&usual, NULL);
    for (size_t i = 0; i < 4; i++) {
        int64_t now_ms = START + moments[i].at_ms;
        const apisec_status status = reference_verify(verifier, &script, REFERENCE_TOKEN, &now_ms, NULL, NULL);
        if (status != moments[i].expected) fail_msg("moment %zu: %s", i, apisec_status_name(status));
    }
    apisec_verifier_free(verifier);
    script_end(&script);
}

/* What is denied here is denied at once, whatever the issuer said a moment ago. */
static void test_a_kept_yes_does_not_outlive_a_denial(void **state)
{
    (void)state;
    const struct script_answer answer = {.status = 200, .headers = REFERENCE_JSON, .body = members};
    struct script script;
    int64_t now_ms = START;
    script_init(&script, &answer, 1);
    apisec_verifier *verifier = reference_verifier(&usual, NULL);
    assert_int_equal(reference_verify(verifier, &script, REFERENCE_TOKEN, &now_ms, NULL, NULL), APISEC_OK);
    assert_int_equal(reference_verify(verifier, &script, REFERENCE_TOKEN, &now_ms, NULL, NULL), APISEC_OK); /* the twin: kept */
    assert_int_equal(apisec_verifier_deny_id(verifier, FORGE_ISSUER, "t-1", FORGE_NOW + 1000, NULL), APISEC_OK);
    assert_int_equal(reference_verify(verifier, &script, REFERENCE_TOKEN, &now_ms, NULL, NULL), APISEC_E_REVOKED);
    apisec_verifier_free(verifier);
    script_end(&script);
}

static void test_a_clock_that_is_set_back_gives_no_yes_a_longer_life(void **state)
{
    (void)state;
    const struct script_answer answers[] = {{.status = 200, .headers = REFERENCE_JSON, .body = members},
                                            {.status = 200, .headers = REFERENCE_JSON, .body = "{\"active\":false}"}};
    struct script script;
    int64_t now_ms = START + 3600000;
    script_init(&script, answers, 2);
    apisec_verifier *verifier = reference_verifier(&usual, NULL);
    assert_int_equal(reference_verify(verifier, &script, REFERENCE_TOKEN, &now_ms, NULL, NULL), APISEC_OK);
    now_ms = START + 3600000 + 9999;
    assert_int_equal(reference_verify(verifier, &script, REFERENCE_TOKEN, &now_ms, NULL, NULL), APISEC_OK); /* the twin */
    now_ms = START;
    assert_int_equal(reference_verify(verifier, &script, REFERENCE_TOKEN, &now_ms, NULL, NULL), APISEC_E_INACTIVE);
    apisec_verifier_free(verifier);
    script_end(&script);
}

static void test_an_issuer_that_is_away_lets_nobody_in(void **state)
{
    (void)state;
    const struct script_answer answers[] = {
        {.transport = APISEC_E_UNREACHABLE}, {.status = 500, .headers = REFERENCE_JSON, .body = members},
        {.transport = APISEC_E_TIMEOUT, .status = 200, .headers = REFERENCE_JSON, .body = members},
        {.status = 200, .headers = REFERENCE_JSON, .body = members},
    };
    static const apisec_status expected[] = {APISEC_E_UNREACHABLE, APISEC_E_UNREACHABLE, APISEC_E_TIMEOUT, APISEC_OK};
    struct script script;
    int64_t now_ms = START;
    script_init(&script, answers, 4);
    apisec_verifier *verifier = reference_verifier(&usual, NULL);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(reference_verify(verifier, &script, REFERENCE_TOKEN, &now_ms, NULL, NULL), expected[i]);
    apisec_verifier_free(verifier);
    script_end(&script);
}

/* ---- one for another ---- */

/* A kept yes is the token's own: not that of one that differs in a byte, nor of another verifier's. */
static void test_a_kept_yes_is_for_no_other_token(void **state)
{
    (void)state;
    static const char *const others[] = {"2YotnFZFEjr1zCsicMWpAB", "2YotnFZFEjr1zCsicMWpA", "2YotnFZFEjr1zCsicMWpAA=",
                                         "2yotnFZFEjr1zCsicMWpAA", "A2YotnFZFEjr1zCsicMWpA"};
    const struct script_answer routes[] = {
        {.url = REFERENCE_URL, .status = 200, .headers = REFERENCE_JSON, .body = "{\"active\":false}"}};
    const struct script_answer first = {.status = 200, .headers = REFERENCE_JSON, .body = members};
    struct script yes, no;
    int64_t now_ms = START;
    script_init(&yes, &first, 1);
    script_init_routes(&no, routes, 1);
    apisec_verifier *verifier = reference_verifier(&usual, NULL), *other = reference_verifier(&usual, NULL);
    assert_int_equal(reference_verify(verifier, &yes, REFERENCE_TOKEN, &now_ms, NULL, NULL), APISEC_OK);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(reference_verify(verifier, &no, others[i], &now_ms, NULL, NULL), APISEC_E_INACTIVE);
    assert_int_equal(reference_verify(other, &no, REFERENCE_TOKEN, &now_ms, NULL, NULL), APISEC_E_INACTIVE);
    assert_int_equal(reference_verify(verifier, &no, REFERENCE_TOKEN, &now_ms, NULL, NULL), APISEC_OK); /* the twin */
    apisec_verifier_free(verifier);
    apisec_verifier_free(other);
    script_end(&yes);
    script_end(&no);
}

/* Who shows a token to one issuer that is another's must not make us hand it to the wrong one. */
static void test_a_token_is_shown_to_its_own_issuer_only(void **state)
{
    (void)state;
    static const struct script_answer answers[] = {
        {.url = "https://partner.example/introspect", .body_has = {"token=ptn_1"}, .status = 200, .headers = REFERENCE_JSON,
         .body = "{\"active\":true,\"iss\":\"" FORGE_ISSUER "\"," REST}, /* and the partner cannot speak for the other */
        {.url = "https://partner.example/introspect", .status = 200, .headers = REFERENCE_JSON, .body = "{\"active\":true," REST},
        {.url = REFERENCE_URL, .body_has = {"token=pt"}, .status = 200, .headers = REFERENCE_JSON,
         .body = "{\"active\":true," REST},
    };
    apisec_verifier *verifier = NULL;
    apisec_token *token = NULL;
    struct script script;
    int64_t now_ms = START;
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *partner = apisec_trust_add_issuer(trust, "https://partner.example");
    apisec_issuer_add_audience(partner, FORGE_AUDIENCE);
    apisec_issuer_set_introspection(partner, "https://partner.example/introspect");
    apisec_issuer_set_introspection_basic(partner, "me", "partner-secret", 14);
    apisec_issuer_set_opaque_prefix(partner, "ptn_");
    reference_issuer(trust, &usual);
    assert_int_equal(apisec_verifier_new(trust, NULL, &verifier, NULL), APISEC_OK);
    apisec_trust_free(trust);
    script_init(&script, answers, 3);
    assert_int_equal(reference_verify(verifier, &script, "ptn_1", &now_ms, NULL, NULL), APISEC_E_ISSUER);
    assert_int_equal(reference_verify(verifier, &script, "ptn_2", &now_ms, &token, NULL), APISEC_OK);
    assert_string_equal(apisec_token_principal(token), "https://partner.example|alice"); /* never the other's alice */
    apisec_token_free(token);
    assert_int_equal(reference_verify(verifier, &script, "ptn-2", &now_ms, &token, NULL), APISEC_OK);
    assert_string_equal(apisec_token_principal(token), FORGE_ISSUER "|alice");
    apisec_token_free(token);
    apisec_verifier_free(verifier);
    script_end(&script);
}

/* A forged JWT is not an opaque token, however wrong it is: its issuer is never asked to look kindly on it. */
static void test_a_jwt_is_never_introspected(void **state)
{
    (void)state;
    struct script script;
    script_init(&script, NULL, 0); /* no request at all */
    apisec_verifier *verifier = reference_verifier(&(struct reference){.is_signed = true}, &script.http);
    stand_refuses(verifier, "a forged JWT", forge_token(FORGE_SAME, (struct forge_change[]){{"kid", NULL}, {NULL, NULL}}, evil),
                  APISEC_E_SIGNATURE);
    stand_refuses(verifier, "of another issuer",
                  forge_token((struct forge_change[]){{"iss", "\"https://x.example\""}, {NULL, NULL}}, FORGE_SAME, signer),
                  APISEC_E_ISSUER);
    stand_refuses_bytes(verifier, "three parts of nothing", "a.b.c", 5, APISEC_E_MALFORMED);
    stand_refuses_bytes(verifier, "no token's bytes", "abc def", 7, APISEC_E_MALFORMED);
    stand_refuses_bytes(verifier, "a line more", "abc\n", 4, APISEC_E_MALFORMED);
    stand_refuses_bytes(verifier, "JSON", "{\"active\":true}", 15, APISEC_E_MALFORMED);
    stand_accepts(verifier, "the twin", forge_token(FORGE_SAME, FORGE_SAME, signer));
    apisec_verifier_free(verifier);
    script_end(&script);
}

/* ---- from the request to the reply ---- */

struct sending {
    const char *header, *value;
    const char *der;         /* the client certificate of the connection, NULL: none */
    apisec_status expected;
    size_t num_requests;     /* to the introspection endpoint */
    const char *why;
};

/* send: a call as it came, to a service that also takes Txn-Tokens, of another issuer. */
static void send_call(const char *body, const struct sending *sending)
{
    const struct script_answer route = {.url = REFERENCE_URL, .status = 200, .headers = REFERENCE_JSON, .body = body};
    char *set = forge_jwks((const apisec_signer *[]){signer, NULL});
    struct script script;
    apisec_error err;
    apisec_verifier *verifier = NULL;
    apisec_decision *decision = NULL;
    apisec_call *call = apisec_call_new();
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *domain = apisec_trust_add_issuer(trust, "https://txn.example");
    apisec_issuer_set_profile(domain, "txntoken+jwt");
    apisec_issuer_add_audience(domain, "https://domain.example");
    apisec_issuer_allow_algorithm(domain, "ES256");
    apisec_issuer_set_jwks(domain, set, strlen(set));
    reference_issuer(trust, &usual);
    script_init_routes(&script, &route, 1);
    assert_int_equal(apisec_verifier_new(trust, &script.http, &verifier, NULL), APISEC_OK);
    apisec_trust_free(trust);
    apisec_call_set_time(call, FORGE_NOW);
    apisec_call_add_header(call, sending->header, strlen(sending->header), sending->value, strlen(sending->value));
    if (sending->der != NULL) apisec_call_set_peer_certificate(call, (const unsigned char *)sending->der, strlen(sending->der));
    const apisec_status status = apisec_authenticate(verifier, NULL, call, &decision, &err);
    if (status != sending->expected) fail_msg("%s: %s: %s", sending->why, apisec_status_name(status), err.text);
    if (script.num_requests != sending->num_requests) fail_msg("%s: %zu requests", sending->why, script.num_requests);
    (void)apisec_decision_commit(decision, NULL);
    apisec_decision_free(decision);
    apisec_call_free(call);
    apisec_verifier_free(verifier);
    script_end(&script);
    free(set);
}

static void test_an_opaque_token_in_the_place_of_a_txn_token(void **state)
{
    (void)state;
    static const struct sending sendings[] = {
        {"Authorization", "Bearer " REFERENCE_TOKEN, NULL, APISEC_OK, 1, "the twin"},
        {"Txn-Token", REFERENCE_TOKEN, NULL, APISEC_E_TYPE, 0, "it is shown to nobody"},
    };
    for (size_t i = 0; i < 2; i++) send_call("{\"active\":true," REST, &sendings[i]);
}

/* SHA-256 of the eleven bytes "certificate", RFC 8705 section 3.2: the answer names what the token is bound to. */
static void test_a_bound_opaque_token_with_another_certificate(void **state)
{
    (void)state;
    unsigned char hash[32];
    char thumbprint[44], body[256];
    static const struct sending sendings[] = {
        {"Authorization", "Bearer " REFERENCE_TOKEN, "certificate", APISEC_OK, 1, "the twin"},
        {"Authorization", "Bearer " REFERENCE_TOKEN, "certificatf", APISEC_E_BINDING, 1, "another certificate"},
        {"Authorization", "Bearer " REFERENCE_TOKEN, NULL, APISEC_E_BINDING, 1, "no certificate"},
    };
    assert_int_equal(crypto_hash_bytes(CRYPTO_SHA256, "certificate", 11, hash), APISEC_OK);
    base64url_encode(hash, sizeof hash, thumbprint);
    snprintf(body, sizeof body, "{\"active\":true,\"cnf\":{\"x5t#S256\":\"%s\"}," REST, thumbprint);
    for (size_t i = 0; i < 3; i++) send_call(body, &sendings[i]);
}

static void test_the_reply_and_the_reason(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int32_t status, http;
        apisec_status expected;
        const char *challenge;   /* NULL: none */
    } rows[] = {
        {"{\"active\":true," REST, 200, 200, APISEC_OK, NULL},
        {"{\"active\":false}", 200, 401, APISEC_E_INACTIVE, "invalid_token"},
        {"{\"active\":\"true\"}", 200, 502, APISEC_E_RESPONSE, NULL},
        {"{}", 500, 503, APISEC_E_UNREACHABLE, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct script_answer answer = {.status = rows[i].status, .headers = REFERENCE_JSON, .body = rows[i].body};
        struct script script;
        apisec_decision *decision = NULL;
        apisec_call *call = apisec_call_new();
        script_init(&script, &answer, 1);
        apisec_verifier *verifier = reference_verifier(&usual, &script.http);
        apisec_call_set_method(call, "GET", 3);
        apisec_call_set_target(call, "/orders", 7);
        apisec_call_set_time(call, FORGE_NOW);
        apisec_call_add_header(call, "Authorization", 13, "Bearer " REFERENCE_TOKEN, 7 + strlen(REFERENCE_TOKEN));
        assert_int_equal(apisec_authenticate(verifier, NULL, call, &decision, NULL), rows[i].expected);
        assert_int_equal(apisec_decision_commit(decision, NULL), rows[i].expected);
        assert_int_equal(apisec_decision_http_status(decision), rows[i].http);
        if (rows[i].challenge != NULL) assert_non_null(strstr(apisec_decision_header_value(decision, 0), rows[i].challenge));
        const char *explanation = apisec_decision_explanation(decision);
        assert_non_null(strstr(explanation, "\"introspection\""));
        assert_null(strstr(explanation, "\"signature\""));
        assert_null(strstr(explanation, "2YotnFZF"));
        apisec_decision_free(decision);
        apisec_call_free(call);
        apisec_verifier_free(verifier);
        script_end(&script);
    }
}

int main(void)
{
    signer = forge_signer("ES256", 0);
    evil = forge_signer("ES256", 1);
    members = reference_members(FORGE_SAME);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_not_exactly_true_is_not_active),
        cmocka_unit_test(test_an_answer_for_another_service_of_another_issuer_or_another_time),
        cmocka_unit_test(test_a_signed_answer_that_is_forged_stale_or_of_another_kind),
        cmocka_unit_test(test_a_flood_of_random_opaque_tokens),
        cmocka_unit_test(test_a_stampede_with_one_token_is_one_question),
        cmocka_unit_test(test_a_revoked_token_passes_no_longer_than_the_answer_is_kept),
        cmocka_unit_test(test_a_kept_yes_does_not_outlive_a_denial),
        cmocka_unit_test(test_a_clock_that_is_set_back_gives_no_yes_a_longer_life),
        cmocka_unit_test(test_an_issuer_that_is_away_lets_nobody_in),
        cmocka_unit_test(test_a_kept_yes_is_for_no_other_token),
        cmocka_unit_test(test_a_token_is_shown_to_its_own_issuer_only),
        cmocka_unit_test(test_a_jwt_is_never_introspected),
        cmocka_unit_test(test_an_opaque_token_in_the_place_of_a_txn_token),
        cmocka_unit_test(test_a_bound_opaque_token_with_another_certificate),
        cmocka_unit_test(test_the_reply_and_the_reason),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(members);
    forge_end();
    return failed;
}
