/* SPDX-License-Identifier: Apache-2.0
 *
 * story_attacks.c: what attackers try who are inside the network already, with the gateway's genuine certificate, a stolen client
 * secret, or tokens found in a log. The status and the challenge are from the reply, the reason from the service's own log.
 */
#include "story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NONE, REFERENCE, FOR_ACCOUNTS, FOR_LEDGER, ALG_NONE, CONFUSED, TAMPERED, EXPIRED, NO_SCOPE, DUPLICATE, NUL, ID_TOKEN,
       NO_ACTOR, ACTOR_TOKEN, CLOSED, UNBOUND, BOUND_ELSEWHERE, NUM_TOKENS };

static const struct attack {
    const char *title;
    int service, identity; /* whose certificate is presented; -1: none */
    int token;
    const char *path;
    struct ending ending;
} attacks[] = {
    {"No token, at accounts, with the gateway's certificate", ACCOUNTS, GATEWAY, NONE, ALICES,
     {401, "APISEC_E_NO_CREDENTIAL", ""}},
    {"A valid service certificate and no user: that of accounts, at ledger", LEDGER, ACCOUNTS, NONE, ALICES_LEDGER,
     {401, "APISEC_E_NO_CREDENTIAL", ""}},
    {"Her token for accounts, replayed at ledger, whose tokens are encrypted", LEDGER, ACCOUNTS, FOR_ACCOUNTS, ALICES_LEDGER,
     {401, "APISEC_E_DECRYPTION", "invalid_token"}},
    {"The same, encrypted to ledger by the thief: anybody can", LEDGER, ACCOUNTS, CLOSED, ALICES_LEDGER,
     {401, "APISEC_E_AUDIENCE", "invalid_token"}},
    {"Past the gateway: a token bound to the certificate of accounts, without it", LEDGER, -1, FOR_LEDGER,
     ALICES_LEDGER, {403, "APISEC_E_PEER", NULL}},
    {"The same token with the gateway's certificate", LEDGER, GATEWAY, FOR_LEDGER, ALICES_LEDGER, {403, "APISEC_E_PEER", NULL}},
    {"A certificate with the name of accounts, from the attacker's own CA", LEDGER, IMPOSTOR, FOR_LEDGER, ALICES_LEDGER,
     {403, "APISEC_E_PEER", NULL}},
    {"Genuinely made, bound to nothing, with the gateway's certificate", LEDGER, GATEWAY, UNBOUND, ALICES_LEDGER,
     {403, "APISEC_E_PEER", NULL}},
    {"Bound to the gateway's certificate, from the host of accounts with its own", LEDGER, ACCOUNTS, BOUND_ELSEWHERE,
     ALICES_LEDGER, {401, "APISEC_E_BINDING", "invalid_token"}},
    {"Past the gateway: her opaque reference token, at accounts", ACCOUNTS, GATEWAY, REFERENCE, ALICES,
     {401, "APISEC_E_MALFORMED", "invalid_token"}},
    {"A token for ledger, genuinely signed, in which nobody acts for her", LEDGER, ACCOUNTS, NO_ACTOR, ALICES_LEDGER,
     {403, "APISEC_E_ACTOR", NULL}},
    {"\"alg\":\"none\", no signature", ACCOUNTS, GATEWAY, ALG_NONE, ALICES, {401, "APISEC_E_ALGORITHM", "invalid_token"}},
    {"HS256 instead of RS256, the public key as the secret", ACCOUNTS, GATEWAY, CONFUSED, ALICES,
     {401, "APISEC_E_ALGORITHM", "invalid_token"}},
    {"Her token with another customer written into it", ACCOUNTS, GATEWAY, TAMPERED, BOBS,
     {401, "APISEC_E_SIGNATURE", "invalid_token"}},
    {"Genuinely signed, an ID token: made for a login page", ACCOUNTS, GATEWAY, ID_TOKEN, ALICES,
     {401, "APISEC_E_TYPE", "invalid_token"}},
    {"Genuinely signed, expired a minute ago", ACCOUNTS, GATEWAY, EXPIRED, ALICES, {401, "APISEC_E_EXPIRED", "invalid_token"}},
    {"Genuine, issued for another scope", ACCOUNTS, GATEWAY, NO_SCOPE, ALICES, {403, "APISEC_E_SCOPE", "insufficient_scope"}},
    {"Alice at Bob's accounts", ACCOUNTS, GATEWAY, FOR_ACCOUNTS, BOBS, {403, "APISEC_E_CONDITION", NULL}},
    {"Alice at Bob's balances: accounts was broken into, ledger was not", LEDGER, ACCOUNTS, FOR_LEDGER, BOBS_LEDGER,
     {403, "APISEC_E_CONDITION", NULL}},
    {"Genuinely signed, with two subjects: \"bob\" and \"alice\"", ACCOUNTS, GATEWAY, DUPLICATE, ALICES,
     {401, "APISEC_E_MALFORMED", "invalid_token"}},
    {"Genuinely signed, for the subject \"alice\\u0000@evil\"", ACCOUNTS, GATEWAY, NUL, ALICES,
     {401, "APISEC_E_MALFORMED", "invalid_token"}},
    {"The service's own key: what accounts signs as an actor, sent as a token", LEDGER, ACCOUNTS, ACTOR_TOKEN, ALICES_LEDGER,
     {401, "APISEC_E_ISSUER", "invalid_token"}},
};

static void make_tokens(const struct story *story, char *tokens[NUM_TOKENS])
{
    const struct stage *stage = &story->stage;
    const struct forgery good = {.audience = "accounts", .user = "alice", .customer = "1001", .scope = "accounts:read",
                                 .expires_in = 300};
    struct forgery expired = good, twice = good, nul = good, no_actor = good, bobs = good, id_token = good;
    struct player_ask profile = {.client = GATEWAY, .subject = story->reference, .audience = "accounts", .scope = "profile:read"};
    expired.expires_in = -60;
    twice.extra = "\"sub\":\"bob\",";
    nul.user = "alice\\u0000@evil";
    no_actor.audience = "ledger";
    no_actor.scope = "ledger:read";
    bobs.customer = "1002";
    id_token.type = "JWT";
    tokens[TAMPERED] = forge_tampered(stage, &bobs, story->for_accounts);
    tokens[ID_TOKEN] = forge_signed(stage, &id_token);
    tokens[REFERENCE] = strdup(story->reference);
    tokens[FOR_ACCOUNTS] = strdup(story->for_accounts);
    tokens[FOR_LEDGER] = strdup(story->for_ledger);
    tokens[ALG_NONE] = forge_none(stage, &good);
    tokens[CONFUSED] = forge_confused(stage, &good);
    tokens[EXPIRED] = forge_signed(stage, &expired);
    tokens[NO_SCOPE] = player_exchange(stage, &profile);
    tokens[DUPLICATE] = forge_signed(stage, &twice);
    tokens[NUL] = forge_signed(stage, &nul);
    tokens[NO_ACTOR] = forge_closed(stage, &no_actor);
    no_actor.actor = "accounts";
    tokens[UNBOUND] = forge_closed(stage, &no_actor);
    tokens[BOUND_ELSEWHERE] = forge_bound(stage, &no_actor, GATEWAY);
    tokens[CLOSED] = forge_encrypted(stage, story->for_accounts);
    tokens[ACTOR_TOKEN] = forge_actor(stage);
}

/* ---- a stolen client secret ---- */

/* Row: what a thief of a client secret asks the authorization server for, and how that ends. */
static const struct theft {
    const char *title;
    int client, subject;   /* which token is the subject */
    const char *grant, *audience, *scope, *error, *status;
} thefts[] = {
    {"The gateway's secret, and no user to exchange for", GATEWAY, NONE, NULL, "accounts", "accounts:read", "invalid_request",
     "APISEC_E_INVALID_REQUEST"},
    {"The gateway's secret, and a token without a user (client_credentials)", GATEWAY, NONE, "client_credentials", "accounts",
     "accounts:read", "unsupported_grant_type", "APISEC_E_UNSUPPORTED_GRANT"},
    {"The secret and the key of accounts: itself as the user", ACCOUNTS, ACTOR_TOKEN, NULL, "ledger", "ledger:read",
     "invalid_request", "APISEC_E_ISSUER"},
    {"The gateway's secret and Alice's login, for ledger", GATEWAY, REFERENCE, NULL, "ledger", "ledger:read", "invalid_target",
     "APISEC_E_INVALID_TARGET"},
};

static bool body_says(const struct client_reply *reply, const char *error)
{
    char expected[64];
    snprintf(expected, sizeof expected, "\"error\":\"%s\"", error);
    return reply->body && strstr(reply->body, expected);
}

static void tell_theft(const struct story *story, const struct theft *theft, char *const tokens[NUM_TOKENS])
{
    struct client_reply reply = {0};
    struct trail trail;
    struct player_ask ask = {.client = theft->client, .grant = theft->grant, .subject = tokens[theft->subject],
                             .actor = theft->client == ACCOUNTS ? tokens[ACTOR_TOKEN] : NULL,
                             .audience = theft->audience, .scope = theft->scope};
    screen_item(theft->title);
    expect(player_ask(&story->stage, &ask, &reply), "there is an answer");
    const struct trail_record *record = trail_read(&story->stage, ask.trace, &trail) ? trail_of(&trail, STS) : NULL;
    screen_verdict(false, theft->error, reply.status, record ? record->reason : "not recorded");
    expect(reply.status == 400 && body_says(&reply, theft->error), theft->error);
    expect(record && !record->allowed && strcmp(record->status, theft->status) == 0, theft->status);
    client_free(&reply);
}

static void call_with_secret(const struct story *story)
{
    char basic[128];
    snprintf(basic, sizeof basic, "gateway:%s", story->stage.gateway_secret);
    struct player_call call = {.service = ACCOUNTS, .identity = GATEWAY, .path = ALICES, .basic = basic};
    static const struct ending ending = {401, "APISEC_E_NO_CREDENTIAL", ""};
    story_try(story, "The gateway's secret and certificate, calling accounts", &call, &ending);
    explicit_bzero(basic, sizeof basic);
}

void story_attacks(const struct story *story)
{
    char *tokens[NUM_TOKENS] = {NULL};
    const size_t num = sizeof attacks / sizeof attacks[0];
    make_tokens(story, tokens);
    screen_step("What attackers try: the reply, and the reason in the service's own log");
    for (size_t i = 0; i < num; i++) {
        struct player_call call = {.service = attacks[i].service, .identity = attacks[i].identity, .path = attacks[i].path,
                                   .token = tokens[attacks[i].token]};
        story_try(story, attacks[i].title, &call, &attacks[i].ending);
    }
    struct player_call twice = {.service = ACCOUNTS, .identity = GATEWAY, .path = ALICES, .token = tokens[FOR_ACCOUNTS],
                                .second_token = tokens[TAMPERED]};
    static const struct ending refused = {400, "APISEC_E_REQUEST", "invalid_request"};
    story_try(story, "Two tokens in one request: which one would the next proxy read?", &twice, &refused);
    struct player_call good = {.service = ACCOUNTS, .identity = GATEWAY, .path = ALICES, .token = tokens[FOR_ACCOUNTS]};
    static const struct ending allowed = {200, "APISEC_OK", NULL};
    story_try(story, "And no attack: her token, where it belongs", &good, &allowed);

    screen_step("A stolen client secret opens nothing without a user's token");
    for (size_t i = 0; i < sizeof thefts / sizeof thefts[0]; i++) tell_theft(story, &thefts[i], tokens);
    call_with_secret(story);
    for (int i = 0; i < NUM_TOKENS; i++) free(tokens[i]);
}
