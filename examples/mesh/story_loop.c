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

/* keep writes what the loop reads, secrets among it, into the folder of accounts. */
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

/* write_document is what guards accounts where it is this loop; write_list, the one request that comes again and again. */
static char *write_document(const struct stage *stage, const char *secret, const char *actor, const char *log)
{
    static const char format[] =
        "{\"trust\":{\"issuers\":[{\"issuer\":\"%s\",\"audiences\":[\"accounts\"],\"algorithms\":[\"RS256\"],\"discover\":true,"
        "\"status_lists\":[\"%s/status/\"]}]},"
        "\"rules\":[{\"id\":\"read\",\"path\":\"/accounts\",\"methods\":[\"GET\"],\"require\":{\"scopes\":[\"accounts:read\"]}},"
        "{\"id\":\"rest\",\"path\":\"/**\",\"deny\":true}],"
        "\"exchange\":{\"ledger\":{\"endpoint\":\"%s/token\",\"authentication\":{\"method\":\"client_secret_basic\","
        "\"client_id\":\"accounts\",\"secret\":\"file:%s\"},\"audiences\":[\"ledger\"],\"scope\":\"ledger:read\","
        "\"actor\":{\"token\":\"file:%s\",\"type\":\"jwt\"}}},"
        "\"audit\":{\"file\":\"%s\"}}";
    const char *issuer = stage->url[STS];
    const size_t size = sizeof format + 3 * strlen(issuer) + strlen(secret) + strlen(actor) + strlen(log);
    char *document = malloc(size);
    if (document != NULL) snprintf(document, size, format, issuer, issuer, issuer, secret, actor, log);
    return document;
}

static char *write_list(const char *token)
{
    static const char format[] = "GET /accounts %s APISEC_OK ledger\n";
    char *list = malloc(sizeof format + strlen(token));
    if (list != NULL) snprintf(list, sizeof format + strlen(token), format, token);
    return list;
}

/* The files of the loop, in the folder of accounts. */
struct files {
    char secret[600], token[600], actor[600], document[600], list[600];
};

static bool keep_all(const struct story *story, struct files *files)
{
    const struct stage *stage = &story->stage;
    char log[600];
    char *acting = forge_actor(stage); /* genuine: signed with the key of accounts */
    snprintf(log, sizeof log, "%s/loop.jsonl", stage->path[ACCOUNTS]);
    bool kept = keep(stage, "loop.secret", stage->accounts_secret, files->secret) &&
                keep(stage, "loop.token", story->for_accounts, files->token) && keep(stage, "loop.actor", acting, files->actor);
    char *document = write_document(stage, files->secret, files->actor, log), *list = write_list(files->token);
    kept = kept && keep(stage, "loop.json", document, files->document) && keep(stage, "loop.list", list, files->list);
    free(acting);
    free(document);
    free(list);
    return kept;
}

int story_loop(struct story *story, const char *requests)
{
    struct stage *stage = &story->stage;
    struct files files = {.secret = ""};
    char program[600], ca[600], number[32], step[160];
    snprintf(number, sizeof number, "%s", requests);
    snprintf(step, sizeof step, "Alice logs in; her token for accounts is now sent %s times at once, half of them given up",
             requests);
    screen_step(step);
    if (!expect(player_log_in(stage, "alice", "wonderland", story->reference), "Alice logs in")) return EXIT_FAILURE;
    struct player_ask swap = {.client = GATEWAY, .subject = story->reference, .audience = "accounts", .scope = "accounts:read"};
    story->for_accounts = player_exchange(stage, &swap);

    snprintf(program, sizeof program, "%s/loop", stage->binaries);
    snprintf(ca, sizeof ca, "%s/ca.pem", stage->path[ACCOUNTS]);
    const bool kept = keep_all(story, &files);
    char *const argv[] = {program, files.document, files.list, ca, number, NULL};
    const int exit_status = expect(kept, "tokens are issued") ? run(argv) : 127;
    const char *const written[] = {files.secret, files.token, files.actor, files.document, files.list};
    for (size_t i = 0; i < sizeof written / sizeof written[0]; i++) (void)unlink(written[i]);
    return expect(exit_status == 0, "half are given up, and all others come to their end") ? EXIT_SUCCESS : EXIT_FAILURE;
}
