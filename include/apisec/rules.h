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
 *         { "id": "prices", "path": "/internal/prices", "user": "none", "require": { "peers": ["gateway"] } },
 *         { "id": "health", "path": "/health", "public": true }
 *       ],
 *       "peers": { "gateway": { "uris": ["spiffe://example/gateway"] } }
 *     }
 *
 * Paths. A template is matched segment by segment: as it stands, `{name}` for any one segment that is not empty, or `**` as the
 * last one for all that follows, nothing among it (a slash and `**` alone is the rule for all other paths). Segments are compared
 * after one percent-decoding, byte for byte. The most specific template decides, from the left: as it stands before `{name}` before
 * `**`; the order of the rules is of no consequence. Then the method decides among the rules of that template; a method that none
 * of them names is denied, whatever a less specific template says, and so is one that differs from a named one in case alone. It
 * is that of the request line: who serves by another, as X-HTTP-Method-Override says, gives that one to the call. What matches no
 * rule is denied (APISEC_E_NO_RULE). A path that services read in different ways is APISEC_E_REQUEST: an empty segment but at the
 * end, "." and "..", a parameter (";", which as data is "%3B"), an encoded slash, backslash or control, a broken escape, what would
 * decode once more, and what is no UTF-8; and that of a URL without a host or with a backslash before its path.
 *
 * Rules. "id", "path", and one of "require", "public": true and "deny": true; "methods", as they stand (GET is not HEAD), all when
 * absent. A rule that requires nothing says "require": {}, and still a user is authenticated: neither a certificate nor a network
 * alone passes it. With "user": "none" no user is demanded, and require asks for nothing of a user but for at least one of
 * networks, peers and services. A public rule demands nothing of anybody. Further members of a rule:
 *   "limits": [names]       how often it may be used, see limits.h; APISEC_E_RATE
 *   "body": {…}             what the request's body may be, see limits.h; APISEC_E_BODY
 *   "shadow": requirement   a further requirement that is judged and recorded and not enforced: how a stricter rule is tried out.
 *                           Where the rule wants no user it is judged without one, even if the request has a token: if anything
 *                           in it is asked of a user, be it in one alternative of "any_of", it is not met
 *
 * Requirements, all of which must be met; they are judged in this order, and the first that is not met is the reason. The first
 * three are judged before a token is looked at, in policies and all_of too:
 *   "networks", "except_networks": [names]   the client's address is in one of them, or is known and in none; APISEC_E_PEER
 *   "peers": [names]                    the verified client certificate is one of them; APISEC_E_PEER
 *   "services": [names]                 the service credential is that of one of them; APISEC_E_PEER, or with "user": "none" and
 *                                       the credential in Authorization, APISEC_E_NO_CREDENTIAL with a Basic challenge
 *   "issuers", "audiences"              one of them; 403
 *   "clients", "except_clients"         `client_id` (or `azp`) is one of them, or is there and none of them; APISEC_E_CLIENT
 *   "delegation": "required", "forbidden"   an `act` claim; APISEC_E_ACTOR
 *   "actors"                            the current actor, the outermost `act`, is one of them; APISEC_E_ACTOR. Its `sub` is a name
 *                                       of the token's issuer: one with another `iss` is none of them ("claims" can ask for it)
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
 * Service-level trust, beside the user's and never in its place:
 *   "networks": { name: ["192.0.2.0/24", "2001:db8::/32"] }    CIDR; bits behind the prefix must be 0
 *   "trusted_proxies": [names of networks]    who may say in X-Forwarded-For for whom they ask. The list is read from its end, as
 *                       long as who wrote an element is a trusted proxy, from the socket's peer on; the first address that is not
 *                       one is the client's, or where there is none the last one read. What cannot be read there (a port, a zone)
 *                       is no address, and in no network. Absent: the socket's peer is the client, whatever the header says. An
 *                       IPv4-mapped IPv6 address is its IPv4 address.
 *   "peers": { name: { "uris": […], "dns": […], "thumbprints": […] } }    subject alternative names, byte for byte (DNS names
 *                       caselessly, no wildcard), a SPIFFE ID among the URIs; base64url SHA-256 of the DER. One of them will do;
 *                       of a certificate with several URIs none counts as a SPIFFE ID (X509-SVID section 2).
 *   "services": { "header": "X-Service-Authorization", "secrets": { name: "$pbkdf2-sha256$…" } }    HTTP Basic (RFC 7617) in a
 *                       header of its own; with "header": "Authorization" for rules with "user": "none" only. The hashes are made
 *                       by `apisec hash`; a second header of the name is APISEC_E_REQUEST. The hash is slow on purpose, about a
 *                       second of the calling thread, for each wrong secret and for a service's first right one; a right one is
 *                       then known as long as that hash is in force. At most four are computed at once, a further one is
 *                       APISEC_E_BUSY: limit guessers by address ("limits"), which is asked before.
 *
 * Threads: compiled rules may be shared; what changes in them, the limits' buckets and which secrets were right, is guarded.
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
/* apisec_rules_free: decisions that applied them keep what they need of them. */
void apisec_rules_free(apisec_rules *rules);
/* apisec_rules_notice: what the document is silent about, sentence by sentence, as that it has no rule for all other paths; NULL
 * past the last. */
const char *apisec_rules_notice(const apisec_rules *rules, size_t index);

/* apisec_secret_hash makes what "services" has in place of a service's secret: what `apisec hash` prints. It takes a second or so.
 * APISEC_E_ARGUMENT: not 1 to 1024 bytes, or control characters. End *hash with apisec_text_free. */
apisec_status apisec_secret_hash(const char *secret, size_t len, char **hash, apisec_error *err);

/* apisec_decision_apply_rules finds the rule for the call that the decision is about and makes its requirements of the token and of
 * the call, which must be the same one (NULL: nothing is known of its peer, service and body). It is a requirement like any other:
 * APISEC_OK, or the status of the first that is not met. Every one is listed in the explanation and the record, and so is the
 * rule's id. The decision's user was authenticated already; guard.h does both, and lets in whom a rule without a user lets in.
 * One set of rules a decision: a second one is APISEC_E_MISUSE. */
apisec_status apisec_decision_apply_rules(apisec_decision *decision, const apisec_rules *rules, const apisec_call *call);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
