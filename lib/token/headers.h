/* SPDX-License-Identifier: Apache-2.0
 *
 * headers.h (private, a part of token.h): the headers of genuine tokens, remembered by their bytes. An issuer signs many tokens
 * with few headers: the same bytes mean the same, whoever sends them, and need not be scanned and parsed again.
 * Threads: any. Nobody waits: what is being written at the moment is not found, and what cannot be written now is not kept.
 */
#ifndef TOKEN_HEADERS_H
#define TOKEN_HEADERS_H

#include "jose/jose.h"

#define HEADERS_MAX_ENCODED 240 /* longer ones are parsed each time */

struct headers;
/* headers_new: places for the headers of so many issuers. MEMORY. */
apisec_status headers_new(size_t num_issuers, struct headers **headers);
void headers_free(struct headers *headers);

/* What is remembered of one header: all that jws_header_parse gave but its bytes. */
struct known_header {
    uint8_t encoded_len, alg_len, typ_len, kid_len; /* of the last two NOT_THERE: absent */
    char alg[12], typ[24], kid[64];
};
/* headers_find: true: these bytes are a header that was kept; header's texts are in *known, and it has no bytes of its own. */
bool headers_find(const struct headers *headers, struct text encoded, struct known_header *known, struct jws_header *header);
/* headers_keep remembers what jws_header_parse made of these bytes. It may be left undone: a header that is unusual, or one that
 * has others in its places. Only for headers of tokens whose signature was right: others would push those out. */
void headers_keep(struct headers *headers, struct text encoded, const struct jws_header *header);

#endif
