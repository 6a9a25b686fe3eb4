/* SPDX-License-Identifier: Apache-2.0
 *
 * test_status_none.c: a library made without zlib (make STATUS=none) says so when status lists are to be checked, and at no other
 * time.
 */
#include "support/unit.h"
#include "support/stand.h"
#include "token/token.h"

#include <stdlib.h>
#include <string.h>

static void test_what_can_be_set_up(void **state)
{
    (void)state;
    char *set = forge_jwks((const apisec_signer *[]){forge_signer("ES256", 0), NULL});
    static const struct {
        const char *lists;
        bool ignores;
        apisec_status expected;
    } rows[] = {
        {NULL, false, APISEC_OK},
        {NULL, true, APISEC_OK},
        {"https://id.example/lists/", false, APISEC_E_UNSUPPORTED},
        {"http://id.example/lists/", false, APISEC_E_CONFIG}, /* wrong in any build */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct stand_issuer issuer = {
            .algorithms = {"ES256"}, .keys = set, .status_lists = rows[i].lists, .ignores_status = rows[i].ignores};
        apisec_verifier *verifier = NULL;
        assert_int_equal(stand_try(&issuer, 1, NULL, &verifier), rows[i].expected);
        apisec_verifier_free(verifier);
    }
    free(set);
}

static void test_nothing_is_let_in(void **state)
{
    (void)state;
    apisec_error err;
    struct status_check check = {.issuer = NULL};
    struct status_lists *lists = (struct status_lists *)&check;
    assert_int_equal(status_lists_new(&lists, &err), APISEC_E_UNSUPPORTED);
    assert_null(lists);
    assert_non_null(strstr(err.text, "without zlib"));
    status_lists_free(lists);
    assert_int_equal(status_run(&check, 0, &err), PASS_ENDED);
    assert_int_equal(err.status, APISEC_E_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_can_be_set_up),
        cmocka_unit_test(test_nothing_is_let_in),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    forge_end();
    return failed;
}
