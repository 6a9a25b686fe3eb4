/* SPDX-License-Identifier: Apache-2.0
 *
 * test_status_fetch.c: how a token's entry is found: one request for many tokens, a wait for another's, keys that must be fetched
 * for the list, flights that are abandoned, and a deadline for all of it. Hostile lists are in test/attack/attack_status.c.
 */
#include "support/unit.h"
#include "support/lists.h"
#include "support/script.h"
#include "support/stand.h"
#include "token/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START ((int64_t)FORGE_NOW * 1000)
#define KEYS_URL FORGE_ISSUER "/jwks"
#define JSON "Content-Type: application/json\n"
#define LIST {.method = "GET", .url = LIST_URI, .status = 200, .headers = LIST_TYPE, .body = list}

static const apisec_signer *signer, *next;
static char *set, *both; /* key sets */
static char *list;       /* the honest one, of LIST_BYTES */

static apisec_verifier *checking(apisec_http *http, const char *keys)
{
    const struct stand_issuer issuer = {.algorithms = {"ES256"}, .keys = keys, .status_lists = LIST_PREFIX};
    return stand_new(&issuer, 1, http);
}

static char *token_at(const char *idx)
{
    return forge_token((struct forge_change[]){{"status", list_reference(LIST_URI, idx)}, {NULL, NULL}}, FORGE_SAME, signer);
}

static apisec_op *start(apisec_verifier *verifier, const char *idx)
{
    apisec_op *op = NULL;
    char *token = token_at(idx);
    assert_int_equal(apisec_verify_start(verifier, token, strlen(token), FORGE_NOW, &op, NULL), APISEC_OK);
    free(token);
    return op;
}

static apisec_status finish(apisec_op *op)
{
    apisec_token *verified = NULL;
    const apisec_status status = apisec_verify_finish(op, &verified, NULL);
    assert_int_equal(verified != NULL, status == APISEC_OK);
    apisec_token_free(verified);
    apisec_op_free(op);
    return status;
}

static apisec_status verify(apisec_verifier *verifier, struct script *script, const char *idx, int64_t now_ms)
{
    apisec_op *op = start(verifier, idx);
    script_run(script, op, &now_ms);
    return finish(op);
}

/* ---- the entry ---- */

static void test_one_request_for_many_tokens(void **state)
{
    (void)state;
    const struct script_answer answers[] = {{.method = "GET",
                                             .url = LIST_URI,
                                             .headers_have = {"Accept: application/statuslist+jwt\n"},
                                             .status = 200,
                                             .headers = LIST_TYPE,
                                             .body = list}};
    static const int revoked[16] = {1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1};
    struct script script;
    script_init(&script, answers, 1);
    apisec_verifier *verifier = checking(NULL, set);
    for (int i = 0; i < 32; i++) {
        char idx[8];
        snprintf(idx, sizeof idx, "%d", i % 16);
        assert_int_equal(verify(verifier, &script, idx, START + 300 * i), revoked[i % 16] ? APISEC_E_REVOKED : APISEC_OK);
    }
    assert_int_equal(script.num_requests, 1);
    script_end(&script);
    /* and without any transport, as long as the list may be used */
    char *token = token_at("1");
    apisec_op *op = NULL;
    assert_int_equal(apisec_verify_start(verifier, token, strlen(token), FORGE_NOW, &op, NULL), APISEC_OK);
    assert_int_equal(apisec_op_next(op, START + 200000), APISEC_OP_DONE);
    assert_int_equal(finish(op), APISEC_OK);
    free(token);
    apisec_verifier_free(verifier);
}

static void test_values(void **state)
{
    (void)state;
    static const struct {
        const char *bits, *bytes, *idx;
        apisec_status expected;
        const char *says;
    } rows[] = {
        {"1", "\x02", "0", APISEC_OK, ""},
        {"1", "\x02", "1", APISEC_E_REVOKED, "revoked"},
        {"2", "\xe4", "0", APISEC_OK, ""},
        {"2", "\xe4", "1", APISEC_E_REVOKED, "revoked"},
        {"2", "\xe4", "2", APISEC_E_REVOKED, "suspended"},
        {"2", "\xe4", "3", APISEC_E_REVOKED, "not valid"}, /* what an application means by it is not known here */
        {"4", "\xf0", "0", APISEC_OK, ""},
        {"4", "\xf0", "1", APISEC_E_REVOKED, "not valid"},
        {"8", "\x00", "0", APISEC_OK, ""},
        {"8", "\xff", "0", APISEC_E_REVOKED, "not valid"},
        {"8", "\x80", "0", APISEC_E_REVOKED, "not valid"},
        {"8", "\x01", "0", APISEC_E_REVOKED, "revoked"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char object[128], *lst = list_pack(rows[i].bytes, 1);
        snprintf(object, sizeof object, "{\"bits\":%s,\"lst\":\"%s\"}", rows[i].bits, lst);
        char *other = list_token("", 0, (struct forge_change[]){{"status_list", object}, {NULL, NULL}}, FORGE_SAME, signer);
        const struct script_answer answers[] = {{.url = LIST_URI, .status = 200, .headers = LIST_TYPE, .body = other}};
        struct script script;
        script_init(&script, answers, 1);
        apisec_verifier *verifier = checking(NULL, set);
        apisec_op *op = start(verifier, rows[i].idx);
        int64_t now_ms = START;
        script_run(&script, op, &now_ms);
        apisec_token *verified = NULL;
        apisec_error err;
        const apisec_status status = apisec_verify_finish(op, &verified, &err);
        if (status != rows[i].expected || strstr(err.text, rows[i].says) == NULL)
            fail_msg("%s bits of %02x at %s: %s", rows[i].bits, (unsigned)(unsigned char)rows[i].bytes[0], rows[i].idx, err.text);
        apisec_token_free(verified);
        apisec_op_free(op);
        apisec_verifier_free(verifier);
        script_end(&script);
        free(other);
        free(lst);
    }
}

/* ---- what a token may say ---- */

static void test_references(void **state)
{
    (void)state;
    static const struct {
        const char *status;
        apisec_status expected;
        bool asks;
        const char *why;
    } rows[] = {
        {NULL, APISEC_OK, false, "no status, and none is required"},
        {"{\"status_list\":{\"idx\":1,\"uri\":\"" LIST_URI "\"}}", APISEC_OK, true, "as it should be"},
        {"{\"status_list\":{\"idx\":1.0,\"uri\":\"" LIST_URI "\"}}", APISEC_OK, true, "an integer too"},
        {"{\"other\":7,\"status_list\":{\"idx\":1,\"uri\":\"" LIST_URI "\",\"more\":1}}", APISEC_OK, true, "more members"},
        {"{\"status_list\":{\"idx\":16,\"uri\":\"" LIST_URI "\"}}", APISEC_E_CLAIM, true, "behind the end"},
        {"{\"status_list\":{\"idx\":9007199254740991,\"uri\":\"" LIST_URI "\"}}", APISEC_E_CLAIM, true, "far behind the end"},
        {"{\"status_list\":{\"idx\":4294967297,\"uri\":\"" LIST_URI "\"}}", APISEC_E_CLAIM, true, "1 in 32 bits"},
        {"{\"status_list\":{\"idx\":-1,\"uri\":\"" LIST_URI "\"}}", APISEC_E_CLAIM, false, "negative"},
        {"{\"status_list\":{\"idx\":1.5,\"uri\":\"" LIST_URI "\"}}", APISEC_E_CLAIM, false, "no integer"},
        {"{\"status_list\":{\"idx\":9007199254740993,\"uri\":\"" LIST_URI "\"}}", APISEC_E_CLAIM, false, "over 2^53"},
        {"{\"status_list\":{\"idx\":\"1\",\"uri\":\"" LIST_URI "\"}}", APISEC_E_CLAIM, false, "a string"},
        {"{\"status_list\":{\"idx\":null,\"uri\":\"" LIST_URI "\"}}", APISEC_E_CLAIM, false, "null"},
        {"{\"status_list\":{\"uri\":\"" LIST_URI "\"}}", APISEC_E_CLAIM, false, "no idx"},
        {"{\"status_list\":{\"idx\":1}}", APISEC_E_CLAIM, false, "no uri"},
        {"{\"status_list\":{\"idx\":1,\"uri\":7}}", APISEC_E_CLAIM, false, "uri is no string"},
        {"{\"status_list\":{\"idx\":1,\"uri\":[\"" LIST_URI "\"]}}", APISEC_E_CLAIM, false, "uri is no string"},
        {"{\"status_list\":{\"idx\":1,\"uri\":\"\"}}", APISEC_E_CLAIM, false, "uri is empty"},
        {"{\"status_list\":[]}", APISEC_E_CLAIM, false, "no object"},
        {"{\"status_list\":null}", APISEC_E_CLAIM, false, "null"},
        {"{\"identifier_list\":{\"id\":\"1\"}}", APISEC_E_CLAIM, false, "another mechanism alone"},
        {"{}", APISEC_E_CLAIM, false, "no mechanism"},
        {"null", APISEC_E_CLAIM, false, "null"},
        {"\"valid\"", APISEC_E_CLAIM, false, "a string"},
        {"0", APISEC_E_CLAIM, false, "a number"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct script_answer answers[] = {LIST};
        struct script script;
        script_init(&script, answers, rows[i].asks ? 1 : 0);
        apisec_verifier *verifier = checking(&script.http, set);
        char *token = forge_token((struct forge_change[]){{"status", rows[i].status}, {NULL, NULL}}, FORGE_SAME, signer);
        if (rows[i].expected == APISEC_OK) stand_accepts(verifier, rows[i].why, token);
        if (rows[i].expected != APISEC_OK) stand_refuses(verifier, rows[i].why, token, rows[i].expected);
        apisec_verifier_free(verifier);
        script_end(&script);
    }
}

static void test_a_status_that_is_required(void **state)
{
    (void)state;
    const struct script_answer answers[] = {LIST};
    const struct stand_issuer issuer = {
        .algorithms = {"ES256"}, .keys = set, .status_lists = LIST_PREFIX, .requires_status = true};
    struct script script;
    script_init(&script, answers, 1);
    apisec_verifier *verifier = stand_new(&issuer, 1, &script.http);
    stand_refuses(verifier, "no status", forge_token(FORGE_SAME, FORGE_SAME, signer), APISEC_E_CLAIM);
    stand_accepts(verifier, "with one", token_at("1"));
    apisec_verifier_free(verifier);
    script_end(&script);
}

static void test_only_once_all_else_is_good(void **state)
{
    (void)state;
    apisec_verifier *verifier = checking(NULL, set);
    const struct forge_change late[] = {{"status", list_reference(LIST_URI, "1")}, {"exp", "1749999000"}, {NULL, NULL}};
    char *token = forge_token(late, FORGE_SAME, signer);
    apisec_op *op = NULL;
    assert_int_equal(apisec_verify_start(verifier, token, strlen(token), FORGE_NOW, &op, NULL), APISEC_OK);
    assert_int_equal(apisec_op_next(op, START), APISEC_OP_DONE); /* nobody is asked */
    assert_int_equal(finish(op), APISEC_E_EXPIRED);
    free(token);
    apisec_verifier_free(verifier);
}

/* ---- without the network ---- */

static void test_without_transport(void **state)
{
    (void)state;
    apisec_verifier *verifier = checking(NULL, set);
    stand_refuses(verifier, "no transport", token_at("1"), APISEC_E_NO_TRANSPORT);
    apisec_op *op = start(verifier, "1");
    apisec_op_run(op, NULL);
    assert_int_equal(finish(op), APISEC_E_NO_TRANSPORT);
    /* that was nobody's failure: the next one asks at once */
    const struct script_answer answers[] = {LIST};
    struct script script;
    script_init(&script, answers, 1);
    assert_int_equal(verify(verifier, &script, "1", START), APISEC_OK);
    script_end(&script);
    apisec_verifier_free(verifier);
}

/* ---- several at once ---- */

static void answer_list(apisec_op *op)
{
    const struct script_answer answers[] = {LIST};
    struct script script;
    script_init(&script, answers, 1);
    script_answer_one(&script, op);
    script_end(&script);
}

static void test_others_wait(void **state)
{
    (void)state;
    apisec_verifier *verifier = checking(NULL, set);
    apisec_op *leader = start(verifier, "1"), *follower = start(verifier, "2"), *revoked = start(verifier, "3");
    assert_int_equal(apisec_op_next(leader, START), APISEC_OP_HTTP);
    assert_int_equal(apisec_op_next(follower, START), APISEC_OP_WAIT);
    assert_true(apisec_op_deadline_ms(follower) > START && apisec_op_deadline_ms(follower) <= START + 100);
    assert_int_equal(apisec_op_next(revoked, START + 10), APISEC_OP_WAIT);
    assert_int_equal(apisec_op_next(follower, START + 20), APISEC_OP_WAIT);
    answer_list(leader);
    assert_int_equal(apisec_op_next(leader, START + 30), APISEC_OP_DONE);
    assert_int_equal(apisec_op_next(follower, START + 40), APISEC_OP_DONE);
    assert_int_equal(apisec_op_next(revoked, START + 40), APISEC_OP_DONE);
    assert_int_equal(finish(leader), APISEC_OK);
    assert_int_equal(finish(follower), APISEC_OK);
    assert_int_equal(finish(revoked), APISEC_E_REVOKED);
    apisec_verifier_free(verifier);
}

static void test_an_abandoned_leader(void **state)
{
    (void)state;
    apisec_verifier *verifier = checking(NULL, set);
    apisec_op *leader = start(verifier, "1"), *follower = start(verifier, "1");
    assert_int_equal(apisec_op_next(leader, START), APISEC_OP_HTTP);
    assert_int_equal(apisec_op_next(follower, START), APISEC_OP_WAIT);
    apisec_op_free(leader);
    assert_int_equal(apisec_op_next(follower, START + 20), APISEC_OP_WAIT);
    assert_int_equal(apisec_op_deadline_ms(follower), START + 1000); /* not two beginnings within a second */
    assert_int_equal(apisec_op_next(follower, START + 1000), APISEC_OP_HTTP);
    answer_list(follower);
    assert_int_equal(apisec_op_next(follower, START + 1010), APISEC_OP_DONE);
    assert_int_equal(finish(follower), APISEC_OK);
    apisec_verifier_free(verifier);
}

static void test_nobody_waits_for_ever(void **state)
{
    (void)state;
    apisec_verifier *verifier = checking(NULL, set);
    apisec_op *leader = start(verifier, "1"), *follower = start(verifier, "1");
    assert_int_equal(apisec_op_next(leader, START), APISEC_OP_HTTP); /* and is never driven on */
    int64_t now_ms = START;
    while (apisec_op_next(follower, now_ms) == APISEC_OP_WAIT) {
        assert_true(apisec_op_deadline_ms(follower) > now_ms);
        now_ms = apisec_op_deadline_ms(follower);
        assert_true(now_ms < START + 11000);
    }
    assert_true(now_ms >= START + 10000);
    assert_int_equal(finish(follower), APISEC_E_TIMEOUT);
    /* the leader was late, and its request has failed by its deadline */
    assert_int_equal(apisec_op_next(leader, now_ms), APISEC_OP_DONE);
    assert_int_equal(finish(leader), APISEC_E_TIMEOUT);
    apisec_verifier_free(verifier);
}

/* ---- its keys ---- */

static char *list_by(const apisec_signer *by)
{
    return list_token(LIST_BYTES, 2, FORGE_SAME, FORGE_SAME, by);
}

static void test_a_list_with_a_newer_key(void **state)
{
    (void)state;
    char *newer = list_by(next);
    const struct script_answer answers[] = {
        {.url = KEYS_URL, .status = 200, .headers = JSON, .body = set}, LIST,
        {.url = LIST_URI, .status = 200, .headers = LIST_TYPE, .body = newer},
        {.url = KEYS_URL, .status = 200, .headers = JSON, .body = both},
    };
    struct script script;
    script_init(&script, answers, 4);
    apisec_verifier *verifier = checking(NULL, KEYS_URL);
    assert_int_equal(verify(verifier, &script, "1", START), APISEC_OK);
    assert_int_equal(script.num_requests, 2);
    assert_int_equal(verify(verifier, &script, "1", START + 300000), APISEC_OK); /* the list first, then the key it names */
    assert_int_equal(script.num_requests, 4);
    apisec_verifier_free(verifier);
    script_end(&script);
    free(newer);
}

static void test_keys_that_cannot_be_had(void **state)
{
    (void)state;
    char *newer = list_by(next);
    const struct script_answer answers[] = {
        {.url = KEYS_URL, .status = 200, .headers = JSON, .body = set}, LIST,
        {.url = LIST_URI, .status = 200, .headers = LIST_TYPE, .body = newer},
        {.url = KEYS_URL, .transport = APISEC_E_UNREACHABLE},
        {.url = LIST_URI, .status = 200, .headers = LIST_TYPE, .body = newer},
        {.url = KEYS_URL, .status = 200, .headers = JSON, .body = set},
        {.url = LIST_URI, .status = 200, .headers = LIST_TYPE, .body = newer},
    };
    struct script script;
    script_init(&script, answers, 7);
    apisec_verifier *verifier = checking(NULL, KEYS_URL);
    assert_int_equal(verify(verifier, &script, "1", START), APISEC_OK);
    assert_int_equal(verify(verifier, &script, "1", START + 300000), APISEC_E_KEYS_UNAVAILABLE); /* never the token's fault */
    assert_int_equal(script.num_requests, 4);
    assert_int_equal(verify(verifier, &script, "1", START + 335000), APISEC_E_RESPONSE); /* there is no such key */
    assert_int_equal(script.num_requests, 6);
    assert_int_equal(verify(verifier, &script, "1", START + 340000), APISEC_E_RESPONSE); /* asked so a moment ago */
    assert_int_equal(script.num_requests, 7);
    apisec_verifier_free(verifier);
    script_end(&script);
    free(newer);
}

static void test_abandoned_while_its_key_is_fetched(void **state)
{
    (void)state;
    char *newer = list_by(next);
    const struct script_answer answers[] = {{.url = KEYS_URL, .status = 200, .headers = JSON, .body = set}, LIST};
    struct script script;
    script_init(&script, answers, 2);
    apisec_verifier *verifier = checking(NULL, KEYS_URL);
    assert_int_equal(verify(verifier, &script, "1", START), APISEC_OK);
    script_end(&script);

    apisec_op *op = start(verifier, "1");
    assert_int_equal(apisec_op_next(op, START + 300000), APISEC_OP_HTTP);
    assert_string_equal(apisec_op_url(op), LIST_URI);
    apisec_op_answer_status(op, 200);
    apisec_op_answer_header(op, "Content-Type", 12, "application/statuslist+jwt", 26);
    apisec_op_answer_body(op, newer, strlen(newer));
    apisec_op_answer_end(op, APISEC_OK);
    assert_int_equal(apisec_op_next(op, START + 300100), APISEC_OP_HTTP);
    assert_string_equal(apisec_op_url(op), KEYS_URL);
    apisec_op_free(op);

    const struct script_answer again[] = {{.url = LIST_URI, .status = 200, .headers = LIST_TYPE, .body = newer},
                                          {.url = KEYS_URL, .status = 200, .headers = JSON, .body = both}};
    script_init(&script, again, 2);
    op = start(verifier, "1");
    int64_t now_ms = START + 302000;
    script_run(&script, op, &now_ms);
    assert_int_equal(finish(op), APISEC_OK);
    assert_true(now_ms < START + 304000); /* both flights were free again */
    script_end(&script);
    apisec_verifier_free(verifier);
    free(newer);
}

/* ---- what is worth watching ---- */

static void expect_health(apisec_verifier *verifier, const char *expected)
{
    char *json = NULL;
    assert_int_equal(apisec_verifier_health(verifier, &json, NULL), APISEC_OK);
    if (strstr(json, expected) == NULL) fail_msg("%s\nis not in\n%s", expected, json);
    assert_int_equal(apisec_json_scan(json, strlen(json), NULL, NULL, NULL), APISEC_OK);
    apisec_text_free(json);
}

static void test_health(void **state)
{
    (void)state;
    const struct script_answer answers[] = {{.url = LIST_URI, .transport = APISEC_E_UNREACHABLE}, LIST};
    struct script script;
    script_init(&script, answers, 2);
    apisec_verifier *verifier = checking(NULL, set);
    expect_health(verifier, "\"status_lists\":{\"num_lists\":0,\"num_bytes\":0,\"last_success\":null,\"last_failure\":null,"
                            "\"last_error\":\"\",\"fetches\":0,\"failures\":0,\"abandoned\":0}");
    assert_int_equal(verify(verifier, &script, "1", START), APISEC_E_UNREACHABLE);
    apisec_op *op = start(verifier, "1");
    assert_int_equal(apisec_op_next(op, START + 1000), APISEC_OP_HTTP);
    apisec_op_free(op);
    op = start(verifier, "1");
    apisec_op_run(op, NULL); /* no transport: nothing was begun */
    assert_int_equal(finish(op), APISEC_E_UNREACHABLE); /* what is known of the list */
    expect_health(verifier, "\"num_lists\":0,\"num_bytes\":0,\"last_success\":null,\"last_failure\":1750000000,"
                            "\"last_error\":\"status list: the server cannot be reached\","
                            "\"fetches\":2,\"failures\":1,\"abandoned\":1}");
    apisec_verifier_free(verifier);

    verifier = checking(NULL, set);
    assert_int_equal(verify(verifier, &script, "1", START + 3000), APISEC_OK);
    expect_health(verifier, "\"num_lists\":1,\"num_bytes\":2,\"last_success\":1750000003,\"last_failure\":null");
    expect_health(verifier, "\"last_error\":\"\",\"fetches\":1,\"failures\":0,\"abandoned\":0}");
    apisec_verifier_free(verifier);
    script_end(&script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_request_for_many_tokens),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_a_status_that_is_required),
        cmocka_unit_test(test_only_once_all_else_is_good),
        cmocka_unit_test(test_without_transport),
        cmocka_unit_test(test_others_wait),
        cmocka_unit_test(test_an_abandoned_leader),
        cmocka_unit_test(test_nobody_waits_for_ever),
        cmocka_unit_test(test_a_list_with_a_newer_key),
        cmocka_unit_test(test_keys_that_cannot_be_had),
        cmocka_unit_test(test_abandoned_while_its_key_is_fetched),
        cmocka_unit_test(test_health),
    };
    signer = forge_signer("ES256", 0);
    next = forge_signer("ES256", 1);
    set = forge_jwks((const apisec_signer *[]){signer, NULL});
    both = forge_jwks((const apisec_signer *[]){signer, next, NULL});
    list = list_by(signer);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(list);
    free(both);
    free(set);
    forge_end();
    return failed;
}
