/* SPDX-License-Identifier: Apache-2.0
 *
 * issuer.c: serves an issuer for the tests of the tool over https on a free port of 127.0.0.1: metadata, keys, token endpoint,
 * introspection. It prints one line of JSON when it is ready, with what its clients need to know, and ends when its standard input
 * does, with another line: how often metadata and keys were fetched, and how many requests the token endpoint had.
 *
 *     issuer CERTIFICATE_FILE KEY_FILE
 */
#include "issuer.h"

#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One request: its form, filled while the body comes in. */
struct request {
    struct MHD_PostProcessor *processor;
    struct form form;
};

const char *form_get(const struct form *form, const char *name)
{
    const char *found = NULL;
    for (size_t i = 0; i < form->num; i++) {
        if (strcmp(form->fields[i].name, name) != 0) continue;
        if (found != NULL) return NULL;
        found = form->fields[i].value;
    }
    return found;
}

/* add_piece takes the next piece of a field's value: the first one, at offset 0, begins a new field. */
static enum MHD_Result add_piece(void *context, enum MHD_ValueKind kind, const char *name, const char *filename, const char *type,
                                 const char *encoding, const char *data, uint64_t offset, size_t size)
{
    (void)kind, (void)filename, (void)type, (void)encoding;
    struct form *form = context;
    form->size += size;
    form->refused = form->refused || form->size > MAX_FORM || (offset == 0 && form->num == MAX_FIELDS);
    if (form->refused || (offset > 0 && form->num == 0)) return MHD_NO;
    if (offset == 0) form->fields[form->num++] = (struct field){.name = strdup(name), .value = calloc(1, 1)};

    struct field *field = &form->fields[form->num - 1];
    char *grown = field->name && field->value ? realloc(field->value, offset + size + 1) : NULL;
    if (grown == NULL || strlen(grown) != offset || (size > 0 && memchr(data, '\0', size))) {
        if (grown) field->value = grown;
        form->refused = true;
        return MHD_NO;
    }
    memcpy(grown + offset, data, size);
    grown[offset + size] = '\0';
    field->value = grown;
    return MHD_YES;
}

static void end_request(void *context, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code)
{
    (void)context, (void)connection, (void)code;
    struct request *request = *state;
    if (request == NULL) return;
    if (request->processor) MHD_destroy_post_processor(request->processor);
    for (size_t i = 0; i < request->form.num; i++) {
        free(request->form.fields[i].name);
        free(request->form.fields[i].value);
    }
    free(request);
    *state = NULL;
}

/* send_typed replies with a body that becomes the response's own. */
static enum MHD_Result send_typed(struct MHD_Connection *connection, int status, const char *type, char *body, const char *cache)
{
    if (body == NULL) return MHD_NO;
    struct MHD_Response *response = MHD_create_response_from_buffer(strlen(body), body, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(body);
        return MHD_NO;
    }
    MHD_add_response_header(response, "Content-Type", type);
    MHD_add_response_header(response, "Cache-Control", cache);
    if (status == MHD_HTTP_UNAUTHORIZED) MHD_add_response_header(response, "WWW-Authenticate", "Basic realm=\"token endpoint\"");
    enum MHD_Result sent = MHD_queue_response(connection, (unsigned)status, response);
    MHD_destroy_response(response);
    return sent;
}

static enum MHD_Result send_json(struct MHD_Connection *connection, int status, char *body, const char *cache)
{
    return send_typed(connection, status, "application/json", body, cache);
}

static char *write_metadata(const struct issuer *issuer)
{
    char url[96];
    cJSON *metadata = cJSON_CreateObject();
    cJSON_AddStringToObject(metadata, "issuer", issuer->name);
    snprintf(url, sizeof url, "%s/jwks", issuer->name);
    cJSON_AddStringToObject(metadata, "jwks_uri", url);
    snprintf(url, sizeof url, "%s/token", issuer->name);
    cJSON_AddStringToObject(metadata, "token_endpoint", url);
    char *text = cJSON_PrintUnformatted(metadata);
    cJSON_Delete(metadata);
    return text;
}

static char *write_keys(const struct issuer *issuer)
{
    const char *key = apisec_signer_public_jwk(issuer->signer);
    size_t size = strlen(key) + sizeof "{\"keys\":[]}";
    char *text = malloc(size);
    if (text) snprintf(text, size, "{\"keys\":[%s]}", key);
    return text;
}

static enum MHD_Result answer_get(struct issuer *issuer, struct MHD_Connection *connection, const char *path)
{
    if (strcmp(path, "/.well-known/openid-configuration") == 0 || strcmp(path, "/.well-known/oauth-authorization-server") == 0) {
        issuer->num_metadata++;
        return send_json(connection, MHD_HTTP_OK, write_metadata(issuer), "max-age=600");
    }
    if (strcmp(path, "/jwks") == 0) {
        issuer->num_keys++;
        return send_json(connection, MHD_HTTP_OK, write_keys(issuer), "max-age=600");
    }
    return send_json(connection, MHD_HTTP_NOT_FOUND, strdup("{\"error\":\"not_found\"}"), "no-store");
}

static enum MHD_Result answer_form(const struct issuer *issuer, struct MHD_Connection *connection, const char *path,
                                   const struct form *form)
{
    if (form->refused) return send_json(connection, MHD_HTTP_BAD_REQUEST, strdup("{\"error\":\"invalid_request\"}"), "no-store");
    char *secret = NULL;
    char *client = MHD_basic_auth_get_username_password(connection, &secret);
    const char *accepted = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Accept");
    struct reply reply = strcmp(path, "/introspect") == 0 ? introspect_answer(issuer, client, secret, form, accepted)
                                                          : grant_answer(issuer, client, secret, form);
    MHD_free(client);
    MHD_free(secret);
    return send_typed(connection, reply.status, reply.type ? reply.type : "application/json", reply.body, "no-store");
}

/* answer is called for each request: once when its head has come, then for each piece of its body, then at the end. */
static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *path, const char *method,
                              const char *version, const char *data, size_t *size, void **state)
{
    (void)version;
    struct issuer *issuer = context;
    if (strcmp(method, "GET") == 0) return answer_get(issuer, connection, path);
    if (strcmp(method, "POST") != 0 || (strcmp(path, "/token") != 0 && strcmp(path, "/introspect") != 0))
        return send_json(connection, MHD_HTTP_NOT_FOUND, strdup("{\"error\":\"not_found\"}"), "no-store");

    struct request *request = *state;
    if (request == NULL) {
        request = calloc(1, sizeof *request);
        if (request == NULL) return MHD_NO;
        *state = request;
        request->processor = MHD_create_post_processor(connection, 4096, add_piece, &request->form);
        request->form.refused = request->processor == NULL; /* not a form */
        return MHD_YES;
    }
    if (*size > 0) {
        if (!request->form.refused && MHD_post_process(request->processor, data, *size) != MHD_YES) request->form.refused = true;
        *size = 0;
        return MHD_YES;
    }
    if (strcmp(path, "/token") == 0) issuer->num_grants++;
    return answer_form(issuer, connection, path, &request->form);
}

static apisec_status make_secrets(struct issuer *issuer, apisec_error *err)
{
    random_hex(issuer->web_secret);
    random_hex(issuer->orders_secret);
    random_hex(issuer->alice_session);
    random_hex(issuer->bob_session);
    return apisec_signer_generate("ES256", &issuer->signer, err);
}

/* make_verifier: for its own tokens, when they come back. The issuer's name holds the port, so it comes last. */
static apisec_status make_verifier(struct issuer *issuer, unsigned port, apisec_error *err)
{
    snprintf(issuer->name, sizeof issuer->name, "https://127.0.0.1:%u", port);
    char *keys = write_keys(issuer);
    if (keys == NULL) return APISEC_E_MEMORY;

    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *self = apisec_trust_add_issuer(trust, issuer->name);
    apisec_issuer_add_audience(self, "orders"); /* the only client that brings tokens back: a token is exchanged by its audience */
    apisec_issuer_allow_algorithm(self, "ES256");
    apisec_issuer_set_jwks(self, keys, strlen(keys));
    apisec_status status = apisec_verifier_new(trust, NULL, &issuer->verifier, err);
    apisec_trust_free(trust);
    free(keys);
    return status;
}

static void print_ready(const struct issuer *issuer)
{
    cJSON *ready = cJSON_CreateObject();
    cJSON_AddStringToObject(ready, "issuer", issuer->name);
    cJSON_AddStringToObject(ready, "web_secret", issuer->web_secret);
    cJSON_AddStringToObject(ready, "orders_secret", issuer->orders_secret);
    cJSON_AddStringToObject(ready, "alice_session", issuer->alice_session);
    cJSON_AddStringToObject(ready, "bob_session", issuer->bob_session);
    char *expired = expired_token(issuer);
    if (expired) cJSON_AddStringToObject(ready, "expired_token", expired);
    apisec_text_free(expired);
    char *text = cJSON_PrintUnformatted(ready);
    if (text) puts(text);
    fflush(stdout);
    cJSON_free(text);
    cJSON_Delete(ready);
}

/* read_text reads a small file whole; the caller frees it. */
static char *read_text(const char *path)
{
    enum { SIZE = 65536 };
    FILE *file = fopen(path, "rb");
    if (file == NULL) return NULL;
    char *text = calloc(1, SIZE);
    size_t len = text ? fread(text, 1, SIZE - 1, file) : 0;
    (void)fclose(file);
    if (len > 0) return text;
    free(text);
    return NULL;
}

/* bind_free_port returns a socket on a port that the system chose, or -1. */
static int bind_free_port(unsigned *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int socket_fd = socket(AF_INET, SOCK_STREAM, 0);
    if (socket_fd < 0) return -1;
    if (bind(socket_fd, (struct sockaddr *)&address, len) == 0 && listen(socket_fd, 16) == 0 &&
        getsockname(socket_fd, (struct sockaddr *)&address, &len) == 0) {
        *port = ntohs(address.sin_port);
        return socket_fd;
    }
    (void)close(socket_fd);
    return -1;
}

/* start_server serves an issuer that is ready, which then belongs to its one thread until it is stopped. */
static struct MHD_Daemon *start_server(struct issuer *issuer, int socket_fd, const char *certificate, const char *key)
{
    return MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_TLS | MHD_USE_ERROR_LOG, 0, NULL, NULL, answer, issuer,
                            MHD_OPTION_LISTEN_SOCKET, socket_fd, MHD_OPTION_HTTPS_MEM_CERT, certificate,
                            MHD_OPTION_HTTPS_MEM_KEY, key, MHD_OPTION_NOTIFY_COMPLETED, end_request, NULL,
                            MHD_OPTION_CONNECTION_TIMEOUT, 10u, MHD_OPTION_END);
}

/* serve runs until standard input ends. */
static int serve(struct issuer *issuer, const char *certificate, const char *key)
{
    unsigned port = 0;
    apisec_error err = {.text = "cannot listen on 127.0.0.1"};
    struct MHD_Daemon *server = NULL;
    int socket_fd = bind_free_port(&port);
    if (socket_fd >= 0 && make_verifier(issuer, port, &err) == APISEC_OK)
        server = start_server(issuer, socket_fd, certificate, key);
    if (server == NULL) {
        fprintf(stderr, "issuer: %s\n", err.text[0] ? err.text : "cannot serve https");
        return EXIT_FAILURE;
    }
    print_ready(issuer);

    char ignored[64];
    ssize_t got;
    do got = read(STDIN_FILENO, ignored, sizeof ignored);
    while (got > 0 || (got < 0 && errno == EINTR));
    MHD_stop_daemon(server);
    printf("{\"metadata_fetches\":%zu,\"key_fetches\":%zu,\"token_requests\":%zu}\n", issuer->num_metadata, issuer->num_keys,
           issuer->num_grants);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "Usage: issuer CERTIFICATE_FILE KEY_FILE\n");
        return 2;
    }
    struct issuer issuer = {0};
    apisec_error err = {0};
    int exit_status = EXIT_FAILURE;
    char *certificate = read_text(argv[1]);
    char *key = read_text(argv[2]);
    if (certificate == NULL || key == NULL) fprintf(stderr, "issuer: cannot read the certificate or its key\n");
    else if (make_secrets(&issuer, &err) != APISEC_OK) fprintf(stderr, "issuer: %s\n", err.text);
    else exit_status = serve(&issuer, certificate, key);

    apisec_verifier_free(issuer.verifier);
    apisec_signer_free(issuer.signer);
    free(certificate);
    free(key);
    return exit_status;
}
