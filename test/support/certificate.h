/* SPDX-License-Identifier: Apache-2.0
 *
 * certificate.h: client certificates in tests: DER of the shape of RFC 5280 with any names, of a key and a signature that are
 * nobody's: who reads names has had them verified.
 */
#ifndef TEST_SUPPORT_CERTIFICATE_H
#define TEST_SUPPORT_CERTIFICATE_H

#include "base/base.h"

/* kind: 'U' a URI, 'D' a DNS name, 'E' a mail address, 'X' none of GeneralName's. */
struct certificate_name {
    char kind;
    const char *text;
    size_t len;
};
#define CERTIFICATE_NAME(kind, text)                                                                                               \
    {                                                                                                                              \
        (kind), (text), sizeof(text) - 1                                                                                           \
    }

/* certificate_with has so many extensions with these names, one being what is usual. Free with free; whatever fails ends the
 * process. */
unsigned char *certificate_with(const struct certificate_name *names, size_t num, size_t extensions, size_t *len);

/* der_put appends one element of this tag. */
void der_put(struct buffer *out, unsigned char tag, const void *content, size_t len);

#endif
