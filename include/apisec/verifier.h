/* SPDX-License-Identifier: Apache-2.0
 *
 * verifier.h: the frozen trust, with its key sets: verifies tokens.
 *
 * Checks, in this order, each with its own status: decryption (RFC 7516), size and form (RFC 7515), issuer, `typ`, `alg`, `aud`,
 * key, signature, `exp`, `nbf`, `iat`, lifetime, required claims, `cnf`, denials, the status list, and that a DPoP proof is new. Of
 * an opaque token, about which its issuer is asked (see trust.h), those that are not of form, algorithm, key and signature.
 * Threads: a verifier may be shared by all threads; only free it when none uses it.
 */
#ifndef APISEC_VERIFIER_H
#define APISEC_VERIFIER_H

#include <apisec/op.h>
#include <apisec/status.h>
#include <apisec/token.h>
#include <apisec/trust.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

typedef struct apisec_verifier apisec_verifier;

/* apisec_verifier_new freezes the trust (which may be freed afterwards). It checks all of the set-up and never uses the network.
 * http may be NULL when all keys are pinned or when operations are driven by the caller; it must outlive the verifier.
 * APISEC_E_CONFIG with the issuer and what is missing or wrong. */
apisec_status apisec_verifier_new(const apisec_trust *trust, apisec_http *http, apisec_verifier **verifier, apisec_error *err);
/* apisec_verifier_free: operations and decisions still alive keep what they need of it. */
void apisec_verifier_free(apisec_verifier *verifier);

/* apisec_verifier_warm fetches all key sets that are absent or past half of their lifetime, so that the first request need not. The
 * first failure is returned, after all were tried: APISEC_E_KEYS_UNAVAILABLE, whatever the cause, which err tells, or
 * APISEC_E_NO_TRANSPORT. Called every 15 s from a thread of the service's own it keeps all fetches off the requests but those for
 * an unknown `kid` and of status lists. Blocks. */
apisec_status apisec_verifier_warm(apisec_verifier *verifier, apisec_error *err);
/* apisec_verifier_warm_start: the same as an operation. */
apisec_status apisec_verifier_warm_start(apisec_verifier *verifier, apisec_op **op, apisec_error *err);
/* apisec_verifier_warm_finish: how it ended. APISEC_E_MISUSE: it is not done. */
apisec_status apisec_verifier_warm_finish(apisec_op *op, apisec_error *err);

/* apisec_verifier_health writes what is worth watching as one JSON object: in `issuers`, for each issuer, `issuer` and `keys`:
 *   source       "pinned", "uri" or "discovered"
 *   num_keys     that verify; num_skipped: keys of the set that cannot be used
 *   generation   of the set: 0 none yet, and one more with each that replaces it
 *   unknown_kid  how many tokens had a kid that no key has
 * and where the keys are fetched:
 *   last_success, last_failure   when the last fetch ended so, or null
 *   good_until   when the set is dropped if no fetch succeeds before, or null
 *   last_error   why the last failure was one
 *   fetches, not_modified, failures, abandoned   how many were begun, and ended so: with a 304, badly, by freeing the operation
 * Beside `keys`, in `introspection`, of an issuer that is asked about opaque tokens:
 *   asked, failures      how many questions were asked, and how many of them failed
 *   kept, waited, busy   how many verifications found an answer that was kept, waited for another's, or were one too many
 * Beside it, in `status_lists`, of an issuer that may use them, of all its lists together:
 *   num_lists, num_bytes         that are held
 *   last_success, last_failure, last_error, fetches, failures, abandoned   as above
 * In `token_cache`, of the verified tokens that are kept (see apisec_trust_set_token_cache):
 *   max_tokens, num_tokens       how many there may be, and are
 *   hits, misses                 how many verifications found theirs, and did not
 *   stale                        misses whose token was there, verified with keys that are not the issuer's any more
 *   stored, evicted              how many were put there, and gave way to others before their time
 * In `denials`, max_denials and num_denials: how many there may be, and are, before those that ended are forgotten.
 * In `proofs`, where DPoP is allowed and no store is set:
 *   max_proofs, num_proofs       how many there is room for, and are remembered, for an hour where there is room
 *   seen, refused                how many were replays, and how many found no room
 * Members may be added. Takes no lock that a verification would wait for, but the lists' and the proofs' for a moment.
 * End *json with apisec_text_free. */
apisec_status apisec_verifier_health(apisec_verifier *verifier, char **json, apisec_error *err);

/* apisec_verifier_export_keys writes the key sets that were fetched as one JSON document, so that a service that starts again need
 * not wait for its key servers, or can do without them for an hour. It holds public keys only; but whoever can write to it where
 * it is kept decides whose tokens pass: keep it where only the service can write. End *json with apisec_text_free. */
apisec_status apisec_verifier_export_keys(apisec_verifier *verifier, char **json, apisec_error *err);
/* apisec_verifier_import_keys takes them back, at the time now (seconds). A set is judged as if it were fetched now, and its age
 * counts from when it was: what is an hour old is left out, as are sets that are not newer than what is there, or of an issuer
 * that is not trusted any more or has its keys from another place now. APISEC_E_CONFIG: the document is not one of these, or is
 * from a time after now, or holds a set that would not pass: then nothing is taken. APISEC_E_TOO_LARGE: over 16 MiB. */
apisec_status apisec_verifier_import_keys(apisec_verifier *verifier, const char *json, size_t len, int64_t now, apisec_error *err);

/* apisec_verify verifies one compact token of at most 16 KiB at the time now (seconds). It blocks only when keys must be fetched or
 * an issuer be asked, and never where the verifier has no transport: then what an operation has brought is used, or it is
 * APISEC_E_NO_TRANSPORT.
 * A token with a `cnf` fails with APISEC_E_BINDING: what it is bound to can only be seen in a request.
 * End *verified with apisec_token_free. Every status of -2xx, APISEC_E_KEYS_UNAVAILABLE, APISEC_E_NO_TRANSPORT; of an
 * opaque token or a status list, whatever of -4xx the server's fault is, and APISEC_E_BUSY. */
apisec_status apisec_verify(apisec_verifier *verifier, const char *token, size_t len, int64_t now, apisec_token **verified,
                            apisec_error *err);
/* apisec_verify_start: the same as an operation. It copies the token. */
apisec_status apisec_verify_start(apisec_verifier *verifier, const char *token, size_t len, int64_t now, apisec_op **op,
                                  apisec_error *err);
/* apisec_verify_finish gives the result of an operation that is done, once. APISEC_E_MISUSE: not done, or taken already. */
apisec_status apisec_verify_finish(apisec_op *op, apisec_token **verified, apisec_error *err);

/* Denials refuse tokens before they expire, with APISEC_E_REVOKED, from the next verification on; what has been verified before is
 * no exception. They are this verifier's own, in memory only, and forgotten some time after until, in seconds: for that the tokens'
 * latest `exp` will do, since the largest leeway, 300, is added. One whose until is further past than that is APISEC_OK and refuses
 * nothing: by then a token's own `exp` refuses it. To deny the same again can only widen it. At most 65536 stand at a time.
 * APISEC_E_STORE: there is no room, and nothing has changed. APISEC_E_ARGUMENT: no token could ever be meant by it. Any thread.
 *
 * apisec_verifier_deny_id: the token with this `jti` of this issuer. */
apisec_status apisec_verifier_deny_id(apisec_verifier *verifier, const char *issuer, const char *jti, int64_t until,
                                      apisec_error *err);
/* apisec_verifier_deny_principal: all tokens of a principal, as apisec_token_principal() gives it, whose `iat` is before
 * issued_before or absent. A token issued in the very second is not: now + 1 means all there are. */
apisec_status apisec_verifier_deny_principal(apisec_verifier *verifier, const char *principal, int64_t issued_before, int64_t until,
                                             apisec_error *err);
/* apisec_verifier_deny_session: all tokens of an issuer's session, by their `sid`. */
apisec_status apisec_verifier_deny_session(apisec_verifier *verifier, const char *issuer, const char *sid, int64_t until,
                                           apisec_error *err);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
