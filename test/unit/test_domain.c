/* SPDX-License-Identifier: Apache-2.0
 *
 * test_domain.c: which issuer a Txn-Token without `iss` belongs to: the one of its trust domain, if there is exactly one.
 */
#include "support/unit.h"
#include "token/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *mesh[] = {"mesh.example", "mesh.example"}; /* twice the same does no harm */
static char *both[] = {"shared.example", "blue.example"};
static char *shared[] = {"green.example", "shared.example"};
static char *access_only[] = {"orders"};

enum { MESH, BLUE, GREEN, ACCESS };
static const struct issuer issuers[] = {
    [MESH] = {.name = "mesh", .audiences = {mesh, 2}, .profile = PROFILE_TXN},
    [BLUE] = {.name = "blue", .audiences = {both, 2}, .profile = PROFILE_TXN},
    [GREEN] = {.name = "green", .audiences = {shared, 2}, .profile = PROFILE_TXN},
    [ACCESS] = {.name = "id", .audiences = {access_only, 1}, .profile = PROFILE_AT_JWT},
};

static apisec_status find(const struct domains *domains, const char *payload, const struct issuer **issuer, apisec_error *err)
{
    struct json *document = NULL;
    struct claims claims;
    assert_int_equal(json_parse_object(text_of(payload), &json_token_limits, &document, NULL), APISEC_OK);
    assert_int_equal(claims_read_issuer(document, &claims, NULL), APISEC_OK);
    const apisec_status status = domains_find(domains, &claims, issuer, err);
    json_free(document);
    return status;
}

static void test_find(void **state)
{
    (void)state;
    static const struct {
        const char *payload;
        apisec_status expected;
        const struct issuer *issuer;
        const char *why;
    } rows[] = {
        {"{\"aud\":\"mesh.example\"}", APISEC_OK, &issuers[MESH], ""},
        {"{\"aud\":[\"mesh.example\"]}", APISEC_OK, &issuers[MESH], ""},
        {"{\"aud\":[\"other.example\",\"mesh.example\"]}", APISEC_OK, &issuers[MESH], "one of them is ours"},
        {"{\"aud\":[\"mesh.example\",\"mesh.example\"]}", APISEC_OK, &issuers[MESH], "the same issuer twice"},
        {"{\"aud\":\"blue.example\"}", APISEC_OK, &issuers[BLUE], ""},
        {"{\"aud\":\"green.example\"}", APISEC_OK, &issuers[GREEN], ""},
        {"{\"aud\":\"shared.example\"}", APISEC_E_ISSUER, NULL, "two issuers have it"},
        {"{\"aud\":[\"blue.example\",\"shared.example\"]}", APISEC_E_ISSUER, NULL,
         "one domain would be enough, but which is meant?"},
        {"{\"aud\":[\"mesh.example\",\"blue.example\"]}", APISEC_E_ISSUER, NULL, "two domains of two issuers"},
        {"{\"aud\":\"orders\"}", APISEC_E_ISSUER, NULL, "the audience of access tokens is no trust domain"},
        {"{\"aud\":\"mesh.exampl\"}", APISEC_E_ISSUER, NULL, "a prefix"},
        {"{\"aud\":\"Mesh.example\"}", APISEC_E_ISSUER, NULL, "case"},
        {"{\"aud\":\"\"}", APISEC_E_ISSUER, NULL, ""},
        {"{\"aud\":[]}", APISEC_E_CLAIM, NULL, ""},
        {"{\"aud\":[\"mesh.example\",7]}", APISEC_E_CLAIM, NULL, ""},
        {"{\"aud\":7}", APISEC_E_CLAIM, NULL, ""},
        {"{\"aud\":null}", APISEC_E_CLAIM, NULL, ""},
        {"{\"aud\":{\"mesh.example\":1}}", APISEC_E_CLAIM, NULL, ""},
        {"{\"sub\":\"mesh.example\"}", APISEC_E_CLAIM, NULL, "absent"},
    };
    struct domains domains;
    assert_int_equal(domains_new(issuers, sizeof issuers / sizeof issuers[0], &domains, NULL), APISEC_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_error err = {APISEC_OK, ""};
        const struct issuer *found = &issuers[ACCESS];
        const apisec_status status = find(&domains, rows[i].payload, &found, &err);
        if (status != rows[i].expected) fail_msg("%s (%s): %s", rows[i].payload, rows[i].why, apisec_status_name(status));
        if (found != rows[i].issuer) fail_msg("%s: another issuer", rows[i].payload);
        if (status != APISEC_OK) assert_int_equal(err.status, status);
    }
    domains_free(&domains);
    domains_free(&domains);
}

static void test_none(void **state)
{
    (void)state;
    struct domains domains;
    const struct issuer *found = &issuers[ACCESS];
    assert_int_equal(domains_new(&issuers[ACCESS], 1, &domains, NULL), APISEC_OK);
    assert_int_equal(find(&domains, "{\"aud\":\"orders\"}", &found, NULL), APISEC_E_ISSUER);
    assert_null(found);
    domains_free(&domains);
}

static void test_many(void **state)
{
    (void)state;
    enum { MANY = 1000 };
    static char names[MANY][16];
    static char *audiences[MANY];
    static struct issuer many[MANY];
    struct domains domains;
    for (size_t i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "d%zu", i);
        audiences[i] = names[i];
        many[i] = (struct issuer){.audiences = {&audiences[i], 1}, .profile = PROFILE_TXN};
    }
    assert_int_equal(domains_new(many, MANY, &domains, NULL), APISEC_OK);
    for (size_t i = 0; i < MANY; i++) {
        char payload[32];
        const struct issuer *found = NULL;
        snprintf(payload, sizeof payload, "{\"aud\":\"d%zu\"}", i);
        assert_int_equal(find(&domains, payload, &found, NULL), APISEC_OK);
        assert_ptr_equal(found, &many[i]);
    }
    domains_free(&domains);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests_name("domain", tests, NULL, NULL);
}
