/* SPDX-License-Identifier: Apache-2.0
 *
 * story.c: the order of the demo. It needs no network but loopback, takes a few seconds, and fails if anything comes out otherwise
 * than told. Files stay in FOLDER; no process does.
 *
 *     mesh-story FOLDER BINARIES               tells the story
 *     mesh-story --serve FOLDER BINARIES       keeps the services up for a person with a browser, until Ctrl-C
 *     mesh-story --loop FOLDER BINARIES [N]    N requests (a thousand) in one thread, examples/loop, with its authorization server
 */
#include "story.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* the_error is the error of a challenge, "" for a bare one; NULL when there is no challenge. */
static const char *the_error(const char *challenge, char *error, size_t size)
{
    static const char name[] = "error=\"";
    if (challenge == NULL) return NULL;
    const char *from = strstr(challenge, name);
    from = from ? from + strlen(name) : "";
    size_t len = strcspn(from, "\"");
    snprintf(error, size, "%.*s", (int)len, from);
    return error;
}

void story_tell(const struct story *story, const struct client_reply *reply, int judge, const char *trace,
                const struct ending *ending)
{
    char error[64];
    struct trail trail;
    const char *challenge = client_header(reply, "WWW-Authenticate");
    const char *said = the_error(challenge, error, sizeof error);
    bool read = trail_read(&story->stage, trace, &trail);
    const struct trail_record *record = read ? trail_of(&trail, judge) : NULL;
    screen_verdict(reply->status == 200, record ? record->status : "not recorded", reply->status, record ? record->reason : "");
    if (challenge) screen_pair("WWW-Authenticate", "%s", challenge);
    if (client_header(reply, "Retry-After")) screen_pair("Retry-After", "%s", client_header(reply, "Retry-After"));
    expect(reply->status == ending->http_status, "the HTTP status");
    expect(record && strcmp(record->status, ending->status) == 0, ending->status);
    expect(record && record->allowed == (strcmp(ending->status, "APISEC_OK") == 0), "the record says the same");
    if (ending->error == NULL) expect(challenge == NULL, "no challenge");
    else expect(said && strcmp(said, ending->error) == 0, "the error of the challenge");
}

void story_try_at(const struct story *story, const char *title, struct player_call *call, int judge, const struct ending *ending)
{
    struct client_reply reply = {0};
    screen_item(title);
    expect(player_send(&story->stage, call, &reply), "there is an answer");
    story_tell(story, &reply, judge, call->trace, ending);
    client_free(&reply);
}

void story_try(const struct story *story, const char *title, struct player_call *call, const struct ending *ending)
{
    story_try_at(story, title, call, call->service, ending);
}

static void introduce(const struct stage *stage)
{
    static const char *const roles[NUM_SERVICES] = {
        "knows the users and issues tokens (example code)", "where users come in; never sees a password",
        "looks up a customer's accounts", "keeps the balances; only accounts may call it"};
    screen_step("Four services, each a process of its own, over https on loopback");
    for (int i = 0; i < NUM_SERVICES; i++) {
        screen_pair(stage_name(i), "%s", roles[i]);
        screen_pair("", "%s, process %ld", stage->url[i], (long)stage->pid[i]);
    }
    screen_say("Services call each other with certificates of a CA made for this run. Each verifies for itself, with "
               "libapisec, on whose behalf it is called. None takes the gateway's word for it.");
}

static int serve(const struct stage *stage)
{
    sigset_t signals;
    int number = 0;
    printf("\nOpen %s/ in a browser. Its certificate is the demo's own: the browser will warn.\n", stage->url[GATEWAY]);
    printf("Users: alice, password wonderland; bob, password builder. Audit logs: %s/*/audit.jsonl\n", stage->folder);
    printf("Ctrl-C ends it.\n");
    fflush(stdout);
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    (void)sigwait(&signals, &number);
    printf("\n");
    return EXIT_SUCCESS;
}

static int tell(struct story *story)
{
    introduce(&story->stage);
    if (story_journey(story)) {
        story_attacks(story);
        story_tied(story);
        story_access(story);
        story_rules(story);
        story_replay(story);
        story_outage(story);
        story_trail(story);
    }
    if (expect_num_failed() > 0) {
        printf("\n%d things were not as told.\n", expect_num_failed());
        return EXIT_FAILURE;
    }
    printf("\nTry next: make demo-serve, and log in with a browser\n          build/apisec audit verify %s/ledger/audit.jsonl\n",
           story->stage.folder);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static struct story story;
    int exit_status = EXIT_FAILURE;
    const bool serving = argc == 4 && strcmp(argv[1], "--serve") == 0;
    const bool looping = (argc == 4 || argc == 5) && strcmp(argv[1], "--loop") == 0;
    char *const *const folders = argv + (serving || looping ? 2 : 1);
    if (!serving && !looping && argc != 3) {
        fprintf(stderr, "Usage: mesh-story [--serve | --loop] FOLDER BINARIES [N]\n");
        return 2;
    }
    screen_title("libapisec: one user's request through four services, and what attackers try");
    if (!stage_open(&story.stage, folders[0], folders[1])) fprintf(stderr, "mesh-story: %s\n", story.stage.problem);
    else exit_status = serving ? serve(&story.stage) : looping ? story_loop(&story, argc == 5 ? argv[4] : "1000") : tell(&story);
    free(story.for_accounts);
    free(story.for_ledger);
    if (stage_close(&story.stage) || exit_status != EXIT_SUCCESS) return exit_status;
    fprintf(stderr, "mesh-story: %s\n", story.stage.problem);
    return EXIT_FAILURE;
}
