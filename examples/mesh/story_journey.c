/* SPDX-License-Identifier: Apache-2.0
 *
 * story_journey.c: Alice logs in with a browser and asks for her accounts: from the login form to the ledger, which knows that it
 * is her and that accounts acts for her.
 */
#include "story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool log_in(struct story *story, struct browser *browser)
{
    screen_step("Alice logs in, and the gateway never sees her password");
    bool logged_in = browser_log_in(&story->stage, "alice", "wonderland", browser);
    if (!expect(logged_in, "Alice logs in")) return false;
    screen_pair("browser -> gateway", "GET /login: 303 to the authorization server, with a state and a code challenge (PKCE)");
    screen_pair("browser -> sts", "POST %s with user and password: 303 back, with a code", browser->form_action);
    screen_pair("gateway -> sts", "POST /token with the code and the verifier: an opaque reference token, kept at the gateway");
    screen_pair("browser", "holds a session cookie%s", browser->cookie_rules);
    return expect(starts(browser->form_action, story->stage.url[STS]), "the password goes to the authorization server") &&
           expect(strstr(browser->cookie_rules, "HttpOnly") && strstr(browser->cookie_rules, "Secure"), "the cookie is protected");
}

/* take_trace finds the trace that the page names. */
static bool take_trace(const char *page, char trace[PLAYER_TRACE_SIZE])
{
    static const char mark[] = "id=\"trace\">";
    const char *from = page ? strstr(page, mark) : NULL;
    if (from == NULL || strlen(from) < strlen(mark) + PLAYER_TRACE_SIZE) return false;
    memcpy(trace, from + strlen(mark), PLAYER_TRACE_SIZE - 1);
    trace[PLAYER_TRACE_SIZE - 1] = '\0';
    return true;
}

static bool ask(struct story *story, const struct browser *browser)
{
    struct client_reply page = {0};
    struct trail trail;
    screen_step("She asks for her accounts: GET " ALICES);
    bool shown = browser_get(&story->stage, browser, ALICES, &page) && page.status == 200;
    bool told = expect(shown, "she sees her accounts") &&
                expect(strstr(page.body, "1,204.50") != NULL, "her balance is on the page") &&
                expect(take_trace(page.body, story->trace), "the page names the trace");
    client_free(&page);
    if (!told || !expect(trail_read(&story->stage, story->trace, &trail), "the logs can be read")) return false;
    const struct trail_record *accounts = trail_of(&trail, ACCOUNTS), *ledger = trail_of(&trail, LEDGER);
    if (!expect(accounts && ledger, "accounts and ledger have recorded it")) return false;
    screen_pair("gateway -> sts", "exchange: the reference token for one that only accounts accepts, scope accounts:read");
    screen_pair("accounts", "verified it, checked the scope, and that customer 1001 is hers");
    screen_pair("accounts -> sts", "exchange: her token, and accounts' own as the actor, for one that only ledger accepts");
    screen_pair("ledger", "user %s, acting %s; the caller has the certificate of accounts", ledger->user, ledger->actors);
    screen_verdict(true, ledger->status, 200, "allowed, and recorded by each");
    return expect(strcmp(ledger->user, "alice") == 0, "ledger knows that it is Alice") &&
           expect(strcmp(ledger->actors, "accounts") == 0, "ledger knows that accounts acts for her") &&
           expect(ledger->allowed && accounts->allowed, "both have allowed it");
}

/* steal obtains what the attackers will have: genuine tokens, found in some log. */
static bool steal(struct story *story)
{
    const struct stage *stage = &story->stage;
    if (!expect(player_log_in(stage, "alice", "wonderland", story->reference), "Alice logs in again")) return false;
    struct player_ask swap = {.client = GATEWAY, .subject = story->reference, .audience = "accounts", .scope = "accounts:read"};
    story->for_accounts = player_exchange(stage, &swap);
    char *actor = forge_actor(stage); /* not forged at all: signed with the key of accounts */
    struct player_ask narrow = {.client = ACCOUNTS, .subject = story->for_accounts, .actor = actor, .audience = "ledger",
                                .scope = "ledger:read"};
    story->for_ledger = story->for_accounts ? player_exchange(stage, &narrow) : NULL;
    free(actor);
    return expect(story->for_accounts && story->for_ledger, "tokens are issued");
}

bool story_journey(struct story *story)
{
    struct browser browser;
    return log_in(story, &browser) && ask(story, &browser) && steal(story);
}
