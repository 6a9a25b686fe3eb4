/* SPDX-License-Identifier: Apache-2.0
 *
 * exchange.h (private): obtaining a token for the next service in exchange for the one that came (RFC 8693).
 *
 *   client.c    the OAuth client, frozen by its first exchange     exchange.c  what to ask for, and the request's form
 *   type.c      token type URIs                                    ask.c       one exchange as an operation
 *   grant.c     the checks of the answer                           issued.c    the issued token
 */
#ifndef EXCHANGE_EXCHANGE_H
#define EXCHANGE_EXCHANGE_H

#include "base/base.h"
#include "http/http.h"
#include "jose/jose.h"
#include "json/json.h"
#include "oauth/oauth.h"
#include "token/token.h"

#include <apisec/client.h>

#include <stdatomic.h>

#define EXCHANGE_MAX_TARGETS 16            /* audiences, and resources */
#define EXCHANGE_MAX_TOKEN (64 * 1024)     /* a subject or actor token: assertions are longer than JWTs */
#define EXCHANGE_MAX_FORM (1024 * 1024)
#define EXCHANGE_MAX_ANSWER (128 * 1024)

/* ---- client.c ---- */

struct apisec_client {
    _Atomic size_t references;   /* the owner's and one of each operation */
    apisec_http *http;
    apisec_error error;          /* the first one */
    char *endpoint;
    struct oauth_credential credential;
    apisec_signer *dpop;         /* a reference; NULL: tokens are asked for as bearer tokens */
    atomic_bool frozen;          /* an exchange was started: nothing above changes any more */
    atomic_bool late;            /* a setter was called after that */
    struct lock lock;            /* of the rest */
    char nonce[OP_MAX_NONCE];    /* the last one that the server gave, or "" */
};
/* client_begin freezes a complete client. MEMORY (NULL), MISUSE, CONFIG, or the first setter's error. */
apisec_status client_begin(apisec_client *client, apisec_error *err);
apisec_client *client_ref(apisec_client *client);
/* client_nonce copies the server's last nonce, or ""; client_keep_nonce keeps one that is not "". */
void client_nonce(apisec_client *client, char nonce[OP_MAX_NONCE]);
void client_keep_nonce(apisec_client *client, const char *nonce);

/* ---- type.c ---- */

/* type_expand gives a token type's URI for its short name, or the URI itself; NULL is access_token. ARGUMENT: neither. MEMORY. */
apisec_status type_expand(const char *type, char **uri, apisec_error *err);
/* type_is compares a URI with that of a short name. */
bool type_is(struct text uri, const char *short_name);

/* ---- exchange.c ---- */

struct carried {               /* a token that goes along with the request: a secret */
    char *bytes;                 /* NULL: none */
    size_t len;
    char *type;
};
struct targets {
    char *names[EXCHANGE_MAX_TARGETS];
    size_t num;
};
struct apisec_exchange {
    apisec_error error;          /* the first one */
    struct carried subject, actor;
    bool verified;               /* the subject was verified by this library */
    char *subject_scope;         /* of a verified subject; NULL: it has none */
    struct targets audiences, resources;
    char *scope;                 /* NULL: not asked for */
    char *requested_type;        /* NULL: not asked for */
    char *traceparent;           /* NULL: not sent */
};
/* exchange_check: is it complete and right. MEMORY (NULL), CONFIG, or the first setter's error. */
apisec_status exchange_check(const apisec_exchange *exchange, apisec_error *err);
/* exchange_copy makes `to`, which is new, ask for the same with the same actor, on nobody's behalf yet. false: no memory. */
bool exchange_copy(const apisec_exchange *from, apisec_exchange *to);
/* exchange_is_traceparent: one that apisec_exchange_set_traceparent takes. */
bool exchange_is_traceparent(struct text text);
/* exchange_form writes the members of RFC 8693 section 2.1 in the standard's order. Failures stick in the form. */
void exchange_form(const apisec_exchange *exchange, struct buffer *form);

/* ---- grant.c, issued.c ---- */

struct asked {                   /* what an answer is judged by */
    bool dpop;                   /* the token is to be bound to our key */
    struct text scope;           /* at NULL: none was asked for */
    struct text requested_type;  /* at NULL: none was asked for */
    bool bound;                  /* no scope was asked for, and the subject was verified: its scope is the limit */
    struct text bound_scope;     /* at NULL: it has none */
    bool actor;                  /* an actor was sent */
    int64_t at;                  /* when, in seconds */
};
/* grant_check makes the issued token of an answer that keeps to what was asked. sent: what no error may repeat, or NULL. RESPONSE,
 * SCOPE_WIDENED, NOT_DELEGATED, MEMORY. */
apisec_status grant_check(const struct asked *asked, const struct token_answer *answer, const struct sent *sent,
                          apisec_issued **issued, apisec_error *err);

struct apisec_issued {
    _Atomic size_t references;
    struct arena arena;          /* holds the texts; the token is a secret */
    struct text token;
    const char *token_type;      /* "Bearer", "DPoP", "N_A" */
    char *issued_type;
    int64_t expires_at;          /* 0: the server did not say */
    char *scope;                 /* NULL: neither asked nor told */
    char *reduced;               /* asked for and not granted; NULL: none */
};

#endif
