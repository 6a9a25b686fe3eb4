/* SPDX-License-Identifier: Apache-2.0
 *
 * issued.c: an issued token: immutable, shared by reference, its bytes wiped with the last one. Made by grant.c.
 */
#include "exchange/exchange.h"

#include <stdlib.h>

apisec_issued *apisec_issued_ref(apisec_issued *issued)
{
    if (issued != NULL) atomic_fetch_add_explicit(&issued->references, 1, memory_order_relaxed);
    return issued;
}

void apisec_issued_free(apisec_issued *issued)
{
    if (issued == NULL) return;
    if (atomic_fetch_sub_explicit(&issued->references, 1, memory_order_acq_rel) != 1) return;
    arena_free(&issued->arena);
    free(issued);
}

const char *apisec_issued_token(const apisec_issued *issued, size_t *len)
{
    if (len != NULL) *len = issued == NULL ? 0 : issued->token.len;
    return issued == NULL ? NULL : issued->token.at;
}

const char *apisec_issued_token_type(const apisec_issued *issued)
{
    return issued == NULL ? NULL : issued->token_type;
}

const char *apisec_issued_issued_type(const apisec_issued *issued)
{
    return issued == NULL ? NULL : issued->issued_type;
}

int64_t apisec_issued_expires_at(const apisec_issued *issued)
{
    return issued == NULL ? 0 : issued->expires_at;
}

const char *apisec_issued_scope(const apisec_issued *issued)
{
    return issued == NULL ? NULL : issued->scope;
}

const char *apisec_issued_scope_reduced(const apisec_issued *issued)
{
    return issued == NULL ? NULL : issued->reduced;
}
