/* SPDX-License-Identifier: Apache-2.0
 *
 * service.h: what all services of the mesh do alike: read their folder, open transport and audit log, trust the authorization
 * server, turn a decision into a reply, and write down what no decision records.
 *
 * A service is started as NAME FOLDER FD: the folder holds config.json, cert.pem, key.pem, ca.pem and later audit.jsonl, and
 * nothing of another service; FD is the socket to listen on.
 */
#ifndef MESH_SERVICE_H
#define MESH_SERVICE_H

#include "web.h"

#define TYPE_ACCESS_TOKEN "urn:ietf:params:oauth:token-type:access_token"
#define TYPE_JWT "urn:ietf:params:oauth:token-type:jwt"

struct service {
    const char *name, *folder;
    int listener;
    cJSON *config;
    apisec_http *http;
    apisec_audit *audit;
};

/* service_open: false after it has said why; service_close may be called in any case. service_serve answers until the end. */
bool service_open(struct service *service, const char *name, int argc, char **argv);
void service_close(struct service *service);
int service_serve(const struct service *service, bool asks_for_certificate,
                  void (*answer)(void *, const struct web_request *, struct web_reply *), void *context);

/* service_setting returns a text of config.json; "" when it is not there. */
const char *service_setting(const struct service *service, const char *name);
/* service_trust trusts the authorization server for tokens that are meant for this service; more may be demanded of the issuer.
 * service_freeze takes it over; NULL after saying why. */
apisec_trust *service_trust(const struct service *service, apisec_issuer **issuer);
apisec_verifier *service_freeze(const struct service *service, apisec_trust *trust);
/* service_client is this service as an OAuth client. */
apisec_client *service_client(const struct service *service);

/* service_customer reads the customer of a path prefix/{customer}suffix; false when the path is another one. */
bool service_customer(const char *path, const char *suffix, char *customer, size_t size);
/* service_require_own refuses a customer that is not the user's own. */
void service_require_own(apisec_decision *decision, const char *customer);
/* service_explain is what was decided here, for people to read: the decision's explanation with service, user and actors. own names
 * the service's own checks, which the library knows only when they fail; NULL at its end, or NULL. */
cJSON *service_explain(const struct service *service, const apisec_decision *decision, const char *const *own);
/* service_reply_denied replies with a denial's status, challenge and error. The explanation is for operators: it goes only to a
 * caller with a service's certificate. */
void service_reply_denied(const struct service *service, const struct web_request *request, const apisec_decision *decision,
                          struct web_reply *reply);

/* What happened, for the audit log; NULL members are left out. */
struct event {
    const char *operation;
    apisec_status status;
    const char *detail, *user, *client, *actor, *audience, *scope;
};
bool service_record(const struct service *service, const struct web_request *request, const struct event *event);

#endif
