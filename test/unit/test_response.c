/* SPDX-License-Identifier: Apache-2.0
 *
 * test_response.c: an answer comes in in chunks of any size; what breaks a limit is refused at once, and then all of it is.
 */
#include "http/http.h"
#include "support/guard.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct probe {
    apisec_op op;
    size_t max_body;
    struct op_answer seen; /* without its body */
    char body[64];
    size_t body_len;
};

static int32_t probe_step(apisec_op *op, int64_t now_ms)
{
    struct probe *probe = (struct probe *)op;
    if (op->answered) {
        probe->seen = op->answer;
        probe->body_len = op->answer.body.len;
        if (probe->body_len > 0) memcpy(probe->body, op->answer.body.bytes, probe->body_len);
        return APISEC_OP_DONE;
    }
    assert_int_equal(op_request(op, "GET", "https://a.example/", probe->max_body, now_ms), APISEC_OK);
    return APISEC_OP_HTTP;
}

static const struct op_kind probe_kind = {probe_step, NULL};

static struct probe *probe_new(size_t max_body)
{
    struct probe *probe = calloc(1, sizeof *probe);
    assert_non_null(probe);
    op_init(&probe->op, &probe_kind);
    probe->max_body = max_body;
    assert_int_equal(apisec_op_next(&probe->op, 0), APISEC_OP_HTTP);
    return probe;
}

static void finish(struct probe *probe, apisec_status transport)
{
    assert_int_equal(apisec_op_answer_end(&probe->op, transport), APISEC_OK);
    assert_int_equal(apisec_op_next(&probe->op, 0), APISEC_OP_DONE);
}

static apisec_status header(struct probe *probe, const char *name, const char *value)
{
    const char *at_name = guarded_text(name), *at_value = guarded_text(value);
    const apisec_status status = apisec_op_answer_header(&probe->op, at_name, strlen(name), at_value, strlen(value));
    guard_free(at_name);
    guard_free(at_value);
    return status;
}

static void a_body_may_be_as_long_as_its_limit(void **state)
{
    (void)state;
    static const char bytes[] = "0123456789abcdefg";
    for (size_t chunk = 1; chunk <= 17; chunk++) {
        for (size_t len = 15; len <= 17; len++) {
            struct probe *probe = probe_new(16);
            const char *body = guarded(bytes, len);
            apisec_status status = apisec_op_answer_status(&probe->op, 200);
            for (size_t at = 0; at < len && status == APISEC_OK; at += chunk)
                status = apisec_op_answer_body(&probe->op, body + at, chunk > len - at ? len - at : chunk);
            assert_int_equal(status, len <= 16 ? APISEC_OK : APISEC_E_TOO_LARGE);
            finish(probe, APISEC_OK);
            assert_int_equal(probe->seen.transport, status);
            assert_int_equal(probe->seen.http_status, len <= 16 ? 200 : 0);
            assert_int_equal(probe->body_len, len <= 16 ? len : 0);
            assert_memory_equal(probe->body, bytes, probe->body_len);
            guard_free(body);
            apisec_op_free(&probe->op);
        }
    }
}

static void a_refusal_lasts(void **state)
{
    (void)state;
    struct probe *probe = probe_new(4);
    assert_int_equal(apisec_op_answer_status(&probe->op, 200), APISEC_OK);
    assert_int_equal(apisec_op_answer_body(&probe->op, "12345", 5), APISEC_E_TOO_LARGE);
    assert_int_equal(apisec_op_answer_body(&probe->op, "1", 1), APISEC_E_TOO_LARGE);
    assert_int_equal(apisec_op_answer_header(&probe->op, "a", 1, "b", 1), APISEC_E_TOO_LARGE);
    assert_int_equal(apisec_op_answer_status(&probe->op, 200), APISEC_E_TOO_LARGE);
    finish(probe, APISEC_OK);
    assert_int_equal(probe->seen.transport, APISEC_E_TOO_LARGE);
    apisec_op_free(&probe->op);
}

static void how_an_answer_ends(void **state)
{
    (void)state;
    static const struct {
        int32_t status;
        apisec_status told, expected;
        const char *why;
    } rows[] = {
        {200, APISEC_OK, APISEC_OK, "the twin"},
        {599, APISEC_OK, APISEC_OK, "the last status there is"},
        {0, APISEC_OK, APISEC_E_RESPONSE, "an end without a status is no answer"},
        {100, APISEC_OK, APISEC_E_RESPONSE, "an interim status is no answer"},
        {199, APISEC_OK, APISEC_E_RESPONSE, "below the first"},
        {600, APISEC_OK, APISEC_E_RESPONSE, "beyond the last"},
        {-200, APISEC_OK, APISEC_E_RESPONSE, "negative"},
        {200, APISEC_E_UNREACHABLE, APISEC_E_UNREACHABLE, "told"},
        {200, APISEC_E_TIMEOUT, APISEC_E_TIMEOUT, "told"},
        {200, APISEC_E_TLS, APISEC_E_TLS, "told"},
        {200, APISEC_E_ADDRESS, APISEC_E_ADDRESS, "told"},
        {200, APISEC_E_SIGNATURE, APISEC_E_UNREACHABLE, "a driver may not invent statuses"},
        {200, APISEC_E_NO_TRANSPORT, APISEC_E_UNREACHABLE, "nor say this one, which is apisec_op_run's"},
        {200, 1, APISEC_E_UNREACHABLE, "a number that is none"},
        {600, APISEC_E_TIMEOUT, APISEC_E_TIMEOUT, "out of time, whatever else was wrong"},
        {600, APISEC_E_UNREACHABLE, APISEC_E_RESPONSE, "closed because it was refused"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct probe *probe = probe_new(16);
        if (rows[i].status != 0) {
            const apisec_status status = apisec_op_answer_status(&probe->op, rows[i].status);
            const bool good = rows[i].status >= 200 && rows[i].status <= 599;
            assert_int_equal(status, good ? APISEC_OK : APISEC_E_RESPONSE);
            if (good) assert_int_equal(apisec_op_answer_body(&probe->op, "body", 4), APISEC_OK);
            if (good) assert_int_equal(header(probe, "Content-Type", "text/plain"), APISEC_OK);
        }
        finish(probe, rows[i].told);
        if (probe->seen.transport != rows[i].expected) fail_msg("row %zu: %s", i, rows[i].why);
        const bool whole = rows[i].expected == APISEC_OK;
        assert_int_equal(probe->seen.http_status, whole ? rows[i].status : 0); /* nobody reads half an answer */
        assert_int_equal(probe->body_len, whole ? 4 : 0);
        assert_string_equal(probe->seen.content_type, whole ? "text/plain" : "");
        apisec_op_free(&probe->op);
    }
}

static void the_order_of_the_wire(void **state)
{
    (void)state;
    struct probe *probe = probe_new(16);
    apisec_op *op = &probe->op;
    assert_int_equal(header(probe, "A", "b"), APISEC_E_MISUSE);
    assert_int_equal(apisec_op_answer_body(op, "x", 1), APISEC_E_MISUSE);
    assert_int_equal(apisec_op_answer_status(op, 200), APISEC_OK);
    assert_int_equal(apisec_op_answer_status(op, 200), APISEC_E_MISUSE); /* twice */
    assert_int_equal(apisec_op_answer_header(op, NULL, 1, "b", 1), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_op_answer_header(op, "a", 1, NULL, 1), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_op_answer_header(op, "a", 1, NULL, 0), APISEC_OK);
    assert_int_equal(apisec_op_answer_header(op, "Content-Type", 12, NULL, 0), APISEC_OK);
    assert_int_equal(apisec_op_answer_header(op, "Cache-Control", 13, NULL, 0), APISEC_OK);
    assert_int_equal(apisec_op_answer_body(op, NULL, 1), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_op_answer_body(op, NULL, 0), APISEC_OK);
    assert_int_equal(apisec_op_answer_body(op, "x", 1), APISEC_OK);
    finish(probe, APISEC_OK);
    assert_int_equal(probe->seen.transport, APISEC_OK);
    assert_string_equal(probe->seen.content_type, "?");
    apisec_op_free(op);
}

static void a_header_that_is_none_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {"X-A", "b", APISEC_OK, "the twin"},
        {"X-A", " b\t", APISEC_OK, "white space around a value is not of it"},
        {"X-A", "\xc3\xa9", APISEC_OK, "bytes beyond ASCII are seen in the wild"},
        {"", "b", APISEC_E_RESPONSE, "a folded line, RFC 9112 section 5.2, or none"},
        {"X A", "b", APISEC_E_RESPONSE, "a space before the colon"},
        {"X-A", "b\r\nSet-Cookie: c", APISEC_E_RESPONSE, "two fields in one"},
        {"X-A", "b\rc", APISEC_E_RESPONSE, "a bare carriage return"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct probe *probe = probe_new(16);
        assert_int_equal(apisec_op_answer_status(&probe->op, 200), APISEC_OK);
        if (header(probe, rows[i].name, rows[i].value) != rows[i].expected) fail_msg("row %zu: %s", i, rows[i].why);
        finish(probe, APISEC_OK);
        assert_int_equal(probe->seen.transport, rows[i].expected);
        apisec_op_free(&probe->op);
    }
    struct probe *probe = probe_new(16);
    assert_int_equal(apisec_op_answer_status(&probe->op, 200), APISEC_OK);
    assert_int_equal(apisec_op_answer_header(&probe->op, "X-A", 3, "b\0c", 3), APISEC_E_RESPONSE); /* NUL */
    apisec_op_free(&probe->op);
}

static void headers_have_limits(void **state)
{
    (void)state;
    struct probe *probe = probe_new(16);
    assert_int_equal(apisec_op_answer_status(&probe->op, 200), APISEC_OK);
    for (int i = 0; i < OP_MAX_ANSWER_HEADERS; i++) assert_int_equal(header(probe, "A", "b"), APISEC_OK);
    assert_int_equal(header(probe, "A", "b"), APISEC_E_TOO_LARGE);
    apisec_op_free(&probe->op);

    char *value = calloc(1, OP_MAX_ANSWER_HEADER_BYTES);
    assert_non_null(value);
    memset(value, 'v', OP_MAX_ANSWER_HEADER_BYTES);
    for (size_t over = 0; over < 2; over++) {
        probe = probe_new(16);
        assert_int_equal(apisec_op_answer_status(&probe->op, 200), APISEC_OK);
        assert_int_equal(apisec_op_answer_header(&probe->op, "A", 1, value, OP_MAX_ANSWER_HEADER_BYTES - 1 + over),
                         over == 0 ? APISEC_OK : APISEC_E_TOO_LARGE);
        assert_int_equal(apisec_op_answer_header(&probe->op, "A", 1, "", 0), APISEC_E_TOO_LARGE); /* no byte is left */
        apisec_op_free(&probe->op);
    }
    probe = probe_new(16);
    assert_int_equal(apisec_op_answer_status(&probe->op, 200), APISEC_OK);
    assert_int_equal(apisec_op_answer_header(&probe->op, "A", 1, value, SIZE_MAX), APISEC_E_TOO_LARGE); /* no overflow */
    apisec_op_free(&probe->op);
    free(value);
}

static void what_the_headers_said(void **state)
{
    (void)state;
    static const struct {
        const char *lines[4][2];
        const char *content_type;
        bool repeated;
        int64_t max_age;
        const char *why;
    } rows[] = {
        {{{"X", "y"}}, "", false, -1, "neither"},
        {{{"content-TYPE", " Application/JSON ; charset=utf-8"}}, "application/json", false, -1, "any case, no parameters"},
        {{{"Content-Type", "application/json"}, {"Content-Type", "text/html"}}, "application/json", true, -1, "two: said so"},
        {{{"Content-Type", "application/json"}, {"Content-Type", "application/json"}}, "application/json", true, -1, "equal ones"},
        {{{"Content-Type", ""}, {"Content-Type", "application/json"}}, "?", true, -1, "an empty one is one"},
        {{{"Cache-Control", "public, max-age=300"}}, "", false, 300, "one"},
        {{{"Cache-Control", "max-age=300"}, {"Cache-Control", "max-age=60"}}, "", false, 60, "the shorter"},
        {{{"Cache-Control", "max-age=60"}, {"Cache-Control", "max-age=300"}}, "", false, 60, "in either order"},
        {{{"Cache-Control", "max-age=60"}, {"Cache-Control", "public"}}, "", false, 60, "one that says nothing of it"},
        {{{"Cache-Control", "max-age=60"}, {"Cache-Control", "no-store"}}, "", false, 0, "none at all"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct probe *probe = probe_new(16);
        assert_int_equal(apisec_op_answer_status(&probe->op, 200), APISEC_OK);
        for (size_t j = 0; j < 4 && rows[i].lines[j][0] != NULL; j++)
            assert_int_equal(header(probe, rows[i].lines[j][0], rows[i].lines[j][1]), APISEC_OK);
        finish(probe, APISEC_OK);
        if (strcmp(probe->seen.content_type, rows[i].content_type) != 0 || probe->seen.repeated_content_type != rows[i].repeated ||
            probe->seen.max_age != rows[i].max_age)
            fail_msg("row %zu: %s", i, rows[i].why);
        apisec_op_free(&probe->op);
    }
}

static void entity_tags(void **state)
{
    (void)state;
    char longest[OP_MAX_ETAG + 1];
    memset(longest, 'x', sizeof longest);
    longest[0] = longest[OP_MAX_ETAG - 2] = '"';
    longest[OP_MAX_ETAG - 1] = '\0';
    char longer[OP_MAX_ETAG + 1];
    memset(longer, 'x', sizeof longer);
    longer[0] = longer[OP_MAX_ETAG - 1] = '"';
    longer[OP_MAX_ETAG] = '\0';
    const struct {
        const char *first, *second, *expected, *why;
    } rows[] = {
        {NULL, NULL, "", "none"},
        {"\"a\"", NULL, "\"a\"", ""},
        {"W/\"a\"", NULL, "W/\"a\"", "weak"},
        {" \"a\" ", NULL, "\"a\"", "white space around it"},
        {"a", NULL, "", "none of RFC 9110"},
        {"\"a b\"", NULL, "", "not printable, or a space"},
        {"\"a\"", "\"a\"", "", "two, and be they the same"},
        {"a", "\"a\"", "", "a bad one and a good one"},
        {longest, NULL, longest, "128 characters"},
        {longer, NULL, "", "129"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct probe *probe = probe_new(16);
        assert_int_equal(apisec_op_answer_status(&probe->op, 200), APISEC_OK);
        if (rows[i].first != NULL) assert_int_equal(header(probe, "ETag", rows[i].first), APISEC_OK);
        if (rows[i].second != NULL) assert_int_equal(header(probe, "etag", rows[i].second), APISEC_OK);
        finish(probe, APISEC_OK);
        if (strcmp(probe->seen.etag, rows[i].expected) != 0) fail_msg("row %zu: %s: %s", i, rows[i].why, probe->seen.etag);
        apisec_op_free(&probe->op);
    }
}

static void nonces(void **state)
{
    (void)state;
    char longest[OP_MAX_NONCE], longer[OP_MAX_NONCE + 1];
    memset(longest, 'x', sizeof longest);
    longest[OP_MAX_NONCE - 1] = '\0';
    memset(longer, 'x', sizeof longer);
    longer[OP_MAX_NONCE] = '\0';
    const struct {
        const char *first, *second, *expected, *why;
    } rows[] = {
        {NULL, NULL, "", "none"},
        {"a", NULL, "a", ""},
        {" a ", NULL, "a", "white space around it"},
        {"a b", NULL, "", "white space within"},
        {"a", "a", "", "two, and be they the same"},
        {"a b", "a", "", "a bad one and a good one"},
        {longest, NULL, longest, "256 characters"},
        {longer, NULL, "", "257"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct probe *probe = probe_new(16);
        assert_int_equal(apisec_op_answer_status(&probe->op, 400), APISEC_OK);
        if (rows[i].first != NULL) assert_int_equal(header(probe, "DPoP-Nonce", rows[i].first), APISEC_OK);
        if (rows[i].second != NULL) assert_int_equal(header(probe, "dpop-nonce", rows[i].second), APISEC_OK);
        finish(probe, APISEC_OK);
        if (strcmp(probe->seen.dpop_nonce, rows[i].expected) != 0) fail_msg("row %zu: %s", i, rows[i].why);
        apisec_op_free(&probe->op);
    }
}

static void test_a_body_is_never_null(void **state)
{
    (void)state;
    struct op_answer answer = {.body = BUFFER_MAX(4)};
    assert_string_equal(response_body(&answer).at, "");
    assert_int_equal(response_body(&answer).len, 0);
    buffer_text(&answer.body, "[1]");
    assert_true(text_is(response_body(&answer), "[1]"));
    buffer_free(&answer.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_body_is_never_null),
        cmocka_unit_test(nonces),
        cmocka_unit_test(a_body_may_be_as_long_as_its_limit),
        cmocka_unit_test(a_refusal_lasts),
        cmocka_unit_test(how_an_answer_ends),
        cmocka_unit_test(the_order_of_the_wire),
        cmocka_unit_test(a_header_that_is_none_is_refused),
        cmocka_unit_test(headers_have_limits),
        cmocka_unit_test(what_the_headers_said),
        cmocka_unit_test(entity_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
