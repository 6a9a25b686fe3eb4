/* SPDX-License-Identifier: Apache-2.0
 *
 * story_tied.c: a token that is tied to its program's key, and so is worth nothing to a thief; and a token that is revoked, which
 * services learn from a list that they fetch now and then, without asking about any single token.
 */
#include "story.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define NEWS_MS 6000 /* by then a service has fetched the list again */

static void wait_ms(long ms)
{
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* ---- DPoP, RFC 9449 ---- */

static void tell_bound(const struct story *story, apisec_signer *own, apisec_signer *thiefs)
{
    static const struct ending allowed = {200, "APISEC_OK", NULL}, unproven = {401, "APISEC_E_BINDING", "invalid_token"},
                               replayed = {401, "APISEC_E_REPLAY", "invalid_dpop_proof"};
    char reference[PLAYER_SECRET_SIZE];
    if (!expect(player_log_in_bound(&story->stage, "alice", "wonderland", own, reference), "Alice logs in")) return;
    struct player_call call = {.service = GATEWAY, .identity = -1, .path = ALICES, .token = reference};
    screen_pair("sts", "says of this token that it is bound (cnf.jkt), in an answer that it has signed (RFC 9701)");

    char *proof = player_prove(&story->stage, &call, own);
    call.proof = proof;
    story_try(story, "Her program, with a proof made for this one request", &call, &allowed);
    story_try(story, "A thief repeats token and proof, both read off the wire", &call, &replayed);
    call.proof = NULL;
    story_try(story, "A thief sends the token as Bearer", &call, &unproven);
    char *foreign = player_prove(&story->stage, &call, thiefs);
    call.proof = foreign;
    story_try(story, "A thief sends a proof made with a key of his own", &call, &unproven);
    free(foreign);
    free(proof);
}

static void tell_proofs(const struct story *story)
{
    apisec_signer *own = NULL, *thiefs = NULL;
    screen_step("Her program ties its token to its key: whoever steals the token has nothing");
    const bool made = apisec_signer_generate("ES256", &own, NULL) == APISEC_OK &&
                      apisec_signer_generate("ES256", &thiefs, NULL) == APISEC_OK;
    if (expect(made, "keys are made")) tell_bound(story, own, thiefs);
    apisec_signer_free(thiefs);
    apisec_signer_free(own);
}

/* ---- the status list ---- */

/* refused tries until accounts no longer takes the token; the milliseconds that it took, or -1. */
static int refused(const struct story *story, const char *token)
{
    for (int waited = 0; waited < NEWS_MS; waited += 100) {
        struct player_call call = {.service = ACCOUNTS, .identity = GATEWAY, .path = ALICES, .token = token};
        struct client_reply reply = {0};
        const bool answered = player_send(&story->stage, &call, &reply);
        const int status = reply.status;
        client_free(&reply);
        if (answered && status == 401) return waited;
        wait_ms(100);
    }
    return -1;
}

static void tell_revoked(const struct story *story)
{
    static const struct ending allowed = {200, "APISEC_OK", NULL}, revoked = {401, "APISEC_E_REVOKED", "invalid_token"};
    struct player_ask swap = {.client = GATEWAY, .subject = story->reference, .audience = "accounts", .scope = "accounts:read"};
    char *token = player_exchange(&story->stage, &swap);
    screen_step("A token is revoked, and no service asks about single tokens");
    if (!expect(token != NULL, "a token is issued")) return;
    struct player_call call = {.service = ACCOUNTS, .identity = GATEWAY, .path = ALICES, .token = token};
    story_try(story, "Before: her token at accounts", &call, &allowed);
    expect(player_revoke(&story->stage, token), "the token is revoked");
    screen_pair("sts", "flips one bit of its status list; accounts fetches the list every two seconds, however many tokens come");
    const int waited = refused(story, token);
    if (expect(waited >= 0, "accounts learns of it")) screen_pair("accounts", "knows after %d ms", waited);
    story_try(story, "After: the same token, genuine and not expired", &call, &revoked);
    call.token = story->for_accounts;
    story_try(story, "Another token of hers, whose bit is as it was", &call, &allowed);
    free(token);
}

void story_tied(const struct story *story)
{
    tell_proofs(story);
    tell_revoked(story);
}
