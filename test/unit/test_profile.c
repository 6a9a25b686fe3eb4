/* SPDX-License-Identifier: Apache-2.0
 *
 * test_profile.c: what each profile demands: its name, `typ`, the way a token comes, its required claims; each rule as a table
 * whose rows change one thing of a token that passes.
 */
#include "support/unit.h"
#include "support/forge.h"
#include "token/token.h"

#include <stdlib.h>
#include <string.h>

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool known;
        enum profile profile;
        int64_t max_lifetime;
    } rows[] = {
        {"at+jwt", true, PROFILE_AT_JWT, 86400},
        {"jwt", true, PROFILE_JWT, 0},
        {"txntoken+jwt", true, PROFILE_TXN, 360},
        {"JWT", false, PROFILE_AT_JWT, 0},
        {"at+jwt ", false, PROFILE_AT_JWT, 0},
        {"application/at+jwt", false, PROFILE_AT_JWT, 0},
        {"", false, PROFILE_AT_JWT, 0},
        {NULL, false, PROFILE_AT_JWT, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum profile profile = (enum profile)77;
        assert_int_equal(profile_find(text_of(rows[i].name), &profile), rows[i].known);
        assert_int_equal(profile, rows[i].known ? (int)rows[i].profile : 77); /* untouched */
        if (rows[i].known) assert_int_equal(profile_max_lifetime(profile), rows[i].max_lifetime);
    }
}

static void test_types(void **state)
{
    (void)state;
    static const struct {
        const char *typ;
        bool at_jwt, jwt, txn;
    } rows[] = {
        {"at+jwt", true, false, false},
        {"AT+JWT", true, false, false},
        {"application/at+jwt", true, false, false},
        {"JWT", false, true, false},
        {"jwt", false, true, false},
        {"application/jwt", false, true, false},
        {NULL, false, true, false},
        {"txntoken+jwt", false, false, true},
        {"application/TxnToken+jwt", false, false, true},
        {"", false, false, false},
        {"id+jwt", false, false, false},
        {"logout+jwt", false, false, false},
        {"secevent+jwt", false, false, false},
        {"client-authentication+jwt", false, false, false},
        {"dpop+jwt", false, false, false},
        {"txn_token", false, false, false},
        {"JOSE", false, false, false},
        {"x/txntoken+jwt", false, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const bool passes[] = {[PROFILE_AT_JWT] = rows[i].at_jwt, [PROFILE_JWT] = rows[i].jwt, [PROFILE_TXN] = rows[i].txn};
        for (int p = PROFILE_AT_JWT; p <= PROFILE_TXN; p++) {
            const apisec_status status = profile_check_type((enum profile)p, text_of(rows[i].typ), NULL);
            if (status != (passes[p] ? APISEC_OK : APISEC_E_TYPE)) fail_msg("typ %s in profile %d", rows[i].typ, p);
        }
    }
}

static void test_sources(void **state)
{
    (void)state;
    static const struct {
        enum profile profile;
        enum token_source source;
        apisec_status expected;
    } rows[] = {
        {PROFILE_AT_JWT, TOKEN_BARE, APISEC_OK},       {PROFILE_AT_JWT, TOKEN_AUTHORIZATION, APISEC_OK},
        {PROFILE_AT_JWT, TOKEN_TXN_HEADER, APISEC_E_TYPE},
        {PROFILE_JWT, TOKEN_BARE, APISEC_OK},          {PROFILE_JWT, TOKEN_AUTHORIZATION, APISEC_OK},
        {PROFILE_JWT, TOKEN_TXN_HEADER, APISEC_E_TYPE},
        {PROFILE_TXN, TOKEN_BARE, APISEC_OK},          {PROFILE_TXN, TOKEN_AUTHORIZATION, APISEC_E_TYPE},
        {PROFILE_TXN, TOKEN_TXN_HEADER, APISEC_OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (profile_check_source(rows[i].profile, rows[i].source, NULL) != rows[i].expected) fail_msg("row %zu", i);
}

/* ---- claims; test_claims.c has those of the other two profiles ---- */

struct row {
    const char *name, *value; /* NULL: left out */
    apisec_status expected;
    const char *why;
};

static apisec_status judge(const char *text, const struct issuer *issuer, apisec_error *err)
{
    struct json *document = NULL;
    struct claims claims;
    struct trail trail = trail_begin(CHECK_FORM);
    assert_int_equal(json_parse_object(text_of(text), &json_token_limits, &document, NULL), APISEC_OK);
    apisec_status status = claims_read_issuer(document, &claims, err);
    if (status == APISEC_OK) status = claims_check_time(&claims, issuer, FORGE_NOW, &trail, err);
    if (status == APISEC_OK) status = claims_read_names(&claims, err);
    if (status == APISEC_OK) status = claims_check_required(&claims, issuer, err);
    json_free(document);
    return status;
}

static void test_transaction_claims(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"nonce", "1", APISEC_OK, "nothing changed that matters: typ says what it is"},
        {"iat", NULL, APISEC_E_CLAIM, "required"},
        {"txn", NULL, APISEC_E_CLAIM, "required"},
        {"txn", "\"\"", APISEC_E_CLAIM, "says nothing"},
        {"txn", "7", APISEC_E_CLAIM, ""},
        {"txn", "null", APISEC_E_CLAIM, ""},
        {"sub", NULL, APISEC_E_CLAIM, "required"},
        {"sub", "\"\"", APISEC_E_CLAIM, ""},
        {"scope", NULL, APISEC_E_CLAIM, "required: what the transaction is for"},
        {"scope", "\"\"", APISEC_E_CLAIM, ""},
        {"scope", "[\"orders:write\"]", APISEC_E_CLAIM, ""},
        {"req_wl", NULL, APISEC_E_CLAIM, "required: which workload asked for it"},
        {"req_wl", "\"\"", APISEC_E_CLAIM, ""},
        {"req_wl", "[\"gateway\"]", APISEC_E_CLAIM, "an array, as in an older draft"},
        {"req_wl", "{}", APISEC_E_CLAIM, ""},
        {"req_wl", "null", APISEC_E_CLAIM, ""},
        {"tctx", NULL, APISEC_OK, "recommended"},
        {"tctx", "{}", APISEC_OK, ""},
        {"tctx", "\"a\"", APISEC_E_CLAIM, ""},
        {"tctx", "[]", APISEC_E_CLAIM, ""},
        {"tctx", "null", APISEC_E_CLAIM, "null is not absent"},
        {"rctx", NULL, APISEC_OK, "recommended"},
        {"rctx", "1", APISEC_E_CLAIM, ""},
        {"rctx", "[{}]", APISEC_E_CLAIM, ""},
        {"jti", NULL, APISEC_OK, "not of this profile"},
        {"client_id", NULL, APISEC_OK, "nor this"},
    };
    struct issuer issuer = {.profile = PROFILE_TXN, .leeway = 60};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_error err = {APISEC_OK, ""};
        const struct forge_change changes[] = {
            {"txn", "\"x\""}, {"req_wl", "\"gateway\""}, {"tctx", "{}"}, {"rctx", "{}"}, {NULL, NULL}};
        struct forge_change changed[6];
        size_t num = 0;
        for (size_t k = 0; changes[k].name != NULL; k++)
            if (strcmp(changes[k].name, rows[i].name) != 0) changed[num++] = changes[k];
        changed[num++] = (struct forge_change){rows[i].name, rows[i].value};
        changed[num] = (struct forge_change){NULL, NULL};
        char *text = forge_claims(changed);
        const apisec_status status = judge(text, &issuer, &err);
        if (status != rows[i].expected) fail_msg("%s = %s: %s: %s", rows[i].name, rows[i].value, rows[i].why, err.text);
        if (status != APISEC_OK) assert_int_equal(err.status, status);
        free(text);
    }
}

static void test_no_such_profile(void **state)
{
    (void)state;
    const struct claims claims = {0};
    assert_int_equal(profile_check_claims((enum profile)77, &claims, NULL), APISEC_E_TYPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_transaction_claims),
        cmocka_unit_test(test_no_such_profile),
    };
    return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
