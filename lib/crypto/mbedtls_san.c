/* SPDX-License-Identifier: Apache-2.0
 *
 * mbedtls_san.c: the names that a certificate is for: its subject alternative names, RFC 5280 section 4.2.1.6. Whoever calls had
 * the certificate verified; here its bytes are only walked, and one byte that is not as it must be is no name at all.
 *
 *   Certificate { TBSCertificate { [0] version, serial, signature, issuer, validity, subject, key, [1] id, [2] id,
 *                                  [3] { Extension { id, critical, OCTET STRING { GeneralName … } } … } }, signature }
 */
#include "crypto/mbedtls.h"

#include <mbedtls/asn1.h>

enum {
    SEQUENCE = MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE,
    EXPLICIT = MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_CONTEXT_SPECIFIC
};
enum { TAG_DNS = MBEDTLS_ASN1_CONTEXT_SPECIFIC | 2, TAG_URI = MBEDTLS_ASN1_CONTEXT_SPECIFIC | 6 };

/* What is left of an element, as mbedTLS walks it; it writes through none of the two. */
struct element {
    unsigned char *at, *end;
};

/* enter takes the element of this tag off the front. */
static bool enter(struct element *rest, int tag, struct element *inside)
{
    size_t len;
    if (mbedtls_asn1_get_tag(&rest->at, rest->end, &len, tag) != 0) return false;
    *inside = (struct element){rest->at, rest->at + len};
    rest->at += len;
    return true;
}

static bool has_tag(const struct element *rest, int tag)
{
    return rest->at < rest->end && *rest->at == tag;
}

/* skip takes an element off that may be there, or must be. */
static bool skip(struct element *rest, int tag, bool is_optional)
{
    struct element inside;
    return (is_optional && !has_tag(rest, tag)) || enter(rest, tag, &inside);
}

static bool find_extensions(struct element *rest, struct element *extensions)
{
    struct element certificate, tbs, wrapped;
    bool is_good = enter(rest, SEQUENCE, &certificate) && rest->at == rest->end && enter(&certificate, SEQUENCE, &tbs);
    is_good = is_good && skip(&tbs, EXPLICIT, true) && skip(&tbs, MBEDTLS_ASN1_INTEGER, false);
    for (int i = 0; i < 5; i++) is_good = is_good && skip(&tbs, SEQUENCE, false);
    is_good = is_good && skip(&tbs, MBEDTLS_ASN1_CONTEXT_SPECIFIC | 1, true) && skip(&tbs, MBEDTLS_ASN1_CONTEXT_SPECIFIC | 2, true);
    *extensions = (struct element){NULL, NULL};
    if (!is_good || tbs.at == tbs.end) return is_good;
    return enter(&tbs, EXPLICIT | 3, &wrapped) && tbs.at == tbs.end && enter(&wrapped, SEQUENCE, extensions) &&
           wrapped.at == wrapped.end;
}

/* next_extension: *names is what is in it, where it is the one that is looked for; at NULL: it is another. */
static bool next_extension(struct element *extensions, struct element *names)
{
    static const unsigned char wanted[] = {0x55, 0x1d, 0x11}; /* 2.5.29.17 */
    struct element extension, id, octets;
    *names = (struct element){NULL, NULL};
    if (!enter(extensions, SEQUENCE, &extension) || !enter(&extension, MBEDTLS_ASN1_OID, &id)) return false;
    if (!skip(&extension, MBEDTLS_ASN1_BOOLEAN, true) || !enter(&extension, MBEDTLS_ASN1_OCTET_STRING, &octets)) return false;
    if (extension.at != extension.end) return false;
    if (id.end - id.at != sizeof wanted || memcmp(id.at, wanted, sizeof wanted) != 0) return true;
    return enter(&octets, SEQUENCE, names) && octets.at == octets.end && names->at < names->end;
}

static bool add_name(struct crypto_names *names, bool is_uri, const struct element *inside)
{
    const struct text text = {(const char *)inside->at, (size_t)(inside->end - inside->at)};
    if (names->num == CRYPTO_MAX_NAMES || text.len == 0 || !text_is_printable(text) || text_has_byte(text, ' ')) return false;
    names->at[names->num++] = (struct crypto_name){is_uri, text};
    names->num_uris += is_uri;
    return true;
}

/* Names of other kinds are of no use here, but each must be whole. */
static bool next_name(struct element *rest, struct crypto_names *names)
{
    struct element inside;
    const int tag = *rest->at;
    if ((tag & MBEDTLS_ASN1_TAG_CLASS_MASK) != MBEDTLS_ASN1_CONTEXT_SPECIFIC || !enter(rest, tag, &inside)) return false;
    return (tag != TAG_DNS && tag != TAG_URI) || add_name(names, tag == TAG_URI, &inside);
}

static bool read_names(struct text der, struct crypto_names *names)
{
    if (der.len == 0) return false;
    unsigned char *const at = (unsigned char *)der.at;
    struct element rest = {at, at + der.len}, extensions, found;
    bool was_found = false;
    if (!find_extensions(&rest, &extensions)) return false;
    while (extensions.at < extensions.end) {
        if (!next_extension(&extensions, &found)) return false;
        if (found.at == NULL) continue;
        if (was_found) return false; /* RFC 5280 section 4.2: not more than one of a kind */
        was_found = true;
        while (found.at < found.end)
            if (!next_name(&found, names)) return false;
    }
    return true;
}

apisec_status crypto_certificate_names(struct text der, struct crypto_names *names)
{
    names->num = names->num_uris = 0;
    if (read_names(der, names)) return APISEC_OK;
    names->num = names->num_uris = 0;
    return APISEC_E_MALFORMED;
}
