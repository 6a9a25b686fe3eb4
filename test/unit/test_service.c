/* SPDX-License-Identifier: Apache-2.0
 *
 * test_service.c: the credential of a service: which values are one, whose it is, what is remembered.
 */
#include "support/unit.h"
#include "access/rules.h"
#include "support/guard.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static apisec_rules *rules;

/* How slow it is, without a clock: all iterations are counted (test.mk: --wrap). */
static atomic_uint num_iterations;

apisec_status __real_crypto_pbkdf2(struct text secret, struct text salt, uint32_t iterations, unsigned char out[CRYPTO_PBKDF2_LEN]);
apisec_status __wrap_crypto_pbkdf2(struct text secret, struct text salt, uint32_t iterations, unsigned char out[CRYPTO_PBKDF2_LEN]);
apisec_status __wrap_crypto_pbkdf2(struct text secret, struct text salt, uint32_t iterations, unsigned char out[CRYPTO_PBKDF2_LEN])
{
    atomic_fetch_add(&num_iterations, iterations);
    return __real_crypto_pbkdf2(secret, salt, iterations, out);
}

static const char document[] =
    "{\"services\":{\"header\":\"X-Service-Authorization\",\"secrets\":{"
    "\"gateway\":\"$pbkdf2-sha256$i=10000$TqXuaP6gVYYQaJDe1XM4IA$xKq2QDyHsbSnBTMoCjdITXCHclRegptgRHTVr3zGepo\","
    "\"batch\":\"$pbkdf2-sha256$i=10001$S7JO_JZBr8Xe0cp36rtuLw$nc3MIHoF7J-sVR0mUtVgMFpy6xh-r4T8wkE5UJbY-tE\"}},"
    "\"rules\":[{\"id\":\"r\",\"path\":\"/**\",\"require\":{\"services\":[\"gateway\"]}}]}";

#define GATEWAY "Z2F0ZXdheTpnYXRld2F5LXNlY3JldC0x" /* gateway:gateway-secret-1 */

static void test_values(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        apisec_status expected;
        const char *service, *why;
    } rows[] = {
        {"Basic " GATEWAY, APISEC_OK, "gateway", "the honest one"},
        {"bAsIc   " GATEWAY, APISEC_OK, "gateway", "schemes have no case"},
        {"Basic YmF0Y2g6YmF0Y2g6c2VjcmV0", APISEC_OK, "batch", "a secret with a colon in it"},
        {"Basic Z2F0ZXdheTpnYXRld2F5LXNlY3JldC0y", APISEC_E_PEER, NULL, "another secret"},
        {"Basic Z2F0ZXdheTpnYXRld2F5LXNlY3JldC0=", APISEC_E_PEER, NULL, "the secret's prefix"},
        {"Basic Z2F0ZXdheTpnYXRld2F5LXNlY3JldC0xMQ==", APISEC_E_PEER, NULL, "the secret and more"},
        {"Basic YmF0Y2g6Z2F0ZXdheS1zZWNyZXQtMQ==", APISEC_E_PEER, NULL, "another service's secret"},
        {"Basic bm9ib2R5OmdhdGV3YXktc2VjcmV0LTE=", APISEC_E_PEER, NULL, "a name that nobody has"},
        {"Basic bm9ib2R5OmJhdGNoOnNlY3JldA==", APISEC_E_PEER, NULL, "and the secret that it is compared with"},
        {"Basic R2F0ZXdheTpnYXRld2F5LXNlY3JldC0x", APISEC_E_PEER, NULL, "case of the name"},
        {"Basic OmdhdGV3YXktc2VjcmV0LTE=", APISEC_E_PEER, NULL, "no name"},
        {"Basic Z2F0ZXdheTo=", APISEC_E_PEER, NULL, "no secret"},
        {"Basic Z2F0ZXdheQ==", APISEC_E_PEER, NULL, "no colon"},
        {"Basic Z2F0ZXdheTpnYXRld2F5LXNlY3JldC0xCg==", APISEC_E_PEER, NULL, "a line break"},
        {"Basic Z2F0ZXdheTpnYXRld2F5LXNlY3JldC0xAHg=", APISEC_E_PEER, NULL, "NUL"},
        {"Basic Z2F0ZXdheTpnYXRld2F5LXNlY3JldC0", APISEC_E_PEER, NULL, "no padding"},
        {"Basic " GATEWAY "=", APISEC_E_PEER, NULL, "padding where none is"},
        {"Basic " GATEWAY "====", APISEC_E_PEER, NULL, "four of it"},
        {"Basic " GATEWAY " ", APISEC_E_PEER, NULL, "a space"},
        {"Basic Z2F0ZXdheTpnYXRld2F5_XNlY3JldC0x", APISEC_E_PEER, NULL, "the letters of base64url"},
        {"Basic", APISEC_E_PEER, NULL, "the scheme"},
        {"Basic ", APISEC_E_PEER, NULL, "and a space"},
        {"Basic =", APISEC_E_PEER, NULL, ""},
        {"Basic ====", APISEC_E_PEER, NULL, ""},
        {"", APISEC_E_PEER, NULL, "nothing"},
        {"Bearer " GATEWAY, APISEC_E_PEER, NULL, "another scheme"},
        {"Basic" GATEWAY, APISEC_E_PEER, NULL, "no space"},
        {"Basic " GATEWAY ", Basic " GATEWAY, APISEC_E_REQUEST, NULL, "two in one field"},
        {"Basic " GATEWAY ",", APISEC_E_REQUEST, NULL, ""},
        {"Bearer abc, Basic " GATEWAY, APISEC_E_REQUEST, NULL, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *value = guarded_text(rows[i].value);
        const struct service_login *verified = (const struct service_login *)&rows;
        const apisec_status status = service_find(&rules->services, (struct text){value, strlen(rows[i].value)}, &verified);
        if (status != rows[i].expected) fail_msg("%s: %s", rows[i].why, apisec_status_name(status));
        assert_int_equal(verified != NULL, rows[i].service != NULL);
        if (verified != NULL) assert_string_equal(verified->name, rows[i].service);
        guard_free(value);
    }
}

static void test_a_long_value(void **state)
{
    (void)state;
    const struct service_login *verified;
    char *value = malloc(6 + 4000);
    assert_non_null(value);
    memset(value, 'Z', 6 + 4000);
    memcpy(value, "Basic ", 6);
    for (size_t len = 2040; len < 2060; len++)
        assert_int_equal(service_find(&rules->services, (struct text){value, 6 + len}, &verified), APISEC_E_PEER);
    assert_int_equal(service_find(&rules->services, (struct text){value, 4006}, &verified), APISEC_E_PEER);
    free(value);
}

static apisec_status ask_of(const apisec_rules *of, const char *name, const char *secret)
{
    const struct service_login *verified;
    return service_verify(&of->services, text_of(name), text_of(secret), &verified);
}

static apisec_status ask(const char *name, const char *secret)
{
    return ask_of(rules, name, secret);
}

/* What is remembered is told by taking the hash away: only what needs none is still right. */

static void test_what_is_remembered(void **state)
{
    (void)state;
    struct service_login *const gateway = &rules->services.at[0];
    assert_int_equal(ask("gateway", "gateway-secret-1"), APISEC_OK);
    assert_int_equal(ask("gateway", "gateway-secret-2"), APISEC_E_PEER);
    assert_int_equal(ask("batch", "gateway-secret-1"), APISEC_E_PEER);
    gateway->hash.key[0] ^= 1;
    assert_int_equal(ask("gateway", "gateway-secret-1"), APISEC_OK);
    assert_int_equal(ask("gateway", "gateway-secret-2"), APISEC_E_PEER); /* a wrong one is not remembered as right */
    assert_int_equal(ask("batch", "gateway-secret-1"), APISEC_E_PEER);   /* nor for another name */
    gateway->hash.key[0] ^= 1;
    assert_int_equal(ask("gateway", "gateway-secret-1"), APISEC_OK);
}

/* A wrong secret takes as long for a name that nobody has as for each that somebody has, however quick its own hash is. */
static void test_time_tells_no_names(void **state)
{
    (void)state;
    static const char *const names[] = {"gateway", "batch", "nobody"};
    for (size_t i = 0; i < 3; i++) {
        atomic_store(&num_iterations, 0);
        assert_int_equal(ask(names[i], "wrong"), APISEC_E_PEER);
        assert_int_equal(atomic_load(&num_iterations), 10001);
    }
    assert_int_equal(ask("gateway", "gateway-secret-1"), APISEC_OK);
    atomic_store(&num_iterations, 0);
    assert_int_equal(ask("gateway", "gateway-secret-1"), APISEC_OK);
    assert_int_equal(atomic_load(&num_iterations), 0); /* what is known takes no time */
}

/* Of rules that take the place of others: a name keeps what is known of it where its hash is the same. */
static void test_what_others_take_over(void **state)
{
    (void)state;
    static const char changed[] =
        "{\"services\":{\"header\":\"X-Service-Authorization\",\"secrets\":{"
        "\"batch\":\"$pbkdf2-sha256$i=10000$TqXuaP6gVYYQaJDe1XM4IA$xKq2QDyHsbSnBTMoCjdITXCHclRegptgRHTVr3zGepo\","
        "\"new\":\"$pbkdf2-sha256$i=10001$S7JO_JZBr8Xe0cp36rtuLw$nc3MIHoF7J-sVR0mUtVgMFpy6xh-r4T8wkE5UJbY-tE\","
        "\"gateway\":\"$pbkdf2-sha256$i=10000$TqXuaP6gVYYQaJDe1XM4IA$xKq2QDyHsbSnBTMoCjdITXCHclRegptgRHTVr3zGepo\"}},"
        "\"rules\":[{\"id\":\"r\",\"path\":\"/**\",\"require\":{}}]}";
    static const char none[] = "{\"rules\":[{\"id\":\"r\",\"path\":\"/**\",\"require\":{}}]}";
    assert_int_equal(ask("gateway", "gateway-secret-1"), APISEC_OK);
    assert_int_equal(ask("batch", "batch:secret"), APISEC_OK);
    for (int inherits = 0; inherits < 2; inherits++) {
        apisec_rules *newer = NULL, *empty = NULL;
        assert_int_equal(apisec_rules_new(changed, sizeof changed - 1, &newer, NULL), APISEC_OK);
        assert_int_equal(apisec_rules_new(none, sizeof none - 1, &empty, NULL), APISEC_OK);
        rules_inherit(newer, inherits ? rules : empty);
        for (size_t i = 0; i < 3; i++) newer->services.at[i].hash.key[0] ^= 1;
        assert_int_equal(ask_of(newer, "gateway", "gateway-secret-1"), inherits ? APISEC_OK : APISEC_E_PEER);
        assert_int_equal(ask_of(newer, "gateway", "gateway-secret-2"), APISEC_E_PEER);
        assert_int_equal(ask_of(newer, "batch", "batch:secret"), APISEC_E_PEER); /* it has another now */
        assert_int_equal(ask_of(newer, "batch", "gateway-secret-1"), APISEC_E_PEER);
        assert_int_equal(ask_of(newer, "new", "batch:secret"), APISEC_E_PEER); /* which was another name's */
        rules_inherit(empty, newer);
        apisec_rules_free(newer);
        apisec_rules_free(empty);
    }
}

/* In a child process the memory works as in its parent. */
static void test_after_fork(void **state)
{
    (void)state;
    int status = -1;
    const pid_t child = fork();
    if (child == 0) _exit(ask("gateway", "gateway-secret-1") == APISEC_OK && ask("gateway", "x") == APISEC_E_PEER ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* Eight at once, each slow: not all of them are begun. */
static struct services slow;
static pthread_barrier_t all_are_there;

static void *guess(void *unused)
{
    (void)unused;
    const struct service_login *verified;
    pthread_barrier_wait(&all_are_there);
    const apisec_status status = service_verify(&slow, text_of("a"), text_of("x"), &verified);
    return status == APISEC_E_BUSY ? &slow : NULL;
}

static void test_not_all_at_once(void **state)
{
    (void)state;
    struct service_login service = rules->services.at[0];
    pthread_t threads[8];
    size_t num_busy = 0;
    service.name = "a";
    service.hash.iterations = 100000;
    slow = (struct services){.at = &service, .num = 1, .memory = rules->services.memory};
    assert_int_equal(pthread_barrier_init(&all_are_there, NULL, 8), 0);
    for (size_t i = 0; i < 8; i++) assert_int_equal(pthread_create(&threads[i], NULL, guess, NULL), 0);
    for (size_t i = 0; i < 8; i++) {
        void *was_busy;
        assert_int_equal(pthread_join(threads[i], &was_busy), 0);
        num_busy += was_busy != NULL;
    }
    assert_in_range(num_busy, 1, 4);
    assert_int_equal(ask("gateway", "gateway-secret-2"), APISEC_E_PEER); /* all have given back what they took */
    pthread_barrier_destroy(&all_are_there);
}

static void test_mistakes(void **state)
{
    (void)state;
#define SECRETS "\"secrets\":{\"a\":\"$pbkdf2-sha256$i=10000$TqXuaP6gVYYQaJDe1XM4IA$xKq2QDyHsbSnBTMoCjdITXCHclRegptgRHTVr3zGepo\"}"
    static const struct {
        const char *services, *require, *sentence; /* sentence NULL: it is taken */
    } rows[] = {
        {"{\"header\":\"X-S\"," SECRETS "}", "{\"services\":[\"a\"]}", NULL},
        {"{\"header\":\"X-S\"," SECRETS "}", "{\"services\":[\"b\"]}", "rules[0].require.services: there is no service b"},
        {"{\"header\":\"X-S\"," SECRETS "}", "{\"services\":[]}", "rules[0].require.services: an empty list can never be met"},
        {"[]", "{}", "services: an object is wanted, not an array"},
        {"{" SECRETS "}", "{}", "services.header: missing"},
        {"{\"header\":\"X-S\"}", "{}", "services.secrets: missing"},
        {"{\"header\":\"X-S\",\"secrets\":{}}", "{}", "services.secrets: no service"},
        {"{\"header\":\"X-S\",\"secret\":{}}", "{}", "services.secret: unknown, did you mean \"secrets\"?"},
        {"{\"header\":\"X S\"," SECRETS "}", "{}", "services.header: not a header's name"},
        {"{\"header\":\"cookie\"," SECRETS "}", "{}", "services.header: this header is another's"},
        {"{\"header\":\"DPoP\"," SECRETS "}", "{}", "services.header: this header is another's"},
        {"{\"header\":\"X-S\",\"secrets\":{\"a\":\"hunter2\"}}", "{}", "services.secrets.a: not of the form of `apisec hash`"},
        {"{\"header\":\"X-S\",\"secrets\":{\"a:b\":\"x\"}}", "{}",
         "services.secrets.a:b: a service's name has 1 to 128 printable characters and no colon"},
        {"{\"header\":\"authorization\"," SECRETS "}", "{}", NULL},
        {"{\"header\":\"authorization\"," SECRETS "}", "{\"services\":[\"a\"]}",
         "rules[0]: Authorization is the user's here: services need a header of their own"},
        {"{\"header\":\"authorization\"," SECRETS "}", "{\"any_of\":[{\"services\":[\"a\"]}]}",
         "rules[0]: Authorization is the user's here: services need a header of their own"},
        {"{\"header\":\"authorization\"," SECRETS "}", "{},\"shadow\":{\"services\":[\"a\"]}",
         "rules[0]: Authorization is the user's here: services need a header of their own"},
        {"{\"header\":\"authorization\"," SECRETS "}", "{\"services\":[\"a\"]},\"user\":\"none\"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buffer json = BUFFER_MAX(4096);
        apisec_rules *made = NULL;
        apisec_error err = {0, ""};
        const char *const parts[] = {"{\"services\":", rows[i].services,
                                     ",\"rules\":[{\"id\":\"r\",\"path\":\"/**\",\"require\":", rows[i].require, "}]}"};
        for (size_t k = 0; k < 5; k++) buffer_text(&json, parts[k]);
        apisec_rules_new(json.bytes, json.len, &made, &err);
        if ((made != NULL) != (rows[i].sentence == NULL)) fail_msg("%s: %s", json.bytes, err.text);
        if (made == NULL) assert_string_equal(err.text, rows[i].sentence);
        assert_null(strstr(err.text, "hunter2"));
        apisec_rules_free(made);
        buffer_free(&json);
    }
}

static int begin(void **state)
{
    (void)state;
    return apisec_rules_new(document, sizeof document - 1, &rules, NULL);
}

static int end(void **state)
{
    (void)state;
    apisec_rules_free(rules);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_a_long_value),
        cmocka_unit_test(test_what_is_remembered),
        cmocka_unit_test(test_time_tells_no_names),
        cmocka_unit_test(test_what_others_take_over),
        cmocka_unit_test(test_after_fork),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_not_all_at_once),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
