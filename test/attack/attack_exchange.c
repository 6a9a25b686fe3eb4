/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_exchange.c: attacks on token exchange: a server, or somebody in its place, that grants more, grants something else, or
 * leaves the actor out; answers that are none; requests that would carry another token or none; secrets in errors. Beside each
 * refused answer stands the one that differs in one thing and is taken.
 */
#include "support/unit.h"
#include "support/script.h"
#include "support/stand.h"
#include "support/verified.h"

#include <apisec/client.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENDPOINT "https://id.example/token"
#define JSON "Content-Type: application/json\n"
#define ACCESS "urn:ietf:params:oauth:token-type:access_token"
#define SECRET "5ecretCanary+/=%&"

/* ---- one exchange ---- */

struct plan {
    const char *scope;           /* asked for */
    const char *requested_type;
    const char *actor;
};

static apisec_status ask(const struct plan *plan, const struct script_answer *answer, apisec_issued **issued, apisec_error *err)
{
    struct script script;
    script_init(&script, answer, 1);
    apisec_client *client = apisec_client_new(&script.http);
    apisec_client_set_endpoint(client, ENDPOINT);
    apisec_client_set_basic(client, "shop", SECRET, strlen(SECRET));
    apisec_exchange *exchange = apisec_exchange_new();
    apisec_exchange_set_subject_unverified(exchange, "the-subject-token", 17, NULL);
    apisec_exchange_add_audience(exchange, "ledger");
    if (plan->scope != NULL) apisec_exchange_set_scope(exchange, plan->scope);
    if (plan->requested_type != NULL) apisec_exchange_set_requested_type(exchange, plan->requested_type);
    if (plan->actor != NULL) apisec_exchange_set_actor(exchange, plan->actor, strlen(plan->actor), NULL);
    const apisec_status status = apisec_exchange_run(client, exchange, issued, err);
    apisec_exchange_free(exchange);
    apisec_client_free(client);
    script_end(&script);
    return status;
}

static void expect(const char *what, const struct plan *plan, const struct script_answer *answer, apisec_status expected)
{
    apisec_error err = {APISEC_E_MISUSE, "untouched"};
    apisec_issued *issued = (apisec_issued *)&err;
    const apisec_status status = ask(plan, answer, &issued, &err);
    if (status != expected) fail_msg("%s: %s: %s", what, apisec_status_name(status), err.text);
    assert_int_equal(err.status, status);
    assert_int_equal(issued != NULL, status == APISEC_OK);
    static const char *const secrets[] = {SECRET, "5ecret", "the-subject-token", "the-actor-token", "the-issued-token"};
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        if (strstr(err.text, secrets[i]) != NULL) fail_msg("%s tells a secret: %s", what, err.text);
    apisec_issued_free(issued);
}

struct row {
    const char *what;
    const char *body;
    apisec_status expected;
};

static void expect_bodies(const struct plan *plan, const struct row *rows, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        const struct script_answer answer = {
            .method = "POST", .url = ENDPOINT, .status = 200, .headers = JSON, .body = rows[i].body};
        expect(rows[i].what, plan, &answer, rows[i].expected);
    }
}
#define EXPECT(plan, rows) expect_bodies(plan, rows, sizeof(rows) / sizeof(rows)[0])
#define ANSWER(members) \
    "{\"access_token\":\"the-issued-token\",\"issued_token_type\":\"" ACCESS "\",\"token_type\":\"Bearer\"" members "}"

/* ---- more than was asked for ---- */

static void test_wider_scope(void **state)
{
    (void)state;
    const struct plan plan = {.scope = "ledger:read ledger:list"};
    static const struct row rows[] = {
        {"as asked", ANSWER(""), APISEC_OK},
        {"as asked, and said", ANSWER(",\"scope\":\"ledger:list ledger:read\""), APISEC_OK},
        {"less", ANSWER(",\"scope\":\"ledger:read\""), APISEC_OK},
        {"one more", ANSWER(",\"scope\":\"ledger:read ledger:list ledger:write\""), APISEC_E_SCOPE_WIDENED},
        {"another", ANSWER(",\"scope\":\"admin\""), APISEC_E_SCOPE_WIDENED},
        {"in another case", ANSWER(",\"scope\":\"Ledger:read\""), APISEC_E_SCOPE_WIDENED},
        {"a longer one", ANSWER(",\"scope\":\"ledger:read:all\""), APISEC_E_SCOPE_WIDENED},
        {"a shorter one", ANSWER(",\"scope\":\"ledger\""), APISEC_E_SCOPE_WIDENED},
        {"a pattern", ANSWER(",\"scope\":\"*\""), APISEC_E_SCOPE_WIDENED},
        {"behind a tab", ANSWER(",\"scope\":\"ledger:read\\tadmin\""), APISEC_E_RESPONSE},
        {"behind two spaces", ANSWER(",\"scope\":\"ledger:read  ledger:list\""), APISEC_E_RESPONSE},
        {"as an array", ANSWER(",\"scope\":[\"ledger:read\"]"), APISEC_E_RESPONSE},
        {"null", ANSWER(",\"scope\":null"), APISEC_E_RESPONSE},
    };
    EXPECT(&plan, rows);
}

static void test_scope_of_the_verified_subject_is_the_limit(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        apisec_status expected;
    } rows[] = {
        {ANSWER(",\"scope\":\"orders:read\""), APISEC_OK},
        {ANSWER(",\"scope\":\"orders:read orders:admin\""), APISEC_E_SCOPE_WIDENED},
    };
    for (size_t i = 0; i < 2; i++) {
        struct script script;
        apisec_issued *issued = NULL;
        struct verified subject = verified_new("orders:read orders:write");
        const struct script_answer answer = {.url = ENDPOINT, .status = 200, .headers = JSON, .body = rows[i].body};
        script_init(&script, &answer, 1);
        apisec_client *client = apisec_client_new(&script.http);
        apisec_client_set_endpoint(client, ENDPOINT);
        apisec_client_set_basic(client, "shop", SECRET, strlen(SECRET));
        apisec_exchange *exchange = apisec_exchange_new();
        apisec_exchange_set_subject(exchange, subject.token, subject.raw, strlen(subject.raw));
        apisec_exchange_add_audience(exchange, "ledger");
        assert_int_equal(apisec_exchange_run(client, exchange, &issued, NULL), rows[i].expected);
        assert_int_equal(issued != NULL, rows[i].expected == APISEC_OK);
        apisec_issued_free(issued);
        apisec_exchange_free(exchange);
        apisec_client_free(client);
        verified_free(&subject);
        script_end(&script);
    }
}

/* ---- something else than was asked for ---- */

#define TYPED(type) "{\"access_token\":\"the-issued-token\",\"token_type\":\"Bearer\",\"issued_token_type\":" type "}"

static void test_other_token_types(void **state)
{
    (void)state;
    const struct plan any = {.scope = "a"}, jwt = {.scope = "a", .requested_type = "jwt"};
    static const struct row for_any[] = {
        {"an access token", TYPED("\"" ACCESS "\""), APISEC_OK},
        {"a JWT", TYPED("\"urn:ietf:params:oauth:token-type:jwt\""), APISEC_OK},
        {"a refresh token", TYPED("\"urn:ietf:params:oauth:token-type:refresh_token\""), APISEC_E_RESPONSE},
        {"an ID token", TYPED("\"urn:ietf:params:oauth:token-type:id_token\""), APISEC_E_RESPONSE},
        {"a type of nobody", TYPED("\"urn:example:other\""), APISEC_E_RESPONSE},
        {"a name of ours", TYPED("\"access_token\""), APISEC_E_RESPONSE},
        {"an empty one", TYPED("\"\""), APISEC_E_RESPONSE},
        {"a number", TYPED("7"), APISEC_E_RESPONSE},
        {"null", TYPED("null"), APISEC_E_RESPONSE},
    };
    EXPECT(&any, for_any);
    static const struct row for_jwt[] = {
        {"the one asked for", TYPED("\"urn:ietf:params:oauth:token-type:jwt\""), APISEC_OK},
        {"another", TYPED("\"" ACCESS "\""), APISEC_E_RESPONSE},
        {"none said", "{\"access_token\":\"the-issued-token\",\"token_type\":\"Bearer\"}", APISEC_E_RESPONSE},
    };
    EXPECT(&jwt, for_jwt);
}

#define WITH_TYPE(type) "{\"access_token\":\"the-issued-token\",\"issued_token_type\":\"" ACCESS "\",\"token_type\":" type "}"

static void test_unknown_ways_to_use_it(void **state)
{
    (void)state;
    const struct plan plan = {.scope = "a"};
    static const struct row rows[] = {
        {"Bearer", WITH_TYPE("\"Bearer\""), APISEC_OK},
        {"in another case", WITH_TYPE("\"bearer\""), APISEC_OK},
        {"DPoP", WITH_TYPE("\"DPoP\""), APISEC_OK},
        {"N_A", WITH_TYPE("\"N_A\""), APISEC_OK},
        {"mac", WITH_TYPE("\"mac\""), APISEC_E_RESPONSE},
        {"nearly", WITH_TYPE("\"Bearer \""), APISEC_E_RESPONSE},
        {"empty", WITH_TYPE("\"\""), APISEC_E_RESPONSE},
        {"a number", WITH_TYPE("1"), APISEC_E_RESPONSE},
        {"null", WITH_TYPE("null"), APISEC_E_RESPONSE},
        {"absent", "{\"access_token\":\"the-issued-token\"}", APISEC_E_RESPONSE},
    };
    EXPECT(&plan, rows);
}

#define WITH_TOKEN(token) "{\"issued_token_type\":\"" ACCESS "\",\"token_type\":\"Bearer\",\"access_token\":" token "}"

static void test_no_token(void **state)
{
    (void)state;
    const struct plan plan = {.scope = "a"};
    static const struct row rows[] = {
        {"a token", WITH_TOKEN("\"x\""), APISEC_OK},
        {"empty", WITH_TOKEN("\"\""), APISEC_E_RESPONSE},
        {"null", WITH_TOKEN("null"), APISEC_E_RESPONSE},
        {"an object", WITH_TOKEN("{}"), APISEC_E_RESPONSE},
        {"with a line end", WITH_TOKEN("\"x\\r\\nX-Admin: 1\""), APISEC_E_RESPONSE},
        {"with a NUL", WITH_TOKEN("\"x\\u0000y\""), APISEC_E_RESPONSE},
        {"beyond ASCII", WITH_TOKEN("\"\xc3\xbc\""), APISEC_E_RESPONSE},
        {"absent", "{\"issued_token_type\":\"" ACCESS "\",\"token_type\":\"Bearer\"}", APISEC_E_RESPONSE},
        {"twice", WITH_TOKEN("\"x\",\"access_token\":\"y\""), APISEC_E_RESPONSE},
        {"with an error beside it", WITH_TOKEN("\"x\",\"error\":\"invalid_target\""), APISEC_E_RESPONSE},
        {"for ever", WITH_TOKEN("\"x\",\"expires_in\":1e300"), APISEC_E_RESPONSE},
        {"for no time", WITH_TOKEN("\"x\",\"expires_in\":-1"), APISEC_E_RESPONSE},
        {"for a text", WITH_TOKEN("\"x\",\"expires_in\":\"3600\""), APISEC_E_RESPONSE},
        {"for an hour", WITH_TOKEN("\"x\",\"expires_in\":3600"), APISEC_OK},
    };
    EXPECT(&plan, rows);
}

/* ---- the actor left out ---- */

static void test_actor_ignored(void **state)
{
    (void)state;
    const struct plan plan = {.scope = "a", .actor = "the-actor-token"};
    static const struct {
        const char *act; /* raw JSON; NULL: absent */
        apisec_status expected;
    } rows[] = {
        {"{\"sub\":\"gateway\"}", APISEC_OK},  {NULL, APISEC_E_NOT_DELEGATED},        {"{}", APISEC_E_NOT_DELEGATED},
        {"null", APISEC_E_NOT_DELEGATED},      {"\"gateway\"", APISEC_E_NOT_DELEGATED}, {"{\"sub\":\"\"}", APISEC_E_NOT_DELEGATED},
        {"{\"sub\":7}", APISEC_E_NOT_DELEGATED}, {"{\"act\":{\"sub\":\"gateway\"}}", APISEC_E_NOT_DELEGATED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct forge_change act[] = {{"act", rows[i].act}, {NULL, NULL}};
        char *token = forge_token(act, FORGE_SAME, forge_signer("ES256", 0));
        char *body = forge_replace(ANSWER(""), "the-issued-token", token);
        const struct script_answer answer = {.url = ENDPOINT, .status = 200, .headers = JSON, .body = body};
        expect(rows[i].act == NULL ? "no act" : rows[i].act, &plan, &answer, rows[i].expected);
        free(body);
        free(token);
    }
    /* who sent no actor expects none */
    const struct plan alone = {.scope = "a"};
    char *token = forge_token(FORGE_SAME, FORGE_SAME, forge_signer("ES256", 0));
    char *body = forge_replace(ANSWER(""), "the-issued-token", token);
    const struct script_answer answer = {.url = ENDPOINT, .status = 200, .headers = JSON, .body = body};
    expect("impersonation, as asked", &alone, &answer, APISEC_OK);
    free(body);
    free(token);
}

/* ---- answers that are none ---- */

static void test_answers_that_are_none(void **state)
{
    (void)state;
    const struct plan plan = {.scope = "a"};
    const struct {
        const char *what;
        struct script_answer answer;
        apisec_status expected;
    } rows[] = {
        {"a good one", {.status = 200, .headers = JSON, .body = ANSWER("")}, APISEC_OK},
        {"HTML", {.status = 200, .headers = "Content-Type: text/html\n", .body = "<html>sign in</html>"}, APISEC_E_RESPONSE},
        {"JSON called HTML", {.status = 200, .headers = "Content-Type: text/html\n", .body = ANSWER("")}, APISEC_E_RESPONSE},
        {"no type", {.status = 200, .body = ANSWER("")}, APISEC_E_RESPONSE},
        {"two types", {.status = 200, .headers = JSON "Content-Type: text/html\n", .body = ANSWER("")}, APISEC_E_RESPONSE},
        {"an array", {.status = 200, .headers = JSON, .body = "[" ANSWER("") "]"}, APISEC_E_RESPONSE},
        {"nothing", {.status = 200, .headers = JSON, .body = ""}, APISEC_E_RESPONSE},
        {"bytes behind it", {.status = 200, .headers = JSON, .body = ANSWER("") "x"}, APISEC_E_RESPONSE},
        {"another success", {.status = 201, .headers = JSON, .body = ANSWER("")}, APISEC_E_RESPONSE},
        {"a redirect", {.status = 302, .headers = JSON "Location: https://evil.example/\n", .body = ANSWER("")}, APISEC_E_RESPONSE},
        {"a redirect that keeps the body", {.status = 307, .headers = JSON "Location: https://evil.example/\n"}, APISEC_E_RESPONSE},
        {"a failure with a token", {.status = 500, .headers = JSON, .body = ANSWER("")}, APISEC_E_UNREACHABLE},
        {"a refusal with a token", {.status = 400, .headers = JSON, .body = ANSWER("")}, APISEC_E_RESPONSE},
        {"cut off", {.transport = APISEC_E_UNREACHABLE, .status = 200, .headers = JSON, .body = ANSWER("")}, APISEC_E_UNREACHABLE},
        {"another certificate", {.transport = APISEC_E_TLS}, APISEC_E_TLS},
        {"an address within", {.transport = APISEC_E_ADDRESS}, APISEC_E_ADDRESS},
        {"too late", {.never = true}, APISEC_E_TIMEOUT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) expect(rows[i].what, &plan, &rows[i].answer, rows[i].expected);
}

/* What a server says when it refuses is shown to an operator: it may repeat what it was sent, and it may be hostile. */
static void test_words_of_the_server(void **state)
{
    (void)state;
    const struct plan plan = {.scope = "a", .actor = "the-actor-token"};
    static const struct {
        const char *body;
        apisec_status expected;
    } rows[] = {
        {"{\"error\":\"invalid_request\",\"error_description\":\"bad the-subject-token\"}", APISEC_E_INVALID_REQUEST},
        {"{\"error\":\"invalid_request\",\"error_description\":\"bad the-actor-token\"}", APISEC_E_INVALID_REQUEST},
        {"{\"error\":\"invalid_client\",\"error_description\":\"not " SECRET "\"}", APISEC_E_INVALID_CLIENT},
        {"{\"error\":\"invalid_target\",\"error_description\":\"a\\nb\\u001b[2J\"}", APISEC_E_INVALID_TARGET},
        {"{\"error\":\"\\u001b[2J\",\"error_description\":7}", APISEC_E_OAUTH_OTHER},
        {"{\"error\":\"\"}", APISEC_E_RESPONSE},
        {"{\"error\":null}", APISEC_E_RESPONSE},
        {"{}", APISEC_E_RESPONSE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_error err;
        apisec_issued *issued = NULL;
        const struct script_answer answer = {.url = ENDPOINT, .status = 400, .headers = JSON, .body = rows[i].body};
        expect(rows[i].body, &plan, &answer, rows[i].expected);
        ask(&plan, &answer, &issued, &err);
        assert_null(issued);
        for (const char *at = err.text; *at != '\0'; at++) assert_true(*at >= 0x20 && *at < 0x7f);
    }
}

/* ---- whose token goes along ---- */

static void test_another_token_than_the_verified_one(void **state)
{
    (void)state;
    apisec_error err;
    apisec_issued *issued = NULL;
    struct script script;
    struct verified subject = verified_new("orders:read");
    char *other = forge_token(FORGE_SAME, FORGE_SAME, forge_signer("ES256", 0));
    const struct {
        const char *raw;
        size_t len;
        const apisec_token *token;
        apisec_status expected;
    } rows[] = {
        {other, strlen(other), subject.token, APISEC_E_MISUSE},
        {subject.raw, strlen(subject.raw) - 1, subject.token, APISEC_E_MISUSE},
        {subject.raw, 0, subject.token, APISEC_E_MISUSE},
        {NULL, 0, subject.token, APISEC_E_MISUSE},
        {subject.raw, strlen(subject.raw), NULL, APISEC_E_MISUSE},
        {subject.raw, strlen(subject.raw), subject.token, APISEC_OK},
    };
    const struct script_answer good = {.url = ENDPOINT, .status = 200, .headers = JSON, .body = ANSWER("")};
    script_init(&script, &good, 1); /* only the last one is ever sent */
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_client *client = apisec_client_new(&script.http);
        apisec_client_set_endpoint(client, ENDPOINT);
        apisec_client_set_basic(client, "shop", SECRET, strlen(SECRET));
        apisec_exchange *exchange = apisec_exchange_new();
        apisec_exchange_set_subject(exchange, rows[i].token, rows[i].raw, rows[i].len);
        apisec_exchange_add_audience(exchange, "ledger");
        assert_int_equal(apisec_exchange_run(client, exchange, &issued, &err), rows[i].expected);
        apisec_issued_free(issued);
        apisec_exchange_free(exchange);
        apisec_client_free(client);
    }
    script_end(&script);
    free(other);
    verified_free(&subject);
}

/* A stolen client credential alone obtains nothing: an exchange needs a user's token, and one that is for somebody. */
static void test_client_credential_without_a_user(void **state)
{
    (void)state;
    struct stand_counter counter;
    stand_count(&counter);
    static const struct {
        const char *endpoint, *actor, *subject, *audience, *why;
        size_t num_requests; /* so far */
    } rows[] = {
        {ENDPOINT, NULL, NULL, "ledger", "nobody's token", 0},
        {ENDPOINT, "the-actor-token", NULL, "ledger", "its own token only", 0},
        {ENDPOINT, NULL, "the-subject-token", NULL, "for nobody in particular", 0},
        {"http://id.example/token", NULL, "the-subject-token", "ledger", "in the open", 0},
        {ENDPOINT, NULL, "the-subject-token", "ledger", "the twin is asked for, and this server is away", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_issued *issued = NULL;
        apisec_client *client = apisec_client_new(&counter.http);
        apisec_client_set_endpoint(client, rows[i].endpoint);
        apisec_client_set_basic(client, "shop", SECRET, strlen(SECRET));
        apisec_exchange *exchange = apisec_exchange_new();
        if (rows[i].actor) apisec_exchange_set_actor(exchange, rows[i].actor, strlen(rows[i].actor), NULL);
        if (rows[i].subject)
            apisec_exchange_set_subject_unverified(exchange, rows[i].subject, strlen(rows[i].subject), NULL);
        if (rows[i].audience) apisec_exchange_add_audience(exchange, rows[i].audience);
        const apisec_status status = apisec_exchange_run(client, exchange, &issued, NULL);
        if ((status == APISEC_E_CONFIG) != (rows[i].num_requests == 0)) fail_msg("%s: %s", rows[i].why, apisec_status_name(status));
        assert_int_equal(counter.num_requests, rows[i].num_requests);
        assert_null(issued);
        apisec_exchange_free(exchange);
        apisec_client_free(client);
    }
}

/* Nothing of a refused answer stays: the next exchange asks again and takes the good one. */
static void test_nothing_of_a_refused_answer_is_kept(void **state)
{
    (void)state;
    struct script script;
    const struct script_answer answers[] = {
        {.url = ENDPOINT, .status = 200, .headers = JSON, .body = ANSWER(",\"scope\":\"admin\"")},
        {.url = ENDPOINT, .status = 200, .headers = JSON, .body = ANSWER("")},
    };
    script_init(&script, answers, 2);
    apisec_client *client = apisec_client_new(&script.http);
    apisec_client_set_endpoint(client, ENDPOINT);
    apisec_client_set_basic(client, "shop", SECRET, strlen(SECRET));
    apisec_exchange *exchange = apisec_exchange_new();
    apisec_exchange_set_subject_unverified(exchange, "the-subject-token", 17, NULL);
    apisec_exchange_add_audience(exchange, "ledger");
    apisec_exchange_set_scope(exchange, "ledger:read");
    apisec_issued *issued = NULL;
    assert_int_equal(apisec_exchange_run(client, exchange, &issued, NULL), APISEC_E_SCOPE_WIDENED);
    assert_null(issued);
    assert_int_equal(apisec_exchange_run(client, exchange, &issued, NULL), APISEC_OK);
    assert_string_equal(apisec_issued_scope(issued), "ledger:read");
    apisec_issued_free(issued);
    apisec_exchange_free(exchange);
    apisec_client_free(client);
    script_end(&script);
}

static int end(void **state)
{
    (void)state;
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wider_scope),
        cmocka_unit_test(test_scope_of_the_verified_subject_is_the_limit),
        cmocka_unit_test(test_other_token_types),
        cmocka_unit_test(test_unknown_ways_to_use_it),
        cmocka_unit_test(test_no_token),
        cmocka_unit_test(test_actor_ignored),
        cmocka_unit_test(test_answers_that_are_none),
        cmocka_unit_test(test_words_of_the_server),
        cmocka_unit_test(test_another_token_than_the_verified_one),
        cmocka_unit_test(test_client_credential_without_a_user),
        cmocka_unit_test(test_nothing_of_a_refused_answer_is_kept),
    };
    return cmocka_run_group_tests_name("attack_exchange", tests, NULL, end);
}
