/* SPDX-License-Identifier: Apache-2.0
 *
 * story_rules.c: from where an operator may come, and who is believed about that; and a stricter rule that is tried out before it
 * is enforced.
 */
#include "story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METRICS "/admin/metrics"

static const struct ending allowed = {200, "APISEC_OK", NULL};

/* ---- networks, and proxies ---- */

static void tell_places(const struct story *story, const char *carols, const char *for_accounts)
{
    static const struct ending elsewhere = {403, "APISEC_E_PEER", NULL}, no_operator = {403, "APISEC_E_ROLE", NULL};
    const struct player_call at_gateway = {.service = GATEWAY, .identity = -1, .path = METRICS, .token = carols};
    struct player_call office = at_gateway, outside = at_gateway, spoofed = at_gateway, alices = at_gateway;
    struct player_call past = {.service = ACCOUNTS, .identity = GATEWAY, .path = METRICS, .token = for_accounts,
                               .forwarded_for = STAGE_OFFICE_ADDRESS};
    office.from = alices.from = STAGE_OFFICE_ADDRESS;
    spoofed.forwarded_for = STAGE_OFFICE_ADDRESS;
    alices.token = story->reference;
    story_try_at(story, "Carol, from the office, through the gateway, which says so", &office, ACCOUNTS, &allowed);
    story_try_at(story, "Carol, from anywhere else", &outside, ACCOUNTS, &elsewhere);
    story_try_at(story, "She writes the office's address into X-Forwarded-For herself", &spoofed, ACCOUNTS, &elsewhere);
    story_try(story, "Past the gateway with its stolen certificate: same header, but not the proxy's address", &past, &elsewhere);
    story_try_at(story, "Alice, who has got into the office", &alices, ACCOUNTS, &no_operator);
}

static void tell_networks(const struct story *story)
{
    char carols[PLAYER_SECRET_SIZE];
    screen_step("The counters of accounts are for operators, and only from the office's network");
    if (!expect(player_log_in(&story->stage, "carol", "lookingglass", carols), "Carol logs in")) return;
    struct player_ask swap = {.client = GATEWAY, .subject = carols, .audience = "accounts", .scope = "metrics:read"};
    char *for_accounts = player_exchange(&story->stage, &swap);
    if (expect(for_accounts != NULL, "a token is issued")) tell_places(story, carols, for_accounts);
    free(for_accounts);
}

/* ---- a rule that is tried ---- */

/* tell_shadow sends a request that is let in, and tells what would have become of it. */
static void tell_shadow(const struct story *story, const char *title, struct player_call *call, const char *verdict,
                        const char *status)
{
    struct trail trail;
    story_try(story, title, call, &allowed);
    bool read = trail_read(&story->stage, call->trace, &trail);
    const struct trail_record *record = NULL;
    for (size_t i = 0; read && i < trail.num && !record; i++)
        if (trail.records[i].service == GATEWAY && trail.records[i].shadow[0]) record = &trail.records[i];
    screen_pair("were it enforced", "%s: %s", record ? record->shadow : "?", record ? record->shadow_status : "?");
    expect(record && strcmp(record->shadow, verdict) == 0 && strcmp(record->shadow_status, status) == 0, verdict);
}

static void tell_tried(const struct story *story)
{
    char bound[PLAYER_SECRET_SIZE];
    apisec_signer *key = NULL;
    struct player_call call = {.service = GATEWAY, .identity = -1, .path = ALICES, .token = story->reference};
    screen_step("A stricter rule is tried before it is enforced: only tokens that are bound to a key");
    tell_shadow(story, "Alice's program, whose token is a bearer token", &call, "denied", "APISEC_E_BINDING");
    const bool made = apisec_signer_generate("ES256", &key, NULL) == APISEC_OK &&
                      player_log_in_bound(&story->stage, "alice", "wonderland", key, bound);
    if (expect(made, "Alice logs in with a key")) {
        call.token = bound;
        char *proof = player_prove(&story->stage, &call, key);
        call.proof = proof;
        tell_shadow(story, "Her program that has a key", &call, "allowed", "APISEC_OK");
        free(proof);
    }
    apisec_signer_free(key);
}

void story_rules(const struct story *story)
{
    tell_networks(story);
    tell_tried(story);
}
