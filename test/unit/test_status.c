/* SPDX-License-Identifier: Apache-2.0
 *
 * test_status.c: the status table row by row, typed apart from the source, and the sentences of fail.
 */
#include "support/unit.h"
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    int32_t status;
    int32_t http;
    const char *name;
    const char *oauth_error;
} rows[] = {
    {0, 200, "APISEC_OK", NULL},
    {-101, 500, "APISEC_E_ARGUMENT", NULL},
    {-102, 500, "APISEC_E_MISUSE", NULL},
    {-103, 500, "APISEC_E_CONFIG", NULL},
    {-104, 500, "APISEC_E_UNSUPPORTED", NULL},
    {-105, 500, "APISEC_E_NO_TRANSPORT", NULL},
    {-201, 401, "APISEC_E_NO_CREDENTIAL", NULL},
    {-202, 400, "APISEC_E_REQUEST", "invalid_request"},
    {-203, 401, "APISEC_E_MALFORMED", "invalid_token"},
    {-204, 401, "APISEC_E_ALGORITHM", "invalid_token"},
    {-205, 401, "APISEC_E_KEY_UNKNOWN", "invalid_token"},
    {-206, 401, "APISEC_E_KEY_UNFIT", "invalid_token"},
    {-207, 401, "APISEC_E_SIGNATURE", "invalid_token"},
    {-208, 401, "APISEC_E_DECRYPTION", "invalid_token"},
    {-209, 401, "APISEC_E_TYPE", "invalid_token"},
    {-210, 401, "APISEC_E_ISSUER", "invalid_token"},
    {-211, 401, "APISEC_E_AUDIENCE", "invalid_token"},
    {-212, 401, "APISEC_E_EXPIRED", "invalid_token"},
    {-213, 401, "APISEC_E_NOT_YET_VALID", "invalid_token"},
    {-214, 401, "APISEC_E_CLAIM", "invalid_token"},
    {-215, 401, "APISEC_E_LIFETIME", "invalid_token"},
    {-216, 401, "APISEC_E_INACTIVE", "invalid_token"},
    {-217, 401, "APISEC_E_REVOKED", "invalid_token"},
    {-218, 401, "APISEC_E_BINDING", "invalid_token"},
    {-219, 401, "APISEC_E_PROOF", "invalid_dpop_proof"},
    {-220, 401, "APISEC_E_REPLAY", "invalid_dpop_proof"},
    {-221, 401, "APISEC_E_NONCE", "use_dpop_nonce"},
    {-222, 401, "APISEC_E_STEP_UP", "insufficient_user_authentication"},
    {-223, 401, "APISEC_E_TOO_LARGE", "invalid_token"},
    {-301, 403, "APISEC_E_SCOPE", "insufficient_scope"},
    {-302, 403, "APISEC_E_ROLE", NULL},
    {-303, 403, "APISEC_E_CONDITION", NULL},
    {-304, 403, "APISEC_E_CLIENT", NULL},
    {-305, 403, "APISEC_E_ACTOR", NULL},
    {-306, 403, "APISEC_E_PEER", NULL},
    {-307, 403, "APISEC_E_NO_RULE", NULL},
    {-308, 403, "APISEC_E_DENIED", NULL},
    {-309, 400, "APISEC_E_BODY", NULL},
    {-401, 503, "APISEC_E_UNREACHABLE", NULL},
    {-402, 504, "APISEC_E_TIMEOUT", NULL},
    {-403, 502, "APISEC_E_TLS", NULL},
    {-404, 502, "APISEC_E_ADDRESS", NULL},
    {-405, 502, "APISEC_E_RESPONSE", NULL},
    {-406, 503, "APISEC_E_KEYS_UNAVAILABLE", NULL},
    {-407, 503, "APISEC_E_BREAKER", NULL},
    {-411, 502, "APISEC_E_INVALID_REQUEST", NULL},
    {-412, 502, "APISEC_E_INVALID_CLIENT", NULL},
    {-413, 502, "APISEC_E_INVALID_GRANT", NULL},
    {-414, 502, "APISEC_E_UNAUTHORIZED_CLIENT", NULL},
    {-415, 502, "APISEC_E_UNSUPPORTED_GRANT", NULL},
    {-416, 502, "APISEC_E_INVALID_SCOPE", NULL},
    {-417, 502, "APISEC_E_INVALID_TARGET", NULL},
    {-418, 502, "APISEC_E_OAUTH_OTHER", NULL},
    {-419, 502, "APISEC_E_SCOPE_WIDENED", NULL},
    {-420, 502, "APISEC_E_NOT_DELEGATED", NULL},
    {-501, 500, "APISEC_E_MEMORY", NULL},
    {-502, 500, "APISEC_E_CRYPTO", NULL},
    {-503, 503, "APISEC_E_AUDIT", NULL},
    {-504, 503, "APISEC_E_STORE", NULL},
    {-505, 500, "APISEC_E_SYSTEM", NULL},
    {-601, 429, "APISEC_E_RATE", NULL},
    {-602, 503, "APISEC_E_BUSY", NULL},
};

static int find_row(int32_t status)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].status == status) return (int)i;
    return -1;
}

/* Every number from -1000 to 1000, so that one more or one less row in the source is seen. */
static void test_every_number(void **state)
{
    (void)state;
    for (int32_t status = -1000; status <= 1000; status++) {
        const int row = find_row(status);
        if (row < 0) {
            assert_string_equal(apisec_status_name(status), "APISEC_E_UNKNOWN");
            assert_int_equal(apisec_status_http(status), 500);
            assert_null(apisec_status_oauth_error(status));
            continue;
        }
        assert_string_equal(apisec_status_name(status), rows[row].name);
        assert_int_equal(apisec_status_http(status), rows[row].http);
        if (!rows[row].oauth_error) assert_null(apisec_status_oauth_error(status));
        else assert_string_equal(apisec_status_oauth_error(status), rows[row].oauth_error);
    }
    assert_int_equal(apisec_status_http(INT32_MIN), 500);
    assert_int_equal(apisec_status_http(INT32_MAX), 500);
}

static void test_only_ok_is_a_success(void **state)
{
    (void)state;
    for (int32_t status = -1000; status <= 1000; status++)
        assert_int_equal(apisec_status_http(status) < 400, status == APISEC_OK);
}

static void test_fail_keeps_to_printable_ascii(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out, *why;
    } texts[] = {
        {"plain ~ text", "plain ~ text", "printable bytes stay"},
        {"a\nb\r\tc", "a?b??c", "no line of a log can be forged"},
        {"\x1b[31m", "?[31m", "no terminal can be driven"},
        {"caf\xc3\xa9\x7f", "caf???", "nothing beyond ASCII, no DEL"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        apisec_error err;
        memset(&err, 'x', sizeof err);
        assert_int_equal(fail(&err, APISEC_E_TYPE, "%s", texts[i].in), APISEC_E_TYPE);
        assert_int_equal(err.status, APISEC_E_TYPE);
        assert_string_equal(err.text, texts[i].out);
    }
}

static void test_fail_cuts_to_fit(void **state)
{
    (void)state;
    char text[600];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    apisec_error err;
    memset(&err, 'x', sizeof err);
    fail(&err, APISEC_E_CONFIG, "%s", text);
    assert_int_equal(strlen(err.text), 251);
    assert_int_equal(sizeof(apisec_error), 256);
}

static void test_fail_takes_its_own_text(void **state)
{
    (void)state;
    apisec_error err;
    fail(&err, APISEC_E_KEY_UNFIT, "512 bits are too few");
    fail(&err, APISEC_E_CONFIG, "key 3: %s", err.text);
    assert_string_equal(err.text, "key 3: 512 bits are too few");
    assert_int_equal(err.status, APISEC_E_CONFIG);
}

static void test_null_error_is_accepted(void **state)
{
    (void)state;
    assert_int_equal(fail(NULL, APISEC_E_BUSY, "%d", 1), APISEC_E_BUSY);
    assert_int_equal(fail_memory(NULL), APISEC_E_MEMORY);
    assert_int_equal(succeed(NULL), APISEC_OK);
}

static void test_succeed_clears(void **state)
{
    (void)state;
    apisec_error err;
    assert_int_equal(fail_memory(&err), APISEC_E_MEMORY);
    assert_string_equal(err.text, "out of memory");
    assert_int_equal(succeed(&err), APISEC_OK);
    assert_int_equal(err.status, APISEC_OK);
    assert_string_equal(err.text, "");
}

static void test_version_and_text_free(void **state)
{
    (void)state;
    assert_string_equal(apisec_version(), APISEC_VERSION);
    apisec_text_free(NULL);
    apisec_text_free(text_copy(text_of("owned"))); /* a leak or a double free is seen by the sanitizers */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_number),           cmocka_unit_test(test_only_ok_is_a_success),
        cmocka_unit_test(test_fail_keeps_to_printable_ascii), cmocka_unit_test(test_fail_cuts_to_fit),
        cmocka_unit_test(test_fail_takes_its_own_text), cmocka_unit_test(test_null_error_is_accepted),
        cmocka_unit_test(test_succeed_clears),         cmocka_unit_test(test_version_and_text_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
