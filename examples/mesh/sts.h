/* SPDX-License-Identifier: Apache-2.0
 *
 * sts.h: the demo's authorization server. EXAMPLE CODE: three users, two clients, everything in memory; it shows which tokens a
 * mesh needs, not how to run a login service. Use a real authorization server in earnest.
 *
 *   sts.c        routes, metadata, key set      sts_login.c     the login form, and the code it ends with
 *   sts_token.c  codes, introspection, revoking sts_exchange.c  token exchange: who gets which token for whom
 *   sts_store.c  users, codes, reference tokens: secrets are only kept as hashes
 *   sts_status.c the status list of what was issued for accounts: revocation that reaches services by itself
 */
#ifndef MESH_STS_H
#define MESH_STS_H

#include "service.h"

#include <pthread.h>
#include <stdint.h>

#define STS_SECRET_SIZE 65        /* 64 hex digits and a NUL */
#define STS_HASH_SIZE 65
#define STS_REFERENCE_LIFETIME 3600
#define STS_CODE_LIFETIME 60
#define STS_TICKET_LIFETIME 600
#define STS_USER_SCOPE "accounts:read accounts:transfer metrics:read profile:read"
/* How a user was authenticated: `acr` (RFC 9068 section 2.2.1). Both are new with each login: nobody stays logged in here. */
#define STS_ACR_PASSWORD "https://mesh.example/acr/password"
#define STS_ACR_OTP "https://mesh.example/acr/otp" /* and a code of the user's device, otp.h */

struct sts_user {
    const char *name, *customer, *role, *salt, *hash;
};
#define STS_NUM_USERS 3

/* What a login form belongs to, from GET /authorize until the password was right. */
struct sts_ticket {
    char id[STS_HASH_SIZE];       /* of what the form holds */
    char client[32], redirect_uri[256], state[129], challenge[44], scope[128];
    char key[44];                 /* the thumbprint of the key that the login is bound to (dpop_jkt, RFC 9449 section 10), or "" */
    bool is_strong;               /* a code is asked for as well (RFC 9470 section 4) */
    int64_t expires_at;
    int attempts;
};
struct sts_code {
    char hash[STS_HASH_SIZE];
    char reference[STS_HASH_SIZE]; /* of the token that it was redeemed for, or "" */
    const struct sts_user *user;
    struct sts_ticket ticket;
    int64_t logged_in_at, expires_at;
};
/* An opaque reference token: the login of a user at a client. */
struct sts_reference {
    char hash[STS_HASH_SIZE];
    char client[32], scope[128], key[44];
    const struct sts_user *user;
    bool is_strong;
    int64_t logged_in_at, expires_at;
};

#define STS_MAX_TICKETS 256
#define STS_STATUS_ENTRIES 4096   /* tokens live for five minutes: an entry is long free when it is used again */
#define STS_MAX_REFERENCES 1024

struct sts {
    struct service service;
    const char *issuer;
    apisec_signer *signer;
    apisec_verifier *subjects;    /* of our own tokens, when a service brings one back */
    apisec_verifier *actors;      /* of the tokens with which services say who acts */
    pthread_mutex_t lock;         /* of what follows */
    struct sts_ticket tickets[STS_MAX_TICKETS];
    struct sts_code codes[STS_MAX_TICKETS];
    struct sts_reference references[STS_MAX_REFERENCES];
    unsigned char statuses[STS_STATUS_ENTRIES / 8]; /* one bit a token, the lowest first: 1 is revoked */
    uint32_t next_status;
    uint64_t next_code[STS_NUM_USERS]; /* of each user's device: what was shown before is worth nothing */
};

/* ---- sts_store.c ---- */

void sts_hash(const char *text, char hash[STS_HASH_SIZE]);
/* sts_challenge is the code challenge of a verifier, RFC 7636 section 4.2. */
bool sts_challenge(const char *verifier, char challenge[44]);
/* sts_log_in takes as long for a user that does not exist. */
const struct sts_user *sts_log_in(const char *name, const char *password);
/* sts_code_is: the code is one of the next few of the user's device; then it and those before it are used up. */
bool sts_code_is(struct sts *sts, const struct sts_user *user, const char *given);
/* sts_acr says how the user of a login was authenticated. */
const char *sts_acr(const struct sts_reference *login);
const cJSON *sts_client(const struct sts *sts, const char *id);
bool sts_client_secret_is(const cJSON *client, const char *secret);

/* The secrets are made here and given out once. false: no room. */
bool sts_add_ticket(struct sts *sts, const struct sts_ticket *ticket, char id[STS_SECRET_SIZE]);
/* sts_try_ticket finds a live ticket and counts the attempt; the sixth finds nothing. */
bool sts_try_ticket(struct sts *sts, const char *id, struct sts_ticket *ticket);
bool sts_add_code(struct sts *sts, const char *ticket_id, const struct sts_user *user, char code[STS_SECRET_SIZE]);
/* sts_redeem finds a live code and makes a reference token of it, once: a second try ends the token of the first. *found is a copy.
 * */
bool sts_redeem(struct sts *sts, const char *code, const char *client, const char *redirect_uri, const char *verifier,
                struct sts_code *found, char reference[STS_SECRET_SIZE]);
bool sts_find_reference(struct sts *sts, const char *token, const char *client, struct sts_reference *found);
bool sts_revoke_reference(struct sts *sts, const char *token, const char *client);

/* ---- sts_status.c ---- */

/* sts_add_status gives a new token an entry of the list, and writes its `status` into the claims. */
void sts_add_status(struct sts *sts, cJSON *claims);
bool sts_is_revoked(struct sts *sts, const apisec_token *token);
/* sts_revoke_status flips the bit of a token that this client got; false: it is none of ours, or not that client's. */
bool sts_revoke_status(struct sts *sts, const char *token, const char *client);
void sts_status_list(struct sts *sts, struct web_reply *reply);

/* ---- the endpoints ---- */

/* sts_error is an error answer of RFC 6749 section 5.2. */
void sts_error(struct web_reply *reply, int status, const char *error, const char *description);
/* sts_has_scope: the scope, len bytes, is one of the list's. */
bool sts_has_scope(const char *list, const char *scope, size_t len);

void sts_authorize(struct sts *sts, const struct web_request *request, struct web_reply *reply);
void sts_login(struct sts *sts, const struct web_request *request, struct web_reply *reply);
void sts_token(struct sts *sts, const struct web_request *request, struct web_reply *reply);
void sts_exchange(struct sts *sts, const struct web_request *request, const char *client, struct web_reply *reply);
void sts_introspect(struct sts *sts, const struct web_request *request, struct web_reply *reply);
void sts_revoke(struct sts *sts, const struct web_request *request, struct web_reply *reply);

#endif
