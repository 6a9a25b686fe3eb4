/* SPDX-License-Identifier: Apache-2.0
 *
 * keyset.h: the inside of a key set over time.
 *
 *   keyset.c   who may use it, and who fetches when      landing.c   what became of a fetch
 *   snapshot.c the set that readers see now, swapped under them without their waiting
 */
#ifndef TOKEN_KEYSET_H
#define TOKEN_KEYSET_H

#include "token/token.h"

#include <stdatomic.h>
#include <sys/types.h>

/* ---- snapshot.c ---- */

struct snapshot {
    struct jwk_set *set;         /* NULL: nothing; the struct waits for the next set */
    uint64_t generation;
    _Atomic size_t readers;
    struct snapshot *next;
};

/* A shelf holds the snapshot that readers take and those that some reader may still have. Zeroed: empty. */
struct shelf {
    _Atomic(struct snapshot *) current;
    struct snapshot *all;        /* for the one writer: the owner's lock */
};
/* shelf_take: the current snapshot or NULL, with no lock; to be given back. */
struct snapshot *shelf_take(struct shelf *shelf);
void shelf_give_back(struct snapshot *snapshot);
/* The rest is for the one writer. shelf_spare: a snapshot that nobody has, to be filled and swapped in; NULL without memory. */
struct snapshot *shelf_spare(struct shelf *shelf);
void shelf_swap(struct shelf *shelf, struct snapshot *fresh);
/* shelf_tidy frees the sets that nobody has any more. */
void shelf_tidy(struct shelf *shelf);
/* shelf_free: no reader is left. */
void shelf_free(struct shelf *shelf);

/* ---- keyset.c ---- */

/* For those who watch: moments as the clock said they were, 0 never. */
struct keyset_counts {
    uint64_t fetches, not_modified, failures, abandoned;
    int64_t success_ms, failure_ms;
};

struct keyset {
    _Atomic size_t references;
    enum key_source source;
    char *issuer;
    struct snapshot pinned;
    _Atomic uint64_t num_unknown;       /* how often a kid was asked for in vain */
    /* What is read without the lock, and written under it. */
    struct shelf shelf;
    _Atomic uint64_t generation;        /* of the shelf's snapshot; 0: none */
    _Atomic int64_t latest_ms;          /* the latest time that was seen; readers move it forward */
    _Atomic int64_t quiet_until_ms;     /* until then whoever asks gets the current snapshot */
    /* The rest is under the lock. */
    struct lock lock;                   /* after a fork all is well that is half done: each moment only moves back, and each
                                         * pointer is good before it is stored and until another is */
    int64_t fetched_ms;
    int64_t lifetime_ms;
    bool due;                           /* the clock was set back: fetch, whatever the age says */
    int64_t cooldown_until_ms;
    bool spare_start;                   /* one abandoned fetch may be started anew at once */
    bool orphaned;                      /* the last flight was abandoned and nobody has taken over */
    struct keyset_counts counts;
    uint32_t failures;                  /* since the last success */
    int64_t next_try_ms;
    apisec_error last_error;
    uint64_t ticket;                    /* of the flight under way; 0: none */
    uint64_t last_ticket;
    int64_t flight_ms;                  /* when it began */
    pid_t flight_pid;                   /* after fork the child has no such flight */
    char *set_uri;                      /* where the current set came from */
    char etag[OP_MAX_ETAG];             /* of the current set, or "" */
    char *uri;                          /* configured, or discovered */
    int64_t uri_ms;                     /* when it was discovered */
};

/* keyset_ref: one more reference, ended by keyset_free. keyset_is_same: both are fetched, of one issuer and in the same way: one
 * can stand for the other. */
struct keyset *keyset_ref(struct keyset *keys);
bool keyset_is_same(const struct keyset *a, const struct keyset *b);

/* keyset_unlock tells the readers how long the state will hold. */
void keyset_lock(struct keyset *keys);
void keyset_unlock(struct keyset *keys);
/* keyset_follow_clock returns the time to judge by; under the lock. */
int64_t keyset_follow_clock(struct keyset *keys, int64_t now_ms);
/* keyset_is_usable: there is a set, below the hard limit of its age; under the lock. */
bool keyset_is_usable(struct keyset *keys, int64_t now_ms);

/* keyset_orphan: nobody flies any more; under the lock. */
void keyset_orphan(struct keyset *keys);

#define KEYSET_MAX_AGE_MS 3600000       /* the hard limit: a retired key is trusted no longer than this */

#endif
