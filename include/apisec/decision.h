/* SPDX-License-Identifier: Apache-2.0
 *
 * decision.h: what becomes of one call: authenticate, require, the service's own checks, commit.
 *
 *     apisec_authenticate(verifier, audit, call, &decision, &err);
 *     apisec_decision_require_scope(decision, "orders:write");
 *     if (!owns(apisec_decision_token(decision), order))
 *         apisec_decision_deny(decision, APISEC_E_DENIED, "not the owner");
 *     if (apisec_decision_commit(decision, &err) == APISEC_OK) place_order(order);
 *     else reply(decision);
 *     apisec_decision_free(decision);
 *
 * Instead of single requirements, or beside them, the rules of a document can be applied: apisec_decision_apply_rules, rules.h.
 *
 * A decision starts as a denial and is an allow only after commit has said APISEC_OK. One that has failed once stays failed: later
 * checks do nothing and return that first status. HTTP status, challenge, reason, explanation and record are all read from it.
 * Threads: one.
 */
#ifndef APISEC_DECISION_H
#define APISEC_DECISION_H

#include <apisec/audit.h>
#include <apisec/call.h>
#include <apisec/op.h>
#include <apisec/status.h>
#include <apisec/token.h>
#include <apisec/verifier.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

typedef struct apisec_decision apisec_decision;

/* apisec_authenticate finds the call's one credential (RFC 6750 section 2.1, RFC 9449 section 7.1) and verifies it. APISEC_OK: it
 * is genuine, which is not yet a permission. *decision is never NULL afterwards, whatever is returned: a denial that can be
 * replied with: commit it, or just free it, like any other. It copies what it needs of the call. audit is where the decision's
 * record goes; it must outlive the decision. NULL: the caller has decided to keep no record. Blocks only when keys must be
 * fetched. */
apisec_status apisec_authenticate(apisec_verifier *verifier, apisec_audit *audit, const apisec_call *call,
                                  apisec_decision **decision, apisec_error *err);
/* The same as an operation; *decision is never NULL after _finish either. An operation freed before _finish gave the decision
 * away records it as abandoned. */
apisec_status apisec_authenticate_start(apisec_verifier *verifier, apisec_audit *audit, const apisec_call *call, apisec_op **op,
                                        apisec_error *err);
apisec_status apisec_authenticate_finish(apisec_op *op, apisec_decision **decision, apisec_error *err);

/* Scopes are compared byte for byte with the elements of the token's `scope`. A scope that is not an RFC 6749 scope-token is
 * APISEC_E_ARGUMENT, an empty list APISEC_E_MISUSE: both deny. Otherwise APISEC_OK or APISEC_E_SCOPE. */
apisec_status apisec_decision_require_scope(apisec_decision *decision, const char *scope);
/* apisec_decision_require_scopes: all of them. */
apisec_status apisec_decision_require_scopes(apisec_decision *decision, const char *const *scopes, size_t num_scopes);
/* apisec_decision_require_any_scope: at least one of them. */
apisec_status apisec_decision_require_any_scope(apisec_decision *decision, const char *const *scopes, size_t num_scopes);

/* apisec_decision_require_claim demands that a top-level claim is a string equal to this one, byte for byte; else
 * APISEC_E_CONDITION. */
apisec_status apisec_decision_require_claim(apisec_decision *decision, const char *name, const char *equals);

/* apisec_decision_deny is the service's own refusal. status: any of -3xx (commonly APISEC_E_DENIED), -5xx or -6xx; another one
 * becomes APISEC_E_DENIED. The reason is for the record and the explanation, not for the client. Returns the status that stands. */
apisec_status apisec_decision_deny(apisec_decision *decision, apisec_status status, const char *reason);

/* apisec_decision_commit writes the one record, then gives the verdict. APISEC_OK: go ahead. Where the audit log is strict an allow
 * that could not be recorded becomes APISEC_E_AUDIT (503); a denial is given in any case. A second commit is APISEC_E_MISUSE. */
apisec_status apisec_decision_commit(apisec_decision *decision, apisec_error *err);

/* apisec_decision_free: one that was never committed is recorded as abandoned, which is a denial. */
void apisec_decision_free(apisec_decision *decision);

/* apisec_decision_status: the verdict as it stands; APISEC_OK before commit says only that nothing has failed yet. */
apisec_status apisec_decision_status(const apisec_decision *decision);
/* apisec_decision_http_status: the status code to reply with, that of the status but for APISEC_E_BODY by a rule, which may be 413
 * or 415 (limits.h); 500 until commit. */
int32_t apisec_decision_http_status(const apisec_decision *decision);
/* apisec_decision_token: NULL unless authenticated. Lives as long as the decision; apisec_token_ref keeps it longer. */
const apisec_token *apisec_decision_token(const apisec_decision *decision);
/* apisec_decision_reason: one sentence for the operator; "" when nothing failed. */
const char *apisec_decision_reason(const apisec_decision *decision);

/* apisec_decision_rule: the id of the rule that was applied, for who serves by it instead of reading the path a second time; NULL
 * where no rules were applied or none fits. Lives as long as the decision. */
const char *apisec_decision_rule(const apisec_decision *decision);

/* The headers to reply with: WWW-Authenticate (RFC 6750 section 3, RFC 9449 section 7.1, RFC 9728, RFC 7617), or Retry-After with
 * a 503 or 429; and DPoP-Nonce where the client needs a nonce. None when allowed, but that DPoP-Nonce: send what is there in any
 * case. */
size_t apisec_decision_num_headers(const apisec_decision *decision);
/* apisec_decision_header_name: one of them; NULL past the last. */
const char *apisec_decision_header_name(const apisec_decision *decision, size_t index);
/* apisec_decision_header_value: safe to send as it is. */
const char *apisec_decision_header_value(const apisec_decision *decision, size_t index);

/* apisec_decision_explanation: JSON: {"verdict":"allowed"|"denied"|"pending","status":…,"http_status":…,"reason":…,
 * "checks":[{"id":…,"verdict":"pass"|"fail","standard":…,"detail":…}…]}, and where a rule tries a further requirement
 * "shadow":{"verdict":…,"status_code":…,"reason":…}. For operators, not for clients. Borrowed until the decision changes. */
const char *apisec_decision_explanation(const apisec_decision *decision);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
