/* SPDX-License-Identifier: Apache-2.0
 *
 * access.h (private): the decision and everything that is read from it.
 *
 *   require.c   scopes and claims demanded of a token, include/apisec/access.h
 *   decision.c  the handle: authenticate, require, deny, commit
 *   authenticate.c  authenticate as a blocking call and as an operation
 *   challenge.c WWW-Authenticate           explain.c  the explanation
 *   record.c    the audit record
 */
#ifndef ACCESS_ACCESS_H
#define ACCESS_ACCESS_H

#include "audit/audit.h"
#include "base/base.h"
#include "json/json.h"
#include "token/token.h"

#include <apisec/access.h>
#include <apisec/decision.h>

#define DECISION_MAX_CHECKS 32    /* of the decision's own; one more is APISEC_E_ARGUMENT and denies */

/* One check made after authentication. */
struct access_check {
    const char *id;               /* "scope", "claim", "service" */
    const char *standard;
    const char *detail;           /* in the decision's arena: the scope or claim asked for */
    bool passed;
};

enum decision_phase { DECISION_OPEN, DECISION_COMMITTED, DECISION_ABANDONED };

struct apisec_decision {
    enum decision_phase phase;
    bool authenticated;
    apisec_status status;         /* the first failure, or APISEC_OK */
    apisec_error error;           /* its sentence */
    struct arena arena;           /* texts of the call and of the checks */
    apisec_verifier *verifier;    /* a reference */
    apisec_audit *audit;          /* borrowed, or NULL */
    apisec_token *token;
    struct trail trail;
    struct access_check checks[DECISION_MAX_CHECKS];
    size_t num_checks;
    struct buffer required_scope; /* scopes asked for so far, space-separated: for the challenge and the record */
    struct buffer challenge;      /* WWW-Authenticate, made when first needed at a state that denies */
    struct buffer explanation;
    /* of the call, copied into the arena */
    struct text method, path, peer_address, traceparent, forwarded_for;
    char peer_sha256[44];         /* base64url of the peer certificate's hash, or "" */
    int64_t started_us;
    int64_t time_ms;
};

/* challenge.c: writes the WWW-Authenticate value for the decision's state; nothing when the status has none. */
apisec_status challenge_write(const apisec_decision *decision, struct buffer *out);
/* explain.c */
apisec_status explanation_write(const apisec_decision *decision, struct buffer *out);
/* record.c: composes and appends the one record. */
apisec_status decision_record(apisec_decision *decision, apisec_error *err);

/* decision.c: decision_new begins one for a call; decision_out_of_memory is the static denial that needs none. */
apisec_decision *decision_new(apisec_verifier *verifier, apisec_audit *audit, const apisec_call *call);
apisec_decision *decision_out_of_memory(void);
/* decision_fail notes the first failure and returns the status that stands. */
apisec_status decision_fail(apisec_decision *decision, apisec_status status, const char *sentence);

#endif
