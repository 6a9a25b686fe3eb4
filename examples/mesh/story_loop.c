/* SPDX-License-Identifier: Apache-2.0
 *
 * story_loop.c: a chapter of its own, `make demo-loop`: examples/loop plays accounts, with accounts' client secret and actor token
 * and a token of Alice's, against the authorization server of the mesh.
 */
#include "story.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* keep writes a secret that the loop reads into the folder of accounts. */
static bool keep(const struct stage *stage, const char *name, const char *secret, char path[600])
{
    snprintf(path, 600, "%s/%s", stage->path[ACCOUNTS], name);
    (void)unlink(path);
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || secret == NULL) return false;
    const bool kept = write(fd, secret, strlen(secret)) == (ssize_t)strlen(secret);
    return close(fd) == 0 && kept;
}

/* run returns the program's exit status; 127 when there is none. */
static int run(char *const argv[])
{
    int status = 0;
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        execv(argv[0], argv);
        fprintf(stderr, "cannot start %s: %s\n", argv[0], strerror(errno));
        _exit(127);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) return 127;
    }
    return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

int story_loop(struct story *story, const char *requests)
{
    struct stage *stage = &story->stage;
    char program[600], ca[600], secret[600] = "", token[600] = "", actor[600] = "";
    char number[32], step[160];
    snprintf(number, sizeof number, "%s", requests);
    snprintf(step, sizeof step, "Alice logs in; her token for accounts is now sent %s times at once, half of them given up",
             requests);
    screen_step(step);
    if (!expect(player_log_in(stage, "alice", "wonderland", story->reference), "Alice logs in")) return EXIT_FAILURE;
    struct player_ask swap = {.client = GATEWAY, .subject = story->reference, .audience = "accounts", .scope = "accounts:read"};
    story->for_accounts = player_exchange(stage, &swap);
    char *acting = forge_actor(stage); /* genuine: signed with the key of accounts */
    const bool kept = keep(stage, "loop.secret", stage->accounts_secret, secret) &&
                      keep(stage, "loop.token", story->for_accounts, token) && keep(stage, "loop.actor", acting, actor);
    free(acting);

    snprintf(program, sizeof program, "%s/loop", stage->binaries);
    snprintf(ca, sizeof ca, "%s/ca.pem", stage->path[ACCOUNTS]);
    char *const argv[] = {program, "-a", "RS256", "-t", actor, stage->url[STS], ca, "accounts", "accounts:read", token,
                          "accounts", secret, "ledger", "ledger:read", number, NULL};
    const int exit_status = expect(kept, "tokens are issued") ? run(argv) : 127;
    (void)unlink(secret);
    (void)unlink(token);
    (void)unlink(actor);
    return expect(exit_status == 0, "half are given up, and all others come to their end") ? EXIT_SUCCESS : EXIT_FAILURE;
}
