/* SPDX-License-Identifier: Apache-2.0
 *
 * story_outage.c: a login that was ended, and a mesh without its authorization server: nobody gets in meanwhile, and everything
 * works again once it is back.
 */
#include "story.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RECOVERY_MS 5000

static void tell_killed(const struct story *story)
{
    struct player_call call = {.service = GATEWAY, .identity = -1, .path = ALICES};
    static const struct ending before = {200, "APISEC_OK", NULL}, after = {401, "APISEC_E_INACTIVE", "invalid_token"};
    char reference[PLAYER_SECRET_SIZE];
    screen_step("A login is ended: its reference token is worth nothing from the next request on");
    if (!expect(player_log_in(&story->stage, "alice", "wonderland", reference), "Alice logs in")) return;
    call.token = reference;
    story_try(story, "Before: her program calls the gateway with it", &call, &before);
    expect(player_revoke(&story->stage, reference), "the token is revoked");
    story_try(story, "After POST /revoke (RFC 7009)", &call, &after);
}

static void wait_ms(long ms)
{
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* answers tries until the whole chain answers 200 again; the milliseconds that it took, or -1. */
static int answers(const struct story *story, const char *reference)
{
    for (int waited = 0; waited < RECOVERY_MS; waited += 50) {
        struct player_call call = {.service = GATEWAY, .identity = -1, .path = ALICES, .token = reference};
        struct client_reply reply = {0};
        bool up = player_send(&story->stage, &call, &reply) && reply.status == 200;
        client_free(&reply);
        if (up) return waited;
        wait_ms(50);
    }
    return -1;
}

void story_outage(struct story *story)
{
    struct stage *stage = &story->stage;
    struct player_call at_gateway = {.service = GATEWAY, .identity = -1, .path = ALICES, .token = story->reference};
    struct player_call at_accounts = {.service = ACCOUNTS, .identity = GATEWAY, .path = ALICES, .token = story->for_accounts};
    struct player_call at_ledger = {.service = LEDGER, .identity = ACCOUNTS, .path = ALICES_LEDGER, .token = story->for_ledger};
    static const struct ending unreachable = {503, "APISEC_E_UNREACHABLE", NULL};
    static const struct ending no_keys = {503, "APISEC_E_KEYS_UNAVAILABLE", NULL};
    static const struct ending allowed = {200, "APISEC_OK", NULL};
    char reference[PLAYER_SECRET_SIZE];
    tell_killed(story);

    screen_step("The authorization server is down: the mesh stays shut");
    expect(stage_stop(stage, STS) && stage_stop(stage, LEDGER), "both have ended well");
    expect(stage_start(stage, LEDGER), "ledger starts again");
    story_try(story, "A genuine login at the gateway, which cannot ask about it", &at_gateway, &unreachable);
    story_try(story, "A genuine token at accounts: verified with keys it has, but it cannot go on", &at_accounts, &unreachable);
    story_try(story, "A genuine token at ledger, just restarted and without keys", &at_ledger, &no_keys);

    screen_step("It is back, with the same key and without its logins: they were in memory only");
    if (!expect(stage_start(stage, STS), "the authorization server starts")) return;
    if (!expect(player_log_in(stage, "alice", "wonderland", reference), "Alice logs in again")) return;
    int waited = answers(story, reference);
    if (!expect(waited >= 0, "the mesh has recovered")) return;
    screen_pair("recovered", "after %d ms: ledger waits a second before it asks for keys again", waited);
    at_gateway.token = reference;
    story_try(story, "Alice's program calls the gateway", &at_gateway, &allowed);
}
