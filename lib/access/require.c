/* SPDX-License-Identifier: Apache-2.0
 *
 * require.c: scopes and claims demanded of a bare token. The decision's own requirements are these, with a memory.
 * What cannot be demanded (no token, nothing, or what is not a scope) is never met.
 */
#include "access/access.h"

static bool are_scopes(const char *const *scopes, size_t num_scopes)
{
    for (size_t i = 0; i < num_scopes; i++)
        if (!scope_is_token(text_of(scopes[i]))) return false;
    return true;
}

static apisec_status check_arguments(const apisec_token *token, const char *const *scopes, size_t num_scopes)
{
    if (!token || !scopes || num_scopes == 0) return APISEC_E_MISUSE;
    return are_scopes(scopes, num_scopes) ? APISEC_OK : APISEC_E_ARGUMENT;
}

apisec_status apisec_require_scope(const apisec_token *token, const char *scope)
{
    return apisec_require_scopes(token, &scope, 1);
}

apisec_status apisec_require_scopes(const apisec_token *token, const char *const *scopes, size_t num_scopes)
{
    const apisec_status status = check_arguments(token, scopes, num_scopes);
    if (status != APISEC_OK) return status;
    for (size_t i = 0; i < num_scopes; i++)
        if (apisec_token_has_scope(token, scopes[i]) != APISEC_OK) return APISEC_E_SCOPE;
    return APISEC_OK;
}

apisec_status apisec_require_any_scope(const apisec_token *token, const char *const *scopes, size_t num_scopes)
{
    const apisec_status status = check_arguments(token, scopes, num_scopes);
    if (status != APISEC_OK) return status;
    for (size_t i = 0; i < num_scopes; i++)
        if (apisec_token_has_scope(token, scopes[i]) == APISEC_OK) return APISEC_OK;
    return APISEC_E_SCOPE;
}

apisec_status apisec_require_claim(const apisec_token *token, const char *name, const char *equals)
{
    struct text value;
    if (!token) return APISEC_E_MISUSE;
    if (!name || !name[0] || !equals) return APISEC_E_ARGUMENT;
    if (json_get_text(token_claims(token), name, &value) != JSON_OK) return APISEC_E_CONDITION;
    return text_is(value, equals) ? APISEC_OK : APISEC_E_CONDITION;
}
