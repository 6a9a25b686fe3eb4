/* SPDX-License-Identifier: Apache-2.0
 *
 * test_answer.c: a token endpoint's answers, RFC 6749 sections 5.1 and 5.2, and what is seen in the wild in their place.
 */
#include "oauth/oauth.h"
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

static struct op_answer answer_of(int32_t http_status, const char *content_type, const char *body)
{
    struct op_answer answer = {.transport = APISEC_OK, .http_status = http_status, .max_age = -1};
    snprintf(answer.content_type, sizeof answer.content_type, "%s", content_type);
    answer.body = BUFFER_MAX(65536);
    buffer_text(&answer.body, body);
    return answer;
}

static void tokens(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {"{\"access_token\":\"t\",\"token_type\":\"Bearer\"}", APISEC_OK, "the least there can be"},
        {"{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"expires_in\":60,\"scope\":\"a b\",\"issued_token_type\":\"urn:x\"}",
         APISEC_OK, "all of it"},
        {"{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"refresh_token\":\"r\",\"id_token\":\"i\",\"x\":null}", APISEC_OK,
         "tokens that nobody asked for: left where they are"},
        {"{\"access_token\":\"t\",\"token_type\":\"bearer\",\"scope\":\"\"}", APISEC_OK, "an empty scope says: none"},
        {"{\"token_type\":\"Bearer\"}", APISEC_E_RESPONSE, "no token"},
        {"{\"access_token\":\"\",\"token_type\":\"Bearer\"}", APISEC_E_RESPONSE, "an empty token"},
        {"{\"access_token\":null,\"token_type\":\"Bearer\"}", APISEC_E_RESPONSE, "null"},
        {"{\"access_token\":1,\"token_type\":\"Bearer\"}", APISEC_E_RESPONSE, "a number"},
        {"{\"access_token\":{\"t\":1},\"token_type\":\"Bearer\"}", APISEC_E_RESPONSE, "an object"},
        {"{\"access_token\":\"t\\r\\nX: y\",\"token_type\":\"Bearer\"}", APISEC_E_RESPONSE,
         "a header of its own, RFC 6749 appendix A.12"},
        {"{\"access_token\":\"t\\u00e9\",\"token_type\":\"Bearer\"}", APISEC_E_RESPONSE, "beyond ASCII"},
        {"{\"Access_Token\":\"t\",\"token_type\":\"Bearer\"}", APISEC_E_RESPONSE, "another member"},
        {"{\"access_token\":\"t\"}", APISEC_E_RESPONSE, "no token_type"},
        {"{\"access_token\":\"t\",\"token_type\":\"\"}", APISEC_E_RESPONSE, "an empty one"},
        {"{\"access_token\":\"t\",\"token_type\":null}", APISEC_E_RESPONSE, "null"},
        {"{\"access_token\":\"t\",\"token_type\":[\"Bearer\"]}", APISEC_E_RESPONSE, "an array"},
        {"{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"scope\":[\"a\"]}", APISEC_E_RESPONSE, "scope: an array"},
        {"{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"scope\":null}", APISEC_E_RESPONSE, "scope: null is not absent"},
        {"{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"issued_token_type\":null}", APISEC_E_RESPONSE, "null is not absent"},
        {"{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"issued_token_type\":\"\"}", APISEC_E_RESPONSE, "empty"},
        {"{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"expires_in\":0}", APISEC_OK, "0 seconds"},
        {"{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"expires_in\":2147483648}", APISEC_OK, "2^31"},
        {"{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"expires_in\":2147483649}", APISEC_E_RESPONSE, "2^31 + 1"},
        {"{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"expires_in\":-1}", APISEC_E_RESPONSE, "negative"},
        {"{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"expires_in\":\"60\"}", APISEC_E_RESPONSE, "a string"},
        {"{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"expires_in\":60.5}", APISEC_E_RESPONSE, "a fraction"},
        {"{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"expires_in\":1e99}", APISEC_E_RESPONSE, "a number beyond all"},
        {"{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"expires_in\":null}", APISEC_E_RESPONSE, "null is not absent"},
        {"{\"access_token\":\"t\",\"access_token\":\"t\",\"token_type\":\"Bearer\"}", APISEC_E_RESPONSE, "twice"},
        {"{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"scope\":\"a\",\"sc\\u006fpe\":\"b\"}", APISEC_E_RESPONSE,
         "twice, escaped"},
        {"{\"access_token\":\"t\\u0000x\",\"token_type\":\"Bearer\"}", APISEC_E_RESPONSE, "a NUL"},
        {"{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"error\":\"invalid_grant\"}", APISEC_E_RESPONSE, "both at once"},
        {"{\"error\":\"invalid_grant\"}", APISEC_E_RESPONSE, "an error with 200"},
        {"{\"access_token\":\"t\",\"token_type\":\"Bearer\"}}", APISEC_E_RESPONSE, "more behind it"},
        {"[]", APISEC_E_RESPONSE, "no object"},
        {"access_token=t&token_type=bearer", APISEC_E_RESPONSE, "a form, as in drafts of OAuth"},
        {"", APISEC_E_RESPONSE, "an empty body"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct op_answer answer = answer_of(200, "application/json", rows[i].body);
        struct token_answer out;
        apisec_error err;
        const apisec_status status = answer_read(&answer, NULL, &out, &err);
        if (status != rows[i].expected) fail_msg("row %zu: %s: %s", i, rows[i].why, err.text);
        assert_int_equal(err.status, status);
        assert_int_equal(out.document != NULL, status == APISEC_OK);
        if (status != APISEC_OK) assert_null(out.access_token.at);
        answer_free(&out);
        buffer_free(&answer.body);
    }
}

static void what_is_read(void **state)
{
    (void)state;
    struct op_answer answer =
        answer_of(200, "application/json", "{\"access_token\":\"t\",\"token_type\":\"bEARER\",\"scope\":\"a b\","
                                           "\"issued_token_type\":\"urn:x\",\"expires_in\":60}");
    struct token_answer out;
    assert_int_equal(answer_read(&answer, NULL, &out, NULL), APISEC_OK);
    assert_true(text_is(out.access_token, "t"));
    assert_true(text_is(out.token_type, "bEARER"));
    assert_true(text_is(out.scope, "a b"));
    assert_true(text_is(out.issued_token_type, "urn:x"));
    assert_true(out.expires_in == 60);
    answer_free(&out);
    answer_free(&out);
    answer_free(NULL);
    buffer_free(&answer.body);

    answer = answer_of(200, "application/json", "{\"access_token\":\"t\",\"token_type\":\"N_A\"}");
    assert_int_equal(answer_read(&answer, NULL, &out, NULL), APISEC_OK);
    assert_null(out.scope.at);
    assert_null(out.issued_token_type.at);
    assert_true(out.expires_in == -1);
    answer_free(&out);
    buffer_free(&answer.body);
}

static void http_statuses(void **state)
{
    (void)state;
    static const char token[] = "{\"access_token\":\"t\",\"token_type\":\"Bearer\"}";
    static const char error[] = "{\"error\":\"invalid_grant\"}";
    static const struct {
        int32_t http_status;
        const char *content_type, *body;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {200, "application/json", token, APISEC_OK, "the twin"},
        {200, "text/html", token, APISEC_E_RESPONSE, "of another type"},
        {200, "", token, APISEC_E_RESPONSE, "of no type"},
        {200, "application/jwt", token, APISEC_E_RESPONSE, "of another type"},
        {201, "application/json", token, APISEC_E_RESPONSE, "created is not 200"},
        {204, "", "", APISEC_E_RESPONSE, "nothing"},
        {302, "application/json", token, APISEC_E_RESPONSE, "a redirect"},
        {400, "application/json", token, APISEC_E_RESPONSE, "a token with an error's status"},
        {400, "application/json", error, APISEC_E_INVALID_GRANT, "as the standard says"},
        {401, "application/json", error, APISEC_E_INVALID_GRANT, "with client authentication"},
        {403, "application/json", error, APISEC_E_INVALID_GRANT, "seen"},
        {400, "text/plain", error, APISEC_E_INVALID_GRANT, "an error whose type is wrong is still an error"},
        {400, "text/html", "<h1>Bad Request</h1>", APISEC_E_RESPONSE, "of a proxy"},
        {403, "", "", APISEC_E_RESPONSE, "empty, as seen in the wild"},
        {401, "", "", APISEC_E_RESPONSE, "empty"},
        {404, "application/json", error, APISEC_E_RESPONSE, "no token endpoint"},
        {405, "", "", APISEC_E_RESPONSE, "no token endpoint"},
        {429, "", "", APISEC_E_BUSY, "too many requests"},
        {500, "application/json", error, APISEC_E_UNREACHABLE, "broken"},
        {502, "text/html", "<html>", APISEC_E_UNREACHABLE, "a proxy before a server that is away"},
        {503, "", "", APISEC_E_UNREACHABLE, "away"},
        {599, "application/json", token, APISEC_E_UNREACHABLE, "the last of them"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct op_answer answer = answer_of(rows[i].http_status, rows[i].content_type, rows[i].body);
        struct token_answer out;
        apisec_error err;
        const apisec_status status = answer_read(&answer, NULL, &out, &err);
        if (status != rows[i].expected) fail_msg("row %zu: %s: %s", i, rows[i].why, err.text);
        if (status != APISEC_OK) assert_null(out.document);
        answer_free(&out);
        buffer_free(&answer.body);
    }
    struct op_answer answer = answer_of(200, "application/json", token);
    struct token_answer out;
    answer.repeated_content_type = true;
    assert_int_equal(answer_read(&answer, NULL, &out, NULL), APISEC_E_RESPONSE);
    buffer_free(&answer.body);
}

static void transports(void **state)
{
    (void)state;
    static const apisec_status rows[][2] = {
        {APISEC_E_UNREACHABLE, APISEC_E_UNREACHABLE}, {APISEC_E_TIMEOUT, APISEC_E_TIMEOUT},
        {APISEC_E_TLS, APISEC_E_TLS},                 {APISEC_E_ADDRESS, APISEC_E_ADDRESS},
        {APISEC_E_NO_TRANSPORT, APISEC_E_NO_TRANSPORT}, {APISEC_E_TOO_LARGE, APISEC_E_RESPONSE},
        {APISEC_E_RESPONSE, APISEC_E_RESPONSE},       {APISEC_E_MEMORY, APISEC_E_MEMORY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        /* a whole answer beside it changes nothing */
        struct op_answer answer = answer_of(200, "application/json", "{\"access_token\":\"t\",\"token_type\":\"Bearer\"}");
        struct token_answer out;
        apisec_error err;
        answer.transport = rows[i][0];
        assert_int_equal(answer_read(&answer, NULL, &out, &err), rows[i][1]);
        assert_int_equal(err.status, rows[i][1]);
        assert_true(strlen(err.text) > 0);
        assert_null(out.document);
        buffer_free(&answer.body);
    }
}

static void errors(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        apisec_status expected;
        const char *text, *why;
    } rows[] = {
        {"{\"error\":\"invalid_request\"}", APISEC_E_INVALID_REQUEST, "says invalid_request", "RFC 8693: also a bad subject token"},
        {"{\"error\":\"invalid_client\"}", APISEC_E_INVALID_CLIENT, "says invalid_client", ""},
        {"{\"error\":\"invalid_grant\"}", APISEC_E_INVALID_GRANT, "says invalid_grant", ""},
        {"{\"error\":\"unauthorized_client\"}", APISEC_E_UNAUTHORIZED_CLIENT, "says unauthorized_client", ""},
        {"{\"error\":\"unsupported_grant_type\"}", APISEC_E_UNSUPPORTED_GRANT, "says unsupported_grant_type", ""},
        {"{\"error\":\"invalid_scope\"}", APISEC_E_INVALID_SCOPE, "says invalid_scope", ""},
        {"{\"error\":\"invalid_target\"}", APISEC_E_INVALID_TARGET, "says invalid_target", "RFC 8693 section 2.2.2"},
        {"{\"error\":\"access_denied\"}", APISEC_E_OAUTH_OTHER, "says access_denied", "none of these"},
        {"{\"error\":\"Invalid_Grant\"}", APISEC_E_OAUTH_OTHER, "says Invalid_Grant", "codes have no case"},
        {"{\"error\":\"invalid_grant\",\"error_description\":\"too old\"}", APISEC_E_INVALID_GRANT,
         "says invalid_grant: too old", ""},
        {"{\"error\":\"invalid_grant\",\"error_description\":7}", APISEC_E_INVALID_GRANT, "says invalid_grant", "not repeated"},
        {"{\"error\":\"invalid_grant\",\"error_description\":\"\"}", APISEC_E_INVALID_GRANT,
         "says invalid_grant", "nothing to repeat"},
        {"{\"error\":\"invalid_grant\",\"error_description\":\"a\\nb\\u001b[31m\\u00e9\"}", APISEC_E_INVALID_GRANT,
         "says invalid_grant: a?b?[31m??", "no line or terminal is broken by it"},
        {"{\"error\":\"\"}", APISEC_E_RESPONSE, "without an OAuth error", "empty"},
        {"{\"error\":null}", APISEC_E_RESPONSE, "without an OAuth error", "null"},
        {"{\"error\":{\"code\":400}}", APISEC_E_RESPONSE, "without an OAuth error", "an object, as of some clouds"},
        {"{\"message\":\"no\"}", APISEC_E_RESPONSE, "without an OAuth error", "another shape"},
        {"{\"error\":\"invalid_grant\",\"error\":\"invalid_client\"}", APISEC_E_RESPONSE, "answered 400: ", "twice"},
        {"[\"invalid_grant\"]", APISEC_E_RESPONSE, "answered 400: ", "no object"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct op_answer answer = answer_of(400, "application/json", rows[i].body);
        struct token_answer out;
        apisec_error err;
        if (answer_read(&answer, NULL, &out, &err) != rows[i].expected) fail_msg("row %zu: %s: %s", i, rows[i].why, err.text);
        if (strstr(err.text, rows[i].text) == NULL) fail_msg("row %zu: %s", i, err.text);
        assert_true(text_is_printable(text_of(err.text)));
        buffer_free(&answer.body);
    }
}

static void a_servers_words_are_capped(void **state)
{
    (void)state;
    static char body[8192];
    memcpy(body, "{\"error\":\"", 10);
    memset(body + 10, 'e', 2000);
    memcpy(body + 2010, "\",\"error_description\":\"", 23);
    memset(body + 2033, 'd', 2000);
    memcpy(body + 4033, "\"}", 3);
    struct op_answer answer = answer_of(400, "application/json", body);
    struct token_answer out;
    apisec_error err;
    assert_int_equal(answer_read(&answer, NULL, &out, &err), APISEC_E_OAUTH_OTHER);
    size_t es = 0, ds = 0;
    for (const char *at = strstr(err.text, "says ") + 5; *at != '\0'; at++) {
        es += *at == 'e';
        ds += *at == 'd';
    }
    assert_int_equal(es, 64);
    assert_int_equal(ds, 128);
    buffer_free(&answer.body);
}

/* What was sent is left out, whichever of the words it is in; the sentence that has none of them stays. */
static void what_was_sent(void **state)
{
    (void)state;
    static const struct {
        int32_t http_status;
        const char *type, *body;
        apisec_status expected;
        const char *text;
    } rows[] = {
        {400, "", "{\"error\":\"invalid_grant\",\"error_description\":\"bad token qq\"}", APISEC_E_INVALID_GRANT, "left out"},
        {400, "", "{\"error\":\"invalid_grant\",\"error_description\":\"bad token q\"}", APISEC_E_INVALID_GRANT, "bad token q"},
        {400, "", "{\"error\":\"qq\",\"error_description\":\"bad\"}", APISEC_E_OAUTH_OTHER, "left out"},
        {400, "", "{\"error\":\"qq\"}", APISEC_E_OAUTH_OTHER, "left out"},
        {400, "", "{\"error\":\"q\"}", APISEC_E_OAUTH_OTHER, "says q"},
        {400, "", "{\"error\":1,\"error_description\":\"qq\"}", APISEC_E_RESPONSE, "answered 400 without an OAuth error"},
        {200, "text/qq", "{}", APISEC_E_RESPONSE, "left out"},
        {200, "text/q", "{}", APISEC_E_RESPONSE, "is \"text/q\", not"},
    };
    const struct sent sent = {.tokens = {{"qq", 2}}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct op_answer answer = answer_of(rows[i].http_status, rows[i].type, rows[i].body);
        struct token_answer out;
        apisec_error err;
        assert_int_equal(answer_read(&answer, &sent, &out, &err), rows[i].expected);
        if (strstr(err.text, rows[i].text) == NULL) fail_msg("row %zu: %s", i, err.text);
        buffer_free(&answer.body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens),     cmocka_unit_test(what_is_read), cmocka_unit_test(http_statuses),
        cmocka_unit_test(transports), cmocka_unit_test(errors),       cmocka_unit_test(a_servers_words_are_capped),
        cmocka_unit_test(what_was_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
