/* SPDX-License-Identifier: Apache-2.0
 *
 * test_challenge.c: the WWW-Authenticate header for every status, byte by byte: RFC 6750 section 3, and nothing of the request.
 */
#include "support/unit.h"
#include "access/access.h"
#include "support/bound.h"

#include <stdlib.h>
#include <string.h>

static struct apisec_verifier plain = {.num_issuers = 0};

static char *challenge_as(bool dpop_scheme, apisec_verifier *verifier, apisec_status status, const char *required)
{
    struct apisec_decision decision = {
        .status = status, .verifier = verifier, .required_scope = BUFFER_MAX(1000), .dpop_scheme = dpop_scheme};
    struct buffer out = BUFFER_MAX(10000);
    buffer_text(&decision.required_scope, required);
    fail(&decision.error, status, "an internal sentence");
    assert_int_equal(challenge_write(&decision, &out), APISEC_OK);
    buffer_free(&decision.required_scope);
    buffer_append(&out, "", 0);
    return buffer_take(&out);
}

static char *challenge(apisec_verifier *verifier, apisec_status status, const char *required)
{
    return challenge_as(false, verifier, status, required);
}

#define INVALID_TOKEN(sentence) "Bearer error=\"invalid_token\", error_description=\"" sentence "\""

static const struct {
    apisec_status status;
    const char *expected; /* "" none */
} rows[] = {
    {APISEC_OK, ""},
    {APISEC_E_ARGUMENT, ""},
    {APISEC_E_MISUSE, ""},
    {APISEC_E_CONFIG, ""},
    {APISEC_E_UNSUPPORTED, ""},
    {APISEC_E_NO_TRANSPORT, ""},
    {APISEC_E_NO_CREDENTIAL, "Bearer"},
    {APISEC_E_REQUEST, "Bearer error=\"invalid_request\", error_description=\"The request, or how its access token is sent, is "
                       "not acceptable\""},
    {APISEC_E_MALFORMED, INVALID_TOKEN("The access token is malformed")},
    {APISEC_E_ALGORITHM, INVALID_TOKEN("The access token is signed with an algorithm that is not accepted")},
    {APISEC_E_KEY_UNKNOWN, INVALID_TOKEN("The access token is signed with an unknown key")},
    {APISEC_E_KEY_UNFIT, INVALID_TOKEN("The access token is signed with a key that is not accepted")},
    {APISEC_E_SIGNATURE, INVALID_TOKEN("The access token's signature is invalid")},
    {APISEC_E_DECRYPTION, INVALID_TOKEN("The access token cannot be decrypted")},
    {APISEC_E_TYPE, INVALID_TOKEN("The token is not an access token of the accepted type")},
    {APISEC_E_ISSUER, INVALID_TOKEN("The access token is from an issuer that is not accepted")},
    {APISEC_E_AUDIENCE, INVALID_TOKEN("The access token is meant for another audience")},
    {APISEC_E_EXPIRED, INVALID_TOKEN("The access token expired")},
    {APISEC_E_NOT_YET_VALID, INVALID_TOKEN("The access token is not yet valid")},
    {APISEC_E_CLAIM, INVALID_TOKEN("A claim of the access token is missing or not acceptable")},
    {APISEC_E_LIFETIME, INVALID_TOKEN("The access token is valid for too long, or too old")},
    {APISEC_E_INACTIVE, INVALID_TOKEN("The access token is not active")},
    {APISEC_E_REVOKED, INVALID_TOKEN("The access token was revoked")},
    {APISEC_E_BINDING,
     INVALID_TOKEN("The access token must be bound to a key or certificate, and the request prove its possession")},
    {APISEC_E_PROOF, "DPoP error=\"invalid_dpop_proof\", error_description=\"The DPoP proof is invalid\""},
    {APISEC_E_REPLAY, "DPoP error=\"invalid_dpop_proof\", error_description=\"The DPoP proof was used before\""},
    {APISEC_E_NONCE, "DPoP error=\"use_dpop_nonce\", error_description=\"The DPoP proof needs a nonce\""},
    {APISEC_E_STEP_UP, "Bearer error=\"insufficient_user_authentication\", error_description=\"A stronger or more recent "
                       "authentication is required\""},
    {APISEC_E_TOO_LARGE, INVALID_TOKEN("The access token is too large")},
    {APISEC_E_SCOPE, "Bearer error=\"insufficient_scope\", error_description=\"The request requires a scope that the access token "
                     "does not have\", scope=\"orders:read orders:write\""},
    {APISEC_E_ROLE, ""},
    {APISEC_E_CONDITION, ""},
    {APISEC_E_CLIENT, ""},
    {APISEC_E_ACTOR, ""},
    {APISEC_E_PEER, ""},
    {APISEC_E_NO_RULE, ""},
    {APISEC_E_DENIED, ""},
    {APISEC_E_BODY, ""},
    {APISEC_E_UNREACHABLE, ""},
    {APISEC_E_TIMEOUT, ""},
    {APISEC_E_TLS, ""},
    {APISEC_E_ADDRESS, ""},
    {APISEC_E_RESPONSE, ""},
    {APISEC_E_KEYS_UNAVAILABLE, ""},
    {APISEC_E_BREAKER, ""},
    {APISEC_E_INVALID_REQUEST, ""},
    {APISEC_E_INVALID_CLIENT, ""},
    {APISEC_E_INVALID_GRANT, ""},
    {APISEC_E_UNAUTHORIZED_CLIENT, ""},
    {APISEC_E_UNSUPPORTED_GRANT, ""},
    {APISEC_E_INVALID_SCOPE, ""},
    {APISEC_E_INVALID_TARGET, ""},
    {APISEC_E_OAUTH_OTHER, ""},
    {APISEC_E_SCOPE_WIDENED, ""},
    {APISEC_E_NOT_DELEGATED, ""},
    {APISEC_E_MEMORY, ""},
    {APISEC_E_CRYPTO, ""},
    {APISEC_E_AUDIT, ""},
    {APISEC_E_STORE, ""},
    {APISEC_E_SYSTEM, ""},
    {APISEC_E_RATE, ""},
    {APISEC_E_BUSY, ""},
    {-999, ""},
};

static void test_every_status(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *const value = challenge(&plain, rows[i].status, "orders:read orders:write");
        if (strcmp(value, rows[i].expected) != 0) fail_msg("%s: %s", apisec_status_name(rows[i].status), value);
        free(value);
    }
}

static void test_no_status_is_forgotten(void **state)
{
    (void)state;
    for (apisec_status status = 0; status > -1000; status--) {
        size_t num = 0;
        if (strcmp(apisec_status_name(status), "APISEC_E_UNKNOWN") == 0) continue;
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) num += rows[i].status == status;
        if (num != 1) fail_msg("%s has %zu rows", apisec_status_name(status), num);
        /* RFC 9110 section 15.5.2: a 401 must have a challenge. */
        char *const value = challenge(&plain, status, "");
        if (apisec_status_http(status) == 401) assert_true(value[0] != '\0');
        free(value);
    }
}

static void test_realm_and_metadata(void **state)
{
    (void)state;
    char realm[] = "the \"best\" \\ realm", url[] = "https://api.example/.well-known/oauth-protected-resource";
    struct apisec_verifier named = {.realm = realm, .resource_metadata = url};
    static const struct {
        apisec_status status;
        const char *expected;
    } named_rows[] = {
        {APISEC_E_NO_CREDENTIAL, "Bearer realm=\"the \\\"best\\\" \\\\ realm\", "
                                 "resource_metadata=\"https://api.example/.well-known/oauth-protected-resource\""},
        {APISEC_E_EXPIRED, "Bearer realm=\"the \\\"best\\\" \\\\ realm\", error=\"invalid_token\", "
                           "error_description=\"The access token expired\", "
                           "resource_metadata=\"https://api.example/.well-known/oauth-protected-resource\""},
        {APISEC_E_SCOPE, "Bearer realm=\"the \\\"best\\\" \\\\ realm\", error=\"insufficient_scope\", "
                         "error_description=\"The request requires a scope that the access token does not have\", scope=\"a\", "
                         "resource_metadata=\"https://api.example/.well-known/oauth-protected-resource\""},
        {APISEC_E_DENIED, ""},
    };
    for (size_t i = 0; i < sizeof named_rows / sizeof named_rows[0]; i++) {
        char *const value = challenge(&named, named_rows[i].status, "a");
        assert_string_equal(value, named_rows[i].expected);
        free(value);
    }
}

static void test_no_byte_ends_the_header(void **state)
{
    (void)state;
    char realm[] = "a\r\nSet-Cookie: b\xc3\xa4\x7f";
    struct apisec_verifier named = {.realm = realm};
    char *const value = challenge(&named, APISEC_E_NO_CREDENTIAL, "");
    assert_string_equal(value, "Bearer realm=\"a??Set-Cookie: b???\"");
    free(value);
}

static void test_without_verifier_or_scopes(void **state)
{
    (void)state;
    char *value = challenge(NULL, APISEC_E_NO_CREDENTIAL, "");
    assert_string_equal(value, "Bearer");
    free(value);
    value = challenge(&plain, APISEC_E_SCOPE, "");
    assert_null(strstr(value, "scope=\"\""));
    free(value);
}

/* RFC 9449 section 7.1: the scheme that was used says what is wrong, and a 401 names the other one too. */
static void test_two_schemes(void **state)
{
    (void)state;
    apisec_trust *const trust = bound_trust();
    apisec_trust_set_realm(trust, "r");
    apisec_trust_allow_dpop_algorithm(trust, "ES256");
    apisec_trust_allow_dpop_algorithm(trust, "PS256");
    apisec_verifier *const both = bound_verifier(trust, NULL);
#define DPOP "DPoP realm=\"r\", algs=\"PS256 ES256\""
#define SCOPE "realm=\"r\", error=\"insufficient_scope\", error_description=\"The request requires a scope that the access token " \
              "does not have\", scope=\"a\""
    static const struct {
        bool dpop_scheme;
        apisec_status status;
        const char *expected;
    } both_rows[] = {
        {false, APISEC_E_NO_CREDENTIAL, "Bearer realm=\"r\", " DPOP},
        {false, APISEC_E_EXPIRED, "Bearer realm=\"r\", error=\"invalid_token\", "
                                  "error_description=\"The access token expired\", " DPOP},
        {true, APISEC_E_EXPIRED, "DPoP realm=\"r\", error=\"invalid_token\", error_description=\"The access token expired\", "
                                 "algs=\"PS256 ES256\", Bearer realm=\"r\""},
        {true, APISEC_E_NONCE, "DPoP realm=\"r\", error=\"use_dpop_nonce\", error_description=\"The DPoP proof needs a nonce\", "
                               "algs=\"PS256 ES256\", Bearer realm=\"r\""},
        {true, APISEC_E_SCOPE, "DPoP " SCOPE ", algs=\"PS256 ES256\""},
        {false, APISEC_E_SCOPE, "Bearer " SCOPE},
        {true, APISEC_E_STORE, ""},
    };
    char *const unasked = challenge_as(true, &plain, APISEC_E_EXPIRED, "a"); /* where DPoP is not accepted it is not asked for */
    assert_string_equal(unasked, INVALID_TOKEN("The access token expired"));
    free(unasked);
    for (size_t i = 0; i < sizeof both_rows / sizeof both_rows[0]; i++) {
        char *const value = challenge_as(both_rows[i].dpop_scheme, both, both_rows[i].status, "a");
        assert_string_equal(value, both_rows[i].expected);
        free(value);
    }
    apisec_verifier_free(both);
    forge_end();
}

/* The bytes that RFC 6750 section 3 allows in a description. */
static void test_descriptions_are_plain(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *const value = challenge(&plain, rows[i].status, "");
        const char *const start = strstr(value, "error_description=\"");
        if (start) {
            const char *at = start + strlen("error_description=\"");
            for (; *at && *at != '"'; at++) assert_true(*at >= 0x20 && *at < 0x7f && *at != '\\');
            assert_int_equal(*at, '"');
        }
        free(value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_status),
        cmocka_unit_test(test_no_status_is_forgotten),
        cmocka_unit_test(test_realm_and_metadata),
        cmocka_unit_test(test_no_byte_ends_the_header),
        cmocka_unit_test(test_without_verifier_or_scopes),
        cmocka_unit_test(test_two_schemes),
        cmocka_unit_test(test_descriptions_are_plain),
    };
    return cmocka_run_group_tests_name("challenge", tests, NULL, NULL);
}
