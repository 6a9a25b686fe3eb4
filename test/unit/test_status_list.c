/* SPDX-License-Identifier: Apache-2.0
 *
 * test_status_list.c: what a Status List Token must say to be one, and that each entry is where the draft says: the lowest index in
 * the least significant bits, for 1, 2, 4 and 8 bits. Values typed from draft-ietf-oauth-status-list.
 */
#include "support/unit.h"
#include "support/guard.h"
#include "support/lists.h"
#include "token/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static apisec_status read_payload(const char *payload, struct status_list **list, apisec_error *err)
{
    const struct status_expected expected = {text_of(LIST_URI), FORGE_ISSUER, 60, FORGE_NOW};
    const size_t len = strlen(payload);
    const char *bytes = guarded(payload, len);
    const apisec_status status = status_list_read((struct text){bytes, len}, &expected, list, err);
    guard_free(bytes);
    return status;
}

/* ---- the claims ---- */

static const struct row {
    struct forge_change claims[2];
    apisec_status expected;
    const char *why;
} rows[] = {
    {{{0}}, APISEC_OK, "the honest list"},
    {{{"sub", "\"" FORGE_ISSUER "/lists/2\""}}, APISEC_E_RESPONSE, "sub is another list's"},
    {{{"sub", "\"" LIST_URI "/\""}}, APISEC_E_RESPONSE, "byte for byte"},
    {{{"sub", NULL}}, APISEC_E_RESPONSE, "sub is required"},
    {{{"sub", "7"}}, APISEC_E_RESPONSE, "sub is a string"},
    {{{"iss", NULL}}, APISEC_OK, "iss is not required"},
    {{{"iss", "\"https://evil.example\""}}, APISEC_E_RESPONSE, "another issuer's list"},
    {{{"iss", "null"}}, APISEC_E_RESPONSE, "wrong is not absent"},
    {{{"iat", NULL}}, APISEC_E_RESPONSE, "iat is required"},
    {{{"iat", "\"1749999900\""}}, APISEC_E_RESPONSE, "iat is a number"},
    {{{"iat", "1750000060"}}, APISEC_OK, "in the future within the leeway"},
    {{{"iat", "1750000061"}}, APISEC_E_RESPONSE, "and past it"},
    {{{"nbf", "1750000060"}}, APISEC_OK, "not before, within the leeway"},
    {{{"nbf", "1750000061"}}, APISEC_E_RESPONSE, "and past it"},
    {{{"nbf", "{}"}}, APISEC_E_RESPONSE, "nbf is a number"},
    {{{"exp", "1749999941"}}, APISEC_OK, "expired within the leeway"},
    {{{"exp", "1749999940"}}, APISEC_E_RESPONSE, "and past it"},
    {{{"exp", "true"}}, APISEC_E_RESPONSE, "exp is a number"},
    {{{"exp", "-1"}}, APISEC_E_RESPONSE, "exp is not negative"},
    {{{"ttl", NULL}}, APISEC_OK, "ttl is not required"},
    {{{"ttl", "1"}}, APISEC_OK, "the shortest"},
    {{{"ttl", "43200.5"}}, APISEC_OK, "a number"},
    {{{"ttl", "0"}}, APISEC_E_RESPONSE, "ttl is positive"},
    {{{"ttl", "-5"}}, APISEC_E_RESPONSE, "ttl is positive"},
    {{{"ttl", "\"300\""}}, APISEC_E_RESPONSE, "ttl is a number"},
    {{{"status_list", NULL}}, APISEC_E_RESPONSE, "the list is required"},
    {{{"status_list", "[]"}}, APISEC_E_RESPONSE, "the list is an object"},
    {{{"status_list", "{\"bits\":1,\"lst\":\"eNrbuRgAAhcBXQ\"}"}}, APISEC_OK, "the draft's example"},
    {{{"status_list", "{\"bits\":1,\"lst\":\"eNrbuRgAAhcBXQ\",\"aggregation_uri\":\"x\"}"}}, APISEC_OK, "more members"},
    {{{"status_list", "{\"lst\":\"eNrbuRgAAhcBXQ\"}"}}, APISEC_E_RESPONSE, "bits are required"},
    {{{"status_list", "{\"bits\":3,\"lst\":\"eNrbuRgAAhcBXQ\"}"}}, APISEC_E_RESPONSE, "bits are 1, 2, 4 or 8"},
    {{{"status_list", "{\"bits\":16,\"lst\":\"eNrbuRgAAhcBXQ\"}"}}, APISEC_E_RESPONSE, "bits are 1, 2, 4 or 8"},
    {{{"status_list", "{\"bits\":0,\"lst\":\"eNrbuRgAAhcBXQ\"}"}}, APISEC_E_RESPONSE, "bits are 1, 2, 4 or 8"},
    {{{"status_list", "{\"bits\":\"1\",\"lst\":\"eNrbuRgAAhcBXQ\"}"}}, APISEC_E_RESPONSE, "bits are a number"},
    {{{"status_list", "{\"bits\":1}"}}, APISEC_E_RESPONSE, "lst is required"},
    {{{"status_list", "{\"bits\":1,\"lst\":7}"}}, APISEC_E_RESPONSE, "lst is a string"},
    {{{"status_list", "{\"bits\":1,\"lst\":\"\"}"}}, APISEC_E_RESPONSE, "no stream"},
    {{{"status_list", "{\"bits\":1,\"lst\":\"eNrbuRgAAhcBXQ==\"}"}}, APISEC_E_RESPONSE, "without padding"},
    {{{"status_list", "{\"bits\":1,\"lst\":\"eNrbuRgAAhcBXR\"}"}}, APISEC_E_RESPONSE, "bits behind the last byte"},
    {{{"status_list", "{\"bits\":1,\"lst\":\"27kYAA\"}"}}, APISEC_E_RESPONSE, "DEFLATE without ZLIB's frame"},
    {{{"status_list", "{\"bits\":1,\"lst\":\"eJwDAAAAAAE\"}"}}, APISEC_E_RESPONSE, "a list of no bytes"},
    {{{"ttl", "300,\"ttl\":300"}}, APISEC_E_RESPONSE, "a name twice"},
};

static void test_claims(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct status_list *list = NULL;
        apisec_error err;
        char *payload = list_claims(LIST_BYTES, 2, rows[i].claims);
        if (read_payload(payload, &list, &err) != rows[i].expected)
            fail_msg("%s: %s: %s", payload, rows[i].why, err.text);
        assert_int_equal(list != NULL, rows[i].expected == APISEC_OK);
        assert_int_equal(err.status, rows[i].expected);
        free(list);
        free(payload);
    }
}

static void test_what_is_kept(void **state)
{
    (void)state;
    static const struct forge_change said[] = {{"exp", "1750000500"}, {NULL, NULL}}, unsaid[] = {{"ttl", NULL}, {NULL, NULL}};
    struct status_list *list = NULL;
    char *payload = list_claims(LIST_BYTES, 2, said);
    assert_int_equal(read_payload(payload, &list, NULL), APISEC_OK);
    assert_int_equal(list->issued_at, 1749999900);
    assert_int_equal(list->expires_at, 1750000560); /* with the leeway */
    assert_int_equal(list->ttl, 300);
    free(list);
    free(payload);
    payload = list_claims(LIST_BYTES, 2, unsaid);
    assert_int_equal(read_payload(payload, &list, NULL), APISEC_OK);
    assert_true(list->expires_at == INT64_MAX);
    assert_int_equal(list->ttl, 0);
    free(list);
    free(payload);
}

static void test_not_json(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "x", "[]", "\"a\"", "{\"sub\":\"a\\u0000b\"}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct status_list *list = NULL;
        assert_int_equal(read_payload(texts[i], &list, NULL), APISEC_E_RESPONSE);
        assert_null(list);
    }
}

/* ---- the entries ---- */

static struct status_list *list_of(const void *bytes, size_t len, const char *bits)
{
    char text[256], *lst = list_pack(bytes, len);
    assert_true(strlen(lst) < 200);
    snprintf(text, sizeof text, "{\"bits\":%s,\"lst\":\"%s\"}", bits, lst);
    char *payload = list_claims(bytes, len, (struct forge_change[]){{"status_list", text}, {NULL, NULL}});
    struct status_list *list = NULL;
    assert_int_equal(read_payload(payload, &list, NULL), APISEC_OK);
    free(payload);
    free(lst);
    return list;
}

static void check_entries(const void *bytes, size_t len, const char *bits, const uint32_t *entries, size_t num)
{
    struct status_list *list = list_of(bytes, len, bits);
    for (size_t i = 0; i < num; i++) {
        assert_true(status_list_has(list, (int64_t)i));
        assert_int_equal(status_list_at(list, (int64_t)i), entries[i]);
    }
    const int64_t outside[] = {-1, INT64_MIN, (int64_t)num, (int64_t)num + 1, (int64_t)1 << 32, ((int64_t)1 << 53) - 1, INT64_MAX};
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) assert_false(status_list_has(list, outside[i]));
    free(list);
}

static void test_entries(void **state)
{
    (void)state;
    static const uint32_t one[] = {1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1}; /* section 4.1 */
    static const uint32_t two[] = {1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3};             /* section 10.1 */
    static const uint32_t four[] = {0xd, 0xc, 0x0, 0xf, 0x5, 0xa};
    static const uint32_t eight[] = {0xcd, 0x00, 0xff, 0x01};
    check_entries("\xb9\xa3", 2, "1", one, 16);
    check_entries("\xc9\x44\xf9", 3, "2", two, 12);
    check_entries("\xcd\xf0\xa5", 3, "4", four, 6);
    check_entries("\xcd\x00\xff\x01", 4, "8", eight, 4);
}

static void test_the_largest(void **state)
{
    (void)state;
    unsigned char *bytes = calloc(1, STATUS_MAX_LIST + 1);
    assert_non_null(bytes);
    bytes[STATUS_MAX_LIST - 1] = 0x80;
    for (size_t more = 0; more < 2; more++) {
        struct status_list *list = NULL;
        apisec_error err;
        char *payload = list_claims(bytes, STATUS_MAX_LIST + more, FORGE_SAME);
        assert_int_equal(read_payload(payload, &list, &err), more == 0 ? APISEC_OK : APISEC_E_RESPONSE);
        if (more == 0) {
            assert_int_equal(status_list_at(list, 8388607), 1);
            assert_int_equal(status_list_at(list, 8388606), 0);
            assert_false(status_list_has(list, 8388608));
        } else {
            assert_non_null(strstr(err.text, "1 MiB"));
        }
        free(list);
        free(payload);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_claims),  cmocka_unit_test(test_what_is_kept), cmocka_unit_test(test_not_json),
        cmocka_unit_test(test_entries), cmocka_unit_test(test_the_largest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
