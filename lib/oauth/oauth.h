/* SPDX-License-Identifier: Apache-2.0
 *
 * oauth.h (private): the OAuth client's side of a server: metadata, client authentication, the token endpoint's answer. Shared by
 * key set discovery, token exchange, and what else asks an authorization server.
 */
#ifndef OAUTH_OAUTH_H
#define OAUTH_OAUTH_H

#include "base/base.h"
#include "http/http.h"
#include "jose/jose.h"
#include "json/json.h"

/* ---- metadata.c: OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3 ---- */

enum metadata_form { METADATA_OIDC, METADATA_OAUTH };
/* metadata_url: where the issuer's document is. OIDC: issuer + "/.well-known/openid-configuration" (a trailing slash of the issuer
 * is dropped first); OAUTH: the well-known part goes between host and path. CONFIG: the issuer is no https URL, or has a query. */
apisec_status metadata_url(struct text issuer, enum metadata_form form, struct buffer *url);
/* metadata_read checks the document: strict JSON, `issuer` byte-equal, `jwks_uri` an https URL; RESPONSE otherwise, or MEMORY.
 * *jwks_uri to be freed. */
apisec_status metadata_read(struct text document, struct text issuer, char **jwks_uri, apisec_error *err);

/* ---- auth.c: client authentication: RFC 6749 section 2.3.1, RFC 7523 section 2.2, RFC 8705 section 2 ---- */

enum oauth_auth { OAUTH_AUTH_NONE, OAUTH_AUTH_BASIC, OAUTH_AUTH_POST, OAUTH_AUTH_PRIVATE_KEY_JWT, OAUTH_AUTH_MTLS };
struct oauth_credential {
    enum oauth_auth method;
    char *client_id;
    char *secret;                /* BASIC, POST */
    size_t secret_len;
    apisec_signer *signer;       /* PRIVATE_KEY_JWT: a reference */
    char *audience;              /* PRIVATE_KEY_JWT: the assertion's one `aud` */
    char *identity;              /* MTLS: the transport's name for certificate and key */
};
/* auth_set_* replace what the credential was. CONFIG: something is empty, or the signer's key is a shared secret (HS); MEMORY. Then
 * the credential is NONE. */
apisec_status auth_set_secret(struct oauth_credential *credential, enum oauth_auth method, const char *client_id,
                              struct text secret, apisec_error *err);
apisec_status auth_set_private_key_jwt(struct oauth_credential *credential, const char *client_id, const apisec_signer *signer,
                                       const char *audience, apisec_error *err);
apisec_status auth_set_mtls(struct oauth_credential *credential, const char *client_id, const char *identity, apisec_error *err);
/* auth_copy makes `to`, which is empty, the same. MEMORY. */
apisec_status auth_copy(const struct oauth_credential *from, struct oauth_credential *to);
/* auth_apply adds what the method demands to the request of an operation: a header, members of the form, a client certificate. NONE
 * adds the client_id alone, if there is one (RFC 6749 section 3.2.1). *assertion: the client assertion that was sent, a secret that
 * no error may repeat, to be freed with apisec_text_free; or NULL. TOO_LARGE, MEMORY, SYSTEM, CRYPTO. */
apisec_status auth_apply(const struct oauth_credential *credential, apisec_op *op, struct buffer *form, int64_t now_ms,
                         char **assertion);
/* auth_is_in is secret_is_in for the secret in every form in which auth_apply sends it, and for the assertion it gave, or NULL. */
bool auth_is_in(const struct oauth_credential *credential, const char *assertion, struct text words);
void auth_free(struct oauth_credential *credential); /* wipes; the struct itself is not freed */

/* ---- assertion.c: what a client says of itself and signs, RFC 7523 section 3 ---- */

#define ASSERTION_LIFETIME_S 60
#define ASSERTION_CLIENT "client-authentication+jwt" /* the `typ` that rfc7523bis gives client assertions */
#define ASSERTION_ACTOR "JWT"                        /* who acts, in an exchange: nothing else is said of such a token */
/* assertion_new signs "this is the client, for this server, now", to be used once. SYSTEM, CRYPTO, MEMORY. */
apisec_status assertion_new(const apisec_signer *signer, const char *type, const char *client_id, const char *audience, int64_t now,
                            char **assertion);

/* ---- proof.c: a DPoP proof, RFC 9449 section 4.2; include/apisec/dpop.h ---- */

struct proof_subject {
    const char *method;
    struct text url;                /* query and fragment are left out */
    struct text token;              /* at NULL: none goes along */
    struct text nonce;              /* at NULL: none */
    int64_t now;
};
/* proof_new: as apisec_dpop_proof. */
apisec_status proof_new(const apisec_signer *signer, const struct proof_subject *subject, char **proof, apisec_error *err);

/* ---- sent.c: what no sentence may repeat ---- */

/* What was sent to a server, or had from it in confidence. */
struct sent {
    struct text tokens[4];                      /* and proofs; len 0: none */
    const struct oauth_credential *credential;  /* NULL: none */
    const char *assertion;                      /* of auth_apply; NULL: none */
};
/* secret_is_in: do a server's words repeat a piece of the secret, as it is or as a form has it: 8 bytes in a row, or all of a
 * shorter one? Without memory to tell they do. Called for the words alone, before they go into a sentence of ours. */
bool secret_is_in(struct text secret, struct text words);
/* sent_is_in: a piece of anything that was sent. NULL: nothing was. */
bool sent_is_in(const struct sent *sent, struct text words);
/* fail_unsaid is fail with the sentence that takes the place of one with such words. */
apisec_status fail_unsaid(apisec_error *err, apisec_status status);

/* ---- answer.c: the token endpoint's answer, RFC 6749 sections 5.1 and 5.2 ---- */

struct token_answer {
    struct json *document;
    struct text access_token;       /* not empty */
    struct text token_type;         /* as the server wrote it */
    struct text issued_token_type;  /* at NULL: absent */
    struct text scope;              /* at NULL: absent */
    int64_t expires_in;             /* -1: absent */
};
/* answer_read: the transport's status, or an error answer's OAuth status (411 to 418, the server's words sanitised in err: error,
 * error_description, unless they repeat what was sent), or RESPONSE. Only 200 with application/json counts as success; an error
 * answer is a 400, 401 or 403 whose body is a JSON object with a string `error`; 5xx and 429 are UNREACHABLE and BUSY. */
apisec_status answer_read(const struct op_answer *answer, const struct sent *sent, struct token_answer *out,
                          apisec_error *err);
void answer_free(struct token_answer *answer);
/* answer_wants_nonce: it is an error, use_dpop_nonce, and has the nonce (RFC 9449 section 8). */
bool answer_wants_nonce(const struct op_answer *answer);
/* answer_check is the part that is the same for every endpoint to which a client authenticates: APISEC_OK only for a whole answer
 * with HTTP status 200, whatever its type; otherwise as answer_read. */
apisec_status answer_check(const struct op_answer *answer, const struct sent *sent, apisec_error *err);

#endif
