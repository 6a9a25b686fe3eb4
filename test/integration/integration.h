/* SPDX-License-Identifier: Apache-2.0
 *
 * integration.h: what the integration tests share: where the servers are, what a browser or an administrator would do there, the
 * library's transport with its requests counted, and verifiers. These tests see the public headers only.
 */
#ifndef TEST_INTEGRATION_H
#define TEST_INTEGRATION_H

#include <apisec/apisec.h>

#include <stdatomic.h>
#include <stdbool.h>

/* setting returns what run.sh says in INTEGRATION_<name>: OIDC, GLEWLWYD and PROXY are URLs, CA a file, FOLDER a folder, ADMIN a
 * shell script. The process ends when it is not said. */
const char *setting(const char *name);
/* setting_url joins a path to one of the URLs, in one of a few static buffers. */
const char *setting_url(const char *name, const char *path);

/* read_folder reads a file of the servers' folder, to be freed; a NUL follows it. len may be NULL. */
char *read_folder(const char *name, size_t *len);

/* ---- by a plain HTTP client: the process ends when the answer is not 200 ---- */

/* fetch_text gets a member of the JSON that the URL answers with; user ("id:secret", as it stands in the header) and form may be
 * NULL. member NULL: the answer is of no interest, NULL. To be freed. */
char *fetch_text(const char *url, const char *user, const char *form, const char *member);
/* http_ask does the same with whatever answer, as a client that has a proof to send or a certificate to show. */
struct question {
    const char *url, *user, *form;
    const char *proof;    /* the DPoP header; NULL: none */
    const char *identity; /* "client" or "other", the certificates that run.sh makes; NULL: none */
};
struct answer {
    long status;
    char nonce[256]; /* the DPoP-Nonce header; "": none */
    char body[65536];
};
void http_ask(const struct question *question, struct answer *answer);
/* answer_member returns a member of an answer's JSON, to be freed; NULL: it has none. */
char *answer_member(const struct answer *answer, const char *member);
/* fetch_user_token logs a user in at oidc-provider; query as in "sub=alice&scope=orders:read". fetch_client_token is for the client
 * svc-basic or svc-post itself. alg is "RS256", "PS256" or "ES256" and chooses the resource. */
char *fetch_user_token(const char *alg, const char *query);
char *fetch_client_token(const char *alg, const char *client);
/* resource_of: "https://rs256.test/" for "RS256", in a static buffer. */
const char *resource_of(const char *alg);

/* ---- the library's transport, counted ---- */

struct counted {
    apisec_http http; /* to be given to the library */
    apisec_http *inner;
    atomic_size_t num_requests;
};
/* counted_open: trusts the tests' CA, allows loopback, and has the certificates "client" and "other" to show. total_ms 0: the
 * default timeouts. */
void counted_open(struct counted *counted, uint32_t total_ms);
void counted_close(struct counted *counted);

/* ---- verifying ---- */

struct demand {
    const char *issuer, *audience, *algorithm;
    const char *jwks_uri; /* NULL: discovered */
    const char *profile;  /* NULL: the default */
};
/* demand_verifier never fails: what is wrong with a demand ends the process. */
apisec_verifier *demand_verifier(const struct demand *demand, apisec_http *http);
/* verify_at verifies a token of now while the operation's clock is ahead by so much: key sets age, tokens do not. */
apisec_status verify_at(apisec_verifier *verifier, apisec_http *http, const char *token, int64_t ahead_ms, apisec_token **verified,
                        apisec_error *err);
/* verify_now is apisec_verify, with the token's end dropped. */
apisec_status verify_now(apisec_verifier *verifier, const char *token, apisec_error *err);

int64_t now_ms(void);

#endif
