/* SPDX-License-Identifier: Apache-2.0
 *
 * test_ask.c: one exchange as an operation and as a blocking call, from the request's bytes to the issued token.
 */
#define _GNU_SOURCE /* RTLD_NEXT, in failing.h */

#include "exchange/exchange.h"
#include "support/failing.h"
#include "support/keys.h"
#include "support/script.h"
#include "support/stride.h"
#include "support/unit.h"
#include "support/verified.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENDPOINT "https://id.example/token"
#define JSON "Content-Type: application/json\nCache-Control: no-store\n"
#define SECRET "p%3A+ss w:rd/~canary"
#define SUBJECT "eyJhbGciOiJFUzI1NiJ9.subjectcanary.c2ln"
#define ACTOR "actorcanary0123456789"
#define GRANTED "{\"access_token\":\"issuedcanary\",\"issued_token_type\":\"urn:ietf:params:oauth:token-type:access_token\"," \
                "\"token_type\":\"Bearer\",\"expires_in\":60}"

static apisec_client *client_new(apisec_http *http)
{
    apisec_client *client = apisec_client_new(http);
    apisec_client_set_endpoint(client, ENDPOINT);
    apisec_client_set_basic(client, "svc:odd id", SECRET, strlen(SECRET));
    return client;
}

static apisec_exchange *exchange_new(void)
{
    apisec_exchange *exchange = apisec_exchange_new();
    apisec_exchange_set_subject_unverified(exchange, SUBJECT, strlen(SUBJECT), NULL);
    apisec_exchange_add_audience(exchange, "ledger");
    apisec_exchange_set_scope(exchange, "ledger:read ledger:list");
    return exchange;
}

static void the_request(void **state)
{
    (void)state;
    static const struct script_answer answers[] = {{
        .method = "POST",
        .url = ENDPOINT,
        .headers_have = {"Accept: application/json\n", "Content-Type: application/x-www-form-urlencoded\n",
                         "Authorization: Basic c3ZjJTNBb2RkK2lkOnAlMjUzQSUyQnNzK3clM0FyZCUyRiU3RWNhbmFyeQ==\n"},
        .body_is = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&audience=ledger"
                   "&scope=ledger%3Aread+ledger%3Alist&subject_token=" SUBJECT
                   "&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token",
        .status = 200,
        .headers = JSON,
        .body = GRANTED,
    }};
    struct script script;
    script_init(&script, answers, 1);
    apisec_client *client = client_new(NULL);
    apisec_exchange *exchange = exchange_new();
    apisec_op *op = NULL;
    apisec_issued *issued = NULL, *again = NULL;
    apisec_error err;
    int64_t now_ms = 1750000000999;
    assert_int_equal(apisec_exchange_start(client, exchange, &op, &err), APISEC_OK);
    apisec_exchange_free(exchange); /* the operation has copied it, and holds the client */
    apisec_client_free(client);
    script_run(&script, op, &now_ms);
    script_end(&script);
    assert_int_equal(apisec_exchange_finish(op, &issued, &err), APISEC_OK);
    assert_int_equal(err.status, APISEC_OK);
    assert_int_equal(apisec_exchange_finish(op, &again, NULL), APISEC_OK); /* as often as one likes */
    assert_ptr_equal(again, issued);
    apisec_op_free(op);
    apisec_issued_free(again);
    assert_string_equal(apisec_issued_token(issued, NULL), "issuedcanary");
    assert_string_equal(apisec_issued_scope(issued), "ledger:read ledger:list");
    assert_null(apisec_issued_scope_reduced(issued));
    assert_true(apisec_issued_expires_at(issued) == 1750000060);
    apisec_issued_free(issued);
}

static void a_secret_in_the_body(void **state)
{
    (void)state;
    static const struct script_answer answers[] = {
        {.headers_lack = {"Authorization"}, .body_has = {"&client_id=svc%3Aodd+id&client_secret="}, .status = 200, .headers = JSON,
         .body = GRANTED},
        {.status = 400, .headers = JSON, .body = "{\"error\":\"invalid_client\",\"error_description\":\"not " SECRET "\"}"},
    };
    struct script script;
    apisec_error err;
    script_init(&script, answers, 2);
    apisec_client *client = apisec_client_new(&script.http);
    apisec_exchange *exchange = exchange_new();
    apisec_issued *issued = NULL;
    apisec_client_set_endpoint(client, ENDPOINT);
    apisec_client_set_post(client, "svc:odd id", SECRET, strlen(SECRET));
    assert_int_equal(apisec_exchange_run(client, exchange, &issued, &err), APISEC_OK);
    apisec_issued_free(issued);
    assert_int_equal(apisec_exchange_run(client, exchange, &issued, &err), APISEC_E_INVALID_CLIENT);
    assert_null(strstr(err.text, SECRET));
    apisec_exchange_free(exchange);
    apisec_client_free(client);
    script_end(&script);
}

/* drive answers the operation's one request; says: printf format for the body, given the assertion as it was sent. */
static void drive(apisec_op *op, int32_t http_status, const char *says, char **assertion)
{
    size_t len;
    char words[2048];
    assert_int_equal(apisec_op_next(op, 1750000000999), APISEC_OP_HTTP);
    const char *at = strstr(apisec_op_body(op, &len), "&client_assertion=");
    assert_non_null(at);
    *assertion = text_copy(text_of(at + strlen("&client_assertion=")));
    assert_int_equal(apisec_op_answer_status(op, http_status), APISEC_OK);
    assert_int_equal(apisec_op_answer_header(op, "Content-Type", 12, "application/json", 16), APISEC_OK);
    snprintf(words, sizeof words, says, *assertion);
    assert_int_equal(apisec_op_answer_body(op, words, strlen(words)), APISEC_OK);
    assert_int_equal(apisec_op_answer_end(op, APISEC_OK), APISEC_OK);
    assert_int_equal(apisec_op_next(op, 1750000000999), APISEC_OP_DONE);
}

static void a_key_that_proves_it(void **state)
{
    (void)state;
    char *sent[2];
    for (int i = 0; i < 2; i++) {
        apisec_client *client = apisec_client_new(NULL);
        apisec_exchange *exchange = exchange_new();
        apisec_issued *issued = NULL;
        apisec_error err;
        apisec_op *op = NULL;
        apisec_client_set_endpoint(client, ENDPOINT);
        apisec_client_set_private_key_jwt(client, "svc", key_signer("ES256"), "https://id.example");
        assert_int_equal(apisec_exchange_start(client, exchange, &op, NULL), APISEC_OK);
        drive(op, i == 0 ? 200 : 401,
              i == 0 ? GRANTED : "{\"error\":\"invalid_client\",\"error_description\":\"bad %.40s\"}", &sent[i]);
        const apisec_status status = apisec_exchange_finish(op, &issued, &err);
        assert_int_equal(status, i == 0 ? APISEC_OK : APISEC_E_INVALID_CLIENT);
        assert_null(strstr(err.text, "bad")); /* the server repeated the assertion */
        apisec_issued_free(issued);
        apisec_op_free(op);
        apisec_exchange_free(exchange);
        apisec_client_free(client);
    }
    assert_string_not_equal(sent[0], sent[1]);
    free(sent[0]);
    free(sent[1]);
}

static void a_certificate_that_proves_it(void **state)
{
    (void)state;
    apisec_client *client = apisec_client_new(NULL);
    apisec_exchange *exchange = exchange_new();
    apisec_op *op = NULL;
    size_t len;
    apisec_client_set_endpoint(client, ENDPOINT);
    apisec_client_set_mtls(client, "svc", "mesh");
    assert_int_equal(apisec_exchange_start(client, exchange, &op, NULL), APISEC_OK);
    assert_int_equal(apisec_op_next(op, 0), APISEC_OP_HTTP);
    assert_string_equal(apisec_op_identity(op), "mesh");
    assert_non_null(strstr(apisec_op_body(op, &len), "&client_id=svc"));
    apisec_op_free(op);
    apisec_exchange_free(exchange);
    apisec_client_free(client);
}

#define TRACEPARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static void a_trace_goes_along(void **state)
{
    (void)state;
    static const struct script_answer answers[] = {
        {.headers_have = {"traceparent: " TRACEPARENT "\n"}, .status = 200, .headers = JSON, .body = GRANTED},
        {.headers_lack = {"traceparent"}, .status = 200, .headers = JSON, .body = GRANTED},
    };
    struct script script;
    script_init(&script, answers, 2);
    for (int i = 0; i < 2; i++) {
        apisec_client *client = client_new(&script.http);
        apisec_exchange *exchange = exchange_new();
        apisec_issued *issued = NULL;
        if (i == 0) apisec_exchange_set_traceparent(exchange, TRACEPARENT);
        assert_int_equal(apisec_exchange_run(client, exchange, &issued, NULL), APISEC_OK);
        apisec_issued_free(issued);
        apisec_exchange_free(exchange);
        apisec_client_free(client);
    }
    script_end(&script);
}

static void what_is_waited_for_does_not_make_it_last_longer(void **state)
{
    (void)state;
    static const struct script_answer answers[] = {{.status = 200, .headers = JSON, .body = GRANTED, .takes_ms = 4000}};
    struct script script;
    script_init(&script, answers, 1);
    apisec_client *client = client_new(NULL);
    apisec_exchange *exchange = exchange_new();
    apisec_op *op = NULL;
    apisec_issued *issued = NULL;
    int64_t now_ms = 1000000;
    assert_int_equal(apisec_exchange_start(client, exchange, &op, NULL), APISEC_OK);
    script_run(&script, op, &now_ms);
    assert_int_equal(apisec_exchange_finish(op, &issued, NULL), APISEC_OK);
    assert_true(apisec_issued_expires_at(issued) == 1060); /* counted from the request */
    apisec_issued_free(issued);
    apisec_op_free(op);
    apisec_exchange_free(exchange);
    apisec_client_free(client);
    script_end(&script);
}

/* The answers that must not be believed, and their twins, through the whole. */
static void answers_end_to_end(void **state)
{
    (void)state;
    static const struct {
        struct script_answer answer;
        apisec_status expected;
        const char *reduced, *why;
    } rows[] = {
        {{.status = 200, .headers = JSON, .body = GRANTED}, APISEC_OK, NULL, "the twin"},
        {{.status = 200, .headers = JSON, .body = "{\"access_token\":\"t\",\"token_type\":\"bearer\"}"}, APISEC_OK, NULL,
         "in the wild: no issued_token_type, lower case"},
        {{.status = 200, .headers = JSON, .body = "{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"scope\":\"ledger:list\"}"},
         APISEC_OK, "ledger:read", "in the wild: scopes are dropped"},
        {{.status = 200, .headers = JSON, .body = "{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"scope\":\"ledger:write\"}"},
         APISEC_E_SCOPE_WIDENED, NULL, "in the wild: widened"},
        {{.status = 200, .headers = JSON, .body = "{\"access_token\":\"\",\"token_type\":\"Bearer\"}"}, APISEC_E_RESPONSE, NULL,
         "in the wild: an empty token"},
        {{.status = 200, .headers = JSON,
          .body = "{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"refresh_token\":\"r\",\"id_token\":\"i\"}"},
         APISEC_OK, NULL, "in the wild: tokens that nobody asked for"},
        {{.status = 200, .headers = JSON, .body = "{\"access_token\":\"t\",\"token_type\":\"mac\"}"}, APISEC_E_RESPONSE, NULL,
         "an unknown token_type"},
        {{.status = 200, .headers = JSON, .body = "{\"access_token\":\"t\",\"token_type\":\"Bearer\","
                                                  "\"issued_token_type\":\"urn:ietf:params:oauth:token-type:refresh_token\"}"},
         APISEC_E_RESPONSE, NULL, "another type of token"},
        {{.status = 200, .headers = JSON JSON, .body = GRANTED}, APISEC_E_RESPONSE, NULL, "two Content-Types"},
        {{.status = 200, .headers = "Content-Type: text/html\n", .body = GRANTED}, APISEC_E_RESPONSE, NULL, "not JSON"},
        {{.status = 302, .headers = "Location: https://evil.example/\n"}, APISEC_E_RESPONSE, NULL, "a redirect"},
        {{.status = 403}, APISEC_E_RESPONSE, NULL, "in the wild: 403 with an empty body"},
        {{.status = 400, .headers = JSON, .body = "{\"error\":\"invalid_target\"}"}, APISEC_E_INVALID_TARGET, NULL,
         "RFC 8693 2.2.2"},
        {{.status = 400, .headers = JSON, .body = "{\"error\":\"invalid_request\"}"}, APISEC_E_INVALID_REQUEST, NULL,
         "RFC 8693 2.2.2"},
        {{.status = 401, .headers = JSON, .body = "{\"error\":\"invalid_client\"}"}, APISEC_E_INVALID_CLIENT, NULL, "RFC 6749 5.2"},
        {{.status = 429}, APISEC_E_BUSY, NULL, "too many"},
        {{.status = 503}, APISEC_E_UNREACHABLE, NULL, "away"},
        {{.status = 200, .headers = JSON, .body = "{\"access_tok", .transport = APISEC_E_UNREACHABLE}, APISEC_E_UNREACHABLE, NULL,
         "in the wild: dropped half-way"},
        {{.status = 200, .headers = JSON, .body = GRANTED, .transport = APISEC_E_UNREACHABLE}, APISEC_E_UNREACHABLE, NULL,
         "dropped at its very end: not whole is nothing"},
        {{.never = true}, APISEC_E_TIMEOUT, NULL, "no answer"},
        {{.transport = APISEC_E_TLS}, APISEC_E_TLS, NULL, "no TLS"},
        {{.transport = APISEC_E_ADDRESS}, APISEC_E_ADDRESS, NULL, "a refused address"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct script script;
        script_init(&script, &rows[i].answer, 1);
        apisec_client *client = client_new(&script.http);
        apisec_exchange *exchange = exchange_new();
        apisec_issued *issued = (apisec_issued *)&rows; /* not NULL */
        apisec_error err;
        const apisec_status status = apisec_exchange_run(client, exchange, &issued, &err);
        if (status != rows[i].expected) fail_msg("row %zu: %s: %s", i, rows[i].why, err.text);
        assert_int_equal(err.status, status);
        assert_int_equal(issued != NULL, status == APISEC_OK);
        assert_int_equal(strlen(err.text) > 0, status != APISEC_OK);
        const char *reduced = apisec_issued_scope_reduced(issued);
        assert_int_equal(reduced != NULL, rows[i].reduced != NULL);
        if (reduced != NULL) assert_string_equal(reduced, rows[i].reduced);
        apisec_issued_free(issued);
        apisec_exchange_free(exchange);
        apisec_client_free(client);
        script_end(&script);
    }
}

static void an_answer_may_be_as_long_as_its_limit(void **state)
{
    (void)state;
    static char body[EXCHANGE_MAX_ANSWER + 2];
    for (size_t over = 0; over < 2; over++) {
        memset(body, ' ', sizeof body - 1);
        memcpy(body, GRANTED, sizeof GRANTED - 1);
        const struct script_answer answer = {.status = 200, .headers = JSON, .body = body, .body_len = EXCHANGE_MAX_ANSWER + over};
        struct script script;
        script_init(&script, &answer, 1);
        apisec_client *client = client_new(&script.http);
        apisec_exchange *exchange = exchange_new();
        apisec_issued *issued = NULL;
        assert_int_equal(apisec_exchange_run(client, exchange, &issued, NULL), over == 0 ? APISEC_OK : APISEC_E_RESPONSE);
        apisec_issued_free(issued);
        apisec_exchange_free(exchange);
        apisec_client_free(client);
        script_end(&script);
    }
}

static void a_verified_subjects_scope_is_the_limit(void **state)
{
    (void)state;
    static const struct {
        const char *has, *asked, *told;
        apisec_status expected;
    } rows[] = {
        {"orders:read", NULL, "orders:read", APISEC_OK},
        {"orders:read", NULL, "orders:write", APISEC_E_SCOPE_WIDENED},
        {NULL, NULL, "orders:read", APISEC_E_SCOPE_WIDENED},
        {"orders:read", "ledger:read", "ledger:read", APISEC_OK}, /* another service, other names: asked for is asked for */
        {"orders:read", "ledger:read", "orders:read", APISEC_E_SCOPE_WIDENED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char body[256];
        snprintf(body, sizeof body, "{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"scope\":\"%s\"}", rows[i].told);
        const struct script_answer answer = {.status = 200, .headers = JSON, .body = body};
        struct script script;
        script_init(&script, &answer, 1);
        struct verified verified = verified_new(rows[i].has);
        apisec_client *client = client_new(&script.http);
        apisec_exchange *exchange = apisec_exchange_new();
        apisec_issued *issued = NULL;
        apisec_exchange_set_subject(exchange, verified.token, verified.raw, strlen(verified.raw));
        verified_free(&verified); /* the exchange has copied what it needs */
        apisec_exchange_add_audience(exchange, "ledger");
        if (rows[i].asked != NULL) apisec_exchange_set_scope(exchange, rows[i].asked);
        if (apisec_exchange_run(client, exchange, &issued, NULL) != rows[i].expected) fail_msg("row %zu", i);
        apisec_issued_free(issued);
        apisec_exchange_free(exchange);
        apisec_client_free(client);
        script_end(&script);
    }
}

static void an_actor_that_is_ignored_is_an_error(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        /* {"alg":"ES256"} . {"sub":"user-7","act":{"sub":"svc"}}, and without act */
        "{\"access_token\":\"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1c2VyLTciLCJhY3QiOnsic3ViIjoic3ZjIn19.c2ln\","
        "\"token_type\":\"Bearer\"}",
        "{\"access_token\":\"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1c2VyLTcifQ.c2ln\",\"token_type\":\"Bearer\"}",
    };
    for (size_t i = 0; i < 2; i++) {
        const struct script_answer answer = {
            .body_has = {"&actor_token=" ACTOR "&actor_token_type=urn"}, .status = 200, .headers = JSON, .body = bodies[i]};
        struct script script;
        script_init(&script, &answer, 1);
        apisec_client *client = client_new(&script.http);
        apisec_exchange *exchange = exchange_new();
        apisec_issued *issued = NULL;
        apisec_exchange_set_actor(exchange, ACTOR, strlen(ACTOR), NULL);
        assert_int_equal(apisec_exchange_run(client, exchange, &issued, NULL), i == 0 ? APISEC_OK : APISEC_E_NOT_DELEGATED);
        apisec_issued_free(issued);
        apisec_exchange_free(exchange);
        apisec_client_free(client);
        script_end(&script);
    }
}

static void what_cannot_be_started(void **state)
{
    (void)state;
    apisec_client *client = client_new(NULL), *bare = apisec_client_new(NULL);
    apisec_exchange *exchange = exchange_new(), *empty = apisec_exchange_new();
    apisec_op *op = (apisec_op *)&client; /* not NULL */
    apisec_issued *issued = (apisec_issued *)&client;
    apisec_error err;
    assert_int_equal(apisec_exchange_start(client, exchange, NULL, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_exchange_start(NULL, exchange, &op, &err), APISEC_E_MEMORY);
    assert_null(op);
    assert_int_equal(apisec_exchange_start(client, NULL, &op, &err), APISEC_E_MEMORY);
    assert_int_equal(apisec_exchange_start(bare, exchange, &op, &err), APISEC_E_CONFIG);
    assert_int_equal(apisec_exchange_start(client, empty, &op, &err), APISEC_E_CONFIG);
    assert_int_equal(apisec_exchange_run(client, exchange, NULL, &err), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_exchange_run(bare, exchange, &issued, &err), APISEC_E_CONFIG);
    assert_null(issued);
    assert_int_equal(apisec_exchange_run(client, exchange, &issued, &err), APISEC_E_NO_TRANSPORT);
    apisec_client_set_endpoint(client, ENDPOINT); /* it has been used: too late */
    assert_int_equal(apisec_exchange_start(client, exchange, &op, &err), APISEC_E_MISUSE);
    assert_null(op);
    apisec_exchange_free(exchange);
    apisec_exchange_free(empty);
    apisec_client_free(client);
    apisec_client_free(bare);
}

static void credentials_too_long_for_a_header(void **state)
{
    (void)state;
    apisec_client *client = apisec_client_new(NULL);
    apisec_exchange *exchange = exchange_new();
    apisec_issued *issued = NULL;
    char *secret = calloc(1, 10000);
    assert_non_null(secret);
    memset(secret, 's', 10000);
    apisec_client_set_endpoint(client, ENDPOINT);
    apisec_client_set_basic(client, "id", secret, 10000);
    assert_int_equal(apisec_exchange_run(client, exchange, &issued, NULL), APISEC_E_CONFIG);
    free(secret);
    apisec_exchange_free(exchange);
    apisec_client_free(client);
}

static int32_t done_step(apisec_op *op, int64_t now_ms)
{
    (void)op;
    (void)now_ms;
    return APISEC_OP_DONE;
}

static void finishing_too_early_or_something_else(void **state)
{
    (void)state;
    static const struct op_kind other_kind = {done_step, NULL};
    apisec_op other;
    apisec_op *op = NULL;
    apisec_issued *issued = (apisec_issued *)&op; /* not NULL */
    apisec_client *client = client_new(NULL);
    apisec_exchange *exchange = exchange_new();
    op_init(&other, &other_kind);
    (void)apisec_op_next(&other, 0);
    assert_int_equal(apisec_exchange_finish(&other, &issued, NULL), APISEC_E_MISUSE);
    assert_null(issued);
    assert_int_equal(apisec_exchange_finish(NULL, &issued, NULL), APISEC_E_MISUSE);
    assert_int_equal(apisec_exchange_start(client, exchange, &op, NULL), APISEC_OK);
    assert_int_equal(apisec_exchange_finish(op, NULL, NULL), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_exchange_finish(op, &issued, NULL), APISEC_E_MISUSE); /* not begun */
    assert_int_equal(apisec_op_next(op, 0), APISEC_OP_HTTP);
    assert_int_equal(apisec_exchange_finish(op, &issued, NULL), APISEC_E_MISUSE); /* under way */
    assert_int_equal(apisec_op_answer_end(op, APISEC_E_TLS), APISEC_OK);
    assert_int_equal(apisec_exchange_finish(op, &issued, NULL), APISEC_E_MISUSE); /* answered, and not judged */
    assert_int_equal(apisec_op_next(op, 0), APISEC_OP_DONE);
    assert_int_equal(apisec_exchange_finish(op, &issued, NULL), APISEC_E_TLS);
    apisec_op_free(op);
    apisec_exchange_free(exchange);
    apisec_client_free(client);
}

/* Freed at each point of its life: nothing leaks, which the sanitizers see, and the client may go before it. */
static void cancelling_half_way(void **state)
{
    (void)state;
    for (int stage = 0; stage < 5; stage++) {
        apisec_client *client = client_new(NULL);
        apisec_exchange *exchange = exchange_new();
        apisec_op *op = NULL;
        assert_int_equal(apisec_exchange_start(client, exchange, &op, NULL), APISEC_OK);
        apisec_exchange_free(exchange);
        apisec_client_free(client);
        if (stage > 0) assert_int_equal(apisec_op_next(op, 0), APISEC_OP_HTTP);
        if (stage > 1) assert_int_equal(apisec_op_answer_status(op, 200), APISEC_OK);
        if (stage > 1) assert_int_equal(apisec_op_answer_header(op, "Content-Type", 12, "application/json", 16), APISEC_OK);
        if (stage > 2) assert_int_equal(apisec_op_answer_body(op, GRANTED, sizeof GRANTED - 1), APISEC_OK);
        if (stage > 3) assert_int_equal(apisec_op_answer_end(op, APISEC_OK), APISEC_OK);
        apisec_op_free(op);
    }
}

/* ---- no secret in any error ---- */

static bool repeats(const char *text, const char *secret)
{
    for (size_t i = 0; i + 8 <= strlen(secret); i++) {
        char piece[9];
        memcpy(piece, secret + i, 8);
        piece[8] = '\0';
        if (strstr(text, piece) != NULL) return true;
    }
    return false;
}

static void no_error_repeats_a_secret(void **state)
{
    (void)state;
    static const char *const secrets[] = {SUBJECT, ACTOR, SECRET, "issuedcanary", /* and id and secret as the header has them */
                                          "c3ZjJTNBb2RkK2lkOnAlMjUzQSUyQnNzK3clM0FyZCUyRiU3RWNhbmFyeQ=="};
    static const char *const shapes[] = {
        /* a server that repeats the first secret wherever its words are repeated */
        "400 {\"error\":\"%s\"}",
        "400 {\"error\":\"invalid_request\",\"error_description\":\"bad token %s\"}",
        "401 {\"error\":\"invalid_client\",\"error_description\":\"%s\"}",
        "200 {\"access_token\":\"issuedcanary\",\"token_type\":\"%s\"}",
        "200 {\"access_token\":\"issuedcanary\",\"token_type\":\"Bearer\",\"issued_token_type\":\"%s\"}",
        "200 {\"access_token\":\"issuedcanary\",\"token_type\":\"Bearer\",\"scope\":\"%s\"}",
        "200 {\"access_token\":\"%s\",\"token_type\":7}",
        "200 {\"access_token\":\"%s\"",
        "400 {\"%s\":1",
        "500 %s",
    };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        for (size_t j = 0; j < sizeof secrets / sizeof secrets[0]; j++) {
            char body[512];
            if (j == 3 && shapes[i][0] != '2') continue; /* what was not issued is nobody's secret */
            const char *hole = strstr(shapes[i], "%s");
            snprintf(body, sizeof body, "%.*s%s%s", (int)(hole - shapes[i] - 4), shapes[i] + 4, secrets[j], hole + 2);
            const int32_t http_status = (shapes[i][0] - '0') * 100 + (shapes[i][1] - '0') * 10 + (shapes[i][2] - '0');
            const struct script_answer answer = {.status = http_status, .headers = JSON, .body = body};
            struct script script;
            script_init(&script, &answer, 1);
            apisec_client *client = client_new(&script.http);
            apisec_exchange *exchange = apisec_exchange_new();
            apisec_issued *issued = NULL;
            apisec_error err;
            apisec_exchange_set_subject_unverified(exchange, SUBJECT, strlen(SUBJECT), NULL);
            apisec_exchange_set_actor(exchange, ACTOR, strlen(ACTOR), NULL);
            apisec_exchange_add_audience(exchange, "ledger");
            apisec_exchange_set_scope(exchange, "a");
            assert_int_not_equal(apisec_exchange_run(client, exchange, &issued, &err), APISEC_OK);
            for (size_t k = 0; k < sizeof secrets / sizeof secrets[0]; k++)
                if (repeats(err.text, secrets[k])) fail_msg("%s: %s", body, err.text);
            apisec_exchange_free(exchange);
            apisec_client_free(client);
            script_end(&script);
        }
    }
}

/* A secret of one letter is in every sentence of the library's own; only the server's words are looked at. */
static void a_short_secret(void **state)
{
    (void)state;
    static const struct {
        int32_t http_status;
        const char *body, *text;
    } rows[] = {
        {503, "", "the authorization server answered 503"},
        {400, "{}", "the authorization server answered 400 without an OAuth error"},
        {400, "{\"error\":\"x\"}", "the authorization server says x"},
        {400, "{\"error\":\"x\",\"error_description\":\"no\"}", "the authorization server says x: no"},
        {400, "{\"error\":\"invalid_client\"}", "left out"},
        {400, "{\"error\":\"x\",\"error_description\":\"you said e\"}", "left out"},
        {200, "{\"access_token\":\"0\"}", "the token answer's `token_type` is missing, empty, or no string"},
        {200, "{\"access_token\":\"0\",\"token_type\":\"mac\"}", "the answer's token_type \"mac\" is not known"},
        {200, "{\"access_token\":\"0\",\"token_type\":\"are\"}", "left out"},
        {200, "{\"access_token\":\"0\",\"token_type\":\"Bearer\",\"issued_token_type\":\"jwt\"}",
         "is \"jwt\", not an access token"},
        {200, "{\"access_token\":\"0\",\"token_type\":\"Bearer\",\"issued_token_type\":\"me\"}", "left out"},
        {200, "{\"access_token\":\"0\",\"token_type\":\"Bearer\",\"scope\":\"all\"}", "grants the scope \"all\""},
        {200, "{\"access_token\":\"0\",\"token_type\":\"Bearer\",\"scope\":\"e\"}", "left out"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct script_answer answer = {.status = rows[i].http_status, .headers = JSON, .body = rows[i].body};
        struct script script;
        script_init(&script, &answer, 1);
        apisec_client *client = apisec_client_new(&script.http);
        apisec_exchange *exchange = exchange_new();
        apisec_issued *issued = NULL;
        apisec_error err;
        apisec_client_set_endpoint(client, ENDPOINT);
        apisec_client_set_post(client, "svc", "e", 1);
        assert_int_not_equal(apisec_exchange_run(client, exchange, &issued, &err), APISEC_OK);
        if (strstr(err.text, rows[i].text) == NULL) fail_msg("row %zu: %s", i, err.text);
        apisec_exchange_free(exchange);
        apisec_client_free(client);
        script_end(&script);
    }
}

/* ---- memory ---- */

/* run_failing makes a whole exchange with the nth allocation failing; false: it was never reached. */
static bool run_failing(size_t nth, const struct verified *verified, bool with_key)
{
    static const struct script_answer answer = {.status = 200, .headers = JSON,
        .body = "{\"access_token\":\"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1c2VyLTciLCJhY3QiOnsic3ViIjoic3ZjIn19.c2ln\","
                "\"token_type\":\"Bearer\",\"scope\":\"a\",\"expires_in\":60,"
                "\"issued_token_type\":\"urn:ietf:params:oauth:token-type:access_token\"}"};
    struct script script;
    script_init(&script, &answer, 1);
    apisec_issued *issued = NULL;
    apisec_error err = {APISEC_OK, ""};
    failing_begin(nth);
    apisec_client *client = client_new(&script.http);
    if (with_key) apisec_client_set_private_key_jwt(client, "svc", key_signer("ES256"), "https://id.example");
    apisec_exchange *exchange = apisec_exchange_new();
    apisec_exchange_set_subject(exchange, verified->token, verified->raw, strlen(verified->raw));
    apisec_exchange_set_actor(exchange, ACTOR, strlen(ACTOR), "jwt");
    apisec_exchange_add_audience(exchange, "ledger");
    apisec_exchange_add_resource(exchange, "https://ledger.example/");
    apisec_exchange_set_scope(exchange, "a b");
    apisec_exchange_set_requested_type(exchange, "access_token");
    const apisec_status status = apisec_exchange_run(client, exchange, &issued, &err);
    const bool reached = failing_end();
    const bool in_crypto = with_key && reached && status == APISEC_E_CRYPTO; /* who knows no more than that it failed */
    if (status != (reached ? APISEC_E_MEMORY : APISEC_OK) && !in_crypto)
        fail_msg("allocation %zu: %s: %s", nth, apisec_status_name(status), err.text);
    assert_int_equal(err.status, status);
    assert_int_equal(issued != NULL, !reached);
    apisec_issued_free(issued);
    apisec_exchange_free(exchange);
    apisec_client_free(client);
    pthread_mutex_destroy(&script.lock);
    return reached;
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    if (!failing_works()) skip();
    struct verified verified = verified_new("a b");
    apisec_text_free(key_token("ES256", NULL, "{}")); /* what a key allocates but once is there now */
    for (int with_key = 0; with_key < 2; with_key++) {
        size_t nth = 1;
        while (run_failing(nth, &verified, with_key == 1)) nth += stride(1, 7);
        assert_true(nth > 20);
    }
    verified_free(&verified);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request), cmocka_unit_test(a_secret_in_the_body), cmocka_unit_test(a_trace_goes_along),
        cmocka_unit_test(a_key_that_proves_it), cmocka_unit_test(a_certificate_that_proves_it),
        cmocka_unit_test(what_is_waited_for_does_not_make_it_last_longer),
        cmocka_unit_test(answers_end_to_end),
        cmocka_unit_test(an_answer_may_be_as_long_as_its_limit),
        cmocka_unit_test(a_verified_subjects_scope_is_the_limit),
        cmocka_unit_test(an_actor_that_is_ignored_is_an_error),
        cmocka_unit_test(what_cannot_be_started),
        cmocka_unit_test(credentials_too_long_for_a_header),
        cmocka_unit_test(finishing_too_early_or_something_else),
        cmocka_unit_test(cancelling_half_way),
        cmocka_unit_test(no_error_repeats_a_secret),
        cmocka_unit_test(a_short_secret),
        cmocka_unit_test(every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
