/* SPDX-License-Identifier: Apache-2.0
 *
 * need.h: random requirements of one rule, and the document that says them, each time in another order. What they mean is for a
 * test's own reference to say.
 */
#ifndef TEST_SUPPORT_NEED_H
#define TEST_SUPPORT_NEED_H

#include "access/rules.h"

/* Members that are lists: sets of three letters, as bits. */
enum list {
    NETWORKS,
    EXCEPT_NETWORKS,
    PEERS, /* of the caller */
    ISSUERS,
    AUDIENCES,
    CLIENTS,
    EXCEPT_CLIENTS,
    ACTORS,
    ACR,
    SCOPES,
    ANY_SCOPE,
    ROLES,
    ANY_ROLE,
    CLAIM,
    NUM_LISTS
};
enum { NUM_LISTS_OF_CALLERS = PEERS + 1 };
enum delegated { ANY, REQUIRED, FORBIDDEN };

struct need {
    unsigned lists[NUM_LISTS];
    enum delegated delegation;
    unsigned max_age, max_token_age; /* seconds; 0: not asked for */
    bool bound, service;
    struct need *all[3], *any[3];
    size_t num_all, num_any;
};

/* need_draw: groups within each other up to a depth; of_user false: nothing but of callers. need_add draws one member more; what is
 * there stays as it is; false: what was drawn is there already. */
struct need *need_draw(struct arena *arena, unsigned depth, bool of_user);
bool need_add(struct need *need, bool of_user);

/* need_letters writes the letters of a set in any order, with `before` in front of each. */
void need_letters(struct buffer *out, unsigned set, const char *before, const char *between);

/* need_compile writes a document whose rule for /x demands it, and compiles it: networks na (10.0.0.0/8), nb (10.1.0.0/16,
 * 192.0.2.0/24) and nc (2001:db8::/32); peers pa, pb and pc; the service batch, by X-Service; issuers below https://id.example/;
 * the claim k. NULL: it asks for more than one rule may, or where no user is wanted for nobody. Anything else fails the test. */
apisec_rules *need_compile(const struct need *need, bool wants_user, struct buffer *json);

#endif
