/* SPDX-License-Identifier: Apache-2.0
 *
 * test_issued.c: an issued token is immutable, shared by reference, and its readers take NULL.
 */
#include "exchange/exchange.h"
#include "support/unit.h"

#include <pthread.h>
#include <string.h>

static void null_is_nothing(void **state)
{
    (void)state;
    size_t len = 7;
    assert_null(apisec_issued_token(NULL, &len));
    assert_int_equal(len, 0);
    assert_null(apisec_issued_token(NULL, NULL));
    assert_null(apisec_issued_token_type(NULL));
    assert_null(apisec_issued_issued_type(NULL));
    assert_true(apisec_issued_expires_at(NULL) == 0);
    assert_null(apisec_issued_scope(NULL));
    assert_null(apisec_issued_scope_reduced(NULL));
    assert_null(apisec_issued_ref(NULL));
    apisec_issued_free(NULL);
}

static apisec_issued *issued_of(const char *token)
{
    const struct asked asked = {.scope = text_of("a b"), .at = 5};
    const struct token_answer answer = {
        .access_token = text_of(token), .token_type = text_of("bearer"), .scope = text_of("a"), .expires_in = 10};
    apisec_issued *issued = NULL;
    assert_int_equal(grant_check(&asked, &answer, NULL, &issued, NULL), APISEC_OK);
    return issued;
}

static void it_keeps_copies(void **state)
{
    (void)state;
    char token[] = "secret token";
    size_t len = 0;
    apisec_issued *issued = issued_of(token);
    memset(token, 'x', sizeof token - 1);
    assert_string_equal(apisec_issued_token(issued, &len), "secret token");
    assert_int_equal(len, 12);
    assert_string_equal(apisec_issued_token(issued, NULL), "secret token");
    assert_string_equal(apisec_issued_token_type(issued), "Bearer");
    assert_string_equal(apisec_issued_issued_type(issued), "urn:ietf:params:oauth:token-type:access_token");
    assert_true(apisec_issued_expires_at(issued) == 15);
    assert_string_equal(apisec_issued_scope(issued), "a");
    assert_string_equal(apisec_issued_scope_reduced(issued), "b");
    apisec_issued_free(issued);
}

static void *ref_and_free(void *context)
{
    for (int i = 0; i < 10000; i++) apisec_issued_free(apisec_issued_ref(context));
    return NULL;
}

static void it_is_shared(void **state)
{
    (void)state;
    pthread_t threads[2];
    apisec_issued *issued = issued_of("t"), *second = apisec_issued_ref(issued);
    assert_ptr_equal(second, issued);
    apisec_issued_free(issued);
    for (size_t i = 0; i < 2; i++) assert_int_equal(pthread_create(&threads[i], NULL, ref_and_free, second), 0);
    for (size_t i = 0; i < 2; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_string_equal(apisec_issued_token(second, NULL), "t");
    apisec_issued_free(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_is_nothing), cmocka_unit_test(it_keeps_copies), cmocka_unit_test(it_is_shared)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
