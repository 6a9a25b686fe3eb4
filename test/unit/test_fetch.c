/* SPDX-License-Identifier: Apache-2.0
 *
 * test_fetch.c: one flight: what is asked for in which order, and which answers become a key set. Beside each refused answer stands
 * the one that differs in one thing and is taken.
 */
#include "support/unit.h"
#include "support/script.h"
#include "token/token.h"

#include <stdlib.h>
#include <string.h>

#define START ((int64_t)1750000000000)
#define ISSUER "https://id.example/tenant"
#define JWKS_URL "https://id.example/tenant/jwks"
#define OIDC_URL "https://id.example/tenant/.well-known/openid-configuration"
#define OAUTH_URL "https://id.example/.well-known/oauth-authorization-server/tenant"
#define JSON "Content-Type: application/json\n"
#define KEY /* RFC 7515 A.3 */                                                                                              \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k1\",\"alg\":\"ES256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"," \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"
#define SET "{\"keys\":[" KEY "]}"
#define SECRET "{\"kty\":\"oct\",\"kid\":\"k1\",\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}"
#define METADATA "{\"issuer\":\"" ISSUER "\",\"jwks_uri\":\"" JWKS_URL "\"}"

/* An operation that is nothing but a flight. */
struct fetch_op {
    apisec_op op;
    struct flight flight;
};

static int32_t fetch_step(apisec_op *op, int64_t now_ms)
{
    return flight_step(&((struct fetch_op *)op)->flight, op, now_ms);
}

static void fetch_release(apisec_op *op)
{
    flight_abandon(&((struct fetch_op *)op)->flight);
}

static const struct op_kind fetch_kind = {fetch_step, fetch_release};

static struct keyset *new_keys(enum key_source source)
{
    struct keyset *keys = NULL;
    const struct keyset_config config = {.source = source, .issuer = text_of(ISSUER), .uri = text_of(JWKS_URL)};
    assert_int_equal(keyset_new(&config, &keys, NULL), APISEC_OK);
    return keys;
}

static struct fetch_op *take_off(struct keyset *keys, int64_t now_ms)
{
    const struct keyset_query query = {.now_ms = now_ms};
    struct keyset_reply reply;
    keyset_get(keys, &query, &reply);
    assert_int_equal(reply.state, KEYSET_FETCH);
    struct fetch_op *fetch = calloc(1, sizeof *fetch);
    assert_non_null(fetch);
    op_init(&fetch->op, &fetch_kind);
    flight_begin(&fetch->flight, keys, reply.flight);
    return fetch;
}

/* fly plays a script to the flight's end; *err tells how it ended. */
static void fly(struct keyset *keys, const struct script_answer *answers, size_t num, int64_t *now_ms, apisec_error *err)
{
    struct script script;
    struct fetch_op *fetch = take_off(keys, *now_ms);
    script_init(&script, answers, num);
    script_run(&script, &fetch->op, now_ms);
    *err = fetch->flight.error;
    assert_null(fetch->flight.keys);
    assert_null(fetch->flight.uri);
    script_end(&script);
    apisec_op_free(&fetch->op);
}

static bool is_ready(struct keyset *keys, int64_t now_ms)
{
    const struct keyset_query query = {.now_ms = now_ms, .offline = true};
    struct keyset_reply reply;
    keyset_get(keys, &query, &reply);
    keyset_release(keys, reply.snapshot);
    return reply.state == KEYSET_READY;
}

struct row {
    struct script_answer answer;
    apisec_status expected;
    const char *says;
    const char *why;
};

/* check_row: the answer once to a key set that has nothing yet, once to one whose last good set must then survive. */
static void check_row(const struct row *row)
{
    static const struct script_answer good = {.url = JWKS_URL, .status = 200, .headers = JSON, .body = SET};
    for (int has_one = 0; has_one < 2; has_one++) {
        apisec_error err;
        int64_t now_ms = START;
        struct keyset *keys = new_keys(KEYS_URI);
        if (has_one) fly(keys, &good, 1, &now_ms, &err);
        now_ms += 500000;
        fly(keys, &row->answer, 1, &now_ms, &err);
        if (err.status != row->expected) fail_msg("%s: %s: %s", row->why, apisec_status_name(err.status), err.text);
        if (strstr(err.text, row->says) == NULL) fail_msg("%s says %s", row->why, err.text);
        const bool ready = is_ready(keys, now_ms);
        if (ready != (has_one || row->expected == APISEC_OK)) fail_msg("%s: %s", row->why, ready ? "a set" : "no set");
        keyset_free(keys);
    }
}

#define TYPED(type, text) {.method = "GET", .url = JWKS_URL, .status = 200, .headers = "Content-Type: " type "\n", .body = text}
#define WITH_STATUS(number) {.url = JWKS_URL, .status = number, .headers = JSON, .body = SET}
#define WITH_TRANSPORT(code) {.url = JWKS_URL, .transport = code, .status = 200, .headers = JSON, .body = SET}

static void test_what_is_a_key_set(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {TYPED("application/json", SET), APISEC_OK, "", ""},
        {TYPED("application/jwk-set+json", SET), APISEC_OK, "", ""},
        {TYPED("application/vnd.example+json; charset=utf-8", SET), APISEC_OK, "", "any +json, parameters apart"},
        {TYPED("Application/JSON", SET), APISEC_OK, "", "no case"},
        {TYPED("text/html", SET), APISEC_E_RESPONSE, "content type", ""},
        {TYPED("application/javascript", SET), APISEC_E_RESPONSE, "content type", ""},
        {TYPED("application/jsonp", SET), APISEC_E_RESPONSE, "content type", ""},
        {TYPED("json", SET), APISEC_E_RESPONSE, "content type", ""},
        {{.url = JWKS_URL, .status = 200, .body = SET}, APISEC_E_RESPONSE, "content type", "no type at all"},
        {{.url = JWKS_URL, .status = 200, .headers = JSON JSON, .body = SET}, APISEC_E_RESPONSE, "content type", "two types"},
        {TYPED("application/json", "<!DOCTYPE html><html></html>"), APISEC_E_RESPONSE, "key set", "HTML"},
        {TYPED("application/json", "{\"error\":\"server_error\"}"), APISEC_E_RESPONSE, "keys", "200 with an error"},
        {TYPED("application/json", "{\"keys\":[]}"), APISEC_E_RESPONSE, "key set", "empty"},
        {TYPED("application/json", "[" KEY "]"), APISEC_E_RESPONSE, "key set", "an array"},
        {TYPED("application/json", KEY), APISEC_E_RESPONSE, "keys", "one key"},
        {TYPED("application/json", SET " "), APISEC_OK, "", "white space after it"},
        {TYPED("application/json", SET "x"), APISEC_E_RESPONSE, "key set", "bytes after it"},
        {TYPED("application/json", "{\"keys\":[" KEY "],\"keys\":[" KEY "]}"), APISEC_E_RESPONSE, "key set", "a name twice"},
        {TYPED("application/json", "{\"keys\":[" SECRET "]}"),
         APISEC_E_RESPONSE, "key set", "a secret that anyone can fetch"},
        {TYPED("application/json", "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}," KEY "]}"), APISEC_OK, "",
         "an unknown kty is skipped"},
        {TYPED("application/json", ""), APISEC_E_RESPONSE, "key set", "nothing"},
        {WITH_STATUS(200), APISEC_OK, "", ""},
        {WITH_STATUS(201), APISEC_E_RESPONSE, "201", "another kind of success"},
        {WITH_STATUS(301), APISEC_E_RESPONSE, "301", "a redirect is not followed"},
        {WITH_STATUS(302), APISEC_E_RESPONSE, "302", ""},
        {WITH_STATUS(304), APISEC_E_RESPONSE, "304", ""},
        {WITH_STATUS(404), APISEC_E_RESPONSE, "404", ""},
        {WITH_STATUS(500), APISEC_E_RESPONSE, "500", ""},
        {WITH_TRANSPORT(APISEC_OK), APISEC_OK, "", ""},
        {WITH_TRANSPORT(APISEC_E_UNREACHABLE), APISEC_E_UNREACHABLE, "reached", "cut off after a whole body"},
        {WITH_TRANSPORT(APISEC_E_TIMEOUT), APISEC_E_TIMEOUT, "in time", ""},
        {WITH_TRANSPORT(APISEC_E_TLS), APISEC_E_TLS, "certificate", ""},
        {WITH_TRANSPORT(APISEC_E_ADDRESS), APISEC_E_ADDRESS, "address", ""},
        {{.url = JWKS_URL, .never = true}, APISEC_E_TIMEOUT, "in time", "no answer at all"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) check_row(&rows[i]);
}

/* a set of num keys, each with its own kid, filled with spaces up to len bytes */
static char *large_set(size_t num, size_t len)
{
    struct buffer out = BUFFER_MAX(1024 * 1024);
    buffer_text(&out, "{\"keys\":[");
    for (size_t i = 0; i < num; i++) {
        if (i > 0) buffer_byte(&out, ',');
        buffer_text(&out, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"");
        buffer_number(&out, (int64_t)i);
        buffer_text(&out, "\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
                          "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}");
    }
    buffer_text(&out, "]}");
    while (out.len < len) buffer_byte(&out, ' ');
    char *text = buffer_take(&out);
    assert_non_null(text);
    return text;
}

static void test_sizes(void **state)
{
    (void)state;
    static const struct {
        size_t num, len;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {64, 0, APISEC_OK, "64 keys"},
        {65, 0, APISEC_E_RESPONSE, "65 keys"},
        {1, JOSE_MAX_KEY_SET, APISEC_OK, "256 KiB"},
        {1, JOSE_MAX_KEY_SET + 1, APISEC_E_TOO_LARGE, "one byte more"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = large_set(rows[i].num, rows[i].len);
        const struct row row = {
            {.url = JWKS_URL, .status = 200, .headers = JSON, .body = text}, rows[i].expected, "", rows[i].why};
        check_row(&row);
        free(text);
    }
}

/* ---- discovery ---- */

static void expect_flight(const char *why, const struct script_answer *answers, size_t num, apisec_status expected)
{
    apisec_error err;
    int64_t now_ms = START;
    struct keyset *keys = new_keys(KEYS_DISCOVERED);
    fly(keys, answers, num, &now_ms, &err);
    if (err.status != expected) fail_msg("%s: %s: %s", why, apisec_status_name(err.status), err.text);
    assert_int_equal(is_ready(keys, now_ms), expected == APISEC_OK);
    keyset_free(keys);
}

#define METADATA_AT(place, text)                                                                                          \
    {.method = "GET", .url = place, .headers_have = {"Accept: application/json\n"}, .status = 200, .headers = JSON, .body = text}
#define NOT_AT(place, number) {.url = place, .status = number, .headers = JSON, .body = "{}"}
#define KEYS_AT(place)                                                                                                    \
    {.method = "GET", .url = place, .headers_have = {"Accept: application/jwk-set+json"}, .headers_lack = {"Authorization"}, \
     .status = 200, .headers = JSON, .body = SET}

static void test_discovery(void **state)
{
    (void)state;
    const struct script_answer oidc[] = {METADATA_AT(OIDC_URL, METADATA), KEYS_AT(JWKS_URL)};
    expect_flight("OpenID Connect", oidc, 2, APISEC_OK);
    const struct script_answer oauth[] = {NOT_AT(OIDC_URL, 404), METADATA_AT(OAUTH_URL, METADATA), KEYS_AT(JWKS_URL)};
    expect_flight("RFC 8414", oauth, 3, APISEC_OK);
    const struct script_answer neither[] = {NOT_AT(OIDC_URL, 404), NOT_AT(OAUTH_URL, 404)};
    expect_flight("neither", neither, 2, APISEC_E_RESPONSE);
    const struct script_answer broken[] = {NOT_AT(OIDC_URL, 500)};
    expect_flight("only 404 means that it is not there", broken, 1, APISEC_E_RESPONSE);
    const struct script_answer redirect[] = {
        {.url = OIDC_URL, .status = 302, .headers = JSON "Location: " OIDC_URL "\n", .body = METADATA}};
    expect_flight("a redirect", redirect, 1, APISEC_E_RESPONSE);
    const struct script_answer html[] = {
        {.url = OIDC_URL, .status = 200, .headers = "Content-Type: text/html\n", .body = METADATA}};
    expect_flight("HTML", html, 1, APISEC_E_RESPONSE);
    const struct script_answer away[] = {{.url = OIDC_URL, .transport = APISEC_E_UNREACHABLE}};
    expect_flight("away", away, 1, APISEC_E_UNREACHABLE);
    const struct script_answer no_set[] = {METADATA_AT(OIDC_URL, METADATA), NOT_AT(JWKS_URL, 404)};
    expect_flight("no key set", no_set, 2, APISEC_E_RESPONSE);
}

static void test_mix_up(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "{\"issuer\":\"https://evil.example\",\"jwks_uri\":\"" JWKS_URL "\"}",
        "{\"issuer\":\"" ISSUER "/\",\"jwks_uri\":\"" JWKS_URL "\"}",
        "{\"issuer\":\"https://ID.example/tenant\",\"jwks_uri\":\"" JWKS_URL "\"}",
        "{\"issuer\":\"https://id.example\",\"jwks_uri\":\"" JWKS_URL "\"}",
        "{\"issuer\":[\"" ISSUER "\"],\"jwks_uri\":\"" JWKS_URL "\"}",
        "{\"jwks_uri\":\"" JWKS_URL "\"}",
        "{\"issuer\":\"" ISSUER "\"}",
        "{\"issuer\":\"" ISSUER "\",\"jwks_uri\":\"http://id.example/jwks\"}",
        "{\"issuer\":\"" ISSUER "\",\"jwks_uri\":\"file:///etc/keys\"}",
        "{\"issuer\":\"" ISSUER "\",\"jwks_uri\":7}",
        "{\"issuer\":\"" ISSUER "\",\"issuer\":\"" ISSUER "\",\"jwks_uri\":\"" JWKS_URL "\"}",
        "[]",
        "",
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const struct script_answer answers[] = {METADATA_AT(OIDC_URL, refused[i])};
        expect_flight(refused[i], answers, 1, APISEC_E_RESPONSE);
    }
    const struct script_answer elsewhere[] = { /* a host of the server's choice is its good right */
        METADATA_AT(OIDC_URL, "{\"issuer\":\"" ISSUER "\",\"jwks_uri\":\"https://keys.example/\"}"),
        KEYS_AT("https://keys.example/")};
    expect_flight("elsewhere", elsewhere, 2, APISEC_OK);
}

static void test_the_url_is_remembered_while_it_works(void **state)
{
    (void)state;
    apisec_error err;
    int64_t now_ms = START;
    struct keyset *keys = new_keys(KEYS_DISCOVERED);
    const struct script_answer first[] = {METADATA_AT(OIDC_URL, METADATA), KEYS_AT(JWKS_URL)};
    fly(keys, first, 2, &now_ms, &err);
    assert_int_equal(err.status, APISEC_OK);
    now_ms += 500000;
    const struct script_answer second[] = {KEYS_AT(JWKS_URL)};
    fly(keys, second, 1, &now_ms, &err);
    assert_int_equal(err.status, APISEC_OK);
    now_ms += 500000;
    const struct script_answer third[] = {NOT_AT(JWKS_URL, 404)};
    fly(keys, third, 1, &now_ms, &err);
    assert_int_equal(err.status, APISEC_E_RESPONSE);
    now_ms += 1000;
    fly(keys, first, 2, &now_ms, &err); /* it failed: discovered anew */
    assert_int_equal(err.status, APISEC_OK);
    for (int i = 0; i < 7; i++) { /* it works for an hour, then it is looked up again */
        now_ms += 500000;
        fly(keys, second, 1, &now_ms, &err);
        assert_int_equal(err.status, APISEC_OK);
    }
    now_ms += 500000;
    fly(keys, first, 2, &now_ms, &err);
    assert_int_equal(err.status, APISEC_OK);
    keyset_free(keys);
}

/* ---- asking whether it has changed ---- */

#define TAGGED {.url = JWKS_URL, .headers_lack = {"If-None-Match"}, .status = 200, .headers = JSON "ETag: \"v1\"\n", .body = SET}
#define UNCHANGED(more) {.url = JWKS_URL, .headers_have = {"If-None-Match: \"v1\"\n"}, .status = 304, .headers = more}

static void test_unchanged(void **state)
{
    (void)state;
    apisec_error err;
    int64_t now_ms = START;
    struct keyset *keys = new_keys(KEYS_URI);
    const struct script_answer first[] = {TAGGED}, same[] = {UNCHANGED("")};
    fly(keys, first, 1, &now_ms, &err);
    for (int i = 1; i <= 24; i++) { /* three hours: each 304 makes the set as good as new */
        now_ms = START + i * 480000;
        fly(keys, same, 1, &now_ms, &err);
        assert_int_equal(err.status, APISEC_OK);
        assert_true(is_ready(keys, now_ms));
        assert_int_equal(keyset_generation(keys), 1);
        assert_true(keyset_holds(keys, 1, now_ms + 479999));
        assert_false(keyset_holds(keys, 1, now_ms + 480000));
    }
    const struct script_answer shorter[] = {UNCHANGED("Cache-Control: max-age=100\n")};
    now_ms += 480000;
    fly(keys, shorter, 1, &now_ms, &err);
    assert_true(keyset_holds(keys, 1, now_ms + 79999));
    assert_false(keyset_holds(keys, 1, now_ms + 80000));
    const struct script_answer changed[] = {
        {.url = JWKS_URL, .headers_have = {"If-None-Match: \"v1\"\n"}, .status = 200, .headers = JSON, .body = SET}};
    now_ms += 80000;
    fly(keys, changed, 1, &now_ms, &err);
    assert_int_equal(keyset_generation(keys), 2);
    const struct script_answer untagged[] = {
        {.url = JWKS_URL, .headers_lack = {"If-None-Match"}, .status = 200, .headers = JSON, .body = SET}};
    now_ms += 480000;
    fly(keys, untagged, 1, &now_ms, &err);
    assert_int_equal(err.status, APISEC_OK);
    keyset_free(keys);
}

/* What is not a whole 304 to a question that was asked renews nothing. */
static void test_not_unchanged(void **state)
{
    (void)state;
    static const struct {
        struct script_answer answer;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {UNCHANGED(""), APISEC_OK, ""},
        {{.url = JWKS_URL, .status = 304, .transport = APISEC_E_TIMEOUT}, APISEC_E_TIMEOUT, "cut off"},
        {{.url = JWKS_URL, .status = 303}, APISEC_E_RESPONSE, "a redirect"},
        {{.url = JWKS_URL, .status = 200}, APISEC_E_RESPONSE, "an empty 200"},
        {{.url = JWKS_URL, .status = 412}, APISEC_E_RESPONSE, "another condition"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_error err;
        int64_t now_ms = START;
        struct keyset *keys = new_keys(KEYS_URI);
        const struct script_answer first[] = {TAGGED};
        fly(keys, first, 1, &now_ms, &err);
        now_ms = START + 500000;
        fly(keys, &rows[i].answer, 1, &now_ms, &err);
        if (err.status != rows[i].expected) fail_msg("%s: %s: %s", rows[i].why, apisec_status_name(err.status), err.text);
        if (is_ready(keys, START + 3600000) != (rows[i].expected == APISEC_OK)) fail_msg("%s: its age", rows[i].why);
        keyset_free(keys);
    }
}

static void test_which_sets_are_asked_about(void **state)
{
    (void)state;
    static const struct {
        const char *headers;
        bool asked;
        const char *why;
    } rows[] = {
        {JSON "ETag: \"v1\"\n", true, ""},
        {JSON, false, "no tag"},
        {JSON "ETag: v1\n", false, "no tag of RFC 9110"},
        {JSON "ETag: \"v1\"\nETag: \"v1\"\n", false, "two"},
        {JSON "ETag: \"v 1\"\n", false, "a space in it"},
        {JSON "ETag: \"v\x80\"\n", false, "not ASCII"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_error err;
        int64_t now_ms = START;
        struct keyset *keys = new_keys(KEYS_URI);
        struct script_answer first = TAGGED;
        first.headers = rows[i].headers;
        fly(keys, &first, 1, &now_ms, &err);
        now_ms += 480000;
        const struct script_answer asked = UNCHANGED("");
        const struct script_answer whole = {
            .url = JWKS_URL, .headers_lack = {"If-None-Match"}, .status = 200, .headers = JSON, .body = SET};
        fly(keys, rows[i].asked ? &asked : &whole, 1, &now_ms, &err);
        if (err.status != APISEC_OK) fail_msg("%s: %s", rows[i].why, err.text);
        keyset_free(keys);
    }
}

/* A set that is gone is not brought back by a word: the whole of it is asked for. */
static void test_a_set_past_its_hour_is_not_asked_about(void **state)
{
    (void)state;
    apisec_error err;
    int64_t now_ms = START;
    struct keyset *keys = new_keys(KEYS_URI);
    const struct script_answer first[] = {TAGGED}, same[] = {UNCHANGED("")};
    fly(keys, first, 1, &now_ms, &err);
    now_ms = START + 3600000 - 1;
    fly(keys, same, 1, &now_ms, &err);
    now_ms = START + 7200000 - 1;
    fly(keys, first, 1, &now_ms, &err);
    assert_int_equal(err.status, APISEC_OK);
    keyset_free(keys);
}

/* An entity tag is one URL's. */
static void test_a_tag_of_another_url(void **state)
{
    (void)state;
    apisec_error err;
    int64_t now_ms = START;
    struct keyset *keys = new_keys(KEYS_DISCOVERED);
    const struct script_answer first[] = {METADATA_AT(OIDC_URL, METADATA), TAGGED};
    fly(keys, first, 2, &now_ms, &err);
    now_ms += 480000;
    const struct script_answer away[] = {
        {.url = JWKS_URL, .headers_have = {"If-None-Match: \"v1\"\n"}, .transport = APISEC_E_UNREACHABLE}};
    fly(keys, away, 1, &now_ms, &err);
    now_ms += 1000;
    const struct script_answer moved[] = {
        METADATA_AT(OIDC_URL, "{\"issuer\":\"" ISSUER "\",\"jwks_uri\":\"https://keys.example/\"}"),
        {.url = "https://keys.example/", .headers_lack = {"If-None-Match"}, .transport = APISEC_E_UNREACHABLE}};
    fly(keys, moved, 2, &now_ms, &err);
    now_ms += 2000;
    const struct script_answer back[] = {METADATA_AT(OIDC_URL, METADATA), UNCHANGED("")};
    fly(keys, back, 2, &now_ms, &err);
    assert_int_equal(err.status, APISEC_OK);
    now_ms += 480000;
    const struct script_answer known[] = {UNCHANGED("")};
    fly(keys, known, 1, &now_ms, &err);
    assert_int_equal(err.status, APISEC_OK);
    keyset_free(keys);
}

/* ---- ends ---- */

static void test_freed_at_every_stage(void **state)
{
    (void)state;
    for (int stages = 0; stages < 3; stages++) {
        struct script script;
        const struct script_answer answers[] = {METADATA_AT(OIDC_URL, METADATA), KEYS_AT(JWKS_URL)};
        struct keyset *keys = new_keys(KEYS_DISCOVERED);
        struct fetch_op *fetch = take_off(keys, START);
        script_init(&script, answers, (size_t)(stages > 1 ? 1 : 0));
        for (int i = 0; i < stages; i++) {
            assert_int_equal(apisec_op_next(&fetch->op, START), APISEC_OP_HTTP);
            if (i > 0) script_answer_one(&script, &fetch->op);
        }
        apisec_op_free(&fetch->op);
        script_end(&script);
        apisec_op_free(&take_off(keys, START)->op); /* and somebody else may fetch at once */
        keyset_free(keys);
    }
}

static void test_no_transport_is_no_failure(void **state)
{
    (void)state;
    struct keyset *keys = new_keys(KEYS_URI);
    struct fetch_op *fetch = take_off(keys, START);
    assert_int_equal(apisec_op_run(&fetch->op, NULL), APISEC_OK);
    assert_int_equal(fetch->flight.error.status, APISEC_E_NO_TRANSPORT);
    apisec_op_free(&fetch->op);
    apisec_op_free(&take_off(keys, START)->op); /* without a back-off */
    keyset_free(keys);
}

static void test_max_age_counts(void **state)
{
    (void)state;
    apisec_error err;
    int64_t now_ms = START;
    struct keyset *keys = new_keys(KEYS_URI);
    const struct script_answer answers[] = {
        {.url = JWKS_URL, .status = 200, .headers = JSON "Cache-Control: public, max-age=100\n", .body = SET}};
    fly(keys, answers, 1, &now_ms, &err);
    const struct keyset_query before = {.now_ms = START + 79999}, at = {.now_ms = START + 80000};
    struct keyset_reply reply;
    keyset_get(keys, &before, &reply);
    assert_int_equal(reply.state, KEYSET_READY);
    keyset_release(keys, reply.snapshot);
    keyset_get(keys, &at, &reply);
    assert_int_equal(reply.state, KEYSET_FETCH);
    keyset_free(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_a_key_set),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_discovery),
        cmocka_unit_test(test_mix_up),
        cmocka_unit_test(test_the_url_is_remembered_while_it_works),
        cmocka_unit_test(test_unchanged),
        cmocka_unit_test(test_not_unchanged),
        cmocka_unit_test(test_which_sets_are_asked_about),
        cmocka_unit_test(test_a_set_past_its_hour_is_not_asked_about),
        cmocka_unit_test(test_a_tag_of_another_url),
        cmocka_unit_test(test_freed_at_every_stage),
        cmocka_unit_test(test_no_transport_is_no_failure),
        cmocka_unit_test(test_max_age_counts),
    };
    return cmocka_run_group_tests_name("fetch", tests, NULL, NULL);
}
