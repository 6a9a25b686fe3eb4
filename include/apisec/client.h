/* SPDX-License-Identifier: Apache-2.0
 *
 * client.h: an OAuth client: obtains a narrower token for the next service, on behalf of the same user (RFC 8693).
 *
 *     apisec_exchange *x = apisec_exchange_new();
 *     apisec_exchange_set_subject(x, apisec_decision_token(decision), raw, raw_len);
 *     apisec_exchange_add_audience(x, "ledger");
 *     apisec_exchange_set_scope(x, "ledger:read");
 *     status = apisec_exchange_run(client, x, &issued, &err);
 *
 * The answer is checked: type, expiry, no wider scope than asked, and a token that names the actor if one was sent and it can be
 * read.
 * Threads: set a client up in one, then share it; an exchange belongs to one; an issued token may be shared.
 */
#ifndef APISEC_CLIENT_H
#define APISEC_CLIENT_H

#include <apisec/op.h>
#include <apisec/signer.h>
#include <apisec/status.h>
#include <apisec/token.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

typedef struct apisec_client apisec_client;
typedef struct apisec_exchange apisec_exchange;
typedef struct apisec_issued apisec_issued;

/* apisec_client_new: http may be NULL when operations are driven by the caller; it must outlive the client. Once an exchange was
 * started the client is frozen: setters do nothing but make later starts fail with APISEC_E_MISUSE. NULL without memory: a start
 * then says APISEC_E_MEMORY. */
apisec_client *apisec_client_new(apisec_http *http);
/* apisec_client_free: exchanges still alive keep what they need of it. Secrets are wiped. */
void apisec_client_free(apisec_client *client);

/* apisec_client_set_endpoint: the token endpoint, an https URL without user info or fragment. */
void apisec_client_set_endpoint(apisec_client *client, const char *url);
/* apisec_client_set_basic: client_secret_basic, RFC 6749 section 2.3.1: both are form-urlencoded before base64. The secret's
 * len bytes are copied and wiped at the end. */
void apisec_client_set_basic(apisec_client *client, const char *client_id, const char *secret, size_t len);
/* apisec_client_set_post: client_secret_post, the same with both in the request's body, for servers that know no other way:
 * RFC 6749 does not recommend it. Of this and its three kin the last one called is used. */
void apisec_client_set_post(apisec_client *client, const char *client_id, const char *secret, size_t len);
/* apisec_client_set_private_key_jwt: private_key_jwt, RFC 7523 section 2.2: each request carries a JWT of its own, valid for 60 s,
 * signed with an RSA or EC key. audience is its one `aud`: the authorization server's issuer name; its token endpoint's URL only
 * for a server that knows no better. The signer may be freed afterwards. */
void apisec_client_set_private_key_jwt(apisec_client *client, const char *client_id, const apisec_signer *signer,
                                       const char *audience);
/* apisec_client_set_mtls: tls_client_auth or self_signed_tls_client_auth, RFC 8705 section 2: the transport shows the certificate
 * that apisec_http_options_add_identity gave this name. The endpoint must be the server's own for it (`mtls_endpoint_aliases`). */
void apisec_client_set_mtls(apisec_client *client, const char *client_id, const char *identity);

/* apisec_client_set_dpop asks for tokens that are bound to a key (RFC 9449 section 5): each request to the endpoint has a proof,
 * and is made once more when the server wants a nonce in it. An answer with a token that is not bound, token_type Bearer, is
 * APISEC_E_RESPONSE. The key is RSA or EC; the signer may be freed. Proofs for the requests with the token: dpop.h. */
void apisec_client_set_dpop(apisec_client *client, const apisec_signer *signer);

/* apisec_exchange_new: what to ask for. Builder; one exchange may be run several times. NULL without memory: a start then says
 * APISEC_E_MEMORY. */
apisec_exchange *apisec_exchange_new(void);
/* apisec_exchange_free wipes the tokens it holds. */
void apisec_exchange_free(apisec_exchange *exchange);

/* apisec_exchange_set_subject: on whose behalf: a verified token and its bytes as they came, which must hash to it
 * (APISEC_E_MISUSE at the start otherwise): no other token can slip in. Type access_token. An encrypted token goes out as it came,
 * still encrypted to this service: what was inside is nobody's to hand on, and a server that cannot decrypt it will refuse. */
void apisec_exchange_set_subject(apisec_exchange *exchange, const apisec_token *token, const char *raw, size_t len);
/* apisec_exchange_set_subject_unverified: the same without proof that anybody verified it: for tools and gateways that hand on an
 * opaque token. type: a token type URI, NULL for access_token. */
void apisec_exchange_set_subject_unverified(apisec_exchange *exchange, const char *raw, size_t len, const char *type);
/* apisec_exchange_set_actor: who acts: this service's own token. type: a token type URI, NULL for access_token. An answer that can
 * be read and names no actor is APISEC_E_NOT_DELEGATED. */
void apisec_exchange_set_actor(apisec_exchange *exchange, const char *raw, size_t len, const char *type);
/* apisec_exchange_add_audience: a logical name of the target. At most 16. At least one audience or resource is needed: a token for
 * nobody in particular is no narrowing. */
void apisec_exchange_add_audience(apisec_exchange *exchange, const char *audience);
/* apisec_exchange_add_resource: the absolute URI of the target, without a fragment (RFC 8707 section 2). At most 16. */
void apisec_exchange_add_resource(apisec_exchange *exchange, const char *uri);
/* apisec_exchange_set_scope: scope-tokens separated by one space. Always set it: without it the server chooses, and its choice is
 * only compared with the scope of a subject set as a verified token. */
void apisec_exchange_set_scope(apisec_exchange *exchange, const char *scope);
/* apisec_exchange_set_requested_type: a token type URI. Short names are accepted: access_token, refresh_token, id_token, saml1,
 * saml2, jwt, txn_token. Default: not sent, and an access_token or jwt is expected. */
void apisec_exchange_set_requested_type(apisec_exchange *exchange, const char *type);
/* apisec_exchange_set_traceparent: the request's place in a trace, "00-<32 hex>-<16 hex>-<2 hex>" (W3C Trace Context, version 00),
 * sent as the header of that name, so that the authorization server's records join ours. Default: not sent. */
void apisec_exchange_set_traceparent(apisec_exchange *exchange, const char *traceparent);

/* apisec_exchange_run asks the endpoint, blocking. APISEC_E_CONFIG: client or exchange incomplete. -4xx: transport, TLS, an answer
 * that breaks the standard (RESPONSE), an OAuth error (INVALID_REQUEST …; the server's words, sanitised, in err), more scope than
 * was asked for (SCOPE_WIDENED), no actor (NOT_DELEGATED). End *issued with apisec_issued_free. */
apisec_status apisec_exchange_run(apisec_client *client, const apisec_exchange *exchange, apisec_issued **issued,
                                  apisec_error *err);
/* apisec_exchange_start: the same as an operation, to be driven by the caller. It copies the exchange. */
apisec_status apisec_exchange_start(apisec_client *client, const apisec_exchange *exchange, apisec_op **op, apisec_error *err);
/* apisec_exchange_finish gives the result of an operation that is done, at each call a reference of the caller's own.
 * APISEC_E_MISUSE: it is not done, or is no exchange. */
apisec_status apisec_exchange_finish(apisec_op *op, apisec_issued **issued, apisec_error *err);

/* apisec_issued_token: the token that was granted. A secret. */
const char *apisec_issued_token(const apisec_issued *issued, size_t *len);
/* apisec_issued_token_type: how it is to be sent: "Bearer", "DPoP", or "N_A" for what is no access token. */
const char *apisec_issued_token_type(const apisec_issued *issued);
/* apisec_issued_issued_type: the token type URI of what came. */
const char *apisec_issued_issued_type(const apisec_issued *issued);
/* apisec_issued_expires_at: seconds, counted from when the request was made; 0 when the server did not say. */
int64_t apisec_issued_expires_at(const apisec_issued *issued);
/* apisec_issued_scope: what was granted, space-separated; NULL when neither asked nor told. */
const char *apisec_issued_scope(const apisec_issued *issued);
/* apisec_issued_scope_reduced: the scopes asked for and not granted, space-separated; NULL when none is missing. */
const char *apisec_issued_scope_reduced(const apisec_issued *issued);
/* apisec_issued_ref takes one more reference and returns its argument. */
apisec_issued *apisec_issued_ref(apisec_issued *issued);
/* apisec_issued_free gives one reference back; the last wipes the token. */
void apisec_issued_free(apisec_issued *issued);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
