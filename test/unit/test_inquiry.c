/* SPDX-License-Identifier: Apache-2.0
 *
 * test_inquiry.c: asking as an operation: the request's bytes, what is kept and for how long, who waits for whom, the keys of
 * signed answers, the one deadline, what no error repeats, and memory that runs out.
 */
#define _GNU_SOURCE /* RTLD_NEXT, in failing.h */

#include "support/unit.h"
#include "support/failing.h"
#include "support/reference.h"
#include "token/introspect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START REFERENCE_START
#define JWKS_URL FORGE_ISSUER "/jwks"

static char *members, *set;
static const struct reference usual = {.cache_s = 0};

static struct script_answer yes(void)
{
    return (struct script_answer){.url = REFERENCE_URL, .status = 200, .headers = REFERENCE_JSON, .body = members};
}

static const struct script_answer no = {
    .url = REFERENCE_URL, .status = 200, .headers = REFERENCE_JSON, .body = "{\"active\":false}"};

/* ---- the request ---- */

static void the_request(void **state)
{
    (void)state;
    struct script_answer answer = yes();
    struct script script;
    int64_t now_ms = START;
    answer.method = "POST";
    answer.headers_have[0] = "Accept: application/json\n";
    answer.headers_have[1] = "Content-Type: application/x-www-form-urlencoded\n";
    answer.headers_have[2] = "Authorization: Basic b3JkZXJzLWFwaTpzZWNyZXQtY2FuYXJ5LTAxMjM0NTY3ODk=\n";
    answer.body_is = "token=a%2Bb%2Fc%7E%3D&token_type_hint=access_token";
    script_init(&script, &answer, 1);
    apisec_verifier *verifier = reference_verifier(&usual, NULL);
    assert_int_equal(reference_verify(verifier, &script, "a+b/c~=", &now_ms, NULL, NULL), APISEC_OK);
    apisec_verifier_free(verifier);
    script_end(&script);
}

static void the_other_ways_to_authenticate(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        apisec_trust *trust = apisec_trust_new();
        apisec_issuer *issuer = reference_issuer(trust, &(struct reference){.no_secret = true});
        apisec_verifier *verifier = NULL;
        apisec_op *op = NULL;
        size_t len;
        if (way == 0) apisec_issuer_set_introspection_post(issuer, "me", "shh", 3);
        if (way == 1) apisec_issuer_set_introspection_private_key_jwt(issuer, "me", forge_signer("ES256", 2), FORGE_ISSUER);
        if (way == 2) apisec_issuer_set_introspection_mtls(issuer, "me", "mesh");
        assert_int_equal(apisec_verifier_new(trust, NULL, &verifier, NULL), APISEC_OK);
        apisec_trust_free(trust);
        assert_int_equal(apisec_verify_start(verifier, "abc", 3, FORGE_NOW, &op, NULL), APISEC_OK);
        assert_int_equal(apisec_op_next(op, START), APISEC_OP_HTTP);
        const char *body = apisec_op_body(op, &len);
        const char *identity = apisec_op_identity(op);
        assert_non_null(strstr(body, "&client_id=me"));
        assert_int_equal(strstr(body, "&client_secret=shh") != NULL, way == 0);
        assert_int_equal(strstr(body, "&client_assertion=eyJ") != NULL, way == 1);
        assert_int_equal(identity != NULL && strcmp(identity, "mesh") == 0, way == 2);
        assert_int_equal(apisec_op_num_headers(op), 2);
        apisec_op_free(op);
        apisec_verifier_free(verifier);
    }
}

/* ---- what is kept ---- */

struct moment {
    int64_t at_ms;
    bool asks;               /* the issuer is asked, and says what its next answer is */
    apisec_status expected;
};

static void tell(const struct reference *reference, const struct script_answer *answers, size_t num, const struct moment *moments,
                 size_t num_moments)
{
    struct script script;
    script_init(&script, answers, num);
    apisec_verifier *verifier = reference_verifier(reference, NULL);
    for (size_t i = 0; i < num_moments; i++) {
        int64_t now_ms = START + moments[i].at_ms;
        const size_t before = script.num_requests;
        const apisec_status status = reference_verify(verifier, &script, REFERENCE_TOKEN, &now_ms, NULL, NULL);
        if (status != moments[i].expected) fail_msg("moment %zu: %s", i, apisec_status_name(status));
        if (script.num_requests != before + moments[i].asks) fail_msg("moment %zu: %zu requests", i, script.num_requests - before);
    }
    apisec_verifier_free(verifier);
    script_end(&script);
}
#define TELL(reference, answers, moments)                                                                                      \
    tell(&(reference), answers, sizeof(answers) / sizeof(answers)[0], moments, sizeof(moments) / sizeof(moments)[0])

static void a_yes_is_kept_for_ten_seconds(void **state)
{
    (void)state;
    const struct script_answer answers[] = {yes(), no};
    static const struct moment moments[] = {
        {0, true, APISEC_OK}, {1, false, APISEC_OK}, {9999, false, APISEC_OK}, {10000, true, APISEC_E_INACTIVE},
        {10001, false, APISEC_E_INACTIVE}, {19999, false, APISEC_E_INACTIVE},
    };
    TELL(usual, answers, moments);
}

/* Counted from when it was asked for: what the issuer said is as old as that. */
static void time_that_an_answer_takes_is_no_time_that_it_is_kept(void **state)
{
    (void)state;
    struct script_answer slow = yes();
    slow.takes_ms = 4000;
    const struct script_answer answers[] = {slow, no};
    static const struct moment moments[] = {{0, true, APISEC_OK}, {9999, false, APISEC_OK}, {10000, true, APISEC_E_INACTIVE}};
    TELL(usual, answers, moments);
}

static void as_long_as_it_is_told_to(void **state)
{
    (void)state;
    const struct script_answer answers[] = {yes(), no};
    static const struct moment moments[] = {
        {0, true, APISEC_OK}, {299999, false, APISEC_OK}, {300000, true, APISEC_E_INACTIVE}, {309999, false, APISEC_E_INACTIVE}};
    const struct reference longest = {.has_cache = true, .cache_s = 300};
    TELL(longest, answers, moments);
    const struct script_answer always[] = {yes(), yes(), no};
    static const struct moment each[] = {
        {0, true, APISEC_OK}, {0, true, APISEC_OK}, {0, true, APISEC_E_INACTIVE}, {9999, false, APISEC_E_INACTIVE}};
    const struct reference off = {.has_cache = true, .cache_s = 0};
    TELL(off, always, each);
}

static void never_longer_than_the_token_lives(void **state)
{
    (void)state;
    char *short_lived = reference_members((struct forge_change[]){{"exp", "1750000003"}, {NULL, NULL}});
    char *over = reference_members((struct forge_change[]){{"exp", "1750000000"}, {NULL, NULL}}); /* good for the leeway only */
    struct script_answer answers[] = {yes(), yes(), yes()};
    answers[0].body = short_lived;
    answers[1].body = answers[2].body = over;
    static const struct moment moments[] = {
        {0, true, APISEC_OK}, {2999, false, APISEC_OK}, {3000, true, APISEC_OK}, {3000, true, APISEC_OK}};
    TELL(usual, answers, moments);
    free(short_lived);
    free(over);
}

static void what_is_no_verdict_is_not_kept(void **state)
{
    (void)state;
    static const struct script_answer broken[] = {
        {.status = 200, .headers = REFERENCE_JSON, .body = "{\"active\":\"true\"}"},
        {.status = 503, .headers = REFERENCE_JSON, .body = "{}"},
        {.transport = APISEC_E_UNREACHABLE},
        {.status = 401, .headers = REFERENCE_JSON, .body = "{\"error\":\"invalid_client\"}"},
    };
    static const apisec_status expected[] = {APISEC_E_RESPONSE, APISEC_E_UNREACHABLE, APISEC_E_UNREACHABLE,
                                             APISEC_E_INVALID_CLIENT};
    for (size_t i = 0; i < 4; i++) {
        const struct script_answer answers[] = {broken[i], broken[i], yes()};
        const struct moment moments[] = {
            {0, true, expected[i]}, {0, true, expected[i]}, {0, true, APISEC_OK}, {1, false, APISEC_OK}};
        TELL(usual, answers, moments);
    }
}

/* What is kept is judged anew each time. */
static void time_goes_on_while_it_is_kept(void **state)
{
    (void)state;
    const struct script_answer answer = yes();
    static const struct {
        int64_t now;
        apisec_status expected;
    } rows[] = {{FORGE_NOW, APISEC_OK}, {FORGE_NOW + 559, APISEC_OK}, {FORGE_NOW + 560, APISEC_E_EXPIRED}, {FORGE_NOW, APISEC_OK}};
    struct script script;
    script_init(&script, &answer, 1);
    apisec_verifier *verifier = reference_verifier(&usual, &script.http);
    for (size_t i = 0; i < 4; i++) {
        apisec_token *token = NULL;
        assert_int_equal(apisec_verify(verifier, REFERENCE_TOKEN, strlen(REFERENCE_TOKEN), rows[i].now, &token, NULL),
                         rows[i].expected);
        apisec_token_free(token);
    }
    apisec_verifier_free(verifier);
    script_end(&script);
}

/* ---- who waits for whom ---- */

static apisec_op *start(apisec_verifier *verifier, const char *token)
{
    apisec_op *op = NULL;
    assert_int_equal(apisec_verify_start(verifier, token, strlen(token), FORGE_NOW, &op, NULL), APISEC_OK);
    return op;
}

static apisec_status finish(apisec_op *op)
{
    apisec_token *token = NULL;
    const apisec_status status = apisec_verify_finish(op, &token, NULL);
    apisec_token_free(token);
    apisec_op_free(op);
    return status;
}

static void others_wait_for_the_same_answer(void **state)
{
    (void)state;
    const struct script_answer answer = yes();
    struct script script;
    script_init(&script, &answer, 1);
    apisec_verifier *verifier = reference_verifier(&(struct reference){.has_cache = true, .cache_s = 0}, NULL);
    apisec_op *leader = start(verifier, REFERENCE_TOKEN), *follower = start(verifier, REFERENCE_TOKEN);
    assert_int_equal(apisec_op_next(leader, START), APISEC_OP_HTTP);
    assert_int_equal(apisec_op_next(follower, START + 1), APISEC_OP_WAIT);
    assert_true(apisec_op_deadline_ms(follower) == START + 21);
    assert_int_equal(apisec_op_next(follower, START + 21), APISEC_OP_WAIT);
    script_answer_one(&script, leader);
    assert_int_equal(apisec_op_next(leader, START + 30), APISEC_OP_DONE);
    assert_int_equal(apisec_op_next(follower, START + 41), APISEC_OP_DONE);
    assert_int_equal(finish(leader), APISEC_OK);
    assert_int_equal(finish(follower), APISEC_OK);
    apisec_verifier_free(verifier);
    script_end(&script);
}

static void a_leader_that_is_cancelled_is_followed(void **state)
{
    (void)state;
    const struct script_answer answer = yes();
    struct script script;
    script_init(&script, &answer, 1);
    apisec_verifier *verifier = reference_verifier(&usual, NULL);
    apisec_op *leader = start(verifier, REFERENCE_TOKEN);
    apisec_op *one = start(verifier, REFERENCE_TOKEN), *two = start(verifier, REFERENCE_TOKEN);
    assert_int_equal(apisec_op_next(leader, START), APISEC_OP_HTTP);
    assert_int_equal(apisec_op_next(one, START), APISEC_OP_WAIT);
    assert_int_equal(apisec_op_next(two, START), APISEC_OP_WAIT);
    apisec_op_free(leader);
    assert_int_equal(apisec_op_next(one, START + 20), APISEC_OP_HTTP);
    assert_int_equal(apisec_op_next(two, START + 20), APISEC_OP_WAIT);
    script_answer_one(&script, one);
    assert_int_equal(apisec_op_next(one, START + 21), APISEC_OP_DONE);
    assert_int_equal(apisec_op_next(two, START + 40), APISEC_OP_DONE);
    assert_int_equal(finish(one), APISEC_OK);
    assert_int_equal(finish(two), APISEC_OK);
    apisec_verifier_free(verifier);
    script_end(&script);
}

static void a_failure_is_for_all_but_one_of_ones_own(void **state)
{
    (void)state;
    for (int own = 0; own < 2; own++) {
        apisec_verifier *verifier = reference_verifier(&usual, NULL);
        apisec_op *leader = start(verifier, REFERENCE_TOKEN), *follower = start(verifier, REFERENCE_TOKEN);
        assert_int_equal(apisec_op_next(leader, START), APISEC_OP_HTTP);
        assert_int_equal(apisec_op_next(follower, START), APISEC_OP_WAIT);
        if (own) op_end_answer(leader, APISEC_E_NO_TRANSPORT);
        else assert_int_equal(apisec_op_answer_end(leader, APISEC_E_UNREACHABLE), APISEC_OK);
        assert_int_equal(apisec_op_next(leader, START + 1), APISEC_OP_DONE);
        assert_int_equal(apisec_op_next(follower, START + 20), own ? APISEC_OP_HTTP : APISEC_OP_DONE);
        assert_int_equal(finish(leader), own ? APISEC_E_NO_TRANSPORT : APISEC_E_UNREACHABLE);
        if (own) apisec_op_free(follower);
        else assert_int_equal(finish(follower), APISEC_E_UNREACHABLE);
        apisec_verifier_free(verifier);
    }
}

static void sixteen_tokens_at_once(void **state)
{
    (void)state;
    apisec_verifier *verifier = reference_verifier(&usual, NULL);
    apisec_op *ops[INTROSPECT_MAX_ASKING];
    for (int i = 0; i < INTROSPECT_MAX_ASKING; i++) {
        const char token[4] = {'t', '-', (char)('a' + i), '\0'};
        ops[i] = start(verifier, token);
        assert_int_equal(apisec_op_next(ops[i], START), APISEC_OP_HTTP);
    }
    apisec_op *more = start(verifier, "t-z");
    assert_int_equal(apisec_op_next(more, START), APISEC_OP_DONE);
    assert_int_equal(finish(more), APISEC_E_BUSY);
    assert_int_equal(apisec_status_http(APISEC_E_BUSY), 503);
    apisec_op_free(ops[0]);
    more = start(verifier, "t-z");
    assert_int_equal(apisec_op_next(more, START), APISEC_OP_HTTP); /* the twin */
    apisec_op_free(more);
    for (int i = 1; i < INTROSPECT_MAX_ASKING; i++) apisec_op_free(ops[i]);
    apisec_verifier_free(verifier);
}

/* ---- time ---- */

static void who_follows_waits_no_longer_than_five_seconds(void **state)
{
    (void)state;
    apisec_verifier *verifier = reference_verifier(&usual, NULL);
    apisec_op *leader = start(verifier, REFERENCE_TOKEN), *follower = start(verifier, REFERENCE_TOKEN);
    assert_int_equal(apisec_op_next(leader, START), APISEC_OP_HTTP); /* and nobody drives it any more */
    int64_t now_ms = START;
    while (apisec_op_next(follower, now_ms) == APISEC_OP_WAIT) now_ms = apisec_op_deadline_ms(follower);
    assert_true(now_ms == START + 5000);
    assert_int_equal(finish(follower), APISEC_E_TIMEOUT);
    apisec_op_free(leader);
    apisec_verifier_free(verifier);
}

/* A clock that is set back makes no wait longer. */
static void a_clock_that_is_set_back(void **state)
{
    (void)state;
    apisec_verifier *verifier = reference_verifier(&usual, NULL);
    apisec_op *leader = start(verifier, REFERENCE_TOKEN), *follower = start(verifier, REFERENCE_TOKEN);
    assert_int_equal(apisec_op_next(leader, START), APISEC_OP_HTTP);
    int64_t now_ms = START;
    assert_int_equal(apisec_op_next(follower, now_ms), APISEC_OP_WAIT);
    now_ms -= 3600000;
    while (apisec_op_next(follower, now_ms) == APISEC_OP_WAIT) now_ms += 20;
    assert_true(now_ms == START - 3600000 + 5000);
    assert_int_equal(finish(follower), APISEC_E_TIMEOUT);
    apisec_op_free(leader);
    apisec_verifier_free(verifier);
}

/* ---- signed answers ---- */

static void keys_are_fetched_within_the_same_deadline(void **state)
{
    (void)state;
    static const struct {
        int64_t answer_ms, keys_ms;
        apisec_status expected;
        bool asks_keys;
        const char *why;
    } rows[] = {
        {0, 0, APISEC_OK, true, "the twin"},
        {2500, 2400, APISEC_OK, true, "4.9 s in all"},
        {2500, 2500, APISEC_E_TIMEOUT, true, "five"},
        {5000, 0, APISEC_E_TIMEOUT, false, "none is left for the keys"},
    };
    char *body = reference_signed(members, FORGE_SAME, FORGE_SAME, forge_signer("ES256", 0));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct script_answer answers[] = {
            {.url = REFERENCE_URL, .headers_have = {"Accept: application/token-introspection+jwt\n"}, .status = 200,
             .headers = REFERENCE_JWT, .body = body, .takes_ms = rows[i].answer_ms},
            {.url = JWKS_URL, .status = 200, .headers = "Content-Type: application/json\n", .body = set,
             .takes_ms = rows[i].keys_ms},
        };
        struct script script;
        int64_t now_ms = START;
        script_init(&script, answers, rows[i].asks_keys ? 2 : 1);
        apisec_verifier *verifier = reference_verifier(&(struct reference){.is_signed = true, .jwks_uri = JWKS_URL}, NULL);
        apisec_op *op = start(verifier, REFERENCE_TOKEN);
        for (int32_t need; (need = apisec_op_next(op, now_ms)) != APISEC_OP_DONE;) {
            assert_int_equal(need, APISEC_OP_HTTP);
            assert_true(apisec_op_deadline_ms(op) == START + 5000); /* of all that it does */
            now_ms += script.at < script.num_answers ? answers[script.at].takes_ms : 0;
            if (now_ms < apisec_op_deadline_ms(op) || !rows[i].asks_keys) script_answer_one(&script, op);
            else script.at++;
        }
        const apisec_status status = finish(op);
        if (status != rows[i].expected) fail_msg("%s: %s", rows[i].why, apisec_status_name(status));
        apisec_verifier_free(verifier);
        script_end(&script);
    }
    free(body);
}

static void keys_that_cannot_be_had(void **state)
{
    (void)state;
    char *body = reference_signed(members, FORGE_SAME, FORGE_SAME, forge_signer("ES256", 0));
    const struct script_answer answers[] = {
        {.url = REFERENCE_URL, .status = 200, .headers = REFERENCE_JWT, .body = body},
        {.url = JWKS_URL, .status = 500},
    };
    struct script script;
    int64_t now_ms = START;
    script_init(&script, answers, 2);
    apisec_verifier *verifier = reference_verifier(&(struct reference){.is_signed = true, .jwks_uri = JWKS_URL}, NULL);
    assert_int_equal(reference_verify(verifier, &script, REFERENCE_TOKEN, &now_ms, NULL, NULL), APISEC_E_KEYS_UNAVAILABLE);
    apisec_verifier_free(verifier);
    script_end(&script);
    free(body);
}

/* Cancelled while it fetches keys: both the question and the fetch are somebody else's then. */
static void cancelled_at_any_moment(void **state)
{
    (void)state;
    char *body = reference_signed(members, FORGE_SAME, FORGE_SAME, forge_signer("ES256", 0));
    const struct script_answer answers[] = {
        {.url = REFERENCE_URL, .status = 200, .headers = REFERENCE_JWT, .body = body},
        {.url = JWKS_URL, .status = 200, .headers = "Content-Type: application/json\n", .body = set},
    };
    for (int after = 0; after < 3; after++) {
        struct script script;
        int64_t now_ms = START + 1000;
        script_init_routes(&script, answers, 2);
        apisec_verifier *verifier = reference_verifier(&(struct reference){.is_signed = true, .jwks_uri = JWKS_URL}, NULL);
        apisec_op *op = start(verifier, REFERENCE_TOKEN);
        for (int i = 0; i < after; i++) {
            assert_int_equal(apisec_op_next(op, START), APISEC_OP_HTTP);
            if (i + 1 < after) script_answer_one(&script, op);
        }
        apisec_op_free(op);
        assert_int_equal(reference_verify(verifier, &script, REFERENCE_TOKEN, &now_ms, NULL, NULL), APISEC_OK);
        apisec_verifier_free(verifier);
        script_end(&script);
    }
    free(body);
}

/* ---- health ---- */

static void what_is_worth_watching(void **state)
{
    (void)state;
    const struct script_answer answers[] = {yes(), no, {.transport = APISEC_E_UNREACHABLE}};
    struct script script;
    int64_t now_ms = START;
    char *health = NULL;
    script_init(&script, answers, 3);
    apisec_verifier *verifier = reference_verifier(&usual, NULL);
    assert_int_equal(reference_verify(verifier, &script, "one", &now_ms, NULL, NULL), APISEC_OK);
    assert_int_equal(reference_verify(verifier, &script, "one", &now_ms, NULL, NULL), APISEC_OK);
    assert_int_equal(reference_verify(verifier, &script, "two", &now_ms, NULL, NULL), APISEC_E_INACTIVE);
    assert_int_equal(reference_verify(verifier, &script, "two", &now_ms, NULL, NULL), APISEC_E_INACTIVE);
    assert_int_equal(reference_verify(verifier, &script, "two", &now_ms, NULL, NULL), APISEC_E_INACTIVE);
    assert_int_equal(reference_verify(verifier, &script, "three", &now_ms, NULL, NULL), APISEC_E_UNREACHABLE);
    assert_int_equal(apisec_verifier_health(verifier, &health, NULL), APISEC_OK);
    assert_non_null(strstr(health, "\"introspection\":{\"asked\":3,\"kept\":3,\"waited\":0,\"busy\":0,\"failures\":1}"));
    assert_null(strstr(health, "\"keys\""));
    apisec_text_free(health);
    apisec_verifier_free(verifier);
    script_end(&script);
}

/* ---- without a transport ---- */

static void without_a_transport(void **state)
{
    (void)state;
    const struct script_answer answer = yes();
    struct script script;
    int64_t now_ms = clock_now_ms();
    apisec_token *token = NULL;
    script_init(&script, &answer, 1);
    apisec_verifier *verifier = reference_verifier(&usual, NULL);
    assert_int_equal(apisec_verify(verifier, REFERENCE_TOKEN, strlen(REFERENCE_TOKEN), FORGE_NOW, &token, NULL),
                     APISEC_E_NO_TRANSPORT);
    assert_int_equal(reference_verify(verifier, &script, REFERENCE_TOKEN, &now_ms, NULL, NULL), APISEC_OK);
    assert_int_equal(apisec_verify(verifier, REFERENCE_TOKEN, strlen(REFERENCE_TOKEN), FORGE_NOW, &token, NULL), APISEC_OK);
    apisec_token_free(token); /* what an operation has brought is used */
    apisec_verifier_free(verifier);
    script_end(&script);
}

/* ---- secrets ---- */

static bool repeats(const char *said, const char *secret)
{
    for (size_t i = 0; i + 8 <= strlen(secret); i++) {
        char piece[9] = {0};
        memcpy(piece, secret + i, 8);
        if (strstr(said, piece) != NULL) return true;
    }
    return false;
}

static void no_error_repeats_a_secret(void **state)
{
    (void)state;
    static const char *const secrets[] = {REFERENCE_TOKEN, REFERENCE_SECRET, "b3JkZXJzLWFwaTpzZWNyZXQtY2FuYXJ5LTAxMjM0NTY3ODk="};
    static const char *const shapes[] = {
        "400 {\"error\":\"%s\"}",
        "401 {\"error\":\"invalid_client\",\"error_description\":\"bad %s\"}",
        "200 {\"active\":\"%s\"}",
        "200 {\"%s\":1,\"%s\":1}",
        "200 {\"active\":true,\"iss\":\"%s\"}",
        "200 %s",
        "500 %s",
    };
    for (size_t i = 0; i < 3 * sizeof shapes / sizeof shapes[0]; i++) {
        char body[512];
        const char *shape = shapes[i / 3];
        snprintf(body, sizeof body, shape + 4, secrets[i % 3], secrets[i % 3]);
        const struct script_answer answer = {
            .status = (shape[0] - '0') * 100 + (shape[1] - '0') * 10 + (shape[2] - '0'), .headers = REFERENCE_JSON, .body = body};
        struct script script;
        apisec_error err;
        int64_t now_ms = START;
        script_init(&script, &answer, 1);
        apisec_verifier *verifier = reference_verifier(&usual, NULL);
        assert_int_not_equal(reference_verify(verifier, &script, REFERENCE_TOKEN, &now_ms, NULL, &err), APISEC_OK);
        for (size_t k = 0; k < 3; k++)
            if (repeats(err.text, secrets[k])) fail_msg("%s: %s", body, err.text);
        apisec_verifier_free(verifier);
        script_end(&script);
    }
}

/* ---- memory ---- */

static void every_allocation_fails_once(void **state)
{
    (void)state;
    if (!failing_works()) skip();
    char *body = reference_signed(members, FORGE_SAME, FORGE_SAME, forge_signer("ES256", 0));
    const struct script_answer answers[] = {
        {.url = REFERENCE_URL, .status = 200, .headers = REFERENCE_JWT, .body = body},
        {.url = JWKS_URL, .status = 200, .headers = "Content-Type: application/json\n", .body = set},
    };
    size_t nth = 1;
    for (bool reached = true; reached; nth += nth < 150 ? 1 : 61) { /* most of the later ones are the crypto library's own */
        struct script script;
        int64_t now_ms = START;
        apisec_op *op = NULL;
        apisec_token *token = NULL;
        apisec_error err = {APISEC_OK, ""};
        script_init_routes(&script, answers, 2);
        apisec_verifier *verifier = reference_verifier(&(struct reference){.is_signed = true, .jwks_uri = JWKS_URL}, NULL);
        failing_begin(nth);
        apisec_status status = apisec_verify_start(verifier, REFERENCE_TOKEN, strlen(REFERENCE_TOKEN), FORGE_NOW, &op, &err);
        if (status == APISEC_OK) script_run(&script, op, &now_ms);
        if (status == APISEC_OK) status = apisec_verify_finish(op, &token, &err);
        reached = failing_end();
        if (status != APISEC_OK && status / 100 != -5 && status != APISEC_E_KEYS_UNAVAILABLE)
            fail_msg("allocation %zu: %s: %s", nth, apisec_status_name(status), err.text);
        if (!reached) assert_int_equal(status, APISEC_OK);
        assert_int_equal(token != NULL, status == APISEC_OK);
        apisec_op_free(op);
        for (size_t i = 0; i < INTROSPECT_MAX_ASKING; i++) /* nobody is left waiting */
            assert_null(verifier->issuers[0].introspector->asking[i]);
        apisec_token_free(token);
        apisec_verifier_free(verifier);
        script_end(&script);
    }
    assert_true(nth > 30);
    free(body);
}

int main(void)
{
    members = reference_members(FORGE_SAME);
    set = forge_jwks((const apisec_signer *[]){forge_signer("ES256", 0), NULL});
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request),
        cmocka_unit_test(the_other_ways_to_authenticate),
        cmocka_unit_test(a_yes_is_kept_for_ten_seconds),
        cmocka_unit_test(time_that_an_answer_takes_is_no_time_that_it_is_kept),
        cmocka_unit_test(as_long_as_it_is_told_to),
        cmocka_unit_test(never_longer_than_the_token_lives),
        cmocka_unit_test(what_is_no_verdict_is_not_kept),
        cmocka_unit_test(time_goes_on_while_it_is_kept),
        cmocka_unit_test(others_wait_for_the_same_answer),
        cmocka_unit_test(a_leader_that_is_cancelled_is_followed),
        cmocka_unit_test(a_failure_is_for_all_but_one_of_ones_own),
        cmocka_unit_test(sixteen_tokens_at_once),
        cmocka_unit_test(who_follows_waits_no_longer_than_five_seconds),
        cmocka_unit_test(a_clock_that_is_set_back),
        cmocka_unit_test(keys_are_fetched_within_the_same_deadline),
        cmocka_unit_test(keys_that_cannot_be_had),
        cmocka_unit_test(cancelled_at_any_moment),
        cmocka_unit_test(what_is_worth_watching),
        cmocka_unit_test(without_a_transport),
        cmocka_unit_test(no_error_repeats_a_secret),
        cmocka_unit_test(every_allocation_fails_once),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(members);
    free(set);
    forge_end();
    return failed;
}
