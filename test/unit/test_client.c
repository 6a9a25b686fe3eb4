/* SPDX-License-Identifier: Apache-2.0
 *
 * test_client.c: the client as a builder, and frozen by its first exchange.
 */
#include "exchange/exchange.h"
#include "support/keys.h"
#include "support/unit.h"

#include <pthread.h>
#include <string.h>

static void null_is_harmless(void **state)
{
    (void)state;
    apisec_error err;
    apisec_client_set_endpoint(NULL, "https://a.example/token");
    apisec_client_set_basic(NULL, "a", "b", 1);
    apisec_client_set_post(NULL, "a", "b", 1);
    apisec_client_set_private_key_jwt(NULL, "a", key_signer("ES256"), "b");
    apisec_client_set_mtls(NULL, "a", "b");
    apisec_client_free(NULL);
    assert_int_equal(client_begin(NULL, &err), APISEC_E_MEMORY); /* the one check at the end */
}

static void what_is_missing_is_said_at_the_start(void **state)
{
    (void)state;
    static const struct {
        bool set_endpoint;
        const char *endpoint;
        bool set_secret; /* basic, then post */
        const char *id, *secret;
        size_t len;
        apisec_status expected;
        const char *why;
    } rows[] = {
        {true, "https://a.example/token", true, "id", "secret", 6, APISEC_OK, "the twin"},
        {false, NULL, true, "id", "secret", 6, APISEC_E_CONFIG, "no endpoint"},
        {true, "https://a.example/token", false, NULL, NULL, 0, APISEC_E_CONFIG, "no authentication"},
        {true, NULL, true, "id", "secret", 6, APISEC_E_CONFIG, "no URL"},
        {true, "", true, "id", "secret", 6, APISEC_E_CONFIG, "an empty one"},
        {true, "http://a.example/token", true, "id", "secret", 6, APISEC_E_CONFIG, "not https"},
        {true, "https://u:p@a.example/token", true, "id", "secret", 6, APISEC_E_CONFIG, "user info"},
        {true, "https://a.example/token#x", true, "id", "secret", 6, APISEC_E_CONFIG, "a fragment"},
        {true, "https://a.example/token?tenant=1", true, "id", "secret", 6, APISEC_OK, "a query may be, RFC 6749 section 3.2"},
        {true, "https://a.example/token", true, NULL, "secret", 6, APISEC_E_CONFIG, "no id"},
        {true, "https://a.example/token", true, "", "secret", 6, APISEC_E_CONFIG, "an empty id"},
        {true, "https://a.example/token", true, "id", NULL, 6, APISEC_E_CONFIG, "no secret"},
        {true, "https://a.example/token", true, "id", "secret", 0, APISEC_E_CONFIG, "an empty secret"},
    };
    for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
        const size_t row = i / 2;
        apisec_error err;
        apisec_client *client = apisec_client_new(NULL);
        assert_non_null(client);
        if (rows[row].set_endpoint) apisec_client_set_endpoint(client, rows[row].endpoint);
        if (rows[row].set_secret && i % 2 == 0) apisec_client_set_basic(client, rows[row].id, rows[row].secret, rows[row].len);
        if (rows[row].set_secret && i % 2 == 1) apisec_client_set_post(client, rows[row].id, rows[row].secret, rows[row].len);
        const apisec_status status = client_begin(client, &err);
        if (status != rows[row].expected) fail_msg("row %zu: %s: %s", row, rows[row].why, err.text);
        assert_int_equal(atomic_load(&client->frozen), status == APISEC_OK); /* what could not begin may be mended */
        apisec_client_free(client);
    }
}

static void the_first_error_stays(void **state)
{
    (void)state;
    apisec_error err;
    apisec_client *client = apisec_client_new(NULL);
    apisec_client_set_endpoint(client, "ftp://a.example");
    apisec_client_set_endpoint(client, "https://a.example/token");
    apisec_client_set_basic(client, "", "", 0);
    assert_int_equal(client_begin(client, &err), APISEC_E_CONFIG);
    assert_non_null(strstr(err.text, "https"));
    apisec_client_free(client);
}

static void a_setter_replaces(void **state)
{
    (void)state;
    apisec_client *client = apisec_client_new(NULL);
    apisec_client_set_endpoint(client, "https://a.example/1");
    apisec_client_set_endpoint(client, "https://a.example/2");
    apisec_client_set_basic(client, "one", "first", 5);
    apisec_client_set_basic(client, "two", "second", 6);
    assert_int_equal(client_begin(client, NULL), APISEC_OK);
    assert_string_equal(client->endpoint, "https://a.example/2");
    assert_string_equal(client->credential.client_id, "two");
    assert_memory_equal(client->credential.secret, "second", 6);
    assert_int_equal(client->credential.secret_len, 6);
    assert_int_equal(client->credential.method, OAUTH_AUTH_BASIC);
    apisec_client_free(client);
}

static void the_last_way_to_authenticate_is_used(void **state)
{
    (void)state;
    apisec_client *client = apisec_client_new(NULL);
    apisec_client_set_endpoint(client, "https://a.example/token");
    apisec_client_set_basic(client, "one", "first", 5);
    apisec_client_set_private_key_jwt(client, "three", key_signer("ES256"), "https://a.example");
    apisec_client_set_mtls(client, "four", "mesh");
    apisec_client_set_post(client, "two", "second", 6);
    assert_int_equal(client_begin(client, NULL), APISEC_OK);
    assert_int_equal(client->credential.method, OAUTH_AUTH_POST);
    assert_string_equal(client->credential.client_id, "two");
    assert_null(client->credential.signer);
    assert_null(client->credential.identity);
    apisec_client_free(client);
}

static void each_way_to_authenticate_may_be_the_only_one(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++) {
        apisec_error err;
        apisec_client *client = apisec_client_new(NULL);
        apisec_client_set_endpoint(client, "https://a.example/token");
        if (way == 0) apisec_client_set_private_key_jwt(client, "id", key_signer("ES256"), "https://a.example");
        if (way == 1) apisec_client_set_mtls(client, "id", "mesh");
        if (way == 2) apisec_client_set_private_key_jwt(client, "id", key_signer("HS256"), "https://a.example"); /* shared */
        if (way == 3) apisec_client_set_mtls(client, "id", "");
        assert_int_equal(client_begin(client, &err), way < 2 ? APISEC_OK : APISEC_E_CONFIG);
        apisec_client_free(client);
    }
}

static void a_frozen_client_does_not_change(void **state)
{
    (void)state;
    for (int setter = 0; setter < 5; setter++) {
        apisec_error err;
        apisec_client *client = apisec_client_new(NULL);
        apisec_client_set_endpoint(client, "https://a.example/token");
        apisec_client_set_basic(client, "id", "secret", 6);
        assert_int_equal(client_begin(client, &err), APISEC_OK);
        assert_int_equal(client_begin(client, &err), APISEC_OK); /* the twin: any number of exchanges */
        if (setter == 0) apisec_client_set_endpoint(client, "https://b.example/token");
        else if (setter == 1) apisec_client_set_basic(client, "other", "other", 5);
        else if (setter == 2) apisec_client_set_post(client, "other", "other", 5);
        else if (setter == 3) apisec_client_set_private_key_jwt(client, "other", key_signer("ES256"), "https://b.example");
        else apisec_client_set_mtls(client, "other", "other");
        assert_string_equal(client->endpoint, "https://a.example/token");
        assert_string_equal(client->credential.client_id, "id");
        assert_int_equal(client_begin(client, &err), APISEC_E_MISUSE);
        assert_int_equal(client_begin(client, &err), APISEC_E_MISUSE); /* and so for ever */
        apisec_client_free(client);
    }
}

static void *ref_and_free(void *context)
{
    for (int i = 0; i < 10000; i++) apisec_client_free(client_ref(context));
    return NULL;
}

static void references_are_counted(void **state)
{
    (void)state;
    pthread_t threads[2];
    apisec_client *client = apisec_client_new(NULL);
    for (size_t i = 0; i < 2; i++) assert_int_equal(pthread_create(&threads[i], NULL, ref_and_free, client), 0);
    for (size_t i = 0; i < 2; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&client->references), 1);
    apisec_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_is_harmless),
        cmocka_unit_test(what_is_missing_is_said_at_the_start),
        cmocka_unit_test(the_first_error_stays),
        cmocka_unit_test(the_last_way_to_authenticate_is_used),
        cmocka_unit_test(each_way_to_authenticate_may_be_the_only_one),
        cmocka_unit_test(a_setter_replaces),
        cmocka_unit_test(a_frozen_client_does_not_change),
        cmocka_unit_test(references_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
