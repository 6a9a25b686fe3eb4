/* SPDX-License-Identifier: Apache-2.0
 *
 * https_server.h: a real https server on loopback, with certificates of its own that are made when it starts. It serves a table
 * of routes, misbehaves on request, and remembers what it was asked.
 *
 *     static const struct https_route routes[] = {{.path = "/jwks", .headers = "Content-Type: application/json\n", .body = "{}"}};
 *     struct https_server *server = https_server_start(routes, 1);
 *     apisec_http_options_set_ca_file(options, https_server_file(server, "ca.pem"));
 *     https_server_url(server, "/jwks", url, sizeof url);         "https://localhost:<port>/jwks"
 *     https_server_stop(server);
 *
 * Files: ca.pem signed server.pem (for the name localhost only) and client.pem; other-ca.pem signed other-client.pem and nothing
 * else. Each certificate has its .key beside it.
 */
#ifndef TEST_SUPPORT_HTTPS_SERVER_H
#define TEST_SUPPORT_HTTPS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum https_trouble {
    HTTPS_FINE,
    HTTPS_DRIP,            /* headers at once, then a byte of the body each 20 ms, without end */
    HTTPS_HALF,            /* half of the body, then the connection is cut */
    HTTPS_CHUNKED,         /* the body in chunks, without its length */
    HTTPS_VANISH,          /* the connection is closed before a byte of the answer */
    HTTPS_VANISH_REUSED,   /* the same, but only if the connection has carried a request before */
    HTTPS_SLEEP            /* nothing for a second, then the answer */
};

struct https_route {
    const char *path;
    int32_t status;               /* 0: 200 */
    const char *headers;          /* "Name: value\n" lines */
    const char *body;
    size_t body_len;              /* 0: up to the NUL; more than that: zeros follow */
    enum https_trouble trouble;
    bool needs_certificate;       /* 403 unless the client showed one that ca.pem signed */
};

struct https_request {
    char method[16];
    char path[512];
    char headers[8192];           /* "Name: value\n" lines, each field, in the order of the wire */
    char body[65536];
    bool certified;               /* the client's certificate is one that ca.pem signed */
};

struct https_server;

/* https_server_start ends the process with a sentence when it cannot. The routes are borrowed. */
struct https_server *https_server_start(const struct https_route *routes, size_t num_routes);
void https_server_stop(struct https_server *server);

/* https_server_set_routes replaces them while the server runs. */
void https_server_set_routes(struct https_server *server, const struct https_route *routes, size_t num_routes);

uint16_t https_server_port(const struct https_server *server);
void https_server_url(const struct https_server *server, const char *path, char *url, size_t size);
/* https_server_file returns the path of one of the files named above; it lives until the next call. */
const char *https_server_file(struct https_server *server, const char *name);

/* Since the start: connections accepted, requests answered; and the last request. */
size_t https_server_num_connections(struct https_server *server);
size_t https_server_num_requests(struct https_server *server);
void https_server_last_request(struct https_server *server, struct https_request *request);

#endif
