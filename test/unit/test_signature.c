/* SPDX-License-Identifier: Apache-2.0
 *
 * test_signature.c: a JWS checked with a key set by itself: the key is found or not, the signature right or not, each with its own
 * status and place; and keys that are not there are a work, or a refusal where nobody drives.
 */
#include "support/unit.h"
#include "support/forge.h"
#include "token/token.h"

#include <stdlib.h>

#define NOW_MS ((int64_t)FORGE_NOW * 1000)

static const apisec_signer *signer, *other;

static struct keyset *keys_of(enum key_source source, const char *text)
{
    struct keyset *keys = NULL;
    const struct keyset_config config = {source, text_of(FORGE_ISSUER), text_of(text), text_of(text)};
    assert_int_equal(keyset_new(&config, &keys, NULL), APISEC_OK);
    return keys;
}

static enum pass run(struct signature_check *check, struct keyset *keys, const char *token, const char *kid, bool offline)
{
    static struct jws jws;
    apisec_error err;
    assert_int_equal(jws_split(text_of(token), &jws, &err), APISEC_OK);
    signature_init(check, keys, &jws, text_of(kid), algorithm_find(text_of("ES256")), offline);
    return signature_run(check, NOW_MS);
}

static void test_pinned_keys(void **state)
{
    (void)state;
    struct signature_check check;
    char *set = forge_jwks((const apisec_signer *[]){signer, NULL});
    char *good = forge_token(FORGE_SAME, FORGE_SAME, signer), *foreign = forge_token(FORGE_SAME, FORGE_SAME, other);
    struct keyset *keys = keys_of(KEYS_PINNED, set);
    const char *kid = apisec_signer_key_id(signer);

    assert_int_equal(run(&check, keys, good, kid, true), PASS_ON);
    assert_int_equal(run(&check, keys, good, NULL, true), PASS_ON); /* the one that fits */
    assert_int_equal(run(&check, keys, foreign, kid, true), PASS_ENDED);
    assert_int_equal(check.error.status, APISEC_E_SIGNATURE);
    assert_false(check.at_key);
    assert_int_equal(run(&check, keys, good, "another", true), PASS_ENDED);
    assert_int_equal(check.error.status, APISEC_E_KEY_UNKNOWN);
    assert_true(check.at_key);

    keyset_free(keys);
    free(set);
    free(good);
    free(foreign);
}

static void test_keys_that_must_be_fetched(void **state)
{
    (void)state;
    struct signature_check first, second;
    char *token = forge_token(FORGE_SAME, FORGE_SAME, signer);
    struct keyset *keys = keys_of(KEYS_URI, FORGE_ISSUER "/jwks");

    assert_int_equal(run(&first, keys, token, NULL, true), PASS_ENDED); /* nobody drives */
    assert_int_equal(first.error.status, APISEC_E_NO_TRANSPORT);
    assert_int_equal(run(&first, keys, token, NULL, false), PASS_WORK);
    assert_ptr_equal(first.flight.keys, keys);
    assert_int_equal(run(&second, keys, token, NULL, false), PASS_WORK);
    assert_null(second.flight.keys); /* one flies, the other waits */
    first.work.kind->abandon(&first.work);
    assert_null(first.flight.keys);

    keyset_free(keys);
    free(token);
}

static int begin(void **state)
{
    (void)state;
    signer = forge_signer("ES256", 0);
    other = forge_signer("ES256", 1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pinned_keys),
        cmocka_unit_test(test_keys_that_must_be_fetched),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
