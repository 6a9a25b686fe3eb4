/* SPDX-License-Identifier: Apache-2.0
 *
 * denylist.h (private): what this process was told to refuse before its time: tokens by `jti`, all of a principal's that were
 * issued before some moment, all of a session's. Kept are keyed hashes and moments only.
 * Threads: any.
 */
#ifndef TOKEN_DENYLIST_H
#define TOKEN_DENYLIST_H

#include "base/base.h"

#define DENYLIST_MAX ((size_t)65536)
#define DENYLIST_GRACE 300 /* seconds behind `until`: a token lives on behind its `exp` by the leeway, which is never more */

struct denylist;
apisec_status denylist_new(size_t max, struct denylist **list); /* MEMORY */
struct denylist *denylist_ref(struct denylist *list);
void denylist_free(struct denylist *list); /* gives one reference back */

enum denial_kind { DENIAL_OF_ID = 1, DENIAL_OF_PRINCIPAL, DENIAL_OF_SESSION };

/* denylist_add refuses until then. issuer: of ids and sessions, which are an issuer's own; a principal tells its issuer itself.
 * issued_before: of principals; tokens without `iat` are from before everything. Once more for the same: both moments become the
 * later ones. now: what ended before may be forgotten for it. STORE: there are max denials that stand; MEMORY, SYSTEM: then, too,
 * nothing has changed. */
struct denial {
    enum denial_kind kind;
    struct text issuer, name;
    int64_t until, issued_before;
};
apisec_status denylist_add(struct denylist *list, const struct denial *denial, int64_t now);

/* denylist_generation grows with each denial and takes no lock; 0: there was none yet. */
uint64_t denylist_generation(const struct denylist *list);

/* What may be denied of a token. at NULL: it has none. */
struct denial_subject {
    struct text issuer, id, principal, session;
    int64_t issued_at;           /* 0: not said */
};
/* denylist_find: DENIAL_STANDS: to be refused. DENIAL_ENDED: it is in the list but its time is over, at now: at an earlier moment
 * it would stand. DENIAL_NONE: it is not in the list, whatever the time. *kind, where it stands, says which. */
enum denial_state { DENIAL_STANDS, DENIAL_ENDED, DENIAL_NONE };
enum denial_state denylist_find(struct denylist *list, const struct denial_subject *subject, int64_t now, enum denial_kind *kind);

struct denylist_counts {
    uint64_t num_denials;        /* kept, those included that ended and are not forgotten yet */
    uint64_t max_denials;
};
void denylist_count(const struct denylist *list, struct denylist_counts *counts);

#endif
