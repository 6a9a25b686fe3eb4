/* SPDX-License-Identifier: Apache-2.0
 *
 * lists.h: status lists for tests: real ones, compressed and signed, with one thing changed at a time. Whatever fails here ends the
 * process, as in forge.h.
 */
#ifndef TEST_SUPPORT_LISTS_H
#define TEST_SUPPORT_LISTS_H

#include "support/forge.h"

#define LIST_URI FORGE_ISSUER "/lists/1"
#define LIST_PREFIX FORGE_ISSUER "/lists/"
#define LIST_TYPE "Content-Type: application/statuslist+jwt\n"

/* The bytes of an honest list of one bit an entry, section 4.1 of the draft: entries 0, 3, 4, 5, 7, 8, 9, 13, 15 are INVALID. */
#define LIST_BYTES "\xb9\xa3"

/* list_pack compresses bytes and encodes them as an lst. list_claims writes the claims of an honest list of these bytes: `sub`
 * LIST_URI, iat FORGE_ISSUED, ttl 300, no exp, with these changes. list_token is the whole, signed. Free with free. */
char *list_pack(const void *bytes, size_t len);
char *list_claims(const void *bytes, size_t len, const struct forge_change *claims);
char *list_token(const void *bytes, size_t len, const struct forge_change *claims, const struct forge_change *header,
                 const apisec_signer *signer);

/* list_reference is the `status` claim of a token, as JSON, in memory that the next call overwrites. */
const char *list_reference(const char *uri, const char *idx);

#endif
