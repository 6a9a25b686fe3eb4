/* SPDX-License-Identifier: Apache-2.0
 *
 * test_curl.c: the libcurl transport against a real https server on loopback with certificates of its own.
 */
#define _GNU_SOURCE /* RTLD_NEXT */

#include "http/http.h"
#include "support/https_server.h"
#include "support/unit.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define JSON "Content-Type: application/json\n"

static const struct https_route routes[] = {
    {.path = "/ok", .headers = JSON "Cache-Control: max-age=60\n", .body = "{\"ok\":true}"},
    {.path = "/chunked", .headers = JSON, .body = "{\"chunked\":\"twenty bytes or more\"}", .trouble = HTTPS_CHUNKED},
    {.path = "/html", .headers = "Content-Type: text/html\n", .body = "<p>"},
    {.path = "/twice", .headers = JSON "Content-Type: text/html\n", .body = "{}"},
    {.path = "/error", .status = 503, .headers = JSON, .body = "{\"error\":\"x\"}"},
    {.path = "/empty", .status = 204},
    {.path = "/redirect", .status = 302, .headers = "Location: /ok\n", .body = "moved"},
    {.path = "/big", .headers = JSON, .body_len = 1 << 20},
    {.path = "/drip", .headers = JSON, .trouble = HTTPS_DRIP},
    {.path = "/half", .headers = JSON, .body = "{\"half\":1}", .trouble = HTTPS_HALF},
    {.path = "/sleep", .headers = JSON, .body = "{}", .trouble = HTTPS_SLEEP},
    {.path = "/vanish", .trouble = HTTPS_VANISH},
    {.path = "/vanish-reused", .headers = JSON, .body = "{}", .trouble = HTTPS_VANISH_REUSED},
    {.path = "/client", .headers = JSON, .body = "{\"client\":true}", .needs_certificate = true},
};

static struct https_server *server;

/* The one name that takes long to be found, and is not: everything else is the system's. */
__attribute__((visibility("default"))) /* libcurl is to find it */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = NULL;
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
    if (node != NULL && strcmp(node, "slow.example") == 0) {
        clock_sleep_ms(2000);
        return EAI_AGAIN;
    }
    memcpy(&next, &symbol, sizeof next);
    return next(node, service, hints, found);
}

/* ---- one request as an operation ---- */

struct get {
    apisec_op op;
    char url[256];
    const char *method, *body, *identity, *header;
    size_t max_body;
    int64_t timeout_ms; /* 0: the operation's own */
    struct op_answer answer;
    char bytes[256];
    size_t len;
};

static int32_t get_step(apisec_op *op, int64_t now_ms)
{
    struct get *get = (struct get *)op;
    if (op->answered) {
        get->answer = op->answer;
        get->len = op->answer.body.len;
        if (get->len > 0 && get->len < sizeof get->bytes) memcpy(get->bytes, op->answer.body.bytes, get->len);
        return APISEC_OP_DONE;
    }
    assert_int_equal(op_request(op, get->method, get->url, get->max_body, now_ms), APISEC_OK);
    if (get->timeout_ms != 0) op->deadline_ms = now_ms + get->timeout_ms;
    if (get->header != NULL) assert_int_equal(op_add_header(op, "Accept", get->header), APISEC_OK);
    if (get->body != NULL) {
        assert_int_equal(op_add_header(op, "Content-Type", "application/x-www-form-urlencoded"), APISEC_OK);
        assert_int_equal(op_set_body(op, text_of(get->body)), APISEC_OK);
    }
    assert_int_equal(op_set_identity(op, get->identity), APISEC_OK);
    return APISEC_OP_HTTP;
}

static const struct op_kind get_kind = {get_step, NULL};

static struct get get_new(const char *path)
{
    struct get get;
    memset(&get, 0, sizeof get);
    op_init(&get.op, &get_kind);
    if (path[0] == '/') https_server_url(server, path, get.url, sizeof get.url);
    else snprintf(get.url, sizeof get.url, "%s", path);
    get.method = "GET";
    get.max_body = 4096;
    return get;
}

/* The head of an operation on the stack has nothing left to free once it is done. */
static void run(apisec_http *http, struct get *get)
{
    assert_int_equal(apisec_op_run(&get->op, http), APISEC_OK);
    assert_true(op_is_done(&get->op));
}

static apisec_status fetch(apisec_http *http, const char *path)
{
    struct get get = get_new(path);
    run(http, &get);
    return get.answer.transport;
}

static apisec_http_options *options_new(const char *ca)
{
    apisec_http_options *options = apisec_http_options_new();
    apisec_http_options_set_ca_file(options, https_server_file(server, ca));
    apisec_http_options_allow_loopback(options);
    return options;
}

static apisec_http *http_new(apisec_http_options *options)
{
    apisec_http *http = NULL;
    apisec_error err;
    const apisec_status status = apisec_http_new(options, &http, &err);
    apisec_http_options_free(options);
    if (status != APISEC_OK) fail_msg("%s", err.text);
    return http;
}

static int start(void **state)
{
    (void)state;
    server = https_server_start(routes, sizeof routes / sizeof routes[0]);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    https_server_stop(server);
    return 0;
}

/* ---- tests ---- */

static void an_answer_arrives_whole(void **state)
{
    (void)state;
    static const struct {
        const char *path, *body, *content_type;
        int32_t status;
        int64_t max_age;
        bool repeated;
    } rows[] = {
        {"/ok", "{\"ok\":true}", "application/json", 200, 60, false},
        {"/chunked", "{\"chunked\":\"twenty bytes or more\"}", "application/json", 200, -1, false},
        {"/html", "<p>", "text/html", 200, -1, false},
        {"/twice", "{}", "application/json", 200, -1, true},
        {"/error", "{\"error\":\"x\"}", "application/json", 503, -1, false},
        {"/empty", "", "", 204, -1, false},
        {"/redirect", "moved", "", 302, -1, false}, /* the redirect itself is the answer */
        {"/none", "no such route", "", 404, -1, false},
    };
    apisec_http *http = http_new(options_new("ca.pem"));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct get get = get_new(rows[i].path);
        run(http, &get);
        if (get.answer.transport != APISEC_OK) fail_msg("%s: %s", rows[i].path, apisec_status_name(get.answer.transport));
        assert_int_equal(get.answer.http_status, rows[i].status);
        assert_string_equal(get.bytes, rows[i].body);
        assert_string_equal(get.answer.content_type, rows[i].content_type);
        assert_true(get.answer.max_age == rows[i].max_age);
        assert_int_equal(get.answer.repeated_content_type, rows[i].repeated);
    }
    apisec_http_free(http);
}

static void only_the_operations_headers_are_sent(void **state)
{
    (void)state;
    struct https_request request;
    char *long_body = calloc(1, 20001);
    assert_non_null(long_body);
    memset(long_body, 'x', 20000);
    apisec_http *http = http_new(options_new("ca.pem"));
    struct get get = get_new("/ok");
    get.header = "application/json";
    run(http, &get);
    https_server_last_request(server, &request);
    char expected[256];
    snprintf(expected, sizeof expected, "Host: localhost:%u\nAccept: application/json\n", (unsigned)https_server_port(server));
    assert_string_equal(request.method, "GET");
    assert_string_equal(request.headers, expected);

    struct get post = get_new("/ok");
    post.method = "POST";
    post.body = long_body; /* beyond what libcurl would ask for with Expect: 100-continue */
    run(http, &post);
    https_server_last_request(server, &request);
    snprintf(expected, sizeof expected,
             "Host: localhost:%u\nContent-Type: application/x-www-form-urlencoded\nContent-Length: 20000\n",
             (unsigned)https_server_port(server));
    assert_string_equal(request.method, "POST");
    assert_string_equal(request.headers, expected);
    assert_string_equal(request.body, long_body);

    get = get_new("/ok"); /* nothing of the POST is left in the handle */
    get.header = "";
    run(http, &get);
    https_server_last_request(server, &request);
    snprintf(expected, sizeof expected, "Host: localhost:%u\nAccept: \n", (unsigned)https_server_port(server));
    assert_string_equal(request.method, "GET");
    assert_string_equal(request.headers, expected);
    assert_string_equal(request.body, "");

    post = get_new("/ok");
    post.method = "POST";
    post.body = "";
    run(http, &post);
    https_server_last_request(server, &request);
    assert_non_null(strstr(request.headers, "Content-Length: 0\n"));
    apisec_http_free(http);
    free(long_body);
}

static void dots_in_a_path_stay(void **state)
{
    (void)state;
    struct https_request request;
    apisec_http *http = http_new(options_new("ca.pem"));
    assert_int_equal(fetch(http, "/a/../ok"), APISEC_OK);
    https_server_last_request(server, &request);
    assert_string_equal(request.path, "/a/../ok");
    apisec_http_free(http);
}

static void what_cannot_be_trusted_is_TLS(void **state)
{
    (void)state;
    char url[256];
    apisec_http *http = http_new(options_new("other-ca.pem"));
    const size_t requests = https_server_num_requests(server);
    assert_int_equal(fetch(http, "/ok"), APISEC_E_TLS); /* signed by somebody else */
    apisec_http_free(http);

    apisec_http_options *options = apisec_http_options_new(); /* not signed by anybody the system trusts */
    apisec_http_options_allow_loopback(options);
    http = http_new(options);
    assert_int_equal(fetch(http, "/ok"), APISEC_E_TLS);
    apisec_http_free(http);

    http = http_new(options_new("ca.pem"));
    snprintf(url, sizeof url, "https://127.0.0.1:%u/ok", (unsigned)https_server_port(server));
    assert_int_equal(fetch(http, url), APISEC_E_TLS); /* the same server by a name its certificate does not have */
    assert_int_equal(https_server_num_requests(server), requests); /* nothing was sent to any of them */
    assert_int_equal(fetch(http, "/ok"), APISEC_OK);
    apisec_http_free(http);
}

static void only_https(void **state)
{
    (void)state;
    static const char *const schemes[] = {"http", "ftp", "file", "dict", "ws"};
    apisec_http *http = http_new(options_new("ca.pem"));
    const size_t connections = https_server_num_connections(server);
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        char url[256];
        snprintf(url, sizeof url, "%s://localhost:%u/ok", schemes[i], (unsigned)https_server_port(server));
        assert_int_equal(fetch(http, url), APISEC_E_UNREACHABLE);
    }
    assert_int_equal(fetch(http, "file:///etc/hostname"), APISEC_E_UNREACHABLE);
    assert_int_equal(https_server_num_connections(server), connections);
    apisec_http_free(http);
}

static void loopback_needs_permission(void **state)
{
    (void)state;
    static const char *const hosts[] = {"localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0"};
    const size_t connections = https_server_num_connections(server);
    for (int with_private = 0; with_private < 2; with_private++) {
        apisec_http_options *options = apisec_http_options_new();
        apisec_http_options_set_ca_file(options, https_server_file(server, "ca.pem"));
        if (with_private) apisec_http_options_allow_private(options);
        apisec_http *http = http_new(options);
        for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
            char url[256];
            snprintf(url, sizeof url, "https://%s:%u/ok", hosts[i], (unsigned)https_server_port(server));
            if (fetch(http, url) != APISEC_E_ADDRESS) fail_msg("%s", url);
        }
        assert_int_equal(fetch(http, "https://169.254.169.254/latest/meta-data"), APISEC_E_ADDRESS);
        apisec_http_free(http);
    }
    assert_int_equal(https_server_num_connections(server), connections);
    apisec_http *http = http_new(options_new("ca.pem"));
    assert_int_equal(fetch(http, "https://169.254.169.254/latest/meta-data"), APISEC_E_ADDRESS);
    assert_int_equal(fetch(http, "https://10.255.255.255/"), APISEC_E_ADDRESS);
    apisec_http_free(http);
}

static void a_body_beyond_its_limit_is_cut_off(void **state)
{
    (void)state;
    apisec_http *http = http_new(options_new("ca.pem"));
    struct get get = get_new("/big");
    run(http, &get);
    assert_int_equal(get.answer.transport, APISEC_E_TOO_LARGE);
    assert_int_equal(get.len, 0);
    get = get_new("/big");
    get.max_body = 1 << 20;
    run(http, &get);
    assert_int_equal(get.answer.transport, APISEC_OK);
    assert_int_equal(get.len, 1 << 20);
    get = get_new("/drip"); /* without end and without a length: the limit ends it, long before the time does */
    get.max_body = 3;
    const int64_t before = clock_now_ms();
    run(http, &get);
    assert_int_equal(get.answer.transport, APISEC_E_TOO_LARGE);
    assert_true(clock_now_ms() - before < 2000);
    apisec_http_free(http);
}

static void time_runs_out(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        uint32_t option_ms;
        int64_t deadline_ms;
        const char *why;
    } rows[] = {
        {"/drip", 300, 0, "each byte comes in time, the whole does not"},
        {"/sleep", 300, 0, "nothing comes"},
        {"/drip", 5000, 300, "the operation's deadline is nearer than the transport's"},
        {"/sleep", 5000, 300, "the same"},
        {"https://slow.example/", 300, 0, "a name server that does not answer"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_http_options *options = options_new("ca.pem");
        apisec_http_options_set_timeouts_ms(options, rows[i].option_ms, 2000);
        apisec_http *http = http_new(options);
        struct get get = get_new(rows[i].path);
        get.max_body = 1 << 20;
        get.timeout_ms = rows[i].deadline_ms;
        const int64_t before = clock_now_ms();
        run(http, &get);
        const int64_t took = clock_now_ms() - before;
        /* half a second more than asked, for a busy machine */
        if (get.answer.transport != APISEC_E_TIMEOUT || took < 250 || took > 900)
            fail_msg("%s: %s: %s after %d ms", rows[i].path, rows[i].why, apisec_status_name(get.answer.transport), (int)took);
        apisec_http_free(http);
    }
    apisec_http *http = http_new(options_new("ca.pem"));
    assert_int_equal(fetch(http, "/sleep"), APISEC_OK); /* the twin: there is time enough */
    apisec_http_free(http);
}

static void a_deadline_that_has_passed_sends_nothing(void **state)
{
    (void)state;
    apisec_http *http = http_new(options_new("ca.pem"));
    const size_t requests = https_server_num_requests(server);
    struct get get = get_new("/ok");
    assert_int_equal(apisec_op_next(&get.op, clock_now_ms()), APISEC_OP_HTTP);
    get.op.deadline_ms = clock_now_ms() - 1;
    assert_int_equal(http->perform(http, &get.op), APISEC_E_TIMEOUT);
    assert_int_equal(apisec_op_next(&get.op, clock_now_ms()), APISEC_OP_DONE);
    assert_int_equal(get.answer.transport, APISEC_E_TIMEOUT);
    assert_int_equal(https_server_num_requests(server), requests);
    apisec_http_free(http);
}

static void what_breaks_off_is_unreachable(void **state)
{
    (void)state;
    apisec_http *http = http_new(options_new("ca.pem"));
    struct get get = get_new("/half");
    run(http, &get);
    assert_int_equal(get.answer.transport, APISEC_E_UNREACHABLE);
    assert_int_equal(get.answer.http_status, 0);
    assert_int_equal(get.len, 0);
    assert_int_equal(fetch(http, "/vanish"), APISEC_E_UNREACHABLE);
    assert_int_equal(fetch(http, "/ok"), APISEC_OK); /* and the transport goes on */
    assert_int_equal(fetch(http, "https://no-such-host.invalid/"), APISEC_E_UNREACHABLE);
    apisec_http_free(http);
}

/* unused_port is bound and not listened to while the descriptor is open, so that nobody else takes it. */
static uint16_t unused_port(int *descriptor)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    *descriptor = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(*descriptor >= 0);
    assert_int_equal(bind(*descriptor, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(*descriptor, (struct sockaddr *)&address, &len), 0);
    return ntohs(address.sin_port);
}

static void a_refused_connection_is_unreachable(void **state)
{
    (void)state;
    int descriptor = -1;
    char url[256];
    snprintf(url, sizeof url, "https://localhost:%u/", (unsigned)unused_port(&descriptor));
    apisec_http *http = http_new(options_new("ca.pem"));
    assert_int_equal(fetch(http, url), APISEC_E_UNREACHABLE);
    apisec_http_free(http);
    close(descriptor);
}

static void connections_are_reused(void **state)
{
    (void)state;
    apisec_http *http = http_new(options_new("ca.pem"));
    const size_t before = https_server_num_connections(server);
    for (int i = 0; i < 20; i++) assert_int_equal(fetch(http, i % 2 == 0 ? "/ok" : "/chunked"), APISEC_OK);
    assert_int_equal(https_server_num_connections(server), before + 1);
    apisec_http_free(http);
}

static void a_reused_connection_that_died_is_replaced(void **state)
{
    (void)state;
    for (int post = 0; post < 2; post++) {
        apisec_http *http = http_new(options_new("ca.pem"));
        const size_t before = https_server_num_connections(server);
        assert_int_equal(fetch(http, "/ok"), APISEC_OK);
        struct get get = get_new("/vanish-reused");
        if (post) {
            get.method = "POST";
            get.body = "a=b";
        }
        run(http, &get);
        assert_int_equal(get.answer.transport, APISEC_OK);
        assert_int_equal(https_server_num_connections(server), before + 2);
        apisec_http_free(http);
    }
}

static void identities(void **state)
{
    (void)state;
    apisec_http_options *options = options_new("ca.pem");
    char cert[128], key[128];
    static const char *const names[] = {"client", "other-client"};
    for (size_t i = 0; i < 2; i++) {
        char file[64];
        snprintf(file, sizeof file, "%s.pem", names[i]);
        snprintf(cert, sizeof cert, "%s", https_server_file(server, file));
        snprintf(file, sizeof file, "%s.key", names[i]);
        snprintf(key, sizeof key, "%s", https_server_file(server, file));
        apisec_http_options_add_identity(options, names[i], cert, key);
    }
    apisec_http_options_add_identity(options, "mismatch", cert, https_server_file(server, "client.key"));
    apisec_http *http = http_new(options);
    static const struct {
        const char *identity;
        apisec_status expected;
        int32_t status;
        const char *why;
    } rows[] = {
        {"client", APISEC_OK, 200, "one that the server's CA signed"},
        {NULL, APISEC_OK, 403, "none: and the connection of the one above is not used for it"},
        {"other-client", APISEC_OK, 403, "of another CA: nor is it here"},
        {"client", APISEC_OK, 200, "once more"},
        {"nobody", APISEC_E_TLS, 0, "a name that was never given"},
        {"", APISEC_E_TLS, 0, "no name"},
        {"mismatch", APISEC_E_TLS, 0, "a key that is another certificate's"},
    };
    const size_t before = https_server_num_connections(server);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct get get = get_new("/client");
        get.identity = rows[i].identity;
        run(http, &get);
        if (get.answer.transport != rows[i].expected || get.answer.http_status != rows[i].status)
            fail_msg("row %zu: %s: %s, %d", i, rows[i].why, apisec_status_name(get.answer.transport), get.answer.http_status);
    }
    assert_in_range(https_server_num_connections(server) - before, 3, 4); /* one for each certificate that works, and none shared */
    apisec_http_free(http);
}

static void *fetch_many(void *context)
{
    uintptr_t failed = 0;
    for (int i = 0; i < 20; i++) failed += fetch(context, "/ok") != APISEC_OK;
    return (void *)failed; /* NOLINT: a number */
}

static void threads_share_a_transport(void **state)
{
    (void)state;
    apisec_http *http = http_new(options_new("ca.pem"));
    const size_t before = https_server_num_connections(server);
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, fetch_many, http), 0);
    for (size_t i = 0; i < 4; i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    /* Eighty requests. One connection a thread would do; one of the test before may be counted late, when the server gets to it. */
    assert_in_range(https_server_num_connections(server) - before, 1, 8);
    apisec_http_free(http);
}

static void a_fork_leaves_the_parents_connection_alone(void **state)
{
    (void)state;
    apisec_http *http = http_new(options_new("ca.pem"));
    const size_t before = https_server_num_connections(server);
    assert_int_equal(fetch(http, "/ok"), APISEC_OK);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) { /* no assertion here: it would jump into the parent's tests */
        struct get get = get_new("/chunked");
        int code = apisec_op_run(&get.op, http) == APISEC_OK && get.answer.transport == APISEC_OK ? 0 : 1;
        apisec_http_free(http);
        _exit(code);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(https_server_num_connections(server), before + 2); /* the child made its own */
    assert_int_equal(fetch(http, "/ok"), APISEC_OK);
    assert_int_equal(https_server_num_connections(server), before + 2); /* and the parent's is still alive */
    apisec_http_free(http);
}

/* watch_mask looks, from another thread, at which signals the main one blocks while it waits for /sleep. */
static void *watch_mask(void *context)
{
    char path[64], line[256];
    unsigned long long blocked = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/status", (int)getpid());
    clock_sleep_ms(300);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "SigBlk:", 7) == 0) blocked = strtoull(line + 7, NULL, 16);
    if (file != NULL) fclose(file);
    *(bool *)context = (blocked >> (SIGPIPE - 1) & 1) != 0;
    return NULL;
}

static void no_signal_reaches_the_host(void **state)
{
    (void)state;
    sigset_t blocked;
    pthread_t watcher;
    bool blocked_meanwhile = false;
    apisec_http *http = http_new(options_new("ca.pem"));
    assert_int_equal(pthread_create(&watcher, NULL, watch_mask, &blocked_meanwhile), 0);
    assert_int_equal(fetch(http, "/sleep"), APISEC_OK);
    assert_int_equal(pthread_join(watcher, NULL), 0);
    assert_true(blocked_meanwhile);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &blocked), 0);
    assert_int_equal(sigismember(&blocked, SIGPIPE), 0); /* and afterwards all is as before */
    struct sigaction action;
    assert_int_equal(sigaction(SIGPIPE, NULL, &action), 0);
    assert_ptr_equal(action.sa_handler, SIG_DFL);

    https_server_stop(server); /* the idle connection is closed under it: to end it is to write to nobody */
    server = https_server_start(routes, sizeof routes / sizeof routes[0]);
    apisec_http_free(http);
}

static void the_environment_is_not_asked(void **state)
{
    (void)state;
    static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    int descriptor = -1;
    char proxy[64];
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", (unsigned)unused_port(&descriptor));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) setenv(names[i], proxy, 1);
    apisec_http *http = http_new(options_new("ca.pem"));
    assert_int_equal(fetch(http, "/ok"), APISEC_OK);
    apisec_http_free(http);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) unsetenv(names[i]);

    /* a proxy that was configured is used, and no_proxy does not get around it */
    setenv("no_proxy", "*", 1);
    apisec_http_options *options = options_new("ca.pem");
    apisec_http_options_set_proxy(options, proxy);
    http = http_new(options);
    assert_int_equal(fetch(http, "/ok"), APISEC_E_UNREACHABLE);
    apisec_http_free(http);
    unsetenv("no_proxy");
    close(descriptor);
}

static void wrong_options_make_no_transport(void **state)
{
    (void)state;
    static const struct {
        const char *ca, *cert, *key, *sentence; /* NULL: good */
        const char *why;
    } rows[] = {
        {"ca.pem", "client.pem", "client.key", NULL, "the twin"},
        {"missing.pem", "client.pem", "client.key", "/missing.pem cannot be used: there is no such file", "no CA file"},
        {"", "client.pem", "client.key", "/ cannot be used: it is a folder", "a folder"},
        {"empty.pem", "client.pem", "client.key", "/empty.pem cannot be used: it is empty", "nothing in it"},
        {"ca.pem", "missing.pem", "client.key", "/missing.pem cannot be used: there is no such file", "no certificate"},
        {"text.pem", "client.pem", "client.key", "/text.pem cannot be used: it is not PEM", "something else"},
        {"ca.pem", "text.pem", "client.key", "/text.pem cannot be used: it is not PEM", "no certificate in it"},
        {"ca.pem", "client.pem", "text.pem", "/text.pem cannot be used: it is not PEM", "no key in it"},
        {"ca.pem", "client.pem", "missing.key", "/missing.key cannot be used: there is no such file", "no key"},
    };
    FILE *empty = fopen(https_server_file(server, "empty.pem"), "w");
    assert_non_null(empty);
    (void)fclose(empty);
    FILE *text = fopen(https_server_file(server, "text.pem"), "w");
    assert_non_null(text);
    assert_true(fputs("not a -----BEGIN CERTIFICATE-----\n", text) >= 0);
    (void)fclose(text);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char cert[128];
        apisec_http_options *options = options_new(rows[i].ca);
        snprintf(cert, sizeof cert, "%s", https_server_file(server, rows[i].cert));
        apisec_http_options_add_identity(options, "me", cert, https_server_file(server, rows[i].key));
        apisec_http *http = (apisec_http *)&rows; /* not NULL */
        apisec_error err;
        const apisec_status status = apisec_http_new(options, &http, &err);
        const bool as_told =
            rows[i].sentence ? status == APISEC_E_CONFIG && strstr(err.text, rows[i].sentence) : status == APISEC_OK;
        if (!as_told) fail_msg("row %zu: %s: %s", i, rows[i].why, err.text);
        if (rows[i].sentence) assert_null(http);
        assert_int_equal(err.status, status);
        apisec_http_options_free(options);
        apisec_http_free(http);
    }
    apisec_http *http = (apisec_http *)&rows;
    apisec_http_options *options = apisec_http_options_new();
    apisec_http_options_set_timeouts_ms(options, 0, 0);
    assert_int_equal(apisec_http_new(options, &http, NULL), APISEC_E_CONFIG);
    assert_null(http);
    apisec_http_options_free(options);
    assert_int_equal(apisec_http_new(NULL, NULL, NULL), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_http_new(NULL, &http, NULL), APISEC_OK);
    apisec_http_free(http);
    (void)remove(https_server_file(server, "empty.pem"));
    (void)remove(https_server_file(server, "text.pem"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_arrives_whole),
        cmocka_unit_test(only_the_operations_headers_are_sent),
        cmocka_unit_test(dots_in_a_path_stay),
        cmocka_unit_test(what_cannot_be_trusted_is_TLS),
        cmocka_unit_test(only_https),
        cmocka_unit_test(loopback_needs_permission),
        cmocka_unit_test(a_body_beyond_its_limit_is_cut_off),
        cmocka_unit_test(time_runs_out),
        cmocka_unit_test(a_deadline_that_has_passed_sends_nothing),
        cmocka_unit_test(what_breaks_off_is_unreachable),
        cmocka_unit_test(a_refused_connection_is_unreachable),
        cmocka_unit_test(connections_are_reused),
        cmocka_unit_test(a_reused_connection_that_died_is_replaced),
        cmocka_unit_test(identities),
        cmocka_unit_test(threads_share_a_transport),
        cmocka_unit_test(a_fork_leaves_the_parents_connection_alone),
        cmocka_unit_test(no_signal_reaches_the_host),
        cmocka_unit_test(the_environment_is_not_asked),
        cmocka_unit_test(wrong_options_make_no_transport),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
