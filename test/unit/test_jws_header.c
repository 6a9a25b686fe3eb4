/* SPDX-License-Identifier: Apache-2.0
 *
 * test_jws_header.c: what the header of a token may say, and what its `typ` is. RFC 7515 sections 4 and 5.2, RFC 8725.
 */
#include "support/unit.h"
#include "jose/jose.h"
#include "support/guard.h"

#include <stdlib.h>
#include <string.h>

#define K64 "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"

static const struct {
    const char *header;
    apisec_status status;
    const char *alg, *kid, *typ, *cty; /* NULL: absent */
    const char *why;
} headers[] = {
    {"{\"alg\":\"ES256\"}", APISEC_OK, "ES256", NULL, NULL, NULL, "the twin"},
    {"{\"typ\":\"at+jwt\",\"kid\":\"k\",\"cty\":\"JWT\",\"alg\":\"ES256\"}", APISEC_OK, "ES256", "k", "at+jwt", "JWT", "all four"},
    {" { \"alg\" :\r\n\"ES256\"\t} ", APISEC_OK, "ES256", NULL, NULL, NULL, "white space"},
    {"{\"alg\":\"\\u0045S256\"}", APISEC_OK, "ES256", NULL, NULL, NULL, "escapes are what they stand for"},
    {"{\"alg\":\"none\"}", APISEC_OK, "none", NULL, NULL, NULL, "a header like any; there is no such algorithm"},
    {"{\"alg\":\"ES256\",\"kid\":\"\"}", APISEC_OK, "ES256", "", NULL, NULL, "an empty kid is no absent one"},
    {"{\"alg\":\"ES256\",\"kid\":\"" K64 K64 K64 K64 "\"}", APISEC_OK, "ES256", K64 K64 K64 K64, NULL, NULL, "256 bytes"},
    {"{\"alg\":\"ES256\",\"vendor\":{\"a\":[1]}}", APISEC_OK, "ES256", NULL, NULL, NULL, "RFC 7515 section 4: ignored"},
    {"{\"alg\":\"ES256\",\"jku\":1,\"jwk\":\"\",\"x5u\":[],\"x5c\":{},\"x5t\":null}", APISEC_OK, "ES256", NULL, NULL, NULL,
     "not looked at"},

    {"{}", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, "no alg"},
    {"{\"ALG\":\"ES256\"}", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, "names are case-sensitive"},
    {"{\"alg\":null}", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, "alg is no string"},
    {"{\"alg\":[\"ES256\"]}", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, ""},
    {"{\"alg\":1}", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, ""},
    {"{\"alg\":\"none\",\"alg\":\"ES256\"}", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, "alg twice"},
    {"{\"alg\":\"ES256\",\"\\u0061lg\":\"none\"}", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, "twice, in another spelling"},
    {"{\"alg\":\"ES256\",\"kid\":7}", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, "kid is no string"},
    {"{\"alg\":\"ES256\",\"kid\":null}", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, ""},
    {"{\"alg\":\"ES256\",\"kid\":\"" K64 K64 K64 K64 "k\"}", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, "257 bytes"},
    {"{\"alg\":\"ES256\",\"kid\":\"a\\u0000b\"}", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, "a NUL"},
    {"{\"alg\":\"ES256\",\"typ\":false}", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, "typ is no string"},
    {"{\"alg\":\"ES256\",\"typ\":[\"at+jwt\"]}", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, ""},
    {"{\"alg\":\"ES256\",\"cty\":{}}", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, "cty is no string"},
    {"{\"alg\":\"ES256\",\"crit\":[\"exp\"],\"exp\":1}", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, "crit: not understood"},
    {"{\"alg\":\"ES256\",\"crit\":[\"alg\"]}", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, "RFC 7515 section 4.1.11 forbids it"},
    {"{\"alg\":\"ES256\",\"crit\":[]}", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, "empty"},
    {"{\"alg\":\"ES256\",\"crit\":\"exp\"}", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, "no array"},
    {"{\"alg\":\"ES256\",\"crit\":null}", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, "null is there"},
    {"{\"alg\":\"ES256\",\"b64\":false,\"crit\":[\"b64\"]}", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, "RFC 7797"},
    {"{\"alg\":\"ES256\",\"b64\":false}", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, "b64 alone"},
    {"{\"alg\":\"ES256\",\"b64\":true}", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, "RFC 7797 section 7: not in a JWT"},
    {"[\"alg\"]", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, "no object"},
    {"\"ES256\"", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, "no object"},
    {"{\"alg\":\"ES256\"} ;", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, "bytes behind the end"},
    {"{\"alg\":\"ES256\"", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, "cut"},
    {"{'alg':'ES256'}", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, "not JSON"},
    {"\xef\xbb\xbf{\"alg\":\"ES256\"}", APISEC_E_MALFORMED, NULL, NULL, NULL, NULL, "a byte order mark"},
    {"{\"alg\":\"ES256\",\"a\":[[[[[[[[1]]]]]]]]}", APISEC_E_TOO_LARGE, NULL, NULL, NULL, NULL, "deeper than a token may be"},
};

static bool same(struct text found, const char *want)
{
    return want ? text_is(found, want) && found.at : !found.at && found.len == 0;
}

static apisec_status parse_header(const char *bytes, size_t len, struct jws_header *header)
{
    char *encoded = malloc(base64url_encoded_len(len) + 1);
    assert_non_null(encoded);
    base64url_encode(bytes, len, encoded);
    const char *in = guarded_text(encoded);
    apisec_error err;
    const apisec_status status = jws_header_parse((struct text){in, strlen(encoded)}, header, &err);
    assert_int_equal(err.status, status);
    guard_free(in); /* nothing of the header lies in it */
    free(encoded);
    return status;
}

static void test_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        struct jws_header header;
        const apisec_status status = parse_header(headers[i].header, strlen(headers[i].header), &header);
        if (status != headers[i].status) fail_msg("%s: %d, %s", headers[i].header, (int)status, headers[i].why);
        if (!same(header.alg, headers[i].alg) || !same(header.kid, headers[i].kid) || !same(header.typ, headers[i].typ) ||
            !same(header.cty, headers[i].cty)) {
            fail_msg("%s: read as something else, %s", headers[i].header, headers[i].why);
        }
        assert_int_equal(header.bytes != NULL, status == APISEC_OK);
        jws_header_free(&header);
        jws_header_free(&header); /* does no harm */
    }
}

/* Headers of all sizes around the one that needs memory of its own, as one with certificates does. */
static void test_long_headers(void **state)
{
    (void)state;
    static const size_t sizes[] = {1000, 1023, 1024, 1025, 2000, 10000, 12000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct buffer text = BUFFER_MAX(16384);
        struct jws_header header;
        buffer_text(&text, "{\"alg\":\"ES256\",\"x5c\":\"");
        while (text.len < sizes[i] - 2) buffer_byte(&text, 'M');
        buffer_text(&text, "\"}");
        assert_int_equal(text.len, sizes[i]);
        assert_int_equal(parse_header(text.bytes, text.len, &header), APISEC_OK);
        assert_true(text_is(header.alg, "ES256"));
        jws_header_free(&header);
        buffer_free(&text);
    }
}

static void test_encodings_of_the_header(void **state)
{
    (void)state;
    static const struct {
        const char *encoded;
        apisec_status status;
        const char *why;
    } rows[] = {
        {"eyJhbGciOiJFUzI1NiJ9", APISEC_OK, "the twin"},
        {"eyJhbGciOiJFUzI1NiJ9=", APISEC_E_MALFORMED, "padding"},
        {"eyJhbGciOiJFUzI1NiJ9A", APISEC_E_MALFORMED, "a character too many"},
        {"eyJhbGciOiJFUzI1NiJ9IA", APISEC_OK, "a space behind the object"},
        {"eyJhbGciOiJFUzI1NiJ9IB", APISEC_E_MALFORMED, "the same with a trailing bit"},
        {"eyJhbGciOiJFUzI1NiJ\x7f", APISEC_E_MALFORMED, ""},
        {"", APISEC_E_MALFORMED, "nothing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct jws_header header;
        const char *in = guarded_text(rows[i].encoded);
        const apisec_status status = jws_header_parse((struct text){in, strlen(rows[i].encoded)}, &header, NULL);
        if (status != rows[i].status) fail_msg("%s: %d, %s", rows[i].encoded, (int)status, rows[i].why);
        jws_header_free(&header);
        guard_free(in);
    }
}

static void test_types(void **state)
{
    (void)state;
    static const struct {
        const char *typ; /* NULL: absent */
        const char *type;
        bool is;
        const char *why;
    } rows[] = {
        {"at+jwt", "at+jwt", true, ""},
        {"AT+JWT", "at+jwt", true, "case-insensitive: RFC 2045 section 5.1"},
        {"application/at+jwt", "at+jwt", true, "RFC 7515 section 4.1.9"},
        {"Application/At+Jwt", "at+jwt", true, ""},
        {"at+jwt ", "at+jwt", false, "a space behind"},
        {"at+jwt;a=b", "at+jwt", false, "a parameter"},
        {"at-jwt", "at+jwt", false, ""},
        {"at+jw", "at+jwt", false, "a prefix"},
        {"at+jwtx", "at+jwt", false, "longer"},
        {"JWT", "at+jwt", false, "another type"},
        {"", "at+jwt", false, "empty"},
        {NULL, "at+jwt", false, "absent"},
        {"application/", "at+jwt", false, "nothing behind"},
        {"application/application/at+jwt", "at+jwt", false, "twice"},
        {"text/at+jwt", "at+jwt", false, "another tree"},
        {"applicatiom/at+jwt", "at+jwt", false, "of the same length"},
        {"/at+jwt", "at+jwt", false, ""},
        {"example/x", "at+jwt", false, "shorter than what would stand in front"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *in = rows[i].typ ? guarded_text(rows[i].typ) : NULL;
        const bool is = jws_type_is((struct text){in, rows[i].typ ? strlen(rows[i].typ) : 0}, rows[i].type);
        if (is != rows[i].is) fail_msg("%s: %s", rows[i].typ, rows[i].why);
        guard_free(in);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_long_headers),
        cmocka_unit_test(test_encodings_of_the_header),
        cmocka_unit_test(test_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
