/* SPDX-License-Identifier: Apache-2.0
 *
 * test_health.c: what a verifier says of itself to those who watch: a story of fetches, and the whole report after each turn.
 */
#include "support/unit.h"
#include "support/bound.h"
#include "support/forge.h"
#include "support/script.h"
#include "support/stand.h"
#include "token/token.h"

#include <stdlib.h>
#include <string.h>

#define START ((int64_t)FORGE_NOW * 1000)
#define URL FORGE_ISSUER "/jwks"
#define JSON "Content-Type: application/json\n"

static char *set, *mixed, *token, *unknown;

static void expect(apisec_verifier *verifier, const char *expected)
{
    char *json = NULL;
    apisec_error err;
    assert_int_equal(apisec_verifier_health(verifier, &json, &err), APISEC_OK);
    assert_int_equal(err.status, APISEC_OK);
    if (strstr(json, expected) == NULL) fail_msg("%s\nis not in\n%s", expected, json);
    assert_int_equal(apisec_json_scan(json, strlen(json), NULL, NULL, NULL), APISEC_OK);
    apisec_text_free(json);
}

/* turn verifies a token at a moment; answer NULL: no request is made. */
static void turn(apisec_verifier *verifier, const char *bytes, int64_t now_ms, const struct script_answer *answer,
                 apisec_status expected)
{
    struct script script;
    script_init(&script, answer, answer != NULL);
    assert_int_equal(stand_verify(verifier, &script, bytes, FORGE_NOW, &now_ms, NULL, NULL), expected);
    script_end(&script);
}

static void test_a_story(void **state)
{
    (void)state;
    const struct script_answer good = {.url = URL, .status = 200, .headers = JSON "ETag: \"v1\"\n", .body = mixed},
                               same = {.url = URL, .status = 304}, away = {.url = URL, .transport = APISEC_E_UNREACHABLE};
    apisec_op *op = NULL;
    apisec_verifier *verifier = stand_new(&(struct stand_issuer){.algorithms = {"ES256"}, .keys = URL}, 1, NULL);
    expect(verifier, "{\"issuers\":[{\"issuer\":\"" FORGE_ISSUER "\",\"keys\":{\"source\":\"uri\",\"num_keys\":0,\"num_skipped\":0,"
                     "\"generation\":0,\"unknown_kid\":0,\"last_success\":null,\"last_failure\":null,\"good_until\":null,"
                     "\"last_error\":\"\",\"fetches\":0,\"not_modified\":0,\"failures\":0,\"abandoned\":0}}],");
    turn(verifier, token, START, &away, APISEC_E_KEYS_UNAVAILABLE);
    expect(verifier, "\"last_success\":null,\"last_failure\":1750000000,\"good_until\":null,"
                     "\"last_error\":\"key set: the server cannot be reached\",\"fetches\":1,\"not_modified\":0,\"failures\":1");
    turn(verifier, token, START + 1999, &good, APISEC_OK);
    expect(verifier, "\"num_keys\":1,\"num_skipped\":3,\"generation\":1,\"unknown_kid\":0,\"last_success\":1750000001,"
                     "\"last_failure\":1750000000,\"good_until\":1750003601,"
                     "\"last_error\":\"key set: the server cannot be reached\","
                     "\"fetches\":2,\"not_modified\":0,\"failures\":1,\"abandoned\":0");
    turn(verifier, unknown, START + 2000, NULL, APISEC_E_KEY_UNKNOWN);
    turn(verifier, unknown, START + 2000, NULL, APISEC_E_KEY_UNKNOWN);
    expect(verifier, "\"unknown_kid\":2");
    turn(verifier, token, START + 500000, &same, APISEC_OK);
    expect(verifier, "\"generation\":1,\"unknown_kid\":2,\"last_success\":1750000500,\"last_failure\":1750000000,"
                     "\"good_until\":1750004100");
    expect(verifier, "\"fetches\":3,\"not_modified\":1,\"failures\":1,\"abandoned\":0");
    assert_int_equal(apisec_verify_start(verifier, token, strlen(token), FORGE_NOW, &op, NULL), APISEC_OK);
    assert_int_equal(apisec_op_next(op, START + 990000), APISEC_OP_HTTP);
    apisec_op_free(op);
    expect(verifier, "\"fetches\":4,\"not_modified\":1,\"failures\":1,\"abandoned\":1");
    assert_int_equal(apisec_verify_start(verifier, token, strlen(token), FORGE_NOW, &op, NULL), APISEC_OK);
    assert_int_equal(apisec_op_run(op, NULL), APISEC_OK); /* no transport: nothing was begun */
    apisec_op_free(op);
    expect(verifier, "\"failures\":1,\"abandoned\":1");
    apisec_verifier_free(verifier);
}

static void test_each_source(void **state)
{
    (void)state;
    const struct stand_issuer issuers[] = {
        {.algorithms = {"ES256"}, .keys = mixed},
        {.name = "https://other.example", .algorithms = {"ES256"}, .keys = set},
        {.name = "https://found.example", .algorithms = {"ES256"}, .keys = "discover"},
    };
    apisec_verifier *verifier = stand_new(issuers, 3, NULL);
    turn(verifier, unknown, START, NULL, APISEC_E_KEY_UNKNOWN);
    expect(verifier, "{\"issuer\":\"" FORGE_ISSUER "\",\"keys\":{\"source\":\"pinned\",\"num_keys\":1,\"num_skipped\":3,"
                     "\"generation\":1,\"unknown_kid\":1}}");
    expect(verifier, "{\"issuer\":\"https://found.example\",\"keys\":{\"source\":\"discovered\",\"num_keys\":0,");
    apisec_verifier_free(verifier);
}

static void test_misused(void **state)
{
    (void)state;
    apisec_error err;
    char *json = (char *)&err;
    apisec_verifier *verifier = stand_new(&(struct stand_issuer){.algorithms = {"ES256"}, .keys = URL}, 1, NULL);
    assert_int_equal(apisec_verifier_health(NULL, &json, &err), APISEC_E_ARGUMENT);
    assert_null(json);
    assert_int_equal(apisec_verifier_health(verifier, NULL, &err), APISEC_E_ARGUMENT);
    apisec_verifier_free(verifier);
}

static void test_verdicts_and_denials(void **state)
{
    (void)state;
    char *keys = forge_jwks((const apisec_signer *[]){forge_signer("ES256", 0), NULL});
    apisec_verifier *verifier = stand_new(&(struct stand_issuer){.algorithms = {"ES256"}, .keys = keys}, 1, NULL);
    expect(verifier, "],\"token_cache\":{\"max_tokens\":1024,\"num_tokens\":0,\"hits\":0,\"misses\":0,\"stale\":0,\"stored\":0,"
                     "\"evicted\":0},\"denials\":{\"max_denials\":65536,\"num_denials\":0}}");
    for (int i = 0; i < 3; i++) turn(verifier, token, START, NULL, APISEC_OK);
    turn(verifier, unknown, START, NULL, APISEC_E_KEY_UNKNOWN);
    apisec_verifier_deny_id(verifier, FORGE_ISSUER, "id-7", INT64_C(1) << 40, NULL);
    expect(verifier, "],\"token_cache\":{\"max_tokens\":1024,\"num_tokens\":1,\"hits\":2,\"misses\":2,\"stale\":0,\"stored\":1,"
                     "\"evicted\":0},\"denials\":{\"max_denials\":65536,\"num_denials\":1}}");
    apisec_verifier_free(verifier);
    free(keys);
}

static int begin(void **state)
{
    (void)state;
    const apisec_signer *known = forge_signer("ES256", 0), *doubtful = forge_signer("ES256", 1);
    set = forge_jwks((const apisec_signer *[]){known, NULL});
    char *three = forge_jwks((const apisec_signer *[]){known, doubtful, doubtful, NULL}); /* two with one kid: neither is used */
    mixed = forge_replace(three, "\"keys\":[", "\"keys\":[{\"kty\":\"OKP\"},");
    free(three);
    token = forge_token(FORGE_SAME, FORGE_SAME, known);
    unknown = forge_token(FORGE_SAME, FORGE_SAME, forge_signer("ES256", 2));
    return 0;
}

static int end(void **state)
{
    (void)state;
    char *const texts[] = {set, mixed, token, unknown};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) free(texts[i]);
    forge_end();
    return 0;
}

static void test_proofs(void **state)
{
    (void)state;
    char *const bound = bound_to_key(forge_signer("ES256", 2));
    char *const proof = proof_forge(forge_signer("ES256", 2), bound, FORGE_SAME, FORGE_SAME);
    const struct bound_request request = {.token = bound, .proofs = {proof}};
    apisec_trust *const trust = bound_trust();
    apisec_trust_set_replay_capacity(trust, 7);
    apisec_verifier *const verifier = bound_verifier(trust, NULL);
    expect(verifier, ",\"proofs\":{\"max_proofs\":7,\"num_proofs\":0,\"seen\":0,\"refused\":0}}");
    assert_int_equal(bound_send(verifier, &request, NULL), APISEC_OK);
    assert_int_equal(bound_send(verifier, &request, NULL), APISEC_E_REPLAY);
    expect(verifier, ",\"proofs\":{\"max_proofs\":7,\"num_proofs\":1,\"seen\":1,\"refused\":0}}");
    apisec_verifier_free(verifier);
    free(bound);
    free(proof);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts_and_denials),
        cmocka_unit_test(test_proofs),
        cmocka_unit_test(test_a_story),
        cmocka_unit_test(test_each_source),
        cmocka_unit_test(test_misused),
    };
    return cmocka_run_group_tests_name("health", tests, begin, end);
}
