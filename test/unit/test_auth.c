/* SPDX-License-Identifier: Apache-2.0
 *
 * test_auth.c: client authentication, byte for byte.
 */
#include "oauth/oauth.h"
#include "support/keys.h"
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

static int32_t no_step(apisec_op *op, int64_t now_ms)
{
    (void)op;
    (void)now_ms;
    return APISEC_OP_DONE;
}

static const struct op_kind kind = {no_step, NULL};

static apisec_op *op_new(void)
{
    apisec_op *op = calloc(1, sizeof *op);
    assert_non_null(op);
    op_init(op, &kind);
    assert_int_equal(op_request(op, "POST", "https://a.example/token", 1, 0), APISEC_OK);
    return op;
}

/* apply is auth_apply for the methods that make no assertion. */
static apisec_status apply(const struct oauth_credential *credential, apisec_op *op, struct buffer *form)
{
    char *assertion = (char *)op;
    const apisec_status status = auth_apply(credential, op, form, 0, &assertion);
    assert_null(assertion);
    return status;
}

static void basic(void **state)
{
    (void)state;
    static const struct {
        const char *id, *secret;
        size_t len;
        const char *value, *why;
    } rows[] = {
        {"rs08", "long-secure-random-secret", 25, "Basic cnMwODpsb25nLXNlY3VyZS1yYW5kb20tc2VjcmV0", "RFC 8693 figure 2"},
        {"s6BhdRkqt3", "gX1fBat3bV", 10, "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW", "RFC 6749 section 4.1.3: s6BhdRkqt3:gX1fBat3bV"},
        {"svc:odd id", "p%3A+ss w:rd/~", 14, "Basic c3ZjJTNBb2RkK2lkOnAlMjUzQSUyQnNzK3clM0FyZCUyRiU3RQ==",
         "svc%3Aodd+id:p%253A%2Bss+w%3Ard%2F%7E: encoded before base64, so no colon splits it"},
        {"a", "b\0c", 3, "Basic YTpiJTAwYw==", "a:b%00c: any byte"},
        {"a", "", 0, "Basic YTo=", "a: and nothing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char id[32], secret[64];
        memcpy(id, rows[i].id, strlen(rows[i].id) + 1);
        memcpy(secret, rows[i].secret, rows[i].len);
        const struct oauth_credential credential = {
            .method = OAUTH_AUTH_BASIC, .client_id = id, .secret = secret, .secret_len = rows[i].len};
        struct buffer form = BUFFER_MAX(64);
        apisec_op *op = op_new();
        assert_int_equal(apply(&credential, op, &form), APISEC_OK);
        assert_int_equal(op->num_headers, 1);
        assert_string_equal(op->headers[0].name, "Authorization");
        if (strcmp(op->headers[0].value, rows[i].value) != 0) fail_msg("row %zu: %s: %s", i, rows[i].why, op->headers[0].value);
        assert_int_equal(form.len, 0);
        buffer_free(&form);
        apisec_op_free(op);
    }
}

static void a_secret_has_a_limit(void **state)
{
    (void)state;
    char id[] = "a";
    char *secret = calloc(1, 8192);
    assert_non_null(secret);
    memset(secret, 's', 8192);
    for (size_t len = 8190; len <= 8191; len++) {
        const struct oauth_credential credential = {
            .method = OAUTH_AUTH_BASIC, .client_id = id, .secret = secret, .secret_len = len};
        struct buffer form = BUFFER_MAX(64);
        apisec_op *op = op_new();
        assert_int_equal(apply(&credential, op, &form), len == 8190 ? APISEC_OK : APISEC_E_TOO_LARGE);
        assert_int_equal(op->num_headers, len == 8190 ? 1 : 0);
        apisec_op_free(op);
    }
    free(secret);
}

static void post(void **state)
{
    (void)state;
    static const struct {
        const char *id, *secret;
        size_t len;
        const char *form, *why;
    } rows[] = {
        {"s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw", 22, "scope=a&client_id=s6BhdRkqt3&client_secret=7Fjfp0ZBr1KtDRbnfVdmIw",
         "RFC 6749 section 2.3.1"},
        {"svc&post=odd", "p%26+ss w&rd=~", 14, "scope=a&client_id=svc%26post%3Dodd&client_secret=p%2526%2Bss+w%26rd%3D%7E",
         "encoded once, so no character of them splits the form"},
        {"a", "b\0c", 3, "scope=a&client_id=a&client_secret=b%00c", "any byte"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char id[32], secret[64];
        memcpy(id, rows[i].id, strlen(rows[i].id) + 1);
        memcpy(secret, rows[i].secret, rows[i].len);
        const struct oauth_credential credential = {
            .method = OAUTH_AUTH_POST, .client_id = id, .secret = secret, .secret_len = rows[i].len};
        struct buffer form = BUFFER_MAX(256);
        apisec_op *op = op_new();
        form_add(&form, "scope", text_of("a"));
        assert_int_equal(apply(&credential, op, &form), APISEC_OK);
        if (strcmp(form.bytes, rows[i].form) != 0) fail_msg("row %zu: %s: %s", i, rows[i].why, form.bytes);
        assert_int_equal(op->num_headers, 0); /* a server must not be shown two ways at once */
        buffer_free(&form);
        apisec_op_free(op);
    }
}

static void a_posted_secret_has_the_limit_of_the_form(void **state)
{
    (void)state;
    char id[] = "a", secret[] = "secret";
    const struct oauth_credential credential = {.method = OAUTH_AUTH_POST, .client_id = id, .secret = secret, .secret_len = 6};
    const size_t whole = strlen("client_id=a&client_secret=secret");
    for (size_t max = whole - 1; max <= whole; max++) {
        struct buffer form = BUFFER_MAX(max);
        apisec_op *op = op_new();
        assert_int_equal(apply(&credential, op, &form), max == whole ? APISEC_OK : APISEC_E_TOO_LARGE);
        buffer_free(&form);
        apisec_op_free(op);
    }
}

static void none(void **state)
{
    (void)state;
    char id[] = "my app";
    const struct oauth_credential named = {.client_id = id}, nameless = {.client_id = NULL};
    struct buffer form = BUFFER_MAX(64);
    apisec_op *op = op_new();
    assert_int_equal(apply(&nameless, op, &form), APISEC_OK);
    assert_int_equal(form.len, 0);
    assert_int_equal(apply(&named, op, &form), APISEC_OK);
    assert_string_equal(form.bytes, "client_id=my+app");
    assert_int_equal(op->num_headers, 0);
    buffer_free(&form);
    apisec_op_free(op);
}

static void an_unknown_method_is_refused(void **state)
{
    (void)state;
    const struct oauth_credential credential = {.method = (enum oauth_auth)99};
    struct buffer form = BUFFER_MAX(64);
    apisec_op *op = op_new();
    assert_int_equal(apply(&credential, op, &form), APISEC_E_CONFIG);
    apisec_op_free(op);
}

static void secrets_as_they_were_sent(void **state)
{
    (void)state;
    static const struct {
        enum oauth_auth method;
        const char *words;
        bool left_out;
        const char *why;
    } rows[] = {
        {OAUTH_AUTH_BASIC, "no such client: Basic czZCaGRSa3F0Mzpn4oCm", true, "a part of the header"},
        {OAUTH_AUTH_BASIC, "no such client: Basic YTpi", false, "the header of another client"},
        {OAUTH_AUTH_POST, "no such client: Basic czZCaGRSa3F0Mzpn", false, "no header was sent"},
        {OAUTH_AUTH_POST, "client_secret=gX%2F1%2BBa is wrong", true, "as the form has it"},
        {OAUTH_AUTH_BASIC, "client_secret=gX%2F1%2BBa is wrong", true, "as the header has it before base64"},
        {OAUTH_AUTH_BASIC, "gX/1+Ba+3bV is wrong", true, "as it is"},
        {OAUTH_AUTH_BASIC, "gX/1+Bo is wrong", false, "another secret"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char id[] = "s6BhdRkqt3", secret[] = "gX/1+Ba+3bV";
        const struct oauth_credential credential = {
            .method = rows[i].method, .client_id = id, .secret = secret, .secret_len = strlen(secret)};
        if (auth_is_in(&credential, NULL, text_of(rows[i].words)) != rows[i].left_out) fail_msg("row %zu: %s", i, rows[i].why);
    }
}

/* ---- a private key, and a certificate ---- */

static void private_key_jwt(void **state)
{
    (void)state;
    static const char front[] = "scope=a&client_id=svc+7"
                                "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
                                "&client_assertion=";
    struct oauth_credential credential = {.client_id = NULL};
    assert_int_equal(auth_set_private_key_jwt(&credential, "svc 7", key_signer("ES256"), "https://a.example", NULL), APISEC_OK);
    struct buffer form = BUFFER_MAX(4096);
    char *assertion = NULL;
    apisec_op *op = op_new();
    form_add(&form, "scope", text_of("a"));
    assert_int_equal(auth_apply(&credential, op, &form, 1750000000999, &assertion), APISEC_OK);
    assert_memory_equal(form.bytes, front, sizeof front - 1);
    assert_string_equal(form.bytes + sizeof front - 1, assertion); /* base64url and dots need no encoding */
    assert_int_equal(op->num_headers, 0);
    assert_null(op->identity);

    const struct text end = text_of(assertion + strlen(assertion) - 20);
    assert_false(auth_is_in(&credential, NULL, end)); /* the twin: nothing was sent */
    assert_true(auth_is_in(&credential, assertion, end));
    apisec_text_free(assertion);
    buffer_free(&form);
    apisec_op_free(op);
    auth_free(&credential);
}

static void mtls(void **state)
{
    (void)state;
    struct oauth_credential credential = {.client_id = NULL};
    assert_int_equal(auth_set_mtls(&credential, "svc 7", "mesh", NULL), APISEC_OK);
    struct buffer form = BUFFER_MAX(64);
    apisec_op *op = op_new();
    assert_int_equal(apply(&credential, op, &form), APISEC_OK);
    assert_string_equal(form.bytes, "client_id=svc+7"); /* RFC 8705 section 2: said, and proved by the certificate */
    assert_string_equal(op->identity, "mesh");
    assert_int_equal(op->num_headers, 0);
    buffer_free(&form);
    apisec_op_free(op);
    auth_free(&credential);
}

static void what_a_credential_lacks(void **state)
{
    (void)state;
    static const struct {
        enum oauth_auth method;
        const char *id, *value, *alg;
        apisec_status expected;
        const char *says, *why;
    } rows[] = {
        {OAUTH_AUTH_BASIC, "a", "secret", NULL, APISEC_OK, "", "the twin"},
        {OAUTH_AUTH_BASIC, "", "secret", NULL, APISEC_E_CONFIG, "id", ""},
        {OAUTH_AUTH_BASIC, NULL, "secret", NULL, APISEC_E_CONFIG, "id", ""},
        {OAUTH_AUTH_BASIC, "a", "", NULL, APISEC_E_CONFIG, "secret", ""},
        {OAUTH_AUTH_POST, "a", NULL, NULL, APISEC_E_CONFIG, "secret", ""},
        {OAUTH_AUTH_PRIVATE_KEY_JWT, "a", "https://a.example", "ES256", APISEC_OK, "", "the twin"},
        {OAUTH_AUTH_PRIVATE_KEY_JWT, "a", "https://a.example", "RS256", APISEC_OK, "", "another"},
        {OAUTH_AUTH_PRIVATE_KEY_JWT, "a", "https://a.example", "HS256", APISEC_E_CONFIG, "shared", "no private key"},
        {OAUTH_AUTH_PRIVATE_KEY_JWT, "a", "https://a.example", NULL, APISEC_E_CONFIG, "key", "no signer"},
        {OAUTH_AUTH_PRIVATE_KEY_JWT, "a", "", "ES256", APISEC_E_CONFIG, "audience", ""},
        {OAUTH_AUTH_PRIVATE_KEY_JWT, "a", NULL, "ES256", APISEC_E_CONFIG, "audience", ""},
        {OAUTH_AUTH_PRIVATE_KEY_JWT, "", "https://a.example", "ES256", APISEC_E_CONFIG, "id", ""},
        {OAUTH_AUTH_MTLS, "a", "mesh", NULL, APISEC_OK, "", "the twin"},
        {OAUTH_AUTH_MTLS, "", "mesh", NULL, APISEC_E_CONFIG, "id", ""},
        {OAUTH_AUTH_MTLS, "a", "", NULL, APISEC_E_CONFIG, "certificate", ""},
        {OAUTH_AUTH_MTLS, "a", NULL, NULL, APISEC_E_CONFIG, "certificate", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct oauth_credential credential = {.client_id = NULL}, copy;
        apisec_error err = {APISEC_OK, ""};
        const char *value = rows[i].value;
        const apisec_signer *signer = rows[i].alg == NULL ? NULL : key_signer(rows[i].alg);
        apisec_status status = APISEC_E_MISUSE;
        assert_int_equal(auth_set_secret(&credential, OAUTH_AUTH_POST, "old", text_of("old"), NULL), APISEC_OK);
        if (rows[i].method == OAUTH_AUTH_MTLS)
            status = auth_set_mtls(&credential, rows[i].id, value, &err);
        else if (rows[i].method == OAUTH_AUTH_PRIVATE_KEY_JWT)
            status = auth_set_private_key_jwt(&credential, rows[i].id, signer, value, &err);
        else
            status = auth_set_secret(&credential, rows[i].method, rows[i].id, text_of(value), &err);
        if (status != rows[i].expected || strstr(err.text, rows[i].says) == NULL)
            fail_msg("row %zu: %s: %s", i, rows[i].why, err.text);
        assert_int_equal(credential.method, status == APISEC_OK ? rows[i].method : OAUTH_AUTH_NONE); /* never the old one */
        assert_int_equal(auth_copy(&credential, &copy), APISEC_OK);
        auth_free(&credential); /* the copy stands alone */
        assert_int_equal(copy.method, status == APISEC_OK ? rows[i].method : OAUTH_AUTH_NONE);
        if (status == APISEC_OK) assert_string_equal(copy.client_id, rows[i].id);
        if (status == APISEC_OK && copy.method == OAUTH_AUTH_BASIC) assert_memory_equal(copy.secret, value, copy.secret_len);
        if (status == APISEC_OK && copy.method == OAUTH_AUTH_MTLS) assert_string_equal(copy.identity, value);
        if (status == APISEC_OK && signer != NULL) assert_ptr_equal(copy.signer, signer);
        auth_free(&copy);
    }
}

static void a_signer_may_be_freed_by_its_owner(void **state)
{
    (void)state;
    apisec_signer *signer = NULL;
    struct oauth_credential credential = {.client_id = NULL};
    char *assertion = NULL;
    assert_int_equal(apisec_signer_generate("ES256", &signer, NULL), APISEC_OK);
    assert_int_equal(auth_set_private_key_jwt(&credential, "a", signer, "https://a.example", NULL), APISEC_OK);
    apisec_signer_free(signer);
    assert_int_equal(assertion_new(credential.signer, ASSERTION_CLIENT, "a", "https://a.example", 0, &assertion), APISEC_OK);
    apisec_text_free(assertion);
    auth_free(&credential);
    assert_null(signer_ref(NULL));
}

static void free_empties(void **state)
{
    (void)state;
    struct oauth_credential credential = {.client_id = NULL};
    assert_int_equal(auth_set_secret(&credential, OAUTH_AUTH_BASIC, "a", text_of("b"), NULL), APISEC_OK);
    auth_free(&credential);
    auth_free(&credential);
    auth_free(NULL);
    assert_null(credential.secret);
    assert_null(credential.client_id);
    assert_int_equal(credential.secret_len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(basic), cmocka_unit_test(a_secret_has_a_limit), cmocka_unit_test(post),
        cmocka_unit_test(a_posted_secret_has_the_limit_of_the_form), cmocka_unit_test(none),
        cmocka_unit_test(an_unknown_method_is_refused), cmocka_unit_test(secrets_as_they_were_sent),
        cmocka_unit_test(private_key_jwt),
        cmocka_unit_test(mtls), cmocka_unit_test(what_a_credential_lacks), cmocka_unit_test(a_signer_may_be_freed_by_its_owner),
        cmocka_unit_test(free_empties),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
