/* SPDX-License-Identifier: Apache-2.0
 *
 * stage.c: the processes of the mesh: each gets its listening socket before it starts, so that everybody's address is known to all
 * and nobody else can take it. They are ended by their process ids, and end by themselves when this process does, however it ends.
 */
#include "stage.h"
#include "stage_files.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_MS 10000
#define STOP_MS 5000
#define LISTENER_FD 3

/* Known to the signal handler. */
static volatile sig_atomic_t running[NUM_SERVICES];

const char *stage_name(int service)
{
    static const char *const names[NUM_SERVICES] = {"sts", "gateway", "accounts", "ledger"};
    return names[service];
}

static void end_on_signal(int number)
{
    for (int i = 0; i < NUM_SERVICES; i++)
        if (running[i] > 0) (void)kill((pid_t)running[i], SIGTERM);
    _exit(128 + number);
}

static bool fail_with(struct stage *stage, const char *what, int service)
{
    if (stage->problem[0] == '\0')
        snprintf(stage->problem, sizeof stage->problem, "%s%s%s", what, service >= 0 ? " " : "",
                 service >= 0 ? stage_name(service) : "");
    return false;
}

/* open_listener takes a free port, or the one that the service had before. Its number is out of the children's way. */
static bool open_listener(struct stage *stage, int service)
{
    const int yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(stage->port[service]),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    bool listens = bind(fd, (struct sockaddr *)&address, len) == 0 && listen(fd, 128) == 0 &&
                   getsockname(fd, (struct sockaddr *)&address, &len) == 0;
    if (listens) stage->listener[service] = fcntl(fd, F_DUPFD_CLOEXEC, 20);
    (void)close(fd);
    stage->port[service] = ntohs(address.sin_port);
    return listens && stage->listener[service] >= 0;
}

/* become turns the child into the service. */
static void become(const struct stage *stage, int service, int input, int output)
{
    char binary[600], listener[8];
    snprintf(binary, sizeof binary, "%s/mesh-%s", stage->binaries, stage_name(service));
    snprintf(listener, sizeof listener, "%d", LISTENER_FD);
    (void)signal(SIGINT, SIG_IGN); /* Ctrl-C is for us: we end the services */
    if (dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 && dup2(stage->listener[service], LISTENER_FD) >= 0)
        execl(binary, binary, stage->path[service], listener, (char *)NULL);
    fprintf(stderr, "cannot start %s: %s\n", binary, strerror(errno));
    _exit(127);
}

static bool wait_ready(int from)
{
    char line[16];
    struct pollfd ready = {.fd = from, .events = POLLIN};
    int n;
    do n = poll(&ready, 1, START_MS);
    while (n < 0 && errno == EINTR);
    return n > 0 && read(from, line, sizeof line) > 0;
}

bool stage_start(struct stage *stage, int service)
{
    int input[2] = {-1, -1}, output[2] = {-1, -1};
    if (stage->listener[service] < 0 && !open_listener(stage, service)) return fail_with(stage, "no socket for", service);
    if (pipe(input) != 0 || pipe(output) != 0) return fail_with(stage, "no pipe for", service);
    for (int i = 0; i < 2; i++) {
        (void)fcntl(input[i], F_SETFD, FD_CLOEXEC);
        (void)fcntl(output[i], F_SETFD, FD_CLOEXEC);
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) become(stage, service, input[0], output[1]);
    (void)close(input[0]);
    (void)close(output[1]);
    (void)close(stage->listener[service]);
    stage->listener[service] = -1;
    running[service] = pid;
    stage->pid[service] = pid;
    stage->input[service] = input[1];
    bool ready = pid > 0 && wait_ready(output[0]);
    (void)close(output[0]);
    return ready || fail_with(stage, "does not start:", service);
}

/* stage_stop closes the service's standard input, which ends it; one that does not end is killed. */
bool stage_stop(struct stage *stage, int service)
{
    const struct timespec moment = {0, 5000000};
    pid_t pid = stage->pid[service], ended = 0;
    int status = 0;
    if (pid <= 0) return true;
    (void)close(stage->input[service]);
    for (int i = 0; i < STOP_MS / 5 && (ended = waitpid(pid, &status, WNOHANG)) == 0; i++) nanosleep(&moment, NULL);
    if (ended == 0) {
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, &status, 0);
    }
    running[service] = 0;
    stage->pid[service] = 0;
    return status == 0 || fail_with(stage, "did not end well:", service);
}

bool stage_open(struct stage *stage, const char *folder, const char *binaries)
{
    *stage = (struct stage){.folder = folder, .binaries = binaries};
    for (int i = 0; i < NUM_SERVICES; i++) stage->listener[i] = -1;
    struct sigaction action = {.sa_handler = end_on_signal};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)unsetenv("SSLKEYLOGFILE"); /* the services keep their TLS secrets to themselves */
    for (int i = 0; i < NUM_SERVICES; i++) {
        if (!open_listener(stage, i)) return fail_with(stage, "no socket for", i);
        snprintf(stage->path[i], sizeof stage->path[i], "%s/%s", folder, stage_name(i));
        snprintf(stage->url[i], sizeof stage->url[i], "https://%s.localhost:%u", stage_name(i), stage->port[i]);
    }
    snprintf(stage->path[IMPOSTOR], sizeof stage->path[IMPOSTOR], "%s/impostor/accounts", folder);
    if (!stage_make_files(stage)) return false;
    for (int i = 0; i < NUM_SERVICES; i++)
        if (!stage_start(stage, i)) return false;
    return true;
}

bool stage_close(struct stage *stage)
{
    bool well = true;
    for (int i = 0; i < NUM_SERVICES; i++) {
        well = stage_stop(stage, i) && well;
        if (stage->listener[i] >= 0) (void)close(stage->listener[i]);
        stage->listener[i] = -1;
    }
    apisec_signer_free(stage->actor_key);
    apisec_signer_free(stage->signing_key);
    stage->actor_key = stage->signing_key = NULL;
    apisec_text_free(stage->ledger_key);
    apisec_text_free(stage->ledger_public_key);
    stage->ledger_key = stage->ledger_public_key = NULL;
    explicit_bzero(stage->gateway_secret, sizeof stage->gateway_secret);
    explicit_bzero(stage->accounts_secret, sizeof stage->accounts_secret);
    return well;
}
