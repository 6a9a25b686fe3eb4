/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_cache.c: attacks on verdicts that are kept: used under another policy or by another verifier, after their time, after a
 * revocation, after the key was retired, for other bytes, sent another way or by somebody else. Each time the token is in the cache
 * when the attack comes; the twin, which is served from there, is the very object that was verified first.
 */
#include "support/unit.h"
#include "support/bound.h"
#include "support/script.h"
#include "support/stand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START ((int64_t)FORGE_NOW * 1000)
#define EXPIRES 1750000500 /* FORGE_EXPIRES */
#define ISSUED 1749999900  /* FORGE_ISSUED */
#define LEEWAY 60
#define AGE_MS 300000      /* how long a verdict is kept */
#define URL FORGE_ISSUER "/jwks"
#define JSON "Content-Type: application/json\n"
#define UNTIL (INT64_C(1) << 40) /* beyond the clock of this process */

static char *keys, *other_keys, *both_keys;
static char *token;

static apisec_verifier *verifier_of(const char *key_set)
{
    const struct stand_issuer issuer = {.algorithms = {"ES256"}, .keys = key_set};
    return stand_new(&issuer, 1, NULL);
}

/* verify_at: now is the time the token is judged at, now_ms the clock's. */
static apisec_status verify_at(apisec_verifier *verifier, struct script *script, const char *bytes, int64_t now, int64_t now_ms,
                               apisec_token **verified)
{
    return stand_verify(verifier, script, bytes, now, &now_ms, verified, NULL);
}

/* A token that was verified first, and is held, so that no other one is made where it lies. */
struct kept {
    apisec_verifier *verifier;
    struct script *script;
    const char *bytes;
    apisec_token *token;
};

static struct kept keep(apisec_verifier *verifier, struct script *script, const char *bytes)
{
    struct kept kept = {verifier, script, bytes, NULL};
    assert_int_equal(verify_at(verifier, script, bytes, FORGE_NOW, START, &kept.token), APISEC_OK);
    return kept;
}

static void check(const struct kept *kept, const char *what, int64_t now, int64_t now_ms, apisec_status expected, bool from_cache)
{
    apisec_token *verified = NULL;
    const apisec_status status = verify_at(kept->verifier, kept->script, kept->bytes, now, now_ms, &verified);
    if (status != expected) fail_msg("%s: %s", what, apisec_status_name(status));
    if (verified != NULL && (verified == kept->token) != from_cache) fail_msg("%s: from the cache: %d", what, !from_cache);
    apisec_token_free(verified);
}

/* ---- another policy, audience, verifier (CVE-2026-35030, CVE-2026-35039) ---- */

static void test_a_verdict_under_another_policy(void **state)
{
    (void)state;
    static const struct {
        const char *name, *issuer, *audience, *alg, *profile, *claim;
        apisec_status expected;
    } rows[] = {
        {"the same policy", FORGE_ISSUER, FORGE_AUDIENCE, "ES256", "at+jwt", "scope", APISEC_OK},
        {"another audience", FORGE_ISSUER, "ledger", "ES256", "at+jwt", "scope", APISEC_E_AUDIENCE},
        {"another issuer", "https://other.example", FORGE_AUDIENCE, "ES256", "at+jwt", "scope", APISEC_E_ISSUER},
        {"another algorithm", FORGE_ISSUER, FORGE_AUDIENCE, "ES384", "at+jwt", "scope", APISEC_E_ALGORITHM},
        {"another profile", FORGE_ISSUER, FORGE_AUDIENCE, "ES256", "jwt", "scope", APISEC_E_TYPE},
        {"one claim more", FORGE_ISSUER, FORGE_AUDIENCE, "ES256", "at+jwt", "tenant", APISEC_E_CLAIM},
    };
    const apisec_signer *const p384 = forge_signer("ES384", 0);
    char *const set = forge_jwks((const apisec_signer *[]){forge_signer("ES256", 0), p384, NULL});
    struct script script;
    script_init(&script, NULL, 0);
    apisec_verifier *const verifier = verifier_of(keys);
    const struct kept kept = keep(verifier, &script, token);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_trust *const trust = apisec_trust_new();
        apisec_issuer *const issuer = apisec_trust_add_issuer(trust, rows[i].issuer);
        apisec_issuer_add_audience(issuer, rows[i].audience);
        apisec_issuer_allow_algorithm(issuer, rows[i].alg);
        apisec_issuer_set_profile(issuer, rows[i].profile);
        apisec_issuer_require_claim(issuer, rows[i].claim);
        apisec_issuer_set_jwks(issuer, set, strlen(set));
        const struct kept elsewhere = {bound_verifier(trust, NULL), &script, token, kept.token};
        for (int time = 0; time < 2; time++) check(&elsewhere, rows[i].name, FORGE_NOW, START, rows[i].expected, false);
        check(&kept, "what another refuses is no denial here", FORGE_NOW, START, APISEC_OK, true);
        apisec_verifier_free(elsewhere.verifier);
    }
    apisec_token_free(kept.token);
    apisec_verifier_free(verifier);
    script_end(&script);
    free(set);
}

/* ---- time ---- */

static void test_a_verdict_after_its_time(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t now, after_ms;
        apisec_status expected;
        bool from_cache;
    } rows[] = {
        {"at once", FORGE_NOW, 0, APISEC_OK, true},
        {"in the last second of exp and leeway", EXPIRES + LEEWAY - 1, 0, APISEC_OK, true},
        {"a second later", EXPIRES + LEEWAY, 0, APISEC_E_EXPIRED, false},
        {"set back to the first second of iat and leeway", ISSUED - LEEWAY, 0, APISEC_OK, true},
        {"set back by a second more", ISSUED - LEEWAY - 1, 0, APISEC_E_NOT_YET_VALID, false},
        {"set back by an hour", FORGE_NOW - 3600, -3600000, APISEC_E_NOT_YET_VALID, false},
        {"in the last moment it may be kept", FORGE_NOW, AGE_MS - 1, APISEC_OK, true},
    };
    struct script script;
    script_init(&script, NULL, 0);
    apisec_verifier *const verifier = verifier_of(keys);
    const struct kept kept = keep(verifier, &script, token);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check(&kept, rows[i].name, rows[i].now, START + rows[i].after_ms, rows[i].expected, rows[i].from_cache);
    apisec_token_free(kept.token);
    apisec_verifier_free(verifier);
    script_end(&script);
}

/* Beyond its age, and before its making by a clock that was set back, a verdict is made anew. */
static void test_a_verdict_that_is_kept_too_long(void **state)
{
    (void)state;
    static const int64_t after_ms[] = {AGE_MS, -1, -3600000};
    for (size_t i = 0; i < sizeof after_ms / sizeof after_ms[0]; i++) {
        struct script script;
        script_init(&script, NULL, 0);
        apisec_verifier *const verifier = verifier_of(keys);
        const struct kept kept = keep(verifier, &script, token);
        check(&kept, "the twin", FORGE_NOW, START, APISEC_OK, true);
        check(&kept, "out of its time", FORGE_NOW, START + after_ms[i], APISEC_OK, false);
        apisec_token_free(kept.token);
        apisec_verifier_free(verifier);
        script_end(&script);
    }
}

/* ---- revocation ---- */

static void test_a_verdict_after_a_revocation(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *id, *session, *principal; /* what is denied */
        bool refused;
    } rows[] = {
        {"another id", "other-id", NULL, NULL, false},
        {"its id", "id-7", NULL, NULL, true},
        {"another session", NULL, "other-session", NULL, false},
        {"its session", NULL, "session-7", NULL, true},
        {"another principal", NULL, NULL, FORGE_ISSUER "|bob", false},
        {"its principal", NULL, NULL, FORGE_ISSUER "|alice", true},
    };
    const struct forge_change changes[] = {{"jti", "\"id-7\""}, {"sid", "\"session-7\""}, {"sub", "\"alice\""}, {NULL, NULL}};
    char *const bytes = forge_token(changes, FORGE_SAME, forge_signer("ES256", 0));
    struct script script;
    script_init(&script, NULL, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_verifier *const verifier = verifier_of(keys);
        const struct kept kept = keep(verifier, &script, bytes);
        check(&kept, "the twin", FORGE_NOW, START, APISEC_OK, true);
        if (rows[i].id != NULL) apisec_verifier_deny_id(verifier, FORGE_ISSUER, rows[i].id, UNTIL, NULL);
        if (rows[i].session != NULL) apisec_verifier_deny_session(verifier, FORGE_ISSUER, rows[i].session, UNTIL, NULL);
        if (rows[i].principal != NULL) apisec_verifier_deny_principal(verifier, rows[i].principal, FORGE_NOW, UNTIL, NULL);
        const apisec_status expected = rows[i].refused ? APISEC_E_REVOKED : APISEC_OK;
        for (int time = 0; time < 2; time++) check(&kept, rows[i].name, FORGE_NOW, START, expected, true);
        apisec_token_free(kept.token);
        apisec_verifier_free(verifier);
    }
    script_end(&script);
    free(bytes);
}

/* ---- keys ---- */

/* At 480 s the set is due; somebody's token is the first to notice, served from the cache or not. */
static void test_a_verdict_of_a_retired_key(void **state)
{
    (void)state;
    char *const *const sets[] = {&both_keys, &other_keys};
    for (size_t i = 0; i < 2; i++) {
        const bool retired = i == 1;
        const struct script_answer answers[] = {{.url = URL, .status = 200, .headers = JSON, .body = both_keys},
                                                {.url = URL, .status = 200, .headers = JSON, .body = *sets[i]}};
        struct script script;
        script_init(&script, answers, 2);
        apisec_verifier *const verifier = verifier_of(URL);
        struct kept kept = keep(verifier, &script, token);
        check(&kept, "the twin", FORGE_NOW, START, APISEC_OK, true);
        apisec_token_free(kept.token);
        assert_int_equal(verify_at(verifier, &script, token, FORGE_NOW, START + 479999, &kept.token), APISEC_OK); /* kept anew */
        const apisec_status expected = retired ? APISEC_E_KEY_UNKNOWN : APISEC_OK;
        check(&kept, retired ? "its key is gone" : "its key stayed", FORGE_NOW, START + 480000, expected, false);
        apisec_token_free(kept.token);
        apisec_verifier_free(verifier);
        script_end(&script);
    }
}

/* A key server that is away: keys are trusted for an hour at most, and so is what was verified with them. */
static void test_a_verdict_of_keys_that_are_too_old(void **state)
{
    (void)state;
    const struct script_answer away = {.url = URL, .transport = APISEC_E_UNREACHABLE};
    const struct script_answer answers[] = {{.url = URL, .status = 200, .headers = JSON, .body = keys}, away, away};
    struct script script;
    script_init(&script, answers, 3);
    apisec_verifier *const verifier = verifier_of(URL);
    struct kept kept = keep(verifier, &script, token);
    apisec_token_free(kept.token);
    assert_int_equal(verify_at(verifier, &script, token, FORGE_NOW, START + 3599000, &kept.token), APISEC_OK);
    check(&kept, "an hour less a millisecond", FORGE_NOW, START + 3599999, APISEC_OK, true);
    check(&kept, "an hour", FORGE_NOW, START + 3600000, APISEC_E_KEYS_UNAVAILABLE, false);
    apisec_token_free(kept.token);
    apisec_verifier_free(verifier);
    script_end(&script);
}

/* ---- other bytes ---- */

static void test_bytes_that_are_nearly_those_that_were_kept(void **state)
{
    (void)state;
    struct script script;
    script_init(&script, NULL, 0);
    apisec_verifier *const verifier = verifier_of(keys);
    const struct kept kept = keep(verifier, &script, token);
    const size_t len = strlen(token);
    for (size_t at = 0; at < len; at += 7) {
        char *const forged = malloc(len + 1);
        memcpy(forged, token, len + 1);
        forged[at] = forged[at] == 'A' ? 'Q' : 'A';
        apisec_token *verified = NULL;
        if (verify_at(verifier, &script, forged, FORGE_NOW, START, &verified) == APISEC_OK) fail_msg("byte %zu", at);
        free(forged);
    }
    stand_refuses_bytes(verifier, "one byte less", token, len - 1, APISEC_E_MALFORMED);
    stand_refuses_bytes(verifier, "its end is a NUL", token, len + 1, APISEC_E_MALFORMED);
    stand_refuses_bytes(verifier, "nothing of it", token, 0, APISEC_E_MALFORMED);
    check(&kept, "the twin", FORGE_NOW, START, APISEC_OK, true);
    apisec_token_free(kept.token);
    apisec_verifier_free(verifier);
    script_end(&script);
}

/* Refused is refused each time: what was refused once is not kept as a verdict of any kind. */
static void test_a_forgery_that_comes_again(void **state)
{
    (void)state;
    struct script script;
    script_init(&script, NULL, 0);
    apisec_verifier *const verifier = verifier_of(keys);
    char *const forged = forge_token(FORGE_SAME, FORGE_SAME, forge_signer("ES256", 1));
    for (int time = 0; time < 3; time++) {
        apisec_token *verified = NULL;
        assert_int_equal(verify_at(verifier, &script, forged, FORGE_NOW, START, &verified), APISEC_E_KEY_UNKNOWN);
    }
    apisec_verifier_free(verifier);
    script_end(&script);
    free(forged);
}

static void test_a_flood_of_good_tokens(void **state)
{
    (void)state;
    enum { NUM = 40 };
    struct script script;
    script_init(&script, NULL, 0);
    apisec_trust *const trust = bound_trust();
    apisec_trust_set_token_cache(trust, 8, 300);
    apisec_verifier *const verifier = bound_verifier(trust, NULL);
    char *bytes[NUM];
    for (int i = 0; i < NUM; i++) {
        char id[32];
        snprintf(id, sizeof id, "\"id-%d\"", i);
        bytes[i] = forge_token((struct forge_change[]){{"jti", id}, {NULL, NULL}}, FORGE_SAME, forge_signer("ES256", 0));
        const struct kept kept = keep(verifier, &script, bytes[i]);
        check(&kept, "the last one is there", FORGE_NOW, START, APISEC_OK, true);
        snprintf(id, sizeof id, "id-%d", i);
        assert_string_equal(apisec_token_id(kept.token), id);
        apisec_token_free(kept.token);
    }
    for (int i = 0; i < NUM; i++) { /* and each is still itself */
        char id[32];
        apisec_token *verified = NULL;
        snprintf(id, sizeof id, "id-%d", i);
        assert_int_equal(verify_at(verifier, &script, bytes[i], FORGE_NOW, START, &verified), APISEC_OK);
        assert_string_equal(apisec_token_id(verified), id);
        apisec_token_free(verified);
        free(bytes[i]);
    }
    apisec_verifier_free(verifier);
    script_end(&script);
}

/* ---- sent another way, or by somebody else; each request is one with its own proof ---- */

static apisec_status send(apisec_verifier *verifier, const char *bytes, const char *scheme, const apisec_signer *prover,
                          const char *certificate)
{
    char *const proof = prover == NULL ? NULL : proof_forge(prover, bytes, FORGE_SAME, FORGE_SAME);
    const struct bound_request request = {.token = bytes, .scheme = scheme, .proofs = {proof}, .certificate = certificate};
    const apisec_status status = bound_send(verifier, &request, NULL);
    free(proof);
    return status;
}

static void test_a_verdict_with_another_certificate(void **state)
{
    (void)state;
    apisec_verifier *const verifier = bound_verifier(bound_trust(), NULL);
    char *const bytes = bound_to_certificate("ours");
    apisec_token *verified = NULL;
    for (int time = 0; time < 2; time++) {
        assert_int_equal(send(verifier, bytes, "Bearer", NULL, "ours"), APISEC_OK);
        assert_int_equal(send(verifier, bytes, "Bearer", NULL, "another's"), APISEC_E_BINDING);
        assert_int_equal(send(verifier, bytes, "Bearer", NULL, NULL), APISEC_E_BINDING);
        assert_int_equal(apisec_verify(verifier, bytes, strlen(bytes), FORGE_NOW, &verified, NULL), APISEC_E_BINDING);
    }
    free(bytes);
    apisec_verifier_free(verifier);
}

static void test_a_verdict_with_another_key(void **state)
{
    (void)state;
    const apisec_signer *const ours = forge_signer("ES256", 2), *const thief = forge_signer("ES256", 3);
    apisec_verifier *const verifier = bound_verifier(bound_trust(), NULL);
    char *const bytes = bound_to_key(ours);
    for (int time = 0; time < 2; time++) {
        assert_int_equal(send(verifier, bytes, "DPoP", ours, NULL), APISEC_OK);
        assert_int_equal(send(verifier, bytes, "DPoP", thief, NULL), APISEC_E_BINDING);
        assert_int_equal(send(verifier, bytes, "DPoP", NULL, NULL), APISEC_E_BINDING);
        assert_int_equal(send(verifier, bytes, "Bearer", ours, NULL), APISEC_E_BINDING);
    }
    free(bytes);
    apisec_verifier_free(verifier);
}

static void test_a_proof_that_is_replayed_with_a_verdict(void **state)
{
    (void)state;
    const apisec_signer *const ours = forge_signer("ES256", 2);
    apisec_verifier *const verifier = bound_verifier(bound_trust(), NULL);
    char *const bytes = bound_to_key(ours), *const proof = proof_forge(ours, bytes, FORGE_SAME, FORGE_SAME);
    const struct bound_request request = {.token = bytes, .scheme = "DPoP", .proofs = {proof}};
    assert_int_equal(send(verifier, bytes, "DPoP", ours, NULL), APISEC_OK); /* the verdict is kept */
    assert_int_equal(bound_send(verifier, &request, NULL), APISEC_OK);
    assert_int_equal(bound_send(verifier, &request, NULL), APISEC_E_REPLAY);
    free(bytes);
    free(proof);
    apisec_verifier_free(verifier);
}

/* A Transaction Token is one in its own header only, wherever it was seen before; and an access token is none there. */
static apisec_status send_in(apisec_verifier *verifier, const char *name, const char *bytes)
{
    char value[4096];
    const int len = snprintf(value, sizeof value, "%s%s", strcmp(name, "Txn-Token") == 0 ? "" : "Bearer ", bytes);
    apisec_call *const call = apisec_call_new();
    apisec_decision *decision = NULL;
    apisec_call_set_method(call, "GET", 3);
    apisec_call_set_target(call, "/orders/7", 9);
    apisec_call_add_header(call, name, strlen(name), value, (size_t)len);
    apisec_call_set_time(call, FORGE_NOW);
    apisec_authenticate(verifier, NULL, call, &decision, NULL);
    const apisec_status status = apisec_decision_commit(decision, NULL);
    apisec_decision_free(decision);
    apisec_call_free(call);
    return status;
}

static void test_a_verdict_in_another_header(void **state)
{
    (void)state;
    const struct stand_issuer issuers[] = {
        {.algorithms = {"ES256"}, .keys = keys},
        {.name = "https://trust.example",
         .audience = "trust-domain",
         .algorithms = {"ES256"},
         .keys = keys,
         .profile = "txntoken+jwt"}};
    const struct forge_change claims[] = {{"iss", NULL}, {"aud", "\"trust-domain\""}, {"exp", "1750000100"}, {"txn", "\"t-1\""},
                                          {"req_wl", "\"gateway\""}, {NULL, NULL}};
    const struct forge_change header[] = {{"typ", "\"txntoken+jwt\""}, {NULL, NULL}};
    char *const txn = forge_token(claims, header, forge_signer("ES256", 0));
    apisec_verifier *const verifier = stand_new(issuers, 2, NULL);
    for (int time = 0; time < 2; time++) {
        assert_int_equal(send_in(verifier, "Txn-Token", txn), APISEC_OK);
        assert_int_equal(send_in(verifier, "Authorization", txn), APISEC_E_TYPE);
        assert_int_equal(send_in(verifier, "Authorization", token), APISEC_OK);
        assert_int_equal(send_in(verifier, "Txn-Token", token), APISEC_E_TYPE);
    }
    free(txn);
    apisec_verifier_free(verifier);
}

static void test_a_verdict_of_a_token_without_binding_under_dpop(void **state)
{
    (void)state;
    const apisec_signer *const ours = forge_signer("ES256", 2);
    apisec_verifier *const verifier = bound_verifier(bound_trust(), NULL);
    char *const bytes = bound_token(NULL);
    for (int time = 0; time < 2; time++) {
        assert_int_equal(send(verifier, bytes, "Bearer", NULL, NULL), APISEC_OK);
        assert_int_equal(send(verifier, bytes, "DPoP", ours, NULL), APISEC_E_BINDING);
    }
    free(bytes);
    apisec_verifier_free(verifier);
}

static int begin(void **state)
{
    (void)state;
    const apisec_signer *const signer = forge_signer("ES256", 0), *const other = forge_signer("ES256", 1);
    keys = forge_jwks((const apisec_signer *[]){signer, NULL});
    other_keys = forge_jwks((const apisec_signer *[]){other, NULL});
    both_keys = forge_jwks((const apisec_signer *[]){signer, other, NULL});
    token = forge_token(FORGE_SAME, FORGE_SAME, signer);
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(keys);
    free(other_keys);
    free(both_keys);
    free(token);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_verdict_under_another_policy),
        cmocka_unit_test(test_a_verdict_after_its_time),
        cmocka_unit_test(test_a_verdict_that_is_kept_too_long),
        cmocka_unit_test(test_a_verdict_after_a_revocation),
        cmocka_unit_test(test_a_verdict_of_a_retired_key),
        cmocka_unit_test(test_a_verdict_of_keys_that_are_too_old),
        cmocka_unit_test(test_bytes_that_are_nearly_those_that_were_kept),
        cmocka_unit_test(test_a_forgery_that_comes_again),
        cmocka_unit_test(test_a_flood_of_good_tokens),
        cmocka_unit_test(test_a_verdict_with_another_certificate),
        cmocka_unit_test(test_a_verdict_with_another_key),
        cmocka_unit_test(test_a_proof_that_is_replayed_with_a_verdict),
        cmocka_unit_test(test_a_verdict_in_another_header),
        cmocka_unit_test(test_a_verdict_of_a_token_without_binding_under_dpop),
    };
    return cmocka_run_group_tests_name("attack_cache", tests, begin, end);
}
