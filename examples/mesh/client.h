/* SPDX-License-Identifier: Apache-2.0
 *
 * client.h: one https request to another service, over libcurl: the call that carries the token once it has been issued. (Key sets
 * and token exchanges go through the library's own transport.)
 */
#ifndef MESH_CLIENT_H
#define MESH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#define CLIENT_MAX_HEADERS 32
#define CLIENT_MAX_BODY 1048576

struct client_request {
    const char *method, *url;
    const char *ca_folder;         /* the folder whose ca.pem is trusted */
    const char *identity_folder;   /* the folder whose cert.pem and key.pem are presented; NULL: none */
    const char *headers[8];        /* whole lines, as "Authorization: Bearer …"; the first NULL ends them */
    const char *form;              /* a body in form encoding, or NULL */
    const char *json;              /* or one in JSON */
    const char *from;              /* the address to call from, or NULL */
    const char *basic;             /* "user:secret" for HTTP Basic, or NULL */
};

struct client_reply {
    int status;                    /* 0: there was no answer, and why says why not */
    const char *why;
    char *headers[CLIENT_MAX_HEADERS]; /* whole lines */
    size_t num_headers;
    char *body;                    /* NUL-terminated */
    size_t len;
};

/* client_send returns whether there was an answer; the reply is to be freed in any case. */
bool client_send(const struct client_request *request, struct client_reply *reply);
/* client_header returns the value of the one header of this name; NULL when it is absent or there twice. */
const char *client_header(const struct client_reply *reply, const char *name);
void client_free(struct client_reply *reply);
/* client_encode appends name=value in form encoding to a form that may be empty. false: it does not fit. */
bool client_encode(char *form, size_t size, const char *name, const char *value);

#endif
