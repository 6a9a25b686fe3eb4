/* SPDX-License-Identifier: Apache-2.0
 *
 * test_guard_metrics.c: what a guard counts, in the text format of Prometheus: each sample has a type and a help, each decision is
 * counted once, however it ends, and nothing of a caller stands in it.
 */
#define _GNU_SOURCE
#include "support/unit.h"
#include "guard/guard.h"
#include "support/failing.h"
#include "support/sentry.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char document[] =
    "{" SENTRY_TRUST ",'rules':["
    "{'id':'read','path':'/orders/**','require':{}},{'id':'tried','path':'/tried','require':{},'shadow':{'scopes':['x:y']}},"
    "{'id':'untried','path':'/untried','require':{},'shadow':{}},{'id':'open','path':'/open','public':true}]}";

static char *good, *forged;

static char *metrics_of(struct sentry *sentry)
{
    char *text = NULL;
    assert_int_equal(apisec_guard_metrics(sentry->guard, &text, NULL), APISEC_OK);
    return text;
}

/* value_of finds a sample by its whole name, labels included; -1: there is none. */
static double value_of(const char *text, const char *sample)
{
    const size_t len = strlen(sample);
    for (const char *at = text; at != NULL && *at != '\0'; at = strchr(at, '\n') + 1)
        if (strncmp(at, sample, len) == 0 && at[len] == ' ') return strtod(at + len + 1, NULL);
    return -1;
}

static void expect(struct sentry *sentry, const char *sample, double value)
{
    char *const text = metrics_of(sentry);
    const double is = value_of(text, sample);
    if (is < value || is > value) fail_msg("%s is %f, not %f", sample, is, value);
    apisec_text_free(text);
}

/* ---- the format ---- */

static bool is_name(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!islower((unsigned char)name[i]) && name[i] != '_') return false;
    return len > 7 && strncmp(name, "apisec_", 7) == 0;
}

/* The family that a sample belongs to: a histogram's have endings of their own. */
static size_t family_len(const char *name, size_t len, const char *type)
{
    static const char *const endings[] = {"_bucket", "_sum", "_count"};
    if (strcmp(type, "histogram") != 0) return len;
    for (size_t i = 0; i < 3; i++) {
        const size_t ending = strlen(endings[i]);
        if (len > ending && strncmp(name + len - ending, endings[i], ending) == 0) return len - ending;
    }
    return len;
}

static void check_sample(const char *line, const char *family, const char *type)
{
    static const char *const labels[] = {"result=", "status=", "le=", "version="};
    const size_t len = strcspn(line, "{ ");
    if (!is_name(line, len)) fail_msg("no name: %s", line);
    if (family_len(line, len, type) != strlen(family) || strncmp(line, family, strlen(family)) != 0)
        fail_msg("%s is not of %s", line, family);
    if (strcmp(type, "counter") == 0 && strncmp(line + len - 6, "_total", 6) != 0) fail_msg("a counter without _total: %s", line);
    if (line[len] == '{') {
        bool known = false;
        for (size_t i = 0; i < 4; i++) known = known || strncmp(line + len + 1, labels[i], strlen(labels[i])) == 0;
        if (!known) fail_msg("an unknown label: %s", line);
    }
    char *end;
    const char *const value = strrchr(line, ' ') + 1;
    strtod(value, &end);
    if (end == value || *end != '\0') fail_msg("no number: %s", line);
}

/* cut takes the next word off a line. */
static const char *cut(char **line)
{
    char *const word = *line;
    *line += strcspn(word, " ");
    if (**line == ' ') *(*line)++ = '\0';
    return word;
}

static void check_format(char *text)
{
    const char *family = "", *type = "", *help = "";
    assert_int_equal(text[strlen(text) - 1], '\n');
    for (char *line = text, *next; *line != '\0'; line = next) {
        char *const newline = strchr(line, '\n');
        next = newline + 1;
        *newline = '\0';
        char *rest = line + 7;
        if (strncmp(line, "# HELP ", 7) == 0) {
            help = cut(&rest);
            assert_int_equal(rest[strlen(rest) - 1], '.');
        } else if (strncmp(line, "# TYPE ", 7) == 0) {
            family = cut(&rest);
            type = rest;
            assert_string_equal(family, help);
            assert_true(strcmp(type, "counter") == 0 || strcmp(type, "gauge") == 0 || strcmp(type, "histogram") == 0);
        } else {
            check_sample(line, family, type);
        }
    }
}

static void test_the_format(void **state)
{
    (void)state;
    struct sentry sentry;
    sentry_begin(&sentry, document, NULL);
    sentry_check(&sentry, sentry_call("GET", "/orders/secret-order-7", good), NULL);
    sentry_check(&sentry, sentry_call("GET", "/nowhere", forged), NULL);
    char *const text = metrics_of(&sentry);
    static const char *const never[] = {"alice", "192.0.2.1", "secret-order", "nowhere", "id.example", "read\""};
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) assert_null(strstr(text, never[i]));
    check_format(text);
    apisec_text_free(text);
    sentry_end(&sentry);
}

/* ---- the numbers ---- */

static void test_what_is_counted(void **state)
{
    (void)state;
    struct sentry sentry;
    apisec_op *op;
    apisec_decision *decision;
    sentry_begin(&sentry, document, NULL);
    expect(&sentry, "apisec_decisions_total{status=\"APISEC_OK\"}", 0);
    sentry_check(&sentry, sentry_call("GET", "/orders/7", good), NULL);
    sentry_check(&sentry, sentry_call("GET", "/orders/7", good), NULL);
    sentry_check(&sentry, sentry_call("GET", "/orders/7", forged), NULL);
    sentry_check(&sentry, sentry_call("GET", "/orders/7", NULL), NULL);
    sentry_check(&sentry, sentry_call("GET", "/other", good), NULL); /* nobody looks at its token */
    sentry_check(&sentry, sentry_call("GET", "/open", good), NULL);
    sentry_check(&sentry, sentry_call("GET", "/tried", good), NULL);
    sentry_check(&sentry, sentry_call("GET", "/tried", good), NULL);
    sentry_check(&sentry, sentry_call("GET", "/untried", good), NULL);
    apisec_call *call = sentry_call("GET", "/orders/7", good);
    assert_int_equal(apisec_guard_start(sentry.guard, call, &op, NULL), APISEC_OK);
    apisec_op_free(op); /* given up: counted as the denial that is recorded */
    assert_int_equal(apisec_guard_decide(sentry.guard, call, &decision, NULL), APISEC_OK);
    apisec_decision_deny(decision, APISEC_E_DENIED, "not the owner");
    expect(&sentry, "apisec_decisions_total{status=\"APISEC_E_DENIED\"}", -1); /* not final yet */
    apisec_decision_commit(decision, NULL);
    apisec_decision_free(decision);
    apisec_call_free(call);
    sentry_check(&sentry, NULL, NULL);

    static const struct {
        const char *sample;
        double value;
    } rows[] = {
        {"apisec_authentication_attempts_total{result=\"success\"}", 6},
        {"apisec_authentication_attempts_total{result=\"failure\"}", 2},
        {"apisec_authentication_attempts_total{result=\"error\"}", 0},
        {"apisec_authorization_attempts_total{result=\"allowed\"}", 6},
        {"apisec_authorization_attempts_total{result=\"denied\"}", 4},
        {"apisec_authorization_attempts_total{result=\"error\"}", 2},
        {"apisec_decisions_total{status=\"APISEC_OK\"}", 6},
        {"apisec_decisions_total{status=\"APISEC_E_SIGNATURE\"}", 1},
        {"apisec_decisions_total{status=\"APISEC_E_NO_CREDENTIAL\"}", 1},
        {"apisec_decisions_total{status=\"APISEC_E_NO_RULE\"}", 1},
        {"apisec_decisions_total{status=\"APISEC_E_DENIED\"}", 1},
        {"apisec_decisions_total{status=\"APISEC_E_MISUSE\"}", 1},
        {"apisec_decisions_total{status=\"APISEC_E_ARGUMENT\"}", 1},
        {"apisec_shadow_decisions_total{result=\"allowed\"}", 1},
        {"apisec_shadow_decisions_total{result=\"denied\"}", 2},
        {"apisec_decision_duration_seconds_count", 12},
        {"apisec_decision_duration_seconds_bucket{le=\"+Inf\"}", 12},
        {"apisec_audit_records_total{result=\"written\"}", 12},
        {"apisec_audit_records_total{result=\"lost\"}", 0},
        {"apisec_config_reloads_total{result=\"success\"}", 0},
        {"apisec_config_last_reload_success_timestamp_seconds", 0},
        {"apisec_cached_tokens", 1},
        {"apisec_denials", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) expect(&sentry, rows[i].sample, rows[i].value);
    sentry_end(&sentry);
}

/* ---- one decision ---- */

/* What is counted of a decision that has ended: of its token, of its verdict. */
static void test_one_decision(void **state)
{
    (void)state;
    static const struct {
        bool authenticated, trail_failed;
        apisec_status status;
        uint64_t tokens[3]; /* verified, refused, not judged */
        uint64_t verdicts[3]; /* allowed, denied, failed */
        const char *why;
    } rows[] = {
        {true, false, APISEC_OK, {1, 0, 0}, {1, 0, 0}, "a good token, and all that was required"},
        {true, false, APISEC_E_SCOPE, {1, 0, 0}, {0, 1, 0}, "a good token, and less than was required"},
        {true, false, APISEC_E_AUDIT, {1, 0, 0}, {0, 0, 1}, "a good token, and no record"},
        {false, true, APISEC_E_EXPIRED, {0, 1, 0}, {0, 1, 0}, "a bad token"},
        {false, true, APISEC_E_KEYS_UNAVAILABLE, {0, 0, 1}, {0, 0, 1}, "503: nobody has judged the token"},
        {false, true, APISEC_E_MEMORY, {0, 0, 1}, {0, 0, 1}, "500: nor here, at the least of these numbers"},
        {false, false, APISEC_OK, {0, 0, 0}, {1, 0, 0}, "a rule that asks for no user"},
        {false, false, APISEC_E_NO_RULE, {0, 0, 0}, {0, 1, 0}, "denied before there was a look at the token"},
        {false, false, APISEC_E_MEMORY, {0, 0, 0}, {0, 0, 1}, "and so without memory"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct metrics *const metrics = metrics_new();
        apisec_decision *const decision = decision_new(NULL, NULL, NULL);
        assert_true(metrics != NULL && decision != NULL);
        decision->authenticated = rows[i].authenticated;
        decision->trail_failed = rows[i].trail_failed;
        decision->status = rows[i].status;
        metrics->watch.ended(&metrics->watch, decision);
        const uint64_t is[] = {metrics->authenticated, metrics->unauthenticated, metrics->not_authenticated,
                               metrics->allowed,       metrics->denied,          metrics->failed};
        for (size_t j = 0; j < 3; j++)
            if (is[j] != rows[i].tokens[j] || is[3 + j] != rows[i].verdicts[j]) fail_msg("%s", rows[i].why);
        assert_int_equal(metrics->by_status[-rows[i].status], 1);
        decision->status = APISEC_OK;
        decision->phase = DECISION_COMMITTED;
        apisec_decision_free(decision);
        metrics_free(metrics);
    }
}

/* How long a decision took: each falls into the first bucket that it is not too long for, and the sum has all of it. */
static void test_durations(void **state)
{
    (void)state;
    static const struct {
        int64_t ago_us;
        size_t bucket;
    } rows[] = {{INT64_C(500000000000), 6}, {900000, 5}, {90000, 4}, {9000, 3}, {900, 2}, {90, 1}, {INT64_C(-1000000000000), 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct metrics *const metrics = metrics_new();
        apisec_decision *const decision = decision_new(NULL, NULL, NULL);
        assert_true(metrics != NULL && decision != NULL);
        const int64_t before = clock_elapsed_us();
        decision->started_us = before - rows[i].ago_us;
        metrics->watch.ended(&metrics->watch, decision);
        const int64_t most = rows[i].ago_us + clock_elapsed_us() - before, sum = (int64_t)metrics->sum_us;
        size_t bucket = 0;
        while (metrics->buckets[bucket] == 0) bucket++;
        assert_int_equal(metrics->buckets[bucket], 1);
        /* between the two looks at the clock there may have been a while: then it is a later one */
        assert_true(bucket >= rows[i].bucket);
        if (most < rows[i].ago_us / 9 * 10 || rows[i].bucket == 0) assert_int_equal(bucket, rows[i].bucket);
        if (rows[i].ago_us > 0) assert_true(sum >= rows[i].ago_us && sum <= most);
        else assert_int_equal(sum, 0); /* a clock that went back is no time */
        decision->phase = DECISION_COMMITTED;
        apisec_decision_free(decision);
        metrics_free(metrics);
    }
}

/* The sum is written in seconds, and the buckets one on top of the other. */
static void test_durations_as_they_are_written(void **state)
{
    (void)state;
    struct sentry sentry;
    sentry_begin(&sentry, document, NULL);
    sentry.guard->metrics->sum_us = UINT64_C(500000000042);
    for (size_t i = 0; i < METRICS_BUCKETS; i++) sentry.guard->metrics->buckets[i] = i + 1;
    char *const text = metrics_of(&sentry);
    assert_non_null(strstr(text, "\napisec_decision_duration_seconds_sum 500000.000042\n"));
    assert_non_null(strstr(text, "_bucket{le=\"0.00001\"} 1\n"));
    assert_non_null(strstr(text, "_bucket{le=\"0.0001\"} 3\n"));
    assert_non_null(strstr(text, "_bucket{le=\"0.001\"} 6\n"));
    assert_non_null(strstr(text, "_bucket{le=\"0.01\"} 10\n"));
    assert_non_null(strstr(text, "_bucket{le=\"0.1\"} 15\n"));
    assert_non_null(strstr(text, "_bucket{le=\"1\"} 21\n"));
    assert_non_null(strstr(text, "_bucket{le=\"+Inf\"} 28\n"));
    assert_non_null(strstr(text, "_seconds_count 28\n"));
    apisec_text_free(text);
    sentry_end(&sentry);
}

/* ---- no memory ---- */

static uint64_t num_verdicts(const struct sentry *sentry)
{
    const struct metrics *const metrics = sentry->guard->metrics;
    return metrics->allowed + metrics->denied + metrics->failed;
}

/* Each call is counted once, also one for which there was no memory to decide anything: and that as what it is. */
static void test_calls_without_memory(void **state)
{
    (void)state;
    if (!failing_works()) skip();
    struct sentry sentry;
    sentry_begin(&sentry, document, NULL);
    const struct metrics *const metrics = sentry.guard->metrics;
    apisec_call *const call = sentry_call("GET", "/orders/7", NULL); /* to verify a token would be most of the allocations */
    for (int as_operation = 0; as_operation < 2; as_operation++) {
        size_t nth = 1;
        for (bool is_reached = true; is_reached; nth++) {
            apisec_op *op = NULL;
            apisec_decision *decision = NULL;
            const uint64_t verdicts = num_verdicts(&sentry), without_memory = metrics->by_status[-APISEC_E_MEMORY];
            failing_begin(nth);
            apisec_status status;
            if (as_operation) status = apisec_guard_start(sentry.guard, call, &op, NULL);
            else status = apisec_guard_check(sentry.guard, call, &decision, NULL);
            is_reached = failing_end();
            apisec_op_free(op); /* given up: one that has ended too */
            apisec_decision_free(decision);
            assert_int_equal(num_verdicts(&sentry), verdicts + 1);
            assert_int_equal(metrics->by_status[-APISEC_E_MEMORY], without_memory + (status == APISEC_E_MEMORY));
        }
        assert_true(nth > 3);
    }
    apisec_call_free(call);
    sentry_end(&sentry);
}

/* Counters go on over a reload; the document in force is another. */
static void test_reloads(void **state)
{
    (void)state;
    struct sentry sentry;
    char version[200];
    sentry_begin(&sentry, document, NULL);
    sentry_check(&sentry, sentry_call("GET", "/open", NULL), NULL);
    snprintf(version, sizeof version, "apisec_config_info{version=%s}", line_value(sentry_line(&sentry, 0), "policy.version"));
    expect(&sentry, version, 1);
    assert_int_equal(sentry_reload(&sentry, "{" SENTRY_TRUST "," SENTRY_RULES "}", NULL), APISEC_OK);
    assert_int_equal(sentry_reload(&sentry, "{}", NULL), APISEC_E_CONFIG);
    expect(&sentry, version, -1);
    expect(&sentry, "apisec_config_reloads_total{result=\"success\"}", 1);
    expect(&sentry, "apisec_config_reloads_total{result=\"failure\"}", 1);
    expect(&sentry, "apisec_decisions_total{status=\"APISEC_OK\"}", 1);
    char *const text = metrics_of(&sentry);
    assert_true(value_of(text, "apisec_config_last_reload_success_timestamp_seconds") > 1e9);
    apisec_text_free(text);
    sentry_end(&sentry);
}

static void test_arguments(void **state)
{
    (void)state;
    struct sentry sentry;
    char *text = (char *)&sentry;
    sentry_begin(&sentry, document, NULL);
    assert_int_equal(apisec_guard_metrics(NULL, &text, NULL), APISEC_E_ARGUMENT);
    assert_null(text);
    assert_int_equal(apisec_guard_metrics(sentry.guard, NULL, NULL), APISEC_E_ARGUMENT);
    sentry_end(&sentry);
}

static int begin(void **state)
{
    (void)state;
    good = forge_token(FORGE_SAME, FORGE_SAME, forge_signer("ES256", 0));
    forged = forge_token(FORGE_SAME, (const struct forge_change[]){{"kid", NULL}, {NULL, NULL}}, forge_signer("ES256", 1));
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(good);
    free(forged);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_format),
        cmocka_unit_test(test_what_is_counted),
        cmocka_unit_test(test_one_decision),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_durations_as_they_are_written),
        cmocka_unit_test(test_calls_without_memory),
        cmocka_unit_test(test_reloads),
        cmocka_unit_test(test_arguments),
    };
    return cmocka_run_group_tests_name("guard_metrics", tests, begin, end);
}
