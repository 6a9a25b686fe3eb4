/* SPDX-License-Identifier: Apache-2.0
 *
 * certificate.c: client certificates in tests.
 */
#include "support/certificate.h"

#include <stdlib.h>

void der_put(struct buffer *out, unsigned char tag, const void *content, size_t len)
{
    buffer_byte(out, (char)tag);
    if (len < 0x80) buffer_byte(out, (char)len);
    else {
        buffer_byte(out, (char)0x82);
        buffer_byte(out, (char)(len >> 8));
        buffer_byte(out, (char)(len & 0xff));
    }
    buffer_append(out, content, len);
}

/* wrap puts what is in a buffer inside one element of this tag. */
static void wrap(struct buffer *content, unsigned char tag)
{
    struct buffer wrapped = BUFFER_MAX(65536);
    der_put(&wrapped, tag, content->bytes ? content->bytes : "", content->len);
    buffer_free(content);
    *content = wrapped;
}

static void put_names(struct buffer *out, const struct certificate_name *names, size_t num)
{
    struct buffer inside = BUFFER_MAX(65536), extension = BUFFER_MAX(65536);
    for (size_t i = 0; i < num; i++) {
        const unsigned char tag = names[i].kind == 'U' ? 0x86 : names[i].kind == 'D' ? 0x82 : names[i].kind == 'E' ? 0x81 : 0x04;
        der_put(&inside, tag, names[i].text, names[i].len);
    }
    wrap(&inside, 0x30);
    der_put(&extension, 0x06, "\x55\x1d\x11", 3);
    der_put(&extension, 0x04, inside.bytes, inside.len);
    der_put(out, 0x30, extension.bytes, extension.len);
    buffer_free(&inside);
    buffer_free(&extension);
}

unsigned char *certificate_with(const struct certificate_name *names, size_t num, size_t extensions, size_t *len)
{
    struct buffer all = BUFFER_MAX(65536), tbs = BUFFER_MAX(65536), certificate = BUFFER_MAX(65536);
    der_put(&all, 0x30, "\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x02\x30\x00", 12); /* basic constraints, critical: no CA */
    for (size_t i = 0; i < extensions; i++) put_names(&all, names, num);
    wrap(&all, 0x30);
    der_put(&tbs, 0xa0, "\x02\x01\x02", 3);
    der_put(&tbs, 0x02, "\x01", 1);
    for (int i = 0; i < 5; i++) der_put(&tbs, 0x30, "\x05\x00", 2); /* signature, issuer, validity, subject, key */
    der_put(&tbs, 0xa3, all.bytes, all.len);
    der_put(&certificate, 0x30, tbs.bytes, tbs.len);
    der_put(&certificate, 0x30, "\x05\x00", 2);
    der_put(&certificate, 0x03, "\x00\x01", 2);
    wrap(&certificate, 0x30);
    *len = certificate.len;
    unsigned char *const der = (unsigned char *)buffer_take(&certificate);
    buffer_free(&all);
    buffer_free(&tbs);
    if (der == NULL) abort();
    return der;
}
