/* SPDX-License-Identifier: Apache-2.0
 *
 * test_deny.c: denials as a service makes them: what they refuse, and that one which could never match is told so.
 */
#include "support/stand.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>

#define NOW FORGE_NOW
#define UNTIL (INT64_C(1) << 40) /* beyond the clock of this process */

static char *keys;

static apisec_verifier *new_verifier(void)
{
    const struct stand_issuer issuer = {.algorithms = {"ES256"}, .keys = keys};
    return stand_new(&issuer, 1, NULL);
}

static char *token_of(const char *claim, const char *value)
{
    const struct forge_change changes[] = {{claim, value}, {NULL, NULL}};
    return forge_token(changes, FORGE_SAME, forge_signer("ES256", 0));
}

static void test_an_id(void **state)
{
    (void)state;
    apisec_verifier *verifier = new_verifier();
    stand_accepts(verifier, "not denied yet", token_of("jti", "\"id-7\""));
    assert_int_equal(apisec_verifier_deny_id(verifier, FORGE_ISSUER, "id-7", UNTIL, NULL), APISEC_OK);
    stand_refuses(verifier, "denied", token_of("jti", "\"id-7\""), APISEC_E_REVOKED);
    stand_refuses(verifier, "spelled otherwise", token_of("jti", "\"id\\u002d7\""), APISEC_E_REVOKED);
    stand_accepts(verifier, "another id", token_of("jti", "\"id-8\""));
    apisec_verifier_free(verifier);
}

static void test_a_principal(void **state)
{
    (void)state;
    apisec_verifier *verifier = new_verifier();
    apisec_token *token = stand_verified(verifier, "not denied yet", token_of("sub", "\"b b|c\""));
    assert_int_equal(apisec_verifier_deny_principal(verifier, apisec_token_principal(token), NOW, UNTIL, NULL), APISEC_OK);
    apisec_token_free(token);
    stand_refuses(verifier, "denied", token_of("sub", "\"b b|c\""), APISEC_E_REVOKED);
    stand_accepts(verifier, "another subject", token_of("sub", "\"b b\""));
    assert_int_equal(apisec_verifier_deny_principal(verifier, FORGE_ISSUER "|dora", 1749999900, UNTIL, NULL), APISEC_OK);
    stand_accepts(verifier, "issued in that second", token_of("sub", "\"dora\""));
    assert_int_equal(apisec_verifier_deny_principal(verifier, FORGE_ISSUER "|dora", 1749999901, UNTIL, NULL), APISEC_OK);
    stand_refuses(verifier, "issued before that second", token_of("sub", "\"dora\""), APISEC_E_REVOKED);
    apisec_verifier_free(verifier);
}

static void test_a_session(void **state)
{
    (void)state;
    apisec_verifier *verifier = new_verifier();
    assert_int_equal(apisec_verifier_deny_session(verifier, FORGE_ISSUER, "s-1", UNTIL, NULL), APISEC_OK);
    stand_refuses(verifier, "of the session", token_of("sid", "\"s-1\""), APISEC_E_REVOKED);
    stand_accepts(verifier, "of another", token_of("sid", "\"s-2\""));
    stand_accepts(verifier, "of none", token_of("sid", NULL));
    apisec_verifier_free(verifier);
}

/* A denial ends when the largest leeway is over behind its until, though the token may live on: who denies says how long. */
static void test_one_that_has_ended(void **state)
{
    (void)state;
    apisec_verifier *verifier = new_verifier();
    assert_int_equal(apisec_verifier_deny_id(verifier, FORGE_ISSUER, "id-7", NOW - 300, NULL), APISEC_OK);
    stand_accepts(verifier, "ended already", token_of("jti", "\"id-7\""));
    assert_int_equal(apisec_verifier_deny_principal(verifier, FORGE_ISSUER "|dora", NOW, NOW - 300, NULL), APISEC_OK);
    stand_accepts(verifier, "ended already", token_of("sub", "\"dora\""));
    assert_int_equal(apisec_verifier_deny_session(verifier, FORGE_ISSUER, "s-1", NOW - 300, NULL), APISEC_OK);
    stand_accepts(verifier, "ended already", token_of("sid", "\"s-1\""));
    assert_int_equal(apisec_verifier_deny_id(verifier, FORGE_ISSUER, "id-7", NOW - 299, NULL), APISEC_OK);
    stand_refuses(verifier, "the twin, a second later", token_of("jti", "\"id-7\""), APISEC_E_REVOKED);
    apisec_verifier_free(verifier);
}

/* A denial is one verifier's own. */
static void test_another_verifier(void **state)
{
    (void)state;
    apisec_verifier *verifier = new_verifier(), *other = new_verifier();
    assert_int_equal(apisec_verifier_deny_id(verifier, FORGE_ISSUER, "id-7", UNTIL, NULL), APISEC_OK);
    stand_refuses(verifier, "denied", token_of("jti", "\"id-7\""), APISEC_E_REVOKED);
    stand_accepts(other, "not denied here", token_of("jti", "\"id-7\""));
    apisec_verifier_free(verifier);
    apisec_verifier_free(other);
}

static void test_what_could_never_match(void **state)
{
    (void)state;
    static const struct {
        const char *name, *principal;
        bool is_one;
    } principals[] = {
        {"a principal", FORGE_ISSUER "|alice", true}, {"a subject", "alice", false},
        {"no issuer", "|alice", false},               {"no subject", FORGE_ISSUER "|", false},
        {"two bars", FORGE_ISSUER "|a|b", false},     {"a space", FORGE_ISSUER "|a b", false},
        {"nothing", "", false},                       {"NULL", NULL, false},
        {"not ASCII", FORGE_ISSUER "|\xc3\xa4", false},
    };
    apisec_verifier *verifier = new_verifier();
    apisec_error err;
    for (size_t i = 0; i < sizeof principals / sizeof principals[0]; i++) {
        const apisec_status status = apisec_verifier_deny_principal(verifier, principals[i].principal, NOW, UNTIL, &err);
        if (status != (principals[i].is_one ? APISEC_OK : APISEC_E_ARGUMENT)) fail_msg("%s", principals[i].name);
        assert_int_equal(err.status, status);
    }
    const apisec_status argument = APISEC_E_ARGUMENT;
    assert_int_equal(apisec_verifier_deny_principal(verifier, FORGE_ISSUER "|alice", 0, UNTIL, NULL), argument);
    assert_int_equal(apisec_verifier_deny_principal(verifier, FORGE_ISSUER "|alice", NOW, 0, NULL), argument);
    assert_int_equal(apisec_verifier_deny_principal(NULL, FORGE_ISSUER "|alice", NOW, UNTIL, NULL), argument);
    assert_int_equal(apisec_verifier_deny_id(verifier, "https://other.example", "id-7", UNTIL, NULL), argument);
    assert_int_equal(apisec_verifier_deny_id(verifier, NULL, "id-7", UNTIL, NULL), argument);
    assert_int_equal(apisec_verifier_deny_id(verifier, FORGE_ISSUER, "", UNTIL, NULL), argument);
    assert_int_equal(apisec_verifier_deny_id(verifier, FORGE_ISSUER, NULL, UNTIL, NULL), argument);
    assert_int_equal(apisec_verifier_deny_id(verifier, FORGE_ISSUER, "id-7", -1, NULL), argument);
    assert_int_equal(apisec_verifier_deny_id(NULL, FORGE_ISSUER, "id-7", UNTIL, NULL), argument);
    assert_int_equal(apisec_verifier_deny_session(verifier, "https://other.example", "s", UNTIL, NULL), argument);
    assert_int_equal(apisec_verifier_deny_session(verifier, FORGE_ISSUER, NULL, UNTIL, NULL), argument);
    apisec_verifier_free(verifier);
}

/* The sentence is all that an operator sees of a typing error: it speaks of what was typed. */
static void test_what_the_sentences_say(void **state)
{
    (void)state;
    apisec_verifier *verifier = new_verifier();
    apisec_error err;
    assert_int_equal(apisec_verifier_deny_id(verifier, "https://other.example", "id-7", UNTIL, &err), APISEC_E_ARGUMENT);
    assert_string_equal(err.text, "there is no such issuer here whose tokens could be denied");
    assert_int_equal(apisec_verifier_deny_session(verifier, "https://other.example", "s", UNTIL, &err), APISEC_E_ARGUMENT);
    assert_string_equal(err.text, "there is no such issuer here whose tokens could be denied");
    assert_int_equal(apisec_verifier_deny_principal(verifier, "https://other.example|alice", NOW, UNTIL, &err), APISEC_E_ARGUMENT);
    assert_string_equal(err.text, "no trusted issuer here has such a principal: apisec_token_principal spells it");
    apisec_verifier_free(verifier);
}

static void test_when_there_is_no_room(void **state)
{
    (void)state;
    apisec_verifier *verifier = new_verifier();
    apisec_error err;
    char id[32];
    for (unsigned i = 0; i < 65536; i++) {
        snprintf(id, sizeof id, "id-%u", i);
        assert_int_equal(apisec_verifier_deny_id(verifier, FORGE_ISSUER, id, UNTIL, NULL), APISEC_OK);
    }
    assert_int_equal(apisec_verifier_deny_id(verifier, FORGE_ISSUER, "one more", UNTIL, &err), APISEC_E_STORE);
    assert_int_equal(err.status, APISEC_E_STORE);
    stand_accepts(verifier, "what was not denied", token_of("jti", "\"one more\""));
    stand_refuses(verifier, "the first that was", token_of("jti", "\"id-0\""), APISEC_E_REVOKED);
    apisec_verifier_free(verifier);
}

static int begin(void **state)
{
    (void)state;
    keys = forge_jwks((const apisec_signer *[]){forge_signer("ES256", 0), NULL});
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(keys);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_an_id),
                                       cmocka_unit_test(test_a_principal),
                                       cmocka_unit_test(test_a_session),
                                       cmocka_unit_test(test_one_that_has_ended),
                                       cmocka_unit_test(test_another_verifier),
                                       cmocka_unit_test(test_what_could_never_match),
                                       cmocka_unit_test(test_what_the_sentences_say),
                                       cmocka_unit_test(test_when_there_is_no_room)};
    return cmocka_run_group_tests(tests, begin, end);
}
