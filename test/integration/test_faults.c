/* SPDX-License-Identifier: Apache-2.0
 *
 * test_faults.c: the fault proxy between the library and oidc-provider. Whatever happens to the bytes, a call ends in its time with
 * a status that says why, and the next call, with the fault gone, succeeds: over the same transport, with the same verifier or
 * client. Run under a leak checker as well.
 */
#include "integration.h"
#include "support/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 2000
#define SLACK_MS 2000 /* for a busy machine: no call may hang */

/* ---- the proxy ---- */

static void set_fault(const char *fault, long argument)
{
    char path[512];
    snprintf(path, sizeof path, "%s/fault", setting("FOLDER"));
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "%s %ld\n", fault, argument);
    assert_int_equal(fclose(file), 0);
}

/* num_passed is how many bytes have come from the server on the last connection. */
static long num_passed(void)
{
    char path[512], text[32] = "";
    snprintf(path, sizeof path, "%s/passed", setting("FOLDER"));
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    fclose(file);
    return strtol(text, NULL, 10);
}

/* ---- what is done over it ---- */

static struct demand through_proxy(void)
{
    return (struct demand){.issuer = setting("OIDC"), .audience = resource_of("ES256"), .algorithm = "ES256",
                           .jwks_uri = setting_url("PROXY", "/jwks")};
}

static apisec_client *client_through_proxy(apisec_http *http)
{
    apisec_client *client = apisec_client_new(http);
    apisec_client_set_endpoint(client, setting_url("PROXY", "/token"));
    apisec_client_set_basic(client, "svc-basic", "basic-secret", strlen("basic-secret"));
    return client;
}

static apisec_status exchange(apisec_client *client, const char *subject, apisec_error *err)
{
    apisec_issued *issued = NULL;
    apisec_exchange *exchange = apisec_exchange_new();
    apisec_exchange_set_subject_unverified(exchange, subject, strlen(subject), NULL);
    apisec_exchange_add_audience(exchange, "https://rs256.test/");
    const apisec_status status = apisec_exchange_run(client, exchange, &issued, err);
    assert_true((issued != NULL) == (status == APISEC_OK));
    apisec_issued_free(issued);
    apisec_exchange_free(exchange);
    return status;
}

/* ---- the faults ---- */

enum place { AT, BEFORE_END }; /* the argument counts from the first byte, or back from the last one of a whole answer */

static const struct fault {
    const char *name;
    enum place place;
    long argument;
    apisec_status status, or_status; /* of the transport; the second only where TLS libraries differ */
    const char *why;
} faults[] = {
    {"pass", AT, 0, APISEC_OK, APISEC_OK, "the twin of all"},
    {"delay", AT, 50, APISEC_OK, APISEC_OK, "slow, and in time"},
    {"delay", AT, 5000, APISEC_E_TIMEOUT, APISEC_E_TIMEOUT, "too slow"},
    {"drip", AT, 5, APISEC_E_TIMEOUT, APISEC_E_TIMEOUT, "never silent, never done"},
    {"hole", AT, 0, APISEC_E_TIMEOUT, APISEC_E_TIMEOUT, "connected, and nothing more"},
    {"close", AT, 0, APISEC_E_TLS, APISEC_E_UNREACHABLE, "connected, and gone"},
    {"reset", AT, 0, APISEC_E_TLS, APISEC_E_UNREACHABLE, "a reset in place of the server's hello"},
    {"reset", AT, 60, APISEC_E_TLS, APISEC_E_UNREACHABLE, "a reset within it"},
    {"truncate", AT, 60, APISEC_E_TLS, APISEC_E_UNREACHABLE, "its end within it"},
    {"reset", AT, 400, APISEC_E_TLS, APISEC_E_UNREACHABLE, "a reset within the certificates"},
    {"truncate", AT, 400, APISEC_E_TLS, APISEC_E_UNREACHABLE, "their end"},
    {"flip", AT, 0, APISEC_E_TLS, APISEC_E_TLS, "a record of no known type"},
    {"flip", AT, 20, APISEC_E_TLS, APISEC_E_TLS, "another random than the server signed"},
    {"flip", AT, 300, APISEC_E_TLS, APISEC_E_TLS, "another certificate"},
    {"reset", BEFORE_END, 40, APISEC_E_UNREACHABLE, APISEC_E_UNREACHABLE, "a reset within the body"},
    {"truncate", BEFORE_END, 40, APISEC_E_UNREACHABLE, APISEC_E_UNREACHABLE, "the end within the body"},
    {"flip", BEFORE_END, 40, APISEC_E_UNREACHABLE, APISEC_E_UNREACHABLE, "a body that is not what was sent"},
};
#define NUM_FAULTS (sizeof faults / sizeof faults[0])

static void start_fault(const struct fault *fault, long whole)
{
    set_fault(fault->name, fault->place == AT ? fault->argument : whole - fault->argument);
}

static void check_time(const struct fault *fault, int64_t began_ms)
{
    const int64_t took_ms = now_ms() - began_ms;
    if (took_ms > TIMEOUT_MS + SLACK_MS) fail_msg("%s: it took %ld ms", fault->why, (long)took_ms);
}

/* said: fetching keys has one status, and its text says which of these it was. */
static const char *said(apisec_status status)
{
    switch (status) {
    case APISEC_E_TIMEOUT: return "no answer in time";
    case APISEC_E_TLS: return "TLS";
    case APISEC_E_UNREACHABLE: return "cannot be reached";
    default: return "";
    }
}

static void fetching_keys(void **state)
{
    (void)state;
    const struct demand demand = through_proxy();
    char *token = fetch_user_token("ES256", "sub=alice");
    long whole = 0;
    for (size_t i = 0; i < NUM_FAULTS; i++) {
        const struct fault *fault = &faults[i];
        struct counted transport;
        counted_open(&transport, TIMEOUT_MS);
        apisec_verifier *verifier = demand_verifier(&demand, &transport.http);
        apisec_token *verified = NULL;
        apisec_error err;

        start_fault(fault, whole);
        const int64_t began_ms = now_ms();
        const apisec_status status = verify_now(verifier, token, &err);
        check_time(fault, began_ms);
        const bool good = fault->status == APISEC_OK;
        if (status != (good ? APISEC_OK : APISEC_E_KEYS_UNAVAILABLE))
            fail_msg("%s: %s: %s", fault->why, apisec_status_name(status), err.text);
        if (strstr(err.text, said(fault->status)) == NULL && strstr(err.text, said(fault->or_status)) == NULL)
            fail_msg("%s: %s", fault->why, err.text);
        if (i == 0) whole = num_passed();

        set_fault("pass", 0);
        if (!good) assert_int_equal(verify_now(verifier, token, &err), APISEC_E_KEYS_UNAVAILABLE); /* a second's pause */
        if (verify_at(verifier, &transport.http, token, 2000, &verified, &err) != APISEC_OK)
            fail_msg("%s: afterwards: %s", fault->why, err.text);
        assert_int_equal(atomic_load(&transport.num_requests), good ? 1 : 2);
        apisec_token_free(verified);
        apisec_verifier_free(verifier);
        counted_close(&transport);
    }
    free(token);
}

static void exchanging(void **state)
{
    (void)state;
    char *token = fetch_user_token("ES256", "sub=alice");
    long whole = 0;
    for (size_t i = 0; i < NUM_FAULTS; i++) {
        const struct fault *fault = &faults[i];
        struct counted transport;
        counted_open(&transport, TIMEOUT_MS);
        apisec_client *client = client_through_proxy(&transport.http);
        apisec_error err;

        start_fault(fault, whole);
        const int64_t began_ms = now_ms();
        const apisec_status status = exchange(client, token, &err);
        check_time(fault, began_ms);
        if (status != fault->status && status != fault->or_status)
            fail_msg("%s: %s: %s", fault->why, apisec_status_name(status), err.text);
        if (i == 0) whole = num_passed();

        set_fault("pass", 0);
        if (exchange(client, token, &err) != APISEC_OK) fail_msg("%s: afterwards: %s", fault->why, err.text);
        assert_int_equal(atomic_load(&transport.num_requests), 2); /* a request that failed is not made again by itself */
        apisec_client_free(client);
        counted_close(&transport);
    }
    free(token);
}

/* An operation has five seconds for a request, even where the transport would wait for a minute. */
static void the_deadline_of_the_operation(void **state)
{
    (void)state;
    char *token = fetch_user_token("ES256", "sub=alice");
    struct counted transport;
    counted_open(&transport, 60000);
    apisec_client *client = client_through_proxy(&transport.http);
    apisec_error err;
    set_fault("hole", 0);
    const int64_t began_ms = now_ms();
    assert_int_equal(exchange(client, token, &err), APISEC_E_TIMEOUT);
    const int64_t took_ms = now_ms() - began_ms;
    assert_true(took_ms > 4900 && took_ms < 5000 + SLACK_MS);
    set_fault("pass", 0);
    assert_int_equal(exchange(client, token, &err), APISEC_OK);
    apisec_client_free(client);
    counted_close(&transport);
    free(token);
}

/* ---- key sets that are there already ---- */

static void the_last_good_keys_serve_for_an_hour(void **state)
{
    (void)state;
    const struct demand demand = through_proxy();
    static const struct {
        const char *fault;
        int64_t ahead_ms;
        apisec_status status;
        size_t num_requests;
        const char *why;
    } steps[] = {
        {"pass", 0, APISEC_OK, 1, "fetched"},
        {"close", 590000, APISEC_OK, 1, "due, and the server is away"},
        {"hole", 1200000, APISEC_OK, 1, "too old, the server is away, and these are the last good ones"},
        {"close", 3590000, APISEC_OK, 1, "the last seconds"},
        {"close", 3602000, APISEC_E_KEYS_UNAVAILABLE, 1, "an hour is over: nobody gets in"},
        {"pass", 3690000, APISEC_OK, 1, "the server is back"},
    };
    char *token = fetch_user_token("ES256", "sub=alice");
    apisec_verifier *verifier = demand_verifier(&demand, NULL); /* its operations are driven by hand */
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct counted transport; /* a new one each time: no connection of before is used again */
        apisec_token *verified = NULL;
        apisec_error err;
        counted_open(&transport, TIMEOUT_MS);
        set_fault(steps[i].fault, 0);
        const apisec_status got = verify_at(verifier, &transport.http, token, steps[i].ahead_ms, &verified, &err);
        if (got != steps[i].status) fail_msg("%s: %s: %s", steps[i].why, apisec_status_name(got), err.text);
        if (atomic_load(&transport.num_requests) != steps[i].num_requests)
            fail_msg("%s: %zu requests", steps[i].why, atomic_load(&transport.num_requests));
        apisec_token_free(verified);
        counted_close(&transport);
    }
    apisec_verifier_free(verifier);
    free(token);
}

/* ---- many threads ---- */

#define NUM_THREADS 8

struct visitor {
    pthread_t thread;
    apisec_verifier *verifier;
    const char *token;
    apisec_status status;
};

static void *visit(void *context)
{
    struct visitor *visitor = context;
    visitor->status = verify_now(visitor->verifier, visitor->token, NULL);
    return NULL;
}

static void many_threads_fetch_once(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        long argument;
        apisec_status status;
    } rows[] = {
        {"delay", 50, APISEC_OK},
        {"hole", 0, APISEC_E_KEYS_UNAVAILABLE},
    };
    const struct demand demand = through_proxy();
    char *token = fetch_user_token("ES256", "sub=alice");
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        struct counted transport;
        struct visitor visitors[NUM_THREADS];
        counted_open(&transport, TIMEOUT_MS);
        apisec_verifier *verifier = demand_verifier(&demand, &transport.http);
        set_fault(rows[row].fault, rows[row].argument);
        const int64_t began_ms = now_ms();
        for (size_t i = 0; i < NUM_THREADS; i++) {
            visitors[i] = (struct visitor){.verifier = verifier, .token = token, .status = 1};
            assert_int_equal(pthread_create(&visitors[i].thread, NULL, visit, &visitors[i]), 0);
        }
        for (size_t i = 0; i < NUM_THREADS; i++) assert_int_equal(pthread_join(visitors[i].thread, NULL), 0);
        assert_true(now_ms() - began_ms < TIMEOUT_MS + SLACK_MS);
        for (size_t i = 0; i < NUM_THREADS; i++) assert_int_equal(visitors[i].status, rows[row].status);
        assert_int_equal(atomic_load(&transport.num_requests), 1);
        apisec_verifier_free(verifier);
        counted_close(&transport);
    }
    set_fault("pass", 0);
    free(token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fetching_keys), cmocka_unit_test(exchanging), cmocka_unit_test(the_deadline_of_the_operation),
        cmocka_unit_test(the_last_good_keys_serve_for_an_hour), cmocka_unit_test(many_threads_fetch_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
