/* SPDX-License-Identifier: Apache-2.0
 *
 * far_server.c: see far_server.h. The child starts the server, tells where it is, and waits for the end of a pipe.
 */
#include "support/far_server.h"
#include "support/https_server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define JSON "Content-Type: application/json\n"

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "far_server: %s\n", what);
    abort();
}

/* serve is the child. */
static _Noreturn void serve(int tell, int hold, const char *jwks)
{
    static char metadata[512];
    static const char answer[] = "{\"access_token\":\"" FAR_SERVER_TOKEN "\",\"issued_token_type\":"
                                 "\"urn:ietf:params:oauth:token-type:access_token\",\"token_type\":\"Bearer\",\"expires_in\":300}";
    const struct https_route routes[] = {
        {.path = "/.well-known/openid-configuration", .headers = JSON, .body = metadata},
        {.path = "/jwks", .headers = JSON, .body = jwks},
        {.path = "/token", .headers = JSON "Cache-Control: no-store\n", .body = answer},
    };
    struct far_server here;
    memset(&here, 0, sizeof here);
    struct https_server *server = https_server_start(routes, 0);
    https_server_url(server, "", here.url, sizeof here.url);
    snprintf(here.ca_file, sizeof here.ca_file, "%s", https_server_file(server, "ca.pem"));
    snprintf(metadata, sizeof metadata, "{\"issuer\":\"%s\",\"jwks_uri\":\"%s/jwks\",\"token_endpoint\":\"%s/token\"}", here.url,
             here.url, here.url);
    https_server_set_routes(server, routes, sizeof routes / sizeof routes[0]);
    if (write(tell, &here, sizeof here) != (ssize_t)sizeof here) die("nobody listens");
    (void)close(tell);

    char byte;
    while (read(hold, &byte, 1) < 0 && errno == EINTR) continue;
    https_server_stop(server);
    _exit(0);
}

void far_server_start(struct far_server *server, const char *jwks)
{
    int told[2], held[2];
    fflush(NULL);
    if (pipe(told) != 0 || pipe(held) != 0) die("no pipe");
    const pid_t pid = fork();
    if (pid < 0) die("no process");
    if (pid == 0) {
        (void)signal(SIGPIPE, SIG_IGN);
        (void)close(told[0]);
        (void)close(held[1]);
        serve(told[1], held[0], jwks);
    }
    (void)close(told[1]);
    (void)close(held[0]);
    if (read(told[0], server, sizeof *server) != (ssize_t)sizeof *server) die("it does not start");
    (void)close(told[0]);
    server->pid = pid;
    server->hold = held[1];
}

void far_server_stop(struct far_server *server)
{
    int status = 0;
    (void)close(server->hold);
    while (waitpid(server->pid, &status, 0) < 0)
        if (errno != EINTR) die("it is gone");
    if (status != 0) die("it did not end well");
}
