/* SPDX-License-Identifier: Apache-2.0
 *
 * player.h: everybody who uses the mesh from outside: a user's browser, honest programs, and those who have stolen something. Used
 * by the story and by its tests, which look at the replies themselves.
 */
#ifndef MESH_PLAYER_H
#define MESH_PLAYER_H

#include "client.h"
#include "stage.h"

#define PLAYER_TRACE_SIZE 33
#define PLAYER_SECRET_SIZE 65
#define PLAYER_ACR_OTP "https://mesh.example/acr/otp"

/* Who logs in, and how. */
struct player_login {
    const char *user, *password;
    const char *key;                           /* the thumbprint of the key that the login is bound to (dpop_jkt), or NULL */
    const char *acr;                           /* what a challenge asked for (RFC 9470), or NULL */
    const char *code;                          /* for a form that wants one; NULL: the next one of the user's device */
};

/* ---- a browser: cookies, redirects followed by hand so that each hop can be looked at ---- */

struct browser {
    char session[160];                         /* the gateway's cookie, as "name=value" */
    char login_url[1024];                      /* where the gateway sent us to log in */
    char form_action[256];                     /* where the password went */
    char cookie_rules[160];                    /* what was said about the session's cookie */
};
/* browser_log_in goes through the gateway, the form of the authorization server, and back. */
bool browser_log_in(const struct stage *stage, const char *user, const char *password, struct browser *browser);
bool browser_get(const struct stage *stage, const struct browser *browser, const char *path, struct client_reply *reply);

/* ---- programs ---- */

/* The verifier of RFC 7636 appendix B: player_get_code logs in with its challenge. */
#define PLAYER_VERIFIER "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
bool player_get_code(const struct stage *stage, const char *user, const char *password, char code[PLAYER_SECRET_SIZE]);
/* player_log_in_as is player_log_in in any other way: player_log_in_bound for a program that wants its token bound to its key
 * (dpop_jkt, RFC 9449 section 10), player_log_in_strong for one that was told to come back with a stronger login. */
bool player_log_in_as(const struct stage *stage, const struct player_login *login, char reference[PLAYER_SECRET_SIZE]);
bool player_log_in_strong(const struct stage *stage, const char *user, const char *password, char reference[PLAYER_SECRET_SIZE]);
bool player_log_in_bound(const struct stage *stage, const char *user, const char *password, const apisec_signer *key,
                         char reference[PLAYER_SECRET_SIZE]);
bool player_redeem(const struct stage *stage, int client, const char *code, const char *verifier, struct client_reply *reply);
/* player_log_in is the gateway's own code flow without a browser: gives the opaque reference token. */
bool player_log_in(const struct stage *stage, const char *user, const char *password, char reference[PLAYER_SECRET_SIZE]);

/* What is asked of the authorization server's token endpoint; NULL members are not sent. */
struct player_ask {
    int client;                                /* GATEWAY or ACCOUNTS: with that client's secret */
    const char *grant;                         /* NULL: token exchange */
    const char *subject, *actor, *audience, *scope;
    char trace[PLAYER_TRACE_SIZE];             /* out: the trace under which the server has recorded it */
};
bool player_ask(const struct stage *stage, struct player_ask *ask, struct client_reply *reply);
/* player_exchange is the same, and gives the token, to be freed; NULL: none was issued. */
char *player_exchange(const struct stage *stage, struct player_ask *ask);
/* player_revoke ends a reference token, or one for accounts, as the gateway. */
bool player_revoke(const struct stage *stage, const char *token);

/* A request to a service. */
struct player_call {
    int service;
    const char *path;
    int identity;                              /* whose certificate is presented; -1: none */
    const char *token;                         /* sent as Bearer; NULL: none */
    const char *second_token;                  /* in a second Authorization header */
    const char *basic;                         /* "client:secret" instead of a token */
    const char *proof;                         /* then the token is sent as DPoP, with this proof */
    const char *json;                          /* a body to post; NULL: GET */
    const char *form;                          /* or one that says that it is a form */
    const char *from;                          /* the address to call from, or NULL */
    const char *forwarded_for;                 /* X-Forwarded-For, or NULL */
    char trace[PLAYER_TRACE_SIZE];             /* out: the trace under which the services have recorded it */
};
/* player_prove makes a proof of possession for a request that would be sent as this call; to be freed. */
char *player_prove(const struct stage *stage, const struct player_call *call, const apisec_signer *key);
bool player_send(const struct stage *stage, struct player_call *call, struct client_reply *reply);

#endif
