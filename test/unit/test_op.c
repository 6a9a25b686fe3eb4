/* SPDX-License-Identifier: Apache-2.0
 *
 * test_op.c: the machine that all operations share: needs, deadlines, the request while it is outstanding, the blocking run.
 */
#include "http/http.h"
#include "support/script.h"
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

/* An operation that makes `requests` requests, waits `waits` times before them, and keeps what it saw. */
struct probe {
    apisec_op op;
    int requests, waits;
    int steps, answers, released;
    apisec_status transports[8];
    int32_t statuses[8];
    char bodies[8][64];
    int *released_out;
};

static int32_t probe_step(apisec_op *op, int64_t now_ms)
{
    struct probe *probe = (struct probe *)op;
    probe->steps++;
    if (op->answered) {
        const int i = probe->answers++;
        probe->transports[i] = op->answer.transport;
        probe->statuses[i] = op->answer.http_status;
        if (op->answer.body.len > 0) memcpy(probe->bodies[i], op->answer.body.bytes, op->answer.body.len);
    }
    if (probe->waits > 0) {
        probe->waits--;
        op_wait(op, now_ms + 50);
        return APISEC_OP_WAIT;
    }
    if (probe->requests == 0) return APISEC_OP_DONE;
    probe->requests--;
    assert_int_equal(op_request(op, "POST", "https://a.example/token", 16, now_ms), APISEC_OK);
    assert_int_equal(op_add_header(op, "Accept", "application/json"), APISEC_OK);
    assert_int_equal(op_add_header(op, "Authorization", "Basic c2VjcmV0"), APISEC_OK);
    assert_int_equal(op_set_body(op, text_of("a=b")), APISEC_OK);
    assert_int_equal(op_set_identity(op, "me"), APISEC_OK);
    return APISEC_OP_HTTP;
}

static void probe_release(apisec_op *op)
{
    struct probe *probe = (struct probe *)op;
    if (probe->released_out != NULL) (*probe->released_out)++;
}

static const struct op_kind probe_kind = {probe_step, probe_release};
static const struct op_kind other_kind = {probe_step, NULL};

static struct probe *probe_new(int waits, int requests)
{
    struct probe *probe = calloc(1, sizeof *probe);
    assert_non_null(probe);
    op_init(&probe->op, &probe_kind);
    probe->waits = waits;
    probe->requests = requests;
    return probe;
}

static void null_is_harmless(void **state)
{
    (void)state;
    size_t len = 7;
    assert_int_equal(apisec_op_next(NULL, 0), APISEC_OP_DONE);
    assert_true(apisec_op_deadline_ms(NULL) == INT64_MAX);
    assert_null(apisec_op_method(NULL));
    assert_null(apisec_op_url(NULL));
    assert_int_equal(apisec_op_num_headers(NULL), 0);
    assert_null(apisec_op_header_name(NULL, 0));
    assert_null(apisec_op_header_value(NULL, 0));
    assert_null(apisec_op_body(NULL, &len));
    assert_int_equal(len, 0);
    assert_null(apisec_op_body(NULL, NULL));
    assert_int_equal(apisec_op_max_body(NULL), 0);
    assert_null(apisec_op_identity(NULL));
    assert_int_equal(apisec_op_answer_status(NULL, 200), APISEC_E_MISUSE);
    assert_int_equal(apisec_op_answer_header(NULL, "a", 1, "b", 1), APISEC_E_MISUSE);
    assert_int_equal(apisec_op_answer_body(NULL, "a", 1), APISEC_E_MISUSE);
    assert_int_equal(apisec_op_answer_end(NULL, APISEC_OK), APISEC_E_MISUSE);
    assert_int_equal(apisec_op_run(NULL, NULL), APISEC_E_MISUSE);
    apisec_op_free(NULL);
    assert_false(op_is(NULL, &probe_kind));
    assert_false(op_is_done(NULL));
}

static void the_request_is_shown_only_while_it_is_outstanding(void **state)
{
    (void)state;
    struct probe *probe = probe_new(0, 1);
    apisec_op *op = &probe->op;
    size_t len = 0;
    assert_true(op_is(op, &probe_kind));
    assert_false(op_is(op, &other_kind));
    assert_null(apisec_op_url(op)); /* nothing was asked yet */
    assert_true(apisec_op_deadline_ms(op) == 0);
    assert_int_equal(apisec_op_next(op, 1000), APISEC_OP_HTTP);
    assert_int_equal(apisec_op_next(op, 1000), APISEC_OP_HTTP); /* as often as one likes */
    assert_int_equal(probe->steps, 1);
    assert_string_equal(apisec_op_method(op), "POST");
    assert_string_equal(apisec_op_url(op), "https://a.example/token");
    assert_int_equal(apisec_op_num_headers(op), 2);
    assert_string_equal(apisec_op_header_name(op, 1), "Authorization");
    assert_string_equal(apisec_op_header_value(op, 0), "application/json");
    assert_null(apisec_op_header_name(op, 2));
    assert_null(apisec_op_header_value(op, SIZE_MAX));
    assert_memory_equal(apisec_op_body(op, &len), "a=b", 3);
    assert_int_equal(len, 3);
    assert_int_equal(apisec_op_max_body(op), 16);
    assert_string_equal(apisec_op_identity(op), "me");
    assert_false(op_is_done(op));

    assert_int_equal(apisec_op_answer_end(op, APISEC_E_TLS), APISEC_OK);
    assert_null(apisec_op_method(op));
    assert_null(apisec_op_url(op));
    assert_int_equal(apisec_op_num_headers(op), 0);
    assert_null(apisec_op_body(op, &len));
    assert_int_equal(len, 0);
    assert_null(apisec_op_identity(op));
    assert_null(op->url); /* and it is gone, not only hidden: its headers and body were secrets */
    assert_int_equal(op->num_headers, 0);
    assert_null(op->body.bytes);
    assert_true(apisec_op_deadline_ms(op) == 0); /* at once */
    assert_int_equal(apisec_op_answer_end(op, APISEC_OK), APISEC_E_MISUSE);

    assert_int_equal(apisec_op_next(op, 1000), APISEC_OP_DONE);
    assert_int_equal(apisec_op_next(op, 1000), APISEC_OP_DONE);
    assert_int_equal(probe->steps, 2);
    assert_true(op_is_done(op));
    assert_true(apisec_op_deadline_ms(op) == INT64_MAX);
    apisec_op_free(op);
}

static void an_answer_is_refused_when_none_is_awaited(void **state)
{
    (void)state;
    struct probe *probe = probe_new(1, 0);
    apisec_op *op = &probe->op;
    for (int i = 0; i < 3; i++) { /* before the first next, during a wait, when done */
        assert_int_equal(apisec_op_answer_status(op, 200), APISEC_E_MISUSE);
        assert_int_equal(apisec_op_answer_header(op, "a", 1, "b", 1), APISEC_E_MISUSE);
        assert_int_equal(apisec_op_answer_body(op, "x", 1), APISEC_E_MISUSE);
        assert_int_equal(apisec_op_answer_end(op, APISEC_OK), APISEC_E_MISUSE);
        assert_int_equal(apisec_op_next(op, 1000), i == 0 ? APISEC_OP_WAIT : APISEC_OP_DONE);
    }
    apisec_op_free(op);
}

static void a_request_ends_at_its_deadline(void **state)
{
    (void)state;
    static const struct {
        int64_t begun, asked;
        bool ended;
        const char *why;
    } rows[] = {
        {1000, 1000 + OP_TIMEOUT_MS - 1, false, "one millisecond is left"},
        {1000, 1000 + OP_TIMEOUT_MS, true, "the deadline itself"},
        {1000, INT64_MAX, true, "long after"},
        {1000, 0, false, "a clock that was set back gives more time, not less"},
        {-10000, -10000 + OP_TIMEOUT_MS, true, "before 1970 the same holds"},
        {INT64_MAX - 1, INT64_MAX - 1, false, "at the end of time nothing overflows"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct probe *probe = probe_new(0, 1);
        apisec_op *op = &probe->op;
        assert_int_equal(apisec_op_next(op, rows[i].begun), APISEC_OP_HTTP);
        assert_int_equal(apisec_op_answer_status(op, 200), APISEC_OK);
        assert_int_equal(apisec_op_answer_body(op, "half", 4), APISEC_OK);
        const int32_t need = apisec_op_next(op, rows[i].asked);
        if (need != (rows[i].ended ? APISEC_OP_DONE : APISEC_OP_HTTP)) fail_msg("row %zu: %s", i, rows[i].why);
        if (rows[i].ended) {
            assert_int_equal(probe->transports[0], APISEC_E_TIMEOUT);
            assert_int_equal(probe->statuses[0], 0); /* half an answer is none */
            assert_string_equal(probe->bodies[0], "");
            assert_int_equal(apisec_op_answer_body(op, "late", 4), APISEC_E_MISUSE);
        }
        apisec_op_free(op);
    }
}

static void a_late_answer_does_not_reach_the_next_request(void **state)
{
    (void)state;
    struct probe *probe = probe_new(0, 2);
    apisec_op *op = &probe->op;
    assert_int_equal(apisec_op_next(op, 0), APISEC_OP_HTTP);
    assert_int_equal(apisec_op_answer_status(op, 200), APISEC_OK);
    assert_int_equal(apisec_op_answer_body(op, "first", 5), APISEC_OK);
    assert_int_equal(apisec_op_next(op, OP_TIMEOUT_MS), APISEC_OP_HTTP); /* the second one */
    assert_int_equal(apisec_op_answer_body(op, "rest", 4), APISEC_E_MISUSE);
    assert_int_equal(apisec_op_answer_status(op, 204), APISEC_OK);
    assert_int_equal(apisec_op_answer_end(op, APISEC_OK), APISEC_OK);
    assert_int_equal(apisec_op_next(op, OP_TIMEOUT_MS + 1), APISEC_OP_DONE);
    assert_int_equal(probe->transports[1], APISEC_OK);
    assert_int_equal(probe->statuses[1], 204);
    assert_string_equal(probe->bodies[1], "");
    apisec_op_free(op);
}

static void a_wait_asks_its_step_at_each_next(void **state)
{
    (void)state;
    struct probe *probe = probe_new(2, 0);
    apisec_op *op = &probe->op;
    assert_int_equal(apisec_op_next(op, 1000), APISEC_OP_WAIT);
    assert_true(apisec_op_deadline_ms(op) == 1050);
    assert_int_equal(apisec_op_next(op, 1010), APISEC_OP_WAIT);
    assert_true(apisec_op_deadline_ms(op) == 1060);
    assert_int_equal(apisec_op_next(op, 1020), APISEC_OP_DONE);
    assert_int_equal(probe->steps, 3);
    apisec_op_free(op);
}

static void a_request_takes_only_clean_headers(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {"Accept", "application/json", APISEC_OK, "the twin"},
        {"Accept", "", APISEC_OK, "an empty value is one"},
        {"Accept", "a\rb", APISEC_E_ARGUMENT, "a carriage return splits the request"},
        {"Accept", "a\nb", APISEC_E_ARGUMENT, "a line feed too"},
        {"Accept", "a\x7f", APISEC_E_ARGUMENT, "DEL"},
        {"Accept", "a\tb", APISEC_E_ARGUMENT, "no tab either"},
        {"", "b", APISEC_E_ARGUMENT, "a field has a name"},
        {"A:", "b", APISEC_E_ARGUMENT, "a colon ends a name"},
        {"A B", "b", APISEC_E_ARGUMENT, "a space is in no name"},
        {NULL, "b", APISEC_E_ARGUMENT, "no name"},
        {"A", NULL, APISEC_E_ARGUMENT, "no value"},
    };
    struct probe *probe = probe_new(0, 0);
    assert_int_equal(op_request(&probe->op, "GET", "https://a.example/", 1, 0), APISEC_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (op_add_header(&probe->op, rows[i].name, rows[i].value) != rows[i].expected) fail_msg("row %zu: %s", i, rows[i].why);
    while (probe->op.num_headers < OP_MAX_HEADERS) assert_int_equal(op_add_header(&probe->op, "A", "b"), APISEC_OK);
    assert_int_equal(op_add_header(&probe->op, "A", "b"), APISEC_E_ARGUMENT);
    apisec_op_free(&probe->op);
}

static void an_empty_body_is_a_body(void **state)
{
    (void)state;
    struct probe *probe = probe_new(0, 1);
    apisec_op *op = &probe->op;
    size_t len = 1;
    assert_int_equal(apisec_op_next(op, 0), APISEC_OP_HTTP);
    assert_int_equal(op_set_body(op, text_of("")), APISEC_OK);
    assert_non_null(apisec_op_body(op, &len));
    assert_int_equal(len, 0);
    apisec_op_free(op);
}

static void free_releases_once_whatever_the_state(void **state)
{
    (void)state;
    int released = 0;
    for (int requests = 0; requests < 2; requests++) {
        struct probe *probe = probe_new(0, requests);
        probe->released_out = &released;
        assert_int_equal(apisec_op_next(&probe->op, 0), requests == 0 ? APISEC_OP_DONE : APISEC_OP_HTTP);
        apisec_op_free(&probe->op);
        assert_int_equal(released, requests + 1);
    }
    struct probe *unstarted = probe_new(0, 1);
    unstarted->released_out = &released;
    apisec_op_free(&unstarted->op);
    assert_int_equal(released, 3);
}

/* ---- the blocking run ---- */

static void run_without_a_transport(void **state)
{
    (void)state;
    const apisec_http empty = {NULL, NULL, NULL};
    for (int i = 0; i < 2; i++) {
        struct probe *probe = probe_new(0, 1);
        apisec_http http = empty;
        assert_int_equal(apisec_op_run(&probe->op, i == 0 ? NULL : &http), APISEC_OK);
        assert_int_equal(probe->answers, 1);
        assert_int_equal(probe->transports[0], APISEC_E_NO_TRANSPORT);
        apisec_op_free(&probe->op);
    }
    struct probe *probe = probe_new(0, 0); /* one that needs no network needs no transport */
    assert_int_equal(apisec_op_run(&probe->op, NULL), APISEC_OK);
    assert_int_equal(probe->answers, 0);
    apisec_op_free(&probe->op);
}

static apisec_status do_nothing(apisec_http *http, apisec_op *op)
{
    (void)op;
    (*(int *)http->context)++;
    return APISEC_OK;
}

static void run_ends_what_a_transport_leaves_open(void **state)
{
    (void)state;
    int calls = 0;
    apisec_http http = {&calls, do_nothing, NULL};
    struct probe *probe = probe_new(0, 1);
    assert_int_equal(apisec_op_run(&probe->op, &http), APISEC_OK);
    assert_int_equal(calls, 1);
    assert_int_equal(probe->transports[0], APISEC_E_UNREACHABLE);
    apisec_op_free(&probe->op);
}

static void run_plays_the_script(void **state)
{
    (void)state;
    static const struct script_answer answers[] = {
        {.method = "POST", .url = "https://a.example/token", .headers_have = {"Authorization: Basic c2VjcmV0\n"}, .body_is = "a=b",
         .status = 200, .headers = "Content-Type: application/json\n", .body = "0123456789abcdef"},
        {.transport = APISEC_E_TLS},
    };
    struct script script;
    script_init(&script, answers, 2);
    struct probe *probe = probe_new(2, 2);
    const int64_t before = clock_now_ms();
    assert_int_equal(apisec_op_run(&probe->op, &script.http), APISEC_OK);
    assert_true(clock_now_ms() - before >= 90); /* two waits of 50 ms */
    assert_int_equal(probe->answers, 2);
    assert_int_equal(probe->statuses[0], 200);
    assert_string_equal(probe->bodies[0], "0123456789abcdef");
    assert_int_equal(probe->transports[1], APISEC_E_TLS);
    script_end(&script);
    apisec_op_free(&probe->op);
}

static void the_clock_of_a_script_moves(void **state)
{
    (void)state;
    static const struct script_answer answers[] = {
        {.never = true},
        {.status = 200, .takes_ms = 300},
    };
    struct script script;
    int64_t now_ms = 1000;
    script_init(&script, answers, 2);
    struct probe *probe = probe_new(0, 2);
    script_run(&script, &probe->op, &now_ms);
    assert_true(now_ms == 1000 + OP_TIMEOUT_MS + 300);
    assert_int_equal(probe->transports[0], APISEC_E_TIMEOUT);
    assert_int_equal(probe->transports[1], APISEC_OK);
    script_end(&script);
    apisec_op_free(&probe->op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_is_harmless),
        cmocka_unit_test(the_request_is_shown_only_while_it_is_outstanding),
        cmocka_unit_test(an_answer_is_refused_when_none_is_awaited),
        cmocka_unit_test(a_request_ends_at_its_deadline),
        cmocka_unit_test(a_late_answer_does_not_reach_the_next_request),
        cmocka_unit_test(a_wait_asks_its_step_at_each_next),
        cmocka_unit_test(a_request_takes_only_clean_headers),
        cmocka_unit_test(an_empty_body_is_a_body),
        cmocka_unit_test(free_releases_once_whatever_the_state),
        cmocka_unit_test(run_without_a_transport),
        cmocka_unit_test(run_ends_what_a_transport_leaves_open),
        cmocka_unit_test(run_plays_the_script),
        cmocka_unit_test(the_clock_of_a_script_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
