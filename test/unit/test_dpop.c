/* SPDX-License-Identifier: Apache-2.0
 *
 * test_dpop.c: the checks of one DPoP proof, RFC 9449 section 4.3: each row is an honest proof with one thing changed.
 */
#include "support/unit.h"
#include "support/guard.h"
#include "support/keys.h"
#include "support/proofs.h"
#include "token/dpop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN "a.b.c"

static struct dpop_policy *policy;

static struct dpop_policy *new_policy(const char *const *bases, size_t num, const char *alg, const char *nonce_key)
{
    struct dpop_policy *made = NULL;
    struct dpop_settings settings = {.allowed = true, .capacity = 16};
    for (size_t i = 0; i < num; i++) assert_true(name_list_add(&settings.bases, bases[i]));
    if (alg) settings.algorithms = UINT32_C(1) << algorithm_index(algorithm_find(text_of(alg)));
    if (nonce_key) {
        settings.nonce_lifetime = 300;
        settings.nonce_key = text_copy(text_of(nonce_key));
        settings.nonce_key_len = strlen(nonce_key);
    }
    assert_int_equal(dpop_policy_new(&settings, &made, NULL), APISEC_OK);
    name_list_free(&settings.bases);
    free(settings.nonce_key);
    return made;
}

static int set_up(void **state)
{
    (void)state;
    policy = new_policy((const char *[]){"https://other.example", PROOF_ORIGIN, "https://api.example/api"}, 3, NULL, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    dpop_policy_free(policy);
    forge_end();
    return 0;
}

struct judged {
    const struct dpop_policy *policy;
    const apisec_signer *signer;     /* whose key the token is bound to */
    const char *method, *path;
    int64_t now;
};

static apisec_status judge(const struct judged *judged, const char *proof, struct dpop_result *result)
{
    char jkt[44], ath[44];
    struct dpop_result unused;
    apisec_error err = {APISEC_OK, ""};
    proof_jkt(judged->signer, jkt);
    proof_hash(TOKEN, strlen(TOKEN), ath);
    const struct dpop_context context = {.policy = judged->policy ? judged->policy : policy,
                                         .method = text_of(judged->method ? judged->method : "GET"),
                                         .path = text_of(judged->path ? judged->path : PROOF_PATH),
                                         .ath = text_of(ath),
                                         .jkt = text_of(jkt),
                                         .now = judged->now};
    const char *const bytes = guarded_text(proof);
    const apisec_status status = dpop_check((struct text){bytes, strlen(proof)}, &context, result ? result : &unused, &err);
    guard_free(bytes);
    assert_int_equal(err.status, status);
    if (status != APISEC_OK) assert_true(err.text[0] != '\0');
    return status;
}

static apisec_status judge_changed(const struct forge_change *header, const struct forge_change *claims)
{
    const apisec_signer *const signer = forge_signer("ES256", 0);
    char *const proof = proof_forge(signer, TOKEN, header, claims);
    const struct judged judged = {.signer = signer, .now = FORGE_NOW};
    const apisec_status status = judge(&judged, proof, NULL);
    free(proof);
    return status;
}

struct row {
    const char *name, *value; /* raw JSON; NULL: left out */
    apisec_status expected;
    const char *why;
};

static void test_header(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"cty", "\"x\"", APISEC_OK, "a member more"},
        {"typ", "\"DPoP+JWT\"", APISEC_OK, "a media type has no case"},
        {"typ", "\"application/dpop+jwt\"", APISEC_OK, "the long form"},
        {"typ", "\"JWT\"", APISEC_E_PROOF, "another kind"},
        {"typ", "\"at+jwt\"", APISEC_E_PROOF, "an access token is no proof"},
        {"typ", NULL, APISEC_E_PROOF, ""},
        {"typ", "1", APISEC_E_PROOF, ""},
        {"alg", "\"none\"", APISEC_E_PROOF, ""},
        {"alg", "\"HS256\"", APISEC_E_PROOF, "symmetric"},
        {"alg", "\"es256\"", APISEC_E_PROOF, "exact"},
        {"alg", "\"ES384\"", APISEC_E_PROOF, "another curve than the key's"},
        {"alg", "\"RS256\"", APISEC_E_PROOF, "another type than the key's"},
        {"alg", NULL, APISEC_E_PROOF, ""},
        {"jwk", NULL, APISEC_E_PROOF, "no key"},
        {"jwk", "\"x\"", APISEC_E_PROOF, "no object"},
        {"jwk", "null", APISEC_E_PROOF, ""},
        {"jwk", "{}", APISEC_E_PROOF, ""},
        {"jwk", "{\"kty\":\"oct\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}", APISEC_E_PROOF, "a symmetric key"},
        {"jwk", "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}", APISEC_E_PROOF, "no point"},
        {"crit", "[\"jwk\"]", APISEC_E_PROOF, "no extension is understood"},
        {"b64", "false", APISEC_E_PROOF, ""},
        {"kid", "\"x\"", APISEC_OK, "a name for the key says nothing"},
        {"jku", "\"https://evil.example/\"", APISEC_OK, "and nobody looks there"},
    };
    assert_int_equal(judge_changed(FORGE_SAME, FORGE_SAME), APISEC_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct forge_change change[] = {{rows[i].name, rows[i].value}, {NULL, NULL}};
        const apisec_status status = judge_changed(change, FORGE_SAME);
        if (status != rows[i].expected)
            fail_msg("%s %s (%s): %s", rows[i].name, rows[i].value, rows[i].why, apisec_status_name(status));
    }
}

static void test_claims(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"more", "{}", APISEC_OK, "a claim more"},
        {"jti", NULL, APISEC_E_PROOF, ""},
        {"jti", "\"\"", APISEC_E_PROOF, "empty"},
        {"jti", "7", APISEC_E_PROOF, "no string"},
        {"htm", NULL, APISEC_E_PROOF, ""},
        {"htm", "\"POST\"", APISEC_E_PROOF, "another method"},
        {"htm", "\"get\"", APISEC_E_PROOF, "a method has case"},
        {"htm", "\"\"", APISEC_E_PROOF, ""},
        {"htm", "[\"GET\"]", APISEC_E_PROOF, ""},
        {"htu", NULL, APISEC_E_PROOF, ""},
        {"htu", "[\"" PROOF_URL "\"]", APISEC_E_PROOF, ""},
        {"htu", "\"" PROOF_URL "?page=2\"", APISEC_OK, "a query is ignored"},
        {"htu", "\"" PROOF_URL "#x\"", APISEC_OK, "a fragment is ignored"},
        {"htu", "\"HTTPS://API.example:443/x/../%6frders/7\"", APISEC_OK, "another spelling"},
        {"htu", "\"https://other.example/orders/7\"", APISEC_OK, "another of our origins"},
        {"htu", "\"https://api.example/api/orders/7\"", APISEC_OK, "a prefix that a proxy cuts off"},
        {"htu", "\"https://api.example/api/../orders/7\"", APISEC_OK, ""},
        {"htu", "\"http://api.example/orders/7\"", APISEC_E_PROOF, "another scheme"},
        {"htu", "\"https://api.example:8443/orders/7\"", APISEC_E_PROOF, "another port"},
        {"htu", "\"https://evil.example/orders/7\"", APISEC_E_PROOF, "another host"},
        {"htu", "\"https://api.example.evil.example/orders/7\"", APISEC_E_PROOF, ""},
        {"htu", "\"https://apl.example/orders/7\"", APISEC_E_PROOF, "one as long"},
        {"htu", "\"https://api.example/orders/8\"", APISEC_E_PROOF, "another path"},
        {"htu", "\"https://api.example/orders/7/\"", APISEC_E_PROOF, ""},
        {"htu", "\"https://api.example/Orders/7\"", APISEC_E_PROOF, "a path has case"},
        {"htu", "\"https://api.example/orders%2F7\"", APISEC_E_PROOF, "an escaped slash is no slash"},
        {"htu", "\"https://api.example\"", APISEC_E_PROOF, ""},
        {"htu", "\"/orders/7\"", APISEC_E_PROOF, "relative"},
        {"htu", "\"\"", APISEC_E_PROOF, ""},
        {"iat", NULL, APISEC_E_PROOF, ""},
        {"iat", "\"1750000000\"", APISEC_E_PROOF, ""},
        {"iat", "1e999", APISEC_E_PROOF, ""},
        {"iat", "-1", APISEC_E_PROOF, ""},
        {"iat", "1749999970", APISEC_OK, "the last second"},
        {"iat", "1749999969", APISEC_E_PROOF, "older than half a minute"},
        {"iat", "1750000030", APISEC_OK, "the last second ahead"},
        {"iat", "1750000031", APISEC_E_PROOF, "more than half a minute ahead"},
        {"iat", "1750000030.9", APISEC_OK, "a fraction is cut off"},
        {"exp", "1749999971", APISEC_OK, "within the window"},
        {"exp", "1749999970", APISEC_E_PROOF, "over, by the proof's own words"},
        {"exp", "\"x\"", APISEC_E_PROOF, ""},
        {"nbf", "1750000030", APISEC_OK, ""},
        {"nbf", "1750000031", APISEC_E_PROOF, ""},
        {"nbf", "null", APISEC_E_PROOF, ""},
        {"ath", NULL, APISEC_E_PROOF, "no token named"},
        {"ath", "\"fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo\"", APISEC_E_PROOF, "another token"},
        {"ath", "\"\"", APISEC_E_PROOF, ""},
        {"ath", "1", APISEC_E_PROOF, ""},
        {"nonce", "\"whatever\"", APISEC_OK, "none is demanded"},
        {"nonce", "1", APISEC_E_PROOF, "but one that is there is a string"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct forge_change change[] = {{rows[i].name, rows[i].value}, {NULL, NULL}};
        const apisec_status status = judge_changed(FORGE_SAME, change);
        if (status != rows[i].expected)
            fail_msg("%s %s (%s): %s", rows[i].name, rows[i].value, rows[i].why, apisec_status_name(status));
    }
}

/* A private key is refused by each of its members, were they right or not. */
static void test_private_members(void **state)
{
    (void)state;
    static const char *const members[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
    const char *const public = apisec_signer_public_jwk(forge_signer("ES256", 0));
    for (size_t i = 0; i <= sizeof members / sizeof members[0]; i++) {
        char jwk[1024];
        const bool is_private = i < sizeof members / sizeof members[0];
        snprintf(jwk, sizeof jwk, "{\"%s\":null,%s", is_private ? members[i] : "x-more", public + 1);
        const struct forge_change change[] = {{"jwk", jwk}, {NULL, NULL}};
        assert_int_equal(judge_changed(change, FORGE_SAME), is_private ? APISEC_E_PROOF : APISEC_OK);
    }
    const struct forge_change whole[] = {{"jwk", apisec_signer_private_jwk(forge_signer("ES256", 0))}, {NULL, NULL}};
    assert_int_equal(judge_changed(whole, FORGE_SAME), APISEC_E_PROOF);
}

static void test_keys(void **state)
{
    (void)state;
    const apisec_signer *const ours = forge_signer("ES256", 0), *const theirs = forge_signer("ES256", 1);
    const struct judged judged = {.signer = ours, .now = FORGE_NOW};

    char *proof = proof_forge(theirs, TOKEN, FORGE_SAME, FORGE_SAME);
    assert_int_equal(judge(&judged, proof, NULL), APISEC_E_BINDING); /* genuine, but of somebody else's key */
    free(proof);

    const struct forge_change shown[] = {{"jwk", apisec_signer_public_jwk(ours)}, {NULL, NULL}};
    proof = proof_forge(theirs, TOKEN, shown, FORGE_SAME);
    assert_int_equal(judge(&judged, proof, NULL), APISEC_E_PROOF); /* the right key shown, signed with another */
    free(proof);
}

static void test_algorithms(void **state)
{
    (void)state;
    static const char *const names[] = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"};
    struct dpop_policy *const only = new_policy((const char *[]){PROOF_ORIGIN}, 1, "ES384", NULL);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct judged judged = {.signer = key_signer(names[i]), .now = FORGE_NOW};
        char *const proof = proof_forge(judged.signer, TOKEN, FORGE_SAME, FORGE_SAME);
        assert_int_equal(judge(&judged, proof, NULL), APISEC_OK);
        judged.policy = only;
        assert_int_equal(judge(&judged, proof, NULL), strcmp(names[i], "ES384") == 0 ? APISEC_OK : APISEC_E_PROOF);
        free(proof);
    }
    assert_string_equal(only->algs, "ES384");
    assert_string_equal(policy->algs, "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512");
    dpop_policy_free(only);
}

static void test_form(void **state)
{
    (void)state;
    const apisec_signer *const signer = forge_signer("ES256", 0);
    const struct judged judged = {.signer = signer, .now = FORGE_NOW};
    char *const proof = proof_forge(signer, TOKEN, FORGE_SAME, FORGE_SAME);
    const size_t len = strlen(proof);
    char *const twice = malloc(2 * len + 2);
    assert_non_null(twice);

    assert_int_equal(judge(&judged, proof, NULL), APISEC_OK);
    snprintf(twice, 2 * len + 2, "%s,%s", proof, proof);
    assert_int_equal(judge(&judged, twice, NULL), APISEC_E_PROOF); /* two fields joined by a proxy */
    snprintf(twice, 2 * len + 2, "%s=", proof);
    assert_int_equal(judge(&judged, twice, NULL), APISEC_E_PROOF);
    snprintf(twice, 2 * len + 2, "%s\n", proof);
    assert_int_equal(judge(&judged, twice, NULL), APISEC_E_PROOF);
    assert_int_equal(judge(&judged, "", NULL), APISEC_E_PROOF);
    assert_int_equal(judge(&judged, "a.b.c", NULL), APISEC_E_PROOF);
    proof[len - 2] = proof[len - 2] == 'A' ? 'B' : 'A';
    assert_int_equal(judge(&judged, proof, NULL), APISEC_E_PROOF); /* one bit of the signature */
    free(twice);
    free(proof);

    char *const long_jti = malloc(20001);
    assert_non_null(long_jti);
    memset(long_jti, 'x', 20000);
    long_jti[0] = long_jti[19999] = '"';
    long_jti[20000] = '\0';
    const struct forge_change change[] = {{"jti", long_jti}, {NULL, NULL}};
    assert_int_equal(judge_changed(FORGE_SAME, change), APISEC_E_PROOF);
    free(long_jti);
}

static void test_request(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path;
        int64_t now;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {"GET", "/orders/7", FORGE_NOW, APISEC_OK, ""},
        {"GET", "/x/../orders/%37", FORGE_NOW, APISEC_OK, "the request's own path is normalised too"},
        {"HEAD", "/orders/7", FORGE_NOW, APISEC_E_PROOF, "another method"},
        {"", "/orders/7", FORGE_NOW, APISEC_E_PROOF, "a call that does not say"},
        {"GET", "/orders/8", FORGE_NOW, APISEC_E_PROOF, "another path"},
        {"GET", "", FORGE_NOW, APISEC_E_PROOF, ""},
        {"GET", "*", FORGE_NOW, APISEC_E_PROOF, ""},
        {"GET", "/%zz", FORGE_NOW, APISEC_E_PROOF, ""},
        {"GET", "/orders/7", FORGE_NOW + 30, APISEC_OK, ""},
        {"GET", "/orders/7", FORGE_NOW + 31, APISEC_E_PROOF, ""},
        {"GET", "/orders/7", FORGE_NOW - 30, APISEC_OK, ""},
        {"GET", "/orders/7", FORGE_NOW - 31, APISEC_E_PROOF, ""},
        {"GET", "/orders/7", INT64_MAX, APISEC_E_PROOF, "the end of time"},
        {"GET", "/orders/7", 0, APISEC_E_PROOF, "its beginning"},
    };
    char *const proof = proof_forge(forge_signer("ES256", 0), TOKEN, FORGE_SAME, FORGE_SAME);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct judged judged = {
            .signer = forge_signer("ES256", 0), .method = rows[i].method, .path = rows[i].path, .now = rows[i].now};
        const apisec_status status = judge(&judged, proof, NULL);
        if (status != rows[i].expected) fail_msg("row %zu (%s): %s", i, rows[i].why, apisec_status_name(status));
    }
    free(proof);
}

/* What the call does not say is not the same as a claim that says nothing. */
static void test_a_call_that_does_not_say(void **state)
{
    (void)state;
    const struct forge_change nothing[] = {{"htm", "\"\""}, {NULL, NULL}};
    const apisec_signer *const signer = forge_signer("ES256", 0);
    struct judged judged = {.signer = signer, .method = "", .now = FORGE_NOW};
    char *const silent = proof_forge(signer, TOKEN, FORGE_SAME, nothing);
    char *const proof = proof_forge(signer, TOKEN, FORGE_SAME, FORGE_SAME);
    assert_int_equal(judge(&judged, silent, NULL), APISEC_E_PROOF);
    judged.method = "GET";
    assert_int_equal(judge(&judged, silent, NULL), APISEC_E_PROOF);
    assert_int_equal(judge(&judged, proof, NULL), APISEC_OK);
    free(silent);
    free(proof);
}

static void test_identity(void **state)
{
    (void)state;
    struct dpop_result one, two, three;
    const apisec_signer *const ours = forge_signer("ES256", 0), *const theirs = forge_signer("ES256", 1);
    const struct judged by_us = {.signer = ours, .now = FORGE_NOW}, by_them = {.signer = theirs, .now = FORGE_NOW};
    const struct forge_change same[] = {{"jti", "\"one\""}, {"iat", "1750000005"}, {NULL, NULL}};
    char *const a = proof_forge(ours, TOKEN, FORGE_SAME, same), *const b = proof_forge(ours, TOKEN, FORGE_SAME, same);
    char *const c = proof_forge(theirs, TOKEN, FORGE_SAME, same);
    assert_int_equal(judge(&by_us, a, &one), APISEC_OK);
    assert_int_equal(judge(&by_us, b, &two), APISEC_OK);
    assert_int_equal(judge(&by_them, c, &three), APISEC_OK);
    assert_memory_equal(one.id, two.id, REPLAY_ID_LEN);     /* signed anew, but the same jti */
    assert_memory_not_equal(one.id, three.id, REPLAY_ID_LEN); /* nobody can use up another's */
    assert_true(one.until == 1750000035);
    free(a);
    free(b);
    free(c);
}

static void test_nonce(void **state)
{
    (void)state;
    struct dpop_policy *const strict = new_policy((const char *[]){PROOF_ORIGIN}, 1, NULL, "0123456789abcdef0123456789abcdef");
    static const struct {
        int64_t made;
        bool is_there;
        const char *htm;
        apisec_status expected;
        bool is_old;
        const char *why;
    } rows[] = {
        {FORGE_NOW, true, "\"GET\"", APISEC_OK, false, "this window's"},
        {FORGE_NOW - 300, true, "\"GET\"", APISEC_OK, true, "the window before"},
        {FORGE_NOW - 600, true, "\"GET\"", APISEC_E_NONCE, false, "too old"},
        {0, false, "\"GET\"", APISEC_E_NONCE, false, "none"},
        {0, false, "\"PUT\"", APISEC_E_PROOF, false, "a wrong proof is not worth a nonce"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char nonce[NONCE_LEN + 1], quoted[NONCE_LEN + 3];
        struct dpop_result result;
        const struct judged judged = {.policy = strict, .signer = forge_signer("ES256", 0), .now = FORGE_NOW};
        assert_int_equal(nonce_write(&strict->nonce, rows[i].made, nonce), APISEC_OK);
        snprintf(quoted, sizeof quoted, "\"%s\"", nonce);
        const struct forge_change change[] = {{"nonce", rows[i].is_there ? quoted : NULL}, {"htm", rows[i].htm}, {NULL, NULL}};
        char *const proof = proof_forge(judged.signer, TOKEN, FORGE_SAME, change);
        const apisec_status status = judge(&judged, proof, &result);
        if (status != rows[i].expected) fail_msg("%s: %s", rows[i].why, apisec_status_name(status));
        assert_int_equal(result.old_nonce, rows[i].is_old);
        free(proof);
    }
    dpop_policy_free(strict);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header),     cmocka_unit_test(test_claims), cmocka_unit_test(test_private_members),
        cmocka_unit_test(test_keys),       cmocka_unit_test(test_form),   cmocka_unit_test(test_request),
        cmocka_unit_test(test_algorithms), cmocka_unit_test(test_a_call_that_does_not_say),
        cmocka_unit_test(test_nonce),  cmocka_unit_test(test_identity)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
