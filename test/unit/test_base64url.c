/* SPDX-License-Identifier: Apache-2.0
 *
 * test_base64url.c: RFC 4648 section 10, RFC 7515 appendix C, and everything that a lax decoder would let through.
 */
#include "support/unit.h"
#include "base/base.h"
#include "support/guard.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *encoded;
    const char *bytes;
    apisec_status status;
    const char *why;
} rows[] = {
    {"", "", APISEC_OK, "RFC 4648 section 10"},
    {"Zg", "f", APISEC_OK, ""},
    {"Zm8", "fo", APISEC_OK, ""},
    {"Zm9v", "foo", APISEC_OK, ""},
    {"Zm9vYg", "foob", APISEC_OK, ""},
    {"Zm9vYmE", "fooba", APISEC_OK, ""},
    {"Zm9vYmFy", "foobar", APISEC_OK, ""},
    {"A-z_4ME", "\x03\xec\xff\xe0\xc1", APISEC_OK, "RFC 7515 appendix C"},
    {"A+z_4ME", "", APISEC_E_MALFORMED, "the standard alphabet's +"},
    {"A-z/4ME", "", APISEC_E_MALFORMED, "and its /"},
    {"Zg==", "", APISEC_E_MALFORMED, "padding"},
    {"Zm8=", "", APISEC_E_MALFORMED, "padding"},
    {"Zm9vYmE=", "", APISEC_E_MALFORMED, "padding"},
    {"Z", "", APISEC_E_MALFORMED, "6 bits are no byte"},
    {"A", "", APISEC_E_MALFORMED, "not even if they are zero"},
    {"AAAAA", "", APISEC_E_MALFORMED, "not even if they are zero"},
    {"Zm9vY", "", APISEC_E_MALFORMED, "1 modulo 4"},
    {"Zm9vYmFyZ", "", APISEC_E_MALFORMED, "1 modulo 4"},
    {"Zh", "", APISEC_E_MALFORMED, "a trailing bit is set"},
    {"Zv", "", APISEC_E_MALFORMED, "all four trailing bits are set"},
    {"Zm9", "", APISEC_E_MALFORMED, "one of two trailing bits is set"},
    {"Zm-", "", APISEC_E_MALFORMED, "the other"},
    {"Zm9vYmFyZm9vYmFyZg", "foobarfoobarf", APISEC_OK, "a block of sixteen and two more"},
    {"Zm9vYmFyZm9vYmFyZh", "", APISEC_E_MALFORMED, "a trailing bit after a block"},
    {"Zm9vYmFyZm9vYmFyZ", "", APISEC_E_MALFORMED, "1 modulo 4 after a block"},
    {"Zm9vYmFyZm9vYmE=", "", APISEC_E_MALFORMED, "padding that fills a block"},
    {"Zm9v\n", "", APISEC_E_MALFORMED, "a line end"},
    {"Zm9v\nYmE", "", APISEC_E_MALFORMED, "a line end inside"},
    {" Zm9", "", APISEC_E_MALFORMED, "a space"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const size_t len = strlen(rows[i].encoded), want_len = strlen(rows[i].bytes);
        const char *in = guarded(rows[i].encoded, len);
        unsigned char out[32];
        memset(out, 0xa5, sizeof out);
        size_t out_len = 99;
        assert_int_equal(base64url_decode(in, len, out, &out_len), rows[i].status);
        assert_int_equal(out_len, want_len);
        if (rows[i].status == APISEC_OK) assert_memory_equal(out, rows[i].bytes, want_len);
        assert_int_equal(out[base64url_decoded_len(len)], 0xa5); /* not one byte more is written */
        guard_free(in);
    }
}

/* Each of the 256 bytes at each of the places of a block and of what follows it. */
static void test_alphabet(void **state)
{
    (void)state;
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (size_t place = 0; place < 24; place++) {
        for (int byte = 0; byte < 256; byte++) {
            char text[24];
            memset(text, 'A', sizeof text);
            text[place] = (char)(unsigned char)byte;
            const char *value = byte ? strchr(alphabet, byte) : NULL;
            unsigned char out[18];
            size_t out_len;
            const apisec_status status = base64url_decode(text, sizeof text, out, &out_len);
            assert_int_equal(status, value ? APISEC_OK : APISEC_E_MALFORMED);
            if (!value) continue;
            assert_int_equal(out_len, 18);
            uint64_t bits = 0;
            for (size_t i = 0; i < 3; i++) bits = bits << 8 | out[place / 4 * 3 + i];
            assert_int_equal(bits, (uint64_t)(value - alphabet) << (18 - 6 * (place % 4)));
        }
    }
}

/* All lengths there and back; each character but the last one changed makes other bytes, each accepted last one is the only one. */
static void test_round_trip(void **state)
{
    (void)state;
    unsigned char bytes[70], back[70];
    char text[96];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(i * 89 + 7);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        base64url_encode(bytes, len, text);
        assert_int_equal(strlen(text), base64url_encoded_len(len));
        assert_int_equal(base64url_decoded_len(strlen(text)), len);
        const char *in = guarded_text(text);
        size_t back_len;
        assert_int_equal(base64url_decode(in, strlen(text), back, &back_len), APISEC_OK);
        assert_int_equal(back_len, len);
        assert_memory_equal(back, bytes, len);
        guard_free(in);
    }
}

static void test_one_text_for_each_bytes(void **state)
{
    (void)state;
    unsigned seen[256] = {0};
    for (unsigned pair = 0; pair < 65536; pair++) {
        const char text[2] = {(char)(unsigned char)(pair >> 8), (char)(unsigned char)pair};
        unsigned char out[1];
        size_t out_len;
        if (base64url_decode(text, 2, out, &out_len) == APISEC_OK) seen[out[0]]++;
    }
    for (unsigned byte = 0; byte < 256; byte++) assert_int_equal(seen[byte], 1);
}

static void test_base64_and_hex(void **state)
{
    (void)state;
    char text[64];
    base64_encode("Aladdin:open sesame", 19, text);
    assert_string_equal(text, "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="); /* RFC 7617 section 2 */
    base64_encode("\xfb\xff\xbf", 3, text);
    assert_string_equal(text, "+/+/");
    base64_encode("fo", 2, text);
    assert_string_equal(text, "Zm8=");
    base64_encode("", 0, text);
    assert_string_equal(text, "");
    hex_encode("\x00\x09\x0a\x9f\xf0\xff", 6, text);
    assert_string_equal(text, "00090a9ff0ff");
    hex_encode("", 0, text);
    assert_string_equal(text, "");
}

/* Every byte at every place of three blocks: the span ends there exactly where the byte is foreign. */
static void test_span(void **state)
{
    (void)state;
    enum { LEN = 48 };
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char text[LEN];
    for (size_t len = 0; len <= LEN; len++) {
        memset(text, 'A', sizeof text);
        const char *in = guarded(text, len);
        assert_int_equal(base64url_span(in, len), len);
        guard_free(in);
    }
    for (size_t at = 0; at < LEN; at++)
        for (int byte = 0; byte < 256; byte++) {
            memset(text, alphabet[(at + (size_t)byte) % 64], sizeof text);
            text[at] = (char)byte;
            const bool foreign = byte == 0 || strchr(alphabet, byte) == NULL;
            assert_int_equal(base64url_span(text, LEN), foreign ? at : LEN);
        }
}

/* Every byte at every place, in texts of one block to three: plain where it is permitted, and never where there is less. */
static void test_plain_token68(void **state)
{
    (void)state;
    enum { LEAST = 16, MOST = 48 };
    static const char permitted[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._/";
    char text[MOST];
    for (size_t len = 0; len <= MOST; len++) {
        memset(text, 'A', sizeof text);
        const char *in = guarded(text, len);
        assert_int_equal(token68_is_plain(in, len), len >= LEAST);
        guard_free(in);
        for (size_t at = 0; at < len && len >= LEAST; at++)
            for (int byte = 0; byte < 256; byte++) {
                memset(text, permitted[(at + (size_t)byte) % 66], sizeof text);
                text[at] = (char)byte;
                assert_int_equal(token68_is_plain(text, len), byte != 0 && strchr(permitted, byte) != NULL);
            }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_span),       cmocka_unit_test(test_plain_token68),
        cmocka_unit_test(test_rows),       cmocka_unit_test(test_alphabet),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_one_text_for_each_bytes),
        cmocka_unit_test(test_base64_and_hex),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
