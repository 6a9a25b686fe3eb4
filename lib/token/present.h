/* SPDX-License-Identifier: Apache-2.0
 *
 * present.h (private, a part of token.h): the request, and how a token came with it.
 *
 *   call.c     the request                    credential.c  its one credential
 *   present.c  what is judged beside a token's own bytes
 */
#ifndef TOKEN_PRESENT_H
#define TOKEN_PRESENT_H

#include "base/base.h"

#include <apisec/call.h>

/* ---- call.c ---- */

struct call_header {
    struct text name, value;
};
struct text call_method(const apisec_call *call);
struct text call_path(const apisec_call *call);             /* the target without its query */
struct text call_target(const apisec_call *call);
size_t call_num_headers(const apisec_call *call);
struct call_header call_header_at(const apisec_call *call, size_t index);
/* call_find_header: how many fields have the name (ASCII, any case); *value is the first's. */
size_t call_find_header(const apisec_call *call, const char *name, struct text *value);
struct text call_peer_certificate(const apisec_call *call); /* at NULL: none */
struct text call_peer_address(const apisec_call *call);
bool call_body(const apisec_call *call, struct text *body); /* false: it is not known */
int64_t call_time(const apisec_call *call);                 /* clock_now() unless set */
bool call_has_time(const apisec_call *call);
apisec_status call_status(const apisec_call *call, apisec_error *err);

/* ---- present.c: what there is to judge beside a token's own bytes; all borrowed until the verification has ended ---- */

enum token_source {
    TOKEN_BARE,                  /* apisec_verify: no call is known, so nothing can prove possession */
    TOKEN_AUTHORIZATION,
    TOKEN_TXN_HEADER
};
struct presented {
    enum token_source source;
    bool dpop_scheme;            /* Authorization: DPoP */
    struct text token;
    struct text proof;           /* the value of the one DPoP header; at NULL: none */
    struct text method, path;    /* of the call; the path without the query */
    struct text peer_certificate;/* DER; at NULL: none */
};
struct presented present_bare(struct text token);
/* present_copy copies all texts into the arena: for operations, which outlive their inputs. A token that is too large is cut, and
 * still is too large. false: no memory. */
bool present_copy(const struct presented *from, struct arena *arena, struct presented *to);

/* ---- credential.c ---- */

/* credential_find: the one token (RFC 6750 section 2.1, RFC 9449 section 7.1; scheme in any case, one or more spaces, b64token
 * bytes; or the value of Txn-Token), and what of the call may prove that it is the caller's. All borrowed from the call.
 * NO_CREDENTIAL: no such field, or an Authorization of another scheme (Basic). REQUEST: two fields, two tokens, two DPoP fields, an
 * `access_token` in the query, an empty token, the DPoP scheme where it is not accepted. MALFORMED: one value with bytes that no
 * b64token has. */
struct credential_rules {
    bool dpop;                   /* the DPoP scheme is accepted */
    bool txn_tokens;             /* the Txn-Token header is accepted */
};
/* credential_is_single: for who looks at no token: of the fields that may hold one there is at most one, with at most one token in
 * it, and of proofs one. REQUEST; and what is wrong with the call itself. */
apisec_status credential_is_single(const apisec_call *call, struct credential_rules rules, apisec_error *err);
apisec_status credential_find(const apisec_call *call, struct credential_rules rules, struct presented *presented,
                              apisec_error *err);
/* credential_is_b64token: 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=" (RFC 6750 section 2.1). credential_has_byte:
 * a byte that one may have before its "=". */
bool credential_is_b64token(struct text token);
bool credential_has_byte(char c);

#endif
