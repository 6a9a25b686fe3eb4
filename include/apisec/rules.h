/* SPDX-License-Identifier: Apache-2.0
 *
 * rules.h: who may call what: access rules, compiled once from one JSON document and applied to each decision.
 *
 *     {
 *       "role_claims": ["roles", "/realm_access/roles"],
 *       "policies": { "clerk": { "scopes": ["orders:read"], "any_role": ["clerk", "manager"] } },
 *       "rules": [
 *         { "id": "own-orders", "path": "/customers/{customer}/orders", "methods": ["GET"],
 *           "require": { "policies": ["clerk"], "claims": [{ "claim": "customer_id", "equals_parameter": "customer" }] } },
 *         { "id": "health", "path": "/health", "require": { "clients": ["monitor"] } }
 *       ]
 *     }
 *
 * Paths. A template is matched segment by segment: as it stands, `{name}` for any one segment that is not empty, or `**` as the
 * last one for all that follows, nothing among it (a slash and `**` alone is the rule for all other paths). Segments are compared
 * after one percent-decoding, byte for byte. The most specific template decides, from the left: as it stands before `{name}` before
 * `**`; the order of the rules is of no consequence. Then the method decides among the rules of that template; a method that none
 * of them names is denied, whatever a less specific template says. What matches no rule is denied (APISEC_E_NO_RULE). A path that
 * services read in different ways is APISEC_E_REQUEST: an empty segment but at the end, "." and "..", an encoded slash, backslash
 * or control, a broken escape; and that of a URL without a host or with a backslash before its path.
 *
 * Rules. "id", "path", and one of "require" and "deny": true; "methods", all when absent. A rule that requires nothing says
 * "require": {}, and still every caller is authenticated.
 *
 * Requirements, all of which must be met; they are judged in this order, and the first that is not met is the reason:
 *   "issuers", "audiences"              one of them; 403
 *   "clients", "except_clients"         `client_id` (or `azp`) is one of them, or is there and none of them; APISEC_E_CLIENT
 *   "delegation": "required", "forbidden"   an `act` claim; APISEC_E_ACTOR
 *   "actors"                            the current actor, the outermost `act`, is one of them; APISEC_E_ACTOR
 *   "bound": true                       the token is bound to a key or certificate (RFC 7800); APISEC_E_BINDING
 *   "max_token_age": seconds            `iat` is no older; APISEC_E_LIFETIME
 *   "acr": [...], "max_age": seconds    step-up: `acr` is one of them, `auth_time` is no older (RFC 9470); APISEC_E_STEP_UP
 *   "scopes", "any_scope"               all, or one of them; APISEC_E_SCOPE
 *   "roles", "any_role"                 all, or one of them, in any of the document's "role_claims" (default: roles, groups and
 *                                       entitlements, RFC 9068 section 2.2.3); APISEC_E_ROLE
 *   "claims": [{ "claim": …, … }]       APISEC_E_CONDITION, see below
 *   "policies": [names]                 the requirements of that name in the document's "policies"
 *   "all_of", "any_of": [requirements]  groups. There is no "not": what is absent must never help.
 *
 * Claims are named as they stand at the top ("customer_id", "https://id.example/tenant"), or, beginning with a slash, by a JSON
 * Pointer (RFC 6901). Each test has one of: "equals": a string, whole number or boolean of the same type; "equals_parameter": the
 * decoded segment of the path's `{name}`, equal to the claim's string or to its whole number in decimal; "one_of": [strings];
 * "contains": a string that is an element of the claim's array; "contains_parameter"; "prefix": "/a/b", which the claim equals or
 * continues with a slash; "exists": true; "min" and "max": whole numbers.
 *
 * Threads: compiled rules are immutable and may be shared.
 */
#ifndef APISEC_RULES_H
#define APISEC_RULES_H

#include <apisec/decision.h>
#include <apisec/status.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

typedef struct apisec_rules apisec_rules;

/* apisec_rules_new compiles a document of at most 8 MiB and 16,384 rules. An unknown member, a duplicate template and method, an
 * unknown policy or parameter, and whatever could never be met is APISEC_E_CONFIG with the path of the member that is wrong:
 * `rules[3].require.scope: unknown, did you mean "scopes"?`. APISEC_E_MALFORMED, APISEC_E_TOO_LARGE: not strict JSON (json.h). */
apisec_status apisec_rules_new(const char *json, size_t len, apisec_rules **rules, apisec_error *err);
/* apisec_rules_free: decisions that applied them keep nothing of them. */
void apisec_rules_free(apisec_rules *rules);
/* apisec_rules_notice: what the document is silent about, sentence by sentence, as that it has no rule for all other paths; NULL
 * past the last. */
const char *apisec_rules_notice(const apisec_rules *rules, size_t index);

/* apisec_decision_apply_rules finds the rule for the call that the decision is about and makes its requirements of the token. It is
 * a requirement like any other: APISEC_OK, or the status of the first that is not met. Every one is listed in the explanation and
 * the record, and so is the rule's id. */
apisec_status apisec_decision_apply_rules(apisec_decision *decision, const apisec_rules *rules);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
