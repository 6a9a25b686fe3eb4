/* SPDX-License-Identifier: Apache-2.0
 *
 * web.c: the https server under each service, over libmicrohttpd: see web.h.
 *
 * Two traps of libmicrohttpd are stepped around here: a lookup of a header by name hides the second of two equal ones, so all are
 * iterated over; and a client without a valid certificate is let in although one was asked for, so GnuTLS is asked what it thinks.
 */
#include "web.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define NUM_THREADS 8u

/* ---- the request ---- */

/* begin_request sees the target as it stands on the request line; the request becomes the connection's state. */
static void *begin_request(void *context, const char *target, struct MHD_Connection *connection)
{
    (void)context, (void)connection;
    struct web_request *request = calloc(1, sizeof *request);
    if (request == NULL) return NULL;
    const char *query = strchr(target, '?');
    request->call = apisec_call_new();
    request->path = strndup(target, query ? (size_t)(query - target) : strlen(target));
    apisec_call_set_target(request->call, target, strlen(target));
    if (query) web_decode_form(&request->query, query + 1, strlen(query + 1));
    return request;
}

static void end_request(void *context, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code)
{
    (void)context, (void)connection, (void)code;
    struct web_request *request = *state;
    if (request == NULL) return;
    apisec_call_free(request->call);
    web_free_pairs(&request->headers);
    web_free_pairs(&request->query);
    web_free_pairs(&request->form);
    free(request->path);
    explicit_bzero(request, sizeof *request);
    free(request);
    *state = NULL;
}

static void add_pair(struct web_pairs *pairs, char *name, char *value)
{
    if (pairs->num == WEB_MAX_PAIRS || name == NULL || value == NULL) {
        free(name);
        free(value);
        pairs->refused = true;
        return;
    }
    pairs->pairs[pairs->num++] = (struct web_pair){name, value};
}

static enum MHD_Result take_header(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    struct web_request *request = context;
    if (value == NULL) value = "";
    apisec_call_add_header(request->call, name, strlen(name), value, strlen(value));
    add_pair(&request->headers, strdup(name), strdup(value));
    return MHD_YES;
}

/* take_trace keeps the trace that the request belongs to (W3C Trace Context); a request without one begins its own. */
static void take_trace(struct web_request *request)
{
    char begun[WEB_TRACEPARENT_SIZE];
    const char *given = web_header(request, "traceparent");
    bool fits = given && strlen(given) == WEB_TRACEPARENT_SIZE - 1 && strspn(given, "0123456789abcdef-") == strlen(given) &&
                memcmp(given, "00-", 3) == 0 && given[35] == '-' && given[52] == '-' && strspn(given + 3, "0") < 32;
    if (fits) {
        memcpy(request->trace, given + 3, WEB_TRACE_SIZE - 1);
        return;
    }
    web_random_hex(request->trace, sizeof request->trace);
    if (given) return; /* the call keeps what was sent, as it was sent */
    web_next_traceparent(request, begun);
    apisec_call_add_header(request->call, "traceparent", 11, begun, strlen(begun));
}

void web_next_traceparent(const struct web_request *request, char traceparent[WEB_TRACEPARENT_SIZE])
{
    char span[WEB_SPAN_SIZE];
    web_random_hex(span, sizeof span);
    snprintf(traceparent, WEB_TRACEPARENT_SIZE, "00-%s-%s-01", request->trace, span);
}

/* ---- the peer ---- */

static void take_address(struct web_request *request, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info == NULL || info->client_addr == NULL || info->client_addr->sa_family != AF_INET) return;
    const struct sockaddr_in *address = (const struct sockaddr_in *)(const void *)info->client_addr;
    if (inet_ntop(AF_INET, &address->sin_addr, request->address, sizeof request->address))
        apisec_call_set_peer_address(request->call, request->address);
}

/* take_certificate takes the peer's certificate if it chains up to the mesh's CA and is one for clients. */
static void take_certificate(struct web_request *request, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    unsigned wrong = 1, num = 0;
    if (info == NULL || info->tls_session == NULL) return;
    gnutls_session_t session = info->tls_session;
    gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
                                     .data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT};
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &num);
    if (chain == NULL || num == 0) return;
    if (gnutls_certificate_verify_peers(session, &purpose, 1, &wrong) != GNUTLS_E_SUCCESS || wrong != 0) return;
    apisec_call_set_peer_certificate(request->call, chain[0].data, chain[0].size);
    request->is_service = true;
}

/* ---- the answer ---- */

static enum MHD_Result send_reply(struct MHD_Connection *connection, struct web_reply *reply)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(reply->len, reply->body, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result sent = MHD_NO;
    if (response) {
        if (reply->content_type) MHD_add_response_header(response, "Content-Type", reply->content_type);
        MHD_add_response_header(response, "Cache-Control", "no-store");
        MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
        for (size_t i = 0; i < reply->headers.num; i++)
            MHD_add_response_header(response, reply->headers.pairs[i].name, reply->headers.pairs[i].value);
        sent = MHD_queue_response(connection, (unsigned)reply->status, response);
        MHD_destroy_response(response);
    }
    if (reply->body) explicit_bzero(reply->body, reply->len);
    free(reply->body);
    web_free_pairs(&reply->headers);
    return sent;
}

static void read_request(struct web_request *request, struct MHD_Connection *connection)
{
    const char *type = NULL;
    MHD_get_connection_values(connection, MHD_HEADER_KIND, take_header, request);
    apisec_call_set_method(request->call, request->method, strlen(request->method));
    take_address(request, connection);
    take_certificate(request, connection);
    take_trace(request);
    apisec_call_set_body(request->call, request->body, request->body_len);
    type = web_header(request, "Content-Type");
    if (type && strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0)
        web_decode_form(&request->form, request->body, request->body_len);
}

/* answer is called once when the headers are there, once for each piece of the body, and once at the end. */
static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *path, const char *method,
                              const char *version, const char *data, size_t *size, void **state)
{
    (void)path, (void)version;
    const struct web_server *server = context;
    struct web_request *request = *state;
    struct web_reply reply = {.status = 500};
    if (request == NULL || request->path == NULL || request->call == NULL) return MHD_NO;
    if (!request->begun) {
        request->begun = true;
        return MHD_YES;
    }
    if (*size > 0) {
        if (*size > WEB_MAX_BODY - request->body_len) request->too_large = true;
        else memcpy(request->body + request->body_len, data, *size);
        if (!request->too_large) request->body_len += *size;
        *size = 0;
        return MHD_YES;
    }
    request->method = method;
    read_request(request, connection);
    if (request->too_large) web_refuse(&reply, request, 413, "too_large");
    else server->answer(server->service, request, &reply);
    return send_reply(connection, &reply);
}

/* ---- serving ---- */

static struct MHD_Daemon *start_daemon(const struct web_server *server, const char *cert, const char *key, const char *ca)
{
    struct MHD_OptionItem trust[] = {{MHD_OPTION_HTTPS_MEM_TRUST, 0, (void *)(uintptr_t)ca}, {MHD_OPTION_END, 0, NULL}};
    if (!server->asks_for_certificate) trust[0] = trust[1];
    return MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_TLS | MHD_USE_AUTO, 0, NULL, NULL, answer,
                            (void *)(uintptr_t)server, MHD_OPTION_LISTEN_SOCKET, server->listener, MHD_OPTION_HTTPS_MEM_CERT, cert,
                            MHD_OPTION_HTTPS_MEM_KEY, key, MHD_OPTION_HTTPS_PRIORITIES, "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1",
                            MHD_OPTION_URI_LOG_CALLBACK, begin_request, NULL, MHD_OPTION_NOTIFY_COMPLETED, end_request, NULL,
                            MHD_OPTION_CONNECTION_TIMEOUT, 30u, MHD_OPTION_THREAD_POOL_SIZE, NUM_THREADS, MHD_OPTION_ARRAY, trust,
                            MHD_OPTION_END);
}

int web_serve(const struct web_server *server)
{
    char *cert = web_read_file(server->folder, "cert.pem");
    char *key = web_read_file(server->folder, "key.pem");
    char *ca = web_read_file(server->folder, "ca.pem");
    struct MHD_Daemon *daemon = NULL;
    char ignored[64];
    ssize_t got;
    (void)fcntl(server->listener, F_SETFL, O_NONBLOCK);
    if (cert && key && ca) daemon = start_daemon(server, cert, key, ca);
    if (daemon) {
        puts("ready");
        fflush(stdout);
        do got = read(STDIN_FILENO, ignored, sizeof ignored);
        while (got > 0 || (got < 0 && errno == EINTR));
        MHD_stop_daemon(daemon);
    } else {
        fprintf(stderr, "%s: cannot listen with the certificate of %s\n", server->name, server->folder);
    }
    if (key) explicit_bzero(key, strlen(key));
    free(ca);
    free(key);
    free(cert);
    return daemon ? EXIT_SUCCESS : EXIT_FAILURE;
}
