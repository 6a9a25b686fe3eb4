/* SPDX-License-Identifier: Apache-2.0
 *
 * story_access.c: a genuine user who may, and still not so: with a login that is too weak or too old for what she wants, with a
 * body that nobody should have to read, or too often.
 */
#include "story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ALICES_TRANSFERS "/customers/1001/transfers"
#define BOBS_TRANSFERS "/customers/1002/transfers"
#define TRANSFER "{\"to\":\"DE12 5001 0517 0648 4898 90\",\"amount\":\"25.00\",\"currency\":\"EUR\"}"

static const struct ending allowed = {200, "APISEC_OK", NULL};

/* ---- step-up, RFC 9470 ---- */

/* forge_old is genuine: a strong login, an hour ago. */
static char *forge_old(const struct stage *stage)
{
    char extra[256];
    snprintf(extra, sizeof extra, "\"acr\":\"" PLAYER_ACR_OTP "\",\"auth_time\":%lld,\"may_act\":{\"sub\":\"accounts\"},",
             (long long)time(NULL) - 3600);
    const struct forgery old = {.audience = "accounts", .user = "alice", .customer = "1001", .scope = "accounts:transfer",
                                .extra = extra, .expires_in = 300};
    return forge_signed(stage, &old);
}

static bool tell_step_up(const struct story *story, char strong[PLAYER_SECRET_SIZE])
{
    static const struct ending refused = {401, "APISEC_E_STEP_UP", "insufficient_user_authentication"};
    struct player_call call = {.service = GATEWAY, .identity = -1, .path = ALICES_TRANSFERS, .token = story->reference,
                               .json = TRANSFER};
    screen_step("A transfer needs a stronger login than reading does");
    story_try(story, "With the login she has, for which a password was enough", &call, &refused);
    screen_say("Her program sends her to the authorization server again, with the acr_values of the challenge. The form now asks "
               "for the code of her device, too.");
    if (!expect(player_log_in_strong(&story->stage, "alice", "wonderland", strong), "Alice logs in with a code")) return false;
    call.token = strong;
    story_try(story, "The same transfer with the stronger login, which all three services see in their tokens", &call, &allowed);
    char *old = forge_old(&story->stage);
    struct player_call late = {.service = ACCOUNTS, .identity = GATEWAY, .path = ALICES_TRANSFERS, .token = old, .json = TRANSFER};
    story_try(story, "Past the gateway: strong enough, but the login was an hour ago", &late, &refused);
    free(old);
    return true;
}

/* ---- bodies ---- */

static void repeat(char *text, char byte, size_t times)
{
    memset(text, byte, times);
    text[times] = '\0';
}

static void tell_bodies(const struct story *story, const char *strong)
{
    static char bomb[2048], large[6000];
    static const struct ending refused = {400, "APISEC_E_BODY", NULL}, too_large = {413, "APISEC_E_BODY", NULL},
                               unsupported = {415, "APISEC_E_BODY", NULL};
    repeat(bomb, '[', 1000);
    repeat(bomb + 1000, ']', 1000);
    repeat(large, 'x', 5000);
    memcpy(large, "{\"to\":\"", 7);
    memcpy(large + 4998, "\"}", 2);
    const struct {
        const char *title, *json, *form;
        const struct ending *ending;
    } bodies[] = {
        {"A bomb: a thousand arrays within each other", bomb, NULL, &refused},
        {"Larger than any transfer is", large, NULL, &too_large},
        {"With a member that nobody has agreed on", "{\"to\":\"DE12\",\"amount\":\"25.00\",\"approved\":true}", NULL, &refused},
        {"With one member twice: which one would the next service read?", "{\"amount\":\"1.00\",\"amount\":\"9999.00\"}", NULL,
         &refused},
        {"JSON that says it is a form, as a page of another site can send it", NULL, TRANSFER, &unsupported},
    };
    screen_step("What she sends is judged before anybody reads it");
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct player_call call = {.service = GATEWAY, .identity = -1, .path = ALICES_TRANSFERS, .token = strong,
                                   .json = bodies[i].json, .form = bodies[i].form};
        story_try(story, bodies[i].title, &call, bodies[i].ending);
    }
}

/* ---- limits ---- */

static void tell_limit(const struct story *story, const char *strong)
{
    enum { MOST = 40 };
    static const struct ending refused = {429, "APISEC_E_RATE", NULL};
    char bobs[PLAYER_SECRET_SIZE];
    struct player_call call = {.service = GATEWAY, .identity = -1, .path = ALICES_TRANSFERS, .token = strong, .json = TRANSFER};
    struct client_reply reply = {0};
    int num = 0;
    screen_step("Ten attempts in a minute are enough, for each user");
    screen_item("Her program, gone wild, sends it again and again");
    while (player_send(&story->stage, &call, &reply) && reply.status == 200 && num++ < MOST) client_free(&reply);
    story_tell(story, &reply, GATEWAY, call.trace, &refused);
    expect(client_header(&reply, "Retry-After") != NULL, "it is told when to come back");
    client_free(&reply);
    screen_say("%d more were let in: those that were refused above count, too.", num);
    if (!expect(player_log_in_strong(&story->stage, "bob", "builder", bobs), "Bob logs in with a code")) return;
    call.path = BOBS_TRANSFERS;
    call.token = bobs;
    story_try(story, "Bob meanwhile is not touched", &call, &allowed);
}

void story_access(const struct story *story)
{
    char strong[PLAYER_SECRET_SIZE];
    if (!tell_step_up(story, strong)) return;
    tell_bodies(story, strong);
    tell_limit(story, strong);
}
