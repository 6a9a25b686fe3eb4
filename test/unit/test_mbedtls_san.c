/* SPDX-License-Identifier: Apache-2.0
 *
 * test_mbedtls_san.c: the names in a certificate: of a real one, of ones with anything but names in them, and of no truncation and
 * no changed byte more than there are.
 */
#include "support/unit.h"
#include "crypto/crypto.h"
#include "support/certificate.h"
#include "support/guard.h"

#include <stdlib.h>
#include <string.h>

/* Of a self-signed certificate made by OpenSSL: URI:spiffe://mesh.example/gateway, DNS:Gateway.mesh.example, DNS:gw.mesh.example,
 * IP:192.0.2.1, email:a@b.example. */
static const char real[] =
    "MIIBzDCCAXGgAwIBAgIUPOtnQj5N8wObJ58iroG6DMYLpNcwCgYIKoZIzj0EAwIwEjEQMA4GA1UEAwwHZ2F0ZXdheTAeFw0yNjExMjIyMjU3NDRaFw0zNjExMTky"
    "MjU3NDRaMBIxEDAOBgNVBAMMB2dhdGV3YXkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQSryMZtL1nInFXQyk6ETSHy0Q3M3khbmx5gHg0QjmYMOObH4TCa7uc"
    "FUCOjhmEafD-WSxcAqGZPBu61kJHSi1No4GkMIGhMAwGA1UdEwEB_wQCMAAwDgYDVR0PAQH_BAQDAgeAMGIGA1UdEQRbMFmGHXNwaWZmZTovL21lc2guZXhhbXBs"
    "ZS9nYXRld2F5ghRHYXRld2F5Lm1lc2guZXhhbXBsZYIPZ3cubWVzaC5leGFtcGxlhwTAAAIBgQthQGIuZXhhbXBsZTAdBgNVHQ4EFgQUNZgOxgScuA_SlJqfbCYE"
    "iR7_JzkwCgYIKoZIzj0EAwIDSQAwRgIhAI7hE9HhWLpRl5VxozvLHKOXwQVpqK3TnSWVH4OVAyJ9AiEAgpWWtTiHbRYc0fjXJGTS_6-juWiGRqM4kAsbw2lcFZQ";

static struct text decode_real(unsigned char out[512])
{
    size_t len = 0;
    assert_int_equal(base64url_decode(real, sizeof real - 1, out, &len), APISEC_OK);
    return (struct text){(const char *)out, len};
}

static void test_a_real_one(void **state)
{
    (void)state;
    unsigned char bytes[512];
    struct crypto_names names;
    assert_int_equal(crypto_certificate_names(decode_real(bytes), &names), APISEC_OK);
    assert_int_equal(names.num, 3);
    assert_int_equal(names.num_uris, 1);
    assert_true(names.at[0].is_uri && text_is(names.at[0].text, "spiffe://mesh.example/gateway"));
    assert_true(!names.at[1].is_uri && text_is(names.at[1].text, "Gateway.mesh.example"));
    assert_true(!names.at[2].is_uri && text_is(names.at[2].text, "gw.mesh.example"));
}

/* Every byte that is missing, and every bit that is another: no crash, no name that is not in the bytes, at the end of a page. */
static void test_every_truncation_and_every_bit(void **state)
{
    (void)state;
    unsigned char bytes[512];
    struct crypto_names names;
    const struct text der = decode_real(bytes);
    for (size_t len = 0; len < der.len; len++) {
        const char *cut = guarded(der.at, len);
        assert_int_equal(crypto_certificate_names((struct text){cut, len}, &names), APISEC_E_MALFORMED);
        assert_int_equal(names.num + names.num_uris, 0);
        guard_free(cut);
    }
    for (size_t bit = 0; bit < der.len * 8; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        const char *changed = guarded(bytes, der.len);
        if (crypto_certificate_names((struct text){changed, der.len}, &names) != APISEC_OK) assert_int_equal(names.num, 0);
        for (size_t i = 0; i < names.num; i++) {
            assert_true(names.at[i].text.at >= changed && names.at[i].text.at + names.at[i].text.len <= changed + der.len);
            assert_true(text_is_printable(names.at[i].text));
        }
        guard_free(changed);
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    bytes[der.len] = 0;
    assert_int_equal(crypto_certificate_names((struct text){der.at, der.len + 1}, &names), APISEC_E_MALFORMED); /* one byte more */
}

static apisec_status names_of(const struct certificate_name *sans, size_t num, size_t extensions, struct crypto_names *names)
{
    size_t len;
    unsigned char *der = certificate_with(sans, num, extensions, &len);
    const char *copy = guarded(der, len);
    const apisec_status status = crypto_certificate_names((struct text){copy, len}, names);
    guard_free(copy);
    free(der);
    return status;
}

static void test_what_a_name_may_be(void **state)
{
    (void)state;
    static const struct {
        struct certificate_name names[2];
        apisec_status expected;
        size_t num;
        const char *why;
    } rows[] = {
        {{CERTIFICATE_NAME('D', "a.example"), CERTIFICATE_NAME('U', "spiffe://a/b")}, APISEC_OK, 2, "the honest ones"},
        {{CERTIFICATE_NAME('D', "a.example\0.evil"), CERTIFICATE_NAME('U', "x:y")},
         APISEC_E_MALFORMED,
         0,
         "NUL in one: none at all"},
        {{CERTIFICATE_NAME('U', "x:y"), CERTIFICATE_NAME('U', "spiffe://a/b\0c")}, APISEC_E_MALFORMED, 0, "NUL in a URI"},
        {{CERTIFICATE_NAME('U', "x:y"), CERTIFICATE_NAME('D', "a\nb")}, APISEC_E_MALFORMED, 0, "a line break"},
        {{CERTIFICATE_NAME('U', "x:y"), CERTIFICATE_NAME('D', "a b")}, APISEC_E_MALFORMED, 0, "a space"},
        {{CERTIFICATE_NAME('U', "x:y"), CERTIFICATE_NAME('D', "\xc3\xa4.example")}, APISEC_E_MALFORMED, 0, "no ASCII"},
        {{CERTIFICATE_NAME('U', "x:y"), CERTIFICATE_NAME('D', "")}, APISEC_E_MALFORMED, 0, "empty"},
        {{CERTIFICATE_NAME('U', "x:y"), CERTIFICATE_NAME('E', "a b\0c")}, APISEC_OK, 1, "of another kind, which nobody reads"},
        {{CERTIFICATE_NAME('U', "x:y"), CERTIFICATE_NAME('X', "a")}, APISEC_E_MALFORMED, 0, "not a GeneralName"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct crypto_names names;
        const apisec_status status = names_of(rows[i].names, 2, 1, &names);
        if (status != rows[i].expected || names.num != rows[i].num) fail_msg("%s: %zu names", rows[i].why, names.num);
    }
}

static void test_how_many(void **state)
{
    (void)state;
    static struct certificate_name many[CRYPTO_MAX_NAMES + 1];
    struct crypto_names names;
    for (size_t i = 0; i <= CRYPTO_MAX_NAMES; i++) many[i] = (struct certificate_name)CERTIFICATE_NAME('U', "a:b");
    assert_int_equal(names_of(many, CRYPTO_MAX_NAMES, 1, &names), APISEC_OK);
    assert_int_equal(names.num_uris, CRYPTO_MAX_NAMES);
    assert_int_equal(names_of(many, CRYPTO_MAX_NAMES + 1, 1, &names), APISEC_E_MALFORMED);
    assert_int_equal(names_of(many, 1, 2, &names), APISEC_E_MALFORMED); /* the extension twice */
    assert_int_equal(names_of(many, 0, 1, &names), APISEC_E_MALFORMED); /* RFC 5280: at least one */
    assert_int_equal(names_of(many, 1, 0, &names), APISEC_OK);
    assert_int_equal(names.num, 0); /* no such extension, no name */
    assert_int_equal(crypto_certificate_names((struct text){NULL, 0}, &names), APISEC_E_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_real_one),
        cmocka_unit_test(test_every_truncation_and_every_bit),
        cmocka_unit_test(test_what_a_name_may_be),
        cmocka_unit_test(test_how_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
