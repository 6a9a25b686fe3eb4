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
    const char *id;               /* "scope", "any_scope", "claim", "service" */
    const char *standard;
    const char *detail;           /* in the decision's arena: the scopes or the claim asked for; NULL: none */
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
    struct trail trail;           /* the checks of authentication; nothing passed yet while at is the first */
    bool trail_failed;            /* the check at its end failed; otherwise it was not made */
    struct access_check checks[DECISION_MAX_CHECKS];
    size_t num_checks;
    struct buffer required_scope; /* scopes asked for so far, space-separated: for the challenge and the record */
    struct buffer challenge;      /* WWW-Authenticate, made by commit */
    struct buffer *explanation;   /* made anew each time it is read */
    struct buffer explanation_bytes;
    /* of the call, copied into the arena */
    struct text method, path, peer_address, traceparent, forwarded_for;
    bool dpop_scheme;             /* the token was sent with DPoP */
    char dpop_nonce[VERIFIER_NONCE_SIZE]; /* for the client's next proof, or "" */
    char peer_sha256[44];         /* base64url of the peer certificate's hash, or "" */
    int64_t started_us;
    int64_t time_ms;
};

/* challenge.c: appends the WWW-Authenticate value for the decision's status; nothing when the status has none. */
apisec_status challenge_write(const apisec_decision *decision, struct buffer *out);

/* explain.c: appends the explanation; explanation_put_checks writes its checks as a member. */
apisec_status explanation_write(const apisec_decision *decision, struct buffer *out);
void explanation_put_checks(const apisec_decision *decision, struct json_writer *writer);

/* record.c: composes and appends the one record. AUDIT: it is not in the log. */
apisec_status decision_record(const apisec_decision *decision, apisec_error *err);

/* decision.c: decision_new begins one for a call (verifier, audit and call may be NULL); decision_out_of_memory is the static
 * denial that needs none. */
apisec_decision *decision_new(apisec_verifier *verifier, apisec_audit *audit, const apisec_call *call);
apisec_decision *decision_out_of_memory(void);
/* decision_fail notes the first failure and returns the status that stands. decision_report gives it with its sentence. */
apisec_status decision_fail(apisec_decision *decision, apisec_status status, const char *sentence);
apisec_status decision_report(const apisec_decision *decision, apisec_error *err);

#endif
