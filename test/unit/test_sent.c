/* SPDX-License-Identifier: Apache-2.0
 *
 * test_sent.c: is a piece of a secret in a server's words? Beside each row that is one stands one that is none.
 */
#include "oauth/oauth.h"
#include "support/guard.h"
#include "support/unit.h"

#include <string.h>

static void a_piece_of_a_secret(void **state)
{
    (void)state;
    static const struct {
        const char *words, *secret;
        bool left_out;
        const char *why;
    } rows[] = {
        {"the token eyJhbGciOiJFUzI1NiJ9 has expired", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln", true, "a part of the token"},
        {"the token eyJhbGci... has expired", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln", true, "eight bytes of it"},
        {"the token eyJhbGc... has expired", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln", false, "seven bytes of it, of a header all have"},
        {"ending in 30.c2ln", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln", false, "seven bytes at its end"},
        {"ending in e30.c2ln", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln", true, "eight bytes at its end"},
        {"wrong secret: hunt2", "hunt2", true, "all of a short one"},
        {"wrong secret: hunt", "hunt2", false, "not all of it"},
        {"the token has expired", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln", false, "the twin"},
        {"the token has expired", "", false, "no secret"},
        {"", "e", false, "no words"},
        {"x", "e", false, "one letter, and another"},
        {"he", "e", true, "one letter"},
        {"a+b", "a b", true, "as a form has it"},
        {"a-b", "a b", false, "nor another"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *secret = guarded_text(rows[i].secret), *words = guarded_text(rows[i].words);
        const struct text text = {secret, strlen(rows[i].secret)};
        const struct sent sent = {.tokens = {[3] = text}};
        if (secret_is_in(text, (struct text){words, strlen(rows[i].words)}) != rows[i].left_out) fail_msg("%s", rows[i].why);
        if (sent_is_in(&sent, (struct text){words, strlen(rows[i].words)}) != rows[i].left_out) fail_msg("%s: sent", rows[i].why);
        guard_free(secret);
        guard_free(words);
    }
}

static void all_that_was_sent(void **state)
{
    (void)state;
    static char secret[] = "a secret of the client";
    const struct oauth_credential credential = {.method = OAUTH_AUTH_POST, .secret = secret, .secret_len = sizeof secret - 1};
    const struct sent sent = {.tokens = {text_of("subjects"), text_of("actortok"), text_of("proofpro"), text_of("issuedto")},
                              .credential = &credential,
                              .assertion = "assertio"};
    static const char *const repeated[] = {"subjects", "actortok", "proofpro", "issuedto", "a secret", "assertio"};
    for (size_t i = 0; i < sizeof repeated / sizeof repeated[0]; i++) {
        assert_true(sent_is_in(&sent, text_of(repeated[i])));
        assert_false(sent_is_in(&sent, (struct text){repeated[i], 7}));
        assert_false(sent_is_in(NULL, text_of(repeated[i])));
    }
}

static void the_sentence_instead(void **state)
{
    (void)state;
    apisec_error err;
    assert_int_equal(fail_unsaid(&err, APISEC_E_INVALID_GRANT), APISEC_E_INVALID_GRANT);
    assert_int_equal(err.status, APISEC_E_INVALID_GRANT);
    assert_non_null(strstr(err.text, "left out"));
    assert_int_equal(fail_unsaid(NULL, APISEC_E_RESPONSE), APISEC_E_RESPONSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_piece_of_a_secret),
        cmocka_unit_test(all_that_was_sent),
        cmocka_unit_test(the_sentence_instead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
