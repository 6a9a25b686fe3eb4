/* SPDX-License-Identifier: Apache-2.0
 *
 * test_credential.c: the one token of a request, RFC 6750 section 2.1 and RFC 9449 section 7.1: each way of sending another number
 * of them.
 */
#include "support/unit.h"
#include "support/guard.h"
#include "token/token.h"

#include <string.h>

struct row {
    const char *target;
    const char *authorization[2]; /* NULL: no such field */
    apisec_status expected;
    const char *token;
    const char *why;
};

static const struct credential_rules bearer_only = {false, false};

static void check(const struct row *row)
{
    apisec_call *const call = apisec_call_new();
    struct presented token;
    apisec_error err;
    size_t len = 99;

    apisec_call_set_target(call, row->target, strlen(row->target));
    for (size_t i = 0; i < 2; i++) {
        if (!row->authorization[i]) continue;
        const char *const value = guarded_text(row->authorization[i]);
        apisec_call_add_header(call, i ? "authorization" : "Authorization", 13, value, strlen(row->authorization[i]));
        guard_free(value);
    }
    const apisec_status status = credential_find(call, bearer_only, &token, &err);
    const char *const given = apisec_call_token(call, &len);

    if (status != row->expected) fail_msg("%s: %s", row->why, apisec_status_name(status));
    assert_int_equal(err.status, status);
    assert_null(strstr(err.text, "a.b.c"));
    if (status == APISEC_OK) {
        if (!text_is(token.token, row->token)) fail_msg("%s: another token", row->why);
        assert_ptr_equal(given, token.token.at); /* the bytes to exchange are the bytes that are verified */
        assert_int_equal(len, token.token.len);
    } else {
        assert_null(token.token.at);
        if (!token.dpop_scheme) assert_null(given); /* whether DPoP is accepted, the call alone does not know */
        assert_int_equal(len, given ? 5 : 0);
    }
    apisec_call_free(call);
}

static void check_all(const struct row *rows, size_t num)
{
    for (size_t i = 0; i < num; i++) check(&rows[i]);
}

static void test_one_header(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"/", {"Bearer a.b.c", NULL}, APISEC_OK, "a.b.c", "the plain case"},
        {"/", {"bearer a.b.c", NULL}, APISEC_OK, "a.b.c", "a scheme has no case (RFC 9110 section 11.1)"},
        {"/", {"BEARER a.b.c", NULL}, APISEC_OK, "a.b.c", ""},
        {"/", {"Bearer    a.b.c", NULL}, APISEC_OK, "a.b.c", "1*SP"},
        {"/", {"Bearer a.b.c ", NULL}, APISEC_OK, "a.b.c", "space around the value is not the value's"},
        {"/", {"Bearer aZ09-._~+/==", NULL}, APISEC_OK, "aZ09-._~+/==", "every character of b64token"},
        {"/", {NULL, NULL}, APISEC_E_NO_CREDENTIAL, NULL, "nothing sent"},
        {"/", {"Basic YTpi", NULL}, APISEC_E_NO_CREDENTIAL, NULL, "another scheme"},
        {"/", {"Bearers a.b.c", NULL}, APISEC_E_NO_CREDENTIAL, NULL, "a longer scheme is another one"},
        {"/", {"Bear a.b.c", NULL}, APISEC_E_NO_CREDENTIAL, NULL, ""},
        {"/", {"Digest username=\"a\", realm=\"b\"", NULL}, APISEC_E_NO_CREDENTIAL, NULL, "commas of another scheme's own"},
        {"/", {"", NULL}, APISEC_E_REQUEST, NULL, "an empty header"},
        {"/", {"Bearer", NULL}, APISEC_E_REQUEST, NULL, "no token"},
        {"/", {"Bearer   ", NULL}, APISEC_E_REQUEST, NULL, "no token, only space"},
        {"/", {"Bearer ==", NULL}, APISEC_E_MALFORMED, NULL, "padding of nothing"},
        {"/", {"Bearer\ta.b.c", NULL}, APISEC_E_REQUEST, NULL, "a tab does not separate"},
        {"/", {"Bearer \ta.b.c", NULL}, APISEC_E_REQUEST, NULL, ""},
        {"/", {"Bearer a=.b.c", NULL}, APISEC_E_MALFORMED, NULL, "= only at the end"},
        {"/", {"Bearer a.b.c\x01", NULL}, APISEC_E_REQUEST, NULL, "control"},
        {"/", {"Bearer a.b.\xc3\xa4", NULL}, APISEC_E_MALFORMED, NULL, "beyond ASCII"},
        {"/", {"Bearer \"a.b.c\"", NULL}, APISEC_E_MALFORMED, NULL, "quotes"},
        {"/", {"Bearer {\"payload\":\"e30\",\"signatures\":[]}", NULL}, APISEC_E_MALFORMED, NULL, "the JSON serialisation"},
        {"/", {"Bearer x,{\"payload\":\"e30\"}", NULL}, APISEC_E_REQUEST, NULL, "JSON behind something else"},
        {"/", {"Bearer a.b.c\r\nX: y", NULL}, APISEC_E_REQUEST, NULL, "a second header inside"},
        {"/", {"DPoP a.b.c", NULL}, APISEC_E_REQUEST, NULL, "a bound token is not downgraded to a bearer token"},
        {"/", {"dpop a.b.c", NULL}, APISEC_E_REQUEST, NULL, ""},
    };
    check_all(rows, sizeof rows / sizeof rows[0]);
}

static void test_nul_in_the_header(void **state)
{
    (void)state;
    apisec_call *const call = apisec_call_new();
    struct presented token;
    apisec_call_add_header(call, "Authorization", 13, "Bearer a.b.c\0.d", 15);
    assert_int_equal(credential_find(call, bearer_only, &token, NULL), APISEC_E_REQUEST);
    assert_null(token.token.at);
    apisec_call_free(call);
}

static void test_two_credentials(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"/", {"Bearer a.b.c", "Bearer a.b.c"}, APISEC_E_REQUEST, NULL, "the same twice is twice"},
        {"/", {"Bearer a.b.c", "Bearer d.e.f"}, APISEC_E_REQUEST, NULL, ""},
        {"/", {"Bearer a.b.c", "DPoP d.e.f"}, APISEC_E_REQUEST, NULL, "both schemes"},
        {"/", {"Basic YTpi", "Bearer a.b.c"}, APISEC_E_REQUEST, NULL, "the first is not the only one"},
        {"/", {"Basic YTpi", "Basic YTpi"}, APISEC_E_REQUEST, NULL, ""},
        {"/", {"", "Bearer a.b.c"}, APISEC_E_REQUEST, NULL, "an empty field is a field"},
        {"/", {"Bearer a.b.c, Bearer d.e.f", NULL}, APISEC_E_REQUEST, NULL, "joined by a comma"},
        {"/", {"Bearer a.b.c,Bearer d.e.f", NULL}, APISEC_E_REQUEST, NULL, ""},
        {"/", {"Bearer a.b.c,", NULL}, APISEC_E_REQUEST, NULL, "a comma with nothing behind"},
        {"/", {"Bearer a.b.c d.e.f", NULL}, APISEC_E_REQUEST, NULL, "two tokens of one scheme"},
        {"/", {"Bearer Bearer a.b.c", NULL}, APISEC_E_REQUEST, NULL, ""},
        {"/", {"Basic YTpi, Bearer a.b.c", NULL}, APISEC_E_REQUEST, NULL, "joined with another scheme"},
        {"/", {"Basic YTpi,\tdpop a.b.c", NULL}, APISEC_E_REQUEST, NULL, ""},
    };
    check_all(rows, sizeof rows / sizeof rows[0]);
}

static void test_a_token_in_the_query(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"/?access_token=a.b.c", {NULL, NULL}, APISEC_E_REQUEST, NULL, "instead of the header"},
        {"/?access_token=a.b.c", {"Bearer a.b.c", NULL}, APISEC_E_REQUEST, NULL, "beside it"},
        {"/?x=1&access_token=a.b.c", {"Bearer a.b.c", NULL}, APISEC_E_REQUEST, NULL, "the second parameter"},
        {"/?x=1;access_token=a.b.c", {"Bearer a.b.c", NULL}, APISEC_E_REQUEST, NULL, "the old separator"},
        {"/?access_token", {"Bearer a.b.c", NULL}, APISEC_E_REQUEST, NULL, "without a value"},
        {"/?%61ccess_token=a.b.c", {"Bearer a.b.c", NULL}, APISEC_E_REQUEST, NULL, "the first letter encoded"},
        {"/?access%5Ftoken=a.b.c", {"Bearer a.b.c", NULL}, APISEC_E_REQUEST, NULL, "the underscore"},
        {"/?access%5ftoken=a.b.c", {"Bearer a.b.c", NULL}, APISEC_E_REQUEST, NULL, "in lower-case hex"},
        {"/?%61%63%63%65%73%73%5F%74%6f%6B%65%6e=x", {"Bearer a.b.c", NULL}, APISEC_E_REQUEST, NULL, "all of it"},
        {"/?Access_Token=a.b.c", {"Bearer a.b.c", NULL}, APISEC_E_REQUEST, NULL, "meant as one all the same"},
        {"/?a?access_token=x&access_token=y", {"Bearer a.b.c", NULL}, APISEC_E_REQUEST, NULL, ""},
        {"/?&&access_token=y", {"Bearer a.b.c", NULL}, APISEC_E_REQUEST, NULL, "empty parameters before"},
        {"/access_token=a.b.c", {"Bearer a.b.c", NULL}, APISEC_OK, "a.b.c", "in the path it is a name like any other"},
        {"/?access_token_hint=x", {"Bearer a.b.c", NULL}, APISEC_OK, "a.b.c", "a longer name"},
        {"/?xaccess_token=x", {"Bearer a.b.c", NULL}, APISEC_OK, "a.b.c", ""},
        {"/?access_taken=x", {"Bearer a.b.c", NULL}, APISEC_OK, "a.b.c", "one as long"},
        {"/?access_toke=x", {"Bearer a.b.c", NULL}, APISEC_OK, "a.b.c", "a shorter name"},
        {"/?x=access_token", {"Bearer a.b.c", NULL}, APISEC_OK, "a.b.c", "a value is not a name"},
        {"/?x=access_token=y", {"Bearer a.b.c", NULL}, APISEC_OK, "a.b.c", ""},
        {"/?%2561ccess_token=x", {"Bearer a.b.c", NULL}, APISEC_OK, "a.b.c", "decoded once, as any server does"},
        {"/?access_token%", {"Bearer a.b.c", NULL}, APISEC_OK, "a.b.c", "a broken escape stays what it is"},
        {"/?%6", {"Bearer a.b.c", NULL}, APISEC_OK, "a.b.c", ""},
        {"/?", {"Bearer a.b.c", NULL}, APISEC_OK, "a.b.c", "an empty query"},
    };
    check_all(rows, sizeof rows / sizeof rows[0]);
}

struct sent {
    const char *headers[3][2];       /* name, value; NULL: no more */
    bool dpop, txn_tokens;           /* what is accepted */
    apisec_status expected;
    enum token_source source;
    bool dpop_scheme;
    const char *token, *proof;
    const char *why;
};

static void check_sent(const struct sent *sent)
{
    apisec_call *const call = apisec_call_new();
    struct presented presented;
    apisec_error err;
    size_t len;
    for (size_t i = 0; i < 3 && sent->headers[i][0]; i++)
        apisec_call_add_header(call, sent->headers[i][0], strlen(sent->headers[i][0]), sent->headers[i][1],
                               strlen(sent->headers[i][1]));
    const struct credential_rules rules = {sent->dpop, sent->txn_tokens};
    const apisec_status status = credential_find(call, rules, &presented, &err);
    if (status != sent->expected) fail_msg("%s: %s", sent->why, apisec_status_name(status));
    assert_int_equal(presented.dpop_scheme, sent->dpop_scheme);
    if (status == APISEC_OK) {
        if (!text_is(presented.token, sent->token)) fail_msg("%s: another token", sent->why);
        if (sent->proof ? !text_is(presented.proof, sent->proof) : presented.proof.at != NULL) fail_msg("%s: proof", sent->why);
        assert_int_equal(presented.source, sent->source);
        assert_ptr_equal(apisec_call_token(call, &len), presented.token.at);
        assert_int_equal(len, presented.token.len);
    }
    apisec_call_free(call);
}

#define A "Authorization"
#define AUTH TOKEN_AUTHORIZATION

static void test_dpop(void **state)
{
    (void)state;
    static const struct sent rows[] = {
        {{{A, "DPoP a.b.c"}, {"DPoP", "d.e.f"}}, true, false, APISEC_OK, AUTH, true, "a.b.c", "d.e.f", "token and proof"},
        {{{A, "dpop a.b.c"}, {"dpop", "d.e.f"}}, true, false, APISEC_OK, AUTH, true, "a.b.c", "d.e.f", "in another case"},
        {{{A, "DPoP a.b.c"}}, true, false, APISEC_OK, AUTH, true, "a.b.c", NULL, "whether it needs a proof the token says"},
        {{{A, "DPoP a.b.c"}, {"DPoP", ""}}, true, false, APISEC_OK, AUTH, true, "a.b.c", NULL, "an empty proof is none"},
        {{{A, "Bearer a.b.c"}, {"DPoP", "d.e.f"}}, true, false, APISEC_OK, AUTH, false, "a.b.c", "d.e.f", "as a bearer token"},
        {{{A, "DPoP a.b.c"}, {"DPoP", "d.e.f"}}, false, false, APISEC_E_REQUEST, AUTH, true, NULL, NULL, "not accepted here"},
        {{{A, "Bearer a.b.c"}, {"DPoP", "d.e.f"}}, false, false, APISEC_OK, AUTH, false, "a.b.c", NULL, "nobody here asks for it"},
        {{{A, "DPoP a.b.c"}, {"DPoP", "x"}, {"dpop", "y"}}, true, false, APISEC_E_REQUEST, AUTH, false, NULL, NULL, "two proofs"},
        {{{A, "Bearer a.b.c"}, {"DPoP", "x"}, {"DPoP", "x"}}, true, false, APISEC_E_REQUEST, AUTH, false, NULL, NULL, ""},
        {{{A, "Bearer a.b.c"}, {"DPoP", "x"}, {"DPoP", "x"}}, false, false, APISEC_OK, AUTH, false, "a.b.c", NULL, "nobody asks"},
        {{{A, "DPoP a.b.c"}, {A, "Bearer a.b.c"}}, true, false, APISEC_E_REQUEST, AUTH, false, NULL, NULL, "both schemes"},
        {{{A, "DPoP a.b.c, Bearer a.b.c"}}, true, false, APISEC_E_REQUEST, AUTH, true, NULL, NULL, "both in one field"},
        {{{A, "DPoP"}, {"DPoP", "d.e.f"}}, true, false, APISEC_E_REQUEST, AUTH, true, NULL, NULL, "no token"},
        {{{"DPoP", "d.e.f"}}, true, false, APISEC_E_NO_CREDENTIAL, AUTH, false, NULL, NULL, "a proof alone"},
        {{{A, "DPoP \"a.b.c\""}}, true, false, APISEC_E_MALFORMED, AUTH, true, NULL, NULL, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) check_sent(&rows[i]);
}

static void test_transaction_tokens(void **state)
{
    (void)state;
    static const struct sent rows[] = {
        {{{"Txn-Token", "a.b.c"}}, false, true, APISEC_OK, TOKEN_TXN_HEADER, false, "a.b.c", NULL, "in its own header"},
        {{{"txn-token", "a.b.c"}}, false, true, APISEC_OK, TOKEN_TXN_HEADER, false, "a.b.c", NULL, "in another case"},
        {{{"Txn-Token", "a.b.c"}}, false, false, APISEC_E_NO_CREDENTIAL, AUTH, false, NULL, NULL, "not accepted here"},
        {{{A, "Bearer a.b.c"}, {"Txn-Token", "d.e.f"}}, false, false, APISEC_OK, AUTH, false, "a.b.c", NULL, "nobody asks for it"},
        {{{A, "Bearer a.b.c"}}, false, true, APISEC_OK, AUTH, false, "a.b.c", NULL, "an access token beside is another matter"},
        {{{"Txn-Token", "a.b.c"}, {"Txn-Token", "a.b.c"}}, false, true, APISEC_E_REQUEST, AUTH, false, NULL, NULL, "two"},
        {{{"Txn-Token", "a.b.c"}, {A, "Bearer a.b.c"}}, false, true, APISEC_E_REQUEST, AUTH, false, NULL, NULL, "two users"},
        {{{"Txn-Token", "a.b.c"}, {A, "Basic x"}}, false, true, APISEC_E_REQUEST, AUTH, false, NULL, NULL, "two credentials"},
        {{{"Txn-Token", ""}}, false, true, APISEC_E_REQUEST, TOKEN_TXN_HEADER, false, NULL, NULL, "empty"},
        {{{"Txn-Token", "Bearer a.b.c"}}, false, true, APISEC_E_REQUEST, TOKEN_TXN_HEADER, false, NULL, NULL, "it has no scheme"},
        {{{"Txn-Token", "a.b.c,d.e.f"}}, false, true, APISEC_E_REQUEST, TOKEN_TXN_HEADER, false, NULL, NULL, "two in one field"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) check_sent(&rows[i]);
}

static void test_a_broken_call(void **state)
{
    (void)state;
    struct presented token = {.token = {"x", 1}};
    apisec_call *const call = apisec_call_new();
    apisec_call_add_header(call, "Authorization", 13, "Bearer a.b.c", 12);
    assert_int_equal(credential_find(call, bearer_only, &token, NULL), APISEC_OK);
    apisec_call_add_header(call, "X", 1, "y\n", 2);
    assert_int_equal(credential_find(call, bearer_only, &token, NULL), APISEC_E_REQUEST); /* wherever the bad bytes are */
    assert_null(token.token.at);
    assert_null(apisec_call_token(call, NULL));
    apisec_call_free(call);
    assert_int_equal(credential_find(NULL, bearer_only, &token, NULL), APISEC_E_MEMORY);
}

/* RFC 6750 section 2.1, byte by byte: in a short token, and in one that is looked at many bytes at a time. */
static void test_every_byte_of_a_token(void **state)
{
    (void)state;
    static const char b64token[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";
    static const size_t lens[] = {1, 3, 15, 16, 17, 41};
    char text[41];
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++)
        for (size_t at = 0; at < lens[i]; at++)
            for (int byte = 0; byte < 256; byte++) {
                memset(text, 'a', sizeof text);
                text[at] = (char)byte;
                const bool is_padding = byte == '=' && at > 0 && at + 1 == lens[i];
                const bool expected = is_padding || (byte != 0 && strchr(b64token, byte) != NULL);
                if (credential_is_b64token((struct text){text, lens[i]}) != expected)
                    fail_msg("byte %d at %zu of %zu", byte, at, lens[i]);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_header),
        cmocka_unit_test(test_every_byte_of_a_token),
        cmocka_unit_test(test_nul_in_the_header),
        cmocka_unit_test(test_two_credentials),
        cmocka_unit_test(test_a_token_in_the_query),
        cmocka_unit_test(test_dpop),
        cmocka_unit_test(test_transaction_tokens),
        cmocka_unit_test(test_a_broken_call),
    };
    return cmocka_run_group_tests_name("credential", tests, NULL, NULL);
}
