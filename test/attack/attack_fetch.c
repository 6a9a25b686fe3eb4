/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_fetch.c: attacks on where keys come from: broken, hostile and absent key servers, redirects and other schemes, mixed-up
 * metadata, floods of unknown kids, keys that are retired, clocks that are set back. Other issuers are never affected.
 */
#include "support/unit.h"
#include "support/script.h"
#include "support/stand.h"

#include "http/http.h"
#include "jose/jose.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define START ((int64_t)FORGE_NOW * 1000)
#define HOUR 3600000
#define URL FORGE_ISSUER "/jwks"
#define PARTNER "https://partner.example"
#define JSON "Content-Type: application/json\n"
#define SECRET_KEY "{\"kty\":\"oct\",\"kid\":\"b\",\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}"

static const apisec_signer *ec, *next, *evil;
static char *set, *next_set, *evil_set;
static char *token, *next_token, *evil_token, *partner_token;

static apisec_verifier *fetching(apisec_http *http)
{
    const struct stand_issuer issuers[] = {
        {.algorithms = {"ES256"}, .keys = URL},
        {.name = PARTNER, .algorithms = {"ES256"}, .keys = evil_set}, /* pinned: never affected */
    };
    return stand_new(issuers, 2, http);
}

/* verify drives a verification at a moment, with a script's answers. */
static apisec_status verify(apisec_verifier *at, struct script *script, const char *bytes, int64_t now_ms)
{
    return stand_verify(at, script, bytes, FORGE_NOW, &now_ms, NULL, NULL);
}

struct moment {
    const char *bytes;
    int64_t at_ms;
    apisec_status expected;
    size_t num_requests; /* so far */
    const char *why;
};

/* play tells a story: tokens and moments, and the answers that the key server gives in their order. */
static void play(const struct script_answer *answers, size_t num_answers, const struct moment *moments, size_t num)
{
    struct script script;
    script_init(&script, answers, num_answers);
    apisec_verifier *at = fetching(NULL);
    for (size_t i = 0; i < num; i++) {
        const apisec_status status = verify(at, &script, moments[i].bytes, START + moments[i].at_ms);
        if (status != moments[i].expected) fail_msg("moment %zu: %s (%s)", i, apisec_status_name(status), moments[i].why);
        if (script.num_requests != moments[i].num_requests) fail_msg("moment %zu: %zu requests", i, script.num_requests);
        assert_int_equal(verify(at, &script, partner_token, START + moments[i].at_ms), APISEC_OK); /* the other issuer */
    }
    apisec_verifier_free(at);
    script_end(&script);
}
#define PLAY(answers, moments) play(answers, sizeof(answers) / sizeof(answers)[0], moments, sizeof(moments) / sizeof(moments)[0])
#define GOOD {.url = URL, .status = 200, .headers = JSON, .body = set}

/* ---- what the server sends ---- */

static char *many_keys(size_t num)
{
    struct buffer out = BUFFER_MAX(1024 * 1024);
    buffer_text(&out, "{\"keys\":[");
    buffer_text(&out, apisec_signer_public_jwk(evil));
    for (size_t i = 1; i < num; i++) {
        buffer_text(&out, ",{\"kty\":\"OKP\",\"kid\":\"");
        buffer_number(&out, (int64_t)i);
        buffer_text(&out, "\"}");
    }
    buffer_text(&out, "]}");
    char *text = buffer_take(&out);
    assert_non_null(text);
    return text;
}

static void test_hostile_key_sets_never_replace_the_last_good_one(void **state)
{
    (void)state;
    char *keys65 = many_keys(65), *large = calloc(1, 10 * 1024 * 1024 + 1);
    assert_non_null(large);
    memset(large, ' ', 10 * 1024 * 1024);
    memcpy(large, evil_set, strlen(evil_set));
    char *leaked = forge_replace("{\"keys\":[@]}", "@", apisec_signer_private_jwk(evil));
    char *doubled = forge_replace(evil_set, "{\"keys\"", "{\"keys\":[],\"keys\"");
    const struct script_answer hostile[] = {
        {.url = URL, .status = 200, .headers = "Content-Type: text/html\n", .body = "<html>sign in</html>"},
        {.url = URL, .status = 200, .headers = JSON, .body = "<html>sign in</html>"},
        {.url = URL, .status = 200, .headers = "Content-Type: text/plain\n", .body = evil_set},
        {.url = URL, .status = 200, .body = evil_set},
        {.url = URL, .status = 200, .headers = JSON, .body = "{\"error\":\"temporarily_unavailable\"}"},
        {.url = URL, .status = 200, .headers = JSON, .body = "{\"keys\":[]}"},
        {.url = URL, .status = 200, .headers = JSON, .body = "{\"keys\":{}}"},
        {.url = URL, .status = 200, .headers = JSON, .body = "{\"keys\":null}"},
        {.url = URL, .status = 200, .headers = JSON, .body = ""},
        {.url = URL, .status = 200, .headers = JSON, .body = "{\"keys\":[" SECRET_KEY "]}"},
        {.url = URL, .status = 200, .headers = JSON, .body = "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQ\",\"e\":\"AQ\"}]}"},
        {.url = URL, .status = 200, .headers = JSON, .body = keys65},
        {.url = URL, .status = 200, .headers = JSON, .body = large},
        {.url = URL, .status = 200, .headers = JSON, .body = leaked},
        {.url = URL, .status = 200, .headers = JSON, .body = doubled},
        {.url = URL, .status = 500, .headers = JSON, .body = evil_set},
        {.url = URL, .status = 404, .headers = JSON, .body = evil_set},
        {.url = URL, .transport = APISEC_E_UNREACHABLE, .status = 200, .headers = JSON, .body = evil_set},
        {.url = URL, .transport = APISEC_E_TLS},
        {.url = URL, .transport = APISEC_E_ADDRESS},
        {.url = URL, .never = true}, /* the slow drip: cut off at the deadline */
    };
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        const struct script_answer answers[] = {GOOD, hostile[i]};
        const struct moment moments[] = {
            {token, 0, APISEC_OK, 1, ""},
            {token, 500000, APISEC_OK, 2, "the last good set survives"},
            {evil_token, 500500, APISEC_E_KEYS_UNAVAILABLE, 2, "and nobody else's key came in"},
        };
        PLAY(answers, moments);
        const struct script_answer alone[] = {hostile[i]};
        const struct moment never[] = {{token, 0, APISEC_E_KEYS_UNAVAILABLE, 1, "no set at all: denied"}};
        PLAY(alone, never);
    }
    const struct script_answer twin[] = {GOOD, {.url = URL, .status = 200, .headers = JSON, .body = evil_set}};
    const struct moment replaced[] = {
        {token, 0, APISEC_OK, 1, ""},
        {evil_token, 500000, APISEC_OK, 2, "a good set is taken"},
        {token, 500000, APISEC_E_KEY_UNKNOWN, 2, "and replaces the old one"},
    };
    PLAY(twin, replaced);
    free(doubled);
    free(leaked);
    free(large);
    free(keys65);
}

static void test_bad_keys_among_good_ones(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"b\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
        "{\"kty\":\"AKP\",\"alg\":\"ML-DSA-65\",\"kid\":\"b\",\"pub\":\"AA\"}",
        "{\"kty\":\"RSA\",\"kid\":\"b\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
        "{\"kty\":\"EC\",\"kid\":\"b\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}",
        SECRET_KEY,
        "{\"kid\":\"b\"}",
        "{}",
        "7",
        "null",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char *half = forge_replace("{\"keys\":[@,#]}", "@", bad[i]);
        char *mixed = forge_replace(half, "#", apisec_signer_public_jwk(ec));
        const struct script_answer answers[] = {{.url = URL, .status = 200, .headers = JSON, .body = mixed}};
        const struct moment moments[] = {{token, 0, APISEC_OK, 1, bad[i]}};
        PLAY(answers, moments);
        free(half);
        free(mixed);
    }
}

/* ---- where it sends us ---- */

static void test_redirects(void **state)
{
    (void)state;
    static const int32_t codes[] = {300, 301, 302, 303, 307, 308};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        const struct script_answer answers[] = {
            {.url = URL, .status = codes[i], .headers = JSON "Location: https://evil.example/jwks\n", .body = evil_set}};
        const struct moment moments[] = {{token, 0, APISEC_E_KEYS_UNAVAILABLE, 1, "not followed"}};
        PLAY(answers, moments);
    }
    const struct script_answer twin[] = {
        {.url = URL, .status = 200, .headers = JSON "Location: https://evil.example/jwks\n", .body = set}};
    const struct moment moments[] = {{token, 0, APISEC_OK, 1, "a Location without a redirect says nothing"}};
    PLAY(twin, moments);
}

static void test_urls_that_are_not_https(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "http://id.example/jwks", "file:///etc/passwd://", "ftp://id.example/jwks", "gopher://id.example/", "data://x",
        "https://id.example@evil.example/jwks", "https://:80/jwks", "https://id.example/jwks#x", "https://id.example/\njwks",
        "https://id.example/a b", " https://id.example/", "javascript://x",
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        apisec_verifier *at = NULL;
        const struct stand_issuer issuer = {.algorithms = {"ES256"}, .keys = refused[i]};
        if (stand_try(&issuer, 1, NULL, &at) != APISEC_E_CONFIG) fail_msg("%s", refused[i]);
        assert_null(at);
    }
    apisec_verifier *at = NULL;
    const struct stand_issuer twin = {.algorithms = {"ES256"}, .keys = "https://id.example/jwks"};
    assert_int_equal(stand_try(&twin, 1, NULL, &at), APISEC_OK);
    apisec_verifier_free(at);
}

static const char *check_address(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) return address_check((const struct sockaddr *)&v4, sizeof v4, false, false);
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return address_check((const struct sockaddr *)&v6, sizeof v6, false, false);
}

/* Whatever a name resolves to, and whenever it changes (DNS rebinding): the address is looked at when it is connected to. */
static void test_addresses_within(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "127.0.0.1", "127.255.255.254", "::1", "169.254.169.254", "fe80::1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1",
        "fd00:ec2::254", "0.0.0.0", "::", "224.0.0.1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1",
        "2002:7f00:1::", "255.255.255.255",
    };
    static const char *const twins[] = {"93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "128.0.0.1", "169.253.169.254"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (check_address(refused[i]) == NULL) fail_msg("%s", refused[i]);
    for (size_t i = 0; i < sizeof twins / sizeof twins[0]; i++)
        if (check_address(twins[i]) != NULL) fail_msg("%s: %s", twins[i], check_address(twins[i]));
}

static void test_metadata_of_another_issuer(void **state)
{
    (void)state;
    static const char metadata[] = "{\"issuer\":\"@\",\"jwks_uri\":\"" URL "\"}";
    static const struct {
        const char *issuer;
        apisec_status expected;
    } rows[] = {
        {FORGE_ISSUER, APISEC_OK},
        {FORGE_ISSUER "/", APISEC_E_KEYS_UNAVAILABLE},
        {"https://ID.example", APISEC_E_KEYS_UNAVAILABLE},
        {"https://id.example.evil.example", APISEC_E_KEYS_UNAVAILABLE},
        {PARTNER, APISEC_E_KEYS_UNAVAILABLE},
        {"", APISEC_E_KEYS_UNAVAILABLE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct script script;
        char *document = forge_replace(metadata, "@", rows[i].issuer);
        const struct script_answer answers[] = {
            {.url = FORGE_ISSUER "/.well-known/openid-configuration", .status = 200, .headers = JSON, .body = document}, GOOD};
        script_init(&script, answers, rows[i].expected == APISEC_OK ? 2 : 1);
        apisec_verifier *at = stand_new(&(struct stand_issuer){.algorithms = {"ES256"}, .keys = "discover"}, 1, NULL);
        assert_int_equal(verify(at, &script, token, START), rows[i].expected);
        apisec_verifier_free(at);
        script_end(&script);
        free(document);
    }
}

static void test_metadata_that_leads_elsewhere(void **state)
{
    (void)state;
    static const char metadata[] = "{\"issuer\":\"" FORGE_ISSUER "\",\"jwks_uri\":@}";
    static const char *const refused[] = {"\"http://id.example/jwks\"", "\"file:///etc/passwd\"", "\"https://a@b.example/\"",
                                          "\"/jwks\"", "\"\"", "null", "[\"" URL "\"]", "\"https://id.example/a\\u0000b\""};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct script script;
        char *document = forge_replace(metadata, "@", refused[i]);
        const struct script_answer answers[] = {
            {.url = FORGE_ISSUER "/.well-known/openid-configuration", .status = 200, .headers = JSON, .body = document}};
        script_init(&script, answers, 1);
        apisec_verifier *at = stand_new(&(struct stand_issuer){.algorithms = {"ES256"}, .keys = "discover"}, 1, NULL);
        if (verify(at, &script, token, START) != APISEC_E_KEYS_UNAVAILABLE) fail_msg("%s", refused[i]);
        apisec_verifier_free(at);
        script_end(&script);
        free(document);
    }
}

/* ---- time ---- */

static void test_a_retired_key(void **state)
{
    (void)state;
    const struct script_answer answers[] = {GOOD, {.url = URL, .status = 200, .headers = JSON, .body = next_set}};
    const struct moment moments[] = {
        {token, 0, APISEC_OK, 1, ""},
        {next_token, 480000, APISEC_OK, 2, "the set has changed"},
        {token, 480000, APISEC_E_KEY_UNKNOWN, 2, "the old key is trusted no more"},
    };
    PLAY(answers, moments);
}

static void test_a_key_server_that_is_down_for_a_day(void **state)
{
    (void)state;
    const struct script_answer away = {.url = URL, .transport = APISEC_E_UNREACHABLE};
    const struct script_answer answers[] = {GOOD, away, away, away, GOOD};
    const struct moment moments[] = {
        {token, 0, APISEC_OK, 1, ""},
        {token, 1800000, APISEC_OK, 2, "half an hour: the last good set"},
        {token, HOUR - 1, APISEC_OK, 3, "an hour less a millisecond"},
        {token, HOUR, APISEC_E_KEYS_UNAVAILABLE, 3, "the hard limit"},
        {token, 24 * HOUR, APISEC_E_KEYS_UNAVAILABLE, 4, "and a day later"},
        {token, 24 * HOUR + 60000, APISEC_OK, 5, "until it is back"},
    };
    PLAY(answers, moments);
}

static void test_the_clock_jumps_back(void **state)
{
    (void)state;
    const struct script_answer away = {.url = URL, .transport = APISEC_E_UNREACHABLE};
    const struct script_answer answers[] = {GOOD, away, away};
    const struct moment moments[] = {
        {token, 2 * HOUR, APISEC_OK, 1, ""},
        {token, HOUR, APISEC_OK, 2, "set back by an hour: asked again at once, the old set serves"},
        {token, 2 * HOUR - 1, APISEC_OK, 3, "a set's hour"},
        {token, 2 * HOUR, APISEC_E_KEYS_UNAVAILABLE, 3, "is no longer for that"},
    };
    PLAY(answers, moments);
}

/* ---- floods ---- */

struct flood {
    apisec_verifier *at;
    pthread_mutex_t lock;
    size_t num_refused, num_else;
    const char *bytes;
};

static void *send_many(void *argument)
{
    struct flood *flood = argument;
    for (int i = 0; i < 25; i++) {
        apisec_token *verified = NULL;
        const apisec_status status = apisec_verify(flood->at, flood->bytes, strlen(flood->bytes), FORGE_NOW, &verified, NULL);
        apisec_token_free(verified);
        pthread_mutex_lock(&flood->lock);
        flood->num_refused += status == APISEC_E_KEY_UNKNOWN;
        flood->num_else += status != APISEC_E_KEY_UNKNOWN;
        pthread_mutex_unlock(&flood->lock);
    }
    return NULL;
}

static void test_flood_of_unknown_kids(void **state)
{
    (void)state;
    struct script script;
    const struct script_answer good = GOOD;
    pthread_t threads[8];
    script_init(&script, &good, 1); /* a second request fails the test */
    struct flood flood = {.at = fetching(&script.http), .bytes = next_token};
    pthread_mutex_init(&flood.lock, NULL);
    for (size_t i = 0; i < 8; i++) assert_int_equal(pthread_create(&threads[i], NULL, send_many, &flood), 0);
    for (size_t i = 0; i < 8; i++) pthread_join(threads[i], NULL);
    assert_int_equal(flood.num_refused, 200);
    assert_int_equal(flood.num_else, 0);
    assert_int_equal(script.num_requests, 1);
    apisec_token *verified = NULL;
    assert_int_equal(apisec_verify(flood.at, token, strlen(token), FORGE_NOW, &verified, NULL), APISEC_OK); /* known kids pass */
    apisec_token_free(verified);
    assert_int_equal(apisec_verify(flood.at, partner_token, strlen(partner_token), FORGE_NOW, &verified, NULL), APISEC_OK);
    apisec_token_free(verified);
    pthread_mutex_destroy(&flood.lock);
    apisec_verifier_free(flood.at);
    script_end(&script);
}

static void test_flood_over_time(void **state)
{
    (void)state;
    struct script script;
    const struct script_answer routes[] = {GOOD};
    script_init_routes(&script, routes, 1);
    apisec_verifier *at = fetching(NULL);
    for (int64_t ms = 0; ms < 300000; ms += 500) { /* five minutes, two tokens a second, each with another kid */
        char kid[32];
        snprintf(kid, sizeof kid, "unknown-%lld", (long long)ms);
        char *header = forge_header("ES256", kid, FORGE_SAME), *part = forge_base64url(text_of(header));
        char *unknown = forge_replace(token, "eyJ", part), *dot = strchr(unknown + strlen(part), '.'); /* nobody has signed it */
        memmove(unknown + strlen(part), dot, strlen(dot) + 1);
        assert_int_equal(verify(at, &script, unknown, START + ms), APISEC_E_KEY_UNKNOWN);
        free(unknown);
        free(part);
        free(header);
    }
    assert_int_equal(script.num_requests, 10); /* one in 30 s */
    apisec_verifier_free(at);
    script_end(&script);
}

static void test_flood_while_the_server_is_down(void **state)
{
    (void)state;
    struct script script;
    const struct script_answer routes[] = {{.url = URL, .transport = APISEC_E_UNREACHABLE}};
    script_init_routes(&script, routes, 1);
    apisec_verifier *at = fetching(NULL);
    for (int64_t ms = 0; ms < 600000; ms += 100)
        assert_int_equal(verify(at, &script, token, START + ms), APISEC_E_KEYS_UNAVAILABLE);
    if (script.num_requests > 6 + 10) fail_msg("%zu requests in ten minutes", script.num_requests); /* 1, 2, 4 … 60 s */
    apisec_verifier_free(at);
    script_end(&script);
}

/* A client that hangs up makes its service free the operation: that must not be a way to make requests. */
static void test_flood_of_aborted_requests(void **state)
{
    (void)state;
    struct script script;
    const struct script_answer good = GOOD;
    script_init(&script, &good, 1);
    apisec_verifier *at = fetching(NULL);
    assert_int_equal(verify(at, &script, token, START), APISEC_OK);
    size_t num_requests = 0;
    for (int i = 0; i < 100; i++) {
        apisec_op *op = NULL;
        assert_int_equal(apisec_verify_start(at, next_token, strlen(next_token), FORGE_NOW, &op, NULL), APISEC_OK);
        num_requests += apisec_op_next(op, START + 40000 + i * 10) == APISEC_OP_HTTP;
        apisec_op_free(op);
    }
    assert_int_equal(num_requests, 2); /* the first, and one that takes over from it */
    apisec_verifier_free(at);
    script_end(&script);
}

static int begin(void **state)
{
    (void)state;
    static const struct forge_change partner[] = {{"iss", "\"" PARTNER "\""}, {NULL, NULL}};
    ec = forge_signer("ES256", 0);
    next = forge_signer("ES256", 1);
    evil = forge_signer("ES256", 2);
    set = forge_jwks((const apisec_signer *[]){ec, NULL});
    next_set = forge_jwks((const apisec_signer *[]){next, NULL});
    evil_set = forge_jwks((const apisec_signer *[]){evil, NULL});
    token = forge_token(FORGE_SAME, FORGE_SAME, ec);
    next_token = forge_token(FORGE_SAME, FORGE_SAME, next);
    evil_token = forge_token(FORGE_SAME, FORGE_SAME, evil);
    partner_token = forge_token(partner, FORGE_SAME, evil);
    return 0;
}

static int end(void **state)
{
    (void)state;
    char *const texts[] = {set, next_set, evil_set, token, next_token, evil_token, partner_token};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) free(texts[i]);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hostile_key_sets_never_replace_the_last_good_one),
        cmocka_unit_test(test_bad_keys_among_good_ones),
        cmocka_unit_test(test_redirects),
        cmocka_unit_test(test_urls_that_are_not_https),
        cmocka_unit_test(test_addresses_within),
        cmocka_unit_test(test_metadata_of_another_issuer),
        cmocka_unit_test(test_metadata_that_leads_elsewhere),
        cmocka_unit_test(test_a_retired_key),
        cmocka_unit_test(test_a_key_server_that_is_down_for_a_day),
        cmocka_unit_test(test_the_clock_jumps_back),
        cmocka_unit_test(test_flood_of_unknown_kids),
        cmocka_unit_test(test_flood_over_time),
        cmocka_unit_test(test_flood_while_the_server_is_down),
        cmocka_unit_test(test_flood_of_aborted_requests),
    };
    return cmocka_run_group_tests_name("attack_fetch", tests, begin, end);
}
