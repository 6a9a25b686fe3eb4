/* SPDX-License-Identifier: Apache-2.0
 *
 * test_form.c: application/x-www-form-urlencoded, byte for byte.
 */
#include "http/http.h"
#include "support/guard.h"
#include "support/unit.h"

#include <string.h>

static void every_byte(void **state)
{
    (void)state;
    static const char kept[] = "*-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
    for (int byte = 0; byte < 256; byte++) {
        struct buffer out = BUFFER_MAX(8);
        const char raw = (char)byte;
        form_append_encoded(&out, (struct text){&raw, 1});
        if (byte == ' ') {
            assert_string_equal(out.bytes, "+");
        } else if (byte != 0 && strchr(kept, byte) != NULL) {
            assert_int_equal(out.len, 1);
            assert_int_equal(out.bytes[0], raw);
        } else {
            char expected[4] = {'%', "0123456789ABCDEF"[byte / 16], "0123456789ABCDEF"[byte % 16], '\0'};
            assert_string_equal(out.bytes, expected);
        }
        buffer_free(&out);
    }
}

static void pairs(void **state)
{
    (void)state;
    struct buffer out = BUFFER_MAX(1024);
    const char *value = guarded_text("a b&c=d");
    form_add(&out, "grant_type", text_of("urn:ietf:params:oauth:grant-type:token-exchange"));
    form_add(&out, "a name", (struct text){value, 7});
    form_add(&out, "empty", (struct text){NULL, 0});
    assert_string_equal(out.bytes, "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange"
                                   "&a+name=a+b%26c%3Dd&empty=");
    guard_free(value);
    buffer_free(&out);
}

static void a_full_buffer_stays_full(void **state)
{
    (void)state;
    struct buffer out = BUFFER_MAX(5);
    form_add(&out, "abc", text_of("d"));
    assert_int_equal(out.status, APISEC_OK);
    form_add(&out, "e", text_of("f"));
    assert_int_equal(out.status, APISEC_E_TOO_LARGE);
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte),
        cmocka_unit_test(pairs),
        cmocka_unit_test(a_full_buffer_stays_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
