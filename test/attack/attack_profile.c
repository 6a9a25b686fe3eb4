/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_profile.c: attacks on which kind of token is accepted where, and from whom, when several issuers are trusted: tokens of
 * one kind or issuer in the place of another, Txn-Tokens that do not say whose they are, actors and heirs that cannot be named.
 */
#include "support/unit.h"
#include "support/stand.h"

#include <apisec/apisec.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVICE "https://txn.example"
#define OTHER   "https://other.example"
#define DOMAIN  "\"" FORGE_DOMAIN "\""

static const apisec_signer *signer, *other_signer, *rsa;
static char *set, *other_set, *rsa_set;
static apisec_verifier *access_tokens, *plain_tokens, *transactions; /* one issuer each */
static apisec_verifier *mixed;                                       /* several issuers, each of its own kind */
static apisec_verifier *shared;                                      /* two issuers of one trust domain */

static void judge(apisec_verifier *at, const char *what, char *token, apisec_status expected)
{
    if (expected == APISEC_OK) stand_accepts(at, what, token);
    if (expected != APISEC_OK) stand_refuses(at, what, token, expected);
}

/* ---- one kind of token in the place of another ---- */

/* Honestly signed by the trusted issuer, for the right audience, with all claims that each profile asks for: what is left to tell
 * them apart is what they say they are. */
static void test_every_kind_in_the_place_of_another(void **state)
{
    (void)state;
    static const struct {
        const char *what, *typ; /* raw JSON; NULL: absent */
        struct forge_change claim;
        apisec_status as_access, as_plain, as_transaction;
    } kinds[] = {
        {"access token", "\"at+jwt\"", {NULL, NULL}, APISEC_OK, APISEC_E_TYPE, APISEC_E_TYPE},
        {"plain JWT", "\"JWT\"", {NULL, NULL}, APISEC_E_TYPE, APISEC_OK, APISEC_E_TYPE},
        {"plain JWT without typ", NULL, {NULL, NULL}, APISEC_E_TYPE, APISEC_OK, APISEC_E_TYPE},
        {"Txn-Token", "\"txntoken+jwt\"", {NULL, NULL}, APISEC_E_TYPE, APISEC_E_TYPE, APISEC_OK},
        {"Txn-Token, full media type", "\"application/txntoken+jwt\"", {NULL, NULL}, APISEC_E_TYPE, APISEC_E_TYPE, APISEC_OK},
        {"Txn-Token of a first draft", "\"txn_token\"", {NULL, NULL}, APISEC_E_TYPE, APISEC_E_TYPE, APISEC_E_TYPE},
        {"ID token", "\"JWT\"", {"nonce", "\"n\""}, APISEC_E_TYPE, APISEC_E_TYPE, APISEC_E_TYPE},
        {"ID token with at_hash, without typ", NULL, {"at_hash", "\"aGFzaA\""}, APISEC_E_TYPE, APISEC_E_TYPE, APISEC_E_TYPE},
        {"logout token", "\"logout+jwt\"", {"events", "{}"}, APISEC_E_TYPE, APISEC_E_TYPE, APISEC_E_TYPE},
        {"logout token without its typ", NULL, {"events", "{}"}, APISEC_E_TYPE, APISEC_E_TYPE, APISEC_E_TYPE},
        {"security event", "\"secevent+jwt\"", {"events", "{}"}, APISEC_E_TYPE, APISEC_E_TYPE, APISEC_E_TYPE},
        {"client assertion", "\"client-authentication+jwt\"", {NULL, NULL}, APISEC_E_TYPE, APISEC_E_TYPE, APISEC_E_TYPE},
        {"DPoP proof", "\"dpop+jwt\"", {"htm", "\"GET\""}, APISEC_E_TYPE, APISEC_E_TYPE, APISEC_E_TYPE},
        {"status list", "\"statuslist+jwt\"", {"status_list", "{}"}, APISEC_E_TYPE, APISEC_E_TYPE, APISEC_E_TYPE},
        {"introspection answer", "\"token-introspection+jwt\"", {"token_introspection", "{\"active\":true}"},
         APISEC_E_TYPE, APISEC_E_TYPE, APISEC_E_TYPE},
        {"introspection answer without its typ", "\"JWT\"", {"token_introspection", "{\"active\":true}"},
         APISEC_E_TYPE, APISEC_E_TYPE, APISEC_E_TYPE},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct forge_change header[] = {{"typ", kinds[i].typ}, {NULL, NULL}};
        const struct forge_change claims[] = {{"iss", "\"" FORGE_ISSUER "\""}, {"aud", "[\"" FORGE_AUDIENCE "\"," DOMAIN "]"},
                                              {"jti", "\"t\""}, {"client_id", "\"shop\""}, kinds[i].claim, {NULL, NULL}};
        judge(access_tokens, kinds[i].what, forge_transaction(claims, header, signer), kinds[i].as_access);
        judge(plain_tokens, kinds[i].what, forge_transaction(claims, header, signer), kinds[i].as_plain);
        judge(transactions, kinds[i].what, forge_transaction(claims, header, signer), kinds[i].as_transaction);
    }
}

/* ---- Txn-Tokens ---- */

static void test_transaction_claims(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {"aud", DOMAIN, APISEC_OK, "the twin"},
        {"exp", "1750000261", APISEC_E_LIFETIME, "6 min and a second: a stolen one is worth something"},
        {"exp", "1749999940", APISEC_E_EXPIRED, ""},
        {"exp", NULL, APISEC_E_CLAIM, ""},
        {"iat", NULL, APISEC_E_CLAIM, ""},
        {"iat", "1750000061", APISEC_E_NOT_YET_VALID, ""},
        {"txn", NULL, APISEC_E_CLAIM, ""},
        {"txn", "[\"x\"]", APISEC_E_CLAIM, ""},
        {"sub", NULL, APISEC_E_CLAIM, ""},
        {"scope", NULL, APISEC_E_CLAIM, "no scope is not every scope"},
        {"req_wl", NULL, APISEC_E_CLAIM, "nobody asked for it"},
        {"req_wl", "[\"gateway\",\"evil\"]", APISEC_E_CLAIM, "who of the two?"},
        {"tctx", "\"{}\"", APISEC_E_CLAIM, "an object written as a string"},
        {"rctx", "null", APISEC_E_CLAIM, ""},
        {"tctx", "{\"limit\":25,\"limit\":1000000}", APISEC_E_MALFORMED, "twice, and nobody agrees on which counts"},
        {"cnf", "{\"jkt\":\"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I\"}", APISEC_E_BINDING, "bound, and nothing proves it"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char what[160];
        const struct forge_change claims[] = {{rows[i].name, rows[i].value}, {NULL, NULL}};
        snprintf(what, sizeof what, "%s = %s: %s", rows[i].name, rows[i].value == NULL ? "(absent)" : rows[i].value, rows[i].why);
        judge(transactions, what, forge_transaction(claims, FORGE_SAME, signer), rows[i].expected);
    }
}

static void test_whose_transaction(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct forge_change claims[3], header[2];
        apisec_status expected;
    } rows[] = {
        {"its domain says whose it is", {{0}}, {{0}}, APISEC_OK},
        {"it says so itself", {{"iss", "\"" SERVICE "\""}}, {{0}}, APISEC_OK},
        {"from nobody who is trusted", {{"iss", "\"https://evil.example\""}}, {{0}}, APISEC_E_ISSUER},
        {"from an empty name", {{"iss", "\"\""}}, {{0}}, APISEC_E_ISSUER},
        {"null is not absent", {{"iss", "null"}}, {{0}}, APISEC_E_CLAIM},
        {"from an issuer of access tokens", {{"iss", "\"" FORGE_ISSUER "\""}}, {{0}}, APISEC_E_TYPE},
        {"another domain", {{"aud", "\"other.example\""}}, {{0}}, APISEC_E_ISSUER},
        {"another domain, from the right service", {{"aud", "\"other.example\""}, {"iss", "\"" SERVICE "\""}}, {{0}},
         APISEC_E_AUDIENCE},
        {"the audience of access tokens is no trust domain", {{"aud", "\"" FORGE_AUDIENCE "\""}}, {{0}}, APISEC_E_ISSUER},
        {"no audience at all", {{"aud", NULL}}, {{0}}, APISEC_E_CLAIM},
        {"an access token that does not say whose it is", {{"aud", "\"" FORGE_AUDIENCE "\""}}, {{"typ", "\"at+jwt\""}},
         APISEC_E_CLAIM},
        {"the same, for the trust domain", {{0}}, {{"typ", "\"at+jwt\""}}, APISEC_E_CLAIM},
        {"no typ, no issuer", {{0}}, {{"typ", NULL}}, APISEC_E_CLAIM},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        judge(mixed, rows[i].what, forge_transaction(rows[i].claims, rows[i].header, signer), rows[i].expected);
    const struct forge_change none[] = {{NULL, NULL}};
    stand_refuses(mixed, "signed by another trusted issuer's key", forge_transaction(none, FORGE_SAME, other_signer),
                  APISEC_E_KEY_UNKNOWN);
}

/* Two services of one trust domain: a token that says which is judged with that one's keys; one that does not is nobody's. */
static void test_two_services_of_one_domain(void **state)
{
    (void)state;
    const struct forge_change first[] = {{"iss", "\"" SERVICE "\""}, {NULL, NULL}};
    const struct forge_change second[] = {{"iss", "\"" OTHER "\""}, {NULL, NULL}};
    stand_accepts(shared, "the first service", forge_transaction(first, FORGE_SAME, signer));
    stand_accepts(shared, "the second service", forge_transaction(second, FORGE_SAME, other_signer));
    stand_refuses(shared, "the first one's name, the second one's key", forge_transaction(first, FORGE_SAME, other_signer),
                  APISEC_E_KEY_UNKNOWN);
    stand_refuses(shared, "which one?", forge_transaction(FORGE_SAME, FORGE_SAME, signer), APISEC_E_ISSUER);
    stand_refuses(shared, "which one?", forge_transaction(FORGE_SAME, FORGE_SAME, other_signer), APISEC_E_ISSUER);
    stand_accepts(transactions, "the twin: there is one", forge_transaction(FORGE_SAME, FORGE_SAME, signer));
}

/* Who it is does not depend on whether the token repeats its issuer's name, and never on what the domain is called. */
static void test_the_principal_of_a_transaction(void **state)
{
    (void)state;
    const struct forge_change named[] = {{"iss", "\"" SERVICE "\""}, {NULL, NULL}};
    apisec_token *said = stand_verified(mixed, "with iss", forge_transaction(named, FORGE_SAME, signer));
    apisec_token *found = stand_verified(mixed, "without iss", forge_transaction(FORGE_SAME, FORGE_SAME, signer));
    apisec_token *access = stand_verified(mixed, "access token", forge_token(FORGE_SAME, FORGE_SAME, signer));
    assert_string_equal(apisec_token_issuer(found), SERVICE);
    assert_string_equal(apisec_token_principal(found), SERVICE "|alice");
    assert_string_equal(apisec_token_principal(found), apisec_token_principal(said));
    assert_string_not_equal(apisec_token_principal(found), apisec_token_principal(access));
    assert_string_equal(apisec_token_transaction(found), "x-1");
    assert_null(apisec_token_transaction(access));
    assert_null(apisec_token_claim_json(found, "iss", NULL)); /* the claims stay as they were signed */
    apisec_token_free(said);
    apisec_token_free(access);
    apisec_verifier *verifier = stand_new(&(struct stand_issuer){.name = SERVICE, .audience = FORGE_DOMAIN, .algorithms = {"HS256"},
                                                                 .keys = set, .profile = "txntoken+jwt"}, 1, NULL);
    apisec_token *kept = stand_verified(verifier, "the verifier ends first", forge_transaction(FORGE_SAME, FORGE_SAME, signer));
    apisec_verifier_free(verifier);
    assert_string_equal(apisec_token_issuer(kept), SERVICE);
    apisec_token_free(kept);
    apisec_token_free(found);
}

/* A Txn-Token is no access token: whoever may read the one must not be able to send it as the other. */
static apisec_status authenticate(const char *header, const char *before, char *token)
{
    apisec_decision *decision = NULL;
    char value[4096];
    apisec_call *call = apisec_call_new();
    snprintf(value, sizeof value, "%s%s", before, token);
    free(token);
    apisec_call_set_method(call, "GET", 3);
    apisec_call_set_target(call, "/", 1);
    apisec_call_set_time(call, FORGE_NOW);
    apisec_call_add_header(call, header, strlen(header), value, strlen(value));
    const apisec_status status = apisec_authenticate(mixed, NULL, call, &decision, NULL);
    apisec_call_free(call);
    assert_int_equal(apisec_decision_commit(decision, NULL), status);
    apisec_decision_free(decision);
    return status;
}

static void test_a_transaction_token_as_bearer_token(void **state)
{
    (void)state;
    assert_int_equal(authenticate("Authorization", "Bearer ", forge_transaction(FORGE_SAME, FORGE_SAME, signer)), APISEC_E_TYPE);
    assert_int_equal(authenticate("Authorization", "Bearer ", forge_token(FORGE_SAME, FORGE_SAME, signer)), APISEC_OK);
    assert_int_equal(authenticate("Txn-Token", "", forge_token(FORGE_SAME, FORGE_SAME, signer)), APISEC_E_TYPE);
    assert_int_equal(authenticate("Txn-Token", "", forge_transaction(FORGE_SAME, FORGE_SAME, signer)), APISEC_OK);
    assert_int_equal(authenticate("X-Txn-Token", "", forge_transaction(FORGE_SAME, FORGE_SAME, signer)), APISEC_E_NO_CREDENTIAL);
}

/* ---- several issuers ---- */

/* Each issuer is held to its own rules: what one may do is no permission for another. */
static void test_the_rules_of_another_issuer(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct forge_change claims[5], header[2];
        int signer; /* 0: signer, 1: other_signer, 2: rsa */
        apisec_status expected;
    } rows[] = {
        {"the first issuer by its rules", {{0}}, {{0}}, 0, APISEC_OK},
        {"the second issuer by its rules", {{"iss", "\"" OTHER "\""}, {"aud", "\"billing\""}}, {{"typ", "\"JWT\""}}, 1, APISEC_OK},
        {"the third issuer by its rules", {{"iss", "\"" OTHER "/\""}}, {{0}}, 2, APISEC_OK},
        {"the first for the second one's audience", {{"aud", "\"billing\""}}, {{0}}, 0, APISEC_E_AUDIENCE},
        {"the second for the first one's audience", {{"iss", "\"" OTHER "\""}}, {{"typ", "\"JWT\""}}, 1, APISEC_E_AUDIENCE},
        {"the first with the second one's type", {{0}}, {{"typ", "\"JWT\""}}, 0, APISEC_E_TYPE},
        {"the second with the first one's type", {{"iss", "\"" OTHER "\""}, {"aud", "\"billing\""}}, {{0}}, 1, APISEC_E_TYPE},
        {"the first with the third one's algorithm", {{0}}, {{0}}, 2, APISEC_E_ALGORITHM},
        {"the third with the first one's algorithm", {{"iss", "\"" OTHER "/\""}}, {{0}}, 0, APISEC_E_ALGORITHM},
        {"the first with the second one's key", {{0}}, {{0}}, 1, APISEC_E_KEY_UNKNOWN},
        {"the first, with the second one's leeway", {{"exp", "1749999800"}, {"iat", "1749999700"}}, {{0}}, 0, APISEC_E_EXPIRED},
        {"the second, with its own",
         {{"iss", "\"" OTHER "\""}, {"aud", "\"billing\""}, {"exp", "1749999800"}, {"iat", "1749999700"}},
         {{"typ", "\"JWT\""}},
         1,
         APISEC_OK},
        {"nearly the first one's name", {{"iss", "\"" FORGE_ISSUER "/\""}}, {{0}}, 0, APISEC_E_ISSUER},
        {"both names", {{"iss", "[\"" FORGE_ISSUER "\",\"" OTHER "\"]"}}, {{0}}, 0, APISEC_E_CLAIM},
    };
    const apisec_signer *const signers[] = {signer, other_signer, rsa};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        judge(mixed, rows[i].what, forge_token(rows[i].claims, rows[i].header, signers[rows[i].signer]), rows[i].expected);
}

/* ---- actors, and who may become one ---- */

static void test_parties_that_cannot_be_named(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {"act", "{\"sub\":\"gateway\",\"iss\":\"https://id.example\"}", APISEC_OK, "the twin"},
        {"act", "{\"sub\":\"gateway\",\"iss\":7}", APISEC_E_CLAIM, "whose gateway?"},
        {"act", "{\"sub\":\"gateway\",\"iss\":\"\"}", APISEC_E_CLAIM, ""},
        {"act", "{\"sub\":\"gateway\",\"act\":{\"sub\":\"edge\",\"iss\":[]}}", APISEC_E_CLAIM, "further in"},
        {"act", "{\"sub\":\"gateway\",\"act\":{\"sub\":\"edge\",\"sub\":\"evil\"}}", APISEC_E_MALFORMED, "twice"},
        {"act", "{\"sub\":\"1\",\"act\":{\"sub\":\"2\",\"act\":{\"sub\":\"3\",\"act\":{\"sub\":\"4\",\"act\":null}}}}",
         APISEC_E_CLAIM, "a fifth that is nobody"},
        {"may_act", "{\"sub\":\"batch\"}", APISEC_OK, "the twin"},
        {"may_act", "\"batch\"", APISEC_E_CLAIM, "a string"},
        {"may_act", "[{\"sub\":\"batch\"},{\"sub\":\"evil\"}]", APISEC_E_CLAIM, "several"},
        {"may_act", "{\"sub\":[\"batch\",\"evil\"]}", APISEC_E_CLAIM, ""},
        {"may_act", "{}", APISEC_E_CLAIM, "nobody, or anybody?"},
        {"may_act", "null", APISEC_E_CLAIM, "null is not absent"},
        {"may_act", "{\"sub\":\"batch\",\"iss\":{}}", APISEC_E_CLAIM, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char what[200];
        const struct forge_change claims[] = {{rows[i].name, rows[i].value}, {NULL, NULL}};
        snprintf(what, sizeof what, "%s = %s: %s", rows[i].name, rows[i].value, rows[i].why);
        judge(access_tokens, what, forge_token(claims, FORGE_SAME, signer), rows[i].expected);
    }
}

/* An actor is a pair as well: the same name from another issuer is another party. And who may act does not act. */
static void test_who_acts_and_who_may(void **state)
{
    (void)state;
    const struct forge_change claims[] = {
        {"act", "{\"sub\":\"gateway\",\"iss\":\"https://evil.example\",\"act\":{\"sub\":\"edge\"}}"},
        {"may_act", "{\"sub\":\"batch\"}"}, {"sid", "\"s-1\""}, {NULL, NULL}};
    apisec_token *token = stand_verified(access_tokens, "delegated", forge_token(claims, FORGE_SAME, signer));
    assert_int_equal(apisec_token_num_actors(token), 2);
    assert_string_equal(apisec_token_actor_issuer(token, 0), "https://evil.example");
    assert_null(apisec_token_actor_issuer(token, 1)); /* not handed down from the one outside of it */
    assert_string_equal(apisec_token_may_act(token), "batch");
    assert_string_equal(apisec_token_session(token), "s-1");
    apisec_token_free(token);
    const struct forge_change heir[] = {{"may_act", "{\"sub\":\"batch\"}"}, {NULL, NULL}};
    token = stand_verified(access_tokens, "not delegated yet", forge_token(heir, FORGE_SAME, signer));
    assert_int_equal(apisec_token_num_actors(token), 0);
    assert_null(apisec_token_actor(token, 0));
    apisec_token_free(token);
}

/* ---- what is thrown at ---- */

static apisec_verifier *make_mixed(void)
{
    apisec_verifier *verifier = NULL;
    apisec_trust *trust = apisec_trust_new();
    static const struct {
        const char *name, *audience, *profile, *algorithm;
        uint32_t leeway;
        int keys; /* 0: set, 1: other_set, 2: rsa_set */
    } issuers[] = {
        {FORGE_ISSUER, FORGE_AUDIENCE, "at+jwt", "HS256", 60, 0},
        {OTHER, "billing", "jwt", "HS256", 300, 1},
        {OTHER "/", FORGE_AUDIENCE, "at+jwt", "RS256", 0, 2},
        {SERVICE, FORGE_DOMAIN, "txntoken+jwt", "HS256", 60, 0},
    };
    const char *const sets[] = {set, other_set, rsa_set};
    for (size_t i = 0; i < sizeof issuers / sizeof issuers[0]; i++) {
        apisec_issuer *issuer = apisec_trust_add_issuer(trust, issuers[i].name);
        apisec_issuer_add_audience(issuer, issuers[i].audience);
        apisec_issuer_allow_algorithm(issuer, issuers[i].algorithm);
        apisec_issuer_set_profile(issuer, issuers[i].profile);
        apisec_issuer_set_leeway(issuer, issuers[i].leeway);
        apisec_issuer_set_jwks(issuer, sets[issuers[i].keys], strlen(sets[issuers[i].keys]));
    }
    assert_int_equal(apisec_verifier_new(trust, NULL, &verifier, NULL), APISEC_OK);
    apisec_trust_free(trust);
    return verifier;
}

static int begin(void **state)
{
    (void)state;
    signer = forge_signer("HS256", 0); /* quick: the algorithm is not what this is about */
    other_signer = forge_signer("HS256", 1);
    rsa = forge_signer("RS256", 0);
    set = forge_jwks((const apisec_signer *[]){signer, NULL});
    other_set = forge_jwks((const apisec_signer *[]){other_signer, NULL});
    rsa_set = forge_jwks((const apisec_signer *[]){rsa, NULL});
    const struct stand_issuer access = {.algorithms = {"HS256"}, .keys = set};
    const struct stand_issuer plain = {.algorithms = {"HS256"}, .keys = set, .profile = "jwt"};
    const struct stand_issuer txn = {.audience = FORGE_DOMAIN, .algorithms = {"HS256"}, .keys = set, .profile = "txntoken+jwt"};
    const struct stand_issuer two[] = {
        {.name = SERVICE, .audience = FORGE_DOMAIN, .algorithms = {"HS256"}, .keys = set, .profile = "txntoken+jwt"},
        {.name = OTHER, .audience = FORGE_DOMAIN, .algorithms = {"HS256"}, .keys = other_set, .profile = "txntoken+jwt"}};
    access_tokens = stand_new(&access, 1, NULL);
    plain_tokens = stand_new(&plain, 1, NULL);
    transactions = stand_new(&txn, 1, NULL);
    shared = stand_new(two, 2, NULL);
    mixed = make_mixed();
    return 0;
}

static int end(void **state)
{
    (void)state;
    apisec_verifier_free(access_tokens);
    apisec_verifier_free(plain_tokens);
    apisec_verifier_free(transactions);
    apisec_verifier_free(shared);
    apisec_verifier_free(mixed);
    free(set);
    free(other_set);
    free(rsa_set);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_in_the_place_of_another),
        cmocka_unit_test(test_transaction_claims),
        cmocka_unit_test(test_whose_transaction),
        cmocka_unit_test(test_two_services_of_one_domain),
        cmocka_unit_test(test_the_principal_of_a_transaction),
        cmocka_unit_test(test_a_transaction_token_as_bearer_token),
        cmocka_unit_test(test_the_rules_of_another_issuer),
        cmocka_unit_test(test_parties_that_cannot_be_named),
        cmocka_unit_test(test_who_acts_and_who_may),
    };
    return cmocka_run_group_tests_name("attack_profile", tests, begin, end);
}
