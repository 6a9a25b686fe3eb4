/* SPDX-License-Identifier: Apache-2.0
 *
 * service.h: what all services of the mesh do alike: open their guard, turn a decision into a reply, call the next service on the
 * user's behalf, and write down what no decision records.
 *
 * A service is started as NAME FOLDER FD: the folder holds guard.json, the guard's document; config.json, where the others are;
 * client.secret and keys, cert.pem, ca.pem and later audit.jsonl, and nothing of another service; FD is the socket to listen on.
 */
#ifndef MESH_SERVICE_H
#define MESH_SERVICE_H

#include "client.h"
#include "web.h"

#define TYPE_ACCESS_TOKEN "urn:ietf:params:oauth:token-type:access_token"
#define TYPE_JWT "urn:ietf:params:oauth:token-type:jwt"

struct service {
    const char *name;
    int listener;
    cJSON *config;
    apisec_guard *guard;    /* NULL: that of the authorization server, which nobody calls with a token */
    apisec_audit *audit;    /* the guard's, or the authorization server's own */
};

/* service_open reads the configuration and goes into the folder; service_guard makes the guard of its document. false after saying
 * why; service_close may be called in any case. service_serve answers until the end. */
bool service_open(struct service *service, const char *name, int argc, char **argv);
bool service_guard(struct service *service);
void service_close(struct service *service);
int service_serve(const struct service *service, bool asks_for_certificate,
                  void (*answer)(void *, const struct web_request *, struct web_reply *), void *context);

/* service_setting returns a text of config.json; "" when it is not there. */
const char *service_setting(const struct service *service, const char *name);

/* service_reply puts how this service decided before the decisions of those behind it, and replies. Explanations are for operators:
 * they go only to a caller with a service's certificate. The body is taken over. */
void service_reply(const struct service *service, const struct web_request *request, const apisec_decision *decision, int status,
                   cJSON *body, struct web_reply *reply);
/* service_reply_denied replies with a denial's status, challenge and error; service_reply_failure, when it was allowed and then
 * something went wrong. */
void service_reply_denied(const struct service *service, const struct web_request *request, const apisec_decision *decision,
                          struct web_reply *reply);
void service_reply_failure(const struct service *service, const struct web_request *request, const apisec_decision *decision,
                           apisec_status status, struct web_reply *reply);
/* service_add_headers adds what a decision says in headers: challenge, Retry-After. */
void service_add_headers(const apisec_decision *decision, struct web_reply *reply);

/* A call of the next service, with a token for it that is exchanged for the user's. */
struct onward {
    const char *exchange;         /* of the guard's document */
    const char *service, *path;
    const char *header;           /* one more line, or NULL */
    bool acts;                    /* this service acts for the user, and says so */
};
/* service_pass_on calls it over mTLS with the request's method and body, in the same trace. APISEC_OK: it has answered; otherwise
 * the exchange's status, or that it was not reached. The answer is to be freed in any case. */
apisec_status service_pass_on(const struct service *service, const struct web_request *request, const apisec_decision *decision,
                              const struct onward *onward, struct client_reply *answer);

/* What happened, for the audit log; NULL members are left out. */
struct event {
    const char *operation;
    apisec_status status;
    const char *detail, *user, *client, *actor, *audience, *scope;
};
bool service_record(const struct service *service, const struct web_request *request, const struct event *event);

#endif
