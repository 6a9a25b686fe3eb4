/* SPDX-License-Identifier: Apache-2.0
 *
 * gateway.h: where users come in. The gateway is an OAuth client with a session cookie for browsers; programs send the opaque
 * reference token as Bearer. It never sees a password, and nobody behind it takes its word for who the user is.
 *
 *   gateway.json      who may do what: the guard's document
 *   gateway.c         what is done then, and the way from a reference token to the accounts service
 *   gateway_login.c   authorization code with PKCE, and logging out
 *   gateway_session.c who is logged in: in memory, found by a cookie
 *   gateway_page.c    what a person sees
 */
#ifndef MESH_GATEWAY_H
#define MESH_GATEWAY_H

#include "service.h"

#include <pthread.h>
#include <stdint.h>

#define SECRET_SIZE 65
#define SESSION_COOKIE "__Host-session"
#define LOGIN_COOKIE "__Host-login"
#define MAX_SESSIONS 256
#define SESSION_LIFETIME 3600
#define LOGIN_LIFETIME 600

struct session {
    char id[SECRET_SIZE];
    char reference[SECRET_SIZE];        /* the opaque token of the user's login: a secret */
    char user[64], customer[32];
    char form_secret[SECRET_SIZE];      /* in each form, so that no other site can post it */
    int64_t expires_at;
};
/* A login that has begun: state and verifier belong to the browser that holds the cookie. */
struct login {
    char id[SECRET_SIZE], state[SECRET_SIZE], verifier[SECRET_SIZE];
    int64_t expires_at;
};

struct gateway {
    struct service service;
    pthread_mutex_t lock;               /* of what follows */
    struct session sessions[MAX_SESSIONS];
    struct login logins[MAX_SESSIONS];
};

/* ---- gateway_session.c: copies in and out; false: not there, or no room ---- */

bool session_add(struct gateway *gateway, struct session *session); /* fills in id, form_secret and expires_at */
bool session_find(struct gateway *gateway, const struct web_request *request, struct session *found);
void session_end(struct gateway *gateway, const char *id);
bool login_add(struct gateway *gateway, struct login *login);
bool login_take(struct gateway *gateway, const struct web_request *request, struct login *taken); /* once */
bool same_secret(const char *given, const char *expected);

/* ---- gateway_login.c ---- */

void gateway_log_in(struct gateway *gateway, const struct web_request *request, struct web_reply *reply);
void gateway_callback(struct gateway *gateway, const struct web_request *request, struct web_reply *reply);
void gateway_log_out(struct gateway *gateway, const struct web_request *request, struct web_reply *reply);

/* ---- gateway_page.c ---- */

void page_welcome(const struct gateway *gateway, const struct session *session, struct web_reply *reply);
/* page_accounts shows the accounts, or why not, from the body that the accounts service replied with. */
void page_accounts(const struct session *session, const struct web_request *request, int status, const cJSON *body,
                   struct web_reply *reply);
void page_problem(const char *title, const char *problem, int status, struct web_reply *reply);

#endif
