/* SPDX-License-Identifier: Apache-2.0
 *
 * demo_issuer.c: makes a CA and a server certificate with the openssl command, starts the issuer's process and ends it: by its
 * process id, and because its standard input ends with this process, however that ends.
 */
#include "demo.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_MAX 1024

/* Known to the signal handler. */
static volatile sig_atomic_t running_pid;

static void end_on_signal(int number)
{
    if (running_pid > 0) (void)kill((pid_t)running_pid, SIGTERM);
    _exit(128 + number);
}

/* run_quietly runs a command in a folder, its output thrown away. */
static bool run_quietly(const char *folder, char *const argv[])
{
    pid_t pid = fork();
    if (pid == 0) {
        int nowhere = open("/dev/null", O_RDWR);
        if (nowhere < 0 || chdir(folder) != 0) _exit(126);
        (void)dup2(nowhere, STDIN_FILENO);
        (void)dup2(nowhere, STDOUT_FILENO);
        (void)dup2(nowhere, STDERR_FILENO);
        execvp(argv[0], argv);
        _exit(127);
    }
    int status = 0;
    while (pid > 0 && waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) return false;
    }
    return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* make_certificates makes a CA that only this demo trusts, and a certificate for 127.0.0.1 signed by it. */
static bool make_certificates(const char *folder)
{
    char *const ca[] = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=apisec demo CA",
                        "-addext", "keyUsage=critical,keyCertSign,cRLSign", NULL};
    char *const server[] = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                            "2", "-CA", "ca.pem", "-CAkey", "ca.key", "-keyout", "server.key", "-out", "server.pem",
                            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
                            "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth", NULL};
    return run_quietly(folder, ca) && run_quietly(folder, server);
}

/* become_issuer turns the child into the issuer: it reads from and writes to its parent. */
static void become_issuer(const struct demo *demo, int input, int output)
{
    char certificate[512], key[512];
    snprintf(certificate, sizeof certificate, "%s/server.pem", demo->folder);
    snprintf(key, sizeof key, "%s/server.key", demo->folder);
    if (dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0)
        execl(demo->issuer_binary, "demo-issuer", certificate, key, (char *)NULL);
    fprintf(stderr, "demo: cannot start %s: %s\n", demo->issuer_binary, strerror(errno));
    _exit(127);
}

/* read_line waits for the issuer's one line. */
static bool read_line(int from, char line[READY_MAX])
{
    size_t len = 0;
    while (len < READY_MAX - 1) {
        ssize_t got = read(from, line + len, READY_MAX - 1 - len);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        len += (size_t)got;
        line[len] = '\0';
        if (strchr(line, '\n')) return true;
    }
    return false;
}

static bool take(const cJSON *ready, const char *name, char *to, size_t size)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(ready, name));
    if (text == NULL || strlen(text) >= size) return false;
    memcpy(to, text, strlen(text) + 1);
    return true;
}

static bool read_ready(struct demo *demo, int from)
{
    char line[READY_MAX];
    if (!read_line(from, line)) return false;
    cJSON *ready = cJSON_Parse(line);
    bool whole = take(ready, "issuer", demo->issuer, sizeof demo->issuer) &&
                 take(ready, "web_secret", demo->web_secret, sizeof demo->web_secret) &&
                 take(ready, "orders_secret", demo->orders_secret, sizeof demo->orders_secret) &&
                 take(ready, "alice_session", demo->alice_session, sizeof demo->alice_session) &&
                 take(ready, "bob_session", demo->bob_session, sizeof demo->bob_session);
    cJSON_Delete(ready);
    return whole;
}

/* start_process forks the issuer, with pipes that no later child inherits. The handler is there before the child is. */
static bool start_process(struct demo *demo)
{
    int input[2], output[2];
    struct sigaction action = {.sa_handler = end_on_signal};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    if (pipe(input) != 0 || pipe(output) != 0) return false;
    (void)fcntl(input[1], F_SETFD, FD_CLOEXEC);
    (void)fcntl(output[0], F_SETFD, FD_CLOEXEC);
    fflush(stdout);

    pid_t pid = fork();
    if (pid == 0) become_issuer(demo, input[0], output[1]);
    (void)close(input[0]);
    (void)close(output[1]);
    running_pid = pid;
    demo->issuer_pid = pid;
    demo->issuer_input = input[1];
    bool ready = pid > 0 && read_ready(demo, output[0]);
    (void)close(output[0]);
    return ready;
}

bool issuer_start(struct demo *demo)
{
    if (!make_certificates(demo->folder)) return expect(false, "the openssl command (3.0 or later) makes a certificate");
    return expect(start_process(demo), "the issuer's process starts");
}

void issuer_stop(struct demo *demo)
{
    if (demo->issuer_pid <= 0) return;
    (void)close(demo->issuer_input);
    (void)kill(demo->issuer_pid, SIGTERM);
    while (waitpid(demo->issuer_pid, NULL, 0) < 0 && errno == EINTR) continue;
    running_pid = 0;
    demo->issuer_pid = 0;
}
