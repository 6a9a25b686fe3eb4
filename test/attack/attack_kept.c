/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_kept.c: attacks on keys that are kept: a server that says "unchanged" to bring retired keys back or to keep them alive,
 * entity tags that would write into our requests, and stored key sets that are old, foreign, or from the future.
 */
#include "support/unit.h"
#include "support/script.h"
#include "support/stand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START ((int64_t)FORGE_NOW * 1000)
#define HOUR 3600000
#define URL FORGE_ISSUER "/jwks"
#define JSON "Content-Type: application/json\n"

static const apisec_signer *ec, *next;
static char *set, *next_set, *token, *next_token;

static apisec_verifier *fetching(void)
{
    return stand_new(&(struct stand_issuer){.algorithms = {"ES256"}, .keys = URL}, 1, NULL);
}

/* verify: what a token comes to at a moment; answer NULL: no request may be made. */
static apisec_status verify(apisec_verifier *at, const struct script_answer *answer, const char *bytes, int64_t now_ms)
{
    struct script script;
    script_init(&script, answer, answer != NULL);
    const apisec_status status = stand_verify(at, &script, bytes, FORGE_NOW, &now_ms, NULL, NULL);
    script_end(&script);
    return status;
}

static struct script_answer tagged(const char *body)
{
    return (struct script_answer){.url = URL, .status = 200, .headers = JSON "ETag: \"v1\"\n", .body = body};
}

static const struct script_answer unchanged = {.url = URL, .status = 304, .headers = JSON "ETag: \"v1\"\n"};
static const struct script_answer away = {.url = URL, .transport = APISEC_E_UNREACHABLE};

/* ---- unchanged ---- */

static void test_unchanged_without_a_question(void **state)
{
    (void)state;
    const struct script_answer untagged = {.url = URL, .status = 200, .headers = JSON, .body = set}, first = tagged(set);
    apisec_verifier *at = fetching();
    assert_int_equal(verify(at, &unchanged, token, START), APISEC_E_KEYS_UNAVAILABLE);
    apisec_verifier_free(at);
    at = fetching();
    assert_int_equal(verify(at, &untagged, token, START), APISEC_OK);
    assert_int_equal(verify(at, &unchanged, token, START + 500000), APISEC_OK); /* the last good set */
    assert_int_equal(verify(at, &away, token, START + HOUR), APISEC_E_KEYS_UNAVAILABLE);
    apisec_verifier_free(at);
    at = fetching(); /* the twin was asked */
    assert_int_equal(verify(at, &first, token, START), APISEC_OK);
    assert_int_equal(verify(at, &unchanged, token, START + 500000), APISEC_OK);
    assert_int_equal(verify(at, &away, token, START + HOUR), APISEC_OK);
    apisec_verifier_free(at);
}

static void test_unchanged_after_the_hour(void **state)
{
    (void)state;
    const struct script_answer first = tagged(set);
    apisec_verifier *at = fetching();
    assert_int_equal(verify(at, &first, token, START), APISEC_OK);
    assert_int_equal(verify(at, &unchanged, token, START + HOUR), APISEC_E_KEYS_UNAVAILABLE); /* what is gone stays gone */
    apisec_verifier_free(at);
    at = fetching();
    assert_int_equal(verify(at, &first, token, START), APISEC_OK);
    assert_int_equal(verify(at, &unchanged, token, START + HOUR - 1), APISEC_OK);
    apisec_verifier_free(at);
}

static void test_unchanged_does_not_bring_a_retired_key_back(void **state)
{
    (void)state;
    const struct script_answer first = tagged(set);
    const struct script_answer second = {.url = URL, .status = 200, .headers = JSON "ETag: \"v2\"\n", .body = next_set};
    const struct script_answer same = {.url = URL,
                                       .headers_have = {"If-None-Match: \"v2\"\n"},
                                       .headers_lack = {"v1"},
                                       .status = 304,
                                       .headers = JSON "ETag: \"v1\"\n"}; /* of which it was not asked */
    apisec_verifier *at = fetching();
    assert_int_equal(verify(at, &first, token, START), APISEC_OK);
    assert_int_equal(verify(at, &second, next_token, START + 500000), APISEC_OK);
    assert_int_equal(verify(at, &same, next_token, START + 1000000), APISEC_OK);
    assert_int_equal(verify(at, NULL, token, START + 1000000), APISEC_E_KEY_UNKNOWN);
    assert_int_equal(verify(at, NULL, next_token, START + 1000000), APISEC_OK);
    apisec_verifier_free(at);
}

static void test_entity_tags_that_write_into_the_request(void **state)
{
    (void)state;
    char large[10300] = JSON "ETag: \"";
    memset(large + strlen(large), 'x', 10200);
    memcpy(large + strlen(large), "\"\n", 3);
    const char *const hostile[] = {
        JSON "ETag: \"v1\r\"\n",
        JSON "ETag: \"v1\", \"v2\"\n",
        JSON "ETag: *\n",
        JSON "ETag: \"v1\" Authorization\n",
        JSON "ETag: \"v\t1\"\n",
        large,
    };
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        const struct script_answer first = {.url = URL, .status = 200, .headers = hostile[i], .body = set};
        const struct script_answer second = {
            .url = URL, .headers_lack = {"If-None-Match"}, .status = 200, .headers = JSON, .body = set};
        apisec_verifier *at = fetching();
        const bool taken = verify(at, &first, token, START) == APISEC_OK;
        assert_int_equal(taken, strchr(hostile[i], '\r') == NULL); /* a line break makes the whole answer void */
        assert_int_equal(verify(at, &second, token, START + 500000), APISEC_OK);
        apisec_verifier_free(at);
    }
    const struct script_answer first = tagged(set);
    const struct script_answer asked = {.url = URL, .headers_have = {"If-None-Match: \"v1\"\n"}, .status = 304};
    apisec_verifier *at = fetching();
    assert_int_equal(verify(at, &first, token, START), APISEC_OK);
    assert_int_equal(verify(at, &asked, token, START + 500000), APISEC_OK);
    apisec_verifier_free(at);
}

/* ---- stored sets ---- */

/* import takes a document back whose one entry has the set's own members. */
static apisec_status import(apisec_verifier *at, const char *uri, const char *fetched_at, const char *jwks)
{
    char document[4096];
    const int len = snprintf(document, sizeof document,
                             "{\"apisec_keys\":1,\"issuers\":[{\"issuer\":\"" FORGE_ISSUER "\","
                             "\"jwks_uri\":\"%s\",\"fetched_at\":%s,\"lifetime\":600,%s]}",
                             uri, fetched_at, jwks + 1);
    return apisec_verifier_import_keys(at, document, (size_t)len, FORGE_NOW, NULL);
}

/* The file of yesterday, put back after the keys were changed. */
static void test_a_retired_key_in_a_stored_set(void **state)
{
    (void)state;
    const struct script_answer good = tagged(next_set);
    apisec_verifier *at = fetching();
    assert_int_equal(verify(at, &good, next_token, START), APISEC_OK);
    assert_int_equal(import(at, URL, "1749999999", set), APISEC_OK); /* older by a second: it counts for nothing */
    assert_int_equal(verify(at, NULL, token, START + 1), APISEC_E_KEY_UNKNOWN);
    assert_int_equal(verify(at, NULL, next_token, START + 1), APISEC_OK);
    apisec_verifier_free(at);
    at = fetching();
    assert_int_equal(verify(at, &good, next_token, START - 2000), APISEC_OK);
    assert_int_equal(import(at, URL, "1749999999", set), APISEC_OK); /* the twin is newer by a second */
    assert_int_equal(verify(at, NULL, token, START + 1), APISEC_OK);
    apisec_verifier_free(at);
}

static void test_stored_sets_that_would_live_too_long(void **state)
{
    (void)state;
    static const struct {
        const char *fetched_at;
        apisec_status imported, verified;
    } rows[] = {
        {"1749996399", APISEC_OK, APISEC_E_KEYS_UNAVAILABLE},
        {"1749996400", APISEC_OK, APISEC_E_KEYS_UNAVAILABLE}, /* an hour */
        {"1749996401", APISEC_OK, APISEC_OK},
        {"1750000000", APISEC_OK, APISEC_OK},
        {"1750000001", APISEC_E_CONFIG, APISEC_E_KEYS_UNAVAILABLE}, /* from the future */
        {"9007199254740991", APISEC_E_CONFIG, APISEC_E_KEYS_UNAVAILABLE},
        {"1e999", APISEC_E_CONFIG, APISEC_E_KEYS_UNAVAILABLE},
        {"-1", APISEC_E_CONFIG, APISEC_E_KEYS_UNAVAILABLE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_verifier *at = fetching();
        assert_int_equal(import(at, URL, rows[i].fetched_at, set), rows[i].imported);
        const bool asks = rows[i].verified != APISEC_OK || i == 2; /* the last is past its lifetime, and cannot be had anew */
        if (verify(at, asks ? &away : NULL, token, START) != rows[i].verified) fail_msg("row %zu", i);
        apisec_verifier_free(at);
    }
}

static void test_stored_sets_from_elsewhere(void **state)
{
    (void)state;
    static const struct {
        const char *uri;
        apisec_status imported, verified;
    } rows[] = {
        {URL, APISEC_OK, APISEC_OK},
        {"https://evil.example/jwks", APISEC_OK, APISEC_E_KEYS_UNAVAILABLE},
        {URL "/", APISEC_OK, APISEC_E_KEYS_UNAVAILABLE},
        {"https://ID.example/jwks", APISEC_OK, APISEC_E_KEYS_UNAVAILABLE},
        {"http://id.example/jwks", APISEC_E_CONFIG, APISEC_E_KEYS_UNAVAILABLE},
        {"file:///etc/keys", APISEC_E_CONFIG, APISEC_E_KEYS_UNAVAILABLE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_verifier *at = fetching();
        assert_int_equal(import(at, rows[i].uri, "1749999999", set), rows[i].imported);
        const bool asks = rows[i].verified != APISEC_OK;
        if (verify(at, asks ? &away : NULL, token, START) != rows[i].verified) fail_msg("row %zu", i);
        apisec_verifier_free(at);
    }
}

static void test_secrets_in_a_stored_set(void **state)
{
    (void)state;
    char *secret = forge_replace("{\"keys\":[@]}", "@", apisec_signer_private_jwk(forge_signer("HS256", 0)));
    char *private = forge_replace("{\"keys\":[@]}", "@", apisec_signer_private_jwk(ec));
    apisec_verifier *at = fetching();
    assert_int_equal(import(at, URL, "1749999999", secret), APISEC_E_CONFIG);
    assert_int_equal(import(at, URL, "1749999999", private), APISEC_E_CONFIG);
    assert_int_equal(verify(at, &away, token, START), APISEC_E_KEYS_UNAVAILABLE);
    assert_int_equal(import(at, URL, "1749999999", set), APISEC_OK);
    assert_int_equal(verify(at, NULL, token, START), APISEC_OK);
    apisec_verifier_free(at);
    free(private);
    free(secret);
}

static int begin(void **state)
{
    (void)state;
    ec = forge_signer("ES256", 0);
    next = forge_signer("ES256", 1);
    set = forge_jwks((const apisec_signer *[]){ec, NULL});
    next_set = forge_jwks((const apisec_signer *[]){next, NULL});
    token = forge_token(FORGE_SAME, FORGE_SAME, ec);
    next_token = forge_token(FORGE_SAME, FORGE_SAME, next);
    return 0;
}

static int end(void **state)
{
    (void)state;
    char *const texts[] = {set, next_set, token, next_token};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) free(texts[i]);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unchanged_without_a_question),
        cmocka_unit_test(test_unchanged_after_the_hour),
        cmocka_unit_test(test_unchanged_does_not_bring_a_retired_key_back),
        cmocka_unit_test(test_entity_tags_that_write_into_the_request),
        cmocka_unit_test(test_a_retired_key_in_a_stored_set),
        cmocka_unit_test(test_stored_sets_that_would_live_too_long),
        cmocka_unit_test(test_stored_sets_from_elsewhere),
        cmocka_unit_test(test_secrets_in_a_stored_set),
    };
    return cmocka_run_group_tests_name("attack_kept", tests, begin, end);
}
