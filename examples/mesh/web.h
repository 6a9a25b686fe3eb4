/* SPDX-License-Identifier: Apache-2.0
 *
 * web.h: the https server under each of the mesh's services: what arrived, as an apisec_call and as parameters, and what to reply.
 * It hands over all headers, and of the peer only a certificate that it has verified itself. Uses libmicrohttpd and GnuTLS.
 */
#ifndef MESH_WEB_H
#define MESH_WEB_H

#include <apisec/apisec.h>

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define WEB_MAX_BODY 65536
#define WEB_MAX_PAIRS 64
#define WEB_TRACE_SIZE 33      /* 32 hex digits */
#define WEB_SPAN_SIZE 17
#define WEB_TRACEPARENT_SIZE 56

/* Names and values, decoded: headers, or the fields of a form. */
struct web_pair {
    char *name, *value;
};
struct web_pairs {
    struct web_pair pairs[WEB_MAX_PAIRS];
    size_t num;
    bool refused;              /* too many, or badly encoded: nothing is found in it */
};

struct web_request {
    const char *method;
    char *path;                /* as on the request line, before the query, never decoded */
    apisec_call *call;         /* method, target, all headers, body, address, and the peer's verified certificate */
    struct web_pairs headers, query, form;
    char address[46];          /* of the socket's peer; "" when it is not known */
    bool is_service;           /* the peer has a certificate of this mesh */
    char trace[WEB_TRACE_SIZE];
    char body[WEB_MAX_BODY + 1];
    size_t body_len;
    bool too_large;
    bool begun;
};

struct web_reply {
    int status;
    const char *content_type;
    char *body;                /* to be freed; NULL is an empty one */
    size_t len;
    struct web_pairs headers;
};

/* web_value returns the one value of a name; NULL when it is absent or there twice. Header names are compared without case. */
const char *web_value(const struct web_pairs *pairs, const char *name);
const char *web_header(const struct web_request *request, const char *name);
/* web_cookie copies one cookie's value; false when there is none. */
bool web_cookie(const struct web_request *request, const char *name, char *value, size_t size);
/* web_decode_form reads application/x-www-form-urlencoded text. */
void web_decode_form(struct web_pairs *pairs, const char *text, size_t len);
void web_free_pairs(struct web_pairs *pairs);
/* web_basic reads HTTP Basic with its two halves form-encoded (RFC 6749 section 2.3.1). */
bool web_basic(const struct web_request *request, char *user, size_t user_size, char *secret, size_t secret_size);
/* web_next_traceparent writes the header for a call that this request causes: its trace, a new span. */
void web_next_traceparent(const struct web_request *request, char traceparent[WEB_TRACEPARENT_SIZE]);

/* The replies. web_json takes the document over. */
void web_add_header(struct web_reply *reply, const char *name, const char *value);
void web_json(struct web_reply *reply, int status, cJSON *document);
void web_redirect(struct web_reply *reply, const char *url);
/* web_refuse replies with {"error":…,"trace":…}. */
void web_refuse(struct web_reply *reply, const struct web_request *request, int status, const char *error);

/* What a service is made of: its folder's certificate, and who answers. */
struct web_server {
    const char *name;
    int listener;                     /* a listening socket */
    const char *folder;               /* with cert.pem, key.pem and ca.pem */
    bool asks_for_certificate;        /* of its callers; browsers would ask their users for one */
    void (*answer)(void *service, const struct web_request *request, struct web_reply *reply);
    void *service;
};
/* web_serve says "ready" on standard output and answers, several requests at once, until standard input ends. Returns the exit
 * status of the program. */
int web_serve(const struct web_server *server);

/* web_read_file reads a small file whole; NULL when it cannot. web_random_hex: size is that of the text with its NUL. */
/* web_base64url encodes without padding (RFC 4648 section 5); false: it does not fit. */
bool web_base64url(const unsigned char *bytes, size_t len, char *text, size_t size);
char *web_read_file(const char *folder, const char *name);
void web_random_hex(char *text, size_t size);

#endif
