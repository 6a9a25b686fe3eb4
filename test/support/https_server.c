/* SPDX-License-Identifier: Apache-2.0
 *
 * https_server.c: a real https server for tests, over libmicrohttpd; see https_server.h.
 */
#include "support/https_server.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct https_server {
    struct MHD_Daemon *daemon;
    char folder[64];
    char file[128];
    uint16_t port;
    char *ca, *cert, *key;
    pthread_mutex_t lock;
    const struct https_route *routes;
    size_t num_routes;
    size_t num_connections;
    size_t num_requests;
    struct https_request last;
};

static const char *const files[] = {
    "openssl.cnf", "ca.pem", "ca.key", "ca.srl", "server.pem", "server.key", "server.csr", "client.pem", "client.key", "client.csr",
    "other-ca.pem", "other-ca.key", "other-ca.srl", "other-client.pem", "other-client.key", "other-client.csr",
};

static const char configuration[] = "[req]\ndistinguished_name=dn\n[dn]\n"
                                    "[ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n"
                                    "subjectKeyIdentifier=hash\n"
                                    "[server]\nsubjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n"
                                    "[client]\nextendedKeyUsage=clientAuth\n";

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "https_server: %s\n", what);
    abort();
}

static void sleep_ms(long ms)
{
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* ---- certificates ---- */

static void shell(const struct https_server *server, const char *arguments)
{
    char command[1024];
    snprintf(command, sizeof command, "cd %s && openssl %s >log 2>&1 || { cat log >&2; exit 1; }; rm -f log", server->folder,
             arguments);
    if (system(command) != 0) die("openssl failed");
}

static void make_ca(const struct https_server *server, const char *name)
{
    char arguments[512];
    snprintf(arguments, sizeof arguments,
             "req -x509 -config openssl.cnf -extensions ca -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
             "-subj '/CN=%s' -keyout %s.key -out %s.pem",
             name, name, name);
    shell(server, arguments);
}

static void make_leaf(const struct https_server *server, const char *ca, const char *name, const char *kind)
{
    char arguments[512];
    snprintf(arguments, sizeof arguments,
             "req -new -config openssl.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
             "-subj '/CN=%s' -keyout %s.key -out %s.csr",
             name, name, name);
    shell(server, arguments);
    snprintf(arguments, sizeof arguments,
             "x509 -req -in %s.csr -CA %s.pem -CAkey %s.key -CAcreateserial -extfile openssl.cnf -extensions %s -days 2 "
             "-out %s.pem",
             name, ca, ca, kind, name);
    shell(server, arguments);
}

static void make_files(struct https_server *server)
{
    FILE *file = fopen(https_server_file(server, "openssl.cnf"), "w");
    if (file == NULL || fputs(configuration, file) == EOF || fclose(file) != 0) die("cannot write into the temporary folder");
    make_ca(server, "ca");
    make_ca(server, "other-ca");
    make_leaf(server, "ca", "server", "server");
    make_leaf(server, "ca", "client", "client");
    make_leaf(server, "other-ca", "other-client", "client");
}

static char *read_file(struct https_server *server, const char *name)
{
    char *text = calloc(1, 8192);
    FILE *file = fopen(https_server_file(server, name), "r");
    if (text == NULL || file == NULL || fread(text, 1, 8191, file) == 0) die("cannot read a certificate");
    fclose(file);
    return text;
}

/* libmicrohttpd asks for a certificate but lets everybody in: this is the check. */
static bool is_certified(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    unsigned status = 0, num = 0;
    if (info == NULL) return false;
    gnutls_session_t session = (gnutls_session_t)info->tls_session;
    if (gnutls_certificate_get_peers(session, &num) == NULL || num == 0) return false;
    return gnutls_certificate_verify_peers2(session, &status) == GNUTLS_E_SUCCESS && status == 0;
}

/* ---- answers ---- */

struct answer {
    struct https_route route;
    size_t len;
};

static ssize_t read_body(void *context, uint64_t position, char *out, size_t max)
{
    const struct answer *answer = context;
    const enum https_trouble trouble = answer->route.trouble;
    if (trouble == HTTPS_DRIP) {
        sleep_ms(20);
        out[0] = ' ';
        return 1;
    }
    if (trouble == HTTPS_HALF && position >= answer->len / 2) return MHD_CONTENT_READER_END_WITH_ERROR;
    if (position >= answer->len) return MHD_CONTENT_READER_END_OF_STREAM;
    size_t len = answer->len - (size_t)position;
    if (trouble == HTTPS_HALF) len = answer->len / 2 - (size_t)position;
    if (trouble == HTTPS_CHUNKED && len > 7) len = 7;
    if (len > max) len = max;
    const size_t text = answer->route.body == NULL ? 0 : strlen(answer->route.body);
    memset(out, 0, len);
    for (size_t i = 0; i < len && position + i < text; i++) out[i] = answer->route.body[position + i];
    return (ssize_t)len;
}

static void add_headers(struct MHD_Response *response, const char *lines)
{
    while (lines != NULL && *lines != '\0') {
        char line[1024];
        const char *end = strchr(lines, '\n');
        const size_t len = end == NULL ? sizeof line : (size_t)(end - lines);
        if (len >= sizeof line) die("a header of a route is no \"Name: value\\n\"");
        memcpy(line, lines, len);
        line[len] = '\0';
        char *colon = strstr(line, ": ");
        if (colon == NULL) die("a header of a route is no \"Name: value\\n\"");
        *colon = '\0';
        if (MHD_add_response_header(response, line, colon + 2) != MHD_YES) die("a header of a route is not accepted");
        lines = end + 1;
    }
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, const struct https_route *route)
{
    struct answer *answer = calloc(1, sizeof *answer);
    if (answer == NULL) die("no memory");
    answer->route = *route;
    answer->len = route->body_len != 0 ? route->body_len : route->body == NULL ? 0 : strlen(route->body);
    const bool unknown = route->trouble == HTTPS_DRIP || route->trouble == HTTPS_CHUNKED;
    struct MHD_Response *response =
        MHD_create_response_from_callback(unknown ? MHD_SIZE_UNKNOWN : answer->len, 16384, read_body, answer, free);
    if (response == NULL) die("no memory");
    add_headers(response, route->headers);
    const enum MHD_Result result = MHD_queue_response(connection, route->status == 0 ? 200 : (unsigned)route->status, response);
    MHD_destroy_response(response);
    return result;
}

/* ---- requests ---- */

struct state {
    struct https_request request;
    size_t body_len;
};

static enum MHD_Result note_header(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct https_request *request = context;
    const size_t used = strlen(request->headers);
    (void)kind;
    snprintf(request->headers + used, sizeof request->headers - used, "%s: %s\n", name, value == NULL ? "" : value);
    return MHD_YES;
}

/* What is remembered of a connection: how many requests it has carried. */
struct carried {
    size_t requests;
};

static struct carried *carried_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    if (info == NULL || info->socket_context == NULL) die("a connection without its context");
    return info->socket_context;
}

static struct https_route find_route(struct https_server *server, const char *path)
{
    struct https_route found = {.status = 404, .body = "no such route"};
    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < server->num_routes; i++)
        if (strcmp(server->routes[i].path, path) == 0) found = server->routes[i];
    pthread_mutex_unlock(&server->lock);
    return found;
}

static enum MHD_Result answer_request(struct https_server *server, struct MHD_Connection *connection, struct state *state)
{
    struct https_route route = find_route(server, state->request.path);
    state->request.certified = is_certified(connection);
    pthread_mutex_lock(&server->lock);
    server->num_requests++;
    server->last = state->request;
    pthread_mutex_unlock(&server->lock);

    const bool reused = carried_of(connection)->requests++ > 0;
    if (route.trouble == HTTPS_VANISH || (route.trouble == HTTPS_VANISH_REUSED && reused)) return MHD_NO;
    if (route.trouble == HTTPS_SLEEP) sleep_ms(1000);
    if (route.needs_certificate && !state->request.certified) route = (struct https_route){.status = 403, .body = "no certificate"};
    return send_answer(connection, &route);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_len, void **per_request)
{
    struct state *state = *per_request;
    (void)version;
    if (state == NULL) {
        state = calloc(1, sizeof *state);
        if (state == NULL) die("no memory");
        snprintf(state->request.method, sizeof state->request.method, "%s", method);
        snprintf(state->request.path, sizeof state->request.path, "%s", url);
        MHD_get_connection_values(connection, MHD_HEADER_KIND, note_header, &state->request);
        *per_request = state;
        return MHD_YES;
    }
    if (*upload_len > 0) {
        if (*upload_len >= sizeof state->request.body - state->body_len) die("a request body of 64 KiB");
        memcpy(state->request.body + state->body_len, upload, *upload_len);
        state->body_len += *upload_len;
        *upload_len = 0;
        return MHD_YES;
    }
    return answer_request(context, connection, state);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **per_request, enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    (void)code;
    free(*per_request);
    *per_request = NULL;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct https_server *server = context;
    (void)connection;
    if (code != MHD_CONNECTION_NOTIFY_STARTED) {
        free(*socket_context);
        *socket_context = NULL;
        return;
    }
    *socket_context = calloc(1, sizeof(struct carried));
    pthread_mutex_lock(&server->lock);
    server->num_connections++;
    pthread_mutex_unlock(&server->lock);
}

/* ---- the server ---- */

struct https_server *https_server_start(const struct https_route *routes, size_t num_routes)
{
    struct https_server *server = calloc(1, sizeof *server);
    if (server == NULL) die("no memory");
    snprintf(server->folder, sizeof server->folder, "/tmp/apisec-https-XXXXXX");
    if (mkdtemp(server->folder) == NULL) die("cannot make a temporary folder");
    make_files(server);
    server->ca = read_file(server, "ca.pem");
    server->cert = read_file(server, "server.pem");
    server->key = read_file(server, "server.key");
    server->routes = routes;
    server->num_routes = num_routes;
    pthread_mutex_init(&server->lock, NULL);

    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    server->daemon = MHD_start_daemon(
        MHD_USE_TLS | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, on_request, server,
        MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address, MHD_OPTION_HTTPS_MEM_KEY, server->key, MHD_OPTION_HTTPS_MEM_CERT,
        server->cert, MHD_OPTION_HTTPS_MEM_TRUST, server->ca, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
    if (server->daemon == NULL) die("cannot start");
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    if (info == NULL) die("has no port");
    server->port = info->port;
    return server;
}

void https_server_stop(struct https_server *server)
{
    if (server == NULL) return;
    MHD_stop_daemon(server->daemon);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) unlink(https_server_file(server, files[i]));
    rmdir(server->folder);
    pthread_mutex_destroy(&server->lock);
    free(server->ca);
    free(server->cert);
    free(server->key);
    free(server);
}

void https_server_set_routes(struct https_server *server, const struct https_route *routes, size_t num_routes)
{
    pthread_mutex_lock(&server->lock);
    server->routes = routes;
    server->num_routes = num_routes;
    pthread_mutex_unlock(&server->lock);
}

uint16_t https_server_port(const struct https_server *server)
{
    return server->port;
}

void https_server_url(const struct https_server *server, const char *path, char *url, size_t size)
{
    snprintf(url, size, "https://localhost:%u%s", (unsigned)server->port, path);
}

const char *https_server_file(struct https_server *server, const char *name)
{
    snprintf(server->file, sizeof server->file, "%s/%s", server->folder, name);
    return server->file;
}

size_t https_server_num_connections(struct https_server *server)
{
    pthread_mutex_lock(&server->lock);
    const size_t num = server->num_connections;
    pthread_mutex_unlock(&server->lock);
    return num;
}

size_t https_server_num_requests(struct https_server *server)
{
    pthread_mutex_lock(&server->lock);
    const size_t num = server->num_requests;
    pthread_mutex_unlock(&server->lock);
    return num;
}

void https_server_last_request(struct https_server *server, struct https_request *request)
{
    pthread_mutex_lock(&server->lock);
    *request = server->last;
    pthread_mutex_unlock(&server->lock);
}
