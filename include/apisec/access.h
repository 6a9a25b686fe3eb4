/* SPDX-License-Identifier: Apache-2.0
 *
 * access.h: the checks of decision.h on a bare token, for a service that keeps its own verdict. No record is written.
 *
 * A NULL token or an empty list is APISEC_E_MISUSE, never true.
 * Threads: any.
 */
#ifndef APISEC_ACCESS_H
#define APISEC_ACCESS_H

#include <apisec/status.h>
#include <apisec/token.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* apisec_require_scope: APISEC_OK if the token's `scope` holds this scope, byte for byte; else APISEC_E_SCOPE. Of this and
 * the next two APISEC_E_ARGUMENT: what is required is not a scope-token. */
apisec_status apisec_require_scope(const apisec_token *token, const char *scope);
/* apisec_require_scopes: all of them. */
apisec_status apisec_require_scopes(const apisec_token *token, const char *const *scopes, size_t num_scopes);
/* apisec_require_any_scope: at least one of them. */
apisec_status apisec_require_any_scope(const apisec_token *token, const char *const *scopes, size_t num_scopes);
/* apisec_require_claim: the top-level claim is a string equal to this one; else APISEC_E_CONDITION. APISEC_E_ARGUMENT: name or
 * equals is NULL, or the name empty. */
apisec_status apisec_require_claim(const apisec_token *token, const char *name, const char *equals);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
