/* SPDX-License-Identifier: Apache-2.0
 *
 * guard.h: everything from one JSON document, and one call for each request:
 *
 *     if (apisec_guard_check(guard, call, &decision, &err) == APISEC_OK) serve(apisec_decision_token(decision));
 *     else reply(decision);
 *     apisec_decision_free(decision);
 *
 * The document. lib/guard/schema.json (also apisec_guard_schema) is its JSON Schema (2020-12); an unknown member anywhere is an
 * error with its path. "trust", "rules" and "audit" must be there. One line each:
 *   "trust"      what trust.h sets: "realm", "resource_metadata", "token_cache": { "max_tokens", "max_age" }, "decryption_keys",
 *                "origins" and "dpop": { "algorithms", "nonce_lifetime", "nonce_key", "max_proofs" }, which allows it, and
 *                "issuers": [{ "issuer", "audiences", "algorithms", "profile"; one of "jwks" (a JWK Set of public keys, or a
 *                reference to one), "jwks_uri" and "discover": true; "require_claims", "leeway", "max_lifetime",
 *                "require_encryption", "require_binding", "status_lists", "require_status", "ignore_status";
 *                "introspection": { "endpoint", "authentication", "signed", "cache", "prefix", "allow_absent_audience" } }]
 *   "http"       what http.h sets: "ca_file", "timeout_ms", "connect_timeout_ms", "allow_loopback", "allow_private", "proxy",
 *                "identities": { name: { "certificate", "key" } }. Absent: the defaults
 *   "rules"      and "policies", "role_claims", "networks", "trusted_proxies", "peers", "services", "limits": as in rules.h and
 *                limits.h
 *   "exchange"   { name: what to ask for }, for apisec_guard_exchange, as in client.h: "endpoint", "authentication", "audiences",
 *                "resources", "scope", "requested_type", "dpop_key", "actor": { "token", "type" }, or of { "key", "name",
 *                "audience" } a JWT of RFC 7523's form, signed anew for each exchange
 *   "audit"      { "file": path, "level": "written" or "synced", "on_failure": "strict" or "lenient", "record_claims": [names] },
 *                or "none": the decision to keep no record is written down
 * "authentication" is { "method", "client_id" } and what the method needs: client_secret_basic and client_secret_post a "secret";
 * private_key_jwt a "key", a private JWK, and an "audience"; tls_client_auth and self_signed_tls_client_auth an "identity", one of
 * the "http" section's.
 * Secrets never stand in it: where one is wanted it is "file:PATH" (a regular file's bytes, without one newline at the end) or
 * "env:NAME", of at most 64 KiB, and 256 KiB where it is keys. They are read when the document is. "ca_file", "certificate", an
 * identity's "key" and the log's "file" are paths as they are. A relative path is looked for in the process's working directory,
 * not beside the document. Nothing is fetched by apisec_guard_new.
 *
 * One call: the rule is found; of the call what needs no user is judged (networks, peers, services, limits by address); the token
 * is verified unless the rule demands no user; limits by user; requirements; body; then the record is written, exactly one. There
 * is at most one user credential and one service credential in a request: a second of either is APISEC_E_REQUEST (400).
 *
 * Threads: a guard may be shared by all threads, while it is reloaded too.
 */
#ifndef APISEC_GUARD_H
#define APISEC_GUARD_H

#include <apisec/client.h>
#include <apisec/decision.h>
#include <apisec/http.h>
#include <apisec/op.h>
#include <apisec/status.h>
#include <apisec/verifier.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

typedef struct apisec_guard apisec_guard;

/* apisec_guard_new: a document of at most 8 MiB. APISEC_E_CONFIG: `path.of.member: what is wrong`. APISEC_E_MALFORMED,
 * APISEC_E_TOO_LARGE: not strict JSON. APISEC_E_AUDIT, APISEC_E_SYSTEM: the audit file cannot be opened. */
apisec_status apisec_guard_new(const char *json, size_t len, apisec_guard **guard, apisec_error *err);
/* apisec_guard_new_with: the same with a transport and an audit log of the service's own in place of the document's "http" and
 * "audit", which must not be there then; of "audit" record_claims may. NULL: the document's. Both must outlive the guard,
 * and the transport all operations and verifiers of it. */
apisec_status apisec_guard_new_with(const char *json, size_t len, apisec_http *http, apisec_audit *audit, apisec_guard **guard,
                                    apisec_error *err);
/* apisec_guard_new_unrecorded: the same without a log: to try a document on calls that are not served, as `apisec check` does.
 * "audit" is judged as it stands, may be absent, and is not opened. http NULL: the document's. */
apisec_status apisec_guard_new_unrecorded(const char *json, size_t len, apisec_http *http, apisec_guard **guard, apisec_error *err);
/* apisec_guard_free: operations, decisions and tokens still alive keep what they need, but for the audit log. */
void apisec_guard_free(apisec_guard *guard);

/* apisec_guard_reload puts another document in force, at once for all calls that begin from then on; calls under way end by the
 * document they began with. A bad document is refused as by apisec_guard_new, and the one in force stays. "audit" must be the same
 * but for record_claims. Denials, proofs seen, a random key of nonces and the buckets of limits that are the same are taken over,
 * and so are the fetched keys of issuers of the same name that are fetched in the same way, and which services' secrets are known
 * to be right, where the hash is the same; not verified tokens, answers of introspection and status lists, which are asked for
 * anew. What cannot be taken over errs to denial: the memory of proofs keeps the room it has, whatever max_proofs says now; a nonce
 * of another key or lifetime is refused, and the client given the next. */
apisec_status apisec_guard_reload(apisec_guard *guard, const char *json, size_t len, apisec_error *err);

/* apisec_guard_warm fetches key sets ahead, as apisec_verifier_warm does. Blocks. */
apisec_status apisec_guard_warm(apisec_guard *guard, apisec_error *err);

/* apisec_guard_check: APISEC_OK if and only if the request may proceed; otherwise the denial's status. *decision is never NULL: it
 * is committed, its record written, its reply ready. Blocks only where apisec_authenticate does. */
apisec_status apisec_guard_check(apisec_guard *guard, const apisec_call *call, apisec_decision **decision, apisec_error *err);
/* apisec_guard_start: the same as an operation. It copies what it needs of the call. Who drives it makes its requests: of "http"
 * only the names of the identities matter then, and which addresses are refused is the driver's to see to (op.h). Where it fails,
 * without memory, *op is NULL, of which finish makes a denial to reply with. */
apisec_status apisec_guard_start(apisec_guard *guard, const apisec_call *call, apisec_op **op, apisec_error *err);
/* apisec_guard_finish gives the committed decision of an operation that is done; *decision is never NULL. */
apisec_status apisec_guard_finish(apisec_op *op, apisec_decision **decision, apisec_error *err);
/* apisec_guard_decide: the same as apisec_guard_check without the commit, for a service that has checks of its own to add: commit
 * it, as in decision.h. */
apisec_status apisec_guard_decide(apisec_guard *guard, const apisec_call *call, apisec_decision **decision, apisec_error *err);

/* apisec_guard_exchange obtains the token for the next service that the document's "exchange" has under this name, on behalf of the
 * decision's user: token and call are those that were allowed. APISEC_E_MISUSE: the decision is not an allow, or has no user.
 * APISEC_E_ARGUMENT: the document has none of this name. Otherwise as apisec_exchange_run. Blocks. */
apisec_status apisec_guard_exchange(apisec_guard *guard, const apisec_decision *decision, const apisec_call *call, const char *name,
                                    apisec_issued **issued, apisec_error *err);
/* apisec_guard_exchange_start: the same as an operation; end it with apisec_exchange_finish. */
apisec_status apisec_guard_exchange_start(apisec_guard *guard, const apisec_decision *decision, const apisec_call *call,
                                          const char *name, apisec_op **op, apisec_error *err);

/* apisec_guard_verifier: the one in force, to deny tokens, export keys or see its health. End with apisec_verifier_free. */
apisec_verifier *apisec_guard_verifier(apisec_guard *guard);

/* apisec_guard_audit: the log that decisions are recorded in, for a service's own events (apisec_audit_write); NULL where none is
 * kept. It lives as long as the guard, and is never closed by its borrower. */
apisec_audit *apisec_guard_audit(apisec_guard *guard);

/* apisec_guard_metrics writes counters in the text format of Prometheus (0.0.4): apisec_authentication_attempts_total{result=},
 * apisec_authorization_attempts_total{result=}, apisec_decisions_total{status=}, apisec_shadow_decisions_total{result=},
 * apisec_config_reloads_total{result=}, apisec_config_info{version=}, apisec_config_last_reload_success_timestamp_seconds,
 * apisec_decision_duration_seconds (a histogram), apisec_exchanges_total (those begun), apisec_audit_records_total{result=}, and as
 * gauges apisec_cached_tokens and apisec_denials. No label holds the name of a user, client or path. End with apisec_text_free. */
apisec_status apisec_guard_metrics(apisec_guard *guard, char **text, apisec_error *err);

/* apisec_guard_lint says what is unsafe in a document or can never match, as JSON: {"accepted":true,"findings":[{"path":…,
 * "severity":"error" or "warning","sentence":…}…]}. It reads no secret, file or variable. APISEC_OK even where there are
 * findings; a document that apisec_guard_new would refuse is not accepted, and has that as its only one. One that lacks the file
 * of "audit" alone is accepted with a warning: apisec_guard_new_with takes it. End with apisec_text_free. */
apisec_status apisec_guard_lint(const char *json, size_t len, char **findings, apisec_error *err);

/* apisec_guard_schema: the document's JSON Schema: what `apisec lint --schema` prints. A constant, never to be freed. */
const char *apisec_guard_schema(void);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
