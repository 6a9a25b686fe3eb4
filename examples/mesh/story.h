/* SPDX-License-Identifier: Apache-2.0
 *
 * story.h: the chapters of the demo. Everything that is printed comes from this run: statuses and challenges from the replies,
 * reasons from the services' own audit logs, found by trace; and each is held against what the story says.
 *
 *   story.c          sets up and takes down; --serve        story_journey.c  Alice's request through all four services
 *   story_attacks.c  what attackers try                     story_tied.c     tokens tied to a key, and one that is revoked
 *   story_access.c   a stronger login, bodies, limits       story_rules.c    networks, and a rule that is tried
 *   story_replay.c   that rule in force, on the gateway's log of this run
 *   story_outage.c   logins that end, and no authorization server
 *   story_trail.c    one journey from four audit logs       story_loop.c     a thousand requests in one thread; --loop
 *   screen.c         how it looks
 */
#ifndef MESH_STORY_H
#define MESH_STORY_H

#include "forge.h"
#include "player.h"
#include "screen.h"
#include "trail.h"

#define ALICES "/customers/1001/accounts"
#define BOBS "/customers/1002/accounts"
#define ALICES_LEDGER "/customers/1001/balances"
#define BOBS_LEDGER "/customers/1002/balances"

struct story {
    struct stage stage;
    char trace[PLAYER_TRACE_SIZE];            /* of Alice's journey */
    char reference[PLAYER_SECRET_SIZE];       /* an opaque token of hers */
    char *for_accounts, *for_ledger;          /* what was issued for her, as a thief would have it */
};

bool story_journey(struct story *story);
void story_attacks(const struct story *story);
void story_tied(const struct story *story);
void story_access(const struct story *story);
void story_rules(const struct story *story);
void story_replay(const struct story *story);
void story_outage(struct story *story);
void story_trail(const struct story *story);
/* story_loop makes so many requests, and returns the exit status. */
int story_loop(struct story *story, const char *requests);

/* How a request must end. */
struct ending {
    int http_status;
    const char *status;                       /* in the audit log of the service, "APISEC_E_EXPIRED" */
    const char *error;                        /* in the challenge; NULL: none; "": a bare challenge */
};
/* story_tell prints how a request ended, and holds it against how it must. judge is the service whose log has the reason. */
void story_tell(const struct story *story, const struct client_reply *reply, int judge, const char *trace,
                const struct ending *ending);
/* story_try sends the request, tells how it ended, and forgets the reply; story_try_at where the one who judges is behind the one
 * who is called. */
void story_try(const struct story *story, const char *title, struct player_call *call, const struct ending *ending);
void story_try_at(const struct story *story, const char *title, struct player_call *call, int judge, const struct ending *ending);

#endif
