/* SPDX-License-Identifier: Apache-2.0
 *
 * test_ask_dpop.c: exchanges with DPoP (RFC 9449 section 5): a proof with each request, one more request when the server wants a
 * nonce, the nonce kept for the next exchange, and no token that is not bound.
 */
#include "exchange/exchange.h"
#include "support/keys.h"
#include "support/proofs.h"
#include "support/script.h"
#include "support/unit.h"
#include "token/dpop.h"

#include <stdlib.h>
#include <string.h>

#define ENDPOINT "https://id.example/token"
#define NOW_MS INT64_C(1750000000999)
#define JSON "Content-Type: application/json\n"
#define GRANTED(type) "{\"access_token\":\"issued\",\"issued_token_type\":\"urn:ietf:params:oauth:token-type:access_token\"," \
                      "\"token_type\":\"" type "\",\"expires_in\":60}"
#define WANTS "{\"error\":\"use_dpop_nonce\",\"error_description\":\"with a nonce please\"}"

static apisec_client *new_client(void)
{
    apisec_client *const client = apisec_client_new(NULL);
    apisec_client_set_endpoint(client, ENDPOINT);
    apisec_client_set_private_key_jwt(client, "svc", key_signer("RS256"), "https://id.example");
    apisec_client_set_dpop(client, key_signer("ES256"));
    return client;
}

/* The claims of the proof that went along with the last request; its key and signature are looked at on the way. */
static struct json *last_proof(const struct script *script)
{
    struct jws jws;
    struct jws_header header;
    struct arena arena = {NULL};
    struct text payload;
    struct json *claims = NULL;
    struct jwk *key = NULL;
    char ours[44], shown[44];
    const char *at = strstr(script->last_headers, "DPoP: ");
    assert_non_null(at);
    at += 6;
    const struct text proof = {at, strcspn(at, "\n")};
    assert_null(strstr(at, "DPoP: ")); /* one */
    assert_int_equal(jws_split(proof, &jws, NULL), APISEC_OK);
    assert_int_equal(jws_header_parse(jws.header, &header, NULL), APISEC_OK);
    struct json *jwk = NULL;
    assert_int_equal(json_parse_object(header.jwk, &json_token_limits, &jwk, NULL), APISEC_OK);
    assert_int_equal(jwk_parse(jwk, &key, NULL), APISEC_OK);
    json_free(jwk);
    assert_int_equal(jws_verify(&jws, key, algorithm_find(header.alg), NULL), APISEC_OK);
    assert_int_equal(jwk_thumbprint(key->key, shown), APISEC_OK);
    proof_jkt(key_signer("ES256"), ours);
    assert_string_equal(ours, shown);
    assert_int_equal(jws_decode_payload(&jws, &arena, &payload, NULL), APISEC_OK);
    assert_int_equal(json_parse_object(payload, &json_token_limits, &claims, NULL), APISEC_OK);
    jwk_free(key);
    jws_header_free(&header);
    arena_free(&arena);
    return claims;
}

static void check_proof(const struct script *script, const char *nonce)
{
    struct text text;
    struct json *const claims = last_proof(script);
    assert_int_equal(json_get_text(claims, "htm", &text), JSON_OK);
    assert_true(text_is(text, "POST"));
    assert_int_equal(json_get_text(claims, "htu", &text), JSON_OK);
    assert_true(text_is(text, ENDPOINT));
    assert_null(json_member(claims, "ath"));
    assert_int_equal(json_get_text(claims, "nonce", &text), nonce ? JSON_OK : JSON_ABSENT);
    if (nonce) assert_true(text_is(text, nonce));
    json_free(claims);
}

static apisec_status exchange(apisec_client *client, const struct script_answer *answers, size_t num, const char *nonce,
                              const char **token_type)
{
    struct script script;
    apisec_op *op = NULL;
    apisec_issued *issued = NULL;
    int64_t now_ms = NOW_MS;
    apisec_exchange *const exchange = apisec_exchange_new();
    apisec_exchange_set_subject_unverified(exchange, "subject", 7, NULL);
    apisec_exchange_add_audience(exchange, "ledger");
    apisec_exchange_set_scope(exchange, "a");
    script_init(&script, answers, num);
    assert_int_equal(apisec_exchange_start(client, exchange, &op, NULL), APISEC_OK);
    script_run(&script, op, &now_ms);
    check_proof(&script, nonce);
    script_end(&script);
    const apisec_status status = apisec_exchange_finish(op, &issued, NULL);
    if (token_type) *token_type = strcmp(issued ? apisec_issued_token_type(issued) : "", "DPoP") == 0 ? "DPoP" : "?";
    apisec_issued_free(issued);
    apisec_op_free(op);
    apisec_exchange_free(exchange);
    return status;
}

/* That the proof was made is not yet a result. */
static void test_finishing_too_early(void **state)
{
    (void)state;
    apisec_client *const client = new_client();
    apisec_exchange *const exchanged = apisec_exchange_new();
    apisec_op *op = NULL;
    apisec_issued *issued = NULL;
    apisec_exchange_set_subject_unverified(exchanged, "subject", 7, NULL);
    apisec_exchange_add_audience(exchanged, "ledger");
    assert_int_equal(apisec_exchange_start(client, exchanged, &op, NULL), APISEC_OK);
    assert_int_equal(apisec_exchange_finish(op, &issued, NULL), APISEC_E_MISUSE); /* not begun */
    assert_int_equal(apisec_op_next(op, NOW_MS), APISEC_OP_HTTP);
    assert_int_equal(apisec_exchange_finish(op, &issued, NULL), APISEC_E_MISUSE); /* under way */
    assert_null(issued);
    assert_int_equal(apisec_op_answer_end(op, APISEC_E_TLS), APISEC_OK);
    assert_int_equal(apisec_op_next(op, NOW_MS), APISEC_OP_DONE);
    assert_int_equal(apisec_exchange_finish(op, &issued, NULL), APISEC_E_TLS);
    apisec_op_free(op);
    apisec_exchange_free(exchanged);
    apisec_client_free(client);
}

static void test_without_a_nonce(void **state)
{
    (void)state;
    const char *type;
    static const struct script_answer granted[] = {{.status = 200, .headers = JSON, .body = GRANTED("DPoP")}};
    apisec_client *const client = new_client();
    assert_int_equal(exchange(client, granted, 1, NULL, &type), APISEC_OK);
    assert_string_equal(type, "DPoP");
    assert_int_equal(exchange(client, granted, 1, NULL, NULL), APISEC_OK);
    apisec_client_free(client);
}

static void test_one_retry_with_the_nonce(void **state)
{
    (void)state;
    static const struct script_answer retried[] = {
        {.status = 400, .headers = JSON "DPoP-Nonce: first\n", .body = WANTS},
        {.body_has = {"subject_token=subject", "audience=ledger", "client_assertion="}, .status = 200,
         .headers = JSON "DPoP-Nonce: second\n", .body = GRANTED("DPoP")},
    };
    static const struct script_answer kept[] = {{.status = 200, .headers = JSON, .body = GRANTED("DPoP")}};
    apisec_client *const client = new_client();
    assert_int_equal(exchange(client, retried, 2, "first", NULL), APISEC_OK);
    assert_int_equal(exchange(client, kept, 1, "second", NULL), APISEC_OK); /* for the next exchange, and the one after it */
    assert_int_equal(exchange(client, kept, 1, "second", NULL), APISEC_OK);
    apisec_client_free(client);
}

static void test_the_form_of_the_retry(void **state)
{
    (void)state;
    struct script script;
    char *first;
    static const struct script_answer answers[] = {
        {.status = 401, .headers = JSON "DPoP-Nonce: n\n", .body = WANTS},
        {.status = 200, .headers = JSON, .body = GRANTED("DPoP")},
    };
    apisec_client *const client = new_client();
    apisec_exchange *const what = apisec_exchange_new();
    apisec_exchange_set_subject_unverified(what, "subject", 7, NULL);
    apisec_exchange_add_audience(what, "ledger");
    apisec_op *op = NULL;
    assert_int_equal(apisec_exchange_start(client, what, &op, NULL), APISEC_OK);
    script_init(&script, answers, 2);
    assert_int_equal(apisec_op_next(op, NOW_MS), APISEC_OP_HTTP);
    script_answer_one(&script, op);
    first = text_copy(text_of(script.last_body));
    assert_int_equal(apisec_op_next(op, NOW_MS), APISEC_OP_HTTP);
    script_answer_one(&script, op);
    assert_int_equal(apisec_op_next(op, NOW_MS), APISEC_OP_DONE);
    const char *const assertion = "&client_assertion=";
    const size_t same = (size_t)(strstr(first, assertion) - first) + strlen(assertion);
    assert_memory_equal(first, script.last_body, same);      /* the same, and once */
    assert_null(strstr(script.last_body + same, assertion));
    assert_string_not_equal(first, script.last_body);        /* but an assertion is for one use */
    script_end(&script);
    free(first);
    apisec_op_free(op);
    apisec_exchange_free(what);
    apisec_client_free(client);
}

static void test_what_is_no_reason_to_retry(void **state)
{
    (void)state;
    static const struct {
        struct script_answer answers[2];
        size_t num;
        const char *nonce; /* of the last request */
        apisec_status expected;
        const char *why;
    } rows[] = {
        {{{.status = 400, .headers = JSON "DPoP-Nonce: n\n", .body = WANTS},
          {.status = 400, .headers = JSON "DPoP-Nonce: m\n", .body = WANTS}}, 2, "n", APISEC_E_OAUTH_OTHER, "twice is a refusal"},
        {{{.status = 400, .headers = JSON, .body = WANTS}}, 1, NULL, APISEC_E_OAUTH_OTHER, "no nonce"},
        {{{.status = 400, .headers = JSON "DPoP-Nonce: a\nDPoP-Nonce: b\n", .body = WANTS}}, 1, NULL, APISEC_E_OAUTH_OTHER, "two"},
        {{{.status = 400, .headers = JSON "DPoP-Nonce: a b\n", .body = WANTS}}, 1, NULL, APISEC_E_OAUTH_OTHER, "not a nonce"},
        {{{.status = 403, .headers = JSON "DPoP-Nonce: n\n", .body = WANTS}}, 1, NULL, APISEC_E_OAUTH_OTHER, "403"},
        {{{.status = 400, .headers = JSON "DPoP-Nonce: n\n", .body = "{\"error\":\"invalid_dpop_proof\"}"}}, 1, NULL,
         APISEC_E_OAUTH_OTHER, "another error"},
        {{{.status = 400, .headers = JSON "DPoP-Nonce: n\n", .body = "{\"error\":\"invalid_grant\"}"}}, 1, NULL,
         APISEC_E_INVALID_GRANT, ""},
        {{{.status = 400, .headers = JSON "DPoP-Nonce: n\n", .body = "use_dpop_nonce"}}, 1, NULL, APISEC_E_RESPONSE, "no JSON"},
        {{{.status = 400, .headers = JSON "DPoP-Nonce: n\n", .body = "{\"error\":[\"use_dpop_nonce\"]}"}}, 1, NULL,
         APISEC_E_RESPONSE, "no string"},
        {{{.status = 400, .headers = JSON "DPoP-Nonce: n\n", .body = WANTS, .transport = APISEC_E_TIMEOUT}}, 1, NULL,
         APISEC_E_TIMEOUT, "half an answer"},
        {{{.status = 400, .headers = JSON "DPoP-Nonce: n\n", .body = WANTS}, {.transport = APISEC_E_UNREACHABLE}}, 2, "n",
         APISEC_E_UNREACHABLE, "the server went away"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_client *const client = new_client();
        const apisec_status status = exchange(client, rows[i].answers, rows[i].num, rows[i].nonce, NULL);
        if (status != rows[i].expected) fail_msg("%zu (%s): %s", i, rows[i].why, apisec_status_name(status));
        apisec_client_free(client);
    }
}

static void test_a_token_that_is_not_bound(void **state)
{
    (void)state;
    static const struct script_answer bearer[] = {{.status = 200, .headers = JSON, .body = GRANTED("Bearer")}};
    static const struct script_answer bound[] = {{.status = 200, .headers = JSON, .body = GRANTED("dpop")}};
    apisec_client *const client = new_client();
    assert_int_equal(exchange(client, bearer, 1, NULL, NULL), APISEC_E_RESPONSE);
    assert_int_equal(exchange(client, bound, 1, NULL, NULL), APISEC_OK);
    apisec_client_free(client);
}

/* Without DPoP nothing of this happens. */
static void test_a_client_without_dpop(void **state)
{
    (void)state;
    static const struct script_answer answers[] = {
        {.headers_lack = {"DPoP"}, .status = 400, .headers = JSON "DPoP-Nonce: n\n", .body = WANTS}};
    struct script script;
    apisec_issued *issued = NULL;
    script_init(&script, answers, 1);
    apisec_client *const client = apisec_client_new(&script.http);
    apisec_client_set_endpoint(client, ENDPOINT);
    apisec_client_set_basic(client, "svc", "secret", 6);
    apisec_exchange *const what = apisec_exchange_new();
    apisec_exchange_set_subject_unverified(what, "subject", 7, NULL);
    apisec_exchange_add_audience(what, "ledger");
    assert_int_equal(apisec_exchange_run(client, what, &issued, NULL), APISEC_E_OAUTH_OTHER);
    apisec_exchange_free(what);
    apisec_client_free(client);
    script_end(&script);
}

static void test_keys(void **state)
{
    (void)state;
    static const char *const algs[] = {"ES256", "HS256", NULL};
    for (size_t i = 0; i < 3; i++) {
        apisec_op *op = NULL;
        apisec_client *const client = new_client();
        apisec_exchange *const what = apisec_exchange_new();
        apisec_exchange_set_subject_unverified(what, "subject", 7, NULL);
        apisec_exchange_add_audience(what, "ledger");
        apisec_client_set_dpop(client, algs[i] ? key_signer(algs[i]) : NULL);
        assert_int_equal(apisec_exchange_start(client, what, &op, NULL), i == 0 ? APISEC_OK : APISEC_E_CONFIG);
        apisec_op_free(op);
        apisec_exchange_free(what);
        apisec_client_free(client);
    }
    apisec_client_set_dpop(NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finishing_too_early),
        cmocka_unit_test(test_without_a_nonce),           cmocka_unit_test(test_one_retry_with_the_nonce),
        cmocka_unit_test(test_the_form_of_the_retry),     cmocka_unit_test(test_what_is_no_reason_to_retry),
        cmocka_unit_test(test_a_token_that_is_not_bound), cmocka_unit_test(test_a_client_without_dpop),
        cmocka_unit_test(test_keys)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
