/* SPDX-License-Identifier: Apache-2.0
 *
 * type.c: token type identifiers, RFC 8693 section 3: URIs, and the short names by which they are known here. Compared byte for
 * byte.
 */
#include "exchange/exchange.h"

static const char prefix[] = "urn:ietf:params:oauth:token-type:";

static bool is_short_name(struct text name)
{
    static const char *const names[] = {"access_token", "refresh_token", "id_token", "saml1", "saml2", "jwt", "txn_token"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (text_is(name, names[i])) return true;
    return false;
}

apisec_status type_expand(const char *type, char **uri, apisec_error *err)
{
    const struct text name = text_of(type == NULL ? "access_token" : type);
    *uri = NULL;
    if (is_short_name(name)) {
        struct buffer full = BUFFER_MAX(128);
        buffer_text(&full, prefix);
        buffer_slice(&full, name);
        *uri = buffer_take(&full);
    } else {
        if (uri_check(name, NULL) != APISEC_OK) return fail(err, APISEC_E_ARGUMENT, "a token type is no URI and no short name");
        *uri = text_copy(name);
    }
    return *uri == NULL ? fail_memory(err) : APISEC_OK;
}

bool type_is(struct text uri, const char *short_name)
{
    if (!text_starts(uri, prefix)) return false;
    return text_is((struct text){uri.at + sizeof prefix - 1, uri.len - (sizeof prefix - 1)}, short_name);
}
