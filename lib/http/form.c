/* SPDX-License-Identifier: Apache-2.0
 *
 * form.c: application/x-www-form-urlencoded as the URL standard serialises it and RFC 6749 appendix B demands it. Decoding is
 * not here: nothing of this library reads a form. Failures stick in the buffer.
 */
#include "http/http.h"

#include <string.h>

static bool is_kept(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
           (byte != '\0' && strchr("*-._", byte) != NULL);
}

void form_append_encoded(struct buffer *out, struct text text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char byte = (unsigned char)text.at[i];
        if (is_kept(text.at[i])) {
            buffer_byte(out, text.at[i]);
        } else if (byte == ' ') {
            buffer_byte(out, '+');
        } else {
            buffer_byte(out, '%');
            buffer_byte(out, digits[byte >> 4]);
            buffer_byte(out, digits[byte & 15]);
        }
    }
}

void form_add(struct buffer *out, const char *name, struct text value)
{
    if (out->len > 0) buffer_byte(out, '&');
    form_append_encoded(out, text_of(name));
    buffer_byte(out, '=');
    form_append_encoded(out, value);
}
