/* SPDX-License-Identifier: Apache-2.0
 *
 * replay.h: what a document's rules would have made of calls that were decided already, by their records: how a change of rules is
 * tried before it is deployed. It is what `apisec replay` does.
 *
 *     apisec_replay_new(json, len, &replay, &err);
 *     while (next_line(&line, &line_len)) {
 *         apisec_replay_next(replay, line, line_len, &outcome, &err);
 *         if (outcome == APISEC_REPLAY_DIFFERS) puts(apisec_replay_finding(replay));
 *     }
 *     apisec_replay_free(replay);
 *
 * What is judged again: which rule decides; networks, peers and services; and what is required of the user: by the verified facts
 * that the record holds (audit.h), at the moment of the decision, and by the same code that judges calls. Always there are issuer,
 * audience, client, actors, scopes and the claim `sub`; other claims as far as "record_claims" of the document in force then has
 * named them. A verdict that hangs on something else is undecidable, and says on what: "undecidable: claim acr". Where another
 * requirement is not met the call is denied all the same; where one of "any_of" is met the others may be unknown.
 *
 * What stays as it was: whether a token was good and a proof new; limits; bodies; the service's own checks. A call that was denied
 * for one of these is denied; but where the rule now wants no user nobody looks at the token. A call that was denied before its
 * token was looked at, or that needed none, is undecidable where now a user is wanted; and one whose body nobody judged where the
 * rule now has "body". A body that was good then is good. What a rule only tries ("shadow") is not asked.
 *
 * A record proves nothing to this: have the chain checked first (apisec_chain_next, audit.h).
 * Threads: one.
 */
#ifndef APISEC_REPLAY_H
#define APISEC_REPLAY_H

#include <apisec/status.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

typedef struct apisec_replay apisec_replay;

enum {
    APISEC_REPLAY_NONE = 0,        /* no record of a decision, or one that was judged and had to be written again (audit.h) */
    APISEC_REPLAY_SAME = 1,        /* allowed and would be, or denied and would be */
    APISEC_REPLAY_DIFFERS = 2,
    APISEC_REPLAY_UNDECIDABLE = 3
};

/* apisec_replay_new takes a guard's document (guard.h). Nothing that it refers to is opened or read, secrets neither; "audit" may
 * be absent. APISEC_E_CONFIG and its kin as for apisec_guard_new. */
apisec_status apisec_replay_new(const char *json, size_t len, apisec_replay **replay, apisec_error *err);
/* apisec_replay_free: NULL does nothing. */
void apisec_replay_free(apisec_replay *replay);

/* apisec_replay_next takes one line of a log, without its newline. *outcome is an APISEC_REPLAY_…; NONE after a failure.
 * APISEC_E_AUDIT: it is not a record as this library writes them. */
apisec_status apisec_replay_next(apisec_replay *replay, const char *line, size_t len, int32_t *outcome, apisec_error *err);

/* apisec_replay_finding says what became of the last line, as JSON: {"sequence":…,"uid":…,"operation":…,
 * "was":{"verdict":"allowed" or "denied","status_code":…,"rule":…},"would_be":{"verdict":…,"status_code":…,"rule":…,"reason":…}};
 * in place of "would_be" an undecidable one has "reason". "rule" is left out where there is none. NULL after NONE. Borrowed until
 * the next line. */
const char *apisec_replay_finding(const apisec_replay *replay);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
