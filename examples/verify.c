/* SPDX-License-Identifier: Apache-2.0
 *
 * verify.c: the smallest verifying service. On 127.0.0.1 it says hello to whoever holds a valid token with the scope "hello", and
 * refuses all others with the status and the challenge that the standards demand. In production it would stand behind TLS.
 *
 *     verify PORT ISSUER AUDIENCE AUDIT_FILE [JWKS_FILE]
 *
 * Each decision is written to the audit file before it is given. Without a key file the issuer's keys are discovered; port 0 is any
 * free one.
 */
#include <apisec/apisec.h>

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What all requests share. */
struct service {
    apisec_http *http;
    apisec_audit *audit;
    apisec_verifier *verifier;
};

static enum MHD_Result add_header(void *call, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    apisec_call_add_header(call, name, strlen(name), value ? value : "", value ? strlen(value) : 0);
    return MHD_YES;
}

/* begin_request sees the target as it stands on the request line, with its query; the call becomes the request's state. */
static void *begin_request(void *context, const char *target, struct MHD_Connection *connection)
{
    (void)context, (void)connection;
    apisec_call *call = apisec_call_new();
    apisec_call_set_target(call, target, strlen(target));
    return call;
}

static void end_request(void *context, struct MHD_Connection *connection, void **call, enum MHD_RequestTerminationCode code)
{
    (void)context, (void)connection, (void)code;
    apisec_call_free(*call);
}

static enum MHD_Result reply(struct MHD_Connection *connection, const apisec_decision *decision, const char *body)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(strlen(body), (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
    if (response == NULL) return MHD_NO;
    for (size_t i = 0; i < apisec_decision_num_headers(decision); i++)
        MHD_add_response_header(response, apisec_decision_header_name(decision, i), apisec_decision_header_value(decision, i));
    enum MHD_Result sent = MHD_queue_response(connection, (unsigned)apisec_decision_http_status(decision), response);
    MHD_destroy_response(response);
    return sent;
}

/* answer hands all headers over: a lookup by name would return the first of two Authorization headers and hide the second. */
static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *path, const char *method,
                              const char *version, const char *data, size_t *size, void **call)
{
    (void)path, (void)version, (void)data, (void)size;
    const struct service *service = context;
    apisec_decision *decision = NULL;
    apisec_error err;
    apisec_call_set_method(*call, method, strlen(method));
    MHD_get_connection_values(connection, MHD_HEADER_KIND, add_header, *call);

    apisec_authenticate(service->verifier, service->audit, *call, &decision, &err);
    apisec_decision_require_scope(decision, "hello");
    apisec_status status = apisec_decision_commit(decision, &err);
    if (status != APISEC_OK) fprintf(stderr, "denied: %s: %s\n", apisec_status_name(status), apisec_decision_reason(decision));
    enum MHD_Result sent = reply(connection, decision, status == APISEC_OK ? "hello\n" : "denied\n");
    apisec_decision_free(decision);
    return sent;
}

/* build_trust: an issuer, the one audience that is us, and the one algorithm that it signs with. */
static apisec_trust *build_trust(const char *issuer, const char *audience, const char *jwks_file)
{
    static char jwks[262144];
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *id = apisec_trust_add_issuer(trust, issuer);
    apisec_issuer_add_audience(id, audience);
    apisec_issuer_allow_algorithm(id, "ES256");
    FILE *file = jwks_file ? fopen(jwks_file, "rb") : NULL;
    if (file) {
        apisec_issuer_set_jwks(id, jwks, fread(jwks, 1, sizeof jwks, file));
        (void)fclose(file);
    } else if (jwks_file == NULL) {
        apisec_issuer_discover(id);
    } /* a file that cannot be read leaves the issuer without keys, which the verifier refuses */
    return trust;
}

/* start: everything that can be set up wrongly is found here, before the first request. */
static apisec_status start(struct service *service, char **arguments, apisec_error *err)
{
    apisec_status status = apisec_http_new(NULL, &service->http, err);
    if (status != APISEC_OK) return status;
    status = apisec_audit_open_file(arguments[4], APISEC_AUDIT_WRITTEN, APISEC_AUDIT_STRICT, &service->audit, err);
    if (status != APISEC_OK) return status;

    apisec_trust *trust = build_trust(arguments[2], arguments[3], arguments[5]);
    status = apisec_verifier_new(trust, service->http, &service->verifier, err);
    apisec_trust_free(trust);
    return status;
}

static void serve(struct service *service, uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct MHD_Daemon *server = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD, port, NULL, NULL, answer, service, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
        MHD_OPTION_URI_LOG_CALLBACK, begin_request, NULL, MHD_OPTION_NOTIFY_COMPLETED, end_request, NULL, MHD_OPTION_END);
    if (server == NULL) {
        fprintf(stderr, "cannot listen on 127.0.0.1\n");
        return;
    }
    printf("http://127.0.0.1:%u ends when its standard input does\n", MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    while (getchar() != EOF) continue;
    MHD_stop_daemon(server);
}

int main(int argc, char **argv)
{
    struct service service = {NULL, NULL, NULL};
    apisec_error err;
    if (argc < 5 || argc > 6) {
        fprintf(stderr, "Usage: verify PORT ISSUER AUDIENCE AUDIT_FILE [JWKS_FILE]\n");
        return 2;
    }
    const apisec_status status = start(&service, argv, &err);
    if (status == APISEC_OK) serve(&service, (uint16_t)strtoul(argv[1], NULL, 10));
    else fprintf(stderr, "%s\n", err.text);
    apisec_verifier_free(service.verifier);
    apisec_audit_close(service.audit);
    apisec_http_free(service.http);
    return status == APISEC_OK ? 0 : 1;
}
