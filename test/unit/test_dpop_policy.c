/* SPDX-License-Identifier: Apache-2.0
 *
 * test_dpop_policy.c: what a verifier demands of DPoP proofs, judged as a whole when the service starts.
 */
#include "support/unit.h"
#include "token/dpop.h"

#include <stdlib.h>
#include <string.h>

struct row {
    const char *what;
    bool allowed;
    const char *base;
    const char *alg;
    uint32_t nonce_lifetime;
    const char *nonce_key;
    size_t capacity;
    bool has_store;
    apisec_status expected;
    const char *word; /* of the sentence */
};

static void test_settings(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"nothing of DPoP", false, NULL, NULL, 0, NULL, 0, false, APISEC_OK, NULL},
        {"an origin", true, "https://a.example", NULL, 0, NULL, 0, false, APISEC_OK, NULL},
        {"everything", true, "https://a.example", "ES256", 300, "k", 9, false, APISEC_OK, NULL},
        {"a store", true, "https://a.example", NULL, 300, NULL, 0, true, APISEC_OK, NULL},
        {"no origin", true, NULL, NULL, 0, NULL, 0, false, APISEC_E_CONFIG, "origin"},
        {"an origin, but no DPoP", false, "https://a.example", NULL, 0, NULL, 0, false, APISEC_E_CONFIG, "not allowed"},
        {"an algorithm, but no DPoP", false, NULL, "ES256", 0, NULL, 0, false, APISEC_E_CONFIG, "not allowed"},
        {"nonces, but no DPoP", false, NULL, NULL, 300, NULL, 0, false, APISEC_E_CONFIG, "not allowed"},
        {"a store, but no DPoP", false, NULL, NULL, 0, NULL, 0, true, APISEC_E_CONFIG, "not allowed"},
        {"a capacity, but no DPoP", false, NULL, NULL, 0, NULL, 9, false, APISEC_E_CONFIG, "not allowed"},
        {"a key for no nonces", true, "https://a.example", NULL, 0, "k", 0, false, APISEC_E_CONFIG, "none are demanded"},
        {"a store and a capacity", true, "https://a.example", NULL, 0, NULL, 9, true, APISEC_E_CONFIG, "store"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *const row = &rows[i];
        struct dpop_policy *policy = NULL;
        apisec_error err = {APISEC_OK, ""};
        struct dpop_settings settings = {.allowed = row->allowed,
                                         .nonce_lifetime = row->nonce_lifetime,
                                         .nonce_key = row->nonce_key ? text_copy(text_of(row->nonce_key)) : NULL,
                                         .nonce_key_len = row->nonce_key ? strlen(row->nonce_key) : 0,
                                         .capacity = row->capacity,
                                         .has_store = row->has_store};
        if (row->base) assert_true(name_list_add(&settings.bases, row->base));
        if (row->alg) settings.algorithms = UINT32_C(1) << algorithm_index(algorithm_find(text_of(row->alg)));
        const apisec_status status = dpop_policy_new(&settings, &policy, &err);
        if (status != row->expected) fail_msg("%s: %s", row->what, apisec_status_name(status));
        if (row->word && !strstr(err.text, row->word)) fail_msg("%s: %s", row->what, err.text);
        assert_true((policy != NULL) == (status == APISEC_OK && row->allowed));
        if (policy) {
            assert_string_equal(policy->bases.at[0], row->base);
            assert_true((policy->replay == NULL) == row->has_store);
            assert_true(policy->wants_nonce == (row->nonce_lifetime > 0));
        }
        dpop_policy_free(policy);
        name_list_free(&settings.bases);
        free(settings.nonce_key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_settings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
