/* SPDX-License-Identifier: Apache-2.0
 *
 * test_keystore.c: key sets taken out of one verifier and put into another: what is taken, what is left out, and what makes all of
 * the document refused. Nothing here has a transport: whoever verifies does so with what was imported, or not at all.
 */
#include "support/unit.h"
#include "support/forge.h"
#include "support/guard.h"
#include "support/script.h"
#include "support/stand.h"
#include "token/token.h"

#include <stdlib.h>
#include <string.h>

#define START   ((int64_t)FORGE_NOW * 1000)
#define FETCHED "1749999000" /* 1000 s before FORGE_NOW */
#define URL     FORGE_ISSUER "/jwks"
#define FOUND   "https://found.example"
#define PINNED  "https://pinned.example"
#define JSON    "Content-Type: application/json\n"

static char *set, *token;

/* make trusts an issuer whose keys are at URL, one that is discovered, and one whose keys are pinned. */
static apisec_verifier *make(void)
{
    const struct stand_issuer issuers[] = {
        {.algorithms = {"ES256"}, .keys = URL},
        {.name = FOUND, .algorithms = {"ES256"}, .keys = "discover"},
        {.name = PINNED, .algorithms = {"ES256"}, .keys = set},
    };
    return stand_new(issuers, 3, NULL);
}

static struct keyset *keys_of(const apisec_verifier *verifier, const char *issuer)
{
    return verifier_find_issuer(verifier, text_of(issuer))->keys;
}

/* verifies: what a token of FORGE_ISSUER comes to at a moment, when nothing can be fetched. */
static apisec_status verifies(apisec_verifier *verifier, int64_t now_ms)
{
    apisec_op *op = NULL;
    apisec_token *verified = NULL;
    assert_int_equal(apisec_verify_start(verifier, token, strlen(token), FORGE_NOW, &op, NULL), APISEC_OK);
    if (apisec_op_next(op, now_ms) == APISEC_OP_HTTP) apisec_op_answer_end(op, APISEC_E_UNREACHABLE);
    assert_int_equal(apisec_op_next(op, now_ms), APISEC_OP_DONE);
    const apisec_status status = apisec_verify_finish(op, &verified, NULL);
    apisec_token_free(verified);
    apisec_op_free(op);
    return status;
}

static apisec_status import(apisec_verifier *verifier, const char *document, int64_t now, apisec_error *err)
{
    const char *bytes = guarded_text(document);
    const apisec_status status = apisec_verifier_import_keys(verifier, bytes, strlen(document), now, err);
    guard_free(bytes);
    return status;
}

static void warm(apisec_verifier *verifier, int64_t now_ms)
{
    const struct script_answer answers[] = {
        {.url = URL, .status = 200, .headers = JSON "ETag: \"v1\"\nCache-Control: max-age=900\n", .body = set},
        {.url = FOUND "/.well-known/openid-configuration",
         .status = 200,
         .headers = JSON,
         .body = "{\"issuer\":\"" FOUND "\",\"jwks_uri\":\"https://keys.example/\"}"},
        {.url = "https://keys.example/", .status = 200, .headers = JSON, .body = set},
    };
    struct script script;
    apisec_op *op = NULL;
    script_init(&script, answers, 3);
    assert_int_equal(apisec_verifier_warm_start(verifier, &op, NULL), APISEC_OK);
    script_run(&script, op, &now_ms);
    assert_int_equal(apisec_verifier_warm_finish(op, NULL), APISEC_OK);
    apisec_op_free(op);
    script_end(&script);
}

/* ---- out and back ---- */

static void test_out_and_back(void **state)
{
    (void)state;
    apisec_error err;
    char *json = NULL, *again = NULL;
    apisec_verifier *first = make(), *second = make();
    assert_int_equal(apisec_verifier_export_keys(first, &json, &err), APISEC_OK);
    assert_string_equal(json, "{\"apisec_keys\":1,\"issuers\":[]}"); /* pinned ones are not kept */
    apisec_text_free(json);
    warm(first, START);
    assert_int_equal(apisec_verifier_export_keys(first, &json, &err), APISEC_OK);
    assert_non_null(strstr(json, "{\"issuer\":\"" FORGE_ISSUER "\",\"jwks_uri\":\"" URL "\",\"fetched_at\":1750000000,"
                                 "\"lifetime\":900,\"keys\":[{"));
    assert_non_null(strstr(json, "{\"issuer\":\"" FOUND "\",\"jwks_uri\":\"https://keys.example/\""));
    assert_null(strstr(json, PINNED));
    assert_int_equal(verifies(second, START), APISEC_E_KEYS_UNAVAILABLE);
    assert_int_equal(import(second, json, FORGE_NOW + 10, &err), APISEC_OK);
    assert_int_equal(err.status, APISEC_OK);
    assert_int_equal(verifies(second, START + 10000), APISEC_OK);
    assert_int_equal(keyset_generation(keys_of(second, FORGE_ISSUER)), 1);
    assert_true(keyset_holds(keys_of(second, FORGE_ISSUER), 1, START + 719999)); /* 80 %, from the fetch on */
    assert_false(keyset_holds(keys_of(second, FORGE_ISSUER), 1, START + 720000));
    assert_int_equal(apisec_verifier_export_keys(second, &again, &err), APISEC_OK);
    assert_string_equal(json, again);
    assert_int_equal(import(first, json, FORGE_NOW + 10, &err), APISEC_OK); /* not newer than what is there */
    assert_int_equal(keyset_generation(keys_of(first, FORGE_ISSUER)), 1);
    apisec_text_free(again);
    apisec_text_free(json);
    apisec_verifier_free(second);
    apisec_verifier_free(first);
}

/* The entity tag comes back too: whether the set has changed is asked, and its URL is discovered anew. */
static void test_the_first_fetch_after_it(void **state)
{
    (void)state;
    char *json = NULL;
    int64_t now_ms = START + 1000000;
    apisec_op *op = NULL;
    struct script script;
    const struct script_answer answers[] = {
        {.url = URL, .headers_lack = {"If-None-Match"}, .status = 200, .headers = JSON, .body = set},
        {.url = FOUND "/.well-known/openid-configuration",
         .status = 200,
         .headers = JSON,
         .body = "{\"issuer\":\"" FOUND "\",\"jwks_uri\":\"https://keys.example/\"}"},
        {.url = "https://keys.example/", .headers_lack = {"If-None-Match"}, .status = 200, .headers = JSON, .body = set},
    };
    apisec_verifier *first = make(), *second = make();
    warm(first, START);
    assert_int_equal(apisec_verifier_export_keys(first, &json, NULL), APISEC_OK);
    assert_int_equal(import(second, json, FORGE_NOW + 1000, NULL), APISEC_OK);
    script_init(&script, answers, 3);
    assert_int_equal(apisec_verifier_warm_start(second, &op, NULL), APISEC_OK);
    script_run(&script, op, &now_ms);
    assert_int_equal(apisec_verifier_warm_finish(op, NULL), APISEC_OK);
    assert_true(keyset_holds(keys_of(second, FORGE_ISSUER), 2, now_ms)); /* fetched whole: nobody vouches for stored keys */
    apisec_op_free(op);
    script_end(&script);
    apisec_text_free(json);
    apisec_verifier_free(second);
    apisec_verifier_free(first);
}

/* ---- one thing changed at a time ---- */

#define ENTRY(issuer, uri, fetched, lifetime, keys)                                                                                \
    "{\"issuer\":" issuer ",\"jwks_uri\":" uri ",\"fetched_at\":" fetched ",\"lifetime\":" lifetime ",\"keys\":" keys "}"
#define OF(entry)     "{\"apisec_keys\":1,\"issuers\":[" entry "]}"
#define NAME          "\"" FORGE_ISSUER "\""
#define GOOD(fetched) ENTRY(NAME, "\"" URL "\"", fetched, "900", "[@]")
#define SECRET        "{\"kty\":\"oct\",\"kid\":\"b\",\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}"

struct row {
    const char *document; /* @: the public key, #: the private one */
    apisec_status expected;
    bool taken;
    const char *why;
};

static const struct row rows[] = {
    {OF(GOOD(FETCHED)), APISEC_OK, true, "as it is written"},
    {OF(GOOD("1749996401")), APISEC_OK, true, "3599 s old"},
    {OF(GOOD("1749996400")), APISEC_OK, false, "an hour old: left out"},
    {OF(GOOD("0")), APISEC_OK, false, "very old"},
    {OF(GOOD("1750000000")), APISEC_OK, true, "of this second"},
    {OF(GOOD("1750000001")), APISEC_E_CONFIG, false, "of the next: it could not grow old"},
    {OF(GOOD("-1")), APISEC_E_CONFIG, false, "before 1970"},
    {OF(GOOD("\"1749999000\"")), APISEC_E_CONFIG, false, "a text"},
    {OF(ENTRY("\"https://other.example\"", "\"" URL "\"", FETCHED, "900", "[@]")), APISEC_OK, false, "not trusted"},
    {OF(ENTRY("\"" FORGE_ISSUER "/\"", "\"" URL "\"", FETCHED, "900", "[@]")), APISEC_OK, false, "another name"},
    {OF(ENTRY("\"" PINNED "\"", "\"" URL "\"", FETCHED, "900", "[@]")), APISEC_OK, false, "pinned keys stay what they are"},
    {OF(ENTRY("7", "\"" URL "\"", FETCHED, "900", "[@]")), APISEC_E_CONFIG, false, "no name"},
    {OF(ENTRY(NAME, "\"https://id.example/old\"", FETCHED, "900", "[@]")), APISEC_OK, false, "the keys are elsewhere now"},
    {OF(ENTRY(NAME, "\"http://id.example/jwks\"", FETCHED, "900", "[@]")), APISEC_E_CONFIG, false, "not https"},
    {OF(ENTRY(NAME, "\"\"", FETCHED, "900", "[@]")), APISEC_E_CONFIG, false, "no URL"},
    {OF(ENTRY(NAME, "null", FETCHED, "900", "[@]")), APISEC_E_CONFIG, false, "no text"},
    {OF(ENTRY(NAME, "\"" URL "\"", FETCHED, "86400", "[@]")), APISEC_OK, true, "a lifetime is cut to an hour"},
    {OF(ENTRY(NAME, "\"" URL "\"", FETCHED, "-1", "[@]")), APISEC_E_CONFIG, false, "none that is"},
    {OF(ENTRY(NAME, "\"" URL "\"", FETCHED, "1.5", "[@]")), APISEC_E_CONFIG, false, "a fraction"},
    {OF(ENTRY(NAME, "\"" URL "\"", FETCHED, "900", "[]")), APISEC_E_CONFIG, false, "no keys"},
    {OF(ENTRY(NAME, "\"" URL "\"", FETCHED, "900", "{}")), APISEC_E_CONFIG, false, "no array"},
    {OF(ENTRY(NAME, "\"" URL "\"", FETCHED, "900", "[" SECRET "]")), APISEC_E_CONFIG, false, "a secret is never fetched"},
    {OF(ENTRY(NAME, "\"" URL "\"", FETCHED, "900", "[@," SECRET "]")), APISEC_OK, true, "and skipped among good keys"},
    {OF(ENTRY(NAME, "\"" URL "\"", FETCHED, "900", "[#]")), APISEC_E_CONFIG, false, "a private key"},
    {OF(GOOD(FETCHED) "," GOOD("1749999001")), APISEC_OK, true, "twice: the newer"},
    {OF(GOOD(FETCHED) ",7"), APISEC_E_CONFIG, false, "one bad entry: nothing is taken"},
    {OF(GOOD(FETCHED) ",{}"), APISEC_E_CONFIG, false, "an empty one"},
    {OF(""), APISEC_OK, false, "nothing in it"},
    {"{\"apisec_keys\":2,\"issuers\":[" GOOD(FETCHED) "]}", APISEC_E_CONFIG, false, "another version"},
    {"{\"issuers\":[" GOOD(FETCHED) "]}", APISEC_E_CONFIG, false, "no version"},
    {"{\"apisec_keys\":1}", APISEC_E_CONFIG, false, "no issuers"},
    {"{\"apisec_keys\":1,\"issuers\":{}}", APISEC_E_CONFIG, false, "no array"},
    {"{\"apisec_keys\":1,\"issuers\":[],\"issuers\":[" GOOD(FETCHED) "]}", APISEC_E_CONFIG, false, "a name twice"},
    {"[]", APISEC_E_CONFIG, false, "no object"},
    {"", APISEC_E_CONFIG, false, "nothing"},
};

static void test_what_is_taken(void **state)
{
    (void)state;
    const apisec_signer *signer = forge_signer("ES256", 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_error err;
        char *document = text_copy(text_of(rows[i].document));
        for (const char *part = "@#"; *part != '\0'; part++) {
            const char name[] = {*part, '\0'};
            while (strchr(document, *part) != NULL) {
                char *filled = forge_replace(document, name,
                                             *part == '@' ? apisec_signer_public_jwk(signer) : apisec_signer_private_jwk(signer));
                free(document);
                document = filled;
            }
        }
        apisec_verifier *verifier = make();
        const apisec_status status = import(verifier, document, FORGE_NOW, &err);
        if (status != rows[i].expected || err.status != status)
            fail_msg("row %zu (%s): %s: %s", i, rows[i].why, apisec_status_name(status), err.text);
        if ((verifies(verifier, START) == APISEC_OK) != rows[i].taken) fail_msg("row %zu (%s): taken or not", i, rows[i].why);
        assert_int_equal(keyset_generation(keys_of(verifier, PINNED)), 1);
        apisec_verifier_free(verifier);
        free(document);
    }
}

/* It gains no time: past its lifetime it serves while nothing newer can be had, and not a second past its hour. */
static void test_the_hour_counts_from_the_fetch(void **state)
{
    (void)state;
    static const struct {
        int64_t at_ms;
        apisec_status expected;
    } moments[] = {{0, APISEC_OK}, {2000000, APISEC_OK}, {2599000, APISEC_OK}, {2600000, APISEC_E_KEYS_UNAVAILABLE}};
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        apisec_verifier *verifier = make();
        char *document = forge_replace(OF(GOOD(FETCHED)), "@", apisec_signer_public_jwk(forge_signer("ES256", 0)));
        assert_int_equal(import(verifier, document, FORGE_NOW, NULL), APISEC_OK);
        assert_int_equal(verifies(verifier, START + moments[i].at_ms), moments[i].expected);
        free(document);
        apisec_verifier_free(verifier);
    }
}

/* Keys whose kid is in doubt are not written: without what they are in doubt with they would come back as certain. */
static void test_doubt_is_not_lost(void **state)
{
    (void)state;
    char *json = NULL;
    apisec_error err;
    char *key = forge_replace(apisec_signer_public_jwk(forge_signer("ES256", 1)), "\"kid\":\"", "\"kid\":\"doubt-");
    char *half = forge_replace(OF(ENTRY(NAME, "\"" URL "\"", FETCHED, "900", "[@,#,#]")), "@",
                               apisec_signer_public_jwk(forge_signer("ES256", 0)));
    char *more = forge_replace(half, "#", key), *document = forge_replace(more, "#", key);
    apisec_verifier *verifier = make();
    assert_int_equal(import(verifier, document, FORGE_NOW, &err), APISEC_OK);
    assert_int_equal(apisec_verifier_export_keys(verifier, &json, &err), APISEC_OK);
    assert_null(strstr(json, "doubt-"));
    assert_int_equal(verifies(verifier, START), APISEC_OK);
    apisec_text_free(json);
    apisec_verifier_free(verifier);
    free(document);
    free(more);
    free(half);
    free(key);
}

static void test_misused(void **state)
{
    (void)state;
    apisec_error err;
    char *json = (char *)&err;
    apisec_verifier *verifier = make();
    assert_int_equal(apisec_verifier_export_keys(NULL, &json, &err), APISEC_E_ARGUMENT);
    assert_null(json);
    assert_int_equal(apisec_verifier_export_keys(verifier, NULL, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_verifier_import_keys(NULL, "{}", 2, FORGE_NOW, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_verifier_import_keys(verifier, NULL, 0, FORGE_NOW, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_verifier_import_keys(verifier, "{}", 2, -1, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_verifier_import_keys(verifier, "{}", 2, INT64_MAX, &err), APISEC_E_ARGUMENT);
    const size_t large = 16 * 1024 * 1024 + 1;
    char *spaces = malloc(large);
    assert_non_null(spaces);
    memset(spaces, ' ', large);
    assert_int_equal(apisec_verifier_import_keys(verifier, spaces, large, FORGE_NOW, &err), APISEC_E_TOO_LARGE);
    free(spaces);
    apisec_verifier_free(verifier);
}

static int begin(void **state)
{
    (void)state;
    const apisec_signer *signer = forge_signer("ES256", 0);
    set = forge_jwks((const apisec_signer *[]){signer, NULL});
    token = forge_token(FORGE_SAME, FORGE_SAME, signer);
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(set);
    free(token);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_out_and_back),      cmocka_unit_test(test_the_first_fetch_after_it),
        cmocka_unit_test(test_what_is_taken),     cmocka_unit_test(test_the_hour_counts_from_the_fetch),
        cmocka_unit_test(test_doubt_is_not_lost), cmocka_unit_test(test_misused),
    };
    return cmocka_run_group_tests_name("keystore", tests, begin, end);
}
