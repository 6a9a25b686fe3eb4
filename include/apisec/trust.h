/* SPDX-License-Identifier: Apache-2.0
 *
 * trust.h: which issuers are trusted, and what is demanded of their tokens. Built once at start-up; a verifier is made from it.
 *
 * An issuer needs a name, at least one audience, at least one algorithm, and one source of keys; or introspection, if its tokens
 * are opaque. Nothing has a permissive default: what is missing makes apisec_verifier_new fail, with a sentence that says what.
 * Threads: one.
 */
#ifndef APISEC_TRUST_H
#define APISEC_TRUST_H

#include <apisec/signer.h>
#include <apisec/status.h>
#include <apisec/store.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

typedef struct apisec_trust apisec_trust;
typedef struct apisec_issuer apisec_issuer;

/* apisec_trust_new: nobody is trusted yet. NULL without memory; apisec_verifier_new then says APISEC_E_MEMORY. */
apisec_trust *apisec_trust_new(void);
/* apisec_trust_free ends its issuers as well. Verifiers made from it stay. */
void apisec_trust_free(apisec_trust *trust);

/* apisec_trust_set_realm sets the `realm` of challenges (RFC 9110 section 11.5). Printable ASCII. Default: none. */
void apisec_trust_set_realm(apisec_trust *trust, const char *realm);
/* apisec_trust_set_resource_metadata sets the `resource_metadata` URL of challenges (RFC 9728 section 5.1). Default: none. */
void apisec_trust_set_resource_metadata(apisec_trust *trust, const char *url);

/* apisec_trust_set_decryption_jwks takes the service's own private keys, to which issuers encrypt its tokens (JWE, RFC 7516;
 * RFC 9068 section 4): a JWK Set or one JWK, as apisec_decrypter_new takes it: encryption.h lists the algorithms, and says how keys
 * are rotated and when RSA is APISEC_E_UNSUPPORTED. Without it encrypted tokens are APISEC_E_MALFORMED.
 * A token is taken only if it was signed and then encrypted, with `cty` JWT (RFC 7519 section 5.2) or at+jwt (APISEC_E_TYPE
 * otherwise): what was inside is judged as if it had come in the open. What was encrypted twice is APISEC_E_MALFORMED. */
void apisec_trust_set_decryption_jwks(apisec_trust *trust, const char *json, size_t len);

/* apisec_trust_set_token_cache: how many verified tokens are kept, and for how long, so that the signature of one that comes again
 * need not be checked again. Its time, denials, its issuer's keys and what it is bound to are judged each time all the same. At
 * most 1048576 tokens, of some KiB each; 0: none. 1 to 3600 s. Default: 1024 for 300 s. */
void apisec_trust_set_token_cache(apisec_trust *trust, size_t max_tokens, uint32_t max_age_s);

/* apisec_trust_add_issuer trusts one issuer. The name is compared with `iss` byte for byte. The handle is the trust's own:
 * it is not freed. The same name twice is a configuration error. */
apisec_issuer *apisec_trust_add_issuer(apisec_trust *trust, const char *issuer);

/* apisec_issuer_add_audience: one element of the token's `aud` must equal one audience added, byte for byte. */
void apisec_issuer_add_audience(apisec_issuer *issuer, const char *audience);

/* apisec_issuer_allow_algorithm pins a JWS algorithm: RS, PS, ES or HS with 256, 384 or 512. HS only with pinned keys. */
void apisec_issuer_allow_algorithm(apisec_issuer *issuer, const char *jws_alg);

/* apisec_issuer_set_profile says what kind of JWT is expected:
 *   "at+jwt"        RFC 9068 access tokens: `typ` at+jwt; iss exp aud sub client_id iat jti required; at most 24 h. The default.
 *   "jwt"           `typ` absent or JWT; iss exp aud required. Refused are tokens with `events` (security event and logout tokens),
 *                   `token_introspection` (answers of RFC 9701), or `nonce`, `at_hash`, `c_hash`, `s_hash` (ID tokens). An ID token
 *                   with none of these is told only by its audience, the client: do not add a client's id as an audience here.
 *   "txntoken+jwt"  Transaction Tokens (draft-ietf-oauth-transaction-tokens): `typ` txntoken+jwt; aud exp iat txn sub scope req_wl
 *                   required, tctx and rctx objects where they are; at most 6 min. The audience is the trust domain. `iss` may be
 *                   absent: then the token is from the one issuer of this profile that has its audience, and refused with
 *                   APISEC_E_ISSUER where several have. In a call it is accepted from the header Txn-Token only. */
void apisec_issuer_set_profile(apisec_issuer *issuer, const char *profile);

/* An issuer has exactly one source of keys, set by one of the next three.
 *
 * apisec_issuer_set_jwks pins a JWK Set text (RFC 7517 section 5), at most 256 KiB and 64 keys. Keys of an unknown kty and keys
 * for encryption are skipped; a private RSA or EC key is refused: it does not belong in a verifier. */
void apisec_issuer_set_jwks(apisec_issuer *issuer, const char *json, size_t len);
/* apisec_issuer_set_jwks_uri fetches the set from an https URL, when it is first needed. It is kept for the server's max-age within
 * 60 to 3600 s (600 s without one), refreshed ahead at 80 % of that, and fetched again for an unknown `kid` at most once in 30 s.
 * When fetching fails the last good set serves until it is one hour old, never longer; the next try comes after 1 s, then 2 s, up
 * to 60 s. */
void apisec_issuer_set_jwks_uri(apisec_issuer *issuer, const char *url);
/* apisec_issuer_discover finds that URL in the issuer's metadata (OpenID Connect Discovery 1.0, then RFC 8414), whose `issuer` must
 * equal the name byte for byte. */
void apisec_issuer_discover(apisec_issuer *issuer);

/* apisec_issuer_require_claim demands a claim that is present and not null, beside those of the profile. */
void apisec_issuer_require_claim(apisec_issuer *issuer, const char *name);

/* apisec_issuer_set_leeway: how far clocks may differ when exp, nbf and iat are judged; 0 to 300 s, default 60. */
void apisec_issuer_set_leeway(apisec_issuer *issuer, uint32_t seconds);

/* apisec_issuer_set_max_lifetime: `exp` may lie at most so far after `iat`. Default 86400 for at+jwt, 360 for txntoken+jwt, no
 * limit for jwt; a token without `iat` is refused where there is a limit. 0 takes the limit away. */
void apisec_issuer_set_max_lifetime(apisec_issuer *issuer, uint32_t seconds);

/* apisec_issuer_require_encryption refuses the issuer's JWTs that come in the open (APISEC_E_DECRYPTION). */
void apisec_issuer_require_encryption(apisec_issuer *issuer);

/* Status lists: revocation without a call for each request (draft-ietf-oauth-status-list). A token says in `status` which list and
 * which entry of it are its own; once all else about the token is found good, on every use, the entry is looked up.
 *
 * apisec_issuer_allow_status_list says where the issuer's lists are: an https URL that ends in "/" and stands for all below it, or
 * the whole URL of one list. May be called again for more. A list is fetched when it is first needed; redirects are not followed.
 * It must be signed by this issuer with an algorithm allowed to it, of `typ` statuslist+jwt, its `sub` the URL, its `iss`, if any,
 * the issuer's name; at most 1 MiB, and 1 MiB when it is inflated. It is kept for its `ttl`, at most a day (without `ttl` for the
 * server's max-age within 60 to 3600 s, or 600 s), never past its `exp` and the leeway, and fetched anew ahead, at 80 % of that.
 * After that, without a newer one, tokens are refused; a failed fetch is tried again after 1 s, then 2 s, up to 60 s. Of one issuer
 * at most 256 lists and 16 MiB of them are kept. Lists are judged by the clock that drives the operation, not by a verification's
 * time.
 *
 * Any status but 0 is APISEC_E_REVOKED. A reference that is wrong, to another URL, or behind the end of its list is APISEC_E_CLAIM.
 * A list that cannot be had is APISEC_E_UNREACHABLE, _TIMEOUT, _TLS, _ADDRESS, _RESPONSE, _KEYS_UNAVAILABLE or _BUSY: not the
 * token's fault, and not allowed. A library made without zlib (make STATUS=none) says APISEC_E_UNSUPPORTED at
 * apisec_verifier_new. */
void apisec_issuer_allow_status_list(apisec_issuer *issuer, const char *uri_prefix);
/* apisec_issuer_require_status refuses tokens without a status (APISEC_E_CLAIM). */
void apisec_issuer_require_status(apisec_issuer *issuer);
/* apisec_issuer_ignore_status accepts tokens with a status without asking any list. Without this and without an allowed list a
 * token that has a status is refused (APISEC_E_CLAIM): revoked or not, nobody could tell. */
void apisec_issuer_ignore_status(apisec_issuer *issuer);

/* Tokens that are bound to their sender: what a token's `cnf` demands must be met by the request it comes with, whatever is set up
 * here, and what is not understood is not met (APISEC_E_BINDING). A token with `x5t#S256` is only accepted over a connection with
 * that client certificate (apisec_call_set_peer_certificate; RFC 8705 section 3). For a token with `jkt` DPoP must be allowed, and
 * the call's method and target be set.
 *
 * apisec_issuer_require_binding refuses this issuer's tokens that are bound to nothing (APISEC_E_BINDING). */
void apisec_issuer_require_binding(apisec_issuer *issuer);

/* apisec_trust_allow_dpop accepts `Authorization: DPoP` with a proof in the DPoP header, which is checked by all of RFC 9449
 * section 4.3: APISEC_E_PROOF, APISEC_E_NONCE, APISEC_E_REPLAY. A proof is accepted for 30 s before and after its `iat`, once. It
 * needs an origin. */
void apisec_trust_allow_dpop(apisec_trust *trust);
/* apisec_trust_add_origin names what clients know this service by, "https://api.example": a proof must be made for an origin
 * added and the path of the call's target (`htu`, compared as RFC 3986 section 6.2.2 and 6.2.3 say). The Host header is never
 * asked. Where a proxy cuts a prefix off the path, the prefix goes along: "https://api.example/orders". https, or http of a
 * loopback host. */
void apisec_trust_add_origin(apisec_trust *trust, const char *url);
/* apisec_trust_allow_dpop_algorithm pins the algorithms of proofs: RS, PS or ES with 256, 384 or 512. Default: all of them. */
void apisec_trust_allow_dpop_algorithm(apisec_trust *trust, const char *jws_alg);
/* apisec_trust_require_dpop_nonce demands a nonce of ours in each proof (RFC 9449 section 9), which says that the proof is not
 * older than two lifetimes (1 to 86400 s), whatever the client's clock says. A client without one is refused with APISEC_E_NONCE
 * and given it; one that uses the nonce before the current one is given the next along with its answer (DPoP-Nonce, see
 * decision.h). Nothing is stored: a nonce is an HMAC of the time. */
void apisec_trust_require_dpop_nonce(apisec_trust *trust, uint32_t lifetime_s);
/* apisec_trust_set_dpop_nonce_key sets the key of the nonces, 32 to 64 bytes, so that several processes give and accept the same
 * ones. Default: a random one for each verifier, which the children of a fork share. The bytes are copied and wiped at the end. */
void apisec_trust_set_dpop_nonce_key(apisec_trust *trust, const char *key, size_t len);
/* apisec_trust_set_replay_capacity: how many proofs the verifier remembers, 1 to 16777216, default 131072, at 40 bytes each. When
 * so many were accepted within one minute the next is refused with APISEC_E_STORE (503): none is forgotten to make room. It is
 * the memory of one process: the children of a fork each have their own, and a new process has none; see apisec_trust_set_store,
 * and that with a random nonce key no process accepts a proof made for another one. */
void apisec_trust_set_replay_capacity(apisec_trust *trust, size_t max_proofs);
/* apisec_trust_set_store remembers proofs in a store that several processes share (store.h), in place of the verifier's own
 * memory. */
void apisec_trust_set_store(apisec_trust *trust, const apisec_store *store);

/* Opaque tokens: what is not of the three parts of a JWS or the five of a JWE is opaque, and the issuer is asked what it means
 * (token introspection, RFC 7662). The answer is believed no more than a JWT: `active` must be true, `aud` name an audience added,
 * `exp` be there and lie ahead, `nbf` and `iat` not; `iss`, where it is there, be the issuer; all with the same exact types.
 * `token_type`, where it is there, must be Bearer or DPoP. The token that comes out has the answer's members as its claims. What
 * the profile demands beyond that is not asked of opaque tokens; what apisec_issuer_require_claim and _set_max_lifetime demand is.
 *
 * An issuer that has both keys and introspection takes JWTs and opaque tokens side by side; one without keys takes opaque ones
 * only. An issuer is asked about 16 tokens at once, and about the same token once; a seventeenth is APISEC_E_BUSY. A verification
 * waits five seconds for all of it. Server faults (-4xx) are never kept, and never let anybody in.
 *
 * apisec_issuer_set_introspection: the endpoint's https URL. It needs one of the four ways to authenticate that follow; the last
 * one called is used. */
void apisec_issuer_set_introspection(apisec_issuer *issuer, const char *url);
/* apisec_issuer_set_introspection_basic: client_secret_basic; see apisec_client_set_basic in client.h, and so for its three kin. */
void apisec_issuer_set_introspection_basic(apisec_issuer *issuer, const char *client_id, const char *secret, size_t len);
/* apisec_issuer_set_introspection_post: client_secret_post. */
void apisec_issuer_set_introspection_post(apisec_issuer *issuer, const char *client_id, const char *secret, size_t len);
/* apisec_issuer_set_introspection_private_key_jwt: private_key_jwt, RFC 7523. audience: the issuer's name, or its endpoint's
 * URL. */
void apisec_issuer_set_introspection_private_key_jwt(apisec_issuer *issuer, const char *client_id, const apisec_signer *signer,
                                                     const char *audience);
/* apisec_issuer_set_introspection_mtls: tls_client_auth, RFC 8705, with a certificate that the transport knows by this name. */
void apisec_issuer_set_introspection_mtls(apisec_issuer *issuer, const char *client_id, const char *identity);

/* apisec_issuer_require_signed_introspection: the answer must be a JWT (RFC 9701), signed with a key of the issuer and an algorithm
 * allowed for it, with the issuer as `iss`, our client id as `aud`, and an `iat` of just now. */
void apisec_issuer_require_signed_introspection(apisec_issuer *issuer);

/* apisec_issuer_set_introspection_cache: for how long an answer is kept, 0 to 300 s, default 10, and never beyond the token's
 * `exp`. Time and sender constraint are judged again on each use. With 0 each use is asked, but for those that come while the same
 * is being asked already. That a token is not active is kept for 10 s in any case. Kept are at most 1024 of each, and never the
 * token. */
void apisec_issuer_set_introspection_cache(apisec_issuer *issuer, uint32_t seconds);

/* apisec_issuer_set_opaque_prefix: only opaque tokens that begin with these 1 to 64 characters are this issuer's; the longest
 * prefix that fits decides. At most one issuer may have introspection without a prefix: all others are then its own. */
void apisec_issuer_set_opaque_prefix(apisec_issuer *issuer, const char *prefix);

/* apisec_issuer_allow_absent_audience takes answers without `aud`, for a server that says active only to those whom a token is for
 * (RFC 9701 section 5 demands it; RFC 7662 does not). An `aud` that is there is judged all the same, and so is every JWT's. */
void apisec_issuer_allow_absent_audience(apisec_issuer *issuer);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
