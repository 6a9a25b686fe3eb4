/* SPDX-License-Identifier: Apache-2.0
 *
 * test_none.c: a library made without libcurl says so, whatever the options, and gives no transport.
 */
#include "http/http.h"
#include "support/unit.h"

#include <string.h>

static void there_is_no_transport(void **state)
{
    (void)state;
    apisec_http_options *options = apisec_http_options_new();
    assert_non_null(options);
    const apisec_http_options *const asked[] = {NULL, options};
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        apisec_http before = {NULL, NULL, NULL};
        apisec_http *http = &before;
        apisec_error err;
        assert_int_equal(apisec_http_new(asked[i], &http, &err), APISEC_E_UNSUPPORTED);
        assert_null(http);
        assert_int_equal(err.status, APISEC_E_UNSUPPORTED);
        assert_non_null(strstr(err.text, "without libcurl"));
        assert_int_equal(apisec_http_new(asked[i], NULL, NULL), APISEC_E_ARGUMENT);
    }
    apisec_http_options_free(options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(there_is_no_transport)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
