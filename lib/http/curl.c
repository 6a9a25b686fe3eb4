/* SPDX-License-Identifier: Apache-2.0
 *
 * curl.c: the transport over libcurl: https only, nothing from the environment, the address checked at connect. The only user of
 * libcurl, and nothing of the library refers to it but apisec_http_new.
 *
 * Connections live in easy handles, which wait on a shelf of their identity, so that no connection made with one client
 * certificate ever serves another. A handle is used by one thread at a time. After a fork the child begins with empty shelves: to
 * close what it inherited would say goodbye on the parent's TLS connections.
 *
 * When a reused connection dies before the first byte of the answer, libcurl itself sends the request again on a new one. That
 * is right for GET, and harmless for the POSTs of this library: introspecting or exchanging a token does not change the token
 * (RFC 8693 section 2.1). On a new connection nothing is sent twice.
 */
#include "http/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* An easy handle and the connections in it. */
struct handle {
    struct idle_item item;
    CURL *easy;
};

struct transport {
    apisec_http http;
    apisec_http_options *options;
    struct idle *idle; /* shelf 0 is of requests without an identity, shelf i + 1 of identity i */
};

/* One request on its way. */
struct request {
    const struct transport *transport;
    const struct http_identity *identity; /* or NULL */
    apisec_op *op;
    bool address_refused;
    enum { BEFORE_HEADERS, IN_INTERIM, IN_HEADERS, AFTER_HEADERS } stage;
};

/* ---- once per process ---- */

static CURLcode global_code;

static void init_global(void)
{
    global_code = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static apisec_status check_libcurl(apisec_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (pthread_once(&once, init_global) != 0 || global_code != CURLE_OK)
        return fail(err, APISEC_E_UNSUPPORTED, "libcurl cannot be initialised");
    const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);
    if (version->version_num < 0x075500) return fail(err, APISEC_E_UNSUPPORTED, "libcurl is older than 7.85");
    if ((version->features & CURL_VERSION_SSL) == 0) return fail(err, APISEC_E_UNSUPPORTED, "libcurl is built without TLS");
    return APISEC_OK;
}

/* ---- handles ---- */

static void handle_end(struct idle_item *item)
{
    struct handle *handle = (struct handle *)item;
    curl_easy_cleanup(handle->easy);
    free(handle);
}

static struct handle *handle_take(struct idle *idle, size_t shelf)
{
    struct handle *handle = (struct handle *)idle_take(idle, shelf);
    if (handle != NULL) return handle;
    handle = calloc(1, sizeof *handle);
    if (handle == NULL) return NULL;
    handle->easy = curl_easy_init();
    if (handle->easy != NULL) return handle;
    free(handle);
    return NULL;
}

/* handle_give puts it back. Nothing of the request stays in it but its connections and TLS sessions. */
static void handle_give(struct idle *idle, size_t shelf, struct handle *handle)
{
    curl_easy_reset(handle->easy);
    idle_give(idle, shelf, &handle->item);
}

/* ---- what libcurl calls ---- */

/* The address that a name has turned into is known here, and not before. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct request *request = context;
    const apisec_http_options *options = request->transport->options;
    if (purpose != CURLSOCKTYPE_IPCXN ||
        address_check(&address->addr, address->addrlen, options->loopback, options->private_networks) != NULL) {
        request->address_refused = true;
        return CURL_SOCKET_BAD;
    }
    /* from its first moment closed on exec, which another thread may do, and never one that blocks beyond a timeout */
    const int descriptor = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
    return descriptor < 0 ? CURL_SOCKET_BAD : descriptor;
}

/* status_of reads "HTTP/1.1 200 OK"; 0: it is no such line. */
static int32_t status_of(struct text line)
{
    if (!text_starts(line, "HTTP/")) return 0;
    size_t at = 0;
    while (at < line.len && line.at[at] != ' ') at++;
    if (line.len - at < 4) return 0;
    int32_t status = 0;
    for (size_t i = at + 1; i < at + 4; i++) {
        if (line.at[i] < '0' || line.at[i] > '9') return 0;
        status = status * 10 + (line.at[i] - '0');
    }
    return line.len == at + 4 || line.at[at + 4] == ' ' ? status : 0;
}

static bool take_status_line(struct request *request, struct text line)
{
    const int32_t status = status_of(line);
    const bool interim = status >= 100 && status < 200;
    request->stage = interim ? IN_INTERIM : IN_HEADERS;
    return interim || apisec_op_answer_status(request->op, status) == APISEC_OK;
}

/* One call a line, with its end: the status line, fields, the empty line; interim answers come first, trailers last. */
static size_t take_header(char *bytes, size_t size, size_t num, void *context)
{
    struct request *request = context;
    struct text line = {bytes, size * num};
    while (line.len > 0 && (line.at[line.len - 1] == '\n' || line.at[line.len - 1] == '\r')) line.len--;
    if (request->stage == AFTER_HEADERS) return size * num; /* trailers say nothing that counts */
    if (request->stage == BEFORE_HEADERS) return take_status_line(request, line) ? size * num : 0;
    if (line.len == 0) {
        request->stage = request->stage == IN_INTERIM ? BEFORE_HEADERS : AFTER_HEADERS;
        return size * num;
    }
    if (request->stage == IN_INTERIM) return size * num;
    size_t name_len = 0;
    while (name_len < line.len && line.at[name_len] != ':') name_len++;
    const size_t value_at = name_len < line.len ? name_len + 1 : line.len;
    const apisec_status status =
        apisec_op_answer_header(request->op, line.at, name_len, line.at + value_at, line.len - value_at);
    return status == APISEC_OK ? size * num : 0;
}

static size_t take_body(char *bytes, size_t size, size_t num, void *context)
{
    struct request *request = context;
    return apisec_op_answer_body(request->op, bytes, size * num) == APISEC_OK ? size * num : 0;
}

/* ---- one request ---- */

/* set_policy sets what holds for all requests. 1L is on, 0L is off. */
static bool set_policy(CURL *easy, const struct request *request)
{
    const apisec_http_options *options = request->transport->options;
    bool ok = true;
    ok &= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "https") == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_AUTOREFERER, 0L) == CURLE_OK;
    (void)curl_easy_setopt(easy, CURLOPT_HSTS_CTRL, 0L);   /* off by default; a libcurl built without them says so */
    (void)curl_easy_setopt(easy, CURLOPT_ALTSVC_CTRL, 0L);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* else a name server that does not answer holds us up beyond any timeout: the thread that asks it would be waited for */
    (void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
    /* "" means none, whatever https_proxy and no_proxy say */
    ok &= curl_easy_setopt(easy, CURLOPT_PROXY, options->proxy == NULL ? "" : options->proxy) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_NOPROXY, "") == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK;
    if (options->ca_file != NULL) {
        ok &= curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_file) == CURLE_OK;
        ok &= curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == CURLE_OK; /* else the system's folder is trusted as well */
    }
    if (request->identity != NULL) {
        ok &= curl_easy_setopt(easy, CURLOPT_SSLCERT, request->identity->cert_file) == CURLE_OK;
        ok &= curl_easy_setopt(easy, CURLOPT_SSLKEY, request->identity->key_file) == CURLE_OK;
    }
    return ok;
}

static bool set_request(CURL *easy, struct request *request, const struct curl_slist *headers, long total_ms)
{
    const apisec_http_options *options = request->transport->options;
    const long connect_ms = options->connect_ms < total_ms ? (long)options->connect_ms : total_ms;
    size_t len = 0;
    const char *body = apisec_op_body(request->op, &len);
    bool ok = true;
    ok &= curl_easy_setopt(easy, CURLOPT_URL, apisec_op_url(request->op)) == CURLE_OK;
    if (body != NULL) {
        ok &= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len) == CURLE_OK;
        ok &= curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body) == CURLE_OK;
    }
    ok &= curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, apisec_op_method(request->op)) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, total_ms) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, request) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_HEADERDATA, request) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK;
    ok &= curl_easy_setopt(easy, CURLOPT_WRITEDATA, request) == CURLE_OK;
    return ok;
}

/* free_headers wipes them first: one is the client's secret. */
static void free_headers(struct curl_slist *headers)
{
    for (struct curl_slist *at = headers; at != NULL; at = at->next) mem_wipe(at->data, strlen(at->data));
    curl_slist_free_all(headers);
}

static bool add_line(struct curl_slist **headers, const char *line)
{
    struct curl_slist *more = line == NULL ? NULL : curl_slist_append(*headers, line);
    if (more == NULL) return false;
    *headers = more;
    return true;
}

/* make_headers gives the operation's headers, and takes out what libcurl would add of its own: Accept, Content-Type, and Expect,
 * which makes a server that does not know it wait for a second. */
static bool make_headers(const apisec_op *op, struct curl_slist **headers)
{
    static const char *const own[] = {"Accept", "Content-Type", "Expect"};
    struct buffer line = BUFFER_MAX(SIZE_MAX / 2);
    bool ok = true;
    for (size_t i = 0; i < sizeof own / sizeof own[0] && ok; i++) {
        bool set = false;
        for (size_t j = 0; j < apisec_op_num_headers(op); j++)
            set |= text_is_caseless(text_of(apisec_op_header_name(op, j)), own[i]);
        buffer_clear(&line);
        buffer_text(&line, own[i]);
        buffer_byte(&line, ':');
        if (!set) ok = line.status == APISEC_OK && add_line(headers, line.bytes);
    }
    for (size_t i = 0; i < apisec_op_num_headers(op) && ok; i++) {
        const char *value = apisec_op_header_value(op, i);
        buffer_clear(&line);
        buffer_text(&line, apisec_op_header_name(op, i));
        buffer_text(&line, value[0] == '\0' ? ";" : ": "); /* "Name;" is how libcurl sends an empty one */
        buffer_text(&line, value);
        ok = line.status == APISEC_OK && add_line(headers, line.bytes);
    }
    buffer_free(&line);
    return ok;
}

static apisec_status status_of_code(CURLcode code, const struct request *request)
{
    if (code != CURLE_OK && request->address_refused) return APISEC_E_ADDRESS;
    switch (code) {
    case CURLE_OK: return APISEC_OK;
    case CURLE_OPERATION_TIMEDOUT: return APISEC_E_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED: return APISEC_E_TLS;
    default: return APISEC_E_UNREACHABLE;
    }
}

static apisec_status send_request(struct request *request, CURL *easy, long total_ms)
{
    struct curl_slist *headers = NULL;
    CURLcode code = CURLE_OUT_OF_MEMORY;
    if (make_headers(request->op, &headers) && set_policy(easy, request) && set_request(easy, request, headers, total_ms))
        code = curl_easy_perform(easy);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
    free_headers(headers);
    return status_of_code(code, request);
}

/* find_shelf: 0 without an identity; num_identities + 1 when nobody has that name. */
static size_t find_shelf(const apisec_http_options *options, const char *name)
{
    if (name == NULL) return 0;
    size_t i = 0;
    while (i < options->num_identities && !text_is(text_of(name), options->identities[i].name)) i++;
    return i + 1;
}

static apisec_status perform(apisec_http *http, apisec_op *op)
{
    struct transport *transport = http->context;
    const apisec_http_options *options = transport->options;
    apisec_status status = APISEC_E_UNREACHABLE; /* what it stays without memory for a handle */
    struct handle *handle = NULL;
    const int64_t left_ms = apisec_op_deadline_ms(op) - clock_now_ms();
    const size_t shelf = find_shelf(options, apisec_op_identity(op));
    if (left_ms <= 0) status = APISEC_E_TIMEOUT;
    else if (shelf > options->num_identities) status = APISEC_E_TLS; /* the certificate it wants to show is not there */
    else handle = handle_take(transport->idle, shelf);
    if (handle != NULL) {
        const long total_ms = left_ms < options->total_ms ? (long)left_ms : (long)options->total_ms;
        struct request request = {.transport = transport, .op = op};
        if (shelf > 0) request.identity = &options->identities[shelf - 1];
        struct sigpipe guard;
        sigpipe_block(&guard);
        status = send_request(&request, handle->easy, total_ms);
        handle_give(transport->idle, shelf, handle);
        sigpipe_release(&guard);
    }
    (void)apisec_op_answer_end(op, status);
    return status;
}

/* ---- making and ending it ---- */

static void transport_free(apisec_http *http)
{
    struct transport *transport = http->context;
    struct sigpipe guard;
    sigpipe_block(&guard); /* closing a connection writes to it */
    idle_free(transport->idle);
    sigpipe_release(&guard);
    apisec_http_options_free(transport->options);
    free(transport);
}

static const char *file_problem(int error)
{
    switch (error) {
    case 0:       return "it is empty";
    case ENOENT:  return "there is no such file";
    case EACCES:  return "permission denied";
    case EISDIR:  return "it is a folder";
    case ENOTDIR: return "a part of the path is no folder";
    default:      return "it cannot be read";
    }
}

/* find_pem: a line begins as one before PEM does (RFC 7468 section 2). NULL, or what is wrong. */
static const char *find_pem(FILE *file)
{
    static const char begin[] = "-----BEGIN ";
    char line[128];
    bool at_start = true, is_empty = true, has_pem = false;
    errno = 0;
    while (!has_pem && fgets(line, sizeof line, file) != NULL) {
        has_pem = at_start && strncmp(line, begin, sizeof begin - 1) == 0;
        at_start = strchr(line, '\n') != NULL;
        is_empty = false;
    }
    mem_wipe(line, sizeof line);
    if (has_pem) return NULL;
    return is_empty ? file_problem(errno) : "it is not PEM";
}

/* A file that is missing, or holds something else, is noticed at the start and not at the first request. It may be a key. */
static apisec_status check_pem(const char *path, const char *what, apisec_error *err)
{
    char bytes[1024];
    if (path == NULL) return APISEC_OK;
    FILE *const file = fopen(path, "re");
    if (file != NULL) setvbuf(file, bytes, _IOFBF, sizeof bytes);
    const char *const problem = file == NULL ? file_problem(errno) : find_pem(file);
    if (file != NULL) fclose(file);
    mem_wipe(bytes, sizeof bytes);
    return problem == NULL ? APISEC_OK : fail(err, APISEC_E_CONFIG, "the %s %.100s cannot be used: %s", what, path, problem);
}

static apisec_status check_files(const apisec_http_options *options, apisec_error *err)
{
    apisec_status status = check_pem(options->ca_file, "CA file", err);
    for (size_t i = 0; i < options->num_identities && status == APISEC_OK; i++) {
        status = check_pem(options->identities[i].cert_file, "certificate file of an identity", err);
        if (status == APISEC_OK) status = check_pem(options->identities[i].key_file, "key file of an identity", err);
    }
    return status;
}

apisec_status apisec_http_new(const apisec_http_options *options, apisec_http **http, apisec_error *err)
{
    if (http == NULL) return fail(err, APISEC_E_ARGUMENT, "there is nowhere to put the transport");
    *http = NULL;
    if (options != NULL && options->error.status != APISEC_OK) return fail(err, options->error.status, "%s", options->error.text);
    apisec_status status = check_libcurl(err);
    if (status != APISEC_OK) return status;

    struct transport *transport = calloc(1, sizeof *transport);
    if (transport == NULL) return fail_memory(err);
    transport->http = (apisec_http){transport, perform, transport_free};
    transport->options = options_copy(options);
    status = transport->options->error.status;
    if (status == APISEC_OK) status = check_files(transport->options, err);
    else (void)fail(err, status, "%s", transport->options->error.text);
    if (status == APISEC_OK) {
        transport->idle = idle_new(transport->options->num_identities + 1, handle_end);
        if (transport->idle == NULL) status = fail_memory(err);
    }
    if (status != APISEC_OK) {
        transport_free(&transport->http);
        return status;
    }
    *http = &transport->http;
    return succeed(err);
}
