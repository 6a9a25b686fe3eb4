/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_status.c: attacks on status lists: hostile lists and servers, lists of others, references that lead elsewhere, replayed
 * and withheld lists, floods. A revoked token stays out, a list that cannot be had lets nobody in, and the harmless twin passes.
 */
#define _GNU_SOURCE
#include "support/unit.h"
#include "support/failing.h"
#include "support/lists.h"
#include "support/script.h"
#include "support/stand.h"
#include "support/stride.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START ((int64_t)FORGE_NOW * 1000)
#define PARTNER "https://partner.example"
#define MAX_STORY 8

static const apisec_signer *signer, *evil, *partner;
static char *set, *partner_set;
static char *good, *valid, *revoked; /* a list, a token that it says is valid, and one that it says is not */

static char *token_of(const char *uri, const char *idx)
{
    return forge_token((struct forge_change[]){{"status", list_reference(uri, idx)}, {NULL, NULL}}, FORGE_SAME, signer);
}

/* begin_with makes keys and tokens anew, of another algorithm. */
static void begin_with(const char *alg)
{
    signer = forge_signer(alg, 0);
    evil = forge_signer(alg, 1);
    partner = forge_signer(alg, 2);
    set = forge_jwks((const apisec_signer *[]){signer, NULL});
    partner_set = forge_jwks((const apisec_signer *[]){partner, NULL});
    good = list_token(LIST_BYTES, 2, FORGE_SAME, FORGE_SAME, signer);
    valid = token_of(LIST_URI, "1");
    revoked = token_of(LIST_URI, "3");
}

static void end_with(void)
{
    free(revoked);
    free(valid);
    free(good);
    free(partner_set);
    free(set);
}

static apisec_verifier *checking(apisec_http *http)
{
    const char *const alg = apisec_signer_algorithm(signer);
    const struct stand_issuer issuers[] = {
        {.algorithms = {alg}, .keys = set, .status_lists = LIST_PREFIX},
        {.name = PARTNER, .algorithms = {alg}, .keys = partner_set, .status_lists = PARTNER "/"},
    };
    return stand_new(issuers, 2, http);
}

static apisec_status verify(apisec_verifier *at, struct script *script, const char *bytes, int64_t now_ms, apisec_error *err)
{
    return stand_verify(at, script, bytes, FORGE_NOW, &now_ms, NULL, err);
}

struct moment {
    const char *bytes;
    int64_t at_ms;
    apisec_status expected;
    size_t num_requests; /* so far */
    const char *why;
};

/* play tells a story: tokens and moments, and the answers that the server of the lists gives in their order. */
static void play(const struct script_answer *answers, size_t num_answers, const struct moment *moments, size_t num)
{
    struct script script;
    apisec_error err;
    script_init(&script, answers, num_answers);
    apisec_verifier *at = checking(NULL);
    for (size_t i = 0; i < num; i++) {
        const apisec_status status = verify(at, &script, moments[i].bytes, START + moments[i].at_ms, &err);
        if (status != moments[i].expected)
            fail_msg("moment %zu: %s: %s (%s)", i, apisec_status_name(status), err.text, moments[i].why);
        if (script.num_requests != moments[i].num_requests)
            fail_msg("moment %zu: %zu requests (%s)", i, script.num_requests, moments[i].why);
        assert_null(strstr(err.text, "/lists/")); /* what the token says is not repeated */
    }
    apisec_verifier_free(at);
    script_end(&script);
}
#define PLAY(answers, moments) play(answers, sizeof(answers) / sizeof(answers)[0], moments, sizeof(moments) / sizeof(moments)[0])
#define ANSWER(text) {.url = LIST_URI, .status = 200, .headers = LIST_TYPE, .body = text}

/* refuse_answer: this answer is no list: a token is refused for it, with a status that is not the token's fault; a good list that
 * is held already goes on being used, and says what it said; and once the server is well again so is all else. */
static void refuse_answer(const struct script_answer *hostile, apisec_status expected, const char *why)
{
    const struct script_answer alone[] = {*hostile, ANSWER(good), ANSWER(good)};
    const struct moment first[] = {
        {valid, 0, expected, 1, why},
        {valid, 500, expected, 1, "not asked again at once"},
        {revoked, 20000, APISEC_E_REVOKED, 2, "the twin"},
        {valid, 20000, APISEC_OK, 2, "the twin"},
    };
    play(alone, 2, first, 4);
    const struct script_answer after[] = {ANSWER(good), *hostile};
    const struct moment later[] = {
        {valid, 0, APISEC_OK, 1, "a good list"},
        {valid, 240000, APISEC_OK, 2, "the last good list serves"},
        {revoked, 240500, APISEC_E_REVOKED, 2, "and what was revoked stays revoked"},
    };
    play(after, 2, later, 3);
    if (expected > -400) fail_msg("%s: that is the token's fault", why);
}

static void refuse_list(char *hostile, const char *why)
{
    const struct script_answer answer = ANSWER(hostile);
    refuse_answer(&answer, APISEC_E_RESPONSE, why);
    free(hostile);
}

static char *changed(const char *name, const char *value)
{
    return list_token(LIST_BYTES, 2, (struct forge_change[]){{name, value}, {NULL, NULL}}, FORGE_SAME, signer);
}

/* ---- whose list it is ---- */

static void test_a_list_of_another(void **state)
{
    (void)state;
    refuse_list(changed("sub", "\"" FORGE_ISSUER "/lists/2\""), "another list of the same issuer, where more is valid");
    refuse_list(changed("sub", "\"" LIST_URI "?\""), "almost the same name");
    refuse_list(changed("sub", NULL), "a list of nobody");
    refuse_list(changed("iss", "\"" PARTNER "\""), "it says that it is another issuer's");
    refuse_list(list_token(LIST_BYTES, 2, FORGE_SAME, FORGE_SAME, evil), "signed by a foreign key with the same kid");
    refuse_list(list_token(LIST_BYTES, 2, FORGE_SAME, FORGE_SAME, partner), "signed by another trusted issuer");
    const struct script_answer twin[] = {ANSWER(good)};
    const struct moment moments[] = {{valid, 0, APISEC_OK, 1, "its own"}, {revoked, 0, APISEC_E_REVOKED, 1, "its own"}};
    PLAY(twin, moments);
}

static void test_algorithms(void **state)
{
    (void)state;
    end_with();
    begin_with("ES256");
    char *payload = list_claims(LIST_BYTES, 2, FORGE_SAME);
    const char *kid = apisec_signer_key_id(signer), *key = apisec_signer_public_jwk(signer);
    static const char *const algs[] = {"none", "nOnE", "", "HS256", "ES384", "RS256"};
    static const struct forge_change type[] = {{"typ", "\"statuslist+jwt\""}, {NULL, NULL}};
    for (size_t i = 0; i < sizeof algs / sizeof algs[0]; i++) {
        char *header = forge_header(algs[i], kid, type);
        refuse_list(forge_parts(header, payload, "", 0), "unsigned");
        refuse_list(forge_hmac(header, payload, "HS256", text_of(key)), "with the public key as a secret");
        refuse_list(forge_jws(header, payload, signer), "another alg than is pinned");
        free(header);
    }
    char *header = forge_header("ES256", kid, type);
    refuse_list(forge_parts(header, payload, "", 0), "no signature");
    const unsigned char zeros[64] = {0};
    refuse_list(forge_parts(header, payload, zeros, 64), "r and s are 0");
    free(header);
    free(payload);
    end_with();
    begin_with("HS256");
}

static void test_other_kinds_of_token(void **state)
{
    (void)state;
    static const char *const types[] = {"\"at+jwt\"", "\"JWT\"",
                                        "\"statuslist+cwt\"", "\"statuslist\"", "\"application/jwt\"", NULL};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const struct forge_change typ[] = {{"typ", types[i]}, {NULL, NULL}};
        refuse_list(list_token(LIST_BYTES, 2, FORGE_SAME, typ, signer), "typ");
    }
    refuse_list(list_token(LIST_BYTES, 2, FORGE_SAME, (struct forge_change[]){{"crit", "[\"x\"]"}, {NULL, NULL}}, signer), "crit");
    refuse_list(list_token(LIST_BYTES, 2, FORGE_SAME, (struct forge_change[]){{"typ", "7"}, {NULL, NULL}}, signer), "a number");
    static const struct forge_change spelt[] = {{"typ", "\"application/StatusList+JWT\""}, {NULL, NULL}};
    char *twin = list_token(LIST_BYTES, 2, FORGE_SAME, spelt, signer);
    const struct script_answer answers[] = {ANSWER(twin)};
    const struct moment moments[] = {{valid, 0, APISEC_OK, 1, "the same type"}};
    PLAY(answers, moments);
    free(twin);
}

/* A list is signed with the very key that signs tokens. */
static void test_a_list_as_a_token(void **state)
{
    (void)state;
    struct stand_counter counter;
    stand_count(&counter);
    const struct stand_issuer plain = {.profile = "jwt", .algorithms = {"HS256"}, .keys = set, .status_lists = LIST_PREFIX};
    apisec_verifier *at = checking(&counter.http), *jwt = stand_new(&plain, 1, &counter.http);
    const struct forge_change all[] = {{"aud", "\"" FORGE_AUDIENCE "\""}, {"exp", FORGE_EXPIRES}, {"jti", "\"1\""},
                                       {"client_id", "\"a\""}, {NULL, NULL}};
    stand_refuses(at, "a list as an access token", list_token(LIST_BYTES, 2, all, FORGE_SAME, signer), APISEC_E_TYPE);
    stand_refuses(jwt, "a list as a JWT", list_token(LIST_BYTES, 2, all, FORGE_SAME, signer), APISEC_E_TYPE);
    const struct forge_change typ[] = {{"typ", "\"at+jwt\""}, {NULL, NULL}};
    stand_accepts(at, "its twin", list_token(LIST_BYTES, 2, all, typ, signer));
    assert_int_equal(counter.num_requests, 0);
    apisec_verifier_free(at);
    apisec_verifier_free(jwt);
}

/* ---- what is in it ---- */

static void test_a_zip_bomb(void **state)
{
    (void)state;
    const size_t size = stride(64, 16) << 20;
    unsigned char *zeros = calloc(1, size); /* 64 MiB, in about 90 KiB of a list; usually 16, which is quicker to compress */
    assert_non_null(zeros);
    refuse_list(list_token(zeros, size, FORGE_SAME, FORGE_SAME, signer), "a zip bomb");
    refuse_list(list_token(zeros, (1 << 20) + 1, FORGE_SAME, FORGE_SAME, signer), "a byte too many");
    char *twin = list_token(zeros, 1 << 20, FORGE_SAME, FORGE_SAME, signer);
    const struct script_answer answers[] = {ANSWER(twin)};
    const struct moment moments[] = {{valid, 0, APISEC_OK, 1, "as large as a list may be"}};
    PLAY(answers, moments);
    free(twin);
    free(zeros);
}

static void test_broken_contents(void **state)
{
    (void)state;
    refuse_list(changed("status_list", "{\"bits\":1,\"lst\":\"eNrbuRgAAhcBXA\"}"), "a wrong checksum");
    refuse_list(changed("status_list", "{\"bits\":1,\"lst\":\"eNrbuRgAAhcBXQA\"}"), "a byte behind the stream");
    refuse_list(changed("status_list", "{\"bits\":1,\"lst\":\"eNrbuRgAAhcB\"}"), "cut off");
    refuse_list(changed("status_list", "{\"bits\":1,\"lst\":\"eNrbuRgAAhcBXQ==\"}"), "padding");
    refuse_list(changed("status_list", "{\"bits\":1,\"lst\":\"\\u0065NrbuRgAAhcBXQ\\n\"}"), "white space");
    refuse_list(changed("status_list", "{\"bits\":1,\"bits\":8,\"lst\":\"eNrbuRgAAhcBXQ\"}"), "a name twice");
    refuse_list(changed("status_list", "{\"bits\":32,\"lst\":\"eNrbuRgAAhcBXQ\"}"), "32 bits");
    refuse_list(changed("status_list", "{\"bits\":-1,\"lst\":\"eNrbuRgAAhcBXQ\"}"), "-1 bits");
    refuse_list(changed("status_list", "{\"bits\":0,\"lst\":\"eNrbuRgAAhcBXQ\"}"), "no bits: a division by zero");
    refuse_list(changed("status_list", "null"), "no list");
    refuse_list(changed("ttl", "0"), "asked for with each request");
    refuse_list(changed("ttl", "1e999"), "for ever");
    refuse_list(changed("ttl", "\"300\""), "a text");
    refuse_list(changed("iat", NULL), "from whenever");
    char *escaped = changed("status_list", "{\"bits\":1,\"lst\":\"\\u0065NrbuRgAAhcBXQ\"}");
    const struct script_answer answers[] = {ANSWER(escaped)};
    const struct moment moments[] = {{valid, 0, APISEC_OK, 1, "the same text"}, {revoked, 0, APISEC_E_REVOKED, 1, "the same text"}};
    PLAY(answers, moments);
    free(escaped);
}

/* ---- the server ---- */

static void test_hostile_answers(void **state)
{
    (void)state;
    char *large = calloc(1, 10 * 1024 * 1024 + 1);
    assert_non_null(large);
    memset(large, 'A', 10 * 1024 * 1024);
    memcpy(large, good, strlen(good));
    const struct {
        struct script_answer answer;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {ANSWER(large), APISEC_E_RESPONSE, "10 MB"},
        {ANSWER(""), APISEC_E_RESPONSE, "nothing"},
        {ANSWER("<html>sign in</html>"), APISEC_E_RESPONSE, "a page"},
        {ANSWER("a.b"), APISEC_E_RESPONSE, "two parts"},
        {ANSWER("a.b.c.d.e"), APISEC_E_RESPONSE, "five parts"},
        {{.url = LIST_URI, .status = 200, .headers = "Content-Type: text/html\n", .body = good}, APISEC_E_RESPONSE, "another type"},
        {{.url = LIST_URI, .status = 200, .headers = "Content-Type: application/jwt\n", .body = good}, APISEC_E_RESPONSE, "a JWT"},
        {{.url = LIST_URI, .status = 200, .headers = "Content-Type: application/statuslist+cwt\n", .body = good},
         APISEC_E_RESPONSE, "the other format"},
        {{.url = LIST_URI, .status = 200, .headers = LIST_TYPE LIST_TYPE, .body = good}, APISEC_E_RESPONSE, "the type twice"},
        {{.url = LIST_URI, .status = 200, .body = good}, APISEC_E_RESPONSE, "no type"},
        {{.url = LIST_URI, .status = 206, .headers = LIST_TYPE, .body = good}, APISEC_E_RESPONSE, "a part"},
        {{.url = LIST_URI, .status = 304, .headers = LIST_TYPE}, APISEC_E_RESPONSE, "unchanged, though nobody asked that"},
        {{.url = LIST_URI, .status = 404, .headers = LIST_TYPE, .body = good}, APISEC_E_RESPONSE, "not found"},
        {{.url = LIST_URI, .status = 500, .headers = LIST_TYPE, .body = good}, APISEC_E_RESPONSE, "an error"},
        {{.url = LIST_URI, .transport = APISEC_E_UNREACHABLE}, APISEC_E_UNREACHABLE, "down"},
        {{.url = LIST_URI, .transport = APISEC_E_UNREACHABLE, .status = 200, .headers = LIST_TYPE, .body = good},
         APISEC_E_UNREACHABLE, "cut off at the end"},
        {{.url = LIST_URI, .transport = APISEC_E_TLS}, APISEC_E_TLS, "another's certificate"},
        {{.url = LIST_URI, .transport = APISEC_E_ADDRESS}, APISEC_E_ADDRESS, "an address within"},
        {{.url = LIST_URI, .never = true}, APISEC_E_TIMEOUT, "the slow drip: cut off at the deadline"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) refuse_answer(&rows[i].answer, rows[i].expected, rows[i].why);
    free(large);
}

static void test_redirects(void **state)
{
    (void)state;
    static const int32_t codes[] = {300, 301, 302, 303, 307, 308};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        const struct script_answer answer = {.url = LIST_URI,
                                             .status = codes[i],
                                             .headers = LIST_TYPE "Location: " LIST_PREFIX "2\n",
                                             .body = good};
        refuse_answer(&answer, APISEC_E_RESPONSE, "a redirect");
    }
    const struct script_answer twin[] = {
        {.url = LIST_URI, .status = 200, .headers = LIST_TYPE "Location: https://evil.example/\n", .body = good}};
    const struct moment moments[] = {{valid, 0, APISEC_OK, 1, "a Location without a redirect says nothing"}};
    PLAY(twin, moments);
}

/* ---- where a token sends us ---- */

static void test_uris_outside_of_the_prefixes(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "https://id.example.evil/lists/1", "https://evil.example/lists/1", "https://id.example/1", "https://id.example/lists",
        "http://id.example/lists/1", "HTTP://id.example/lists/1", "//id.example/lists/1", "file:///id.example/lists/1",
        "https://id.example:8443/lists/1", "https://id.example@evil.example/lists/1", "https://id.example/lists/../evil",
        "https://id.example/lists/%2e%2e/evil", "https://id.example/lists/..%2fevil", "https://id.example/lists/..;x/evil",
        "https://id.example/lists/1#", "https://id.example/lists/a b", "https://id.example/lists/\\u0000", "",
        "https://169.254.169.254/lists/1", PARTNER "/lists/1", "javascript:alert(1)", "https://ID.example/lists/1",
        "https://id.example/lists/\\\\..\\\\evil",
    };
    struct stand_counter counter;
    stand_count(&counter);
    apisec_verifier *at = checking(&counter.http);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const bool is_json = strstr(refused[i], "\\u0000") == NULL;
        stand_refuses(at, refused[i], token_of(refused[i], "1"), is_json ? APISEC_E_CLAIM : APISEC_E_MALFORMED);
    }
    assert_int_equal(counter.num_requests, 0); /* nobody was asked */
    stand_refuses(at, "the twin is asked for", token_of(LIST_URI, "1"), APISEC_E_UNREACHABLE);
    assert_int_equal(counter.num_requests, 1);
    apisec_verifier_free(at);
}

static void test_indices(void **state)
{
    (void)state;
    static const char *const refused[] = {"-1", "-0.5", "16", "4294967296", "4294967297", "9007199254740991", "9007199254740993",
                                          "18446744073709551616", "18446744073709551617", "1e300", "1.5", "\"1\"", "null", "true",
                                          "[1]", "{}"};
    const struct script_answer answers[] = {ANSWER(good)};
    struct script script;
    script_init_routes(&script, answers, 1);
    apisec_verifier *at = checking(&script.http);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        stand_refuses(at, refused[i], token_of(LIST_URI, refused[i]), APISEC_E_CLAIM);
    static const struct forge_change absent[] = {{"status", "{\"status_list\":{\"uri\":\"" LIST_URI "\"}}"}, {NULL, NULL}};
    stand_refuses(at, "absent", forge_token(absent, FORGE_SAME, signer), APISEC_E_CLAIM);
    stand_accepts(at, "the last that is valid", token_of(LIST_URI, "14"));
    stand_refuses(at, "the last of all", token_of(LIST_URI, "15"), APISEC_E_REVOKED);
    assert_int_equal(script.num_requests, 1); /* one list, whatever the index */
    apisec_verifier_free(at);
    script_end(&script);
}

/* ---- time ---- */

static void test_an_expired_list(void **state)
{
    (void)state;
    refuse_list(changed("exp", "1749999000"), "expired");
    refuse_list(changed("exp", "1749999940"), "expired, and the leeway is over");
    refuse_list(changed("iat", "1750001000"), "from the future");
    char *twin = changed("exp", "1749999941");
    const struct script_answer answers[] = {ANSWER(twin), {.url = LIST_URI, .transport = APISEC_E_UNREACHABLE}};
    const struct moment moments[] = {
        {valid, 0, APISEC_OK, 1, "a second of the leeway is left"},
        {valid, 1000, APISEC_E_UNREACHABLE, 2, "and then it is not relied upon any longer"},
    };
    PLAY(answers, moments);
    free(twin);
}

/* Who can keep the list away from us keeps what was revoked valid only for as long as the issuer itself allowed. */
static void test_a_list_that_is_withheld(void **state)
{
    (void)state;
    char *all_valid = list_token("\x00\x00", 2, FORGE_SAME, FORGE_SAME, signer);
    const struct script_answer away = {.url = LIST_URI, .transport = APISEC_E_UNREACHABLE};
    const struct script_answer answers[] = {ANSWER(all_valid), away, away, away, ANSWER(good)};
    const struct moment moments[] = {
        {revoked, 0, APISEC_OK, 1, "not revoked yet"},
        {revoked, 240000, APISEC_OK, 2, "its ttl permits"},
        {revoked, 299999, APISEC_OK, 3, "the last moment"},
        {revoked, 300000, APISEC_E_UNREACHABLE, 3, "over, whatever the server does"},
        {valid, 310000, APISEC_E_UNREACHABLE, 4, "for everybody"},
        {valid, 330000, APISEC_OK, 5, "until it is back"},
        {revoked, 330000, APISEC_E_REVOKED, 5, "with the news"},
    };
    PLAY(answers, moments);
    free(all_valid);
}

static void test_an_old_list_replayed(void **state)
{
    (void)state;
    char *before = list_token("\x00\x00", 2, (struct forge_change[]){{"iat", "1749999000"}, {NULL, NULL}}, FORGE_SAME, signer);
    char *later = list_token("\x00\x00", 2, (struct forge_change[]){{"iat", "1750000010"}, {NULL, NULL}}, FORGE_SAME, signer);
    const struct script_answer answers[] = {ANSWER(good), ANSWER(before), ANSWER(later)};
    const struct moment moments[] = {
        {revoked, 0, APISEC_E_REVOKED, 1, ""},
        {revoked, 240000, APISEC_E_REVOKED, 2, "genuine, but from before the revocation"},
        {revoked, 242000, APISEC_OK, 3, "the twin: the issuer has taken it back since"},
    };
    PLAY(answers, moments);
    free(before);
    free(later);
}

static void test_the_clock_jumps_back(void **state)
{
    (void)state;
    const struct script_answer away = {.url = LIST_URI, .transport = APISEC_E_UNREACHABLE};
    const struct script_answer answers[] = {ANSWER(good), away, ANSWER(good)};
    const struct moment moments[] = {
        {valid, 7200000, APISEC_OK, 1, ""},
        {valid, 7400000, APISEC_OK, 1, "200 of 300 s"},
        {valid, 3800000, APISEC_OK, 1, "an hour back: they are counted on from there"},
        {valid, 3900000, APISEC_E_UNREACHABLE, 2, "300 s in all, not an hour more"},
        {valid, 3902000, APISEC_OK, 3, ""},
    };
    PLAY(answers, moments);
}

/* A token that was verified before is not verified again, but its status is looked up on each use. */
static void test_a_verdict_that_is_kept(void **state)
{
    (void)state;
    char *all_valid = list_token("\x00\x00", 2, FORGE_SAME, FORGE_SAME, signer);
    char *news = list_token(LIST_BYTES, 2, (struct forge_change[]){{"iat", "1750000010"}, {NULL, NULL}}, FORGE_SAME, signer);
    const struct script_answer away = {.url = LIST_URI, .transport = APISEC_E_UNREACHABLE};
    const struct script_answer answers[] = {ANSWER(all_valid), ANSWER(news), away};
    const struct moment moments[] = {
        {revoked, 0, APISEC_OK, 1, "verified, and kept"},
        {revoked, 1000, APISEC_OK, 1, "no request for it"},
        {revoked, 240000, APISEC_E_REVOKED, 2, "the first use after the news"},
        {valid, 240000, APISEC_OK, 2, "the twin"},
        {valid, 540000, APISEC_E_UNREACHABLE, 3, "kept, but nobody knows its status any more"},
    };
    PLAY(answers, moments);
    free(news);
    free(all_valid);
}

/* ---- floods ---- */

struct flood {
    apisec_verifier *at;
    char *const *tokens;
    size_t num_tokens;
    apisec_status expected;
    size_t wrong;
};

static void *flood_thread(void *argument)
{
    struct flood *flood = argument;
    for (size_t i = 0; i < 25; i++) {
        apisec_token *verified = NULL;
        const char *bytes = flood->tokens[i % flood->num_tokens];
        if (apisec_verify(flood->at, bytes, strlen(bytes), FORGE_NOW, &verified, NULL) != flood->expected) flood->wrong++;
        apisec_token_free(verified);
    }
    return NULL;
}

static void flood_with(apisec_verifier *at, char *const *tokens, size_t num_tokens, apisec_status expected)
{
    struct flood floods[8];
    pthread_t threads[8];
    for (size_t i = 0; i < 8; i++) {
        floods[i] = (struct flood){at, tokens, num_tokens, expected, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, flood_thread, &floods[i]), 0);
    }
    for (size_t i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(floods[i].wrong, 0);
    }
}

static void test_a_flood_of_tokens(void **state)
{
    (void)state;
    const struct script_answer answers[] = {ANSWER(good)};
    struct script script;
    script_init_routes(&script, answers, 1);
    apisec_verifier *at = checking(&script.http);
    char *tokens[] = {token_of(LIST_URI, "1"), token_of(LIST_URI, "2"), token_of(LIST_URI, "6")};
    flood_with(at, tokens, 3, APISEC_OK);
    assert_int_equal(script.num_requests, 1); /* eight threads, 200 tokens: one */
    for (size_t i = 0; i < 3; i++) free(tokens[i]);
    apisec_verifier_free(at);
    script_end(&script);
}

static void test_a_flood_while_the_server_is_down(void **state)
{
    (void)state;
    struct stand_counter counter;
    stand_count(&counter);
    apisec_verifier *at = checking(&counter.http);
    char *tokens[] = {token_of(LIST_URI, "1")};
    const int64_t began_us = clock_elapsed_us();
    flood_with(at, tokens, 1, APISEC_E_UNREACHABLE);
    const int64_t took_s = (clock_elapsed_us() - began_us) / 1000000;
    assert_true(counter.num_requests >= 1);
    assert_true((int64_t)counter.num_requests <= 2 + took_s / 2); /* after 1, 2, 4 s again, however many ask */
    free(tokens[0]);
    apisec_verifier_free(at);
}

/* An issuer, or who has its key, names a new list in each token: neither memory nor requests grow with them. */
static void test_a_flood_of_lists(void **state)
{
    (void)state;
    const struct script_answer away[] = {{.transport = APISEC_E_UNREACHABLE}};
    apisec_verifier *at = checking(NULL);
    for (size_t i = 0; i < 300; i++) {
        char uri[64];
        snprintf(uri, sizeof uri, LIST_PREFIX "%zu", i + 2);
        char *token = forge_token((struct forge_change[]){{"status", list_reference(uri, "1")}, {NULL, NULL}}, FORGE_SAME, signer);
        struct script script;
        script_init(&script, away, i < 256 ? 1 : 0); /* all within ten seconds: then no more is asked for */
        assert_int_equal(verify(at, &script, token, START + 10 * (int64_t)i, NULL), i < 256 ? APISEC_E_UNREACHABLE : APISEC_E_BUSY);
        script_end(&script);
        free(token);
    }
    stand_accepts(at, "the twin: a token without", forge_token(FORGE_SAME, FORGE_SAME, signer));
    static const struct forge_change other[] = {{"iss", "\"" PARTNER "\""}, {NULL, NULL}};
    stand_accepts(at, "and another issuer", forge_token(other, FORGE_SAME, partner));
    apisec_verifier_free(at);
}

/* ---- memory ---- */

static apisec_status try_once(apisec_verifier *at, const char *bytes)
{
    apisec_token *verified = NULL;
    const apisec_status status = apisec_verify(at, bytes, strlen(bytes), FORGE_NOW, &verified, NULL);
    assert_int_equal(verified != NULL, status == APISEC_OK);
    apisec_token_free(verified);
    return status;
}

/* RS256: a curve's arithmetic allocates thousands of times for one signature, and is tried elsewhere. */
static void test_each_allocation_fails_once(void **state)
{
    (void)state;
    if (!failing_works()) skip();
    const apisec_signer *rsa = forge_signer("RS256", 0);
    char *keys = forge_jwks((const apisec_signer *[]){rsa, NULL}), *list = list_token(LIST_BYTES, 2, FORGE_SAME, FORGE_SAME, rsa);
    char *good_one = forge_token((struct forge_change[]){{"status", list_reference(LIST_URI, "1")}, {NULL, NULL}}, FORGE_SAME, rsa);
    char *bad_one = forge_token((struct forge_change[]){{"status", list_reference(LIST_URI, "3")}, {NULL, NULL}}, FORGE_SAME, rsa);
    const struct script_answer answers[] = {ANSWER(list)};
    const struct stand_issuer issuer = {.algorithms = {"RS256"}, .keys = keys, .status_lists = LIST_PREFIX};
    bool failed = true;
    size_t nth = 0;
    for (; failed; nth += nth == 0 ? 1 : stride(1, 29)) {
        struct script script;
        apisec_verifier *at = NULL;
        script_init_routes(&script, answers, 1);
        if (nth > 0) failing_begin(nth); /* once as it is: what a process allocates but once is there then */
        apisec_status first = stand_try(&issuer, 1, &script.http, &at), second = first;
        if (first == APISEC_OK) first = try_once(at, bad_one);
        if (second == APISEC_OK) second = try_once(at, good_one);
        apisec_verifier_free(at);
        failed = nth == 0 || failing_end();
        if (failing_kept != 0) fail_msg("allocation %zu: %ld leaked", nth, failing_kept);
        if (first != APISEC_E_REVOKED && first / 100 != -5) fail_msg("allocation %zu: %s", nth, apisec_status_name(first));
        if (second != APISEC_OK && second / 100 != -5) fail_msg("allocation %zu: %s", nth, apisec_status_name(second));
        script_end(&script);
    }
    free(bad_one);
    free(good_one);
    free(list);
    free(keys);
    assert_true(nth > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_list_of_another),
        cmocka_unit_test(test_algorithms),
        cmocka_unit_test(test_other_kinds_of_token),
        cmocka_unit_test(test_a_list_as_a_token),
        cmocka_unit_test(test_a_zip_bomb),
        cmocka_unit_test(test_broken_contents),
        cmocka_unit_test(test_hostile_answers),
        cmocka_unit_test(test_redirects),
        cmocka_unit_test(test_uris_outside_of_the_prefixes),
        cmocka_unit_test(test_indices),
        cmocka_unit_test(test_an_expired_list),
        cmocka_unit_test(test_a_list_that_is_withheld),
        cmocka_unit_test(test_an_old_list_replayed),
        cmocka_unit_test(test_the_clock_jumps_back),
        cmocka_unit_test(test_a_verdict_that_is_kept),
        cmocka_unit_test(test_a_flood_of_tokens),
        cmocka_unit_test(test_a_flood_while_the_server_is_down),
        cmocka_unit_test(test_a_flood_of_lists),
        cmocka_unit_test(test_each_allocation_fails_once),
    };
    begin_with("HS256"); /* quick, where the algorithm is not what a test is about */
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    end_with();
    forge_end();
    return failed;
}
